/* readv, writev, preadv, pwritev and their second versions. */
#include "tests/conformance/harness.h"

#include <limits.h>

CASE(writev_gathers_and_readv_scatters)
{
	struct iovec out[3] = {{"ab", 2}, {"", 0}, {"cde", 3}};
	char a[4];
	char b[10];
	struct iovec in[2] = {{a, 4}, {b, 10}};
	int fd = conf_file("f", "");

	EXPECT_EQ(writev(fd, out, 3), 5);
	EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
	EXPECT_EQ(readv(fd, in, 2), 5);
	EXPECT_MEM(a, "abcd", 4);
	EXPECT_MEM(b, "e", 1);
}

CASE(count_is_limited)
{
	static struct iovec many[IOV_MAX + 1];
	int fd = conf_file("f", "");

	EXPECT_EQ(writev(fd, many, 0), 0);
	EXPECT_EQ(writev(fd, many, IOV_MAX), 0);
	EXPECT_ERRNO(writev(fd, many, IOV_MAX + 1), EINVAL);
	EXPECT_ERRNO(writev(fd, many, -1), EINVAL);
	EXPECT_EQ(readv(fd, NULL, 0), 0);
}

CASE(negative_length_is_einval)
{
	struct iovec v[2] = {{"x", 1}, {"y", (size_t)-1}};
	char text[4];
	int fd = conf_file("f", "");

	EXPECT_ERRNO(writev(fd, v, 2), EINVAL);
	EXPECT_EQ(conf_slurp("f", text, sizeof(text)), 0);
}

CASE(vector_that_cannot_be_read_is_efault)
{
	struct iovec *end = conf_guarded(sizeof(*end));
	int fd = conf_file("f", "abc");

	end->iov_base = (void *)"x";
	end->iov_len = 1;
	EXPECT_ERRNO(writev(fd, conf_unmapped(), 1), EFAULT);
	EXPECT_ERRNO(readv(fd, conf_unmapped(), 1), EFAULT);
	EXPECT_EQ(writev(fd, end, 1), 1);
	EXPECT_ERRNO(writev(fd, end, 2), EFAULT);
}

CASE(bad_second_buffer_gives_the_first_ones_count)
{
	char a[2];
	struct iovec in[2] = {{a, 2}, {conf_unmapped(), 2}};
	struct iovec out[2] = {{a, 2}, {in[1].iov_base, 2}};
	int fd = conf_file("f", "abcd");

	EXPECT_EQ(readv(fd, in, 2), 2);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 2);
	EXPECT_EQ(writev(fd, out, 2), 2);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 4);
	in[0].iov_base = in[1].iov_base;
	EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
	EXPECT_ERRNO(readv(fd, in, 2), EFAULT);
}

CASE(preadv_and_pwritev_leave_the_offset_alone)
{
	char a[2];
	char b[2];
	struct iovec v[2] = {{a, 2}, {b, 2}};
	int fd = conf_file("f", "abcdef");

	EXPECT_EQ(preadv(fd, v, 2, 2), 4);
	EXPECT_MEM(a, "cd", 2);
	EXPECT_MEM(b, "ef", 2);
	EXPECT_EQ(pwritev(fd, v, 2, 0), 4);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 0);
	EXPECT_ERRNO(preadv(fd, v, 2, -1), EINVAL);
}

CASE(second_versions_take_minus_one_as_the_offset)
{
	char a[3];
	struct iovec v = {a, 3};
	int fd = conf_file("f", "abcdef");

	EXPECT_EQ(preadv2(fd, &v, 1, -1, 0), 3);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 3);
	EXPECT_EQ(pwritev2(fd, &v, 1, -1, 0), 3);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 6);
	EXPECT_ERRNO(syscall(SYS_preadv2, fd, &v, 1, -2l, -1l, 0), EINVAL);
}

CASE(unknown_rwf_flag_is_eopnotsupp)
{
	char a[3];
	struct iovec v = {a, 3};
	int fd = conf_file("f", "abcdef");

	EXPECT_ERRNO(preadv2(fd, &v, 1, 0, 0x40000000), EOPNOTSUPP);
}

CASE(rwf_append_appends_without_moving_the_offset_given)
{
	char text[10];
	struct iovec v = {"d", 1};
	int fd = conf_file("f", "abc");

	EXPECT_EQ(pwritev2(fd, &v, 1, 0, RWF_APPEND), 1);
	conf_slurp("f", text, sizeof(text));
	EXPECT_STR(text, "abcd");
}

CASE(positions_on_a_pipe_are_espipe)
{
	char c;
	struct iovec v = {&c, 1};
	int p[2];

	MUST(pipe(p));
	EXPECT_ERRNO(pread(p[0], &c, 1, 0), ESPIPE);
	EXPECT_ERRNO(pwrite(p[1], &c, 1, 0), ESPIPE);
	EXPECT_ERRNO(preadv(p[0], &v, 1, 0), ESPIPE);
	EXPECT_ERRNO(pwritev(p[1], &v, 1, 0), ESPIPE);
}
