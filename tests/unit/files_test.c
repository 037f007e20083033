/*
 * Descriptor tables, pipes, epoll, eventfd, inotify and file locks, on kernel
 * objects: no guest, no task that runs.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/resource.h>

#include "sentry/fs/anon/anon.h"
#include "sentry/fs/anon/pipe.h"
#include "sentry/kernel/fdtable.h"
#include "sentry/kernel/task.h"
#include "sentry/vfs/epoll.h"
#include "sentry/vfs/inotify.h"
#include "sentry/vfs/locks.h"
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
	group.rlimits[RLIMIT_NOFILE].cur = 100;
	task.tg = &group;
	task.fds = fdtable_new();
}

static void teardown(void)
{
	fdtable_put(task.fds);
	world_close(&w);
}

static struct file *a_file(const char *name)
{
	struct file *file;

	ck_assert_int_eq(
		vfs_open(&w.walk, name, O_RDWR | O_CREAT, 0600, &file), 0);
	return file;
}

static ssize_t stream_write(struct file *file, const char *buf, size_t size)
{
	struct uio uio;

	uio_init_kernel(&uio, (void *)(uintptr_t)buf, size);
	return file_write(file, &uio, NULL);
}

static ssize_t stream_read(struct file *file, void *buf, size_t size)
{
	struct uio uio;

	uio_init_kernel(&uio, buf, size);
	return file_read(file, &uio, NULL);
}

/* ---- Descriptors ------------------------------------------------------- */

START_TEST(numbers_are_the_lowest_free)
{
	struct file *file = a_file("/f");

	ck_assert_int_eq(fd_install(&task, file_get(file), false), 0);
	ck_assert_int_eq(fd_install(&task, file_get(file), false), 1);
	ck_assert_int_eq(fd_install(&task, file_get(file), true), 2);
	ck_assert_int_eq(fd_close(&task, 1), 0);
	ck_assert_int_eq(fd_close(&task, 1), -EBADF);
	ck_assert_int_eq(fd_reserve(&task, 2), 3);
	ck_assert_int_eq(fd_reserve(&task, 0), 1);
	/* A reserved number is not open, and not free either. */
	ck_assert_ptr_null(fd_get(&task, 1));
	ck_assert_int_eq(fd_install(&task, file_get(file), false), 4);
	fd_cancel(&task, 1);
	fd_cancel(&task, 3);
	ck_assert_int_eq(fd_install(&task, file_get(file), false), 1);
	ck_assert_int_eq(fd_flags(&task, 2), FD_CLOEXEC);
	fdtable_close_on_exec(&task);
	ck_assert_int_eq(fd_flags(&task, 2), -1);
	file_put(file);
}
END_TEST

START_TEST(a_full_table_says_emfile)
{
	struct file *file = a_file("/f");
	unsigned int refs;

	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(fd_install(&task, file_get(file), false), i);
	refs = file->ref.count;
	ck_assert_int_eq(fd_install(&task, file_get(file), false), -EMFILE);
	ck_assert_int_eq(
		fd_install_at(&task, 100, file_get(file), false), -EBADF);
	ck_assert_uint_eq(file->ref.count, refs);
	/* A lower limit closes nothing, but no new one is given. */
	group.rlimits[RLIMIT_NOFILE].cur = 10;
	ck_assert_int_eq(fd_close(&task, 50), 0);
	ck_assert_int_eq(fd_install(&task, file_get(file), false), -EMFILE);
	ck_assert_int_eq(fd_flags(&task, 99), 0);
	file_put(file);
}
END_TEST

START_TEST(a_copy_of_a_table_has_its_own_slots)
{
	struct file *file = a_file("/f");
	struct fdtable *copy;

	for (int i = 0; i < 70; i++)
		fd_install(&task, file_get(file), false);
	fd_reserve(&task, 0);
	copy = fdtable_copy(task.fds);
	ck_assert_ptr_nonnull(copy);
	ck_assert_uint_eq(file->ref.count, 141);
	fd_cancel(&task, 70);
	fd_close(&task, 3);
	ck_assert_int_eq(fd_next(task.fds, 3), 4);
	ck_assert_int_eq(fd_next(copy, 3), 3);
	ck_assert_int_eq(fd_next(copy, 70), -1);
	fdtable_put(copy);
	ck_assert_uint_eq(file->ref.count, 70);
	file_put(file);
}
END_TEST

START_TEST(path_only_files_are_no_files_to_most_calls)
{
	struct file *file;

	make_file(&w, "/f", 0600);
	ck_assert_int_eq(vfs_open(&w.walk, "/f", O_PATH, 0, &file), 0);
	ck_assert_int_eq(fd_install(&task, file, false), 0);
	ck_assert_ptr_null(fd_get(&task, 0));
	ck_assert_ptr_eq(fd_get_any(&task, 0), file);
	file_put(file);
}
END_TEST

/* ---- Pipes ------------------------------------------------------------- */

START_TEST(a_pipe_keeps_order_around_its_end)
{
	static char in[50000], out[50000];
	struct file *ends[2];

	ck_assert_int_eq(pipe_open(0, ends), 0);
	ck_assert_int_eq(stream_read(ends[0], out, 10), -EAGAIN);
	for (int round = 0; round < 20; round++) {
		for (size_t i = 0; i < sizeof(in); i++)
			in[i] = (char)(i * 7 + (size_t)round);
		ck_assert_int_eq(
			stream_write(ends[1], in, sizeof(in)), sizeof(in));
		memset(out, 0, sizeof(out));
		ck_assert_int_eq(
			stream_read(ends[0], out, sizeof(out)), sizeof(out));
		ck_assert_mem_eq(in, out, sizeof(in));
	}
	file_put(ends[1]);
	ck_assert_uint_eq(file_poll(ends[0]), EPOLLHUP);
	ck_assert_int_eq(stream_read(ends[0], out, 10), 0);
	file_put(ends[0]);
}
END_TEST

START_TEST(small_writes_are_whole_and_large_ones_are_not)
{
	static char buf[70000];
	struct file *ends[2];

	ck_assert_int_eq(pipe_open(0, ends), 0);
	ck_assert_int_eq(stream_write(ends[1], buf, sizeof(buf)), 65536);
	ck_assert_int_eq(stream_write(ends[1], buf, 1), -EAGAIN);
	ck_assert_uint_eq(file_poll(ends[1]), 0);
	ck_assert_int_eq(stream_read(ends[0], buf, 4000), 4000);
	/* 4,000 are free: 4,096 must not be cut, 4,097 may. */
	ck_assert_uint_eq(file_poll(ends[1]), 0);
	ck_assert_int_eq(stream_write(ends[1], buf, 4096), -EAGAIN);
	ck_assert_int_eq(stream_write(ends[1], buf, 4097), 4000);
	ck_assert_int_eq(stream_read(ends[0], buf, 4096), 4096);
	ck_assert_uint_eq(file_poll(ends[1]), EPOLLOUT | EPOLLWRNORM);
	file_put(ends[0]);
	ck_assert_int_eq(stream_write(ends[1], buf, 1), -EPIPE);
	ck_assert(file_poll(ends[1]) & EPOLLERR);
	file_put(ends[1]);
}
END_TEST

START_TEST(packets_are_read_one_by_one)
{
	struct file *ends[2];
	char buf[8192];

	ck_assert_int_eq(pipe_open(0, ends), 0);
	ck_assert_int_eq(stream_write(ends[1], "stream", 6), 6);
	ends[1]->flags |= O_DIRECT;
	ck_assert_int_eq(stream_write(ends[1], "first", 5), 5);
	ck_assert_int_eq(stream_write(ends[1], "second", 6), 6);
	ends[1]->flags &= ~(unsigned int)O_DIRECT;
	ck_assert_int_eq(stream_write(ends[1], "rest", 4), 4);
	ck_assert_int_eq(stream_read(ends[0], buf, sizeof(buf)), 6);
	/* What does not fit is thrown away. */
	ck_assert_int_eq(stream_read(ends[0], buf, 2), 2);
	ck_assert_mem_eq(buf, "fi", 2);
	ck_assert_int_eq(stream_read(ends[0], buf, sizeof(buf)), 6);
	ck_assert_mem_eq(buf, "second", 6);
	ck_assert_int_eq(stream_read(ends[0], buf, sizeof(buf)), 4);
	ck_assert_int_eq(stream_read(ends[0], buf, sizeof(buf)), -EAGAIN);
	/* Each takes a slot, however small. */
	ends[1]->flags |= O_DIRECT;
	for (int i = 0; i < 16; i++)
		ck_assert_int_eq(stream_write(ends[1], "x", 1), 1);
	ck_assert_int_eq(stream_write(ends[1], "x", 1), -EAGAIN);
	file_put(ends[0]);
	file_put(ends[1]);
}
END_TEST

START_TEST(a_pipe_changes_size_without_losing_bytes)
{
	static char buf[65536];
	struct file *ends[2];

	ck_assert_int_eq(pipe_open(0, ends), 0);
	/* The bytes lie across the end of the ring. */
	stream_write(ends[1], buf, 60000);
	stream_read(ends[0], buf, 59999);
	memset(buf, 'b', 20000);
	ck_assert_int_eq(stream_write(ends[1], buf, 20000), 20000);
	memset(buf, 0, sizeof(buf));
	ck_assert_int_eq(pipe_peek(ends[0], buf, sizeof(buf)), 20001);
	ck_assert_int_eq(buf[20000], 'b');
	ck_assert_int_eq(pipe_size_set(ends[0], 16384, false), -EBUSY);
	ck_assert_int_eq(pipe_size_set(ends[0], 20001, false), 32768);
	ck_assert_int_eq(stream_read(ends[0], buf, sizeof(buf)), 20001);
	ck_assert_int_eq(buf[0], 0);
	ck_assert_int_eq(buf[1], 'b');
	ck_assert_int_eq(buf[20000], 'b');
	ck_assert_int_eq(pipe_size_set(ends[0], 0, false), 4096);
	ck_assert_int_eq(pipe_size_set(ends[0], 2 << 20, false), -EPERM);
	ck_assert_int_eq(pipe_size_get(ends[1]), 4096);
	file_put(ends[0]);
	file_put(ends[1]);
}
END_TEST

START_TEST(the_ends_of_a_fifo_meet)
{
	struct new_inode spec = {.mode = S_IFIFO | 0600};
	struct file *reader, *writer;
	struct waitq *q;
	char buf[4];

	pipe_register();
	ck_assert_int_eq(vfs_create(&w.walk, "/p", &spec), 0);
	ck_assert_int_eq(
		vfs_open(&w.walk, "/p", O_WRONLY | O_NONBLOCK, 0, &writer),
		-ENXIO);
	ck_assert_int_eq(vfs_open(&w.walk, "/p", O_RDONLY, 0, &reader), 0);
	ck_assert(fifo_open_waits(reader, &q));
	ck_assert_int_eq(vfs_open(&w.walk, "/p", O_WRONLY, 0, &writer), 0);
	ck_assert(!fifo_open_waits(writer, &q));
	/* The writer may be gone again before the reader looks. */
	ck_assert_int_eq(stream_write(writer, "abc", 3), 3);
	file_put(writer);
	ck_assert(!fifo_open_waits(reader, &q));
	ck_assert_int_eq(stream_read(reader, buf, sizeof(buf)), 3);
	ck_assert_int_eq(stream_read(reader, buf, sizeof(buf)), 0);
	file_put(reader);
	/* No hang-up before there was a writer. */
	ck_assert_int_eq(
		vfs_open(&w.walk, "/p", O_RDONLY | O_NONBLOCK, 0, &reader), 0);
	ck_assert(!fifo_open_waits(reader, &q));
	ck_assert_uint_eq(file_poll(reader), 0);
	file_put(reader);
}
END_TEST

/* ---- epoll ------------------------------------------------------------- */

static struct file *an_eventfd(uint64_t count)
{
	struct file *file;

	ck_assert_int_eq(eventfd_file_new(count, false, 0, &file), 0);
	return file;
}

static void add_to(struct file *file, uint64_t value)
{
	ck_assert_int_eq(
		stream_write(file, (const char *)&value, sizeof(value)),
		sizeof(value));
}

static uint64_t take_from(struct file *file)
{
	uint64_t value = 0;

	ck_assert_int_eq(
		stream_read(file, &value, sizeof(value)), sizeof(value));
	return value;
}

static struct file *an_epoll(void)
{
	struct file *file;

	ck_assert_int_eq(epoll_file_new(&file), 0);
	return file;
}

START_TEST(level_edge_and_one_shot)
{
	struct file *ep = an_epoll(), *level = an_eventfd(0),
		    *edge = an_eventfd(0), *once = an_eventfd(0);
	struct epoll_result r[4];

	ck_assert_int_eq(epoll_add(ep, level, 3, EPOLLIN, 1), 0);
	ck_assert_int_eq(epoll_add(ep, edge, 4, EPOLLIN | EPOLLET, 2), 0);
	ck_assert_int_eq(epoll_add(ep, once, 5, EPOLLIN | EPOLLONESHOT, 3), 0);
	ck_assert_uint_eq(epoll_collect(ep, r, 4), 0);
	add_to(once, 1);
	add_to(edge, 1);
	add_to(level, 1);
	/* In the order in which they became ready. */
	ck_assert_uint_eq(epoll_collect(ep, r, 4), 3);
	ck_assert_uint_eq(r[0].data, 3);
	ck_assert_uint_eq(r[1].data, 2);
	ck_assert_uint_eq(r[2].data, 1);
	ck_assert_uint_eq(r[2].events, EPOLLIN);
	ck_assert_uint_eq(epoll_collect(ep, r, 4), 1);
	ck_assert_uint_eq(r[0].data, 1);
	add_to(edge, 1);
	add_to(once, 1);
	ck_assert_uint_eq(epoll_collect(ep, r, 4), 2);
	ck_assert_int_eq(
		epoll_modify(ep, once, 5, EPOLLIN | EPOLLONESHOT, 9), 0);
	take_from(level);
	ck_assert_uint_eq(epoll_collect(ep, r, 4), 1);
	ck_assert_uint_eq(r[0].data, 9);
	file_put(level);
	file_put(edge);
	file_put(once);
	file_put(ep);
}
END_TEST

START_TEST(many_ready_files_take_turns)
{
	struct file *ep = an_epoll(), *file[6];
	struct epoll_result r[4];
	unsigned int seen = 0;

	for (int i = 0; i < 6; i++) {
		file[i] = an_eventfd(1);
		epoll_add(ep, file[i], i, EPOLLIN, (uint64_t)i);
	}
	for (int round = 0; round < 3; round++) {
		ck_assert_uint_eq(epoll_collect(ep, r, 2), 2);
		seen |= 1u << r[0].data | 1u << r[1].data;
	}
	ck_assert_uint_eq(seen, 0x3f);
	for (int i = 0; i < 6; i++)
		file_put(file[i]);
	file_put(ep);
}
END_TEST

START_TEST(a_closed_file_leaves_its_epolls)
{
	struct file *ep = an_epoll(), *other = an_epoll(),
		    *file = an_eventfd(1);
	struct epoll_result r[4];

	epoll_add(ep, file, 3, EPOLLIN, 0);
	epoll_add(ep, file, 4, EPOLLIN, 0);
	epoll_add(other, file, 3, EPOLLIN, 0);
	ck_assert_int_eq(epoll_add(ep, file, 3, EPOLLIN, 0), -EEXIST);
	ck_assert_int_eq(epoll_remove(ep, file, 5), -ENOENT);
	/* The other way round: the epoll goes first. */
	file_put(other);
	ck_assert_uint_eq(epoll_collect(ep, r, 4), 2);
	file_put(file);
	ck_assert_uint_eq(epoll_collect(ep, r, 4), 0);
	file_put(ep);
}
END_TEST

START_TEST(epolls_nest_but_not_in_rings)
{
	struct file *ep[6], *file = an_eventfd(0);
	struct epoll_result r;

	for (int i = 0; i < 6; i++)
		ep[i] = an_epoll();
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(epoll_add(ep[i], ep[i + 1], 9, EPOLLIN, 0), 0);
	ck_assert_int_eq(epoll_add(ep[4], ep[0], 9, EPOLLIN, 0), -ELOOP);
	ck_assert_int_eq(epoll_add(ep[4], ep[5], 9, EPOLLIN, 0), -ELOOP);
	ck_assert_int_eq(epoll_add(ep[5], ep[0], 9, EPOLLIN, 0), -ELOOP);
	ck_assert_int_eq(epoll_add(ep[5], ep[1], 9, EPOLLIN, 0), 0);
	ck_assert_int_eq(epoll_add(ep[4], file, 9, EPOLLIN, 7), 0);
	ck_assert_uint_eq(file_poll(ep[0]), 0);
	add_to(file, 1);
	ck_assert(file_poll(ep[0]) & EPOLLIN);
	ck_assert_uint_eq(epoll_collect(ep[0], &r, 1), 1);
	take_from(file);
	ck_assert_uint_eq(epoll_collect(ep[0], &r, 1), 0);
	for (int i = 0; i < 6; i++)
		file_put(ep[i]);
	file_put(file);
}
END_TEST

START_TEST(regular_files_cannot_be_watched)
{
	struct file *ep = an_epoll(), *file = a_file("/f");

	ck_assert_int_eq(epoll_add(ep, file, 3, EPOLLIN, 0), -EPERM);
	file_put(file);
	file_put(ep);
}
END_TEST

START_TEST(an_eventfd_counts_to_its_limit)
{
	struct file *file = an_eventfd(0), *semaphore;
	uint64_t value = UINT64_MAX;

	ck_assert_int_eq(stream_write(file, (char *)&value, 8), -EINVAL);
	ck_assert_int_eq(stream_write(file, (char *)&value, 4), -EINVAL);
	add_to(file, UINT64_MAX - 1);
	ck_assert_uint_eq(file_poll(file), EPOLLIN);
	value = 1;
	ck_assert_int_eq(stream_write(file, (char *)&value, 8), -EAGAIN);
	ck_assert_uint_eq(take_from(file), UINT64_MAX - 1);
	ck_assert_int_eq(stream_read(file, &value, 8), -EAGAIN);
	file_put(file);
	ck_assert_int_eq(eventfd_file_new(2, true, 0, &semaphore), 0);
	ck_assert_uint_eq(take_from(semaphore), 1);
	ck_assert_uint_eq(take_from(semaphore), 1);
	ck_assert_int_eq(stream_read(semaphore, &value, 8), -EAGAIN);
	file_put(semaphore);
}
END_TEST

/* ---- Locks ------------------------------------------------------------- */

static struct lock_range range(
	enum lock_kind kind, short type, int64_t start, int64_t end, long owner)
{
	return (struct lock_range){
		.kind = kind,
		.type = type,
		.start = start,
		.end = end,
		.owner = (const void *)owner,
	};
}

static int set(struct inode *inode, enum lock_kind kind, short type,
	int64_t start, int64_t end, long owner)
{
	struct lock_range want = range(kind, type, start, end, owner);

	return locks_set(inode, &want, NULL);
}

/* Locks as text: type, start-end, in order of start. */
static char described[512];

static void describe(const struct lock_range *lock, void *data)
{
	size_t used = strlen(described);

	snprintf(described + used, sizeof(described) - used, "%c%lld-%lld ",
		lock->type == F_RDLCK ? 'r' : 'w', (long long)lock->start,
		(long long)lock->end);
}

static const char *locks_of(struct inode *inode)
{
	described[0] = 0;
	locks_each(inode, describe, NULL);
	return described;
}

START_TEST(ranges_split_and_join)
{
	struct file *file = a_file("/f");
	struct inode *in = file->inode;

	ck_assert_int_eq(set(in, LOCK_KIND_POSIX, F_WRLCK, 0, 99, 1), 0);
	ck_assert_int_eq(set(in, LOCK_KIND_POSIX, F_UNLCK, 40, 59, 1), 0);
	ck_assert_str_eq(locks_of(in), "w0-39 w60-99 ");
	ck_assert_int_eq(set(in, LOCK_KIND_POSIX, F_RDLCK, 30, 69, 1), 0);
	ck_assert_str_eq(locks_of(in), "w0-29 w70-99 r30-69 ");
	ck_assert_int_eq(set(in, LOCK_KIND_POSIX, F_WRLCK, 30, 69, 1), 0);
	ck_assert_str_eq(locks_of(in), "w0-99 ");
	ck_assert_int_eq(
		set(in, LOCK_KIND_POSIX, F_WRLCK, 100, LOCKS_OFFSET_MAX, 1), 0);
	ck_assert_int_eq(
		set(in, LOCK_KIND_POSIX, F_UNLCK, 0, LOCKS_OFFSET_MAX, 1), 0);
	ck_assert_ptr_null(in->locks);
	file_put(file);
}
END_TEST

START_TEST(readers_share_and_writers_do_not)
{
	struct file *file = a_file("/f");
	struct inode *in = file->inode;
	struct lock_range want, found;

	ck_assert_int_eq(set(in, LOCK_KIND_POSIX, F_RDLCK, 0, 9, 1), 0);
	ck_assert_int_eq(set(in, LOCK_KIND_POSIX, F_RDLCK, 5, 15, 2), 0);
	ck_assert_int_eq(set(in, LOCK_KIND_POSIX, F_WRLCK, 9, 9, 1), -EAGAIN);
	ck_assert_int_eq(set(in, LOCK_KIND_OFD, F_WRLCK, 0, 0, 1), -EAGAIN);
	ck_assert_int_eq(set(in, LOCK_KIND_OFD, F_WRLCK, 16, 20, 1), 0);
	ck_assert_int_eq(set(in, LOCK_KIND_FLOCK, F_WRLCK, 0, 9, 1), 0);
	want = range(LOCK_KIND_POSIX, F_WRLCK, 10, 30, 1);
	locks_test(in, &want, &found);
	ck_assert_int_eq(found.type, F_RDLCK);
	ck_assert_int_eq(found.start, 5);
	want = range(LOCK_KIND_POSIX, F_WRLCK, 21, 30, 1);
	locks_test(in, &want, &found);
	ck_assert_int_eq(found.type, F_UNLCK);
	locks_release_owner(in, (const void *)1);
	locks_release_owner(in, (const void *)2);
	ck_assert_str_eq(locks_of(in), "w16-20 w0-9 ");
	set(in, LOCK_KIND_OFD, F_UNLCK, 0, LOCKS_OFFSET_MAX, 1);
	set(in, LOCK_KIND_FLOCK, F_UNLCK, 0, LOCKS_OFFSET_MAX, 1);
	ck_assert_ptr_null(in->locks);
	file_put(file);
}
END_TEST

START_TEST(rings_of_waiters_are_refused)
{
	struct file *file = a_file("/f");
	struct inode *in = file->inode;
	struct lock_range want;
	int waiter[3];

	for (int i = 0; i < 3; i++)
		set(in, LOCK_KIND_POSIX, F_WRLCK, i, i, i + 1);
	want = range(LOCK_KIND_POSIX, F_WRLCK, 1, 1, 1);
	ck_assert_int_eq(locks_wait_begin(in, &want, &waiter[0]), 0);
	want = range(LOCK_KIND_POSIX, F_WRLCK, 2, 2, 2);
	ck_assert_int_eq(locks_wait_begin(in, &want, &waiter[1]), 0);
	want = range(LOCK_KIND_POSIX, F_RDLCK, 0, 0, 3);
	ck_assert_int_eq(locks_wait_begin(in, &want, &waiter[2]), -EDEADLK);
	/* One who gave up waiting is no part of a ring. */
	locks_wait_end(&waiter[0]);
	ck_assert_int_eq(locks_wait_begin(in, &want, &waiter[2]), 0);
	locks_wait_end(&waiter[1]);
	locks_wait_end(&waiter[2]);
	for (int i = 0; i < 3; i++)
		locks_release_owner(in, (const void *)(long)(i + 1));
	file_put(file);
}
END_TEST

START_TEST(closing_releases)
{
	struct file *file = a_file("/f"), *other = a_file("/f");
	struct inode *in = file->inode;

	ck_assert_int_eq(fd_install(&task, file, false), 0);
	ck_assert_int_eq(fd_install(&task, other, false), 1);
	set(in, LOCK_KIND_POSIX, F_WRLCK, 0, 9, (long)task.fds);
	set(in, LOCK_KIND_OFD, F_WRLCK, 10, 19, (long)other);
	set(in, LOCK_KIND_FLOCK, F_WRLCK, 0, LOCKS_OFFSET_MAX, (long)other);
	inode_get(in);
	/* Any descriptor of the file that is closed takes POSIX locks. */
	fd_close(&task, 0);
	ck_assert_str_eq(locks_of(in), "w10-19 w0-9223372036854775807 ");
	fd_close(&task, 1);
	ck_assert_ptr_null(in->locks);
	inode_put(in);
}
END_TEST

static int woken;

static void count_wake(struct wait_entry *entry, uint32_t events)
{
	woken++;
}

START_TEST(who_waits_for_a_lock_is_woken)
{
	struct file *file = a_file("/f");
	struct lock_range want = range(LOCK_KIND_FLOCK, F_WRLCK, 0, 9, 2);
	struct wait_entry entry;
	struct waitq *q;

	set(file->inode, LOCK_KIND_FLOCK, F_WRLCK, 0, 9, 1);
	ck_assert_int_eq(locks_set(file->inode, &want, &q), -EAGAIN);
	wait_entry_init(&entry, 0, count_wake);
	waitq_add(q, &entry);
	woken = 0;
	/* The queue goes with the last lock. */
	set(file->inode, LOCK_KIND_FLOCK, F_UNLCK, 0, 9, 1);
	ck_assert_int_ge(woken, 1);
	ck_assert_ptr_null(file->inode->locks);
	ck_assert(list_empty(&entry.node));
	file_put(file);
}
END_TEST

/* ---- inotify ----------------------------------------------------------- */

static struct inode *inode_at(const char *name)
{
	struct path path;
	struct inode *inode;

	ck_assert_int_eq(walk_to(&w, name, 0, &path), 0);
	inode = path.dentry->inode;
	path_put(path);
	return inode; /* the tree holds it */
}

struct event_buf {
	struct inotify_event event;
	char name[256];
};

static uint32_t next_event(struct file *in, int *wd, char name[256])
{
	struct event_buf buf;
	ssize_t got = stream_read(in, &buf, sizeof(buf.event));

	/* Too small for a name: exactly one of either. */
	if (got == -EINVAL)
		got = stream_read(in, &buf, sizeof(buf.event) + 16);
	if (got < 0)
		return 0;
	*wd = buf.event.wd;
	strcpy(name, buf.event.len ? buf.name : "");
	return buf.event.mask;
}

START_TEST(names_that_come_and_go_are_told)
{
	struct file *in;
	char name[256];
	int dir, wd;

	ck_assert_int_eq(inotify_file_new(0, &in), 0);
	dir = inotify_watch_add(
		in, inode_at("/"), IN_CREATE | IN_DELETE | IN_MOVE);
	ck_assert_int_eq(dir, 1);
	make_file(&w, "/a", 0600);
	make_dir(&w, "/d", 0700);
	vfs_rename(&w.walk, "/a", &w.walk, "/d/b", 0);
	vfs_rmdir(&w.walk, "/d");
	ck_assert_uint_eq(next_event(in, &wd, name), IN_CREATE);
	ck_assert_int_eq(wd, dir);
	ck_assert_str_eq(name, "a");
	ck_assert_uint_eq(next_event(in, &wd, name), IN_CREATE | IN_ISDIR);
	ck_assert_uint_eq(next_event(in, &wd, name), IN_MOVED_FROM);
	ck_assert_uint_eq(next_event(in, &wd, name), 0);
	ck_assert_int_eq(inotify_watch_remove(in, dir), 0);
	ck_assert_uint_eq(next_event(in, &wd, name), IN_IGNORED);
	ck_assert_int_eq(inotify_watch_remove(in, dir), -EINVAL);
	ck_assert_uint_eq(inotify_watch_total, 0);
	file_put(in);
}
END_TEST

START_TEST(a_watched_file_ends_with_its_last_link)
{
	struct file *in, *file = a_file("/f");
	char name[256];
	int wd;

	ck_assert_int_eq(inotify_file_new(0, &in), 0);
	inotify_watch_add(in, file->inode, IN_DELETE_SELF | IN_MODIFY);
	write_bytes(file, "x", 1, 0);
	write_bytes(file, "y", 1, 0);
	vfs_unlink(&w.walk, "/f");
	/* Two equal events are one; it is open still. */
	ck_assert_uint_eq(next_event(in, &wd, name), IN_MODIFY);
	ck_assert_uint_eq(next_event(in, &wd, name), 0);
	file_put(file);
	dentry_shrink(1000);
	ck_assert_uint_eq(next_event(in, &wd, name), IN_DELETE_SELF);
	ck_assert_uint_eq(next_event(in, &wd, name), IN_IGNORED);
	ck_assert_uint_eq(inotify_watch_total, 0);
	file_put(in);
}
END_TEST

START_TEST(closing_an_instance_takes_its_watches)
{
	struct file *in, *other;

	make_file(&w, "/f", 0600);
	ck_assert_int_eq(inotify_file_new(0, &in), 0);
	ck_assert_int_eq(inotify_file_new(0, &other), 0);
	inotify_watch_add(in, inode_at("/f"), IN_OPEN);
	ck_assert_int_eq(
		inotify_watch_add(in, inode_at("/f"), IN_CLOSE | IN_MASK_ADD),
		1);
	ck_assert_int_eq(inotify_watch_add(
				 in, inode_at("/f"), IN_CLOSE | IN_MASK_CREATE),
		-EEXIST);
	inotify_watch_add(other, inode_at("/f"), IN_OPEN | IN_ONESHOT);
	file_put(a_file("/f"));
	ck_assert_uint_eq(inotify_watch_total, 1);
	file_put(in);
	ck_assert_uint_eq(inotify_watch_total, 0);
	file_put(other);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {numbers_are_the_lowest_free,
		a_full_table_says_emfile, a_copy_of_a_table_has_its_own_slots,
		path_only_files_are_no_files_to_most_calls,
		a_pipe_keeps_order_around_its_end,
		small_writes_are_whole_and_large_ones_are_not,
		packets_are_read_one_by_one,
		a_pipe_changes_size_without_losing_bytes,
		the_ends_of_a_fifo_meet, level_edge_and_one_shot,
		many_ready_files_take_turns, a_closed_file_leaves_its_epolls,
		epolls_nest_but_not_in_rings, regular_files_cannot_be_watched,
		an_eventfd_counts_to_its_limit, ranges_split_and_join,
		readers_share_and_writers_do_not, rings_of_waiters_are_refused,
		closing_releases, who_waits_for_a_lock_is_woken,
		names_that_come_and_go_are_told,
		a_watched_file_ends_with_its_last_link,
		closing_an_instance_takes_its_watches};

	return run_tests("files", setup, teardown, tests,
		sizeof(tests) / sizeof(tests[0]));
}
