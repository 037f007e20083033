/*
 * Timers of any clock, one-shot or periodic: what itimers and POSIX timers
 * are made of.
 *
 * Expiry is a value of the timer's own clock. The host timer only says when to
 * look: a clock that went slower (CPU time) or was set back is waited for
 * again, and periods that passed unseen are counted.
 */
#ifndef SENTRY_TIME_CLOCK_TIMER_H
#define SENTRY_TIME_CLOCK_TIMER_H

#include "sentry/time/timer.h"

struct clock_timer {
	struct timer timer;
	int64_t (*read)(struct clock_timer *ct); /* the clock, ns */
	/* periods: at least 1, how many ended since the last call. */
	void (*expired)(struct clock_timer *ct, uint64_t periods);
	int64_t expires;  /* on its clock; 0: not armed */
	int64_t interval; /* ns; 0: once */
};

void clock_timer_init(struct clock_timer *ct,
	int64_t (*read)(struct clock_timer *ct),
	void (*expired)(struct clock_timer *ct, uint64_t periods));
/* value 0 disarms. Absolute values are of the timer's clock. -ENOMEM. */
int clock_timer_set(
	struct clock_timer *ct, int64_t value, int64_t interval, bool absolute);
void clock_timer_cancel(struct clock_timer *ct);
/* Time left, at least 1 while armed; 0 if not. */
int64_t clock_timer_left(struct clock_timer *ct);

#endif
