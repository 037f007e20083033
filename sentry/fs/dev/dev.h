/*
 * Device nodes: the memory devices of null(4), full(4), random(4).
 */
#ifndef SENTRY_FS_DEV_DEV_H
#define SENTRY_FS_DEV_DEV_H

#include <sys/types.h>

struct fs;

/* Registers null, zero, full, random, urandom and kmsg by their numbers. */
void dev_register(void);
/* An instance of devtmpfs with its nodes and links; a new reference. */
int devtmpfs_new(struct fs **out);

#endif
