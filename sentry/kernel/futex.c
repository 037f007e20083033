/*
 * What is left of futexes when the host does the waiting: robust lists.
 *
 * FUTEX_WAIT, WAKE and REQUEUE run natively in the guest's address space. The
 * list of a thread's robust futexes (get_robust_list(2), Documentation/
 * locking/robust-futexes.rst) holds the guest's thread ids, which the host
 * does not know, so that the sentry walks it when the thread ends.
 */
#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>

#include "sentry/kernel/kernel.h"
#include "sentry/mm/uaccess.h"

#define ROBUST_LIMIT 2048 /* as Linux: a list may be a ring */

struct robust_head {
	uint64_t next;
	int64_t futex_offset;
	uint64_t pending;
};

/* Marks one futex; true if somebody waits for it. */
static bool release_one(struct task *t, uaddr_t addr)
{
	uint32_t word;

	if (addr % sizeof(word) || get_user(t->mm, &word, addr) < 0)
		return false;
	if ((word & FUTEX_TID_MASK) != (uint32_t)t->pid)
		return false;
	/*
	 * Not atomic, and need not be: the owner is this thread, and others
	 * only add FUTEX_WAITERS; a waiter lost here is woken all the same.
	 */
	word = (word & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
	return put_user(t->mm, addr, &word) == 0;
}

static void add_wake(struct host_call *call, uaddr_t addr)
{
	*call = (struct host_call){
		.nr = SYS_futex,
		.args = {addr, FUTEX_WAKE, 1},
		.fd_arg = -1,
	};
}

bool robust_list_held(struct task *t)
{
	struct robust_head head;

	return t->robust_list &&
	       copy_in(t->mm, &head, t->robust_list, sizeof(head)) == 0 &&
	       (head.next != t->robust_list || head.pending);
}

size_t robust_list_release(
	struct task *t, struct host_call *calls, size_t space)
{
	struct robust_head head;
	uaddr_t entry;
	size_t count = 0;

	if (copy_in(t->mm, &head, t->robust_list, sizeof(head)) < 0)
		return 0;
	entry = head.next;
	for (int i = 0; i < ROBUST_LIMIT && count < space; i++) {
		uaddr_t node = entry & ~UINT64_C(1); /* bit 0: a PI futex */
		uaddr_t addr = node + (uint64_t)head.futex_offset;

		if (node == t->robust_list)
			break;
		if (node != (head.pending & ~UINT64_C(1)) &&
			release_one(t, addr))
			add_wake(&calls[count++], addr);
		if (get_user(t->mm, &entry, node) < 0)
			break;
	}
	if (head.pending && count < space &&
		release_one(t, (head.pending & ~UINT64_C(1)) +
				       (uint64_t)head.futex_offset))
		add_wake(&calls[count++], (head.pending & ~UINT64_C(1)) +
						  (uint64_t)head.futex_offset);
	return count;
}
