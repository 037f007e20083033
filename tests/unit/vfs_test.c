/*
 * Walking, creating, removing and renaming, on tmpfs: each case is a sentence
 * of path_resolution(7) or of the call's manual page.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "tests/unit/vfs_support.h"

static struct world w;

static void setup(void)
{
	world_open(&w, NULL);
	make_dir(&w, "/d", 0755);
	make_dir(&w, "/d/e", 0755);
	put_text(&w, "/d/f", "text");
}

static void teardown(void)
{
	world_close(&w);
}

static int walks(const char *name, unsigned int flags)
{
	struct path path;
	int err = walk_to(&w, name, flags, &path);

	if (!err)
		path_put(path);
	return err;
}

static int resolves(const char *name, unsigned int resolve)
{
	int err;

	w.walk.resolve = resolve;
	err = walks(name, WALK_FOLLOW);
	w.walk.resolve = 0;
	return err;
}

/* The name of the place that a name leads to. */
static const char *place(const char *name)
{
	static char buf[VFS_PATH_MAX];
	struct path path;
	char *text;

	if (walk_to(&w, name, WALK_FOLLOW, &path))
		return NULL;
	text = path_name(path, w.walk.root, buf, sizeof(buf));
	path_put(path);
	return text;
}

/* ---- Walks ------------------------------------------------------------- */

START_TEST(components_and_slashes)
{
	ck_assert_str_eq(place("/d/e"), "/d/e");
	ck_assert_str_eq(place("//d///e//"), "/d/e");
	ck_assert_str_eq(place("d/./e/../f"), "/d/f");
	ck_assert_str_eq(place("/"), "/");
	ck_assert_str_eq(place("/../.."), "/");
	ck_assert_str_eq(place("."), "/");
	ck_assert_int_eq(walks("", 0), -ENOENT);
	ck_assert_int_eq(walks("", WALK_EMPTY), 0);
	ck_assert_int_eq(walks("/none", 0), -ENOENT);
	ck_assert_int_eq(walks("/none/x", 0), -ENOENT);
	ck_assert_int_eq(walks("/d/f/", 0), -ENOTDIR);
	ck_assert_int_eq(walks("/d/f/x", 0), -ENOTDIR);
	ck_assert_int_eq(walks("/d/f/.", 0), -ENOTDIR);
	ck_assert_int_eq(walks("/d/f/..", 0), -ENOTDIR);
	ck_assert_int_eq(walks("/d/f", WALK_DIRECTORY), -ENOTDIR);
}
END_TEST

START_TEST(a_name_has_at_most_255_bytes)
{
	char name[VFS_NAME_MAX + 3];

	memset(name, 'a', sizeof(name));
	name[0] = '/';
	name[VFS_NAME_MAX + 1] = 0;
	ck_assert_int_eq(walks(name, 0), -ENOENT);
	ck_assert_int_eq(make_file(&w, name, 0644), 0);
	ck_assert_int_eq(walks(name, 0), 0);
	name[VFS_NAME_MAX + 1] = 'a';
	name[VFS_NAME_MAX + 2] = 0;
	ck_assert_int_eq(walks(name, 0), -ENAMETOOLONG);
	ck_assert_int_eq(make_file(&w, name, 0644), -ENAMETOOLONG);
}
END_TEST

START_TEST(symlinks_are_followed)
{
	make_link(&w, "/rel", "d/e");
	make_link(&w, "/d/abs", "/d");
	make_link(&w, "/d/up", "../d/e");
	make_link(&w, "/dangling", "none");
	make_link(&w, "/root", "/");
	ck_assert_str_eq(place("/rel"), "/d/e");
	ck_assert_str_eq(place("/rel/../f"), "/d/f");
	ck_assert_str_eq(place("/d/abs/f"), "/d/f");
	ck_assert_str_eq(place("/d/up/.."), "/d");
	ck_assert_str_eq(place("/root"), "/");
	ck_assert_str_eq(place("/root/d"), "/d");
	ck_assert_int_eq(walks("/rel", 0), 0);
	ck_assert(S_ISLNK(attr_of(&w, "/rel").mode));
	/* A slash behind it makes it a folder to go into. */
	ck_assert(S_ISDIR(attr_of(&w, "/rel/").mode));
	ck_assert_int_eq(walks("/dangling", 0), 0);
	ck_assert_int_eq(walks("/dangling", WALK_FOLLOW), -ENOENT);
	ck_assert_int_eq(walks("/dangling/", 0), -ENOENT);
}
END_TEST

START_TEST(forty_symlinks_are_the_limit)
{
	char name[32], target[32];
	int i;

	put_text(&w, "/l0", "end");
	for (i = 1; i <= 41; i++) {
		snprintf(name, sizeof(name), "/l%d", i);
		snprintf(target, sizeof(target), "l%d", i - 1);
		ck_assert_int_eq(make_link(&w, name, target), 0);
	}
	ck_assert_int_eq(walks("/l40", WALK_FOLLOW), 0);
	ck_assert_int_eq(walks("/l41", WALK_FOLLOW), -ELOOP);
	make_link(&w, "/loop", "loop");
	ck_assert_int_eq(walks("/loop", WALK_FOLLOW), -ELOOP);
	ck_assert_int_eq(walks("/loop/x", 0), -ELOOP);
}
END_TEST

START_TEST(each_folder_must_be_searchable)
{
	struct path path;

	make_dir(&w, "/closed", 0700);
	make_dir(&w, "/closed/in", 0777);
	make_dir(&w, "/xonly", 0711);
	put_text(&w, "/xonly/f", "x");
	w.walk.cred = w.user;
	ck_assert_int_eq(walks("/closed", 0), 0);
	ck_assert_int_eq(walks("/closed/in", 0), -EACCES);
	ck_assert_int_eq(walks("/closed/none", 0), -EACCES);
	ck_assert_int_eq(walks("/closed/..", 0), -EACCES);
	ck_assert_int_eq(walks("/closed/.", 0), -EACCES);
	ck_assert_int_eq(walks("/xonly/f", 0), 0);
	ck_assert_ptr_null(list_dir(&w, "/xonly"));
	w.walk.cred = w.root;
	ck_assert_int_eq(walk_to(&w, "/closed/in", 0, &path), 0);
	path_put(path);
}
END_TEST

START_TEST(resolve_flags)
{
	make_link(&w, "/abs", "/d");
	make_link(&w, "/rel", "d");
	make_link(&w, "/d/out", "../../d");
	ck_assert_int_eq(resolves("abs", RESOLVE_NO_SYMLINKS), -ELOOP);
	ck_assert_int_eq(resolves("d/f", RESOLVE_NO_SYMLINKS), 0);
	ck_assert_int_eq(resolves("rel/f", RESOLVE_BENEATH), 0);
	ck_assert_int_eq(resolves("abs/f", RESOLVE_BENEATH), -EXDEV);
	ck_assert_int_eq(resolves("/d", RESOLVE_BENEATH), -EXDEV);
	ck_assert_int_eq(resolves("..", RESOLVE_BENEATH), -EXDEV);
	ck_assert_int_eq(resolves("d/..", RESOLVE_BENEATH), 0);
	ck_assert_int_eq(resolves("d/out", RESOLVE_BENEATH), -EXDEV);
	ck_assert_int_eq(resolves("d/out", RESOLVE_IN_ROOT), 0);
	ck_assert_int_eq(resolves("/d", RESOLVE_IN_ROOT), 0);
}
END_TEST

/* ---- Mounts ------------------------------------------------------------ */

START_TEST(mounts_are_crossed_both_ways)
{
	ck_assert_int_eq(mount_at(&w, "/d/e", tmpfs_fresh(0, 0), 0), 0);
	ck_assert_int_eq(make_dir(&w, "/d/e/in", 0755), 0);
	ck_assert_str_eq(place("/d/e/in"), "/d/e/in");
	ck_assert_str_eq(place("/d/e/in/../../f"), "/d/f");
	ck_assert_int_eq(resolves("/d/e", RESOLVE_NO_XDEV), -EXDEV);
	ck_assert_int_eq(resolves("/d", RESOLVE_NO_XDEV), 0);
	ck_assert_int_eq(vfs_rmdir(&w.walk, "/d/e"), -EBUSY);
	ck_assert_int_eq(vfs_rename(&w.walk, "/d/e", &w.walk, "/x", 0), -EBUSY);
	ck_assert_int_eq(
		vfs_rename(&w.walk, "/d/e/in", &w.walk, "/x", 0), -EXDEV);
	/* Another one on top of it. */
	ck_assert_int_eq(mount_at(&w, "/d/e", tmpfs_fresh(0, 0), 0), 0);
	ck_assert_int_eq(exists(&w, "/d/e/in"), -ENOENT);
	ck_assert_str_eq(place("/d/e/.."), "/d");
}
END_TEST

START_TEST(a_mount_in_use_is_busy)
{
	struct path at, in;

	mount_at(&w, "/d/e", tmpfs_fresh(0, 0), 0);
	make_dir(&w, "/d/e/in", 0755);
	ck_assert_int_eq(walk_to(&w, "/d/e/in", 0, &in), 0);
	ck_assert_int_eq(walk_to(&w, "/d/e", 0, &at), 0);
	ck_assert_int_eq(mount_detach(at.mount, 0), -EBUSY);
	ck_assert_int_eq(mount_detach(at.mount, MNT_DETACH), 0);
	ck_assert_int_eq(exists(&w, "/d/e/in"), -ENOENT);
	ck_assert_int_eq(mount_detach(at.mount, 0), -EINVAL);
	path_put(in);
	path_put(at);
	ck_assert_int_eq(walk_to(&w, "/", 0, &at), 0);
	ck_assert_int_eq(mount_detach(at.mount, 0), -EINVAL);
	path_put(at);
}
END_TEST

START_TEST(a_read_only_mount_refuses_changes)
{
	struct attr attr = {.mode = 0600};
	struct path path;
	struct file *file;

	mount_at(&w, "/d/e", tmpfs_fresh(0, 0), 0);
	put_text(&w, "/d/e/f", "x");
	ck_assert_int_eq(walk_to(&w, "/d/e/f", 0, &path), 0);
	path.mount->flags |= MNT_READONLY;
	ck_assert_int_eq(make_file(&w, "/d/e/g", 0644), -EROFS);
	ck_assert_int_eq(make_file(&w, "/d/e/f", 0644), -EEXIST);
	ck_assert_int_eq(vfs_unlink(&w.walk, "/d/e/f"), -EROFS);
	ck_assert_int_eq(vfs_unlink(&w.walk, "/d/e/none"), -EROFS);
	ck_assert_int_eq(vfs_setattr(path, w.root, &attr, ATTR_MODE), -EROFS);
	ck_assert_int_eq(vfs_open(&w.walk, "/d/e/f", O_RDWR, 0, &file), -EROFS);
	ck_assert_int_eq(
		vfs_open(&w.walk, "/d/e/g", O_RDWR | O_CREAT, 0, &file),
		-EROFS);
	ck_assert_str_eq(get_text(&w, "/d/e/f"), "x");
	path_put(path);
}
END_TEST

START_TEST(a_namespace_copy_is_apart)
{
	struct mount_ns *copy;
	struct world other = w;

	mount_at(&w, "/d/e", tmpfs_fresh(0, 0), 0);
	make_dir(&w, "/d/e/in", 0755);
	copy = mount_ns_copy(w.ns);
	ck_assert_ptr_nonnull(copy);
	ck_assert_uint_eq(copy->count, 2);
	other.walk.root = mount_ns_root(copy);
	other.walk.base = other.walk.root;
	ck_assert_int_eq(exists(&other, "/d/e/in"), 0);
	mount_at(&other, "/d/e/in", tmpfs_fresh(0, 0), 0);
	ck_assert_int_eq(make_dir(&other, "/d/e/in/new", 0755), 0);
	ck_assert_int_eq(exists(&w, "/d/e/in/new"), -ENOENT);
	path_put(other.walk.root);
	mount_ns_put(copy);
	ck_assert_int_eq(exists(&w, "/d/e/in"), 0);
}
END_TEST

static int bind(const char *from, const char *to, bool recursive)
{
	struct path a, b;
	int err;

	ck_assert_int_eq(walk_to(&w, from, 0, &a), 0);
	ck_assert_int_eq(walk_to(&w, to, 0, &b), 0);
	err = mount_bind(a, b, recursive);
	path_put(a);
	path_put(b);
	return err;
}

START_TEST(bind_mounts)
{
	struct path path;

	make_dir(&w, "/m", 0755);
	mount_at(&w, "/d/e", tmpfs_fresh(0, 0), 0);
	put_text(&w, "/d/e/in", "in");
	ck_assert_int_eq(bind("/d", "/m", false), 0);
	ck_assert_str_eq(get_text(&w, "/m/f"), "text");
	ck_assert_int_eq(exists(&w, "/m/e/in"), -ENOENT);
	ck_assert_int_eq(bind("/d", "/m", true), 0);
	ck_assert_str_eq(get_text(&w, "/m/e/in"), "in");
	ck_assert_int_eq(bind("/d/f", "/m", true), -ENOTDIR);
	/* A file on a file; it may not be removed there then. */
	put_text(&w, "/g", "g");
	ck_assert_int_eq(bind("/d/f", "/g", false), 0);
	ck_assert_str_eq(get_text(&w, "/g"), "text");
	ck_assert_int_eq(vfs_unlink(&w.walk, "/g"), -EBUSY);
	/* The whole tree into itself: copied as it was before. */
	make_dir(&w, "/self", 0755);
	ck_assert_int_eq(bind("/", "/self", true), 0);
	ck_assert_str_eq(get_text(&w, "/self/d/e/in"), "in");
	ck_assert_str_eq(list_dir(&w, "/self/self"), "");
	/* What hides something is not left out. */
	ck_assert_int_eq(walk_to(&w, "/d/e", 0, &path), 0);
	path.mount->locked = true;
	ck_assert_int_eq(mount_detach(path.mount, MNT_DETACH), -EINVAL);
	ck_assert_int_eq(mount_set_flags(path, MNT_READONLY), 0);
	ck_assert_int_eq(mount_set_flags(path, 0), -EPERM);
	path_put(path);
	ck_assert_int_eq(bind("/d", "/m", false), -EINVAL);
	ck_assert_int_eq(bind("/d", "/m", true), 0);
	ck_assert_int_eq(walk_to(&w, "/m/e", 0, &path), 0);
	ck_assert(path.mount->locked);
	path_put(path);
}
END_TEST

START_TEST(mounts_move)
{
	struct path from, to;

	make_dir(&w, "/m", 0755);
	mount_at(&w, "/d/e", tmpfs_fresh(0, 0), 0);
	make_dir(&w, "/d/e/in", 0755);
	ck_assert_int_eq(walk_to(&w, "/d/e", 0, &from), 0);
	ck_assert_int_eq(walk_to(&w, "/d/e/in", 0, &to), 0);
	ck_assert_int_eq(mount_move(from, to), -ELOOP);
	path_put(to);
	ck_assert_int_eq(walk_to(&w, "/m", 0, &to), 0);
	ck_assert_int_eq(mount_move(from, to), 0);
	ck_assert_int_eq(exists(&w, "/m/in"), 0);
	ck_assert_int_eq(exists(&w, "/d/e/in"), -ENOENT);
	ck_assert_str_eq(place("/m/in/.."), "/m");
	ck_assert_int_eq(mount_move(to, from), -EINVAL);
	path_put(from);
	path_put(to);
}
END_TEST

START_TEST(pivoting_the_root)
{
	struct path fresh, put_old, old = w.walk.root;

	mount_at(&w, "/d/e", tmpfs_fresh(0, 0), 0);
	make_dir(&w, "/d/e/old", 0755);
	ck_assert_int_eq(walk_to(&w, "/d/e", 0, &fresh), 0);
	ck_assert_int_eq(walk_to(&w, "/d", 0, &put_old), 0);
	ck_assert_int_eq(mount_pivot(old, fresh, put_old), -EBUSY);
	path_put(put_old);
	ck_assert_int_eq(walk_to(&w, "/d/e/old", 0, &put_old), 0);
	ck_assert_int_eq(mount_pivot(old, old, put_old), -EBUSY);
	ck_assert_int_eq(mount_pivot(old, fresh, put_old), 0);
	path_put(put_old);
	path_put(w.walk.base);
	w.walk.base = path_get(fresh);
	w.walk.root = fresh;
	ck_assert_str_eq(get_text(&w, "/old/d/f"), "text");
	ck_assert_str_eq(place("/old/d/../.."), "/");
	ck_assert_str_eq(list_dir(&w, "/"), "old");
	/* And the old one can go. */
	ck_assert_int_eq(mount_detach(old.mount, MNT_DETACH), 0);
	ck_assert_str_eq(list_dir(&w, "/old"), "");
	path_put(old);
}
END_TEST

START_TEST(the_table_of_mounts)
{
	char *text;
	struct path path;

	make_dir(&w, "/a b", 0755);
	mount_at(&w, "/a b", tmpfs_fresh(65536, 0), MNT_NODEV);
	bind("/d/e", "/a b", false);
	ck_assert_int_gt(
		mount_table_text(w.ns, w.walk.root, TABLE_MOUNTS, &text), 0);
	ck_assert_ptr_nonnull(strstr(text, "test / tmpfs rw,relatime"));
	ck_assert_ptr_nonnull(strstr(text,
		"\ntest /a\\040b tmpfs rw,nodev,relatime,size=64k,mode=755 "
		"0 0\n"));
	free(text);
	ck_assert_int_gt(
		mount_table_text(w.ns, w.walk.root, TABLE_MOUNTINFO, &text), 0);
	ck_assert_ptr_nonnull(strstr(text, " /d/e /a\\040b rw,relatime - "));
	free(text);
	/* From another root only what is below it. */
	ck_assert_int_eq(walk_to(&w, "/d", 0, &path), 0);
	ck_assert_int_eq(mount_table_text(w.ns, path, TABLE_MOUNTS, &text), 0);
	free(text);
	path_put(path);
}
END_TEST

/* ---- Making and removing ----------------------------------------------- */

START_TEST(making_says_what_is_wrong)
{
	ck_assert_int_eq(make_dir(&w, "/d", 0755), -EEXIST);
	ck_assert_int_eq(make_dir(&w, "/", 0755), -EEXIST);
	ck_assert_int_eq(make_dir(&w, "/d/.", 0755), -EEXIST);
	ck_assert_int_eq(make_dir(&w, "/new/", 0755), 0);
	ck_assert_int_eq(make_file(&w, "/new2/", 0755), -ENOENT);
	ck_assert_int_eq(make_file(&w, "/none/x", 0755), -ENOENT);
	ck_assert_int_eq(make_file(&w, "/d/f/x", 0755), -ENOTDIR);
	make_link(&w, "/l", "nowhere");
	ck_assert_int_eq(make_dir(&w, "/l", 0755), -EEXIST);
	ck_assert_int_eq(make_dir(&w, "/l/", 0755), -EEXIST);
	w.walk.cred = w.user;
	ck_assert_int_eq(make_file(&w, "/x", 0644), -EACCES);
	ck_assert_int_eq(make_file(&w, "/d", 0644), -EEXIST);
}
END_TEST

START_TEST(removing_says_what_is_wrong)
{
	ck_assert_int_eq(vfs_unlink(&w.walk, "/d"), -EISDIR);
	ck_assert_int_eq(vfs_unlink(&w.walk, "/d/."), -EISDIR);
	ck_assert_int_eq(vfs_unlink(&w.walk, "/d/f/"), -ENOTDIR);
	ck_assert_int_eq(vfs_unlink(&w.walk, "/d/none"), -ENOENT);
	ck_assert_int_eq(vfs_rmdir(&w.walk, "/d"), -ENOTEMPTY);
	ck_assert_int_eq(vfs_rmdir(&w.walk, "/d/f"), -ENOTDIR);
	ck_assert_int_eq(vfs_rmdir(&w.walk, "/d/e/."), -EINVAL);
	ck_assert_int_eq(vfs_rmdir(&w.walk, "/d/e/.."), -ENOTEMPTY);
	ck_assert_int_eq(vfs_rmdir(&w.walk, "/"), -EBUSY);
	ck_assert_int_eq(vfs_rmdir(&w.walk, "/d/e/"), 0);
	ck_assert_int_eq(vfs_unlink(&w.walk, "/d/f"), 0);
	ck_assert_int_eq(exists(&w, "/d/f"), -ENOENT);
	ck_assert_int_eq(vfs_rmdir(&w.walk, "/d"), 0);
	ck_assert_int_eq(exists(&w, "/d"), -ENOENT);
	ck_assert_int_eq(make_dir(&w, "/d", 0755), 0);
}
END_TEST

START_TEST(the_sticky_bit_keeps_others_away)
{
	struct path path;
	struct attr attr = {.uid = 1001};

	make_dir(&w, "/t", 01777);
	put_text(&w, "/t/roots", "x");
	w.walk.cred = w.user;
	put_text(&w, "/t/mine", "x");
	ck_assert_int_eq(vfs_unlink(&w.walk, "/t/roots"), -EPERM);
	ck_assert_int_eq(
		vfs_rename(&w.walk, "/t/mine", &w.walk, "/t/roots", 0), -EPERM);
	ck_assert_int_eq(vfs_unlink(&w.walk, "/t/mine"), 0);
	put_text(&w, "/t/mine", "x");
	ck_assert_int_eq(walk_to(&w, "/t/mine", 0, &path), 0);
	ck_assert_int_eq(vfs_setattr(path, w.user, &attr, ATTR_UID), -EPERM);
	ck_assert_int_eq(vfs_setattr(path, w.root, &attr, ATTR_UID), 0);
	path_put(path);
	ck_assert_int_eq(vfs_unlink(&w.walk, "/t/mine"), -EPERM);
}
END_TEST

START_TEST(hard_links)
{
	struct path path;

	ck_assert_int_eq(walk_to(&w, "/d/f", 0, &path), 0);
	ck_assert_int_eq(vfs_link(path, &w.walk, "/g"), 0);
	ck_assert_uint_eq(attr_of(&w, "/g").nlink, 2);
	ck_assert_uint_eq(attr_of(&w, "/g").ino, attr_of(&w, "/d/f").ino);
	ck_assert_int_eq(vfs_link(path, &w.walk, "/g"), -EEXIST);
	/* Renaming one onto the other does nothing. */
	ck_assert_int_eq(vfs_rename(&w.walk, "/g", &w.walk, "/d/f", 0), 0);
	ck_assert_int_eq(exists(&w, "/g"), 0);
	ck_assert_int_eq(vfs_unlink(&w.walk, "/d/f"), 0);
	ck_assert_str_eq(get_text(&w, "/g"), "text");
	ck_assert_uint_eq(attr_of(&w, "/g").nlink, 1);
	path_put(path);
	ck_assert_int_eq(walk_to(&w, "/d", 0, &path), 0);
	ck_assert_int_eq(vfs_link(path, &w.walk, "/h"), -EPERM);
	path_put(path);
	mount_at(&w, "/d/e", tmpfs_fresh(0, 0), 0);
	ck_assert_int_eq(walk_to(&w, "/g", 0, &path), 0);
	ck_assert_int_eq(vfs_link(path, &w.walk, "/d/e/g"), -EXDEV);
	ck_assert_int_eq(vfs_unlink(&w.walk, "/g"), 0);
	ck_assert_int_eq(vfs_link(path, &w.walk, "/h"), -ENOENT);
	path_put(path);
}
END_TEST

START_TEST(new_files_in_a_set_group_id_folder)
{
	struct attr attr = {.gid = 7, .mode = 02777};
	struct path path;

	ck_assert_int_eq(walk_to(&w, "/d", 0, &path), 0);
	vfs_setattr(path, w.root, &attr, ATTR_GID);
	vfs_setattr(path, w.root, &attr, ATTR_MODE);
	path_put(path);
	w.walk.cred = w.user;
	make_file(&w, "/d/x", 02755);
	make_dir(&w, "/d/y", 0755);
	ck_assert_uint_eq(attr_of(&w, "/d/x").gid, 7);
	ck_assert_uint_eq(attr_of(&w, "/d/x").mode & 07777, 0755);
	ck_assert_uint_eq(attr_of(&w, "/d/y").gid, 7);
	ck_assert_uint_eq(attr_of(&w, "/d/y").mode & 07777, 02755);
}
END_TEST

/* ---- Rename ------------------------------------------------------------ */

static int rename_to(const char *from, const char *to, unsigned int flags)
{
	return vfs_rename(&w.walk, from, &w.walk, to, flags);
}

START_TEST(rename_moves_a_tree)
{
	struct path in;
	static char buf[VFS_PATH_MAX];

	put_text(&w, "/d/e/deep", "deep");
	ck_assert_int_eq(walk_to(&w, "/d/e/deep", 0, &in), 0);
	make_dir(&w, "/x", 0755);
	ck_assert_int_eq(rename_to("/d", "/x/a-much-longer-name", 0), 0);
	ck_assert_int_eq(exists(&w, "/d"), -ENOENT);
	ck_assert_str_eq(get_text(&w, "/x/a-much-longer-name/e/deep"), "deep");
	ck_assert_str_eq(path_name(in, w.walk.root, buf, sizeof(buf)),
		"/x/a-much-longer-name/e/deep");
	ck_assert_uint_eq(attr_of(&w, "/x").nlink, 3);
	ck_assert_int_eq(rename_to("/x/a-much-longer-name", "/y", 0), 0);
	ck_assert_uint_eq(attr_of(&w, "/x").nlink, 2);
	ck_assert_str_eq(place("/y/e/.."), "/y");
	path_put(in);
}
END_TEST

START_TEST(rename_replaces)
{
	struct path old;
	static char buf[VFS_PATH_MAX];

	put_text(&w, "/d/g", "new");
	ck_assert_int_eq(walk_to(&w, "/d/f", 0, &old), 0);
	ck_assert_int_eq(rename_to("/d/g", "/d/f", RENAME_NOREPLACE), -EEXIST);
	ck_assert_int_eq(rename_to("/d/g", "/d/f", 0), 0);
	ck_assert_str_eq(get_text(&w, "/d/f"), "new");
	ck_assert_int_eq(exists(&w, "/d/g"), -ENOENT);
	ck_assert_str_eq(path_name(old, w.walk.root, buf, sizeof(buf)),
		"/d/f (deleted)");
	ck_assert_uint_eq(old.dentry->inode->attr.nlink, 0);
	path_put(old);
	ck_assert_int_eq(rename_to("/d/f", "/d/e", 0), -EISDIR);
	ck_assert_int_eq(rename_to("/d/e", "/d/f", 0), -ENOTDIR);
	make_dir(&w, "/full", 0755);
	make_dir(&w, "/full/in", 0755);
	ck_assert_int_eq(rename_to("/d/e", "/full", 0), -ENOTEMPTY);
	ck_assert_int_eq(rename_to("/d/e", "/full/in", 0), 0);
}
END_TEST

START_TEST(rename_says_what_is_wrong)
{
	ck_assert_int_eq(rename_to("/d", "/d/e/x", 0), -EINVAL);
	ck_assert_int_eq(rename_to("/d", "/d/x", 0), -EINVAL);
	ck_assert_int_eq(rename_to("/d/e", "/d", 0), -ENOTEMPTY);
	ck_assert_int_eq(rename_to("/none", "/x", 0), -ENOENT);
	ck_assert_int_eq(rename_to("/d/.", "/x", 0), -EBUSY);
	ck_assert_int_eq(rename_to("/d", "/x/..", 0), -ENOENT);
	ck_assert_int_eq(rename_to("/d", "/..", 0), -EBUSY);
	ck_assert_int_eq(rename_to("/d/f/", "/x", 0), -ENOTDIR);
	ck_assert_int_eq(rename_to("/d/f", "/x/", 0), -ENOTDIR);
	ck_assert_int_eq(rename_to("/d/e/", "/x/", 0), 0);
	ck_assert_int_eq(rename_to("/x", "/x", 0), 0);
	w.walk.cred = w.user;
	ck_assert_int_eq(rename_to("/d/f", "/d/g", 0), -EACCES);
}
END_TEST

START_TEST(rename_exchanges)
{
	ck_assert_int_eq(rename_to("/d/f", "/none", RENAME_EXCHANGE), -ENOENT);
	make_dir(&w, "/x", 0755);
	put_text(&w, "/x/in", "in");
	ck_assert_int_eq(rename_to("/x", "/d/f", RENAME_EXCHANGE), 0);
	ck_assert_str_eq(get_text(&w, "/x"), "text");
	ck_assert_str_eq(get_text(&w, "/d/f/in"), "in");
	ck_assert_uint_eq(attr_of(&w, "/d").nlink, 4);
	ck_assert_int_eq(rename_to("/d", "/d/f/in", RENAME_EXCHANGE), -EINVAL);
	ck_assert_int_eq(rename_to("/d/f/in", "/d", RENAME_EXCHANGE), -EINVAL);
}
END_TEST

/* ---- Open -------------------------------------------------------------- */

static int opens(const char *name, int flags)
{
	struct file *file;
	int err = vfs_open(&w.walk, name, flags, 0600, &file);

	if (!err)
		file_put(file);
	return err;
}

START_TEST(open_says_what_is_wrong)
{
	make_link(&w, "/l", "d/f");
	make_link(&w, "/new", "made");
	ck_assert_int_eq(opens("/none", O_RDONLY), -ENOENT);
	ck_assert_int_eq(opens("/d", O_WRONLY), -EISDIR);
	ck_assert_int_eq(opens("/d", O_RDONLY | O_TRUNC), -EISDIR);
	ck_assert_int_eq(opens("/d", O_RDONLY | O_CREAT), -EISDIR);
	ck_assert_int_eq(opens("/d/.", O_RDONLY | O_CREAT), -EISDIR);
	ck_assert_int_eq(opens("/d/x/", O_RDONLY | O_CREAT), -EISDIR);
	ck_assert_int_eq(opens("/d/f", O_CREAT | O_EXCL), -EEXIST);
	ck_assert_int_eq(opens("/l", O_CREAT | O_EXCL), -EEXIST);
	ck_assert_int_eq(opens("/d/f", O_RDONLY | O_DIRECTORY), -ENOTDIR);
	ck_assert_int_eq(opens("/l", O_RDONLY | O_NOFOLLOW), -ELOOP);
	ck_assert_int_eq(
		opens("/l", O_RDONLY | O_NOFOLLOW | O_DIRECTORY), -ENOTDIR);
	ck_assert_int_eq(opens("/l", O_PATH | O_NOFOLLOW), 0);
	ck_assert_int_eq(opens("/d/x", O_CREAT | O_DIRECTORY), -EINVAL);
	/* Through a dangling link a file is made where it points. */
	ck_assert_int_eq(opens("/new", O_WRONLY | O_CREAT), 0);
	ck_assert_int_eq(exists(&w, "/made"), 0);
}
END_TEST

START_TEST(open_checks_permission)
{
	make_file(&w, "/secret", 0600);
	make_file(&w, "/shown", 0644);
	w.walk.cred = w.user;
	ck_assert_int_eq(opens("/secret", O_RDONLY), -EACCES);
	ck_assert_int_eq(opens("/secret", O_PATH), 0);
	ck_assert_int_eq(opens("/shown", O_RDONLY), 0);
	ck_assert_int_eq(opens("/shown", O_RDWR), -EACCES);
	ck_assert_int_eq(opens("/shown", O_RDONLY | O_TRUNC), -EACCES);
	ck_assert_int_eq(opens("/shown", O_RDONLY | O_NOATIME), -EPERM);
	ck_assert_int_eq(opens("/x", O_RDWR | O_CREAT), -EACCES);
}
END_TEST

START_TEST(a_new_file_may_be_written_whatever_its_mode)
{
	struct file *file;

	make_dir(&w, "/t", 0777);
	w.walk.cred = w.user;
	ck_assert_int_eq(
		vfs_open(&w.walk, "/t/x", O_RDWR | O_CREAT, 0, &file), 0);
	ck_assert_int_eq(write_bytes(file, "abc", 3, -1), 3);
	ck_assert_int_eq(file->pos, 3);
	file_put(file);
	ck_assert_int_eq(opens("/t/x", O_RDONLY), -EACCES);
}
END_TEST

START_TEST(a_running_file_is_busy)
{
	struct path path;
	struct file *file;

	ck_assert_int_eq(walk_to(&w, "/d/f", 0, &path), 0);
	ck_assert_int_eq(vfs_open(&w.walk, "/d/f", O_RDWR, 0, &file), 0);
	ck_assert_int_eq(inode_deny_write(path.dentry->inode), -ETXTBSY);
	file_put(file);
	ck_assert_int_eq(inode_deny_write(path.dentry->inode), 0);
	ck_assert_int_eq(opens("/d/f", O_RDWR), -ETXTBSY);
	ck_assert_int_eq(opens("/d/f", O_RDONLY), 0);
	inode_allow_write(path.dentry->inode);
	ck_assert_int_eq(opens("/d/f", O_RDWR), 0);
	path_put(path);
}
END_TEST

START_TEST(nameless_files)
{
	struct file *file;

	ck_assert_int_eq(opens("/d", O_TMPFILE | O_RDONLY), -EINVAL);
	ck_assert_int_eq(opens("/d/f", O_TMPFILE | O_RDWR), -ENOTDIR);
	ck_assert_int_eq(
		vfs_open(&w.walk, "/d", O_TMPFILE | O_RDWR, 0600, &file), 0);
	ck_assert_int_eq(write_bytes(file, "abc", 3, -1), 3);
	ck_assert_uint_eq(file->inode->attr.nlink, 0);
	ck_assert_str_eq(list_dir(&w, "/d"), "e f");
	ck_assert_int_eq(vfs_link(file->path, &w.walk, "/d/named"), 0);
	ck_assert_str_eq(get_text(&w, "/d/named"), "abc");
	file_put(file);
	ck_assert_int_eq(vfs_open(&w.walk, "/d", O_TMPFILE | O_RDWR | O_EXCL,
				 0600, &file),
		0);
	ck_assert_int_eq(vfs_link(file->path, &w.walk, "/d/other"), -ENOENT);
	file_put(file);
}
END_TEST

START_TEST(a_removed_folder_takes_nothing_new)
{
	struct world in = w;

	ck_assert_int_eq(walk_to(&w, "/d/e", WALK_DIRECTORY, &in.walk.base), 0);
	ck_assert_int_eq(vfs_rmdir(&w.walk, "/d/e"), 0);
	ck_assert_int_eq(make_file(&in, "x", 0644), -ENOENT);
	ck_assert_int_eq(exists(&in, "."), 0);
	ck_assert_int_eq(exists(&in, "x"), -ENOENT);
	path_put(in.walk.base);
}
END_TEST

/* ---- The cache --------------------------------------------------------- */

START_TEST(the_cache_may_be_dropped_at_any_time)
{
	char name[32];
	int i;

	for (i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "/d/e/n%d", i);
		ck_assert_int_eq(make_file(&w, name, 0644), 0);
	}
	dentry_shrink(SIZE_MAX);
	for (i = 0; i < 3000; i += 7) {
		snprintf(name, sizeof(name), "/d/e/n%d", i);
		ck_assert_int_eq(exists(&w, name), 0);
		ck_assert_int_eq(vfs_unlink(&w.walk, name), 0);
		ck_assert_int_eq(exists(&w, name), -ENOENT);
	}
	dentry_shrink(SIZE_MAX);
	ck_assert_int_eq(exists(&w, "/d/e/n7"), -ENOENT);
	ck_assert_int_eq(exists(&w, "/d/e/n8"), 0);
}
END_TEST

int main(void)
{
	const TTest *tests[] = {components_and_slashes,
		a_name_has_at_most_255_bytes, symlinks_are_followed,
		forty_symlinks_are_the_limit, each_folder_must_be_searchable,
		resolve_flags, mounts_are_crossed_both_ways,
		a_mount_in_use_is_busy, a_read_only_mount_refuses_changes,
		a_namespace_copy_is_apart, bind_mounts, mounts_move,
		pivoting_the_root, the_table_of_mounts,
		making_says_what_is_wrong, removing_says_what_is_wrong,
		the_sticky_bit_keeps_others_away, hard_links,
		new_files_in_a_set_group_id_folder, rename_moves_a_tree,
		rename_replaces, rename_says_what_is_wrong, rename_exchanges,
		open_says_what_is_wrong, open_checks_permission,
		a_new_file_may_be_written_whatever_its_mode,
		a_running_file_is_busy, nameless_files,
		a_removed_folder_takes_nothing_new,
		the_cache_may_be_dropped_at_any_time};

	return run_tests("vfs", setup, teardown, tests,
		sizeof(tests) / sizeof(tests[0]));
}
