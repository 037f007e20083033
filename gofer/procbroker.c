/*
 * The procfs broker: opens six files of /proc/TID of stubs, and nothing else.
 *
 * The sentry has no way to open a path; what /proc shows of a guest's memory
 * is the host's to tell. A thread is a stub's if its parent is the sentry,
 * which is read from the very folder of which a file is then opened: its
 * descriptor keeps standing for that thread when the number is given to
 * another.
 *
 * It shares user namespace and ids with the stubs, or the host would refuse
 * it their memory maps, and is in no Landlock domain: a reader in a domain
 * that is not the stubs' own or around it is refused as well.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gofer.h"
#include "lib/checked.h"
#include "lib/lockdown.h"
#include "lib/log.h"
#include "lib/msg.h"
#include "lib/trim.h"

#define EXIT_START 125

static const char *const files[PROCBROKER_FILES] = {
	[PROCBROKER_MAPS] = "maps",
	[PROCBROKER_SMAPS] = "smaps",
	[PROCBROKER_SMAPS_ROLLUP] = "smaps_rollup",
	[PROCBROKER_STATUS] = "status",
	[PROCBROKER_STAT] = "stat",
	[PROCBROKER_PAGEMAP] = "pagemap",
};

#ifdef SANDBOX_SANITIZER
/* The search for leaks traces the process, which nobody may. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

struct broker {
	int sock;
	int proc;
	int parent;
};

/* The parent's number as /proc/TID/status has it, or -errno. */
static int read_parent(int dirfd)
{
	int fd = openat(dirfd, "status", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char text[1024];
	const char *line;
	ssize_t size;

	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	size = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (size < 0)
		return -errno;
	text[size] = '\0';
	/* The name in the first line has its newlines escaped. */
	line = strstr(text, "\nPPid:\t");
	return line ? atoi(line + strlen("\nPPid:\t")) : -ESRCH;
}

/* A descriptor or -errno. */
static int open_file(const struct broker *broker, int tid, const char *file)
{
	char name[16];
	int dirfd, parent, fd;

	snprintf(name, sizeof(name), "%d", tid);
	dirfd = openat(broker->proc, name,
		O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dirfd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	parent = read_parent(dirfd);
	if (parent == broker->parent) {
		fd = openat(dirfd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		fd = fd < 0 ? -errno : fd;
	} else {
		fd = parent < 0 ? parent : -EPERM;
	}
	close(dirfd);
	return fd;
}

/* 0 when the sentry is gone; -EPROTO for what it would never send. */
static int serve(const struct broker *broker)
{
	struct procbroker_request request;
	struct procbroker_reply reply;
	size_t fds;
	ssize_t size;
	int fd, ret;

	for (;;) {
		size = msg_recv(
			broker->sock, &request, sizeof(request), NULL, 0, &fds);
		if (size <= 0)
			return (int)size;
		if (size != sizeof(request) || request.tid <= 0 ||
			request.file >= PROCBROKER_FILES)
			return -EPROTO;
		fd = open_file(broker, request.tid, files[request.file]);
		reply = (struct procbroker_reply){
			.id = request.id,
			.error = fd < 0 ? fd : 0,
		};
		ret = msg_send(
			broker->sock, &reply, sizeof(reply), fd < 0 ? -1 : fd);
		if (fd >= 0)
			close(fd);
		if (ret < 0)
			return ret == -EPIPE ? 0 : ret;
	}
}

static const struct allowed_call calls[] = {
	ALLOW(recvmsg),
	ALLOW(sendmsg),
	ALLOW(openat),
	ALLOW(read),
	ALLOW(close),
	ALLOW(write),
	ALLOW(rt_sigreturn),
	ALLOW(restart_syscall),
	ALLOW(exit_group),
#ifdef SANDBOX_SANITIZER
	ALLOW(mmap),
	ALLOW(munmap),
	ALLOW(mprotect),
	ALLOW(madvise),
	ALLOW(futex),
	ALLOW(getpid),
	ALLOW(gettid),
	ALLOW(tgkill),
	ALLOW(sigaltstack),
	ALLOW(rt_sigaction),
	ALLOW(rt_sigprocmask),
	ALLOW(sched_yield),
	ALLOW(readlink),
	ALLOW(prctl),
	ALLOW(clone),
	ALLOW(wait4),
	ALLOW(ptrace),
	ALLOW(pipe2),
#endif
};

static bool lock_down(void)
{
	struct walls walls = {0};

	lockdown_not_dumpable();
	lockdown_no_caps(&walls);
	lockdown_no_new_privs(&walls);
	lockdown_seccomp(&walls, calls, ARRAY_SIZE(calls));
	return wall_is_up(&walls, WALL_SECCOMP);
}

static int take_number(const char *text)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (end == text || *end || value < 0 || value > 1 << 30)
		exit(EXIT_START);
	return (int)value;
}

static void read_arguments(int argc, char **argv, struct broker *out)
{
	static const struct option options[] = {
		{"socket", required_argument, NULL, 's'},
		{"proc", required_argument, NULL, 'p'},
		{"parent", required_argument, NULL, 'P'},
		{0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			out->sock = take_number(optarg);
		else if (option == 'p')
			out->proc = take_number(optarg);
		else if (option == 'P')
			out->parent = take_number(optarg);
		else
			exit(EXIT_START);
	}
	if (out->sock < 0 || out->proc < 0 || out->parent <= 0 ||
		optind != argc) {
		fprintf(stderr, "sandbox: procbroker: started by hand\n");
		exit(EXIT_START);
	}
}

static void close_others(const struct broker *broker)
{
	unsigned int low = (unsigned int)MIN(broker->sock, broker->proc);
	unsigned int high = (unsigned int)MAX(broker->sock, broker->proc);

	if (low > STDERR_FILENO + 1)
		close_range(STDERR_FILENO + 1, low - 1, 0);
	if (high > low + 1)
		close_range(low + 1, high - 1, 0);
	close_range(high + 1, ~0u, 0);
}

int main(int argc, char **argv)
{
	struct broker broker = {.sock = -1, .proc = -1, .parent = 0};
	pid_t parent = getppid();

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		return EXIT_START;
	clearenv();
	read_arguments(argc, argv, &broker);
	close_others(&broker);
	trim_startup();
	if (!lock_down()) {
		fprintf(stderr, "sandbox: procbroker: no seccomp here\n");
		return EXIT_START;
	}
	return serve(&broker) < 0;
}
