/*
 * The virtual file system: names, inodes and open files, independent of any
 * filesystem.
 *
 * Objects and how they live
 *   struct fs       a mounted filesystem instance (Linux: super block).
 *                   Counted by its users: mounts, and filesystems on top of
 *                   it. Without users it is shut down; its storage goes with
 *                   the last inode or dentry (fs->pins).
 *   struct inode    a file, folder, symlink, device... Counted. A filesystem
 *                   embeds it in its own structure and frees it in
 *                   fs_ops->inode_free when the last reference goes.
 *   struct dentry   a name in a folder, with the inode it stands for, or none
 *                   (a negative entry). Counted; a dentry holds its parent.
 *                   Unreferenced ones stay on an LRU and are dropped from its
 *                   tail.
 *   struct mount    an fs (or a subtree of one) attached at a dentry of
 *                   another mount, in one mount namespace.
 *   struct path     mount + dentry: a place.
 *   struct file     an open file description: what dup() and fork() share.
 *
 * Every function returns 0 or a count, or -errno with the number Linux would
 * give. Nothing sleeps: a file operation that would have to wait returns
 * -EAGAIN, and the caller parks the call on file_waitq() (kernel/task.h).
 */
#ifndef SENTRY_VFS_VFS_H
#define SENTRY_VFS_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "lib/list.h"
#include "lib/ref.h"
#include "sentry/base/cred.h"
#include "sentry/base/waitq.h"
#include "sentry/mm/uaccess.h"

struct dentry;
struct file;
struct file_async;
struct fs;
struct inode;
struct mount;
struct mount_ns;
struct path;
struct flock_list; /* vfs/locks.c: POSIX, OFD and flock locks of an inode */
struct watch_list; /* vfs/inotify.c */

#define VFS_NAME_MAX    255
#define VFS_PATH_MAX    4096
#define VFS_SYMLINK_MAX 40

/* ---- Attributes -------------------------------------------------------- */

struct attr {
	uint64_t ino;
	mode_t mode; /* type and permissions */
	uid_t uid;
	gid_t gid;
	uint32_t nlink;
	dev_t rdev;
	uint64_t size;
	uint64_t blocks; /* of 512 bytes */
	uint32_t blksize;
	struct timespec atime, mtime, ctime, btime;
};

/* Which fields of an attr inode_ops->setattr shall change. */
#define ATTR_MODE  0x01u
#define ATTR_UID   0x02u
#define ATTR_GID   0x04u
#define ATTR_SIZE  0x08u
#define ATTR_ATIME 0x10u
#define ATTR_MTIME 0x20u
#define ATTR_CTIME 0x40u /* now, as a side effect of the others */
/* For vfs_setattr() only. */
#define ATTR_TIMES_NOW 0x80u  /* both times are "now": MAY_WRITE suffices */
#define ATTR_OPEN      0x100u /* size, through a file open for writing */

/* What a new inode shall be. */
struct new_inode {
	mode_t mode; /* type and permissions, umask already applied */
	uid_t uid;
	gid_t gid;
	dev_t rdev;
	const char *target; /* of a symlink */
};

/* ---- Inodes ------------------------------------------------------------ */

struct name {
	const char *text; /* NUL-terminated, no '/', not "." or ".." */
	size_t size;      /* 1..VFS_NAME_MAX */
};

/* One entry given to the receiver of iterate(); returns false when full. */
struct dir_context {
	bool (*emit)(struct dir_context *ctx, const char *name, size_t size,
		uint64_t ino, unsigned char type /* DT_ */, off_t next_cookie);
	off_t pos; /* cookie to start from; iterate() moves it on */
};

struct inode_ops {
	/* Folders. NULL: the operation does not exist (-EPERM or -ENOTDIR). */
	/* A new reference in *out; -ENOENT if there is no such name. */
	int (*lookup)(
		struct inode *dir, const struct name *name, struct inode **out);
	/* Any type by spec->mode; -EEXIST. A new reference in *out. */
	int (*create)(struct inode *dir, const struct name *name,
		const struct new_inode *spec, struct inode **out);
	int (*link)(struct inode *dir, const struct name *name,
		struct inode *target);
	int (*unlink)(struct inode *dir, const struct name *name,
		struct inode *target);
	int (*rmdir)(struct inode *dir, const struct name *name,
		struct inode *target);
	/*
	 * flags: RENAME_NOREPLACE, RENAME_EXCHANGE; target may be NULL. Of a
	 * filesystem that can be an overlay's upper layer: RENAME_WHITEOUT.
	 */
	int (*rename)(struct inode *old_dir, const struct name *old_name,
		struct inode *source, struct inode *new_dir,
		const struct name *new_name, struct inode *target,
		unsigned int flags);
	/* An inode without a name (O_TMPFILE); of an upper layer: any type. */
	int (*tmpfile)(struct inode *dir, const struct new_inode *spec,
		struct inode **out);

	/* Symlinks: bytes written without NUL (cut at size), or -errno. */
	ssize_t (*readlink)(struct inode *inode, char *buf, size_t size);
	/*
	 * Magic links of /proc: goes to a place instead of a text. A new
	 * reference to both parts in *out. May be given with readlink.
	 */
	int (*follow)(struct inode *inode, struct path *out);

	/* Refreshes inode->attr. NULL: attr is always current. */
	int (*getattr)(struct inode *inode);
	/* The caller checked permission. Updates inode->attr. */
	int (*setattr)(struct inode *inode, const struct attr *attr,
		unsigned int mask);
	/* Instead of the mode bits (0 or -EACCES); NULL: mode bits. want is
	 * MAY_READ | MAY_WRITE | MAY_EXEC. */
	int (*permission)(struct inode *inode, const struct cred *cred,
		unsigned int want);
	/*
	 * Called by file_open() with a file whose flags, inode and path are
	 * set: sets file->ops (default: inode->fops) and file->priv.
	 */
	int (*open)(struct inode *inode, struct file *file);

	/* xattr(7); sizes as in the system calls: size 0 asks for the size. */
	ssize_t (*getxattr)(struct inode *inode, const char *name, void *value,
		size_t size);
	int (*setxattr)(struct inode *inode, const char *name,
		const void *value, size_t size, int flags);
	ssize_t (*listxattr)(struct inode *inode, char *list, size_t size);
	int (*removexattr)(struct inode *inode, const char *name);
};

struct inode {
	struct ref ref;
	struct fs *fs; /* counted */
	const struct inode_ops *ops;
	const struct file_ops *fops; /* of files opened on it */
	struct attr attr;         /* current, or what the last getattr() said */
	struct flock_list *locks; /* owned; NULL while there are none */
	struct watch_list *watches; /* owned; NULL while there are none */
	/* Open for writing (> 0) or being executed (< 0): ETXTBSY. */
	int write_count;
	void *object; /* pipe of a FIFO, socket of a socket node: the setter's,
			 who holds the inode meanwhile; NULL otherwise */
	unsigned int open_count; /* struct files on it, O_PATH ones not */
	bool linkable; /* made by O_TMPFILE: link(2) may give it a name */
};

/* ref 1, fs pinned, the rest zero: attr is the caller's. */
void inode_init(struct inode *inode, struct fs *fs, const struct inode_ops *ops,
	const struct file_ops *fops);
struct inode *inode_get(struct inode *inode);
void inode_put(struct inode *inode);
int inode_getattr(struct inode *inode); /* refreshes if the fs wants it */
/* An inode_ops->setattr that stores all but the size (-EINVAL). */
int inode_simple_setattr(
	struct inode *inode, const struct attr *attr, unsigned int mask);
void attr_apply(struct attr *to, const struct attr *from, unsigned int mask);

#define MAY_EXEC  1u
#define MAY_WRITE 2u
#define MAY_READ  4u
/* path_resolution(7): mode bits, CAP_DAC_OVERRIDE and _READ_SEARCH. */
int inode_permission(
	struct inode *inode, const struct cred *cred, unsigned int want);
/* The same by mode bits only, for an inode_ops->permission to fall back on. */
int inode_mode_permission(
	const struct inode *inode, const struct cred *cred, unsigned int want);
/* Is cred the owner, or does it have CAP_FOWNER? */
bool inode_owner_or_capable(const struct inode *inode, const struct cred *cred);
/*
 * Execution keeps writers away and the other way round: -ETXTBSY. Held from
 * exec until the last process that runs it is gone.
 */
int inode_deny_write(struct inode *inode);
void inode_allow_write(struct inode *inode);
/* The time for inode attributes: the coarse real-time clock, as in Linux. */
struct timespec vfs_now(void);

/* ---- Filesystems ------------------------------------------------------- */

struct fs_statfs {
	uint64_t type, blocks, bfree, bavail, files, ffree;
	uint32_t bsize, namelen, flags;
};

struct fs_ops {
	const char *name; /* as in /proc/filesystems and mount(2) */
	int (*statfs)(struct fs *fs, struct fs_statfs *out);
	void (*inode_free)(struct inode *inode); /* the embedding structure */
	/*
	 * No users are left: drop every inode that the filesystem itself
	 * holds. Cached dentries are gone already. NULL: it holds none.
	 */
	void (*shutdown)(struct fs *fs);
	void (*destroy)(struct fs *fs); /* after the last inode: free it */
	int (*sync)(struct fs *fs);     /* or NULL */
	/* Names may appear or vanish by themselves: no caching of lookups. */
	bool volatile_names;
	/*
	 * Does the name still stand for this inode (NULL: still absent)?
	 * Only with volatile_names; NULL: look up again each time.
	 */
	bool (*revalidate)(struct inode *dir, const struct name *name,
		struct inode *inode);
	/* For /proc/PID/mounts: options as text that follows "rw", with a
	 * comma before each, NUL-terminated; 0. Or NULL. */
	int (*show_options)(struct fs *fs, char *buf, size_t size);
};

struct fs {
	struct ref ref;  /* users */
	struct ref pins; /* inodes, dentries; one for all users together */
	bool dead;       /* no users: nothing is cached any more */
	const struct fs_ops *ops;
	dev_t dev;           /* unique, anonymous major 0 */
	struct dentry *root; /* counted; set by the filesystem's mount */
	char *source;        /* owned; for mountinfo */
	bool read_only;
};

/* A type that mount(2) can name, or only the boot code (user_mount false). */
struct fs_type {
	const char *name;
	bool user_mount;
	bool nodev; /* as printed in /proc/filesystems */
	/* data: the option string, may be NULL. A new reference in *out. */
	int (*mount)(const char *source, const char *data, struct fs **out);
	struct fs_type *next; /* the registry's */
};

void vfs_register(struct fs_type *type); /* static storage */
const struct fs_type *fs_type_find(const char *name);
const struct fs_type *fs_type_first(void);

/* ref 1 and a fresh dev. */
void fs_init(struct fs *fs, const struct fs_ops *ops, const char *source);
struct fs *fs_get(struct fs *fs);
void fs_put(struct fs *fs);
/* Gives a new fs its root dentry; takes over the reference to inode. */
int fs_set_root(struct fs *fs, struct inode *inode);

/* ---- Dentries ---------------------------------------------------------- */

struct dentry {
	struct ref ref;
	struct dentry *parent; /* counted; itself for a root */
	struct inode *inode;   /* counted; NULL: known not to exist */
	struct fs *fs;         /* counted */
	struct list hash_node;
	struct list children; /* of ->sibling */
	struct list sibling;
	struct list lru;      /* while unreferenced */
	unsigned int mounted; /* mounts on top of it, any namespace */
	bool unlinked;        /* the name is gone; path ends in " (deleted)" */
	uint32_t hash;
	uint16_t name_size;
	char *name; /* NUL-terminated: short_name, or owned after a rename */
	char short_name[];
};

struct dentry *dentry_get(struct dentry *dentry);
void dentry_put(struct dentry *dentry);
/* The child of that name, from the cache or by lookup(); may be negative. */
int dentry_lookup(
	struct dentry *dir, const struct name *name, struct dentry **out);
/* Cached and hashed: the name is there, or known not to be. */
bool dentry_hashed(const struct dentry *dentry);
/* Drops unreferenced cached entries, at least count of them if there are. */
void dentry_shrink(size_t count);
/* A dentry outside any folder, e.g. for pipes: "pipe:[123]". Takes over the
 * reference to inode, also when it fails (NULL). */
struct dentry *dentry_new_anonymous(const char *name, struct inode *inode);
/* A nameless file of a folder (O_TMPFILE); takes over inode likewise. */
struct dentry *dentry_new_nameless(struct dentry *dir, struct inode *inode);
/* A folder's cached children that say nothing any more are dropped. */
void dentry_forget_children(struct dentry *dir);

/* ---- Mounts and places ------------------------------------------------- */

struct path {
	struct mount *mount;
	struct dentry *dentry;
};

#define MNT_READONLY 1u
#define MNT_NOSUID   2u
#define MNT_NODEV    4u
#define MNT_NOEXEC   8u
#define MNT_NOATIME  16u

struct mount {
	struct ref ref;
	struct fs *fs;        /* counted */
	struct dentry *root;  /* counted; what is shown */
	struct mount *parent; /* borrowed: dies with its tree */
	struct dentry *point; /* counted; where, in parent */
	struct mount_ns *ns;  /* borrowed; NULL when detached */
	struct list sibling;  /* in ns->mounts, in mount order */
	struct list hash_node;
	unsigned int flags; /* MNT_ */
	bool locked;        /* may not be unmounted by the guest */
	bool expiring;      /* umount2(MNT_EXPIRE) has asked once */
	int id;
	unsigned int writers; /* open files that may write: no remount "ro" */
	struct list children; /* of ->child_node, in mount order */
	struct list child_node;
	struct mount *copy; /* what the last copy of the tree made of it; may
			       be stale: only compared */
};

struct mount_ns {
	struct ref ref;
	struct list mounts; /* of ->sibling; the first is the root */
	struct mount *root;
	size_t count; /* <= MOUNTS_LIMIT */
};

#define MOUNTS_LIMIT 100000

struct path path_get(struct path path); /* counts both parts */
void path_put(struct path path);        /* both may be NULL */
bool path_equal(struct path a, struct path b);

struct mount_ns *mount_ns_new(struct fs *root_fs, unsigned int flags);
struct mount_ns *mount_ns_get(struct mount_ns *ns);
void mount_ns_put(struct mount_ns *ns);
struct mount_ns *mount_ns_copy(struct mount_ns *ns);
/* Right after mount_ns_copy(from): the copy of a mount, borrowed, or NULL. */
struct mount *mount_copy_of(
	const struct mount *mount, const struct mount_ns *from);
bool mount_is_below(const struct mount *mount, const struct mount *top);
/* The top mount's root there; new references. */
struct path mount_ns_root(struct mount_ns *ns);
/* A mount outside any namespace (pipes, memfds); NULL without memory. */
struct mount *mount_new_internal(struct fs *fs, unsigned int flags);
struct mount *mount_get(struct mount *mount);
void mount_put(struct mount *mount);
/*
 * Mounts fs at a place; a new reference is not returned. root NULL: the root
 * of fs; at must be path_mounted(). -ENOTDIR, -ENOENT, -EINVAL, -ENOSPC.
 */
int mount_attach(struct path at, struct fs *fs, struct dentry *root,
	unsigned int flags, struct mount **out);
/*
 * The caller holds one reference by its path, which does not count as a use.
 * -EINVAL, -EBUSY, -EAGAIN (MNT_EXPIRE).
 */
int mount_detach(struct mount *mount, int umount_flags);
/*
 * mount(2) with MS_BIND (recursive: MS_REC), MS_MOVE, MS_REMOUNT | MS_BIND.
 * Places are mount points after path_mounted(). What the boot code locked
 * stays where it is, keeps its flags, and is not uncovered.
 */
int mount_bind(struct path from, struct path to, bool recursive);
int mount_move(struct path from, struct path to);
int mount_set_flags(struct path at, unsigned int flags);
/*
 * pivot_root(2): new_root's mount becomes the root in place of the one that
 * root is in, which goes to put_old. The caller moves the tasks.
 */
int mount_pivot(struct path root, struct path new_root, struct path put_old);
/* The lines of /proc/PID/mounts, mountinfo, mountstats (vfs/mountinfo.c). */
enum mount_table { TABLE_MOUNTS, TABLE_MOUNTINFO, TABLE_MOUNTSTATS };
/*
 * Writes the table as a process with that root sees it. The text, to be freed,
 * in *out; its size or -ENOMEM.
 */
ssize_t mount_table_text(struct mount_ns *ns, struct path root,
	enum mount_table kind, char **out);
/* Is a write there refused? -EROFS or 0. */
int mount_want_write(const struct mount *mount);
/* If something is mounted there, its root (repeatedly); consumes path. */
struct path path_mounted(struct path path);

/*
 * Writes the absolute name of a place as seen from root into buf and returns
 * the text's start within buf; " (deleted)" is added where due, and
 * "(unreachable)" is put in front if it is not below root. NULL: too long.
 */
char *path_name(struct path path, struct path root, char *buf, size_t size);

/* ---- Walking ----------------------------------------------------------- */

/* Who walks, and from where. All borrowed for the call. */
struct walk {
	struct path root;
	struct path base; /* for relative names: the cwd or a dirfd's */
	const struct cred *cred;
	unsigned int resolve; /* RESOLVE_ flags of openat2(2) */
};

#define WALK_FOLLOW    1u /* a symlink at the end is followed */
#define WALK_DIRECTORY 2u /* -ENOTDIR unless it ends in a folder */
#define WALK_EMPTY     4u /* an empty name is the base itself */

/* To an existing place; new references in *out. */
int vfs_walk(const struct walk *walk, const char *name, unsigned int flags,
	struct path *out);

/*
 * Operations on places, with all permission checks, sticky bits, read-only
 * mounts, dentry upkeep and inotify events of the system calls. spec->uid and
 * gid are set by them from cred (set-group-ID folders included).
 */
int vfs_create(
	const struct walk *walk, const char *name, struct new_inode *spec);
int vfs_unlink(const struct walk *walk, const char *name);
int vfs_rmdir(const struct walk *walk, const char *name);
int vfs_link(struct path target, const struct walk *walk, const char *name);
int vfs_rename(const struct walk *from, const char *from_name,
	const struct walk *to, const char *to_name, unsigned int flags);
/*
 * chmod, chown, truncate, utimensat: all checks and side effects (set-ID bits
 * are cleared, ctime). cred NULL: no checks.
 */
int vfs_setattr(struct path path, const struct cred *cred,
	const struct attr *attr, unsigned int mask);
/* xattr(7) with the rules of each namespace. */
ssize_t vfs_getxattr(struct path path, const struct cred *cred,
	const char *name, void *value, size_t size);
int vfs_setxattr(struct path path, const struct cred *cred, const char *name,
	const void *value, size_t size, int flags);
ssize_t vfs_listxattr(
	struct path path, const struct cred *cred, char *list, size_t size);
int vfs_removexattr(
	struct path path, const struct cred *cred, const char *name);
/*
 * openat(2) without the descriptor table: flags are O_ flags, mode has the
 * umask applied. A new file in *out.
 */
int vfs_open(const struct walk *walk, const char *name, int flags, mode_t mode,
	struct file **out);
/*
 * Opens an existing place; permission is checked unless cred is NULL. Devices
 * and FIFOs go to special_open(), which never waits: see fifo_open_waits().
 */
int file_open(struct path path, int flags, const struct cred *cred,
	struct file **out);

/* Without a place, for a filesystem on top of another; cred is NULL. */
int file_open_inode(struct inode *inode, int flags, struct file **out);

/* ---- Open files -------------------------------------------------------- */

/*
 * off: the position to use and to move on; a file that has none is given a
 * scratch one. read and write return bytes moved (0: end of file), -EAGAIN if
 * they would have to wait, -EFAULT only if nothing moved at all.
 */
struct file_ops {
	ssize_t (*read)(struct file *file, struct uio *uio, off_t *off);
	ssize_t (*write)(struct file *file, struct uio *uio, off_t *off);
	int (*iterate)(struct file *file, struct dir_context *ctx);
	/* EPOLLIN... true now. NULL: always EPOLLIN | EPOLLOUT. */
	uint32_t (*poll)(struct file *file);
	/* What poll() changes with. NULL: never changes. */
	struct waitq *(*waitq)(struct file *file);
	/* -ENOTTY if unknown. arg is an address or a number. */
	long (*ioctl)(struct file *file, struct mm *mm, unsigned int cmd,
		uint64_t arg);
	/* NULL: generic_seek() by inode size; ESPIPE if seekable is false. */
	off_t (*seek)(struct file *file, off_t off, int whence);
	/*
	 * A host descriptor (borrowed until the call is over, opened with no
	 * more than prot needs) and the offset in it. -ENODEV if NULL. The
	 * files of tmpfs have only descriptors for reading and writing:
	 * unless file_writable(file), the caller must map MAP_PRIVATE also
	 * what the guest wants shared (the same to a reader), or mprotect()
	 * would open the file for writing.
	 */
	int (*map)(struct file *file, int prot, bool shared, off_t off,
		size_t size, int *host_fd, off_t *host_off);
	int (*fsync)(struct file *file, bool data_only);
	int (*fallocate)(struct file *file, int mode, off_t off, off_t size);
	/* Each close of a descriptor (POSIX locks go, sockets: nothing). */
	void (*flush)(struct file *file);
	/* The last reference went. */
	void (*release)(struct file *file);
	/* Extra lines for /proc/PID/fdinfo; bytes written. NULL: none. */
	size_t (*show_fdinfo)(struct file *file, char *buf, size_t size);
	bool no_seek;   /* pread gives -ESPIPE, lseek too without a seek() */
	bool no_atomic; /* writes with O_APPEND need not find the end first */
};

struct file {
	struct ref ref;
	const struct file_ops *ops;
	struct path path;    /* counted both */
	struct inode *inode; /* counted */
	unsigned int flags;  /* O_ flags without O_CREAT, O_EXCL... */
	off_t pos;
	struct cred *cred;        /* counted; of the opener */
	void *priv;               /* the ops' */
	struct list epoll_items;  /* of the epolls that watch it */
	int owner_pid;            /* F_SETOWN: > 0 process, < 0 group */
	bool counted_writer;      /* in inode->write_count */
	int owner_sig;            /* F_SETSIG */
	struct file_async *async; /* owned, with O_ASYNC: vfs/async.h */
};

/*
 * A file on an inode that has no name anywhere: pipe, eventfd... It takes its
 * own reference to inode: the caller puts its one also after success.
 */
int file_new_anonymous(const char *name, struct inode *inode,
	const struct file_ops *ops, unsigned int flags, void *priv,
	struct file **out);
/* The time to write into atime now, by relatime(8), flags and mount? */
bool file_wants_atime(const struct file *file);
/* An inode for such files, one for each call, of the anonymous fs. NULL. */
struct inode *inode_new_anonymous(mode_t mode);
/* The most open files there may be (-ENFILE); 0: no limit. */
extern size_t file_limit;

struct file *file_get(struct file *file);
void file_put(struct file *file);

/* Access mode 3 opens for neither, as O_PATH (010000000) does. */
static inline bool file_readable(const struct file *file)
{
	unsigned int mode = file->flags & (3 | 010000000);

	return mode == 0 || mode == 2;
}

static inline bool file_writable(const struct file *file)
{
	unsigned int mode = file->flags & (3 | 010000000);

	return mode == 1 || mode == 2;
}

/*
 * "." and ".." for an iterate(): cookies 0 and 1, entries start at 2. False:
 * full, and the caller is done.
 */
bool dir_emit_dots(struct file *file, struct dir_context *ctx);

uint32_t file_poll(struct file *file);
struct waitq *file_waitq(struct file *file); /* NULL: always ready */
/*
 * read(2) and write(2) below the descriptor table: mode checks (-EBADF),
 * O_APPEND, RLIMIT_FSIZE is the caller's, inotify and times. off NULL: the
 * file's own position.
 */
ssize_t file_read(struct file *file, struct uio *uio, off_t *off);
ssize_t file_write(struct file *file, struct uio *uio, off_t *off);
off_t file_seek(struct file *file, off_t off, int whence);
/* By the inode's size; the file is all data. */
off_t file_generic_seek(struct file *file, off_t off, int whence);
/* A seek() for files without a position that do not mind: it is 0. */
off_t file_noop_seek(struct file *file, off_t off, int whence);
/* Reads size bytes at off into a kernel buffer; short only at the end. */
ssize_t file_read_kernel(struct file *file, void *buf, size_t size, off_t off);

#endif
