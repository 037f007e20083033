/*
 * Opening what is not a regular file or a folder: FIFOs and devices.
 *
 * Whoever implements one registers an opener for its type and numbers;
 * file_open() of vfs calls special_open() for S_ISFIFO, S_ISCHR and S_ISBLK
 * inodes whose filesystem has no open() of its own for them.
 */
#ifndef SENTRY_VFS_SPECIAL_H
#define SENTRY_VFS_SPECIAL_H

#include <stdint.h>
#include <sys/types.h>

struct file;
struct inode;

struct special_type {
	mode_t type;        /* S_IFIFO, S_IFCHR or S_IFBLK */
	unsigned int major; /* of devices */
	unsigned int minor; /* the first */
	unsigned int minor_count;
	/* Sets file->ops and file->priv. -errno leaves both alone. */
	int (*open)(struct inode *inode, struct file *file);
	const struct special_type *next; /* the registry's */
};

void special_register(struct special_type *type); /* static storage */
/* -ENXIO if nobody registered (also for sockets). */
int special_open(struct inode *inode, struct file *file);

#endif
