/*
 * sandbox check: what this host offers, what each lack costs, and what a lost
 * sentry would mean here. It asks by doing: a sandbox is started that puts up
 * its walls and tries its platforms, but runs nothing.
 */
#include "cli/cli.h"
#include "cli/report.h"
#include "cli/run_config.h"
#include "oci/monitor.h"

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define PROBE_SECONDS 10

static struct run_options options;
static struct run_config config;

struct findings {
	struct boot_result *result;
	int cgroup_version; /* 0: none found */
	bool cgroup_writable;
	char yama[16]; /* of ptrace_scope; "" where there is no Yama */
	struct utsname uts;
	bool safe;
};

static int probe(struct findings *found, struct error *error)
{
	static char word[] = "true", name[] = "check";
	char *argv[] = {name, word, NULL};
	struct monitor monitor = {.timeout = PROBE_SECONDS};
	struct sandbox sandbox;
	int ret;

	if (run_options_parse(&options, 2, argv) < 0)
		return -1;
	if (run_config_init(&config, &options, error) < 0)
		return -1;
	config.boot.flags |= BOOT_PROBE;
	if (monitor_init(error) < 0 ||
		sandbox_start(&sandbox, &config.launch, error) < 0)
		return -1;
	ret = monitor_run(&monitor, &sandbox, error);
	sandbox_end(&sandbox);
	if (ret < 0)
		return -1;
	found->result = monitor.result;
	if (found->result->outcome == BOOT_FAILED &&
		found->result->probe_count == 0) {
		text_escape(found->result->message, error->text,
			sizeof(error->text));
		return -1;
	}
	return 0;
}

static void read_line(const char *path, char *line, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, line, size - 1);

	line[got > 0 ? got : 0] = 0;
	line[strcspn(line, "\n")] = 0;
	if (fd >= 0)
		close(fd);
}

static void look_around(struct findings *found)
{
	uname(&found->uts);
	read_line("/proc/sys/kernel/yama/ptrace_scope", found->yama,
		sizeof(found->yama));
	if (access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0) {
		found->cgroup_version = 2;
		found->cgroup_writable = access("/sys/fs/cgroup/cgroup.procs",
						 W_OK) == 0;
	} else if (access("/sys/fs/cgroup/memory", F_OK) == 0) {
		found->cgroup_version = 1;
		found->cgroup_writable = access("/sys/fs/cgroup/memory",
						 W_OK) == 0;
	}
}

/* Without these a guest is not held at all, whatever else stands. */
static bool is_safe(const struct boot_result *result)
{
	bool platform = false;

	for (uint32_t i = 0; i < result->probe_count; i++)
		platform |= result->probes[i].error == 0;
	return platform && wall_is_up(&result->walls, WALL_SECCOMP) &&
	       wall_is_up(&result->walls, WALL_NO_CAPS) &&
	       wall_is_up(&result->walls, WALL_NO_NEW_PRIVS);
}

/* What somebody holds who has taken over the sentry on this host. */
static const char *lost_sentry(const struct walls *walls)
{
	bool user = wall_is_up(walls, WALL_USER_NS);
	bool other = wall_is_up(walls, WALL_OTHER_UID);
	bool files = wall_is_up(walls, WALL_EMPTY_ROOT) ||
		     wall_is_up(walls, WALL_LANDLOCK);

	if (user && other && files)
		return "a process without rights, files or network, under a "
		       "host uid that owns nothing, behind the allow-list";
	if (user && files)
		return "a process of your uid, but in namespaces without "
		       "files or network, behind the allow-list";
	if (files)
		return "your own account, less the files: only Landlock or an "
		       "empty root and the allow-list are in the way";
	return "your own account: the allow-list of host calls is the one "
	       "wall left";
}

static void print_text(const struct findings *found)
{
	const struct boot_result *result = found->result;
	char why[BOOT_TEXT_MAX * 4 + 1], name[BOOT_TEXT_MAX * 4 + 1];

	printf("host: Linux %s, uid %u\n", found->uts.release, getuid());
	for (uint32_t i = 0; i < result->probe_count; i++) {
		text_escape(result->probes[i].platform, name, sizeof(name));
		text_escape(result->probes[i].why, why, sizeof(why));
		printf("platform %s: %s%s%s\n", name,
			result->probes[i].error ? "no" : "yes",
			*why ? ", " : "", why);
	}
	for (enum wall w = 0; w < WALL_COUNT; w++) {
		int error = result->walls.error[w];

		if (wall_is_up(&result->walls, w))
			printf("wall %s: yes\n", wall_name(w));
		else
			printf("wall %s: no (%s): %s\n", wall_name(w),
				error ? strerror(error) : "not tried",
				wall_meaning(w));
	}
	printf("host calls allowed to the sentry: %u\n", result->walls.calls);
	if (found->yama[0])
		printf("Yama ptrace_scope: %s\n", found->yama);
	if (found->cgroup_version)
		printf("cgroups: version %d, %s\n", found->cgroup_version,
			found->cgroup_writable ? "writable" : "not writable");
	else
		printf("cgroups: none: no limit on the memory of the whole "
		       "sandbox\n");
	printf("a lost sentry would be: %s\n", lost_sentry(&result->walls));
	printf("%s\n", found->safe ? "sandbox run works here"
				   : "NOTHING SAFE CAN RUN HERE");
}

static void print_json(const struct findings *found)
{
	const struct boot_result *result = found->result;
	json_t *platforms = json_array(), *walls = json_array(), *root;
	char why[BOOT_TEXT_MAX * 4 + 1], name[BOOT_TEXT_MAX * 4 + 1];

	for (uint32_t i = 0; i < result->probe_count; i++) {
		text_escape(result->probes[i].platform, name, sizeof(name));
		text_escape(result->probes[i].why, why, sizeof(why));
		json_array_append_new(platforms,
			json_pack("{s:s, s:b, s:s}", "name", name, "works",
				result->probes[i].error == 0, "why", why));
	}
	for (enum wall w = 0; w < WALL_COUNT; w++)
		json_array_append_new(walls,
			json_pack("{s:s, s:b, s:s, s:s}", "wall", wall_name(w),
				"in_force", wall_is_up(&result->walls, w),
				"why",
				result->walls.error[w]
					? strerror(result->walls.error[w])
					: "",
				"lack_costs", wall_meaning(w)));
	root = json_pack("{s:s, s:i, s:o, s:o, s:i, s:s, s:i, s:b, s:s, s:b}",
		"kernel", found->uts.release, "uid", (int)getuid(), "platforms",
		platforms, "walls", walls, "host_calls_allowed",
		(int)result->walls.calls, "yama_ptrace_scope", found->yama,
		"cgroup_version", found->cgroup_version, "cgroup_writable",
		found->cgroup_writable, "lost_sentry",
		lost_sentry(&result->walls), "safe", found->safe);
	if (!root)
		return;
	json_dumpf(root, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(root);
}

static void print_brief(const struct findings *found)
{
	printf("walls in force: ");
	walls_print(&found->result->walls, stdout);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	int *form = state->input;

	if (key != 'j' && key != 'b')
		return ARGP_ERR_UNKNOWN;
	*form = key;
	return 0;
}

int cmd_check(int argc, char **argv)
{
	static const struct argp_option table[] = {
		{"json", 'j', 0, 0, "print JSON", 0},
		{"brief", 'b', 0, 0, "print the walls in one line", 0},
		{0},
	};
	static const struct argp argp = {
		.options = table,
		.parser = parse,
		.doc = "Says what this host offers, what each lack costs, and "
		       "what a lost sentry would mean here. Exit status 1 if "
		       "nothing safe can run.",
	};
	static char name[] = "sandbox check";
	struct findings found = {0};
	struct error error = {0};
	int form = 0;

	argv[0] = name;
	argp_err_exit_status = EXIT_OURS;
	if (argp_parse(&argp, argc, argv, 0, NULL, &form) != 0)
		return EXIT_OURS;
	if (probe(&found, &error) < 0) {
		if (error.text[0])
			fprintf(stderr, "sandbox: %s\n", error.text);
		printf("NOTHING SAFE CAN RUN HERE\n");
		return 1;
	}
	look_around(&found);
	found.safe = is_safe(found.result);
	if (form == 'j')
		print_json(&found);
	else if (form == 'b')
		print_brief(&found);
	else
		print_text(&found);
	boot_result_destroy(found.result);
	run_config_finish(&config);
	return found.safe ? 0 : 1;
}
