/* Sleeping and timers. Clocks are read natively or in sys_clock.c. */
#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>

#include "lib/checked.h"
#include "sentry/kernel/kernel.h"
#include "sentry/kernel/posix_timer.h"
#include "sentry/mm/uaccess.h"
#include "sentry/syscalls/syscalls.h"

/* ---- Sleeping ---------------------------------------------------------- */

/*
 * A relative sleep that a signal broke off without a handler goes on where it
 * was: restart_syscall(2) with the same deadline.
 */
static long write_rest(struct task *t, int64_t deadline, uaddr_t rest)
{
	int64_t left = deadline - monotonic_now();
	struct timespec ts = timespec_of(left > 0 ? left : 0);

	return rest && put_user(t->mm, rest, &ts) < 0 ? -EFAULT : 0;
}

static long sleep_until(struct task *t, int64_t deadline, uaddr_t rest);

static long sleep_restart(struct task *t)
{
	return sleep_until(
		t, (int64_t)t->call.restart_args[0], t->call.restart_args[1]);
}

static long sleep_until(struct task *t, int64_t deadline, uaddr_t rest)
{
	long ret;

	if (t->call.timed_out)
		return 0;
	call_set_deadline(t, deadline);
	ret = call_park(t, -ERESTART_RESTARTBLOCK);
	if (ret == -EPARK)
		return ret;
	if (monotonic_now() >= deadline)
		return 0;
	t->call.restart = sleep_restart;
	t->call.restart_args[0] = (uint64_t)deadline;
	t->call.restart_args[1] = rest;
	if (write_rest(t, deadline, rest) < 0)
		return -EFAULT;
	return ret;
}

static long sleep_for(struct task *t, int64_t ns, uaddr_t rest)
{
	int64_t deadline;

	if (t->call.tries == 0) {
		if (!checked_add(monotonic_now(), ns, &deadline))
			deadline = INT64_MAX;
		t->call.progress = (uint64_t)deadline;
	}
	return sleep_until(t, (int64_t)t->call.progress, rest);
}

long sys_nanosleep(struct task *t, uaddr_t addr, uaddr_t rest)
{
	struct timespec ts;

	if (get_user(t->mm, &ts, addr) < 0)
		return -EFAULT;
	if (!timespec_valid(&ts))
		return -EINVAL;
	return sleep_for(t, timespec_ns(&ts), rest);
}

/* Until a clock other than the monotonic one shows a time: look again when
 * it could have. */
static long sleep_until_clock(struct task *t, clockid_t clock, int64_t until)
{
	int64_t left = until - task_clock_now(t, clock);

	if (left <= 0)
		return 0;
	t->call.timed_out = false;
	t->call.deadline = 0;
	call_set_timeout(t, left);
	return call_park(t, -ERESTARTNOHAND);
}

long sys_clock_nanosleep(
	struct task *t, int clock, int flags, uaddr_t addr, uaddr_t rest)
{
	struct timespec ts;
	int64_t now = task_clock_now(t, clock);

	/* A thread's own CPU time does not pass while it sleeps. */
	if (now < 0 || clock == CLOCK_THREAD_CPUTIME_ID)
		return -EINVAL;
	if (get_user(t->mm, &ts, addr) < 0)
		return -EFAULT;
	if (!timespec_valid(&ts))
		return -EINVAL;
	if (flags & TIMER_ABSTIME)
		return sleep_until_clock(t, clock, timespec_ns(&ts));
	if (clock != CLOCK_PROCESS_CPUTIME_ID)
		return sleep_for(t, timespec_ns(&ts), rest);
	if (t->call.tries == 0)
		t->call.progress = (uint64_t)(now + timespec_ns(&ts));
	return sleep_until_clock(t, clock, (int64_t)t->call.progress);
}

/* ---- Interval timers --------------------------------------------------- */

static int64_t timeval_ns(const struct timeval *tv)
{
	struct timespec ts = {tv->tv_sec, tv->tv_usec * 1000};

	return timespec_ns(&ts);
}

/* Rounded up: a timer that runs never shows zero (setitimer(2)). */
static struct timeval timeval_of(int64_t ns)
{
	int64_t us = (ns + 999) / 1000;

	return (struct timeval){us / 1000000, us % 1000000};
}

static bool timeval_valid(const struct timeval *tv)
{
	return tv->tv_sec >= 0 && tv->tv_usec >= 0 && tv->tv_usec < 1000000;
}

static struct itimerval itimer_value(struct clock_timer *ct)
{
	return (struct itimerval){
		.it_interval = timeval_of(ct->interval),
		.it_value = timeval_of(clock_timer_left(ct)),
	};
}

long sys_getitimer(struct task *t, int which, uaddr_t addr)
{
	struct clock_timer *ct;
	struct itimerval value;

	if (which < 0 || which > ITIMER_PROF)
		return -EINVAL;
	ct = itimer_get(t->tg, which);
	if (!ct)
		return -ENOMEM;
	value = itimer_value(ct);
	return put_user(t->mm, addr, &value);
}

long sys_setitimer(
	struct task *t, int which, uaddr_t new_addr, uaddr_t old_addr)
{
	struct itimerval new = {0}, old;
	struct clock_timer *ct;

	if (new_addr && get_user(t->mm, &new, new_addr) < 0)
		return -EFAULT;
	if (which < 0 || which > ITIMER_PROF || !timeval_valid(&new.it_value) ||
		!timeval_valid(&new.it_interval))
		return -EINVAL;
	ct = itimer_get(t->tg, which);
	if (!ct)
		return -ENOMEM;
	old = itimer_value(ct);
	if (clock_timer_set(ct, timeval_ns(&new.it_value),
		    timeval_ns(&new.it_interval), false) < 0)
		return -ENOMEM;
	return old_addr ? put_user(t->mm, old_addr, &old) : 0;
}

long sys_alarm(struct task *t, unsigned int seconds)
{
	struct clock_timer *ct = itimer_get(t->tg, ITIMER_REAL);
	int64_t left;

	if (!ct)
		return 0;
	left = clock_timer_left(ct);
	clock_timer_set(ct, seconds * NSEC_PER_SEC, 0, false);
	/* Rounded to the nearest second, but never to none. */
	if (left && left < NSEC_PER_SEC)
		return 1;
	return (left + NSEC_PER_SEC / 2) / NSEC_PER_SEC;
}

/* ---- POSIX timers ------------------------------------------------------ */

struct abi_sigevent {
	uint64_t value;
	int32_t signo;
	int32_t notify;
	int32_t tid;
	char pad[44];
};

static long check_sigevent(struct task *t, const struct abi_sigevent *event)
{
	struct task *target;
	bool ours;

	switch (event->notify) {
	case SIGEV_NONE:
		return 0;
	case SIGEV_SIGNAL:
	case SIGEV_THREAD:
		break;
	case SIGEV_THREAD_ID:
		target = task_find(event->tid);
		ours = target && target->tg == t->tg;
		task_put(target);
		if (!ours)
			return -EINVAL;
		break;
	default:
		return -EINVAL;
	}
	return event->signo > 0 && event->signo <= NSIG_GUEST ? 0 : -EINVAL;
}

long sys_timer_create(
	struct task *t, int clock, uaddr_t event_addr, uaddr_t id_addr)
{
	struct abi_sigevent event = {
		.signo = SIGALRM,
		.notify = SIGEV_SIGNAL,
	};
	struct posix_timer *timer;
	long ret;

	if (event_addr && get_user(t->mm, &event, event_addr) < 0)
		return -EFAULT;
	if (task_clock_now(t, clock) < 0)
		return -EINVAL;
	ret = check_sigevent(t, &event);
	if (ret < 0)
		return ret;
	ret = posix_timer_create(t, clock, event.notify, event.signo,
		event.value, event.tid, &timer);
	if (ret < 0)
		return ret;
	if (!event_addr)
		timer->value = (uint64_t)timer->id;
	ret = put_user(t->mm, id_addr, &timer->id);
	if (ret < 0)
		posix_timer_destroy(timer);
	return ret;
}

static struct itimerspec timer_value(struct posix_timer *timer)
{
	return (struct itimerspec){
		.it_interval = timespec_of(timer->ct.interval),
		.it_value = timespec_of(clock_timer_left(&timer->ct)),
	};
}

long sys_timer_settime(
	struct task *t, int id, int flags, uaddr_t new_addr, uaddr_t old_addr)
{
	struct posix_timer *timer;
	struct itimerspec new, old;

	if (!new_addr)
		return -EINVAL;
	if (get_user(t->mm, &new, new_addr) < 0)
		return -EFAULT;
	if (!timespec_valid(&new.it_value) || !timespec_valid(&new.it_interval))
		return -EINVAL;
	timer = posix_timer_find(t->tg, id);
	if (!timer)
		return -EINVAL;
	old = timer_value(timer);
	timer->overrun = 0;
	timer->last_overrun = 0;
	if (clock_timer_set(&timer->ct, timespec_ns(&new.it_value),
		    timespec_ns(&new.it_interval), flags & TIMER_ABSTIME) < 0)
		return -ENOMEM;
	return old_addr ? put_user(t->mm, old_addr, &old) : 0;
}

long sys_timer_gettime(struct task *t, int id, uaddr_t addr)
{
	struct posix_timer *timer = posix_timer_find(t->tg, id);
	struct itimerspec value;

	if (!timer)
		return -EINVAL;
	value = timer_value(timer);
	return put_user(t->mm, addr, &value);
}

long sys_timer_getoverrun(struct task *t, int id)
{
	struct posix_timer *timer = posix_timer_find(t->tg, id);

	return timer ? timer->last_overrun : -EINVAL;
}

long sys_timer_delete(struct task *t, int id)
{
	struct posix_timer *timer = posix_timer_find(t->tg, id);

	if (!timer)
		return -EINVAL;
	posix_timer_destroy(timer);
	return 0;
}
