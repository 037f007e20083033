/*
 * Small questions, asked from inside.
 *
 *   bench ask MS NAME...     median, least and 99th percentile, nanoseconds
 *   bench command N CMD...   the same for a whole command, run N times
 *   bench busy N MS          calls of N processes together, per second
 *   bench pause              sits still until it is killed
 *   bench list               the names
 *
 * Every answer is a line "NAME median least p99". The clock is read by the
 * vDSO, so that asking the time is no system call anywhere.
 */
#include "tests/bench/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

#define BATCH_NS   UINT64_C(4000000)
#define SAMPLE_MAX 4096
#define BUSY_MAX   256

static const struct question *const tables[] = {
	call_questions,
	memory_questions,
	process_questions,
	thread_questions,
};

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

void need(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void answer(const char *name, double *samples, size_t count)
{
	qsort(samples, count, sizeof(*samples), compare);
	printf("%s %.1f %.1f %.1f\n", name, samples[count / 2], samples[0],
		samples[(count * 99) / 100]);
	fflush(stdout);
}

/* A count that fills a batch, found by doubling. */
static long find_count(const struct question *q)
{
	uint64_t start, spent;
	long count = 1;

	for (;;) {
		start = now_ns();
		q->repeat(count);
		spent = now_ns() - start;
		if (spent >= BATCH_NS / 2 || count >= 1 << 24)
			return count;
		count *= 2;
	}
}

static void ask(const struct question *q, uint64_t budget_ns)
{
	static double samples[SAMPLE_MAX];
	uint64_t end = now_ns() + budget_ns, start;
	size_t used = 0;
	long count;

	if (q->prepare != NULL)
		q->prepare();
	count = find_count(q);
	do {
		start = now_ns();
		q->repeat(count);
		samples[used++] = (double)(now_ns() - start) / (double)count;
	} while (used < SAMPLE_MAX && now_ns() < end);
	if (q->finish != NULL)
		q->finish();
	answer(q->name, samples, used);
}

static const struct question *find_question(const char *name)
{
	const struct question *q;
	size_t i;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (q = tables[i]; q->name != NULL; q++) {
			if (strcmp(q->name, name) == 0)
				return q;
		}
	}
	fprintf(stderr, "bench: no question %s\n", name);
	exit(2);
}

static void list_questions(void)
{
	const struct question *q;
	size_t i;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (q = tables[i]; q->name != NULL; q++)
			puts(q->name);
	}
}

void run_command(char *const argv[])
{
	int status;
	pid_t pid;

	errno = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
	need(errno == 0, argv[0]);
	need(waitpid(pid, &status, 0) == pid, "waitpid");
	if (status != 0) {
		fprintf(stderr, "bench: %s: status 0x%x\n", argv[0], status);
		exit(1);
	}
}

/* The command writes to /dev/null; the answer still goes to our output. */
static void ask_command(size_t count, char *const argv[])
{
	static double samples[SAMPLE_MAX];
	int out = dup(1), null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	uint64_t start;
	size_t i;

	need(out >= 0 && null >= 0, "/dev/null");
	need(fcntl(out, F_SETFD, FD_CLOEXEC) == 0, "fcntl");
	need(dup2(null, 1) == 1, "dup2");
	for (i = 0; i < count && i < SAMPLE_MAX; i++) {
		start = now_ns();
		run_command(argv);
		samples[i] = (double)(now_ns() - start);
	}
	need(dup2(out, 1) == 1, "dup2");
	answer("command", samples, i);
}

/* Call after call until the time is up; how many. */
static uint64_t call_until(uint64_t end)
{
	uint64_t calls = 0;
	int i;

	while (now_ns() < end) {
		for (i = 0; i < 64; i++)
			getppid();
		calls += 64;
	}
	return calls;
}

static void busy(size_t count, uint64_t budget_ns)
{
	uint64_t *calls, total = 0, end;
	size_t i;

	need(count >= 1 && count <= BUSY_MAX, "busy: wrong number");
	calls = mmap(NULL, BUSY_MAX * sizeof(*calls), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	need(calls != MAP_FAILED, "mmap");
	end = now_ns() + budget_ns;
	for (i = 0; i < count; i++) {
		pid_t pid = fork();

		need(pid >= 0, "fork");
		if (pid == 0) {
			calls[i] = call_until(end);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	for (i = 0; i < count; i++)
		total += calls[i];
	printf("busy %.1f 0 0\n", (double)total * 1e9 / (double)budget_ns);
}

static int usage(void)
{
	fputs("usage: bench ask MS NAME... | command N CMD... | busy N MS |"
	      " pause | list\n",
		stderr);
	return 2;
}

int main(int argc, char **argv)
{
	int i;

	if (argc == 2 && strcmp(argv[1], "list") == 0) {
		list_questions();
	} else if (argc == 2 && strcmp(argv[1], "pause") == 0) {
		pause();
	} else if (argc >= 4 && strcmp(argv[1], "ask") == 0) {
		for (i = 3; i < argc; i++)
			ask(find_question(argv[i]),
				strtoul(argv[2], NULL, 10) * 1000000);
	} else if (argc >= 4 && strcmp(argv[1], "command") == 0) {
		ask_command(strtoul(argv[2], NULL, 10), argv + 3);
	} else if (argc == 4 && strcmp(argv[1], "busy") == 0) {
		busy(strtoul(argv[2], NULL, 10),
			strtoul(argv[3], NULL, 10) * 1000000);
	} else {
		return usage();
	}
	return 0;
}
