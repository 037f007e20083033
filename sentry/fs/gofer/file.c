/*
 * Open regular files of the gofer filesystem: reads, writes and mappings go
 * to the donated descriptor, without a message.
 */
#include "sentry/fs/gofer/inode.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/checked.h"

static char bounce[64 * 1024]; /* under the kernel lock */

/* Writing may also be wanted by O_RDONLY | O_TRUNC: that is setattr's. */
int gofer_file_open(struct inode *inode, struct file *file)
{
	struct gofer_inode *gi = gofer_inode(inode);
	bool writer = file_writable(file);
	int ret = 0;

	/* A descriptor of long ago may be of a file that was replaced. */
	if (gofer_fd_any(gi) >= 0 && !gi->opens &&
		!gofer_is_fresh(gi->attr_time))
		ret = gofer_inode_refresh(gi);
	if (!ret && writer)
		ret = gofer_fd_write(gi);
	if (!ret && file_readable(file) && (gi->write_fd < 0 || gi->write_only))
		ret = gofer_fd_read(gi);
	if (ret < 0)
		return ret;
	gofer_fd_pin(gi, writer);
	return 0;
}

static void gofer_file_release(struct file *file)
{
	gofer_fd_unpin(gofer_inode(file->inode), file_writable(file));
}

static int fd_for_reading(const struct gofer_inode *gi)
{
	return gi->read_fd >= 0 || gi->write_only ? gi->read_fd : gi->write_fd;
}

/* The host says it would have to wait: not for a regular file. */
static ssize_t host_error(void)
{
	return errno == EAGAIN || errno == EINTR ? -EIO : -errno;
}

static ssize_t gofer_file_read(struct file *file, struct uio *uio, off_t *off)
{
	int fd = fd_for_reading(gofer_inode(file->inode));
	size_t want, done = 0, copied;
	ssize_t got;

	while (uio->left) {
		want = MIN(uio->left, sizeof(bounce));
		got = pread(fd, bounce, want, *off);
		if (got < 0)
			return done ? (ssize_t)done : host_error();
		copied = uio_copy_out(uio, bounce, (size_t)got);
		done += copied;
		*off += (off_t)copied;
		if (copied < (size_t)got)
			return done ? (ssize_t)done : -EFAULT;
		if ((size_t)got < want)
			break;
	}
	return (ssize_t)done;
}

static ssize_t gofer_file_write(struct file *file, struct uio *uio, off_t *off)
{
	struct gofer_inode *gi = gofer_inode(file->inode);
	size_t want, have, done = 0;
	ssize_t put;

	gofer_inode_changed(gi);
	while (uio->left) {
		want = MIN(uio->left, sizeof(bounce));
		have = uio_copy_in(uio, bounce, want);
		if (!have)
			return done ? (ssize_t)done : -EFAULT;
		put = pwrite(gi->write_fd, bounce, have, *off);
		if (put < 0)
			return done ? (ssize_t)done : host_error();
		done += (size_t)put;
		*off += put;
		if ((size_t)put < want)
			break;
	}
	return (ssize_t)done;
}

static off_t gofer_file_seek(struct file *file, off_t off, int whence)
{
	off_t base = 0;
	int ret;

	switch (whence) {
	case SEEK_SET:
		break;
	case SEEK_CUR:
		base = file->pos;
		break;
	case SEEK_END:
		ret = inode_getattr(file->inode);
		if (ret < 0)
			return ret;
		base = (off_t)file->inode->attr.size;
		break;
	case SEEK_DATA:
	case SEEK_HOLE:
		/* The host's own position is used by nobody. */
		off = lseek(
			gofer_fd_any(gofer_inode(file->inode)), off, whence);
		if (off < 0)
			return -errno;
		break;
	default:
		return -EINVAL;
	}
	if (__builtin_add_overflow(base, off, &off))
		return -EOVERFLOW;
	if (off < 0)
		return -EINVAL;
	file->pos = off;
	return off;
}

/*
 * A shared writable mapping needs the descriptor for writing; all others get
 * one for reading, so that mprotect(2) cannot make more of them. Only a file
 * that was removed while it was open for writing has no such one.
 */
static int gofer_file_map(struct file *file, int prot, bool shared, off_t off,
	size_t size, int *host_fd, off_t *host_off)
{
	struct gofer_inode *gi = gofer_inode(file->inode);
	bool write = shared && (prot & PROT_WRITE);
	int ret = 0;

	if (!file_readable(file) || (write && !file_writable(file)))
		return -EACCES;
	/* What is open for writing may be made writable by mprotect(2). */
	if (shared && file_writable(file) && !gi->write_only)
		write = true;
	if (!write)
		ret = gofer_fd_read(gi);
	if (ret == -ESTALE && gi->write_fd >= 0 && !gi->write_only)
		write = true;
	else if (ret < 0)
		return ret;
	if (write && (gi->write_fd < 0 || gi->write_only))
		return -EACCES;
	*host_fd = write ? gi->write_fd : gi->read_fd;
	*host_off = off;
	gofer_inode_changed(gi);
	return 0;
}

static int gofer_file_fsync(struct file *file, bool data_only)
{
	struct gofer_inode *gi = gofer_inode(file->inode);
	struct gofer_where where;

	if (gi->inode.fs->read_only || gofer_inode_where(gi, &where) < 0)
		return 0;
	return gofer_fsync(
		gofer_client_of(gi), &where, data_only ? GOFER_FSYNC_DATA : 0);
}

static int gofer_file_fallocate(
	struct file *file, int mode, off_t off, off_t size)
{
	struct gofer_inode *gi = gofer_inode(file->inode);

	gofer_inode_changed(gi);
	if (fallocate(gi->write_fd, mode, off, size) < 0)
		return (int)host_error();
	return 0;
}

const struct file_ops gofer_file_ops = {
	.read = gofer_file_read,
	.write = gofer_file_write,
	.seek = gofer_file_seek,
	.map = gofer_file_map,
	.fsync = gofer_file_fsync,
	.fallocate = gofer_file_fallocate,
	.release = gofer_file_release,
};
