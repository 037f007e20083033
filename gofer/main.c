/*
 * The gofer's start: settings, roots, then no rights but those that serving
 * needs, and serving.
 *
 * Whatever the sentry sends is read only after the last wall stands.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gofer.h"
#include "gofer/serve.h"
#include "lib/checked.h"
#include "lib/hash.h"
#include "lib/lockdown.h"
#include "lib/log.h"

#define EXIT_START  125
#define MEMORY_MAX  (256ul << 20)
#define SPARE_FILES 64 /* descriptors that are not of nodes */

#ifndef __NR_fchmodat2
#define __NR_fchmodat2 452
#endif

struct settings {
	int sock;
	int config;
	int log;
	int log_level;
	rlim_t files;
};

#ifdef SANDBOX_SANITIZER
/* The search for leaks traces the process, which nobody may. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

/* Big, and there is one: not on the stack. */
static struct gofer gofer;

_Noreturn static void die(const char *what, const char *name, int error)
{
	fprintf(stderr, "sandbox: gofer: %s%s%s: %s\n", what, *name ? " " : "",
		name, strerror(-error));
	exit(EXIT_START);
}

/* ---- Settings ---------------------------------------------------------- */

static int take_number(const char *text, int max)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (end == text || *end || value < 0 || value > max)
		die("bad number", text, -EINVAL);
	return (int)value;
}

static void read_arguments(int argc, char **argv, struct settings *out)
{
	static const struct option options[] = {
		{"socket", required_argument, NULL, 's'},
		{"config", required_argument, NULL, 'c'},
		{"log", required_argument, NULL, 'l'},
		{"log-level", required_argument, NULL, 'v'},
		{0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			out->sock = take_number(optarg, 1 << 20);
		else if (option == 'c')
			out->config = take_number(optarg, 1 << 20);
		else if (option == 'l')
			out->log = take_number(optarg, 1 << 20);
		else if (option == 'v')
			out->log_level = take_number(optarg, LOG_LEVEL_DEBUG);
		else
			exit(EXIT_START);
	}
	if (out->sock < 0 || out->config < 0 || optind != argc)
		die("started by hand", "", -EINVAL);
}

/* The whole config with a NUL behind it. */
static char *read_config(int host_fd, size_t *size)
{
	char *config = malloc(GOFER_CONFIG_MAX + 1);
	ssize_t got;

	if (!config)
		die("config", "", -ENOMEM);
	*size = 0;
	do {
		got = read(host_fd, config + *size, GOFER_CONFIG_MAX - *size);
		if (got > 0)
			*size += (size_t)got;
	} while (got > 0 || (got < 0 && errno == EINTR));
	if (got < 0)
		die("config", "", -errno);
	if (*size == GOFER_CONFIG_MAX)
		die("config", "", -E2BIG);
	config[*size] = '\0';
	return config;
}

static int apply(struct tree *tree, struct settings *settings, const char *word,
	const char *value)
{
	if (!strcmp(word, "ro"))
		return tree_add_root(tree, value, false);
	if (!strcmp(word, "rw"))
		return tree_add_root(tree, value, true);
	if (!strcmp(word, "hide"))
		return tree_hide(tree, value);
	if (!strcmp(word, "nofile")) {
		settings->files = (rlim_t)take_number(value, 1 << 20);
		return 0;
	}
	if (!strcmp(word, "suid") && tree->root_count) {
		tree->roots[tree->root_count - 1].suid = true;
		return 0;
	}
	return -EINVAL;
}

static void configure(struct tree *tree, struct settings *settings)
{
	size_t size;
	char *config = read_config(settings->config, &size);
	const char *at = config;
	const char *end = config + size;
	const char *word;
	int ret;

	while (at < end) {
		word = at;
		at += strlen(at) + 1;
		if (at >= end)
			die("config", "", -EINVAL);
		ret = apply(tree, settings, word, at);
		if (ret < 0)
			die(word, at, ret);
		at += strlen(at) + 1;
	}
	free(config);
	close(settings->config);
}

/* ---- Walls ------------------------------------------------------------- */

/*
 * Root's way with other users' files, which it has because the sandbox's
 * guest may be root; the sentry checks what the guest may.
 */
static const int reader_caps[] = {CAP_DAC_READ_SEARCH};
static const int writer_caps[] = {CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE,
	CAP_CHOWN, CAP_FOWNER, CAP_FSETID};

static const struct allowed_call calls[] = {
	/* serving */
	ALLOW(recvmsg),
	ALLOW(sendmsg),
	ALLOW(poll),
	ALLOW(close),
	ALLOW_ARG(sched_setaffinity, 0, ~0ull, 0),
	/* looking */
	ALLOW(openat2),
	ALLOW(openat),
	ALLOW(statx),
	ALLOW(newfstatat),
	ALLOW(fstat),
	ALLOW(fstatfs),
	ALLOW(getdents64),
	ALLOW(lseek),
	ALLOW(readlinkat),
	ALLOW(fgetxattr),
	ALLOW(flistxattr),
	/* changing; only files beneath writable roots can be reached */
	ALLOW(mkdirat),
	ALLOW_ARG(mknodat, 2, S_IFMT, S_IFIFO),
	ALLOW_ARG(mknodat, 2, S_IFMT, S_IFSOCK),
	ALLOW(symlinkat),
	/* no AT_EMPTY_PATH, no AT_SYMLINK_FOLLOW */
	ALLOW_ARG(linkat, 4, ~0ull, 0),
	ALLOW(unlinkat),
	ALLOW(renameat), /* of glibc, for renameat2() without flags */
	ALLOW(renameat2),
	ALLOW_ARG(fchmodat2, 3, ~0ull, AT_EMPTY_PATH),
	ALLOW(fchmod),
	ALLOW(fchown),
	ALLOW_ARG(fchownat, 4, ~0ull, AT_EMPTY_PATH),
	ALLOW_ARG(utimensat, 3, ~0ull, AT_EMPTY_PATH),
	ALLOW(ftruncate),
	ALLOW(fsetxattr),
	ALLOW(fremovexattr),
	ALLOW(fsync),
	ALLOW(fdatasync),
	ALLOW(syncfs),
	/* memory, the log, the end */
	ALLOW(brk),
	ALLOW_ARG(mmap, 3, MAP_ANONYMOUS, MAP_ANONYMOUS),
	ALLOW(munmap),
	ALLOW(mremap),
	ALLOW(madvise),
	ALLOW(write),
	ALLOW(clock_gettime),
	ALLOW(rt_sigreturn),
	ALLOW(restart_syscall),
	ALLOW(futex),
	ALLOW(exit_group),
#ifdef SANDBOX_SANITIZER
	/* what the sanitizers' runtimes call to map, to report and to end */
	ALLOW(mmap),
	ALLOW(mprotect),
	ALLOW(read),
	ALLOW(readlink),
	ALLOW(getpid),
	ALLOW(gettid),
	ALLOW(tgkill),
	ALLOW(sigaltstack),
	ALLOW(rt_sigaction),
	ALLOW(rt_sigprocmask),
	ALLOW(sched_yield),
	ALLOW(prctl),
	ALLOW(prlimit64),
	ALLOW(clone),
	ALLOW(wait4),
	ALLOW(ptrace),
	ALLOW(pipe2),
	ALLOW(getrandom),
#endif
};

static bool any_writable(const struct tree *tree)
{
	for (size_t i = 0; i < tree->root_count; i++) {
		if (tree->roots[i].writable)
			return true;
	}
	return false;
}

static void limit(int resource, rlim_t value)
{
	struct rlimit now;

	if (getrlimit((__rlimit_resource_t)resource, &now) < 0)
		return;
	if (now.rlim_max > value)
		now.rlim_max = value;
	now.rlim_cur = now.rlim_max;
	setrlimit((__rlimit_resource_t)resource, &now);
}

static void set_limits(struct tree *tree, rlim_t files)
{
	struct rlimit now;

	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NOFILE, files);
#ifndef SANDBOX_SANITIZER
	limit(RLIMIT_DATA, MEMORY_MAX);
#endif
	/* A file cannot grow further: that is -EFBIG, not our end. */
	signal(SIGXFSZ, SIG_IGN);
	if (!getrlimit(RLIMIT_NOFILE, &now) && now.rlim_cur > 2 * SPARE_FILES)
		tree->open_max = now.rlim_cur - SPARE_FILES;
	else
		tree->open_max = SPARE_FILES;
}

/* A file root is a rule for the file, not for its folder. */
static void enter_landlock(struct walls *walls, const struct tree *tree)
{
	struct lockdown_path paths[GOFER_ROOTS_MAX];
	const struct root *root;
	int fds[GOFER_ROOTS_MAX];
	size_t i;

	for (i = 0; i < tree->root_count; i++) {
		root = &tree->roots[i];
		fds[i] = openat(root->host_fd, root->name ? root->name : ".",
			O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (fds[i] < 0)
			die("root", root->path, -errno);
		paths[i] = (struct lockdown_path){fds[i], root->writable};
	}
	lockdown_landlock_paths(walls, paths, tree->root_count);
	for (i = 0; i < tree->root_count; i++)
		close(fds[i]);
}

static int compare(const void *a, const void *b)
{
	const int *x = a;
	const int *y = b;

	return (*x > *y) - (*x < *y);
}

static void close_others(const struct settings *settings)
{
	int keep[] = {settings->sock, settings->config, settings->log};
	int next = STDERR_FILENO + 1;

	qsort(keep, ARRAY_SIZE(keep), sizeof(keep[0]), compare);
	for (size_t i = 0; i < ARRAY_SIZE(keep); i++) {
		if (keep[i] < next)
			continue;
		if (keep[i] > next)
			close_range((unsigned int)next,
				(unsigned int)keep[i] - 1, 0);
		next = keep[i] + 1;
	}
	close_range((unsigned int)next, ~0u, 0);
}

static void lock_down(struct gofer *g, rlim_t files)
{
	struct walls walls = {0};

	set_limits(&g->tree, files);
	lockdown_not_dumpable();
	if (any_writable(&g->tree))
		lockdown_few_caps(&walls, writer_caps, ARRAY_SIZE(writer_caps));
	else
		lockdown_few_caps(&walls, reader_caps, ARRAY_SIZE(reader_caps));
	lockdown_no_new_privs(&walls);
	enter_landlock(&walls, &g->tree);
	lockdown_seccomp(&walls, calls, ARRAY_SIZE(calls));
	/* The host may lack Landlock; a filter it has, or we do not serve. */
	if (!wall_is_up(&walls, WALL_SECCOMP))
		die("seccomp", "", -walls.error[WALL_SECCOMP]);
	g->walls = walls.up;
}

/* Folder names are the guest's to choose: it must not know the buckets. */
static void seed_hash(void)
{
	const void *random = (const void *)getauxval(AT_RANDOM);
	uint64_t seed = 0;

	if (random)
		memcpy(&seed, random, sizeof(seed));
	hash_seed(seed);
}

int main(int argc, char **argv)
{
	struct settings settings = {
		.sock = -1,
		.config = -1,
		.log = -1,
		.log_level = LOG_LEVEL_WARN,
		.files = 1024,
	};
	pid_t parent = getppid();
	int ret;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		return EXIT_START;
	clearenv();
	umask(0);
	seed_hash();
	read_arguments(argc, argv, &settings);
	close_others(&settings);
	log_open("gofer", settings.log, (enum log_level)settings.log_level);

	tree_init(&gofer.tree);
	configure(&gofer.tree, &settings);
	tree_find_devices(&gofer.tree);
	if (chdir("/") < 0)
		die("chdir", "/", -errno);
	gofer.sock = settings.sock;
	lock_down(&gofer, settings.files);
	log_info("serving %zu roots", gofer.tree.root_count);

	ret = gofer_serve(&gofer);
	if (ret < 0)
		log_error("ends: %s", strerror(-ret));
	gofer_log_served(&gofer);
	tree_finish(&gofer.tree);
	return ret < 0;
}
