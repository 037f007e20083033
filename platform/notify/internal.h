/*
 * The notify platform's own objects.
 *
 * Everything here is guarded by the client's lock, except what run() and the
 * watcher keep in variables of their own.
 */
#ifndef PLATFORM_NOTIFY_INTERNAL_H
#define PLATFORM_NOTIFY_INTERNAL_H

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/seccomp.h>

#include "lib/list.h"
#include "lib/ref.h"
#include "platform.h"
#include "platform/stub/stub.h"

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS /* Linux 6.6 */
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1ul << 0)
#endif

#define TID_BUCKETS 1024
#define PID_BUCKETS 256

struct notify {
	struct platform base;
	struct platform_options options;
	pid_t pid;    /* ours */
	int listener; /* -1 before the first boot */
	int epoll_fd; /* the watcher's: pidfds, the timer and wake_fd */
	int timer_fd; /* the next deadline */
	int wake_fd;  /* ends the watcher */
	pthread_t watcher;
	struct list by_tid[TID_BUCKETS]; /* notify_thread.by_tid */
	struct list by_pid[PID_BUCKETS]; /* notify_space.by_pid */
	struct list busy;   /* notify_thread.busy, earliest deadline first */
	struct list clones; /* notify_thread.cloning: open clone grants */
	bool timer_armed;
	uint64_t boot_secret; /* sixth argument of the boot child's execveat */
	size_t image_guess;   /* length of the last XSAVE image */
	size_t process_count; /* known to the client and not yet reported dead
			       */
	pthread_mutex_t drain_lock;
	pthread_cond_t drained; /* process_count, as published, became 0 */
	size_t published_count;
};

/* One 64 KiB area for a thread's stub. */
struct area {
	uaddr_t base;
	bool used;
};

/* The areas of one address space; shared by vfork children. */
struct memory {
	struct ref ref;
	struct area *areas; /* owned */
	size_t count;
};

enum thread_state { RUNNING, IN_CALL, STOPPED, BUSY, DEAD };

/* What a BUSY thread is doing. */
enum thread_op {
	OP_NONE,
	OP_BOOT_CLOSE, /* the boot child drops all descriptors ... */
	OP_BOOT_EXEC,  /* ... and executes the stub */
	OP_CALL,       /* a batch of the client's */
	OP_GROW,       /* our own: maps more areas for a clone */
	OP_CLONE,
	OP_DRAIN, /* our own: takes a pending kick off before exec */
	OP_EXEC,
	OP_EXEC_CLOSE, /* our own: after a failed exec */
	OP_EXIT_KICK,  /* thread_exit() of a parked call: stop it first */
	OP_EXIT,
};

struct notify_space {
	struct space base;
	struct notify *n;
	int pidfd;             /* owned; -1 when reaped */
	struct memory *memory; /* counted */
	struct list threads;   /* notify_thread.in_space */
	struct list by_pid;
	/*
	 * The lent descriptors' numbers are one for the whole process, and a
	 * fork would copy them: one thread at a time, the others queue.
	 */
	struct notify_thread *lane;    /* borrowed */
	struct list lane_queue;        /* notify_thread.in_queue */
	struct notify_thread *execing; /* borrowed: execveat was let through */
	bool unborn;                   /* the client does not know it yet */
	bool killed;
	bool dead; /* reaped */
	bool put;
};

struct notify_thread {
	struct thread base;
	struct notify *n;
	struct notify_space *space; /* same as base.space */
	struct list by_tid;
	struct list in_space;
	struct list in_queue;
	struct list busy;
	struct list cloning;
	enum thread_state state;
	enum thread_op op;
	uint64_t notif; /* the parked notification, unless RUNNING */
	long nr;        /* IN_CALL */
	uaddr_t call_ip;
	uaddr_t area;
	uaddr_t frame; /* STOPPED: the signal frame; 0: there is none */
	struct stub_frame saved;
	struct regs regs;
	bool regs_changed;
	bool want_interrupt; /* EVENT_INTERRUPT is owed */
	bool kick_sent;      /* a kick is pending or about to be reported */
	uaddr_t eintr_ip;    /* where we last answered -EINTR, or 0 */
	bool answered;       /* the last call, while a kick was pending */
	long answered_value;
	uint64_t deadline;   /* ns, when on n->busy */
	unsigned int halves; /* of its time that are over */
	bool gone;           /* off all lists; freed with the client's put */
	bool put;

	/* OP_CALL and our own batches */
	struct host_call *calls; /* borrowed */
	size_t call_count;
	const int *fds; /* borrowed */
	size_t fd_count;
	size_t granted; /* calls before this index were made or passed over */
	int call_error; /* nothing was executed, for this reason */
	struct host_call own;

	/* OP_CLONE */
	struct clone_request clone;
	uint64_t host_flags;
	uaddr_t child_area; /* 0: a copy of the memory */
	uint64_t nonce[2];
	bool clone_granted;  /* its notification was let through */
	bool clone_answered; /* the parent reported clone_result */
	long clone_result;
	bool child_reported;
	struct notify_thread *child; /* owned until EVENT_CLONED */
	struct notify_space
		*child_space;         /* owned until EVENT_CLONED, or NULL */
	struct notify_thread *parent; /* borrowed, of a child not yet told of */

	bool placed;    /* near the leader, for a clone or an exec */
	cpu_set_t cpus; /* where it may run otherwise */

	/* OP_EXEC */
	uaddr_t argv, envp;
	long exec_result;
};

static inline struct notify *to_notify(struct platform *p)
{
	return container_of(p, struct notify, base);
}

static inline struct notify_thread *to_thread(struct thread *t)
{
	return container_of(t, struct notify_thread, base);
}

static inline struct notify_space *to_space(struct space *s)
{
	return container_of(s, struct notify_space, base);
}

/* notify.c */
void event_send(struct notify *n, struct event *e, struct notify_thread *t);

/* object.c: threads and spaces as objects, and how they are found */
struct notify_thread *thread_new(struct notify *n);
struct notify_space *space_new(struct notify *n);
/* Enters it in the tables; tid and space are set, pidfd for a space. */
void thread_register(
	struct notify_thread *t, struct notify_space *s, pid_t tid);
int space_register(struct notify_space *s, pid_t pid);
struct notify_thread *thread_find(struct notify *n, pid_t tid);
struct notify_space *space_find(struct notify *n, pid_t pid);
/* The host thread is gone: leaves all lists, gives its area back. */
void thread_gone(struct notify_thread *t);
void thread_rename(struct notify_thread *t, pid_t tid);
/* The process was reaped: every thread of it is gone. */
void space_gone(struct notify_space *s);
void space_free(struct notify_space *s);
void space_sigkill(struct notify_space *s);
/* A guest broke the rules: its process dies. Logged with why. */
void violate(struct notify_thread *t, const char *why);
void notify_thread_put(struct thread *t);
void notify_space_put(struct space *s);
void notify_space_kill(struct space *s);

/* area.c */
struct memory *memory_new(void);
/* A copy after fork: only the area at base is in use. NULL: no memory. */
struct memory *memory_copy(const struct memory *m, uaddr_t base);
void memory_put(struct memory *m);
uaddr_t area_take(struct memory *m); /* 0: none is free */
void area_release(struct memory *m, uaddr_t base);
/* Adds the whole areas within [start, start + size). 0 or -errno. */
int area_add(struct memory *m, uaddr_t start, uint64_t size);

/* remote.c: the memory of stub areas, and answers */
bool remote_read(struct notify_thread *t, uaddr_t from, void *to, size_t size);
bool remote_write(
	struct notify_thread *t, uaddr_t to, const void *from, size_t size);
/* Both parts in one call, or neither is reported as written. */
bool remote_write2(struct notify_thread *t, uaddr_t to, const void *from,
	size_t size, uaddr_t to2, const void *from2, size_t size2);
void answer(struct notify *n, uint64_t id, int64_t value);
void answer_continue(struct notify *n, uint64_t id);
int lend_fd(struct notify_thread *t, int host_fd, int number, bool send);

/* thread.c */
void notify_thread_return(struct thread *t, long value);
void notify_thread_continue(struct thread *t);
void notify_thread_return_stopped(struct thread *t, long value);
void notify_thread_interrupt(struct thread *t);
struct regs *notify_thread_regs(struct thread *t);
void notify_thread_regs_changed(struct thread *t);
void notify_thread_resume(struct thread *t);
void notify_thread_resume_value(struct thread *t, long value);
void notify_thread_enter(struct thread *t, uaddr_t ip, uaddr_t sp);
void notify_thread_exit(struct thread *t, int status);
/* Takes over a frame the stub reported; false if it cannot be one. */
bool frame_load(struct notify_thread *t, uaddr_t frame);
bool regs_flush(struct notify_thread *t);
void regs_from_frame(struct regs *r, const struct stub_frame *f);
void kick(struct notify_thread *t);
void exit_start(struct notify_thread *t);

/* fpstate.c */
void fpstate_init(void);
ssize_t notify_thread_fpstate_get(struct thread *t, void *buf, size_t size);
int notify_thread_fpstate_put(struct thread *t, const void *buf, size_t size);

/* call.c: batches, and the lane */
int notify_thread_call(struct thread *t, struct host_call *calls, size_t count,
	const int *fds, size_t fd_count);
void batch_start(struct notify_thread *t);
/* One call of our own as a batch. */
void batch_own(struct notify_thread *t, enum thread_op op, long nr,
	const uint64_t args[6]);
/* A notified call at STUB_IP_CALL: true if the batch contains it. */
bool batch_grants(struct notify_thread *t, const struct seccomp_data *d);
bool batch_results(struct notify_thread *t, int64_t first);
/* True: it is ours. False: the thread's op starts when it is. */
bool lane_take(struct notify_thread *t);
void lane_release(struct notify_thread *t);

/* clone.c */
int notify_thread_clone(struct thread *t, const struct clone_request *req);
void clone_begin(struct notify_thread *t); /* the lane is ours, if needed */
void clone_grown(struct notify_thread *t, int64_t start);
bool clone_grants(struct notify_thread *t, const struct seccomp_data *d);
void clone_cloned(struct notify_thread *t, long result);
void clone_child(struct notify *n, const struct seccomp_notif *req);
/* The parent died half way: what it owned goes too. */
void clone_abandon(struct notify_thread *t);

/* place.c */
void place_near(struct notify_thread *t);
void place_free(struct notify_thread *t, struct notify_thread *child);

/* exec.c */
int notify_thread_exec(struct thread *t, uaddr_t argv, uaddr_t envp);
void exec_begin(struct notify_thread *t); /* the lane is ours */
void exec_drained(struct notify_thread *t);
bool exec_grants(struct notify_thread *t, const struct seccomp_data *d);
void exec_failed(struct notify_thread *t, long result);
void exec_closed(struct notify_thread *t);
void exec_started(struct notify *n, const struct seccomp_notif *req);

/* boot.c */
int notify_boot(struct platform *p, char *const argv[], char *const envp[],
	struct thread **out);
void boot_notified(struct notify_thread *t, const struct seccomp_notif *req);

/* report.c */
void notified(struct notify *n, const struct seccomp_notif *req);
void intruder(struct notify *n, const struct seccomp_notif *req);

/* watch.c */
int watch_start(struct notify *n);
void watch_stop(struct notify *n);
int watch_process(struct notify *n, pid_t pid, int pidfd);
void deadline_set(struct notify_thread *t);
void deadline_clear(struct notify_thread *t);

/* probe.c */
int notify_probe(char *why, size_t why_size);

#endif
