/*
 * Extended attributes: the rules of each namespace (xattr(7)).
 */
#include "sentry/vfs/vfs.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/xattr.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "sentry/vfs/inotify.h"
#include "sentry/vfs/internal.h"

static bool has_prefix(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

/* user.*: only on files and folders, by their permission bits. */
static int user_permission(
	struct inode *inode, const struct cred *cred, unsigned int want)
{
	mode_t mode = inode->attr.mode;

	if (!S_ISREG(mode) && !S_ISDIR(mode))
		return want & MAY_WRITE ? -EPERM : -ENODATA;
	if (S_ISDIR(mode) && (mode & S_ISVTX) && (want & MAY_WRITE) &&
		!inode_owner_or_capable(inode, cred))
		return -EPERM;
	return inode_permission(inode, cred, want);
}

static int xattr_permission(struct inode *inode, const struct cred *cred,
	const char *name, unsigned int want)
{
	if (has_prefix(name, XATTR_USER_PREFIX))
		return user_permission(inode, cred, want);
	if (has_prefix(name, XATTR_TRUSTED_PREFIX)) {
		if (cred_capable(cred, CAP_SYS_ADMIN))
			return 0;
		return want & MAY_WRITE ? -EPERM : -ENODATA;
	}
	if (has_prefix(name, XATTR_SECURITY_PREFIX)) {
		if (!(want & MAY_WRITE))
			return 0;
		if (strcmp(name, XATTR_NAME_CAPS) == 0)
			return cred_capable(cred, CAP_SETFCAP) ? 0 : -EPERM;
		return cred_capable(cred, CAP_SYS_ADMIN) ? 0 : -EPERM;
	}
	if (has_prefix(name, XATTR_SYSTEM_PREFIX)) {
		if (!(want & MAY_WRITE) || inode_owner_or_capable(inode, cred))
			return 0;
		return -EPERM;
	}
	return -EOPNOTSUPP;
}

ssize_t vfs_getxattr(struct path path, const struct cred *cred,
	const char *name, void *value, size_t size)
{
	struct inode *inode = path.dentry->inode;
	int err;

	err = xattr_permission(inode, cred, name, MAY_READ);
	if (err)
		return err;
	if (!inode->ops->getxattr)
		return -EOPNOTSUPP;
	return inode->ops->getxattr(inode, name, value, size);
}

int vfs_setxattr(struct path path, const struct cred *cred, const char *name,
	const void *value, size_t size, int flags)
{
	struct inode *inode = path.dentry->inode;
	int err;

	err = mount_want_write(path.mount);
	if (!err)
		err = xattr_permission(inode, cred, name, MAY_WRITE);
	if (err)
		return err;
	if (!inode->ops->setxattr)
		return -EOPNOTSUPP;
	err = inode->ops->setxattr(inode, name, value, size, flags);
	if (!err && inotify_active())
		inotify_dentry(path.dentry, IN_ATTRIB);
	return err;
}

int vfs_removexattr(struct path path, const struct cred *cred, const char *name)
{
	struct inode *inode = path.dentry->inode;
	int err;

	err = mount_want_write(path.mount);
	if (!err)
		err = xattr_permission(inode, cred, name, MAY_WRITE);
	if (err)
		return err;
	if (!inode->ops->removexattr)
		return -EOPNOTSUPP;
	err = inode->ops->removexattr(inode, name);
	if (!err && inotify_active())
		inotify_dentry(path.dentry, IN_ATTRIB);
	return err;
}

/* Takes the names that cred may not see out of a list; its new size. */
static size_t hide_trusted(char *list, size_t size)
{
	size_t kept = 0, at = 0, len;

	while (at < size) {
		len = strnlen(list + at, size - at) + 1;
		if (len > size - at)
			len = size - at;
		if (!has_prefix(list + at, XATTR_TRUSTED_PREFIX)) {
			memmove(list + kept, list + at, len);
			kept += len;
		}
		at += len;
	}
	return kept;
}

ssize_t vfs_listxattr(
	struct path path, const struct cred *cred, char *list, size_t size)
{
	struct inode *inode = path.dentry->inode;
	ssize_t n;

	if (!inode->ops->listxattr)
		return 0;
	n = inode->ops->listxattr(inode, list, size);
	if (n <= 0 || size == 0 || cred_capable(cred, CAP_SYS_ADMIN))
		return n;
	return (ssize_t)hide_trusted(list, (size_t)n);
}
