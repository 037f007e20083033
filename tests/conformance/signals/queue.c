/* rt_sigqueueinfo and rt_tgsigqueueinfo to others, and rt_sigtimedwait. */
#include "tests/conformance/harness.h"

static siginfo_t seen;

static void take(int signo, siginfo_t *info, void *context)
{
	seen = *info;
	conf_caught++;
}

static void catch_all(int signo)
{
	struct sigaction a = {.sa_sigaction = take, .sa_flags = SA_SIGINFO};

	MUST(sigaction(signo, &a, NULL));
}

CASE(info_arrives_as_sent)
{
	siginfo_t info = {.si_code = -77};

	info.si_pid = 1234;
	info.si_uid = 5678;
	info.si_value.sival_ptr = (void *)0x123456789a;
	catch_all(SIGUSR1);
	EXPECT_OK(syscall(
		SYS_rt_tgsigqueueinfo, getpid(), gettid(), SIGUSR1, &info));
	EXPECT_EQ(seen.si_code, -77);
	EXPECT_EQ(seen.si_pid, 1234);
	EXPECT_EQ(seen.si_uid, 5678);
	EXPECT_EQ(seen.si_value.sival_ptr, 0x123456789a);
	EXPECT_EQ(seen.si_signo, SIGUSR1);
}

CASE(own_process_may_send_any_code)
{
	siginfo_t info = {.si_code = SI_USER};

	catch_all(SIGUSR1);
	EXPECT_OK(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &info));
	EXPECT_EQ(seen.si_code, SI_USER);
}

CASE(errors)
{
	siginfo_t info = {.si_code = SI_QUEUE};

	EXPECT_ERRNO(
		syscall(SYS_rt_tgsigqueueinfo, getpid(), 0, SIGUSR1, &info),
		EINVAL);
	EXPECT_ERRNO(
		syscall(SYS_rt_tgsigqueueinfo, -1, gettid(), SIGUSR1, &info),
		EINVAL);
	EXPECT_ERRNO(syscall(SYS_rt_tgsigqueueinfo, getpid(), 0x7ffffff0,
			     SIGUSR1, &info),
		ESRCH);
	EXPECT_ERRNO(syscall(SYS_rt_sigqueueinfo, 0x7ffffff0, SIGUSR1, &info),
		ESRCH);
	EXPECT_OK(syscall(SYS_rt_sigqueueinfo, getpid(), 0, &info));
}

CASE(timedwait_takes_the_lowest_and_the_callers_own_first)
{
	siginfo_t info;
	sigset_t set;

	sigfillset(&set);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL));
	MUST(kill(getpid(), SIGUSR2));
	MUST(kill(getpid(), SIGHUP));
	MUST(raise(SIGTERM));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	EXPECT_EQ(sigwaitinfo(&set, &info), SIGTERM);
	EXPECT_EQ(sigwaitinfo(&set, &info), SIGHUP);
	EXPECT_EQ(sigwaitinfo(&set, &info), SIGUSR2);
}

CASE(continue_takes_pending_stops_away)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGCONT);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL));
	MUST(raise(SIGTSTP));
	MUST(sigpending(&set));
	EXPECT_EQ(sigismember(&set, SIGTSTP), 1);
	MUST(raise(SIGCONT));
	MUST(sigpending(&set));
	EXPECT_EQ(sigismember(&set, SIGTSTP), 0);
	EXPECT_EQ(sigismember(&set, SIGCONT), 1);
}

CASE(thousand_signals_arrive)
{
	union sigval v = {0};
	int left = 1000;
	pid_t pid;

	catch_all(SIGRTMIN);
	pid = conf_fork();
	if (pid == 0) {
		while (left > 0) {
			if (sigqueue(getppid(), SIGRTMIN, v) == 0)
				left--;
			else
				conf_sleep_ms(1);
		}
		_exit(0);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
	WAIT_UNTIL(conf_caught == 1000);
}
