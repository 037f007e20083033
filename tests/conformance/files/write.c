/* write and pwrite: growth, holes, limits, errors, partial results. */
#include "tests/conformance/harness.h"

static off_t size_of(int fd)
{
	struct stat st;

	MUST(fstat(fd, &st));
	return st.st_size;
}

CASE(grows_the_file_and_moves_the_offset)
{
	int fd = conf_file("f", "");

	EXPECT_EQ(write(fd, "hello", 5), 5);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 5);
	EXPECT_EQ(size_of(fd), 5);
	EXPECT_EQ(pwrite(fd, "J", 1, 0), 1);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 5);
}

CASE(overwrites_in_the_middle)
{
	char text[10];
	int fd = conf_file("f", "abcdef");

	EXPECT_EQ(pwrite(fd, "XY", 2, 2), 2);
	conf_slurp("f", text, sizeof(text));
	EXPECT_STR(text, "abXYef");
}

CASE(zero_bytes_change_nothing)
{
	int fd = conf_file("f", "abc");

	MUST(lseek(fd, 100, SEEK_SET));
	EXPECT_EQ(write(fd, "x", 0), 0);
	EXPECT_EQ(size_of(fd), 3);
	EXPECT_EQ(write(fd, conf_unmapped(), 0), 0);
}

CASE(zero_bytes_to_append_do_not_move_the_offset)
{
	int fd;

	close(conf_file("f", "abc"));
	fd = MUST(open("f", O_RDWR | O_APPEND));
	EXPECT_EQ(write(fd, "x", 0), 0);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 0);
}

CASE(bad_buffers_are_efault_and_write_nothing)
{
	int fd = conf_file("f", "");

	EXPECT_ERRNO(write(fd, conf_unmapped(), 3), EFAULT);
	EXPECT_ERRNO(write(fd, conf_no_access(), 3), EFAULT);
	EXPECT_ERRNO(write(fd, CONF_KERNEL, 3), EFAULT);
	EXPECT_EQ(size_of(fd), 0);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 0);
}

CASE(read_only_memory_can_be_written_out)
{
	int fd = conf_file("f", "");

	EXPECT_EQ(write(fd, conf_read_only(), 10), 10);
}

CASE(buffer_that_ends_early_writes_what_is_there)
{
	char *end = conf_guarded(10);
	int fd = conf_file("f", "");

	memset(end, 'x', 10);
	EXPECT_EQ(write(fd, end, 20), 10);
	EXPECT_EQ(size_of(fd), 10);
}

CASE(bad_descriptors_are_ebadf)
{
	int ro;

	close(conf_file("f", ""));
	ro = MUST(open("f", O_RDONLY));
	EXPECT_ERRNO(write(ro, "x", 1), EBADF);
	EXPECT_ERRNO(write(-1, "x", 1), EBADF);
	EXPECT_ERRNO(write(9999, conf_unmapped(), 1), EBADF);
	EXPECT_ERRNO(pwrite(ro, "x", 1, 0), EBADF);
	EXPECT_ERRNO(write(MUST(open(".", O_RDONLY)), "x", 1), EBADF);
}

CASE(pwrite_at_a_negative_offset_is_einval)
{
	int fd = conf_file("f", "");

	EXPECT_ERRNO(pwrite(fd, "x", 1, -1), EINVAL);
}

CASE(file_size_limit_cuts_then_signals)
{
	struct rlimit limit = {100, 100};
	char text[200] = "";
	int fd = conf_file("f", "");

	conf_catch(SIGXFSZ, 0);
	MUST(setrlimit(RLIMIT_FSIZE, &limit));
	EXPECT_EQ(write(fd, text, 90), 90);
	EXPECT_EQ(write(fd, text, 90), 10);
	EXPECT_EQ(conf_caught, 0);
	EXPECT_ERRNO(write(fd, text, 1), EFBIG);
	EXPECT_EQ(conf_caught, 1);
	EXPECT_EQ(size_of(fd), 100);
}

static void write_beyond(void *data)
{
	struct rlimit limit = {0, 0};
	int fd = conf_file("g", "");

	MUST(setrlimit(RLIMIT_CORE, &limit));
	MUST(setrlimit(RLIMIT_FSIZE, &limit));
	write(fd, "x", 1);
}

CASE(sigxfsz_kills_by_default)
{
	EXPECT_EQ(conf_in_child(write_beyond, NULL) & 0x7f, SIGXFSZ);
}

CASE(offset_is_shared_after_fork_and_dup)
{
	char text[10];
	int fd = conf_file("f", "");
	int copy = MUST(dup(fd));
	pid_t pid = conf_fork();

	if (pid == 0) {
		write(fd, "a", 1);
		_exit(0);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
	EXPECT_EQ(write(copy, "b", 1), 1);
	EXPECT_EQ(write(fd, "c", 1), 1);
	conf_slurp("f", text, sizeof(text));
	EXPECT_STR(text, "abc");
}

CASE(modification_moves_mtime_and_ctime)
{
	struct timespec old[2] = {{1000, 0}, {1000, 0}};
	struct stat st;
	int fd = conf_file("f", "");

	MUST(futimens(fd, old));
	EXPECT_EQ(write(fd, "x", 1), 1);
	MUST(fstat(fd, &st));
	EXPECT(st.st_mtime > 1000000);
	EXPECT(st.st_ctime > 1000000);
}

CASE_USER(writing_takes_away_setuid_and_setgid)
{
	struct stat st;
	int fd = conf_file("f", "");

	MUST(fchmod(fd, 06755));
	EXPECT_EQ(write(fd, "x", 1), 1);
	MUST(fstat(fd, &st));
	EXPECT_EQ(st.st_mode & 07777, 0755);
}

CASE(dev_full_is_enospc)
{
	int fd = MUST(open("/dev/full", O_RDWR));
	char c = 'x';

	EXPECT_ERRNO(write(fd, "x", 1), ENOSPC);
	EXPECT_EQ(read(fd, &c, 1), 1);
	EXPECT_EQ(c, 0);
}

CASE(dev_null_takes_everything)
{
	int fd = MUST(open("/dev/null", O_WRONLY));

	EXPECT_EQ(write(fd, conf_guarded(5000), 5000), 5000);
}

CASE(appenders_do_not_overwrite_each_other)
{
	struct stat st;
	pid_t pid[4];

	close(conf_file("f", ""));
	for (int i = 0; i < 4; i++) {
		pid[i] = conf_fork();
		if (pid[i] == 0) {
			int fd = MUST(open("f", O_WRONLY | O_APPEND));

			for (int n = 0; n < 50; n++)
				EXPECT_EQ(write(fd, "0123456789", 10), 10);
			_exit(0);
		}
	}
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(conf_wait(pid[i]), EXITED(0));
	MUST(stat("f", &st));
	EXPECT_EQ(st.st_size, 2000);
}
