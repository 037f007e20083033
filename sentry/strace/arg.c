/*
 * One argument of a traced call as text: the tag says how.
 *
 * Most tags are a number, a set of names or one structure. The others have a
 * size or a count in a neighbouring argument, or depend on a command.
 */
#include "sentry/strace/arg.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <linux/prctl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/poll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <termios.h>

#include "sentry/strace/show.h"
#include "sentry/strace/xlat.h"

/* With one of these an open has a mode. */
#define NEW_FILE (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))

/* How a register becomes the tag's type, for printing. */
static const struct {
	unsigned char size;
	bool is_signed;
} types[TAG_COUNT] = {
#define X(tag, type) [TAG_##tag] = {sizeof(type), (type)-1 < (type)1},
	SYSCALL_TAGS(X)
#undef X
};

static uint64_t truncated(int tag, uint64_t value)
{
	switch (types[tag].size) {
	case 2:
		return (uint16_t)value;
	case 4:
		return (uint32_t)value;
	default:
		return value;
	}
}

static int64_t extended(int tag, uint64_t value)
{
	value = truncated(tag, value);
	if (types[tag].size == 4 && types[tag].is_signed)
		return (int32_t)(uint32_t)value;
	return (int64_t)value;
}

static int tag_of(const struct arg *a)
{
	return a->entry->tags[a->index];
}

static uint64_t value_of(const struct arg *a)
{
	return truncated(tag_of(a), a->args[a->index]);
}

/* The argument i places behind this one, or 0. */
static uint64_t neighbour(const struct arg *a, int i)
{
	int index = a->index + i;

	if (index < 0 || index >= a->entry->args)
		return 0;
	return truncated(a->entry->tags[index], a->args[index]);
}

static bool is_call(const struct sysent *entry, const char *name)
{
	return strcmp(entry->name, name) == 0;
}

/* ---- How many ------------------------------------------------------------ */

static bool fcntl_takes_argument(unsigned int cmd)
{
	switch (cmd) {
	case F_GETFD:
	case F_GETFL:
	case F_GETOWN:
	case F_GETSIG:
	case F_GETLEASE:
	case F_GETPIPE_SZ:
	case F_GET_SEALS:
		return false;
	default:
		return true;
	}
}

static int prctl_count(int op)
{
	switch (op) {
	case PR_GET_DUMPABLE:
	case PR_GET_KEEPCAPS:
	case PR_GET_SECCOMP:
	case PR_GET_SECUREBITS:
	case PR_GET_TIMERSLACK:
		return 1;
	case PR_SET_PDEATHSIG:
	case PR_GET_PDEATHSIG:
	case PR_SET_DUMPABLE:
	case PR_SET_KEEPCAPS:
	case PR_SET_NAME:
	case PR_GET_NAME:
	case PR_CAPBSET_READ:
	case PR_CAPBSET_DROP:
	case PR_SET_SECUREBITS:
	case PR_SET_TIMERSLACK:
	case PR_SET_PTRACER:
	case PR_SET_CHILD_SUBREAPER:
	case PR_GET_CHILD_SUBREAPER:
		return 2;
	default:
		return 5;
	}
}

static int futex_count(int op)
{
	switch (op & FUTEX_CMD_MASK) {
	case FUTEX_WAKE:
	case FUTEX_FD:
		return 3;
	case FUTEX_WAIT:
		return 4;
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		return 4;
	case FUTEX_UNLOCK_PI:
	case FUTEX_TRYLOCK_PI:
		return 2;
	case FUTEX_REQUEUE:
		return 5;
	default:
		return 6;
	}
}

int arg_count(const struct sysent *entry, const uint64_t *args)
{
	for (int i = 0; i < entry->args; i++) {
		switch (entry->tags[i]) {
		case TAG_OFLAGS:
			/* The mode behind it counts only for a new file. */
			if (i + 2 == entry->args &&
				entry->tags[i + 1] == TAG_MODE &&
				!(args[i] & NEW_FILE))
				return i + 1;
			break;
		case TAG_FCNTL_CMD:
			if (!fcntl_takes_argument((unsigned int)args[i]))
				return i + 1;
			break;
		case TAG_IOCTL_CMD:
			if (args[i] == FIOCLEX || args[i] == FIONCLEX)
				return i + 1;
			break;
		case TAG_PRCTL_OP:
			return prctl_count((int)args[i]);
		case TAG_FUTEX_OP:
			return futex_count((int)args[i]);
		case TAG_MREMAP_FLAGS:
			if (!(args[i] & MREMAP_FIXED))
				return i + 1;
			break;
		default:
			break;
		}
	}
	return entry->args;
}

/* ---- When -----------------------------------------------------------------
 */

static bool ioctl_is_output(unsigned int cmd)
{
	switch (cmd) {
	case TCGETS:
	case TIOCGWINSZ:
	case TIOCGPGRP:
	case TIOCGSID:
	case TIOCGPTN:
	case TIOCOUTQ:
	case FIONREAD:
		return true;
	default:
		return false;
	}
}

bool arg_is_output(const struct sysent *entry, const uint64_t *args, int index)
{
	switch (entry->tags[index]) {
	case TAG_BUF_OUT:
	case TAG_STR_OUT:
	case TAG_IOV_OUT:
	case TAG_SOCKADDR_OUT:
	case TAG_SOCKLEN:
	case TAG_OPT_OUT:
	case TAG_MSGHDR_OUT:
	case TAG_MMSGHDR_OUT:
	case TAG_CAP_DATA_OUT:
	case TAG_CPUSET_OUT:
	case TAG_DENTS_OUT:
	case TAG_EPOLL_EVENTS:
	case TAG_FD2_OUT:
	case TAG_GROUPS_OUT:
	case TAG_INT_OUT:
	case TAG_ITIMERSPEC_OUT:
	case TAG_ITIMERVAL_OUT:
	case TAG_MQ_ATTR_OUT:
	case TAG_OFF_INOUT:
	case TAG_PTR_OUT:
	case TAG_RLIMIT_OUT:
	case TAG_RUSAGE_OUT:
	case TAG_SCHED_ATTR_OUT:
	case TAG_SCHED_PARAM_OUT:
	case TAG_SIGACTION_OUT:
	case TAG_SIGINFO_OUT:
	case TAG_SIGSET_OUT:
	case TAG_SIGSTACK_OUT:
	case TAG_STATFS_OUT:
	case TAG_STATX_OUT:
	case TAG_STAT_OUT:
	case TAG_SYSINFO_OUT:
	case TAG_TIMESPEC_OUT:
	case TAG_TIMESPEC_REM:
	case TAG_TIMEVAL_OUT:
	case TAG_TIMEZONE_OUT:
	case TAG_TIME_OUT:
	case TAG_TMS_OUT:
	case TAG_UID_OUT:
	case TAG_UINT_OUT:
	case TAG_UTSNAME_OUT:
	case TAG_WAIT_STATUS:
		return true;
	case TAG_FCNTL_ARG:
		return (int)args[1] == F_GETLK || (int)args[1] == F_OFD_GETLK;
	case TAG_IOCTL_ARG:
		return ioctl_is_output((unsigned int)args[1]);
	case TAG_HEX:
		return is_call(entry, "prctl") && index == 1 &&
		       ((int)args[0] == PR_GET_NAME ||
			       (int)args[0] == PR_GET_PDEATHSIG ||
			       (int)args[0] == PR_GET_CHILD_SUBREAPER);
	default:
		return false;
	}
}

uint64_t arg_save(const struct sysent *entry, const uint64_t *args, int index,
	struct mm *mm)
{
	uint64_t value = 0;
	uint32_t size = 0;

	switch (entry->tags[index]) {
	case TAG_SOCKLEN:
		if (args[index] != 0)
			copy_in_some(mm, &size, args[index], sizeof(size));
		return size;
	case TAG_OFF_INOUT:
		if (args[index] != 0)
			copy_in_some(mm, &value, args[index], sizeof(value));
		return value;
	default:
		return 0;
	}
}

/* ---- Arguments that depend on a command ---------------------------------- */

static void print_fcntl_arg(const struct arg *a)
{
	uint64_t value = value_of(a);

	switch ((unsigned int)a->args[1]) {
	case F_SETFD:
		text_names(a->text, XLAT_FD_FLAGS, value);
		break;
	case F_SETFL:
		text_names(a->text, TAG_OFLAGS, (uint32_t)value);
		break;
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		show_flock(a->text, a->mm, value, a->at_exit && a->result >= 0);
		break;
	case F_SETSIG:
		text_signal(a->text, value);
		break;
	case F_SETLEASE:
		text_names(a->text, XLAT_LOCK_TYPE, value);
		break;
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
	case F_SETOWN:
	case F_SETPIPE_SZ:
		text_printf(a->text, "%d", (int)value);
		break;
	default:
		text_printf(a->text, "%#llx", (unsigned long long)value);
	}
}

static void print_ioctl_arg(const struct arg *a)
{
	uint64_t value = value_of(a);

	switch ((unsigned int)a->args[1]) {
	case TCGETS:
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		show_termios(a->text, a->mm, value);
		break;
	case TIOCGWINSZ:
	case TIOCSWINSZ:
		show_winsize(a->text, a->mm, value);
		break;
	case TIOCGPGRP:
	case TIOCSPGRP:
	case TIOCGSID:
	case TIOCGPTN:
	case TIOCSPTLCK:
	case TIOCOUTQ:
	case FIONREAD:
	case FIONBIO:
	case FIOASYNC:
		show_int(a->text, a->mm, value);
		break;
	default:
		text_printf(a->text, "%#llx", (unsigned long long)value);
	}
}

static void print_prctl_arg(const struct arg *a)
{
	uint64_t value = value_of(a);

	if (a->index == 1) {
		switch ((int)a->args[0]) {
		case PR_SET_NAME:
		case PR_GET_NAME:
			show_name16(a->text, a->mm, value);
			return;
		case PR_SET_PDEATHSIG:
			text_signal(a->text, value);
			return;
		case PR_GET_PDEATHSIG:
		case PR_GET_CHILD_SUBREAPER:
			show_int(a->text, a->mm, value);
			return;
		case PR_CAPBSET_READ:
		case PR_CAPBSET_DROP:
			if (value < 64) {
				text_names(a->text, XLAT_CAP,
					UINT64_C(1) << value);
				return;
			}
			break;
		case PR_SET_DUMPABLE:
		case PR_SET_KEEPCAPS:
		case PR_SET_CHILD_SUBREAPER:
		case PR_SET_NO_NEW_PRIVS:
		case PR_SET_TIMERSLACK:
			text_printf(a->text, "%lld", (long long)value);
			return;
		default:
			break;
		}
	}
	text_printf(
		a->text, value ? "%#llx" : "%llu", (unsigned long long)value);
}

static void print_sock_opt(const struct arg *a)
{
	int set = -1;

	switch ((int)neighbour(a, -1)) {
	case SOL_SOCKET:
		set = TAG_SOCK_OPT;
		break;
	case 0:
		set = XLAT_IP_OPT;
		break;
	case 6:
		set = XLAT_TCP_OPT;
		break;
	case 41:
		set = XLAT_IPV6_OPT;
		break;
	default:
		break;
	}
	if (set < 0)
		text_printf(a->text, "%d", (int)value_of(a));
	else
		text_names(a->text, set, value_of(a));
}

static void print_opt_value(const struct arg *a, uint64_t size)
{
	if (size == sizeof(int32_t))
		show_int(a->text, a->mm, value_of(a));
	else
		text_guest_bytes(a->text, a->mm, value_of(a), size);
}

/* The length that a call with a socklen_t pointer left there. */
static uint32_t output_length(const struct arg *a, int i)
{
	uint32_t size = 0;
	uint64_t addr = neighbour(a, i);

	if (addr != 0)
		copy_in_some(a->mm, &size, addr, sizeof(size));
	return size;
}

static void print_changed_number(const struct arg *a)
{
	uint64_t now = 0;
	bool wide = tag_of(a) == TAG_OFF_INOUT;

	if (!text_guest_struct(a->text, a->mm, &now, value_of(a), wide ? 8 : 4))
		return;
	if (now == a->saved)
		text_printf(a->text, "[%llu]", (unsigned long long)now);
	else
		text_printf(a->text,
			wide ? "[%llu] => [%llu]" : "[%llu => %llu]",
			(unsigned long long)a->saved, (unsigned long long)now);
}

static void print_futex_timeout(const struct arg *a)
{
	switch ((int)a->args[1] & FUTEX_CMD_MASK) {
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
	case FUTEX_CMP_REQUEUE_PI:
	case FUTEX_WAKE_OP:
		text_printf(a->text, "%u", (uint32_t)a->args[3]);
		break;
	case FUTEX_WAKE_BITSET:
		text_pointer(a->text, a->args[3]);
		break;
	default:
		show_timespec(a->text, a->mm, a->args[3]);
	}
}

/* ---- Sets and arrays ------------------------------------------------------
 */

static void print_bits(struct text *t, const unsigned char *bits, size_t size)
{
	const char *separator = "";
	size_t shown = 0;

	text_puts(t, "[");
	for (size_t i = 0; i < size * 8; i++) {
		if (!(bits[i / 8] & (1u << (i % 8))))
			continue;
		if (shown++ == STRACE_ARRAY_MAX) {
			text_puts(t, " ...");
			break;
		}
		text_printf(t, "%s%zu", separator, i);
		separator = " ";
	}
	text_puts(t, "]");
}

static void print_guest_bits(const struct arg *a, uaddr_t addr, uint64_t size)
{
	unsigned char bits[128] = {0};

	if (size > sizeof(bits))
		size = sizeof(bits);
	if (text_guest_struct(a->text, a->mm, bits, addr, size))
		print_bits(a->text, bits, size);
}

/* The words of an fd_set that the call looks at. */
static uint64_t fdset_size(int count)
{
	return count <= 0 ? 0 : ((uint64_t)count + 63) / 64 * 8;
}

static void print_pollfd(struct text *t, struct mm *mm, uaddr_t addr)
{
	struct pollfd s;

	if (!text_guest_struct(t, mm, &s, addr, sizeof(s)))
		return;
	text_printf(t, "{fd=%d, events=", s.fd);
	text_names(t, XLAT_POLL, (uint16_t)s.events);
	text_puts(t, "}");
}

static void print_sembuf(struct text *t, struct mm *mm, uaddr_t addr)
{
	struct {
		uint16_t number;
		int16_t op, flags;
	} s;

	if (!text_guest_struct(t, mm, &s, addr, sizeof(s)))
		return;
	text_printf(t, "{%u, %d, ", s.number, s.op);
	text_names(t, TAG_IPC_FLAGS, (uint16_t)s.flags);
	text_puts(t, "}");
}

static void print_group(struct text *t, struct mm *mm, uaddr_t addr)
{
	uint32_t gid;

	if (text_guest_struct(t, mm, &gid, addr, sizeof(gid)))
		text_printf(t, "%u", gid);
}

/* ---- All of them ----------------------------------------------------------
 */

static void print_number(const struct arg *a)
{
	uint64_t value = a->args[a->index];
	int tag = tag_of(a);

	switch (tag) {
	case TAG_DIRFD:
		if ((int)value == AT_FDCWD) {
			text_puts(a->text, "AT_FDCWD");
			return;
		}
		break;
	case TAG_MODE:
		text_mode(a->text, (umode_t)value);
		return;
	case TAG_UMASK:
		text_printf(a->text, "%#03o", (unsigned int)value);
		return;
	case TAG_HEX:
	case TAG_HEX_INT:
	case TAG_HEX_OFF:
		text_printf(a->text, value_of(a) ? "%#llx" : "%llu",
			(unsigned long long)value_of(a));
		return;
	case TAG_SOCK_PROTOCOL:
		if (a->args[0] == AF_INET || a->args[0] == AF_INET6) {
			text_names(a->text, XLAT_PROTOCOL, value_of(a));
			return;
		}
		break;
	case TAG_DEV:
		text_device(a->text, (unsigned int)value);
		return;
	case TAG_UID:
		text_printf(a->text,
			(uint32_t)value == UINT32_MAX ? "-1" : "%u",
			(uint32_t)value);
		return;
	case TAG_SIGNO:
		text_signal(a->text, value_of(a));
		return;
	default:
		break;
	}
	if (types[tag].is_signed)
		text_printf(a->text, "%lld", (long long)extended(tag, value));
	else
		text_printf(a->text, "%llu",
			(unsigned long long)truncated(tag, value));
}

static void print_clone_flags(const struct arg *a)
{
	uint64_t flags = a->args[a->index] & ~0xffull;
	uint64_t signo = a->args[a->index] & 0xff;

	if (flags != 0)
		text_names(a->text, TAG_CLONE_FLAGS, flags);
	if (flags != 0 && signo != 0)
		text_puts(a->text, "|");
	if (signo != 0)
		text_signal(a->text, signo);
	else if (flags == 0)
		text_puts(a->text, "0");
}

static void print_input(const struct arg *a)
{
	struct text *t = a->text;
	struct mm *mm = a->mm;
	uint64_t value = value_of(a);

	switch (tag_of(a)) {
	case TAG_PATH:
		text_guest_string(t, mm, value, STRACE_PATH_MAX);
		break;
	case TAG_STR:
		text_guest_string(t, mm, value, STRACE_STRING_MAX);
		break;
	case TAG_ARGV:
		show_strings(t, mm, value);
		break;
	case TAG_ENVP:
		show_env_count(t, mm, value);
		break;
	case TAG_BUF_IN:
		text_guest_bytes(t, mm, value, neighbour(a, 1));
		break;
	case TAG_OPT_IN:
		print_opt_value(a, neighbour(a, 1));
		break;
	case TAG_IOV_IN:
		show_iov(t, mm, value, neighbour(a, 1), UINT64_MAX);
		break;
	case TAG_SOCKADDR_IN:
		show_sockaddr(t, mm, value, neighbour(a, 1));
		break;
	case TAG_MSGHDR_IN:
		show_msghdr(t, mm, value, UINT64_MAX);
		break;
	case TAG_MMSGHDR_IN:
		show_mmsghdr(t, mm, value, neighbour(a, 1), false);
		break;
	case TAG_CPUSET_IN:
		print_guest_bits(a, value, neighbour(a, -1));
		break;
	case TAG_FDSET:
		print_guest_bits(a, value, fdset_size((int)a->args[0]));
		break;
	case TAG_GROUPS_IN:
		show_array(t, mm, value, neighbour(a, -1), 4, print_group);
		break;
	case TAG_POLLFDS:
		show_array(t, mm, value, neighbour(a, 1), sizeof(struct pollfd),
			print_pollfd);
		break;
	case TAG_SEMBUF:
		show_array(t, mm, value, neighbour(a, 1), 6, print_sembuf);
		break;
	case TAG_FUTEX_TIMEOUT:
		print_futex_timeout(a);
		break;
	case TAG_CLONE_FLAGS:
		print_clone_flags(a);
		break;
	case TAG_SOCK_OPT:
		print_sock_opt(a);
		break;
	case TAG_FCNTL_ARG:
		print_fcntl_arg(a);
		break;
	case TAG_IOCTL_ARG:
		print_ioctl_arg(a);
		break;
	default:
		text_pointer(t, value);
	}
}

/* Folder entries: how many; each begins with inode, offset and its length. */
static void print_entry_count(const struct arg *a, uaddr_t addr, uint64_t size)
{
	size_t count = 0;
	uint64_t off = 0;
	uint16_t length;

	text_pointer(a->text, addr);
	while (size - off >= 18) {
		if (copy_in_some(a->mm, &length, addr + off + 16, 2) != 2 ||
			length < 18 || length > size - off)
			break;
		off += length;
		count++;
	}
	text_printf(a->text, " /* %zu entries */", count);
}

/* After success: what the call wrote. */
static void print_output(const struct arg *a)
{
	struct text *t = a->text;
	struct mm *mm = a->mm;
	uint64_t value = value_of(a);
	uint64_t result = (uint64_t)a->result;

	switch (tag_of(a)) {
	case TAG_BUF_OUT:
		/* A size of 0 asks how much there would be. */
		if (neighbour(a, 1) == 0)
			text_pointer(t, value);
		else
			text_guest_bytes(t, mm, value, result);
		break;
	case TAG_STR_OUT:
		text_guest_string(t, mm, value, STRACE_PATH_MAX);
		break;
	case TAG_OPT_OUT:
		print_opt_value(a, output_length(a, 1));
		break;
	case TAG_IOV_OUT:
		show_iov(t, mm, value, neighbour(a, 1), result);
		break;
	case TAG_SOCKADDR_OUT:
		if (value == 0 || neighbour(a, 1) == 0)
			text_pointer(t, value);
		else
			show_sockaddr(t, mm, value, output_length(a, 1));
		break;
	case TAG_MSGHDR_OUT:
		show_msghdr(t, mm, value, result);
		break;
	case TAG_MMSGHDR_OUT:
		show_mmsghdr(t, mm, value, result, true);
		break;
	case TAG_CPUSET_OUT:
		print_guest_bits(a, value, result);
		break;
	case TAG_DENTS_OUT:
		print_entry_count(a, value, result);
		break;
	case TAG_EPOLL_EVENTS:
		show_array(t, mm, value, result, sizeof(struct epoll_event),
			show_for_tag(TAG_EPOLL_EVENT));
		break;
	case TAG_GROUPS_OUT:
		if (neighbour(a, -1) == 0)
			text_pointer(t, value);
		else
			show_array(t, mm, value, result, 4, print_group);
		break;
	case TAG_SOCKLEN:
	case TAG_OFF_INOUT:
		print_changed_number(a);
		break;
	case TAG_FCNTL_ARG:
		print_fcntl_arg(a);
		break;
	case TAG_IOCTL_ARG:
		print_ioctl_arg(a);
		break;
	default:
		text_pointer(t, value);
	}
}

/* Did the call fill in this output at all? */
static bool was_written(const struct arg *a)
{
	switch (tag_of(a)) {
	case TAG_TIMESPEC_REM:
		return a->result < 0; /* by an interrupted sleep */
	case TAG_WAIT_STATUS:
	case TAG_RUSAGE_OUT:
		/* wait4() with WNOHANG found nobody. */
		return a->result > 0 ||
		       (a->result == 0 && !is_call(a->entry, "wait4"));
	default:
		return a->result >= 0;
	}
}

void arg_print(const struct arg *a)
{
	int tag = tag_of(a);
	show_fn *show = show_for_tag(tag);
	bool output = arg_is_output(a->entry, a->args, a->index);

	if (output && !was_written(a) && tag == TAG_SOCKLEN && a->saved != 0)
		text_printf(a->text, "[%llu]", (unsigned long long)a->saved);
	else if (output && !was_written(a))
		text_pointer(a->text, value_of(a));
	else if (is_call(a->entry, "prctl") && a->index > 0)
		print_prctl_arg(a);
	else if (tag == TAG_OFF_INOUT)
		print_output(a);
	else if (show != NULL)
		show(a->text, a->mm, value_of(a));
	else if (tag == TAG_CLONE_FLAGS || tag == TAG_SOCK_OPT)
		print_input(a);
	else if (xlat_find(tag) != NULL)
		text_names(a->text, tag, value_of(a));
	else if (output)
		print_output(a);
	else if (types[tag].size == sizeof(uaddr_t) &&
		 (tag >= TAG_FCNTL_ARG || tag == TAG_PTR))
		print_input(a);
	else
		print_number(a);
}

/* ---- Results --------------------------------------------------------------
 */

static void print_poll_result(const struct arg *a)
{
	uint64_t count = neighbour(a, 1);
	const char *separator = "";

	if (a->result == 0) {
		text_puts(a->text, " (Timeout)");
		return;
	}
	text_puts(a->text, " ([");
	for (uint64_t i = 0; i < count && i < STRACE_ARRAY_MAX; i++) {
		struct pollfd s;

		if (copy_in_some(a->mm, &s, value_of(a) + i * sizeof(s),
			    sizeof(s)) != sizeof(s))
			break;
		if (s.revents == 0)
			continue;
		text_printf(a->text, "%s{fd=%d, revents=", separator, s.fd);
		text_names(a->text, XLAT_POLL, (uint16_t)s.revents);
		text_puts(a->text, "}");
		separator = ", ";
	}
	text_puts(a->text, "])");
}

static void print_select_result(const struct arg *a)
{
	static const char *const names[] = {"", "in ", "out ", "except "};
	uint64_t size = fdset_size((int)a->args[0]);
	const char *separator = " (";

	if (a->result == 0) {
		text_puts(a->text, " (Timeout)");
		return;
	}
	for (int i = 1; i <= 3; i++) {
		if (a->args[i] == 0)
			continue;
		text_puts(a->text, separator);
		text_puts(a->text, names[i]);
		print_guest_bits(a, a->args[i], size);
		separator = ", ";
	}
	if (a->entry->tags[4] == TAG_TIMEVAL_INOUT && a->args[4] != 0) {
		text_puts(a->text, separator);
		text_puts(a->text, "left ");
		show_timeval(a->text, a->mm, a->args[4]);
		separator = ", ";
	}
	if (separator[0] == ',')
		text_puts(a->text, ")");
}

static void print_fcntl_result(const struct arg *a)
{
	switch ((int)a->args[1]) {
	case F_GETFD:
	case F_GETFL:
		text_printf(a->text, "%#lx", (unsigned long)a->result);
		if (a->result == 0 && (int)a->args[1] == F_GETFD)
			break;
		text_puts(a->text, " (flags ");
		text_names(a->text,
			(int)a->args[1] == F_GETFD ? XLAT_FD_FLAGS : TAG_OFLAGS,
			(uint64_t)a->result);
		text_puts(a->text, ")");
		break;
	default:
		text_printf(a->text, "%ld", a->result);
	}
}

void arg_print_result(const struct arg *a)
{
	struct arg first = *a;

	switch (a->entry->result) {
	case TAG_PTR:
	case TAG_HEX:
		text_printf(a->text, "%#lx", (unsigned long)a->result);
		break;
	case TAG_MODE:
		text_printf(a->text, "%#03lo", (unsigned long)a->result);
		break;
	case TAG_FCNTL:
		print_fcntl_result(a);
		break;
	case TAG_SIGNO:
	case TAG_SCHED_POLICY:
		text_printf(a->text, "%ld (", a->result);
		if (a->entry->result == TAG_SIGNO)
			text_signal(a->text, (uint64_t)a->result);
		else
			text_names(
				a->text, TAG_SCHED_POLICY, (uint64_t)a->result);
		text_puts(a->text, ")");
		break;
	default:
		text_printf(a->text, "%ld", a->result);
	}
	first.index = 0;
	if (a->entry->tags[0] == TAG_POLLFDS)
		print_poll_result(&first);
	else if (a->entry->tags[1] == TAG_FDSET)
		print_select_result(&first);
}
