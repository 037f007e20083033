/*
 * Roots, nodes and places: how a name from the sentry becomes a host file.
 *
 * A *root* is a folder or a file that the launcher named. A *node* is a folder
 * at or below a root. It is known by its parent node, its name there and its
 * (device, inode); its O_PATH descriptor is only cached, and when it is needed
 * again it is opened anew, one component at a time from the nearest ancestor
 * with a descriptor, and must still be the same (device, inode).
 *
 * Each component is opened relative to the descriptor of its folder, with
 * O_NOFOLLOW, and openat2's RESOLVE_BENEATH where the host has it: no symlink,
 * whoever swaps it in and when, is ever followed, and a name without '/' that
 * is not ".." leads nowhere but down.
 *
 * A *place* is a target (gofer.h) made ready for host calls.
 *
 * A node is freed when the sentry has given back all its counts and no child
 * is left. Roots' nodes stay.
 */
#ifndef GOFER_TREE_H
#define GOFER_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "gofer.h"
#include "lib/list.h"

struct hide;

struct root {
	int host_fd; /* owned, O_PATH: of the folder, or of a file's folder */
	char *name;  /* owned; a file root's name in that folder, else NULL */
	char *path;  /* owned; as given, for messages */
	bool writable;
	bool suid;         /* set-user-ID files may be made */
	struct hide *hide; /* owned; what is hidden below, or NULL */
	struct node *node; /* owned; made by the first ATTACH */
};

struct node {
	uint32_t number; /* slot + 1 */
	uint32_t root;
	struct node *parent; /* counted; NULL: of a root, or detached */
	struct node *down;   /* scratch of node_fd() */
	struct list hash_node;
	struct list lru; /* on tree->open while host_fd >= 0 */
	int host_fd;     /* owned, O_PATH, or -1 */
	uint64_t dev;
	uint64_t ino;
	uint64_t counts;   /* handed out to the sentry */
	uint32_t children; /* nodes that have this as parent */
	unsigned int pins; /* its descriptor may not be closed now */
	bool blank;        /* begins a kernel filesystem: shown as empty */
	bool detached;     /* no longer where it was seen */
	const struct hide *hide; /* borrowed: lives as long as the root */
	size_t name_size;
	char *name; /* owned; NULL for a root's */
};

/* A folder being read. */
struct stream {
	struct node *node; /* borrowed; NULL: free */
	int host_fd;       /* owned */
	uint64_t cookie;   /* of the next entry */
	uint64_t used;     /* when, for choosing a victim */
};

#define STREAMS_MAX  16
#define NODE_BUCKETS 1024
#define DEVICES_MAX  64
#define CROSSINGS    16

struct file_id {
	uint64_t dev;
	uint64_t ino;
};

/* A place where one filesystem ended and another began, and what it was. */
struct crossing {
	uint64_t mount; /* unique while the host runs; 0: free */
	uint64_t dev;
	bool refused;
};

struct tree {
	struct root roots[GOFER_ROOTS_MAX];
	size_t root_count;

	struct node **nodes; /* owned; by slot */
	size_t node_slots;
	size_t node_count;
	uint32_t *free_slots; /* owned; a stack */
	size_t free_count;
	struct list buckets[NODE_BUCKETS]; /* by parent and name */

	struct list open; /* nodes with a descriptor, last used first */
	size_t open_count;
	size_t open_max;

	struct stream streams[STREAMS_MAX];
	uint64_t ticks;

	struct file_id hidden[GOFER_HIDDEN_MAX];
	size_t hidden_count;
	size_t hide_names;             /* all roots together */
	uint64_t devices[DEVICES_MAX]; /* st_dev of kernel filesystems */
	size_t device_count;
	struct crossing crossings[CROSSINGS];
	size_t crossing_next;

	bool openat2;      /* the host has it */
	bool unique_mount; /* statx(2) gives mount ids that never come back */
	uid_t uid;         /* our own */
};

/* A target, ready. */
struct place {
	struct node *node; /* the folder that holds it, or itself; pinned */
	const struct root *root;
	int dirfd;                     /* node's; borrowed */
	char name[GOFER_NAME_MAX + 1]; /* "": node itself */
	const struct hide *hide;       /* what is hidden below it, or NULL */
};

/* What statx(2) said of a place, and what we make of it. */
struct facts {
	struct gofer_attr attr;
	bool blank;
	bool hidden; /* it exists, but -ENOENT was the answer */
};

/* Finds out what the host has. Once. */
void tree_init(struct tree *tree);
void tree_finish(struct tree *tree);

/* Adds a root; the path is resolved now. 0 or -errno. */
int tree_add_root(struct tree *tree, const char *path, bool writable);
/* Hides path, relative to the last root. 0 or -errno. */
int tree_hide(struct tree *tree, const char *path);
/* Reads /proc/self/mountinfo for the devices of kernel filesystems. */
void tree_find_devices(struct tree *tree);

/* The node of that number, or NULL. */
struct node *tree_node(const struct tree *tree, uint32_t number);
/* The root's node, made on first use, one more count; 0 or -errno. */
int tree_attach(struct tree *tree, uint32_t root, struct node **out,
	struct facts *facts);
/*
 * The node of the folder name in parent, described by facts, one more count.
 * -ENFILE when there are too many.
 */
int tree_child(struct tree *tree, struct node *parent, const char *name,
	const struct facts *facts, struct node **out);
/* Gives counts back; false if there were not so many. */
bool tree_clunk(struct tree *tree, uint32_t number, uint32_t count);
/* name in dir is gone, or is something else now. */
void tree_detach_child(struct tree *tree, struct node *dir, const char *name);
/* What was name in dir is now to_name in to. */
void tree_move_child(struct tree *tree, struct node *dir, const char *name,
	struct node *to, const char *to_name);
/* The two have changed places. */
void tree_swap_children(struct tree *tree, struct node *dir, const char *name,
	struct node *to, const char *to_name);

/* Is it one path component that may be looked up? */
bool name_is_valid(const char *name, size_t size);

/*
 * The folder's descriptor, from the cache or opened anew; the node is pinned
 * until node_unpin(). -ESTALE if it is not there any more.
 */
int node_fd(struct tree *tree, struct node *node);
void node_unpin(struct tree *tree, struct node *node);

/*
 * name is NUL-terminated and valid, or "". -ESTALE: no such node; -ENOENT:
 * hidden or below a blank folder; -ENOTDIR: a name below a file.
 */
int place_open(struct tree *tree, uint32_t number, const char *name,
	struct place *out);
void place_close(struct tree *tree, struct place *place);
/* -EROFS unless something may be changed there, -EACCES if it is hidden. */
int place_writable(const struct place *place);
/* Is something hidden below it? Then it stays where it is. */
bool place_holds_hidden(const struct place *place);

/*
 * statx(2) without following; -ENOENT for what is hidden. A kernel filesystem
 * that begins here is a blank folder.
 */
int place_facts(struct tree *tree, struct place *place, struct facts *out);
/*
 * Opens it; flags have O_CLOEXEC, O_NOCTTY, O_NOFOLLOW and O_NONBLOCK added,
 * so that no fifo, lease or terminal can hold us up. A descriptor or -errno.
 */
int place_descriptor(
	struct tree *tree, const struct place *place, int flags, mode_t mode);
/* Opens it and makes sure that it is what facts say: -ESTALE if not. */
int place_verified_descriptor(struct tree *tree, const struct place *place,
	int flags, const struct facts *facts);

/*
 * Internal to the tree: one component below dirfd, never through a symlink,
 * and the fields of a statx(2) as the protocol has them.
 */
int open_beneath(const struct tree *tree, int dirfd, const char *name,
	int flags, mode_t mode);
void attr_from_statx(const struct statx *stx, struct gofer_attr *out);
/* Is this, the root of a filesystem, one that is never shown? */
bool filesystem_is_refused(const struct tree *tree, int host_fd, uint64_t dev);

/* A stream of the folder, positioned at cookie. NULL and *error. */
struct stream *stream_get(
	struct tree *tree, struct node *node, uint64_t cookie, int *error);
void stream_drop(struct stream *stream);

#endif
