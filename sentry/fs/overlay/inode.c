/*
 * overlay inodes: finding the one for a file, attributes, xattrs, symlinks.
 */
#include "sentry/fs/overlay/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/hash.h"

#define BUCKETS_FIRST 256u
#define BUCKETS_LIMIT 65536u

/* All instances share one table; keys hold pointers, so they differ. */
static struct list *buckets;
static size_t bucket_count;
static size_t inode_count;

/* ---- The table --------------------------------------------------------- */

static bool buckets_resize(size_t count)
{
	struct list *fresh = malloc(count * sizeof(*fresh));
	struct ovl_inode *o, *tmp;
	size_t i;

	if (!fresh)
		return false;
	for (i = 0; i < count; i++)
		list_init(&fresh[i]);
	for (i = 0; i < bucket_count; i++) {
		list_for_each_safe(o, tmp, &buckets[i], hash_node)
		{
			list_del(&o->hash_node);
			list_add(&fresh[o->hash & (count - 1)], &o->hash_node);
		}
	}
	free(buckets);
	buckets = fresh;
	bucket_count = count;
	return true;
}

static bool make_room(void)
{
	if (!buckets)
		return buckets_resize(BUCKETS_FIRST);
	if (inode_count > 2 * bucket_count && bucket_count < BUCKETS_LIMIT)
		buckets_resize(2 * bucket_count);
	return true;
}

static struct list *bucket(uint32_t hash)
{
	return &buckets[hash & (bucket_count - 1)];
}

static uint32_t hash_upper(const struct inode *upper)
{
	return hash_u64((uintptr_t)upper);
}

static uint32_t hash_place(
	const struct ovl_inode *parent, const struct name *name)
{
	return hash_bytes(name->text, name->size, (uintptr_t)parent);
}

static struct ovl_inode *find_upper(const struct inode *upper)
{
	uint32_t hash = hash_upper(upper);
	struct ovl_inode *o;

	if (!buckets)
		return NULL;
	list_for_each(o, bucket(hash), hash_node)
	{
		if (o->upper == upper)
			return o;
	}
	return NULL;
}

struct ovl_inode *ovl_inode_at(
	struct ovl_inode *parent, const struct name *name)
{
	uint32_t hash = hash_place(parent, name);
	struct ovl_inode *o;

	if (!buckets)
		return NULL;
	list_for_each(o, bucket(hash), hash_node)
	{
		if (o->hash == hash && !o->upper && o->parent == parent &&
			strcmp(o->name, name->text) == 0) {
			inode_get(&o->inode);
			return o;
		}
	}
	return NULL;
}

/* ---- Life -------------------------------------------------------------- */

static ssize_t ovl_readlink(struct inode *inode, char *buf, size_t size)
{
	struct inode *real = ovl_real(ovl_inode(inode));

	return real->ops->readlink ? real->ops->readlink(real, buf, size)
				   : -EINVAL;
}

#define COMMON_OPS                                                             \
	.getattr = ovl_getattr, .setattr = ovl_setattr,                        \
	.getxattr = ovl_getxattr, .setxattr = ovl_setxattr,                    \
	.listxattr = ovl_listxattr, .removexattr = ovl_removexattr

static const struct inode_ops file_inode_ops = {
	COMMON_OPS,
	.open = ovl_file_open,
};

static const struct inode_ops symlink_inode_ops = {
	COMMON_OPS,
	.readlink = ovl_readlink,
};

/* Devices, FIFOs and sockets open as on any filesystem. */
static const struct inode_ops special_inode_ops = {
	COMMON_OPS,
};

uint64_t ovl_upper_ino(struct inode *upper)
{
	uint64_t ino;

	if (upper->ops->getxattr && upper->ops->getxattr(upper, OVL_ORIGIN,
					    &ino, sizeof(ino)) == sizeof(ino))
		return ino;
	return upper->attr.ino + OVL_UPPER_INO;
}

void ovl_sync_attr(struct ovl_inode *o)
{
	o->inode.attr = ovl_real(o)->attr;
	o->inode.attr.ino = o->ino;
	/* "Not known", as find(1) takes it: who would count the union? */
	if (ovl_is_merged(o))
		o->inode.attr.nlink = 1;
	else if (o->upper)
		o->inode.attr.nlink += o->hidden_links;
}

static void set_ops(struct inode *inode)
{
	switch (inode->attr.mode & S_IFMT) {
	case S_IFDIR:
		inode->ops = &ovl_dir_inode_ops;
		inode->fops = &ovl_dir_file_ops;
		break;
	case S_IFREG:
		inode->ops = &file_inode_ops;
		inode->fops = &ovl_file_ops;
		break;
	case S_IFLNK:
		inode->ops = &symlink_inode_ops;
		break;
	default:
		inode->ops = &special_inode_ops;
		break;
	}
}

/* In no table yet. Takes over upper and lower, also on failure. */
static struct ovl_inode *ovl_inode_new(
	struct ovl_fs *fs, struct inode *upper, struct inode *lower)
{
	struct ovl_inode *o = make_room() ? calloc(1, sizeof(*o)) : NULL;

	if (!o) {
		inode_put(upper);
		inode_put(lower);
		return NULL;
	}
	inode_init(&o->inode, &fs->fs, NULL, NULL);
	list_init(&o->hash_node);
	list_init(&o->pin_node);
	list_init(&o->link_node);
	o->upper = upper;
	o->lower = lower;
	o->ino = lower ? lower->attr.ino : ovl_upper_ino(upper);
	inode_count++;
	o->inode.attr.mode = ovl_real(o)->attr.mode;
	ovl_sync_attr(o);
	set_ops(&o->inode);
	return o;
}

int ovl_inode_for_upper(struct ovl_fs *fs, struct inode *upper,
	struct inode *lower, struct ovl_inode **out)
{
	struct ovl_inode *o = find_upper(upper);

	if (o) {
		inode_put(upper);
		inode_put(lower);
		inode_get(&o->inode);
		*out = o;
		return 0;
	}
	o = ovl_inode_new(fs, upper, lower);
	if (!o)
		return -ENOMEM;
	o->hash = hash_upper(upper);
	list_add(bucket(o->hash), &o->hash_node);
	*out = o;
	return 0;
}

/* ---- Files with several names below ------------------------------------ */

static bool has_more_names(const struct inode *lower)
{
	return !S_ISDIR(lower->attr.mode) && lower->attr.nlink > 1;
}

static struct list *link_bucket(struct ovl_fs *fs, const struct inode *lower)
{
	return &fs->links[hash_u64((uintptr_t)lower) % OVL_LINK_BUCKETS];
}

struct ovl_inode *ovl_inode_linked(struct ovl_fs *fs, struct inode *lower)
{
	struct ovl_inode *o;

	if (!has_more_names(lower))
		return NULL;
	list_for_each(o, link_bucket(fs, lower), link_node)
	{
		if (o->lower == lower) {
			inode_get(&o->inode);
			return o;
		}
	}
	return NULL;
}

/* The caller holds it, too. */
static void unlink_names(struct ovl_inode *o)
{
	if (!ovl_is_linked(o))
		return;
	list_del(&o->link_node);
	o->hidden_links = 0;
	inode_put(o->lower);
	o->lower = NULL;
	ovl_inode_unpin(o);
}

void ovl_inode_link_shown(struct ovl_inode *o)
{
	if (--o->hidden_links == 0)
		unlink_names(o);
}

/* Nobody else knows: kept until it is known no more, or to no use. */
static void ovl_inode_pin(struct ovl_inode *o)
{
	o->pinned = true;
	inode_get(&o->inode);
	list_add(&ovl_of(&o->inode)->pinned, &o->pin_node);
}

void ovl_inode_unpin(struct ovl_inode *o)
{
	if (!o->pinned)
		return;
	o->pinned = false;
	list_del(&o->pin_node);
	inode_put(&o->inode);
}

int ovl_inode_for_lower(struct ovl_inode *parent, const struct name *name,
	struct inode *lower, struct ovl_inode **out)
{
	struct ovl_inode *o;
	char *text = strdup(name->text);

	if (!text) {
		inode_put(lower);
		return -ENOMEM;
	}
	o = ovl_inode_new(ovl_of(&parent->inode), NULL, lower);
	if (!o) {
		free(text);
		return -ENOMEM;
	}
	inode_get(&parent->inode);
	o->parent = parent;
	o->name = text;
	o->hash = hash_place(parent, name);
	list_add(bucket(o->hash), &o->hash_node);
	if (has_more_names(lower))
		list_add(link_bucket(ovl_of(&o->inode), lower), &o->link_node);
	*out = o;
	return 0;
}

static void forget_place(struct ovl_inode *o)
{
	struct ovl_inode *parent = o->parent;

	list_del(&o->hash_node);
	free(o->name);
	o->name = NULL;
	o->parent = NULL;
	if (parent)
		inode_put(&parent->inode);
}

void ovl_inode_set_upper(struct ovl_inode *o, struct inode *upper)
{
	forget_place(o);
	o->upper = upper;
	o->hash = hash_upper(upper);
	list_add(bucket(o->hash), &o->hash_node);
	if (ovl_is_linked(o) && has_more_names(o->lower)) {
		o->hidden_links = o->lower->attr.nlink - 1;
		ovl_inode_pin(o);
	} else if (!S_ISDIR(upper->attr.mode)) {
		/* Only folders are merged. */
		list_del(&o->link_node);
		inode_put(o->lower);
		o->lower = NULL;
	}
	ovl_sync_attr(o);
}

void ovl_inode_redirect(struct ovl_inode *o)
{
	if (o->redirected || !ovl_is_merged(o))
		return;
	o->redirected = true;
	ovl_inode_pin(o);
}

void ovl_inode_orphan(struct ovl_inode *o)
{
	o->orphan = true;
	/* The caller holds it, too. */
	ovl_inode_unpin(o);
	if (!o->upper) {
		list_del(&o->link_node);
		forget_place(o);
		o->inode.attr.nlink = 0;
	} else {
		ovl_sync_attr(o);
		if (S_ISDIR(o->inode.attr.mode))
			o->inode.attr.nlink = 0;
	}
}

void ovl_inode_free(struct inode *inode)
{
	struct ovl_inode *o = ovl_inode(inode);

	forget_place(o);
	list_del(&o->link_node);
	inode_put(o->upper);
	inode_put(o->lower);
	inode_count--;
	free(o);
}

/* ---- Attributes -------------------------------------------------------- */

int ovl_getattr(struct inode *inode)
{
	struct ovl_inode *o = ovl_inode(inode);
	struct inode *real = ovl_real(o);
	int err = 0;

	if (real->ops->getattr)
		err = real->ops->getattr(real);
	if (err)
		return err;
	ovl_sync_attr(o);
	if (o->orphan && (!o->upper || S_ISDIR(inode->attr.mode)))
		inode->attr.nlink = 0;
	return 0;
}

int ovl_setattr(struct inode *inode, const struct attr *attr, unsigned int mask)
{
	struct ovl_inode *o = ovl_inode(inode);
	int err;

	err = ovl_copy_up(o, mask & ATTR_SIZE ? attr->size : UINT64_MAX);
	if (!err)
		err = o->upper->ops->setattr(o->upper, attr, mask);
	if (!err)
		ovl_sync_attr(o);
	return err;
}

/* ---- Extended attributes ----------------------------------------------- */

/* Ours, on the upper side: not the guest's. */
static bool is_private(const char *name)
{
	return strncmp(name, OVL_PREFIX, strlen(OVL_PREFIX)) == 0;
}

ssize_t ovl_getxattr(
	struct inode *inode, const char *name, void *value, size_t size)
{
	struct inode *real = ovl_real(ovl_inode(inode));

	if (is_private(name))
		return -ENODATA;
	if (!real->ops->getxattr)
		return -EOPNOTSUPP;
	return real->ops->getxattr(real, name, value, size);
}

int ovl_setxattr(struct inode *inode, const char *name, const void *value,
	size_t size, int flags)
{
	struct ovl_inode *o = ovl_inode(inode);
	int err;

	if (is_private(name))
		return -EPERM;
	err = ovl_copy_up(o, UINT64_MAX);
	if (err)
		return err;
	if (!o->upper->ops->setxattr)
		return -EOPNOTSUPP;
	err = o->upper->ops->setxattr(o->upper, name, value, size, flags);
	ovl_sync_attr(o);
	return err;
}

int ovl_removexattr(struct inode *inode, const char *name)
{
	struct ovl_inode *o = ovl_inode(inode);
	ssize_t n;
	int err;

	if (is_private(name))
		return -EPERM;
	/* Not copied up for an attribute that is not there. */
	n = ovl_getxattr(inode, name, NULL, 0);
	if (n < 0)
		return (int)n;
	err = ovl_copy_up(o, UINT64_MAX);
	if (err)
		return err;
	if (!o->upper->ops->removexattr)
		return -EOPNOTSUPP;
	err = o->upper->ops->removexattr(o->upper, name);
	ovl_sync_attr(o);
	return err;
}

static size_t hide_private(char *list, size_t size)
{
	size_t kept = 0, at = 0, len;

	while (at < size) {
		len = strnlen(list + at, size - at) + 1;
		if (len > size - at)
			break;
		if (!is_private(list + at)) {
			memmove(list + kept, list + at, len);
			kept += len;
		}
		at += len;
	}
	return kept;
}

#define LIST_MAX 65536

ssize_t ovl_listxattr(struct inode *inode, char *list, size_t size)
{
	struct inode *real = ovl_real(ovl_inode(inode));
	char *all;
	ssize_t n;

	if (!real->ops->listxattr)
		return 0;
	all = malloc(LIST_MAX);
	if (!all)
		return -ENOMEM;
	n = real->ops->listxattr(real, all, LIST_MAX);
	if (n > 0)
		n = (ssize_t)hide_private(all, (size_t)n);
	if (n > 0 && size) {
		if ((size_t)n > size)
			n = -ERANGE;
		else
			memcpy(list, all, (size_t)n);
	}
	free(all);
	return n;
}
