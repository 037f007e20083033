/*
 * The processor time of living guests.
 *
 * A guest's thread is a host thread, so the host has counted. Its clock ids
 * encode a process id and need no right but to see that id, which the sentry
 * has in its own pid namespace; one thread's time is told only inside its
 * process (sys_clock_gettime(), sys_getrusage()). The time that the sentry
 * spends on a guest's calls is the sentry's.
 */
#include "sentry/kernel/usage.h"

#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "sentry/kernel/task.h"

static int64_t read_clock(pid_t id, int bits)
{
	struct timespec ts;
	clockid_t clock = (clockid_t)((~(unsigned int)id << 3) |
				      (unsigned int)bits);

	if (id <= 0 || clock_gettime(clock, &ts) < 0)
		return 0;
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

int64_t group_cpu_clock(const struct thread_group *tg, enum cpu_clock which)
{
	/* A process that is gone has left its sum. */
	if (!tg->space || tg->host_dead)
		return (int64_t)(tg->usage.utime_us +
				 (which == CPU_CLOCK_VIRT
						 ? 0
						 : tg->usage.stime_us)) *
		       1000;
	return read_clock(tg->space->host_pid, (int)which);
}

/*
 * The sum is exact; user and system time are what the host's ticks found, so
 * that only their relation is used, as Linux does (cputime_adjust()).
 */
static struct cpu_times split(int64_t sum, int64_t user, int64_t ticks)
{
	struct cpu_times times;
	uint64_t us = (uint64_t)sum / 1000;

	times.user_us = us;
	if (ticks > 0 && user < ticks)
		times.user_us = (uint64_t)((double)us * (double)user /
					   (double)ticks);
	times.system_us = us - times.user_us;
	return times;
}

struct cpu_times group_cpu_times(const struct thread_group *tg)
{
	return split(group_cpu_clock(tg, CPU_CLOCK_SCHED),
		group_cpu_clock(tg, CPU_CLOCK_VIRT),
		group_cpu_clock(tg, CPU_CLOCK_PROF));
}

static struct timeval to_timeval(uint64_t us)
{
	return (struct timeval){
		.tv_sec = (time_t)(us / 1000000),
		.tv_usec = (suseconds_t)(us % 1000000),
	};
}

void usage_to_rusage(struct rusage *out, const struct task_usage *usage)
{
	memset(out, 0, sizeof(*out));
	out->ru_utime = to_timeval(usage->utime_us);
	out->ru_stime = to_timeval(usage->stime_us);
	out->ru_maxrss = (long)usage->maxrss_kib;
	out->ru_minflt = (long)usage->minflt;
	out->ru_majflt = (long)usage->majflt;
	out->ru_inblock = (long)usage->inblock;
	out->ru_oublock = (long)usage->oublock;
	out->ru_nvcsw = (long)usage->nvcsw;
	out->ru_nivcsw = (long)usage->nivcsw;
}
