/*
 * Files without a name: eventfd(2), signalfd(2), timerfd_create(2),
 * memfd_create(2), pidfd_open(2).
 */
#ifndef SENTRY_FS_ANON_ANON_H
#define SENTRY_FS_ANON_ANON_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "sentry/kernel/task.h"

struct file;
struct itimerspec;

/* flags: EFD_SEMAPHORE, EFD_NONBLOCK. */
int eventfd_file_new(uint64_t count, int flags, struct file **out);
/* Adds to the counter from inside (aio and the like); saturates. */

int signalfd_file_new(sigset_mask mask, unsigned int flags, struct file **out);
bool file_is_signalfd(const struct file *file);
void signalfd_set_mask(struct file *file, sigset_mask mask);

int timerfd_file_new(clockid_t clock, unsigned int flags, struct file **out);
bool file_is_timerfd(const struct file *file);
/* Times in nanoseconds; absolute: value is of the timer's clock. */
int timerfd_set(struct file *file, int64_t value, int64_t interval,
	bool absolute, bool cancel_on_set);
void timerfd_get(struct file *file, int64_t *value, int64_t *interval);

/* name is shown as "memfd:NAME". flags: MFD_ without MFD_CLOEXEC. */
int memfd_file_new(const char *name, unsigned int flags, struct file **out);
/* Seals of files that have them (memfds); -EINVAL of others. */
long file_seals_get(struct file *file);
long file_seals_add(struct file *file, unsigned int seals);

int pidfd_file_new(
	struct thread_group *tg, unsigned int flags, struct file **out);
/* The process a pidfd is about, borrowed from it; NULL if it is none. */
struct thread_group *file_pidfd_group(const struct file *file);

#endif
