/*
 * Listing folders of an overlay.
 *
 * Of a folder with one side only, that side is listed directly; only inode
 * numbers are translated. A merged one is read as a whole when a listing
 * starts: the names above, without whiteouts, then those below that are not
 * above. Cookies are then indices into that list.
 */
#include "sentry/fs/overlay/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/hash.h"

#define FIRST_COOKIE 2

struct item {
	char *name; /* owned */
	uint16_t size;
	unsigned char type;
	bool hidden; /* a whiteout: only keeps the name below away */
	uint64_t ino;
	uint32_t hash;
	uint32_t next; /* index + 1 in the same bucket */
};

/* A set of names, in order. */
struct items {
	struct item *v; /* owned */
	size_t count, space;
	uint32_t *buckets; /* owned; bucket_count of them, index + 1 */
	size_t bucket_count;
};

/* ---- Sets of names ----------------------------------------------------- */

static void items_free(struct items *items)
{
	size_t i;

	for (i = 0; i < items->count; i++)
		free(items->v[i].name);
	free(items->v);
	free(items->buckets);
	memset(items, 0, sizeof(*items));
}

static bool items_grow(struct items *items)
{
	size_t space = items->space ? items->space * 2 : 64, i;
	struct item *v = realloc(items->v, space * sizeof(*v));
	uint32_t *buckets, *head;

	if (!v)
		return false;
	items->v = v;
	buckets = calloc(space, sizeof(*buckets));
	if (!buckets)
		return false;
	for (i = 0; i < items->count; i++) {
		head = &buckets[v[i].hash & (space - 1)];
		v[i].next = *head;
		*head = (uint32_t)i + 1;
	}
	free(items->buckets);
	items->buckets = buckets;
	items->bucket_count = space;
	items->space = space;
	return true;
}

static bool items_have(
	const struct items *items, const char *name, size_t size, uint32_t hash)
{
	const struct item *item;
	uint32_t i;

	if (!items->bucket_count)
		return false;
	i = items->buckets[hash & (items->bucket_count - 1)];
	for (; i; i = item->next) {
		item = &items->v[i - 1];
		if (item->hash == hash && item->size == size &&
			memcmp(item->name, name, size) == 0)
			return true;
	}
	return false;
}

static bool items_add(struct items *items, const struct item *item)
{
	uint32_t *head;
	struct item *slot;

	if (items->count == items->space &&
		(items->count >= UINT32_MAX / 2 || !items_grow(items)))
		return false;
	head = &items->buckets[item->hash & (items->bucket_count - 1)];
	slot = &items->v[items->count++];
	*slot = *item;
	slot->next = *head;
	*head = (uint32_t)items->count;
	return true;
}

/* ---- Reading one side -------------------------------------------------- */

struct collector {
	struct dir_context ctx;
	struct items *items;
	struct inode *dir; /* the side's */
	bool is_upper;
	int err;
};

static bool is_dots(const char *name, size_t size)
{
	return size <= 2 && memcmp(name, "..", size) == 0;
}

/* The upper side knows more of a name than its listing says. */
static void look_closer(struct inode *dir, struct item *item)
{
	struct name name = {item->name, item->size};
	struct inode *upper;

	if (dir->ops->lookup(dir, &name, &upper) < 0)
		return;
	item->hidden = ovl_is_whiteout(upper);
	item->ino = ovl_upper_ino(upper);
	inode_put(upper);
}

static bool collect(struct dir_context *ctx, const char *name, size_t size,
	uint64_t ino, unsigned char type, off_t next_cookie)
{
	struct collector *c = (struct collector *)ctx;
	struct item item = {.size = (uint16_t)size, .type = type, .ino = ino};

	if (is_dots(name, size) || size > VFS_NAME_MAX)
		return true;
	item.hash = hash_bytes(name, size, 0);
	if (items_have(c->items, name, size, item.hash))
		return true;
	item.name = strndup(name, size);
	if (!item.name) {
		c->err = -ENOMEM;
		return false;
	}
	if (c->is_upper)
		look_closer(c->dir, &item);
	if (!items_add(c->items, &item)) {
		free(item.name);
		c->err = -ENOMEM;
		return false;
	}
	return true;
}

static int collect_side(struct inode *dir, bool is_upper, struct items *items)
{
	struct collector c = {
		.ctx.emit = collect,
		.items = items,
		.dir = dir,
		.is_upper = is_upper,
	};
	struct file *file;
	off_t before;
	int err;

	err = file_open_inode(dir, O_RDONLY | O_DIRECTORY | O_NOATIME, &file);
	if (err)
		return err;
	/* An iterate() may stop early; it is done when it stays in place. */
	do {
		before = c.ctx.pos;
		err = file->ops->iterate(file, &c.ctx);
	} while (!err && !c.err && c.ctx.pos != before);
	file_put(file);
	return err ? err : c.err;
}

static int collect_all(struct ovl_inode *o, struct items *items)
{
	int err = 0;

	if (o->upper)
		err = collect_side(o->upper, true, items);
	if (!err && o->lower)
		err = collect_side(o->lower, false, items);
	if (err)
		items_free(items);
	return err;
}

int ovl_dir_check_empty(struct ovl_inode *o)
{
	struct items items = {0};
	size_t i;
	int err;

	err = collect_all(o, &items);
	for (i = 0; !err && i < items.count; i++)
		if (!items.v[i].hidden)
			err = -ENOTEMPTY;
	items_free(&items);
	return err;
}

int ovl_dir_clear_whiteouts(struct inode *upper)
{
	struct items items = {0};
	struct inode *whiteout;
	struct name name;
	size_t i;
	int err;

	err = collect_side(upper, true, &items);
	for (i = 0; !err && i < items.count; i++) {
		if (!items.v[i].hidden)
			continue;
		name = (struct name){items.v[i].name, items.v[i].size};
		err = upper->ops->lookup(upper, &name, &whiteout);
		if (err)
			break;
		err = upper->ops->unlink(upper, &name, whiteout);
		inode_put(whiteout);
	}
	items_free(&items);
	return err;
}

/* ---- Open folders ------------------------------------------------------ */

/*
 * What a listing goes through is settled when it begins: cookies of a side
 * and of the merged list are not the same, and the first removal of a name
 * turns a folder from one into the other.
 */
struct listing {
	enum { NOT_BEGUN, ONE_SIDE, MERGED } kind;
	struct file *side;  /* counted; ONE_SIDE */
	struct items items; /* MERGED */
};

/* Receives from one side and hands on with the right numbers. */
struct translator {
	struct dir_context ctx;
	struct dir_context *to;
	struct inode *upper; /* NULL: the numbers are right */
};

static bool translate(struct dir_context *ctx, const char *name, size_t size,
	uint64_t ino, unsigned char type, off_t next_cookie)
{
	struct translator *t = (struct translator *)ctx;
	struct item item = {.size = (uint16_t)size, .ino = ino};
	char text[VFS_NAME_MAX + 1];

	/* The dots were told by the caller, for its own folder. */
	if (is_dots(name, size) || size > VFS_NAME_MAX)
		return true;
	if (t->upper) {
		memcpy(text, name, size);
		text[size] = 0;
		item.name = text;
		look_closer(t->upper, &item);
		if (item.hidden)
			return true;
	}
	if (!t->to->emit(t->to, name, size, item.ino, type, next_cookie))
		return false;
	t->to->pos = next_cookie;
	return true;
}

static int iterate_side(
	struct listing *l, struct inode *upper, struct dir_context *ctx)
{
	struct translator t = {
		.ctx.emit = translate,
		.ctx.pos = ctx->pos,
		.to = ctx,
		.upper = l->side->inode == upper ? upper : NULL,
	};

	return l->side->ops->iterate(l->side, &t.ctx);
}

static int iterate_merged(struct listing *l, struct dir_context *ctx)
{
	const struct item *item;
	size_t i = (size_t)(ctx->pos - FIRST_COOKIE);

	for (; i < l->items.count; i++) {
		item = &l->items.v[i];
		if (!item->hidden &&
			!ctx->emit(ctx, item->name, item->size, item->ino,
				item->type, (off_t)(i + 1 + FIRST_COOKIE)))
			return 0;
		ctx->pos = (off_t)(i + 1 + FIRST_COOKIE);
	}
	return 0;
}

static void listing_end(struct listing *l)
{
	file_put(l->side);
	l->side = NULL;
	items_free(&l->items);
	l->kind = NOT_BEGUN;
}

static int listing_begin(struct listing *l, struct ovl_inode *o)
{
	int err;

	listing_end(l);
	if (ovl_is_merged(o)) {
		err = collect_all(o, &l->items);
		if (!err)
			l->kind = MERGED;
	} else {
		err = file_open_inode(
			ovl_real(o), O_RDONLY | O_DIRECTORY, &l->side);
		if (!err)
			l->kind = ONE_SIDE;
	}
	return err;
}

static int ovl_iterate(struct file *file, struct dir_context *ctx)
{
	struct ovl_inode *o = ovl_inode(file->inode);
	struct listing *l = file->priv;
	int err = 0;

	if (o->orphan)
		return 0;
	if (ctx->pos == 0 || l->kind == NOT_BEGUN)
		err = listing_begin(l, o);
	if (err || !dir_emit_dots(file, ctx))
		return err;
	if (l->kind == ONE_SIDE)
		return iterate_side(l, o->upper, ctx);
	return iterate_merged(l, ctx);
}

int ovl_dir_open(struct inode *inode, struct file *file)
{
	struct listing *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	file->priv = l;
	file->ops = &ovl_dir_file_ops;
	return 0;
}

static void ovl_dir_release(struct file *file)
{
	struct listing *l = file->priv;

	listing_end(l);
	free(l);
}

static int ovl_dir_fsync(struct file *file, bool data_only)
{
	return 0;
}

const struct file_ops ovl_dir_file_ops = {
	.iterate = ovl_iterate,
	.fsync = ovl_dir_fsync,
	.release = ovl_dir_release,
};
