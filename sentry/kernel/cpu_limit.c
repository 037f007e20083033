/*
 * RLIMIT_CPU: SIGXCPU at the soft limit and each second from there on, SIGKILL
 * at the hard one (getrlimit(2)).
 *
 * A timer on the process's own time watches the nearer of the two.
 */
#include <signal.h>
#include <sys/resource.h>

#include "lib/checked.h"
#include "sentry/kernel/kernel.h"
#include "sentry/kernel/usage.h"

static int64_t read_used(struct clock_timer *ct)
{
	const struct thread_group *tg = container_of(
		ct, struct thread_group, cpu_limit);

	return group_cpu_clock(tg, CPU_CLOCK_SCHED);
}

static void expired(struct clock_timer *ct, uint64_t periods)
{
	struct thread_group *tg = container_of(
		ct, struct thread_group, cpu_limit);
	struct guest_rlimit *limit = &tg->rlimits[RLIMIT_CPU];
	uint64_t used = (uint64_t)(read_used(ct) / NSEC_PER_SEC);
	struct guest_siginfo info = {.code = SI_KERNEL};

	if (used >= limit->max) {
		signal_send_group(tg, SIGKILL, &info);
		return;
	}
	/* As Linux, the soft limit moves on, and reads back so. */
	if (used >= limit->cur) {
		limit->cur = used + 1;
		signal_send_group(tg, SIGXCPU, &info);
	}
	cpu_limit_changed(tg);
}

void cpu_limit_init(struct thread_group *tg)
{
	clock_timer_init(&tg->cpu_limit, read_used, expired);
}

int cpu_limit_changed(struct thread_group *tg)
{
	const struct guest_rlimit *limit = &tg->rlimits[RLIMIT_CPU];
	uint64_t seconds = MIN(limit->cur, limit->max);

	if (seconds >= (uint64_t)(INT64_MAX / NSEC_PER_SEC)) {
		clock_timer_cancel(&tg->cpu_limit);
		return 0;
	}
	/* Linux: 0 is taken for a second. */
	return clock_timer_set(&tg->cpu_limit,
		(int64_t)MAX(seconds, (uint64_t)1) * NSEC_PER_SEC, 0, true);
}

void cpu_limit_cancel(struct thread_group *tg)
{
	clock_timer_cancel(&tg->cpu_limit);
}
