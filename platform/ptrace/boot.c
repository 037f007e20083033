/*
 * The first guest process: a child that gives up all it has from us, is
 * attached to, and replaces itself by the stub's image. Then, from the gate, it
 * gets its filter. No guest code runs before all that is done, so boot may
 * wait for it.
 */
#include "platform/ptrace/ptrace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/log.h"
#include "platform/bpf.h"
#include "platform/child.h"

#define TRACE_OPTIONS                                                          \
	(PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE |     \
		PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |                     \
		PTRACE_O_TRACEEXEC | PTRACE_O_TRACESECCOMP)

static void reset_signals(void)
{
	struct sigaction action = {.sa_flags = 0};
	sigset_t none;

	action.sa_handler = SIG_DFL;
	for (int signo = 1; signo < NSIG; signo++)
		sigaction(signo, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * The child. Its socket is to be number 0 and survives the exec; everything
 * else goes with it. Ends with the errno of what failed.
 */
_Noreturn static void become_stub(const struct tracer *p, int ready_fd,
	char *const argv[], char *const envp[])
{
	char go;
	int ret;
	int sock = fcntl(p->guest_fd, F_DUPFD_CLOEXEC, 3);
	int stub = fcntl(p->options.stub_fd, F_DUPFD_CLOEXEC, 3);
	int ready = fcntl(ready_fd, F_DUPFD_CLOEXEC, 3);

	reset_signals();
	if (sock < 0 || stub < 0 || ready < 0 || dup2(sock, 0) != 0 ||
		syscall(SYS_close_range, 1, ~0u, CLOSE_RANGE_CLOEXEC) != 0)
		_exit(errno);
	ret = child_restrict(p->pid, PLATFORM_FDS_MAX);
	if (ret < 0)
		_exit(-ret);
	/* A sentry that has changed its ids is not dumpable, nor is its copy.
	 */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	/* Now the parent attaches, and says when it has. */
	if (write(ready, "", 1) != 1 || recv(0, &go, 1, 0) != 1)
		_exit(EIO);
	syscall(SYS_execveat, stub, "", argv, envp, AT_EMPTY_PATH);
	_exit(errno);
}

/* Waits for a stop; -errno as become_stub() ended with if there is none. */
static int wait_stop(pid_t pid)
{
	int status;
	pid_t got;

	do
		got = waitpid(pid, &status, __WALL);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	if (WIFEXITED(status))
		return WEXITSTATUS(status) != 0 ? -WEXITSTATUS(status) : -EIO;
	return WIFSTOPPED(status) ? status : -EIO;
}

/* Lets the process go until it rests behind the gate. */
static int wait_gate(struct tracee *t)
{
	struct user_regs_struct r;
	int status;

	for (;;) {
		status = wait_stop(t->base.host_tid);
		if (status < 0)
			return status;
		t->host_stopped = true;
		place_stopped(t);
		if (ptrace(PTRACE_GETREGS, t->base.host_tid, NULL, &r) != 0)
			return -errno;
		if (status >> 16 == 0 && WSTOPSIG(status) == SIGTRAP &&
			r.rip == GATE_END)
			return (int)(long)r.rax;
		tracee_go_on(t);
	}
}

static int call_and_wait(struct tracee *t, long nr, const uint64_t args[6])
{
	gate_call(t, nr, args);
	return wait_gate(t);
}

/* Returns the number of instructions written, at most FILTER_MAX. */
static unsigned short compile(struct tracer *p, struct sock_filter *code)
{
	static struct filter filter;

	if (p->filtered &&
		filter_compile_traced(&filter, p->options.trace_all) == 0) {
		memcpy(code, filter.code, sizeof(filter.code));
		return filter.count;
	}
	p->filtered = false;
	return (unsigned short)gate_filter(code);
}

/* Not fatal: where seccomp is refused the kill on exit stands alone. */
static int install_filter(struct tracee *t)
{
	struct {
		struct sock_fprog program;
		struct sock_filter code[FILTER_MAX];
	} local;
	const uint64_t no_privs[6] = {PR_SET_NO_NEW_PRIVS, 1};
	const uint64_t install[6] = {SECCOMP_SET_MODE_FILTER, 0, GATE_SCRATCH};
	struct iovec from = {&local, sizeof(local)};
	struct iovec to = {.iov_len = sizeof(local)};
	int ret;

	to.iov_base = (void *)(uintptr_t)GATE_SCRATCH;
	local.program.len = compile(t->platform, local.code);
	local.program.filter = (void *)((char *)to.iov_base +
					((char *)local.code - (char *)&local));
	if (process_vm_writev(t->base.host_tid, &from, 1, &to, 1, 0) !=
		(ssize_t)sizeof(local))
		return -errno;
	ret = call_and_wait(t, SYS_prctl, no_privs);
	if (ret < 0)
		return ret;
	ret = call_and_wait(t, SYS_seccomp, install);
	if (ret < 0) {
		t->platform->filtered = false;
		log_warn("no filter stands behind PTRACE_O_EXITKILL: the host "
			 "refuses seccomp: %s",
			strerror(-ret));
	}
	return 0;
}

/* From the fork to the first image at the gate's end, with its filter. */
static int raise_image(struct tracee *t, int ready_fd)
{
	struct tracer *p = t->platform;
	pid_t pid = t->base.host_tid;
	int status;
	char ready;
	int ret;

	if (read(ready_fd, &ready, 1) != 1) {
		status = wait_stop(pid);
		return status < 0 ? status : -EIO;
	}
	if (ptrace(PTRACE_SEIZE, pid, NULL, TRACE_OPTIONS) != 0)
		return -errno;
	if (send(p->lend_fd, "", 1, MSG_NOSIGNAL) != 1)
		return -errno;
	do {
		status = wait_stop(pid);
		if (status < 0)
			return status;
		if (status >> 16 != PTRACE_EVENT_EXEC)
			ptrace(PTRACE_CONT, pid, NULL, NULL);
	} while (status >> 16 != PTRACE_EVENT_EXEC);
	t->work = WORK_EXEC;
	work_exec_stop(t);
	ret = wait_gate(t);
	if (ret < 0)
		return ret;
	ret = work_read_start(t);
	return ret < 0 ? ret : install_filter(t);
}

/* Forks; the child's first word comes through *ready_fd, or its end does. */
static pid_t fork_child(const struct tracer *p, char *const argv[],
	char *const envp[], int *ready_fd)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		become_stub(p, fds[1], argv, envp);
	if (pid < 0)
		pid = -errno;
	close(fds[1]);
	if (pid < 0)
		close(fds[0]);
	else
		*ready_fd = fds[0];
	return pid;
}

int boot_first(struct tracer *p, char *const argv[], char *const envp[],
	struct tracee **out)
{
	struct process *s = process_new(p);
	struct tracee *t = NULL;
	int ready_fd = -1;
	pid_t pid;
	int ret;

	if (s == NULL)
		return -ENOMEM;
	pid = fork_child(p, argv, envp, &ready_fd);
	if (pid > 0)
		t = tracee_new(p, pid);
	if (t == NULL) {
		ret = pid > 0 ? -ENOMEM : pid;
		free(s);
		goto kill;
	}
	process_add(s, t);
	ret = raise_image(t, ready_fd);
	if (ret < 0) {
		/* Neither was told to anybody. */
		p->processes--;
		t->gone = t->put = s->dead = s->put = true;
		tracee_free_if_done(t);
		goto kill;
	}
	close(ready_fd);
	t->result = 0;
	tracee_set_view(t, VIEW_BUSY);
	tracee_make_ready(t, READY_EXEC);
	*out = t;
	return 0;

kill:
	if (pid > 0) {
		close(ready_fd);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, __WALL);
	}
	return ret;
}
