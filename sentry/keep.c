/*
 * Copying an upper layer out. See the header.
 *
 * The guest chose every name, size and depth here, and the folder is the
 * gofer's: names go through it one by one, so that nothing can lead out of
 * the folder, and the depth has a limit because the walk uses our stack.
 */
#include "sentry/keep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib/checked.h"
#include "sentry/mm/uaccess.h"
#include "sentry/vfs/vfs.h"

#define DEPTH_MAX   512
#define BATCH_NAMES 64
#define OPAQUE      "trusted.overlay.opaque"

struct keep {
	struct file *removed; /* counted */
	off_t removed_end;
	char path[PATH_MAX]; /* of the folder we are in, from the root */
	size_t path_size;
	unsigned int depth;
	int error; /* the first one */
	char *where;
	size_t where_size;
};

static char buffer[64 * 1024]; /* under the kernel lock */

static void note_error(struct keep *k, const char *name, int error)
{
	if (k->error)
		return;
	k->error = error;
	snprintf(k->where, k->where_size, "%s/%s", k->path, name);
}

/* ---- The list of what is gone ------------------------------------------ */

static int append(struct keep *k, const char *text, size_t size)
{
	struct uio uio;
	ssize_t n;

	uio_init_kernel(&uio, (void *)(uintptr_t)text, size);
	n = file_write(k->removed, &uio, &k->removed_end);
	return n == (ssize_t)size ? 0 : n < 0 ? (int)n : -ENOSPC;
}

static int append_escaped(struct keep *k, const char *text)
{
	int ret = 0;

	for (; *text && ret == 0; text++) {
		if (*text == '\n')
			ret = append(k, "\\n", 2);
		else if (*text == '\\')
			ret = append(k, "\\\\", 2);
		else
			ret = append(k, text, 1);
	}
	return ret;
}

static void list_removed(struct keep *k, const char *name, const char *end)
{
	int ret = append_escaped(k, k->path);

	if (ret == 0 && name[0])
		ret = append(k, "/", 1);
	if (ret == 0)
		ret = append_escaped(k, name);
	if (ret == 0)
		ret = append(k, end, strlen(end));
	if (ret < 0)
		note_error(k, name, ret);
}

/* ---- One file ---------------------------------------------------------- */

/* Makes name anew; what has it already goes away, unless both are folders. */
static int make(struct inode *dir, const struct name *name,
	const struct new_inode *spec, struct inode **out)
{
	struct inode *old;
	int ret = dir->ops->create(dir, name, spec, out);

	if (ret != -EEXIST)
		return ret;
	ret = dir->ops->lookup(dir, name, &old);
	if (ret < 0)
		return ret;
	if (S_ISDIR(old->attr.mode) && S_ISDIR(spec->mode)) {
		*out = old;
		return 0;
	}
	ret = S_ISDIR(old->attr.mode) ? -EISDIR
				      : dir->ops->unlink(dir, name, old);
	inode_put(old);
	return ret < 0 ? ret : dir->ops->create(dir, name, spec, out);
}

static int copy_bytes(struct file *from, struct file *to, uint64_t size)
{
	struct uio uio;
	off_t off = 0;
	ssize_t n;

	while ((uint64_t)off < size) {
		off = file_seek(from, off, SEEK_DATA);
		if (off == -ENXIO)
			return 0;
		if (off < 0)
			return (int)off;
		n = file_read_kernel(from, buffer, sizeof(buffer), off);
		if (n <= 0)
			return (int)n;
		uio_init_kernel(&uio, buffer, (size_t)n);
		if (file_write(to, &uio, &off) != n)
			return -ENOSPC;
	}
	return 0;
}

static int copy_data(struct inode *from, struct inode *to)
{
	struct attr attr = {.size = from->attr.size};
	struct file *source, *target;
	int ret;

	ret = file_open_inode(from, O_RDONLY | O_NOATIME, &source);
	if (ret < 0)
		return ret;
	ret = file_open_inode(to, O_WRONLY, &target);
	if (ret == 0) {
		ret = copy_bytes(source, target, from->attr.size);
		file_put(target);
	}
	file_put(source);
	/* A hole at the end has no data to be copied. */
	if (ret == 0)
		ret = to->ops->setattr(to, &attr, ATTR_SIZE);
	return ret;
}

static int make_link(struct inode *from, struct inode *dir,
	const struct name *name, struct new_inode *spec, struct inode **out)
{
	char target[PATH_MAX];
	ssize_t size = from->ops->readlink(from, target, sizeof(target) - 1);

	if (size < 0)
		return (int)size;
	target[size] = 0;
	spec->target = target;
	return make(dir, name, spec, out);
}

static void keep_folder(
	struct keep *k, struct inode *from, struct inode *to, const char *name);

static int keep_file(struct keep *k, struct inode *from, struct inode *dir,
	const struct name *name)
{
	struct new_inode spec = {
		.mode = from->attr.mode,
		.uid = from->attr.uid,
		.gid = from->attr.gid,
	};
	struct inode *to;
	int ret;

	if (S_ISCHR(spec.mode) || S_ISBLK(spec.mode))
		return -EPERM;
	/* Ours while we fill it; the real mode comes last. */
	if (S_ISDIR(spec.mode) || S_ISREG(spec.mode))
		spec.mode |= 0600 | (S_ISDIR(spec.mode) ? 0100 : 0);
	if (S_ISLNK(spec.mode))
		ret = make_link(from, dir, name, &spec, &to);
	else
		ret = make(dir, name, &spec, &to);
	if (ret < 0)
		return ret;
	if (S_ISDIR(spec.mode))
		keep_folder(k, from, to, name->text);
	else if (S_ISREG(spec.mode))
		ret = copy_data(from, to);
	if (ret == 0 && !S_ISLNK(spec.mode))
		ret = to->ops->setattr(
			to, &from->attr, ATTR_MODE | ATTR_ATIME | ATTR_MTIME);
	inode_put(to);
	return ret;
}

static void keep_name(
	struct keep *k, struct inode *from, struct inode *to, const char *text)
{
	struct name name = {text, strlen(text)};
	struct inode *inode;
	int ret = from->ops->lookup(from, &name, &inode);

	if (ret < 0) {
		note_error(k, text, ret);
		return;
	}
	if (S_ISCHR(inode->attr.mode) && inode->attr.rdev == 0) {
		list_removed(k, text, "\n");
	} else {
		ret = keep_file(k, inode, to, &name);
		if (ret < 0)
			note_error(k, text, ret);
	}
	inode_put(inode);
}

/* ---- Folders ----------------------------------------------------------- */

struct batch {
	struct dir_context ctx;
	unsigned int count;
	char names[BATCH_NAMES][NAME_MAX + 1];
};

static bool take_name(struct dir_context *ctx, const char *name, size_t size,
	uint64_t ino, unsigned char type, off_t next)
{
	struct batch *batch = container_of(ctx, struct batch, ctx);

	if (size == 0 || size > NAME_MAX || name[0] == 0)
		return true;
	if ((size == 1 && name[0] == '.') ||
		(size == 2 && name[0] == '.' && name[1] == '.'))
		return true;
	if (batch->count == BATCH_NAMES)
		return false;
	memcpy(batch->names[batch->count], name, size);
	batch->names[batch->count++][size] = 0;
	return true;
}

static int keep_names(struct keep *k, struct inode *from, struct inode *to)
{
	struct batch *batch = calloc(1, sizeof(*batch));
	struct file *file;
	int ret;

	if (!batch)
		return -ENOMEM;
	ret = file_open_inode(from, O_RDONLY | O_DIRECTORY | O_NOATIME, &file);
	if (ret < 0) {
		free(batch);
		return ret;
	}
	batch->ctx.emit = take_name;
	do {
		batch->count = 0;
		ret = file->ops->iterate(file, &batch->ctx);
		for (unsigned int i = 0; i < batch->count; i++)
			keep_name(k, from, to, batch->names[i]);
	} while (ret >= 0 && batch->count > 0);
	file_put(file);
	free(batch);
	return ret < 0 ? ret : 0;
}

static void keep_folder(
	struct keep *k, struct inode *from, struct inode *to, const char *name)
{
	size_t before = k->path_size;
	size_t size = strlen(name) + (name[0] != 0);
	char opaque[4];
	int ret;

	if (k->depth == DEPTH_MAX || before + size >= sizeof(k->path)) {
		note_error(k, name, -ENAMETOOLONG);
		return;
	}
	snprintf(k->path + before, sizeof(k->path) - before, "%s%s",
		name[0] ? "/" : "", name);
	k->path_size += size;
	k->depth++;
	if (name[0] && from->ops->getxattr &&
		from->ops->getxattr(from, OPAQUE, opaque, sizeof(opaque)) > 0)
		list_removed(k, "", "/\n");
	ret = keep_names(k, from, to);
	if (ret < 0)
		note_error(k, "", ret);
	k->depth--;
	k->path_size = before;
	k->path[before] = 0;
}

/* ---- The whole --------------------------------------------------------- */

static int open_list(struct inode *to, struct file **out)
{
	static const struct name name = {"removed", 7};
	struct new_inode spec = {.mode = S_IFREG | 0644};
	struct inode *inode;
	int ret = make(to, &name, &spec, &inode);

	if (ret < 0)
		return ret;
	ret = file_open_inode(inode, O_WRONLY, out);
	inode_put(inode);
	return ret;
}

int keep_upper(
	struct inode *upper, struct inode *to, char *where, size_t where_size)
{
	static const struct name name = {"upper", 5};
	struct new_inode spec = {.mode = S_IFDIR | 0755};
	static struct keep k; /* big: not on the stack */
	struct inode *root;
	int ret;

	memset(&k, 0, sizeof(k));
	k.where = where;
	k.where_size = where_size;
	snprintf(where, where_size, "its folder");
	ret = open_list(to, &k.removed);
	if (ret < 0)
		return ret;
	ret = make(to, &name, &spec, &root);
	if (ret == 0) {
		keep_folder(&k, upper, root, "");
		inode_put(root);
		ret = k.error;
	}
	file_put(k.removed);
	return ret;
}
