/*
 * Inside the ptrace platform. See ptrace.c for how its parts play together.
 *
 * Everything below is guarded by the client's lock, and every ptrace request
 * is made by one thread, the tracer: the host takes them from no other.
 */
#ifndef PLATFORM_PTRACE_PTRACE_H
#define PLATFORM_PTRACE_PTRACE_H

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/user.h>
#include <time.h>

#include "lib/list.h"
#include "platform.h"
#include "platform/stub/stub.h"

#define TRACEE_BUCKETS  1024
#define BUSY_CHECK_MS   1000
#define SCRATCH_SIZE    256
#define GATE_FILTER_MAX 80

/* Addresses in every guest: behind the gate's `syscall`, and its `int3`. */
#define GATE_BEHIND  (STUB_TRACE_GATE + SYSCALL_SIZE)
#define GATE_END     (GATE_BEHIND + 1)
#define SYSCALL_SIZE 2
/* Memory for messages to the host: no stub code runs on this platform. */
#define GATE_SCRATCH STUB_AREAS_START

/* What the client was told about a thread: see platform.h. */
enum view { VIEW_RUNNING, VIEW_IN_CALL, VIEW_STOPPED, VIEW_BUSY, VIEW_DEAD };

/* What the host thread does when it is let go. */
enum work {
	WORK_GUEST,  /* guest code; its calls are emulated */
	WORK_NATIVE, /* a call of the guest's that the host executes */
	WORK_CALLS,  /* thread_call() */
	WORK_CLONE,
	WORK_EXEC,
	WORK_EXIT,
	WORK_START, /* a clone's child or a booted image before its event */
};

/* Where a work of several host calls stands. */
enum step { STEP_RECEIVE, STEP_CALL, STEP_CLOSE, STEP_SETTLE };

enum op {
	OP_NONE,
	OP_RETURN,
	OP_RETURN_STOPPED,
	OP_CONTINUE,
	OP_RESUME,
	OP_CALL,
	OP_CLONE,
	OP_EXEC,
	OP_EXIT,
};

/* An event that needs no further stop of the thread, to be delivered next. */
enum ready {
	READY_NONE,
	READY_INTERRUPT,
	READY_CALLS,
	READY_CLONED,
	READY_EXEC,
};

struct process {
	struct space base;
	struct tracer *platform; /* borrowed */
	struct list threads;     /* of struct tracee.in_process */
	struct list killed;      /* on platform.kills */
	bool dead;               /* the host reported the last thread */
	bool put;                /* given back by the client */
};

struct tracee {
	struct thread base;
	struct tracer *platform; /* borrowed */
	struct tracee *hash_next;
	struct list in_process;
	struct list queued; /* on platform.queue */
	struct list ready_node;
	struct list lend_node; /* on platform.borrowers */

	enum view view;
	enum work work;
	enum step step;
	enum ready ready;
	bool host_stopped; /* in a ptrace stop that we have seen */
	bool hashed;
	bool gone;            /* the host thread is dead and reaped */
	bool put;             /* given back by the client */
	bool interrupt;       /* the client waits for EVENT_INTERRUPT */
	bool interrupt_asked; /* to be asked of the host by the tracer */
	bool at_call;  /* stopped by the filter: its call may yet be made */
	bool gathered; /* where its platform was when it was let go */
	bool runs;     /* counted in platform.running */
	bool vsyscall; /* stopped in the vsyscall page */
	time_t busy_since;

	/* The call the thread is stopped at. */
	long nr;
	uint64_t args[6];

	/* The guest's registers, while they are not in the host thread. */
	struct regs regs;
	struct user_regs_struct host; /* what struct regs does not hold */
	bool regs_loaded;
	bool regs_dirty;
	uint8_t *fp; /* owned: xstate_frame_size() bytes, a frame's image */
	bool fp_loaded;
	bool fp_dirty;

	/* What was asked for. */
	enum op op;
	long value;
	struct host_call *calls; /* the client's */
	size_t call_count;
	size_t call_next;
	int fds[PLATFORM_FDS_MAX]; /* borrowed, to be lent */
	size_t fd_count;
	struct clone_request clone;
	uaddr_t exec_argv;
	uaddr_t exec_envp;
	long result;        /* of a clone or exec */
	struct start start; /* of an exec */

	/* thread_clone(): of the parent. */
	struct process *new_process; /* owned until the child has it */
	struct tracee *child;        /* borrowed; set by the host's event */
	bool clone_returned;
	bool clone_counted; /* in platform.cloning */
	/* Of the child. */
	struct tracee *parent; /* borrowed; NULL once registered */
	bool arrived;          /* its first stop was seen */
	bool orphan;           /* nobody will ever be told about it */
	int status;            /* of a child that died before its event */
	struct rusage usage;
};

struct tracer {
	struct platform base;
	struct platform_options options;
	pid_t pid;
	pid_t tid; /* thread that makes the requests */
	struct tracee *buckets[TRACEE_BUCKETS];
	struct list queue; /* tracees with an op or an interrupt to do */
	struct list kills;
	struct list ready;
	struct list borrowers; /* tracees that wait for the lending socket */
	struct tracee *lender; /* borrowed: who may receive now */
	int lend_fd;           /* our end of the lending socket */
	int guest_fd;          /* the other, to take back what nobody took */
	size_t processes;      /* not dead, told to the client */
	size_t strays;         /* traced, not yet told */
	size_t cloning;        /* clones whose child is not known yet */
	bool clone_lost;       /* one died: a child may still turn up */
	size_t busy;
	atomic_int stopping;
	timer_t timer;
	bool timer_made;
	unsigned int timer_ms; /* what it is set to; 0: not armed */

	/*
	 * The filter stops guest calls, and lets native ones pass; else
	 * PTRACE_SYSEMU stops them all.
	 */
	bool filtered;

	/* place.c */
	cpu_set_t allowed;
	cpu_set_t one; /* where all are, if gathered */
	bool may_place;
	bool gathered;
	int64_t gathered_at; /* ms */
	bool crowded;        /* several run, and the timer will look again */
	size_t running;      /* let go, and not in a futex call */
	unsigned int alone;  /* stops in a row with at most one running */
	uint64_t stops;
	uint64_t crowded_since; /* value of stops */
};

/* tracee.c: one host thread and its registers. */
struct tracee *tracee_find(struct tracer *p, pid_t tid);
/* A thread of no process yet, in a state that suits a new child. */
struct tracee *tracee_new(struct tracer *p, pid_t tid);
void tracee_hash(struct tracee *t, pid_t tid);
void tracee_unhash(struct tracee *t);
/* Frees t when the host and the client are both done with it. */
void tracee_free_if_done(struct tracee *t);
void process_free_if_done(struct process *s);
struct process *process_new(struct tracer *p);
void process_add(struct process *s, struct tracee *t);
void process_kill(struct process *s);
/* Reads the registers of a stopped thread into t->regs; false: it died. */
bool tracee_load(struct tracee *t);
bool tracee_load_fp(struct tracee *t);
/* Lets a stopped thread go on with guest code, with t->regs if dirty. */
void tracee_run_guest(struct tracee *t);
/* Lets it go on with what it was doing, registers as they are. */
void tracee_go_on(struct tracee *t);
void tracee_make_ready(struct tracee *t, enum ready ready);
void tracee_set_view(struct tracee *t, enum view view);
bool tracee_is_tracer(const struct tracer *p);

/* gate.c: host calls made in the guest's address space. */
/* 0, or -EINVAL if the stub's image has no gate where we expect it. */
int gate_check(int stub_fd);
void gate_call(struct tracee *t, long nr, const uint64_t args[6]);
void gate_call1(struct tracee *t, long nr, uint64_t arg);
bool gate_may_call(long nr);
struct sock_filter;
/*
 * The filter of every guest process, for a tracer that is gone. Writes at most
 * GATE_FILTER_MAX instructions; returns how many.
 */
size_t gate_filter(struct sock_filter *code);

/* work.c: what an op makes a thread do, step by step. */
void work_begin(struct tracee *t);
void work_call_done(struct tracee *t, long result);
/* The host stopped t because its execveat() has replaced the image. */
void work_exec_stop(struct tracee *t);
/* The host stopped t because its clone() has a child. */
void work_clone_stop(struct tracee *t);
/* The host reported the child's first stop, or its end. */
void work_child_arrived(struct tracee *child);
/* Kills new children that no thread will ever ask for, if that is certain. */
void work_kill_lost(struct tracer *p);
/* t is gone: what it was in the middle of is undone. */
void work_forget(struct tracee *t);
/* The image is new, and t stands at the gate's end: reads where it starts. */
int work_read_start(struct tracee *t);

/* lend.c: descriptors that a guest process has for some calls only. */
int lend_open(struct tracer *p);
void lend_close(struct tracer *p);
/* Queues t for t->fds; work_call_done() follows with the receive's result. */
void lend_begin(struct tracee *t);
/* t has received, or is gone: the next may. */
void lend_end(struct tracee *t, bool received);

/* rseq.c */

/* The thread, its registers loaded, leaves guest code for the client. */
void rseq_abort(struct tracee *t);

/* fault.c: what a fault's signal frame would say beside the siginfo. */
void fault_describe(struct tracee *t, struct fault *fault);

/* loop.c */
/* Takes the wake signal and a timer; before lock-down, by the tracer. */
int loop_open(struct tracer *p);
void loop_close(struct tracer *p);
int loop_run(struct tracer *p);
void loop_wake(struct tracer *p);
/* Has the tracer woken in so many milliseconds, if not before. */
void loop_arm(struct tracer *p, unsigned int ms);
void loop_deliver(struct tracee *t, struct event *event);
void loop_deliver_dead(struct process *s, int status, const struct rusage *ru);

/* place.c */
void place_open(struct tracer *p);
void place_left(struct tracee *t);    /* before it is let go */
void place_stopped(struct tracee *t); /* or ended */
void place_review(struct tracer *p);  /* before each wait */
void place_tick(struct tracer *p);    /* the timer fired */

/* boot.c */
/* Returns with the new image stopped and its event in waiting. */
int boot_first(struct tracer *p, char *const argv[], char *const envp[],
	struct tracee **out);

/* probe.c */
int ptrace_probe(char *why, size_t why_size);

/* xstate.c: the extended state, as ptrace and as a signal frame has it. */
size_t xstate_frame_size(void);
/* Reads it of a stopped thread, in a frame's form. */
int xstate_read(pid_t tid, uint8_t *frame);
int xstate_write(pid_t tid, const uint8_t *frame);
/* Makes frame from what a guest's frame holds; -EINVAL if it may not. */
int xstate_accept(uint8_t *frame, const void *from, size_t size);
void xstate_reset(uint8_t *frame);

/* wait.S: wait4(-1, ...), or -EINTR at once while *wake is set. */
long wait_for_stop(
	const int *wake, int *status, int options, struct rusage *usage);
extern const char wait_begin[], wait_end[], wait_broken[];

#endif
