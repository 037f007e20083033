/* Instances of the gofer filesystem: one for each root. */
#include "sentry/fs/gofer/fs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/checked.h"
#include "sentry/fs/gofer/inode.h"

static struct gofer_fs *gofer_fs(struct fs *fs)
{
	return container_of(fs, struct gofer_fs, fs);
}

static int gofer_fs_statfs(struct fs *fs, struct fs_statfs *out)
{
	struct gofer_fs *gfs = gofer_fs(fs);
	struct gofer_statfs_reply reply;
	int ret = gofer_statfs(gfs->client, gfs->root_node, &reply);

	if (ret < 0)
		return ret;
	memset(out, 0, sizeof(*out));
	out->type = reply.type;
	out->blocks = reply.blocks;
	out->bfree = reply.bfree;
	out->bavail = reply.bavail;
	out->files = reply.files;
	out->ffree = reply.ffree;
	out->bsize = (uint32_t)MIN(reply.bsize, (uint64_t)UINT32_MAX);
	out->namelen = VFS_NAME_MAX;
	return 0;
}

static int gofer_fs_sync(struct fs *fs)
{
	struct gofer_fs *gfs = gofer_fs(fs);
	struct gofer_where where = {.node = gfs->root_node};

	if (fs->read_only)
		return 0;
	return gofer_fsync(gfs->client, &where, GOFER_FSYNC_FILESYSTEM);
}

static void gofer_fs_destroy(struct fs *fs)
{
	free(gofer_fs(fs)->buckets);
	free(gofer_fs(fs));
}

static const struct fs_ops gofer_fs_ops = {
	.name = "gofer",
	.statfs = gofer_fs_statfs,
	.inode_free = gofer_inode_free,
	.destroy = gofer_fs_destroy,
	.sync = gofer_fs_sync,
	.volatile_names = true,
	.revalidate = gofer_revalidate,
};

/* The root's inode; node comes with one count. */
static int set_root(
	struct gofer_fs *gfs, const struct gofer_attr *attr, uint32_t node)
{
	struct gofer_inode *root;
	int ret;

	ret = gofer_inode_find(gfs, NULL, NULL, attr, node, &root);
	if (ret < 0)
		return ret;
	return fs_set_root(&gfs->fs, &root->inode);
}

int gofer_fs_new(struct gofer_client *client, uint32_t root, bool shared,
	const char *source, struct fs **out)
{
	struct gofer_fs *gfs;
	struct gofer_attr attr;
	uint32_t node, flags;
	int ret;

	ret = gofer_attach(client, root, &node, &flags, &attr);
	if (ret < 0)
		return ret;
	gfs = alloc_zero(gfs);
	if (!gfs) {
		gofer_forget(client, node, 1);
		return -ENOMEM;
	}
	gfs->client = client;
	gfs->shared = shared;
	gfs->root_node = node;
	fs_init(&gfs->fs, &gofer_fs_ops, source);
	gfs->fs.read_only = !(flags & GOFER_ROOT_WRITABLE);
	ret = gofer_inode_table(gfs);
	if (ret < 0)
		gofer_forget(client, node, 1);
	else
		ret = set_root(gfs, &attr, node);
	if (ret < 0) {
		fs_put(&gfs->fs);
		return ret;
	}
	*out = &gfs->fs;
	return 0;
}
