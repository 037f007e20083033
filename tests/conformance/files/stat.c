/* stat, lstat, fstat, fstatat and statx. */
#include "tests/conformance/harness.h"

#include <sys/sysmacros.h>

CASE(three_ways_tell_the_same)
{
	struct stat a;
	struct stat b;
	struct stat c;
	int fd = conf_file("f", "abc");

	EXPECT_OK(stat("f", &a));
	EXPECT_OK(lstat("f", &b));
	EXPECT_OK(fstat(fd, &c));
	EXPECT_EQ(a.st_ino, b.st_ino);
	EXPECT_EQ(a.st_ino, c.st_ino);
	EXPECT_EQ(a.st_dev, c.st_dev);
	EXPECT_EQ(a.st_size, 3);
	EXPECT_EQ(a.st_mode, S_IFREG | 0644);
	EXPECT_EQ(a.st_mtim.tv_nsec, c.st_mtim.tv_nsec);
	EXPECT(a.st_blksize > 0);
}

CASE(lstat_sees_the_link_and_stat_the_file)
{
	struct stat st;

	close(conf_file("f", "abc"));
	MUST(symlink("f", "l"));
	EXPECT_OK(lstat("l", &st));
	EXPECT_EQ(st.st_mode, S_IFLNK | 0777);
	EXPECT_EQ(st.st_size, 1);
	EXPECT_OK(stat("l", &st));
	EXPECT(S_ISREG(st.st_mode));
	EXPECT_OK(fstatat(AT_FDCWD, "l", &st, AT_SYMLINK_NOFOLLOW));
	EXPECT(S_ISLNK(st.st_mode));
}

CASE(trailing_slash_follows_and_wants_a_folder)
{
	struct stat st;

	close(conf_file("f", ""));
	MUST(mkdir("d", 0755));
	MUST(symlink("d", "l"));
	EXPECT_OK(lstat("l/", &st));
	EXPECT(S_ISDIR(st.st_mode));
	EXPECT_ERRNO(stat("f/", &st), ENOTDIR);
	EXPECT_OK(stat("d///", &st));
}

CASE(bad_pointers_are_efault)
{
	struct stat st;

	EXPECT_ERRNO(syscall(SYS_stat, ".", conf_unmapped()), EFAULT);
	EXPECT_ERRNO(syscall(SYS_stat, ".", conf_read_only()), EFAULT);
	EXPECT_ERRNO(syscall(SYS_lstat, conf_unmapped(), &st), EFAULT);
	EXPECT_ERRNO(syscall(SYS_fstat, 1, conf_unmapped()), EFAULT);
	EXPECT_ERRNO(
		syscall(SYS_stat, ".", conf_guarded(sizeof(struct stat) - 1)),
		EFAULT);
	EXPECT_OK(syscall(SYS_stat, ".", conf_guarded(sizeof(struct stat))));
}

CASE(errors_of_the_path)
{
	struct stat st;

	close(conf_file("f", ""));
	EXPECT_ERRNO(stat("missing", &st), ENOENT);
	EXPECT_ERRNO(stat("", &st), ENOENT);
	EXPECT_ERRNO(stat("f/x", &st), ENOTDIR);
	EXPECT_ERRNO(fstat(-1, &st), EBADF);
	EXPECT_ERRNO(fstatat(-1, "f", &st, 0), EBADF);
	EXPECT_OK(fstatat(-1, "/", &st, 0));
}

CASE(empty_path_is_the_descriptor_itself)
{
	struct stat st;
	int fd = conf_file("f", "abcd");

	EXPECT_OK(fstatat(fd, "", &st, AT_EMPTY_PATH));
	EXPECT_EQ(st.st_size, 4);
	EXPECT_ERRNO(fstatat(fd, "", &st, 0), ENOENT);
	EXPECT_OK(fstatat(AT_FDCWD, "", &st, AT_EMPTY_PATH));
	EXPECT(S_ISDIR(st.st_mode));
}

CASE(unknown_flags_are_einval)
{
	struct stat st;

	EXPECT_ERRNO(syscall(SYS_newfstatat, AT_FDCWD, ".", &st, 1), EINVAL);
	EXPECT_ERRNO(
		syscall(SYS_newfstatat, AT_FDCWD, ".", &st, 0x10000), EINVAL);
}

CASE(blocks_grow_with_data)
{
	char text[20000];
	struct stat st;
	int fd = conf_file("f", "");

	MUST(fstat(fd, &st));
	EXPECT_EQ(st.st_blocks, 0);
	memset(text, 'x', sizeof(text));
	MUST(write(fd, text, sizeof(text)));
	MUST(fsync(fd));
	MUST(fstat(fd, &st));
	EXPECT_EQ(st.st_blocks, 40);
}

CASE(devices_tell_their_numbers)
{
	struct stat st;

	EXPECT_OK(stat("/dev/null", &st));
	EXPECT(S_ISCHR(st.st_mode));
	EXPECT_EQ(major(st.st_rdev), 1);
	EXPECT_EQ(minor(st.st_rdev), 3);
	EXPECT_OK(stat("/dev/zero", &st));
	EXPECT_EQ(minor(st.st_rdev), 5);
}

CASE(folder_counts_its_subfolders)
{
	struct stat st;

	MUST(mkdir("d", 0755));
	MUST(stat("d", &st));
	EXPECT_EQ(st.st_nlink, 2);
	MUST(mkdir("d/e", 0755));
	close(conf_file("d/f", ""));
	MUST(stat("d", &st));
	EXPECT_EQ(st.st_nlink, 3);
}

CASE(dot_and_dot_dot_are_the_folders)
{
	struct stat a;
	struct stat b;

	MUST(mkdir("d", 0755));
	MUST(stat(".", &a));
	MUST(stat("d/..", &b));
	EXPECT_EQ(a.st_ino, b.st_ino);
	MUST(stat("/..", &a));
	MUST(stat("/", &b));
	EXPECT_EQ(a.st_ino, b.st_ino);
}

CASE(statx_tells_what_stat_tells)
{
	struct statx x;
	struct stat st;
	int fd = conf_file("f", "abcde");

	MUST(fstat(fd, &st));
	EXPECT_OK(statx(AT_FDCWD, "f", 0, STATX_BASIC_STATS, &x));
	EXPECT_EQ(x.stx_mask & STATX_BASIC_STATS, STATX_BASIC_STATS);
	EXPECT_EQ(x.stx_ino, st.st_ino);
	EXPECT_EQ(x.stx_size, 5);
	EXPECT_EQ(x.stx_mode, S_IFREG | 0644);
	EXPECT_EQ(x.stx_dev_major, major(st.st_dev));
	EXPECT_EQ(x.stx_mtime.tv_nsec, st.st_mtim.tv_nsec);
	EXPECT_OK(statx(fd, "", AT_EMPTY_PATH, STATX_SIZE, &x));
	EXPECT_EQ(x.stx_size, 5);
}

CASE(statx_errors)
{
	struct statx x;

	EXPECT_ERRNO(statx(AT_FDCWD, ".", 0, 0x80000000, &x), EINVAL);
	EXPECT_ERRNO(statx(AT_FDCWD, ".", 0x6000, 0, &x), EINVAL);
	EXPECT_ERRNO(statx(AT_FDCWD, "missing", 0, 0, &x), ENOENT);
	EXPECT_ERRNO(statx(AT_FDCWD, "", 0, 0, &x), ENOENT);
	EXPECT_ERRNO(statx(AT_FDCWD, ".", 0, 0, conf_unmapped()), EFAULT);
}

CASE(pipe_has_a_kind_of_its_own)
{
	struct stat st;
	int p[2];

	MUST(pipe(p));
	MUST(fstat(p[0], &st));
	EXPECT_EQ(st.st_mode, S_IFIFO | 0600);
	EXPECT_EQ(st.st_size, 0);
	EXPECT_EQ(st.st_nlink, 1);
}
