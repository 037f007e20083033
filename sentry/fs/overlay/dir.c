/*
 * Folders of an overlay: looking names up in both layers, and changing them
 * in the upper one.
 *
 * Where a name is taken away that is also below, a whiteout takes its place.
 * All whiteouts are hard links to one inode, so that making one needs no more
 * than room for a name, and there is room where a name has just gone.
 */
#include "sentry/fs/overlay/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool ovl_is_whiteout(const struct inode *inode)
{
	return S_ISCHR(inode->attr.mode) && inode->attr.rdev == 0;
}

bool ovl_is_opaque(struct inode *upper)
{
	char value;

	return upper->ops->getxattr &&
	       upper->ops->getxattr(upper, OVL_OPAQUE, &value, 1) == 1 &&
	       value == 'y';
}

static bool is_dir(const struct inode *inode)
{
	return S_ISDIR(inode->attr.mode);
}

/* ---- Lookup ------------------------------------------------------------ */

static int lookup_in(
	struct inode *dir, const struct name *name, struct inode **out)
{
	return dir->ops->lookup ? dir->ops->lookup(dir, name, out) : -ENOTDIR;
}

/* The folder below that an upper one is merged with, or NULL. */
static int lower_side(struct ovl_inode *dir, const struct name *name,
	struct inode *upper, struct inode **out)
{
	int err;

	*out = NULL;
	if (!dir->lower || !is_dir(upper) || ovl_is_opaque(upper))
		return 0;
	err = lookup_in(dir->lower, name, out);
	if (err) {
		*out = NULL;
		return err == -ENOENT ? 0 : err;
	}
	if (!is_dir(*out)) {
		inode_put(*out);
		*out = NULL;
	}
	return 0;
}

static int lookup_upper(
	struct ovl_inode *dir, const struct name *name, struct ovl_inode **out)
{
	struct inode *upper, *lower;
	int err;

	err = lookup_in(dir->upper, name, &upper);
	if (err)
		return err;
	if (ovl_is_whiteout(upper)) {
		inode_put(upper);
		/* Not -ENOENT, which would ask the lower layer. */
		return -ESTALE;
	}
	err = lower_side(dir, name, upper, &lower);
	if (err) {
		inode_put(upper);
		return err;
	}
	return ovl_inode_for_upper(ovl_of(&dir->inode), upper, lower, out);
}

static int lookup_lower(
	struct ovl_inode *dir, const struct name *name, struct ovl_inode **out)
{
	struct inode *lower;
	int err;

	*out = ovl_inode_at(dir, name);
	if (*out)
		return 0;
	err = lookup_in(dir->lower, name, &lower);
	if (err)
		return err;
	/* A whiteout below hides nothing of ours, but is none's file. */
	if (ovl_is_whiteout(lower)) {
		inode_put(lower);
		return -ENOENT;
	}
	*out = ovl_inode_linked(ovl_of(&dir->inode), lower);
	if (*out) {
		inode_put(lower);
		return 0;
	}
	return ovl_inode_for_lower(dir, name, lower, out);
}

static int ovl_lookup(
	struct inode *inode, const struct name *name, struct inode **out)
{
	struct ovl_inode *dir = ovl_inode(inode), *found;
	int err = -ENOENT;

	if (dir->orphan)
		return -ENOENT;
	if (dir->upper)
		err = lookup_upper(dir, name, &found);
	if (err == -ESTALE)
		return -ENOENT;
	if (err == -ENOENT && dir->lower)
		err = lookup_lower(dir, name, &found);
	if (!err)
		*out = &found->inode;
	return err;
}

/* ---- Whiteouts --------------------------------------------------------- */

/* Is there anything below that name? An error counts as a yes. */
static bool lower_has(struct ovl_inode *dir, const struct name *name)
{
	struct inode *lower;
	int err;

	if (!dir->lower)
		return false;
	err = lookup_in(dir->lower, name, &lower);
	if (err)
		return err != -ENOENT;
	inode_put(lower);
	return true;
}

/* The one inode all whiteouts are links to, made when first needed. */
static int whiteout_inode(struct ovl_inode *dir, struct inode **out)
{
	static const struct new_inode spec = {.mode = S_IFCHR};
	struct ovl_fs *fs = ovl_of(&dir->inode);
	struct inode *root = fs->upper_root;
	int err = 0;

	if (!fs->whiteout)
		err = root->ops->tmpfile
			      ? root->ops->tmpfile(root, &spec, &fs->whiteout)
			      : -EROFS;
	if (!err)
		*out = fs->whiteout;
	return err;
}

static int put_whiteout(struct ovl_inode *dir, const struct name *name)
{
	struct inode *whiteout;
	int err;

	err = whiteout_inode(dir, &whiteout);
	return err ? err : dir->upper->ops->link(dir->upper, name, whiteout);
}

/*
 * Takes a whiteout away that is at a name, so that the upper folder can have
 * something else there. *was: there was one.
 */
static int take_whiteout(
	struct ovl_inode *dir, const struct name *name, bool *was)
{
	struct inode *upper;
	int err;

	*was = false;
	err = lookup_in(dir->upper, name, &upper);
	if (err)
		return err == -ENOENT ? 0 : err;
	if (ovl_is_whiteout(upper)) {
		err = dir->upper->ops->unlink(dir->upper, name, upper);
		*was = !err;
	} else {
		err = -EEXIST;
	}
	inode_put(upper);
	return err;
}

static int set_opaque(struct inode *upper)
{
	if (!upper->ops->setxattr)
		return -EOPNOTSUPP;
	return upper->ops->setxattr(upper, OVL_OPAQUE, "y", 1, 0);
}

/* ---- Making names ------------------------------------------------------ */

/* A new upper inode at a name that the overlay does not show. */
static int create_upper(struct ovl_inode *dir, const struct name *name,
	const struct new_inode *spec, struct inode **out)
{
	struct inode *upper_dir = dir->upper;
	int err;

	err = upper_dir->ops->create(upper_dir, name, spec, out);
	if (err || !S_ISDIR(spec->mode) || !dir->lower)
		return err;
	/* A new folder shows nothing of an old one below it. */
	err = set_opaque(*out);
	if (err) {
		upper_dir->ops->rmdir(upper_dir, name, *out);
		inode_put(*out);
	}
	return err;
}

static int ovl_create(struct inode *inode, const struct name *name,
	const struct new_inode *spec, struct inode **out)
{
	struct ovl_inode *dir = ovl_inode(inode), *made;
	struct inode *upper;
	bool had_whiteout;
	int err;

	/* On an overlay a whiteout would be a hole in it. */
	if (S_ISCHR(spec->mode) && spec->rdev == 0)
		return -EPERM;
	if (dir->orphan)
		return -ENOENT;
	err = ovl_copy_up(dir, UINT64_MAX);
	if (!err)
		err = take_whiteout(dir, name, &had_whiteout);
	if (err)
		return err;
	err = create_upper(dir, name, spec, &upper);
	if (err) {
		if (had_whiteout)
			put_whiteout(dir, name);
		return err;
	}
	ovl_sync_attr(dir);
	err = ovl_inode_for_upper(ovl_of(inode), upper, NULL, &made);
	if (err)
		return err;
	made->hides_nothing = !had_whiteout;
	ovl_of(inode)->changes++;
	*out = &made->inode;
	return 0;
}

static int ovl_link(
	struct inode *inode, const struct name *name, struct inode *target)
{
	struct ovl_inode *dir = ovl_inode(inode), *o = ovl_inode(target);
	bool had_whiteout;
	int err;

	if (dir->orphan)
		return -ENOENT;
	err = ovl_copy_up(o, UINT64_MAX);
	if (!err)
		err = ovl_copy_up(dir, UINT64_MAX);
	if (!err)
		err = take_whiteout(dir, name, &had_whiteout);
	if (err)
		return err;
	err = dir->upper->ops->link(dir->upper, name, o->upper);
	if (err && had_whiteout)
		put_whiteout(dir, name);
	ovl_of(inode)->changes++;
	if (had_whiteout)
		o->hides_nothing = false;
	ovl_sync_attr(dir);
	ovl_sync_attr(o);
	return err;
}

static int ovl_tmpfile(
	struct inode *inode, const struct new_inode *spec, struct inode **out)
{
	struct inode *root = ovl_of(inode)->upper_root, *upper;
	struct ovl_inode *made;
	int err;

	if (!root->ops->tmpfile)
		return -EOPNOTSUPP;
	err = root->ops->tmpfile(root, spec, &upper);
	if (!err)
		err = ovl_inode_for_upper(ovl_of(inode), upper, NULL, &made);
	if (!err) {
		made->hides_nothing = true;
		*out = &made->inode;
	}
	return err;
}

/*
 * Before a name of a file with several names below is taken away, it has to be
 * a link in the upper layer, which counts how many there are.
 */
static int show_link(
	struct ovl_inode *dir, const struct name *name, struct ovl_inode *o)
{
	struct attr times = dir->upper->attr;
	struct inode *upper;
	int err;

	if (!ovl_is_linked(o))
		return 0;
	err = ovl_copy_up(o, UINT64_MAX);
	if (err)
		return err;
	err = lookup_in(dir->upper, name, &upper);
	if (!err)
		inode_put(upper);
	if (err != -ENOENT)
		return err;
	err = dir->upper->ops->link(dir->upper, name, o->upper);
	if (err)
		return err;
	dir->upper->ops->setattr(dir->upper, &times, ATTR_MTIME | ATTR_CTIME);
	ovl_inode_link_shown(o);
	o->hides_nothing = false;
	return 0;
}

/* ---- Taking names away ------------------------------------------------- */

/* Removes what the upper folder has at the name, of a target in use. */
static int remove_upper(
	struct ovl_inode *dir, const struct name *name, struct inode *upper)
{
	struct inode *upper_dir = dir->upper;
	int err;

	if (!is_dir(upper))
		return upper_dir->ops->unlink(upper_dir, name, upper);
	err = ovl_dir_clear_whiteouts(upper);
	return err ? err : upper_dir->ops->rmdir(upper_dir, name, upper);
}

/* One of its names was taken away above; was it the last? */
static void name_gone(struct ovl_inode *o)
{
	if (is_dir(&o->inode) || !o->upper ||
		(o->upper->attr.nlink == 0 && !o->hidden_links))
		ovl_inode_orphan(o);
	else
		ovl_sync_attr(o);
}

static int ovl_remove(
	struct inode *inode, const struct name *name, struct inode *target)
{
	struct ovl_inode *dir = ovl_inode(inode), *o = ovl_inode(target);
	bool hides = is_dir(target) ? o->lower && !o->redirected : !o->upper;
	int err;

	err = ovl_copy_up(dir, UINT64_MAX);
	if (!err)
		err = show_link(dir, name, o);
	if (err)
		return err;
	hides = hides || (!o->hides_nothing && lower_has(dir, name));
	if (o->upper) {
		err = remove_upper(dir, name, o->upper);
		if (err)
			return err;
	}
	if (hides) {
		err = put_whiteout(dir, name);
		/* No room even for a name: it is as if nothing was done. */
		if (err && o->upper && !is_dir(o->upper))
			dir->upper->ops->link(dir->upper, name, o->upper);
		if (err)
			return err;
	}
	name_gone(o);
	ovl_of(inode)->changes++;
	ovl_sync_attr(dir);
	return 0;
}

static int ovl_unlink(
	struct inode *dir, const struct name *name, struct inode *target)
{
	return ovl_remove(dir, name, target);
}

static int ovl_rmdir(
	struct inode *dir, const struct name *name, struct inode *target)
{
	int err = ovl_dir_check_empty(ovl_inode(target));

	return err ? err : ovl_remove(dir, name, target);
}

/* ---- Rename ------------------------------------------------------------ */

struct move {
	struct ovl_inode *dir;
	const struct name *name;
	struct ovl_inode *o; /* NULL: nothing is shown there */
};

/*
 * Folders that are (also) below stay where they are if the upper layer
 * outlives us: it does not say where their lower side was.
 */
static bool is_fixed(const struct ovl_inode *o)
{
	return o && is_dir(&o->inode) && o->lower &&
	       !ovl_of(&o->inode)->redirects;
}

/* Everything that can be refused, and what has to be above first. */
static int rename_prepare(
	struct move *from, struct move *to, unsigned int flags)
{
	bool exchange = flags & RENAME_EXCHANGE;
	int err = 0;

	if (is_fixed(from->o) || (exchange && is_fixed(to->o)))
		return -EXDEV;
	if (to->dir->orphan)
		return -ENOENT;
	if (!exchange && to->o && is_dir(&to->o->inode))
		err = ovl_dir_check_empty(to->o);
	if (!err)
		err = ovl_copy_up(from->o, UINT64_MAX);
	if (!err)
		err = ovl_copy_up(from->dir, UINT64_MAX);
	if (!err)
		err = ovl_copy_up(to->dir, UINT64_MAX);
	if (!err && exchange)
		err = ovl_copy_up(to->o, UINT64_MAX);
	if (!err)
		err = show_link(from->dir, from->name, from->o);
	if (!err && to->o)
		err = show_link(to->dir, to->name, to->o);
	/* A folder must not merge with what is below its new place. */
	if (!err && to->dir->lower && is_dir(&from->o->inode))
		err = set_opaque(from->o->upper);
	if (!err && exchange && from->dir->lower && is_dir(&to->o->inode))
		err = set_opaque(to->o->upper);
	return err;
}

static void rename_sync(struct move *from, struct move *to)
{
	ovl_of(&from->o->inode)->changes++;
	ovl_sync_attr(from->dir);
	ovl_sync_attr(to->dir);
	ovl_sync_attr(from->o);
}

static int ovl_exchange(struct move *from, struct move *to, unsigned int flags)
{
	int err;

	err = from->dir->upper->ops->rename(from->dir->upper, from->name,
		from->o->upper, to->dir->upper, to->name, to->o->upper, flags);
	if (err)
		return err;
	from->o->hides_nothing = to->o->hides_nothing = false;
	ovl_inode_redirect(from->o);
	ovl_inode_redirect(to->o);
	rename_sync(from, to);
	ovl_sync_attr(to->o);
	return 0;
}

/* Moves within the upper layer, over whatever it has at the new name. */
static int move_upper(struct move *from, struct move *to, unsigned int flags,
	bool *had_whiteout)
{
	struct inode *over = NULL;
	int err;

	*had_whiteout = false;
	err = lookup_in(to->dir->upper, to->name, &over);
	if (err == -ENOENT) {
		over = NULL;
	} else if (err) {
		return err;
	} else if (is_dir(over)) {
		/* Empty but for whiteouts: checked. */
		err = ovl_dir_clear_whiteouts(over);
		if (err) {
			inode_put(over);
			return err;
		}
	} else if (ovl_is_whiteout(over)) {
		*had_whiteout = true;
	}
	err = from->dir->upper->ops->rename(from->dir->upper, from->name,
		from->o->upper, to->dir->upper, to->name, over, flags);
	inode_put(over);
	return err;
}

static int ovl_move(struct move *from, struct move *to)
{
	struct ovl_inode *o = from->o;
	bool had_whiteout, clean;
	unsigned int flags = 0;
	int err;

	if (!o->hides_nothing && lower_has(from->dir, from->name))
		flags = RENAME_WHITEOUT;
	clean = !to->o || (!to->o->lower && to->o->hides_nothing);
	err = move_upper(from, to, flags, &had_whiteout);
	if (err)
		return err;
	clean = clean && !had_whiteout;
	/* What its other names hide is as it was. */
	o->hides_nothing = clean &&
			   (o->hides_nothing || (o->upper->attr.nlink == 1 &&
							!ovl_is_linked(o)));
	ovl_inode_redirect(o);
	if (to->o)
		name_gone(to->o);
	rename_sync(from, to);
	return 0;
}

static int ovl_rename(struct inode *old_dir, const struct name *old_name,
	struct inode *source, struct inode *new_dir,
	const struct name *new_name, struct inode *target, unsigned int flags)
{
	struct move from = {ovl_inode(old_dir), old_name, ovl_inode(source)};
	struct move to = {ovl_inode(new_dir), new_name,
		target ? ovl_inode(target) : NULL};
	int err;

	if (flags & ~(unsigned int)(RENAME_EXCHANGE | RENAME_NOREPLACE))
		return -EINVAL;
	err = rename_prepare(&from, &to, flags);
	if (err)
		return err;
	if (flags & RENAME_EXCHANGE)
		return ovl_exchange(&from, &to, flags);
	return ovl_move(&from, &to);
}

const struct inode_ops ovl_dir_inode_ops = {
	.lookup = ovl_lookup,
	.create = ovl_create,
	.link = ovl_link,
	.unlink = ovl_unlink,
	.rmdir = ovl_rmdir,
	.rename = ovl_rename,
	.tmpfile = ovl_tmpfile,
	.getattr = ovl_getattr,
	.setattr = ovl_setattr,
	.getxattr = ovl_getxattr,
	.setxattr = ovl_setxattr,
	.listxattr = ovl_listxattr,
	.removexattr = ovl_removexattr,
	.open = ovl_dir_open,
};
