/*
 * Whom a call is about: a pid argument, or the which/who pair of
 * getpriority(2) and ioprio_get(2); and may the caller do it to them.
 */
#ifndef SENTRY_SYSCALLS_WHO_H
#define SENTRY_SYSCALLS_WHO_H

#include "sentry/kernel/task.h"

/* 0 is the caller. A new reference, or NULL: -ESRCH. */
struct task *who_find(struct task *t, int pid);
/* The caller's euid is the target's uid or euid, or it has CAP_SYS_NICE. */
bool who_same_owner(const struct task *t, const struct task *target);

enum who { WHO_PROCESS, WHO_PGRP, WHO_USER };

/*
 * Calls fn for each thread meant; id 0 is the caller, its group or its user.
 * How many there were.
 */
size_t who_each(struct task *t, enum who who, int id,
	void (*fn)(struct task *target, void *data), void *data);

#endif
