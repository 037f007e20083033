/*
 * The watcher: a thread that waits for processes to end and for deadlines.
 *
 * A process is watched by its pidfd, so nothing depends on SIGCHLD, and other
 * children of the sentry are left alone. There is one timer for all deadlines:
 * they are equally long, so the list of busy threads is in their order, and
 * the timer runs only while that list is not empty. An idle sandbox costs
 * nothing here.
 */
#include "platform/notify/internal.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/log.h"

#define NS_PER_S  1000000000ull
#define NS_PER_MS 1000000ull
#define TAG_TIMER 0 /* epoll tags: these, or a pid with its pidfd above it */
#define TAG_WAKE  1 /* pid 1 is never a stub's */

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static void timer_arm(struct notify *n, uint64_t at)
{
	const struct itimerspec when = {
		.it_value = {(time_t)(at / NS_PER_S), (long)(at % NS_PER_S)},
	};

	timerfd_settime(n->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
	n->timer_armed = true;
}

/*
 * A deadline is two halves, with a look in between: should the whole sandbox
 * have been stopped, or its machine, the leader gets time to catch up.
 */
static void deadline_half(struct notify_thread *t)
{
	list_del(&t->busy);
	t->deadline = now_ns() + PLATFORM_STUB_DEADLINE_MS / 2 * NS_PER_MS;
	list_add_tail(&t->n->busy, &t->busy);
}

void deadline_set(struct notify_thread *t)
{
	struct notify *n = t->n;

	t->halves = 0;
	deadline_half(t);
	if (!n->timer_armed)
		timer_arm(n, t->deadline);
}

void deadline_clear(struct notify_thread *t)
{
	list_del(&t->busy);
}

/* Host calls of the client's may be slow by themselves: msync on a slow disk.
 */
static unsigned int halves_allowed(const struct notify_thread *t)
{
	if (t->state == BUSY && t->op == OP_CALL)
		return 2 * PLATFORM_CALLS_DEADLINE_MS /
		       PLATFORM_STUB_DEADLINE_MS;
	return 2;
}

/* Lock held. Kills who is late, and sets the timer for the next one. */
static void deadlines_check(struct notify *n)
{
	uint64_t now = now_ns();
	struct notify_thread *t;

	n->timer_armed = false;
	while (!list_empty(&n->busy)) {
		t = list_first(&n->busy, struct notify_thread, busy);
		if (t->deadline > now) {
			timer_arm(n, t->deadline);
			return;
		}
		if (++t->halves < halves_allowed(t)) {
			deadline_half(t);
			continue;
		}
		list_del(&t->busy);
		violate(t, "did not answer in time");
		/* A child that died before it could report is nobody's. */
		if (t->op == OP_CLONE && t->clone_answered &&
			t->clone_result > 1 &&
			space_find(n, (pid_t)t->clone_result) == NULL)
			waitpid((pid_t)t->clone_result, NULL, WNOHANG | __WALL);
	}
}

int watch_process(struct notify *n, pid_t pid, int pidfd)
{
	struct epoll_event ev = {
		.events = EPOLLIN,
		.data.u64 = (uint64_t)(uint32_t)pidfd << 32 | (uint32_t)pid,
	};

	if (epoll_ctl(n->epoll_fd, EPOLL_CTL_ADD, pidfd, &ev) < 0)
		return -errno;
	return 0;
}

static void usage_from(struct host_usage *u, const struct rusage *r)
{
	*u = (struct host_usage){
		.utime_us = (uint64_t)r->ru_utime.tv_sec * 1000000 +
			    (uint64_t)r->ru_utime.tv_usec,
		.stime_us = (uint64_t)r->ru_stime.tv_sec * 1000000 +
			    (uint64_t)r->ru_stime.tv_usec,
		.maxrss_kib = (uint64_t)r->ru_maxrss,
		.minflt = (uint64_t)r->ru_minflt,
		.majflt = (uint64_t)r->ru_majflt,
		.nvcsw = (uint64_t)r->ru_nvcsw,
		.nivcsw = (uint64_t)r->ru_nivcsw,
	};
}

static void publish_count(struct notify *n)
{
	pthread_mutex_lock(&n->drain_lock);
	n->published_count = n->process_count;
	pthread_cond_broadcast(&n->drained);
	pthread_mutex_unlock(&n->drain_lock);
}

/* Lock held. */
static void process_ended(struct notify *n, pid_t pid, int pidfd)
{
	struct event e = {.kind = EVENT_DEAD};
	struct notify_space *s = space_find(n, pid);
	struct rusage usage;

	if (s == NULL || s->pidfd != pidfd) {
		/* An intruder's; closing it ends the watch. */
		if (s == NULL)
			waitpid(pid, NULL, WNOHANG | __WALL);
		close(pidfd);
		return;
	}
	if (wait4(pid, &e.status, WNOHANG | __WALL, &usage) != pid)
		return;
	space_gone(s);
	if (s->unborn) {
		space_free(s);
		return;
	}
	usage_from(&e.usage, &usage);
	e.space = &s->base;
	n->process_count--;
	n->options.client.event(n->options.client.data, &e);
	publish_count(n);
}

static void *watch_main(void *arg)
{
	struct notify *n = arg;
	const struct platform_client *c = &n->options.client;
	struct epoll_event events[16];
	uint64_t expirations;
	int i, count;

	for (;;) {
		count = epoll_wait(n->epoll_fd, events, 16, -1);
		if (count < 0 && errno != EINTR)
			break;
		if (count <= 0)
			continue;
		c->lock(c->data);
		for (i = 0; i < count; i++) {
			uint64_t tag = events[i].data.u64;

			if (tag == TAG_WAKE) {
				c->unlock(c->data);
				return NULL;
			}
			if (tag != TAG_TIMER) {
				process_ended(n, (pid_t)(tag & 0xffffffff),
					(int)(tag >> 32));
				continue;
			}
			if (read(n->timer_fd, &expirations,
				    sizeof(expirations)) > 0)
				deadlines_check(n);
		}
		c->idle(c->data);
		c->unlock(c->data);
	}
	log_error("notify: the watcher cannot wait: errno %d", errno);
	return NULL;
}

static int watch_tag(struct notify *n, int fd, uint64_t tag)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = tag};

	if (fd < 0 || epoll_ctl(n->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0)
		return -errno;
	return 0;
}

int watch_start(struct notify *n)
{
	sigset_t all, saved;
	int ret;

	n->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	n->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	n->wake_fd = eventfd(0, EFD_CLOEXEC);
	ret = n->epoll_fd < 0 ? -errno : 0;
	if (ret == 0)
		ret = watch_tag(n, n->timer_fd, TAG_TIMER);
	if (ret == 0)
		ret = watch_tag(n, n->wake_fd, TAG_WAKE);
	if (ret == 0) {
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &saved);
		ret = -pthread_create(&n->watcher, NULL, watch_main, n);
		pthread_sigmask(SIG_SETMASK, &saved, NULL);
	}
	if (ret == 0)
		return 0;
	if (n->epoll_fd >= 0)
		close(n->epoll_fd);
	if (n->timer_fd >= 0)
		close(n->timer_fd);
	if (n->wake_fd >= 0)
		close(n->wake_fd);
	return ret;
}

void watch_stop(struct notify *n)
{
	const uint64_t one = 1;

	if (write(n->wake_fd, &one, sizeof(one)) == (ssize_t)sizeof(one))
		pthread_join(n->watcher, NULL);
	close(n->epoll_fd);
	close(n->timer_fd);
	close(n->wake_fd);
}
