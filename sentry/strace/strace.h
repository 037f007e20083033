/*
 * The trace: each system call as one line, in the format of strace(1).
 *
 *	[pid    12] openat(AT_FDCWD, "/etc/passwd", O_RDONLY|O_CLOEXEC) = 3
 *
 * strace_enter() reads what the call will read, before the call can change it;
 * strace_exit() reads what the call wrote, and writes the whole line with one
 * write(2). Between the two the line is kept in a struct strace_line of the
 * caller's: one for each call in flight, so that a call that is parked, or
 * tried again, prints its line once, when it is done.
 *
 * Everything printed is the guest's and is escaped. A guest address that
 * cannot be read is printed as a number. Nothing here fails.
 */
#ifndef SENTRY_STRACE_STRACE_H
#define SENTRY_STRACE_STRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "sentry/mm/mm.h"
#include "sentry/syscalls/types.h"

#define STRACE_LINE_SIZE 4096

struct strace_line {
	bool active; /* between enter and exit */
	int pid;
	long nr;
	uint64_t args[SYSCALL_ARGS_MAX];
	uint64_t saved[SYSCALL_ARGS_MAX]; /* numbers behind in-out pointers */
	/* Text of the inputs, one behind the other; piece i ends at end[i]. */
	uint16_t end[SYSCALL_ARGS_MAX];
	char text[STRACE_LINE_SIZE];
};

/* entry NULL: a number that Linux does not have. */
void strace_enter(struct strace_line *line, int pid, struct mm *mm,
	const struct sysent *entry, long nr,
	const uint64_t args[SYSCALL_ARGS_MAX]);
/*
 * result: a value, -errno, or -ERESTART*. Does nothing unless active. After a
 * successful exec mm may be the new one.
 */
void strace_exit(struct strace_line *line, struct mm *mm,
	const struct sysent *entry, int host_fd, long result);
/* For a call that does not return (exit, a fatal signal): = ? */
void strace_exit_never(
	struct strace_line *line, const struct sysent *entry, int host_fd);

/* --- SIGCHLD {si_signo=SIGCHLD, ...} ---; info: 128 bytes as on the wire. */
void strace_signal(int pid, int signo, const void *info, int host_fd);
/* +++ exited with 0 +++, or killed by SIGKILL; status as for wait4(2). */
void strace_death(int pid, int status, int host_fd);

#endif
