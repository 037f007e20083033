/*
 * timerfd_create(2).
 *
 * The expiry is kept in the time of the timer's own clock; the kernel timer
 * only says when to look. After an expiry a periodic timer is armed again by
 * the read that takes it, which also counts the periods that went by: so an
 * interval of a nanosecond costs nothing.
 *
 * Linux: TFD_TIMER_CANCEL_ON_SET has no effect: nobody in here can set the
 * clock, and of the host's changes we hear nothing.
 */
#include "sentry/fs/anon/anon.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "lib/checked.h"
#include "sentry/vfs/vfs.h"

struct timerfd {
	clockid_t clock;  /* to read with */
	int64_t next;     /* of that clock; 0: stopped */
	int64_t interval; /* 0: once */
	bool expired;     /* and not read: the kernel timer is not armed */
	struct timer timer;
	struct waitq waitq;
};

/* An alarm clock differs only in waking a sleeping machine. */
static clockid_t readable_clock(clockid_t clock)
{
	switch (clock) {
	case CLOCK_REALTIME_ALARM:
		return CLOCK_REALTIME;
	case CLOCK_BOOTTIME_ALARM:
		return CLOCK_BOOTTIME;
	default:
		return clock;
	}
}

static int arm(struct timerfd *tf)
{
	int64_t left = tf->next - clock_now(tf->clock);
	int64_t deadline;

	if (__builtin_add_overflow(monotonic_now(), left, &deadline))
		deadline = INT64_MAX;
	return timer_arm(&tf->timer, deadline);
}

/* Has it expired, whether the kernel timer has told already or not? */
static bool look(struct timerfd *tf)
{
	if (!tf->next || tf->expired)
		return tf->expired;
	if (clock_now(tf->clock) < tf->next)
		return false;
	timer_cancel(&tf->timer);
	tf->expired = true;
	return true;
}

static void fire(struct timer *timer)
{
	struct timerfd *tf = container_of(timer, struct timerfd, timer);

	/* The real-time clock may have been set back meanwhile. */
	if (look(tf))
		waitq_wake(&tf->waitq, EPOLLIN);
	else
		arm(tf);
}

/* Takes an expiry: how many periods have ended, and on to the next one. */
static uint64_t take(struct timerfd *tf)
{
	int64_t late = clock_now(tf->clock) - tf->next;
	uint64_t ticks = 1;

	tf->expired = false;
	if (!tf->interval) {
		tf->next = 0;
		return ticks;
	}
	if (late > 0)
		ticks += (uint64_t)(late / tf->interval);
	tf->next += (int64_t)ticks * tf->interval;
	arm(tf);
	return ticks;
}

static ssize_t timerfd_read(struct file *file, struct uio *uio, off_t *off)
{
	struct timerfd *tf = file->priv;
	uint64_t ticks;

	if (uio->left < sizeof(ticks))
		return -EINVAL;
	if (!look(tf))
		return -EAGAIN;
	ticks = take(tf);
	if (uio_copy_out(uio, &ticks, sizeof(ticks)) != sizeof(ticks))
		return -EFAULT;
	return sizeof(ticks);
}

static uint32_t timerfd_poll(struct file *file)
{
	return look(file->priv) ? EPOLLIN : 0;
}

static struct waitq *timerfd_waitq(struct file *file)
{
	struct timerfd *tf = file->priv;

	return &tf->waitq;
}

static void timerfd_release(struct file *file)
{
	struct timerfd *tf = file->priv;

	timer_cancel(&tf->timer);
	waitq_finish(&tf->waitq);
	free(tf);
}

static size_t timerfd_fdinfo(struct file *file, char *buf, size_t size)
{
	struct timerfd *tf = file->priv;
	int64_t value, interval;
	int n;

	timerfd_get(file, &value, &interval);
	n = snprintf(buf, size,
		"clockid: %d\nticks: %d\nsettime flags: 0%o\n"
		"it_value: (%" PRId64 ", %" PRId64 ")\n"
		"it_interval: (%" PRId64 ", %" PRId64 ")\n",
		tf->clock, look(tf), 0, value / NSEC_PER_SEC,
		value % NSEC_PER_SEC, interval / NSEC_PER_SEC,
		interval % NSEC_PER_SEC);
	return n < 0 || (size_t)n >= size ? 0 : (size_t)n;
}

static const struct file_ops timerfd_ops = {
	.read = timerfd_read,
	.poll = timerfd_poll,
	.waitq = timerfd_waitq,
	.release = timerfd_release,
	.show_fdinfo = timerfd_fdinfo,
	.seek = file_noop_seek,
	.no_seek = true,
};

bool file_is_timerfd(const struct file *file)
{
	return file->ops == &timerfd_ops;
}

int timerfd_set(
	struct file *file, int64_t value, int64_t interval, bool absolute)
{
	struct timerfd *tf = file->priv;

	timer_cancel(&tf->timer);
	tf->expired = false;
	tf->interval = interval;
	tf->next = value;
	if (!value)
		return 0;
	if (!absolute &&
		__builtin_add_overflow(clock_now(tf->clock), value, &tf->next))
		tf->next = INT64_MAX;
	return arm(tf);
}

void timerfd_get(struct file *file, int64_t *value, int64_t *interval)
{
	struct timerfd *tf = file->priv;
	int64_t left, now = clock_now(tf->clock);

	*interval = tf->interval;
	*value = 0;
	if (!tf->next)
		return;
	left = tf->next - now;
	/* A periodic one that has expired is on its way to the next. */
	if (left <= 0 && tf->interval)
		left = tf->interval - (now - tf->next) % tf->interval;
	*value = left > 0 ? left : 0;
}

int timerfd_file_new(clockid_t clock, unsigned int flags, struct file **out)
{
	struct inode *inode = inode_new_anonymous(0600);
	struct timerfd *tf = alloc_zero(tf);
	int ret = -ENOMEM;

	if (inode && tf) {
		tf->clock = readable_clock(clock);
		timer_init(&tf->timer, fire);
		waitq_init(&tf->waitq);
		ret = file_new_anonymous("anon_inode:[timerfd]", inode,
			&timerfd_ops, O_RDWR | flags, tf, out);
	}
	if (ret < 0)
		free(tf);
	inode_put(inode);
	return ret;
}
