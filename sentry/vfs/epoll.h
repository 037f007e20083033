/*
 * epoll(7).
 *
 * vfs calls epoll_file_released() when the last reference to a file goes, so
 * that items on it leave their epolls.
 */
#ifndef SENTRY_VFS_EPOLL_H
#define SENTRY_VFS_EPOLL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct file;

/* As struct epoll_event on x86-64: packed. */
struct epoll_result {
	uint32_t events;
	uint64_t data;
} __attribute__((packed));

#define EPOLL_NEST_LIMIT 4
/* Items of the whole sandbox: -ENOSPC beyond (max_user_watches). */
#define EPOLL_ITEMS_LIMIT 1000000

/* flags: O_CLOEXEC is the caller's. A new file in *out. */
int epoll_file_new(struct file **out);
bool file_is_epoll(const struct file *file);
/* epoll_ctl(2) with kernel objects; fd is the number it was added under. */
int epoll_add(struct file *epoll, struct file *file, int fd, uint32_t events,
	uint64_t data);
int epoll_modify(struct file *epoll, struct file *file, int fd, uint32_t events,
	uint64_t data);
int epoll_remove(struct file *epoll, struct file *file, int fd);
/* Up to count events that are true now; 0 if there are none. */
size_t epoll_collect(
	struct file *epoll, struct epoll_result *out, size_t count);

/* How many may be ready, most at most. */
size_t epoll_ready_count(struct file *epoll, size_t most);

void epoll_file_released(struct file *file);

#endif
