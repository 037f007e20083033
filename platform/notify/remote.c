/*
 * Reaching a parked stub: its area's memory, its notification, and the
 * descriptors it is lent.
 */
#include "platform/notify/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "lib/log.h"

/* The one place where a guest address becomes an iovec. */
static struct iovec remote_iov(uaddr_t at, size_t size)
{
	return (struct iovec){(void *)(uintptr_t)at, size};
}

bool remote_read(struct notify_thread *t, uaddr_t from, void *to, size_t size)
{
	struct iovec local = {to, size};
	struct iovec remote = remote_iov(from, size);

	return process_vm_readv(t->base.host_tid, &local, 1, &remote, 1, 0) ==
	       (ssize_t)size;
}

bool remote_write(
	struct notify_thread *t, uaddr_t to, const void *from, size_t size)
{
	struct iovec local = {(void *)(uintptr_t)from, size};
	struct iovec remote = remote_iov(to, size);

	return process_vm_writev(t->base.host_tid, &local, 1, &remote, 1, 0) ==
	       (ssize_t)size;
}

bool remote_write2(struct notify_thread *t, uaddr_t to, const void *from,
	size_t size, uaddr_t to2, const void *from2, size_t size2)
{
	struct iovec local[2] = {{(void *)(uintptr_t)from, size},
		{(void *)(uintptr_t)from2, size2}};
	struct iovec remote[2] = {remote_iov(to, size), remote_iov(to2, size2)};

	return process_vm_writev(t->base.host_tid, local, 2, remote, 2, 0) ==
	       (ssize_t)(size + size2);
}

static void send_answer(
	struct notify *n, uint64_t id, int64_t value, uint32_t flags)
{
	struct seccomp_notif_resp resp = {
		.id = id,
		.val = value,
		.flags = flags,
	};

	/* ENOENT: the thread was killed meanwhile; EVENT_DEAD will follow. */
	if (ioctl(n->listener, SECCOMP_IOCTL_NOTIF_SEND, &resp) < 0 &&
		errno != ENOENT)
		log_error("notify: answer: errno %d", errno);
}

void answer(struct notify *n, uint64_t id, int64_t value)
{
	send_answer(n, id, value, 0);
}

void answer_continue(struct notify *n, uint64_t id)
{
	send_answer(n, id, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

/* With send also answers the notification: the number is the answer. */
int lend_fd(struct notify_thread *t, int host_fd, int number, bool send)
{
	struct seccomp_notif_addfd add = {
		.id = t->notif,
		.flags = SECCOMP_ADDFD_FLAG_SETFD,
		.srcfd = (uint32_t)host_fd,
		.newfd = (uint32_t)number,
		.newfd_flags = O_CLOEXEC,
	};

	if (send)
		add.flags |= SECCOMP_ADDFD_FLAG_SEND;
	if (ioctl(t->n->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add) < 0)
		return -errno;
	return 0;
}
