/*
 * Open regular files of tmpfs, and the seals of memfds.
 */
#include "sentry/fs/tmpfs/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITE_SEALS (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)
#define ALL_SEALS                                                              \
	(F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE |            \
		F_SEAL_FUTURE_WRITE)

static ssize_t tmpfs_read(struct file *file, struct uio *uio, off_t *off)
{
	struct inode *inode = file->inode;
	ssize_t n = tmpfs_data_read(tmpfs_inode(inode), uio, *off);

	if (n > 0)
		*off += n;
	if (n >= 0 && file_wants_atime(file))
		inode->attr.atime = vfs_now();
	return n;
}

static ssize_t tmpfs_write(struct file *file, struct uio *uio, off_t *off)
{
	struct tmpfs_inode *ti = tmpfs_inode(file->inode);
	ssize_t n;

	if (ti->seals & WRITE_SEALS)
		return -EPERM;
	if (ti->seals & F_SEAL_GROW) {
		/* Up to the end only, and nothing beyond it. */
		if ((uint64_t)*off >= ti->inode.attr.size && uio->left)
			return -EPERM;
		if (uio->left > ti->inode.attr.size - (uint64_t)*off)
			uio->left = ti->inode.attr.size - (uint64_t)*off;
	}
	n = tmpfs_data_write(ti, uio, *off);
	if (n > 0) {
		*off += n;
		ti->inode.attr.mtime = ti->inode.attr.ctime = vfs_now();
	}
	return n;
}

static off_t tmpfs_seek(struct file *file, off_t off, int whence)
{
	off_t base = 0;

	if (whence == SEEK_DATA || whence == SEEK_HOLE) {
		off = tmpfs_data_seek(tmpfs_inode(file->inode), off, whence);
		if (off >= 0)
			file->pos = off;
		return off;
	}
	if (whence == SEEK_CUR)
		base = file->pos;
	else if (whence == SEEK_END)
		base = (off_t)file->inode->attr.size;
	else if (whence != SEEK_SET)
		return -EINVAL;
	if (__builtin_add_overflow(base, off, &off))
		return -EOVERFLOW;
	if (off < 0)
		return -EINVAL;
	file->pos = off;
	return off;
}

static int tmpfs_map(struct file *file, int prot, bool shared, off_t off,
	size_t size, int *host_fd, off_t *host_off)
{
	struct tmpfs_inode *ti = tmpfs_inode(file->inode);
	int err;

	if (shared && (prot & PROT_WRITE) && (ti->seals & WRITE_SEALS))
		return -EPERM;
	err = tmpfs_data_to_mapped(ti);
	if (!err)
		err = tmpfs_data_reserve(ti, off, size);
	if (err)
		return err;
	*host_fd = ti->data.host_fd;
	*host_off = off;
	return 0;
}

static int tmpfs_fallocate(struct file *file, int mode, off_t off, off_t size)
{
	struct tmpfs_inode *ti = tmpfs_inode(file->inode);
	int err = tmpfs_data_allocate(ti, mode, off, size);

	if (!err)
		ti->inode.attr.mtime = ti->inode.attr.ctime = vfs_now();
	return err;
}

static int tmpfs_fsync(struct file *file, bool data_only)
{
	return 0;
}

const struct file_ops tmpfs_file_ops = {
	.read = tmpfs_read,
	.write = tmpfs_write,
	.seek = tmpfs_seek,
	.map = tmpfs_map,
	.fsync = tmpfs_fsync,
	.fallocate = tmpfs_fallocate,
};

/* ---- Seals ------------------------------------------------------------- */

static bool has_seals(const struct inode *inode)
{
	return inode->fops == &tmpfs_file_ops;
}

long tmpfs_seals_get(const struct inode *inode)
{
	return has_seals(inode) ? (long)tmpfs_inode(inode)->seals : -EINVAL;
}

/*
 * The host's memfd is sealed as well: only the host knows whether a writable
 * shared mapping is left, which forbids F_SEAL_WRITE (-EBUSY).
 */
long tmpfs_seals_add(struct inode *inode, unsigned int seals)
{
	struct tmpfs_inode *ti = tmpfs_inode(inode);
	int err;

	if (!has_seals(inode) || (seals & ~(unsigned int)ALL_SEALS))
		return -EINVAL;
	if (ti->seals & F_SEAL_SEAL)
		return -EPERM;
	if ((seals & F_SEAL_WRITE) && ti->data.reserved) {
		err = tmpfs_data_to_memfd(ti);
		if (err)
			return err;
		if (fcntl(ti->data.host_fd, F_ADD_SEALS, F_SEAL_WRITE) < 0)
			return -errno;
	}
	ti->seals |= seals;
	return 0;
}
