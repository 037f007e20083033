/* getgroups(2) and setgroups(2). */
#include "tests/conformance/harness.h"

CASE_ROOT(groups_come_back_sorted)
{
	gid_t list[4] = {30, 10, 20, 10};
	gid_t got[4] = {0};
	const gid_t want[4] = {10, 10, 20, 30};

	MUST(syscall(SYS_setgroups, 4, list));
	EXPECT_EQ(syscall(SYS_getgroups, 0, NULL), 4);
	EXPECT_EQ(syscall(SYS_getgroups, 4, got), 4);
	EXPECT_MEM(got, want, sizeof(want));
	MUST(syscall(SYS_setgroups, 0, NULL));
	EXPECT_EQ(syscall(SYS_getgroups, 0, NULL), 0);
	EXPECT_EQ(syscall(SYS_getgroups, 4, conf_unmapped()), 0);
}

CASE_ROOT(getgroups_errors)
{
	gid_t list[3] = {1, 2, 3};
	gid_t got[3];

	MUST(syscall(SYS_setgroups, 3, list));
	EXPECT_ERRNO(syscall(SYS_getgroups, -1, got), EINVAL);
	EXPECT_ERRNO(syscall(SYS_getgroups, 2, got), EINVAL);
	EXPECT_ERRNO(syscall(SYS_getgroups, 3, conf_unmapped()), EFAULT);
	EXPECT_ERRNO(syscall(SYS_getgroups, 3, conf_read_only()), EFAULT);
	EXPECT_EQ(syscall(SYS_getgroups, 0, conf_unmapped()), 3);
}

CASE_ROOT(setgroups_errors)
{
	gid_t list[2] = {1, (gid_t)-1};

	EXPECT_ERRNO(syscall(SYS_setgroups, -1, list), EINVAL);
	EXPECT_ERRNO(syscall(SYS_setgroups, 65537, list), EINVAL);
	EXPECT_ERRNO(syscall(SYS_setgroups, 2, list), EINVAL);
	EXPECT_ERRNO(syscall(SYS_setgroups, 1, conf_unmapped()), EFAULT);
}

CASE_USER(setgroups_needs_the_right_before_anything_else)
{
	EXPECT_ERRNO(syscall(SYS_setgroups, 0, NULL), EPERM);
	EXPECT_ERRNO(syscall(SYS_setgroups, -1, NULL), EPERM);
	EXPECT_ERRNO(syscall(SYS_setgroups, 1, conf_unmapped()), EPERM);
}
