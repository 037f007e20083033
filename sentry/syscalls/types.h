/*
 * What a line of table.def means: support levels, tags, and the table.
 *
 * A tag is the type of an argument and how to print it. The type is what the
 * kernel's own function has on x86-64, so that a register becomes an argument
 * by the conversion Linux makes: an int takes the low 32 bits, a size_t all 64,
 * a mode 16. Guest addresses stay integers (uaddr_t).
 *
 * Nothing here knows the sentry. table.c is compiled twice: with the handlers,
 * for the dispatcher, and with SYSENT_NAMES_ONLY, where every call is NULL, for
 * the command line and for tests.
 */
#ifndef SENTRY_SYSCALLS_TYPES_H
#define SENTRY_SYSCALLS_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "platform.h"

/* Tests of the wrappers bring a table of their own. */
#ifndef SYSENT_TABLE
#define SYSENT_TABLE "sentry/syscalls/table.def"
#endif

struct task;

typedef uint16_t umode_t; /* file type and permissions, as in the kernel */

/* X(tag, type of the argument) */
/* clang-format off */
#define SYSCALL_TAGS(X)                                                        \
	/* Numbers. */ \
	X(INT, int) X(UINT, unsigned int) X(LONG, long) \
	X(ULONG, unsigned long) X(HEX, unsigned long) \
	X(HEX_INT, unsigned int) X(SIZE, size_t) X(OFF, int64_t) X(HEX_OFF, int64_t) \
	X(NORETURN, long) X(FCNTL, long) \
	/* Names of things. */ \
	X(FD, int) X(DIRFD, int) X(PID, pid_t) X(PID_LONG, long) \
	X(UID, uint32_t) X(DEV, unsigned int) X(SIGNO, int) X(CLOCK, int) \
	X(IPC_KEY, int) X(PTR, uaddr_t) \
	/* Choices: one of a list. */ \
	X(ARCH_PRCTL_OP, int) X(EPOLL_OP, int) X(FADVICE, int) \
	X(IOPRIO_WHO, int) X(IPC_CMD, int) X(ITIMER, int) X(KCMP_TYPE, int) \
	X(MADVICE, int) X(MEMBARRIER_CMD, int) X(PRCTL_OP, int) \
	X(PRIO_WHICH, int) X(RUSAGE_WHO, int) X(SCHED_POLICY, int) \
	X(SEM_CMD, int) X(SHUT_HOW, int) X(SIG_HOW, int) \
	X(SOCK_DOMAIN, int) X(SOCK_LEVEL, int) X(SOCK_PROTOCOL, int) X(SOCK_OPT, int) \
	X(SYSLOG_ACTION, int) X(WAITID_TYPE, int) \
	X(FCNTL_CMD, unsigned int) X(IOCTL_CMD, unsigned int) \
	X(RESOURCE, unsigned int) X(SECCOMP_OP, unsigned int) \
	X(WHENCE, unsigned int) X(PERSONALITY, unsigned int) \
	X(PTRACE_REQ, long) \
	/* Flags: some of a list. */ \
	X(MODE, umode_t) X(UMASK, int) X(OFLAGS, int) X(ACCESS, int) \
	X(AT_FLAGS, int) X(STATX_FLAGS, int) X(EVENTFD_FLAGS, int) X(FACCESS_FLAGS, int) \
	X(FALLOC_MODE, int) X(FUTEX_OP, int) X(IPC_FLAGS, int) \
	X(MLOCKALL_FLAGS, int) X(MSYNC_FLAGS, int) \
	X(OPEN_CLOEXEC_FLAGS, int) X(PIPE_FLAGS, int) X(RWF_FLAGS, int) \
	X(SHM_FLAGS, int) X(SOCK_FLAGS, int) X(SOCK_TYPE, int) \
	X(TIMERFD_FLAGS, int) X(TIMERFD_TIME_FLAGS, int) \
	X(TIMER_FLAGS, int) X(UMOUNT_FLAGS, int) X(UNLINK_FLAGS, int) \
	X(UNSHARE_FLAGS_INT, int) X(WAIT_OPTIONS, int) X(XATTR_FLAGS, int) \
	X(CLOSE_RANGE_FLAGS, unsigned int) X(FLOCK_OP, unsigned int) \
	X(GETRANDOM_FLAGS, unsigned int) X(INOTIFY_MASK, unsigned int) \
	X(MEMFD_FLAGS, unsigned int) X(MSG_FLAGS, unsigned int) \
	X(PIDFD_FLAGS, unsigned int) X(RENAME_FLAGS, unsigned int) \
	X(SPLICE_FLAGS, unsigned int) X(STATX_MASK, unsigned int) \
	X(SYNC_RANGE_FLAGS, unsigned int) X(CLONE_FLAGS, unsigned long) \
	X(MAP_FLAGS, unsigned long) X(MOUNT_FLAGS, unsigned long) \
	X(MREMAP_FLAGS, unsigned long) X(PROT, unsigned long) \
	X(UNSHARE_FLAGS, unsigned long) \
	/* Depends on the command before it. */ \
	X(FCNTL_ARG, unsigned long) X(IOCTL_ARG, unsigned long) \
	X(FUTEX_TIMEOUT, uaddr_t) \
	/* Guest memory that the call reads. */ \
	X(PATH, uaddr_t) X(STR, uaddr_t) X(ARGV, uaddr_t) X(ENVP, uaddr_t) \
	X(BUF_IN, uaddr_t) X(IOV_IN, uaddr_t) X(SOCKADDR_IN, uaddr_t) \
	X(OPT_IN, uaddr_t) X(MSGHDR_IN, uaddr_t) X(MMSGHDR_IN, uaddr_t) \
	X(CAP_DATA_IN, uaddr_t) X(CAP_HEADER, uaddr_t) \
	X(CLONE_ARGS, uaddr_t) X(CPUSET_IN, uaddr_t) \
	X(EPOLL_EVENT, uaddr_t) X(GROUPS_IN, uaddr_t) \
	X(ITIMERSPEC_IN, uaddr_t) X(ITIMERVAL_IN, uaddr_t) \
	X(MQ_ATTR_IN, uaddr_t) X(OPEN_HOW, uaddr_t) X(PSELECT_SIG, uaddr_t) \
	X(RLIMIT_IN, uaddr_t) X(SCHED_ATTR_IN, uaddr_t) \
	X(SCHED_PARAM_IN, uaddr_t) X(SEMBUF, uaddr_t) \
	X(SIGACTION_IN, uaddr_t) X(SIGEVENT, uaddr_t) \
	X(SIGINFO_IN, uaddr_t) X(SIGSET_IN, uaddr_t) \
	X(SIGSTACK_IN, uaddr_t) X(TIMESPEC2_IN, uaddr_t) \
	X(TIMESPEC_IN, uaddr_t) X(TIMEVAL2_IN, uaddr_t) \
	X(TIMEVAL_IN, uaddr_t) X(TIMEZONE_IN, uaddr_t) \
	X(UTIMBUF_IN, uaddr_t) \
	/* Guest memory that the call writes, or reads and writes. */ \
	X(BUF_OUT, uaddr_t) X(STR_OUT, uaddr_t) X(IOV_OUT, uaddr_t) \
	X(SOCKADDR_OUT, uaddr_t) X(SOCKLEN, uaddr_t) X(OPT_OUT, uaddr_t) \
	X(MSGHDR_OUT, uaddr_t) X(MMSGHDR_OUT, uaddr_t) \
	X(CAP_DATA_OUT, uaddr_t) X(CPUSET_OUT, uaddr_t) \
	X(DENTS_OUT, uaddr_t) X(EPOLL_EVENTS, uaddr_t) X(FD2_OUT, uaddr_t) \
	X(FDSET, uaddr_t) X(GROUPS_OUT, uaddr_t) X(INT_OUT, uaddr_t) \
	X(ITIMERSPEC_OUT, uaddr_t) X(ITIMERVAL_OUT, uaddr_t) \
	X(MQ_ATTR_OUT, uaddr_t) X(OFF_INOUT, uaddr_t) X(POLLFDS, uaddr_t) \
	X(PTR_OUT, uaddr_t) X(RLIMIT_OUT, uaddr_t) X(RUSAGE_OUT, uaddr_t) \
	X(SCHED_ATTR_OUT, uaddr_t) X(SCHED_PARAM_OUT, uaddr_t) \
	X(SIGACTION_OUT, uaddr_t) X(SIGINFO_OUT, uaddr_t) \
	X(SIGSET_OUT, uaddr_t) X(SIGSTACK_OUT, uaddr_t) \
	X(STATFS_OUT, uaddr_t) X(STATX_OUT, uaddr_t) X(STAT_OUT, uaddr_t) \
	X(SYSINFO_OUT, uaddr_t) X(TIMESPEC_OUT, uaddr_t) X(TIMESPEC_REM, uaddr_t) \
	X(TIMEVAL_INOUT, uaddr_t) X(TIMEVAL_OUT, uaddr_t) \
	X(TIMEZONE_OUT, uaddr_t) X(TIME_OUT, uaddr_t) X(TMS_OUT, uaddr_t) \
	X(UID_OUT, uaddr_t) X(UINT_OUT, uaddr_t) X(UTSNAME_OUT, uaddr_t) \
	X(WAIT_STATUS, uaddr_t)
/* clang-format on */

enum sys_tag {
#define X(tag, type) TAG_##tag,
	SYSCALL_TAGS(X)
#undef X
		TAG_COUNT
};

enum support {
	SUPPORT_NONE, /* answers -error */
	SUPPORT_PART, /* the note says what is missing */
	SUPPORT_FULL,
};

#define SYSCALL_ARGS_MAX 6

struct sysent {
	const char *name;
	const char *note; /* for the documentation; may be "" */
	enum support support;
	int error;            /* SUPPORT_NONE: the errno it answers, else 0 */
	short args;           /* 0 to 6 */
	unsigned char result; /* enum sys_tag */
	unsigned char tags[SYSCALL_ARGS_MAX]; /* enum sys_tag; the first args */
	/* A result or -errno. NULL exactly where support is SUPPORT_NONE. */
	long (*call)(struct task *t, const uint64_t args[SYSCALL_ARGS_MAX]);
};

/* The entry of a number, or NULL where Linux has none: answer -ENOSYS. */
const struct sysent *sysent_find(long nr);

/* One more than the highest number; sysent_find() is NULL from here on. */
long sysent_limit(void);

#endif
