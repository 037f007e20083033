/*
 * The seccomp filter of stub processes, compiled from native.def.
 *
 * libseccomp cannot look at the instruction pointer, on which half of our
 * rules depend, so the program is emitted here.
 */
#ifndef PLATFORM_BPF_H
#define PLATFORM_BPF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/filter.h>

#define FILTER_MAX 2048 /* instructions; the kernel's limit is 4096 */

struct filter {
	struct sock_filter code[FILTER_MAX];
	unsigned short count;
	bool overflow; /* it did not fit, or a jump was too long: unusable */
};

/*
 * Compiles the filter for the notify platform. With trace_all the native calls
 * of guest code are notified instead of allowed. execveat with boot_secret as
 * its sixth argument is notified wherever it is made. 0 or -ENOSPC.
 */
int filter_compile(struct filter *f, bool trace_all, uint64_t boot_secret);

/*
 * Compiles the filter for the ptrace platform: the native calls of guest code
 * are executed unless trace_all, all others stop for the tracer, and answer
 * ENOSYS if there is none. 0 or -ENOSPC.
 */
int filter_compile_traced(struct filter *f, bool trace_all);

#endif
