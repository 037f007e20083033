/*
 * Dentries: the cache of names.
 *
 * Every name that was looked up is a dentry in one hash table, keyed by its
 * folder's dentry and a seeded hash of the name, so that a guest cannot aim at
 * a bucket. An entry holds its parent; one that nobody holds stays on the LRU
 * and goes from its tail when there are more than LRU_LIMIT. A negative entry
 * (no inode) remembers that a name does not exist.
 *
 * A name that goes away leaves the hash. If somebody still has it (an open
 * file, a cwd) its dentry lives on as unlinked.
 */
#include "sentry/vfs/vfs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hash.h"
#include "lib/log.h"
#include "sentry/vfs/internal.h"

#define BUCKETS_FIRST 1024u
#define BUCKETS_LIMIT 65536u
#define LRU_LIMIT     32768u

static struct list *buckets;
static size_t bucket_count;
static size_t hashed_count;
static struct list lru = LIST_INIT(lru);
static size_t lru_count;

/* ---- The hash ---------------------------------------------------------- */

static bool buckets_resize(size_t count)
{
	struct list *old = buckets;
	size_t old_count = bucket_count;
	struct list *fresh = malloc(count * sizeof(*fresh));
	struct dentry *d, *tmp;
	size_t i;

	if (!fresh)
		return false;
	for (i = 0; i < count; i++)
		list_init(&fresh[i]);
	for (i = 0; i < old_count; i++) {
		list_for_each_safe(d, tmp, &old[i], hash_node)
		{
			list_del(&d->hash_node);
			list_add(&fresh[d->hash & (count - 1)], &d->hash_node);
		}
	}
	buckets = fresh;
	bucket_count = count;
	free(old);
	return true;
}

static uint32_t name_hash(const struct dentry *dir, const struct name *name)
{
	return hash_bytes(name->text, name->size, (uintptr_t)dir);
}

static bool hash_insert(struct dentry *d)
{
	if (!buckets && !buckets_resize(BUCKETS_FIRST))
		return false;
	if (hashed_count > 2 * bucket_count && bucket_count < BUCKETS_LIMIT)
		buckets_resize(2 * bucket_count);
	list_add(&buckets[d->hash & (bucket_count - 1)], &d->hash_node);
	hashed_count++;
	return true;
}

static void hash_remove(struct dentry *d)
{
	if (list_empty(&d->hash_node))
		return;
	list_del(&d->hash_node);
	hashed_count--;
}

static struct dentry *hash_find(
	const struct dentry *dir, const struct name *name, uint32_t hash)
{
	struct dentry *d;

	if (!buckets)
		return NULL;
	list_for_each(d, &buckets[hash & (bucket_count - 1)], hash_node)
	{
		if (d->hash == hash && d->parent == dir &&
			d->name_size == name->size &&
			memcmp(d->name, name->text, name->size) == 0)
			return d;
	}
	return NULL;
}

bool dentry_hashed(const struct dentry *dentry)
{
	return !list_empty(&dentry->hash_node);
}

/* ---- Life -------------------------------------------------------------- */

/* Pins fs; has no parent (itself) and no inode yet. */
static struct dentry *dentry_alloc(struct fs *fs, const char *text, size_t size)
{
	struct dentry *d = calloc(1, sizeof(*d) + size + 1);

	if (!d)
		return NULL;
	ref_init(&d->ref);
	d->parent = d;
	fs_pin(fs);
	d->fs = fs;
	list_init(&d->hash_node);
	list_init(&d->children);
	list_init(&d->sibling);
	list_init(&d->lru);
	d->name_size = (uint16_t)size;
	memcpy(d->short_name, text, size);
	d->name = d->short_name;
	return d;
}

/* Frees it and returns the parent, whose count the caller drops. */
static struct dentry *dentry_free(struct dentry *d)
{
	struct dentry *parent = d->parent == d ? NULL : d->parent;

	hash_remove(d);
	list_del(&d->sibling);
	inode_put(d->inode);
	fs_unpin(d->fs);
	if (d->name != d->short_name)
		free(d->name);
	free(d);
	return parent;
}

static void lru_remove(struct dentry *d)
{
	if (list_empty(&d->lru))
		return;
	list_del(&d->lru);
	lru_count--;
}

struct dentry *dentry_get(struct dentry *dentry)
{
	if (dentry->ref.count == 0)
		lru_remove(dentry);
	ref_get(&dentry->ref);
	return dentry;
}

void dentry_put(struct dentry *dentry)
{
	while (dentry && ref_put(&dentry->ref)) {
		if (dentry_hashed(dentry) && !dentry->fs->dead) {
			list_add(&lru, &dentry->lru);
			if (++lru_count > LRU_LIMIT)
				dentry_shrink(LRU_LIMIT / 64);
			return;
		}
		dentry = dentry_free(dentry);
	}
}

static void dentry_evict(struct dentry *d)
{
	lru_remove(d);
	hash_remove(d);
	dentry_put(dentry_free(d));
}

void dentry_shrink(size_t count)
{
	while (count-- && !list_empty(&lru))
		dentry_evict(list_last(&lru, struct dentry, lru));
}

void dentry_shrink_fs(struct fs *fs)
{
	struct dentry *d, *tmp;

	/*
	 * A parent freed on the way was not on the LRU (its child held it),
	 * and does not come there: the fs is dead. So tmp stays good.
	 */
	list_for_each_safe(d, tmp, &lru, lru)
	{
		if (d->fs == fs)
			dentry_evict(d);
	}
}

void dentry_forget_children(struct dentry *dir)
{
	struct dentry *d, *tmp;

	dentry_get(dir);
	list_for_each_safe(d, tmp, &dir->children, sibling)
	{
		if (d->ref.count == 0)
			dentry_evict(d);
	}
	dentry_put(dir);
}

/* ---- Making and finding ------------------------------------------------ */

struct dentry *dentry_new_root(struct inode *inode)
{
	struct dentry *d = dentry_alloc(inode->fs, "/", 1);

	if (d)
		d->inode = inode;
	else
		inode_put(inode);
	return d;
}

struct dentry *dentry_new_anonymous(const char *name, struct inode *inode)
{
	struct dentry *d = dentry_alloc(inode->fs, name, strlen(name));

	if (d)
		d->inode = inode;
	else
		inode_put(inode);
	return d;
}

struct dentry *dentry_new_nameless(struct dentry *dir, struct inode *inode)
{
	struct dentry *d;
	char name[24];
	int size = snprintf(name, sizeof(name), "#%llu",
		(unsigned long long)inode->attr.ino);

	d = dentry_alloc(inode->fs, name, (size_t)size);
	if (!d) {
		inode_put(inode);
		return NULL;
	}
	d->inode = inode;
	d->parent = dentry_get(dir);
	d->unlinked = true;
	return d;
}

/* Absent names are not remembered where nothing could say that one came. */
static bool names_vanish(const struct dentry *dir)
{
	const struct fs_ops *ops = dir->fs->ops;

	return ops->volatile_names && !ops->revalidate;
}

static bool still_true(
	struct dentry *dir, const struct name *name, struct dentry *d)
{
	const struct fs_ops *ops = dir->fs->ops;

	if (!ops->volatile_names)
		return true;
	return ops->revalidate && ops->revalidate(dir->inode, name, d->inode);
}

struct dentry *dentry_cached(struct dentry *dir, const struct name *name)
{
	struct dentry *d = hash_find(dir, name, name_hash(dir, name));

	return d ? dentry_get(d) : NULL;
}

/* A new entry for what lookup() said; takes over inode. */
static struct dentry *dentry_new_child(
	struct dentry *dir, const struct name *name, struct inode *inode)
{
	struct dentry *d = dentry_alloc(dir->fs, name->text, name->size);

	if (!d) {
		inode_put(inode);
		return NULL;
	}
	d->hash = name_hash(dir, name);
	d->parent = dentry_get(dir);
	d->inode = inode;
	list_add(&dir->children, &d->sibling);
	/* Unhashed it is merely not found again: no failure. */
	if (inode || !names_vanish(dir))
		hash_insert(d);
	return d;
}

/* The name no longer stands for what the cache said. */
static void dentry_drop(struct dentry *d)
{
	hash_remove(d);
	if (d->inode)
		d->unlinked = true;
}

int dentry_lookup(
	struct dentry *dir, const struct name *name, struct dentry **out)
{
	struct inode *inode = NULL;
	struct dentry *d;
	int err;

	d = dentry_cached(dir, name);
	if (d && still_true(dir, name, d)) {
		*out = d;
		return 0;
	}
	if (!dir->inode || !dir->inode->ops->lookup) {
		dentry_put(d);
		return -ENOTDIR;
	}
	err = dir->inode->ops->lookup(dir->inode, name, &inode);
	if (err && err != -ENOENT) {
		dentry_put(d);
		return err;
	}
	if (err)
		inode = NULL;
	if (d && d->inode == inode) {
		inode_put(inode);
		*out = d;
		return 0;
	}
	if (d) {
		dentry_drop(d);
		dentry_put(d);
	}
	d = dentry_new_child(dir, name, inode);
	if (!d)
		return -ENOMEM;
	*out = d;
	return 0;
}

/* ---- Changes of names -------------------------------------------------- */

void dentry_instantiate(struct dentry *dentry, struct inode *inode)
{
	BUG_ON(dentry->inode);
	dentry->inode = inode;
	/* Negative entries of volatile folders are not hashed. */
	if (!dentry_hashed(dentry) && !dentry->unlinked)
		hash_insert(dentry);
}

void dentry_delete(struct dentry *dentry)
{
	struct inode *inode = dentry->inode;

	/* Only the caller has it: the next lookup is spared. */
	if (dentry->ref.count == 1 && dentry_hashed(dentry) &&
		!names_vanish(dentry)) {
		dentry->inode = NULL;
		inode_put(inode);
		return;
	}
	hash_remove(dentry);
	dentry->unlinked = true;
}

int dentry_move_prepare(struct dentry *dentry, size_t name_size)
{
	size_t space = name_size > dentry->name_size ? name_size
						     : dentry->name_size;
	char *name = malloc(space + 1);

	if (!name)
		return -ENOMEM;
	memcpy(name, dentry->name, dentry->name_size + 1u);
	if (dentry->name != dentry->short_name)
		free(dentry->name);
	dentry->name = name;
	return 0;
}

/* To another folder and name; dentry->name has room. */
static void dentry_rename(struct dentry *d, struct dentry *parent,
	const char *text, uint16_t size)
{
	struct name name = {d->name, size};
	struct dentry *old_parent = d->parent;

	hash_remove(d);
	memcpy(d->name, text, size);
	d->name[size] = 0;
	d->name_size = size;
	list_del(&d->sibling);
	d->parent = dentry_get(parent);
	list_add(&parent->children, &d->sibling);
	d->hash = name_hash(parent, &name);
	hash_insert(d);
	dentry_put(old_parent);
}

void dentry_move(struct dentry *dentry, struct dentry *target)
{
	hash_remove(target);
	if (target->inode)
		target->unlinked = true;
	dentry_rename(dentry, target->parent, target->name, target->name_size);
}

void dentry_exchange(struct dentry *a, struct dentry *b)
{
	struct dentry *a_parent = dentry_get(a->parent);
	char a_name[VFS_NAME_MAX + 1];
	uint16_t a_size = a->name_size;

	memcpy(a_name, a->name, a_size);
	dentry_rename(a, b->parent, b->name, b->name_size);
	dentry_rename(b, a_parent, a_name, a_size);
	dentry_put(a_parent);
}

bool dentry_is_below(const struct dentry *dentry, const struct dentry *ancestor)
{
	while (dentry != ancestor) {
		if (dentry->parent == dentry)
			return false;
		dentry = dentry->parent;
	}
	return true;
}
