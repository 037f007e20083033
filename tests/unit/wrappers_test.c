/*
 * The wrappers that table.c makes: each register becomes an argument by the
 * conversion that Linux makes, in order, and the result comes back unchanged.
 * The table here is wrappers_test.def.
 */
#define SYSENT_TABLE "tests/unit/wrappers_test.def"
#include "sentry/syscalls/table.c"

#include <check.h>
#include <limits.h>
#include <stdlib.h>

static struct task *const task = (struct task *)&sysents;

long sys_none(struct task *t)
{
	ck_assert_ptr_eq(t, task);
	return -EINTR;
}

long sys_narrow(struct task *t, int fd, unsigned int count, umode_t mode,
	uint32_t uid, int flags, pid_t pid)
{
	ck_assert_ptr_eq(t, task);
	ck_assert_int_eq(fd, -1);
	ck_assert_uint_eq(count, UINT_MAX);
	ck_assert_uint_eq(mode, 0x1ff);
	ck_assert_uint_eq(uid, UINT_MAX);
	ck_assert_int_eq(flags, 0x40);
	ck_assert_int_eq(pid, INT_MIN);
	return 7;
}

long sys_wide(struct task *t, size_t size, long number, unsigned long count,
	uaddr_t addr, int64_t off, unsigned long prot)
{
	ck_assert_uint_eq(size, SIZE_MAX);
	ck_assert_int_eq(number, LONG_MIN);
	ck_assert_uint_eq(count, 0x8000000000000001ul);
	ck_assert_uint_eq(addr, 0xffffffffff600000ul);
	ck_assert_int_eq(off, -2);
	ck_assert_uint_eq(prot, 0x100000001ul);
	return (long)0x7fffffffffffull;
}

long sys_three(struct task *t, long a, long b, long c)
{
	return a * 100 + b * 10 + c;
}

START_TEST(ints_take_the_low_half_and_modes_16_bits)
{
	const uint64_t args[6] = {0xdeadbeefffffffff, 0x1ffffffff,
		0xabcd000001ff, 0xffffffff, 0xffffffff00000040, 0x1180000000};

	ck_assert_int_eq(sysent_find(1)->call(task, args), 7);
}
END_TEST

START_TEST(sizes_and_addresses_keep_64_bits)
{
	const uint64_t args[6] = {~0ull, 1ull << 63, 0x8000000000000001,
		0xffffffffff600000, (uint64_t)-2, 0x100000001};

	ck_assert_int_eq(
		sysent_find(2)->call(task, args), (long)0x7fffffffffffull);
}
END_TEST

START_TEST(arguments_keep_their_order_and_results_their_sign)
{
	const uint64_t args[6] = {1, 2, 3, 4, 5, 6};

	ck_assert_int_eq(sysent_find(7)->call(task, args), 123);
	ck_assert_int_eq(sysent_find(0)->call(task, args), -EINTR);
}
END_TEST

START_TEST(a_line_says_what_the_entry_has)
{
	const struct sysent *s = sysent_find(2);

	ck_assert_str_eq(s->name, "wide");
	ck_assert_str_eq(s->note, "a note");
	ck_assert_int_eq(s->support, SUPPORT_PART);
	ck_assert_int_eq(s->args, 6);
	ck_assert_int_eq(s->result, TAG_PTR);
	ck_assert_int_eq(s->tags[0], TAG_SIZE);
	ck_assert_int_eq(s->tags[5], TAG_PROT);
	ck_assert_int_eq(s->error, 0);
	ck_assert_str_eq(sysent_find(0)->note, "");
}
END_TEST

START_TEST(an_absent_call_has_an_error_and_needs_no_handler)
{
	const struct sysent *s = sysent_find(3);

	ck_assert_int_eq(s->support, SUPPORT_NONE);
	ck_assert_int_eq(s->error, EPERM);
	ck_assert_ptr_null(s->call);
	ck_assert_ptr_null(sysent_find(5));
	ck_assert_int_eq(sysent_limit(), 8);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("wrappers");
	TCase *tc = tcase_create("wrappers");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, ints_take_the_low_half_and_modes_16_bits);
	tcase_add_test(tc, sizes_and_addresses_keep_64_bits);
	tcase_add_test(tc, arguments_keep_their_order_and_results_their_sign);
	tcase_add_test(tc, a_line_says_what_the_entry_has);
	tcase_add_test(tc, an_absent_call_has_an_error_and_needs_no_handler);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
