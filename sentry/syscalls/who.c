/* Whom a call is about. */
#include "sentry/syscalls/who.h"

#include <linux/capability.h>

struct task *who_find(struct task *t, int pid)
{
	return pid == 0 ? task_get(t) : task_find(pid);
}

bool who_same_owner(const struct task *t, const struct task *target)
{
	uid_t euid = t->cred->euid;

	return euid == target->cred->euid || euid == target->cred->uid ||
	       cred_capable(t->cred, CAP_SYS_NICE);
}

struct each {
	enum who who;
	int pgid;
	uid_t uid;
	size_t count;
	void (*fn)(struct task *target, void *data);
	void *data;
};

static void each_group(struct thread_group *tg, void *data)
{
	struct each *each = data;
	struct task *target, *next;

	if (each->who == WHO_PGRP &&
		(!tg->group || tg->group->pgid != each->pgid))
		return;
	list_for_each_safe(target, next, &tg->threads, thread_node)
	{
		if (target->state >= TASK_ZOMBIE || !target->cred)
			continue;
		if (each->who == WHO_USER && target->cred->uid != each->uid)
			continue;
		each->count++;
		each->fn(target, each->data);
	}
}

size_t who_each(struct task *t, enum who who, int id,
	void (*fn)(struct task *target, void *data), void *data)
{
	struct each each = {.who = who, .fn = fn, .data = data};
	struct task *target;

	if (who == WHO_PROCESS) {
		target = who_find(t, id);
		if (!target)
			return 0;
		fn(target, data);
		task_put(target);
		return 1;
	}
	if (who == WHO_PGRP)
		each.pgid = id != 0        ? id
			    : t->tg->group ? t->tg->group->pgid
					   : 0;
	else
		each.uid = id != 0 ? (uid_t)id : t->cred->uid;
	thread_group_each(each_group, &each);
	return each.count;
}
