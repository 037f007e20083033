/*
 * The `sandbox` command: one table of commands, one line each.
 */
#include "config.h"

#include "cli/cli.h"

#include "boot.h"
#include "cli/cmd_syscalls.h"
#include "cli/conformance.h"
#include "lib/checked.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct command commands[] = {
	{"run", "run a program in a sandbox", cmd_run},
	{"syscalls", "list the system calls and how far each is there",
		cmd_syscalls},
	{"conformance", "compare what system calls answer with Linux",
		cmd_conformance},
	{"check", "say what this host offers, and what each lack costs",
		cmd_check},
	{"debug", "look at our own processes (debug self-audit)", cmd_debug},
};

static void usage(FILE *out)
{
	fprintf(out, "Usage: sandbox COMMAND [ARGUMENTS]\n\n"
		     "Runs Linux programs on a kernel of its own, in user "
		     "space.\n\nCommands:\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, "  %-12s %s\n", commands[i].name,
			commands[i].summary);
	fprintf(out, "\n`sandbox COMMAND --help` tells more. First run:\n"
		     "  sandbox run -- sh -c 'uname -a; id'\n");
}

unsigned int cli_streams;

static void open_streams(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			cli_streams |= 1u << fd;
		else if (open("/dev/null", fd ? O_WRONLY : O_RDONLY) != fd)
			_exit(EXIT_OURS);
	}
}

int main(int argc, char **argv)
{
	open_streams();
	if (argc < 2) {
		usage(stderr);
		return EXIT_OURS;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		usage(stdout);
		return 0;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("sandbox %s (build %.16s)\n", PACKAGE_VERSION,
			build_id());
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	fprintf(stderr, "sandbox: no command \"%s\"; see `sandbox --help`\n",
		argv[1]);
	return EXIT_OURS;
}
