/* epoll: level, edge, oneshot, nesting, errors and lifetimes. */
#include "tests/conformance/harness.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

static int add(int ep, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event e = {.events = events, .data.u64 = data};

	return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
}

static int change(int ep, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event e = {.events = events, .data.u64 = data};

	return epoll_ctl(ep, EPOLL_CTL_MOD, fd, &e);
}

CASE(level_tells_as_long_as_it_is_so)
{
	struct epoll_event e[4];
	int ep = MUST(epoll_create1(0));
	int p[2];
	char c;

	MUST(pipe(p));
	EXPECT_OK(add(ep, p[0], EPOLLIN, 0x123456789abcdefull));
	EXPECT_EQ(epoll_wait(ep, e, 4, 0), 0);
	MUST(write(p[1], "x", 1));
	EXPECT_EQ(epoll_wait(ep, e, 4, 0), 1);
	EXPECT_EQ(e[0].events, EPOLLIN);
	EXPECT_EQ(e[0].data.u64, 0x123456789abcdefull);
	EXPECT_EQ(epoll_wait(ep, e, 4, 0), 1);
	MUST(read(p[0], &c, 1));
	EXPECT_EQ(epoll_wait(ep, e, 4, 0), 0);
}

CASE(edge_tells_once_per_change)
{
	struct epoll_event e;
	int ep = MUST(epoll_create1(0));
	int p[2];

	MUST(pipe(p));
	MUST(add(ep, p[0], EPOLLIN | EPOLLET, 1));
	MUST(write(p[1], "x", 1));
	EXPECT_EQ(epoll_wait(ep, &e, 1, 0), 1);
	EXPECT_EQ(epoll_wait(ep, &e, 1, 0), 0);
	MUST(write(p[1], "y", 1));
	EXPECT_EQ(epoll_wait(ep, &e, 1, 0), 1);
	EXPECT_EQ(epoll_wait(ep, &e, 1, 0), 0);
}

CASE(oneshot_is_quiet_until_changed)
{
	struct epoll_event e;
	int ep = MUST(epoll_create1(0));
	int p[2];

	MUST(pipe(p));
	MUST(write(p[1], "x", 1));
	MUST(add(ep, p[0], EPOLLIN | EPOLLONESHOT, 1));
	EXPECT_EQ(epoll_wait(ep, &e, 1, 0), 1);
	EXPECT_EQ(epoll_wait(ep, &e, 1, 0), 0);
	EXPECT_OK(change(ep, p[0], EPOLLIN | EPOLLONESHOT, 2));
	EXPECT_EQ(epoll_wait(ep, &e, 1, 0), 1);
	EXPECT_EQ(e.data.u64, 2);
}

CASE(hangup_and_error_come_unasked)
{
	struct epoll_event e;
	int ep = MUST(epoll_create1(0));
	int a[2];
	int b[2];

	MUST(pipe(a));
	MUST(pipe(b));
	MUST(add(ep, a[0], 0, 1));
	close(a[1]);
	EXPECT_EQ(epoll_wait(ep, &e, 1, 0), 1);
	EXPECT_EQ(e.events, EPOLLHUP);
	MUST(epoll_ctl(ep, EPOLL_CTL_DEL, a[0], NULL));
	MUST(add(ep, b[1], 0, 1));
	close(b[0]);
	EXPECT_EQ(epoll_wait(ep, &e, 1, 0), 1);
	EXPECT_EQ(e.events, EPOLLERR);
}

CASE(errors_of_control)
{
	struct epoll_event e = {.events = EPOLLIN};
	int ep = MUST(epoll_create1(0));
	int p[2];

	MUST(pipe(p));
	EXPECT_OK(add(ep, p[0], EPOLLIN, 0));
	EXPECT_ERRNO(add(ep, p[0], EPOLLIN, 0), EEXIST);
	EXPECT_ERRNO(change(ep, p[1], EPOLLIN, 0), ENOENT);
	EXPECT_ERRNO(epoll_ctl(ep, EPOLL_CTL_DEL, p[1], &e), ENOENT);
	EXPECT_ERRNO(add(ep, -1, EPOLLIN, 0), EBADF);
	EXPECT_ERRNO(add(-1, p[0], EPOLLIN, 0), EBADF);
	EXPECT_ERRNO(add(p[0], p[1], EPOLLIN, 0), EINVAL);
	EXPECT_ERRNO(add(ep, ep, EPOLLIN, 0), EINVAL);
	EXPECT_ERRNO(epoll_ctl(ep, 77, p[0], &e), EINVAL);
	EXPECT_ERRNO(
		epoll_ctl(ep, EPOLL_CTL_ADD, p[1], conf_unmapped()), EFAULT);
	EXPECT_ERRNO(add(ep, conf_file("f", ""), EPOLLIN, 0), EPERM);
	EXPECT_ERRNO(add(ep, MUST(open(".", O_RDONLY)), EPOLLIN, 0), EPERM);
}

CASE(errors_of_creation)
{
	EXPECT_ERRNO(epoll_create1(1), EINVAL);
	EXPECT_ERRNO(epoll_create(0), EINVAL);
	EXPECT_ERRNO(epoll_create(-1), EINVAL);
	EXPECT_OK(epoll_create(1));
	EXPECT_EQ(
		fcntl(MUST(epoll_create1(EPOLL_CLOEXEC)), F_GETFD), FD_CLOEXEC);
}

CASE(errors_of_waiting)
{
	struct epoll_event e;
	int ep = MUST(epoll_create1(0));
	int p[2];

	MUST(pipe(p));
	MUST(write(p[1], "x", 1));
	MUST(add(ep, p[0], EPOLLIN, 0));
	EXPECT_ERRNO(epoll_wait(ep, &e, 0, 0), EINVAL);
	EXPECT_ERRNO(epoll_wait(ep, &e, -1, 0), EINVAL);
	EXPECT_ERRNO(epoll_wait(p[0], &e, 1, 0), EINVAL);
	EXPECT_ERRNO(epoll_wait(-1, &e, 1, 0), EBADF);
	EXPECT_ERRNO(epoll_wait(ep, conf_unmapped(), 1, 0), EFAULT);
	EXPECT_EQ(epoll_wait(ep, &e, 1, 0), 1);
}

CASE(closing_the_last_descriptor_removes_the_watch)
{
	struct epoll_event e;
	int ep = MUST(epoll_create1(0));
	int p[2];
	int copy;

	MUST(pipe(p));
	MUST(write(p[1], "x", 1));
	MUST(add(ep, p[0], EPOLLIN, 0));
	copy = MUST(dup(p[0]));
	close(p[0]);
	EXPECT_EQ(epoll_wait(ep, &e, 1, 0), 1);
	close(copy);
	EXPECT_EQ(epoll_wait(ep, &e, 1, 0), 0);
}

CASE(same_file_by_two_descriptors_is_two_watches)
{
	struct epoll_event e[4];
	int ep = MUST(epoll_create1(0));
	int p[2];

	MUST(pipe(p));
	MUST(write(p[1], "x", 1));
	EXPECT_OK(add(ep, p[0], EPOLLIN, 1));
	EXPECT_OK(add(ep, MUST(dup(p[0])), EPOLLIN, 2));
	EXPECT_EQ(epoll_wait(ep, e, 4, 0), 2);
	EXPECT_EQ(e[0].data.u64 + e[1].data.u64, 3);
}

CASE(few_slots_take_turns)
{
	struct epoll_event e;
	int seen[3] = {0};
	int ep = MUST(epoll_create1(0));

	for (int i = 0; i < 3; i++)
		MUST(add(ep, MUST(eventfd(1, 0)), EPOLLIN, i));
	for (int i = 0; i < 6; i++) {
		EXPECT_EQ(epoll_wait(ep, &e, 1, 0), 1);
		seen[e.data.u64]++;
	}
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(seen[i], 2);
}

CASE(nested_is_readable_when_the_inner_has_news)
{
	struct epoll_event e;
	struct pollfd f;
	int outer = MUST(epoll_create1(0));
	int inner = MUST(epoll_create1(0));
	int p[2];

	MUST(pipe(p));
	MUST(add(inner, p[0], EPOLLIN, 1));
	MUST(add(outer, inner, EPOLLIN, 2));
	EXPECT_EQ(epoll_wait(outer, &e, 1, 0), 0);
	MUST(write(p[1], "x", 1));
	EXPECT_EQ(epoll_wait(outer, &e, 1, 0), 1);
	EXPECT_EQ(e.data.u64, 2);
	f = (struct pollfd){outer, POLLIN, 0};
	EXPECT_EQ(poll(&f, 1, 0), 1);
}

CASE(cycles_are_eloop)
{
	int a = MUST(epoll_create1(0));
	int b = MUST(epoll_create1(0));

	EXPECT_OK(add(a, b, EPOLLIN, 0));
	EXPECT_ERRNO(add(b, a, EPOLLIN, 0), ELOOP);
}

CASE(nesting_is_four_links_deep_and_no_more)
{
	int ep[7];
	int i;

	for (i = 0; i < 7; i++)
		ep[i] = MUST(epoll_create1(0));
	for (i = 0; i < 6; i++)
		if (add(ep[i + 1], ep[i], EPOLLIN, 0) < 0)
			break;
	EXPECT_EQ(i, 4);
	EXPECT_ERRNO(add(ep[5], ep[4], EPOLLIN, 0), ELOOP);
}

CASE(waiting_is_woken_by_another_process)
{
	struct epoll_event e;
	int ep = MUST(epoll_create1(0));
	int p[2];
	pid_t pid;

	MUST(pipe(p));
	MUST(add(ep, p[0], EPOLLIN, 5));
	pid = conf_fork();
	if (pid == 0) {
		conf_sleep_ms(30);
		MUST(write(p[1], "x", 1));
		_exit(0);
	}
	EXPECT_EQ(epoll_wait(ep, &e, 1, 3000), 1);
	EXPECT_EQ(e.data.u64, 5);
	conf_wait(pid);
}

CASE(timeout_takes_its_time)
{
	struct epoll_event e;
	long long start = conf_now_ms();
	int ep = MUST(epoll_create1(0));

	EXPECT_EQ(epoll_wait(ep, &e, 1, 50), 0);
	EXPECT_RANGE(conf_now_ms() - start, 49, 2000);
}

CASE(signal_breaks_the_wait_even_with_restart)
{
	struct epoll_event e;
	int ep = MUST(epoll_create1(0));
	pid_t poker;

	conf_catch(SIGUSR1, SA_RESTART);
	poker = conf_poke_start(SIGUSR1);
	EXPECT_ERRNO(epoll_wait(ep, &e, 1, -1), EINTR);
	conf_poke_stop(poker);
}

CASE(pwait_changes_the_mask_while_waiting)
{
	struct epoll_event e;
	int ep = MUST(epoll_create1(0));
	sigset_t set;
	sigset_t none;

	conf_catch(SIGUSR1, 0);
	sigemptyset(&none);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL));
	MUST(raise(SIGUSR1));
	EXPECT_EQ(conf_caught, 0);
	EXPECT_ERRNO(epoll_pwait(ep, &e, 1, 1000, &none), EINTR);
	EXPECT_EQ(conf_caught, 1);
	MUST(sigprocmask(SIG_BLOCK, NULL, &set));
	EXPECT_EQ(sigismember(&set, SIGUSR1), 1);
}

CASE(pwait2_takes_nanoseconds)
{
	struct timespec t = {0, 20000000};
	struct timespec bad = {0, 1000000000};
	struct epoll_event e;
	long long start = conf_now_ms();
	int ep = MUST(epoll_create1(0));

	EXPECT_EQ(syscall(SYS_epoll_pwait2, ep, &e, 1, &t, NULL, 8), 0);
	EXPECT_RANGE(conf_now_ms() - start, 19, 2000);
	EXPECT_ERRNO(
		syscall(SYS_epoll_pwait2, ep, &e, 1, &bad, NULL, 8), EINVAL);
}

CASE(exclusive_rules)
{
	int ep = MUST(epoll_create1(0));
	int p[2];

	MUST(pipe(p));
	EXPECT_OK(add(ep, p[0], EPOLLIN | EPOLLEXCLUSIVE, 0));
	EXPECT_ERRNO(change(ep, p[0], EPOLLIN, 0), EINVAL);
	EXPECT_ERRNO(add(ep, p[1], EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT, 0),
		EINVAL);
}

CASE(output_readiness_comes_and_goes)
{
	char text[65536] = "";
	struct epoll_event e;
	int ep = MUST(epoll_create1(0));
	int p[2];

	MUST(pipe(p));
	MUST(add(ep, p[1], EPOLLOUT, 0));
	EXPECT_EQ(epoll_wait(ep, &e, 1, 0), 1);
	MUST(write(p[1], text, 65536));
	EXPECT_EQ(epoll_wait(ep, &e, 1, 0), 0);
	MUST(read(p[0], text, 65536));
	EXPECT_EQ(epoll_wait(ep, &e, 1, 0), 1);
}
