/*
 * Open regular files of an overlay: each has an open file of the real inode
 * behind it. A file that was opened for reading before it was copied up is
 * opened again on the copy when it is next used, as in Linux.
 */
#include "sentry/fs/overlay/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define REAL_FLAGS                                                             \
	(O_ACCMODE | O_NOATIME | O_DIRECT | O_SYNC | O_DSYNC | O_NONBLOCK)

/* Does reading it set times? The mount that was used to open it decides. */
static unsigned int real_flags(const struct file *file)
{
	unsigned int flags = file->flags & REAL_FLAGS;

	if (file->path.mount && ((file->path.mount->flags & MNT_NOATIME) ||
					mount_want_write(file->path.mount)))
		flags |= O_NOATIME;
	return flags;
}

int ovl_file_open(struct inode *inode, struct file *file)
{
	struct ovl_inode *o = ovl_inode(inode);
	struct file *real;
	int err = 0;

	if (file->flags & O_TRUNC)
		err = ovl_copy_up(o, 0);
	else if (file_writable(file))
		err = ovl_copy_up(o, UINT64_MAX);
	if (!err)
		err = file_open_inode(
			ovl_real(o), (int)real_flags(file), &real);
	if (err)
		return err;
	file->ops = &ovl_file_ops;
	file->priv = real;
	return 0;
}

/* The open file to use; NULL and *err if it cannot be opened any more. */
static struct file *real_of(struct file *file, int *err)
{
	struct ovl_inode *o = ovl_inode(file->inode);
	struct file *real = file->priv, *fresh;

	if (real->inode == ovl_real(o))
		return real;
	*err = file_open_inode(ovl_real(o), (int)real_flags(file), &fresh);
	if (*err)
		return NULL;
	file_put(real);
	file->priv = fresh;
	return fresh;
}

static ssize_t ovl_read(struct file *file, struct uio *uio, off_t *off)
{
	struct ovl_inode *o = ovl_inode(file->inode);
	int err = 0;
	struct file *real = real_of(file, &err);
	ssize_t n;

	if (!real)
		return err;
	n = real->ops->read(real, uio, off);
	file->inode->attr.atime = ovl_real(o)->attr.atime;
	return n;
}

static ssize_t ovl_write(struct file *file, struct uio *uio, off_t *off)
{
	int err = 0;
	struct file *real = real_of(file, &err);
	ssize_t n;

	if (!real)
		return err;
	if (!real->ops->write)
		return -EINVAL;
	n = real->ops->write(real, uio, off);
	ovl_sync_attr(ovl_inode(file->inode));
	return n;
}

static off_t ovl_seek(struct file *file, off_t off, int whence)
{
	int err = 0;
	struct file *real;

	if (whence == SEEK_DATA || whence == SEEK_HOLE) {
		real = real_of(file, &err);
		if (!real)
			return err;
		off = file_seek(real, off, whence);
		if (off >= 0)
			file->pos = off;
		return off;
	}
	return file_generic_seek(file, off, whence);
}

static int ovl_map(struct file *file, int prot, bool shared, off_t off,
	size_t size, int *host_fd, off_t *host_off)
{
	int err = 0;
	struct file *real = real_of(file, &err);

	if (!real)
		return err;
	if (!real->ops->map)
		return -ENODEV;
	return real->ops->map(real, prot, shared, off, size, host_fd, host_off);
}

static int ovl_fsync(struct file *file, bool data_only)
{
	int err = 0;
	struct file *real = real_of(file, &err);

	if (!real)
		return err;
	return real->ops->fsync ? real->ops->fsync(real, data_only) : -EINVAL;
}

static int ovl_fallocate(struct file *file, int mode, off_t off, off_t size)
{
	int err = 0;
	struct file *real = real_of(file, &err);

	if (!real)
		return err;
	if (!real->ops->fallocate)
		return -EOPNOTSUPP;
	err = real->ops->fallocate(real, mode, off, size);
	ovl_sync_attr(ovl_inode(file->inode));
	return err;
}

static void ovl_release(struct file *file)
{
	file_put(file->priv);
}

const struct file_ops ovl_file_ops = {
	.read = ovl_read,
	.write = ovl_write,
	.seek = ovl_seek,
	.map = ovl_map,
	.fsync = ovl_fsync,
	.fallocate = ovl_fallocate,
	.release = ovl_release,
};
