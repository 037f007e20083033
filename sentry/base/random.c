/* Random bytes: getrandom(2) until all are there. */
#include "sentry/base/random.h"

#include <errno.h>
#include <sys/random.h>

int host_random(void *buf, size_t size)
{
	char *at = buf;
	ssize_t got;

	while (size) {
		got = getrandom(at, size, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -EIO;
		at += got;
		size -= (size_t)got;
	}
	return 0;
}
