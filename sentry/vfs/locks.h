/*
 * Advisory file locks: POSIX (fcntl(2) F_SETLK), open file description
 * (F_OFD_SETLK) and flock(2).
 *
 * All hang on the inode and are independent of any filesystem. A POSIX lock
 * belongs to a descriptor table, as in Linux, the other two to an open file.
 * POSIX and OFD locks see each other; flock locks see only their like.
 *
 * vfs calls locks_release_file() when an open file goes, and
 * locks_free_inode() when an inode does.
 */
#ifndef SENTRY_VFS_LOCKS_H
#define SENTRY_VFS_LOCKS_H

#include <stdint.h>
#include <sys/types.h>

struct file;
struct flock_list;
struct inode;
struct waitq;

#define LOCKS_OFFSET_MAX INT64_MAX
/* Locks of one sandbox at most: a guest gets -ENOLCK beyond. */
#define LOCKS_LIMIT 65536

enum lock_kind { LOCK_KIND_POSIX, LOCK_KIND_OFD, LOCK_KIND_FLOCK };

struct lock_range {
	enum lock_kind kind;
	short type; /* F_RDLCK, F_WRLCK, F_UNLCK */
	int pid;    /* as F_GETLK shows it; -1 for OFD */
	int64_t start;
	int64_t end;       /* inclusive; LOCKS_OFFSET_MAX: to the end */
	const void *owner; /* table, or the open file: compared only */
};

/*
 * Sets or, with F_UNLCK, takes away a range. -EAGAIN if another owner is in
 * the way, and then *wait (if wait is not NULL) is the queue that is woken
 * when a lock of this inode goes. -ENOLCK at the limit or without memory.
 */
int locks_set(struct inode *inode, const struct lock_range *want,
	struct waitq **wait);
/* The first lock in the way goes to *found, else found->type = F_UNLCK. */
void locks_test(struct inode *inode, const struct lock_range *want,
	struct lock_range *found);

/*
 * A POSIX waiter says what it waits for, so that a ring of waiters is seen:
 * -EDEADLK if the owner of a lock in the way waits, over others or not, for
 * want->owner. Otherwise remembers it until locks_wait_end(waiter). waiter is
 * any stable address, e.g. the call's.
 */
int locks_wait_begin(
	struct inode *inode, const struct lock_range *want, const void *waiter);
void locks_wait_end(const void *waiter);

/* A descriptor of the file was closed: POSIX locks of that table go. */
void locks_release_owner(struct inode *inode, const void *owner);
/* The open file goes: its OFD and flock locks do. */
void locks_release_file(struct file *file);
/* The inode goes; there can be no lock left but in a bug. */
void locks_free_inode(struct inode *inode);

/* For /proc/locks and fdinfo: calls fn for each lock. */
void locks_each(struct inode *inode,
	void (*fn)(const struct lock_range *lock, void *data), void *data);

#endif
