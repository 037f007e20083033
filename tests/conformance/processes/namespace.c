/* What unshare and setns say without rights or with wrong arguments. */
#include "tests/conformance/harness.h"

CASE(unshare_of_plain_things_works)
{
	EXPECT_OK(unshare(0));
	EXPECT_OK(unshare(CLONE_FILES));
	EXPECT_OK(unshare(CLONE_FS));
	EXPECT_OK(unshare(CLONE_SYSVSEM));
}

CASE(unshare_errors)
{
	EXPECT_ERRNO(unshare(0x10), EINVAL);
	EXPECT_ERRNO(syscall(SYS_unshare, 0xffffffff), EINVAL);
}

CASE_USER(namespaces_need_rights)
{
	EXPECT_ERRNO(unshare(CLONE_NEWUTS), EPERM);
	EXPECT_ERRNO(unshare(CLONE_NEWNS), EPERM);
	EXPECT_ERRNO(unshare(CLONE_NEWIPC), EPERM);
	EXPECT_ERRNO(unshare(CLONE_NEWPID), EPERM);
}

CASE(setns_errors)
{
	EXPECT_ERRNO(setns(-1, 0), EBADF);
	EXPECT_ERRNO(setns(conf_file("f", ""), 0), EINVAL);
}

CASE_ROOT(uts_namespace_has_its_own_name)
{
	char name[65];
	char before[65];
	pid_t pid;

	MUST(gethostname(before, sizeof(before)));
	pid = conf_fork();
	if (pid == 0) {
		EXPECT_OK(unshare(CLONE_NEWUTS));
		EXPECT_OK(sethostname("inside", 6));
		EXPECT_OK(gethostname(name, sizeof(name)));
		EXPECT_STR(name, "inside");
		_exit(0);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
	MUST(gethostname(name, sizeof(name)));
	EXPECT_STR(name, before);
}

CASE(namespace_links_are_there)
{
	char text[64] = "";

	EXPECT(readlink("/proc/self/ns/pid", text, sizeof(text) - 1) > 0);
	EXPECT_MEM(text, "pid:[", 5);
	EXPECT(readlink("/proc/self/ns/user", text, sizeof(text) - 1) > 0);
	EXPECT_MEM(text, "user:[", 6);
}

CASE_ROOT(tmpfs_can_be_mounted_in_a_new_namespace)
{
	struct stat st;
	pid_t pid = conf_fork();

	if (pid == 0) {
		MUST(mkdir("m", 0755));
		EXPECT_OK(unshare(CLONE_NEWNS));
		EXPECT_OK(syscall(
			SYS_mount, NULL, "/", NULL, 0x4000 | 0x40000, NULL));
		EXPECT_OK(syscall(
			SYS_mount, "none", "m", "tmpfs", 0, "mode=0700"));
		EXPECT_OK(stat("m", &st));
		EXPECT_EQ(st.st_mode & 0777, 0700);
		EXPECT_OK(syscall(SYS_umount2, "m", 0));
		_exit(0);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
}
