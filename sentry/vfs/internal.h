/* What the files of vfs/ share with each other and nobody else. */
#ifndef SENTRY_VFS_INTERNAL_H
#define SENTRY_VFS_INTERNAL_H

#include "sentry/vfs/vfs.h"

/* ---- fs.c */
void fs_pin(struct fs *fs);
void fs_unpin(struct fs *fs);

/* ---- dentry.c */
/* The root of an fs; takes over inode, also on failure (NULL). */
struct dentry *dentry_new_root(struct inode *inode);
/* Drops what an fs without users has in the cache. */
void dentry_shrink_fs(struct fs *fs);
/* Only from the cache, as dentry_lookup(); NULL: not there. */
struct dentry *dentry_cached(struct dentry *dir, const struct name *name);
/* A negative dentry got an inode; takes over the reference. */
void dentry_instantiate(struct dentry *dentry, struct inode *inode);
/* The name was removed: becomes negative, or a deleted one if in use. */
void dentry_delete(struct dentry *dentry);
/* The name moved onto target, which is deleted or negative. -ENOMEM. */
int dentry_move_prepare(struct dentry *dentry, size_t name_size);
void dentry_move(struct dentry *dentry, struct dentry *target);
/* Both exist and change places (after dentry_move_prepare() of both). */
void dentry_exchange(struct dentry *a, struct dentry *b);
/* Is dentry below ancestor, or ancestor itself? Within one fs. */
bool dentry_is_below(
	const struct dentry *dentry, const struct dentry *ancestor);

/* ---- mount.c */
/* A new reference to the mount on a place, or NULL. */
struct mount *mount_lookup(const struct path *at);

/* The one after m in a walk of the tree below top, parents first; NULL. */
struct mount *mount_next(struct mount *m, struct mount *top);
/* Detaches it and all that is below it. */
void mount_detach_tree(struct mount *top);
/* Moves m, children and all, to another place of its namespace; parent NULL:
 * it becomes the root. */
void mount_replace(struct mount *m, struct mount *parent, struct dentry *point);

/* ---- walk.c */
enum last_type { LAST_NORMAL, LAST_DOT, LAST_DOTDOT, LAST_ROOT };

/*
 * A walk under way. After walk_to_last() path is the folder of the last
 * component, which is in last. The rest of a symlink's text is a level.
 */
struct walk_state {
	const struct walk *walk;
	struct path root; /* borrowed */
	struct path path; /* counted */
	const char *rest;
	unsigned int depth;    /* levels of symlinks in use */
	unsigned int followed; /* symlinks so far */
	enum last_type last_type;
	bool must_be_dir; /* a slash follows the last component */
	struct name last;
	char last_text[VFS_NAME_MAX + 1];
	const char *saved[VFS_SYMLINK_MAX];
	char *text[VFS_SYMLINK_MAX]; /* owned */
};

int walk_begin(struct walk_state *s, const struct walk *walk, const char *name);
void walk_end(struct walk_state *s);
int walk_to_last(struct walk_state *s);
/* The last component itself, mounts on it crossed; may be negative. */
int walk_last(struct walk_state *s, struct path *out);
/*
 * Goes on through a symlink found there; consumes link. *arrived: it was a
 * magic link and s->path is the place itself.
 */
int walk_follow(struct walk_state *s, struct path link, bool *arrived);
/* From a fresh state to the place; flags are WALK_. */
int walk_whole(struct walk_state *s, unsigned int flags, struct path *out);

/* ---- inode.c */
/* A name or an open file went: if it was the last, watches are told. */
void inode_check_gone(struct inode *inode);

/* ---- perm.c */
/* May cred take the name away (or replace it)? Errors as in unlink(2). */
int may_delete(struct inode *dir, const struct dentry *victim,
	const struct cred *cred, bool is_dir);
int may_create(const struct dentry *dir, const struct cred *cred);

/* ---- file.c */
/* Counts path and its inode; cred and priv are the caller's. */
int file_new(struct path path, unsigned int flags, const struct file_ops *ops,
	struct file **out);

/* ---- create.c */
/* Fills in owner, group and set-group-ID from the folder. */
void new_inode_prepare(struct new_inode *spec, const struct inode *dir,
	const struct cred *cred);

#endif
