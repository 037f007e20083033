/* eventfd(2): a counter. */
#include "sentry/fs/anon/anon.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "lib/checked.h"
#include "sentry/vfs/vfs.h"

#define COUNT_MAX (UINT64_MAX - 1)

struct eventfd {
	uint64_t count; /* <= COUNT_MAX */
	bool semaphore; /* a read takes one */
	struct waitq waitq;
};

static ssize_t eventfd_read(struct file *file, struct uio *uio, off_t *off)
{
	struct eventfd *e = file->priv;
	uint64_t value;

	if (uio->left < sizeof(value))
		return -EINVAL;
	if (!e->count)
		return -EAGAIN;
	value = e->semaphore ? 1 : e->count;
	e->count -= value;
	waitq_wake(&e->waitq, EPOLLOUT);
	/* As in Linux the value is gone even if the address is bad. */
	if (uio_copy_out(uio, &value, sizeof(value)) != sizeof(value))
		return -EFAULT;
	return sizeof(value);
}

static ssize_t eventfd_write(struct file *file, struct uio *uio, off_t *off)
{
	struct eventfd *e = file->priv;
	struct uio start = *uio;
	uint64_t value;

	if (uio->left != sizeof(value))
		return -EINVAL; /* more was taken before Linux 6.7 */
	if (uio_copy_in(uio, &value, sizeof(value)) != sizeof(value))
		return -EFAULT;
	if (value > COUNT_MAX)
		return -EINVAL;
	if (value > COUNT_MAX - e->count) {
		*uio = start;
		return -EAGAIN;
	}
	e->count += value;
	waitq_wake(&e->waitq, EPOLLIN);
	return sizeof(value);
}

static uint32_t eventfd_poll(struct file *file)
{
	const struct eventfd *e = file->priv;
	uint32_t events = 0;

	if (e->count)
		events |= EPOLLIN;
	if (e->count < COUNT_MAX)
		events |= EPOLLOUT;
	return events;
}

static struct waitq *eventfd_waitq(struct file *file)
{
	struct eventfd *e = file->priv;

	return &e->waitq;
}

static void eventfd_release(struct file *file)
{
	struct eventfd *e = file->priv;

	waitq_finish(&e->waitq);
	free(e);
}

static size_t eventfd_fdinfo(struct file *file, char *buf, size_t size)
{
	const struct eventfd *e = file->priv;
	int n = snprintf(buf, size, "eventfd-count: %16" PRIx64 "\n", e->count);

	return n < 0 || (size_t)n >= size ? 0 : (size_t)n;
}

static const struct file_ops eventfd_ops = {
	.read = eventfd_read,
	.write = eventfd_write,
	.poll = eventfd_poll,
	.waitq = eventfd_waitq,
	.release = eventfd_release,
	.show_fdinfo = eventfd_fdinfo,
	.seek = file_noop_seek,
	.no_seek = true,
};

int eventfd_file_new(
	uint64_t count, bool semaphore, unsigned int flags, struct file **out)
{
	struct inode *inode = inode_new_anonymous(0600);
	struct eventfd *e = alloc_zero(e);
	int ret = -ENOMEM;

	if (inode && e) {
		e->count = count;
		e->semaphore = semaphore;
		waitq_init(&e->waitq);
		ret = file_new_anonymous("anon_inode:[eventfd]", inode,
			&eventfd_ops, O_RDWR | flags, e, out);
	}
	if (ret < 0)
		free(e);
	inode_put(inode);
	return ret;
}
