/*
 * Credentials: every change of user ids between a few, checked against the
 * same calls made on the host in a child that is root there; and what a call
 * that fails must leave alone. The guest is this process: its memory is read
 * and written as a guest's is.
 */
#include "sentry/syscalls/syscalls.h"

#include <check.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sentry/kernel/task.h"

static struct thread_group group;
static struct task task;

static void set_up(void)
{
	memset(&task, 0, sizeof(task));
	memset(&group, 0, sizeof(group));
	task.tg = &group;
	task.pid = 77;
	ref_init(&task.ref);
	task.mm = mm_new(getpid());
	task.cred = cred_new(0, 0, NULL, 0);
	ck_assert_ptr_nonnull(task.mm);
	ck_assert_ptr_nonnull(task.cred);
	task.mm->dumpable = 1;
}

static void tear_down(void)
{
	cred_put(task.cred);
	mm_put(task.mm);
}

/* ---- The same on the host ------------------------------------------------ */

enum op { SETUID, SETREUID, SETRESUID, SETFSUID, OP_COUNT };

struct state {
	uint32_t uid, euid, suid, fsuid;
	uint64_t effective, permitted;
	long result;
};

struct step {
	uint32_t start[3]; /* real, effective, saved; root before */
	enum op op;
	uint32_t args[3];
	bool keep_caps;
};

static long raw(long ret)
{
	return ret < 0 ? -errno : ret;
}

static void host_state(struct state *s)
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct d[2];

	syscall(SYS_getresuid, &s->uid, &s->euid, &s->suid);
	s->fsuid = (uint32_t)syscall(SYS_setfsuid, -1);
	syscall(SYS_capget, &h, d);
	s->effective = (uint64_t)d[1].effective << 32 | d[0].effective;
	s->permitted = (uint64_t)d[1].permitted << 32 | d[0].permitted;
}

static void run_on_host(const struct step *step, struct state *s)
{
	const uint32_t *a = step->args;

	prctl(PR_SET_KEEPCAPS, step->keep_caps);
	syscall(SYS_setresuid, step->start[0], step->start[1], step->start[2]);
	switch (step->op) {
	case SETUID:
		s->result = raw(syscall(SYS_setuid, a[0]));
		break;
	case SETREUID:
		s->result = raw(syscall(SYS_setreuid, a[0], a[1]));
		break;
	case SETRESUID:
		s->result = raw(syscall(SYS_setresuid, a[0], a[1], a[2]));
		break;
	default:
		s->result = raw(syscall(SYS_setfsuid, a[0]));
	}
	host_state(s);
}

static void run_here(const struct step *step, struct state *s)
{
	const uint32_t *a = step->args;
	const struct cred *c;

	sys_prctl(&task, PR_SET_KEEPCAPS, step->keep_caps, 0, 0, 0);
	sys_setresuid(&task, step->start[0], step->start[1], step->start[2]);
	switch (step->op) {
	case SETUID:
		s->result = sys_setuid(&task, a[0]);
		break;
	case SETREUID:
		s->result = sys_setreuid(&task, a[0], a[1]);
		break;
	case SETRESUID:
		s->result = sys_setresuid(&task, a[0], a[1], a[2]);
		break;
	default:
		s->result = sys_setfsuid(&task, a[0]);
	}
	c = task.cred;
	s->uid = c->uid;
	s->euid = c->euid;
	s->suid = c->suid;
	s->fsuid = c->fsuid;
	s->effective = c->cap_effective;
	s->permitted = c->cap_permitted;
}

/* Every step of a small world of ids; what the host answered, in order. */
static size_t each_step(
	void (*fn)(const struct step *, size_t, void *), void *data)
{
	static const uint32_t ids[] = {0, 1, 2, UINT32_MAX};
	struct step step;
	size_t n = 0;

	for (unsigned int i = 0; i < 27u * OP_COUNT * 64 * 2; i++) {
		unsigned int x = i;

		step.keep_caps = x % 2;
		x /= 2;
		for (int k = 0; k < 3; k++, x /= 3)
			step.start[k] = ids[x % 3];
		for (int k = 0; k < 3; k++, x /= 4)
			step.args[k] = ids[x % 4];
		step.op = (enum op)x;
		/* Arguments that the call does not have: once is enough. */
		if ((step.op != SETRESUID && step.args[2] != 0) ||
			((step.op == SETUID || step.op == SETFSUID) &&
				step.args[1] != 0))
			continue;
		fn(&step, n++, data);
	}
	return n;
}

static void ask_host(const struct step *step, size_t n, void *data)
{
	struct state *states = data;
	pid_t pid = fork();

	if (pid == 0) {
		run_on_host(step, &states[n]);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void compare(const struct step *step, size_t n, void *data)
{
	const struct state *host = (const struct state *)data + n;
	uint64_t all = ((const struct state *)data)[0].permitted;
	struct state here = {0};

	/* The host's root may lack some capabilities. */
	task.cred->cap_permitted = task.cred->cap_effective = all;
	run_here(step, &here);
	ck_assert_msg(host->result == here.result && host->uid == here.uid &&
			      host->euid == here.euid &&
			      host->suid == here.suid &&
			      host->fsuid == here.fsuid &&
			      host->effective == here.effective &&
			      host->permitted == here.permitted,
		"op %d (%d, %d, %d) keep %d from %d %d %d: host %ld: %d %d %d "
		"%d %llx %llx, here %ld: %d %d %d %d %llx %llx",
		step->op, (int)step->args[0], (int)step->args[1],
		(int)step->args[2], step->keep_caps, (int)step->start[0],
		(int)step->start[1], (int)step->start[2], host->result,
		host->uid, host->euid, host->suid, host->fsuid,
		(unsigned long long)host->effective,
		(unsigned long long)host->permitted, here.result, here.uid,
		here.euid, here.suid, here.fsuid,
		(unsigned long long)here.effective,
		(unsigned long long)here.permitted);
	tear_down();
	set_up();
}

START_TEST(user_ids_and_capabilities_change_as_on_the_host)
{
	const size_t size = 8192 * sizeof(struct state);
	struct state *states;
	size_t n;

	if (geteuid() != 0)
		return;
	states = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(states, MAP_FAILED);
	n = each_step(ask_host, states);
	ck_assert_uint_lt(n, 8192);
	/* The first step is setuid(0) by root: it keeps everything. */
	ck_assert_uint_ne(states[0].permitted, 0);
	each_step(compare, states);
	munmap(states, size);
}
END_TEST

/* ---- What failure leaves alone ------------------------------------------- */

START_TEST(a_refused_change_keeps_the_same_credentials)
{
	const struct cred *before;

	ck_assert_int_eq(sys_setresuid(&task, 5, 6, 7), 0);
	before = task.cred;
	ck_assert_int_eq(sys_setuid(&task, 9), -EPERM);
	ck_assert_int_eq(sys_setreuid(&task, 9, 9), -EPERM);
	ck_assert_int_eq(sys_setresuid(&task, 5, 6, 9), -EPERM);
	ck_assert_int_eq(sys_setfsuid(&task, 9), 6);
	ck_assert_int_eq(sys_setgroups(&task, 0, 0), -EPERM);
	ck_assert_ptr_eq(task.cred, before);
}
END_TEST

START_TEST(another_holder_keeps_what_it_had)
{
	struct cred *held = cred_get(task.cred);

	ck_assert_int_eq(sys_setuid(&task, 5), 0);
	ck_assert_uint_eq(held->uid, 0);
	ck_assert_uint_eq(held->cap_effective, CAP_FULL_SET);
	ck_assert_uint_eq(task.cred->uid, 5);
	cred_put(held);
}
END_TEST

START_TEST(groups_from_a_bad_address_change_nothing)
{
	gid_t list[2] = {4, 3};
	gid_t got[2];
	uaddr_t addr = (uaddr_t)(uintptr_t)list;

	ck_assert_int_eq(sys_setgroups(&task, 2, addr), 0);
	ck_assert_int_eq(sys_setgroups(&task, 2, 0x1000), -EFAULT);
	ck_assert_int_eq(sys_setgroups(&task, -1, addr), -EINVAL);
	ck_assert_int_eq(sys_setgroups(&task, 65537, addr), -EINVAL);
	ck_assert_int_eq(sys_getgroups(&task, 2, (uaddr_t)(uintptr_t)got), 2);
	ck_assert_uint_eq(got[0], 3);
	ck_assert_uint_eq(got[1], 4);
	ck_assert_int_eq(sys_getgroups(&task, 1, addr), -EINVAL);
	ck_assert_int_eq(sys_getgroups(&task, 2, 0x1000), -EFAULT);
}
END_TEST

START_TEST(identity_changes_clear_dumpable)
{
	task.parent_death_signal = 9;
	ck_assert_int_eq(sys_setresuid(&task, -1u, -1u, 3), 0);
	ck_assert_uint_eq(task.mm->dumpable, 1);
	ck_assert_int_eq(task.parent_death_signal, 9);
	ck_assert_int_eq(sys_setresuid(&task, -1u, 3, -1u), 0);
	ck_assert_uint_eq(task.mm->dumpable, 0);
	ck_assert_int_eq(task.parent_death_signal, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cred");
	TCase *tc = tcase_create("cred");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, user_ids_and_capabilities_change_as_on_the_host);
	tcase_add_test(tc, a_refused_change_keeps_the_same_credentials);
	tcase_add_test(tc, another_holder_keeps_what_it_had);
	tcase_add_test(tc, groups_from_a_bad_address_change_nothing);
	tcase_add_test(tc, identity_changes_clear_dumpable);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
