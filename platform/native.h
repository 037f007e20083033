/*
 * What a stub process may do on the host without being asked: the closed
 * table of native.def, as data.
 */
#ifndef PLATFORM_NATIVE_H
#define PLATFORM_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NATIVE_CHECKS_MAX 4

enum native_class {
	NATIVE_NOTIFY, /* the sentry answers; needs no registers */
	NATIVE_TRAP,   /* the sentry answers, with the thread STOPPED */
	NATIVE_ALLOW,  /* the host executes it as it stands */
};

enum native_op {
	CHECK_END,
	CHECK_IN32,
	CHECK_RANGE32,
	CHECK_NONE,
	CHECK_ALL,
	CHECK_FROM,
	CHECK_IS,
};

struct native_check {
	enum native_op op;
	unsigned int arg;
	uint64_t a, b;
};

/* One line of native.def. Lines of one call are alternatives. */
struct native_rule {
	long nr;
	struct native_check checks[NATIVE_CHECKS_MAX + 1]; /* ends: CHECK_END */
};

struct native_table {
	const struct native_rule *rules; /* those of one call are neighbours */
	size_t count;
};

extern const struct native_table native_guest_table; /* NATIVE lines */
extern const struct native_table native_stub_table;  /* STUBCALL lines */

/* The TRAP lines; ends with -1. */
extern const long native_traps[];

/* Where a call made by guest code goes. The filter does exactly the same. */
enum native_class native_classify(long nr, const uint64_t args[6]);

/* True for NATIVE_ALLOW. */
bool native_allowed(long nr, const uint64_t args[6]);

#endif
