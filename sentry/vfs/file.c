/*
 * Open files: their life, and what read, write and seek have in common
 * whatever they go to.
 */
#include "sentry/vfs/vfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sentry/vfs/async.h"
#include "sentry/vfs/epoll.h"
#include "sentry/vfs/inotify.h"
#include "sentry/vfs/internal.h"
#include "sentry/vfs/locks.h"

size_t file_limit;
static size_t file_total;

/* ---- Life -------------------------------------------------------------- */

int file_new(struct path path, unsigned int flags, const struct file_ops *ops,
	struct file **out)
{
	struct file *file;

	/* Those of one filesystem on top of another are no guest's. */
	if (path.mount && file_limit && file_total >= file_limit)
		return -ENFILE;
	file = calloc(1, sizeof(*file));
	if (!file)
		return -ENOMEM;
	ref_init(&file->ref);
	file->path = path_get(path);
	file->inode = inode_get(path.dentry->inode);
	file->flags = flags;
	file->ops = ops;
	list_init(&file->epoll_items);
	if (path.mount)
		file_total++;
	if (!(flags & O_PATH))
		file->inode->open_count++;
	*out = file;
	return 0;
}

struct file *file_get(struct file *file)
{
	ref_get(&file->ref);
	return file;
}

static void tell_closed(struct file *file)
{
	if (file->flags & O_PATH)
		return;
	inotify_file(
		file, file_writable(file) ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE);
}

void file_put(struct file *file)
{
	if (!file || !ref_put(&file->ref))
		return;
	if (inotify_active())
		tell_closed(file);
	if (!list_empty(&file->epoll_items))
		epoll_file_released(file);
	if (file->async)
		file_async_stop(file);
	if (file->inode->locks)
		locks_release_file(file);
	if (file->ops && file->ops->release)
		file->ops->release(file);
	if (file->counted_writer) {
		file->inode->write_count--;
		if (file->path.mount)
			file->path.mount->writers--;
	}
	if (!(file->flags & O_PATH)) {
		file->inode->open_count--;
		inode_check_gone(file->inode);
	}
	if (file->path.mount)
		file_total--;
	path_put(file->path);
	inode_put(file->inode);
	cred_put(file->cred);
	free(file);
}

/* ---- Readiness --------------------------------------------------------- */

uint32_t file_poll(struct file *file)
{
	if (!file->ops->poll)
		return EPOLLIN | EPOLLOUT | EPOLLRDNORM | EPOLLWRNORM;
	return file->ops->poll(file);
}

struct waitq *file_waitq(struct file *file)
{
	return file->ops->waitq ? file->ops->waitq(file) : NULL;
}

/* ---- Times and privileges ---------------------------------------------- */

static bool older(struct timespec a, struct timespec b)
{
	return a.tv_sec < b.tv_sec ||
	       (a.tv_sec == b.tv_sec && a.tv_nsec <= b.tv_nsec);
}

bool file_wants_atime(const struct file *file)
{
	const struct attr *attr = &file->inode->attr;
	const struct mount *mount = file->path.mount;

	if (file->flags & O_NOATIME)
		return false;
	if (mount && mount_want_write(mount))
		return false;
	if (mount && (mount->flags & MNT_NOATIME))
		return false;
	/* relatime: only if it would say something new. */
	return older(attr->atime, attr->mtime) ||
	       older(attr->atime, attr->ctime) ||
	       vfs_now().tv_sec - attr->atime.tv_sec >= 24 * 3600;
}

/* Writing takes the set-ID bits away from all but the privileged. */
static int drop_set_id(struct file *file)
{
	struct inode *inode = file->inode;
	mode_t mode = inode->attr.mode, gone = 0;
	struct attr attr;

	if (!S_ISREG(mode) || !(mode & (S_ISUID | S_ISGID)))
		return 0;
	if (!file->cred || cred_capable(file->cred, CAP_FSETID))
		return 0;
	if (mode & S_ISUID)
		gone |= S_ISUID;
	if ((mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
		gone |= S_ISGID;
	if (!gone || !inode->ops->setattr)
		return 0;
	attr.mode = mode & ~gone;
	return inode->ops->setattr(inode, &attr, ATTR_MODE);
}

/* ---- Folders ----------------------------------------------------------- */

bool dir_emit_dots(struct file *file, struct dir_context *ctx)
{
	struct dentry *dir = file->path.dentry;
	uint64_t ino;

	if (ctx->pos == 0) {
		ino = dir->inode->attr.ino;
		if (!ctx->emit(ctx, ".", 1, ino, DT_DIR, 1))
			return false;
		ctx->pos = 1;
	}
	if (ctx->pos == 1) {
		ino = dir->parent->inode->attr.ino;
		if (!ctx->emit(ctx, "..", 2, ino, DT_DIR, 2))
			return false;
		ctx->pos = 2;
	}
	return true;
}

/* ---- Data -------------------------------------------------------------- */

static int check_position(const struct file *file, const off_t *off)
{
	if (off && file->ops->no_seek)
		return -ESPIPE;
	return off && *off < 0 ? -EINVAL : 0;
}

ssize_t file_read(struct file *file, struct uio *uio, off_t *off)
{
	ssize_t n;
	int err;

	if (!file_readable(file))
		return -EBADF;
	err = check_position(file, off);
	if (err)
		return err;
	if (!file->ops->read)
		return S_ISDIR(file->inode->attr.mode) ? -EISDIR : -EINVAL;
	n = file->ops->read(file, uio, off ? off : &file->pos);
	if (n > 0 && inotify_active())
		inotify_file(file, IN_ACCESS);
	return n;
}

ssize_t file_write(struct file *file, struct uio *uio, off_t *off)
{
	off_t *pos = off ? off : &file->pos;
	ssize_t n;
	int err;

	if (!file_writable(file))
		return -EBADF;
	err = check_position(file, off);
	if (err)
		return err;
	if (!file->ops->write)
		return -EINVAL;
	if ((file->flags & O_APPEND) && uio->left && !file->ops->no_atomic &&
		!file->ops->no_seek) {
		err = inode_getattr(file->inode);
		if (err)
			return err;
		*pos = (off_t)file->inode->attr.size;
	}
	err = drop_set_id(file);
	if (err)
		return err;
	n = file->ops->write(file, uio, pos);
	if (n > 0 && inotify_active())
		inotify_file(file, IN_MODIFY);
	return n;
}

ssize_t file_read_kernel(struct file *file, void *buf, size_t size, off_t off)
{
	size_t done = 0;
	struct uio uio;
	ssize_t n = 0;

	if (!file->ops || !file->ops->read)
		return S_ISDIR(file->inode->attr.mode) ? -EISDIR : -EINVAL;
	while (done < size) {
		uio_init_kernel(&uio, (char *)buf + done, size - done);
		n = file->ops->read(file, &uio, &off);
		uio_finish(&uio);
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done || n >= 0 ? (ssize_t)done : n;
}

/* ---- Position ---------------------------------------------------------- */

static off_t seek_data(off_t off, off_t size, int whence)
{
	if (off < 0 || off >= size)
		return -ENXIO;
	return whence == SEEK_DATA ? off : size;
}

off_t file_generic_seek(struct file *file, off_t off, int whence)
{
	off_t base = 0, size;
	int err;

	if (whence == SEEK_END || whence == SEEK_DATA || whence == SEEK_HOLE) {
		err = inode_getattr(file->inode);
		if (err)
			return err;
	}
	size = (off_t)file->inode->attr.size;
	switch (whence) {
	case SEEK_SET:
		break;
	case SEEK_CUR:
		base = file->pos;
		break;
	case SEEK_END:
		base = size;
		break;
	case SEEK_DATA:
	case SEEK_HOLE:
		off = seek_data(off, size, whence);
		if (off < 0)
			return off;
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

off_t file_noop_seek(struct file *file, off_t off, int whence)
{
	return file->pos;
}

off_t file_seek(struct file *file, off_t off, int whence)
{
	if (file->ops->seek)
		return file->ops->seek(file, off, whence);
	if (file->ops->no_seek)
		return -ESPIPE;
	return file_generic_seek(file, off, whence);
}
