/*
 * The gofer filesystem below the vfs, with a real gofer on a folder of the
 * host: what is seen, what is changed, and how many messages that takes.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "gofer_support.h"
#include "lib/checked.h"
#include "sentry/fs/gofer/fs.h"
#include "vfs_support.h"

static struct gofer_process process;
static struct gofer_client *client;
static struct world w;

static void open_world(const char *word, bool shared)
{
	const char *config[] = {word, test_root(), NULL};
	struct fs *fs;

	process = gofer_start(config, false);
	ck_assert_int_eq(gofer_client_create(process.sock, &client), 0);
	ck_assert_int_eq(gofer_fs_new(client, 0, shared, "host", &fs), 0);
	world_open(&w, fs);
}

static void close_world(void)
{
	world_close(&w);
	gofer_client_destroy(client);
	ck_assert_int_eq(gofer_wait(&process), 0);
}

static void setup(void)
{
	test_folder();
}

static uint64_t requests(void)
{
	return gofer_client_requests(client);
}

static int open_file(const char *name, int flags, struct file **out)
{
	return vfs_open(&w.walk, name, flags, 0644, out);
}

/* The text of a host file. */
static const char *host_text(const char *path)
{
	static char text[256];
	int fd = open(path, O_RDONLY);
	ssize_t size;

	ck_assert_int_ge(fd, 0);
	size = read(fd, text, sizeof(text) - 1);
	ck_assert_int_ge(size, 0);
	text[size] = '\0';
	close(fd);
	return text;
}

START_TEST(host_files_are_seen)
{
	struct attr attr;
	struct stat st;

	mkdir(test_path("dir"), 0750);
	test_write(test_path("dir/file"), "hello");
	ck_assert_int_eq(symlink("dir/file", test_path("link")), 0);
	ck_assert_int_eq(stat(test_path("dir/file"), &st), 0);
	open_world("ro", false);
	ck_assert_str_eq(get_text(&w, "/dir/file"), "hello");
	ck_assert_str_eq(get_text(&w, "/link"), "hello");
	attr = attr_of(&w, "/dir/file");
	ck_assert_uint_eq(attr.ino, st.st_ino);
	ck_assert_uint_eq(attr.size, 5);
	ck_assert_uint_eq(attr.mode, S_IFREG | 0644);
	ck_assert_int_eq(attr.mtime.tv_sec, st.st_mtim.tv_sec);
	ck_assert_int_eq(attr.mtime.tv_nsec, st.st_mtim.tv_nsec);
	ck_assert_str_eq(list_dir(&w, "/"), "dir link");
	ck_assert_int_eq(exists(&w, "/none"), -ENOENT);
	ck_assert_int_eq(exists(&w, "/dir/file/x"), -ENOTDIR);
	close_world();
}
END_TEST

START_TEST(a_read_only_root_stays_as_it_is)
{
	struct file *file;

	test_write(test_path("file"), "hello");
	open_world("ro", false);
	ck_assert(w.fs->read_only);
	ck_assert_int_eq(make_dir(&w, "/new", 0755), -EROFS);
	ck_assert_int_eq(open_file("/file", O_RDWR, &file), -EROFS);
	ck_assert_int_eq(vfs_unlink(&w.walk, "/file"), -EROFS);
	ck_assert_str_eq(host_text(test_path("file")), "hello");
	close_world();
}
END_TEST

START_TEST(warm_calls_send_nothing)
{
	struct file *file;
	uint64_t before;

	mkdir(test_path("a"), 0755);
	test_write(test_path("a/file"), "hello");
	ck_assert_int_eq(symlink("a", test_path("link")), 0);
	open_world("ro", false);
	ck_assert_str_eq(get_text(&w, "/link/file"), "hello");
	ck_assert_int_eq(exists(&w, "/a/none"), -ENOENT);
	before = requests();
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(open_file("/link/file", O_RDONLY, &file), 0);
		file_put(file);
		ck_assert_uint_eq(attr_of(&w, "/a/file").size, 5);
		ck_assert_int_eq(exists(&w, "/a/none"), -ENOENT);
	}
	ck_assert_uint_eq(requests(), before);
	close_world();
}
END_TEST

START_TEST(a_listed_folder_is_known)
{
	uint64_t before;
	char name[32];

	mkdir(test_path("dir"), 0755);
	for (int i = 0; i < 50; i++)
		test_write(test_path("dir/%d", i), "x");
	mkdir(test_path("dir/sub"), 0755);
	open_world("ro", false);
	ck_assert_ptr_nonnull(strstr(list_dir(&w, "/dir"), "49"));
	before = requests();
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "/dir/%d", i);
		ck_assert_uint_eq(attr_of(&w, name).size, 1);
	}
	ck_assert_int_eq(exists(&w, "/dir/50"), -ENOENT);
	ck_assert(S_ISDIR(attr_of(&w, "/dir/sub").mode));
	ck_assert_uint_eq(requests(), before);
	/* A folder that came that way can be entered. */
	ck_assert_int_eq(exists(&w, "/dir/sub/x"), -ENOENT);
	ck_assert_str_eq(list_dir(&w, "/dir/sub"), "");
	close_world();
}
END_TEST

/* Takes a few names at a time. */
struct taker {
	struct dir_context ctx;
	size_t room;
	size_t taken;
	bool seen[2000];
};

static bool take(struct dir_context *ctx, const char *name, size_t size,
	uint64_t ino, unsigned char type, off_t next)
{
	struct taker *taker = container_of(ctx, struct taker, ctx);
	int number;

	if (!taker->room)
		return false;
	taker->room--;
	if (name[0] == '.')
		return true;
	number = atoi(name + 1);
	ck_assert_int_eq(type, DT_REG);
	ck_assert(!taker->seen[number]);
	taker->seen[number] = true;
	taker->taken++;
	return true;
}

START_TEST(long_listings_are_whole_in_small_pieces)
{
	static struct taker taker;
	struct file *file;
	size_t before;
	char name[32];

	memset(&taker, 0, sizeof(taker));
	taker.ctx.emit = take;
	mkdir(test_path("dir"), 0755);
	for (int i = 0; i < 2000; i++)
		test_write(test_path("dir/f%04d", i), "");
	open_world("rw", false);
	ck_assert_int_eq(open_file("/dir", O_RDONLY | O_DIRECTORY, &file), 0);
	do {
		before = taker.taken;
		taker.room = 100;
		ck_assert_int_eq(file->ops->iterate(file, &taker.ctx), 0);
		/* Others make and remove names in the same folder. */
		snprintf(name, sizeof(name), "/dir/.%zu", before);
		ck_assert_int_eq(make_file(&w, name, 0644), 0);
	} while (taker.taken > before);
	ck_assert_uint_eq(taker.taken, 2000);
	file_put(file);
	close_world();
}
END_TEST

START_TEST(a_folder_is_emptied_while_it_is_read)
{
	static struct taker taker;
	struct file *file;
	size_t before, removed = 0;
	static bool gone[1500];
	char name[32];

	memset(&taker, 0, sizeof(taker));
	taker.ctx.emit = take;
	mkdir(test_path("dir"), 0755);
	for (int i = 0; i < 1500; i++)
		test_write(test_path("dir/f%04d", i), "");
	open_world("rw", true);
	ck_assert_int_eq(open_file("/dir", O_RDONLY | O_DIRECTORY, &file), 0);
	do {
		before = taker.taken;
		taker.room = 130;
		ck_assert_int_eq(file->ops->iterate(file, &taker.ctx), 0);
		for (int i = 0; i < 1500; i++) {
			if (!taker.seen[i] || gone[i])
				continue;
			snprintf(name, sizeof(name), "/dir/f%04d", i);
			gone[i] = !vfs_unlink(&w.walk, name);
			removed += gone[i];
		}
	} while (taker.taken > before);
	ck_assert_uint_eq(removed, 1500);
	file_put(file);
	ck_assert_int_eq(vfs_rmdir(&w.walk, "/dir"), 0);
	ck_assert_int_eq(access(test_path("dir"), F_OK), -1);
	close_world();
}
END_TEST

START_TEST(changes_reach_the_host)
{
	struct stat st;

	open_world("rw", false);
	ck_assert_int_eq(make_dir(&w, "/d", 0755), 0);
	ck_assert_int_eq(put_text(&w, "/d/a", "text"), 0);
	ck_assert_str_eq(host_text(test_path("d/a")), "text");
	ck_assert_uint_eq(attr_of(&w, "/d/a").size, 4);
	ck_assert_int_eq(make_link(&w, "/d/l", "a"), 0);
	ck_assert_str_eq(get_text(&w, "/d/l"), "text");
	ck_assert_int_eq(vfs_rename(&w.walk, "/d", &w.walk, "/e", 0), 0);
	ck_assert_str_eq(get_text(&w, "/e/a"), "text");
	ck_assert_int_eq(exists(&w, "/d"), -ENOENT);
	ck_assert_int_eq(stat(test_path("e/a"), &st), 0);
	ck_assert_int_eq(put_text(&w, "/e/b", "other"), 0);
	ck_assert_int_eq(vfs_rename(&w.walk, "/e/a", &w.walk, "/e/b", 0), 0);
	ck_assert_str_eq(get_text(&w, "/e/b"), "text");
	ck_assert_int_eq(put_text(&w, "/e/c", "third"), 0);
	ck_assert_int_eq(
		vfs_rename(&w.walk, "/e/b", &w.walk, "/e/c", RENAME_EXCHANGE),
		0);
	ck_assert_str_eq(get_text(&w, "/e/b"), "third");
	ck_assert_str_eq(get_text(&w, "/e/c"), "text");
	ck_assert_str_eq(host_text(test_path("e/c")), "text");
	ck_assert_str_eq(list_dir(&w, "/e"), "b c l");
	ck_assert_int_eq(vfs_rmdir(&w.walk, "/e"), -ENOTEMPTY);
	ck_assert_int_eq(vfs_unlink(&w.walk, "/e/b"), 0);
	ck_assert_int_eq(vfs_unlink(&w.walk, "/e/c"), 0);
	ck_assert_int_eq(vfs_unlink(&w.walk, "/e/l"), 0);
	ck_assert_int_eq(vfs_rmdir(&w.walk, "/e"), 0);
	ck_assert_int_eq(access(test_path("e"), F_OK), -1);
	close_world();
}
END_TEST

START_TEST(attributes_reach_the_host)
{
	struct attr attr = {.mode = 0600, .mtime = {99, 5}};
	struct path path;
	struct stat st;

	test_write(test_path("file"), "hello");
	open_world("rw", false);
	ck_assert_int_eq(walk_to(&w, "/file", 0, &path), 0);
	ck_assert_int_eq(
		vfs_setattr(path, w.root, &attr, ATTR_MODE | ATTR_MTIME), 0);
	attr.size = 2;
	ck_assert_int_eq(vfs_setattr(path, w.root, &attr, ATTR_SIZE), 0);
	path_put(path);
	ck_assert_int_eq(stat(test_path("file"), &st), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0600);
	ck_assert_int_eq(st.st_size, 2);
	ck_assert_uint_eq(attr_of(&w, "/file").size, 2);
	close_world();
}
END_TEST

START_TEST(a_removed_file_lives_while_it_is_open)
{
	struct file *file;
	struct attr attr = {.size = 3};
	char text[8];
	off_t host_off;
	int host_fd;

	test_write(test_path("file"), "hello");
	open_world("rw", false);
	ck_assert_int_eq(open_file("/file", O_RDWR, &file), 0);
	ck_assert_int_eq(vfs_unlink(&w.walk, "/file"), 0);
	ck_assert_int_eq(access(test_path("file"), F_OK), -1);
	ck_assert_int_eq(read_bytes(file, text, sizeof(text), 0), 5);
	ck_assert_int_eq(write_bytes(file, "J", 1, 0), 1);
	ck_assert_int_eq(inode_getattr(file->inode), 0);
	ck_assert_uint_eq(file->inode->attr.nlink, 0);
	ck_assert_uint_eq(file->inode->attr.size, 5);
	ck_assert_int_eq(file->ops->map(file, PROT_READ, false, 0, 4096,
				 &host_fd, &host_off),
		0);
	ck_assert_int_eq(vfs_setattr(file->path, NULL, &attr, ATTR_SIZE), 0);
	ck_assert_int_eq(read_bytes(file, text, sizeof(text), 0), 3);
	ck_assert_mem_eq(text, "Jel", 3);
	file_put(file);
	/* A new file of that name is another. */
	ck_assert_int_eq(put_text(&w, "/file", "new"), 0);
	ck_assert_str_eq(get_text(&w, "/file"), "new");
	close_world();
}
END_TEST

START_TEST(two_names_are_one_file)
{
	struct path path;
	uint64_t ino;

	test_write(test_path("a"), "one");
	open_world("rw", false);
	ck_assert_int_eq(walk_to(&w, "/a", 0, &path), 0);
	ck_assert_int_eq(vfs_link(path, &w.walk, "/b"), 0);
	path_put(path);
	ino = attr_of(&w, "/a").ino;
	ck_assert_uint_eq(attr_of(&w, "/b").ino, ino);
	ck_assert_uint_eq(attr_of(&w, "/b").nlink, 2);
	ck_assert_int_eq(vfs_unlink(&w.walk, "/a"), 0);
	ck_assert_str_eq(get_text(&w, "/b"), "one");
	ck_assert_uint_eq(attr_of(&w, "/b").nlink, 1);
	ck_assert_int_eq(put_text(&w, "/b", "two"), 0);
	ck_assert_str_eq(host_text(test_path("b")), "two");
	close_world();
}
END_TEST

START_TEST(maps_get_no_more_than_they_need)
{
	struct file *file;
	off_t off;
	int fd;

	test_write(test_path("file"), "hello");
	open_world("rw", false);
	ck_assert_int_eq(open_file("/file", O_RDONLY, &file), 0);
	ck_assert_int_eq(
		file->ops->map(file, PROT_READ, true, 0, 4096, &fd, &off), 0);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	ck_assert_int_eq(file->ops->map(file, PROT_READ | PROT_WRITE, true, 0,
				 4096, &fd, &off),
		-EACCES);
	file_put(file);
	ck_assert_int_eq(open_file("/file", O_RDWR, &file), 0);
	ck_assert_int_eq(file->ops->map(file, PROT_READ | PROT_WRITE, true, 0,
				 4096, &fd, &off),
		0);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
	ck_assert_int_eq(file->ops->map(file, PROT_READ | PROT_WRITE, false, 0,
				 4096, &fd, &off),
		0);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	file_put(file);
	close_world();
}
END_TEST

static void wait_until_stale(void)
{
	static const struct timespec pause = {1, 50000000};

	nanosleep(&pause, NULL);
}

START_TEST(a_shared_root_shows_what_others_do)
{
	struct attr attr;

	test_write(test_path("gone"), "x");
	test_write(test_path("other"), "x");
	open_world("rw", true);
	ck_assert_int_eq(exists(&w, "/gone"), 0);
	ck_assert_int_eq(exists(&w, "/came"), -ENOENT);
	attr = attr_of(&w, "/other");
	ck_assert_int_eq(unlink(test_path("gone")), 0);
	test_write(test_path("came"), "x");
	ck_assert_int_eq(rename(test_path("came"), test_path("came2")), 0);
	test_write(test_path("new"), "four");
	ck_assert_int_eq(rename(test_path("new"), test_path("other")), 0);
	wait_until_stale();
	ck_assert_int_eq(exists(&w, "/gone"), -ENOENT);
	ck_assert_int_eq(exists(&w, "/came2"), 0);
	ck_assert_uint_eq(attr_of(&w, "/other").size, 4);
	ck_assert_uint_ne(attr_of(&w, "/other").ino, attr.ino);
	ck_assert_str_eq(get_text(&w, "/other"), "four");
	ck_assert_str_eq(list_dir(&w, "/"), "came2 other");
	close_world();
}
END_TEST

START_TEST(an_exchanged_file_is_found_again)
{
	test_write(test_path("file"), "old");
	open_world("ro", false);
	ck_assert_uint_eq(attr_of(&w, "/file").size, 3);
	test_write(test_path("new"), "newer");
	ck_assert_int_eq(rename(test_path("new"), test_path("file")), 0);
	ck_assert_str_eq(get_text(&w, "/file"), "newer");
	close_world();
}
END_TEST

START_TEST(a_replaced_file_is_seen_after_a_while)
{
	test_write(test_path("file"), "old");
	mkdir(test_path("dir"), 0755);
	test_write(test_path("dir/a"), "old");
	open_world("ro", false);
	ck_assert_str_eq(get_text(&w, "/file"), "old");
	ck_assert_str_eq(get_text(&w, "/dir/a"), "old");
	/* As an editor saves a file, and as a folder is made anew. */
	test_write(test_path("new"), "newer");
	ck_assert_int_eq(rename(test_path("new"), test_path("file")), 0);
	ck_assert_int_eq(rename(test_path("dir"), test_path("gone")), 0);
	mkdir(test_path("dir"), 0755);
	test_write(test_path("dir/b"), "beta");
	wait_until_stale();
	ck_assert_uint_eq(attr_of(&w, "/file").size, 5);
	ck_assert_str_eq(get_text(&w, "/file"), "newer");
	ck_assert_ptr_nonnull(strstr(list_dir(&w, "/dir"), "b"));
	ck_assert_str_eq(get_text(&w, "/dir/b"), "beta");
	close_world();
}
END_TEST

START_TEST(a_listing_is_no_older_than_our_own_changes)
{
	test_write(test_path("file"), "old");
	open_world("rw", false);
	ck_assert_str_eq(list_dir(&w, "/"), "file");
	ck_assert_int_eq(put_text(&w, "/file", "longer"), 0);
	dentry_shrink(SIZE_MAX);
	ck_assert_uint_eq(attr_of(&w, "/file").size, 6);
	close_world();
}
END_TEST

START_TEST(the_death_of_the_gofer_is_eio)
{
	struct file *file;
	char text[8];

	test_write(test_path("file"), "hello");
	test_write(test_path("other"), "hello");
	open_world("ro", false);
	ck_assert_int_eq(open_file("/file", O_RDONLY, &file), 0);
	kill(process.pid, SIGKILL);
	gofer_wait(&process);
	ck_assert_int_eq(exists(&w, "/other"), -EIO);
	/* What was donated stays. */
	ck_assert_int_eq(read_bytes(file, text, sizeof(text), 0), 5);
	file_put(file);
	world_close(&w);
	gofer_client_destroy(client);
}
END_TEST

START_TEST(nothing_is_left)
{
	size_t before = test_fd_count();
	char name[32];

	for (int i = 0; i < 50; i++) {
		mkdir(test_path("d%d", i), 0755);
		test_write(test_path("d%d/file", i), "x");
	}
	open_world("rw", false);
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "/d%d/file", i);
		ck_assert_str_eq(get_text(&w, name), "x");
		snprintf(name, sizeof(name), "/d%d/new", i);
		ck_assert_int_eq(put_text(&w, name, "y"), 0);
	}
	close_world();
	ck_assert_uint_eq(test_fd_count(), before);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {host_files_are_seen,
		a_read_only_root_stays_as_it_is, warm_calls_send_nothing,
		a_listed_folder_is_known,
		long_listings_are_whole_in_small_pieces,
		a_folder_is_emptied_while_it_is_read, changes_reach_the_host,
		attributes_reach_the_host,
		a_removed_file_lives_while_it_is_open, two_names_are_one_file,
		maps_get_no_more_than_they_need,
		a_shared_root_shows_what_others_do,
		an_exchanged_file_is_found_again, the_death_of_the_gofer_is_eio,
		a_replaced_file_is_seen_after_a_while,
		a_listing_is_no_older_than_our_own_changes, nothing_is_left};

	return run_tests("gofer_fs", setup, test_folder_remove, tests,
		ARRAY_SIZE(tests));
}
