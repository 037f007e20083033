/* Shared by hostfd.c and hostfd_tty.c only. */
#ifndef SENTRY_FS_HOST_HOSTFD_INTERNAL_H
#define SENTRY_FS_HOST_HOSTFD_INTERNAL_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/list.h"
#include "lib/ref.h"
#include "sentry/base/evloop.h"
#include "sentry/base/waitq.h"
#include "sentry/mm/uaccess.h"

struct file;
struct inode;

struct hostfd {
	struct ref ref;          /* one per file */
	struct ev_source source; /* owns the host descriptor */
	struct waitq waitq;
	uint32_t armed;       /* what the event thread was asked for */
	struct inode *inode;  /* counted; its object is this */
	struct list tty_node; /* among the terminals, if it is one */
	mode_t mode;          /* of the host's file */
	struct file *first;   /* made at start, NULL when closed; borrowed */
	bool watched;         /* the event thread takes it: not always ready */
	bool no_nowait;       /* the host has no RWF_NOWAIT for it */
	bool tty;
	bool readable, writable; /* as passed in */
};

long hostfd_ioctl(
	struct file *file, struct mm *mm, unsigned int cmd, uint64_t arg);
/* Job control: false, and what to return, if the reader must not. */
bool hostfd_tty_may_read(ssize_t *ret);
void hostfd_uio_rewind(struct uio *uio, const struct uio *saved, ssize_t taken);

#endif
