/*
 * Tasks and thread groups: birth, names, death.
 *
 * Process ids are the sentry's own: counted up from 1, wrapping at PID_LIMIT.
 * A number stays taken while a thread, a process, a process group or a
 * session has it. The pid table finds tasks by thread id, and process groups
 * by scanning their sessions' members (there are few).
 */
#include "sentry/kernel/task.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "lib/checked.h"
#include "lib/hash.h"
#include "sentry/kernel/fdtable.h"
#include "sentry/kernel/fsctx.h"
#include "sentry/kernel/kernel.h"
#include "sentry/vfs/vfs.h"

#define PID_LIMIT   4194304
#define PID_BUCKETS 4096

struct task *current;
struct task *init_task;
struct sandbox_limits sandbox_limits = {
	.tasks = 4096,
	.memory_files = UINT64_C(1) << 30,
	.files = 65536,
};

static struct list pid_table[PID_BUCKETS];
static size_t tasks_alive; /* created, not yet unpublished or discarded */
static size_t tasks_peak;
static int last_pid;
static struct list all_groups = LIST_INIT(all_groups);

static struct list *bucket(int pid)
{
	struct list *head = &pid_table[(unsigned int)pid % PID_BUCKETS];

	if (!head->next)
		list_init(head);
	return head;
}

size_t task_count(void)
{
	return tasks_alive;
}

size_t task_count_peak(void)
{
	return tasks_peak;
}

static struct task *lookup(int pid)
{
	struct list *head = bucket(pid);
	struct task *t;

	list_for_each(t, head, pid_node) if (t->pid == pid) return t;
	return NULL;
}

struct task *task_find(int pid)
{
	struct task *t = pid > 0 ? lookup(pid) : NULL;

	return t && t->state != TASK_DEAD ? task_get(t) : NULL;
}

struct thread_group *thread_group_find(int tgid)
{
	struct task *t = tgid > 0 ? lookup(tgid) : NULL;

	if (!t || t->tg->tgid != tgid)
		return NULL;
	ref_get(&t->tg->ref);
	return t->tg;
}

/*
 * By a list of all groups in order of birth: a scan of the pid table would
 * grow with the highest pid ever given out.
 */
void thread_group_each(
	void (*fn)(struct thread_group *tg, void *data), void *data)
{
	struct thread_group *tg, *next;

	list_for_each_safe(tg, next, &all_groups, all_node) fn(tg, data);
}

struct thread_group *thread_group_next(int tgid)
{
	struct thread_group *tg, *best = NULL;

	list_for_each(tg, &all_groups,
		all_node) if (tg->tgid >= tgid &&
			      (!best || tg->tgid < best->tgid)) best = tg;
	if (best)
		ref_get(&best->ref);
	return best;
}

int pid_last(void)
{
	return last_pid;
}

struct group_search {
	int pgid;
	struct process_group *found;
};

static void match_group(struct thread_group *tg, void *data)
{
	struct group_search *search = data;

	if (!search->found && tg->group && tg->group->pgid == search->pgid)
		search->found = tg->group;
}

struct process_group *process_group_find(int pgid)
{
	struct group_search search = {.pgid = pgid};

	if (pgid > 0)
		thread_group_each(match_group, &search);
	if (search.found)
		ref_get(&search.found->ref);
	return search.found;
}

static bool pid_taken(int pid)
{
	struct process_group *group;

	if (lookup(pid))
		return true;
	/* A leader that is gone may have left its group or session behind. */
	group = process_group_find(pid);
	if (!group)
		return false;
	process_group_put(group);
	return true;
}

static int pid_allocate(void)
{
	static bool wrapped; /* before that, no number was ever used */

	for (int tries = 0; tries < PID_LIMIT; tries++) {
		if (++last_pid >= PID_LIMIT) {
			last_pid = 300;
			wrapped = true;
		}
		if (!wrapped || !pid_taken(last_pid))
			return last_pid;
	}
	return -EAGAIN;
}

/* ---- Signal handlers --------------------------------------------------- */

struct sighand *sighand_new(void)
{
	struct sighand *sighand = alloc_zero(sighand);

	if (sighand)
		ref_init(&sighand->ref);
	return sighand;
}

struct sighand *sighand_copy(const struct sighand *sighand)
{
	struct sighand *copy = sighand_new();

	if (copy)
		memcpy(copy->action, sighand->action, sizeof(copy->action));
	return copy;
}

void sighand_put(struct sighand *sighand)
{
	if (sighand && ref_put(&sighand->ref))
		free(sighand);
}

/* ---- Thread groups ----------------------------------------------------- */

static void default_rlimits(struct guest_rlimit *limits)
{
	struct rlimit host;

	for (int i = 0; i < GUEST_RLIM_NLIMITS; i++) {
		limits[i].cur = GUEST_RLIM_INFINITY;
		limits[i].max = GUEST_RLIM_INFINITY;
		if (getrlimit((__rlimit_resource_t)i, &host) == 0) {
			limits[i].cur = host.rlim_cur;
			limits[i].max = host.rlim_max;
		}
	}
}

static void inherit_group(
	struct thread_group *tg, const struct thread_group *from)
{
	memcpy(tg->rlimits, from->rlimits, sizeof(tg->rlimits));
	tg->oom_score_adj = from->oom_score_adj;
	tg->personality = from->personality;
}

static struct thread_group *thread_group_new(const struct task_spec *spec)
{
	struct thread_group *tg = alloc_zero(tg);

	if (!tg)
		return NULL;
	if (spec->like && spec->share_sighand) {
		tg->sighand = spec->like->tg->sighand;
		ref_get(&tg->sighand->ref);
	} else if (spec->like) {
		tg->sighand = sighand_copy(spec->like->tg->sighand);
	} else {
		tg->sighand = sighand_new();
	}
	if (!tg->sighand) {
		free(tg);
		return NULL;
	}
	ref_init(&tg->ref);
	list_init(&tg->threads);
	list_init(&tg->children);
	list_init(&tg->sibling);
	list_init(&tg->all_node);
	list_init(&tg->group_node);
	list_init(&tg->posix_timers);
	sigqueue_init(&tg->pending);
	waitq_init(&tg->signal_waitq);
	waitq_init(&tg->child_waitq);
	waitq_init(&tg->exit_waitq);
	tg->exit_signal = spec->exit_signal;
	tg->parent = spec->parent;
	tg->start_time = monotonic_now();
	if (spec->like)
		inherit_group(tg, spec->like->tg);
	else
		default_rlimits(tg->rlimits);
	cpu_limit_init(tg);
	cpu_limit_changed(tg);
	return tg;
}

void thread_group_put(struct thread_group *tg)
{
	if (!tg || !ref_put(&tg->ref))
		return;
	cpu_limit_cancel(tg);
	itimers_destroy(tg);
	posix_timers_destroy(tg);
	sigqueue_clear(&tg->pending);
	waitq_finish(&tg->signal_waitq);
	waitq_finish(&tg->child_waitq);
	waitq_finish(&tg->exit_waitq);
	sighand_put(tg->sighand);
	free(tg);
}

/* ---- Tasks ------------------------------------------------------------- */

void task_set_exe(struct task *t, struct file *file)
{
	struct file *old = t->exe;

	t->exe = NULL;
	if (file && inode_deny_write(file->inode) == 0)
		t->exe = file_get(file);
	if (old) {
		inode_allow_write(old->inode);
		file_put(old);
	}
}

static void inherit_task(struct task *t, const struct task *from)
{
	t->blocked = from->blocked;
	memcpy(t->comm, from->comm, sizeof(t->comm));
	task_set_exe(t, from->exe);
	t->no_new_privs = from->no_new_privs;
	t->timer_slack = from->timer_slack;
	sched_inherit(&t->sched, &from->sched);
	t->altstack = from->altstack;
}

static void count_processes(struct thread_group *tg, void *data)
{
	const struct cred *cred = ((void **)data)[0];
	size_t *count = ((void **)data)[1];

	if (tg->leader && tg->leader->cred &&
		tg->leader->cred->uid == cred->uid)
		*count += tg->thread_count;
}

/* RLIMIT_NPROC counts the threads of one user (getrlimit(2)). */
static bool nproc_exceeded(const struct task *like)
{
	uint64_t limit = like->tg->rlimits[RLIMIT_NPROC].cur;
	size_t count = 0;
	void *data[2] = {like->cred, &count};

	if (limit >= sandbox_limits.tasks || like->cred->uid == 0)
		return false;
	thread_group_each(count_processes, data);
	return count >= limit;
}

int task_create(const struct task_spec *spec, struct task **out)
{
	struct task *t;
	int pid;

	if (tasks_alive >= sandbox_limits.tasks)
		return -EAGAIN;
	if (spec->like && nproc_exceeded(spec->like))
		return -EAGAIN;
	t = alloc_zero(t);
	if (!t)
		return -ENOMEM;
	if (spec->tg) {
		t->tg = spec->tg;
		ref_get(&t->tg->ref);
	} else {
		t->tg = thread_group_new(spec);
	}
	pid = t->tg ? pid_allocate() : -ENOMEM;
	if (pid < 0) {
		thread_group_put(t->tg);
		free(t);
		return pid;
	}
	ref_init(&t->ref);
	t->pid = pid;
	if (!spec->tg) {
		t->tg->tgid = pid;
		t->tg->leader = t;
	}
	list_init(&t->thread_node);
	list_init(&t->pid_node);
	list_init(&t->call.ready_node);
	list_init(&t->continue_node);
	t->interrupted_nr = -1;
	sigqueue_init(&t->pending);
	t->altstack.flags = 2; /* SS_DISABLE */
	t->timer_slack = 50000;
	t->start_time = monotonic_now();
	t->state = TASK_NEW;
	if (spec->like)
		inherit_task(t, spec->like);
	else
		sched_init(&t->sched);
	tasks_alive++;
	tasks_peak = MAX(tasks_peak, tasks_alive);
	*out = t;
	return 0;
}

struct task *task_get(struct task *t)
{
	ref_get(&t->ref);
	return t;
}

static void task_free(struct task *t)
{
	sigqueue_clear(&t->pending);
	task_set_exe(t, NULL);
	mm_put(t->mm);
	cred_put(t->cred);
	thread_group_put(t->tg);
	free(t);
}

void task_put(struct task *t)
{
	if (t && ref_put(&t->ref))
		task_free(t);
}

void task_discard(struct task *t)
{
	tasks_alive--;
	if (t->fds)
		fdtable_put(t->fds);
	if (t->fs)
		fsctx_put(t->fs);
	t->fds = NULL;
	t->fs = NULL;
	task_put(t);
}

void task_publish(struct task *t)
{
	struct thread_group *tg = t->tg;

	list_add(bucket(t->pid), &t->pid_node);
	list_add_tail(&tg->threads, &t->thread_node);
	tg->thread_count++;
	if (tg->leader == t) {
		list_add_tail(&all_groups, &tg->all_node);
		if (tg->parent)
			list_add_tail(&tg->parent->children, &tg->sibling);
	}
	t->state = TASK_RUNNING;
}

void task_unpublish(struct task *t)
{
	list_del(&t->pid_node);
	list_del(&t->thread_node);
	if (t->tg->leader == t)
		list_del(&t->tg->all_node);
	tasks_alive--;
}

void task_become_leader(struct task *t)
{
	struct thread_group *tg = t->tg;
	struct task *old = tg->leader;
	int pid = t->pid;

	list_del(&t->pid_node);
	list_del(&old->pid_node);
	t->pid = old->pid;
	old->pid = pid;
	list_add(bucket(t->pid), &t->pid_node);
	list_add(bucket(old->pid), &old->pid_node);
	tg->leader = t;
}
