/*
 * rename(2) and renameat2(2).
 */
#include "sentry/vfs/vfs.h"

#include <errno.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "sentry/vfs/inotify.h"
#include "sentry/vfs/internal.h"

/* Both names, found: from exists, to may be negative. */
struct rename {
	struct walk_state from, to;
	struct dentry *old, *new; /* counted */
	unsigned int flags;
};

static bool is_dir(const struct dentry *d)
{
	return d->inode && S_ISDIR(d->inode->attr.mode);
}

static int find_folders(struct rename *r, const struct walk *from,
	const char *from_name, const struct walk *to, const char *to_name)
{
	int err;

	err = walk_begin(&r->from, from, from_name);
	if (!err)
		err = walk_to_last(&r->from);
	if (err)
		return err;
	err = walk_begin(&r->to, to, to_name);
	if (!err)
		err = walk_to_last(&r->to);
	if (err)
		return err;
	if (r->from.path.mount != r->to.path.mount)
		return -EXDEV;
	if (r->from.last_type != LAST_NORMAL)
		return -EBUSY;
	if (r->to.last_type != LAST_NORMAL)
		return r->flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	return mount_want_write(r->from.path.mount);
}

static int find_names(struct rename *r)
{
	int err;

	err = dentry_lookup(r->from.path.dentry, &r->from.last, &r->old);
	if (err)
		return err;
	if (!r->old->inode)
		return -ENOENT;
	err = dentry_lookup(r->to.path.dentry, &r->to.last, &r->new);
	if (err)
		return err;
	if ((r->flags & RENAME_NOREPLACE) && r->new->inode)
		return -EEXIST;
	if (r->flags & RENAME_EXCHANGE) {
		if (!r->new->inode)
			return -ENOENT;
		if (!is_dir(r->new) && r->to.must_be_dir)
			return -ENOTDIR;
	}
	if (!is_dir(r->old)) {
		if (r->from.must_be_dir)
			return -ENOTDIR;
		if (!(r->flags & RENAME_EXCHANGE) && r->to.must_be_dir)
			return -ENOTDIR;
	}
	/* A folder into itself, or onto one that it is in. */
	if (dentry_is_below(r->to.path.dentry, r->old))
		return -EINVAL;
	if (dentry_is_below(r->from.path.dentry, r->new))
		return r->flags & RENAME_EXCHANGE ? -EINVAL : -ENOTEMPTY;
	return 0;
}

static int check_permission(struct rename *r)
{
	const struct cred *cred = r->from.walk->cred;
	struct inode *old_dir = r->from.path.dentry->inode;
	struct inode *new_dir = r->to.path.dentry->inode;
	bool exchange = r->flags & RENAME_EXCHANGE;
	bool old_is_dir = is_dir(r->old), new_is_dir = is_dir(r->new);
	int err;

	err = may_delete(old_dir, r->old, cred, old_is_dir);
	if (err)
		return err;
	if (!r->new->inode)
		err = may_create(r->to.path.dentry, cred);
	else
		err = may_delete(new_dir, r->new, cred,
			exchange ? new_is_dir : old_is_dir);
	if (err)
		return err;
	if (!old_dir->ops->rename)
		return -EPERM;
	/* A folder that changes its parent is written: "..". */
	if (old_dir != new_dir) {
		if (old_is_dir)
			err = inode_permission(r->old->inode, cred, MAY_WRITE);
		if (!err && exchange && new_is_dir)
			err = inode_permission(r->new->inode, cred, MAY_WRITE);
		if (err)
			return err;
	}
	return r->old->mounted || r->new->mounted ? -EBUSY : 0;
}

static void tell(struct rename *r, struct inode *moved, struct inode *gone)
{
	struct inode *old_dir = r->from.path.dentry->inode;
	struct inode *new_dir = r->to.path.dentry->inode;
	uint32_t cookie;

	if (!inotify_active())
		return;
	cookie = inotify_cookie();
	inotify_name(old_dir, r->from.last_text, moved, IN_MOVED_FROM, cookie);
	inotify_name(new_dir, r->to.last_text, moved, IN_MOVED_TO, cookie);
	inotify_self(moved, IN_MOVE_SELF);
	if (!gone)
		return;
	if (!(r->flags & RENAME_EXCHANGE)) {
		inotify_self(gone, IN_ATTRIB);
		inode_check_gone(gone);
		return;
	}
	cookie = inotify_cookie();
	inotify_name(new_dir, r->to.last_text, gone, IN_MOVED_FROM, cookie);
	inotify_name(old_dir, r->from.last_text, gone, IN_MOVED_TO, cookie);
	inotify_self(gone, IN_MOVE_SELF);
}

static int commit(struct rename *r)
{
	struct inode *old_dir = r->from.path.dentry->inode;
	struct inode *source = r->old->inode;
	struct inode *target = r->new->inode;
	bool exchange = r->flags & RENAME_EXCHANGE;
	int err;

	/* Memory first: nothing fails after the filesystem has done it. */
	err = dentry_move_prepare(r->old, r->to.last.size);
	if (!err && exchange)
		err = dentry_move_prepare(r->new, r->from.last.size);
	if (err)
		return err;
	if (target)
		inode_get(target);
	err = old_dir->ops->rename(old_dir, &r->from.last, source,
		r->to.path.dentry->inode, &r->to.last, target, r->flags);
	if (!err) {
		if (exchange)
			dentry_exchange(r->old, r->new);
		else
			dentry_move(r->old, r->new);
		tell(r, source, target);
	}
	inode_put(target);
	return err;
}

int vfs_rename(const struct walk *from, const char *from_name,
	const struct walk *to, const char *to_name, unsigned int flags)
{
	struct rename r;
	int err;

	memset(&r.from.path, 0, sizeof(r.from.path));
	memset(&r.to.path, 0, sizeof(r.to.path));
	r.from.depth = r.to.depth = 0;
	r.old = r.new = NULL;
	r.flags = flags;

	err = find_folders(&r, from, from_name, to, to_name);
	if (!err)
		err = find_names(&r);
	/* Two names of one file: nothing to do. */
	if (!err && r.old->inode != r.new->inode) {
		err = check_permission(&r);
		if (!err)
			err = commit(&r);
	}
	dentry_put(r.new);
	dentry_put(r.old);
	walk_end(&r.to);
	walk_end(&r.from);
	return err;
}
