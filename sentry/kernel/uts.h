/*
 * The names of the machine: what uname(2) says. One for the whole sandbox.
 *
 * The release is that of the youngest Linux whose calls are there, with a
 * suffix that names us, so that programs that ask for features by version and
 * people who read a bug report both learn the truth.
 */
#ifndef SENTRY_KERNEL_UTS_H
#define SENTRY_KERNEL_UTS_H

#include <stddef.h>

#define UTS_NAME_MAX 64 /* __NEW_UTS_LEN: without the NUL */

#define UTS_SYSNAME "Linux"
#define UTS_VERSION "#1 SMP PREEMPT_DYNAMIC sandbox"
#define UTS_MACHINE "x86_64"
/* Major and minor apart: PER_LINUX with UNAME26 renumbers them. */
#define UTS_RELEASE_MAJOR 6
#define UTS_RELEASE_MINOR 18
#define UTS_RELEASE_REST  "-sandbox"
#define UTS_RELEASE       "6.18.0" UTS_RELEASE_REST

struct uts {
	char nodename[UTS_NAME_MAX + 1];
	char domainname[UTS_NAME_MAX + 1];
};

extern struct uts uts;

/* Any bytes, cut at UTS_NAME_MAX: for the start of the sandbox. */
void uts_set_nodename(const char *name, size_t size);
void uts_set_domainname(const char *name, size_t size);

#endif
