/*
 * Wait queues: who wants to know when an object changes.
 *
 * An object that can become ready embeds a struct waitq and calls
 * waitq_wake() on each change, with the poll events that may now be true
 * (EPOLLIN...; 0 stands for "anything"). An entry is a parked call, an epoll
 * item or anything else with a function; the entry's storage is its owner's
 * and must be off every queue before it goes.
 *
 * The wake function runs at once, under the kernel lock, inside the call that
 * changed the object. It may take its own entry off the queue and must do no
 * more than note the wake-up: no file operation, no other queue's entries
 * except by waitq_wake().
 */
#ifndef SENTRY_BASE_WAITQ_H
#define SENTRY_BASE_WAITQ_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/list.h"

struct waitq {
	struct list entries;
};

struct wait_entry {
	struct list node;
	uint32_t events; /* wanted; 0 for all */
	void (*wake)(struct wait_entry *entry, uint32_t events);
};

void waitq_init(struct waitq *q);
/* The owner goes: wakes everybody and takes all entries off. */
void waitq_finish(struct waitq *q);
void waitq_add(struct waitq *q, struct wait_entry *entry);
/* Entries on no queue are left alone (after wait_entry_init()). */
void wait_entry_init(struct wait_entry *entry, uint32_t events,
	void (*wake)(struct wait_entry *entry, uint32_t events));
void waitq_remove(struct wait_entry *entry);
void waitq_wake(struct waitq *q, uint32_t events);

static inline bool waitq_active(const struct waitq *q)
{
	return !list_empty(&q->entries);
}

#endif
