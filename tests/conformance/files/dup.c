/* dup, dup2, dup3, close, close_range and descriptor flags. */
#include "tests/conformance/harness.h"

CASE(dup_takes_the_lowest_and_clears_cloexec)
{
	int a = MUST(open("/dev/null", O_RDONLY | O_CLOEXEC));
	int b = MUST(dup(a));

	EXPECT_EQ(b, a + 1);
	EXPECT_EQ(fcntl(a, F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(fcntl(b, F_GETFD), 0);
}

CASE(dup_shares_offset_and_status_flags)
{
	int a = conf_file("f", "abc");
	int b = MUST(dup(a));

	MUST(lseek(a, 2, SEEK_SET));
	EXPECT_EQ(lseek(b, 0, SEEK_CUR), 2);
	MUST(fcntl(a, F_SETFL, O_NONBLOCK | O_APPEND));
	EXPECT_EQ(fcntl(b, F_GETFL) & (O_NONBLOCK | O_APPEND),
		O_NONBLOCK | O_APPEND);
}

CASE(dup2_replaces_what_is_there)
{
	int p[2];
	char c;
	int fd = conf_file("f", "abc");

	MUST(pipe(p));
	EXPECT_EQ(dup2(fd, p[1]), p[1]);
	EXPECT_EQ(read(p[0], &c, 1), 0);
	EXPECT_EQ(read(p[1], &c, 1), 1);
	EXPECT_EQ(c, 'a');
}

CASE(dup2_onto_itself_only_checks)
{
	int fd = MUST(open("/dev/null", O_RDONLY | O_CLOEXEC));

	EXPECT_EQ(dup2(fd, fd), fd);
	EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	EXPECT_ERRNO(dup2(fd + 1, fd + 1), EBADF);
}

CASE(dup_errors)
{
	struct rlimit limit = {50, 50};
	int fd = MUST(open("/dev/null", O_RDONLY));

	MUST(setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_ERRNO(dup(-1), EBADF);
	EXPECT_ERRNO(dup2(-1, 5), EBADF);
	EXPECT_ERRNO(dup2(fd, -1), EBADF);
	EXPECT_ERRNO(dup2(fd, 50), EBADF);
	EXPECT_EQ(dup2(fd, 49), 49);
}

CASE(dup3_flags_and_errors)
{
	int fd = MUST(open("/dev/null", O_RDONLY));

	EXPECT_EQ(dup3(fd, 100, O_CLOEXEC), 100);
	EXPECT_EQ(fcntl(100, F_GETFD), FD_CLOEXEC);
	EXPECT_ERRNO(dup3(fd, fd, 0), EINVAL);
	EXPECT_ERRNO(dup3(fd, 101, O_NONBLOCK), EINVAL);
	EXPECT_ERRNO(dup3(-1, 101, 0), EBADF);
}

CASE(f_dupfd_takes_the_lowest_from_there_on)
{
	struct rlimit limit = {200, 200};
	int fd = MUST(open("/dev/null", O_RDONLY));

	MUST(setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(fcntl(fd, F_DUPFD, 100), 100);
	EXPECT_EQ(fcntl(fd, F_DUPFD, 100), 101);
	EXPECT_EQ(fcntl(fd, F_DUPFD_CLOEXEC, 100), 102);
	EXPECT_EQ(fcntl(102, F_GETFD), FD_CLOEXEC);
	EXPECT_ERRNO(fcntl(fd, F_DUPFD, -1), EINVAL);
	EXPECT_ERRNO(fcntl(fd, F_DUPFD, 200), EINVAL);
	EXPECT_EQ(fcntl(fd, F_DUPFD, 199), 199);
	EXPECT_ERRNO(fcntl(fd, F_DUPFD, 199), EMFILE);
}

CASE(close_frees_once)
{
	int fd = MUST(open("/dev/null", O_RDONLY));

	EXPECT_OK(close(fd));
	EXPECT_ERRNO(close(fd), EBADF);
	EXPECT_ERRNO(close(-1), EBADF);
}

CASE(close_range_closes_and_marks)
{
	int fd = MUST(open("/dev/null", O_RDONLY));

	MUST(dup2(fd, 100));
	MUST(dup2(fd, 101));
	MUST(dup2(fd, 102));
	EXPECT_OK(close_range(100, 101, 0));
	EXPECT_ERRNO(fcntl(101, F_GETFD), EBADF);
	EXPECT_OK(close_range(102, ~0u, CLOSE_RANGE_CLOEXEC));
	EXPECT_EQ(fcntl(102, F_GETFD), FD_CLOEXEC);
	EXPECT_ERRNO(close_range(5, 4, 0), EINVAL);
	EXPECT_ERRNO(close_range(5, 6, 1), EINVAL);
	EXPECT_OK(close_range(100, ~0u, 0));
	EXPECT_ERRNO(fcntl(102, F_GETFD), EBADF);
}

CASE(limit_below_an_open_descriptor_leaves_it_open)
{
	struct rlimit limit = {10, 10};
	int fd = MUST(open("/dev/zero", O_RDONLY));
	char c = 'x';

	MUST(dup2(fd, 60));
	MUST(setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT_EQ(read(60, &c, 1), 1);
	EXPECT_OK(close(60));
}

CASE(descriptor_table_is_copied_by_fork)
{
	int fd = MUST(open("/dev/null", O_RDONLY));
	pid_t pid = conf_fork();

	if (pid == 0)
		_exit(close(fd) != 0);
	EXPECT_EQ(conf_wait(pid), EXITED(0));
	EXPECT_OK(fcntl(fd, F_GETFD));
}
