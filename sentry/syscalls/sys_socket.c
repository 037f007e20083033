/*
 * Making, naming and connecting sockets, and their options. Moving data is in
 * sys_socket_data.c.
 */
#include "sentry/syscalls/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "lib/checked.h"
#include "sentry/kernel/fdtable.h"
#include "sentry/net/unix/unix.h"
#include "sentry/syscalls/sockets.h"

#define FAMILIES   46 /* NPROTO of Linux */
#define TYPES      11 /* SOCK_MAX */
#define TYPE_MASK  0xf
#define OPTION_MAX 1024 /* bytes; no option here is longer */

/* ---- What others use, too ---------------------------------------------- */

struct socket *socket_find(struct task *t, int fd, struct file **file, int *err)
{
	struct socket *s;

	*file = call_file(t, fd);
	if (!*file) {
		*err = -EBADF;
		return NULL;
	}
	s = file_socket(*file);
	if (s)
		return s;
	file_put(*file);
	*err = -ENOTSOCK;
	return NULL;
}

int address_in(
	struct task *t, uaddr_t addr, int size, struct socket_address *out)
{
	memset(out, 0, sizeof(*out));
	if (size < 0 || (size_t)size > sizeof(out->bytes))
		return -EINVAL;
	if (size && copy_in(t->mm, out->bytes, addr, (size_t)size) < 0)
		return -EFAULT;
	out->size = (size_t)size;
	return 0;
}

int address_out(struct task *t, const struct socket_address *name, uaddr_t addr,
	uaddr_t size_addr)
{
	int room, size = (int)name->size;

	if (get_user(t->mm, &room, size_addr) < 0)
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	room = MIN(room, size);
	if (room && copy_out(t->mm, addr, name->bytes, (size_t)room) < 0)
		return -EFAULT;
	return put_user(t->mm, size_addr, &size);
}

/* ---- Making ------------------------------------------------------------ */

static int make(int domain, int type, int protocol, struct socket **out)
{
	if (domain < 0 || domain >= FAMILIES)
		return -EAFNOSUPPORT;
	if (type < 0 || type >= TYPES)
		return -EINVAL;
	if (domain == AF_UNIX)
		return unix_socket_new(type, protocol, out);
	return -EAFNOSUPPORT;
}

static bool valid_flags(int type)
{
	return !(type & ~(TYPE_MASK | SOCK_CLOEXEC | SOCK_NONBLOCK));
}

long sys_socket(struct task *t, int domain, int type, int protocol)
{
	struct socket *s;
	struct file *file;
	int ret;

	if (!valid_flags(type))
		return -EINVAL;
	ret = make(domain, type & TYPE_MASK, protocol, &s);
	if (ret < 0)
		return ret;
	ret = socket_file_new(s, (unsigned int)type & SOCK_NONBLOCK, &file);
	if (ret < 0)
		return ret;
	return fd_install(t, file, type & SOCK_CLOEXEC);
}

static int make_pair(int domain, int type, int protocol, struct file *files[2])
{
	struct socket *s[2];
	unsigned int flags = (unsigned int)type & SOCK_NONBLOCK;
	int ret;

	if (domain == AF_INET || domain == AF_INET6)
		return -EOPNOTSUPP;
	if (domain != AF_UNIX)
		return -EAFNOSUPPORT;
	type &= TYPE_MASK;
	if (type >= TYPES)
		return -EINVAL;
	ret = unix_socket_pair(type, protocol, s);
	if (ret < 0)
		return ret;
	ret = socket_file_new(s[0], flags, &files[0]);
	if (ret < 0) {
		s[1]->ops->release(s[1]);
		return ret;
	}
	ret = socket_file_new(s[1], flags, &files[1]);
	if (ret < 0)
		file_put(files[0]);
	return ret;
}

long sys_socketpair(
	struct task *t, int domain, int type, int protocol, uaddr_t fds)
{
	struct file *files[2];
	int fd[2], ret;

	if (!valid_flags(type))
		return -EINVAL;
	ret = make_pair(domain, type, protocol, files);
	if (ret < 0)
		return ret;
	ret = fd[0] = fd_reserve(t, 0);
	if (ret < 0)
		goto put_files;
	ret = fd[1] = fd_reserve(t, 0);
	if (ret < 0)
		goto cancel_first;
	ret = copy_out(t->mm, fds, fd, sizeof(fd));
	if (ret < 0)
		goto cancel_both;

	/* Nothing below can fail. */
	fd_commit(t, fd[0], files[0], type & SOCK_CLOEXEC);
	fd_commit(t, fd[1], files[1], type & SOCK_CLOEXEC);
	return 0;

cancel_both:
	fd_cancel(t, fd[1]);
cancel_first:
	fd_cancel(t, fd[0]);
put_files:
	file_put(files[1]);
	file_put(files[0]);
	return ret;
}

/* ---- Names and connections --------------------------------------------- */

long sys_bind(struct task *t, int fd, uaddr_t addr, int size)
{
	struct socket_address name;
	struct file *file;
	int ret;
	struct socket *s = socket_find(t, fd, &file, &ret);

	if (!s)
		return ret;
	ret = address_in(t, addr, size, &name);
	if (ret == 0)
		ret = s->ops->bind(s, t, &name);
	file_put(file);
	return ret;
}

long sys_listen(struct task *t, int fd, int backlog)
{
	struct file *file;
	int ret;
	struct socket *s = socket_find(t, fd, &file, &ret);

	if (!s)
		return ret;
	ret = s->ops->listen(s, t, backlog);
	file_put(file);
	return ret;
}

long sys_connect(struct task *t, int fd, uaddr_t addr, int size)
{
	long interrupted = -ERESTARTSYS, result;
	struct socket_address name;
	struct waitq *q = NULL;
	struct file *file;
	int ret;
	struct socket *s = socket_find(t, fd, &file, &ret);

	if (!s)
		return ret;
	ret = address_in(t, addr, size, &name);
	if (ret == 0)
		ret = s->ops->connect(s, t, &name, &q);
	result = ret;
	if (ret == -EAGAIN && q && file_may_block(file) &&
		socket_may_wait(t, file, true, &interrupted))
		result = call_wait_file(t, file, q, 0, interrupted);
	file_put(file);
	return result;
}

/* A file and a number for a connection that was accepted. */
static long install_accepted(struct task *t, struct socket *s, uaddr_t addr,
	uaddr_t size_addr, int flags)
{
	struct socket_address name;
	struct file *file;
	int fd, ret;

	ret = socket_file_new(s, (unsigned int)flags & SOCK_NONBLOCK, &file);
	if (ret < 0)
		return ret;
	fd = fd_reserve(t, 0);
	if (fd < 0) {
		file_put(file);
		return fd;
	}
	if (addr) {
		ret = s->ops->name(s, true, &name);
		if (ret < 0)
			ret = -ECONNABORTED;
		else
			ret = address_out(t, &name, addr, size_addr);
	}
	if (ret < 0) {
		fd_cancel(t, fd);
		file_put(file);
		return ret;
	}
	fd_commit(t, fd, file, flags & SOCK_CLOEXEC);
	return fd;
}

long sys_accept4(
	struct task *t, int fd, uaddr_t addr, uaddr_t size_addr, int flags)
{
	long interrupted = -ERESTARTSYS, ret;
	struct socket *s, *accepted;
	struct file *file;
	int err;

	if (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))
		return -EINVAL;
	s = socket_find(t, fd, &file, &err);
	if (!s)
		return err;
	ret = s->ops->accept(s, &accepted);
	if (ret == 0)
		ret = install_accepted(t, accepted, addr, size_addr, flags);
	else if (ret == -EAGAIN && file_may_block(file) &&
		 socket_may_wait(t, file, false, &interrupted))
		ret = call_wait_file(
			t, file, &s->waitq, READ_EVENTS, interrupted);
	file_put(file);
	return ret;
}

long sys_accept(struct task *t, int fd, uaddr_t addr, uaddr_t size_addr)
{
	return sys_accept4(t, fd, addr, size_addr, 0);
}

static long tell_name(
	struct task *t, int fd, bool peer, uaddr_t addr, uaddr_t size_addr)
{
	struct socket_address name;
	struct file *file;
	int ret;
	struct socket *s = socket_find(t, fd, &file, &ret);

	if (!s)
		return ret;
	ret = s->ops->name(s, peer, &name);
	if (ret == 0)
		ret = address_out(t, &name, addr, size_addr);
	file_put(file);
	return ret;
}

long sys_getsockname(struct task *t, int fd, uaddr_t addr, uaddr_t size)
{
	return tell_name(t, fd, false, addr, size);
}

long sys_getpeername(struct task *t, int fd, uaddr_t addr, uaddr_t size)
{
	return tell_name(t, fd, true, addr, size);
}

long sys_shutdown(struct task *t, int fd, int how)
{
	struct file *file;
	int ret;
	struct socket *s = socket_find(t, fd, &file, &ret);

	if (!s)
		return ret;
	ret = -EINVAL;
	if (how == SHUT_RD || how == SHUT_WR || how == SHUT_RDWR)
		ret = s->ops->shutdown(s, how);
	file_put(file);
	return ret;
}

/* ---- Options ----------------------------------------------------------- */

long sys_setsockopt(
	struct task *t, int fd, int level, int option, uaddr_t addr, int size)
{
	char value[OPTION_MAX];
	struct file *file;
	int ret;
	struct socket *s;

	if (size < 0)
		return -EINVAL;
	s = socket_find(t, fd, &file, &ret);
	if (!s)
		return ret;
	if ((size_t)size > sizeof(value))
		size = sizeof(value);
	ret = copy_in(t->mm, value, addr, (size_t)size);
	if (ret == 0)
		ret = socket_set_option(
			s, t, level, option, value, (size_t)size);
	file_put(file);
	return ret;
}

static int get_option(struct task *t, struct socket *s, int level, int option,
	uaddr_t addr, uaddr_t size_addr)
{
	char value[OPTION_MAX] = {0};
	int room, ret;
	size_t size;

	if (get_user(t->mm, &room, size_addr) < 0)
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	size = MIN((size_t)room, sizeof(value));
	ret = socket_get_option(s, level, option, value, &size);
	if (ret < 0)
		return ret;
	room = (int)size;
	if (copy_out(t->mm, addr, value, size) < 0)
		return -EFAULT;
	return put_user(t->mm, size_addr, &room);
}

long sys_getsockopt(struct task *t, int fd, int level, int option, uaddr_t addr,
	uaddr_t size_addr)
{
	struct file *file;
	int ret;
	struct socket *s = socket_find(t, fd, &file, &ret);

	if (!s)
		return ret;
	ret = get_option(t, s, level, option, addr, size_addr);
	file_put(file);
	return ret;
}
