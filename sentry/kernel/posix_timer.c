/*
 * Interval timers and POSIX timers.
 *
 * A timer whose signal is still queued does not queue another: it counts an
 * overrun, which the signal carries when it is taken (timer_getoverrun(2)).
 */
#include "sentry/kernel/posix_timer.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>

#include "lib/checked.h"
#include "sentry/kernel/kernel.h"
#include "sentry/kernel/usage.h"

/* ---- Clocks ------------------------------------------------------------ */

/*
 * The host tells one thread's time only within its process. Linux: a timer on
 * the CPU time of one of several threads runs on that of the process.
 */
int64_t task_clock_now(struct task *t, clockid_t clock)
{
	switch (clock) {
	case CLOCK_PROCESS_CPUTIME_ID:
	case CLOCK_THREAD_CPUTIME_ID:
		return group_cpu_clock(t->tg, CPU_CLOCK_SCHED);
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_TAI:
		return clock_now(
			clock == CLOCK_TAI ? CLOCK_TAI : CLOCK_REALTIME);
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		return clock_now(clock == CLOCK_MONOTONIC ? CLOCK_MONOTONIC
							  : CLOCK_BOOTTIME);
	default:
		return -1;
	}
}

/* ---- setitimer --------------------------------------------------------- */

static int64_t itimer_read(struct clock_timer *ct)
{
	struct itimer *itimer = container_of(ct, struct itimer, ct);

	switch (itimer->which) {
	case ITIMER_REAL:
		return monotonic_now();
	case ITIMER_VIRTUAL:
		return group_cpu_clock(itimer->tg, CPU_CLOCK_VIRT);
	default:
		return group_cpu_clock(itimer->tg, CPU_CLOCK_PROF);
	}
}

static void itimer_expired(struct clock_timer *ct, uint64_t periods)
{
	static const int signals[] = {SIGALRM, SIGVTALRM, SIGPROF};
	struct itimer *itimer = container_of(ct, struct itimer, ct);
	struct guest_siginfo info = {.code = SI_KERNEL};

	signal_send_group(itimer->tg, signals[itimer->which], &info);
}

struct clock_timer *itimer_get(struct thread_group *tg, int which)
{
	struct itimer *itimer = tg->itimers[which];

	if (itimer)
		return &itimer->ct;
	itimer = alloc_zero(itimer);
	if (!itimer)
		return NULL;
	itimer->tg = tg;
	itimer->which = which;
	clock_timer_init(&itimer->ct, itimer_read, itimer_expired);
	tg->itimers[which] = itimer;
	return &itimer->ct;
}

void itimers_destroy(struct thread_group *tg)
{
	for (int i = 0; i < 3; i++) {
		if (!tg->itimers[i])
			continue;
		clock_timer_cancel(&tg->itimers[i]->ct);
		free(tg->itimers[i]);
		tg->itimers[i] = NULL;
	}
}

/* ---- timer_create ------------------------------------------------------ */

static int64_t timer_read(struct clock_timer *ct)
{
	struct posix_timer *timer = container_of(ct, struct posix_timer, ct);
	struct task *t = timer->tg->leader;
	int64_t now = t ? task_clock_now(t, timer->clock) : 0;

	return now < 0 ? 0 : now;
}

static struct task *target_of(const struct posix_timer *timer)
{
	struct task *t;

	list_for_each(t, &timer->tg->threads,
		thread_node) if (t->pid == timer->target_tid) return t;
	return NULL;
}

static bool still_queued(
	const struct posix_timer *timer, const struct task *target)
{
	const struct sigqueue *queue = target ? &target->pending
					      : &timer->tg->pending;

	return sigqueue_has_timer(queue, timer->signo, timer->id);
}

static void timer_expired(struct clock_timer *ct, uint64_t periods)
{
	struct posix_timer *timer = container_of(ct, struct posix_timer, ct);
	struct guest_siginfo info = {
		.signo = timer->signo,
		.code = SI_TIMER,
		.timer.tid = timer->id,
		.timer.value = timer->value,
	};
	struct task *target;

	if (timer->notify == SIGEV_NONE)
		return;
	target = timer->notify == SIGEV_THREAD_ID ? target_of(timer) : NULL;
	if (timer->notify == SIGEV_THREAD_ID && !target)
		return;
	if (still_queued(timer, target)) {
		timer->overrun += periods;
		return;
	}
	timer->overrun = periods - 1;
	if (target)
		signal_send_task(target, timer->signo, &info);
	else
		signal_send_group(timer->tg, timer->signo, &info);
}

void posix_timer_delivered(struct thread_group *tg, struct guest_siginfo *info)
{
	struct posix_timer *timer;

	if (info->code != SI_TIMER)
		return;
	timer = posix_timer_find(tg, info->timer.tid);
	if (!timer)
		return;
	timer->last_overrun = (int)MIN(timer->overrun, (uint64_t)INT32_MAX);
	timer->overrun = 0;
	info->timer.overrun = timer->last_overrun;
}

int posix_timer_create(struct task *t, clockid_t clock, int notify, int signo,
	uint64_t value, int target_tid, struct posix_timer **out)
{
	struct thread_group *tg = t->tg;
	struct posix_timer *timer;
	size_t count = 0;

	list_for_each(timer, &tg->posix_timers, node) count++;
	if (count >= POSIX_TIMERS_MAX ||
		count >= task_rlimit(t, RLIMIT_SIGPENDING))
		return -EAGAIN;
	timer = alloc_zero(timer);
	if (!timer)
		return -ENOMEM;
	clock_timer_init(&timer->ct, timer_read, timer_expired);
	timer->tg = tg;
	timer->id = tg->next_timer_id++ & INT32_MAX;
	timer->clock = clock;
	timer->notify = notify;
	timer->signo = signo;
	timer->value = value;
	timer->target_tid = target_tid;
	list_add_tail(&tg->posix_timers, &timer->node);
	*out = timer;
	return 0;
}

struct posix_timer *posix_timer_find(struct thread_group *tg, int id)
{
	struct posix_timer *timer;

	list_for_each(timer, &tg->posix_timers,
		node) if (timer->id == id) return timer;
	return NULL;
}

void posix_timer_destroy(struct posix_timer *timer)
{
	clock_timer_cancel(&timer->ct);
	list_del(&timer->node);
	free(timer);
}

void posix_timers_destroy(struct thread_group *tg)
{
	struct posix_timer *timer, *next;

	list_for_each_safe(timer, next, &tg->posix_timers, node)
		posix_timer_destroy(timer);
}
