/*
 * sandbox debug self-audit: what our processes really may do, read from the
 * host's /proc and from the kernel's copy of their filters, not from what they
 * say of themselves.
 *
 * A sandbox is started for it that runs a program which waits; then sentry,
 * gofer and one stub are looked at. Reading a filter back needs a host root
 * that is not filtered itself.
 */
#include "cli/cli.h"
#include "cli/filter.h"
#include "oci/error.h"
#include "oci/programs.h"
#include "sentry/syscalls/types.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_MS     10000
#define STOP_MS      2000
#define FILTER_MAX   4096
#define FILTERS_MAX  16
#define ANSWER_BYTES 8

/* ---- One process ------------------------------------------------------- */

static void print_status(pid_t pid)
{
	static const char *const lines[] = {"Uid:", "Gid:", "Groups:",
		"NoNewPrivs:", "Seccomp:", "Seccomp_filters:", "CapInh:",
		"CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"};
	char path[64], line[512];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file))
		for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
			if (strncmp(line, lines[i], strlen(lines[i])) == 0)
				printf("  %s", line);
	fclose(file);
}

static void print_link(pid_t pid, const char *name)
{
	char path[PATH_MAX], target[PATH_MAX], shown[PATH_MAX * 4];
	ssize_t size;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	size = readlink(path, target, sizeof(target) - 1);
	target[size > 0 ? size : 0] = 0;
	text_escape(target, shown, sizeof(shown));
	printf("  %s: %s\n", name, size < 0 ? strerror(errno) : shown);
}

static void print_root(pid_t pid)
{
	char path[64];
	struct dirent *entry;
	unsigned int count = 0;
	DIR *dir;

	print_link(pid, "root");
	snprintf(path, sizeof(path), "/proc/%d/root", pid);
	dir = opendir(path);
	if (!dir) {
		printf("  files in the root: %s\n", strerror(errno));
		return;
	}
	while ((entry = readdir(dir)) != NULL)
		count += strcmp(entry->d_name, ".") != 0 &&
			 strcmp(entry->d_name, "..") != 0;
	closedir(dir);
	printf("  files in the root: %u\n", count);
}

static void print_namespaces(pid_t pid)
{
	static const char *const names[] = {
		"user", "pid", "mnt", "net", "ipc", "uts"};
	char path[64], own[128], other[128];
	ssize_t size;

	printf("  namespaces of its own:");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		size = readlink(path, own, sizeof(own) - 1);
		own[size > 0 ? size : 0] = 0;
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, names[i]);
		size = readlink(path, other, sizeof(other) - 1);
		other[size > 0 ? size : 0] = 0;
		if (size > 0 && strcmp(own, other) != 0)
			printf(" %s", names[i]);
	}
	putchar('\n');
}

static void print_fds(pid_t pid)
{
	char path[64], name[320];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	if (!dir) {
		printf("  fd: %s\n", strerror(errno));
		return;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "fd/%s", entry->d_name);
		print_link(pid, name);
	}
	closedir(dir);
}

/* ---- Its filters ------------------------------------------------------- */

struct filters {
	struct sock_filter code[FILTERS_MAX][FILTER_MAX];
	size_t size[FILTERS_MAX];
	size_t count;
};

static struct filters filters; /* big: not on the stack */

static int stop_process(pid_t pid)
{
	int status;

	if (ptrace(PTRACE_SEIZE, pid, 0, 0) < 0 ||
		ptrace(PTRACE_INTERRUPT, pid, 0, 0) < 0)
		return -errno;
	for (int ms = 0; ms < STOP_MS; ms++) {
		if (waitpid(pid, &status, __WALL | WNOHANG) == pid)
			return 0;
		usleep(1000);
	}
	return -ETIMEDOUT;
}

/* 0 or -errno. The process stands still for as long as this takes. */
static int read_filters(pid_t pid)
{
	int ret = stop_process(pid);
	long size;

	filters.count = 0;
	if (ret < 0)
		return ret;
	while (filters.count < FILTERS_MAX) {
		size = ptrace(
			PTRACE_SECCOMP_GET_FILTER, pid, filters.count, NULL);
		if (size < 0 && errno != ENOENT)
			ret = -errno;
		if (size < 0 || size > FILTER_MAX)
			break;
		ptrace(PTRACE_SECCOMP_GET_FILTER, pid, filters.count,
			filters.code[filters.count]);
		filters.size[filters.count++] = (size_t)size;
	}
	ptrace(PTRACE_DETACH, pid, 0, 0);
	return ret;
}

/* What the whole stack lets through: the strictest filter has its way. */
static unsigned int call_actions(uint32_t nr)
{
	unsigned int allowed = FILTER_ALLOW, seen = 0;

	for (size_t i = 0; i < filters.count; i++) {
		unsigned int actions = filter_actions(
			filters.code[i], filters.size[i], nr);

		allowed &= actions;
		seen |= actions;
	}
	return (seen & ~FILTER_ALLOW) | allowed;
}

static void print_calls(const char *title, unsigned int action)
{
	unsigned int count = 0, column = 0;

	for (uint32_t nr = 0; nr < 512; nr++)
		count += (call_actions(nr) & action) != 0;
	printf("  %s (%u):", title, count);
	for (uint32_t nr = 0; nr < 512 && count <= 128; nr++) {
		const struct sysent *entry = sysent_find(nr);

		if (!(call_actions(nr) & action))
			continue;
		printf("%s%s", column++ % 8 ? " " : "\n    ",
			entry ? entry->name : "?");
	}
	printf("%s\n", count > 128 ? " nearly all" : "");
}

static void print_filters(pid_t pid)
{
	int ret = read_filters(pid);

	if (ret < 0 || filters.count == 0) {
		printf("  allowed calls: cannot be read (%s); root may\n",
			ret < 0 ? strerror(-ret) : "no filter");
		return;
	}
	print_calls("host calls allowed, for some arguments at least",
		FILTER_ALLOW);
	print_calls("told to the sentry", FILTER_NOTIFY);
	print_calls("trapped to the stub", FILTER_TRAP);
}

static void print_process(const char *name, pid_t pid)
{
	printf("%s: process %d\n", name, pid);
	print_status(pid);
	print_namespaces(pid);
	print_root(pid);
	print_fds(pid);
	print_filters(pid);
}

/* ---- The sandbox to look at -------------------------------------------- */

/* The child of a process whose argv[0] is name, or its first; 0: none. */
static pid_t find_child(pid_t parent, const char *name)
{
	char path[64], text[4096], first[64], *at = text, *end;
	ssize_t size;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", parent,
		parent);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	size = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[size > 0 ? size : 0] = 0;
	for (;; at = end) {
		pid_t pid = (pid_t)strtol(at, &end, 10);

		if (end == at || pid <= 0)
			return 0;
		if (!name)
			return pid;
		snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		size = read(fd, first, sizeof(first) - 1);
		close(fd);
		first[size > 0 ? size : 0] = 0;
		if (strcmp(first, name) == 0)
			return pid;
	}
}

/*
 * Starts ourselves with a program that says a line and then makes no call: in
 * a call that the sentry holds, nobody can stop it and look at its filter.
 */
static pid_t start_sandbox(int *out)
{
	static char run[] = "run", dashes[] = "--", sh[] = "/bin/sh",
		    c[] = "-c", script[] = "echo ready; while :; do :; done";
	char self[] = "sandbox";
	char *argv[] = {self, run, dashes, sh, c, script, NULL};
	int from[2];
	pid_t pid;

	if (pipe2(from, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		dup2(from[1], STDOUT_FILENO);
		execv("/proc/self/exe", argv);
		_exit(EXIT_OURS);
	}
	close(from[1]);
	*out = from[0];
	return pid;
}

static int audit(pid_t launcher)
{
	pid_t sentry = find_child(launcher, "sentry");
	pid_t gofer = find_child(launcher, "gofer");
	pid_t stub = sentry ? find_child(sentry, NULL) : 0;

	if (!sentry || !gofer || !stub) {
		fprintf(stderr, "sandbox: debug: cannot find the processes of "
				"the sandbox in /proc\n");
		return EXIT_OURS;
	}
	print_process("sentry", sentry);
	print_process("gofer", gofer);
	print_process("stub", stub);
	return 0;
}

static int self_audit(void)
{
	char answer[ANSWER_BYTES];
	struct pollfd ready = {.events = POLLIN};
	int status, ret = EXIT_OURS;
	pid_t launcher = start_sandbox(&ready.fd);

	if (launcher < 0) {
		fprintf(stderr, "sandbox: debug: %s\n", strerror(errno));
		return EXIT_OURS;
	}
	if (poll(&ready, 1, START_MS) == 1 &&
		read(ready.fd, answer, sizeof(answer)) > 0)
		ret = audit(launcher);
	else
		fprintf(stderr, "sandbox: debug: no sandbox starts here\n");
	kill(launcher, SIGKILL);
	waitpid(launcher, &status, 0);
	return ret;
}

int cmd_debug(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "self-audit") == 0)
		return self_audit();
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		printf("Usage: sandbox debug self-audit\n\nPrints what sentry, "
		       "gofer and a stub may do, as the host sees it.\n");
		return 0;
	}
	fprintf(stderr, "sandbox: debug: self-audit is what there is; "
			"see `sandbox debug --help`\n");
	return EXIT_OURS;
}
