/*
 * Batches: host calls that a stopped thread makes in the guest's address
 * space, and the lane, the right to use the process's lent descriptors.
 *
 * Most calls of a batch are natively allowed at the stub's instruction; any
 * other is notified, and let through if the open batch contains exactly it.
 */
#include "platform/notify/internal.h"

#include <errno.h>
#include <sys/syscall.h>

#include "lib/checked.h"

#define AREA_COUNT_OFF offsetof(struct stub_area, count)
#define AREA_CALLS_OFF offsetof(struct stub_area, calls)

bool lane_take(struct notify_thread *t)
{
	struct notify_space *s = t->space;

	if (s->lane == t)
		return true;
	if (s->lane == NULL) {
		s->lane = t;
		return true;
	}
	list_add_tail(&s->lane_queue, &t->in_queue);
	return false;
}

void lane_release(struct notify_thread *t)
{
	struct notify_space *s = t->space;
	struct notify_thread *next;

	if (s->lane != t)
		return;
	s->lane = NULL;
	if (s->dead || list_empty(&s->lane_queue))
		return;
	next = list_first(&s->lane_queue, struct notify_thread, in_queue);
	list_del(&next->in_queue);
	s->lane = next;
	if (next->op == OP_CALL)
		batch_start(next);
	else if (next->op == OP_CLONE)
		clone_begin(next);
	else if (next->op == OP_EXEC)
		exec_begin(next);
}

/* The arguments as the stub will make the call. */
static void call_args(const struct host_call *c, uint64_t args[6])
{
	size_t i;

	for (i = 0; i < 6; i++)
		args[i] = c->args[i];
	if (c->fd_arg >= 0)
		args[c->fd_arg] = STUB_FD_FIRST + (uint64_t)c->fd_index;
}

/* Writes the batch into the area; the closes of lent descriptors come last. */
static bool batch_write(struct notify_thread *t, size_t count)
{
	struct stub_call calls[STUB_CALLS];
	uint64_t head[2] = {count + t->fd_count, count};
	size_t i;

	if (t->call_error != 0)
		head[0] = head[1] = 0;
	for (i = 0; i < count; i++) {
		const struct host_call *c = &t->calls[i];

		calls[i].nr = (uint64_t)c->nr;
		if (c->must_succeed)
			calls[i].nr |= STUB_CALL_MUST;
		call_args(c, calls[i].args);
		calls[i].result = -ECANCELED;
	}
	for (i = 0; i < t->fd_count; i++)
		calls[count + i] = (struct stub_call){
			.nr = SYS_close,
			.args = {STUB_FD_FIRST + i},
		};
	if (head[0] == 0)
		return remote_write(
			t, t->area + AREA_COUNT_OFF, head, sizeof(head));
	return remote_write2(t, t->area + AREA_COUNT_OFF, head, sizeof(head),
		t->area + AREA_CALLS_OFF, calls,
		(size_t)head[0] * sizeof(calls[0]));
}

void batch_start(struct notify_thread *t)
{
	size_t i;
	int ret;

	deadline_set(t);
	t->granted = 0;
	t->call_error = 0;
	for (i = 0; i + 1 < t->fd_count && t->call_error == 0; i++)
		t->call_error = lend_fd(
			t, t->fds[i], STUB_FD_FIRST + (int)i, false);
	if (!batch_write(t, t->call_count)) {
		violate(t, "its area is gone");
		return;
	}
	if (t->call_error == 0 && t->fd_count > 0) {
		i = t->fd_count - 1;
		ret = lend_fd(t, t->fds[i], STUB_FD_FIRST + (int)i, true);
		if (ret == 0 || ret == -ENOENT)
			return;
		t->call_error = ret;
		if (!batch_write(t, t->call_count)) {
			violate(t, "its area is gone");
			return;
		}
	}
	answer(t->n, t->notif, STUB_BATCH);
}

void batch_own(struct notify_thread *t, enum thread_op op, long nr,
	const uint64_t args[6])
{
	size_t i;

	t->own = (struct host_call){.nr = nr, .fd_arg = -1};
	for (i = 0; i < 6; i++)
		t->own.args[i] = args[i];
	t->state = BUSY;
	t->op = op;
	t->calls = &t->own;
	t->call_count = 1;
	t->fds = NULL;
	t->fd_count = 0;
	batch_start(t);
}

static bool batch_open(const struct notify_thread *t)
{
	if (t->state != BUSY)
		return false;
	return t->op == OP_CALL || t->op == OP_GROW || t->op == OP_DRAIN ||
	       t->op == OP_EXEC_CLOSE || t->op == OP_EXIT;
}

bool batch_grants(struct notify_thread *t, const struct seccomp_data *d)
{
	uint64_t args[6];
	size_t i, k;

	if (!batch_open(t))
		return false;
	for (i = t->granted; i < t->call_count; i++) {
		if (t->calls[i].nr != d->nr)
			continue;
		call_args(&t->calls[i], args);
		for (k = 0; k < 6 && args[k] == d->args[k]; k++)
			;
		if (k < 6)
			continue;
		t->granted = i + 1;
		return true;
	}
	return false;
}

/* What the stub says the calls returned: a guest's word. */
bool batch_results(struct notify_thread *t, int64_t first)
{
	struct stub_call calls[STUB_CALLS];
	size_t i;

	if (t->call_error != 0 || t->call_count == 0) {
		for (i = 0; i < t->call_count; i++)
			t->calls[i].result = t->call_error;
		return true;
	}
	if (t->call_count == 1) {
		t->calls[0].result = first;
		return true;
	}
	if (!remote_read(t, t->area + AREA_CALLS_OFF, calls,
		    t->call_count * sizeof(calls[0])))
		return false;
	for (i = 0; i < t->call_count; i++)
		t->calls[i].result = calls[i].result;
	return true;
}

static bool call_valid(const struct host_call *c, size_t fd_count)
{
	if (c->fd_arg < 0)
		return true;
	return c->fd_arg < 6 && c->fd_index >= 0 &&
	       (size_t)c->fd_index < fd_count;
}

int notify_thread_call(struct thread *thread, struct host_call *calls,
	size_t count, const int *fds, size_t fd_count)
{
	struct notify_thread *t = to_thread(thread);
	size_t i;

	if (t->state != STOPPED || t->space->killed)
		return -ESRCH;
	if (count > PLATFORM_CALLS_MAX || fd_count > PLATFORM_FDS_MAX)
		return -EINVAL;
	for (i = 0; i < count; i++)
		if (!call_valid(&calls[i], fd_count))
			return -EINVAL;
	t->state = BUSY;
	t->op = OP_CALL;
	t->calls = calls;
	t->call_count = count;
	t->fds = fds;
	t->fd_count = fd_count;
	if (fd_count == 0 || lane_take(t))
		batch_start(t);
	return 0;
}
