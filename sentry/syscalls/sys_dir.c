/*
 * Folders: reading them, and the current one of a task.
 */
#include "sentry/syscalls/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "lib/checked.h"
#include "sentry/kernel/fdtable.h"
#include "sentry/kernel/fsctx.h"
#include "sentry/syscalls/files.h"
#include "sentry/vfs/inotify.h"

/* ---- getdents ---------------------------------------------------------- */

/* struct linux_dirent64, without the name. */
struct abi_dirent64 {
	uint64_t ino;
	int64_t next;
	uint16_t size;
	uint8_t type;
} __attribute__((packed));

/* struct linux_dirent: the type is the last byte of the record. */
struct abi_dirent {
	uint64_t ino;
	uint64_t next;
	uint16_t size;
} __attribute__((packed));

_Static_assert(sizeof(struct abi_dirent64) == 19, "linux_dirent64");
_Static_assert(sizeof(struct abi_dirent) == 18, "linux_dirent");

struct dents {
	struct dir_context ctx;
	bool old; /* getdents(2) */
	size_t limit;
	size_t used;
	bool too_small; /* not even the first one fits */
};

/* Used within one call only; the kernel lock guards it. */
static char dents_buf[32768];

static size_t record_size(const struct dents *d, size_t name_size)
{
	/* A NUL after the name, and in the old form the type. */
	size_t size = d->old ? sizeof(struct abi_dirent) + name_size + 2
			     : sizeof(struct abi_dirent64) + name_size + 1;

	return (size + 7) & ~(size_t)7;
}

static bool emit(struct dir_context *ctx, const char *name, size_t size,
	uint64_t ino, unsigned char type, off_t next)
{
	struct dents *d = container_of(ctx, struct dents, ctx);
	size_t total = record_size(d, size);
	char *at = dents_buf + d->used;

	if (total > d->limit - d->used) {
		d->too_small = d->used == 0;
		return false;
	}
	memset(at, 0, total);
	if (d->old) {
		struct abi_dirent head = {ino, (uint64_t)next, (uint16_t)total};

		memcpy(at, &head, sizeof(head));
		memcpy(at + sizeof(head), name, size);
		at[total - 1] = (char)type;
	} else {
		struct abi_dirent64 head = {ino, next, (uint16_t)total, type};

		memcpy(at, &head, sizeof(head));
		memcpy(at + sizeof(head), name, size);
	}
	d->used += total;
	return true;
}

static long read_dir(
	struct task *t, struct file *file, uaddr_t out, size_t size, bool old)
{
	struct dents d = {
		.ctx = {.emit = emit, .pos = file->pos},
		.old = old,
		.limit = MIN(size, sizeof(dents_buf)),
	};
	int ret;

	if (!file->ops->iterate)
		return -ENOTDIR;
	if (file->path.dentry->unlinked)
		return -ENOENT;
	ret = file->ops->iterate(file, &d.ctx);
	if (ret < 0 && !d.used)
		return ret;
	if (d.too_small)
		return -EINVAL;
	if (copy_out(t->mm, out, dents_buf, d.used) < 0)
		return -EFAULT;
	file->pos = d.ctx.pos;
	if (inotify_active())
		inotify_file(file, IN_ACCESS);
	return (long)d.used;
}

static long getdents(
	struct task *t, int fd, uaddr_t out, unsigned int size, bool old)
{
	struct file *file = fd_get(t, fd);
	long ret;

	if (!file)
		return -EBADF;
	ret = read_dir(t, file, out, size, old);
	file_put(file);
	return ret;
}

long sys_getdents(struct task *t, int fd, uaddr_t out, unsigned int size)
{
	return getdents(t, fd, out, size, true);
}

long sys_getdents64(struct task *t, int fd, uaddr_t out, unsigned int size)
{
	return getdents(t, fd, out, size, false);
}

/* ---- The current folder ------------------------------------------------ */

long sys_getcwd(struct task *t, uaddr_t out, size_t size)
{
	char buf[VFS_PATH_MAX];
	const char *text;
	size_t need;

	if (t->fs->cwd.dentry->unlinked)
		return -ENOENT;
	text = path_name(t->fs->cwd, t->fs->root, buf, sizeof(buf));
	if (!text)
		return -ENAMETOOLONG;
	need = strlen(text) + 1;
	if (need > size)
		return -ERANGE;
	if (copy_out(t->mm, out, text, need) < 0)
		return -EFAULT;
	return (long)need;
}

static int may_enter(struct task *t, struct path path)
{
	return inode_permission(path.dentry->inode, t->cred, MAY_EXEC);
}

long sys_chdir(struct task *t, uaddr_t name)
{
	struct path path;
	int ret = named_place(t, AT_FDCWD, name, 0, WALK_DIRECTORY, &path);

	if (ret < 0)
		return ret;
	ret = may_enter(t, path);
	if (ret == 0)
		fsctx_set_cwd(t->fs, path);
	path_put(path);
	return ret;
}

long sys_fchdir(struct task *t, int fd)
{
	struct file *file = fd_get_any(t, fd);
	int ret = -ENOTDIR;

	if (!file)
		return -EBADF;
	if (S_ISDIR(file->inode->attr.mode))
		ret = may_enter(t, file->path);
	if (ret == 0)
		fsctx_set_cwd(t->fs, file->path);
	file_put(file);
	return ret;
}

long sys_chroot(struct task *t, uaddr_t name)
{
	struct path path;
	int ret = named_place(t, AT_FDCWD, name, 0, WALK_DIRECTORY, &path);

	if (ret < 0)
		return ret;
	ret = may_enter(t, path);
	if (ret == 0 && !cred_capable(t->cred, CAP_SYS_CHROOT))
		ret = -EPERM;
	if (ret == 0)
		fsctx_set_root(t->fs, path);
	path_put(path);
	return ret;
}

long sys_umask(struct task *t, int mask)
{
	mode_t old = t->fs->umask;

	t->fs->umask = (mode_t)mask & 0777;
	return (long)old;
}
