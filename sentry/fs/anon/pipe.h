/*
 * Pipes and FIFOs (pipe(7), fifo(7)).
 */
#ifndef SENTRY_FS_ANON_PIPE_H
#define SENTRY_FS_ANON_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct file;
struct waitq;

#define PIPE_SIZE_DEFAULT 65536
#define PIPE_SIZE_LIMIT   1048576 /* /proc/sys/fs/pipe-max-size */
/* All rings together, /proc/sys/fs/pipe-user-pages-soft: new pipes are small
 * beyond it. */
#define PIPE_TOTAL_SOFT (64u << 20)

/* flags: O_NONBLOCK, O_DIRECT. ends[0] reads, ends[1] writes. */
int pipe_open(unsigned int flags, struct file *ends[2]);
/* Makes vfs open FIFOs here; once, at start. */
void pipe_register(void);

bool file_is_pipe(const struct file *file);
/*
 * open(2) of a FIFO waits for the other side: true if this file, just
 * opened, still has to, and then *q is what to wait on.
 */
bool fifo_open_waits(struct file *file, struct waitq **q);
long pipe_size_get(const struct file *file);
/* F_SETPIPE_SZ: the new size. -EBUSY, -EINVAL, -EPERM, -ENOMEM. */
long pipe_size_set(struct file *file, size_t size, bool privileged);

/*
 * For splice and tee. pipe_peek() copies without consuming: bytes, 0 at the
 * end, -EAGAIN while it is empty. pipe_room(): bytes a write would take now;
 * 0 if it is full, -EPIPE without readers.
 */
ssize_t pipe_peek(struct file *in, void *buf, size_t size);
void pipe_consume(struct file *in, size_t size);
ssize_t pipe_room(struct file *out);

#endif
