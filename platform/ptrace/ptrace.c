/*
 * The ptrace platform: guest threads are traced host threads.
 *
 * Guest calls stop the thread in one of two ways:
 *
 *   by a filter   that lets the native table pass, as on the notify platform,
 *                 and answers all else by a stop (SECCOMP_RET_TRACE). Threads
 *                 that wait for each other by futex do not meet in the tracer.
 *   PTRACE_SYSEMU stops every call before any filter sees it; the native ones
 *                 are then made at the gate. For a sandbox inside another one,
 *                 whose filter has precedence over ours and would answer calls
 *                 of our guests.
 *
 * What the client asks the host to execute, the thread makes itself at the gate
 * (gate.c), one call at a time, under PTRACE_CONT. PTRACE_O_EXITKILL ends all
 * guests with the tracer. A guest that lost its tracer all the same is kept by
 * the filter from any call that was not native before.
 *
 *   ptrace.c  the platform_ops: each checks the state and hands over to
 *   work.c    what a thread does when it is let go, step by step, with
 *   gate.c    host calls in the guest and the filter,
 *   lend.c    descriptors for some of these calls, and
 *   tracee.c  threads, registers, requests
 *   loop.c    waits for stops, says what they mean, delivers events
 *   boot.c    the first process
 *   place.c   on which processor
 *   xstate.c  extended state in a signal frame's form
 *   rseq.c    restartable sequences of the guest
 *   fault.c    the parts of a frame that ptrace does not tell
 *   probe.c   whether all this is possible here
 *
 * Host calls of the running tracer, for the allow-list of its process: ptrace,
 * wait4, kill, tgkill, process_vm_readv, process_vm_writev, sendmsg, recvfrom,
 * timer_settime, sched_setaffinity, rt_sigreturn; all else is done by open()
 * and boot().
 *
 * The host accepts requests from one thread only, the tracer: the one that
 * called open(), boot() and run(). Functions called by others, under the
 * client's lock, are noted in the thread and done by the tracer.
 *
 * A struct tracee is in platform.buckets while its host thread lives; it is
 * freed when that is reaped and the client has given it back, whichever comes
 * last. A struct process goes the same way, after its last thread.
 */
#include "platform/ptrace/ptrace.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/checked.h"
#include "lib/log.h"

static struct tracer *tracer_of(struct platform *p)
{
	return container_of(p, struct tracer, base);
}

static struct tracee *tracee_of(struct thread *t)
{
	return container_of(t, struct tracee, base);
}

static int ptrace_open(
	const struct platform_options *options, struct platform **out)
{
	struct tracer *p;
	int ret;

	ret = gate_check(options->stub_fd);
	if (ret < 0)
		return ret;
	p = alloc_zero(p);
	if (p == NULL)
		return -ENOMEM;
	p->base.ops = &ptrace_platform;
	p->options = *options;
	p->pid = getpid();
	p->tid = (pid_t)syscall(SYS_gettid);
	ret = lend_open(p);
	place_open(p);
	/*
	 * What a filter of those around us says comes before what ours says,
	 * and would answer our guests; a SYSEMU stop comes before them all.
	 */
	p->filtered = prctl(PR_GET_SECCOMP) == 0;
	if (ret == 0) {
		ret = loop_open(p);
		if (ret < 0)
			lend_close(p);
	}
	if (ret < 0) {
		free(p);
		return ret;
	}
	list_init(&p->queue);
	list_init(&p->kills);
	list_init(&p->ready);
	list_init(&p->borrowers);
	*out = &p->base;
	return 0;
}

static int ptrace_boot(struct platform *base, char *const argv[],
	char *const envp[], struct thread **out)
{
	struct tracee *t;
	int ret;

	ret = boot_first(tracer_of(base), argv, envp, &t);
	if (ret == 0)
		*out = &t->base;
	return ret;
}

static int ptrace_run(struct platform *base)
{
	struct tracer *p = tracer_of(base);

	if (!tracee_is_tracer(p))
		return -EPERM;
	return loop_run(p);
}

static void ptrace_stop(struct platform *base)
{
	struct tracer *p = tracer_of(base);

	atomic_store(&p->stopping, 1);
	loop_wake(p);
}

/* What is left is killed by the end of the tracer, or was by the client. */
static void ptrace_close(struct platform *base)
{
	struct tracer *p = tracer_of(base);

	for (size_t i = 0; i < TRACEE_BUCKETS; i++)
		while (p->buckets[i] != NULL) {
			struct tracee *t = p->buckets[i];

			kill(t->base.host_tid, SIGKILL);
			if (t->base.space != NULL) {
				tracee_unhash(t);
				continue;
			}
			/* A child that was never told to anybody is ours. */
			t->gone = t->put = true;
			tracee_free_if_done(t);
		}
	loop_close(p);
	lend_close(p);
	free(p);
}

/* The state the client may call from; a dead thread is left alone. */
static bool is_in(const struct tracee *t, enum view a, enum view b)
{
	if (t->view == VIEW_DEAD || t->gone)
		return false;
	BUG_ON(t->view != a && t->view != b);
	return true;
}

static void submit(struct tracee *t, enum op op, enum view view)
{
	t->op = op;
	tracee_set_view(t, view);
	if (tracee_is_tracer(t->platform)) {
		work_begin(t);
		return;
	}
	list_del(&t->queued);
	list_add_tail(&t->platform->queue, &t->queued);
	loop_wake(t->platform);
}

static void thread_return(struct thread *base, long value)
{
	struct tracee *t = tracee_of(base);

	if (!is_in(t, VIEW_IN_CALL, VIEW_IN_CALL))
		return;
	t->value = value;
	submit(t, OP_RETURN, VIEW_RUNNING);
}

static void thread_continue(struct thread *base)
{
	struct tracee *t = tracee_of(base);

	if (is_in(t, VIEW_IN_CALL, VIEW_IN_CALL))
		submit(t, OP_CONTINUE, VIEW_RUNNING);
}

static void thread_return_stopped(struct thread *base, long value)
{
	struct tracee *t = tracee_of(base);

	if (!is_in(t, VIEW_IN_CALL, VIEW_IN_CALL))
		return;
	t->value = value;
	submit(t, OP_RETURN_STOPPED, VIEW_BUSY);
}

static void thread_interrupt(struct thread *base)
{
	struct tracee *t = tracee_of(base);

	if (t->view != VIEW_RUNNING || t->gone || t->interrupt)
		return;
	t->interrupt_asked = true;
	submit(t, t->op, VIEW_RUNNING);
}

static struct regs *thread_regs(struct thread *base)
{
	struct tracee *t = tracee_of(base);

	if (!is_in(t, VIEW_STOPPED, VIEW_STOPPED) || !tracee_load(t))
		return NULL;
	return &t->regs;
}

static void thread_regs_changed(struct thread *base)
{
	tracee_of(base)->regs_dirty = true;
}

static ssize_t thread_fpstate_get(struct thread *base, void *buf, size_t size)
{
	struct tracee *t = tracee_of(base);

	if (!is_in(t, VIEW_STOPPED, VIEW_STOPPED) || !tracee_load_fp(t))
		return -ESRCH;
	if (size < xstate_frame_size())
		return -ENOSPC;
	memcpy(buf, t->fp, xstate_frame_size());
	return (ssize_t)xstate_frame_size();
}

static int thread_fpstate_put(struct thread *base, const void *buf, size_t size)
{
	struct tracee *t = tracee_of(base);
	int ret = 0;

	if (!is_in(t, VIEW_STOPPED, VIEW_STOPPED))
		return -ESRCH;
	if (t->fp == NULL)
		t->fp = malloc(xstate_frame_size());
	if (t->fp == NULL)
		return -ENOMEM;
	if (size == 0)
		xstate_reset(t->fp);
	else
		ret = xstate_accept(t->fp, buf, size);
	if (ret == 0)
		t->fp_loaded = t->fp_dirty = true;
	return ret;
}

static void thread_resume(struct thread *base)
{
	struct tracee *t = tracee_of(base);

	if (is_in(t, VIEW_STOPPED, VIEW_STOPPED))
		submit(t, OP_RESUME, VIEW_RUNNING);
}

static void thread_resume_value(struct thread *base, long value)
{
	struct tracee *t = tracee_of(base);

	if (!is_in(t, VIEW_STOPPED, VIEW_STOPPED))
		return;
	t->value = value;
	submit(t, OP_RETURN, VIEW_RUNNING);
}

static int thread_call(struct thread *base, struct host_call *calls,
	size_t count, const int *fds, size_t fd_count)
{
	struct tracee *t = tracee_of(base);

	if (count > PLATFORM_CALLS_MAX || fd_count > PLATFORM_FDS_MAX)
		return -EINVAL;
	if (!is_in(t, VIEW_STOPPED, VIEW_STOPPED))
		return 0;
	t->calls = calls;
	t->call_count = count;
	for (size_t i = 0; i < fd_count; i++)
		t->fds[i] = fds[i];
	t->fd_count = fd_count;
	submit(t, OP_CALL, VIEW_BUSY);
	return 0;
}

static int thread_clone(struct thread *base, const struct clone_request *req)
{
	struct tracee *t = tracee_of(base);

	if (!is_in(t, VIEW_STOPPED, VIEW_STOPPED))
		return 0;
	t->clone = *req;
	t->new_process = NULL;
	if (!(req->flags & CLONE_THREAD)) {
		t->new_process = process_new(t->platform);
		if (t->new_process == NULL)
			return -ENOMEM;
	}
	submit(t, OP_CLONE, VIEW_BUSY);
	return 0;
}

static int thread_exec(struct thread *base, uaddr_t argv, uaddr_t envp)
{
	struct tracee *t = tracee_of(base);

	if (!is_in(t, VIEW_STOPPED, VIEW_STOPPED))
		return 0;
	t->exec_argv = argv;
	t->exec_envp = envp;
	submit(t, OP_EXEC, VIEW_BUSY);
	return 0;
}

/* The host's exec has reset the rest. */
static void thread_enter(struct thread *base, uaddr_t ip, uaddr_t sp)
{
	struct tracee *t = tracee_of(base);

	if (!is_in(t, VIEW_STOPPED, VIEW_STOPPED) || !tracee_load(t))
		return;
	t->regs = (struct regs){.rip = ip, .rsp = sp, .eflags = 0x202};
	t->regs_dirty = true;
	submit(t, OP_RESUME, VIEW_RUNNING);
}

static void thread_exit(struct thread *base, int status)
{
	struct tracee *t = tracee_of(base);

	if (!is_in(t, VIEW_STOPPED, VIEW_IN_CALL))
		return;
	t->value = status;
	submit(t, OP_EXIT, VIEW_DEAD);
}

static void space_kill(struct space *base)
{
	struct process *s = container_of(base, struct process, base);

	if (s->dead)
		return;
	if (tracee_is_tracer(s->platform)) {
		process_kill(s);
		return;
	}
	list_del(&s->killed);
	list_add_tail(&s->platform->kills, &s->killed);
	loop_wake(s->platform);
}

static void thread_put(struct thread *base)
{
	struct tracee *t = tracee_of(base);

	t->put = true;
	tracee_free_if_done(t);
}

static void space_put(struct space *base)
{
	struct process *s = container_of(base, struct process, base);

	s->put = true;
	process_free_if_done(s);
}

const struct platform_ops ptrace_platform = {
	.name = "ptrace",
	.probe = ptrace_probe,
	.open = ptrace_open,
	.boot = ptrace_boot,
	.run = ptrace_run,
	.stop = ptrace_stop,
	.close = ptrace_close,
	.thread_return = thread_return,
	.thread_continue = thread_continue,
	.thread_return_stopped = thread_return_stopped,
	.thread_interrupt = thread_interrupt,
	.thread_regs = thread_regs,
	.thread_regs_changed = thread_regs_changed,
	.thread_fpstate_get = thread_fpstate_get,
	.thread_fpstate_put = thread_fpstate_put,
	.thread_resume = thread_resume,
	.thread_resume_value = thread_resume_value,
	.thread_call = thread_call,
	.thread_clone = thread_clone,
	.thread_exec = thread_exec,
	.thread_enter = thread_enter,
	.thread_exit = thread_exit,
	.space_kill = space_kill,
	.thread_put = thread_put,
	.space_put = space_put,
};
