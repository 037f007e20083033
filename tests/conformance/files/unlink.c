/* unlink, unlinkat, rmdir, mkdir, mknod. */
#include "tests/conformance/harness.h"

#include <sys/sysmacros.h>

CASE(name_goes_and_can_be_made_again)
{
	close(conf_file("f", ""));
	EXPECT_OK(unlink("f"));
	EXPECT_ERRNO(unlink("f"), ENOENT);
	EXPECT_OK(open("f", O_RDWR | O_CREAT | O_EXCL, 0600));
}

CASE(folder_is_eisdir)
{
	MUST(mkdir("d", 0755));
	EXPECT_ERRNO(unlink("d"), EISDIR);
	EXPECT_ERRNO(unlink("d/"), EISDIR);
	EXPECT_OK(unlinkat(AT_FDCWD, "d", AT_REMOVEDIR));
}

CASE(unlink_errors)
{
	close(conf_file("f", ""));
	EXPECT_ERRNO(unlink("f/"), ENOTDIR);
	EXPECT_ERRNO(unlink("f/x"), ENOTDIR);
	EXPECT_ERRNO(unlink(""), ENOENT);
	EXPECT_ERRNO(unlink("missing/x"), ENOENT);
	EXPECT_ERRNO(unlink(conf_unmapped()), EFAULT);
	EXPECT_ERRNO(unlinkat(AT_FDCWD, "f", 1), EINVAL);
	EXPECT_ERRNO(unlinkat(-1, "f", 0), EBADF);
	EXPECT_OK(access("f", F_OK));
}

CASE(unlink_takes_the_link_and_not_the_file)
{
	close(conf_file("f", ""));
	MUST(symlink("f", "l"));
	EXPECT_OK(unlink("l"));
	EXPECT_OK(access("f", F_OK));
}

CASE(rmdir_wants_an_empty_folder)
{
	MUST(mkdir("d", 0755));
	close(conf_file("d/f", ""));
	EXPECT_ERRNO(rmdir("d"), ENOTEMPTY);
	MUST(unlink("d/f"));
	EXPECT_OK(rmdir("d"));
}

CASE(rmdir_errors)
{
	close(conf_file("f", ""));
	MUST(mkdir("d", 0755));
	MUST(symlink("d", "l"));
	EXPECT_ERRNO(rmdir("f"), ENOTDIR);
	EXPECT_ERRNO(rmdir("l"), ENOTDIR);
	EXPECT_ERRNO(rmdir("missing"), ENOENT);
	EXPECT_ERRNO(rmdir("d/."), EINVAL);
	EXPECT_ERRNO(rmdir("d/.."), ENOTEMPTY);
	EXPECT_ERRNO(rmdir("/"), EBUSY);
	EXPECT_ERRNO(rmdir(conf_unmapped()), EFAULT);
}

CASE(nothing_can_be_made_in_a_removed_folder)
{
	int dir;

	MUST(mkdir("d", 0755));
	dir = MUST(open("d", O_RDONLY));
	MUST(rmdir("d"));
	EXPECT_ERRNO(openat(dir, "f", O_RDWR | O_CREAT, 0600), ENOENT);
	EXPECT_ERRNO(mkdirat(dir, "x", 0755), ENOENT);
	EXPECT_ERRNO(symlinkat("x", dir, "l"), ENOENT);
}

CASE(mkdir_mode_is_less_umask)
{
	struct stat st;

	umask(027);
	EXPECT_OK(mkdir("d", 0777));
	MUST(stat("d", &st));
	EXPECT_EQ(st.st_mode, S_IFDIR | 0750);
	EXPECT_OK(mkdir("s", 01777));
	MUST(stat("s", &st));
	EXPECT_EQ(st.st_mode, S_IFDIR | 01750);
}

CASE(mkdir_errors)
{
	close(conf_file("f", ""));
	MUST(symlink("nowhere", "l"));
	EXPECT_ERRNO(mkdir("f", 0755), EEXIST);
	EXPECT_ERRNO(mkdir("l", 0755), EEXIST);
	EXPECT_ERRNO(mkdir(".", 0755), EEXIST);
	EXPECT_ERRNO(mkdir("/", 0755), EEXIST);
	EXPECT_ERRNO(mkdir("missing/d", 0755), ENOENT);
	EXPECT_ERRNO(mkdir("f/d", 0755), ENOTDIR);
	EXPECT_ERRNO(mkdir("", 0755), ENOENT);
	EXPECT_ERRNO(mkdir(conf_unmapped(), 0755), EFAULT);
	EXPECT_OK(mkdir("d//", 0755));
}

CASE(mkdir_in_a_setgid_folder_hands_it_on)
{
	struct stat st;

	MUST(mkdir("p", 0755));
	MUST(chmod("p", 02755));
	MUST(mkdir("p/d", 0755));
	MUST(stat("p/d", &st));
	EXPECT_EQ(st.st_mode, S_IFDIR | 02755);
}

CASE(mknod_makes_files_and_fifos)
{
	struct stat st;

	umask(0);
	EXPECT_OK(mknod("f", S_IFREG | 0640, 0));
	MUST(stat("f", &st));
	EXPECT_EQ(st.st_mode, S_IFREG | 0640);
	EXPECT_OK(mknod("plain", 0600, 0));
	MUST(stat("plain", &st));
	EXPECT_EQ(st.st_mode, S_IFREG | 0600);
	EXPECT_OK(mknod("p", S_IFIFO | 0600, 0));
	MUST(stat("p", &st));
	EXPECT(S_ISFIFO(st.st_mode));
	EXPECT_OK(mknod("s", S_IFSOCK | 0600, 0));
	MUST(stat("s", &st));
	EXPECT(S_ISSOCK(st.st_mode));
}

CASE(mknod_errors)
{
	close(conf_file("f", ""));
	EXPECT_ERRNO(mknod("f", S_IFREG | 0600, 0), EEXIST);
	EXPECT_ERRNO(mknod("d", S_IFDIR | 0700, 0), EPERM);
	EXPECT_ERRNO(mknod("l", S_IFLNK | 0700, 0), EINVAL);
	EXPECT_ERRNO(mknod("x", 0030000 | 0700, 0), EINVAL);
	EXPECT_ERRNO(mknod("missing/x", S_IFIFO | 0700, 0), ENOENT);
}

CASE(socket_file_cannot_be_opened)
{
	MUST(mknod("s", S_IFSOCK | 0600, 0));
	EXPECT_ERRNO(open("s", O_RDWR), ENXIO);
	EXPECT_OK(open("s", O_PATH));
}

CASE_USER(devices_need_rights)
{
	EXPECT_ERRNO(mknod("c", S_IFCHR | 0600, makedev(1, 3)), EPERM);
	EXPECT_ERRNO(mknod("b", S_IFBLK | 0600, makedev(1, 0)), EPERM);
}

CASE_ROOT(sticky_folder_guards_what_belongs_to_others)
{
	pid_t pid;

	MUST(mkdir("d", 0755));
	MUST(chmod("d", 01777));
	MUST(mkdir("d/sub", 0777));
	close(conf_file("d/f", ""));
	MUST(chmod("d/f", 0666));
	pid = conf_fork();
	if (pid == 0) {
		MUST(setresuid(CONF_UID, CONF_UID, CONF_UID));
		EXPECT_ERRNO(unlink("d/f"), EPERM);
		EXPECT_ERRNO(rename("d/f", "d/g"), EPERM);
		EXPECT_ERRNO(rmdir("d/sub"), EPERM);
		EXPECT_OK(mkdir("d/own", 0755));
		EXPECT_OK(rmdir("d/own"));
		_exit(0);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
}

CASE_USER(read_only_folder_keeps_its_names)
{
	MUST(mkdir("d", 0755));
	close(conf_file("d/f", ""));
	MUST(chmod("d", 0555));
	EXPECT_ERRNO(unlink("d/f"), EACCES);
	EXPECT_ERRNO(mkdir("d/x", 0755), EACCES);
	EXPECT_ERRNO(mkdir("d/f", 0755), EEXIST);
	EXPECT_ERRNO(symlink("x", "d/l"), EACCES);
	EXPECT_ERRNO(link("d/f", "d/g"), EACCES);
	MUST(chmod("d", 0755));
}
