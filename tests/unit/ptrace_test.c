/* What only the ptrace platform has: its filter, its death, its FP images. */
#include <check.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform.h"
#include "platform/bpf.h"
#include "platform/ptrace/ptrace.h"
#include "tests/unit/platform_sentry.h"

#define LEGACY_SIZE  512
#define MXCSR_OFF    24
#define SOFTWARE_OFF 464

/* ---- The filter, as it stands when nobody traces any more -------------- */

enum place { FROM_LIBC, FROM_GATE, BESIDE_GATE };

/* Becomes a guest without a tracer, and makes one call. Never returns. */
static void call_from(enum place place, long nr, long arg)
{
	static const uint8_t code[] = {0x0f, 0x05, 0xc3};
	struct sock_filter filter[GATE_FILTER_MAX];
	struct sock_fprog program = {.filter = filter};
	uaddr_t at = STUB_TRACE_GATE + (place == BESIDE_GATE ? 0x10 : 0);
	uint8_t *page = mmap((void *)(uintptr_t)STUB_TEXT_START, 0x2000,
		PROT_READ | PROT_WRITE | PROT_EXEC,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	long ret;

	if (page == MAP_FAILED)
		_exit(99);
	memcpy((void *)(uintptr_t)at, code, sizeof(code));
	program.len = (unsigned short)gate_filter(filter);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
		syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
		_exit(98);
	if (place == FROM_LIBC)
		syscall(nr, arg);
	else
		__asm__ volatile("call *%[at]"
				 : "=a"(ret)
				 : [at] "r"(at), "a"(nr), "D"(arg)
				 : "rcx", "r11", "memory");
	syscall(SYS_exit_group, 97);
}

static int status_of_call(enum place place, long nr, long arg)
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		call_from(place, nr, arg);
		_exit(96);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static void assert_filtered(enum place place, long nr)
{
	int status = status_of_call(place, nr, 7);

	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS,
		"call %ld: status %#x", nr, (unsigned int)status);
}

/* The filter that stops calls for the tracer: there is none. */
START_TEST(stopped_calls_are_not_made_without_a_tracer)
{
	static struct filter filter;
	struct sock_fprog program;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		filter_compile_traced(&filter, false);
		program.len = filter.count;
		program.filter = filter.code;
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
		if (syscall(SYS_getppid) == -1 && errno == ENOSYS &&
			syscall(SYS_exit_group, 1) == -1 && errno == ENOSYS &&
			syscall(SYS_sched_yield) == 0)
			__builtin_trap();
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGILL);
}
END_TEST

START_TEST(filter_lets_the_gate_make_our_calls)
{
	int status = status_of_call(FROM_GATE, SYS_exit_group, 7);

	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 7);
}
END_TEST

START_TEST(filter_kills_calls_from_elsewhere)
{
	assert_filtered(FROM_LIBC, SYS_exit_group);
	assert_filtered(BESIDE_GATE, SYS_exit_group);
	assert_filtered(FROM_LIBC, SYS_getpid);
}
END_TEST

START_TEST(filter_kills_all_other_calls_from_the_gate)
{
	long nr;

	/* 335 and 336 are of uprobes, and never filtered by the host. */
	for (nr = 0; nr < 470; nr++)
		if (!gate_may_call(nr) && nr != 335 && nr != 336)
			assert_filtered(FROM_GATE, nr);
}
END_TEST

START_TEST(no_call_that_names_a_file_may_be_made)
{
	static const long never[] = {SYS_open, SYS_openat, SYS_openat2,
		SYS_socket, SYS_connect, SYS_sendmsg, SYS_kill, SYS_tgkill,
		SYS_ptrace, SYS_process_vm_writev, SYS_execve, SYS_mount,
		SYS_ioctl, SYS_write, SYS_io_uring_setup, SYS_bpf,
		SYS_userfaultfd, SYS_rt_sigreturn, SYS_clone3};
	size_t i;

	for (i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		ck_assert(!gate_may_call(never[i]));
}
END_TEST

/* ---- Without a filter to rely on ---------------------------------------- */

/* From here on this process is in somebody's sandbox. */
static void be_filtered(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {.len = 1, .filter = &allow};

	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(
		(int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program),
		0);
	ck_assert_int_eq(prctl(PR_GET_SECCOMP), SECCOMP_MODE_FILTER);
}

static const char *const guests[] = {
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

START_TEST(emulation_shows_guests_the_same)
{
	struct outcome out;

	be_filtered();
	ck_assert_int_eq(
		sentry_run(&ptrace_platform, guests[_i], NULL, &out), 0);
	ck_assert_msg(out.exit_code == 0, "%s: guest ended with %d, status %#x",
		guests[_i], out.exit_code, (unsigned int)out.first_status);
	ck_assert_uint_eq(out.killed, 0);
}
END_TEST

START_TEST(emulation_bears_a_storm_and_a_trace)
{
	static const char *const some[] = {"threads", "exec_thread", "faults"};
	const struct script storm = {.storm = true};
	const struct script trace = {.trace_all = true};
	struct outcome out;

	be_filtered();
	ck_assert_int_eq(
		sentry_run(&ptrace_platform, some[_i], &storm, &out), 0);
	ck_assert_int_eq(out.exit_code, 0);
	ck_assert_int_eq(
		sentry_run(&ptrace_platform, some[_i], &trace, &out), 0);
	ck_assert_int_eq(out.exit_code, 0);
}
END_TEST

/* ---- The end of the tracer --------------------------------------------- */

/* A process of ours that runs a guest which never ends. */
static pid_t start_tracer(void)
{
	struct outcome out;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	_exit(sentry_run(&ptrace_platform, "spin", NULL, &out) == 0 ? 0 : 1);
}

static bool has_child(pid_t pid)
{
	char path[64], line[64];
	FILE *f;
	bool found;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	found = fgets(line, sizeof(line), f) != NULL;
	fclose(f);
	return found;
}

START_TEST(killing_the_tracer_kills_its_guests)
{
	int status;
	pid_t tracer;

	/* What it leaves behind becomes ours to wait for. */
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	tracer = start_tracer();
	ck_assert_int_gt(tracer, 0);
	while (!has_child(tracer))
		usleep(1000);
	usleep(20000);
	kill(tracer, SIGKILL);
	ck_assert_int_eq(waitpid(tracer, &status, 0), tracer);
	ck_assert_int_gt(waitpid(-1, &status, __WALL), 0);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGKILL);
	ck_assert_int_eq(waitpid(-1, &status, __WALL), -1);
	ck_assert_int_eq(errno, ECHILD);
}
END_TEST

START_TEST(no_descriptor_is_left_open)
{
	struct outcome out;
	int before, after;

	before = dup(0);
	close(before);
	ck_assert_int_eq(sentry_run(&ptrace_platform, "fork", NULL, &out), 0);
	ck_assert_int_eq(
		sentry_run(&ptrace_platform, "map_file", NULL, &out), 0);
	after = dup(0);
	close(after);
	ck_assert_int_eq(before, after);
}
END_TEST

/* ---- Extended state ---------------------------------------------------- */

static uint8_t *reset_frame(void)
{
	uint8_t *frame = malloc(xstate_frame_size());

	ck_assert_ptr_nonnull(frame);
	xstate_reset(frame);
	return frame;
}

START_TEST(accepts_what_it_gives)
{
	uint8_t *frame = reset_frame();
	uint8_t *copy = reset_frame();

	memset(copy, 0x55, xstate_frame_size());
	ck_assert_int_eq(xstate_accept(copy, frame, xstate_frame_size()), 0);
	ck_assert_mem_eq(copy, frame, xstate_frame_size());
	free(frame);
	free(copy);
}
END_TEST

START_TEST(refuses_what_would_fault)
{
	uint8_t *frame = reset_frame();
	uint8_t *out = reset_frame();
	size_t size = xstate_frame_size();

	ck_assert_int_eq(xstate_accept(out, frame, LEGACY_SIZE - 1), -EINVAL);
	frame[MXCSR_OFF + 3] = 0x80;
	ck_assert_int_eq(xstate_accept(out, frame, size), -EINVAL);
	frame[MXCSR_OFF + 3] = 0;
	if (size > LEGACY_SIZE) {
		frame[LEGACY_SIZE + 15] = 0x80; /* compacted form */
		ck_assert_int_eq(xstate_accept(out, frame, size), -EINVAL);
		frame[LEGACY_SIZE + 15] = 0;
		frame[LEGACY_SIZE + 20] = 1; /* reserved */
		ck_assert_int_eq(xstate_accept(out, frame, size), -EINVAL);
		frame[LEGACY_SIZE + 20] = 0;
	}
	ck_assert_int_eq(xstate_accept(out, frame, size), 0);
	free(frame);
	free(out);
}
END_TEST

/* Without the second magic number only the legacy area is believed. */
START_TEST(cut_off_frame_is_a_legacy_one)
{
	uint8_t *frame = reset_frame();
	uint8_t *out = reset_frame();
	size_t size = xstate_frame_size();

	if (size > LEGACY_SIZE) {
		memset(frame + LEGACY_SIZE + 8, 0xff, 8);
		frame[size - 1] ^= 1;
		ck_assert_int_eq(xstate_accept(out, frame, size), 0);
		ck_assert_int_eq(out[LEGACY_SIZE], 3); /* x87 and SSE */
		ck_assert_int_eq(out[LEGACY_SIZE + 8], 0);
	}
	/* Sizes that lead beyond the buffer. */
	memset(frame + SOFTWARE_OFF + 4, 0xff, 4);
	memset(frame + SOFTWARE_OFF + 16, 0xff, 4);
	ck_assert_int_eq(xstate_accept(out, frame, LEGACY_SIZE), 0);
	free(frame);
	free(out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ptrace");
	TCase *filter = tcase_create("filter");
	TCase *emulation = tcase_create("emulation");
	TCase *end = tcase_create("end");
	TCase *state = tcase_create("state");
	SRunner *runner;
	int failed;

	tcase_set_timeout(filter, 20);
	tcase_add_test(filter, stopped_calls_are_not_made_without_a_tracer);
	tcase_add_test(filter, filter_lets_the_gate_make_our_calls);
	tcase_add_test(filter, filter_kills_calls_from_elsewhere);
	tcase_add_test(filter, filter_kills_all_other_calls_from_the_gate);
	tcase_add_test(filter, no_call_that_names_a_file_may_be_made);
	tcase_set_timeout(emulation, 20);
	tcase_add_loop_test(emulation, emulation_shows_guests_the_same, 0,
		(int)(sizeof(guests) / sizeof(guests[0])));
	tcase_add_loop_test(
		emulation, emulation_bears_a_storm_and_a_trace, 0, 3);
	tcase_add_test(end, killing_the_tracer_kills_its_guests);
	tcase_add_test(end, no_descriptor_is_left_open);
	tcase_add_test(state, accepts_what_it_gives);
	tcase_add_test(state, refuses_what_would_fault);
	tcase_add_test(state, cut_off_frame_is_a_legacy_one);
	suite_add_tcase(suite, filter);
	suite_add_tcase(suite, emulation);
	suite_add_tcase(suite, end);
	suite_add_tcase(suite, state);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
