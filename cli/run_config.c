/*
 * Settings of a run. See the header.
 *
 * The gofer's roots and the sentry's mounts are written side by side, so that
 * a mount's root is always the number of the gofer's line. Paths that the user
 * gives are made real here once, for a clear refusal; the gofer resolves them
 * again with its own rights and says no if they changed.
 */
#include "cli/run_config.h"

#include "cli/cli.h"
#include "gofer.h"
#include "lib/checked.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define TASKS_MAX    4096
#define MEMORY_SHARE 4 /* a quarter of the memory for files in memory */
#define NOFILE_LIMIT 1048576u

/* Under the home folder; what many programs keep their secrets in. */
static const char *const hidden_in_home[] = {
	".ssh", ".aws", ".gnupg", ".config/gh", ".netrc", ".kube", ".docker"};

static const char *const hidden_always[] = {"/run/user"};

extern char **environ;

/* ---- The gofer's settings ---------------------------------------------- */

static void put_setting(FILE *out, const char *word, const char *value)
{
	fputs(word, out);
	fputc(0, out);
	fputs(value, out);
	fputc(0, out);
}

/* The part of path below root, without a leading '/'; NULL if not below. */
static const char *path_below(const char *root, const char *path)
{
	size_t size = strlen(root);

	if (size == 1)
		return path[1] ? path + 1 : NULL;
	if (strncmp(root, path, size) != 0 || path[size] != '/')
		return NULL;
	return path + size + 1;
}

static void put_root(struct run_config *config, FILE *out, const char *word,
	const char *path)
{
	put_setting(out, word, path);
	for (size_t i = 0; i < config->hidden_count; i++) {
		const char *below = path_below(path, config->hidden[i]);

		if (below)
			put_setting(out, "hide", below);
	}
}

/* ---- Paths ------------------------------------------------------------- */

/* A path as it is and, where it leads elsewhere, as it is resolved. */
static int hide(struct run_config *config, const char *path)
{
	char real[PATH_MAX];

	if (config->hidden_count + 2 > ARRAY_SIZE(config->hidden))
		return 0;
	config->hidden[config->hidden_count++] = strdup(path);
	if (realpath(path, real) && strcmp(real, path) != 0)
		config->hidden[config->hidden_count++] = strdup(real);
	return 0;
}

static void hide_defaults(struct run_config *config)
{
	const char *home = getenv("HOME");
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(hidden_always); i++)
		hide(config, hidden_always[i]);
	if (!home || home[0] != '/')
		return;
	for (size_t i = 0; i < ARRAY_SIZE(hidden_in_home); i++) {
		snprintf(path, sizeof(path), "%s/%s",
			strcmp(home, "/") == 0 ? "" : home, hidden_in_home[i]);
		hide(config, path);
	}
}

static int hide_all(struct run_config *config,
	const struct run_options *options, struct error *error)
{
	for (size_t i = 0; i < options->hide_count; i++) {
		if (options->hide[i][0] != '/')
			return error_set(error,
				"--hide %s: the path must be "
				"absolute",
				options->hide[i]);
		hide(config, options->hide[i]);
	}
	hide_defaults(config);
	return 0;
}

/* A host path of an option, made real: owned, or NULL with error set. */
static char *real_path(
	const char *option, const char *path, bool folder, struct error *error)
{
	char *real = realpath(path, NULL);
	char name[PATH_MAX];
	struct stat st;

	text_escape(path, name, sizeof(name));
	if (!real || stat(real, &st) < 0) {
		error_set(error, "%s %s: %s", option, name, strerror(errno));
		free(real);
		return NULL;
	}
	if (!S_ISDIR(st.st_mode) && (folder || !S_ISREG(st.st_mode))) {
		error_set(error, "%s %s: not a folder%s", option, name,
			folder ? "" : " or regular file");
		free(real);
		return NULL;
	}
	return real;
}

/* No "." or ".." and no double '/' in what the sentry is to mount on. */
static int plain_target(const char *path, struct error *error)
{
	const char *at = path;

	while (*at) {
		size_t size;

		while (*at == '/')
			at++;
		size = strcspn(at, "/");
		if ((size == 1 && at[0] == '.') ||
			(size == 2 && at[0] == '.' && at[1] == '.'))
			return error_set(error,
				"%s: a place inside must be "
				"named without . and ..",
				path);
		at += size;
	}
	return 0;
}

/* ---- Mounts ------------------------------------------------------------ */

static struct boot_mount *new_mount(
	struct run_config *config, enum boot_mount_kind kind, char *target)
{
	struct boot_mount *mount = &config->mounts[config->boot.mount_count++];

	mount->kind = kind;
	mount->target = target;
	mount->upper = BOOT_UPPER_MEMORY;
	mount->mode = 0755;
	return mount;
}

struct root_writer {
	FILE *out;
	uint32_t next; /* number of the next root */
	size_t writable;
};

static int add_given(struct run_config *config, struct root_writer *roots,
	struct given *given, struct error *error)
{
	bool writable = given->kind == GIVE_WRITABLE;
	bool same = given->host == given->guest;
	struct boot_mount *mount;

	if (given->kind == GIVE_TMPFS) {
		if (plain_target(given->guest, error) < 0)
			return -1;
		new_mount(config, BOOT_MOUNT_TMPFS, given->guest)->mode = 01777;
		return 0;
	}
	given->host = real_path(
		writable ? "--rw" : "--ro", given->host, false, error);
	if (!given->host)
		return -1;
	if (same)
		given->guest = given->host;
	if (plain_target(given->guest, error) < 0)
		return -1;
	mount = new_mount(config, BOOT_MOUNT_GOFER, given->guest);
	mount->root = roots->next++;
	mount->read_only = !writable;
	put_root(config, roots->out, writable ? "rw" : "ro", given->host);
	if (writable)
		config->writable[roots->writable++] = given->host;
	return 0;
}

static int add_keep(struct run_config *config, struct root_writer *roots,
	const struct run_options *options, struct boot_mount *root,
	struct error *error)
{
	char *keep;

	if (mkdir(options->keep, 0755) < 0 && errno != EEXIST)
		return error_set(
			error, "--keep %s: %s", options->keep, strerror(errno));
	keep = real_path("--keep", options->keep, true, error);
	if (!keep)
		return -1;
	root->upper = roots->next++;
	put_setting(roots->out, "rw", keep);
	config->writable[roots->writable++] = keep;
	return 0;
}

static int add_mounts(struct run_config *config, struct run_options *options,
	struct root_writer *roots, struct error *error)
{
	static char slash[] = "/";
	struct boot_mount *root;
	char *path = slash;

	if (options->rootfs) {
		path = real_path("--rootfs", options->rootfs, true, error);
		if (!path)
			return -1;
	}
	root = new_mount(config, BOOT_MOUNT_OVERLAY, slash);
	root->root = roots->next++;
	put_root(config, roots->out, "ro", path);
	if (options->keep && add_keep(config, roots, options, root, error) < 0)
		return -1;
	for (size_t i = 0; i < options->given_count; i++)
		if (add_given(config, roots, &options->given[i], error) < 0)
			return -1;
	return 0;
}

static int init_files(struct run_config *config, struct run_options *options,
	struct error *error)
{
	struct root_writer roots = {
		.out = open_memstream(&config->text, &config->text_size),
	};
	int ret;

	if (!roots.out)
		return error_set(error, "out of memory");
	ret = hide_all(config, options, error);
	if (ret == 0)
		ret = add_mounts(config, options, &roots, error);
	if (fclose(roots.out) != 0 && ret == 0)
		ret = error_set(error, "out of memory");
	if (ret == 0 && config->text_size > GOFER_CONFIG_MAX)
		ret = error_set(error, "too many and too long paths in mounts "
				       "and --hide");
	return ret;
}

/* ---- The program ------------------------------------------------------- */

static bool env_is_set(const struct run_options *options, const char *variable)
{
	size_t name = strcspn(variable, "=");

	for (size_t i = 0; i < options->env_count; i++)
		if (strncmp(options->env[i], variable, name) == 0 &&
			options->env[i][name] == '=')
			return true;
	return false;
}

static char **make_env(const struct run_options *options)
{
	size_t count = 0, used = 0;
	char **env;

	while (environ[count])
		count++;
	env = alloc_array(count + options->env_count + 1, sizeof(*env));
	if (!env)
		return NULL;
	for (size_t i = 0; i < count && !options->clear_env; i++)
		if (!env_is_set(options, environ[i]))
			env[used++] = environ[i];
	for (size_t i = 0; i < options->env_count; i++)
		env[used++] = options->env[i];
	return env;
}

static int init_ids(struct boot_config *boot, const struct run_options *options,
	struct error *error)
{
	int count;

	boot->uid = options->user_set ? options->uid : getuid();
	boot->gid = options->user_set ? options->gid : getgid();
	count = options->user_set ? 0 : getgroups(0, NULL);
	boot->groups = alloc_array((size_t)MAX(count, 0) + 1, sizeof(gid_t));
	if (!boot->groups)
		return error_set(error, "out of memory");
	if (count > 0)
		count = getgroups(count, boot->groups);
	boot->group_count = (uint32_t)MAX(count, 0);
	boot->umask = umask(0);
	umask(boot->umask);
	return 0;
}

static void init_limits(struct boot_limits *limits)
{
	struct rlimit nofile = {1024, 4096};
	uint64_t pages = (uint64_t)sysconf(_SC_PHYS_PAGES);

	getrlimit(RLIMIT_NOFILE, &nofile);
	limits->tasks = TASKS_MAX;
	limits->nofile_soft = (uint32_t)MIN(
		nofile.rlim_cur, (rlim_t)NOFILE_LIMIT);
	limits->nofile_hard = (uint32_t)MIN(
		nofile.rlim_max, (rlim_t)NOFILE_LIMIT);
	limits->memory_files = pages * (uint64_t)sysconf(_SC_PAGESIZE) /
			       MEMORY_SHARE;
}

static char *init_cwd(const struct run_options *options)
{
	char *here;

	if (options->cwd)
		return strdup(options->cwd);
	here = options->rootfs ? NULL : getcwd(NULL, 0);
	if (here && here[0] == '/')
		return here;
	free(here);
	return strdup("/");
}

static uint32_t init_flags(const struct run_options *options)
{
	uint32_t flags = BOOT_PATH;

	flags |= options->strace ? BOOT_STRACE : 0;
	flags |= options->json ? BOOT_COUNT : 0;
	flags |= options->debug_log ? BOOT_DEBUG : 0;
	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		if (!(cli_streams & (1u << fd)))
			continue;
		flags |= (uint32_t)BOOT_STDIN << fd;
		flags |= isatty(fd) ? BOOT_TTY : 0;
	}
	return flags;
}

int run_config_init(struct run_config *config, struct run_options *options,
	struct error *error)
{
	struct boot_config *boot = &config->boot;

	memset(config, 0, sizeof(*config));
	for (size_t i = 0; i < BOOT_FD_COUNT; i++)
		boot->fds[i] = -1;
	boot->mounts = config->mounts;
	boot->flags = init_flags(options);
	boot->platform = (char *)options->platform;
	boot->argv = options->argv;
	boot->hostname = (char *)options->hostname;
	boot->envp = make_env(options);
	boot->cwd = init_cwd(options);
	init_limits(&boot->limits);
	if (!boot->envp || !boot->cwd)
		return error_set(error, "out of memory");
	if (init_ids(boot, options, error) < 0 ||
		init_files(config, options, error) < 0)
		return -1;
	config->launch.config = boot;
	config->launch.gofer_config = config->text;
	config->launch.gofer_config_size = config->text_size;
	config->launch.writable = config->writable;
	return 0;
}

void run_config_finish(struct run_config *config)
{
	for (size_t i = 0; i < config->hidden_count; i++)
		free(config->hidden[i]);
	free(config->text);
	free(config->boot.envp);
	free(config->boot.groups);
	free(config->boot.cwd);
}
