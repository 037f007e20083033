/* A binary heap of timers, and the host timerfd that is set to its top. */
#include "sentry/time/timer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "lib/log.h"
#include "sentry/base/evloop.h"

static struct timer **heap; /* from index 1 */
static size_t heap_count;
static size_t heap_space;
static int64_t host_deadline; /* what the timerfd is set to; 0: not set */
static struct ev_source source = {.host_fd = -1};

static void place(struct timer *timer, size_t slot)
{
	heap[slot] = timer;
	timer->slot = slot;
}

static void sift_up(struct timer *timer, size_t slot)
{
	while (slot > 1 && heap[slot / 2]->deadline > timer->deadline) {
		place(heap[slot / 2], slot);
		slot /= 2;
	}
	place(timer, slot);
}

static void sift_down(struct timer *timer, size_t slot)
{
	size_t child;

	while ((child = slot * 2) <= heap_count) {
		if (child < heap_count &&
			heap[child + 1]->deadline < heap[child]->deadline)
			child++;
		if (heap[child]->deadline >= timer->deadline)
			break;
		place(heap[child], slot);
		slot = child;
	}
	place(timer, slot);
}

/*
 * The host timer is only ever moved forward in time by firing: an earlier
 * deadline sets it, a cancelled one leaves it to fire for nothing once. Most
 * timeouts are cancelled, so that this saves a host call for each.
 */
static void set_host_timer(void)
{
	struct itimerspec spec = {0};
	int64_t deadline;

	if (heap_count == 0)
		return;
	deadline = heap[1]->deadline > 0 ? heap[1]->deadline : 1;
	if (host_deadline && host_deadline <= deadline)
		return;
	spec.it_value.tv_sec = deadline / NSEC_PER_SEC;
	spec.it_value.tv_nsec = deadline % NSEC_PER_SEC;
	if (timerfd_settime(source.host_fd, TFD_TIMER_ABSTIME, &spec, NULL) < 0)
		log_error("timerfd_settime: errno %d", errno);
	host_deadline = deadline;
}

static void remove_slot(size_t slot)
{
	struct timer *last = heap[heap_count--];

	heap[slot]->slot = 0;
	if (slot > heap_count)
		return;
	if (slot > 1 && heap[slot / 2]->deadline > last->deadline)
		sift_up(last, slot);
	else
		sift_down(last, slot);
}

static void host_timer_ready(struct ev_source *unused, uint32_t events)
{
	uint64_t expirations;
	int64_t now = monotonic_now();

	if (read(source.host_fd, &expirations, sizeof(expirations)) < 0 &&
		errno != EAGAIN)
		log_error("read of the host timer: errno %d", errno);
	host_deadline = 0;
	while (heap_count && heap[1]->deadline <= now) {
		struct timer *timer = heap[1];

		remove_slot(1);
		timer->fire(timer);
	}
	set_host_timer();
}

int timers_open(void)
{
	source.host_fd = timerfd_create(
		CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (source.host_fd < 0)
		return -errno;
	source.ready = host_timer_ready;
	return evloop_add(&source, EPOLLIN);
}

void timer_init(struct timer *timer, void (*fire)(struct timer *timer))
{
	timer->deadline = 0;
	timer->fire = fire;
	timer->slot = 0;
}

static int reserve(void)
{
	size_t space = heap_space ? heap_space * 2 : 64;
	struct timer **bigger;

	if (heap_count + 1 < heap_space)
		return 0;
	bigger = reallocarray(heap, space, sizeof(*heap));
	if (!bigger)
		return -ENOMEM;
	heap = bigger;
	heap_space = space;
	return 0;
}

int timer_arm(struct timer *timer, int64_t deadline)
{
	timer_cancel(timer);
	if (reserve() < 0)
		return -ENOMEM;
	timer->deadline = deadline;
	heap_count++;
	sift_up(timer, heap_count);
	set_host_timer();
	return 0;
}

void timer_cancel(struct timer *timer)
{
	if (timer->slot)
		remove_slot(timer->slot);
}

int64_t clock_now(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now) < 0)
		return 0;
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}
