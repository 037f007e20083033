/*
 * Inodes of the gofer filesystem: identity, names, life.
 */
#include "sentry/fs/gofer/inode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/checked.h"
#include "lib/hash.h"
#include "sentry/time/timer.h"

/* Above this bit stands which of the host's devices it is. */
#define DEVICE_SHIFT 48

struct gofer_inode *gofer_inode(struct inode *inode)
{
	return container_of(inode, struct gofer_inode, inode);
}

struct gofer_fs *gofer_fs_of(const struct gofer_inode *gi)
{
	return container_of(gi->inode.fs, struct gofer_fs, fs);
}

struct gofer_client *gofer_client_of(const struct gofer_inode *gi)
{
	return gofer_fs_of(gi)->client;
}

/* ---- Attributes -------------------------------------------------------- */

/*
 * The guest sees one device for the whole root, so that numbers of several
 * host devices must not meet. The first device's are shown as they are.
 */
uint64_t gofer_inode_number(struct gofer_fs *fs, const struct gofer_attr *attr)
{
	size_t i;

	for (i = 0; i < fs->device_count; i++) {
		if (fs->devices[i] == attr->dev)
			break;
	}
	if (i == fs->device_count && i < DEVICES_MAX)
		fs->devices[fs->device_count++] = attr->dev;
	return attr->ino ^ ((uint64_t)i << DEVICE_SHIFT);
}

static struct timespec time_of(const struct gofer_time *time)
{
	return (struct timespec){time->sec, time->nsec};
}

void gofer_inode_update(struct gofer_inode *gi, const struct gofer_attr *attr)
{
	struct attr *out = &gi->inode.attr;

	/* The type is the inode's for ever; see gofer_inode_is(). */
	out->ino = gofer_inode_number(gofer_fs_of(gi), attr);
	out->mode = attr->mode;
	out->uid = attr->uid;
	out->gid = attr->gid;
	out->nlink = attr->nlink;
	out->rdev = attr->rdev;
	out->size = attr->size;
	out->blocks = attr->blocks;
	out->blksize = attr->blksize;
	out->atime = time_of(&attr->atime);
	out->mtime = time_of(&attr->mtime);
	out->ctime = time_of(&attr->ctime);
	out->btime = time_of(&attr->btime);
	gi->attr_old = false;
	gi->attr_time = clock_now(CLOCK_MONOTONIC_COARSE);
}

/* ---- Identity ---------------------------------------------------------- */

#define BUCKETS_FIRST 256
#define BUCKETS_LIMIT 65536

static struct list *bucket(struct gofer_fs *fs, uint64_t dev, uint64_t ino)
{
	size_t slot = hash_u64(ino ^ dev << 40) & (fs->bucket_count - 1);

	return &fs->buckets[slot];
}

static int resize(struct gofer_fs *fs, size_t count)
{
	struct list *old = fs->buckets;
	size_t old_count = fs->bucket_count;
	struct gofer_inode *gi, *next;

	fs->buckets = alloc_array(count, sizeof(*fs->buckets));
	if (!fs->buckets) {
		fs->buckets = old;
		return -ENOMEM;
	}
	fs->bucket_count = count;
	for (size_t i = 0; i < count; i++)
		list_init(&fs->buckets[i]);
	for (size_t i = 0; i < old_count; i++) {
		list_for_each_safe(gi, next, &old[i], hash_node)
		{
			list_del(&gi->hash_node);
			list_add(bucket(fs, gi->dev, gi->ino), &gi->hash_node);
		}
	}
	free(old);
	return 0;
}

int gofer_inode_table(struct gofer_fs *fs)
{
	return resize(fs, BUCKETS_FIRST);
}

static void hash_inode(struct gofer_fs *fs, struct gofer_inode *gi)
{
	/* A table that cannot grow is slower, no more. */
	if (++fs->inode_count > fs->bucket_count &&
		fs->bucket_count < BUCKETS_LIMIT)
		resize(fs, 2 * fs->bucket_count);
	list_add(bucket(fs, gi->dev, gi->ino), &gi->hash_node);
}

void gofer_inode_unhash(struct gofer_inode *gi)
{
	if (list_empty(&gi->hash_node))
		return;
	list_del(&gi->hash_node);
	gofer_fs_of(gi)->inode_count--;
}

/* The same number may be another file's after the first was deleted. */
bool gofer_inode_is(const struct gofer_inode *gi, const struct gofer_attr *attr)
{
	return gi->dev == attr->dev && gi->ino == attr->ino &&
	       (gi->inode.attr.mode & S_IFMT) == (attr->mode & S_IFMT) &&
	       gi->inode.attr.btime.tv_sec == attr->btime.sec &&
	       gi->inode.attr.btime.tv_nsec == (long)attr->btime.nsec;
}

static struct gofer_inode *find(
	struct gofer_fs *fs, const struct gofer_attr *attr)
{
	struct list *head = bucket(fs, attr->dev, attr->ino);
	struct gofer_inode *gi, *next;

	list_for_each_safe(gi, next, head, hash_node)
	{
		if (gi->dev != attr->dev || gi->ino != attr->ino)
			continue;
		if (gofer_inode_is(gi, attr))
			return gi;
		gofer_inode_unhash(gi);
		gi->gone = true;
	}
	return NULL;
}

static const struct inode_ops *ops_of(mode_t mode)
{
	if (S_ISDIR(mode))
		return &gofer_dir_inode_ops;
	if (S_ISREG(mode))
		return &gofer_file_inode_ops;
	if (S_ISLNK(mode))
		return &gofer_symlink_inode_ops;
	return &gofer_special_inode_ops;
}

static const struct file_ops *fops_of(mode_t mode)
{
	if (S_ISDIR(mode))
		return &gofer_dir_file_ops;
	return S_ISREG(mode) ? &gofer_file_ops : NULL;
}

static struct gofer_inode *new_inode(
	struct gofer_fs *fs, const struct gofer_attr *attr)
{
	struct gofer_inode *gi = alloc_zero(gi);

	if (!gi)
		return NULL;
	inode_init(
		&gi->inode, &fs->fs, ops_of(attr->mode), fops_of(attr->mode));
	gi->dev = attr->dev;
	gi->ino = attr->ino;
	gi->blank = attr->flags & GOFER_ATTR_BLANK;
	gi->read_fd = -1;
	gi->write_fd = -1;
	list_init(&gi->fd_lru);
	list_init(&gi->batches);
	list_init(&gi->hash_node);
	hash_inode(fs, gi);
	return gi;
}

/* One more count of a node; a second number of a folder is not kept. */
void gofer_inode_take_node(struct gofer_inode *gi, uint32_t node)
{
	if (!node)
		return;
	if (!gi->node)
		gi->node = node;
	if (gi->node == node)
		gi->counts++;
	else
		gofer_forget(gofer_client_of(gi), node, 1);
}

int gofer_inode_find(struct gofer_fs *fs, struct gofer_inode *dir,
	const struct name *name, const struct gofer_attr *attr, uint32_t node,
	struct gofer_inode **out)
{
	struct gofer_inode *gi = find(fs, attr);
	int ret = 0;

	if (gi)
		inode_get(&gi->inode);
	else
		gi = new_inode(fs, attr);
	if (!gi) {
		gofer_forget(fs->client, node, node != 0);
		return -ENOMEM;
	}
	gofer_inode_take_node(gi, node);
	gofer_inode_update(gi, attr);
	gi->gone = false;
	if (!dir)
		gi->is_root = true;
	else if (!gofer_inode_is_named(gi, dir, name))
		ret = gofer_inode_rename(gi, dir, name);
	if (ret < 0) {
		inode_put(&gi->inode);
		return ret;
	}
	*out = gi;
	return 0;
}

void gofer_inode_free(struct inode *inode)
{
	struct gofer_inode *gi = gofer_inode(inode);

	gofer_inode_unhash(gi);
	gofer_dir_forget(gi);
	gofer_fd_close(gi);
	gofer_forget(gofer_client_of(gi), gi->node, gi->counts);
	gofer_inode_unname(gi);
	free(gi->link);
	free(gi);
}

void gofer_inode_changed(struct gofer_inode *gi)
{
	gi->attr_old = true;
	if (gi->parent)
		gofer_dir_forget(gi->parent);
}

/* ---- Names ------------------------------------------------------------- */

bool gofer_inode_is_named(const struct gofer_inode *gi,
	const struct gofer_inode *dir, const struct name *name)
{
	return gi->parent == dir && gi->name_size == name->size &&
	       !memcmp(gi->name, name->text, name->size);
}

void gofer_inode_unname(struct gofer_inode *gi)
{
	struct gofer_inode *parent = gi->parent;

	free(gi->name);
	gi->name = NULL;
	gi->name_size = 0;
	gi->parent = NULL;
	if (parent)
		inode_put(&parent->inode);
}

/* Would a folder hold itself? Only if the host has moved things, too. */
static bool is_above(
	const struct gofer_inode *gi, const struct gofer_inode *below)
{
	for (; below; below = below->parent) {
		if (below == gi)
			return true;
	}
	return false;
}

int gofer_inode_rename(struct gofer_inode *gi, struct gofer_inode *dir,
	const struct name *name)
{
	char *text;

	if (gi->is_root)
		return 0;
	if (is_above(gi, dir)) {
		gofer_inode_unname(gi);
		return -ELOOP;
	}
	text = strndup(name->text, name->size);
	inode_get(&dir->inode);
	gofer_inode_unname(gi);
	if (!text) {
		inode_put(&dir->inode);
		return -ENOMEM;
	}
	gi->parent = dir;
	gi->name = text;
	gi->name_size = name->size;
	return 0;
}

int gofer_inode_where(struct gofer_inode *gi, struct gofer_where *out)
{
	if (gi->is_root || gi->node) {
		*out = (struct gofer_where){.node = gi->node};
		return 0;
	}
	if (!gi->parent || !gi->parent->node)
		return -ESTALE;
	*out = (struct gofer_where){gi->parent->node, gi->name, gi->name_size};
	return 0;
}

/* The file that has the name now takes the place of the old one. */
static void adopt(struct gofer_inode *gi, const struct gofer_attr *attr)
{
	struct gofer_fs *fs = gofer_fs_of(gi);

	gofer_inode_unhash(gi);
	gofer_fd_close(gi);
	gofer_dir_forget(gi);
	gofer_forget(fs->client, gi->node, gi->counts);
	gi->node = 0;
	gi->counts = 0;
	free(gi->link);
	gi->link = NULL;
	gi->dev = attr->dev;
	gi->ino = attr->ino;
	gi->blank = attr->flags & GOFER_ATTR_BLANK;
	/* With two inodes of one number the older one is found. */
	hash_inode(fs, gi);
}

static bool may_adopt(
	const struct gofer_inode *gi, const struct gofer_attr *attr)
{
	return !gofer_fs_of(gi)->shared && !gi->opens && !gi->is_root &&
	       (gi->inode.attr.mode & S_IFMT) == (attr->mode & S_IFMT);
}

int gofer_inode_refresh(struct gofer_inode *gi)
{
	struct gofer_where where = {.node = gi->node};
	struct gofer_attr attr;
	int ret;

	if (!gi->is_root) {
		if (!gi->parent || !gi->parent->node)
			return gofer_inode_error(gi, -ESTALE);
		where = (struct gofer_where){
			gi->parent->node, gi->name, gi->name_size};
	}
	ret = gofer_stat(gofer_client_of(gi), &where, &attr);
	if (ret == -ENOENT)
		ret = -ESTALE;
	if (ret < 0)
		return gofer_inode_error(gi, ret);
	if (!gofer_inode_is(gi, &attr)) {
		if (!may_adopt(gi, &attr))
			return gofer_inode_error(gi, -ESTALE);
		adopt(gi, &attr);
	}
	gofer_inode_update(gi, &attr);
	gi->gone = false;
	return 0;
}

/* Asks for a folder's node; its parent has one, or it would not be known. */
static int make_node(struct gofer_inode *gi)
{
	struct gofer_walk_entry entry;
	char name[GOFER_NAME_MAX + 1];
	int ret, stop;

	if (!gi->parent || !gi->parent->node)
		return -ESTALE;
	memcpy(name, gi->name, gi->name_size + 1);
	ret = gofer_walk(gofer_client_of(gi), gi->parent->node, name,
		gi->name_size + 1, 1, &entry, &stop);
	if (ret < 0)
		return ret == -ENOENT ? -ESTALE : ret;
	if (!gofer_inode_is(gi, &entry.attr)) {
		gofer_forget(gofer_client_of(gi), entry.node, entry.node != 0);
		return -ESTALE;
	}
	gofer_inode_take_node(gi, entry.node);
	gofer_inode_update(gi, &entry.attr);
	return 0;
}

/*
 * The gofer's node stays with its folder when that is moved; the one that has
 * its name now is meant. Where names are asked for again, they tell.
 */
static void check_place(struct gofer_inode *dir)
{
	if (!gofer_fs_of(dir)->shared && dir->node && !dir->is_root &&
		!gofer_is_fresh(dir->attr_time))
		gofer_inode_refresh(dir);
}

int gofer_inode_folder(struct gofer_inode *dir, struct gofer_where *out)
{
	check_place(dir);
	return gofer_inode_where(dir, out);
}

int gofer_inode_child(struct gofer_inode *dir, const struct name *name,
	struct gofer_where *out)
{
	int ret;

	check_place(dir);
	if (!dir->node) {
		ret = make_node(dir);
		if (ret == -ESTALE && !gofer_inode_refresh(dir))
			ret = make_node(dir);
		if (ret < 0)
			return gofer_inode_error(dir, ret);
	}
	*out = (struct gofer_where){dir->node, name->text, name->size};
	return 0;
}

int gofer_inode_error(struct gofer_inode *gi, int error)
{
	if (error == -ESTALE) {
		gi->gone = true;
		gi->attr_old = true;
	}
	return error;
}
