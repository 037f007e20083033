/* How tasks want to be scheduled: what is known of the host, inheritance. */
#include "sentry/kernel/sched.h"

#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
	bool known;
	size_t least, size;
	uint64_t mask[SCHED_CPU_WORDS];
} host;

/*
 * Asked when the first task is made: later the platform may have bound us to
 * one processor. The system call itself tells the sizes that the C library
 * hides: the least it takes, and how much it writes.
 */
static void ask_host(void)
{
	long ret = -1;

	if (host.known)
		return;
	host.known = true;
	for (host.least = 8; host.least < sizeof(host.mask); host.least += 8) {
		ret = syscall(SYS_sched_getaffinity, 0, host.least, host.mask);
		if (ret > 0)
			break;
	}
	ret = syscall(SYS_sched_getaffinity, 0, sizeof(host.mask), host.mask);
	if (ret > 0) {
		host.size = (size_t)ret;
	} else {
		host.size = 8;
		host.mask[0] = 1;
	}
}

const uint64_t *sched_host_affinity(void)
{
	ask_host();
	return host.mask;
}

size_t sched_cpumask_least(void)
{
	ask_host();
	return host.least;
}

size_t sched_cpumask_size(void)
{
	ask_host();
	return host.size;
}

void sched_init(struct task_sched *s)
{
	memset(s, 0, sizeof(*s));
	memcpy(s->affinity, sched_host_affinity(), sizeof(s->affinity));
}

void sched_inherit(struct task_sched *s, const struct task_sched *from)
{
	*s = *from;
	if (!from->reset_on_fork)
		return;
	s->reset_on_fork = false;
	if (s->policy == SCHED_FIFO || s->policy == SCHED_RR) {
		s->policy = SCHED_OTHER;
		s->rt_priority = 0;
		s->nice = 0;
	} else if (s->nice < 0) {
		s->nice = 0;
	}
}
