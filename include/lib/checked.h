/* Sizes and sums that came from elsewhere: true when they do not overflow. */
#ifndef LIB_CHECKED_H
#define LIB_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define checked_add(a, b, out) (!__builtin_add_overflow(a, b, out))
#define checked_mul(a, b, out) (!__builtin_mul_overflow(a, b, out))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)                                                              \
	({                                                                     \
		__typeof__(a) min_a = (a);                                     \
		__typeof__(b) min_b = (b);                                     \
		min_a < min_b ? min_a : min_b;                                 \
	})
#define MAX(a, b)                                                              \
	({                                                                     \
		__typeof__(a) max_a = (a);                                     \
		__typeof__(b) max_b = (b);                                     \
		max_a > max_b ? max_a : max_b;                                 \
	})

/* Zeroed memory for count elements of size bytes, or NULL. */
static inline void *alloc_array(size_t count, size_t size)
{
	return calloc(count, size);
}

/* A zeroed object of the pointer's type, or NULL. */
#define alloc_zero(ptr) ((__typeof__(ptr))calloc(1, sizeof(*(ptr))))

#endif
