/*
 * The run loop: events of the platform become system calls, signals and the
 * steps of fork and exec.
 *
 * A call has one life: begun by EVENT_SYSCALL, tried (perhaps parked and
 * tried again), and finished with an answer, or abandoned because the task
 * died or has a new image. Calls that became ready are tried from
 * kernel_idle(), never inside the operation that woke them, so that no
 * handler runs inside another.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "lib/log.h"
#include "sentry/kernel/kernel.h"
#include "sentry/syscalls/syscalls.h"

const struct platform_ops *platform_ops;
struct platform *platform;

const struct call_trace *call_trace;

static struct list ready_calls = LIST_INIT(ready_calls);
static struct list continued_tasks = LIST_INIT(continued_tasks);

static void call_try(struct task *t);

/* ---- Parking ----------------------------------------------------------- */

void call_make_ready(struct task *t)
{
	if (!t->call.parked || t->call.ready)
		return;
	t->call.ready = true;
	list_add_tail(&ready_calls, &t->call.ready_node);
}

static void wait_woken(struct wait_entry *entry, uint32_t events)
{
	struct call_wait *wait = (struct call_wait *)entry;

	call_make_ready(wait->task);
}

static void deadline_passed(struct timer *timer)
{
	struct task *t = container_of(timer, struct task, call.timer);

	t->call.timed_out = true;
	call_make_ready(t);
}

static void leave_queues(struct call *call)
{
	for (size_t i = 0; i < call->wait_count; i++)
		waitq_remove(&call->waits[i].entry);
	call->wait_count = 0;
}

/* Entries are linked into queues, so that growing moves them by hand. */
static int more_waits(struct call *call)
{
	size_t space = call->wait_space * 2;
	struct call_wait *bigger;

	bigger = calloc(space, sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	for (size_t i = 0; i < call->wait_count; i++) {
		struct list *after = call->waits[i].entry.node.prev;

		bigger[i] = call->waits[i];
		list_del(&call->waits[i].entry.node);
		list_insert(&bigger[i].entry.node, after);
	}
	if (call->waits != call->inline_waits)
		free(call->waits);
	call->waits = bigger;
	call->wait_space = space;
	return 0;
}

int call_wait_add(struct task *t, struct waitq *q, uint32_t events)
{
	struct call *call = &t->call;
	struct call_wait *wait;

	if (!call->waits) {
		call->waits = call->inline_waits;
		call->wait_space = CALL_WAITS_INLINE;
	}
	if (call->wait_count == call->wait_space && more_waits(call) < 0)
		return -ENOMEM;
	wait = &call->waits[call->wait_count++];
	wait->task = t;
	wait_entry_init(&wait->entry, events, wait_woken);
	waitq_add(q, &wait->entry);
	return 0;
}

long call_park(struct task *t, long interrupted)
{
	return signal_pending(t) ? interrupted : -EPARK;
}

long call_wait(
	struct task *t, struct waitq *q, uint32_t events, long interrupted)
{
	if (signal_pending(t))
		return interrupted;
	if (q && call_wait_add(t, q, events) < 0)
		return -ENOMEM;
	return -EPARK;
}

void call_set_deadline(struct task *t, int64_t deadline)
{
	if (t->call.deadline == 0)
		t->call.deadline = deadline > 0 ? deadline : 1;
}

void call_set_timeout(struct task *t, int64_t relative)
{
	int64_t now, deadline;

	if (t->call.deadline)
		return;
	now = monotonic_now();
	if (relative < 0 || __builtin_add_overflow(now, relative, &deadline))
		deadline = relative < 0 ? now : INT64_MAX;
	call_set_deadline(t, deadline);
}

/* ---- The life of a call ------------------------------------------------ */

static void call_clear(struct call *call)
{
	leave_queues(call);
	if (call->waits && call->waits != call->inline_waits)
		free(call->waits);
	call->waits = NULL;
	if (call->timer.slot)
		timer_cancel(&call->timer);
	if (call->ready)
		list_del(&call->ready_node);
	if (call->state_free)
		call->state_free(call->state);
	call->state_free = NULL;
	call->state = NULL;
	call->ready = call->parked = call->active = false;
}

void call_abandon(struct task *t)
{
	if (t->call.active)
		call_clear(&t->call);
}

static void call_begin(struct task *t, const struct event *event)
{
	struct call *call = &t->call;

	call->nr = event->nr;
	memcpy(call->args, event->args, sizeof(call->args));
	call->stopped = event->stopped;
	call->active = true;
	call->timed_out = false;
	call->tries = 0;
	call->progress = 0;
	call->deadline = 0;
	call->wait_count = 0;
	timer_init(&call->timer, deadline_passed);
	call->restart_code = 0;
	if (call_trace)
		call_trace->begin(t);
}

static void call_parked(struct task *t)
{
	struct call *call = &t->call;

	if (call->timed_out) {
		/* The handler forgot to look: it must not run in circles. */
		log_error("call %ld parked after its deadline", call->nr);
		call_finish(t, -EAGAIN);
		return;
	}
	call->parked = true;
	if (call->deadline && timer_arm(&call->timer, call->deadline) < 0) {
		call->timed_out = true;
		call_make_ready(t);
	}
}

static long dispatch(struct task *t, struct call *call)
{
	const struct sysent *entry = sysent_find(call->nr);

	if (!entry)
		return -ENOSYS;
	if (!entry->call)
		return -entry->error;
	return entry->call(t, call->args);
}

static void call_try(struct task *t)
{
	struct task *before = current;
	long result;

	current = t;
	result = dispatch(t, &t->call);
	if (result == -EPARK)
		call_parked(t);
	else if (result != -ENORETURN)
		call_finish(t, result);
	current = before;
}

static void call_retry(struct task *t)
{
	struct call *call = &t->call;

	call->ready = call->parked = false;
	leave_queues(call);
	if (call->timer.slot)
		timer_cancel(&call->timer);
	call->tries++;
	call_try(t);
}

static bool is_restart(long result)
{
	return result == -ERESTARTSYS || result == -ERESTARTNOINTR ||
	       result == -ERESTARTNOHAND || result == -ERESTART_RESTARTBLOCK;
}

/* Does anything keep t from going straight back to its program? */
static bool must_stop(const struct task *t)
{
	return t->restore_mask || signal_pending(t);
}

static void answer_stopped(struct task *t, long result)
{
	struct regs *regs;

	if (!must_stop(t) && !t->call.restart_code) {
		t->in_guest = true;
		platform_ops->thread_resume_value(t->thread, result);
		return;
	}
	regs = platform_ops->thread_regs(t->thread);
	if (!regs)
		return; /* dying */
	regs->rax = (uint64_t)result;
	platform_ops->thread_regs_changed(t->thread);
	task_continue(t);
}

void call_finish(struct task *t, long result)
{
	bool stopped = t->call.stopped;

	t->call.restart_code = is_restart(result) ? result : 0;
	if (call_trace)
		call_trace->end(t, result);
	call_clear(&t->call);
	if (!t->thread)
		return;
	if (t->restore_mask && !signal_pending(t)) {
		t->blocked = t->saved_mask;
		t->restore_mask = false;
	}
	if (is_restart(result))
		result = -EINTR; /* signal_deliver() decides */
	if (stopped) {
		answer_stopped(t, result);
	} else if (must_stop(t) || t->call.restart_code) {
		t->interrupt_sent = true;
		platform_ops->thread_return_stopped(t->thread, result);
	} else {
		t->in_guest = true;
		platform_ops->thread_return(t->thread, result);
	}
}

void call_entered(struct task *t)
{
	if (t->call.active && call_trace)
		call_trace->end(t, 0);
	call_abandon(t);
	task_continue(t);
}

/*
 * A new image has no registers yet that a signal could interrupt: it is
 * entered first, and what is pending stops it right there.
 */
static void enter(struct task *t)
{
	uaddr_t ip = t->enter_ip;

	t->enter_ip = 0;
	t->in_guest = true;
	platform_ops->thread_enter(t->thread, ip, t->enter_sp);
	signal_recalculate(t);
}

void task_continue(struct task *t)
{
	struct regs *regs;

	if (!t->thread)
		return;
	if (t->enter_ip) {
		enter(t);
		return;
	}
	regs = platform_ops->thread_regs(t->thread);
	if (!regs)
		return; /* EVENT_DEAD follows */
	switch (signal_deliver(t, regs)) {
	case DELIVER_RESUME:
		t->held = false;
		t->in_guest = true;
		platform_ops->thread_resume(t->thread);
		break;
	case DELIVER_HOLD:
		t->held = true;
		break;
	case DELIVER_GONE:
		break;
	}
}

/* ---- Operations -------------------------------------------------------- */

long task_operation(struct task *t, void *operation,
	void (*on_event)(struct task *t, const struct event *event),
	void (*operation_free)(void *operation))
{
	t->operation = operation;
	t->on_event = on_event;
	t->operation_free = operation_free;
	return -ENORETURN;
}

void task_operation_done(struct task *t)
{
	if (t->operation_free)
		t->operation_free(t->operation);
	t->operation = NULL;
	t->on_event = NULL;
	t->operation_free = NULL;
}

struct host_operation {
	struct host_call call;
	long (*done)(struct task *t, long result);
};

static void host_call_step(struct task *t, const struct event *event)
{
	struct host_operation *op = t->operation;
	long result = op->call.result;

	if (event->kind == EVENT_INTERRUPT) {
		t->call.stopped = true;
		result = platform_ops->thread_call(
			t->thread, &op->call, 1, NULL, 0);
		if (result == 0)
			return;
	} else if (event->kind != EVENT_CALLS) {
		return;
	}
	if (op->done)
		result = op->done(t, result);
	task_operation_done(t);
	call_finish(t, result);
}

static long host_call(struct task *t, const struct host_call *call, int host_fd,
	long (*done)(struct task *t, long result))
{
	struct host_operation *op;
	int ret;

	op = malloc(sizeof(*op));
	if (!op)
		return -ENOMEM;
	op->call = *call;
	op->done = done;
	if (!t->call.stopped) {
		/* A native call, here because everything is traced. */
		platform_ops->thread_return_stopped(t->thread, 0);
		return task_operation(t, op, host_call_step, free);
	}
	ret = platform_ops->thread_call(
		t->thread, &op->call, 1, &host_fd, host_fd >= 0);
	if (ret < 0) {
		free(op);
		return ret;
	}
	return task_operation(t, op, host_call_step, free);
}

long task_let_pass(struct task *t)
{
	if (call_trace)
		call_trace->never(t);
	call_clear(&t->call);
	t->in_guest = true;
	platform_ops->thread_continue(t->thread);
	signal_recalculate(t);
	return -ENORETURN;
}

long task_host_call(struct task *t, long nr, const uint64_t args[6],
	long (*done)(struct task *t, long result))
{
	struct host_call call = {.nr = nr, .fd_arg = -1};

	memcpy(call.args, args, sizeof(call.args));
	return host_call(t, &call, -1, done);
}

long task_host_map(struct task *t, const uint64_t args[6], int host_fd,
	long (*done)(struct task *t, long result))
{
	struct host_call call = {.nr = SYS_mmap, .fd_arg = 4};

	memcpy(call.args, args, sizeof(call.args));
	return host_call(t, &call, host_fd, done);
}

/* ---- Events ------------------------------------------------------------ */

static void on_syscall(struct task *t, const struct event *event)
{
	t->in_guest = t->interrupt_sent = false;
	t->interrupted_nr = -1;
	call_begin(t, event);
	call_try(t);
}

static void on_fault(struct task *t, const struct event *event)
{
	struct guest_siginfo info = {
		.signo = event->fault.signo,
		.code = event->fault.code,
		.fault.addr = event->fault.addr,
	};

	t->in_guest = t->interrupt_sent = false;
	t->interrupted_nr = -1;
	t->fault = event->fault;
	t->call.restart_code = 0;
	signal_force(t, &info);
	task_continue(t);
}

static void on_interrupt(struct task *t, const struct event *event)
{
	t->in_guest = false;
	t->interrupt_sent = false;
	t->interrupted_nr = event->nr;
	task_continue(t);
}

void kernel_event(void *unused, const struct event *event)
{
	struct task *t;

	if (event->kind == EVENT_DEAD) {
		group_host_died(event->space, event);
		return;
	}
	t = event->thread->data;
	if (!t || t->state == TASK_DEAD)
		return;
	current = t;
	switch (event->kind) {
	case EVENT_SYSCALL:
		on_syscall(t, event);
		break;
	case EVENT_FAULT:
		on_fault(t, event);
		break;
	case EVENT_INTERRUPT:
		if (t->on_event)
			t->on_event(t, event);
		else
			on_interrupt(t, event);
		break;
	case EVENT_CALLS:
	case EVENT_CLONED:
	case EVENT_EXEC:
		if (t->on_event)
			t->on_event(t, event);
		break;
	case EVENT_DEAD:
		break;
	}
	current = NULL;
}

void task_continue_soon(struct task *t)
{
	if (list_empty(&t->continue_node))
		list_add_tail(&continued_tasks, &t->continue_node);
}

static bool idle_step(void)
{
	struct task *t;

	if (!list_empty(&ready_calls)) {
		t = list_first(&ready_calls, struct task, call.ready_node);
		list_del(&t->call.ready_node);
		call_retry(t);
		return true;
	}
	if (!list_empty(&continued_tasks)) {
		t = list_first(&continued_tasks, struct task, continue_node);
		list_del(&t->continue_node);
		if (t->vfork_waits)
			vfork_resume(t);
		else if (t->held)
			task_continue(t);
		return true;
	}
	return false;
}

void kernel_idle(void)
{
	while (idle_step())
		continue;
	current = NULL;
}
