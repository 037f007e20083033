/*
 * The notify platform: guest code runs at full speed in host processes of its
 * own, under a seccomp filter that hands its system calls over.
 *
 *   boot.c    the first process and the listener
 *   report.c  what a notification means
 *   thread.c  registers, answers, interrupts
 *   call.c    host calls in the guest's address space
 *   clone.c exec.c    new threads and processes, new images
 *   watch.c   ended processes and deadlines
 *   object.c area.c remote.c    what the others stand on
 *
 * One thread, the leader, receives and handles; it never blocks anywhere else.
 */
#include "platform/notify/internal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

#include "lib/checked.h"
#include "lib/log.h"

void event_send(struct notify *n, struct event *e, struct notify_thread *t)
{
	e->thread = &t->base;
	e->space = &t->space->base;
	t->op = OP_NONE;
	t->want_interrupt = false;
	deadline_clear(t);
	n->options.client.event(n->options.client.data, e);
}

static int notify_open(
	const struct platform_options *options, struct platform **out)
{
	struct notify *n = alloc_zero(n);
	int ret;
	size_t i;

	if (n == NULL)
		return -ENOMEM;
	n->base.ops = &notify_platform;
	n->options = *options;
	n->pid = getpid();
	n->listener = -1;
	for (i = 0; i < TID_BUCKETS; i++)
		list_init(&n->by_tid[i]);
	for (i = 0; i < PID_BUCKETS; i++)
		list_init(&n->by_pid[i]);
	list_init(&n->busy);
	list_init(&n->clones);
	pthread_mutex_init(&n->drain_lock, NULL);
	pthread_cond_init(&n->drained, NULL);
	fpstate_init();
	ret = getrandom(&n->boot_secret, sizeof(n->boot_secret), 0) ==
			      sizeof(n->boot_secret)
		      ? watch_start(n)
		      : -EAGAIN;
	if (ret < 0) {
		free(n);
		return ret;
	}
	*out = &n->base;
	return 0;
}

/* No process is left that could ever notify. */
static bool hung_up(struct notify *n)
{
	struct pollfd p = {.fd = n->listener, .events = POLLIN};

	return poll(&p, 1, 0) == 1 && (p.revents & POLLHUP);
}

/* The last processes' ends are the watcher's to tell. */
static void await_drained(struct notify *n)
{
	const struct platform_client *c = &n->options.client;

	c->lock(c->data);
	pthread_mutex_lock(&n->drain_lock);
	n->published_count = n->process_count;
	pthread_mutex_unlock(&n->drain_lock);
	c->unlock(c->data);

	pthread_mutex_lock(&n->drain_lock);
	while (n->published_count > 0)
		pthread_cond_wait(&n->drained, &n->drain_lock);
	pthread_mutex_unlock(&n->drain_lock);
}

static int notify_run(struct platform *p)
{
	struct notify *n = to_notify(p);
	const struct platform_client *c = &n->options.client;
	struct seccomp_notif req;

	if (n->listener < 0)
		return -EINVAL;
	for (;;) {
		memset(&req, 0, sizeof(req));
		if (ioctl(n->listener, SECCOMP_IOCTL_NOTIF_RECV, &req) < 0) {
			if (errno == EINTR)
				continue;
			if (errno != ENOENT)
				return -errno;
			if (hung_up(n))
				break;
			continue;
		}
		c->lock(c->data);
		notified(n, &req);
		c->idle(c->data);
		c->unlock(c->data);
	}
	await_drained(n);
	return 0;
}

static void kill_all(struct notify *n)
{
	struct notify_space *s;
	size_t i;

	for (i = 0; i < PID_BUCKETS; i++)
		list_for_each(s, &n->by_pid[i], by_pid) space_sigkill(s);
}

/* The leader sits in the listener until every process is gone. */
static void notify_stop(struct platform *p)
{
	kill_all(to_notify(p));
}

static void notify_close(struct platform *p)
{
	struct notify *n = to_notify(p);

	n->options.client.lock(n->options.client.data);
	kill_all(n);
	n->options.client.unlock(n->options.client.data);
	await_drained(n);
	watch_stop(n);
	if (n->listener >= 0)
		close(n->listener);
	pthread_cond_destroy(&n->drained);
	pthread_mutex_destroy(&n->drain_lock);
	free(n);
}

const struct platform_ops notify_platform = {
	.name = "notify",
	.probe = notify_probe,
	.open = notify_open,
	.boot = notify_boot,
	.run = notify_run,
	.stop = notify_stop,
	.close = notify_close,
	.thread_return = notify_thread_return,
	.thread_continue = notify_thread_continue,
	.thread_return_stopped = notify_thread_return_stopped,
	.thread_interrupt = notify_thread_interrupt,
	.thread_regs = notify_thread_regs,
	.thread_regs_changed = notify_thread_regs_changed,
	.thread_fpstate_get = notify_thread_fpstate_get,
	.thread_fpstate_put = notify_thread_fpstate_put,
	.thread_resume = notify_thread_resume,
	.thread_resume_value = notify_thread_resume_value,
	.thread_call = notify_thread_call,
	.thread_clone = notify_thread_clone,
	.thread_exec = notify_thread_exec,
	.thread_enter = notify_thread_enter,
	.thread_exit = notify_thread_exit,
	.space_kill = notify_space_kill,
	.thread_put = notify_thread_put,
	.space_put = notify_space_put,
};
