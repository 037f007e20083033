/*
 * Calls that make files without a name: pipe, eventfd, signalfd, timerfd,
 * memfd_create, pidfd_open.
 */
#include "sentry/syscalls/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/memfd.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include "sentry/fs/anon/anon.h"
#include "sentry/fs/anon/pipe.h"
#include "sentry/fs/tmpfs/tmpfs.h"
#include "sentry/kernel/fdtable.h"
#include "sentry/syscalls/files.h"

/* Newer than the headers of Debian 12. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x8u
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x10u
#endif
#define F_SEAL_EXEC_ABI 0x20

/* ---- Pipes ------------------------------------------------------------- */

static int reserve_two(struct task *t, int fd[2])
{
	fd[0] = fd_reserve(t, 0);
	if (fd[0] < 0)
		return fd[0];
	fd[1] = fd_reserve(t, 0);
	if (fd[1] >= 0)
		return 0;
	fd_cancel(t, fd[0]);
	return fd[1];
}

long sys_pipe2(struct task *t, uaddr_t fds, int flags)
{
	struct file *ends[2];
	int fd[2];
	int ret;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
		return -EINVAL;
	ret = pipe_open((unsigned int)flags & ~(unsigned int)O_CLOEXEC, ends);
	if (ret < 0)
		return ret;
	ret = reserve_two(t, fd);
	if (ret < 0)
		goto put_ends;
	ret = copy_out(t->mm, fds, fd, sizeof(fd));
	if (ret < 0)
		goto cancel_fds;

	/* Nothing below can fail. The table takes over both references. */
	fd_commit(t, fd[0], ends[0], flags & O_CLOEXEC);
	fd_commit(t, fd[1], ends[1], flags & O_CLOEXEC);
	return 0;

cancel_fds:
	fd_cancel(t, fd[0]);
	fd_cancel(t, fd[1]);
put_ends:
	file_put(ends[1]);
	file_put(ends[0]);
	return ret;
}

long sys_pipe(struct task *t, uaddr_t fds)
{
	return sys_pipe2(t, fds, 0);
}

/* ---- eventfd and signalfd ---------------------------------------------- */

long sys_eventfd2(struct task *t, unsigned int count, int flags)
{
	struct file *file;
	int ret;

	if (flags & ~(EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE))
		return -EINVAL;
	ret = eventfd_file_new(count, flags & EFD_SEMAPHORE,
		(unsigned int)flags & O_NONBLOCK, &file);
	if (ret < 0)
		return ret;
	return fd_install(t, file, flags & EFD_CLOEXEC);
}

long sys_eventfd(struct task *t, unsigned int count)
{
	return sys_eventfd2(t, count, 0);
}

static long signalfd_change(struct task *t, int fd, sigset_mask mask)
{
	struct file *file = fd_get(t, fd);
	long ret = fd;

	if (!file)
		return -EBADF;
	if (file_is_signalfd(file))
		signalfd_set_mask(file, mask);
	else
		ret = -EINVAL;
	file_put(file);
	return ret;
}

long sys_signalfd4(
	struct task *t, int fd, uaddr_t mask_addr, size_t size, int flags)
{
	struct file *file;
	sigset_mask mask;
	int ret;

	if (size != sizeof(mask))
		return -EINVAL;
	if (get_user(t->mm, &mask, mask_addr) < 0)
		return -EFAULT;
	if (flags & ~(SFD_CLOEXEC | SFD_NONBLOCK))
		return -EINVAL;
	if (fd != -1)
		return signalfd_change(t, fd, mask);
	ret = signalfd_file_new(mask, (unsigned int)flags & O_NONBLOCK, &file);
	if (ret < 0)
		return ret;
	return fd_install(t, file, flags & SFD_CLOEXEC);
}

long sys_signalfd(struct task *t, int fd, uaddr_t mask, size_t size)
{
	return sys_signalfd4(t, fd, mask, size, 0);
}

/* ---- timerfd ----------------------------------------------------------- */

long sys_timerfd_create(struct task *t, int clock, int flags)
{
	struct file *file;
	int ret;

	if (flags & ~(TFD_CLOEXEC | TFD_NONBLOCK))
		return -EINVAL;
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
		break;
	case CLOCK_REALTIME_ALARM:
	case CLOCK_BOOTTIME_ALARM:
		if (!cred_capable(t->cred, CAP_WAKE_ALARM))
			return -EPERM;
		break;
	default:
		return -EINVAL;
	}
	ret = timerfd_file_new(clock, (unsigned int)flags & O_NONBLOCK, &file);
	if (ret < 0)
		return ret;
	return fd_install(t, file, flags & TFD_CLOEXEC);
}

static int timerfd_find(struct task *t, int fd, struct file **out)
{
	struct file *file = fd_get(t, fd);

	if (!file)
		return -EBADF;
	if (!file_is_timerfd(file)) {
		file_put(file);
		return -EINVAL;
	}
	*out = file;
	return 0;
}

static struct timespec to_timespec(int64_t ns)
{
	return (struct timespec){
		.tv_sec = ns / NSEC_PER_SEC,
		.tv_nsec = ns % NSEC_PER_SEC,
	};
}

static void itimerspec_of(struct file *file, struct itimerspec *out)
{
	int64_t value, interval;

	timerfd_get(file, &value, &interval);
	out->it_value = to_timespec(value);
	out->it_interval = to_timespec(interval);
}

static bool valid(const struct timespec *ts)
{
	return ts->tv_sec >= 0 && ts->tv_nsec >= 0 &&
	       ts->tv_nsec < NSEC_PER_SEC;
}

long sys_timerfd_settime(
	struct task *t, int fd, int flags, uaddr_t new_addr, uaddr_t old_addr)
{
	struct itimerspec new, old;
	struct file *file;
	int ret;

	if (get_user(t->mm, &new, new_addr) < 0)
		return -EFAULT;
	if ((flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) ||
		!valid(&new.it_value) || !valid(&new.it_interval))
		return -EINVAL;
	ret = timerfd_find(t, fd, &file);
	if (ret < 0)
		return ret;
	itimerspec_of(file, &old);
	ret = timerfd_set(file, timespec_ns(&new.it_value),
		timespec_ns(&new.it_interval), flags & TFD_TIMER_ABSTIME);
	file_put(file);
	if (ret == 0 && old_addr)
		ret = put_user(t->mm, old_addr, &old);
	return ret;
}

long sys_timerfd_gettime(struct task *t, int fd, uaddr_t addr)
{
	struct itimerspec now;
	struct file *file;
	int ret = timerfd_find(t, fd, &file);

	if (ret < 0)
		return ret;
	itimerspec_of(file, &now);
	file_put(file);
	return put_user(t->mm, addr, &now);
}

/* ---- memfd ------------------------------------------------------------- */

#define MEMFD_NAME_MAX 249 /* NAME_MAX less "memfd:" */
#define MEMFD_FLAGS                                                            \
	(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC)

long sys_memfd_create(struct task *t, uaddr_t name_addr, unsigned int flags)
{
	static const char prefix[] = "/memfd:";
	char name[sizeof(prefix) + MEMFD_NAME_MAX + 1];
	unsigned int seals = F_SEAL_SEAL;
	mode_t mode = 0777;
	struct file *file;
	ssize_t size;
	int ret;

	if (flags & MFD_HUGETLB)
		return -ENOSYS; /* as with CONFIG_HUGETLBFS off */
	if (flags & ~MEMFD_FLAGS)
		return -EINVAL;
	if ((flags & MFD_EXEC) && (flags & MFD_NOEXEC_SEAL))
		return -EINVAL;
	memcpy(name, prefix, sizeof(prefix));
	size = copy_in_string(t->mm, name + sizeof(prefix) - 1, name_addr,
		MEMFD_NAME_MAX + 1);
	if (size < 0)
		return size == -ENAMETOOLONG ? -EINVAL : size;
	if (flags & (MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL))
		seals = 0;
	if (flags & MFD_NOEXEC_SEAL) {
		seals |= F_SEAL_EXEC_ABI;
		mode = 0666;
	}
	ret = tmpfs_file_new(
		name, mode, seals, O_RDWR | ABI_O_LARGEFILE, &file);
	if (ret < 0)
		return ret;
	return fd_install(t, file, flags & MFD_CLOEXEC);
}

/* ---- pidfd ------------------------------------------------------------- */

long sys_pidfd_open(struct task *t, pid_t pid, unsigned int flags)
{
	struct thread_group *tg;
	struct task *thread;
	struct file *file;
	int ret;

	if (flags & ~(unsigned int)O_NONBLOCK)
		return -EINVAL;
	if (pid <= 0)
		return -EINVAL;
	tg = thread_group_find(pid);
	if (!tg) {
		thread = task_find(pid);
		if (!thread)
			return -ESRCH;
		/* A thread that leads nothing: only with PIDFD_THREAD. */
		task_put(thread);
		return -ENOENT;
	}
	ret = pidfd_file_new(tg, flags, &file);
	thread_group_put(tg);
	if (ret < 0)
		return ret;
	return fd_install(t, file, true);
}

/* ptrace(2)'s rule for looking into another process, PTRACE_MODE_ATTACH. */
static bool may_look_into(const struct task *t, const struct task *other)
{
	const struct cred *mine = t->cred, *its = other->cred;

	if (t->tg == other->tg || cred_capable(mine, CAP_SYS_PTRACE))
		return true;
	return mine->uid == its->euid && mine->uid == its->suid &&
	       mine->uid == its->uid && mine->gid == its->egid &&
	       mine->gid == its->sgid && mine->gid == its->gid;
}

static long getfd(struct task *t, struct thread_group *tg, int fd)
{
	struct task *other = tg->leader;
	struct file *file;

	if (tg->zombie || !other || !other->cred)
		return -ESRCH;
	if (!may_look_into(t, other))
		return -EPERM;
	file = other->fds ? fd_get_any(other, fd) : NULL;
	if (!file)
		return -EBADF;
	return fd_install(t, file, true);
}

long sys_pidfd_getfd(struct task *t, int pidfd, int fd, unsigned int flags)
{
	struct thread_group *tg;
	struct file *file;
	long ret = -EBADF;

	if (flags)
		return -EINVAL;
	file = fd_get(t, pidfd);
	if (!file)
		return -EBADF;
	tg = file_pidfd_group(file);
	if (tg)
		ret = getfd(t, tg, fd);
	file_put(file);
	return ret;
}
