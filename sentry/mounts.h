/*
 * The mounts of a starting sandbox: what the launcher asked for, and /proc,
 * /sys and /dev.
 */
#ifndef SENTRY_MOUNTS_H
#define SENTRY_MOUNTS_H

#include <stddef.h>
#include <stdint.h>

struct boot_config;
struct mount_ns;

/* Registers the filesystem types and devices. Once, at start. */
void mounts_register(void);
/*
 * All mounts of config; does not return if one cannot be made: fail() then
 * ends the sandbox with an exit code and a line for the user. A new reference.
 */
struct mount_ns *mounts_make(const struct boot_config *config,
	void (*fail)(int code, const char *format, ...)
		__attribute__((format(printf, 2, 3), __noreturn__)));
/* Files that were changed in upper layers kept in memory. */
uint64_t mounts_changed_files(void);

/*
 * --keep: copies the upper layer out. One line in why if not all of it could
 * be; else why is left alone.
 */
void mounts_keep(char *why, size_t why_size);

#endif
