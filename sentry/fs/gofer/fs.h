/*
 * The gofer filesystem: files of the host, by way of the gofer.
 */
#ifndef SENTRY_FS_GOFER_FS_H
#define SENTRY_FS_GOFER_FS_H

#include <stdbool.h>
#include <stdint.h>

struct fs;
struct gofer_client;

/*
 * Attaches a root of the gofer as a filesystem; a new reference in *out. The
 * client is borrowed and must outlive it. 0, or the gofer's -errno.
 *
 * shared: others change these files meanwhile, and that shall be seen. Names
 * and attributes are then believed for a second. Without it they are believed
 * for ever: a change from outside may be seen late, or as -ESTALE. The
 * contents of files are always the host's, without delay.
 *
 * fs->read_only is set for a root that the gofer only reads.
 */
int gofer_fs_new(struct gofer_client *client, uint32_t root, bool shared,
	const char *source, struct fs **out);

#endif
