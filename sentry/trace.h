/*
 * Who looks at calls from outside: --strace and the counts of --json.
 */
#ifndef SENTRY_TRACE_H
#define SENTRY_TRACE_H

#include <stdbool.h>
#include <stddef.h>

#include "boot.h"

/* Before the first task. strace_fd: -1 for none. */
void trace_start(int strace_fd, bool count);
/* The counts so far as a new array, to be freed; NULL without memory. */
struct boot_count *trace_counts(size_t *count);

#endif
