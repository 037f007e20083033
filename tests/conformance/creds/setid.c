/* Set-user-ID and set-group-ID programs, and what exec does to credentials. */
#include "tests/conformance/harness.h"

#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>

/* A copy of id(1) with this owner and mode; prints what options ask for. */
static void run_id(uid_t uid, gid_t gid, mode_t mode, const char *option,
	bool no_new_privs, char text[40])
{
	pid_t pid = conf_fork();

	if (pid == 0) {
		if (system("cp /usr/bin/id ./id") != 0)
			_exit(1);
		MUST(chown("id", uid, gid));
		MUST(chmod("id", mode));
		if (no_new_privs)
			MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
		MUST(dup2(MUST(open("out", O_CREAT | O_WRONLY | O_TRUNC, 0666)),
			1));
		execl("./id", "id", option, NULL);
		_exit(2);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
	MUST(conf_slurp("out", text, 40));
}

CASE_ROOT(set_group_id_programs_change_the_effective_group)
{
	char text[40];

	run_id(0, 4321, 02755, "-g", false, text);
	EXPECT_STR(text, "4321\n");
}

CASE_ROOT(the_group_bit_without_group_execute_means_nothing)
{
	char text[40];

	run_id(0, 4321, 02745, "-g", false, text);
	EXPECT_STR(text, "0\n");
}

CASE_ROOT(the_real_ids_stay)
{
	char text[40];

	run_id(1234, 4321, 06755, "-ru", false, text);
	EXPECT_STR(text, "0\n");
	run_id(1234, 4321, 06755, "-rg", false, text);
	EXPECT_STR(text, "0\n");
}

CASE_ROOT(no_new_privs_stops_set_id_programs)
{
	char text[40];

	run_id(1234, 4321, 06755, "-u", true, text);
	EXPECT_STR(text, "0\n");
	run_id(1234, 4321, 06755, "-g", true, text);
	EXPECT_STR(text, "0\n");
}

CASE_ROOT(a_set_id_program_does_not_trust_its_environment)
{
	char plain[4096], secure[4096];
	int status;

	/* The loader shows the auxiliary vector only when it is safe. */
	status = system("cp /usr/bin/id ./id && LD_SHOW_AUXV=1 ./id >plain && "
			"chown 1234 ./id && chmod 4755 ./id && "
			"LD_SHOW_AUXV=1 ./id >secure");
	EXPECT_EQ(status, 0);
	MUST(conf_slurp("plain", plain, sizeof(plain)));
	MUST(conf_slurp("secure", secure, sizeof(secure)));
	EXPECT(strstr(plain, "AT_SECURE") != NULL);
	EXPECT(strstr(secure, "AT_SECURE") == NULL);
}

CASE_ROOT(root_without_its_privileges_gains_nothing_by_exec)
{
	pid_t pid = conf_fork();

	if (pid == 0) {
		MUST(prctl(PR_SET_SECUREBITS,
			SECBIT_NOROOT | SECBIT_NO_SETUID_FIXUP));
		/* chown needs CAP_CHOWN, which exec has taken away. */
		execl("/bin/sh", "sh", "-c", ": >f && ! chown 1 f 2>/dev/null",
			NULL);
		_exit(2);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
}

CASE_ROOT(ambient_capabilities_survive_exec)
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct d[2];
	pid_t pid = conf_fork();

	if (pid == 0) {
		MUST(chmod(".", 0777));
		MUST(prctl(PR_SET_KEEPCAPS, 1));
		MUST(syscall(SYS_setresgid, 1000, 1000, 1000));
		MUST(syscall(SYS_setresuid, 1000, 1000, 1000));
		MUST(syscall(SYS_capget, &h, d));
		d[0].inheritable = 1 << CAP_CHOWN;
		MUST(syscall(SYS_capset, &h, d));
		MUST(prctl(
			PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0));
		execl("/bin/sh", "sh", "-c", ": >f && chown 1 f", NULL);
		_exit(2);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
}
