/*
 * Tasks.
 *
 *   struct task          one guest thread. Counted; in the pid table from
 *                        birth until it is reaped.
 *   struct thread_group  what threads of one process share: signals sent to
 *                        the process, limits, timers, children, exit status.
 *   struct session, struct process_group   job control.
 *   struct call          the system call a task is in. A handler that would
 *                        have to wait parks the call and is run again, from
 *                        the start, when something it waits for moves.
 *
 * Everything here is guarded by the kernel lock.
 */
#ifndef SENTRY_KERNEL_TASK_H
#define SENTRY_KERNEL_TASK_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/list.h"
#include "lib/ref.h"
#include "platform.h"
#include "sentry/base/cred.h"
#include "sentry/base/waitq.h"
#include "sentry/kernel/sched.h"
#include "sentry/mm/mm.h"
#include "sentry/time/clock_timer.h"
#include "sentry/time/timer.h"

struct fdtable; /* kernel/fdtable.h */
struct fsctx;   /* kernel/fsctx.h: root, cwd, umask, mount namespace */
struct file;
struct posix_timer;
struct tty; /* a controlling terminal: fs/devpts */

/* ---- Results that stay inside ------------------------------------------ */

/*
 * Not errno values; no guest sees them. The first four are Linux's restart
 * classes, turned into EINTR or a repeated call when a signal is delivered
 * (kernel/signal.c). EPARK: the call waits. ENORETURN: the handler arranged
 * for the answer itself (exit, exec, sigreturn, clone).
 */
#define ERESTARTSYS           512
#define ERESTARTNOINTR        513
#define ERESTARTNOHAND        514
#define ERESTART_RESTARTBLOCK 516
#define EPARK                 600
#define ENORETURN             601

/* ---- Signals ----------------------------------------------------------- */

#define NSIG_GUEST 64
typedef uint64_t sigset_mask; /* bit n-1 is signal n */

#define SIGMASK(signo)      (UINT64_C(1) << ((signo)-1))
#define SIGNALS_UNBLOCKABLE (SIGMASK(SIGKILL) | SIGMASK(SIGSTOP))

struct sigaction_entry {
	uaddr_t handler; /* 0 SIG_DFL, 1 SIG_IGN */
	uint64_t flags;
	uaddr_t restorer;
	sigset_mask mask;
};

struct sighand {
	struct ref ref;
	struct sigaction_entry action[NSIG_GUEST];
};

/* As Linux' struct siginfo on the wire: 128 bytes. */
struct guest_siginfo {
	int32_t signo, err, code, pad;
	union {
		struct {
			int32_t pid;
			uint32_t uid;
			union {
				int32_t status;
				uint64_t value;
			};
			int64_t utime, stime;
		} sender; /* kill, sigqueue, SIGCHLD: see sigaction(2) */
		struct {
			int32_t tid, overrun;
			uint64_t value;
		} timer;
		struct {
			uint64_t addr;
			int16_t addr_lsb;
		} fault;
		struct {
			int64_t band;
			int32_t fd;
		} poll;
		struct {
			uint64_t call_addr;
			int32_t nr;
			uint32_t arch;
		} sys;
		unsigned char bytes[112];
	};
};

struct sigqueue {
	sigset_mask pending;
	struct list entries; /* struct queued_signal (kernel/signal.c) */
};

struct altstack {
	uaddr_t sp;
	uint64_t size;
	uint32_t flags; /* SS_DISABLE, SS_AUTODISARM */
};

/* ---- A system call in progress ----------------------------------------- */

#define CALL_WAITS_INLINE 4

struct call_wait {
	struct wait_entry entry;
	struct task *task;
};

struct call {
	long nr;
	uint64_t args[6];
	bool active;  /* between EVENT_SYSCALL and its answer */
	bool stopped; /* arrived fully stopped */
	bool parked;
	bool ready; /* on the list of calls to try again */
	bool timed_out;
	unsigned int tries; /* 0 on the first */
	long restart_code;  /* -ERESTART..., or 0: what signal_deliver() makes
			       of it */
	/*
	 * Kept between tries. state is the handler's to use; if it is a
	 * pointer, state_free is called on it when the call ends in any way.
	 */
	uint64_t progress;
	void *state;
	void (*state_free)(void *state);
	int64_t deadline; /* monotonic ns; 0 for none */
	struct timer timer;
	struct list ready_node;
	struct call_wait inline_waits[CALL_WAITS_INLINE];
	struct call_wait *waits; /* inline, or allocated for more */
	size_t wait_count, wait_space;
	/* ERESTART_RESTARTBLOCK: what restart_syscall(2) does. */
	long (*restart)(struct task *t);
	uint64_t restart_args[4];
};

/* ---- Tasks ------------------------------------------------------------- */

enum task_state {
	TASK_NEW,     /* its host thread has not been let go yet */
	TASK_RUNNING, /* in guest code, or in a call */
	TASK_STOPPED, /* job control stop; see task->stop_signal */
	TASK_TRACED,
	TASK_ZOMBIE, /* exited; only a leader, until it is waited for */
	TASK_DEAD,
};

struct process_group {
	struct ref ref;
	int pgid;
	struct session *session; /* counted */
	struct list members;     /* thread_group->group_node */
};

struct session {
	struct ref ref;
	int sid;
	struct tty *tty; /* controlling terminal, borrowed; NULL */
	int foreground_pgid;
};

struct guest_rlimit {
	uint64_t cur, max;
};

#define GUEST_RLIM_NLIMITS  16
#define GUEST_RLIM_INFINITY UINT64_MAX

struct task_usage {
	uint64_t utime_us, stime_us;
	uint64_t maxrss_kib, minflt, majflt, inblock, oublock, nvcsw, nivcsw;
};

struct thread_group {
	struct ref ref;
	int tgid;
	struct task *leader; /* borrowed; stays while the group does */
	struct list threads; /* task->thread_node */
	size_t thread_count; /* alive */
	struct space *space; /* the platform's; NULL once it is gone */

	struct thread_group *parent; /* borrowed; init for orphans */
	struct list children;        /* thread_group->sibling */
	struct list sibling;
	struct list all_node;        /* every process, by birth */
	struct process_group *group; /* counted */
	struct list group_node;
	int exit_signal; /* to the parent, 0 none */

	struct sighand *sighand;   /* counted */
	struct sigqueue pending;   /* sent to the process */
	struct waitq signal_waitq; /* signalfd, sigtimedwait */
	struct waitq child_waitq;  /* a child changed state: wait4 */
	struct waitq exit_waitq;   /* this one changed: pidfd, vfork parent */

	bool exiting;    /* exit_group or a fatal signal is under way */
	int exit_status; /* as for wait4 */
	bool host_dead;  /* EVENT_DEAD has come */
	bool zombie;
	bool stopped;       /* all threads are, or will be */
	int stop_signal;    /* that did it */
	bool stop_reported; /* WUNTRACED has told */
	bool continued;     /* for WCONTINUED */
	bool did_exec;
	bool dead_reaper_flag; /* PR_SET_CHILD_SUBREAPER */
	bool vfork_parent_waits;

	struct guest_rlimit rlimits[GUEST_RLIM_NLIMITS];
	struct task_usage usage;          /* of dead threads */
	struct task_usage children_usage; /* waited for */
	struct itimer *itimers[3];        /* owned; NULL until used */
	struct clock_timer cpu_limit;     /* RLIMIT_CPU */
	struct list posix_timers;
	int next_timer_id;
	int64_t start_time; /* monotonic ns */
	int oom_score_adj;
	unsigned int personality;
};

struct task {
	struct ref ref;
	int pid;                 /* thread id, as gettid() says */
	struct thread_group *tg; /* counted */
	struct list thread_node;
	struct list pid_node; /* pid hash */
	enum task_state state;
	struct thread *thread; /* the platform's; NULL once dead */
	bool in_guest;         /* RUNNING for the platform */
	bool interrupt_sent;   /* an EVENT_INTERRUPT is to come */
	bool held;             /* STOPPED for the platform, waits for SIGCONT */
	long interrupted_nr;   /* native call broken off, during its event */
	struct fault fault;    /* the last one; for the signal frame */
	uaddr_t enter_ip, enter_sp; /* exec: not entered yet if ip is set */
	bool vfork_waits;           /* operation is kernel/clone.c's */
	struct list continue_node;  /* to be continued by kernel_idle() */

	struct mm *mm;       /* counted */
	struct fdtable *fds; /* counted; NULL while exiting */
	struct fsctx *fs;    /* counted; NULL while exiting */
	struct cred *cred;   /* counted */
	struct call call;

	sigset_mask blocked;
	sigset_mask saved_mask; /* sigsuspend, ppoll...: restored later */
	bool restore_mask;
	struct sigqueue pending;
	struct altstack altstack;

	struct task_sched sched;
	char comm[16];
	struct file *exe; /* counted; /proc/PID/exe */
	int parent_death_signal;
	bool no_new_privs;
	unsigned int timer_slack;
	uaddr_t robust_list;
	uaddr_t clear_child_tid;
	int64_t start_time;

	/* A step of fork or exec that waits for the platform: kernel/clone.c,
	 * kernel/exec.c. Owned. */
	void *operation;
	void (*on_event)(struct task *t, const struct event *event);
	void (*operation_free)(void *operation);
};

extern struct task *current; /* whose event is handled; NULL: none's */

struct task *task_get(struct task *t);
void task_put(struct task *t);
/* By thread id; a new reference or NULL. Dead ones are not found. */
struct task *task_find(int pid);
/* By process id: the group, also while it is a zombie. New reference. */
struct thread_group *thread_group_find(int tgid);
void thread_group_put(struct thread_group *tg);
struct process_group *process_group_find(int pgid);
/* Calls fn for each process (leader first born first). Do not exit in fn. */
void thread_group_each(
	void (*fn)(struct thread_group *tg, void *data), void *data);
/* The process with the smallest id not below tgid: counted, or NULL. */
struct thread_group *thread_group_next(int tgid);
int pid_last(void); /* given out most recently */
size_t task_count(void);
size_t task_count_peak(void);

/* ---- Waiting ----------------------------------------------------------- */

/*
 * The one place where a call is parked. A handler that would have to wait
 * says, and returns what this returns:
 *
 *	return call_wait(t, file_waitq(file), EPOLLIN, -ERESTARTSYS);
 *
 * The call is then tried again, from the start of the handler, with
 * t->call.tries counted up, when the queue is woken, the deadline has passed
 * (t->call.timed_out is set) or a signal is to be delivered.
 *
 * Returns -EPARK, or interrupted at once if a signal is pending. For several
 * queues: call_wait_add() each, then call_park(). Queues of earlier tries are
 * left before each try. -ENOMEM.
 */
long call_wait(
	struct task *t, struct waitq *q, uint32_t events, long interrupted);
int call_wait_add(struct task *t, struct waitq *q, uint32_t events);
long call_park(struct task *t, long interrupted);
/*
 * Sets the deadline on the first try (later ones change nothing). Relative
 * nanoseconds, or an absolute monotonic time. A deadline is only looked at
 * while the call is parked, so that a handler checks t->call.timed_out after
 * it found nothing to do.
 */
void call_set_timeout(struct task *t, int64_t relative_ns);
void call_set_deadline(struct task *t, int64_t monotonic_ns);
/* Is a signal pending that this task would take now? */
bool signal_pending(const struct task *t);

/* ---- Signals (kernel/signal.c) ----------------------------------------- */

/* To one thread or to the process. info NULL: from the kernel (SI_KERNEL).
 * 0, -EAGAIN (RLIMIT_SIGPENDING) or -EINVAL; SIGKILL always works. */
int signal_send_task(
	struct task *t, int signo, const struct guest_siginfo *info);
int signal_send_group(
	struct thread_group *tg, int signo, const struct guest_siginfo *info);
/* To each process of a process group: tty signals, kill(-pgid). */
int signal_send_pgrp(
	struct process_group *pg, int signo, const struct guest_siginfo *info);
/* May cred's task send signo to tg? kill(2). */
bool signal_allowed(
	const struct task *t, const struct thread_group *tg, int signo);
/* For a temporary mask (ppoll, epoll_pwait, sigsuspend): the old one comes
 * back after the call, or after the handler's frame was built with it. */
void signal_set_temporary_mask(struct task *t, sigset_mask mask);
/* Takes a pending signal of set off the queues (signalfd, sigtimedwait):
 * its number, or 0. */
int signal_dequeue(struct task *t, sigset_mask set, struct guest_siginfo *info);

/* ---- Limits ------------------------------------------------------------ */

static inline uint64_t task_rlimit(const struct task *t, int resource)
{
	return t->tg->rlimits[resource].cur;
}

/* What the sandbox as a whole may use; set at start. */
struct sandbox_limits {
	size_t tasks;          /* 4,096 */
	uint64_t memory_files; /* bytes of upper layer and tmpfs together */
	size_t files;          /* open file descriptions */
};
extern struct sandbox_limits sandbox_limits;

#endif
