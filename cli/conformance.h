/*
 * What `sandbox conformance` knows while it runs, shared by the runner
 * (cmd_conformance.c) and its reports (conformance_report.c).
 */
#ifndef CLI_CONFORMANCE_H
#define CLI_CONFORMANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define CONF_TARGETS 8 /* the native one and those it is compared with */

enum verdict {
	NOT_RUN,
	PASS,
	FAIL,
	SKIPPED,
	CRASH,
	TIMED_OUT,
};

/* One case on one target. Strings are owned, NULL for nothing. */
struct outcome {
	enum verdict verdict;
	long ms;
	char *why;    /* of a skip, crash or timeout */
	char *bad;    /* lines "FILE:LINE EXPRESSION|GOT|WANT" */
	char *values; /* lines "KEY TEXT" */
};

struct test_case {
	char *name;          /* FAMILY/SUITE.CASE; owned */
	const char *program; /* borrowed from the run's list */
	int limit;           /* seconds */
	bool root;
	bool given; /* needs `PROGRAM --prepare` first */
	struct outcome on[CONF_TARGETS];
};

/* A place to run programs: nothing, or words put in front of them. */
struct target {
	char *name;   /* owned */
	char **words; /* owned, NULL at the end */
	bool ours;    /* known_failures speaks of this one */
};

struct known {
	char *pattern; /* glob over case names */
	char *target;  /* glob over target names */
	char *reason;
	char *place;
};

struct conformance {
	struct test_case *cases; /* ordered by program and suite */
	size_t case_count;
	struct target targets[CONF_TARGETS];
	int target_count;
	struct known *known;
	size_t known_count;
};

/* How a case compares with the native run. */
enum relation {
	ASIDE, /* did not pass natively: proves nothing */
	AGREE,
	DIFFER,
	CRASHED, /* or did not end */
};

enum relation case_relation(const struct test_case *c, int target);
/* The entry that excuses the case on this target, or NULL. */
const struct known *case_known(
	const struct conformance *run, const struct test_case *c, int target);
/* Differences (and crashes) that nothing excuses. */
size_t count_unexpected(const struct conformance *run, int target);
/* Native failures: not skips. */
size_t count_native_failures(const struct conformance *run);
/* The family of a case: the length of its name's first part. */
int family_length(const char *name);

void report_table(const struct conformance *run, int target, FILE *out);
void report_differences(const struct conformance *run, int target, FILE *out);
/* Known failures that are none any more. */
void report_known(const struct conformance *run, int target, FILE *out);
void report_native_failures(const struct conformance *run, FILE *out);
void report_comparison(const struct conformance *run, FILE *out);
void report_tap(const struct conformance *run, FILE *out);
/* 0, or -1 with errno of the file that could not be written. */
int report_json(const struct conformance *run, const char *path);
int report_junit(const struct conformance *run, const char *path);

int cmd_conformance(int argc, char **argv);

#endif
