/* mount(2) and umount2(2). */
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include "tests/conformance/harness.h"

/* A namespace that ends with the case, where there are such. */
static void apart(void)
{
	if (unshare(CLONE_NEWNS) == 0)
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

static void tmpfs_on(const char *folder, unsigned long flags, const char *data)
{
	mkdir(folder, 0755);
	MUST(mount("name", folder, "tmpfs", flags, data));
}

static dev_t device(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? 0 : st.st_dev;
}

CASE_ROOT(a_mount_covers_its_folder)
{
	dev_t before;

	apart();
	MUST(mkdir("m", 0755));
	close(conf_file("m/under", "x"));
	before = device("m");
	tmpfs_on("m", 0, NULL);
	EXPECT(device("m") != before);
	EXPECT_EQ(device("m/.."), device("."));
	EXPECT_ERRNO(access("m/under", F_OK), ENOENT);
	close(conf_file("m/inside", "x"));
	EXPECT_OK(umount("m"));
	EXPECT_EQ(device("m"), before);
	EXPECT_OK(access("m/under", F_OK));
	EXPECT_ERRNO(access("m/inside", F_OK), ENOENT);
}

CASE_ROOT(mounts_stack)
{
	apart();
	tmpfs_on("m", 0, NULL);
	close(conf_file("m/first", "x"));
	tmpfs_on("m", 0, NULL);
	EXPECT_ERRNO(access("m/first", F_OK), ENOENT);
	EXPECT_OK(umount("m"));
	EXPECT_OK(access("m/first", F_OK));
	EXPECT_OK(umount("m"));
	EXPECT_ERRNO(umount("m"), EINVAL);
}

CASE_ROOT(mount_says_what_is_wrong)
{
	apart();
	MUST(mkdir("m", 0755));
	close(conf_file("f", ""));
	EXPECT_ERRNO(mount("x", "none", "tmpfs", 0, NULL), ENOENT);
	EXPECT_ERRNO(mount("x", "", "tmpfs", 0, NULL), ENOENT);
	EXPECT_ERRNO(mount("x", "f", "tmpfs", 0, NULL), ENOTDIR);
	EXPECT_ERRNO(mount("x", "f/x", "tmpfs", 0, NULL), ENOTDIR);
	EXPECT_ERRNO(mount("x", "m", "nosuchfs", 0, NULL), ENODEV);
	EXPECT_ERRNO(mount("x", "m", NULL, 0, NULL), EINVAL);
	EXPECT_ERRNO(mount("x", "m", "tmpfs", 0, "nosuch=1"), EINVAL);
	EXPECT_ERRNO(mount("x", "m", "tmpfs", 0, "size=z"), EINVAL);
	EXPECT_ERRNO(mount("none", "m", NULL, MS_BIND, NULL), ENOENT);
	EXPECT_ERRNO(mount(NULL, "m", NULL, MS_BIND, NULL), EINVAL);
	EXPECT_ERRNO(mount("f", "m", NULL, MS_BIND, NULL), ENOTDIR);
	EXPECT_ERRNO(mount("m", "f", NULL, MS_BIND, NULL), ENOTDIR);
	EXPECT_ERRNO(mount("m", "m", NULL, MS_MOVE, NULL), EINVAL);
	EXPECT_ERRNO(
		mount(NULL, "m", NULL, MS_REMOUNT | MS_BIND, NULL), EINVAL);
}

CASE_ROOT(bad_pointers)
{
	char *bad = conf_unmapped();

	apart();
	MUST(mkdir("m", 0755));
	EXPECT_ERRNO(mount(bad, "m", "tmpfs", 0, NULL), EFAULT);
	EXPECT_ERRNO(mount("x", bad, "tmpfs", 0, NULL), EFAULT);
	EXPECT_ERRNO(mount("x", "m", bad, 0, NULL), EFAULT);
	EXPECT_ERRNO(mount("x", "m", "tmpfs", 0, bad), EFAULT);
	EXPECT_ERRNO(umount(bad), EFAULT);
}

CASE_USER(only_for_the_administrator)
{
	mkdir("m", 0755);
	EXPECT_ERRNO(mount("x", "m", "tmpfs", 0, NULL), EPERM);
	EXPECT_ERRNO(mount("x", "none", "tmpfs", 0, NULL), ENOENT);
	EXPECT_ERRNO(umount("m"), EPERM);
	EXPECT_ERRNO(umount2("m", 0x100), EINVAL);
	EXPECT_ERRNO(syscall(SYS_pivot_root, "m", "m"), EPERM);
}

CASE_ROOT(umount_says_what_is_wrong)
{
	apart();
	MUST(mkdir("d", 0755));
	EXPECT_ERRNO(umount("d"), EINVAL);
	EXPECT_ERRNO(umount("none"), ENOENT);
	EXPECT_ERRNO(umount2("d", 0x40), EINVAL);
	tmpfs_on("m", 0, NULL);
	MUST(symlink("m", "l"));
	EXPECT_ERRNO(umount2("m", MNT_EXPIRE | MNT_DETACH), EINVAL);
	EXPECT_ERRNO(umount2("l", UMOUNT_NOFOLLOW), EINVAL);
	EXPECT_OK(umount("l"));
}

CASE_ROOT(a_mount_in_use_is_busy)
{
	int fd;

	apart();
	tmpfs_on("m", 0, NULL);
	fd = conf_file("m/f", "text");
	EXPECT_ERRNO(umount("m"), EBUSY);
	close(fd);
	tmpfs_on("m/in", 0, NULL);
	EXPECT_ERRNO(umount("m"), EBUSY);
	MUST(umount("m/in"));
	MUST(chdir("m"));
	EXPECT_ERRNO(umount("../m"), EBUSY);
	MUST(chdir(".."));
	EXPECT_OK(umount("m"));
}

CASE_ROOT(detached_a_mount_lives_while_it_is_used)
{
	char text[8] = "";
	int fd;

	apart();
	tmpfs_on("m", 0, NULL);
	fd = conf_file("m/f", "text");
	tmpfs_on("m/in", 0, NULL);
	EXPECT_OK(umount2("m", MNT_DETACH));
	EXPECT_ERRNO(access("m/f", F_OK), ENOENT);
	EXPECT_EQ(read(fd, text, 4), 4);
	EXPECT_STR(text, "text");
	EXPECT_EQ(write(fd, "more", 4), 4);
	EXPECT_ERRNO(umount("m"), EINVAL);
}

CASE_ROOT(expire_takes_two_calls)
{
	apart();
	tmpfs_on("m", 0, NULL);
	EXPECT_ERRNO(umount2("m", MNT_EXPIRE), EAGAIN);
	EXPECT_OK(umount2("m", MNT_EXPIRE));
	EXPECT_ERRNO(umount2("m", MNT_EXPIRE), EINVAL);
}

CASE_ROOT(mount_points_stay)
{
	apart();
	tmpfs_on("m", 0, NULL);
	EXPECT_ERRNO(rmdir("m"), EBUSY);
	EXPECT_ERRNO(rename("m", "n"), EBUSY);
	MUST(mkdir("d", 0755));
	EXPECT_ERRNO(rename("d", "m"), EBUSY);
	close(conf_file("m/f", ""));
	EXPECT_ERRNO(rename("m/f", "f"), EXDEV);
	EXPECT_ERRNO(link("m/f", "f"), EXDEV);
	EXPECT_OK(umount("m"));
	EXPECT_OK(rmdir("m"));
}

CASE_ROOT(read_only)
{
	int fd;

	apart();
	tmpfs_on("m", 0, NULL);
	close(conf_file("m/f", "x"));
	fd = MUST(open("m/f", O_RDWR));
	EXPECT_ERRNO(
		mount(NULL, "m", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL),
		EBUSY);
	close(fd);
	MUST(mount(NULL, "m", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
	EXPECT_ERRNO(open("m/f", O_RDWR), EROFS);
	EXPECT_ERRNO(open("m/f", O_RDONLY | O_TRUNC), EROFS);
	EXPECT_ERRNO(open("m/new", O_RDWR | O_CREAT, 0600), EROFS);
	EXPECT_ERRNO(open("m/none", O_RDWR), ENOENT);
	EXPECT_OK(open("m/f", O_RDONLY));
	EXPECT_ERRNO(mkdir("m/d", 0755), EROFS);
	EXPECT_ERRNO(mkdir("m/f", 0755), EEXIST);
	EXPECT_ERRNO(unlink("m/f"), EROFS);
	EXPECT_ERRNO(unlink("m/none"), EROFS);
	EXPECT_ERRNO(rename("m/f", "m/g"), EROFS);
	EXPECT_ERRNO(chmod("m/f", 0600), EROFS);
	EXPECT_ERRNO(truncate("m/f", 0), EROFS);
	EXPECT_ERRNO(access("m/f", W_OK), EROFS);
	EXPECT_ERRNO(symlink("x", "m/l"), EROFS);
}

CASE_ROOT(flags_of_a_mount)
{
	struct statfs st;

	apart();
	tmpfs_on("m", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=711");
	MUST(statfs("m", &st));
	EXPECT_EQ(st.f_flags & 0xf, 0xe);
	MUST(mknod("m/null", S_IFCHR | 0666, makedev(1, 3)));
	EXPECT_ERRNO(open("m/null", O_RDWR), EACCES);
	close(conf_file("m/run", "#!/bin/true\n"));
	MUST(chmod("m/run", 0755));
	EXPECT_ERRNO(execl("m/run", "run", NULL), EACCES);
	EXPECT_ERRNO(access("m/run", X_OK), EACCES);
}

CASE_ROOT(bind_shows_the_same_folder)
{
	struct stat a, b;

	apart();
	MUST(mkdir("a", 0755));
	MUST(mkdir("b", 0755));
	tmpfs_on("a/in", 0, NULL);
	close(conf_file("a/in/f", "x"));
	MUST(mount("a", "b", NULL, MS_BIND, NULL));
	MUST(stat("a", &a));
	MUST(stat("b", &b));
	EXPECT_EQ(a.st_ino, b.st_ino);
	EXPECT_EQ(a.st_dev, b.st_dev);
	EXPECT_ERRNO(access("b/in/f", F_OK), ENOENT);
	MUST(umount("b"));
	MUST(mount("a", "b", NULL, MS_BIND | MS_REC, NULL));
	EXPECT_OK(access("b/in/f", F_OK));
	EXPECT_ERRNO(rename("a/in/f", "b/in/g"), EXDEV);
	/* A file on a file. */
	close(conf_file("f", "f"));
	close(conf_file("g", "g"));
	MUST(mount("f", "g", NULL, MS_BIND, NULL));
	EXPECT_ERRNO(unlink("g"), EBUSY);
	MUST(umount("g"));
	EXPECT_OK(unlink("g"));
}

CASE_ROOT(moving_a_mount)
{
	apart();
	/* One parent that is certainly private. */
	tmpfs_on("p", 0, NULL);
	MUST(mount(NULL, "p", NULL, MS_PRIVATE, NULL));
	MUST(chdir("p"));
	MUST(mkdir("to", 0755));
	tmpfs_on("m", 0, NULL);
	MUST(mkdir("m/in", 0755));
	EXPECT_ERRNO(mount("m", "m/in", NULL, MS_MOVE, NULL), ELOOP);
	EXPECT_OK(mount("m", "to", NULL, MS_MOVE, NULL));
	EXPECT_OK(access("to/in", F_OK));
	EXPECT_ERRNO(access("m/in", F_OK), ENOENT);
	EXPECT_OK(umount("to"));
}

CASE_ROOT(propagation_is_set_on_mounts_only)
{
	apart();
	MUST(mkdir("d", 0755));
	EXPECT_ERRNO(mount(NULL, "d", NULL, MS_PRIVATE, NULL), EINVAL);
	tmpfs_on("m", 0, NULL);
	EXPECT_OK(mount(NULL, "m", NULL, MS_PRIVATE, NULL));
	EXPECT_ERRNO(
		mount(NULL, "m", NULL, MS_PRIVATE | MS_SLAVE, NULL), EINVAL);
}

CASE_ROOT(limits_of_a_tmpfs)
{
	static char page[4096];
	struct statfs st;
	int fd, i;

	apart();
	tmpfs_on("m", 0, "size=64k,nr_inodes=4,mode=700");
	MUST(statfs("m", &st));
	EXPECT_EQ(st.f_type, 0x01021994);
	EXPECT_EQ(st.f_blocks, 16);
	EXPECT_EQ(st.f_bfree, 16);
	EXPECT_EQ(st.f_files, 4);
	EXPECT_EQ(st.f_ffree, 3);
	fd = MUST(open("m/f", O_RDWR | O_CREAT, 0600));
	for (i = 0; i < 16; i++)
		EXPECT_EQ(write(fd, page, sizeof(page)), 4096);
	EXPECT_ERRNO(write(fd, page, sizeof(page)), ENOSPC);
	MUST(statfs("m", &st));
	EXPECT_EQ(st.f_bfree, 0);
	MUST(ftruncate(fd, 4096));
	MUST(statfs("m", &st));
	EXPECT_EQ(st.f_bfree, 15);
	EXPECT_ERRNO(fallocate(fd, 0, 0, 1 << 20), ENOSPC);
	close(conf_file("m/a", ""));
	close(conf_file("m/b", ""));
	EXPECT_ERRNO(open("m/c", O_RDWR | O_CREAT, 0600), ENOSPC);
	EXPECT_ERRNO(mkdir("m/c", 0700), ENOSPC);
	close(fd);
	EXPECT_OK(umount("m"));
}

CASE_ROOT(mountinfo_tells)
{
	char line[512], *at;
	bool found = false;
	FILE *f;

	apart();
	MUST(mkdir("a b", 0755));
	MUST(mount("the source", "a b", "tmpfs", MS_NODEV, "size=64k"));
	f = fopen("/proc/self/mountinfo", "r");
	REQUIRE(f);
	while (fgets(line, sizeof(line), f)) {
		at = strstr(line, "/a\\040b ");
		if (!at)
			continue;
		found = true;
		EXPECT(strstr(at, " rw,nodev,relatime "));
		EXPECT(strstr(at, " - tmpfs the\\040source rw,size=64k"));
	}
	EXPECT(found);
	fclose(f);
	EXPECT_OK(umount("a b"));
}
