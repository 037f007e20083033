/* The calls that start at a folder's descriptor, and their flags. */
#include "tests/conformance/harness.h"

#include <sys/inotify.h>
#include <sys/xattr.h>

static int folder(void)
{
	MUST(mkdir("d", 0755));
	close(conf_file("d/f", "abc"));
	return MUST(open("d", O_RDONLY | O_DIRECTORY));
}

CASE(every_call_starts_at_the_folder)
{
	struct timeval v[2] = {{100, 0}, {200, 0}};
	struct stat st;
	int d = folder();

	EXPECT_OK(mkdirat(d, "sub", 0700));
	EXPECT_OK(mknodat(d, "node", S_IFREG | 0600, 0));
	EXPECT_OK(linkat(d, "f", d, "hard", 0));
	EXPECT_OK(renameat(d, "hard", d, "sub/moved"));
	EXPECT_OK(fchmodat(d, "f", 0604, 0));
	EXPECT_OK(fchownat(d, "f", -1, -1, 0));
	EXPECT_OK(syscall(SYS_futimesat, d, "f", v));
	EXPECT_OK(fstatat(d, "f", &st, 0));
	EXPECT_EQ(st.st_mtime, 200);
	EXPECT_EQ(st.st_mode & 0777, 0604);
	EXPECT_OK(faccessat(d, "sub/moved", R_OK, 0));
	EXPECT_OK(unlinkat(d, "sub/moved", 0));
	EXPECT_OK(unlinkat(d, "sub", AT_REMOVEDIR));
}

CASE(absolute_paths_ignore_the_descriptor)
{
	struct stat st;

	EXPECT_OK(fstatat(-1, "/dev/null", &st, 0));
	EXPECT_OK(faccessat(-1, "/dev/null", F_OK, 0));
	EXPECT_OK(openat(-1, "/dev/null", O_RDONLY));
	EXPECT_ERRNO(mkdirat(-1, "/dev", 0755), EEXIST);
	EXPECT_ERRNO(unlinkat(-1, "/missing", 0), ENOENT);
}

CASE(files_as_starting_points_are_enotdir)
{
	struct stat st;
	char text[10];
	int fd = conf_file("f", "");

	EXPECT_ERRNO(mkdirat(fd, "x", 0755), ENOTDIR);
	EXPECT_ERRNO(fstatat(fd, "x", &st, 0), ENOTDIR);
	EXPECT_ERRNO(unlinkat(fd, "x", 0), ENOTDIR);
	EXPECT_ERRNO(renameat(fd, "x", AT_FDCWD, "y"), ENOTDIR);
	EXPECT_ERRNO(linkat(AT_FDCWD, "f", fd, "y", 0), ENOTDIR);
	EXPECT_ERRNO(readlinkat(fd, "x", text, 10), ENOTDIR);
	EXPECT_ERRNO(symlinkat("x", fd, "y"), ENOTDIR);
	EXPECT_ERRNO(fchmodat(fd, "x", 0600, 0), ENOTDIR);
	EXPECT_ERRNO(mknodat(fd, "x", S_IFIFO, 0), ENOTDIR);
}

CASE(bad_starting_points_are_ebadf)
{
	char text[10];

	EXPECT_ERRNO(mkdirat(-1, "x", 0755), EBADF);
	EXPECT_ERRNO(unlinkat(9999, "x", 0), EBADF);
	EXPECT_ERRNO(renameat(AT_FDCWD, "x", -1, "y"), EBADF);
	EXPECT_ERRNO(linkat(-1, "x", AT_FDCWD, "y", 0), EBADF);
	EXPECT_ERRNO(symlinkat("x", -1, "y"), EBADF);
	EXPECT_ERRNO(readlinkat(-1, "x", text, 10), EBADF);
	EXPECT_ERRNO(fchmodat(-1, "x", 0600, 0), EBADF);
	EXPECT_ERRNO(fchownat(-1, "x", -1, -1, 0), EBADF);
	EXPECT_ERRNO(mknodat(-1, "x", S_IFIFO, 0), EBADF);
	EXPECT_ERRNO(faccessat(-1, "x", F_OK, 0), EBADF);
}

CASE(folder_descriptor_survives_its_removal_and_rename)
{
	int d = folder();

	MUST(rename("d", "e"));
	EXPECT_OK(faccessat(d, "f", F_OK, 0));
	MUST(unlink("e/f"));
	MUST(rmdir("e"));
	EXPECT_ERRNO(faccessat(d, "f", F_OK, 0), ENOENT);
	EXPECT_OK(faccessat(d, ".", F_OK, 0));
}

CASE(links_cannot_be_chmodded)
{
	MUST(symlink("x", "l"));
	EXPECT_ERRNO(syscall(452, AT_FDCWD, "l", 0600, AT_SYMLINK_NOFOLLOW),
		EOPNOTSUPP);
	EXPECT_ERRNO(syscall(452, AT_FDCWD, "l", 0600, 0x40000), EINVAL);
	close(conf_file("f", ""));
	EXPECT_OK(syscall(452, AT_FDCWD, "f", 0600, AT_SYMLINK_NOFOLLOW));
}

CASE(attributes_of_the_link_itself)
{
	char text[100];

	MUST(symlink("nowhere", "l"));
	EXPECT_EQ(llistxattr("l", text, sizeof(text)), 0);
	EXPECT_ERRNO(lgetxattr("l", "user.a", text, 10), ENODATA);
	EXPECT_ERRNO(getxattr("l", "user.a", text, 10), ENOENT);
	EXPECT_ERRNO(listxattr("l", text, 10), ENOENT);
	EXPECT_ERRNO(removexattr("l", "user.a"), ENOENT);
	EXPECT_ERRNO(flistxattr(-1, text, 10), EBADF);
}
