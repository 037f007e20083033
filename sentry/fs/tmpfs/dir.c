/*
 * tmpfs folders.
 *
 * Entries are in a hash by name, and in a list in the order of their cookies.
 * A cookie is given once and never again, so that a listing that goes on
 * after names came and went shows every name that stayed exactly once.
 */
#include "sentry/fs/tmpfs/internal.h"

#include <dirent.h>
#include <errno.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/hash.h"

#define FIRST_COOKIE  2 /* after "." and ".." */
#define BUCKETS_FIRST 8u
#define BUCKETS_LIMIT 65536u
#define ENTRY_SIZE    20u /* what Linux' tmpfs adds to st_size */

/* ---- The table --------------------------------------------------------- */

void tmpfs_dir_init(struct tmpfs_dir *dir)
{
	list_init(&dir->entries);
	dir->next_cookie = FIRST_COOKIE;
}

static struct tmpfs_dir *dir_of(const struct inode *inode)
{
	return &tmpfs_inode(inode)->dir;
}

static uint32_t hash_of(const struct inode *dir, const struct name *name)
{
	return hash_bytes(name->text, name->size, (uintptr_t)dir);
}

static struct tmpfs_entry *find(
	const struct inode *inode, const struct name *name)
{
	struct tmpfs_dir *dir = dir_of(inode);
	struct tmpfs_entry *e;
	uint32_t hash;

	if (!dir->count)
		return NULL;
	hash = hash_of(inode, name);
	list_for_each(e, &dir->buckets[hash & (dir->bucket_count - 1)], chain)
	{
		if (e->hash == hash && e->size == name->size &&
			memcmp(e->name, name->text, name->size) == 0)
			return e;
	}
	return NULL;
}

static bool grow(struct tmpfs_dir *dir)
{
	size_t i, count = dir->bucket_count * 2;
	struct tmpfs_entry *e;
	struct list *buckets;

	if (!count)
		count = BUCKETS_FIRST;
	buckets = malloc(count * sizeof(*buckets));
	if (!buckets)
		return dir->bucket_count != 0;
	for (i = 0; i < count; i++)
		list_init(&buckets[i]);
	list_for_each(e, &dir->entries, order)
	{
		list_del(&e->chain);
		list_add(&buckets[e->hash & (count - 1)], &e->chain);
	}
	free(dir->buckets);
	dir->buckets = buckets;
	dir->bucket_count = count;
	return true;
}

/* An entry that is in no folder yet; takes its own reference to inode. */
static int entry_new(struct inode *dir, const struct name *name,
	struct inode *inode, struct tmpfs_entry **out)
{
	struct tmpfs_entry *e;

	if (!tmpfs_charge_meta(sizeof(*e) + name->size))
		return -ENOSPC;
	e = malloc(sizeof(*e) + name->size);
	if (!e) {
		tmpfs_uncharge_meta(sizeof(*e) + name->size);
		return -ENOMEM;
	}
	list_init(&e->order);
	list_init(&e->chain);
	e->inode = inode_get(inode);
	e->hash = hash_of(dir, name);
	e->size = (uint16_t)name->size;
	memcpy(e->name, name->text, name->size);
	*out = e;
	return 0;
}

static void entry_free(struct tmpfs_entry *e)
{
	inode_put(e->inode);
	tmpfs_uncharge_meta(sizeof(*e) + e->size);
	free(e);
}

static void touch(struct inode *dir)
{
	dir->attr.mtime = dir->attr.ctime = vfs_now();
}

static bool is_dir(const struct inode *inode)
{
	return S_ISDIR(inode->attr.mode);
}

/* Room in the table for one more entry: link_entry() cannot fail then. */
static int make_room(struct inode *inode)
{
	struct tmpfs_dir *dir = dir_of(inode);

	if (dir->count >= dir->bucket_count &&
		dir->bucket_count < BUCKETS_LIMIT && !grow(dir))
		return -ENOMEM;
	return 0;
}

static void link_entry(struct inode *inode, struct tmpfs_entry *e)
{
	struct tmpfs_dir *dir = dir_of(inode);

	e->cookie = dir->next_cookie++;
	list_add_tail(&dir->entries, &e->order);
	list_add(&dir->buckets[e->hash & (dir->bucket_count - 1)], &e->chain);
	dir->count++;
	inode->attr.size += ENTRY_SIZE;
	if (is_dir(e->inode))
		inode->attr.nlink++;
	touch(inode);
}

static void unlink_entry(struct inode *inode, struct tmpfs_entry *e)
{
	if (dir_of(inode)->cursor == e)
		dir_of(inode)->cursor = NULL;
	list_del(&e->order);
	list_del(&e->chain);
	dir_of(inode)->count--;
	inode->attr.size -= ENTRY_SIZE;
	if (is_dir(e->inode))
		inode->attr.nlink--;
	touch(inode);
}

/* Moves all entries of a folder to a list and leaves it empty. */
static void take_entries(struct tmpfs_dir *dir, struct list *to)
{
	list_splice_tail(to, &dir->entries);
	free(dir->buckets);
	dir->buckets = NULL;
	dir->bucket_count = 0;
	dir->count = 0;
	dir->cursor = NULL;
}

void tmpfs_dir_drain(struct inode *dir)
{
	struct list pending = LIST_INIT(pending);
	struct tmpfs_entry *e;

	take_entries(dir_of(dir), &pending);
	while (!list_empty(&pending)) {
		e = list_first(&pending, struct tmpfs_entry, order);
		list_del(&e->order);
		if (is_dir(e->inode))
			take_entries(dir_of(e->inode), &pending);
		entry_free(e);
	}
}

/* ---- Operations -------------------------------------------------------- */

static int tmpfs_lookup(
	struct inode *dir, const struct name *name, struct inode **out)
{
	struct tmpfs_entry *e = find(dir, name);

	if (!e)
		return -ENOENT;
	*out = inode_get(e->inode);
	return 0;
}

static int add_name(
	struct inode *dir, const struct name *name, struct inode *inode)
{
	struct tmpfs_entry *e;
	int err;

	if (find(dir, name))
		return -EEXIST;
	/* A folder that was removed takes no new names. */
	if (dir->attr.nlink == 0)
		return -ENOENT;
	err = make_room(dir);
	if (!err)
		err = entry_new(dir, name, inode, &e);
	if (!err)
		link_entry(dir, e);
	return err;
}

static int tmpfs_create(struct inode *dir, const struct name *name,
	const struct new_inode *spec, struct inode **out)
{
	struct inode *inode;
	int err;

	err = tmpfs_inode_new(tmpfs_of(dir), spec, &inode);
	if (err)
		return err;
	err = add_name(dir, name, inode);
	if (err) {
		inode_put(inode);
		return err;
	}
	if (!is_dir(inode))
		inode->attr.nlink = 1;
	*out = inode;
	return 0;
}

static int tmpfs_link(
	struct inode *dir, const struct name *name, struct inode *target)
{
	int err;

	if (target->attr.nlink == UINT32_MAX)
		return -EMLINK;
	err = add_name(dir, name, target);
	if (err)
		return err;
	target->attr.nlink++;
	target->attr.ctime = vfs_now();
	return 0;
}

/* The inode lost one name; a folder loses its "." too. */
static void drop_link(struct inode *inode)
{
	inode->attr.nlink -= is_dir(inode) ? 2 : 1;
	inode->attr.ctime = vfs_now();
}

static int tmpfs_unlink(
	struct inode *dir, const struct name *name, struct inode *target)
{
	struct tmpfs_entry *e = find(dir, name);

	if (!e || e->inode != target)
		return -ENOENT;
	unlink_entry(dir, e);
	drop_link(target);
	entry_free(e);
	return 0;
}

static int tmpfs_rmdir(
	struct inode *dir, const struct name *name, struct inode *target)
{
	if (dir_of(target)->count)
		return -ENOTEMPTY;
	return tmpfs_unlink(dir, name, target);
}

static int tmpfs_tmpfile(
	struct inode *dir, const struct new_inode *spec, struct inode **out)
{
	return tmpfs_inode_new(tmpfs_of(dir), spec, out);
}

static int exchange(struct inode *old_dir, struct tmpfs_entry *a,
	struct inode *new_dir, struct tmpfs_entry *b)
{
	struct inode *source = a->inode;

	old_dir->attr.nlink += is_dir(b->inode);
	old_dir->attr.nlink -= is_dir(source);
	new_dir->attr.nlink += is_dir(source);
	new_dir->attr.nlink -= is_dir(b->inode);
	a->inode = b->inode;
	b->inode = source;
	touch(old_dir);
	touch(new_dir);
	a->inode->attr.ctime = b->inode->attr.ctime = vfs_now();
	return 0;
}

/* What a rename needs before it begins; it cannot fail afterwards. */
static int rename_prepare(struct inode *new_dir, const struct name *new_name,
	struct inode *source, unsigned int flags, struct tmpfs_entry **fresh,
	struct inode **whiteout)
{
	static const struct new_inode spec = {.mode = S_IFCHR};
	int err;

	*whiteout = NULL;
	err = make_room(new_dir);
	if (!err && (flags & RENAME_WHITEOUT))
		err = tmpfs_inode_new(tmpfs_of(new_dir), &spec, whiteout);
	if (!err)
		err = entry_new(new_dir, new_name, source, fresh);
	if (err)
		inode_put(*whiteout);
	return err;
}

/* The old name goes, or becomes a whiteout in the same entry. */
static void leave_name(
	struct inode *dir, struct tmpfs_entry *e, struct inode *whiteout)
{
	if (!whiteout) {
		unlink_entry(dir, e);
		entry_free(e);
		return;
	}
	if (is_dir(e->inode))
		dir->attr.nlink--;
	inode_put(e->inode);
	e->inode = whiteout;
	whiteout->attr.nlink = 1;
	touch(dir);
}

static int tmpfs_rename(struct inode *old_dir, const struct name *old_name,
	struct inode *source, struct inode *new_dir,
	const struct name *new_name, struct inode *target, unsigned int flags)
{
	struct tmpfs_entry *from = find(old_dir, old_name);
	struct tmpfs_entry *to = find(new_dir, new_name), *fresh;
	struct inode *whiteout;
	int err;

	if (!from || from->inode != source || (to ? to->inode : NULL) != target)
		return -ENOENT;
	if (flags & RENAME_EXCHANGE)
		return to ? exchange(old_dir, from, new_dir, to) : -ENOENT;
	if (to && (flags & RENAME_NOREPLACE))
		return -EEXIST;
	if (to && is_dir(target) && dir_of(target)->count)
		return -ENOTEMPTY;
	if (new_dir->attr.nlink == 0)
		return -ENOENT;
	err = rename_prepare(
		new_dir, new_name, source, flags, &fresh, &whiteout);
	if (err)
		return err;
	if (to) {
		unlink_entry(new_dir, to);
		drop_link(target);
		entry_free(to);
	}
	leave_name(old_dir, from, whiteout);
	link_entry(new_dir, fresh);
	source->attr.ctime = vfs_now();
	return 0;
}

const struct inode_ops tmpfs_dir_inode_ops = {
	.lookup = tmpfs_lookup,
	.create = tmpfs_create,
	.link = tmpfs_link,
	.unlink = tmpfs_unlink,
	.rmdir = tmpfs_rmdir,
	.rename = tmpfs_rename,
	.tmpfile = tmpfs_tmpfile,
	.setattr = tmpfs_setattr,
	.getxattr = tmpfs_getxattr,
	.setxattr = tmpfs_setxattr,
	.listxattr = tmpfs_listxattr,
	.removexattr = tmpfs_removexattr,
};

/* ---- Listing ----------------------------------------------------------- */

/* The first entry at or behind a cookie; the list's end if there is none. */
static struct tmpfs_entry *entry_from(struct tmpfs_dir *dir, off_t cookie)
{
	struct tmpfs_entry *e = list_first(
		&dir->entries, struct tmpfs_entry, order);

	if (dir->cursor && dir->cursor->cookie < cookie)
		e = dir->cursor;
	while (&e->order != &dir->entries && e->cookie < cookie)
		e = list_first(&e->order, struct tmpfs_entry, order);
	return e;
}

static int tmpfs_iterate(struct file *file, struct dir_context *ctx)
{
	struct tmpfs_dir *dir = dir_of(file->inode);
	struct tmpfs_entry *e;

	if (!dir_emit_dots(file, ctx))
		return 0;
	for (e = entry_from(dir, ctx->pos); &e->order != &dir->entries;
		e = list_first(&e->order, struct tmpfs_entry, order)) {
		if (!ctx->emit(ctx, e->name, e->size, e->inode->attr.ino,
			    IFTODT(e->inode->attr.mode), e->cookie + 1))
			return 0;
		ctx->pos = e->cookie + 1;
		dir->cursor = e;
	}
	if (file_wants_atime(file))
		file->inode->attr.atime = vfs_now();
	return 0;
}

static int tmpfs_fsync(struct file *file, bool data_only)
{
	return 0;
}

const struct file_ops tmpfs_dir_file_ops = {
	.iterate = tmpfs_iterate,
	.fsync = tmpfs_fsync,
};
