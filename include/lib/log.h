/*
 * The log of one of our processes: lines to a descriptor that was opened
 * before lock-down. Nothing is written while no descriptor is set.
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include <stdnoreturn.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

/* host_fd stays the caller's; -1 turns the log off. name is borrowed. */
void log_open(const char *name, int host_fd, enum log_level level);
void log_write(enum log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

/*
 * We are wrong: says where, and ends the process, so that the whole sandbox
 * ends closed. Never reachable from what a guest, the host or the gofer sends.
 */
noreturn void bug_at(const char *file, int line, const char *what);
#define BUG(what) bug_at(__FILE__, __LINE__, what)
#define BUG_ON(condition)                                                      \
	do {                                                                   \
		if (condition)                                                 \
			BUG(#condition);                                       \
	} while (0)

#endif
