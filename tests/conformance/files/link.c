/* link, linkat, symlink, symlinkat, readlink, readlinkat. */
#include "tests/conformance/harness.h"

#include <limits.h>

static nlink_t links(const char *path)
{
	struct stat st;

	MUST(lstat(path, &st));
	return st.st_nlink;
}

CASE(second_name_is_the_same_file)
{
	struct stat a;
	struct stat b;

	close(conf_file("a", "x"));
	EXPECT_OK(link("a", "b"));
	MUST(stat("a", &a));
	MUST(stat("b", &b));
	EXPECT_EQ(a.st_ino, b.st_ino);
	EXPECT_EQ(b.st_nlink, 2);
	MUST(unlink("a"));
	EXPECT_EQ(links("b"), 1);
}

CASE(link_errors)
{
	close(conf_file("f", ""));
	MUST(mkdir("d", 0755));
	EXPECT_ERRNO(link("f", "d"), EEXIST);
	EXPECT_ERRNO(link("missing", "x"), ENOENT);
	EXPECT_ERRNO(link("f", "missing/x"), ENOENT);
	EXPECT_ERRNO(link("d", "x"), EPERM);
	EXPECT_ERRNO(link("f/x", "x"), ENOTDIR);
	EXPECT_ERRNO(link("f", "f/x"), ENOTDIR);
	EXPECT_ERRNO(link("f", "x/"), ENOENT);
	EXPECT_ERRNO(link(conf_unmapped(), "x"), EFAULT);
	EXPECT_ERRNO(link("f", ""), ENOENT);
}

CASE(link_does_not_follow_unless_told)
{
	struct stat st;

	close(conf_file("f", ""));
	MUST(symlink("f", "l"));
	EXPECT_OK(link("l", "hard"));
	MUST(lstat("hard", &st));
	EXPECT(S_ISLNK(st.st_mode));
	EXPECT_OK(linkat(AT_FDCWD, "l", AT_FDCWD, "file", AT_SYMLINK_FOLLOW));
	MUST(lstat("file", &st));
	EXPECT(S_ISREG(st.st_mode));
}

CASE(linkat_flags)
{
	int fd = conf_file("f", "");

	EXPECT_ERRNO(linkat(AT_FDCWD, "f", AT_FDCWD, "x", 1), EINVAL);
	EXPECT_ERRNO(linkat(fd, "", AT_FDCWD, "x", 0), ENOENT);
	EXPECT_ERRNO(linkat(-1, "f", AT_FDCWD, "x", 0), EBADF);
}

CASE(symlink_holds_any_text)
{
	char text[100];

	EXPECT_OK(symlink("no/such//place/../x", "l"));
	EXPECT_EQ(readlink("l", text, sizeof(text)), 19);
	EXPECT_MEM(text, "no/such//place/../x", 19);
}

CASE(symlink_errors)
{
	char path[PATH_MAX + 1];

	close(conf_file("f", ""));
	EXPECT_ERRNO(symlink("x", "f"), EEXIST);
	EXPECT_ERRNO(symlink("x", "missing/l"), ENOENT);
	EXPECT_ERRNO(symlink("", "l"), ENOENT);
	EXPECT_ERRNO(symlink("x", ""), ENOENT);
	EXPECT_ERRNO(symlink("x", "f/l"), ENOTDIR);
	EXPECT_ERRNO(symlink("x", "l/"), ENOENT);
	EXPECT_ERRNO(symlink(conf_unmapped(), "l"), EFAULT);
	EXPECT_ERRNO(symlink("x", conf_unmapped()), EFAULT);
	memset(path, 'x', PATH_MAX);
	path[PATH_MAX] = '\0';
	EXPECT_ERRNO(symlink(path, "l"), ENAMETOOLONG);
}

CASE(readlink_cuts_and_adds_no_nul)
{
	char text[8] = "-------";

	MUST(symlink("target", "l"));
	EXPECT_EQ(readlink("l", text, 3), 3);
	EXPECT_MEM(text, "tar-", 4);
	EXPECT_EQ(readlink("l", text, 7), 6);
	EXPECT_EQ(text[6], '-');
}

CASE(readlink_errors)
{
	char text[10];

	close(conf_file("f", ""));
	MUST(symlink("x", "l"));
	EXPECT_ERRNO(readlink("f", text, 10), EINVAL);
	EXPECT_ERRNO(readlink(".", text, 10), EINVAL);
	EXPECT_ERRNO(readlink("missing", text, 10), ENOENT);
	EXPECT_ERRNO(syscall(SYS_readlink, "l", text, 0), EINVAL);
	EXPECT_ERRNO(syscall(SYS_readlink, "l", text, -1), EINVAL);
	EXPECT_ERRNO(readlink("l", conf_unmapped(), 10), EFAULT);
	EXPECT_ERRNO(readlink(conf_unmapped(), text, 10), EFAULT);
	EXPECT_ERRNO(readlinkat(-1, "l", text, 10), EBADF);
}

CASE(empty_path_reads_the_link_that_is_open)
{
	char text[10];
	int fd;

	MUST(symlink("there", "l"));
	fd = MUST(open("l", O_PATH | O_NOFOLLOW));
	EXPECT_EQ(readlinkat(fd, "", text, sizeof(text)), 5);
	EXPECT_ERRNO(
		readlinkat(conf_file("f", ""), "", text, sizeof(text)), ENOENT);
}

CASE(symlink_is_relative_to_its_own_folder)
{
	MUST(mkdir("d", 0755));
	close(conf_file("d/f", ""));
	MUST(symlink("f", "d/l"));
	MUST(symlink("../d/f", "d/m"));
	EXPECT_OK(open("d/l", O_RDONLY));
	EXPECT_OK(open("d/m", O_RDONLY));
}

CASE(symlinkat_and_readlinkat_start_at_the_folder)
{
	char text[10];
	int dir;

	MUST(mkdir("d", 0755));
	dir = MUST(open("d", O_RDONLY));
	EXPECT_OK(symlinkat("x", dir, "l"));
	EXPECT_EQ(readlinkat(dir, "l", text, 10), 1);
	EXPECT_EQ(readlink("d/l", text, 10), 1);
}
