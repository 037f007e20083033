/*
 * Root, current folder, umask and mount namespace of tasks (CLONE_FS), and
 * how the *at() calls begin.
 */
#include "sentry/kernel/fsctx.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "sentry/kernel/fdtable.h"
#include "sentry/kernel/task.h"
#include "sentry/mm/uaccess.h"

struct fsctx *fsctx_new(struct mount_ns *ns)
{
	struct fsctx *fs = calloc(1, sizeof(*fs));

	if (!fs)
		return NULL;
	ref_init(&fs->ref);
	fs->ns = mount_ns_get(ns);
	fs->root = mount_ns_root(ns);
	fs->cwd = path_get(fs->root);
	fs->umask = 022;
	return fs;
}

struct fsctx *fsctx_get(struct fsctx *fs)
{
	ref_get(&fs->ref);
	return fs;
}

void fsctx_put(struct fsctx *fs)
{
	if (!fs || !ref_put(&fs->ref))
		return;
	path_put(fs->cwd);
	path_put(fs->root);
	mount_ns_put(fs->ns);
	free(fs);
}

struct fsctx *fsctx_copy(const struct fsctx *fs)
{
	struct fsctx *copy = malloc(sizeof(*copy));

	if (!copy)
		return NULL;
	*copy = *fs;
	ref_init(&copy->ref);
	path_get(copy->root);
	path_get(copy->cwd);
	mount_ns_get(copy->ns);
	return copy;
}

void fsctx_set_root(struct fsctx *fs, struct path root)
{
	struct path old = fs->root;

	fs->root = path_get(root);
	path_put(old);
}

void fsctx_set_cwd(struct fsctx *fs, struct path cwd)
{
	struct path old = fs->cwd;

	fs->cwd = path_get(cwd);
	path_put(old);
}

/* The same place in the copy of a namespace, if it is there. */
static void translate(struct path *path, const struct mount_ns *from)
{
	struct mount *copy = mount_copy_of(path->mount, from);

	if (!copy)
		return;
	mount_get(copy);
	mount_put(path->mount);
	path->mount = copy;
}

int fsctx_unshare_ns(struct fsctx *fs)
{
	struct mount_ns *ns = mount_ns_copy(fs->ns);

	if (!ns)
		return -ENOMEM;
	translate(&fs->root, fs->ns);
	translate(&fs->cwd, fs->ns);
	mount_ns_put(fs->ns);
	fs->ns = ns;
	return 0;
}

/* ---- Walks ------------------------------------------------------------- */

static int base_from_fd(
	struct task *t, int dirfd, const char *name, struct path *out)
{
	struct file *file = fd_get_any(t, dirfd);
	bool usable;

	if (!file)
		return -EBADF;
	/* Without a name the descriptor itself is meant, of any type. */
	usable = !name || !*name || S_ISDIR(file->inode->attr.mode);
	if (usable)
		*out = path_get(file->path);
	file_put(file);
	return usable ? 0 : -ENOTDIR;
}

int walk_start(struct task *t, int dirfd, const char *name, struct walk *walk)
{
	int err;

	walk->resolve = 0;
	walk->cred = t->cred;
	/* An absolute name never looks at dirfd. */
	if (dirfd == AT_FDCWD || (name && *name == '/')) {
		walk->base = path_get(t->fs->cwd);
	} else {
		err = base_from_fd(t, dirfd, name, &walk->base);
		if (err)
			return err;
	}
	walk->root = path_get(t->fs->root);
	return 0;
}

void walk_finish(struct walk *walk)
{
	path_put(walk->base);
	path_put(walk->root);
}

int path_copy_in(struct task *t, uaddr_t addr, char **out)
{
	char *name = malloc(VFS_PATH_MAX);
	ssize_t n;

	if (!name)
		return -ENOMEM;
	n = copy_in_string(t->mm, name, addr, VFS_PATH_MAX);
	if (n < 0) {
		free(name);
		return (int)n;
	}
	*out = name;
	return 0;
}
