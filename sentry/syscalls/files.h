/*
 * What the handlers on files share. Internal to syscalls/.
 */
#ifndef SENTRY_SYSCALLS_FILES_H
#define SENTRY_SYSCALLS_FILES_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/types.h>

#include "sentry/kernel/task.h"
#include "sentry/vfs/vfs.h"

/* What Linux sets by itself in each open of a 64-bit program. */
#define ABI_O_LARGEFILE 0100000
#define ABI_O_TMPFILE   020000000 /* without O_DIRECTORY */

/*
 * The file a call is about. A call that is tried again gets the file that it
 * waited for, even if the number was closed or reused meanwhile. A new
 * reference, or NULL: -EBADF.
 */
struct file *call_file(struct task *t, int fd);
/* The file an earlier try of this call kept, or NULL. A new reference. */
struct file *call_kept_file(struct task *t);
/*
 * Parks the call on a queue of the file, which it keeps. Takes over no
 * reference. As call_wait(); -EAGAIN if q is NULL.
 */
long call_wait_file(struct task *t, struct file *file, struct waitq *q,
	uint32_t events, long interrupted);
/*
 * May a call wait for this file? O_NONBLOCK means nothing to regular files
 * and folders, which wait only for our own file server.
 */
bool file_may_block(const struct file *file);

/*
 * SO_RCVTIMEO and SO_SNDTIMEO: false if the time is over (-EAGAIN), else sets
 * the deadline, and what a signal makes of the call. True of other files.
 */
bool socket_may_wait(
	struct task *t, struct file *file, bool send, long *interrupted);

#define READ_EVENTS  (EPOLLIN | EPOLLRDNORM | EPOLLHUP | EPOLLERR | EPOLLRDHUP)
#define WRITE_EVENTS (EPOLLOUT | EPOLLWRNORM | EPOLLHUP | EPOLLERR)

/* SIGPIPE and SIGXFSZ, as if the thread had sent them to itself. */
void signal_self(struct task *t, int signo);

/* Is [addr, addr + size) in the half of the addresses that guests may use? */
static inline bool access_ok(uaddr_t addr, uint64_t size)
{
	const uaddr_t end = UINT64_C(0x7ffffffff000);

	return size <= end && addr <= end - size;
}

/*
 * read(2) and write(2) on an open file, with all waiting. nowait: as if
 * O_NONBLOCK were set. off NULL: the file's own position.
 */
long read_file(struct task *t, struct file *file, struct uio *uio, off_t *off,
	bool nowait);
long write_file(struct task *t, struct file *file, struct uio *uio, off_t *off,
	bool nowait);

/*
 * Bytes that may be written at off under RLIMIT_FSIZE: size or less. -EFBIG,
 * with SIGXFSZ sent, if there are none. Only regular files are limited.
 */
ssize_t fsize_allowed(
	struct task *t, const struct file *file, off_t off, size_t size);

/* From a guest's struct timespec. -EFAULT, -EINVAL if out of range. */
int timespec_in(struct task *t, uaddr_t addr, struct timespec *ts);
/*
 * The signal mask of ppoll and its kin, for the time of the call; once, on
 * the first try. addr 0: none. -EINVAL, -EFAULT.
 */
int temporary_mask(struct task *t, uaddr_t addr, size_t size);

/*
 * A name that a guest gave, copied in, and the walk to it. named_start() of a
 * name that is empty is -ENOENT unless AT_EMPTY_PATH is in at_flags (then a
 * NULL address counts as empty, too).
 */
struct named {
	char *name; /* owned */
	struct walk walk;
};

int named_start(struct task *t, int dirfd, uaddr_t addr, int at_flags,
	struct named *out);
void named_finish(struct named *named);
/* All of it: a new reference to an existing place. Follows a last symlink
 * unless at_flags has AT_SYMLINK_NOFOLLOW. */
int named_place(struct task *t, int dirfd, uaddr_t addr, int at_flags,
	unsigned int walk_flags, struct path *out);

/* copy_struct_from_user() of Linux: a structure that may have grown. -E2BIG,
 * -EFAULT. */
int struct_in(
	struct task *t, void *dst, size_t size, uaddr_t src, size_t guest_size);

/* The file a lock call that is tried again waits for: a new reference, or
 * NULL if this call has not waited. */
struct file *lock_wait_file(struct task *t);
/* fcntl(2) of locks; cmd is one of F_GETLK... F_OFD_SETLKW. */
long fcntl_lock(
	struct task *t, struct file *file, unsigned int cmd, uaddr_t arg);

#endif
