/*
 * O_ASYNC.
 *
 * A file with it has an entry on its own wait queue. A wake-up may happen in
 * the middle of anything and must do no more than note it, while a signal may
 * end a process; so the entry arms a timer that is due at once, and the event
 * thread looks at the file and sends.
 */
#include "sentry/vfs/async.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "lib/checked.h"
#include "lib/list.h"
#include "sentry/base/cred.h"
#include "sentry/base/waitq.h"
#include "sentry/time/timer.h"
#include "sentry/vfs/vfs.h"

struct file_async {
	struct file *file; /* borrowed: owns this */
	struct cred *cred; /* counted */
	int fd;
	uint32_t events; /* of the wake-ups that were not told yet */
	struct wait_entry entry;
	struct timer timer;
};

void (*file_async_notify)(
	struct file *file, int fd, const struct cred *cred, uint32_t events);

static void woken(struct wait_entry *entry, uint32_t events)
{
	struct file_async *async = container_of(
		entry, struct file_async, entry);

	async->events |= events ? events : EPOLLIN | EPOLLOUT;
	timer_arm(&async->timer, 0);
}

static void due(struct timer *timer)
{
	struct file_async *async = container_of(
		timer, struct file_async, timer);
	uint32_t events = async->events & file_poll(async->file);

	async->events = 0;
	if (events && file_async_notify)
		file_async_notify(async->file, async->fd, async->cred, events);
}

int file_async_start(struct file *file, int fd, struct cred *cred)
{
	struct waitq *q = file_waitq(file);
	struct file_async *async;

	if (file->async || !q)
		return 0;
	async = alloc_zero(async);
	if (!async)
		return -ENOMEM;
	async->file = file;
	async->fd = fd;
	async->cred = cred_get(cred);
	timer_init(&async->timer, due);
	wait_entry_init(&async->entry, 0, woken);
	waitq_add(q, &async->entry);
	file->async = async;
	return 0;
}

void file_async_stop(struct file *file)
{
	struct file_async *async = file->async;

	if (!async)
		return;
	file->async = NULL;
	waitq_remove(&async->entry);
	timer_cancel(&async->timer);
	cred_put(async->cred);
	free(async);
}
