/*
 * Changing attributes: chmod, chown, utime and their families.
 */
#include "sentry/syscalls/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <utime.h>

#include "sentry/kernel/fdtable.h"
#include "sentry/syscalls/files.h"

/* Sets attributes of a name, or of what a descriptor has open. */
static long set_named(struct task *t, int dirfd, uaddr_t name, int at_flags,
	const struct attr *attr, unsigned int mask)
{
	struct path path;
	long ret = named_place(t, dirfd, name, at_flags, 0, &path);

	if (ret < 0)
		return ret;
	if ((mask & ATTR_MODE) && S_ISLNK(path.dentry->inode->attr.mode))
		ret = -EOPNOTSUPP;
	else
		ret = vfs_setattr(path, t->cred, attr, mask);
	path_put(path);
	return ret;
}

static long set_fd(
	struct task *t, int fd, const struct attr *attr, unsigned int mask)
{
	struct file *file = fd_get(t, fd);
	long ret;

	if (!file)
		return -EBADF;
	ret = vfs_setattr(file->path, t->cred, attr, mask);
	file_put(file);
	return ret;
}

/* ---- chmod ------------------------------------------------------------- */

long sys_fchmodat2(
	struct task *t, int dirfd, uaddr_t name, umode_t mode, int at_flags)
{
	struct attr attr = {.mode = mode & 07777};

	if (at_flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return set_named(t, dirfd, name, at_flags, &attr, ATTR_MODE);
}

long sys_fchmodat(struct task *t, int dirfd, uaddr_t name, umode_t mode)
{
	return sys_fchmodat2(t, dirfd, name, mode, 0);
}

long sys_chmod(struct task *t, uaddr_t name, umode_t mode)
{
	return sys_fchmodat2(t, AT_FDCWD, name, mode, 0);
}

long sys_fchmod(struct task *t, int fd, umode_t mode)
{
	struct attr attr = {.mode = mode & 07777};

	return set_fd(t, fd, &attr, ATTR_MODE);
}

/* ---- chown ------------------------------------------------------------- */

/* -1 leaves an id alone. */
static unsigned int owner_mask(uint32_t uid, uint32_t gid)
{
	return (uid != UINT32_MAX ? ATTR_UID : 0) |
	       (gid != UINT32_MAX ? ATTR_GID : 0);
}

long sys_fchownat(struct task *t, int dirfd, uaddr_t name, uint32_t uid,
	uint32_t gid, int at_flags)
{
	struct attr attr = {.uid = uid, .gid = gid};

	if (at_flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return set_named(t, dirfd, name, at_flags, &attr, owner_mask(uid, gid));
}

long sys_chown(struct task *t, uaddr_t name, uint32_t uid, uint32_t gid)
{
	return sys_fchownat(t, AT_FDCWD, name, uid, gid, 0);
}

long sys_lchown(struct task *t, uaddr_t name, uint32_t uid, uint32_t gid)
{
	return sys_fchownat(t, AT_FDCWD, name, uid, gid, AT_SYMLINK_NOFOLLOW);
}

long sys_fchown(struct task *t, int fd, uint32_t uid, uint32_t gid)
{
	struct attr attr = {.uid = uid, .gid = gid};

	return set_fd(t, fd, &attr, owner_mask(uid, gid));
}

/* ---- Times ------------------------------------------------------------- */

static bool valid_time(const struct timespec *ts)
{
	if (ts->tv_nsec == UTIME_NOW || ts->tv_nsec == UTIME_OMIT)
		return true;
	return ts->tv_nsec >= 0 && ts->tv_nsec < NSEC_PER_SEC;
}

/* One of the two times: sets it in the mask unless it shall stay. */
static unsigned int take_time(
	struct timespec *dst, const struct timespec *ts, unsigned int bit)
{
	if (ts->tv_nsec == UTIME_OMIT)
		return 0;
	*dst = ts->tv_nsec == UTIME_NOW ? vfs_now() : *ts;
	return bit;
}

/* times NULL: both are now. name 0: the descriptor itself. */
static long set_times(struct task *t, int dirfd, uaddr_t name,
	const struct timespec times[2], int at_flags)
{
	struct attr attr = {0};
	unsigned int mask = ATTR_ATIME | ATTR_MTIME | ATTR_TIMES_NOW;

	if (times && (!valid_time(&times[0]) || !valid_time(&times[1])))
		return -EINVAL;
	if (at_flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (times && !(times[0].tv_nsec == UTIME_NOW &&
			     times[1].tv_nsec == UTIME_NOW)) {
		mask = take_time(&attr.atime, &times[0], ATTR_ATIME) |
		       take_time(&attr.mtime, &times[1], ATTR_MTIME);
	} else {
		attr.atime = attr.mtime = vfs_now();
	}
	if (!name && dirfd != AT_FDCWD)
		return at_flags ? -EINVAL : set_fd(t, dirfd, &attr, mask);
	return set_named(t, dirfd, name, at_flags, &attr, mask);
}

long sys_utimensat(struct task *t, int dirfd, uaddr_t name, uaddr_t times_addr,
	int at_flags)
{
	struct timespec times[2];

	if (!times_addr)
		return set_times(t, dirfd, name, NULL, at_flags);
	if (copy_in(t->mm, times, times_addr, sizeof(times)) < 0)
		return -EFAULT;
	if (times[0].tv_nsec == UTIME_OMIT && times[1].tv_nsec == UTIME_OMIT)
		return 0;
	return set_times(t, dirfd, name, times, at_flags);
}

long sys_futimesat(struct task *t, int dirfd, uaddr_t name, uaddr_t times_addr)
{
	struct timeval tv[2];
	struct timespec times[2];

	if (!times_addr)
		return set_times(t, dirfd, name, NULL, 0);
	if (copy_in(t->mm, tv, times_addr, sizeof(tv)) < 0)
		return -EFAULT;
	for (int i = 0; i < 2; i++) {
		if (tv[i].tv_usec < 0 || tv[i].tv_usec >= 1000000)
			return -EINVAL;
		times[i].tv_sec = tv[i].tv_sec;
		times[i].tv_nsec = tv[i].tv_usec * 1000;
	}
	return set_times(t, dirfd, name, times, 0);
}

long sys_utimes(struct task *t, uaddr_t name, uaddr_t times)
{
	return sys_futimesat(t, AT_FDCWD, name, times);
}

long sys_utime(struct task *t, uaddr_t name, uaddr_t times_addr)
{
	struct utimbuf buf;
	struct timespec times[2] = {0};

	if (!times_addr)
		return set_times(t, AT_FDCWD, name, NULL, 0);
	if (get_user(t->mm, &buf, times_addr) < 0)
		return -EFAULT;
	times[0].tv_sec = buf.actime;
	times[1].tv_sec = buf.modtime;
	return set_times(t, AT_FDCWD, name, times, 0);
}
