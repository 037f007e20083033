/*
 * One traced host thread: where it is found, its registers, and how it is let
 * go. A struct tracee lives until the host has reaped the thread and the
 * client has given it back; see ptrace.c.
 */
#include "platform/ptrace/ptrace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/checked.h"
#include "lib/log.h"

#define USER_CODE_SEGMENT 0x33
#define USER_DATA_SEGMENT 0x2b

/* struct regs is struct user_regs_struct without orig_rax and segments. */
static void regs_from_host(struct regs *r, const struct user_regs_struct *h)
{
	memcpy(r, h, offsetof(struct user_regs_struct, orig_rax));
	r->rip = h->rip;
	r->eflags = h->eflags;
	r->rsp = h->rsp;
}

static void regs_to_host(struct user_regs_struct *h, const struct regs *r)
{
	memcpy(h, r, offsetof(struct user_regs_struct, orig_rax));
	h->rip = r->rip;
	h->eflags = r->eflags;
	h->rsp = r->rsp;
	h->orig_rax = (unsigned long)-1;
}
_Static_assert(offsetof(struct user_regs_struct, orig_rax) ==
		       offsetof(struct regs, rip),
	"struct regs begins like struct user_regs_struct");

static struct tracee **bucket(struct tracer *p, pid_t tid)
{
	return &p->buckets[(unsigned int)tid % TRACEE_BUCKETS];
}

struct tracee *tracee_find(struct tracer *p, pid_t tid)
{
	struct tracee *t = *bucket(p, tid);

	while (t != NULL && t->base.host_tid != tid)
		t = t->hash_next;
	return t;
}

void tracee_hash(struct tracee *t, pid_t tid)
{
	struct tracee **head = bucket(t->platform, tid);

	t->base.host_tid = tid;
	t->hash_next = *head;
	*head = t;
	t->hashed = true;
}

void tracee_unhash(struct tracee *t)
{
	struct tracee **pos = bucket(t->platform, t->base.host_tid);

	if (!t->hashed)
		return;
	while (*pos != t)
		pos = &(*pos)->hash_next;
	*pos = t->hash_next;
	t->hashed = false;
}

struct tracee *tracee_new(struct tracer *p, pid_t tid)
{
	struct tracee *t = alloc_zero(t);

	if (t == NULL)
		return NULL;
	t->base.ops = &ptrace_platform;
	t->platform = p;
	t->view = VIEW_RUNNING;
	t->work = WORK_START;
	list_init(&t->in_process);
	list_init(&t->queued);
	list_init(&t->ready_node);
	list_init(&t->lend_node);
	tracee_hash(t, tid);
	p->strays++;
	return t;
}

void tracee_free_if_done(struct tracee *t)
{
	struct process *s = NULL;

	if (!t->gone || !t->put)
		return;
	if (t->base.space != NULL)
		s = container_of(t->base.space, struct process, base);
	else
		t->platform->strays--;
	tracee_unhash(t);
	list_del(&t->in_process);
	list_del(&t->queued);
	list_del(&t->ready_node);
	list_del(&t->lend_node);
	free(t->fp);
	free(t);
	if (s != NULL)
		process_free_if_done(s);
}

struct process *process_new(struct tracer *p)
{
	struct process *s = alloc_zero(s);

	if (s == NULL)
		return NULL;
	s->base.ops = &ptrace_platform;
	s->platform = p;
	list_init(&s->threads);
	list_init(&s->killed);
	return s;
}

void process_add(struct process *s, struct tracee *t)
{
	if (list_empty(&s->threads)) {
		s->base.host_pid = t->base.host_tid;
		s->platform->processes++;
	}
	t->base.space = &s->base;
	list_add_tail(&s->threads, &t->in_process);
	s->platform->strays--;
}

void process_free_if_done(struct process *s)
{
	if (!s->dead || !s->put || !list_empty(&s->threads))
		return;
	list_del(&s->killed);
	free(s);
}

/* By the tracer, so that the number cannot have been given away by a reap. */
void process_kill(struct process *s)
{
	if (!s->dead)
		kill(s->base.host_pid, SIGKILL);
}

bool tracee_is_tracer(const struct tracer *p)
{
	static _Thread_local pid_t self;

	if (self == 0)
		self = (pid_t)syscall(SYS_gettid);
	return self == p->tid;
}

bool tracee_load(struct tracee *t)
{
	if (t->regs_loaded)
		return true;
	if (t->gone || !t->host_stopped || !tracee_is_tracer(t->platform))
		return false;
	if (ptrace(PTRACE_GETREGS, t->base.host_tid, NULL, &t->host) != 0)
		return false;
	regs_from_host(&t->regs, &t->host);
	t->regs_loaded = true;
	return true;
}

bool tracee_load_fp(struct tracee *t)
{
	if (t->fp_loaded)
		return true;
	if (t->gone || !t->host_stopped || !tracee_is_tracer(t->platform))
		return false;
	if (t->fp == NULL)
		t->fp = malloc(xstate_frame_size());
	if (t->fp == NULL || xstate_read(t->base.host_tid, t->fp) != 0)
		return false;
	t->fp_loaded = true;
	return true;
}

/* Only a kill between the stop and now makes a request fail: wait4 follows. */
static void let_go(struct tracee *t, int how)
{
	place_left(t);
	t->host_stopped = false;
	if (ptrace(how, t->base.host_tid, NULL, NULL) != 0 && errno != ESRCH)
		log_error("ptrace request %d: %m", how);
}

/* The call the filter stopped is answered: the host is not to make it. */
static void skip_call(struct tracee *t)
{
	ptrace(PTRACE_POKEUSER, t->base.host_tid,
		offsetof(struct user, regs.orig_rax), -1l);
}

void tracee_run_guest(struct tracee *t)
{
	if (t->fp_dirty && xstate_write(t->base.host_tid, t->fp) != 0)
		log_warn("extended state of %d: %m", t->base.host_tid);
	if (t->regs_dirty) {
		regs_to_host(&t->host, &t->regs);
		if (ptrace(PTRACE_SETREGS, t->base.host_tid, NULL, &t->host) !=
				0 &&
			errno != ESRCH) {
			log_warn("registers of %d: %m", t->base.host_tid);
			process_kill(container_of(
				t->base.space, struct process, base));
		}
	}
	if (t->at_call && !t->regs_dirty)
		skip_call(t);
	t->fp_dirty = t->fp_loaded = false;
	t->regs_dirty = t->regs_loaded = false;
	t->vsyscall = false;
	t->work = WORK_GUEST;
	tracee_go_on(t);
}

void tracee_go_on(struct tracee *t)
{
	bool emulate = t->work == WORK_GUEST && !t->platform->filtered;

	t->at_call = false;
	let_go(t, emulate ? PTRACE_SYSEMU : PTRACE_CONT);
}

void tracee_make_ready(struct tracee *t, enum ready ready)
{
	t->ready = ready;
	list_del(&t->ready_node);
	list_add_tail(&t->platform->ready, &t->ready_node);
}

void tracee_set_view(struct tracee *t, enum view view)
{
	struct tracer *p = t->platform;
	struct timespec now;

	if (t->view == VIEW_BUSY)
		p->busy--;
	t->view = view;
	if (view != VIEW_BUSY)
		return;
	p->busy++;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	t->busy_since = now.tv_sec;
	loop_arm(p, BUSY_CHECK_MS);
}

/* A call from the gate: the guest's registers stay in t->regs and t->host. */
void gate_call(struct tracee *t, long nr, const uint64_t args[6])
{
	struct user_regs_struct r = t->host;

	/* A call that the filter stopped becomes ours, made there and then. */
	r.rip = t->at_call ? GATE_BEHIND : STUB_TRACE_GATE;
	r.rax = (unsigned long)nr;
	r.orig_rax = (unsigned long)(t->at_call ? nr : -1);
	r.rdi = args[0];
	r.rsi = args[1];
	r.rdx = args[2];
	r.r10 = args[3];
	r.r8 = args[4];
	r.r9 = args[5];
	r.rsp = t->regs.rsp;
	/* The guest may have set the trap flag, or be in a 32-bit segment. */
	r.eflags = 0x202;
	r.cs = USER_CODE_SEGMENT;
	r.ss = USER_DATA_SEGMENT;
	t->regs_dirty = true;
	if (ptrace(PTRACE_SETREGS, t->base.host_tid, NULL, &r) != 0 &&
		errno != ESRCH)
		log_error("registers of a host call: %m");
	tracee_go_on(t);
}

void gate_call1(struct tracee *t, long nr, uint64_t arg)
{
	const uint64_t args[6] = {arg};

	gate_call(t, nr, args);
}
