/* Trees of generated files. */
#include "sentry/fs/pseudo.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/checked.h"
#include "lib/hash.h"

#define STORE_MAX      4096
#define DYNAMIC_COOKIE (INT64_C(1) << 32)

/* ---- Text -------------------------------------------------------------- */

static bool output_reserve(struct output *out, size_t more)
{
	size_t space = out->space ? out->space : 1024;
	char *bigger;

	if (out->failed || more > PSEUDO_TEXT_MAX - out->size) {
		out->failed = true;
		return false;
	}
	while (space - out->size < more)
		space *= 2;
	if (space == out->space)
		return true;
	bigger = realloc(out->buf, space);
	if (!bigger) {
		out->failed = true;
		return false;
	}
	out->buf = bigger;
	out->space = space;
	return true;
}

void output_add(struct output *out, const void *bytes, size_t size)
{
	if (!output_reserve(out, size))
		return;
	memcpy(out->buf + out->size, bytes, size);
	out->size += size;
}

void output_printf(struct output *out, const char *format, ...)
{
	va_list ap;
	int need;

	va_start(ap, format);
	need = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (need < 0 || !output_reserve(out, (size_t)need + 1))
		return;
	va_start(ap, format);
	vsnprintf(out->buf + out->size, (size_t)need + 1, format, ap);
	va_end(ap);
	out->size += (size_t)need;
}

static bool is_set(const uint64_t *bits, size_t i)
{
	return bits[i / 64] >> (i % 64) & 1;
}

void output_ranges(struct output *out, const uint64_t *bits, size_t count)
{
	const char *comma = "";

	for (size_t i = 0; i < count; i++) {
		size_t first = i;

		if (!is_set(bits, i))
			continue;
		while (i + 1 < count && is_set(bits, i + 1))
			i++;
		output_printf(out, "%s%zu", comma, first);
		if (i > first)
			output_printf(out, "-%zu", i);
		comma = ",";
	}
}

void output_finish(struct output *out)
{
	free(out->buf);
	*out = (struct output){0};
}

/* ---- Files ------------------------------------------------------------- */

static int generate(struct file *file)
{
	struct pseudo_inode *pi = pseudo_of(file->inode);
	struct output *out = file->priv;
	int ret;

	out->size = 0;
	out->failed = false;
	ret = pi->entry->show(pi, out);
	return ret < 0 ? ret : out->failed ? -ENOMEM : 0;
}

static ssize_t pseudo_read(struct file *file, struct uio *uio, off_t *off)
{
	struct output *out = file->priv;
	size_t part, moved;
	int ret;

	if (!pseudo_of(file->inode)->entry->show)
		return -EINVAL;
	if (*off == 0 || !out->buf) {
		ret = generate(file);
		if (ret < 0)
			return ret;
	}
	if (*off < 0 || (uint64_t)*off >= out->size)
		return 0;
	part = MIN(uio->left, out->size - (size_t)*off);
	moved = uio_copy_out(uio, out->buf + *off, part);
	*off += (off_t)moved;
	return moved || !part ? (ssize_t)moved : -EFAULT;
}

static ssize_t pseudo_write(struct file *file, struct uio *uio, off_t *off)
{
	struct pseudo_inode *pi = pseudo_of(file->inode);
	char buf[STORE_MAX + 1];
	size_t size = MIN(uio->left, (size_t)STORE_MAX);
	ssize_t ret;

	if (!pi->entry->store)
		return -EINVAL;
	if (uio_copy_in(uio, buf, size) != size)
		return -EFAULT;
	buf[size] = 0;
	ret = pi->entry->store(pi, buf, size);
	if (ret > 0)
		*off += ret;
	return ret;
}

static void pseudo_release(struct file *file)
{
	struct output *out = file->priv;

	if (out)
		output_finish(out);
	free(out);
}

static const struct file_ops pseudo_fops = {
	.read = pseudo_read,
	.write = pseudo_write,
	.release = pseudo_release,
};

static int pseudo_open(struct inode *inode, struct file *file)
{
	const struct pseudo_entry *entry = pseudo_of(inode)->entry;

	if (S_ISDIR(entry->mode) || entry->fops)
		return 0;
	file->priv = calloc(1, sizeof(struct output));
	return file->priv ? 0 : -ENOMEM;
}

/* ---- Inodes ------------------------------------------------------------ */

static const struct inode_ops pseudo_iops;
static const struct inode_ops pseudo_magic_iops;
static const struct file_ops folder_fops;

static const struct pseudo_fs_ops *ops_of(const struct inode *inode)
{
	return container_of(inode->fs->ops, const struct pseudo_fs_ops, fs);
}

static uint64_t number_of(
	const struct pseudo_entry *entry, const int64_t key[2])
{
	uint64_t words[3] = {
		(uintptr_t)entry, (uint64_t)key[0], (uint64_t)key[1]};

	return (uint64_t)hash_bytes(words, sizeof(words), 1) << 20 |
	       (hash_bytes(words, sizeof(words), 2) & 0xfffff);
}

static int pseudo_getattr(struct inode *inode)
{
	struct pseudo_inode *pi = pseudo_of(inode);
	const struct pseudo_fs_ops *ops = ops_of(inode);

	if (ops->alive && !ops->alive(pi))
		return -ENOENT;
	if (ops->getattr)
		ops->getattr(pi);
	return 0;
}

static struct inode *new_inode(
	struct fs *fs, const struct pseudo_entry *entry, const int64_t key[2])
{
	struct pseudo_inode *pi = alloc_zero(pi);
	struct inode *inode;

	if (!pi)
		return NULL;
	inode = &pi->inode;
	inode_init(inode, fs, entry->follow ? &pseudo_magic_iops : &pseudo_iops,
		S_ISDIR(entry->mode) ? &folder_fops
		: entry->fops        ? entry->fops
				     : &pseudo_fops);
	pi->entry = entry;
	memcpy(pi->key, key, sizeof(pi->key));
	inode->attr.ino = number_of(entry, key);
	inode->attr.mode = entry->mode;
	inode->attr.nlink = S_ISDIR(entry->mode) ? 2 : 1;
	inode->attr.blksize = 1024;
	inode->attr.atime = inode->attr.mtime = inode->attr.ctime =
		inode->attr.btime = vfs_now();
	pseudo_getattr(inode);
	return inode;
}

static int find_entry(struct pseudo_inode *dir, const char *name,
	const struct pseudo_entry **entry, int64_t key[2])
{
	const struct pseudo_folder *folder = dir->entry->folder;

	memcpy(key, dir->key, sizeof(dir->key));
	for (size_t i = 0; i < folder->count; i++) {
		if (strcmp(folder->entries[i].name, name) != 0)
			continue;
		*entry = &folder->entries[i];
		return 0;
	}
	return folder->lookup ? folder->lookup(dir, name, entry, key) : -ENOENT;
}

static int pseudo_lookup(
	struct inode *dir, const struct name *name, struct inode **out)
{
	const struct pseudo_entry *entry;
	int64_t key[2];
	int ret;

	if (ops_of(dir)->alive && !ops_of(dir)->alive(pseudo_of(dir)))
		return -ENOENT;
	ret = find_entry(pseudo_of(dir), name->text, &entry, key);
	if (ret < 0)
		return ret;
	*out = new_inode(dir->fs, entry, key);
	return *out ? 0 : -ENOMEM;
}

static bool pseudo_revalidate(
	struct inode *dir, const struct name *name, struct inode *inode)
{
	const struct pseudo_entry *entry;
	struct pseudo_inode *pi;
	int64_t key[2];

	if (!inode)
		return find_entry(pseudo_of(dir), name->text, &entry, key) ==
		       -ENOENT;
	pi = pseudo_of(inode);
	if (ops_of(inode)->alive && !ops_of(inode)->alive(pi))
		return false;
	return find_entry(pseudo_of(dir), name->text, &entry, key) == 0 &&
	       entry == pi->entry && memcmp(key, pi->key, sizeof(key)) == 0;
}

static ssize_t pseudo_readlink(struct inode *inode, char *buf, size_t size)
{
	struct pseudo_inode *pi = pseudo_of(inode);

	return pi->entry->readlink ? pi->entry->readlink(pi, buf, size)
				   : -EINVAL;
}

static int pseudo_follow(struct inode *inode, struct path *out)
{
	struct pseudo_inode *pi = pseudo_of(inode);

	return pi->entry->follow ? pi->entry->follow(pi, out) : -EINVAL;
}

static int pseudo_setattr(
	struct inode *inode, const struct attr *attr, unsigned int mask)
{
	/* O_TRUNC and truncate() mean nothing here and are no error. */
	return mask & ~(ATTR_SIZE | ATTR_MTIME | ATTR_CTIME | ATTR_ATIME |
			      ATTR_OPEN | ATTR_TIMES_NOW)
		       ? -EPERM
		       : 0;
}

/* ---- Folders ----------------------------------------------------------- */

static bool emit_fixed(struct pseudo_inode *dir, struct dir_context *ctx)
{
	const struct pseudo_folder *folder = dir->entry->folder;

	while (ctx->pos - 2 < (off_t)folder->count) {
		const struct pseudo_entry *entry =
			&folder->entries[ctx->pos - 2];

		if (!ctx->emit(ctx, entry->name, strlen(entry->name),
			    number_of(entry, dir->key), IFTODT(entry->mode),
			    ctx->pos + 1))
			return false;
		ctx->pos++;
	}
	return true;
}

static void emit_dynamic(struct pseudo_inode *dir, struct dir_context *ctx)
{
	const struct pseudo_folder *folder = dir->entry->folder;
	const struct pseudo_entry *entry;
	int64_t cursor = ctx->pos - DYNAMIC_COOKIE;
	char name[32];

	while (folder->next(dir, &cursor, name, &entry)) {
		const int64_t key[2] = {dir->key[0], cursor};

		if (!ctx->emit(ctx, name, strlen(name), number_of(entry, key),
			    IFTODT(entry->mode), DYNAMIC_COOKIE + cursor))
			return;
		ctx->pos = DYNAMIC_COOKIE + cursor;
	}
}

static bool emit_dots(struct file *file, struct dir_context *ctx)
{
	static const char *const dots[] = {".", ".."};

	while (ctx->pos < 2) {
		const struct dentry *dentry =
			ctx->pos && file->path.dentry
				? file->path.dentry->parent
				: file->path.dentry;
		uint64_t ino = dentry && dentry->inode ? dentry->inode->attr.ino
						       : file->inode->attr.ino;

		if (!ctx->emit(ctx, dots[ctx->pos], (size_t)ctx->pos + 1, ino,
			    DT_DIR, ctx->pos + 1))
			return false;
		ctx->pos++;
	}
	return true;
}

static int folder_iterate(struct file *file, struct dir_context *ctx)
{
	struct pseudo_inode *dir = pseudo_of(file->inode);

	if (ops_of(file->inode)->alive && !ops_of(file->inode)->alive(dir))
		return -ENOENT;
	if (!emit_dots(file, ctx))
		return 0;
	if (ctx->pos < DYNAMIC_COOKIE) {
		if (!emit_fixed(dir, ctx))
			return 0;
		ctx->pos = DYNAMIC_COOKIE;
	}
	if (dir->entry->folder->next)
		emit_dynamic(dir, ctx);
	return 0;
}

static const struct file_ops folder_fops = {
	.iterate = folder_iterate,
};

static const struct inode_ops pseudo_iops = {
	.lookup = pseudo_lookup,
	.readlink = pseudo_readlink,
	.getattr = pseudo_getattr,
	.setattr = pseudo_setattr,
	.open = pseudo_open,
};

static const struct inode_ops pseudo_magic_iops = {
	.readlink = pseudo_readlink,
	.follow = pseudo_follow,
	.getattr = pseudo_getattr,
	.setattr = pseudo_setattr,
};

/* ---- Instances --------------------------------------------------------- */

static void pseudo_inode_free(struct inode *inode)
{
	free(pseudo_of(inode));
}

static void pseudo_destroy(struct fs *fs)
{
	free(fs);
}

static int pseudo_statfs(struct fs *fs, struct fs_statfs *out)
{
	out->bsize = 4096;
	out->namelen = VFS_NAME_MAX;
	return 0;
}

int pseudo_fs_new(struct pseudo_fs_ops *ops, const char *source,
	const struct pseudo_entry *root, struct fs **out)
{
	const int64_t key[2] = {0, 0};
	struct inode *inode;
	struct fs *fs;
	int ret;

	ops->fs.inode_free = pseudo_inode_free;
	ops->fs.destroy = pseudo_destroy;
	ops->fs.volatile_names = true;
	ops->fs.revalidate = pseudo_revalidate;
	if (!ops->fs.statfs)
		ops->fs.statfs = pseudo_statfs;
	fs = alloc_zero(fs);
	if (!fs)
		return -ENOMEM;
	fs_init(fs, &ops->fs, source);
	inode = new_inode(fs, root, key);
	ret = inode ? fs_set_root(fs, inode) : -ENOMEM;
	if (ret < 0) {
		fs_put(fs);
		return ret;
	}
	*out = fs;
	return 0;
}
