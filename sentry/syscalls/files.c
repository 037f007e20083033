/* What the handlers on files share. */
#include "sentry/syscalls/files.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "sentry/kernel/fdtable.h"

static void put_state(void *state)
{
	file_put(state);
}

struct file *call_file(struct task *t, int fd)
{
	if (t->call.state_free == put_state && t->call.state)
		return file_get(t->call.state);
	return fd_get(t, fd);
}

bool file_may_block(const struct file *file)
{
	mode_t mode = file->inode->attr.mode;

	return !(file->flags & O_NONBLOCK) || S_ISREG(mode) || S_ISDIR(mode);
}

void signal_self(struct task *t, int signo)
{
	struct guest_siginfo info = {
		.signo = signo,
		.code = SI_USER,
		.sender = {.pid = t->tg->tgid, .uid = t->cred->uid},
	};

	signal_send_task(t, signo, &info);
}

long call_wait_file(struct task *t, struct file *file, struct waitq *q,
	uint32_t events, long interrupted)
{
	if (!q)
		return -EAGAIN;
	if (!t->call.state) {
		t->call.state = file_get(file);
		t->call.state_free = put_state;
	}
	return call_wait(t, q, events, interrupted);
}

ssize_t fsize_allowed(
	struct task *t, const struct file *file, off_t off, size_t size)
{
	uint64_t limit = task_rlimit(t, RLIMIT_FSIZE);

	if (limit == GUEST_RLIM_INFINITY || !S_ISREG(file->inode->attr.mode))
		return (ssize_t)size;
	if ((uint64_t)off >= limit) {
		signal_self(t, SIGXFSZ);
		return -EFBIG;
	}
	if (size > limit - (uint64_t)off)
		size = (size_t)(limit - (uint64_t)off);
	return (ssize_t)size;
}

int timespec_in(struct task *t, uaddr_t addr, struct timespec *ts)
{
	int ret = get_user(t->mm, ts, addr);

	if (ret < 0)
		return ret;
	if (ts->tv_sec < 0 || ts->tv_nsec < 0 || ts->tv_nsec >= NSEC_PER_SEC)
		return -EINVAL;
	return 0;
}
