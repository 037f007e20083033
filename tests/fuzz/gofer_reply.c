/*
 * Replies to the sentry from a gofer that was taken over. What a call of the
 * client gives must be within the promises of its header, whatever came.
 */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/msg.h"
#include "sentry/fs/gofer/client.h"

static int peer;
static uint64_t next_id;

static struct gofer_client *start(void)
{
	struct gofer_hello_reply hello = {
		.header = {.size = sizeof(hello), .type = GOFER_HELLO, .id = 1},
		.magic = GOFER_MAGIC,
		.version = GOFER_VERSION,
	};
	struct gofer_client *client;
	char request[64];
	size_t fds;
	int socks[2];

	if (msg_pair(socks) < 0 ||
		msg_send(socks[1], &hello, sizeof(hello), -1) < 0 ||
		gofer_client_create(socks[0], &client) < 0)
		abort();
	peer = socks[1];
	next_id = 2;
	if (msg_recv(peer, request, sizeof(request), NULL, 0, &fds) < 0)
		abort();
	return client;
}

/* Puts a reply in the socket before it is asked for. */
static void put_reply(struct input *input, uint16_t type, size_t fixed)
{
	_Alignas(8) char bytes[2048];
	struct gofer_header *header = (void *)bytes;
	size_t size = fixed + input_below(input, 1024);
	uint32_t kind = input_below(input, 32);
	uint32_t value;
	int fd = -1;

	for (size_t i = 0; i < size; i += sizeof(value)) {
		value = input_u32(input);
		memcpy(bytes + i, &value, sizeof(value));
	}
	if (kind & 1)
		size = fixed;
	*header = (struct gofer_header){
		.size = (uint32_t)(size + (kind == 2)),
		.type = (uint16_t)(type + (kind == 4)),
		.id = next_id++ + (kind == 6),
		.error = kind == 8 ? (int32_t)input_u32(input) : 0,
		.fds = type == GOFER_OPEN,
	};
	if (type == GOFER_OPEN && kind != 10)
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	msg_send(peer, bytes, size, fd);
	if (fd >= 0)
		close(fd);
}

static void check_attr(const struct gofer_attr *attr)
{
	if (!(attr->mode & S_IFMT) || attr->size > INT64_MAX ||
		attr->mtime.nsec >= 1000000000 || !attr->blksize)
		abort();
}

static void list(struct gofer_client *client)
{
	struct gofer_where where = {1, "name", 4};
	struct gofer_batch_entry entry;
	struct gofer_batch batch;

	if (gofer_readdir(client, &where, 0, &batch) < 0)
		return;
	check_attr(&batch.attr);
	while (gofer_batch_next(&batch, &entry)) {
		if (!entry.name_size || entry.name_size > GOFER_NAME_MAX ||
			memchr(entry.name, '/', entry.name_size) ||
			memchr(entry.name, '\0', entry.name_size))
			abort();
		check_attr(&entry.attr);
	}
}

static void walk(struct gofer_client *client)
{
	struct gofer_walk_entry entries[3];
	int stop;
	int found = gofer_walk(client, 1, "a\0b\0c", 6, 3, entries, &stop);

	if (found > 3 || !found)
		abort();
	for (int i = 0; i < found; i++) {
		check_attr(&entries[i].attr);
		gofer_forget(client, entries[i].node, 1);
	}
}

static void call(struct gofer_client *client, uint32_t kind)
{
	struct gofer_where where = {1, "name", 4};
	struct gofer_attr attr;
	char text[128];
	ssize_t size;
	int fd = -1;

	switch (kind) {
	case 0:
		if (!gofer_stat(client, &where, &attr))
			check_attr(&attr);
		break;
	case 1:
		/* /dev/null is no regular file: never believed. */
		if (!gofer_open(client, &where, O_RDONLY, 0, 0, &attr, &fd))
			abort();
		break;
	case 2:
		size = gofer_readlink(client, &where, text, sizeof(text));
		if (size > (ssize_t)sizeof(text))
			abort();
		break;
	case 3:
		list(client);
		break;
	case 4:
		walk(client);
		break;
	default:
		size = gofer_listxattr(client, &where, text, sizeof(text));
		if (size > (ssize_t)sizeof(text))
			abort();
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct {
		uint16_t type;
		size_t fixed;
	} kinds[] = {
		{GOFER_STAT, sizeof(struct gofer_attr_reply)},
		{GOFER_OPEN, sizeof(struct gofer_attr_reply)},
		{GOFER_READLINK, sizeof(struct gofer_data_reply)},
		{GOFER_READDIR, sizeof(struct gofer_readdir_reply)},
		{GOFER_WALK, sizeof(struct gofer_walk_reply)},
		{GOFER_LISTXATTR, sizeof(struct gofer_data_reply)},
	};
	struct input input = {data, size};
	struct gofer_client *client = start();
	char request[4096];
	uint32_t kind;
	size_t fds;

	while (input.left) {
		if (gofer_client_is_dead(client)) {
			gofer_client_destroy(client);
			close(peer);
			client = start();
		}
		kind = input_below(&input, 6);
		put_reply(&input, kinds[kind].type, kinds[kind].fixed);
		call(client, kind);
		if (!gofer_client_is_dead(client))
			msg_recv(peer, request, sizeof(request), NULL, 0, &fds);
	}
	gofer_client_destroy(client);
	close(peer);
	return 0;
}
