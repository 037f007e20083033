/*
 * One argument of a traced call as text.
 */
#ifndef SENTRY_STRACE_ARG_H
#define SENTRY_STRACE_ARG_H

#include "sentry/strace/print.h"
#include "sentry/syscalls/types.h"

struct arg {
	struct text *text;
	struct mm *mm;
	const struct sysent *entry;
	const uint64_t *args;
	int index;
	bool at_exit;
	long result;    /* at exit */
	uint64_t saved; /* at exit: what arg_save() returned on entry */
};

/* How many arguments this call really has: open() without O_CREAT has two. */
int arg_count(const struct sysent *entry, const uint64_t *args);
/* Is it the call that fills in this argument, to be read at exit? */
bool arg_is_output(const struct sysent *entry, const uint64_t *args, int index);
/* The number behind a pointer that the call changes (a socklen_t, an off_t). */
uint64_t arg_save(const struct sysent *entry, const uint64_t *args, int index,
	struct mm *mm);
void arg_print(const struct arg *a);
/* A successful result, and what poll(2) and select(2) say behind it. */
void arg_print_result(const struct arg *a);

#endif
