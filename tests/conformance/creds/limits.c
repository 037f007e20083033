/* Resource limits, usage, priorities and scheduling. */
#include "tests/conformance/harness.h"

CASE(limits_are_set_told_and_inherited)
{
	struct rlimit limit = {100, 200};
	struct rlimit got;
	pid_t pid;

	EXPECT_OK(setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_OK(getrlimit(RLIMIT_NOFILE, &got));
	EXPECT_EQ(got.rlim_cur, 100);
	EXPECT_EQ(got.rlim_max, 200);
	pid = conf_fork();
	if (pid == 0) {
		MUST(getrlimit(RLIMIT_NOFILE, &got));
		_exit(got.rlim_cur != 100);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
}

CASE(errors)
{
	struct rlimit limit = {10, 5};

	EXPECT_ERRNO(setrlimit(RLIMIT_NOFILE, &limit), EINVAL);
	EXPECT_ERRNO(getrlimit(99, &limit), EINVAL);
	EXPECT_ERRNO(setrlimit(99, &limit), EINVAL);
	EXPECT_ERRNO(
		syscall(SYS_getrlimit, RLIMIT_NOFILE, conf_unmapped()), EFAULT);
	EXPECT_ERRNO(
		syscall(SYS_setrlimit, RLIMIT_NOFILE, conf_unmapped()), EFAULT);
}

CASE_USER(hard_limit_cannot_rise)
{
	struct rlimit limit = {50, 50};

	EXPECT_OK(setrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_max = 51;
	EXPECT_ERRNO(setrlimit(RLIMIT_NOFILE, &limit), EPERM);
	limit.rlim_cur = 10;
	limit.rlim_max = 50;
	EXPECT_OK(setrlimit(RLIMIT_NOFILE, &limit));
}

CASE(prlimit_changes_and_tells_the_old)
{
	struct rlimit limit = {0, 0};
	struct rlimit old;
	pid_t pid = conf_fork();

	if (pid == 0)
		for (;;)
			pause();
	EXPECT_OK(prlimit(pid, RLIMIT_CORE, &limit, &old));
	EXPECT_OK(prlimit(pid, RLIMIT_CORE, NULL, &old));
	EXPECT_EQ(old.rlim_cur, 0);
	EXPECT_ERRNO(prlimit(0x7ffffff0, RLIMIT_CORE, NULL, &old), ESRCH);
	kill(pid, SIGKILL);
	conf_wait(pid);
}

CASE_SLOW(cpu_limit_signals_then_kills, 8)
{
	struct rlimit limit = {1, 2};
	pid_t pid = conf_fork();
	int status;

	if (pid == 0) {
		MUST(setrlimit(RLIMIT_CPU, &limit));
		for (volatile long i = 0;; i++)
			;
	}
	status = conf_wait(pid);
	EXPECT_EQ(status & 0x7f, SIGXCPU);
}

CASE_USER(process_limit_is_eagain)
{
	struct rlimit limit = {1, 1};

	MUST(setrlimit(RLIMIT_NPROC, &limit));
	EXPECT_ERRNO(fork(), EAGAIN);
}

CASE(usage_of_self_and_thread)
{
	struct rusage a;

	EXPECT_OK(getrusage(RUSAGE_SELF, &a));
	EXPECT(a.ru_maxrss > 0);
	EXPECT_OK(getrusage(RUSAGE_THREAD, &a));
	EXPECT_OK(getrusage(RUSAGE_CHILDREN, &a));
	EXPECT_EQ(a.ru_utime.tv_sec, 0);
	EXPECT_ERRNO(getrusage(5, &a), EINVAL);
	EXPECT_ERRNO(getrusage(RUSAGE_SELF, conf_unmapped()), EFAULT);
}

CASE(nice_values_are_kept_per_process)
{
	pid_t pid = conf_fork();

	if (pid == 0) {
		EXPECT_EQ(getpriority(PRIO_PROCESS, 0), 0);
		EXPECT_OK(setpriority(PRIO_PROCESS, 0, 5));
		EXPECT_EQ(getpriority(PRIO_PROCESS, 0), 5);
		EXPECT_EQ(syscall(SYS_getpriority, PRIO_PROCESS, 0), 15);
		EXPECT_OK(setpriority(PRIO_PROCESS, 0, 100));
		EXPECT_EQ(getpriority(PRIO_PROCESS, 0), 19);
		_exit(0);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
	EXPECT_EQ(getpriority(PRIO_PROCESS, 0), 0);
}

CASE(priority_errors)
{
	EXPECT_ERRNO(setpriority(9, 0, 0), EINVAL);
	EXPECT_ERRNO(getpriority(PRIO_PROCESS, 0x7ffffff0), ESRCH);
	EXPECT_ERRNO(getpriority(-1, 0), EINVAL);
}

CASE_USER(nice_cannot_be_lowered)
{
	EXPECT_ERRNO(setpriority(PRIO_PROCESS, 0, -5), EACCES);
	EXPECT_OK(setpriority(PRIO_PROCESS, 0, 3));
	EXPECT_ERRNO(setpriority(PRIO_PROCESS, 0, 2), EACCES);
}

CASE(scheduling_policy_is_other)
{
	struct sched_param p = {77};
	struct timespec t;

	EXPECT_EQ(sched_getscheduler(0), SCHED_OTHER);
	EXPECT_OK(sched_getparam(0, &p));
	EXPECT_EQ(p.sched_priority, 0);
	EXPECT_EQ(sched_get_priority_max(SCHED_FIFO), 99);
	EXPECT_EQ(sched_get_priority_min(SCHED_FIFO), 1);
	EXPECT_EQ(sched_get_priority_max(SCHED_OTHER), 0);
	EXPECT_OK(sched_rr_get_interval(0, &t));
	EXPECT_OK(sched_yield());
}

CASE(scheduling_errors)
{
	struct sched_param p = {5};

	EXPECT_ERRNO(sched_setscheduler(0, SCHED_OTHER, &p), EINVAL);
	EXPECT_ERRNO(sched_setscheduler(0, 99, &p), EINVAL);
	EXPECT_ERRNO(sched_getscheduler(0x7ffffff0), ESRCH);
	EXPECT_ERRNO(sched_getscheduler(-1), EINVAL);
	EXPECT_ERRNO(sched_get_priority_max(99), EINVAL);
	p.sched_priority = 0;
	EXPECT_OK(sched_setscheduler(0, SCHED_BATCH, &p));
	EXPECT_EQ(sched_getscheduler(0), SCHED_BATCH);
}

CASE(affinity_is_told_and_set)
{
	cpu_set_t set;
	cpu_set_t one;

	EXPECT_OK(sched_getaffinity(0, sizeof(set), &set));
	EXPECT(CPU_COUNT(&set) >= 1);
	CPU_ZERO(&one);
	for (int i = 0; i < CPU_SETSIZE; i++) {
		if (!CPU_ISSET(i, &set))
			continue;
		CPU_SET(i, &one);
		break;
	}
	EXPECT_OK(sched_setaffinity(0, sizeof(one), &one));
	EXPECT_OK(sched_getaffinity(0, sizeof(set), &set));
	EXPECT_EQ(CPU_COUNT(&set), 1);
	CPU_ZERO(&one);
	EXPECT_ERRNO(sched_setaffinity(0, sizeof(one), &one), EINVAL);
	EXPECT_ERRNO(sched_getaffinity(0, 1, &set), EINVAL);
	EXPECT_ERRNO(sched_getaffinity(0x7ffffff0, 128, &set), ESRCH);
}
