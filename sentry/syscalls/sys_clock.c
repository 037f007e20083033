/*
 * Reading clocks. Most readings never come here: the vDSO and the host answer
 * them. What does come is a processor-time clock of another process or thread
 * (its id is in the clock's number), an error, or a call made while everything
 * is traced. Clocks cannot be set: they are the host's.
 */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>

#include "sentry/kernel/kernel.h"
#include "sentry/kernel/task.h"
#include "sentry/kernel/usage.h"
#include "sentry/mm/uaccess.h"
#include "sentry/syscalls/syscalls.h"

#define CLOCK_LAST   CLOCK_TAI
#define CLOCK_HOLE   10 /* CLOCK_SGI_CYCLE: gone from Linux */
#define CPU_THREAD   4  /* in a negative clock id: one thread's time */
#define CPU_CLOCK_FD 3  /* a clock that is a descriptor: we have none */

static struct timespec to_timespec(int64_t ns)
{
	return (struct timespec){ns / NSEC_PER_SEC, ns % NSEC_PER_SEC};
}

static bool is_static_clock(int clock)
{
	return clock >= 0 && clock <= CLOCK_LAST && clock != CLOCK_HOLE;
}

/*
 * The task whose time a negative clock id tells, as the kernel looks it up: a
 * thread must be one of the caller's process, a process be named by its
 * leader. A new reference, or NULL: -EINVAL.
 */
static struct task *cpu_clock_task(struct task *t, int clock)
{
	int pid = ~(clock >> 3);
	struct task *target;

	if ((clock & 3) == CPU_CLOCK_FD)
		return NULL;
	if (pid == 0)
		return task_get(t);
	target = task_find(pid);
	if (target && (clock & CPU_THREAD ? target->tg != t->tg
					  : target->tg->leader != target &&
						    target != t)) {
		task_put(target);
		return NULL;
	}
	return target;
}

/* Any clock but a thread's. */
static long read_clock(struct task *t, int clock, int64_t *now)
{
	struct task *target;

	if (clock == CLOCK_PROCESS_CPUTIME_ID) {
		*now = group_cpu_clock(t->tg, CPU_CLOCK_SCHED);
	} else if (is_static_clock(clock)) {
		*now = clock_now(clock);
	} else if (clock < 0) {
		target = cpu_clock_task(t, clock);
		if (!target)
			return -EINVAL;
		*now = group_cpu_clock(target->tg, (enum cpu_clock)(clock & 3));
		task_put(target);
	} else {
		return -EINVAL;
	}
	return 0;
}

/*
 * The host tells the time of a single thread only inside its process: the
 * call is made there, with the host's number of the thread.
 */
static long read_thread_clock(struct task *t, int clock, uaddr_t addr)
{
	struct task *target = cpu_clock_task(t, clock);
	unsigned int host_clock;

	if (!target || !target->thread) {
		task_put(target);
		return -EINVAL;
	}
	host_clock = ~(unsigned int)target->thread->host_tid << 3 |
		     ((unsigned int)clock & 7);
	task_put(target);
	if (addr < STUB_WINDOW_END)
		return -EFAULT;
	return task_host_call(
		t, SYS_clock_gettime, (uint64_t[6]){host_clock, addr}, NULL);
}

long sys_clock_gettime(struct task *t, int clock, uaddr_t addr)
{
	struct timespec ts;
	int64_t now;
	long ret;

	if (clock == CLOCK_THREAD_CPUTIME_ID)
		clock = -2; /* the same by its encoded number: thread 0 */
	if (clock < 0 && clock & CPU_THREAD)
		return read_thread_clock(t, clock, addr);
	ret = read_clock(t, clock, &now);
	if (ret < 0)
		return ret;
	ts = to_timespec(now);
	return put_user(t->mm, addr, &ts);
}

long sys_clock_getres(struct task *t, int clock, uaddr_t addr)
{
	struct timespec ts = {0, 1};
	struct task *target;

	if (clock < 0) {
		target = cpu_clock_task(t, clock);
		if (!target)
			return -EINVAL;
		task_put(target);
		/* The two older kinds count in ticks. */
		if ((clock & 3) != CPU_CLOCK_SCHED)
			ts.tv_nsec = 4000000;
	} else if (!is_static_clock(clock)) {
		return -EINVAL;
	} else if (clock != CLOCK_PROCESS_CPUTIME_ID &&
		   clock != CLOCK_THREAD_CPUTIME_ID &&
		   clock_getres(clock, &ts) < 0) {
		return -EINVAL;
	}
	return addr != 0 ? put_user(t->mm, addr, &ts) : 0;
}

long sys_clock_settime(struct task *t, int clock, uaddr_t addr)
{
	struct task *target;
	struct timespec ts;

	/* The only clocks that can be set at all. */
	if (clock >= 0 && clock != CLOCK_REALTIME &&
		clock != CLOCK_PROCESS_CPUTIME_ID &&
		clock != CLOCK_THREAD_CPUTIME_ID)
		return -EINVAL;
	if (get_user(t->mm, &ts, addr) < 0)
		return -EFAULT;
	if (clock < 0) {
		target = cpu_clock_task(t, clock);
		if (!target)
			return -EINVAL;
		task_put(target);
	} else if (clock == CLOCK_REALTIME &&
		   (ts.tv_sec < 0 ||
			   (unsigned long)ts.tv_nsec >= NSEC_PER_SEC)) {
		return -EINVAL;
	}
	return -EPERM;
}

long sys_gettimeofday(struct task *t, uaddr_t tv_addr, uaddr_t tz_addr)
{
	const struct timezone tz = {0, 0};
	struct timeval tv;
	int64_t now;

	if (tv_addr != 0) {
		now = clock_now(CLOCK_REALTIME);
		tv.tv_sec = now / NSEC_PER_SEC;
		tv.tv_usec = now % NSEC_PER_SEC / 1000;
		if (put_user(t->mm, tv_addr, &tv) < 0)
			return -EFAULT;
	}
	return tz_addr != 0 ? put_user(t->mm, tz_addr, &tz) : 0;
}

long sys_settimeofday(struct task *t, uaddr_t tv_addr, uaddr_t tz_addr)
{
	struct timezone tz;
	struct timeval tv;

	if (tv_addr != 0) {
		if (get_user(t->mm, &tv, tv_addr) < 0)
			return -EFAULT;
		if (tv.tv_usec < 0 || tv.tv_usec > 1000000 || tv.tv_sec < 0)
			return -EINVAL;
	}
	if (tz_addr != 0 && get_user(t->mm, &tz, tz_addr) < 0)
		return -EFAULT;
	return -EPERM;
}

long sys_time(struct task *t, uaddr_t addr)
{
	int64_t now = clock_now(CLOCK_REALTIME) / NSEC_PER_SEC;

	if (addr != 0 && put_user(t->mm, addr, &now) < 0)
		return -EFAULT;
	return now;
}

/* ---- The clock's discipline ---------------------------------------------- */

/*
 * A clock that nobody keeps in step: the host's state is not shown, and
 * nothing can be changed.
 */
static long read_timex(struct task *t, uaddr_t addr)
{
	struct timex tx;
	struct timex out;
	int64_t now;

	if (get_user(t->mm, &tx, addr) < 0)
		return -EFAULT;
	if (tx.modes != 0 && tx.modes != ADJ_OFFSET_SS_READ)
		return -EPERM;
	memset(&out, 0, sizeof(out));
	now = clock_now(CLOCK_REALTIME);
	out.modes = tx.modes;
	out.status = STA_UNSYNC;
	out.maxerror = out.esterror = 16000000; /* NTP_PHASE_LIMIT */
	out.constant = 2;
	out.precision = 1;
	out.tolerance = 32768000; /* 500 ppm */
	out.tick = 10000;
	out.time.tv_sec = now / NSEC_PER_SEC;
	out.time.tv_usec = now % NSEC_PER_SEC / 1000;
	return put_user(t->mm, addr, &out) < 0 ? -EFAULT : TIME_ERROR;
}

long sys_adjtimex(struct task *t, uaddr_t addr)
{
	return read_timex(t, addr);
}

long sys_clock_adjtime(struct task *t, int clock, uaddr_t addr)
{
	struct timex tx;

	if (get_user(t->mm, &tx, addr) < 0)
		return -EFAULT;
	if (clock < 0 ? (clock & 3) == CPU_CLOCK_FD : !is_static_clock(clock))
		return -EINVAL;
	if (clock != CLOCK_REALTIME)
		return -EOPNOTSUPP;
	return read_timex(t, addr);
}
