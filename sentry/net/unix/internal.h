/* Shared by the files of net/unix/ only. */
#ifndef SENTRY_NET_UNIX_INTERNAL_H
#define SENTRY_NET_UNIX_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/list.h"
#include "lib/ref.h"
#include "sentry/net/socket.h"
#include "sentry/vfs/vfs.h"

#define DATAGRAM_QUEUE_MAX 10   /* net.unix.max_dgram_qlen */
#define BACKLOG_MAX        4096 /* net.core.somaxconn */

enum unix_state {
	UNIX_FRESH,
	UNIX_LISTENING,
	UNIX_CONNECTED,
	UNIX_CLOSED, /* its file is gone; a peer may still hold it */
};

/* Bytes in a receive queue: a message, or a piece of a stream. */
struct parcel {
	struct list node;
	size_t size;                   /* of data in use */
	size_t off;                    /* consumed, of a stream */
	size_t capacity;               /* of data */
	struct socket_control control; /* files: owned */
	struct ucred cred;             /* of the sender */
	struct socket_address from;    /* of datagrams */
	char data[];
};

struct unix_socket {
	struct socket socket;
	struct ref ref; /* the file's, the backlog's and the peers' */
	enum unix_state state;
	bool no_receive, no_send; /* shut down */
	struct unix_socket *peer; /* counted */
	struct socket_address name;
	struct path path;      /* counted: of a bound name */
	struct list name_node; /* among the bound, of either kind */
	struct list parcels;
	size_t parcel_count;
	size_t charge;            /* what the parcels cost, data and all */
	struct list backlog;      /* of ->backlog_node; counted */
	struct list backlog_node; /* in the listener's */
	size_t backlog_count, backlog_max;
	struct ucred cred;      /* who listened, or made the connection */
	struct ucred peer_cred; /* as SO_PEERCRED tells */
};

static inline struct unix_socket *unix_of(struct socket *s)
{
	return container_of(s, struct unix_socket, socket);
}

static inline bool unix_is_stream(const struct unix_socket *u)
{
	return u->socket.type == SOCK_STREAM;
}

static inline bool unix_is_datagram(const struct unix_socket *u)
{
	return u->socket.type == SOCK_DGRAM;
}

struct unix_socket *unix_get(struct unix_socket *u);
void unix_put(struct unix_socket *u);
/* An event of this socket, to whom it concerns. */
void unix_wake(struct unix_socket *u, uint32_t events);

/* ---- name.c ------------------------------------------------------------ */

int unix_bind(
	struct socket *s, struct task *t, const struct socket_address *name);
/* What is bound to that name: a new reference. -ECONNREFUSED, -ENOENT... */
int unix_find(struct task *t, const struct socket_address *name,
	struct unix_socket **out);
/* The name goes with the socket's file. */
void unix_unbind(struct unix_socket *u);
/* -EINVAL unless it is a Unix address with at least one byte of name. */
int unix_check_name(const struct socket_address *name);

/* ---- data.c ------------------------------------------------------------ */

ssize_t unix_send(struct socket *s, struct task *t, struct socket_message *m);
ssize_t unix_receive(
	struct socket *s, struct task *t, struct socket_message *m);
int unix_queued(struct socket *s, bool out);
bool unix_writable(const struct unix_socket *u);
void unix_drop_parcels(struct unix_socket *u);

#endif
