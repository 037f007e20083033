/*
 * Extended attributes of tmpfs inodes: a list, bounded in bytes. Any name is
 * stored; who may use which is for vfs to say.
 */
#include "sentry/fs/tmpfs/internal.h"

#include <errno.h>
#include <linux/limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

static struct tmpfs_xattr *find(struct tmpfs_inode *ti, const char *name)
{
	struct tmpfs_xattr *x;

	list_for_each(x, &ti->xattrs, node)
	{
		if (strcmp(x->name, name) == 0)
			return x;
	}
	return NULL;
}

static size_t cost_of(const char *name, size_t size)
{
	return sizeof(struct tmpfs_xattr) + strlen(name) + 1 + size;
}

static void drop(struct tmpfs_inode *ti, struct tmpfs_xattr *x)
{
	size_t cost = cost_of(x->name, x->size);

	list_del(&x->node);
	ti->xattr_bytes -= cost;
	tmpfs_uncharge_meta(cost);
	free(x);
}

ssize_t tmpfs_getxattr(
	struct inode *inode, const char *name, void *value, size_t size)
{
	struct tmpfs_xattr *x = find(tmpfs_inode(inode), name);

	if (!x)
		return -ENODATA;
	if (size == 0)
		return (ssize_t)x->size;
	if (size < x->size)
		return -ERANGE;
	memcpy(value, x->value, x->size);
	return (ssize_t)x->size;
}

int tmpfs_setxattr(struct inode *inode, const char *name, const void *value,
	size_t size, int flags)
{
	struct tmpfs_inode *ti = tmpfs_inode(inode);
	struct tmpfs_xattr *old = find(ti, name), *x;
	size_t cost = cost_of(name, size);

	if (old && (flags & XATTR_CREATE))
		return -EEXIST;
	if (!old && (flags & XATTR_REPLACE))
		return -ENODATA;
	if (size > XATTR_SIZE_MAX)
		return -E2BIG;
	/* As a whole they must fit into one listing. */
	if (ti->xattr_bytes + cost > 2 * XATTR_SIZE_MAX ||
		!tmpfs_charge_meta(cost))
		return -ENOSPC;
	x = malloc(cost);
	if (!x) {
		tmpfs_uncharge_meta(cost);
		return -ENOMEM;
	}
	strcpy(x->name, name);
	x->value = x->name + strlen(name) + 1;
	x->size = size;
	if (size)
		memcpy(x->value, value, size);
	if (old)
		drop(ti, old);
	list_add_tail(&ti->xattrs, &x->node);
	ti->xattr_bytes += cost;
	inode->attr.ctime = vfs_now();
	return 0;
}

ssize_t tmpfs_listxattr(struct inode *inode, char *list, size_t size)
{
	struct tmpfs_xattr *x;
	size_t used = 0, len;

	list_for_each(x, &tmpfs_inode(inode)->xattrs, node)
	{
		len = strlen(x->name) + 1;
		if (size) {
			if (len > size - used)
				return -ERANGE;
			memcpy(list + used, x->name, len);
		}
		used += len;
	}
	return (ssize_t)used;
}

int tmpfs_removexattr(struct inode *inode, const char *name)
{
	struct tmpfs_inode *ti = tmpfs_inode(inode);
	struct tmpfs_xattr *x = find(ti, name);

	if (!x)
		return -ENODATA;
	drop(ti, x);
	inode->attr.ctime = vfs_now();
	return 0;
}

void tmpfs_xattrs_free(struct tmpfs_inode *ti)
{
	struct tmpfs_xattr *x, *tmp;

	list_for_each_safe(x, tmp, &ti->xattrs, node) drop(ti, x);
}
