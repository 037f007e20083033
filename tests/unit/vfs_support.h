/*
 * For tests of names and files: a namespace on a tmpfs, and a user who walks
 * in it.
 */
#ifndef TESTS_UNIT_VFS_SUPPORT_H
#define TESTS_UNIT_VFS_SUPPORT_H

#include <check.h>

#include "sentry/vfs/vfs.h"

struct world {
	struct fs *fs; /* the root's */
	struct mount_ns *ns;
	struct cred *root, *user; /* uid 0, uid 1000 */
	struct walk walk;         /* as root unless said otherwise */
};

/* Takes over fs; NULL: a fresh tmpfs. */
void world_open(struct world *w, struct fs *fs);
void world_close(struct world *w);
struct fs *tmpfs_fresh(uint64_t size, uint64_t inodes);

/* 0 or -errno, for names in the world. */
int make_dir(struct world *w, const char *name, mode_t mode);
int make_file(struct world *w, const char *name, mode_t mode);
int make_link(struct world *w, const char *name, const char *target);
/* A file with that text. */
int put_text(struct world *w, const char *name, const char *text);
/* The text of a file, in a static buffer; NULL: it cannot be opened. */
const char *get_text(struct world *w, const char *name);
/* Errno of a walk that follows, with these WALK_ flags. */
int walk_to(struct world *w, const char *name, unsigned int flags,
	struct path *out);
int exists(struct world *w, const char *name); /* 0 or -errno */
/* Attributes of what is there; aborts the test if nothing is. */
struct attr attr_of(struct world *w, const char *name);
/* A mount of fs (taken over) on a name. */
int mount_at(
	struct world *w, const char *name, struct fs *fs, unsigned int flags);
/* Names of a folder, sorted, separated by blanks, without dots. */
const char *list_dir(struct world *w, const char *name);

/* main() of a test program. */
int run_tests(const char *name, void (*setup)(void), void (*teardown)(void),
	const TTest **tests, size_t count);

ssize_t write_bytes(struct file *file, const void *p, size_t size, off_t off);
ssize_t read_bytes(struct file *file, void *p, size_t size, off_t off);

#endif
