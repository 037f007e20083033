/*
 * A sentry without a kernel: it takes the boot message and then does what the
 * name of the "program" says, for tests of the launcher alone.
 *
 *	exit:N     reports an exit status
 *	signal:N   reports an end by a signal
 *	missing    reports a program that was not found
 *	config     prints what it was told, then exit:0
 *	walls      goes through lockdown_enter(), prints the walls, exit:0
 *	wait       reports exit:S for the first signal S it is told
 *	deaf       never says anything
 *	junk       sends bytes that are no result
 *	die        ends without a word, by SIGILL
 *	orphans    starts three sleepers, then as deaf
 */
#include "boot.h"
#include "lib/checked.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void report(struct boot_config *config, int status)
{
	static char platform[] = "fake";
	struct boot_result result = {
		.outcome = BOOT_EXITED,
		.status = status,
		.platform = platform,
		.walls = config->walls,
	};

	boot_result_send(BOOT_SOCKET, &result);
}

static void report_missing(const struct boot_config *config)
{
	static char message[] = "cannot find \"missing\"\033[31m in PATH";
	struct boot_result result = {
		.outcome = BOOT_FAILED,
		.code = 127,
		.message = message,
		.walls = config->walls,
	};

	boot_result_send(BOOT_SOCKET, &result);
}

static void print_config(const struct boot_config *config)
{
	printf("flags %#x platform %s cwd %s hostname %s uid %u gid %u\n",
		config->flags, config->platform, config->cwd, config->hostname,
		config->uid, config->gid);
	for (size_t i = 0; config->argv[i]; i++)
		printf("argv %s\n", config->argv[i]);
	for (size_t i = 0; config->envp[i]; i++)
		printf("env %s\n", config->envp[i]);
	for (uint32_t i = 0; i < config->mount_count; i++)
		printf("mount %d %s root %u upper %u%s\n",
			config->mounts[i].kind, config->mounts[i].target,
			config->mounts[i].root, config->mounts[i].upper,
			config->mounts[i].read_only ? " ro" : "");
	for (int fd = 3; fd < 64; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			printf("fd %d\n", fd);
	fflush(stdout);
}

static void print_walls(struct boot_config *config)
{
	lockdown_enter(
		&config->walls, config->host_id, config->fds[BOOT_FD_STUB]);
	for (enum wall w = 0; w < WALL_COUNT; w++)
		printf("%s %s\n", wall_name(w),
			wall_is_up(&config->walls, w)
				? "up"
				: strerror(config->walls.error[w]));
	fflush(stdout);
}

static void wait_signal(struct boot_config *config)
{
	struct pollfd fd = {.fd = BOOT_SOCKET, .events = POLLIN};
	int signo;

	do {
		poll(&fd, 1, -1);
		signo = boot_signal_recv(BOOT_SOCKET);
	} while (signo == -EAGAIN);
	if (signo > 0)
		report(config, signo << 8);
}

static void start_orphans(void)
{
	for (int i = 0; i < 3; i++) {
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, 0);
			sleep(1000);
		}
	}
	printf("ready\n");
	fflush(stdout);
}

static void act(struct boot_config *config, const char *what)
{
	if (strncmp(what, "exit:", 5) == 0)
		report(config, atoi(what + 5) << 8);
	else if (strncmp(what, "signal:", 7) == 0)
		report(config, atoi(what + 7));
	else if (strcmp(what, "missing") == 0)
		report_missing(config);
	else if (strcmp(what, "config") == 0)
		print_config(config);
	else if (strcmp(what, "walls") == 0)
		print_walls(config);
	else if (strcmp(what, "wait") == 0)
		wait_signal(config);
	else if (strcmp(what, "junk") == 0)
		send(BOOT_SOCKET, "junk", 4, 0);
	else if (strcmp(what, "die") == 0)
		__builtin_trap(); /* raise() does nothing to PID 1 */
	else if (strcmp(what, "orphans") == 0)
		start_orphans();
	if (strcmp(what, "config") == 0 || strcmp(what, "walls") == 0)
		report(config, 0);
}

int main(void)
{
	struct boot_config *config;
	int ret = boot_recv(BOOT_SOCKET, &config);

	if (ret < 0) {
		dprintf(STDERR_FILENO, "fake-sentry: %s\n", strerror(-ret));
		return 1;
	}
	act(config, config->argv[0]);
	/* Like a sentry that hangs: only the launcher can end it. */
	for (;;)
		pause();
}
