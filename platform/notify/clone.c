/*
 * New threads and processes.
 *
 * The parent, stopped, makes the host's clone itself. Its notification is let
 * through once, with exactly the arguments of the grant. The child's first
 * call is its report (gate.S), with its stack pointer from which its area
 * follows; there it must show the grant's nonce, which says whose child it
 * is. EVENT_CLONED waits for both the parent's and the child's report.
 *
 * A child that shares memory gets an area of its own. CLONE_VFORK is never
 * passed on: it is the sentry that holds the parent back.
 */
#include "platform/notify/internal.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define AREA_MASK  ((uaddr_t)STUB_AREA_SIZE - 1)
#define GROW_AREAS 32
#define GROW_SIZE  ((GROW_AREAS + 1) * (uint64_t)STUB_AREA_SIZE)
#define USER_END   0x7ffffffff000ull
#define PASSED_ON  (CLONE_SETTLS | CLONE_CHILD_CLEARTID)

static uint64_t host_flags(uint64_t flags)
{
	uint64_t host = flags & PASSED_ON;

	if (flags & CLONE_THREAD)
		return host | CLONE_VM | CLONE_FS | CLONE_FILES |
		       CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
	return host | CLONE_PARENT | (flags & CLONE_VM);
}

void clone_abandon(struct notify_thread *t)
{
	struct notify_thread *child = t->child;

	list_del(&t->cloning);
	if (t->child_area != 0 && t->space != NULL && child != NULL &&
		!t->child_reported)
		area_release(t->space->memory, t->child_area);
	t->child_area = 0;
	t->child = NULL;
	if (t->parent != NULL) {
		t->parent->child = NULL;
		t->parent->child_space = NULL;
	}
	t->parent = NULL;
	if (child != NULL) {
		child->parent = NULL;
		if (!t->child_reported)
			free(child);
		else if (t->child_space != NULL)
			space_sigkill(t->child_space);
	}
	if (t->child_space != NULL && !t->child_reported)
		space_free(t->child_space);
	t->child_space = NULL;
}

/* Back to STOPPED with nothing created. */
static void clone_fail(struct notify_thread *t, long error)
{
	struct event e = {.kind = EVENT_CLONED, .result = error};

	clone_abandon(t);
	place_free(t, NULL);
	lane_release(t);
	t->state = STOPPED;
	event_send(t->n, &e, t);
}

/* What the child will need, so that nothing can fail once it exists. */
static int clone_prepare(
	struct notify_thread *t, const struct clone_request *req)
{
	t->child = thread_new(t->n);
	if (t->child == NULL)
		return -ENOMEM;
	t->child_reported = false;
	t->clone_granted = false;
	t->clone_answered = false;
	if (!(req->flags & CLONE_THREAD)) {
		t->child_space = space_new(t->n);
		if (t->child_space == NULL)
			return -ENOMEM;
		if (req->flags & CLONE_VM) {
			t->child_space->memory = t->space->memory;
			ref_get(&t->space->memory->ref);
		} else {
			t->child_space->memory = memory_copy(
				t->space->memory, t->area);
			if (t->child_space->memory == NULL)
				return -ENOMEM;
		}
	}
	if (getrandom(t->nonce, sizeof(t->nonce), 0) != sizeof(t->nonce))
		return -EAGAIN;
	return 0;
}

int notify_thread_clone(struct thread *thread, const struct clone_request *req)
{
	struct notify_thread *t = to_thread(thread);
	int ret;

	if (t->state != STOPPED || t->space->killed)
		return -ESRCH;
	if ((req->flags & CLONE_THREAD) && !(req->flags & CLONE_VM))
		return -EINVAL;
	if ((req->flags & CLONE_VM) && t->frame == 0)
		return -EINVAL; /* no registers to give it yet */
	if (!regs_flush(t)) {
		violate(t, "its signal frame is gone");
		return 0;
	}
	ret = clone_prepare(t, req);
	if (ret < 0) {
		clone_abandon(t);
		return ret;
	}
	t->clone = *req;
	t->host_flags = host_flags(req->flags);
	t->state = BUSY;
	t->op = OP_CLONE;
	if ((req->flags & CLONE_THREAD) || lane_take(t))
		clone_begin(t);
	return 0;
}

/* Everything the child needs is there: the parent may clone. */
static void clone_go(struct notify_thread *t)
{
	struct stub_area area = {
		.nonce = {t->nonce[0], t->nonce[1]},
		.clone =
			{
				.flags = t->host_flags,
				.area = t->child_area,
				.ctid = t->clone.ctid,
				.tls = t->clone.tls,
			},
	};
	const size_t head = offsetof(struct stub_area, reserved);
	uaddr_t nonce_at = t->child_area != 0 ? t->child_area : t->area;

	t->op = OP_CLONE;
	list_add(&t->n->clones, &t->cloning);
	if (!remote_write2(t, t->area, &area, head, nonce_at, t->nonce,
		    sizeof(t->nonce))) {
		violate(t, "its area is gone");
		return;
	}
	deadline_set(t);
	place_near(t);
	answer(t->n, t->notif, STUB_CLONE);
}

void clone_begin(struct notify_thread *t)
{
	const uint64_t grow[6] = {0, GROW_SIZE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, (uint64_t)-1, 0};

	if (t->clone.flags & CLONE_VM) {
		t->child_area = area_take(t->space->memory);
		if (t->child_area == 0) {
			batch_own(t, OP_GROW, SYS_mmap, grow);
			return;
		}
	}
	clone_go(t);
}

void clone_grown(struct notify_thread *t, int64_t start)
{
	int ret;

	if (start < 0 && start >= -4095) {
		clone_fail(t, -EAGAIN);
		return;
	}
	if (start < (int64_t)STUB_WINDOW_END ||
		start > (int64_t)(USER_END - GROW_SIZE)) {
		violate(t, "a mapping outside of its address space");
		return;
	}
	ret = area_add(t->space->memory, (uaddr_t)start, GROW_SIZE);
	if (ret < 0) {
		clone_fail(t, ret);
		return;
	}
	t->child_area = area_take(t->space->memory);
	clone_go(t);
}

bool clone_grants(struct notify_thread *t, const struct seccomp_data *d)
{
	uaddr_t stack = 0;

	if (t->state != BUSY || t->op != OP_CLONE || t->clone_granted ||
		list_empty(&t->cloning))
		return false;
	if (t->child_area != 0)
		stack = t->child_area + (t->frame & AREA_MASK);
	if (d->args[0] != t->host_flags || d->args[1] != stack ||
		d->args[2] != 0 || d->args[3] != t->clone.ctid ||
		d->args[4] != t->clone.tls)
		return false;
	t->clone_granted = true;
	return true;
}

/* Both sides have reported: hands the child over. */
static void clone_complete(struct notify_thread *t)
{
	struct event e = {.kind = EVENT_CLONED, .result = 0};
	struct notify_thread *child = t->child;

	list_del(&t->cloning);
	place_free(t, child);
	if (t->child_space != NULL) {
		t->child_space->unborn = false;
		t->n->process_count++;
	}
	child->put = false;
	child->parent = NULL;
	t->child = NULL;
	t->child_space = NULL;
	t->child_area = 0;
	lane_release(t);
	t->state = STOPPED;
	e.child = &child->base;
	event_send(t->n, &e, t);
}

void clone_cloned(struct notify_thread *t, long result)
{
	if (t->state != BUSY || t->op != OP_CLONE || !t->clone_granted ||
		t->clone_answered) {
		violate(t, "reports a clone that nobody asked for");
		return;
	}
	t->clone_answered = true;
	t->clone_result = result;
	if (result < 0 && !t->child_reported) {
		/* A child it hides is killed when it shows its nonce. */
		clone_fail(t, result);
		return;
	}
	if (!t->child_reported)
		return;         /* the deadline runs */
	if (t->child == NULL) { /* it came, and was killed */
		clone_fail(t, -EAGAIN);
		return;
	}
	if (result != t->child->base.host_tid)
		violate(t, "does not know its child");
	else
		clone_complete(t);
}

/* Whose child is it? NULL if nobody's. */
static struct notify_thread *clone_parent(
	struct notify *n, pid_t tid, uaddr_t area)
{
	struct notify_thread probe = {.base = {.host_tid = tid}};
	struct notify_thread *p;
	uint64_t nonce[2];

	if (!remote_read(&probe, area, nonce, sizeof(nonce)))
		return NULL;
	list_for_each(p, &n->clones, cloning)
	{
		uaddr_t expected = p->child_area != 0 ? p->child_area : p->area;

		if (p->clone_granted && !p->child_reported &&
			p->nonce[0] == nonce[0] && p->nonce[1] == nonce[1] &&
			expected == area)
			return p;
	}
	return NULL;
}

/*
 * The host's word, not the guest's, on what kind of child it is. 0, or -errno:
 * it is none of this grant, or we have no room for it.
 */
static int child_check(struct notify_thread *p, pid_t tid)
{
	if (!(p->clone.flags & CLONE_THREAD))
		return space_register(p->child_space, tid);
	if (syscall(SYS_tgkill, p->space->base.host_pid, tid, 0) < 0)
		return -errno;
	return 0;
}

/* We are out of descriptors, not deceived: the clone fails, nobody dies. */
static bool out_of_room(int error)
{
	return error == -EMFILE || error == -ENFILE || error == -ENOMEM ||
	       error == -ENOSPC;
}

/* Without a descriptor nobody would tell of its end: waits for it here. */
static void child_refuse(struct notify_thread *p, pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, __WALL);
	if (p->child_area != 0)
		area_release(p->space->memory, p->child_area);
	p->child_area = 0;
	free(p->child);
	space_free(p->child_space);
	p->child = NULL;
	p->child_space = NULL;
	p->child_reported = true;
	if (p->clone_answered)
		clone_fail(p, -EAGAIN);
}

static void child_register(struct notify_thread *p, pid_t tid, uint64_t notif)
{
	struct notify_thread *child = p->child;

	p->child_reported = true;
	child->parent = p;
	child->put = true; /* until the client learns of it */
	child->state = STOPPED;
	child->notif = notif;
	child->area = p->child_area != 0 ? p->child_area : p->area;
	child->frame = p->frame;
	if (p->child_area != 0)
		child->frame = p->child_area + (p->frame & AREA_MASK);
	child->saved = p->saved;
	child->regs = p->regs;
	thread_register(
		child, p->child_space != NULL ? p->child_space : p->space, tid);
}

void clone_child(struct notify *n, const struct seccomp_notif *req)
{
	pid_t tid = (pid_t)req->pid;
	uaddr_t sp = req->data.args[1];
	struct notify_thread *old = thread_find(n, tid);
	struct notify_thread *p;
	int ret;

	if (old != NULL) {
		/* A thread we know, or one that died and left its number. */
		if (syscall(SYS_tgkill, old->space->base.host_pid, tid, 0) ==
			0) {
			violate(old, "reports as a child");
			return;
		}
		list_del(&old->by_tid);
	}
	p = clone_parent(n, tid, sp & ~AREA_MASK);
	ret = p != NULL ? child_check(p, tid) : -ESRCH;
	if (ret < 0 && out_of_room(ret)) {
		child_refuse(p, tid);
		return;
	}
	if (ret < 0) {
		intruder(n, req);
		return;
	}
	child_register(p, tid, req->id);
	if (!p->clone_answered)
		return;
	if (p->clone_result != tid)
		violate(p, "does not know its child");
	else
		clone_complete(p);
}
