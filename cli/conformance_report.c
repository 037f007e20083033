/*
 * The reports of `sandbox conformance`: for people a table by family and each
 * difference as native against sandboxed; for machines JSON, JUnit and TAP.
 * Only case_relation() decides what a result means.
 */
#include "cli/conformance.h"

#include <errno.h>
#include <fnmatch.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const char *verdict_word(enum verdict verdict)
{
	static const char *const words[] = {
		[NOT_RUN] = "not run",
		[PASS] = "pass",
		[FAIL] = "fail",
		[SKIPPED] = "skip",
		[CRASH] = "crash",
		[TIMED_OUT] = "timeout",
	};

	return words[verdict];
}

static const char *relation_word(enum relation relation)
{
	static const char *const words[] = {
		[ASIDE] = "aside",
		[AGREE] = "agree",
		[DIFFER] = "differ",
		[CRASHED] = "crash",
	};

	return words[relation];
}

static const char *text_of(const char *text)
{
	return text ? text : "";
}

enum relation case_relation(const struct test_case *c, int target)
{
	const struct outcome *native = &c->on[0];
	const struct outcome *on = &c->on[target];

	if (native->verdict != PASS)
		return ASIDE;
	switch (on->verdict) {
	case PASS:
		return strcmp(text_of(native->values), text_of(on->values))
			       ? DIFFER
			       : AGREE;
	case FAIL:
	case SKIPPED:
		return DIFFER;
	default:
		return CRASHED;
	}
}

const struct known *case_known(
	const struct conformance *run, const struct test_case *c, int target)
{
	const struct target *t = &run->targets[target];

	if (!t->ours)
		return NULL;
	for (size_t i = 0; i < run->known_count; i++)
		if (fnmatch(run->known[i].pattern, c->name, 0) == 0 &&
			fnmatch(run->known[i].target, t->name, 0) == 0)
			return &run->known[i];
	return NULL;
}

static bool is_difference(const struct test_case *c, int target)
{
	enum relation relation = case_relation(c, target);

	return relation == DIFFER || relation == CRASHED;
}

size_t count_unexpected(const struct conformance *run, int target)
{
	size_t count = 0;

	for (size_t i = 0; i < run->case_count; i++)
		if (is_difference(&run->cases[i], target) &&
			!case_known(run, &run->cases[i], target))
			count++;
	return count;
}

static bool failed_natively(const struct test_case *c)
{
	return c->on[0].verdict != PASS && c->on[0].verdict != SKIPPED;
}

size_t count_native_failures(const struct conformance *run)
{
	size_t count = 0;

	for (size_t i = 0; i < run->case_count; i++)
		count += failed_natively(&run->cases[i]);
	return count;
}

int family_length(const char *name)
{
	return (int)strcspn(name, "/");
}

/* ---- the table -------------------------------------------------------- */

struct sums {
	size_t cases, by[CRASHED + 1], known;
	long ms;
};

static void add_to(struct sums *s, const struct conformance *run,
	const struct test_case *c, int target)
{
	s->cases++;
	s->by[case_relation(c, target)]++;
	s->ms += c->on[target].ms;
	if (is_difference(c, target) && case_known(run, c, target))
		s->known++;
}

static void print_sums(
	FILE *out, int width, const char *name, const struct sums *s)
{
	fprintf(out, "%-14.*s %6zu %6zu %6zu %6zu %6zu %6zu %8.1f s\n", width,
		name, s->cases, s->by[AGREE], s->by[DIFFER], s->by[CRASHED],
		s->known, s->by[ASIDE], s->ms / 1000.0);
}

static bool same_family(const char *a, const char *b)
{
	return strncmp(a, b, family_length(a) + 1) == 0;
}

void report_table(const struct conformance *run, int target, FILE *out)
{
	struct sums all = {0};
	struct sums one = {0};
	size_t unexpected = count_unexpected(run, target);

	fprintf(out, "%-14s %6s %6s %6s %6s %6s %6s %10s\n",
		run->targets[target].name, "cases", "agree", "differ", "crash",
		"known", "aside", "time");
	for (size_t i = 0; i < run->case_count; i++) {
		const struct test_case *c = &run->cases[i];

		add_to(&all, run, c, target);
		add_to(&one, run, c, target);
		if (i + 1 < run->case_count &&
			same_family(c->name, run->cases[i + 1].name))
			continue;
		print_sums(out, family_length(c->name), c->name, &one);
		memset(&one, 0, sizeof(one));
	}
	print_sums(out, 5, "total", &all);
	if (target == 0)
		return;
	fprintf(out, "%zu unexpected difference%s on %s\n", unexpected,
		unexpected == 1 ? "" : "s", run->targets[target].name);
}

/* ---- differences ------------------------------------------------------ */

/* One "FILE:LINE EXPRESSION|GOT|WANT"; WANT is what Linux does. */
static void print_bad(FILE *out, const char *line, int size, const char *where)
{
	const char *got = memchr(line, '|', size);
	const char *want = got ? memchr(got + 1, '|', size - (got + 1 - line))
			       : NULL;

	if (!want) {
		fprintf(out, "    %.*s\n", size, line);
		return;
	}
	fprintf(out, "    %.*s\n", (int)(got - line), line);
	fprintf(out, "        %-10s %.*s\n", "Linux",
		(int)(size - (want + 1 - line)), want + 1);
	fprintf(out, "        %-10s %.*s\n", where, (int)(want - got - 1),
		got + 1);
}

static void print_outcome(
	FILE *out, const struct outcome *on, const char *where)
{
	const char *line = text_of(on->bad);

	while (*line) {
		int size = (int)strcspn(line, "\n");

		print_bad(out, line, size, where);
		line += size + (line[size] == '\n');
	}
	if (on->why || on->verdict == TIMED_OUT)
		fprintf(out, "    %s: %s\n", verdict_word(on->verdict),
			text_of(on->why));
}

static void print_values(FILE *out, const char *where, const char *values)
{
	const char *line = text_of(values);

	while (*line) {
		int size = (int)strcspn(line, "\n");

		fprintf(out, "        %-10s %.*s\n", where, size, line);
		line += size + (line[size] == '\n');
	}
}

void report_differences(const struct conformance *run, int target, FILE *out)
{
	const char *where = run->targets[target].name;

	for (size_t i = 0; i < run->case_count; i++) {
		const struct test_case *c = &run->cases[i];
		const struct known *known = case_known(run, c, target);
		const struct outcome *on = &c->on[target];

		if (known || !is_difference(c, target))
			continue;
		fprintf(out, "%s: %s\n", c->name,
			relation_word(case_relation(c, target)));
		print_outcome(out, on, where);
		if (on->verdict == PASS) {
			print_values(out, "native", c->on[0].values);
			print_values(out, where, on->values);
		}
	}
}

void report_known(const struct conformance *run, int target, FILE *out)
{
	for (size_t k = 0; k < run->known_count; k++) {
		const struct known *known = &run->known[k];
		size_t cases = 0;
		size_t agree = 0;

		for (size_t i = 0; i < run->case_count; i++) {
			const struct test_case *c = &run->cases[i];

			if (case_known(run, c, target) != known)
				continue;
			cases++;
			agree += case_relation(c, target) == AGREE;
		}
		if (agree)
			fprintf(out, "known failure %s: %zu of %zu agree now\n",
				known->pattern, agree, cases);
	}
}

void report_native_failures(const struct conformance *run, FILE *out)
{
	for (size_t i = 0; i < run->case_count; i++) {
		const struct test_case *c = &run->cases[i];

		if (!failed_natively(c))
			continue;
		fprintf(out, "%s: set aside, does not pass natively\n",
			c->name);
		print_outcome(out, &c->on[0], "here");
	}
}

/* Families down, targets across: how many of the valid cases agree. */
void report_comparison(const struct conformance *run, FILE *out)
{
	size_t valid = 0;
	size_t agree[CONF_TARGETS] = {0};

	fprintf(out, "%-14s %6s", "agree", "cases");
	for (int t = 1; t < run->target_count; t++)
		fprintf(out, " %10.10s", run->targets[t].name);
	fputc('\n', out);
	for (size_t i = 0; i < run->case_count; i++) {
		const char *name = run->cases[i].name;

		valid += run->cases[i].on[0].verdict == PASS;
		for (int t = 1; t < run->target_count; t++)
			agree[t] += case_relation(&run->cases[i], t) == AGREE;
		if (i + 1 < run->case_count &&
			same_family(name, run->cases[i + 1].name))
			continue;
		fprintf(out, "%-14.*s %6zu", family_length(name), name, valid);
		for (int t = 1; t < run->target_count; t++)
			fprintf(out, " %10zu", agree[t]);
		fputc('\n', out);
		valid = 0;
		memset(agree, 0, sizeof(agree));
	}
}

/* ---- for machines ----------------------------------------------------- */

void report_tap(const struct conformance *run, FILE *out)
{
	int target = run->target_count > 1 ? 1 : 0;

	fprintf(out, "TAP version 13\n1..%zu\n", run->case_count);
	for (size_t i = 0; i < run->case_count; i++) {
		const struct test_case *c = &run->cases[i];
		const struct known *known = case_known(run, c, target);
		bool bad = target ? is_difference(c, target)
				  : failed_natively(c);
		bool aside = c->on[0].verdict != PASS;

		fprintf(out, "%s %zu - %s", bad ? "not ok" : "ok", i + 1,
			c->name);
		if (aside && !bad)
			fprintf(out, " # SKIP %s", text_of(c->on[0].why));
		else if (bad && known)
			fprintf(out, " # TODO %s", known->reason);
		fputc('\n', out);
	}
}

static json_t *json_outcome(const struct outcome *on)
{
	json_t *o = json_pack("{s:s, s:I}", "result", verdict_word(on->verdict),
		"ms", (json_int_t)on->ms);

	if (on->why)
		json_object_set_new(o, "why", json_string(on->why));
	if (on->bad)
		json_object_set_new(o, "failed", json_string(on->bad));
	if (on->values)
		json_object_set_new(o, "values", json_string(on->values));
	return o;
}

static json_t *json_case(
	const struct conformance *run, const struct test_case *c)
{
	json_t *o = json_pack("{s:s, s:o}", "name", c->name, "native",
		json_outcome(&c->on[0]));
	json_t *on = json_object();

	for (int t = 1; t < run->target_count; t++) {
		json_t *one = json_outcome(&c->on[t]);
		const struct known *known = case_known(run, c, t);

		json_object_set_new(one, "relation",
			json_string(relation_word(case_relation(c, t))));
		if (known)
			json_object_set_new(one, "known",
				json_pack("{s:s, s:s}", "reason", known->reason,
					"place", known->place));
		json_object_set_new(on, run->targets[t].name, one);
	}
	json_object_set_new(o, "targets", on);
	return o;
}

int report_json(const struct conformance *run, const char *path)
{
	json_t *cases = json_array();
	json_t *targets = json_object();
	json_t *all;
	int ret;

	for (size_t i = 0; i < run->case_count; i++)
		json_array_append_new(cases, json_case(run, &run->cases[i]));
	for (int t = 1; t < run->target_count; t++) {
		struct sums s = {0};

		for (size_t i = 0; i < run->case_count; i++)
			add_to(&s, run, &run->cases[i], t);
		json_object_set_new(targets, run->targets[t].name,
			json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
				"cases", (json_int_t)s.cases, "agree",
				(json_int_t)s.by[AGREE], "differ",
				(json_int_t)s.by[DIFFER], "crash",
				(json_int_t)s.by[CRASHED], "known",
				(json_int_t)s.known, "aside",
				(json_int_t)s.by[ASIDE], "unexpected",
				(json_int_t)count_unexpected(run, t)));
	}
	all = json_pack("{s:o, s:o}", "targets", targets, "cases", cases);
	ret = json_dump_file(all, path, JSON_INDENT(1));
	json_decref(all);
	return ret;
}

static void put_xml(FILE *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = *text;

		if (c == '&')
			fputs("&amp;", out);
		else if (c == '<')
			fputs("&lt;", out);
		else if (c == '>')
			fputs("&gt;", out);
		else if (c == '"')
			fputs("&quot;", out);
		else if (c == '\n')
			fputs("&#10;", out);
		else if (c >= ' ' && c < 0x7f)
			fputc(c, out);
		else
			fputc('?', out);
	}
}

static void put_element(FILE *out, const char *element, const char *message)
{
	fprintf(out, "   <%s message=\"", element);
	put_xml(out, message);
	fputs("\"/>\n", out);
}

static void junit_case(const struct conformance *run, const struct test_case *c,
	int target, FILE *out)
{
	const struct known *known = case_known(run, c, target);
	const struct outcome *on = &c->on[target];
	bool bad = target ? is_difference(c, target) : failed_natively(c);
	const char *point = strchr(c->name, '.');

	fprintf(out,
		"  <testcase classname=\"%.*s\" name=\"%s\" time=\"%.3f\">\n",
		(int)(point - c->name), c->name, point + 1, on->ms / 1000.0);
	if (bad && known)
		put_element(out, "skipped", known->reason);
	else if (bad)
		put_element(out, "failure",
			on->bad   ? on->bad
			: on->why ? on->why
				  : "recorded values differ");
	else if (c->on[0].verdict != PASS)
		put_element(out, "skipped", text_of(c->on[0].why));
	fputs("  </testcase>\n", out);
}

int report_junit(const struct conformance *run, const char *path)
{
	FILE *out = fopen(path, "we");
	int first = run->target_count > 1 ? 1 : 0;

	if (!out)
		return -1;
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n",
		out);
	for (int t = first; t < run->target_count; t++) {
		fprintf(out, " <testsuite name=\"conformance on ");
		put_xml(out, run->targets[t].name);
		fprintf(out, "\" tests=\"%zu\" failures=\"%zu\">\n",
			run->case_count,
			t ? count_unexpected(run, t)
			  : count_native_failures(run));
		for (size_t i = 0; i < run->case_count; i++)
			junit_case(run, &run->cases[i], t, out);
		fputs(" </testsuite>\n", out);
	}
	fputs("</testsuites>\n", out);
	return fclose(out) == 0 ? 0 : -1;
}
