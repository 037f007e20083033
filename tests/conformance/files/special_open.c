/* O_TMPFILE, O_PATH, openat2 and its RESOLVE_ flags. */
#include "tests/conformance/harness.h"

#include <linux/openat2.h>

static int openat2(int dir, const char *path, uint64_t flags, uint64_t mode,
	uint64_t resolve)
{
	struct open_how how = {flags, mode, resolve};

	return syscall(SYS_openat2, dir, path, &how, sizeof(how));
}

static void need_tmpfile(void)
{
	int fd = open(".", O_RDWR | O_TMPFILE, 0600);

	if (fd < 0 && errno == EOPNOTSUPP)
		SKIP("no O_TMPFILE on this filesystem");
	close(MUST(fd));
}

CASE(tmpfile_has_no_name_and_can_be_given_one)
{
	char path[40];
	char text[10];
	struct stat st;
	int fd;

	need_tmpfile();
	fd = MUST(open(".", O_RDWR | O_TMPFILE, 0640));
	MUST(fstat(fd, &st));
	EXPECT_EQ(st.st_nlink, 0);
	EXPECT_EQ(st.st_mode, S_IFREG | 0640);
	EXPECT_EQ(write(fd, "abc", 3), 3);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	EXPECT_OK(linkat(AT_FDCWD, path, AT_FDCWD, "f", AT_SYMLINK_FOLLOW));
	conf_slurp("f", text, sizeof(text));
	EXPECT_STR(text, "abc");
}

CASE(tmpfile_with_excl_cannot_be_named)
{
	char path[40];
	int fd;

	need_tmpfile();
	fd = MUST(open(".", O_RDWR | O_TMPFILE | O_EXCL, 0600));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	EXPECT_ERRNO(linkat(AT_FDCWD, path, AT_FDCWD, "f", AT_SYMLINK_FOLLOW),
		ENOENT);
}

CASE(tmpfile_errors)
{
	need_tmpfile();
	close(conf_file("f", ""));
	EXPECT_ERRNO(open(".", O_RDONLY | O_TMPFILE, 0600), EINVAL);
	EXPECT_ERRNO(open("f", O_RDWR | O_TMPFILE, 0600), ENOTDIR);
	EXPECT_ERRNO(open("missing", O_RDWR | O_TMPFILE, 0600), ENOENT);
}

CASE(path_descriptor_only_names)
{
	struct stat st;
	char c = 'x';
	int fd;

	close(conf_file("f", "abc"));
	fd = MUST(open("f", O_PATH));
	EXPECT_ERRNO(read(fd, &c, 1), EBADF);
	EXPECT_ERRNO(write(fd, &c, 1), EBADF);
	EXPECT_ERRNO(lseek(fd, 0, SEEK_CUR), EBADF);
	EXPECT_ERRNO(ftruncate(fd, 0), EBADF);
	EXPECT_OK(fstat(fd, &st));
	EXPECT_EQ(st.st_size, 3);
	EXPECT_EQ(fcntl(fd, F_GETFL) & O_PATH, O_PATH);
	EXPECT_OK(dup(fd));
}

CASE_USER(path_descriptor_needs_no_permission_on_the_file)
{
	close(conf_file("f", ""));
	MUST(chmod("f", 0));
	EXPECT_OK(open("f", O_PATH));
	EXPECT_OK(open("f", O_PATH | O_WRONLY | O_TRUNC));
}

CASE(path_of_a_link_itself)
{
	struct stat st;
	int fd;

	MUST(symlink("nowhere", "l"));
	EXPECT_ERRNO(open("l", O_PATH), ENOENT);
	fd = MUST(open("l", O_PATH | O_NOFOLLOW));
	MUST(fstat(fd, &st));
	EXPECT(S_ISLNK(st.st_mode));
}

CASE(path_descriptor_is_a_starting_point)
{
	int dir;

	MUST(mkdir("d", 0755));
	close(conf_file("d/f", ""));
	dir = MUST(open("d", O_PATH | O_DIRECTORY));
	EXPECT_OK(openat(dir, "f", O_RDONLY));
	EXPECT_ERRNO(open("d/f", O_PATH | O_DIRECTORY), ENOTDIR);
}

CASE(path_descriptor_reopens_through_proc)
{
	char path[40];
	char text[4];
	int fd;

	close(conf_file("f", "abc"));
	fd = MUST(open("f", O_PATH));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	fd = MUST(open(path, O_RDONLY));
	EXPECT_EQ(read(fd, text, 3), 3);
}

CASE(openat2_is_strict_about_flags)
{
	EXPECT_OK(openat2(AT_FDCWD, ".", O_RDONLY, 0, 0));
	EXPECT_ERRNO(
		openat2(AT_FDCWD, ".", O_RDONLY | 0x40000000, 0, 0), EINVAL);
	EXPECT_ERRNO(openat2(AT_FDCWD, ".", O_RDONLY, 0600, 0), EINVAL);
	EXPECT_ERRNO(
		openat2(AT_FDCWD, "f", O_RDWR | O_CREAT, 010000, 0), EINVAL);
	EXPECT_ERRNO(openat2(AT_FDCWD, ".", O_RDONLY, 0, 1 << 20), EINVAL);
	EXPECT_ERRNO(openat2(AT_FDCWD, ".", O_PATH | O_RDWR, 0, 0), EINVAL);
}

CASE(openat2_checks_the_size_of_how)
{
	struct {
		struct open_how how;
		uint64_t more;
	} big = {{O_RDONLY, 0, 0}, 0};
	long size = sizeof(big.how);

	EXPECT_ERRNO(
		syscall(SYS_openat2, AT_FDCWD, ".", &big, size - 1), EINVAL);
	EXPECT_OK(syscall(SYS_openat2, AT_FDCWD, ".", &big, sizeof(big)));
	big.more = 1;
	EXPECT_ERRNO(
		syscall(SYS_openat2, AT_FDCWD, ".", &big, sizeof(big)), E2BIG);
	EXPECT_ERRNO(syscall(SYS_openat2, AT_FDCWD, ".", conf_unmapped(), size),
		EFAULT);
}

CASE(resolve_beneath_refuses_to_leave)
{
	int dir;

	MUST(mkdir("d", 0755));
	MUST(mkdir("d/e", 0755));
	close(conf_file("d/f", ""));
	close(conf_file("out", ""));
	MUST(symlink("../out", "d/l"));
	MUST(symlink("/dev/null", "d/abs"));
	dir = MUST(open("d", O_RDONLY));
	EXPECT_OK(openat2(dir, "f", O_RDONLY, 0, RESOLVE_BENEATH));
	EXPECT_OK(openat2(dir, "e/../f", O_RDONLY, 0, RESOLVE_BENEATH));
	EXPECT_ERRNO(openat2(dir, "..", O_PATH, 0, RESOLVE_BENEATH), EXDEV);
	EXPECT_ERRNO(openat2(dir, "l", O_RDONLY, 0, RESOLVE_BENEATH), EXDEV);
	EXPECT_ERRNO(openat2(dir, "abs", O_RDONLY, 0, RESOLVE_BENEATH), EXDEV);
	EXPECT_ERRNO(openat2(dir, "/dev", O_PATH, 0, RESOLVE_BENEATH), EXDEV);
}

CASE(resolve_in_root_makes_the_folder_a_root)
{
	int dir;

	MUST(mkdir("d", 0755));
	close(conf_file("d/f", ""));
	MUST(symlink("/f", "d/abs"));
	dir = MUST(open("d", O_RDONLY));
	EXPECT_OK(openat2(dir, "/f", O_RDONLY, 0, RESOLVE_IN_ROOT));
	EXPECT_OK(openat2(dir, "../../f", O_RDONLY, 0, RESOLVE_IN_ROOT));
	EXPECT_OK(openat2(dir, "abs", O_RDONLY, 0, RESOLVE_IN_ROOT));
	EXPECT_ERRNO(openat2(dir, "f", O_RDONLY, 0,
			     RESOLVE_IN_ROOT | RESOLVE_BENEATH),
		EINVAL);
}

CASE(resolve_no_symlinks_refuses_any_link)
{
	MUST(mkdir("d", 0755));
	close(conf_file("d/f", ""));
	MUST(symlink("d", "l"));
	EXPECT_OK(openat2(AT_FDCWD, "d/f", O_RDONLY, 0, RESOLVE_NO_SYMLINKS));
	EXPECT_ERRNO(openat2(AT_FDCWD, "l/f", O_RDONLY, 0, RESOLVE_NO_SYMLINKS),
		ELOOP);
	EXPECT_ERRNO(openat2(AT_FDCWD, "l", O_RDONLY, 0, RESOLVE_NO_SYMLINKS),
		ELOOP);
}

CASE(resolve_no_magiclinks_refuses_proc_links)
{
	EXPECT_ERRNO(openat2(AT_FDCWD, "/proc/self/exe", O_RDONLY, 0,
			     RESOLVE_NO_MAGICLINKS),
		ELOOP);
	EXPECT_OK(openat2(AT_FDCWD, "/proc/self/status", O_RDONLY, 0,
		RESOLVE_NO_MAGICLINKS));
}

CASE(resolve_no_xdev_refuses_other_mounts)
{
	int root = MUST(open("/", O_PATH));

	EXPECT_ERRNO(
		openat2(root, "proc/version", O_RDONLY, 0, RESOLVE_NO_XDEV),
		EXDEV);
	EXPECT_OK(openat2(AT_FDCWD, ".", O_RDONLY, 0, RESOLVE_NO_XDEV));
}
