/*
 * The random differ: does a long sequence of calls end the same everywhere?
 *
 * usage: differ --run SEED --steps N [--only LIST] [--tasks 1] --dir D
 *        differ [--seeds A-B] [--steps N] [--tasks 1] --against 'CMD'
 *
 * The first form makes N calls in the folder D and prints each with its
 * result. Step i of a seed is always the same call, whatever was left out
 * before it: calls name slots (of descriptors and of mappings), and a slot may
 * hold nothing. No call waits, none depends on time or on numbers that the
 * kernel chooses freely.
 *
 * With --tasks the calls are those of processes: see differ_tasks.c.
 *
 * The second form runs itself natively and under CMD for each seed, compares,
 * and shrinks the first difference: it leaves out steps as long as the two
 * still differ, and prints what remains. Exit status 1 then, 0 without any.
 */
#include "tests/conformance/differ.h"

#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define SLOTS      8
#define MAPS       3
#define MAP_SIZE   ((size_t)3 * 4096)
#define STEPS_MAX  2000
#define TRANSCRIPT (1 << 20)

/* ---- chance ----------------------------------------------------------- */

static uint64_t state;

uint32_t differ_chance(uint32_t below)
{
	/* splitmix64: each step starts its own sequence. */
	uint64_t z = state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return (uint32_t)((z ^ z >> 31) >> 32) % below;
}

static const char *name(void)
{
	static const char *const names[] = {"a", "b", "c", "d", "d/a", "d/b",
		"d/e", "d/e/a", "l", "l/a", "d/../b", "./a", "c/", "none/x"};

	return names[differ_chance(sizeof(names) / sizeof(names[0]))];
}

static int slot(void)
{
	return (int)differ_chance(SLOTS);
}

static off_t offset(void)
{
	static const off_t some[] = {
		0, 0, 1, 7, 100, 4095, 4096, 5000, 12288, -1, 70000};

	return some[differ_chance(sizeof(some) / sizeof(some[0]))];
}

static size_t length(void)
{
	static const size_t some[] = {0, 1, 2, 10, 100, 4096, 5000, 9000};

	return some[differ_chance(sizeof(some) / sizeof(some[0]))];
}

void differ_seed(uint64_t seed, int step)
{
	state = seed * 1000003u + (uint64_t)step * 7919u;
	differ_chance(2);
}

/* ---- what the calls act on -------------------------------------------- */

static int fds[SLOTS];
static char *maps[MAPS];
static ino_t map_of[MAPS];
static char buffer[16384];
static char told[400];  /* what the step is, for the transcript */
static char extra[200]; /* what it gave besides a result */
static volatile sig_atomic_t caught[2];

static uint32_t hash(const void *data, size_t size)
{
	const unsigned char *p = data;
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < size; i++)
		h = (h ^ p[i]) * 16777619u;
	return h;
}

static void fill(size_t size)
{
	char c = (char)('a' + differ_chance(26));

	for (size_t i = 0; i < size; i++)
		buffer[i] = (char)(c + i % 3);
}

#define TELL(...) snprintf(told, sizeof(told), __VA_ARGS__)

static long keep(int fd)
{
	int s = slot();

	if (fd < 0)
		return fd;
	if (fds[s] >= 0)
		close(fds[s]);
	fds[s] = fd;
	return fd;
}

/* ---- the calls -------------------------------------------------------- */

static long do_open(void)
{
	static const int modes[] = {O_RDONLY, O_WRONLY, O_RDWR, O_RDWR};
	static const int more[] = {O_CREAT, O_CREAT, O_EXCL | O_CREAT, O_TRUNC,
		O_APPEND, O_DIRECTORY, O_NOFOLLOW, O_CLOEXEC, O_PATH, 0};
	const char *path = name();
	int flags = modes[differ_chance(4)] | more[differ_chance(10)] |
		    more[differ_chance(10)] | O_NONBLOCK;
	mode_t mode = differ_chance(2) ? 0644 : 0600;

	TELL("open(\"%s\", %#o, %#o)", path, flags, mode);
	return keep(open(path, flags, mode));
}

static long do_close(void)
{
	int s = slot();
	int fd = fds[s];

	TELL("close([%d])", s);
	fds[s] = -1;
	return close(fd);
}

static long do_read(void)
{
	int s = slot();
	size_t size = length();
	off_t at = offset();
	bool positioned = differ_chance(2);
	long n;

	if (positioned)
		TELL("pread([%d], %zu, %ld)", s, size, (long)at);
	else
		TELL("read([%d], %zu)", s, size);
	n = positioned ? pread(fds[s], buffer, size, at)
		       : read(fds[s], buffer, size);
	if (n > 0)
		snprintf(extra, sizeof(extra), "%08x", hash(buffer, n));
	return n;
}

static long do_write(void)
{
	int s = slot();
	size_t size = length();
	off_t at = offset();
	bool positioned = differ_chance(2);

	fill(size);
	if (positioned)
		TELL("pwrite([%d], %zu, %ld)", s, size, (long)at);
	else
		TELL("write([%d], %zu)", s, size);
	return positioned ? pwrite(fds[s], buffer, size, at)
			  : write(fds[s], buffer, size);
}

static long do_vector(void)
{
	int s = slot();
	size_t a = length();
	size_t b = length();
	bool out = differ_chance(2);
	struct iovec v[2];
	long n;

	fill(16384);
	v[0] = (struct iovec){buffer, a};
	v[1] = (struct iovec){buffer + 9000 - b % 2000, b % 2000};
	TELL("%s([%d], %zu + %zu)", out ? "writev" : "readv", s, v[0].iov_len,
		v[1].iov_len);
	n = out ? writev(fds[s], v, 2) : readv(fds[s], v, 2);
	if (n > 0 && !out)
		snprintf(extra, sizeof(extra), "%08x", hash(buffer, 16384));
	return n;
}

static long do_seek(void)
{
	static const int whence[] = {SEEK_SET, SEEK_CUR, SEEK_END, SEEK_SET, 9};
	int s = slot();
	off_t at = offset();
	int from = whence[differ_chance(5)];
	struct stat st;

	TELL("lseek([%d], %ld, %d)", s, (long)at, from);
	/* The end of a folder is where its filesystem likes. */
	if (fstat(fds[s], &st) == 0 && S_ISDIR(st.st_mode))
		return -2;
	return lseek(fds[s], at, from);
}

static long do_truncate(void)
{
	int s = slot();
	off_t at = offset();

	if (differ_chance(2)) {
		const char *path = name();

		TELL("truncate(\"%s\", %ld)", path, (long)at);
		return truncate(path, at);
	}
	TELL("ftruncate([%d], %ld)", s, (long)at);
	return ftruncate(fds[s], at);
}

static long do_dup(void)
{
	int a = slot();
	int b = slot();

	switch (differ_chance(3)) {
	case 0:
		TELL("dup([%d])", a);
		return keep(dup(fds[a]));
	case 1:
		TELL("dup2([%d], [%d])", a, b);
		return fds[b] < 0 ? -2 : dup2(fds[a], fds[b]);
	default:
		TELL("fcntl([%d], F_DUPFD, 20)", a);
		return keep(fcntl(fds[a], F_DUPFD, 20));
	}
}

static long do_flags(void)
{
	int s = slot();

	switch (differ_chance(4)) {
	case 0:
		TELL("fcntl([%d], F_GETFL)", s);
		return fcntl(fds[s], F_GETFL);
	case 1:
		TELL("fcntl([%d], F_SETFL, O_NONBLOCK|O_APPEND)", s);
		return fcntl(fds[s], F_SETFL, O_NONBLOCK | O_APPEND);
	case 2:
		TELL("fcntl([%d], F_SETFD, 1)", s);
		return fcntl(fds[s], F_SETFD, 1);
	default:
		TELL("fcntl([%d], F_GETFD)", s);
		return fcntl(fds[s], F_GETFD);
	}
}

static long do_names(void)
{
	const char *a = name();
	const char *b = name();

	switch (differ_chance(7)) {
	case 0:
		TELL("mkdir(\"%s\")", a);
		return mkdir(a, 0755);
	case 1:
		TELL("rmdir(\"%s\")", a);
		return rmdir(a);
	case 2:
		TELL("unlink(\"%s\")", a);
		return unlink(a);
	case 3:
		TELL("link(\"%s\", \"%s\")", a, b);
		return link(a, b);
	case 4:
		TELL("symlink(\"%s\", \"%s\")", a, b);
		return symlink(a, b);
	case 5:
		TELL("renameat2(\"%s\", \"%s\", NOREPLACE)", a, b);
		return renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_NOREPLACE);
	default:
		TELL("rename(\"%s\", \"%s\")", a, b);
		return rename(a, b);
	}
}

static void tell_stat(const struct stat *st)
{
	snprintf(extra, sizeof(extra), "mode %o links %lu size %ld",
		st->st_mode, (unsigned long)st->st_nlink,
		S_ISDIR(st->st_mode) ? -1l : (long)st->st_size);
}

static long do_stat(void)
{
	struct stat st;
	const char *path = name();
	int s = slot();
	long ret;

	switch (differ_chance(3)) {
	case 0:
		TELL("stat(\"%s\")", path);
		ret = stat(path, &st);
		break;
	case 1:
		TELL("lstat(\"%s\")", path);
		ret = lstat(path, &st);
		break;
	default:
		TELL("fstat([%d])", s);
		ret = fstat(fds[s], &st);
	}
	if (ret == 0)
		tell_stat(&st);
	return ret;
}

static long do_mode(void)
{
	const char *path = name();
	mode_t mode = differ_chance(3) ? 0600 | differ_chance(0100) : 0755;
	int s = slot();
	long n;

	switch (differ_chance(4)) {
	case 0:
		TELL("chmod(\"%s\", %o)", path, mode);
		return chmod(path, mode);
	case 1:
		TELL("fchmod([%d], %o)", s, mode);
		return fchmod(fds[s], mode);
	case 2:
		TELL("access(\"%s\", F_OK)", path);
		return access(path, F_OK);
	default:
		TELL("readlink(\"%s\")", path);
		n = readlink(path, buffer, 100);
		if (n > 0)
			snprintf(extra, sizeof(extra), "%.*s", (int)n, buffer);
		return n;
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static long do_list(void)
{
	const char *path = differ_chance(2) ? "." : "d";
	struct dirent *e;
	char *names[100];
	int count = 0;
	DIR *dir;

	TELL("readdir(\"%s\")", path);
	dir = opendir(path);
	if (!dir)
		return -1;
	while ((e = readdir(dir)) != NULL && count < 100)
		names[count++] = strdup(e->d_name);
	closedir(dir);
	qsort(names, count, sizeof(names[0]), by_name);
	for (int i = 0; i < count; i++) {
		size_t used = strlen(extra);

		snprintf(extra + used, sizeof(extra) - used, "%s ", names[i]);
		free(names[i]);
	}
	return count;
}

static long do_pipe(void)
{
	int ends[2];

	if (differ_chance(2)) {
		TELL("eventfd(3)");
		return keep(eventfd(3, EFD_NONBLOCK));
	}
	TELL("pipe2(O_NONBLOCK)");
	if (pipe2(ends, O_NONBLOCK) < 0)
		return -1;
	keep(ends[0]);
	keep(ends[1]);
	return ends[0] * 100 + ends[1];
}

static long do_poll(void)
{
	struct pollfd p[3];
	int s[3];
	long n;

	for (int i = 0; i < 3; i++) {
		s[i] = slot();
		p[i] = (struct pollfd){fds[s[i]], POLLIN | POLLOUT, 0};
	}
	TELL("poll([%d], [%d], [%d])", s[0], s[1], s[2]);
	n = poll(p, 3, 0);
	snprintf(extra, sizeof(extra), "%x %x %x", p[0].revents, p[1].revents,
		p[2].revents);
	return n;
}

static long do_epoll(void)
{
	static const int ops[] = {
		EPOLL_CTL_ADD, EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL};
	struct epoll_event e[8] = {{.events = EPOLLIN | EPOLLOUT}};
	int a = slot();
	int b = slot();
	uint32_t all = 0;
	long n;

	switch (differ_chance(4)) {
	case 0:
		TELL("epoll_create1(0)");
		return keep(epoll_create1(0));
	case 1:
		TELL("epoll_wait([%d])", a);
		n = epoll_wait(fds[a], e, 8, 0);
		for (long i = 0; i < n; i++)
			all += e[i].events * 31 + e[i].data.u32;
		if (n > 0)
			snprintf(extra, sizeof(extra), "%x", all);
		return n;
	default:
		n = ops[differ_chance(4)];
		if (differ_chance(3) == 0)
			e[0].events |= EPOLLET;
		e[0].data.u32 = b;
		TELL("epoll_ctl([%d], %ld, [%d], %#x)", a, n, b, e[0].events);
		return epoll_ctl(fds[a], (int)n, fds[b], e);
	}
}

static long do_lock(void)
{
	static const int ops[] = {LOCK_SH, LOCK_EX, LOCK_UN};
	int s = slot();
	int op = ops[differ_chance(3)];

	struct stat st;

	TELL("flock([%d], %d)", s, op);
	/* On Linux all eventfds and epolls are one inode, thus one lock. */
	if (fstat(fds[s], &st) == 0 && !(st.st_mode & S_IFMT))
		return -2;
	/* A map keeps its file open, and with it the lock: not inside. */
	for (int m = 0; m < MAPS; m++)
		if (maps[m])
			return -2;
	return flock(fds[s], op | LOCK_NB);
}

static ino_t inode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? 0 : st.st_ino;
}

static long do_map(void)
{
	int s = slot();
	int m = (int)differ_chance(MAPS);
	int flags = differ_chance(3) ? MAP_SHARED : MAP_PRIVATE;
	int prot = differ_chance(3) ? PROT_READ | PROT_WRITE : PROT_READ;
	void *p;

	switch (differ_chance(3)) {
	case 0:
		TELL("munmap({%d})", m);
		if (!maps[m])
			return -2;
		p = maps[m];
		maps[m] = NULL;
		return munmap(p, MAP_SIZE);
	case 1:
		/* More rights than the file's mode gives: a known difference.
		 */
		TELL("mprotect({%d}, PROT_READ)", m);
		return maps[m] ? mprotect(maps[m], 4096, PROT_READ) : -2;
	default:
		TELL("{%d} = mmap(%d, %d, [%d])", m, prot, flags, s);
		p = mmap(NULL, MAP_SIZE, prot, flags, fds[s], 0);
		if (p == MAP_FAILED)
			return -1;
		if (maps[m])
			munmap(maps[m], MAP_SIZE);
		maps[m] = p;
		map_of[m] = inode_of(fds[s]);
		return 0;
	}
}

/* Memory is touched by calls only: what is not there is EFAULT, not a signal.
 */
static long do_map_io(void)
{
	int s = slot();
	int m = (int)differ_chance(MAPS);
	size_t at = differ_chance(3) * 4096 + differ_chance(2) * 4000;
	size_t size = 1 + differ_chance(200);
	bool out = differ_chance(2);

	TELL("%s([%d], {%d} + %zu, %zu)", out ? "write" : "read", s, m, at,
		size);
	/* A file copied onto itself beyond its end: Linux is of two minds. */
	if (!maps[m] || map_of[m] == inode_of(fds[s]))
		return -2;
	return out ? write(fds[s], maps[m] + at, size)
		   : read(fds[s], maps[m] + at, size);
}

static long do_signal(void)
{
	static const int signals[] = {SIGUSR1, SIGUSR2};
	int signo = signals[differ_chance(2)];
	sigset_t set;
	long ret;

	sigemptyset(&set);
	sigaddset(&set, signo);
	switch (differ_chance(4)) {
	case 0:
		TELL("sigprocmask(BLOCK, %d)", signo);
		ret = sigprocmask(SIG_BLOCK, &set, NULL);
		break;
	case 1:
		TELL("sigprocmask(UNBLOCK, %d)", signo);
		ret = sigprocmask(SIG_UNBLOCK, &set, NULL);
		break;
	case 2:
		TELL("sigpending()");
		ret = sigpending(&set);
		ret = ret * 4 + sigismember(&set, SIGUSR1) +
		      2 * sigismember(&set, SIGUSR2);
		break;
	default:
		TELL("kill(self, %d)", signo);
		ret = kill(getpid(), signo);
	}
	snprintf(extra, sizeof(extra), "caught %d %d", caught[0], caught[1]);
	return ret;
}

static long do_fork(void)
{
	int s = slot();
	int status = 0;
	pid_t pid;

	TELL("fork() and write([%d], 10) there", s);
	pid = fork();
	if (pid == 0)
		_exit(write(fds[s], "from child", 10) < 0 ? errno : 0);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return status;
}

static long (*const calls[])(void) = {do_open, do_open, do_open, do_close,
	do_read, do_read, do_write, do_write, do_vector, do_seek, do_truncate,
	do_dup, do_flags, do_names, do_names, do_names, do_stat, do_stat,
	do_mode, do_list, do_pipe, do_poll, do_epoll, do_epoll, do_lock, do_map,
	do_map, do_map_io, do_map_io, do_signal, do_signal, do_fork};

static void on_signal(int signo)
{
	caught[signo == SIGUSR2]++;
}

static void one_step(uint64_t seed, int step)
{
	long result;
	int err;

	differ_seed(seed, step);
	extra[0] = '\0';
	errno = 0;
	result = calls[differ_chance(sizeof(calls) / sizeof(calls[0]))]();
	err = errno;
	printf("%4d %s = %ld%s%s%s%s\n", step, told, result,
		result == -1 ? " " : "",
		result == -1 ? strerrorname_np(err) : "", extra[0] ? ", " : "",
		extra);
	fflush(stdout);
}

static int run_tasks(uint64_t seed, int steps, const char *only)
{
	int status;
	pid_t pid;

	/* Process 1 would be another thing to kill(2). */
	pid = fork();
	if (pid != 0)
		return pid < 0 || waitpid(pid, &status, 0) < 0 || status;
	close_range(3, ~0u, 0);
	tasks_start();
	for (int i = 0; i < steps; i++) {
		if (only && only[i] != '1')
			continue;
		differ_seed(seed, i);
		tasks_step(i);
		fflush(stdout);
	}
	tasks_finish();
	exit(0);
}

/* only: a string of steps '1' and omissions '0', or NULL for all. */
static int run_steps(
	uint64_t seed, int steps, const char *only, const char *dir)
{
	if (mkdir(dir, 0755) < 0 || chdir(dir) < 0) {
		perror(dir);
		return 3;
	}
	umask(022);
	/* Shells leave some open. */
	close_range(3, ~0u, 0);
	signal(SIGUSR1, on_signal);
	signal(SIGUSR2, on_signal);
	signal(SIGPIPE, SIG_IGN);
	memset(fds, -1, sizeof(fds));
	/* Something to start from. */
	fds[0] = open("a", O_RDWR | O_CREAT, 0644);
	fds[1] = open("b", O_RDWR | O_CREAT | O_NONBLOCK, 0644);
	if (fds[0] < 0 || fds[1] < 0 || mkdir("d", 0755) < 0 ||
		pipe2(fds + 2, O_NONBLOCK) < 0 ||
		write(fds[0], "0123456789", 10) != 10)
		puts("the first files cannot be made");
	for (int i = 0; i < steps; i++)
		if (!only || only[i] == '1')
			one_step(seed, i);
	return 0;
}

/* ---- comparing -------------------------------------------------------- */

struct job {
	const char *self;
	const char *against; /* shell words, or NULL for native */
	const char *base;    /* a folder of ours */
	uint64_t seed;
	int steps;
	bool tasks;
	char only[STEPS_MAX + 1];
};

/* Runs the job; the transcript is the caller's to free. */
static char *transcript(const struct job *job, const char *prefix)
{
	static int runs;
	char *text = calloc(1, TRANSCRIPT);
	char *command;
	size_t used = 0;
	FILE *out;

	if (!text ||
		asprintf(&command,
			"exec timeout 20 %s '%s' --run %llu --steps %d "
			"--tasks %d --only %s --dir '%s/%d' 2>&1 </dev/null",
			prefix ? prefix : "", job->self,
			(unsigned long long)job->seed, job->steps, job->tasks,
			job->only, job->base, runs++) < 0)
		abort();
	out = popen(command, "r");
	if (!out)
		abort();
	used = fread(text, 1, TRANSCRIPT - 100, out);
	snprintf(text + used, 100, "exit status %#x\n", pclose(out));
	free(command);
	return text;
}

static bool differs(const struct job *job)
{
	char *a = transcript(job, NULL);
	char *b = transcript(job, job->against);
	bool different = strcmp(a, b) != 0;

	free(a);
	free(b);
	return different;
}

/* Leaves out runs of steps, ever shorter, while a difference remains. */
static void shrink(struct job *job)
{
	char saved[STEPS_MAX + 1];

	for (int size = job->steps / 2; size > 0; size /= 2) {
		for (int at = 0; at < job->steps; at += size) {
			int end = at + size < job->steps ? at + size
							 : job->steps;

			memcpy(saved, job->only, sizeof(saved));
			memset(job->only + at, '0', end - at);
			if (strcmp(saved, job->only) == 0)
				continue;
			if (!differs(job))
				memcpy(job->only, saved, sizeof(saved));
		}
	}
}

static void show(const struct job *job)
{
	char *a = transcript(job, NULL);
	char *b = transcript(job, job->against);
	char *p = a;
	char *q = b;

	printf("seed %llu\n", (unsigned long long)job->seed);
	while (*p || *q) {
		size_t m = strcspn(p, "\n");
		size_t n = strcspn(q, "\n");

		if (m == n && strncmp(p, q, m) == 0)
			printf("         %.*s\n", (int)m, p);
		else
			printf("native   %.*s\nsandbox  %.*s\n", (int)m, p,
				(int)n, q);
		p += m + (p[m] == '\n');
		q += n + (q[n] == '\n');
	}
	free(a);
	free(b);
}

static int compare(struct job *job, uint64_t first, uint64_t last)
{
	static char base[] = "/tmp/differ.XXXXXX";
	char *clean;
	int status = 0;

	job->base = mkdtemp(base);
	if (!job->base) {
		perror(base);
		return 3;
	}
	for (job->seed = first; job->seed <= last && !status; job->seed++) {
		memset(job->only, '1', job->steps);
		job->only[job->steps] = '\0';
		if (!differs(job))
			continue;
		shrink(job);
		show(job);
		status = 1;
	}
	if (asprintf(&clean, "chmod -R u+rwx '%s' 2>/dev/null; rm -rf '%s'",
		    base, base) < 0)
		abort();
	status |= system(clean) != 0;
	free(clean);
	return status;
}

int main(int argc, char **argv)
{
	struct job job = {.steps = 200};
	const char *dir = NULL;
	const char *only = NULL;
	char self[4096];
	unsigned long long first = 1;
	unsigned long long last = 20;
	bool run = false;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	for (int i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--run")) {
			run = true;
			job.seed = strtoull(argv[i + 1], NULL, 10);
		} else if (!strcmp(argv[i], "--seeds")) {
			if (sscanf(argv[i + 1], "%llu-%llu", &first, &last) < 2)
				last = first;
		} else if (!strcmp(argv[i], "--steps")) {
			job.steps = atoi(argv[i + 1]);
		} else if (!strcmp(argv[i], "--tasks")) {
			job.tasks = atoi(argv[i + 1]);
		} else if (!strcmp(argv[i], "--only")) {
			only = argv[i + 1];
		} else if (!strcmp(argv[i], "--dir")) {
			dir = argv[i + 1];
		} else if (!strcmp(argv[i], "--against")) {
			job.against = argv[i + 1];
		}
	}
	if (job.steps < 1 || job.steps > STEPS_MAX ||
		(only && strlen(only) != (size_t)job.steps) ||
		(run ? !dir : !job.against) || (!run && n < 0)) {
		fputs("usage: differ [--seeds A-B] [--steps N] --against "
		      "'CMD'\n"
		      "       differ --run SEED --steps N [--only LIST] --dir "
		      "D\n",
			stderr);
		return 2;
	}
	if (run && job.tasks)
		return run_tasks(job.seed, job.steps, only);
	if (run)
		return run_steps(job.seed, job.steps, only, dir);
	self[n] = '\0';
	job.self = self;
	return compare(&job, first, last);
}
