/*
 * The protocol with the gofer, and how a gofer is started.
 *
 * The gofer is the only process that touches host files. It serves one
 * sentry over one SOCK_SEQPACKET Unix socket: one request in, one reply out,
 * in order; a request carries an id and its reply the same one, so that the
 * client may later have several on the way. Neither side believes the other.
 *
 * What can be named. Only directories have a number, a *node*. Everything
 * else is named by a target: a node and one name in it, or a node and no name
 * for the node itself. The gofer keeps no state and no descriptor for a file;
 * the descriptors of directories are a bounded cache. A name is one component:
 * 1 to 255 bytes, no '/', no NUL, not "." and not "..". No symlink is ever
 * followed: the client gets the symlink and walks on by itself.
 *
 * Counting. Every reply that carries a node number hands out one more count
 * of that node (0: no node). CLUNK gives counts back; at 0 the gofer forgets
 * the node and the number may be used again. A node whose directory is gone
 * from the place where it was seen answers -ESTALE.
 *
 * What is never served. Sockets, fifos and devices are shown, not opened. A
 * directory of a kernel filesystem (procfs, sysfs, devtmpfs, cgroups, ...) is
 * shown as an empty directory with GOFER_ATTR_BLANK, a file of one not at
 * all. A hidden path does not exist (-ENOENT) and cannot be made (-EACCES).
 *
 * Lifetime. The gofer ends with status 0 when the socket's other end is
 * closed, with 1 on any message that breaks the protocol (it does not argue),
 * with 125 and one line on stderr when it cannot start.
 *
 * Integers have the byte order of the machine. Padding must be zero.
 */
#ifndef GOFER_H
#define GOFER_H

#include <assert.h>
#include <stdint.h>

/*
 * Starting one.
 *
 *	gofer --socket=FD --config=FD [--log=FD [--log-level=0..3]]
 *
 * Descriptors are inherited numbers; the gofer closes all others above 2.
 * The config descriptor (a memfd or a pipe, read to its end) holds a sequence
 * of NUL-terminated strings, in pairs of a word and its value:
 *
 *	"ro"    host path   a root that is only read
 *	"rw"    host path   a root that may be changed
 *	"suid"  ""          the root before may get set-user-ID files although
 *			    the gofer is root
 *	"hide"  path        relative to the root before, without leading '/'
 *	"nofile" number     soft RLIMIT_NOFILE (default 1024)
 *
 * Roots are numbered from 0 in the order given, and may be directories or
 * regular files. Host paths are resolved once, symlinks followed, in the
 * gofer's own mount namespace and with its own rights, before it locks itself
 * down. Being in a mount namespace with only the roots in it, or in a user
 * namespace, is for the one who starts it; everything else it does itself.
 * A hidden path that exists is also hidden under every other name it has.
 */
#define GOFER_CONFIG_MAX (1u << 20) /* bytes of the whole config */
#define GOFER_ROOTS_MAX  256
#define GOFER_HIDDEN_MAX 1024 /* all roots together */

/* Limits of the protocol. */
#define GOFER_MAGIC       0x72666f67u /* "gofr" */
#define GOFER_VERSION     1
#define GOFER_MESSAGE_MAX 65536 /* a whole request or reply */
#define GOFER_NAME_MAX    255
#define GOFER_LINK_MAX    4095       /* target of a symlink */
#define GOFER_WALK_MAX    32         /* names in one WALK */
#define GOFER_CLUNK_MAX   512        /* nodes in one CLUNK */
#define GOFER_XATTR_MAX   32768      /* value, or list of names */
#define GOFER_NODES_MAX   (1u << 18) /* -ENFILE beyond */
#define GOFER_DEADLINE_MS 10000      /* then the client gives it up */

/*
 * X(NAME, fixed part of the request, most bytes behind it, state, reply)
 *
 * state is the least one in which the message is accepted: NEW until HELLO,
 * GREETED until the first ATTACH, then ATTACHED. reply is the fixed part of
 * the reply; the field fds of its header says whether a descriptor came:
 * exactly one with OPEN and CREATE, never one elsewhere. An error reply
 * (header.error != 0) is a header alone.
 */
#define GOFER_MESSAGES(X)                                                      \
	X(HELLO, hello, 0, NEW, hello_reply)                                   \
	X(ATTACH, attach, 0, GREETED, attach_reply)                            \
	X(WALK, walk, 32 * 256, ATTACHED, walk_reply)                          \
	X(STAT, stat, 255, ATTACHED, attr_reply)                               \
	X(OPEN, open, 255, ATTACHED, attr_reply)                               \
	X(CREATE, create, 255, ATTACHED, attr_reply)                           \
	X(MKDIR, create, 255, ATTACHED, attr_reply)                            \
	X(MKNOD, create, 255, ATTACHED, attr_reply)                            \
	X(SYMLINK, symlink, 255 + 4095, ATTACHED, attr_reply)                  \
	X(LINK, link, 2 * 255, ATTACHED, attr_reply)                           \
	X(UNLINK, unlink, 255, ATTACHED, empty_reply)                          \
	X(RENAME, rename, 2 * 255, ATTACHED, empty_reply)                      \
	X(READLINK, readlink, 255, ATTACHED, data_reply)                       \
	X(READDIR, readdir, 255, ATTACHED, readdir_reply)                      \
	X(SETATTR, setattr, 255, ATTACHED, attr_reply)                         \
	X(STATFS, statfs, 0, ATTACHED, statfs_reply)                           \
	X(GETXATTR, xattr, 2 * 255, ATTACHED, data_reply)                      \
	X(LISTXATTR, xattr, 255, ATTACHED, data_reply)                         \
	X(SETXATTR, xattr, 2 * 255 + 32768, ATTACHED, empty_reply)             \
	X(REMOVEXATTR, xattr, 2 * 255, ATTACHED, empty_reply)                  \
	X(FSYNC, fsync, 255, ATTACHED, empty_reply)                            \
	X(CLUNK, clunk, 512 * 8, GREETED, empty_reply)

enum gofer_type {
	GOFER_NONE,
#define X(name, request, extra, state, reply) GOFER_##name,
	GOFER_MESSAGES(X)
#undef X
		GOFER_TYPES
};

enum gofer_state { GOFER_NEW, GOFER_GREETED, GOFER_ATTACHED };

struct gofer_header {
	uint32_t size; /* of the whole message; equals what was received */
	uint16_t type; /* enum gofer_type */
	uint16_t fds;  /* descriptors that come with it: 0 or 1 */
	uint64_t id;   /* chosen by the client, repeated in the reply */
	int32_t error; /* reply: 0 or a negative errno; request: 0 */
	uint32_t cpu;  /* request: 1 + where the client runs, or 0; reply: 0 */
};

/* Bytes of the name follow the fixed part of the message, without a NUL. */
struct gofer_target {
	uint32_t node;
	uint16_t name_size; /* 0: the node itself */
	uint16_t pad;
};

struct gofer_time {
	int64_t sec;
	uint32_t nsec; /* < 1,000,000,000 */
	uint32_t pad;
};

#define GOFER_ATTR_BLANK   0x1 /* a kernel filesystem begins here: empty */
#define GOFER_ATTR_PARTIAL 0x2 /* READDIR: only ino and the type are known */

struct gofer_attr {
	uint64_t dev; /* the host's st_dev */
	uint64_t ino;
	uint32_t mode; /* type and permissions */
	uint32_t nlink;
	uint32_t uid; /* the host's, as they are */
	uint32_t gid;
	uint64_t size; /* <= INT64_MAX */
	uint64_t blocks;
	uint32_t blksize;
	uint32_t flags; /* GOFER_ATTR_* */
	uint64_t rdev;
	struct gofer_time atime, mtime, ctime, btime;
};

struct gofer_hello {
	struct gofer_header header;
	uint32_t magic;
	uint32_t version;
};

struct gofer_hello_reply {
	struct gofer_header header;
	uint32_t magic;
	uint32_t version;
	uint32_t roots;
	uint32_t walls; /* bits of enum wall (lib/lockdown.h) that stand */
};

/* Root number -> its node or, where the root is a file, its file node. */
struct gofer_attach {
	struct gofer_header header;
	uint32_t root;
	uint32_t pad;
};

#define GOFER_ROOT_WRITABLE 0x1

struct gofer_attach_reply {
	struct gofer_header header;
	uint32_t node;
	uint32_t flags; /* GOFER_ROOT_* */
	struct gofer_attr attr;
};

/*
 * Looks up name after name, from node. names_size bytes follow: count names,
 * each with a NUL behind it. The reply has one entry for each name that
 * exists, up to the first that is not a directory. If fewer than count came,
 * stop is 0 when the last entry is not a directory, else the error of the
 * name behind it (-ENOENT and so on). The first name's error is the reply's.
 */
struct gofer_walk {
	struct gofer_header header;
	uint32_t node;
	uint16_t count; /* 1 to GOFER_WALK_MAX */
	uint16_t names_size;
};

struct gofer_walk_entry {
	uint32_t node; /* 0 unless a directory */
	uint32_t pad;
	struct gofer_attr attr;
};

struct gofer_walk_reply {
	struct gofer_header header;
	uint32_t count; /* entries that follow */
	int32_t stop;
};

struct gofer_stat {
	struct gofer_header header;
	struct gofer_target target;
};

struct gofer_attr_reply {
	struct gofer_header header;
	uint32_t node; /* MKDIR: the new directory's; else 0 */
	uint32_t pad;
	struct gofer_attr attr;
};

/*
 * Donates a descriptor of a regular file; anything else is -ENXIO, or
 * -EISDIR. If dev and ino are not both 0 and do not fit: -ESTALE.
 */
struct gofer_open {
	struct gofer_header header;
	struct gofer_target target;
	uint32_t flags; /* O_RDONLY, O_WRONLY or O_RDWR, alone */
	uint32_t pad;
	uint64_t dev;
	uint64_t ino;
};

/*
 * CREATE makes a regular file (-EEXIST if the name is taken, whatever by) and
 * donates a descriptor opened with flags. MKDIR makes a directory, MKNOD a
 * fifo or a socket (the type is in mode); both want flags 0. The mode is taken
 * as it is. The owner is set where the gofer has the right to; else the host's
 * choice stays, and the attributes tell.
 */
struct gofer_create {
	struct gofer_header header;
	struct gofer_target target; /* with a name */
	uint32_t mode;
	uint32_t flags;
	uint32_t uid;
	uint32_t gid;
};

struct gofer_symlink {
	struct gofer_header header;
	struct gofer_target target; /* with a name */
	uint32_t uid;
	uint32_t gid;
	uint32_t link_size; /* 1 to GOFER_LINK_MAX, behind the name */
	uint32_t pad;
};

/* from must still be (dev, ino), else -ESTALE. Both names follow. */
struct gofer_link {
	struct gofer_header header;
	struct gofer_target from;
	struct gofer_target to; /* with a name */
	uint64_t dev;
	uint64_t ino;
};

struct gofer_unlink {
	struct gofer_header header;
	struct gofer_target target; /* with a name */
	uint32_t flags;             /* 0 or AT_REMOVEDIR */
	uint32_t pad;
};

struct gofer_rename {
	struct gofer_header header;
	struct gofer_target from; /* with a name */
	struct gofer_target to;   /* with a name */
	uint32_t flags;           /* 0, RENAME_NOREPLACE or RENAME_EXCHANGE */
	uint32_t pad;
};

struct gofer_readlink {
	struct gofer_header header;
	struct gofer_target target; /* with a name */
};

/*
 * size bytes follow. For READLINK 1 to GOFER_LINK_MAX, for the others up to
 * GOFER_XATTR_MAX. full_size is size, or what would have been when the request
 * asked for the size only.
 */
struct gofer_data_reply {
	struct gofer_header header;
	uint32_t size;
	uint32_t full_size;
};

/*
 * Entries with their attributes, without "." and "..", from cookie on (0: the
 * first). As many as fit in max bytes of reply, at least one unless the end is
 * reached. node is the directory's own: a directory may be read as a child of
 * its parent, and gets its number by that.
 */
struct gofer_readdir {
	struct gofer_header header;
	struct gofer_target target;
	uint64_t cookie;
	uint32_t max; /* 4096 to GOFER_MESSAGE_MAX */
	uint32_t pad;
};

#define GOFER_DIR_END 0x1 /* no entry behind these */

struct gofer_readdir_reply {
	struct gofer_header header;
	uint32_t node;
	uint32_t flags;
	uint32_t count;
	uint32_t pad;
	uint64_t cookie;        /* where to go on behind all of these */
	struct gofer_attr attr; /* of the directory */
};

/* The name follows, then zeros up to a multiple of 8. */
struct gofer_dirent {
	uint64_t cookie; /* where to go on behind this one */
	uint16_t name_size;
	uint16_t pad[3];
	struct gofer_attr attr;
};

#define GOFER_SET_MODE      0x01
#define GOFER_SET_UID       0x02
#define GOFER_SET_GID       0x04
#define GOFER_SET_SIZE      0x08
#define GOFER_SET_ATIME     0x10
#define GOFER_SET_MTIME     0x20
#define GOFER_SET_ATIME_NOW 0x40
#define GOFER_SET_MTIME_NOW 0x80
#define GOFER_SET_ALL       0xff

/* The target must still be (dev, ino), else -ESTALE. */
struct gofer_setattr {
	struct gofer_header header;
	struct gofer_target target;
	uint64_t dev;
	uint64_t ino;
	uint32_t valid; /* GOFER_SET_* */
	uint32_t mode;  /* permissions only */
	uint32_t uid;
	uint32_t gid;
	uint64_t size;
	struct gofer_time atime;
	struct gofer_time mtime;
};

struct gofer_statfs {
	struct gofer_header header;
	uint32_t node;
	uint32_t pad;
};

struct gofer_statfs_reply {
	struct gofer_header header;
	uint64_t type;
	uint64_t bsize;
	uint64_t frsize;
	uint64_t blocks;
	uint64_t bfree;
	uint64_t bavail;
	uint64_t files;
	uint64_t ffree;
	uint64_t namelen;
	uint64_t flags;
};

/*
 * GETXATTR, LISTXATTR, SETXATTR, REMOVEXATTR: the target's name, then
 * attr_size bytes of the attribute's name, then value_size bytes of value.
 * GETXATTR and LISTXATTR: value_size is the room; 0 asks for the size; too
 * little is -ERANGE. No value follows. Only "user." attributes are served.
 */
struct gofer_xattr {
	struct gofer_header header;
	struct gofer_target target;
	uint64_t dev; /* as in OPEN */
	uint64_t ino;
	uint32_t attr_size;  /* 1 to 255; LISTXATTR: 0 */
	uint32_t value_size; /* <= GOFER_XATTR_MAX */
	uint32_t flags;      /* SETXATTR: 0, XATTR_CREATE or XATTR_REPLACE */
	uint32_t pad;
};

#define GOFER_FSYNC_FILESYSTEM 0x1 /* syncfs(2) */
#define GOFER_FSYNC_DATA       0x2 /* fdatasync(2) */

struct gofer_fsync {
	struct gofer_header header;
	struct gofer_target target;
	uint32_t flags; /* 0 or one GOFER_FSYNC_* */
	uint32_t pad;
};

struct gofer_clunk_entry {
	uint32_t node;
	uint32_t count; /* counts given back, >= 1 */
};

struct gofer_clunk {
	struct gofer_header header;
	uint32_t count; /* entries that follow, 1 to GOFER_CLUNK_MAX */
	uint32_t pad;
};

struct gofer_empty_reply {
	struct gofer_header header;
};

static_assert(sizeof(struct gofer_header) == 24, "no padding");
static_assert(sizeof(struct gofer_attr) == 128, "no padding");
static_assert(sizeof(struct gofer_dirent) == 144, "no padding");
static_assert(sizeof(struct gofer_walk_entry) == 136, "no padding");
static_assert(sizeof(struct gofer_xattr) == 64, "no padding");
static_assert(sizeof(struct gofer_setattr) == 104, "no padding");

/*
 * The procfs broker.
 *
 *	procbroker --socket=FD --proc=FD --parent=PID
 *
 * proc is a descriptor of a /proc in which guest threads have the numbers
 * that the sentry uses, and PID the sentry's own number there. It opens one
 * of six files, read-only, of threads whose parent is PID, and of no others;
 * one request, one reply, over SOCK_SEQPACKET. It ends when the socket does.
 */
enum procbroker_file {
	PROCBROKER_MAPS,
	PROCBROKER_SMAPS,
	PROCBROKER_SMAPS_ROLLUP,
	PROCBROKER_STATUS,
	PROCBROKER_STAT,
	PROCBROKER_PAGEMAP,
	PROCBROKER_FILES
};

struct procbroker_request {
	uint64_t id;
	int32_t tid;
	uint32_t file; /* enum procbroker_file */
};

/* A descriptor comes with it if, and only if, error is 0. */
struct procbroker_reply {
	uint64_t id;
	int32_t error; /* 0 or a negative errno: -ESRCH, -EPERM, ... */
	uint32_t pad;
};

#endif
