/*
 * Moving bytes between two files: sendfile, copy_file_range, splice, tee and
 * vmsplice.
 *
 * No pages change hands here: bytes go through one buffer of the sentry.
 * Calls without a user's size limit move COPY_MAX bytes at most and return
 * the shorter count that their manual pages allow, so that one guest cannot
 * keep the kernel lock.
 */
#include "sentry/syscalls/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/checked.h"
#include "sentry/fs/anon/pipe.h"
#include "sentry/kernel/fdtable.h"
#include "sentry/syscalls/files.h"

#define COPY_MAX (16u << 20)
#define SPLICE_FLAGS                                                           \
	((unsigned int)(SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE |    \
			SPLICE_F_GIFT))

/* Used within one call only; the kernel lock guards it. */
static char bounce[65536];

struct file_pair {
	struct file *in;
	struct file *out;
};

static int pair_get(struct task *t, int in, int out, struct file_pair *pair)
{
	pair->in = fd_get(t, in);
	pair->out = fd_get(t, out);
	if (pair->in && pair->out)
		return 0;
	if (pair->in)
		file_put(pair->in);
	if (pair->out)
		file_put(pair->out);
	return -EBADF;
}

static void pair_put(struct file_pair *pair)
{
	file_put(pair->in);
	file_put(pair->out);
}

static ssize_t write_kernel(
	struct file *file, char *buf, size_t size, off_t *off)
{
	struct uio uio;
	ssize_t ret;

	uio_init_kernel(&uio, buf, size);
	ret = file_write(file, &uio, off);
	uio_finish(&uio);
	return ret;
}

static ssize_t read_kernel(
	struct file *file, char *buf, size_t size, off_t *off)
{
	struct uio uio;
	ssize_t ret;

	uio_init_kernel(&uio, buf, size);
	ret = file_read(file, &uio, off);
	uio_finish(&uio);
	return ret;
}

/*
 * Copies from *in_off on to out_off (NULL: out's position); both move. Bytes
 * moved, or the error if there were none. Only what was written counts as
 * read.
 */
static ssize_t copy_bytes(struct file *in, off_t *in_off, struct file *out,
	off_t *out_off, size_t size)
{
	size_t done = 0;
	ssize_t got, put;
	off_t pos;

	while (done < size) {
		pos = *in_off;
		got = read_kernel(
			in, bounce, MIN(size - done, sizeof(bounce)), &pos);
		if (got <= 0)
			return done ? (ssize_t)done : got;
		put = write_kernel(out, bounce, (size_t)got, out_off);
		if (put <= 0)
			return done ? (ssize_t)done : put;
		*in_off += put;
		done += (size_t)put;
		if (put < got)
			break;
	}
	return (ssize_t)done;
}

/* ---- Positions --------------------------------------------------------- */

/* A passed-in host file shares its position with others: it is asked. */
static off_t own_position(struct file *file)
{
	off_t pos = file->ops->no_seek ? 0 : file_seek(file, 0, SEEK_CUR);

	return pos < 0 ? 0 : pos;
}

static int offset_in(
	struct task *t, uaddr_t addr, struct file *file, off_t *off)
{
	if (addr)
		return get_user(t->mm, off, addr);
	*off = own_position(file);
	return 0;
}

/* Stores a moved position back: in the guest's variable or the file. */
static int offset_out(
	struct task *t, uaddr_t addr, struct file *file, off_t off)
{
	if (addr)
		return put_user(t->mm, addr, &off);
	file_seek(file, off, SEEK_SET);
	return 0;
}

/* ---- sendfile ---------------------------------------------------------- */

static int sendfile_check(const struct file_pair *pair, bool positioned)
{
	if (!file_readable(pair->in))
		return -EBADF;
	if (positioned && pair->in->ops->no_seek)
		return -ESPIPE;
	if (!file_writable(pair->out))
		return -EBADF;
	if (pair->in->ops->no_seek || S_ISDIR(pair->in->inode->attr.mode))
		return -EINVAL;
	if ((pair->out->flags & O_APPEND) || !pair->out->ops->write)
		return -EINVAL;
	return 0;
}

static long do_sendfile(
	struct task *t, struct file_pair *pair, off_t *pos, size_t size)
{
	ssize_t ret;

	ret = fsize_allowed(t, pair->out, pair->out->pos, size);
	if (ret < 0)
		return ret;
	size = MIN((size_t)ret, COPY_MAX);
	ret = copy_bytes(pair->in, pos, pair->out, NULL, size);
	if (ret == -EPIPE)
		signal_self(t, SIGPIPE);
	if (ret == -EAGAIN && file_may_block(pair->out))
		return call_wait(
			t, file_waitq(pair->out), WRITE_EVENTS, -ERESTARTSYS);
	return ret;
}

long sys_sendfile(
	struct task *t, int out_fd, int in_fd, uaddr_t off_addr, size_t size)
{
	struct file_pair pair;
	off_t pos = 0;
	long ret;

	if (off_addr) {
		ret = get_user(t->mm, &pos, off_addr);
		if (ret < 0)
			return ret;
	}
	ret = pair_get(t, in_fd, out_fd, &pair);
	if (ret < 0)
		return ret;
	ret = sendfile_check(&pair, off_addr != 0);
	if (ret < 0)
		goto out;
	ret = -EINVAL;
	if (pos < 0)
		goto out;
	if (!off_addr)
		pos = own_position(pair.in);
	ret = do_sendfile(t, &pair, &pos, size);
	if (ret >= 0 && offset_out(t, off_addr, pair.in, pos) < 0)
		ret = -EFAULT;
out:
	pair_put(&pair);
	return ret;
}

/* ---- copy_file_range --------------------------------------------------- */

static int copy_range_check(const struct file_pair *pair)
{
	mode_t in = pair->in->inode->attr.mode;
	mode_t out = pair->out->inode->attr.mode;

	if (S_ISDIR(in) || S_ISDIR(out))
		return -EISDIR;
	if (!S_ISREG(in) || !S_ISREG(out))
		return -EINVAL;
	if (!file_readable(pair->in) || !file_writable(pair->out) ||
		(pair->out->flags & O_APPEND))
		return -EBADF;
	return 0;
}

static long copy_range(struct task *t, struct file_pair *pair, off_t *in_off,
	off_t *out_off, size_t size)
{
	off_t end;
	ssize_t ret;

	if (*in_off < 0 || *out_off < 0)
		return -EINVAL;
	if (__builtin_add_overflow(*in_off, size, &end) ||
		__builtin_add_overflow(*out_off, size, &end))
		return -EOVERFLOW;
	ret = inode_getattr(pair->in->inode);
	if (ret < 0)
		return ret;
	if ((uint64_t)*in_off >= pair->in->inode->attr.size)
		size = 0;
	else
		size = MIN(
			size, pair->in->inode->attr.size - (uint64_t)*in_off);
	ret = fsize_allowed(t, pair->out, *out_off, size);
	if (ret < 0)
		return ret;
	size = (size_t)ret;
	if (pair->in->inode == pair->out->inode &&
		*in_off < *out_off + (off_t)size &&
		*out_off < *in_off + (off_t)size)
		return -EINVAL;
	return copy_bytes(
		pair->in, in_off, pair->out, out_off, MIN(size, COPY_MAX));
}

long sys_copy_file_range(struct task *t, int in_fd, uaddr_t in_addr, int out_fd,
	uaddr_t out_addr, size_t size, unsigned int flags)
{
	struct file_pair pair;
	off_t in_off, out_off;
	long ret = pair_get(t, in_fd, out_fd, &pair);

	if (ret < 0)
		return ret;
	ret = offset_in(t, in_addr, pair.in, &in_off);
	if (ret < 0)
		goto out;
	ret = offset_in(t, out_addr, pair.out, &out_off);
	if (ret < 0)
		goto out;
	ret = -EINVAL;
	if (flags)
		goto out;
	ret = copy_range_check(&pair);
	if (ret < 0)
		goto out;
	ret = copy_range(t, &pair, &in_off, &out_off, size);
	if (ret <= 0)
		goto out;
	if (offset_out(t, in_addr, pair.in, in_off) < 0 ||
		offset_out(t, out_addr, pair.out, out_off) < 0)
		ret = -EFAULT;
out:
	pair_put(&pair);
	return ret;
}

/* ---- splice ------------------------------------------------------------ */

/* Waits for one side unless the call must not. */
static long splice_wait(
	struct task *t, struct file *file, uint32_t events, unsigned int flags)
{
	struct waitq *q = file_waitq(file);

	if ((flags & SPLICE_F_NONBLOCK) || !file_may_block(file) || !q)
		return -EAGAIN;
	return call_wait(t, q, events, -ERESTARTSYS);
}

static long file_to_pipe(struct task *t, struct file_pair *pair, off_t *off,
	size_t size, unsigned int flags)
{
	ssize_t room = pipe_room(pair->out);
	ssize_t ret;

	if (room == -EPIPE)
		signal_self(t, SIGPIPE);
	if (room < 0)
		return room;
	if (!room)
		return splice_wait(t, pair->out, WRITE_EVENTS, flags);
	size = MIN(size, (size_t)room);
	size = MIN(size, sizeof(bounce));
	ret = read_kernel(pair->in, bounce, size, off);
	if (ret == -EAGAIN)
		return splice_wait(t, pair->in, READ_EVENTS,
			flags & ~(unsigned int)SPLICE_F_NONBLOCK);
	if (ret <= 0)
		return ret;
	return write_kernel(pair->out, bounce, (size_t)ret, NULL);
}

/* Also from one pipe to another. */
static long pipe_to_file(struct task *t, struct file_pair *pair, off_t *off,
	size_t size, unsigned int flags)
{
	ssize_t ret;

	ret = fsize_allowed(t, pair->out, off ? *off : pair->out->pos, size);
	if (ret < 0)
		return ret;
	size = MIN((size_t)ret, sizeof(bounce));
	ret = pipe_peek(pair->in, bounce, size);
	if (ret == -EAGAIN)
		return splice_wait(t, pair->in, READ_EVENTS, flags);
	if (ret <= 0)
		return ret;
	ret = write_kernel(pair->out, bounce, (size_t)ret, off);
	if (ret > 0)
		pipe_consume(pair->in, (size_t)ret);
	if (ret == -EPIPE)
		signal_self(t, SIGPIPE);
	if (ret == -EAGAIN)
		return splice_wait(t, pair->out, WRITE_EVENTS, flags);
	return ret;
}

static int splice_check(const struct file_pair *pair, bool in_off, bool out_off)
{
	bool in_pipe = file_is_pipe(pair->in);
	bool out_pipe = file_is_pipe(pair->out);

	if (!file_readable(pair->in) || !file_writable(pair->out))
		return -EBADF;
	if (!in_pipe && !out_pipe)
		return -EINVAL;
	if (in_pipe && out_pipe)
		return pair->in->inode == pair->out->inode ? -EINVAL : 0;
	if (in_pipe) {
		if (out_off && pair->out->ops->no_seek)
			return -EINVAL;
		if ((pair->out->flags & O_APPEND) || !pair->out->ops->write)
			return -EINVAL;
		return 0;
	}
	if (in_off && pair->in->ops->no_seek)
		return -EINVAL;
	return pair->in->ops->read ? 0 : -EINVAL;
}

static long do_splice(struct task *t, struct file_pair *pair, uaddr_t in_addr,
	uaddr_t out_addr, size_t size, unsigned int flags)
{
	bool from_pipe = file_is_pipe(pair->in);
	uaddr_t addr = from_pipe ? out_addr : in_addr;
	off_t off = 0;
	long ret;

	if ((from_pipe && in_addr) || (file_is_pipe(pair->out) && out_addr))
		return -ESPIPE;
	ret = addr ? get_user(t->mm, &off, addr) : 0;
	if (ret < 0)
		return ret;
	ret = splice_check(pair, in_addr != 0, out_addr != 0);
	if (ret < 0)
		return ret;
	if (off < 0)
		return -EINVAL;
	if (from_pipe)
		ret = pipe_to_file(t, pair, addr ? &off : NULL, size, flags);
	else
		ret = file_to_pipe(t, pair, addr ? &off : NULL, size, flags);
	if (ret > 0 && addr && put_user(t->mm, addr, &off) < 0)
		ret = -EFAULT;
	return ret;
}

long sys_splice(struct task *t, int in_fd, uaddr_t in_addr, int out_fd,
	uaddr_t out_addr, size_t size, unsigned int flags)
{
	struct file_pair pair;
	long ret;

	if (!size)
		return 0;
	if (flags & ~SPLICE_FLAGS)
		return -EINVAL;
	ret = pair_get(t, in_fd, out_fd, &pair);
	if (ret < 0)
		return ret;
	ret = do_splice(
		t, &pair, in_addr, out_addr, MIN(size, COPY_MAX), flags);
	pair_put(&pair);
	return ret;
}

/* ---- tee and vmsplice -------------------------------------------------- */

static long do_tee(
	struct task *t, struct file_pair *pair, size_t size, unsigned int flags)
{
	ssize_t room, ret;

	if (!file_readable(pair->in) || !file_writable(pair->out))
		return -EBADF;
	if (!file_is_pipe(pair->in) || !file_is_pipe(pair->out) ||
		pair->in->inode == pair->out->inode)
		return -EINVAL;
	ret = pipe_peek(pair->in, bounce, MIN(size, sizeof(bounce)));
	if (ret == -EAGAIN)
		return splice_wait(t, pair->in, READ_EVENTS, flags);
	if (ret <= 0)
		return ret;
	room = pipe_room(pair->out);
	if (room == -EPIPE)
		signal_self(t, SIGPIPE);
	if (room < 0)
		return room;
	if (!room)
		return splice_wait(t, pair->out, WRITE_EVENTS, flags);
	return write_kernel(
		pair->out, bounce, MIN((size_t)ret, (size_t)room), NULL);
}

long sys_tee(
	struct task *t, int in_fd, int out_fd, size_t size, unsigned int flags)
{
	struct file_pair pair;
	long ret;

	if (flags & ~SPLICE_FLAGS)
		return -EINVAL;
	if (!size)
		return 0;
	ret = pair_get(t, in_fd, out_fd, &pair);
	if (ret < 0)
		return ret;
	ret = do_tee(t, &pair, size, flags);
	pair_put(&pair);
	return ret;
}

long sys_vmsplice(struct task *t, int fd, uaddr_t iov, unsigned long count,
	unsigned int flags)
{
	struct file *file;
	struct uio uio;
	bool nowait = flags & SPLICE_F_NONBLOCK;
	long ret;

	if (flags & ~SPLICE_FLAGS)
		return -EINVAL;
	file = call_file(t, fd);
	if (!file)
		return -EBADF;
	ret = uio_init_iov(&uio, t->mm, iov, count);
	if (ret < 0)
		goto out;
	if (!uio.left)
		ret = 0;
	else if (!file_is_pipe(file))
		ret = -EBADF;
	else if (file_writable(file))
		ret = write_file(t, file, &uio, NULL, nowait);
	else
		ret = read_file(t, file, &uio, NULL, nowait);
	uio_finish(&uio);
out:
	file_put(file);
	return ret;
}
