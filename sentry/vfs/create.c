/*
 * Making and removing names: mknod, mkdir, symlink, link, unlink, rmdir.
 *
 * Each walks to the folder of the last component, looks the name up, checks
 * in the order in which Linux does (it shows in the errno), lets the
 * filesystem do it, and then brings the dentry up to date.
 */
#include "sentry/vfs/vfs.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "sentry/vfs/inotify.h"
#include "sentry/vfs/internal.h"

/* ---- New inodes -------------------------------------------------------- */

void new_inode_prepare(struct new_inode *spec, const struct inode *dir,
	const struct cred *cred)
{
	spec->uid = cred->fsuid;
	spec->gid = cred->fsgid;
	if (!(dir->attr.mode & S_ISGID))
		return;
	spec->gid = dir->attr.gid;
	if (S_ISDIR(spec->mode))
		spec->mode |= S_ISGID;
	else if ((spec->mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) &&
		 !cred_in_group(cred, spec->gid) &&
		 !cred_capable(cred, CAP_FSETID))
		spec->mode &= ~(mode_t)S_ISGID;
}

/* mknod(2): a device needs a capability, a whiteout (0, 0) does not. */
static int may_make_type(const struct new_inode *spec, const struct cred *cred)
{
	if (S_ISBLK(spec->mode) || (S_ISCHR(spec->mode) && spec->rdev))
		return cred_capable(cred, CAP_MKNOD) ? 0 : -EPERM;
	return 0;
}

/*
 * To a name that shall be made: its folder is s->path, *out the negative
 * dentry. -EEXIST.
 */
static int lookup_new(struct walk_state *s, const struct walk *walk,
	const char *name, bool is_dir, struct dentry **out)
{
	struct dentry *d;
	int err;

	err = walk_begin(s, walk, name);
	if (!err)
		err = walk_to_last(s);
	if (err)
		return err;
	if (s->last_type != LAST_NORMAL)
		return -EEXIST;
	err = dentry_lookup(s->path.dentry, &s->last, &d);
	if (err)
		return err;
	if (d->inode)
		err = -EEXIST;
	else if (s->must_be_dir && !is_dir)
		err = -ENOENT;
	else
		err = mount_want_write(s->path.mount);
	if (err)
		dentry_put(d);
	else
		*out = d;
	return err;
}

static int create_in(
	struct walk_state *s, struct dentry *d, struct new_inode *spec)
{
	const struct cred *cred = s->walk->cred;
	struct inode *dir = s->path.dentry->inode;
	struct inode *inode;
	int err;

	err = may_create(s->path.dentry, cred);
	if (!err)
		err = may_make_type(spec, cred);
	if (err)
		return err;
	if (!dir->ops->create)
		return -EPERM;
	new_inode_prepare(spec, dir, cred);
	err = dir->ops->create(dir, &s->last, spec, &inode);
	if (err)
		return err;
	dentry_instantiate(d, inode);
	if (inotify_active())
		inotify_name(dir, s->last_text, inode, IN_CREATE, 0);
	return 0;
}

int vfs_create(
	const struct walk *walk, const char *name, struct new_inode *spec)
{
	struct walk_state s;
	struct dentry *d;
	int err;

	err = lookup_new(&s, walk, name, S_ISDIR(spec->mode), &d);
	if (!err) {
		err = create_in(&s, d, spec);
		dentry_put(d);
	}
	walk_end(&s);
	return err;
}

/* ---- Hard links -------------------------------------------------------- */

/* As with /proc/sys/fs/protected_hardlinks set, the default everywhere. */
static int may_link(struct inode *inode, const struct cred *cred)
{
	mode_t mode = inode->attr.mode;

	if (inode_owner_or_capable(inode, cred))
		return 0;
	if (!S_ISREG(mode) || (mode & S_ISUID) ||
		(mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
		return -EPERM;
	return inode_permission(inode, cred, MAY_READ | MAY_WRITE) ? -EPERM : 0;
}

static int link_in(
	struct walk_state *s, struct dentry *d, const struct path *target)
{
	struct inode *dir = s->path.dentry->inode;
	struct inode *inode = target->dentry->inode;
	int err;

	if (target->mount != s->path.mount)
		return -EXDEV;
	err = may_link(inode, s->walk->cred);
	if (!err)
		err = may_create(s->path.dentry, s->walk->cred);
	if (err)
		return err;
	if (inode->fs != dir->fs)
		return -EXDEV;
	if (!dir->ops->link || S_ISDIR(inode->attr.mode))
		return -EPERM;
	if (inode->attr.nlink == 0 && !inode->linkable)
		return -ENOENT;
	err = dir->ops->link(dir, &s->last, inode);
	if (err)
		return err;
	inode->linkable = false;
	dentry_instantiate(d, inode_get(inode));
	if (inotify_active()) {
		inotify_self(inode, IN_ATTRIB);
		inotify_name(dir, s->last_text, inode, IN_CREATE, 0);
	}
	return 0;
}

int vfs_link(struct path target, const struct walk *walk, const char *name)
{
	struct walk_state s;
	struct dentry *d;
	int err;

	err = lookup_new(&s, walk, name, false, &d);
	if (!err) {
		err = link_in(&s, d, &target);
		dentry_put(d);
	}
	walk_end(&s);
	return err;
}

/* ---- Removing ---------------------------------------------------------- */

static int remove_from(struct walk_state *s, struct dentry *d, bool is_dir)
{
	struct inode *dir = s->path.dentry->inode;
	struct inode *inode = d->inode;
	int (*remove)(struct inode *, const struct name *, struct inode *);
	int err;

	err = may_delete(dir, d, s->walk->cred, is_dir);
	if (err)
		return err;
	remove = is_dir ? dir->ops->rmdir : dir->ops->unlink;
	if (!remove)
		return -EPERM;
	if (d->mounted)
		return -EBUSY;
	inode_get(inode);
	err = remove(dir, &s->last, inode);
	if (!err) {
		dentry_forget_children(d);
		dentry_delete(d);
		if (inotify_active()) {
			if (!is_dir)
				inotify_self(inode, IN_ATTRIB);
			inotify_name(dir, s->last_text, inode, IN_DELETE, 0);
			inode_check_gone(inode);
		}
	}
	inode_put(inode);
	return err;
}

static int odd_removal(const struct walk_state *s, bool is_dir)
{
	if (!is_dir)
		return -EISDIR;
	switch (s->last_type) {
	case LAST_DOTDOT:
		return -ENOTEMPTY;
	case LAST_DOT:
		return -EINVAL;
	default:
		return -EBUSY;
	}
}

static int remove_name(const struct walk *walk, const char *name, bool is_dir)
{
	struct walk_state s;
	struct dentry *d;
	int err;

	err = walk_begin(&s, walk, name);
	if (!err)
		err = walk_to_last(&s);
	if (!err && s.last_type != LAST_NORMAL)
		err = odd_removal(&s, is_dir);
	if (!err)
		err = mount_want_write(s.path.mount);
	if (!err)
		err = dentry_lookup(s.path.dentry, &s.last, &d);
	if (!err) {
		if (!is_dir && s.must_be_dir && d->inode)
			err = S_ISDIR(d->inode->attr.mode) ? -EISDIR : -ENOTDIR;
		else
			err = remove_from(&s, d, is_dir);
		dentry_put(d);
	}
	walk_end(&s);
	return err;
}

int vfs_unlink(const struct walk *walk, const char *name)
{
	return remove_name(walk, name, false);
}

int vfs_rmdir(const struct walk *walk, const char *name)
{
	return remove_name(walk, name, true);
}
