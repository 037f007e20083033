/*
 * The processor time of living guests, as the host counts it.
 */
#ifndef SENTRY_KERNEL_USAGE_H
#define SENTRY_KERNEL_USAGE_H

#include <stdint.h>
#include <sys/types.h>

struct rusage;
struct task;
struct task_usage;
struct thread_group;

/* Which clock of a process: the numbers of the kernel's clock ids. */
enum cpu_clock { CPU_CLOCK_PROF, CPU_CLOCK_VIRT, CPU_CLOCK_SCHED };

struct cpu_times {
	uint64_t user_us, system_us;
};

/* Nanoseconds of all threads of the process, dead ones included. */
int64_t group_cpu_clock(const struct thread_group *tg, enum cpu_clock which);
struct cpu_times group_cpu_times(const struct thread_group *tg);

/* As getrusage(2) and wait4(2) give it. */
void usage_to_rusage(struct rusage *out, const struct task_usage *usage);

#endif
