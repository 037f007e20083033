/* inotify_init, inotify_add_watch, inotify_rm_watch. */
#include "sentry/syscalls/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/inotify.h>

#include "sentry/kernel/fdtable.h"
#include "sentry/syscalls/files.h"
#include "sentry/vfs/inotify.h"

#define MASK_BITS                                                              \
	((unsigned int)(IN_ALL_EVENTS | IN_UNMOUNT | IN_Q_OVERFLOW |           \
			IN_IGNORED | IN_ONLYDIR | IN_DONT_FOLLOW |             \
			IN_EXCL_UNLINK | IN_MASK_CREATE | IN_MASK_ADD |        \
			IN_ISDIR | IN_ONESHOT))

long sys_inotify_init1(struct task *t, int flags)
{
	struct file *file;
	int ret;

	if (flags & ~(IN_CLOEXEC | IN_NONBLOCK))
		return -EINVAL;
	ret = inotify_file_new((unsigned int)flags & O_NONBLOCK, &file);
	if (ret < 0)
		return ret;
	return fd_install(t, file, flags & IN_CLOEXEC);
}

long sys_inotify_init(struct task *t)
{
	return sys_inotify_init1(t, 0);
}

static long add_watch(
	struct task *t, struct file *file, uaddr_t name, unsigned int mask)
{
	int at_flags = mask & IN_DONT_FOLLOW ? AT_SYMLINK_NOFOLLOW : 0;
	struct path path;
	long ret;

	ret = named_place(t, AT_FDCWD, name, at_flags,
		mask & IN_ONLYDIR ? WALK_DIRECTORY : 0, &path);
	if (ret < 0)
		return ret;
	ret = inode_permission(path.dentry->inode, t->cred, MAY_READ);
	if (ret == 0)
		ret = inotify_watch_add(file, path.dentry->inode, mask);
	path_put(path);
	return ret;
}

long sys_inotify_add_watch(
	struct task *t, int fd, uaddr_t name, unsigned int mask)
{
	struct file *file;
	long ret;

	if (!(mask & MASK_BITS))
		return -EINVAL;
	file = fd_get(t, fd);
	if (!file)
		return -EBADF;
	if (!file_is_inotify(file) ||
		((mask & IN_MASK_ADD) && (mask & IN_MASK_CREATE)))
		ret = -EINVAL;
	else
		ret = add_watch(t, file, name, mask);
	file_put(file);
	return ret;
}

long sys_inotify_rm_watch(struct task *t, int fd, int wd)
{
	struct file *file = fd_get(t, fd);
	long ret = -EINVAL;

	if (!file)
		return -EBADF;
	if (file_is_inotify(file))
		ret = inotify_watch_remove(file, wd);
	file_put(file);
	return ret;
}
