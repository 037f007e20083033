/*
 * The launcher's wait. See the header.
 *
 * Nothing here trusts the sentry: its result is checked in boot.c, and the
 * death of any process of ours ends the wait whatever was said before.
 */
#include "oci/monitor.h"

#include "lib/checked.h"
#include "lib/trim.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GRACE_SECONDS 3.0 /* from SIGTERM to SIGKILL */
#define KILL_SECONDS  1.0 /* for the sentry to tell how it ended */

static int signals = -1;

static const int forwarded[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1,
	SIGUSR2, SIGWINCH, SIGTSTP, SIGCONT};

int monitor_init(struct error *error)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < ARRAY_SIZE(forwarded); i++) {
		struct sigaction old;

		/* What was ignored for us, nohup's SIGHUP say, stays so. */
		sigaction(forwarded[i], NULL, &old);
		if (old.sa_handler != SIG_IGN)
			sigaddset(&set, forwarded[i]);
	}
	/* An ignored SIGCHLD would have the kernel reap for us. */
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		return error_set(
			error, "cannot watch signals: %s", strerror(errno));
	return 0;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* The next step of --timeout: TERM, KILL, then no more patience. */
struct deadline {
	double at; /* 0: none */
	int step;
};

/* -1 when the sentry did not even say that its program is gone. */
static int deadline_passed(struct deadline *deadline, struct sandbox *sandbox)
{
	switch (deadline->step++) {
	case 0:
		boot_signal_send(sandbox->boot, SIGTERM);
		boot_signal_send(sandbox->boot, SIGCONT);
		deadline->at = now() + GRACE_SECONDS;
		return 0;
	case 1:
		boot_signal_send(sandbox->boot, SIGKILL);
		deadline->at = now() + KILL_SECONDS;
		return 0;
	default:
		return -1;
	}
}

static void tell_status(
	struct error *error, const char *name, int status, pid_t pid)
{
	if (WIFSIGNALED(status))
		error_set(error, "the %s (process %d) was killed by signal %d",
			name, pid, WTERMSIG(status));
	else if (WEXITSTATUS(status) == 125)
		error->text[0] = 0; /* It has printed its own line. */
	else
		error_set(error,
			"the %s (process %d) ended with status %d before the "
			"program did; run with --debug-log FILE to see why",
			name, pid, WEXITSTATUS(status));
	error->code = 125;
}

/* Reaps; -1 with error set if a process of ours was among them. */
static int reap(struct sandbox *sandbox, struct error *error)
{
	const struct {
		const char *name;
		pid_t *pid;
	} ours[] = {
		/* A gofer that fails takes the sentry along: it comes first. */
		{"gofer", &sandbox->gofer},
		{"sentry", &sandbox->sentry},
		{"procfs broker", &sandbox->broker},
	};
	int status, failed = 0;

	for (size_t i = 0; i < ARRAY_SIZE(ours); i++) {
		pid_t pid = *ours[i].pid;

		if (pid <= 0 || waitpid(pid, &status, WNOHANG) != pid)
			continue;
		*ours[i].pid = 0;
		/* A gofer or broker ends well when its sentry is gone. */
		if (ours[i].pid != &sandbox->sentry && WIFEXITED(status) &&
			WEXITSTATUS(status) == 0)
			continue;
		if (!failed)
			tell_status(error, ours[i].name, status, pid);
		failed = -1;
	}
	/* Orphans of a sandbox without a PID namespace. */
	if (!wall_is_up(&sandbox->walls, WALL_PID_NS) && !failed)
		while (waitpid(-1, NULL, WNOHANG | __WALL) > 0 && !failed)
			;
	return failed;
}

static int take_signal(struct sandbox *sandbox, struct error *error)
{
	struct signalfd_siginfo info;

	while (read(signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD) {
			if (reap(sandbox, error) < 0)
				return -1;
			continue;
		}
		boot_signal_send(sandbox->boot, (int)info.ssi_signo);
	}
	return 0;
}

/* 1: the result is there; 0: go on; -1: error is set. */
static int take_message(
	struct monitor *monitor, struct sandbox *sandbox, struct error *error)
{
	int ret;

	/* The shell that started us is to see us stop, too. */
	if (boot_stop_recv(sandbox->boot)) {
		raise(SIGSTOP);
		return 0;
	}
	ret = boot_result_recv(sandbox->boot, &monitor->result);
	if (ret == 0)
		return 1;
	if (ret == -EAGAIN)
		return 0;
	if (ret == -ENODATA) {
		/* Its status says more; it is about to end, or is ended. */
		close(sandbox->boot);
		sandbox->boot = -1;
		return 0;
	}
	return error_set(error, "the sentry sent something that is not a "
				"result; it may be lost");
}

static int wait_once(struct monitor *monitor, struct sandbox *sandbox,
	const struct deadline *deadline, struct error *error)
{
	struct pollfd fds[] = {
		{.fd = sandbox->boot, .events = POLLIN},
		{.fd = signals, .events = POLLIN},
		{.fd = sandbox->broker_socket, .events = POLLIN},
	};
	double left = deadline->at > 0 ? deadline->at - now() : -1;
	int ms = deadline->at > 0 ? (int)(MAX(left, 0.0) * 1000) + 1 : -1;
	/* Both are signs of a sentry that is ending: no need to wait long. */
	bool ending = sandbox->boot < 0 || sandbox->gofer == 0;
	int ret = 0;

	if (ending)
		ms = 1000;
	if (poll(fds, ARRAY_SIZE(fds), ms) == 0 && ending)
		return error_set(error, "the sentry does not end, though its "
					"gofer or its socket is gone");
	if (fds[0].revents)
		ret = take_message(monitor, sandbox, error);
	if (ret == 0 && fds[1].revents)
		ret = take_signal(sandbox, error);
	/* A sentry that is gone may have sent its result since we looked. */
	if (ret < 0 && sandbox->boot >= 0 && !monitor->result)
		ret = take_message(monitor, sandbox, error) == 1 ? 1 : -1;
	if (ret == 0 && fds[2].revents == POLLIN)
		ret = sandbox_start_broker(sandbox, error);
	else if (ret == 0 && fds[2].revents) {
		close(sandbox->broker_socket);
		sandbox->broker_socket = -1;
	}
	return ret;
}

/* A program that runs for longer than this will run for a while. */
#define START_MS 200

/* Waits for the first event, and gives memory back if that takes long. */
static void settle(const struct sandbox *sandbox)
{
	struct pollfd fds[] = {
		{.fd = sandbox->boot, .events = POLLIN},
		{.fd = signals, .events = POLLIN},
		{.fd = sandbox->broker_socket, .events = POLLIN},
	};

	if (poll(fds, ARRAY_SIZE(fds), START_MS) == 0)
		trim_startup();
}

int monitor_run(
	struct monitor *monitor, struct sandbox *sandbox, struct error *error)
{
	struct deadline deadline = {0};
	int ret = 0;

	if (monitor->timeout > 0)
		deadline.at = now() + monitor->timeout;
	settle(sandbox);
	while (ret == 0) {
		ret = wait_once(monitor, sandbox, &deadline, error);
		if (ret != 0 || deadline.at <= 0 || now() < deadline.at)
			continue;
		monitor->timed_out = true;
		if (deadline_passed(&deadline, sandbox) < 0)
			return error_set(error, "the sentry did not end its "
						"program in time");
	}
	return ret < 0 ? -1 : 0;
}
