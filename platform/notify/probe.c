/*
 * Whether the notify platform can run here: a child tries what it needs and
 * ends at once.
 */
#include "platform/notify/internal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/filter.h>

static volatile uint32_t probe_word = 0x5eed;

/* The child's exit status is the errno of what failed, or 0. */
static _Noreturn void child_main(int ready, int go)
{
	struct sock_filter code = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {1, &code};
	char byte = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		    SECCOMP_FILTER_FLAG_NEW_LISTENER |
			    SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
		    &program) < 0)
		_exit(errno);
	if (write(ready, &byte, 1) != 1 || read(go, &byte, 1) < 0)
		_exit(EIO);
	_exit(0);
}

/* Can the child's memory be read, as every system call will need? */
static int try_memory(pid_t pid)
{
	uint32_t word = 0;
	struct iovec local = {&word, sizeof(word)};
	struct iovec remote = {(void *)(uintptr_t)&probe_word, sizeof(word)};

	if (process_vm_readv(pid, &local, 1, &remote, 1, 0) < 0)
		return -errno;
	return word == probe_word ? 0 : -EIO;
}

static const char *filter_reason(int error)
{
	switch (error) {
	case EBUSY:
		return "this process is already under a seccomp listener";
	case EINVAL:
		return "the kernel has no WAIT_KILLABLE_RECV (Linux 5.19)";
	case ENOSYS:
		return "the kernel has no seccomp filters";
	case EPERM:
	case EACCES:
		return "seccomp filters are forbidden here";
	default:
		return strerror(error);
	}
}

static int probe_child(pid_t pid, int ready, int go, char *why, size_t why_size)
{
	char byte = 0;
	int status = 0;
	int ret = 0;

	if (read(ready, &byte, 1) == 1) {
		ret = try_memory(pid);
		if (ret < 0)
			snprintf(why, why_size,
				"a child's memory cannot be reached: %s "
				"(kernel.yama.ptrace_scope?)",
				strerror(-ret));
	}
	close(go); /* the child reads its end, and exits */
	if (waitpid(pid, &status, 0) != pid)
		return -ECHILD;
	if (ret == 0 && status != 0) {
		ret = WIFEXITED(status) ? -WEXITSTATUS(status) : -EPERM;
		snprintf(why, why_size, "%s", filter_reason(-ret));
	}
	return ret;
}

int notify_probe(char *why, size_t why_size)
{
	int ready[2], go[2];
	pid_t pid;
	int ret;

	if (pipe(ready) < 0)
		return -errno;
	if (pipe(go) < 0) {
		ret = -errno;
		close(ready[0]);
		close(ready[1]);
		return ret;
	}
	pid = fork();
	if (pid == 0) {
		close(ready[0]);
		close(go[1]);
		child_main(ready[1], go[0]);
	}
	ret = -errno;
	close(ready[1]);
	close(go[0]);
	if (pid > 0)
		ret = probe_child(pid, ready[0], go[1], why, why_size);
	else {
		close(go[1]);
		snprintf(why, why_size, "fork: %s", strerror(-ret));
	}
	close(ready[0]);
	return ret;
}
