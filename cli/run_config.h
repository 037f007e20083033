/*
 * From the command line of `sandbox run` to what sentry and gofer are told.
 */
#ifndef CLI_RUN_CONFIG_H
#define CLI_RUN_CONFIG_H

#include "boot.h"
#include "cli/run_options.h"
#include "oci/error.h"
#include "oci/launch.h"

struct run_config {
	struct boot_config boot; /* see run_config_finish() for its pieces */
	struct launch launch;
	char *hidden[OPTIONS_MAX + 16]; /* owned; as told and as shown */
	size_t hidden_count;
	char *text; /* owned: the gofer's settings */
	size_t text_size;
	const char *writable[OPTIONS_MAX + 1]; /* borrowed from options */
	struct boot_mount mounts[OPTIONS_MAX + 2];
};

/*
 * Looks at every path named, as the caller may see it, and fills in config,
 * which points into options and must not be moved. -1 with error set.
 */
int run_config_init(struct run_config *config, struct run_options *options,
	struct error *error);
void run_config_finish(struct run_config *config);

#endif
