/*
 * Changing attributes: chmod(2), chown(2), truncate(2), utimensat(2).
 */
#include "sentry/vfs/vfs.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "sentry/vfs/inotify.h"
#include "sentry/vfs/internal.h"

static int may_chown(const struct inode *inode, const struct cred *cred,
	const struct attr *attr, unsigned int mask)
{
	bool owner = cred->fsuid == inode->attr.uid;

	if (cred_capable(cred, CAP_CHOWN))
		return 0;
	if ((mask & ATTR_UID) && !(owner && attr->uid == inode->attr.uid))
		return -EPERM;
	if ((mask & ATTR_GID) &&
		!(owner && (attr->gid == inode->attr.gid ||
				   cred_in_group(cred, attr->gid))))
		return -EPERM;
	return 0;
}

static int may_set_times(
	struct inode *inode, const struct cred *cred, unsigned int mask)
{
	if (inode_owner_or_capable(inode, cred))
		return 0;
	if (!(mask & ATTR_TIMES_NOW))
		return -EPERM;
	return inode_permission(inode, cred, MAY_WRITE);
}

static int may_truncate(
	struct inode *inode, const struct cred *cred, unsigned int mask)
{
	int err;

	if (S_ISDIR(inode->attr.mode))
		return -EISDIR;
	if (!S_ISREG(inode->attr.mode))
		return -EINVAL;
	if (mask & ATTR_OPEN)
		return 0;
	err = inode_permission(inode, cred, MAY_WRITE);
	if (err)
		return err;
	return inode->write_count < 0 ? -ETXTBSY : 0;
}

static int check(struct inode *inode, const struct cred *cred,
	const struct attr *attr, unsigned int mask)
{
	int err = 0;

	if (mask & ATTR_SIZE)
		err = may_truncate(inode, cred, mask);
	if (!err && (mask & (ATTR_UID | ATTR_GID)))
		err = may_chown(inode, cred, attr, mask);
	if (!err && (mask & ATTR_MODE) && !inode_owner_or_capable(inode, cred))
		err = -EPERM;
	if (!err && (mask & (ATTR_ATIME | ATTR_MTIME)) && !(mask & ATTR_SIZE))
		err = may_set_times(inode, cred, mask);
	return err;
}

/* The set-ID bits that a change of owner or content takes away. */
static mode_t without_set_id(mode_t mode)
{
	mode_t gone = S_ISUID;

	if (mode & S_IXGRP)
		gone |= S_ISGID;
	return mode & ~gone;
}

/* What follows from the change: mode bits and times. */
static unsigned int side_effects(const struct inode *inode,
	const struct cred *cred, struct attr *attr, unsigned int mask)
{
	bool privileged = !cred || cred_capable(cred, CAP_FSETID);
	bool kills = (mask & (ATTR_UID | ATTR_GID)) ||
		     ((mask & ATTR_SIZE) && !privileged);
	mode_t mode = inode->attr.mode;
	gid_t gid = mask & ATTR_GID ? attr->gid : inode->attr.gid;

	if (mask & ATTR_MODE) {
		attr->mode = (mode & S_IFMT) | (attr->mode & 07777);
		if (!privileged && !cred_in_group(cred, gid))
			attr->mode &= ~(mode_t)S_ISGID;
	} else if (kills && !S_ISDIR(mode) && without_set_id(mode) != mode) {
		attr->mode = without_set_id(mode);
		mask |= ATTR_MODE;
	}
	attr->ctime = vfs_now();
	if (mask & ATTR_SIZE) {
		attr->mtime = attr->ctime;
		mask |= ATTR_MTIME;
	}
	return (mask | ATTR_CTIME) & ~(ATTR_TIMES_NOW | ATTR_OPEN);
}

static uint32_t event_of(unsigned int mask)
{
	return mask & ATTR_SIZE ? IN_MODIFY : IN_ATTRIB;
}

int vfs_setattr(struct path path, const struct cred *cred,
	const struct attr *attr, unsigned int mask)
{
	struct inode *inode = path.dentry->inode;
	struct attr wanted = *attr;
	int err;

	err = mount_want_write(path.mount);
	/* What has no type answers by itself, to everybody alike. */
	if (!err && cred && inode->attr.mode & S_IFMT)
		err = check(inode, cred, attr, mask);
	if (err)
		return err;
	if (!inode->ops->setattr)
		return -EPERM;
	mask = side_effects(inode, cred, &wanted, mask);
	err = inode->ops->setattr(inode, &wanted, mask);
	if (!err && inotify_active())
		inotify_dentry(path.dentry, event_of(mask));
	return err;
}
