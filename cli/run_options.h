/* The command line of `sandbox run`. */
#ifndef CLI_RUN_OPTIONS_H
#define CLI_RUN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define OPTIONS_MAX 256 /* of each kind that may be repeated */

enum give { GIVE_READ_ONLY, GIVE_WRITABLE, GIVE_TMPFS };

/* --ro, --rw and --tmpfs, in the order given. */
struct given {
	enum give kind;
	char *host;  /* not for GIVE_TMPFS */
	char *guest; /* absolute */
};

/* All strings are of argv, or live as long as the program. */
struct run_options {
	const char *platform;
	const char *rootfs; /* NULL: the host's root */
	struct given given[OPTIONS_MAX];
	size_t given_count;
	char *env[OPTIONS_MAX];
	size_t env_count;
	bool clear_env;
	const char *cwd; /* NULL: the current folder */
	bool user_set;
	uid_t uid;
	gid_t gid;
	const char *hostname;
	char *hide[OPTIONS_MAX];
	size_t hide_count;
	const char *keep;
	double timeout; /* seconds; 0: none */
	bool strace;
	const char *strace_file; /* NULL: standard error */
	bool json;
	const char *json_file; /* NULL: standard error */
	const char *debug_log;
	char **argv; /* of the program */
};

/* 0, or -1 when a line about what is wrong has been printed. */
int run_options_parse(struct run_options *options, int argc, char **argv);

#endif
