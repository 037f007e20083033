/*
 * An address space as the sentry knows it: which host process has it, and
 * where exec put things. The host's VMAs are the VMA tree; nothing here
 * repeats it. One struct mm belongs to one thread group (a vfork child has
 * its own, which shows the same memory).
 */
#ifndef SENTRY_MM_MM_H
#define SENTRY_MM_MM_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/ref.h"
#include "platform.h"

struct mm {
	struct ref ref;
	pid_t host_pid; /* for process_vm_*; 0 once the process is gone */
	uaddr_t arg_start, arg_end, env_start, env_end;
	uaddr_t start_code, end_code, start_data, end_data;
	uaddr_t start_brk, start_stack;
	unsigned char auxv[512]; /* as patched at exec; for /proc/PID/auxv */
	size_t auxv_size;
	unsigned int dumpable;
};

struct mm *mm_new(pid_t host_pid); /* NULL without memory */
struct mm *mm_get(struct mm *mm);
void mm_put(struct mm *mm); /* NULL is fine */
/* A forked copy: everything but the host process. */
void mm_copy_layout(struct mm *to, const struct mm *from);

#endif
