/*
 * What the sentry and the stub agree on: addresses, the area each thread has,
 * and the words they exchange. Everything the stub says is a guest's word.
 *
 * The stub is mapped in every guest address space at a fixed address below
 * all that a program uses:
 *
 *   0x60000   text and constants; no call reaches it that could change it
 *   0x70000   areas of 64 KiB, one for each thread, touched as needed
 *   0x400000  the guest's own
 *
 * When the areas of the window are used up, more are ordinary mappings.
 *
 * A report is the system call STUB_REPORT_NR made at STUB_IP_REPORT: first
 * argument enum stub_report, then what the kind says. It arrives as a seccomp
 * notification; the answer is an enum stub_action, and any negative answer
 * means that the sentry is gone.
 */
#ifndef PLATFORM_STUB_STUB_H
#define PLATFORM_STUB_STUB_H

#define STUB_TEXT_START  0x60000
#define STUB_GATE        0x61000
#define STUB_AREAS_START 0x70000
#define STUB_AREAS_END   0x400000
#define STUB_AREA_SIZE   0x10000
#define STUB_AREA_COUNT  ((STUB_AREAS_END - STUB_AREAS_START) / STUB_AREA_SIZE)
#define STUB_STACK_OFF   0x2000 /* the alternate stack: the rest of the area */

/*
 * What seccomp says as instruction pointer (the address behind the
 * instruction) for the only five system call instructions of the stub.
 */
#define STUB_IP_CALL   (STUB_GATE + 0x02)
#define STUB_IP_REPORT (STUB_GATE + 0x12)
#define STUB_IP_CLONE  (STUB_GATE + 0x22)
#define STUB_IP_CHILD  (STUB_GATE + 0x42)
#define STUB_IP_EXEC   (STUB_GATE + 0x62)
/*
 * `syscall` `int3`, of no use to the stub itself: where the ptrace platform
 * has its calls made.
 */
#define STUB_TRACE_GATE (STUB_GATE + 0xc0)
#define STUB_GATE_SIZE  0x80
/* An empty string that nobody can change: the path of execveat. */
#define STUB_EMPTY_PATH (STUB_GATE + STUB_GATE_SIZE)
/* Constants for rt_sigtimedwait: a set with the kick only, and no time. */
#define STUB_KICK_SET (STUB_GATE + STUB_GATE_SIZE + 0x08)
#define STUB_NO_TIME  (STUB_GATE + STUB_GATE_SIZE + 0x10)

#define STUB_REPORT_NR 0x5b0c5
/*
 * An answer with this bit: STUB_RESUME with the bits below it, sign-extended,
 * in rax. Every value of a system call fits.
 */
#define STUB_VALUE_BIT 62

/* Where descriptors lent to a batch appear; low, so that no table grows. */
#define STUB_FD_FIRST 60
#define STUB_FD_LAST  63

#define STUB_CALLS 72 /* PLATFORM_CALLS_MAX and the closes */
#define STUB_KICK  23 /* SIGURG: harmless when no handler is there yet */

#ifndef __ASSEMBLER__
#include <stdint.h>

enum stub_report {
	STUB_SIGNAL = 1,  /* signo, frame */
	STUB_DONE,        /* a batch ended: its first result */
	STUB_CLONED,      /* what clone returned, in the parent */
	STUB_CHILD,       /* stack pointer, in the child */
	STUB_STARTED,     /* stack pointer and auxv as the host built them */
	STUB_EXEC_FAILED, /* what execveat returned */
};

enum stub_action {
	STUB_RESUME, /* return from the signal */
	STUB_BATCH,  /* execute area->calls, report STUB_DONE */
	STUB_ENTER,  /* return through the frame at area->frame */
	STUB_CLONE,  /* see stub_area.clone */
	STUB_EXEC,   /* see stub_area.exec */
	/* Also STUB_BATCH: an answer that is a lent descriptor's number. */
};

#define STUB_CALL_MUST (1ull << 63) /* in nr: a failure ends the batch */

struct stub_call {
	uint64_t nr;
	uint64_t args[6];
	int64_t result;
};

/* The start of a thread's area. */
struct stub_area {
	uint64_t nonce[2]; /* of the clone that made this thread */
	uint64_t frame;    /* for STUB_ENTER */
	uint64_t count;    /* calls in the batch */
	uint64_t cleanup;  /* calls from this index on are always made */
	struct {
		uint64_t flags;
		uint64_t area; /* the child's, or 0: a copy of this one */
		uint64_t ctid;
		uint64_t tls;
	} clone;
	struct {
		uint64_t argv;
		uint64_t envp;
	} exec;
	uint64_t reserved[21];
	struct stub_call calls[STUB_CALLS];
};

/* The frame the host puts on the alternate stack for a signal (x86-64). */
struct stub_frame {
	uint64_t pretcode;
	uint64_t uc_flags, uc_link;
	uint64_t ss_sp, ss_flags, ss_size;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, eflags;
	uint16_t cs, gs, fs, ss;
	uint64_t err, trapno, oldmask, cr2;
	uint64_t fpstate;
	uint64_t reserved[8];
	uint64_t sigmask;
	struct {
		int32_t signo, error, code, pad;
		uint64_t addr; /* si_addr, si_call_addr */
		int32_t syscall;
		uint32_t arch;
		uint64_t rest[12];
	} info;
};

_Static_assert(sizeof(struct stub_area) <= STUB_STACK_OFF, "area too small");
_Static_assert(sizeof(struct stub_frame) == 440, "signal frame layout");
#endif
#endif
