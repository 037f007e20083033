/*
 * What the files of kernel/ share with each other and nobody else needs.
 */
#ifndef SENTRY_KERNEL_KERNEL_H
#define SENTRY_KERNEL_KERNEL_H

#include "sentry/kernel/task.h"
#include "sentry/vfs/vfs.h"

struct task_spec {
	struct thread_group *tg;     /* NULL: a new process */
	struct thread_group *parent; /* of a new process; NULL for init */
	int exit_signal;
	bool share_sighand;
	const struct task *like; /* whose attributes it inherits; NULL: init */
};

/* ---- task.c ------------------------------------------------------------ */

/*
 * A task that nobody can find yet: counted once for the caller. Takes no
 * mm, fds, fs or cred; the caller sets them. -EAGAIN at a limit, -ENOMEM.
 */
int task_create(const struct task_spec *spec, struct task **out);
/* The program a task runs; writers are kept off it. NULL: none. */
void task_set_exe(struct task *t, struct file *file);
/* Undoes task_create() for a task that was never published. */
void task_discard(struct task *t);
/* From now on others can find it. */
void task_publish(struct task *t);
/* Takes it out of the pid table and its group. */
void task_unpublish(struct task *t);
/* A leader's pid goes over to the thread that called exec. */
void task_become_leader(struct task *t);

struct sighand *sighand_new(void);
struct sighand *sighand_copy(const struct sighand *sighand);
void sighand_put(struct sighand *sighand);

/* ---- session.c --------------------------------------------------------- */

void process_group_put(struct process_group *group); /* NULL is fine */
int group_join_new_session(struct thread_group *tg);
int group_setpgid(
	struct thread_group *caller, struct thread_group *tg, int pgid);
void group_leave(struct thread_group *tg);
void group_inherit(struct thread_group *tg, struct process_group *group);
/*
 * A process of the group with a parent in outside, or that parent, exited. If
 * that was the group's last tie to its session and somebody in it is stopped:
 * SIGHUP and SIGCONT.
 */
void group_check(
	struct process_group *group, const struct process_group *outside);
/* fs/devpts' hook: the controlling terminal is given up. NULL: none. */
extern void (*session_leader_exited)(struct session *session);
/* tcsetpgrp(3): 0, -EINVAL, -ESRCH, or -EPERM of another session's group. */
int session_set_foreground(struct session *session, int pgid);
bool group_is_orphaned(const struct process_group *group);

/* ---- run.c ------------------------------------------------------------- */

/* The answer to the call in progress; the task goes on, or takes signals. */
void call_finish(struct task *t, long result);
/* exec is done: the call ends in the new program at enter_ip. */
void call_entered(struct task *t);
/* Drops the call without an answer: the task is dying or has a new image. */
void call_abandon(struct task *t);
/* A STOPPED task goes on: signals first, then the guest. */
void task_continue(struct task *t);
/* The same from kernel_idle(), for a task that is not the current one. */
void task_continue_soon(struct task *t);
/* What looks at calls from outside: --strace, counters. NULL: nobody. */
struct call_trace {
	void (*begin)(struct task *t);
	void (*end)(struct task *t, long result);
	void (*never)(struct task *t); /* its end will not be seen */
	void (*signal)(struct task *t, int signo,
		const struct guest_siginfo *info); /* is delivered */
	void (*death)(struct task *t, int status); /* of the process */
};
extern const struct call_trace *call_trace;
/* A parked call is tried again soon. */
void call_make_ready(struct task *t);
/*
 * The answer to a STOPPED call is what the host says to calls made in the
 * guest's address space: result of the last one, or done(t, result) if given.
 */
long task_host_call(struct task *t, long nr, const uint64_t args[6],
	long (*done)(struct task *t, long result));
long task_host_map(struct task *t, const uint64_t args[6], int host_fd,
	long (*done)(struct task *t, long result));
/* The host executes the call as it stands; what it says is not seen. */
long task_let_pass(struct task *t);
/* Starts a step whose end is an event: fork, exec, a host call. */
long task_operation(struct task *t, void *operation,
	void (*on_event)(struct task *t, const struct event *event),
	void (*operation_free)(void *operation));
void task_operation_done(struct task *t);

/* ---- signal.c ---------------------------------------------------------- */

void sigqueue_init(struct sigqueue *queue);
void sigqueue_clear(struct sigqueue *queue);
/* Is the signal of that POSIX timer still there? */
bool sigqueue_has_timer(const struct sigqueue *queue, int signo, int id);
/* What a STOPPED task finds before it goes back to the guest. */
enum deliver { DELIVER_RESUME, DELIVER_HOLD, DELIVER_GONE };
enum deliver signal_deliver(struct task *t, struct regs *regs);
/* A fault of the task itself: cannot be blocked or ignored. */
void signal_force(struct task *t, const struct guest_siginfo *info);
/* SIG_DFL of it does nothing (signal(7)). */
bool signal_ignored_by_default(int signo);
/* exec: handlers become default, ignored ones stay (signal(7)). */
void signal_exec_reset(struct task *t);
/* Makes t notice what is pending: interrupts it or its parked call. */
void signal_wake(struct task *t);
void signal_recalculate(struct task *t);
/* SIGCHLD and wake-ups for the parent of tg: stopped or continued. */
void signal_notify_parent_stopped(
	struct thread_group *tg, int code, int status);

/* ---- sigframe_x86_64.c ------------------------------------------------- */

/* Is sp on t's alternate stack? Never with SS_AUTODISARM. */
bool task_on_altstack(const struct task *t, uaddr_t sp);
/* Builds the frame and points regs at the handler; -EFAULT. */
int sigframe_push(struct task *t, struct regs *regs, int signo,
	const struct guest_siginfo *info, const struct sigaction_entry *action,
	sigset_mask mask, const struct fault *fault);
/* rt_sigreturn(2); -EFAULT for a frame that cannot be. */
int sigframe_pop(struct task *t, struct regs *regs);

/* ---- exit.c ------------------------------------------------------------ */

/* exit(2) or, with group, exit_group(2): answers the call in progress. */
void task_exit(struct task *t, int status, bool group);
/* The whole process ends: exit_group(2), a fatal signal. status as wait4's. */
void group_exit(struct thread_group *tg, struct task *caller, int status);
/* EVENT_DEAD. */
void group_host_died(struct space *space, const struct event *event);
/* exec took the other threads of t's process away. */
void exit_other_threads(struct task *t);
void group_reap(struct thread_group *tg);
struct task_usage group_usage(struct thread_group *tg);
void usage_add(struct task_usage *sum, const struct task_usage *add);

/* ---- futex.c, posix_timer.c -------------------------------------------- */

/*
 * Marks the futexes of t's robust list as left by a dead owner, and writes
 * the wake-ups that this takes into calls; how many (get_robust_list(2)).
 */
size_t robust_list_release(
	struct task *t, struct host_call *calls, size_t space);
bool robust_list_held(struct task *t);
void posix_timers_destroy(struct thread_group *tg);
void itimers_destroy(struct thread_group *tg);

/* ---- cpu_limit.c ------------------------------------------------------- */

void cpu_limit_init(struct thread_group *tg);
/* RLIMIT_CPU of tg was set or inherited. -ENOMEM: it is not watched. */
int cpu_limit_changed(struct thread_group *tg);
void cpu_limit_cancel(struct thread_group *tg);

/* ---- wait.c ------------------------------------------------------------ */

struct wait_spec {
	int type; /* P_ALL, P_PID, P_PGID */
	int id;
	int options; /* W flags of waitid(2) and __W ones of wait(2) */
};

struct wait_result {
	int pid; /* 0: nothing yet */
	uid_t uid;
	int status; /* as for wait4; stopped: W_STOPCODE, continued: 0xffff */
	int code;   /* CLD_ */
	struct task_usage usage;
};

/* 0 with a result, which may say "nothing yet"; -ECHILD. Reaps a zombie
 * unless WNOWAIT. */
int wait_child(struct task *t, const struct wait_spec *spec,
	struct wait_result *result);

/* ---- exec_cred.c ------------------------------------------------------- */

/*
 * What program makes of t's credentials, in its new mm; secure is AT_SECURE.
 * -ENOMEM, or what reading the attributes gives.
 */
int exec_cred(struct task *t, struct file *program, bool *secure);

/* ---- clone.c, exec.c --------------------------------------------------- */

struct clone_args_kernel {
	uint64_t flags;
	uaddr_t pidfd, child_tid, parent_tid, stack, tls;
	int exit_signal;
};
long task_clone(struct task *t, const struct clone_args_kernel *args);
/* The child execed or exited: its vfork parent may go on. */
void vfork_done(struct thread_group *child);
/* A vfork parent that was woken: answers its call if it may. */
void vfork_resume(struct task *t);
/* fs/anon's pidfd_file_new(), set by main.c: a call upward. */
extern int (*pidfd_file_create)(
	struct thread_group *tg, unsigned int flags, struct file **out);
/* The terminal that was passed in, for /dev/tty in the first session: fs/host's
 * hostfd_open_terminal(), set by main.c. */
extern int (*host_terminal_open)(struct file *file);
/* The first process has stopped: tells the launcher; set by main.c. */
extern void (*init_has_stopped)(void);
/* fs/anon's file_pidfd_group(), set by main.c. */
extern struct thread_group *(*pidfd_group)(const struct file *file);
/* /proc/PID/maps shall show file's name where host_fd is mapped. */
void file_note_mapped(struct file *file, int host_fd);
/* May cred run what is there? As execve(2) checks it. */
int exec_check(struct path path, const struct cred *cred);
/* Opens a program for execution; flags are WALK_. */
int exec_open(const struct walk *walk, const char *name, unsigned int flags,
	struct file **out);
/* name is copied; a reference to file is taken. */
long task_exec(struct task *t, struct file *file, const char *name,
	uaddr_t argv, uaddr_t envp);
/*
 * The first image, before boot(). *argv is replaced by what the platform
 * shall be given (a script's interpreter comes first); the new array is to be
 * freed by the caller after boot(), its strings are not.
 */
int task_exec_first(
	struct task *t, struct file *file, const char *name, char ***argv);

/* ---- main -------------------------------------------------------------- */

extern const struct platform_ops *platform_ops;
extern struct platform *platform;
extern struct task *init_task;

/* The init process ended: the sandbox ends with this wait status. */
extern void (*kernel_init_exited)(int status);

int kernel_open(void);
void kernel_event(void *unused, const struct event *event);
void kernel_idle(void);

#endif
