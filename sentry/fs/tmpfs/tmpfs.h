/*
 * tmpfs(5): files in memory.
 */
#ifndef SENTRY_FS_TMPFS_TMPFS_H
#define SENTRY_FS_TMPFS_TMPFS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct file;
struct fs;
struct fs_type;
struct inode;

struct tmpfs_options {
	uint64_t size;   /* bytes; 0: only the limit of the sandbox */
	uint64_t inodes; /* 0: no limit of its own */
	mode_t mode;     /* of the root */
	uid_t uid;
	gid_t gid;
};

extern struct fs_type tmpfs_type; /* "tmpfs", for vfs_register() */

/* A new instance with its root; a new reference in *out. -ENOMEM. */
int tmpfs_new(const char *source, const struct tmpfs_options *options,
	struct fs **out);
/* size=, nr_blocks=, nr_inodes=, mode=, uid=, gid= as in mount(2)'s data.
 * -EINVAL for anything else. Others keep their value. */
int tmpfs_parse_options(const char *data, struct tmpfs_options *options);

/*
 * A file without a name on an instance of our own: what memfd_create(2) gives.
 * name is as /proc/PID/fd shows it ("/memfd:x"); flags are O_ flags.
 */
int tmpfs_file_new(const char *name, mode_t mode, unsigned int seals,
	unsigned int flags, struct file **out);
/* fcntl(2) F_GET_SEALS, F_ADD_SEALS. -EINVAL for inodes without seals. */
long tmpfs_seals_get(const struct inode *inode);
long tmpfs_seals_add(struct inode *inode, unsigned int seals);

/* Bytes of all instances together, against sandbox_limits.memory_files. */
uint64_t tmpfs_used(void);

#endif
