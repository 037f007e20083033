/*
 * The boot protocol: a packet stream between launcher and sentry.
 *
 * A CONFIG is a header packet that carries the descriptors, then its bytes in
 * packets of at most PACKET_MAX; the other messages are one packet each. The
 * encoding is numbers in host order, texts as a length and bytes with a final
 * NUL: both ends are the same build on the same machine.
 *
 * One reader serves both directions and trusts neither: each length is checked
 * against what is left, each count against its limit, before memory is taken.
 */
#include "boot.h"

#include "build-id.h"
#include "lib/checked.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BOOT_MAGIC 0x746f6f62u
#define PACKET_MAX (96u << 10)

enum message_kind { MESSAGE_CONFIG = 1, MESSAGE_SIGNAL, MESSAGE_RESULT };

struct header {
	uint32_t magic;
	uint32_t kind;
	char build[16];
	uint32_t size;  /* CONFIG, RESULT: of what follows */
	uint32_t fds;   /* CONFIG: which descriptors come along, by bit */
	int32_t signo;  /* SIGNAL */
	uint32_t spare; /* 0 */
};

const char *build_id(void)
{
	return SANDBOX_BUILD_ID;
}

/* Bytes being written, or read; failed stays set once something did not fit. */
struct codec {
	uint8_t *bytes;
	size_t size; /* written so far, or there to be read */
	size_t capacity;
	size_t pos;
	bool failed;
};

static void put(struct codec *c, const void *from, size_t size)
{
	uint8_t *bytes;
	size_t capacity;

	if (c->failed)
		return;
	if (size > c->capacity - c->size) {
		capacity = MAX(c->capacity * 2, c->size + size + 4096);
		bytes = realloc(c->bytes, capacity);
		if (!bytes) {
			c->failed = true;
			return;
		}
		c->bytes = bytes;
		c->capacity = capacity;
	}
	memcpy(c->bytes + c->size, from, size);
	c->size += size;
}

static void put_u32(struct codec *c, uint32_t value)
{
	put(c, &value, sizeof(value));
}

static void put_u64(struct codec *c, uint64_t value)
{
	put(c, &value, sizeof(value));
}

static void put_text(struct codec *c, const char *text, size_t max)
{
	size_t size = strnlen(text ? text : "", max);

	put_u32(c, (uint32_t)size);
	put(c, text ? text : "", size);
	put(c, "", 1);
}

static void put_strings(struct codec *c, char *const *strings)
{
	uint32_t count = 0;

	while (strings[count])
		count++;
	put_u32(c, count);
	for (uint32_t i = 0; i < count; i++)
		put_text(c, strings[i], SIZE_MAX);
}

static void get(struct codec *c, void *to, size_t size)
{
	if (c->failed || size > c->size - c->pos) {
		c->failed = true;
		memset(to, 0, size);
		return;
	}
	memcpy(to, c->bytes + c->pos, size);
	c->pos += size;
}

static uint32_t get_u32(struct codec *c)
{
	uint32_t value;

	get(c, &value, sizeof(value));
	return value;
}

static uint64_t get_u64(struct codec *c)
{
	uint64_t value;

	get(c, &value, sizeof(value));
	return value;
}

/* A number of things of at least min bytes each; 0 if there cannot be so many.
 */
static uint32_t get_count(struct codec *c, uint32_t max, size_t min)
{
	uint32_t count = get_u32(c);

	if (c->failed || count > max || count > (c->size - c->pos) / min) {
		c->failed = true;
		return 0;
	}
	return count;
}

/* A text of its own, or NULL with failed set. No NUL may stand inside. */
static char *get_text(struct codec *c, size_t max)
{
	uint32_t size = get_u32(c);
	char *text;

	if (c->failed || size > max || size >= c->size - c->pos) {
		c->failed = true;
		return NULL;
	}
	text = (char *)c->bytes + c->pos;
	if (memchr(text, 0, (size_t)size + 1) != text + size) {
		c->failed = true;
		return NULL;
	}
	text = strdup(text);
	if (!text) {
		c->failed = true;
		return NULL;
	}
	c->pos += (size_t)size + 1;
	return text;
}

static char **get_strings(struct codec *c)
{
	uint32_t count = get_count(c, BOOT_STRINGS_MAX, 5);
	char **strings = alloc_array((size_t)count + 1, sizeof(*strings));

	if (!strings) {
		c->failed = true;
		return NULL;
	}
	for (uint32_t i = 0; i < count && !c->failed; i++)
		strings[i] = get_text(c, BOOT_CONFIG_MAX);
	return strings;
}

static void put_walls(struct codec *c, const struct walls *walls)
{
	put(c, walls, sizeof(*walls));
}

static void get_walls(struct codec *c, struct walls *walls)
{
	get(c, walls, sizeof(*walls));
}

static void encode_config(struct codec *c, const struct boot_config *config)
{
	put_u32(c, config->flags);
	put_text(c, config->platform, PATH_MAX);
	put_strings(c, config->argv);
	put_strings(c, config->envp);
	put_text(c, config->cwd, PATH_MAX);
	put_text(c, config->hostname, PATH_MAX);
	put_u32(c, config->uid);
	put_u32(c, config->gid);
	put_u32(c, config->group_count);
	put(c, config->groups, config->group_count * sizeof(gid_t));
	put_u32(c, config->umask);
	put_u32(c, config->mount_count);
	for (uint32_t i = 0; i < config->mount_count; i++) {
		const struct boot_mount *mount = &config->mounts[i];

		put_u32(c, mount->kind);
		put_text(c, mount->target, PATH_MAX);
		put_u32(c, mount->root);
		put_u32(c, mount->upper);
		put_u32(c, mount->read_only);
		put_u32(c, mount->mode);
	}
	put(c, &config->limits, sizeof(config->limits));
	put_walls(c, &config->walls);
	put_u32(c, config->host_id);
}

static void decode_mounts(struct codec *c, struct boot_config *config)
{
	config->mount_count = get_count(c, BOOT_MOUNTS_MAX, 25);
	config->mounts = alloc_array(
		config->mount_count, sizeof(*config->mounts));
	if (!config->mounts && config->mount_count) {
		config->mount_count = 0;
		c->failed = true;
		return;
	}
	for (uint32_t i = 0; i < config->mount_count; i++) {
		struct boot_mount *mount = &config->mounts[i];

		mount->kind = get_u32(c);
		mount->target = get_text(c, PATH_MAX);
		mount->root = get_u32(c);
		mount->upper = get_u32(c);
		mount->read_only = get_u32(c);
		mount->mode = get_u32(c);
	}
}

static void decode_config(struct codec *c, struct boot_config *config)
{
	config->flags = get_u32(c);
	config->platform = get_text(c, PATH_MAX);
	config->argv = get_strings(c);
	config->envp = get_strings(c);
	config->cwd = get_text(c, PATH_MAX);
	config->hostname = get_text(c, PATH_MAX);
	config->uid = get_u32(c);
	config->gid = get_u32(c);
	config->group_count = get_count(c, BOOT_GROUPS_MAX, sizeof(gid_t));
	config->groups = alloc_array(
		(size_t)config->group_count + 1, sizeof(gid_t));
	if (config->groups)
		get(c, config->groups, config->group_count * sizeof(gid_t));
	else
		c->failed = true;
	config->umask = get_u32(c);
	decode_mounts(c, config);
	get(c, &config->limits, sizeof(config->limits));
	get_walls(c, &config->walls);
	config->host_id = get_u32(c);
	if (c->pos != c->size || !config->argv || !config->argv[0])
		c->failed = true;
}

static int packet_send(int sock, const void *bytes, size_t size, int flags)
{
	ssize_t sent;

	do {
		sent = send(sock, bytes, size, MSG_NOSIGNAL | flags);
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

static void header_init(
	struct header *header, enum message_kind kind, size_t size)
{
	memset(header, 0, sizeof(*header));
	header->magic = BOOT_MAGIC;
	header->kind = kind;
	header->size = (uint32_t)size;
	memcpy(header->build, build_id(), sizeof(header->build));
}

/* Room for a control message with every descriptor, aligned as the kernel is.
 */
union fd_control {
	char bytes[CMSG_SPACE(sizeof(int) * BOOT_FD_COUNT)];
	struct cmsghdr align;
};

static int header_send(int sock, struct header *header, const int *fds)
{
	union fd_control control = {0};
	struct iovec iov = {header, sizeof(*header)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	int list[BOOT_FD_COUNT];
	struct cmsghdr *cmsg;
	unsigned int count = 0;
	ssize_t sent;

	for (unsigned int i = 0; i < BOOT_FD_COUNT; i++) {
		if (fds[i] < 0)
			continue;
		list[count++] = fds[i];
		header->fds |= 1u << i;
	}
	if (count) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(count * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(cmsg), list, count * sizeof(int));
	}
	do {
		sent = sendmsg(sock, &msg, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

int boot_send(int sock, const struct boot_config *config)
{
	struct codec c = {0};
	struct header header;
	int ret;

	if (config->group_count > BOOT_GROUPS_MAX ||
		config->mount_count > BOOT_MOUNTS_MAX)
		return -E2BIG;
	encode_config(&c, config);
	if (c.failed || c.size > BOOT_CONFIG_MAX) {
		ret = c.failed ? -ENOMEM : -E2BIG;
		goto out;
	}
	header_init(&header, MESSAGE_CONFIG, c.size);
	ret = header_send(sock, &header, config->fds);
	while (ret == 0 && c.pos < c.size) {
		size_t part = MIN(c.size - c.pos, (size_t)PACKET_MAX);

		ret = packet_send(sock, c.bytes + c.pos, part, 0);
		c.pos += part;
	}
out:
	free(c.bytes);
	return ret;
}

/* Takes the descriptors of a message into fds, by the header's bits. */
static int fds_take(struct msghdr *msg, uint32_t wanted, int *fds)
{
	int got[BOOT_FD_COUNT];
	unsigned int count = 0, used = 0;

	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg); cmsg;
		cmsg = CMSG_NXTHDR(msg, cmsg)) {
		size_t size;

		if (cmsg->cmsg_level != SOL_SOCKET ||
			cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		size = MIN(cmsg->cmsg_len - CMSG_LEN(0), sizeof(got));
		memcpy(got, CMSG_DATA(cmsg), size);
		count = (unsigned int)(size / sizeof(int));
	}
	for (unsigned int i = 0; i < BOOT_FD_COUNT; i++)
		if (wanted & (1u << i) && used < count)
			fds[i] = got[used++];
	if (used == count && used == (unsigned int)__builtin_popcount(wanted))
		return 0;
	while (used < count)
		close(got[used++]);
	return -EPROTO;
}

static int header_check(const struct header *header, size_t size,
	enum message_kind kind, size_t max)
{
	if (size < sizeof(*header) || header->magic != BOOT_MAGIC)
		return -EPROTO;
	if (memcmp(header->build, build_id(), sizeof(header->build)) != 0)
		return -ESTALE;
	if (header->kind != (uint32_t)kind || header->size > max ||
		header->spare)
		return -EPROTO;
	return 0;
}

static int header_recv(int sock, struct header *header, int *fds)
{
	union fd_control control;
	struct iovec iov = {header, sizeof(*header)};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control),
	};
	ssize_t got;
	int ret, taken;

	do {
		got = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	if (got == 0)
		return -ENODATA;
	ret = header_check(
		header, (size_t)got, MESSAGE_CONFIG, BOOT_CONFIG_MAX);
	taken = fds_take(&msg, ret == 0 ? header->fds : 0, fds);
	return ret < 0 ? ret : taken;
}

static int bytes_recv(int sock, uint8_t *bytes, size_t size)
{
	size_t done = 0;
	ssize_t got;

	while (done < size) {
		got = recv(sock, bytes + done, size - done, MSG_TRUNC);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0 || (size_t)got > size - done)
			return -EPROTO;
		done += (size_t)got;
	}
	return 0;
}

int boot_recv(int sock, struct boot_config **out)
{
	struct boot_config *config = alloc_zero(config);
	struct codec c = {0};
	struct header header;
	int ret;

	if (!config)
		return -ENOMEM;
	for (unsigned int i = 0; i < BOOT_FD_COUNT; i++)
		config->fds[i] = -1;
	ret = header_recv(sock, &header, config->fds);
	if (ret < 0)
		goto fail;
	c.size = header.size;
	c.bytes = malloc(c.size + 1);
	ret = c.bytes ? bytes_recv(sock, c.bytes, c.size) : -ENOMEM;
	if (ret < 0)
		goto fail;
	decode_config(&c, config);
	if (c.failed) {
		ret = -EPROTO;
		goto fail;
	}
	free(c.bytes);
	*out = config;
	return 0;
fail:
	free(c.bytes);
	boot_config_destroy(config);
	return ret;
}

static void strings_free(char **strings)
{
	for (size_t i = 0; strings && strings[i]; i++)
		free(strings[i]);
	free(strings);
}

void boot_config_destroy(struct boot_config *config)
{
	if (!config)
		return;
	for (unsigned int i = 0; i < BOOT_FD_COUNT; i++)
		if (config->fds[i] >= 0)
			close(config->fds[i]);
	for (uint32_t i = 0; i < config->mount_count; i++)
		free(config->mounts[i].target);
	free(config->mounts);
	free(config->groups);
	strings_free(config->argv);
	strings_free(config->envp);
	free(config->platform);
	free(config->cwd);
	free(config->hostname);
	free(config);
}

int boot_signal_send(int sock, int signo)
{
	struct header header;

	header_init(&header, MESSAGE_SIGNAL, 0);
	header.signo = signo;
	return packet_send(sock, &header, sizeof(header), MSG_DONTWAIT);
}

int boot_signal_recv(int sock)
{
	struct header header;
	ssize_t got;
	int ret;

	do {
		got = recv(sock, &header, sizeof(header), MSG_DONTWAIT);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == ECONNRESET ? 0 : -errno;
	if (got == 0)
		return 0;
	ret = header_check(&header, (size_t)got, MESSAGE_SIGNAL, 0);
	if (ret < 0)
		return ret;
	if (header.signo < 1 || header.signo > SIGRTMAX)
		return -EPROTO;
	return header.signo;
}

static void encode_probes(struct codec *c, const struct boot_result *result)
{
	uint32_t count = MIN(result->probe_count, (uint32_t)BOOT_PROBES_MAX);

	put_u32(c, count);
	for (uint32_t i = 0; i < count; i++) {
		put_text(c, result->probes[i].platform, BOOT_TEXT_MAX);
		put_u32(c, (uint32_t)result->probes[i].error);
		put_text(c, result->probes[i].why, BOOT_TEXT_MAX);
	}
}

static void encode_result(struct codec *c, const struct boot_result *result)
{
	uint32_t counts = MIN(result->count_count, (uint32_t)BOOT_COUNTS_MAX);
	uint32_t denied = MIN(result->denied_count, (uint32_t)BOOT_DENIED_MAX);

	put_u32(c, result->outcome);
	put_u32(c, (uint32_t)result->status);
	put_u32(c, (uint32_t)result->code);
	put_text(c, result->message, BOOT_MESSAGE_MAX);
	put_text(c, result->platform, BOOT_TEXT_MAX);
	put_text(c, result->platform_why, BOOT_TEXT_MAX);
	put_walls(c, &result->walls);
	put_u64(c, result->cpu_us);
	put_u64(c, result->maxrss_kib);
	put_u64(c, result->changed_files);
	put_u32(c, result->tasks_peak);
	put_u32(c, counts);
	for (uint32_t i = 0; i < counts; i++) {
		put_u32(c, result->counts[i].nr);
		put_u32(c, result->counts[i].error);
		put_u64(c, result->counts[i].count);
	}
	put_u32(c, denied);
	for (uint32_t i = 0; i < denied; i++) {
		put_text(c, result->denied[i].what, BOOT_TEXT_MAX);
		put_text(c, result->denied[i].rule, BOOT_TEXT_MAX);
		put_text(c, result->denied[i].hint, BOOT_TEXT_MAX);
	}
	encode_probes(c, result);
}

static void decode_counts(struct codec *c, struct boot_result *result)
{
	uint32_t count = get_count(c, BOOT_COUNTS_MAX, 16);

	result->counts = alloc_array(
		(size_t)count + 1, sizeof(*result->counts));
	if (!result->counts) {
		c->failed = true;
		return;
	}
	result->count_count = count;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t nr = get_u32(c), error = get_u32(c);

		if (nr > UINT16_MAX || error > 4095)
			c->failed = true;
		result->counts[i].nr = (uint16_t)nr;
		result->counts[i].error = (uint16_t)error;
		result->counts[i].count = get_u64(c);
	}
}

static void decode_denied(struct codec *c, struct boot_result *result)
{
	uint32_t count = get_count(c, BOOT_DENIED_MAX, 15);

	result->denied = alloc_array(
		(size_t)count + 1, sizeof(*result->denied));
	if (!result->denied) {
		c->failed = true;
		return;
	}
	result->denied_count = count;
	for (uint32_t i = 0; i < count; i++) {
		result->denied[i].what = get_text(c, BOOT_TEXT_MAX);
		result->denied[i].rule = get_text(c, BOOT_TEXT_MAX);
		result->denied[i].hint = get_text(c, BOOT_TEXT_MAX);
	}
}

static void decode_probes(struct codec *c, struct boot_result *result)
{
	uint32_t count = get_count(c, BOOT_PROBES_MAX, 14);

	result->probes = alloc_array(
		(size_t)count + 1, sizeof(*result->probes));
	if (!result->probes) {
		c->failed = true;
		return;
	}
	result->probe_count = count;
	for (uint32_t i = 0; i < count; i++) {
		result->probes[i].platform = get_text(c, BOOT_TEXT_MAX);
		result->probes[i].error = (int)get_u32(c);
		result->probes[i].why = get_text(c, BOOT_TEXT_MAX);
	}
}

static void decode_result(struct codec *c, struct boot_result *result)
{
	uint32_t outcome = get_u32(c);

	result->outcome = outcome == BOOT_EXITED ? BOOT_EXITED : BOOT_FAILED;
	result->status = (int)get_u32(c);
	result->code = (int)get_u32(c);
	result->message = get_text(c, BOOT_MESSAGE_MAX);
	result->platform = get_text(c, BOOT_TEXT_MAX);
	result->platform_why = get_text(c, BOOT_TEXT_MAX);
	get_walls(c, &result->walls);
	result->cpu_us = get_u64(c);
	result->maxrss_kib = get_u64(c);
	result->changed_files = get_u64(c);
	result->tasks_peak = get_u32(c);
	decode_counts(c, result);
	decode_denied(c, result);
	decode_probes(c, result);
	if (c->pos != c->size || outcome > BOOT_FAILED)
		c->failed = true;
	if (outcome == BOOT_FAILED &&
		(result->code < 125 || result->code > 127))
		c->failed = true;
}

int boot_result_send(int sock, const struct boot_result *result)
{
	struct codec c = {0};
	struct header header = {0};
	int ret = -ENOMEM;

	put(&c, &header, sizeof(header));
	encode_result(&c, result);
	if (c.failed)
		goto out;
	header_init(&header, MESSAGE_RESULT, c.size - sizeof(header));
	memcpy(c.bytes, &header, sizeof(header));
	ret = c.size > BOOT_RESULT_MAX ? -E2BIG
				       : packet_send(sock, c.bytes, c.size, 0);
out:
	free(c.bytes);
	return ret;
}

/* One packet with a result: its bytes behind the header, ready to be read. */
static int result_packet(int sock, struct codec *c)
{
	struct header header;
	ssize_t got;
	int ret;

	/* recv() takes no descriptors: whatever was attached is closed. */
	do {
		got = recv(
			sock, c->bytes, c->capacity, MSG_DONTWAIT | MSG_TRUNC);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == ECONNRESET ? -ENODATA : -errno;
	if (got == 0)
		return -ENODATA;
	c->size = (size_t)got;
	if (c->size > c->capacity)
		return -EPROTO;
	get(c, &header, sizeof(header));
	if (c->failed)
		return -EPROTO;
	ret = header_check(&header, c->size, MESSAGE_RESULT, BOOT_RESULT_MAX);
	if (ret == 0 && header.size != c->size - sizeof(header))
		ret = -EPROTO;
	return ret;
}

bool boot_stop_recv(int sock)
{
	struct header header;
	ssize_t got;

	got = recv(sock, &header, sizeof(header), MSG_DONTWAIT | MSG_PEEK);
	if (got != sizeof(header) ||
		header_check(&header, (size_t)got, MESSAGE_SIGNAL, 0) < 0 ||
		header.signo != SIGSTOP)
		return false;
	return recv(sock, &header, sizeof(header), MSG_DONTWAIT) ==
	       (ssize_t)sizeof(header);
}

int boot_result_recv(int sock, struct boot_result **out)
{
	struct codec c = {.capacity = BOOT_RESULT_MAX};
	struct boot_result *result = alloc_zero(result);
	int ret = -ENOMEM;

	c.bytes = malloc(BOOT_RESULT_MAX);
	if (!c.bytes || !result)
		goto fail;
	ret = result_packet(sock, &c);
	if (ret < 0)
		goto fail;
	decode_result(&c, result);
	if (c.failed) {
		ret = -EPROTO;
		goto fail;
	}
	free(c.bytes);
	*out = result;
	return 0;
fail:
	free(c.bytes);
	boot_result_destroy(result);
	return ret;
}

void boot_result_destroy(struct boot_result *result)
{
	if (!result)
		return;
	for (uint32_t i = 0; i < result->denied_count; i++) {
		free(result->denied[i].what);
		free(result->denied[i].rule);
		free(result->denied[i].hint);
	}
	for (uint32_t i = 0; i < result->probe_count; i++) {
		free(result->probes[i].platform);
		free(result->probes[i].why);
	}
	free(result->denied);
	free(result->probes);
	free(result->counts);
	free(result->message);
	free(result->platform);
	free(result->platform_why);
	free(result);
}
