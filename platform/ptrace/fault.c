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

#define TRAP_DIVIDE     0
#define TRAP_DEBUG      1
#define TRAP_BREAKPOINT 3
#define TRAP_OPCODE     6
#define TRAP_PROTECTION 13
#define TRAP_PAGE       14
#define TRAP_X87        16
#define TRAP_ALIGNMENT  17

#define ERROR_PRESENT 0x01
#define ERROR_USER    0x04
#define ERROR_FETCH   0x10
#define ERROR_KEY     0x20

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
