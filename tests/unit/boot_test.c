/* The boot protocol: what goes in comes out, and nothing else gets in. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boot.h"

static int pair[2];

static void setup(void)
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
}

static void teardown(void)
{
	for (int i = 0; i < 2; i++)
		if (pair[i] >= 0)
			close(pair[i]);
}

/* Sends from a child: a big configuration needs its reader. */
static void send_config(const struct boot_config *config)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(-boot_send(pair[0], config));
}

static struct boot_config sample(char **argv, char **envp)
{
	static char any[] = "auto", root[] = "/", host[] = "h";
	static struct boot_mount mount = {
		.kind = BOOT_MOUNT_OVERLAY,
		.target = root,
		.upper = BOOT_UPPER_MEMORY,
	};
	static gid_t groups[] = {7, 8};

	return (struct boot_config){
		.platform = any,
		.argv = argv,
		.envp = envp,
		.cwd = root,
		.hostname = host,
		.uid = 1,
		.gid = 2,
		.group_count = 2,
		.groups = groups,
		.mount_count = 1,
		.mounts = &mount,
		.fds = {-1, -1, 1, -1, -1},
	};
}

START_TEST(a_configuration_arrives_as_it_was)
{
	char *argv[] = {(char *)"a", (char *)"", (char *)"c d", NULL};
	char *big = malloc(2u << 20);
	char *envp[] = {big, NULL};
	struct boot_config config = sample(argv, envp), *got;
	int status;

	ck_assert_ptr_nonnull(big);
	memset(big, 'x', 2u << 20);
	big[(2u << 20) - 1] = 0;
	send_config(&config);
	ck_assert_int_eq(boot_recv(pair[1], &got), 0);
	ck_assert_str_eq(got->argv[0], "a");
	ck_assert_str_eq(got->argv[1], "");
	ck_assert_str_eq(got->argv[2], "c d");
	ck_assert_ptr_null(got->argv[3]);
	ck_assert_str_eq(got->envp[0], big);
	ck_assert_uint_eq(got->groups[1], 8);
	ck_assert_str_eq(got->mounts[0].target, "/");
	ck_assert_int_eq(got->fds[0], -1);
	ck_assert_int_ge(got->fds[2], 3);
	ck_assert_int_eq(fcntl(got->fds[2], F_GETFD), FD_CLOEXEC);
	boot_config_destroy(got);
	free(big);
	wait(&status);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(a_configuration_needs_a_program)
{
	char *none[] = {NULL};
	struct boot_config config = sample(none, none), *got;

	send_config(&config);
	ck_assert_int_eq(boot_recv(pair[1], &got), -EPROTO);
	wait(NULL);
}
END_TEST

START_TEST(signals_arrive_and_then_the_end)
{
	ck_assert_int_eq(boot_signal_recv(pair[1]), -EAGAIN);
	ck_assert_int_eq(boot_signal_send(pair[0], SIGTERM), 0);
	ck_assert_int_eq(boot_signal_recv(pair[1]), SIGTERM);
	boot_signal_send(pair[0], 1000);
	ck_assert_int_eq(boot_signal_recv(pair[1]), -EPROTO);
	close(pair[0]);
	pair[0] = -1;
	ck_assert_int_eq(boot_signal_recv(pair[1]), 0);
}
END_TEST

static struct boot_result result_sample(void)
{
	static char text[] = "text", message[] = "message";
	static struct boot_count counts[] = {{1, 2, 3}, {4, 0, 6}};
	static struct boot_denied denied = {text, text, text};
	static struct boot_probe probe = {text, 5, text};

	return (struct boot_result){
		.outcome = BOOT_FAILED,
		.code = 126,
		.message = message,
		.platform = text,
		.platform_why = text,
		.count_count = 2,
		.counts = counts,
		.denied_count = 1,
		.denied = &denied,
		.probe_count = 1,
		.probes = &probe,
	};
}

START_TEST(a_result_arrives_as_it_was)
{
	struct boot_result result = result_sample(), *got;

	ck_assert_int_eq(boot_result_recv(pair[0], &got), -EAGAIN);
	ck_assert_int_eq(boot_result_send(pair[1], &result), 0);
	ck_assert_int_eq(boot_result_recv(pair[0], &got), 0);
	ck_assert_int_eq(got->code, 126);
	ck_assert_str_eq(got->message, "message");
	ck_assert_uint_eq(got->counts[1].count, 6);
	ck_assert_str_eq(got->denied[0].hint, "text");
	ck_assert_int_eq(got->probes[0].error, 5);
	boot_result_destroy(got);
	close(pair[1]);
	pair[1] = -1;
	ck_assert_int_eq(boot_result_recv(pair[0], &got), -ENODATA);
}
END_TEST

START_TEST(a_failure_with_a_strange_status_is_refused)
{
	struct boot_result result = result_sample(), *got;

	result.code = 0;
	ck_assert_int_eq(boot_result_send(pair[1], &result), 0);
	ck_assert_int_eq(boot_result_recv(pair[0], &got), -EPROTO);
}
END_TEST

/* The bytes of a good result, as they go over the socket. */
static size_t result_bytes(unsigned char *bytes, size_t size)
{
	struct boot_result result = result_sample();
	ssize_t got;

	ck_assert_int_eq(boot_result_send(pair[1], &result), 0);
	got = recv(pair[0], bytes, size, 0);
	ck_assert_int_gt(got, 0);
	return (size_t)got;
}

START_TEST(a_result_that_is_cut_is_refused)
{
	unsigned char bytes[4096];
	size_t size = result_bytes(bytes, sizeof(bytes));
	struct boot_result *got;

	for (size_t i = 1; i < size; i++) {
		ck_assert_int_eq(send(pair[1], bytes, i, 0), (ssize_t)i);
		ck_assert_int_eq(boot_result_recv(pair[0], &got), -EPROTO);
	}
}
END_TEST

/* Whatever a lost sentry changes: an answer or a refusal, never more. */
START_TEST(no_changed_byte_harms_the_reader)
{
	static const unsigned char values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
	unsigned char bytes[4096], old;
	size_t size = result_bytes(bytes, sizeof(bytes));
	struct boot_result *got;

	for (size_t i = 0; i < size; i++) {
		old = bytes[i];
		for (size_t v = 0; v < sizeof(values); v++) {
			bytes[i] = values[v];
			send(pair[1], bytes, size, 0);
			if (boot_result_recv(pair[0], &got) == 0)
				boot_result_destroy(got);
		}
		bytes[i] = old;
	}
}
END_TEST

START_TEST(another_build_is_told_apart)
{
	unsigned char bytes[4096];
	size_t size = result_bytes(bytes, sizeof(bytes));
	struct boot_result *got;

	/* Behind magic and kind stand the sixteen digits of the build. */
	bytes[8] ^= 1;
	send(pair[1], bytes, size, 0);
	ck_assert_int_eq(boot_result_recv(pair[0], &got), -ESTALE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("boot");
	TCase *tcase = tcase_create("boot");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_configuration_arrives_as_it_was);
	tcase_add_test(tcase, a_configuration_needs_a_program);
	tcase_add_test(tcase, signals_arrive_and_then_the_end);
	tcase_add_test(tcase, a_result_arrives_as_it_was);
	tcase_add_test(tcase, a_failure_with_a_strange_status_is_refused);
	tcase_add_test(tcase, a_result_that_is_cut_is_refused);
	tcase_add_test(tcase, no_changed_byte_harms_the_reader);
	tcase_add_test(tcase, another_build_is_told_apart);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
