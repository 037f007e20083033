/*
 * Inside of the gofer filesystem.
 *
 * An inode stands for a host file, known by (device, inode number, time of
 * birth); two names of one file find the same inode. It is addressed to the
 * gofer by the folder it was last found in and its name there: its *name*. A
 * folder has, once it was used as one, a gofer node as well. The name is lost
 * when it is removed; then only donated descriptors reach the file.
 *
 * Descriptors that the gofer donated belong to the inode, at most one for
 * reading and one for writing. They stay while the file is open, and after
 * that until room is needed: opening the file again sends no message.
 *
 * A folder that was listed has batches: what READDIR said, with attributes.
 * Looking a name up in them sends no message either.
 */
#ifndef SENTRY_FS_GOFER_INODE_H
#define SENTRY_FS_GOFER_INODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gofer.h"
#include "lib/host.h"
#include "lib/list.h"
#include "lib/ref.h"
#include "sentry/fs/gofer/client.h"
#include "sentry/vfs/vfs.h"

#define DEVICES_MAX 256

struct gofer_fs {
	struct fs fs;
	struct gofer_client *client; /* borrowed */
	bool shared;
	uint32_t root_node;
	/* Host devices in it; the position marks inode numbers. */
	uint64_t devices[DEVICES_MAX];
	size_t device_count;
	struct list *buckets; /* owned; of inodes, borrowed; grows */
	size_t bucket_count;  /* a power of two */
	size_t inode_count;   /* in it */
};

struct gofer_inode {
	struct inode inode;
	struct list hash_node; /* on no list: no longer found by number */
	uint64_t dev;          /* the host's */
	uint64_t ino;
	struct gofer_inode *parent; /* counted; NULL: a root, or no name */
	char *name;                 /* owned; NULL with parent */
	size_t name_size;
	uint32_t node;     /* of a folder; 0: not asked for yet */
	uint32_t counts;   /* of the node, to be given back */
	bool is_root;      /* the node itself is its name */
	bool blank;        /* a kernel filesystem of the host: empty */
	bool gone;         /* the host has it no more under its name */
	bool attr_old;     /* attributes must be asked for again */
	int64_t attr_time; /* when they were, monotonic */

	/* Regular files. */
	int read_fd;  /* owned, or -1: O_RDONLY */
	int write_fd; /* owned, or -1: O_RDWR, or O_WRONLY where need be */
	bool write_only;
	unsigned int opens;   /* of the guest */
	unsigned int writers; /* of these, for writing */
	struct list fd_lru;   /* while it has descriptors and is not open */

	char *link; /* owned; a symlink's text, once it was asked for */

	/* Folders. */
	struct list batches; /* of struct batch, in their order */
};

/* ---- inode.c */
struct gofer_inode *gofer_inode(struct inode *inode);
struct gofer_fs *gofer_fs_of(const struct gofer_inode *gi);
struct gofer_client *gofer_client_of(const struct gofer_inode *gi);

/*
 * The inode for what the gofer described, found in dir under name (dir NULL:
 * the root). node, if not 0, comes with one count, which is taken over also
 * on failure. A new reference in *out. -ENOMEM.
 */
int gofer_inode_find(struct gofer_fs *fs, struct gofer_inode *dir,
	const struct name *name, const struct gofer_attr *attr, uint32_t node,
	struct gofer_inode **out);
void gofer_inode_free(struct inode *inode);
/* What the gofer says it looks like now. */
void gofer_inode_update(struct gofer_inode *gi, const struct gofer_attr *attr);
/* Its name is gone, or another's. */
void gofer_inode_unname(struct gofer_inode *gi);
/* It is name in dir now; -ENOMEM: it has lost its name. */
int gofer_inode_rename(struct gofer_inode *gi, struct gofer_inode *dir,
	const struct name *name);
/* Is this the name by which it is known? */
bool gofer_inode_is_named(const struct gofer_inode *gi,
	const struct gofer_inode *dir, const struct name *name);

/*
 * How to say to the gofer which file is meant: valid until anything is
 * renamed. -ESTALE without a name.
 */
int gofer_inode_where(struct gofer_inode *gi, struct gofer_where *out);
/* The same for a folder that is to be listed. */
int gofer_inode_folder(struct gofer_inode *dir, struct gofer_where *out);
/* The same for name in the folder dir, whose node is made if need be. */
int gofer_inode_child(struct gofer_inode *dir, const struct name *name,
	struct gofer_where *out);
/*
 * Asks by name whether the file is still the same. If another of its type has
 * the name now, and nobody has the old one open, the inode becomes that one:
 * names of a root that is not shared are believed for ever, but not at the
 * price of showing what is no more. -ESTALE if that cannot be.
 */
int gofer_inode_refresh(struct gofer_inode *gi);
/* -ESTALE has come: the name must be looked up again. Returns error. */
int gofer_inode_error(struct gofer_inode *gi, int error);
/* The number the guest sees. */
uint64_t gofer_inode_number(struct gofer_fs *fs, const struct gofer_attr *attr);
/* Is it the file that these attributes are of? */
bool gofer_inode_is(
	const struct gofer_inode *gi, const struct gofer_attr *attr);
/* One more count of its node, or of another node of the same folder. */
void gofer_inode_take_node(struct gofer_inode *gi, uint32_t node);
/* The table of a new instance: 0 or -ENOMEM. */
int gofer_inode_table(struct gofer_fs *fs);
/* No longer found by its number. */
void gofer_inode_unhash(struct gofer_inode *gi);

/* ---- attr.c */
extern const struct inode_ops gofer_file_inode_ops;
extern const struct inode_ops gofer_symlink_inode_ops;
extern const struct inode_ops gofer_special_inode_ops;
int gofer_inode_getattr(struct inode *inode);
int gofer_inode_setattr(
	struct inode *inode, const struct attr *attr, unsigned int mask);
ssize_t gofer_inode_getxattr(
	struct inode *inode, const char *name, void *value, size_t size);
int gofer_inode_setxattr(struct inode *inode, const char *name,
	const void *value, size_t size, int flags);
ssize_t gofer_inode_listxattr(struct inode *inode, char *list, size_t size);
int gofer_inode_removexattr(struct inode *inode, const char *name);
/* Are attributes that were learnt then still believed? */
bool gofer_is_fresh(int64_t when);

/* ---- dir.c */
extern const struct inode_ops gofer_dir_inode_ops;
extern const struct file_ops gofer_dir_file_ops;
/* Something in the folder has changed: its listing is dropped. */
void gofer_dir_forget(struct gofer_inode *dir);
/* The file's attributes have changed, and with them its folder's listing. */
void gofer_inode_changed(struct gofer_inode *gi);
bool gofer_revalidate(
	struct inode *dir, const struct name *name, struct inode *inode);

/* ---- change.c: the entries of gofer_dir_inode_ops that change names */
int gofer_dir_create(struct inode *dir, const struct name *name,
	const struct new_inode *spec, struct inode **out);
int gofer_dir_link(
	struct inode *dir, const struct name *name, struct inode *target);
int gofer_dir_unlink(
	struct inode *dir, const struct name *name, struct inode *target);
int gofer_dir_rmdir(
	struct inode *dir, const struct name *name, struct inode *target);
int gofer_dir_rename(struct inode *old_dir, const struct name *old_name,
	struct inode *source, struct inode *new_dir,
	const struct name *new_name, struct inode *target, unsigned int flags);

/* ---- file.c */
extern const struct file_ops gofer_file_ops;
int gofer_file_open(struct inode *inode, struct file *file);

/* ---- fds.c */
/*
 * Makes sure that the file has a descriptor for reading, or one for writing;
 * it may be closed again at any time unless the file is open (gi->opens).
 * 0 or -errno, -ENFILE when all are in use.
 */
int gofer_fd_read(struct gofer_inode *gi);
int gofer_fd_write(struct gofer_inode *gi);
/* Takes over a descriptor for reading and writing of a new file. */
void gofer_fd_adopt(struct gofer_inode *gi, int host_fd);
/* Counts an open file; its descriptors stay until the last is closed. */
void gofer_fd_pin(struct gofer_inode *gi, bool writer);
void gofer_fd_unpin(struct gofer_inode *gi, bool writer);
void gofer_fd_close(struct gofer_inode *gi);
/* Any descriptor good for host_fstat(2), or -1. */
int gofer_fd_any(const struct gofer_inode *gi);

#endif
