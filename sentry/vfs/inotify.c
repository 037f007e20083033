/*
 * inotify(7).
 *
 * An instance (an open file) has watches, each on an inode, and a queue of
 * events. The watches of an inode hang on its watch_list, which holds one
 * reference to the inode: an inode that is watched stays, also without a name
 * in the cache. When that reference is the last one and the last link is
 * gone, inode_put() calls inotify_inode_gone().
 *
 * An event equal to the last one in the queue is dropped, as in Linux, and a
 * full queue ends with one IN_Q_OVERFLOW.
 */
#include "sentry/vfs/inotify.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "lib/checked.h"
#include "lib/list.h"
#include "sentry/base/waitq.h"
#include "sentry/vfs/vfs.h"

#define QUEUE_LIMIT    16384 /* fs.inotify.max_queued_events */
#define WATCH_LIMIT    65536 /* fs.inotify.max_user_watches */
#define INSTANCE_LIMIT 128   /* fs.inotify.max_user_instances */

/* Bits of a watch that are not events. */
#define HOW_BITS (IN_ONESHOT | IN_EXCL_UNLINK)
/* Sent whether asked for or not. */
#define ALWAYS (IN_IGNORED | IN_UNMOUNT | IN_Q_OVERFLOW)

struct queued {
	struct list node;
	struct inotify_event event; /* len: of what follows, padded */
	char name[];
};

struct inotify {
	struct list watches; /* of ->node */
	struct list queue;   /* of struct queued */
	size_t queue_count;
	size_t queue_size; /* bytes, as FIONREAD says */
	int last_wd;
	struct waitq waitq;
};

struct watch {
	struct list node;       /* of the instance */
	struct list inode_node; /* of the inode */
	struct inotify *inotify;
	struct inode *inode; /* held by its watch_list */
	int wd;
	uint32_t mask;
};

struct watch_list {
	struct list watches; /* never empty but while it is taken apart */
};

size_t inotify_watch_total;
static size_t instance_total;

/* ---- The queue --------------------------------------------------------- */

static bool same_as_last(struct inotify *in, const struct queued *q)
{
	struct queued *last;

	if (list_empty(&in->queue))
		return false;
	last = list_last(&in->queue, struct queued, node);
	return last->event.wd == q->event.wd &&
	       last->event.mask == q->event.mask &&
	       last->event.cookie == q->event.cookie &&
	       last->event.len == q->event.len &&
	       memcmp(last->name, q->name, q->event.len) == 0;
}

static size_t event_size(const struct queued *q)
{
	return sizeof(q->event) + q->event.len;
}

static struct queued *event_new(
	int wd, uint32_t mask, uint32_t cookie, const char *name)
{
	const size_t unit = sizeof(struct inotify_event);
	size_t len = name ? strlen(name) + 1 : 0;
	size_t padded = (len + unit - 1) / unit * unit;
	struct queued *q = calloc(1, sizeof(*q) + padded);

	if (!q)
		return NULL;
	q->event.wd = wd;
	q->event.mask = mask;
	q->event.cookie = cookie;
	q->event.len = (uint32_t)padded;
	if (name)
		memcpy(q->name, name, len);
	return q;
}

/* Without memory the event is lost, like beyond the limit. */
static void enqueue(struct inotify *in, int wd, uint32_t mask, uint32_t cookie,
	const char *name)
{
	struct queued *q;

	if (in->queue_count >= QUEUE_LIMIT) {
		wd = -1;
		mask = IN_Q_OVERFLOW;
		cookie = 0;
		name = NULL;
	}
	q = event_new(wd, mask, cookie, name);
	if (!q)
		return;
	if (same_as_last(in, q)) {
		free(q);
		return;
	}
	list_add_tail(&in->queue, &q->node);
	in->queue_count++;
	in->queue_size += event_size(q);
	waitq_wake(&in->waitq, EPOLLIN | EPOLLRDNORM);
}

static void dequeue(struct inotify *in, struct queued *q)
{
	list_del(&q->node);
	in->queue_count--;
	in->queue_size -= event_size(q);
	free(q);
}

/* ---- Watches ----------------------------------------------------------- */

static void watch_free(struct watch *watch)
{
	struct inode *inode = watch->inode;

	list_del(&watch->node);
	list_del(&watch->inode_node);
	free(watch);
	inotify_watch_total--;
	if (!inode->watches || !list_empty(&inode->watches->watches))
		return;
	free(inode->watches);
	inode->watches = NULL;
	inode_put(inode);
}

static void watch_drop(struct watch *watch)
{
	enqueue(watch->inotify, watch->wd, IN_IGNORED, 0, NULL);
	watch_free(watch);
}

/* To the watchers of one inode. name NULL: it happened to itself. */
static void deliver(struct inode *inode, const char *name, bool unlinked,
	uint32_t mask, uint32_t cookie)
{
	struct watch *watch, *tmp;
	struct list *watches;

	if (!inode->watches)
		return;
	watches = &inode->watches->watches;
	/* The last watch may take the list, and the inode, with it. */
	inode_get(inode);
	list_for_each_safe(watch, tmp, watches, inode_node)
	{
		if (!(watch->mask & mask & (IN_ALL_EVENTS | ALWAYS)))
			continue;
		if (name && unlinked && (watch->mask & IN_EXCL_UNLINK))
			continue;
		enqueue(watch->inotify, watch->wd, mask, cookie, name);
		if (!(watch->mask & IN_ONESHOT))
			continue;
		watch_drop(watch);
		if (!inode->watches)
			break;
	}
	inode_put(inode);
}

static uint32_t with_type(const struct inode *inode, uint32_t mask)
{
	if (inode && S_ISDIR(inode->attr.mode) &&
		!(mask & (IN_DELETE_SELF | IN_MOVE_SELF)))
		mask |= IN_ISDIR;
	return mask;
}

void inotify_name(struct inode *dir, const char *name,
	const struct inode *child, uint32_t mask, uint32_t cookie)
{
	deliver(dir, name, false, with_type(child, mask), cookie);
}

uint32_t inotify_cookie(void)
{
	static uint32_t last;

	/* 0 is for events without one. */
	if (++last == 0)
		last = 1;
	return last;
}

void inotify_self(struct inode *inode, uint32_t mask)
{
	deliver(inode, NULL, false, with_type(inode, mask), 0);
}

void inotify_dentry(struct dentry *dentry, uint32_t mask)
{
	struct inode *inode = dentry->inode;

	if (!inode)
		return;
	mask = with_type(inode, mask);
	if (dentry->parent && dentry->parent != dentry && dentry->parent->inode)
		deliver(dentry->parent->inode, dentry->name, dentry->unlinked,
			mask, 0);
	deliver(inode, NULL, false, mask, 0);
}

void inotify_file(struct file *file, uint32_t mask)
{
	if (!(file->flags & O_PATH))
		inotify_dentry(file->path.dentry, mask);
}

void inotify_inode_gone(struct inode *inode)
{
	struct watch_list *list = inode->watches;
	bool last = false;

	/* The list's reference goes with its last watch. */
	inode_get(inode);
	deliver(inode, NULL, false, IN_DELETE_SELF, 0);
	/* Watches for one event may have gone by that. */
	if (!inode->watches)
		last = true;
	while (!last) {
		last = list->watches.next == list->watches.prev;
		watch_drop(
			list_first(&list->watches, struct watch, inode_node));
	}
	inode_put(inode);
}

/* ---- The file ---------------------------------------------------------- */

static struct inotify *inotify_of(const struct file *file)
{
	return file->priv;
}

static ssize_t inotify_read(struct file *file, struct uio *uio, off_t *off)
{
	struct inotify *in = inotify_of(file);
	struct queued *q;
	size_t size, done = 0;

	if (list_empty(&in->queue))
		return -EAGAIN;
	while (!list_empty(&in->queue)) {
		q = list_first(&in->queue, struct queued, node);
		size = event_size(q);
		if (size > uio->left)
			return done ? (ssize_t)done : -EINVAL;
		/* The name follows the event in memory. */
		if (uio_copy_out(uio, &q->event, sizeof(q->event)) !=
				sizeof(q->event) ||
			uio_copy_out(uio, q->name, q->event.len) !=
				q->event.len)
			return done ? (ssize_t)done : -EFAULT;
		done += size;
		dequeue(in, q);
	}
	return (ssize_t)done;
}

static uint32_t inotify_poll(struct file *file)
{
	return list_empty(&inotify_of(file)->queue) ? 0 : EPOLLIN | EPOLLRDNORM;
}

static struct waitq *inotify_waitq(struct file *file)
{
	return &inotify_of(file)->waitq;
}

static long inotify_ioctl(
	struct file *file, struct mm *mm, unsigned int cmd, uint64_t arg)
{
	int size = (int)inotify_of(file)->queue_size;

	return cmd == FIONREAD ? put_user(mm, arg, &size) : -ENOTTY;
}

static void inotify_release(struct file *file)
{
	struct inotify *in = inotify_of(file);
	struct watch *watch, *tmp;

	list_for_each_safe(watch, tmp, &in->watches, node) watch_free(watch);
	while (!list_empty(&in->queue))
		dequeue(in, list_first(&in->queue, struct queued, node));
	waitq_finish(&in->waitq);
	free(in);
	instance_total--;
}

static const struct file_ops inotify_ops = {
	.read = inotify_read,
	.poll = inotify_poll,
	.waitq = inotify_waitq,
	.ioctl = inotify_ioctl,
	.release = inotify_release,
	.seek = file_noop_seek,
	.no_seek = true,
};

bool file_is_inotify(const struct file *file)
{
	return file->ops == &inotify_ops;
}

int inotify_file_new(unsigned int flags, struct file **out)
{
	struct inode *inode;
	struct inotify *in;
	int ret = -ENOMEM;

	if (instance_total >= INSTANCE_LIMIT)
		return -EMFILE;
	inode = inode_new_anonymous(0600);
	in = alloc_zero(in);
	if (inode && in) {
		list_init(&in->watches);
		list_init(&in->queue);
		waitq_init(&in->waitq);
		ret = file_new_anonymous("anon_inode:inotify", inode,
			&inotify_ops, O_RDONLY | flags, in, out);
	}
	if (ret == 0)
		instance_total++;
	else
		free(in);
	if (inode)
		inode_put(inode);
	return ret;
}

/* ---- Adding and removing ----------------------------------------------- */

static struct watch *watch_find(
	const struct inotify *in, const struct inode *inode)
{
	struct watch *watch;

	if (!inode->watches)
		return NULL;
	list_for_each(watch, &inode->watches->watches, inode_node)
	{
		if (watch->inotify == in)
			return watch;
	}
	return NULL;
}

static struct watch *watch_by_number(const struct inotify *in, int wd)
{
	struct watch *watch;

	list_for_each(watch, &in->watches, node)
	{
		if (watch->wd == wd)
			return watch;
	}
	return NULL;
}

/* Numbers go up and are used again only after all of them were. */
static int next_wd(struct inotify *in)
{
	do {
		in->last_wd = in->last_wd == INT_MAX ? 1 : in->last_wd + 1;
	} while (in->last_wd < WATCH_LIMIT && watch_by_number(in, in->last_wd));
	return in->last_wd;
}

static int watch_new(struct inotify *in, struct inode *inode, uint32_t mask)
{
	struct watch *watch;

	if (inotify_watch_total >= WATCH_LIMIT)
		return -ENOSPC;
	watch = alloc_zero(watch);
	if (!watch)
		return -ENOMEM;
	if (!inode->watches) {
		inode->watches = alloc_zero(inode->watches);
		if (!inode->watches) {
			free(watch);
			return -ENOMEM;
		}
		list_init(&inode->watches->watches);
		inode_get(inode);
	}
	watch->inotify = in;
	watch->inode = inode;
	watch->mask = mask;
	watch->wd = next_wd(in);
	list_add_tail(&in->watches, &watch->node);
	list_add_tail(&inode->watches->watches, &watch->inode_node);
	inotify_watch_total++;
	return watch->wd;
}

int inotify_watch_add(struct file *file, struct inode *inode, uint32_t mask)
{
	struct inotify *in = inotify_of(file);
	struct watch *watch = watch_find(in, inode);
	uint32_t kept = (mask & (IN_ALL_EVENTS | HOW_BITS)) | ALWAYS;

	if (!watch)
		return watch_new(in, inode, kept);
	if (mask & IN_MASK_CREATE)
		return -EEXIST;
	if (mask & IN_MASK_ADD)
		watch->mask |= kept;
	else
		watch->mask = kept;
	return watch->wd;
}

int inotify_watch_remove(struct file *file, int wd)
{
	struct watch *watch = watch_by_number(inotify_of(file), wd);

	if (!watch)
		return -EINVAL;
	watch_drop(watch);
	return 0;
}
