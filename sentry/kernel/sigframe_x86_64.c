/*
 * Signal frames on x86-64: what a handler finds on its stack, and what
 * rt_sigreturn(2) takes back.
 *
 *	high	[red zone of 128 bytes, or the top of the alternate stack]
 *		[XSAVE image, 64-byte aligned]
 *		[siginfo] [ucontext] [return address]
 *	low	rsp of the handler
 *
 * The layout is Linux' struct rt_sigframe (arch/x86/include/uapi/asm/
 * sigcontext.h, ucontext.h), which unwinders and debuggers know.
 */
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "lib/checked.h"
#include "sentry/kernel/kernel.h"
#include "sentry/mm/uaccess.h"

#define RED_ZONE          128
#define FPSTATE_MAX       16384 /* 11,008 with AMX */
#define FPSTATE_LEGACY    512
#define FPSTATE_SW_OFFSET 464
#define FP_XSTATE_MAGIC1_ 0x46505853u

#define UC_FP_XSTATE_         1u
#define UC_SIGCONTEXT_SS_     2u
#define UC_STRICT_RESTORE_SS_ 4u

#define USER_CS 0x33
#define USER_SS 0x2b

/* The flags a program may set by a frame (Linux' FIX_EFLAGS). */
#define EFLAGS_MASK 0x50dd5ull
#define EFLAGS_IF   0x200ull
#define EFLAGS_TF   0x100ull
#define EFLAGS_DF   0x400ull
#define EFLAGS_RF   0x10000ull

struct abi_sigcontext {
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, eflags;
	uint16_t cs, gs, fs, ss;
	uint64_t err, trapno, oldmask, cr2;
	uint64_t fpstate;
	uint64_t reserved[8];
};
static_assert(sizeof(struct abi_sigcontext) == 256, "sigcontext");

struct abi_ucontext {
	uint64_t flags, link;
	uint64_t ss_sp;
	int32_t ss_flags, ss_pad;
	uint64_t ss_size;
	struct abi_sigcontext mcontext;
	uint64_t sigmask;
};

struct rt_sigframe {
	uint64_t pretcode;
	struct abi_ucontext uc;
	struct guest_siginfo info;
};
static_assert(sizeof(struct guest_siginfo) == 128, "siginfo");
static_assert(sizeof(struct rt_sigframe) == 440, "rt_sigframe");

bool task_on_altstack(const struct task *t, uaddr_t sp)
{
	const struct altstack *alt = &t->altstack;

	if (alt->flags & (SS_DISABLE | (1u << 31) /* SS_AUTODISARM */))
		return false;
	return sp > alt->sp && sp - alt->sp <= alt->size;
}

static void save_regs(struct abi_sigcontext *sc, const struct regs *regs)
{
	*sc = (struct abi_sigcontext){
		.r8 = regs->r8,
		.r9 = regs->r9,
		.r10 = regs->r10,
		.r11 = regs->r11,
		.r12 = regs->r12,
		.r13 = regs->r13,
		.r14 = regs->r14,
		.r15 = regs->r15,
		.rdi = regs->rdi,
		.rsi = regs->rsi,
		.rbp = regs->rbp,
		.rbx = regs->rbx,
		.rdx = regs->rdx,
		.rax = regs->rax,
		.rcx = regs->rcx,
		.rsp = regs->rsp,
		.rip = regs->rip,
		.eflags = regs->eflags,
		.cs = USER_CS,
		.ss = USER_SS,
	};
}

static void load_regs(struct regs *regs, const struct abi_sigcontext *sc)
{
	uint64_t fixed = regs->eflags & ~EFLAGS_MASK;

	*regs = (struct regs){
		.r8 = sc->r8,
		.r9 = sc->r9,
		.r10 = sc->r10,
		.r11 = sc->r11,
		.r12 = sc->r12,
		.r13 = sc->r13,
		.r14 = sc->r14,
		.r15 = sc->r15,
		.rdi = sc->rdi,
		.rsi = sc->rsi,
		.rbp = sc->rbp,
		.rbx = sc->rbx,
		.rdx = sc->rdx,
		.rax = sc->rax,
		.rcx = sc->rcx,
		.rsp = sc->rsp,
		.rip = sc->rip,
		.eflags = fixed | (sc->eflags & EFLAGS_MASK) | EFLAGS_IF,
	};
}

static void fill_ucontext(struct abi_ucontext *uc, struct task *t,
	const struct regs *regs, sigset_mask mask, const struct fault *fault,
	int signo)
{
	uc->flags = UC_FP_XSTATE_ | UC_SIGCONTEXT_SS_ | UC_STRICT_RESTORE_SS_;
	uc->link = 0;
	uc->ss_sp = t->altstack.sp;
	uc->ss_size = t->altstack.size;
	uc->ss_flags = (int32_t)t->altstack.flags;
	uc->ss_pad = 0;
	save_regs(&uc->mcontext, regs);
	uc->mcontext.oldmask = mask;
	uc->sigmask = mask;
	/* Linux keeps the last fault's numbers in the thread. */
	uc->mcontext.trapno = fault->trapno;
	uc->mcontext.err = fault->error;
	uc->mcontext.cr2 = fault->signo == SIGSEGV || fault->signo == SIGBUS
				   ? fault->addr
				   : 0;
}

/* The top of the stack the handler runs on; 0 if it does not fit. */
static uaddr_t handler_stack(struct task *t, const struct regs *regs,
	const struct sigaction_entry *action)
{
	const struct altstack *alt = &t->altstack;

	if (action->flags & SA_ONSTACK && !(alt->flags & SS_DISABLE) &&
		!task_on_altstack(t, regs->rsp))
		return alt->sp + alt->size;
	return regs->rsp - RED_ZONE;
}

static bool fits(
	const struct task *t, uaddr_t old_sp, uaddr_t top, uaddr_t frame)
{
	const struct altstack *alt = &t->altstack;

	if (frame > top)
		return false;
	if (top == alt->sp + alt->size && !(alt->flags & SS_DISABLE))
		return frame >= alt->sp;
	/* Already on the alternate stack: it must not run out of it. */
	return !task_on_altstack(t, old_sp) || task_on_altstack(t, frame);
}

static int write_frame(struct task *t, uaddr_t frame_addr, uaddr_t fp_addr,
	const struct rt_sigframe *frame, const char *fp, size_t fp_size)
{
	size_t gap = fp_addr - frame_addr;
	size_t total = gap + fp_size;
	char *image = calloc(1, total);
	int ret;

	if (!image)
		return -EFAULT;
	memcpy(image, frame, sizeof(*frame));
	memcpy(image + gap, fp, fp_size);
	ret = copy_out(t->mm, frame_addr, image, total);
	free(image);
	return ret;
}

int sigframe_push(struct task *t, struct regs *regs, int signo,
	const struct guest_siginfo *info, const struct sigaction_entry *action,
	sigset_mask mask, const struct fault *fault)
{
	static char fp[FPSTATE_MAX]; /* one task at a time: the kernel lock */
	struct rt_sigframe frame = {0};
	uaddr_t top, fp_addr, addr;
	ssize_t fp_size;

	fp_size = platform_ops->thread_fpstate_get(t->thread, fp, sizeof(fp));
	if (fp_size < 0)
		return -EFAULT;
	top = handler_stack(t, regs, action);
	fp_addr = (top - (size_t)fp_size) & ~UINT64_C(63);
	addr = ((fp_addr - sizeof(frame)) & ~UINT64_C(15)) - 8;
	if (!fits(t, regs->rsp, top, addr))
		return -EFAULT;
	fill_ucontext(&frame.uc, t, regs, mask, fault, signo);
	frame.pretcode = action->restorer;
	frame.uc.mcontext.fpstate = fp_addr;
	frame.info = *info;
	if (write_frame(t, addr, fp_addr, &frame, fp, (size_t)fp_size) < 0)
		return -EFAULT;
	if (t->altstack.flags & (1u << 31))
		t->altstack = (struct altstack){.flags = SS_DISABLE};

	platform_ops->thread_fpstate_put(t->thread, NULL, 0);
	regs->rdi = (uint64_t)signo;
	regs->rsi = addr + offsetof(struct rt_sigframe, info);
	regs->rdx = addr + offsetof(struct rt_sigframe, uc);
	regs->rax = 0;
	regs->rip = action->handler;
	regs->rsp = addr;
	regs->eflags &= ~(EFLAGS_DF | EFLAGS_RF | EFLAGS_TF);
	return 0;
}

/* The size of an image, from its own software bytes; 0: no good. */
static size_t fpstate_size(const char *fp)
{
	uint32_t sw[2]; /* magic1, extended_size */

	memcpy(sw, fp + FPSTATE_SW_OFFSET, sizeof(sw));
	if (sw[0] != FP_XSTATE_MAGIC1_)
		return FPSTATE_LEGACY;
	return sw[1] <= FPSTATE_MAX ? sw[1] : 0;
}

/* Images are nearly always as long as the last one: one copy will do. */
static int restore_fpstate(struct task *t, uaddr_t addr)
{
	static char fp[FPSTATE_MAX];
	static size_t usual = FPSTATE_LEGACY;
	size_t size, got;

	if (addr == 0)
		return platform_ops->thread_fpstate_put(t->thread, NULL, 0);
	got = copy_in_some(t->mm, fp, addr, usual);
	if (got < FPSTATE_LEGACY)
		return -EFAULT;
	size = fpstate_size(fp);
	if (size == 0)
		return -EFAULT;
	if (size > got && copy_in(t->mm, fp + got, addr + got, size - got) < 0)
		return -EFAULT;
	usual = MAX(size, (size_t)FPSTATE_LEGACY);
	return platform_ops->thread_fpstate_put(t->thread, fp, size);
}

int sigframe_pop(struct task *t, struct regs *regs)
{
	struct abi_ucontext uc;

	/* ret has taken pretcode off the stack. */
	if (copy_in(t->mm, &uc,
		    regs->rsp - 8 + offsetof(struct rt_sigframe, uc),
		    sizeof(uc)) < 0)
		return -EFAULT;
	if (restore_fpstate(t, uc.mcontext.fpstate) < 0)
		return -EFAULT;
	load_regs(regs, &uc.mcontext);
	t->blocked = uc.sigmask & ~SIGNALS_UNBLOCKABLE;
	/* Linux ignores an alternate stack that does not fit. */
	if (!task_on_altstack(t, regs->rsp)) {
		t->altstack.sp = uc.ss_sp;
		t->altstack.size = uc.ss_size;
		t->altstack.flags = (uint32_t)uc.ss_flags &
				    (SS_DISABLE | (1u << 31));
	}
	return 0;
}
