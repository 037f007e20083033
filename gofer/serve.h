/*
 * One sentry being served: messages in, checks, replies out.
 */
#ifndef GOFER_SERVE_H
#define GOFER_SERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gofer.h"
#include "gofer/tree.h"

/* A reply being made: the fixed part, what follows it, and a descriptor. */
struct reply {
	size_t size;
	int host_fd; /* owned until sent; -1: none */
	union {
		struct gofer_header header;
		struct gofer_hello_reply hello;
		struct gofer_attach_reply attach;
		struct gofer_walk_reply walk;
		struct gofer_attr_reply attr;
		struct gofer_data_reply data;
		struct gofer_readdir_reply readdir;
		struct gofer_statfs_reply statfs;
		char bytes[GOFER_MESSAGE_MAX];
	};
};

/* What follows the fixed part of a request, and how far it has been read. */
struct extra {
	const char *bytes;
	size_t left;
};

struct gofer {
	int sock; /* owned */
	enum gofer_state state;
	uint32_t walls; /* for HELLO */
	uint32_t cpu;   /* 1 + where we run by choice; 0: anywhere */
	uint32_t cpu_misses;
	uint64_t served[GOFER_TYPES]; /* for the log */
	struct tree tree;
	struct reply reply;
	_Alignas(8) char request[GOFER_MESSAGE_MAX];
};

/*
 * A handler checks its whole request, then does the work. 0: the reply's
 * fixed part (its size is set by the caller of the handler, extra bytes are
 * added by the handler) is ready; -errno: an error reply goes out; BROKEN:
 * no honest sentry sends this, the gofer ends.
 */
#define GOFER_BROKEN 1

typedef int gofer_handler(struct gofer *gofer, const void *request,
	struct extra *extra, struct reply *reply);

gofer_handler op_hello, op_attach, op_walk, op_stat, op_open, op_readlink,
	op_readdir, op_statfs, op_fsync, op_clunk; /* ops.c */
gofer_handler op_create, op_mkdir, op_mknod, op_symlink, op_link, op_unlink,
	op_rename, op_setattr; /* change.c */
gofer_handler op_getxattr, op_listxattr, op_setxattr,
	op_removexattr; /* xattr.c */

/* Takes a name of size bytes from extra into a string; false: broken. */
bool take_name(struct extra *extra, size_t size, bool may_be_empty,
	char name[static GOFER_NAME_MAX + 1]);
/* Takes a target's name. */
bool take_target(struct extra *extra, const struct gofer_target *target,
	bool may_be_empty, char name[static GOFER_NAME_MAX + 1]);

/*
 * Checks and handles the request of size bytes in gofer->request; the reply is
 * in gofer->reply, with its descriptor, to be sent or closed. False: broken.
 */
bool gofer_message(struct gofer *gofer, size_t size);

/*
 * Serves gofer->sock until it is closed (0) or a message breaks the protocol
 * (-EPROTO) or the socket fails (-errno).
 */
int gofer_serve(struct gofer *gofer);
/* Writes to the log what was served. */
void gofer_log_served(const struct gofer *gofer);

#endif
