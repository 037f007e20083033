/* poll, ppoll, select, pselect. */
#include "tests/conformance/harness.h"

#include <sys/select.h>

CASE(closed_descriptor_is_nval_and_negative_is_skipped)
{
	struct pollfd f[3] = {
		{-1, POLLIN, 7}, {9999, POLLIN, 0}, {-5, POLLOUT, 7}};

	EXPECT_EQ(poll(f, 3, 0), 1);
	EXPECT_EQ(f[0].revents, 0);
	EXPECT_EQ(f[1].revents, POLLNVAL);
	EXPECT_EQ(f[2].revents, 0);
}

CASE(files_are_always_ready)
{
	struct pollfd f[2] = {{conf_file("f", ""), POLLIN | POLLOUT, 0},
		{MUST(open(".", O_RDONLY)), POLLIN, 0}};

	EXPECT_EQ(poll(f, 2, -1), 2);
	EXPECT_EQ(f[0].revents, POLLIN | POLLOUT);
	EXPECT_EQ(f[1].revents, POLLIN);
}

CASE(poll_errors)
{
	struct rlimit limit = {10, 10};
	struct pollfd f[20];

	for (int i = 0; i < 20; i++)
		f[i] = (struct pollfd){-1, 0, 0};
	EXPECT_ERRNO(poll(conf_unmapped(), 1, 0), EFAULT);
	EXPECT_EQ(poll(NULL, 0, 0), 0);
	MUST(setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_ERRNO(poll(f, 11, 0), EINVAL);
	EXPECT_EQ(poll(f, 10, 0), 0);
}

CASE(poll_writes_back_only_revents)
{
	struct pollfd *f = conf_guarded(sizeof(*f));

	f->fd = 9999;
	f->events = POLLIN;
	EXPECT_EQ(poll(f, 1, 0), 1);
	EXPECT_EQ(f->fd, 9999);
	EXPECT_EQ(f->events, POLLIN);
}

CASE(poll_waits_its_time)
{
	long long start = conf_now_ms();

	EXPECT_EQ(poll(NULL, 0, 40), 0);
	EXPECT_RANGE(conf_now_ms() - start, 39, 2000);
}

CASE(poll_is_woken)
{
	struct pollfd f;
	int p[2];
	pid_t pid;

	MUST(pipe(p));
	pid = conf_fork();
	if (pid == 0) {
		conf_sleep_ms(20);
		MUST(write(p[1], "x", 1));
		_exit(0);
	}
	f = (struct pollfd){p[0], POLLIN, 0};
	EXPECT_EQ(poll(&f, 1, 3000), 1);
	EXPECT_EQ(f.revents, POLLIN);
	conf_wait(pid);
}

CASE(poll_is_broken_by_a_signal)
{
	pid_t poker;

	conf_catch(SIGUSR1, SA_RESTART);
	poker = conf_poke_start(SIGUSR1);
	EXPECT_ERRNO(poll(NULL, 0, -1), EINTR);
	conf_poke_stop(poker);
}

CASE(ppoll_sets_the_mask_and_tells_the_time_left)
{
	struct timespec t = {5, 0};
	sigset_t none;
	sigset_t set;

	conf_catch(SIGUSR1, 0);
	sigemptyset(&none);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL));
	MUST(raise(SIGUSR1));
	EXPECT_ERRNO(syscall(SYS_ppoll, NULL, 0, &t, &none, 8), EINTR);
	EXPECT_EQ(conf_caught, 1);
	EXPECT_RANGE(t.tv_sec, 3, 5);
}

CASE(ppoll_errors)
{
	struct timespec t = {0, 1000000000};
	sigset_t none;

	sigemptyset(&none);
	EXPECT_ERRNO(syscall(SYS_ppoll, NULL, 0, &t, NULL, 8), EINVAL);
	t = (struct timespec){-1, 0};
	EXPECT_ERRNO(syscall(SYS_ppoll, NULL, 0, &t, NULL, 8), EINVAL);
	EXPECT_ERRNO(syscall(SYS_ppoll, NULL, 0, NULL, &none, 7), EINVAL);
	EXPECT_ERRNO(
		syscall(SYS_ppoll, NULL, 0, conf_unmapped(), NULL, 8), EFAULT);
}

CASE(select_tells_who_is_ready)
{
	struct timeval t = {0, 0};
	fd_set in;
	fd_set out;
	int p[2];

	MUST(pipe(p));
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(p[0], &in);
	FD_SET(p[1], &out);
	EXPECT_EQ(select(p[1] + 1, &in, &out, NULL, &t), 1);
	EXPECT_EQ(FD_ISSET(p[0], &in) != 0, 0);
	EXPECT_EQ(FD_ISSET(p[1], &out) != 0, 1);
	MUST(write(p[1], "x", 1));
	FD_SET(p[0], &in);
	EXPECT_EQ(select(p[1] + 1, &in, &out, NULL, &t), 2);
}

CASE(select_errors)
{
	struct timeval t = {0, 0};
	fd_set set;

	FD_ZERO(&set);
	FD_SET(40, &set);
	EXPECT_ERRNO(select(41, &set, NULL, NULL, &t), EBADF);
	EXPECT_ERRNO(select(-1, NULL, NULL, NULL, &t), EINVAL);
	EXPECT_ERRNO(select(10, conf_unmapped(), NULL, NULL, &t), EFAULT);
	t.tv_sec = -1;
	EXPECT_ERRNO(select(0, NULL, NULL, NULL, &t), EINVAL);
}

CASE(select_ignores_bits_beyond_its_count)
{
	struct timeval t = {0, 0};
	fd_set set;

	FD_ZERO(&set);
	FD_SET(60, &set);
	EXPECT_EQ(select(50, &set, NULL, NULL, &t), 0);
}

CASE(select_leaves_the_time_left)
{
	struct timeval t = {5, 0};
	fd_set set;
	int p[2];

	MUST(pipe(p));
	MUST(write(p[1], "x", 1));
	FD_ZERO(&set);
	FD_SET(p[0], &set);
	EXPECT_EQ(select(p[0] + 1, &set, NULL, NULL, &t), 1);
	EXPECT_RANGE(t.tv_sec, 3, 5);
	t = (struct timeval){0, 20000};
	EXPECT_EQ(select(0, NULL, NULL, NULL, &t), 0);
	EXPECT_EQ(t.tv_sec, 0);
	EXPECT_EQ(t.tv_usec, 0);
}

CASE(pselect_sets_the_mask)
{
	struct timespec t = {3, 0};
	sigset_t none;
	sigset_t set;

	conf_catch(SIGUSR1, 0);
	sigemptyset(&none);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL));
	MUST(raise(SIGUSR1));
	EXPECT_ERRNO(pselect(0, NULL, NULL, NULL, &t, &none), EINTR);
	EXPECT_EQ(conf_caught, 1);
}

CASE(hung_up_pipe_is_readable_for_select)
{
	struct timeval t = {0, 0};
	fd_set set;
	int p[2];

	MUST(pipe(p));
	close(p[1]);
	FD_ZERO(&set);
	FD_SET(p[0], &set);
	EXPECT_EQ(select(p[0] + 1, &set, NULL, NULL, &t), 1);
}

CASE(dev_null_and_zero_are_ready)
{
	struct pollfd f[2] = {
		{MUST(open("/dev/null", O_RDWR)), POLLIN | POLLOUT, 0},
		{MUST(open("/dev/zero", O_RDWR)), POLLIN | POLLOUT, 0}};

	EXPECT_EQ(poll(f, 2, 0), 2);
	EXPECT_EQ(f[0].revents, POLLIN | POLLOUT);
	EXPECT_EQ(f[1].revents, POLLIN | POLLOUT);
}
