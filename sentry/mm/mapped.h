/*
 * The files that guests have mapped, by the numbers the host shows for them.
 *
 * /proc/PID/maps of the host names a mapping by device and inode number; the
 * guest's name for it was noted when the mapping was made. A bounded table:
 * the oldest entry goes when it is full, and its mappings lose their name.
 */
#ifndef SENTRY_MM_MAPPED_H
#define SENTRY_MM_MAPPED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define MAPPED_LIMIT 4096

/* Notes that host_fd was mapped under that name. */
void mapped_note(int host_fd, const char *name);
/* Is host_fd in the table already? Saves making the name. */
bool mapped_known(int host_fd);
bool mapped_name(dev_t dev, ino_t ino, char *buf, size_t size);

#endif
