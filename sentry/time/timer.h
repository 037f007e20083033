/*
 * Kernel timers: a heap on one host timer.
 *
 * A timer fires once, in the event thread, with the kernel lock held. Arming
 * one again moves it. Deadlines are CLOCK_MONOTONIC nanoseconds; clock_now()
 * reads any host clock.
 */
#ifndef SENTRY_TIME_TIMER_H
#define SENTRY_TIME_TIMER_H

#include <stdbool.h>
#include <stddef.h>

#include <stdint.h>
#include <time.h>

#define NSEC_PER_SEC INT64_C(1000000000)

struct timer {
	int64_t deadline; /* monotonic nanoseconds */
	void (*fire)(struct timer *timer);
	size_t slot; /* in the heap, from 1; 0 when not armed */
};

int timers_open(void); /* once, after evloop_open(); 0 or -errno */

void timer_init(struct timer *timer, void (*fire)(struct timer *timer));
/* A deadline in the past fires soon, not inside this call. -ENOMEM. */
int timer_arm(struct timer *timer, int64_t deadline);
void timer_cancel(struct timer *timer); /* fire() will not run afterwards */
static inline bool timer_armed(const struct timer *timer)
{
	return timer->slot != 0;
}

int64_t clock_now(clockid_t clock); /* nanoseconds; 0 if it cannot be read */
/* Nanoseconds of a valid timespec; saturates. */
static inline int64_t timespec_ns(const struct timespec *ts)
{
	if (ts->tv_sec >= INT64_MAX / NSEC_PER_SEC)
		return INT64_MAX;
	return ts->tv_sec * NSEC_PER_SEC + ts->tv_nsec;
}

static inline struct timespec timespec_of(int64_t ns)
{
	return (struct timespec){
		.tv_sec = ns / NSEC_PER_SEC,
		.tv_nsec = ns % NSEC_PER_SEC,
	};
}

static inline bool timespec_valid(const struct timespec *ts)
{
	return ts->tv_sec >= 0 && ts->tv_nsec >= 0 &&
	       ts->tv_nsec < NSEC_PER_SEC;
}

static inline int64_t monotonic_now(void)
{
	return clock_now(CLOCK_MONOTONIC);
}

#endif
