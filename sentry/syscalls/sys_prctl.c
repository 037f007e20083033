/*
 * prctl(2): small attributes of a task.
 *
 * What belongs to features that are not there (seccomp filters of the guest,
 * core scheduling, MTE, shadow stacks) answers as a kernel without them does:
 * EINVAL.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <string.h>
#include <sys/prctl.h>

#include "lib/checked.h"
#include "sentry/kernel/task.h"
#include "sentry/mm/uaccess.h"
#include "sentry/syscalls/syscalls.h"

#ifndef PR_GET_AUXV
#define PR_GET_AUXV 0x41555856
#endif
#ifndef PR_GET_MDWE
#define PR_GET_MDWE 66
#endif

#define DEFAULT_TIMER_SLACK 50000 /* nanoseconds */

static bool cap_exists(unsigned long cap)
{
	return cap < 64 && (CAP_FULL_SET >> cap & 1);
}

static bool any(unsigned long a, unsigned long b, unsigned long c)
{
	return (a | b | c) != 0;
}

/* The copy takes the place of t's; identity does not change here. */
static long commit(struct task *t, struct cred *new)
{
	struct cred *old = t->cred;

	t->cred = new;
	cred_put(old);
	return 0;
}

/* ---- Capabilities -------------------------------------------------------- */

static long bounding_drop(struct task *t, unsigned long cap)
{
	struct cred *new;

	if (!cred_capable(t->cred, CAP_SETPCAP))
		return -EPERM;
	if (!cap_exists(cap))
		return -EINVAL;
	new = cred_copy(t->cred);
	if (!new)
		return -ENOMEM;
	new->cap_bounding &= ~(UINT64_C(1) << cap);
	return commit(t, new);
}

static long set_securebits(struct task *t, unsigned long bits)
{
	unsigned int old = t->cred->securebits;
	struct cred *new;

	/* Locked bits stay, locks stay, and only known bits may be set. */
	if (((old & SECURE_ALL_LOCKS) >> 1 & (old ^ bits)) ||
		(old & SECURE_ALL_LOCKS & ~bits) ||
		(bits & ~(unsigned long)(SECURE_ALL_LOCKS | SECURE_ALL_BITS)) ||
		!cred_capable(t->cred, CAP_SETPCAP))
		return -EPERM;
	new = cred_copy(t->cred);
	if (!new)
		return -ENOMEM;
	new->securebits = (unsigned int)bits;
	return commit(t, new);
}

static long set_keep_caps(struct task *t, unsigned long keep)
{
	struct cred *new;

	if (keep > 1)
		return -EINVAL;
	if (t->cred->securebits & SECBIT_KEEP_CAPS_LOCKED)
		return -EPERM;
	new = cred_copy(t->cred);
	if (!new)
		return -ENOMEM;
	if (keep)
		new->securebits |= SECBIT_KEEP_CAPS;
	else
		new->securebits &= ~(unsigned int)SECBIT_KEEP_CAPS;
	return commit(t, new);
}

static long ambient(struct task *t, unsigned long op, unsigned long cap,
	unsigned long a, unsigned long b)
{
	const struct cred *cred = t->cred;
	uint64_t bit;
	struct cred *new;

	if (op == PR_CAP_AMBIENT_CLEAR_ALL ? any(cap, a, b)
					   : any(0, a, b) || !cap_exists(cap))
		return -EINVAL;
	bit = op == PR_CAP_AMBIENT_CLEAR_ALL ? 0 : UINT64_C(1) << cap;
	if (op == PR_CAP_AMBIENT_IS_SET)
		return (cred->cap_ambient & bit) != 0;
	if (op != PR_CAP_AMBIENT_CLEAR_ALL && op != PR_CAP_AMBIENT_RAISE &&
		op != PR_CAP_AMBIENT_LOWER)
		return -EINVAL;
	if (op == PR_CAP_AMBIENT_RAISE &&
		(!(cred->cap_permitted & cred->cap_inheritable & bit) ||
			(cred->securebits & SECBIT_NO_CAP_AMBIENT_RAISE)))
		return -EPERM;
	new = cred_copy(cred);
	if (!new)
		return -ENOMEM;
	if (op == PR_CAP_AMBIENT_CLEAR_ALL)
		new->cap_ambient = 0;
	else if (op == PR_CAP_AMBIENT_RAISE)
		new->cap_ambient |= bit;
	else
		new->cap_ambient &= ~bit;
	return commit(t, new);
}

/* ---- Attributes ---------------------------------------------------------- */

static long set_name(struct task *t, uaddr_t addr)
{
	char name[sizeof(t->comm)] = {0};
	ssize_t size = copy_in_string(t->mm, name, addr, sizeof(name));

	if (size < 0 && size != -ENAMETOOLONG)
		return size;
	name[sizeof(name) - 1] = '\0';
	memset(t->comm, 0, sizeof(t->comm));
	memcpy(t->comm, name, strlen(name));
	return 0;
}

static long put_int(struct task *t, uaddr_t addr, int value)
{
	return put_user(t->mm, addr, &value);
}

static long set_timer_slack(struct task *t, unsigned long slack)
{
	/* 0 and what is negative as a long go back to the default. */
	if ((long)slack <= 0)
		t->timer_slack = DEFAULT_TIMER_SLACK;
	else
		t->timer_slack = (unsigned int)MIN(slack, UINT32_MAX);
	return 0;
}

static long get_auxv(struct task *t, uaddr_t addr, size_t size)
{
	if (copy_out(t->mm, addr, t->mm->auxv, MIN(size, t->mm->auxv_size)) < 0)
		return -EFAULT;
	return (long)t->mm->auxv_size;
}

static long machine_check_kill(unsigned long a, unsigned long b)
{
	if (a == PR_MCE_KILL_CLEAR)
		return b == 0 ? 0 : -EINVAL;
	/* The host's policy cannot be changed; asking for it is fine. */
	if (a == PR_MCE_KILL_SET)
		return b == PR_MCE_KILL_DEFAULT ? 0 : -EINVAL;
	return -EINVAL;
}

/* The operations on capabilities; -ENOTSUP: not one of them. */
static long prctl_caps(struct task *t, int op, unsigned long a, unsigned long b,
	unsigned long c, unsigned long d)
{
	switch (op) {
	case PR_CAPBSET_READ:
		if (!cap_exists(a))
			return -EINVAL;
		return (long)(t->cred->cap_bounding >> a & 1);
	case PR_CAPBSET_DROP:
		return bounding_drop(t, a);
	case PR_GET_SECUREBITS:
		return t->cred->securebits;
	case PR_SET_SECUREBITS:
		return set_securebits(t, a);
	case PR_GET_KEEPCAPS:
		return (t->cred->securebits & SECBIT_KEEP_CAPS) != 0;
	case PR_SET_KEEPCAPS:
		return set_keep_caps(t, a);
	case PR_CAP_AMBIENT:
		return ambient(t, a, b, c, d);
	case PR_SET_NO_NEW_PRIVS:
		if (a != 1 || any(b, c, d))
			return -EINVAL;
		t->no_new_privs = true;
		return 0;
	case PR_GET_NO_NEW_PRIVS:
		if (a != 0 || any(b, c, d))
			return -EINVAL;
		return t->no_new_privs;
	default:
		return -ENOTSUP;
	}
}

long sys_prctl(struct task *t, int op, unsigned long a, unsigned long b,
	unsigned long c, unsigned long d)
{
	uint64_t pointer;
	long ret = prctl_caps(t, op, a, b, c, d);

	if (ret != -ENOTSUP)
		return ret;
	switch (op) {
	case PR_SET_PDEATHSIG:
		if (a > NSIG_GUEST)
			return -EINVAL;
		t->parent_death_signal = (int)a;
		return 0;
	case PR_GET_PDEATHSIG:
		return put_int(t, a, t->parent_death_signal);
	case PR_GET_DUMPABLE:
		return (long)t->mm->dumpable;
	case PR_SET_DUMPABLE:
		if (a > 1)
			return -EINVAL;
		t->mm->dumpable = (unsigned int)a;
		return 0;
	case PR_SET_NAME:
		return set_name(t, a);
	case PR_GET_NAME:
		return copy_out(t->mm, a, t->comm, sizeof(t->comm));
	case PR_GET_TIMING:
		return PR_TIMING_STATISTICAL;
	case PR_SET_TIMING:
		return a == PR_TIMING_STATISTICAL ? 0 : -EINVAL;
	case PR_GET_TIMERSLACK:
		return t->timer_slack;
	case PR_SET_TIMERSLACK:
		return set_timer_slack(t, a);
	case PR_GET_SECCOMP:
		return 0;
	case PR_GET_TSC:
		return put_int(t, a, PR_TSC_ENABLE);
	case PR_SET_TSC:
		return a == PR_TSC_ENABLE ? 0 : -EINVAL;
	case PR_SET_CHILD_SUBREAPER:
		t->tg->dead_reaper_flag = a != 0;
		return 0;
	case PR_GET_CHILD_SUBREAPER:
		return put_int(t, a, t->tg->dead_reaper_flag);
	case PR_GET_TID_ADDRESS:
		pointer = t->clear_child_tid;
		return put_user(t->mm, a, &pointer);
	case PR_GET_THP_DISABLE:
	case PR_GET_MDWE:
		return a != 0 || any(b, c, d) ? -EINVAL : 0;
	case PR_SET_THP_DISABLE:
		/* Linux: turning huge pages off is not offered. */
		return a != 0 || any(b, c, d) ? -EINVAL : 0;
	case PR_MCE_KILL:
		return any(0, c, d) ? -EINVAL : machine_check_kill(a, b);
	case PR_MCE_KILL_GET:
		return a != 0 || any(b, c, d) ? -EINVAL : PR_MCE_KILL_DEFAULT;
	case PR_GET_AUXV:
		return any(0, c, d) ? -EINVAL : get_auxv(t, a, b);
	case PR_SET_MM:
		return cred_capable(t->cred, CAP_SYS_RESOURCE) ? -EINVAL
							       : -EPERM;
	case PR_GET_IO_FLUSHER:
	case PR_SET_IO_FLUSHER:
		return cred_capable(t->cred, CAP_SYS_RESOURCE) ? -EINVAL
							       : -EPERM;
	default:
		return -EINVAL;
	}
}
