/*
 * ioctl(2) on passed-through descriptors: an allow-list.
 *
 * Each request is one line that says how many bytes it moves in which
 * direction; what is not listed never reaches the host. Job control is the
 * sentry's own, because process groups are: TIOCGPGRP and its kin are answered
 * here. Never on the list: TIOCSTI, TIOCLINUX, TIOCSCTTY and TIOCSETD, by
 * which a program could act outside the sandbox.
 */
#include "sentry/fs/host/hostfd_internal.h"

#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "lib/checked.h"
#include "sentry/kernel/kernel.h"
#include "sentry/kernel/task.h"
#include "sentry/vfs/vfs.h"

/* struct termios and struct termios2 of the kernel; winsize; an int. */
#define SIZE_TERMIOS  36
#define SIZE_TERMIOS2 44
#define SIZE_TERMIO   18
#define SIZE_LARGEST  SIZE_TERMIOS2

enum direction { FROM_HOST, TO_HOST, BY_VALUE };

struct host_ioctl {
	unsigned int cmd;
	unsigned int host_cmd;
	enum direction direction;
	size_t size;
	bool tty_only;
};

/*
 * The setters that wait for the output to drain become those that do not: the
 * sentry must not wait for a terminal. TCSETSF throws away input first.
 */
static const struct host_ioctl allowed[] = {
	{TCGETS, TCGETS, FROM_HOST, SIZE_TERMIOS, true},
	{TCSETS, TCSETS, TO_HOST, SIZE_TERMIOS, true},
	{TCSETSW, TCSETS, TO_HOST, SIZE_TERMIOS, true},
	{TCSETSF, TCSETS, TO_HOST, SIZE_TERMIOS, true},
	{0x802c542a /* TCGETS2 */, 0x802c542a, FROM_HOST, SIZE_TERMIOS2, true},
	{0x402c542b /* TCSETS2 */, 0x402c542b, TO_HOST, SIZE_TERMIOS2, true},
	{0x402c542c /* TCSETSW2 */, 0x402c542b, TO_HOST, SIZE_TERMIOS2, true},
	{0x402c542d /* TCSETSF2 */, 0x402c542b, TO_HOST, SIZE_TERMIOS2, true},
	{TCGETA, TCGETA, FROM_HOST, SIZE_TERMIO, true},
	{TCSETA, TCSETA, TO_HOST, SIZE_TERMIO, true},
	{TCSETAW, TCSETA, TO_HOST, SIZE_TERMIO, true},
	{TCSETAF, TCSETA, TO_HOST, SIZE_TERMIO, true},
	{TIOCGWINSZ, TIOCGWINSZ, FROM_HOST, sizeof(struct winsize), true},
	{TIOCSWINSZ, TIOCSWINSZ, TO_HOST, sizeof(struct winsize), true},
	{TIOCGETD, TIOCGETD, FROM_HOST, sizeof(int), true},
	{TIOCOUTQ, TIOCOUTQ, FROM_HOST, sizeof(int), false},
	{FIONREAD, FIONREAD, FROM_HOST, sizeof(int), false},
	{TCFLSH, TCFLSH, BY_VALUE, 0, true},
};

static const struct host_ioctl *find(unsigned int cmd)
{
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++) {
		if (allowed[i].cmd == cmd)
			return &allowed[i];
	}
	return NULL;
}

static long pass(struct hostfd *h, struct mm *mm, const struct host_ioctl *io,
	uint64_t arg)
{
	char buf[SIZE_LARGEST] = {0};
	int fd = h->source.host_fd;
	int ret;

	if (io->direction == BY_VALUE)
		return ioctl(fd, io->host_cmd, (unsigned long)arg) < 0 ? -errno
								       : 0;
	if (io->direction == TO_HOST && copy_in(mm, buf, arg, io->size) < 0)
		return -EFAULT;
	if (io->cmd == TCSETSF || io->cmd == 0x402c542d || io->cmd == TCSETAF)
		ioctl(fd, TCFLSH, TCIFLUSH);
	ret = ioctl(fd, io->host_cmd, buf);
	if (ret < 0)
		return -errno;
	if (io->direction == FROM_HOST)
		return copy_out(mm, arg, buf, io->size);
	return ret;
}

/* ---- Job control ------------------------------------------------------- */

static struct session *own_session(void)
{
	return current->tg->group->session;
}

/* The terminal that was passed in controls the first session only. */
static bool controls_caller(void)
{
	return current && own_session()->sid == 1;
}

/* Nobody has set one: the caller's own group, as a shell's child expects. */
static int foreground(void)
{
	int pgid = own_session()->foreground_pgid;

	return pgid ? pgid : current->tg->group->pgid;
}

static long set_foreground(struct mm *mm, uaddr_t arg)
{
	int32_t pgid;

	if (get_user(mm, &pgid, arg) < 0)
		return -EFAULT;
	return session_set_foreground(own_session(), pgid);
}

static long tell(struct mm *mm, uaddr_t arg, int32_t value)
{
	return put_user(mm, arg, &value);
}

bool hostfd_tty_may_read(ssize_t *ret)
{
	struct process_group *group;
	const uint64_t bit = SIGMASK(SIGTTIN);

	if (!controls_caller() || current->tg->group->pgid == foreground())
		return true;
	group = current->tg->group;
	*ret = -EIO;
	if ((current->blocked & bit) ||
		current->tg->sighand->action[SIGTTIN - 1].handler == 1)
		return false;
	signal_send_pgrp(group, SIGTTIN, NULL);
	*ret = -ERESTARTSYS;
	return false;
}

long hostfd_ioctl(
	struct file *file, struct mm *mm, unsigned int cmd, uint64_t arg)
{
	struct hostfd *h = file->priv;
	const struct host_ioctl *io = find(cmd);

	if (io && (h->tty || !io->tty_only))
		return pass(h, mm, io, arg);
	if (!h->tty || !current)
		return -ENOTTY;
	switch (cmd) {
	case TIOCGPGRP:
		return controls_caller() ? tell(mm, arg, foreground())
					 : -ENOTTY;
	case TIOCSPGRP:
		return controls_caller() ? set_foreground(mm, arg) : -ENOTTY;
	case TIOCGSID:
		return controls_caller() ? tell(mm, arg, own_session()->sid)
					 : -ENOTTY;
	case TCSBRK:
	case TCSBRKP:
		/* tcdrain(3): the terminal is the host's to empty. */
		return 0;
	case TIOCSCTTY:
	case TIOCSTI:
	case TIOCLINUX:
	case TIOCSETD:
	case TIOCEXCL:
	case TIOCCONS:
		return -EPERM;
	default:
		return -ENOTTY;
	}
}
