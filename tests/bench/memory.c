/*
 * Memory: mapping, and touching for the first time.
 */
#include "tests/bench/bench.h"

#include <stddef.h>
#include <sys/mman.h>

#define SMALL ((size_t)64 << 10)
#define LARGE ((size_t)64 << 20)
#define PAGE  4096

static char *map(size_t size)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	need(p != MAP_FAILED, "mmap");
	return p;
}

static void map_repeat(long count)
{
	while (count-- > 0)
		munmap(map(SMALL), SMALL);
}

/* Small pages, so that each is a fault whatever the host prefers. */
static void touch_repeat(long count)
{
	while (count-- > 0) {
		volatile char *p = map(LARGE);
		size_t i;

		madvise((char *)p, LARGE, MADV_NOHUGEPAGE);
		for (i = 0; i < LARGE; i += PAGE)
			p[i] = 1;
		munmap((char *)p, LARGE);
	}
}

const struct question memory_questions[] = {
	{.name = "mmap+munmap", .repeat = map_repeat},
	{.name = "touch", .repeat = touch_repeat},
	{.name = NULL},
};
