/* utimensat, futimens, utimes, utime: setting times. */
#include "tests/conformance/harness.h"

#include <utime.h>

CASE(both_times_are_set_to_the_nanosecond)
{
	struct timespec t[2] = {{1234567890, 123456789}, {1000000001, 5}};
	struct stat st;
	int fd = conf_file("f", "");

	EXPECT_OK(futimens(fd, t));
	MUST(fstat(fd, &st));
	EXPECT_EQ(st.st_atim.tv_sec, 1234567890);
	EXPECT_EQ(st.st_atim.tv_nsec, 123456789);
	EXPECT_EQ(st.st_mtim.tv_sec, 1000000001);
	EXPECT_EQ(st.st_mtim.tv_nsec, 5);
	EXPECT(st.st_ctime > 1500000000);
}

CASE(omit_leaves_and_now_sets)
{
	struct timespec t[2] = {{1000, 0}, {1000, 0}};
	struct stat st;
	int fd = conf_file("f", "");

	MUST(futimens(fd, t));
	t[0].tv_nsec = UTIME_NOW;
	t[1].tv_nsec = UTIME_OMIT;
	EXPECT_OK(utimensat(AT_FDCWD, "f", t, 0));
	MUST(fstat(fd, &st));
	EXPECT(st.st_atime > 1500000000);
	EXPECT_EQ(st.st_mtime, 1000);
}

CASE(wrong_nanoseconds_are_einval)
{
	struct timespec t[2] = {{1, 1000000000}, {1, 0}};

	close(conf_file("f", ""));
	EXPECT_ERRNO(utimensat(AT_FDCWD, "f", t, 0), EINVAL);
	t[0].tv_nsec = -1;
	EXPECT_ERRNO(utimensat(AT_FDCWD, "f", t, 0), EINVAL);
}

CASE(errors)
{
	struct timespec t[2] = {{1, 0}, {1, 0}};

	EXPECT_ERRNO(utimensat(AT_FDCWD, "missing", t, 0), ENOENT);
	EXPECT_ERRNO(utimensat(AT_FDCWD, ".", t, 1), EINVAL);
	EXPECT_ERRNO(utimensat(-1, "x", t, 0), EBADF);
	EXPECT_ERRNO(utimensat(AT_FDCWD, ".", conf_unmapped(), 0), EFAULT);
	EXPECT_ERRNO(syscall(SYS_utimensat, AT_FDCWD, NULL, t, 0), EFAULT);
}

CASE(null_path_is_the_descriptor)
{
	struct timespec t[2] = {{77, 0}, {88, 0}};
	struct stat st;
	int fd = conf_file("f", "");

	EXPECT_OK(syscall(SYS_utimensat, fd, NULL, t, 0));
	MUST(fstat(fd, &st));
	EXPECT_EQ(st.st_mtime, 88);
}

CASE(link_itself_can_be_dated)
{
	struct timespec t[2] = {{77, 0}, {88, 0}};
	struct stat st;

	close(conf_file("f", ""));
	MUST(symlink("f", "l"));
	EXPECT_OK(utimensat(AT_FDCWD, "l", t, AT_SYMLINK_NOFOLLOW));
	MUST(lstat("l", &st));
	EXPECT_EQ(st.st_mtime, 88);
	MUST(stat("f", &st));
	EXPECT(st.st_mtime > 88);
}

CASE(old_calls_work)
{
	struct timeval v[2] = {{100, 250000}, {200, 500000}};
	struct utimbuf u = {300, 400};
	struct stat st;

	close(conf_file("f", ""));
	EXPECT_OK(syscall(SYS_utimes, "f", v));
	MUST(stat("f", &st));
	EXPECT_EQ(st.st_mtim.tv_nsec, 500000000);
	EXPECT_OK(syscall(SYS_utime, "f", &u));
	MUST(stat("f", &st));
	EXPECT_EQ(st.st_atime, 300);
	EXPECT_EQ(st.st_mtime, 400);
	v[0].tv_usec = 1000000;
	EXPECT_ERRNO(syscall(SYS_utimes, "f", v), EINVAL);
}

CASE_ROOT(strangers_may_only_touch_what_they_may_write)
{
	struct timespec t[2] = {{1, 0}, {1, 0}};
	pid_t pid;

	close(conf_file("f", ""));
	pid = conf_fork();
	if (pid == 0) {
		MUST(setresuid(CONF_UID, CONF_UID, CONF_UID));
		EXPECT_ERRNO(utimensat(AT_FDCWD, "f", NULL, 0), EACCES);
		EXPECT_ERRNO(utimensat(AT_FDCWD, "f", t, 0), EPERM);
		_exit(0);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
}

CASE(changes_in_a_folder_date_the_folder)
{
	struct timespec t[2] = {{1000, 0}, {1000, 0}};
	struct stat st;

	MUST(mkdir("d", 0755));
	MUST(utimensat(AT_FDCWD, "d", t, 0));
	close(conf_file("d/f", ""));
	MUST(stat("d", &st));
	EXPECT(st.st_mtime > 1000);
	MUST(utimensat(AT_FDCWD, "d", t, 0));
	MUST(unlink("d/f"));
	MUST(stat("d", &st));
	EXPECT(st.st_mtime > 1000);
}
