/*
 * Extended attributes (xattr(7)).
 *
 * Each of the four operations has forms by name, by name without following a
 * last link, by descriptor and, since Linux 6.13, relative to a folder. The
 * arguments are copied in before the file is looked for, as in Linux.
 */
#include "sentry/syscalls/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <linux/xattr.h>
#include <stdlib.h>

#include "lib/checked.h"
#include "sentry/kernel/fdtable.h"
#include "sentry/syscalls/files.h"

#define XATTR_AT_FLAGS (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)

/* struct xattr_args of setxattrat(2) and getxattrat(2). */
struct abi_xattr_args {
	uint64_t value;
	uint32_t size;
	uint32_t flags;
};

/* By descriptor if name is 0 and it is an f-call, else by name. */
struct target {
	int fd;
	uaddr_t name;
	int at_flags;
	bool by_fd;
};

static int target_find(
	struct task *t, const struct target *target, struct path *out)
{
	struct file *file;

	if (!target->by_fd)
		return named_place(
			t, target->fd, target->name, target->at_flags, 0, out);
	file = fd_get(t, target->fd);
	if (!file)
		return -EBADF;
	*out = path_get(file->path);
	file_put(file);
	return 0;
}

static struct target by_name(uaddr_t name)
{
	return (struct target){.fd = AT_FDCWD, .name = name};
}

static struct target by_link(uaddr_t name)
{
	return (struct target){
		.fd = AT_FDCWD,
		.name = name,
		.at_flags = AT_SYMLINK_NOFOLLOW,
	};
}

static struct target by_fd(int fd)
{
	return (struct target){.fd = fd, .by_fd = true};
}

static struct target by_dirfd(int dirfd, uaddr_t name, int at_flags)
{
	return (struct target){.fd = dirfd, .name = name, .at_flags = at_flags};
}

/* An attribute's name: 1 to XATTR_NAME_MAX bytes. */
static int key_in(struct task *t, uaddr_t addr, char key[XATTR_NAME_MAX + 1])
{
	ssize_t size = copy_in_string(t->mm, key, addr, XATTR_NAME_MAX + 1);

	if (size == 0 || size == -ENAMETOOLONG)
		return -ERANGE;
	return size < 0 ? (int)size : 0;
}

/* ---- Setting ----------------------------------------------------------- */

static long set_value(struct task *t, const struct target *target,
	const char *key, const void *value, size_t size, int flags)
{
	struct path path;
	long ret = target_find(t, target, &path);

	if (ret < 0)
		return ret;
	ret = vfs_setxattr(path, t->cred, key, value, size, flags);
	path_put(path);
	return ret;
}

static long set(struct task *t, struct target target, uaddr_t key_addr,
	uaddr_t value_addr, size_t size, int flags)
{
	char key[XATTR_NAME_MAX + 1];
	char *value = NULL;
	long ret;

	if (flags & ~(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	ret = key_in(t, key_addr, key);
	if (ret < 0)
		return ret;
	if (size > XATTR_SIZE_MAX)
		return -E2BIG;
	if (size) {
		value = malloc(size);
		if (!value)
			return -ENOMEM;
		ret = copy_in(t->mm, value, value_addr, size);
	}
	if (ret == 0)
		ret = set_value(t, &target, key, value, size, flags);
	free(value);
	return ret;
}

long sys_setxattr(struct task *t, uaddr_t name, uaddr_t key, uaddr_t value,
	size_t size, int flags)
{
	return set(t, by_name(name), key, value, size, flags);
}

long sys_lsetxattr(struct task *t, uaddr_t name, uaddr_t key, uaddr_t value,
	size_t size, int flags)
{
	return set(t, by_link(name), key, value, size, flags);
}

long sys_fsetxattr(struct task *t, int fd, uaddr_t key, uaddr_t value,
	size_t size, int flags)
{
	return set(t, by_fd(fd), key, value, size, flags);
}

static int args_in(
	struct task *t, uaddr_t addr, size_t size, struct abi_xattr_args *args)
{
	if (size < sizeof(*args))
		return -EINVAL;
	if (size > 4096)
		return -E2BIG;
	return struct_in(t, args, sizeof(*args), addr, size);
}

long sys_setxattrat(struct task *t, int dirfd, uaddr_t name, int at_flags,
	uaddr_t key, uaddr_t args_addr, size_t args_size)
{
	struct abi_xattr_args args;
	int ret = args_in(t, args_addr, args_size, &args);

	if (ret < 0)
		return ret;
	if (at_flags & ~XATTR_AT_FLAGS)
		return -EINVAL;
	return set(t, by_dirfd(dirfd, name, at_flags), key, args.value,
		args.size, (int)args.flags);
}

/* ---- Getting ----------------------------------------------------------- */

/*
 * What get and list have in common: a buffer of the guest's size or, if it is
 * larger than any value can be, of that. key NULL: the list.
 */
static long fetch(struct task *t, const struct target *target, const char *key,
	uaddr_t out, size_t size)
{
	struct path path;
	char *buf = NULL;
	ssize_t got;

	got = target_find(t, target, &path);
	if (got < 0)
		return got;
	size = MIN(size, (size_t)XATTR_SIZE_MAX);
	if (size)
		buf = malloc(size);
	if (size && !buf)
		got = -ENOMEM;
	else if (key)
		got = vfs_getxattr(path, t->cred, key, buf, size);
	else
		got = vfs_listxattr(path, t->cred, buf, size);
	if (got > 0 && size && copy_out(t->mm, out, buf, (size_t)got) < 0)
		got = -EFAULT;
	if (got == -ERANGE && size == XATTR_SIZE_MAX)
		got = -E2BIG;
	free(buf);
	path_put(path);
	return got;
}

static long get(struct task *t, struct target target, uaddr_t key_addr,
	uaddr_t out, size_t size)
{
	char key[XATTR_NAME_MAX + 1];
	int ret = key_in(t, key_addr, key);

	return ret < 0 ? ret : fetch(t, &target, key, out, size);
}

long sys_getxattr(
	struct task *t, uaddr_t name, uaddr_t key, uaddr_t out, size_t size)
{
	return get(t, by_name(name), key, out, size);
}

long sys_lgetxattr(
	struct task *t, uaddr_t name, uaddr_t key, uaddr_t out, size_t size)
{
	return get(t, by_link(name), key, out, size);
}

long sys_fgetxattr(
	struct task *t, int fd, uaddr_t key, uaddr_t out, size_t size)
{
	return get(t, by_fd(fd), key, out, size);
}

long sys_getxattrat(struct task *t, int dirfd, uaddr_t name, int at_flags,
	uaddr_t key, uaddr_t args_addr, size_t args_size)
{
	struct abi_xattr_args args;
	int ret = args_in(t, args_addr, args_size, &args);

	if (ret < 0)
		return ret;
	if (args.flags)
		return -EINVAL;
	if (at_flags & ~XATTR_AT_FLAGS)
		return -EINVAL;
	return get(
		t, by_dirfd(dirfd, name, at_flags), key, args.value, args.size);
}

/* ---- Listing ----------------------------------------------------------- */

static long list(struct task *t, struct target target, uaddr_t out, size_t size)
{
	return fetch(t, &target, NULL, out, size);
}

long sys_listxattr(struct task *t, uaddr_t name, uaddr_t out, size_t size)
{
	return list(t, by_name(name), out, size);
}

long sys_llistxattr(struct task *t, uaddr_t name, uaddr_t out, size_t size)
{
	return list(t, by_link(name), out, size);
}

long sys_flistxattr(struct task *t, int fd, uaddr_t out, size_t size)
{
	return list(t, by_fd(fd), out, size);
}

long sys_listxattrat(struct task *t, int dirfd, uaddr_t name, int at_flags,
	uaddr_t out, size_t size)
{
	if (at_flags & ~XATTR_AT_FLAGS)
		return -EINVAL;
	return list(t, by_dirfd(dirfd, name, at_flags), out, size);
}

/* ---- Removing ---------------------------------------------------------- */

static long take_away(struct task *t, struct target target, uaddr_t key_addr)
{
	char key[XATTR_NAME_MAX + 1];
	struct path path;
	int ret = key_in(t, key_addr, key);

	if (ret < 0)
		return ret;
	ret = target_find(t, &target, &path);
	if (ret < 0)
		return ret;
	ret = vfs_removexattr(path, t->cred, key);
	path_put(path);
	return ret;
}

long sys_removexattr(struct task *t, uaddr_t name, uaddr_t key)
{
	return take_away(t, by_name(name), key);
}

long sys_lremovexattr(struct task *t, uaddr_t name, uaddr_t key)
{
	return take_away(t, by_link(name), key);
}

long sys_fremovexattr(struct task *t, int fd, uaddr_t key)
{
	return take_away(t, by_fd(fd), key);
}

long sys_removexattrat(
	struct task *t, int dirfd, uaddr_t name, int at_flags, uaddr_t key)
{
	if (at_flags & ~XATTR_AT_FLAGS)
		return -EINVAL;
	return take_away(t, by_dirfd(dirfd, name, at_flags), key);
}
