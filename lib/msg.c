/* Whole messages, and descriptors, over a SOCK_SEQPACKET Unix socket. */
#include "lib/msg.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/*
 * Room for one descriptor more than anybody may send: with less, the kernel
 * would cut the list and say MSG_CTRUNC, which is an error all the same, but
 * it installs those that fit first.
 */
union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE((MSG_FDS_MAX + 1) * sizeof(int))];
};

int msg_pair(int socks[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks) < 0)
		return -errno;
	return 0;
}

int msg_send(int sock, const void *buf, size_t size, int host_fd)
{
	struct iovec iov = {(void *)(uintptr_t)buf, size};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	union control control;
	struct cmsghdr *head;
	ssize_t sent;

	if (host_fd >= 0) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int));
		head = CMSG_FIRSTHDR(&msg);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(head), &host_fd, sizeof(host_fd));
	}
	do
		sent = sendmsg(sock, &msg, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return -errno;
	return (size_t)sent == size ? 0 : -EIO;
}

/*
 * Moves the descriptors of a received message to fds, at most max; closes the
 * others. False if there were more or anything that is no descriptor.
 */
static bool take_fds(struct msghdr *msg, int *fds, size_t max, size_t *count)
{
	struct cmsghdr *head;
	bool fits = true;
	size_t bytes, off;
	int fd;

	*count = 0;
	for (head = CMSG_FIRSTHDR(msg); head; head = CMSG_NXTHDR(msg, head)) {
		if (head->cmsg_level != SOL_SOCKET ||
			head->cmsg_type != SCM_RIGHTS) {
			fits = false;
			continue;
		}
		bytes = head->cmsg_len - CMSG_LEN(0);
		for (off = 0; off + sizeof(fd) <= bytes; off += sizeof(fd)) {
			memcpy(&fd, CMSG_DATA(head) + off, sizeof(fd));
			if (*count < max) {
				fds[(*count)++] = fd;
			} else {
				close(fd);
				fits = false;
			}
		}
	}
	return fits;
}

ssize_t msg_recv(int sock, void *buf, size_t size, int *fds, size_t fd_max,
	size_t *fd_count)
{
	struct iovec iov = {buf, size};
	union control control;
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int taken[MSG_FDS_MAX];
	size_t count, i;
	ssize_t got;
	bool fits;

	do
		got = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == ECONNRESET ? 0 : -errno;

	fits = take_fds(&msg, taken, fd_max, &count);
	if (!fits || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
		for (i = 0; i < count; i++)
			close(taken[i]);
		return msg.msg_flags & MSG_TRUNC ? -EMSGSIZE : -EPROTO;
	}
	for (i = 0; i < count; i++)
		fds[i] = taken[i];
	*fd_count = count;
	return got;
}
