/*
 * The gate: the one place in a guest's address space from which the host
 * executes calls, `syscall` followed by `int3` in the stub's text. The tracer
 * sets the registers of a stopped thread so that it makes one call there and
 * traps. A thread that the filter stopped at a call makes ours in its place.
 *
 * Under PTRACE_SYSEMU a filter of its own stands behind it, in case a tracer
 * dies and PTRACE_O_EXITKILL were not enough: only from the gate, and only the
 * calls the platform makes. It is never asked while the tracer lives, except
 * for the vsyscall page, which SYSEMU does not see.
 */
#include "platform/ptrace/ptrace.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/checked.h"
#include "lib/log.h"

#define VSYSCALL_PAGE_HIGH 0xffffffffu
#define VSYSCALL_PAGE_LOW  0xff600000u

#ifndef SYS_mseal
#define SYS_mseal 462
#endif

/* What may be called from the gate. None names a file or another process. */
static const unsigned short may_call[] = {
	SYS_mmap,
	SYS_mprotect,
	SYS_munmap,
	SYS_brk,
	SYS_sched_yield,
	SYS_mremap,
	SYS_msync,
	SYS_mincore,
	SYS_madvise,
	SYS_recvmsg,
	SYS_clone,
	SYS_exit,
	SYS_gettimeofday,
	SYS_getrusage,
	SYS_setrlimit,
	SYS_mlock,
	SYS_munlock,
	SYS_mlockall,
	SYS_munlockall,
	SYS_prctl,
	SYS_arch_prctl,
	SYS_time,
	SYS_futex,
	SYS_remap_file_pages,
	SYS_set_tid_address,
	SYS_restart_syscall,
	SYS_clock_gettime,
	SYS_clock_getres,
	SYS_exit_group,
	SYS_mbind,
	SYS_set_mempolicy,
	SYS_get_mempolicy,
	SYS_set_robust_list,
	SYS_getcpu,
	SYS_prlimit64,
	SYS_seccomp,
	SYS_execveat,
	SYS_membarrier,
	SYS_mlock2,
	SYS_pkey_mprotect,
	SYS_pkey_alloc,
	SYS_pkey_free,
	SYS_rseq,
	SYS_close_range,
	SYS_mseal,
};

bool gate_may_call(long nr)
{
	for (size_t i = 0; i < ARRAY_SIZE(may_call); i++)
		if (may_call[i] == nr)
			return true;
	return false;
}

int gate_check(int stub_fd)
{
	static const uint8_t expected[] = {0x0f, 0x05, 0xcc};
	uint8_t code[sizeof(expected)];

	if (pread(stub_fd, code, sizeof(code),
		    STUB_TRACE_GATE - STUB_TEXT_START) != sizeof(code) ||
		memcmp(code, expected, sizeof(code)) != 0)
		return -EINVAL;
	return 0;
}

#define LOAD(field)                                                            \
	((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,                \
		offsetof(struct seccomp_data, field)))
#define LOAD_HIGH(field)                                                       \
	((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,                \
		offsetof(struct seccomp_data, field) + 4))
#define MASK(bits)                                                             \
	((struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, bits))
#define RETURN(action) ((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action))
#define IF_EQUAL(value, then, otherwise)                                       \
	((struct sock_filter)BPF_JUMP(                                         \
		BPF_JMP | BPF_JEQ | BPF_K, value, then, otherwise))
#define KILL RETURN(SECCOMP_RET_KILL_PROCESS)

size_t gate_filter(struct sock_filter *code)
{
	size_t n = 0;

	code[n++] = LOAD(arch);
	code[n++] = IF_EQUAL(AUDIT_ARCH_X86_64, 1, 0);
	code[n++] = KILL;
	code[n++] = LOAD_HIGH(instruction_pointer);
	code[n++] = IF_EQUAL(VSYSCALL_PAGE_HIGH, 0, 5);
	code[n++] = LOAD(instruction_pointer);
	code[n++] = MASK(0xfffff000u);
	code[n++] = IF_EQUAL(VSYSCALL_PAGE_LOW, 0, 1);
	code[n++] = RETURN(SECCOMP_RET_TRACE);
	code[n++] = KILL;
	code[n++] = IF_EQUAL(0, 1, 0);
	code[n++] = KILL;
	code[n++] = LOAD(instruction_pointer);
	code[n++] = IF_EQUAL(GATE_BEHIND, 1, 0);
	code[n++] = KILL;
	code[n++] = LOAD(nr);
	for (size_t i = 0; i < ARRAY_SIZE(may_call); i++)
		code[n++] = IF_EQUAL(
			may_call[i], (uint8_t)(ARRAY_SIZE(may_call) - i), 0);
	code[n++] = KILL;
	code[n++] = RETURN(SECCOMP_RET_ALLOW);
	BUG_ON(n > GATE_FILTER_MAX);
	return n;
}
