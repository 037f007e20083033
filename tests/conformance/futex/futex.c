/* futex: waiting, waking, requeueing, priority inheritance, lists. */
#include "tests/conformance/harness.h"

#include <linux/futex.h>

static long futex(uint32_t *word, int op, uint32_t value,
	const struct timespec *timeout, uint32_t *word2, uint32_t value3)
{
	return syscall(SYS_futex, word, op, value, timeout, word2, value3);
}

static uint32_t *shared_words(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

CASE(wait_with_another_value_is_eagain)
{
	uint32_t word = 1;

	EXPECT_ERRNO(futex(&word, FUTEX_WAIT, 2, NULL, NULL, 0), EAGAIN);
	EXPECT_ERRNO(
		futex(&word, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0), EAGAIN);
}

CASE(wait_times_out)
{
	struct timespec t = {0, 30000000};
	long long start = conf_now_ms();
	uint32_t word = 0;

	EXPECT_ERRNO(futex(&word, FUTEX_WAIT, 0, &t, NULL, 0), ETIMEDOUT);
	EXPECT_RANGE(conf_now_ms() - start, 29, 2000);
}

CASE(bitset_wait_takes_an_absolute_time)
{
	struct timespec t;
	uint32_t word = 0;

	clock_gettime(CLOCK_MONOTONIC, &t);
	EXPECT_ERRNO(
		futex(&word, FUTEX_WAIT_BITSET, 0, &t, NULL, ~0u), ETIMEDOUT);
	clock_gettime(CLOCK_REALTIME, &t);
	EXPECT_ERRNO(futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0,
			     &t, NULL, ~0u),
		ETIMEDOUT);
	EXPECT_ERRNO(futex(&word, FUTEX_WAIT_BITSET, 0, &t, NULL, 0), EINVAL);
}

CASE(errors)
{
	struct timespec bad = {0, 1000000000};
	uint32_t word[2] = {0};

	EXPECT_ERRNO(futex(word, 99, 0, NULL, NULL, 0), ENOSYS);
	EXPECT_ERRNO(
		futex((void *)((char *)word + 1), FUTEX_WAIT, 0, NULL, NULL, 0),
		EINVAL);
	EXPECT_ERRNO(
		futex(conf_unmapped(), FUTEX_WAIT, 0, NULL, NULL, 0), EFAULT);
	EXPECT_ERRNO(futex(word, FUTEX_WAIT, 0, &bad, NULL, 0), EINVAL);
	EXPECT_ERRNO(
		futex(word, FUTEX_WAIT, 0, conf_unmapped(), NULL, 0), EFAULT);
	EXPECT_EQ(futex(word, FUTEX_WAKE, 1, NULL, NULL, 0), 0);
	EXPECT_ERRNO(
		futex(word, FUTEX_CMP_REQUEUE, 0, NULL, word + 1, 5), EAGAIN);
}

/* A child that waits on the word and exits with how that ended. */
static pid_t waiter(uint32_t *word, uint32_t *ready)
{
	struct timespec t = {3, 0};
	pid_t pid = conf_fork();

	if (pid == 0) {
		__atomic_fetch_add(ready, 1, __ATOMIC_SEQ_CST);
		if (futex(word, FUTEX_WAIT, *word, &t, NULL, 0) == 0)
			_exit(0);
		_exit(errno);
	}
	return pid;
}

CASE(wake_counts_across_processes)
{
	uint32_t *word = shared_words();
	pid_t pid[3];
	long woken = 0;

	for (int i = 0; i < 3; i++)
		pid[i] = waiter(word, word + 1);
	WAIT_UNTIL(word[1] == 3);
	conf_sleep_ms(30);
	woken = futex(word, FUTEX_WAKE, 1, NULL, NULL, 0);
	EXPECT_EQ(woken, 1);
	EXPECT_EQ(futex(word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0), 2);
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(conf_wait(pid[i]), EXITED(0));
}

CASE(requeue_moves_waiters)
{
	uint32_t *word = shared_words();
	pid_t pid[3];

	for (int i = 0; i < 3; i++)
		pid[i] = waiter(word, word + 1);
	WAIT_UNTIL(word[1] == 3);
	conf_sleep_ms(30);
	EXPECT_EQ(futex(word, FUTEX_CMP_REQUEUE, 1, (void *)(long)10, word + 2,
			  0),
		3);
	EXPECT_EQ(futex(word, FUTEX_WAKE, 10, NULL, NULL, 0), 0);
	EXPECT_EQ(futex(word + 2, FUTEX_WAKE, 10, NULL, NULL, 0), 2);
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(conf_wait(pid[i]), EXITED(0));
}

CASE(file_mappings_are_one_futex)
{
	int fd = conf_file("f", "\1\1\1\1\1\1\1\1");
	uint32_t *a = mmap(
		NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	uint32_t *b = mmap(
		NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	uint32_t *ready = shared_words();
	pid_t pid = waiter(a, ready);

	WAIT_UNTIL(*ready == 1);
	conf_sleep_ms(30);
	EXPECT_EQ(futex(b, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
	EXPECT_EQ(conf_wait(pid), EXITED(0));
}

CASE(signal_breaks_the_wait)
{
	uint32_t word = 0;
	pid_t poker;

	conf_catch(SIGUSR1, 0);
	poker = conf_poke_start(SIGUSR1);
	EXPECT_ERRNO(futex(&word, FUTEX_WAIT, 0, NULL, NULL, 0), EINTR);
	conf_poke_stop(poker);
}

CASE(bitsets_choose_the_waiter)
{
	uint32_t *word = shared_words();
	struct timespec t;
	pid_t pid[2];

	for (int i = 0; i < 2; i++) {
		pid[i] = conf_fork();
		if (pid[i] == 0) {
			clock_gettime(CLOCK_MONOTONIC, &t);
			t.tv_sec += 3;
			__atomic_fetch_add(word + 1, 1, __ATOMIC_SEQ_CST);
			_exit(futex(word, FUTEX_WAIT_BITSET, 0, &t, NULL,
				      1u << i) != 0);
		}
	}
	WAIT_UNTIL(word[1] == 2);
	conf_sleep_ms(30);
	EXPECT_EQ(futex(word, FUTEX_WAKE_BITSET, 10, NULL, NULL, 2), 1);
	EXPECT_EQ(conf_wait(pid[1]), EXITED(0));
	EXPECT_EQ(futex(word, FUTEX_WAKE_BITSET, 10, NULL, NULL, 1), 1);
	EXPECT_EQ(conf_wait(pid[0]), EXITED(0));
}

CASE(wake_op_changes_the_second_word)
{
	uint32_t word[2] = {0, 5};

	EXPECT_EQ(futex(word, FUTEX_WAKE_OP, 1, (void *)(long)1, word + 1,
			  FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_EQ, 5)),
		0);
	EXPECT_EQ(word[1], 8);
}

CASE(priority_inheritance_lock_holds_the_tid)
{
	uint32_t word = 0;

	EXPECT_OK(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
	EXPECT_EQ(word, gettid());
	EXPECT_ERRNO(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0), EDEADLK);
	EXPECT_OK(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
	EXPECT_EQ(word, 0);
	EXPECT_ERRNO(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), EPERM);
}

static pthread_mutex_t pi_mutex;

static void *lock_pi(void *data)
{
	pthread_mutex_lock(&pi_mutex);
	++*(int *)data;
	pthread_mutex_unlock(&pi_mutex);
	return NULL;
}

CASE(priority_inheritance_mutex_hands_over)
{
	pthread_mutexattr_t attr;
	pthread_t thread[4];
	int value = 0;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	REQUIRE(pthread_mutex_init(&pi_mutex, &attr) == 0);
	REQUIRE(pthread_mutex_lock(&pi_mutex) == 0);
	for (int i = 0; i < 4; i++)
		REQUIRE(pthread_create(&thread[i], NULL, lock_pi, &value) == 0);
	conf_sleep_ms(20);
	EXPECT_EQ(value, 0);
	REQUIRE(pthread_mutex_unlock(&pi_mutex) == 0);
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	EXPECT_EQ(value, 4);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int turn;

static void *take_turns(void *data)
{
	int me = *(int *)data;

	for (int i = 0; i < 200; i++) {
		pthread_mutex_lock(&mutex);
		while (turn != me)
			pthread_cond_wait(&cond, &mutex);
		turn = !turn;
		pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

CASE(condition_variables_take_turns)
{
	int id[2] = {0, 1};
	pthread_t thread[2];

	for (int i = 0; i < 2; i++)
		REQUIRE(pthread_create(&thread[i], NULL, take_turns, &id[i]) ==
			0);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	EXPECT_EQ(turn, 0);
}

CASE(robust_list_is_set_and_told)
{
	struct robust_list_head head = {{&head.list}, 0, NULL};
	struct robust_list_head *got = NULL;
	size_t size = 0;
	pid_t pid = conf_fork();

	if (pid == 0) {
		EXPECT_OK(syscall(SYS_set_robust_list, &head, sizeof(head)));
		EXPECT_OK(syscall(SYS_get_robust_list, 0, &got, &size));
		EXPECT_EQ(got, &head);
		EXPECT_EQ(size, sizeof(head));
		EXPECT_ERRNO(syscall(SYS_set_robust_list, &head, 5), EINVAL);
		EXPECT_ERRNO(
			syscall(SYS_get_robust_list, 0x7ffffff0, &got, &size),
			ESRCH);
		_exit(0);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
}

struct waitv {
	uint64_t value, address;
	uint32_t flags, reserved;
};

CASE(waitv_checks_every_word)
{
	struct timespec t;
	uint32_t word[2] = {1, 2};
	struct waitv w[2] = {
		{1, (uintptr_t)word, 2, 0}, {3, (uintptr_t)(word + 1), 2, 0}};

	clock_gettime(CLOCK_MONOTONIC, &t);
	EXPECT_ERRNO(syscall(449, w, 2, 0, &t, CLOCK_MONOTONIC), EAGAIN);
	w[1].value = 2;
	EXPECT_ERRNO(syscall(449, w, 2, 0, &t, CLOCK_MONOTONIC), ETIMEDOUT);
	EXPECT_ERRNO(syscall(449, w, 0, 0, &t, CLOCK_MONOTONIC), EINVAL);
	EXPECT_ERRNO(syscall(449, w, 129, 0, &t, CLOCK_MONOTONIC), EINVAL);
	EXPECT_ERRNO(syscall(449, w, 2, 1, &t, CLOCK_MONOTONIC), EINVAL);
}
