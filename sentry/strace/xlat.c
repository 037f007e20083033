/*
 * The names of choices and flags. Lists only; in each, what contains others
 * comes before them (O_SYNC before O_DSYNC).
 */
#include "sentry/strace/xlat.h"

#include <asm/prctl.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/kcmp.h>
#include <linux/magic.h>
#include <linux/membarrier.h>
#include <linux/memfd.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/personality.h>
#include <sys/poll.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>

#define N(constant)                                                            \
	{                                                                      \
		constant, #constant                                            \
	}

/* Younger than the headers, or not in them under this name. */
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8
#define MFD_EXEC        16
#endif
#ifndef RWF_ATOMIC
#define RWF_ATOMIC    0x40
#define RWF_DONTCACHE 0x80
#endif
#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1u << 31)
#endif
#define SA_RESTORER             0x04000000
#define SA_EXPOSE_TAGBITS       0x800
#define O_LARGEFILE_ABI         0100000 /* glibc has 0 for it on x86-64 */
#define CLONE_INTO_CGROUP_ABI   0x200000000ull
#define CLONE_CLEAR_SIGHAND_ABI 0x100000000ull

/* clang-format off */
static const struct xlat access_modes[] = {
	N(O_RDONLY), N(O_WRONLY), N(O_RDWR), {0, NULL}};
static const struct xlat open_flags[] = {
	N(O_CREAT), N(O_EXCL), N(O_NOCTTY), N(O_TRUNC), N(O_APPEND),
	N(O_NONBLOCK), N(O_SYNC), N(O_DSYNC), N(O_ASYNC), N(O_DIRECT),
	{O_LARGEFILE_ABI, "O_LARGEFILE"}, N(O_NOFOLLOW), N(O_NOATIME),
	N(O_CLOEXEC), N(O_PATH), N(O_TMPFILE), N(O_DIRECTORY), {0, NULL}};
static const struct xlat cloexec_flags[] = {
	N(O_NONBLOCK), N(O_CLOEXEC), {0, NULL}};
static const struct xlat pipe_flags[] = {
	N(O_NONBLOCK), N(O_CLOEXEC), N(O_DIRECT), {0, NULL}};
static const struct xlat fd_flags[] = {N(FD_CLOEXEC), {0, NULL}};
static const struct xlat at_flags[] = {
	N(AT_SYMLINK_NOFOLLOW), N(AT_REMOVEDIR), N(AT_SYMLINK_FOLLOW),
	N(AT_NO_AUTOMOUNT), N(AT_EMPTY_PATH), N(AT_RECURSIVE), {0, NULL}};
static const struct xlat statx_sync[] = {
	N(AT_STATX_SYNC_AS_STAT), N(AT_STATX_FORCE_SYNC),
	N(AT_STATX_DONT_SYNC), {0, NULL}};
static const struct xlat statx_attributes[] = {
	N(STATX_ATTR_COMPRESSED), N(STATX_ATTR_IMMUTABLE),
	N(STATX_ATTR_APPEND), N(STATX_ATTR_NODUMP), N(STATX_ATTR_ENCRYPTED),
	N(STATX_ATTR_AUTOMOUNT), N(STATX_ATTR_MOUNT_ROOT),
	N(STATX_ATTR_VERITY), N(STATX_ATTR_DAX), {0, NULL}};
static const struct xlat faccess_flags[] = {
	N(AT_SYMLINK_NOFOLLOW), N(AT_EACCESS), N(AT_EMPTY_PATH), {0, NULL}};
static const struct xlat unlink_flags[] = {N(AT_REMOVEDIR), {0, NULL}};
static const struct xlat access_flags[] = {
	N(F_OK), N(R_OK), N(W_OK), N(X_OK), {0, NULL}};
static const struct xlat resolve_flags[] = {
	N(RESOLVE_NO_XDEV), N(RESOLVE_NO_MAGICLINKS), N(RESOLVE_NO_SYMLINKS),
	N(RESOLVE_BENEATH), N(RESOLVE_IN_ROOT), N(RESOLVE_CACHED), {0, NULL}};
static const struct xlat file_types[] = {
	N(S_IFREG), N(S_IFDIR), N(S_IFLNK), N(S_IFCHR), N(S_IFBLK),
	N(S_IFIFO), N(S_IFSOCK), {0, NULL}};
static const struct xlat whence[] = {
	N(SEEK_SET), N(SEEK_CUR), N(SEEK_END), N(SEEK_DATA), N(SEEK_HOLE),
	{0, NULL}};
static const struct xlat fcntl_cmds[] = {
	N(F_DUPFD), N(F_GETFD), N(F_SETFD), N(F_GETFL), N(F_SETFL),
	N(F_GETLK), N(F_SETLK), N(F_SETLKW), N(F_SETOWN), N(F_GETOWN),
	N(F_SETSIG), N(F_GETSIG), N(F_SETOWN_EX), N(F_GETOWN_EX),
	N(F_OFD_GETLK), N(F_OFD_SETLK), N(F_OFD_SETLKW), N(F_SETLEASE),
	N(F_GETLEASE), N(F_NOTIFY), N(F_DUPFD_CLOEXEC), N(F_SETPIPE_SZ),
	N(F_GETPIPE_SZ), N(F_ADD_SEALS), N(F_GET_SEALS), N(F_GET_RW_HINT),
	N(F_SET_RW_HINT), N(F_GET_FILE_RW_HINT), N(F_SET_FILE_RW_HINT),
	{0, NULL}};
static const struct xlat lock_types[] = {
	N(F_RDLCK), N(F_WRLCK), N(F_UNLCK), {0, NULL}};
static const struct xlat flock_ops[] = {
	N(LOCK_SH), N(LOCK_EX), N(LOCK_UN), N(LOCK_NB), {0, NULL}};
static const struct xlat falloc_modes[] = {
	N(FALLOC_FL_KEEP_SIZE), N(FALLOC_FL_PUNCH_HOLE),
	N(FALLOC_FL_COLLAPSE_RANGE), N(FALLOC_FL_ZERO_RANGE),
	N(FALLOC_FL_INSERT_RANGE), N(FALLOC_FL_UNSHARE_RANGE), {0, NULL}};
static const struct xlat fadvices[] = {
	N(POSIX_FADV_NORMAL), N(POSIX_FADV_RANDOM), N(POSIX_FADV_SEQUENTIAL),
	N(POSIX_FADV_WILLNEED), N(POSIX_FADV_DONTNEED), N(POSIX_FADV_NOREUSE),
	{0, NULL}};
static const struct xlat rename_flags[] = {
	N(RENAME_NOREPLACE), N(RENAME_EXCHANGE), N(RENAME_WHITEOUT), {0, NULL}};
static const struct xlat splice_flags[] = {
	N(SPLICE_F_MOVE), N(SPLICE_F_NONBLOCK), N(SPLICE_F_MORE),
	N(SPLICE_F_GIFT), {0, NULL}};
static const struct xlat sync_range_flags[] = {
	N(SYNC_FILE_RANGE_WAIT_BEFORE), N(SYNC_FILE_RANGE_WRITE),
	N(SYNC_FILE_RANGE_WAIT_AFTER), {0, NULL}};
static const struct xlat rwf_flags[] = {
	N(RWF_HIPRI), N(RWF_DSYNC), N(RWF_SYNC), N(RWF_NOWAIT), N(RWF_APPEND),
	N(RWF_ATOMIC), N(RWF_DONTCACHE), {0, NULL}};
static const struct xlat xattr_flags[] = {
	N(XATTR_CREATE), N(XATTR_REPLACE), {0, NULL}};
static const struct xlat statx_mask[] = {
	N(STATX_ALL), N(STATX_BASIC_STATS), N(STATX_TYPE), N(STATX_MODE),
	N(STATX_NLINK), N(STATX_UID), N(STATX_GID), N(STATX_ATIME),
	N(STATX_MTIME), N(STATX_CTIME), N(STATX_INO), N(STATX_SIZE),
	N(STATX_BLOCKS), N(STATX_BTIME), N(STATX_MNT_ID), N(STATX_DIOALIGN),
	{0x4000, "STATX_MNT_ID_UNIQUE"}, {0x8000, "STATX_SUBVOL"}, {0, NULL}};
static const struct xlat statfs_types[] = {
	{OVERLAYFS_SUPER_MAGIC, "OVERLAYFS_SUPER_MAGIC"}, N(TMPFS_MAGIC),
	N(PROC_SUPER_MAGIC), N(SYSFS_MAGIC), N(DEVPTS_SUPER_MAGIC),
	N(EXT4_SUPER_MAGIC), N(XFS_SUPER_MAGIC), N(BTRFS_SUPER_MAGIC),
	{0x50495045, "PIPEFS_MAGIC"}, {0x534f434b, "SOCKFS_MAGIC"},
	{0x09041934, "ANON_INODE_FS_MAGIC"}, {0x19800202, "MQUEUE_MAGIC"},
	N(CGROUP2_SUPER_MAGIC), N(CGROUP_SUPER_MAGIC), {0, NULL}};
static const struct xlat mount_flags[] = {
	N(MS_RDONLY), N(MS_NOSUID), N(MS_NODEV), N(MS_NOEXEC),
	N(MS_SYNCHRONOUS), N(MS_REMOUNT), N(MS_MANDLOCK), N(MS_DIRSYNC),
	N(MS_NOATIME), N(MS_NODIRATIME), N(MS_BIND), N(MS_MOVE), N(MS_REC),
	N(MS_SILENT), N(MS_UNBINDABLE), N(MS_PRIVATE), N(MS_SLAVE),
	N(MS_SHARED), N(MS_RELATIME), N(MS_STRICTATIME), N(MS_LAZYTIME),
	{0, NULL}};
static const struct xlat umount_flags[] = {
	N(MNT_FORCE), N(MNT_DETACH), N(MNT_EXPIRE), N(UMOUNT_NOFOLLOW),
	{0, NULL}};
static const struct xlat inotify_mask[] = {
	N(IN_ALL_EVENTS), N(IN_ACCESS), N(IN_MODIFY), N(IN_ATTRIB),
	N(IN_CLOSE_WRITE), N(IN_CLOSE_NOWRITE), N(IN_OPEN), N(IN_MOVED_FROM),
	N(IN_MOVED_TO), N(IN_CREATE), N(IN_DELETE), N(IN_DELETE_SELF),
	N(IN_MOVE_SELF), N(IN_ONLYDIR), N(IN_DONT_FOLLOW), N(IN_EXCL_UNLINK),
	N(IN_MASK_CREATE), N(IN_MASK_ADD), N(IN_ISDIR), N(IN_ONESHOT),
	{0, NULL}};

static const struct xlat poll_events[] = {
	N(POLLIN), N(POLLPRI), N(POLLOUT), N(POLLERR), N(POLLHUP),
	N(POLLNVAL), N(POLLRDNORM), N(POLLRDBAND), N(POLLWRNORM),
	N(POLLWRBAND), N(POLLMSG), N(POLLRDHUP), {0, NULL}};
static const struct xlat epoll_events[] = {
	N(EPOLLIN), N(EPOLLPRI), N(EPOLLOUT), N(EPOLLERR), N(EPOLLHUP),
	N(EPOLLRDNORM), N(EPOLLRDBAND), N(EPOLLWRNORM), N(EPOLLWRBAND),
	N(EPOLLMSG), N(EPOLLRDHUP), N(EPOLLEXCLUSIVE), N(EPOLLWAKEUP),
	N(EPOLLONESHOT), {1u << 31, "EPOLLET"}, {0, NULL}};
static const struct xlat epoll_ops[] = {
	N(EPOLL_CTL_ADD), N(EPOLL_CTL_DEL), N(EPOLL_CTL_MOD), {0, NULL}};
static const struct xlat eventfd_flags[] = {
	N(EFD_SEMAPHORE), N(EFD_CLOEXEC), N(EFD_NONBLOCK), {0, NULL}};
static const struct xlat timerfd_flags[] = {
	N(TFD_CLOEXEC), N(TFD_NONBLOCK), {0, NULL}};
static const struct xlat timerfd_time_flags[] = {
	N(TFD_TIMER_ABSTIME), N(TFD_TIMER_CANCEL_ON_SET), {0, NULL}};
static const struct xlat timer_flags[] = {N(TIMER_ABSTIME), {0, NULL}};
static const struct xlat pidfd_flags[] = {
	{O_NONBLOCK, "PIDFD_NONBLOCK"}, {O_EXCL, "PIDFD_THREAD"}, {0, NULL}};
static const struct xlat close_range_flags[] = {
	{2, "CLOSE_RANGE_UNSHARE"}, {4, "CLOSE_RANGE_CLOEXEC"}, {0, NULL}};
static const struct xlat getrandom_flags[] = {
	N(GRND_NONBLOCK), N(GRND_RANDOM), N(GRND_INSECURE), {0, NULL}};
static const struct xlat memfd_flags[] = {
	N(MFD_CLOEXEC), N(MFD_ALLOW_SEALING), N(MFD_HUGETLB),
	N(MFD_NOEXEC_SEAL), N(MFD_EXEC), {0, NULL}};

static const struct xlat prot_flags[] = {
	N(PROT_NONE), N(PROT_READ), N(PROT_WRITE), N(PROT_EXEC),
	N(PROT_GROWSDOWN), N(PROT_GROWSUP), {0, NULL}};
static const struct xlat map_types[] = {
	N(MAP_FILE), N(MAP_SHARED), N(MAP_PRIVATE), N(MAP_SHARED_VALIDATE),
	{0, NULL}};
static const struct xlat map_flags[] = {
	N(MAP_FIXED), N(MAP_ANONYMOUS), N(MAP_32BIT), N(MAP_GROWSDOWN),
	N(MAP_DENYWRITE), N(MAP_EXECUTABLE), N(MAP_LOCKED), N(MAP_NORESERVE),
	N(MAP_POPULATE), N(MAP_NONBLOCK), N(MAP_STACK), N(MAP_HUGETLB),
	N(MAP_SYNC), N(MAP_FIXED_NOREPLACE), {0, NULL}};
static const struct xlat mremap_flags[] = {
	N(MREMAP_MAYMOVE), N(MREMAP_FIXED), N(MREMAP_DONTUNMAP), {0, NULL}};
static const struct xlat msync_flags[] = {
	N(MS_ASYNC), N(MS_INVALIDATE), N(MS_SYNC), {0, NULL}};
static const struct xlat mlockall_flags[] = {
	N(MCL_CURRENT), N(MCL_FUTURE), N(MCL_ONFAULT), {0, NULL}};
static const struct xlat madvices[] = {
	N(MADV_NORMAL), N(MADV_RANDOM), N(MADV_SEQUENTIAL), N(MADV_WILLNEED),
	N(MADV_DONTNEED), N(MADV_FREE), N(MADV_REMOVE), N(MADV_DONTFORK),
	N(MADV_DOFORK), N(MADV_MERGEABLE), N(MADV_UNMERGEABLE),
	N(MADV_HUGEPAGE), N(MADV_NOHUGEPAGE), N(MADV_DONTDUMP),
	N(MADV_DODUMP), N(MADV_WIPEONFORK), N(MADV_KEEPONFORK), N(MADV_COLD),
	N(MADV_PAGEOUT), N(MADV_POPULATE_READ), N(MADV_POPULATE_WRITE),
	N(MADV_COLLAPSE), N(MADV_HWPOISON), {0, NULL}};

static const struct xlat clone_flags[] = {
	N(CLONE_VM), N(CLONE_FS), N(CLONE_FILES), N(CLONE_SIGHAND),
	N(CLONE_PIDFD), N(CLONE_PTRACE), N(CLONE_VFORK), N(CLONE_PARENT),
	N(CLONE_THREAD), N(CLONE_NEWNS), N(CLONE_SYSVSEM), N(CLONE_SETTLS),
	N(CLONE_PARENT_SETTID), N(CLONE_CHILD_CLEARTID), N(CLONE_DETACHED),
	N(CLONE_UNTRACED), N(CLONE_CHILD_SETTID), N(CLONE_NEWCGROUP),
	N(CLONE_NEWUTS), N(CLONE_NEWIPC), N(CLONE_NEWUSER), N(CLONE_NEWPID),
	N(CLONE_NEWNET), N(CLONE_IO),
	{CLONE_CLEAR_SIGHAND_ABI, "CLONE_CLEAR_SIGHAND"},
	{CLONE_INTO_CGROUP_ABI, "CLONE_INTO_CGROUP"}, {0, NULL}};
static const struct xlat unshare_flags[] = {
	N(CLONE_NEWTIME), N(CLONE_VM), N(CLONE_FS), N(CLONE_FILES),
	N(CLONE_SIGHAND), N(CLONE_THREAD), N(CLONE_NEWNS), N(CLONE_SYSVSEM),
	N(CLONE_NEWCGROUP), N(CLONE_NEWUTS), N(CLONE_NEWIPC),
	N(CLONE_NEWUSER), N(CLONE_NEWPID), N(CLONE_NEWNET), {0, NULL}};
static const struct xlat wait_options[] = {
	N(WNOHANG), N(WUNTRACED), N(WEXITED), N(WCONTINUED), N(WNOWAIT),
	N(__WNOTHREAD), N(__WALL), {0x80000000, "__WCLONE"}, {0, NULL}};
static const struct xlat waitid_types[] = {
	N(P_ALL), N(P_PID), N(P_PGID), N(P_PIDFD), {0, NULL}};
static const struct xlat sig_hows[] = {
	N(SIG_BLOCK), N(SIG_UNBLOCK), N(SIG_SETMASK), {0, NULL}};
static const struct xlat sa_flags[] = {
	N(SA_RESTORER), N(SA_NOCLDSTOP), N(SA_NOCLDWAIT), N(SA_SIGINFO),
	N(SA_ONSTACK), N(SA_RESTART), N(SA_NODEFER),
	{SA_RESETHAND, "SA_RESETHAND"}, N(SA_EXPOSE_TAGBITS), {0, NULL}};
static const struct xlat ss_flags[] = {
	N(SS_ONSTACK), N(SS_DISABLE), N(SS_AUTODISARM), {0, NULL}};
static const struct xlat sigevs[] = {
	N(SIGEV_SIGNAL), N(SIGEV_NONE), N(SIGEV_THREAD), N(SIGEV_THREAD_ID),
	{0, NULL}};
static const struct xlat si_user[] = {
	N(SI_USER), N(SI_QUEUE), N(SI_TIMER), N(SI_MESGQ), N(SI_ASYNCIO),
	N(SI_SIGIO), N(SI_TKILL), N(SI_KERNEL), {0, NULL}};
static const struct xlat si_child[] = {
	N(CLD_EXITED), N(CLD_KILLED), N(CLD_DUMPED), N(CLD_TRAPPED),
	N(CLD_STOPPED), N(CLD_CONTINUED), {0, NULL}};
#define FUTEX(op)                                                              \
	{FUTEX_##op, "FUTEX_" #op},                                            \
	{FUTEX_##op | FUTEX_PRIVATE_FLAG, "FUTEX_" #op "_PRIVATE"}
static const struct xlat futex_ops[] = {
	FUTEX(WAIT), FUTEX(WAKE), FUTEX(FD), FUTEX(REQUEUE),
	FUTEX(CMP_REQUEUE), FUTEX(WAKE_OP), FUTEX(LOCK_PI), FUTEX(UNLOCK_PI),
	FUTEX(TRYLOCK_PI), FUTEX(WAIT_BITSET), FUTEX(WAKE_BITSET),
	FUTEX(WAIT_REQUEUE_PI), FUTEX(CMP_REQUEUE_PI), FUTEX(LOCK_PI2),
	{0, NULL}};
static const struct xlat futex_flags[] = {
	N(FUTEX_CLOCK_REALTIME), {0, NULL}};
static const struct xlat clocks[] = {
	N(CLOCK_REALTIME), N(CLOCK_MONOTONIC), N(CLOCK_PROCESS_CPUTIME_ID),
	N(CLOCK_THREAD_CPUTIME_ID), N(CLOCK_MONOTONIC_RAW),
	N(CLOCK_REALTIME_COARSE), N(CLOCK_MONOTONIC_COARSE),
	N(CLOCK_BOOTTIME), N(CLOCK_REALTIME_ALARM), N(CLOCK_BOOTTIME_ALARM),
	N(CLOCK_TAI), {0, NULL}};
static const struct xlat itimers[] = {
	N(ITIMER_REAL), N(ITIMER_VIRTUAL), N(ITIMER_PROF), {0, NULL}};
static const struct xlat resources[] = {
	N(RLIMIT_CPU), N(RLIMIT_FSIZE), N(RLIMIT_DATA), N(RLIMIT_STACK),
	N(RLIMIT_CORE), N(RLIMIT_RSS), N(RLIMIT_NPROC), N(RLIMIT_NOFILE),
	N(RLIMIT_MEMLOCK), N(RLIMIT_AS), N(RLIMIT_LOCKS),
	N(RLIMIT_SIGPENDING), N(RLIMIT_MSGQUEUE), N(RLIMIT_NICE),
	N(RLIMIT_RTPRIO), N(RLIMIT_RTTIME), {0, NULL}};
static const struct xlat rusage_whos[] = {
	N(RUSAGE_SELF), {(uint32_t)-1, "RUSAGE_CHILDREN"}, N(RUSAGE_THREAD),
	{0, NULL}};
static const struct xlat prio_whichs[] = {
	N(PRIO_PROCESS), N(PRIO_PGRP), N(PRIO_USER), {0, NULL}};
static const struct xlat ioprio_whos[] = {
	{1, "IOPRIO_WHO_PROCESS"}, {2, "IOPRIO_WHO_PGRP"},
	{3, "IOPRIO_WHO_USER"}, {0, NULL}};
static const struct xlat sched_policies[] = {
	N(SCHED_OTHER), N(SCHED_FIFO), N(SCHED_RR), N(SCHED_BATCH),
	N(SCHED_IDLE), {6, "SCHED_DEADLINE"}, {7, "SCHED_EXT"}, {0, NULL}};
static const struct xlat sched_flags[] = {
	N(SCHED_RESET_ON_FORK), {0, NULL}};
static const struct xlat personas[] = {
	N(PER_LINUX), N(PER_LINUX32), {0, NULL}};
static const struct xlat persona_flags[] = {
	N(UNAME26), N(ADDR_NO_RANDOMIZE), N(FDPIC_FUNCPTRS),
	N(MMAP_PAGE_ZERO), N(ADDR_COMPAT_LAYOUT), N(READ_IMPLIES_EXEC),
	N(ADDR_LIMIT_32BIT), N(SHORT_INODE), N(WHOLE_SECONDS),
	N(STICKY_TIMEOUTS), N(ADDR_LIMIT_3GB), {0, NULL}};
static const struct xlat arch_prctls[] = {
	N(ARCH_SET_GS), N(ARCH_SET_FS), N(ARCH_GET_FS), N(ARCH_GET_GS),
	N(ARCH_GET_CPUID), N(ARCH_SET_CPUID), {0x1021, "ARCH_GET_XCOMP_SUPP"},
	{0x1022, "ARCH_GET_XCOMP_PERM"}, {0x1023, "ARCH_REQ_XCOMP_PERM"},
	{0x3001, "ARCH_CET_STATUS"}, {0x5001, "ARCH_SHSTK_ENABLE"},
	{0x5005, "ARCH_SHSTK_STATUS"}, {0, NULL}};
static const struct xlat prctls[] = {
	N(PR_SET_PDEATHSIG), N(PR_GET_PDEATHSIG), N(PR_GET_DUMPABLE),
	N(PR_SET_DUMPABLE), N(PR_GET_UNALIGN), N(PR_SET_UNALIGN),
	N(PR_GET_KEEPCAPS), N(PR_SET_KEEPCAPS), N(PR_GET_FPEMU),
	N(PR_SET_FPEMU), N(PR_GET_FPEXC), N(PR_SET_FPEXC), N(PR_GET_TIMING),
	N(PR_SET_TIMING), N(PR_SET_NAME), N(PR_GET_NAME), N(PR_GET_ENDIAN),
	N(PR_SET_ENDIAN), N(PR_GET_SECCOMP), N(PR_SET_SECCOMP),
	N(PR_CAPBSET_READ), N(PR_CAPBSET_DROP), N(PR_GET_TSC), N(PR_SET_TSC),
	N(PR_GET_SECUREBITS), N(PR_SET_SECUREBITS), N(PR_SET_TIMERSLACK),
	N(PR_GET_TIMERSLACK), N(PR_TASK_PERF_EVENTS_DISABLE),
	N(PR_TASK_PERF_EVENTS_ENABLE), N(PR_MCE_KILL), N(PR_MCE_KILL_GET),
	N(PR_SET_MM), N(PR_SET_PTRACER), N(PR_SET_CHILD_SUBREAPER),
	N(PR_GET_CHILD_SUBREAPER), N(PR_SET_NO_NEW_PRIVS),
	N(PR_GET_NO_NEW_PRIVS), N(PR_GET_TID_ADDRESS), N(PR_SET_THP_DISABLE),
	N(PR_GET_THP_DISABLE), N(PR_CAP_AMBIENT), N(PR_GET_SPECULATION_CTRL),
	N(PR_SET_SPECULATION_CTRL), N(PR_SET_IO_FLUSHER),
	N(PR_GET_IO_FLUSHER), N(PR_SET_SYSCALL_USER_DISPATCH),
	N(PR_SCHED_CORE), {65, "PR_SET_MDWE"}, {66, "PR_GET_MDWE"},
	{0x53564d41, "PR_SET_VMA"}, {0, NULL}};
static const struct xlat ptrace_reqs[] = {
	N(PTRACE_TRACEME), N(PTRACE_PEEKTEXT), N(PTRACE_PEEKDATA),
	N(PTRACE_PEEKUSER), N(PTRACE_POKETEXT), N(PTRACE_POKEDATA),
	N(PTRACE_POKEUSER), N(PTRACE_CONT), N(PTRACE_KILL),
	N(PTRACE_SINGLESTEP), N(PTRACE_GETREGS), N(PTRACE_SETREGS),
	N(PTRACE_GETFPREGS), N(PTRACE_SETFPREGS), N(PTRACE_ATTACH),
	N(PTRACE_DETACH), N(PTRACE_SYSCALL), N(PTRACE_SETOPTIONS),
	N(PTRACE_GETEVENTMSG), N(PTRACE_GETSIGINFO), N(PTRACE_SETSIGINFO),
	N(PTRACE_GETREGSET), N(PTRACE_SETREGSET), N(PTRACE_SEIZE),
	N(PTRACE_INTERRUPT), N(PTRACE_LISTEN), N(PTRACE_GET_SYSCALL_INFO),
	{0, NULL}};
static const struct xlat seccomp_ops[] = {
	N(SECCOMP_SET_MODE_STRICT), N(SECCOMP_SET_MODE_FILTER),
	N(SECCOMP_GET_ACTION_AVAIL), N(SECCOMP_GET_NOTIF_SIZES), {0, NULL}};
static const struct xlat membarrier_cmds[] = {
	N(MEMBARRIER_CMD_QUERY), N(MEMBARRIER_CMD_GLOBAL),
	N(MEMBARRIER_CMD_GLOBAL_EXPEDITED),
	N(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED),
	N(MEMBARRIER_CMD_PRIVATE_EXPEDITED),
	N(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED),
	N(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE),
	N(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE),
	N(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ),
	N(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ), {0, NULL}};
static const struct xlat kcmp_types[] = {
	N(KCMP_FILE), N(KCMP_VM), N(KCMP_FILES), N(KCMP_FS), N(KCMP_SIGHAND),
	N(KCMP_IO), N(KCMP_SYSVSEM), N(KCMP_EPOLL_TFD), {0, NULL}};
static const struct xlat syslog_actions[] = {
	{0, "SYSLOG_ACTION_CLOSE"}, {1, "SYSLOG_ACTION_OPEN"},
	{2, "SYSLOG_ACTION_READ"}, {3, "SYSLOG_ACTION_READ_ALL"},
	{4, "SYSLOG_ACTION_READ_CLEAR"}, {5, "SYSLOG_ACTION_CLEAR"},
	{6, "SYSLOG_ACTION_CONSOLE_OFF"}, {7, "SYSLOG_ACTION_CONSOLE_ON"},
	{8, "SYSLOG_ACTION_CONSOLE_LEVEL"}, {9, "SYSLOG_ACTION_SIZE_UNREAD"},
	{10, "SYSLOG_ACTION_SIZE_BUFFER"}, {0, NULL}};
#define CAP(cap) {UINT64_C(1) << (cap), #cap}
static const struct xlat caps[] = {
	CAP(CAP_CHOWN), CAP(CAP_DAC_OVERRIDE), CAP(CAP_DAC_READ_SEARCH),
	CAP(CAP_FOWNER), CAP(CAP_FSETID), CAP(CAP_KILL), CAP(CAP_SETGID),
	CAP(CAP_SETUID), CAP(CAP_SETPCAP), CAP(CAP_LINUX_IMMUTABLE),
	CAP(CAP_NET_BIND_SERVICE), CAP(CAP_NET_BROADCAST), CAP(CAP_NET_ADMIN),
	CAP(CAP_NET_RAW), CAP(CAP_IPC_LOCK), CAP(CAP_IPC_OWNER),
	CAP(CAP_SYS_MODULE), CAP(CAP_SYS_RAWIO), CAP(CAP_SYS_CHROOT),
	CAP(CAP_SYS_PTRACE), CAP(CAP_SYS_PACCT), CAP(CAP_SYS_ADMIN),
	CAP(CAP_SYS_BOOT), CAP(CAP_SYS_NICE), CAP(CAP_SYS_RESOURCE),
	CAP(CAP_SYS_TIME), CAP(CAP_SYS_TTY_CONFIG), CAP(CAP_MKNOD),
	CAP(CAP_LEASE), CAP(CAP_AUDIT_WRITE), CAP(CAP_AUDIT_CONTROL),
	CAP(CAP_SETFCAP), CAP(CAP_MAC_OVERRIDE), CAP(CAP_MAC_ADMIN),
	CAP(CAP_SYSLOG), CAP(CAP_WAKE_ALARM), CAP(CAP_BLOCK_SUSPEND),
	CAP(CAP_AUDIT_READ), CAP(CAP_PERFMON), CAP(CAP_BPF),
	CAP(CAP_CHECKPOINT_RESTORE), {0, NULL}};

static const struct xlat ipc_flags[] = {
	N(IPC_CREAT), N(IPC_EXCL), N(IPC_NOWAIT), {0, NULL}};
static const struct xlat ipc_cmds[] = {
	N(IPC_RMID), N(IPC_SET), N(IPC_STAT), N(IPC_INFO), N(SHM_LOCK),
	N(SHM_UNLOCK), N(SHM_STAT), N(SHM_INFO), {0, NULL}};
static const struct xlat sem_cmds[] = {
	N(IPC_RMID), N(IPC_SET), N(IPC_STAT), N(IPC_INFO), N(GETPID),
	N(GETVAL), N(GETALL), N(GETNCNT), N(GETZCNT), N(SETVAL), N(SETALL),
	N(SEM_STAT), N(SEM_INFO), {0, NULL}};
static const struct xlat shm_flags[] = {
	N(SHM_RDONLY), N(SHM_RND), N(SHM_REMAP), N(SHM_EXEC), {0, NULL}};

static const struct xlat sock_domains[] = {
	N(AF_UNSPEC), N(AF_UNIX), N(AF_INET), N(AF_INET6), N(AF_NETLINK),
	N(AF_PACKET), N(AF_VSOCK), N(AF_ALG), N(AF_BLUETOOTH), {0, NULL}};
static const struct xlat sock_types[] = {
	N(SOCK_STREAM), N(SOCK_DGRAM), N(SOCK_RAW), N(SOCK_RDM),
	N(SOCK_SEQPACKET), N(SOCK_PACKET), {0, NULL}};
static const struct xlat protocols[] = {
	N(IPPROTO_IP), N(IPPROTO_ICMP), N(IPPROTO_TCP), N(IPPROTO_UDP),
	N(IPPROTO_ICMPV6), N(IPPROTO_RAW), {0, NULL}};
static const struct xlat sock_flags[] = {
	N(SOCK_CLOEXEC), N(SOCK_NONBLOCK), {0, NULL}};
static const struct xlat msg_flags[] = {
	N(MSG_OOB), N(MSG_PEEK), N(MSG_DONTROUTE), N(MSG_CTRUNC), N(MSG_TRUNC),
	N(MSG_DONTWAIT), N(MSG_EOR), N(MSG_WAITALL), N(MSG_CONFIRM),
	N(MSG_ERRQUEUE), N(MSG_NOSIGNAL), N(MSG_MORE), N(MSG_WAITFORONE),
	N(MSG_ZEROCOPY), N(MSG_FASTOPEN), N(MSG_CMSG_CLOEXEC), {0, NULL}};
static const struct xlat shut_hows[] = {
	N(SHUT_RD), N(SHUT_WR), N(SHUT_RDWR), {0, NULL}};
static const struct xlat sock_levels[] = {
	N(SOL_SOCKET), {IPPROTO_IP, "SOL_IP"}, {IPPROTO_TCP, "SOL_TCP"},
	{IPPROTO_UDP, "SOL_UDP"}, {IPPROTO_IPV6, "SOL_IPV6"},
	{IPPROTO_RAW, "SOL_RAW"}, {270, "SOL_NETLINK"}, {0, NULL}};
static const struct xlat sock_opts[] = {
	N(SO_DEBUG), N(SO_REUSEADDR), N(SO_TYPE), N(SO_ERROR), N(SO_DONTROUTE),
	N(SO_BROADCAST), N(SO_SNDBUF), N(SO_RCVBUF), N(SO_SNDBUFFORCE),
	N(SO_RCVBUFFORCE), N(SO_KEEPALIVE), N(SO_OOBINLINE), N(SO_NO_CHECK),
	N(SO_PRIORITY), N(SO_LINGER), N(SO_BSDCOMPAT), N(SO_REUSEPORT),
	N(SO_PASSCRED), N(SO_PEERCRED), N(SO_RCVLOWAT), N(SO_SNDLOWAT),
	N(SO_RCVTIMEO), N(SO_SNDTIMEO), N(SO_BINDTODEVICE),
	N(SO_ATTACH_FILTER), N(SO_DETACH_FILTER), N(SO_PEERNAME),
	N(SO_TIMESTAMP), N(SO_ACCEPTCONN), N(SO_PEERSEC), N(SO_PASSSEC),
	N(SO_MARK), N(SO_PROTOCOL), N(SO_DOMAIN), N(SO_RXQ_OVFL),
	N(SO_PEEK_OFF), N(SO_BUSY_POLL), N(SO_INCOMING_CPU), N(SO_COOKIE),
	N(SO_PEERGROUPS), N(SO_ZEROCOPY), {76, "SO_PASSPIDFD"},
	{77, "SO_PEERPIDFD"}, {0, NULL}};
static const struct xlat tcp_opts[] = {
	N(TCP_NODELAY), N(TCP_MAXSEG), N(TCP_CORK), N(TCP_KEEPIDLE),
	N(TCP_KEEPINTVL), N(TCP_KEEPCNT), N(TCP_SYNCNT), N(TCP_LINGER2),
	N(TCP_DEFER_ACCEPT), N(TCP_WINDOW_CLAMP), N(TCP_INFO),
	N(TCP_QUICKACK), N(TCP_CONGESTION), N(TCP_USER_TIMEOUT),
	N(TCP_FASTOPEN), N(TCP_ULP), {0, NULL}};
static const struct xlat ip_opts[] = {
	N(IP_TOS), N(IP_TTL), N(IP_HDRINCL), N(IP_OPTIONS), N(IP_PKTINFO),
	N(IP_MTU_DISCOVER), N(IP_RECVERR), N(IP_RECVTTL), N(IP_RECVTOS),
	N(IP_MTU), N(IP_FREEBIND), N(IP_BIND_ADDRESS_NO_PORT),
	N(IP_MULTICAST_IF), N(IP_MULTICAST_TTL), N(IP_MULTICAST_LOOP),
	N(IP_ADD_MEMBERSHIP), N(IP_DROP_MEMBERSHIP), {0, NULL}};
static const struct xlat ipv6_opts[] = {
	N(IPV6_UNICAST_HOPS), N(IPV6_MULTICAST_IF), N(IPV6_MULTICAST_HOPS),
	N(IPV6_MULTICAST_LOOP), N(IPV6_JOIN_GROUP), N(IPV6_LEAVE_GROUP),
	N(IPV6_MTU_DISCOVER), N(IPV6_MTU), N(IPV6_RECVERR), N(IPV6_V6ONLY),
	N(IPV6_RECVPKTINFO), N(IPV6_PKTINFO), N(IPV6_RECVHOPLIMIT),
	N(IPV6_RECVTCLASS), N(IPV6_TCLASS), {0, NULL}};
static const struct xlat cmsg_types[] = {
	N(SCM_RIGHTS), N(SCM_CREDENTIALS), {0, NULL}};

#define TTY_IOCTLS                                                             \
	N(TCGETS), N(TCSETS), N(TCSETSW), N(TCSETSF), N(TCGETA), N(TCSETA),    \
	N(TCSETAW), N(TCSETAF), N(TCSBRK), N(TCXONC), N(TCFLSH),               \
	N(TIOCEXCL), N(TIOCNXCL), N(TIOCSCTTY), N(TIOCGPGRP), N(TIOCSPGRP),    \
	N(TIOCOUTQ), N(TIOCSTI), N(TIOCGWINSZ), N(TIOCSWINSZ), N(TIOCMGET),    \
	N(TIOCMBIS), N(TIOCMBIC), N(TIOCMSET), N(TIOCGSOFTCAR),                \
	N(TIOCSSOFTCAR), N(FIONREAD), N(TIOCLINUX), N(TIOCCONS),               \
	N(TIOCGSERIAL), N(TIOCPKT), N(FIONBIO), N(TIOCNOTTY), N(TIOCSETD),     \
	N(TIOCGETD), N(TCSBRKP), N(TIOCSBRK), N(TIOCCBRK), N(TIOCGSID),        \
	{0x802c542aul, "TCGETS2"}, {0x402c542bul, "TCSETS2"}, N(TIOCGPTN),     \
	N(TIOCSPTLCK), N(TIOCGDEV), N(TIOCSIG), N(TIOCVHANGUP),                \
	N(TIOCGPKT), N(TIOCGPTLCK), N(TIOCGEXCL), N(TIOCGPTPEER)
static const struct xlat ioctls[] = {
	TTY_IOCTLS, N(FIONCLEX), N(FIOCLEX), N(FIOASYNC), N(FIOQSIZE),
	N(SIOCGIFNAME), N(SIOCGIFCONF), N(SIOCGIFFLAGS), N(SIOCGIFADDR),
	N(SIOCGIFBRDADDR), N(SIOCGIFNETMASK), N(SIOCGIFMTU),
	N(SIOCGIFHWADDR), N(SIOCGIFINDEX), N(SIOCGIFTXQLEN), N(SIOCATMARK),
	N(SIOCGPGRP), N(SIOCSPGRP), {0x8906, "SIOCGSTAMP"}, {0x80086601,
	"FS_IOC_GETFLAGS"}, {0x40086602, "FS_IOC_SETFLAGS"},
	{0x40049409, "FICLONE"}, {0x4020940d, "FICLONERANGE"},
	{0xc020660b, "FS_IOC_FIEMAP"}, {0x80081272, "BLKGETSIZE64"},
	{0x5301, "CDROM_GET_CAPABILITY"}, {0, NULL}};
/* clang-format on */

#define WHOLE UINT64_MAX
#define CHOICE(list, text)                                                     \
	{                                                                      \
		WHOLE, list, NULL, text                                        \
	}
#define FLAGS(list, text)                                                      \
	{                                                                      \
		0, NULL, list, text                                            \
	}

static const struct xlat_set sets[XLAT_COUNT] = {
	[TAG_ACCESS] = FLAGS(access_flags, "?_OK"),
	[TAG_ARCH_PRCTL_OP] = CHOICE(arch_prctls, "ARCH_???"),
	[TAG_AT_FLAGS] = FLAGS(at_flags, "AT_???"),
	[TAG_CLOCK] = CHOICE(clocks, "CLOCK_???"),
	[TAG_CLONE_FLAGS] = FLAGS(clone_flags, "CLONE_???"),
	[TAG_CLOSE_RANGE_FLAGS] = FLAGS(close_range_flags, "CLOSE_RANGE_???"),
	[TAG_EPOLL_OP] = CHOICE(epoll_ops, "EPOLL_CTL_???"),
	[TAG_EVENTFD_FLAGS] = FLAGS(eventfd_flags, "EFD_???"),
	[TAG_FACCESS_FLAGS] = FLAGS(faccess_flags, "AT_???"),
	[TAG_FADVICE] = CHOICE(fadvices, "POSIX_FADV_???"),
	[TAG_FALLOC_MODE] = FLAGS(falloc_modes, "FALLOC_FL_???"),
	[TAG_FCNTL_CMD] = CHOICE(fcntl_cmds, "F_???"),
	[TAG_FLOCK_OP] = FLAGS(flock_ops, "LOCK_???"),
	[TAG_FUTEX_OP] = {(uint32_t)~FUTEX_CLOCK_REALTIME, futex_ops,
		futex_flags, "FUTEX_???"},
	[TAG_GETRANDOM_FLAGS] = FLAGS(getrandom_flags, "GRND_???"),
	[TAG_INOTIFY_MASK] = FLAGS(inotify_mask, "IN_???"),
	[TAG_IOCTL_CMD] = CHOICE(ioctls, NULL),
	[TAG_IOPRIO_WHO] = CHOICE(ioprio_whos, "IOPRIO_WHO_???"),
	[TAG_IPC_CMD] = CHOICE(ipc_cmds, "IPC_???"),
	[TAG_ITIMER] = CHOICE(itimers, "ITIMER_???"),
	[TAG_KCMP_TYPE] = CHOICE(kcmp_types, "KCMP_???"),
	[TAG_MADVICE] = CHOICE(madvices, "MADV_???"),
	[TAG_MAP_FLAGS] = {MAP_TYPE, map_types, map_flags, "MAP_???"},
	[TAG_MEMBARRIER_CMD] = CHOICE(membarrier_cmds, "MEMBARRIER_CMD_???"),
	[TAG_MEMFD_FLAGS] = FLAGS(memfd_flags, "MFD_???"),
	[TAG_MLOCKALL_FLAGS] = FLAGS(mlockall_flags, "MCL_???"),
	[TAG_MOUNT_FLAGS] = FLAGS(mount_flags, "MS_???"),
	[TAG_MREMAP_FLAGS] = FLAGS(mremap_flags, "MREMAP_???"),
	[TAG_MSG_FLAGS] = FLAGS(msg_flags, "MSG_???"),
	[TAG_MSYNC_FLAGS] = FLAGS(msync_flags, "MS_???"),
	[TAG_OFLAGS] = {O_ACCMODE, access_modes, open_flags, "O_???"},
	[TAG_OPEN_CLOEXEC_FLAGS] = FLAGS(cloexec_flags, "O_???"),
	[TAG_PERSONALITY] = {PER_MASK, personas, persona_flags, "PER_???"},
	[TAG_PIDFD_FLAGS] = FLAGS(pidfd_flags, "PIDFD_???"),
	[TAG_PIPE_FLAGS] = FLAGS(pipe_flags, "O_???"),
	[TAG_PRCTL_OP] = CHOICE(prctls, "PR_???"),
	[TAG_PRIO_WHICH] = CHOICE(prio_whichs, "PRIO_???"),
	[TAG_PROT] = FLAGS(prot_flags, "PROT_???"),
	[TAG_PTRACE_REQ] = CHOICE(ptrace_reqs, "PTRACE_???"),
	[TAG_RENAME_FLAGS] = FLAGS(rename_flags, "RENAME_???"),
	[TAG_RESOURCE] = CHOICE(resources, "RLIMIT_???"),
	[TAG_RUSAGE_WHO] = CHOICE(rusage_whos, "RUSAGE_???"),
	[TAG_RWF_FLAGS] = FLAGS(rwf_flags, "RWF_???"),
	[TAG_SCHED_POLICY] = {(uint32_t)~SCHED_RESET_ON_FORK, sched_policies,
		sched_flags, "SCHED_???"},
	[TAG_SECCOMP_OP] = CHOICE(seccomp_ops, "SECCOMP_???"),
	[TAG_SEM_CMD] = CHOICE(sem_cmds, "SEM_???"),
	[TAG_SHM_FLAGS] = FLAGS(shm_flags, "SHM_???"),
	[TAG_SHUT_HOW] = CHOICE(shut_hows, "SHUT_???"),
	[TAG_SIG_HOW] = CHOICE(sig_hows, "SIG_???"),
	[TAG_SOCK_DOMAIN] = CHOICE(sock_domains, "AF_???"),
	[TAG_SOCK_FLAGS] = FLAGS(sock_flags, "SOCK_???"),
	[TAG_SOCK_LEVEL] = CHOICE(sock_levels, "SOL_???"),
	[TAG_SOCK_OPT] = CHOICE(sock_opts, "SO_???"),
	[TAG_SOCK_TYPE] = {0xf, sock_types, sock_flags, "SOCK_???"},
	[TAG_SPLICE_FLAGS] = FLAGS(splice_flags, "SPLICE_F_???"),
	[TAG_STATX_FLAGS] = {AT_STATX_SYNC_TYPE, statx_sync, at_flags,
		"AT_???"},
	[TAG_STATX_MASK] = FLAGS(statx_mask, "STATX_???"),
	[TAG_SYNC_RANGE_FLAGS] = FLAGS(sync_range_flags, "SYNC_FILE_RANGE_???"),
	[TAG_SYSLOG_ACTION] = CHOICE(syslog_actions, "SYSLOG_ACTION_???"),
	[TAG_TIMERFD_FLAGS] = FLAGS(timerfd_flags, "TFD_???"),
	[TAG_TIMERFD_TIME_FLAGS] = FLAGS(timerfd_time_flags, "TFD_???"),
	[TAG_TIMER_FLAGS] = FLAGS(timer_flags, "TIMER_???"),
	[TAG_UMOUNT_FLAGS] = FLAGS(umount_flags, "MNT_???"),
	[TAG_UNLINK_FLAGS] = FLAGS(unlink_flags, "AT_???"),
	[TAG_UNSHARE_FLAGS] = FLAGS(unshare_flags, "CLONE_???"),
	[TAG_UNSHARE_FLAGS_INT] = FLAGS(unshare_flags, "CLONE_NEW???"),
	[TAG_WAITID_TYPE] = CHOICE(waitid_types, "P_???"),
	[TAG_WAIT_OPTIONS] = FLAGS(wait_options, "W???"),
	[TAG_WHENCE] = CHOICE(whence, "SEEK_???"),
	[TAG_XATTR_FLAGS] = FLAGS(xattr_flags, "XATTR_???"),
	[TAG_IPC_FLAGS] = FLAGS(ipc_flags, NULL),
	[XLAT_POLL] = FLAGS(poll_events, "POLL???"),
	[XLAT_EPOLL] = FLAGS(epoll_events, "EPOLL???"),
	[XLAT_SA_FLAGS] = FLAGS(sa_flags, "SA_???"),
	[XLAT_SS_FLAGS] = FLAGS(ss_flags, "SS_???"),
	[XLAT_SIGEV] = CHOICE(sigevs, "SIGEV_???"),
	[XLAT_FILE_TYPE] = CHOICE(file_types, "S_IF???"),
	[XLAT_LOCK_TYPE] = CHOICE(lock_types, "F_???"),
	[XLAT_FD_FLAGS] = FLAGS(fd_flags, "FD_???"),
	[XLAT_TCP_OPT] = CHOICE(tcp_opts, "TCP_???"),
	[XLAT_IP_OPT] = CHOICE(ip_opts, "IP_???"),
	[XLAT_IPV6_OPT] = CHOICE(ipv6_opts, "IPV6_???"),
	[XLAT_CMSG] = CHOICE(cmsg_types, "SCM_???"),
	[XLAT_RESOLVE] = FLAGS(resolve_flags, "RESOLVE_???"),
	[XLAT_STATX_ATTR] = FLAGS(statx_attributes, "STATX_ATTR_???"),
	[XLAT_PROTOCOL] = CHOICE(protocols, "IPPROTO_???"),
	[XLAT_CAP] = FLAGS(caps, "CAP_???"),
	[XLAT_SI_USER] = CHOICE(si_user, NULL),
	[XLAT_SI_CHILD] = CHOICE(si_child, NULL),
	[XLAT_STATFS_TYPE] = CHOICE(statfs_types, NULL),
};

const struct xlat_set *xlat_find(int set)
{
	if (set < 0 || set >= XLAT_COUNT ||
		(sets[set].choices == NULL && sets[set].flags == NULL))
		return NULL;
	return &sets[set];
}
