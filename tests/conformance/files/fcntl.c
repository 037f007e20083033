/* fcntl: status flags, owners, pipe sizes, seals; ioctl of files. */
#include "tests/conformance/harness.h"

#include <sys/ioctl.h>

CASE(setfl_changes_only_what_may_change)
{
	int fd = conf_file("f", "");

	EXPECT_OK(fcntl(fd, F_SETFL, O_NONBLOCK | O_WRONLY | O_TRUNC));
	EXPECT_EQ(fcntl(fd, F_GETFL) & (O_NONBLOCK | O_ACCMODE | O_TRUNC),
		O_NONBLOCK | O_RDWR);
	EXPECT_OK(fcntl(fd, F_SETFL, O_APPEND));
	EXPECT_EQ(fcntl(fd, F_GETFL) & (O_NONBLOCK | O_APPEND), O_APPEND);
	EXPECT_OK(fcntl(fd, F_SETFL, 0));
	EXPECT_EQ(fcntl(fd, F_GETFL) & (O_NONBLOCK | O_APPEND), 0);
}

CASE(setfd_knows_only_cloexec)
{
	int fd = conf_file("f", "");

	EXPECT_OK(fcntl(fd, F_SETFD, 0xff));
	EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	EXPECT_OK(fcntl(fd, F_SETFD, 0));
	EXPECT_EQ(fcntl(fd, F_GETFD), 0);
}

CASE(unknown_commands_are_einval)
{
	int fd = conf_file("f", "");

	EXPECT_ERRNO(fcntl(fd, 9999), EINVAL);
	EXPECT_ERRNO(fcntl(-1, 9999), EBADF);
	EXPECT_ERRNO(fcntl(-1, F_GETFL), EBADF);
}

CASE(owner_is_remembered)
{
	int p[2];

	MUST(pipe(p));
	EXPECT_EQ(fcntl(p[0], F_GETOWN), 0);
	EXPECT_OK(fcntl(p[0], F_SETOWN, getpid()));
	EXPECT_EQ(fcntl(p[0], F_GETOWN), getpid());
	EXPECT_ERRNO(fcntl(p[0], F_SETOWN, 0x7ffffff0), ESRCH);
	EXPECT_EQ(fcntl(p[0], F_GETSIG), 0);
	EXPECT_OK(fcntl(p[0], F_SETSIG, SIGUSR1));
	EXPECT_EQ(fcntl(p[0], F_GETSIG), SIGUSR1);
	EXPECT_ERRNO(fcntl(p[0], F_SETSIG, 100), EINVAL);
}

CASE(o_async_sends_sigio)
{
	int p[2];

	MUST(pipe(p));
	conf_catch(SIGIO, 0);
	MUST(fcntl(p[0], F_SETOWN, getpid()));
	MUST(fcntl(p[0], F_SETFL, O_ASYNC));
	EXPECT_EQ(write(p[1], "x", 1), 1);
	WAIT_UNTIL(conf_caught == 1);
}

CASE(pipe_size_is_rounded_up)
{
	int p[2];

	MUST(pipe(p));
	EXPECT_EQ(fcntl(p[0], F_GETPIPE_SZ), 65536);
	EXPECT_EQ(fcntl(p[0], F_SETPIPE_SZ, 5000), 8192);
	EXPECT_EQ(fcntl(p[1], F_GETPIPE_SZ), 8192);
	EXPECT_EQ(fcntl(p[0], F_SETPIPE_SZ, 1), 4096);
	EXPECT_ERRNO(fcntl(conf_file("f", ""), F_GETPIPE_SZ), EBADF);
}

CASE(pipe_cannot_shrink_below_its_content)
{
	char text[10000] = "";
	int p[2];

	MUST(pipe(p));
	EXPECT_EQ(write(p[1], text, sizeof(text)), sizeof(text));
	EXPECT_ERRNO(fcntl(p[0], F_SETPIPE_SZ, 4096), EBUSY);
}

CASE(fionread_counts_what_can_be_read)
{
	int count = -1;
	int p[2];
	int fd = conf_file("f", "abcdef");

	MUST(pipe(p));
	MUST(write(p[1], "abc", 3));
	EXPECT_OK(ioctl(p[0], FIONREAD, &count));
	EXPECT_EQ(count, 3);
	MUST(lseek(fd, 2, SEEK_SET));
	EXPECT_OK(ioctl(fd, FIONREAD, &count));
	EXPECT_EQ(count, 4);
	EXPECT_ERRNO(ioctl(p[0], FIONREAD, conf_unmapped()), EFAULT);
}

CASE(fionbio_and_fioclex_are_flags)
{
	int on = 1;
	int fd = conf_file("f", "");

	EXPECT_OK(ioctl(fd, FIONBIO, &on));
	EXPECT_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	EXPECT_OK(ioctl(fd, FIOCLEX));
	EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	EXPECT_OK(ioctl(fd, FIONCLEX));
	EXPECT_EQ(fcntl(fd, F_GETFD), 0);
}

CASE(unknown_ioctls_are_enotty)
{
	int fd = conf_file("f", "");
	int p[2];

	MUST(pipe(p));
	EXPECT_ERRNO(ioctl(fd, TCGETS, conf_guarded(100)), ENOTTY);
	EXPECT_ERRNO(ioctl(fd, 0x12345678, 0), ENOTTY);
	EXPECT_ERRNO(ioctl(p[0], TIOCGWINSZ, conf_guarded(100)), ENOTTY);
	EXPECT_ERRNO(ioctl(-1, TCGETS, 0), EBADF);
	EXPECT_ERRNO(ioctl(MUST(open("/dev/null", O_RDWR)), TCGETS, 0), ENOTTY);
}

CASE(seals_of_a_memfd)
{
	int fd = MUST(memfd_create("m", MFD_ALLOW_SEALING));

	EXPECT_EQ(fcntl(fd, F_GET_SEALS), 0);
	EXPECT_EQ(write(fd, "abc", 3), 3);
	EXPECT_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK));
	EXPECT_ERRNO(ftruncate(fd, 0), EPERM);
	EXPECT_ERRNO(ftruncate(fd, 10), EPERM);
	EXPECT_ERRNO(write(fd, "d", 1), EPERM);
	EXPECT_EQ(pwrite(fd, "X", 1, 0), 1);
	EXPECT_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL));
	EXPECT_ERRNO(pwrite(fd, "X", 1, 0), EPERM);
	EXPECT_ERRNO(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EPERM);
	EXPECT_EQ(fcntl(fd, F_GET_SEALS),
		F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
}

CASE(memfd_without_sealing_is_sealed)
{
	int fd = MUST(memfd_create("m", 0));

	EXPECT_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL);
	EXPECT_ERRNO(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EPERM);
	EXPECT_ERRNO(fcntl(conf_file("f", ""), F_GET_SEALS), EINVAL);
}

CASE(memfd_create_errors)
{
	char name[300];

	memset(name, 'n', sizeof(name));
	name[249] = '\0';
	EXPECT_OK(memfd_create(name, 0));
	name[249] = 'n';
	name[250] = '\0';
	EXPECT_ERRNO(memfd_create(name, 0), EINVAL);
	EXPECT_ERRNO(memfd_create("m", 0x8000), EINVAL);
	EXPECT_ERRNO(memfd_create(conf_unmapped(), 0), EFAULT);
	EXPECT_EQ(fcntl(MUST(memfd_create("", MFD_CLOEXEC)), F_GETFD),
		FD_CLOEXEC);
}

CASE(lease_on_another_kind_is_einval)
{
	int p[2];

	MUST(pipe(p));
	EXPECT_ERRNO(fcntl(p[0], F_SETLEASE, F_RDLCK), EINVAL);
}
