/*
 * Bytes and messages through Unix sockets.
 *
 * What is sent is put at once into the receiver's queue, as parcels. A parcel
 * of a stream is filled up by later writes of the same sender while it has
 * room and nothing else travels with it. A queue takes parcels up to the
 * sender's SO_SNDBUF, counted with their heads, so that small ones cannot
 * cost more memory than large ones.
 *
 * Sockets can be in flight in sockets, in a chain as long as a guest likes.
 * Parcels with descriptors are therefore not freed where they are dropped,
 * which would recurse along the chain, but one after the other by the first
 * who drops any.
 *
 * Linux: descriptors in flight in a ring of sockets that nobody has open any
 * more are not collected; they go when the sandbox does.
 */
#include "sentry/net/unix/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "lib/checked.h"
#include "sentry/kernel/task.h"

#define PARCEL_MIN 512
#define PARCEL_MAX 32768
/* All queues of the sandbox together. */
#define TOTAL_MAX (256u << 20)

static size_t total;
static struct list doomed = LIST_INIT(doomed);
static bool burying;

/* ---- Parcels ----------------------------------------------------------- */

static size_t charge_of(const struct parcel *p)
{
	return sizeof(*p) + p->capacity;
}

static void parcel_free(struct parcel *p)
{
	total -= charge_of(p);
	if (!p->control.file_count) {
		free(p);
		return;
	}
	list_add_tail(&doomed, &p->node);
	if (burying)
		return;
	burying = true;
	while (!list_empty(&doomed)) {
		p = list_first(&doomed, struct parcel, node);
		list_del(&p->node);
		socket_control_finish(&p->control);
		free(p);
	}
	burying = false;
}

static struct parcel *parcel_new(size_t capacity, const struct ucred *cred)
{
	struct parcel *p;

	if (total + sizeof(*p) + capacity > TOTAL_MAX)
		return NULL;
	p = malloc(sizeof(*p) + capacity);
	if (!p)
		return NULL;
	memset(p, 0, sizeof(*p));
	list_init(&p->node);
	p->capacity = capacity;
	p->cred = *cred;
	total += charge_of(p);
	return p;
}

static void enqueue(struct unix_socket *to, struct parcel *p)
{
	list_add_tail(&to->parcels, &p->node);
	to->parcel_count++;
	to->charge += charge_of(p);
	unix_wake(to, EPOLLIN | EPOLLRDNORM);
}

static void dequeue(struct unix_socket *u, struct parcel *p)
{
	list_del(&p->node);
	u->parcel_count--;
	u->charge -= charge_of(p);
	parcel_free(p);
}

void unix_drop_parcels(struct unix_socket *u)
{
	while (!list_empty(&u->parcels))
		dequeue(u, list_first(&u->parcels, struct parcel, node));
}

static struct ucred cred_of(const struct task *t)
{
	return (struct ucred){
		.pid = t->tg->tgid,
		.uid = t->cred->euid,
		.gid = t->cred->egid,
	};
}

static struct ucred sender(const struct task *t, const struct socket_message *m)
{
	return m->control.has_cred ? m->control.cred : cred_of(t);
}

static void take_files(struct parcel *p, struct socket_message *m)
{
	p->control.files = m->control.files;
	p->control.file_count = m->control.file_count;
	m->control.files = NULL;
	m->control.file_count = 0;
}

/* ---- Room -------------------------------------------------------------- */

bool unix_writable(const struct unix_socket *u)
{
	const struct unix_socket *to = u->peer;

	if (!to || to->state == UNIX_CLOSED)
		return true;
	if (unix_is_datagram(u) && to->parcel_count > DATAGRAM_QUEUE_MAX)
		return false;
	return to->charge * 4 <= u->socket.send_buf;
}

/* The queue became shorter: who sends here may go on. */
static void tell_room(struct unix_socket *u)
{
	struct unix_socket *from = u->peer;

	if (from && from->peer == u && unix_writable(from))
		unix_wake(from, EPOLLOUT | EPOLLWRNORM);
	/* Others that send datagrams here wait on this queue. */
	if (unix_is_datagram(u))
		unix_wake(u, EPOLLOUT | EPOLLWRNORM);
}

/* ---- Streams: sending -------------------------------------------------- */

/* The last parcel, if more bytes of this sender may follow in it. */
static struct parcel *open_parcel(
	struct unix_socket *to, const struct ucred *cred)
{
	struct parcel *p;

	if (list_empty(&to->parcels))
		return NULL;
	p = list_last(&to->parcels, struct parcel, node);
	if (p->size == p->capacity || p->control.file_count ||
		memcmp(&p->cred, cred, sizeof(*cred)) != 0)
		return NULL;
	return p;
}

/* -EAGAIN: no room; -ENOBUFS: nobody has any. */
static int next_parcel(struct unix_socket *u, struct unix_socket *to,
	size_t left, const struct ucred *cred, struct parcel **out)
{
	size_t limit = u->socket.send_buf;
	size_t room = to->charge < limit ? limit - to->charge : 0;
	size_t size;

	if (room < sizeof(struct parcel) + PARCEL_MIN)
		return -EAGAIN;
	size = MIN(left, room - sizeof(struct parcel));
	size = MIN(size, (size_t)PARCEL_MAX);
	*out = parcel_new(MAX(size, (size_t)PARCEL_MIN), cred);
	return *out ? 0 : -ENOBUFS;
}

static int stream_check(struct unix_socket *u, const struct socket_message *m)
{
	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (m->name.size)
		return u->state == UNIX_CONNECTED ? -EISCONN : -EOPNOTSUPP;
	if (!u->peer)
		return u->no_send ? -EPIPE : -ENOTCONN;
	if (u->no_send || u->peer->state == UNIX_CLOSED || u->peer->no_receive)
		return -EPIPE;
	return 0;
}

static ssize_t stream_send(
	struct unix_socket *u, struct task *t, struct socket_message *m)
{
	struct ucred cred = sender(t, m);
	struct unix_socket *to = u->peer;
	struct parcel *p;
	size_t moved, done = 0;
	bool fresh;
	int ret = stream_check(u, m);

	if (ret < 0)
		return ret;
	while (m->uio->left) {
		p = m->control.file_count ? NULL : open_parcel(to, &cred);
		fresh = !p;
		if (fresh)
			ret = next_parcel(u, to, m->uio->left, &cred, &p);
		if (ret < 0)
			break;
		moved = uio_copy_in(m->uio, p->data + p->size,
			MIN(m->uio->left, p->capacity - p->size));
		p->size += moved;
		done += moved;
		if (fresh && !moved) {
			parcel_free(p);
		} else if (fresh) {
			take_files(p, m);
			enqueue(to, p);
		} else if (moved) {
			unix_wake(to, EPOLLIN | EPOLLRDNORM);
		}
		if (!moved)
			return done ? (ssize_t)done : -EFAULT;
	}
	m->wait = &u->socket.waitq;
	return done ? (ssize_t)done : ret;
}

/* ---- Messages: sending ------------------------------------------------- */

/* Where a message goes: a new reference. */
static int destination(struct unix_socket *u, struct task *t,
	const struct socket_message *m, struct unix_socket **out)
{
	struct unix_socket *to;
	int ret;

	if (!m->name.size || !unix_is_datagram(u)) {
		if (!u->peer)
			return -ENOTCONN;
		*out = unix_get(u->peer);
		return 0;
	}
	ret = unix_check_name(&m->name);
	if (ret == 0)
		ret = unix_find(t, &m->name, &to);
	if (ret < 0)
		return ret;
	if (!unix_is_datagram(to))
		ret = -EPROTOTYPE;
	else if (to->peer && to->peer != u)
		ret = -EPERM;
	if (ret < 0)
		unix_put(to);
	else
		*out = to;
	return ret;
}

static int message_room(
	struct unix_socket *u, struct unix_socket *to, struct socket_message *m)
{
	size_t need = m->uio->left + sizeof(struct parcel);

	if (to->state == UNIX_CLOSED)
		return unix_is_datagram(u) ? -ECONNREFUSED : -EPIPE;
	if (u->no_send || to->no_receive)
		return -EPIPE;
	if (need > u->socket.send_buf)
		return -EMSGSIZE;
	if (to->charge + need > u->socket.send_buf ||
		(unix_is_datagram(u) && to->peer != u &&
			to->parcel_count > DATAGRAM_QUEUE_MAX)) {
		m->wait = to->peer == u ? &u->socket.waitq : &to->socket.waitq;
		return -EAGAIN;
	}
	return 0;
}

static ssize_t message_put(struct unix_socket *u, struct unix_socket *to,
	struct task *t, struct socket_message *m)
{
	size_t size = m->uio->left;
	struct ucred cred = sender(t, m);
	struct parcel *p = parcel_new(size, &cred);

	if (!p)
		return -ENOBUFS;
	if (uio_copy_in(m->uio, p->data, size) != size) {
		parcel_free(p);
		return -EFAULT;
	}
	p->size = size;
	p->from = u->name;
	take_files(p, m);
	enqueue(to, p);
	return (ssize_t)size;
}

static ssize_t message_send(
	struct unix_socket *u, struct task *t, struct socket_message *m)
{
	struct unix_socket *to;
	ssize_t ret;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	ret = destination(u, t, m, &to);
	if (ret < 0)
		return ret;
	ret = message_room(u, to, m);
	if (ret == 0)
		ret = message_put(u, to, t, m);
	unix_put(to);
	return ret;
}

ssize_t unix_send(struct socket *s, struct task *t, struct socket_message *m)
{
	struct unix_socket *u = unix_of(s);

	return unix_is_stream(u) ? stream_send(u, t, m) : message_send(u, t, m);
}

/* ---- Receiving --------------------------------------------------------- */

/* Hands over what came beside the bytes; a peek gets copies. */
static int give_control(struct parcel *p, struct socket_message *m, bool peek)
{
	size_t count = p->control.file_count;

	m->control.has_cred = true;
	m->control.cred = p->cred;
	if (!count || m->control.files)
		return 0;
	if (!peek) {
		m->control.files = p->control.files;
		m->control.file_count = count;
		p->control.files = NULL;
		p->control.file_count = 0;
		return 0;
	}
	m->control.files = alloc_array(count, sizeof(*m->control.files));
	if (!m->control.files)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		m->control.files[i] = file_get(p->control.files[i]);
	m->control.file_count = count;
	return 0;
}

/* Nothing is there: the end, an error, or to be waited for. */
static ssize_t nothing(struct unix_socket *u, struct socket_message *m)
{
	if (u->socket.error)
		return socket_take_error(&u->socket);
	if (u->no_receive)
		return 0;
	if (!unix_is_datagram(u) && u->state != UNIX_CONNECTED)
		return unix_is_stream(u) ? -EINVAL : -ENOTCONN;
	m->wait = &u->socket.waitq;
	return -EAGAIN;
}

/* May this parcel follow in the same answer? */
static bool goes_together(const struct unix_socket *u, const struct parcel *p,
	const struct socket_message *m)
{
	if (m->control.file_count)
		return false;
	if (!u->socket.pass_cred)
		return true;
	return memcmp(&p->cred, &m->control.cred, sizeof(p->cred)) == 0;
}

static ssize_t stream_receive(struct unix_socket *u, struct socket_message *m)
{
	bool peek = m->flags & MSG_PEEK;
	struct parcel *p, *tmp;
	size_t want, moved, done = 0;

	if (list_empty(&u->parcels))
		return nothing(u, m);
	list_for_each_safe(p, tmp, &u->parcels, node)
	{
		if (!m->uio->left)
			break;
		if (done && !goes_together(u, p, m))
			break;
		want = MIN(m->uio->left, p->size - p->off);
		moved = uio_copy_out(m->uio, p->data + p->off, want);
		done += moved;
		if (moved < want && !done)
			return -EFAULT;
		if (give_control(p, m, peek) < 0)
			return -ENOMEM;
		if (!peek)
			p->off += moved;
		if (!peek && p->off == p->size)
			dequeue(u, p);
		if (moved < want)
			break;
	}
	if (!peek)
		tell_room(u);
	return (ssize_t)done;
}

static ssize_t message_receive(struct unix_socket *u, struct socket_message *m)
{
	bool peek = m->flags & MSG_PEEK;
	struct parcel *p;
	size_t size, moved;

	if (list_empty(&u->parcels))
		return nothing(u, m);
	p = list_first(&u->parcels, struct parcel, node);
	size = MIN(m->uio->left, p->size);
	moved = uio_copy_out(m->uio, p->data, size);
	if (moved < size)
		return -EFAULT;
	if (give_control(p, m, peek) < 0)
		return -ENOMEM;
	m->name = p->from;
	if (moved < p->size)
		m->out_flags |= MSG_TRUNC;
	if (m->flags & MSG_TRUNC)
		moved = p->size;
	if (!peek) {
		dequeue(u, p);
		tell_room(u);
	}
	return (ssize_t)moved;
}

ssize_t unix_receive(struct socket *s, struct task *t, struct socket_message *m)
{
	struct unix_socket *u = unix_of(s);

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	return unix_is_stream(u) ? stream_receive(u, m) : message_receive(u, m);
}

int unix_queued(struct socket *s, bool out)
{
	struct unix_socket *u = unix_of(s);
	struct parcel *p;
	size_t bytes = 0;

	if (u->state == UNIX_LISTENING)
		return -EINVAL;
	if (out) {
		u = u->peer;
		return u ? (int)u->charge : 0;
	}
	list_for_each(p, &u->parcels, node)
	{
		bytes += p->size - p->off;
		/* Of messages the first one counts. */
		if (!unix_is_stream(u))
			break;
	}
	return (int)bytes;
}
