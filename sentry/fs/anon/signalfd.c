/*
 * signalfd(2): pending signals as bytes.
 *
 * The file has only a mask; what is read is taken from the queues of the task
 * that reads. Readiness is that of the task that asks, too; an epoll is woken
 * by the process that added the file.
 */
#include "sentry/fs/anon/anon.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include "lib/checked.h"
#include "sentry/vfs/vfs.h"

_Static_assert(sizeof(struct signalfd_siginfo) == 128, "signalfd_siginfo");

struct signalfd {
	sigset_mask mask;
};

static void from_sender(
	const struct guest_siginfo *info, struct signalfd_siginfo *out)
{
	out->ssi_pid = (uint32_t)info->sender.pid;
	out->ssi_uid = info->sender.uid;
	if (info->code == SI_USER || info->code == SI_TKILL)
		return;
	if (info->code < 0) {
		out->ssi_ptr = info->sender.value;
		out->ssi_int = (int32_t)info->sender.value;
		return;
	}
	if (info->signo == SIGCHLD) {
		out->ssi_status = info->sender.status;
		out->ssi_utime = (uint64_t)info->sender.utime;
		out->ssi_stime = (uint64_t)info->sender.stime;
	}
}

/* Which part of a siginfo is valid depends on the number and the code. */
static void convert(
	const struct guest_siginfo *info, struct signalfd_siginfo *out)
{
	memset(out, 0, sizeof(*out));
	out->ssi_signo = (uint32_t)info->signo;
	out->ssi_errno = info->err;
	out->ssi_code = info->code;
	if (info->code == SI_TIMER) {
		out->ssi_tid = (uint32_t)info->timer.tid;
		out->ssi_overrun = (uint32_t)info->timer.overrun;
		out->ssi_ptr = info->timer.value;
		out->ssi_int = (int32_t)info->timer.value;
		return;
	}
	if (info->code <= 0 || info->code == SI_KERNEL) {
		from_sender(info, out);
		return;
	}
	switch (info->signo) {
	case SIGSEGV:
	case SIGBUS:
	case SIGILL:
	case SIGFPE:
	case SIGTRAP:
		out->ssi_addr = info->fault.addr;
		out->ssi_addr_lsb = (uint16_t)info->fault.addr_lsb;
		break;
	case SIGPOLL:
		out->ssi_band = (uint32_t)info->poll.band;
		out->ssi_fd = info->poll.fd;
		break;
	case SIGSYS:
		out->ssi_call_addr = info->sys.call_addr;
		out->ssi_syscall = info->sys.nr;
		out->ssi_arch = info->sys.arch;
		break;
	default:
		from_sender(info, out);
		break;
	}
}

static ssize_t signalfd_read(struct file *file, struct uio *uio, off_t *off)
{
	struct signalfd *s = file->priv;
	struct signalfd_siginfo out;
	struct guest_siginfo info;
	size_t done = 0;

	if (uio->left < sizeof(out))
		return -EINVAL;
	if (!current)
		return -EAGAIN;
	while (uio->left >= sizeof(out)) {
		if (!signal_dequeue(current, s->mask, &info))
			return done ? (ssize_t)done : -EAGAIN;
		convert(&info, &out);
		if (uio_copy_out(uio, &out, sizeof(out)) != sizeof(out))
			return done ? (ssize_t)done : -EFAULT;
		done += sizeof(out);
	}
	return (ssize_t)done;
}

static uint32_t signalfd_poll(struct file *file)
{
	const struct signalfd *s = file->priv;

	if (!current)
		return 0;
	if ((current->pending.pending | current->tg->pending.pending) & s->mask)
		return EPOLLIN;
	return 0;
}

static struct waitq *signalfd_waitq(struct file *file)
{
	return current ? &current->tg->signal_waitq : NULL;
}

static void signalfd_release(struct file *file)
{
	free(file->priv);
}

static size_t signalfd_fdinfo(struct file *file, char *buf, size_t size)
{
	const struct signalfd *s = file->priv;
	int n = snprintf(buf, size, "sigmask:\t%016" PRIx64 "\n", s->mask);

	return n < 0 || (size_t)n >= size ? 0 : (size_t)n;
}

static const struct file_ops signalfd_ops = {
	.read = signalfd_read,
	.poll = signalfd_poll,
	.waitq = signalfd_waitq,
	.release = signalfd_release,
	.show_fdinfo = signalfd_fdinfo,
	.seek = file_noop_seek,
	.no_seek = true,
};

bool file_is_signalfd(const struct file *file)
{
	return file->ops == &signalfd_ops;
}

void signalfd_set_mask(struct file *file, sigset_mask mask)
{
	struct signalfd *s = file->priv;

	s->mask = mask & ~(SIGMASK(SIGKILL) | SIGMASK(SIGSTOP));
	if (current)
		waitq_wake(&current->tg->signal_waitq, 0);
}

int signalfd_file_new(sigset_mask mask, unsigned int flags, struct file **out)
{
	struct inode *inode = inode_new_anonymous(0600);
	struct signalfd *s = alloc_zero(s);
	int ret = -ENOMEM;

	if (inode && s) {
		s->mask = mask & ~(SIGMASK(SIGKILL) | SIGMASK(SIGSTOP));
		ret = file_new_anonymous("anon_inode:[signalfd]", inode,
			&signalfd_ops, O_RDWR | flags, s, out);
	}
	if (ret < 0)
		free(s);
	inode_put(inode);
	return ret;
}
