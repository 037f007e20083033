/*
 * Attributes, symlinks and extended attributes of the gofer filesystem.
 */
#include "sentry/fs/gofer/inode.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/host.h"
#include "lib/checked.h"
#include "lib/host.h"
#include "sentry/time/timer.h"

/* How long attributes are believed. */
#define BELIEVED NSEC_PER_SEC

bool gofer_is_fresh(int64_t when)
{
	return clock_now(CLOCK_MONOTONIC_COARSE) - when < BELIEVED;
}

/*
 * A donated descriptor tells the truth without a message, but for the owner:
 * in a user namespace the host shows us those of others as nobody's.
 */
static int getattr_by_fd(struct gofer_inode *gi, int host_fd)
{
	struct attr *attr = &gi->inode.attr;
	struct stat st;

	if (host_fstat(host_fd, &st) < 0)
		return -EIO;
	attr->mode = (attr->mode & S_IFMT) | (st.st_mode & 07777);
	attr->nlink = (uint32_t)st.st_nlink;
	attr->size = (uint64_t)st.st_size;
	attr->blocks = (uint64_t)st.st_blocks;
	attr->atime = st.st_atim;
	attr->mtime = st.st_mtim;
	attr->ctime = st.st_ctim;
	gi->attr_old = false;
	return 0;
}

int gofer_inode_getattr(struct inode *inode)
{
	struct gofer_inode *gi = gofer_inode(inode);
	int fd = gofer_fd_any(gi);
	bool fresh, named;
	int ret;

	if (gi->blank)
		return 0;
	fresh = gofer_is_fresh(gi->attr_time);
	if (fresh && !gi->attr_old && !gi->opens)
		return 0;
	named = (gi->parent || gi->is_root) && !gi->gone;
	if (fd >= 0 && (fresh || !named))
		return getattr_by_fd(gi, fd);
	/* Removed, and nobody has it open: the last that was known. */
	if (!named)
		return gi->gone ? -ESTALE : 0;
	ret = gofer_inode_refresh(gi);
	/* Somebody outside removed what is open here. */
	if (ret == -ESTALE && gi->opens && fd >= 0)
		return getattr_by_fd(gi, fd);
	return ret;
}

/* ---- Setting ----------------------------------------------------------- */

static struct gofer_time time_to(const struct timespec *time)
{
	return (struct gofer_time){
		.sec = time->tv_sec, .nsec = (uint32_t)time->tv_nsec};
}

static void fill_set(struct gofer_inode *gi, const struct attr *attr,
	unsigned int mask, struct gofer_setattr *set)
{
	static const struct {
		unsigned int from, to;
	} bits[] = {
		{ATTR_MODE, GOFER_SET_MODE},
		{ATTR_UID, GOFER_SET_UID},
		{ATTR_GID, GOFER_SET_GID},
		{ATTR_SIZE, GOFER_SET_SIZE},
		{ATTR_ATIME, GOFER_SET_ATIME},
		{ATTR_MTIME, GOFER_SET_MTIME},
	};

	*set = (struct gofer_setattr){.dev = gi->dev, .ino = gi->ino};
	/* The host sets that time itself when the size changes. */
	if (mask & ATTR_SIZE)
		mask &= ~ATTR_MTIME;
	for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
		if (mask & bits[i].from)
			set->valid |= bits[i].to;
	}
	if (mask & ATTR_MODE)
		set->mode = attr->mode & 07777;
	set->uid = attr->uid;
	set->gid = attr->gid;
	if (mask & ATTR_SIZE)
		set->size = attr->size;
	if (mask & ATTR_ATIME)
		set->atime = time_to(&attr->atime);
	if (mask & ATTR_MTIME)
		set->mtime = time_to(&attr->mtime);
}

/* Without a name only what descriptors can do is done on the host. */
static void set_remembered(
	struct gofer_inode *gi, const struct attr *attr, unsigned int mask)
{
	struct attr *own = &gi->inode.attr;

	if (mask & ATTR_MODE)
		own->mode = (own->mode & S_IFMT) | (attr->mode & 07777);
	if (mask & ATTR_UID)
		own->uid = attr->uid;
	if (mask & ATTR_GID)
		own->gid = attr->gid;
	if (mask & ATTR_ATIME)
		own->atime = attr->atime;
	if (mask & ATTR_MTIME)
		own->mtime = attr->mtime;
	own->ctime = vfs_now();
}

/* Truncating an open file needs no message. */
static int truncate_by_fd(struct gofer_inode *gi, uint64_t size)
{
	if (ftruncate(gi->write_fd, (off_t)size) < 0)
		return -errno;
	gofer_inode_changed(gi);
	return 0;
}

int gofer_inode_setattr(
	struct inode *inode, const struct attr *attr, unsigned int mask)
{
	struct gofer_inode *gi = gofer_inode(inode);
	struct gofer_setattr set;
	struct gofer_where where;
	struct gofer_attr now;
	int ret;

	if (gi->blank)
		return -EPERM;
	if ((mask & ATTR_SIZE) && gi->write_fd >= 0) {
		ret = truncate_by_fd(gi, attr->size);
		mask &= ~(ATTR_SIZE | ATTR_MTIME);
		if (ret < 0 || !(mask & ~ATTR_CTIME))
			return ret;
	}
	if (gofer_inode_where(gi, &where) < 0) {
		if (mask & ATTR_SIZE)
			return -EIO;
		set_remembered(gi, attr, mask);
		return 0;
	}
	fill_set(gi, attr, mask, &set);
	if (!set.valid)
		return 0;
	ret = gofer_setattr(gofer_client_of(gi), &where, &set, &now);
	gofer_inode_changed(gi);
	if (!ret)
		gofer_inode_update(gi, &now);
	return gofer_inode_error(gi, ret);
}

/* ---- Symlinks ---------------------------------------------------------- */

/* The text of a symlink never changes: asked for once. */
static int fetch_link(struct gofer_inode *gi)
{
	char text[GOFER_LINK_MAX + 1];
	struct gofer_where where;
	ssize_t size;
	int ret = gofer_inode_where(gi, &where);

	if (ret < 0)
		return ret;
	size = gofer_readlink(
		gofer_client_of(gi), &where, text, GOFER_LINK_MAX);
	/* No longer a symlink: another file has the name now. */
	if (size == -ENOENT || size == -EINVAL)
		return -ESTALE;
	if (size < 0)
		return (int)size;
	gi->link = strndup(text, (size_t)size);
	return gi->link ? 0 : -ENOMEM;
}

static ssize_t gofer_inode_readlink(struct inode *inode, char *buf, size_t size)
{
	struct gofer_inode *gi = gofer_inode(inode);
	int ret = 0;

	if (!gi->link)
		ret = fetch_link(gi);
	if (ret < 0)
		return gofer_inode_error(gi, ret);
	size = MIN(size, strlen(gi->link));
	memcpy(buf, gi->link, size);
	return (ssize_t)size;
}

/* ---- Extended attributes ----------------------------------------------- */

ssize_t gofer_inode_getxattr(
	struct inode *inode, const char *name, void *value, size_t size)
{
	struct gofer_inode *gi = gofer_inode(inode);
	struct gofer_where where;

	if (gi->blank || gofer_inode_where(gi, &where) < 0)
		return -ENODATA;
	return gofer_getxattr(gofer_client_of(gi), &where, name, value, size);
}

ssize_t gofer_inode_listxattr(struct inode *inode, char *list, size_t size)
{
	struct gofer_inode *gi = gofer_inode(inode);
	struct gofer_where where;

	if (gi->blank || gofer_inode_where(gi, &where) < 0)
		return 0;
	return gofer_listxattr(gofer_client_of(gi), &where, list, size);
}

int gofer_inode_setxattr(struct inode *inode, const char *name,
	const void *value, size_t size, int flags)
{
	struct gofer_inode *gi = gofer_inode(inode);
	struct gofer_where where;

	if (gi->blank || gofer_inode_where(gi, &where) < 0)
		return -EPERM;
	gofer_inode_changed(gi);
	return gofer_setxattr(gofer_client_of(gi), &where, name, value, size,
		(uint32_t)flags);
}

int gofer_inode_removexattr(struct inode *inode, const char *name)
{
	struct gofer_inode *gi = gofer_inode(inode);
	struct gofer_where where;

	if (gi->blank || gofer_inode_where(gi, &where) < 0)
		return -ENODATA;
	gofer_inode_changed(gi);
	return gofer_removexattr(gofer_client_of(gi), &where, name);
}

/* ---- The tables -------------------------------------------------------- */

const struct inode_ops gofer_file_inode_ops = {
	.getattr = gofer_inode_getattr,
	.setattr = gofer_inode_setattr,
	.open = gofer_file_open,
	.getxattr = gofer_inode_getxattr,
	.setxattr = gofer_inode_setxattr,
	.listxattr = gofer_inode_listxattr,
	.removexattr = gofer_inode_removexattr,
};

const struct inode_ops gofer_symlink_inode_ops = {
	.readlink = gofer_inode_readlink,
	.getattr = gofer_inode_getattr,
	.setattr = gofer_inode_setattr,
};

/* FIFOs, sockets, devices: the host's are never opened. */
const struct inode_ops gofer_special_inode_ops = {
	.getattr = gofer_inode_getattr,
	.setattr = gofer_inode_setattr,
};
