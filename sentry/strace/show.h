/*
 * Guest structures as text. Each function prints the address instead if the
 * memory cannot be read, and NULL for 0.
 */
#ifndef SENTRY_STRACE_SHOW_H
#define SENTRY_STRACE_SHOW_H

#include "sentry/strace/print.h"

typedef void show_fn(struct text *t, struct mm *mm, uaddr_t addr);

/* The function for a tag whose argument is one structure, or NULL. */
show_fn *show_for_tag(int tag);

show_fn show_timespec, show_timeval, show_winsize, show_termios;
show_fn show_int, show_uint, show_u64, show_name16, show_open_how;
show_fn show_clone_args, show_sigset, show_siginfo;

/* struct flock; with told_owner the pid that F_GETLK filled in. */
void show_flock(struct text *t, struct mm *mm, uaddr_t addr, bool told_owner);

/* The 128 bytes of a struct siginfo that the sentry has. */
void show_siginfo_bytes(struct text *t, const void *info);

/* An array of count elements of size bytes; max of them are shown. */
void show_array(struct text *t, struct mm *mm, uaddr_t addr, uint64_t count,
	size_t size, show_fn *show);

/* struct iovec; data limits what the buffers hold (UINT64_MAX: all of it). */
void show_iov(struct text *t, struct mm *mm, uaddr_t addr, uint64_t count,
	uint64_t data);
void show_sockaddr(struct text *t, struct mm *mm, uaddr_t addr, uint64_t size);
void show_msghdr(struct text *t, struct mm *mm, uaddr_t addr, uint64_t data);
void show_mmsghdr(struct text *t, struct mm *mm, uaddr_t addr, uint64_t count,
	bool received);
void show_strings(struct text *t, struct mm *mm, uaddr_t addr);
/* An environment: how many variables, not what they hold. */
void show_env_count(struct text *t, struct mm *mm, uaddr_t addr);

#endif
