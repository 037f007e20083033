/*
 * poll, ppoll, select and pselect6.
 *
 * All four are a list of descriptors with the events that are wanted: looked
 * at once, and if nothing is true, parked on all their queues and looked at
 * again. ppoll and the selects write the time that is left back, as Linux
 * does; poll restarts after a stop by restart_syscall(2) with the rest.
 */
#include "sentry/syscalls/syscalls.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/time.h>

#include "lib/checked.h"
#include "sentry/kernel/fdtable.h"
#include "sentry/syscalls/files.h"

struct poll_item {
	int fd;
	uint32_t wanted;
	uint32_t found;
};

/* What is true now: how many items have something. */
static long scan(struct task *t, struct poll_item *items, size_t count)
{
	struct file *file;
	long ready = 0;

	for (size_t i = 0; i < count; i++) {
		items[i].found = 0;
		if (items[i].fd < 0)
			continue;
		file = fd_get(t, items[i].fd);
		if (file) {
			items[i].found = file_poll(file) &
					 (items[i].wanted | EPOLLERR |
						 EPOLLHUP);
			file_put(file);
		} else {
			items[i].found = POLLNVAL;
		}
		if (items[i].found)
			ready++;
	}
	return ready;
}

static long park(struct task *t, const struct poll_item *items, size_t count,
	long interrupted)
{
	struct waitq *q;
	struct file *file;
	int ret = 0;

	for (size_t i = 0; i < count && ret == 0; i++) {
		file = items[i].fd < 0 ? NULL : fd_get(t, items[i].fd);
		if (!file)
			continue;
		q = file_waitq(file);
		if (q)
			ret = call_wait_add(
				t, q, items[i].wanted | EPOLLERR | EPOLLHUP);
		file_put(file);
	}
	return ret < 0 ? ret : call_park(t, interrupted);
}

/* timeout_ns: 0 does not wait, < 0 waits for ever. */
static long poll_items(struct task *t, struct poll_item *items, size_t count,
	int64_t timeout_ns, long interrupted)
{
	long ready = scan(t, items, count);

	if (ready || timeout_ns == 0 || t->call.timed_out)
		return ready;
	if (timeout_ns > 0)
		call_set_timeout(t, timeout_ns);
	return park(t, items, count, interrupted);
}

/* ---- Time that is left ------------------------------------------------- */

static int64_t time_left(const struct task *t)
{
	int64_t left = t->call.deadline - monotonic_now();

	return left > 0 ? left : 0;
}

/* Is the call over, and did it have a time to count down? */
static bool tells_time(const struct task *t, long ret, uaddr_t addr)
{
	return ret != -EPARK && addr && t->call.deadline;
}

/*
 * Writes the rest back. If that fails nobody is told, but the call cannot be
 * made again with the old time.
 */
static long finish_timespec(struct task *t, long ret, uaddr_t addr)
{
	struct timespec ts;
	int64_t left;

	if (!tells_time(t, ret, addr))
		return ret;
	left = time_left(t);
	ts.tv_sec = left / NSEC_PER_SEC;
	ts.tv_nsec = left % NSEC_PER_SEC;
	if (put_user(t->mm, addr, &ts) < 0 && ret == -ERESTARTNOHAND)
		return -EINTR;
	return ret;
}

static long finish_timeval(struct task *t, long ret, uaddr_t addr)
{
	struct timeval tv;
	int64_t left;

	if (!tells_time(t, ret, addr))
		return ret;
	left = time_left(t);
	tv.tv_sec = left / NSEC_PER_SEC;
	tv.tv_usec = left % NSEC_PER_SEC / 1000;
	if (put_user(t->mm, addr, &tv) < 0 && ret == -ERESTARTNOHAND)
		return -EINTR;
	return ret;
}

/* Only the first try looks at the guest's time, which may be the rest. */
static int timeout_in(struct task *t, uaddr_t addr, int64_t *ns)
{
	struct timespec ts;
	int ret;

	*ns = -1;
	if (!addr)
		return 0;
	if (t->call.tries) {
		*ns = INT64_MAX; /* the deadline is set */
		return 0;
	}
	ret = timespec_in(t, addr, &ts);
	if (ret == 0)
		*ns = timespec_ns(&ts);
	return ret;
}

/* ---- poll -------------------------------------------------------------- */

/* Few: also what has not changed is written, so that a bad address shows. */
#define FEW 16

static int revents_out(struct task *t, uaddr_t addr, const struct pollfd *fds,
	const struct poll_item *items, size_t count)
{
	short revents;
	uaddr_t at;

	for (size_t i = 0; i < count; i++) {
		revents = (short)items[i].found;
		if (count > FEW && revents == fds[i].revents)
			continue;
		at = addr + i * sizeof(*fds) + offsetof(struct pollfd, revents);
		if (put_user(t->mm, at, &revents) < 0)
			return -EFAULT;
	}
	return 0;
}

static long poll_array(struct task *t, uaddr_t addr, struct pollfd *fds,
	size_t count, int64_t timeout_ns, long interrupted)
{
	struct poll_item *items = alloc_array(count, sizeof(*items));
	long ret = -ENOMEM;

	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		items[i].fd = fds[i].fd;
		items[i].wanted = (unsigned short)fds[i].events;
	}
	ret = poll_items(t, items, count, timeout_ns, interrupted);
	if (ret >= 0 && revents_out(t, addr, fds, items, count) < 0)
		ret = -EFAULT;
	free(items);
	return ret;
}

static long do_poll(struct task *t, uaddr_t addr, unsigned int count,
	int64_t timeout_ns, long interrupted)
{
	struct pollfd *fds;
	long ret = -EFAULT;

	if (count > task_rlimit(t, RLIMIT_NOFILE))
		return -EINVAL;
	if (!count)
		return poll_items(t, NULL, 0, timeout_ns, interrupted);
	fds = alloc_array(count, sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	if (copy_in(t->mm, fds, addr, count * sizeof(*fds)) == 0)
		ret = poll_array(t, addr, fds, count, timeout_ns, interrupted);
	free(fds);
	return ret;
}

static long poll_restartable(
	struct task *t, uaddr_t addr, unsigned int count, int64_t timeout_ns);

static long poll_restart(struct task *t)
{
	int64_t deadline = (int64_t)t->call.restart_args[2];
	int64_t left = -1;

	if (deadline) {
		left = deadline - monotonic_now();
		left = MAX(left, 0);
	}
	return poll_restartable(t, t->call.restart_args[0],
		(unsigned int)t->call.restart_args[1], left);
}

static long poll_restartable(
	struct task *t, uaddr_t addr, unsigned int count, int64_t timeout_ns)
{
	long ret = do_poll(t, addr, count, timeout_ns, -ERESTART_RESTARTBLOCK);

	if (ret == -ERESTART_RESTARTBLOCK) {
		t->call.restart = poll_restart;
		t->call.restart_args[0] = addr;
		t->call.restart_args[1] = count;
		t->call.restart_args[2] = (uint64_t)t->call.deadline;
	}
	return ret;
}

long sys_poll(struct task *t, uaddr_t fds, unsigned int count, int timeout)
{
	return poll_restartable(
		t, fds, count, timeout < 0 ? -1 : (int64_t)timeout * 1000000);
}

long sys_ppoll(struct task *t, uaddr_t fds, unsigned int count, uaddr_t timeout,
	uaddr_t mask, size_t mask_size)
{
	int64_t ns;
	long ret = timeout_in(t, timeout, &ns);

	if (ret < 0)
		return ret;
	ret = temporary_mask(t, mask, mask_size);
	if (ret < 0)
		return ret;
	ret = do_poll(t, fds, count, ns, -ERESTARTNOHAND);
	return finish_timespec(t, ret, timeout);
}

/* ---- select ------------------------------------------------------------ */

#define IN_SET                                                                 \
	((uint32_t)(EPOLLRDNORM | EPOLLRDBAND | EPOLLIN | EPOLLHUP | EPOLLERR))
#define OUT_SET ((uint32_t)(EPOLLWRBAND | EPOLLWRNORM | EPOLLOUT | EPOLLERR))
#define EX_SET  ((uint32_t)EPOLLPRI)

static const uint32_t set_events[3] = {IN_SET, OUT_SET, EX_SET};

/* The three sets of one call, each of so many words. */
struct fd_sets {
	uaddr_t addr[3]; /* 0: not given */
	uint64_t *bits[3];
	uint64_t *storage; /* owned */
	size_t words;
};

static int sets_in(struct task *t, struct fd_sets *sets, int count)
{
	sets->words = ((size_t)count + 63) / 64;
	sets->storage = alloc_array(3 * sets->words + 1, sizeof(uint64_t));
	if (!sets->storage)
		return -ENOMEM;
	for (int i = 0; i < 3; i++) {
		sets->bits[i] = sets->storage + (size_t)i * sets->words;
		if (sets->addr[i] &&
			copy_in(t->mm, sets->bits[i], sets->addr[i],
				sets->words * 8) < 0)
			return -EFAULT;
	}
	return 0;
}

static int sets_out(struct task *t, const struct fd_sets *sets)
{
	for (int i = 0; i < 3; i++) {
		if (sets->addr[i] &&
			copy_out(t->mm, sets->addr[i], sets->bits[i],
				sets->words * 8) < 0)
			return -EFAULT;
	}
	return 0;
}

static bool bit_of(const struct fd_sets *sets, int set, int fd)
{
	return sets->bits[set][fd / 64] >> (fd % 64) & 1;
}

/* One item for each descriptor in any set. -EBADF if one is not open. */
static int sets_to_items(struct task *t, const struct fd_sets *sets, int count,
	struct poll_item *items, size_t *used)
{
	*used = 0;
	for (int fd = 0; fd < count; fd++) {
		struct poll_item item = {.fd = fd};

		for (int i = 0; i < 3; i++) {
			if (bit_of(sets, i, fd))
				item.wanted |= set_events[i];
		}
		if (!item.wanted)
			continue;
		if (fd_flags(t, fd) < 0)
			return -EBADF;
		items[(*used)++] = item;
	}
	return 0;
}

/* Turns the sets into the answer; how many bits are set in it. */
static long items_to_sets(
	struct fd_sets *sets, const struct poll_item *items, size_t count)
{
	uint64_t bit;
	long total = 0;

	for (size_t n = 0; n < count; n++) {
		for (int i = 0; i < 3; i++) {
			uint64_t *word = &sets->bits[i][items[n].fd / 64];

			bit = UINT64_C(1) << (items[n].fd % 64);
			if (!(*word & bit))
				continue;
			if (items[n].found & set_events[i])
				total++;
			else
				*word &= ~bit;
		}
	}
	return total;
}

static long select_items(struct task *t, struct fd_sets *sets, int count,
	struct poll_item *items, int64_t timeout_ns)
{
	size_t used;
	long ret = sets_to_items(t, sets, count, items, &used);

	if (ret < 0)
		return ret;
	ret = poll_items(t, items, used, timeout_ns, -ERESTARTNOHAND);
	if (ret < 0)
		return ret;
	/* select(2) does not report errors that were not asked for. */
	ret = items_to_sets(sets, items, used);
	return sets_out(t, sets) < 0 ? -EFAULT : ret;
}

static long do_select(
	struct task *t, int count, const uaddr_t addr[3], int64_t timeout_ns)
{
	struct fd_sets sets = {.addr = {addr[0], addr[1], addr[2]}};
	struct poll_item *items;
	long ret;

	if (count < 0)
		return -EINVAL;
	if ((size_t)count > t->fds->size)
		count = (int)t->fds->size;
	items = alloc_array((size_t)count + 1, sizeof(*items));
	ret = items ? sets_in(t, &sets, count) : -ENOMEM;
	if (ret == 0)
		ret = select_items(t, &sets, count, items, timeout_ns);
	free(sets.storage);
	free(items);
	return ret;
}

static int timeval_in(struct task *t, uaddr_t addr, int64_t *ns)
{
	struct timeval tv;
	struct timespec ts;

	*ns = -1;
	if (!addr)
		return 0;
	if (t->call.tries) {
		*ns = INT64_MAX; /* the deadline is set */
		return 0;
	}
	if (get_user(t->mm, &tv, addr) < 0)
		return -EFAULT;
	ts.tv_nsec = tv.tv_usec % 1000000 * 1000;
	if (__builtin_add_overflow(
		    tv.tv_sec, tv.tv_usec / 1000000, &ts.tv_sec) ||
		ts.tv_sec < 0 || ts.tv_nsec < 0)
		return -EINVAL;
	*ns = timespec_ns(&ts);
	return 0;
}

long sys_select(struct task *t, int count, uaddr_t in, uaddr_t out, uaddr_t ex,
	uaddr_t timeout)
{
	const uaddr_t addr[3] = {in, out, ex};
	int64_t ns;
	long ret = timeval_in(t, timeout, &ns);

	if (ret < 0)
		return ret;
	return finish_timeval(t, do_select(t, count, addr, ns), timeout);
}

long sys_pselect6(struct task *t, int count, uaddr_t in, uaddr_t out,
	uaddr_t ex, uaddr_t timeout, uaddr_t sig)
{
	const uaddr_t addr[3] = {in, out, ex};
	struct {
		uint64_t mask;
		uint64_t size;
	} sig_arg = {0};
	int64_t ns;
	long ret;

	if (sig && get_user(t->mm, &sig_arg, sig) < 0)
		return -EFAULT;
	ret = timeout_in(t, timeout, &ns);
	if (ret < 0)
		return ret;
	ret = temporary_mask(t, sig_arg.mask, sig_arg.size);
	if (ret < 0)
		return ret;
	return finish_timespec(t, do_select(t, count, addr, ns), timeout);
}
