/*
 * Signals (signal(7)): sending, queues, delivery.
 *
 * A signal is sent to a thread or to a process and waits in the queue of
 * either until a thread that does not block it is stopped on its way back to
 * its program. signal_deliver() is that place: it takes signals off the
 * queues until one has a handler, and a frame is built for it, or until none
 * is left. Standard signals are queued once, real-time ones each time.
 *
 * Stopping is a property of the process: every thread is held the next time
 * it comes here, and is made to come. SIGCONT lets them go on.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "lib/checked.h"
#include "sentry/kernel/kernel.h"
#include "sentry/kernel/posix_timer.h"

#define SA_NOCLDSTOP_FLAG 1u
#define RTMIN             32

#define STOP_SIGNALS                                                           \
	(SIGMASK(SIGSTOP) | SIGMASK(SIGTSTP) | SIGMASK(SIGTTIN) |              \
		SIGMASK(SIGTTOU))
#define IGNORED_SIGNALS                                                        \
	(SIGMASK(SIGCONT) | SIGMASK(SIGCHLD) | SIGMASK(SIGWINCH) |             \
		SIGMASK(SIGURG))
/* These are taken before all others, as they tell of the task itself. */
#define SYNC_SIGNALS                                                           \
	(SIGMASK(SIGSEGV) | SIGMASK(SIGBUS) | SIGMASK(SIGILL) |                \
		SIGMASK(SIGTRAP) | SIGMASK(SIGFPE) | SIGMASK(SIGSYS))

struct queued_signal {
	struct list node;
	struct guest_siginfo info;
};

/* ---- Queues ------------------------------------------------------------ */

void sigqueue_init(struct sigqueue *queue)
{
	queue->pending = 0;
	list_init(&queue->entries);
}

static void drop(struct queued_signal *queued)
{
	list_del(&queued->node);
	free(queued);
}

static void remove_signals(struct sigqueue *queue, sigset_mask mask)
{
	struct queued_signal *queued, *next;

	if (!(queue->pending & mask))
		return;
	queue->pending &= ~mask;
	list_for_each_safe(queued, next, &queue->entries,
		node) if (SIGMASK(queued->info.signo) & mask) drop(queued);
}

void sigqueue_clear(struct sigqueue *queue)
{
	remove_signals(queue, ~UINT64_C(0));
}

static size_t queue_length(const struct sigqueue *queue)
{
	const struct queued_signal *queued;
	size_t count = 0;

	list_for_each(queued, &queue->entries, node) count++;
	return count;
}

/*
 * Puts a signal in a queue. Without room for its details the signal itself
 * still goes, except where a sender asked for queueing (sigqueue(3)).
 */
static int enqueue(struct task *t, struct sigqueue *queue, int signo,
	const struct guest_siginfo *info)
{
	struct queued_signal *queued = NULL;
	bool limited = signo >= RTMIN && info && info->code < 0;

	if (signo < RTMIN && queue->pending & SIGMASK(signo))
		return 0;
	if (!limited || queue_length(queue) < task_rlimit(t, RLIMIT_SIGPENDING))
		queued = alloc_zero(queued);
	if (!queued && limited)
		return -EAGAIN;
	queue->pending |= SIGMASK(signo);
	if (!queued)
		return 0;
	if (info)
		queued->info = *info;
	else
		queued->info.code = SI_KERNEL;
	queued->info.signo = signo;
	list_add_tail(&queue->entries, &queued->node);
	return 0;
}

static int first_signal(sigset_mask set)
{
	if (set & SYNC_SIGNALS)
		set &= SYNC_SIGNALS;
	return set ? __builtin_ctzll(set) + 1 : 0;
}

static int dequeue(
	struct sigqueue *queue, sigset_mask set, struct guest_siginfo *info)
{
	struct queued_signal *queued, *found = NULL;
	int signo = first_signal(queue->pending & set);
	bool more = false;

	if (!signo)
		return 0;
	list_for_each(queued, &queue->entries, node)
	{
		if (queued->info.signo != signo)
			continue;
		if (found)
			more = true;
		else
			found = queued;
	}
	memset(info, 0, sizeof(*info));
	info->signo = signo;
	if (found) {
		*info = found->info;
		drop(found);
	}
	if (!more)
		queue->pending &= ~SIGMASK(signo);
	return signo;
}

int signal_dequeue(struct task *t, sigset_mask set, struct guest_siginfo *info)
{
	int signo = dequeue(&t->pending, set, info);

	if (!signo)
		signo = dequeue(&t->tg->pending, set, info);
	if (signo)
		posix_timer_delivered(t->tg, info);
	return signo;
}

bool sigqueue_has_timer(const struct sigqueue *queue, int signo, int id)
{
	const struct queued_signal *queued;

	if (!(queue->pending & SIGMASK(signo)))
		return false;
	list_for_each(queued, &queue->entries,
		node) if (queued->info.signo == signo &&
			  queued->info.code == SI_TIMER &&
			  queued->info.timer.tid == id) return true;
	return false;
}

/* ---- Sending ----------------------------------------------------------- */

bool signal_ignored_by_default(int signo)
{
	return SIGMASK(signo) & IGNORED_SIGNALS;
}

static bool disposition_ignores(const struct thread_group *tg, int signo)
{
	uaddr_t handler = tg->sighand->action[signo - 1].handler;

	return handler == (uaddr_t)(uintptr_t)SIG_IGN ||
	       (handler == (uaddr_t)(uintptr_t)SIG_DFL &&
		       signal_ignored_by_default(signo));
}

bool signal_pending(const struct task *t)
{
	if (t->tg->exiting || (t->tg->stopped && !t->held))
		return true;
	return (t->pending.pending | t->tg->pending.pending) & ~t->blocked;
}

void signal_wake(struct task *t)
{
	if (t->state == TASK_DEAD || !t->thread)
		return;
	if (t->call.parked) {
		call_make_ready(t);
	} else if (t->in_guest && !t->interrupt_sent) {
		t->interrupt_sent = true;
		platform_ops->thread_interrupt(t->thread);
	} else if (t->held && !t->tg->stopped) {
		task_continue_soon(t);
	}
}

void signal_recalculate(struct task *t)
{
	if (signal_pending(t))
		signal_wake(t);
}

static void continue_group(struct thread_group *tg)
{
	struct task *t;

	if (!tg->stopped)
		return;
	tg->stopped = false;
	tg->stop_reported = false;
	tg->continued = true;
	list_for_each(t, &tg->threads, thread_node) if (t->held)
		task_continue_soon(t);
	signal_notify_parent_stopped(tg, CLD_CONTINUED, SIGCONT);
}

/* Stop and continue signals cancel each other before anything else. */
static void cancel_opposites(struct thread_group *tg, int signo)
{
	sigset_mask gone = 0;
	struct task *t;

	if (signo == SIGCONT)
		gone = STOP_SIGNALS;
	else if (SIGMASK(signo) & STOP_SIGNALS)
		gone = SIGMASK(SIGCONT);
	if (!gone)
		return;
	remove_signals(&tg->pending, gone);
	list_for_each(t, &tg->threads, thread_node)
		remove_signals(&t->pending, gone);
	if (signo == SIGCONT)
		continue_group(tg);
}

static bool is_ignored(const struct task *t, int signo)
{
	if (t->blocked & SIGMASK(signo))
		return false; /* it may have a handler by then */
	return disposition_ignores(t->tg, signo);
}

static bool wants(const struct task *t, int signo)
{
	return t->thread && !(t->blocked & SIGMASK(signo));
}

/* Who shall take a signal sent to the process: the leader if it can. */
static struct task *choose_task(struct thread_group *tg, int signo)
{
	struct task *t;

	if (tg->leader && wants(tg->leader, signo))
		return tg->leader;
	list_for_each(
		t, &tg->threads, thread_node) if (wants(t, signo)) return t;
	return NULL;
}

int signal_send_task(
	struct task *t, int signo, const struct guest_siginfo *info)
{
	int ret;

	if (signo < 0 || signo > NSIG_GUEST)
		return -EINVAL;
	if (signo == 0 || t->tg->zombie || t->tg->exiting ||
		t->state == TASK_DEAD)
		return 0;
	if (signo == SIGKILL) {
		group_exit(t->tg, NULL, SIGKILL);
		return 0;
	}
	cancel_opposites(t->tg, signo);
	if (is_ignored(t, signo))
		return 0;
	ret = enqueue(t, &t->pending, signo, info);
	if (ret < 0)
		return ret;
	waitq_wake(&t->tg->signal_waitq, 0);
	if (wants(t, signo))
		signal_wake(t);
	return 0;
}

int signal_send_group(
	struct thread_group *tg, int signo, const struct guest_siginfo *info)
{
	struct task *target;
	int ret;

	if (signo < 0 || signo > NSIG_GUEST)
		return -EINVAL;
	if (signo == 0 || tg->zombie || tg->exiting || !tg->leader)
		return 0;
	if (signo == SIGKILL) {
		group_exit(tg, NULL, SIGKILL);
		return 0;
	}
	cancel_opposites(tg, signo);
	target = choose_task(tg, signo);
	if (is_ignored(target ? target : tg->leader, signo))
		return 0;
	ret = enqueue(tg->leader, &tg->pending, signo, info);
	if (ret < 0)
		return ret;
	waitq_wake(&tg->signal_waitq, 0);
	if (target)
		signal_wake(target);
	return 0;
}

int signal_send_pgrp(
	struct process_group *pg, int signo, const struct guest_siginfo *info)
{
	struct thread_group *tg, *next;

	list_for_each_safe(tg, next, &pg->members, group_node)
		signal_send_group(tg, signo, info);
	return 0;
}

bool signal_allowed(
	const struct task *t, const struct thread_group *tg, int signo)
{
	const struct cred *from = t->cred;
	const struct cred *to = tg->leader ? tg->leader->cred : NULL;

	if (!to || t->tg == tg)
		return true;
	if (from->euid == to->suid || from->euid == to->uid ||
		from->uid == to->suid || from->uid == to->uid)
		return true;
	if (cred_capable(from, 5 /* CAP_KILL */))
		return true;
	return signo == SIGCONT && tg->group &&
	       tg->group->session == t->tg->group->session;
}

void signal_force(struct task *t, const struct guest_siginfo *info)
{
	struct sigaction_entry *action =
		&t->tg->sighand->action[info->signo - 1];
	sigset_mask bit = SIGMASK(info->signo);

	/* Blocked or ignored, a fault kills: it would only repeat itself. */
	if (t->blocked & bit || action->handler == (uintptr_t)SIG_IGN) {
		action->handler = (uintptr_t)SIG_DFL;
		t->blocked &= ~bit;
	}
	enqueue(t, &t->pending, info->signo, info);
}

void signal_exec_reset(struct task *t)
{
	for (int i = 0; i < NSIG_GUEST; i++) {
		struct sigaction_entry *action = &t->tg->sighand->action[i];

		if (action->handler != (uintptr_t)SIG_IGN)
			action->handler = (uintptr_t)SIG_DFL;
		action->flags = 0;
		action->restorer = 0;
		action->mask = 0;
	}
	t->altstack = (struct altstack){.flags = SS_DISABLE};
}

void signal_set_temporary_mask(struct task *t, sigset_mask mask)
{
	if (!t->restore_mask)
		t->saved_mask = t->blocked;
	t->restore_mask = true;
	t->blocked = mask & ~SIGNALS_UNBLOCKABLE;
}

void (*init_has_stopped)(void);

void signal_notify_parent_stopped(struct thread_group *tg, int code, int status)
{
	struct thread_group *parent = tg->parent;
	struct guest_siginfo info = {
		.signo = SIGCHLD,
		.code = code,
		.sender.pid = tg->tgid,
		.sender.status = status,
	};

	const struct sigaction_entry *action;

	if (!parent) {
		if (code == CLD_STOPPED && init_has_stopped)
			init_has_stopped();
		return;
	}
	action = &parent->sighand->action[SIGCHLD - 1];
	info.sender.uid = tg->leader->cred ? tg->leader->cred->uid : 0;
	waitq_wake(&parent->child_waitq, 0);
	if (action->handler != (uintptr_t)SIG_IGN &&
		!(action->flags & SA_NOCLDSTOP_FLAG))
		signal_send_group(parent, SIGCHLD, &info);
}

/* ---- Delivery ---------------------------------------------------------- */

static void stop_group(struct task *t, int signo)
{
	struct thread_group *tg = t->tg;
	struct task *other;

	if (tg->stopped)
		return;
	tg->stopped = true;
	tg->continued = false;
	tg->stop_reported = false;
	tg->stop_signal = signo;
	list_for_each(other, &tg->threads, thread_node) if (other != t)
		signal_wake(other);
	signal_notify_parent_stopped(tg, CLD_STOPPED, signo);
}

/* The end of an interrupted call, now that the handler is known. */
static void finish_restart(
	struct task *t, struct regs *regs, bool handler, bool sa_restart)
{
	long code = t->call.restart_code;

	t->call.restart_code = 0;
	if (t->interrupted_nr >= 0 && !code) {
		/* Broken off in the host: set to be made again. */
		if (handler && !sa_restart) {
			regs->rip += 2;
			regs->rax = (uint64_t)-EINTR;
		}
		return;
	}
	if (!code)
		return;
	if (handler &&
		(code == -ERESTARTNOHAND || code == -ERESTART_RESTARTBLOCK ||
			(code == -ERESTARTSYS && !sa_restart)))
		return; /* rax is -EINTR already */
	regs->rip -= 2; /* the length of syscall */
	regs->rax = code == -ERESTART_RESTARTBLOCK ? 219 /* restart_syscall */
						   : (uint64_t)t->call.nr;
}

static int run_handler(struct task *t, struct regs *regs, int signo,
	const struct guest_siginfo *info)
{
	struct sigaction_entry *slot = &t->tg->sighand->action[signo - 1];
	struct sigaction_entry action = *slot;
	sigset_mask mask = t->restore_mask ? t->saved_mask : t->blocked;
	int ret;

	finish_restart(t, regs, true, action.flags & SA_RESTART);
	ret = sigframe_push(t, regs, signo, info, &action, mask, &t->fault);
	if (ret < 0)
		return ret;
	t->restore_mask = false;
	t->blocked |= action.mask;
	if (!(action.flags & SA_NODEFER))
		t->blocked |= SIGMASK(signo);
	t->blocked &= ~SIGNALS_UNBLOCKABLE;
	if (action.flags & SA_RESETHAND)
		slot->handler = (uintptr_t)SIG_DFL;
	return 0;
}

static void kill_self(struct task *t, int signo)
{
	/* Linux: no core file is ever written, so that WCOREDUMP is never set.
	 */
	group_exit(t->tg, t, signo);
}

static enum deliver act(struct task *t, struct regs *regs, int signo,
	const struct guest_siginfo *info, bool *handled)
{
	uaddr_t handler = t->tg->sighand->action[signo - 1].handler;

	if (handler == (uintptr_t)SIG_IGN)
		return DELIVER_RESUME;
	if (handler != (uintptr_t)SIG_DFL) {
		if (run_handler(t, regs, signo, info) < 0) {
			kill_self(t, SIGSEGV);
			return DELIVER_GONE;
		}
		*handled = true;
		return DELIVER_RESUME;
	}
	if (signal_ignored_by_default(signo))
		return DELIVER_RESUME;
	if (SIGMASK(signo) & STOP_SIGNALS) {
		if (signo == SIGSTOP || !group_is_orphaned(t->tg->group))
			stop_group(t, signo);
		return DELIVER_RESUME;
	}
	kill_self(t, signo);
	return DELIVER_GONE;
}

enum deliver signal_deliver(struct task *t, struct regs *regs)
{
	struct guest_siginfo info;
	enum deliver result;
	bool handled = false;
	int signo;

	for (;;) {
		if (t->tg->exiting)
			return DELIVER_GONE;
		if (t->tg->stopped)
			break;
		signo = signal_dequeue(t, ~t->blocked, &info);
		if (!signo)
			break;
		if (call_trace)
			call_trace->signal(t, signo, &info);
		result = act(t, regs, signo, &info, &handled);
		if (result != DELIVER_RESUME)
			return result;
		/* A frame for each: the last one's handler runs first. */
	}
	if (t->tg->stopped)
		return DELIVER_HOLD; /* the rest when it goes on */
	if (!handled)
		finish_restart(t, regs, false, false);
	if (t->restore_mask) {
		t->blocked = t->saved_mask;
		t->restore_mask = false;
	}
	t->interrupted_nr = -1;
	platform_ops->thread_regs_changed(t->thread);
	return DELIVER_RESUME;
}
