/*
 * File locks: fcntl(2) F_SETLK and its kin, flock(2).
 *
 * A call that waits keeps the file and, for POSIX locks, its place among the
 * waiters; both go when the call ends in whatever way.
 */
#include "sentry/syscalls/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/checked.h"
#include "sentry/kernel/fdtable.h"
#include "sentry/syscalls/files.h"
#include "sentry/vfs/locks.h"

/* call.state of a lock call that waits. */
struct lock_wait {
	struct file *file; /* counted; its inode has the lock list */
};

static void lock_wait_free(void *state)
{
	struct lock_wait *w = state;

	locks_wait_end(w);
	file_put(w->file);
	free(w);
}

static struct lock_wait *lock_wait_of(struct task *t, struct file *file)
{
	struct lock_wait *w = t->call.state;

	if (w)
		return w;
	w = alloc_zero(w);
	if (!w)
		return NULL;
	w->file = file_get(file);
	t->call.state = w;
	t->call.state_free = lock_wait_free;
	return w;
}

struct file *lock_wait_file(struct task *t)
{
	struct lock_wait *w = t->call.state;

	if (!w || t->call.state_free != lock_wait_free)
		return NULL;
	return file_get(w->file);
}

/* ---- struct flock ------------------------------------------------------ */

static int range_start(struct file *file, const struct flock *fl, int64_t *out)
{
	int ret;

	switch (fl->l_whence) {
	case SEEK_SET:
		*out = 0;
		break;
	case SEEK_CUR:
		*out = file->pos;
		break;
	case SEEK_END:
		ret = inode_getattr(file->inode);
		if (ret < 0)
			return ret;
		*out = (int64_t)file->inode->attr.size;
		break;
	default:
		return -EINVAL;
	}
	if (fl->l_start > LOCKS_OFFSET_MAX - *out)
		return -EOVERFLOW;
	*out += fl->l_start;
	return *out < 0 ? -EINVAL : 0;
}

static int range_in(
	struct file *file, const struct flock *fl, struct lock_range *range)
{
	int64_t start;
	int ret = range_start(file, fl, &start);

	if (ret < 0)
		return ret;
	range->start = start;
	range->end = LOCKS_OFFSET_MAX;
	if (fl->l_len > 0) {
		if (fl->l_len - 1 > LOCKS_OFFSET_MAX - start)
			return -EOVERFLOW;
		range->end = start + (fl->l_len - 1);
	} else if (fl->l_len < 0) {
		if (start + fl->l_len < 0)
			return -EINVAL;
		range->end = start - 1;
		range->start = start + fl->l_len;
	}
	if (fl->l_type != F_RDLCK && fl->l_type != F_WRLCK &&
		fl->l_type != F_UNLCK)
		return -EINVAL;
	range->type = fl->l_type;
	return 0;
}

static void range_out(const struct lock_range *range, struct flock *fl)
{
	fl->l_type = range->type;
	if (range->type == F_UNLCK)
		return;
	fl->l_whence = SEEK_SET;
	fl->l_start = range->start;
	fl->l_len = range->end == LOCKS_OFFSET_MAX
			    ? 0
			    : range->end - range->start + 1;
	fl->l_pid = range->pid;
}

static void set_owner(
	struct task *t, struct file *file, bool ofd, struct lock_range *range)
{
	range->kind = ofd ? LOCK_KIND_OFD : LOCK_KIND_POSIX;
	range->pid = ofd ? -1 : t->tg->tgid;
	range->owner = ofd ? (const void *)file : (const void *)t->fds;
}

/* ---- fcntl ------------------------------------------------------------- */

static long get_lock(struct task *t, struct file *file, bool ofd,
	struct flock *fl, uaddr_t arg)
{
	struct lock_range want = {0}, found;
	int ret;

	if (!ofd && fl->l_type != F_RDLCK && fl->l_type != F_WRLCK)
		return -EINVAL;
	ret = range_in(file, fl, &want);
	if (ret < 0)
		return ret;
	if (ofd && fl->l_pid)
		return -EINVAL;
	set_owner(t, file, ofd, &want);
	locks_test(file->inode, &want, &found);
	range_out(&found, fl);
	return put_user(t->mm, arg, fl);
}

static int may_lock(const struct file *file, short type)
{
	if (type == F_RDLCK && !file_readable(file))
		return -EBADF;
	if (type == F_WRLCK && !file_writable(file))
		return -EBADF;
	return 0;
}

static long wait_for_lock(struct task *t, struct file *file,
	const struct lock_range *want, struct waitq *q)
{
	struct lock_wait *w = lock_wait_of(t, file);
	int ret;

	if (!w)
		return -ENOLCK;
	if (want->kind == LOCK_KIND_POSIX) {
		ret = locks_wait_begin(file->inode, want, w);
		if (ret < 0)
			return ret;
	}
	return call_wait(t, q, 0, -ERESTARTSYS);
}

static long set_lock(struct task *t, struct file *file, bool ofd, bool wait,
	const struct flock *fl)
{
	struct lock_range want = {0};
	struct waitq *q;
	int ret;

	ret = range_in(file, fl, &want);
	if (ret < 0)
		return ret;
	ret = may_lock(file, fl->l_type);
	if (ret < 0)
		return ret;
	if (ofd && fl->l_pid)
		return -EINVAL;
	set_owner(t, file, ofd, &want);
	ret = locks_set(file->inode, &want, &q);
	if (ret == -EAGAIN && wait)
		return wait_for_lock(t, file, &want, q);
	return ret;
}

long fcntl_lock(
	struct task *t, struct file *file, unsigned int cmd, uaddr_t arg)
{
	bool ofd = cmd == F_OFD_GETLK || cmd == F_OFD_SETLK ||
		   cmd == F_OFD_SETLKW;
	bool wait = cmd == F_SETLKW || cmd == F_OFD_SETLKW;
	struct flock fl;

	if (get_user(t->mm, &fl, arg) < 0)
		return -EFAULT;
	if (cmd == F_GETLK || cmd == F_OFD_GETLK)
		return get_lock(t, file, ofd, &fl, arg);
	return set_lock(t, file, ofd, wait, &fl);
}

/* ---- flock ------------------------------------------------------------- */

static int flock_type(unsigned int op)
{
	switch (op & ~(unsigned int)LOCK_NB) {
	case LOCK_SH:
		return F_RDLCK;
	case LOCK_EX:
		return F_WRLCK;
	case LOCK_UN:
		return F_UNLCK;
	default:
		return -EINVAL;
	}
}

static long flock_file(struct task *t, struct file *file, short type, bool wait)
{
	struct lock_range want = {
		.kind = LOCK_KIND_FLOCK,
		.type = type,
		.pid = t->tg->tgid,
		.end = LOCKS_OFFSET_MAX,
		.owner = file,
	};
	struct waitq *q;
	long ret;

	/* As Linux: a descriptor that can neither read nor write. */
	if (type != F_UNLCK && !file_readable(file) && !file_writable(file))
		return -EBADF;
	ret = locks_set(file->inode, &want, &q);
	if (ret == -EAGAIN && wait)
		return wait_for_lock(t, file, &want, q);
	return ret;
}

long sys_flock(struct task *t, int fd, unsigned int op)
{
	struct file *file;
	int type = flock_type(op);
	long ret;

	/* Linux: mandatory flock() (LOCK_MAND) is no more; it did nothing. */
	if (op & LOCK_MAND)
		return 0;
	if (type < 0)
		return type;
	file = lock_wait_file(t);
	if (!file)
		file = fd_get(t, fd);
	if (!file)
		return -EBADF;
	ret = flock_file(t, file, (short)type, !(op & LOCK_NB));
	file_put(file);
	return ret;
}
