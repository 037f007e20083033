/*
 * Sending and receiving on sockets: sendto, sendmsg, sendmmsg and their
 * counterparts, with control data.
 *
 * A blocking send on a stream, and a receive with MSG_WAITALL, keep what is
 * done in call.progress between tries. Descriptors travel with the first
 * bytes only.
 */
#include "sentry/syscalls/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>

#include "lib/checked.h"
#include "sentry/kernel/fdtable.h"
#include "sentry/syscalls/sockets.h"

#define CONTROL_MAX 20480 /* net.core.optmem_max */
#define VECTOR_MAX  1024  /* UIO_MAXIOV, of messages, too */

/* struct msghdr and struct mmsghdr of x86-64. */
struct abi_msghdr {
	uint64_t name;
	int32_t name_size;
	uint32_t pad1;
	uint64_t iov;
	uint64_t iov_count;
	uint64_t control;
	uint64_t control_size;
	uint32_t flags;
	uint32_t pad2;
};

struct abi_mmsghdr {
	struct abi_msghdr hdr;
	uint32_t size;
	uint32_t pad;
};

_Static_assert(sizeof(struct abi_msghdr) == 56, "struct msghdr");
_Static_assert(sizeof(struct abi_mmsghdr) == 64, "struct mmsghdr");

/* ---- Sending ----------------------------------------------------------- */

static bool may_wait(const struct file *file, unsigned int flags)
{
	return !(flags & MSG_DONTWAIT) && file_may_block(file);
}

/* All of a message, as far as it goes without waiting. */
static ssize_t push(struct task *t, struct socket *s, struct socket_message *m)
{
	uint64_t *done = &t->call.progress;
	ssize_t ret;

	if (s->type == SOCK_STREAM && *done) {
		uio_skip(m->uio, *done);
		socket_control_finish(&m->control);
	}
	do {
		ret = s->ops->send(s, t, m);
		if (ret > 0 && s->type == SOCK_STREAM)
			*done += (uint64_t)ret;
	} while (ret > 0 && s->type == SOCK_STREAM && m->uio->left);
	return ret;
}

static long send_message(
	struct task *t, struct file *file, struct socket_message *m)
{
	struct socket *s = file_socket(file);
	long interrupted = -ERESTARTSYS;
	uint64_t *done = &t->call.progress;
	ssize_t ret = push(t, s, m);

	if (ret == -EPIPE && !*done && s->type == SOCK_STREAM &&
		!(m->flags & MSG_NOSIGNAL))
		signal_self(t, SIGPIPE);
	if (ret == -EAGAIN && may_wait(file, m->flags) &&
		socket_may_wait(t, file, true, &interrupted))
		return call_wait_file(
			t, file, m->wait, 0, *done ? (long)*done : interrupted);
	return *done ? (long)*done : ret;
}

long sys_sendto(struct task *t, int fd, uaddr_t buf, size_t size,
	unsigned int flags, uaddr_t addr, int addr_size)
{
	struct socket_message m = {.flags = flags};
	struct file *file;
	struct uio uio;
	int err;
	long ret;

	if (!access_ok(buf, size))
		return -EFAULT;
	if (!socket_find(t, fd, &file, &err))
		return err;
	uio_init(&uio, t->mm, buf, size);
	m.uio = &uio;
	ret = addr ? address_in(t, addr, addr_size, &m.name) : 0;
	if (ret == 0)
		ret = send_message(t, file, &m);
	uio_finish(&uio);
	file_put(file);
	return ret;
}

/* ---- Control data that is sent ----------------------------------------- */

static int take_fds(struct task *t, const char *data, size_t size,
	struct socket_control *control)
{
	size_t count = size / sizeof(int);
	struct file **files;
	int fd;

	if (control->file_count + count > SOCKET_FDS_MAX)
		return -EINVAL;
	files = reallocarray(control->files, control->file_count + count + 1,
		sizeof(*files));
	if (!files)
		return -ENOMEM;
	control->files = files;
	for (size_t i = 0; i < count; i++) {
		memcpy(&fd, data + i * sizeof(fd), sizeof(fd));
		files[control->file_count] = fd_get_any(t, fd);
		if (!files[control->file_count])
			return -EBADF;
		control->file_count++;
	}
	return 0;
}

static int take_cred(struct task *t, const char *data, size_t size,
	struct socket_control *control)
{
	const struct cred *own = t->cred;
	struct ucred cred;

	if (size != sizeof(cred))
		return -EINVAL;
	memcpy(&cred, data, sizeof(cred));
	if (cred.pid != t->tg->tgid && !cred_capable(own, CAP_SYS_ADMIN))
		return -EPERM;
	if (cred.uid != own->uid && cred.uid != own->euid &&
		cred.uid != own->suid && !cred_capable(own, CAP_SETUID))
		return -EPERM;
	if (cred.gid != own->gid && cred.gid != own->egid &&
		cred.gid != own->sgid && !cred_capable(own, CAP_SETGID))
		return -EPERM;
	control->has_cred = true;
	control->cred = cred;
	return 0;
}

static int take_control(struct task *t, const char *buf, size_t size,
	struct socket_control *control)
{
	struct cmsghdr head;
	size_t at = 0, data_size;
	const char *data;
	int ret;

	while (size - at >= sizeof(head)) {
		memcpy(&head, buf + at, sizeof(head));
		if (head.cmsg_len < sizeof(head) || head.cmsg_len > size - at)
			return -EINVAL;
		data = buf + at + sizeof(head);
		data_size = head.cmsg_len - sizeof(head);
		if (head.cmsg_level != SOL_SOCKET)
			ret = 0;
		else if (head.cmsg_type == SCM_RIGHTS)
			ret = take_fds(t, data, data_size, control);
		else if (head.cmsg_type == SCM_CREDENTIALS)
			ret = take_cred(t, data, data_size, control);
		else
			ret = -EINVAL;
		if (ret < 0)
			return ret;
		if (CMSG_ALIGN(head.cmsg_len) >= size - at)
			break;
		at += CMSG_ALIGN(head.cmsg_len);
	}
	return 0;
}

static int control_in(struct task *t, const struct abi_msghdr *hdr,
	struct socket_control *control)
{
	char *buf;
	int ret;

	if (!hdr->control || !hdr->control_size)
		return 0;
	if (hdr->control_size > CONTROL_MAX)
		return -ENOBUFS;
	buf = malloc(hdr->control_size);
	if (!buf)
		return -ENOBUFS;
	ret = copy_in(t->mm, buf, hdr->control, hdr->control_size);
	if (ret == 0)
		ret = take_control(t, buf, hdr->control_size, control);
	free(buf);
	return ret;
}

/* ---- sendmsg ----------------------------------------------------------- */

static int header_in(struct task *t, uaddr_t addr, struct abi_msghdr *hdr)
{
	if (get_user(t->mm, hdr, addr) < 0)
		return -EFAULT;
	if (!hdr->name)
		hdr->name_size = 0;
	if (hdr->name_size < 0)
		return -EINVAL;
	if ((size_t)hdr->name_size > sizeof(struct sockaddr_storage))
		hdr->name_size = sizeof(struct sockaddr_storage);
	return hdr->iov_count > VECTOR_MAX ? -EMSGSIZE : 0;
}

static long send_header(struct task *t, struct file *file,
	const struct abi_msghdr *hdr, unsigned int flags)
{
	struct socket_message m = {.flags = flags};
	struct uio uio;
	long ret;

	ret = address_in(t, hdr->name, hdr->name_size, &m.name);
	if (ret < 0)
		return ret;
	ret = uio_init_iov(&uio, t->mm, hdr->iov, hdr->iov_count);
	if (ret < 0)
		return ret;
	m.uio = &uio;
	ret = control_in(t, hdr, &m.control);
	if (ret == 0)
		ret = send_message(t, file, &m);
	socket_control_finish(&m.control);
	uio_finish(&uio);
	return ret;
}

long sys_sendmsg(struct task *t, int fd, uaddr_t addr, unsigned int flags)
{
	struct abi_msghdr hdr;
	struct file *file;
	int err;
	long ret;

	if (!socket_find(t, fd, &file, &err))
		return err;
	ret = header_in(t, addr, &hdr);
	if (ret == 0)
		ret = send_header(t, file, &hdr, flags);
	file_put(file);
	return ret;
}

long sys_sendmmsg(struct task *t, int fd, uaddr_t vec, unsigned int count,
	unsigned int flags)
{
	struct abi_mmsghdr m;
	struct file *file;
	unsigned int sent;
	uint32_t size;
	uaddr_t at;
	int err;
	long ret = 0;

	if (!socket_find(t, fd, &file, &err))
		return err;
	count = MIN(count, (unsigned int)VECTOR_MAX);
	for (sent = 0; sent < count; sent++) {
		at = vec + sent * sizeof(m);
		ret = header_in(t, at, &m.hdr);
		/* Only the first one may wait: the rest would be sent twice. */
		if (ret == 0)
			ret = send_header(t, file, &m.hdr,
				sent ? flags | MSG_DONTWAIT : flags);
		if (ret < 0)
			break;
		size = (uint32_t)ret;
		if (put_user(t->mm, at + offsetof(struct abi_mmsghdr, size),
			    &size) < 0) {
			ret = -EFAULT;
			break;
		}
		t->call.progress = 0;
	}
	file_put(file);
	return sent ? (long)sent : ret;
}

/* ---- Receiving --------------------------------------------------------- */

static bool wants_all(const struct socket *s, const struct socket_message *m)
{
	return s->type == SOCK_STREAM && (m->flags & MSG_WAITALL) &&
	       !(m->flags & MSG_PEEK) && m->uio->left && !m->control.file_count;
}

static long receive_message(
	struct task *t, struct file *file, struct socket_message *m)
{
	struct socket *s = file_socket(file);
	long interrupted = -ERESTARTSYS;
	uint64_t *done = &t->call.progress;
	ssize_t ret;

	uio_skip(m->uio, *done);
	do {
		ret = s->ops->receive(s, t, m);
		if (ret > 0 && s->type == SOCK_STREAM)
			*done += (uint64_t)ret;
	} while (ret > 0 && wants_all(s, m));
	if (ret == -EAGAIN && may_wait(file, m->flags) &&
		socket_may_wait(t, file, false, &interrupted))
		return call_wait_file(t, file, m->wait, READ_EVENTS,
			*done ? (long)*done : interrupted);
	return *done ? (long)*done : ret;
}

long sys_recvfrom(struct task *t, int fd, uaddr_t buf, size_t size,
	unsigned int flags, uaddr_t addr, uaddr_t size_addr)
{
	struct socket_message m = {.flags = flags};
	struct file *file;
	struct uio uio;
	int err;
	long ret;

	if (!access_ok(buf, size))
		return -EFAULT;
	if (!socket_find(t, fd, &file, &err))
		return err;
	uio_init(&uio, t->mm, buf, size);
	m.uio = &uio;
	ret = receive_message(t, file, &m);
	/* Descriptors that nobody takes are closed. */
	socket_control_finish(&m.control);
	if (ret >= 0 && addr && address_out(t, &m.name, addr, size_addr) < 0)
		ret = -EFAULT;
	uio_finish(&uio);
	file_put(file);
	return ret;
}

/* ---- Control data that is received ------------------------------------- */

struct control_room {
	uaddr_t addr;
	size_t left;
	unsigned int flags; /* MSG_CTRUNC */
};

static int put_control(struct task *t, struct control_room *room, int type,
	const void *data, size_t size)
{
	struct cmsghdr head = {
		.cmsg_len = CMSG_LEN(size),
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = type,
	};

	if (room->left < sizeof(head)) {
		room->flags |= MSG_CTRUNC;
		return 0;
	}
	if (room->left < head.cmsg_len) {
		room->flags |= MSG_CTRUNC;
		head.cmsg_len = room->left;
	}
	if (put_user(t->mm, room->addr, &head) < 0 ||
		copy_out(t->mm, room->addr + sizeof(head), data,
			head.cmsg_len - sizeof(head)) < 0)
		return -EFAULT;
	size = MIN(CMSG_ALIGN(head.cmsg_len), room->left);
	room->addr += size;
	room->left -= size;
	return 0;
}

/* As many as there is room, and numbers, for; the rest are closed. */
static int put_files(struct task *t, struct control_room *room,
	struct socket_control *control, bool cloexec)
{
	int fds[SOCKET_FDS_MAX];
	size_t most = 0, count = 0;
	int fd, ret;

	if (room->left > sizeof(struct cmsghdr))
		most = (room->left - sizeof(struct cmsghdr)) / sizeof(int);
	most = MIN(most, control->file_count);
	while (count < most) {
		fd = fd_reserve(t, 0);
		if (fd < 0)
			break;
		fds[count++] = fd;
	}
	if (count < control->file_count)
		room->flags |= MSG_CTRUNC;
	if (!count)
		return 0;
	ret = put_control(t, room, SCM_RIGHTS, fds, count * sizeof(int));
	for (size_t i = 0; i < count; i++) {
		if (ret < 0)
			fd_cancel(t, fds[i]);
		else
			fd_commit(t, fds[i], file_get(control->files[i]),
				cloexec);
	}
	return ret;
}

static int control_out(struct task *t, const struct socket *s,
	struct socket_message *m, struct control_room *room)
{
	int ret = 0;

	if (s->pass_cred && m->control.has_cred)
		ret = put_control(t, room, SCM_CREDENTIALS, &m->control.cred,
			sizeof(m->control.cred));
	if (ret == 0 && m->control.file_count)
		ret = put_files(
			t, room, &m->control, m->flags & MSG_CMSG_CLOEXEC);
	return ret;
}

/* ---- recvmsg ----------------------------------------------------------- */

/* The parts of the guest's header that the call changes. */
static int header_out(struct task *t, uaddr_t addr, struct abi_msghdr *hdr,
	const struct socket_message *m, const struct control_room *room)
{
	uint64_t control_size = hdr->control_size - room->left;
	uint32_t flags = m->out_flags | room->flags |
			 (m->flags & MSG_CMSG_CLOEXEC);
	int32_t name_size = (int32_t)m->name.size;
	size_t part = MIN(m->name.size, (size_t)hdr->name_size);

	if (hdr->name) {
		if (part && copy_out(t->mm, hdr->name, m->name.bytes, part) < 0)
			return -EFAULT;
		if (put_user(t->mm,
			    addr + offsetof(struct abi_msghdr, name_size),
			    &name_size) < 0)
			return -EFAULT;
	}
	if (put_user(t->mm, addr + offsetof(struct abi_msghdr, flags), &flags) <
		0)
		return -EFAULT;
	return put_user(t->mm, addr + offsetof(struct abi_msghdr, control_size),
		&control_size);
}

static long receive_header(struct task *t, struct file *file, uaddr_t addr,
	struct abi_msghdr *hdr, unsigned int flags)
{
	struct control_room room = {
		.addr = hdr->control,
		.left = hdr->control ? hdr->control_size : 0,
	};
	struct socket_message m = {.flags = flags};
	struct uio uio;
	long ret;

	if (!hdr->control)
		hdr->control_size = 0;
	ret = uio_init_iov(&uio, t->mm, hdr->iov, hdr->iov_count);
	if (ret < 0)
		return ret;
	m.uio = &uio;
	ret = receive_message(t, file, &m);
	if (ret >= 0 && (control_out(t, file_socket(file), &m, &room) < 0 ||
				header_out(t, addr, hdr, &m, &room) < 0))
		ret = -EFAULT;
	socket_control_finish(&m.control);
	uio_finish(&uio);
	return ret;
}

long sys_recvmsg(struct task *t, int fd, uaddr_t addr, unsigned int flags)
{
	struct abi_msghdr hdr;
	struct file *file;
	int err;
	long ret;

	if (!socket_find(t, fd, &file, &err))
		return err;
	ret = header_in(t, addr, &hdr);
	if (ret == 0)
		ret = receive_header(t, file, addr, &hdr, flags);
	file_put(file);
	return ret;
}

/* What one more message of recvmmsg(2) came to; true: go on. */
static bool next_message(struct task *t, struct file *file, uaddr_t at,
	unsigned int flags, long *ret)
{
	struct abi_mmsghdr m;
	uint32_t size;

	*ret = header_in(t, at, &m.hdr);
	if (*ret == 0)
		*ret = receive_header(t, file, at, &m.hdr, flags);
	if (*ret < 0)
		return false;
	size = (uint32_t)*ret;
	if (put_user(t->mm, at + offsetof(struct abi_mmsghdr, size), &size) <
		0) {
		*ret = -EFAULT;
		return false;
	}
	t->call.progress = 0;
	return true;
}

/*
 * Linux: without MSG_WAITFORONE this waits for every message; here a call
 * that has some returns them instead, as at a signal. The timeout binds the
 * wait for the first one.
 */
long sys_recvmmsg(struct task *t, int fd, uaddr_t vec, unsigned int count,
	unsigned int flags, uaddr_t timeout)
{
	struct timespec ts;
	struct file *file;
	unsigned int got = 0;
	int err;
	long ret = 0;

	if (timeout && !t->call.tries) {
		ret = timespec_in(t, timeout, &ts);
		if (ret < 0)
			return ret;
		call_set_timeout(t, timespec_ns(&ts));
	}
	if (!socket_find(t, fd, &file, &err))
		return err;
	count = MIN(count, (unsigned int)VECTOR_MAX);
	flags &= ~(unsigned int)MSG_WAITFORONE;
	if (t->call.timed_out)
		flags |= MSG_DONTWAIT;
	while (got < count &&
		next_message(t, file, vec + got * sizeof(struct abi_mmsghdr),
			flags, &ret)) {
		got++;
		flags |= MSG_DONTWAIT;
	}
	file_put(file);
	return got ? (long)got : ret;
}
