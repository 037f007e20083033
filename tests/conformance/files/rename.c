/* rename, renameat2. */
#include "tests/conformance/harness.h"

static ino_t inode(const char *path)
{
	struct stat st;

	return lstat(path, &st) < 0 ? 0 : st.st_ino;
}

CASE(moves_a_name)
{
	ino_t ino;

	close(conf_file("a", "x"));
	ino = inode("a");
	EXPECT_OK(rename("a", "b"));
	EXPECT_EQ(inode("b"), ino);
	EXPECT_ERRNO(access("a", F_OK), ENOENT);
}

CASE(replaces_a_file)
{
	char text[10];
	int old;

	close(conf_file("a", "new"));
	old = conf_file("b", "old");
	EXPECT_OK(rename("a", "b"));
	conf_slurp("b", text, sizeof(text));
	EXPECT_STR(text, "new");
	EXPECT_EQ(read(old, text, 3), 3);
	EXPECT_MEM(text, "old", 3);
}

CASE(same_file_is_nothing)
{
	close(conf_file("a", ""));
	MUST(link("a", "b"));
	EXPECT_OK(rename("a", "b"));
	EXPECT_OK(access("a", F_OK));
	EXPECT_OK(rename("a", "a"));
}

CASE(kinds_must_match)
{
	close(conf_file("f", ""));
	MUST(mkdir("d", 0755));
	EXPECT_ERRNO(rename("f", "d"), EISDIR);
	EXPECT_ERRNO(rename("d", "f"), ENOTDIR);
	EXPECT_ERRNO(rename("f", "new/"), ENOTDIR);
	EXPECT_OK(rename("d", "new/"));
}

CASE(folder_replaces_only_an_empty_folder)
{
	MUST(mkdir("a", 0755));
	MUST(mkdir("b", 0755));
	close(conf_file("b/f", ""));
	EXPECT_ERRNO(rename("a", "b"), ENOTEMPTY);
	MUST(unlink("b/f"));
	EXPECT_OK(rename("a", "b"));
	EXPECT_ERRNO(access("a", F_OK), ENOENT);
}

CASE(folder_cannot_go_into_itself)
{
	MUST(mkdir("a", 0755));
	MUST(mkdir("a/b", 0755));
	EXPECT_ERRNO(rename("a", "a/c"), EINVAL);
	EXPECT_ERRNO(rename("a", "a/b/c"), EINVAL);
	EXPECT_ERRNO(rename("a/b", "a"), ENOTEMPTY);
}

CASE(dot_names_are_ebusy)
{
	MUST(mkdir("d", 0755));
	EXPECT_ERRNO(rename(".", "x"), EBUSY);
	EXPECT_ERRNO(rename("d/..", "x"), EBUSY);
	EXPECT_ERRNO(rename("d", "."), EBUSY);
	EXPECT_ERRNO(rename("/", "x"), EBUSY);
}

CASE(missing_parts_are_enoent)
{
	close(conf_file("f", ""));
	EXPECT_ERRNO(rename("missing", "x"), ENOENT);
	EXPECT_ERRNO(rename("f", "missing/x"), ENOENT);
	EXPECT_ERRNO(rename("", "x"), ENOENT);
	EXPECT_ERRNO(rename("f", ""), ENOENT);
	EXPECT_ERRNO(rename("f/x", "y"), ENOTDIR);
}

CASE(links_themselves_are_moved)
{
	char text[10] = "";

	close(conf_file("f", ""));
	MUST(symlink("f", "l"));
	EXPECT_OK(rename("l", "m"));
	EXPECT_EQ(readlink("m", text, sizeof(text)), 1);
	EXPECT_OK(access("f", F_OK));
}

CASE(parent_of_a_moved_folder_changes)
{
	struct stat a;
	struct stat b;
	int fd;

	MUST(mkdir("p", 0755));
	MUST(mkdir("q", 0755));
	MUST(mkdir("p/d", 0755));
	fd = MUST(open("p/d", O_RDONLY));
	EXPECT_OK(rename("p/d", "q/d"));
	MUST(fstatat(fd, "..", &a, 0));
	MUST(stat("q", &b));
	EXPECT_EQ(a.st_ino, b.st_ino);
	EXPECT_EQ(b.st_nlink, 3);
	MUST(stat("p", &b));
	EXPECT_EQ(b.st_nlink, 2);
}

CASE(open_files_keep_their_folder)
{
	int fd;

	MUST(mkdir("a", 0755));
	fd = MUST(open("a", O_RDONLY));
	MUST(rename("a", "b"));
	EXPECT_OK(openat(fd, "f", O_RDWR | O_CREAT, 0600));
	EXPECT_OK(access("b/f", F_OK));
}

CASE(noreplace_is_eexist)
{
	close(conf_file("a", ""));
	close(conf_file("b", ""));
	EXPECT_ERRNO(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE),
		EEXIST);
	EXPECT_OK(renameat2(AT_FDCWD, "a", AT_FDCWD, "c", RENAME_NOREPLACE));
}

CASE(exchange_swaps_two_names)
{
	ino_t a;

	close(conf_file("a", ""));
	MUST(mkdir("b", 0755));
	a = inode("a");
	EXPECT_OK(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_EXCHANGE));
	EXPECT_EQ(inode("b"), a);
	EXPECT_ERRNO(renameat2(AT_FDCWD, "a", AT_FDCWD, "no", RENAME_EXCHANGE),
		ENOENT);
}

CASE(wrong_flags_are_einval)
{
	close(conf_file("a", ""));
	EXPECT_ERRNO(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", 0x80), EINVAL);
	EXPECT_ERRNO(renameat2(AT_FDCWD, "a", AT_FDCWD, "b",
			     RENAME_EXCHANGE | RENAME_NOREPLACE),
		EINVAL);
}

CASE(bad_pointers_are_efault)
{
	close(conf_file("a", ""));
	EXPECT_ERRNO(rename(conf_unmapped(), "b"), EFAULT);
	EXPECT_ERRNO(rename("a", conf_unmapped()), EFAULT);
}

CASE_USER(both_folders_must_be_writable)
{
	MUST(mkdir("p", 0755));
	close(conf_file("p/f", ""));
	close(conf_file("f", ""));
	MUST(chmod("p", 0555));
	EXPECT_ERRNO(rename("p/f", "x"), EACCES);
	EXPECT_ERRNO(rename("f", "p/x"), EACCES);
	MUST(chmod("p", 0755));
}
