/*
 * Credentials across execve(2): set-user-ID and set-group-ID programs, and
 * capabilities(7), "Transformation of capabilities during execve()".
 *
 * No file has capabilities here: only root and set-ID programs gain any.
 */
#include <errno.h>
#include <linux/securebits.h>
#include <sys/personality.h>
#include <sys/stat.h>

#include "sentry/kernel/kernel.h"
#include "sentry/vfs/vfs.h"

/* What a set-ID program must not inherit: PER_CLEAR_ON_SETID of the kernel. */
#define PERSONALITY_CLEARED                                                    \
	((unsigned int)(READ_IMPLIES_EXEC | ADDR_NO_RANDOMIZE |                \
			ADDR_COMPAT_LAYOUT | MMAP_PAGE_ZERO))

static void take_file_ids(
	const struct task *t, const struct file *file, struct cred *cred)
{
	const struct attr *attr = &file->inode->attr;

	if (t->no_new_privs ||
		(file->path.mount && file->path.mount->flags & MNT_NOSUID))
		return;
	if (attr->mode & S_ISUID)
		cred->euid = attr->uid;
	/* Without group execute the bit means something else. */
	if ((attr->mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
		cred->egid = attr->gid;
}

/* Is the program more than its caller, so that it must not trust it? */
static bool take_capabilities(struct cred *cred, const struct cred *old)
{
	bool root = !(cred->securebits & SECBIT_NOROOT);
	bool effective = root && cred->euid == 0;
	bool set_id = cred->euid != old->uid || cred->egid != old->gid;

	if (set_id)
		cred->cap_ambient = 0;
	cred->cap_permitted = cred->cap_ambient;
	if (root && (cred->euid == 0 || cred->uid == 0))
		cred->cap_permitted |= cred->cap_inheritable |
				       cred->cap_bounding;
	cred->cap_effective = effective ? cred->cap_permitted
					: cred->cap_ambient;
	return set_id ||
	       (cred->uid != 0 && (effective || (cred->cap_permitted &
							~cred->cap_ambient)));
}

int exec_cred(struct task *t, struct file *program, bool *secure)
{
	const struct cred *old = t->cred;
	struct cred *cred;
	int ret;

	ret = inode_getattr(program->inode);
	if (ret < 0)
		return ret;
	cred = cred_copy(old);
	if (!cred)
		return -ENOMEM;
	take_file_ids(t, program, cred);
	if (cred->euid != old->euid || cred->egid != old->egid)
		t->tg->personality &= ~PERSONALITY_CLEARED;
	*secure = take_capabilities(cred, old);
	cred->securebits &= ~(unsigned int)SECBIT_KEEP_CAPS;
	cred->suid = cred->fsuid = cred->euid;
	cred->sgid = cred->fsgid = cred->egid;
	if (*secure)
		t->parent_death_signal = 0;
	t->mm->dumpable = cred->euid == cred->uid && cred->egid == cred->gid;
	cred_put(t->cred);
	t->cred = cred;
	return 0;
}
