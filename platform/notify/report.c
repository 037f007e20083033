/*
 * What a notification means.
 *
 * Three kinds arrive on the one listener: calls of guest code, reports of the
 * stub, and calls of the stub that need a grant. Where a call was made is the
 * host's word; all else is the guest's, so each is accepted only in the state
 * that allows it, and otherwise the process dies.
 */
#include "platform/notify/internal.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/log.h"
#include "platform/native.h"

#define SYS_SECCOMP_CODE 1 /* si_code of a SIGSYS from a filter */

/* Nobody's thread: whatever it is, it goes. */
void intruder(struct notify *n, const struct seccomp_notif *req)
{
	pid_t pid = (pid_t)req->pid;
	uint64_t id = req->id;
	int pidfd;

	log_warn("notify: killed thread %d, which nobody knows", pid);
	/* While its call is parked the number cannot be another's. */
	if (pid <= 0 ||
		ioctl(n->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) < 0)
		return;
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	kill(pid, SIGKILL);
	if (pidfd >= 0 && watch_process(n, pid, pidfd) < 0)
		close(pidfd);
}

static void regs_args(const struct regs *r, uint64_t args[6])
{
	args[0] = r->rdi;
	args[1] = r->rsi;
	args[2] = r->rdx;
	args[3] = r->r10;
	args[4] = r->r8;
	args[5] = r->r9;
}

static bool is_futex_wait(const uint64_t args[6])
{
	uint32_t op = (uint32_t)args[1] &
		      ~(uint32_t)(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);

	return (op == FUTEX_WAIT || op == FUTEX_WAIT_BITSET) &&
	       native_allowed(SYS_futex, args);
}

static bool syscall_at(struct notify_thread *t, uaddr_t ip)
{
	unsigned char code[2];

	return remote_read(t, ip, code, sizeof(code)) && code[0] == 0x0f &&
	       code[1] == 0x05;
}

/*
 * The native call that a kick broke off, set up so that resuming makes it
 * again. Only waiting on a futex is both native and interruptible. Without a
 * timeout the host has already set it up; with one it answered EINTR.
 */
static long broken_off(struct notify_thread *t)
{
	struct regs *r = &t->regs;
	uint64_t args[6];

	regs_args(r, args);
	if (!is_futex_wait(args))
		return -1;
	if (r->rax == SYS_futex && syscall_at(t, r->rip))
		return SYS_futex;
	if ((long)r->rax != -EINTR || args[3] == 0 || t->eintr_ip == r->rip ||
		!syscall_at(t, r->rip - 2))
		return -1;
	r->rax = SYS_futex;
	r->rip -= 2;
	t->regs_changed = true;
	return SYS_futex;
}

/*
 * Before Linux 6.17 a kick may win over an answer that came right after it:
 * the host then makes the call again, though we have handled it. No guest
 * code ran in between, so it can be told, and the answer put in place.
 */
static void answer_repair(struct notify_thread *t)
{
	bool lost = t->answered && t->regs.rip == t->call_ip - 2 &&
		    (long)t->regs.rax == t->nr;

	t->answered = false;
	if (!lost)
		return;
	t->regs.rip = t->call_ip;
	t->regs.rax = (uint64_t)t->answered_value;
	t->regs_changed = true;
}

static void signal_kick(struct notify_thread *t)
{
	struct event e = {.kind = EVENT_INTERRUPT};

	t->kick_sent = false;
	answer_repair(t);
	t->state = STOPPED;
	if (!t->want_interrupt) {
		notify_thread_resume(&t->base);
		return;
	}
	e.nr = broken_off(t);
	event_send(t->n, &e, t);
}

static void signal_trap(struct notify_thread *t)
{
	struct event e = {.kind = EVENT_SYSCALL, .stopped = true};

	if (t->saved.info.code != SYS_SECCOMP_CODE) {
		violate(t, "a SIGSYS that no filter sent");
		return;
	}
	t->state = STOPPED;
	e.nr = t->saved.info.syscall;
	e.ip = t->regs.rip;
	regs_args(&t->regs, e.args);
	event_send(t->n, &e, t);
}

static void signal_fault(struct notify_thread *t, int signo)
{
	struct event e = {.kind = EVENT_FAULT};

	t->state = STOPPED;
	e.fault.signo = signo;
	e.fault.code = t->saved.info.code;
	e.fault.addr = t->saved.info.addr;
	e.fault.trapno = t->saved.trapno;
	e.fault.error = t->saved.err;
	event_send(t->n, &e, t);
}

static void report_signal(
	struct notify_thread *t, const struct seccomp_notif *req)
{
	uint64_t signo = req->data.args[1];
	bool leaving = t->state == BUSY && t->op == OP_EXIT_KICK;

	if (t->state != RUNNING && !leaving) {
		violate(t, "reports a signal while it works for us");
		return;
	}
	t->notif = req->id;
	if (!frame_load(t, req->data.args[2])) {
		violate(t, "reports a signal frame outside of its area");
		return;
	}
	if (leaving) {
		exit_start(t);
		return;
	}
	switch (signo) {
	case STUB_KICK:
		signal_kick(t);
		return;
	case SIGSYS:
		signal_trap(t);
		return;
	case SIGSEGV:
	case SIGBUS:
	case SIGFPE:
	case SIGILL:
	case SIGTRAP:
		signal_fault(t, (int)signo);
		return;
	default:
		violate(t, "reports a signal that it does not handle");
	}
}

static void report_done(struct notify_thread *t, int64_t first)
{
	struct event e = {.kind = EVENT_CALLS};

	if (t->state != BUSY) {
		violate(t, "reports a batch that nobody asked for");
		return;
	}
	switch (t->op) {
	case OP_CALL:
		if (!batch_results(t, first)) {
			violate(t, "its area is gone");
			return;
		}
		t->state = STOPPED;
		lane_release(t);
		event_send(t->n, &e, t);
		return;
	case OP_GROW:
		clone_grown(t, first);
		return;
	case OP_DRAIN:
		exec_drained(t);
		return;
	case OP_EXEC_CLOSE:
		exec_closed(t);
		return;
	default:
		violate(t, "reports a batch that nobody asked for");
	}
}

static void reported(struct notify *n, struct notify_thread *t,
	const struct seccomp_notif *req)
{
	uint64_t kind = req->data.args[0];

	/* These two come from threads we may not know by this number. */
	if (kind == STUB_CHILD) {
		clone_child(n, req);
		return;
	}
	if (kind == STUB_STARTED) {
		exec_started(n, req);
		return;
	}
	if (t == NULL) {
		intruder(n, req);
		return;
	}
	if (kind == STUB_SIGNAL) {
		report_signal(t, req);
		return;
	}
	/* The rest ends an operation that a parked thread was given. */
	if (t->state != BUSY) {
		violate(t, "reports the end of what nobody asked for");
		return;
	}
	t->notif = req->id;
	if (kind == STUB_DONE)
		report_done(t, (int64_t)req->data.args[1]);
	else if (kind == STUB_CLONED)
		clone_cloned(t, (long)req->data.args[1]);
	else if (kind == STUB_EXEC_FAILED)
		exec_failed(t, (long)req->data.args[1]);
	else
		violate(t, "reports nonsense");
}

/* A call of the stub's that is not native: is there a grant for it? */
static void granted(struct notify_thread *t, const struct seccomp_notif *req)
{
	const struct seccomp_data *d = &req->data;
	bool yes = false;

	if (d->instruction_pointer == STUB_IP_CLONE)
		yes = clone_grants(t, d);
	else if (d->instruction_pointer == STUB_IP_EXEC)
		yes = exec_grants(t, d);
	else if (d->instruction_pointer == STUB_IP_CALL)
		yes = batch_grants(t, d);
	if (!yes) {
		violate(t, "makes a host call without a grant");
		return;
	}
	answer_continue(t->n, req->id);
	if (t->op == OP_EXIT)
		thread_gone(t);
}

static void guest_call(struct notify_thread *t, const struct seccomp_notif *req)
{
	struct event e = {.kind = EVENT_SYSCALL, .stopped = false};
	size_t i;

	if (t->state == BUSY &&
		(t->op == OP_BOOT_CLOSE || t->op == OP_BOOT_EXEC)) {
		boot_notified(t, req);
		return;
	}
	if (t->state != RUNNING) {
		violate(t, "makes a call while it works for us");
		return;
	}
	t->notif = req->id;
	t->nr = req->data.nr;
	t->call_ip = req->data.instruction_pointer;
	t->state = IN_CALL;
	e.nr = req->data.nr;
	e.ip = req->data.instruction_pointer;
	for (i = 0; i < 6; i++)
		e.args[i] = req->data.args[i];
	event_send(t->n, &e, t);
}

void notified(struct notify *n, const struct seccomp_notif *req)
{
	struct notify_thread *t = thread_find(n, (pid_t)req->pid);
	uint64_t ip = req->data.instruction_pointer;

	if (ip == STUB_IP_REPORT) {
		if (t == NULL || !t->space->killed)
			reported(n, t, req);
		return;
	}
	if (t == NULL) {
		intruder(n, req);
		return;
	}
	if (t->space->killed)
		return;
	if (ip >= STUB_GATE && ip < STUB_AREAS_START)
		granted(t, req);
	else
		guest_call(t, req);
}
