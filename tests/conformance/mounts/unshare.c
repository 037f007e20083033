/* unshare(2) and clone(2) with CLONE_NEWNS, CLONE_FS, CLONE_FILES. */
#include <sys/mount.h>

#include "tests/conformance/harness.h"

static void private_root(void)
{
	mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

CASE_ROOT(mounts_of_a_new_namespace_stay_in_it)
{
	pid_t pid;

	MUST(unshare(CLONE_NEWNS));
	private_root();
	MUST(mkdir("m", 0755));
	pid = conf_fork();
	if (pid == 0) {
		MUST(unshare(CLONE_NEWNS));
		MUST(mount("x", "m", "tmpfs", 0, NULL));
		close(conf_file("m/inner", ""));
		EXPECT_OK(access("m/inner", F_OK));
		_exit(0);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
	EXPECT_ERRNO(access("m/inner", F_OK), ENOENT);
	EXPECT_ERRNO(umount("m"), EINVAL);
}

CASE_ROOT(the_current_folder_moves_into_the_new_namespace)
{
	char cwd[600], after[600];

	MUST(mkdir("m", 0755));
	MUST(chdir("m"));
	REQUIRE(getcwd(cwd, sizeof(cwd)));
	MUST(unshare(CLONE_NEWNS));
	private_root();
	REQUIRE(getcwd(after, sizeof(after)));
	EXPECT_STR(after, cwd);
	MUST(mount("x", cwd, "tmpfs", 0, NULL));
	close(conf_file("../f", ""));
	MUST(chdir(cwd));
	EXPECT_ERRNO(access("f", F_OK), ENOENT);
	EXPECT_OK(access("../f", F_OK));
	MUST(chdir("/"));
	EXPECT_OK(umount(cwd));
}

static int other_cwd(void *data)
{
	return chdir("/") < 0 || umask(0) == 077;
}

CASE(a_shared_current_folder_is_parted)
{
	static char stack[65536] __attribute__((aligned(16)));
	char before[600], after[600];
	int status;
	pid_t pid;

	REQUIRE(getcwd(before, sizeof(before)));
	pid = MUST(clone(
		other_cwd, stack + sizeof(stack), CLONE_FS | SIGCHLD, NULL));
	MUST(waitpid(pid, &status, 0));
	REQUIRE(getcwd(after, sizeof(after)));
	EXPECT_STR(after, "/");
	MUST(chdir(before));
	EXPECT_OK(unshare(CLONE_FS));
	REQUIRE(getcwd(after, sizeof(after)));
	EXPECT_STR(after, before);
}

static int unshare_and_close(void *data)
{
	return unshare(CLONE_FILES) < 0 || close(*(int *)data) < 0;
}

CASE(a_shared_table_of_files_is_parted)
{
	static char stack[65536] __attribute__((aligned(16)));
	int fd = conf_file("f", "x");
	int status;
	pid_t pid;

	pid = MUST(clone(unshare_and_close, stack + sizeof(stack),
		CLONE_FILES | SIGCHLD, &fd));
	MUST(waitpid(pid, &status, 0));
	EXPECT_EQ(status, 0);
	EXPECT_OK(fcntl(fd, F_GETFD));
}

CASE(what_it_refuses)
{
	EXPECT_OK(unshare(0));
	EXPECT_ERRNO(unshare(0x1), EINVAL);
	EXPECT_ERRNO(unshare(CLONE_SETTLS), EINVAL);
	EXPECT_ERRNO(unshare(CLONE_VFORK), EINVAL);
	EXPECT_OK(unshare(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD));
}

CASE_USER(a_namespace_is_for_the_administrator)
{
	EXPECT_ERRNO(unshare(CLONE_NEWNS), EPERM);
	EXPECT_ERRNO(
		syscall(SYS_clone, CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0), EPERM);
	EXPECT_ERRNO(syscall(SYS_clone, CLONE_NEWNS | CLONE_FS | SIGCHLD, 0, 0,
			     0, 0),
		EINVAL);
}
