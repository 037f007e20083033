/*
 * Making, moving and removing names: mkdir, mknod, symlink, link, unlink,
 * rmdir, rename.
 *
 * Flags are checked and names copied here; the work, its permission checks
 * and the order of its errors are vfs'.
 */
#include "sentry/syscalls/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "sentry/kernel/fdtable.h"
#include "sentry/kernel/fsctx.h"
#include "sentry/syscalls/files.h"

/* ---- Making ------------------------------------------------------------ */

static long create(
	struct task *t, int dirfd, uaddr_t name, struct new_inode *spec)
{
	struct named named;
	long ret = named_start(t, dirfd, name, 0, &named);

	if (ret < 0)
		return ret;
	ret = vfs_create(&named.walk, named.name, spec);
	named_finish(&named);
	return ret;
}

long sys_mkdirat(struct task *t, int dirfd, uaddr_t name, umode_t mode)
{
	struct new_inode spec = {
		.mode = S_IFDIR | (mode & 01777 & ~t->fs->umask),
	};

	return create(t, dirfd, name, &spec);
}

long sys_mkdir(struct task *t, uaddr_t name, umode_t mode)
{
	return sys_mkdirat(t, AT_FDCWD, name, mode);
}

static int check_node_type(mode_t mode)
{
	switch (mode & S_IFMT) {
	case 0:
	case S_IFREG:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		return 0;
	case S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
}

long sys_mknodat(
	struct task *t, int dirfd, uaddr_t name, umode_t mode, unsigned int dev)
{
	struct new_inode spec = {
		.mode = mode & ~t->fs->umask & (S_IFMT | 07777),
	};
	int ret = check_node_type(mode);

	if (ret < 0)
		return ret;
	if (!(mode & S_IFMT))
		spec.mode |= S_IFREG;
	/* The 32-bit form is the beginning of the C library's. */
	if (S_ISCHR(mode) || S_ISBLK(mode))
		spec.rdev = dev;
	return create(t, dirfd, name, &spec);
}

long sys_mknod(struct task *t, uaddr_t name, umode_t mode, unsigned int dev)
{
	return sys_mknodat(t, AT_FDCWD, name, mode, dev);
}

long sys_symlinkat(struct task *t, uaddr_t target_addr, int dirfd, uaddr_t name)
{
	struct new_inode spec = {.mode = S_IFLNK | 0777};
	char *target;
	long ret = path_copy_in(t, target_addr, &target);

	if (ret < 0)
		return ret;
	spec.target = target;
	ret = *target ? create(t, dirfd, name, &spec) : -ENOENT;
	free(target);
	return ret;
}

long sys_symlink(struct task *t, uaddr_t target, uaddr_t name)
{
	return sys_symlinkat(t, target, AT_FDCWD, name);
}

/*
 * A link to a descriptor could publish a file that was passed in by somebody
 * else: only for those who could read it anyhow, or who opened it.
 */
static bool may_link_fd(struct task *t, int fd)
{
	struct file *file;
	bool own;

	if (cred_capable(t->cred, CAP_DAC_READ_SEARCH))
		return true;
	file = fd_get_any(t, fd);
	if (!file)
		return true; /* the walk says -EBADF */
	own = file->cred == t->cred;
	file_put(file);
	return own;
}

long sys_linkat(struct task *t, int old_dirfd, uaddr_t old_name, int new_dirfd,
	uaddr_t new_name, int at_flags)
{
	int place_flags = at_flags & AT_EMPTY_PATH;
	struct named named;
	struct path target;
	long ret;

	if (at_flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if ((at_flags & AT_EMPTY_PATH) && !may_link_fd(t, old_dirfd))
		return -ENOENT;
	if (!(at_flags & AT_SYMLINK_FOLLOW))
		place_flags |= AT_SYMLINK_NOFOLLOW;
	ret = named_place(t, old_dirfd, old_name, place_flags, 0, &target);
	if (ret < 0)
		return ret;
	ret = named_start(t, new_dirfd, new_name, 0, &named);
	if (ret == 0) {
		ret = vfs_link(target, &named.walk, named.name);
		named_finish(&named);
	}
	path_put(target);
	return ret;
}

long sys_link(struct task *t, uaddr_t old_name, uaddr_t new_name)
{
	return sys_linkat(t, AT_FDCWD, old_name, AT_FDCWD, new_name, 0);
}

/* ---- Removing ---------------------------------------------------------- */

long sys_unlinkat(struct task *t, int dirfd, uaddr_t name, int at_flags)
{
	struct named named;
	long ret;

	if (at_flags & ~AT_REMOVEDIR)
		return -EINVAL;
	ret = named_start(t, dirfd, name, 0, &named);
	if (ret < 0)
		return ret;
	if (at_flags & AT_REMOVEDIR)
		ret = vfs_rmdir(&named.walk, named.name);
	else
		ret = vfs_unlink(&named.walk, named.name);
	named_finish(&named);
	return ret;
}

long sys_unlink(struct task *t, uaddr_t name)
{
	return sys_unlinkat(t, AT_FDCWD, name, 0);
}

long sys_rmdir(struct task *t, uaddr_t name)
{
	return sys_unlinkat(t, AT_FDCWD, name, AT_REMOVEDIR);
}

/* ---- Moving ------------------------------------------------------------ */

long sys_renameat2(struct task *t, int old_dirfd, uaddr_t old_name,
	int new_dirfd, uaddr_t new_name, unsigned int flags)
{
	struct named from, to;
	long ret;

	if (flags & ~(unsigned int)(RENAME_NOREPLACE | RENAME_EXCHANGE |
				    RENAME_WHITEOUT))
		return -EINVAL;
	if ((flags & (RENAME_NOREPLACE | RENAME_WHITEOUT)) &&
		(flags & RENAME_EXCHANGE))
		return -EINVAL;
	ret = named_start(t, old_dirfd, old_name, 0, &from);
	if (ret < 0)
		return ret;
	ret = named_start(t, new_dirfd, new_name, 0, &to);
	if (ret == 0) {
		ret = vfs_rename(
			&from.walk, from.name, &to.walk, to.name, flags);
		named_finish(&to);
	}
	named_finish(&from);
	return ret;
}

long sys_renameat(struct task *t, int old_dirfd, uaddr_t old_name,
	int new_dirfd, uaddr_t new_name)
{
	return sys_renameat2(t, old_dirfd, old_name, new_dirfd, new_name, 0);
}

long sys_rename(struct task *t, uaddr_t old_name, uaddr_t new_name)
{
	return sys_renameat2(t, AT_FDCWD, old_name, AT_FDCWD, new_name, 0);
}
