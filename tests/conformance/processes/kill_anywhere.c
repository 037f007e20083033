/* SIGKILL reaches a process in every place where it waits. */
#include "tests/conformance/harness.h"

#include <linux/futex.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/timerfd.h>

static int pipe_ends[2];
static int file;

static void in_read(void)
{
	char c;

	read(pipe_ends[0], &c, 1);
}

static void in_write(void)
{
	char text[65536] = "";

	for (;;)
		write(pipe_ends[1], text, sizeof(text));
}

static void in_poll(void)
{
	struct pollfd p = {pipe_ends[0], POLLIN, 0};

	poll(&p, 1, -1);
}

static void in_epoll(void)
{
	struct epoll_event e;

	epoll_wait(epoll_create1(0), &e, 1, -1);
}

static void in_select(void)
{
	select(0, NULL, NULL, NULL, NULL);
}

static void in_sleep(void)
{
	sleep(100);
}

static void in_pause(void)
{
	pause();
}

static void in_wait(void)
{
	if (fork() == 0) {
		sleep(1);
		_exit(0);
	}
	wait(NULL);
}

static void in_futex(void)
{
	uint32_t word = 0;

	syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);
}

static void in_sigwait(void)
{
	sigset_t set;
	int signo;

	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigwait(&set, &signo);
}

static void in_eventfd(void)
{
	uint64_t value;

	read(eventfd(0, 0), &value, 8);
}

static void in_timerfd(void)
{
	uint64_t value;

	read(timerfd_create(CLOCK_MONOTONIC, 0), &value, 8);
}

static void in_fifo(void)
{
	mkfifo("fifo", 0600);
	open("fifo", O_RDONLY);
}

static void in_flock(void)
{
	flock(open("f", O_RDWR), LOCK_EX);
}

static void in_lock(void)
{
	struct flock l = {.l_type = F_WRLCK};

	fcntl(file, F_SETLKW, &l);
}

static void in_vfork(void)
{
	if (vfork() == 0) {
		sleep(1);
		_exit(0);
	}
}

static void in_loop(void)
{
	for (;;)
		getppid();
}

static void in_stop(void)
{
	raise(SIGSTOP);
}

static void killed_in(void (*place)(void), const char *name)
{
	int status;
	pid_t pid = conf_fork();

	if (pid == 0) {
		place();
		_exit(1);
	}
	conf_sleep_ms(15);
	MUST(kill(pid, SIGKILL));
	status = conf_wait(pid);
	if (status != KILLED(SIGKILL))
		conf_fail(__FILE__, __LINE__, "killed in %s: status %#x", name,
			status);
}

#define KILLED_IN(place) killed_in(place, #place)

CASE(in_files_and_pipes)
{
	MUST(pipe(pipe_ends));
	file = conf_file("f", "");
	MUST(flock(file, LOCK_EX));
	KILLED_IN(in_read);
	KILLED_IN(in_write);
	KILLED_IN(in_fifo);
	KILLED_IN(in_flock);
	KILLED_IN(in_eventfd);
	KILLED_IN(in_timerfd);
}

CASE(in_a_record_lock)
{
	struct flock l = {.l_type = F_WRLCK};

	file = conf_file("f", "");
	MUST(fcntl(file, F_SETLK, &l));
	KILLED_IN(in_lock);
}

CASE(in_multiplexing)
{
	MUST(pipe(pipe_ends));
	KILLED_IN(in_poll);
	KILLED_IN(in_epoll);
	KILLED_IN(in_select);
}

CASE(in_sleep_and_signals)
{
	KILLED_IN(in_sleep);
	KILLED_IN(in_pause);
	KILLED_IN(in_sigwait);
	KILLED_IN(in_stop);
	KILLED_IN(in_futex);
}

CASE(in_processes)
{
	KILLED_IN(in_wait);
	KILLED_IN(in_vfork);
	KILLED_IN(in_loop);
}

static void *wait_in_a_thread(void *data)
{
	((void (*)(void))data)();
	return NULL;
}

CASE(whole_group_with_waiting_threads)
{
	pid_t pid;

	MUST(pipe(pipe_ends));
	pid = conf_fork();
	if (pid == 0) {
		pthread_t thread;

		pthread_create(
			&thread, NULL, wait_in_a_thread, (void *)in_read);
		pthread_create(
			&thread, NULL, wait_in_a_thread, (void *)in_futex);
		pthread_create(
			&thread, NULL, wait_in_a_thread, (void *)in_loop);
		in_pause();
	}
	conf_sleep_ms(20);
	MUST(kill(pid, SIGKILL));
	EXPECT_EQ(conf_wait(pid), KILLED(SIGKILL));
}
