/*
 * Descriptors: close, dup, close_range, fcntl, ioctl.
 *
 * Nothing here looks into a file but through its operations; locks are in
 * sys_lock.c.
 */
#include "sentry/syscalls/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "lib/checked.h"
#include "sentry/fs/anon/pipe.h"
#include "sentry/fs/tmpfs/tmpfs.h"
#include "sentry/kernel/fdtable.h"
#include "sentry/kernel/kernel.h"
#include "sentry/syscalls/files.h"
#include "sentry/vfs/async.h"
#include "sentry/vfs/locks.h"

/* Newer than the headers of Debian 12. */
#ifndef F_DUPFD_QUERY
#define F_DUPFD_QUERY (1024 + 3)
#endif
#ifndef F_CREATED_QUERY
#define F_CREATED_QUERY (1024 + 4)
#endif
#define F_GETOWNER_UIDS_ABI 17

long sys_close(struct task *t, int fd)
{
	return fd_close(t, fd);
}

/* A table of this task's own. */
static int unshare_table(struct task *t)
{
	struct fdtable *copy;

	if (t->fds->ref.count == 1)
		return 0;
	copy = fdtable_copy(t->fds);
	if (!copy)
		return -ENOMEM;
	fdtable_put(t->fds);
	t->fds = copy;
	return 0;
}

long sys_close_range(struct task *t, unsigned int first, unsigned int last,
	unsigned int flags)
{
	int fd, ret;

	if (flags & ~(unsigned int)(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC))
		return -EINVAL;
	if (first > last)
		return -EINVAL;
	if (flags & CLOSE_RANGE_UNSHARE) {
		ret = unshare_table(t);
		if (ret < 0)
			return ret;
	}
	if (first > INT_MAX)
		return 0;
	for (fd = fd_next(t->fds, (int)first);
		fd >= 0 && (unsigned int)fd <= last;
		fd = fd_next(t->fds, fd + 1)) {
		if (flags & CLOSE_RANGE_CLOEXEC)
			fd_set_flags(t, fd, true);
		else
			fd_close(t, fd);
	}
	return 0;
}

long sys_dup(struct task *t, int fd)
{
	struct file *file = fd_get_any(t, fd);

	if (!file)
		return -EBADF;
	return fd_install(t, file, false);
}

static long dup_to(struct task *t, int fd, int new_fd, bool cloexec)
{
	struct file *file;

	if (new_fd < 0 || (uint64_t)new_fd >= task_rlimit(t, RLIMIT_NOFILE))
		return -EBADF;
	file = fd_get_any(t, fd);
	if (!file)
		return -EBADF;
	return fd_install_at(t, new_fd, file, cloexec);
}

long sys_dup2(struct task *t, int fd, int new_fd)
{
	if (fd == new_fd)
		return fd_flags(t, fd) < 0 ? -EBADF : new_fd;
	return dup_to(t, fd, new_fd, false);
}

long sys_dup3(struct task *t, int fd, int new_fd, int flags)
{
	if (flags & ~O_CLOEXEC)
		return -EINVAL;
	if (fd == new_fd)
		return -EINVAL;
	return dup_to(t, fd, new_fd, flags & O_CLOEXEC);
}

/* ---- fcntl ------------------------------------------------------------- */

static long dup_from(
	struct task *t, struct file *file, unsigned long from, bool cloexec)
{
	int fd;

	if (from >= task_rlimit(t, RLIMIT_NOFILE) || from >= FD_LIMIT)
		return -EINVAL;
	fd = fd_reserve(t, (int)from);
	if (fd < 0)
		return fd;
	fd_commit(t, fd, file_get(file), cloexec);
	return fd;
}

#define SETFL_MASK                                                             \
	((unsigned int)(O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME | O_ASYNC))

/* SIGIO, or what F_SETSIG chose, which then tells the descriptor, too. */
static struct guest_siginfo sigio_info(
	const struct file *file, int fd, uint32_t events)
{
	bool in = events & (EPOLLIN | EPOLLRDNORM);
	struct guest_siginfo info = {
		.signo = file->owner_sig ? file->owner_sig : SIGIO,
		.code = SI_KERNEL,
	};

	if (file->owner_sig) {
		info.code = in ? POLL_IN : POLL_OUT;
		info.poll.band = events;
		info.poll.fd = fd;
	}
	return info;
}

/* May who asked for the signal send it to this process? */
static bool sigio_allowed(
	const struct cred *cred, const struct thread_group *tg)
{
	const struct cred *its = tg->leader ? tg->leader->cred : NULL;

	if (!its)
		return false;
	return cred->euid == 0 || cred->euid == its->suid ||
	       cred->euid == its->uid || cred->uid == its->suid ||
	       cred->uid == its->uid;
}

static void send_sigio(
	struct file *file, int fd, const struct cred *cred, uint32_t events)
{
	struct guest_siginfo info = sigio_info(file, fd, events);
	struct process_group *group = NULL;
	struct thread_group *tg, *tmp;

	if (file->owner_pid > 0) {
		tg = thread_group_find(file->owner_pid);
		if (tg && sigio_allowed(cred, tg))
			signal_send_group(tg, info.signo, &info);
		thread_group_put(tg);
		return;
	}
	if (file->owner_pid < 0)
		group = process_group_find(-file->owner_pid);
	if (!group)
		return;
	list_for_each_safe(tg, tmp, &group->members, group_node)
	{
		if (sigio_allowed(cred, tg))
			signal_send_group(tg, info.signo, &info);
	}
	process_group_put(group);
}

static int set_async(struct task *t, struct file *file, int fd, bool on)
{
	if (!on) {
		file_async_stop(file);
		return 0;
	}
	file_async_notify = send_sigio;
	return file_async_start(file, fd, t->cred);
}

static long set_status_flags(
	struct task *t, int fd, struct file *file, unsigned long arg)
{
	unsigned int flags = (unsigned int)arg & SETFL_MASK;
	int ret;

	if ((flags & ~file->flags & O_NOATIME) &&
		!inode_owner_or_capable(file->inode, t->cred))
		return -EPERM;
	ret = set_async(t, file, fd, flags & O_ASYNC);
	if (ret < 0)
		return ret;
	file->flags = (file->flags & ~SETFL_MASK) | flags;
	return 0;
}

/* who: > 0 a process, < 0 a group, 0 nobody. */
static long set_owner(struct file *file, int who)
{
	struct process_group *group;
	struct thread_group *tg;

	if (who == INT_MIN)
		return -EINVAL;
	if (who > 0) {
		tg = thread_group_find(who);
		if (!tg)
			return -ESRCH;
		thread_group_put(tg);
	} else if (who < 0) {
		group = process_group_find(-who);
		if (!group)
			return -ESRCH;
		process_group_put(group);
	}
	file->owner_pid = who;
	return 0;
}

static long set_owner_ex(struct task *t, struct file *file, uaddr_t arg)
{
	struct f_owner_ex owner;
	int ret = get_user(t->mm, &owner, arg);

	if (ret < 0)
		return ret;
	switch (owner.type) {
	case F_OWNER_TID:
		/* Linux: the signal then goes to the thread's process. */
	case F_OWNER_PID:
		if (owner.pid < 0)
			return -ESRCH;
		return set_owner(file, owner.pid);
	case F_OWNER_PGRP:
		if (owner.pid < 0)
			return -ESRCH;
		return set_owner(file, -owner.pid);
	default:
		return -EINVAL;
	}
}

static long get_owner_ex(struct task *t, struct file *file, uaddr_t arg)
{
	struct f_owner_ex owner = {
		.type = file->owner_pid < 0 ? F_OWNER_PGRP : F_OWNER_PID,
		.pid = abs(file->owner_pid),
	};

	return put_user(t->mm, arg, &owner);
}

static long get_owner_uids(struct task *t, struct file *file, uaddr_t arg)
{
	uint32_t uids[2] = {0, 0};

	if (file->owner_pid && file->cred) {
		uids[0] = file->cred->uid;
		uids[1] = file->cred->euid;
	}
	return copy_out(t->mm, arg, uids, sizeof(uids));
}

static long set_pipe_size(struct task *t, struct file *file, unsigned long arg)
{
	if (!file_is_pipe(file))
		return -EBADF;
	return pipe_size_set(file, (unsigned int)arg,
		cred_capable(t->cred, CAP_SYS_RESOURCE));
}

static long dup_query(struct task *t, struct file *file, unsigned long arg)
{
	struct file *other = fd_get_any(t, (int)arg);
	bool same = other == file;

	if (!other)
		return -EBADF;
	file_put(other);
	return same;
}

/* The commands that an O_PATH descriptor may take, too. */
static bool for_any_file(unsigned int cmd)
{
	switch (cmd) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
	case F_DUPFD_QUERY:
	case F_CREATED_QUERY:
	case F_GETFD:
	case F_SETFD:
	case F_GETFL:
		return true;
	default:
		return false;
	}
}

static long do_fcntl(struct task *t, int fd, struct file *file,
	unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case F_DUPFD:
		return dup_from(t, file, arg, false);
	case F_DUPFD_CLOEXEC:
		return dup_from(t, file, arg, true);
	case F_DUPFD_QUERY:
		return dup_query(t, file, arg);
	case F_GETFD:
		return fd_flags(t, fd);
	case F_SETFD:
		return fd_set_flags(t, fd, arg & FD_CLOEXEC);
	case F_GETFL:
		return file->flags & ~(unsigned int)O_CLOEXEC;
	case F_SETFL:
		return set_status_flags(t, fd, file, arg);
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return fcntl_lock(t, file, cmd, arg);
	case F_GETOWN:
		return file->owner_pid;
	case F_SETOWN:
		return set_owner(file, (int)arg);
	case F_GETOWN_EX:
		return get_owner_ex(t, file, arg);
	case F_SETOWN_EX:
		return set_owner_ex(t, file, arg);
	case F_GETOWNER_UIDS_ABI:
		return get_owner_uids(t, file, arg);
	case F_GETSIG:
		return file->owner_sig;
	case F_SETSIG:
		if (arg > NSIG_GUEST)
			return -EINVAL;
		file->owner_sig = (int)arg;
		return 0;
	case F_GETPIPE_SZ:
		return file_is_pipe(file) ? pipe_size_get(file) : -EBADF;
	case F_SETPIPE_SZ:
		return set_pipe_size(t, file, arg);
	case F_ADD_SEALS:
		if (!file_writable(file))
			return -EPERM;
		return tmpfs_seals_add(file->inode, (unsigned int)arg);
	case F_GET_SEALS:
		return tmpfs_seals_get(file->inode);
	case F_GETLEASE:
		return F_UNLCK;
	/* F_SETLEASE and F_NOTIFY: as on a filesystem without them. */
	default:
		return -EINVAL;
	}
}

/* A lock that came after the descriptor was closed must not stay. */
static bool still_open(struct task *t, int fd, const struct file *file)
{
	struct file *now = fd_get_any(t, fd);
	bool same = now == file;

	file_put(now);
	return same;
}

long sys_fcntl(struct task *t, int fd, unsigned int cmd, unsigned long arg)
{
	struct file *file;
	bool waited;
	long ret;

	/* Tried again: the file that it waits for, whatever became of fd. */
	file = lock_wait_file(t);
	waited = file;
	if (!file)
		file = for_any_file(cmd) ? fd_get_any(t, fd) : fd_get(t, fd);
	if (!file)
		return -EBADF;
	ret = do_fcntl(t, fd, file, cmd, arg);
	if (ret == 0 && waited && !still_open(t, fd, file)) {
		locks_release_owner(file->inode, t->fds);
		ret = -EBADF;
	}
	file_put(file);
	return ret;
}

/* ---- ioctl ------------------------------------------------------------- */

static long set_flag(
	struct task *t, struct file *file, unsigned int flag, uaddr_t arg)
{
	int on, ret = get_user(t->mm, &on, arg);

	if (ret < 0)
		return ret;
	if (on)
		file->flags |= flag;
	else
		file->flags &= ~flag;
	return 0;
}

/* Bytes from the position to the end of a regular file. */
static long bytes_left(struct task *t, struct file *file, uaddr_t arg)
{
	int64_t left;
	int count, ret;

	ret = inode_getattr(file->inode);
	if (ret < 0)
		return ret;
	left = (int64_t)file->inode->attr.size - file->pos;
	count = (int)left;
	return put_user(t->mm, arg, &count);
}

static long do_ioctl(struct task *t, int fd, struct file *file,
	unsigned int cmd, unsigned long arg)
{
	mode_t type = file->inode->attr.mode & S_IFMT;
	int block_size;
	long ret;

	switch (cmd) {
	case FIOCLEX:
		return fd_set_flags(t, fd, true);
	case FIONCLEX:
		return fd_set_flags(t, fd, false);
	case FIONBIO:
		return set_flag(t, file, O_NONBLOCK, arg);
	case FIOASYNC:
		ret = set_flag(t, file, O_ASYNC, arg);
		return ret < 0 ? ret
			       : set_async(t, file, fd, file->flags & O_ASYNC);
	case FIOQSIZE:
		if (type != S_IFREG && type != S_IFDIR && type != S_IFLNK)
			return -ENOTTY;
		return put_user(t->mm, arg, &file->inode->attr.size);
	case FIONREAD:
		if (type == S_IFREG)
			return bytes_left(t, file, arg);
		break;
	case 2: /* FIGETBSZ */
		if (type != S_IFREG && type != S_IFDIR)
			break;
		block_size = (int)file->inode->attr.blksize;
		return put_user(t->mm, arg, &block_size);
	default:
		break;
	}
	if (!file->ops->ioctl)
		return -ENOTTY;
	return file->ops->ioctl(file, t->mm, cmd, arg);
}

long sys_ioctl(struct task *t, int fd, unsigned int cmd, unsigned long arg)
{
	struct file *file = call_file(t, fd);
	long ret;

	if (!file)
		return -EBADF;
	ret = do_ioctl(t, fd, file, cmd, arg);
	file_put(file);
	return ret;
}
