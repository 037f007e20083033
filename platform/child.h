/* What every platform's first guest process does before its exec. */
#ifndef PLATFORM_CHILD_H
#define PLATFORM_CHILD_H

#include <sys/types.h>

/*
 * In the child: a session of its own, death with its parent, and no rights
 * that a guest could lose: no capabilities, none to gain, no core dumps, the
 * plain personality. lent_fd is the highest descriptor that will be lent to
 * it. 0 or -errno. All of it is inherited.
 */
int child_restrict(pid_t parent, int lent_fd);

#endif
