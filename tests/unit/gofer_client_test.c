/*
 * The sentry's end against a gofer that lies: whatever comes, the call gives
 * -EIO, so does every later one, and no descriptor is left.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gofer_support.h"
#include "lib/checked.h"
#include "lib/msg.h"

/* What the false gofer changes in an otherwise right reply. */
struct lie {
	const char *what;
	enum gofer_type type; /* the request that is answered with it */
	/* bytes: the honest reply, to be made a lie; sends it, or not. */
	void (*tell)(int sock, char *bytes, size_t size, int fd);
};

static void plain(int sock, const char *bytes, size_t size, int fd)
{
	msg_send(sock, bytes, size, fd);
}

#define HEADER    ((struct gofer_header *)(void *)bytes)
#define ATTR      ((struct gofer_attr_reply *)(void *)bytes)
#define LIE(name) static void name(int sock, char *bytes, size_t size, int fd)

LIE(wrong_id)
{
	HEADER->id++;
	plain(sock, bytes, size, fd);
}

LIE(wrong_type)
{
	HEADER->type++;
	plain(sock, bytes, size, fd);
}

LIE(size_too_big)
{
	HEADER->size++;
	plain(sock, bytes, size, fd);
}

LIE(cut)
{
	HEADER->size -= 8;
	plain(sock, bytes, size - 8, fd);
}

LIE(header_cut)
{
	plain(sock, bytes, 10, fd);
}

LIE(longer)
{
	HEADER->size += 8;
	plain(sock, bytes, size + 8, fd);
}

LIE(positive_error)
{
	HEADER->error = 5;
	plain(sock, bytes, size, fd);
}

LIE(error_with_body)
{
	HEADER->error = -5;
	plain(sock, bytes, size, fd);
}

LIE(ends)
{
	(void)bytes;
	(void)size;
	(void)fd;
	shutdown(sock, SHUT_RDWR);
}

LIE(extra_fd)
{
	(void)fd;
	plain(sock, bytes, size, 0);
}

LIE(fd_without_word)
{
	HEADER->fds = 0;
	plain(sock, bytes, size, fd);
}

LIE(word_without_fd)
{
	(void)fd;
	plain(sock, bytes, size, -1);
}

LIE(fd_with_error)
{
	HEADER->error = -2;
	HEADER->size = sizeof(struct gofer_header);
	plain(sock, bytes, sizeof(struct gofer_header), fd);
}

LIE(many_fds)
{
	struct iovec iov = {bytes, size};
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(20 * sizeof(int))];
	} control = {.head = {.cmsg_level = SOL_SOCKET,
			     .cmsg_type = SCM_RIGHTS,
			     .cmsg_len = CMSG_LEN(20 * sizeof(int))}};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	for (size_t i = 0; i < 20; i++)
		memcpy(CMSG_DATA(&control.head) + i * sizeof(int), &fd,
			sizeof(fd));
	sendmsg(sock, &msg, 0);
}

LIE(a_pipe)
{
	int ends[2];

	(void)fd;
	if (pipe(ends) == 0)
		plain(sock, bytes, size, ends[0]);
}

LIE(a_folder)
{
	(void)fd;
	plain(sock, bytes, size, open("/", O_RDONLY | O_DIRECTORY));
}

LIE(another_file)
{
	(void)fd;
	plain(sock, bytes, size, memfd_create("other", 0));
}

LIE(writable)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	plain(sock, bytes, size, open(path, O_RDWR));
}

LIE(path_only)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	plain(sock, bytes, size, open(path, O_PATH));
}

LIE(another_inode)
{
	ATTR->attr.ino++;
	plain(sock, bytes, size, fd);
}

LIE(bad_mode)
{
	ATTR->attr.mode = 0644;
	plain(sock, bytes, size, fd);
}

LIE(bad_size)
{
	ATTR->attr.size = 1ull << 63;
	plain(sock, bytes, size, fd);
}

LIE(bad_time)
{
	ATTR->attr.mtime.nsec = 1000000000;
	plain(sock, bytes, size, fd);
}

LIE(node_of_a_file)
{
	ATTR->node = 7;
	plain(sock, bytes, size, fd);
}

#define WALK       ((struct gofer_walk_reply *)(void *)bytes)
#define WALK_ENTRY ((struct gofer_walk_entry *)(void *)(bytes + sizeof(*WALK)))

LIE(walk_too_many)
{
	WALK->count = 1000;
	plain(sock, bytes, size, fd);
}

LIE(walk_none)
{
	WALK->count = 0;
	plain(sock, bytes, size, fd);
}

LIE(walk_folder_without_node)
{
	WALK_ENTRY->node = 0;
	plain(sock, bytes, size, fd);
}

LIE(walk_stop_and_all)
{
	WALK->stop = -2;
	plain(sock, bytes, size, fd);
}

LIE(walk_through_a_file)
{
	WALK_ENTRY->attr.mode = S_IFREG | 0644;
	WALK_ENTRY->node = 0;
	WALK->count = 2;
	HEADER->size += sizeof(struct gofer_walk_entry);
	memcpy(WALK_ENTRY + 1, WALK_ENTRY, sizeof(*WALK_ENTRY));
	plain(sock, bytes, HEADER->size, fd);
}

#define DIR_REPLY ((struct gofer_readdir_reply *)(void *)bytes)
#define DIR_ENTRY ((struct gofer_dirent *)(void *)(bytes + sizeof(*DIR_REPLY)))
#define DIR_NAME  ((char *)(DIR_ENTRY + 1))

LIE(entry_up)
{
	DIR_ENTRY->name_size = 2;
	memcpy(DIR_NAME, "..", 2);
	plain(sock, bytes, size, fd);
}

LIE(entry_with_slash)
{
	DIR_NAME[1] = '/';
	plain(sock, bytes, size, fd);
}

LIE(entry_with_nul)
{
	DIR_NAME[1] = '\0';
	plain(sock, bytes, size, fd);
}

LIE(entry_too_long)
{
	DIR_ENTRY->name_size = 5000;
	plain(sock, bytes, size, fd);
}

LIE(entry_empty)
{
	DIR_ENTRY->name_size = 0;
	plain(sock, bytes, size, fd);
}

LIE(more_entries)
{
	DIR_REPLY->count = 50;
	plain(sock, bytes, size, fd);
}

LIE(fewer_entries)
{
	DIR_REPLY->count = 0;
	plain(sock, bytes, size, fd);
}

LIE(no_entry_no_end)
{
	DIR_REPLY->count = 0;
	DIR_REPLY->flags = 0;
	HEADER->size = sizeof(*DIR_REPLY);
	plain(sock, bytes, sizeof(*DIR_REPLY), fd);
}

LIE(folder_is_a_file)
{
	DIR_REPLY->attr.mode = S_IFREG | 0644;
	plain(sock, bytes, size, fd);
}

LIE(link_too_long)
{
	((struct gofer_data_reply *)(void *)bytes)->size = 4000;
	plain(sock, bytes, size, fd);
}

LIE(link_with_nul)
{
	bytes[sizeof(struct gofer_data_reply)] = '\0';
	plain(sock, bytes, size, fd);
}

static const struct lie lies[] = {
#define L(type_, name_)                                                        \
	{                                                                      \
#name_, GOFER_##type_, name_                                   \
	}
	L(STAT, wrong_id),
	L(STAT, wrong_type),
	L(STAT, size_too_big),
	L(STAT, cut),
	L(STAT, header_cut),
	L(STAT, longer),
	L(STAT, positive_error),
	L(STAT, error_with_body),
	L(STAT, ends),
	L(STAT, extra_fd),
	L(STAT, bad_mode),
	L(STAT, bad_size),
	L(STAT, bad_time),
	L(STAT, node_of_a_file),
	L(OPEN, wrong_id),
	L(OPEN, cut),
	L(OPEN, longer),
	L(OPEN, extra_fd),
	L(OPEN, fd_without_word),
	L(OPEN, word_without_fd),
	L(OPEN, fd_with_error),
	L(OPEN, many_fds),
	L(OPEN, a_pipe),
	L(OPEN, a_folder),
	L(OPEN, another_file),
	L(OPEN, writable),
	L(OPEN, path_only),
	L(OPEN, another_inode),
	L(OPEN, bad_mode),
	L(OPEN, ends),
	L(WALK, walk_too_many),
	L(WALK, walk_none),
	L(WALK, walk_folder_without_node),
	L(WALK, walk_stop_and_all),
	L(WALK, walk_through_a_file),
	L(WALK, cut),
	L(READDIR, entry_up),
	L(READDIR, entry_with_slash),
	L(READDIR, entry_with_nul),
	L(READDIR, entry_too_long),
	L(READDIR, entry_empty),
	L(READDIR, more_entries),
	L(READDIR, fewer_entries),
	L(READDIR, no_entry_no_end),
	L(READDIR, folder_is_a_file),
	L(READDIR, cut),
	L(READLINK, link_too_long),
	L(READLINK, link_with_nul),
	L(READLINK, longer),
#undef L
};

static int make_file(struct gofer_attr *attr)
{
	char path[] = "/tmp/gofer-client-XXXXXX";
	int fd = mkstemp(path);
	int read_only = open(path, O_RDONLY);
	struct stat st;

	fstat(fd, &st);
	unlink(path);
	close(fd);
	*attr = (struct gofer_attr){
		.dev = st.st_dev,
		.ino = st.st_ino,
		.mode = S_IFREG | 0600,
		.nlink = 1,
	};
	return read_only;
}

/* The honest reply to a request of that type; its size. */
static size_t honest(enum gofer_type type, const struct gofer_attr *attr,
	char bytes[static 4096])
{
	struct gofer_attr dir = *attr;

	memset(bytes, 0, 4096);
	dir.mode = S_IFDIR | 0755;
	switch (type) {
	case GOFER_HELLO:
		*(struct gofer_hello_reply *)(void *)bytes =
			(struct gofer_hello_reply){.magic = GOFER_MAGIC,
				.version = GOFER_VERSION,
				.roots = 1};
		return sizeof(struct gofer_hello_reply);
	case GOFER_WALK:
		WALK->count = 1;
		WALK_ENTRY->node = 5;
		WALK_ENTRY->attr = dir;
		return sizeof(*WALK) + sizeof(*WALK_ENTRY);
	case GOFER_READDIR:
		DIR_REPLY->node = 5;
		DIR_REPLY->flags = GOFER_DIR_END;
		DIR_REPLY->count = 1;
		DIR_REPLY->attr = dir;
		DIR_ENTRY->name_size = 3;
		DIR_ENTRY->attr = *attr;
		memcpy(DIR_NAME, "abc", 3);
		return sizeof(*DIR_REPLY) + sizeof(*DIR_ENTRY) + 8;
	case GOFER_READLINK:
		((struct gofer_data_reply *)(void *)bytes)->size = 3;
		((struct gofer_data_reply *)(void *)bytes)->full_size = 3;
		memcpy(bytes + sizeof(struct gofer_data_reply), "abc", 3);
		return sizeof(struct gofer_data_reply) + 3;
	default:
		ATTR->attr = *attr;
		return sizeof(*ATTR);
	}
}

/* Answers HELLO truly, the next with a lie (or truly), and so on. */
static void false_gofer(int sock, const struct lie *lie)
{
	_Alignas(8) char request[4096];
	_Alignas(8) char bytes[4096];
	const struct gofer_header *header = (const void *)request;
	struct gofer_attr attr;
	int file = make_file(&attr);
	size_t fds, size;

	while (msg_recv(sock, request, sizeof(request), NULL, 0, &fds) > 0) {
		size = honest(header->type, &attr, bytes);
		*HEADER = (struct gofer_header){
			.size = (uint32_t)size,
			.type = header->type,
			.id = header->id,
			.fds = header->type == GOFER_OPEN,
		};
		if (lie && header->type == lie->type)
			lie->tell(sock, bytes, size,
				header->type == GOFER_OPEN ? file : -1);
		else
			plain(sock, bytes, size,
				header->type == GOFER_OPEN ? file : -1);
	}
}

static int client_sock; /* of the client started last */

static struct gofer_client *start(const struct lie *lie, pid_t *pid)
{
	struct gofer_client *client;
	int socks[2];

	ck_assert_int_eq(msg_pair(socks), 0);
	*pid = fork();
	if (!*pid) {
		close(socks[0]);
		false_gofer(socks[1], lie);
		_exit(0);
	}
	close(socks[1]);
	client_sock = socks[0];
	ck_assert_int_eq(gofer_client_create(socks[0], &client), 0);
	return client;
}

static int request(struct gofer_client *client, enum gofer_type type)
{
	struct gofer_where where = {1, "abc", 3};
	struct gofer_walk_entry entries[3];
	struct gofer_batch batch;
	struct gofer_attr attr;
	char text[64];
	int fd, ret, stop;

	switch (type) {
	case GOFER_STAT:
		return gofer_stat(client, &where, &attr);
	case GOFER_OPEN:
		ret = gofer_open(client, &where, O_RDONLY, 0, 0, &attr, &fd);
		if (!ret)
			close(fd);
		return ret;
	case GOFER_WALK:
		ret = gofer_walk(client, 1, "abc", 4, 1, entries, &stop);
		return ret < 0 ? ret : 0;
	case GOFER_READDIR:
		return gofer_readdir(client, &where, 0, &batch);
	default:
		ret = (int)gofer_readlink(client, &where, text, sizeof(text));
		return ret < 0 ? ret : 0;
	}
}

START_TEST(a_lie_is_eio_and_leaks_nothing)
{
	const struct lie *lie = &lies[_i];
	struct gofer_client *client;
	size_t before = test_fd_count();
	pid_t pid;

	client = start(lie, &pid);
	ck_assert_msg(request(client, lie->type) == -EIO, "%s was believed",
		lie->what);
	ck_assert(gofer_client_is_dead(client));
	ck_assert_int_eq(request(client, GOFER_STAT), -EIO);
	ck_assert_int_eq(request(client, GOFER_OPEN), -EIO);
	ck_assert_uint_eq(test_fd_count(), before);
	gofer_forget(client, 5, 1);
	gofer_client_destroy(client);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}
END_TEST

/* Else the test above would prove nothing. */
START_TEST(the_truth_is_believed)
{
	static const enum gofer_type types[] = {GOFER_STAT, GOFER_OPEN,
		GOFER_WALK, GOFER_READDIR, GOFER_READLINK};
	size_t before = test_fd_count();
	struct gofer_client *client;
	pid_t pid;

	client = start(NULL, &pid);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		ck_assert_int_eq(request(client, types[i]), 0);
	ck_assert(!gofer_client_is_dead(client));
	gofer_client_destroy(client);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_uint_eq(test_fd_count(), before);
}
END_TEST

/* An errno that would make a caller wait or restart is not passed on. */
LIE(try_again)
{
	HEADER->error = -EAGAIN;
	HEADER->size = sizeof(struct gofer_header);
	plain(sock, bytes, sizeof(struct gofer_header), fd);
}

LIE(restart)
{
	HEADER->error = -512;
	HEADER->size = sizeof(struct gofer_header);
	plain(sock, bytes, sizeof(struct gofer_header), fd);
}

LIE(no_entry)
{
	HEADER->error = -ENOENT;
	HEADER->size = sizeof(struct gofer_header);
	plain(sock, bytes, sizeof(struct gofer_header), fd);
}

START_TEST(errors_are_passed_on_but_those_of_our_own)
{
	static const struct {
		struct lie lie;
		int expected;
	} cases[] = {
		{{"try again", GOFER_STAT, try_again}, -EIO},
		{{"restart", GOFER_STAT, restart}, -EIO},
		{{"no entry", GOFER_STAT, no_entry}, -ENOENT},
	};
	struct gofer_client *client;
	pid_t pid;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		client = start(&cases[i].lie, &pid);
		ck_assert_int_eq(
			request(client, GOFER_STAT), cases[i].expected);
		ck_assert(!gofer_client_is_dead(client));
		gofer_client_destroy(client);
		ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	}
}
END_TEST

LIE(silence)
{
	(void)sock;
	(void)bytes;
	(void)size;
	(void)fd;
}

START_TEST(a_silent_gofer_is_given_up_at_the_deadline)
{
	static const struct lie lie = {"silence", GOFER_STAT, silence};
	struct timeval deadline;
	socklen_t size = sizeof(deadline);
	struct gofer_client *client;
	pid_t pid;

	client = start(&lie, &pid);
	ck_assert_int_eq(getsockopt(client_sock, SOL_SOCKET, SO_RCVTIMEO,
				 &deadline, &size),
		0);
	ck_assert_int_eq(deadline.tv_sec, GOFER_DEADLINE_MS / 1000);
	/* Shorter for the test. */
	deadline = (struct timeval){.tv_usec = 50000};
	ck_assert_int_eq(setsockopt(client_sock, SOL_SOCKET, SO_RCVTIMEO,
				 &deadline, size),
		0);
	ck_assert_int_eq(request(client, GOFER_STAT), -EIO);
	ck_assert(gofer_client_is_dead(client));
	ck_assert_int_eq(request(client, GOFER_OPEN), -EIO);
	gofer_client_destroy(client);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}
END_TEST

START_TEST(names_that_lead_elsewhere_are_not_sent)
{
	static const char *const names[] = {"a/b", "..", ".", "/"};
	struct gofer_client *client;
	struct gofer_where where = {.node = 1};
	struct gofer_attr attr;
	uint64_t requests;
	pid_t pid;

	client = start(NULL, &pid);
	requests = gofer_client_requests(client);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		where.name = names[i];
		where.size = strlen(names[i]);
		ck_assert_int_eq(gofer_stat(client, &where, &attr), -EINVAL);
	}
	where.size = 256;
	ck_assert_int_eq(gofer_stat(client, &where, &attr), -ENAMETOOLONG);
	ck_assert_uint_eq(gofer_client_requests(client), requests);
	gofer_client_destroy(client);
	waitpid(pid, NULL, 0);
}
END_TEST

START_TEST(no_gofer_is_an_error)
{
	struct gofer_client *client;
	int socks[2];

	ck_assert_int_eq(msg_pair(socks), 0);
	close(socks[1]);
	ck_assert_int_eq(gofer_client_create(socks[0], &client), -EIO);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gofer_client");
	TCase *tcase = tcase_create("hostile");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(
		tcase, a_lie_is_eio_and_leaks_nothing, 0, ARRAY_SIZE(lies));
	tcase_add_test(tcase, the_truth_is_believed);
	tcase_add_test(tcase, errors_are_passed_on_but_those_of_our_own);
	tcase_add_test(tcase, a_silent_gofer_is_given_up_at_the_deadline);
	tcase_add_test(tcase, names_that_lead_elsewhere_are_not_sent);
	tcase_add_test(tcase, no_gofer_is_an_error);
	suite_add_tcase(suite, tcase);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
