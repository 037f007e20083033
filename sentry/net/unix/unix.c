/*
 * Unix sockets: how they are made, connected and closed.
 *
 * Each end of a connection holds the other. A socket whose file is gone stays
 * in the state UNIX_CLOSED, with its name and credentials, until the peer's
 * file goes, too. A connection that nobody has accepted yet has its server's
 * end in the listener's backlog.
 */
#include "sentry/net/unix/unix.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "lib/checked.h"
#include "sentry/kernel/task.h"
#include "sentry/net/unix/internal.h"

static const struct socket_ops unix_ops;

/* ---- Life -------------------------------------------------------------- */

struct unix_socket *unix_get(struct unix_socket *u)
{
	ref_get(&u->ref);
	return u;
}

void unix_put(struct unix_socket *u)
{
	if (!u || !ref_put(&u->ref))
		return;
	unix_drop_parcels(u);
	socket_finish(&u->socket);
	free(u);
}

void unix_wake(struct unix_socket *u, uint32_t events)
{
	waitq_wake(&u->socket.waitq, events);
}

static struct unix_socket *unix_new(int type)
{
	struct unix_socket *u = alloc_zero(u);

	if (!u)
		return NULL;
	socket_init(&u->socket, &unix_ops, AF_UNIX, type, 0);
	ref_init(&u->ref);
	list_init(&u->name_node);
	list_init(&u->parcels);
	list_init(&u->backlog);
	list_init(&u->backlog_node);
	u->peer_cred = (struct ucred){0, (uid_t)-1, (gid_t)-1};
	return u;
}

static int check_kind(int *type, int protocol)
{
	if (protocol && protocol != PF_UNIX)
		return -EPROTONOSUPPORT;
	switch (*type) {
	case SOCK_RAW:
		*type = SOCK_DGRAM;
		return 0;
	case SOCK_STREAM:
	case SOCK_DGRAM:
	case SOCK_SEQPACKET:
		return 0;
	default:
		return -ESOCKTNOSUPPORT;
	}
}

int unix_socket_new(int type, int protocol, struct socket **out)
{
	struct unix_socket *u;
	int ret = check_kind(&type, protocol);

	if (ret < 0)
		return ret;
	u = unix_new(type);
	if (!u)
		return -ENOMEM;
	*out = &u->socket;
	return 0;
}

static struct ucred own_cred(void)
{
	return (struct ucred){
		.pid = current->tg->tgid,
		.uid = current->cred->euid,
		.gid = current->cred->egid,
	};
}

static void join(struct unix_socket *a, struct unix_socket *b)
{
	a->peer = unix_get(b);
	b->peer = unix_get(a);
	a->state = b->state = UNIX_CONNECTED;
}

int unix_socket_pair(int type, int protocol, struct socket *out[2])
{
	struct unix_socket *a, *b;
	int ret = check_kind(&type, protocol);

	if (ret < 0)
		return ret;
	a = unix_new(type);
	b = unix_new(type);
	if (!a || !b) {
		unix_put(a);
		unix_put(b);
		return -ENOMEM;
	}
	join(a, b);
	a->cred = b->cred = own_cred();
	a->peer_cred = b->peer_cred = a->cred;
	out[0] = &a->socket;
	out[1] = &b->socket;
	return 0;
}

/* ---- Closing ----------------------------------------------------------- */

/* What the other end of a connection sees of the close. */
static void hang_up(struct unix_socket *u, struct unix_socket *peer)
{
	/* Who sends datagrams here finds out when it tries. */
	if (!unix_is_datagram(u)) {
		peer->no_receive = true;
		peer->no_send = true;
		if (!list_empty(&u->parcels))
			peer->socket.error = ECONNRESET;
	}
	unix_wake(peer, 0);
}

static void unix_close(struct unix_socket *u);

static void close_backlog(struct unix_socket *u)
{
	struct unix_socket *waiting, *tmp;

	list_for_each_safe(waiting, tmp, &u->backlog, backlog_node)
	{
		list_del(&waiting->backlog_node);
		/* Who connected is told that nobody took it. */
		if (waiting->peer)
			waiting->peer->socket.error = ECONNRESET;
		unix_close(waiting);
	}
	u->backlog_count = 0;
}

/* Takes over the file's (or the backlog's) reference. */
static void unix_close(struct unix_socket *u)
{
	struct unix_socket *peer = u->peer;

	unix_unbind(u);
	close_backlog(u);
	u->state = UNIX_CLOSED;
	if (peer)
		hang_up(u, peer);
	unix_drop_parcels(u);
	unix_wake(u, 0);
	u->peer = NULL;
	unix_put(peer);
	unix_put(u);
}

static void unix_release(struct socket *s)
{
	unix_close(unix_of(s));
}

static int unix_shutdown(struct socket *s, int how)
{
	struct unix_socket *u = unix_of(s), *peer = u->peer;
	bool receive = how == SHUT_RD || how == SHUT_RDWR;
	bool send = how == SHUT_WR || how == SHUT_RDWR;

	/* Linux: a fresh one may be shut down, too. */
	u->no_receive |= receive;
	u->no_send |= send;
	if (peer && !unix_is_datagram(u)) {
		peer->no_send |= receive;
		peer->no_receive |= send;
		unix_wake(peer, 0);
	}
	unix_wake(u, 0);
	return 0;
}

/* ---- Connecting -------------------------------------------------------- */

static int connect_datagram(struct unix_socket *u, struct task *t,
	const struct socket_address *name)
{
	struct unix_socket *to = NULL, *old = u->peer;
	int ret = 0;

	if (name->any.sa_family != AF_UNSPEC) {
		ret = unix_check_name(name);
		if (ret == 0)
			ret = unix_find(t, name, &to);
		if (ret < 0)
			return ret;
		if (!unix_is_datagram(to))
			ret = -EPROTOTYPE;
		else if (to->peer && to->peer != u)
			ret = -EPERM;
		if (ret < 0) {
			unix_put(to);
			return ret;
		}
	}
	u->peer = to;
	u->state = to ? UNIX_CONNECTED : UNIX_FRESH;
	unix_put(old);
	return 0;
}

/* The server's end of a new connection, put into the backlog. */
static int offer(struct unix_socket *u, struct unix_socket *listener)
{
	struct unix_socket *server = unix_new(u->socket.type);

	if (!server)
		return -ENOMEM;
	join(u, server);
	server->name = listener->name;
	server->socket.pass_cred = listener->socket.pass_cred;
	u->cred = own_cred();
	u->peer_cred = listener->cred;
	server->peer_cred = u->cred;
	list_add_tail(&listener->backlog, &server->backlog_node);
	listener->backlog_count++;
	unix_wake(listener, EPOLLIN | EPOLLRDNORM);
	return 0;
}

static int connect_to(struct unix_socket *u, struct unix_socket *listener,
	struct waitq **wait)
{
	if (listener->socket.type != u->socket.type)
		return -EPROTOTYPE;
	if (listener->state != UNIX_LISTENING || listener->no_receive)
		return -ECONNREFUSED;
	if (u->state == UNIX_LISTENING)
		return -EINVAL;
	if (u->state != UNIX_FRESH)
		return -EISCONN;
	if (listener->backlog_count > listener->backlog_max) {
		*wait = &listener->socket.waitq;
		return -EAGAIN;
	}
	return offer(u, listener);
}

static int unix_connect(struct socket *s, struct task *t,
	const struct socket_address *name, struct waitq **wait)
{
	struct unix_socket *u = unix_of(s), *listener;
	int ret;

	if (unix_is_datagram(u))
		return connect_datagram(u, t, name);
	ret = unix_check_name(name);
	if (ret == 0)
		ret = unix_find(t, name, &listener);
	if (ret < 0)
		return ret;
	ret = connect_to(u, listener, wait);
	unix_put(listener);
	return ret;
}

static int unix_listen(struct socket *s, struct task *t, int backlog)
{
	struct unix_socket *u = unix_of(s);

	if (unix_is_datagram(u))
		return -EOPNOTSUPP;
	if (!u->name.size)
		return -EINVAL;
	if (u->state != UNIX_FRESH && u->state != UNIX_LISTENING)
		return -EINVAL;
	if ((unsigned int)backlog > BACKLOG_MAX)
		backlog = BACKLOG_MAX;
	u->backlog_max = (size_t)backlog;
	u->state = UNIX_LISTENING;
	u->cred = own_cred();
	s->listening = true;
	unix_wake(u, EPOLLOUT);
	return 0;
}

static int unix_accept(struct socket *s, struct socket **out)
{
	struct unix_socket *u = unix_of(s), *server;

	if (unix_is_datagram(u))
		return -EOPNOTSUPP;
	if (u->state != UNIX_LISTENING)
		return -EINVAL;
	if (list_empty(&u->backlog))
		return u->no_receive ? -EINVAL : -EAGAIN;
	server = list_first(&u->backlog, struct unix_socket, backlog_node);
	list_del(&server->backlog_node);
	u->backlog_count--;
	unix_wake(u, EPOLLOUT);
	*out = &server->socket;
	return 0;
}

/* ---- What can be asked ------------------------------------------------- */

static int unix_name(struct socket *s, bool peer, struct socket_address *out)
{
	struct unix_socket *u = unix_of(s);

	if (peer) {
		u = u->peer;
		if (!u)
			return -ENOTCONN;
	}
	*out = u->name;
	if (!out->size) {
		memset(out, 0, sizeof(*out));
		out->any.sa_family = AF_UNIX;
		out->size = sizeof(sa_family_t);
	}
	return 0;
}

static uint32_t unix_poll(struct socket *s)
{
	struct unix_socket *u = unix_of(s);
	uint32_t events = 0;

	if (s->error)
		events |= EPOLLERR;
	if (u->no_receive && u->no_send)
		events |= EPOLLHUP;
	if (u->no_receive)
		events |= EPOLLRDHUP | EPOLLIN | EPOLLRDNORM;
	if (!list_empty(&u->parcels) || !list_empty(&u->backlog))
		events |= EPOLLIN | EPOLLRDNORM;
	if (!unix_is_datagram(u) && u->state == UNIX_FRESH)
		events |= EPOLLHUP;
	if (u->state != UNIX_LISTENING && unix_writable(u))
		events |= EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
	return events;
}

static int unix_get_option(
	struct socket *s, int level, int option, void *value, size_t *size)
{
	struct unix_socket *u = unix_of(s);

	if (level != SOL_SOCKET)
		return -EOPNOTSUPP;
	if (option != SO_PEERCRED)
		return -ENOPROTOOPT;
	*size = MIN(*size, sizeof(u->peer_cred));
	memcpy(value, &u->peer_cred, *size);
	return 0;
}

static int unix_set_option(
	struct socket *s, int level, int option, const void *value, size_t size)
{
	return -EOPNOTSUPP;
}

static const struct socket_ops unix_ops = {
	.bind = unix_bind,
	.connect = unix_connect,
	.listen = unix_listen,
	.accept = unix_accept,
	.name = unix_name,
	.shutdown = unix_shutdown,
	.send = unix_send,
	.receive = unix_receive,
	.poll = unix_poll,
	.queued = unix_queued,
	.get_option = unix_get_option,
	.set_option = unix_set_option,
	.release = unix_release,
};
