/* Threads: identity, exit, what a group shares. */
#include "tests/conformance/harness.h"

#include <linux/futex.h>
#include <sys/prctl.h>

static void *tell_tid(void *data)
{
	pid_t *ids = data;

	ids[0] = getpid();
	ids[1] = gettid();
	ids[2] = getppid();
	return NULL;
}

CASE(threads_share_the_pid_and_have_tids)
{
	pid_t ids[3] = {0};
	pthread_t thread;

	REQUIRE(pthread_create(&thread, NULL, tell_tid, ids) == 0);
	pthread_join(thread, NULL);
	EXPECT_EQ(ids[0], getpid());
	EXPECT(ids[1] != getpid());
	EXPECT_EQ(ids[2], getppid());
}

static void *add_many(void *data)
{
	for (int i = 0; i < 10000; i++)
		__atomic_fetch_add((int *)data, 1, __ATOMIC_RELAXED);
	return NULL;
}

CASE(fifty_threads_share_memory)
{
	pthread_t thread[50];
	int sum = 0;

	for (int i = 0; i < 50; i++)
		REQUIRE(pthread_create(&thread[i], NULL, add_many, &sum) == 0);
	for (int i = 0; i < 50; i++)
		pthread_join(thread[i], NULL);
	EXPECT_EQ(sum, 500000);
}

static void *exit_group_soon(void *data)
{
	conf_sleep_ms(10);
	_exit(17);
}

CASE(exit_group_of_one_thread_ends_all)
{
	pthread_t thread;
	pid_t pid = conf_fork();

	if (pid == 0) {
		pthread_create(&thread, NULL, exit_group_soon, NULL);
		for (;;)
			pause();
	}
	EXPECT_EQ(conf_wait(pid), EXITED(17));
}

static void *exit_group_of_spinners(void *data)
{
	for (volatile long i = 0;; i++)
		;
	return NULL;
}

CASE(exit_group_ends_threads_that_run)
{
	pthread_t thread;
	pid_t pid = conf_fork();

	if (pid == 0) {
		for (int i = 0; i < 3; i++)
			pthread_create(
				&thread, NULL, exit_group_of_spinners, NULL);
		conf_sleep_ms(10);
		_exit(18);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(18));
}

static void *last_one(void *data)
{
	conf_sleep_ms(20);
	syscall(SYS_exit, 5);
	return NULL;
}

CASE(leader_may_exit_first)
{
	pthread_t thread;
	pid_t pid = conf_fork();

	if (pid == 0) {
		pthread_create(&thread, NULL, last_one, NULL);
		syscall(SYS_exit, 4);
	}
	/* Linux took the leader's status once and takes the last one's now. */
	RECORD("status", conf_wait(pid));
}

static void *kill_all(void *data)
{
	raise(SIGTERM);
	return NULL;
}

CASE(deadly_signal_of_one_thread_ends_all)
{
	pthread_t thread;
	pid_t pid = conf_fork();

	if (pid == 0) {
		pthread_create(&thread, NULL, kill_all, NULL);
		for (;;)
			pause();
	}
	EXPECT_EQ(conf_wait(pid), KILLED(SIGTERM));
}

static void *name_myself(void *data)
{
	char name[16] = "";

	prctl(PR_SET_NAME, "worker-with-a-long-name");
	prctl(PR_GET_NAME, name);
	EXPECT_STR(name, "worker-with-a-l");
	return NULL;
}

CASE(names_belong_to_threads)
{
	char name[16] = "";
	pthread_t thread;

	MUST(prctl(PR_SET_NAME, "main"));
	REQUIRE(pthread_create(&thread, NULL, name_myself, NULL) == 0);
	pthread_join(thread, NULL);
	EXPECT_OK(prctl(PR_GET_NAME, name));
	EXPECT_STR(name, "main");
	EXPECT_ERRNO(prctl(PR_SET_NAME, conf_unmapped()), EFAULT);
}

CASE(set_tid_address_gives_the_tid)
{
	int word;
	pid_t pid = conf_fork();

	if (pid == 0)
		_exit(syscall(SYS_set_tid_address, &word) != gettid());
	EXPECT_EQ(conf_wait(pid), EXITED(0));
}

static void *exec_true(void *data)
{
	execl("/bin/sh", "sh", "-c", "exit 23", NULL);
	return NULL;
}

CASE(exec_by_another_thread_keeps_the_pid)
{
	pthread_t thread;
	pid_t pid = conf_fork();

	if (pid == 0) {
		pthread_create(&thread, NULL, exec_true, NULL);
		for (;;)
			pause();
	}
	EXPECT_EQ(conf_wait(pid), EXITED(23));
}

static void *tell_many(void *data)
{
	for (int i = 0; i < 200; i++)
		MUST(getppid());
	return NULL;
}

CASE(threads_call_at_the_same_time)
{
	pthread_t thread[8];

	for (int i = 0; i < 8; i++)
		REQUIRE(pthread_create(&thread[i], NULL, tell_many, NULL) == 0);
	for (int i = 0; i < 8; i++)
		pthread_join(thread[i], NULL);
}

static void *robust_owner(void *data)
{
	pthread_mutex_lock(data);
	return NULL;
}

CASE(robust_mutex_tells_that_its_owner_died)
{
	pthread_mutexattr_t attr;
	pthread_mutex_t mutex;
	pthread_t thread;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&mutex, &attr);
	REQUIRE(pthread_create(&thread, NULL, robust_owner, &mutex) == 0);
	pthread_join(thread, NULL);
	EXPECT_EQ(pthread_mutex_lock(&mutex), EOWNERDEAD);
	EXPECT_EQ(pthread_mutex_consistent(&mutex), 0);
	EXPECT_EQ(pthread_mutex_unlock(&mutex), 0);
}

CASE(robust_shared_mutex_survives_a_kill)
{
	pthread_mutex_t *mutex = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_mutexattr_t attr;
	int p[2];
	char c;
	pid_t pid;

	MUST(pipe(p));
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(mutex, &attr);
	pid = conf_fork();
	if (pid == 0) {
		pthread_mutex_lock(mutex);
		write(p[1], "x", 1);
		pause();
	}
	MUST(read(p[0], &c, 1));
	EXPECT_EQ(pthread_mutex_trylock(mutex), EBUSY);
	kill(pid, SIGKILL);
	conf_wait(pid);
	EXPECT_EQ(pthread_mutex_lock(mutex), EOWNERDEAD);
}
