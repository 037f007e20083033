/* overlay instances. */
#include "sentry/fs/overlay/internal.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sentry/fs/overlay/overlay.h"

static int ovl_statfs(struct fs *fs, struct fs_statfs *out)
{
	struct ovl_fs *o = container_of(fs, struct ovl_fs, fs);
	int err = o->upper_fs->ops->statfs(o->upper_fs, out);

	/* Room is where changes go. */
	out->type = OVERLAYFS_SUPER_MAGIC;
	return err;
}

static void ovl_shutdown(struct fs *fs)
{
	struct ovl_fs *o = container_of(fs, struct ovl_fs, fs);

	while (!list_empty(&o->pinned))
		ovl_inode_unpin(
			list_first(&o->pinned, struct ovl_inode, pin_node));
	inode_put(o->whiteout);
	o->whiteout = NULL;
	inode_put(o->upper_root);
	o->upper_root = NULL;
}

static void ovl_destroy(struct fs *fs)
{
	struct ovl_fs *o = container_of(fs, struct ovl_fs, fs);

	fs_put(o->lower_fs);
	fs_put(o->upper_fs);
	free(o);
}

static int ovl_sync(struct fs *fs)
{
	struct ovl_fs *o = container_of(fs, struct ovl_fs, fs);

	return o->upper_fs->ops->sync ? o->upper_fs->ops->sync(o->upper_fs) : 0;
}

static const struct fs_ops ovl_fs_ops = {
	.name = "overlay",
	.statfs = ovl_statfs,
	.inode_free = ovl_inode_free,
	.shutdown = ovl_shutdown,
	.destroy = ovl_destroy,
	.sync = ovl_sync,
};

int overlay_new(struct inode *lower, struct inode *upper, const char *source,
	struct fs **out)
{
	struct ovl_fs *o = calloc(1, sizeof(*o));
	struct ovl_inode *root;
	size_t i;
	int err;

	if (!o)
		return -ENOMEM;
	fs_init(&o->fs, &ovl_fs_ops, source ? source : "overlay");
	list_init(&o->pinned);
	for (i = 0; i < OVL_LINK_BUCKETS; i++)
		list_init(&o->links[i]);
	o->redirects = strcmp(upper->fs->ops->name, "tmpfs") == 0;
	o->lower_fs = fs_get(lower->fs);
	o->upper_fs = fs_get(upper->fs);
	o->upper_root = inode_get(upper);
	err = ovl_inode_for_upper(o, inode_get(upper), inode_get(lower), &root);
	if (!err)
		err = fs_set_root(&o->fs, &root->inode);
	if (err) {
		fs_put(&o->fs);
		return err;
	}
	*out = &o->fs;
	return 0;
}

uint64_t overlay_changes(const struct fs *fs)
{
	if (fs->ops != &ovl_fs_ops)
		return 0;
	return container_of(fs, struct ovl_fs, fs)->changes;
}

void overlay_keep_upper(struct fs *fs)
{
	if (fs->ops == &ovl_fs_ops)
		container_of(fs, struct ovl_fs, fs)->redirects = false;
}
