/* Waiting for children (wait(2), waitid(2)). */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "sentry/kernel/kernel.h"

#define WALL_FLAG   0x40000000u /* __WALL */
#define WCLONE_FLAG 0x80000000u /* __WCLONE */

static bool matches(const struct task *t, const struct thread_group *child,
	const struct wait_spec *spec)
{
	bool clone = child->exit_signal != SIGCHLD;

	if (!((unsigned int)spec->options & WALL_FLAG) &&
		clone != !!((unsigned int)spec->options & WCLONE_FLAG))
		return false;
	switch (spec->type) {
	case P_PID:
		return child->tgid == spec->id;
	case P_PGID:
		return child->group &&
		       child->group->pgid ==
			       (spec->id ? spec->id : t->tg->group->pgid);
	default:
		return true;
	}
}

static void describe(
	const struct thread_group *child, struct wait_result *result)
{
	result->pid = child->tgid;
	result->uid = child->leader->cred ? child->leader->cred->uid : 0;
	result->usage = child->usage;
	usage_add(&result->usage, &child->children_usage);
}

static bool check_exited(
	struct thread_group *child, int options, struct wait_result *result)
{
	if (!(options & WEXITED) || !child->zombie)
		return false;
	describe(child, result);
	result->status = child->exit_status;
	result->code = WIFEXITED(child->exit_status)   ? CLD_EXITED
		       : WCOREDUMP(child->exit_status) ? CLD_DUMPED
						       : CLD_KILLED;
	if (!(options & WNOWAIT))
		group_reap(child);
	return true;
}

static bool check_stopped(
	struct thread_group *child, int options, struct wait_result *result)
{
	if (!(options & WSTOPPED) || !child->stopped || child->stop_reported ||
		child->zombie)
		return false;
	describe(child, result);
	result->status = W_STOPCODE(child->stop_signal);
	result->code = CLD_STOPPED;
	if (!(options & WNOWAIT))
		child->stop_reported = true;
	return true;
}

static bool check_continued(
	struct thread_group *child, int options, struct wait_result *result)
{
	if (!(options & WCONTINUED) || !child->continued || child->zombie)
		return false;
	describe(child, result);
	result->status = 0xffff;
	result->code = CLD_CONTINUED;
	if (!(options & WNOWAIT))
		child->continued = false;
	return true;
}

int wait_child(struct task *t, const struct wait_spec *spec,
	struct wait_result *result)
{
	struct thread_group *child, *next;
	bool any = false;

	*result = (struct wait_result){0};
	list_for_each_safe(child, next, &t->tg->children, sibling)
	{
		if (!matches(t, child, spec))
			continue;
		any = true;
		if (check_exited(child, spec->options, result) ||
			check_stopped(child, spec->options, result) ||
			check_continued(child, spec->options, result))
			return 0;
	}
	return any ? 0 : -ECHILD;
}
