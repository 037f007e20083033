/*
 * Files without a name: eventfd(2), signalfd(2), timerfd_create(2),
 * pidfd_open(2). Pipes are in pipe.h; memfds are files of tmpfs.
 */
#ifndef SENTRY_FS_ANON_ANON_H
#define SENTRY_FS_ANON_ANON_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "sentry/kernel/task.h"

struct file;

/* flags of each: O_NONBLOCK; O_CLOEXEC is the caller's. */

int eventfd_file_new(
	uint64_t count, bool semaphore, unsigned int flags, struct file **out);

int signalfd_file_new(sigset_mask mask, unsigned int flags, struct file **out);
bool file_is_signalfd(const struct file *file);
void signalfd_set_mask(struct file *file, sigset_mask mask);

int timerfd_file_new(clockid_t clock, unsigned int flags, struct file **out);
bool file_is_timerfd(const struct file *file);
/*
 * Times in nanoseconds; absolute: value is of the timer's clock. value 0
 * stops it. -ENOMEM.
 */
int timerfd_set(
	struct file *file, int64_t value, int64_t interval, bool absolute);
/* value: what is left, 0 if it is stopped. */
void timerfd_get(struct file *file, int64_t *value, int64_t *interval);

/* The signature of pidfd_file_create in kernel/kernel.h. */
int pidfd_file_new(
	struct thread_group *tg, unsigned int flags, struct file **out);
/* The process a pidfd is about, borrowed from it; NULL if it is none. */
struct thread_group *file_pidfd_group(const struct file *file);

#endif
