/*
 * What a task says about how it wants to be scheduled (sched(7)).
 *
 * These are kept, inherited and reported as Linux does; the host's scheduler
 * is not told. The platform places guest threads for speed, and a guest that
 * could raise its priority would take the host's time from others.
 */
#ifndef SENTRY_KERNEL_SCHED_H
#define SENTRY_KERNEL_SCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCHED_CPU_WORDS 16 /* 1,024 processors */

struct task_sched {
	int policy;      /* SCHED_OTHER... */
	int rt_priority; /* 1 to 99 with SCHED_FIFO and SCHED_RR, else 0 */
	int nice;        /* -20 to 19 */
	bool reset_on_fork;
	int ioprio; /* class << 13 | level; 0: none was set */
	uint64_t affinity[SCHED_CPU_WORDS];
};

/* The first task: default policy, every processor that the sandbox may use. */
void sched_init(struct task_sched *s);
/* A child or thread; honours SCHED_RESET_ON_FORK. */
void sched_inherit(struct task_sched *s, const struct task_sched *from);

/* The processors that the host lets us run on, asked once. */
const uint64_t *sched_host_affinity(void);
/* What sched_getaffinity(2) accepts at least and writes at most, in bytes. */
size_t sched_cpumask_least(void);
size_t sched_cpumask_size(void);

#endif
