/*
 * The two sides of a pty as files, and /dev/tty.
 *
 * The table of ptys holds none of them: each open file counts its tty, and
 * the last one takes it out of the table. When the master goes, the slave
 * reads end of file and its session is hung up; when the last slave goes, the
 * master reads EIO, until one is opened again.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>

#include "lib/checked.h"
#include "sentry/fs/devpts/devpts.h"
#include "sentry/fs/devpts/pty.h"
#include "sentry/fs/devpts/tty.h"
#include "sentry/fs/tmpfs/tmpfs.h"
#include "sentry/kernel/fdtable.h"
#include "sentry/kernel/kernel.h"
#include "sentry/vfs/special.h"
#include "sentry/vfs/vfs.h"

#define PTY_LIMIT    4096
#define MAJOR_PTS    136
#define MAJOR_TTYAUX 5
#define GROUP_TTY    5

static struct tty *ptys[PTY_LIMIT]; /* borrowed */
static struct fs *devpts;           /* counted */
static struct fs_ops devpts_ops;

/* ---- Life -------------------------------------------------------------- */

static struct inode *root_folder(void)
{
	return devpts->root->inode;
}

static int add_node(int index)
{
	char text[16];
	struct name name = {
		text, (size_t)snprintf(text, sizeof(text), "%d", index)};
	struct new_inode spec = {
		.mode = S_IFCHR | 0620,
		.rdev = makedev(MAJOR_PTS, (unsigned int)index),
		.uid = current ? current->cred->fsuid : 0,
		.gid = GROUP_TTY,
	};
	struct inode *inode;
	int ret;

	ret = root_folder()->ops->create(root_folder(), &name, &spec, &inode);
	if (ret == 0)
		inode_put(inode);
	dentry_forget_children(devpts->root);
	return ret;
}

static void remove_node(int index)
{
	char text[16];
	struct name name = {
		text, (size_t)snprintf(text, sizeof(text), "%d", index)};
	struct inode *inode;

	if (root_folder()->ops->lookup(root_folder(), &name, &inode) < 0)
		return;
	root_folder()->ops->unlink(root_folder(), &name, inode);
	inode_put(inode);
	dentry_forget_children(devpts->root);
}

static int new_pty(struct tty **out)
{
	struct tty *tty;
	int index = 0;
	int ret;

	while (index < PTY_LIMIT && ptys[index])
		index++;
	if (index == PTY_LIMIT)
		return -ENOSPC;
	tty = alloc_zero(tty);
	if (!tty)
		return -ENOMEM;
	ref_init(&tty->ref);
	tty_init(tty);
	tty->index = index;
	tty->locked = true;
	tty->master_open = true;
	ret = add_node(index);
	if (ret < 0) {
		free(tty);
		return ret;
	}
	ptys[index] = tty;
	*out = tty;
	return 0;
}

static void tty_put(struct tty *tty)
{
	if (!ref_put(&tty->ref))
		return;
	if (tty->session)
		tty->session->tty = NULL;
	ptys[tty->index] = NULL;
	waitq_finish(&tty->master_waitq);
	waitq_finish(&tty->slave_waitq);
	free(tty);
}

/* The line is gone: who lives on it is told (setsid(2), "hang up"). */
void pty_hang_up(struct tty *tty)
{
	tty_signal(tty, SIGHUP);
	tty_signal(tty, SIGCONT);
	if (tty->session)
		tty->session->tty = NULL;
	tty->session = NULL;
}

static void leader_exited(struct session *session)
{
	struct tty *tty = session->tty;

	if (tty && tty->session == session)
		pty_hang_up(tty);
	session->tty = NULL;
}

/* ---- The master -------------------------------------------------------- */

static struct tty *tty_of(const struct file *file)
{
	return file->priv;
}

static ssize_t master_read(struct file *file, struct uio *uio, off_t *off)
{
	struct tty *tty = tty_of(file);
	unsigned char buf[TTY_QUEUE + 1];
	size_t size = 0, want = MIN(uio->left, sizeof(buf));
	int c;

	if (want == 0)
		return 0;
	if (tty->packet) {
		buf[size++] = tty->packet_events;
		if (tty->packet_events) {
			tty->packet_events = 0;
			want = 1;
		}
	}
	if (tty->stopped)
		want = size;
	while (size < want && (c = queue_get(&tty->out)) >= 0)
		buf[size++] = (unsigned char)c;
	if (size == (tty->packet ? 1u : 0u) && !(tty->packet && buf[0]))
		return tty->slaves == 0 && tty->slave_seen ? -EIO : -EAGAIN;
	waitq_wake(&tty->slave_waitq, EPOLLOUT | EPOLLWRNORM);
	return uio_copy_out(uio, buf, size) == size ? (ssize_t)size : -EFAULT;
}

static ssize_t master_write(struct file *file, struct uio *uio, off_t *off)
{
	struct tty *tty = tty_of(file);
	unsigned char buf[256];
	size_t done = 0;

	while (uio->left) {
		size_t room = MIN(
			queue_space(&tty->cooked), queue_space(&tty->line));
		size_t part = MIN(sizeof(buf), room);

		part = MIN(part, uio->left);
		if (part == 0)
			break;
		if (uio_copy_in(uio, buf, part) != part)
			return done ? (ssize_t)done : -EFAULT;
		for (size_t i = 0; i < part; i++)
			tty_input(tty, buf[i]);
		done += part;
	}
	return done || !uio->left ? (ssize_t)done : -EAGAIN;
}

static uint32_t master_poll(struct file *file)
{
	const struct tty *tty = tty_of(file);
	uint32_t events = 0;

	if ((tty->out.used && !tty->stopped) || tty->packet_events)
		events |= EPOLLIN | EPOLLRDNORM;
	if (tty->packet_events)
		events |= EPOLLPRI;
	if (queue_space(&tty->cooked) && queue_space(&tty->line))
		events |= EPOLLOUT | EPOLLWRNORM;
	if (tty->slaves == 0 && tty->slave_seen)
		events |= EPOLLHUP;
	return events;
}

static struct waitq *master_waitq(struct file *file)
{
	return &tty_of(file)->master_waitq;
}

static void master_release(struct file *file)
{
	struct tty *tty = tty_of(file);

	tty->master_open = false;
	remove_node(tty->index);
	pty_hang_up(tty);
	waitq_wake(&tty->slave_waitq, 0);
	tty_put(tty);
}

/* ---- The slave --------------------------------------------------------- */

static ssize_t slave_read(struct file *file, struct uio *uio, off_t *off)
{
	struct tty *tty = tty_of(file);
	unsigned char buf[TTY_QUEUE];
	size_t size;
	long ret = pty_job_control(tty, SIGTTIN);

	if (ret < 0)
		return ret;
	if (uio->left == 0)
		return 0;
	if (!tty_readable(tty)) {
		if (!tty->master_open)
			return 0;
		if (!(tty->termios.lflag & ICANON) &&
			tty->termios.cc[VMIN] == 0) {
			if (tty->termios.cc[VTIME] == 0 || !current ||
				current->call.timed_out)
				goto take;
			call_set_timeout(current,
				tty->termios.cc[VTIME] * NSEC_PER_SEC / 10);
		}
		return -EAGAIN;
	}
take:
	size = tty_read(tty, buf, MIN(uio->left, sizeof(buf)));
	waitq_wake(&tty->master_waitq, EPOLLOUT | EPOLLWRNORM);
	return uio_copy_out(uio, buf, size) == size ? (ssize_t)size : -EFAULT;
}

static ssize_t slave_write(struct file *file, struct uio *uio, off_t *off)
{
	struct tty *tty = tty_of(file);
	size_t done = 0;
	unsigned char c;
	long ret = 0;

	if (tty->termios.lflag & TOSTOP)
		ret = pty_job_control(tty, SIGTTOU);
	if (ret < 0)
		return ret;
	if (!tty->master_open)
		return -EIO;
	while (uio->left && !tty->stopped && queue_space(&tty->out) >= 8) {
		if (uio_copy_in(uio, &c, 1) != 1)
			return done ? (ssize_t)done : -EFAULT;
		tty_output(tty, c);
		done++;
	}
	if (done)
		waitq_wake(&tty->master_waitq, EPOLLIN | EPOLLRDNORM);
	return done || !uio->left ? (ssize_t)done : -EAGAIN;
}

static uint32_t slave_poll(struct file *file)
{
	const struct tty *tty = tty_of(file);
	uint32_t events = 0;

	if (tty_readable(tty))
		events |= EPOLLIN | EPOLLRDNORM;
	if (!tty->stopped && queue_space(&tty->out) >= 8)
		events |= EPOLLOUT | EPOLLWRNORM;
	if (!tty->master_open)
		events |= EPOLLIN | EPOLLRDNORM | EPOLLHUP | EPOLLERR;
	return events;
}

static struct waitq *slave_waitq(struct file *file)
{
	return &tty_of(file)->slave_waitq;
}

static void slave_release(struct file *file)
{
	struct tty *tty = tty_of(file);

	if (--tty->slaves == 0)
		waitq_wake(&tty->master_waitq, 0);
	tty_put(tty);
}

/* ---- Opening ----------------------------------------------------------- */

/* The slave's node, wherever it is mounted: beside the master's own. */
long pty_open_peer(struct file *master, struct tty *tty, unsigned int flags)
{
	char text[16];
	struct name name = {
		text, (size_t)snprintf(text, sizeof(text), "%d", tty->index)};
	struct path path = {master->path.mount, NULL};
	struct file *file;
	int ret;

	if (!current ||
		flags & ~(O_ACCMODE | O_NOCTTY | O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	ret = dentry_lookup(devpts->root, &name, &path.dentry);
	if (ret < 0)
		return ret;
	ret = path.dentry->inode
		      ? file_open(path, (int)flags & ~O_CLOEXEC, NULL, &file)
		      : -EIO;
	dentry_put(path.dentry);
	if (ret < 0)
		return ret;
	return fd_install(current, file, flags & O_CLOEXEC);
}

static const struct file_ops master_ops = {
	.read = master_read,
	.write = master_write,
	.poll = master_poll,
	.waitq = master_waitq,
	.ioctl = pty_master_ioctl,
	.release = master_release,
	.no_seek = true,
};

static const struct file_ops slave_ops = {
	.read = slave_read,
	.write = slave_write,
	.poll = slave_poll,
	.waitq = slave_waitq,
	.ioctl = pty_slave_ioctl,
	.release = slave_release,
	.no_seek = true,
};

/* A session leader without a terminal takes the one it opens (tty(4)). */
static void maybe_take(struct tty *tty, const struct file *file)
{
	struct session *session;

	if (!current || file->flags & O_NOCTTY || tty->session)
		return;
	session = current->tg->group->session;
	if (session->sid == current->tg->tgid && !session->tty)
		pty_set_controlling(tty, 0);
}

static void attach_slave(struct tty *tty, struct file *file)
{
	ref_get(&tty->ref);
	tty->slaves++;
	tty->slave_seen = true;
	file->ops = &slave_ops;
	file->priv = tty;
	waitq_wake(&tty->master_waitq, 0);
}

static int slave_open(struct inode *inode, struct file *file)
{
	unsigned int index = minor(inode->attr.rdev);
	struct tty *tty = index < PTY_LIMIT ? ptys[index] : NULL;

	if (!tty || !tty->master_open || tty->locked)
		return -EIO;
	attach_slave(tty, file);
	maybe_take(tty, file);
	return 0;
}

/* Its controlling terminal, if it has one, is that of the launcher. */
static bool in_first_session(void)
{
	return current && current->tg->group->session->sid == 1;
}

/* /dev/tty is the controlling terminal, /dev/ptmx a new master. */
static int aux_open(struct inode *inode, struct file *file)
{
	struct tty *tty;
	int ret;

	if (minor(inode->attr.rdev) == 0) {
		tty = current ? current->tg->group->session->tty : NULL;
		if (!tty && in_first_session() && host_terminal_open)
			return host_terminal_open(file);
		if (!tty)
			return -ENXIO;
		attach_slave(tty, file);
		return 0;
	}
	ret = new_pty(&tty);
	if (ret < 0)
		return ret;
	file->ops = &master_ops;
	file->priv = tty;
	return 0;
}

/* ---- The filesystem ---------------------------------------------------- */

void devpts_register(void)
{
	static struct special_type slaves = {
		.type = S_IFCHR,
		.major = MAJOR_PTS,
		.minor = 0,
		.minor_count = PTY_LIMIT,
		.open = slave_open,
	};
	static struct special_type tty = {
		.type = S_IFCHR,
		.major = MAJOR_TTYAUX,
		.minor = 0,
		.minor_count = 1,
		.open = aux_open,
	};
	static struct special_type ptmx = {
		.type = S_IFCHR,
		.major = MAJOR_TTYAUX,
		.minor = 2,
		.minor_count = 1,
		.open = aux_open,
	};

	special_register(&slaves);
	special_register(&tty);
	special_register(&ptmx);
	session_leader_exited = leader_exited;
}

static int make_instance(void)
{
	struct tmpfs_options options = {.mode = 0755};
	struct name name = {"ptmx", 4};
	struct new_inode spec = {
		.mode = S_IFCHR | 0666,
		.rdev = makedev(MAJOR_TTYAUX, 2),
	};
	struct inode *inode;
	struct fs *fs;
	int ret;

	ret = tmpfs_new("devpts", &options, &fs);
	if (ret < 0)
		return ret;
	ret = fs->root->inode->ops->create(
		fs->root->inode, &name, &spec, &inode);
	if (ret < 0) {
		fs_put(fs);
		return ret;
	}
	inode_put(inode);
	/* A tmpfs of nodes, under its own name. */
	devpts_ops = *fs->ops;
	devpts_ops.name = "devpts";
	fs->ops = &devpts_ops;
	devpts = fs;
	return 0;
}

int devpts_new(struct fs **out)
{
	int ret = devpts ? 0 : make_instance();

	if (ret < 0)
		return ret;
	*out = fs_get(devpts);
	return 0;
}
