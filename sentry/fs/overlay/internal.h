/*
 * What the files of overlay/ share.
 *
 * An ovl_inode stands for the inode of the upper layer, or that of the lower
 * one, or, as a folder, for both merged. There is at most one for each file:
 * those with an upper inode are found by it, the others by their place (the
 * folder's ovl_inode and the name), which cannot change as long as nothing is
 * copied up: a rename copies up first.
 */
#ifndef SENTRY_FS_OVERLAY_INTERNAL_H
#define SENTRY_FS_OVERLAY_INTERNAL_H

#include <sys/stat.h>

#include "sentry/fs/overlay/overlay.h"
#include "sentry/vfs/vfs.h"

#define OVL_PREFIX "trusted.overlay."
#define OVL_OPAQUE "trusted.overlay.opaque"
#define OVL_ORIGIN "trusted.overlay.origin" /* uint64_t: the lower's ino */

/* Inode numbers of files that never were below. */
#define OVL_UPPER_INO (UINT64_C(1) << 48)

#define OVL_LINK_BUCKETS 64u

struct ovl_fs {
	struct fs fs;
	struct fs *lower_fs; /* counted as a user */
	struct fs *upper_fs; /* counted as a user */
	/*
	 * The upper layer is memory and ends with us: a folder with a lower
	 * side may be renamed.
	 */
	bool redirects;
	/* What only its ovl_inode knows, kept for that: see ovl_inode_unpin().
	 */
	struct list pinned; /* of ovl_inode.pin_node; counted */
	struct list links[OVL_LINK_BUCKETS]; /* of ovl_inode.link_node */
	uint64_t changes;                    /* since it was made */
	struct inode *upper_root;            /* counted */
	struct inode *whiteout; /* counted; all whiteouts are links to it */
};

struct ovl_inode {
	struct inode inode;
	struct inode *lower;      /* counted; NULL: not below, or hidden */
	struct inode *upper;      /* counted; NULL: not copied up */
	struct ovl_inode *parent; /* counted; of a place: see above */
	char *name;               /* owned; likewise */
	uint32_t hash;
	struct list hash_node; /* by upper or by place */
	uint64_t ino;
	bool orphan;     /* its name is gone */
	bool redirected; /* a folder: its lower side has another name */
	bool pinned;
	struct list pin_node;
	/*
	 * Of a file with several names below: all of them lead to this one, by
	 * the lower inode. Copied up, it has as many names that are not in the
	 * upper layer yet.
	 */
	struct list link_node;
	uint32_t hidden_links;
	/* Its name in the upper folder is known to hide nothing below. */
	bool hides_nothing;
};

static inline struct ovl_inode *ovl_inode(const struct inode *inode)
{
	return container_of(inode, struct ovl_inode, inode);
}

static inline struct ovl_fs *ovl_of(const struct inode *inode)
{
	return container_of(inode->fs, struct ovl_fs, fs);
}

/* What reads go to. */
static inline struct inode *ovl_real(const struct ovl_inode *o)
{
	return o->upper ? o->upper : o->lower;
}

static inline bool ovl_is_merged(const struct ovl_inode *o)
{
	return o->upper && o->lower && S_ISDIR(o->inode.attr.mode);
}

/* Does it have names below that lead to the same file? */
static inline bool ovl_is_linked(const struct ovl_inode *o)
{
	return !list_empty(&o->link_node);
}

/* ---- inode.c */
/* The one for that upper inode, or a new one. Takes over both references,
 * also on failure; lower is NULL or the folder below. */
int ovl_inode_for_upper(struct ovl_fs *fs, struct inode *upper,
	struct inode *lower, struct ovl_inode **out);
/* The one at that place, or NULL. A new reference. */
struct ovl_inode *ovl_inode_at(
	struct ovl_inode *parent, const struct name *name);
/* A new one at a place; takes over lower. */
int ovl_inode_for_lower(struct ovl_inode *parent, const struct name *name,
	struct inode *lower, struct ovl_inode **out);
void ovl_inode_free(struct inode *inode);
/* It was copied up to upper, whose reference is taken over. */
void ovl_inode_set_upper(struct ovl_inode *o, struct inode *upper);
/* The one that a lower file with several names has, or NULL. Counted. */
struct ovl_inode *ovl_inode_linked(struct ovl_fs *fs, struct inode *lower);
/* One of its hidden names got a link in the upper layer. */
void ovl_inode_link_shown(struct ovl_inode *o);
/* A folder got another name: its lower side is kept in mind. */
void ovl_inode_redirect(struct ovl_inode *o);
void ovl_inode_unpin(struct ovl_inode *o);
/* Its name is gone. */
void ovl_inode_orphan(struct ovl_inode *o);
/* Brings inode.attr up to date with the real inode's. */
void ovl_sync_attr(struct ovl_inode *o);
/* The number that an upper inode is shown with. */
uint64_t ovl_upper_ino(struct inode *upper);
extern const struct inode_ops ovl_dir_inode_ops;
int ovl_getattr(struct inode *inode);
int ovl_setattr(
	struct inode *inode, const struct attr *attr, unsigned int mask);
ssize_t ovl_getxattr(
	struct inode *inode, const char *name, void *value, size_t size);
int ovl_setxattr(struct inode *inode, const char *name, const void *value,
	size_t size, int flags);
ssize_t ovl_listxattr(struct inode *inode, char *list, size_t size);
int ovl_removexattr(struct inode *inode, const char *name);

/* ---- copyup.c */
/*
 * Makes sure that there is an upper inode, with at most size bytes of data
 * (UINT64_MAX: all). Nothing changes if it fails.
 */
int ovl_copy_up(struct ovl_inode *o, uint64_t size);

/* ---- file.c */
extern const struct file_ops ovl_file_ops;
int ovl_file_open(struct inode *inode, struct file *file);

/* ---- readdir.c */
extern const struct file_ops ovl_dir_file_ops;
int ovl_dir_open(struct inode *inode, struct file *file);
/* 0 if the folder shows no name, -ENOTEMPTY if it does, or another error. */
int ovl_dir_check_empty(struct ovl_inode *o);
/* Removes the whiteouts of an empty folder's upper side. */
int ovl_dir_clear_whiteouts(struct inode *upper);

/* ---- dir.c */
bool ovl_is_whiteout(const struct inode *inode);
bool ovl_is_opaque(struct inode *upper);

#endif
