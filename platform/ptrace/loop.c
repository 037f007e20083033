/*
 * The tracer's loop: one blocking wait4() for all guest threads, then what the
 * stop means, then the events that follow from it.
 *
 * wait4() is the only place where the tracer sleeps. Other threads put their
 * wishes on the platform's queue and end the wait by a signal; a timer does the
 * same once a second while a thread is busy, to find one that never comes back.
 */
#include "platform/ptrace/ptrace.h"

#include <errno.h>
#include <linux/audit.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "lib/checked.h"
#include "lib/log.h"
#include "platform/native.h"

#define WAKE_SIGNAL           (SIGRTMAX - 1)
#define VSYSCALL_PAGE         0xffffffffff600000ull
#define X32_BIT               0x40000000
#define EVENT_OF(status)      ((unsigned int)(status) >> 16)
#define SYSCALL_STOP          (SIGTRAP | 0x80)
#define ERESTARTSYS           512
#define ERESTARTNOINTR        513
#define ERESTARTNOHAND        514
#define ERESTART_RESTARTBLOCK 516

/* One sandbox, and so one tracer, per process. */
static struct {
	int wake; /* atomic: there is something on a queue */
	int tick; /* atomic: the timer has fired */
} loop;

static void on_wake(int signo, siginfo_t *info, void *context)
{
	greg_t *ip = &((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];

	(void)signo;
	if (info->si_code == SI_TIMER)
		__atomic_store_n(&loop.tick, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&loop.wake, 1, __ATOMIC_RELAXED);
	if (*ip >= (greg_t)(uintptr_t)wait_begin &&
		*ip < (greg_t)(uintptr_t)wait_end)
		*ip = (greg_t)(uintptr_t)wait_broken;
}

void loop_wake(struct tracer *p)
{
	if (tracee_is_tracer(p))
		return;
	if (__atomic_exchange_n(&loop.wake, 1, __ATOMIC_SEQ_CST) == 0)
		syscall(SYS_tgkill, p->pid, p->tid, WAKE_SIGNAL);
}

/*
 * A thread that stays stopped, because what it asked for must wait, may be
 * looked at and let go by another thread of ours, which can make no request:
 * what it might want to see is read now.
 */
static void keep_for_others(struct tracee *t)
{
	if (t->gone || !t->host_stopped || t->view != VIEW_STOPPED)
		return;
	tracee_load(t);
	tracee_load_fp(t);
}

void loop_deliver(struct tracee *t, struct event *event)
{
	const struct platform_client *c = &t->platform->options.client;

	t->interrupt = t->interrupt_asked = false;
	event->thread = &t->base;
	event->space = t->base.space;
	c->event(c->data, event);
	keep_for_others(t);
}

static void deliver_interrupt(struct tracee *t, long nr)
{
	struct event event = {.kind = EVENT_INTERRUPT, .nr = nr};

	if (!tracee_load(t))
		return;
	rseq_abort(t);
	t->work = WORK_GUEST;
	tracee_set_view(t, VIEW_STOPPED);
	event.stopped = true;
	loop_deliver(t, &event);
}

static uint64_t microseconds(struct timeval tv)
{
	return (uint64_t)tv.tv_sec * 1000000 + (uint64_t)tv.tv_usec;
}

void loop_deliver_dead(struct process *s, int status, const struct rusage *ru)
{
	const struct platform_client *c = &s->platform->options.client;
	struct event event = {
		.kind = EVENT_DEAD,
		.space = &s->base,
		.status = status,
		.usage =
			{
				.utime_us = microseconds(ru->ru_utime),
				.stime_us = microseconds(ru->ru_stime),
				.maxrss_kib = (uint64_t)ru->ru_maxrss,
				.minflt = (uint64_t)ru->ru_minflt,
				.majflt = (uint64_t)ru->ru_majflt,
				.nvcsw = (uint64_t)ru->ru_nvcsw,
				.nivcsw = (uint64_t)ru->ru_nivcsw,
			},
	};
	struct tracee *t, *next;

	/* Those that the client has given back already go first. */
	list_for_each_safe(t, next, &s->threads, in_process)
	{
		tracee_set_view(t, VIEW_DEAD);
		tracee_free_if_done(t);
	}
	s->dead = true;
	s->platform->processes--;
	list_del(&s->killed);
	c->event(c->data, &event);
}

/* The host thread is reaped. Its process follows with its last, the leader. */
static void thread_ended(struct tracee *t, int status, const struct rusage *ru)
{
	struct process *s;

	/* A child whose parent's clone is still to be told must be found. */
	if (t->base.space != NULL || t->parent != NULL || t->orphan)
		tracee_unhash(t);
	place_stopped(t);
	t->gone = true;
	t->host_stopped = false;
	work_forget(t);
	if (t->base.space == NULL) {
		t->status = status;
		t->usage = *ru;
		if (t->orphan)
			tracee_free_if_done(t);
		else
			work_child_arrived(t);
		return;
	}
	tracee_set_view(t, VIEW_DEAD);
	s = container_of(t->base.space, struct process, base);
	if (t->base.host_tid == s->base.host_pid)
		loop_deliver_dead(s, status, ru);
	else
		tracee_free_if_done(t);
}

/* One call before its instruction, so that it is made again or for once. */
static void rewind_call(struct tracee *t)
{
	t->regs.rip -= SYSCALL_SIZE;
	t->regs.rax = (uint64_t)t->nr;
	t->regs_dirty = true;
}

static void on_native(struct tracee *t)
{
	if (!tracee_load(t))
		return;
	if (t->interrupt) {
		rewind_call(t);
		deliver_interrupt(t, -1);
		return;
	}
	t->work = WORK_NATIVE;
	gate_call(t, t->nr, t->args);
}

/* t->nr and t->args are set; ip is behind the instruction. */
static void on_call(struct tracee *t, uaddr_t ip)
{
	struct event event = {.kind = EVENT_SYSCALL, .nr = t->nr, .ip = ip};
	enum native_class class = native_classify(t->nr, t->args);

	if (class == NATIVE_ALLOW && !t->platform->options.trace_all) {
		on_native(t);
		return;
	}
	event.stopped = class == NATIVE_TRAP && tracee_load(t);
	memcpy(event.args, t->args, sizeof(event.args));
	tracee_set_view(t, event.stopped ? VIEW_STOPPED : VIEW_IN_CALL);
	loop_deliver(t, &event);
}

static void on_syscall(struct tracee *t)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, t->base.host_tid, sizeof(info),
		    &info) <= 0 ||
		info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return;
	/* rax holds -ENOSYS already. */
	if (info.arch != AUDIT_ARCH_X86_64 || (info.entry.nr & X32_BIT)) {
		if (t->interrupt)
			deliver_interrupt(t, -1);
		else
			tracee_run_guest(t);
		return;
	}
	t->nr = (long)info.entry.nr;
	memcpy(t->args, info.entry.args, sizeof(t->args));
	on_call(t, info.instruction_pointer);
}

/* A call from the vsyscall page: only the filter sees it; see gate.c. */
static void on_vsyscall(struct tracee *t)
{
	struct event event = {.kind = EVENT_SYSCALL};

	t->vsyscall = true;
	if (!tracee_load(t))
		return;
	t->nr = (long)t->host.orig_rax;
	memset(t->args, 0, sizeof(t->args));
	t->args[0] = t->regs.rdi;
	t->args[1] = t->regs.rsi;
	t->args[2] = t->regs.rdx;
	event.nr = t->nr;
	memcpy(event.args, t->args, sizeof(event.args));
	event.ip = t->regs.rip;
	tracee_set_view(t, VIEW_IN_CALL);
	loop_deliver(t, &event);
}

/*
 * The filter stops a call: one of ours that could not be made from another
 * stop, from the vsyscall page, or what SYSEMU would have shown.
 */
static void on_filter(struct tracee *t)
{
	struct __ptrace_syscall_info info;

	if (t->work != WORK_GUEST) {
		tracee_go_on(t);
		return;
	}
	if (ptrace(PTRACE_GET_SYSCALL_INFO, t->base.host_tid, sizeof(info),
		    &info) <= 0 ||
		info.op != PTRACE_SYSCALL_INFO_SECCOMP)
		return;
	if ((info.instruction_pointer & ~0xfffull) == VSYSCALL_PAGE) {
		on_vsyscall(t);
		return;
	}
	t->at_call = true;
	t->nr = (long)info.seccomp.nr;
	memcpy(t->args, info.seccomp.args, sizeof(t->args));
	on_call(t, info.instruction_pointer);
}

static bool will_restart(const struct user_regs_struct *r)
{
	long value = (long)r->rax;

	return (long)r->orig_rax >= 0 &&
	       (value == -ERESTARTSYS || value == -ERESTARTNOINTR ||
		       value == -ERESTARTNOHAND ||
		       value == -ERESTART_RESTARTBLOCK);
}

/*
 * The client interrupts a thread that is in a call the platform let pass. The
 * host stopped it inside, before or behind the call.
 */
static void break_off(struct tracee *t)
{
	uaddr_t behind = GATE_BEHIND;
	struct user_regs_struct host;
	long nr = -1;

	if (ptrace(PTRACE_GETREGS, t->base.host_tid, NULL, &host) != 0)
		return;
	t->host.fs_base = host.fs_base;
	t->host.gs_base = host.gs_base;
	if (host.rip == behind && !will_restart(&host)) {
		t->regs.rax = host.rax;
	} else {
		if (host.rip == behind)
			nr = t->nr;
		rewind_call(t);
	}
	deliver_interrupt(t, nr);
}

/* The same where the filter lets such calls pass, at the guest's own place. */
static void break_off_guest(struct tracee *t)
{
	long nr = -1;

	if (!tracee_load(t))
		return;
	if (t->platform->filtered && will_restart(&t->host)) {
		nr = t->nr = (long)t->host.orig_rax;
		rewind_call(t);
	}
	deliver_interrupt(t, nr);
}

/* A signal of the thread's own waits: it has to be seen first. */
static bool signal_pending(struct tracee *t)
{
	struct __ptrace_peeksiginfo_args peek = {.nr = 1};
	siginfo_t info;

	return ptrace(PTRACE_PEEKSIGINFO, t->base.host_tid, &peek, &info) > 0;
}

static void interrupted(struct tracee *t)
{
	if (t->work == WORK_NATIVE) {
		break_off(t);
	} else if (t->work == WORK_EXIT) {
		t->op = OP_EXIT;
		work_begin(t);
	} else {
		break_off_guest(t);
	}
}

static bool may_interrupt(const struct tracee *t)
{
	return t->interrupt &&
	       (t->work == WORK_GUEST || t->work == WORK_NATIVE ||
		       (t->work == WORK_EXIT && t->vsyscall));
}

/*
 * The stop meant nothing to us. A call with a timeout that it broke off would
 * be continued by the host under a number of its own, which only the guest may
 * use here: it is made anew.
 */
static void pass_over(struct tracee *t)
{
	if (t->work == WORK_GUEST && t->platform->filtered && tracee_load(t) &&
		will_restart(&t->host) &&
		(long)t->host.rax == -ERESTART_RESTARTBLOCK) {
		t->nr = (long)t->host.orig_rax;
		rewind_call(t);
		tracee_run_guest(t);
		return;
	}
	t->regs_loaded = t->regs_dirty;
	tracee_go_on(t);
}

static void on_trap_stop(struct tracee *t)
{
	if (t->work == WORK_START) {
		if (!t->arrived)
			work_child_arrived(t);
	} else if (may_interrupt(t) && !signal_pending(t)) {
		interrupted(t);
	} else {
		pass_over(t);
	}
}

static bool is_fault(int signo)
{
	return signo == SIGSEGV || signo == SIGBUS || signo == SIGFPE ||
	       signo == SIGILL || signo == SIGTRAP;
}

static void on_fault(struct tracee *t, const siginfo_t *info)
{
	struct event event = {.kind = EVENT_FAULT};

	if (!tracee_load(t))
		return;
	event.stopped = true;
	event.fault.signo = info->si_signo;
	event.fault.code = info->si_code;
	event.fault.addr = (uaddr_t)(uintptr_t)info->si_addr;
	fault_describe(t, &event.fault);
	rseq_abort(t);
	tracee_set_view(t, VIEW_STOPPED);
	loop_deliver(t, &event);
}

/* True if the trap is that of the gate: the call there is done. */
static bool at_gate_end(struct tracee *t)
{
	struct user_regs_struct host;

	if (ptrace(PTRACE_GETREGS, t->base.host_tid, NULL, &host) != 0 ||
		host.rip != GATE_END)
		return false;
	/* Calls change these two, and the host's are the truth. */
	t->host.fs_base = host.fs_base;
	t->host.gs_base = host.gs_base;
	work_call_done(t, (long)host.rax);
	return true;
}

/*
 * No signal is ever delivered by the host: a fault is the client's to handle,
 * and all others come from outside of the sandbox.
 */
static void on_signal(struct tracee *t, int signo)
{
	siginfo_t info;
	bool fault;

	if (signo == SIGTRAP && t->work != WORK_GUEST && at_gate_end(t))
		return;
	fault = is_fault(signo) &&
		ptrace(PTRACE_GETSIGINFO, t->base.host_tid, NULL, &info) == 0 &&
		info.si_code > 0;
	if (fault && t->work == WORK_GUEST)
		on_fault(t, &info);
	else if (fault) /* at the gate: its restartable sequence is broken */
		process_kill(container_of(t->base.space, struct process, base));
	else if (may_interrupt(t) && !signal_pending(t))
		interrupted(t);
	else
		pass_over(t);
}

/*
 * The thread has a new image, and the number of its process. All others of the
 * process are gone; their ends were reported before, except for the leader's,
 * whose number this thread has now.
 */
static void on_exec(struct tracee *t)
{
	struct tracer *p = t->platform;
	unsigned long former = 0;
	struct tracee *caller;

	ptrace(PTRACE_GETEVENTMSG, t->base.host_tid, NULL, &former);
	caller = tracee_find(p, (pid_t)former);
	if (caller != NULL && caller != t) {
		tracee_unhash(caller);
		tracee_unhash(t);
		place_stopped(t);
		place_stopped(caller);
		t->gone = true;
		work_forget(t);
		tracee_set_view(t, VIEW_DEAD);
		tracee_hash(caller, t->base.host_tid);
		tracee_free_if_done(t);
		t = caller;
		t->host_stopped = true;
	}
	work_exec_stop(t);
}

static void on_stop(struct tracee *t, int status)
{
	t->host_stopped = true;
	place_stopped(t);
	if (t->orphan)
		return;
	switch (EVENT_OF(status)) {
	case 0:
		if (WSTOPSIG(status) == SYSCALL_STOP)
			on_syscall(t);
		else
			on_signal(t, WSTOPSIG(status));
		break;
	case PTRACE_EVENT_CLONE:
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
		work_clone_stop(t);
		break;
	case PTRACE_EVENT_EXEC:
		on_exec(t);
		break;
	case PTRACE_EVENT_SECCOMP:
		on_filter(t);
		break;
	default:
		on_trap_stop(t);
		break;
	}
}

static void deliver_cloned(struct tracee *t)
{
	struct event event = {.kind = EVENT_CLONED, .result = t->result};
	struct tracee *child = t->child;
	struct process *s;

	t->child = NULL;
	event.stopped = true;
	if (event.result == 0) {
		event.child = &child->base;
		tracee_set_view(child, VIEW_STOPPED);
		child->work = WORK_GUEST;
	}
	loop_deliver(t, &event);
	if (event.result != 0)
		return;
	keep_for_others(child);
	s = container_of(child->base.space, struct process, base);
	if (child->gone && child->base.host_tid == s->base.host_pid)
		loop_deliver_dead(s, child->status, &child->usage);
}

static void deliver_ready(struct tracee *t)
{
	struct event event = {.stopped = true};
	enum ready ready = t->ready;

	t->ready = READY_NONE;
	if (ready == READY_INTERRUPT) {
		deliver_interrupt(t, -1);
		return;
	}
	tracee_set_view(t, VIEW_STOPPED);
	t->work = WORK_GUEST;
	if (ready == READY_CLONED) {
		deliver_cloned(t);
		return;
	}
	event.kind = ready == READY_EXEC ? EVENT_EXEC : EVENT_CALLS;
	event.result = ready == READY_EXEC ? t->result : 0;
	event.start = t->start;
	loop_deliver(t, &event);
}

/* All that needs no stop: wishes of other threads, and events in waiting. */
static void settle(struct tracer *p)
{
	struct process *s;
	struct tracee *t;

	while (!list_empty(&p->kills)) {
		s = list_first(&p->kills, struct process, killed);
		list_del(&s->killed);
		process_kill(s);
	}
	while (!list_empty(&p->queue)) {
		t = list_first(&p->queue, struct tracee, queued);
		list_del(&t->queued);
		work_begin(t);
	}
	while (!list_empty(&p->ready)) {
		t = list_first(&p->ready, struct tracee, ready_node);
		list_del(&t->ready_node);
		deliver_ready(t);
	}
}

void loop_arm(struct tracer *p, unsigned int ms)
{
	struct itimerspec when = {
		.it_value.tv_sec = ms / 1000,
		.it_value.tv_nsec = ms % 1000 * 1000000l,
	};

	if (p->timer_ms != 0 && p->timer_ms <= ms)
		return;
	if (timer_settime(p->timer, 0, &when, NULL) == 0)
		p->timer_ms = ms;
}

/* A thread that is busy for too long takes its process with it. */
static void kill_overdue(struct tracer *p)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	for (size_t i = 0; i < TRACEE_BUCKETS; i++)
		for (struct tracee *t = p->buckets[i]; t != NULL;
			t = t->hash_next) {
			time_t limit = t->work == WORK_CALLS
					       ? PLATFORM_CALLS_DEADLINE_MS
					       : PLATFORM_STUB_DEADLINE_MS;

			if (t->view == VIEW_BUSY &&
				now.tv_sec - t->busy_since > limit / 1000)
				process_kill(container_of(
					t->base.space, struct process, base));
		}
}

static void on_tick(struct tracer *p)
{
	p->timer_ms = 0;
	place_tick(p);
	if (p->busy == 0)
		return;
	kill_overdue(p);
	loop_arm(p, BUSY_CHECK_MS);
}

static void on_wait(
	struct tracer *p, pid_t tid, int status, const struct rusage *usage)
{
	struct tracee *t = tracee_find(p, tid);

	if (WIFSTOPPED(status)) {
		/* A child may stop before its parent's clone is reported. */
		if (t == NULL)
			t = tracee_new(p, tid);
		if (t != NULL)
			on_stop(t, status);
		/* Or after its parent's end. */
		work_kill_lost(p);
	} else if (t != NULL) {
		thread_ended(t, status, usage);
		work_kill_lost(p);
	}
}

int loop_open(struct tracer *p)
{
	struct sigaction wake = {.sa_flags = SA_SIGINFO};
	struct sigaction child = {.sa_flags = SA_NOCLDSTOP};
	struct sigevent event = {0};
	sigset_t set;

	/* Stops wake wait4() without it; ends of children are waited for. */
	child.sa_handler = SIG_DFL;
	wake.sa_sigaction = on_wake;
	sigfillset(&wake.sa_mask);
	sigemptyset(&set);
	sigaddset(&set, WAKE_SIGNAL);
	if (sigaction(SIGCHLD, &child, NULL) != 0 ||
		sigaction(WAKE_SIGNAL, &wake, NULL) != 0 ||
		sigprocmask(SIG_UNBLOCK, &set, NULL) != 0)
		return -errno;
	event.sigev_notify = SIGEV_THREAD_ID;
	event.sigev_signo = WAKE_SIGNAL;
	event._sigev_un._tid = p->tid;
	if (timer_create(CLOCK_MONOTONIC, &event, &p->timer) != 0)
		return -errno;
	p->timer_made = true;

	return 0;
}

void loop_close(struct tracer *p)
{
	if (p->timer_made)
		timer_delete(p->timer);
	p->timer_made = false;
}

/* With a lost clone the host is asked: it knows whether there is a child. */
static bool nobody_left(const struct tracer *p)
{
	return p->processes + p->strays == 0 && !p->clone_lost;
}

int loop_run(struct tracer *p)
{
	const struct platform_client *c = &p->options.client;
	struct rusage usage;
	int status;
	long tid;

	c->lock(c->data);
	for (;;) {
		__atomic_store_n(&loop.wake, 0, __ATOMIC_SEQ_CST);
		if (__atomic_exchange_n(&loop.tick, 0, __ATOMIC_RELAXED))
			on_tick(p);
		settle(p);
		if (c->idle != NULL)
			c->idle(c->data);
		settle(p);
		if (atomic_load(&p->stopping) || nobody_left(p))
			break;
		place_review(p);
		c->unlock(c->data);
		tid = wait_for_stop(&loop.wake, &status, __WALL, &usage);
		c->lock(c->data);
		if (tid > 0)
			on_wait(p, (pid_t)tid, status, &usage);
		else if (tid == -ECHILD)
			break;
	}
	c->unlock(c->data);
	return 0;
}
