/*
 * Descriptor tables (close(2), dup(2), fcntl(2), CLONE_FILES).
 *
 * A table is counted and may be shared by tasks. Each slot in use holds one
 * reference to a file. Sizes follow RLIMIT_NOFILE of the caller.
 */
#ifndef SENTRY_KERNEL_FDTABLE_H
#define SENTRY_KERNEL_FDTABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/ref.h"

struct file;
struct task;

#define FD_LIMIT (1 << 20) /* /proc/sys/fs/nr_open */

struct fd_slot {
	struct file *file; /* counted; NULL: free */
	bool cloexec;
	bool reserved;
};

struct fdtable {
	struct ref ref;
	struct fd_slot *slots; /* owned */
	size_t size;
	size_t first_free; /* no free slot below it */
};

struct fdtable *fdtable_new(void);
struct fdtable *fdtable_get(struct fdtable *table);
void fdtable_put(struct fdtable *table); /* the last one closes all */
struct fdtable *fdtable_copy(const struct fdtable *table);
void fdtable_close_on_exec(struct task *t);

/* A new reference, or NULL: -EBADF. fd_get refuses O_PATH files. */
struct file *fd_get(struct task *t, int fd);
struct file *fd_get_any(struct task *t, int fd);
/*
 * Lowest free number >= from: reserves it. -EMFILE, -ENOMEM. A reserved slot
 * is not seen by others until fd_commit(), which takes over the reference.
 */
int fd_reserve(struct task *t, int from);
void fd_commit(struct task *t, int fd, struct file *file, bool cloexec);
void fd_cancel(struct task *t, int fd);
/* fd_reserve and fd_commit; takes over the reference also on failure. */
int fd_install(struct task *t, struct file *file, bool cloexec);
/* dup2: at exactly this number; what was there is closed. */
int fd_install_at(struct task *t, int fd, struct file *file, bool cloexec);
int fd_close(struct task *t, int fd); /* 0, -EBADF */
/* -1 if it is not open, else FD_CLOEXEC or 0. */
int fd_flags(struct task *t, int fd);
int fd_set_flags(struct task *t, int fd, bool cloexec);
/* The first open number >= from, or -1. */
int fd_next(const struct fdtable *table, int from);

#endif
