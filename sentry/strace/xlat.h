/*
 * Numbers with names: choices and flags.
 *
 * A set has a part that is a choice (the bits of choice_mask, one of choices)
 * and a part that is flags (the other bits). Most sets have only one of them.
 * The sets of the argument tags have the tag's number; the others, which occur
 * inside structures, follow.
 */
#ifndef SENTRY_STRACE_XLAT_H
#define SENTRY_STRACE_XLAT_H

#include <stdint.h>

#include "sentry/syscalls/types.h"

struct xlat {
	uint64_t value;
	const char *name; /* NULL ends a list */
};

struct xlat_set {
	uint64_t choice_mask;
	const struct xlat *choices; /* NULL without a choice_mask */
	const struct xlat *flags;   /* combined ones before their parts */
	const char *unknown;        /* O_??? : what has no name */
};

enum {
	XLAT_POLL = TAG_COUNT,
	XLAT_EPOLL,
	XLAT_SA_FLAGS,
	XLAT_SS_FLAGS,
	XLAT_SIGEV,
	XLAT_FILE_TYPE,
	XLAT_LOCK_TYPE,
	XLAT_FD_FLAGS,
	XLAT_TCP_OPT,
	XLAT_IP_OPT,
	XLAT_IPV6_OPT,
	XLAT_CMSG,
	XLAT_RESOLVE,
	XLAT_CAP,
	XLAT_SI_USER,
	XLAT_SI_CHILD,
	XLAT_STATFS_TYPE,
	XLAT_STATX_ATTR,
	XLAT_PROTOCOL,
	XLAT_COUNT
};

/* NULL if the numbers of this tag (or XLAT_) have no names. */
const struct xlat_set *xlat_find(int set);

#endif
