/*
 * --keep: what a run wrote to its root, copied out at the end.
 */
#ifndef SENTRY_KEEP_H
#define SENTRY_KEEP_H

#include <stddef.h>

struct inode;

/*
 * Copies the tree of an overlay's upper layer into the folder to, as
 * to/upper; the names that were removed or replaced go into to/removed, one
 * path a line (a backslash and a newline in a name are escaped; a final '/'
 * says that everything below was, too). What is there already is replaced.
 * Goes on after an error: 0, or the first one, with the name of its place in
 * where. Modes, owners (where the gofer may) and times are kept; hard links
 * become copies, devices and attributes are left out.
 */
int keep_upper(
	struct inode *upper, struct inode *to, char *where, size_t where_size);

#endif
