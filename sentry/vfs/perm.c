/*
 * Permission checks on inodes: path_resolution(7), capabilities(7) and the
 * sticky bit.
 */
#include "sentry/vfs/vfs.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/stat.h>

#include "sentry/vfs/internal.h"

int inode_mode_permission(
	const struct inode *inode, const struct cred *cred, unsigned int want)
{
	mode_t mode = inode->attr.mode;
	unsigned int granted;

	if (cred->fsuid == inode->attr.uid)
		granted = mode >> 6;
	else if (cred_in_group(cred, inode->attr.gid))
		granted = mode >> 3;
	else
		granted = mode;
	if ((want & ~granted & 7) == 0)
		return 0;

	if (S_ISDIR(mode)) {
		if (!(want & MAY_WRITE) &&
			cred_capable(cred, CAP_DAC_READ_SEARCH))
			return 0;
		return cred_capable(cred, CAP_DAC_OVERRIDE) ? 0 : -EACCES;
	}
	if (want == MAY_READ && cred_capable(cred, CAP_DAC_READ_SEARCH))
		return 0;
	/* Nobody may run what has no x bit at all. */
	if (!(want & MAY_EXEC) || (mode & 0111))
		return cred_capable(cred, CAP_DAC_OVERRIDE) ? 0 : -EACCES;
	return -EACCES;
}

static bool type_is_stored(mode_t mode)
{
	return S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode);
}

int inode_permission(
	struct inode *inode, const struct cred *cred, unsigned int want)
{
	if ((want & MAY_WRITE) && inode->fs->read_only &&
		type_is_stored(inode->attr.mode))
		return -EROFS;
	if (inode->ops->permission)
		return inode->ops->permission(inode, cred, want);
	return inode_mode_permission(inode, cred, want);
}

bool inode_owner_or_capable(const struct inode *inode, const struct cred *cred)
{
	return cred->fsuid == inode->attr.uid || cred_capable(cred, CAP_FOWNER);
}

static bool sticky_forbids(const struct inode *dir, const struct inode *victim,
	const struct cred *cred)
{
	if (!(dir->attr.mode & S_ISVTX))
		return false;
	return cred->fsuid != victim->attr.uid &&
	       cred->fsuid != dir->attr.uid && !cred_capable(cred, CAP_FOWNER);
}

int may_delete(struct inode *dir, const struct dentry *victim,
	const struct cred *cred, bool is_dir)
{
	int err;

	if (!victim->inode)
		return -ENOENT;
	err = inode_permission(dir, cred, MAY_WRITE | MAY_EXEC);
	if (err)
		return err;
	if (sticky_forbids(dir, victim->inode, cred))
		return -EPERM;
	if (is_dir) {
		if (!S_ISDIR(victim->inode->attr.mode))
			return -ENOTDIR;
		if (victim->parent == victim)
			return -EBUSY;
	} else if (S_ISDIR(victim->inode->attr.mode)) {
		return -EISDIR;
	}
	return 0;
}

int may_create(const struct dentry *dir, const struct cred *cred)
{
	/* Where names only come by themselves (proc), it is not there. */
	if (dir->unlinked || !dir->inode->ops->create)
		return -ENOENT;
	return inode_permission(dir->inode, cred, MAY_WRITE | MAY_EXEC);
}
