/*
 * Sockets: what all families share.
 *
 * A struct socket is embedded in a family's own structure, which the family
 * frees in release(). The open file holds it. Nothing here sleeps: -EAGAIN,
 * and *wait is what to wait on.
 */
#ifndef SENTRY_NET_SOCKET_H
#define SENTRY_NET_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "sentry/base/waitq.h"
#include "sentry/mm/uaccess.h"

struct file;
struct socket;
struct task;

#define SOCKET_FDS_MAX     253 /* SCM_MAX_FD */
#define SOCKET_BUF_DEFAULT 212992
#define SOCKET_BUF_MIN     4608
#define SOCKET_BUF_MAX     (8u << 20)

struct socket_address {
	size_t size; /* 0: none */
	union {
		struct sockaddr any;
		struct sockaddr_un un;
		unsigned char bytes[sizeof(struct sockaddr_storage)];
	};
};

/* What travels beside the bytes. */
struct socket_control {
	struct file **files; /* owned array of counted files */
	size_t file_count;
	bool has_cred;
	struct ucred cred;
};

/* One sendmsg(2) or recvmsg(2). */
struct socket_message {
	struct uio *uio;
	unsigned int flags;         /* MSG_ */
	struct socket_address name; /* to or from */
	/* Sent: taken over by a send that returns >= 0. Received: the
	 * caller's, to be finished. */
	struct socket_control control;
	unsigned int out_flags; /* MSG_TRUNC... of a received one */
	struct waitq *wait;     /* with -EAGAIN */
};

struct socket_ops {
	int (*bind)(struct socket *s, struct task *t,
		const struct socket_address *name);
	/* *wait with -EAGAIN. */
	int (*connect)(struct socket *s, struct task *t,
		const struct socket_address *name, struct waitq **wait);
	int (*listen)(struct socket *s, struct task *t, int backlog);
	/* A new socket of its own, no file yet. -EAGAIN: wait for EPOLLIN. */
	int (*accept)(struct socket *s, struct socket **out);
	/* Own name, or the peer's. */
	int (*name)(struct socket *s, bool peer, struct socket_address *out);
	int (*shutdown)(struct socket *s, int how);
	ssize_t (*send)(
		struct socket *s, struct task *t, struct socket_message *m);
	ssize_t (*receive)(
		struct socket *s, struct task *t, struct socket_message *m);
	uint32_t (*poll)(struct socket *s);
	/* FIONREAD (out false), SIOCOUTQ. */
	int (*queued)(struct socket *s, bool out);
	/* Options of the family; -ENOPROTOOPT. *size: room, then used. */
	int (*get_option)(struct socket *s, int level, int option, void *value,
		size_t *size);
	int (*set_option)(struct socket *s, int level, int option,
		const void *value, size_t size);
	void (*release)(struct socket *s);
};

struct socket {
	const struct socket_ops *ops;
	int domain, type, protocol;
	struct waitq waitq;
	int error; /* SO_ERROR: positive errno, told once */
	bool listening;
	bool pass_cred;
	bool reuse_address, reuse_port, keepalive, broadcast;
	struct linger linger;
	unsigned int send_buf, receive_buf;
	int receive_low;
	int64_t receive_timeout, send_timeout; /* ns; 0: for ever */
};

void socket_init(struct socket *s, const struct socket_ops *ops, int domain,
	int type, int protocol);
void socket_finish(struct socket *s);
/* A file on it; takes s over also on failure. flags: O_NONBLOCK. */
int socket_file_new(struct socket *s, unsigned int flags, struct file **out);
/* The socket of a file, or NULL: -ENOTSOCK. */
struct socket *file_socket(const struct file *file);
/* getsockopt(2) and setsockopt(2) on kernel memory. */
int socket_get_option(
	struct socket *s, int level, int option, void *value, size_t *size);
int socket_set_option(struct socket *s, struct task *t, int level, int option,
	const void *value, size_t size);
/* The pending error, once: 0 or -errno. */
int socket_take_error(struct socket *s);
void socket_control_finish(struct socket_control *control);

#endif
