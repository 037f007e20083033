/* lseek: positions, holes and errors. */
#include "tests/conformance/harness.h"

CASE(counts_from_start_here_and_end)
{
	int fd = conf_file("f", "abcdef");

	EXPECT_EQ(lseek(fd, 2, SEEK_SET), 2);
	EXPECT_EQ(lseek(fd, 2, SEEK_CUR), 4);
	EXPECT_EQ(lseek(fd, -1, SEEK_END), 5);
	EXPECT_EQ(lseek(fd, 100, SEEK_END), 106);
	EXPECT_EQ(lseek(fd, -6, SEEK_CUR), 100);
}

CASE(before_the_start_is_einval_and_moves_nothing)
{
	int fd = conf_file("f", "abc");

	MUST(lseek(fd, 1, SEEK_SET));
	EXPECT_ERRNO(lseek(fd, -1, SEEK_SET), EINVAL);
	EXPECT_ERRNO(lseek(fd, -2, SEEK_CUR), EINVAL);
	EXPECT_ERRNO(lseek(fd, -4, SEEK_END), EINVAL);
	EXPECT_ERRNO(lseek(fd, 0, 5), EINVAL);
	EXPECT_ERRNO(lseek(fd, 0, -1), EINVAL);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 1);
}

CASE(what_has_no_position_is_espipe)
{
	int p[2];

	MUST(pipe(p));
	EXPECT_ERRNO(lseek(p[0], 0, SEEK_CUR), ESPIPE);
	EXPECT_ERRNO(lseek(p[1], 1, SEEK_SET), ESPIPE);
}

CASE(bad_descriptor_is_ebadf)
{
	EXPECT_ERRNO(lseek(-1, 0, SEEK_SET), EBADF);
	EXPECT_ERRNO(lseek(9999, 0, 77), EBADF);
}

CASE(seeking_beyond_the_end_does_not_grow)
{
	struct stat st;
	int fd = conf_file("f", "abc");

	EXPECT_EQ(lseek(fd, 1 << 20, SEEK_SET), 1 << 20);
	MUST(fstat(fd, &st));
	EXPECT_EQ(st.st_size, 3);
}

CASE(data_and_hole_of_a_plain_file)
{
	int fd = conf_file("f", "abcdef");

	EXPECT_EQ(lseek(fd, 0, SEEK_DATA), 0);
	EXPECT_EQ(lseek(fd, 3, SEEK_DATA), 3);
	EXPECT_EQ(lseek(fd, 0, SEEK_HOLE), 6);
	EXPECT_EQ(lseek(fd, 5, SEEK_HOLE), 6);
}

CASE(data_and_hole_at_or_beyond_the_end_are_enxio)
{
	int fd = conf_file("f", "abc");

	EXPECT_ERRNO(lseek(fd, 3, SEEK_DATA), ENXIO);
	EXPECT_ERRNO(lseek(fd, 3, SEEK_HOLE), ENXIO);
	EXPECT_ERRNO(lseek(fd, 100, SEEK_HOLE), ENXIO);
	EXPECT_ERRNO(lseek(fd, -1, SEEK_DATA), ENXIO);
}

CASE(dev_null_is_always_at_zero)
{
	int fd = MUST(open("/dev/null", O_RDWR));

	EXPECT_EQ(lseek(fd, 100, SEEK_SET), 0);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 0);
}

CASE(directory_can_be_read_again_from_the_start)
{
	char entries[2048];
	long first;
	int fd;

	close(conf_file("f", ""));
	fd = MUST(open(".", O_RDONLY));
	first = MUST(syscall(SYS_getdents64, fd, entries, sizeof(entries)));
	EXPECT_EQ(syscall(SYS_getdents64, fd, entries, sizeof(entries)), 0);
	EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
	EXPECT_EQ(syscall(SYS_getdents64, fd, entries, sizeof(entries)), first);
}
