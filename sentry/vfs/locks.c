/*
 * Advisory file locks.
 *
 * An inode that has locks has a struct flock_list with all of them, POSIX,
 * OFD and flock together; it goes with the last lock. The locks of one owner
 * never overlap, and neighbours of the same type are joined.
 *
 * Who waits is parked on the list's queue by the system call. For POSIX locks
 * it is also noted in the waiters' list, by which rings are found: from the
 * owners in the way to what they wait for in turn, and so on. As in Linux the
 * search ends after a bounded number of steps; a longer ring is not seen.
 */
#include "sentry/vfs/locks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>

#include "lib/checked.h"
#include "lib/list.h"
#include "sentry/base/waitq.h"
#include "sentry/vfs/vfs.h"

#define DEADLOCK_DEPTH 10
#define DEADLOCK_STEPS 1000

struct lock {
	struct list node;
	struct lock_range range;
};

struct flock_list {
	struct list locks;
	struct waitq waitq;
};

struct lock_waiter {
	struct list node;
	const void *waiter;
	struct inode *inode; /* borrowed: the waiting call holds the file */
	struct lock_range want;
};

static struct list waiters = LIST_INIT(waiters);
static size_t lock_count;

/* ---- Ranges ------------------------------------------------------------ */

static bool same_owner(const struct lock_range *a, const struct lock_range *b)
{
	return a->kind == b->kind && a->owner == b->owner;
}

static bool overlaps(const struct lock_range *a, const struct lock_range *b)
{
	return a->start <= b->end && b->start <= a->end;
}

static bool touches(const struct lock_range *a, const struct lock_range *b)
{
	return overlaps(a, b) ||
	       (a->end != LOCKS_OFFSET_MAX && a->end + 1 == b->start) ||
	       (b->end != LOCKS_OFFSET_MAX && b->end + 1 == a->start);
}

static bool conflicts(const struct lock_range *a, const struct lock_range *b)
{
	if ((a->kind == LOCK_KIND_FLOCK) != (b->kind == LOCK_KIND_FLOCK))
		return false;
	if (same_owner(a, b) || !overlaps(a, b))
		return false;
	return a->type == F_WRLCK || b->type == F_WRLCK;
}

/* ---- The list of an inode ---------------------------------------------- */

static struct flock_list *list_of(struct inode *inode)
{
	struct flock_list *list = inode->locks;

	if (list)
		return list;
	list = alloc_zero(list);
	if (!list)
		return NULL;
	list_init(&list->locks);
	waitq_init(&list->waitq);
	inode->locks = list;
	return list;
}

static void list_trim(struct inode *inode)
{
	struct flock_list *list = inode->locks;

	if (!list || !list_empty(&list->locks))
		return;
	inode->locks = NULL;
	waitq_finish(&list->waitq);
	free(list);
}

static struct lock *lock_alloc(void)
{
	struct lock *lock;

	if (lock_count >= LOCKS_LIMIT)
		return NULL;
	lock = alloc_zero(lock);
	if (lock)
		lock_count++;
	return lock;
}

static void lock_free(struct lock *lock)
{
	if (!lock)
		return;
	list_del(&lock->node);
	lock_count--;
	free(lock);
}

static struct lock *find_conflict(
	struct inode *inode, const struct lock_range *want)
{
	struct lock *lock;

	if (!inode->locks || want->type == F_UNLCK)
		return NULL;
	list_for_each(lock, &inode->locks->locks, node)
	{
		if (conflicts(&lock->range, want))
			return lock;
	}
	return NULL;
}

/* ---- Setting ----------------------------------------------------------- */

/*
 * Takes want's range away from one lock of the same owner. A lock that is cut
 * in two uses *spare for its second half. True if something was given up.
 */
static bool cut(struct flock_list *list, struct lock *lock,
	const struct lock_range *want, struct lock **spare)
{
	struct lock_range *have = &lock->range;

	if (have->start < want->start && have->end > want->end) {
		(*spare)->range = *have;
		(*spare)->range.start = want->end + 1;
		have->end = want->start - 1;
		list_add_tail(&list->locks, &(*spare)->node);
		*spare = NULL;
	} else if (have->start < want->start) {
		have->end = want->start - 1;
	} else if (have->end > want->end) {
		have->start = want->end + 1;
	} else {
		lock_free(lock);
	}
	return true;
}

/* Makes the owner's locks say what want says. Nothing here fails. */
static bool apply(struct flock_list *list, struct lock_range want,
	struct lock **fresh, struct lock **spare)
{
	struct lock *lock, *tmp;
	bool gave_up = false;

	list_for_each_safe(lock, tmp, &list->locks, node)
	{
		if (!same_owner(&lock->range, &want))
			continue;
		if (lock->range.type == want.type) {
			if (!touches(&lock->range, &want))
				continue;
			want.start = MIN(want.start, lock->range.start);
			want.end = MAX(want.end, lock->range.end);
			lock_free(lock);
		} else if (overlaps(&lock->range, &want)) {
			gave_up |= cut(list, lock, &want, spare);
		}
	}
	if (want.type != F_UNLCK) {
		(*fresh)->range = want;
		list_add_tail(&list->locks, &(*fresh)->node);
		*fresh = NULL;
	}
	return gave_up;
}

static int set_range(struct inode *inode, const struct lock_range *want)
{
	struct flock_list *list;
	struct lock *fresh = NULL, *spare;
	int ret = -ENOLCK;

	if (want->type == F_UNLCK && !inode->locks)
		return 0;
	list = list_of(inode);
	spare = lock_alloc();
	if (spare)
		list_init(&spare->node);
	if (want->type != F_UNLCK) {
		fresh = lock_alloc();
		if (fresh)
			list_init(&fresh->node);
	}
	if (list && spare && (fresh || want->type == F_UNLCK)) {
		if (apply(list, *want, &fresh, &spare))
			waitq_wake(&list->waitq, 0);
		ret = 0;
	}
	lock_free(fresh);
	lock_free(spare);
	list_trim(inode);
	return ret;
}

/* flock(2) gives the old lock up first, also when the new one is refused. */
static bool flock_release_other(
	struct inode *inode, const struct lock_range *want)
{
	struct lock *lock, *tmp;

	if (!inode->locks)
		return false;
	list_for_each_safe(lock, tmp, &inode->locks->locks, node)
	{
		if (!same_owner(&lock->range, want))
			continue;
		if (lock->range.type == want->type)
			return true;
		lock_free(lock);
		waitq_wake(&inode->locks->waitq, 0);
	}
	list_trim(inode);
	return false;
}

int locks_set(
	struct inode *inode, const struct lock_range *want, struct waitq **wait)
{
	if (want->kind == LOCK_KIND_FLOCK && flock_release_other(inode, want))
		return 0;
	if (find_conflict(inode, want)) {
		if (wait)
			*wait = &inode->locks->waitq;
		return -EAGAIN;
	}
	return set_range(inode, want);
}

void locks_test(struct inode *inode, const struct lock_range *want,
	struct lock_range *found)
{
	struct lock *lock = find_conflict(inode, want);

	if (lock) {
		*found = lock->range;
	} else {
		*found = *want;
		found->type = F_UNLCK;
	}
}

/* ---- Rings of waiters -------------------------------------------------- */

static bool waits_for(
	const void *owner, const void *target, int depth, int *steps)
{
	struct lock_waiter *w;
	struct lock *lock;

	if (!depth)
		return false;
	list_for_each(w, &waiters, node)
	{
		if (w->want.owner != owner || !w->inode->locks)
			continue;
		list_for_each(lock, &w->inode->locks->locks, node)
		{
			if ((*steps)-- <= 0)
				return false;
			if (lock->range.kind != LOCK_KIND_POSIX ||
				!conflicts(&lock->range, &w->want))
				continue;
			if (lock->range.owner == target ||
				waits_for(lock->range.owner, target, depth - 1,
					steps))
				return true;
		}
	}
	return false;
}

static bool makes_ring(struct inode *inode, const struct lock_range *want)
{
	int steps = DEADLOCK_STEPS;
	struct lock *lock;

	if (!inode->locks)
		return false;
	list_for_each(lock, &inode->locks->locks, node)
	{
		if (lock->range.kind == LOCK_KIND_POSIX &&
			conflicts(&lock->range, want) &&
			waits_for(lock->range.owner, want->owner,
				DEADLOCK_DEPTH, &steps))
			return true;
	}
	return false;
}

int locks_wait_begin(
	struct inode *inode, const struct lock_range *want, const void *waiter)
{
	struct lock_waiter *w;

	/* A call that is tried again waits anew. */
	locks_wait_end(waiter);
	if (makes_ring(inode, want))
		return -EDEADLK;
	w = alloc_zero(w);
	if (!w)
		return -ENOLCK;
	w->waiter = waiter;
	w->inode = inode;
	w->want = *want;
	list_add_tail(&waiters, &w->node);
	return 0;
}

void locks_wait_end(const void *waiter)
{
	struct lock_waiter *w, *tmp;

	list_for_each_safe(w, tmp, &waiters, node)
	{
		if (w->waiter != waiter)
			continue;
		list_del(&w->node);
		free(w);
	}
}

/* ---- Going away -------------------------------------------------------- */

static void release(struct inode *inode, const void *owner, bool posix)
{
	struct flock_list *list = inode->locks;
	struct lock *lock, *tmp;

	if (!list)
		return;
	list_for_each_safe(lock, tmp, &list->locks, node)
	{
		if (lock->range.owner != owner ||
			(lock->range.kind == LOCK_KIND_POSIX) != posix)
			continue;
		lock_free(lock);
		waitq_wake(&list->waitq, 0);
	}
	list_trim(inode);
}

void locks_release_owner(struct inode *inode, const void *owner)
{
	release(inode, owner, true);
}

void locks_release_file(struct file *file)
{
	release(file->inode, file, false);
}

void locks_free_inode(struct inode *inode)
{
	struct lock *lock, *tmp;

	if (!inode->locks)
		return;
	list_for_each_safe(lock, tmp, &inode->locks->locks, node)
		lock_free(lock);
	list_trim(inode);
}

void locks_each(struct inode *inode,
	void (*fn)(const struct lock_range *lock, void *data), void *data)
{
	struct lock *lock;

	if (!inode->locks)
		return;
	list_for_each(lock, &inode->locks->locks, node) fn(&lock->range, data);
}
