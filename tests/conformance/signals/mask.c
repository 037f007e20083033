/* Masks, pending signals, queues and waiting for signals. */
#include "tests/conformance/harness.h"

#include <setjmp.h>

static int order[16];
static volatile sig_atomic_t count;

static void note(int signo)
{
	if (count < 16)
		order[count++] = signo;
}

static void block(int signo)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signo);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL));
}

static void unblock_all(void)
{
	sigset_t set;

	sigemptyset(&set);
	MUST(sigprocmask(SIG_SETMASK, &set, NULL));
}

CASE(block_unblock_and_set)
{
	sigset_t set;
	sigset_t old;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	EXPECT_OK(sigprocmask(SIG_BLOCK, &set, &old));
	EXPECT_EQ(sigismember(&old, SIGUSR1), 0);
	sigaddset(&set, SIGUSR2);
	EXPECT_OK(sigprocmask(SIG_SETMASK, &set, &old));
	EXPECT_EQ(sigismember(&old, SIGUSR1), 1);
	sigdelset(&set, SIGUSR2);
	EXPECT_OK(sigprocmask(SIG_UNBLOCK, &set, NULL));
	EXPECT_OK(sigprocmask(SIG_BLOCK, NULL, &old));
	EXPECT_EQ(sigismember(&old, SIGUSR1), 0);
	EXPECT_EQ(sigismember(&old, SIGUSR2), 1);
}

CASE(kill_and_stop_are_never_blocked)
{
	sigset_t set;

	sigfillset(&set);
	EXPECT_OK(sigprocmask(SIG_SETMASK, &set, NULL));
	EXPECT_OK(sigprocmask(SIG_BLOCK, NULL, &set));
	EXPECT_EQ(sigismember(&set, SIGKILL), 0);
	EXPECT_EQ(sigismember(&set, SIGSTOP), 0);
	EXPECT_EQ(sigismember(&set, SIGTERM), 1);
}

CASE(errors)
{
	unsigned long set = 0;

	EXPECT_ERRNO(syscall(SYS_rt_sigprocmask, 9, &set, NULL, 8), EINVAL);
	EXPECT_ERRNO(syscall(SYS_rt_sigprocmask, 0, &set, NULL, 4), EINVAL);
	EXPECT_ERRNO(syscall(SYS_rt_sigprocmask, 0, conf_unmapped(), NULL, 8),
		EFAULT);
	EXPECT_ERRNO(syscall(SYS_rt_sigprocmask, 0, NULL, conf_unmapped(), 8),
		EFAULT);
	EXPECT_OK(syscall(SYS_rt_sigprocmask, 99, NULL, &set, 8));
	EXPECT_ERRNO(syscall(SYS_rt_sigpending, &set, 9), EINVAL);
}

CASE(blocked_signals_wait_and_standard_ones_merge)
{
	sigset_t set;

	signal(SIGUSR1, note);
	block(SIGUSR1);
	raise(SIGUSR1);
	raise(SIGUSR1);
	kill(getpid(), SIGUSR1);
	EXPECT_EQ(count, 0);
	MUST(sigpending(&set));
	EXPECT_EQ(sigismember(&set, SIGUSR1), 1);
	unblock_all();
	/* Once from the thread's queue and once from the process's. */
	EXPECT_EQ(count, 2);
}

CASE(real_time_signals_queue_in_order)
{
	union sigval v = {0};

	signal(SIGRTMIN, note);
	signal(SIGRTMIN + 1, note);
	block(SIGRTMIN);
	block(SIGRTMIN + 1);
	sigqueue(getpid(), SIGRTMIN + 1, v);
	for (int i = 0; i < 3; i++)
		sigqueue(getpid(), SIGRTMIN, v);
	unblock_all();
	EXPECT_EQ(count, 4);
}

CASE(real_time_values_come_in_order_lowest_signal_first)
{
	siginfo_t info;
	sigset_t set;
	union sigval v;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 2);
	sigaddset(&set, SIGRTMIN + 3);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL));
	for (int i = 0; i < 3; i++) {
		v.sival_int = i;
		MUST(sigqueue(getpid(), SIGRTMIN + 3, v));
		v.sival_int = i + 10;
		MUST(sigqueue(getpid(), SIGRTMIN + 2, v));
	}
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(sigwaitinfo(&set, &info), SIGRTMIN + 2);
		EXPECT_EQ(info.si_value.sival_int, 10 + i);
	}
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(sigwaitinfo(&set, &info), SIGRTMIN + 3);
		EXPECT_EQ(info.si_value.sival_int, i);
	}
}

CASE(faults_and_low_numbers_are_delivered_first)
{
	signal(SIGUSR2, note);
	signal(SIGHUP, note);
	block(SIGUSR2);
	block(SIGHUP);
	raise(SIGUSR2);
	raise(SIGHUP);
	unblock_all();
	REQUIRE(count == 2);
	/* The last frame built runs first. */
	EXPECT_EQ(order[0], SIGUSR2);
	EXPECT_EQ(order[1], SIGHUP);
}

CASE(sigqueue_limit_is_eagain)
{
	struct rlimit limit = {3, 3};
	union sigval v = {0};
	int queued = 0;

	block(SIGRTMIN);
	MUST(setrlimit(RLIMIT_SIGPENDING, &limit));
	while (queued < 10 && sigqueue(getpid(), SIGRTMIN, v) == 0)
		queued++;
	EXPECT(queued <= 3);
	EXPECT_ERRNO(sigqueue(getpid(), SIGRTMIN, v), EAGAIN);
	EXPECT_OK(kill(getpid(), SIGRTMIN));
}

CASE(sigtimedwait_times_out_or_takes)
{
	struct timespec t = {0, 20000000};
	struct timespec now = {0, 0};
	struct timespec bad = {0, -1};
	long long start = conf_now_ms();
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL));
	EXPECT_ERRNO(sigtimedwait(&set, &info, &t), EAGAIN);
	EXPECT_RANGE(conf_now_ms() - start, 19, 2000);
	EXPECT_ERRNO(sigtimedwait(&set, &info, &now), EAGAIN);
	EXPECT_ERRNO(sigtimedwait(&set, &info, &bad), EINVAL);
	raise(SIGUSR1);
	EXPECT_EQ(sigtimedwait(&set, &info, &now), SIGUSR1);
	EXPECT_EQ(info.si_signo, SIGUSR1);
	EXPECT_ERRNO(sigtimedwait(&set, &info, &now), EAGAIN);
}

CASE(sigwait_of_another_signal_is_broken_by_a_handler)
{
	siginfo_t info;
	sigset_t set;
	pid_t poker;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL));
	conf_catch(SIGUSR1, SA_RESTART);
	poker = conf_poke_start(SIGUSR1);
	EXPECT_ERRNO(sigwaitinfo(&set, &info), EINTR);
	conf_poke_stop(poker);
}

CASE(sigsuspend_swaps_the_mask)
{
	sigset_t none;
	sigset_t set;

	signal(SIGUSR1, note);
	sigemptyset(&none);
	block(SIGUSR1);
	raise(SIGUSR1);
	EXPECT_EQ(count, 0);
	EXPECT_ERRNO(sigsuspend(&none), EINTR);
	EXPECT_EQ(count, 1);
	MUST(sigprocmask(SIG_BLOCK, NULL, &set));
	EXPECT_EQ(sigismember(&set, SIGUSR1), 1);
	EXPECT_ERRNO(syscall(SYS_rt_sigsuspend, &none, 9), EINVAL);
	EXPECT_ERRNO(syscall(SYS_rt_sigsuspend, conf_unmapped(), 8), EFAULT);
}

CASE(pause_returns_only_by_a_handler)
{
	pid_t poker;

	conf_catch(SIGUSR1, SA_RESTART);
	poker = conf_poke_start(SIGUSR1);
	EXPECT_ERRNO(pause(), EINTR);
	conf_poke_stop(poker);
}

CASE(mask_survives_fork_and_pending_does_not)
{
	pid_t pid;

	block(SIGUSR1);
	raise(SIGUSR1);
	pid = conf_fork();
	if (pid == 0) {
		sigset_t set;

		MUST(sigpending(&set));
		EXPECT_EQ(sigismember(&set, SIGUSR1), 0);
		MUST(sigprocmask(SIG_BLOCK, NULL, &set));
		EXPECT_EQ(sigismember(&set, SIGUSR1), 1);
		_exit(0);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
}

static sigjmp_buf back;

static void jump(int signo)
{
	siglongjmp(back, 1);
}

CASE(siglongjmp_restores_the_mask)
{
	sigset_t set;

	for (volatile int i = 0; i < 3; i++) {
		signal(SIGUSR1, jump);
		if (sigsetjmp(back, 1) == 0) {
			raise(SIGUSR1);
			EXPECT(!"the handler returned");
		}
		MUST(sigprocmask(SIG_BLOCK, NULL, &set));
		EXPECT_EQ(sigismember(&set, SIGUSR1), 0);
	}
}

static pthread_t main_thread;
static volatile sig_atomic_t in_main;

static void where(int signo)
{
	in_main = pthread_equal(pthread_self(), main_thread);
	count++;
}

static void *idle(void *data)
{
	sigset_t set;

	sigfillset(&set);
	pthread_sigmask(SIG_SETMASK, &set, NULL);
	WAIT_UNTIL(count > 0);
	return NULL;
}

CASE(process_signal_goes_to_a_thread_that_takes_it)
{
	pthread_t thread;

	main_thread = pthread_self();
	signal(SIGUSR1, where);
	REQUIRE(pthread_create(&thread, NULL, idle, NULL) == 0);
	conf_sleep_ms(5);
	MUST(kill(getpid(), SIGUSR1));
	pthread_join(thread, NULL);
	EXPECT_EQ(count, 1);
	EXPECT_EQ(in_main, 1);
}

static void *wait_for_kill(void *data)
{
	sigset_t set;
	int signo = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigwait(&set, &signo);
	return (void *)(intptr_t)signo;
}

CASE(thread_signal_goes_to_that_thread)
{
	pthread_t thread;
	sigset_t set;
	void *got;

	block(SIGUSR1);
	REQUIRE(pthread_create(&thread, NULL, wait_for_kill, NULL) == 0);
	EXPECT_EQ(pthread_kill(thread, SIGUSR1), 0);
	pthread_join(thread, &got);
	EXPECT_EQ(got, SIGUSR1);
	MUST(sigpending(&set));
	EXPECT_EQ(sigismember(&set, SIGUSR1), 0);
}
