/*
 * One thread: its registers, its answers, and how it is stopped.
 *
 * A STOPPED thread sits in a report, which it made from a signal handler on
 * its alternate stack. The frame below that handler holds the registers, and
 * sigreturn puts them back. They are read once, when the report arrives.
 */
#include "platform/notify/internal.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define X86_EFLAGS_START                                                       \
	0x202 /* interrupts on, and the bit that is always 1                   \
	       */
#define X86_USER_CS      0x33
#define X86_USER_SS      0x2b
#define UC_SIGCONTEXT_SS 0x2
#define UC_STRICT_SS     0x4

void regs_from_frame(struct regs *r, const struct stub_frame *f)
{
	*r = (struct regs){
		.r15 = f->r15,
		.r14 = f->r14,
		.r13 = f->r13,
		.r12 = f->r12,
		.rbp = f->rbp,
		.rbx = f->rbx,
		.r11 = f->r11,
		.r10 = f->r10,
		.r9 = f->r9,
		.r8 = f->r8,
		.rax = f->rax,
		.rcx = f->rcx,
		.rdx = f->rdx,
		.rsi = f->rsi,
		.rdi = f->rdi,
		.rip = f->rip,
		.eflags = f->eflags,
		.rsp = f->rsp,
	};
}

static void regs_to_frame(struct stub_frame *f, const struct regs *r)
{
	f->r15 = r->r15;
	f->r14 = r->r14;
	f->r13 = r->r13;
	f->r12 = r->r12;
	f->rbp = r->rbp;
	f->rbx = r->rbx;
	f->r11 = r->r11;
	f->r10 = r->r10;
	f->r9 = r->r9;
	f->r8 = r->r8;
	f->rax = r->rax;
	f->rcx = r->rcx;
	f->rdx = r->rdx;
	f->rsi = r->rsi;
	f->rdi = r->rdi;
	f->rip = r->rip;
	f->eflags = r->eflags;
	f->rsp = r->rsp;
}

bool frame_load(struct notify_thread *t, uaddr_t frame)
{
	if (frame < t->area + STUB_STACK_OFF ||
		frame > t->area + STUB_AREA_SIZE - sizeof(t->saved))
		return false;
	if (!remote_read(t, frame, &t->saved, sizeof(t->saved)))
		return false;
	t->frame = frame;
	regs_from_frame(&t->regs, &t->saved);
	t->regs_changed = false;
	return true;
}

bool regs_flush(struct notify_thread *t)
{
	const size_t first = offsetof(struct stub_frame, r8);
	const size_t end = offsetof(struct stub_frame, cs);

	if (!t->regs_changed)
		return true;
	t->regs_changed = false;
	regs_to_frame(&t->saved, &t->regs);
	return remote_write(t, t->frame + first, &t->saved.r8, end - first);
}

void kick(struct notify_thread *t)
{
	t->want_interrupt = true;
	deadline_set(t);
	if (t->kick_sent)
		return;
	t->kick_sent = true;
	syscall(SYS_tgkill, t->space->base.host_pid, t->base.host_tid,
		STUB_KICK);
}

void notify_thread_return(struct thread *thread, long value)
{
	struct notify_thread *t = to_thread(thread);

	if (t->state != IN_CALL)
		return;
	t->state = RUNNING;
	t->eintr_ip = value == -EINTR ? t->call_ip : 0;
	t->answered = t->kick_sent;
	t->answered_value = value;
	answer(t->n, t->notif, value);
}

void notify_thread_continue(struct thread *thread)
{
	struct notify_thread *t = to_thread(thread);

	if (t->state != IN_CALL)
		return;
	t->state = RUNNING;
	t->eintr_ip = 0;
	answer_continue(t->n, t->notif);
}

void notify_thread_return_stopped(struct thread *thread, long value)
{
	struct notify_thread *t = to_thread(thread);

	if (t->state != IN_CALL)
		return;
	kick(t);
	notify_thread_return(thread, value);
}

void notify_thread_interrupt(struct thread *thread)
{
	struct notify_thread *t = to_thread(thread);

	if (t->state == RUNNING && !t->space->killed)
		kick(t);
}

struct regs *notify_thread_regs(struct thread *thread)
{
	struct notify_thread *t = to_thread(thread);

	if (t->state != STOPPED || t->frame == 0)
		return NULL;
	return &t->regs;
}

void notify_thread_regs_changed(struct thread *thread)
{
	struct notify_thread *t = to_thread(thread);

	t->regs_changed = t->state == STOPPED && t->frame != 0;
}

void notify_thread_resume(struct thread *thread)
{
	struct notify_thread *t = to_thread(thread);

	if (t->state != STOPPED || t->frame == 0)
		return;
	if (!regs_flush(t)) {
		violate(t, "its signal frame is gone");
		return;
	}
	t->state = RUNNING;
	t->eintr_ip = (long)t->regs.rax == -EINTR ? t->regs.rip : 0;
	answer(t->n, t->notif, STUB_RESUME);
}

/* If nothing else changed, the answer itself carries the value. */
void notify_thread_resume_value(struct thread *thread, long value)
{
	const int64_t mark = (int64_t)1 << STUB_VALUE_BIT;
	const int64_t half = mark / 2;
	struct notify_thread *t = to_thread(thread);

	if (t->state != STOPPED || t->frame == 0)
		return;
	t->regs.rax = (uint64_t)value;
	if (t->regs_changed || value < -half || value >= half) {
		t->regs_changed = true;
		notify_thread_resume(thread);
		return;
	}
	t->state = RUNNING;
	t->eintr_ip = value == -EINTR ? t->regs.rip : 0;
	answer(t->n, t->notif, mark | (value & (mark - 1)));
}

/* A return from a signal that never was: it sets everything at once. */
void notify_thread_enter(struct thread *thread, uaddr_t ip, uaddr_t sp)
{
	struct notify_thread *t = to_thread(thread);
	uint64_t frame = t->area + STUB_STACK_OFF + 0x1000;
	struct stub_frame f = {
		.uc_flags = UC_SIGCONTEXT_SS | UC_STRICT_SS,
		.ss_sp = t->area + STUB_STACK_OFF,
		.ss_size = STUB_AREA_SIZE - STUB_STACK_OFF,
		.rip = ip,
		.rsp = sp,
		.eflags = X86_EFLAGS_START,
		.cs = X86_USER_CS,
		.ss = X86_USER_SS,
	};

	if (t->state != STOPPED || t->frame != 0)
		return;
	if (!remote_write2(t, t->area + offsetof(struct stub_area, frame),
		    &frame, sizeof(frame), frame, &f, sizeof(f))) {
		violate(t, "its area is gone");
		return;
	}
	t->state = RUNNING;
	answer(t->n, t->notif, STUB_ENTER);
}

/* The thread is STOPPED, or just reported: it makes the call itself. */
void exit_start(struct notify_thread *t)
{
	const uint64_t args[6] = {(uint64_t)t->exec_result};

	batch_own(t, OP_EXIT, SYS_exit, args);
}

void notify_thread_exit(struct thread *thread, int status)
{
	struct notify_thread *t = to_thread(thread);

	if (t->state == IN_CALL &&
		(t->nr == SYS_exit || t->nr == SYS_exit_group)) {
		answer_continue(t->n, t->notif);
		thread_gone(t);
		return;
	}
	t->exec_result = status;
	if (t->state == STOPPED) {
		exit_start(t);
	} else if (t->state == IN_CALL) {
		kick(t);
		t->state = BUSY;
		t->op = OP_EXIT_KICK;
		answer(t->n, t->notif, -EINTR);
	}
}
