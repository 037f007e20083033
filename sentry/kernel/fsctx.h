/*
 * What CLONE_FS shares: root, current folder, umask; and the mount namespace.
 */
#ifndef SENTRY_KERNEL_FSCTX_H
#define SENTRY_KERNEL_FSCTX_H

#include "lib/ref.h"
#include "sentry/vfs/vfs.h"

struct task;

struct fsctx {
	struct ref ref;
	struct path root; /* counted */
	struct path cwd;  /* counted */
	mode_t umask;
	struct mount_ns *ns; /* counted */
};

struct fsctx *fsctx_new(struct mount_ns *ns); /* root and cwd at its root */
struct fsctx *fsctx_get(struct fsctx *fs);
void fsctx_put(struct fsctx *fs);
struct fsctx *fsctx_copy(const struct fsctx *fs);
void fsctx_set_root(struct fsctx *fs, struct path root); /* counts */
void fsctx_set_cwd(struct fsctx *fs, struct path cwd);
/* CLONE_NEWNS: a copy of the namespace; root and cwd move over. -ENOMEM. */
int fsctx_unshare_ns(struct fsctx *fs);

/*
 * Prepares a walk for a *at() call: relative names start at dirfd (AT_FDCWD:
 * the cwd). name may be NULL when it is known to be used (AT_EMPTY_PATH).
 * -EBADF, -ENOTDIR (with a name). walk_finish() drops what it holds.
 */
int walk_start(struct task *t, int dirfd, const char *name, struct walk *walk);
void walk_finish(struct walk *walk);
/* Copies a path in: a buffer of VFS_PATH_MAX to be freed. -EFAULT,
 * -ENAMETOOLONG. An empty one is allowed; the walk says -ENOENT. */
int path_copy_in(struct task *t, uaddr_t addr, char **out);

#endif
