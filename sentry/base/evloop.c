/*
 * The event thread.
 *
 * A source may be removed, and its storage freed, by a callback of the same
 * round: events that were already fetched for it must then not be delivered.
 * So the round's events are kept where evloop_remove() can strike them out.
 */
#include "sentry/base/evloop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>

#include "lib/log.h"
#include "lib/trim.h"
#include "sentry/base/klock.h"

#define ROUND 16
/* Quiet for so long, the sandbox has started and is there to stay. */
#define START_MS 200

static int epoll_fd = -1;
static struct epoll_event round_events[ROUND]; /* guarded by the kernel lock */
static int round_count;
static void (*round_idle)(void);

int evloop_open(void)
{
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return epoll_fd < 0 ? -errno : 0;
}

static void deliver(const struct epoll_event *events, int count)
{
	klock();
	round_count = count;
	for (int i = 0; i < count; i++)
		round_events[i] = events[i];
	for (int i = 0; i < count; i++) {
		struct ev_source *source = round_events[i].data.ptr;

		if (source)
			source->ready(source, round_events[i].events);
	}
	round_count = 0;
	round_idle();
	kunlock();
}

static void *event_thread(void *unused)
{
	struct epoll_event events[ROUND];
	int timeout = START_MS;
	int count;

	for (;;) {
		count = epoll_wait(epoll_fd, events, ROUND, timeout);
		if (count < 0 && errno == EINTR)
			continue;
		if (count == 0) {
			trim_startup();
			timeout = -1;
			continue;
		}
		BUG_ON(count < 0);
		deliver(events, count);
	}
	return NULL;
}

int evloop_start(void (*idle)(void))
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, old;
	int ret;

	round_idle = idle;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	ret = pthread_create(&thread, &attr, event_thread, NULL);
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -ret;
}

static int control(int op, struct ev_source *source, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = source};

	return epoll_ctl(epoll_fd, op, source->host_fd, &event) < 0 ? -errno
								    : 0;
}

int evloop_add(struct ev_source *source, uint32_t events)
{
	return control(EPOLL_CTL_ADD, source, events);
}

int evloop_modify(struct ev_source *source, uint32_t events)
{
	return control(EPOLL_CTL_MOD, source, events);
}

void evloop_remove(struct ev_source *source)
{
	control(EPOLL_CTL_DEL, source, 0);
	for (int i = 0; i < round_count; i++)
		if (round_events[i].data.ptr == source)
			round_events[i].data.ptr = NULL;
}
