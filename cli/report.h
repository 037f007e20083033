/* What a run has to say for itself: --json. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "boot.h"
#include "cli/run_config.h"

#include <stdbool.h>
#include <stdio.h>

struct report {
	const struct run_config *config;
	const struct boot_result *result; /* NULL: we failed */
	const char *failure;              /* our own, or NULL */
	int exit_code;
	int signal; /* that ended the program, or 0 */
	bool timed_out;
	double duration_ms;
};

/* One JSON object and a newline. 0 or -1. */
int report_write(const struct report *report, FILE *out);

/* The walls of a bitmap, for people: "user, pid, ... (missing: landlock)". */
void walls_print(const struct walls *walls, FILE *out);

#endif
