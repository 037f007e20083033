/*
 * Credentials: user and group ids, supplementary groups, capabilities.
 *
 * A change is made on a copy, checked as a whole, and then put in the place of
 * the old one: other holders (a file opened before, a thread that shares it)
 * keep what they had. What else must follow a change of identity, above all
 * which capabilities go with it, is in cred_commit() and fix_setuid().
 *
 * There is one user namespace: every id but -1 exists.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdlib.h>

#include "lib/checked.h"
#include "sentry/kernel/task.h"
#include "sentry/mm/uaccess.h"
#include "sentry/syscalls/syscalls.h"
#include "sentry/syscalls/who.h"

#define NO_ID UINT32_MAX

/* CAP_FS_MASK of the kernel: what goes with a file system uid of 0. */
#define CAP_BIT(cap) (UINT64_C(1) << (cap))
#define CAP_FS_SET                                                             \
	(CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_MKNOD) | CAP_BIT(CAP_DAC_OVERRIDE) | \
		CAP_BIT(CAP_DAC_READ_SEARCH) | CAP_BIT(CAP_FOWNER) |           \
		CAP_BIT(CAP_FSETID) | CAP_BIT(CAP_MAC_OVERRIDE) |              \
		CAP_BIT(CAP_LINUX_IMMUTABLE))

/* ---- Changing ----------------------------------------------------------- */

/* The new ones take the place of t's; a changed identity is not dumpable. */
static void cred_commit(struct task *t, struct cred *new)
{
	struct cred *old = t->cred;

	if (old->euid != new->euid || old->egid != new->egid ||
		old->fsuid != new->fsuid || old->fsgid != new->fsgid ||
		(new->cap_permitted & ~old->cap_permitted)) {
		t->mm->dumpable = 0;
		t->parent_death_signal = 0;
	}
	t->cred = new;
	cred_put(old);
}

/* capabilities(7), "Effect of user ID changes on capabilities". */
static void fix_setuid(struct cred *new, const struct cred *old)
{
	bool had_root = old->uid == 0 || old->euid == 0 || old->suid == 0;
	bool has_root = new->uid == 0 || new->euid == 0 || new->suid == 0;

	if (new->securebits & SECBIT_NO_SETUID_FIXUP)
		return;
	if (had_root && !has_root) {
		if (!(new->securebits &SECBIT_KEEP_CAPS)) {
			new->cap_permitted = 0;
			new->cap_effective = 0;
		}
		new->cap_ambient = 0;
	}
	if (old->euid == 0 && new->euid != 0)
		new->cap_effective = 0;
	if (old->euid != 0 && new->euid == 0)
		new->cap_effective = new->cap_permitted;
}

static void fix_setfsuid(struct cred *new, const struct cred *old)
{
	if (new->securebits & SECBIT_NO_SETUID_FIXUP)
		return;
	if (old->fsuid == 0 && new->fsuid != 0)
		new->cap_effective &= ~CAP_FS_SET;
	if (old->fsuid != 0 && new->fsuid == 0)
		new->cap_effective |= CAP_FS_SET &new->cap_permitted;
}

/* ---- User ids ------------------------------------------------------------ */

long sys_getuid(struct task *t)
{
	return t->cred->uid;
}

long sys_geteuid(struct task *t)
{
	return t->cred->euid;
}

static long put_three(
	struct task *t, const uaddr_t addr[3], const uint32_t ids[3])
{
	for (int i = 0; i < 3; i++) {
		if (put_user(t->mm, addr[i], &ids[i]) < 0)
			return -EFAULT;
	}
	return 0;
}

long sys_getresuid(struct task *t, uaddr_t uid, uaddr_t euid, uaddr_t suid)
{
	return put_three(t, (uaddr_t[]){uid, euid, suid},
		(uint32_t[]){t->cred->uid, t->cred->euid, t->cred->suid});
}

static long commit_uids(struct task *t, struct cred *new)
{
	fix_setuid(new, t->cred);
	cred_commit(t, new);
	return 0;
}

long sys_setuid(struct task *t, uint32_t uid)
{
	const struct cred *old = t->cred;
	struct cred *new;

	if (uid == NO_ID)
		return -EINVAL;
	if (!cred_capable(old, CAP_SETUID) && uid != old->uid &&
		uid != old->suid)
		return -EPERM;
	new = cred_copy(old);
	if (!new)
		return -ENOMEM;
	if (cred_capable(old, CAP_SETUID))
		new->uid = new->suid = uid;
	new->euid = new->fsuid = uid;
	return commit_uids(t, new);
}

long sys_setreuid(struct task *t, uint32_t uid, uint32_t euid)
{
	const struct cred *old = t->cred;
	bool capable = cred_capable(old, CAP_SETUID);
	struct cred *new;

	if (uid != NO_ID && uid != old->uid && uid != old->euid && !capable)
		return -EPERM;
	if (euid != NO_ID && euid != old->uid && euid != old->euid &&
		euid != old->suid && !capable)
		return -EPERM;
	new = cred_copy(old);
	if (!new)
		return -ENOMEM;
	if (uid != NO_ID)
		new->uid = uid;
	if (euid != NO_ID)
		new->euid = euid;
	if (uid != NO_ID || (euid != NO_ID && euid != old->uid))
		new->suid = new->euid;
	new->fsuid = new->euid;
	return commit_uids(t, new);
}

static bool is_own_uid(const struct cred *cred, uint32_t uid)
{
	return uid == NO_ID || uid == cred->uid || uid == cred->euid ||
	       uid == cred->suid;
}

long sys_setresuid(struct task *t, uint32_t uid, uint32_t euid, uint32_t suid)
{
	const struct cred *old = t->cred;
	struct cred *new;

	if (!cred_capable(old, CAP_SETUID) &&
		!(is_own_uid(old, uid) && is_own_uid(old, euid) &&
			is_own_uid(old, suid)))
		return -EPERM;
	new = cred_copy(old);
	if (!new)
		return -ENOMEM;
	if (uid != NO_ID)
		new->uid = uid;
	if (euid != NO_ID)
		new->euid = euid;
	if (suid != NO_ID)
		new->suid = suid;
	new->fsuid = new->euid;
	return commit_uids(t, new);
}

/* Answers the old one whether or not it did anything (setfsuid(2)). */
long sys_setfsuid(struct task *t, uint32_t uid)
{
	const struct cred *cred = t->cred;
	uint32_t old = cred->fsuid;
	struct cred *new;

	if (uid == NO_ID || uid == old ||
		!(is_own_uid(cred, uid) || cred_capable(cred, CAP_SETUID)))
		return old;
	new = cred_copy(cred);
	if (!new)
		return old;
	new->fsuid = uid;
	fix_setfsuid(new, cred);
	cred_commit(t, new);
	return old;
}

/* ---- Group ids ----------------------------------------------------------- */

long sys_getgid(struct task *t)
{
	return t->cred->gid;
}

long sys_getegid(struct task *t)
{
	return t->cred->egid;
}

long sys_getresgid(struct task *t, uaddr_t gid, uaddr_t egid, uaddr_t sgid)
{
	return put_three(t, (uaddr_t[]){gid, egid, sgid},
		(uint32_t[]){t->cred->gid, t->cred->egid, t->cred->sgid});
}

long sys_setgid(struct task *t, uint32_t gid)
{
	const struct cred *old = t->cred;
	struct cred *new;

	if (gid == NO_ID)
		return -EINVAL;
	if (!cred_capable(old, CAP_SETGID) && gid != old->gid &&
		gid != old->sgid)
		return -EPERM;
	new = cred_copy(old);
	if (!new)
		return -ENOMEM;
	if (cred_capable(old, CAP_SETGID))
		new->gid = new->sgid = gid;
	new->egid = new->fsgid = gid;
	cred_commit(t, new);
	return 0;
}

long sys_setregid(struct task *t, uint32_t gid, uint32_t egid)
{
	const struct cred *old = t->cred;
	bool capable = cred_capable(old, CAP_SETGID);
	struct cred *new;

	if (gid != NO_ID && gid != old->gid && gid != old->egid && !capable)
		return -EPERM;
	if (egid != NO_ID && egid != old->gid && egid != old->egid &&
		egid != old->sgid && !capable)
		return -EPERM;
	new = cred_copy(old);
	if (!new)
		return -ENOMEM;
	if (gid != NO_ID)
		new->gid = gid;
	if (egid != NO_ID)
		new->egid = egid;
	if (gid != NO_ID || (egid != NO_ID && egid != old->gid))
		new->sgid = new->egid;
	new->fsgid = new->egid;
	cred_commit(t, new);
	return 0;
}

static bool is_own_gid(const struct cred *cred, uint32_t gid)
{
	return gid == NO_ID || gid == cred->gid || gid == cred->egid ||
	       gid == cred->sgid;
}

long sys_setresgid(struct task *t, uint32_t gid, uint32_t egid, uint32_t sgid)
{
	const struct cred *old = t->cred;
	struct cred *new;

	if (!cred_capable(old, CAP_SETGID) &&
		!(is_own_gid(old, gid) && is_own_gid(old, egid) &&
			is_own_gid(old, sgid)))
		return -EPERM;
	new = cred_copy(old);
	if (!new)
		return -ENOMEM;
	if (gid != NO_ID)
		new->gid = gid;
	if (egid != NO_ID)
		new->egid = egid;
	if (sgid != NO_ID)
		new->sgid = sgid;
	new->fsgid = new->egid;
	cred_commit(t, new);
	return 0;
}

long sys_setfsgid(struct task *t, uint32_t gid)
{
	const struct cred *cred = t->cred;
	uint32_t old = cred->fsgid;
	struct cred *new;

	if (gid == NO_ID || gid == old ||
		!(is_own_gid(cred, gid) || cred_capable(cred, CAP_SETGID)))
		return old;
	new = cred_copy(cred);
	if (!new)
		return old;
	new->fsgid = gid;
	cred_commit(t, new);
	return old;
}

/* ---- Supplementary groups ------------------------------------------------ */

long sys_getgroups(struct task *t, int size, uaddr_t addr)
{
	const struct cred *cred = t->cred;

	if (size < 0)
		return -EINVAL;
	if (size == 0)
		return (long)cred->group_count;
	if ((size_t)size < cred->group_count)
		return -EINVAL;
	if (cred->group_count != 0 &&
		copy_out(t->mm, addr, cred->groups,
			cred->group_count * sizeof(*cred->groups)) < 0)
		return -EFAULT;
	return (long)cred->group_count;
}

static int compare_gid(const void *a, const void *b)
{
	gid_t x = *(const gid_t *)a;
	gid_t y = *(const gid_t *)b;

	return x < y ? -1 : x > y;
}

/* The caller's array becomes the sorted groups of cred. */
static void replace_groups(struct cred *cred, gid_t *groups, size_t count)
{
	if (count != 0)
		qsort(groups, count, sizeof(*groups), compare_gid);
	free(cred->groups);
	cred->groups = groups;
	cred->group_count = count;
}

long sys_setgroups(struct task *t, int size, uaddr_t addr)
{
	struct cred *new;
	gid_t *groups = NULL;
	long ret;

	if (!cred_capable(t->cred, CAP_SETGID))
		return -EPERM;
	if (size < 0 || size > NGROUPS_LIMIT)
		return -EINVAL;
	if (size != 0) {
		groups = alloc_array((size_t)size, sizeof(*groups));
		if (!groups)
			return -ENOMEM;
		ret = -EFAULT;
		if (copy_in(t->mm, groups, addr,
			    (size_t)size * sizeof(*groups)) < 0)
			goto out_free;
	}
	ret = -EINVAL;
	for (int i = 0; i < size; i++) {
		if (groups[i] == NO_ID)
			goto out_free;
	}
	ret = -ENOMEM;
	new = cred_copy(t->cred);
	if (!new)
		goto out_free;
	replace_groups(new, groups, (size_t)size);
	cred_commit(t, new);
	return 0;

out_free:
	free(groups);
	return ret;
}

/* ---- Capabilities -------------------------------------------------------- */

/*
 * How many 32-bit words the caller's version has. For one that is unknown the
 * newest is written back, which is how programs ask for it.
 */
static long words_of_version(struct task *t, uaddr_t header)
{
	const uint32_t newest = _LINUX_CAPABILITY_VERSION_3;
	uint32_t version;

	if (get_user(t->mm, &version, header) < 0)
		return -EFAULT;
	switch (version) {
	case _LINUX_CAPABILITY_VERSION_1:
		return _LINUX_CAPABILITY_U32S_1;
	case _LINUX_CAPABILITY_VERSION_2:
	case _LINUX_CAPABILITY_VERSION_3:
		return _LINUX_CAPABILITY_U32S_3;
	default:
		return put_user(t->mm, header, &newest) < 0 ? -EFAULT : -EINVAL;
	}
}

static int pid_of_header(struct task *t, uaddr_t header, int *pid)
{
	return copy_in(t->mm, pid,
		header + offsetof(struct __user_cap_header_struct, pid),
		sizeof(*pid));
}

long sys_capget(struct task *t, uaddr_t header, uaddr_t data)
{
	struct __user_cap_data_struct words[_LINUX_CAPABILITY_U32S_3];
	long count = words_of_version(t, header);
	const struct cred *cred;
	struct task *target;
	int pid;

	if (count < 0)
		return count == -EINVAL && data == 0 ? 0 : count;
	if (data == 0)
		return 0;
	if (pid_of_header(t, header, &pid) < 0)
		return -EFAULT;
	if (pid < 0)
		return -EINVAL;
	target = who_find(t, pid);
	if (!target)
		return -ESRCH;
	cred = target->cred;
	for (unsigned int i = 0; i < ARRAY_SIZE(words); i++) {
		words[i].effective = (uint32_t)(cred->cap_effective >> 32 * i);
		words[i].permitted = (uint32_t)(cred->cap_permitted >> 32 * i);
		words[i].inheritable = (uint32_t)(cred->cap_inheritable >>
						  32 * i);
	}
	task_put(target);
	return copy_out(t->mm, data, words, (size_t)count * sizeof(words[0]));
}

/* capabilities(7), "Programmatically adjusting capability sets". */
static bool capset_allowed(const struct cred *old, const struct cred *new)
{
	if (!cred_capable(old, CAP_SETPCAP) &&
		(new->cap_inheritable &
			~(old->cap_inheritable | old->cap_permitted)))
		return false;
	if (new->cap_inheritable & ~(old->cap_inheritable | old->cap_bounding))
		return false;
	if (new->cap_permitted & ~old->cap_permitted)
		return false;
	return !(new->cap_effective & ~new->cap_permitted);
}

long sys_capset(struct task *t, uaddr_t header, uaddr_t data)
{
	struct __user_cap_data_struct words[_LINUX_CAPABILITY_U32S_3] = {0};
	long count = words_of_version(t, header);
	struct cred *new;
	int pid;

	if (count < 0)
		return count;
	if (pid_of_header(t, header, &pid) < 0)
		return -EFAULT;
	/* Only one's own can be set. */
	if (pid != 0 && pid != t->pid)
		return -EPERM;
	if (copy_in(t->mm, words, data, (size_t)count * sizeof(words[0])) < 0)
		return -EFAULT;
	new = cred_copy(t->cred);
	if (!new)
		return -ENOMEM;
	new->cap_effective = new->cap_permitted = new->cap_inheritable = 0;
	for (unsigned int i = 0; i < ARRAY_SIZE(words); i++) {
		new->cap_effective |= (uint64_t)words[i].effective << 32 * i;
		new->cap_permitted |= (uint64_t)words[i].permitted << 32 * i;
		new->cap_inheritable |= (uint64_t)words[i].inheritable
					<< 32 * i;
	}
	new->cap_effective &= CAP_FULL_SET;
	new->cap_permitted &= CAP_FULL_SET;
	new->cap_inheritable &= CAP_FULL_SET;
	if (!capset_allowed(t->cred, new)) {
		cred_put(new);
		return -EPERM;
	}
	new->cap_ambient &= new->cap_permitted &new->cap_inheritable;
	cred_commit(t, new);
	return 0;
}
