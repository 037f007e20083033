/* Between client.c (the transport) and calls.c (one function a message). */
#ifndef SENTRY_FS_GOFER_INTERNAL_H
#define SENTRY_FS_GOFER_INTERNAL_H

#include "gofer.h"
#include "sentry/fs/gofer/client.h"

struct gofer_client {
	int sock; /* owned; -1: given up */
	uint64_t next_id;
	uint64_t requests;
	uint32_t roots;
	uint32_t walls;
	uint32_t forget_count;
	struct gofer_clunk_entry forget[GOFER_CLUNK_MAX];
	_Alignas(8) char request[GOFER_MESSAGE_MAX];
	_Alignas(8) char reply[GOFER_MESSAGE_MAX];
};

/* One request and its reply. */
struct gofer_call {
	enum gofer_type type;
	size_t size;       /* of the request in client->request */
	size_t reply_size; /* of what came into client->reply */
	int host_fd;       /* the descriptor that came, or -1 */
};

/*
 * Starts a request: zeroes its fixed part of size bytes and returns it. Parts
 * behind it are added by gofer_add(); what does not fit makes gofer_call()
 * give -ENAMETOOLONG.
 */
void *gofer_begin(struct gofer_client *client, struct gofer_call *call,
	enum gofer_type type, size_t size);
void gofer_add(struct gofer_client *client, struct gofer_call *call,
	const void *bytes, size_t size);
/* Fills a target and adds its name; -EINVAL, -ENAMETOOLONG. */
int gofer_add_target(struct gofer_client *client, struct gofer_call *call,
	struct gofer_target *target, const struct gofer_where *where,
	bool named);

/*
 * Sends it and receives its reply, at least the fixed part of the type's
 * reply long, with a descriptor if the type has one. 0, or the gofer's error,
 * or -EIO.
 */
int gofer_call(struct gofer_client *client, struct gofer_call *call);

/* The reply is a lie: gives the gofer up. Always -EIO. */
int gofer_broken(struct gofer_client *client, const char *what);

/* False: no host would say this. Makes blksize usable. */
bool gofer_attr_check(struct gofer_attr *attr);

#endif
