/* The procfs broker: which files it opens, of whom, and what ends it. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gofer.h"
#include "lib/checked.h"
#include "lib/lockdown.h"
#include "lib/msg.h"

static pid_t broker, stub;
static int sock;

/* This process plays the sentry, a child of it the stub. */
static void setup(void)
{
	char sock_arg[32], proc_arg[32], parent_arg[32];
	char *const envp[] = {NULL};
	struct walls walls = {0};
	int socks[2], ready[2];
	char byte;

	ck_assert_int_eq(pipe(ready), 0);
	stub = fork();
	if (!stub) {
		/* Like a stub: the host lets nobody with less look at it. */
		lockdown_no_caps(&walls);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[1]);
		pause();
		_exit(0);
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 0);
	close(ready[0]);
	ck_assert_int_eq(msg_pair(socks), 0);
	broker = fork();
	if (!broker) {
		snprintf(sock_arg, sizeof(sock_arg), "--socket=%d",
			dup(socks[1]));
		snprintf(proc_arg, sizeof(proc_arg), "--proc=%d",
			open("/proc", O_PATH | O_DIRECTORY));
		snprintf(parent_arg, sizeof(parent_arg), "--parent=%d",
			getppid());
		execle("./procbroker", "procbroker", sock_arg, proc_arg,
			parent_arg, NULL, envp);
		_exit(98);
	}
	close(socks[1]);
	sock = socks[0];
}

static void teardown(void)
{
	kill(stub, SIGKILL);
	waitpid(stub, NULL, 0);
	close(sock);
	waitpid(broker, NULL, 0);
}

/* A descriptor or the error. */
static int ask(int tid, uint32_t file)
{
	struct procbroker_request request = {.id = 7, .tid = tid, .file = file};
	struct procbroker_reply reply;
	size_t fds;
	int fd = -1;

	ck_assert_int_eq(msg_send(sock, &request, sizeof(request), -1), 0);
	ck_assert_int_eq(msg_recv(sock, &reply, sizeof(reply), &fd, 1, &fds),
		sizeof(reply));
	ck_assert_uint_eq(reply.id, 7);
	ck_assert_uint_eq(fds, !reply.error);
	return reply.error ? reply.error : fd;
}

START_TEST(files_of_a_stub_are_opened)
{
	char text[256];
	ssize_t size;
	int fd;

	for (uint32_t i = 0; i < PROCBROKER_FILES; i++) {
		fd = ask(stub, i);
		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
		close(fd);
	}
	fd = ask(stub, PROCBROKER_STAT);
	size = read(fd, text, sizeof(text) - 1);
	ck_assert_int_gt(size, 0);
	text[size] = '\0';
	ck_assert_int_eq(atoi(text), stub);
	close(fd);
}
END_TEST

START_TEST(files_of_others_are_not)
{
	ck_assert_int_eq(ask(getpid(), PROCBROKER_MAPS), -EPERM);
	ck_assert_int_eq(ask(getppid(), PROCBROKER_STAT), -EPERM);
	ck_assert_int_eq(ask(1, PROCBROKER_MAPS), -EPERM);
	ck_assert_int_eq(ask(INT32_MAX, PROCBROKER_MAPS), -ESRCH);
	kill(stub, SIGKILL);
	waitpid(stub, NULL, 0);
	ck_assert_int_eq(ask(stub, PROCBROKER_MAPS), -ESRCH);
}
END_TEST

START_TEST(a_broken_message_ends_it)
{
	static const struct procbroker_request broken[] = {
		{.tid = 0, .file = 0},
		{.tid = -1, .file = 0},
		{.tid = 1, .file = PROCBROKER_FILES},
	};
	struct procbroker_reply reply;
	size_t fds, size = sizeof(broken[0]);
	int status;

	if (_i < 3)
		msg_send(sock, &broken[_i], size, -1);
	else
		msg_send(sock, &broken[0], _i == 3 ? size - 1 : 1, -1);
	ck_assert_int_eq(
		msg_recv(sock, &reply, sizeof(reply), NULL, 0, &fds), 0);
	ck_assert_int_eq(waitpid(broker, &status, 0), broker);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("procbroker");
	TCase *tcase = tcase_create("procbroker");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, files_of_a_stub_are_opened);
	tcase_add_test(tcase, files_of_others_are_not);
	tcase_add_loop_test(tcase, a_broken_message_ends_it, 0, 5);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
