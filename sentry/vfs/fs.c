/*
 * Filesystem instances and the registry of their types.
 *
 * A struct fs has two counts. ref counts users: mounts, and filesystems that
 * stand on it. When the last one goes the instance is shut down: its cached
 * names and the inodes it holds itself are dropped, which breaks the circle of
 * an fs whose inodes hold it. pins counts everything that points at it
 * (inodes, dentries, and all users together as one); with the last pin the
 * storage goes.
 */
#include "sentry/vfs/vfs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "sentry/vfs/internal.h"

static struct fs_type *types;
static unsigned int next_minor = 1;

void vfs_register(struct fs_type *type)
{
	struct fs_type **tail = &types;

	/* /proc/filesystems lists them in the order they came. */
	while (*tail)
		tail = &(*tail)->next;
	type->next = NULL;
	*tail = type;
}

const struct fs_type *fs_type_find(const char *name)
{
	const struct fs_type *type;

	for (type = types; type; type = type->next)
		if (strcmp(type->name, name) == 0)
			return type;
	return NULL;
}

const struct fs_type *fs_type_first(void)
{
	return types;
}

void fs_init(struct fs *fs, const struct fs_ops *ops, const char *source)
{
	ref_init(&fs->ref);
	ref_init(&fs->pins);
	fs->dead = false;
	fs->ops = ops;
	fs->dev = makedev(0, next_minor++);
	fs->root = NULL;
	fs->source = strdup(source ? source : "none");
	fs->read_only = false;
}

struct fs *fs_get(struct fs *fs)
{
	ref_get(&fs->ref);
	return fs;
}

void fs_pin(struct fs *fs)
{
	ref_get(&fs->pins);
}

void fs_unpin(struct fs *fs)
{
	char *source;

	if (!ref_put(&fs->pins))
		return;
	source = fs->source;
	fs->ops->destroy(fs);
	free(source);
}

void fs_put(struct fs *fs)
{
	struct dentry *root;

	if (!fs || !ref_put(&fs->ref))
		return;
	fs->dead = true;
	root = fs->root;
	fs->root = NULL;
	dentry_shrink_fs(fs);
	dentry_put(root);
	if (fs->ops->shutdown)
		fs->ops->shutdown(fs);
	fs_unpin(fs);
}

int fs_set_root(struct fs *fs, struct inode *inode)
{
	fs->root = dentry_new_root(inode);
	return fs->root ? 0 : -ENOMEM;
}
