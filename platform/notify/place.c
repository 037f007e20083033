/*
 * Where new threads and images start.
 *
 * The host puts a forked task, and one that executes, on the idlest
 * processor, which then has to be woken: that costs more than the rest of the
 * fork, and the leader follows. Nearly always the new task is about to make
 * calls of us. So for the length of a clone or an exec the thread may run on
 * the leader's processor only, and the child inherits that; afterwards both
 * may run where they could before, and the host spreads them if they stay
 * busy.
 */
#include "platform/notify/internal.h"

#include <sched.h>

void place_near(struct notify_thread *t)
{
	cpu_set_t here;
	int cpu = sched_getcpu();

	if (t->placed || cpu < 0 || cpu >= CPU_SETSIZE)
		return;
	if (sched_getaffinity(t->base.host_tid, sizeof(t->cpus), &t->cpus) < 0)
		return;
	if (!CPU_ISSET(cpu, &t->cpus) || CPU_COUNT(&t->cpus) == 1)
		return;
	CPU_ZERO(&here);
	CPU_SET(cpu, &here);
	t->placed = sched_setaffinity(t->base.host_tid, sizeof(here), &here) ==
		    0;
}

/* child may be NULL. */
void place_free(struct notify_thread *t, struct notify_thread *child)
{
	if (!t->placed)
		return;
	t->placed = false;
	sched_setaffinity(t->base.host_tid, sizeof(t->cpus), &t->cpus);
	if (child != NULL)
		sched_setaffinity(
			child->base.host_tid, sizeof(t->cpus), &t->cpus);
}
