/*
 * Names of the gofer filesystem: making, linking, removing, renaming.
 *
 * The gofer does it first; what follows here cannot fail, except that an inode
 * may lose its name for lack of memory, which the next lookup mends.
 */
#include "sentry/fs/gofer/inode.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <unistd.h>

/* The folder's listing and times are no longer what they were. */
static void changed(struct gofer_inode *dir)
{
	gofer_dir_forget(dir);
	dir->attr_old = true;
}

static int make(struct gofer_client *client, const struct gofer_where *where,
	const struct new_inode *spec, struct gofer_attr *attr, uint32_t *node,
	int *host_fd)
{
	struct gofer_new new = {
		.mode = spec->mode & 07777, .uid = spec->uid, .gid = spec->gid};

	switch (spec->mode & S_IFMT) {
	case S_IFREG:
		return gofer_create(client, where, &new, O_RDWR, attr, host_fd);
	case S_IFDIR:
		return gofer_mkdir(client, where, &new, attr, node);
	case S_IFLNK:
		return gofer_symlink(client, where, &new, spec->target, attr);
	case S_IFIFO:
	case S_IFSOCK:
		new.mode = spec->mode;
		return gofer_mknod(client, where, &new, attr);
	default:
		return -EPERM; /* devices */
	}
}

int gofer_dir_create(struct inode *dir, const struct name *name,
	const struct new_inode *spec, struct inode **out)
{
	struct gofer_inode *parent = gofer_inode(dir);
	struct gofer_inode *gi;
	struct gofer_where where;
	struct gofer_attr attr;
	uint32_t node = 0;
	int host_fd = -1;
	int ret;

	if (parent->blank)
		return -EACCES;
	ret = gofer_inode_child(parent, name, &where);
	if (!ret)
		ret = make(gofer_client_of(parent), &where, spec, &attr, &node,
			&host_fd);
	if (ret < 0)
		return gofer_inode_error(parent, ret);
	changed(parent);
	ret = gofer_inode_find(
		gofer_fs_of(parent), parent, name, &attr, node, &gi);
	if (ret < 0) {
		if (host_fd >= 0)
			close(host_fd);
		return ret;
	}
	if (host_fd >= 0)
		gofer_fd_adopt(gi, host_fd);
	*out = &gi->inode;
	return 0;
}

int gofer_dir_link(
	struct inode *dir, const struct name *name, struct inode *target)
{
	struct gofer_inode *parent = gofer_inode(dir);
	struct gofer_inode *gi = gofer_inode(target);
	struct gofer_where from, to;
	struct gofer_attr attr;
	int ret;

	if (gi->is_root)
		return -EXDEV;
	ret = gofer_inode_child(parent, name, &to);
	if (!ret)
		ret = gofer_inode_where(gi, &from);
	if (!ret)
		ret = gofer_link(gofer_client_of(gi), &from, gi->dev, gi->ino,
			&to, &attr);
	if (ret < 0)
		return gofer_inode_error(gi, ret);
	changed(parent);
	gofer_inode_update(gi, &attr);
	return 0;
}

/* One name less; without any it is no longer found by its number. */
static void lose_link(struct gofer_inode *gi, const struct gofer_inode *dir,
	const struct name *name)
{
	struct attr *attr = &gi->inode.attr;

	if (gofer_inode_is_named(gi, dir, name))
		gofer_inode_unname(gi);
	if (S_ISDIR(attr->mode))
		attr->nlink = 0;
	else if (attr->nlink)
		attr->nlink--;
	attr->ctime = vfs_now();
	if (!attr->nlink)
		gofer_inode_unhash(gi);
	else
		gi->attr_old = true;
}

static int remove_name(struct inode *dir, const struct name *name,
	struct inode *target, uint32_t flags)
{
	struct gofer_inode *parent = gofer_inode(dir);
	struct gofer_where where;
	int ret;

	ret = gofer_inode_child(parent, name, &where);
	if (!ret)
		ret = gofer_unlink(gofer_client_of(parent), &where, flags);
	if (ret < 0)
		return gofer_inode_error(parent, ret);
	changed(parent);
	lose_link(gofer_inode(target), parent, name);
	return 0;
}

int gofer_dir_unlink(
	struct inode *dir, const struct name *name, struct inode *target)
{
	return remove_name(dir, name, target, 0);
}

int gofer_dir_rmdir(
	struct inode *dir, const struct name *name, struct inode *target)
{
	return remove_name(dir, name, target, AT_REMOVEDIR);
}

int gofer_dir_rename(struct inode *old_dir, const struct name *old_name,
	struct inode *source, struct inode *new_dir,
	const struct name *new_name, struct inode *target, unsigned int flags)
{
	struct gofer_inode *from_dir = gofer_inode(old_dir);
	struct gofer_inode *to_dir = gofer_inode(new_dir);
	struct gofer_where from, to;
	int ret;

	if (flags & ~(unsigned int)(RENAME_NOREPLACE | RENAME_EXCHANGE))
		return -EINVAL;
	ret = gofer_inode_child(from_dir, old_name, &from);
	if (!ret)
		ret = gofer_inode_child(to_dir, new_name, &to);
	if (!ret)
		ret = gofer_rename(
			gofer_client_of(from_dir), &from, &to, flags);
	if (ret < 0)
		return ret;
	changed(from_dir);
	changed(to_dir);
	if (target && (flags & RENAME_EXCHANGE)) {
		gofer_inode_unname(gofer_inode(target));
		gofer_inode_rename(gofer_inode(target), from_dir, old_name);
		gofer_inode(target)->attr_old = true;
	} else if (target) {
		lose_link(gofer_inode(target), to_dir, new_name);
	}
	gofer_inode_rename(gofer_inode(source), to_dir, new_name);
	gofer_inode(source)->attr_old = true;
	return 0;
}
