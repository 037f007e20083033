/* What `sandbox check` asks a sentry: which platforms can run here. */
#ifndef SENTRY_PROBE_H
#define SENTRY_PROBE_H

#include "boot.h"

/* Fills in result->probes. Forks: before the allow-list is installed. */
void probe_platforms(struct boot_result *result);

#endif
