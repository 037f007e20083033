/*
 * Guest structures of one fixed size as text: times, files, signals, limits,
 * identities. The x86-64 layouts are those of the host's headers where the C
 * library does not change them, else written down here.
 */
#include "sentry/strace/show.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <mqueue.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/poll.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <utime.h>

#include "sentry/strace/xlat.h"

struct kernel_sigaction {
	uint64_t handler;
	uint64_t flags;
	uint64_t restorer;
	uint64_t mask;
};

struct kernel_termios {
	uint32_t iflag, oflag, cflag, lflag;
	uint8_t line, cc[19];
};

struct kernel_flock {
	int16_t type, whence;
	int64_t start, len;
	int32_t pid;
};

struct kernel_sched_attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

/* The part of struct siginfo that is told. */
struct kernel_siginfo {
	int32_t signo, err, code, pad;
	union {
		struct {
			int32_t pid;
			uint32_t uid;
			int32_t status;
			int32_t pad;
			int64_t utime, stime;
		} child;
		struct {
			int32_t pid;
			uint32_t uid;
			uint64_t value;
		} sender;
		uint64_t addr;
		unsigned char bytes[112];
	};
};
_Static_assert(sizeof(struct kernel_siginfo) == 128, "struct siginfo");

/* Opens a function that prints a structure of this type as s. */
#define SHOW(name, type)                                                       \
	static void show_##name##_fields(struct text *t, const type *s);       \
	void show_##name(struct text *t, struct mm *mm, uaddr_t addr)          \
	{                                                                      \
		type s;                                                        \
                                                                               \
		if (text_guest_struct(t, mm, &s, addr, sizeof(s)))             \
			show_##name##_fields(t, &s);                           \
	}                                                                      \
	static void show_##name##_fields(struct text *t, const type *s)

#define LLU(value) (unsigned long long)(value)
#define LLD(value) (long long)(value)

static show_fn show_itimerspec, show_itimerval, show_timezone, show_utimbuf,
	show_tms, show_timespec2, show_timeval2, show_time;
static show_fn show_stat, show_statx, show_statfs;
static show_fn show_sigaction, show_sigstack, show_sigevent, show_wait_status,
	show_pselect_sig;
static show_fn show_rlimit, show_rusage, show_utsname, show_sysinfo,
	show_cap_header, show_cap_data, show_sched_param, show_sched_attr,
	show_epoll_event, show_mq_attr, show_fd2, show_pointer, show_bracketed;

/* ---- Scalars ------------------------------------------------------------ */

SHOW(int, int32_t)
{
	text_printf(t, "[%d]", *s);
}

SHOW(uint, uint32_t)
{
	text_printf(t, "[%u]", *s);
}

SHOW(u64, uint64_t)
{
	text_printf(t, "[%llu]", LLU(*s));
}

SHOW(bracketed, int64_t)
{
	text_printf(t, "[%lld]", LLD(*s));
}

SHOW(pointer, uint64_t)
{
	text_puts(t, "[");
	text_pointer(t, *s);
	text_puts(t, "]");
}

static void show_fd2(struct text *t, struct mm *mm, uaddr_t addr)
{
	int32_t fd[2];

	if (text_guest_struct(t, mm, fd, addr, sizeof(fd)))
		text_printf(t, "[%d, %d]", fd[0], fd[1]);
}

void show_name16(struct text *t, struct mm *mm, uaddr_t addr)
{
	text_guest_string(t, mm, addr, 16);
}

/* ---- Times -------------------------------------------------------------- */

static void timespec_fields(struct text *t, const struct timespec *s)
{
	if (s->tv_nsec == UTIME_NOW)
		text_puts(t, "UTIME_NOW");
	else if (s->tv_nsec == UTIME_OMIT)
		text_puts(t, "UTIME_OMIT");
	else
		text_printf(t, "{tv_sec=%lld, tv_nsec=%lld}", LLD(s->tv_sec),
			LLD(s->tv_nsec));
}

static void timeval_fields(struct text *t, const struct timeval *s)
{
	text_printf(t, "{tv_sec=%lld, tv_usec=%lld}", LLD(s->tv_sec),
		LLD(s->tv_usec));
}

SHOW(timespec, struct timespec)
{
	timespec_fields(t, s);
}

SHOW(timeval, struct timeval)
{
	timeval_fields(t, s);
}

static void show_timespec2(struct text *t, struct mm *mm, uaddr_t addr)
{
	show_array(t, mm, addr, 2, sizeof(struct timespec), show_timespec);
}

static void show_timeval2(struct text *t, struct mm *mm, uaddr_t addr)
{
	show_array(t, mm, addr, 2, sizeof(struct timeval), show_timeval);
}

SHOW(itimerspec, struct itimerspec)
{
	text_puts(t, "{it_interval=");
	timespec_fields(t, &s->it_interval);
	text_puts(t, ", it_value=");
	timespec_fields(t, &s->it_value);
	text_puts(t, "}");
}

SHOW(itimerval, struct itimerval)
{
	text_puts(t, "{it_interval=");
	timeval_fields(t, &s->it_interval);
	text_puts(t, ", it_value=");
	timeval_fields(t, &s->it_value);
	text_puts(t, "}");
}

SHOW(timezone, struct timezone)
{
	text_printf(t, "{tz_minuteswest=%d, tz_dsttime=%d}", s->tz_minuteswest,
		s->tz_dsttime);
}

SHOW(utimbuf, struct utimbuf)
{
	text_printf(t, "{actime=%lld, modtime=%lld}", LLD(s->actime),
		LLD(s->modtime));
}

SHOW(time, int64_t)
{
	text_printf(t, "[%lld]", LLD(*s));
}

SHOW(tms, struct tms)
{
	text_printf(t,
		"{tms_utime=%lld, tms_stime=%lld, tms_cutime=%lld, "
		"tms_cstime=%lld}",
		LLD(s->tms_utime), LLD(s->tms_stime), LLD(s->tms_cutime),
		LLD(s->tms_cstime));
}

/* ---- Files -------------------------------------------------------------- */

SHOW(stat, struct stat)
{
	text_puts(t, "{st_mode=");
	text_mode(t, s->st_mode);
	if (S_ISCHR(s->st_mode) || S_ISBLK(s->st_mode)) {
		text_puts(t, ", st_rdev=");
		text_device(t, s->st_rdev);
	} else {
		text_printf(t, ", st_size=%lld", LLD(s->st_size));
	}
	text_puts(t, ", ...}");
}

SHOW(statx, struct statx)
{
	text_puts(t, "{stx_mask=");
	text_names(t, TAG_STATX_MASK, s->stx_mask);
	text_puts(t, ", stx_attributes=");
	text_names(t, XLAT_STATX_ATTR, s->stx_attributes);
	text_puts(t, ", stx_mode=");
	text_mode(t, s->stx_mode);
	text_printf(t, ", stx_size=%llu, ...}", LLU(s->stx_size));
}

SHOW(statfs, struct statfs)
{
	text_puts(t, "{f_type=");
	text_names(t, XLAT_STATFS_TYPE, (uint64_t)s->f_type);
	text_printf(t,
		", f_bsize=%lld, f_blocks=%llu, f_bfree=%llu, "
		"f_bavail=%llu, f_files=%llu, f_ffree=%llu, ",
		LLD(s->f_bsize), LLU(s->f_blocks), LLU(s->f_bfree),
		LLU(s->f_bavail), LLU(s->f_files), LLU(s->f_ffree));
	text_printf(t, "f_namelen=%lld, f_flags=%#llx}", LLD(s->f_namelen),
		LLU(s->f_flags));
}

void show_flock(struct text *t, struct mm *mm, uaddr_t addr, bool told_owner)
{
	struct kernel_flock copy;
	const struct kernel_flock *s = &copy;

	if (!text_guest_struct(t, mm, &copy, addr, sizeof(copy)))
		return;
	text_puts(t, "{l_type=");
	text_names(t, XLAT_LOCK_TYPE, (uint16_t)s->type);
	text_puts(t, ", l_whence=");
	text_names(t, TAG_WHENCE, (uint16_t)s->whence);
	text_printf(
		t, ", l_start=%lld, l_len=%lld", LLD(s->start), LLD(s->len));
	/* The owner is told by F_GETLK, of a lock that there is. */
	if (s->type != F_UNLCK && told_owner)
		text_printf(t, ", l_pid=%d", s->pid);
	text_puts(t, "}");
}

SHOW(open_how, struct open_how)
{
	text_puts(t, "{flags=");
	text_names(t, TAG_OFLAGS, s->flags);
	text_printf(t, ", mode=%#llo, resolve=", LLU(s->mode));
	text_names(t, XLAT_RESOLVE, s->resolve);
	text_puts(t, "}");
}

SHOW(epoll_event, struct epoll_event)
{
	text_puts(t, "{events=");
	text_names(t, XLAT_EPOLL, s->events);
	text_printf(t, ", data={u32=%u, u64=%llu}}", (uint32_t)s->data.u64,
		LLU(s->data.u64));
}

SHOW(winsize, struct winsize)
{
	text_printf(t, "{ws_row=%u, ws_col=%u, ws_xpixel=%u, ws_ypixel=%u}",
		s->ws_row, s->ws_col, s->ws_xpixel, s->ws_ypixel);
}

SHOW(termios, struct kernel_termios)
{
	text_printf(t,
		"{c_iflag=%#x, c_oflag=%#x, c_cflag=%#x, c_lflag=%#x, ...}",
		s->iflag, s->oflag, s->cflag, s->lflag);
}

SHOW(mq_attr, struct mq_attr)
{
	text_printf(t,
		"{mq_flags=%#llx, mq_maxmsg=%lld, mq_msgsize=%lld, "
		"mq_curmsgs=%lld}",
		LLU(s->mq_flags), LLD(s->mq_maxmsg), LLD(s->mq_msgsize),
		LLD(s->mq_curmsgs));
}

/* ---- Signals and processes ---------------------------------------------- */

SHOW(sigset, uint64_t)
{
	text_sigset(t, *s);
}

SHOW(sigaction, struct kernel_sigaction)
{
	text_puts(t, "{sa_handler=");
	if (s->handler == (uint64_t)(uintptr_t)SIG_DFL)
		text_puts(t, "SIG_DFL");
	else if (s->handler == (uint64_t)(uintptr_t)SIG_IGN)
		text_puts(t, "SIG_IGN");
	else
		text_pointer(t, s->handler);
	text_puts(t, ", sa_mask=");
	text_sigset(t, s->mask);
	text_puts(t, ", sa_flags=");
	text_names(t, XLAT_SA_FLAGS, s->flags);
	if (s->restorer != 0)
		text_printf(t, ", sa_restorer=%#llx", LLU(s->restorer));
	text_puts(t, "}");
}

SHOW(siginfo, struct kernel_siginfo)
{
	bool child = s->signo == SIGCHLD && s->code > 0;

	text_puts(t, "{si_signo=");
	text_signal(t, (uint64_t)(int64_t)s->signo);
	text_puts(t, ", si_code=");
	text_names(t, child ? XLAT_SI_CHILD : XLAT_SI_USER,
		(uint64_t)(int64_t)s->code);
	if (child) {
		text_printf(t,
			", si_pid=%d, si_uid=%u, si_status=", s->child.pid,
			s->child.uid);
		if (s->code == CLD_EXITED)
			text_printf(t, "%d", s->child.status);
		else
			text_signal(t, (uint64_t)(int64_t)s->child.status);
		text_printf(t, ", si_utime=%lld, si_stime=%lld",
			LLD(s->child.utime), LLD(s->child.stime));
	} else if (s->code > 0 && s->code != SI_KERNEL) {
		text_puts(t, ", si_addr=");
		text_pointer(t, s->addr);
	} else if (s->code != SI_KERNEL) {
		text_printf(t, ", si_pid=%d, si_uid=%u", s->sender.pid,
			s->sender.uid);
		if (s->code == SI_QUEUE)
			text_printf(
				t, ", si_value=%#llx", LLU(s->sender.value));
	}
	text_puts(t, "}");
}

void show_siginfo_bytes(struct text *t, const void *info)
{
	struct kernel_siginfo s;

	memcpy(&s, info, sizeof(s));
	show_siginfo_fields(t, &s);
}

SHOW(sigstack, stack_t)
{
	text_puts(t, "{ss_sp=");
	text_pointer(t, (uaddr_t)(uintptr_t)s->ss_sp);
	text_puts(t, ", ss_flags=");
	text_names(t, XLAT_SS_FLAGS, (uint32_t)s->ss_flags);
	text_printf(t, ", ss_size=%zu}", s->ss_size);
}

SHOW(sigevent, struct sigevent)
{
	text_printf(t, "{sigev_value=%#llx, sigev_signo=",
		LLU((uintptr_t)s->sigev_value.sival_ptr));
	text_signal(t, (uint64_t)(int64_t)s->sigev_signo);
	text_puts(t, ", sigev_notify=");
	text_names(t, XLAT_SIGEV, (uint32_t)s->sigev_notify);
	text_puts(t, "}");
}

static void show_pselect_sig(struct text *t, struct mm *mm, uaddr_t addr)
{
	uint64_t pair[2];

	if (!text_guest_struct(t, mm, pair, addr, sizeof(pair)))
		return;
	text_puts(t, "{sigmask=");
	show_sigset(t, mm, pair[0]);
	text_printf(t, ", sigsetsize=%llu}", LLU(pair[1]));
}

SHOW(wait_status, int32_t)
{
	if (WIFEXITED(*s)) {
		text_printf(t, "[{WIFEXITED(s) && WEXITSTATUS(s) == %d}]",
			WEXITSTATUS(*s));
	} else if (WIFSIGNALED(*s)) {
		text_puts(t, "[{WIFSIGNALED(s) && WTERMSIG(s) == ");
		text_signal(t, (uint64_t)WTERMSIG(*s));
		text_puts(t, WCOREDUMP(*s) ? " && WCOREDUMP(s)}]" : "}]");
	} else if (WIFCONTINUED(*s)) {
		text_puts(t, "[{WIFCONTINUED(s)}]");
	} else {
		text_puts(t, "[{WIFSTOPPED(s) && WSTOPSIG(s) == ");
		text_signal(t, (uint64_t)WSTOPSIG(*s));
		text_puts(t, "}]");
	}
}

SHOW(clone_args, struct clone_args)
{
	text_puts(t, "{flags=");
	text_names(t, TAG_CLONE_FLAGS, s->flags);
	text_puts(t, ", exit_signal=");
	text_signal(t, s->exit_signal);
	text_printf(t,
		", child_tid=%#llx, parent_tid=%#llx, stack=%#llx, "
		"stack_size=%#llx, tls=%#llx}",
		s->child_tid, s->parent_tid, s->stack, s->stack_size, s->tls);
}

/* ---- Limits, usage, identities ------------------------------------------ */

static void limit(struct text *t, uint64_t value)
{
	if (value == RLIM_INFINITY)
		text_puts(t, "RLIM64_INFINITY");
	else if (value > 1024 && value % 1024 == 0)
		text_printf(t, "%llu*1024", LLU(value / 1024));
	else
		text_printf(t, "%llu", LLU(value));
}

SHOW(rlimit, struct rlimit)
{
	text_puts(t, "{rlim_cur=");
	limit(t, s->rlim_cur);
	text_puts(t, ", rlim_max=");
	limit(t, s->rlim_max);
	text_puts(t, "}");
}

SHOW(rusage, struct rusage)
{
	text_puts(t, "{ru_utime=");
	timeval_fields(t, &s->ru_utime);
	text_puts(t, ", ru_stime=");
	timeval_fields(t, &s->ru_stime);
	text_puts(t, ", ...}");
}

SHOW(utsname, struct utsname)
{
	text_puts(t, "{sysname=");
	text_quoted(t, s->sysname, strnlen(s->sysname, 65), false);
	text_puts(t, ", nodename=");
	text_quoted(t, s->nodename, strnlen(s->nodename, 65), false);
	text_puts(t, ", ...}");
}

SHOW(sysinfo, struct sysinfo)
{
	text_printf(t,
		"{uptime=%lld, loads=[%llu, %llu, %llu], totalram=%llu, "
		"freeram=%llu, ",
		LLD(s->uptime), LLU(s->loads[0]), LLU(s->loads[1]),
		LLU(s->loads[2]), LLU(s->totalram), LLU(s->freeram));
	text_printf(t,
		"sharedram=%llu, bufferram=%llu, totalswap=%llu, "
		"freeswap=%llu, procs=%u, ",
		LLU(s->sharedram), LLU(s->bufferram), LLU(s->totalswap),
		LLU(s->freeswap), s->procs);
	text_printf(t, "totalhigh=%llu, freehigh=%llu, mem_unit=%u}",
		LLU(s->totalhigh), LLU(s->freehigh), s->mem_unit);
}

SHOW(cap_header, struct __user_cap_header_struct)
{
	if (s->version == _LINUX_CAPABILITY_VERSION_3)
		text_puts(t, "{version=_LINUX_CAPABILITY_VERSION_3");
	else
		text_printf(t, "{version=%#x", s->version);
	text_printf(t, ", pid=%d}", s->pid);
}

/* Version 3 has two of these; one is enough to tell most sets. */
static void show_cap_data(struct text *t, struct mm *mm, uaddr_t addr)
{
	struct __user_cap_data_struct s[2];

	if (!text_guest_struct(t, mm, s, addr, sizeof(s)))
		return;
	text_puts(t, "{effective=");
	text_names(
		t, XLAT_CAP, (uint64_t)s[1].effective << 32 | s[0].effective);
	text_puts(t, ", permitted=");
	text_names(
		t, XLAT_CAP, (uint64_t)s[1].permitted << 32 | s[0].permitted);
	text_puts(t, ", inheritable=");
	text_names(t, XLAT_CAP,
		(uint64_t)s[1].inheritable << 32 | s[0].inheritable);
	text_puts(t, "}");
}

SHOW(sched_param, struct sched_param)
{
	text_printf(t, "[%d]", s->sched_priority);
}

SHOW(sched_attr, struct kernel_sched_attr)
{
	text_printf(t, "{size=%u, sched_policy=", s->size);
	text_names(t, TAG_SCHED_POLICY, s->policy);
	text_printf(t,
		", sched_flags=%#llx, sched_nice=%d, sched_priority=%u, ...}",
		LLU(s->flags), s->nice, s->priority);
}

show_fn *show_for_tag(int tag)
{
	static show_fn *const table[TAG_COUNT] = {
		[TAG_CAP_DATA_IN] = show_cap_data,
		[TAG_CAP_DATA_OUT] = show_cap_data,
		[TAG_CAP_HEADER] = show_cap_header,
		[TAG_CLONE_ARGS] = show_clone_args,
		[TAG_EPOLL_EVENT] = show_epoll_event,
		[TAG_FD2_OUT] = show_fd2,
		[TAG_INT_OUT] = show_int,
		[TAG_ITIMERSPEC_IN] = show_itimerspec,
		[TAG_ITIMERSPEC_OUT] = show_itimerspec,
		[TAG_ITIMERVAL_IN] = show_itimerval,
		[TAG_ITIMERVAL_OUT] = show_itimerval,
		[TAG_MQ_ATTR_IN] = show_mq_attr,
		[TAG_MQ_ATTR_OUT] = show_mq_attr,
		[TAG_OFF_INOUT] = show_bracketed,
		[TAG_OPEN_HOW] = show_open_how,
		[TAG_PSELECT_SIG] = show_pselect_sig,
		[TAG_PTR_OUT] = show_pointer,
		[TAG_RLIMIT_IN] = show_rlimit,
		[TAG_RLIMIT_OUT] = show_rlimit,
		[TAG_RUSAGE_OUT] = show_rusage,
		[TAG_SCHED_ATTR_IN] = show_sched_attr,
		[TAG_SCHED_ATTR_OUT] = show_sched_attr,
		[TAG_SCHED_PARAM_IN] = show_sched_param,
		[TAG_SCHED_PARAM_OUT] = show_sched_param,
		[TAG_SIGACTION_IN] = show_sigaction,
		[TAG_SIGACTION_OUT] = show_sigaction,
		[TAG_SIGEVENT] = show_sigevent,
		[TAG_SIGINFO_IN] = show_siginfo,
		[TAG_SIGINFO_OUT] = show_siginfo,
		[TAG_SIGSET_IN] = show_sigset,
		[TAG_SIGSET_OUT] = show_sigset,
		[TAG_SIGSTACK_IN] = show_sigstack,
		[TAG_SIGSTACK_OUT] = show_sigstack,
		[TAG_STATFS_OUT] = show_statfs,
		[TAG_STATX_OUT] = show_statx,
		[TAG_STAT_OUT] = show_stat,
		[TAG_SYSINFO_OUT] = show_sysinfo,
		[TAG_TIMESPEC2_IN] = show_timespec2,
		[TAG_TIMESPEC_IN] = show_timespec,
		[TAG_TIMESPEC_OUT] = show_timespec,
		[TAG_TIMESPEC_REM] = show_timespec,
		[TAG_TIMEVAL2_IN] = show_timeval2,
		[TAG_TIMEVAL_IN] = show_timeval,
		[TAG_TIMEVAL_INOUT] = show_timeval,
		[TAG_TIMEVAL_OUT] = show_timeval,
		[TAG_TIMEZONE_IN] = show_timezone,
		[TAG_TIMEZONE_OUT] = show_timezone,
		[TAG_TIME_OUT] = show_time,
		[TAG_TMS_OUT] = show_tms,
		[TAG_UID_OUT] = show_uint,
		[TAG_UINT_OUT] = show_uint,
		[TAG_UTIMBUF_IN] = show_utimbuf,
		[TAG_UTSNAME_OUT] = show_utsname,
		[TAG_WAIT_STATUS] = show_wait_status,
	};

	return tag >= 0 && tag < TAG_COUNT ? table[tag] : NULL;
}
