/*
 * The overlay, over a tmpfs below that nobody may change.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "sentry/fs/overlay/overlay.h"
#include "tests/unit/vfs_support.h"

static struct world below, above, w;

static void set_mode(struct world *on, const char *name, mode_t mode)
{
	struct attr attr = {.mode = mode};
	struct path path;

	ck_assert_int_eq(walk_to(on, name, 0, &path), 0);
	ck_assert_int_eq(vfs_setattr(path, NULL, &attr, ATTR_MODE), 0);
	path_put(path);
}

static void fill(void)
{
	make_dir(&below, "/d", 0750);
	make_dir(&below, "/d/e", 0755);
	make_dir(&below, "/d/e/deep", 0755);
	put_text(&below, "/d/e/deep/f", "deep");
	put_text(&below, "/d/f", "below");
	put_text(&below, "/top", "top");
	put_text(&below, "/other", "other");
	make_link(&below, "/l", "d/f");
	make_dir(&below, "/empty", 0755);
	set_mode(&below, "/d/f", 0640);
}

static void setup(void)
{
	struct fs *fs;

	world_open(&below, NULL);
	world_open(&above, NULL);
	fill();
	ck_assert_int_eq(overlay_new(below.fs->root->inode,
				 above.fs->root->inode, "test", &fs),
		0);
	world_open(&w, fs);
}

static void teardown(void)
{
	/* Whatever was done: not a byte of the lower layer moved. */
	ck_assert_str_eq(get_text(&below, "/d/f"), "below");
	ck_assert_str_eq(get_text(&below, "/top"), "top");
	ck_assert_str_eq(list_dir(&below, "/"), "d empty l other top");
	ck_assert_str_eq(list_dir(&below, "/d"), "e f");
	world_close(&w);
	world_close(&above);
	world_close(&below);
}

static int opens(const char *name, int flags, struct file **out)
{
	return vfs_open(&w.walk, name, flags, 0600, out);
}

START_TEST(what_is_below_is_seen)
{
	ck_assert_str_eq(get_text(&w, "/l"), "below");
	ck_assert_str_eq(get_text(&w, "/d/e/deep/f"), "deep");
	ck_assert_str_eq(list_dir(&w, "/"), "d empty l other top");
	ck_assert_str_eq(list_dir(&w, "/d"), "e f");
	ck_assert_int_eq(exists(&w, "/none"), -ENOENT);
	/* Looking changes nothing above. */
	ck_assert_str_eq(list_dir(&above, "/"), "");
}
END_TEST

START_TEST(a_write_copies_up)
{
	struct attr before = attr_of(&w, "/d/f"), after;
	struct attr dir_before = attr_of(&w, "/d");
	struct file *file;

	ck_assert_int_eq(opens("/d/f", O_RDWR, &file), 0);
	ck_assert_int_eq(write_bytes(file, "AB", 2, 1), 2);
	file_put(file);
	ck_assert_str_eq(get_text(&w, "/d/f"), "bABow");
	ck_assert_str_eq(get_text(&above, "/d/f"), "bABow");
	after = attr_of(&w, "/d/f");
	ck_assert_uint_eq(after.ino, before.ino);
	ck_assert_uint_eq(after.mode, before.mode);
	ck_assert_uint_eq(attr_of(&above, "/d").mode & 07777, 0750);
	ck_assert_int_eq(
		attr_of(&w, "/d").mtime.tv_nsec, dir_before.mtime.tv_nsec);
	ck_assert_str_eq(list_dir(&w, "/d"), "e f");
	/* The number stays also when nothing is remembered. */
	dentry_shrink(SIZE_MAX);
	ck_assert_uint_eq(attr_of(&w, "/d/f").ino, before.ino);
	ck_assert_uint_eq(attr_of(&w, "/d").ino, dir_before.ino);
}
END_TEST

START_TEST(copying_up_keeps_attributes)
{
	struct path path;
	struct attr attr = {.uid = 5, .mode = 04711}, before;
	char value[8], list[64];

	ck_assert_int_eq(walk_to(&below, "/top", 0, &path), 0);
	vfs_setattr(path, NULL, &attr, ATTR_UID);
	vfs_setattr(path, NULL, &attr, ATTR_MODE);
	attr.mtime.tv_sec = attr.atime.tv_sec = 1000;
	vfs_setattr(path, NULL, &attr, ATTR_MTIME | ATTR_ATIME);
	vfs_setxattr(path, below.root, "user.x", "val", 3, 0);
	path_put(path);
	before = attr_of(&w, "/top");

	ck_assert_int_eq(walk_to(&w, "/top", 0, &path), 0);
	ck_assert_int_eq(vfs_setxattr(path, w.root, "user.y", "new", 3, 0), 0);
	ck_assert_int_eq(exists(&above, "/top"), 0);
	ck_assert_uint_eq(attr_of(&w, "/top").uid, 5);
	ck_assert_uint_eq(attr_of(&w, "/top").mode & 07777, 04711);
	ck_assert_int_eq(attr_of(&w, "/top").mtime.tv_sec, 1000);
	ck_assert_uint_eq(attr_of(&w, "/top").ino, before.ino);
	ck_assert_int_eq(vfs_getxattr(path, w.root, "user.x", value, 8), 3);
	ck_assert_int_eq(memcmp(value, "val", 3), 0);
	/* What the overlay notes for itself is not shown. */
	ck_assert_int_eq(vfs_listxattr(path, w.root, list, 64), 14);
	ck_assert_int_eq(
		vfs_getxattr(path, w.root, "trusted.overlay.origin", value, 8),
		-ENODATA);
	ck_assert_int_eq(
		vfs_setxattr(path, w.root, "trusted.overlay.opaque", "y", 1, 0),
		-EPERM);
	path_put(path);
}
END_TEST

START_TEST(open_for_reading_follows_the_copy)
{
	struct file *reader, *writer;
	char buf[8] = "";

	ck_assert_int_eq(opens("/top", O_RDONLY, &reader), 0);
	ck_assert_int_eq(opens("/top", O_WRONLY | O_TRUNC, &writer), 0);
	ck_assert_int_eq(read_bytes(reader, buf, 8, 0), 0);
	ck_assert_int_eq(write_bytes(writer, "new", 3, 0), 3);
	ck_assert_int_eq(read_bytes(reader, buf, 8, 0), 3);
	ck_assert_str_eq(buf, "new");
	file_put(writer);
	file_put(reader);
}
END_TEST

START_TEST(opens_that_fail_copy_nothing)
{
	struct file *file;

	w.walk.cred = w.user;
	ck_assert_int_eq(opens("/top", O_RDWR, &file), -EACCES);
	ck_assert_int_eq(opens("/d/f", O_RDWR, &file), -EACCES);
	ck_assert_int_eq(make_file(&w, "/d/new", 0644), -EACCES);
	ck_assert_int_eq(make_file(&w, "/new", 0644), -EACCES);
	ck_assert_str_eq(list_dir(&above, "/"), "");
}
END_TEST

START_TEST(what_is_removed_stays_away)
{
	struct attr attr;

	ck_assert_int_eq(vfs_unlink(&w.walk, "/top"), 0);
	ck_assert_int_eq(exists(&w, "/top"), -ENOENT);
	dentry_shrink(SIZE_MAX);
	ck_assert_int_eq(exists(&w, "/top"), -ENOENT);
	ck_assert_str_eq(list_dir(&w, "/"), "d empty l other");
	attr = attr_of(&above, "/top");
	ck_assert(S_ISCHR(attr.mode) && attr.rdev == 0);
	/* A new one has nothing of the old one. */
	ck_assert_int_eq(put_text(&w, "/top", "again"), 0);
	ck_assert_str_eq(get_text(&w, "/top"), "again");
	ck_assert_int_eq(vfs_unlink(&w.walk, "/top"), 0);
	dentry_shrink(SIZE_MAX);
	ck_assert_int_eq(exists(&w, "/top"), -ENOENT);
}
END_TEST

START_TEST(what_was_never_below_leaves_no_whiteout)
{
	ck_assert_int_eq(put_text(&w, "/new", "x"), 0);
	ck_assert_int_eq(vfs_unlink(&w.walk, "/new"), 0);
	ck_assert_str_eq(list_dir(&above, "/"), "");
	ck_assert_int_eq(put_text(&w, "/new", "x"), 0);
	dentry_shrink(SIZE_MAX);
	ck_assert_int_eq(vfs_unlink(&w.walk, "/new"), 0);
	ck_assert_str_eq(list_dir(&above, "/"), "");
}
END_TEST

START_TEST(a_file_removed_while_open_can_be_read_and_changed)
{
	struct attr attr = {.mode = 0600};
	struct file *file;
	char buf[8] = "";

	ck_assert_int_eq(opens("/top", O_RDONLY, &file), 0);
	ck_assert_int_eq(vfs_unlink(&w.walk, "/top"), 0);
	ck_assert_int_eq(inode_getattr(file->inode), 0);
	ck_assert_uint_eq(file->inode->attr.nlink, 0);
	ck_assert_int_eq(vfs_setattr(file->path, w.root, &attr, ATTR_MODE), 0);
	ck_assert_uint_eq(file->inode->attr.mode & 07777, 0600);
	ck_assert_int_eq(read_bytes(file, buf, 8, 0), 3);
	ck_assert_str_eq(buf, "top");
	ck_assert_int_eq(exists(&w, "/top"), -ENOENT);
	file_put(file);
}
END_TEST

START_TEST(folders_merge)
{
	ck_assert_int_eq(put_text(&w, "/d/new", "x"), 0);
	ck_assert_int_eq(vfs_unlink(&w.walk, "/d/f"), 0);
	ck_assert_str_eq(list_dir(&w, "/d"), "e new");
	ck_assert_int_eq(put_text(&w, "/d/e/a", "x"), 0);
	ck_assert_int_eq(put_text(&w, "/d/e/b", "x"), 0);
	ck_assert_int_eq(put_text(&w, "/d/e/c", "x"), 0);
	ck_assert_str_eq(list_dir(&w, "/d/e"), "a b c deep");
	dentry_shrink(SIZE_MAX);
	ck_assert_str_eq(list_dir(&w, "/d/e"), "a b c deep");
	ck_assert_str_eq(get_text(&w, "/d/e/deep/f"), "deep");
}
END_TEST

START_TEST(removing_folders)
{
	ck_assert_int_eq(vfs_rmdir(&w.walk, "/d"), -ENOTEMPTY);
	ck_assert_int_eq(vfs_rmdir(&w.walk, "/empty"), 0);
	ck_assert_int_eq(exists(&w, "/empty"), -ENOENT);
	/* Emptied by whiteouts it is empty. */
	ck_assert_int_eq(vfs_unlink(&w.walk, "/d/e/deep/f"), 0);
	ck_assert_int_eq(vfs_rmdir(&w.walk, "/d/e/deep"), 0);
	ck_assert_int_eq(vfs_rmdir(&w.walk, "/d/e"), 0);
	ck_assert_int_eq(vfs_unlink(&w.walk, "/d/f"), 0);
	ck_assert_int_eq(vfs_rmdir(&w.walk, "/d"), 0);
	dentry_shrink(SIZE_MAX);
	ck_assert_str_eq(list_dir(&w, "/"), "l other top");
	/* One made in its place does not show what is below. */
	ck_assert_int_eq(make_dir(&w, "/d", 0755), 0);
	ck_assert_str_eq(list_dir(&w, "/d"), "");
	dentry_shrink(SIZE_MAX);
	ck_assert_str_eq(list_dir(&w, "/d"), "");
	ck_assert_int_eq(exists(&w, "/d/f"), -ENOENT);
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

START_TEST(listing_while_removing_sees_every_name)
{
	struct few f = {.ctx.emit = take};
	struct file *file;
	char name[64];
	int i, seen = 0;

	make_dir(&below, "/d/many", 0755);
	for (i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "/d/many/n%d", i);
		put_text(&below, name, "x");
	}
	ck_assert_int_eq(opens("/d/many", O_RDONLY | O_DIRECTORY, &file), 0);
	/* The first removal makes a merged folder of it. */
	for (i = 0; i < 22; i++) {
		f.room = 1;
		ck_assert_int_eq(file->ops->iterate(file, &f.ctx), 0);
		ck_assert_int_eq(f.room, 0);
		if (f.last[0] == '.')
			continue;
		snprintf(name, sizeof(name), "/d/many/%s", f.last);
		ck_assert_int_eq(vfs_unlink(&w.walk, name), 0);
		seen++;
	}
	ck_assert_int_eq(seen, 20);
	f.room = 1;
	ck_assert_int_eq(file->ops->iterate(file, &f.ctx), 0);
	ck_assert_int_eq(f.room, 1);
	file_put(file);
	ck_assert_str_eq(list_dir(&w, "/d/many"), "");
	ck_assert_int_eq(vfs_rmdir(&w.walk, "/d/many"), 0);
	for (i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "/d/many/n%d", i);
		vfs_unlink(&below.walk, name);
	}
	vfs_rmdir(&below.walk, "/d/many");
}
END_TEST

static int rename_to(const char *from, const char *to, unsigned int flags)
{
	return vfs_rename(&w.walk, from, &w.walk, to, flags);
}

START_TEST(renaming_files)
{
	struct attr before = attr_of(&w, "/top");

	ck_assert_int_eq(rename_to("/top", "/moved", 0), 0);
	ck_assert_int_eq(exists(&w, "/top"), -ENOENT);
	ck_assert_str_eq(get_text(&w, "/moved"), "top");
	ck_assert_uint_eq(attr_of(&w, "/moved").ino, before.ino);
	dentry_shrink(SIZE_MAX);
	ck_assert_int_eq(exists(&w, "/top"), -ENOENT);
	ck_assert_str_eq(list_dir(&w, "/"), "d empty l moved other");
	/* Over one that is below, and then away. */
	ck_assert_int_eq(rename_to("/moved", "/d/f", 0), 0);
	ck_assert_str_eq(get_text(&w, "/d/f"), "top");
	ck_assert_int_eq(vfs_unlink(&w.walk, "/d/f"), 0);
	dentry_shrink(SIZE_MAX);
	ck_assert_str_eq(list_dir(&w, "/d"), "e");
}
END_TEST

START_TEST(renaming_folders)
{
	ck_assert_int_eq(make_dir(&w, "/new", 0755), 0);
	ck_assert_int_eq(put_text(&w, "/new/in", "in"), 0);
	ck_assert_int_eq(rename_to("/new", "/d", 0), -ENOTEMPTY);
	ck_assert_int_eq(rename_to("/new", "/empty", 0), 0);
	ck_assert_str_eq(list_dir(&w, "/empty"), "in");
	dentry_shrink(SIZE_MAX);
	ck_assert_str_eq(list_dir(&w, "/empty"), "in");
	ck_assert_int_eq(rename_to("/empty", "/d/e/x", 0), 0);
	ck_assert_str_eq(get_text(&w, "/d/e/x/in"), "in");
	ck_assert_int_eq(exists(&w, "/empty"), -ENOENT);
	dentry_shrink(SIZE_MAX);
	ck_assert_int_eq(exists(&w, "/empty"), -ENOENT);
	ck_assert_str_eq(get_text(&w, "/d/e/x/in"), "in");
}
END_TEST

START_TEST(renaming_folders_that_are_below)
{
	struct attr before = attr_of(&w, "/d");

	ck_assert_int_eq(rename_to("/d", "/x", 0), 0);
	ck_assert_int_eq(exists(&w, "/d"), -ENOENT);
	dentry_shrink(SIZE_MAX);
	ck_assert_int_eq(exists(&w, "/d"), -ENOENT);
	ck_assert_str_eq(list_dir(&w, "/"), "empty l other top x");
	ck_assert_str_eq(list_dir(&w, "/x"), "e f");
	ck_assert_uint_eq(attr_of(&w, "/x").ino, before.ino);
	ck_assert_str_eq(get_text(&w, "/x/e/deep/f"), "deep");
	ck_assert_int_eq(put_text(&w, "/x/e/deep/g", "new"), 0);
	/* Into another one, over an empty one, and a new one in its place. */
	ck_assert_int_eq(rename_to("/x/e", "/empty", 0), 0);
	ck_assert_int_eq(make_dir(&w, "/x/e", 0755), 0);
	dentry_shrink(SIZE_MAX);
	ck_assert_str_eq(list_dir(&w, "/x/e"), "");
	ck_assert_str_eq(list_dir(&w, "/empty/deep"), "f g");
	/* Back to where it was, and gone for good. */
	ck_assert_int_eq(rename_to("/x", "/d", 0), 0);
	dentry_shrink(SIZE_MAX);
	ck_assert_str_eq(list_dir(&w, "/d"), "e f");
	ck_assert_str_eq(list_dir(&w, "/d/e"), "");
	ck_assert_int_eq(vfs_rmdir(&w.walk, "/d/e"), 0);
	ck_assert_int_eq(vfs_unlink(&w.walk, "/d/f"), 0);
	ck_assert_int_eq(vfs_rmdir(&w.walk, "/d"), 0);
	dentry_shrink(SIZE_MAX);
	ck_assert_int_eq(exists(&w, "/d"), -ENOENT);
	ck_assert_str_eq(list_dir(&w, "/"), "empty l other top");
}
END_TEST

START_TEST(a_kept_upper_layer_has_no_renamed_folders)
{
	overlay_keep_upper(w.fs);
	ck_assert_int_eq(rename_to("/d", "/x", 0), -EXDEV);
	ck_assert_int_eq(rename_to("/d/e", "/x", 0), -EXDEV);
	ck_assert_int_eq(rename_to("/top", "/d", RENAME_EXCHANGE), -EXDEV);
	ck_assert_int_eq(rename_to("/top", "/x", 0), 0);
	ck_assert_int_eq(make_dir(&w, "/new", 0755), 0);
	ck_assert_int_eq(rename_to("/new", "/d/new", 0), 0);
}
END_TEST

START_TEST(exchanging_names)
{
	ck_assert_int_eq(rename_to("/top", "/other", RENAME_EXCHANGE), 0);
	ck_assert_str_eq(get_text(&w, "/top"), "other");
	ck_assert_str_eq(get_text(&w, "/other"), "top");
	dentry_shrink(SIZE_MAX);
	ck_assert_str_eq(get_text(&w, "/top"), "other");
	ck_assert_int_eq(
		rename_to("/top", "/other", RENAME_NOREPLACE), -EEXIST);
}
END_TEST

START_TEST(linking)
{
	struct path path;

	ck_assert_int_eq(walk_to(&w, "/top", 0, &path), 0);
	ck_assert_int_eq(vfs_link(path, &w.walk, "/d/hard"), 0);
	path_put(path);
	ck_assert_uint_eq(attr_of(&w, "/top").nlink, 2);
	ck_assert_uint_eq(attr_of(&w, "/top").ino, attr_of(&w, "/d/hard").ino);
	ck_assert_int_eq(vfs_unlink(&w.walk, "/top"), 0);
	dentry_shrink(SIZE_MAX);
	ck_assert_int_eq(exists(&w, "/top"), -ENOENT);
	ck_assert_str_eq(get_text(&w, "/d/hard"), "top");
	ck_assert_int_eq(vfs_unlink(&w.walk, "/d/hard"), 0);
	ck_assert_str_eq(list_dir(&w, "/d"), "e f");
}
END_TEST

START_TEST(files_with_several_names_below)
{
	struct path path;
	struct attr a, b;

	ck_assert_int_eq(walk_to(&below, "/other", 0, &path), 0);
	vfs_link(path, &below.walk, "/d/e/one");
	vfs_link(path, &below.walk, "/d/e/two");
	path_put(path);
	ck_assert_int_eq(put_text(&w, "/d/e/one", "new"), 0);
	ck_assert_str_eq(get_text(&w, "/other"), "new");
	dentry_shrink(SIZE_MAX);
	ck_assert_str_eq(get_text(&w, "/d/e/two"), "new");
	a = attr_of(&w, "/other");
	b = attr_of(&w, "/d/e/one");
	ck_assert_uint_eq(a.ino, b.ino);
	ck_assert_uint_eq(a.nlink, 3);
	ck_assert_int_eq(vfs_unlink(&w.walk, "/d/e/one"), 0);
	ck_assert_int_eq(vfs_unlink(&w.walk, "/other"), 0);
	dentry_shrink(SIZE_MAX);
	ck_assert_int_eq(exists(&w, "/other"), -ENOENT);
	ck_assert_int_eq(exists(&w, "/d/e/one"), -ENOENT);
	ck_assert_str_eq(get_text(&w, "/d/e/two"), "new");
	ck_assert_uint_eq(attr_of(&w, "/d/e/two").nlink, 1);
	ck_assert_int_eq(vfs_unlink(&w.walk, "/d/e/two"), 0);
	vfs_unlink(&below.walk, "/d/e/one");
	vfs_unlink(&below.walk, "/d/e/two");
}
END_TEST

START_TEST(special_files)
{
	struct new_inode fifo = {.mode = S_IFIFO | 0644};
	struct new_inode whiteout = {.mode = S_IFCHR | 0644};

	ck_assert_int_eq(vfs_create(&w.walk, "/d/fifo", &fifo), 0);
	ck_assert(S_ISFIFO(attr_of(&w, "/d/fifo").mode));
	ck_assert_int_eq(vfs_create(&w.walk, "/d/wh", &whiteout), -EPERM);
	ck_assert_int_eq(make_link(&w, "/d/sym", "f"), 0);
	ck_assert_str_eq(get_text(&w, "/d/sym"), "below");
	ck_assert_int_eq(vfs_unlink(&w.walk, "/l"), 0);
	ck_assert_int_eq(exists(&w, "/l"), -ENOENT);
}
END_TEST

START_TEST(nameless_files)
{
	struct file *file;

	ck_assert_int_eq(
		vfs_open(&w.walk, "/d", O_TMPFILE | O_RDWR, 0600, &file), 0);
	ck_assert_int_eq(write_bytes(file, "abc", 3, 0), 3);
	ck_assert_uint_eq(file->inode->attr.size, 3);
	ck_assert_int_eq(vfs_link(file->path, &w.walk, "/d/named"), 0);
	file_put(file);
	ck_assert_str_eq(get_text(&w, "/d/named"), "abc");
}
END_TEST

START_TEST(large_files_keep_their_holes_and_map_natively)
{
	const size_t size = 300000;
	struct file *file;
	char *data = malloc(size), *back = malloc(size);
	int host_fd = -1;
	off_t host_off = -1;

	memset(data, 0, size);
	memset(data + 200000, 'x', 1000);
	vfs_open(&below.walk, "/other", O_WRONLY | O_TRUNC, 0, &file);
	ck_assert_int_eq(write_bytes(file, data, size, 0), (ssize_t)size);
	file_put(file);

	ck_assert_int_eq(opens("/other", O_RDWR, &file), 0);
	ck_assert_int_eq(read_bytes(file, back, size, 0), (ssize_t)size);
	ck_assert_int_eq(memcmp(data, back, size), 0);
	ck_assert_uint_lt(attr_of(&above, "/other").blocks, 64);
	ck_assert_int_eq(file->ops->map(file, PROT_READ | PROT_WRITE, true, 0,
				 size, &host_fd, &host_off),
		0);
	ck_assert_int_ge(host_fd, 0);
	ck_assert_int_eq(host_off, 0);
	file_put(file);
	free(data);
	free(back);
}
END_TEST

START_TEST(a_full_upper_layer_changes_nothing)
{
	struct world small, o;
	struct fs *fs;
	struct file *file;
	char *data = calloc(1, 100000);

	memset(data, 'x', 100000);
	vfs_open(&below.walk, "/other", O_WRONLY | O_TRUNC, 0, &file);
	ck_assert_int_eq(write_bytes(file, data, 100000, 0), 100000);
	file_put(file);
	world_open(&small, tmpfs_fresh(65536, 0));
	ck_assert_int_eq(overlay_new(below.fs->root->inode,
				 small.fs->root->inode, "test", &fs),
		0);
	world_open(&o, fs);
	ck_assert_int_eq(
		vfs_open(&o.walk, "/other", O_RDWR, 0, &file), -ENOSPC);
	ck_assert_str_eq(list_dir(&small, "/"), "");
	ck_assert_uint_eq(attr_of(&o, "/other").size, 100000);
	/* Emptied on opening, its data need no room. */
	ck_assert_int_eq(
		vfs_open(&o.walk, "/other", O_RDWR | O_TRUNC, 0, &file), 0);
	file_put(file);
	ck_assert_uint_eq(attr_of(&o, "/other").size, 0);
	world_close(&o);
	world_close(&small);
	free(data);
}
END_TEST

/* ---- Against a plain tmpfs --------------------------------------------- */

/*
 * Random operations on the overlay and on a tmpfs that began with the same
 * names: every answer must be the same, and in the end every name, mode and
 * byte.
 */
static unsigned int seed;

static unsigned int pick(unsigned int n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % n;
}

static const char *pick_name(void)
{
	static char names[4][32];
	static int turn;
	char *name = names[turn++ % 4];
	int depth = 1 + (int)pick(3);

	*name = 0;
	while (depth--)
		sprintf(name + strlen(name), "/%c", 'a' + (int)pick(4));
	return name;
}

/* One operation on one world; the choice is in the arguments. */
static int operate(struct world *on, unsigned int op, const char *name,
	const char *other, unsigned int arg)
{
	static const unsigned int rename_flags[] = {
		0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE};
	struct attr attr = {.mode = 0600 | (arg & 0177)};
	struct path path;
	struct file *file;
	int err;

	switch (op) {
	case 0:
		return make_dir(on, name, 0700 | (arg & 077));
	case 1:
		return vfs_rmdir(&on->walk, name);
	case 2:
		return vfs_unlink(&on->walk, name);
	case 3:
		return vfs_rename(&on->walk, name, &on->walk, other,
			rename_flags[arg % 4]);
	case 4:
		return make_link(on, name, other);
	case 5:
		err = walk_to(on, name, WALK_FOLLOW, &path);
		if (err)
			return err;
		err = vfs_link(path, &on->walk, other);
		path_put(path);
		return err;
	case 6:
		err = walk_to(on, name, WALK_FOLLOW, &path);
		if (err)
			return err;
		err = vfs_setattr(path, on->root, &attr, ATTR_MODE);
		path_put(path);
		return err;
	default:
		err = vfs_open(&on->walk, name,
			O_RDWR | (arg & 1 ? O_CREAT : 0) |
				(arg & 2 ? O_TRUNC : 0),
			0640, &file);
		if (err)
			return err;
		err = (int)write_bytes(file, name, strlen(name), arg % 50);
		file_put(file);
		return err;
	}
}

/* Both trees from here on are the same. */
static void compare_trees(struct world *a, struct world *b, const char *dir)
{
	char names[256], name[512], text[256], *word, *save = NULL;
	struct attr x, y;

	ck_assert_str_eq(strcpy(names, list_dir(a, *dir ? dir : "/")),
		list_dir(b, *dir ? dir : "/"));
	for (word = strtok_r(names, " ", &save); word;
		word = strtok_r(NULL, " ", &save)) {
		snprintf(name, sizeof(name), "%s/%s", dir, word);
		x = attr_of(a, name);
		y = attr_of(b, name);
		ck_assert_uint_eq(x.mode, y.mode);
		ck_assert(S_ISDIR(x.mode) || x.size == y.size);
		ck_assert(S_ISDIR(x.mode) || x.nlink == y.nlink);
		if (S_ISDIR(x.mode))
			compare_trees(a, b, name);
		else if (S_ISREG(x.mode))
			ck_assert_str_eq(strcpy(text, get_text(a, name)),
				get_text(b, name));
	}
}

static void random_operations(unsigned int from)
{
	struct world low, up, o, plain;
	const char *name, *other;
	unsigned int op, arg;
	struct fs *fs;
	int i, err;

	seed = from;
	world_open(&low, NULL);
	world_open(&up, NULL);
	world_open(&plain, NULL);
	for (i = 0; i < 40; i++) {
		op = (unsigned int[]){0, 7, 7, 5}[pick(4)];
		name = pick_name();
		other = pick_name();
		ck_assert_int_eq(operate(&low, op, name, other, i | 1),
			operate(&plain, op, name, other, i | 1));
	}
	overlay_new(low.fs->root->inode, up.fs->root->inode, "t", &fs);
	world_open(&o, fs);
	for (i = 0; i < 700; i++) {
		op = pick(9);
		arg = pick(1000);
		name = pick_name();
		other = pick_name();
		err = operate(&o, op, name, other, arg);
		ck_assert_msg(err == operate(&plain, op, name, other, arg),
			"seed %u step %d: op %u %s %s %u: %d", from, i, op,
			name, other, arg, err);
		if (pick(5) == 0)
			dentry_shrink(SIZE_MAX);
	}
	compare_trees(&o, &plain, "");
	dentry_shrink(SIZE_MAX);
	compare_trees(&o, &plain, "");
	world_close(&o);
	world_close(&plain);
	world_close(&up);
	world_close(&low);
}

START_TEST(random_operations_as_on_a_plain_tmpfs)
{
	unsigned int i;

	for (i = 1; i <= 50; i++)
		random_operations(i);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {random_operations_as_on_a_plain_tmpfs,
		what_is_below_is_seen, a_write_copies_up,
		copying_up_keeps_attributes, open_for_reading_follows_the_copy,
		opens_that_fail_copy_nothing, what_is_removed_stays_away,
		what_was_never_below_leaves_no_whiteout,
		a_file_removed_while_open_can_be_read_and_changed,
		folders_merge, removing_folders,
		listing_while_removing_sees_every_name, renaming_files,
		renaming_folders, renaming_folders_that_are_below,
		a_kept_upper_layer_has_no_renamed_folders, exchanging_names,
		linking, files_with_several_names_below, special_files,
		nameless_files, large_files_keep_their_holes_and_map_natively,
		a_full_upper_layer_changes_nothing};

	return run_tests("overlay", setup, teardown, tests,
		sizeof(tests) / sizeof(tests[0]));
}
