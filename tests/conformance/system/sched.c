/* Scheduling policies, processors, niceness and I/O priorities. */
#include "tests/conformance/harness.h"

#include <sys/prctl.h>

#define NOBODY 0x3fffffff /* no process has this id */

struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

static long set_policy(int policy, int priority)
{
	struct sched_param p = {priority};

	return syscall(SYS_sched_setscheduler, 0, policy, &p);
}

CASE(the_default_policy_is_other)
{
	struct sched_param p = {77};

	EXPECT_EQ(syscall(SYS_sched_getscheduler, 0), SCHED_OTHER);
	EXPECT_OK(syscall(SYS_sched_getparam, 0, &p));
	EXPECT_EQ(p.sched_priority, 0);
}

CASE(priority_ranges)
{
	EXPECT_EQ(sched_get_priority_max(SCHED_FIFO), 99);
	EXPECT_EQ(sched_get_priority_min(SCHED_FIFO), 1);
	EXPECT_EQ(sched_get_priority_max(SCHED_RR), 99);
	EXPECT_EQ(sched_get_priority_min(SCHED_RR), 1);
	EXPECT_EQ(sched_get_priority_max(SCHED_OTHER), 0);
	EXPECT_EQ(sched_get_priority_min(SCHED_BATCH), 0);
	EXPECT_EQ(sched_get_priority_max(SCHED_IDLE), 0);
	EXPECT_EQ(sched_get_priority_max(6), 0);
	EXPECT_ERRNO(sched_get_priority_max(4), EINVAL);
	EXPECT_ERRNO(sched_get_priority_min(-1), EINVAL);
}

CASE(policies_without_priority)
{
	EXPECT_OK(set_policy(SCHED_BATCH, 0));
	EXPECT_EQ(syscall(SYS_sched_getscheduler, 0), SCHED_BATCH);
	EXPECT_ERRNO(set_policy(SCHED_BATCH, 1), EINVAL);
	EXPECT_ERRNO(set_policy(SCHED_OTHER, -1), EINVAL);
	EXPECT_OK(set_policy(SCHED_OTHER, 0));
	EXPECT_OK(set_policy(SCHED_IDLE, 0));
	EXPECT_EQ(syscall(SYS_sched_getscheduler, 0), SCHED_IDLE);
}

CASE(setscheduler_errors)
{
	struct sched_param p = {0};

	EXPECT_ERRNO(set_policy(4, 0), EINVAL);
	EXPECT_ERRNO(set_policy(-1, 0), EINVAL);
	EXPECT_ERRNO(set_policy(SCHED_FIFO, 0), EINVAL);
	EXPECT_ERRNO(set_policy(SCHED_FIFO, 100), EINVAL);
	EXPECT_ERRNO(set_policy(6, 0), EINVAL);
	EXPECT_ERRNO(syscall(SYS_sched_setscheduler, 0, 0, NULL), EINVAL);
	EXPECT_ERRNO(syscall(SYS_sched_setscheduler, -1, 0, &p), EINVAL);
	EXPECT_ERRNO(
		syscall(SYS_sched_setscheduler, 0, 0, conf_unmapped()), EFAULT);
	EXPECT_ERRNO(syscall(SYS_sched_setscheduler, NOBODY, 0, &p), ESRCH);
	EXPECT_ERRNO(syscall(SYS_sched_setparam, 0, NULL), EINVAL);
	EXPECT_ERRNO(syscall(SYS_sched_setparam, 0, conf_unmapped()), EFAULT);
	EXPECT_ERRNO(syscall(SYS_sched_setparam, NOBODY, &p), ESRCH);
	EXPECT_ERRNO(syscall(SYS_sched_getscheduler, -1), EINVAL);
	EXPECT_ERRNO(syscall(SYS_sched_getscheduler, NOBODY), ESRCH);
	EXPECT_ERRNO(syscall(SYS_sched_getparam, 0, NULL), EINVAL);
	EXPECT_ERRNO(syscall(SYS_sched_getparam, -1, &p), EINVAL);
	EXPECT_ERRNO(syscall(SYS_sched_getparam, NOBODY, &p), ESRCH);
	EXPECT_ERRNO(syscall(SYS_sched_getparam, 0, conf_unmapped()), EFAULT);
}

CASE_USER(realtime_needs_a_limit_or_the_right)
{
	struct rlimit none = {0, 0};

	MUST(setrlimit(RLIMIT_RTPRIO, &none));
	EXPECT_ERRNO(set_policy(SCHED_FIFO, 1), EPERM);
	EXPECT_ERRNO(set_policy(SCHED_RR, 99), EPERM);
}

CASE(reset_on_fork_cannot_be_taken_back_by_a_user)
{
	EXPECT_OK(set_policy(SCHED_OTHER | SCHED_RESET_ON_FORK, 0));
	EXPECT_EQ(syscall(SYS_sched_getscheduler, 0),
		SCHED_OTHER | SCHED_RESET_ON_FORK);
	if (getuid() == 0)
		MUST(syscall(SYS_setresuid, CONF_UID, CONF_UID, CONF_UID));
	EXPECT_ERRNO(set_policy(SCHED_OTHER, 0), EPERM);
}

static void is_other(void *unused)
{
	EXPECT_EQ(syscall(SYS_sched_getscheduler, 0), SCHED_OTHER);
	EXPECT_EQ(getpriority(PRIO_PROCESS, 0), 5);
	_exit(3);
}

CASE(policy_and_niceness_are_inherited)
{
	MUST(set_policy(SCHED_OTHER | SCHED_RESET_ON_FORK, 0));
	MUST(setpriority(PRIO_PROCESS, 0, 5));
	EXPECT_EQ(conf_in_child(is_other, NULL), EXITED(3));
}

CASE(attr_reads_and_writes)
{
	struct attr a = {.size = sizeof(a)};
	struct attr *old = conf_guarded(48);

	EXPECT_OK(syscall(SYS_sched_getattr, 0, &a, sizeof(a), 0));
	EXPECT_EQ(a.policy, SCHED_OTHER);
	EXPECT_EQ(a.nice, 0);
	EXPECT_OK(syscall(SYS_sched_getattr, 0, old, 48, 0));
	EXPECT_EQ(old->size, 48);
	memset(&a, 0, sizeof(a));
	a.size = 48;
	a.policy = SCHED_BATCH;
	a.nice = 7;
	EXPECT_OK(syscall(SYS_sched_setattr, 0, &a, 0));
	EXPECT_EQ(getpriority(PRIO_PROCESS, 0), 7);
	EXPECT_EQ(syscall(SYS_sched_getscheduler, 0), SCHED_BATCH);
}

CASE(attr_errors)
{
	struct attr a = {.size = 48};
	char big[4097] = {0};

	EXPECT_ERRNO(syscall(SYS_sched_getattr, 0, &a, 47, 0), EINVAL);
	EXPECT_ERRNO(syscall(SYS_sched_getattr, 0, &a, 4097, 0), EINVAL);
	EXPECT_ERRNO(syscall(SYS_sched_getattr, 0, &a, 48, 1), EINVAL);
	EXPECT_ERRNO(syscall(SYS_sched_getattr, 0, NULL, 48, 0), EINVAL);
	EXPECT_ERRNO(syscall(SYS_sched_getattr, -1, &a, 48, 0), EINVAL);
	EXPECT_ERRNO(syscall(SYS_sched_getattr, NOBODY, &a, 48, 0), ESRCH);
	EXPECT_ERRNO(
		syscall(SYS_sched_getattr, 0, conf_unmapped(), 48, 0), EFAULT);
	EXPECT_ERRNO(syscall(SYS_sched_setattr, 0, &a, 1), EINVAL);
	EXPECT_ERRNO(syscall(SYS_sched_setattr, 0, NULL, 0), EINVAL);
	EXPECT_ERRNO(syscall(SYS_sched_setattr, -1, &a, 0), EINVAL);
	EXPECT_ERRNO(syscall(SYS_sched_setattr, NOBODY, &a, 0), ESRCH);
	EXPECT_ERRNO(syscall(SYS_sched_setattr, 0, conf_unmapped(), 0), EFAULT);
	a.size = 47;
	EXPECT_ERRNO(syscall(SYS_sched_setattr, 0, &a, 0), E2BIG);
	EXPECT_EQ(a.size, sizeof(struct attr));
	memcpy(big, &(uint32_t){4097}, 4);
	EXPECT_ERRNO(syscall(SYS_sched_setattr, 0, big, 0), E2BIG);
	memcpy(big, &(uint32_t){4096}, 4);
	big[4095] = 1;
	EXPECT_ERRNO(syscall(SYS_sched_setattr, 0, big, 0), E2BIG);
	memcpy(big, &(uint32_t){4096}, 4);
	big[4095] = 0;
	EXPECT_OK(syscall(SYS_sched_setattr, 0, big, 0));
	a.size = 48;
	a.flags = 1 << 20;
	EXPECT_ERRNO(syscall(SYS_sched_setattr, 0, &a, 0), EINVAL);
}

CASE(rr_interval)
{
	struct timespec ts = {-1, -1};

	EXPECT_OK(syscall(SYS_sched_rr_get_interval, 0, &ts));
	EXPECT_EQ(ts.tv_sec, 0);
	EXPECT_RANGE(ts.tv_nsec, 0, 999999999);
	EXPECT_ERRNO(syscall(SYS_sched_rr_get_interval, -1, &ts), EINVAL);
	EXPECT_ERRNO(syscall(SYS_sched_rr_get_interval, NOBODY, &ts), ESRCH);
	EXPECT_ERRNO(
		syscall(SYS_sched_rr_get_interval, 0, conf_unmapped()), EFAULT);
}

CASE(affinity_can_be_narrowed_and_is_inherited)
{
	uint64_t mask[16] = {0};
	uint64_t one[16] = {0};
	uint64_t got[16] = {0};
	long size = MUST(syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask));
	int cpu = 0;

	RECORD("size", size);
	REQUIRE(mask[0] != 0);
	cpu = __builtin_ctzll(mask[0]);
	one[0] = 1ull << cpu;
	MUST(syscall(SYS_sched_setaffinity, 0, size, one));
	EXPECT_EQ(syscall(SYS_sched_getaffinity, 0, sizeof(got), got), size);
	EXPECT_MEM(got, one, sizeof(one));
	pid_t pid = conf_fork();
	if (pid == 0) {
		memset(got, 0, sizeof(got));
		syscall(SYS_sched_getaffinity, 0, sizeof(got), got);
		EXPECT_EQ(got[0], one[0]);
		_exit(0);
	}
	conf_wait(pid);
	MUST(syscall(SYS_sched_setaffinity, 0, size, mask));
	MUST(syscall(SYS_sched_getaffinity, 0, sizeof(got), got));
	EXPECT_EQ(got[0], mask[0]);
}

CASE(affinity_errors)
{
	uint64_t mask[16] = {0};

	EXPECT_ERRNO(syscall(SYS_sched_getaffinity, 0, 4, mask), EINVAL);
	EXPECT_ERRNO(syscall(SYS_sched_getaffinity, 0, 12, mask), EINVAL);
	EXPECT_ERRNO(syscall(SYS_sched_getaffinity, 0, 0, mask), EINVAL);
	EXPECT_ERRNO(syscall(SYS_sched_getaffinity, NOBODY, 128, mask), ESRCH);
	EXPECT_ERRNO(syscall(SYS_sched_getaffinity, 0, 128, conf_unmapped()),
		EFAULT);
	EXPECT_ERRNO(syscall(SYS_sched_setaffinity, 0, 128, conf_unmapped()),
		EFAULT);
	EXPECT_ERRNO(syscall(SYS_sched_setaffinity, 0, 128, mask), EINVAL);
	mask[0] = ~0ull;
	EXPECT_ERRNO(syscall(SYS_sched_setaffinity, NOBODY, 128, mask), ESRCH);
	EXPECT_OK(syscall(SYS_sched_setaffinity, 0, 128, mask));
	EXPECT_OK(syscall(SYS_sched_setaffinity, 0, 1, mask));
}

CASE(nice_values_are_clamped)
{
	EXPECT_EQ(syscall(SYS_getpriority, PRIO_PROCESS, 0), 20);
	MUST(setpriority(PRIO_PROCESS, 0, 100));
	EXPECT_EQ(syscall(SYS_getpriority, PRIO_PROCESS, 0), 1);
}

CASE_USER(niceness_comes_back_only_within_the_limit)
{
	struct rlimit none = {0, 0};

	MUST(setrlimit(RLIMIT_NICE, &none));
	MUST(setpriority(PRIO_PROCESS, 0, 3));
	EXPECT_OK(setpriority(PRIO_PROCESS, 0, 3));
	EXPECT_ERRNO(setpriority(PRIO_PROCESS, 0, 2), EACCES);
	EXPECT_ERRNO(setpriority(PRIO_PROCESS, 0, -5), EACCES);
}

CASE_DROPPED(niceness_of_others_needs_the_right)
{
	EXPECT_ERRNO(setpriority(PRIO_PROCESS, getppid(), 10), EPERM);
}

CASE(priority_errors)
{
	EXPECT_ERRNO(setpriority(3, 0, 0), EINVAL);
	EXPECT_ERRNO(setpriority(-1, 0, 0), EINVAL);
	EXPECT_ERRNO(syscall(SYS_getpriority, 3, 0), EINVAL);
	EXPECT_ERRNO(syscall(SYS_getpriority, PRIO_PROCESS, NOBODY), ESRCH);
	EXPECT_ERRNO(syscall(SYS_getpriority, PRIO_PGRP, NOBODY), ESRCH);
	EXPECT_ERRNO(syscall(SYS_getpriority, PRIO_USER, NOBODY), ESRCH);
	EXPECT_ERRNO(setpriority(PRIO_PROCESS, NOBODY, 0), ESRCH);
}

CASE_ROOT(the_group_answers_its_highest)
{
	int ready[2];
	char c;

	MUST(pipe(ready));
	MUST(setpgid(0, 0));
	pid_t pid = conf_fork();
	if (pid == 0) {
		MUST(setpriority(PRIO_PROCESS, 0, 9));
		MUST(write(ready[1], "x", 1));
		pause();
		_exit(0);
	}
	MUST(setpriority(PRIO_PROCESS, 0, 4));
	MUST(read(ready[0], &c, 1));
	EXPECT_EQ(getpriority(PRIO_PGRP, 0), 4);
	EXPECT_EQ(getpriority(PRIO_PROCESS, pid), 9);
	MUST(setpriority(PRIO_PGRP, getpid(), 12));
	EXPECT_EQ(getpriority(PRIO_PROCESS, pid), 12);
	MUST(kill(pid, SIGKILL));
	EXPECT_EQ(conf_wait(pid), KILLED(SIGKILL));
}

#define IOPRIO(class, level) ((class) << 13 | (level))

CASE(io_priorities)
{
	EXPECT_EQ(syscall(SYS_ioprio_get, 1, 0), 0);
	EXPECT_OK(syscall(SYS_ioprio_set, 1, 0, IOPRIO(2, 6)));
	EXPECT_EQ(syscall(SYS_ioprio_get, 1, 0), IOPRIO(2, 6));
	EXPECT_OK(syscall(SYS_ioprio_set, 1, getpid(), IOPRIO(3, 0)));
	EXPECT_EQ(syscall(SYS_ioprio_get, 1, getpid()), IOPRIO(3, 0));
}

CASE(io_priority_errors)
{
	EXPECT_ERRNO(syscall(SYS_ioprio_get, 0, 0), EINVAL);
	EXPECT_ERRNO(syscall(SYS_ioprio_get, 4, 0), EINVAL);
	EXPECT_ERRNO(syscall(SYS_ioprio_get, 1, NOBODY), ESRCH);
	EXPECT_ERRNO(syscall(SYS_ioprio_get, 2, NOBODY), ESRCH);
	EXPECT_ERRNO(syscall(SYS_ioprio_set, 1, NOBODY, IOPRIO(2, 0)), ESRCH);
	EXPECT_ERRNO(syscall(SYS_ioprio_set, 0, 0, IOPRIO(2, 0)), EINVAL);
	EXPECT_ERRNO(syscall(SYS_ioprio_set, 1, 0, IOPRIO(0, 1)), EINVAL);
	EXPECT_ERRNO(syscall(SYS_ioprio_set, 1, 0, IOPRIO(5, 0)), EINVAL);
}

CASE_DROPPED(realtime_io_needs_the_right)
{
	EXPECT_ERRNO(syscall(SYS_ioprio_set, 1, 0, IOPRIO(1, 0)), EPERM);
	EXPECT_ERRNO(
		syscall(SYS_ioprio_set, 1, getppid(), IOPRIO(2, 0)), EPERM);
}

CASE(yield_succeeds)
{
	EXPECT_EQ(sched_yield(), 0);
}
