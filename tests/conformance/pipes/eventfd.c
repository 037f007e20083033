/* eventfd: a counter that is a file. */
#include "tests/conformance/harness.h"

#include <sys/eventfd.h>

CASE(read_takes_the_whole_and_write_adds)
{
	uint64_t value = 3;
	int fd = MUST(eventfd(5, EFD_NONBLOCK));

	EXPECT_EQ(write(fd, &value, 8), 8);
	EXPECT_EQ(read(fd, &value, 8), 8);
	EXPECT_EQ(value, 8);
	EXPECT_ERRNO(read(fd, &value, 8), EAGAIN);
}

CASE(semaphore_gives_one_at_a_time)
{
	uint64_t value;
	int fd = MUST(eventfd(2, EFD_NONBLOCK | EFD_SEMAPHORE));

	EXPECT_EQ(read(fd, &value, 8), 8);
	EXPECT_EQ(value, 1);
	EXPECT_EQ(read(fd, &value, 8), 8);
	EXPECT_ERRNO(read(fd, &value, 8), EAGAIN);
}

CASE(sizes_below_eight_are_einval)
{
	uint64_t value[2] = {1, 1};
	int fd = MUST(eventfd(1, EFD_NONBLOCK));

	EXPECT_ERRNO(read(fd, value, 7), EINVAL);
	EXPECT_ERRNO(write(fd, value, 7), EINVAL);
	EXPECT_EQ(read(fd, value, 16), 8);
	EXPECT_EQ(value[0], 1);
}

CASE(all_ones_cannot_be_written_and_full_waits)
{
	uint64_t value = UINT64_MAX;
	int fd = MUST(eventfd(0, EFD_NONBLOCK));

	EXPECT_ERRNO(write(fd, &value, 8), EINVAL);
	value = UINT64_MAX - 1;
	EXPECT_EQ(write(fd, &value, 8), 8);
	value = 1;
	EXPECT_ERRNO(write(fd, &value, 8), EAGAIN);
	value = 0;
	EXPECT_EQ(write(fd, &value, 8), 8);
}

CASE(bad_addresses_are_efault)
{
	int fd = MUST(eventfd(1, EFD_NONBLOCK));

	EXPECT_ERRNO(write(fd, conf_unmapped(), 8), EFAULT);
	EXPECT_ERRNO(read(fd, conf_unmapped(), 8), EFAULT);
}

CASE(poll_follows_the_counter)
{
	uint64_t value = UINT64_MAX - 1;
	int fd = MUST(eventfd(0, EFD_NONBLOCK));
	struct pollfd p = {fd, POLLIN | POLLOUT, 0};

	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT_EQ(p.revents, POLLOUT);
	MUST(write(fd, &value, 8));
	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT_EQ(p.revents, POLLIN);
}

CASE(creation_flags)
{
	int fd = MUST(eventfd(0, EFD_CLOEXEC));

	EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
	EXPECT_ERRNO(eventfd(0, 2), EINVAL);
}

CASE(waiting_reader_is_woken)
{
	uint64_t value = 7;
	int fd = MUST(eventfd(0, 0));
	pid_t pid = conf_fork();

	if (pid == 0) {
		conf_sleep_ms(20);
		MUST(write(fd, &value, 8));
		_exit(0);
	}
	value = 0;
	EXPECT_EQ(read(fd, &value, 8), 8);
	EXPECT_EQ(value, 7);
	conf_wait(pid);
}

CASE(waiting_writer_is_woken)
{
	uint64_t value = UINT64_MAX - 1;
	int fd = MUST(eventfd(0, 0));
	pid_t pid;

	MUST(write(fd, &value, 8));
	pid = conf_fork();
	if (pid == 0) {
		conf_sleep_ms(20);
		MUST(read(fd, &value, 8));
		_exit(0);
	}
	value = 1;
	EXPECT_EQ(write(fd, &value, 8), 8);
	EXPECT_EQ(read(fd, &value, 8), 8);
	EXPECT_EQ(value, 1);
	conf_wait(pid);
}

CASE(seeking_is_no_error_and_positions_are)
{
	uint64_t value;
	int fd = MUST(eventfd(3, EFD_NONBLOCK));

	EXPECT_EQ(lseek(fd, 5, SEEK_SET), 0);
	EXPECT_EQ(lseek(fd, -5, SEEK_END), 0);
	EXPECT_ERRNO(pread(fd, &value, 8, 0), ESPIPE);
	EXPECT_EQ(read(fd, &value, 8), 8);
}

CASE(attributes_cannot_be_set)
{
	int fd = MUST(eventfd(0, 0));

	if (fchmod(fd, 0644) == 0)
		SKIP("this Linux still sets them");
	EXPECT_ERRNO(fchmod(fd, 0644), EOPNOTSUPP);
	EXPECT_ERRNO(ftruncate(fd, 0), EINVAL);
}
