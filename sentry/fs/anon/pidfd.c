/*
 * pidfd_open(2): a process as a file, readable once it has exited. The file
 * holds the thread group, so that its number cannot mean another one.
 */
#include "sentry/fs/anon/anon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>

#include "lib/checked.h"
#include "sentry/vfs/vfs.h"

static struct thread_group *group_of(const struct file *file)
{
	return file->priv;
}

static uint32_t pidfd_poll(struct file *file)
{
	return group_of(file)->zombie ? EPOLLIN | EPOLLRDNORM : 0;
}

static struct waitq *pidfd_waitq(struct file *file)
{
	return &group_of(file)->exit_waitq;
}

static void pidfd_release(struct file *file)
{
	thread_group_put(group_of(file));
}

static size_t pidfd_fdinfo(struct file *file, char *buf, size_t size)
{
	const struct thread_group *tg = group_of(file);
	int n = snprintf(
		buf, size, "Pid:\t%d\nNSpid:\t%d\n", tg->tgid, tg->tgid);

	return n < 0 || (size_t)n >= size ? 0 : (size_t)n;
}

static const struct file_ops pidfd_ops = {
	.poll = pidfd_poll,
	.waitq = pidfd_waitq,
	.release = pidfd_release,
	.show_fdinfo = pidfd_fdinfo,
	.no_seek = true,
};

struct thread_group *file_pidfd_group(const struct file *file)
{
	return file->ops == &pidfd_ops ? group_of(file) : NULL;
}

int pidfd_file_new(
	struct thread_group *tg, unsigned int flags, struct file **out)
{
	struct inode *inode = inode_new_anonymous(0600);
	int ret = -ENOMEM;

	if (inode)
		ret = file_new_anonymous("anon_inode:[pidfd]", inode,
			&pidfd_ops, O_RDWR | flags, tg, out);
	if (ret == 0)
		ref_get(&tg->ref);
	inode_put(inode);
	return ret;
}
