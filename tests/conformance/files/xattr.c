/* Extended attributes of the user namespace. */
#include "tests/conformance/harness.h"

#include <sys/xattr.h>

static void need_xattr(void)
{
	close(conf_file("probe", ""));
	if (setxattr("probe", "user.probe", "", 0, 0) < 0 &&
		errno == EOPNOTSUPP)
		SKIP("no user attributes on this filesystem");
}

CASE(set_get_list_remove)
{
	char text[100];

	need_xattr();
	close(conf_file("f", ""));
	EXPECT_OK(setxattr("f", "user.one", "value", 5, 0));
	EXPECT_EQ(getxattr("f", "user.one", text, sizeof(text)), 5);
	EXPECT_MEM(text, "value", 5);
	EXPECT_EQ(listxattr("f", text, sizeof(text)), 9);
	EXPECT_MEM(text, "user.one", 9);
	EXPECT_OK(removexattr("f", "user.one"));
	EXPECT_ERRNO(getxattr("f", "user.one", text, 100), ENODATA);
	EXPECT_EQ(listxattr("f", text, sizeof(text)), 0);
}

CASE(size_zero_asks_and_short_is_erange)
{
	char text[100];

	need_xattr();
	close(conf_file("f", ""));
	MUST(setxattr("f", "user.a", "value", 5, 0));
	EXPECT_EQ(getxattr("f", "user.a", NULL, 0), 5);
	EXPECT_ERRNO(getxattr("f", "user.a", text, 4), ERANGE);
	EXPECT_EQ(listxattr("f", NULL, 0), 7);
	EXPECT_ERRNO(listxattr("f", text, 6), ERANGE);
}

CASE(create_and_replace)
{
	need_xattr();
	close(conf_file("f", ""));
	EXPECT_ERRNO(setxattr("f", "user.a", "1", 1, XATTR_REPLACE), ENODATA);
	EXPECT_OK(setxattr("f", "user.a", "1", 1, XATTR_CREATE));
	EXPECT_ERRNO(setxattr("f", "user.a", "1", 1, XATTR_CREATE), EEXIST);
	EXPECT_OK(setxattr("f", "user.a", "", 0, XATTR_REPLACE));
	EXPECT_EQ(getxattr("f", "user.a", NULL, 0), 0);
}

CASE(errors)
{
	char name[300];
	char text[10];

	need_xattr();
	close(conf_file("f", ""));
	EXPECT_ERRNO(setxattr("missing", "user.a", "", 0, 0), ENOENT);
	EXPECT_ERRNO(setxattr("f", "user.a", "", 0, 7), EINVAL);
	EXPECT_ERRNO(setxattr("f", "", "", 0, 0), ERANGE);
	EXPECT_ERRNO(setxattr("f", "nothing.a", "", 0, 0), EOPNOTSUPP);
	EXPECT_ERRNO(setxattr("f", "user.a", conf_unmapped(), 1, 0), EFAULT);
	EXPECT_ERRNO(setxattr("f", conf_unmapped(), "", 0, 0), EFAULT);
	EXPECT_ERRNO(setxattr("f", "user.a", text, 65537, 0), E2BIG);
	EXPECT_ERRNO(removexattr("f", "user.none"), ENODATA);
	memset(name, 'n', sizeof(name));
	memcpy(name, "user.", 5);
	name[256] = '\0';
	EXPECT_ERRNO(setxattr("f", name, "", 0, 0), ERANGE);
	EXPECT_ERRNO(fgetxattr(-1, "user.a", text, 1), EBADF);
}

CASE(user_attributes_only_on_files_and_folders)
{
	need_xattr();
	MUST(mkdir("d", 0755));
	MUST(symlink("nowhere", "l"));
	MUST(mkfifo("p", 0600));
	EXPECT_OK(setxattr("d", "user.a", "x", 1, 0));
	EXPECT_ERRNO(lsetxattr("l", "user.a", "x", 1, 0), EPERM);
	EXPECT_ERRNO(setxattr("p", "user.a", "x", 1, 0), EPERM);
}

CASE(by_descriptor_is_the_same_file)
{
	char c;
	int fd;

	need_xattr();
	fd = conf_file("f", "");
	EXPECT_OK(fsetxattr(fd, "user.a", "x", 1, 0));
	EXPECT_EQ(getxattr("f", "user.a", &c, 1), 1);
	EXPECT_OK(fremovexattr(fd, "user.a"));
	EXPECT_ERRNO(
		fsetxattr(MUST(open("f", O_PATH)), "user.a", "", 0, 0), EBADF);
}

CASE_USER(permission_bits_guard_user_attributes)
{
	char c;

	need_xattr();
	close(conf_file("f", ""));
	MUST(setxattr("f", "user.a", "x", 1, 0));
	MUST(chmod("f", 0400));
	EXPECT_ERRNO(setxattr("f", "user.a", "y", 1, 0), EACCES);
	EXPECT_EQ(getxattr("f", "user.a", &c, 1), 1);
	MUST(chmod("f", 0200));
	EXPECT_ERRNO(getxattr("f", "user.a", &c, 1), EACCES);
}

CASE_USER(trusted_attributes_need_rights)
{
	close(conf_file("f", ""));
	EXPECT_ERRNO(setxattr("f", "trusted.a", "x", 1, 0), EPERM);
	EXPECT_ERRNO(getxattr("f", "trusted.a", NULL, 0), ENODATA);
}
