/* The mounts of a starting sandbox. */
#include "sentry/mounts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "boot.h"
#include "sentry/fs/dev/dev.h"
#include "sentry/fs/devpts/devpts.h"
#include "sentry/fs/gofer/client.h"
#include "sentry/fs/gofer/fs.h"
#include "sentry/fs/overlay/overlay.h"
#include "sentry/fs/proc/proc.h"
#include "sentry/fs/sys/sys.h"
#include "sentry/fs/tmpfs/tmpfs.h"
#include "sentry/keep.h"
#include "sentry/kernel/kernel.h"
#include "sentry/vfs/vfs.h"

typedef void (*fail_fn)(int code, const char *format, ...)
	__attribute__((format(printf, 2, 3), __noreturn__));

static struct cred *root_cred;

void mounts_register(void)
{
	vfs_register(&tmpfs_type);
	vfs_register(&proc_type);
	vfs_register(&sysfs_type);
	dev_register();
	devpts_register();
}

static struct gofer_client *gofer;
static struct fs *overlay;       /* borrowed: mounted for as long as we live */
static struct fs *overlay_upper; /* counted */
static uint32_t keep_root = BOOT_UPPER_MEMORY;

/* A root of the gofer as a filesystem; only ours if nobody else changes it. */
static int make_gofer(const struct boot_mount *mount, struct fs **out)
{
	if (!gofer)
		return -ENOTCONN;
	return gofer_fs_new(
		gofer, mount->root, !mount->read_only, mount->target, out);
}

static int make_upper(const struct inode *lower, struct fs **out)
{
	struct tmpfs_options options = {
		.mode = lower->attr.mode & 07777,
		.uid = lower->attr.uid,
		.gid = lower->attr.gid,
	};

	return tmpfs_new("upper", &options, out);
}

static int make_overlay(const struct boot_mount *mount, struct fs **out)
{
	struct fs *lower, *upper;
	int ret;

	ret = gofer_fs_new(gofer, mount->root, false, mount->target, &lower);
	if (ret < 0)
		return ret;
	ret = make_upper(lower->root->inode, &upper);
	if (ret == 0)
		ret = overlay_new(
			lower->root->inode, upper->root->inode, "overlay", out);
	fs_put(lower);
	if (ret < 0)
		return ret;
	overlay = *out;
	overlay_upper = upper;
	keep_root = mount->upper;
	if (keep_root != BOOT_UPPER_MEMORY)
		overlay_keep_upper(overlay);
	return 0;
}

static int make_tmpfs(const struct boot_mount *mount, struct fs **out)
{
	struct tmpfs_options options = {
		.mode = mount->mode ? mount->mode : 0755,
	};

	return tmpfs_new("tmpfs", &options, out);
}

static int make_fs(const struct boot_mount *mount, struct fs **out)
{
	switch (mount->kind) {
	case BOOT_MOUNT_GOFER:
		return make_gofer(mount, out);
	case BOOT_MOUNT_OVERLAY:
		return make_overlay(mount, out);
	case BOOT_MOUNT_TMPFS:
		return make_tmpfs(mount, out);
	}
	return -EINVAL;
}

/* Finds the folder to mount on, or makes it. */
static int find_target(
	struct mount_ns *ns, const char *target, struct path *out)
{
	struct new_inode spec = {.mode = S_IFDIR | 0755};
	struct walk walk = {.cred = root_cred};
	int ret;

	walk.root = mount_ns_root(ns);
	walk.base = walk.root;
	ret = vfs_walk(&walk, target, WALK_FOLLOW, out);
	if (ret == -ENOENT) {
		ret = vfs_create(&walk, target, &spec);
		if (ret == 0)
			ret = vfs_walk(&walk, target, WALK_FOLLOW, out);
	}
	path_put(walk.root);
	return ret;
}

static int mount_at(struct mount_ns *ns, const char *target, struct fs *fs,
	unsigned int flags)
{
	struct mount *mount;
	struct path at;
	int ret;

	ret = find_target(ns, target, &at);
	if (ret < 0)
		return ret;
	ret = mount_attach(at, fs, NULL, flags, &mount);
	path_put(at);
	/* A guest's umount() uncovers nothing of the host's. */
	if (ret == 0)
		mount->locked = true;
	return ret;
}

/* proc or sysfs, as mount(8) would mount it. */
static int add_type(
	struct mount_ns *ns, const struct fs_type *type, const char *target)
{
	struct fs *fs;
	int ret;

	ret = type->mount(type->name, NULL, &fs);
	if (ret < 0)
		return ret;
	ret = mount_at(ns, target, fs, MNT_NOSUID | MNT_NODEV | MNT_NOEXEC);
	fs_put(fs);
	return ret;
}

static int add_dev(struct mount_ns *ns)
{
	struct tmpfs_options options = {.mode = 01777};
	struct fs *fs;
	int ret;

	ret = devtmpfs_new(&fs);
	if (ret < 0)
		return ret;
	ret = mount_at(ns, "/dev", fs, MNT_NOSUID);
	fs_put(fs);
	if (ret < 0)
		return ret;
	ret = devpts_new(&fs);
	if (ret < 0)
		return ret;
	ret = mount_at(ns, "/dev/pts", fs, MNT_NOSUID | MNT_NOEXEC);
	fs_put(fs);
	if (ret < 0)
		return ret;
	ret = tmpfs_new("tmpfs", &options, &fs);
	if (ret < 0)
		return ret;
	ret = mount_at(ns, "/dev/shm", fs, MNT_NOSUID | MNT_NODEV);
	fs_put(fs);
	return ret;
}

struct mount_ns *mounts_make(const struct boot_config *config, fail_fn fail)
{
	struct mount_ns *ns = NULL;
	struct fs *fs;
	int ret;

	root_cred = cred_new(0, 0, NULL, 0);
	if (!root_cred)
		fail(125, "no memory for the mounts");
	if (config->fds[BOOT_FD_GOFER] >= 0) {
		ret = gofer_client_create(config->fds[BOOT_FD_GOFER], &gofer);
		if (ret < 0)
			fail(125, "the gofer does not answer: %s",
				strerror(-ret));
	}
	for (uint32_t i = 0; i < config->mount_count; i++) {
		const struct boot_mount *mount = &config->mounts[i];

		ret = make_fs(mount, &fs);
		if (ret == 0 && i == 0) {
			ns = mount_ns_new(
				fs, mount->read_only ? MNT_READONLY : 0);
			ret = ns ? 0 : -ENOMEM;
		} else if (ret == 0) {
			ret = mount_at(ns, mount->target, fs,
				mount->read_only ? MNT_READONLY : 0);
		}
		if (ret < 0)
			fail(125, "cannot mount '%s': %s", mount->target,
				strerror(-ret));
		fs_put(fs);
	}
	ret = add_dev(ns);
	if (ret < 0)
		fail(125, "cannot mount '/dev': %s", strerror(-ret));
	ret = add_type(ns, &proc_type, "/proc");
	if (ret < 0)
		fail(125, "cannot mount '/proc': %s", strerror(-ret));
	ret = add_type(ns, &sysfs_type, "/sys");
	if (ret < 0)
		fail(125, "cannot mount '/sys': %s", strerror(-ret));
	return ns;
}

uint64_t mounts_changed_files(void)
{
	return overlay ? overlay_changes(overlay) : 0;
}

void mounts_keep(char *why, size_t why_size)
{
	char where[256];
	struct fs *out;
	int ret;

	if (keep_root == BOOT_UPPER_MEMORY || !overlay_upper)
		return;
	snprintf(where, sizeof(where), "its folder");
	ret = gofer_fs_new(gofer, keep_root, true, "keep", &out);
	if (ret == 0) {
		ret = keep_upper(overlay_upper->root->inode, out->root->inode,
			where, sizeof(where));
		fs_put(out);
	}
	if (ret < 0)
		snprintf(why, why_size,
			"--keep: not everything was kept; the first that was "
			"not: %s: %s",
			where, strerror(-ret));
}
