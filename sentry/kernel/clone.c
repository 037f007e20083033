/*
 * New tasks: clone(2), clone3(2), fork(2), vfork(2).
 *
 * Everything the child gets is prepared when the call is made, before the
 * host forks: its number, descriptors, credentials. Then the platform makes
 * the host thread or process; when it has, the child is published and both go
 * on. Until then nobody can find the child, and a failure leaves nothing.
 *
 * A vfork parent stays stopped until the child execs or exits. It still can
 * be killed; other signals wait, as on Linux.
 */
#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>

#include "lib/checked.h"
#include "sentry/kernel/fdtable.h"
#include "sentry/kernel/fsctx.h"
#include "sentry/kernel/kernel.h"
#include "sentry/mm/uaccess.h"
#include "sentry/vfs/vfs.h"

#define CLONE_NEW_ANY                                                          \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |         \
		CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |                  \
		(uint64_t)CLONE_NEWTIME)
#define CLONE_KNOWN                                                            \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_PIDFD |     \
		CLONE_PTRACE | CLONE_VFORK | CLONE_PARENT | CLONE_THREAD |     \
		CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID |           \
		CLONE_CHILD_CLEARTID | CLONE_DETACHED | CLONE_UNTRACED |       \
		CLONE_CHILD_SETTID | CLONE_IO | CLONE_CLEAR_SIGHAND |          \
		CLONE_NEW_ANY)

int (*pidfd_file_create)(
	struct thread_group *tg, unsigned int flags, struct file **out);

struct thread_group *(*pidfd_group)(const struct file *file);

struct clone_operation {
	struct clone_args_kernel args;
	struct task *child; /* owned until it is published */
	int pidfd;          /* reserved number, or -1 */
	struct file *pidfd_file;
};

static void clone_operation_free(void *data)
{
	struct clone_operation *op = data;

	if (op->child)
		task_discard(op->child);
	if (op->pidfd_file)
		file_put(op->pidfd_file);
	free(op);
}

/* ---- Checks ------------------------------------------------------------ */

static long check_flags(const struct clone_args_kernel *args)
{
	uint64_t flags = args->flags;

	if (flags & ~(uint64_t)CLONE_KNOWN)
		return -EINVAL;
	if (flags & CLONE_SIGHAND && !(flags & CLONE_VM))
		return -EINVAL;
	if (flags & CLONE_THREAD && !(flags & CLONE_SIGHAND))
		return -EINVAL;
	if (flags & CLONE_SIGHAND && flags & CLONE_CLEAR_SIGHAND)
		return -EINVAL;
	if (flags & CLONE_PIDFD && flags & (CLONE_THREAD | CLONE_DETACHED))
		return -EINVAL;
	if (flags & CLONE_NEWNS && flags & CLONE_FS)
		return -EINVAL;
	/* Linux: the other namespaces are not there yet. */
	if (flags & CLONE_NEW_ANY & ~(uint64_t)CLONE_NEWNS)
		return -EPERM;
	if (flags & CLONE_NEWNS && !cred_capable(current->cred, CAP_SYS_ADMIN))
		return -EPERM;
	return 0;
}

/* ---- Preparing --------------------------------------------------------- */

static int prepare_files(struct task *t, struct task *child, uint64_t flags)
{
	child->fds = flags & CLONE_FILES ? fdtable_get(t->fds)
					 : fdtable_copy(t->fds);
	child->fs = flags & CLONE_FS ? fsctx_get(t->fs) : fsctx_copy(t->fs);
	if (!child->fds || !child->fs)
		return -ENOMEM;
	return flags & CLONE_NEWNS ? fsctx_unshare_ns(child->fs) : 0;
}

static int prepare_child(struct task *t, struct clone_operation *op)
{
	uint64_t flags = op->args.flags;
	struct task_spec spec = {
		.tg = flags & CLONE_THREAD ? t->tg : NULL,
		.parent = flags & CLONE_PARENT ? t->tg->parent : t->tg,
		.exit_signal = flags & CLONE_PARENT ? t->tg->exit_signal
						    : op->args.exit_signal,
		.share_sighand = flags & CLONE_SIGHAND,
		.like = t,
	};
	struct task *child;
	int ret;

	ret = task_create(&spec, &child);
	if (ret < 0)
		return ret;
	op->child = child;
	child->cred = cred_get(t->cred);
	/* A thread or vfork child shares memory; with its own stack it starts
	 * without the parent's alternate one (sigaltstack(2)). */
	if (flags & CLONE_VM && !(flags & CLONE_VFORK))
		child->altstack = (struct altstack){.flags = SS_DISABLE};
	if (flags & CLONE_CLEAR_SIGHAND)
		signal_exec_reset(child);
	return prepare_files(t, child, flags);
}

static int prepare_pidfd(struct task *t, struct clone_operation *op)
{
	int ret;

	op->pidfd = -1;
	if (!(op->args.flags & CLONE_PIDFD))
		return 0;
	ret = pidfd_file_create(op->child->tg, 0, &op->pidfd_file);
	if (ret < 0)
		return ret;
	op->pidfd = fd_reserve(t, 0);
	if (op->pidfd < 0)
		return op->pidfd;
	if (put_user(t->mm, op->args.pidfd, &op->pidfd) < 0) {
		fd_cancel(t, op->pidfd);
		return -EFAULT;
	}
	return 0;
}

/* ---- When the host is done --------------------------------------------- */

/* The memory of the child: its own host process shows it. */
static int give_memory(
	struct task *t, struct task *child, bool thread, pid_t host_pid)
{
	if (thread) {
		child->mm = mm_get(t->mm);
		return 0;
	}
	child->mm = mm_new(host_pid);
	if (!child->mm)
		return -ENOMEM;
	mm_copy_layout(child->mm, t->mm);
	return 0;
}

static void adopt_space(struct thread_group *tg, struct space *space)
{
	tg->space = space;
	space->data = tg;
	ref_get(&tg->ref); /* until EVENT_DEAD */
}

static void write_tids(struct task *t, struct task *child,
	const struct clone_args_kernel *args)
{
	int32_t tid = child->pid;

	if (args->flags & CLONE_PARENT_SETTID)
		put_user(t->mm, args->parent_tid, &tid);
	if (args->flags & CLONE_CHILD_SETTID)
		put_user(child->mm, args->child_tid, &tid);
}

static void start_child(
	struct task *child, const struct clone_args_kernel *args)
{
	struct regs *regs = platform_ops->thread_regs(child->thread);

	if (!regs)
		return;
	regs->rax = 0;
	if (args->stack)
		regs->rsp = args->stack;
	platform_ops->thread_regs_changed(child->thread);
	task_continue(child);
}

/* A child the sentry cannot keep: it must not run. */
static void kill_child(struct thread *thread, bool process)
{
	if (process)
		platform_ops->space_kill(thread->space);
	else
		platform_ops->thread_exit(thread, 0);
	platform_ops->thread_put(thread);
}

static void vfork_wait(struct task *t, struct thread_group *child);

static void clone_done(struct task *t, const struct event *event)
{
	struct clone_operation *op = t->operation;
	struct clone_args_kernel args = op->args;
	struct task *child = op->child;
	bool process = !(args.flags & CLONE_THREAD);
	int pid = child->pid;

	if (event->kind != EVENT_CLONED)
		return;
	if (event->result < 0 || give_memory(t, child, !process,
					 event->child->space->host_pid) < 0) {
		if (event->result == 0)
			kill_child(event->child, process);
		if (op->pidfd >= 0)
			fd_cancel(t, op->pidfd);
		task_operation_done(t);
		call_finish(t, event->result ? event->result : -ENOMEM);
		return;
	}
	child->thread = event->child;
	child->thread->data = child;
	if (process) {
		adopt_space(child->tg, event->child->space);
		group_inherit(child->tg, t->tg->group);
	}
	if (op->pidfd >= 0)
		fd_commit(t, op->pidfd, file_get(op->pidfd_file), true);
	op->child = NULL;
	task_operation_done(t);
	task_publish(child);
	write_tids(t, child, &args);
	child->tg->vfork_parent_waits = args.flags & CLONE_VFORK;
	start_child(child, &args);
	if (args.flags & CLONE_VFORK)
		vfork_wait(t, child->tg);
	else
		call_finish(t, pid);
}

/* ---- vfork ------------------------------------------------------------- */

struct vfork_waiter {
	struct wait_entry entry;
	struct task *parent;
	struct thread_group *child; /* counted */
};

static void vfork_waiter_free(void *data)
{
	struct vfork_waiter *waiter = data;

	waitq_remove(&waiter->entry);
	thread_group_put(waiter->child);
	free(waiter);
}

static void vfork_woken(struct wait_entry *entry, uint32_t events)
{
	struct vfork_waiter *waiter = (struct vfork_waiter *)entry;

	task_continue_soon(waiter->parent);
}

static void vfork_wait(struct task *t, struct thread_group *child)
{
	struct vfork_waiter *waiter = alloc_zero(waiter);

	if (!waiter) {
		/* The two would run on one stack: better none. */
		group_exit(child, NULL, SIGKILL);
		call_finish(t, child->tgid);
		return;
	}
	waiter->parent = t;
	waiter->child = child;
	ref_get(&child->ref);
	wait_entry_init(&waiter->entry, 0, vfork_woken);
	waitq_add(&child->exit_waitq, &waiter->entry);
	t->vfork_waits = true;
	task_operation(t, waiter, NULL, vfork_waiter_free);
	task_continue_soon(t); /* if the child is gone already */
}

void vfork_resume(struct task *t)
{
	struct vfork_waiter *waiter = t->operation;
	int pid = waiter->child->tgid;

	if (waiter->child->vfork_parent_waits)
		return;
	t->vfork_waits = false;
	task_operation_done(t);
	call_finish(t, pid);
}

void vfork_done(struct thread_group *child)
{
	if (!child->vfork_parent_waits)
		return;
	child->vfork_parent_waits = false;
	waitq_wake(&child->exit_waitq, 0);
}

/* ---- Entry ------------------------------------------------------------- */

long task_clone(struct task *t, const struct clone_args_kernel *args)
{
	const uint64_t host_flags = CLONE_VM | CLONE_FS | CLONE_FILES |
				    CLONE_SIGHAND | CLONE_THREAD |
				    CLONE_SYSVSEM | CLONE_SETTLS |
				    CLONE_CHILD_CLEARTID;
	struct clone_operation *op;
	struct clone_request request = {
		.flags = args->flags & host_flags,
		.tls = args->tls,
		.ctid = args->child_tid,
	};
	long ret;

	ret = check_flags(args);
	if (ret < 0)
		return ret;
	op = alloc_zero(op);
	if (!op)
		return -ENOMEM;
	op->args = *args;
	ret = prepare_child(t, op);
	if (ret == 0)
		ret = prepare_pidfd(t, op);
	if (ret == 0)
		ret = platform_ops->thread_clone(t->thread, &request);
	if (ret < 0) {
		if (op->pidfd_file && op->pidfd >= 0)
			fd_cancel(t, op->pidfd);
		clone_operation_free(op);
		return ret;
	}
	return task_operation(t, op, clone_done, clone_operation_free);
}
