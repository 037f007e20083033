/*
 * Restartable sequences, rseq(2).
 *
 * The host ends a guest's sequence when it preempts the thread or delivers a
 * signal. Here it delivers none: the client takes the thread out of guest code,
 * and may send it to a handler. What the host would have done before the
 * handler is done here, always: a sequence may be aborted at any time.
 */
#include "platform/ptrace/ptrace.h"

#include <sys/ptrace.h>
#include <sys/uio.h>

#define RSEQ_POINTER_OFF 8 /* rseq_cs in struct rseq */

#ifndef PTRACE_GET_RSEQ_CONFIGURATION
#define PTRACE_GET_RSEQ_CONFIGURATION 0x420f
#endif

/* struct ptrace_rseq_configuration of the host's ABI. */
struct registered {
	uint64_t area;
	uint32_t size;
	uint32_t signature;
	uint32_t flags;
	uint32_t pad;
};

/* struct rseq_cs of the host's ABI. */
struct sequence {
	uint32_t version;
	uint32_t flags;
	uint64_t start;
	uint64_t size;
	uint64_t abort;
};

static bool get(struct tracee *t, uaddr_t at, void *to, size_t size)
{
	struct iovec local = {to, size};
	struct iovec remote = {.iov_len = size};

	remote.iov_base = (void *)(uintptr_t)at;
	return process_vm_readv(t->base.host_tid, &local, 1, &remote, 1, 0) ==
	       (ssize_t)size;
}

static void clear_pointer(struct tracee *t, uaddr_t area)
{
	uint64_t none = 0;
	struct iovec local = {&none, sizeof(none)};
	struct iovec remote = {.iov_len = sizeof(none)};

	remote.iov_base = (void *)(uintptr_t)(area + RSEQ_POINTER_OFF);
	process_vm_writev(t->base.host_tid, &local, 1, &remote, 1, 0);
}

/* What is wrong with the guest's description is left to the host to punish. */
void rseq_abort(struct tracee *t)
{
	struct registered r = {0};
	struct sequence s;
	uint32_t signature;
	uint64_t at;

	if (ptrace(PTRACE_GET_RSEQ_CONFIGURATION, t->base.host_tid, sizeof(r),
		    &r) < 0 ||
		r.area == 0 ||
		!get(t, r.area + RSEQ_POINTER_OFF, &at, sizeof(at)) ||
		at == 0 || !get(t, at, &s, sizeof(s)))
		return;
	if (t->regs.rip - s.start >= s.size) {
		clear_pointer(t, r.area);
		return;
	}
	if (s.abort - s.start < s.size ||
		!get(t, s.abort - sizeof(signature), &signature,
			sizeof(signature)) ||
		signature != r.signature)
		return;
	clear_pointer(t, r.area);
	t->regs.rip = s.abort;
	t->regs_dirty = true;
}
