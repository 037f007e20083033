/* The line discipline: Linux' n_tty as termios(3) describes it. */
#include "sentry/fs/devpts/tty.h"

#include <ctype.h>
#include <signal.h>
#include <string.h>
#include <termios.h>

#include "lib/checked.h"
#include "sentry/kernel/kernel.h"

/* ---- Queues ------------------------------------------------------------ */

size_t queue_space(const struct queue *q)
{
	return TTY_QUEUE - q->used;
}

bool queue_put(struct queue *q, unsigned char c)
{
	if (q->used == TTY_QUEUE)
		return false;
	q->bytes[(q->head + q->used++) % TTY_QUEUE] = c;
	return true;
}

int queue_get(struct queue *q)
{
	unsigned char c;

	if (q->used == 0)
		return -1;
	c = q->bytes[q->head];
	q->head = (q->head + 1) % TTY_QUEUE;
	q->used--;
	return c;
}

void queue_clear(struct queue *q)
{
	q->head = q->used = 0;
}

/* Takes back the last byte put; -1: empty. */
static int queue_unput(struct queue *q)
{
	if (q->used == 0)
		return -1;
	return q->bytes[(q->head + --q->used) % TTY_QUEUE];
}

/* ---- Settings ---------------------------------------------------------- */

void tty_init(struct tty *tty)
{
	static const uint8_t cc[TTY_NCCS] = {
		[VINTR] = 3,
		[VQUIT] = 28,
		[VERASE] = 127,
		[VKILL] = 21,
		[VEOF] = 4,
		[VMIN] = 1,
		[VSTART] = 17,
		[VSTOP] = 19,
		[VSUSP] = 26,
		[VREPRINT] = 18,
		[VDISCARD] = 15,
		[VWERASE] = 23,
		[VLNEXT] = 22,
	};

	tty->termios.iflag = ICRNL | IXON;
	tty->termios.oflag = OPOST | ONLCR;
	tty->termios.cflag = B38400 | CS8 | CREAD;
	tty->termios.lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL |
			     ECHOKE | IEXTEN;
	memcpy(tty->termios.cc, cc, sizeof(cc));
	waitq_init(&tty->master_waitq);
	waitq_init(&tty->slave_waitq);
}

static bool has(const struct tty *tty, uint32_t lflag)
{
	return tty->termios.lflag & lflag;
}

/* Is c that special character? 0 turns one off. */
static bool is_cc(const struct tty *tty, int which, unsigned char c)
{
	return tty->termios.cc[which] && tty->termios.cc[which] == c;
}

void tty_signal(struct tty *tty, int signo)
{
	struct process_group *group;

	if (!tty->session)
		return;
	group = process_group_find(tty->session->foreground_pgid);
	if (!group)
		return;
	signal_send_pgrp(group, signo, NULL);
	process_group_put(group);
}

/* ---- Output ------------------------------------------------------------ */

static bool put_out(struct tty *tty, unsigned char c)
{
	if (!queue_put(&tty->out, c))
		return false;
	if (c == '\r')
		tty->column = 0;
	else if (c == '\b' && tty->column)
		tty->column--;
	else if (!iscntrl(c))
		tty->column++;
	return true;
}

static bool put_tab(struct tty *tty)
{
	unsigned int spaces = 8 - tty->column % 8;

	if ((tty->termios.oflag & TABDLY) != XTABS) {
		if (!queue_put(&tty->out, '\t'))
			return false;
		tty->column += spaces;
		return true;
	}
	if (queue_space(&tty->out) < spaces)
		return false;
	while (spaces--)
		put_out(tty, ' ');
	return true;
}

static bool put_newline(struct tty *tty)
{
	if (tty->termios.oflag & ONLRET)
		tty->column = 0;
	if (!(tty->termios.oflag & ONLCR))
		return put_out(tty, '\n');
	if (queue_space(&tty->out) < 2)
		return false;
	put_out(tty, '\r');
	return put_out(tty, '\n');
}

bool tty_output(struct tty *tty, unsigned char c)
{
	uint32_t oflag = tty->termios.oflag;

	if (!(oflag & OPOST))
		return put_out(tty, c);
	if (c == '\n')
		return put_newline(tty);
	if (c == '\t')
		return put_tab(tty);
	if (c == '\r') {
		if (oflag & ONOCR && tty->column == 0)
			return true;
		if (oflag & OCRNL)
			return put_newline(tty);
	}
	if (oflag & OLCUC)
		c = (unsigned char)toupper(c);
	return put_out(tty, c);
}

/* ---- Echo -------------------------------------------------------------- */

static bool shown_as_control(const struct tty *tty, unsigned char c)
{
	return has(tty, ECHOCTL) && iscntrl(c) && c != '\t' && c != '\n';
}

static void echo(struct tty *tty, unsigned char c)
{
	if (!has(tty, ECHO) &&
		!(c == '\n' && has(tty, ECHONL) && has(tty, ICANON)))
		return;
	if (shown_as_control(tty, c)) {
		tty_output(tty, '^');
		tty_output(tty, c ^ 0x40);
		return;
	}
	tty_output(tty, c);
}

static void rub_out(struct tty *tty, unsigned char c)
{
	int width = shown_as_control(tty, c) ? 2 : iscntrl(c) ? 0 : 1;

	if (!has(tty, ECHO))
		return;
	if (!has(tty, ECHOE)) {
		echo(tty, tty->termios.cc[VERASE]);
		return;
	}
	while (width--) {
		put_out(tty, '\b');
		put_out(tty, ' ');
		put_out(tty, '\b');
	}
}

/* ---- Editing a line ---------------------------------------------------- */

static bool is_utf8_rest(int c)
{
	return (c & 0xc0) == 0x80;
}

static void erase_one(struct tty *tty)
{
	int c = queue_unput(&tty->line);

	while (tty->termios.iflag & IUTF8 && is_utf8_rest(c) && tty->line.used)
		c = queue_unput(&tty->line);
	if (c >= 0)
		rub_out(tty, (unsigned char)c);
}

static void erase_word(struct tty *tty)
{
	bool seen = false;
	int c;

	while ((c = queue_unput(&tty->line)) >= 0) {
		bool word = isalnum(c) || c == '_';

		if (seen && !word) {
			queue_put(&tty->line, (unsigned char)c);
			break;
		}
		seen = seen || word;
		rub_out(tty, (unsigned char)c);
	}
}

static void erase_line(struct tty *tty)
{
	if (has(tty, ECHOK) && !(has(tty, ECHOKE) && has(tty, ECHOE))) {
		queue_clear(&tty->line);
		echo(tty, tty->termios.cc[VKILL]);
		tty_output(tty, '\n');
		return;
	}
	while (tty->line.used)
		erase_one(tty);
}

static void reprint(struct tty *tty)
{
	echo(tty, tty->termios.cc[VREPRINT]);
	tty_output(tty, '\n');
	for (size_t i = 0; i < tty->line.used; i++)
		echo(tty, tty->line.bytes[(tty->line.head + i) % TTY_QUEUE]);
}

static void mark_eof(struct tty *tty, size_t place)
{
	tty->eof[place / 8] |= (unsigned char)(1u << place % 8);
}

static bool is_eof(const struct tty *tty, size_t place)
{
	return tty->eof[place / 8] & 1u << place % 8;
}

/* The line is done: the reader gets it. eof: without its last character. */
static void end_line(struct tty *tty, bool eof)
{
	size_t place;
	int c;

	if (queue_space(&tty->cooked) < tty->line.used + 1)
		return; /* the reader is behind: what was typed is kept */
	while ((c = queue_get(&tty->line)) >= 0)
		queue_put(&tty->cooked, (unsigned char)c);
	if (eof) {
		place = (tty->cooked.head + tty->cooked.used) % TTY_QUEUE;
		queue_put(&tty->cooked, 0);
		mark_eof(tty, place);
	}
	tty->lines++;
	waitq_wake(&tty->slave_waitq, 0);
}

static bool ends_line(const struct tty *tty, unsigned char c)
{
	return c == '\n' || is_cc(tty, VEOL, c) ||
	       (is_cc(tty, VEOL2, c) && has(tty, IEXTEN));
}

static void canonical(struct tty *tty, unsigned char c)
{
	if (is_cc(tty, VERASE, c)) {
		erase_one(tty);
	} else if (is_cc(tty, VWERASE, c) && has(tty, IEXTEN)) {
		erase_word(tty);
	} else if (is_cc(tty, VKILL, c)) {
		erase_line(tty);
	} else if (is_cc(tty, VREPRINT, c) && has(tty, IEXTEN)) {
		reprint(tty);
	} else if (is_cc(tty, VEOF, c)) {
		end_line(tty, true);
	} else if (ends_line(tty, c)) {
		echo(tty, c);
		queue_put(&tty->line, c);
		end_line(tty, false);
	} else if (tty->line.used < TTY_QUEUE - 1) {
		echo(tty, c);
		queue_put(&tty->line, c);
	} else if (tty->termios.iflag & IMAXBEL) {
		put_out(tty, '\a');
	}
}

/* ---- Input ------------------------------------------------------------- */

static bool signal_char(struct tty *tty, unsigned char c)
{
	int signo = is_cc(tty, VINTR, c)   ? SIGINT
		    : is_cc(tty, VQUIT, c) ? SIGQUIT
		    : is_cc(tty, VSUSP, c) ? SIGTSTP
					   : 0;

	if (!signo || !has(tty, ISIG))
		return false;
	if (!has(tty, NOFLSH)) {
		tty_flush_input(tty);
		tty_flush_output(tty);
	}
	echo(tty, c);
	tty->stopped = false;
	tty_signal(tty, signo);
	return true;
}

/* XON and XOFF: true if c was one. */
static bool flow_char(struct tty *tty, unsigned char c)
{
	if (!(tty->termios.iflag & IXON))
		return false;
	if (is_cc(tty, VSTOP, c)) {
		tty->stopped = true;
		return true;
	}
	if (tty->stopped && (tty->termios.iflag & IXANY))
		tty->stopped = false;
	if (is_cc(tty, VSTART, c)) {
		tty->stopped = false;
		return true;
	}
	return false;
}

/* CR and NL as iflag wants them; -1: dropped. */
static int translate(const struct tty *tty, unsigned char c)
{
	uint32_t iflag = tty->termios.iflag;

	if (iflag & ISTRIP)
		c &= 0x7f;
	if (iflag & IUCLC && has(tty, IEXTEN))
		c = (unsigned char)tolower(c);
	if (c == '\r') {
		if (iflag & IGNCR)
			return -1;
		return iflag & ICRNL ? '\n' : c;
	}
	return c == '\n' && iflag & INLCR ? '\r' : c;
}

void tty_input(struct tty *tty, unsigned char c)
{
	int translated;

	if (tty->literal) {
		tty->literal = false;
		translated = c;
	} else {
		if (flow_char(tty, c) || signal_char(tty, c))
			goto changed;
		translated = translate(tty, c);
		if (translated < 0)
			return;
		if (has(tty, ICANON) && has(tty, IEXTEN) &&
			is_cc(tty, VLNEXT, (unsigned char)translated)) {
			tty->literal = true;
			goto changed;
		}
		if (has(tty, ICANON)) {
			canonical(tty, (unsigned char)translated);
			goto changed;
		}
	}
	if (has(tty, ICANON)) {
		echo(tty, (unsigned char)translated);
		queue_put(&tty->line, (unsigned char)translated);
	} else if (queue_put(&tty->cooked, (unsigned char)translated)) {
		echo(tty, (unsigned char)translated);
		waitq_wake(&tty->slave_waitq, 0);
	}
changed:
	waitq_wake(&tty->master_waitq, 0);
}

/* ---- Reading ----------------------------------------------------------- */

bool tty_readable(const struct tty *tty)
{
	size_t need = tty->termios.cc[VMIN] ? tty->termios.cc[VMIN] : 1;

	if (tty->termios.lflag & ICANON)
		return tty->lines > 0;
	return tty->cooked.used >= need;
}

static bool take(struct tty *tty, unsigned char *c)
{
	size_t place = tty->cooked.head;
	bool eof = is_eof(tty, place);

	*c = (unsigned char)queue_get(&tty->cooked);
	tty->eof[place / 8] &= (unsigned char)~(1u << place % 8);
	return eof;
}

size_t tty_read(struct tty *tty, unsigned char *buf, size_t size)
{
	bool line = tty->termios.lflag & ICANON;
	size_t done = 0;

	while (done < size && tty->cooked.used) {
		unsigned char c;

		if (take(tty, &c)) {
			tty->lines--;
			if (line)
				return done;
			continue;
		}
		buf[done++] = c;
		if (line && ends_line(tty, c)) {
			tty->lines--;
			return done;
		}
	}
	/* A line of which all but its end of file was taken ends here. */
	if (line && done && tty->cooked.used && is_eof(tty, tty->cooked.head) &&
		tty->lines) {
		unsigned char c;

		take(tty, &c);
		tty->lines--;
	}
	return done;
}

void tty_flush_input(struct tty *tty)
{
	queue_clear(&tty->line);
	queue_clear(&tty->cooked);
	memset(tty->eof, 0, sizeof(tty->eof));
	tty->lines = 0;
	waitq_wake(&tty->master_waitq, 0);
}

void tty_flush_output(struct tty *tty)
{
	queue_clear(&tty->out);
	waitq_wake(&tty->slave_waitq, 0);
}

void tty_set_termios(struct tty *tty, const struct abi_termios *new)
{
	bool was = tty->termios.lflag & ICANON;
	bool is = new->lflag &ICANON;
	int c;

	tty->termios = *new;
	/* What was typed so far can be read once there are no lines. */
	if (was && !is) {
		while ((c = queue_get(&tty->line)) >= 0)
			queue_put(&tty->cooked, (unsigned char)c);
		tty->lines = 0;
		memset(tty->eof, 0, sizeof(tty->eof));
	} else if (!was && is) {
		tty->lines = tty->cooked.used ? 1 : 0;
	}
	waitq_wake(&tty->slave_waitq, 0);
	waitq_wake(&tty->master_waitq, 0);
}
