/* Clocks and sleeping. */
#include "tests/conformance/harness.h"

#include <sys/times.h>
#include <sys/timex.h>

static long long ns(const struct timespec *t)
{
	return t->tv_sec * 1000000000ll + t->tv_nsec;
}

CASE(clocks_do_not_go_back)
{
	static const clockid_t clocks[] = {CLOCK_MONOTONIC, CLOCK_BOOTTIME,
		CLOCK_MONOTONIC_RAW, CLOCK_MONOTONIC_COARSE,
		CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID};
	struct timespec a;
	struct timespec b;

	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		MUST(clock_gettime(clocks[i], &a));
		for (int k = 0; k < 100; k++) {
			MUST(syscall(SYS_clock_gettime, clocks[i], &b));
			EXPECT(ns(&b) >= ns(&a));
			a = b;
		}
	}
}

CASE(fast_and_slow_ways_agree)
{
	struct timespec a;
	struct timespec b;
	struct timeval v;

	MUST(clock_gettime(CLOCK_REALTIME, &a));
	MUST(syscall(SYS_clock_gettime, CLOCK_REALTIME, &b));
	MUST(syscall(SYS_gettimeofday, &v, NULL));
	EXPECT_RANGE(ns(&b) - ns(&a), 0, 1000000000);
	EXPECT_RANGE(v.tv_sec - b.tv_sec, 0, 1);
	EXPECT_RANGE(syscall(SYS_time, NULL) - b.tv_sec, -1, 1);
	EXPECT_RANGE(time(NULL) - b.tv_sec, -1, 1);
}

CASE(errors)
{
	struct timespec t = {0, 0};

	EXPECT_ERRNO(syscall(SYS_clock_gettime, 99, &t), EINVAL);
	EXPECT_ERRNO(
		syscall(SYS_clock_gettime, CLOCK_MONOTONIC, conf_unmapped()),
		EFAULT);
	EXPECT_ERRNO(clock_getres(99, &t), EINVAL);
	EXPECT_OK(clock_getres(CLOCK_MONOTONIC, NULL));
	EXPECT_ERRNO(clock_settime(CLOCK_MONOTONIC, &t), EINVAL);
	EXPECT_ERRNO(syscall(SYS_gettimeofday, conf_unmapped(), NULL), EFAULT);
}

CASE(resolutions)
{
	struct timespec t;

	EXPECT_OK(clock_getres(CLOCK_REALTIME, &t));
	EXPECT_EQ(ns(&t), 1);
	EXPECT_OK(clock_getres(CLOCK_MONOTONIC_COARSE, &t));
	RECORD("coarse", ns(&t));
	EXPECT_OK(clock_getres(CLOCK_PROCESS_CPUTIME_ID, &t));
	EXPECT_EQ(ns(&t), 1);
}

CASE_USER(setting_the_clock_needs_rights)
{
	struct timespec t = {1700000000, 0};
	struct timeval v = {1700000000, 0};

	EXPECT_ERRNO(clock_settime(CLOCK_REALTIME, &t), EPERM);
	EXPECT_ERRNO(settimeofday(&v, NULL), EPERM);
	t.tv_nsec = -1;
	EXPECT_ERRNO(clock_settime(CLOCK_REALTIME, &t), EINVAL);
}

CASE(cpu_clock_counts_work_and_not_sleep)
{
	struct timespec a;
	struct timespec b;

	MUST(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a));
	conf_sleep_ms(60);
	MUST(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b));
	EXPECT_RANGE(ns(&b) - ns(&a), 0, 50000000);
	do
		MUST(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b));
	while (ns(&b) - ns(&a) < 20000000);
}

CASE(clock_of_another_process)
{
	struct timespec t;
	clockid_t clock;
	pid_t pid = conf_fork();

	if (pid == 0)
		for (;;)
			pause();
	EXPECT_EQ(clock_getcpuclockid(pid, &clock), 0);
	EXPECT_OK(clock_gettime(clock, &t));
	kill(pid, SIGKILL);
	conf_wait(pid);
	EXPECT_ERRNO(clock_gettime(clock, &t), EINVAL);
}

CASE(nanosleep_takes_its_time)
{
	struct timespec t = {0, 30000000};
	long long start = conf_now_ms();

	EXPECT_OK(nanosleep(&t, NULL));
	EXPECT_RANGE(conf_now_ms() - start, 29, 2000);
	t = (struct timespec){0, 0};
	EXPECT_OK(nanosleep(&t, NULL));
}

CASE(nanosleep_errors)
{
	struct timespec t = {0, 1000000000};

	EXPECT_ERRNO(nanosleep(&t, NULL), EINVAL);
	t = (struct timespec){-1, 0};
	EXPECT_ERRNO(nanosleep(&t, NULL), EINVAL);
	EXPECT_ERRNO(nanosleep(conf_unmapped(), NULL), EFAULT);
}

CASE(clock_nanosleep_until)
{
	struct timespec t;
	long long start = conf_now_ms();

	MUST(clock_gettime(CLOCK_MONOTONIC, &t));
	EXPECT_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL), 0);
	t.tv_nsec += 30000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_nsec -= 1000000000;
		t.tv_sec++;
	}
	EXPECT_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL), 0);
	EXPECT_RANGE(conf_now_ms() - start, 29, 2000);
	EXPECT_EQ(clock_nanosleep(99, 0, &t, NULL), EINVAL);
	EXPECT_EQ(
		clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &t, NULL), EINVAL);
}

CASE(absolute_sleep_leaves_no_rest)
{
	struct timespec t;
	struct timespec left = {77, 77};
	pid_t poker;

	MUST(clock_gettime(CLOCK_MONOTONIC, &t));
	t.tv_sec += 5;
	conf_catch(SIGUSR1, SA_RESTART);
	poker = conf_poke_start(SIGUSR1);
	EXPECT_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, &left),
		EINTR);
	conf_poke_stop(poker);
	EXPECT_EQ(left.tv_sec, 77);
}

CASE(times_counts_ticks)
{
	struct tms t;
	clock_t a = times(&t);

	EXPECT(a != (clock_t)-1);
	EXPECT(t.tms_utime >= 0);
	conf_sleep_ms(30);
	EXPECT_RANGE(times(&t) - a, 2, 200);
	EXPECT_ERRNO(syscall(SYS_times, conf_unmapped()), EFAULT);
}

CASE(adjtimex_reads)
{
	struct timex t = {.modes = 0};

	EXPECT(adjtimex(&t) >= 0);
	EXPECT_EQ(t.tick, 10000);
	EXPECT_ERRNO(syscall(SYS_adjtimex, conf_unmapped()), EFAULT);
}

CASE(getcpu_tells_a_cpu)
{
	unsigned int cpu = 99999;
	unsigned int node = 99999;

	EXPECT_OK(syscall(SYS_getcpu, &cpu, &node, NULL));
	EXPECT(cpu < 4096);
	EXPECT(node < 1024);
	EXPECT_ERRNO(syscall(SYS_getcpu, conf_unmapped(), NULL, NULL), EFAULT);
}
