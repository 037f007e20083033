/*
 * O_ASYNC: a signal when a file becomes ready (fcntl(2), F_SETOWN, F_SETSIG).
 */
#ifndef SENTRY_VFS_ASYNC_H
#define SENTRY_VFS_ASYNC_H

#include <stdint.h>

struct cred;
struct file;

/*
 * Starts or ends watching; idempotent. fd is the number to tell with
 * F_SETSIG, cred (counted by this) who asked. -ENOMEM.
 */
int file_async_start(struct file *file, int fd, struct cred *cred);
void file_async_stop(struct file *file);

/*
 * A call upward: signals file->owner_pid. Runs in the event thread, with the
 * lock, never inside the wake-up. NULL: nobody is told.
 */
extern void (*file_async_notify)(
	struct file *file, int fd, const struct cred *cred, uint32_t events);

#endif
