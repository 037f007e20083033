/*
 * Whether this platform can run here: a child is attached to, makes one call
 * that must not be executed, and its memory is read.
 */
#include "platform/ptrace/ptrace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define YAMA_SETTING "/proc/sys/kernel/yama/ptrace_scope"

/* Executed natively, this would end the child with another status. */
#define PROBE_CALL   SYS_exit_group
#define PROBE_ANSWER 42

static int yama_scope(void)
{
	char digit = '0';
	int fd = open(YAMA_SETTING, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	if (read(fd, &digit, 1) != 1)
		digit = '0';
	close(fd);
	return digit - '0';
}

_Noreturn static void be_probed(int go_fd)
{
	char go;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Sent when the parent has attached. */
	if (read(go_fd, &go, 1) != 1)
		_exit(1);
	raise(SIGUSR1);
	_exit(syscall(PROBE_CALL, 2) == PROBE_ANSWER ? 0 : 3);
}

/* Waits until the child stops in this way; false if it ends or does not. */
static bool wait_for(pid_t pid, int how, int signo)
{
	int status;

	for (int stops = 0; stops < 8; stops++) {
		if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
			return false;
		if (WSTOPSIG(status) == signo)
			return true;
		if (ptrace(how, pid, NULL, NULL) != 0)
			return false;
	}
	return false;
}

/* NULL if all went well, else what did not, with errno. */
static const char *try_child(pid_t pid, int go_fd, const int *word)
{
	struct __ptrace_syscall_info info;
	struct iovec to = {&(int){0}, sizeof(int)};
	struct iovec from = {(void *)(uintptr_t)word, sizeof(int)};
	int status;

	if (ptrace(PTRACE_SEIZE, pid, NULL,
		    PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD |
			    PTRACE_O_TRACESECCOMP) != 0)
		return "PTRACE_SEIZE";
	if (process_vm_readv(pid, &to, 1, &from, 1, 0) != sizeof(int))
		return "process_vm_readv";
	if (write(go_fd, "", 1) != 1 || !wait_for(pid, PTRACE_CONT, SIGUSR1))
		return "a traced child's signal";
	if (ptrace(PTRACE_SYSEMU, pid, NULL, NULL) != 0)
		return "PTRACE_SYSEMU";
	for (;;) {
		if (!wait_for(pid, PTRACE_SYSEMU, SIGTRAP | 0x80))
			return "PTRACE_SYSEMU";
		if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <=
			0)
			return "PTRACE_GET_SYSCALL_INFO";
		if (info.entry.nr == PROBE_CALL)
			break;
		/* The signal's return, in libc, is executed. */
		if (ptrace(PTRACE_SYSEMU, pid, NULL, NULL) != 0)
			return "PTRACE_SYSEMU";
	}
	if (ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, regs.rax),
		    PROBE_ANSWER) != 0 ||
		ptrace(PTRACE_CONT, pid, NULL, NULL) != 0)
		return "an answer";
	if (waitpid(pid, &status, __WALL) != pid || status != 0)
		return "an emulated call";
	return NULL;
}

static int explain(const char *what, int error, char *why, size_t why_size)
{
	int scope = yama_scope();

	if ((error == EPERM || error == EACCES) && scope >= 2)
		snprintf(why, why_size,
			"%s is refused: the host's setting "
			"kernel.yama.ptrace_scope is %d",
			what, scope);
	else
		snprintf(why, why_size, "%s does not work: %s", what,
			strerror(error));
	return -(error != 0 ? error : ENOSYS);
}

int ptrace_probe(char *why, size_t why_size)
{
	const int word = 1;
	const char *what;
	int fds[2];
	int error;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return explain("a pipe", errno, why, why_size);
	pid = fork();
	if (pid == 0) {
		close(fds[1]);
		be_probed(fds[0]);
	}
	close(fds[0]);
	if (pid < 0) {
		error = errno;
		close(fds[1]);
		return explain("fork", error, why, why_size);
	}
	errno = 0;
	what = try_child(pid, fds[1], &word);
	error = errno;
	close(fds[1]);
	if (what == NULL)
		return 0;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, __WALL);
	return explain(what, error, why, why_size);
}
