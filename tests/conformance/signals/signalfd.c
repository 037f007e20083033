/* signalfd. */
#include "tests/conformance/harness.h"

#include <sys/signalfd.h>

static int blocked_fd(int signo, int flags)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signo);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL));
	return MUST(signalfd(-1, &set, flags));
}

CASE(pending_signals_are_read)
{
	struct signalfd_siginfo info[2];
	int fd = blocked_fd(SIGUSR1, SFD_NONBLOCK);

	EXPECT_EQ(sizeof(info[0]), 128);
	EXPECT_ERRNO(read(fd, info, sizeof(info)), EAGAIN);
	MUST(kill(getpid(), SIGUSR1));
	EXPECT_EQ(read(fd, info, sizeof(info)), 128);
	EXPECT_EQ(info[0].ssi_signo, SIGUSR1);
	EXPECT_EQ(info[0].ssi_code, SI_USER);
	EXPECT_EQ(info[0].ssi_pid, getpid());
	EXPECT_EQ(info[0].ssi_uid, getuid());
	EXPECT_ERRNO(read(fd, info, sizeof(info)), EAGAIN);
}

CASE(queued_values_come_together)
{
	struct signalfd_siginfo info[4];
	union sigval v = {.sival_int = 1};
	int fd = blocked_fd(SIGRTMIN, SFD_NONBLOCK);

	for (; v.sival_int < 4; v.sival_int++)
		MUST(sigqueue(getpid(), SIGRTMIN, v));
	EXPECT_EQ(read(fd, info, sizeof(info)), 3 * 128);
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(info[i].ssi_int, i + 1);
}

CASE(poll_and_short_reads)
{
	struct signalfd_siginfo info;
	int fd = blocked_fd(SIGUSR1, SFD_NONBLOCK);
	struct pollfd p = {fd, POLLIN, 0};

	EXPECT_EQ(poll(&p, 1, 0), 0);
	raise(SIGUSR1);
	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT_ERRNO(read(fd, &info, 127), EINVAL);
	EXPECT_EQ(read(fd, &info, 128), 128);
	EXPECT_EQ(poll(&p, 1, 0), 0);
}

CASE(set_can_be_changed)
{
	struct signalfd_siginfo info;
	sigset_t set;
	int fd = blocked_fd(SIGUSR1, SFD_NONBLOCK);

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL));
	EXPECT_EQ(signalfd(fd, &set, 0), fd);
	raise(SIGUSR1);
	EXPECT_ERRNO(read(fd, &info, sizeof(info)), EAGAIN);
	raise(SIGUSR2);
	EXPECT_EQ(read(fd, &info, sizeof(info)), 128);
	EXPECT_EQ(info.ssi_signo, SIGUSR2);
}

CASE(errors)
{
	sigset_t set;

	sigemptyset(&set);
	EXPECT_ERRNO(signalfd(-1, &set, 1), EINVAL);
	EXPECT_ERRNO(signalfd(0, &set, 0), EINVAL);
	EXPECT_ERRNO(signalfd(9999, &set, 0), EBADF);
	EXPECT_ERRNO(syscall(SYS_signalfd4, -1, &set, 7, 0), EINVAL);
	EXPECT_ERRNO(syscall(SYS_signalfd4, -1, conf_unmapped(), 8, 0), EFAULT);
}

CASE(waiting_read_is_woken)
{
	struct signalfd_siginfo info = {0};
	int fd = blocked_fd(SIGUSR1, 0);
	pid_t pid = conf_fork();

	if (pid == 0) {
		conf_sleep_ms(20);
		kill(getppid(), SIGUSR1);
		_exit(0);
	}
	EXPECT_EQ(read(fd, &info, sizeof(info)), 128);
	EXPECT_EQ(info.ssi_pid, pid);
	conf_wait(pid);
}

CASE(child_death_is_told)
{
	struct signalfd_siginfo info = {0};
	int fd = blocked_fd(SIGCHLD, 0);
	pid_t pid = conf_fork();

	if (pid == 0)
		_exit(9);
	EXPECT_EQ(read(fd, &info, sizeof(info)), 128);
	EXPECT_EQ(info.ssi_signo, SIGCHLD);
	EXPECT_EQ(info.ssi_code, CLD_EXITED);
	EXPECT_EQ(info.ssi_status, 9);
	EXPECT_EQ(conf_wait(pid), EXITED(9));
}
