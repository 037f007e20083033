/*
 * The event thread: readiness of host descriptors and the host timer.
 *
 * One thread of the sentry waits in epoll for the few host descriptors that
 * can become ready by themselves (standard streams, the boot socket, the
 * timer) and calls the owner with the kernel lock held.
 */
#ifndef SENTRY_BASE_EVLOOP_H
#define SENTRY_BASE_EVLOOP_H

#include <stdint.h>

struct ev_source {
	int host_fd;
	/* events are EPOLLIN...; runs with the kernel lock held. */
	void (*ready)(struct ev_source *source, uint32_t events);
};

/* Once, before lock-down; 0 or -errno. */
int evloop_open(void);
/* Starts the thread. idle is called under the lock after each round. */
int evloop_start(void (*idle)(void));
/*
 * Watches source->host_fd; its storage is the caller's until evloop_remove().
 * events may have EPOLLET and EPOLLONESHOT. -EPERM: the descriptor is always
 * ready (a regular file).
 */
int evloop_add(struct ev_source *source, uint32_t events);
int evloop_modify(struct ev_source *source, uint32_t events);
/* No call of ready() after it returns (the lock is held). */
void evloop_remove(struct ev_source *source);

#endif
