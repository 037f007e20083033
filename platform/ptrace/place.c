/*
 * On which processor guests and tracer run.
 *
 * A stop hands over from the guest to the tracer and back, and waking an idle
 * processor for that costs several times the rest: as long as one guest thread
 * runs at a time, everything is kept on one processor. When several run beside
 * each other for some milliseconds, and are not just busy with stops, they are
 * let go; when one is left alone again, they are gathered again.
 *
 * The processor they were gathered on may be wanted by others while the next
 * one is idle, which we cannot see. So they are let go every now and then in
 * any case, for as long as it takes to see that they are still alone: then the
 * host puts them where it is best.
 *
 * A thread that waits in a native futex call does not run, where we know it.
 */
#include "platform/ptrace/ptrace.h"

#include <sched.h>
#include <sys/syscall.h>
#include <time.h>

#include "lib/log.h"

#define ALONE_STOPS 32 /* stops in a row with one guest thread running */
#define GATHERED_MS 50 /* for how long they are kept together */
#define CROWD_MS    5  /* how long several may share the processor... */
#define CROWD_STOPS                                                            \
	100 /* ...if they stop less often than this in that time               \
	     */

void place_open(struct tracer *p)
{
	p->may_place = sched_getaffinity(0, sizeof(p->allowed), &p->allowed) ==
			       0 &&
		       CPU_COUNT(&p->allowed) > 1;
}

static bool place(struct tracer *p, pid_t tid)
{
	return sched_setaffinity(tid, sizeof(cpu_set_t),
		       p->gathered ? &p->one : &p->allowed) == 0;
}

void place_left(struct tracee *t)
{
	struct tracer *p = t->platform;

	if (t->gathered != p->gathered && place(p, t->base.host_tid))
		t->gathered = p->gathered;
	t->runs = t->work != WORK_NATIVE || t->nr != SYS_futex;
	if (t->runs)
		p->running++;
}

void place_stopped(struct tracee *t)
{
	if (t->runs)
		t->platform->running--;
	t->runs = false;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void set_gathered(struct tracer *p, bool gathered)
{
	p->gathered = gathered;
	p->alone = 0;
	if (gathered) {
		p->gathered_at = now_ms();
		CPU_ZERO(&p->one);
		CPU_SET(sched_getcpu(), &p->one);
	}
	if (!place(p, p->tid)) {
		p->gathered = p->may_place = false;
		return;
	}
	/* The stopped ones follow when they are let go. */
	for (size_t i = 0; i < TRACEE_BUCKETS; i++)
		for (struct tracee *t = p->buckets[i]; t != NULL;
			t = t->hash_next)
			if (!t->host_stopped && t->gathered != gathered &&
				place(p, t->base.host_tid))
				t->gathered = gathered;
}

void place_review(struct tracer *p)
{
	if (!p->may_place)
		return;
	p->stops++;
	if (p->running > 1) {
		p->alone = 0;
		if (p->gathered && !p->crowded) {
			p->crowded = true;
			p->crowded_since = p->stops;
			loop_arm(p, CROWD_MS);
		}
	} else if (!p->gathered && ++p->alone >= ALONE_STOPS) {
		set_gathered(p, true);
	}
	/* Not while nothing runs: waiting costs nothing. */
	if (p->gathered && p->running > 0)
		loop_arm(p, GATHERED_MS);
}

void place_tick(struct tracer *p)
{
	bool crowded = p->crowded && p->running > 1 &&
		       p->stops - p->crowded_since < CROWD_STOPS;

	p->crowded = false;
	if (p->gathered &&
		(crowded || now_ms() - p->gathered_at >= GATHERED_MS))
		set_gathered(p, false);
}
