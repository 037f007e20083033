/* For tests of names and files. */
#include "tests/unit/vfs_support.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sentry/fs/tmpfs/tmpfs.h"

struct fs *tmpfs_fresh(uint64_t size, uint64_t inodes)
{
	struct tmpfs_options options = {
		.size = size, .inodes = inodes, .mode = 0755};
	struct fs *fs;

	ck_assert_int_eq(tmpfs_new("test", &options, &fs), 0);
	return fs;
}

void world_open(struct world *w, struct fs *fs)
{
	w->fs = fs ? fs : tmpfs_fresh(0, 0);
	w->ns = mount_ns_new(w->fs, 0);
	ck_assert_ptr_nonnull(w->ns);
	w->root = cred_new(0, 0, NULL, 0);
	w->user = cred_new(1000, 1000, NULL, 0);
	w->walk.root = mount_ns_root(w->ns);
	w->walk.base = path_get(w->walk.root);
	w->walk.cred = w->root;
	w->walk.resolve = 0;
}

void world_close(struct world *w)
{
	path_put(w->walk.base);
	path_put(w->walk.root);
	mount_ns_put(w->ns);
	cred_put(w->root);
	cred_put(w->user);
	fs_put(w->fs);
}

int make_dir(struct world *w, const char *name, mode_t mode)
{
	struct new_inode spec = {.mode = S_IFDIR | mode};

	return vfs_create(&w->walk, name, &spec);
}

int make_file(struct world *w, const char *name, mode_t mode)
{
	struct new_inode spec = {.mode = S_IFREG | mode};

	return vfs_create(&w->walk, name, &spec);
}

int make_link(struct world *w, const char *name, const char *target)
{
	struct new_inode spec = {.mode = S_IFLNK | 0777, .target = target};

	return vfs_create(&w->walk, name, &spec);
}

ssize_t write_bytes(struct file *file, const void *p, size_t size, off_t off)
{
	struct uio uio;

	uio_init_kernel(&uio, (void *)(uintptr_t)p, size);
	return file_write(file, &uio, off < 0 ? NULL : &off);
}

ssize_t read_bytes(struct file *file, void *p, size_t size, off_t off)
{
	struct uio uio;

	uio_init_kernel(&uio, p, size);
	return file_read(file, &uio, off < 0 ? NULL : &off);
}

int put_text(struct world *w, const char *name, const char *text)
{
	struct file *file;
	int err;

	err = vfs_open(
		&w->walk, name, O_WRONLY | O_CREAT | O_TRUNC, 0644, &file);
	if (err)
		return err;
	ck_assert_int_eq(write_bytes(file, text, strlen(text), -1),
		(ssize_t)strlen(text));
	file_put(file);
	return 0;
}

const char *get_text(struct world *w, const char *name)
{
	static char text[256];
	struct file *file;
	ssize_t n;

	if (vfs_open(&w->walk, name, O_RDONLY, 0, &file) < 0)
		return NULL;
	n = read_bytes(file, text, sizeof(text) - 1, -1);
	file_put(file);
	ck_assert_int_ge(n, 0);
	text[n] = 0;
	return text;
}

int walk_to(
	struct world *w, const char *name, unsigned int flags, struct path *out)
{
	return vfs_walk(&w->walk, name, flags, out);
}

int exists(struct world *w, const char *name)
{
	struct path path;
	int err = walk_to(w, name, 0, &path);

	if (!err)
		path_put(path);
	return err;
}

struct attr attr_of(struct world *w, const char *name)
{
	struct path path;
	struct attr attr;

	ck_assert_int_eq(walk_to(w, name, 0, &path), 0);
	ck_assert_int_eq(inode_getattr(path.dentry->inode), 0);
	attr = path.dentry->inode->attr;
	path_put(path);
	return attr;
}

int mount_at(
	struct world *w, const char *name, struct fs *fs, unsigned int flags)
{
	struct path at;
	int err = walk_to(w, name, 0, &at);

	if (!err) {
		err = mount_attach(at, fs, NULL, flags, NULL);
		path_put(at);
	}
	fs_put(fs);
	return err;
}

/* ---- Listings ---------------------------------------------------------- */

#define NAMES_MAX 64

struct listing {
	struct dir_context ctx;
	char *names[NAMES_MAX];
	size_t count;
	size_t room; /* for one call of iterate() */
};

static bool take_name(struct dir_context *ctx, const char *name, size_t size,
	uint64_t ino, unsigned char type, off_t next_cookie)
{
	struct listing *l = (struct listing *)ctx;

	if (l->room == 0)
		return false;
	l->room--;
	ck_assert_uint_ne(ino, 0);
	if (size <= 2 && strncmp(name, "..", size) == 0)
		return true;
	ck_assert_uint_lt(l->count, NAMES_MAX);
	l->names[l->count++] = strndup(name, size);
	return true;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

const char *list_dir(struct world *w, const char *name)
{
	static char text[4096];
	struct listing l = {.ctx.emit = take_name};
	struct file *file;
	size_t i;

	if (vfs_open(&w->walk, name, O_RDONLY | O_DIRECTORY, 0, &file) < 0)
		return NULL;
	/* In pieces, to see that cookies go on where they should. */
	do {
		l.room = 3;
		ck_assert_int_eq(file->ops->iterate(file, &l.ctx), 0);
	} while (l.room < 3);
	file_put(file);
	qsort(l.names, l.count, sizeof(l.names[0]), compare);
	text[0] = 0;
	for (i = 0; i < l.count; i++) {
		if (i)
			strcat(text, " ");
		strcat(text, l.names[i]);
		free(l.names[i]);
	}
	return text;
}

int run_tests(const char *name, void (*setup)(void), void (*teardown)(void),
	const TTest **tests, size_t count)
{
	Suite *suite = suite_create(name);
	TCase *tc = tcase_create(name);
	SRunner *runner;
	size_t i;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	for (i = 0; i < count; i++)
		tcase_add_test(tc, tests[i]);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
