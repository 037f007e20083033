/*
 * Places: one host call each, on what a target names, with the checks that
 * belong to it. And filesystems that are never entered.
 */
#include "gofer/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "gofer/hide.h"
#include "lib/checked.h"
#include "lib/log.h"

/* Newer than Debian 12's headers. */
#ifndef STATX_MNT_ID_UNIQUE
#define STATX_MNT_ID_UNIQUE 0x4000u /* Linux 6.8 */
#endif
#ifndef MQUEUE_MAGIC
#define MQUEUE_MAGIC 0x19800202
#endif
#ifndef CONFIGFS_MAGIC
#define CONFIGFS_MAGIC 0x62656570
#endif
#ifndef FUSECTL_MAGIC
#define FUSECTL_MAGIC 0x65735543
#endif

#define LOOK_FLAGS (AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH)
#define LOOK_MASK  (STATX_BASIC_STATS | STATX_BTIME)

/*
 * Filesystems that are windows into the kernel, not stores of files. devtmpfs
 * says that it is a tmpfs; it is known by its device.
 */
static const uint64_t refused_types[] = {
	PROC_SUPER_MAGIC,
	SYSFS_MAGIC,
	CGROUP_SUPER_MAGIC,
	CGROUP2_SUPER_MAGIC,
	DEBUGFS_MAGIC,
	TRACEFS_MAGIC,
	SECURITYFS_MAGIC,
	SELINUX_MAGIC,
	SMACK_MAGIC,
	BPF_FS_MAGIC,
	DEVPTS_SUPER_MAGIC,
	EFIVARFS_MAGIC,
	PSTOREFS_MAGIC,
	BINFMTFS_MAGIC,
	NSFS_MAGIC,
	MQUEUE_MAGIC,
	CONFIGFS_MAGIC,
	FUSECTL_MAGIC,
	HUGETLBFS_MAGIC,
	AUTOFS_SUPER_MAGIC,
};

static const char *const refused_names[] = {"proc", "sysfs", "devtmpfs",
	"cgroup", "cgroup2", "debugfs", "tracefs", "securityfs", "bpf",
	"devpts", "efivarfs", "pstore", "binfmt_misc", "nsfs", "mqueue",
	"configfs", "fusectl", "hugetlbfs", "autofs", "rpc_pipefs"};

static void add_device(struct tree *tree, uint64_t dev)
{
	for (size_t i = 0; i < tree->device_count; i++) {
		if (tree->devices[i] == dev)
			return;
	}
	if (tree->device_count < DEVICES_MAX)
		tree->devices[tree->device_count++] = dev;
}

/* A line: "ID PARENT MAJOR:MINOR ROOT POINT OPTIONS... - TYPE SOURCE ..." */
static void read_mount(struct tree *tree, const char *line)
{
	const char *rest = strstr(line, " - ");
	unsigned int major_number, minor_number;
	size_t i, size;

	if (!rest || sscanf(line, "%*u %*u %u:%u", &major_number,
			     &minor_number) != 2)
		return;
	rest += 3;
	size = strcspn(rest, " ");
	for (i = 0; i < ARRAY_SIZE(refused_names); i++) {
		if (strlen(refused_names[i]) == size &&
			!memcmp(rest, refused_names[i], size))
			add_device(tree, makedev(major_number, minor_number));
	}
}

void tree_find_devices(struct tree *tree)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	struct stat root, dev;
	char line[8192];

	if (file) {
		while (fgets(line, sizeof(line), file))
			read_mount(tree, line);
		fclose(file);
	} else if (!stat("/", &root) && !stat("/dev", &dev) &&
		   root.st_dev != dev.st_dev) {
		/* Without /proc it cannot be told from a tmpfs: be careful. */
		add_device(tree, dev.st_dev);
	}
}

bool filesystem_is_refused(const struct tree *tree, int host_fd, uint64_t dev)
{
	struct statfs fs;
	size_t i;

	for (i = 0; i < tree->device_count; i++) {
		if (tree->devices[i] == dev)
			return true;
	}
	if (fstatfs(host_fd, &fs) < 0)
		return true;
	for (i = 0; i < ARRAY_SIZE(refused_types); i++) {
		if ((uint64_t)fs.f_type == refused_types[i])
			return true;
	}
	return false;
}

void tree_init(struct tree *tree)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC};
	struct statx stx;
	size_t i;
	long fd;

	memset(tree, 0, sizeof(*tree));
	for (i = 0; i < NODE_BUCKETS; i++)
		list_init(&tree->buckets[i]);
	list_init(&tree->open);
	tree->open_max = 512;
	tree->uid = geteuid();

	fd = syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how));
	tree->openat2 = fd >= 0;
	if (fd >= 0)
		close((int)fd);
	if (!statx(AT_FDCWD, "/", 0, STATX_MNT_ID_UNIQUE, &stx))
		tree->unique_mount = stx.stx_mask & STATX_MNT_ID_UNIQUE;
}

int open_beneath(const struct tree *tree, int dirfd, const char *name,
	int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (unsigned int)flags,
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
			   RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	do {
		if (tree->openat2)
			fd = syscall(
				SYS_openat2, dirfd, name, &how, sizeof(how));
		else
			fd = openat(dirfd, name, flags | O_NOFOLLOW, mode);
	} while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : (int)fd;
}

/* ---- Places ------------------------------------------------------------ */

int place_open(
	struct tree *tree, uint32_t number, const char *name, struct place *out)
{
	struct node *node = tree_node(tree, number);
	const struct root *root;
	int fd = -1;

	if (!node)
		return -ESTALE;
	root = &tree->roots[node->root];
	if (*name && node == root->node && root->name)
		return -ENOTDIR;
	if (*name && node->blank)
		return -ENOENT;
	if (node->blank) {
		node->pins++;
	} else {
		fd = node_fd(tree, node);
		if (fd < 0)
			return fd;
	}
	out->node = node;
	out->root = root;
	out->dirfd = fd;
	out->hide = *name ? hide_find(node->hide, name) : node->hide;
	/* A root that is a file is a name in its folder. */
	if (root->name && node == root->node)
		name = root->name;
	strcpy(out->name, name);
	return 0;
}

void place_close(struct tree *tree, struct place *place)
{
	node_unpin(tree, place->node);
}

int place_writable(const struct place *place)
{
	if (!place->root->writable)
		return -EROFS;
	if (hide_is_leaf(place->hide) || place->dirfd < 0)
		return -EACCES;
	return 0;
}

bool place_holds_hidden(const struct place *place)
{
	return place->hide;
}

static void time_from_statx(
	const struct statx_timestamp *stamp, struct gofer_time *out)
{
	out->sec = stamp->tv_sec;
	out->nsec = stamp->tv_nsec;
}

void attr_from_statx(const struct statx *stx, struct gofer_attr *out)
{
	memset(out, 0, sizeof(*out));
	out->dev = makedev(stx->stx_dev_major, stx->stx_dev_minor);
	out->ino = stx->stx_ino;
	out->mode = stx->stx_mode;
	out->nlink = stx->stx_nlink;
	out->uid = stx->stx_uid;
	out->gid = stx->stx_gid;
	out->size = stx->stx_size;
	out->blocks = stx->stx_blocks;
	out->blksize = stx->stx_blksize;
	out->rdev = makedev(stx->stx_rdev_major, stx->stx_rdev_minor);
	time_from_statx(&stx->stx_atime, &out->atime);
	time_from_statx(&stx->stx_mtime, &out->mtime);
	time_from_statx(&stx->stx_ctime, &out->ctime);
	time_from_statx(&stx->stx_btime, &out->btime);
}

/* What a kernel filesystem looks like: an empty folder of root's. */
static void make_blank(uint64_t dev, uint64_t ino, struct facts *out)
{
	memset(out, 0, sizeof(*out));
	out->blank = true;
	out->attr.dev = dev;
	out->attr.ino = ino;
	out->attr.mode = S_IFDIR | 0555;
	out->attr.nlink = 2;
	out->attr.blksize = 4096;
	out->attr.flags = GOFER_ATTR_BLANK;
}

static bool is_hidden_file(const struct tree *tree, uint64_t dev, uint64_t ino)
{
	for (size_t i = 0; i < tree->hidden_count; i++) {
		if (tree->hidden[i].ino == ino && tree->hidden[i].dev == dev)
			return true;
	}
	return false;
}

/*
 * Asks the thing itself what filesystem it is on; the answer is kept where
 * the host has mount numbers that are never used again.
 */
static int look_across(struct tree *tree, const struct place *place,
	const struct statx *stx, bool *refused)
{
	uint64_t dev = makedev(stx->stx_dev_major, stx->stx_dev_minor);
	uint64_t mount = 0;
	struct crossing *known;
	int fd;

	if (stx->stx_mask & STATX_MNT_ID_UNIQUE)
		mount = stx->stx_mnt_id;
	for (size_t i = 0; mount && i < CROSSINGS; i++) {
		known = &tree->crossings[i];
		if (known->mount == mount && known->dev == dev) {
			*refused = known->refused;
			return 0;
		}
	}
	fd = open_beneath(tree, place->dirfd, place->name,
		O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
	if (fd < 0)
		return fd;
	*refused = filesystem_is_refused(tree, fd, dev);
	close(fd);
	if (mount) {
		known = &tree->crossings[tree->crossing_next++ % CROSSINGS];
		*known = (struct crossing){mount, dev, *refused};
	}
	return 0;
}

int place_facts(struct tree *tree, struct place *place, struct facts *out)
{
	unsigned int mask = LOOK_MASK;
	struct statx stx;
	bool refused = false;
	uint64_t dev;
	int ret;

	out->hidden = hide_is_leaf(place->hide);
	if (out->hidden)
		return -ENOENT;
	if (place->dirfd < 0) {
		make_blank(place->node->dev, place->node->ino, out);
		return 0;
	}
	if (tree->unique_mount)
		mask |= STATX_MNT_ID_UNIQUE;
	if (statx(place->dirfd, place->name, LOOK_FLAGS, mask, &stx) < 0)
		return -errno;
	dev = makedev(stx.stx_dev_major, stx.stx_dev_minor);
	out->hidden = is_hidden_file(tree, dev, stx.stx_ino);
	if (out->hidden)
		return -ENOENT;
	if (place->root->name &&
		(dev != place->node->dev || stx.stx_ino != place->node->ino))
		return -ESTALE;
	if (dev != place->node->dev) {
		ret = look_across(tree, place, &stx, &refused);
		if (ret < 0)
			return ret;
	}
	if (refused && !S_ISDIR(stx.stx_mode)) {
		out->hidden = true;
		return -ENOENT;
	}
	if (refused) {
		make_blank(dev, stx.stx_ino, out);
		return 0;
	}
	attr_from_statx(&stx, &out->attr);
	out->blank = false;
	return 0;
}

int place_descriptor(
	struct tree *tree, const struct place *place, int flags, mode_t mode)
{
	int fd;

	if (place->dirfd < 0 || hide_is_leaf(place->hide))
		return -EACCES;
	flags |= O_CLOEXEC | O_NOFOLLOW;
	if (!(flags & O_PATH))
		flags |= O_NONBLOCK | O_NOCTTY;
	fd = open_beneath(tree, place->dirfd,
		place->name[0] ? place->name : ".", flags, mode);
	/* A lease on the file: Linux would wait for it to be broken. */
	return fd == -EAGAIN ? -EBUSY : fd;
}

int place_verified_descriptor(struct tree *tree, const struct place *place,
	int flags, const struct facts *facts)
{
	struct stat st;
	int fd;

	if (facts->blank)
		return -EACCES;
	fd = place_descriptor(tree, place, flags, 0);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0 || st.st_dev != facts->attr.dev ||
		st.st_ino != facts->attr.ino ||
		(st.st_mode & S_IFMT) != (facts->attr.mode & S_IFMT)) {
		close(fd);
		return -ESTALE;
	}
	return fd;
}
