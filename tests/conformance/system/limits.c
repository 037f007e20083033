/* getrlimit(2), prlimit(2), getrusage(2). */
#include "tests/conformance/harness.h"

#include <sys/times.h>

#define NOBODY 0x3fffffff

static long prlimit_(
	pid_t pid, unsigned int resource, const void *new, void *old)
{
	return syscall(SYS_prlimit64, pid, resource, new, old);
}

CASE(a_limit_reads_back)
{
	struct rlimit old, new, got;

	MUST(getrlimit(RLIMIT_CORE, &old));
	new.rlim_cur = 0;
	new.rlim_max = old.rlim_max;
	MUST(setrlimit(RLIMIT_CORE, &new));
	MUST(syscall(SYS_getrlimit, RLIMIT_CORE, &got));
	EXPECT_EQ(got.rlim_cur, 0);
	EXPECT_EQ(got.rlim_max, old.rlim_max);
	MUST(prlimit_(0, RLIMIT_CORE, &old, &got));
	EXPECT_EQ(got.rlim_cur, 0);
	MUST(prlimit_(0, RLIMIT_CORE, NULL, &got));
	EXPECT_EQ(got.rlim_cur, old.rlim_cur);
}

CASE(every_resource_can_be_read)
{
	struct rlimit limit;

	for (unsigned int i = 0; i < 16; i++) {
		EXPECT_OK(syscall(SYS_getrlimit, i, &limit));
		EXPECT(limit.rlim_cur <= limit.rlim_max);
	}
	EXPECT_ERRNO(syscall(SYS_getrlimit, 16, &limit), EINVAL);
	EXPECT_ERRNO(syscall(SYS_getrlimit, -1, &limit), EINVAL);
	EXPECT_ERRNO(syscall(SYS_setrlimit, 16, &limit), EINVAL);
	EXPECT_ERRNO(prlimit_(0, 16, NULL, &limit), EINVAL);
}

CASE(limit_errors)
{
	struct rlimit limit = {2, 1};

	EXPECT_ERRNO(
		syscall(SYS_getrlimit, RLIMIT_CORE, conf_unmapped()), EFAULT);
	EXPECT_ERRNO(
		syscall(SYS_setrlimit, RLIMIT_CORE, conf_unmapped()), EFAULT);
	EXPECT_ERRNO(syscall(SYS_setrlimit, RLIMIT_CORE, &limit), EINVAL);
	EXPECT_ERRNO(prlimit_(0, RLIMIT_CORE, &limit, NULL), EINVAL);
	EXPECT_ERRNO(prlimit_(0, RLIMIT_CORE, conf_unmapped(), NULL), EFAULT);
	EXPECT_ERRNO(prlimit_(0, RLIMIT_CORE, NULL, conf_unmapped()), EFAULT);
	EXPECT_ERRNO(prlimit_(NOBODY, RLIMIT_CORE, NULL, &limit), ESRCH);
	EXPECT_ERRNO(prlimit_(-1, RLIMIT_CORE, NULL, &limit), ESRCH);
	EXPECT_OK(prlimit_(0, RLIMIT_CORE, NULL, NULL));
}

CASE_USER(a_hard_limit_does_not_rise_again)
{
	struct rlimit limit;

	MUST(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = 30;
	limit.rlim_max = 40;
	MUST(setrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_max = 41;
	EXPECT_ERRNO(setrlimit(RLIMIT_NOFILE, &limit), EPERM);
	limit.rlim_cur = 41;
	limit.rlim_max = 40;
	EXPECT_ERRNO(setrlimit(RLIMIT_NOFILE, &limit), EINVAL);
	limit.rlim_cur = 40;
	EXPECT_OK(setrlimit(RLIMIT_NOFILE, &limit));
}

CASE(nofile_has_an_upper_bound)
{
	struct rlimit limit = {10, RLIM_INFINITY};

	EXPECT_ERRNO(setrlimit(RLIMIT_NOFILE, &limit), EPERM);
}

CASE_DROPPED(limits_of_another_user_are_closed)
{
	struct rlimit limit;

	EXPECT_ERRNO(prlimit_(getppid(), RLIMIT_CORE, NULL, &limit), EPERM);
}

CASE(limits_of_a_child_can_be_set)
{
	struct rlimit limit = {11, 12}, got;
	int go[2];
	char c;

	MUST(pipe(go));
	pid_t pid = conf_fork();
	if (pid == 0) {
		MUST(read(go[0], &c, 1));
		MUST(getrlimit(RLIMIT_MSGQUEUE, &got));
		EXPECT_EQ(got.rlim_cur, 11);
		EXPECT_EQ(got.rlim_max, 12);
		_exit(5);
	}
	EXPECT_OK(prlimit_(pid, RLIMIT_MSGQUEUE, &limit, NULL));
	MUST(write(go[1], "x", 1));
	EXPECT_EQ(conf_wait(pid), EXITED(5));
}

CASE(an_address_space_limit_is_felt)
{
	struct rlimit limit;

	MUST(getrlimit(RLIMIT_AS, &limit));
	limit.rlim_cur = 256 << 20;
	MUST(setrlimit(RLIMIT_AS, &limit));
	EXPECT_ERRNO((long)mmap(NULL, 512 << 20, PROT_READ,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		ENOMEM);
	EXPECT(mmap(NULL, 16 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0) != MAP_FAILED);
}

static void burn(int ms)
{
	struct timespec ts;
	volatile unsigned int x = 0;
	long long end;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	end = ts.tv_sec * 1000ll + ts.tv_nsec / 1000000 + ms;
	do {
		for (int i = 0; i < 10000; i++)
			x += (unsigned int)i;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	} while (ts.tv_sec * 1000ll + ts.tv_nsec / 1000000 < end);
}

static long long used_ms(const struct rusage *u)
{
	return (u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1000ll +
	       (u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1000;
}

CASE(usage_counts_work)
{
	struct rusage a, b, thread;

	MUST(getrusage(RUSAGE_SELF, &a));
	burn(60);
	MUST(getrusage(RUSAGE_SELF, &b));
	MUST(getrusage(RUSAGE_THREAD, &thread));
	EXPECT_RANGE(used_ms(&b) - used_ms(&a), 40, 2000);
	EXPECT_RANGE(used_ms(&thread), 40, 2000);
}

static void burn_child(void *unused)
{
	burn(60);
	_exit(0);
}

CASE(usage_of_children_is_added_when_they_are_waited_for)
{
	struct rusage a, b, c;
	struct tms t;

	MUST(getrusage(RUSAGE_CHILDREN, &a));
	EXPECT_EQ(used_ms(&a), 0);
	pid_t pid = conf_fork();
	if (pid == 0)
		burn_child(NULL);
	MUST(wait4(pid, NULL, 0, &c));
	MUST(getrusage(RUSAGE_CHILDREN, &b));
	EXPECT_RANGE(used_ms(&b), 40, 2000);
	EXPECT_RANGE(used_ms(&c), 40, 2000);
	EXPECT(times(&t) != -1);
	EXPECT_RANGE(t.tms_cutime + t.tms_cstime, 3, 200);
}

CASE(usage_errors)
{
	struct rusage u;

	EXPECT_ERRNO(syscall(SYS_getrusage, 2, &u), EINVAL);
	EXPECT_ERRNO(syscall(SYS_getrusage, -2, &u), EINVAL);
	EXPECT_ERRNO(
		syscall(SYS_getrusage, RUSAGE_SELF, conf_unmapped()), EFAULT);
	EXPECT_ERRNO(
		syscall(SYS_getrusage, RUSAGE_SELF, conf_read_only()), EFAULT);
}

CASE(cpu_clock_of_a_child_by_its_number)
{
	struct timespec ts = {0, 0};
	clockid_t clock;

	pid_t pid = conf_fork();
	if (pid == 0) {
		for (;;)
			burn(10);
	}
	conf_sleep_ms(100);
	EXPECT_EQ(clock_getcpuclockid(pid, &clock), 0);
	EXPECT_OK(clock_gettime(clock, &ts));
	EXPECT(ts.tv_sec > 0 || ts.tv_nsec > 1000000);
	EXPECT_OK(clock_getres(clock, &ts));
	EXPECT_ERRNO(clock_settime(clock, &ts), EPERM);
	MUST(kill(pid, SIGKILL));
	conf_wait(pid);
	EXPECT_ERRNO(clock_gettime(clock, &ts), EINVAL);
	/* A thread of another process. */
	EXPECT_ERRNO(clock_gettime(((unsigned int)~getppid() << 3) | 6, &ts),
		EINVAL);
}
