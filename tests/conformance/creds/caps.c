/* capget(2), capset(2), and the prctl(2) operations on capabilities. */
#include "tests/conformance/harness.h"

#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>

struct caps {
	uint64_t effective, permitted, inheritable;
};

static struct caps get_caps(void)
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct d[2];
	struct caps c;

	MUST(syscall(SYS_capget, &h, d));
	c.effective = (uint64_t)d[1].effective << 32 | d[0].effective;
	c.permitted = (uint64_t)d[1].permitted << 32 | d[0].permitted;
	c.inheritable = (uint64_t)d[1].inheritable << 32 | d[0].inheritable;
	return c;
}

static long set_caps(struct caps c)
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct d[2] = {
		{(uint32_t)c.effective, (uint32_t)c.permitted,
			(uint32_t)c.inheritable},
		{(uint32_t)(c.effective >> 32), (uint32_t)(c.permitted >> 32),
			(uint32_t)(c.inheritable >> 32)},
	};

	return syscall(SYS_capset, &h, d);
}

#define BIT(cap) (UINT64_C(1) << (cap))

CASE(unknown_version_tells_the_newest)
{
	struct __user_cap_header_struct h = {0x12345678, 0};
	struct __user_cap_data_struct d[2];

	EXPECT_ERRNO(syscall(SYS_capget, &h, d), EINVAL);
	EXPECT_EQ(h.version, _LINUX_CAPABILITY_VERSION_3);
	h.version = 0;
	EXPECT_EQ(syscall(SYS_capget, &h, NULL), 0);
	EXPECT_EQ(h.version, _LINUX_CAPABILITY_VERSION_3);
	h.version = 0;
	EXPECT_ERRNO(syscall(SYS_capset, &h, d), EINVAL);
	EXPECT_EQ(h.version, _LINUX_CAPABILITY_VERSION_3);
}

CASE(capget_errors)
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, -1};
	struct __user_cap_data_struct d[2];

	EXPECT_ERRNO(syscall(SYS_capget, &h, d), EINVAL);
	h.pid = 0x3fffffff;
	EXPECT_ERRNO(syscall(SYS_capget, &h, d), ESRCH);
	EXPECT_ERRNO(syscall(SYS_capget, conf_unmapped(), d), EFAULT);
	EXPECT_ERRNO(syscall(SYS_capget, NULL, d), EFAULT);
	h.pid = 0;
	EXPECT_ERRNO(syscall(SYS_capget, &h, conf_unmapped()), EFAULT);
	EXPECT_EQ(syscall(SYS_capget, &h, NULL), 0);
}

CASE(version_1_has_one_word)
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_1, 0};
	struct __user_cap_data_struct *d = conf_guarded(sizeof(*d));

	EXPECT_EQ(syscall(SYS_capget, &h, d), 0);
	EXPECT_EQ(d->effective, (uint32_t)get_caps().effective);
}

CASE_USER(an_ordinary_user_has_none)
{
	struct caps c = get_caps();

	EXPECT_EQ(c.effective, 0);
	EXPECT_EQ(c.permitted, 0);
}

CASE_ROOT(effective_must_be_permitted)
{
	struct caps c = get_caps();

	c.permitted &= ~BIT(CAP_KILL);
	EXPECT_ERRNO(set_caps(c), EPERM);
}

CASE_ROOT(without_setpcap_only_permitted_ones_become_inheritable)
{
	struct caps c = get_caps();

	c.permitted &= ~(BIT(CAP_SETPCAP) | BIT(CAP_KILL));
	c.effective = c.permitted;
	c.inheritable = 0;
	MUST(set_caps(c));
	c.inheritable = BIT(CAP_KILL);
	EXPECT_ERRNO(set_caps(c), EPERM);
	c.inheritable = BIT(CAP_CHOWN);
	EXPECT_OK(set_caps(c));
}

CASE(capset_is_for_oneself)
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 1};
	struct __user_cap_data_struct d[2] = {{0}};

	h.pid = getppid();
	EXPECT_ERRNO(syscall(SYS_capset, &h, d), EPERM);
	h.pid = 0;
	EXPECT_ERRNO(syscall(SYS_capset, &h, conf_unmapped()), EFAULT);
	h.pid = (int)syscall(SYS_gettid);
	EXPECT_OK(syscall(SYS_capset, &h, d));
	EXPECT_EQ(get_caps().effective, 0);
}

CASE_ROOT(a_saved_root_keeps_what_is_permitted)
{
	uint64_t permitted = get_caps().permitted;

	MUST(syscall(SYS_setresuid, -1, 1000, -1));
	EXPECT_EQ(get_caps().effective, 0);
	EXPECT_EQ(get_caps().permitted, permitted);
	MUST(syscall(SYS_setresuid, -1, 0, -1));
	EXPECT_EQ(get_caps().effective, permitted);
}

CASE_ROOT(keepcaps_keeps_what_is_permitted)
{
	uint64_t permitted = get_caps().permitted;

	EXPECT_EQ(prctl(PR_GET_KEEPCAPS), 0);
	MUST(prctl(PR_SET_KEEPCAPS, 1));
	EXPECT_EQ(prctl(PR_GET_KEEPCAPS), 1);
	EXPECT(prctl(PR_GET_SECUREBITS) & SECBIT_KEEP_CAPS);
	MUST(syscall(SYS_setresuid, 1000, 1000, 1000));
	EXPECT_EQ(get_caps().permitted, permitted);
	EXPECT_EQ(get_caps().effective, 0);
	EXPECT_ERRNO(prctl(PR_SET_KEEPCAPS, 2), EINVAL);
}

CASE_ROOT(setfsuid_moves_only_the_file_capabilities)
{
	const uint64_t files = BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) |
			       BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_FOWNER) |
			       BIT(CAP_FSETID);
	uint64_t before = get_caps().effective;

	syscall(SYS_setfsuid, 1000);
	EXPECT_EQ(get_caps().effective & files, 0);
	EXPECT_EQ(get_caps().effective & BIT(CAP_KILL), before & BIT(CAP_KILL));
	syscall(SYS_setfsuid, 0);
	EXPECT_EQ(get_caps().effective, before);
}

CASE_ROOT(the_bounding_set_only_shrinks)
{
	EXPECT_EQ(prctl(PR_CAPBSET_READ, CAP_KILL), 1);
	MUST(prctl(PR_CAPBSET_DROP, CAP_KILL));
	EXPECT_EQ(prctl(PR_CAPBSET_READ, CAP_KILL), 0);
	EXPECT(get_caps().effective & BIT(CAP_KILL));
	EXPECT_ERRNO(prctl(PR_CAPBSET_DROP, 64), EINVAL);
	EXPECT_ERRNO(prctl(PR_CAPBSET_READ, 64), EINVAL);
	EXPECT_ERRNO(prctl(PR_CAPBSET_READ, -1), EINVAL);
}

CASE_USER(the_bounding_set_needs_setpcap)
{
	EXPECT_ERRNO(prctl(PR_CAPBSET_DROP, CAP_KILL), EPERM);
	EXPECT_ERRNO(prctl(PR_CAPBSET_DROP, 64), EPERM);
	EXPECT_ERRNO(prctl(PR_SET_SECUREBITS, SECBIT_NOROOT), EPERM);
}

CASE_ROOT(ambient_ones_must_be_permitted_and_inheritable)
{
	struct caps c = get_caps();

	EXPECT_ERRNO(
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0),
		EPERM);
	c.inheritable |= BIT(CAP_KILL);
	MUST(set_caps(c));
	MUST(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0));
	EXPECT_EQ(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 0, 0),
		1);
	c.inheritable &= ~BIT(CAP_KILL);
	MUST(set_caps(c));
	EXPECT_EQ(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 0, 0),
		0);
}

CASE_ROOT(ambient_operations)
{
	struct caps c = get_caps();

	c.inheritable |= BIT(CAP_KILL) | BIT(CAP_CHOWN);
	MUST(set_caps(c));
	MUST(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0));
	MUST(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0));
	MUST(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, CAP_KILL, 0, 0));
	EXPECT_EQ(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 0, 0),
		0);
	EXPECT_EQ(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0),
		1);
	MUST(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));
	EXPECT_EQ(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0),
		0);
	EXPECT_ERRNO(prctl(PR_CAP_AMBIENT, 9, CAP_KILL, 0, 0), EINVAL);
	EXPECT_ERRNO(
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 64, 0, 0), EINVAL);
	EXPECT_ERRNO(
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 1, 1, 0), EINVAL);
	EXPECT_ERRNO(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 1, 0, 0),
		EINVAL);
}

CASE_ROOT(locked_secure_bits_stay)
{
	EXPECT_EQ(prctl(PR_GET_SECUREBITS), 0);
	MUST(prctl(
		PR_SET_SECUREBITS, SECBIT_KEEP_CAPS | SECBIT_KEEP_CAPS_LOCKED));
	EXPECT_ERRNO(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS_LOCKED), EPERM);
	EXPECT_ERRNO(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS), EPERM);
	EXPECT_ERRNO(prctl(PR_SET_KEEPCAPS, 0), EPERM);
	EXPECT_ERRNO(prctl(PR_SET_SECUREBITS, 1 << 20), EPERM);
}

CASE_ROOT(no_setuid_fixup_keeps_the_capabilities)
{
	struct caps c = get_caps();

	MUST(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP));
	MUST(syscall(SYS_setresuid, 1000, 1000, 1000));
	EXPECT_EQ(get_caps().effective, c.effective);
	EXPECT_EQ(get_caps().permitted, c.permitted);
}

CASE(no_new_privs_is_for_ever)
{
	EXPECT_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
	EXPECT_ERRNO(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
	EXPECT_ERRNO(prctl(PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0), EINVAL);
	EXPECT_ERRNO(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 1), EINVAL);
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	EXPECT_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	EXPECT_ERRNO(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
}
