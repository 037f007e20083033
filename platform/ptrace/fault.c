/*
 * What a signal frame says of a fault beside the siginfo: the exception's
 * number and the error code. The host keeps both to itself under ptrace, so
 * they are worked out from the siginfo and, for reading or writing, from the
 * instruction: runtimes that write-protect memory look at that bit.
 *
 * Linux: a vector that the siginfo does not tell apart (x87 or SSE, several
 * causes of a protection fault) is the commoner one.
 */
#include "platform/ptrace/ptrace.h"

#include <string.h>
#include <sys/uio.h>

#include "lib/checked.h"

#define TRAP_DIVIDE     0
#define TRAP_DEBUG      1
#define TRAP_BREAKPOINT 3
#define TRAP_OPCODE     6
#define TRAP_PROTECTION 13
#define TRAP_PAGE       14
#define TRAP_X87        16
#define TRAP_ALIGNMENT  17

#define ERROR_PRESENT 0x01
#define ERROR_WRITE   0x02
#define ERROR_USER    0x04
#define ERROR_FETCH   0x10
#define ERROR_KEY     0x20

#define INSTRUCTION_MAX 15

/* Opcodes that write memory, from first to last, by the map they are in. */
struct opcodes {
	uint8_t map; /* 0: one byte; 1: 0f; 2: 0f 38; 3: 0f 3a */
	uint8_t first, last;
	uint8_t regs; /* bit set of modrm.reg, where that chooses; or ANY */
};

#define ANY 0xff

static const struct opcodes writers[] = {
	{0, 0x00, 0x01, ANY},  /* add */
	{0, 0x08, 0x09, ANY},  /* or */
	{0, 0x10, 0x11, ANY},  /* adc */
	{0, 0x18, 0x19, ANY},  /* sbb */
	{0, 0x20, 0x21, ANY},  /* and */
	{0, 0x28, 0x29, ANY},  /* sub */
	{0, 0x30, 0x31, ANY},  /* xor */
	{0, 0x50, 0x57, ANY},  /* push */
	{0, 0x68, 0x68, ANY},  /* push */
	{0, 0x6a, 0x6a, ANY},  /* push */
	{0, 0x6c, 0x6d, ANY},  /* ins */
	{0, 0x80, 0x83, 0x7f}, /* all of the first group but cmp */
	{0, 0x86, 0x89, ANY},  /* xchg, mov */
	{0, 0x8c, 0x8c, ANY},  /* mov from a segment */
	{0, 0x8f, 0x8f, ANY},  /* pop */
	{0, 0x9c, 0x9c, ANY},  /* pushf */
	{0, 0xa2, 0xa5, ANY},  /* mov, movs */
	{0, 0xaa, 0xab, ANY},  /* stos */
	{0, 0xc0, 0xc1, ANY},  /* shifts */
	{0, 0xc6, 0xc8, ANY},  /* mov, enter */
	{0, 0xd0, 0xd3, ANY},  /* shifts */
	{0, 0xd9, 0xd9, 0xcc}, /* fst, fstp, fstenv, fstcw */
	{0, 0xdb, 0xdb, 0x8e}, /* fistp and the like */
	{0, 0xdd, 0xdd, 0xce},
	{0, 0xdf, 0xdf, 0xce},
	{0, 0xe8, 0xe8, ANY},  /* call */
	{0, 0xf6, 0xf7, 0x0c}, /* not, neg */
	{0, 0xfe, 0xfe, ANY},  /* inc, dec */
	{0, 0xff, 0xff, 0x4f}, /* inc, dec, call, push */
	{1, 0x11, 0x11, ANY},  /* movups and kin */
	{1, 0x13, 0x13, ANY},
	{1, 0x17, 0x17, ANY},
	{1, 0x29, 0x29, ANY},
	{1, 0x2b, 0x2b, ANY},
	{1, 0x7e, 0x7f, ANY},  /* movd, movdqa */
	{1, 0x90, 0x9f, ANY},  /* setcc */
	{1, 0xa4, 0xa5, ANY},  /* shld */
	{1, 0xab, 0xad, ANY},  /* bts, shrd */
	{1, 0xae, 0xae, 0x59}, /* fxsave, stmxcsr, xsave, xsaveopt */
	{1, 0xb0, 0xb1, ANY},  /* cmpxchg */
	{1, 0xb3, 0xb3, ANY},  /* btr */
	{1, 0xba, 0xba, 0xe0}, /* bts, btr, btc */
	{1, 0xbb, 0xbb, ANY},  /* btc */
	{1, 0xc0, 0xc1, ANY},  /* xadd */
	{1, 0xc3, 0xc3, ANY},  /* movnti */
	{1, 0xc7, 0xc7, 0x3a}, /* cmpxchg8b, xsavec and kin */
	{1, 0xd6, 0xd6, ANY},  /* movq */
	{1, 0xe7, 0xe7, ANY},  /* movntdq */
	{1, 0xf7, 0xf7, ANY},  /* maskmovdqu */
	{2, 0x2e, 0x2f, ANY},  /* vmaskmov */
	{2, 0x8a, 0x8b, ANY},  /* compress */
	{2, 0x8e, 0x8e, ANY},  /* vpmaskmov */
	{2, 0xa0, 0xa3, ANY},  /* scatter */
	{3, 0x14, 0x17, ANY},  /* extract */
	{3, 0x19, 0x19, ANY},
	{3, 0x1b, 0x1b, ANY},
	{3, 0x39, 0x39, ANY},
	{3, 0x3b, 0x3b, ANY},
};

static bool is_legacy_prefix(uint8_t byte)
{
	static const uint8_t prefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
		0x66, 0x67, 0xf0, 0xf2, 0xf3};

	return memchr(prefixes, byte, sizeof(prefixes)) != NULL;
}

/* True if code, with zeros behind it, is an instruction that writes memory. */
static bool is_write(const uint8_t code[INSTRUCTION_MAX + 4])
{
	const uint8_t *p = code;
	bool repeat = false;
	uint8_t map = 0;

	for (; is_legacy_prefix(*p) && p < code + INSTRUCTION_MAX; p++)
		repeat = repeat || *p == 0xf3;
	if ((*p & 0xf0) == 0x40)
		p++;
	if (*p == 0x62) { /* EVEX */
		map = p[1] & 3;
		repeat = (p[2] & 3) == 2;
		p += 4;
	} else if (*p == 0xc4) { /* VEX, long and short */
		map = p[1] & 3;
		repeat = (p[2] & 3) == 2;
		p += 3;
	} else if (*p == 0xc5) {
		map = 1;
		repeat = (p[1] & 3) == 2;
		p += 2;
	} else if (*p == 0x0f) {
		map = p[1] == 0x38 ? 2 : p[1] == 0x3a ? 3 : 1;
		p += map == 1 ? 1 : 2;
	}
	/* movq from memory, the one load among the stores. */
	if (map == 1 && *p == 0x7e && repeat)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(writers); i++)
		if (writers[i].map == map && *p >= writers[i].first &&
			*p <= writers[i].last)
			return writers[i].regs >> (p[1] >> 3 & 7) & 1;
	return false;
}

/* A copy reads one place and writes the other: the address says which. */
static bool wrote(struct tracee *t, uaddr_t addr)
{
	uint8_t code[INSTRUCTION_MAX + 4] = {0};
	struct iovec to = {code, INSTRUCTION_MAX};
	struct iovec from[2];
	size_t first = MIN(
		(size_t)INSTRUCTION_MAX, 4096 - (t->regs.rip & 4095));

	/* In two parts: the next page may be missing. */
	from[0].iov_base = (void *)(uintptr_t)t->regs.rip;
	from[0].iov_len = first;
	from[1].iov_base = (void *)(uintptr_t)(t->regs.rip + first);
	from[1].iov_len = INSTRUCTION_MAX - first;
	if (process_vm_readv(t->base.host_tid, &to, 1, from, 2, 0) <= 0)
		return false;
	if (!is_write(code))
		return false;
	for (size_t i = 0; i < INSTRUCTION_MAX; i++) {
		if (is_legacy_prefix(code[i]) || (code[i] & 0xf0) == 0x40)
			continue;
		if (code[i] == 0xa4 || code[i] == 0xa5)
			return addr - t->regs.rdi < 64;
		break;
	}
	return true;
}

static void describe_page_fault(struct tracee *t, struct fault *f)
{
	f->trapno = TRAP_PAGE;
	f->error = ERROR_USER;
	if (f->signo == SIGSEGV && f->code != SEGV_MAPERR)
		f->error |= ERROR_PRESENT;
	if (f->signo == SIGSEGV && f->code == SEGV_PKUERR)
		f->error |= ERROR_KEY;
	if (f->addr == t->regs.rip)
		f->error |= ERROR_FETCH;
	else if (wrote(t, f->addr))
		f->error |= ERROR_WRITE;
}

void fault_describe(struct tracee *t, struct fault *f)
{
	switch (f->signo) {
	case SIGSEGV:
		if (f->code == SI_KERNEL)
			f->trapno = TRAP_PROTECTION;
		else
			describe_page_fault(t, f);
		break;
	case SIGBUS:
		if (f->code == BUS_ADRALN)
			f->trapno = TRAP_ALIGNMENT;
		else
			describe_page_fault(t, f);
		break;
	case SIGFPE:
		f->trapno = f->code == FPE_INTDIV ? TRAP_DIVIDE : TRAP_X87;
		break;
	case SIGILL:
		f->trapno = TRAP_OPCODE;
		break;
	default:
		f->trapno = f->code == SI_KERNEL ? TRAP_BREAKPOINT : TRAP_DEBUG;
		break;
	}
}
