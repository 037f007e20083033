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

/* ---- The calls of Linux 6.13, by number: no C library has them here. ---- */

#define SETXATTRAT    463
#define GETXATTRAT    464
#define LISTXATTRAT   465
#define REMOVEXATTRAT 466

struct at_args {
	uint64_t value;
	uint32_t size;
	uint32_t flags;
};

static struct at_args args_of(const void *value, uint32_t size)
{
	return (struct at_args){(uintptr_t)value, size, 0};
}

static void need_xattrat(void)
{
	need_xattr();
	if (syscall(LISTXATTRAT, AT_FDCWD, "probe", 0, NULL, 0) < 0 &&
		errno == ENOSYS)
		SKIP("older than Linux 6.13");
}

CASE(xattrat_sets_gets_lists_and_removes)
{
	struct at_args in = args_of("value", 5);
	char text[100];
	struct at_args out = args_of(text, sizeof(text));
	int dir;

	need_xattrat();
	MUST(mkdir("d", 0755));
	close(conf_file("d/f", ""));
	dir = MUST(open("d", O_RDONLY | O_DIRECTORY));
	EXPECT_OK(syscall(SETXATTRAT, dir, "f", 0, "user.a", &in, sizeof(in)));
	EXPECT_EQ(syscall(GETXATTRAT, dir, "f", 0, "user.a", &out, sizeof(out)),
		5);
	EXPECT_MEM(text, "value", 5);
	EXPECT_EQ(syscall(LISTXATTRAT, dir, "f", 0, text, sizeof(text)), 7);
	EXPECT_MEM(text, "user.a", 7);
	EXPECT_OK(syscall(REMOVEXATTRAT, dir, "f", 0, "user.a"));
	EXPECT_ERRNO(syscall(REMOVEXATTRAT, dir, "f", 0, "user.a"), ENODATA);
}

CASE(xattrat_refuses_bad_arguments)
{
	struct at_args in = args_of("value", 5);
	struct at_args bad = args_of(conf_unmapped(), 5);

	need_xattrat();
	EXPECT_ERRNO(syscall(SETXATTRAT, -1, "x", 0, "user.a", &in, sizeof(in)),
		EBADF);
	EXPECT_ERRNO(syscall(SETXATTRAT, AT_FDCWD, "missing", 0, "user.a", &in,
			     sizeof(in)),
		ENOENT);
	EXPECT_ERRNO(syscall(SETXATTRAT, AT_FDCWD, "probe", 0x40000, "user.a",
			     &in, sizeof(in)),
		EINVAL);
	EXPECT_ERRNO(
		syscall(SETXATTRAT, AT_FDCWD, "probe", 0, "user.a", &in, 8),
		EINVAL);
	EXPECT_ERRNO(syscall(SETXATTRAT, AT_FDCWD, "probe", 0, "user.a", &bad,
			     sizeof(bad)),
		EFAULT);
	EXPECT_ERRNO(syscall(SETXATTRAT, AT_FDCWD, "probe", 0, "user.a",
			     conf_unmapped(), sizeof(in)),
		EFAULT);
	EXPECT_ERRNO(syscall(GETXATTRAT, AT_FDCWD, "probe", 0, conf_unmapped(),
			     &in, sizeof(in)),
		EFAULT);
	EXPECT_ERRNO(
		syscall(LISTXATTRAT, AT_FDCWD, conf_unmapped(), 0, NULL, 0),
		EFAULT);
	EXPECT_ERRNO(
		syscall(REMOVEXATTRAT, AT_FDCWD, "probe", 0, conf_unmapped()),
		EFAULT);
}

CASE(lremovexattr_is_about_the_link_itself)
{
	need_xattr();
	close(conf_file("f", ""));
	MUST(symlink("f", "l"));
	MUST(setxattr("f", "user.a", "1", 1, 0));
	EXPECT_ERRNO(lremovexattr("f", "user.b"), ENODATA);
	EXPECT_OK(lremovexattr("f", "user.a"));
	EXPECT_ERRNO(lremovexattr("l", "user.a"), EPERM);
	EXPECT_ERRNO(lremovexattr("missing", "user.a"), ENOENT);
	EXPECT_ERRNO(lremovexattr(conf_unmapped(), "user.a"), EFAULT);
}
