/*
 * The command line of `sandbox run`, read with argp. What it says about paths
 * is checked later, by run_config.c: here only the form.
 */
#include "config.h"

#include "cli/run_options.h"

#include "cli/cli.h"
#include "lib/checked.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	KEY_PLATFORM = 256,
	KEY_ROOTFS,
	KEY_RO,
	KEY_RW,
	KEY_TMPFS,
	KEY_ENV,
	KEY_CLEAR_ENV,
	KEY_CWD,
	KEY_USER,
	KEY_HOSTNAME,
	KEY_HIDE,
	KEY_KEEP,
	KEY_TIMEOUT,
	KEY_STRACE,
	KEY_JSON,
	KEY_DEBUG_LOG,
	KEY_HELP,
};

static const struct argp_option options_table[] = {
	{0, 0, 0, 0, "What the program sees:", 1},
	{"rootfs", KEY_ROOTFS, "DIR", 0,
		"DIR is the root instead of the host's", 0},
	{"ro", KEY_RO, "P[:Q]", 0, "show the host's P, read-only, at Q", 0},
	{"rw", KEY_RW, "P[:Q]", 0,
		"show the host's P at Q; writes reach the host", 0},
	{"tmpfs", KEY_TMPFS, "P", 0, "an empty folder in memory at P", 0},
	{"hide", KEY_HIDE, "P", 0,
		"P does not exist inside (always hidden: ~/.ssh, ~/.aws, "
		"~/.gnupg, ~/.config/gh, ~/.netrc, ~/.kube, ~/.docker, "
		"/run/user)",
		0},
	{"keep", KEY_KEEP, "DIR", 0,
		"keep in DIR what the program writes to its root; by default "
		"it is thrown away",
		0},
	{0, 0, 0, 0, "Who and where it is:", 2},
	{"env", KEY_ENV, "K=V", 0, "set a variable", 0},
	{"clear-env", KEY_CLEAR_ENV, 0, 0, "only the variables of --env", 0},
	{"cwd", KEY_CWD, "DIR", 0, "start in DIR", 0},
	{"user", KEY_USER, "UID[:GID]", 0,
		"run as this user, without other groups", 0},
	{"hostname", KEY_HOSTNAME, "NAME", 0,
		"the name of the machine (\"sandbox\")", 0},
	{0, 0, 0, 0, "How it runs:", 3},
	{"platform", KEY_PLATFORM, "NAME", 0,
		"auto (the default), notify or ptrace", 0},
	{"timeout", KEY_TIMEOUT, "SEC", 0,
		"after SEC seconds SIGTERM, then SIGKILL; exit status 124", 0},
	{0, 0, 0, 0, "What is told:", 4},
	{"strace", KEY_STRACE, "FILE", OPTION_ARG_OPTIONAL,
		"trace system calls to FILE or standard error", 0},
	{"json", KEY_JSON, "FILE", OPTION_ARG_OPTIONAL,
		"write a report to FILE or standard error", 0},
	{"debug-log", KEY_DEBUG_LOG, "FILE", 0,
		"append what our processes have to say to FILE", 0},
	{"help", KEY_HELP, 0, 0, "this text", -1},
	{0},
};

static const char doc[] =
	"Runs a program in a sandbox: its system calls are answered by a "
	"kernel "
	"in user space, and the host's files are seen through an overlay in "
	"memory.\v"
	"Exit status: the program's; 128+N if signal N ended it; 127 if it was "
	"not found, 126 if it cannot be executed; 124 after --timeout; 125 if "
	"the sandbox itself failed.\n\n"
	"Examples:\n"
	"  sandbox run -- make -j4\n"
	"  sandbox run --rw . --timeout 60 -- ./untrusted --fast\n"
	"  sandbox run --rootfs ./debian --user 1000 -- bash\n";

static bool refused; /* the line about it is printed */

/* With ARGP_NO_ERRS argp itself says nothing: these are our lines. */
static int refuse(const char *format, const char *what)
{
	refused = true;
	fputs("sandbox: ", stderr);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	fprintf(stderr, format, what);
#pragma GCC diagnostic pop
	fputs("; see `sandbox run --help`\n", stderr);
	return EINVAL;
}

static int take_given(struct run_options *o, enum give kind, char *arg)
{
	struct given *given;
	char *colon = kind == GIVE_TMPFS ? NULL : strrchr(arg, ':');

	if (o->given_count == OPTIONS_MAX)
		return refuse("too many mounts at \"%s\"", arg);
	given = &o->given[o->given_count++];
	given->kind = kind;
	if (colon)
		*colon = 0;
	given->host = arg;
	given->guest = colon ? colon + 1 : arg;
	if (!*arg || !*given->guest)
		return refuse("an empty path in \"%s\"", arg);
	if ((colon || kind == GIVE_TMPFS) && given->guest[0] != '/')
		return refuse(
			"\"%s\" must be an absolute path inside", given->guest);
	return 0;
}

static int take_id(const char *text, char end, unsigned int *id, char **rest)
{
	unsigned long value;

	errno = 0;
	value = strtoul(text, rest, 10);
	if (*text < '0' || *text > '9' || errno || value >= UINT_MAX ||
		(**rest && **rest != end))
		return -1;
	*id = (unsigned int)value;
	return 0;
}

static int take_user(struct run_options *o, const char *arg)
{
	char *rest;

	if (take_id(arg, ':', &o->uid, &rest) < 0)
		return refuse("--user \"%s\" is not UID[:GID] in numbers", arg);
	o->gid = o->uid;
	if (*rest == ':' && take_id(rest + 1, 0, &o->gid, &rest) < 0)
		return refuse("--user \"%s\" is not UID[:GID] in numbers", arg);
	o->user_set = true;
	return 0;
}

static int take_env(struct run_options *o, char *arg)
{
	if (o->env_count == OPTIONS_MAX)
		return refuse("too many --env at \"%s\"", arg);
	if (arg[0] == '=' || !strchr(arg, '='))
		return refuse("--env \"%s\" is not NAME=VALUE", arg);
	o->env[o->env_count++] = arg;
	return 0;
}

static int take_timeout(struct run_options *o, const char *arg)
{
	char *rest;

	o->timeout = strtod(arg, &rest);
	if (rest == arg || *rest || !(o->timeout > 0 && o->timeout < 1e9))
		return refuse(
			"--timeout \"%s\" is not a number of seconds", arg);
	return 0;
}

static int take_platform(struct run_options *o, const char *arg)
{
	if (strcmp(arg, "auto") != 0 && strcmp(arg, "notify") != 0 &&
		strcmp(arg, "ptrace") != 0)
		return refuse("--platform \"%s\" is none of auto, notify, "
			      "ptrace",
			arg);
	o->platform = arg;
	return 0;
}

static int take_hostname(struct run_options *o, const char *arg)
{
	if (!*arg || strlen(arg) > 64)
		return refuse("--hostname \"%s\" must have 1 to 64 bytes", arg);
	o->hostname = arg;
	return 0;
}

static int take_hide(struct run_options *o, char *arg)
{
	if (o->hide_count == OPTIONS_MAX)
		return refuse("too many --hide at \"%s\"", arg);
	o->hide[o->hide_count++] = arg;
	return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state);

static const struct argp argp = {
	.options = options_table,
	.parser = parse,
	.args_doc = "[--] PROGRAM [ARGUMENT...]",
	.doc = doc,
};

static char program[] = "sandbox run";

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct run_options *o = state->input;

	switch (key) {
	case KEY_PLATFORM:
		return take_platform(o, arg);
	case KEY_ROOTFS:
		o->rootfs = arg;
		return 0;
	case KEY_RO:
		return take_given(o, GIVE_READ_ONLY, arg);
	case KEY_RW:
		return take_given(o, GIVE_WRITABLE, arg);
	case KEY_TMPFS:
		return take_given(o, GIVE_TMPFS, arg);
	case KEY_ENV:
		return take_env(o, arg);
	case KEY_CLEAR_ENV:
		o->clear_env = true;
		return 0;
	case KEY_CWD:
		o->cwd = arg;
		if (arg[0] != '/')
			return refuse("--cwd \"%s\" is not absolute", arg);
		return 0;
	case KEY_USER:
		return take_user(o, arg);
	case KEY_HOSTNAME:
		return take_hostname(o, arg);
	case KEY_HIDE:
		return take_hide(o, arg);
	case KEY_KEEP:
		o->keep = arg;
		return 0;
	case KEY_TIMEOUT:
		return take_timeout(o, arg);
	case KEY_STRACE:
		o->strace = true;
		o->strace_file = arg;
		return 0;
	case KEY_JSON:
		o->json = true;
		o->json_file = arg;
		return 0;
	case KEY_DEBUG_LOG:
		o->debug_log = arg;
		return 0;
	case KEY_HELP:
		argp_help(&argp, stdout,
			ARGP_HELP_STD_HELP & ~ARGP_HELP_EXIT_OK, program);
		exit(0);
	case ARGP_KEY_ARG:
		/* The first word of the program ends our options. */
		o->argv = state->argv + state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		return refuse("%s", "what is to run? A program is missing");
	case ARGP_KEY_ERROR:
		if (!refused)
			refuse("\"%s\" is no option, or lacks its value",
				state->argv[state->next - 1]);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int run_options_parse(struct run_options *options, int argc, char **argv)
{
	memset(options, 0, sizeof(*options));
	options->platform = "auto";
	options->hostname = "sandbox";
	argv[0] = program;
	argp_err_exit_status = EXIT_OURS;
	if (argp_parse(&argp, argc, argv,
		    ARGP_IN_ORDER | ARGP_NO_ERRS | ARGP_NO_HELP, NULL,
		    options) != 0)
		return -1;
	return 0;
}
