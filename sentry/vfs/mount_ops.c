/*
 * Bind mounts, moves, flags and pivot_root(2) on the mounts of a namespace.
 *
 * A mount that the boot code locked (what hides parts of the host, say) is not
 * moved, unmounted or made more permissive by a guest, and nothing that it
 * covers is shown elsewhere by a bind mount without it.
 */
#include "sentry/vfs/vfs.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "sentry/vfs/internal.h"

static bool same_kind(const struct dentry *a, const struct dentry *b)
{
	return S_ISDIR(a->inode->attr.mode) == S_ISDIR(b->inode->attr.mode);
}

/* ---- Bind -------------------------------------------------------------- */

/* Is m, somewhere below top, shown below the folder from of top? */
static bool shown_below(const struct mount *m, const struct mount *top,
	const struct dentry *from)
{
	while (m->parent != top)
		m = m->parent;
	return dentry_is_below(m->point, from);
}

static bool covers_locked(struct path from)
{
	struct mount *m;

	for (m = mount_next(from.mount, from.mount); m;
		m = mount_next(m, from.mount))
		if (m->locked && shown_below(m, from.mount, from.dentry))
			return true;
	return false;
}

/*
 * The mounts to copy, parents first: gathered before the first copy is made,
 * since copies may land in the tree that is copied.
 */
static int gather(struct path from, struct mount ***out, size_t *count)
{
	size_t n = 0;
	struct mount *m,
		**v = calloc(from.mount->ns->count, sizeof(struct mount *));

	if (!v)
		return -ENOMEM;
	for (m = mount_next(from.mount, from.mount); m;
		m = mount_next(m, from.mount))
		if (shown_below(m, from.mount, from.dentry))
			v[n++] = m;
	*out = v;
	*count = n;
	return 0;
}

/* Copies of the mounts in v, below top, which is the copy of from's. */
static int copy_below(
	struct path from, struct mount *top, struct mount **v, size_t count)
{
	struct mount *m, *copy;
	size_t i;
	int err = 0;

	from.mount->copy = top;
	for (i = 0; !err && i < count; i++) {
		m = v[i];
		err = mount_attach((struct path){m->parent->copy, m->point},
			m->fs, m->root, m->flags, &copy);
		if (!err) {
			copy->locked = m->locked;
			m->copy = copy;
		}
	}
	return err;
}

int mount_bind(struct path from, struct path to, bool recursive)
{
	struct mount *top, **v = NULL;
	size_t count = 0;
	int err = 0;

	if (!from.mount->ns || from.mount->ns != to.mount->ns)
		return -EINVAL;
	if (from.dentry->unlinked)
		return -ENOENT;
	if (recursive)
		err = gather(from, &v, &count);
	else if (covers_locked(from))
		err = -EINVAL;
	if (!err)
		err = mount_attach(to, from.mount->fs, from.dentry,
			from.mount->flags, &top);
	if (!err) {
		err = copy_below(from, top, v, count);
		if (err)
			mount_detach_tree(top);
	}
	free(v);
	return err;
}

/* ---- Move and flags ---------------------------------------------------- */

int mount_move(struct path from, struct path to)
{
	struct mount *mount = from.mount;

	if (!mount->ns || mount->ns != to.mount->ns || !mount->parent ||
		mount->locked || from.dentry != mount->root)
		return -EINVAL;
	if (to.dentry->unlinked)
		return -ENOENT;
	if (!same_kind(to.dentry, mount->root))
		return -ENOTDIR;
	if (mount_is_below(to.mount, mount))
		return -ELOOP;
	mount_replace(mount, to.mount, to.dentry);
	return 0;
}

int mount_set_flags(struct path at, unsigned int flags)
{
	const unsigned int kept = MNT_READONLY | MNT_NOSUID | MNT_NODEV |
				  MNT_NOEXEC;
	struct mount *mount = at.mount;

	if (!mount->ns || at.dentry != mount->root)
		return -EINVAL;
	if (mount->locked && (mount->flags & kept & ~flags))
		return -EPERM;
	if ((flags & ~mount->flags & MNT_READONLY) && mount->writers)
		return -EBUSY;
	mount->flags = flags;
	return 0;
}

/* ---- pivot_root -------------------------------------------------------- */

/* Does a place lie below another, mounts included? */
static bool place_below(struct path place, struct path top)
{
	while (place.mount != top.mount) {
		if (!place.mount->parent)
			return false;
		place.dentry = place.mount->point;
		place.mount = place.mount->parent;
	}
	return dentry_is_below(place.dentry, top.dentry);
}

int mount_pivot(struct path root, struct path new_root, struct path put_old)
{
	struct mount *old = root.mount, *fresh = new_root.mount;
	struct mount *parent = old->parent;
	struct dentry *point = old->point;

	if (!fresh->ns || fresh->ns != old->ns ||
		fresh->ns != put_old.mount->ns)
		return -EINVAL;
	if (fresh == old || put_old.mount == old)
		return -EBUSY;
	if (root.dentry != old->root || new_root.dentry != fresh->root)
		return -EINVAL;
	if (!fresh->parent || fresh->locked)
		return -EINVAL;
	if (!S_ISDIR(put_old.dentry->inode->attr.mode))
		return -ENOTDIR;
	if (put_old.dentry->unlinked || new_root.dentry->unlinked)
		return -ENOENT;
	if (!place_below(put_old, new_root) || !place_below(new_root, root))
		return -EINVAL;
	/* The new one out of the old one, then the old one into the new. */
	mount_replace(fresh, parent, point);
	mount_replace(old, put_old.mount, put_old.dentry);
	return 0;
}
