/*
 * The areas in which threads' stubs live.
 *
 * The first ones are part of the stub's image; more are ordinary mappings.
 * Which are in use is known here only: nothing in guest memory says so.
 */
#include "platform/notify/internal.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/checked.h"

#define AREAS_MAX 65536 /* more than any limit on tasks */

struct memory *memory_new(void)
{
	struct memory *m = alloc_zero(m);
	size_t i;

	if (m == NULL)
		return NULL;
	m->areas = alloc_array(STUB_AREA_COUNT, sizeof(*m->areas));
	if (m->areas == NULL) {
		free(m);
		return NULL;
	}
	ref_init(&m->ref);
	m->count = STUB_AREA_COUNT;
	for (i = 0; i < m->count; i++)
		m->areas[i].base = STUB_AREAS_START + i * STUB_AREA_SIZE;
	m->areas[0].used = true;
	return m;
}

struct memory *memory_copy(const struct memory *m, uaddr_t base)
{
	struct memory *copy = alloc_zero(copy);
	size_t i;

	if (copy == NULL)
		return NULL;
	copy->areas = alloc_array(m->count, sizeof(*copy->areas));
	if (copy->areas == NULL) {
		free(copy);
		return NULL;
	}
	ref_init(&copy->ref);
	copy->count = m->count;
	for (i = 0; i < m->count; i++) {
		copy->areas[i].base = m->areas[i].base;
		copy->areas[i].used = m->areas[i].base == base;
	}
	return copy;
}

void memory_put(struct memory *m)
{
	if (m == NULL || !ref_put(&m->ref))
		return;
	free(m->areas);
	free(m);
}

uaddr_t area_take(struct memory *m)
{
	size_t i;

	for (i = 0; i < m->count; i++) {
		if (m->areas[i].used)
			continue;
		m->areas[i].used = true;
		return m->areas[i].base;
	}
	return 0;
}

void area_release(struct memory *m, uaddr_t base)
{
	size_t i;

	for (i = 0; i < m->count; i++)
		if (m->areas[i].base == base)
			m->areas[i].used = false;
}

int area_add(struct memory *m, uaddr_t start, uint64_t size)
{
	uaddr_t base = (start + STUB_AREA_SIZE - 1) & -(uaddr_t)STUB_AREA_SIZE;
	size_t more = (size_t)((start + size - base) / STUB_AREA_SIZE);
	struct area *grown;
	size_t i;

	if (m->count + more > AREAS_MAX)
		return -EAGAIN;
	grown = reallocarray(m->areas, m->count + more, sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	for (i = 0; i < more; i++)
		grown[m->count + i] = (struct area){
			base + i * STUB_AREA_SIZE, false};
	m->areas = grown;
	m->count += more;
	return 0;
}
