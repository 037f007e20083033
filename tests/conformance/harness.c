/*
 * The harness of the conformance programs: expectations, helpers, and main.
 *
 * usage: PROGRAM [--report] [--list] [--no-fork] [--dir D] [CASE...]
 *        PROGRAM --prepare --dir D CASE...	makes what CASE_GIVEN needs
 *
 * Without --report nothing is printed for cases that hold; the exit status is
 * 1 if one did not. With --report each case prints lines that the runner reads:
 *
 *	run NAME
 *	val KEY TEXT			RECORD()
 *	bad FILE:LINE TEXT|GOT|WANT	an expectation that did not hold
 *	end NAME RESULT MS [TEXT]	RESULT: pass fail skip crash timeout
 *
 * NAME is FAMILY/SUITE.CASE. In texts, bytes that are not printable, '|' and
 * '\' are written \xNN.
 */
#include "tests/conformance/harness.h"

#include <ftw.h>
#include <grp.h>
#include <stdarg.h>

#define REPORT_SIZE (64 * 1024)
#define TEXT_SIZE   1024

/* Lives in shared memory: written by every process of a case. */
struct report {
	uint32_t used;
	uint32_t failed;
	uint32_t skipped;
	char text[REPORT_SIZE];
};

extern const struct conf_case *__start_conf_cases[];
extern const struct conf_case *__stop_conf_cases[];

volatile sig_atomic_t conf_caught;

static struct report *report;
static bool no_fork;
static bool for_runner;
static pid_t first_process;

static void print(const char *text, size_t size);

/* ---- reporting -------------------------------------------------------- */

static void append(const char *text, size_t size)
{
	uint32_t at;

	if (!report)
		return;
	at = __atomic_fetch_add(&report->used, size, __ATOMIC_RELAXED);
	if (at + size <= sizeof(report->text))
		memcpy(report->text + at, text, size);
}

/* Adds text with everything escaped that the reader could stumble over. */
static size_t escape(char *out, size_t room, const char *text, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < size && used + 5 < room; i++) {
		unsigned char c = text[i];

		if (c < ' ' || c > '~' || c == '|' || c == '\\')
			used += snprintf(out + used, 5, "\\x%02x", c);
		else
			out[used++] = c;
	}
	out[used] = '\0';
	return used;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool bad(const char *file, int line, const char *what, const char *got,
	const char *want)
{
	char text[3 * TEXT_SIZE + 80];
	size_t used;
	int saved = errno;

	__atomic_store_n(&report->failed, 1, __ATOMIC_RELAXED);
	used = snprintf(
		text, sizeof(text), "bad %s:%d ", base_name(file), line);
	used += escape(text + used, TEXT_SIZE, what, strlen(what));
	text[used++] = '|';
	used += escape(text + used, TEXT_SIZE, got, strlen(got));
	text[used++] = '|';
	used += escape(text + used, TEXT_SIZE, want, strlen(want));
	text[used++] = '\n';
	append(text, used);
	errno = saved;
	return false;
}

static const char *show(char *text, size_t size, long long value, int err)
{
	const char *name = value == -1 && err ? strerrorname_np(err) : NULL;

	if (value > 0xffffffll || value < -0xffffffll)
		snprintf(text, size, "%lld (%#llx)", value, value);
	else
		snprintf(text, size, "%lld%s%s", value, name ? " " : "",
			name ? name : "");
	return text;
}

static const char *errno_name(int err)
{
	const char *name = strerrorname_np(err);

	return name ? name : "an unknown errno";
}

bool conf_eq(const char *file, int line, const char *what, long long got,
	long long want)
{
	char a[80];
	char b[80];
	int err = errno;

	if (got == want)
		return true;
	return bad(file, line, what, show(a, sizeof(a), got, err),
		show(b, sizeof(b), want, 0));
}

bool conf_errno(
	const char *file, int line, const char *what, long long got, int want)
{
	char a[80];
	char b[80];
	int err = errno;

	if (got == -1 && err == want)
		return true;
	snprintf(b, sizeof(b), "-1 %s", errno_name(want));
	return bad(file, line, what, show(a, sizeof(a), got, err), b);
}

bool conf_ok(const char *file, int line, const char *what, long long got)
{
	char a[80];

	if (got != -1)
		return true;
	return bad(file, line, what, show(a, sizeof(a), got, errno), "success");
}

bool conf_true(const char *file, int line, const char *what, bool held)
{
	return held || bad(file, line, what, "false", "true");
}

bool conf_str(const char *file, int line, const char *what, const char *got,
	const char *want)
{
	if (got && strcmp(got, want) == 0)
		return true;
	return bad(file, line, what, got ? got : "NULL", want);
}

bool conf_mem(const char *file, int line, const char *what, const void *got,
	const void *want, size_t size)
{
	const unsigned char *g = got;
	const unsigned char *w = want;
	char a[80];
	char b[80];

	for (size_t i = 0; i < size; i++) {
		if (g[i] == w[i])
			continue;
		snprintf(a, sizeof(a), "byte %zu is 0x%02x", i, g[i]);
		snprintf(b, sizeof(b), "byte %zu is 0x%02x", i, w[i]);
		return bad(file, line, what, a, b);
	}
	return true;
}

bool conf_range(const char *file, int line, const char *what, long long got,
	long long low, long long high)
{
	char a[80];
	char b[80];

	if (got >= low && got <= high)
		return true;
	snprintf(b, sizeof(b), "%lld to %lld", low, high);
	return bad(file, line, what, show(a, sizeof(a), got, errno), b);
}

long long conf_must(const char *file, int line, const char *what, long long got)
{
	if (!conf_ok(file, line, what, got))
		conf_stop();
	return got;
}

void conf_fail(const char *file, int line, const char *format, ...)
{
	char text[TEXT_SIZE];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	bad(file, line, text, "seen", "not seen");
}

void conf_stop(void)
{
	if (!no_fork)
		_exit(0);
	if (getpid() == first_process)
		print(report->text, report->used);
	_exit(report->failed ? 1 : 0);
}

void conf_skip(const char *reason)
{
	char text[TEXT_SIZE];
	size_t used = snprintf(text, sizeof(text), "skip ");

	used += escape(text + used, TEXT_SIZE - 10, reason, strlen(reason));
	text[used++] = '\n';
	__atomic_store_n(&report->skipped, 1, __ATOMIC_RELAXED);
	append(text, used);
	conf_stop();
}

void conf_record_text(const char *key, const char *value)
{
	char text[TEXT_SIZE + 100];
	size_t used = snprintf(text, sizeof(text), "val %.60s ", key);

	used += escape(text + used, TEXT_SIZE, value, strlen(value));
	text[used++] = '\n';
	append(text, used);
}

void conf_record(const char *key, long long value)
{
	char text[40];

	snprintf(text, sizeof(text), "%lld", value);
	conf_record_text(key, text);
}

/* ---- helpers ---------------------------------------------------------- */

static char *map(size_t size, int prot)
{
	void *p = mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return MUST(p);
}

void *conf_guarded(size_t size)
{
	size_t page = 4096;
	size_t room = (size + page - 1) & ~(page - 1);
	char *p = map(room + page, PROT_READ | PROT_WRITE);

	MUST(mprotect(p + room, page, PROT_NONE));
	return p + room - size;
}

void *conf_read_only(void)
{
	return map(4096, PROT_READ);
}

void *conf_no_access(void)
{
	return map(4096, PROT_NONE);
}

void *conf_unmapped(void)
{
	char *p = map(3 * 4096, PROT_NONE);

	MUST(munmap(p, (size_t)3 * 4096));
	return p + 4096;
}

int conf_file(const char *path, const char *text)
{
	int fd = MUST(open(path, O_RDWR | O_CREAT | O_TRUNC, 0644));
	size_t size = strlen(text);

	REQUIRE(size == 0 || write(fd, text, size) == (ssize_t)size);
	MUST(lseek(fd, 0, SEEK_SET));
	return fd;
}

ssize_t conf_slurp(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t n = 0;

	text[0] = '\0';
	if (fd < 0)
		return -1;
	while (used < size - 1) {
		n = read(fd, text + used, size - 1 - used);
		if (n <= 0)
			break;
		used += n;
	}
	text[used] = '\0';
	close(fd);
	return n < 0 ? -1 : (ssize_t)used;
}

pid_t conf_fork(void)
{
	return MUST(fork());
}

int conf_wait(pid_t pid)
{
	int status = -1;
	pid_t got;

	do
		got = waitpid(pid, &status, 0);
	while (got < 0 && errno == EINTR);
	MUST(got);
	return status;
}

int conf_in_child(void (*function)(void *), void *data)
{
	pid_t pid = conf_fork();

	if (pid == 0) {
		function(data);
		_exit(0);
	}
	return conf_wait(pid);
}

pid_t conf_poke_start(int signo)
{
	pid_t target = getpid();
	pid_t poker = conf_fork();

	if (poker)
		return poker;
	for (;;) {
		conf_sleep_ms(20);
		if (getppid() != target || kill(target, signo) < 0)
			_exit(0);
	}
}

void conf_poke_stop(pid_t poker)
{
	kill(poker, SIGKILL);
	conf_wait(poker);
}

static void count(int signo)
{
	conf_caught++;
}

void conf_catch(int signo, int flags)
{
	struct sigaction action = {.sa_handler = count, .sa_flags = flags};

	MUST(sigaction(signo, &action, NULL));
}

long long conf_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

void conf_sleep_ms(int ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000l};

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

/* ---- running cases ---------------------------------------------------- */

static pid_t running; /* the case's process and process group */
static volatile sig_atomic_t timed_out;

static void on_alarm(int signo)
{
	timed_out = 1;
	if (running > 0 && kill(-running, SIGKILL) < 0)
		kill(running, SIGKILL);
}

/* FAMILY/SUITE.CASE, from ".../tests/conformance/FAMILY/SUITE.c". */
static void case_name(const struct conf_case *c, char *name, size_t size)
{
	const char *suite = c->file + strlen(c->file);
	int slashes = 0;
	size_t length;

	while (suite > c->file) {
		if (suite[-1] == '/' && ++slashes == 2)
			break;
		suite--;
	}
	length = strlen(suite);
	if (length > 2 && strcmp(suite + length - 2, ".c") == 0)
		length -= 2;
	snprintf(name, size, "%.*s.%s", (int)length, suite, c->name);
}

static void drop_to_user(void)
{
	if (geteuid() != 0)
		return;
	MUST(setgroups(0, NULL));
	MUST(setresgid(CONF_UID, CONF_UID, CONF_UID));
	MUST(setresuid(CONF_UID, CONF_UID, CONF_UID));
}

static void given_file(const char *path, const char *text, mode_t mode)
{
	close(conf_file(path, text));
	MUST(chmod(path, mode));
}

static void given_big(void)
{
	static char text[100000];
	int fd = conf_file("given/big", "");

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i % 251);
	REQUIRE(write(fd, text, sizeof(text)) == sizeof(text));
	close(fd);
}

/* See CASE_GIVEN; in the current folder. */
static void make_given(void)
{
	struct timespec old[2] = {{1000000000, 1}, {1000000000, 2}};

	umask(022);
	MUST(mkdir("given", 0755));
	given_file("given/file", "content\n", 0640);
	given_file("given/exec", "#!/bin/sh\nexit 7\n", 0755);
	given_file("given/empty", "", 0644);
	given_file("given/hard1", "hard\n", 0644);
	MUST(link("given/hard1", "given/hard2"));
	MUST(symlink("file", "given/link"));
	MUST(symlink("nowhere", "given/dangling"));
	MUST(mkfifo("given/pipe", 0644));
	MUST(mkdir("given/dir", 0755));
	given_file("given/dir/a", "a\n", 0644);
	given_file("given/dir/b", "b\n", 0644);
	MUST(mkdir("given/dir/sub", 0755));
	MUST(mkdir("given/dir/void", 0755));
	given_file("given/dir/sub/deep", "deep\n", 0644);
	given_big();
	MUST(utimensat(AT_FDCWD, "given/file", old, 0));
}

static int prepare(const struct conf_case *c, const char *folder)
{
	int here;

	if (!(c->flags & CONF_GIVEN))
		return 0;
	here = open(".", O_RDONLY | O_DIRECTORY);
	if (here < 0 || mkdir(folder, 0755) < 0 || chdir(folder) < 0) {
		perror(folder);
		return -1;
	}
	make_given();
	return fchdir(here) < 0 || close(here) < 0 ? -1 : 0;
}

/* The child's side: an empty folder, a clean signal state, and the case. */
static void run_here(const struct conf_case *c, const char *folder)
{
	if (mkdir(folder, 0755) < 0 && errno != EEXIST)
		MUST(mkdir(folder, 0755));
	if ((c->flags & CONF_USER) && geteuid() == 0)
		MUST(chown(folder, CONF_UID, CONF_UID));
	MUST(chdir(folder));
	if ((c->flags & CONF_GIVEN) && access("given", F_OK) < 0)
		make_given();
	umask(022);
	if ((c->flags & CONF_ROOT) && geteuid() != 0)
		SKIP("needs root");
	if (c->flags & CONF_USER)
		drop_to_user();
	c->run();
}

static int remove_entry(
	const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	if (remove(path) < 0 && type == FTW_DNR && chmod(path, 0700) == 0)
		remove(path);
	return 0;
}

/* Which result, and the text that explains it. */
static const char *judge(int status, char *text, size_t size)
{
	text[0] = '\0';
	if (timed_out)
		return "timeout";
	if (WIFSIGNALED(status)) {
		snprintf(text, size, "killed by SIG%s",
			sigabbrev_np(WTERMSIG(status)));
		return "crash";
	}
	if (report->failed)
		return "fail";
	if (status != 0) {
		snprintf(text, size, "wait status %#x", status);
		return "crash";
	}
	return report->skipped ? "skip" : "pass";
}

/* Ends what the case left running and takes its zombies away. */
static void sweep(pid_t pid)
{
	kill(-pid, SIGKILL);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static int run_forked(const struct conf_case *c, const char *folder)
{
	int status = -1;

	timed_out = 0;
	running = fork();
	if (running < 0)
		return -1;
	if (running == 0) {
		signal(SIGALRM, SIG_DFL);
		setpgid(0, 0);
		run_here(c, folder);
		_exit(0);
	}
	setpgid(running, running);
	alarm(c->limit);
	while (waitpid(running, &status, 0) < 0 && errno == EINTR)
		;
	alarm(0);
	sweep(running);
	running = 0;
	return status;
}

static void print(const char *text, size_t size)
{
	while (size > 0) {
		ssize_t n = write(1, text, size);

		if (n <= 0)
			_exit(3);
		text += n;
		size -= n;
	}
}

/* Prints what was reported; true if the case did not fail. */
static bool tell(const char *name, int status, long long ms)
{
	char why[TEXT_SIZE];
	char line[2 * TEXT_SIZE];
	const char *result = judge(status, why, sizeof(why));
	size_t used = report->used;
	bool good = !strcmp(result, "pass") || !strcmp(result, "skip");

	if (used > sizeof(report->text))
		used = sizeof(report->text);
	if (for_runner || !good)
		print(report->text, used);
	if (for_runner)
		snprintf(line, sizeof(line), "end %s %s %lld%s%s\n", name,
			result, ms, why[0] ? " " : "", why);
	else
		snprintf(line, sizeof(line), "%s %s %s\n", result, name, why);
	if (for_runner || !good)
		print(line, strlen(line));
	return good;
}

static bool run_case(
	const struct conf_case *c, const char *name, const char *folder)
{
	long long start = conf_now_ms();
	char line[TEXT_SIZE];
	int status;

	report->used = report->failed = report->skipped = 0;
	if (for_runner) {
		snprintf(line, sizeof(line), "run %s\n", name);
		print(line, strlen(line));
	}
	status = run_forked(c, folder);
	return tell(name, status, conf_now_ms() - start);
}

static bool wanted(const char *name, char **names)
{
	if (!names[0])
		return true;
	for (; names[0]; names++)
		if (strcmp(name, names[0]) == 0)
			return true;
	return false;
}

static int by_place(const void *a, const void *b)
{
	const struct conf_case *x = *(const struct conf_case *const *)a;
	const struct conf_case *y = *(const struct conf_case *const *)b;
	int order = strcmp(x->file, y->file);

	return order ? order : x->line - y->line;
}

static void list_cases(void)
{
	const struct conf_case **c;
	char name[TEXT_SIZE];

	for (c = __start_conf_cases; c < __stop_conf_cases; c++) {
		case_name(*c, name, sizeof(name));
		printf("%s %d%s%s%s\n", name, (*c)->limit,
			(*c)->flags & CONF_ROOT ? " root" : "",
			(*c)->flags & CONF_USER ? " user" : "",
			(*c)->flags & CONF_GIVEN ? " given" : "");
	}
	fflush(stdout);
}

/* Whoever started us may have ignored or blocked signals. */
static void reset_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGALRM, on_alarm);
}

struct options {
	bool list;
	bool keep; /* the folders stay */
	bool prepare;
	const char *folder;
	char **names;
};

static void read_options(int argc, char **argv, struct options *o)
{
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--report"))
			for_runner = true;
		else if (!strcmp(argv[i], "--list"))
			o->list = true;
		else if (!strcmp(argv[i], "--no-fork"))
			no_fork = true;
		else if (!strcmp(argv[i], "--prepare"))
			o->prepare = true;
		else if (!strcmp(argv[i], "--keep"))
			o->keep = true;
		else if (!strcmp(argv[i], "--dir") && i + 1 < argc)
			o->folder = argv[++i];
		else
			break;
	}
	if (i < argc && argv[i][0] == '-') {
		fprintf(stderr,
			"usage: %s [--report] [--list] [--no-fork] [--keep]"
			" [--dir D] [CASE...]\n",
			argv[0]);
		exit(2);
	}
	o->names = argv + i;
}

int main(int argc, char **argv)
{
	struct options o = {.folder = NULL};
	const struct conf_case **c;
	char base[512];
	char folder[600];
	char name[TEXT_SIZE];
	bool good = true;

	read_options(argc, argv, &o);
	/* Compilers put them in any order. */
	qsort(__start_conf_cases, __stop_conf_cases - __start_conf_cases,
		sizeof(__start_conf_cases[0]), by_place);
	if (o.list) {
		list_cases();
		return 0;
	}
	snprintf(base, sizeof(base), "/tmp/conformance.%d", (int)getpid());
	if (o.folder)
		snprintf(base, sizeof(base), "%s", o.folder);
	mkdir(base, 0755);
	report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (report == MAP_FAILED) {
		perror("no shared memory for the report");
		return 3;
	}
	first_process = getpid();
	reset_signals();
	for (c = __start_conf_cases; c < __stop_conf_cases; c++) {
		case_name(*c, name, sizeof(name));
		if (!wanted(name, o.names))
			continue;
		snprintf(folder, sizeof(folder), "%s/%d", base,
			(int)(c - __start_conf_cases));
		if (o.prepare) {
			good &= prepare(*c, folder) == 0;
			continue;
		}
		if (no_fork) {
			run_here(*c, folder);
			print(report->text, report->used);
			return report->failed;
		}
		good &= run_case(*c, name, folder);
		if (!o.keep)
			nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	}
	if (!o.keep && !o.folder)
		rmdir(base);
	return !good;
}
