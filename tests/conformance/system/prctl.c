/* prctl(2): names, signals, flags. */
#include "tests/conformance/harness.h"

#include <sys/prctl.h>

#define PR_GET_AUXV_ 0x41555856

CASE(names_are_cut_at_15_bytes)
{
	char *name = conf_guarded(16);

	MUST(prctl(PR_SET_NAME, "0123456789abcdefghij"));
	MUST(prctl(PR_GET_NAME, name));
	EXPECT_STR(name, "0123456789abcde");
	MUST(prctl(PR_SET_NAME, ""));
	MUST(prctl(PR_GET_NAME, name));
	EXPECT_STR(name, "");
}

CASE(name_errors)
{
	char *edge = conf_guarded(4);

	memcpy(edge, "abc", 4);
	EXPECT_OK(prctl(PR_SET_NAME, edge));
	edge[3] = 'd';
	EXPECT_ERRNO(prctl(PR_SET_NAME, edge), EFAULT);
	EXPECT_ERRNO(prctl(PR_SET_NAME, conf_unmapped()), EFAULT);
	EXPECT_ERRNO(prctl(PR_GET_NAME, conf_unmapped()), EFAULT);
	EXPECT_ERRNO(prctl(PR_GET_NAME, conf_read_only()), EFAULT);
}

static void *thread_name(void *name)
{
	prctl(PR_SET_NAME, "thread");
	prctl(PR_GET_NAME, name);
	return NULL;
}

CASE(a_name_belongs_to_the_thread)
{
	char name[16];
	pthread_t thread;

	MUST(prctl(PR_SET_NAME, "main"));
	REQUIRE(pthread_create(&thread, NULL, thread_name, name) == 0);
	REQUIRE(pthread_join(thread, NULL) == 0);
	EXPECT_STR(name, "thread");
	MUST(prctl(PR_GET_NAME, name));
	EXPECT_STR(name, "main");
}

CASE(the_death_signal)
{
	int signo = -1;

	MUST(prctl(PR_GET_PDEATHSIG, &signo));
	EXPECT_EQ(signo, 0);
	MUST(prctl(PR_SET_PDEATHSIG, SIGUSR1));
	MUST(prctl(PR_GET_PDEATHSIG, &signo));
	EXPECT_EQ(signo, SIGUSR1);
	EXPECT_OK(prctl(PR_SET_PDEATHSIG, 64));
	EXPECT_ERRNO(prctl(PR_SET_PDEATHSIG, 65), EINVAL);
	EXPECT_ERRNO(prctl(PR_SET_PDEATHSIG, -1), EINVAL);
	EXPECT_ERRNO(prctl(PR_GET_PDEATHSIG, conf_unmapped()), EFAULT);
}

CASE(the_death_signal_is_not_inherited)
{
	int signo = -1;

	MUST(prctl(PR_SET_PDEATHSIG, SIGUSR1));
	pid_t pid = conf_fork();
	if (pid == 0) {
		MUST(prctl(PR_GET_PDEATHSIG, &signo));
		_exit(signo);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
}

CASE(a_parents_death_is_signalled)
{
	int out[2];
	char c = 0;

	MUST(pipe(out));
	pid_t pid = conf_fork();
	if (pid == 0) {
		if (conf_fork() == 0) {
			sigset_t set;
			int signo;

			sigemptyset(&set);
			sigaddset(&set, SIGUSR1);
			sigprocmask(SIG_BLOCK, &set, NULL);
			MUST(prctl(PR_SET_PDEATHSIG, SIGUSR1));
			MUST(write(out[1], "r", 1));
			sigwait(&set, &signo);
			MUST(write(out[1], "s", 1));
			_exit(0);
		}
		MUST(read(out[0], &c, 1));
		_exit(0);
	}
	conf_wait(pid);
	MUST(read(out[0], &c, 1));
	EXPECT_EQ(c, 's');
}

CASE(dumpable)
{
	EXPECT_EQ(prctl(PR_GET_DUMPABLE), 1);
	MUST(prctl(PR_SET_DUMPABLE, 0));
	EXPECT_EQ(prctl(PR_GET_DUMPABLE), 0);
	EXPECT_ERRNO(prctl(PR_SET_DUMPABLE, 2), EINVAL);
	EXPECT_ERRNO(prctl(PR_SET_DUMPABLE, -1), EINVAL);
	MUST(prctl(PR_SET_DUMPABLE, 1));
	EXPECT_EQ(prctl(PR_GET_DUMPABLE), 1);
}

CASE(subreaper)
{
	int is = -1;

	MUST(prctl(PR_GET_CHILD_SUBREAPER, &is));
	EXPECT_EQ(is, 0);
	MUST(prctl(PR_SET_CHILD_SUBREAPER, 5));
	MUST(prctl(PR_GET_CHILD_SUBREAPER, &is));
	EXPECT_EQ(is, 1);
	EXPECT_ERRNO(prctl(PR_GET_CHILD_SUBREAPER, conf_unmapped()), EFAULT);
}

CASE(a_subreaper_gets_the_orphans)
{
	int status = -1;

	MUST(prctl(PR_SET_CHILD_SUBREAPER, 1));
	pid_t pid = conf_fork();
	if (pid == 0) {
		if (conf_fork() == 0) {
			conf_sleep_ms(30);
			_exit(9);
		}
		_exit(1);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(1));
	EXPECT(MUST(wait(&status)) != pid);
	EXPECT_EQ(status, EXITED(9));
}

CASE(timer_slack)
{
	EXPECT_EQ(prctl(PR_GET_TIMERSLACK), 50000);
	MUST(prctl(PR_SET_TIMERSLACK, 1234));
	EXPECT_EQ(prctl(PR_GET_TIMERSLACK), 1234);
	MUST(prctl(PR_SET_TIMERSLACK, 0));
	EXPECT_EQ(prctl(PR_GET_TIMERSLACK), 50000);
}

CASE(fixed_answers)
{
	int tsc = 0;

	EXPECT_EQ(prctl(PR_GET_TIMING), PR_TIMING_STATISTICAL);
	EXPECT_OK(prctl(PR_SET_TIMING, PR_TIMING_STATISTICAL));
	EXPECT_ERRNO(prctl(PR_SET_TIMING, PR_TIMING_TIMESTAMP), EINVAL);
	EXPECT_EQ(prctl(PR_GET_SECCOMP), 0);
	EXPECT_OK(prctl(PR_GET_TSC, &tsc));
	EXPECT_EQ(tsc, PR_TSC_ENABLE);
	EXPECT_EQ(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 0);
	EXPECT_ERRNO(prctl(PR_GET_THP_DISABLE, 1, 0, 0, 0), EINVAL);
	EXPECT_EQ(prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), PR_MCE_KILL_DEFAULT);
	EXPECT_ERRNO(prctl(PR_MCE_KILL_GET, 1, 0, 0, 0), EINVAL);
	EXPECT_ERRNO(prctl(PR_MCE_KILL, 5, 0, 0, 0), EINVAL);
	EXPECT_ERRNO(prctl(PR_GET_ENDIAN, &tsc), EINVAL);
	EXPECT_ERRNO(prctl(PR_GET_FPEMU, &tsc), EINVAL);
	EXPECT_ERRNO(prctl(PR_GET_UNALIGN, &tsc), EINVAL);
	EXPECT_ERRNO(prctl(12345), EINVAL);
	EXPECT_ERRNO(prctl(-1), EINVAL);
}

CASE_USER(memory_layout_needs_the_right)
{
	EXPECT_ERRNO(prctl(PR_SET_MM, PR_SET_MM_BRK, 0, 0, 0), EPERM);
}

CASE(the_address_of_the_thread_id)
{
	int *address = NULL;
	int tid;

	MUST(syscall(SYS_set_tid_address, &tid));
	if (prctl(PR_GET_TID_ADDRESS, &address, 0, 0, 0) == -1)
		SKIP("a kernel without checkpoint and restore");
	EXPECT(address == &tid);
}

CASE(the_auxiliary_vector)
{
	uint64_t v[128] = {0};
	long size = prctl(PR_GET_AUXV_, v, sizeof(v), 0, 0);

	if (size == -1 && errno == EINVAL)
		SKIP("a kernel before 6.4");
	EXPECT_RANGE(size, 16, 1024);
	EXPECT_RANGE(v[0], 1, 64);
	EXPECT_ERRNO(prctl(PR_GET_AUXV_, v, sizeof(v), 1, 0), EINVAL);
	EXPECT_ERRNO(prctl(PR_GET_AUXV_, conf_unmapped(), 16, 0, 0), EFAULT);
}
