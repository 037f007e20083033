/*
 * open(2), openat(2), openat2(2), creat(2).
 *
 * Flags are checked here as Linux does before it looks at the name; the walk,
 * permissions and the opening are vfs_open()'s. A FIFO is opened at once, and
 * the call then waits with the file in hand for the other side.
 */
#include "sentry/syscalls/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "sentry/fs/anon/pipe.h"
#include "sentry/kernel/fdtable.h"
#include "sentry/kernel/fsctx.h"
#include "sentry/syscalls/files.h"

#define OPEN_FLAGS                                                             \
	((uint64_t)(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC |        \
		    O_APPEND | O_NONBLOCK | O_SYNC | O_DSYNC | O_ASYNC |       \
		    O_DIRECT | ABI_O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW |    \
		    O_NOATIME | O_CLOEXEC | O_PATH | O_TMPFILE))
#define PATH_FLAGS ((uint64_t)(O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC))
#define RESOLVE_FLAGS                                                          \
	(RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS |       \
		RESOLVE_BENEATH | RESOLVE_IN_ROOT | RESOLVE_CACHED)
#define OPEN_HOW_SIZE_FIRST 24
#define STRUCT_SIZE_LIMIT   4096

static bool creates(uint64_t flags)
{
	return flags & (O_CREAT | ABI_O_TMPFILE);
}

/* What open(2) and openat(2) forgive, so that the checks are openat2's. */
static struct open_how old_open(int flags, umode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)flags & OPEN_FLAGS,
		.mode = mode & 07777,
	};

	if (how.flags & O_PATH)
		how.flags &= PATH_FLAGS;
	if (!creates(how.flags))
		how.mode = 0;
	return how;
}

static int check_tmpfile(uint64_t flags)
{
	if (!(flags & ABI_O_TMPFILE))
		return (flags & O_DIRECTORY) && (flags & O_CREAT) ? -EINVAL : 0;
	if (!(flags & O_DIRECTORY) || (flags & O_CREAT))
		return -EINVAL;
	return (flags & O_ACCMODE) == O_RDONLY ? -EINVAL : 0;
}

static int check_how(const struct open_how *how)
{
	uint64_t flags = how->flags;
	int ret;

	if (flags & ~OPEN_FLAGS)
		return -EINVAL;
	if (how->resolve & ~(uint64_t)RESOLVE_FLAGS)
		return -EINVAL;
	if ((how->resolve & RESOLVE_BENEATH) &&
		(how->resolve & RESOLVE_IN_ROOT))
		return -EINVAL;
	if (creates(flags) ? how->mode & ~(uint64_t)07777 : how->mode)
		return -EINVAL;
	ret = check_tmpfile(flags);
	if (ret < 0)
		return ret;
	if ((flags & O_PATH) && (flags & ~PATH_FLAGS))
		return -EINVAL;
	/* Everything we know is in the cache or one message away. */
	if ((how->resolve & RESOLVE_CACHED) &&
		(creates(flags) || (flags & O_TRUNC)))
		return -EAGAIN;
	return 0;
}

/* Waits for the other side of a FIFO, or gives the file its number. */
static long finish_open(struct task *t, struct file *file, uint64_t flags)
{
	struct waitq *q;
	long ret;

	if (fifo_open_waits(file, &q)) {
		ret = call_wait_file(t, file, q, 0, -ERESTARTSYS);
		file_put(file);
		return ret;
	}
	return fd_install(t, file, flags & O_CLOEXEC);
}

/* As named_start(), but what confines a walk starts at dirfd always. */
static int open_start(struct task *t, int dirfd, uaddr_t name, uint64_t resolve,
	struct named *out)
{
	int ret = named_start(t, dirfd, name, 0, out);

	if (ret < 0)
		return ret;
	out->walk.resolve = (unsigned int)resolve;
	if (*out->name != '/' ||
		!(resolve & (RESOLVE_IN_ROOT | RESOLVE_BENEATH)))
		return 0;
	walk_finish(&out->walk);
	ret = walk_start(t, dirfd, ".", &out->walk);
	if (ret < 0)
		free(out->name);
	out->walk.resolve = (unsigned int)resolve;
	return ret;
}

static long do_open(struct task *t, int dirfd, uaddr_t name_addr,
	const struct open_how *how)
{
	int flags = (int)how->flags;
	struct file *file = call_kept_file(t);
	struct named named;
	long ret;

	if (file)
		return finish_open(t, file, how->flags);
	ret = check_how(how);
	if (ret < 0)
		return ret;
	ret = open_start(t, dirfd, name_addr, how->resolve, &named);
	if (ret < 0)
		return ret;
	ret = fd_reserve(t, 0);
	if (ret < 0)
		goto finish;
	/* Only looked at: is there a number to be had at all? */
	fd_cancel(t, (int)ret);
	if (!(flags & O_PATH))
		flags |= ABI_O_LARGEFILE;
	ret = vfs_open(&named.walk, named.name, flags,
		(mode_t)how->mode & ~t->fs->umask, &file);
	if (ret == 0)
		ret = finish_open(t, file, how->flags);
finish:
	named_finish(&named);
	return ret;
}

long sys_openat(
	struct task *t, int dirfd, uaddr_t name, int flags, umode_t mode)
{
	struct open_how how = old_open(flags, mode);

	return do_open(t, dirfd, name, &how);
}

long sys_open(struct task *t, uaddr_t name, int flags, umode_t mode)
{
	return sys_openat(t, AT_FDCWD, name, flags, mode);
}

long sys_creat(struct task *t, uaddr_t name, umode_t mode)
{
	return sys_openat(
		t, AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

long sys_openat2(
	struct task *t, int dirfd, uaddr_t name, uaddr_t how_addr, size_t size)
{
	struct open_how how;
	int ret;

	if (size < OPEN_HOW_SIZE_FIRST)
		return -EINVAL;
	if (size > STRUCT_SIZE_LIMIT)
		return -E2BIG;
	ret = struct_in(t, &how, sizeof(how), how_addr, size);
	if (ret < 0)
		return ret;
	return do_open(t, dirfd, name, &how);
}
