/*
 * Processes: made, replaced, ended, and talking through pipes and signals.
 */
#include "tests/bench/bench.h"

#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

static int ping[2], pong[2];
static pid_t partner;
static volatile sig_atomic_t caught;

static void await(pid_t pid)
{
	int status;

	need(pid > 0, "fork");
	need(waitpid(pid, &status, 0) == pid && status == 0, "child");
}

static void fork_repeat(long count)
{
	while (count-- > 0) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		await(pid);
	}
}

static void fork_exec_repeat(long count)
{
	while (count-- > 0) {
		pid_t pid = fork();

		if (pid == 0) {
			execl("/bin/true", "true", (char *)NULL);
			_exit(127);
		}
		await(pid);
	}
}

static void vfork_exec_repeat(long count)
{
	while (count-- > 0) {
		pid_t pid = vfork();

		if (pid == 0) {
			execl("/bin/true", "true", (char *)NULL);
			_exit(127);
		}
		await(pid);
	}
}

/* The same with all the C library's care: some 60 rt_sigaction() more. */
static void spawn_repeat(long count)
{
	static char path[] = "/bin/true";
	char *argv[] = {path, NULL};

	while (count-- > 0)
		run_command(argv);
}

static void echo_bytes(void)
{
	char byte;

	close(ping[1]);
	while (read(ping[0], &byte, 1) == 1)
		need(write(pong[1], &byte, 1) == 1, "write");
	_exit(0);
}

static void pipes_open(void)
{
	need(pipe(ping) == 0 && pipe(pong) == 0, "pipe");
	partner = fork();
	need(partner >= 0, "fork");
	if (partner == 0)
		echo_bytes();
	close(ping[0]);
	close(pong[1]);
}

static void pipes_close(void)
{
	close(ping[1]);
	await(partner);
	close(pong[0]);
}

/* There and back again. */
static void pipe_repeat(long count)
{
	char byte = 'x';

	while (count-- > 0)
		need(write(ping[1], &byte, 1) == 1 &&
				read(pong[0], &byte, 1) == 1,
			"pipe");
}

static void catch (int number)
{
	caught++;
}

static void signal_prepare(void)
{
	struct sigaction action = {.sa_handler = catch};

	need(sigaction(SIGUSR1, &action, NULL) == 0, "sigaction");
}

static void signal_repeat(long count)
{
	pid_t self = getpid();

	while (count-- > 0)
		kill(self, SIGUSR1);
}

const struct question process_questions[] = {
	{.name = "fork", .repeat = fork_repeat},
	{.name = "fork+exec", .repeat = fork_exec_repeat},
	{.name = "vfork+exec", .repeat = vfork_exec_repeat},
	{.name = "posix_spawn", .repeat = spawn_repeat},
	{.name = "pipe",
		.prepare = pipes_open,
		.repeat = pipe_repeat,
		.finish = pipes_close},
	{.name = "signal", .prepare = signal_prepare, .repeat = signal_repeat},
	{.name = NULL},
};
