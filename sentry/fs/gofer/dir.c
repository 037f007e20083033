/*
 * Folders of the gofer filesystem: listing and looking up.
 *
 * What one READDIR said is a batch: the entries as they came, and an index by
 * name. A folder's batches are kept in the order of the listing, from its
 * start without a gap, so that with the last one the whole folder is known: a
 * name that is in none does not exist. All batches together are bounded; the
 * folder used longest ago loses its own. A change in a folder drops them; an
 * open folder keeps the one that it is reading.
 *
 * Positions. 0 and 1 are the dots', 2 is the host's start; any other is the
 * host's cookie and 3. The host's last, INT64_MAX on some, stays as it is.
 */
#include "sentry/fs/gofer/inode.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/checked.h"
#include "lib/hash.h"
#include "sentry/time/timer.h"

#define BATCH_BYTES_MAX (8u << 20) /* all batches together */

struct batch {
	struct ref ref;         /* the folder's, and of files reading it */
	struct list node;       /* in gi->batches */
	struct list lru;        /* with node */
	struct gofer_inode *gi; /* borrowed; NULL once dropped */
	uint64_t start;         /* cookie of the first entry */
	uint64_t next;          /* cookie behind the last */
	int64_t when;
	bool end;
	uint32_t count;
	size_t size;     /* of bytes */
	uint32_t mask;   /* of the index */
	uint16_t *index; /* (offset of entry / 8) + 1; 0: free; in bytes */
	_Alignas(8) char bytes[];
};

static struct list all_batches = LIST_INIT(all_batches);
static size_t batch_bytes;

/* ---- Batches ----------------------------------------------------------- */

static void batch_put(struct batch *batch)
{
	if (batch && ref_put(&batch->ref))
		free(batch);
}

static void drop(struct batch *batch)
{
	list_del(&batch->node);
	list_del(&batch->lru);
	batch_bytes -= batch->size;
	batch->gi = NULL;
	batch_put(batch);
}

void gofer_dir_forget(struct gofer_inode *dir)
{
	while (!list_empty(&dir->batches))
		drop(list_first(&dir->batches, struct batch, node));
}

static struct gofer_batch entries_of(const struct batch *batch)
{
	return (struct gofer_batch){
		.count = batch->count,
		.at = batch->bytes,
		.limit = batch->bytes + batch->size,
	};
}

static void add_to_index(
	struct batch *batch, const struct gofer_batch_entry *entry, size_t off)
{
	uint32_t slot = hash_bytes(entry->name, entry->name_size, 0);

	while (batch->index[slot & batch->mask])
		slot++;
	batch->index[slot & batch->mask] = (uint16_t)(off / 8 + 1);
}

static void build_index(struct batch *batch)
{
	struct gofer_batch rest = entries_of(batch);
	struct gofer_batch_entry entry;
	size_t off = 0;

	while (gofer_batch_next(&rest, &entry)) {
		add_to_index(batch, &entry, off);
		off = (size_t)(rest.at - batch->bytes);
	}
}

/* A copy of what has just come. */
static struct batch *new_batch(const struct gofer_batch *from, uint64_t start)
{
	size_t size = (size_t)(from->limit - from->at);
	uint32_t slots = 8;
	struct batch *batch;

	while (slots < 2 * from->count)
		slots *= 2;
	batch = calloc(1, sizeof(*batch) + size + slots * sizeof(uint16_t));
	if (!batch)
		return NULL;
	ref_init(&batch->ref);
	list_init(&batch->node);
	list_init(&batch->lru);
	batch->start = start;
	batch->next = from->cookie;
	batch->when = clock_now(CLOCK_MONOTONIC_COARSE);
	batch->end = from->end;
	batch->count = from->count;
	batch->size = size;
	batch->mask = slots - 1;
	memcpy(batch->bytes, from->at, size);
	/* Entries are multiples of 8 bytes long. */
	batch->index = (uint16_t *)(void *)(batch->bytes + size);
	build_index(batch);
	return batch;
}

/* Takes room from other folders; false: this one has all of it. */
static bool make_room(const struct gofer_inode *gi, size_t size)
{
	struct batch *oldest;

	while (batch_bytes + size > BATCH_BYTES_MAX) {
		oldest = list_last(&all_batches, struct batch, lru);
		if (oldest->gi == gi)
			return false;
		gofer_dir_forget(oldest->gi);
	}
	return true;
}

/*
 * Keeps it with the folder if it goes on where the others end. Of a folder
 * that is too long the beginning is kept.
 */
static void keep(struct gofer_inode *gi, struct batch *batch)
{
	struct batch *last = NULL;
	uint64_t expected = 0;

	if (!list_empty(&gi->batches)) {
		last = list_last(&gi->batches, struct batch, node);
		expected = last->next;
	}
	if (batch->start != expected || (last && last->end) ||
		!make_room(gi, batch->size))
		return;
	ref_get(&batch->ref);
	batch->gi = gi;
	list_add_tail(&gi->batches, &batch->node);
	list_add(&all_batches, &batch->lru);
	batch_bytes += batch->size;
}

/* Asks for what comes behind cookie. A reference in *out. */
static int fetch(struct gofer_inode *gi, uint64_t cookie, struct batch **out)
{
	struct gofer_where where;
	struct gofer_batch reply;
	struct batch *batch;
	int ret;

	ret = cookie ? gofer_inode_where(gi, &where)
		     : gofer_inode_folder(gi, &where);
	if (!ret)
		ret = gofer_readdir(
			gofer_client_of(gi), &where, cookie, &reply);
	if (ret == -ENOENT || ret == -ENOTDIR)
		ret = -ESTALE;
	if (ret < 0)
		return gofer_inode_error(gi, ret);
	/* Copied before anything else is said to the gofer. */
	batch = new_batch(&reply, cookie);
	if (!gofer_inode_is(gi, &reply.attr)) {
		gofer_forget(gofer_client_of(gi), reply.node, 1);
		batch_put(batch);
		return gofer_inode_error(gi, -ESTALE);
	}
	gofer_inode_take_node(gi, reply.node);
	gofer_inode_update(gi, &reply.attr);
	if (!batch)
		return -ENOMEM;
	if (!cookie)
		gofer_dir_forget(gi);
	keep(gi, batch);
	*out = batch;
	return 0;
}

static bool batches_are_fresh(const struct gofer_inode *gi)
{
	struct batch *first;

	if (list_empty(&gi->batches))
		return false;
	first = list_first(&gi->batches, struct batch, node);
	return !gofer_fs_of(gi)->shared || gofer_is_fresh(first->when);
}

/* ---- Looking up -------------------------------------------------------- */

static bool batch_find(const struct batch *batch, const struct name *name,
	struct gofer_batch_entry *out)
{
	uint32_t slot = hash_bytes(name->text, name->size, 0);
	struct gofer_batch at;
	uint16_t value;

	while ((value = batch->index[slot++ & batch->mask])) {
		at = entries_of(batch);
		at.at += (size_t)(value - 1) * 8;
		if (gofer_batch_next(&at, out) &&
			out->name_size == name->size &&
			!memcmp(out->name, name->text, name->size))
			return true;
	}
	return false;
}

/* 1: found, as of *when; -ENOENT: surely not there; 0: not known. */
static int find_listed(struct gofer_inode *gi, const struct name *name,
	struct gofer_batch_entry *out, int64_t *when)
{
	struct batch *batch = NULL;

	if (!batches_are_fresh(gi))
		return 0;
	list_for_each(batch, &gi->batches, node)
	{
		if (batch_find(batch, name, out)) {
			list_del(&batch->lru);
			list_add(&all_batches, &batch->lru);
			*when = batch->when;
			return out->attr.flags & GOFER_ATTR_PARTIAL ? 0 : 1;
		}
	}
	batch = list_last(&gi->batches, struct batch, node);
	return batch->end ? -ENOENT : 0;
}

static int walk_one(struct gofer_inode *gi, const struct name *name,
	struct gofer_walk_entry *out)
{
	struct gofer_where where;
	char text[GOFER_NAME_MAX + 1];
	int ret, stop;

	if (name->size > GOFER_NAME_MAX)
		return -ENAMETOOLONG;
	ret = gofer_inode_child(gi, name, &where);
	if (ret < 0)
		return ret;
	memcpy(text, name->text, name->size);
	text[name->size] = '\0';
	ret = gofer_walk(gofer_client_of(gi), where.node, text, name->size + 1,
		1, out, &stop);
	return ret < 0 ? gofer_inode_error(gi, ret) : 0;
}

static int gofer_dir_lookup(
	struct inode *dir, const struct name *name, struct inode **out)
{
	struct gofer_inode *gi = gofer_inode(dir);
	struct gofer_batch_entry listed;
	struct gofer_walk_entry entry;
	struct gofer_inode *found;
	int64_t when = INT64_MAX;
	int ret;

	if (gi->blank)
		return -ENOENT;
	ret = find_listed(gi, name, &listed, &when);
	if (ret > 0) {
		entry.attr = listed.attr;
		entry.node = 0;
	} else if (!ret) {
		ret = walk_one(gi, name, &entry);
	}
	if (ret < 0)
		return ret;
	ret = gofer_inode_find(
		gofer_fs_of(gi), gi, name, &entry.attr, entry.node, &found);
	if (ret < 0)
		return ret;
	/* What a listing said is as old as the listing. */
	if (when < found->attr_time)
		found->attr_time = when;
	*out = &found->inode;
	return 0;
}

/* Asks whether the name still stands for the inode. */
static bool ask_again(struct gofer_inode *dir, const struct name *name,
	struct gofer_inode *gi)
{
	struct gofer_where where;
	struct gofer_attr attr;

	if (gofer_inode_child(dir, name, &where) < 0 ||
		gofer_stat(gofer_client_of(dir), &where, &attr) < 0 ||
		!gofer_inode_is(gi, &attr))
		return false;
	gofer_inode_update(gi, &attr);
	return true;
}

bool gofer_revalidate(
	struct inode *dir, const struct name *name, struct inode *inode)
{
	struct gofer_inode *parent = gofer_inode(dir);
	struct gofer_fs *fs = gofer_fs_of(parent);
	struct gofer_batch_entry entry;
	struct gofer_inode *gi;
	int64_t when;

	if (!inode)
		return !fs->shared ||
		       find_listed(parent, name, &entry, &when) == -ENOENT;
	gi = gofer_inode(inode);
	/* Its other name was removed: the lookup gives it this one. */
	if (gi->gone || (!gi->parent && !gi->is_root))
		return false;
	return !fs->shared || gi->blank || gofer_is_fresh(gi->attr_time) ||
	       ask_again(parent, name, gi);
}

/* ---- Listing ----------------------------------------------------------- */

static off_t to_position(uint64_t cookie)
{
	return cookie > INT64_MAX - 3 ? INT64_MAX : (off_t)(cookie + 3);
}

static uint64_t to_cookie(off_t pos)
{
	if (pos <= 2)
		return 0;
	return pos == INT64_MAX ? INT64_MAX : (uint64_t)pos - 3;
}

/*
 * Does the listing go on at *cookie somewhere in it? *rest is from there. If
 * its last entry was the one before, *cookie becomes that of the next batch:
 * hidden entries may lie between.
 */
static bool batch_covers(
	const struct batch *batch, uint64_t *cookie, struct gofer_batch *rest)
{
	struct gofer_batch_entry entry;

	*rest = entries_of(batch);
	if (*cookie == batch->start)
		return true;
	while (gofer_batch_next(rest, &entry)) {
		if (entry.cookie != *cookie)
			continue;
		if (rest->count || batch->end)
			return true;
		*cookie = batch->next;
	}
	return false;
}

/* Among those that the folder has. A reference, or NULL. */
static struct batch *find_kept(
	struct gofer_inode *gi, uint64_t *cookie, struct gofer_batch *rest)
{
	struct batch *batch;

	list_for_each(batch, &gi->batches, node)
	{
		if (batch_covers(batch, cookie, rest)) {
			ref_get(&batch->ref);
			return batch;
		}
	}
	return NULL;
}

/* The beginning of a folder is listed again if it was long ago. */
static bool may_begin(const struct gofer_inode *gi)
{
	struct batch *first;

	if (gofer_fs_of(gi)->shared || list_empty(&gi->batches))
		return false;
	first = list_first(&gi->batches, struct batch, node);
	return gofer_is_fresh(first->when);
}

/*
 * The batch where the listing goes on, which becomes the file's own. Of a
 * shared folder the first is always asked for.
 */
static int find_batch(
	struct file *file, uint64_t cookie, struct gofer_batch *rest)
{
	struct gofer_inode *gi = gofer_inode(file->inode);
	struct batch *own = file->priv;
	struct batch *batch = NULL;
	int ret;

	if (own && cookie && batch_covers(own, &cookie, rest))
		return 0;
	if (cookie || may_begin(gi))
		batch = find_kept(gi, &cookie, rest);
	if (!batch) {
		ret = fetch(gi, cookie, &batch);
		if (ret < 0)
			return ret;
		*rest = entries_of(batch);
	}
	batch_put(own);
	file->priv = batch;
	return 0;
}

/* False: the receiver is full. */
static bool emit_rest(
	struct gofer_fs *fs, struct gofer_batch *rest, struct dir_context *ctx)
{
	struct gofer_batch_entry entry;
	off_t pos;

	while (gofer_batch_next(rest, &entry)) {
		pos = to_position(entry.cookie);
		if (!ctx->emit(ctx, entry.name, entry.name_size,
			    gofer_inode_number(fs, &entry.attr),
			    IFTODT(entry.attr.mode), pos))
			return false;
		ctx->pos = pos;
	}
	return true;
}

static int gofer_dir_iterate(struct file *file, struct dir_context *ctx)
{
	struct gofer_inode *gi = gofer_inode(file->inode);
	struct gofer_batch rest;
	struct batch *batch;
	uint64_t cookie;
	int ret;

	if (!dir_emit_dots(file, ctx) || gi->blank)
		return 0;
	cookie = to_cookie(ctx->pos);
	do {
		ret = find_batch(file, cookie, &rest);
		if (ret == -ESTALE)
			return 0; /* Linux: a removed folder is empty. */
		if (ret < 0)
			return ret;
		if (!emit_rest(gofer_fs_of(gi), &rest, ctx))
			return 0;
		batch = file->priv;
		cookie = batch->next;
	} while (!batch->end);
	return 0;
}

static void gofer_dir_release(struct file *file)
{
	batch_put(file->priv);
	file->priv = NULL;
}

static int gofer_dir_fsync(struct file *file, bool data_only)
{
	struct gofer_inode *gi = gofer_inode(file->inode);
	struct gofer_where where;

	if (gi->inode.fs->read_only || gofer_inode_where(gi, &where) < 0)
		return 0;
	return gofer_fsync(
		gofer_client_of(gi), &where, data_only ? GOFER_FSYNC_DATA : 0);
}

const struct inode_ops gofer_dir_inode_ops = {
	.lookup = gofer_dir_lookup,
	.create = gofer_dir_create,
	.link = gofer_dir_link,
	.unlink = gofer_dir_unlink,
	.rmdir = gofer_dir_rmdir,
	.rename = gofer_dir_rename,
	.getattr = gofer_inode_getattr,
	.setattr = gofer_inode_setattr,
	.getxattr = gofer_inode_getxattr,
	.setxattr = gofer_inode_setxattr,
	.listxattr = gofer_inode_listxattr,
	.removexattr = gofer_inode_removexattr,
};

const struct file_ops gofer_dir_file_ops = {
	.iterate = gofer_dir_iterate,
	.fsync = gofer_dir_fsync,
	.release = gofer_dir_release,
};
