/*
 * tmpfs inodes: making and freeing them, attributes, symlinks.
 */
#include "lib/host.h"
#include "sentry/fs/tmpfs/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What one inode costs in the sentry, rounded up. */
#define INODE_COST 512u

static ssize_t tmpfs_readlink(struct inode *inode, char *buf, size_t size)
{
	const char *target = tmpfs_inode(inode)->target;
	size_t len = strlen(target);

	if (len > size)
		len = size;
	memcpy(buf, target, len);
	return (ssize_t)len;
}

int tmpfs_setattr(
	struct inode *inode, const struct attr *attr, unsigned int mask)
{
	int err;

	if (mask & ATTR_SIZE) {
		if (S_ISDIR(inode->attr.mode))
			return -EISDIR;
		if (!S_ISREG(inode->attr.mode))
			return -EINVAL;
		err = tmpfs_data_truncate(tmpfs_inode(inode), attr->size);
		if (err)
			return err;
	}
	attr_apply(&inode->attr, attr, mask & ~ATTR_SIZE);
	return 0;
}

/*
 * Pages of a mapped memfd appear and vanish by the host's hand; the size and
 * everything else only through us.
 */
static int tmpfs_getattr(struct inode *inode)
{
	struct tmpfs_inode *ti = tmpfs_inode(inode);
	struct stat st;

	if (ti->data.host_fd >= 0 && ti->data.reserved &&
		host_fstat(ti->data.host_fd, &st) == 0)
		inode->attr.blocks = (uint64_t)st.st_blocks;
	return 0;
}

#define COMMON_OPS                                                             \
	.setattr = tmpfs_setattr, .getxattr = tmpfs_getxattr,                  \
	.setxattr = tmpfs_setxattr, .listxattr = tmpfs_listxattr,              \
	.removexattr = tmpfs_removexattr

static const struct inode_ops file_inode_ops = {
	COMMON_OPS,
	.getattr = tmpfs_getattr,
};

static const struct inode_ops symlink_inode_ops = {
	COMMON_OPS,
	.readlink = tmpfs_readlink,
};

static const struct inode_ops special_inode_ops = {
	COMMON_OPS,
};

static int init_by_type(struct tmpfs_inode *ti, const struct new_inode *spec)
{
	struct inode *inode = &ti->inode;

	switch (spec->mode & S_IFMT) {
	case S_IFREG:
		inode->ops = &file_inode_ops;
		inode->fops = &tmpfs_file_ops;
		tmpfs_data_init(&ti->data);
		return 0;
	case S_IFDIR:
		inode->ops = &tmpfs_dir_inode_ops;
		inode->fops = &tmpfs_dir_file_ops;
		inode->attr.nlink = 2;
		inode->attr.size = 40;
		tmpfs_dir_init(&ti->dir);
		return 0;
	case S_IFLNK:
		inode->ops = &symlink_inode_ops;
		ti->target = strdup(spec->target ? spec->target : "");
		if (!ti->target)
			return -ENOMEM;
		inode->attr.size = strlen(ti->target);
		return 0;
	default:
		inode->ops = &special_inode_ops;
		inode->attr.rdev = spec->rdev;
		return 0;
	}
}

int tmpfs_inode_new(
	struct tmpfs *fs, const struct new_inode *spec, struct inode **out)
{
	struct tmpfs_inode *ti;
	struct attr *attr;
	int err;

	if (fs->options.inodes && fs->inode_count >= fs->options.inodes)
		return -ENOSPC;
	if (!tmpfs_charge_meta(INODE_COST))
		return -ENOSPC;
	ti = calloc(1, sizeof(*ti));
	if (!ti) {
		tmpfs_uncharge_meta(INODE_COST);
		return -ENOMEM;
	}
	inode_init(&ti->inode, &fs->fs, NULL, NULL);
	list_init(&ti->xattrs);
	ti->seals = F_SEAL_SEAL;
	fs->inode_count++;
	attr = &ti->inode.attr;
	attr->ino = fs->next_ino++;
	attr->mode = spec->mode;
	attr->uid = spec->uid;
	attr->gid = spec->gid;
	attr->blksize = TMPFS_PAGE;
	attr->atime = attr->mtime = attr->ctime = attr->btime = vfs_now();
	err = init_by_type(ti, spec);
	if (err) {
		inode_put(&ti->inode);
		return err;
	}
	*out = &ti->inode;
	return 0;
}

void tmpfs_inode_free(struct inode *inode)
{
	struct tmpfs_inode *ti = tmpfs_inode(inode);

	switch (inode->attr.mode & S_IFMT) {
	case S_IFREG:
		tmpfs_data_free(ti);
		break;
	case S_IFDIR:
		free(ti->dir.buckets);
		break;
	case S_IFLNK:
		free(ti->target);
		break;
	default:
		break;
	}
	tmpfs_xattrs_free(ti);
	tmpfs_of(inode)->inode_count--;
	tmpfs_uncharge_meta(INODE_COST);
	free(ti);
}
