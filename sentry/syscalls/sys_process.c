/* Processes: fork, exec, exit, wait, and who is who. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "lib/checked.h"
#include "sentry/kernel/fdtable.h"
#include "sentry/kernel/fsctx.h"
#include "sentry/kernel/kernel.h"
#include "sentry/kernel/usage.h"
#include "sentry/mm/uaccess.h"
#include "sentry/syscalls/syscalls.h"

/* ---- clone ------------------------------------------------------------- */

long sys_fork(struct task *t)
{
	struct clone_args_kernel args = {.exit_signal = SIGCHLD};

	return task_clone(t, &args);
}

long sys_vfork(struct task *t)
{
	struct clone_args_kernel args = {
		.flags = CLONE_VM | CLONE_VFORK,
		.exit_signal = SIGCHLD,
	};

	return task_clone(t, &args);
}

long sys_clone(struct task *t, unsigned long flags, uaddr_t stack,
	uaddr_t parent_tid, uaddr_t child_tid, uaddr_t tls)
{
	struct clone_args_kernel args = {
		.flags = (uint32_t)flags & ~(uint32_t)CSIGNAL,
		.exit_signal = (int)(flags & CSIGNAL),
		.pidfd = parent_tid,
		.parent_tid = parent_tid,
		.child_tid = child_tid,
		.stack = stack,
		.tls = tls,
	};

	/* One pointer cannot serve both (clone(2)). */
	if (flags & CLONE_PIDFD && flags & CLONE_PARENT_SETTID)
		return -EINVAL;
	if (args.exit_signal > NSIG_GUEST)
		return -EINVAL;
	return task_clone(t, &args);
}

#define CLONE_ARGS_SIZE_MAX 4096

/* A newer, longer structure is fine as long as the rest is zero. */
static long copy_clone_args(
	struct task *t, uaddr_t addr, size_t size, struct clone_args *args)
{
	char rest[CLONE_ARGS_SIZE_MAX];

	if (size > CLONE_ARGS_SIZE_MAX)
		return -E2BIG;
	if (size < CLONE_ARGS_SIZE_VER0)
		return -EINVAL;
	memset(args, 0, sizeof(*args));
	if (copy_in(t->mm, args, addr, MIN(size, sizeof(*args))) < 0)
		return -EFAULT;
	if (size <= sizeof(*args))
		return 0;
	if (copy_in(t->mm, rest, addr + sizeof(*args), size - sizeof(*args)) <
		0)
		return -EFAULT;
	for (size_t i = 0; i < size - sizeof(*args); i++)
		if (rest[i])
			return -E2BIG;
	return 0;
}

long sys_clone3(struct task *t, uaddr_t addr, size_t size)
{
	struct clone_args raw;
	struct clone_args_kernel args = {0};
	long ret;

	ret = copy_clone_args(t, addr, size, &raw);
	if (ret < 0)
		return ret;
	if (raw.set_tid_size > 32 || (!raw.set_tid != !raw.set_tid_size))
		return -EINVAL;
	if (raw.set_tid_size)
		return -EPERM; /* needs CAP_CHECKPOINT_RESTORE */
	if (raw.exit_signal & ~(uint64_t)CSIGNAL ||
		raw.exit_signal > NSIG_GUEST)
		return -EINVAL;
	if (raw.flags & (CLONE_DETACHED | (CSIGNAL & ~CLONE_NEWTIME)))
		return -EINVAL;
	if (raw.flags & (CLONE_THREAD | CLONE_PARENT) && raw.exit_signal)
		return -EINVAL;
	if (!raw.stack != !raw.stack_size)
		return -EINVAL;
	if (raw.flags & CLONE_INTO_CGROUP)
		return -EBADF; /* no cgroup2 descriptor can exist */
	args.flags = raw.flags;
	args.pidfd = raw.pidfd;
	args.child_tid = raw.child_tid;
	args.parent_tid = raw.parent_tid;
	args.exit_signal = (int)raw.exit_signal;
	args.stack = raw.stack ? raw.stack + raw.stack_size : 0;
	args.tls = raw.tls;
	return task_clone(t, &args);
}

/* ---- exec -------------------------------------------------------------- */

static long exec_at(struct task *t, int dirfd, uaddr_t path, uaddr_t argv,
	uaddr_t envp, int flags)
{
	struct walk walk;
	struct file *file;
	char *name;
	unsigned int walk_flags = WALK_FOLLOW;
	long ret;

	if (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		return -EINVAL;
	if (flags & AT_SYMLINK_NOFOLLOW)
		walk_flags = 0;
	if (flags & AT_EMPTY_PATH)
		walk_flags |= WALK_EMPTY;
	ret = path_copy_in(t, path, &name);
	if (ret < 0)
		return ret;
	ret = walk_start(t, dirfd, name, &walk);
	if (ret < 0)
		goto out;
	ret = exec_open(&walk, name, walk_flags, &file);
	walk_finish(&walk);
	if (ret < 0)
		goto out;
	ret = task_exec(t, file, name, argv, envp);
	file_put(file);
out:
	free(name);
	return ret;
}

long sys_execve(struct task *t, uaddr_t path, uaddr_t argv, uaddr_t envp)
{
	return exec_at(t, AT_FDCWD, path, argv, envp, 0);
}

long sys_execveat(struct task *t, int dirfd, uaddr_t path, uaddr_t argv,
	uaddr_t envp, int flags)
{
	return exec_at(t, dirfd, path, argv, envp, flags);
}

/* ---- exit -------------------------------------------------------------- */

long sys_exit(struct task *t, int status)
{
	task_exit(t, status, false);
	return -ENORETURN;
}

long sys_exit_group(struct task *t, int status)
{
	task_exit(t, status, true);
	return -ENORETURN;
}

/* ---- wait -------------------------------------------------------------- */

static long wait_for(struct task *t, const struct wait_spec *spec,
	struct wait_result *result)
{
	long ret = wait_child(t, spec, result);

	if (ret < 0 || result->pid || spec->options & WNOHANG)
		return ret;
	return call_wait(t, &t->tg->child_waitq, 0, -ERESTARTSYS);
}

long sys_wait4(
	struct task *t, pid_t pid, uaddr_t status, int options, uaddr_t usage)
{
	const int known = WNOHANG | WUNTRACED | WCONTINUED | (int)__WNOTHREAD |
			  (int)__WCLONE | (int)__WALL;
	struct wait_spec spec = {.options = options | WEXITED};
	struct wait_result result;
	struct rusage rusage;
	long ret;

	if (options & ~known)
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	spec.type = pid == -1 ? P_ALL : pid > 0 ? P_PID : P_PGID;
	spec.id = pid < 0 ? -pid : pid;
	ret = wait_for(t, &spec, &result);
	if (ret < 0 || result.pid == 0)
		return ret;
	if (status && put_user(t->mm, status, &result.status) < 0)
		return -EFAULT;
	usage_to_rusage(&rusage, &result.usage);
	if (usage && put_user(t->mm, usage, &rusage) < 0)
		return -EFAULT;
	return result.pid;
}

static int pidfd_target(struct task *t, int fd, struct wait_spec *spec)
{
	struct file *file = fd_get(t, fd);
	struct thread_group *tg;

	if (!file)
		return -EBADF;
	tg = pidfd_group ? pidfd_group(file) : NULL;
	spec->type = P_PID;
	spec->id = tg ? tg->tgid : 0;
	if (file->flags & O_NONBLOCK)
		spec->options |= WNOHANG;
	file_put(file);
	return tg ? 0 : -EBADF;
}

static long waitid_target(
	struct task *t, int type, pid_t id, struct wait_spec *spec)
{
	spec->type = type;
	spec->id = id;
	switch (type) {
	case P_ALL:
		return 0;
	case P_PID:
		return id > 0 ? 0 : -EINVAL;
	case P_PGID:
		return id >= 0 ? 0 : -EINVAL;
	case P_PIDFD:
		return id >= 0 ? pidfd_target(t, id, spec) : -EINVAL;
	default:
		return -EINVAL;
	}
}

static int report_waitid(
	struct task *t, uaddr_t addr, const struct wait_result *result)
{
	struct guest_siginfo info = {0};

	if (result->pid) {
		info.signo = SIGCHLD;
		info.code = result->code;
		info.sender.pid = result->pid;
		info.sender.uid = result->uid;
		info.sender.status = result->code == CLD_EXITED
					     ? WEXITSTATUS(result->status)
				     : result->code == CLD_CONTINUED ? SIGCONT
				     : result->code == CLD_STOPPED
					     ? WSTOPSIG(result->status)
					     : WTERMSIG(result->status);
	}
	/* The fields of a child's siginfo, no more (waitid(2)). */
	return copy_out(t->mm, addr, &info, 28);
}

long sys_waitid(struct task *t, int type, pid_t id, uaddr_t info, int options,
	uaddr_t usage)
{
	const int known = WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED |
			  (int)__WNOTHREAD | (int)__WCLONE | (int)__WALL;
	struct wait_spec spec = {.options = options};
	struct wait_result result = {0};
	struct rusage rusage;
	bool forced;
	long ret;

	if (options & ~known || !(options & (WEXITED | WSTOPPED | WCONTINUED)))
		return -EINVAL;
	ret = waitid_target(t, type, id, &spec);
	if (ret < 0)
		return ret;
	forced = spec.options & WNOHANG && !(options & WNOHANG);
	ret = wait_for(t, &spec, &result);
	if (ret < 0)
		return ret;
	if (!result.pid && forced)
		return -EAGAIN; /* a non-blocking pidfd */
	usage_to_rusage(&rusage, &result.usage);
	if (result.pid && usage && put_user(t->mm, usage, &rusage) < 0)
		return -EFAULT;
	if (info && report_waitid(t, info, &result) < 0)
		return -EFAULT;
	return 0;
}

/* ---- Who is who -------------------------------------------------------- */

long sys_getpid(struct task *t)
{
	return t->tg->tgid;
}

long sys_gettid(struct task *t)
{
	return t->pid;
}

long sys_getppid(struct task *t)
{
	return t->tg->parent ? t->tg->parent->tgid : 0;
}

long sys_getpgrp(struct task *t)
{
	return t->tg->group->pgid;
}

long sys_getpgid(struct task *t, pid_t pid)
{
	struct task *other;
	long ret;

	if (pid == 0)
		return t->tg->group->pgid;
	other = task_find(pid);
	if (!other)
		return -ESRCH;
	ret = other->tg->group ? other->tg->group->pgid : -ESRCH;
	task_put(other);
	return ret;
}

long sys_getsid(struct task *t, pid_t pid)
{
	struct task *other;
	long ret;

	if (pid == 0)
		return t->tg->group->session->sid;
	other = task_find(pid);
	if (!other)
		return -ESRCH;
	ret = other->tg->group ? other->tg->group->session->sid : -ESRCH;
	task_put(other);
	return ret;
}

long sys_setpgid(struct task *t, pid_t pid, pid_t pgid)
{
	struct thread_group *tg;
	long ret;

	if (pgid < 0)
		return -EINVAL;
	tg = thread_group_find(pid ? pid : t->tg->tgid);
	if (!tg)
		return -ESRCH;
	ret = tg->zombie && !tg->group
		      ? -ESRCH
		      : group_setpgid(t->tg, tg, pgid ? pgid : tg->tgid);
	thread_group_put(tg);
	return ret;
}

long sys_setsid(struct task *t)
{
	return group_join_new_session(t->tg);
}

/* ---- Threads ----------------------------------------------------------- */

static long answer_tid(struct task *t, long result)
{
	return t->pid;
}

/* The host clears the word and wakes its futex when the thread is gone. */
long sys_set_tid_address(struct task *t, uaddr_t addr)
{
	const uint64_t args[6] = {addr};

	t->clear_child_tid = addr;
	return task_host_call(t, SYS_set_tid_address, args, answer_tid);
}

#define ROBUST_HEAD_SIZE 24

long sys_set_robust_list(struct task *t, uaddr_t head, size_t size)
{
	if (size != ROBUST_HEAD_SIZE)
		return -EINVAL;
	t->robust_list = head;
	return 0;
}

long sys_get_robust_list(struct task *t, int pid, uaddr_t head, uaddr_t size)
{
	const uint64_t length = ROBUST_HEAD_SIZE;
	struct task *other = pid ? task_find(pid) : task_get(t);
	uint64_t value;

	if (!other)
		return -ESRCH;
	if (other->tg != t->tg && t->cred->euid != other->cred->euid &&
		!cred_capable(t->cred, 19 /* CAP_SYS_PTRACE */)) {
		task_put(other);
		return -EPERM;
	}
	value = other->robust_list;
	task_put(other);
	if (put_user(t->mm, size, &length) < 0 ||
		put_user(t->mm, head, &value) < 0)
		return -EFAULT;
	return 0;
}
