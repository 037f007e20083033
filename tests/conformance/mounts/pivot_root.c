/* pivot_root(2). */
#include <sys/mount.h>

#include "tests/conformance/harness.h"

static long pivot_root(const char *new_root, const char *put_old)
{
	return syscall(SYS_pivot_root, new_root, put_old);
}

/* A new root, with folders in it, in a namespace that ends with the case. */
static void prepare(void)
{
	if (unshare(CLONE_NEWNS) == 0)
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	MUST(mkdir("new", 0755));
	MUST(mount("x", "new", "tmpfs", 0, NULL));
	MUST(mkdir("new/old", 0755));
	close(conf_file("new/here", "x"));
	close(conf_file("there", "x"));
}

CASE_ROOT(roots_change_places)
{
	char name[600], cwd[500];

	prepare();
	REQUIRE(getcwd(cwd, sizeof(cwd)));
	EXPECT_OK(pivot_root("new", "new/old"));
	EXPECT_OK(access("/here", F_OK));
	EXPECT_OK(access("/old/proc", F_OK));
	snprintf(name, sizeof(name), "/old%s/there", cwd);
	EXPECT_OK(access(name, F_OK));
	EXPECT_OK(access("/old/../here", F_OK));
	MUST(chdir("/"));
	EXPECT_OK(umount2("/old", MNT_DETACH));
	EXPECT_ERRNO(access(name, F_OK), ENOENT);
	EXPECT_OK(access("/../here", F_OK));
}

CASE_ROOT(what_it_refuses)
{
	char *bad = conf_unmapped();

	prepare();
	MUST(mkdir("plain", 0755));
	EXPECT_ERRNO(pivot_root("none", "new/old"), ENOENT);
	EXPECT_ERRNO(pivot_root("new", "new/none"), ENOENT);
	EXPECT_ERRNO(pivot_root("there", "new/old"), ENOTDIR);
	EXPECT_ERRNO(pivot_root("new", "new/here"), ENOTDIR);
	EXPECT_ERRNO(pivot_root("plain", "plain"), EBUSY);
	EXPECT_ERRNO(pivot_root("new/old", "new/old"), EINVAL);
	EXPECT_ERRNO(pivot_root("new", "plain"), EBUSY);
	EXPECT_ERRNO(pivot_root("/", "new/old"), EBUSY);
	EXPECT_ERRNO(pivot_root(bad, "new/old"), EFAULT);
	EXPECT_ERRNO(pivot_root("new", bad), EFAULT);
}
