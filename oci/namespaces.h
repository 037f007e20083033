/*
 * Starting a process in namespaces of its own, as many as the host allows,
 * and giving it the ids it has there.
 */
#ifndef OCI_NAMESPACES_H
#define OCI_NAMESPACES_H

#include "lib/lockdown.h"

#include <sys/types.h>

/*
 * Forks into new user, PID, mount, network, IPC and UTS namespaces; where the
 * host refuses some, into those that remain, down to none. walls says which.
 * Returns as fork(), or -errno. pidfd is of the child, close-on-exec.
 */
pid_t namespaces_fork(struct walls *walls, int *pidfd);

/*
 * For the child's user namespace, by its parent: its uid and gid 0 become a
 * host id that nobody else has where we may choose, else our own.
 */
void namespaces_map(struct walls *walls, pid_t child);

/* The host id for a child when we may choose one. */
uid_t namespaces_host_id(pid_t child);

#endif
