/*
 * Threads and spaces as objects.
 *
 * A thread is found by its host tid from its registration until it is gone,
 * a space by its host pid until it is reaped. The client holds one reference
 * to each from the event that named it first to its put; the platform holds
 * one until the host object is gone. The last of the two frees.
 */
#include "platform/notify/internal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/checked.h"
#include "lib/log.h"

struct notify_thread *thread_new(struct notify *n)
{
	struct notify_thread *t = alloc_zero(t);

	if (t == NULL)
		return NULL;
	t->base.ops = &notify_platform;
	t->n = n;
	t->state = BUSY;
	list_init(&t->by_tid);
	list_init(&t->in_space);
	list_init(&t->in_queue);
	list_init(&t->busy);
	list_init(&t->cloning);
	return t;
}

struct notify_space *space_new(struct notify *n)
{
	struct notify_space *s = alloc_zero(s);

	if (s == NULL)
		return NULL;
	s->base.ops = &notify_platform;
	s->n = n;
	s->pidfd = -1;
	s->unborn = true;
	list_init(&s->threads);
	list_init(&s->by_pid);
	list_init(&s->lane_queue);
	return s;
}

static struct list *tid_bucket(struct notify *n, pid_t tid)
{
	return &n->by_tid[(unsigned int)tid % TID_BUCKETS];
}

static struct list *pid_bucket(struct notify *n, pid_t pid)
{
	return &n->by_pid[(unsigned int)pid % PID_BUCKETS];
}

void thread_register(struct notify_thread *t, struct notify_space *s, pid_t tid)
{
	t->base.host_tid = tid;
	t->base.space = &s->base;
	t->space = s;
	list_add(tid_bucket(t->n, tid), &t->by_tid);
	list_add_tail(&s->threads, &t->in_space);
}

void thread_rename(struct notify_thread *t, pid_t tid)
{
	list_del(&t->by_tid);
	t->base.host_tid = tid;
	list_add(tid_bucket(t->n, tid), &t->by_tid);
}

int space_register(struct notify_space *s, pid_t pid)
{
	int ret;

	s->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (s->pidfd < 0)
		return -errno;
	ret = watch_process(s->n, pid, s->pidfd);
	if (ret < 0) {
		close(s->pidfd);
		s->pidfd = -1;
		return ret;
	}
	s->base.host_pid = pid;
	list_add(pid_bucket(s->n, pid), &s->by_pid);
	return 0;
}

struct notify_thread *thread_find(struct notify *n, pid_t tid)
{
	struct notify_thread *t;

	list_for_each(t, tid_bucket(n, tid),
		by_tid) if (t->base.host_tid == tid) return t;
	return NULL;
}

struct notify_space *space_find(struct notify *n, pid_t pid)
{
	struct notify_space *s;

	list_for_each(s, pid_bucket(n, pid),
		by_pid) if (s->base.host_pid == pid) return s;
	return NULL;
}

void thread_gone(struct notify_thread *t)
{
	if (t->gone)
		return;
	t->gone = true;
	t->state = DEAD;
	deadline_clear(t);
	clone_abandon(t);
	list_del(&t->by_tid);
	list_del(&t->in_space);
	list_del(&t->in_queue);
	if (t->space != NULL) {
		if (t->space->execing == t)
			t->space->execing = NULL;
		if (t->space->lane == t)
			lane_release(t);
		if (t->area != 0)
			area_release(t->space->memory, t->area);
	}
	t->space = NULL;
	if (t->put)
		free(t);
}

void space_gone(struct notify_space *s)
{
	s->dead = true;
	s->killed = true;
	while (!list_empty(&s->threads))
		thread_gone(list_first(
			&s->threads, struct notify_thread, in_space));
	list_del(&s->by_pid);
	if (s->pidfd >= 0)
		close(s->pidfd);
	s->pidfd = -1;
	memory_put(s->memory);
	s->memory = NULL;
}

void space_free(struct notify_space *s)
{
	memory_put(s->memory);
	if (s->pidfd >= 0)
		close(s->pidfd);
	list_del(&s->by_pid);
	free(s);
}

void space_sigkill(struct notify_space *s)
{
	s->killed = true;
	if (s->pidfd >= 0)
		syscall(SYS_pidfd_send_signal, s->pidfd, SIGKILL, NULL, 0);
}

void violate(struct notify_thread *t, const char *why)
{
	if (t->space == NULL)
		return;
	if (!t->space->killed)
		log_warn("notify: killed process %d, thread %d: %s",
			t->space->base.host_pid, t->base.host_tid, why);
	space_sigkill(t->space);
}

void notify_thread_put(struct thread *thread)
{
	struct notify_thread *t = to_thread(thread);

	t->put = true;
	if (t->gone)
		free(t);
}

void notify_space_put(struct space *space)
{
	struct notify_space *s = to_space(space);

	s->put = true;
	if (s->dead)
		space_free(s);
}

void notify_space_kill(struct space *space)
{
	space_sigkill(to_space(space));
}
