/*
 * /dev: a tmpfs with the nodes every program expects (Linux'
 * Documentation/admin-guide/devices.txt, "recommended links").
 */
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib/checked.h"
#include "sentry/fs/dev/dev.h"
#include "sentry/fs/tmpfs/tmpfs.h"
#include "sentry/vfs/vfs.h"

struct node {
	const char *name;
	mode_t mode;
	unsigned int major, minor;
	const char *target;
};

static const struct node nodes[] = {
	{"null", S_IFCHR | 0666, 1, 3, NULL},
	{"zero", S_IFCHR | 0666, 1, 5, NULL},
	{"full", S_IFCHR | 0666, 1, 7, NULL},
	{"random", S_IFCHR | 0666, 1, 8, NULL},
	{"urandom", S_IFCHR | 0666, 1, 9, NULL},
	{"tty", S_IFCHR | 0666, 5, 0, NULL},
	{"pts", S_IFDIR | 0755, 0, 0, NULL},
	{"shm", S_IFDIR | 01777, 0, 0, NULL},
	{"mqueue", S_IFDIR | 01777, 0, 0, NULL},
	{"ptmx", S_IFLNK | 0777, 0, 0, "pts/ptmx"},
	{"fd", S_IFLNK | 0777, 0, 0, "/proc/self/fd"},
	{"stdin", S_IFLNK | 0777, 0, 0, "/proc/self/fd/0"},
	{"stdout", S_IFLNK | 0777, 0, 0, "/proc/self/fd/1"},
	{"stderr", S_IFLNK | 0777, 0, 0, "/proc/self/fd/2"},
};

static int add_node(struct inode *dir, const struct node *node)
{
	struct name name = {node->name, strlen(node->name)};
	struct new_inode spec = {
		.mode = node->mode,
		.rdev = makedev(node->major, node->minor),
		.target = node->target,
	};
	struct inode *inode;
	int ret;

	ret = dir->ops->create(dir, &name, &spec, &inode);
	if (ret == 0)
		inode_put(inode);
	return ret;
}

int devtmpfs_new(struct fs **out)
{
	struct tmpfs_options options = {.mode = 0755};
	struct fs *fs;
	int ret;

	ret = tmpfs_new("devtmpfs", &options, &fs);
	for (size_t i = 0; i < ARRAY_SIZE(nodes) && ret == 0; i++) {
		ret = add_node(fs->root->inode, &nodes[i]);
		if (ret < 0)
			fs_put(fs);
	}
	if (ret < 0)
		return ret;
	*out = fs;
	return 0;
}
