/*
 * tmpfs instances: options, limits and what is counted.
 *
 * Data are counted in pages against the instance's size and, with everything
 * else a guest can make here (inodes, names, xattrs), against one limit for
 * the whole sandbox: all of it is memory of the host.
 */
#include "sentry/fs/tmpfs/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sentry/kernel/task.h"

#define OPTIONS_MAX 4096

static uint64_t used_total;

/* ---- Accounting -------------------------------------------------------- */

uint64_t tmpfs_used(void)
{
	return used_total;
}

static uint64_t global_available(void)
{
	uint64_t limit = sandbox_limits.memory_files;

	if (!limit)
		limit = UINT64_MAX / 2;
	return used_total < limit ? limit - used_total : 0;
}

uint64_t tmpfs_available(const struct tmpfs *fs)
{
	uint64_t left = global_available();
	uint64_t own = fs->options.size;

	if (!own)
		return left;
	own = fs->used < own ? own - fs->used : 0;
	return own < left ? own : left;
}

bool tmpfs_charge(struct tmpfs *fs, uint64_t bytes)
{
	if (bytes > tmpfs_available(fs))
		return false;
	fs->used += bytes;
	used_total += bytes;
	return true;
}

void tmpfs_uncharge(struct tmpfs *fs, uint64_t bytes)
{
	fs->used -= bytes;
	used_total -= bytes;
}

bool tmpfs_charge_meta(uint64_t bytes)
{
	if (bytes > global_available())
		return false;
	used_total += bytes;
	return true;
}

void tmpfs_uncharge_meta(uint64_t bytes)
{
	used_total -= bytes;
}

/* ---- Options ----------------------------------------------------------- */

/* A number with k, m, g; or % of the host's memory. */
static bool parse_size(const char *text, uint64_t *out)
{
	unsigned long long n;
	char *end;
	int shift = 0;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	n = strtoull(text, &end, 0);
	if (errno)
		return false;
	switch (*end) {
	case 'k':
	case 'K':
		shift = 10;
		break;
	case 'm':
	case 'M':
		shift = 20;
		break;
	case 'g':
	case 'G':
		shift = 30;
		break;
	case '%':
		/* Of what tmpfs may use at all: the host's size is hidden. */
		if (n > 100 || end[1])
			return false;
		*out = (sandbox_limits.memory_files / 100) * n;
		return true;
	default:
		break;
	}
	if (shift)
		end++;
	if (*end || n > UINT64_MAX >> shift)
		return false;
	*out = n << shift;
	return true;
}

static bool parse_id(const char *text, int base, unsigned int *out)
{
	unsigned long n;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	n = strtoul(text, &end, base);
	if (errno || *end || n >= UINT32_MAX)
		return false;
	*out = (unsigned int)n;
	return true;
}

static bool parse_one(
	const char *key, const char *value, struct tmpfs_options *options)
{
	unsigned int mode;

	if (strcmp(key, "size") == 0)
		return parse_size(value, &options->size);
	if (strcmp(key, "nr_blocks") == 0) {
		if (!parse_size(value, &options->size) ||
			options->size > UINT64_MAX / TMPFS_PAGE)
			return false;
		options->size *= TMPFS_PAGE;
		return true;
	}
	if (strcmp(key, "nr_inodes") == 0)
		return parse_size(value, &options->inodes);
	if (strcmp(key, "uid") == 0)
		return parse_id(value, 10, &options->uid);
	if (strcmp(key, "gid") == 0)
		return parse_id(value, 10, &options->gid);
	if (strcmp(key, "mode") == 0) {
		if (!parse_id(value, 8, &mode))
			return false;
		options->mode = mode & 07777;
		return true;
	}
	/* About how the host would hold the pages: nothing to us. */
	return strcmp(key, "huge") == 0 || strcmp(key, "mpol") == 0;
}

int tmpfs_parse_options(const char *data, struct tmpfs_options *options)
{
	char text[OPTIONS_MAX], *word, *save = NULL, *value;

	if (!data)
		return 0;
	if (strlen(data) >= sizeof(text))
		return -EINVAL;
	strcpy(text, data);
	for (word = strtok_r(text, ",", &save); word;
		word = strtok_r(NULL, ",", &save)) {
		if (strcmp(word, "inode32") == 0 ||
			strcmp(word, "inode64") == 0)
			continue;
		value = strchr(word, '=');
		if (!value)
			return -EINVAL;
		*value++ = 0;
		if (!parse_one(word, value, options))
			return -EINVAL;
	}
	return 0;
}

static int tmpfs_show_options(struct fs *fs, char *buf, size_t size)
{
	struct tmpfs *t = container_of(fs, struct tmpfs, fs);
	const struct tmpfs_options *o = &t->options;
	int n = 0;

	buf[0] = 0;
	if (o->size)
		n += snprintf(buf + n, size - (size_t)n, ",size=%" PRIu64 "k",
			o->size / 1024);
	if (o->inodes && (size_t)n < size)
		n += snprintf(buf + n, size - (size_t)n, ",nr_inodes=%" PRIu64,
			o->inodes);
	if (o->mode != 01777 && (size_t)n < size)
		n += snprintf(buf + n, size - (size_t)n, ",mode=%o", o->mode);
	return 0;
}

/* ---- Instances --------------------------------------------------------- */

static int tmpfs_statfs(struct fs *fs, struct fs_statfs *out)
{
	struct tmpfs *t = container_of(fs, struct tmpfs, fs);
	uint64_t left = tmpfs_available(t);
	uint64_t inodes = t->options.inodes;

	memset(out, 0, sizeof(*out));
	out->type = TMPFS_MAGIC;
	out->bsize = TMPFS_PAGE;
	out->namelen = VFS_NAME_MAX;
	out->bfree = out->bavail = left / TMPFS_PAGE;
	out->blocks = t->options.size ? t->options.size / TMPFS_PAGE
				      : (left + t->used) / TMPFS_PAGE;
	if (!inodes)
		inodes = global_available() / 1024 + t->inode_count;
	out->files = inodes;
	out->ffree = inodes > t->inode_count ? inodes - t->inode_count : 0;
	return 0;
}

static void tmpfs_shutdown(struct fs *fs)
{
	struct tmpfs *t = container_of(fs, struct tmpfs, fs);

	if (!t->root)
		return;
	tmpfs_dir_drain(t->root);
	inode_put(t->root);
	t->root = NULL;
}

static void tmpfs_destroy(struct fs *fs)
{
	free(container_of(fs, struct tmpfs, fs));
}

static const struct fs_ops tmpfs_fs_ops = {
	.name = "tmpfs",
	.statfs = tmpfs_statfs,
	.inode_free = tmpfs_inode_free,
	.shutdown = tmpfs_shutdown,
	.destroy = tmpfs_destroy,
	.show_options = tmpfs_show_options,
};

int tmpfs_new(const char *source, const struct tmpfs_options *options,
	struct fs **out)
{
	struct tmpfs *t = calloc(1, sizeof(*t));
	struct new_inode spec = {
		.mode = S_IFDIR | options->mode,
		.uid = options->uid,
		.gid = options->gid,
	};
	struct inode *root;
	int err;

	if (!t)
		return -ENOMEM;
	fs_init(&t->fs, &tmpfs_fs_ops, source ? source : "tmpfs");
	t->options = *options;
	t->next_ino = 1;
	err = tmpfs_inode_new(t, &spec, &root);
	if (!err) {
		t->root = inode_get(root);
		err = fs_set_root(&t->fs, root);
	}
	if (err) {
		fs_put(&t->fs);
		return err;
	}
	*out = &t->fs;
	return 0;
}

static int tmpfs_mount(const char *source, const char *data, struct fs **out)
{
	struct tmpfs_options options = {.mode = 01777};
	int err;

	err = tmpfs_parse_options(data, &options);
	return err ? err : tmpfs_new(source, &options, out);
}

struct fs_type tmpfs_type = {
	.name = "tmpfs",
	.user_mount = true,
	.nodev = true,
	.mount = tmpfs_mount,
};

/* ---- Files without a name ---------------------------------------------- */

static struct mount *internal_mount(void)
{
	static struct mount *mount;
	struct tmpfs_options options = {.mode = 0700};
	struct fs *fs;

	if (mount || tmpfs_new("tmpfs", &options, &fs) < 0)
		return mount;
	mount = mount_new_internal(fs, 0);
	fs_put(fs);
	return mount;
}

int tmpfs_file_new(const char *name, mode_t mode, unsigned int seals,
	unsigned int flags, struct file **out)
{
	struct new_inode spec = {.mode = S_IFREG | mode};
	struct mount *mount = internal_mount();
	struct inode *inode;
	struct path path;
	int err;

	if (!mount)
		return -ENOMEM;
	if (current) {
		spec.uid = current->cred->fsuid;
		spec.gid = current->cred->fsgid;
	}
	err = tmpfs_inode_new(
		container_of(mount->fs, struct tmpfs, fs), &spec, &inode);
	if (err)
		return err;
	tmpfs_inode(inode)->seals = seals;
	path.mount = mount;
	path.dentry = dentry_new_anonymous(name, inode);
	if (!path.dentry)
		return -ENOMEM;
	path.dentry->unlinked = true;
	err = file_open(path, (int)flags, NULL, out);
	/* Its first descriptor does not keep a memfd from being run. */
	if (!err && (*out)->counted_writer) {
		(*out)->counted_writer = false;
		inode->write_count--;
	}
	dentry_put(path.dentry);
	return err;
}
