/*
 * The hooks on the life of a call: trace lines and counters.
 *
 * A task has a line while a call of it is under way; the line hangs on the
 * task by a table of our own, so that the kernel knows nothing of it.
 */
#include "sentry/trace.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/checked.h"
#include "lib/hash.h"
#include "sentry/kernel/kernel.h"
#include "sentry/strace/strace.h"
#include "sentry/syscalls/types.h"

#define COUNT_BUCKETS 1024
#define LINE_BUCKETS  256

struct counter {
	uint32_t key; /* nr << 16 | errno, plus one; 0: free */
	uint64_t count;
};

struct traced {
	struct list node;
	int pid;
	struct strace_line line;
};

static struct counter counters[COUNT_BUCKETS];
static struct list lines[LINE_BUCKETS];
static int trace_fd = -1;
static bool counting;

static struct traced *line_of(int pid, bool create)
{
	struct list *head = &lines[(unsigned int)pid % LINE_BUCKETS];
	struct traced *traced;

	list_for_each(traced, head, node) if (traced->pid == pid) return traced;
	traced = create ? alloc_zero(traced) : NULL;
	if (!traced)
		return NULL;
	traced->pid = pid;
	list_add(head, &traced->node);
	return traced;
}

static void drop_line(struct traced *traced)
{
	list_del(&traced->node);
	free(traced);
}

static void on_begin(struct task *t)
{
	const struct call *call = &t->call;
	struct traced *traced;

	if (trace_fd < 0)
		return;
	traced = line_of(t->pid, true);
	if (traced)
		strace_enter(&traced->line, t->pid, t->mm,
			sysent_find(call->nr), call->nr, call->args);
}

/* Open addressing; when all places are taken the rest is not counted. */
static void count(long nr, long result)
{
	uint32_t error = result < 0 && result > -4096 ? (uint32_t)-result : 0;
	uint32_t key = ((uint32_t)nr << 16 | error) + 1;
	uint32_t slot = key * 2654435761u;

	if (nr < 0 || nr >= sysent_limit())
		return;
	for (int i = 0; i < COUNT_BUCKETS; i++) {
		struct counter *c =
			&counters[(slot + (uint32_t)i) % COUNT_BUCKETS];

		if (c->key == 0)
			c->key = key;
		if (c->key == key) {
			c->count++;
			return;
		}
	}
}

static void on_end(struct task *t, long result)
{
	struct traced *traced;

	if (counting)
		count(t->call.nr, result);
	traced = trace_fd >= 0 ? line_of(t->pid, false) : NULL;
	if (traced)
		strace_exit(&traced->line, t->mm, sysent_find(t->call.nr),
			trace_fd, result);
}

static void on_never(struct task *t)
{
	struct traced *traced;

	if (counting && t->call.active)
		count(t->call.nr, 0);
	traced = trace_fd >= 0 ? line_of(t->pid, false) : NULL;
	if (!traced)
		return;
	strace_exit_never(
		&traced->line, sysent_find(traced->line.nr), trace_fd);
	drop_line(traced);
}

static void on_signal(
	struct task *t, int signo, const struct guest_siginfo *info)
{
	if (trace_fd >= 0)
		strace_signal(t->pid, signo, info, trace_fd);
}

static void on_death(struct task *t, int status)
{
	if (trace_fd >= 0)
		strace_death(t->pid, status, trace_fd);
}

void trace_start(int strace_fd, bool count_calls)
{
	static const struct call_trace hooks = {
		.begin = on_begin,
		.end = on_end,
		.never = on_never,
		.signal = on_signal,
		.death = on_death,
	};

	if (strace_fd < 0 && !count_calls)
		return;
	for (int i = 0; i < LINE_BUCKETS; i++)
		list_init(&lines[i]);
	trace_fd = strace_fd;
	counting = count_calls;
	call_trace = &hooks;
}

struct boot_count *trace_counts(size_t *used)
{
	struct boot_count *out = alloc_array(COUNT_BUCKETS, sizeof(*out));

	*used = 0;
	for (int i = 0; out && i < COUNT_BUCKETS; i++) {
		const struct counter *c = &counters[i];

		if (c->key == 0)
			continue;
		out[*used].nr = (uint16_t)((c->key - 1) >> 16);
		out[*used].error = (uint16_t)((c->key - 1) & 0xffff);
		out[(*used)++].count = c->count;
	}
	return out;
}
