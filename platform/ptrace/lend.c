/*
 * Lent descriptors.
 *
 * A guest process holds no host descriptor but number 0, one end of a socket
 * that all of them share. A thread that borrows is sent its descriptors
 * through it and receives them from the gate; its calls use them; a
 * close_range() ends the loan. Host descriptor tables are one per host thread
 * (a clone never shares them), so the numbers are known without asking: 1, 2...
 *
 * The socket has one queue, so one thread at a time stands between sending and
 * receiving. What it was sent and did not take, because it was killed or
 * because another thread spoiled the message buffer, is taken back here.
 */
#include "platform/ptrace/ptrace.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/log.h"

/* The receive's message, in the scratch area of the stub. */
struct lend_message {
	struct msghdr header;
	struct iovec part;
	uint64_t byte;
	char control[CMSG_SPACE(PLATFORM_FDS_MAX * sizeof(int))];
};
_Static_assert(sizeof(struct lend_message) <= SCRATCH_SIZE, "scratch area");

int lend_open(struct tracer *p)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return -errno;
	p->lend_fd = ends[0];
	p->guest_fd = ends[1];
	return 0;
}

void lend_close(struct tracer *p)
{
	close(p->lend_fd);
	close(p->guest_fd);
}

static int send_fds(struct tracer *p, const int *fds, size_t count)
{
	struct lend_message m = {0};
	struct msghdr header = {
		.msg_iov = &m.part,
		.msg_iovlen = 1,
		.msg_control = m.control,
		.msg_controllen = CMSG_SPACE(count * sizeof(int)),
	};
	struct cmsghdr *c;

	m.part.iov_base = &m.byte;
	m.part.iov_len = 1;
	c = CMSG_FIRSTHDR(&header);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(c), fds, count * sizeof(int));
	if (sendmsg(p->lend_fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL) != 1)
		return -errno;
	return 0;
}

/* Nothing is in the socket while nobody stands between send and receive. */
static void take_back(struct tracer *p)
{
	char byte;

	/* Descriptors that come without room for them are closed. */
	while (recv(p->guest_fd, &byte, 1, MSG_DONTWAIT) >= 0)
		continue;
}

static int put_message(struct tracee *t)
{
	uaddr_t at = GATE_SCRATCH;
	struct lend_message m = {0};
	struct iovec from = {&m, sizeof(m)};
	struct iovec to = {.iov_len = sizeof(m)};
	ssize_t n;

	to.iov_base = (void *)(uintptr_t)at;
	m.part.iov_base = (char *)to.iov_base +
			  offsetof(struct lend_message, byte);
	m.part.iov_len = 1;
	m.header.msg_iov = (void *)((char *)to.iov_base +
				    offsetof(struct lend_message, part));
	m.header.msg_iovlen = 1;
	m.header.msg_control = (char *)to.iov_base +
			       offsetof(struct lend_message, control);
	m.header.msg_controllen = sizeof(m.control);
	n = process_vm_writev(t->base.host_tid, &from, 1, &to, 1, 0);
	if (n < 0)
		return -errno;
	return n == (ssize_t)sizeof(m) ? 0 : -EFAULT;
}

static void receive(struct tracee *t)
{
	struct tracer *p = t->platform;
	const uint64_t args[6] = {
		0, GATE_SCRATCH, MSG_CMSG_CLOEXEC | MSG_DONTWAIT};
	int ret;

	p->lender = t;
	t->step = STEP_RECEIVE;
	ret = put_message(t);
	if (ret < 0) {
		/*
		 * Its end frees the socket. A thread that is dying (ESRCH) may
		 * do so because another one executes.
		 */
		if (ret != -ESRCH)
			process_kill(container_of(
				t->base.space, struct process, base));
		return;
	}
	ret = send_fds(p, t->fds, t->fd_count);
	if (ret == 0)
		gate_call(t, SYS_recvmsg, args);
	else
		work_call_done(t, ret);
}

void lend_begin(struct tracee *t)
{
	struct tracer *p = t->platform;

	if (p->lender == NULL) {
		receive(t);
		return;
	}
	list_del(&t->lend_node);
	list_add_tail(&p->borrowers, &t->lend_node);
}

void lend_end(struct tracee *t, bool received)
{
	struct tracer *p = t->platform;
	struct tracee *next;

	list_del(&t->lend_node);
	if (p->lender != t)
		return;
	if (!received)
		take_back(p);
	p->lender = NULL;
	if (list_empty(&p->borrowers))
		return;
	next = list_first(&p->borrowers, struct tracee, lend_node);
	list_del(&next->lend_node);
	receive(next);
}
