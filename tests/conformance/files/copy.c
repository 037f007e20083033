/* sendfile, copy_file_range, splice, tee and vmsplice. */
#include "tests/conformance/harness.h"

#include <sys/sendfile.h>

CASE(sendfile_moves_the_input_offset_or_the_given_one)
{
	char text[10];
	off_t off = 2;
	int in = conf_file("in", "abcdef");
	int out = conf_file("out", "");

	EXPECT_EQ(sendfile(out, in, NULL, 2), 2);
	EXPECT_EQ(lseek(in, 0, SEEK_CUR), 2);
	EXPECT_EQ(sendfile(out, in, &off, 100), 4);
	EXPECT_EQ(off, 6);
	EXPECT_EQ(lseek(in, 0, SEEK_CUR), 2);
	conf_slurp("out", text, sizeof(text));
	EXPECT_STR(text, "abcdef");
}

CASE(sendfile_to_a_pipe)
{
	char text[10];
	int p[2];
	int in = conf_file("in", "abcdef");

	MUST(pipe(p));
	EXPECT_EQ(sendfile(p[1], in, NULL, 100), 6);
	EXPECT_EQ(read(p[0], text, 10), 6);
	EXPECT_EQ(sendfile(p[1], in, NULL, 100), 0);
}

CASE(sendfile_errors)
{
	off_t off = -1;
	int p[2];
	int in = conf_file("in", "abc");
	int out = conf_file("out", "");

	MUST(pipe(p));
	EXPECT_ERRNO(sendfile(-1, in, NULL, 1), EBADF);
	EXPECT_ERRNO(sendfile(out, -1, NULL, 1), EBADF);
	EXPECT_ERRNO(sendfile(MUST(open("out", O_RDONLY)), in, NULL, 1), EBADF);
	EXPECT_ERRNO(sendfile(out, in, &off, 1), EINVAL);
	EXPECT_ERRNO(sendfile(out, in, conf_unmapped(), 1), EFAULT);
	EXPECT_ERRNO(
		sendfile(MUST(open("out", O_WRONLY | O_APPEND)), in, NULL, 1),
		EINVAL);
	off = 0;
	EXPECT_ERRNO(sendfile(out, p[0], &off, 1), ESPIPE);
}

CASE(copy_file_range_copies_between_offsets)
{
	char text[10];
	off_t from = 1;
	off_t to = 0;
	int in = conf_file("in", "abcdef");
	int out = conf_file("out", "");

	EXPECT_EQ(copy_file_range(in, &from, out, &to, 3, 0), 3);
	EXPECT_EQ(from, 4);
	EXPECT_EQ(to, 3);
	EXPECT_EQ(copy_file_range(in, &from, out, &to, 100, 0), 2);
	EXPECT_EQ(copy_file_range(in, &from, out, &to, 100, 0), 0);
	EXPECT_EQ(lseek(in, 0, SEEK_CUR), 0);
	conf_slurp("out", text, sizeof(text));
	EXPECT_STR(text, "bcdef");
}

CASE(copy_file_range_errors)
{
	off_t a = 0;
	off_t b = 1;
	int p[2];
	int in = conf_file("in", "abcdef");
	int out = conf_file("out", "");
	int dir = MUST(open(".", O_RDONLY));

	MUST(pipe(p));
	EXPECT_ERRNO(copy_file_range(in, NULL, out, NULL, 1, 1), EINVAL);
	EXPECT_ERRNO(copy_file_range(in, &a, in, &b, 3, 0), EINVAL);
	EXPECT_ERRNO(copy_file_range(p[0], NULL, out, NULL, 1, 0), EINVAL);
	EXPECT_ERRNO(copy_file_range(dir, NULL, out, NULL, 1, 0), EISDIR);
	EXPECT_ERRNO(copy_file_range(
			     in, NULL, MUST(open("out", O_RDONLY)), NULL, 1, 0),
		EBADF);
	EXPECT_ERRNO(copy_file_range(-1, NULL, out, NULL, 1, 0), EBADF);
}

CASE(splice_needs_a_pipe_and_moves_bytes)
{
	char text[10];
	loff_t off = 1;
	int p[2];
	int fd = conf_file("f", "abcdef");

	MUST(pipe(p));
	EXPECT_EQ(splice(fd, &off, p[1], NULL, 3, 0), 3);
	EXPECT_EQ(off, 4);
	EXPECT_EQ(read(p[0], text, 10), 3);
	EXPECT_MEM(text, "bcd", 3);
	MUST(write(p[1], "xyz", 3));
	off = 0;
	EXPECT_EQ(splice(p[0], NULL, fd, &off, 3, 0), 3);
	EXPECT_EQ(pread(fd, text, 6, 0), 6);
	EXPECT_MEM(text, "xyzdef", 6);
	EXPECT_ERRNO(splice(fd, &off, fd, NULL, 1, 0), EINVAL);
	EXPECT_ERRNO(splice(p[0], &off, fd, NULL, 1, 0), ESPIPE);
}

CASE(splice_of_an_empty_pipe)
{
	int p[2];
	int fd = conf_file("f", "");

	MUST(pipe(p));
	EXPECT_ERRNO(
		splice(p[0], NULL, fd, NULL, 1, SPLICE_F_NONBLOCK), EAGAIN);
	close(p[1]);
	EXPECT_EQ(splice(p[0], NULL, fd, NULL, 1, 0), 0);
	EXPECT_ERRNO(splice(p[0], NULL, fd, NULL, 1, 0x100), EINVAL);
}

CASE(tee_leaves_the_bytes_in_the_first_pipe)
{
	char text[10];
	int a[2];
	int b[2];

	MUST(pipe(a));
	MUST(pipe(b));
	MUST(write(a[1], "abc", 3));
	EXPECT_EQ(tee(a[0], b[1], 10, 0), 3);
	EXPECT_EQ(read(a[0], text, 10), 3);
	EXPECT_EQ(read(b[0], text, 10), 3);
	EXPECT_MEM(text, "abc", 3);
	EXPECT_ERRNO(tee(a[0], a[1], 1, SPLICE_F_NONBLOCK), EINVAL);
	EXPECT_ERRNO(tee(a[0], b[1], 1, SPLICE_F_NONBLOCK), EAGAIN);
	EXPECT_ERRNO(tee(a[0], conf_file("f", ""), 1, 0), EINVAL);
}

CASE(vmsplice_writes_memory_into_a_pipe)
{
	char text[10];
	struct iovec v = {"abc", 3};
	int p[2];

	MUST(pipe(p));
	EXPECT_EQ(vmsplice(p[1], &v, 1, 0), 3);
	EXPECT_EQ(read(p[0], text, 10), 3);
	EXPECT_MEM(text, "abc", 3);
	EXPECT_ERRNO(vmsplice(conf_file("f", ""), &v, 1, 0), EBADF);
}
