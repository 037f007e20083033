/*
 * The anonymous filesystem: inodes of files that have no name anywhere. One
 * instance, made on first use, on a mount that belongs to no namespace.
 */
#include "sentry/vfs/vfs.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "sentry/vfs/internal.h"

#define ANON_INODE_FS_MAGIC 0x09041934

static struct fs anon_fs;
static struct mount *anon_mount;
static uint64_t next_ino = 1;

static int anon_statfs(struct fs *fs, struct fs_statfs *out)
{
	*out = (struct fs_statfs){
		.type = ANON_INODE_FS_MAGIC,
		.bsize = 4096,
		.namelen = VFS_NAME_MAX,
	};
	return 0;
}

static void anon_inode_free(struct inode *inode)
{
	free(inode);
}

/* Never: the mount below is kept. */
static void anon_destroy(struct fs *fs)
{
}

static const struct fs_ops anon_fs_ops = {
	.name = "anon_inodefs",
	.statfs = anon_statfs,
	.inode_free = anon_inode_free,
	.destroy = anon_destroy,
};

/* What has no type (eventfd, epoll) has no attributes to set, either. */
static int anon_setattr(
	struct inode *inode, const struct attr *attr, unsigned int mask)
{
	if (!(inode->attr.mode & S_IFMT))
		return mask & ATTR_SIZE ? -EINVAL : -EOPNOTSUPP;
	return inode_simple_setattr(inode, attr, mask);
}

static const struct inode_ops anon_inode_ops = {
	.setattr = anon_setattr,
};

static struct inode *new_inode(mode_t mode)
{
	struct inode *inode = malloc(sizeof(*inode));

	if (!inode)
		return NULL;
	inode_init(inode, &anon_fs, &anon_inode_ops, NULL);
	inode->attr.ino = next_ino++;
	inode->attr.mode = mode;
	inode->attr.nlink = 1;
	inode->attr.blksize = 4096;
	inode->attr.atime = inode->attr.mtime = vfs_now();
	inode->attr.ctime = inode->attr.btime = inode->attr.mtime;
	return inode;
}

static bool ready(void)
{
	struct inode *root;

	if (anon_mount)
		return true;
	if (!anon_fs.ops)
		fs_init(&anon_fs, &anon_fs_ops, "anon_inodefs");
	if (!anon_fs.root) {
		root = new_inode(S_IFDIR | 0755);
		if (!root || fs_set_root(&anon_fs, root) < 0)
			return false;
	}
	anon_mount = mount_new_internal(&anon_fs, 0);
	return anon_mount != NULL;
}

struct inode *inode_new_anonymous(mode_t mode)
{
	return ready() ? new_inode(mode) : NULL;
}

int file_new_anonymous(const char *name, struct inode *inode,
	const struct file_ops *ops, unsigned int flags, void *priv,
	struct file **out)
{
	struct dentry *dentry;
	struct path path;
	struct file *file;
	int err;

	if (!ready())
		return -ENOMEM;
	dentry = dentry_new_anonymous(name, inode_get(inode));
	if (!dentry)
		return -ENOMEM;
	path = (struct path){mount_get(anon_mount), dentry};
	err = file_new(path, flags, ops, &file);
	path_put(path);
	if (err)
		return err;
	file->priv = priv;
	*out = file;
	return 0;
}
