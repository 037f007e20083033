/*
 * Threads: made and joined, and taking turns by futex.
 */
#include "tests/bench/bench.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

enum turn { OURS, THEIRS, OVER };

static atomic_uint turn;
static pthread_t partner;

static void *nothing(void *unused)
{
	return unused;
}

static void thread_repeat(long count)
{
	pthread_t thread;

	while (count-- > 0) {
		errno = pthread_create(&thread, NULL, nothing, NULL);
		need(errno == 0, "pthread_create");
		pthread_join(thread, NULL);
	}
}

static void hand_over(unsigned int to)
{
	atomic_store(&turn, to);
	syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

/* Sleeps while it is `other`'s turn; whose it is then. */
static unsigned int await_turn(unsigned int other)
{
	while (atomic_load(&turn) == other)
		syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, other, NULL, NULL,
			0);
	return atomic_load(&turn);
}

static void *answer_turns(void *unused)
{
	while (await_turn(OURS) == THEIRS)
		hand_over(OURS);
	return unused;
}

static void futex_prepare(void)
{
	atomic_store(&turn, OURS);
	errno = pthread_create(&partner, NULL, answer_turns, NULL);
	need(errno == 0, "pthread_create");
}

static void futex_finish(void)
{
	hand_over(OVER);
	pthread_join(partner, NULL);
}

static void futex_repeat(long count)
{
	while (count-- > 0) {
		hand_over(THEIRS);
		await_turn(THEIRS);
	}
}

const struct question thread_questions[] = {
	{.name = "thread", .repeat = thread_repeat},
	{.name = "futex",
		.prepare = futex_prepare,
		.repeat = futex_repeat,
		.finish = futex_finish},
	{.name = NULL},
};
