/*
 * The report of a run in JSON.
 *
 * Texts in a result come from a sentry that may be lost, and their first
 * source is the guest: whatever is not printable ASCII is escaped before it
 * gets near a terminal or a JSON reader.
 */
#include "cli/report.h"

#include "lib/checked.h"
#include "sentry/syscalls/types.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <sys/resource.h>

static json_t *text(const char *from)
{
	char escaped[BOOT_MESSAGE_MAX * 4 + 1];

	text_escape(from ? from : "", escaped, sizeof(escaped));
	return json_string(escaped);
}

static json_t *walls_json(const struct walls *walls)
{
	json_t *up = json_array(), *missing = json_array();

	for (enum wall w = 0; w < WALL_COUNT; w++) {
		if (wall_is_up(walls, w)) {
			json_array_append_new(up, json_string(wall_name(w)));
			continue;
		}
		json_array_append_new(missing,
			json_pack("{s:s, s:s, s:s}", "wall", wall_name(w),
				"why",
				walls->error[w] ? strerror(walls->error[w])
						: "not tried",
				"costs", wall_meaning(w)));
	}
	return json_pack("{s:o, s:o, s:i}", "in_force", up, "missing", missing,
		"host_calls_allowed", (int)walls->calls);
}

static json_t *counts_json(const struct boot_result *result)
{
	json_t *calls = json_object(), *call;
	char number[24];

	for (uint32_t i = 0; result && i < result->count_count; i++) {
		const struct boot_count *count = &result->counts[i];
		const struct sysent *entry = sysent_find(count->nr);
		const char *name = entry ? entry->name : NULL;
		const char *error = count->error ? strerrorname_np(count->error)
						 : "ok";

		if (!name) {
			snprintf(number, sizeof(number), "call_%u", count->nr);
			name = number;
		}
		call = json_object_get(calls, name);
		if (!call) {
			call = json_object();
			json_object_set_new(calls, name, call);
		}
		json_object_set_new(call, error ? error : "other",
			json_integer((json_int_t)count->count));
	}
	return calls;
}

static json_t *denied_json(const struct boot_result *result)
{
	json_t *denied = json_array();

	for (uint32_t i = 0; result && i < result->denied_count; i++)
		json_array_append_new(
			denied, json_pack("{s:o, s:o, s:o}", "what",
					text(result->denied[i].what), "rule",
					text(result->denied[i].rule), "hint",
					text(result->denied[i].hint)));
	return denied;
}

static json_t *hidden_json(const struct run_config *config)
{
	json_t *hidden = json_array();

	for (size_t i = 0; i < config->hidden_count; i++)
		json_array_append_new(hidden, text(config->hidden[i]));
	return hidden;
}

static json_t *limits_json(const struct boot_limits *limits)
{
	return json_pack("{s:i, s:i, s:I}", "tasks", (int)limits->tasks,
		"descriptors", (int)limits->nofile_hard, "memory_files_bytes",
		(json_int_t)limits->memory_files);
}

/* The sentry's own figures, or what the host counted for all of ours. */
static void put_usage(json_t *root, const struct boot_result *result)
{
	struct rusage usage;
	json_int_t cpu, rss;

	getrusage(RUSAGE_CHILDREN, &usage);
	cpu = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
	      (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
	rss = usage.ru_maxrss;
	if (result) {
		cpu = MAX(cpu, (json_int_t)(result->cpu_us / 1000));
		rss = MAX(rss, (json_int_t)result->maxrss_kib);
	}
	json_object_set_new(root, "cpu_ms", json_integer(cpu));
	json_object_set_new(root, "max_rss_kib", json_integer(rss));
}

int report_write(const struct report *r, FILE *out)
{
	const struct boot_result *result = r->result;
	json_t *root = json_pack("{s:i, s:o, s:b, s:f}", "exit_code",
		r->exit_code, "signal",
		r->signal ? json_integer(r->signal) : json_null(), "timed_out",
		r->timed_out, "duration_ms", r->duration_ms);
	int ret;

	if (!root)
		return -1;
	put_usage(root, result);
	if (r->failure)
		json_object_set_new(root, "failure", text(r->failure));
	json_object_set_new(root, "platform",
		result ? text(result->platform) : json_null());
	if (result && result->platform_why[0])
		json_object_set_new(
			root, "platform_why", text(result->platform_why));
	json_object_set_new(root, "syscalls", counts_json(result));
	json_object_set_new(root, "denied", denied_json(result));
	json_object_set_new(root, "tasks_peak",
		json_integer(result ? result->tasks_peak : 0));
	json_object_set_new(
		root, "limits", limits_json(&r->config->boot.limits));
	json_object_set_new(root, "hidden", hidden_json(r->config));
	json_object_set_new(root, "walls",
		result ? walls_json(&result->walls) : json_null());
	ret = json_dumpf(root, out, JSON_COMPACT);
	json_decref(root);
	return ret < 0 || fputc('\n', out) == EOF ? -1 : 0;
}

void walls_print(const struct walls *walls, FILE *out)
{
	unsigned int missing = 0;

	for (enum wall w = 0; w < WALL_COUNT; w++)
		if (wall_is_up(walls, w))
			fprintf(out, "%s%s", w ? " " : "", wall_name(w));
	for (enum wall w = 0; w < WALL_COUNT; w++)
		if (!wall_is_up(walls, w))
			fprintf(out, "%s%s",
				missing++ ? " " : "; missing: ", wall_name(w));
	fputc('\n', out);
}
