/*
 * The seccomp filter decides as native.def says: its program is executed here,
 * as the kernel would, on calls around every bound of the table, and compared
 * with the evaluator in C.
 */
#include <check.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "lib/checked.h"
#include "platform/bpf.h"
#include "platform/native.h"
#include "platform/stub/stub.h"

#define SECRET   0x1122334455667788ull
#define GUEST_IP 0x7f0000001234ull
#define ROUNDS   1000000

static struct filter filter;

/* Classic BPF, as far as seccomp allows it and we emit it. */
static uint32_t execute(const struct seccomp_data *data)
{
	const char *bytes = (const char *)data;
	uint32_t a = 0;
	size_t pc = 0;

	for (;;) {
		const struct sock_filter *i = &filter.code[pc++];
		bool yes;

		if (pc > filter.count)
			ck_abort_msg("runs off its end");
		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			memcpy(&a, bytes + i->k, 4);
			continue;
		case BPF_LD | BPF_IMM:
			a = i->k;
			continue;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			continue;
		case BPF_RET | BPF_K:
			return i->k;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			continue;
		case BPF_JMP | BPF_JEQ | BPF_K:
			yes = a == i->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			yes = a > i->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			yes = a >= i->k;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			yes = (a & i->k) != 0;
			break;
		default:
			ck_abort_msg("instruction %#x", i->code);
		}
		pc += yes ? i->jt : i->jf;
	}
}

static uint64_t random64(void)
{
	return (uint64_t)random() << 42 ^ (uint64_t)random() << 21 ^
	       (uint64_t)random();
}

/* Values at and next to what the table compares with. */
static uint64_t random_argument(void)
{
	static const uint64_t near[] = {0, STUB_TEXT_START, STUB_AREAS_START,
		STUB_AREAS_END, 1ull << 32, 1ull << 63, STUB_FD_FIRST, 11, 12,
		0x1001, 0x1004, 25, 64};

	switch (random() % 4) {
	case 0:
		return near[(size_t)random() % ARRAY_SIZE(near)] +
		       (uint64_t)(random() % 3) - 1;
	case 1:
		return (uint64_t)random() % 130;
	case 2:
		return (uint64_t)1 << (random() % 64) |
		       (uint64_t)1 << (random() % 24);
	default:
		return random64();
	}
}

static long random_number(void)
{
	const struct native_table *t = &native_guest_table;

	if (random() % 2)
		return t->rules[(size_t)random() % t->count].nr;
	return random() % 500;
}

static struct seccomp_data random_call(uint64_t ip)
{
	struct seccomp_data d = {
		.nr = (int)random_number(),
		.arch = AUDIT_ARCH_X86_64,
		.instruction_pointer = ip,
	};
	int i;

	for (i = 0; i < 6; i++)
		d.args[i] = random_argument();
	return d;
}

static uint32_t expected(const struct seccomp_data *d, bool trace_all)
{
	uint64_t args[6];

	memcpy(args, d->args, sizeof(args));
	switch (native_classify(d->nr, args)) {
	case NATIVE_ALLOW:
		return trace_all ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ALLOW;
	case NATIVE_TRAP:
		return SECCOMP_RET_TRAP;
	case NATIVE_NOTIFY:
		return SECCOMP_RET_USER_NOTIF;
	}
	return 0;
}

START_TEST(guest_calls_go_where_the_table_says)
{
	unsigned int allowed = 0;
	int i;

	srandom(1);
	ck_assert_int_eq(filter_compile(&filter, _i, SECRET), 0);
	for (i = 0; i < ROUNDS; i++) {
		struct seccomp_data d = random_call(GUEST_IP);
		uint32_t action = execute(&d);

		allowed += action == SECCOMP_RET_ALLOW;
		if (action != expected(&d, _i))
			ck_abort_msg("call %d(%#llx, %#llx, %#llx, %#llx, "
				     "%#llx): %#x, not %#x",
				d.nr, d.args[0], d.args[1], d.args[2],
				d.args[3], d.args[4], action, expected(&d, _i));
	}
	/* The comparison is worth something only if both sides occur. */
	if (!_i)
		ck_assert_uint_gt(allowed, ROUNDS / 1000);
	else
		ck_assert_uint_eq(allowed, 0);
}
END_TEST

static bool reaches_text(const struct seccomp_data *d)
{
	switch (d->nr) {
	case SYS_mmap:
		return d->args[0] != 0 && d->args[0] < STUB_AREAS_START;
	case SYS_mremap:
		return d->args[0] < STUB_AREAS_START ||
		       ((d->args[3] & MREMAP_FIXED) &&
			       d->args[4] < STUB_AREAS_START);
	case SYS_munmap:
	case SYS_mprotect:
	case SYS_madvise:
		return d->args[0] < STUB_AREAS_START;
	default:
		return false;
	}
}

/* What a jump to the stub's instruction can have done: its own memory only. */
START_TEST(stub_calls_never_touch_the_stubs_text)
{
	int i;

	srandom(2);
	ck_assert_int_eq(filter_compile(&filter, false, SECRET), 0);
	for (i = 0; i < ROUNDS; i++) {
		struct seccomp_data d = random_call(STUB_IP_CALL);
		uint32_t action = execute(&d);

		/* No ck_assert: each writes to a pipe. */
		if (action != SECCOMP_RET_ALLOW &&
			action != SECCOMP_RET_USER_NOTIF)
			ck_abort_msg("call %d: %#x", d.nr, action);
		if (action == SECCOMP_RET_ALLOW && reaches_text(&d))
			ck_abort_msg("call %d at %#llx", d.nr, d.args[0]);
	}
}
END_TEST

static uint32_t at(uint64_t ip, long nr, uint64_t arg)
{
	struct seccomp_data d = {
		.nr = (int)nr,
		.arch = AUDIT_ARCH_X86_64,
		.instruction_pointer = ip,
		.args = {arg},
	};

	return execute(&d);
}

START_TEST(each_gate_has_its_call)
{
	uint64_t ip;

	ck_assert_int_eq(filter_compile(&filter, false, SECRET), 0);
	ck_assert_uint_eq(
		at(STUB_IP_REPORT, STUB_REPORT_NR, 0), SECCOMP_RET_USER_NOTIF);
	ck_assert_uint_eq(
		at(STUB_IP_CLONE, SYS_clone, 0), SECCOMP_RET_USER_NOTIF);
	ck_assert_uint_eq(
		at(STUB_IP_EXEC, SYS_execveat, 0), SECCOMP_RET_USER_NOTIF);
	ck_assert_uint_eq(
		at(STUB_IP_CALL, SYS_close, STUB_FD_LAST), SECCOMP_RET_ALLOW);
	ck_assert_uint_eq(at(STUB_IP_CALL, SYS_close, STUB_FD_LAST + 1),
		SECCOMP_RET_USER_NOTIF);
	for (ip = STUB_GATE; ip < STUB_AREAS_START; ip++) {
		if (ip == STUB_IP_CALL || ip == STUB_IP_CHILD)
			continue;
		if (ip != STUB_IP_CLONE)
			ck_assert_uint_eq(
				at(ip, SYS_clone, 0), SECCOMP_RET_KILL_PROCESS);
		ck_assert_uint_eq(
			at(ip, SYS_mmap, 0), SECCOMP_RET_KILL_PROCESS);
	}
}
END_TEST

START_TEST(other_architectures_do_not_exist)
{
	struct seccomp_data d = {.nr = SYS_getpid, .arch = AUDIT_ARCH_I386};

	ck_assert_int_eq(filter_compile(&filter, false, SECRET), 0);
	ck_assert_uint_eq(execute(&d), SECCOMP_RET_ERRNO | ENOSYS);
	ck_assert_uint_eq(at(GUEST_IP, 0x40000000 | SYS_getpid, 0),
		SECCOMP_RET_ERRNO | ENOSYS);
	ck_assert_uint_eq(at(GUEST_IP, -1, 0), SECCOMP_RET_ERRNO | ENOSYS);
}
END_TEST

START_TEST(only_the_boot_child_knows_the_secret)
{
	struct seccomp_data d = {
		.nr = SYS_execveat,
		.arch = AUDIT_ARCH_X86_64,
		.instruction_pointer = GUEST_IP,
		.args = {0, 0, 0, 0, 0, SECRET},
	};

	ck_assert_int_eq(filter_compile(&filter, false, SECRET), 0);
	ck_assert_uint_eq(execute(&d), SECCOMP_RET_USER_NOTIF);
	d.args[5] ^= 1ull << 40;
	ck_assert_uint_eq(execute(&d), SECCOMP_RET_TRAP);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("filter");
	TCase *tests = tcase_create("filter");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, guest_calls_go_where_the_table_says, 0, 2);
	tcase_add_test(tests, stub_calls_never_touch_the_stubs_text);
	tcase_add_test(tests, each_gate_has_its_call);
	tcase_add_test(tests, other_architectures_do_not_exist);
	tcase_add_test(tests, only_the_boot_child_knows_the_secret);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
