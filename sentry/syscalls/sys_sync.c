/*
 * The length of files and what is on the disk: truncate, fallocate, fsync and
 * their kin, and advice.
 */
#include "sentry/syscalls/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "sentry/kernel/fdtable.h"
#include "sentry/kernel/fsctx.h"
#include "sentry/syscalls/files.h"

/* ---- Length ------------------------------------------------------------ */

static int check_new_size(struct task *t, int64_t size)
{
	if ((uint64_t)size <= task_rlimit(t, RLIMIT_FSIZE))
		return 0;
	signal_self(t, SIGXFSZ);
	return -EFBIG;
}

static long truncate_place(struct task *t, struct path path, int64_t size)
{
	struct inode *inode = path.dentry->inode;
	struct attr attr = {.size = (uint64_t)size};
	int ret;

	if (S_ISDIR(inode->attr.mode))
		return -EISDIR;
	if (!S_ISREG(inode->attr.mode))
		return -EINVAL;
	if ((path.mount->flags & MNT_READONLY) || inode->fs->read_only)
		return -EROFS;
	ret = inode_permission(inode, t->cred, MAY_WRITE);
	if (ret < 0)
		return ret;
	if (inode->write_count < 0)
		return -ETXTBSY;
	ret = check_new_size(t, size);
	if (ret < 0)
		return ret;
	return vfs_setattr(path, t->cred, &attr, ATTR_SIZE);
}

long sys_truncate(struct task *t, uaddr_t name_addr, int64_t size)
{
	struct walk walk;
	struct path path;
	char *name;
	long ret;

	if (size < 0)
		return -EINVAL;
	ret = path_copy_in(t, name_addr, &name);
	if (ret < 0)
		return ret;
	ret = walk_start(t, AT_FDCWD, name, &walk);
	if (ret < 0)
		goto free_name;
	ret = vfs_walk(&walk, name, WALK_FOLLOW, &path);
	if (ret < 0)
		goto finish;
	ret = truncate_place(t, path, size);
	path_put(path);
finish:
	walk_finish(&walk);
free_name:
	free(name);
	return ret;
}

long sys_ftruncate(struct task *t, int fd, int64_t size)
{
	struct attr attr = {.size = (uint64_t)size};
	struct file *file;
	long ret;

	if (size < 0)
		return -EINVAL;
	file = fd_get(t, fd);
	if (!file)
		return -EBADF;
	if (!S_ISREG(file->inode->attr.mode) || !file_writable(file))
		ret = -EINVAL;
	else
		ret = check_new_size(t, size);
	if (ret == 0)
		ret = vfs_setattr(
			file->path, t->cred, &attr, ATTR_SIZE | ATTR_OPEN);
	file_put(file);
	return ret;
}

/* Which combinations exist; as vfs_fallocate() of Linux. */
static int check_falloc_mode(int mode)
{
	switch (mode & ~FALLOC_FL_KEEP_SIZE) {
	case 0:
	case FALLOC_FL_UNSHARE_RANGE:
	case FALLOC_FL_ZERO_RANGE:
		return 0;
	case FALLOC_FL_PUNCH_HOLE:
		return mode & FALLOC_FL_KEEP_SIZE ? 0 : -EOPNOTSUPP;
	case FALLOC_FL_COLLAPSE_RANGE:
	case FALLOC_FL_INSERT_RANGE:
		return mode & FALLOC_FL_KEEP_SIZE ? -EOPNOTSUPP : 0;
	default:
		return -EOPNOTSUPP;
	}
}

static long do_fallocate(
	struct task *t, struct file *file, int mode, int64_t off, int64_t size)
{
	mode_t type = file->inode->attr.mode;
	int64_t end;
	int ret;

	if (off < 0 || size <= 0)
		return -EINVAL;
	ret = check_falloc_mode(mode);
	if (ret < 0)
		return ret;
	if (!file_writable(file))
		return -EBADF;
	if (S_ISFIFO(type))
		return -ESPIPE;
	if (S_ISDIR(type))
		return -EISDIR;
	if (!S_ISREG(type) && !S_ISBLK(type))
		return -ENODEV;
	if (__builtin_add_overflow(off, size, &end))
		return -EFBIG;
	if (!file->ops->fallocate)
		return -EOPNOTSUPP;
	if (!(mode & FALLOC_FL_KEEP_SIZE)) {
		ret = inode_getattr(file->inode);
		if (ret < 0)
			return ret;
		if ((uint64_t)end > file->inode->attr.size)
			ret = check_new_size(t, end);
		if (ret < 0)
			return ret;
	}
	return file->ops->fallocate(file, mode, off, size);
}

long sys_fallocate(struct task *t, int fd, int mode, int64_t off, int64_t size)
{
	struct file *file = fd_get(t, fd);
	long ret;

	if (!file)
		return -EBADF;
	ret = do_fallocate(t, file, mode, off, size);
	file_put(file);
	return ret;
}

/* ---- To the disk ------------------------------------------------------- */

static long sync_file(struct task *t, int fd, bool data_only)
{
	struct file *file = call_file(t, fd);
	long ret = -EINVAL;

	if (!file)
		return -EBADF;
	if (file->ops->fsync)
		ret = file->ops->fsync(file, data_only);
	if (ret == -EAGAIN)
		ret = call_wait_file(
			t, file, file_waitq(file), 0, -ERESTARTSYS);
	file_put(file);
	return ret;
}

long sys_fsync(struct task *t, int fd)
{
	return sync_file(t, fd, false);
}

long sys_fdatasync(struct task *t, int fd)
{
	return sync_file(t, fd, true);
}

static int sync_fs(struct fs *fs)
{
	return fs->ops->sync ? fs->ops->sync(fs) : 0;
}

long sys_sync(struct task *t)
{
	struct mount *mount;

	list_for_each(mount, &t->fs->ns->mounts, sibling) sync_fs(mount->fs);
	return 0;
}

long sys_syncfs(struct task *t, int fd)
{
	struct file *file = fd_get(t, fd);
	long ret;

	if (!file)
		return -EBADF;
	ret = sync_fs(file->inode->fs);
	file_put(file);
	return ret;
}

#define SYNC_RANGE_FLAGS                                                       \
	((unsigned int)(SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |  \
			SYNC_FILE_RANGE_WAIT_AFTER))

long sys_sync_file_range(
	struct task *t, int fd, int64_t off, int64_t size, unsigned int flags)
{
	struct file *file = fd_get(t, fd);
	mode_t type;
	int64_t end;
	long ret = -EINVAL;

	if (!file)
		return -EBADF;
	if ((flags & ~SYNC_RANGE_FLAGS) || off < 0 ||
		__builtin_add_overflow(off, size, &end) || end < off)
		goto out;
	ret = -ESPIPE;
	type = file->inode->attr.mode;
	if (!S_ISREG(type) && !S_ISBLK(type) && !S_ISDIR(type) &&
		!S_ISLNK(type))
		goto out;
	/* It promises nothing about metadata or volatile caches. */
	ret = 0;
	if ((flags & SYNC_FILE_RANGE_WAIT_AFTER) && file->ops->fsync)
		ret = file->ops->fsync(file, true);
out:
	file_put(file);
	return ret;
}

/* ---- Advice ------------------------------------------------------------ */

/* The page cache is the host's, and knows by itself. */
long sys_readahead(struct task *t, int fd, int64_t off, size_t size)
{
	struct file *file = fd_get(t, fd);
	long ret = 0;

	if (!file)
		return -EBADF;
	if (!file_readable(file))
		ret = -EBADF;
	else if (!S_ISREG(file->inode->attr.mode) &&
		 !S_ISBLK(file->inode->attr.mode))
		ret = -EINVAL;
	file_put(file);
	return ret;
}

long sys_fadvise64(struct task *t, int fd, int64_t off, size_t size, int advice)
{
	struct file *file = fd_get(t, fd);
	long ret = 0;

	if (!file)
		return -EBADF;
	if (S_ISFIFO(file->inode->attr.mode))
		ret = -ESPIPE;
	else if ((int64_t)size < 0 || advice < POSIX_FADV_NORMAL ||
		 advice > POSIX_FADV_NOREUSE)
		ret = -EINVAL;
	file_put(file);
	return ret;
}
