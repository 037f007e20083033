/*
 * ioctl(2) on terminals (ioctl_tty(2)), job control, packet mode.
 */
#include "sentry/fs/devpts/pty.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <termios.h>

#include "sentry/fs/devpts/tty.h"
#include "sentry/kernel/kernel.h"
#include "sentry/mm/uaccess.h"
#include "sentry/vfs/vfs.h"

/* ---- Job control ------------------------------------------------------- */

static bool in_background(const struct tty *tty)
{
	const struct process_group *group = current ? current->tg->group : NULL;

	return group && tty->session && group->session == tty->session &&
	       tty->session->foreground_pgid &&
	       group->pgid != tty->session->foreground_pgid;
}

long pty_job_control(const struct tty *tty, int signo)
{
	struct process_group *group;

	if (!in_background(tty))
		return 0;
	group = current->tg->group;
	if ((current->blocked & SIGMASK(signo)) ||
		current->tg->sighand->action[signo - 1].handler == 1)
		return signo == SIGTTIN ? -EIO : 0;
	if (group_is_orphaned(group))
		return -EIO;
	signal_send_pgrp(group, signo, NULL);
	return -ERESTARTSYS;
}

/* ---- Packet mode ------------------------------------------------------- */

static void packet_event(struct tty *tty, uint8_t event)
{
	if (!tty->packet)
		return;
	tty->packet_events |= event;
	waitq_wake(&tty->master_waitq, 0);
}

/* ---- ioctl ------------------------------------------------------------- */

#define TERMIOS_SIZE 36

static long set_termios(
	struct tty *tty, struct mm *mm, uint64_t arg, unsigned int cmd)
{
	struct abi_termios new;
	long ret = pty_job_control(tty, SIGTTOU);

	if (ret < 0)
		return ret;
	if (copy_in(mm, &new, arg, TERMIOS_SIZE) < 0)
		return -EFAULT;
	if (cmd == TCSETSF)
		tty_flush_input(tty);
	tty_set_termios(tty, &new);
	return 0;
}

static long set_winsize(struct tty *tty, struct mm *mm, uint64_t arg)
{
	struct winsize new;

	if (get_user(mm, &new, arg) < 0)
		return -EFAULT;
	if (memcmp(&new, &tty->winsize, sizeof(new)) == 0)
		return 0;
	tty->winsize = new;
	tty_signal(tty, SIGWINCH);
	return 0;
}

static long flush(struct tty *tty, uint64_t which)
{
	long ret = pty_job_control(tty, SIGTTOU);

	if (ret < 0)
		return ret;
	if (which > TCIOFLUSH)
		return -EINVAL;
	if (which != TCOFLUSH) {
		tty_flush_input(tty);
		packet_event(tty, TIOCPKT_FLUSHREAD);
	}
	if (which != TCIFLUSH) {
		tty_flush_output(tty);
		packet_event(tty, TIOCPKT_FLUSHWRITE);
	}
	return 0;
}

static long flow(struct tty *tty, uint64_t action)
{
	switch (action) {
	case TCOOFF:
		tty->stopped = true;
		packet_event(tty, TIOCPKT_STOP);
		return 0;
	case TCOON:
		tty->stopped = false;
		packet_event(tty, TIOCPKT_START);
		waitq_wake(&tty->slave_waitq, 0);
		waitq_wake(&tty->master_waitq, 0);
		return 0;
	case TCIOFF:
	case TCION:
		return 0;
	default:
		return -EINVAL;
	}
}

long pty_set_controlling(struct tty *tty, uint64_t force)
{
	struct session *session = current->tg->group->session;

	if (session->sid == current->tg->tgid && tty->session == session)
		return 0;
	if (session->sid != current->tg->tgid || session->tty)
		return -EPERM;
	if (tty->session) {
		if (force != 1 ||
			!cred_capable(current->cred, 21 /* CAP_SYS_ADMIN */))
			return -EPERM;
		tty->session->tty = NULL;
	}
	tty->session = session;
	session->tty = tty;
	session->foreground_pgid = current->tg->group->pgid;
	return 0;
}

static long give_up_controlling(struct tty *tty)
{
	struct session *session = current->tg->group->session;

	if (tty->session != session)
		return -ENOTTY;
	if (session->sid == current->tg->tgid)
		pty_hang_up(tty);
	return 0;
}

static long set_foreground(struct tty *tty, struct mm *mm, uint64_t arg)
{
	struct session *session = current->tg->group->session;
	int32_t pgid;
	long ret = pty_job_control(tty, SIGTTOU);

	if (ret < 0)
		return ret;
	if (tty->session != session)
		return -ENOTTY;
	if (get_user(mm, &pgid, arg) < 0)
		return -EFAULT;
	return session_set_foreground(session, pgid);
}

static long put_int(struct mm *mm, uint64_t arg, int32_t value)
{
	return put_user(mm, arg, &value);
}

/* What both sides answer. */
static long common_ioctl(
	struct tty *tty, struct mm *mm, unsigned int cmd, uint64_t arg)
{
	switch (cmd) {
	case TCGETS:
		return copy_out(mm, arg, &tty->termios, TERMIOS_SIZE);
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		return set_termios(tty, mm, arg, cmd);
	case TIOCGWINSZ:
		return put_user(mm, arg, &tty->winsize);
	case TIOCSWINSZ:
		return set_winsize(tty, mm, arg);
	case TCFLSH:
		return flush(tty, arg);
	case TCXONC:
		return flow(tty, arg);
	case TCSBRK:
	case TCSBRKP:
		return 0;
	case TIOCGETD:
		return put_int(mm, arg, 0);
	case TIOCOUTQ:
		return put_int(mm, arg, 0);
	case TIOCEXCL:
	case TIOCNXCL:
		return 0;
	case TIOCSTI:
		return -EIO; /* dev.tty.legacy_tiocsti is off */
	default:
		return -ENOTTY;
	}
}

static long lock_pty(struct tty *tty, struct mm *mm, uint64_t arg)
{
	int32_t value;

	if (get_user(mm, &value, arg) < 0)
		return -EFAULT;
	tty->locked = value;
	return 0;
}

static long set_packet(struct tty *tty, struct mm *mm, uint64_t arg)
{
	int32_t value;

	if (get_user(mm, &value, arg) < 0)
		return -EFAULT;
	tty->packet = value;
	tty->packet_events = 0;
	return 0;
}

static int32_t foreground_of(const struct tty *tty)
{
	return tty->session ? tty->session->foreground_pgid : 0;
}

long pty_master_ioctl(
	struct file *file, struct mm *mm, unsigned int cmd, uint64_t arg)
{
	struct tty *tty = file->priv;

	switch (cmd) {
	case TIOCGPTN:
		return put_int(mm, arg, tty->index);
	case TIOCSPTLCK:
		return lock_pty(tty, mm, arg);
	case TIOCGPTLCK:
		return put_int(mm, arg, tty->locked);
	case TIOCPKT:
		return set_packet(tty, mm, arg);
	case TIOCGPKT:
		return put_int(mm, arg, tty->packet);
	case TIOCGPTPEER:
		return pty_open_peer(file, tty, (unsigned int)arg);
	case TIOCSIG:
		if (arg < 1 || arg > NSIG_GUEST)
			return -EINVAL;
		tty_signal(tty, (int)arg);
		return 0;
	case FIONREAD:
		return put_int(mm, arg, (int32_t)tty->out.used);
	case TIOCGPGRP:
		return put_int(mm, arg, foreground_of(tty));
	case TIOCGSID:
		return tty->session ? put_int(mm, arg, tty->session->sid)
				    : -ENOTTY;
	default:
		return common_ioctl(tty, mm, cmd, arg);
	}
}

long pty_slave_ioctl(
	struct file *file, struct mm *mm, unsigned int cmd, uint64_t arg)
{
	struct tty *tty = file->priv;

	if (!current)
		return -ENOTTY;
	if (!tty->master_open)
		return -EIO;
	switch (cmd) {
	case FIONREAD:
		return put_int(mm, arg,
			tty_readable(tty) ? (int32_t)tty->cooked.used : 0);
	case TIOCSCTTY:
		return pty_set_controlling(tty, arg);
	case TIOCNOTTY:
		return give_up_controlling(tty);
	case TIOCGPGRP:
		if (tty->session != current->tg->group->session)
			return -ENOTTY;
		return put_int(mm, arg, foreground_of(tty));
	case TIOCSPGRP:
		return set_foreground(tty, mm, arg);
	case TIOCGSID:
		if (tty->session != current->tg->group->session)
			return -ENOTTY;
		return put_int(mm, arg, tty->session->sid);
	default:
		return common_ioctl(tty, mm, cmd, arg);
	}
}
