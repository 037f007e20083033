/* read and pread: counts, offsets, ends, errors, partial results. */
#include "tests/conformance/harness.h"

CASE(stops_at_the_end_of_the_file)
{
	char text[10];
	int fd = conf_file("f", "abcde");

	EXPECT_EQ(read(fd, text, 3), 3);
	EXPECT_EQ(read(fd, text, 10), 2);
	EXPECT_MEM(text, "de", 2);
	EXPECT_EQ(read(fd, text, 10), 0);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 5);
}

CASE(beyond_the_end_gives_nothing)
{
	char c;
	int fd = conf_file("f", "abc");

	MUST(lseek(fd, 1000, SEEK_SET));
	EXPECT_EQ(read(fd, &c, 1), 0);
	EXPECT_EQ(pread(fd, &c, 1, INT64_MAX - 1), 0);
}

CASE(pread_leaves_the_offset_alone)
{
	char text[3];
	int fd = conf_file("f", "abcde");

	EXPECT_EQ(pread(fd, text, 3, 2), 3);
	EXPECT_MEM(text, "cde", 3);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 0);
}

CASE(pread_at_a_negative_offset_is_einval)
{
	char c;
	int fd = conf_file("f", "abc");

	EXPECT_ERRNO(pread(fd, &c, 1, -1), EINVAL);
	EXPECT_ERRNO(pread(fd, &c, 1, INT64_MIN), EINVAL);
}

CASE(hole_reads_as_zeros)
{
	char text[4096];
	char zero[4096] = {0};
	int fd = conf_file("f", "a");

	EXPECT_EQ(pwrite(fd, "b", 1, 100000), 1);
	EXPECT_EQ(pread(fd, text, 4096, 4096), 4096);
	EXPECT_MEM(text, zero, 4096);
	EXPECT_EQ(pread(fd, text, 4, 99998), 3);
	EXPECT_MEM(text, "\0\0b", 3);
}

CASE(directory_is_eisdir)
{
	char c;
	int fd = MUST(open(".", O_RDONLY));

	EXPECT_ERRNO(read(fd, &c, 1), EISDIR);
	EXPECT_ERRNO(pread(fd, &c, 1, 0), EISDIR);
}

CASE(bad_descriptors_are_ebadf)
{
	char c;
	int fd = MUST(open("/dev/null", O_RDONLY));

	close(fd);
	EXPECT_ERRNO(read(fd, &c, 1), EBADF);
	EXPECT_ERRNO(read(-1, &c, 1), EBADF);
	EXPECT_ERRNO(read(1 << 30, &c, 1), EBADF);
	EXPECT_ERRNO(pread(-1, &c, 1, 0), EBADF);
	EXPECT_ERRNO(read(-1, conf_unmapped(), 1), EBADF);
}

CASE(bad_buffers_are_efault)
{
	int fd = conf_file("f", "abc");

	EXPECT_ERRNO(read(fd, conf_unmapped(), 3), EFAULT);
	EXPECT_ERRNO(read(fd, conf_read_only(), 3), EFAULT);
	EXPECT_ERRNO(read(fd, CONF_KERNEL, 3), EFAULT);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 0);
}

CASE(bad_buffer_does_not_matter_at_the_end_of_the_file)
{
	int fd = conf_file("f", "");

	EXPECT_EQ(read(fd, conf_unmapped(), 3), 0);
}

CASE(zero_bytes_need_no_buffer)
{
	int fd = conf_file("f", "abc");

	EXPECT_EQ(read(fd, conf_unmapped(), 0), 0);
	EXPECT_EQ(read(fd, NULL, 0), 0);
}

CASE(buffer_that_ends_early_gives_what_fits)
{
	char *end = conf_guarded(100);
	char text[200];
	int fd;

	memset(text, 'x', sizeof(text));
	text[199] = '\0';
	fd = conf_file("f", text);
	EXPECT_EQ(read(fd, end, 199), 100);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 100);
	EXPECT_MEM(end, text, 100);
}

CASE(size_that_is_negative_as_a_signed_number_is_refused)
{
	char c;
	int fd = conf_file("f", "abc");

	EXPECT_EQ(syscall(SYS_read, fd, &c, (size_t)1 << 63), -1);
	RECORD("errno", errno);
}

CASE(huge_size_reads_what_is_there)
{
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = conf_file("f", "abc");

	EXPECT_EQ(syscall(SYS_read, fd, p, (size_t)0x7fffffff), 3);
}

CASE(dev_zero_fills_and_dev_null_is_empty)
{
	char text[64];
	char zero[64] = {0};
	int fd = MUST(open("/dev/zero", O_RDONLY));

	memset(text, 'x', sizeof(text));
	EXPECT_EQ(read(fd, text, 64), 64);
	EXPECT_MEM(text, zero, 64);
	fd = MUST(open("/dev/null", O_RDONLY));
	EXPECT_EQ(read(fd, text, 64), 0);
}

CASE(large_read_is_not_cut)
{
	size_t size = 3 << 20;
	char *a = malloc(size);
	char *b = malloc(size);
	int fd = conf_file("f", "");

	for (size_t i = 0; i < size; i++)
		a[i] = i * 31 >> 3;
	EXPECT_EQ(write(fd, a, size), size);
	EXPECT_EQ(pread(fd, b, size, 0), size);
	EXPECT_MEM(b, a, size);
}
