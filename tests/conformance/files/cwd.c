/* chdir, fchdir, getcwd, chroot, and how paths are walked. */
#include "tests/conformance/harness.h"

#include <limits.h>

CASE(getcwd_follows_chdir)
{
	char a[PATH_MAX];
	char b[PATH_MAX];
	char want[PATH_MAX + 10];

	MUST(mkdir("d", 0755));
	REQUIRE(getcwd(a, sizeof(a)));
	EXPECT_OK(chdir("d"));
	REQUIRE(getcwd(b, sizeof(b)));
	snprintf(want, sizeof(want), "%s/d", a);
	EXPECT_STR(b, want);
	EXPECT_OK(chdir(".."));
	REQUIRE(getcwd(b, sizeof(b)));
	EXPECT_STR(b, a);
	EXPECT_OK(chdir("/"));
	REQUIRE(getcwd(b, sizeof(b)));
	EXPECT_STR(b, "/");
}

CASE(getcwd_counts_the_nul)
{
	char path[PATH_MAX];

	MUST(chdir("/dev"));
	EXPECT_EQ(syscall(SYS_getcwd, path, 5), 5);
	EXPECT_ERRNO(syscall(SYS_getcwd, path, 4), ERANGE);
	EXPECT_ERRNO(syscall(SYS_getcwd, path, 0), ERANGE);
	EXPECT_ERRNO(syscall(SYS_getcwd, conf_unmapped(), 100), EFAULT);
}

CASE(removed_folder_has_no_path)
{
	char path[PATH_MAX];

	MUST(mkdir("d", 0755));
	MUST(chdir("d"));
	MUST(rmdir("../d"));
	EXPECT_ERRNO(syscall(SYS_getcwd, path, sizeof(path)), ENOENT);
	EXPECT_ERRNO(open("f", O_RDWR | O_CREAT, 0600), ENOENT);
	EXPECT_OK(open(".", O_RDONLY));
	EXPECT_OK(chdir(".."));
	EXPECT_OK(syscall(SYS_getcwd, path, sizeof(path)));
}

CASE(cwd_survives_a_rename_of_its_parent)
{
	char path[PATH_MAX];

	MUST(mkdir("a", 0755));
	MUST(mkdir("a/b", 0755));
	MUST(chdir("a/b"));
	MUST(rename("../../a", "../../c"));
	REQUIRE(getcwd(path, sizeof(path)));
	EXPECT_STR(path + strlen(path) - 4, "/c/b");
}

CASE(chdir_errors)
{
	close(conf_file("f", ""));
	EXPECT_ERRNO(chdir("missing"), ENOENT);
	EXPECT_ERRNO(chdir("f"), ENOTDIR);
	EXPECT_ERRNO(chdir(""), ENOENT);
	EXPECT_ERRNO(chdir(conf_unmapped()), EFAULT);
	EXPECT_ERRNO(fchdir(-1), EBADF);
	EXPECT_ERRNO(fchdir(MUST(open("f", O_RDONLY))), ENOTDIR);
}

CASE(fchdir_takes_path_descriptors)
{
	struct stat a;
	struct stat b;

	MUST(mkdir("d", 0755));
	MUST(stat("d", &a));
	EXPECT_OK(fchdir(MUST(open("d", O_PATH))));
	MUST(stat(".", &b));
	EXPECT_EQ(a.st_ino, b.st_ino);
}

CASE_USER(chdir_needs_search_permission)
{
	MUST(mkdir("d", 0600));
	EXPECT_ERRNO(chdir("d"), EACCES);
	EXPECT_ERRNO(fchdir(MUST(open("d", O_RDONLY))), EACCES);
	MUST(chmod("d", 0100));
	EXPECT_OK(chdir("d"));
}

CASE(cwd_is_inherited_and_not_shared)
{
	char a[PATH_MAX];
	char b[PATH_MAX];
	pid_t pid;

	REQUIRE(getcwd(a, sizeof(a)));
	pid = conf_fork();
	if (pid == 0)
		_exit(chdir("/") != 0);
	EXPECT_EQ(conf_wait(pid), EXITED(0));
	REQUIRE(getcwd(b, sizeof(b)));
	EXPECT_STR(b, a);
}

static void *go_to_root(void *data)
{
	MUST(chdir("/"));
	return NULL;
}

CASE(cwd_is_shared_between_threads)
{
	char path[PATH_MAX];
	pthread_t thread;

	REQUIRE(pthread_create(&thread, NULL, go_to_root, NULL) == 0);
	pthread_join(thread, NULL);
	REQUIRE(getcwd(path, sizeof(path)));
	EXPECT_STR(path, "/");
}

CASE(slashes_and_dots_do_not_matter)
{
	MUST(mkdir("d", 0755));
	close(conf_file("d/f", ""));
	EXPECT_OK(access(".//d/././/f", F_OK));
	EXPECT_OK(access("d/../d/../d/f", F_OK));
	EXPECT_OK(access("/../../dev/null", F_OK));
	EXPECT_ERRNO(access("missing/../d", F_OK), ENOENT);
}

CASE(dot_dot_after_a_link_is_the_targets_parent)
{
	MUST(mkdir("a", 0755));
	MUST(mkdir("a/b", 0755));
	close(conf_file("a/here", ""));
	MUST(symlink("a/b", "l"));
	EXPECT_OK(access("l/../here", F_OK));
}

CASE_ROOT(chroot_changes_what_slash_means)
{
	char path[PATH_MAX];
	pid_t pid;

	MUST(mkdir("r", 0755));
	close(conf_file("r/f", ""));
	pid = conf_fork();
	if (pid == 0) {
		EXPECT_OK(chroot("r"));
		EXPECT_EQ(syscall(SYS_getcwd, path, sizeof(path)) > 0, 1);
		EXPECT_MEM(path, "(unreachable)/", 14);
		EXPECT_OK(chdir("/"));
		EXPECT_OK(access("/f", F_OK));
		EXPECT_OK(access("/../f", F_OK));
		EXPECT_ERRNO(access("/dev/null", F_OK), ENOENT);
		REQUIRE(getcwd(path, sizeof(path)));
		EXPECT_STR(path, "/");
		_exit(0);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
}

CASE_USER(chroot_needs_root)
{
	EXPECT_ERRNO(chroot("."), EPERM);
	EXPECT_ERRNO(chroot("missing"), ENOENT);
}
