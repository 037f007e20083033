/* uname(2), sethostname(2), sysinfo(2), personality(2), getrandom(2). */
#include "tests/conformance/harness.h"

#include <linux/membarrier.h>
#include <sys/personality.h>
#include <sys/random.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

CASE(uname_tells_a_linux_of_this_architecture)
{
	struct utsname *u = conf_guarded(sizeof(*u));
	int major = 0, minor = 0;

	EXPECT_OK(uname(u));
	EXPECT_STR(u->sysname, "Linux");
	EXPECT_STR(u->machine, "x86_64");
	EXPECT(sscanf(u->release, "%d.%d", &major, &minor) == 2);
	EXPECT(major > 6 || (major == 6 && minor >= 1));
	EXPECT_ERRNO(uname(conf_unmapped()), EFAULT);
	EXPECT_ERRNO(uname(conf_read_only()), EFAULT);
}

CASE(uname_obeys_the_personality)
{
	struct utsname u;

	MUST(personality(PER_LINUX32));
	MUST(uname(&u));
	EXPECT_STR(u.machine, "i686");
	MUST(personality(UNAME26));
	MUST(uname(&u));
	EXPECT(strncmp(u.release, "2.6.", 4) == 0);
	EXPECT_STR(u.machine, "x86_64");
}

CASE_USER(names_need_the_right)
{
	EXPECT_ERRNO(sethostname("x", 1), EPERM);
	EXPECT_ERRNO(syscall(SYS_sethostname, NULL, -1), EPERM);
	EXPECT_ERRNO(setdomainname("x", 1), EPERM);
}

CASE_ROOT(name_errors)
{
	char name[65];

	memset(name, 'a', sizeof(name));
	EXPECT_ERRNO(sethostname(name, 65), EINVAL);
	EXPECT_ERRNO(syscall(SYS_sethostname, name, -1), EINVAL);
	EXPECT_ERRNO(syscall(SYS_sethostname, conf_unmapped(), 3), EFAULT);
	EXPECT_ERRNO(setdomainname(name, 65), EINVAL);
	EXPECT_ERRNO(syscall(SYS_setdomainname, conf_unmapped(), 3), EFAULT);
}

CASE(personality_answers_the_old_one)
{
	EXPECT_EQ(personality(0xffffffff), 0);
	EXPECT_EQ(personality(ADDR_NO_RANDOMIZE), 0);
	EXPECT_EQ(personality(0xffffffff), ADDR_NO_RANDOMIZE);
	EXPECT_EQ(personality(0), ADDR_NO_RANDOMIZE);
}

static void has_personality(void *unused)
{
	_exit(personality(0xffffffff) == STICKY_TIMEOUTS ? 1 : 2);
}

CASE(personality_is_inherited)
{
	MUST(personality(STICKY_TIMEOUTS));
	EXPECT_EQ(conf_in_child(has_personality, NULL), EXITED(1));
}

CASE(sysinfo_is_plausible)
{
	struct sysinfo *s = conf_guarded(sizeof(*s));

	EXPECT_OK(sysinfo(s));
	EXPECT(s->uptime > 0);
	EXPECT(s->totalram > s->freeram);
	EXPECT(s->procs > 0);
	EXPECT(s->mem_unit > 0);
	EXPECT_ERRNO(sysinfo(conf_unmapped()), EFAULT);
	EXPECT_ERRNO(sysinfo(conf_read_only()), EFAULT);
}

CASE(random_bytes_are_as_many_as_asked_for)
{
	unsigned char a[256], b[256];

	EXPECT_EQ(getrandom(a, sizeof(a), 0), sizeof(a));
	EXPECT_EQ(getrandom(b, sizeof(b), GRND_NONBLOCK), sizeof(b));
	EXPECT(memcmp(a, b, sizeof(a)) != 0);
	EXPECT_EQ(getrandom(a, 0, 0), 0);
	EXPECT_EQ(getrandom(conf_unmapped(), 0, 0), 0);
	EXPECT_EQ(getrandom(a, 16, GRND_RANDOM), 16);
	EXPECT_EQ(getrandom(a, 16, GRND_INSECURE), 16);
}

CASE(many_random_bytes)
{
	size_t size = 300000;
	unsigned char *a = calloc(1, size);
	size_t zeros = 0;

	EXPECT_EQ(getrandom(a, size, 0), size);
	for (size_t i = 0; i < size; i++)
		zeros += a[i] == 0;
	EXPECT_RANGE(zeros, 500, 2000);
}

CASE(random_errors)
{
	char *edge = conf_guarded(100);
	char a[8];

	EXPECT_ERRNO(getrandom(a, 8, 8), EINVAL);
	EXPECT_ERRNO(getrandom(a, 8, GRND_RANDOM | GRND_INSECURE), EINVAL);
	EXPECT_ERRNO(getrandom(conf_unmapped(), 8, 0), EFAULT);
	EXPECT_ERRNO(getrandom(conf_read_only(), 8, 0), EFAULT);
	EXPECT_EQ(getrandom(edge, 200, 0), 100);
}

CASE(membarrier_private)
{
	long known = MUST(syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0));

	REQUIRE(known & MEMBARRIER_CMD_PRIVATE_EXPEDITED);
	EXPECT_ERRNO(
		syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0),
		EPERM);
	EXPECT_OK(syscall(SYS_membarrier,
		MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0));
	EXPECT_OK(syscall(
		SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
	EXPECT_ERRNO(syscall(SYS_membarrier, 1 << 30, 0, 0), EINVAL);
	EXPECT_ERRNO(
		syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 4, 0), EINVAL);
}

CASE_USER(the_kernel_log_is_closed_or_harmless)
{
	EXPECT_ERRNO(syscall(SYS_syslog, 5, NULL, 0), EPERM);
	EXPECT_ERRNO(syscall(SYS_syslog, 2, NULL, 0), EPERM);
	EXPECT_ERRNO(syscall(SYS_syslog, 8, NULL, 1), EPERM);
}
