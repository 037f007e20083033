/* The gofer as a program: what it refuses, what it never shows, what it does.
 */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "gofer_support.h"
#include "lib/checked.h"
#include "lib/lockdown.h"
#include "lib/msg.h"

static struct gofer_process process;

static void setup(void)
{
	test_folder();
}

/* ---- Broken messages --------------------------------------------------- */

/* One request made of a fixed part and what follows. */
struct raw {
	const char *what;
	uint16_t type;
	uint16_t fds;
	int size_lie; /* added to the size in the header */
	size_t fixed;
	size_t extra_size;
	union {
		struct gofer_header header;
		struct gofer_stat stat;
		struct gofer_walk walk;
		struct gofer_open open;
		struct gofer_create create;
		struct gofer_unlink unlink;
		struct gofer_rename rename;
		struct gofer_readdir readdir;
		struct gofer_setattr setattr;
		struct gofer_symlink symlink;
		struct gofer_xattr xattr;
		struct gofer_fsync fsync;
		struct gofer_clunk clunk;
	};
	const char *extra;
};

#define RAW(type_, field_) .type = GOFER_##type_, .fixed = sizeof(struct field_)
#define TARGET(size_)                                                          \
	{                                                                      \
		.node = 1, .name_size = size_                                  \
	}
#define EXTRA(text_) .extra = text_, .extra_size = sizeof(text_) - 1

static const char long_name[257] = {[0 ... 255] = 'n'};

static const struct raw broken[] = {
	{.what = "type 0", .type = 0, .fixed = 24},
	{.what = "unknown type", .type = GOFER_TYPES, .fixed = 24},
	{.what = "type 65535", .type = 65535, .fixed = 24},
	{.what = "too short", .type = GOFER_STAT, .fixed = 24},
	{.what = "size too big",
		RAW(STAT, gofer_stat),
		.size_lie = 8,
		.stat.target = TARGET(0)},
	{.what = "size too small",
		RAW(STAT, gofer_stat),
		.size_lie = -8,
		.stat.target = TARGET(0)},
	{.what = "says a descriptor comes",
		RAW(STAT, gofer_stat),
		.fds = 1,
		.stat.target = TARGET(0)},
	{.what = "slash",
		RAW(STAT, gofer_stat),
		.stat.target = TARGET(3),
		EXTRA("a/b")},
	{.what = "dot",
		RAW(STAT, gofer_stat),
		.stat.target = TARGET(1),
		EXTRA(".")},
	{.what = "dot dot",
		RAW(STAT, gofer_stat),
		.stat.target = TARGET(2),
		EXTRA("..")},
	{.what = "NUL",
		RAW(STAT, gofer_stat),
		.stat.target = TARGET(3),
		EXTRA("a\0b")},
	{.what = "256 bytes",
		RAW(STAT, gofer_stat),
		.stat.target = TARGET(256),
		.extra = long_name,
		.extra_size = 256},
	{.what = "name beyond the message",
		RAW(STAT, gofer_stat),
		.stat.target = TARGET(200),
		EXTRA("abc")},
	{.what = "bytes behind the name",
		RAW(STAT, gofer_stat),
		.stat.target = TARGET(1),
		EXTRA("abc")},
	{.what = "walk of nothing", RAW(WALK, gofer_walk), .walk = {.node = 1}},
	{.what = "walk of too many",
		RAW(WALK, gofer_walk),
		.walk = {.node = 1, .count = 33, .names_size = 66},
		EXTRA("a\0a\0a\0a\0a\0a\0a\0a\0a\0a\0a\0"
		      "a\0a\0a\0a\0a\0a\0a\0a\0a\0a\0a\0"
		      "a\0a\0a\0a\0a\0a\0a\0a\0a\0a\0a\0")},
	{.what = "walk up",
		RAW(WALK, gofer_walk),
		.walk = {.node = 1, .count = 2, .names_size = 5},
		EXTRA("a\0..\0")},
	{.what = "walk without the last NUL",
		RAW(WALK, gofer_walk),
		.walk = {.node = 1, .count = 2, .names_size = 3},
		EXTRA("a\0b")},
	{.what = "walk of an empty name",
		RAW(WALK, gofer_walk),
		.walk = {.node = 1, .count = 2, .names_size = 3},
		EXTRA("a\0\0")},
	{.what = "open with O_CREAT",
		RAW(OPEN, gofer_open),
		.open = {.target = TARGET(1), .flags = O_CREAT},
		EXTRA("a")},
	{.what = "open with O_PATH",
		RAW(OPEN, gofer_open),
		.open = {.target = TARGET(1), .flags = O_PATH},
		EXTRA("a")},
	{.what = "create without a name",
		RAW(CREATE, gofer_create),
		.create = {.target = TARGET(0), .mode = 0644}},
	{.what = "create with a type",
		RAW(CREATE, gofer_create),
		.create = {.target = TARGET(1), .mode = S_IFCHR | 0644},
		EXTRA("a")},
	{.what = "unlink with AT_EMPTY_PATH",
		RAW(UNLINK, gofer_unlink),
		.unlink = {.target = TARGET(1), .flags = AT_EMPTY_PATH},
		EXTRA("a")},
	{.what = "rename with RENAME_WHITEOUT",
		RAW(RENAME, gofer_rename),
		.rename = {.from = TARGET(1),
			.to = TARGET(1),
			.flags = RENAME_WHITEOUT},
		EXTRA("ab")},
	{.what = "small readdir",
		RAW(READDIR, gofer_readdir),
		.readdir = {.target = TARGET(0), .max = 4095}},
	{.what = "big readdir",
		RAW(READDIR, gofer_readdir),
		.readdir = {.target = TARGET(0), .max = 65537}},
	{.what = "setattr of what is not there",
		RAW(SETATTR, gofer_setattr),
		.setattr = {.target = TARGET(0), .valid = 0x100}},
	{.what = "setattr of a negative size",
		RAW(SETATTR, gofer_setattr),
		.setattr = {.target = TARGET(0), .size = 1ull << 63}},
	{.what = "setattr with a long second",
		RAW(SETATTR, gofer_setattr),
		.setattr = {.target = TARGET(0), .mtime.nsec = 1000000000}},
	{.what = "empty symlink",
		RAW(SYMLINK, gofer_symlink),
		.symlink = {.target = TARGET(1)},
		EXTRA("a")},
	{.what = "symlink with NUL",
		RAW(SYMLINK, gofer_symlink),
		.symlink = {.target = TARGET(1), .link_size = 3},
		EXTRA("aa\0b")},
	{.what = "xattr with a NUL in it",
		RAW(GETXATTR, gofer_xattr),
		.xattr = {.target = TARGET(0), .attr_size = 6},
		EXTRA("user.\0")},
	{.what = "xattr without a name",
		RAW(GETXATTR, gofer_xattr),
		.xattr = {.target = TARGET(0)}},
	{.what = "xattr beyond the message",
		RAW(SETXATTR, gofer_xattr),
		.xattr = {.target = TARGET(0),
			.attr_size = 6,
			.value_size = 100},
		EXTRA("user.a")},
	{.what = "two kinds of fsync",
		RAW(FSYNC, gofer_fsync),
		.fsync = {.target = TARGET(0), .flags = 3}},
	{.what = "clunk of nothing", RAW(CLUNK, gofer_clunk)},
	{.what = "clunk of an unknown node",
		RAW(CLUNK, gofer_clunk),
		.clunk.count = 1,
		EXTRA("\xff\0\0\0\1\0\0\0")},
	{.what = "clunk of more than there is",
		RAW(CLUNK, gofer_clunk),
		.clunk.count = 1,
		EXTRA("\1\0\0\0\2\0\0\0")},
	{.what = "clunk of 0",
		RAW(CLUNK, gofer_clunk),
		.clunk.count = 1,
		EXTRA("\1\0\0\0\0\0\0\0")},
	{.what = "second hello", RAW(HELLO, gofer_hello)},
};

static void send_raw(int sock, const struct raw *raw)
{
	_Alignas(8) char bytes[1024];
	struct gofer_header *header = (void *)bytes;

	memcpy(bytes, &raw->header, raw->fixed);
	memcpy(bytes + raw->fixed, raw->extra ? raw->extra : "",
		raw->extra_size);
	header->size = (uint32_t)((int)(raw->fixed + raw->extra_size) +
				  raw->size_lie);
	header->type = raw->type;
	header->fds = raw->fds;
	ck_assert_int_eq(
		msg_send(sock, bytes, raw->fixed + raw->extra_size, -1), 0);
}

/* Greets and attaches by hand. */
static void introduce(int sock, bool attach)
{
	struct raw hello = {RAW(HELLO, gofer_hello)};
	struct raw attach_raw = {RAW(ATTACH, gofer_attach)};
	struct gofer_hello *message = (void *)&hello.header;
	char reply[256];
	size_t fds;

	message->magic = GOFER_MAGIC;
	message->version = GOFER_VERSION;
	send_raw(sock, &hello);
	ck_assert_int_eq(msg_recv(sock, reply, sizeof(reply), NULL, 0, &fds),
		sizeof(struct gofer_hello_reply));
	if (!attach)
		return;
	send_raw(sock, &attach_raw);
	ck_assert_int_eq(msg_recv(sock, reply, sizeof(reply), NULL, 0, &fds),
		sizeof(struct gofer_attach_reply));
}

START_TEST(broken_message_ends_the_gofer)
{
	const char *config[] = {"rw", test_root(), NULL};
	const struct raw *raw = &broken[_i];
	char reply[256];
	size_t fds;

	process = gofer_start(config, false);
	introduce(process.sock, true);
	send_raw(process.sock, raw);
	ck_assert_msg(msg_recv(process.sock, reply, sizeof(reply), NULL, 0,
			      &fds) == 0,
		"%s was answered", raw->what);
	ck_assert_int_eq(gofer_wait(&process), 1);
}
END_TEST

START_TEST(message_in_the_wrong_state_ends_the_gofer)
{
	const char *config[] = {"ro", test_root(), NULL};
	struct raw stat = {RAW(STAT, gofer_stat), .stat.target = TARGET(0)};
	struct raw attach = {RAW(ATTACH, gofer_attach)};

	process = gofer_start(config, false);
	send_raw(process.sock, &attach);
	ck_assert_int_eq(gofer_wait(&process), 1);
	close(process.sock);

	process = gofer_start(config, false);
	introduce(process.sock, false);
	send_raw(process.sock, &stat);
	ck_assert_int_eq(gofer_wait(&process), 1);
}
END_TEST

START_TEST(descriptor_from_the_sentry_ends_the_gofer)
{
	const char *config[] = {"ro", test_root(), NULL};
	struct gofer_stat stat = {
		.header = {.size = sizeof(stat), .type = GOFER_STAT},
		.target = TARGET(0),
	};

	process = gofer_start(config, false);
	introduce(process.sock, true);
	ck_assert_int_eq(msg_send(process.sock, &stat, sizeof(stat), 0), 0);
	ck_assert_int_eq(gofer_wait(&process), 1);
}
END_TEST

START_TEST(closed_socket_ends_the_gofer_well)
{
	const char *config[] = {"ro", test_root(), NULL};

	process = gofer_start(config, false);
	introduce(process.sock, true);
	close(process.sock);
	ck_assert_int_eq(gofer_wait(&process), 0);
}
END_TEST

START_TEST(bad_config_is_status_125)
{
	const char *missing[] = {"ro", "/missing/folder", NULL};
	const char *unknown[] = {"xx", "/", NULL};
	const char *lonely[] = {"ro", NULL};
	const char *up[] = {"ro", test_root(), "hide", "a/../..", NULL};

	process = gofer_start(missing, false);
	ck_assert_int_eq(gofer_wait(&process), 125);
	process = gofer_start(unknown, false);
	ck_assert_int_eq(gofer_wait(&process), 125);
	process = gofer_start(lonely, false);
	ck_assert_int_eq(gofer_wait(&process), 125);
	process = gofer_start(up, false);
	ck_assert_int_eq(gofer_wait(&process), 125);
}
END_TEST

/* ---- Looking ----------------------------------------------------------- */

START_TEST(walk_stops_at_symlinks)
{
	const char *config[] = {"ro", test_root(), NULL};
	struct gofer_client *client;
	struct gofer_attr attr;
	char text[16];
	int error;

	mkdir(test_path("a"), 0755);
	mkdir(test_path("a/b"), 0755);
	test_write(test_path("a/b/file"), "hello");
	ck_assert_int_eq(symlink("b", test_path("a/link")), 0);
	client = gofer_start_client(config, &process);

	ck_assert_uint_eq(test_walk(client, 1, "a/b/file", &attr, &error), 0);
	ck_assert_int_eq(error, 0);
	ck_assert(S_ISREG(attr.mode));
	ck_assert_uint_eq(attr.size, 5);
	test_walk(client, 1, "a/link/file", &attr, &error);
	ck_assert_int_eq(error, -ENOTDIR);
	ck_assert(S_ISLNK(attr.mode));
	test_walk(client, 1, "a/b/none/x", &attr, &error);
	ck_assert_int_eq(error, -ENOENT);
	ck_assert_uint_ne(test_walk(client, 1, "a", &attr, &error), 0);

	struct gofer_where link = {
		test_walk(client, 1, "a", &attr, &error), "link", 4};
	ck_assert_int_eq(gofer_readlink(client, &link, text, 16), 1);
	ck_assert_int_eq(text[0], 'b');
	gofer_client_destroy(client);
	ck_assert_int_eq(gofer_wait(&process), 0);
}
END_TEST

static int try_open(struct gofer_client *client, const char *name)
{
	struct gofer_where where = {1, name, strlen(name)};
	struct gofer_attr attr;
	int fd = -1;
	int ret = gofer_open(client, &where, O_RDONLY, 0, 0, &attr, &fd);

	if (!ret)
		close(fd);
	return ret;
}

START_TEST(only_regular_files_are_opened)
{
	const char *config[] = {"ro", test_root(), NULL};
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct gofer_client *client;
	int sock = socket(AF_UNIX, SOCK_STREAM, 0);

	test_write(test_path("file"), "x");
	mkdir(test_path("dir"), 0755);
	mkfifo(test_path("fifo"), 0644);
	ck_assert_int_eq(symlink("file", test_path("link")), 0);
	strcpy(addr.sun_path, test_path("sock"));
	ck_assert_int_eq(bind(sock, (void *)&addr, sizeof(addr)), 0);
	close(sock);
	client = gofer_start_client(config, &process);

	ck_assert_int_eq(try_open(client, "file"), 0);
	ck_assert_int_eq(try_open(client, "dir"), -EISDIR);
	ck_assert_int_eq(try_open(client, "fifo"), -ENXIO);
	ck_assert_int_eq(try_open(client, "sock"), -ENXIO);
	ck_assert_int_eq(try_open(client, "link"), -ELOOP);
	ck_assert_int_eq(try_open(client, "none"), -ENOENT);
	if (!mknod(test_path("null"), S_IFCHR | 0666, makedev(1, 3)))
		ck_assert_int_eq(try_open(client, "null"), -ENXIO);
	gofer_client_destroy(client);
}
END_TEST

START_TEST(readdir_gives_every_name_once)
{
	const char *config[] = {"ro", test_root(), NULL};
	struct gofer_where where = {1, "many", 4};
	struct gofer_client *client;
	struct gofer_batch batch;
	struct gofer_batch_entry entry;
	bool seen[1000] = {false};
	uint64_t cookie = 0;
	char digits[4] = "";
	int calls = 0;
	int number;

	mkdir(test_path("many"), 0755);
	for (int i = 0; i < 1000; i++)
		test_write(test_path("many/file-%03d", i), "abc");
	client = gofer_start_client(config, &process);
	do {
		ck_assert_int_eq(
			gofer_readdir(client, &where, cookie, &batch), 0);
		/* By its own number from now on. */
		where = (struct gofer_where){.node = batch.node};
		while (gofer_batch_next(&batch, &entry)) {
			ck_assert_uint_eq(entry.name_size, 8);
			ck_assert_uint_eq(entry.attr.size, 3);
			memcpy(digits, entry.name + 5, 3);
			number = atoi(digits);
			ck_assert(!seen[number]);
			seen[number] = true;
		}
		cookie = batch.cookie;
		calls++;
	} while (!batch.end);
	for (int i = 0; i < 1000; i++)
		ck_assert(seen[i]);
	ck_assert_int_lt(calls, 8);
	gofer_client_destroy(client);
}
END_TEST

START_TEST(readdir_goes_on_at_a_cookie_of_long_ago)
{
	const char *config[] = {"ro", test_root(), NULL};
	struct gofer_where where = {1, "d00", 3};
	struct gofer_client *client;
	struct gofer_batch batch;
	struct gofer_batch_entry entry;
	uint64_t cookie;
	uint32_t node, rest = 0;

	for (int i = 0; i < 40; i++) {
		mkdir(test_path("d%02d", i), 0755);
		for (int j = 0; j < (i ? 1 : 900); j++)
			test_write(test_path("d%02d/%03d", i, j), "");
	}
	client = gofer_start_client(config, &process);
	ck_assert_int_eq(gofer_readdir(client, &where, 0, &batch), 0);
	node = batch.node;
	cookie = batch.cookie;
	rest = batch.count;
	/* More folders than the gofer keeps positions of. */
	for (int i = 1; i < 40; i++) {
		char name[16];

		snprintf(name, sizeof(name), "d%02d", i);
		where.name = name;
		ck_assert_int_eq(gofer_readdir(client, &where, 0, &batch), 0);
		ck_assert(batch.end);
	}
	where = (struct gofer_where){.node = node};
	do {
		ck_assert_int_eq(
			gofer_readdir(client, &where, cookie, &batch), 0);
		cookie = batch.cookie;
		while (gofer_batch_next(&batch, &entry))
			rest++;
	} while (!batch.end);
	ck_assert_uint_eq(rest, 900);
	gofer_client_destroy(client);
}
END_TEST

START_TEST(kernel_filesystems_are_empty_folders)
{
	const char *config[] = {"ro", "/", NULL};
	struct gofer_client *client = gofer_start_client(config, &process);
	struct gofer_where where = {1, "proc", 4};
	struct gofer_batch batch;
	struct gofer_attr attr;
	int error;

	ck_assert_uint_ne(test_walk(client, 1, "proc", &attr, &error), 0);
	ck_assert_uint_eq(attr.flags, GOFER_ATTR_BLANK);
	test_walk(client, 1, "proc/self/environ", &attr, &error);
	ck_assert_int_eq(error, -ENOENT);
	ck_assert_int_eq(gofer_readdir(client, &where, 0, &batch), 0);
	ck_assert(batch.end);
	ck_assert_uint_eq(batch.count, 0);
	test_walk(client, 1, "sys/kernel", &attr, &error);
	ck_assert_int_eq(error, -ENOENT);
	gofer_client_destroy(client);
}
END_TEST

START_TEST(a_file_may_be_a_root)
{
	char root[256];
	const char *config[] = {"ro", root, NULL};
	struct gofer_where where = {.node = 1};
	struct gofer_client *client;
	struct gofer_attr attr;
	int fd, error;

	strcpy(root, test_path("file"));
	test_write(root, "x");
	test_write(test_path("other"), "x");
	client = gofer_start_client(config, &process);
	ck_assert_int_eq(
		gofer_open(client, &where, O_RDONLY, 0, 0, &attr, &fd), 0);
	close(fd);
	ck_assert_int_eq(
		gofer_open(client, &where, O_RDWR, 0, 0, &attr, &fd), -EROFS);
	test_walk(client, 1, "other", &attr, &error);
	ck_assert_int_eq(error, -ENOTDIR);
	gofer_client_destroy(client);
}
END_TEST

START_TEST(what_was_exchanged_is_stale)
{
	const char *config[] = {"ro", test_root(), NULL};
	struct gofer_where where = {1, "file", 4};
	struct gofer_client *client;
	struct gofer_attr attr, other;
	uint32_t dir;
	int fd, error;

	test_write(test_path("file"), "x");
	mkdir(test_path("dir"), 0755);
	test_write(test_path("dir/inside"), "x");
	client = gofer_start_client(config, &process);
	ck_assert_int_eq(gofer_stat(client, &where, &attr), 0);
	dir = test_walk(client, 1, "dir", &other, &error);

	test_write(test_path("new"), "y");
	ck_assert_int_eq(rename(test_path("new"), test_path("file")), 0);
	ck_assert_int_eq(gofer_open(client, &where, O_RDONLY, attr.dev,
				 attr.ino, &attr, &fd),
		-ESTALE);
	ck_assert_int_eq(rename(test_path("dir"), test_path("old")), 0);
	mkdir(test_path("dir"), 0755);
	where = (struct gofer_where){dir, "inside", 6};
	ck_assert_int_eq(gofer_stat(client, &where, &attr), -ESTALE);
	ck_assert_uint_ne(test_walk(client, 1, "dir", &other, &error), dir);
	gofer_client_destroy(client);
}
END_TEST

START_TEST(descriptors_of_folders_are_bounded)
{
	const char *config[] = {"ro", test_root(), "nofile", "150", NULL};
	struct gofer_client *client;
	uint32_t nodes[300];
	struct gofer_attr attr;
	char path[64], name[32];
	size_t open_files = 0;
	DIR *dir;
	int error;

	for (int i = 0; i < 300; i++) {
		mkdir(test_path("d%d", i), 0755);
		test_write(test_path("d%d/file", i), "x");
	}
	client = gofer_start_client(config, &process);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 300; i++) {
			snprintf(name, sizeof(name), "d%d/file", i);
			test_walk(client, 1, name, &attr, &error);
			ck_assert_int_eq(error, 0);
			snprintf(name, sizeof(name), "d%d", i);
			nodes[i] = test_walk(client, 1, name, &attr, &error);
		}
	}
	for (int i = 0; i < 300; i++) {
		struct gofer_where where = {nodes[i], "file", 4};

		ck_assert_int_eq(gofer_stat(client, &where, &attr), 0);
	}
	snprintf(path, sizeof(path), "/proc/%d/fd", process.pid);
	dir = opendir(path);
	if (dir) {
		while (readdir(dir))
			open_files++;
		closedir(dir);
		ck_assert_uint_lt(open_files, 150);
	}
	gofer_client_destroy(client);
	ck_assert_int_eq(gofer_wait(&process), 0);
}
END_TEST

/* ---- Hiding ------------------------------------------------------------ */

START_TEST(hidden_paths_do_not_exist)
{
	const char *config[] = {"rw", test_root(), "hide", "home/me/.ssh",
		"hide", "home/later", NULL};
	struct gofer_new new = {.mode = 0644};
	struct gofer_client *client;
	struct gofer_batch batch;
	struct gofer_batch_entry entry;
	struct gofer_attr attr;
	uint32_t me, home;
	int error, fd;

	mkdir(test_path("home"), 0755);
	mkdir(test_path("home/me"), 0755);
	mkdir(test_path("home/me/.ssh"), 0700);
	mkdir(test_path("home/me/.sshx"), 0700);
	test_write(test_path("home/me/.ssh/key"), "secret");
	client = gofer_start_client(config, &process);
	me = test_walk(client, 1, "home/me", &attr, &error);
	home = test_walk(client, 1, "home", &attr, &error);

	test_walk(client, 1, "home/me/.ssh/key", &attr, &error);
	ck_assert_int_eq(error, -ENOENT);
	test_walk(client, me, ".ssh", &attr, &error);
	ck_assert_int_eq(error, -ENOENT);
	ck_assert_int_eq(gofer_readdir(client,
				 &(struct gofer_where){.node = me}, 0, &batch),
		0);
	ck_assert(gofer_batch_next(&batch, &entry));
	ck_assert_uint_eq(entry.name_size, 5);
	ck_assert(!gofer_batch_next(&batch, &entry));

	/* Not made, not taken away, not moved, with what holds it neither. */
	struct gofer_where ssh = {me, ".ssh", 4};
	struct gofer_where later = {home, "later", 5};
	struct gofer_where me_name = {home, "me", 2};
	struct gofer_where away = {home, "away", 4};
	struct gofer_where sshx = {me, ".sshx", 5};

	ck_assert_int_eq(gofer_create(client, &later, &new, O_RDWR, &attr, &fd),
		-EACCES);
	ck_assert_int_eq(gofer_rename(client, &me_name, &away, 0), -EBUSY);
	ck_assert_int_eq(gofer_rename(client, &sshx, &ssh, 0), -EACCES);
	ck_assert_int_eq(gofer_rename(client, &ssh, &away, 0), -ENOENT);
	ck_assert_int_eq(gofer_unlink(client, &ssh, AT_REMOVEDIR), -ENOENT);
	/* Moved by the host, it is still the same folder. */
	ck_assert_int_eq(rename(test_path("home/me/.ssh"), test_path("s")), 0);
	test_walk(client, 1, "s/key", &attr, &error);
	ck_assert_int_eq(error, -ENOENT);
	gofer_client_destroy(client);
}
END_TEST

/* ---- Changing ---------------------------------------------------------- */

START_TEST(read_only_root_refuses_every_change)
{
	const char *config[] = {"ro", test_root(), NULL};
	struct gofer_where file = {1, "file", 4};
	struct gofer_where to = {1, "new", 3};
	struct gofer_new new = {.mode = 0644};
	struct gofer_setattr set = {.valid = GOFER_SET_MODE, .mode = 0600};
	struct gofer_client *client;
	struct gofer_attr attr;
	uint32_t node;
	int fd;

	test_write(test_path("file"), "x");
	client = gofer_start_client(config, &process);
	ck_assert_int_eq(gofer_stat(client, &file, &attr), 0);
	set.dev = attr.dev;
	set.ino = attr.ino;
	ck_assert_int_eq(
		gofer_open(client, &file, O_RDWR, 0, 0, &attr, &fd), -EROFS);
	ck_assert_int_eq(
		gofer_open(client, &file, O_WRONLY, 0, 0, &attr, &fd), -EROFS);
	ck_assert_int_eq(
		gofer_create(client, &to, &new, O_RDWR, &attr, &fd), -EROFS);
	ck_assert_int_eq(gofer_mkdir(client, &to, &new, &attr, &node), -EROFS);
	ck_assert_int_eq(gofer_symlink(client, &to, &new, "x", &attr), -EROFS);
	new.mode |= S_IFIFO;
	ck_assert_int_eq(gofer_mknod(client, &to, &new, &attr), -EROFS);
	ck_assert_int_eq(
		gofer_link(client, &file, set.dev, set.ino, &to, &attr),
		-EROFS);
	ck_assert_int_eq(gofer_unlink(client, &file, 0), -EROFS);
	ck_assert_int_eq(gofer_rename(client, &file, &to, 0), -EROFS);
	ck_assert_int_eq(gofer_setattr(client, &file, &set, &attr), -EROFS);
	ck_assert_int_eq(
		gofer_setxattr(client, &file, "user.a", "b", 1, 0), -EROFS);
	ck_assert_int_eq(gofer_removexattr(client, &file, "user.a"), -EROFS);
	ck_assert_int_eq(access(test_path("new"), F_OK), -1);
	gofer_client_destroy(client);
}
END_TEST

START_TEST(writable_root_is_changed)
{
	const char *config[] = {"rw", test_root(), NULL};
	struct gofer_where dir = {1, "dir", 3};
	struct gofer_where moved = {1, "moved", 5};
	struct gofer_new new = {0644, getuid(), getgid()};
	struct gofer_client *client;
	struct gofer_attr attr, linked;
	struct stat st;
	uint32_t node;
	char text[8];
	int fd;

	client = gofer_start_client(config, &process);
	new.mode = 0751;
	ck_assert_int_eq(gofer_mkdir(client, &dir, &new, &attr, &node), 0);
	ck_assert_uint_eq(attr.mode, S_IFDIR | 0751);

	struct gofer_where file = {node, "file", 4};
	struct gofer_where second = {node, "second", 6};
	struct gofer_where link = {node, "link", 4};

	new.mode = 0640;
	ck_assert_int_eq(
		gofer_create(client, &file, &new, O_RDWR, &attr, &fd), 0);
	ck_assert_int_eq(write(fd, "text", 4), 4);
	close(fd);
	ck_assert_int_eq(
		gofer_create(client, &file, &new, O_RDWR, &attr, &fd), -EEXIST);
	ck_assert_int_eq(
		gofer_link(client, &file, attr.dev, attr.ino, &second, &linked),
		0);
	ck_assert_uint_eq(linked.nlink, 2);
	ck_assert_int_eq(gofer_link(client, &file, attr.dev, attr.ino + 1,
				 &link, &linked),
		-ESTALE);
	ck_assert_int_eq(
		gofer_symlink(client, &link, &new, "file", &linked), 0);
	/* The folder's node goes with it. */
	ck_assert_int_eq(gofer_rename(client, &dir, &moved, 0), 0);
	ck_assert_int_eq(gofer_stat(client, &file, &attr), 0);
	ck_assert_uint_eq(attr.size, 4);
	ck_assert_int_eq(stat(test_path("moved/second"), &st), 0);
	ck_assert_uint_eq(st.st_ino, attr.ino);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0640);
	ck_assert_int_eq(
		readlink(test_path("moved/link"), text, sizeof(text)), 4);
	ck_assert_int_eq(
		gofer_unlink(client, &moved, AT_REMOVEDIR), -ENOTEMPTY);
	ck_assert_int_eq(gofer_unlink(client, &file, 0), 0);
	ck_assert_int_eq(gofer_unlink(client, &second, 0), 0);
	ck_assert_int_eq(gofer_unlink(client, &link, 0), 0);
	ck_assert_int_eq(gofer_unlink(client, &moved, 0), -EISDIR);
	ck_assert_int_eq(gofer_unlink(client, &moved, AT_REMOVEDIR), 0);
	ck_assert_int_eq(access(test_path("moved"), F_OK), -1);
	gofer_client_destroy(client);
	ck_assert_int_eq(gofer_wait(&process), 0);
}
END_TEST

START_TEST(attributes_are_set)
{
	const char *config[] = {"rw", test_root(), NULL};
	struct gofer_where file = {1, "file", 4};
	struct gofer_setattr set = {
		.valid = GOFER_SET_MODE | GOFER_SET_SIZE | GOFER_SET_MTIME,
		.mode = 0604,
		.size = 1,
		.mtime = {.sec = 1234567, .nsec = 89},
	};
	struct gofer_client *client;
	struct gofer_attr attr;
	struct stat st;

	test_write(test_path("file"), "text");
	client = gofer_start_client(config, &process);
	ck_assert_int_eq(gofer_stat(client, &file, &attr), 0);
	set.dev = attr.dev;
	set.ino = attr.ino + 1;
	ck_assert_int_eq(gofer_setattr(client, &file, &set, &attr), -ESTALE);
	set.ino--;
	ck_assert_int_eq(gofer_setattr(client, &file, &set, &attr), 0);
	ck_assert_uint_eq(attr.mode, S_IFREG | 0604);
	ck_assert_uint_eq(attr.size, 1);
	ck_assert_int_eq(stat(test_path("file"), &st), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0604);
	ck_assert_int_eq(st.st_mtim.tv_sec, 1234567);
	ck_assert_int_eq(st.st_mtim.tv_nsec, 89);
	set.valid = GOFER_SET_MODE;
	set.mode = 04755;
	ck_assert_int_eq(gofer_setattr(client, &file, &set, &attr),
		getuid() ? 0 : -EPERM);
	gofer_client_destroy(client);
}
END_TEST

START_TEST(user_attributes_are_kept)
{
	const char *config[] = {"rw", test_root(), NULL};
	struct gofer_where file = {1, "file", 4};
	struct gofer_client *client;
	char value[16];
	int ret;

	test_write(test_path("file"), "text");
	client = gofer_start_client(config, &process);
	ret = gofer_setxattr(client, &file, "user.colour", "red", 3, 0);
	ck_assert(ret == 0 || ret == -EOPNOTSUPP);
	if (!ret) {
		ck_assert_int_eq(gofer_getxattr(client, &file, "user.colour",
					 value, sizeof(value)),
			3);
		ck_assert_mem_eq(value, "red", 3);
		ck_assert_int_eq(
			gofer_getxattr(client, &file, "user.colour", NULL, 0),
			3);
		ck_assert_int_eq(
			gofer_getxattr(client, &file, "user.colour", value, 2),
			-ERANGE);
		ck_assert_int_eq(gofer_listxattr(client, &file, value, 16), 12);
		ck_assert_str_eq(value, "user.colour");
		ck_assert_int_eq(
			gofer_removexattr(client, &file, "user.colour"), 0);
	}
	ck_assert_int_eq(
		gofer_setxattr(client, &file, "trusted.x", "red", 3, 0),
		-EOPNOTSUPP);
	gofer_client_destroy(client);
}
END_TEST

/* ---- Races and walls --------------------------------------------------- */

/* Exchanges a folder and a symlink to another one, for ever. */
static pid_t start_swapping(void)
{
	char dir[256], link[256];
	pid_t pid;

	strcpy(dir, test_path("root/x"));
	strcpy(link, test_path("root/y"));
	pid = fork();
	if (!pid) {
		for (;;)
			renameat2(
				AT_FDCWD, dir, AT_FDCWD, link, RENAME_EXCHANGE);
	}
	return pid;
}

static void race(bool no_openat2)
{
	char root[256];
	const char *config[] = {"rw", root, NULL};
	struct gofer_where where = {.name = "secret", .size = 6};
	struct gofer_client *client;
	struct gofer_attr attr;
	struct timespec now;
	struct stat st;
	uint32_t flags, node, inside = 0;
	time_t end;
	pid_t pid;
	int error, fd;

	strcpy(root, test_path("root"));
	mkdir(root, 0755);
	mkdir(test_path("root/x"), 0755);
	mkdir(test_path("outside"), 0755);
	test_write(test_path("root/x/secret"), "mine");
	test_write(test_path("outside/secret"), "theirs");
	ck_assert_int_eq(symlink("../outside", test_path("root/y")), 0);
	ck_assert_int_eq(stat(test_path("outside/secret"), &st), 0);
	process = gofer_start(config, no_openat2);
	ck_assert_int_eq(gofer_client_create(process.sock, &client), 0);
	ck_assert_int_eq(gofer_attach(client, 0, &node, &flags, &attr), 0);

	pid = start_swapping();
	clock_gettime(CLOCK_MONOTONIC, &now);
	end = now.tv_sec + 2;
	while (now.tv_sec < end) {
		where.node = test_walk(client, 1, "x", &attr, &error);
		if (where.node && !gofer_open(client, &where, O_RDONLY, 0, 0,
					  &attr, &fd)) {
			ck_assert_uint_ne(attr.ino, st.st_ino);
			inside++;
			close(fd);
		}
		gofer_forget(client, where.node, where.node != 0);
		test_walk(client, 1, "x/secret", &attr, &error);
		ck_assert(error || attr.ino != st.st_ino);
		clock_gettime(CLOCK_MONOTONIC, &now);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ck_assert_uint_gt(inside, 0);
	ck_assert(!gofer_client_is_dead(client));
	gofer_client_destroy(client);
	ck_assert_int_eq(gofer_wait(&process), 0);
}

START_TEST(no_race_leads_out_of_the_root)
{
	race(false);
}
END_TEST

START_TEST(no_race_leads_out_of_the_root_without_openat2)
{
	race(true);
}
END_TEST

static bool status_has(const char *line)
{
	char path[64], text[128];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", process.pid);
	file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	while (fgets(text, sizeof(text), file))
		found |= !strcmp(text, line);
	fclose(file);
	return found;
}

START_TEST(the_walls_stand)
{
	const char *config[] = {"ro", test_root(), NULL};
	struct gofer_client *client = gofer_start_client(config, &process);

	ck_assert(status_has("NoNewPrivs:\t1\n"));
	ck_assert(status_has("Seccomp:\t2\n"));
	ck_assert(status_has("CapBnd:\t0000000000000000\n") || getuid());
	/* Reading other users' files is all that is left of root. */
	ck_assert(status_has("CapEff:\t0000000000000004\n") || getuid());
	ck_assert(gofer_client_walls(client) & (1u << WALL_SECCOMP));
	gofer_client_destroy(client);
}
END_TEST

static TCase *add_case(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, setup, test_folder_remove);
	tcase_set_timeout(tcase, 20);
	suite_add_tcase(suite, tcase);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("gofer");
	TCase *tcase = add_case(suite, "protocol");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(
		tcase, broken_message_ends_the_gofer, 0, ARRAY_SIZE(broken));
	tcase_add_test(tcase, message_in_the_wrong_state_ends_the_gofer);
	tcase_add_test(tcase, descriptor_from_the_sentry_ends_the_gofer);
	tcase_add_test(tcase, closed_socket_ends_the_gofer_well);
	tcase_add_test(tcase, bad_config_is_status_125);
	tcase = add_case(suite, "looking");
	tcase_add_test(tcase, walk_stops_at_symlinks);
	tcase_add_test(tcase, only_regular_files_are_opened);
	tcase_add_test(tcase, readdir_gives_every_name_once);
	tcase_add_test(tcase, readdir_goes_on_at_a_cookie_of_long_ago);
	tcase_add_test(tcase, kernel_filesystems_are_empty_folders);
	tcase_add_test(tcase, a_file_may_be_a_root);
	tcase_add_test(tcase, what_was_exchanged_is_stale);
	tcase_add_test(tcase, descriptors_of_folders_are_bounded);
	tcase_add_test(tcase, hidden_paths_do_not_exist);
	tcase = add_case(suite, "changing");
	tcase_add_test(tcase, read_only_root_refuses_every_change);
	tcase_add_test(tcase, writable_root_is_changed);
	tcase_add_test(tcase, attributes_are_set);
	tcase_add_test(tcase, user_attributes_are_kept);
	tcase = add_case(suite, "walls");
	tcase_add_test(tcase, no_race_leads_out_of_the_root);
	tcase_add_test(tcase, no_race_leads_out_of_the_root_without_openat2);
	tcase_add_test(tcase, the_walls_stand);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
