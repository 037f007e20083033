/*
 * Inodes: counting, attributes and the balance of writers and execution.
 */
#include "sentry/vfs/vfs.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "sentry/vfs/inotify.h"
#include "sentry/vfs/internal.h"
#include "sentry/vfs/locks.h"

void inode_init(struct inode *inode, struct fs *fs, const struct inode_ops *ops,
	const struct file_ops *fops)
{
	memset(inode, 0, sizeof(*inode));
	ref_init(&inode->ref);
	fs_pin(fs);
	inode->fs = fs;
	inode->ops = ops;
	inode->fops = fops;
}

struct inode *inode_get(struct inode *inode)
{
	ref_get(&inode->ref);
	return inode;
}

void inode_put(struct inode *inode)
{
	struct fs *fs;

	if (!inode)
		return;
	if (!ref_put(&inode->ref)) {
		/* Only its watchers are left, and they cannot open it. */
		if (inode->watches && inode->ref.count == 1 &&
			!inode->attr.nlink)
			inotify_inode_gone(inode);
		return;
	}
	if (inode->locks)
		locks_free_inode(inode);
	fs = inode->fs;
	fs->ops->inode_free(inode);
	fs_unpin(fs);
}

/* A watch holds the inode, so the end of the file is not inode_put()'s. */
void inode_check_gone(struct inode *inode)
{
	if (inode->watches && inode->attr.nlink == 0 && inode->open_count == 0)
		inotify_inode_gone(inode);
}

int inode_getattr(struct inode *inode)
{
	return inode->ops->getattr ? inode->ops->getattr(inode) : 0;
}

void attr_apply(struct attr *to, const struct attr *from, unsigned int mask)
{
	if (mask & ATTR_MODE)
		to->mode = (to->mode & S_IFMT) | (from->mode & 07777);
	if (mask & ATTR_UID)
		to->uid = from->uid;
	if (mask & ATTR_GID)
		to->gid = from->gid;
	if (mask & ATTR_SIZE)
		to->size = from->size;
	if (mask & ATTR_ATIME)
		to->atime = from->atime;
	if (mask & ATTR_MTIME)
		to->mtime = from->mtime;
	if (mask & ATTR_CTIME)
		to->ctime = from->ctime;
}

int inode_simple_setattr(
	struct inode *inode, const struct attr *attr, unsigned int mask)
{
	if (mask & ATTR_SIZE)
		return -EINVAL;
	attr_apply(&inode->attr, attr, mask);
	return 0;
}

int inode_deny_write(struct inode *inode)
{
	if (inode->write_count > 0)
		return -ETXTBSY;
	inode->write_count--;
	return 0;
}

void inode_allow_write(struct inode *inode)
{
	inode->write_count++;
}

struct timespec vfs_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	return now;
}
