/*
 * The message table and the loop.
 *
 * What is checked here, before any handler sees a message: that it is whole,
 * that its type exists, that its size is possible for that type, that the
 * state allows it, and that no descriptor came with it.
 */
#include "gofer/serve.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/msg.h"
#include "lib/trim.h"

#define QUIET_MS 200

static const struct {
	const char *name;
	size_t fixed;
	size_t extra;
	enum gofer_state state;
	size_t reply;
} messages[GOFER_TYPES] = {
#define X(name_, request_, extra_, state_, reply_)                             \
	[GOFER_##name_] = {                                                    \
		.name = #name_,                                                \
		.fixed = sizeof(struct gofer_##request_),                      \
		.extra = extra_,                                               \
		.state = GOFER_##state_,                                       \
		.reply = sizeof(struct gofer_##reply_),                        \
	},
	GOFER_MESSAGES(X)
#undef X
};

static gofer_handler *const handlers[GOFER_TYPES] = {
	[GOFER_HELLO] = op_hello,
	[GOFER_ATTACH] = op_attach,
	[GOFER_WALK] = op_walk,
	[GOFER_STAT] = op_stat,
	[GOFER_OPEN] = op_open,
	[GOFER_CREATE] = op_create,
	[GOFER_MKDIR] = op_mkdir,
	[GOFER_MKNOD] = op_mknod,
	[GOFER_SYMLINK] = op_symlink,
	[GOFER_LINK] = op_link,
	[GOFER_UNLINK] = op_unlink,
	[GOFER_RENAME] = op_rename,
	[GOFER_READLINK] = op_readlink,
	[GOFER_READDIR] = op_readdir,
	[GOFER_SETATTR] = op_setattr,
	[GOFER_STATFS] = op_statfs,
	[GOFER_GETXATTR] = op_getxattr,
	[GOFER_LISTXATTR] = op_listxattr,
	[GOFER_SETXATTR] = op_setxattr,
	[GOFER_REMOVEXATTR] = op_removexattr,
	[GOFER_FSYNC] = op_fsync,
	[GOFER_CLUNK] = op_clunk,
};

bool take_name(struct extra *extra, size_t size, bool may_be_empty,
	char name[static GOFER_NAME_MAX + 1])
{
	if (size > extra->left)
		return false;
	if (size ? !name_is_valid(extra->bytes, size) : !may_be_empty)
		return false;
	memcpy(name, extra->bytes, size);
	name[size] = '\0';
	extra->bytes += size;
	extra->left -= size;
	return true;
}

bool take_target(struct extra *extra, const struct gofer_target *target,
	bool may_be_empty, char name[static GOFER_NAME_MAX + 1])
{
	return take_name(extra, target->name_size, may_be_empty, name);
}

static bool is_sound(const struct gofer *gofer, size_t size)
{
	const struct gofer_header *header = (const void *)gofer->request;

	if (size < sizeof(*header) || header->size != size || header->fds ||
		header->error)
		return false;
	if (header->type == GOFER_NONE || header->type >= GOFER_TYPES)
		return false;
	if (size < messages[header->type].fixed ||
		size - messages[header->type].fixed >
			messages[header->type].extra)
		return false;
	return gofer->state >= messages[header->type].state;
}

/*
 * Runs on the client's processor: waking an idle one costs more than the
 * whole call. The client moves about, so a single stray call moves nothing.
 */
static void follow(struct gofer *gofer, uint32_t cpu)
{
	cpu_set_t set;

	if (cpu == gofer->cpu || cpu > CPU_SETSIZE || !cpu) {
		gofer->cpu_misses = 0;
		return;
	}
	if (++gofer->cpu_misses < 4)
		return;
	gofer->cpu_misses = 0;
	gofer->cpu = cpu;
	CPU_ZERO(&set);
	CPU_SET(cpu - 1, &set);
	/* Where we may not, the host leaves us as we are. */
	sched_setaffinity(0, sizeof(set), &set);
}

/* False: the message is broken. */
static bool handle(struct gofer *gofer)
{
	const struct gofer_header *header = (const void *)gofer->request;
	size_t fixed = messages[header->type].fixed;
	struct reply *reply = &gofer->reply;
	struct extra extra = {gofer->request + fixed, header->size - fixed};
	int ret;

	gofer->served[header->type]++;
	reply->size = messages[header->type].reply;
	reply->host_fd = -1;
	memset(reply->bytes, 0, reply->size);
	ret = handlers[header->type](gofer, gofer->request, &extra, reply);
	if (ret == GOFER_BROKEN)
		return false;
	if (ret < 0)
		reply->size = sizeof(reply->header);
	reply->header = (struct gofer_header){
		.size = (uint32_t)reply->size,
		.type = header->type,
		.fds = reply->host_fd >= 0,
		.id = header->id,
		.error = ret,
	};
	return true;
}

bool gofer_message(struct gofer *gofer, size_t size)
{
	const struct gofer_header *header = (const void *)gofer->request;

	if (!is_sound(gofer, size)) {
		log_error("broken message of %zu bytes", size);
		return false;
	}
	follow(gofer, header->cpu);
	if (handle(gofer))
		return true;
	log_error("broken %s", messages[header->type].name);
	return false;
}

static int answer(struct gofer *gofer)
{
	struct reply *reply = &gofer->reply;
	int ret = msg_send(
		gofer->sock, reply->bytes, reply->size, reply->host_fd);

	if (reply->host_fd >= 0)
		close(reply->host_fd);
	return ret;
}

void gofer_log_served(const struct gofer *gofer)
{
	for (size_t i = 0; i < GOFER_TYPES; i++) {
		if (gofer->served[i])
			log_debug("served %s %llu times", messages[i].name,
				(unsigned long long)gofer->served[i]);
	}
}

/* Once it has been quiet for a while, what only the start needed goes. */
static bool is_quiet(const struct gofer *gofer)
{
	struct pollfd sock = {.fd = gofer->sock, .events = POLLIN};

	if (poll(&sock, 1, QUIET_MS) != 0)
		return false;
	trim_startup();
	return true;
}

int gofer_serve(struct gofer *gofer)
{
	bool settled = false;
	size_t fds;
	ssize_t size;
	int ret;

	for (;;) {
		settled = settled || is_quiet(gofer);
		size = msg_recv(gofer->sock, gofer->request,
			sizeof(gofer->request), NULL, 0, &fds);
		if (size <= 0)
			return (int)size;
		if (!gofer_message(gofer, (size_t)size))
			return -EPROTO;
		ret = answer(gofer);
		if (ret < 0)
			return ret == -EPIPE ? 0 : ret;
	}
}
