/*
 * Files on host descriptors that were passed in: the standard streams.
 *
 * A struct hostfd owns one host descriptor and is shared by the files opened
 * on it: the one made at start, and those a guest makes by opening
 * /proc/self/fd/N or /dev/stdout. It may be a pipe, a terminal, a socket, a
 * regular file or another character device.
 *
 * The open file description is shared with programs outside, so its flags
 * are never changed. Waiting is avoided by asking first: pipes and files with
 * RWF_NOWAIT, sockets with MSG_DONTWAIT, terminals with poll(2) and pieces
 * that fit into an empty buffer. Readiness comes from the event thread: each
 * kind of event that was found missing is armed once, and armed again by the
 * next operation that misses it. Edge-triggered watchers read until -EAGAIN,
 * so they miss nothing by that.
 *
 * The position of a regular file is the host's, shared with the outside, for
 * the file made at start; files opened later have their own.
 *
 * Linux: bytes of a pipe that were read but hit a bad guest address are lost.
 */
#include "sentry/fs/host/hostfd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/host.h"
#include "lib/checked.h"
#include "sentry/base/evloop.h"
#include "sentry/fs/host/hostfd_internal.h"
#include "sentry/vfs/vfs.h"

#define TTY_PIECE 2048 /* a terminal that polls writable has this much room */

/* Used within one operation only; the kernel lock guards it. */
static char bounce[65536];

static struct list terminals = LIST_INIT(terminals); /* of ->tty_node */

/* ---- Readiness --------------------------------------------------------- */

static uint32_t host_poll(const struct hostfd *h)
{
	struct pollfd pfd = {
		.fd = h->source.host_fd,
		.events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP,
	};

	/* The poll bits are the epoll bits. */
	if (poll(&pfd, 1, 0) <= 0)
		return 0;
	return (uint32_t)(unsigned short)pfd.revents;
}

/* Asks the event thread for events that were found missing. */
static void arm(struct hostfd *h, uint32_t events)
{
	if (!h->watched || (h->armed & events) == events)
		return;
	h->armed |= events;
	evloop_modify(&h->source, h->armed | EPOLLONESHOT);
}

static void host_ready(struct ev_source *source, uint32_t events)
{
	struct hostfd *h = container_of(source, struct hostfd, source);

	if (events & (EPOLLHUP | EPOLLERR))
		h->armed = 0;
	h->armed &= ~events;
	if (h->armed)
		evloop_modify(&h->source, h->armed | EPOLLONESHOT);
	waitq_wake(&h->waitq, events);
}

static uint32_t hostfd_poll(struct file *file)
{
	struct hostfd *h = file->priv;
	uint32_t events = host_poll(h);

	if (!file_readable(file))
		events &= ~(uint32_t)(EPOLLIN | EPOLLRDHUP);
	if (!file_writable(file))
		events &= ~(uint32_t)EPOLLOUT;
	if (events & EPOLLIN)
		events |= EPOLLRDNORM;
	if (events & EPOLLOUT)
		events |= EPOLLWRNORM;
	if (file_readable(file))
		arm(h, (EPOLLIN | EPOLLRDHUP) & ~events);
	if (file_writable(file))
		arm(h, EPOLLOUT & ~events);
	return events;
}

static struct waitq *hostfd_waitq(struct file *file)
{
	struct hostfd *h = file->priv;

	return h->watched ? &h->waitq : NULL;
}

/* ---- Bytes ------------------------------------------------------------- */

/* Is the position the one that the host keeps? */
static bool host_position(const struct file *file, const off_t *off)
{
	const struct hostfd *h = file->priv;

	return h->first == file && off == &file->pos;
}

static ssize_t result(ssize_t ret)
{
	return ret < 0 ? -errno : ret;
}

/* A stream: never waits. */
static ssize_t stream_read(struct hostfd *h, void *buf, size_t size)
{
	struct iovec iov = {buf, size};
	int fd = h->source.host_fd;
	ssize_t ret;

	if (S_ISSOCK(h->mode))
		return result(recv(fd, buf, size, MSG_DONTWAIT));
	if (!h->no_nowait) {
		ret = result(preadv2(fd, &iov, 1, -1, RWF_NOWAIT));
		if (ret != -EOPNOTSUPP)
			return ret;
		h->no_nowait = true;
	}
	if (!(host_poll(h) & (POLLIN | POLLHUP | POLLERR)))
		return -EAGAIN;
	return result(read(fd, buf, size));
}

static ssize_t stream_write(struct hostfd *h, const void *buf, size_t size)
{
	struct iovec iov = {(void *)(uintptr_t)buf, size};
	int fd = h->source.host_fd;
	ssize_t ret;

	if (S_ISSOCK(h->mode))
		return result(send(fd, buf, size, MSG_DONTWAIT | MSG_NOSIGNAL));
	if (!h->no_nowait) {
		ret = result(pwritev2(fd, &iov, 1, -1, RWF_NOWAIT));
		if (ret != -EOPNOTSUPP)
			return ret;
		h->no_nowait = true;
	}
	if (!(host_poll(h) & (POLLOUT | POLLHUP | POLLERR)))
		return -EAGAIN;
	return result(write(fd, buf, MIN(size, (size_t)TTY_PIECE)));
}

static ssize_t read_piece(
	struct file *file, void *buf, size_t size, const off_t *off)
{
	struct hostfd *h = file->priv;
	int fd = h->source.host_fd;

	if (!S_ISREG(h->mode))
		return stream_read(h, buf, size);
	if (host_position(file, off))
		return result(read(fd, buf, size));
	return result(pread(fd, buf, size, *off));
}

static ssize_t write_piece(
	struct file *file, const void *buf, size_t size, const off_t *off)
{
	struct hostfd *h = file->priv;
	int fd = h->source.host_fd;

	if (!S_ISREG(h->mode))
		return stream_write(h, buf, size);
	if (host_position(file, off))
		return result(write(fd, buf, size));
	return result(pwrite(fd, buf, size, *off));
}

static ssize_t hostfd_read(struct file *file, struct uio *uio, off_t *off)
{
	struct hostfd *h = file->priv;
	size_t want, moved, done = 0;
	ssize_t got;

	if (h->tty && !hostfd_tty_may_read(&got))
		return got;
	while (uio->left) {
		want = MIN(uio->left, sizeof(bounce));
		got = read_piece(file, bounce, want, off);
		if (got == -EAGAIN)
			arm(h, EPOLLIN);
		if (got <= 0)
			return done ? (ssize_t)done : got;
		moved = uio_copy_out(uio, bounce, (size_t)got);
		done += moved;
		*off += (off_t)moved;
		if (moved < (size_t)got) {
			if (S_ISREG(h->mode) && host_position(file, off))
				lseek(h->source.host_fd, (off_t)moved - got,
					SEEK_CUR);
			return done ? (ssize_t)done : -EFAULT;
		}
		/* One read of a stream is one message or line. */
		if ((size_t)got < want || !S_ISREG(h->mode))
			break;
	}
	return (ssize_t)done;
}

static ssize_t hostfd_write(struct file *file, struct uio *uio, off_t *off)
{
	struct hostfd *h = file->priv;
	struct uio saved;
	size_t have, done = 0;
	ssize_t put;

	while (uio->left) {
		saved = *uio;
		have = uio_copy_in(uio, bounce, MIN(uio->left, sizeof(bounce)));
		if (!have)
			return done ? (ssize_t)done : -EFAULT;
		put = write_piece(file, bounce, have, off);
		if (put < 0 || (size_t)put < have)
			hostfd_uio_rewind(uio, &saved, put < 0 ? 0 : put);
		if (put == -EAGAIN)
			arm(h, EPOLLOUT);
		if (put < 0)
			return done ? (ssize_t)done : put;
		done += (size_t)put;
		*off += put;
		if ((size_t)put < have)
			break;
	}
	return (ssize_t)done;
}

/*
 * Puts a uio back to where it was and moves it on by what was really taken.
 * Advancing a uio changes its pieces pointer and counts only, never the
 * pieces, so a copy of it is a bookmark.
 */
void hostfd_uio_rewind(struct uio *uio, const struct uio *saved, ssize_t taken)
{
	*uio = *saved;
	uio_skip(uio, (size_t)taken);
}

static off_t hostfd_seek(struct file *file, off_t off, int whence)
{
	struct hostfd *h = file->priv;
	off_t ret;

	if (!S_ISREG(h->mode) && !S_ISCHR(h->mode))
		return -ESPIPE;
	if (h->first != file && whence == SEEK_CUR) {
		off += file->pos;
		whence = SEEK_SET;
	}
	if (h->first != file && whence == SEEK_SET) {
		if (off < 0)
			return -EINVAL;
		file->pos = off;
		return off;
	}
	ret = result(lseek(h->source.host_fd, off, whence));
	if (ret >= 0)
		file->pos = ret;
	return ret;
}

/* ---- The rest of the operations ---------------------------------------- */

static int hostfd_map(struct file *file, int prot, bool shared, off_t off,
	size_t size, int *host_fd, off_t *host_off)
{
	struct hostfd *h = file->priv;

	if (!S_ISREG(h->mode))
		return -ENODEV;
	*host_fd = h->source.host_fd;
	*host_off = off;
	return 0;
}

static int hostfd_fsync(struct file *file, bool data_only)
{
	struct hostfd *h = file->priv;

	/* May take long; standard streams are rarely worth a helper thread. */
	if (!S_ISREG(h->mode))
		return -EINVAL;
	return (int)result(data_only ? fdatasync(h->source.host_fd)
				     : fsync(h->source.host_fd));
}

static int hostfd_fallocate(struct file *file, int mode, off_t off, off_t size)
{
	struct hostfd *h = file->priv;

	return (int)result(fallocate(h->source.host_fd, mode, off, size));
}

static void hostfd_put(struct hostfd *h)
{
	if (!ref_put(&h->ref))
		return;
	if (h->watched)
		evloop_remove(&h->source);
	if (h->inode) {
		h->inode->object = NULL;
		inode_put(h->inode);
	}
	list_del(&h->tty_node);
	waitq_finish(&h->waitq);
	close(h->source.host_fd);
	free(h);
}

static void hostfd_release(struct file *file)
{
	struct hostfd *h = file->priv;

	if (h->first == file)
		h->first = NULL;
	hostfd_put(h);
}

static const struct file_ops hostfd_fops = {
	.read = hostfd_read,
	.write = hostfd_write,
	.poll = hostfd_poll,
	.waitq = hostfd_waitq,
	.ioctl = hostfd_ioctl,
	.seek = hostfd_seek,
	.map = hostfd_map,
	.fsync = hostfd_fsync,
	.fallocate = hostfd_fallocate,
	.release = hostfd_release,
};

/* The same, for what has no position. */
static const struct file_ops hostfd_stream_fops = {
	.read = hostfd_read,
	.write = hostfd_write,
	.poll = hostfd_poll,
	.waitq = hostfd_waitq,
	.ioctl = hostfd_ioctl,
	.release = hostfd_release,
	.no_seek = true,
};

/* ---- The inode --------------------------------------------------------- */

static void fill_attr(struct attr *attr, const struct stat *st)
{
	attr->ino = st->st_ino;
	attr->mode = st->st_mode;
	attr->uid = st->st_uid;
	attr->gid = st->st_gid;
	attr->nlink = (uint32_t)st->st_nlink;
	attr->rdev = st->st_rdev;
	attr->size = (uint64_t)st->st_size;
	attr->blocks = (uint64_t)st->st_blocks;
	attr->blksize = (uint32_t)st->st_blksize;
	attr->atime = st->st_atim;
	attr->mtime = st->st_mtim;
	attr->ctime = st->st_ctim;
	attr->btime = st->st_ctim;
}

static int hostfd_getattr(struct inode *inode)
{
	struct hostfd *h = inode->object;
	struct stat st;

	/* Nothing changes under a file that is closed everywhere. */
	if (!h)
		return 0;
	if (host_fstat(h->source.host_fd, &st) < 0)
		return -errno;
	fill_attr(&inode->attr, &st);
	return 0;
}

/* Only the length, and only of what was passed in open for writing. */
static int hostfd_setattr(
	struct inode *inode, const struct attr *attr, unsigned int mask)
{
	struct hostfd *h = inode->object;

	if (mask & (ATTR_MODE | ATTR_UID | ATTR_GID))
		return -EPERM;
	if ((mask & ATTR_SIZE) && S_ISREG(inode->attr.mode) && h &&
		ftruncate(h->source.host_fd, (off_t)attr->size) < 0)
		return -errno;
	return hostfd_getattr(inode);
}

/* By /proc/self/fd/N and /dev/stdout: no more than was passed in. */
static int hostfd_open(struct inode *inode, struct file *file)
{
	struct hostfd *h = inode->object;

	if (!h)
		return -ENXIO;
	if (S_ISSOCK(h->mode))
		return -ENXIO;
	if ((file_readable(file) && !h->readable) ||
		(file_writable(file) && !h->writable))
		return -EACCES;
	ref_get(&h->ref);
	file->priv = h;
	file->ops = inode->fops;
	return 0;
}

static const struct inode_ops hostfd_iops = {
	.getattr = hostfd_getattr,
	.setattr = hostfd_setattr,
	.open = hostfd_open,
};

/* ---- Making one -------------------------------------------------------- */

/* As in /proc/PID/fd. */
static void describe(
	const struct hostfd *h, const struct stat *st, char *buf, size_t size)
{
	const char *kind = "host";

	if (S_ISFIFO(st->st_mode))
		kind = "pipe";
	else if (S_ISSOCK(st->st_mode))
		kind = "socket";
	else if (h->tty)
		kind = "tty";
	snprintf(buf, size, "%s:[%llu]", kind, (unsigned long long)st->st_ino);
}

/* The inode and file on h, which they take over when it succeeds. */
static int make_file(struct hostfd *h, const struct stat *st,
	unsigned int flags, struct file **out)
{
	const struct file_ops *ops = &hostfd_stream_fops;
	struct inode *inode = inode_new_anonymous(st->st_mode);
	char name[64];
	int ret;

	if (!inode)
		return -ENOMEM;
	if (S_ISREG(st->st_mode) || (S_ISCHR(st->st_mode) && !h->tty))
		ops = &hostfd_fops;
	fill_attr(&inode->attr, st);
	inode->ops = &hostfd_iops;
	inode->fops = ops;
	inode->object = h;
	describe(h, st, name, sizeof(name));
	ret = file_new_anonymous(name, inode, ops, flags, h, out);
	if (ret < 0) {
		inode->object = NULL;
		inode_put(inode);
		return ret;
	}
	h->inode = inode;
	h->first = *out;
	if (S_ISREG(st->st_mode)) {
		off_t pos = lseek(h->source.host_fd, 0, SEEK_CUR);

		(*out)->pos = pos < 0 ? 0 : pos;
	}
	return 0;
}

int hostfd_file_new(int host_fd, unsigned int flags, struct file **out)
{
	struct hostfd *h = alloc_zero(h);
	struct stat st;
	int ret;

	if (!h) {
		close(host_fd);
		return -ENOMEM;
	}
	ref_init(&h->ref);
	list_init(&h->tty_node);
	waitq_init(&h->waitq);
	h->source.host_fd = host_fd;
	h->source.ready = host_ready;
	if (host_fstat(host_fd, &st) < 0) {
		ret = -errno;
		goto fail;
	}
	h->mode = st.st_mode;
	h->tty = S_ISCHR(st.st_mode) && isatty(host_fd);
	if (h->tty)
		list_add_tail(&terminals, &h->tty_node);
	h->readable = (flags & O_ACCMODE) != O_WRONLY;
	h->writable = (flags & O_ACCMODE) != O_RDONLY;
	ret = evloop_add(&h->source, EPOLLONESHOT);
	if (ret < 0 && ret != -EPERM)
		goto fail;
	h->watched = ret == 0;
	ret = make_file(h, &st, flags, out);
	if (ret == 0)
		return 0;
fail:
	hostfd_put(h);
	return ret;
}

bool hostfd_has_terminal(void)
{
	return !list_empty(&terminals);
}

int hostfd_open_terminal(struct file *file)
{
	struct hostfd *h;

	list_for_each(h, &terminals, tty_node)
	{
		if ((file_readable(file) && !h->readable) ||
			(file_writable(file) && !h->writable))
			continue;
		ref_get(&h->ref);
		file->priv = h;
		file->ops = &hostfd_stream_fops;
		return 0;
	}
	return -ENXIO;
}

int hostfd_private(int host_fd)
{
	int flags = fcntl(host_fd, F_GETFL);
	char name[32];
	struct stat st;
	int fd;

	if (flags < 0 || host_fstat(host_fd, &st) < 0)
		return -EBADF;
	if (!S_ISFIFO(st.st_mode) && !isatty(host_fd))
		return host_fd;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", host_fd);
	fd = open(
		name, (flags & O_ACCMODE) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return host_fd;
	close(host_fd);
	return fd;
}
