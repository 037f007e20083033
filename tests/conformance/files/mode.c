/* chmod, chown, umask, access and their relatives. */
#include "tests/conformance/harness.h"

static mode_t mode_of(const char *path)
{
	struct stat st;

	MUST(lstat(path, &st));
	return st.st_mode;
}

CASE(chmod_sets_all_twelve_bits)
{
	int fd = conf_file("f", "");

	EXPECT_OK(chmod("f", 04711));
	EXPECT_EQ(mode_of("f"), S_IFREG | 04711);
	EXPECT_OK(fchmod(fd, 0));
	EXPECT_EQ(mode_of("f"), S_IFREG);
	EXPECT_OK(fchmodat(AT_FDCWD, "f", 01640, 0));
	EXPECT_EQ(mode_of("f"), S_IFREG | 01640);
	EXPECT_OK(chmod("f", 0170600));
	EXPECT_EQ(mode_of("f"), S_IFREG | 0600);
}

CASE(chmod_follows_links)
{
	close(conf_file("f", ""));
	MUST(symlink("f", "l"));
	EXPECT_OK(chmod("l", 0600));
	EXPECT_EQ(mode_of("f"), S_IFREG | 0600);
	EXPECT_EQ(mode_of("l"), S_IFLNK | 0777);
}

CASE(chmod_errors)
{
	close(conf_file("f", ""));
	EXPECT_ERRNO(chmod("missing", 0600), ENOENT);
	EXPECT_ERRNO(chmod("f/x", 0600), ENOTDIR);
	EXPECT_ERRNO(chmod(conf_unmapped(), 0600), EFAULT);
	EXPECT_ERRNO(fchmod(-1, 0600), EBADF);
	EXPECT_ERRNO(fchmod(MUST(open("f", O_PATH)), 0600), EBADF);
}

CASE(chmod_works_through_a_read_only_descriptor)
{
	close(conf_file("f", ""));
	EXPECT_OK(fchmod(MUST(open("f", O_RDONLY)), 0640));
	EXPECT_EQ(mode_of("f"), S_IFREG | 0640);
}

CASE_ROOT(only_the_owner_may_chmod)
{
	pid_t pid;

	close(conf_file("f", ""));
	MUST(chmod("f", 0666));
	pid = conf_fork();
	if (pid == 0) {
		MUST(setresuid(CONF_UID, CONF_UID, CONF_UID));
		EXPECT_ERRNO(chmod("f", 0600), EPERM);
		EXPECT_ERRNO(chown("f", CONF_UID, -1), EPERM);
		EXPECT_OK(utimensat(AT_FDCWD, "f", NULL, 0));
		_exit(0);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
}

CASE_ROOT(chown_sets_owner_and_group)
{
	struct stat st;

	close(conf_file("f", ""));
	MUST(chmod("f", 06755));
	EXPECT_OK(chown("f", 1000, 2000));
	MUST(stat("f", &st));
	EXPECT_EQ(st.st_uid, 1000);
	EXPECT_EQ(st.st_gid, 2000);
	EXPECT_EQ(st.st_mode & 07777, 0755);
	EXPECT_OK(chown("f", -1, 3000));
	MUST(stat("f", &st));
	EXPECT_EQ(st.st_uid, 1000);
	EXPECT_EQ(st.st_gid, 3000);
}

CASE_ROOT(lchown_changes_the_link)
{
	struct stat st;

	close(conf_file("f", ""));
	MUST(symlink("f", "l"));
	EXPECT_OK(lchown("l", 1000, 1000));
	MUST(lstat("l", &st));
	EXPECT_EQ(st.st_uid, 1000);
	MUST(stat("f", &st));
	EXPECT_EQ(st.st_uid, 0);
	EXPECT_OK(fchownat(AT_FDCWD, "l", 5, 5, AT_SYMLINK_NOFOLLOW));
	EXPECT_OK(chown("l", 6, 6));
	MUST(stat("f", &st));
	EXPECT_EQ(st.st_uid, 6);
}

CASE(chown_errors)
{
	close(conf_file("f", ""));
	EXPECT_ERRNO(chown("missing", -1, -1), ENOENT);
	EXPECT_ERRNO(fchown(-1, -1, -1), EBADF);
	EXPECT_ERRNO(fchownat(AT_FDCWD, "f", -1, -1, 1), EINVAL);
	EXPECT_ERRNO(chown(conf_unmapped(), -1, -1), EFAULT);
	EXPECT_OK(chown("f", -1, -1));
}

CASE_USER(own_file_cannot_be_given_away)
{
	close(conf_file("f", ""));
	EXPECT_ERRNO(chown("f", 0, -1), EPERM);
	EXPECT_ERRNO(chown("f", -1, 0), EPERM);
	EXPECT_OK(chown("f", geteuid(), getegid()));
}

CASE(umask_gives_the_old_one_and_keeps_nine_bits)
{
	umask(022);
	EXPECT_EQ(umask(07777), 022);
	EXPECT_EQ(umask(0), 0777);
	EXPECT_EQ(syscall(SYS_umask, 0xffff), 0);
	EXPECT_EQ(umask(0), 0777);
}

CASE(umask_is_inherited_but_not_shared)
{
	pid_t pid;

	umask(033);
	pid = conf_fork();
	if (pid == 0)
		_exit(umask(077) != 033);
	EXPECT_EQ(conf_wait(pid), EXITED(0));
	EXPECT_EQ(umask(0), 033);
}

CASE(access_errors)
{
	close(conf_file("f", ""));
	MUST(symlink("nowhere", "l"));
	EXPECT_OK(access("f", F_OK));
	EXPECT_ERRNO(access("missing", F_OK), ENOENT);
	EXPECT_ERRNO(access("l", F_OK), ENOENT);
	EXPECT_ERRNO(access("f", 8), EINVAL);
	EXPECT_ERRNO(access("f", -1), EINVAL);
	EXPECT_ERRNO(access("f/x", F_OK), ENOTDIR);
	EXPECT_ERRNO(access(conf_unmapped(), F_OK), EFAULT);
	EXPECT_ERRNO(access("", F_OK), ENOENT);
}

CASE_USER(access_looks_at_the_right_class)
{
	close(conf_file("f", ""));
	MUST(chmod("f", 0577));
	EXPECT_OK(access("f", R_OK | X_OK));
	EXPECT_ERRNO(access("f", W_OK), EACCES);
	EXPECT_ERRNO(access("f", R_OK | W_OK), EACCES);
}

CASE_ROOT(access_for_root_denies_only_execution)
{
	close(conf_file("f", ""));
	MUST(chmod("f", 0));
	EXPECT_OK(access("f", R_OK | W_OK));
	EXPECT_ERRNO(access("f", X_OK), EACCES);
	MUST(chmod("f", 0001));
	EXPECT_OK(access("f", X_OK));
	EXPECT_OK(access(".", X_OK));
}

CASE_ROOT(access_uses_the_real_uid_and_eaccess_the_effective)
{
	close(conf_file("f", ""));
	MUST(chmod("f", 0600));
	MUST(setresuid(CONF_UID, 0, 0));
	EXPECT_ERRNO(access("f", R_OK), EACCES);
	EXPECT_OK(faccessat(AT_FDCWD, "f", R_OK, AT_EACCESS));
}

CASE(faccessat2_flags)
{
	MUST(symlink("nowhere", "l"));
	EXPECT_OK(syscall(
		SYS_faccessat2, AT_FDCWD, "l", F_OK, AT_SYMLINK_NOFOLLOW));
	EXPECT_ERRNO(syscall(SYS_faccessat2, AT_FDCWD, ".", F_OK, 1), EINVAL);
	EXPECT_OK(syscall(SYS_faccessat2, MUST(open(".", O_PATH)), "", F_OK,
		AT_EMPTY_PATH));
}
