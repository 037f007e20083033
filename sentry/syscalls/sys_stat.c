/*
 * What is known about a file: the stat family, access, statfs, readlink.
 */
#include "sentry/syscalls/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <linux/stat.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/checked.h"
#include "sentry/kernel/fdtable.h"
#include "sentry/kernel/fsctx.h"
#include "sentry/syscalls/files.h"

/* The guest's struct stat is that of the host's C library. */
_Static_assert(sizeof(struct stat) == 144, "struct stat of x86-64");

/* ---- stat -------------------------------------------------------------- */

static void fill_stat(const struct inode *inode, struct stat *st)
{
	const struct attr *attr = &inode->attr;

	memset(st, 0, sizeof(*st));
	st->st_dev = inode->fs->dev;
	st->st_ino = attr->ino;
	st->st_mode = attr->mode;
	st->st_nlink = attr->nlink;
	st->st_uid = attr->uid;
	st->st_gid = attr->gid;
	st->st_rdev = attr->rdev;
	st->st_size = (off_t)attr->size;
	st->st_blksize = (blksize_t)attr->blksize;
	st->st_blocks = (blkcnt_t)attr->blocks;
	st->st_atim = attr->atime;
	st->st_mtim = attr->mtime;
	st->st_ctim = attr->ctime;
}

static long stat_inode(struct task *t, struct inode *inode, uaddr_t out)
{
	struct stat st;
	int ret = inode_getattr(inode);

	if (ret < 0)
		return ret;
	fill_stat(inode, &st);
	return put_user(t->mm, out, &st);
}

static long stat_fd(struct task *t, int fd, uaddr_t out)
{
	struct file *file = fd_get_any(t, fd);
	long ret;

	if (!file)
		return -EBADF;
	ret = stat_inode(t, file->inode, out);
	file_put(file);
	return ret;
}

static long stat_name(
	struct task *t, int dirfd, uaddr_t name, int at_flags, uaddr_t out)
{
	struct path path;
	long ret = named_place(t, dirfd, name, at_flags, 0, &path);

	if (ret < 0)
		return ret;
	ret = stat_inode(t, path.dentry->inode, out);
	path_put(path);
	return ret;
}

long sys_stat(struct task *t, uaddr_t name, uaddr_t out)
{
	return stat_name(t, AT_FDCWD, name, 0, out);
}

long sys_lstat(struct task *t, uaddr_t name, uaddr_t out)
{
	return stat_name(t, AT_FDCWD, name, AT_SYMLINK_NOFOLLOW, out);
}

long sys_fstat(struct task *t, int fd, uaddr_t out)
{
	return stat_fd(t, fd, out);
}

/* fstat(3) of new C libraries: an empty name, which is worth a short cut. */
static bool means_fd(struct task *t, uaddr_t name, int at_flags)
{
	char first;

	if (!(at_flags & AT_EMPTY_PATH))
		return false;
	return !name || (get_user(t->mm, &first, name) == 0 && !first);
}

long sys_newfstatat(
	struct task *t, int dirfd, uaddr_t name, uaddr_t out, int at_flags)
{
	if (at_flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT))
		return -EINVAL;
	if (dirfd >= 0 && means_fd(t, name, at_flags))
		return stat_fd(t, dirfd, out);
	return stat_name(t, dirfd, name, at_flags, out);
}

/* ---- statx ------------------------------------------------------------- */

static struct statx_timestamp statx_time(struct timespec ts)
{
	return (struct statx_timestamp){
		.tv_sec = ts.tv_sec,
		.tv_nsec = (uint32_t)ts.tv_nsec,
	};
}

static void fill_statx(struct path path, struct statx *stx)
{
	const struct inode *inode = path.dentry->inode;
	const struct attr *attr = &inode->attr;

	memset(stx, 0, sizeof(*stx));
	stx->stx_mask = STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID;
	stx->stx_blksize = attr->blksize;
	stx->stx_nlink = attr->nlink;
	stx->stx_uid = attr->uid;
	stx->stx_gid = attr->gid;
	stx->stx_mode = (uint16_t)attr->mode;
	stx->stx_ino = attr->ino;
	stx->stx_size = attr->size;
	stx->stx_blocks = attr->blocks;
	stx->stx_atime = statx_time(attr->atime);
	stx->stx_btime = statx_time(attr->btime);
	stx->stx_ctime = statx_time(attr->ctime);
	stx->stx_mtime = statx_time(attr->mtime);
	stx->stx_rdev_major = major(attr->rdev);
	stx->stx_rdev_minor = minor(attr->rdev);
	stx->stx_dev_major = major(inode->fs->dev);
	stx->stx_dev_minor = minor(inode->fs->dev);
	stx->stx_attributes_mask = STATX_ATTR_MOUNT_ROOT;
	if (path.mount) {
		stx->stx_mnt_id = (uint64_t)path.mount->id;
		if (path.dentry == path.mount->root)
			stx->stx_attributes |= STATX_ATTR_MOUNT_ROOT;
	}
}

#define STATX_AT_FLAGS                                                         \
	(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH |               \
		AT_STATX_SYNC_TYPE)

long sys_statx(struct task *t, int dirfd, uaddr_t name, int at_flags,
	unsigned int mask, uaddr_t out)
{
	struct statx stx;
	struct path path;
	long ret;

	if (mask & STATX__RESERVED)
		return -EINVAL;
	if ((at_flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
		return -EINVAL;
	if (at_flags & ~STATX_AT_FLAGS)
		return -EINVAL;
	ret = named_place(t, dirfd, name, at_flags, 0, &path);
	if (ret < 0)
		return ret;
	ret = inode_getattr(path.dentry->inode);
	if (ret == 0)
		fill_statx(path, &stx);
	path_put(path);
	return ret < 0 ? ret : put_user(t->mm, out, &stx);
}

/* ---- access ------------------------------------------------------------ */

/* With the real ids, and the capabilities a program would get with them. */
static struct cred *real_cred(const struct task *t)
{
	const struct cred *cred = t->cred;
	uint64_t caps = cred->cap_effective;
	struct cred *copy;

	if (!(cred->securebits & SECBIT_NO_SETUID_FIXUP))
		caps = cred->uid == 0 ? cred->cap_permitted : 0;
	if (cred->fsuid == cred->uid && cred->fsgid == cred->gid &&
		cred->cap_effective == caps)
		return cred_get(t->cred);
	copy = cred_copy(cred);
	if (!copy)
		return NULL;
	copy->fsuid = cred->uid;
	copy->fsgid = cred->gid;
	copy->cap_effective = caps;
	return copy;
}

static int access_place(struct path path, const struct cred *cred, int want)
{
	struct inode *inode = path.dentry->inode;
	mode_t mode = inode->attr.mode;
	bool special = S_ISCHR(mode) || S_ISBLK(mode) || S_ISFIFO(mode) ||
		       S_ISSOCK(mode);
	int ret;

	if ((want & X_OK) && S_ISREG(mode) && (path.mount->flags & MNT_NOEXEC))
		return -EACCES;
	if ((want & W_OK) && !special && inode->fs->read_only)
		return -EROFS;
	ret = want ? inode_permission(inode, cred, (unsigned int)want) : 0;
	if (ret == 0 && (want & W_OK) && !special)
		ret = mount_want_write(path.mount);
	return ret;
}

#define FACCESS_AT_FLAGS (AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)

long sys_faccessat2(
	struct task *t, int dirfd, uaddr_t name, int want, int at_flags)
{
	unsigned int walk_flags = WALK_FOLLOW;
	struct named named;
	struct path path;
	struct cred *cred;
	long ret;

	if (want & ~(R_OK | W_OK | X_OK))
		return -EINVAL;
	if (at_flags & ~FACCESS_AT_FLAGS)
		return -EINVAL;
	if (at_flags & AT_SYMLINK_NOFOLLOW)
		walk_flags = 0;
	if (at_flags & AT_EMPTY_PATH)
		walk_flags |= WALK_EMPTY;
	cred = at_flags & AT_EACCESS ? cred_get(t->cred) : real_cred(t);
	if (!cred)
		return -ENOMEM;
	ret = named_start(t, dirfd, name, at_flags, &named);
	if (ret < 0)
		goto put_cred;
	named.walk.cred = cred;
	ret = vfs_walk(&named.walk, named.name, walk_flags, &path);
	if (ret == 0) {
		ret = access_place(path, cred, want);
		path_put(path);
	}
	named_finish(&named);
put_cred:
	cred_put(cred);
	return ret;
}

long sys_faccessat(struct task *t, int dirfd, uaddr_t name, int want)
{
	return sys_faccessat2(t, dirfd, name, want, 0);
}

long sys_access(struct task *t, uaddr_t name, int want)
{
	return sys_faccessat2(t, AT_FDCWD, name, want, 0);
}

/* ---- readlink ---------------------------------------------------------- */

static long read_link(
	struct task *t, struct path path, bool empty, uaddr_t buf, int size)
{
	struct inode *inode = path.dentry->inode;
	char text[VFS_PATH_MAX];
	ssize_t got;

	if (!S_ISLNK(inode->attr.mode) || !inode->ops->readlink)
		return empty ? -ENOENT : -EINVAL;
	got = inode->ops->readlink(
		inode, text, MIN((size_t)size, sizeof(text)));
	if (got < 0)
		return got;
	return copy_out(t->mm, buf, text, (size_t)got) < 0 ? -EFAULT : got;
}

long sys_readlinkat(
	struct task *t, int dirfd, uaddr_t name, uaddr_t buf, int size)
{
	struct named named;
	struct path path;
	long ret;

	if (size <= 0)
		return -EINVAL;
	/* Only a real pointer to an empty name means the descriptor. */
	ret = name ? named_start(t, dirfd, name, AT_EMPTY_PATH, &named)
		   : -EFAULT;
	if (ret < 0)
		return ret;
	if (!*named.name && dirfd == AT_FDCWD) {
		named_finish(&named);
		return -ENOENT;
	}
	ret = vfs_walk(&named.walk, named.name, WALK_EMPTY, &path);
	if (ret == 0) {
		ret = read_link(t, path, !*named.name, buf, size);
		path_put(path);
	}
	named_finish(&named);
	return ret;
}

long sys_readlink(struct task *t, uaddr_t name, uaddr_t buf, int size)
{
	return sys_readlinkat(t, AT_FDCWD, name, buf, size);
}

/* ---- statfs ------------------------------------------------------------ */

/* Bits of f_flags: those of statvfs(3), and that they are valid. */
#define ST_VALID_ABI 0x20

static long statfs_mount_flags(const struct mount *mount)
{
	static const struct {
		unsigned int mnt;
		long st;
	} flags[] = {
		{MNT_READONLY, 0x1},
		{MNT_NOSUID, 0x2},
		{MNT_NODEV, 0x4},
		{MNT_NOEXEC, 0x8},
		{MNT_NOATIME, 0x400},
	};
	long out = ST_VALID_ABI;

	for (size_t i = 0; mount && i < ARRAY_SIZE(flags); i++) {
		if (mount->flags & flags[i].mnt)
			out |= flags[i].st;
	}
	return out;
}

#define ANON_MAGIC 0x09041934
#define PIPE_MAGIC 0x50495045
#define SOCK_MAGIC 0x534f434b

/* Linux has a filesystem for each kind of what has no name; we have one. */
static uint64_t type_of_nameless(const struct inode *inode)
{
	if (S_ISFIFO(inode->attr.mode))
		return PIPE_MAGIC;
	if (S_ISSOCK(inode->attr.mode))
		return SOCK_MAGIC;
	return ANON_MAGIC;
}

static long statfs_place(struct task *t, struct path path, uaddr_t out)
{
	struct fs *fs = path.dentry->inode->fs;
	struct fs_statfs in = {0};
	struct statfs st;
	int ret;

	if (!fs->ops->statfs)
		return -ENOSYS;
	ret = fs->ops->statfs(fs, &in);
	if (ret < 0)
		return ret;
	if (in.type == ANON_MAGIC)
		in.type = type_of_nameless(path.dentry->inode);
	memset(&st, 0, sizeof(st));
	st.f_type = (__fsword_t)in.type;
	st.f_bsize = (__fsword_t)in.bsize;
	st.f_blocks = in.blocks;
	st.f_bfree = in.bfree;
	st.f_bavail = in.bavail;
	st.f_files = in.files;
	st.f_ffree = in.ffree;
	memcpy(&st.f_fsid, &fs->dev, sizeof(st.f_fsid));
	st.f_namelen = (__fsword_t)in.namelen;
	st.f_frsize = (__fsword_t)in.bsize;
	st.f_flags = statfs_mount_flags(path.mount);
	if (fs->read_only)
		st.f_flags |= 1;
	return put_user(t->mm, out, &st);
}

long sys_statfs(struct task *t, uaddr_t name, uaddr_t out)
{
	struct path path;
	long ret = named_place(t, AT_FDCWD, name, 0, 0, &path);

	if (ret < 0)
		return ret;
	ret = statfs_place(t, path, out);
	path_put(path);
	return ret;
}

long sys_fstatfs(struct task *t, int fd, uaddr_t out)
{
	struct file *file = fd_get_any(t, fd);
	long ret;

	if (!file)
		return -EBADF;
	ret = statfs_place(t, file->path, out);
	file_put(file);
	return ret;
}
