/*
 * Intrusive doubly linked lists, circular, with a head.
 *
 * A node that is on no list points at itself after list_init(), so that
 * list_del() may be called on it again. No function here allocates or sleeps.
 */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *prev;
	struct list *next;
};

#define container_of(ptr, type, member)                                        \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define LIST_INIT(name)                                                        \
	{                                                                      \
		&(name), &(name)                                               \
	}

static inline void list_init(struct list *l)
{
	l->prev = l;
	l->next = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

static inline void list_insert(struct list *node, struct list *prev)
{
	node->prev = prev;
	node->next = prev->next;
	prev->next->prev = node;
	prev->next = node;
}

static inline void list_add(struct list *head, struct list *node)
{
	list_insert(node, head);
}

static inline void list_add_tail(struct list *head, struct list *node)
{
	list_insert(node, head->prev);
}

/* Takes the node off its list, if any; it may be added again afterwards. */
static inline void list_del(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* Moves all of from to the tail of to; from is empty afterwards. */
static inline void list_splice_tail(struct list *to, struct list *from)
{
	if (list_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

#define list_entry(node, type, member) container_of(node, type, member)
#define list_first(head, type, member) list_entry((head)->next, type, member)
#define list_last(head, type, member)  list_entry((head)->prev, type, member)

#define list_for_each(pos, head, member)                                       \
	for (pos = list_entry((head)->next, __typeof__(*pos), member);         \
		&pos->member != (head);                                        \
		pos = list_entry(pos->member.next, __typeof__(*pos), member))

/* The body may take pos off the list, but no other node. */
#define list_for_each_safe(pos, tmp, head, member)                             \
	for (pos = list_entry((head)->next, __typeof__(*pos), member),         \
	    tmp = list_entry(pos->member.next, __typeof__(*pos), member);      \
		&pos->member != (head); pos = tmp,                             \
	    tmp = list_entry(tmp->member.next, __typeof__(*tmp), member))

#endif
