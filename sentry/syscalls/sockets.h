/* What the handlers on sockets share. Internal to syscalls/. */
#ifndef SENTRY_SYSCALLS_SOCKETS_H
#define SENTRY_SYSCALLS_SOCKETS_H

#include "sentry/net/socket.h"
#include "sentry/syscalls/files.h"

/* The socket of a descriptor; *file is a new reference that keeps it. NULL,
 * and *err is -EBADF or -ENOTSOCK. As call_file() for calls tried again. */
struct socket *socket_find(
	struct task *t, int fd, struct file **file, int *err);
/* -EINVAL, -EFAULT. */
int address_in(
	struct task *t, uaddr_t addr, int size, struct socket_address *out);
int address_out(struct task *t, const struct socket_address *name, uaddr_t addr,
	uaddr_t size_addr);

#endif
