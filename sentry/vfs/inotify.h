/*
 * inotify(7).
 *
 * vfs and the system calls tell what happened by the functions below; each
 * costs nothing while no inode is watched. masks are IN_ bits without
 * IN_ISDIR, which is added here.
 */
#ifndef SENTRY_VFS_INOTIFY_H
#define SENTRY_VFS_INOTIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dentry;
struct file;
struct inode;
struct watch_list;

extern size_t inotify_watch_total; /* all watches that exist */

static inline bool inotify_active(void)
{
	return inotify_watch_total != 0;
}

/* In a folder: IN_CREATE, IN_DELETE, IN_MOVED_FROM, IN_MOVED_TO. child is
 * for IN_ISDIR. A rename gives both halves the cookie. */
void inotify_name(struct inode *dir, const char *name,
	const struct inode *child, uint32_t mask, uint32_t cookie);
uint32_t inotify_cookie(void);
/* To the inode's own watchers: IN_DELETE_SELF, IN_MOVE_SELF, IN_UNMOUNT. */
void inotify_self(struct inode *inode, uint32_t mask);
/* To the inode's own watchers and its folder's, with the name: IN_ATTRIB,
 * IN_OPEN, IN_ACCESS, IN_MODIFY, IN_CLOSE_... */
void inotify_dentry(struct dentry *dentry, uint32_t mask);
void inotify_file(struct file *file, uint32_t mask);
/* The last link went and nobody has it open: IN_DELETE_SELF, IN_IGNORED;
 * also when the inode itself goes (inode_put). */
void inotify_inode_gone(struct inode *inode);

int inotify_file_new(unsigned int flags, struct file **out);
bool file_is_inotify(const struct file *file);
/* inotify_add_watch(2) on kernel objects: the watch descriptor. */
int inotify_watch_add(struct file *file, struct inode *inode, uint32_t mask);
int inotify_watch_remove(struct file *file, int wd);

#endif
