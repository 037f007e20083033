/*
 * epoll(7).
 *
 * An epoll is a set of items, each a file under a number with the events that
 * are wanted. An item has an entry on the file's wait queue; when that is
 * woken, the item goes to the tail of the epoll's ready list and the epoll's
 * own queue is woken. Collecting asks each ready item's file what is true
 * now: what is not leaves the list, what is wanted level-triggered goes back
 * to the tail, so that many ready files take turns.
 *
 * An item belongs to its epoll and is on the list of its file, too: it goes
 * with whichever goes first. It holds no reference to the file, or the file
 * would never be closed.
 *
 * Epolls may watch epolls, EPOLL_NEST_LIMIT deep and never in a ring.
 */
#include "sentry/vfs/epoll.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include "lib/checked.h"
#include "lib/list.h"
#include "sentry/base/waitq.h"
#include "sentry/vfs/vfs.h"

/* What says how to watch, not what for. */
#define HOW_BITS                                                               \
	((uint32_t)(EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE))
#define ALWAYS ((uint32_t)(EPOLLERR | EPOLLHUP))
#define EXCLUSIVE_BITS                                                         \
	((uint32_t)(EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLWAKEUP |   \
		    EPOLLET | EPOLLEXCLUSIVE))

struct epoll {
	struct list items; /* of ->node */
	struct list ready; /* of ->ready_node */
	struct waitq waitq;
	struct file *file; /* this epoll's own, borrowed */
	unsigned int mark; /* of the last search that was here */
	int height;        /* found by that search */
};

struct epoll_item {
	struct epoll *epoll; /* borrowed: owns this */
	struct file *file;   /* borrowed: has this on its list */
	struct list node;
	struct list file_node; /* in file->epoll_items */
	struct list ready_node;
	struct wait_entry entry;
	int fd;
	uint32_t events;
	uint64_t data;
};

static size_t item_total;
static unsigned int last_mark;

static const struct file_ops epoll_ops;

bool file_is_epoll(const struct file *file)
{
	return file->ops == &epoll_ops;
}

static struct epoll *epoll_of(const struct file *file)
{
	return file->priv;
}

/* ---- Items ------------------------------------------------------------- */

static void make_ready(struct epoll_item *item)
{
	if (list_empty(&item->ready_node))
		list_add_tail(&item->epoll->ready, &item->ready_node);
	waitq_wake(&item->epoll->waitq, EPOLLIN | EPOLLRDNORM);
}

static void item_woken(struct wait_entry *entry, uint32_t events)
{
	struct epoll_item *item = container_of(entry, struct epoll_item, entry);
	uint32_t wanted = item->events & ~HOW_BITS;

	/* A one-shot item that has fired wants nothing. */
	if (wanted && (!events || (events & wanted)))
		make_ready(item);
}

/* What is true of the file now and wanted. */
static uint32_t item_poll(const struct epoll_item *item)
{
	uint32_t wanted = item->events & ~HOW_BITS;

	return wanted ? file_poll(item->file) & wanted : 0;
}

static struct epoll_item *item_find(
	const struct epoll *epoll, const struct file *file, int fd)
{
	struct epoll_item *item;

	list_for_each(item, &file->epoll_items, file_node)
	{
		if (item->epoll == epoll && item->fd == fd)
			return item;
	}
	return NULL;
}

static void item_free(struct epoll_item *item)
{
	waitq_remove(&item->entry);
	list_del(&item->node);
	list_del(&item->file_node);
	list_del(&item->ready_node);
	free(item);
	item_total--;
}

void epoll_file_released(struct file *file)
{
	struct epoll_item *item, *tmp;

	list_for_each_safe(item, tmp, &file->epoll_items, file_node)
		item_free(item);
}

/* ---- Nesting ----------------------------------------------------------- */

/* Levels of epolls below one; -1 if target is among them or it is too deep. */
static int levels_below(
	struct epoll *epoll, const struct epoll *target, int depth)
{
	struct epoll_item *item;
	int below, height = 0;

	if (epoll == target || depth > EPOLL_NEST_LIMIT)
		return -1;
	if (epoll->mark == last_mark)
		return epoll->height;
	list_for_each(item, &epoll->items, node)
	{
		if (!file_is_epoll(item->file))
			continue;
		below = levels_below(epoll_of(item->file), target, depth + 1);
		if (below < 0)
			return -1;
		height = MAX(height, below + 1);
	}
	epoll->mark = last_mark;
	epoll->height = height;
	return height;
}

static int levels_above(struct epoll *epoll, int depth)
{
	struct epoll_item *item;
	int above, height = 0;

	if (depth > EPOLL_NEST_LIMIT)
		return depth;
	if (epoll->mark == last_mark)
		return epoll->height;
	list_for_each(item, &epoll->file->epoll_items, file_node)
	{
		above = levels_above(item->epoll, depth + 1);
		height = MAX(height, above + 1);
	}
	epoll->mark = last_mark;
	epoll->height = height;
	return height;
}

static bool may_nest(struct epoll *outer, struct epoll *inner)
{
	int below, above;

	last_mark++;
	below = levels_below(inner, outer, 0);
	last_mark++;
	above = levels_above(outer, 0);
	return below >= 0 && below + 1 + above <= EPOLL_NEST_LIMIT;
}

/* ---- epoll_ctl --------------------------------------------------------- */

static bool can_be_watched(const struct file *file)
{
	mode_t mode = file->inode->attr.mode;

	return file->ops->poll && !S_ISREG(mode) && !S_ISDIR(mode);
}

static int item_new(struct epoll *epoll, struct file *file, int fd,
	uint32_t events, uint64_t data)
{
	struct waitq *q = file_waitq(file);
	struct epoll_item *item;

	if (item_total >= EPOLL_ITEMS_LIMIT)
		return -ENOSPC;
	item = alloc_zero(item);
	if (!item)
		return -ENOMEM;
	item_total++;
	item->epoll = epoll;
	item->file = file;
	item->fd = fd;
	item->events = events | ALWAYS;
	item->data = data;
	list_init(&item->ready_node);
	list_add_tail(&epoll->items, &item->node);
	list_add_tail(&file->epoll_items, &item->file_node);
	wait_entry_init(&item->entry, 0, item_woken);
	if (q)
		waitq_add(q, &item->entry);
	if (item_poll(item))
		make_ready(item);
	return 0;
}

int epoll_add(struct file *epoll_file, struct file *file, int fd,
	uint32_t events, uint64_t data)
{
	struct epoll *epoll = epoll_of(epoll_file);

	if (!can_be_watched(file))
		return -EPERM;
	if ((events & EPOLLEXCLUSIVE) &&
		(file_is_epoll(file) || (events & ~EXCLUSIVE_BITS)))
		return -EINVAL;
	if (file_is_epoll(file) && !may_nest(epoll, epoll_of(file)))
		return -ELOOP;
	if (item_find(epoll, file, fd))
		return -EEXIST;
	return item_new(epoll, file, fd, events, data);
}

int epoll_modify(struct file *epoll_file, struct file *file, int fd,
	uint32_t events, uint64_t data)
{
	struct epoll_item *item;

	if (!can_be_watched(file))
		return -EPERM;
	if (events & EPOLLEXCLUSIVE)
		return -EINVAL;
	item = item_find(epoll_of(epoll_file), file, fd);
	if (!item)
		return -ENOENT;
	if (item->events & EPOLLEXCLUSIVE)
		return -EINVAL;
	item->events = events | ALWAYS;
	item->data = data;
	if (item_poll(item))
		make_ready(item);
	return 0;
}

int epoll_remove(struct file *epoll_file, struct file *file, int fd)
{
	struct epoll_item *item;

	if (!can_be_watched(file))
		return -EPERM;
	item = item_find(epoll_of(epoll_file), file, fd);
	if (!item)
		return -ENOENT;
	item_free(item);
	return 0;
}

/* ---- Collecting -------------------------------------------------------- */

size_t epoll_collect(
	struct file *epoll_file, struct epoll_result *out, size_t count)
{
	struct epoll *epoll = epoll_of(epoll_file);
	struct list todo = LIST_INIT(todo);
	struct epoll_item *item;
	size_t found = 0;
	uint32_t events;

	/* Polling may wake queues, which adds to the ready list again. */
	list_splice_tail(&todo, &epoll->ready);
	while (found < count && !list_empty(&todo)) {
		item = list_first(&todo, struct epoll_item, ready_node);
		list_del(&item->ready_node);
		events = item_poll(item);
		if (!events)
			continue;
		out[found].events = events;
		out[found].data = item->data;
		found++;
		if (item->events & EPOLLONESHOT)
			item->events &= HOW_BITS;
		else if (!(item->events & EPOLLET) &&
			 list_empty(&item->ready_node))
			list_add_tail(&epoll->ready, &item->ready_node);
	}
	/* Those that did not get a turn are first next time. */
	list_splice_tail(&todo, &epoll->ready);
	list_splice_tail(&epoll->ready, &todo);
	return found;
}

size_t epoll_ready_count(struct file *epoll_file, size_t most)
{
	struct epoll *epoll = epoll_of(epoll_file);
	struct epoll_item *item;
	size_t count = 0;

	list_for_each(item, &epoll->ready, ready_node)
	{
		if (++count >= most)
			break;
	}
	return count;
}

static uint32_t epoll_poll(struct file *file)
{
	struct epoll *epoll = epoll_of(file);
	struct epoll_item *item, *tmp;

	list_for_each_safe(item, tmp, &epoll->ready, ready_node)
	{
		if (item_poll(item))
			return EPOLLIN | EPOLLRDNORM;
		list_del(&item->ready_node);
	}
	return 0;
}

static struct waitq *epoll_waitq(struct file *file)
{
	return &epoll_of(file)->waitq;
}

static void epoll_release(struct file *file)
{
	struct epoll *epoll = epoll_of(file);
	struct epoll_item *item, *tmp;

	list_for_each_safe(item, tmp, &epoll->items, node) item_free(item);
	waitq_finish(&epoll->waitq);
	free(epoll);
}

static size_t epoll_fdinfo(struct file *file, char *buf, size_t size)
{
	struct epoll *epoll = epoll_of(file);
	struct epoll_item *item;
	size_t used = 0;
	int n;

	list_for_each(item, &epoll->items, node)
	{
		n = snprintf(buf + used, size - used,
			"tfd: %8d events: %8x data: %16llx  pos:%lli "
			"ino:%llx sdev:%llx\n",
			item->fd, item->events, (unsigned long long)item->data,
			(long long)item->file->pos,
			(unsigned long long)item->file->inode->attr.ino,
			(unsigned long long)item->file->inode->fs->dev);
		if (n < 0 || (size_t)n >= size - used)
			break;
		used += (size_t)n;
	}
	return used;
}

static const struct file_ops epoll_ops = {
	.poll = epoll_poll,
	.waitq = epoll_waitq,
	.release = epoll_release,
	.show_fdinfo = epoll_fdinfo,
	.seek = file_noop_seek,
	.no_seek = true,
};

int epoll_file_new(struct file **out)
{
	struct inode *inode = inode_new_anonymous(0600);
	struct epoll *epoll = alloc_zero(epoll);
	int ret = -ENOMEM;

	if (inode && epoll) {
		list_init(&epoll->items);
		list_init(&epoll->ready);
		waitq_init(&epoll->waitq);
		ret = file_new_anonymous("anon_inode:[eventpoll]", inode,
			&epoll_ops, O_RDWR, epoll, out);
	}
	if (ret == 0)
		epoll->file = *out;
	else
		free(epoll);
	inode_put(inode);
	return ret;
}
