/* The platforms, each asked to do exactly the same. */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/checked.h"
#include "lib/log.h"
#include "platform.h"
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
	"fork",
	"vfork",
	"exec",
	"exec_thread",
	"interrupt",
	"futex",
	"faults",
	"fpstate",
	"map_file",
	"every_call",
	"other_abi",
};

START_TEST(guest_finds_everything_right)
{
	const struct platform_ops *ops =
		platforms[(size_t)_i / ARRAY_SIZE(good)];
	const char *name = good[(size_t)_i % ARRAY_SIZE(good)];
	struct outcome out;

	ck_assert_int_eq(sentry_run(ops, name, NULL, &out), 0);
	ck_assert_msg(out.exit_code == 0,
		"%s, %s: guest ended with %d, status %#x", ops->name, name,
		out.exit_code, (unsigned int)out.first_status);
	ck_assert(WIFEXITED(out.first_status));
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("platform");
	TCase *guests = tcase_create("guests");
	SRunner *runner;
	int failed;

	log_open("platform_test", 2, LOG_LEVEL_DEBUG);
	if (argc > 1) {
		struct outcome out;
		int ret = sentry_run(
			platforms[argc > 2], argv[1], NULL, &out);

		printf("%s: ret %d exit %d status %#x dead %u killed %u\n",
			argv[1], ret, out.exit_code, out.first_status, out.dead,
			out.killed);
		if (out.stored_at[1] != 0)
			printf("%g ns\n",
				(double)(out.stored_at[2] - out.stored_at[1]) /
					100000);
		return 0;
	}
	tcase_set_timeout(guests, 20);
	tcase_add_loop_test(guests, guest_finds_everything_right, 0,
		(int)(ARRAY_SIZE(platforms) * ARRAY_SIZE(good)));
	suite_add_tcase(suite, guests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
