/*
 * A sentry of a few hundred lines for the platform tests: it loads the test
 * guest, gives it threads and processes, and notes what it saw.
 */
#ifndef TESTS_UNIT_PLATFORM_SENTRY_H
#define TESTS_UNIT_PLATFORM_SENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "platform.h"

#define SEEN_MAX   2048
#define STORES_MAX 8

struct outcome {
	int first_status;            /* wait status of the first process */
	int exit_code;               /* of its exit_group, or -1 */
	unsigned int dead;           /* processes that ended */
	unsigned int killed;         /* of these, by a signal */
	unsigned int seen[SEEN_MAX]; /* calls by number */
	uint64_t stored[STORES_MAX];
	uint64_t stored_at[STORES_MAX]; /* ns */
	struct host_usage usage;
	unsigned int fds_left;  /* in a guest process, after it mapped a file */
	char host_status[4096]; /* /proc/PID/status of the first process */
};

/* What the sentry does by itself, in milliseconds after the start; 0: not. */
struct script {
	unsigned int kill_after;
	bool trace_all;
	bool storm; /* interrupt every thread as often as it can be done */
	const char *stub; /* executed instead of the stub, if not NULL */
	bool zygote; /* the first process stays as it is; a copy runs the test
		      */
};

/* Runs the guest's function of that name to its end. 0 or -errno. */
int sentry_run(const struct platform_ops *ops, const char *test,
	const struct script *script, struct outcome *out);

#endif
