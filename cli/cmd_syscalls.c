/*
 * sandbox syscalls: what each system call does here.
 *
 * Everything comes from sentry/syscalls/table.def, compiled in without the
 * handlers, so that the list works without a sentry and cannot differ from
 * what the sentry does. The same file is the source of docs/syscalls.md and
 * sandbox-syscalls(7): tools/gen-syscalls-doc.
 */
#include "cli/cmd_syscalls.h"

#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sentry/syscalls/types.h"

/* Of Linux; up to here the table is complete. */
#define TABLE_VERSION "6.18"

static const char *support_name(enum support support)
{
	switch (support) {
	case SUPPORT_FULL:
		return "FULL";
	case SUPPORT_PART:
		return "PART";
	case SUPPORT_NONE:
		return "NONE";
	}
	return "?";
}

static const char *error_name(int error)
{
	const char *name = strerrorname_np(error);

	return name != NULL ? name : "?";
}

/* Is it among the names asked for? All are if none was. */
static bool wanted(const struct sysent *entry, char *const names[], int count)
{
	for (int i = 0; i < count; i++) {
		if (strcmp(entry->name, names[i]) == 0)
			return true;
	}
	return count == 0;
}

static void count_support(int counts[3])
{
	counts[0] = counts[1] = counts[2] = 0;
	for (long nr = 0; nr < sysent_limit(); nr++) {
		const struct sysent *entry = sysent_find(nr);

		if (entry != NULL)
			counts[entry->support]++;
	}
}

/* What stands behind the support level: the error, the note, or both. */
static void print_remark(const struct sysent *entry)
{
	const char *separator = "";

	if (entry->support == SUPPORT_NONE) {
		printf("%s", error_name(entry->error));
		separator = ": ";
	}
	if (entry->note[0] != '\0')
		printf("%s%s", separator, entry->note);
}

/* ---- The forms ------------------------------------------------------------
 */

static void print_table(char *const names[], int count)
{
	int counts[3];

	for (long nr = 0; nr < sysent_limit(); nr++) {
		const struct sysent *entry = sysent_find(nr);

		if (entry == NULL || !wanted(entry, names, count))
			continue;
		printf("%3ld  %-24s  %s", nr, entry->name,
			support_name(entry->support));
		if (entry->support == SUPPORT_NONE || entry->note[0] != '\0')
			printf("  ");
		print_remark(entry);
		printf("\n");
	}
	if (count != 0)
		return;
	count_support(counts);
	printf("%d full, %d in part, %d not there (Linux %s has %d)\n",
		counts[SUPPORT_FULL], counts[SUPPORT_PART],
		counts[SUPPORT_NONE], TABLE_VERSION,
		counts[0] + counts[1] + counts[2]);
}

static int print_json(char *const names[], int count)
{
	json_t *list = json_array();
	int ret;

	for (long nr = 0; nr < sysent_limit(); nr++) {
		const struct sysent *entry = sysent_find(nr);
		json_t *object;

		if (entry == NULL || !wanted(entry, names, count))
			continue;
		object = json_pack("{s:I, s:s, s:s}", "number", (json_int_t)nr,
			"name", entry->name, "support",
			support_name(entry->support));
		if (entry->support == SUPPORT_NONE)
			json_object_set_new(object, "error",
				json_string(error_name(entry->error)));
		if (entry->note[0] != '\0')
			json_object_set_new(
				object, "note", json_string(entry->note));
		json_array_append_new(list, object);
	}
	ret = json_dumpf(list, stdout, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
	json_decref(list);
	printf("\n");
	return ret == 0 ? 0 : -1;
}

static void print_markdown(void)
{
	int counts[3];

	count_support(counts);
	printf("<!-- Made by tools/gen-syscalls-doc from "
	       "sentry/syscalls/table.def: do not edit. -->\n"
	       "# System calls\n\n"
	       "Every x86-64 system call of Linux " TABLE_VERSION
	       ": %d are there in full, %d in part, %d not.\n\n",
		counts[SUPPORT_FULL], counts[SUPPORT_PART],
		counts[SUPPORT_NONE]);
	printf("- **FULL**: as Linux, with tests for each error that can be "
	       "provoked.\n"
	       "- **PART**: works; the note says what does not.\n"
	       "- **NONE**: answers the error named. Numbers that Linux does "
	       "not use answer `ENOSYS`.\n\n"
	       "| number | name | support | answers | note |\n"
	       "|---:|---|---|---|---|\n");
	for (long nr = 0; nr < sysent_limit(); nr++) {
		const struct sysent *entry = sysent_find(nr);

		if (entry == NULL)
			continue;
		printf("| %ld | `%s` | %s | %s | %s |\n", nr, entry->name,
			support_name(entry->support),
			entry->support == SUPPORT_NONE
				? error_name(entry->error)
				: "",
			entry->note);
	}
}

/* Text for roff: a hyphen that stays one, no escape, no command. */
static void print_roff(const char *s)
{
	if (*s == '.' || *s == '\'')
		fputs("\\&", stdout);
	for (; *s != '\0'; s++) {
		if (*s == '-' || *s == '\\')
			putchar('\\');
		putchar(*s);
	}
}

static void print_man(void)
{
	int counts[3];

	count_support(counts);
	printf(".\\\" Made by tools/gen-syscalls-doc from "
	       "sentry/syscalls/table.def: do not edit.\n"
	       ".TH SANDBOX-SYSCALLS 7 \"\" sandbox \"System calls\"\n"
	       ".SH NAME\n"
	       "sandbox-syscalls \\- the system calls that sandbox "
	       "implements\n"
	       ".SH DESCRIPTION\n"
	       "Of the %d system calls of Linux " TABLE_VERSION
	       " on x86-64, %d are\n"
	       "there in full, %d in part and %d not.\n",
		counts[0] + counts[1] + counts[2], counts[SUPPORT_FULL],
		counts[SUPPORT_PART], counts[SUPPORT_NONE]);
	printf(".TP\n.B FULL\n"
	       "as Linux, with tests for each error that can be provoked\n"
	       ".TP\n.B PART\n"
	       "works; the note says what does not\n"
	       ".TP\n.B NONE\n"
	       "answers the error named. Numbers that Linux does not use "
	       "answer ENOSYS.\n"
	       ".SH CALLS\n");
	for (long nr = 0; nr < sysent_limit(); nr++) {
		const struct sysent *entry = sysent_find(nr);

		if (entry == NULL)
			continue;
		printf(".TP\n.BR %s \" (%ld) %s\"\n", entry->name, nr,
			support_name(entry->support));
		if (entry->support == SUPPORT_NONE)
			printf("%s", error_name(entry->error));
		if (entry->support == SUPPORT_NONE && entry->note[0] != '\0')
			printf(": ");
		print_roff(entry->note);
		printf("\n");
	}
	printf(".SH SEE ALSO\n"
	       ".BR sandbox (1),\n.BR syscalls (2)\n");
}

/* ---- The command -----------------------------------------------------------
 */

static void usage(FILE *out)
{
	fputs("Usage: sandbox syscalls [--json | --markdown | --man] "
	      "[NAME...]\n"
	      "Lists the system calls: number, name, support (FULL, PART, "
	      "NONE) and what is\nmissing. With names, only those.\n",
		out);
}

static bool names_exist(char *const names[], int count)
{
	for (int i = 0; i < count; i++) {
		bool found = false;

		for (long nr = 0; nr < sysent_limit() && !found; nr++) {
			const struct sysent *entry = sysent_find(nr);

			found = entry != NULL &&
				strcmp(entry->name, names[i]) == 0;
		}
		if (!found) {
			fprintf(stderr,
				"sandbox: syscalls: no system call is named "
				"'%s'\n",
				names[i]);
			return false;
		}
	}
	return true;
}

int cmd_syscalls(int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},
		{"markdown", no_argument, NULL, 'm'},
		{"man", no_argument, NULL, 'n'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int form = 't';
	int ret = 0;
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (c == 'h') {
			usage(stdout);
			return 0;
		}
		if (c == '?') {
			usage(stderr);
			return 125;
		}
		form = c;
	}
	argc -= optind;
	argv += optind;
	if (!names_exist(argv, argc))
		return 125;
	switch (form) {
	case 'j':
		ret = print_json(argv, argc);
		break;
	case 'm':
		print_markdown();
		break;
	case 'n':
		print_man();
		break;
	default:
		print_table(argv, argc);
	}
	if (ret < 0 || fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "sandbox: syscalls: cannot write: %m\n");
		return 125;
	}
	return 0;
}
