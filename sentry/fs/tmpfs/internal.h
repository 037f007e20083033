/*
 * What the files of tmpfs/ share.
 *
 * An inode is held by its directory entries and by whoever uses it; its data
 * go with it. The instance holds the root; fs_ops->shutdown empties the tree.
 */
#ifndef SENTRY_FS_TMPFS_INTERNAL_H
#define SENTRY_FS_TMPFS_INTERNAL_H

#include "sentry/fs/tmpfs/tmpfs.h"
#include "sentry/vfs/vfs.h"

#define TMPFS_PAGE     4096u
#define TMPFS_HEAP_MAX 65536u /* larger files go to a memfd */

struct tmpfs {
	struct fs fs;
	struct inode *root; /* counted */
	struct tmpfs_options options;
	uint64_t used; /* bytes of data */
	uint64_t inode_count;
	uint64_t next_ino;
};

struct tmpfs_entry {
	struct list order;   /* in tmpfs_dir.entries, by cookie */
	struct list chain;   /* in its bucket */
	struct inode *inode; /* counted */
	off_t cookie;
	uint32_t hash;
	uint16_t size;
	char name[];
};

struct tmpfs_dir {
	struct list entries;
	struct list *buckets; /* owned */
	size_t bucket_count;
	size_t count;
	off_t next_cookie;
	/* The last one that a listing gave: where the next call goes on. */
	struct tmpfs_entry *cursor; /* borrowed; NULL */
};

/*
 * The bytes of a regular file: in heap while host_fd is -1, then in the memfd.
 * Heap bytes from the file's size on are zero; those from heap_size on are
 * not there and read as zero.
 */
struct tmpfs_data {
	char *heap; /* owned */
	size_t heap_size;
	int host_fd;
	struct list memfd_node; /* while host_fd is not -1: oldest first */
	uint64_t charged;       /* bytes counted in the instance and globally */
	uint64_t reserved;      /* bytes that guests have mapped at some time */
};

struct tmpfs_xattr {
	struct list node;
	size_t size;
	char *value; /* owned; behind the name */
	char name[];
};

struct tmpfs_inode {
	struct inode inode;
	union {
		struct tmpfs_data data;
		struct tmpfs_dir dir;
		char *target; /* owned */
	};
	struct list xattrs;
	size_t xattr_bytes;
	unsigned int seals;
};

static inline struct tmpfs_inode *tmpfs_inode(const struct inode *inode)
{
	return container_of(inode, struct tmpfs_inode, inode);
}

static inline struct tmpfs *tmpfs_of(const struct inode *inode)
{
	return container_of(inode->fs, struct tmpfs, fs);
}

/* ---- super.c: accounting */
/* Of data, counted in the instance too; of other memory, only globally. */
bool tmpfs_charge(struct tmpfs *fs, uint64_t bytes);
void tmpfs_uncharge(struct tmpfs *fs, uint64_t bytes);
uint64_t tmpfs_available(const struct tmpfs *fs);
bool tmpfs_charge_meta(uint64_t bytes);
void tmpfs_uncharge_meta(uint64_t bytes);

/* ---- inode.c */
extern const struct inode_ops tmpfs_dir_inode_ops;
/* A new inode without a name: nlink is 0 (2 for a folder). -ENOSPC. */
int tmpfs_inode_new(
	struct tmpfs *fs, const struct new_inode *spec, struct inode **out);
void tmpfs_inode_free(struct inode *inode);
int tmpfs_setattr(
	struct inode *inode, const struct attr *attr, unsigned int mask);

/* ---- dir.c */
extern const struct file_ops tmpfs_dir_file_ops;
void tmpfs_dir_init(struct tmpfs_dir *dir);
/* Empties it and everything below, without recursion. */
void tmpfs_dir_drain(struct inode *dir);

/* ---- data.c */
void tmpfs_data_init(struct tmpfs_data *data);
void tmpfs_data_free(struct tmpfs_inode *ti);
ssize_t tmpfs_data_read(struct tmpfs_inode *ti, struct uio *uio, off_t off);
ssize_t tmpfs_data_write(struct tmpfs_inode *ti, struct uio *uio, off_t off);
int tmpfs_data_truncate(struct tmpfs_inode *ti, uint64_t size);
int tmpfs_data_allocate(
	struct tmpfs_inode *ti, int mode, off_t off, off_t size);
/* Makes sure that the data are in a memfd, which can be mapped. */
int tmpfs_data_to_memfd(struct tmpfs_inode *ti);
/* The same, for a mapping: if there are too many, another one goes back. */
int tmpfs_data_to_mapped(struct tmpfs_inode *ti);
/* size bytes from off may be touched through a mapping. -ENOMEM. */
int tmpfs_data_reserve(struct tmpfs_inode *ti, off_t off, size_t size);
off_t tmpfs_data_seek(struct tmpfs_inode *ti, off_t off, int whence);

/* ---- file.c */
extern const struct file_ops tmpfs_file_ops;

/* ---- xattr.c */
ssize_t tmpfs_getxattr(
	struct inode *inode, const char *name, void *value, size_t size);
int tmpfs_setxattr(struct inode *inode, const char *name, const void *value,
	size_t size, int flags);
ssize_t tmpfs_listxattr(struct inode *inode, char *list, size_t size);
int tmpfs_removexattr(struct inode *inode, const char *name);
void tmpfs_xattrs_free(struct tmpfs_inode *ti);

#endif
