/*
 * Mounts and mount namespaces.
 *
 * A mount shows a tree of an fs at a dentry of its parent mount. The namespace
 * holds one reference to each mount attached in it; every struct path holds
 * one more. Detached (umount, MNT_DETACH, death of the namespace) a mount
 * lives on for the files that are open in it, with no parent.
 *
 * Linux: every mount is private; nothing propagates.
 */
#include "sentry/vfs/vfs.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "lib/hash.h"
#include "lib/log.h"
#include "sentry/vfs/internal.h"

#define BUCKETS 256u

static struct list buckets[BUCKETS];
static int next_id = 20;
static size_t mount_total; /* of all namespaces: copies count, too */

/* ---- Paths ------------------------------------------------------------- */

struct path path_get(struct path path)
{
	if (path.mount)
		mount_get(path.mount);
	if (path.dentry)
		dentry_get(path.dentry);
	return path;
}

void path_put(struct path path)
{
	dentry_put(path.dentry);
	mount_put(path.mount);
}

bool path_equal(struct path a, struct path b)
{
	return a.mount == b.mount && a.dentry == b.dentry;
}

/* ---- The table of who is mounted where --------------------------------- */

static struct list *bucket(
	const struct mount *parent, const struct dentry *point)
{
	uint32_t hash = hash_u64((uintptr_t)parent ^ (uintptr_t)point << 7);
	struct list *head = &buckets[hash % BUCKETS];

	if (!head->next)
		list_init(head);
	return head;
}

static struct mount *find(
	const struct mount *parent, const struct dentry *point)
{
	struct mount *m;

	list_for_each(m, bucket(parent, point), hash_node)
	{
		if (m->parent == parent && m->point == point)
			return m;
	}
	return NULL;
}

struct mount *mount_lookup(const struct path *at)
{
	struct mount *m;

	if (!at->dentry->mounted)
		return NULL;
	m = find(at->mount, at->dentry);
	return m ? mount_get(m) : NULL;
}

struct path path_mounted(struct path path)
{
	struct mount *m;

	while ((m = mount_lookup(&path))) {
		path_put(path);
		path.mount = m;
		path.dentry = dentry_get(m->root);
	}
	return path;
}

/* ---- One mount --------------------------------------------------------- */

static struct mount *mount_new(
	struct fs *fs, struct dentry *root, unsigned int flags)
{
	struct mount *m;

	if (mount_total >= MOUNTS_LIMIT)
		return NULL;
	m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	mount_total++;
	ref_init(&m->ref);
	m->fs = fs_get(fs);
	m->root = dentry_get(root ? root : fs->root);
	m->flags = flags;
	m->id = next_id++;
	list_init(&m->sibling);
	list_init(&m->hash_node);
	list_init(&m->children);
	list_init(&m->child_node);
	return m;
}

struct mount *mount_new_internal(struct fs *fs, unsigned int flags)
{
	return mount_new(fs, NULL, flags);
}

struct mount *mount_get(struct mount *mount)
{
	ref_get(&mount->ref);
	return mount;
}

void mount_put(struct mount *mount)
{
	if (!mount || !ref_put(&mount->ref))
		return;
	BUG_ON(mount->ns || mount->point);
	dentry_put(mount->root);
	fs_put(mount->fs);
	free(mount);
	mount_total--;
}

int mount_want_write(const struct mount *mount)
{
	if (!mount)
		return 0;
	return (mount->flags & MNT_READONLY) || mount->fs->read_only ? -EROFS
								     : 0;
}

static void put_on(struct mount *m, struct mount *parent, struct dentry *point)
{
	m->parent = parent;
	list_add_tail(&parent->children, &m->child_node);
	m->point = dentry_get(point);
	point->mounted++;
	list_add(bucket(parent, point), &m->hash_node);
}

static void take_off(struct mount *m)
{
	struct dentry *point = m->point;

	list_del(&m->hash_node);
	list_del(&m->child_node);
	m->parent = NULL;
	m->point = NULL;
	if (point) {
		point->mounted--;
		dentry_put(point);
	}
}

void mount_replace(struct mount *m, struct mount *parent, struct dentry *point)
{
	/* The new place first: it may hang on the old one. */
	struct dentry *held = point ? dentry_get(point) : NULL;

	take_off(m);
	if (parent)
		put_on(m, parent, point);
	else
		m->ns->root = m;
	dentry_put(held);
}

/* Puts m, whose reference the namespace takes, at a place in ns. */
static void link_mount(struct mount_ns *ns, struct mount *m,
	struct mount *parent, struct dentry *point)
{
	m->ns = ns;
	ns->count++;
	list_add_tail(&ns->mounts, &m->sibling);
	if (parent)
		put_on(m, parent, point);
}

/* Takes m off its place and out of the namespace, with its reference. */
static void unlink_mount(struct mount *m)
{
	m->ns->count--;
	m->ns = NULL;
	list_del(&m->sibling);
	take_off(m);
	mount_put(m);
}

int mount_attach(struct path at, struct fs *fs, struct dentry *root,
	unsigned int flags, struct mount **out)
{
	struct mount_ns *ns = at.mount->ns;
	struct mount *m;

	if (!root)
		root = fs->root;
	if (!ns)
		return -EINVAL;
	if (at.dentry->unlinked)
		return -ENOENT;
	if (S_ISDIR(at.dentry->inode->attr.mode) !=
		S_ISDIR(root->inode->attr.mode))
		return -ENOTDIR;
	if (ns->count >= MOUNTS_LIMIT)
		return -ENOSPC;
	m = mount_new(fs, root, flags);
	if (!m)
		return -ENOMEM;
	link_mount(ns, m, at.mount, at.dentry);
	if (out)
		*out = m;
	return 0;
}

/* ---- Trees of mounts --------------------------------------------------- */

bool mount_is_below(const struct mount *mount, const struct mount *top)
{
	for (; mount; mount = mount->parent)
		if (mount == top)
			return true;
	return false;
}

struct mount *mount_next(struct mount *m, struct mount *top)
{
	if (!list_empty(&m->children))
		return list_first(&m->children, struct mount, child_node);
	while (m != top) {
		if (m->child_node.next != &m->parent->children)
			return list_first(
				&m->child_node, struct mount, child_node);
		m = m->parent;
	}
	return NULL;
}

void mount_detach_tree(struct mount *top)
{
	struct mount *m = top, *parent;

	for (;;) {
		while (!list_empty(&m->children))
			m = list_first(&m->children, struct mount, child_node);
		parent = m->parent;
		if (m == top)
			break;
		unlink_mount(m);
		m = parent;
	}
	unlink_mount(top);
}

int mount_detach(struct mount *mount, int umount_flags)
{
	if (!mount->ns || mount->locked || !mount->parent)
		return -EINVAL;
	if (umount_flags & MNT_DETACH) {
		mount_detach_tree(mount);
		return 0;
	}
	/* One reference is the namespace's, one the caller's. */
	if (!list_empty(&mount->children) || mount->ref.count > 2)
		return -EBUSY;
	if ((umount_flags & MNT_EXPIRE) && !mount->expiring) {
		mount->expiring = true;
		return -EAGAIN;
	}
	unlink_mount(mount);
	return 0;
}

/* ---- Namespaces -------------------------------------------------------- */

static struct mount_ns *ns_alloc(void)
{
	struct mount_ns *ns = calloc(1, sizeof(*ns));

	if (!ns)
		return NULL;
	ref_init(&ns->ref);
	list_init(&ns->mounts);
	return ns;
}

struct mount_ns *mount_ns_new(struct fs *root_fs, unsigned int flags)
{
	struct mount_ns *ns = ns_alloc();
	struct mount *m;

	if (!ns)
		return NULL;
	m = mount_new(root_fs, NULL, flags);
	if (!m) {
		free(ns);
		return NULL;
	}
	link_mount(ns, m, NULL, NULL);
	ns->root = m;
	return ns;
}

struct mount_ns *mount_ns_get(struct mount_ns *ns)
{
	ref_get(&ns->ref);
	return ns;
}

void mount_ns_put(struct mount_ns *ns)
{
	if (!ns || !ref_put(&ns->ref))
		return;
	mount_detach_tree(ns->root);
	free(ns);
}

struct path mount_ns_root(struct mount_ns *ns)
{
	struct path path = {ns->root, ns->root->root};

	return path_mounted(path_get(path));
}

/* A copy of one mount into the place that its parent's copy has. */
static struct mount *copy_one(struct mount_ns *to, struct mount *m)
{
	struct mount *copy = mount_new(m->fs, m->root, m->flags);

	if (!copy)
		return NULL;
	copy->locked = m->locked;
	m->copy = copy;
	link_mount(to, copy, m->parent ? m->parent->copy : NULL, m->point);
	return copy;
}

struct mount_ns *mount_ns_copy(struct mount_ns *ns)
{
	struct mount_ns *to = ns_alloc();
	struct mount *m;

	if (!to)
		return NULL;
	for (m = ns->root; m; m = mount_next(m, ns->root)) {
		if (copy_one(to, m))
			continue;
		if (m != ns->root)
			mount_detach_tree(ns->root->copy);
		free(to);
		return NULL;
	}
	to->root = ns->root->copy;
	return to;
}

struct mount *mount_copy_of(
	const struct mount *mount, const struct mount_ns *from)
{
	return mount->ns == from ? mount->copy : NULL;
}
