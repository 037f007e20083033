/*
 * System calls of one process that does nothing else.
 */
#include "tests/bench/bench.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define WARM_FILE "/etc/passwd"

static int warm_fd;

static void getppid_repeat(long count)
{
	while (count-- > 0)
		getppid();
}

static void open_warm(void)
{
	warm_fd = open(WARM_FILE, O_RDONLY | O_CLOEXEC);
	need(warm_fd >= 0, WARM_FILE);
}

static void close_warm(void)
{
	close(warm_fd);
}

static void pread_repeat(long count)
{
	char byte;

	while (count-- > 0)
		need(pread(warm_fd, &byte, 1, 0) == 1, "pread");
}

static void open_repeat(long count)
{
	while (count-- > 0) {
		int fd = open(WARM_FILE, O_RDONLY);

		need(fd >= 0, "open");
		close(fd);
	}
}

static void stat_repeat(long count)
{
	struct stat st;

	while (count-- > 0)
		need(stat(WARM_FILE, &st) == 0, "stat");
}

const struct question call_questions[] = {
	{.name = "getppid", .repeat = getppid_repeat},
	{.name = "pread",
		.prepare = open_warm,
		.repeat = pread_repeat,
		.finish = close_warm},
	{.name = "open+close", .repeat = open_repeat},
	{.name = "stat", .repeat = stat_repeat},
	{.name = NULL},
};
