/* The platforms, each asked to do exactly the same. */
#include <check.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/checked.h"
#include "lib/log.h"
#include "platform.h"
#include "platform/native.h"
#include "tests/unit/platform_guest.h"
#include "tests/unit/platform_sentry.h"

static const struct platform_ops *const platforms[] = {
	&notify_platform,
	&ptrace_platform,
};

/* Guests that end with 0 when all they found was right. */
static const char *const good[] = {
	"calls",
	"native",
	"registers",
	"threads",
	"many_threads",
	"thread_exits",
	"leader_exits",
	"exit_stopped",
	"fork",
	"vfork",
	"vfork_exec",
	"exec",
	"exec_thread",
	"exec_busy",
	"interrupt",
	"futex",
	"faults",
	"fpstate",
	"map_file",
	"other_abi",
};

/*
 * Guests that mean harm. On the notify platform they die, and nothing else
 * does; on every one the sentry lives, and the sandbox ends.
 */
static const char *const hostile[] = {
	"hostile_report",
	"hostile_started",
	"hostile_clone",
	"hostile_exec",
	"hostile_call",
	"hostile_text",
	"hostile_unmap",
	"hostile_mask",
};

#define COUNT(list) (ARRAY_SIZE(platforms) * ARRAY_SIZE(list))
#define PICK(list)  ((list)[(size_t)_i % ARRAY_SIZE(list)])
#define OPS(list)   (platforms[(size_t)_i / ARRAY_SIZE(list)])

/* False where this platform cannot run: the test has then nothing to say. */
static bool here(const struct platform_ops *ops)
{
	char why[128] = "";
	int ret = ops->probe(why, sizeof(why));

	if (ret < 0)
		fprintf(stderr, "%s not tested: %s\n", ops->name, why);
	return ret == 0;
}

static void run(const struct platform_ops *ops, const char *guest,
	const struct script *script, struct outcome *out)
{
	ck_assert_msg(sentry_run(ops, guest, script, out) == 0, "%s, %s",
		ops->name, guest);
}

START_TEST(guest_finds_everything_right)
{
	const struct platform_ops *ops = OPS(good);
	struct outcome out;

	if (!here(ops))
		return;
	run(ops, PICK(good), NULL, &out);
	ck_assert_msg(out.exit_code == 0,
		"%s, %s: guest ended with %d, status %#x", ops->name,
		PICK(good), out.exit_code, (unsigned int)out.first_status);
	ck_assert(WIFEXITED(out.first_status));
	ck_assert_uint_eq(out.killed, 0);
}
END_TEST

/* With every call reported, the guest sees no difference but in time. */
START_TEST(tracing_changes_nothing)
{
	static const char *const traced[] = {"calls", "threads", "futex"};
	const struct script script = {.trace_all = true};
	struct outcome out;

	if (!here(platforms[_i]))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(traced); i++) {
		run(platforms[_i], traced[i], &script, &out);
		ck_assert_int_eq(out.exit_code, 0);
	}
	ck_assert_uint_gt(out.seen[SYS_futex], 0);
}
END_TEST

/* Interrupts may come at any moment, and the guest never notices. */
START_TEST(a_storm_of_interrupts_changes_nothing)
{
	static const char *const stormed[] = {"calls", "registers", "threads",
		"thread_exits", "many_threads", "fork", "vfork_exec",
		"exec_thread", "map_file", "faults"};
	const struct script script = {.storm = true};
	const char *guest = stormed[(size_t)_i % ARRAY_SIZE(stormed)];
	const struct platform_ops *ops =
		platforms[(size_t)_i / ARRAY_SIZE(stormed)];
	struct outcome out;

	if (!here(ops))
		return;
	run(ops, guest, &script, &out);
	ck_assert_msg(out.exit_code == 0, "%s, %s: guest ended with %d, %#x",
		ops->name, guest, out.exit_code,
		(unsigned int)out.first_status);
}
END_TEST

/* A process that never ran guest code can be copied, again and again. */
START_TEST(a_fresh_image_forks)
{
	const struct script script = {.zygote = true};
	struct outcome out;

	if (!here(platforms[_i]))
		return;
	run(platforms[_i], "calls", &script, &out);
	ck_assert_int_eq(out.exit_code, 0);
	ck_assert_uint_eq(out.dead, 2);
}
END_TEST

static void sentry_of_its_own(const struct platform_ops *ops, const char *guest)
{
	struct outcome out;

	sentry_run(ops, guest, NULL, &out);
	_exit(0);
}

/* Guests do not outlive their sentry, whether they run or wait for it. */
START_TEST(guests_die_with_their_sentry)
{
	static const char *const guests[] = {"spin", "park"};
	const struct platform_ops *ops = platforms[_i];
	size_t i;

	if (!here(ops))
		return;
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	for (i = 0; i < ARRAY_SIZE(guests); i++) {
		int ended = 0;
		pid_t pid = fork();

		if (pid == 0)
			sentry_of_its_own(ops, guests[i]);
		usleep(150000);
		ck_assert_int_eq(kill(pid, SIGKILL), 0);
		/* The sentry, and then what it left behind. */
		while (wait(NULL) > 0)
			ended++;
		ck_assert_int_ge(ended, 2);
	}
}
END_TEST

START_TEST(hostile_guest_dies_alone)
{
	struct outcome out;

	if (!here(OPS(hostile)))
		return;
	run(OPS(hostile), PICK(hostile), NULL, &out);
	ck_assert_uint_gt(out.dead, 0);
	/* Without a stub that works, its text is code like any other. */
	if (OPS(hostile) != &notify_platform)
		return;
	ck_assert_msg(WIFSIGNALED(out.first_status), "%s, %s: status %#x",
		OPS(hostile)->name, PICK(hostile),
		(unsigned int)out.first_status);
	ck_assert_int_eq(out.exit_code, -1);
	ck_assert_uint_eq(out.dead, 1);
}
END_TEST

/* Whatever a jump into the stub does to its process, the parent goes on. */
START_TEST(jumps_into_the_stub_hurt_nobody_else)
{
	struct outcome out;

	if (!here(platforms[_i]))
		return;
	run(platforms[_i], "hostile_jumps", NULL, &out);
	ck_assert_int_eq(out.exit_code, 0);
	ck_assert(WIFEXITED(out.first_status));
	run(platforms[_i], "hostile_fuzz", NULL, &out);
	ck_assert_uint_ge(out.dead, 1);
}
END_TEST

/* Only that everything ends, and ends in time: what the guest did to itself
 * has no one outcome. */
START_TEST(scribbling_on_the_stub_ends)
{
	struct outcome out;

	if (!here(platforms[_i]))
		return;
	run(platforms[_i], "hostile_race", NULL, &out);
	ck_assert_uint_gt(out.dead, 0);
	run(platforms[_i], "hostile_scribble", NULL, &out);
	ck_assert_uint_gt(out.dead, 0);
}
END_TEST

START_TEST(every_call_goes_where_the_table_says)
{
	const uint64_t args[6] = {
		HURT_0, HURT_1, (uint64_t)HURT_2, HURT_3, HURT_4, HURT_5};
	struct outcome out;
	long nr;

	if (!here(platforms[_i]))
		return;
	run(platforms[_i], "every_call", NULL, &out);
	ck_assert_int_eq(out.exit_code, 0);
	for (nr = 0; nr < EVERY_CALL_END; nr++) {
		bool skipped = nr == SYS_exit || nr == SYS_exit_group ||
			       nr == SYS_clone || nr == SYS_execve ||
			       nr == 335 || nr == 336;

		if (!skipped)
			ck_assert_msg(
				(out.seen[nr] == 0) == native_allowed(nr, args),
				"%s: call %ld was seen %u times",
				platforms[_i]->name, nr, out.seen[nr]);
	}
}
END_TEST

START_TEST(a_kill_ends_a_running_guest)
{
	const struct script script = {.kill_after = 100};
	struct outcome out;

	if (!here(platforms[_i]))
		return;
	run(platforms[_i], "spin", &script, &out);
	ck_assert(WIFSIGNALED(out.first_status));
	ck_assert_int_eq(WTERMSIG(out.first_status), SIGKILL);
	ck_assert_uint_eq(out.dead, 1);
	ck_assert_uint_gt(out.usage.utime_us + out.usage.stime_us, 0);
}
END_TEST

/* At whatever moment: every process is reported dead, and all is over. */
START_TEST(a_kill_may_come_at_any_moment)
{
	struct script script = {.storm = false};
	struct outcome out;

	if (!here(platforms[_i]))
		return;
	for (script.kill_after = 1; script.kill_after < 40;
		script.kill_after += 3) {
		script.storm = !script.storm;
		run(platforms[_i], "busy", &script, &out);
		ck_assert_uint_ge(out.dead, 1);
	}
}
END_TEST

/* What is not the stub never runs a guest: not a file, not a program. */
START_TEST(only_the_stub_can_start)
{
	static const char *const wrong[] = {"/etc/passwd", "/bin/true"};
	struct script script = {.storm = false};
	struct outcome out;
	size_t i;

	if (!here(platforms[_i]))
		return;
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		script.stub = wrong[i];
		sentry_run(platforms[_i], "calls", &script, &out);
		ck_assert_int_eq(out.exit_code, -1);
		ck_assert_uint_eq(out.seen[CALL_SUM], 0);
	}
}
END_TEST

/* The sentry runs out of descriptors: a fork fails, and nobody dies. */
START_TEST(a_fork_too_many_fails)
{
	struct rlimit few;
	struct outcome out;

	if (!here(platforms[_i]))
		return;
	/* Only ours: guest processes raise theirs to what is lent to them. */
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &few), 0);
	few.rlim_cur = 40;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	run(platforms[_i], "fork_limit", NULL, &out);
	ck_assert_int_eq(out.exit_code, 0);
	ck_assert_uint_eq(out.killed, 0);
}
END_TEST

/* A parked guest and its sentry take no processor time. */
START_TEST(waiting_costs_nothing)
{
	struct rusage before, after;
	struct outcome out;
	long used;

	if (!here(platforms[_i]))
		return;
	getrusage(RUSAGE_SELF, &before);
	run(platforms[_i], "park", NULL, &out);
	getrusage(RUSAGE_SELF, &after);
	ck_assert_int_eq(out.exit_code, 0);
	used = (after.ru_utime.tv_sec - before.ru_utime.tv_sec) * 1000000 +
	       (after.ru_stime.tv_sec - before.ru_stime.tv_sec) * 1000000 +
	       after.ru_utime.tv_usec - before.ru_utime.tv_usec +
	       after.ru_stime.tv_usec - before.ru_stime.tv_usec;
	ck_assert_int_lt(used, 100000); /* of 400 ms */
}
END_TEST

static void host_says(const struct outcome *out, const char *line)
{
	ck_assert_msg(strstr(out->host_status, line) != NULL, "not '%s' in %s",
		line, out->host_status);
}

/* What a guest process could lose is not there: rights and descriptors. */
START_TEST(a_guest_process_holds_nothing)
{
	struct outcome out;

	if (!here(platforms[_i]))
		return;
	run(platforms[_i], "map_file", NULL, &out);
	ck_assert_int_eq(out.exit_code, 0);
	/* ptrace: the one socket through which it lends, at both looks. */
	ck_assert_uint_eq(
		out.fds_left, platforms[_i] == &ptrace_platform ? 2 : 0);
	host_says(&out, "CapPrm:\t0000000000000000\n");
	host_says(&out, "CapEff:\t0000000000000000\n");
	host_says(&out, "NoNewPrivs:\t1\n");
	host_says(&out, "Seccomp:\t2\n");
}
END_TEST

START_TEST(a_platform_is_chosen_by_name)
{
	const struct platform_ops *ops = NULL;
	char why[256] = "";

	ck_assert_ptr_eq(platform_find("notify"), &notify_platform);
	ck_assert_ptr_eq(platform_find("ptrace"), &ptrace_platform);
	ck_assert_ptr_null(platform_find("kvm"));
	ck_assert_int_eq(
		platform_choose("kvm", &ops, why, sizeof(why)), -EINVAL);
	ck_assert_str_eq(why, "kvm: no such platform");
	if (!here(&notify_platform))
		return;
	ck_assert_int_eq(platform_choose("auto", &ops, why, sizeof(why)), 0);
	ck_assert_ptr_eq(ops, &notify_platform);
	ck_assert_str_eq(why, "");
}
END_TEST

/* Under a listener already: the next platform is taken, and it is said why. */
START_TEST(the_next_platform_is_taken)
{
	const struct sock_filter allow = BPF_STMT(
		BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {1, (struct sock_filter *)&allow};
	const struct platform_ops *ops = NULL;
	char why[256] = "";
	int ret;

	if (!here(&notify_platform))
		return;
	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_ge(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
				 SECCOMP_FILTER_FLAG_NEW_LISTENER, &program),
		0);
	ret = platform_choose("auto", &ops, why, sizeof(why));
	ck_assert_ptr_nonnull(strstr(why, "notify: "));
	if (ret == 0)
		ck_assert_ptr_eq(ops, &ptrace_platform);
	ck_assert_int_eq(
		platform_choose("notify", &ops, why, sizeof(why)), -EBUSY);
}
END_TEST

static int by_hand(const char *platform, const char *guest)
{
	const struct platform_ops *ops = platform_find(platform);
	struct outcome out;
	const char *kill_after = getenv("KILL");
	const struct script script = {.trace_all = getenv("TRACE") != NULL,
		.kill_after = kill_after ? (unsigned int)atoi(kill_after) : 0,
		.stub = getenv("STUB"),
		.storm = getenv("STORM") != NULL,
		.zygote = getenv("ZYGOTE") != NULL};
	int ret;

	if (ops == NULL)
		return EXIT_FAILURE;
	ret = sentry_run(ops, guest, &script, &out);
	printf("%s: %d, exit %d, status %#x, %u dead, %u killed\n", guest, ret,
		out.exit_code, (unsigned int)out.first_status, out.dead,
		out.killed);
	if (out.stored[2] != 0)
		printf("%.2f us each\n",
			(double)(out.stored_at[2] - out.stored_at[1]) / 1e3 /
				(double)out.stored[2]);
	return EXIT_SUCCESS;
}

/* With two arguments, a platform and a guest: runs just that. */
int main(int argc, char **argv)
{
	const int each = (int)ARRAY_SIZE(platforms);
	Suite *suite;
	TCase *tests;
	SRunner *runner;
	int failed;

	log_open("platform_test", 2, LOG_LEVEL_ERROR);
	if (argc > 2)
		return by_hand(argv[1], argv[2]);
	suite = suite_create("platform");
	tests = tcase_create("platform");
	tcase_set_timeout(tests, 30);
	tcase_add_loop_test(
		tests, guest_finds_everything_right, 0, (int)COUNT(good));
	tcase_add_loop_test(
		tests, hostile_guest_dies_alone, 0, (int)COUNT(hostile));
	tcase_add_loop_test(
		tests, a_storm_of_interrupts_changes_nothing, 0, 10 * each);
	tcase_add_loop_test(tests, a_fresh_image_forks, 0, each);
	tcase_add_loop_test(tests, guests_die_with_their_sentry, 0, each);
	tcase_add_loop_test(tests, tracing_changes_nothing, 0, each);
	tcase_add_loop_test(
		tests, jumps_into_the_stub_hurt_nobody_else, 0, each);
	tcase_add_loop_test(tests, scribbling_on_the_stub_ends, 0, each);
	tcase_add_loop_test(
		tests, every_call_goes_where_the_table_says, 0, each);
	tcase_add_loop_test(tests, a_kill_ends_a_running_guest, 0, each);
	tcase_add_loop_test(tests, a_kill_may_come_at_any_moment, 0, each);
	tcase_add_loop_test(tests, only_the_stub_can_start, 0, each);
	tcase_add_loop_test(tests, a_fork_too_many_fails, 0, each);
	tcase_add_loop_test(tests, waiting_costs_nothing, 0, each);
	tcase_add_loop_test(tests, a_guest_process_holds_nothing, 0, each);
	tcase_add_test(tests, a_platform_is_chosen_by_name);
	tcase_add_test(tests, the_next_platform_is_taken);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
