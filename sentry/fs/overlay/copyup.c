/*
 * Copying up: the first change to something below makes a copy above.
 *
 * A regular file is filled while it has no name and then linked to its place,
 * so that a copy that fails leaves nothing. Folders above it come first.
 * A file with several names below is copied for one of them; the others find
 * the copy by the lower inode (ovl_inode_linked()) and get their links above
 * when they are taken away.
 */
#include "sentry/fs/overlay/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/checked.h"

#define PAGE 4096u

static char buffer[64 * 1024]; /* under the kernel lock */

/* ---- Data -------------------------------------------------------------- */

static bool is_zero(const char *p, size_t size)
{
	return p[0] == 0 && memcmp(p, p + 1, size - 1) == 0;
}

/* Writes a buffer but for its pages of zeros: holes stay holes. */
static int write_pages(struct file *to, const char *p, size_t size, off_t off)
{
	struct uio uio;
	size_t step;
	ssize_t n;

	for (; size; p += step, off += (off_t)step, size -= step) {
		step = MIN(size, (size_t)PAGE);
		if (is_zero(p, step))
			continue;
		/* As much in one piece as has something in it. */
		while (step < size &&
			!is_zero(p + step, MIN(size - step, (size_t)PAGE)))
			step += MIN(size - step, (size_t)PAGE);
		uio_init_kernel(&uio, (void *)(uintptr_t)p, step);
		n = file_write(to, &uio, &(off_t){off});
		if (n != (ssize_t)step)
			return n < 0 ? (int)n : -ENOSPC;
	}
	return 0;
}

static int copy_bytes(struct file *from, struct file *to, uint64_t size)
{
	uint64_t off = 0;
	off_t data;
	ssize_t n;
	int err;

	while (off < size) {
		/* A hole may be larger than we have time for. */
		data = file_seek(from, (off_t)off, SEEK_DATA);
		if (data == -ENXIO)
			break;
		if (data > (off_t)off)
			off = (uint64_t)data;
		if (off >= size)
			break;
		n = file_read_kernel(from, buffer,
			(size_t)MIN(size - off, (uint64_t)sizeof(buffer)),
			(off_t)off);
		if (n <= 0)
			return (int)n;
		err = write_pages(to, buffer, (size_t)n, (off_t)off);
		if (err)
			return err;
		off += (uint64_t)n;
	}
	return 0;
}

/* Not half copied only to find that it does not fit. */
static int check_room(
	const struct inode *lower, struct inode *upper, uint64_t size)
{
	uint64_t need = MIN(lower->attr.blocks, size / 512 + 1) * 512;
	struct fs_statfs st;
	int err = upper->fs->ops->statfs(upper->fs, &st);

	if (err)
		return err;
	return need / st.bsize > st.bavail ? -ENOSPC : 0;
}

static int copy_data(struct inode *lower, struct inode *upper, uint64_t limit)
{
	struct attr attr = {.size = MIN(lower->attr.size, limit)};
	struct file *from, *to;
	int err;

	if (attr.size == 0)
		return 0;
	err = check_room(lower, upper, attr.size);
	if (err)
		return err;
	err = file_open_inode(lower, O_RDONLY | O_NOATIME, &from);
	if (err)
		return err;
	err = file_open_inode(upper, O_WRONLY, &to);
	if (!err) {
		/* The size first: the file goes where it will stay. */
		err = upper->ops->setattr(upper, &attr, ATTR_SIZE);
		if (!err)
			err = copy_bytes(from, to, attr.size);
		file_put(to);
	}
	file_put(from);
	return err;
}

/* ---- Attributes -------------------------------------------------------- */

static int copy_xattr(
	struct inode *lower, struct inode *upper, const char *name)
{
	ssize_t n;
	char *value;
	int err;

	if (strncmp(name, OVL_PREFIX, strlen(OVL_PREFIX)) == 0)
		return 0;
	n = lower->ops->getxattr(lower, name, NULL, 0);
	if (n < 0 || n > XATTR_SIZE_MAX)
		return 0; /* it went, or is not for us */
	value = malloc((size_t)n + 1);
	if (!value)
		return -ENOMEM;
	n = lower->ops->getxattr(lower, name, value, (size_t)n + 1);
	err = n < 0 ? 0
		    : upper->ops->setxattr(upper, name, value, (size_t)n, 0);
	free(value);
	return err;
}

static int copy_xattrs(struct inode *lower, struct inode *upper)
{
	char *list, *name;
	ssize_t n;
	int err = 0;

	if (!lower->ops->listxattr || !lower->ops->getxattr ||
		!upper->ops->setxattr)
		return 0;
	n = lower->ops->listxattr(lower, NULL, 0);
	if (n <= 0 || n > XATTR_LIST_MAX)
		return 0;
	list = malloc((size_t)n + 1);
	if (!list)
		return -ENOMEM;
	n = lower->ops->listxattr(lower, list, (size_t)n);
	if (n > 0) {
		list[n] = 0;
		for (name = list; !err && name < list + n;
			name += strlen(name) + 1)
			err = copy_xattr(lower, upper, name);
	}
	free(list);
	return err;
}

static int copy_attributes(struct ovl_inode *o, struct inode *upper)
{
	int err = copy_xattrs(o->lower, upper);

	if (!err && upper->ops->setxattr)
		err = upper->ops->setxattr(
			upper, OVL_ORIGIN, &o->ino, sizeof(o->ino), 0);
	if (!err)
		err = upper->ops->setattr(upper, &o->lower->attr,
			ATTR_ATIME | ATTR_MTIME | ATTR_CTIME);
	return err;
}

/* ---- The new inode ----------------------------------------------------- */

static int link_target(struct inode *lower, char **out)
{
	char *target = malloc(VFS_PATH_MAX);
	ssize_t n;

	if (!target)
		return -ENOMEM;
	n = lower->ops->readlink
		    ? lower->ops->readlink(lower, target, VFS_PATH_MAX - 1)
		    : -EINVAL;
	if (n < 0) {
		free(target);
		return (int)n;
	}
	target[n] = 0;
	*out = target;
	return 0;
}

static void describe(const struct inode *lower, struct new_inode *spec)
{
	memset(spec, 0, sizeof(*spec));
	spec->mode = lower->attr.mode;
	spec->uid = lower->attr.uid;
	spec->gid = lower->attr.gid;
	spec->rdev = lower->attr.rdev;
}

/* A regular file, complete but for its name. */
static int copy_nameless(struct ovl_inode *o, struct inode *dir, uint64_t size,
	struct inode **out)
{
	struct new_inode spec;
	struct inode *upper;
	int err;

	describe(o->lower, &spec);
	if (!dir->ops->tmpfile)
		return -EROFS;
	err = dir->ops->tmpfile(dir, &spec, &upper);
	if (err)
		return err;
	err = copy_data(o->lower, upper, size);
	if (!err)
		err = copy_attributes(o, upper);
	if (err) {
		inode_put(upper);
		return err;
	}
	*out = upper;
	return 0;
}

static int copy_regular(struct ovl_inode *o, struct inode *dir,
	const struct name *name, uint64_t size, struct inode **out)
{
	struct inode *upper;
	int err;

	err = copy_nameless(o, dir, size, &upper);
	if (err)
		return err;
	err = dir->ops->link(dir, name, upper);
	if (!err) {
		/* link() is a change of the inode, copying up is none. */
		upper->ops->setattr(upper, &o->lower->attr, ATTR_CTIME);
		*out = upper;
	} else {
		inode_put(upper);
	}
	return err;
}

static int copy_other(struct ovl_inode *o, struct inode *dir,
	const struct name *name, struct inode **out)
{
	struct new_inode spec;
	struct inode *upper;
	char *target = NULL;
	int err = 0;

	describe(o->lower, &spec);
	if (S_ISLNK(spec.mode))
		err = link_target(o->lower, &target);
	if (err)
		return err;
	spec.target = target;
	err = dir->ops->create(dir, name, &spec, &upper);
	free(target);
	if (err)
		return err;
	err = copy_attributes(o, upper);
	if (err) {
		if (S_ISDIR(spec.mode))
			dir->ops->rmdir(dir, name, upper);
		else
			dir->ops->unlink(dir, name, upper);
		inode_put(upper);
		return err;
	}
	*out = upper;
	return 0;
}

static int copy_to_place(struct ovl_inode *o, uint64_t size, struct inode **out)
{
	struct inode *dir = o->parent->upper;
	struct name name = {o->name, strlen(o->name)};
	struct attr times = dir->attr;
	int err;

	if (S_ISREG(o->lower->attr.mode))
		err = copy_regular(o, dir, &name, size, out);
	else
		err = copy_other(o, dir, &name, out);
	/* The folder did not change for anybody who looks. */
	dir->ops->setattr(dir, &times, ATTR_MTIME | ATTR_CTIME);
	return err;
}

/* Its folder is above already, or it has none any more. */
static int copy_one(struct ovl_inode *o, uint64_t size)
{
	struct inode *upper;
	int err = 0;

	if (o->lower->ops->getattr)
		err = o->lower->ops->getattr(o->lower);
	if (err)
		return err;
	if (!o->orphan)
		err = copy_to_place(o, size, &upper);
	else if (S_ISREG(o->lower->attr.mode))
		err = copy_nameless(
			o, ovl_of(&o->inode)->upper_root, size, &upper);
	else
		err = -ENOENT;
	if (err)
		return err;
	ovl_inode_set_upper(o, upper);
	ovl_of(&o->inode)->changes++;
	return 0;
}

/* The highest folder on the way to o, or o itself, that is not above yet. */
static struct ovl_inode *next_to_copy(struct ovl_inode *o)
{
	while (!o->orphan && !o->parent->upper)
		o = o->parent;
	return o;
}

int ovl_copy_up(struct ovl_inode *o, uint64_t size)
{
	struct ovl_inode *next;
	int err = 0;

	while (!err && !o->upper) {
		next = next_to_copy(o);
		err = copy_one(next, next == o ? size : UINT64_MAX);
	}
	return err;
}
