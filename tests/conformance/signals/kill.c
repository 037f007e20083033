/* kill, tkill, tgkill, rt_sigqueueinfo: targets, rights, defaults. */
#include "tests/conformance/harness.h"

#include <sys/prctl.h>

CASE(signal_zero_only_checks)
{
	pid_t pid = conf_fork();

	if (pid == 0)
		_exit(0);
	EXPECT_OK(kill(getpid(), 0));
	siginfo_t info;
	MUST(waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
	EXPECT_OK(kill(pid, 0));
	EXPECT_OK(kill(pid, SIGKILL));
	EXPECT_EQ(conf_wait(pid), EXITED(0));
	EXPECT_ERRNO(kill(pid, 0), ESRCH);
}

CASE(errors)
{
	EXPECT_ERRNO(kill(getpid(), 65), EINVAL);
	EXPECT_ERRNO(kill(getpid(), -1), EINVAL);
	EXPECT_ERRNO(kill(0x7ffffff0, 0), ESRCH);
	EXPECT_ERRNO(kill(-0x7ffffff0, 0), ESRCH);
	EXPECT_ERRNO(kill(INT32_MIN, 0), ESRCH);
	EXPECT_ERRNO(syscall(SYS_tkill, 0, 0), EINVAL);
	EXPECT_ERRNO(syscall(SYS_tkill, -1, 0), EINVAL);
	EXPECT_ERRNO(syscall(SYS_tgkill, getpid(), 0x7ffffff0, 0), ESRCH);
	EXPECT_ERRNO(syscall(SYS_tgkill, getpid(), -1, 0), EINVAL);
	EXPECT_ERRNO(syscall(SYS_tgkill, 0, gettid(), 0), EINVAL);
	EXPECT_ERRNO(syscall(SYS_tgkill, getppid(), gettid(), 0), ESRCH);
}

static void wait_forever(void *data)
{
	for (;;)
		pause();
}

static int default_of(int signo)
{
	struct rlimit none = {0, 0};
	pid_t pid;
	int status;

	MUST(setrlimit(RLIMIT_CORE, &none));
	pid = conf_fork();
	if (pid == 0) {
		raise(signo);
		_exit(7);
	}
	status = conf_wait(pid);
	return status & ~0x80;
}

CASE(defaults_are_to_end_or_to_ignore)
{
	static const int ends[] = {SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP,
		SIGABRT, SIGBUS, SIGFPE, SIGKILL, SIGUSR1, SIGSEGV, SIGUSR2,
		SIGPIPE, SIGALRM, SIGTERM, SIGSTKFLT, SIGXCPU, SIGXFSZ,
		SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGSYS};
	static const int ignored[] = {SIGCHLD, SIGCONT, SIGURG, SIGWINCH};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		EXPECT_EQ(default_of(ends[i]), KILLED(ends[i]));
	EXPECT_EQ(default_of(SIGRTMIN), KILLED(SIGRTMIN));
	EXPECT_EQ(default_of(SIGRTMAX), KILLED(SIGRTMAX));
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		EXPECT_EQ(default_of(ignored[i]), EXITED(7));
}

CASE(kill_ends_a_process_that_blocks_and_ignores)
{
	sigset_t all;
	pid_t pid = conf_fork();

	if (pid == 0) {
		for (int i = 1; i < 65; i++)
			signal(i, SIG_IGN);
		sigfillset(&all);
		sigprocmask(SIG_SETMASK, &all, NULL);
		wait_forever(NULL);
	}
	conf_sleep_ms(10);
	EXPECT_OK(kill(pid, SIGKILL));
	EXPECT_EQ(conf_wait(pid), KILLED(SIGKILL));
}

CASE(kill_ends_a_busy_process)
{
	pid_t pid = conf_fork();

	if (pid == 0)
		for (volatile long i = 0;; i++)
			;
	conf_sleep_ms(20);
	EXPECT_OK(kill(pid, SIGKILL));
	EXPECT_EQ(conf_wait(pid), KILLED(SIGKILL));
}

static volatile sig_atomic_t got;

static void stop_loop(int signo)
{
	got = 1;
}

CASE(busy_process_takes_its_handler)
{
	pid_t pid;

	signal(SIGUSR1, stop_loop);
	pid = conf_fork();
	if (pid == 0) {
		while (!got)
			;
		_exit(3);
	}
	conf_sleep_ms(20);
	EXPECT_OK(kill(pid, SIGUSR1));
	EXPECT_EQ(conf_wait(pid), EXITED(3));
}

CASE(group_gets_it_with_a_negative_number)
{
	pid_t first = 0;
	pid_t pid[3];

	for (int i = 0; i < 3; i++) {
		pid[i] = conf_fork();
		if (pid[i] == 0) {
			setpgid(0, first);
			wait_forever(NULL);
		}
		if (i == 0)
			first = pid[0];
		setpgid(pid[i], first);
	}
	EXPECT_OK(kill(-first, SIGTERM));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(conf_wait(pid[i]), KILLED(SIGTERM));
	EXPECT_ERRNO(kill(-first, 0), ESRCH);
}

CASE(zero_is_the_own_group)
{
	pid_t pid = conf_fork();

	if (pid == 0) {
		setpgid(0, 0);
		if (conf_fork() == 0)
			wait_forever(NULL);
		kill(0, SIGTERM);
		_exit(1);
	}
	EXPECT_EQ(conf_wait(pid), KILLED(SIGTERM));
}

CASE_ROOT(strangers_are_eperm)
{
	pid_t victim = conf_fork();
	pid_t pid;

	if (victim == 0)
		wait_forever(NULL);
	pid = conf_fork();
	if (pid == 0) {
		MUST(setresuid(CONF_UID, CONF_UID, CONF_UID));
		EXPECT_ERRNO(kill(victim, SIGTERM), EPERM);
		EXPECT_ERRNO(kill(victim, 0), EPERM);
		_exit(0);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
	kill(victim, SIGKILL);
	EXPECT_EQ(conf_wait(victim), KILLED(SIGKILL));
}

CASE(queueinfo_cannot_pretend_to_be_the_kernel)
{
	siginfo_t info = {.si_code = SI_USER};
	pid_t pid = conf_fork();

	if (pid == 0)
		wait_forever(NULL);
	EXPECT_ERRNO(syscall(SYS_rt_sigqueueinfo, pid, SIGUSR1, &info), EPERM);
	info.si_code = SI_TKILL;
	EXPECT_ERRNO(syscall(SYS_rt_sigqueueinfo, pid, SIGUSR1, &info), EPERM);
	info.si_code = SI_QUEUE;
	EXPECT_ERRNO(syscall(SYS_rt_sigqueueinfo, pid, 99, &info), EINVAL);
	EXPECT_ERRNO(
		syscall(SYS_rt_sigqueueinfo, pid, SIGUSR1, conf_unmapped()),
		EFAULT);
	EXPECT_OK(syscall(SYS_rt_sigqueueinfo, pid, SIGUSR1, &info));
	EXPECT_EQ(conf_wait(pid), KILLED(SIGUSR1));
}

CASE(stop_and_continue_are_seen_by_the_parent)
{
	int status;
	pid_t pid = conf_fork();

	if (pid == 0)
		wait_forever(NULL);
	MUST(kill(pid, SIGSTOP));
	EXPECT_EQ(waitpid(pid, &status, WUNTRACED), pid);
	EXPECT_EQ(status, SIGSTOP << 8 | 0x7f);
	MUST(kill(pid, SIGCONT));
	EXPECT_EQ(waitpid(pid, &status, WCONTINUED), pid);
	EXPECT_EQ(status, 0xffff);
	MUST(kill(pid, SIGTERM));
	EXPECT_EQ(conf_wait(pid), KILLED(SIGTERM));
}

CASE(stopped_process_dies_of_kill_and_waits_with_the_rest)
{
	int status;
	pid_t pid = conf_fork();

	if (pid == 0)
		wait_forever(NULL);
	MUST(kill(pid, SIGSTOP));
	MUST(waitpid(pid, &status, WUNTRACED));
	MUST(kill(pid, SIGTERM));
	conf_sleep_ms(20);
	EXPECT_EQ(waitpid(pid, &status, WNOHANG), 0);
	MUST(kill(pid, SIGCONT));
	EXPECT_EQ(conf_wait(pid), KILLED(SIGTERM));
}

CASE(stopped_process_does_not_run)
{
	volatile int *ticks = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	int seen;
	pid_t pid = conf_fork();

	if (pid == 0)
		for (;;)
			(*ticks)++;
	WAIT_UNTIL(*ticks > 0);
	MUST(kill(pid, SIGSTOP));
	MUST(waitpid(pid, &status, WUNTRACED));
	seen = *ticks;
	conf_sleep_ms(20);
	EXPECT_EQ(*ticks, seen);
	MUST(kill(pid, SIGCONT));
	WAIT_UNTIL(*ticks != seen);
	MUST(kill(pid, SIGKILL));
	EXPECT_EQ(conf_wait(pid), KILLED(SIGKILL));
}

CASE(parent_death_signal)
{
	int p[2];
	char c = 0;
	pid_t pid;

	MUST(pipe(p));
	pid = conf_fork();
	if (pid == 0) {
		if (conf_fork() == 0) {
			sigset_t set;
			int signo = 0;

			sigemptyset(&set);
			sigaddset(&set, SIGUSR1);
			sigprocmask(SIG_BLOCK, &set, NULL);
			prctl(PR_SET_PDEATHSIG, SIGUSR1);
			write(p[1], "r", 1);
			sigwait(&set, &signo);
			c = signo;
			write(p[1], &c, 1);
			_exit(0);
		}
		read(p[0], &c, 1);
		_exit(0);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
	EXPECT_EQ(read(p[0], &c, 1), 1);
	EXPECT_EQ(c, SIGUSR1);
}
