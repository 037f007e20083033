/*
 * Trees of generated files: the building block of proc and sysfs.
 *
 * A filesystem describes its folders as constant tables of entries. An inode
 * is an entry and two numbers, say a process id and a descriptor; it is made
 * when a name is looked up and owns nothing else. A file's text is generated
 * when it is read from the start, and kept with the open file, so that the
 * pieces of one reading fit together.
 */
#ifndef SENTRY_FS_PSEUDO_H
#define SENTRY_FS_PSEUDO_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sentry/vfs/vfs.h"

#define PSEUDO_TEXT_MAX (16u << 20) /* of one generated file */

/* Text that grows; when memory or the limit is out, failed is set. */
struct output {
	char *buf; /* owned */
	size_t size, space;
	bool failed;
};

void output_add(struct output *out, const void *bytes, size_t size);
void output_printf(struct output *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The bits set of count, as ranges: "0-3,7" (bitmap_parselist of Linux). */
void output_ranges(struct output *out, const uint64_t *bits, size_t count);
void output_finish(struct output *out);

struct pseudo_entry;

struct pseudo_inode {
	struct inode inode;
	const struct pseudo_entry *entry;
	int64_t key[2]; /* the entry's to interpret; inherited from the folder
			 */
};

static inline struct pseudo_inode *pseudo_of(struct inode *inode)
{
	return container_of(inode, struct pseudo_inode, inode);
}

struct pseudo_folder {
	const struct pseudo_entry *entries;
	size_t count;
	/*
	 * Names that come and go. key holds the folder's numbers on entry and
	 * the child's on return. -ENOENT.
	 */
	int (*lookup)(struct pseudo_inode *dir, const char *name,
		const struct pseudo_entry **entry, int64_t key[2]);
	/*
	 * The first of them at or after *cursor (0 first); moves *cursor
	 * behind it and writes its name. False: no more.
	 */
	bool (*next)(struct pseudo_inode *dir, int64_t *cursor, char name[32],
		const struct pseudo_entry **entry);
};

struct pseudo_entry {
	const char *name; /* NULL for those of lookup() */
	mode_t mode;      /* type and permissions */
	const struct pseudo_folder *folder;
	/* Regular files: 0 or -errno. */
	int (*show)(struct pseudo_inode *inode, struct output *out);
	/* Bytes taken, or -errno; text is NUL-terminated behind size. */
	ssize_t (*store)(
		struct pseudo_inode *inode, const char *out, size_t size);
	/* Symlinks, as in inode_ops. */
	ssize_t (*readlink)(struct pseudo_inode *inode, char *buf, size_t size);
	int (*follow)(struct pseudo_inode *inode, struct path *out);
	/* Instead of show and store. */
	const struct file_ops *fops;
	int64_t value; /* for tables of similar entries */
};

struct pseudo_fs_ops {
	struct fs_ops fs;
	/* Owner and anything else that the entry does not say. */
	void (*getattr)(struct pseudo_inode *inode);
	/* Is what the numbers stand for still there? NULL: always. */
	bool (*alive)(const struct pseudo_inode *inode);
};

/* A new instance; ops->fs is filled in where it is NULL. */
int pseudo_fs_new(struct pseudo_fs_ops *ops, const char *source,
	const struct pseudo_entry *root, struct fs **out);

#endif
