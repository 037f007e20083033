/*
 * The trace, compared with what strace(1) prints. The guest here is the test's
 * own process: its memory is read as a guest's is.
 */
#include "sentry/strace/strace.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static struct mm *mm;
static int out_fd;
static struct strace_line line;

/* What was written since the last time. */
static const char *written(void)
{
	static char bytes[STRACE_LINE_SIZE + 1];
	ssize_t size = pread(out_fd, bytes, STRACE_LINE_SIZE, 0);

	ck_assert_int_ge(size, 0);
	bytes[size] = '\0';
	ck_assert_int_eq(ftruncate(out_fd, 0), 0);
	ck_assert_int_eq(lseek(out_fd, 0, SEEK_SET), 0);
	return bytes;
}

#define A(value)   ((uint64_t)(value))
#define P(pointer) ((uint64_t)(uintptr_t)(pointer))

/* Enters and leaves a call; its line without the pid and the newline. */
static const char *trace(long nr, long result, uint64_t a, uint64_t b,
	uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	const uint64_t args[6] = {a, b, c, d, e, f};
	const struct sysent *entry = sysent_find(nr);
	static char text[STRACE_LINE_SIZE + 1];
	size_t size;

	strace_enter(&line, 7, mm, entry, nr, args);
	strace_exit(&line, mm, entry, out_fd, result);
	snprintf(text, sizeof(text), "%s", written());
	size = strlen(text);
	ck_assert(size > 12);
	ck_assert_int_eq(strncmp(text, "[pid     7] ", 12), 0);
	ck_assert_int_eq(text[size - 1], '\n');
	text[size - 1] = '\0';
	return text + 12;
}

#define LINE(expected, ...) ck_assert_str_eq(trace(__VA_ARGS__), expected)

static void set_up(void)
{
	mm = mm_new(getpid());
	out_fd = memfd_create("trace", MFD_CLOEXEC);
	ck_assert_ptr_nonnull(mm);
	ck_assert_int_ge(out_fd, 0);
}

static void tear_down(void)
{
	close(out_fd);
	mm_put(mm);
}

START_TEST(strings_are_quoted_and_escaped)
{
	char path[] = "/etc/passwd";
	char odd[] = "a\"\\\n\001x\0012\377";
	char longer[] = "0123456789012345678901234567890123456789";

	LINE("openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY|O_CLOEXEC) = 3",
		SYS_openat, 3, A(AT_FDCWD), P(path), O_RDONLY | O_CLOEXEC, 0777,
		0, 0);
	LINE("write(1, \"a\\\"\\\\\\n\\1x\\0012\\377\", 9) = 9", SYS_write, 9,
		1, P(odd), 9, 0, 0, 0);
	LINE("write(1, \"01234567890123456789012345678901\"..., 40) = 40",
		SYS_write, 40, 1, P(longer), 40, 0, 0, 0);
	LINE("write(1, \"\", 0) = 0", SYS_write, 0, 1, P(longer), 0, 0, 0, 0);
}
END_TEST

START_TEST(a_bad_address_is_a_number)
{
	LINE("open(NULL, O_RDONLY) = -1 EFAULT (Bad address)", SYS_open,
		-EFAULT, 0, 0, 0, 0, 0, 0);
	LINE("open(0xdead000, O_RDONLY) = -1 EFAULT (Bad address)", SYS_open,
		-EFAULT, 0xdead000, 0, 0, 0, 0, 0);
	LINE("write(1, 0xdead000, 10) = -1 EFAULT (Bad address)", SYS_write,
		-EFAULT, 1, 0xdead000, 10, 0, 0, 0);
	LINE("execve(0x1000, 0x2000, 0x3000 /* unterminated */) = -1 EFAULT "
	     "(Bad address)",
		SYS_execve, -EFAULT, 0x1000, 0x2000, 0x3000, 0, 0, 0);
}
END_TEST

START_TEST(a_string_up_to_the_end_of_memory_is_not_read_past_it)
{
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char expected[80];

	ck_assert_ptr_ne(pages, MAP_FAILED);
	ck_assert_int_eq(mprotect(pages + 4096, 4096, PROT_NONE), 0);
	memcpy(pages + 4092, "abc", 4);
	LINE("chdir(\"abc\") = 0", SYS_chdir, 0, P(pages + 4092), 0, 0, 0, 0,
		0);
	pages[4095] = 'd';
	snprintf(expected, sizeof(expected),
		"chdir(%p) = -1 EFAULT (Bad address)", pages + 4092);
	LINE(expected, SYS_chdir, -EFAULT, P(pages + 4092), 0, 0, 0, 0, 0);
	munmap(pages, 8192);
}
END_TEST

START_TEST(flags_have_names_and_the_rest_is_a_number)
{
	LINE("open(NULL, O_RDWR|O_CREAT|O_EXCL, 0644) = 4", SYS_open, 4, 0,
		O_RDWR | O_CREAT | O_EXCL, 0644, 0, 0, 0);
	LINE("mmap(NULL, 4096, PROT_READ|PROT_WRITE, "
	     "MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000",
		SYS_mmap, 0x7f0000000000, 0, 4096, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, A(-1), 0);
	LINE("mprotect(0x1000, 1, PROT_NONE) = 0", SYS_mprotect, 0, 0x1000, 1,
		0, 0, 0, 0);
	LINE("pipe2(NULL, O_CLOEXEC|0x1) = -1 EINVAL (Invalid argument)",
		SYS_pipe2, -EINVAL, 0, O_CLOEXEC | 1, 0, 0, 0, 0);
	LINE("eventfd2(0, 0x10 /* EFD_??? */) = -1 EINVAL (Invalid argument)",
		SYS_eventfd2, -EINVAL, 0, 16, 0, 0, 0, 0);
	LINE("socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0) = 3", SYS_socket, 3,
		AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, 0, 0, 0);
	LINE("lseek(3, -1, SEEK_END) = 10", SYS_lseek, 10, 3, A(-1), SEEK_END,
		0, 0, 0);
}
END_TEST

START_TEST(registers_are_cut_to_the_type)
{
	LINE("close(-1) = -1 EBADF (Bad file descriptor)", SYS_close, -EBADF,
		0x12345678ffffffff, 0, 0, 0, 0, 0);
	LINE("umask(022) = 077", SYS_umask, 077, 022, 0, 0, 0, 0, 0);
	LINE("fchmod(3, S_ISUID|0755) = 0", SYS_fchmod, 0, 3, 04755, 0, 0, 0,
		0);
}
END_TEST

START_TEST(outputs_are_read_at_exit)
{
	char buf[16] = "before";
	const uint64_t args[6] = {0, P(buf), sizeof(buf)};
	const struct sysent *entry = sysent_find(SYS_read);
	char expected[80];

	strace_enter(&line, 7, mm, entry, SYS_read, args);
	memcpy(buf, "after", 5);
	strace_exit(&line, mm, entry, out_fd, 5);
	ck_assert_str_eq(written(), "[pid     7] read(0, \"after\", 16) = 5\n");
	snprintf(expected, sizeof(expected),
		"read(0, %p, 16) = -1 EAGAIN (Resource temporarily "
		"unavailable)",
		buf);
	LINE(expected, SYS_read, -EAGAIN, 0, P(buf), 16, 0, 0, 0);
}
END_TEST

START_TEST(inputs_are_read_before_the_call)
{
	char buf[] = "before";
	const uint64_t args[6] = {P(buf)};
	const struct sysent *entry = sysent_find(SYS_rmdir);

	strace_enter(&line, 7, mm, entry, SYS_rmdir, args);
	memcpy(buf, "after!", 6);
	strace_exit(&line, mm, entry, out_fd, 0);
	ck_assert_str_eq(written(), "[pid     7] rmdir(\"before\") = 0\n");
	/* A second exit, of a call that was not entered, says nothing. */
	strace_exit(&line, mm, entry, out_fd, 0);
	ck_assert_str_eq(written(), "");
}
END_TEST

START_TEST(structures_of_files_and_times)
{
	struct stat st = {.st_mode = S_IFREG | 0644, .st_size = 1234};
	struct timespec ts = {1, 500};
	struct timespec rem = {0, 9};
	struct rlimit limit = {8192 * 1024, RLIM_INFINITY};
	char expected[160];

	LINE("fstat(3, {st_mode=S_IFREG|0644, st_size=1234, ...}) = 0",
		SYS_fstat, 0, 3, P(&st), 0, 0, 0, 0);
	st.st_mode = S_IFCHR | 0620;
	st.st_rdev = 0x8803;
	LINE("fstat(1, {st_mode=S_IFCHR|0620, st_rdev=makedev(0x88, 0x3), "
	     "...}) = 0",
		SYS_fstat, 0, 1, P(&st), 0, 0, 0, 0);
	LINE("nanosleep({tv_sec=1, tv_nsec=500}, {tv_sec=0, tv_nsec=9}) = ? "
	     "ERESTART_RESTARTBLOCK (Interrupted by signal)",
		SYS_nanosleep, -516, P(&ts), P(&rem), 0, 0, 0, 0);
	snprintf(expected, sizeof(expected),
		"nanosleep({tv_sec=1, tv_nsec=500}, %p) = 0", &rem);
	LINE(expected, SYS_nanosleep, 0, P(&ts), P(&rem), 0, 0, 0, 0);
	LINE("prlimit64(0, RLIMIT_STACK, NULL, {rlim_cur=8192*1024, "
	     "rlim_max=RLIM64_INFINITY}) = 0",
		SYS_prlimit64, 0, 0, RLIMIT_STACK, 0, P(&limit), 0, 0);
}
END_TEST

START_TEST(signals_and_waiting)
{
	struct {
		uint64_t handler, flags, restorer, mask;
	} sa = {0x401000, SA_RESTART, 0, 1u << (SIGINT - 1)};
	uint64_t most = ~(UINT64_C(1) << (SIGKILL - 1));
	uint64_t none = 0;
	int exited = 1 << 8, killed = SIGSEGV | 0x80;

	LINE("rt_sigaction(SIGUSR1, {sa_handler=0x401000, sa_mask=[INT], "
	     "sa_flags=SA_RESTART}, NULL, 8) = 0",
		SYS_rt_sigaction, 0, SIGUSR1, P(&sa), 0, 8, 0, 0);
	LINE("rt_sigprocmask(SIG_BLOCK, ~[KILL], [], 8) = 0",
		SYS_rt_sigprocmask, 0, SIG_BLOCK, P(&most), P(&none), 8, 0, 0);
	LINE("kill(-1, SIGTERM) = 0", SYS_kill, 0, A(-1), SIGTERM, 0, 0, 0, 0);
	LINE("wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 1}], 0, NULL) = 5",
		SYS_wait4, 5, A(-1), P(&exited), 0, 0, 0, 0);
	LINE("wait4(-1, [{WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && "
	     "WCOREDUMP(s)}], WNOHANG, NULL) = 5",
		SYS_wait4, 5, A(-1), P(&killed), WNOHANG, 0, 0, 0);
	LINE("clone(CLONE_VM|CLONE_VFORK|SIGCHLD, NULL, NULL, NULL, NULL) = 9",
		SYS_clone, 9, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0, 0);
	LINE("pause() = ? ERESTARTNOHAND (To be restarted if no handler)",
		SYS_pause, -514, 0, 0, 0, 0, 0, 0);
}
END_TEST

START_TEST(readiness)
{
	struct pollfd fds[2] = {{3, POLLIN, POLLIN}, {4, POLLOUT | POLLIN, 0}};
	struct epoll_event event = {
		.events = EPOLLIN | (1u << 31), .data.u64 = 5};
	struct timeval tv = {1, 2};
	fd_set set;

	LINE("poll([{fd=3, events=POLLIN}, {fd=4, events=POLLIN|POLLOUT}], 2, "
	     "-1) = 1 ([{fd=3, revents=POLLIN}])",
		SYS_poll, 1, P(fds), 2, A(-1), 0, 0, 0);
	LINE("poll([{fd=3, events=POLLIN}], 1, 10) = 0 (Timeout)", SYS_poll, 0,
		P(fds), 1, 10, 0, 0, 0);
	FD_ZERO(&set);
	FD_SET(0, &set);
	FD_SET(5, &set);
	LINE("select(6, [0 5], NULL, NULL, {tv_sec=1, tv_usec=2}) = 2 "
	     "(in [0 5], left {tv_sec=1, tv_usec=2})",
		SYS_select, 2, 6, P(&set), 0, 0, P(&tv), 0);
	LINE("epoll_ctl(3, EPOLL_CTL_ADD, 4, {events=EPOLLIN|EPOLLET, "
	     "data={u32=5, u64=5}}) = 0",
		SYS_epoll_ctl, 0, 3, EPOLL_CTL_ADD, 4, P(&event), 0, 0);
	LINE("epoll_wait(3, [{events=EPOLLIN|EPOLLET, data={u32=5, u64=5}}], "
	     "8, -1) = 1",
		SYS_epoll_wait, 1, 3, P(&event), 8, A(-1), 0, 0);
}
END_TEST

START_TEST(sockets_and_vectors)
{
	struct sockaddr_in in = {.sin_family = AF_INET,
		.sin_port = htons(80),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_un un = {AF_UNIX, "/run/x"};
	socklen_t size = sizeof(in);
	struct iovec iov[2] = {{un.sun_path, 4}, {un.sun_path + 4, 2}};

	LINE("connect(3, {sa_family=AF_INET, sin_port=htons(80), "
	     "sin_addr=inet_addr(\"127.0.0.1\")}, 16) = 0",
		SYS_connect, 0, 3, P(&in), 16, 0, 0, 0);
	LINE("bind(3, {sa_family=AF_UNIX, sun_path=\"/run/x\"}, 110) = 0",
		SYS_bind, 0, 3, P(&un), 110, 0, 0, 0);
	LINE("accept(3, {sa_family=AF_INET, sin_port=htons(80), "
	     "sin_addr=inet_addr(\"127.0.0.1\")}, [16]) = 4",
		SYS_accept, 4, 3, P(&in), P(&size), 0, 0, 0);
	LINE("writev(1, [{iov_base=\"/run\", iov_len=4}, {iov_base=\"/x\", "
	     "iov_len=2}], 2) = 6",
		SYS_writev, 6, 1, P(iov), 2, 0, 0, 0);
	LINE("readv(0, [{iov_base=\"/run\", iov_len=4}, {iov_base=\"/\", "
	     "iov_len=2}], 2) = 5",
		SYS_readv, 5, 0, P(iov), 2, 0, 0, 0);
}
END_TEST

START_TEST(arguments_that_depend_on_a_command)
{
	struct winsize size = {24, 80, 0, 0};
	char name[16] = "worker";
	struct timespec ts = {0, 1};

	LINE("fcntl(3, F_GETFL) = 0x8002 (flags O_RDWR|O_LARGEFILE)", SYS_fcntl,
		0x8002, 3, F_GETFL, 99, 0, 0, 0);
	LINE("fcntl(3, F_SETFD, FD_CLOEXEC) = 0", SYS_fcntl, 0, 3, F_SETFD, 1,
		0, 0, 0);
	LINE("fcntl(3, F_DUPFD_CLOEXEC, 10) = 10", SYS_fcntl, 10, 3,
		F_DUPFD_CLOEXEC, 10, 0, 0, 0);
	LINE("ioctl(1, TIOCGWINSZ, {ws_row=24, ws_col=80, ws_xpixel=0, "
	     "ws_ypixel=0}) = 0",
		SYS_ioctl, 0, 1, TIOCGWINSZ, P(&size), 0, 0, 0);
	LINE("ioctl(1, FIOCLEX) = 0", SYS_ioctl, 0, 1, FIOCLEX, 0, 0, 0, 0);
	LINE("prctl(PR_SET_NAME, \"worker\") = 0", SYS_prctl, 0, PR_SET_NAME,
		P(name), 0, 0, 0, 0);
	LINE("futex(0x1000, FUTEX_WAKE_PRIVATE, 1) = 0", SYS_futex, 0, 0x1000,
		FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
	LINE("futex(0x1000, FUTEX_WAIT, 2, {tv_sec=0, tv_nsec=1}) = -1 "
	     "ETIMEDOUT (Connection timed out)",
		SYS_futex, -ETIMEDOUT, 0x1000, FUTEX_WAIT, 2, P(&ts), 0, 0);
}
END_TEST

START_TEST(numbers_that_a_call_changes_show_both_values)
{
	struct flock lock = {.l_type = F_WRLCK, .l_pid = 9};
	socklen_t size = 16;
	int64_t off = 4;
	const uint64_t args[6] = {1, 3, P(&off), 10};
	const struct sysent *entry = sysent_find(SYS_sendfile);
	char expected[120];

	strace_enter(&line, 7, mm, entry, SYS_sendfile, args);
	off = 14;
	strace_exit(&line, mm, entry, out_fd, 10);
	ck_assert_str_eq(written(),
		"[pid     7] sendfile(1, 3, [4] => [14], 10) = 10\n");
	snprintf(expected, sizeof(expected),
		"getpeername(3, %p, [16]) = -1 ENOTCONN (Transport endpoint "
		"is not connected)",
		(void *)&lock);
	LINE(expected, SYS_getpeername, -ENOTCONN, 3, P(&lock), P(&size), 0, 0,
		0);
	LINE("fcntl(3, F_SETLK, {l_type=F_WRLCK, l_whence=SEEK_SET, "
	     "l_start=0, l_len=0}) = 0",
		SYS_fcntl, 0, 3, F_SETLK, P(&lock), 0, 0, 0);
	LINE("fcntl(3, F_GETLK, {l_type=F_WRLCK, l_whence=SEEK_SET, "
	     "l_start=0, l_len=0, l_pid=9}) = 0",
		SYS_fcntl, 0, 3, F_GETLK, P(&lock), 0, 0, 0);
}
END_TEST

START_TEST(folder_entries_are_counted)
{
	struct {
		uint64_t ino, off;
		uint16_t length;
		char rest[6];
	} entries[2] = {{1, 1, 24, ""}, {2, 2, 24, ""}};
	char expected[100];

	snprintf(expected, sizeof(expected),
		"getdents64(3, %p /* 2 entries */, 512) = 48", (void *)entries);
	LINE(expected, SYS_getdents64, 48, 3, P(entries), 512, 0, 0, 0);
	entries[1].length = 0;
	snprintf(expected, sizeof(expected),
		"getdents64(3, %p /* 1 entries */, 512) = 48", (void *)entries);
	LINE(expected, SYS_getdents64, 48, 3, P(entries), 512, 0, 0, 0);
}
END_TEST

START_TEST(exec_shows_arguments_and_counts_the_environment)
{
	char *argv[] = {
		(char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c", NULL};
	char *envp[] = {argv[0], argv[0], argv[0], NULL};
	char expected[120];

	snprintf(expected, sizeof(expected),
		"execve(\"sh\", [\"sh\", \"-c\"], %p /* 3 vars */) = 0", envp);
	LINE(expected, SYS_execve, 0, P(argv[0]), P(argv), P(envp), 0, 0, 0);
}
END_TEST

START_TEST(numbers_that_linux_does_not_have)
{
	LINE("syscall_0x186(0x1, 0, 0, 0, 0, 0x6) = -1 ENOSYS (Function not "
	     "implemented)",
		390, -ENOSYS, 1, 0, 0, 0, 0, 6);
}
END_TEST

START_TEST(calls_that_do_not_return_and_deaths)
{
	const uint64_t args[6] = {3};
	const struct sysent *entry = sysent_find(SYS_exit_group);

	strace_enter(&line, 12345, mm, entry, SYS_exit_group, args);
	strace_exit_never(&line, entry, out_fd);
	ck_assert_str_eq(written(), "[pid 12345] exit_group(3) = ?\n");
	strace_death(7, 3 << 8, out_fd);
	ck_assert_str_eq(written(), "[pid     7] +++ exited with 3 +++\n");
	strace_death(7, SIGKILL, out_fd);
	ck_assert_str_eq(written(), "[pid     7] +++ killed by SIGKILL +++\n");
}
END_TEST

START_TEST(a_signal_shows_its_siginfo)
{
	siginfo_t info = {.si_signo = SIGCHLD, .si_code = CLD_EXITED};

	info.si_pid = 8;
	info.si_uid = 1000;
	info.si_status = 2;
	strace_signal(7, SIGCHLD, &info, out_fd);
	ck_assert_str_eq(written(),
		"[pid     7] --- SIGCHLD {si_signo=SIGCHLD, "
		"si_code=CLD_EXITED, si_pid=8, si_uid=1000, si_status=2, "
		"si_utime=0, si_stime=0} ---\n");
}
END_TEST

START_TEST(a_line_too_long_is_cut_and_keeps_its_result)
{
	static char ugly[1100];
	const char *text;
	size_t size;

	memset(ugly, 1, sizeof(ugly) - 1);
	for (size_t i = 1; i < sizeof(ugly) - 1; i += 2)
		ugly[i] = '7';
	text = trace(SYS_rename, -ENAMETOOLONG, P(ugly), P(ugly), 0, 0, 0, 0);
	size = strlen(text);
	ck_assert_uint_lt(size, STRACE_LINE_SIZE);
	ck_assert_ptr_nonnull(
		strstr(text, "...) = -1 ENAMETOOLONG (File name too long)"));
}
END_TEST

/* Every call with hostile arguments: a line comes, nothing crashes. */
START_TEST(no_argument_is_too_odd)
{
	static const uint64_t odd[] = {0, 1, 7, 0x1000, 0x7fffffff, 0xffffffff,
		0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff,
		0x7ffffffff000};
	static unsigned char ones[4096];

	memset(ones, 0xff, sizeof(ones));
	for (long nr = 0; nr < sysent_limit(); nr++) {
		for (size_t i = 0; i <= sizeof(odd) / sizeof(odd[0]); i++) {
			uint64_t v = i < 10 ? odd[i] : P(ones);

			trace(nr, -EINVAL, v, v, v, v, v, v);
			trace(nr, 0, v, v, v, v, v, v);
			trace(nr, 17, v, v, v, v, v, v);
			trace(nr, 3, 3, P(ones), 64, P(ones), 3, P(ones));
			trace(nr, 64, P(ones), 64, P(ones), 64, 1, 64);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("strace");
	TCase *tc = tcase_create("strace");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, strings_are_quoted_and_escaped);
	tcase_add_test(tc, a_bad_address_is_a_number);
	tcase_add_test(
		tc, a_string_up_to_the_end_of_memory_is_not_read_past_it);
	tcase_add_test(tc, flags_have_names_and_the_rest_is_a_number);
	tcase_add_test(tc, registers_are_cut_to_the_type);
	tcase_add_test(tc, outputs_are_read_at_exit);
	tcase_add_test(tc, inputs_are_read_before_the_call);
	tcase_add_test(tc, structures_of_files_and_times);
	tcase_add_test(tc, signals_and_waiting);
	tcase_add_test(tc, readiness);
	tcase_add_test(tc, sockets_and_vectors);
	tcase_add_test(tc, arguments_that_depend_on_a_command);
	tcase_add_test(tc, numbers_that_a_call_changes_show_both_values);
	tcase_add_test(tc, folder_entries_are_counted);
	tcase_add_test(tc, exec_shows_arguments_and_counts_the_environment);
	tcase_add_test(tc, numbers_that_linux_does_not_have);
	tcase_add_test(tc, calls_that_do_not_return_and_deaths);
	tcase_add_test(tc, a_signal_shows_its_siginfo);
	tcase_add_test(tc, a_line_too_long_is_cut_and_keeps_its_result);
	tcase_add_test(tc, no_argument_is_too_odd);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
