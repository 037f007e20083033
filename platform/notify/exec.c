/*
 * Replacing a process's image.
 *
 * The thread makes the host's execveat of the stub, which is lent to it for
 * that; the path is an empty string in memory that no call can change. The
 * notification is let through once. When the call fails, the next thing the
 * thread does is to say so (gate.S), and nothing can come in between: signals
 * are blocked, and a kick that was still pending was taken off first. So a
 * report of a fresh image after it is true.
 */
#include "platform/notify/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

int notify_thread_exec(struct thread *thread, uaddr_t argv, uaddr_t envp)
{
	struct notify_thread *t = to_thread(thread);

	if (t->state != STOPPED || t->space->killed)
		return -ESRCH;
	t->argv = argv;
	t->envp = envp;
	t->state = BUSY;
	t->op = OP_EXEC;
	if (lane_take(t))
		exec_begin(t);
	return 0;
}

static void exec_go(struct notify_thread *t)
{
	const uint64_t arrays[2] = {t->argv, t->envp};
	int ret;

	t->op = OP_EXEC;
	deadline_set(t);
	ret = lend_fd(t, t->n->options.stub_fd, STUB_FD_FIRST, false);
	if (ret < 0 && ret != -ENOENT) {
		violate(t, "cannot be lent the stub's image");
		return;
	}
	if (!remote_write(t, t->area + offsetof(struct stub_area, exec), arrays,
		    sizeof(arrays))) {
		violate(t, "its area is gone");
		return;
	}
	place_near(t);
	answer(t->n, t->notif, STUB_EXEC);
}

void exec_begin(struct notify_thread *t)
{
	const uint64_t drain[6] = {
		STUB_KICK_SET, 0, STUB_NO_TIME, sizeof(uint64_t)};

	if (t->kick_sent)
		batch_own(t, OP_DRAIN, SYS_rt_sigtimedwait, drain);
	else
		exec_go(t);
}

void exec_drained(struct notify_thread *t)
{
	if (t->granted != 1) {
		violate(t, "keeps a kick");
		return;
	}
	t->kick_sent = false;
	exec_go(t);
}

bool exec_grants(struct notify_thread *t, const struct seccomp_data *d)
{
	if (t->state != BUSY || t->op != OP_EXEC || t->space->execing != NULL)
		return false;
	if (d->args[0] != STUB_FD_FIRST || d->args[1] != STUB_EMPTY_PATH ||
		d->args[2] != t->argv || d->args[3] != t->envp ||
		d->args[4] != AT_EMPTY_PATH)
		return false;
	t->space->execing = t;
	return true;
}

/* The descriptor of the image is still there: closes it before going on. */
void exec_failed(struct notify_thread *t, long result)
{
	const uint64_t close_args[6] = {STUB_FD_FIRST};

	if (t->space->execing != t) {
		violate(t, "reports an exec that nobody asked for");
		return;
	}
	t->space->execing = NULL;
	place_free(t, NULL);
	t->exec_result = result < 0 ? result : -ENOEXEC;
	batch_own(t, OP_EXEC_CLOSE, SYS_close, close_args);
}

void exec_closed(struct notify_thread *t)
{
	struct event e = {.kind = EVENT_EXEC, .result = t->exec_result};

	lane_release(t);
	t->state = STOPPED;
	event_send(t->n, &e, t);
}

/* The other threads were killed by the host, with no further word. */
static void exec_alone(struct notify_space *s, struct notify_thread *t)
{
	struct notify_thread *other;

	for (;;) {
		other = list_first(&s->threads, struct notify_thread, in_space);
		if (other == t)
			other = list_last(
				&s->threads, struct notify_thread, in_space);
		if (other == t)
			return;
		thread_gone(other);
	}
}

void exec_started(struct notify *n, const struct seccomp_notif *req)
{
	pid_t pid = (pid_t)req->pid;
	struct notify_space *s = space_find(n, pid);
	struct notify_thread *t = s != NULL ? s->execing : NULL;
	struct event e = {.kind = EVENT_EXEC, .result = 0};
	struct memory *fresh;

	if (t == NULL) {
		t = thread_find(n, pid);
		if (t != NULL)
			violate(t, "reports an image that nobody asked for");
		else
			intruder(n, req);
		return;
	}
	/* Another thread's exec ends with that thread under the leader's tid.
	 */
	if (t->base.host_tid != pid &&
		syscall(SYS_tgkill, pid, t->base.host_tid, 0) == 0) {
		violate(t, "reports an image that is not there yet");
		return;
	}
	fresh = memory_new();
	if (fresh == NULL) {
		violate(t, "no memory for its areas");
		return;
	}
	exec_alone(s, t);
	thread_rename(t, pid);
	place_free(t, NULL);
	area_release(s->memory, t->area);
	memory_put(s->memory);
	s->memory = fresh;
	s->execing = NULL;
	t->area = STUB_AREAS_START;
	t->frame = 0;
	t->notif = req->id;
	t->state = STOPPED;
	lane_release(t);
	e.start.sp = req->data.args[1];
	e.start.auxv = req->data.args[2];
	event_send(n, &e, t);
}
