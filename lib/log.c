/* The log: one write(2) a line, so that lines of several threads stay whole. */
#include "lib/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int log_fd = -1;
static enum log_level log_limit = LOG_LEVEL_WARN;
static const char *log_name = "";

void log_open(const char *name, int host_fd, enum log_level level)
{
	log_name = name;
	log_fd = host_fd;
	log_limit = level;
}

void log_write(enum log_level level, const char *format, ...)
{
	static const char letters[] = "EWID";
	struct timespec now;
	char line[1024];
	va_list ap;
	int head, body;
	size_t size;

	if (log_fd < 0 || level > log_limit)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	head = snprintf(line, sizeof(line), "%c %ld.%06ld %s: ", letters[level],
		(long)now.tv_sec, now.tv_nsec / 1000, log_name);
	va_start(ap, format);
	body = vsnprintf(line + head, sizeof(line) - (size_t)head, format, ap);
	va_end(ap);
	if (body < 0)
		return;
	size = (size_t)head + (size_t)body;
	if (size > sizeof(line) - 1)
		size = sizeof(line) - 1;
	line[size++] = '\n';
	if (write(log_fd, line, size) < 0)
		return; /* Nobody to tell. */
}

noreturn void bug_at(const char *file, int line, const char *what)
{
	log_error("bug at %s:%d: %s", file, line, what);
	dprintf(STDERR_FILENO, "sandbox: %s: bug at %s:%d: %s\n", log_name,
		file, line, what);
	abort();
}
