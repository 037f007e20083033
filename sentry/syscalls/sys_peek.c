/*
 * Looking into other processes: process_vm_readv(2), kcmp(2); and mincore(2),
 * which looks into one's own.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/kcmp.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/syscall.h>

#include "lib/checked.h"
#include "sentry/kernel/fdtable.h"
#include "sentry/kernel/kernel.h"
#include "sentry/mm/uaccess.h"
#include "sentry/syscalls/syscalls.h"
#include "sentry/syscalls/who.h"
#include "sentry/vfs/vfs.h"

#define PAGE       4096u
#define COPY_CHUNK 65536u
/* A call moves no more than this, so that others wait no longer for us. */
#define COPY_MAX (64u << 20)

/* ptrace(2), "Ptrace access mode checking", with real credentials. */
static bool may_access(const struct task *t, const struct task *target)
{
	const struct cred *us = t->cred;
	const struct cred *them = target->cred;

	if (t->tg == target->tg || cred_capable(us, CAP_SYS_PTRACE))
		return true;
	return us->uid == them->uid && us->uid == them->euid &&
	       us->uid == them->suid && us->gid == them->gid &&
	       us->gid == them->egid && us->gid == them->sgid && target->mm &&
	       target->mm->dumpable == 1 &&
	       !(them->cap_permitted & ~us->cap_permitted);
}

/* ---- process_vm_readv, process_vm_writev --------------------------------- */

/* Bytes until either side ends or cannot be reached; -EFAULT for none. */
static long copy_between(struct uio *from, struct uio *to)
{
	size_t left = MIN(from->left, to->left);
	size_t done = 0;
	char *buf;

	left = MIN(left, (size_t)COPY_MAX);
	buf = malloc(COPY_CHUNK);
	if (!buf)
		return -ENOMEM;
	while (left != 0) {
		size_t want = MIN(left, (size_t)COPY_CHUNK);
		size_t got = uio_copy_in(from, buf, want);
		size_t put = uio_copy_out(to, buf, got);

		done += put;
		left -= put;
		if (put < want)
			break;
	}
	free(buf);
	return done != 0 ? (long)done : -EFAULT;
}

static long copy_process(struct task *t, pid_t pid, struct uio *local,
	struct uio *remote, bool write)
{
	struct task *target = pid > 0 ? task_find(pid) : NULL;
	long ret = -ESRCH;

	if (target && !may_access(t, target)) {
		ret = -EPERM;
	} else if (target && target->mm) {
		remote->mm = target->mm;
		ret = write ? copy_between(local, remote)
			    : copy_between(remote, local);
	}
	task_put(target);
	return ret;
}

static long process_vm(struct task *t, pid_t pid, const uint64_t args[4],
	unsigned long flags, bool write)
{
	struct uio local, remote;
	long ret;

	if (flags != 0)
		return -EINVAL;
	ret = uio_init_iov(&local, t->mm, args[0], args[1]);
	if (ret < 0)
		return ret;
	if (local.left == 0)
		goto out_finish;
	/* The array is the caller's; what it points to is not. */
	ret = uio_init_iov(&remote, t->mm, args[2], args[3]);
	if (ret < 0)
		goto out_finish;
	if (remote.left != 0)
		ret = copy_process(t, pid, &local, &remote, write);
	uio_finish(&remote);
out_finish:
	uio_finish(&local);
	return ret;
}

long sys_process_vm_readv(struct task *t, pid_t pid, uaddr_t local,
	unsigned long local_count, uaddr_t remote, unsigned long remote_count,
	unsigned long flags)
{
	return process_vm(t, pid,
		(uint64_t[]){local, local_count, remote, remote_count}, flags,
		false);
}

long sys_process_vm_writev(struct task *t, pid_t pid, uaddr_t local,
	unsigned long local_count, uaddr_t remote, unsigned long remote_count,
	unsigned long flags)
{
	return process_vm(t, pid,
		(uint64_t[]){local, local_count, remote, remote_count}, flags,
		true);
}

/* ---- kcmp ---------------------------------------------------------------- */

/*
 * Less, greater or equal, but not by address: an order of our own that tells
 * nothing about where things are.
 */
static long compare(const void *a, const void *b)
{
	static uint64_t cookies[2];
	uint64_t x, y;

	if (cookies[1] == 0) {
		if (getrandom(cookies, sizeof(cookies), GRND_NONBLOCK) !=
			(ssize_t)sizeof(cookies))
			return -EAGAIN;
		cookies[1] |= 1; /* odd: a multiplication loses nothing */
	}
	x = ((uintptr_t)a ^ cookies[0]) * cookies[1];
	y = ((uintptr_t)b ^ cookies[0]) * cookies[1];
	return x < y ? 1 : x > y ? 2 : 0;
}

static long compare_files(struct task *one, struct task *two, unsigned long fd1,
	unsigned long fd2)
{
	struct file *a = one->fds ? fd_get_any(one, (int)fd1) : NULL;
	struct file *b = two->fds ? fd_get_any(two, (int)fd2) : NULL;
	long ret = a && b ? compare(a, b) : -EBADF;

	if (a)
		file_put(a);
	if (b)
		file_put(b);
	return ret;
}

static long compare_tasks(struct task *one, struct task *two, int type,
	unsigned long index1, unsigned long index2)
{
	switch (type) {
	case KCMP_FILE:
		return compare_files(one, two, index1, index2);
	case KCMP_VM:
		return compare(one->mm, two->mm);
	case KCMP_FILES:
		return compare(one->fds, two->fds);
	case KCMP_FS:
		return compare(one->fs, two->fs);
	case KCMP_SIGHAND:
		return compare(one->tg->sighand, two->tg->sighand);
	case KCMP_IO:
	case KCMP_SYSVSEM:
		return 0; /* nobody has any */
	case KCMP_EPOLL_TFD:
		return -EOPNOTSUPP;
	default:
		return -EINVAL;
	}
}

long sys_kcmp(struct task *t, pid_t pid1, pid_t pid2, int type,
	unsigned long index1, unsigned long index2)
{
	struct task *one = pid1 > 0 ? task_find(pid1) : NULL;
	struct task *two = pid2 > 0 ? task_find(pid2) : NULL;
	long ret = -ESRCH;

	if (one && two) {
		ret = -EPERM;
		if (may_access(t, one) && may_access(t, two))
			ret = compare_tasks(one, two, type, index1, index2);
	}
	task_put(one);
	task_put(two);
	return ret;
}

/* ---- mincore ------------------------------------------------------------- */

/*
 * Asked where the memory is: the host reads the range and writes the answer
 * to the caller's own vector, which is kept off the stub.
 */
long sys_mincore(struct task *t, uaddr_t addr, size_t size, uaddr_t vec)
{
	uaddr_t end;

	if (addr % PAGE != 0)
		return -EINVAL;
	if (!checked_add(addr, (uaddr_t)size, &end))
		return -ENOMEM;
	if (addr < STUB_WINDOW_END && end > STUB_WINDOW_START)
		return -ENOMEM;
	if (size != 0 && vec < STUB_WINDOW_END)
		return -EFAULT;
	return task_host_call(
		t, SYS_mincore, (uint64_t[6]){addr, size, vec}, NULL);
}
