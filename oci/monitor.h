/*
 * Watching a running sandbox until its program is done, its time is up, or
 * one of our processes is gone.
 */
#ifndef OCI_MONITOR_H
#define OCI_MONITOR_H

#include "oci/launch.h"

struct monitor {
	double timeout; /* seconds, then SIGTERM; 0: none */
	/* out */
	bool timed_out;
	struct boot_result *result; /* owned by the caller; NULL on failure */
};

/*
 * Blocks the signals that monitor_run() takes over. Before sandbox_start(),
 * so that none is lost; 0 or -1 with error set.
 */
int monitor_init(struct error *error);

/*
 * Passes signals on and waits for the result. -1 with error set when one of
 * our processes failed; in any case sandbox_end() is left to the caller.
 */
int monitor_run(
	struct monitor *monitor, struct sandbox *sandbox, struct error *error);

#endif
