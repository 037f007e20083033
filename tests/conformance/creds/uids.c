/* setuid(2), setreuid(2), setresuid(2), setfsuid(2) and those of groups. */
#include "tests/conformance/harness.h"

#include <sys/fsuid.h>
#include <sys/prctl.h>

/* Raw calls: the C library's change all threads and may do more. */
#define setuid_(u)          syscall(SYS_setuid, u)
#define setgid_(g)          syscall(SYS_setgid, g)
#define setreuid_(r, e)     syscall(SYS_setreuid, r, e)
#define setregid_(r, e)     syscall(SYS_setregid, r, e)
#define setresuid_(r, e, s) syscall(SYS_setresuid, r, e, s)
#define setresgid_(r, e, s) syscall(SYS_setresgid, r, e, s)

static void expect_uids(uid_t r, uid_t e, uid_t s, uid_t f)
{
	uid_t got[3];

	MUST(syscall(SYS_getresuid, &got[0], &got[1], &got[2]));
	EXPECT_EQ(got[0], r);
	EXPECT_EQ(got[1], e);
	EXPECT_EQ(got[2], s);
	EXPECT_EQ(syscall(SYS_setfsuid, -1), f);
	EXPECT_EQ(syscall(SYS_getuid), r);
	EXPECT_EQ(syscall(SYS_geteuid), e);
}

static void expect_gids(gid_t r, gid_t e, gid_t s, gid_t f)
{
	gid_t got[3];

	MUST(syscall(SYS_getresgid, &got[0], &got[1], &got[2]));
	EXPECT_EQ(got[0], r);
	EXPECT_EQ(got[1], e);
	EXPECT_EQ(got[2], s);
	EXPECT_EQ(syscall(SYS_setfsgid, -1), f);
	EXPECT_EQ(syscall(SYS_getgid), r);
	EXPECT_EQ(syscall(SYS_getegid), e);
}

CASE_ROOT(setuid_without_the_right_changes_the_effective_id_only)
{
	MUST(setresuid_(1000, 1001, 1002));
	EXPECT_OK(setuid_(1002));
	expect_uids(1000, 1002, 1002, 1002);
	EXPECT_OK(setuid_(1000));
	expect_uids(1000, 1000, 1002, 1000);
	EXPECT_ERRNO(setuid_(1001), EPERM);
}

CASE(setuid_of_no_id_is_einval)
{
	EXPECT_ERRNO(setuid_(-1), EINVAL);
	EXPECT_ERRNO(setgid_(-1), EINVAL);
}

CASE_ROOT(setreuid_sets_the_saved_id_when_the_real_one_is_given)
{
	MUST(setreuid_(1000, 1001));
	expect_uids(1000, 1001, 1001, 1001);
}

CASE_ROOT(setreuid_of_the_effective_id_to_the_real_one_keeps_the_saved)
{
	MUST(setresuid_(1000, 1001, 1002));
	MUST(setreuid_(-1, 1000));
	expect_uids(1000, 1000, 1002, 1000);
	MUST(setreuid_(-1, 1002));
	expect_uids(1000, 1002, 1002, 1002);
}

CASE_ROOT(setreuid_without_the_right_takes_only_own_ids)
{
	MUST(setresuid_(1000, 1001, 1002));
	EXPECT_ERRNO(setreuid_(1002, -1), EPERM);
	EXPECT_ERRNO(setreuid_(-1, 1003), EPERM);
	EXPECT_OK(setreuid_(1001, 1000));
	expect_uids(1001, 1000, 1000, 1000);
}

CASE_ROOT(setresuid_without_the_right_swaps_own_ids)
{
	MUST(setresuid_(1000, 1001, 1002));
	EXPECT_OK(setresuid_(1002, 1000, 1001));
	expect_uids(1002, 1000, 1001, 1000);
	EXPECT_ERRNO(setresuid_(1003, -1, -1), EPERM);
	EXPECT_ERRNO(setresuid_(-1, 0, -1), EPERM);
	EXPECT_ERRNO(setresuid_(-1, -1, 1003), EPERM);
	expect_uids(1002, 1000, 1001, 1000);
	EXPECT_OK(setresuid_(-1, -1, -1));
}

CASE_ROOT(setfsuid_answers_the_old_id_and_never_fails)
{
	EXPECT_EQ(syscall(SYS_setfsuid, 1000), 0);
	EXPECT_EQ(syscall(SYS_setfsuid, 1001), 1000);
	expect_uids(0, 0, 0, 1001);
	MUST(setresuid_(1000, 1000, 1000));
	expect_uids(1000, 1000, 1000, 1000);
	EXPECT_EQ(syscall(SYS_setfsuid, 1001), 1000);
	EXPECT_EQ(syscall(SYS_setfsuid, -1), 1000);
}

CASE_ROOT(files_are_made_with_the_file_system_ids)
{
	struct stat st;

	MUST(chmod(".", 0777));
	syscall(SYS_setfsgid, 1001);
	syscall(SYS_setfsuid, 1000);
	MUST(close(MUST(open("f", O_CREAT | O_WRONLY, 0600))));
	MUST(stat("f", &st));
	EXPECT_EQ(st.st_uid, 1000);
	EXPECT_EQ(st.st_gid, 1001);
}

CASE_ROOT(setgid_of_root_sets_all)
{
	MUST(setgid_(1000));
	expect_gids(1000, 1000, 1000, 1000);
	EXPECT_OK(setgid_(0));
	expect_gids(0, 0, 0, 0);
}

CASE_ROOT(setgid_without_the_right)
{
	MUST(setresgid_(1000, 1001, 1002));
	MUST(setuid_(1000));
	EXPECT_ERRNO(setgid_(1001), EPERM);
	EXPECT_OK(setgid_(1002));
	expect_gids(1000, 1002, 1002, 1002);
	EXPECT_OK(setgid_(1000));
	expect_gids(1000, 1000, 1002, 1000);
}

CASE_ROOT(setregid_follows_the_rules_of_setreuid)
{
	MUST(setregid_(1000, 1001));
	expect_gids(1000, 1001, 1001, 1001);
	MUST(setresgid_(1000, 1001, 1002));
	MUST(setuid_(1000));
	EXPECT_ERRNO(setregid_(1002, -1), EPERM);
	EXPECT_ERRNO(setregid_(-1, 1003), EPERM);
	EXPECT_OK(setregid_(-1, 1002));
	expect_gids(1000, 1002, 1002, 1002);
}

CASE_ROOT(setresgid_without_the_right)
{
	MUST(setresgid_(1000, 1001, 1002));
	MUST(setuid_(1000));
	EXPECT_ERRNO(setresgid_(0, -1, -1), EPERM);
	EXPECT_ERRNO(setresgid_(-1, 0, -1), EPERM);
	EXPECT_ERRNO(setresgid_(-1, -1, 0), EPERM);
	EXPECT_OK(setresgid_(1002, 1001, 1000));
	expect_gids(1002, 1001, 1000, 1001);
	EXPECT_EQ(syscall(SYS_setfsgid, 4000), 1001);
	EXPECT_EQ(syscall(SYS_setfsgid, 1002), 1001);
	EXPECT_EQ(syscall(SYS_setfsgid, 1002), 1002);
}

CASE(ids_to_bad_addresses_are_efault)
{
	uid_t id;
	void *bad = conf_unmapped();

	EXPECT_ERRNO(syscall(SYS_getresuid, bad, &id, &id), EFAULT);
	EXPECT_ERRNO(syscall(SYS_getresuid, &id, bad, &id), EFAULT);
	EXPECT_ERRNO(syscall(SYS_getresuid, &id, &id, bad), EFAULT);
	EXPECT_ERRNO(syscall(SYS_getresgid, bad, &id, &id), EFAULT);
	EXPECT_ERRNO(syscall(SYS_getresgid, &id, NULL, &id), EFAULT);
	EXPECT_ERRNO(
		syscall(SYS_getresgid, &id, &id, conf_read_only()), EFAULT);
}

CASE_ROOT(a_change_of_identity_clears_dumpable_and_the_death_signal)
{
	int signo = -1;

	MUST(prctl(PR_SET_DUMPABLE, 1));
	MUST(prctl(PR_SET_PDEATHSIG, SIGUSR1));
	MUST(setresuid_(-1, 1000, -1));
	EXPECT(prctl(PR_GET_DUMPABLE) != 1);
	MUST(prctl(PR_GET_PDEATHSIG, &signo));
	EXPECT_EQ(signo, 0);
}

static void *change_uid(void *unused)
{
	return (void *)setresuid_(1000, 1000, 1000);
}

CASE_ROOT(the_raw_call_changes_one_thread_only)
{
	pthread_t thread;
	void *result;

	REQUIRE(pthread_create(&thread, NULL, change_uid, NULL) == 0);
	REQUIRE(pthread_join(thread, &result) == 0);
	EXPECT_EQ((long)result, 0);
	expect_uids(0, 0, 0, 0);
}

static void child_has_1000(void *unused)
{
	expect_uids(1000, 1001, 1002, 1001);
	_exit(7);
}

CASE_ROOT(a_child_inherits_the_ids)
{
	MUST(setresuid_(1000, 1001, 1002));
	EXPECT_EQ(conf_in_child(child_has_1000, NULL), EXITED(7));
}
