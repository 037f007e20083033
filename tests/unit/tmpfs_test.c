/*
 * tmpfs: data in heap and in memfds, holes, limits, listings, xattrs, seals.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "sentry/fs/tmpfs/tmpfs.h"
#include "tests/unit/vfs_support.h"

#define KIB 1024u
#define MIB (1024u * KIB)

static struct world w;
static uint64_t used_before;

static void setup(void)
{
	struct file *file;

	/* The instance of nameless files, once made, stays. */
	ck_assert_int_eq(tmpfs_file_new("x", 0, 0, O_RDWR, &file), 0);
	file_put(file);
	used_before = tmpfs_used();
	world_open(&w, tmpfs_fresh(4 * MIB, 20));
}

static void teardown(void)
{
	world_close(&w);
	/* Everything that was charged came back. */
	ck_assert_uint_eq(tmpfs_used(), used_before);
}

static struct file *open_new(const char *name)
{
	struct file *file;

	ck_assert_int_eq(
		vfs_open(&w.walk, name, O_RDWR | O_CREAT, 0644, &file), 0);
	return file;
}

static int truncate_to(struct file *file, uint64_t size)
{
	struct attr attr = {.size = size};

	return vfs_setattr(file->path, w.root, &attr, ATTR_SIZE | ATTR_OPEN);
}

static uint64_t free_bytes(void)
{
	struct fs_statfs st;

	ck_assert_int_eq(w.fs->ops->statfs(w.fs, &st), 0);
	return st.bfree * st.bsize;
}

/* ---- Data -------------------------------------------------------------- */

/* The same operations on a plain buffer: what must come out. */
struct model {
	char data[512 * KIB];
	size_t size;
};

static void model_truncate(struct model *m, size_t size)
{
	if (size < m->size)
		memset(m->data + size, 0, m->size - size);
	m->size = size;
}

static void compare(struct file *file, const struct model *m)
{
	static char back[512 * KIB];

	ck_assert_uint_eq(file->inode->attr.size, m->size);
	ck_assert_int_eq(
		read_bytes(file, back, sizeof(back), 0), (ssize_t)m->size);
	ck_assert_int_eq(memcmp(back, m->data, m->size), 0);
}

static void check_against_model(size_t bound)
{
	static struct model m;
	static char chunk[40 * KIB];
	size_t off, size, i;
	struct file *file = open_new("/f");

	memset(&m, 0, sizeof(m));
	srand((unsigned int)bound);
	for (i = 0; i < 300; i++) {
		off = (size_t)rand() % bound;
		size = (size_t)rand() % (bound / 8) + 1;
		if (rand() % 4 == 0) {
			ck_assert_int_eq(truncate_to(file, off), 0);
			model_truncate(&m, off);
		} else if (rand() % 8 == 0) {
			ck_assert_int_eq(file->ops->fallocate(file,
						 FALLOC_FL_PUNCH_HOLE |
							 FALLOC_FL_KEEP_SIZE,
						 (off_t)off, (off_t)size),
				0);
			if (off < m.size)
				memset(m.data + off, 0,
					size < m.size - off ? size
							    : m.size - off);
		} else {
			if (size > sizeof(chunk))
				size = sizeof(chunk);
			memset(chunk, rand(), size);
			ck_assert_int_eq(
				write_bytes(file, chunk, size, (off_t)off),
				(ssize_t)size);
			memcpy(m.data + off, chunk, size);
			if (off + size > m.size)
				m.size = off + size;
		}
		compare(file, &m);
	}
	file_put(file);
	ck_assert_int_eq(vfs_unlink(&w.walk, "/f"), 0);
}

START_TEST(data_are_as_in_a_plain_buffer)
{
	/* Within heap, up to its limit, across it, and well into a memfd. */
	check_against_model(3000);
	check_against_model(60 * KIB);
	check_against_model(80 * KIB);
	check_against_model(400 * KIB);
}
END_TEST

START_TEST(reading_and_writing_move_the_position)
{
	struct file *file = open_new("/f");
	char buf[8];

	ck_assert_int_eq(write_bytes(file, "abcdef", 6, -1), 6);
	ck_assert_int_eq(file->pos, 6);
	ck_assert_int_eq(read_bytes(file, buf, 8, -1), 0);
	ck_assert_int_eq(file_seek(file, -2, SEEK_CUR), 4);
	ck_assert_int_eq(read_bytes(file, buf, 8, -1), 2);
	ck_assert_int_eq(file_seek(file, 10, SEEK_END), 16);
	ck_assert_int_eq(read_bytes(file, buf, 8, -1), 0);
	ck_assert_int_eq(file_seek(file, -1, SEEK_SET), -EINVAL);
	ck_assert_int_eq(file_seek(file, 0, 99), -EINVAL);
	file->flags |= O_APPEND;
	ck_assert_int_eq(write_bytes(file, "g", 1, 0), 1);
	ck_assert_uint_eq(file->inode->attr.size, 7);
	file_put(file);
}
END_TEST

START_TEST(holes_take_no_room)
{
	struct file *file = open_new("/f");
	uint64_t before = free_bytes();

	ck_assert_int_eq(write_bytes(file, "x", 1, 100 * MIB), 1);
	ck_assert_uint_eq(file->inode->attr.size, 100 * MIB + 1);
	ck_assert_uint_eq(before - free_bytes(), 4 * KIB);
	ck_assert_int_eq(file_seek(file, 0, SEEK_DATA), 100 * MIB);
	ck_assert_int_eq(file_seek(file, 0, SEEK_HOLE), 0);
	ck_assert_int_eq(file_seek(file, 100 * MIB, SEEK_HOLE), 100 * MIB + 1);
	ck_assert_int_eq(file_seek(file, 101 * MIB, SEEK_DATA), -ENXIO);
	ck_assert_int_eq(file->ops->fallocate(file,
				 FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				 100 * MIB, 4 * KIB),
		0);
	ck_assert_uint_eq(before, free_bytes());
	file_put(file);
}
END_TEST

START_TEST(a_small_file_has_data_up_to_its_end)
{
	struct file *file = open_new("/f");

	ck_assert_int_eq(file_seek(file, 0, SEEK_DATA), -ENXIO);
	write_bytes(file, "abc", 3, 0);
	ck_assert_int_eq(file_seek(file, 1, SEEK_DATA), 1);
	ck_assert_int_eq(file_seek(file, 0, SEEK_HOLE), 3);
	ck_assert_int_eq(truncate_to(file, 20000), 0);
	ck_assert_int_eq(file_seek(file, 0, SEEK_HOLE), 4096);
	ck_assert_int_eq(file_seek(file, 5000, SEEK_DATA), -ENXIO);
	file_put(file);
}
END_TEST

START_TEST(a_full_filesystem)
{
	static char data[MIB];
	struct file *file = open_new("/f");
	ssize_t n = 0, sum = 0;

	memset(data, 'x', sizeof(data));
	do {
		n = write_bytes(file, data, sizeof(data), sum);
		if (n > 0)
			sum += n;
	} while (n > 0);
	ck_assert_int_eq(n, -ENOSPC);
	ck_assert_int_eq(sum, 4 * MIB);
	ck_assert_uint_eq(free_bytes(), 0);
	/* What is there may be written again. */
	ck_assert_int_eq(write_bytes(file, data, 8192, 4096), 8192);
	ck_assert_int_eq(put_text(&w, "/empty", ""), 0);
	ck_assert_int_eq(truncate_to(file, 3 * MIB), 0);
	ck_assert_uint_eq(free_bytes(), 1 * MIB);
	/* A write that does not fit as a whole is cut. */
	ck_assert_int_eq(write_bytes(file, data, MIB, 3 * MIB - 100), MIB);
	ck_assert_int_eq(truncate_to(file, 4 * MIB - 4096), 0);
	ck_assert_int_eq(write_bytes(file, data, 8192, 4 * MIB - 4096), 4096);
	file_put(file);
	ck_assert_int_eq(vfs_unlink(&w.walk, "/f"), 0);
	ck_assert_uint_eq(free_bytes(), 4 * MIB);
}
END_TEST

START_TEST(fallocate_reserves)
{
	struct file *file = open_new("/f");

	ck_assert_int_eq(file->ops->fallocate(file, 0, 0, MIB), 0);
	ck_assert_uint_eq(file->inode->attr.size, MIB);
	ck_assert_uint_eq(free_bytes(), 3 * MIB);
	ck_assert_int_eq(
		file->ops->fallocate(file, FALLOC_FL_KEEP_SIZE, MIB, MIB), 0);
	ck_assert_uint_eq(file->inode->attr.size, MIB);
	ck_assert_uint_eq(free_bytes(), 2 * MIB);
	ck_assert_int_eq(file->ops->fallocate(file, 0, 0, 5 * MIB), -ENOSPC);
	ck_assert_uint_eq(file->inode->attr.size, MIB);
	ck_assert_int_eq(
		file->ops->fallocate(file, FALLOC_FL_COLLAPSE_RANGE, 0, 4096),
		-EOPNOTSUPP);
	ck_assert_int_eq(
		file->ops->fallocate(file, FALLOC_FL_ZERO_RANGE, 0, 4096), 0);
	ck_assert_int_eq(
		file->ops->fallocate(file, FALLOC_FL_PUNCH_HOLE, 0, 4096),
		-EOPNOTSUPP);
	file_put(file);
}
END_TEST

START_TEST(mappings_and_read_see_each_other)
{
	struct file *file = open_new("/f");
	int host_fd = -1;
	off_t host_off;
	char *p, buf[8] = "";

	write_bytes(file, "heap", 4, 0);
	ck_assert_int_eq(file->ops->map(file, PROT_READ | PROT_WRITE, true, 0,
				 4096, &host_fd, &host_off),
		0);
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, host_fd,
		host_off);
	ck_assert_ptr_ne(p, MAP_FAILED);
	ck_assert_int_eq(memcmp(p, "heap", 5), 0);
	memcpy(p, "HE", 2);
	ck_assert_int_eq(read_bytes(file, buf, 8, 0), 4);
	ck_assert_str_eq(buf, "HEap");
	write_bytes(file, "AP", 2, 2);
	ck_assert_int_eq(memcmp(p, "HEAP", 4), 0);
	munmap(p, 4096);
	file_put(file);
}
END_TEST

START_TEST(what_is_mapped_is_charged)
{
	struct file *file = open_new("/f");
	int host_fd;
	off_t host_off;

	ck_assert_int_eq(truncate_to(file, 3 * MIB), 0);
	ck_assert_uint_eq(free_bytes(), 4 * MIB);
	ck_assert_int_eq(file->ops->map(file, PROT_READ, true, 0, 2 * MIB,
				 &host_fd, &host_off),
		0);
	ck_assert_uint_eq(free_bytes(), 2 * MIB);
	/* Never more than the file is long. */
	ck_assert_int_eq(file->ops->map(file, PROT_READ, true, 0, 2 * MIB,
				 &host_fd, &host_off),
		0);
	ck_assert_uint_eq(free_bytes(), 1 * MIB);
	ck_assert_int_eq(truncate_to(file, 100 * MIB), -ENOSPC);
	file_put(file);
	file = open_new("/g");
	ck_assert_int_eq(truncate_to(file, 2 * MIB), 0);
	ck_assert_int_eq(file->ops->map(file, PROT_READ, true, 0, 2 * MIB,
				 &host_fd, &host_off),
		-ENOMEM);
	file_put(file);
}
END_TEST

START_TEST(sizes_have_an_end)
{
	struct file *file = open_new("/f");

	ck_assert_int_eq(write_bytes(file, "ab", 2, INT64_MAX), -EFBIG);
	ck_assert_int_eq(truncate_to(file, UINT64_MAX), -EFBIG);
	ck_assert_uint_eq(file->inode->attr.size, 0);
	ck_assert_int_eq(truncate_to(file, 1), 0);
	ck_assert_int_eq(truncate_to(file, INT64_MAX), 0);
	ck_assert_int_eq(file_seek(file, INT64_MAX, SEEK_CUR), INT64_MAX);
	ck_assert_int_eq(file_seek(file, 1, SEEK_CUR), -EOVERFLOW);
	file_put(file);
}
END_TEST

START_TEST(memfds_have_a_limit)
{
	struct rlimit few = {40, 40};
	static char data[70000], back[70000];
	struct file *file[30];
	int i, host_fd;
	off_t host_off;
	char name[16];

	world_close(&w);
	world_open(&w, tmpfs_fresh(0, 0));
	/* Half of them for memfds. */
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	for (i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "/f%d", i);
		file[i] = open_new(name);
		memset(data, 'a' + i, sizeof(data));
		ck_assert_int_eq(write_bytes(file[i], data, sizeof(data), 0),
			sizeof(data));
	}
	/* Those that are mapped take the place of those that are not. */
	for (i = 29; i >= 10; i--)
		ck_assert_int_eq(file[i]->ops->map(file[i], PROT_READ, true, 0,
					 4096, &host_fd, &host_off),
			0);
	ck_assert_int_eq(file[0]->ops->map(file[0], PROT_READ, true, 0, 4096,
				 &host_fd, &host_off),
		-ENFILE);
	for (i = 0; i < 30; i++) {
		memset(data, 'a' + i, sizeof(data));
		ck_assert_int_eq(read_bytes(file[i], back, sizeof(back), 0),
			sizeof(back));
		ck_assert_int_eq(memcmp(data, back, sizeof(back)), 0);
		file_put(file[i]);
	}
}
END_TEST

/* ---- Folders ----------------------------------------------------------- */

START_TEST(inodes_have_a_limit)
{
	char name[16];
	int i, err = 0;

	for (i = 0; i < 30 && !err; i++) {
		snprintf(name, sizeof(name), "/n%d", i);
		err = make_file(&w, name, 0644);
	}
	ck_assert_int_eq(err, -ENOSPC);
	ck_assert_int_eq(i, 20);
	ck_assert_int_eq(vfs_unlink(&w.walk, "/n3"), 0);
	ck_assert_int_eq(make_dir(&w, "/d", 0755), 0);
}
END_TEST

struct few {
	struct dir_context ctx;
	int room;
	char last[32];
};

static bool take(struct dir_context *ctx, const char *name, size_t size,
	uint64_t ino, unsigned char type, off_t next_cookie)
{
	struct few *f = (struct few *)ctx;

	if (!f->room)
		return false;
	f->room--;
	snprintf(f->last, sizeof(f->last), "%.*s", (int)size, name);
	return true;
}

START_TEST(a_listing_survives_changes)
{
	struct few f = {.ctx.emit = take};
	struct file *file;
	char name[48];
	int i, seen = 0;

	for (i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "/n%d", i);
		make_file(&w, name, 0644);
	}
	ck_assert_int_eq(
		vfs_open(&w.walk, "/", O_RDONLY | O_DIRECTORY, 0, &file), 0);
	/* Removing each name as it is seen, all are seen once. */
	for (i = 0; i < 12; i++) {
		f.room = 1;
		ck_assert_int_eq(file->ops->iterate(file, &f.ctx), 0);
		ck_assert_int_eq(f.room, 0);
		if (f.last[0] == '.')
			continue;
		snprintf(name, sizeof(name), "/%s", f.last);
		ck_assert_int_eq(vfs_unlink(&w.walk, name), 0);
		seen++;
	}
	f.room = 1;
	ck_assert_int_eq(file->ops->iterate(file, &f.ctx), 0);
	ck_assert_int_eq(f.room, 1);
	ck_assert_int_eq(seen, 10);
	file_put(file);
}
END_TEST

/* ---- The rest ---------------------------------------------------------- */

START_TEST(xattrs)
{
	struct path path;
	char buf[16];

	put_text(&w, "/f", "x");
	make_link(&w, "/l", "f");
	ck_assert_int_eq(walk_to(&w, "/f", 0, &path), 0);
	ck_assert_int_eq(
		vfs_getxattr(path, w.root, "user.a", buf, 16), -ENODATA);
	ck_assert_int_eq(
		vfs_setxattr(path, w.root, "user.a", "1", 1, XATTR_REPLACE),
		-ENODATA);
	ck_assert_int_eq(vfs_setxattr(path, w.root, "user.a", "123", 3, 0), 0);
	ck_assert_int_eq(
		vfs_setxattr(path, w.root, "user.a", "1", 1, XATTR_CREATE),
		-EEXIST);
	ck_assert_int_eq(vfs_getxattr(path, w.root, "user.a", NULL, 0), 3);
	ck_assert_int_eq(vfs_getxattr(path, w.root, "user.a", buf, 2), -ERANGE);
	ck_assert_int_eq(
		vfs_setxattr(path, w.root, "bad.a", "1", 1, 0), -EOPNOTSUPP);
	ck_assert_int_eq(vfs_setxattr(path, w.root, "trusted.t", "1", 1, 0), 0);
	ck_assert_int_eq(
		vfs_setxattr(path, w.user, "trusted.t", "1", 1, 0), -EPERM);
	ck_assert_int_eq(
		vfs_setxattr(path, w.user, "user.a", "1", 1, 0), -EACCES);
	ck_assert_int_eq(vfs_listxattr(path, w.root, buf, 16), -ERANGE);
	ck_assert_int_eq(vfs_listxattr(path, w.root, NULL, 0), 17);
	ck_assert_int_eq(vfs_removexattr(path, w.root, "trusted.t"), 0);
	ck_assert_int_eq(vfs_listxattr(path, w.user, buf, 16), 7);
	ck_assert_int_eq(vfs_removexattr(path, w.root, "user.b"), -ENODATA);
	path_put(path);
	ck_assert_int_eq(walk_to(&w, "/l", 0, &path), 0);
	ck_assert_int_eq(
		vfs_setxattr(path, w.root, "user.a", "1", 1, 0), -EPERM);
	path_put(path);
}
END_TEST

START_TEST(seals)
{
	struct file *file;
	char *p;
	int host_fd;
	off_t host_off;

	ck_assert_int_eq(tmpfs_file_new("/memfd:t", 0777, 0, O_RDWR, &file), 0);
	write_bytes(file, "abc", 3, 0);
	ck_assert_int_eq(tmpfs_seals_get(file->inode), 0);
	ck_assert_int_eq(
		tmpfs_seals_add(file->inode, F_SEAL_GROW | F_SEAL_SHRINK), 0);
	ck_assert_int_eq(truncate_to(file, 4), -EPERM);
	ck_assert_int_eq(truncate_to(file, 2), -EPERM);
	ck_assert_int_eq(write_bytes(file, "xyz", 3, 1), 2);
	ck_assert_int_eq(write_bytes(file, "xyz", 3, 3), -EPERM);
	file->ops->map(file, PROT_READ | PROT_WRITE, true, 0, 4096, &host_fd,
		&host_off);
	p = mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, host_fd, 0);
	ck_assert_ptr_ne(p, MAP_FAILED);
	/* While somebody can still write. */
	ck_assert_int_eq(tmpfs_seals_add(file->inode, F_SEAL_WRITE), -EBUSY);
	munmap(p, 4096);
	ck_assert_int_eq(tmpfs_seals_add(file->inode, F_SEAL_WRITE), 0);
	ck_assert_int_eq(write_bytes(file, "x", 1, 0), -EPERM);
	ck_assert_int_eq(file->ops->map(file, PROT_WRITE, true, 0, 4096,
				 &host_fd, &host_off),
		-EPERM);
	ck_assert_int_eq(tmpfs_seals_add(file->inode, F_SEAL_SEAL), 0);
	ck_assert_int_eq(tmpfs_seals_add(file->inode, F_SEAL_GROW), -EPERM);
	file_put(file);
	file = open_new("/f");
	ck_assert_int_eq(tmpfs_seals_get(file->inode), F_SEAL_SEAL);
	file_put(file);
}
END_TEST

START_TEST(options)
{
	struct tmpfs_options o = {0};

	ck_assert_int_eq(
		tmpfs_parse_options("size=1m,mode=700,uid=3,nr_inodes=5", &o),
		0);
	ck_assert_uint_eq(o.size, MIB);
	ck_assert_uint_eq(o.mode, 0700);
	ck_assert_uint_eq(o.uid, 3);
	ck_assert_uint_eq(o.inodes, 5);
	ck_assert_int_eq(tmpfs_parse_options("nr_blocks=2", &o), 0);
	ck_assert_uint_eq(o.size, 8192);
	ck_assert_int_eq(tmpfs_parse_options("size=x", &o), -EINVAL);
	ck_assert_int_eq(tmpfs_parse_options("size=-1", &o), -EINVAL);
	ck_assert_int_eq(
		tmpfs_parse_options("size=99999999999999g", &o), -EINVAL);
	ck_assert_int_eq(tmpfs_parse_options("what", &o), -EINVAL);
	ck_assert_int_eq(tmpfs_parse_options("what=1", &o), -EINVAL);
	ck_assert_int_eq(tmpfs_parse_options("", &o), 0);
	ck_assert_int_eq(tmpfs_parse_options(NULL, &o), 0);
}
END_TEST

START_TEST(a_deep_tree_goes_without_recursion)
{
	struct fs *fs = tmpfs_fresh(0, 0);
	struct world deep;
	struct path at;
	int i;

	world_open(&deep, fs);
	for (i = 0; i < 20000; i++) {
		ck_assert_int_eq(make_dir(&deep, "d", 0755), 0);
		ck_assert_int_eq(walk_to(&deep, "d", 0, &at), 0);
		path_put(deep.walk.base);
		deep.walk.base = at;
	}
	world_close(&deep);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {reading_and_writing_move_the_position,
		holes_take_no_room, a_small_file_has_data_up_to_its_end,
		a_full_filesystem, fallocate_reserves,
		mappings_and_read_see_each_other, what_is_mapped_is_charged,
		sizes_have_an_end, memfds_have_a_limit, inodes_have_a_limit,
		a_listing_survives_changes, xattrs, seals, options,
		a_deep_tree_goes_without_recursion,
		data_are_as_in_a_plain_buffer};

	return run_tests("tmpfs", setup, teardown, tests,
		sizeof(tests) / sizeof(tests[0]));
}
