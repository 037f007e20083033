/*
 * sandbox conformance: does a place run programs as Linux does?
 *
 * The suite is a folder of programs, one for each family of system calls (see
 * tests/conformance/harness.h). Each case runs natively first, which is the
 * oracle, then on each target: this sandbox, or any command that takes a
 * program and its arguments at its end (--prefix, --compare). A case that does
 * not pass natively is set aside; of the others each must pass on the target
 * too, with the same recorded values.
 *
 * The unit of work is a suite: one start of a program with the names of its
 * cases. A program tells on its standard output which case it begins and how
 * it ended. When it goes away or falls silent in a case, that case crashed and
 * the program is started again for the rest.
 */
#include "cli/conformance.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <ftw.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EXIT_DIFFERS  1
#define EXIT_USAGE    2
#define EXIT_TROUBLE  125
#define JOBS_MAX      64
#define LINE_MAX_SIZE (80 * 1024)
#define GRACE_MS      5000  /* beyond a case's own limit */
#define START_MS      10000 /* until a program says its first word */
#define BAD_STARTS    3     /* in a row, until a target is given up */

struct options {
	const char *prefix;
	const char *platform;
	const char *filter;
	const char *junit;
	const char *json;
	const char *folder;
	const char *known;
	int jobs;
	bool tap;
	bool list;
	bool native_only;
};

/* A program that runs the cases [next, end) of one suite. */
struct job {
	pid_t pid; /* 0: this slot is free */
	int out;   /* read end of its standard output */
	int err;   /* memfd that is its standard error */
	size_t next;
	size_t end;
	bool in_case; /* cases[next] has begun */
	bool spoke;
	long long deadline;
	char *line;
	size_t used;
};

struct runner {
	struct conformance *run;
	int target;
	int jobs;
	struct job slots[JOBS_MAX];
	size_t next_case; /* of the next suite to start */
	size_t finished;
	int bad_starts;
	bool given_up;
	int folder_count;
	char folder[PATH_MAX];
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signo)
{
	interrupted = signo;
}

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "sandbox conformance: %s: %s\n", what, strerror(errno));
	exit(EXIT_TROUBLE);
}

static void *must(void *p)
{
	if (!p)
		die("memory");
	return p;
}

static char *copy(const char *text)
{
	return must(strdup(text));
}

/* ---- which cases ------------------------------------------------------ */

static bool selected(const char *name, const char *filter)
{
	char pattern[300];

	if (!filter)
		return true;
	if (fnmatch(filter, name, 0) == 0)
		return true;
	/* A plain word is a family, a suite or a part of a name. */
	snprintf(pattern, sizeof(pattern), "*%s*", filter);
	return !strpbrk(filter, "*?[") && fnmatch(pattern, name, 0) == 0;
}

static void add_case(struct conformance *run, const char *program,
	const char *line, const char *filter)
{
	struct test_case *c;
	char name[300];
	char flags[100] = "";
	int limit;

	if (sscanf(line, "%299s %d %99[^\n]", name, &limit, flags) < 2)
		return;
	if (!strchr(name, '/') || !strchr(name, '.') || !selected(name, filter))
		return;
	run->cases = must(reallocarray(
		run->cases, run->case_count + 1, sizeof(*run->cases)));
	c = &run->cases[run->case_count++];
	memset(c, 0, sizeof(*c));
	c->name = copy(name);
	c->program = program;
	c->limit = limit;
	c->root = strstr(flags, "root");
	c->given = strstr(flags, "given");
}

static void list_program(
	struct conformance *run, const char *path, const char *filter)
{
	char *program = copy(path); /* lives as long as the process */
	char *command;
	char line[512];
	FILE *list;

	if (asprintf(&command, "'%s' --list", path) < 0)
		die("memory");
	list = popen(command, "r");
	if (!list)
		die(path);
	while (fgets(line, sizeof(line), list))
		add_case(run, program, line, filter);
	pclose(list);
	free(command);
}

static int only_programs(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && !strchr(entry->d_name, '.');
}

static void find_cases(
	struct conformance *run, const char *folder, const char *filter)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, only_programs, alphasort);
	char path[PATH_MAX];
	struct stat st;

	if (count < 0)
		die(folder);
	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder,
			entries[i]->d_name);
		if (stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
			access(path, X_OK) == 0)
			list_program(run, path, filter);
		free(entries[i]);
	}
	free(entries);
}

/* Where this program lies, which in the build folder is above the suite. */
static void own_path(char *path, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", path, size - 1);

	if (n < 0)
		die("/proc/self/exe");
	path[n] = '\0';
}

static char *find_folder(const struct options *o)
{
	static const char *const beside[] = {
		"tests/conformance/bin", "bin", NULL};
	char self[PATH_MAX];
	char *path;

	if (o->folder)
		return must(realpath(o->folder, NULL));
	own_path(self, sizeof(self));
	*strrchr(self, '/') = '\0';
	for (int i = 0; beside[i]; i++) {
		if (asprintf(&path, "%s/%s", self, beside[i]) < 0)
			die("memory");
		if (access(path, X_OK) == 0)
			return path;
		free(path);
	}
	return copy(SANDBOX_LIBEXECDIR "/conformance");
}

/* ---- known failures --------------------------------------------------- */

static char *trim(char *text)
{
	size_t size;

	text += strspn(text, " \t");
	size = strlen(text);
	while (size > 0 && strchr(" \t\n", text[size - 1]))
		text[--size] = '\0';
	return text;
}

/* A line is: case glob | target glob | reason | place in the code. */
static int add_known(struct conformance *run, char *line)
{
	struct known *k;
	char *field[4];
	char *rest = line;

	for (int i = 0; i < 4; i++) {
		field[i] = strsep(&rest, "|");
		if (!field[i])
			return -1;
		field[i] = trim(field[i]);
	}
	run->known = must(reallocarray(
		run->known, run->known_count + 1, sizeof(*run->known)));
	k = &run->known[run->known_count++];
	k->pattern = copy(field[0]);
	k->target = copy(field[1]);
	k->reason = copy(field[2]);
	k->place = copy(field[3]);
	return 0;
}

static void read_known(struct conformance *run, const char *path)
{
	FILE *in = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	int number = 0;

	if (!in)
		die(path);
	while (getline(&line, &room, in) >= 0) {
		number++;
		if (line[0] == '#' || !*trim(line))
			continue;
		if (add_known(run, line) < 0) {
			fprintf(stderr,
				"%s:%d: not 'case | target | reason | place'\n",
				path, number);
			exit(EXIT_USAGE);
		}
	}
	free(line);
	fclose(in);
}

static void find_known(
	struct conformance *run, const struct options *o, const char *folder)
{
	char path[PATH_MAX];

	if (o->known) {
		read_known(run, o->known);
		return;
	}
	snprintf(path, sizeof(path), "%s/known_failures", folder);
	if (access(path, R_OK) == 0)
		read_known(run, path);
}

/* ---- targets ---------------------------------------------------------- */

/* Takes over words; the name is copied. */
static void add_target(
	struct conformance *run, const char *name, char **words, bool ours)
{
	struct target *t;

	if (run->target_count == CONF_TARGETS) {
		fprintf(stderr, "sandbox conformance: at most %d targets\n",
			CONF_TARGETS - 1);
		exit(EXIT_USAGE);
	}
	t = &run->targets[run->target_count++];
	t->name = copy(name);
	t->words = words;
	t->ours = ours;
}

static char **no_words(void)
{
	return must(calloc(1, sizeof(char *)));
}

/* A command as a shell reads it, with the program's words behind it. */
static char **shell_words(const char *command)
{
	char **words = must(calloc(5, sizeof(*words)));

	words[0] = copy("/bin/sh");
	words[1] = copy("-c");
	if (asprintf(&words[2], "exec %s \"$@\"", command) < 0)
		die("memory");
	words[3] = copy("sh");
	return words;
}

static char **own_words(const char *platform)
{
	char **words = must(calloc(5, sizeof(*words)));
	char self[PATH_MAX];

	own_path(self, sizeof(self));
	words[0] = copy(self);
	words[1] = copy("run");
	if (asprintf(&words[2], "--platform=%s", platform) < 0)
		die("memory");
	words[3] = copy("--");
	return words;
}

/* "name=CMD" of --compare. */
static int add_compared(struct conformance *run, const char *argument)
{
	const char *equals = strchr(argument, '=');
	char *name;

	if (!equals || equals == argument)
		return -1;
	name = must(strndup(argument, equals - argument));
	add_target(run, name, shell_words(equals + 1), false);
	free(name);
	return 0;
}

/* ---- running ---------------------------------------------------------- */

static void set_text(char **text, const char *value)
{
	free(*text);
	*text = copy(value);
}

static void add_line(char **text, const char *line)
{
	char *more;

	if (asprintf(&more, "%s%s\n", *text ? *text : "", line) < 0)
		die("memory");
	free(*text);
	*text = more;
}

static void case_done(struct runner *r, struct job *job, enum verdict verdict,
	const char *why)
{
	struct outcome *on = &r->run->cases[job->next].on[r->target];

	on->verdict = verdict;
	if (why && *why)
		set_text(&on->why, why);
	job->next++;
	job->in_case = false;
	r->finished++;
}

static enum verdict verdict_of(const char *word)
{
	static const char *const words[] = {
		[PASS] = "pass",
		[FAIL] = "fail",
		[SKIPPED] = "skip",
		[CRASH] = "crash",
		[TIMED_OUT] = "timeout",
	};

	for (int i = PASS; i <= TIMED_OUT; i++)
		if (strcmp(word, words[i]) == 0)
			return i;
	return CRASH;
}

static void begin_case(struct runner *r, struct job *job, const char *name)
{
	/* A program that leaves cases out did not run them. */
	while (job->next < job->end &&
		strcmp(r->run->cases[job->next].name, name) != 0)
		case_done(r, job, NOT_RUN, "left out by the program");
	if (job->next == job->end)
		return;
	job->in_case = true;
	job->spoke = true;
	r->bad_starts = 0;
	job->deadline = now_ms() + GRACE_MS +
			1000ll * r->run->cases[job->next].limit;
}

static void end_case(struct runner *r, struct job *job, const char *line)
{
	struct outcome *on = &r->run->cases[job->next].on[r->target];
	char name[300];
	char word[20];
	int used = 0;

	if (sscanf(line, "%299s %19s %ld%n", name, word, &on->ms, &used) < 3)
		return;
	case_done(r, job, verdict_of(word), used ? line + used : NULL);
}

/* Lines come from the program, thus from the target: believe their form only.
 */
static void take_line(struct runner *r, struct job *job, const char *line)
{
	struct outcome *on;

	if (strncmp(line, "run ", 4) == 0) {
		begin_case(r, job, line + 4);
		return;
	}
	if (!job->in_case)
		return;
	on = &r->run->cases[job->next].on[r->target];
	if (strncmp(line, "bad ", 4) == 0)
		add_line(&on->bad, line + 4);
	else if (strncmp(line, "val ", 4) == 0)
		add_line(&on->values, line + 4);
	else if (strncmp(line, "skip ", 5) == 0)
		set_text(&on->why, line + 5);
	else if (strncmp(line, "end ", 4) == 0)
		end_case(r, job, line + 4);
}

static char **job_words(struct runner *r, struct job *job, const char *folder)
{
	char **prefix = r->run->targets[r->target].words;
	size_t count = 0;
	size_t used = 0;
	char **words;

	while (prefix[count])
		count++;
	words = must(calloc(count + 6 + job->end - job->next, sizeof(*words)));
	for (used = 0; used < count; used++)
		words[used] = prefix[used];
	words[used++] = (char *)r->run->cases[job->next].program;
	words[used++] = (char *)"--report";
	words[used++] = (char *)"--keep";
	words[used++] = (char *)"--dir";
	words[used++] = (char *)folder;
	for (size_t i = job->next; i < job->end; i++) {
		words = must(reallocarray(words, used + 2, sizeof(*words)));
		words[used++] = r->run->cases[i].name;
	}
	words[used] = NULL;
	return words;
}

static void __attribute__((noreturn))
become(struct job *job, int out, char **words)
{
	int null = open("/dev/null", O_RDONLY);

	setpgid(0, 0);
	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 ||
		dup2(job->err, 2) < 0)
		_exit(EXIT_TROUBLE);
	close_range(3, ~0u, 0);
	execvp(words[0], words);
	dprintf(2, "%s: %s\n", words[0], strerror(errno));
	_exit(127);
}

/* What CASE_GIVEN cases find is made outside, before the target starts. */
static void prepare_job(struct runner *r, struct job *job, char **words)
{
	bool given = false;
	int status;
	pid_t pid;

	for (size_t i = job->next; i < job->end; i++)
		given |= r->run->cases[i].given;
	if (!given)
		return;
	while (strcmp(words[0], "--report") != 0)
		words++;
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		words[0] = (char *)"--prepare";
		execv(words[-1], words - 1);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) < 0 || status != 0)
		die("prepare a suite");
}

static void start_job(struct runner *r, struct job *job)
{
	char folder[PATH_MAX + 20];
	char **words;
	int ends[2];

	snprintf(folder, sizeof(folder), "%s/%d", r->folder, r->folder_count++);
	job->err = memfd_create("stderr", MFD_CLOEXEC);
	if (mkdir(folder, 0755) < 0 || pipe2(ends, O_CLOEXEC) < 0 ||
		job->err < 0)
		die("start a program");
	words = job_words(r, job, folder);
	prepare_job(r, job, words);
	job->in_case = job->spoke = false;
	job->used = 0;
	job->deadline = now_ms() + START_MS;
	job->pid = fork();
	if (job->pid < 0)
		die("fork");
	if (job->pid == 0)
		become(job, ends[1], words);
	setpgid(job->pid, job->pid);
	close(ends[1]);
	job->out = ends[0];
	free(words);
}

/* Two cases are of one suite if their names agree up to the point. */
static bool same_suite(const char *a, const char *b)
{
	size_t size = strcspn(a, ".") + 1;

	return strncmp(a, b, size) == 0;
}

/* Fills the slot with the next suite; false if there is none. */
static bool next_job(struct runner *r, struct job *job)
{
	struct conformance *run = r->run;
	const char *name;

	if (r->next_case == run->case_count)
		return false;
	job->next = r->next_case;
	name = run->cases[job->next].name;
	while (r->next_case < run->case_count &&
		same_suite(name, run->cases[r->next_case].name))
		r->next_case++;
	job->end = r->next_case;
	start_job(r, job);
	return true;
}

/* The last line of what the program said on standard error. */
static void last_words(struct job *job, char *text, size_t size)
{
	off_t end = lseek(job->err, 0, SEEK_END);
	ssize_t n = pread(job->err, text, size - 1,
		end > (off_t)size ? end - (off_t)size + 1 : 0);
	char *newline;

	text[n > 0 ? n : 0] = '\0';
	trim(text);
	newline = strrchr(text, '\n');
	if (newline)
		memmove(text, newline + 1, strlen(newline));
}

static void describe_end(
	struct job *job, int status, bool silent, char *text, size_t size)
{
	char words[300];

	last_words(job, words, sizeof(words));
	if (silent)
		snprintf(text, size, "fell silent; %s", words);
	else if (WIFSIGNALED(status))
		snprintf(text, size, "the whole ended by signal %d; %s",
			WTERMSIG(status), words);
	else
		snprintf(text, size, "the whole ended with status %d; %s",
			WEXITSTATUS(status), words);
}

/* The program is gone: says so of its case, starts it again for the rest. */
static void finish_job(struct runner *r, struct job *job, bool silent)
{
	char why[400];
	int status = 0;

	kill(-job->pid, SIGKILL);
	waitpid(job->pid, &status, 0);
	describe_end(job, status, silent, why, sizeof(why));
	close(job->out);
	close(job->err);
	job->pid = 0;
	if (job->next == job->end)
		return;
	if (!job->spoke && ++r->bad_starts >= BAD_STARTS)
		r->given_up = true;
	if (job->in_case || !job->spoke)
		case_done(r, job, silent ? TIMED_OUT : CRASH, why);
	if (r->given_up)
		while (job->next < job->end)
			case_done(r, job, NOT_RUN, why);
	if (job->next < job->end)
		start_job(r, job);
}

static void read_job(struct runner *r, struct job *job)
{
	ssize_t n = read(
		job->out, job->line + job->used, LINE_MAX_SIZE - 1 - job->used);
	char *newline;

	if (n <= 0) {
		finish_job(r, job, false);
		return;
	}
	job->used += n;
	while ((newline = memchr(job->line, '\n', job->used)) != NULL) {
		*newline = '\0';
		take_line(r, job, job->line);
		job->used -= newline + 1 - job->line;
		memmove(job->line, newline + 1, job->used);
	}
	if (job->used == LINE_MAX_SIZE - 1)
		job->used = 0;
}

static void show_progress(const struct runner *r)
{
	static long long last;
	const struct conformance *run = r->run;
	int width = 30;
	int done = run->case_count
			   ? (int)(r->finished * width / run->case_count)
			   : width;
	long long now = now_ms();

	if (!isatty(2) || (now - last < 100 && r->finished < run->case_count))
		return;
	last = now;
	fprintf(stderr, "\r%-10s [%.*s%.*s] %zu/%zu ",
		run->targets[r->target].name, done,
		"##############################", width - done,
		"..............................", r->finished, run->case_count);
	if (r->finished == run->case_count)
		fputs("\r\033[K", stderr);
	fflush(stderr);
}

static void give_up_rest(struct runner *r)
{
	struct job rest = {.next = r->next_case, .end = r->run->case_count};

	while (rest.next < rest.end)
		case_done(r, &rest, NOT_RUN, "the target does not start");
	r->next_case = rest.end;
}

static int fill_slots(struct runner *r)
{
	int active = 0;

	if (r->given_up)
		give_up_rest(r);
	for (int i = 0; i < r->jobs; i++)
		if (r->slots[i].pid || next_job(r, &r->slots[i]))
			active++;
	return active;
}

static void wait_for_news(struct runner *r)
{
	struct pollfd fds[JOBS_MAX];
	long long now;

	for (int i = 0; i < r->jobs; i++) {
		fds[i].fd = r->slots[i].pid ? r->slots[i].out : -1;
		fds[i].events = POLLIN;
		fds[i].revents = 0;
	}
	if (poll(fds, r->jobs, 200) < 0)
		return;
	now = now_ms();
	for (int i = 0; i < r->jobs; i++) {
		if (fds[i].revents)
			read_job(r, &r->slots[i]);
		else if (r->slots[i].pid && now > r->slots[i].deadline)
			finish_job(r, &r->slots[i], true);
	}
}

static int remove_entry(
	const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	if (type == FTW_DNR)
		chmod(path, 0700);
	remove(path);
	return 0;
}

static void stop_jobs(struct runner *r)
{
	for (int i = 0; i < r->jobs; i++) {
		if (!r->slots[i].pid)
			continue;
		kill(-r->slots[i].pid, SIGTERM);
		kill(-r->slots[i].pid, SIGKILL);
		waitpid(r->slots[i].pid, NULL, 0);
	}
}

static void run_target(struct conformance *run, int target, int jobs)
{
	struct runner *r = must(calloc(1, sizeof(*r)));
	const char *tmp = getenv("TMPDIR");

	r->run = run;
	r->target = target;
	r->jobs = jobs;
	snprintf(r->folder, sizeof(r->folder), "%s/conformance.XXXXXX",
		tmp ? tmp : "/tmp");
	if (!mkdtemp(r->folder) || chmod(r->folder, 0755) < 0)
		die(r->folder);
	for (int i = 0; i < jobs; i++)
		r->slots[i].line = must(malloc(LINE_MAX_SIZE));
	while (!interrupted && fill_slots(r) > 0) {
		wait_for_news(r);
		show_progress(r);
	}
	stop_jobs(r);
	for (int i = 0; i < jobs; i++)
		free(r->slots[i].line);
	nftw(r->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	free(r);
	if (interrupted)
		exit(128 + interrupted);
}

/* ---- the command ------------------------------------------------------ */

static void usage(FILE *out)
{
	fputs("usage: sandbox conformance [options]\n"
	      "\n"
	      "Runs the syscall-conformance suite natively and in the "
	      "sandbox,\n"
	      "and tells where the two differ.\n"
	      "\n"
	      "  --platform P       auto (default), notify or ptrace\n"
	      "  --prefix 'CMD'     run under CMD instead of this sandbox\n"
	      "  --compare 'N=CMD'  run under CMD too, as column N; "
	      "repeatable\n"
	      "  --native           run natively only\n"
	      "  --filter GLOB      only these cases (FAMILY/SUITE.CASE)\n"
	      "  --jobs N           programs at a time\n"
	      "  --json FILE        everything, for machines\n"
	      "  --junit FILE       JUnit XML, for CI\n"
	      "  --tap              TAP on standard output\n"
	      "  --list             the names of the cases, and nothing else\n"
	      "  --dir DIR          where the programs are\n"
	      "  --known FILE       known failures: case | target | reason |"
	      " place\n"
	      "\n"
	      "Exit status: 0 nothing differs that is not known, 1 something\n"
	      "does, 2 wrong usage, 125 the suite could not be run.\n",
		out);
}

enum long_option {
	OPT_PREFIX = 256,
	OPT_PLATFORM,
	OPT_FILTER,
	OPT_JOBS,
	OPT_JUNIT,
	OPT_JSON,
	OPT_TAP,
	OPT_LIST,
	OPT_DIR,
	OPT_KNOWN,
	OPT_COMPARE,
	OPT_NATIVE,
	OPT_HELP,
};

static const struct option long_options[] = {
	{"prefix", required_argument, NULL, OPT_PREFIX},
	{"platform", required_argument, NULL, OPT_PLATFORM},
	{"filter", required_argument, NULL, OPT_FILTER},
	{"jobs", required_argument, NULL, OPT_JOBS},
	{"junit", required_argument, NULL, OPT_JUNIT},
	{"json", required_argument, NULL, OPT_JSON},
	{"tap", no_argument, NULL, OPT_TAP},
	{"list", no_argument, NULL, OPT_LIST},
	{"dir", required_argument, NULL, OPT_DIR},
	{"known", required_argument, NULL, OPT_KNOWN},
	{"compare", required_argument, NULL, OPT_COMPARE},
	{"native", no_argument, NULL, OPT_NATIVE},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

static void __attribute__((noreturn)) wrong_usage(void)
{
	usage(stderr);
	exit(EXIT_USAGE);
}

static void take_option(struct conformance *run, struct options *o, int option)
{
	switch (option) {
	case OPT_PREFIX:
		o->prefix = optarg;
		break;
	case OPT_PLATFORM:
		o->platform = optarg;
		break;
	case OPT_FILTER:
		o->filter = optarg;
		break;
	case OPT_JOBS:
		o->jobs = atoi(optarg);
		if (o->jobs < 1 || o->jobs > JOBS_MAX)
			wrong_usage();
		break;
	case OPT_JUNIT:
		o->junit = optarg;
		break;
	case OPT_JSON:
		o->json = optarg;
		break;
	case OPT_TAP:
		o->tap = true;
		break;
	case OPT_LIST:
		o->list = true;
		break;
	case OPT_DIR:
		o->folder = optarg;
		break;
	case OPT_KNOWN:
		o->known = optarg;
		break;
	case OPT_COMPARE:
		if (add_compared(run, optarg) < 0)
			wrong_usage();
		break;
	case OPT_NATIVE:
		o->native_only = true;
		break;
	case OPT_HELP:
		usage(stdout);
		exit(0);
	default:
		wrong_usage();
	}
}

static int tell_results(struct conformance *run, const struct options *o)
{
	int status = 0;

	if (o->json && report_json(run, o->json) < 0)
		die(o->json);
	if (o->junit && report_junit(run, o->junit) < 0)
		die(o->junit);
	if (o->tap)
		report_tap(run, stdout);
	else
		report_native_failures(run, stdout);
	if (run->target_count == 1) {
		if (!o->tap)
			report_table(run, 0, stdout);
		if (count_native_failures(run) > 0)
			status = EXIT_DIFFERS;
	}
	for (int i = 1; i < run->target_count; i++) {
		if (!o->tap) {
			report_differences(run, i, stdout);
			report_known(run, i, stdout);
			report_table(run, i, stdout);
		}
		/* Others are compared; only the first is judged. */
		if (i == 1 && count_unexpected(run, i) > 0)
			status = EXIT_DIFFERS;
	}
	if (!o->tap && run->target_count > 2)
		report_comparison(run, stdout);
	return status;
}

static void add_targets(struct conformance *run, const struct options *o)
{
	const char *platform = o->platform ? o->platform : "auto";
	struct conformance compared = *run;

	/* The judged target stands before those of --compare. */
	run->target_count = 0;
	add_target(run, "native", no_words(), false);
	if (o->prefix)
		add_target(run, "prefix", shell_words(o->prefix), false);
	else if (!o->native_only)
		add_target(run, platform, own_words(platform), true);
	for (int i = 0; i < compared.target_count; i++) {
		struct target *t = &compared.targets[i];

		if (run->target_count == CONF_TARGETS)
			wrong_usage();
		run->targets[run->target_count++] = *t;
	}
}

int cmd_conformance(int argc, char **argv)
{
	static struct conformance run;
	struct options o = {.jobs = (int)sysconf(_SC_NPROCESSORS_ONLN)};
	struct sigaction action = {.sa_handler = on_interrupt};
	char *folder;
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		take_option(&run, &o, option);
	if (optind < argc)
		wrong_usage();
	add_targets(&run, &o);
	folder = find_folder(&o);
	find_cases(&run, folder, o.filter);
	find_known(&run, &o, folder);
	free(folder);
	if (o.list) {
		for (size_t i = 0; i < run.case_count; i++)
			puts(run.cases[i].name);
		return 0;
	}
	if (run.case_count == 0) {
		fputs("sandbox conformance: no such case\n", stderr);
		return EXIT_TROUBLE;
	}
	if (o.jobs > JOBS_MAX)
		o.jobs = JOBS_MAX;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	for (int i = 0; i < run.target_count; i++)
		run_target(&run, i, o.jobs);
	return tell_results(&run, &o);
}
