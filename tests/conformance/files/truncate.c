/* truncate, ftruncate, fallocate, fsync and friends. */
#include "tests/conformance/harness.h"

static off_t size_of(const char *path)
{
	struct stat st;

	MUST(stat(path, &st));
	return st.st_size;
}

CASE(cuts_and_grows_with_zeros)
{
	char text[8];
	int fd = conf_file("f", "abcdef");

	EXPECT_OK(ftruncate(fd, 3));
	EXPECT_EQ(size_of("f"), 3);
	EXPECT_OK(truncate("f", 6));
	EXPECT_EQ(read(fd, text, 8), 6);
	EXPECT_MEM(text, "abc\0\0\0", 6);
}

CASE(offset_stays_where_it_was)
{
	int fd = conf_file("f", "abcdef");

	MUST(lseek(fd, 5, SEEK_SET));
	EXPECT_OK(ftruncate(fd, 0));
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 5);
	EXPECT_EQ(write(fd, "x", 1), 1);
	EXPECT_EQ(size_of("f"), 6);
}

CASE(truncate_errors)
{
	close(conf_file("f", ""));
	EXPECT_ERRNO(truncate("f", -1), EINVAL);
	EXPECT_ERRNO(truncate("missing", 0), ENOENT);
	EXPECT_ERRNO(truncate(".", 0), EISDIR);
	EXPECT_ERRNO(truncate("f/x", 0), ENOTDIR);
	EXPECT_ERRNO(truncate(conf_unmapped(), 0), EFAULT);
	EXPECT_ERRNO(truncate("/dev/null", 0), EINVAL);
}

CASE(ftruncate_errors)
{
	int p[2];

	close(conf_file("f", "abc"));
	MUST(pipe(p));
	EXPECT_ERRNO(ftruncate(MUST(open("f", O_RDONLY)), 0), EINVAL);
	EXPECT_ERRNO(ftruncate(MUST(open("f", O_RDWR)), -1), EINVAL);
	EXPECT_ERRNO(ftruncate(-1, 0), EBADF);
	EXPECT_ERRNO(ftruncate(p[1], 0), EINVAL);
	EXPECT_ERRNO(ftruncate(MUST(open(".", O_RDONLY)), 0), EINVAL);
}

CASE(size_limit_binds_truncate)
{
	struct rlimit limit = {100, 100};
	int fd = conf_file("f", "");

	conf_catch(SIGXFSZ, 0);
	MUST(setrlimit(RLIMIT_FSIZE, &limit));
	EXPECT_OK(ftruncate(fd, 100));
	EXPECT_ERRNO(ftruncate(fd, 101), EFBIG);
	EXPECT_EQ(conf_caught, 1);
}

CASE_USER(truncate_needs_write_permission)
{
	close(conf_file("f", "abc"));
	MUST(chmod("f", 0400));
	EXPECT_ERRNO(truncate("f", 0), EACCES);
	EXPECT_EQ(size_of("f"), 3);
}

CASE(fallocate_grows_unless_told_not_to)
{
	int fd = conf_file("f", "abc");

	EXPECT_OK(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 8192));
	EXPECT_EQ(size_of("f"), 3);
	EXPECT_OK(fallocate(fd, 0, 0, 8192));
	EXPECT_EQ(size_of("f"), 8192);
}

CASE(fallocate_punches_holes)
{
	char text[10];
	int fd = conf_file("f", "abcdefgh");

	EXPECT_OK(fallocate(
		fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 2, 3));
	EXPECT_EQ(read(fd, text, 10), 8);
	EXPECT_MEM(text, "ab\0\0\0fgh", 8);
}

CASE(fallocate_errors)
{
	int p[2];
	int fd = conf_file("f", "");

	MUST(pipe(p));
	EXPECT_ERRNO(fallocate(fd, 0, -1, 10), EINVAL);
	EXPECT_ERRNO(fallocate(fd, 0, 0, 0), EINVAL);
	EXPECT_ERRNO(fallocate(fd, 0, 0, -1), EINVAL);
	EXPECT_ERRNO(fallocate(fd, 0, INT64_MAX - 5, 10), EFBIG);
	EXPECT_ERRNO(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 1), EOPNOTSUPP);
	EXPECT_ERRNO(fallocate(fd, 0x4000, 0, 1), EOPNOTSUPP);
	EXPECT_ERRNO(fallocate(p[1], 0, 0, 1), ESPIPE);
	EXPECT_ERRNO(fallocate(-1, 0, 0, 1), EBADF);
	EXPECT_ERRNO(fallocate(MUST(open("f", O_RDONLY)), 0, 0, 1), EBADF);
}

CASE(sync_calls_take_files_and_refuse_pipes)
{
	int p[2];
	int fd = conf_file("f", "abc");

	MUST(pipe(p));
	EXPECT_OK(fsync(fd));
	EXPECT_OK(fdatasync(fd));
	EXPECT_OK(fsync(MUST(open(".", O_RDONLY))));
	EXPECT_ERRNO(fsync(p[0]), EINVAL);
	EXPECT_ERRNO(fsync(-1), EBADF);
	EXPECT_OK(sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE));
	EXPECT_ERRNO(sync_file_range(fd, 0, 0, 0x80), EINVAL);
	EXPECT_ERRNO(sync_file_range(fd, -1, 1, 0), EINVAL);
	EXPECT_ERRNO(sync_file_range(p[0], 0, 0, 0), ESPIPE);
}

CASE(fadvise_and_readahead)
{
	int p[2];
	int fd = conf_file("f", "abc");

	MUST(pipe(p));
	EXPECT_EQ(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL), 0);
	EXPECT_EQ(posix_fadvise(fd, 0, -1, POSIX_FADV_NORMAL), EINVAL);
	EXPECT_EQ(posix_fadvise(fd, 0, 0, 99), EINVAL);
	EXPECT_EQ(posix_fadvise(p[0], 0, 0, POSIX_FADV_NORMAL), ESPIPE);
	EXPECT_EQ(posix_fadvise(-1, 0, 0, POSIX_FADV_NORMAL), EBADF);
	EXPECT_OK(readahead(fd, 0, 4096));
	EXPECT_ERRNO(readahead(-1, 0, 1), EBADF);
}
