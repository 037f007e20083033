/*
 * Stands in for the rest of the sentry, so that the tests of vfs link without
 * it: no locks, no watches, no task.
 */
#include "sentry/kernel/task.h"
#include "sentry/vfs/epoll.h"
#include "sentry/vfs/inotify.h"
#include "sentry/vfs/locks.h"

struct sandbox_limits sandbox_limits = {.memory_files = 64 << 20};
struct task *current;
size_t inotify_watch_total;

void inotify_name(struct inode *dir, const char *name,
	const struct inode *child, uint32_t mask, uint32_t cookie)
{
}

uint32_t inotify_cookie(void)
{
	return 1;
}

void inotify_self(struct inode *inode, uint32_t mask)
{
}

void inotify_dentry(struct dentry *dentry, uint32_t mask)
{
}

void inotify_file(struct file *file, uint32_t mask)
{
}

void inotify_inode_gone(struct inode *inode)
{
}

void epoll_file_released(struct file *file)
{
}

void locks_release_file(struct file *file)
{
}

void locks_free_inode(struct inode *inode)
{
}
