/*
 * /proc itself: the machine, and a folder for each process.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "lib/checked.h"
#include "sentry/fs/proc/internal.h"
#include "sentry/fs/proc/proc.h"
#include "sentry/kernel/fsctx.h"
#include "sentry/kernel/sched.h"
#include "sentry/kernel/uts.h"

/* ---- Files of the host ------------------------------------------------- */

enum host_file { HOST_CPUINFO, HOST_STAT, HOST_COUNT };

static int host_fds[HOST_COUNT] = {-1, -1};

void proc_open_host(void)
{
	static const char *const names[] = {"/proc/cpuinfo", "/proc/stat"};

	for (int i = 0; i < HOST_COUNT; i++)
		host_fds[i] = open(names[i], O_RDONLY | O_CLOEXEC);
}

static bool add_host_file(struct output *out, enum host_file which)
{
	char buf[4096];
	off_t off = 0;
	ssize_t got;

	if (host_fds[which] < 0)
		return false;
	while ((got = pread(host_fds[which], buf, sizeof(buf), off)) > 0) {
		output_add(out, buf, (size_t)got);
		off += got;
	}
	return off > 0;
}

static int show_cpuinfo(struct pseudo_inode *pi, struct output *out)
{
	if (!add_host_file(out, HOST_CPUINFO))
		output_printf(out,
			"processor\t: 0\nvendor_id\t: unknown\n"
			"model name\t: x86-64\ncpu cores\t: 1\n"
			"flags\t\t: fpu tsc cx8 cmov fxsr sse sse2 ht lm\n");
	return 0;
}

static int show_stat(struct pseudo_inode *pi, struct output *out)
{
	if (!add_host_file(out, HOST_STAT))
		output_printf(out,
			"cpu  0 0 0 0 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0\n"
			"intr 0\nctxt 0\nbtime %lld\nprocesses %zu\n"
			"procs_running 1\nprocs_blocked 0\n",
			(long long)((clock_now(CLOCK_REALTIME) -
					    monotonic_now()) /
				    NSEC_PER_SEC),
			task_count());
	return 0;
}

/* ---- The machine ------------------------------------------------------- */

static int show_meminfo(struct pseudo_inode *pi, struct output *out)
{
	struct sysinfo info;
	unsigned long unit, free_kib;

	if (sysinfo(&info) < 0)
		return -EIO;
	unit = info.mem_unit;
	free_kib = info.freeram * unit / 1024;
	output_printf(out,
		"MemTotal:       %8lu kB\nMemFree:        %8lu kB\n"
		"MemAvailable:   %8lu kB\nBuffers:        %8lu kB\n"
		"Cached:         %8u kB\nSwapCached:     %8u kB\n"
		"Active:         %8u kB\nInactive:       %8u kB\n"
		"SwapTotal:      %8lu kB\nSwapFree:       %8lu kB\n"
		"Dirty:          %8u kB\nWriteback:      %8u kB\n"
		"AnonPages:      %8lu kB\nMapped:         %8u kB\n"
		"Shmem:          %8lu kB\n",
		info.totalram * unit / 1024, free_kib,
		free_kib + info.bufferram * unit / 1024,
		info.bufferram * unit / 1024, 0, 0, 0, 0,
		info.totalswap * unit / 1024, info.freeswap * unit / 1024, 0, 0,
		(info.totalram - info.freeram) * unit / 1024, 0,
		info.sharedram * unit / 1024);
	return 0;
}

static int show_loadavg(struct pseudo_inode *pi, struct output *out)
{
	struct sysinfo info;

	if (sysinfo(&info) < 0)
		return -EIO;
	for (int i = 0; i < 3; i++)
		output_printf(out, "%lu.%02lu ", info.loads[i] >> 16,
			(info.loads[i] & 0xffff) * 100 >> 16);
	output_printf(out, "1/%zu %d\n", task_count(), pid_last());
	return 0;
}

static int show_uptime(struct pseudo_inode *pi, struct output *out)
{
	int64_t now = clock_now(CLOCK_BOOTTIME);

	output_printf(out, "%lld.%02lld 0.00\n",
		(long long)(now / NSEC_PER_SEC),
		(long long)(now % NSEC_PER_SEC / 10000000));
	return 0;
}

static int show_version(struct pseudo_inode *pi, struct output *out)
{
	output_printf(out, "%s version %s (sandbox) %s\n", UTS_SYSNAME,
		UTS_RELEASE, UTS_VERSION);
	return 0;
}

static int show_cmdline(struct pseudo_inode *pi, struct output *out)
{
	output_printf(out, "console=ttyS0\n");
	return 0;
}

static int show_filesystems(struct pseudo_inode *pi, struct output *out)
{
	for (const struct fs_type *type = fs_type_first(); type;
		type = type->next)
		output_printf(out, "%s\t%s\n", type->nodev ? "nodev" : "",
			type->name);
	return 0;
}

static int show_devices(struct pseudo_inode *pi, struct output *out)
{
	output_printf(out, "Character devices:\n  1 mem\n  5 /dev/tty\n"
			   "  5 /dev/ptmx\n136 pts\n\nBlock devices:\n");
	return 0;
}

static int show_nothing(struct pseudo_inode *pi, struct output *out)
{
	return 0;
}

static int show_swaps(struct pseudo_inode *pi, struct output *out)
{
	output_printf(out, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\t"
			   "Priority\n");
	return 0;
}

/* ---- Links ------------------------------------------------------------- */

static ssize_t read_number(char *buf, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static ssize_t read_number(char *buf, size_t size, const char *format, ...)
{
	char text[64];
	va_list ap;
	size_t length;

	va_start(ap, format);
	length = (size_t)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	length = MIN(length, size);
	memcpy(buf, text, length);
	return (ssize_t)length;
}

static ssize_t read_self(struct pseudo_inode *pi, char *buf, size_t size)
{
	return current ? read_number(buf, size, "%d", current->tg->tgid)
		       : -ENOENT;
}

static ssize_t read_thread_self(struct pseudo_inode *pi, char *buf, size_t size)
{
	return current ? read_number(buf, size, "%d/task/%d", current->tg->tgid,
				 current->pid)
		       : -ENOENT;
}

static ssize_t read_mounts_link(struct pseudo_inode *pi, char *buf, size_t size)
{
	return read_number(buf, size, "self/mounts");
}

static ssize_t read_net_link(struct pseudo_inode *pi, char *buf, size_t size)
{
	return read_number(buf, size, "self/net");
}

/* ---- The root folder --------------------------------------------------- */

static int parse_pid(const char *name)
{
	char *end;
	long pid;

	if (name[0] < '1' || name[0] > '9')
		return -1;
	errno = 0;
	pid = strtol(name, &end, 10);
	return *end || errno || pid > INT32_MAX ? -1 : (int)pid;
}

/* Threads can be looked up by number, too, but are not listed. */
static int lookup_pid(struct pseudo_inode *dir, const char *name,
	const struct pseudo_entry **entry, int64_t key[2])
{
	int pid = parse_pid(name);
	struct task *t = pid > 0 ? task_find(pid) : NULL;

	if (!t)
		return -ENOENT;
	task_put(t);
	*entry = &proc_task_entry;
	key[0] = pid;
	key[1] = 0;
	return 0;
}

static bool next_pid(struct pseudo_inode *dir, int64_t *cursor, char name[32],
	const struct pseudo_entry **entry)
{
	struct thread_group *tg = thread_group_next((int)*cursor);

	if (!tg)
		return false;
	*cursor = tg->tgid + 1;
	snprintf(name, 32, "%d", tg->tgid);
	*entry = &proc_task_entry;
	thread_group_put(tg);
	return true;
}

static const struct pseudo_entry root_entries[] = {
	PROC_FILE("cmdline", 0444, show_cmdline),
	PROC_FILE("cpuinfo", 0444, show_cpuinfo),
	PROC_FILE("devices", 0444, show_devices),
	PROC_FILE("filesystems", 0444, show_filesystems),
	PROC_FILE("loadavg", 0444, show_loadavg),
	PROC_FILE("meminfo", 0444, show_meminfo),
	PROC_FILE("modules", 0444, show_nothing),
	PROC_LINK("mounts", read_mounts_link, NULL),
	PROC_LINK("net", read_net_link, NULL),
	PROC_LINK("self", read_self, NULL),
	PROC_FILE("stat", 0444, show_stat),
	PROC_FILE("swaps", 0444, show_swaps),
	PROC_DIR("sys", 0555, &proc_sys_folder),
	PROC_LINK("thread-self", read_thread_self, NULL),
	PROC_FILE("uptime", 0444, show_uptime),
	PROC_FILE("version", 0444, show_version),
};

static const struct pseudo_folder root_folder = {
	.entries = root_entries,
	.count = ARRAY_SIZE(root_entries),
	.lookup = lookup_pid,
	.next = next_pid,
};

static const struct pseudo_entry root_entry = PROC_DIR("", 0555, &root_folder);

/* ---- The filesystem ---------------------------------------------------- */

static int proc_statfs(struct fs *fs, struct fs_statfs *out)
{
	out->type = 0x9fa0; /* PROC_SUPER_MAGIC */
	out->bsize = 4096;
	out->namelen = VFS_NAME_MAX;
	return 0;
}

static void proc_getattr(struct pseudo_inode *pi)
{
	struct task *t = pi->key[0] ? proc_task(pi) : NULL;

	if (!t || !t->cred) {
		task_put(t);
		return;
	}
	pi->inode.attr.uid = t->cred->euid;
	pi->inode.attr.gid = t->cred->egid;
	task_put(t);
	proc_fd_getattr(pi);
}

static bool proc_alive(const struct pseudo_inode *pi)
{
	struct task *t;

	if (pi->key[0] == 0)
		return true;
	t = proc_task(pi);
	task_put(t);
	return t;
}

static struct pseudo_fs_ops proc_ops = {
	.fs =
		{
			.name = "proc",
			.statfs = proc_statfs,
		},
	.getattr = proc_getattr,
	.alive = proc_alive,
};

static int proc_mount(const char *source, const char *data, struct fs **out)
{
	return pseudo_fs_new(
		&proc_ops, source ? source : "proc", &root_entry, out);
}

struct fs_type proc_type = {
	.name = "proc",
	.user_mount = true,
	.nodev = true,
	.mount = proc_mount,
};
