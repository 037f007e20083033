/*
 * Sockets: the open file on one, and the options that all families share.
 *
 * read(2) and write(2) are receive and send without an address or control
 * data. The file has no position, and its poll and queue are the socket's.
 */
#include "sentry/net/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "lib/checked.h"
#include "sentry/kernel/task.h"
#include "sentry/vfs/vfs.h"

void socket_init(struct socket *s, const struct socket_ops *ops, int domain,
	int type, int protocol)
{
	s->ops = ops;
	s->domain = domain;
	s->type = type;
	s->protocol = protocol;
	s->send_buf = SOCKET_BUF_DEFAULT;
	s->receive_buf = SOCKET_BUF_DEFAULT;
	s->receive_low = 1;
	waitq_init(&s->waitq);
}

void socket_finish(struct socket *s)
{
	waitq_finish(&s->waitq);
}

int socket_take_error(struct socket *s)
{
	int error = s->error;

	s->error = 0;
	return -error;
}

void socket_control_finish(struct socket_control *control)
{
	for (size_t i = 0; i < control->file_count; i++)
		file_put(control->files[i]);
	free(control->files);
	control->files = NULL;
	control->file_count = 0;
}

/* ---- The file ---------------------------------------------------------- */

static ssize_t socket_read(struct file *file, struct uio *uio, off_t *off)
{
	struct socket *s = file->priv;
	struct socket_message m = {.uio = uio};
	ssize_t ret = s->ops->receive(s, current, &m);

	/* Descriptors that nobody takes are closed. */
	socket_control_finish(&m.control);
	return ret;
}

static ssize_t socket_write(struct file *file, struct uio *uio, off_t *off)
{
	struct socket *s = file->priv;
	struct socket_message m = {.uio = uio};

	return s->ops->send(s, current, &m);
}

static uint32_t socket_poll(struct file *file)
{
	struct socket *s = file->priv;

	return s->ops->poll(s);
}

static struct waitq *socket_waitq(struct file *file)
{
	struct socket *s = file->priv;

	return &s->waitq;
}

static long socket_ioctl(
	struct file *file, struct mm *mm, unsigned int cmd, uint64_t arg)
{
	struct socket *s = file->priv;
	int count;

	/* SIOCINQ is FIONREAD. */
	if (cmd != FIONREAD && cmd != SIOCOUTQ)
		return -ENOTTY;
	count = s->ops->queued(s, cmd == SIOCOUTQ);
	return count < 0 ? count : put_user(mm, arg, &count);
}

static void socket_release(struct file *file)
{
	struct socket *s = file->priv;

	s->ops->release(s);
}

static const struct file_ops socket_fops = {
	.read = socket_read,
	.write = socket_write,
	.poll = socket_poll,
	.waitq = socket_waitq,
	.ioctl = socket_ioctl,
	.release = socket_release,
	.no_seek = true,
};

struct socket *file_socket(const struct file *file)
{
	return file->ops == &socket_fops ? file->priv : NULL;
}

int socket_file_new(struct socket *s, unsigned int flags, struct file **out)
{
	struct inode *inode = inode_new_anonymous(S_IFSOCK | 0777);
	char name[40];
	int ret = -ENOMEM;

	if (inode) {
		snprintf(name, sizeof(name), "socket:[%llu]",
			(unsigned long long)inode->attr.ino);
		ret = file_new_anonymous(
			name, inode, &socket_fops, O_RDWR | flags, s, out);
		inode_put(inode);
	}
	if (ret < 0)
		s->ops->release(s);
	return ret;
}

/* ---- Options ----------------------------------------------------------- */

static int put_value(const void *from, size_t have, void *value, size_t *size)
{
	*size = MIN(*size, have);
	memcpy(value, from, *size);
	return 0;
}

static int get_timeout(int64_t ns, void *value, size_t *size)
{
	struct timeval tv = {
		.tv_sec = ns / NSEC_PER_SEC,
		.tv_usec = ns % NSEC_PER_SEC / 1000,
	};

	return put_value(&tv, sizeof(tv), value, size);
}

static int get_number(struct socket *s, int option, int *number)
{
	switch (option) {
	case SO_TYPE:
		*number = s->type;
		break;
	case SO_DOMAIN:
		*number = s->domain;
		break;
	case SO_PROTOCOL:
		*number = s->protocol;
		break;
	case SO_ERROR:
		*number = -socket_take_error(s);
		break;
	case SO_ACCEPTCONN:
		*number = s->listening;
		break;
	case SO_REUSEADDR:
		*number = s->reuse_address;
		break;
	case SO_REUSEPORT:
		*number = s->reuse_port;
		break;
	case SO_KEEPALIVE:
		*number = s->keepalive;
		break;
	case SO_BROADCAST:
		*number = s->broadcast;
		break;
	case SO_PASSCRED:
		*number = s->pass_cred;
		break;
	case SO_SNDBUF:
		*number = (int)s->send_buf;
		break;
	case SO_RCVBUF:
		*number = (int)s->receive_buf;
		break;
	case SO_RCVLOWAT:
		*number = s->receive_low;
		break;
	case SO_SNDLOWAT:
		*number = 1;
		break;
	case SO_PRIORITY:
	case SO_OOBINLINE:
	case SO_DONTROUTE:
	case SO_DEBUG:
	case SO_TIMESTAMP:
	case SO_MARK:
		*number = 0;
		break;
	default:
		return -ENOPROTOOPT;
	}
	return 0;
}

int socket_get_option(
	struct socket *s, int level, int option, void *value, size_t *size)
{
	int number, ret;

	if (level != SOL_SOCKET)
		return s->ops->get_option(s, level, option, value, size);
	switch (option) {
	case SO_RCVTIMEO:
		return get_timeout(s->receive_timeout, value, size);
	case SO_SNDTIMEO:
		return get_timeout(s->send_timeout, value, size);
	case SO_LINGER:
		return put_value(&s->linger, sizeof(s->linger), value, size);
	default:
		break;
	}
	ret = get_number(s, option, &number);
	if (ret < 0)
		return s->ops->get_option(s, level, option, value, size);
	return put_value(&number, sizeof(number), value, size);
}

static int set_timeout(int64_t *ns, const void *value, size_t size)
{
	struct timeval tv;

	if (size < sizeof(tv))
		return -EINVAL;
	memcpy(&tv, value, sizeof(tv));
	if (tv.tv_usec < 0 || tv.tv_usec >= 1000000)
		return -EDOM;
	if (tv.tv_sec < 0 || tv.tv_sec > INT64_MAX / NSEC_PER_SEC - 1)
		*ns = 0;
	else
		*ns = tv.tv_sec * NSEC_PER_SEC + tv.tv_usec * 1000;
	return 0;
}

/* Doubled, as Linux does for its own bookkeeping, within the limits. */
static unsigned int buffer_size(int wanted)
{
	unsigned int size = wanted < 0 ? SOCKET_BUF_MAX : (unsigned int)wanted;

	size = MIN(size, (unsigned int)SOCKET_BUF_DEFAULT) * 2;
	return MAX(size, (unsigned int)SOCKET_BUF_MIN);
}

static int set_number(struct socket *s, struct task *t, int option, int number)
{
	switch (option) {
	case SO_REUSEADDR:
		s->reuse_address = number;
		break;
	case SO_REUSEPORT:
		s->reuse_port = number;
		break;
	case SO_KEEPALIVE:
		s->keepalive = number;
		break;
	case SO_BROADCAST:
		s->broadcast = number;
		break;
	case SO_PASSCRED:
		if (s->domain != AF_UNIX)
			return -EOPNOTSUPP;
		s->pass_cred = number;
		break;
	case SO_SNDBUF:
		s->send_buf = buffer_size(number);
		break;
	case SO_RCVBUF:
		s->receive_buf = buffer_size(number);
		break;
	case SO_SNDBUFFORCE:
	case SO_RCVBUFFORCE:
		if (!cred_capable(t->cred, CAP_NET_ADMIN))
			return -EPERM;
		return set_number(s, t,
			option == SO_SNDBUFFORCE ? SO_SNDBUF : SO_RCVBUF,
			number);
	case SO_RCVLOWAT:
		s->receive_low = number < 1 ? 1 : number;
		break;
	case SO_PRIORITY:
	case SO_OOBINLINE:
	case SO_DONTROUTE:
	case SO_TIMESTAMP:
		/* Nothing here would act differently. */
		break;
	case SO_TYPE:
	case SO_DOMAIN:
	case SO_PROTOCOL:
	case SO_ERROR:
	case SO_ACCEPTCONN:
	case SO_SNDLOWAT:
	default:
		return -ENOPROTOOPT;
	}
	return 0;
}

int socket_set_option(struct socket *s, struct task *t, int level, int option,
	const void *value, size_t size)
{
	int number;

	if (level != SOL_SOCKET)
		return s->ops->set_option(s, level, option, value, size);
	if (size < sizeof(number))
		return -EINVAL;
	switch (option) {
	case SO_RCVTIMEO:
		return set_timeout(&s->receive_timeout, value, size);
	case SO_SNDTIMEO:
		return set_timeout(&s->send_timeout, value, size);
	case SO_LINGER:
		if (size < sizeof(s->linger))
			return -EINVAL;
		memcpy(&s->linger, value, sizeof(s->linger));
		return 0;
	default:
		memcpy(&number, value, sizeof(number));
		return set_number(s, t, option, number);
	}
}
