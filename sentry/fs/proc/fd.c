/* /proc/PID/fd and fdinfo: key[1] is the descriptor. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>

#include "lib/checked.h"
#include "sentry/fs/proc/internal.h"
#include "sentry/kernel/fdtable.h"

static const struct pseudo_entry fd_entry, fdinfo_entry;

/* The open file, counted, or NULL. */
static struct file *file_of(
	const struct pseudo_inode *pi, int64_t fd, int *error)
{
	struct task *t = proc_task(pi);
	struct file *file = NULL;

	*error = -ENOENT;
	if (!t)
		return NULL;
	if (!proc_may_look(t))
		*error = -EACCES;
	else if (t->fds)
		file = fd_get_any(t, (int)fd);
	task_put(t);
	return file;
}

static int lookup(struct pseudo_inode *dir, const char *name, int64_t key[2])
{
	struct file *file;
	char *end;
	long fd = strtol(name, &end, 10);
	int error;

	if (*end || end == name || fd < 0 || fd > FD_LIMIT)
		return -ENOENT;
	file = file_of(dir, fd, &error);
	if (!file)
		return error;
	file_put(file);
	key[1] = fd;
	return 0;
}

static bool next(struct pseudo_inode *dir, int64_t *cursor, char name[32])
{
	struct task *t = proc_task(dir);
	int fd = -1;

	if (t && t->fds && proc_may_look(t))
		fd = fd_next(t->fds, (int)*cursor);
	task_put(t);
	if (fd < 0)
		return false;
	*cursor = fd + 1;
	snprintf(name, 32, "%d", fd);
	return true;
}

static int lookup_fd(struct pseudo_inode *dir, const char *name,
	const struct pseudo_entry **entry, int64_t key[2])
{
	*entry = &fd_entry;
	return lookup(dir, name, key);
}

static bool next_fd(struct pseudo_inode *dir, int64_t *cursor, char name[32],
	const struct pseudo_entry **entry)
{
	*entry = &fd_entry;
	return next(dir, cursor, name);
}

static int lookup_fdinfo(struct pseudo_inode *dir, const char *name,
	const struct pseudo_entry **entry, int64_t key[2])
{
	*entry = &fdinfo_entry;
	return lookup(dir, name, key);
}

static bool next_fdinfo(struct pseudo_inode *dir, int64_t *cursor,
	char name[32], const struct pseudo_entry **entry)
{
	*entry = &fdinfo_entry;
	return next(dir, cursor, name);
}

static int follow_fd(struct pseudo_inode *pi, struct path *out)
{
	int error;
	struct file *file = file_of(pi, pi->key[1], &error);

	if (!file)
		return error;
	*out = path_get(file->path);
	file_put(file);
	return 0;
}

static ssize_t read_fd(struct pseudo_inode *pi, char *buf, size_t size)
{
	struct path path;
	int ret = follow_fd(pi, &path);

	return ret < 0 ? ret : proc_read_link(path, buf, size);
}

static int show_fdinfo(struct pseudo_inode *pi, struct output *out)
{
	int error;
	struct file *file = file_of(pi, pi->key[1], &error);
	char more[1024];
	size_t size;

	if (!file)
		return error;
	output_printf(out, "pos:\t%lld\nflags:\t0%o\nmnt_id:\t%d\nino:\t%llu\n",
		(long long)file->pos, file->flags,
		file->path.mount ? file->path.mount->id : 0,
		(unsigned long long)file->inode->attr.ino);
	if (file->ops->show_fdinfo) {
		size = file->ops->show_fdinfo(file, more, sizeof(more));
		output_add(out, more, MIN(size, sizeof(more)));
	}
	file_put(file);
	return 0;
}

static const struct pseudo_entry fd_entry = {
	.mode = S_IFLNK | 0700,
	.readlink = read_fd,
	.follow = follow_fd,
};

void proc_fd_getattr(struct pseudo_inode *pi)
{
	struct file *file;
	int error;

	if (pi->entry != &fd_entry)
		return;
	file = file_of(pi, pi->key[1], &error);
	if (!file)
		return;
	pi->inode.attr.mode = S_IFLNK;
	if (file_readable(file))
		pi->inode.attr.mode |= 0500;
	if (file_writable(file))
		pi->inode.attr.mode |= 0300;
	file_put(file);
}

static const struct pseudo_entry fdinfo_entry = {
	.mode = S_IFREG | 0444,
	.show = show_fdinfo,
};

const struct pseudo_folder proc_fd_folder = {
	.lookup = lookup_fd,
	.next = next_fd,
};

const struct pseudo_folder proc_fdinfo_folder = {
	.lookup = lookup_fdinfo,
	.next = next_fdinfo,
};
