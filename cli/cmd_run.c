/*
 * sandbox run: one program in a sandbox, start to end.
 */
#include "cli/cli.h"
#include "cli/report.h"
#include "cli/run_config.h"
#include "lib/checked.h"
#include "oci/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EXIT_TIMED_OUT 124

/* Too big for the stack; there is one run in a process. */
static struct run_options options;
static struct run_config config;

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static int open_output(
	const char *option, const char *path, int flags, struct error *error)
{
	int fd = path ? open(path,
				flags | O_CREAT | O_WRONLY | O_CLOEXEC |
					O_NOCTTY,
				0600)
		      : fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);

	if (fd < 0)
		error_set(error, "--%s%s%s: %s", option, path ? "=" : "",
			path ? path : "", strerror(errno));
	return fd;
}

static int open_outputs(FILE **json, struct error *error)
{
	int *fds = config.boot.fds;
	int fd;

	if (options.debug_log) {
		fds[BOOT_FD_LOG] = open_output(
			"debug-log", options.debug_log, O_APPEND, error);
		if (fds[BOOT_FD_LOG] < 0)
			return -1;
	}
	if (options.strace) {
		fds[BOOT_FD_STRACE] = open_output("strace", options.strace_file,
			O_TRUNC | O_APPEND, error);
		if (fds[BOOT_FD_STRACE] < 0)
			return -1;
	}
	if (options.json) {
		fd = open_output("json", options.json_file, O_TRUNC, error);
		if (fd < 0)
			return -1;
		*json = fdopen(fd, "w");
	}
	return 0;
}

/* What the result means for the one who waits for us. */
static int result_status(const struct boot_result *result,
	struct report *report, struct error *error)
{
	if (result->outcome == BOOT_FAILED) {
		text_escape(result->message, error->text, sizeof(error->text));
		error->code = result->code;
		return result->code;
	}
	/* It ran, but not all was well: what was to be kept, say. */
	text_escape(result->message, error->text, sizeof(error->text));
	if (WIFSIGNALED(result->status)) {
		report->signal = WTERMSIG(result->status);
		return 128 + report->signal;
	}
	return WEXITSTATUS(result->status);
}

/* Changes were made, nobody keeps them, and somebody is there to be told. */
static void tell_changes(const struct boot_result *result)
{
	if (!result || !result->changed_files || options.keep ||
		!(cli_streams & (1u << STDERR_FILENO)) ||
		!isatty(STDERR_FILENO))
		return;
	fprintf(stderr,
		"sandbox: %llu changes to files were thrown away; --keep DIR "
		"keeps them, --rw P writes to P\n",
		(unsigned long long)result->changed_files);
}

static int run(
	struct monitor *monitor, struct report *report, struct error *error)
{
	struct sandbox sandbox;
	int ret;

	if (monitor_init(error) < 0 ||
		sandbox_start(&sandbox, &config.launch, error) < 0)
		return EXIT_OURS;
	ret = monitor_run(monitor, &sandbox, error);
	sandbox_end(&sandbox);
	if (monitor->timed_out)
		error->text[0] = 0;
	if (ret < 0)
		return monitor->timed_out ? EXIT_TIMED_OUT : EXIT_OURS;
	report->result = monitor->result;
	ret = result_status(monitor->result, report, error);
	return monitor->timed_out ? EXIT_TIMED_OUT : ret;
}

int cmd_run(int argc, char **argv)
{
	struct error error = {0};
	struct report report = {.config = &config};
	struct monitor monitor = {0};
	double start = now_ms();
	FILE *json = NULL;

	if (run_options_parse(&options, argc, argv) < 0)
		return EXIT_OURS;
	report.exit_code = EXIT_OURS;
	if (run_config_init(&config, &options, &error) == 0 &&
		open_outputs(&json, &error) == 0) {
		monitor.timeout = options.timeout;
		report.exit_code = run(&monitor, &report, &error);
	}
	if (error.text[0]) {
		fprintf(stderr, "sandbox: %s\n", error.text);
		report.failure = error.text;
	}
	tell_changes(report.result);
	report.timed_out = monitor.timed_out;
	report.duration_ms = now_ms() - start;
	if (json) {
		if (report_write(&report, json) < 0 || fclose(json) != 0)
			fprintf(stderr,
				"sandbox: --json: cannot write the "
				"report: %s\n",
				strerror(errno));
	}
	boot_result_destroy(monitor.result);
	run_config_finish(&config);
	return report.exit_code;
}
