/*
 * Files on host descriptors that were passed in: the standard streams.
 */
#ifndef SENTRY_FS_HOST_HOSTFD_H
#define SENTRY_FS_HOST_HOSTFD_H

#include <stdbool.h>

struct file;

/*
 * A file on a pipe, regular file, terminal, socket or character device of
 * the host. host_fd is taken over also on failure, and closed with the file.
 * flags: O_RDONLY, O_WRONLY or O_RDWR, O_APPEND, O_NONBLOCK as the guest
 * shall see them; the host's own flags are never changed.
 */
int hostfd_file_new(int host_fd, unsigned int flags, struct file **out);

/* Is one of them a terminal? */
bool hostfd_has_terminal(void);
/* Opens /dev/tty on it: sets file->ops and priv. -ENXIO if there is none. */
int hostfd_open_terminal(struct file *file);
/*
 * Before lock-down: a descriptor for the same pipe or terminal with an open
 * file description, and so an O_NONBLOCK, of its own. Closes host_fd and
 * returns the new one; where that cannot be had (or makes no sense) returns
 * host_fd, which works too. Takes a path of /proc.
 */
int hostfd_private(int host_fd);

#endif
