/* Which calls a handler restarts, and which always say EINTR. */
#include "tests/conformance/harness.h"

#include <sys/file.h>

static pid_t send_later(int signo, int then_fd)
{
	pid_t target = getpid();
	pid_t pid = conf_fork();

	if (pid)
		return pid;
	for (int i = 0; i < 2; i++) {
		conf_sleep_ms(20);
		kill(target, signo);
	}
	conf_sleep_ms(20);
	if (then_fd >= 0)
		write(then_fd, "x", 1);
	_exit(0);
}

CASE(wait_restarts)
{
	pid_t pid;
	int status;

	conf_catch(SIGUSR1, SA_RESTART);
	pid = send_later(SIGUSR1, -1);
	EXPECT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(conf_caught, 2);
}

CASE(wait_is_broken_without_restart)
{
	pid_t pid;
	int status;

	conf_catch(SIGUSR1, 0);
	pid = send_later(SIGUSR1, -1);
	EXPECT_ERRNO(waitpid(pid, &status, 0), EINTR);
	EXPECT_EQ(conf_wait(pid), EXITED(0));
}

CASE(read_restarts_and_keeps_its_arguments)
{
	char text[4] = "";
	int p[2];
	pid_t pid;

	MUST(pipe(p));
	conf_catch(SIGUSR1, SA_RESTART);
	pid = send_later(SIGUSR1, p[1]);
	EXPECT_EQ(read(p[0], text, sizeof(text)), 1);
	EXPECT_EQ(text[0], 'x');
	EXPECT_EQ(conf_caught, 2);
	conf_wait(pid);
}

CASE(flock_restarts)
{
	int a = conf_file("f", "");
	int b = MUST(open("f", O_RDWR));
	pid_t target = getpid();
	pid_t pid;

	conf_catch(SIGUSR1, SA_RESTART);
	MUST(flock(a, LOCK_EX));
	pid = conf_fork();
	if (pid == 0) {
		close(b);
		conf_sleep_ms(20);
		kill(target, SIGUSR1);
		conf_sleep_ms(20);
		flock(a, LOCK_UN);
		_exit(0);
	}
	EXPECT_OK(flock(b, LOCK_EX));
	EXPECT_EQ(conf_caught, 1);
	conf_wait(pid);
}

CASE(nanosleep_is_never_restarted_after_a_handler)
{
	struct timespec t = {5, 0};
	struct timespec left = {0, 0};
	pid_t poker;

	conf_catch(SIGUSR1, SA_RESTART);
	poker = conf_poke_start(SIGUSR1);
	EXPECT_ERRNO(nanosleep(&t, &left), EINTR);
	conf_poke_stop(poker);
	EXPECT_RANGE(left.tv_sec, 3, 4);
}

CASE(stop_and_continue_do_not_break_a_sleep)
{
	struct timespec t = {0, 150000000};
	long long start;
	pid_t pid = conf_fork();

	if (pid == 0) {
		start = conf_now_ms();
		EXPECT_OK(nanosleep(&t, NULL));
		EXPECT_RANGE(conf_now_ms() - start, 149, 3000);
		_exit(0);
	}
	conf_sleep_ms(30);
	MUST(kill(pid, SIGSTOP));
	conf_sleep_ms(30);
	MUST(kill(pid, SIGCONT));
	EXPECT_EQ(conf_wait(pid), EXITED(0));
}

CASE(ignored_signals_break_nothing)
{
	struct timespec t = {0, 100000000};
	pid_t poker;

	signal(SIGUSR1, SIG_IGN);
	poker = conf_poke_start(SIGUSR1);
	EXPECT_OK(nanosleep(&t, NULL));
	conf_poke_stop(poker);
}

CASE(second_handler_without_restart_decides)
{
	char c;
	int p[2];
	pid_t pid;

	MUST(pipe(p));
	conf_catch(SIGUSR1, SA_RESTART);
	conf_catch(SIGUSR2, 0);
	pid = conf_fork();
	if (pid == 0) {
		conf_sleep_ms(20);
		kill(getppid(), SIGUSR1);
		conf_sleep_ms(20);
		while (getppid() != 1 && kill(getppid(), SIGUSR2) == 0)
			conf_sleep_ms(20);
		_exit(0);
	}
	EXPECT_ERRNO(read(p[0], &c, 1), EINTR);
	EXPECT(conf_caught >= 2);
	kill(pid, SIGKILL);
	conf_wait(pid);
}

static volatile sig_atomic_t nested_read = -2;
static int nested_pipe[2];

static void read_in_handler(int signo)
{
	char c;

	nested_read = read(nested_pipe[0], &c, 1);
}

CASE(handler_may_wait_itself)
{
	struct sigaction a = {
		.sa_handler = read_in_handler, .sa_flags = SA_RESTART};
	int p[2];
	pid_t pid;
	char c;

	MUST(pipe(p));
	MUST(pipe(nested_pipe));
	MUST(sigaction(SIGUSR1, &a, NULL));
	pid = conf_fork();
	if (pid == 0) {
		conf_sleep_ms(20);
		kill(getppid(), SIGUSR1);
		conf_sleep_ms(20);
		write(nested_pipe[1], "x", 1);
		conf_sleep_ms(20);
		write(p[1], "y", 1);
		_exit(0);
	}
	EXPECT_EQ(read(p[0], &c, 1), 1);
	EXPECT_EQ(c, 'y');
	EXPECT_EQ(nested_read, 1);
	conf_wait(pid);
}
