/*
 * The stub's C part: a fresh image's first steps, the batch interpreter, and
 * the copy of a signal frame for a new thread. No libc, no data of its own:
 * what a thread needs is in its area. Guest threads can change every word of
 * it at any time; what that breaks is theirs.
 */
#include "platform/stub/stub.h"

#include <stddef.h>

#define SYS_RT_SIGACTION   13
#define SYS_RT_SIGPROCMASK 14
#define SYS_SIGALTSTACK    131
#define SYS_PRCTL          157
#define PR_SET_PDEATHSIG   1
#define SIG_SETMASK        2
#define SIG_ILL            4
#define SIG_TRAP           5
#define SIG_BUS            7
#define SIG_FPE            8
#define SIG_KILL           9
#define SIG_SEGV           11
#define SIG_SYS            31
#define SA_FLAGS           0x1c000004ul /* SIGINFO, ONSTACK, RESTART, RESTORER */
#define ERRNO_MAX          4095
#define ECANCELED          125

struct sigaction_x86 {
	void (*handler)(void);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

/* gate.S has these as numbers. */
_Static_assert(offsetof(struct stub_area, frame) == 16, "AREA_FRAME");
_Static_assert(offsetof(struct stub_area, clone) == 40, "AREA_CLONE");
_Static_assert(offsetof(struct stub_area, exec) == 72, "AREA_EXEC");
_Static_assert(offsetof(struct stub_frame, rax) == 152, "FRAME_RAX");
_Static_assert(STUB_SIGNAL == 1 && STUB_DONE == 2 && STUB_CLONED == 3 &&
		       STUB_CHILD == 4 && STUB_STARTED == 5 &&
		       STUB_EXEC_FAILED == 6,
	"REPORT_*");
_Static_assert(STUB_RESUME == 0 && STUB_BATCH == 1 && STUB_ENTER == 2 &&
		       STUB_CLONE == 3 && STUB_EXEC == 4,
	"ACTION_*");

struct altstack_x86 {
	uint64_t sp;
	int32_t flags;
	uint64_t size;
};

long stub_call(uint64_t nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
	uint64_t e, uint64_t f);
void stub_handler(void);
void stub_restorer(void);
int64_t stub_run(struct stub_area *area);
uint64_t stub_clone_prepare(struct stub_area *area, uint64_t frame);
uint64_t stub_start(const uint64_t *sp);

static void handle(int signo)
{
	const struct sigaction_x86 action = {
		stub_handler,
		SA_FLAGS,
		stub_restorer,
		~0ull,
	};

	stub_call(SYS_RT_SIGACTION, (uint64_t)signo, (uint64_t)&action, 0, 8, 0,
		0);
}

/*
 * All signals stay blocked until the first entry into guest code, which is a
 * return from a signal that never was. Returns where auxv begins.
 */
uint64_t stub_start(const uint64_t *sp)
{
	const struct altstack_x86 stack = {
		STUB_AREAS_START + STUB_STACK_OFF,
		0,
		STUB_AREA_SIZE - STUB_STACK_OFF,
	};
	const uint64_t all = ~0ull;

	stub_call(SYS_PRCTL, PR_SET_PDEATHSIG, SIG_KILL, 0, 0, 0, 0);
	stub_call(SYS_RT_SIGPROCMASK, SIG_SETMASK, (uint64_t)&all, 0, 8, 0, 0);
	stub_call(SYS_SIGALTSTACK, (uint64_t)&stack, 0, 0, 0, 0, 0);
	handle(SIG_SYS);
	handle(SIG_SEGV);
	handle(SIG_BUS);
	handle(SIG_FPE);
	handle(SIG_ILL);
	handle(SIG_TRAP);
	handle(STUB_KICK);

	sp += 1 + sp[0] + 1; /* argc, argv and its end */
	while (*sp != 0)
		sp++;
	return (uint64_t)(sp + 1);
}

/* Returns what the first call returned. */
int64_t stub_run(struct stub_area *area)
{
	uint64_t count = area->count;
	uint64_t cleanup = area->cleanup;
	int failed = 0;
	uint64_t i;

	if (count > STUB_CALLS)
		count = STUB_CALLS;
	for (i = 0; i < count; i++) {
		struct stub_call *c = &area->calls[i];
		uint64_t nr = c->nr;
		long result = -ECANCELED;

		if (!failed || i >= cleanup)
			result = stub_call(nr & ~STUB_CALL_MUST, c->args[0],
				c->args[1], c->args[2], c->args[3], c->args[4],
				c->args[5]);
		c->result = result;
		if ((nr & STUB_CALL_MUST) &&
			(unsigned long)result >= (unsigned long)-ERRNO_MAX)
			failed = 1;
	}
	return area->calls[0].result;
}

/*
 * Returns the signal frame the child goes on with. A child that shares memory
 * gets a copy of the frame at the same place of its own area, with the two
 * pointers in it moved along: sigreturn then also sets its alternate stack.
 */
uint64_t stub_clone_prepare(struct stub_area *area, uint64_t frame)
{
	uint64_t delta = area->clone.area - (uint64_t)area;
	struct stub_frame *copy = (struct stub_frame *)(frame + delta);
	const char *from = (const char *)frame;
	char *to = (char *)copy;
	size_t size = STUB_AREA_SIZE - (frame & (STUB_AREA_SIZE - 1));

	if (area->clone.area == 0)
		return frame;
	__asm__ volatile("rep movsb"
			 : "+S"(from), "+D"(to), "+c"(size)
			 :
			 : "memory");
	if (copy->fpstate != 0)
		copy->fpstate += delta;
	copy->ss_sp += delta;
	return (uint64_t)copy;
}
