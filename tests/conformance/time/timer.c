/* alarm, setitimer, POSIX timers and timerfd. */
#include "tests/conformance/harness.h"

#include <sys/timerfd.h>

CASE(alarm_rings_and_tells_what_was_left)
{
	conf_catch(SIGALRM, 0);
	EXPECT_EQ(alarm(10), 0);
	EXPECT_RANGE(alarm(0), 9, 10);
	EXPECT_EQ(alarm(0), 0);
	alarm(1);
	EXPECT_ERRNO(pause(), EINTR);
	EXPECT_EQ(conf_caught, 1);
}

CASE(real_itimer_repeats)
{
	struct itimerval v = {{0, 10000}, {0, 10000}};
	struct itimerval old;

	conf_catch(SIGALRM, SA_RESTART);
	EXPECT_OK(setitimer(ITIMER_REAL, &v, NULL));
	WAIT_UNTIL(conf_caught >= 3);
	memset(&v, 0, sizeof(v));
	EXPECT_OK(setitimer(ITIMER_REAL, &v, &old));
	EXPECT_EQ(old.it_interval.tv_usec, 10000);
	EXPECT_OK(getitimer(ITIMER_REAL, &old));
	EXPECT_EQ(old.it_value.tv_usec, 0);
}

CASE(virtual_and_prof_count_work)
{
	struct itimerval v = {{0, 0}, {0, 20000}};

	conf_catch(SIGVTALRM, 0);
	EXPECT_OK(setitimer(ITIMER_VIRTUAL, &v, NULL));
	conf_sleep_ms(40);
	EXPECT_EQ(conf_caught, 0);
	for (long long start = conf_now_ms();
		!conf_caught && conf_now_ms() - start < 2000;)
		;
	EXPECT_EQ(conf_caught, 1);
	conf_catch(SIGPROF, 0);
	EXPECT_OK(setitimer(ITIMER_PROF, &v, NULL));
	for (long long start = conf_now_ms();
		conf_caught < 2 && conf_now_ms() - start < 2000;)
		;
	EXPECT_EQ(conf_caught, 2);
}

CASE(itimer_errors)
{
	struct itimerval v = {{0, 0}, {0, 1000000}};

	EXPECT_ERRNO(setitimer(ITIMER_REAL, &v, NULL), EINVAL);
	v.it_value.tv_usec = 0;
	EXPECT_ERRNO(setitimer(9, &v, NULL), EINVAL);
	EXPECT_ERRNO(getitimer(9, &v), EINVAL);
	EXPECT_ERRNO(getitimer(ITIMER_REAL, conf_unmapped()), EFAULT);
}

CASE(itimers_are_not_inherited)
{
	pid_t pid;

	alarm(100);
	pid = conf_fork();
	if (pid == 0)
		_exit(alarm(0));
	EXPECT_EQ(conf_wait(pid), EXITED(0));
	EXPECT_RANGE(alarm(0), 99, 100);
}

static volatile int value;
static volatile int overrun;

static void on_timer(int signo, siginfo_t *info, void *context)
{
	value = info->si_value.sival_int;
	overrun = info->si_code == SI_TIMER;
	conf_caught++;
}

CASE(posix_timer_signals_with_its_value)
{
	struct sigaction a = {.sa_sigaction = on_timer, .sa_flags = SA_SIGINFO};
	struct sigevent e = {.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGRTMIN,
		.sigev_value.sival_int = 4321};
	struct itimerspec t = {{0, 0}, {0, 10000000}};
	struct itimerspec left;
	timer_t timer;

	MUST(sigaction(SIGRTMIN, &a, NULL));
	EXPECT_OK(timer_create(CLOCK_MONOTONIC, &e, &timer));
	EXPECT_OK(timer_settime(timer, 0, &t, NULL));
	WAIT_UNTIL(conf_caught == 1);
	EXPECT_EQ(value, 4321);
	EXPECT_EQ(overrun, 1);
	EXPECT_OK(timer_gettime(timer, &left));
	EXPECT_EQ(left.it_value.tv_nsec, 0);
	EXPECT_OK(timer_delete(timer));
	EXPECT_ERRNO(timer_delete(timer), EINVAL);
}

CASE(posix_timer_counts_overruns_while_blocked)
{
	struct sigevent e = {
		.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	struct itimerspec t = {{0, 5000000}, {0, 5000000}};
	siginfo_t info;
	sigset_t set;
	timer_t timer;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL));
	MUST(timer_create(CLOCK_MONOTONIC, &e, &timer));
	MUST(timer_settime(timer, 0, &t, NULL));
	conf_sleep_ms(50);
	EXPECT_EQ(sigwaitinfo(&set, &info), SIGUSR1);
	EXPECT_RANGE(info.si_overrun, 4, 1000);
	EXPECT_RANGE(timer_getoverrun(timer), 4, 1000);
}

CASE(posix_timer_errors)
{
	struct sigevent e = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = 99};
	struct itimerspec t = {{0, 0}, {0, 1000000000}};
	int id;

	EXPECT_ERRNO(
		syscall(SYS_timer_create, CLOCK_MONOTONIC, &e, &id), EINVAL);
	EXPECT_ERRNO(syscall(SYS_timer_create, 99, NULL, &id), EINVAL);
	EXPECT_ERRNO(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL,
			     conf_unmapped()),
		EFAULT);
	MUST(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &id));
	EXPECT_ERRNO(syscall(SYS_timer_settime, id, 0, &t, NULL), EINVAL);
	EXPECT_ERRNO(syscall(SYS_timer_settime, 12345, 0, &t, NULL), EINVAL);
	EXPECT_ERRNO(syscall(SYS_timer_gettime, id, conf_unmapped()), EFAULT);
}

CASE(timerfd_counts_expirations)
{
	struct itimerspec t = {{0, 10000000}, {0, 10000000}};
	struct itimerspec left;
	uint64_t count = 0;
	int fd = MUST(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));

	EXPECT_ERRNO(read(fd, &count, 8), EAGAIN);
	EXPECT_OK(timerfd_settime(fd, 0, &t, NULL));
	conf_sleep_ms(45);
	EXPECT_EQ(read(fd, &count, 8), 8);
	EXPECT_RANGE(count, 4, 100);
	EXPECT_OK(timerfd_gettime(fd, &left));
	EXPECT_EQ(left.it_interval.tv_nsec, 10000000);
	EXPECT_RANGE(left.it_value.tv_nsec, 1, 10000000);
}

CASE(timerfd_waits_and_polls)
{
	struct itimerspec t = {{0, 0}, {0, 20000000}};
	uint64_t count = 0;
	int fd = MUST(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
	struct pollfd p = {fd, POLLIN, 0};

	EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(poll(&p, 1, 0), 0);
	MUST(timerfd_settime(fd, 0, &t, NULL));
	EXPECT_EQ(poll(&p, 1, 2000), 1);
	EXPECT_EQ(read(fd, &count, 8), 8);
	EXPECT_EQ(count, 1);
	MUST(timerfd_settime(fd, 0, &t, NULL));
	EXPECT_EQ(read(fd, &count, 8), 8);
}

CASE(timerfd_absolute_in_the_past_fires_at_once)
{
	struct itimerspec t = {{0, 0}, {0, 1}};
	uint64_t count = 0;
	int fd = MUST(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK));

	EXPECT_OK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, NULL));
	conf_sleep_ms(2);
	EXPECT_EQ(read(fd, &count, 8), 8);
	EXPECT_EQ(count, 1);
}

CASE(timerfd_errors)
{
	struct itimerspec t = {{0, 0}, {0, 1000000000}};
	char c[8];
	int fd = MUST(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));

	EXPECT_ERRNO(timerfd_create(99, 0), EINVAL);
	EXPECT_ERRNO(timerfd_create(CLOCK_MONOTONIC, 1), EINVAL);
	EXPECT_ERRNO(timerfd_settime(fd, 0, &t, NULL), EINVAL);
	t.it_value.tv_nsec = 0;
	EXPECT_ERRNO(timerfd_settime(0, 0, &t, NULL), EINVAL);
	EXPECT_ERRNO(timerfd_settime(-1, 0, &t, NULL), EBADF);
	EXPECT_ERRNO(timerfd_gettime(fd, conf_unmapped()), EFAULT);
	EXPECT_ERRNO(read(fd, c, 7), EINVAL);
	EXPECT_ERRNO(write(fd, c, 8), EINVAL);
}
