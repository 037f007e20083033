/* What the handlers on files share. */
#include "sentry/syscalls/files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "lib/checked.h"
#include "sentry/kernel/fdtable.h"
#include "sentry/kernel/fsctx.h"
#include "sentry/net/socket.h"

static void put_state(void *state)
{
	file_put(state);
}

struct file *call_kept_file(struct task *t)
{
	if (t->call.state_free != put_state || !t->call.state)
		return NULL;
	return file_get(t->call.state);
}

struct file *call_file(struct task *t, int fd)
{
	struct file *file = call_kept_file(t);

	return file ? file : fd_get(t, fd);
}

bool file_may_block(const struct file *file)
{
	mode_t mode = file->inode->attr.mode;

	return !(file->flags & O_NONBLOCK) || S_ISREG(mode) || S_ISDIR(mode);
}

bool socket_may_wait(
	struct task *t, struct file *file, bool send, long *interrupted)
{
	const struct socket *s = file_socket(file);
	int64_t limit = 0;

	if (s)
		limit = send ? s->send_timeout : s->receive_timeout;
	if (!limit)
		return true;
	if (t->call.timed_out)
		return false;
	call_set_timeout(t, limit);
	*interrupted = -EINTR;
	return true;
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

int temporary_mask(struct task *t, uaddr_t addr, size_t size)
{
	sigset_mask mask;

	if (!addr || t->call.tries)
		return 0;
	if (size != sizeof(mask))
		return -EINVAL;
	if (get_user(t->mm, &mask, addr) < 0)
		return -EFAULT;
	signal_set_temporary_mask(t, mask);
	return 0;
}

/* ---- Names ------------------------------------------------------------- */

int named_start(struct task *t, int dirfd, uaddr_t addr, int at_flags,
	struct named *out)
{
	bool empty_ok = at_flags & AT_EMPTY_PATH;
	int ret;

	if (!addr && empty_ok) {
		out->name = calloc(1, 1);
		ret = out->name ? 0 : -ENOMEM;
	} else {
		ret = path_copy_in(t, addr, &out->name);
	}
	if (ret < 0)
		return ret;
	ret = -ENOENT;
	if (*out->name || empty_ok)
		ret = walk_start(t, dirfd, out->name, &out->walk);
	if (ret < 0)
		free(out->name);
	return ret;
}

void named_finish(struct named *named)
{
	walk_finish(&named->walk);
	free(named->name);
}

int named_place(struct task *t, int dirfd, uaddr_t addr, int at_flags,
	unsigned int walk_flags, struct path *out)
{
	struct named named;
	int ret = named_start(t, dirfd, addr, at_flags, &named);

	if (ret < 0)
		return ret;
	if (!(at_flags & AT_SYMLINK_NOFOLLOW))
		walk_flags |= WALK_FOLLOW;
	if (at_flags & AT_EMPTY_PATH)
		walk_flags |= WALK_EMPTY;
	ret = vfs_walk(&named.walk, named.name, walk_flags, out);
	named_finish(&named);
	return ret;
}

int struct_in(
	struct task *t, void *dst, size_t size, uaddr_t src, size_t guest_size)
{
	unsigned char rest[64];
	size_t at, part;

	memset(dst, 0, size);
	for (at = size; at < guest_size; at += part) {
		part = MIN(guest_size - at, sizeof(rest));
		if (copy_in(t->mm, rest, src + at, part) < 0)
			return -EFAULT;
		for (size_t i = 0; i < part; i++) {
			if (rest[i])
				return -E2BIG;
		}
	}
	return copy_in(t->mm, dst, src, MIN(size, guest_size));
}
