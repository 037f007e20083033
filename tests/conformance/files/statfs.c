/* statfs, fstatfs, ustat's successors, and name limits. */
#include "tests/conformance/harness.h"

#include <linux/magic.h>
#include <sys/statfs.h>

CASE(tells_the_kind_of_proc)
{
	struct statfs s;

	EXPECT_OK(statfs("/proc", &s));
	EXPECT_EQ(s.f_type, PROC_SUPER_MAGIC);
	EXPECT_EQ(s.f_bsize, 4096);
	EXPECT_EQ(s.f_namelen, 255);
	EXPECT_EQ(s.f_blocks, 0);
}

CASE(tells_pipes_apart)
{
	struct statfs s;
	int p[2];

	MUST(pipe(p));
	EXPECT_OK(fstatfs(p[0], &s));
	EXPECT_EQ(s.f_type, PIPEFS_MAGIC);
}

CASE(errors)
{
	struct statfs s;

	close(conf_file("f", ""));
	EXPECT_ERRNO(statfs("missing", &s), ENOENT);
	EXPECT_ERRNO(statfs("f/x", &s), ENOTDIR);
	EXPECT_ERRNO(statfs(".", conf_unmapped()), EFAULT);
	EXPECT_ERRNO(fstatfs(-1, &s), EBADF);
	EXPECT_OK(fstatfs(MUST(open("f", O_PATH)), &s));
}

CASE(free_is_within_total)
{
	struct statfs s;

	EXPECT_OK(statfs(".", &s));
	EXPECT(s.f_blocks > 0);
	EXPECT(s.f_bfree <= s.f_blocks);
	EXPECT(s.f_bavail <= s.f_bfree);
	EXPECT_EQ(s.f_namelen, 255);
}
