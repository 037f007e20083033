/* Signals: actions, masks, sending, waiting. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>

#include "lib/checked.h"
#include "sentry/kernel/fdtable.h"
#include "sentry/kernel/kernel.h"
#include "sentry/mm/uaccess.h"
#include "sentry/syscalls/syscalls.h"

#define SIGSET_SIZE    8
#define MINSIGSTKSZ_   2048
#define SS_AUTODISARM_ (1u << 31)

/* The flags Linux keeps; others are cleared, so that programs can ask. */
#define SA_KNOWN                                                               \
	(SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART |  \
		SA_NODEFER | SA_RESETHAND | 0x04000000ul /* SA_RESTORER */ |   \
		0x800ul /* SA_EXPOSE_TAGBITS */)

struct abi_sigaction {
	uint64_t handler, flags, restorer, mask;
};

static bool valid(int signo)
{
	return signo >= 1 && signo <= NSIG_GUEST;
}

/* ---- Actions and masks ------------------------------------------------- */

/* What becomes ignored is thrown away, also what already waits. */
static void drop_ignored(struct task *t, int signo, uaddr_t handler)
{
	struct guest_siginfo info;
	struct task *other;

	if (handler > (uintptr_t)SIG_IGN ||
		(handler == (uintptr_t)SIG_DFL &&
			!signal_ignored_by_default(signo)))
		return;
	list_for_each(other, &t->tg->threads, thread_node) while (
		signal_dequeue(other, SIGMASK(signo), &info)) continue;
}

long sys_rt_sigaction(struct task *t, int signo, uaddr_t new_addr,
	uaddr_t old_addr, size_t size)
{
	struct sigaction_entry *entry;
	struct abi_sigaction new, old;

	if (size != SIGSET_SIZE)
		return -EINVAL;
	if (new_addr && get_user(t->mm, &new, new_addr) < 0)
		return -EFAULT;
	if (!valid(signo) || (new_addr && SIGMASK(signo) & SIGNALS_UNBLOCKABLE))
		return -EINVAL;
	entry = &t->tg->sighand->action[signo - 1];
	old = (struct abi_sigaction){
		entry->handler, entry->flags, entry->restorer, entry->mask};
	if (new_addr) {
		entry->handler = new.handler;
		entry->flags = new.flags &SA_KNOWN;
		entry->restorer = new.restorer;
		entry->mask = new.mask & ~SIGNALS_UNBLOCKABLE;
		drop_ignored(t, signo, new.handler);
	}
	if (old_addr && put_user(t->mm, old_addr, &old) < 0)
		return -EFAULT;
	return 0;
}

long sys_rt_sigprocmask(struct task *t, int how, uaddr_t set_addr,
	uaddr_t old_addr, size_t size)
{
	sigset_mask old = t->blocked;
	sigset_mask set;

	if (size != SIGSET_SIZE)
		return -EINVAL;
	if (set_addr) {
		if (get_user(t->mm, &set, set_addr) < 0)
			return -EFAULT;
		set &= ~SIGNALS_UNBLOCKABLE;
		if (how == SIG_BLOCK)
			t->blocked |= set;
		else if (how == SIG_UNBLOCK)
			t->blocked &= ~set;
		else if (how == SIG_SETMASK)
			t->blocked = set;
		else
			return -EINVAL;
	}
	if (old_addr && put_user(t->mm, old_addr, &old) < 0)
		return -EFAULT;
	return 0;
}

long sys_rt_sigpending(struct task *t, uaddr_t addr, size_t size)
{
	sigset_mask set = (t->pending.pending | t->tg->pending.pending) &
			  t->blocked;

	if (size > SIGSET_SIZE)
		return -EINVAL;
	return copy_out(t->mm, addr, &set, size);
}

long sys_rt_sigreturn(struct task *t)
{
	struct regs *regs = platform_ops->thread_regs(t->thread);
	struct guest_siginfo info = {.signo = SIGSEGV, .code = SI_KERNEL};

	if (!regs)
		return -ENORETURN;
	if (sigframe_pop(t, regs) < 0)
		signal_force(t, &info);
	platform_ops->thread_regs_changed(t->thread);
	call_abandon(t);
	task_continue(t);
	return -ENORETURN;
}

/* ---- Alternate stack --------------------------------------------------- */

struct abi_stack {
	uint64_t sp;
	int32_t flags;
	int32_t pad;
	uint64_t size;
};

static long set_altstack(struct task *t, const struct abi_stack *new)
{
	uint32_t mode = (uint32_t) new->flags & ~SS_AUTODISARM_;

	if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
		return -EINVAL;
	if (mode == SS_DISABLE) {
		t->altstack = (struct altstack){.flags = (uint32_t) new->flags};
		return 0;
	}
	if (new->size < MINSIGSTKSZ_)
		return -ENOMEM;
	t->altstack.sp = new->sp;
	t->altstack.size = new->size;
	t->altstack.flags = (uint32_t) new->flags &SS_AUTODISARM_;
	return 0;
}

/* Trapped: whether the caller is on the stack shows in its registers. */
long sys_sigaltstack(struct task *t, uaddr_t new_addr, uaddr_t old_addr)
{
	struct abi_stack new, old = {
				      .sp = t->altstack.sp,
				      .flags = (int32_t)t->altstack.flags,
				      .size = t->altstack.size,
			      };
	struct regs *regs = NULL;
	bool on_stack;
	long ret;

	if (new_addr && get_user(t->mm, &new, new_addr) < 0)
		return -EFAULT;
	if (t->call.stopped)
		regs = platform_ops->thread_regs(t->thread);
	on_stack = regs && task_on_altstack(t, regs->rsp);
	if (on_stack)
		old.flags |= SS_ONSTACK;
	if (new_addr) {
		if (on_stack)
			return -EPERM;
		ret = set_altstack(t, &new);
		if (ret < 0)
			return ret;
	}
	if (old_addr && put_user(t->mm, old_addr, &old) < 0)
		return -EFAULT;
	return 0;
}

/* ---- Sending ----------------------------------------------------------- */

static struct guest_siginfo info_from(const struct task *t, int signo, int code)
{
	return (struct guest_siginfo){
		.signo = signo,
		.code = code,
		.sender.pid = t->tg->tgid,
		.sender.uid = t->cred->uid,
	};
}

struct kill_all {
	struct task *from;
	int signo;
	int pgid; /* -1: everybody but init and the caller */
	int sent, refused;
	const struct guest_siginfo *info;
};

static void kill_one(struct thread_group *tg, void *data)
{
	struct kill_all *all = data;

	if (all->pgid >= 0 && (!tg->group || tg->group->pgid != all->pgid))
		return;
	if (all->pgid < 0 && (tg->tgid == 1 || tg == all->from->tg))
		return;
	if (!signal_allowed(all->from, tg, all->signo)) {
		all->refused++;
		return;
	}
	all->sent++;
	signal_send_group(tg, all->signo, all->info);
}

static long kill_many(struct task *t, int pgid, int signo)
{
	struct guest_siginfo info = info_from(t, signo, SI_USER);
	struct kill_all all = {
		.from = t,
		.signo = signo,
		.pgid = pgid,
		.info = &info,
	};

	thread_group_each(kill_one, &all);
	if (all.sent)
		return 0;
	return all.refused ? -EPERM : -ESRCH;
}

static long kill_process(
	struct task *t, int pid, int signo, const struct guest_siginfo *info)
{
	struct thread_group *tg = thread_group_find(pid);
	long ret;

	if (!tg) {
		/* kill(2) takes a thread's id for its process, as Linux does.
		 */
		struct task *thread = task_find(pid);

		if (!thread)
			return -ESRCH;
		tg = thread->tg;
		ref_get(&tg->ref);
		task_put(thread);
	}
	ret = signal_allowed(t, tg, signo) ? signal_send_group(tg, signo, info)
					   : -EPERM;
	thread_group_put(tg);
	return ret;
}

long sys_kill(struct task *t, pid_t pid, int signo)
{
	struct guest_siginfo info = info_from(t, signo, SI_USER);

	if (signo < 0 || signo > NSIG_GUEST)
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	if (pid == -1)
		return kill_many(t, -1, signo);
	if (pid == 0)
		return kill_many(t, t->tg->group->pgid, signo);
	if (pid < 0)
		return kill_many(t, -pid, signo);
	return kill_process(t, pid, signo, &info);
}

static long kill_thread(struct task *t, int tgid, int tid, int signo,
	const struct guest_siginfo *info)
{
	struct task *target = task_find(tid);
	long ret = -ESRCH;

	if (!target)
		return -ESRCH;
	if (tgid <= 0 || target->tg->tgid == tgid)
		ret = signal_allowed(t, target->tg, signo)
			      ? signal_send_task(target, signo, info)
			      : -EPERM;
	task_put(target);
	return ret;
}

long sys_tkill(struct task *t, pid_t tid, int signo)
{
	struct guest_siginfo info = info_from(t, signo, SI_TKILL);

	if (tid <= 0 || signo < 0 || signo > NSIG_GUEST)
		return -EINVAL;
	return kill_thread(t, 0, tid, signo, &info);
}

long sys_tgkill(struct task *t, pid_t tgid, pid_t tid, int signo)
{
	struct guest_siginfo info = info_from(t, signo, SI_TKILL);

	if (tgid <= 0 || tid <= 0 || signo < 0 || signo > NSIG_GUEST)
		return -EINVAL;
	return kill_thread(t, tgid, tid, signo, &info);
}

static long copy_siginfo(
	struct task *t, int signo, uaddr_t addr, struct guest_siginfo *info)
{
	if (get_user(t->mm, info, addr) < 0)
		return -EFAULT;
	info->signo = signo;
	return 0;
}

/* Nobody may pretend to be the kernel or kill(2) towards others. */
static bool forged(const struct guest_siginfo *info)
{
	return info->code >= 0 || info->code == SI_TKILL;
}

long sys_rt_sigqueueinfo(struct task *t, pid_t pid, int signo, uaddr_t addr)
{
	struct guest_siginfo info;
	long ret = copy_siginfo(t, signo, addr, &info);

	if (ret < 0)
		return ret;
	if (forged(&info) && pid != t->tg->tgid)
		return -EPERM;
	if (signo < 0 || signo > NSIG_GUEST)
		return -EINVAL;
	return pid > 0 ? kill_process(t, pid, signo, &info) : -ESRCH;
}

long sys_rt_tgsigqueueinfo(
	struct task *t, pid_t tgid, pid_t tid, int signo, uaddr_t addr)
{
	struct guest_siginfo info;
	long ret;

	if (tgid <= 0 || tid <= 0)
		return -EINVAL;
	ret = copy_siginfo(t, signo, addr, &info);
	if (ret < 0)
		return ret;
	if (forged(&info) && tid != t->pid)
		return -EPERM;
	if (signo < 0 || signo > NSIG_GUEST)
		return -EINVAL;
	return kill_thread(t, tgid, tid, signo, &info);
}

long sys_pidfd_send_signal(
	struct task *t, int fd, int signo, uaddr_t addr, unsigned int flags)
{
	struct guest_siginfo info = info_from(t, signo, SI_USER);
	struct thread_group *tg;
	struct file *file;
	long ret;

	if (flags)
		return -EINVAL;
	file = fd_get(t, fd);
	if (!file)
		return -EBADF;
	tg = pidfd_group ? pidfd_group(file) : NULL;
	ret = tg ? 0 : -EBADF;
	if (ret == 0 && addr) {
		ret = get_user(t->mm, &info, addr) < 0 ? -EFAULT : 0;
		if (ret == 0 && info.signo != signo)
			ret = -EINVAL;
		else if (ret == 0 && forged(&info) && tg != t->tg)
			ret = -EPERM;
	}
	if (ret == 0 && (signo < 0 || signo > NSIG_GUEST))
		ret = -EINVAL;
	if (ret == 0 && !tg->leader)
		ret = -ESRCH;
	if (ret == 0)
		ret = signal_allowed(t, tg, signo)
			      ? signal_send_group(tg, signo, &info)
			      : -EPERM;
	file_put(file);
	return ret;
}

/* ---- Waiting ----------------------------------------------------------- */

long sys_pause(struct task *t)
{
	return call_park(t, -ERESTARTNOHAND);
}

long sys_rt_sigsuspend(struct task *t, uaddr_t addr, size_t size)
{
	sigset_mask mask;

	if (size != SIGSET_SIZE)
		return -EINVAL;
	if (t->call.tries == 0) {
		if (get_user(t->mm, &mask, addr) < 0)
			return -EFAULT;
		signal_set_temporary_mask(t, mask);
	}
	return call_park(t, -ERESTARTNOHAND);
}

long sys_rt_sigtimedwait(struct task *t, uaddr_t set_addr, uaddr_t info_addr,
	uaddr_t timeout_addr, size_t size)
{
	struct guest_siginfo info;
	struct timespec timeout;
	sigset_mask set;
	int signo;

	if (size != SIGSET_SIZE)
		return -EINVAL;
	if (get_user(t->mm, &set, set_addr) < 0)
		return -EFAULT;
	set &= ~SIGNALS_UNBLOCKABLE;
	if (timeout_addr) {
		if (get_user(t->mm, &timeout, timeout_addr) < 0)
			return -EFAULT;
		if (timeout.tv_sec < 0 || timeout.tv_nsec < 0 ||
			timeout.tv_nsec >= NSEC_PER_SEC)
			return -EINVAL;
	}
	signo = signal_dequeue(t, set, &info);
	if (signo) {
		if (info_addr && put_user(t->mm, info_addr, &info) < 0)
			return -EFAULT;
		return signo;
	}
	if (timeout_addr && timeout.tv_sec == 0 && timeout.tv_nsec == 0)
		return -EAGAIN;
	if (timeout_addr)
		call_set_timeout(t, timespec_ns(&timeout));
	if (t->call.timed_out)
		return -EAGAIN;
	return call_wait(t, &t->tg->signal_waitq, 0, -EINTR);
}

long sys_restart_syscall(struct task *t)
{
	return t->call.restart ? t->call.restart(t) : -EINTR;
}
