/*
 * table.def against Linux: every number and name of the host's headers is
 * there, and what the table promises of itself is true.
 */
#include "sentry/syscalls/types.h"

#include <asm/unistd.h>
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Younger than the headers that Debian 12 has (6.1). */
#ifndef __NR_uretprobe
#define __NR_uretprobe 335
#endif
#ifndef __NR_uprobe
#define __NR_uprobe 336
#endif
#ifndef __NR_cachestat
#define __NR_cachestat 451
#endif
#ifndef __NR_fchmodat2
#define __NR_fchmodat2 452
#endif
#ifndef __NR_map_shadow_stack
#define __NR_map_shadow_stack 453
#endif
#ifndef __NR_futex_wake
#define __NR_futex_wake    454
#define __NR_futex_wait    455
#define __NR_futex_requeue 456
#endif
#ifndef __NR_statmount
#define __NR_statmount 457
#define __NR_listmount 458
#endif
#ifndef __NR_lsm_get_self_attr
#define __NR_lsm_get_self_attr 459
#define __NR_lsm_set_self_attr 460
#define __NR_lsm_list_modules  461
#endif
#ifndef __NR_mseal
#define __NR_mseal 462
#endif
#ifndef __NR_setxattrat
#define __NR_setxattrat    463
#define __NR_getxattrat    464
#define __NR_listxattrat   465
#define __NR_removexattrat 466
#endif
#ifndef __NR_open_tree_attr
#define __NR_open_tree_attr 467
#endif
#ifndef __NR_file_getattr
#define __NR_file_getattr 468
#define __NR_file_setattr 469
#endif

#define SAME_NUMBER(nr, name)                                                  \
	_Static_assert(__NR_##name == (nr), "number of " #name);
#define SYS0(nr, name, ...) SAME_NUMBER(nr, name)
#define SYS1(nr, name, ...) SAME_NUMBER(nr, name)
#define SYS2(nr, name, ...) SAME_NUMBER(nr, name)
#define SYS3(nr, name, ...) SAME_NUMBER(nr, name)
#define SYS4(nr, name, ...) SAME_NUMBER(nr, name)
#define SYS5(nr, name, ...) SAME_NUMBER(nr, name)
#define SYS6(nr, name, ...) SAME_NUMBER(nr, name)
#include "sentry/syscalls/table.def"

START_TEST(every_number_up_to_the_limit_is_there_but_the_reserved_ones)
{
	for (long nr = 0; nr < sysent_limit(); nr++) {
		if (nr > 336 && nr < 424)
			ck_assert_ptr_null(sysent_find(nr));
		else
			ck_assert_msg(sysent_find(nr) != NULL, "no %ld", nr);
	}
	ck_assert_int_ge(sysent_limit(), 470);
}
END_TEST

START_TEST(numbers_outside_the_table_are_not_found)
{
	ck_assert_ptr_null(sysent_find(-1));
	ck_assert_ptr_null(sysent_find(sysent_limit()));
	ck_assert_ptr_null(sysent_find(0x40000000));
	ck_assert_ptr_null(sysent_find((long)(~0ul >> 1)));
	ck_assert_ptr_null(sysent_find(-(long)(~0ul >> 1) - 1));
}
END_TEST

START_TEST(names_are_unique)
{
	for (long i = 0; i < sysent_limit(); i++) {
		for (long j = i + 1; j < sysent_limit(); j++) {
			const struct sysent *a = sysent_find(i);
			const struct sysent *b = sysent_find(j);

			if (a != NULL && b != NULL)
				ck_assert_str_ne(a->name, b->name);
		}
	}
}
END_TEST

START_TEST(an_error_goes_with_no_support_and_a_note_with_part)
{
	for (long nr = 0; nr < sysent_limit(); nr++) {
		const struct sysent *s = sysent_find(nr);

		if (s == NULL)
			continue;
		ck_assert_msg((s->support == SUPPORT_NONE) == (s->error > 0),
			"%s", s->name);
		ck_assert_msg(s->support != SUPPORT_PART || s->note[0] != '\0',
			"%s is PART and does not say why", s->name);
		ck_assert_int_le(s->args, SYSCALL_ARGS_MAX);
		ck_assert_int_lt(s->result, TAG_COUNT);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("table");
	TCase *tc = tcase_create("table");
	SRunner *runner;
	int failed;

	tcase_add_test(tc,
		every_number_up_to_the_limit_is_there_but_the_reserved_ones);
	tcase_add_test(tc, numbers_outside_the_table_are_not_found);
	tcase_add_test(tc, names_are_unique);
	tcase_add_test(tc, an_error_goes_with_no_support_and_a_note_with_part);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
