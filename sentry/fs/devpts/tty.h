/*
 * A terminal: the line discipline between a pty's two sides (termios(3)).
 *
 *	master write -> tty_input()  -> cooked -> slave read
 *	slave write  -> tty_output() -> out    -> master read
 *
 * In canonical mode what is typed stays in line until it is ended; then it
 * moves to cooked, where an end of file is the byte __DISABLED_CHAR with its
 * place noted in eofs. Everything is bounded: a full queue drops input with a
 * bell, as Linux does, and makes output wait.
 */
#ifndef SENTRY_FS_DEVPTS_TTY_H
#define SENTRY_FS_DEVPTS_TTY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>

#include "lib/ref.h"
#include "sentry/base/waitq.h"

#define TTY_QUEUE 4096 /* N_TTY_BUF_SIZE */
#define TTY_NCCS  19

struct abi_termios {
	uint32_t iflag, oflag, cflag, lflag;
	uint8_t line;
	uint8_t cc[TTY_NCCS];
};

struct queue {
	size_t head, used;
	unsigned char bytes[TTY_QUEUE];
};

struct session;

struct tty {
	struct ref ref; /* one for each open side's file */
	int index;
	struct abi_termios termios;
	struct winsize winsize;
	struct queue line;                /* canonical: being typed */
	struct queue cooked;              /* what the slave reads */
	struct queue out;                 /* what the master reads */
	size_t lines;                     /* ended lines within cooked */
	unsigned char eof[TTY_QUEUE / 8]; /* by place in cooked: ends here */
	unsigned int column;              /* for tabs and erasing */
	bool literal;                     /* VLNEXT was typed */
	bool stopped;                     /* VSTOP: output waits */
	bool packet;                      /* TIOCPKT */
	uint8_t packet_events;
	bool locked; /* TIOCSPTLCK */
	bool master_open;
	unsigned int slaves;     /* open files of the slave */
	bool slave_seen;         /* the slave was opened once: hang-ups count */
	struct session *session; /* whose controlling terminal; borrowed */
	struct waitq master_waitq, slave_waitq;
};

void tty_init(struct tty *tty);

size_t queue_space(const struct queue *q);
bool queue_put(struct queue *q, unsigned char c);
int queue_get(struct queue *q); /* -1: empty */
void queue_clear(struct queue *q);

/* A byte from the master. */
void tty_input(struct tty *tty, unsigned char c);
/* A byte from the slave's program: false if there is no room for it. */
bool tty_output(struct tty *tty, unsigned char c);
/* May the slave's read() return now? */
bool tty_readable(const struct tty *tty);
/* Bytes for the slave: at most size, one line in canonical mode. */
size_t tty_read(struct tty *tty, unsigned char *buf, size_t size);
void tty_flush_input(struct tty *tty);
void tty_flush_output(struct tty *tty);
void tty_set_termios(struct tty *tty, const struct abi_termios *new);
/* To the foreground group of the terminal's session, if there is one. */
void tty_signal(struct tty *tty, int signo);

#endif
