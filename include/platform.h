/*
 * The platform boundary: how guest code runs and stops.
 *
 * A platform knows address spaces, threads of control, registers and events.
 * It knows no files, no process ids of the guest and no signal policy; those
 * are the sentry's. Two implementations exist, notify and ptrace, and the
 * sentry cannot tell which one it has.
 *
 * Objects
 *   struct platform   one per sandbox.
 *   struct thread     one host thread that runs one guest thread.
 *   struct space      one host process: an address space and its threads. A
 *                     vfork child has a space of its own that shows the same
 *                     memory as its parent's.
 *
 * Thread states, as the sentry sees them
 *   RUNNING           in guest code, or in a host call the platform let pass.
 *   IN_CALL           stopped at a system call that only needs an answer. The
 *                     registers are out of reach. Leave by thread_return(),
 *                     thread_continue() or thread_return_stopped().
 *   STOPPED           fully stopped; registers may be read and changed. Leave
 *                     by thread_resume(), thread_call(), thread_clone(),
 *                     thread_exec(), thread_enter(), thread_exit().
 *   BUSY              doing what one of those asked for; an event follows.
 *   DEAD              the host thread is gone or was killed.
 *
 * Events are delivered by client->event() with the client's lock held, one at
 * a time. No platform function sleeps or waits for a guest; every one that
 * says "an event follows" returns at once. A thread whose event does not
 * follow within PLATFORM_STUB_DEADLINE_MS (for thread_call(), at most
 * PLATFORM_CALLS_DEADLINE_MS) is killed by the platform, and EVENT_DEAD
 * follows: no sentry operation waits for ever on a hostile stub.
 *
 * Everything an event carries was chosen by the guest, or could have been.
 */
#ifndef PLATFORM_H
#define PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct platform;
struct space;
struct thread;

typedef uint64_t uaddr_t; /* a guest address: an integer, never a pointer */

#define PLATFORM_STUB_DEADLINE_MS  5000
#define PLATFORM_CALLS_DEADLINE_MS 60000 /* for the calls of thread_call() */
#define PLATFORM_CALLS_MAX         64    /* host calls in one thread_call() */
#define PLATFORM_FDS_MAX           4 /* descriptors lent to one thread_call() */

/*
 * The window at the bottom of every guest address space that holds the stub.
 * The guest's own mappings never reach below its end unless the sentry agrees.
 */
#define STUB_WINDOW_START 0x60000ull
#define STUB_WINDOW_END   0x400000ull

/* General registers, in the order of struct user_regs_struct's first part. */
struct regs {
	uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
	uint64_t rax, rcx, rdx, rsi, rdi;
	uint64_t rip, eflags, rsp;
};

enum event_kind {
	/*
	 * A system call. nr and args are valid. If stopped is set the thread
	 * is STOPPED (regs.rax holds nothing of use, rip is behind the
	 * instruction), else IN_CALL. A call of an architecture other than
	 * x86-64 never arrives: the platform answered it with ENOSYS.
	 */
	EVENT_SYSCALL,
	/* A hardware exception in guest code: STOPPED; fault is valid. */
	EVENT_FAULT,
	/*
	 * thread_interrupt() or thread_return_stopped() took effect: STOPPED.
	 * nr is the number of the call that the platform let pass and that
	 * the interrupt broke off, with registers set so that resuming makes
	 * that call again (for a guest handler without SA_RESTART, step past
	 * the two bytes at rip and set rax to -EINTR); or -1. A relative
	 * timeout then starts anew.
	 */
	EVENT_INTERRUPT,
	/* thread_call() is done: STOPPED; the results are in the calls. */
	EVENT_CALLS,
	/*
	 * thread_clone() is done: STOPPED; result is 0 or -errno. On success
	 * child is a new STOPPED thread with the parent's registers (of a
	 * space of its own unless CLONE_THREAD was given).
	 */
	EVENT_CLONED,
	/*
	 * thread_exec() is done: STOPPED. result is 0 or -errno. On success
	 * every other thread of the space is gone without further events
	 * (DEAD: to be put), the memory is fresh, start is valid, and until
	 * thread_enter() there are no registers: only thread_call(),
	 * thread_exec(), thread_exit() and a thread_clone() without CLONE_VM
	 * may come before it (the child then also has none).
	 */
	EVENT_EXEC,
	/*
	 * A whole host process is gone: every thread of it is DEAD and must
	 * be given back with thread_put(); space is valid, thread is NULL.
	 * status is as from wait4(), usage is what the host counted.
	 */
	EVENT_DEAD,
};

struct fault {
	int signo;    /* SIGSEGV, SIGBUS, SIGFPE, SIGILL or SIGTRAP */
	int code;     /* si_code as the host set it */
	uaddr_t addr; /* si_addr */
	uint64_t trapno;
	uint64_t error; /* err of the x86 frame */
};

struct start {
	uaddr_t sp;   /* argc is here, then argv, envp, auxv as the host built
			 them */
	uaddr_t auxv; /* as reported by the stub: check before use */
};

struct host_usage {
	uint64_t utime_us, stime_us;
	uint64_t maxrss_kib, minflt, majflt, nvcsw, nivcsw;
};

struct event {
	enum event_kind kind;
	struct thread *thread;
	struct space *space;
	bool stopped;
	long nr;
	uint64_t args[6];
	uaddr_t ip; /* EVENT_SYSCALL: behind the instruction */
	struct fault fault;
	struct thread *child;
	struct start start;
	long result;
	int status;
	struct host_usage usage;
};

/*
 * What the platform needs of its user. lock() and unlock() bracket each call
 * of event(); the platform's functions below are called with the lock held.
 */
struct platform_client {
	void *data;
	void (*lock)(void *data);
	void (*unlock)(void *data);
	void (*event)(void *data, const struct event *event);
	/* Called with the lock held after event(), before the next wait. */
	void (*idle)(void *data);
};

/* One host call made in the guest's address space by a STOPPED thread. */
struct host_call {
	long nr;
	uint64_t args[6];
	/*
	 * Index of the argument that is replaced by the number under which a
	 * lent descriptor appears there, and which one; -1 for none.
	 */
	int fd_arg;
	int fd_index;
	/* Stop after this one if it fails; the rest keep -ECANCELED. */
	bool must_succeed;
	long result; /* out */
};

struct clone_request {
	uint64_t flags; /* CLONE_VM, FS, FILES, SIGHAND, THREAD, SYSVSEM,
			   SETTLS, CHILD_CLEARTID; all else is the sentry's */
	uaddr_t tls;    /* with CLONE_SETTLS */
	uaddr_t ctid;   /* with CLONE_CHILD_CLEARTID */
};

struct platform_options {
	int stub_fd; /* the stub's ELF, open for reading; stays the caller's */
	int log_fd;  /* or -1 */
	bool trace_all; /* report every call, also the native ones (--strace) */
	struct platform_client client;
};

struct platform_ops {
	const char *name;
	/*
	 * 0 if this platform can run here, else -errno, with one line for the
	 * user in why (of why_size bytes). Forks a short-lived child.
	 */
	int (*probe)(char *why, size_t why_size);
	int (*open)(
		const struct platform_options *options, struct platform **out);
	/*
	 * Forks the first host process and lets it exec the stub image with an
	 * argv and envp of strings. EVENT_EXEC with a new thread follows. The
	 * arrays are copied. Later processes come from thread_clone(). To be
	 * called once, by a thread that lives as long as the sandbox: guest
	 * processes are killed when it ends.
	 */
	int (*boot)(struct platform *p, char *const argv[], char *const envp[],
		struct thread **out);
	/*
	 * Receives and delivers events until platform_stop() is called or no
	 * guest process is left. The caller's thread becomes the leader.
	 */
	int (*run)(struct platform *p);
	/*
	 * Lock held, any thread: kills every guest process. Their EVENT_DEADs
	 * follow, and then run() returns.
	 */
	void (*stop)(struct platform *p);
	/* No lock held, after run(). What the client has not put is lost. */
	void (*close)(struct platform *p);

	/* IN_CALL */
	void (*thread_return)(struct thread *t, long value);
	void (*thread_continue)(struct thread *t); /* the host executes it */
	/* Answers value, but no guest code runs: EVENT_INTERRUPT follows. */
	void (*thread_return_stopped)(struct thread *t, long value);

	/* RUNNING: EVENT_INTERRUPT follows, unless another event comes first.
	 */
	void (*thread_interrupt)(struct thread *t);

	/*
	 * STOPPED: the registers, loaded on first use; write to them and call
	 * thread_regs_changed(). NULL if they cannot be read (the thread is
	 * then as good as dead; EVENT_DEAD follows).
	 */
	struct regs *(*thread_regs)(struct thread *t);
	void (*thread_regs_changed)(struct thread *t);
	/*
	 * The extended state as in a signal frame (the XSAVE image with its
	 * software bytes). Returns its size, at most size, or -errno. A put of
	 * size 0 resets it. A put checks sizes and refuses with -EINVAL what
	 * the processor would fault on.
	 */
	ssize_t (*thread_fpstate_get)(struct thread *t, void *buf, size_t size);
	int (*thread_fpstate_put)(
		struct thread *t, const void *buf, size_t size);

	void (*thread_resume)(struct thread *t); /* -> RUNNING */
	/* rax = value, then resume: the answer to a call that came STOPPED. */
	void (*thread_resume_value)(struct thread *t, long value);

	/* -> BUSY; calls (at most PLATFORM_CALLS_MAX) and fds stay the caller's
	 * until EVENT_CALLS or EVENT_DEAD; fds are host descriptors of ours. */
	int (*thread_call)(struct thread *t, struct host_call *calls,
		size_t count, const int *fds, size_t fd_count);
	int (*thread_clone)(struct thread *t, const struct clone_request *req);
	/*
	 * Replaces the image by the stub's with the guest's own argv and envp
	 * arrays (guest addresses). The host builds stack, strings and auxv.
	 */
	int (*thread_exec)(struct thread *t, uaddr_t argv, uaddr_t envp);
	/* After EVENT_EXEC: all registers 0, rip and rsp set, default FP state.
	 */
	void (*thread_enter)(struct thread *t, uaddr_t ip, uaddr_t sp);
	/*
	 * STOPPED or IN_CALL: ends this host thread by exit(status). The
	 * thread is DEAD at once for the caller; EVENT_DEAD comes only when
	 * the last one of the process is gone.
	 */
	void (*thread_exit)(struct thread *t, int status);

	/* SIGKILL to the host process, in any state; EVENT_DEAD follows. */
	void (*space_kill)(struct space *s);

	/* Gives back a DEAD thread; no event names it afterwards. */
	void (*thread_put)(struct thread *t);
	void (*space_put)(struct space *s);
};

extern const struct platform_ops notify_platform;
extern const struct platform_ops ptrace_platform;

/* The platform of that name, or NULL. */
const struct platform_ops *platform_find(const char *name);

/*
 * The platform of that name if it can run here; with "auto" or NULL the first
 * that can. 0 or -errno. why gets one line for the user: on failure why none
 * can, on success why the ones before the chosen one could not ("" if it was
 * the first choice).
 */
int platform_choose(const char *name, const struct platform_ops **out,
	char *why, size_t why_size);

/* What both platforms' objects begin with. */
struct platform {
	const struct platform_ops *ops;
};

struct space {
	const struct platform_ops *ops;
	pid_t host_pid; /* in the sentry's pid namespace */
	void *data;     /* the client's */
};

struct thread {
	const struct platform_ops *ops;
	struct space *space;
	pid_t host_tid;
	void *data; /* the client's */
};

#endif
