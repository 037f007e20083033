/* Between the files of devpts: opening and reading, and ioctls. */
#ifndef SENTRY_FS_DEVPTS_PTY_H
#define SENTRY_FS_DEVPTS_PTY_H

#include <stdint.h>

struct file;
struct mm;
struct tty;

long pty_master_ioctl(
	struct file *file, struct mm *mm, unsigned int cmd, uint64_t arg);
long pty_slave_ioctl(
	struct file *file, struct mm *mm, unsigned int cmd, uint64_t arg);
/* TIOCGPTPEER: a descriptor of current's, or -errno. */
long pty_open_peer(struct file *master, struct tty *tty, unsigned int flags);
/* A background job's touch: 0 to go on, else what the call returns. */
long pty_job_control(const struct tty *tty, int signo);
/* TIOCSCTTY of current. */
long pty_set_controlling(struct tty *tty, uint64_t force);
/* The line is gone: who lives on it is told. */
void pty_hang_up(struct tty *tty);

#endif
