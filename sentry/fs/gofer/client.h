/*
 * The sentry's end of the gofer's protocol (gofer.h).
 *
 * Each function sends one request and waits for its reply, at most
 * GOFER_DEADLINE_MS. Everything in a reply may be a lie: sizes, ids, counts,
 * names, types and descriptors are checked here, so that what comes out of
 * these functions is well-formed, though it may still be untrue. A gofer that
 * breaks the protocol, dies or does not answer in time is given up for good:
 * its socket is closed and every call, now and later, gives -EIO.
 *
 * Names passed in have been checked by the vfs; a name that the gofer would
 * not take is -EINVAL or -ENAMETOOLONG here. Node counts that a reply hands
 * out are the caller's, to be given back by gofer_forget().
 *
 * Called with the kernel lock held.
 */
#ifndef SENTRY_FS_GOFER_CLIENT_H
#define SENTRY_FS_GOFER_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "gofer.h"

struct gofer_client;

/* What a target is on this side; size 0: the node itself. */
struct gofer_where {
	uint32_t node;
	const char *name; /* need not end in NUL */
	size_t size;
};

/*
 * Greets the gofer at the other end of sock, which is the client's from now
 * on, also when this fails. 0 or -errno.
 */
int gofer_client_create(int sock, struct gofer_client **out);
void gofer_client_destroy(struct gofer_client *client);
uint32_t gofer_client_roots(const struct gofer_client *client);
uint32_t gofer_client_walls(const struct gofer_client *client);
bool gofer_client_is_dead(const struct gofer_client *client);
/* How many requests were sent: for tests and statistics. */
uint64_t gofer_client_requests(const struct gofer_client *client);

/* flags: GOFER_ROOT_*. A root that is a file has a node, too. */
int gofer_attach(struct gofer_client *client, uint32_t root, uint32_t *node,
	uint32_t *flags, struct gofer_attr *attr);

/*
 * Up to GOFER_WALK_MAX names, each with its NUL, in one string. Entries found
 * go to entries (room for count), their number is the result; *stop says why
 * there are not more (see struct gofer_walk). -errno if there is none.
 */
int gofer_walk(struct gofer_client *client, uint32_t node, const char *names,
	size_t names_size, uint32_t count, struct gofer_walk_entry *entries,
	int *stop);

int gofer_stat(struct gofer_client *client, const struct gofer_where *where,
	struct gofer_attr *attr);

/*
 * A descriptor of the regular file (dev, ino), close-on-exec, opened for just
 * flags (O_RDONLY, O_WRONLY, O_RDWR).
 */
int gofer_open(struct gofer_client *client, const struct gofer_where *where,
	uint32_t flags, uint64_t dev, uint64_t ino, struct gofer_attr *attr,
	int *host_fd);

/* What is to be made; mode as each call takes it. */
struct gofer_new {
	uint32_t mode;
	uint32_t uid;
	uint32_t gid;
};

int gofer_create(struct gofer_client *client, const struct gofer_where *where,
	const struct gofer_new *new, uint32_t flags, struct gofer_attr *attr,
	int *host_fd);
int gofer_mkdir(struct gofer_client *client, const struct gofer_where *where,
	const struct gofer_new *new, struct gofer_attr *attr, uint32_t *node);
int gofer_mknod(struct gofer_client *client, const struct gofer_where *where,
	const struct gofer_new *new, struct gofer_attr *attr);
int gofer_symlink(struct gofer_client *client, const struct gofer_where *where,
	const struct gofer_new *new, const char *text, struct gofer_attr *attr);
int gofer_link(struct gofer_client *client, const struct gofer_where *from,
	uint64_t dev, uint64_t ino, const struct gofer_where *to,
	struct gofer_attr *attr);
int gofer_unlink(struct gofer_client *client, const struct gofer_where *where,
	uint32_t flags);
int gofer_rename(struct gofer_client *client, const struct gofer_where *from,
	const struct gofer_where *to, uint32_t flags);

/* Bytes without NUL, cut at size. */
ssize_t gofer_readlink(struct gofer_client *client,
	const struct gofer_where *where, char *buf, size_t size);

/* A batch of entries; they stay valid until the next call of the client. */
struct gofer_batch {
	uint32_t node;
	bool end;
	uint32_t count;
	uint64_t cookie; /* to go on behind the batch */
	struct gofer_attr attr;
	const char *at; /* the next entry */
	const char *limit;
};

struct gofer_batch_entry {
	uint64_t cookie;
	const char *name; /* without NUL */
	size_t name_size;
	struct gofer_attr attr;
};

int gofer_readdir(struct gofer_client *client, const struct gofer_where *where,
	uint64_t cookie, struct gofer_batch *out);
/* False when there are no more. */
bool gofer_batch_next(struct gofer_batch *batch, struct gofer_batch_entry *out);

/* set's header and target are filled in here. */
int gofer_setattr(struct gofer_client *client, const struct gofer_where *where,
	struct gofer_setattr *set, struct gofer_attr *attr);
/* out->header is not for the caller. */
int gofer_statfs(struct gofer_client *client, uint32_t node,
	struct gofer_statfs_reply *out);
/* flags: 0 or one GOFER_FSYNC_*. */
int gofer_fsync(struct gofer_client *client, const struct gofer_where *where,
	uint32_t flags);

/* As the system calls: size 0 asks for the size. */
ssize_t gofer_getxattr(struct gofer_client *client,
	const struct gofer_where *where, const char *attr, void *value,
	size_t size);
ssize_t gofer_listxattr(struct gofer_client *client,
	const struct gofer_where *where, char *list, size_t size);
int gofer_setxattr(struct gofer_client *client, const struct gofer_where *where,
	const char *attr, const void *value, size_t size, uint32_t flags);
int gofer_removexattr(struct gofer_client *client,
	const struct gofer_where *where, const char *attr);

/*
 * Gives counts of a node back, some time: they are collected, and sent with
 * another call or when they are many. A batch is lost by that.
 */
void gofer_forget(struct gofer_client *client, uint32_t node, uint32_t count);

#endif
