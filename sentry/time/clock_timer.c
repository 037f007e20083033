/* Timers of any clock. */
#include "sentry/time/clock_timer.h"

#include <errno.h>

#include "lib/checked.h"
#include "lib/list.h"

static int arm(struct clock_timer *ct)
{
	int64_t left = ct->expires - ct->read(ct);
	int64_t deadline;

	if (left < 0)
		left = 0;
	if (!checked_add(monotonic_now(), left, &deadline))
		deadline = INT64_MAX;
	return timer_arm(&ct->timer, deadline);
}

static void fire(struct timer *timer)
{
	struct clock_timer *ct = container_of(timer, struct clock_timer, timer);
	int64_t now = ct->read(ct);
	uint64_t periods = 1;

	if (ct->expires == 0)
		return;
	if (now < ct->expires) {
		arm(ct);
		return;
	}
	if (ct->interval == 0) {
		ct->expires = 0;
	} else {
		periods += (uint64_t)(now - ct->expires) /
			   (uint64_t)ct->interval;
		if (__builtin_add_overflow(ct->expires,
			    (int64_t)periods * ct->interval, &ct->expires))
			ct->expires = INT64_MAX;
		arm(ct);
	}
	ct->expired(ct, periods);
}

void clock_timer_init(struct clock_timer *ct,
	int64_t (*read)(struct clock_timer *ct),
	void (*expired)(struct clock_timer *ct, uint64_t periods))
{
	timer_init(&ct->timer, fire);
	ct->read = read;
	ct->expired = expired;
	ct->expires = 0;
	ct->interval = 0;
}

int clock_timer_set(
	struct clock_timer *ct, int64_t value, int64_t interval, bool absolute)
{
	clock_timer_cancel(ct);
	ct->interval = interval;
	if (value == 0)
		return 0;
	if (!absolute && !checked_add(ct->read(ct), value, &value))
		value = INT64_MAX;
	ct->expires = value > 0 ? value : 1;
	return arm(ct);
}

void clock_timer_cancel(struct clock_timer *ct)
{
	timer_cancel(&ct->timer);
	ct->expires = 0;
}

int64_t clock_timer_left(struct clock_timer *ct)
{
	if (ct->expires == 0)
		return 0;
	return MAX(ct->expires - ct->read(ct), (int64_t)1);
}
