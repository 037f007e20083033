/* Wait queues. */
#include "sentry/base/waitq.h"

void waitq_init(struct waitq *q)
{
	list_init(&q->entries);
}

void waitq_finish(struct waitq *q)
{
	struct wait_entry *entry, *tmp;

	waitq_wake(q, 0);
	list_for_each_safe(entry, tmp, &q->entries, node)
		list_del(&entry->node);
}

void wait_entry_init(struct wait_entry *entry, uint32_t events,
	void (*wake)(struct wait_entry *entry, uint32_t events))
{
	list_init(&entry->node);
	entry->events = events;
	entry->wake = wake;
}

void waitq_add(struct waitq *q, struct wait_entry *entry)
{
	list_add_tail(&q->entries, &entry->node);
}

void waitq_remove(struct wait_entry *entry)
{
	list_del(&entry->node);
}

void waitq_wake(struct waitq *q, uint32_t events)
{
	struct wait_entry *entry, *tmp;

	list_for_each_safe(entry, tmp, &q->entries, node)
	{
		if (events && entry->events && !(events & entry->events))
			continue;
		entry->wake(entry, events);
	}
}
