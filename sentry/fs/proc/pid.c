/*
 * /proc/PID and /proc/PID/task/TID.
 *
 * key[0] is the thread id. What tells of a process's memory or files asks
 * proc_may_look() first, as Linux asks ptrace_may_access().
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "lib/checked.h"
#include "sentry/fs/proc/internal.h"
#include "sentry/kernel/fdtable.h"
#include "sentry/kernel/fsctx.h"
#include "sentry/kernel/posix_timer.h"
#include "sentry/mm/uaccess.h"

#define TICKS_PER_SECOND 100
#define CAP_SYS_PTRACE_  19
#define ARGS_MAX         (2u << 20)

struct task *proc_task(const struct pseudo_inode *pi)
{
	return task_find((int)pi->key[0]);
}

bool proc_may_look(const struct task *t)
{
	const struct cred *us = current ? current->cred : NULL;
	const struct cred *them = t->cred;

	if (!us || current->tg == t->tg)
		return true;
	if (cred_capable(us, CAP_SYS_PTRACE_))
		return true;
	return us->fsuid == them->uid && us->fsuid == them->euid &&
	       us->fsuid == them->suid && us->fsgid == them->gid &&
	       us->fsgid == them->egid && us->fsgid == them->sgid &&
	       (!t->mm || t->mm->dumpable == 1);
}

void proc_path_name(struct path path, char *buf, size_t size)
{
	char *name = NULL;

	if (current && current->fs)
		name = path_name(path, current->fs->root, buf, size);
	if (name)
		memmove(buf, name, strlen(name) + 1);
	else
		buf[0] = 0;
}

/* Runs show with the task, if it is there and may be looked into. */
static int with_task(struct pseudo_inode *pi, struct output *out, bool guarded,
	int (*show)(struct task *t, struct output *out))
{
	struct task *t = proc_task(pi);
	int ret;

	if (!t)
		return -ESRCH;
	ret = guarded && !proc_may_look(t) ? -EACCES : show(t, out);
	task_put(t);
	return ret;
}

#define TASK_FILE(name, guarded)                                               \
	static int show_##name(struct pseudo_inode *pi, struct output *out)    \
	{                                                                      \
		return with_task(pi, out, guarded, task_##name);               \
	}

/* ---- stat, status ------------------------------------------------------ */

/* Waiting in a call or in the host: asleep; else it runs. */
static char state_letter(const struct task *t)
{
	if (t->tg->zombie || t->state == TASK_ZOMBIE)
		return 'Z';
	if (t->tg->stopped)
		return 'T';
	if (t->call.parked || t->vfork_waits)
		return 'S';
	return 'R';
}

static const char *state_word(char letter)
{
	switch (letter) {
	case 'Z':
		return "Z (zombie)";
	case 'T':
		return "T (stopped)";
	case 'S':
		return "S (sleeping)";
	default:
		return "R (running)";
	}
}

/* A name as status shows it: no control characters. */
static void add_comm(struct output *out, const char *comm)
{
	for (; *comm; comm++) {
		if (*comm == '\n')
			output_printf(out, "\\n");
		else if (*comm == '\\')
			output_printf(out, "\\\\");
		else
			output_add(out, comm, 1);
	}
}

static void add_ids(struct output *out, const struct task *t)
{
	const struct cred *c = t->cred;

	output_printf(out,
		"Tgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\nTracerPid:\t0\n"
		"Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\nFDSize:\t%zu\n"
		"Groups:\t",
		t->tg->tgid, t->pid, t->tg->parent ? t->tg->parent->tgid : 0,
		c->uid, c->euid, c->suid, c->fsuid, c->gid, c->egid, c->sgid,
		c->fsgid, t->fds ? t->fds->size : 0);
	for (size_t i = 0; i < c->group_count; i++)
		output_printf(out, "%u ", c->groups[i]);
	output_printf(out,
		"\nNStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n",
		t->tg->tgid, t->pid, t->tg->group ? t->tg->group->pgid : 0,
		t->tg->group ? t->tg->group->session->sid : 0);
}

static void add_memory(struct output *out, struct task *t)
{
	struct proc_memory m = {0};

	if (!t->mm || t->tg->zombie)
		return;
	proc_read_memory(t, &m);
	output_printf(out,
		"VmPeak:\t%8llu kB\nVmSize:\t%8llu kB\nVmLck:\t%8llu kB\n"
		"VmPin:\t%8u kB\nVmHWM:\t%8llu kB\nVmRSS:\t%8llu kB\n"
		"RssAnon:\t%8llu kB\nRssFile:\t%8llu kB\n"
		"RssShmem:\t%8llu kB\nVmData:\t%8llu kB\nVmStk:\t%8llu kB\n"
		"VmExe:\t%8llu kB\nVmLib:\t%8llu kB\nVmPTE:\t%8llu kB\n"
		"VmSwap:\t%8llu kB\nHugetlbPages:\t%8u kB\n"
		"CoreDumping:\t0\nTHP_enabled:\t1\n",
		(unsigned long long)m.peak, (unsigned long long)m.size,
		(unsigned long long)m.locked, 0, (unsigned long long)m.hwm,
		(unsigned long long)m.rss, (unsigned long long)m.rss_anon,
		(unsigned long long)m.rss_file, (unsigned long long)m.rss_shmem,
		(unsigned long long)m.data, (unsigned long long)m.stack,
		(unsigned long long)m.exe, (unsigned long long)m.lib,
		(unsigned long long)m.pte, (unsigned long long)m.swap, 0);
}

struct signal_sets {
	sigset_mask ignored, caught;
};

static struct signal_sets signal_sets(const struct task *t)
{
	struct signal_sets sets = {0};

	for (int signo = 1; signo <= NSIG_GUEST; signo++) {
		uaddr_t handler = t->tg->sighand->action[signo - 1].handler;

		if (handler == 1)
			sets.ignored |= SIGMASK(signo);
		else if (handler)
			sets.caught |= SIGMASK(signo);
	}
	return sets;
}

static void add_signals(struct output *out, const struct task *t)
{
	struct signal_sets sets = signal_sets(t);

	output_printf(out,
		"Threads:\t%zu\nSigQ:\t0/%llu\nSigPnd:\t%016llx\n"
		"ShdPnd:\t%016llx\nSigBlk:\t%016llx\nSigIgn:\t%016llx\n"
		"SigCgt:\t%016llx\n",
		t->tg->thread_count,
		(unsigned long long)task_rlimit(t, RLIMIT_SIGPENDING),
		(unsigned long long)t->pending.pending,
		(unsigned long long)t->tg->pending.pending,
		(unsigned long long)t->blocked,
		(unsigned long long)sets.ignored,
		(unsigned long long)sets.caught);
}

/* The processors t may use, as a mask and as a list of ranges. */
static void add_affinity(struct output *out, const struct task *t)
{
	const uint64_t *mask = t->sched.affinity;

	output_printf(out, "Cpus_allowed:\t%llx\nCpus_allowed_list:\t",
		(unsigned long long)mask[0]);
	output_ranges(out, mask, sched_cpumask_size() * 8);
	output_printf(out, "\n");
}

static int task_status(struct task *t, struct output *out)
{
	const struct cred *c = t->cred;

	output_printf(out, "Name:\t");
	add_comm(out, t->comm);
	output_printf(out, "\nUmask:\t%04o\nState:\t%s\n",
		t->fs ? t->fs->umask : 022, state_word(state_letter(t)));
	add_ids(out, t);
	add_memory(out, t);
	add_signals(out, t);
	output_printf(out,
		"CapInh:\t%016llx\nCapPrm:\t%016llx\nCapEff:\t%016llx\n"
		"CapBnd:\t%016llx\nCapAmb:\t%016llx\nNoNewPrivs:\t%d\n"
		"Seccomp:\t0\nSeccomp_filters:\t0\n"
		"Speculation_Store_Bypass:\tnot vulnerable\n"
		"SpeculationIndirectBranch:\tunknown\n",
		(unsigned long long)c->cap_inheritable,
		(unsigned long long)c->cap_permitted,
		(unsigned long long)c->cap_effective,
		(unsigned long long)c->cap_bounding,
		(unsigned long long)c->cap_ambient, t->no_new_privs);
	add_affinity(out, t);
	output_printf(out, "Mems_allowed:\t1\nMems_allowed_list:\t0\n"
			   "voluntary_ctxt_switches:\t0\n"
			   "nonvoluntary_ctxt_switches:\t0\n");
	return 0;
}
TASK_FILE(status, false)

static long long ticks(uint64_t us)
{
	return (long long)(us / (1000000 / TICKS_PER_SECOND));
}

static int task_stat(struct task *t, struct output *out)
{
	struct task_usage usage = group_usage(t->tg);
	const struct task_usage *cu = &t->tg->children_usage;
	const struct process_group *group = t->tg->group;
	struct signal_sets sets = signal_sets(t);
	struct proc_memory m = {0};
	bool look = proc_may_look(t);
	const struct mm *mm = t->mm;

	if (mm && !t->tg->zombie)
		proc_read_memory(t, &m);
	output_printf(out,
		"%d (%s) %c %d %d %d 0 -1 4194304 %llu %llu %llu "
		"%llu %lld %lld %lld %lld %d %d %zu 0 %lld %llu %llu "
		"%llu ",
		t->pid, t->comm, state_letter(t),
		t->tg->parent ? t->tg->parent->tgid : 0,
		group ? group->pgid : 0, group ? group->session->sid : 0,
		(unsigned long long)usage.minflt,
		(unsigned long long)cu->minflt,
		(unsigned long long)usage.majflt,
		(unsigned long long)cu->majflt, ticks(usage.utime_us),
		ticks(usage.stime_us), ticks(cu->utime_us), ticks(cu->stime_us),
		20 + t->sched.nice, t->sched.nice, t->tg->thread_count,
		ticks((uint64_t)(t->start_time / 1000 +
				 (clock_now(CLOCK_BOOTTIME) - monotonic_now()) /
					 1000)),
		(unsigned long long)m.size * 1024,
		(unsigned long long)m.rss / 4,
		(unsigned long long)task_rlimit(t, RLIMIT_RSS));
	output_printf(out,
		"%llu %llu %llu 0 0 %llu %llu %llu %llu 0 0 0 %d 0 0 "
		"0 0 0 0 ",
		look && mm ? (unsigned long long)mm->start_code : 1,
		look && mm ? (unsigned long long)mm->end_code : 1,
		look && mm ? (unsigned long long)mm->start_stack : 0,
		(unsigned long long)(t->pending.pending & 0x7fffffff),
		(unsigned long long)(t->blocked & 0x7fffffff),
		(unsigned long long)(sets.ignored & 0x7fffffff),
		(unsigned long long)(sets.caught & 0x7fffffff),
		t->tg->exit_signal);
	output_printf(out, "%llu %llu %llu %llu %llu %llu %llu %d\n",
		look && mm ? (unsigned long long)mm->start_data : 0,
		look && mm ? (unsigned long long)mm->end_data : 0,
		look && mm ? (unsigned long long)mm->start_brk : 0,
		look && mm ? (unsigned long long)mm->arg_start : 0,
		look && mm ? (unsigned long long)mm->arg_end : 0,
		look && mm ? (unsigned long long)mm->env_start : 0,
		look && mm ? (unsigned long long)mm->env_end : 0,
		look && t->tg->zombie ? t->tg->exit_status : 0);
	return 0;
}
TASK_FILE(stat, false)

static int task_statm(struct task *t, struct output *out)
{
	struct proc_memory m = {0};

	if (t->mm && !t->tg->zombie)
		proc_read_memory(t, &m);
	output_printf(out, "%llu %llu %llu %llu 0 %llu 0\n",
		(unsigned long long)m.size / 4, (unsigned long long)m.rss / 4,
		(unsigned long long)(m.rss_file + m.rss_shmem) / 4,
		(unsigned long long)m.exe / 4,
		(unsigned long long)(m.data + m.stack) / 4);
	return 0;
}
TASK_FILE(statm, false)

/* ---- What exec left in memory ------------------------------------------ */

static int add_guest_bytes(
	struct task *t, struct output *out, uaddr_t start, uaddr_t end)
{
	size_t size = end > start ? MIN(end - start, (uaddr_t)ARGS_MAX) : 0;
	char *buf;

	if (size == 0)
		return 0;
	buf = malloc(size);
	if (!buf)
		return -ENOMEM;
	output_add(out, buf, copy_in_some(t->mm, buf, start, size));
	free(buf);
	return 0;
}

static int task_cmdline(struct task *t, struct output *out)
{
	if (!t->mm)
		return 0;
	return add_guest_bytes(t, out, t->mm->arg_start, t->mm->arg_end);
}
TASK_FILE(cmdline, false)

static int task_environ(struct task *t, struct output *out)
{
	if (!t->mm)
		return 0;
	return add_guest_bytes(t, out, t->mm->env_start, t->mm->env_end);
}
TASK_FILE(environ, true)

static int task_auxv(struct task *t, struct output *out)
{
	if (t->mm)
		output_add(out, t->mm->auxv, t->mm->auxv_size);
	return 0;
}
TASK_FILE(auxv, true)

static int task_maps(struct task *t, struct output *out)
{
	return t->mm && !t->tg->zombie ? proc_show_maps(t, out) : 0;
}
TASK_FILE(maps, true)

static int task_smaps(struct task *t, struct output *out)
{
	return t->mm && !t->tg->zombie ? proc_show_smaps(t, out) : 0;
}
TASK_FILE(smaps, true)

/* ---- Small files ------------------------------------------------------- */

static int task_comm(struct task *t, struct output *out)
{
	output_printf(out, "%s\n", t->comm);
	return 0;
}
TASK_FILE(comm, false)

static ssize_t store_comm(struct pseudo_inode *pi, const char *buf, size_t size)
{
	struct task *t = proc_task(pi);
	size_t length = MIN(size, sizeof(t->comm) - 1);

	if (!t)
		return -ESRCH;
	if (t->tg != current->tg) {
		task_put(t);
		return -EINVAL;
	}
	if (length && buf[length - 1] == '\n')
		length--;
	memset(t->comm, 0, sizeof(t->comm));
	memcpy(t->comm, buf, length);
	task_put(t);
	return (ssize_t)size;
}

static int task_mounts(struct task *t, struct output *out)
{
	return proc_show_mounts(t, out);
}
TASK_FILE(mounts, false)

static int task_mountinfo(struct task *t, struct output *out)
{
	return proc_show_mountinfo(t, out);
}
TASK_FILE(mountinfo, false)

static int task_cgroup(struct task *t, struct output *out)
{
	output_printf(out, "0::/\n");
	return 0;
}
TASK_FILE(cgroup, false)

static int task_oom_score(struct task *t, struct output *out)
{
	output_printf(out, "%d\n", 666);
	return 0;
}
TASK_FILE(oom_score, false)

static int task_oom_score_adj(struct task *t, struct output *out)
{
	output_printf(out, "%d\n", t->tg->oom_score_adj);
	return 0;
}
TASK_FILE(oom_score_adj, false)

static ssize_t store_oom_score_adj(
	struct pseudo_inode *pi, const char *buf, size_t size)
{
	struct task *t = proc_task(pi);
	char *end;
	long value = strtol(buf, &end, 10);
	ssize_t ret = (ssize_t)size;

	if (!t)
		return -ESRCH;
	if (end == buf || (*end && *end != '\n') || value < -1000 ||
		value > 1000)
		ret = -EINVAL;
	else if (value < t->tg->oom_score_adj &&
		 !cred_capable(current->cred, 24 /* CAP_SYS_RESOURCE */))
		ret = -EACCES;
	else
		t->tg->oom_score_adj = (int)value;
	task_put(t);
	return ret;
}

static int task_personality(struct task *t, struct output *out)
{
	output_printf(out, "%08x\n", t->tg->personality);
	return 0;
}
TASK_FILE(personality, true)

static int task_id_map(struct task *t, struct output *out)
{
	output_printf(out, "%10u %10u %10u\n", 0u, 0u, UINT32_MAX);
	return 0;
}
TASK_FILE(id_map, false)

static int task_setgroups(struct task *t, struct output *out)
{
	output_printf(out, "allow\n");
	return 0;
}
TASK_FILE(setgroups, false)

static int task_loginuid(struct task *t, struct output *out)
{
	output_printf(out, "%u", UINT32_MAX);
	return 0;
}
TASK_FILE(loginuid, false)

static int task_limits(struct task *t, struct output *out)
{
	static const struct {
		const char *name;
		const char *unit;
	} rows[GUEST_RLIM_NLIMITS] = {
		[RLIMIT_CPU] = {"Max cpu time", "seconds"},
		[RLIMIT_FSIZE] = {"Max file size", "bytes"},
		[RLIMIT_DATA] = {"Max data size", "bytes"},
		[RLIMIT_STACK] = {"Max stack size", "bytes"},
		[RLIMIT_CORE] = {"Max core file size", "bytes"},
		[RLIMIT_RSS] = {"Max resident set", "bytes"},
		[RLIMIT_NPROC] = {"Max processes", "processes"},
		[RLIMIT_NOFILE] = {"Max open files", "files"},
		[RLIMIT_MEMLOCK] = {"Max locked memory", "bytes"},
		[RLIMIT_AS] = {"Max address space", "bytes"},
		[RLIMIT_LOCKS] = {"Max file locks", "locks"},
		[RLIMIT_SIGPENDING] = {"Max pending signals", "signals"},
		[RLIMIT_MSGQUEUE] = {"Max msgqueue size", "bytes"},
		[RLIMIT_NICE] = {"Max nice priority", ""},
		[RLIMIT_RTPRIO] = {"Max realtime priority", ""},
		[RLIMIT_RTTIME] = {"Max realtime timeout", "us"},
	};

	output_printf(out, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit",
		"Hard Limit", "Units");
	for (int i = 0; i < GUEST_RLIM_NLIMITS; i++) {
		uint64_t values[2] = {
			t->tg->rlimits[i].cur, t->tg->rlimits[i].max};

		output_printf(out, "%-25s ", rows[i].name);
		for (int j = 0; j < 2; j++) {
			if (values[j] == GUEST_RLIM_INFINITY)
				output_printf(out, "%-20s ", "unlimited");
			else
				output_printf(out, "%-20llu ",
					(unsigned long long)values[j]);
		}
		output_printf(out, "%-10s\n", rows[i].unit);
	}
	return 0;
}
TASK_FILE(limits, false)

/* ---- Links to places --------------------------------------------------- */

static struct path place_of(const struct task *t, int64_t which)
{
	struct path none = {0};

	switch (which) {
	case 0:
		return t->fs ? t->fs->cwd : none;
	case 1:
		return t->fs ? t->fs->root : none;
	default:
		return t->exe ? t->exe->path : none;
	}
}

static int follow_place(struct pseudo_inode *pi, struct path *out)
{
	struct task *t = proc_task(pi);
	struct path place;
	int ret = -ENOENT;

	if (!t)
		return -ESRCH;
	place = place_of(t, pi->entry->value);
	if (!proc_may_look(t)) {
		ret = -EACCES;
	} else if (place.dentry) {
		*out = path_get(place);
		ret = 0;
	}
	task_put(t);
	return ret;
}

ssize_t proc_read_link(struct path path, char *buf, size_t size)
{
	char name[VFS_PATH_MAX];
	size_t length;

	proc_path_name(path, name, sizeof(name));
	path_put(path);
	length = MIN(strlen(name), size);
	memcpy(buf, name, length);
	return (ssize_t)length;
}

static ssize_t read_place(struct pseudo_inode *pi, char *buf, size_t size)
{
	struct path path;
	int ret = follow_place(pi, &path);

	return ret < 0 ? ret : proc_read_link(path, buf, size);
}

#define PLACE(n, which)                                                        \
	{                                                                      \
		.name = n, .mode = S_IFLNK | 0777, .readlink = read_place,     \
		.follow = follow_place, .value = which                         \
	}

/* ---- Folders ----------------------------------------------------------- */

static int lookup_thread(struct pseudo_inode *dir, const char *name,
	const struct pseudo_entry **entry, int64_t key[2]);
static bool next_thread(struct pseudo_inode *dir, int64_t *cursor,
	char name[32], const struct pseudo_entry **entry);

static const struct pseudo_folder threads_folder = {
	.lookup = lookup_thread,
	.next = next_thread,
};

#define TASK_ENTRIES                                                           \
	PROC_FILE("auxv", 0400, show_auxv),                                    \
		PROC_FILE("cgroup", 0444, show_cgroup),                        \
		PROC_FILE("cmdline", 0444, show_cmdline),                      \
		PROC_TEXT("comm", 0644, show_comm, store_comm),                \
		PLACE("cwd", 0), PROC_FILE("environ", 0400, show_environ),     \
		PLACE("exe", 2), PROC_DIR("fd", 0500, &proc_fd_folder),        \
		PROC_DIR("fdinfo", 0555, &proc_fdinfo_folder),                 \
		PROC_FILE("gid_map", 0644, show_id_map),                       \
		PROC_FILE("limits", 0444, show_limits),                        \
		PROC_FILE("loginuid", 0644, show_loginuid),                    \
		PROC_FILE("maps", 0444, show_maps),                            \
		PROC_FILE("mountinfo", 0444, show_mountinfo),                  \
		PROC_FILE("mounts", 0444, show_mounts),                        \
		PROC_FILE("oom_score", 0444, show_oom_score),                  \
		PROC_TEXT("oom_score_adj", 0644, show_oom_score_adj,           \
			store_oom_score_adj),                                  \
		PROC_FILE("personality", 0400, show_personality),              \
		PLACE("root", 1),                                              \
		PROC_FILE("setgroups", 0644, show_setgroups),                  \
		PROC_FILE("smaps", 0444, show_smaps),                          \
		PROC_FILE("stat", 0444, show_stat),                            \
		PROC_FILE("statm", 0444, show_statm),                          \
		PROC_FILE("status", 0444, show_status),                        \
		PROC_FILE("uid_map", 0644, show_id_map)

static const struct pseudo_entry process_entries[] = {
	TASK_ENTRIES,
	PROC_DIR("task", 0555, &threads_folder),
};

static const struct pseudo_entry thread_entries[] = {TASK_ENTRIES};

static const struct pseudo_folder process_folder = {
	.entries = process_entries,
	.count = ARRAY_SIZE(process_entries),
};

static const struct pseudo_folder thread_folder = {
	.entries = thread_entries,
	.count = ARRAY_SIZE(thread_entries),
};

const struct pseudo_entry proc_task_entry = PROC_DIR(
	NULL, 0555, &process_folder);
static const struct pseudo_entry thread_entry = PROC_DIR(
	NULL, 0555, &thread_folder);

static int lookup_thread(struct pseudo_inode *dir, const char *name,
	const struct pseudo_entry **entry, int64_t key[2])
{
	struct task *t = proc_task(dir);
	struct task *thread;
	char *end;
	long tid = strtol(name, &end, 10);
	int ret = -ENOENT;

	if (!t)
		return -ENOENT;
	thread = *end || tid <= 0 || tid > INT32_MAX ? NULL
						     : task_find((int)tid);
	if (thread && thread->tg == t->tg) {
		*entry = &thread_entry;
		key[0] = tid;
		ret = 0;
	}
	task_put(thread);
	task_put(t);
	return ret;
}

/* Threads stand in the order of their birth; the smallest not seen is next. */
static bool next_thread(struct pseudo_inode *dir, int64_t *cursor,
	char name[32], const struct pseudo_entry **entry)
{
	struct task *t = proc_task(dir);
	struct task *thread;
	int best = 0;

	if (!t)
		return false;
	list_for_each(thread, &t->tg->threads,
		thread_node) if (thread->pid >= *cursor &&
				 (!best || thread->pid < best))
		best = thread->pid;
	task_put(t);
	if (!best)
		return false;
	*cursor = best + 1;
	snprintf(name, 32, "%d", best);
	*entry = &thread_entry;
	return true;
}
