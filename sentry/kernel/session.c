/*
 * Process groups and sessions (credentials(7), setpgid(2), setsid(2)).
 *
 * A group lives while it has members; a session while it has groups. Both are
 * counted. A group is orphaned when no member has a parent in the same
 * session but another group: nobody is left who could continue it.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "lib/checked.h"
#include "sentry/kernel/kernel.h"

void (*session_leader_exited)(struct session *session);

static void session_put(struct session *session)
{
	if (ref_put(&session->ref))
		free(session);
}

void process_group_put(struct process_group *group)
{
	if (!group || !ref_put(&group->ref))
		return;
	session_put(group->session);
	free(group);
}

/* A new group; session NULL: in a new session of the same number. */
static struct process_group *group_new(int pgid, struct session *session)
{
	struct process_group *group = alloc_zero(group);

	if (!group)
		return NULL;
	if (session) {
		ref_get(&session->ref);
	} else {
		session = alloc_zero(session);
		if (!session) {
			free(group);
			return NULL;
		}
		ref_init(&session->ref);
		session->sid = pgid;
	}
	ref_init(&group->ref);
	group->pgid = pgid;
	group->session = session;
	list_init(&group->members);
	return group;
}

void group_leave(struct thread_group *tg)
{
	list_del(&tg->group_node);
	process_group_put(tg->group);
	tg->group = NULL;
}

void group_inherit(struct thread_group *tg, struct process_group *group)
{
	ref_get(&group->ref);
	tg->group = group;
	list_add_tail(&group->members, &tg->group_node);
}

/* Takes over the reference to group. */
static void group_enter(struct thread_group *tg, struct process_group *group)
{
	if (tg->group)
		group_leave(tg);
	tg->group = group;
	list_add_tail(&group->members, &tg->group_node);
}

int group_join_new_session(struct thread_group *tg)
{
	struct process_group *group;

	/* setsid(2): not for a group leader, nor while the number is in use. */
	group = process_group_find(tg->tgid);
	if (group) {
		process_group_put(group);
		return -EPERM;
	}
	group = group_new(tg->tgid, NULL);
	if (!group)
		return -ENOMEM;
	group_enter(tg, group);
	return tg->tgid;
}

int group_setpgid(
	struct thread_group *caller, struct thread_group *tg, int pgid)
{
	struct process_group *group;

	if (tg != caller) {
		if (tg->parent != caller)
			return -ESRCH;
		if (tg->group->session != caller->group->session)
			return -EPERM;
		if (tg->did_exec)
			return -EACCES;
	}
	if (tg->group->session->sid == tg->tgid)
		return -EPERM; /* a session leader stays */
	if (pgid == tg->group->pgid)
		return 0;
	group = process_group_find(pgid);
	if (!group && pgid == tg->tgid)
		group = group_new(pgid, tg->group->session);
	else if (!group)
		return -EPERM;
	if (!group)
		return -ENOMEM;
	if (group->session != caller->group->session) {
		process_group_put(group);
		return -EPERM;
	}
	group_enter(tg, group);
	return 0;
}

int (*host_terminal_open)(struct file *file);

/*
 * The parent of the first process is the launcher, whose shell looks after it:
 * its group is no orphan.
 */
int session_set_foreground(struct session *session, int pgid)
{
	struct process_group *group;
	int ret = 0;

	if (pgid < 0)
		return -EINVAL;
	group = process_group_find(pgid);
	if (!group)
		return -ESRCH;
	if (group->session == session)
		session->foreground_pgid = pgid;
	else
		ret = -EPERM;
	process_group_put(group);
	return ret;
}

bool group_is_orphaned(const struct process_group *group)
{
	struct thread_group *tg;

	list_for_each(tg, &group->members, group_node)
	{
		if (!tg->zombie && !tg->parent)
			return false;
		if (tg->zombie || !tg->parent->group)
			continue;
		if (tg->parent->group->session == group->session &&
			tg->parent->group != group)
			return false;
	}
	return true;
}

static bool has_stopped(const struct process_group *group)
{
	struct thread_group *tg;

	list_for_each(tg, &group->members,
		group_node) if (tg->stopped && !tg->zombie) return true;
	return false;
}

void group_check(
	struct process_group *group, const struct process_group *outside)
{
	if (outside == group || outside->session != group->session)
		return; /* was no tie */
	if (!has_stopped(group) || !group_is_orphaned(group))
		return;
	signal_send_pgrp(group, SIGHUP, NULL);
	signal_send_pgrp(group, SIGCONT, NULL);
}
