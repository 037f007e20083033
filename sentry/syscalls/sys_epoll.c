/* epoll_create, epoll_ctl, epoll_wait and their families. */
#include "sentry/syscalls/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "lib/checked.h"
#include "sentry/kernel/fdtable.h"
#include "sentry/syscalls/files.h"
#include "sentry/vfs/epoll.h"

#define EVENTS_MAX ((int)(INT_MAX / sizeof(struct epoll_result)))
/* Given out in one call; the rest stays ready for the next. */
#define EVENTS_ONCE 65536
#define EVENTS_FEW  64 /* without an allocation */

_Static_assert(sizeof(struct epoll_result) == 12, "struct epoll_event");

long sys_epoll_create1(struct task *t, int flags)
{
	struct file *file;
	int ret;

	if (flags & ~EPOLL_CLOEXEC)
		return -EINVAL;
	ret = epoll_file_new(&file);
	if (ret < 0)
		return ret;
	return fd_install(t, file, flags & EPOLL_CLOEXEC);
}

long sys_epoll_create(struct task *t, int size)
{
	return size <= 0 ? -EINVAL : sys_epoll_create1(t, 0);
}

static long control(struct task *t, struct file *epoll, struct file *file,
	int op, int fd, struct epoll_result *event)
{
	/* Linux looks at what is watched first. */
	if (!file->ops->poll)
		return -EPERM;
	if (epoll == file || !file_is_epoll(epoll))
		return -EINVAL;
	if (!cred_capable(t->cred, CAP_BLOCK_SUSPEND))
		event->events &= ~(uint32_t)EPOLLWAKEUP;
	switch (op) {
	case EPOLL_CTL_ADD:
		return epoll_add(epoll, file, fd, event->events, event->data);
	case EPOLL_CTL_MOD:
		return epoll_modify(
			epoll, file, fd, event->events, event->data);
	case EPOLL_CTL_DEL:
		return epoll_remove(epoll, file, fd);
	default:
		return -EINVAL;
	}
}

long sys_epoll_ctl(struct task *t, int epfd, int op, int fd, uaddr_t event_addr)
{
	struct epoll_result event = {0};
	struct file *epoll, *file = NULL;
	long ret = -EBADF;

	if (op != EPOLL_CTL_DEL && get_user(t->mm, &event, event_addr) < 0)
		return -EFAULT;
	epoll = fd_get(t, epfd);
	if (epoll)
		file = fd_get(t, fd);
	if (file)
		ret = control(t, epoll, file, op, fd, &event);
	file_put(file);
	file_put(epoll);
	return ret;
}

/* ---- Waiting ----------------------------------------------------------- */

static long give_events(struct task *t, struct file *epoll, uaddr_t out,
	struct epoll_result *buf, size_t count)
{
	size_t n = epoll_collect(epoll, buf, count);

	if (n && copy_out(t->mm, out, buf, n * sizeof(*buf)) < 0)
		return -EFAULT;
	return (long)n;
}

static long take_events(
	struct task *t, struct file *epoll, uaddr_t out, size_t count)
{
	struct epoll_result few[EVENTS_FEW];
	struct epoll_result *many;
	long ret;

	count = MIN(count, epoll_ready_count(epoll, EVENTS_ONCE));
	if (count <= EVENTS_FEW)
		return give_events(t, epoll, out, few, count);
	many = alloc_array(count, sizeof(*many));
	if (!many)
		return -ENOMEM;
	ret = give_events(t, epoll, out, many, count);
	free(many);
	return ret;
}

static long wait_for_events(struct task *t, struct file *epoll, uaddr_t out,
	int count, int64_t timeout_ns)
{
	long ret = take_events(t, epoll, out, (size_t)count);

	if (ret)
		return ret;
	if (timeout_ns == 0 || t->call.timed_out)
		return 0;
	if (timeout_ns > 0)
		call_set_timeout(t, timeout_ns);
	return call_wait_file(t, epoll, file_waitq(epoll), EPOLLIN, -EINTR);
}

/* timeout_ns < 0: for ever. */
static long epoll_wait_ns(
	struct task *t, int epfd, uaddr_t out, int count, int64_t timeout_ns)
{
	struct file *epoll;
	long ret = -EINVAL;

	if (count <= 0 || count > EVENTS_MAX)
		return -EINVAL;
	if (!access_ok(out, (uint64_t)count * sizeof(struct epoll_result)))
		return -EFAULT;
	epoll = call_file(t, epfd);
	if (!epoll)
		return -EBADF;
	if (file_is_epoll(epoll))
		ret = wait_for_events(t, epoll, out, count, timeout_ns);
	file_put(epoll);
	return ret;
}

static int64_t ms_to_ns(int ms)
{
	return ms < 0 ? -1 : (int64_t)ms * 1000000;
}

long sys_epoll_wait(
	struct task *t, int epfd, uaddr_t out, int count, int timeout)
{
	return epoll_wait_ns(t, epfd, out, count, ms_to_ns(timeout));
}

long sys_epoll_pwait(struct task *t, int epfd, uaddr_t out, int count,
	int timeout, uaddr_t mask, size_t mask_size)
{
	int ret = temporary_mask(t, mask, mask_size);

	if (ret < 0)
		return ret;
	return epoll_wait_ns(t, epfd, out, count, ms_to_ns(timeout));
}

long sys_epoll_pwait2(struct task *t, int epfd, uaddr_t out, int count,
	uaddr_t timeout, uaddr_t mask, size_t mask_size)
{
	struct timespec ts;
	int64_t timeout_ns = -1;
	int ret;

	if (timeout) {
		ret = timespec_in(t, timeout, &ts);
		if (ret < 0)
			return ret;
		timeout_ns = timespec_ns(&ts);
	}
	ret = temporary_mask(t, mask, mask_size);
	if (ret < 0)
		return ret;
	return epoll_wait_ns(t, epfd, out, count, timeout_ns);
}
