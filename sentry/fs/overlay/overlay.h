/*
 * overlay: a folder tree that is only read, and above it one in memory that
 * takes every change. On the upper side the format is Linux' own: whiteouts
 * are character devices 0/0, trusted.overlay.opaque hides what is below.
 */
#ifndef SENTRY_FS_OVERLAY_OVERLAY_H
#define SENTRY_FS_OVERLAY_OVERLAY_H

#include <stdint.h>

struct fs;
struct inode;

/*
 * lower and upper are the roots, two folders; they and their filesystems get
 * references of the overlay's own. A new reference in *out. -ENOMEM.
 */
int overlay_new(struct inode *lower, struct inode *upper, const char *source,
	struct fs **out);

/*
 * The upper layer will outlive the overlay: from now on folders that are also
 * below are not renamed (-EXDEV), since only we know where their lower side
 * is. Without this they can be, if the upper layer is a tmpfs.
 */
void overlay_keep_upper(struct fs *fs);
/* How many copies, new names, removals and renames there were. */
uint64_t overlay_changes(const struct fs *fs);

#endif
