/*
 * The first host process.
 *
 * It shares the sentry's table of descriptors just long enough for the
 * listener that its filter makes to appear there, then drops them all and
 * executes the stub. Until the exec it runs our code on a copy of our memory;
 * its two calls are let through one after the other.
 *
 * PDEATHSIG follows the thread that forked: boot() must be called by one that
 * lives as long as the sandbox.
 */
#include "platform/notify/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "platform/bpf.h"
#include "platform/child.h"

#define BOOT_SECONDS 10
#define STEP_NS      1000000 /* its wake-up may itself be notified */

/* Shared with the child until its exec. */
struct handshake {
	uint32_t done;
	int listener; /* or -errno */
};

static void wake_parent(struct handshake *h, int result)
{
	h->listener = result;
	__atomic_store_n(&h->done, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &h->done, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static _Noreturn void child_main(struct notify *n, struct handshake *h,
	const struct filter *filter, char *const argv[], char *const envp[])
{
	struct sock_fprog program = {
		filter->count, (struct sock_filter *)(uintptr_t)filter->code};
	const uint64_t all = ~0ull;
	int ret = child_restrict(n->pid, STUB_FD_LAST);

	/* No handler of ours may run in there. */
	if (ret == 0 &&
		syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8) < 0)
		ret = -errno;
	if (ret == 0) {
		ret = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			SECCOMP_FILTER_FLAG_NEW_LISTENER |
				SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
			&program);
		if (ret < 0)
			ret = -errno;
	}
	wake_parent(h, ret);
	if (ret >= 0) {
		syscall(SYS_close_range, 0, UINT_MAX, CLOSE_RANGE_UNSHARE);
		syscall(SYS_execveat, STUB_FD_FIRST, "", argv, envp,
			AT_EMPTY_PATH, n->boot_secret);
	}
	for (;;)
		syscall(SYS_exit_group, 127);
}

/* Waits until the child has said how its filter went, or died. */
static int await_listener(struct handshake *h, pid_t pid)
{
	const struct timespec step = {0, STEP_NS};
	int tries;

	for (tries = 0; tries < BOOT_SECONDS * (1000000000 / STEP_NS);
		tries++) {
		if (__atomic_load_n(&h->done, __ATOMIC_SEQ_CST))
			return h->listener;
		syscall(SYS_futex, &h->done, FUTEX_WAIT, 0, &step, NULL, 0);
		if (!__atomic_load_n(&h->done, __ATOMIC_SEQ_CST) &&
			waitpid(pid, NULL, WNOHANG) == pid)
			return -ECHILD;
	}
	return -ETIMEDOUT;
}

/* Forks; returns the child's pid, with the listener set, or -errno. */
static pid_t boot_fork(struct notify *n, char *const argv[], char *const envp[])
{
	struct filter *filter = malloc(sizeof(*filter));
	struct handshake *h;
	long pid;
	int ret;

	if (filter == NULL)
		return -ENOMEM;
	ret = filter_compile(filter, n->options.trace_all, n->boot_secret);
	if (ret < 0)
		goto free_filter;
	h = mmap(NULL, sizeof(*h), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (h == MAP_FAILED) {
		ret = -errno;
		goto free_filter;
	}
	pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		child_main(n, h, filter, argv, envp);
	ret = pid < 0 ? -errno : await_listener(h, (pid_t)pid);
	munmap(h, sizeof(*h));
	if (ret < 0 && pid > 0) {
		kill((pid_t)pid, SIGKILL);
		waitpid((pid_t)pid, NULL, 0);
	}
	if (ret >= 0) {
		n->listener = ret;
		ret = (int)pid;
	}
free_filter:
	free(filter);
	return ret;
}

int notify_boot(struct platform *p, char *const argv[], char *const envp[],
	struct thread **out)
{
	struct notify *n = to_notify(p);
	struct notify_thread *t;
	struct notify_space *s;
	pid_t pid;
	int ret = -ENOMEM;

	if (n->listener >= 0)
		return -EBUSY;
	t = thread_new(n);
	s = space_new(n);
	if (s != NULL)
		s->memory = memory_new();
	if (t == NULL || s == NULL || s->memory == NULL)
		goto fail;
	pid = boot_fork(n, argv, envp);
	if (pid < 0) {
		ret = pid;
		goto fail;
	}
	ioctl(n->listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS,
		SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	ret = space_register(s, pid);
	if (ret < 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		goto fail;
	}
	s->unborn = false;
	n->process_count++;
	t->area = STUB_AREAS_START;
	t->op = OP_BOOT_CLOSE;
	thread_register(t, s, pid);
	deadline_set(t);
	*out = &t->base;
	return 0;
fail:
	free(t);
	if (s != NULL)
		space_free(s);
	return ret;
}

void boot_notified(struct notify_thread *t, const struct seccomp_notif *req)
{
	const struct seccomp_data *d = &req->data;

	t->notif = req->id;
	if (d->nr == SYS_futex) { /* wake_parent(), with trace_all */
		answer(t->n, req->id, 0);
		return;
	}
	if (t->op == OP_BOOT_CLOSE && d->nr == SYS_close_range &&
		d->args[2] == CLOSE_RANGE_UNSHARE) {
		t->op = OP_BOOT_EXEC;
		answer_continue(t->n, req->id);
		return;
	}
	if (t->op == OP_BOOT_EXEC && d->nr == SYS_execveat &&
		d->args[5] == t->n->boot_secret &&
		lend_fd(t, t->n->options.stub_fd, STUB_FD_FIRST, false) == 0) {
		t->space->execing = t;
		answer_continue(t->n, req->id);
		return;
	}
	violate(t, "did not start");
}
