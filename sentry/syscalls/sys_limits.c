/*
 * Resource limits and what was used: getrlimit(2), getrusage(2), times(2).
 *
 * Limits on memory are the host's to enforce, because memory is: they are set
 * on the guest's host process, with room for the stub. The others are ours,
 * and are looked at where the resource is taken.
 */
#include <errno.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/times.h>
#include <time.h>

#include "lib/checked.h"
#include "sentry/kernel/kernel.h"
#include "sentry/kernel/task.h"
#include "sentry/kernel/usage.h"
#include "sentry/mm/uaccess.h"
#include "sentry/syscalls/syscalls.h"
#include "sentry/syscalls/who.h"

#define NOFILE_MAX 1048576u /* the default of fs.nr_open */
/* What the stub takes of an address space: its window, once more to be safe. */
#define STUB_ROOM     (2 * (STUB_WINDOW_END - STUB_WINDOW_START))
#define USER_HZ       100 /* ticks of times(2), in any Linux */
#define USEC_PER_TICK (1000000 / USER_HZ)

/* ---- Limits -------------------------------------------------------------- */

/*
 * Best effort: a limit that the host does not take over is only not enforced,
 * and reads back as set. Children inherit it on the host as they do here.
 */
static void tell_host(const struct thread_group *tg, unsigned int resource)
{
	struct rlimit host;
	uint64_t cur = tg->rlimits[resource].cur;
	__rlimit_resource_t r = (__rlimit_resource_t)resource;

	if (resource != RLIMIT_AS && resource != RLIMIT_DATA &&
		resource != RLIMIT_STACK && resource != RLIMIT_MEMLOCK)
		return;
	if (!tg->space || prlimit(tg->space->host_pid, r, NULL, &host) < 0)
		return;
	if ((resource == RLIMIT_AS || resource == RLIMIT_DATA) &&
		cur < RLIM_INFINITY - STUB_ROOM)
		cur += STUB_ROOM;
	host.rlim_cur = MIN(cur, host.rlim_max);
	prlimit(tg->space->host_pid, r, &host, NULL);
}

static long check_new_limit(const struct task *t,
	const struct guest_rlimit *old, const struct guest_rlimit *new,
	unsigned int resource)
{
	if (new->cur > new->max)
		return -EINVAL;
	if (resource == RLIMIT_NOFILE && new->max > NOFILE_MAX)
		return -EPERM;
	if (new->max > old->max && !cred_capable(t->cred, CAP_SYS_RESOURCE))
		return -EPERM;
	return 0;
}

static long set_limit(const struct task *t, struct thread_group *tg,
	unsigned int resource, struct guest_rlimit new)
{
	struct guest_rlimit *limit = &tg->rlimits[resource];
	struct guest_rlimit old;
	long ret = check_new_limit(t, limit, &new, resource);

	if (ret < 0)
		return ret;
	old = *limit;
	*limit = new;
	if (resource == RLIMIT_CPU && cpu_limit_changed(tg) < 0) {
		*limit = old;
		return -ENOMEM;
	}
	tell_host(tg, resource);
	return 0;
}

/* The same user in every respect, or CAP_SYS_RESOURCE (prlimit(2)). */
static bool may_prlimit(const struct task *t, const struct task *target)
{
	const struct cred *c = t->cred;
	const struct cred *other = target->cred;

	if (t->tg == target->tg)
		return true;
	if (c->uid == other->euid && c->uid == other->suid &&
		c->uid == other->uid && c->gid == other->egid &&
		c->gid == other->sgid && c->gid == other->gid)
		return true;
	return cred_capable(c, CAP_SYS_RESOURCE);
}

long sys_prlimit64(struct task *t, pid_t pid, unsigned int resource,
	uaddr_t new_addr, uaddr_t old_addr)
{
	struct guest_rlimit new, old;
	struct task *target;
	long ret = 0;

	if (new_addr != 0 && get_user(t->mm, &new, new_addr) < 0)
		return -EFAULT;
	target = pid < 0 ? NULL : who_find(t, pid);
	if (!target)
		return -ESRCH;
	if (!may_prlimit(t, target))
		ret = -EPERM;
	else if (resource >= GUEST_RLIM_NLIMITS)
		ret = -EINVAL;
	if (ret == 0) {
		old = target->tg->rlimits[resource];
		if (new_addr != 0)
			ret = set_limit(t, target->tg, resource, new);
	}
	task_put(target);
	if (ret == 0 && old_addr != 0)
		ret = put_user(t->mm, old_addr, &old);
	return ret;
}

long sys_getrlimit(struct task *t, unsigned int resource, uaddr_t addr)
{
	if (resource >= GUEST_RLIM_NLIMITS)
		return -EINVAL;
	return put_user(t->mm, addr, &t->tg->rlimits[resource]);
}

long sys_setrlimit(struct task *t, unsigned int resource, uaddr_t addr)
{
	struct guest_rlimit new;

	if (get_user(t->mm, &new, addr) < 0)
		return -EFAULT;
	if (resource >= GUEST_RLIM_NLIMITS)
		return -EINVAL;
	return set_limit(t, t->tg, resource, new);
}

/* ---- Usage --------------------------------------------------------------- */

/*
 * The host counts a process and a thread as Linux does, so that these two are
 * asked where they run; what waited-for children used is ours. The address is
 * the guest's own, and kept off the stub.
 */
long sys_getrusage(struct task *t, int who, uaddr_t addr)
{
	struct rusage out;

	switch (who) {
	case RUSAGE_SELF:
	case RUSAGE_THREAD:
		if (addr < STUB_WINDOW_END)
			return -EFAULT;
		return task_host_call(t, SYS_getrusage,
			(uint64_t[6]){(uint64_t)who, addr}, NULL);
	case RUSAGE_CHILDREN:
		usage_to_rusage(&out, &t->tg->children_usage);
		return put_user(t->mm, addr, &out);
	default:
		return -EINVAL;
	}
}

long sys_times(struct task *t, uaddr_t addr)
{
	const struct task_usage *children = &t->tg->children_usage;
	struct task_usage usage;
	struct tms out;

	if (addr != 0) {
		usage = group_usage(t->tg);
		out.tms_utime = (clock_t)(usage.utime_us / USEC_PER_TICK);
		out.tms_stime = (clock_t)(usage.stime_us / USEC_PER_TICK);
		out.tms_cutime = (clock_t)(children->utime_us / USEC_PER_TICK);
		out.tms_cstime = (clock_t)(children->stime_us / USEC_PER_TICK);
		if (put_user(t->mm, addr, &out) < 0)
			return -EFAULT;
	}
	return (long)(clock_now(CLOCK_BOOTTIME) / (NSEC_PER_SEC / USER_HZ));
}
