/*
 * Pseudo-terminals: pty(7), pts(4), and /dev/tty.
 */
#ifndef SENTRY_FS_DEVPTS_DEVPTS_H
#define SENTRY_FS_DEVPTS_DEVPTS_H

struct fs;

/* Registers ptmx, the pts devices and /dev/tty; the hook of sessions. */
void devpts_register(void);
/* The one instance, mounted on /dev/pts; a new reference. */
int devpts_new(struct fs **out);

#endif
