/*
 * Starting a sandbox: a gofer, a sentry, and on first use a procfs broker.
 *
 *	launcher ─┬─ gofer    outside of the sandbox's namespaces; as root in a
 *	          │           mount namespace of its own, read-only where it can
 *	          ├─ sentry   first process of the new namespaces; its stubs are
 *	          │           its children
 *	          └─ broker   in the sentry's user and PID namespace
 *
 * Each of them dies with the launcher (PDEATHSIG), and the launcher is the
 * subreaper of everything: sandbox_end() leaves no process behind.
 */
#ifndef OCI_LAUNCH_H
#define OCI_LAUNCH_H

#include "boot.h"
#include "oci/error.h"

#include <stdbool.h>
#include <sys/types.h>

struct sandbox {
	pid_t sentry; /* 0: not started, or reaped */
	pid_t gofer;
	pid_t broker;
	int sentry_pidfd;  /* -1 as all of them where there is none */
	int boot;          /* our end of the boot socket */
	int broker_socket; /* both ends until the broker has one */
	struct walls walls;
};

struct launch {
	struct boot_config *config; /* fds of log and strace set; others -1 */
	const void *gofer_config;   /* as gofer.h says */
	size_t gofer_config_size;
	/*
	 * Host paths that stay writable for a gofer that is root; everything
	 * else is read-only for it. NULL-terminated.
	 */
	const char *const *writable;
};

/*
 * Starts gofer and sentry and sends the configuration. On failure everything
 * is ended again.
 */
int sandbox_start(
	struct sandbox *sandbox, struct launch *launch, struct error *error);

/* The broker's socket has its first request. */
int sandbox_start_broker(struct sandbox *sandbox, struct error *error);

/* Kills and reaps every process of ours; closes the sockets. Bounded in time.
 */
void sandbox_end(struct sandbox *sandbox);

#endif
