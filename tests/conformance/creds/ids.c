/* User and group ids, supplementary groups, fsuid, capabilities. */
#include "tests/conformance/harness.h"

#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>

static void expect_uids(uid_t r, uid_t e, uid_t s)
{
	uid_t got[3];

	MUST(getresuid(&got[0], &got[1], &got[2]));
	EXPECT_EQ(got[0], r);
	EXPECT_EQ(got[1], e);
	EXPECT_EQ(got[2], s);
}

CASE_ROOT(setuid_of_root_sets_all_three_for_good)
{
	EXPECT_OK(setuid(1000));
	expect_uids(1000, 1000, 1000);
	EXPECT_ERRNO(setuid(0), EPERM);
	EXPECT_ERRNO(seteuid(0), EPERM);
}

CASE_ROOT(seteuid_can_come_back)
{
	EXPECT_OK(seteuid(1000));
	expect_uids(0, 1000, 0);
	EXPECT_ERRNO(setgid(5), EPERM);
	EXPECT_OK(seteuid(0));
	expect_uids(0, 0, 0);
}

CASE_ROOT(setreuid_moves_the_saved_one)
{
	EXPECT_OK(setreuid(1000, 1001));
	expect_uids(1000, 1001, 1001);
	EXPECT_OK(setreuid(-1, 1000));
	expect_uids(1000, 1000, 1001);
	EXPECT_OK(setreuid(1000, 1000));
	EXPECT_ERRNO(setreuid(0, -1), EPERM);
}

CASE_ROOT(setresuid_takes_any_of_three_without_rights)
{
	EXPECT_OK(setresuid(1, 2, 3));
	expect_uids(1, 2, 3);
	EXPECT_OK(setresuid(3, 1, 2));
	expect_uids(3, 1, 2);
	EXPECT_OK(setresuid(-1, -1, -1));
	EXPECT_ERRNO(setresuid(4, -1, -1), EPERM);
}

CASE_ROOT(group_ids_work_alike)
{
	gid_t got[3];

	EXPECT_OK(setresgid(1, 2, 3));
	MUST(getresgid(&got[0], &got[1], &got[2]));
	EXPECT_EQ(got[0], 1);
	EXPECT_EQ(got[1], 2);
	EXPECT_EQ(got[2], 3);
	EXPECT_EQ(getgid(), 1);
	EXPECT_EQ(getegid(), 2);
	EXPECT_OK(setuid(1000));
	EXPECT_ERRNO(setgid(77), EPERM);
	EXPECT_OK(setgid(3));
	EXPECT_EQ(getegid(), 3);
}

CASE_ROOT(fsuid_follows_and_is_told)
{
	EXPECT_EQ(setfsuid(1000), 0);
	EXPECT_EQ(setfsuid(-1), 1000);
	EXPECT_OK(seteuid(0));
	EXPECT_EQ(setfsuid(-1), 0);
	EXPECT_OK(setresuid(-1, 1000, -1));
	EXPECT_EQ(setfsuid(-1), 1000);
	EXPECT_EQ(setfsgid(-1), 0);
}

CASE_ROOT(fsuid_decides_about_files)
{
	close(conf_file("f", ""));
	MUST(chmod("f", 0600));
	EXPECT_OK(open("f", O_RDONLY));
	setfsuid(1000);
	setfsgid(1000);
	EXPECT_ERRNO(open("f", O_RDONLY), EACCES);
	setfsuid(0);
	EXPECT_OK(open("f", O_RDONLY));
}

CASE_ROOT(groups_are_set_and_told)
{
	gid_t list[3] = {30, 10, 20};
	gid_t got[5] = {0};

	EXPECT_OK(setgroups(3, list));
	EXPECT_EQ(getgroups(0, NULL), 3);
	EXPECT_EQ(getgroups(5, got), 3);
	EXPECT_EQ(got[0] + got[1] + got[2], 60);
	EXPECT_ERRNO(getgroups(2, got), EINVAL);
	EXPECT_ERRNO(getgroups(-1, got), EINVAL);
	EXPECT_ERRNO(getgroups(5, conf_unmapped()), EFAULT);
	EXPECT_ERRNO(syscall(SYS_setgroups, 65537, list), EINVAL);
	EXPECT_ERRNO(syscall(SYS_setgroups, 3, conf_unmapped()), EFAULT);
}

CASE_ROOT(supplementary_group_opens_files)
{
	gid_t list[1] = {4444};

	close(conf_file("f", ""));
	MUST(chown("f", 0, 4444));
	MUST(chmod("f", 0040));
	MUST(setgroups(1, list));
	MUST(setresgid(1000, 1000, 1000));
	MUST(setresuid(1000, 1000, 1000));
	EXPECT_OK(open("f", O_RDONLY));
	EXPECT_ERRNO(open("f", O_WRONLY), EACCES);
}

CASE_USER(ordinary_users_change_nothing)
{
	gid_t list[1] = {0};

	EXPECT_ERRNO(setuid(0), EPERM);
	EXPECT_ERRNO(setgid(0), EPERM);
	EXPECT_ERRNO(setgroups(1, list), EPERM);
	EXPECT_ERRNO(setresuid(0, 0, 0), EPERM);
	EXPECT_OK(setuid(getuid()));
	EXPECT_OK(setresuid(-1, -1, -1));
	EXPECT_ERRNO(sethostname("x", 1), EPERM);
}

CASE(wrong_ids_and_pointers)
{
	uid_t got;

	EXPECT_ERRNO(setuid(-1), EINVAL);
	EXPECT_ERRNO(setgid(-1), EINVAL);
	EXPECT_ERRNO(getresuid(&got, &got, conf_unmapped()), EFAULT);
}

static int caps(pid_t pid, struct __user_cap_data_struct *data, bool set)
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, pid};

	return syscall(set ? SYS_capset : SYS_capget, &h, data);
}

CASE_ROOT(capabilities_can_be_dropped_and_not_gained)
{
	struct __user_cap_data_struct d[2];

	EXPECT_OK(caps(0, d, false));
	EXPECT(d[0].effective & 1u << CAP_CHOWN);
	d[0].effective &= ~(1u << CAP_CHOWN);
	EXPECT_OK(caps(0, d, true));
	close(conf_file("f", ""));
	EXPECT_ERRNO(chown("f", 5, 5), EPERM);
	d[0].effective |= 1u << CAP_CHOWN;
	EXPECT_OK(caps(0, d, true));
	EXPECT_OK(chown("f", 5, 5));
	d[0].effective &= ~(1u << CAP_CHOWN);
	d[0].permitted &= ~(1u << CAP_CHOWN);
	EXPECT_OK(caps(0, d, true));
	d[0].permitted |= 1u << CAP_CHOWN;
	EXPECT_ERRNO(caps(0, d, true), EPERM);
}

CASE_ROOT(leaving_uid_zero_clears_capabilities)
{
	struct __user_cap_data_struct d[2];

	MUST(setresuid(1000, 1000, 1000));
	EXPECT_OK(caps(0, d, false));
	EXPECT_EQ(d[0].effective, 0);
	EXPECT_EQ(d[0].permitted, 0);
}

CASE_ROOT(keepcaps_keeps_the_permitted_set)
{
	struct __user_cap_data_struct d[2];

	EXPECT_EQ(prctl(PR_GET_KEEPCAPS), 0);
	EXPECT_OK(prctl(PR_SET_KEEPCAPS, 1));
	MUST(setresuid(1000, 1000, 1000));
	EXPECT_OK(caps(0, d, false));
	EXPECT_EQ(d[0].effective, 0);
	EXPECT(d[0].permitted != 0);
	EXPECT_ERRNO(prctl(PR_SET_KEEPCAPS, 2), EINVAL);
}

CASE(capability_errors)
{
	struct __user_cap_header_struct h = {0x12345678, 0};
	struct __user_cap_data_struct d[2];

	EXPECT_ERRNO(syscall(SYS_capget, &h, d), EINVAL);
	EXPECT_EQ(h.version, _LINUX_CAPABILITY_VERSION_3);
	EXPECT_ERRNO(syscall(SYS_capget, conf_unmapped(), d), EFAULT);
	EXPECT_ERRNO(caps(-1, d, false), EINVAL);
	EXPECT_ERRNO(caps(0x7ffffff0, d, false), ESRCH);
	EXPECT_ERRNO(caps(0x7ffffff0, d, true), EPERM);
}

CASE_ROOT(bounding_set_can_only_shrink)
{
	EXPECT_EQ(prctl(PR_CAPBSET_READ, CAP_CHOWN), 1);
	EXPECT_OK(prctl(PR_CAPBSET_DROP, CAP_CHOWN));
	EXPECT_EQ(prctl(PR_CAPBSET_READ, CAP_CHOWN), 0);
	EXPECT_ERRNO(prctl(PR_CAPBSET_READ, 99), EINVAL);
}

CASE(prctl_flags_are_kept)
{
	EXPECT_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
	EXPECT_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	EXPECT_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	EXPECT_ERRNO(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
	EXPECT_EQ(prctl(PR_GET_DUMPABLE), 1);
	EXPECT_OK(prctl(PR_SET_DUMPABLE, 0));
	EXPECT_EQ(prctl(PR_GET_DUMPABLE), 0);
	EXPECT_ERRNO(prctl(PR_SET_DUMPABLE, 2), EINVAL);
}

CASE(prctl_signals_and_slack)
{
	int signo = -1;
	int sub = -1;

	EXPECT_OK(prctl(PR_SET_PDEATHSIG, SIGUSR1));
	EXPECT_OK(prctl(PR_GET_PDEATHSIG, &signo));
	EXPECT_EQ(signo, SIGUSR1);
	EXPECT_ERRNO(prctl(PR_SET_PDEATHSIG, 65), EINVAL);
	EXPECT_OK(prctl(PR_SET_CHILD_SUBREAPER, 1));
	EXPECT_OK(prctl(PR_GET_CHILD_SUBREAPER, &sub));
	EXPECT_EQ(sub, 1);
	EXPECT_OK(prctl(PR_SET_TIMERSLACK, 12345));
	EXPECT_EQ(prctl(PR_GET_TIMERSLACK), 12345);
	EXPECT_ERRNO(prctl(123456), EINVAL);
}

CASE_USER(setuid_file_of_oneself_changes_nothing)
{
	pid_t pid = conf_fork();

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c",
			"cp /usr/bin/id ./id && chmod 4755 ./id && "
			"[ $(./id -u) = $(id -u) ]",
			NULL);
		_exit(1);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
}

CASE_ROOT(setuid_file_of_another_sets_the_effective_id)
{
	char text[40];
	pid_t pid;

	pid = conf_fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c",
			"cp /usr/bin/id ./id && chown 1234 ./id && "
			"chmod 4755 ./id && ./id -u >out",
			NULL);
		_exit(1);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
	conf_slurp("out", text, sizeof(text));
	EXPECT_STR(text, "1234\n");
}
