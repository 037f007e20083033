/*
 * Requests to a gofer, well-formed and not, on a folder made for it.
 *
 * Whatever comes, the gofer must not crash, must reply within its limits, and
 * must neither give a descriptor of, nor change, anything outside its root.
 */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gofer/serve.h"

static const char *const names[] = {"a", "b", "dir", "sub", "link", "up",
	"hidden", "fifo", "..", ".", "", "a/b", "none", "x"};

static char top[64];
static char path[128];
static struct stat outside;

static const char *below(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", top, name);
	return path;
}

static void make_file(const char *name)
{
	int fd = open(below(name), O_WRONLY | O_CREAT, 0644);

	if (fd < 0 || write(fd, "text", 4) != 4)
		abort();
	close(fd);
}

static void clean(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", top);
	if (system(command))
		fprintf(stderr, "%s stays\n", top);
}

/* The root is remade for each run, what is outside once. */
static void make_root(void)
{
	char command[128];

	if (!top[0]) {
		strcpy(top, "/tmp/gofer-fuzz-XXXXXX");
		if (!mkdtemp(top))
			abort();
		atexit(clean);
		make_file("outside");
		if (stat(below("outside"), &outside) < 0)
			abort();
	}
	snprintf(command, sizeof(command), "rm -rf %s/root", top);
	if (!access(below("root"), F_OK) && system(command))
		abort();
	if (mkdir(below("root"), 0755) || mkdir(below("root/dir"), 0755) ||
		mkdir(below("root/dir/sub"), 0755) ||
		mkdir(below("root/hidden"), 0755) ||
		symlink("dir", below("root/link")) ||
		symlink("../outside", below("root/up")) ||
		mkfifo(below("root/fifo"), 0644))
		abort();
	make_file("root/a");
	make_file("root/dir/b");
	make_file("root/hidden/a");
}

static void check_outside(void)
{
	struct stat st;

	if (stat(below("outside"), &st) < 0 || st.st_ino != outside.st_ino ||
		st.st_mode != outside.st_mode ||
		st.st_size != outside.st_size ||
		st.st_mtim.tv_nsec != outside.st_mtim.tv_nsec ||
		st.st_nlink != 1)
		abort();
}

/* A fixed part of random fields, and names behind it that mostly fit. */
static size_t make_request(struct input *input, char *bytes)
{
	static const size_t fixed[GOFER_TYPES] = {
#define X(name_, request_, extra_, state_, reply_)                             \
	[GOFER_##name_] = sizeof(struct gofer_##request_),
		GOFER_MESSAGES(X)
#undef X
	};
	struct gofer_header *header = (void *)bytes;
	uint16_t type = (uint16_t)(1 + input_below(input, GOFER_TYPES - 1));
	size_t size = fixed[type];
	const char *name = names[input_below(input, 14)];
	const char *other = names[input_below(input, 14)];
	struct gofer_target *target = (void *)(header + 1);
	uint32_t kind = input_below(input, 16);
	uint32_t value;

	for (size_t i = 0; i < size; i += sizeof(value)) {
		value = input_u32(input);
		memcpy(bytes + i, &value, sizeof(value));
	}
	memcpy(bytes + size, name, strlen(name));
	if (kind) {
		target->node = input_below(input, 6);
		target->name_size = (uint16_t)strlen(name);
	}
	if (type == GOFER_WALK) {
		((struct gofer_walk *)(void *)bytes)->count = 1;
		((struct gofer_walk *)(void *)bytes)->names_size =
			(uint16_t)(strlen(name) + 1);
		bytes[size + strlen(name)] = '\0';
		size++;
	}
	size += strlen(name);
	if (type == GOFER_LINK || type == GOFER_RENAME) {
		target[1].node = input_below(input, 6);
		target[1].name_size = (uint16_t)strlen(other);
		memcpy(bytes + size, other, strlen(other));
		size += strlen(other);
	}
	if (type == GOFER_HELLO || type == GOFER_ATTACH || type == GOFER_STATFS)
		size = fixed[type];
	*header = (struct gofer_header){
		.size = (uint32_t)(size + (kind == 1)),
		.type = type,
		.fds = kind == 2,
	};
	return size;
}

static void check_reply(struct gofer *gofer)
{
	struct reply *reply = &gofer->reply;
	struct stat st;

	if (reply->size > GOFER_MESSAGE_MAX ||
		reply->header.size != reply->size ||
		(reply->header.error && reply->host_fd >= 0))
		abort();
	if (reply->host_fd < 0)
		return;
	if (fstat(reply->host_fd, &st) < 0 || !S_ISREG(st.st_mode) ||
		st.st_ino == outside.st_ino)
		abort();
	close(reply->host_fd);
}

static struct gofer *start(void)
{
	struct gofer *gofer = calloc(1, sizeof(*gofer));
	struct gofer_hello *hello;
	struct gofer_attach *attach;

	if (!gofer)
		abort();
	tree_init(&gofer->tree);
	gofer->tree.open_max = 2;
	if (tree_add_root(&gofer->tree, below("root"), true) < 0 ||
		tree_hide(&gofer->tree, "hidden") < 0)
		abort();
	hello = (void *)gofer->request;
	*hello = (struct gofer_hello){
		.header = {.size = sizeof(*hello), .type = GOFER_HELLO},
		.magic = GOFER_MAGIC,
		.version = GOFER_VERSION,
	};
	if (!gofer_message(gofer, sizeof(*hello)))
		abort();
	attach = (void *)gofer->request;
	*attach = (struct gofer_attach){
		.header = {.size = sizeof(*attach), .type = GOFER_ATTACH},
	};
	if (!gofer_message(gofer, sizeof(*attach)))
		abort();
	return gofer;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	struct gofer *gofer;
	size_t bytes;

	make_root();
	gofer = start();
	/* After a broken message there is no gofer any more: another one. */
	while (input.left) {
		bytes = make_request(&input, gofer->request);
		if (gofer_message(gofer, bytes)) {
			check_reply(gofer);
		} else {
			tree_finish(&gofer->tree);
			free(gofer);
			gofer = start();
		}
		if (access(below("root"), F_OK))
			abort();
	}
	tree_finish(&gofer->tree);
	free(gofer);
	check_outside();
	return 0;
}
