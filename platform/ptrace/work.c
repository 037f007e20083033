/*
 * What the client asked a stopped thread to do: one host call after the other
 * from the gate, each step begun by the stop that ended the one before. No
 * step waits; an operation ends on the platform's list of ready events.
 */
#include "platform/ptrace/ptrace.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/checked.h"
#include "lib/log.h"

#define LENT_FIRST                                                             \
	1 /* number of the first lent descriptor; 0 is the socket              \
	   */

/* Of what a stack holds before the vector: argc, argv, envp; ARG_MAX is 6 MiB
 */
#define START_WORDS_MAX (1u << 20)

#define ERESTARTSYS           512
#define ERESTART_RESTARTBLOCK 516

static struct process *process_of(struct tracee *t)
{
	return container_of(t->base.space, struct process, base);
}

static bool failed(long result)
{
	return result < 0 && result >= -4095;
}

/*
 * Puts the value where guest code expects it. The usual case saves reading and
 * writing all registers. A value by which the host would restart a call is the
 * guest's own number here, so the host must not think that a call returned it.
 */
static void set_value(struct tracee *t, long value)
{
	if (!t->regs_loaded && !t->vsyscall &&
		(value > -ERESTARTSYS || value < -ERESTART_RESTARTBLOCK)) {
		ptrace(PTRACE_POKEUSER, t->base.host_tid,
			offsetof(struct user, regs.rax), value);
		return;
	}
	if (tracee_load(t)) {
		t->regs.rax = (uint64_t)value;
		t->regs_dirty = true;
	}
}

/* The host's emulation of a vsyscall must end before anything else is done. */
static void leave_vsyscall(struct tracee *t)
{
	ptrace(PTRACE_INTERRUPT, t->base.host_tid, NULL, NULL);
	tracee_run_guest(t);
}

static void begin_return_stopped(struct tracee *t)
{
	set_value(t, t->value);
	t->interrupt = true;
	if (t->vsyscall)
		leave_vsyscall(t);
	else
		tracee_make_ready(t, READY_INTERRUPT);
}

static void begin_continue(struct tracee *t)
{
	if (t->vsyscall) {
		tracee_run_guest(t);
		return;
	}
	if (!gate_may_call(t->nr)) {
		log_error("call %ld may not be continued", t->nr);
		set_value(t, -ENOSYS);
		tracee_run_guest(t);
		return;
	}
	if (t->at_call) {
		t->work = WORK_GUEST;
		tracee_go_on(t);
		return;
	}
	t->work = WORK_NATIVE;
	if (tracee_load(t))
		gate_call(t, t->nr, t->args);
}

static void begin_exit(struct tracee *t)
{
	if (!tracee_load(t))
		return;
	if (t->vsyscall) {
		set_value(t, 0);
		t->interrupt = true;
		leave_vsyscall(t);
		t->work = WORK_EXIT;
		return;
	}
	t->work = WORK_EXIT;
	gate_call1(t, SYS_exit, (uint64_t)t->value);
}

static void close_lent(struct tracee *t)
{
	const uint64_t args[6] = {LENT_FIRST, ~0u};

	t->step = STEP_CLOSE;
	gate_call(t, SYS_close_range, args);
}

/* Makes the next call of the batch, or ends it. */
static void next_call(struct tracee *t)
{
	while (t->call_next < t->call_count) {
		struct host_call *c = &t->calls[t->call_next];
		uint64_t args[6];

		memcpy(args, c->args, sizeof(args));
		if (c->fd_arg >= 0 && c->fd_arg < 6 && c->fd_index >= 0)
			args[c->fd_arg] = (uint64_t)(LENT_FIRST + c->fd_index);
		if (gate_may_call(c->nr)) {
			t->step = STEP_CALL;
			gate_call(t, c->nr, args);
			return;
		}
		log_error("call %ld may not be made", c->nr);
		c->result = -EPERM;
		t->call_next = c->must_succeed ? t->call_count
					       : t->call_next + 1;
	}
	if (t->fd_count != 0)
		close_lent(t);
	else
		tracee_make_ready(t, READY_CALLS);
}

static void begin_calls(struct tracee *t)
{
	t->work = WORK_CALLS;
	t->call_next = 0;
	for (size_t i = 0; i < t->call_count; i++)
		t->calls[i].result = -ECANCELED;
	if (!tracee_load(t))
		return;
	if (t->fd_count != 0)
		lend_begin(t);
	else
		next_call(t);
}

static void call_done(struct tracee *t, long result)
{
	struct host_call *c = &t->calls[t->call_next];

	c->result = result;
	t->call_next = failed(result) && c->must_succeed ? t->call_count
							 : t->call_next + 1;
	next_call(t);
}

static void calls_step(struct tracee *t, long result)
{
	switch (t->step) {
	case STEP_RECEIVE:
		lend_end(t, result == 1);
		if (result != 1) {
			if (t->call_count != 0)
				t->calls[0].result = result < 0 ? result : -EIO;
			t->call_next = t->call_count;
		}
		next_call(t);
		break;
	case STEP_CALL:
		call_done(t, result);
		break;
	default:
		tracee_make_ready(t, READY_CALLS);
		break;
	}
}

static void begin_exec(struct tracee *t)
{
	t->work = WORK_EXEC;
	t->fds[0] = t->platform->options.stub_fd;
	t->fd_count = 1;
	if (tracee_load(t))
		lend_begin(t);
}

static void exec_step(struct tracee *t, long result)
{
	const uint64_t args[6] = {LENT_FIRST, STUB_EMPTY_PATH, t->exec_argv,
		t->exec_envp, AT_EMPTY_PATH};

	switch (t->step) {
	case STEP_RECEIVE:
		lend_end(t, result == 1);
		t->step = STEP_CALL;
		gate_call(t, SYS_execveat, args);
		break;
	case STEP_CALL: /* it failed; success is seen by work_exec_stop() */
		t->result = result;
		close_lent(t);
		break;
	case STEP_SETTLE:
		t->result = work_read_start(t);
		if (t->result != 0)
			process_kill(process_of(t));
		else
			tracee_make_ready(t, READY_EXEC);
		break;
	default:
		tracee_make_ready(t, READY_EXEC);
		break;
	}
}

/*
 * The host is still inside execveat(), and writes its result to rax when the
 * thread goes on: it must come to rest at the gate's int3 first.
 */
void work_exec_stop(struct tracee *t)
{
	t->step = STEP_SETTLE;
	t->regs_loaded = t->regs_dirty = false;
	t->fp_loaded = t->fp_dirty = false;
	t->at_call = false;
	ptrace(PTRACE_POKEUSER, t->base.host_tid,
		offsetof(struct user, regs.rip), GATE_BEHIND);
	tracee_go_on(t);
}

/* Returns how many words there are before and with the next 0, or -errno. */
static long skip_to_null(pid_t pid, uaddr_t at)
{
	uint64_t words[512];
	long count = 0;

	while (count < START_WORDS_MAX) {
		struct iovec to = {words, 4096 - (at & 4095)};
		struct iovec from = {.iov_len = to.iov_len};
		ssize_t n;

		from.iov_base = (void *)(uintptr_t)at;
		n = process_vm_readv(pid, &to, 1, &from, 1, 0);
		if (n < 8)
			return -EFAULT;
		for (ssize_t i = 0; i < n / 8; i++, count++)
			if (words[i] == 0)
				return count + 1;
		at += (uaddr_t)n & ~7ull;
	}
	return -E2BIG;
}

int work_read_start(struct tracee *t)
{
	pid_t pid = t->base.host_tid;
	struct iovec to;
	struct iovec from = {.iov_len = 8};
	uint64_t argc;
	uaddr_t at;
	long words;

	if (!tracee_load(t))
		return -ESRCH;
	at = t->regs.rsp;
	to = (struct iovec){&argc, sizeof(argc)};
	from.iov_base = (void *)(uintptr_t)at;
	if (process_vm_readv(pid, &to, 1, &from, 1, 0) != 8 ||
		argc > START_WORDS_MAX)
		return -EFAULT;
	t->start.sp = at;
	at += 8 + (argc + 1) * 8;
	words = skip_to_null(pid, at);
	if (words < 0)
		return (int)words;
	t->start.auxv = at + (uaddr_t)words * 8;
	return 0;
}

/*
 * A stray thread ends with its process, or by the exec that ended its parent:
 * then the process lives on, and kill() would mean all of it.
 */
static void kill_if_process(struct tracee *t)
{
	syscall(SYS_tgkill, t->base.host_tid, t->base.host_tid, SIGKILL);
}

/*
 * Children whose parent died before the host told us who they are. Nobody can
 * say whose child a stray is, but while no clone is without its child all of
 * them are lost.
 */
void work_kill_lost(struct tracer *p)
{
	if (p->cloning != 0 || p->strays == 0)
		return;
	for (size_t i = 0; i < TRACEE_BUCKETS; i++) {
		struct tracee *next;

		for (struct tracee *t = p->buckets[i]; t != NULL; t = next) {
			next = t->hash_next;
			if (t->base.space != NULL || t->parent != NULL ||
				t->orphan)
				continue;
			t->orphan = t->put = true;
			if (t->gone)
				tracee_free_if_done(t);
			else
				kill_if_process(t);
		}
	}
}

static void clone_counted(struct tracee *t, bool counted)
{
	struct tracer *p = t->platform;

	if (t->clone_counted == counted)
		return;
	t->clone_counted = counted;
	p->cloning += counted ? 1 : (size_t)-1;
	work_kill_lost(p);
}

static void begin_clone(struct tracee *t)
{
	const uint64_t kept = CLONE_VM | CLONE_FS | CLONE_SIGHAND |
			      CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS |
			      CLONE_CHILD_CLEARTID;
	uint64_t flags = t->clone.flags & kept;
	uint64_t args[6] = {flags, 0, 0, t->clone.ctid, t->clone.tls};

	/* Ours to wait for, like its parent; never CLONE_FILES: see lend.c. */
	if (!(flags & CLONE_THREAD))
		args[0] |= CLONE_PARENT;
	t->work = WORK_CLONE;
	t->child = NULL;
	t->clone_returned = false;
	clone_counted(t, true);
	if (tracee_load(t))
		gate_call(t, SYS_clone, args);
}

/* The child has what its parent had; its own are only fs and gs. */
static void copy_registers(struct tracee *child, struct tracee *parent)
{
	if (!tracee_load(child))
		return;
	child->regs = parent->regs;
	child->host.cs = parent->host.cs;
	child->host.ss = parent->host.ss;
	child->regs_dirty = true;
}

static void try_finish_clone(struct tracee *t)
{
	struct tracee *child = t->child;

	if (!t->clone_returned)
		return;
	clone_counted(t, false);
	if (failed(t->result) || child == NULL) {
		free(t->new_process);
		t->new_process = NULL;
		if (!failed(t->result))
			t->result = -EAGAIN;
		tracee_make_ready(t, READY_CLONED);
		return;
	}
	if (!child->arrived)
		return;
	t->result = 0;
	child->parent = NULL;
	process_add(
		t->new_process != NULL ? t->new_process : process_of(t), child);
	t->new_process = NULL;
	copy_registers(child, t);
	child->gathered = t->gathered;
	tracee_make_ready(t, READY_CLONED);
}

void work_clone_stop(struct tracee *t)
{
	struct tracer *p = t->platform;
	unsigned long tid = 0;

	ptrace(PTRACE_GETEVENTMSG, t->base.host_tid, NULL, &tid);
	t->child = tracee_find(p, (pid_t)tid);
	if (t->child == NULL)
		t->child = tracee_new(p, (pid_t)tid);
	if (t->child == NULL) {
		/* Out of memory: the child would be held for ever. */
		process_kill(process_of(t));
	} else {
		t->child->parent = t;
		clone_counted(t, false);
	}
	tracee_go_on(t);
}

void work_child_arrived(struct tracee *child)
{
	child->arrived = true;
	if (child->parent != NULL)
		try_finish_clone(child->parent);
}

static void native_done(struct tracee *t, long result)
{
	t->regs.rax = (uint64_t)result;
	t->work = WORK_GUEST;
	if (!t->interrupt) {
		tracee_run_guest(t);
		return;
	}
	t->nr = -1;
	tracee_make_ready(t, READY_INTERRUPT);
}

void work_call_done(struct tracee *t, long result)
{
	switch (t->work) {
	case WORK_NATIVE:
		native_done(t, result);
		break;
	case WORK_CALLS:
		calls_step(t, result);
		break;
	case WORK_CLONE:
		t->result = result;
		t->clone_returned = true;
		try_finish_clone(t);
		break;
	case WORK_EXEC:
		exec_step(t, result);
		break;
	default:
		process_kill(process_of(t));
		break;
	}
}

/* The stop comes at once, also when the thread has yet to be let go. */
static void ask_interrupt(struct tracee *t)
{
	if (!t->interrupt_asked)
		return;
	t->interrupt_asked = false;
	if (t->view != VIEW_RUNNING)
		return;
	t->interrupt = true;
	ptrace(PTRACE_INTERRUPT, t->base.host_tid, NULL, NULL);
}

void work_begin(struct tracee *t)
{
	enum op op = t->op;

	t->op = OP_NONE;
	if (t->gone)
		return;
	ask_interrupt(t);
	switch (op) {
	case OP_NONE:
		break;
	case OP_RETURN:
		set_value(t, t->value);
		tracee_run_guest(t);
		break;
	case OP_RETURN_STOPPED:
		begin_return_stopped(t);
		break;
	case OP_CONTINUE:
		begin_continue(t);
		break;
	case OP_RESUME:
		tracee_run_guest(t);
		break;
	case OP_CALL:
		begin_calls(t);
		break;
	case OP_CLONE:
		begin_clone(t);
		break;
	case OP_EXEC:
		begin_exec(t);
		break;
	case OP_EXIT:
		begin_exit(t);
		break;
	}
}

static void abandon(struct tracee *child)
{
	child->parent = NULL;
	child->orphan = true;
	child->put = true;
	if (!child->gone)
		kill_if_process(child);
	tracee_free_if_done(child);
}

void work_forget(struct tracee *t)
{
	list_del(&t->queued);
	list_del(&t->ready_node);
	t->ready = READY_NONE;
	t->op = OP_NONE;
	lend_end(t, false);
	if (t->child != NULL && t->child->parent == t)
		abandon(t->child);
	t->child = NULL;
	free(t->new_process);
	t->new_process = NULL;
	t->platform->clone_lost |= t->clone_counted;
	clone_counted(t, false);
}
