/*
 * The allow-list of the sentry: what it may ask of the host after start.
 *
 * None takes a path, makes a socket, forks, or names a process that is not
 * ours by anything but a number. A new line here is a wider wall: say why.
 */
#include "config.h"

#include "sentry/allowed.h"

#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "lib/checked.h"

/* clang-format off */
static const struct allowed_call common_calls[] = {
	/* Descriptors we hold: streams, donated files, memfds, our sockets. */
	ALLOW(read), ALLOW(write), ALLOW(readv), ALLOW(writev),
	ALLOW(pread64), ALLOW(pwrite64), ALLOW(preadv), ALLOW(pwritev),
	ALLOW(preadv2), ALLOW(pwritev2), ALLOW(lseek), ALLOW(close),
	ALLOW(fstat), ALLOW(fstatfs), ALLOW(ftruncate), ALLOW(fallocate),
	ALLOW(fsync), ALLOW(fdatasync), ALLOW(fcntl), ALLOW(poll),
	ALLOW(dup), ALLOW(memfd_create), ALLOW(ioctl),
	ALLOW(sendmsg), ALLOW(recvmsg), ALLOW(sendto), ALLOW(recvfrom),
	ALLOW(shutdown),
	/* Guest memory. */
	ALLOW(process_vm_readv), ALLOW(process_vm_writev),
	/* Our own memory. */
	ALLOW(mmap), ALLOW(munmap), ALLOW(mprotect), ALLOW(mremap),
	ALLOW(madvise), ALLOW(brk),
	/* Time, events, threads of our own. */
	ALLOW(epoll_wait), ALLOW(epoll_ctl), ALLOW(timerfd_settime),
	ALLOW(clock_gettime), ALLOW(clock_getres), ALLOW(clock_nanosleep),
	ALLOW(nanosleep), ALLOW(futex), ALLOW(restart_syscall),
	ALLOW(rt_sigprocmask), ALLOW(rt_sigreturn), ALLOW(rt_sigtimedwait),
	ALLOW(sigaltstack), ALLOW(rseq), ALLOW(set_robust_list),
	ALLOW(gettid), ALLOW(getpid), ALLOW(sched_yield),
	ALLOW(getrandom), ALLOW(sysinfo), ALLOW(getrusage), ALLOW(getcpu),
	/* Stubs: children by number. */
	ALLOW(wait4), ALLOW(waitid), ALLOW(kill), ALLOW(tgkill),
	ALLOW(pidfd_open), ALLOW(pidfd_send_signal), ALLOW(prlimit64),
	ALLOW(sched_getaffinity), ALLOW(sched_setaffinity),
	ALLOW(exit), ALLOW(exit_group),
};

static const struct allowed_call ptrace_calls[] = {
	ALLOW(ptrace), ALLOW(ppoll), ALLOW(timer_settime),
};

#ifdef SANDBOX_SANITIZER
/* What the sanitizers' own runtimes do; never part of a release. */
static const struct allowed_call sanitizer_calls[] = {
	ALLOW(openat), ALLOW(readlink), ALLOW(readlinkat), ALLOW(getdents64),
	ALLOW(clone), ALLOW(clone3), ALLOW(prctl), ALLOW(newfstatat),
	ALLOW(rt_sigaction), ALLOW(gettimeofday), ALLOW(uname),
	ALLOW(getuid), ALLOW(getppid), ALLOW(access), ALLOW(sched_getparam),
	ALLOW(socket), ALLOW(connect), ALLOW(unlink), ALLOW(ptrace),
	ALLOW(arch_prctl), ALLOW(getrlimit),
};
#endif
/* clang-format on */

static void append(struct allowed_call *list, size_t *count,
	const struct allowed_call *more, size_t more_count)
{
	memcpy(list + *count, more, more_count * sizeof(*more));
	*count += more_count;
}

void sentry_lock_down(struct walls *walls, const char *platform)
{
	struct allowed_call list[160];
	size_t count = 0;

	append(list, &count, common_calls, ARRAY_SIZE(common_calls));
	if (strcmp(platform, "ptrace") == 0)
		append(list, &count, ptrace_calls, ARRAY_SIZE(ptrace_calls));
#ifdef SANDBOX_SANITIZER
	append(list, &count, sanitizer_calls, ARRAY_SIZE(sanitizer_calls));
#endif
	lockdown_seccomp(walls, list, count);
}
