/*
 * Starting the programs of a sandbox. See the header for who they are.
 *
 * The order is chosen for time: the gofer is forked first and gets ready on
 * another core while the kernel makes the sentry's namespaces.
 */
#include "oci/launch.h"

#include "lib/checked.h"
#include "oci/namespaces.h"
#include "oci/programs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST_FREE_FD (BOOT_SOCKET + 1)
#define END_TRIES     1000 /* of a millisecond each */

static char *const no_environment[] = {NULL};

/* In a child that cannot become what it should. */
_Noreturn static void die(const char *what, int error)
{
	dprintf(STDERR_FILENO, "sandbox: %s: %s\n", what, strerror(error));
	_exit(125);
}

/*
 * Signals of a terminal go to the launcher, which passes them on by the boot
 * socket; PDEATHSIG takes the process away with us.
 */
static void child_signals(void)
{
	static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP,
		SIGTTIN, SIGTTOU, SIGPIPE, SIGUSR1, SIGUSR2, SIGWINCH};
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void child_limits(void)
{
	struct rlimit limit = {0, 0};

	setrlimit(RLIMIT_CORE, &limit);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* All descriptors from first on end with the exec. */
static void child_close(unsigned int first)
{
	syscall(SYS_close_range, first, ~0u, CLOSE_RANGE_CLOEXEC);
}

_Noreturn static void child_exec(enum program program, int fd, char **argv)
{
	syscall(SYS_execveat, fd, "", argv, no_environment, AT_EMPTY_PATH);
	die(program_name(program), errno);
}

/*
 * The rights that the sentry needs to put up its walls survive the exec in
 * the ambient set: its uid has no number there yet. See lockdown_enter().
 */
static void child_keep_caps(void)
{
	static const unsigned int caps[] = {CAP_SETUID, CAP_SETGID, CAP_SETPCAP,
		CAP_SYS_CHROOT, CAP_SYS_ADMIN};
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		return;
	data[0].inheritable = data[0].permitted;
	data[1].inheritable = data[1].permitted;
	if (syscall(SYS_capset, &header, data) < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(caps); i++)
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, caps[i], 0, 0);
}

/* ---- The gofer --------------------------------------------------------- */

#define WRITABLE_MAX 64

/*
 * For a gofer that is root: the host's files are read-only to it but for what
 * the user gave for writing, which keeps the flags of its own mounts. What
 * fails here leaves a wall out, as the gofer's report then says.
 */
static void gofer_mounts(const char *const *writable)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
	int trees[WRITABLE_MAX];
	size_t count = 0;

	if (unshare(CLONE_NEWNS) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return;
	for (; writable[count]; count++) {
		if (count == WRITABLE_MAX)
			return;
		trees[count] = open_tree(AT_FDCWD, writable[count],
			OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
		if (trees[count] < 0)
			return;
	}
	if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr)) < 0)
		return;
	for (size_t i = 0; i < count; i++)
		if (move_mount(trees[i], "", AT_FDCWD, writable[i],
			    MOVE_MOUNT_F_EMPTY_PATH) < 0)
			die(writable[i], errno);
}

_Noreturn static void gofer_child(
	const struct launch *launch, int program, int sock, int settings)
{
	char socket_arg[32], config_arg[32], log_arg[32];
	char level_arg[] = "--log-level=3", name[] = "gofer";
	char *argv[] = {name, socket_arg, config_arg, NULL, NULL, NULL};
	int log = launch->config->fds[BOOT_FD_LOG];
	int null;

	child_signals();
	if (geteuid() == 0)
		gofer_mounts(launch->writable);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
	}
	child_close(STDERR_FILENO + 1);
	fcntl(sock, F_SETFD, 0);
	fcntl(settings, F_SETFD, 0);
	snprintf(socket_arg, sizeof(socket_arg), "--socket=%d", sock);
	snprintf(config_arg, sizeof(config_arg), "--config=%d", settings);
	if (log >= 0) {
		fcntl(log, F_SETFD, 0);
		snprintf(log_arg, sizeof(log_arg), "--log=%d", log);
		argv[3] = log_arg;
		argv[4] = level_arg;
	}
	child_exec(PROGRAM_GOFER, program, argv);
}

static int gofer_start(struct sandbox *sandbox, const struct launch *launch,
	int sock, struct error *error)
{
	int program, settings;
	pid_t pid;

	program = program_open(PROGRAM_GOFER, error);
	if (program < 0)
		return -1;
	settings = memfd_create("gofer", MFD_CLOEXEC);
	if (settings < 0 ||
		write(settings, launch->gofer_config,
			launch->gofer_config_size) !=
			(ssize_t)launch->gofer_config_size ||
		lseek(settings, 0, SEEK_SET) < 0) {
		error_set(error, "cannot hand over the gofer's settings: %s",
			strerror(errno));
		goto fail;
	}
	pid = fork();
	if (pid == 0)
		gofer_child(launch, program, sock, settings);
	if (pid < 0) {
		error_set(error, "cannot start the gofer: %s", strerror(errno));
		goto fail;
	}
	sandbox->gofer = pid;
	close(settings);
	close(program);
	return 0;
fail:
	if (settings >= 0)
		close(settings);
	close(program);
	return -1;
}

/* ---- The sentry -------------------------------------------------------- */

_Noreturn static void sentry_child(
	const struct walls *walls, int program, int sock)
{
	char name[] = "sentry";
	char *argv[] = {name, NULL};

	child_signals();
	child_limits();
	setsid();
	if (sock == BOOT_SOCKET)
		fcntl(sock, F_SETFD, 0);
	else if (program == BOOT_SOCKET)
		program = fcntl(program, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	if (sock != BOOT_SOCKET && dup2(sock, BOOT_SOCKET) < 0)
		die("cannot pass on the boot socket", errno);
	child_close(FIRST_FREE_FD);
	if (wall_is_up(walls, WALL_USER_NS))
		child_keep_caps();
	child_exec(PROGRAM_SENTRY, program, argv);
}

static int sentry_start(struct sandbox *sandbox, int sock, struct error *error)
{
	int program = program_open(PROGRAM_SENTRY, error);
	pid_t pid;

	if (program < 0)
		return -1;
	pid = namespaces_fork(&sandbox->walls, &sandbox->sentry_pidfd);
	if (pid == 0)
		sentry_child(&sandbox->walls, program, sock);
	close(program);
	if (pid < 0) {
		sandbox->sentry_pidfd = -1;
		return error_set(
			error, "cannot start the sentry: %s", strerror(-pid));
	}
	sandbox->sentry = pid;
	if (wall_is_up(&sandbox->walls, WALL_USER_NS))
		namespaces_map(&sandbox->walls, pid);
	return 0;
}

/* The id that the sentry is to take in the user namespace that it is in. */
static uint32_t sentry_id(const struct sandbox *sandbox)
{
	if (wall_is_up(&sandbox->walls, WALL_USER_NS))
		return 0;
	return geteuid() == 0 ? namespaces_host_id(sandbox->sentry)
			      : (uint32_t)-1;
}

/*
 * The stub is executed by a host uid that owns nothing: where its file is not
 * for everybody, a copy in memory is.
 */
static int stub_open(struct error *error)
{
	int fd = program_open(PROGRAM_STUB, error);
	struct stat st;
	int copy;

	if (fd < 0 || fstat(fd, &st) < 0 || (st.st_mode & 05) == 05)
		return fd;
	copy = memfd_create("stub", MFD_CLOEXEC);
	if (copy < 0 ||
		sendfile(copy, fd, NULL, (size_t)st.st_size) != st.st_size) {
		error_set(error, "cannot copy the stub into memory: %s",
			strerror(errno));
		if (copy >= 0)
			close(copy);
		copy = -1;
	}
	close(fd);
	return copy;
}

static int config_send(struct sandbox *sandbox, struct boot_config *config,
	struct error *error)
{
	int ret;

	config->walls = sandbox->walls;
	config->host_id = sentry_id(sandbox);
	ret = boot_send(sandbox->boot, config);
	if (ret == -E2BIG)
		return error_set(error,
			"arguments and environment are too "
			"big: they must fit in %u bytes",
			BOOT_CONFIG_MAX);
	/* A sentry that is gone says more by its status: see the monitor. */
	if (ret < 0 && ret != -EPIPE && ret != -ECONNRESET)
		return error_set(error,
			"cannot send the sentry its settings: "
			"%s",
			strerror(-ret));
	return 0;
}

static int make_pair(int pair[2], struct error *error)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set(error, "cannot make a socket pair: %s",
			strerror(errno));
	return 0;
}

static void close_pair(int pair[2])
{
	for (unsigned int i = 0; i < 2; i++)
		if (pair[i] >= 0)
			close(pair[i]);
}

static int start_all(struct sandbox *sandbox, struct launch *launch,
	int pairs[3][2], struct error *error)
{
	struct boot_config *config = launch->config;

	for (unsigned int i = 0; i < 3; i++)
		if (make_pair(pairs[i], error) < 0)
			return -1;
	if (gofer_start(sandbox, launch, pairs[0][1], error) < 0 ||
		sentry_start(sandbox, pairs[1][1], error) < 0)
		return -1;
	config->fds[BOOT_FD_STUB] = stub_open(error);
	if (config->fds[BOOT_FD_STUB] < 0)
		return -1;
	config->fds[BOOT_FD_GOFER] = pairs[0][0];
	config->fds[BOOT_FD_BROKER] = pairs[2][0];
	sandbox->boot = pairs[1][0];
	return config_send(sandbox, config, error);
}

int sandbox_start(
	struct sandbox *sandbox, struct launch *launch, struct error *error)
{
	int pairs[3][2] = {{-1, -1}, {-1, -1}, {-1, -1}};
	struct boot_config *config = launch->config;
	int ret;

	memset(sandbox, 0, sizeof(*sandbox));
	sandbox->sentry_pidfd = -1;
	sandbox->boot = -1;
	sandbox->broker_socket = -1;
	/* Stubs whose sentry is gone, and everything else, come to us. */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	ret = start_all(sandbox, launch, pairs, error);
	if (config->fds[BOOT_FD_STUB] >= 0)
		close(config->fds[BOOT_FD_STUB]);
	config->fds[BOOT_FD_STUB] = -1;
	config->fds[BOOT_FD_GOFER] = -1;
	config->fds[BOOT_FD_BROKER] = -1;
	if (ret == 0) {
		sandbox->broker_socket = pairs[2][1];
		pairs[1][0] = -1;
		pairs[2][1] = -1;
	} else {
		sandbox->boot = -1;
	}
	for (unsigned int i = 0; i < 3; i++)
		close_pair(pairs[i]);
	if (ret < 0)
		sandbox_end(sandbox);
	return ret;
}

/* ---- The broker -------------------------------------------------------- */

/*
 * A /proc in which threads have the numbers that the sentry sees. In a PID
 * namespace it has to be mounted, which is done in a mount namespace that
 * nobody else has; the mount itself is never attached anywhere.
 */
static int broker_proc(const struct sandbox *sandbox)
{
	int fs, fd;

	if (!wall_is_up(&sandbox->walls, WALL_PID_NS))
		return open("/proc", O_PATH | O_DIRECTORY);
	fs = (int)syscall(SYS_fsopen, "proc", 0);
	if (fs < 0)
		return -1;
	fd = -1;
	if (syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		fd = (int)syscall(SYS_fsmount, fs, 0, 0);
	close(fs);
	return fd;
}

/* Into the sentry's user namespace, and for our child its PID namespace. */
static void broker_enter(const struct sandbox *sandbox)
{
	bool user = wall_is_up(&sandbox->walls, WALL_USER_NS);
	bool pid = wall_is_up(&sandbox->walls, WALL_PID_NS);
	int flags = (user ? CLONE_NEWUSER : 0) | (pid ? CLONE_NEWPID : 0);

	if (flags && setns(sandbox->sentry_pidfd, flags) < 0)
		die("cannot join the sandbox", errno);
	if (user && (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0))
		die("cannot take the sentry's ids", errno);
	if (pid && unshare(CLONE_NEWNS) < 0)
		die("cannot have a mount namespace", errno);
}

_Noreturn static void broker_exec(
	const struct sandbox *sandbox, int program, int sock)
{
	bool pid = wall_is_up(&sandbox->walls, WALL_PID_NS);
	char name[] = "procbroker";
	char socket_arg[32], proc_arg[32], parent_arg[32];
	char *argv[] = {name, socket_arg, proc_arg, parent_arg, NULL};
	int proc = broker_proc(sandbox);

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (proc < 0)
		die("cannot see the sandbox's processes in /proc", errno);
	child_close(STDERR_FILENO + 1);
	fcntl(sock, F_SETFD, 0);
	fcntl(proc, F_SETFD, 0);
	snprintf(socket_arg, sizeof(socket_arg), "--socket=%d", sock);
	snprintf(proc_arg, sizeof(proc_arg), "--proc=%d", proc);
	snprintf(parent_arg, sizeof(parent_arg), "--parent=%d",
		pid ? 1 : sandbox->sentry);
	child_exec(PROGRAM_BROKER, program, argv);
}

/* A PID namespace is entered by a child only: the one between waits for it. */
_Noreturn static void broker_child(
	const struct sandbox *sandbox, int program, int sock)
{
	int status;
	pid_t pid;

	child_signals();
	broker_enter(sandbox);
	if (!wall_is_up(&sandbox->walls, WALL_PID_NS))
		broker_exec(sandbox, program, sock);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	pid = fork();
	if (pid == 0)
		broker_exec(sandbox, program, sock);
	close(sock);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		die("cannot start the broker", errno);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 125);
}

int sandbox_start_broker(struct sandbox *sandbox, struct error *error)
{
	int program = program_open(PROGRAM_BROKER, error);
	pid_t pid;

	if (program < 0)
		return -1;
	pid = fork();
	if (pid == 0)
		broker_child(sandbox, program, sandbox->broker_socket);
	close(program);
	close(sandbox->broker_socket);
	sandbox->broker_socket = -1;
	if (pid < 0)
		return error_set(
			error, "cannot start the broker: %s", strerror(errno));
	sandbox->broker = pid;
	return 0;
}

/* ---- The end ----------------------------------------------------------- */

/* Kills the children that /proc names: orphans that came to us. */
static void kill_children(void)
{
	char path[64], text[4096], *at = text, *end;
	ssize_t size;
	long pid;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	size = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[size > 0 ? size : 0] = 0;
	for (;; at = end) {
		pid = strtol(at, &end, 10);
		if (end == at || pid <= 0)
			return;
		kill((pid_t)pid, SIGKILL);
	}
}

/*
 * Waits for those that were killed. In any order: a PID namespace's first
 * process is not done before we have reaped a broker that died in there.
 */
static void reap_known(pid_t *pids, size_t count)
{
	size_t left = 0;
	pid_t pid = 0;

	for (size_t i = 0; i < count; i++)
		left += pids[i] > 0;
	while (left > 0 && pid >= 0) {
		pid = waitpid(-1, NULL, 0);
		for (size_t i = 0; i < count && pid > 0; i++)
			left -= pids[i] == pid;
	}
}

/*
 * Every child we have by now is of this sandbox. Without a PID namespace, a
 * killed sentry's stubs arrive one generation after the other.
 */
void sandbox_end(struct sandbox *sandbox)
{
	pid_t pids[] = {sandbox->sentry, sandbox->gofer, sandbox->broker};
	int fds[] = {
		sandbox->sentry_pidfd, sandbox->boot, sandbox->broker_socket};

	for (size_t i = 0; i < ARRAY_SIZE(pids); i++)
		if (pids[i] > 0)
			kill(pids[i], SIGKILL);
	reap_known(pids, ARRAY_SIZE(pids));
	for (int tries = 0; tries < END_TRIES; tries++) {
		pid_t reaped;

		do {
			reaped = waitpid(-1, NULL, WNOHANG);
		} while (reaped > 0);
		if (reaped < 0)
			break;
		kill_children();
		usleep(1000);
	}
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	memset(sandbox, 0, sizeof(*sandbox));
	sandbox->sentry_pidfd = sandbox->boot = sandbox->broker_socket = -1;
}
