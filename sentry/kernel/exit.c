/*
 * The end of threads and processes (exit(2), exit_group(2), wait(2)).
 *
 * A thread that ends gives back what it holds and its host thread exits. A
 * process ends when its last thread does, when one calls exit_group(), or by
 * a fatal signal. A process with one thread becomes a zombie at once; one
 * with several when the host says that all of them are gone, as until then
 * they may still change memory that others share.
 *
 * A zombie is its leader task and the thread group, without mm, descriptors
 * or host process; the parent's wait (group_reap) removes both.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/checked.h"
#include "lib/log.h"
#include "sentry/kernel/fdtable.h"
#include "sentry/kernel/fsctx.h"
#include "sentry/kernel/kernel.h"
#include "sentry/kernel/usage.h"
#include "sentry/kernel/posix_timer.h"
#include "sentry/mm/uaccess.h"
#include "sentry/vfs/vfs.h"

void (*kernel_init_exited)(int status);

/* ---- Usage ------------------------------------------------------------- */

void usage_add(struct task_usage *sum, const struct task_usage *add)
{
	sum->utime_us += add->utime_us;
	sum->stime_us += add->stime_us;
	sum->maxrss_kib = MAX(sum->maxrss_kib, add->maxrss_kib);
	sum->minflt += add->minflt;
	sum->majflt += add->majflt;
	sum->inblock += add->inblock;
	sum->oublock += add->oublock;
	sum->nvcsw += add->nvcsw;
	sum->nivcsw += add->nivcsw;
}

struct task_usage group_usage(struct thread_group *tg)
{
	struct task_usage usage = tg->usage;

	if (tg->space && !tg->host_dead) {
		struct cpu_times times = group_cpu_times(tg);

		usage.utime_us += times.user_us;
		usage.stime_us += times.system_us;
	}
	return usage;
}

/* ---- Giving things back ------------------------------------------------ */

static void release_resources(struct task *t)
{
	struct fdtable *fds = t->fds;
	struct fsctx *fs = t->fs;

	if (call_trace)
		call_trace->never(t);
	call_abandon(t);
	task_operation_done(t);
	t->fds = NULL;
	t->fs = NULL;
	if (fds)
		fdtable_put(fds);
	if (fs)
		fsctx_put(fs);
	task_set_exe(t, NULL);
	mm_put(t->mm);
	t->mm = NULL;
	sigqueue_clear(&t->pending);
	list_del(&t->continue_node);
}

static void detach_thread(struct task *t)
{
	if (!t->thread)
		return;
	t->thread->data = NULL;
	platform_ops->thread_put(t->thread);
	t->thread = NULL;
	t->in_guest = t->held = false;
}

/* Gone for everybody; a leader's number stays until it is waited for. */
static void task_dies(struct task *t)
{
	struct thread_group *tg = t->tg;

	release_resources(t);
	detach_thread(t);
	tg->thread_count--;
	if (tg->leader == t) {
		t->state = TASK_ZOMBIE;
		return;
	}
	t->state = TASK_DEAD;
	task_unpublish(t);
	task_put(t);
}

/* ---- Parents and children ---------------------------------------------- */

static struct thread_group *find_reaper(struct thread_group *tg)
{
	struct thread_group *up;

	for (up = tg->parent; up; up = up->parent)
		if (up->dead_reaper_flag && !up->exiting)
			return up;
	return init_task ? init_task->tg : NULL;
}

static void parent_died(struct thread_group *child)
{
	struct task *t = child->leader;

	if (t && t->parent_death_signal)
		signal_send_group(child, t->parent_death_signal, NULL);
}

static bool ignores_children(const struct thread_group *parent)
{
	return parent->sighand->action[SIGCHLD - 1].handler ==
	       (uintptr_t)SIG_IGN;
}

static bool wants_no_zombies(const struct thread_group *parent)
{
	return ignores_children(parent) ||
	       parent->sighand->action[SIGCHLD - 1].flags & SA_NOCLDWAIT;
}

static void tell_parent(struct thread_group *tg)
{
	struct thread_group *parent = tg->parent;
	struct guest_siginfo info = {
		.signo = tg->exit_signal,
		.code = WIFEXITED(tg->exit_status) ? CLD_EXITED : CLD_KILLED,
		.sender.pid = tg->tgid,
		.sender.uid = tg->leader->cred->uid,
		.sender.status = WIFEXITED(tg->exit_status)
					 ? WEXITSTATUS(tg->exit_status)
					 : WTERMSIG(tg->exit_status),
		.sender.utime = (int64_t)(tg->usage.utime_us / 10000),
		.sender.stime = (int64_t)(tg->usage.stime_us / 10000),
	};
	bool ignored, reap;

	waitq_wake(&tg->exit_waitq, 0);
	if (!parent) {
		kernel_init_exited(tg->exit_status);
		return;
	}
	ignored = tg->exit_signal == SIGCHLD && ignores_children(parent);
	reap = tg->exit_signal == SIGCHLD && wants_no_zombies(parent);
	/* Not even pending where it is blocked, unlike other signals. */
	if (tg->exit_signal && !ignored)
		signal_send_group(parent, tg->exit_signal, &info);
	if (reap)
		group_reap(tg);
	waitq_wake(&parent->child_waitq, 0);
}

static void give_away_children(struct thread_group *tg)
{
	struct thread_group *reaper = find_reaper(tg);
	struct thread_group *child, *next;

	list_for_each_safe(child, next, &tg->children, sibling)
	{
		list_del(&child->sibling);
		child->parent = reaper == tg ? NULL : reaper;
		child->exit_signal = SIGCHLD;
		parent_died(child);
		if (!child->parent) {
			if (child->zombie)
				group_reap(child);
			continue;
		}
		list_add_tail(&child->parent->children, &child->sibling);
		if (child->group && tg->group)
			group_check(child->group, tg->group);
		if (child->zombie)
			tell_parent(child);
	}
}

/* The last thread is gone: from here on the process is a zombie. */
static void group_becomes_zombie(struct thread_group *tg)
{
	if (tg->zombie)
		return;
	tg->zombie = true;
	tg->exiting = true;
	cpu_limit_cancel(tg);
	if (call_trace)
		call_trace->death(tg->leader, tg->exit_status);
	itimers_destroy(tg);
	posix_timers_destroy(tg);
	sigqueue_clear(&tg->pending);
	vfork_done(tg);
	if (tg->group && tg->group->session->sid == tg->tgid &&
		session_leader_exited)
		session_leader_exited(tg->group->session);
	give_away_children(tg);
	if (tg->group && tg->parent && tg->parent->group)
		group_check(tg->group, tg->parent->group);
	tell_parent(tg);
}

void group_reap(struct thread_group *tg)
{
	struct task *leader = tg->leader;

	if (tg->parent) {
		usage_add(&tg->parent->children_usage, &tg->usage);
		usage_add(&tg->parent->children_usage, &tg->children_usage);
	}
	list_del(&tg->sibling);
	tg->parent = NULL;
	if (tg->group)
		group_leave(tg);
	leader->state = TASK_DEAD;
	task_unpublish(leader);
	tg->leader = NULL;
	task_put(leader);
}

/* ---- Ends -------------------------------------------------------------- */

static void count_live_usage(struct thread_group *tg)
{
	struct cpu_times times;

	if (!tg->space)
		return;
	times = group_cpu_times(tg);
	tg->usage.utime_us = times.user_us;
	tg->usage.stime_us = times.system_us;
}

/* The only thread, stopped at its exit call: no need to wait for the host. */
static void exit_at_once(struct thread_group *tg, struct task *t)
{
	count_live_usage(tg);
	platform_ops->thread_exit(t->thread, tg->exit_status >> 8);
	task_dies(t);
	group_becomes_zombie(tg);
}

void group_exit(struct thread_group *tg, struct task *caller, int status)
{
	struct task *t;

	if (tg->exiting)
		return;
	tg->exiting = true;
	tg->exit_status = status;
	if (caller && tg->thread_count == 1 && caller->thread &&
		!caller->in_guest) {
		exit_at_once(tg, caller);
		return;
	}
	list_for_each(t, &tg->threads, thread_node) if (t != current)
		call_abandon(t);
	if (tg->space)
		platform_ops->space_kill(tg->space);
}

static void exit_thread(struct task *t, int status)
{
	struct thread_group *tg = t->tg;

	if (tg->thread_count == 1) {
		/* exit(2) of the last thread is the end of the process. */
		group_exit(tg, t, (status & 0xff) << 8);
		return;
	}
	platform_ops->thread_exit(t->thread, status);
	task_dies(t);
}

static void exit_now(struct task *t, int status, bool group)
{
	if (group)
		group_exit(t->tg, t, (status & 0xff) << 8);
	else
		exit_thread(t, status);
}

/*
 * A thread that holds robust futexes: it must be fully stopped, mark them,
 * and make the wake-ups itself, as only it is in that address space.
 */
struct robust_exit {
	int status;
	bool group;
	struct host_call calls[16];
};

static void robust_step(struct task *t, const struct event *event)
{
	struct robust_exit *exit = t->operation;
	int status = exit->status;
	bool group = exit->group;
	size_t count = 0;

	if (!event || event->kind == EVENT_INTERRUPT)
		count = robust_list_release(
			t, exit->calls, ARRAY_SIZE(exit->calls));
	if (count && platform_ops->thread_call(
			     t->thread, exit->calls, count, NULL, 0) == 0)
		return;
	task_operation_done(t);
	exit_now(t, status, group);
}

void task_exit(struct task *t, int status, bool group)
{
	struct robust_exit *exit = NULL;

	if (robust_list_held(t))
		exit = alloc_zero(exit);
	if (!exit) {
		exit_now(t, status, group);
		return;
	}
	exit->status = status;
	exit->group = group;
	task_operation(t, exit, robust_step, free);
	if (t->call.stopped)
		robust_step(t, NULL);
	else
		platform_ops->thread_return_stopped(t->thread, 0);
}

void exit_other_threads(struct task *t)
{
	struct thread_group *tg = t->tg;
	struct task *other, *next;

	if (tg->leader != t)
		task_become_leader(t);
	list_for_each_safe(other, next, &tg->threads,
		thread_node) if (other != t) task_dies(other);
}

static void take_host_usage(
	struct thread_group *tg, const struct host_usage *usage)
{
	tg->usage.utime_us = usage->utime_us;
	tg->usage.stime_us = usage->stime_us;
	tg->usage.maxrss_kib = usage->maxrss_kib;
	tg->usage.minflt = usage->minflt;
	tg->usage.majflt = usage->majflt;
	tg->usage.nvcsw = usage->nvcsw;
	tg->usage.nivcsw = usage->nivcsw;
}

void group_host_died(struct space *space, const struct event *event)
{
	struct thread_group *tg = space->data;
	struct task *t, *next;

	platform_ops->space_put(space);
	if (!tg)
		return;
	tg->space = NULL;
	tg->host_dead = true;
	if (!tg->zombie) {
		take_host_usage(tg, &event->usage);
		if (!tg->exiting)
			tg->exit_status = event->status;
		tg->exiting = true;
		list_for_each_safe(t, next, &tg->threads,
			thread_node) if (t->state != TASK_ZOMBIE) task_dies(t);
		group_becomes_zombie(tg);
	}
	thread_group_put(tg);
}
