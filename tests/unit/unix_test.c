/*
 * Unix sockets on kernel objects: what the conformance cases cannot reach or
 * count. The task that calls is made up; names are abstract.
 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "sentry/kernel/fsctx.h"
#include "sentry/kernel/task.h"
#include "sentry/net/socket.h"
#include "sentry/net/unix/unix.h"
#include "tests/unit/vfs_support.h"

/* Of the kernel, which is not linked. */
struct task *current;
struct sandbox_limits sandbox_limits = {.memory_files = 64 << 20};

static struct world w;
static struct thread_group group;
static struct task task;

static void setup(void)
{
	world_open(&w, NULL);
	memset(&group, 0, sizeof(group));
	memset(&task, 0, sizeof(task));
	group.tgid = 42;
	task.tg = &group;
	task.cred = w.user;
	current = &task;
}

static void teardown(void)
{
	current = NULL;
	world_close(&w);
}

static void pair_of_files(int type, struct file *out[2])
{
	struct socket *s[2];

	ck_assert_int_eq(unix_socket_pair(type, 0, s), 0);
	ck_assert_int_eq(socket_file_new(s[0], 0, &out[0]), 0);
	ck_assert_int_eq(socket_file_new(s[1], 0, &out[1]), 0);
}

/* Sends bytes and, if file is not NULL, a reference to it. */
static ssize_t send_with(struct file *to, const char *text, struct file *file)
{
	struct socket *s = file_socket(to);
	struct socket_message m = {0};
	struct uio uio;
	ssize_t ret;

	uio_init_kernel(&uio, (void *)(uintptr_t)text, strlen(text));
	m.uio = &uio;
	if (file) {
		m.control.files = calloc(1, sizeof(*m.control.files));
		m.control.files[0] = file_get(file);
		m.control.file_count = 1;
	}
	ret = s->ops->send(s, &task, &m);
	socket_control_finish(&m.control);
	return ret;
}

static ssize_t receive_text(struct file *from, char *buf, size_t size,
	unsigned int flags, size_t *files)
{
	struct socket *s = file_socket(from);
	struct socket_message m = {.flags = flags};
	struct uio uio;
	ssize_t ret;

	memset(buf, 0, size);
	uio_init_kernel(&uio, buf, size);
	m.uio = &uio;
	ret = s->ops->receive(s, &task, &m);
	*files = m.control.file_count;
	socket_control_finish(&m.control);
	return ret;
}

START_TEST(descriptors_stop_a_read)
{
	struct file *end[2], *cargo[2];
	size_t files;
	char buf[32];

	pair_of_files(SOCK_STREAM, end);
	pair_of_files(SOCK_STREAM, cargo);
	send_with(end[0], "ab", NULL);
	send_with(end[0], "cd", cargo[0]);
	send_with(end[0], "ef", NULL);
	/* A peek gets references of its own. */
	ck_assert_int_eq(
		receive_text(end[1], buf, sizeof(buf), MSG_PEEK, &files), 4);
	ck_assert_uint_eq(files, 1);
	ck_assert_uint_eq(cargo[0]->ref.count, 2);
	ck_assert_int_eq(receive_text(end[1], buf, sizeof(buf), 0, &files), 4);
	ck_assert_str_eq(buf, "abcd");
	ck_assert_uint_eq(files, 1);
	ck_assert_uint_eq(cargo[0]->ref.count, 1);
	ck_assert_int_eq(receive_text(end[1], buf, sizeof(buf), 0, &files), 2);
	ck_assert_str_eq(buf, "ef");
	for (int i = 0; i < 2; i++) {
		file_put(end[i]);
		file_put(cargo[i]);
	}
}
END_TEST

START_TEST(a_long_chain_in_flight_goes_without_recursion)
{
	struct file *old[2], *new[2];

	pair_of_files(SOCK_STREAM, old);
	for (int i = 0; i < 60000; i++) {
		pair_of_files(SOCK_STREAM, new);
		ck_assert_int_eq(send_with(new[0], "x", old[1]), 1);
		file_put(old[0]);
		file_put(old[1]);
		memcpy(old, new, sizeof(old));
	}
	file_put(old[0]);
	file_put(old[1]);
}
END_TEST

START_TEST(queues_have_a_bound_together)
{
	static char block[65536];
	struct file *end[4000][2];
	size_t made, moved = 0;
	ssize_t ret = 0;

	memset(block, 'x', sizeof(block) - 1);
	for (made = 0; made < 4000 && ret != -ENOBUFS; made++) {
		pair_of_files(SOCK_STREAM, end[made]);
		do {
			ret = send_with(end[made][0], block, NULL);
			if (ret > 0)
				moved += (size_t)ret;
		} while (ret > 0);
		ck_assert(ret == -EAGAIN || ret == -ENOBUFS);
	}
	ck_assert_int_eq(ret, -ENOBUFS);
	ck_assert_uint_le(moved, 256u << 20);
	for (size_t i = 0; i < made; i++) {
		file_put(end[i][0]);
		file_put(end[i][1]);
	}
	/* All of it came back. */
	pair_of_files(SOCK_STREAM, end[0]);
	ck_assert_int_eq(send_with(end[0][0], "ok", NULL), 2);
	file_put(end[0][0]);
	file_put(end[0][1]);
}
END_TEST

static struct socket_address abstract(const char *name)
{
	struct socket_address a = {0};

	a.un.sun_family = AF_UNIX;
	strcpy(a.un.sun_path + 1, name);
	a.size = sizeof(sa_family_t) + 1 + strlen(name);
	return a;
}

START_TEST(who_waits_in_a_backlog_is_told_of_the_close)
{
	struct socket_address name = abstract("backlog");
	struct socket *listener, *client, *late;
	struct fsctx fs = {.root = w.walk.root, .cwd = w.walk.base};
	struct waitq *q = NULL;

	task.fs = &fs;
	ck_assert_int_eq(unix_socket_new(SOCK_STREAM, 0, &listener), 0);
	ck_assert_int_eq(unix_socket_new(SOCK_STREAM, 0, &client), 0);
	ck_assert_int_eq(unix_socket_new(SOCK_STREAM, 0, &late), 0);
	ck_assert_int_eq(
		client->ops->connect(client, &task, &name, &q), -ECONNREFUSED);
	ck_assert_int_eq(listener->ops->bind(listener, &task, &name), 0);
	ck_assert_int_eq(late->ops->bind(late, &task, &name), -EADDRINUSE);
	ck_assert_int_eq(listener->ops->listen(listener, &task, 0), 0);
	ck_assert_int_eq(client->ops->connect(client, &task, &name, &q), 0);
	ck_assert(listener->ops->poll(listener) & EPOLLIN);
	/* One more than the backlog is taken, then they wait. */
	ck_assert_int_eq(late->ops->connect(late, &task, &name, &q), -EAGAIN);
	ck_assert_ptr_eq(q, &listener->waitq);
	listener->ops->release(listener);
	ck_assert_int_eq(client->error, ECONNRESET);
	ck_assert(client->ops->poll(client) & EPOLLHUP);
	ck_assert_int_eq(
		late->ops->connect(late, &task, &name, &q), -ECONNREFUSED);
	client->ops->release(client);
	late->ops->release(late);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {descriptors_stop_a_read,
		a_long_chain_in_flight_goes_without_recursion,
		queues_have_a_bound_together,
		who_waits_in_a_backlog_is_told_of_the_close};

	return run_tests("unix", setup, teardown, tests,
		sizeof(tests) / sizeof(tests[0]));
}
