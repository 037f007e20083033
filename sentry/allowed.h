/* The host calls of a running sentry. */
#ifndef SENTRY_ALLOWED_H
#define SENTRY_ALLOWED_H

#include "lib/lockdown.h"

/* Installs the allow-list for all threads. platform: its name. */
void sentry_lock_down(struct walls *walls, const char *platform);

#endif
