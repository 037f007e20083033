/*
 * The sentry's start: from what the launcher sent to the first program.
 *
 *	receive -> open what needs a path -> lock down -> filesystems, init
 *	-> fork the first stub -> allow-list -> run
 *
 * The only file that knows which filesystems and families exist.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "boot.h"
#include "lib/checked.h"
#include "lib/hash.h"
#include "lib/log.h"
#include "platform.h"
#include "sentry/allowed.h"
#include "sentry/base/evloop.h"
#include "sentry/base/klock.h"
#include "sentry/base/random.h"
#include "sentry/fs/anon/anon.h"
#include "sentry/fs/anon/pipe.h"
#include "sentry/fs/host/hostfd.h"
#include "sentry/fs/proc/proc.h"
#include "sentry/kernel/fdtable.h"
#include "sentry/kernel/fsctx.h"
#include "sentry/kernel/kernel.h"
#include "sentry/kernel/uts.h"
#include "sentry/mounts.h"
#include "sentry/probe.h"
#include "sentry/time/timer.h"
#include "sentry/trace.h"
#include "sentry/vfs/vfs.h"

static struct boot_config *config;
static struct boot_result result;
static int streams[3]; /* host descriptors of the standard streams */

/* ---- Results ----------------------------------------------------------- */

/* Says how it ended and ends this process, and with it every guest. */
static void finish(void)
{
	static char not_kept[BOOT_MESSAGE_MAX];
	size_t count = 0;

	if (result.outcome == BOOT_EXITED) {
		mounts_keep(not_kept, sizeof(not_kept));
		result.message = not_kept;
	}
	result.counts = trace_counts(&count);
	result.count_count = (uint32_t)count;
	result.changed_files = mounts_changed_files();
	result.platform = (char *)(platform_ops ? platform_ops->name : "");
	if (!result.platform_why)
		result.platform_why = (char *)"";
	if (!result.message)
		result.message = (char *)"";
	boot_result_send(BOOT_SOCKET, &result);
	_exit(0);
}

/* code: 125 our own failure, 126 not executable, 127 not found. */
static void fail(int code, const char *format, ...)
	__attribute__((format(printf, 2, 3), __noreturn__));

static void fail(int code, const char *format, ...)
{
	static char message[BOOT_MESSAGE_MAX];
	va_list ap;

	va_start(ap, format);
	vsnprintf(message, sizeof(message), format, ap);
	va_end(ap);
	result.outcome = BOOT_FAILED;
	result.code = code;
	result.message = message;
	finish();
	__builtin_unreachable();
}

static void init_exited(int status)
{
	struct task_usage usage = group_usage(init_task->tg);

	usage_add(&usage, &init_task->tg->children_usage);
	result.outcome = BOOT_EXITED;
	result.status = status;
	result.cpu_us = usage.utime_us + usage.stime_us;
	result.maxrss_kib = usage.maxrss_kib;
	result.tasks_peak = (uint32_t)task_count_peak();
	finish();
}

/* ---- The launcher ------------------------------------------------------ */

/* As the terminal itself would: to the whole group in the foreground. */
static void terminal_signal(int signo)
{
	struct guest_siginfo info = {.signo = signo, .code = SI_KERNEL};
	int pgid = init_task->tg->group->session->foreground_pgid;
	struct process_group *group;

	/* The launcher's shell continues the job that it sees. */
	if (!pgid || signo == SIGCONT)
		pgid = init_task->tg->group->pgid;
	group = process_group_find(pgid);
	if (!group)
		return;
	signal_send_pgrp(group, signo, &info);
	process_group_put(group);
}

static bool from_terminal(int signo)
{
	return hostfd_has_terminal() &&
	       (signo == SIGINT || signo == SIGQUIT || signo == SIGTSTP ||
		       signo == SIGWINCH || signo == SIGCONT);
}

static void tell_stopped(void)
{
	boot_signal_send(BOOT_SOCKET, SIGSTOP);
}

static void launcher_ready(struct ev_source *source, uint32_t events)
{
	struct guest_siginfo info = {.code = SI_USER};
	int signo = boot_signal_recv(BOOT_SOCKET);

	if (signo == -EAGAIN)
		return;
	if (signo <= 0)
		_exit(0); /* the launcher is gone: so is the sandbox */
	if (init_task && from_terminal(signo))
		terminal_signal(signo);
	else if (init_task)
		signal_send_group(init_task->tg, signo, &info);
}

static struct ev_source launcher = {
	.host_fd = BOOT_SOCKET,
	.ready = launcher_ready,
};

/* ---- Standard streams -------------------------------------------------- */

static int add_stream(
	struct task *t, int number, unsigned int flag, int host_fd)
{
	struct file *file;
	int flags;
	int ret;

	if (!(config->flags & flag))
		return 0;
	flags = fcntl(host_fd, F_GETFL);
	if (flags < 0)
		return 0;
	ret = hostfd_file_new(
		host_fd, (unsigned int)flags & (O_ACCMODE | O_APPEND), &file);
	return ret < 0 ? ret : fd_install_at(t, number, file, false);
}

static int add_streams(struct task *t)
{
	static const unsigned int flags[] = {
		BOOT_STDIN, BOOT_STDOUT, BOOT_STDERR};
	int ret = 0;

	for (int i = 0; i < 3 && ret >= 0; i++)
		ret = add_stream(t, i, flags[i], streams[i]);
	return ret < 0 ? ret : 0;
}

/* ---- The first task ---------------------------------------------------- */

static void set_limits(struct thread_group *tg)
{
	tg->rlimits[RLIMIT_NOFILE].cur = config->limits.nofile_soft;
	tg->rlimits[RLIMIT_NOFILE].max = config->limits.nofile_hard;
}

static struct task *create_init(struct mount_ns *ns)
{
	struct task_spec spec = {.exit_signal = 0};
	struct task *t;

	if (task_create(&spec, &t) < 0)
		fail(125, "no memory for the first process");
	t->cred = cred_new(
		config->uid, config->gid, config->groups, config->group_count);
	t->fds = fdtable_new();
	t->fs = fsctx_new(ns);
	t->mm = mm_new(0);
	if (!t->cred || !t->fds || !t->fs || !t->mm)
		fail(125, "no memory for the first process");
	t->fs->umask = (mode_t)config->umask;
	set_limits(t->tg);
	if (group_join_new_session(t->tg) < 0)
		fail(125, "no memory for the first session");
	if (add_streams(t) < 0)
		fail(125, "cannot pass on the standard streams");
	return t;
}

static void enter_cwd(struct task *t)
{
	struct walk walk;
	struct path path;
	int ret;

	walk_start(t, AT_FDCWD, config->cwd, &walk);
	ret = vfs_walk(&walk, config->cwd, WALK_FOLLOW | WALK_DIRECTORY, &path);
	if (ret == 0)
		ret = inode_permission(path.dentry->inode, t->cred, MAY_EXEC);
	walk_finish(&walk);
	if (ret < 0)
		fail(125,
			"cannot enter folder '%s': %s; choose one that is "
			"there with --cwd",
			config->cwd, strerror(-ret));
	fsctx_set_cwd(t->fs, path);
	path_put(path);
}

/* ---- The first program ------------------------------------------------- */

static int open_program(struct task *t, const char *name, struct file **out)
{
	struct walk walk;
	int ret;

	walk_start(t, AT_FDCWD, name, &walk);
	ret = exec_open(&walk, name, WALK_FOLLOW, out);
	walk_finish(&walk);
	return ret;
}

static const char *search_path(void)
{
	for (char **env = config->envp; *env; env++)
		if (strncmp(*env, "PATH=", 5) == 0)
			return *env + 5;
	return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

/* execvp(3): the first that can be run; a refused one is remembered. */
static int find_program(struct task *t, const char *name, char *found,
	size_t size, struct file **out)
{
	const char *dir = search_path();
	int best = -ENOENT;
	int ret;

	if (!(config->flags & BOOT_PATH) || strchr(name, '/')) {
		snprintf(found, size, "%s", name);
		return open_program(t, name, out);
	}
	for (;; dir++) {
		size_t length = strcspn(dir, ":");

		snprintf(found, size, "%.*s%s%s", (int)length, dir,
			length ? "/" : "", name);
		ret = open_program(t, found, out);
		if (ret == 0)
			return 0;
		if (ret == -EACCES)
			best = ret;
		dir += length;
		if (*dir == 0)
			return best;
	}
}

static void fail_program(const char *name, int error)
{
	if (error == -ENOENT || error == -ENOTDIR)
		fail(127, "%s: not found", name);
	if (error == -ENOEXEC)
		fail(126,
			"%s: not a program for this machine (x86-64 ELF, or "
			"a script that begins with #!)",
			name);
	fail(126, "%s: cannot be run: %s", name, strerror(-error));
}

static void boot_program(struct task *t)
{
	char found[VFS_PATH_MAX];
	char **argv = config->argv;
	struct file *file;
	int ret;

	ret = find_program(t, argv[0], found, sizeof(found), &file);
	if (ret < 0)
		fail_program(argv[0], ret);
	ret = task_exec_first(t, file, found, &argv);
	file_put(file);
	if (ret < 0)
		fail_program(found, ret);
	ret = platform_ops->boot(platform, argv, config->envp, &t->thread);
	free(argv);
	if (ret < 0)
		fail(125, "cannot start the first process on platform %s: %s",
			platform_ops->name, strerror(-ret));
	t->thread->data = t;
	t->tg->space = t->thread->space;
	t->tg->space->data = t->tg;
	ref_get(&t->tg->ref);
	task_publish(t);
}

/* ---- Start ------------------------------------------------------------- */

static void client_lock(void *unused)
{
	klock();
}

static void client_unlock(void *unused)
{
	kunlock();
}

static void client_idle(void *unused)
{
	kernel_idle();
}

static void open_platform(void)
{
	struct platform_options options = {
		.stub_fd = config->fds[BOOT_FD_STUB],
		.log_fd = config->fds[BOOT_FD_LOG],
		.trace_all = config->flags & BOOT_STRACE,
		.client =
			{
				.lock = client_lock,
				.unlock = client_unlock,
				.event = kernel_event,
				.idle = client_idle,
			},
	};
	static char why[512];
	int ret;

	ret = platform_choose(
		config->platform, &platform_ops, why, sizeof(why));
	result.platform_why = why;
	if (ret < 0)
		fail(125, "no platform can run here: %s; see 'sandbox check'",
			why);
	if (why[0])
		log_info("platform %s is used instead: %s", platform_ops->name,
			why);
	ret = platform_ops->open(&options, &platform);
	if (ret < 0)
		fail(125, "platform %s does not start: %s", platform_ops->name,
			strerror(-ret));
}

static void register_types(void)
{
	pidfd_file_create = pidfd_file_new;
	pidfd_group = file_pidfd_group;
	init_has_stopped = tell_stopped;
	host_terminal_open = hostfd_open_terminal;
	kernel_init_exited = init_exited;
	pipe_register();
	mounts_register();
}

static void seed_hashes(void)
{
	uint64_t seed = 0;

	if (host_random(&seed, sizeof(seed)) < 0)
		seed = (uint64_t)monotonic_now();
	hash_seed(seed);
}

static void receive(void)
{
	int ret = boot_recv(BOOT_SOCKET, &config);

	if (ret < 0) {
		dprintf(STDERR_FILENO,
			"sentry: no configuration on descriptor %d (%s); it is "
			"started by 'sandbox run'\n",
			BOOT_SOCKET, strerror(-ret));
		_exit(125);
	}
	log_open("sentry", config->fds[BOOT_FD_LOG],
		config->flags & BOOT_DEBUG ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN);
	sandbox_limits.tasks = config->limits.tasks;
	sandbox_limits.memory_files = config->limits.memory_files;
	file_limit = sandbox_limits.files;
	if (config->hostname && config->hostname[0])
		uts_set_nodename(config->hostname, strlen(config->hostname));
	result.walls = config->walls;
}

/* For `sandbox check`: every wall and every platform, but no program. */
static void probe(void)
{
	probe_platforms(&result);
	sentry_lock_down(&result.walls, "");
	finish();
}

int main(void)
{
	struct mount_ns *ns;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* the limit of the host: EFBIG */
	klock();
	receive();
	if (evloop_open() < 0 || timers_open() < 0)
		fail(125, "no event loop: %s", strerror(errno));
	seed_hashes();
	for (int i = 0; i < 3; i++)
		streams[i] = hostfd_private(i);
	proc_open_host();
	proc_set_broker(config->fds[BOOT_FD_BROKER]);
	lockdown_enter(
		&result.walls, config->host_id, config->fds[BOOT_FD_STUB]);
	register_types();
	if (config->flags & BOOT_PROBE)
		probe();
	open_platform();
	trace_start(config->fds[BOOT_FD_STRACE], config->flags & BOOT_COUNT);
	ns = mounts_make(config, fail);
	init_task = create_init(ns);
	enter_cwd(init_task);
	boot_program(init_task);
	if (evloop_start(kernel_idle) < 0)
		fail(125, "cannot start the event thread");
	sentry_lock_down(&result.walls, platform_ops->name);
	evloop_add(&launcher, EPOLLIN);
	kunlock();
	platform_ops->run(platform);
	klock();
	/* All guests are gone without an exit of the first: it was killed. */
	result.outcome = BOOT_EXITED;
	result.status = SIGKILL;
	finish();
}
