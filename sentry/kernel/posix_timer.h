/*
 * Interval timers (setitimer(2)) and POSIX timers (timer_create(2)) of a
 * process. They end with it; exec deletes the POSIX ones.
 */
#ifndef SENTRY_KERNEL_POSIX_TIMER_H
#define SENTRY_KERNEL_POSIX_TIMER_H

#include "sentry/kernel/task.h"
#include "sentry/time/clock_timer.h"

#define POSIX_TIMERS_MAX 1024 /* of one process; RLIMIT_SIGPENDING too */

struct posix_timer {
	struct clock_timer ct;
	struct list node;
	struct thread_group *tg; /* borrowed: it is on its list */
	int id;
	clockid_t clock;
	int notify; /* SIGEV_ */
	int signo;
	uint64_t value;
	int target_tid; /* SIGEV_THREAD_ID */
	uint64_t overrun;
	int last_overrun;
};

/* One timer of setitimer(2); made on first use. -ENOMEM: NULL. */
struct itimer {
	struct clock_timer ct;
	struct thread_group *tg;
	int which;
};

struct clock_timer *itimer_get(struct thread_group *tg, int which);

/* -EAGAIN at a limit, -ENOMEM; the clock was checked. */
int posix_timer_create(struct task *t, clockid_t clock, int notify, int signo,
	uint64_t value, int target_tid, struct posix_timer **out);
struct posix_timer *posix_timer_find(struct thread_group *tg, int id);
void posix_timer_destroy(struct posix_timer *timer);
/* A queued SI_TIMER signal is taken: fills in its overrun count. */
void posix_timer_delivered(struct thread_group *tg, struct guest_siginfo *info);
/* A clock of t's as timer_create(2) and clock_nanosleep(2) take it: now in
 * nanoseconds, or -1 for no such clock. */
int64_t task_clock_now(struct task *t, clockid_t clock);

#endif
