/* Random bytes from the host, for the guest and for ourselves. */
#ifndef SENTRY_BASE_RANDOM_H
#define SENTRY_BASE_RANDOM_H

#include <stddef.h>

/* 0, or -EIO. Does not block: the host has booted long ago. */
int host_random(void *buf, size_t size);

#endif
