/*
 * Reference counts. The sentry changes them only under its kernel lock, so
 * they are plain; ref_put() says whether the caller must destroy the object.
 * A count that would wrap stays at its maximum: the object then leaks, which
 * is safe, rather than being freed while in use.
 */
#ifndef LIB_REF_H
#define LIB_REF_H

#include <stdbool.h>
#include <stdint.h>

struct ref {
	uint32_t count;
};

static inline void ref_init(struct ref *r)
{
	r->count = 1;
}

static inline void ref_get(struct ref *r)
{
	if (r->count != UINT32_MAX)
		r->count++;
}

/* True when the last reference went. */
static inline bool ref_put(struct ref *r)
{
	if (r->count == UINT32_MAX)
		return false;
	return --r->count == 0;
}

#endif
