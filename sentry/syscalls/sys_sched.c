/*
 * Scheduling: policies, priorities, niceness, processors, I/O priorities.
 *
 * All of it is kept and checked as Linux does (kernel/sched.h says why the
 * host is not told).
 */
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#include "lib/checked.h"
#include "sentry/kernel/sched.h"
#include "sentry/kernel/task.h"
#include "sentry/mm/uaccess.h"
#include "sentry/syscalls/syscalls.h"
#include "sentry/syscalls/who.h"

#define NICE_MIN (-20)
#define NICE_MAX 19
#define RT_MAX   99

#ifndef SCHED_DEADLINE
#define SCHED_DEADLINE 6
#endif
#define KEEP_POLICY (-1)

/* struct sched_attr of the kernel; the first 48 bytes came first. */
struct abi_sched_attr {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};
_Static_assert(sizeof(struct abi_sched_attr) == 56, "struct sched_attr");

#define SCHED_ATTR_SIZE_VER0 48
#define SCHED_ATTR_SIZE_MAX  4096

#define ATTR_RESET_ON_FORK 0x01u
#define ATTR_KEEP_POLICY   0x08u
#define ATTR_KEEP_PARAMS   0x10u
#define ATTR_UTIL_CLAMP    0x60u
#define ATTR_ALL           0x7fu

static bool is_realtime(int policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

static bool is_fair(int policy)
{
	return policy == SCHED_OTHER || policy == SCHED_BATCH;
}

/* Is this nice value within RLIMIT_NICE? (20 - nice, getrlimit(2)) */
static bool within_nice_limit(const struct task *target, int nice)
{
	return (uint64_t)(20 - nice) <= task_rlimit(target, RLIMIT_NICE);
}

/* ---- Policies ------------------------------------------------------------ */

/* What is asked for; nice counts only with nice_given. */
struct request {
	int policy; /* or KEEP_POLICY */
	int priority;
	bool reset_on_fork;
	bool nice_given;
	int nice;
};

static bool needs_privilege(const struct task *t, const struct task *target,
	const struct request *r)
{
	const struct task_sched *s = &target->sched;

	if (is_fair(r->policy) && r->nice_given && r->nice < s->nice &&
		!within_nice_limit(target, r->nice))
		return true;
	if (is_realtime(r->policy)) {
		uint64_t limit = task_rlimit(target, RLIMIT_RTPRIO);

		if (r->policy != s->policy && limit == 0)
			return true;
		if (r->priority > s->rt_priority &&
			(uint64_t)r->priority > limit)
			return true;
	}
	if (s->policy == SCHED_IDLE && r->policy != SCHED_IDLE &&
		!within_nice_limit(target, s->nice))
		return true;
	if (!who_same_owner(t, target))
		return true;
	return s->reset_on_fork && !r->reset_on_fork;
}

static long change_policy(
	struct task *t, struct task *target, struct request *r)
{
	struct task_sched *s = &target->sched;

	if (r->policy == KEEP_POLICY) {
		r->policy = s->policy;
		r->reset_on_fork = s->reset_on_fork;
	} else if (!is_realtime(r->policy) && !is_fair(r->policy) &&
		   r->policy != SCHED_IDLE) {
		/* Linux: SCHED_DEADLINE and SCHED_EXT are not offered. */
		return -EINVAL;
	}
	if (r->priority < 0 || r->priority > RT_MAX ||
		is_realtime(r->policy) != (r->priority != 0))
		return -EINVAL;
	if (needs_privilege(t, target, r) &&
		!cred_capable(t->cred, CAP_SYS_NICE))
		return -EPERM;
	s->policy = r->policy;
	s->rt_priority = r->priority;
	s->reset_on_fork = r->reset_on_fork;
	if (r->nice_given && is_fair(r->policy))
		s->nice = r->nice;
	return 0;
}

static long set_scheduler(struct task *t, pid_t pid, int policy, uaddr_t param)
{
	struct request r = {.policy = policy};
	struct task *target;
	long ret;

	if (param == 0 || pid < 0)
		return -EINVAL;
	if (get_user(t->mm, &r.priority, param) < 0)
		return -EFAULT;
	target = who_find(t, pid);
	if (!target)
		return -ESRCH;
	if (policy != KEEP_POLICY) {
		r.reset_on_fork = policy & SCHED_RESET_ON_FORK;
		r.policy = policy & ~SCHED_RESET_ON_FORK;
	}
	ret = change_policy(t, target, &r);
	task_put(target);
	return ret;
}

long sys_sched_setscheduler(
	struct task *t, pid_t pid, int policy, uaddr_t param)
{
	if (policy < 0)
		return -EINVAL;
	return set_scheduler(t, pid, policy, param);
}

long sys_sched_setparam(struct task *t, pid_t pid, uaddr_t param)
{
	return set_scheduler(t, pid, KEEP_POLICY, param);
}

long sys_sched_getscheduler(struct task *t, pid_t pid)
{
	struct task *target;
	long ret;

	if (pid < 0)
		return -EINVAL;
	target = who_find(t, pid);
	if (!target)
		return -ESRCH;
	ret = target->sched.policy |
	      (target->sched.reset_on_fork ? SCHED_RESET_ON_FORK : 0);
	task_put(target);
	return ret;
}

long sys_sched_getparam(struct task *t, pid_t pid, uaddr_t param)
{
	struct task *target;
	int priority;

	if (param == 0 || pid < 0)
		return -EINVAL;
	target = who_find(t, pid);
	if (!target)
		return -ESRCH;
	priority = target->sched.rt_priority;
	task_put(target);
	return put_user(t->mm, param, &priority);
}

static long priority_limit(int policy, int for_realtime)
{
	switch (policy) {
	case SCHED_FIFO:
	case SCHED_RR:
		return for_realtime;
	case SCHED_OTHER:
	case SCHED_BATCH:
	case SCHED_IDLE:
	case SCHED_DEADLINE:
		return 0;
	default:
		return -EINVAL;
	}
}

long sys_sched_get_priority_max(struct task *t, int policy)
{
	return priority_limit(policy, RT_MAX);
}

long sys_sched_get_priority_min(struct task *t, int policy)
{
	return priority_limit(policy, 1);
}

long sys_sched_rr_get_interval(struct task *t, pid_t pid, uaddr_t addr)
{
	struct timespec interval = {0, 0};
	struct task *target;

	if (pid < 0)
		return -EINVAL;
	target = who_find(t, pid);
	if (!target)
		return -ESRCH;
	/* The defaults of Linux: 100 ms, and a slice of 4 ms. */
	if (target->sched.policy == SCHED_RR)
		interval.tv_nsec = 100000000;
	else if (!is_realtime(target->sched.policy))
		interval.tv_nsec = 4000000;
	task_put(target);
	return put_user(t->mm, addr, &interval);
}

/* ---- struct sched_attr --------------------------------------------------- */

/* Tells the caller the size we know. */
static long wrong_attr_size(struct task *t, uaddr_t addr)
{
	const uint32_t size = sizeof(struct abi_sched_attr);

	put_user(t->mm, addr, &size);
	return -E2BIG;
}

static long copy_attr(struct task *t, uaddr_t addr, struct abi_sched_attr *a)
{
	char rest[SCHED_ATTR_SIZE_MAX];
	uint32_t size;

	if (get_user(t->mm, &size, addr) < 0)
		return -EFAULT;
	if (size == 0)
		size = SCHED_ATTR_SIZE_VER0;
	if (size < SCHED_ATTR_SIZE_VER0 || size > SCHED_ATTR_SIZE_MAX)
		return wrong_attr_size(t, addr);
	memset(a, 0, sizeof(*a));
	if (copy_in(t->mm, rest, addr, size) < 0)
		return -EFAULT;
	/* A newer, longer structure is fine as long as the rest is zero. */
	for (size_t i = sizeof(*a); i < size; i++) {
		if (rest[i] != 0)
			return wrong_attr_size(t, addr);
	}
	memcpy(a, rest, MIN(size, sizeof(*a)));
	if ((a->flags & ATTR_UTIL_CLAMP) && size < sizeof(*a))
		return -EINVAL;
	a->nice = MAX(a->nice, NICE_MIN);
	a->nice = MIN(a->nice, NICE_MAX);
	return 0;
}

long sys_sched_setattr(
	struct task *t, pid_t pid, uaddr_t addr, unsigned int flags)
{
	struct abi_sched_attr a;
	struct request r = {.nice_given = true};
	struct task *target;
	long ret;

	if (addr == 0 || pid < 0 || flags != 0)
		return -EINVAL;
	ret = copy_attr(t, addr, &a);
	if (ret < 0)
		return ret;
	if ((int32_t)a.policy < 0 || a.priority > RT_MAX)
		return -EINVAL;
	target = who_find(t, pid);
	if (!target)
		return -ESRCH;
	ret = -EINVAL;
	if (a.flags & ~(uint64_t)ATTR_ALL)
		goto out_put;
	ret = -EOPNOTSUPP; /* as with CONFIG_UCLAMP_TASK off */
	if (a.flags & ATTR_UTIL_CLAMP)
		goto out_put;
	r.policy = a.flags & ATTR_KEEP_POLICY ? KEEP_POLICY : (int)a.policy;
	r.priority = (int)a.priority;
	r.nice = a.nice;
	if (a.flags & ATTR_KEEP_PARAMS) {
		r.priority = target->sched.rt_priority;
		r.nice = target->sched.nice;
	}
	r.reset_on_fork = a.flags & ATTR_RESET_ON_FORK;
	ret = change_policy(t, target, &r);
out_put:
	task_put(target);
	return ret;
}

long sys_sched_getattr(struct task *t, pid_t pid, uaddr_t addr,
	unsigned int size, unsigned int flags)
{
	struct abi_sched_attr a = {0};
	struct task *target;

	if (addr == 0 || pid < 0 || size > SCHED_ATTR_SIZE_MAX ||
		size < SCHED_ATTR_SIZE_VER0 || flags != 0)
		return -EINVAL;
	target = who_find(t, pid);
	if (!target)
		return -ESRCH;
	a.size = MIN(size, (unsigned int)sizeof(a));
	a.policy = (uint32_t)target->sched.policy;
	if (target->sched.reset_on_fork)
		a.flags = ATTR_RESET_ON_FORK;
	if (is_realtime(target->sched.policy))
		a.priority = (uint32_t)target->sched.rt_priority;
	else
		a.nice = target->sched.nice;
	task_put(target);
	return copy_out(t->mm, addr, &a, a.size);
}

/* ---- Processors ---------------------------------------------------------- */

long sys_sched_getaffinity(
	struct task *t, pid_t pid, unsigned int size, uaddr_t addr)
{
	uint64_t mask[SCHED_CPU_WORDS];
	struct task *target;

	if (size < sched_cpumask_least() || size % sizeof(long) != 0)
		return -EINVAL;
	target = pid < 0 ? NULL : who_find(t, pid);
	if (!target)
		return -ESRCH;
	memcpy(mask, target->sched.affinity, sizeof(mask));
	task_put(target);
	size = MIN(size, (unsigned int)sched_cpumask_size());
	return copy_out(t->mm, addr, mask, size) < 0 ? -EFAULT : (long)size;
}

long sys_sched_setaffinity(
	struct task *t, pid_t pid, unsigned int size, uaddr_t addr)
{
	uint64_t mask[SCHED_CPU_WORDS] = {0};
	const uint64_t *host = sched_host_affinity();
	uint64_t some = 0;
	struct task *target;
	long ret = 0;

	size = MIN(size, (unsigned int)sched_cpumask_size());
	if (copy_in(t->mm, mask, addr, size) < 0)
		return -EFAULT;
	target = pid < 0 ? NULL : who_find(t, pid);
	if (!target)
		return -ESRCH;
	for (int i = 0; i < SCHED_CPU_WORDS; i++) {
		mask[i] &= host[i];
		some |= mask[i];
	}
	if (!who_same_owner(t, target))
		ret = -EPERM;
	else if (some == 0)
		ret = -EINVAL;
	else
		memcpy(target->sched.affinity, mask, sizeof(mask));
	task_put(target);
	return ret;
}

long sys_getcpu(struct task *t, uaddr_t cpu_addr, uaddr_t node_addr, uaddr_t c)
{
	unsigned int node = 0;
	unsigned int cpu = 0;
	int now = sched_getcpu();

	/* Where we run, the caller ran when it asked, or next to it. */
	if (now > 0)
		cpu = (unsigned int)now;
	if (cpu_addr != 0 && put_user(t->mm, cpu_addr, &cpu) < 0)
		return -EFAULT;
	if (node_addr != 0 && put_user(t->mm, node_addr, &node) < 0)
		return -EFAULT;
	return 0;
}

/* ---- Niceness ------------------------------------------------------------ */

struct nice_change {
	struct task *t;
	int nice;
	long result; /* -ESRCH until somebody was found */
};

static void set_nice(struct task *target, void *data)
{
	struct nice_change *change = data;
	const struct task *t = change->t;

	if (!(target->cred->uid == t->cred->euid ||
		    target->cred->euid == t->cred->euid) &&
		!cred_capable(t->cred, CAP_SYS_NICE)) {
		change->result = -EPERM;
		return;
	}
	if (change->nice < target->sched.nice &&
		!within_nice_limit(target, change->nice) &&
		!cred_capable(t->cred, CAP_SYS_NICE)) {
		change->result = -EACCES;
		return;
	}
	if (change->result == -ESRCH)
		change->result = 0;
	target->sched.nice = change->nice;
}

static bool who_of(int which, enum who *who)
{
	switch (which) {
	case PRIO_PROCESS:
		*who = WHO_PROCESS;
		return true;
	case PRIO_PGRP:
		*who = WHO_PGRP;
		return true;
	case PRIO_USER:
		*who = WHO_USER;
		return true;
	default:
		return false;
	}
}

long sys_setpriority(struct task *t, int which, int id, int nice)
{
	struct nice_change change = {.t = t, .result = -ESRCH};
	enum who who;

	if (!who_of(which, &who))
		return -EINVAL;
	change.nice = MIN(MAX(nice, NICE_MIN), NICE_MAX);
	who_each(t, who, id, set_nice, &change);
	return change.result;
}

/* The kernel answers 20 - nice, so that it is never negative. */
static void highest_nice(struct task *target, void *data)
{
	long *best = data;

	*best = MAX(*best, 20L - target->sched.nice);
}

long sys_getpriority(struct task *t, int which, int id)
{
	long best = -ESRCH;
	enum who who;

	if (!who_of(which, &who))
		return -EINVAL;
	who_each(t, who, id, highest_nice, &best);
	return best;
}

/* ---- I/O priorities (ioprio_set(2)) -------------------------------------- */

enum { IOPRIO_NONE, IOPRIO_RT, IOPRIO_BE, IOPRIO_IDLE };

#define IOPRIO_CLASS(prio) ((prio) >> 13 & 7)
#define IOPRIO_LEVEL(prio) ((prio)&7)
#define IOPRIO_NORM        4

static bool io_who_of(int which, enum who *who)
{
	if (which < 1 || which > 3)
		return false;
	*who = which == 1 ? WHO_PROCESS : which == 2 ? WHO_PGRP : WHO_USER;
	return true;
}

static long check_ioprio(const struct task *t, unsigned int prio)
{
	switch (IOPRIO_CLASS(prio)) {
	case IOPRIO_RT:
		if (!cred_capable(t->cred, CAP_SYS_ADMIN) &&
			!cred_capable(t->cred, CAP_SYS_NICE))
			return -EPERM;
		return 0;
	case IOPRIO_BE:
	case IOPRIO_IDLE:
		return 0;
	case IOPRIO_NONE:
		return IOPRIO_LEVEL(prio) != 0 ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

struct ioprio_change {
	struct task *t;
	int prio;
	long result;
};

static void set_ioprio(struct task *target, void *data)
{
	struct ioprio_change *change = data;

	if (change->result < 0 && change->result != -ESRCH)
		return;
	if (!who_same_owner(change->t, target)) {
		change->result = -EPERM;
		return;
	}
	change->result = 0;
	target->sched.ioprio = change->prio;
}

long sys_ioprio_set(struct task *t, int which, int id, unsigned int prio)
{
	struct ioprio_change change = {.t = t, .result = -ESRCH};
	enum who who;
	long ret = check_ioprio(t, prio);

	if (ret < 0)
		return ret;
	if (!io_who_of(which, &who))
		return -EINVAL;
	change.prio = (int)(prio & 0xffff);
	who_each(t, who, id, set_ioprio, &change);
	return change.result;
}

struct ioprio_search {
	bool single;
	int best; /* -ESRCH: nobody */
};

/* The best is the lowest class, then the lowest level (ioprio_best()). */
static void best_ioprio(struct task *target, void *data)
{
	struct ioprio_search *search = data;
	int prio = target->sched.ioprio;

	/* For a comparison, none counts as what it comes to. */
	if (!search->single && IOPRIO_CLASS(prio) == IOPRIO_NONE)
		prio = IOPRIO_BE << 13 | IOPRIO_NORM;
	if (search->best < 0 || prio < search->best)
		search->best = prio;
}

long sys_ioprio_get(struct task *t, int which, int id)
{
	struct ioprio_search search = {.single = which == 1, .best = -ESRCH};
	enum who who;

	if (!io_who_of(which, &who))
		return -EINVAL;
	who_each(t, who, id, best_ioprio, &search);
	return search.best;
}
