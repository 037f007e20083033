/*
 * The small sentry: one table of tasks, one timer thread, no policy.
 *
 * It holds a parent back for its vfork child only as far as the platform
 * needs it to: not at all.
 */
#include "tests/unit/platform_sentry.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/checked.h"
#include "lib/list.h"
#include "platform/native.h"
#include "tests/unit/platform_guest.h"

enum wish { WISH_NONE, WISH_INTERRUPT, WISH_PARK_END };

struct task {
	struct list link;
	struct thread *thread;
	struct space *space;
	bool leader; /* of the first process */
	uaddr_t handler;
	struct start start;
	struct host_call calls[4];
	int fds[1];
	bool loading;
	bool zygote;
	bool marked; /* interrupted by its own wish */
	enum wish wish;
	uint64_t wish_at; /* ns */
	long parked_value;
};

struct sentry {
	const struct platform_ops *ops;
	struct platform *platform;
	struct outcome *out;
	struct script script;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct list tasks;
	struct space *first;
	int guest_fd;
	uaddr_t entry;
	uint64_t guest_size;
	uint64_t start_ns;
	unsigned int zombies; /* processes that died and nobody waited for */
	struct task *waiter;  /* borrowed: parked in CALL_WAIT */
	bool over;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void lock(void *data)
{
	pthread_mutex_lock(&((struct sentry *)data)->lock);
}

static void unlock(void *data)
{
	pthread_mutex_unlock(&((struct sentry *)data)->lock);
}

static void idle(void *data)
{
	(void)data;
}

static struct task *task_new(
	struct sentry *s, struct thread *thread, struct space *space)
{
	struct task *t = alloc_zero(t);

	if (t == NULL)
		abort();
	t->thread = thread;
	t->space = space;
	thread->data = t;
	list_add_tail(&s->tasks, &t->link);
	return t;
}

static void task_free(struct sentry *s, struct task *t)
{
	if (s->waiter == t)
		s->waiter = NULL;
	list_del(&t->link);
	s->ops->thread_put(t->thread);
	free(t);
}

/* The first part of the load: text, then stacks for threads. */
static void load(struct sentry *s, struct task *t)
{
	t->loading = true;
	t->fds[0] = s->guest_fd;
	t->calls[0] = (struct host_call){
		.nr = SYS_mmap,
		.args = {GUEST_BASE, s->guest_size,
			PROT_READ | PROT_WRITE | PROT_EXEC,
			MAP_PRIVATE | MAP_FIXED, 0, 0},
		.fd_arg = 4,
		.must_succeed = true,
	};
	t->calls[1] = (struct host_call){
		.nr = SYS_mmap,
		.args = {GUEST_STACKS, GUEST_STACKS_SIZE,
			PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, (uint64_t)-1,
			0},
		.fd_arg = -1,
		.must_succeed = true,
	};
	if (s->ops->thread_call(t->thread, t->calls, 2, t->fds, 1) < 0)
		abort();
}

static void loaded(struct sentry *s, struct task *t)
{
	t->loading = false;
	if (t->calls[0].result < 0 || t->calls[1].result < 0) {
		s->ops->space_kill(t->space);
		return;
	}
	s->ops->thread_enter(t->thread, s->entry, t->start.sp);
}

static void answer(struct sentry *s, const struct event *e, long value)
{
	if (e->stopped)
		s->ops->thread_resume_value(e->thread, value);
	else
		s->ops->thread_return(e->thread, value);
}

static void wish(struct sentry *s, struct task *t, enum wish what, uint64_t ms)
{
	t->wish = what;
	t->wish_at = now_ns() + ms * 1000000u;
	pthread_cond_signal(&s->changed);
}

static void map_file(struct sentry *s, struct task *t, const struct event *e)
{
	struct iovec remote = {(void *)(uintptr_t)e->args[1], 4};
	char text[4];
	struct iovec local = {text, sizeof(text)};

	t->fds[0] = memfd_create("test", MFD_CLOEXEC);
	if (t->fds[0] < 0 ||
		process_vm_readv(
			e->thread->host_tid, &local, 1, &remote, 1, 0) != 4 ||
		write(t->fds[0], text, 4) != 4)
		abort();
	t->calls[0] = (struct host_call){
		.nr = SYS_mmap,
		.args = {e->args[0], 4096, PROT_READ, MAP_SHARED | MAP_FIXED, 0,
			0},
		.fd_arg = 4,
	};
	/* One that the filter hands over, and one that cannot succeed. */
	t->calls[1] = (struct host_call){
		.nr = SYS_mlock, .args = {e->args[0], 4096}, .fd_arg = -1};
	t->calls[2] = (struct host_call){
		.nr = SYS_munlock, .args = {0x1000, 4096}, .fd_arg = -1};
	if (s->ops->thread_call(t->thread, t->calls, 3, t->fds, 1) < 0)
		abort();
}

static void exits(struct sentry *s, struct task *t, const struct event *e)
{
	struct space *space = t->space;
	bool group = e->nr == SYS_exit_group;

	if (group && (space == s->first || s->script.zygote))
		s->out->exit_code = (int)e->args[0];
	s->ops->thread_exit(t->thread, (int)e->args[0]);
	task_free(s, t);
}

static void clones(struct sentry *s, struct task *t, const struct event *e)
{
	const struct clone_request req = {
		.flags = e->args[0] &
			 (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
				 CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS |
				 CLONE_CHILD_CLEARTID),
		.ctid = e->args[3],
		.tls = e->args[4],
	};
	struct regs *r = s->ops->thread_regs(t->thread);
	int ret;

	if (r == NULL)
		return;
	t->start.sp = e->args[1];
	ret = s->ops->thread_clone(t->thread, &req);
	if (ret < 0)
		answer(s, e, ret);
}

static void cloned(struct sentry *s, struct task *t, const struct event *e)
{
	struct task *child;
	struct regs *r;

	if (e->result < 0) {
		s->ops->thread_resume_value(t->thread, e->result);
		return;
	}
	child = task_new(s, e->child, e->child->space);
	child->handler = t->handler;
	child->start = t->start;
	if (t->zygote) {
		load(s, child);
		return;
	}
	r = s->ops->thread_regs(child->thread);
	if (r != NULL && t->start.sp != 0) {
		r->rsp = t->start.sp;
		s->ops->thread_regs_changed(child->thread);
	}
	s->ops->thread_resume_value(t->thread, e->child->host_tid);
	s->ops->thread_resume_value(child->thread, 0);
}

/* The rest of what exec replaced goes; the caller loads the guest anew. */
static void execed(struct sentry *s, struct task *t, const struct event *e)
{
	const struct clone_request fork = {.flags = 0};
	struct task *other, *next;

	if (e->result < 0) {
		s->ops->thread_resume_value(t->thread, e->result);
		return;
	}
	list_for_each_safe(other, next, &s->tasks,
		link) if (other != t && other->space == t->space)
		task_free(s, other);
	t->handler = 0;
	t->wish = WISH_NONE;
	t->start = e->start;
	t->zygote = s->script.zygote && t->space == s->first;
	if (!t->zygote)
		load(s, t);
	else if (s->ops->thread_clone(t->thread, &fork) < 0)
		abort();
}

static void round_fp(struct sentry *s, struct task *t, const struct event *e)
{
	static unsigned char image[16384];
	ssize_t size;
	long ret = -ESRCH;

	size = s->ops->thread_fpstate_get(t->thread, image, sizeof(image));
	if (size > 0) {
		ret = s->ops->thread_fpstate_put(
			t->thread, image, (size_t)size);
		image[24 + 3] = 0xff; /* MXCSR: reserved bits */
		if (ret == 0 && s->ops->thread_fpstate_put(t->thread, image,
					(size_t)size) != -EINVAL)
			ret = -EDOM;
	}
	s->ops->thread_resume_value(t->thread, size < 0 ? size : ret);
}

/* Interrupts some other thread, which then goes. */
static void exit_other(struct sentry *s, const struct task *but)
{
	struct task *t;

	list_for_each(t, &s->tasks, link)
	{
		if (t == but)
			continue;
		t->parked_value = CALL_EXIT_OTHER;
		s->ops->thread_interrupt(t->thread);
		return;
	}
}

static void waits(struct sentry *s)
{
	struct task *t = s->waiter;

	if (t == NULL || s->zombies == 0)
		return;
	s->zombies--;
	s->waiter = NULL;
	s->ops->thread_return(t->thread, 0);
}

static void test_call(struct sentry *s, struct task *t, const struct event *e)
{
	const uint64_t *a = e->args;

	switch (e->nr) {
	case CALL_SUM:
		answer(s, e, (long)(a[0] + a[1] + a[2] + a[3] + a[4] + a[5]));
		return;
	case CALL_INTERRUPT:
		wish(s, t, WISH_INTERRUPT, a[0]);
		break;
	case CALL_PARK:
		wish(s, t, WISH_PARK_END, a[0]);
		t->parked_value = -EINTR;
		return;
	case CALL_HANDLER:
		t->handler = a[0];
		break;
	case CALL_SEEN:
		answer(s, e, a[0] < SEEN_MAX ? s->out->seen[a[0]] : 0);
		return;
	case CALL_STORE:
		if (a[0] < STORES_MAX) {
			s->out->stored[a[0]] = a[1];
			s->out->stored_at[a[0]] = now_ns();
		}
		break;
	case CALL_EXIT_OTHER:
		exit_other(s, t);
		break;
	case CALL_WAIT:
		s->waiter = t;
		waits(s);
		return;
	case CALL_RESET_FP:
	case CALL_ROUND_FP:
		t->wish = WISH_NONE;
		t->parked_value = e->nr;
		s->ops->thread_return_stopped(t->thread, 0);
		return;
	}
	answer(s, e, 0);
}

static void syscalls(struct sentry *s, struct task *t, const struct event *e)
{
	if (e->nr >= 0 && e->nr < SEEN_MAX)
		s->out->seen[e->nr]++;
	if (e->nr == CALL_MAP_FILE) {
		s->ops->thread_return_stopped(t->thread, 0);
		t->parked_value = CALL_MAP_FILE;
		t->handler = e->args[0];
		t->start.sp = e->args[1];
		return;
	}
	if (e->nr >= CALL_FIRST && e->nr <= CALL_LAST) {
		test_call(s, t, e);
		return;
	}
	switch (e->nr) {
	case SYS_getppid:
		answer(s, e, 4242);
		return;
	case SYS_exit:
	case SYS_exit_group:
		exits(s, t, e);
		return;
	case SYS_clone:
		if (!e->stopped)
			abort();
		clones(s, t, e);
		return;
	case SYS_execve:
		if (!e->stopped)
			abort();
		if (s->ops->thread_exec(t->thread, e->args[1], e->args[2]) < 0)
			abort();
		return;
	}
	if (!e->stopped && s->script.trace_all &&
		native_allowed(e->nr, e->args))
		s->ops->thread_continue(t->thread);
	else
		answer(s, e, -ENOSYS);
}

static void interrupted(struct sentry *s, struct task *t, const struct event *e)
{
	struct regs *r = s->ops->thread_regs(t->thread);
	struct event call = {.kind = EVENT_SYSCALL};

	if (r == NULL)
		return;
	if (t->parked_value == CALL_MAP_FILE) {
		call.thread = t->thread;
		call.args[0] = t->handler;
		call.args[1] = t->start.sp;
		t->parked_value = 0;
		map_file(s, t, &call);
		return;
	}
	if (t->parked_value == CALL_ROUND_FP) {
		t->parked_value = 0;
		round_fp(s, t, e);
		return;
	}
	if (t->parked_value == CALL_EXIT_OTHER) {
		s->ops->thread_exit(t->thread, 0);
		task_free(s, t);
		return;
	}
	if (t->parked_value == CALL_RESET_FP) {
		t->parked_value = 0;
		s->ops->thread_fpstate_put(t->thread, NULL, 0);
		s->ops->thread_resume(t->thread);
		return;
	}
	/* A broken off native call is made again; a loop gets the mark. */
	if (t->marked && e->nr < 0 && (long)r->rax == 0) {
		t->marked = false;
		r->rax = INTERRUPT_MARK;
		s->ops->thread_regs_changed(t->thread);
	}
	if (e->nr >= 0)
		s->out->stored[7] = (uint64_t)e->nr;
	s->ops->thread_resume(t->thread);
}

static void faulted(struct sentry *s, struct task *t, const struct event *e)
{
	struct regs *r = s->ops->thread_regs(t->thread);

	if (r == NULL || t->handler == 0) {
		s->ops->space_kill(t->space);
		return;
	}
	r->rip = t->handler;
	r->rsp = (r->rsp - 4096) & ~(uint64_t)15;
	r->rsp -= 8;
	r->rdi = (uint64_t)e->fault.signo;
	r->rsi = e->fault.addr;
	s->ops->thread_regs_changed(t->thread);
	s->ops->thread_resume(t->thread);
}

static void died(struct sentry *s, const struct event *e)
{
	struct task *t, *next;

	s->out->dead++;
	if (s->script.zygote && e->space != s->first)
		s->ops->space_kill(s->first);
	if (WIFSIGNALED(e->status))
		s->out->killed++;
	if (e->space == s->first) {
		s->out->first_status = e->status;
		s->out->usage = e->usage;
	}
	list_for_each_safe(t, next, &s->tasks, link) if (t->space == e->space)
		task_free(s, t);
	s->ops->space_put(e->space);
	s->zombies++;
	waits(s);
}

/* What the host says of the first process while it is stopped. */
static void look(struct sentry *s, struct task *t)
{
	char name[64];
	ssize_t size;
	DIR *dir;
	int fd;

	snprintf(name, sizeof(name), "/proc/%d/status", t->space->host_pid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	size = read(fd, s->out->host_status, sizeof(s->out->host_status) - 1);
	if (size > 0)
		s->out->host_status[size] = '\0';
	close(fd);
	snprintf(name, sizeof(name), "/proc/%d/fd", t->space->host_pid);
	dir = opendir(name);
	if (dir == NULL)
		abort();
	for (struct dirent *d = readdir(dir); d != NULL; d = readdir(dir))
		s->out->fds_left += d->d_name[0] != '.';
	closedir(dir);
}

static void called(struct sentry *s, struct task *t)
{
	look(s, t);
	if (t->loading) {
		loaded(s, t);
		return;
	}
	close(t->fds[0]);
	if (t->calls[0].result > 0 && t->calls[1].result == 0 &&
		t->calls[2].result == -ENOMEM)
		s->ops->thread_resume_value(t->thread, 0);
	else
		s->ops->thread_resume_value(t->thread, -EIO);
}

static void event(void *data, const struct event *e)
{
	struct sentry *s = data;
	struct task *t = e->thread != NULL ? e->thread->data : NULL;

	if (e->kind != EVENT_DEAD && t == NULL)
		abort();
	switch (e->kind) {
	case EVENT_SYSCALL:
		syscalls(s, t, e);
		return;
	case EVENT_FAULT:
		faulted(s, t, e);
		return;
	case EVENT_INTERRUPT:
		interrupted(s, t, e);
		return;
	case EVENT_CALLS:
		called(s, t);
		return;
	case EVENT_CLONED:
		cloned(s, t, e);
		return;
	case EVENT_EXEC:
		execed(s, t, e);
		return;
	case EVENT_DEAD:
		died(s, e);
		return;
	}
}

/* Lock held. Does what is due; returns when to look again. */
static uint64_t due(struct sentry *s, uint64_t now)
{
	uint64_t next = now + 1000000000u;
	uint64_t kill_at = s->start_ns + s->script.kill_after * 1000000ull;
	struct task *t;

	list_for_each(t, &s->tasks, link)
	{
		enum wish what = t->wish;

		if (s->script.storm)
			s->ops->thread_interrupt(t->thread);
		if (what == WISH_NONE)
			continue;
		if (t->wish_at > now) {
			next = MIN(next, t->wish_at);
			continue;
		}
		t->wish = WISH_NONE;
		t->marked = true;
		if (what == WISH_INTERRUPT)
			s->ops->thread_interrupt(t->thread);
		else
			s->ops->thread_return_stopped(
				t->thread, t->parked_value);
	}
	if (s->script.storm)
		next = now + 100000;
	if (s->script.kill_after != 0 && kill_at > now)
		next = MIN(next, kill_at);
	if (s->script.kill_after != 0 && kill_at <= now &&
		!list_empty(&s->tasks)) {
		s->script.kill_after = 0;
		list_for_each(t, &s->tasks, link) s->ops->space_kill(t->space);
	}
	return next;
}

static void *timer_main(void *arg)
{
	struct sentry *s = arg;
	struct timespec until;
	uint64_t next;

	pthread_mutex_lock(&s->lock);
	while (!s->over) {
		next = due(s, now_ns());
		until.tv_sec = (time_t)(next / 1000000000u);
		until.tv_nsec = (long)(next % 1000000000u);
		pthread_cond_timedwait(&s->changed, &s->lock, &until);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

static int guest_open(struct sentry *s)
{
	Elf64_Ehdr head;

	s->guest_fd = open(TEST_GUEST, O_RDONLY | O_CLOEXEC);
	if (s->guest_fd < 0)
		return -errno;
	if (pread(s->guest_fd, &head, sizeof(head), 0) != sizeof(head))
		return -EIO;
	s->entry = head.e_entry;
	/* To the end of the segment; the file is longer than that. */
	s->guest_size = 0x10000;
	return 0;
}

static void init(struct sentry *s, const struct platform_ops *ops,
	const struct script *script, struct outcome *out)
{
	pthread_condattr_t attr;

	memset(out, 0, sizeof(*out));
	out->exit_code = -1;
	memset(s, 0, sizeof(*s));
	s->ops = ops;
	s->out = out;
	s->start_ns = now_ns();
	if (script != NULL)
		s->script = *script;
	list_init(&s->tasks);
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->changed, &attr);
	pthread_condattr_destroy(&attr);
}

static int boot(struct sentry *s, const char *test)
{
	char *argv[] = {
		(char *)(uintptr_t) "guest", (char *)(uintptr_t)test, NULL};
	char *envp[] = {NULL};
	struct thread *thread;
	int ret;

	lock(s);
	ret = s->ops->boot(s->platform, argv, envp, &thread);
	if (ret == 0) {
		task_new(s, thread, thread->space);
		s->first = thread->space;
	}
	unlock(s);
	return ret;
}

int sentry_run(const struct platform_ops *ops, const char *test,
	const struct script *script, struct outcome *out)
{
	struct platform_options options = {.log_fd = -1};
	struct sentry s;
	pthread_t timer;
	int ret;

	init(&s, ops, script, out);
	options.client = (struct platform_client){
		&s, lock, unlock, event, idle};
	options.trace_all = s.script.trace_all;
	options.stub_fd = open(
		s.script.stub != NULL ? s.script.stub : TEST_STUB,
		O_RDONLY | O_CLOEXEC);
	if (options.stub_fd < 0 || guest_open(&s) < 0)
		return -ENOENT;
	ret = ops->open(&options, &s.platform);
	if (ret < 0)
		return ret;
	if (pthread_create(&timer, NULL, timer_main, &s) != 0)
		abort();
	ret = boot(&s, test);
	if (ret == 0)
		ret = ops->run(s.platform);
	lock(&s);
	s.over = true;
	pthread_cond_signal(&s.changed);
	unlock(&s);
	pthread_join(timer, NULL);
	ops->close(s.platform);
	close(options.stub_fd);
	close(s.guest_fd);
	return ret;
}
