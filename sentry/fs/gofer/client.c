/*
 * The transport: one request, one reply, within a deadline, from a gofer that
 * may have been taken over.
 */
#include "sentry/fs/gofer/internal.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/checked.h"
#include "lib/log.h"
#include "lib/msg.h"

#define ERRNO_MAX       4095
#define FSYNC_DEADLINES 6
#define BLKSIZE_MAX     (1u << 24)

static const struct {
	const char *name;
	size_t reply;
	bool has_fd;
} messages[GOFER_TYPES] = {
#define X(name_, request_, extra_, state_, reply_)                             \
	[GOFER_##name_] = {                                                    \
		.name = #name_,                                                \
		.reply = sizeof(struct gofer_##reply_),                        \
		.has_fd = GOFER_##name_ == GOFER_OPEN ||                       \
			  GOFER_##name_ == GOFER_CREATE,                       \
	},
	GOFER_MESSAGES(X)
#undef X
};

/* ---- Requests ---------------------------------------------------------- */

static void flush_forgotten(struct gofer_client *client);

void *gofer_begin(struct gofer_client *client, struct gofer_call *call,
	enum gofer_type type, size_t size)
{
	/* Here no reply is being read any more, and no request is begun. */
	if (client->forget_count >= GOFER_CLUNK_MAX / 2)
		flush_forgotten(client);
	*call = (struct gofer_call){.type = type, .size = size, .host_fd = -1};
	memset(client->request, 0, size);
	return client->request;
}

void gofer_add(struct gofer_client *client, struct gofer_call *call,
	const void *bytes, size_t size)
{
	if (call->size > sizeof(client->request) ||
		size > sizeof(client->request) - call->size) {
		call->size = sizeof(client->request) + 1;
		return;
	}
	if (size)
		memcpy(client->request + call->size, bytes, size);
	call->size += size;
}

static int check_name(const char *name, size_t size)
{
	if (size > GOFER_NAME_MAX)
		return -ENAMETOOLONG;
	if (memchr(name, '/', size) || memchr(name, '\0', size) ||
		(name[0] == '.' &&
			(size == 1 || (size == 2 && name[1] == '.'))))
		return -EINVAL;
	return 0;
}

int gofer_add_target(struct gofer_client *client, struct gofer_call *call,
	struct gofer_target *target, const struct gofer_where *where,
	bool named)
{
	int ret = where->size ? check_name(where->name, where->size) : 0;

	if (ret < 0)
		return ret;
	if (named && !where->size)
		return -EINVAL;
	target->node = where->node;
	target->name_size = (uint16_t)where->size;
	gofer_add(client, call, where->name, where->size);
	return 0;
}

/* ---- Replies ----------------------------------------------------------- */

int gofer_broken(struct gofer_client *client, const char *what)
{
	if (client->sock >= 0) {
		log_error("the gofer is given up: %s", what);
		close(client->sock);
		client->sock = -1;
	}
	return -EIO;
}

/*
 * Numbers that steer our own machinery (would block, restart) are not the
 * gofer's to give.
 */
static int take_error(int error)
{
	if (error < -ERRNO_MAX || error == -EAGAIN || error == -EINTR ||
		(error <= -512 && error >= -531))
		return -EIO;
	return error;
}

static bool time_check(const struct gofer_time *time)
{
	return time->nsec < 1000000000;
}

bool gofer_attr_check(struct gofer_attr *attr)
{
	switch (attr->mode & S_IFMT) {
	case S_IFREG:
	case S_IFDIR:
	case S_IFLNK:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		break;
	default:
		return false;
	}
	if (!attr->blksize || attr->blksize > BLKSIZE_MAX)
		attr->blksize = 4096;
	return !(attr->mode & ~(uint32_t)(S_IFMT | 07777)) &&
	       attr->size <= INT64_MAX && attr->blocks <= INT64_MAX &&
	       !(attr->flags & ~(GOFER_ATTR_BLANK | GOFER_ATTR_PARTIAL)) &&
	       time_check(&attr->atime) && time_check(&attr->mtime) &&
	       time_check(&attr->ctime) && time_check(&attr->btime);
}

/* What is wrong with the reply's frame, or NULL. */
static const char *find_fault(const struct gofer_client *client,
	const struct gofer_call *call, size_t size, size_t fds)
{
	const struct gofer_header *request = (const void *)client->request;
	const struct gofer_header *header = (const void *)client->reply;
	bool fd_due;

	if (size < sizeof(*header) || header->size != size)
		return "a reply of a wrong size";
	if (header->id != request->id || header->type != call->type)
		return "a reply to something else";
	if (header->error > 0)
		return "a positive error";
	if (header->error < 0 && size != sizeof(*header))
		return "an error with a body";
	if (header->error == 0 && size < messages[call->type].reply)
		return "a reply that is too short";
	fd_due = !header->error && messages[call->type].has_fd;
	if (header->fds != fd_due || fds != fd_due)
		return "a wrong number of descriptors";
	return NULL;
}

static int receive(struct gofer_client *client, struct gofer_call *call)
{
	const struct gofer_header *header = (const void *)client->reply;
	const char *fault;
	unsigned int tries;
	size_t fds = 0;
	ssize_t size;
	int fd = -1;

	/* A slow disk may take long to write everything out. */
	tries = call->type == GOFER_FSYNC ? FSYNC_DEADLINES : 1;
	do
		size = msg_recv(client->sock, client->reply,
			sizeof(client->reply), &fd, 1, &fds);
	while (size == -EAGAIN && --tries);
	if (size == -EAGAIN)
		return gofer_broken(client, "no answer in time");
	if (size <= 0)
		return gofer_broken(
			client, size ? "a broken reply" : "it ended");
	fault = find_fault(client, call, (size_t)size, fds);
	if (fault) {
		if (fds)
			close(fd);
		return gofer_broken(client, fault);
	}
	call->reply_size = (size_t)size;
	call->host_fd = fds ? fd : -1;
	return header->error ? take_error(header->error) : 0;
}

static int exchange(struct gofer_client *client, struct gofer_call *call)
{
	struct gofer_header *header = (void *)client->request;
	int cpu = sched_getcpu();
	int ret;

	if (client->sock < 0)
		return -EIO;
	if (call->size > sizeof(client->request))
		return -ENAMETOOLONG;
	header->size = (uint32_t)call->size;
	header->type = (uint16_t)call->type;
	header->id = client->next_id++;
	header->cpu = cpu < 0 ? 0 : (uint32_t)cpu + 1;
	client->requests++;
	ret = msg_send(client->sock, client->request, call->size, -1);
	if (ret < 0)
		return gofer_broken(client, "it takes no requests");
	return receive(client, call);
}

/* Sends what gofer_forget() has collected; both buffers are overwritten. */
static void flush_forgotten(struct gofer_client *client)
{
	struct gofer_call call;
	struct gofer_clunk *clunk;
	uint32_t count = client->forget_count;

	client->forget_count = 0;
	clunk = gofer_begin(client, &call, GOFER_CLUNK, sizeof(*clunk));
	clunk->count = count;
	gofer_add(client, &call, client->forget,
		count * sizeof(client->forget[0]));
	if (!exchange(client, &call) &&
		call.reply_size != sizeof(struct gofer_empty_reply))
		gofer_broken(client, "a reply with something behind it");
}

void gofer_forget(struct gofer_client *client, uint32_t node, uint32_t count)
{
	struct gofer_clunk_entry *last;

	if (!node || !count || client->sock < 0)
		return;
	if (client->forget_count) {
		last = &client->forget[client->forget_count - 1];
		if (last->node == node && count <= UINT32_MAX - last->count) {
			last->count += count;
			return;
		}
	}
	client->forget[client->forget_count++] = (struct gofer_clunk_entry){
		node, count};
	if (client->forget_count == GOFER_CLUNK_MAX)
		flush_forgotten(client);
}

int gofer_call(struct gofer_client *client, struct gofer_call *call)
{
	return exchange(client, call);
}

/* ---- Life -------------------------------------------------------------- */

static int greet(struct gofer_client *client)
{
	struct gofer_call call;
	struct gofer_hello *hello = gofer_begin(
		client, &call, GOFER_HELLO, sizeof(*hello));
	const struct gofer_hello_reply *reply = (const void *)client->reply;
	int ret;

	hello->magic = GOFER_MAGIC;
	hello->version = GOFER_VERSION;
	ret = gofer_call(client, &call);
	if (ret < 0)
		return ret;
	if (call.reply_size != sizeof(*reply) || reply->magic != GOFER_MAGIC ||
		reply->version != GOFER_VERSION ||
		reply->roots > GOFER_ROOTS_MAX)
		return gofer_broken(client, "it is another kind of gofer");
	client->roots = reply->roots;
	client->walls = reply->walls;
	return 0;
}

int gofer_client_create(int sock, struct gofer_client **out)
{
	static const struct timeval deadline = {
		.tv_sec = GOFER_DEADLINE_MS / 1000,
		.tv_usec = GOFER_DEADLINE_MS % 1000 * 1000,
	};
	struct gofer_client *client = alloc_zero(client);
	int ret = 0;

	if (!client) {
		close(sock);
		return -ENOMEM;
	}
	client->sock = sock;
	client->next_id = 1;
	if (setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &deadline,
		    sizeof(deadline)) < 0 ||
		setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &deadline,
			sizeof(deadline)) < 0)
		ret = -errno;
	if (!ret)
		ret = greet(client);
	if (ret < 0) {
		gofer_client_destroy(client);
		return ret;
	}
	*out = client;
	return 0;
}

void gofer_client_destroy(struct gofer_client *client)
{
	if (!client)
		return;
	if (client->sock >= 0)
		close(client->sock);
	free(client);
}

uint32_t gofer_client_roots(const struct gofer_client *client)
{
	return client->roots;
}

uint32_t gofer_client_walls(const struct gofer_client *client)
{
	return client->walls;
}

bool gofer_client_is_dead(const struct gofer_client *client)
{
	return client->sock < 0;
}

uint64_t gofer_client_requests(const struct gofer_client *client)
{
	return client->requests;
}
