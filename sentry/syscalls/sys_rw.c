/*
 * Moving bytes between guest memory and one file: the read and write families
 * and lseek.
 *
 * A file operation never waits: it says -EAGAIN, and the call is parked on
 * the file and tried again from the start. A write to a pipe, socket or
 * terminal that found room for a part keeps the count in call.progress and
 * skips that much on the next try; a signal then ends it with the count.
 */
#include "sentry/syscalls/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "sentry/kernel/fdtable.h"
#include "sentry/syscalls/files.h"

#ifndef RWF_NOAPPEND
#define RWF_NOAPPEND 0x20
#endif
#define RWF_HANDLED                                                            \
	(RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND |          \
		RWF_NOAPPEND)

/* ---- On an open file --------------------------------------------------- */

long read_file(struct task *t, struct file *file, struct uio *uio, off_t *off,
	bool nowait)
{
	ssize_t ret = file_read(file, uio, off);

	long interrupted = -ERESTARTSYS;

	if (ret != -EAGAIN || nowait || !file_may_block(file) ||
		!socket_may_wait(t, file, false, &interrupted))
		return ret;
	return call_wait_file(
		t, file, file_waitq(file), READ_EVENTS, interrupted);
}

/* Files whose short write means "full for now", so that a call goes on. */
static bool writes_stream(const struct file *file)
{
	mode_t mode = file->inode->attr.mode;

	return S_ISFIFO(mode) || S_ISSOCK(mode) || S_ISCHR(mode);
}

/* Where a write will start, for the size limit. */
static off_t write_start(struct file *file, const off_t *off)
{
	if ((file->flags & O_APPEND) && inode_getattr(file->inode) == 0)
		return (off_t)file->inode->attr.size;
	return off ? *off : file->pos;
}

long write_file(struct task *t, struct file *file, struct uio *uio, off_t *off,
	bool nowait)
{
	uint64_t *done = &t->call.progress;
	long interrupted = -ERESTARTSYS;
	ssize_t ret;

	if (S_ISREG(file->inode->attr.mode) && uio->left) {
		ret = fsize_allowed(t, file, write_start(file, off), uio->left);
		if (ret < 0)
			return ret;
		uio->left = (size_t)ret;
	}
	uio_skip(uio, *done);
	do {
		ret = file_write(file, uio, off);
		if (ret > 0)
			*done += (uint64_t)ret;
	} while (ret > 0 && uio->left && writes_stream(file));

	if (ret == -EPIPE)
		signal_self(t, SIGPIPE);
	if (ret == -EAGAIN && !nowait && file_may_block(file) &&
		socket_may_wait(t, file, true, &interrupted))
		return call_wait_file(t, file, file_waitq(file), WRITE_EVENTS,
			*done ? (long)*done : interrupted);
	return *done ? (long)*done : ret;
}

/* ---- read, write, pread64, pwrite64 ------------------------------------ */

/* What every call checks, in this order; 0, or -errno. */
static int check_file(const struct file *file, bool write, bool positioned)
{
	if (positioned && file->ops->no_seek)
		return -ESPIPE;
	if (write ? !file_writable(file) : !file_readable(file))
		return -EBADF;
	if (write)
		return file->ops->write ? 0 : -EINVAL;
	if (!file->ops->read && !S_ISDIR(file->inode->attr.mode))
		return -EINVAL;
	return 0;
}

static long rw_single(struct task *t, int fd, uaddr_t buf, size_t size,
	off_t *off, bool write)
{
	struct file *file = call_file(t, fd);
	struct uio uio;
	long ret;

	if (!file)
		return -EBADF;
	ret = check_file(file, write, off != NULL);
	if (ret < 0)
		goto out;
	ret = -EFAULT;
	if (!access_ok(buf, size))
		goto out;
	uio_init(&uio, t->mm, buf, size < UIO_MAX_RW ? size : UIO_MAX_RW);
	if (write)
		ret = write_file(t, file, &uio, off, false);
	else
		ret = read_file(t, file, &uio, off, false);
	uio_finish(&uio);
out:
	file_put(file);
	return ret;
}

long sys_read(struct task *t, int fd, uaddr_t buf, size_t size)
{
	return rw_single(t, fd, buf, size, NULL, false);
}

long sys_write(struct task *t, int fd, uaddr_t buf, size_t size)
{
	return rw_single(t, fd, buf, size, NULL, true);
}

long sys_pread64(struct task *t, int fd, uaddr_t buf, size_t size, int64_t off)
{
	off_t pos = off;

	if (off < 0)
		return -EINVAL;
	return rw_single(t, fd, buf, size, &pos, false);
}

long sys_pwrite64(struct task *t, int fd, uaddr_t buf, size_t size, int64_t off)
{
	off_t pos = off;

	if (off < 0)
		return -EINVAL;
	return rw_single(t, fd, buf, size, &pos, true);
}

/* ---- The vectors ------------------------------------------------------- */

/* The flags of one call stand in for the file's while it runs. */
static unsigned int flags_for_call(unsigned int flags, int rwf)
{
	if (rwf & RWF_APPEND)
		flags |= O_APPEND;
	if (rwf & RWF_NOAPPEND)
		flags &= ~(unsigned int)O_APPEND;
	return flags;
}

static long write_with_flags(
	struct task *t, struct file *file, struct uio *uio, off_t *off, int rwf)
{
	unsigned int saved = file->flags;
	long ret;

	file->flags = flags_for_call(saved, rwf);
	ret = write_file(t, file, uio, off, rwf & RWF_NOWAIT);
	file->flags = saved;
	if (ret > 0 && (rwf & (RWF_DSYNC | RWF_SYNC)) && file->ops->fsync)
		file->ops->fsync(file, !(rwf & RWF_SYNC));
	return ret;
}

static long rw_vector(struct task *t, int fd, uaddr_t iov, size_t count,
	off_t *off, int rwf, bool write)
{
	struct file *file = call_file(t, fd);
	struct uio uio;
	long ret;

	if (!file)
		return -EBADF;
	ret = check_file(file, write, off != NULL);
	if (ret < 0)
		goto out;
	ret = uio_init_iov(&uio, t->mm, iov, count);
	if (ret < 0)
		goto out;
	if (!uio.left)
		ret = 0;
	else if (rwf & ~RWF_HANDLED)
		ret = -EOPNOTSUPP;
	else if ((rwf & RWF_APPEND) && (rwf & RWF_NOAPPEND))
		ret = -EINVAL;
	else if (write)
		ret = write_with_flags(t, file, &uio, off, rwf);
	else
		ret = read_file(t, file, &uio, off, rwf & RWF_NOWAIT);
	uio_finish(&uio);
out:
	file_put(file);
	return ret;
}

long sys_readv(struct task *t, int fd, uaddr_t iov, unsigned long count)
{
	return rw_vector(t, fd, iov, count, NULL, 0, false);
}

long sys_writev(struct task *t, int fd, uaddr_t iov, unsigned long count)
{
	return rw_vector(t, fd, iov, count, NULL, 0, true);
}

/* The upper half of the position means nothing where a long has 64 bits. */
long sys_preadv(struct task *t, int fd, uaddr_t iov, unsigned long count,
	int64_t off, unsigned long off_high)
{
	off_t pos = off;

	if (off < 0)
		return -EINVAL;
	return rw_vector(t, fd, iov, count, &pos, 0, false);
}

long sys_pwritev(struct task *t, int fd, uaddr_t iov, unsigned long count,
	int64_t off, unsigned long off_high)
{
	off_t pos = off;

	if (off < 0)
		return -EINVAL;
	return rw_vector(t, fd, iov, count, &pos, 0, true);
}

long sys_preadv2(struct task *t, int fd, uaddr_t iov, unsigned long count,
	int64_t off, unsigned long off_high, int rwf)
{
	off_t pos = off;

	if (off < -1)
		return -EINVAL;
	return rw_vector(
		t, fd, iov, count, off == -1 ? NULL : &pos, rwf, false);
}

long sys_pwritev2(struct task *t, int fd, uaddr_t iov, unsigned long count,
	int64_t off, unsigned long off_high, int rwf)
{
	off_t pos = off;

	if (off < -1)
		return -EINVAL;
	return rw_vector(t, fd, iov, count, off == -1 ? NULL : &pos, rwf, true);
}

long sys_lseek(struct task *t, int fd, int64_t off, unsigned int whence)
{
	struct file *file = fd_get(t, fd);
	long ret;

	if (!file)
		return -EBADF;
	ret = -EINVAL;
	if (whence <= SEEK_HOLE)
		ret = file_seek(file, off, (int)whence);
	file_put(file);
	return ret;
}
