/* Signals of the hardware: siginfo, alternate stacks, and what comes after. */
#include "tests/conformance/harness.h"

#include <setjmp.h>
#include <ucontext.h>

static sigjmp_buf back;
static siginfo_t seen;
static greg_t trapno;
static greg_t error_code;
static void *stack_pointer;

static void on_fault(int signo, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	seen = *info;
	trapno = uc->uc_mcontext.gregs[REG_TRAPNO];
	error_code = uc->uc_mcontext.gregs[REG_ERR];
	stack_pointer = __builtin_frame_address(0);
	siglongjmp(back, 1);
}

static void catch_fault(int signo, int flags)
{
	struct sigaction a = {
		.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | flags};

	MUST(sigaction(signo, &a, NULL));
}

CASE(unmapped_read_is_maperr)
{
	volatile char *p = conf_unmapped();

	catch_fault(SIGSEGV, 0);
	if (sigsetjmp(back, 1) == 0)
		(void)*p;
	EXPECT_EQ(seen.si_signo, SIGSEGV);
	EXPECT_EQ(seen.si_code, SEGV_MAPERR);
	EXPECT_EQ(seen.si_addr, p);
	EXPECT_EQ(trapno, 14);
	EXPECT_EQ(error_code, 4);
}

CASE(write_to_read_only_is_accerr)
{
	volatile char *p = (volatile char *)conf_read_only() + 100;

	catch_fault(SIGSEGV, 0);
	if (sigsetjmp(back, 1) == 0)
		*p = 1;
	EXPECT_EQ(seen.si_code, SEGV_ACCERR);
	EXPECT_EQ(seen.si_addr, p);
	EXPECT_EQ(error_code & 6, 6);
}

CASE(execution_of_data_is_accerr)
{
	void (*p)(void) = (void (*)(void))conf_guarded(16);

	catch_fault(SIGSEGV, 0);
	if (sigsetjmp(back, 1) == 0)
		p();
	EXPECT_EQ(seen.si_code, SEGV_ACCERR);
	EXPECT_EQ(seen.si_addr, p);
}

CASE(noncanonical_address_is_a_general_fault)
{
	volatile char *p = (volatile char *)0x8000000000000000ul;

	catch_fault(SIGSEGV, 0);
	if (sigsetjmp(back, 1) == 0)
		(void)*p;
	EXPECT_EQ(seen.si_code, SI_KERNEL);
	EXPECT_EQ(seen.si_addr, NULL);
	EXPECT_EQ(trapno, 13);
}

CASE(division_by_zero_is_intdiv)
{
	volatile int zero = 0;
	volatile int x = 1;

	catch_fault(SIGFPE, 0);
	if (sigsetjmp(back, 1) == 0)
		x = x / zero;
	EXPECT_EQ(seen.si_signo, SIGFPE);
	EXPECT_EQ(seen.si_code, FPE_INTDIV);
	EXPECT_EQ(trapno, 0);
}

CASE(illegal_instruction_is_illopn)
{
	catch_fault(SIGILL, 0);
	if (sigsetjmp(back, 1) == 0)
		__asm__ volatile("ud2");
	EXPECT_EQ(seen.si_signo, SIGILL);
	EXPECT_EQ(seen.si_code, ILL_ILLOPN);
	EXPECT_EQ(trapno, 6);
}

CASE(breakpoint_is_a_trap)
{
	catch_fault(SIGTRAP, 0);
	if (sigsetjmp(back, 1) == 0)
		__asm__ volatile("int3");
	EXPECT_EQ(seen.si_signo, SIGTRAP);
	EXPECT_EQ(seen.si_code, SI_KERNEL);
	EXPECT_EQ(trapno, 3);
}

CASE(privileged_instruction_is_segv)
{
	catch_fault(SIGSEGV, 0);
	if (sigsetjmp(back, 1) == 0)
		__asm__ volatile("hlt");
	EXPECT_EQ(seen.si_signo, SIGSEGV);
	EXPECT_EQ(seen.si_code, SI_KERNEL);
}

CASE(beyond_the_end_of_a_mapped_file_is_adrerr)
{
	int fd = conf_file("f", "abc");
	volatile char *p = mmap(
		NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	catch_fault(SIGBUS, 0);
	EXPECT_EQ(p[0], 'a');
	if (sigsetjmp(back, 1) == 0)
		(void)p[4096];
	EXPECT_EQ(seen.si_signo, SIGBUS);
	EXPECT_EQ(seen.si_code, BUS_ADRERR);
	EXPECT_EQ(seen.si_addr, p + 4096);
}

static void fault_now(void *data)
{
	struct rlimit none = {0, 0};

	MUST(setrlimit(RLIMIT_CORE, &none));
	*(volatile char *)conf_unmapped() = 1;
}

static void fault_blocked(void *data)
{
	sigset_t all;

	sigfillset(&all);
	MUST(sigprocmask(SIG_SETMASK, &all, NULL));
	fault_now(NULL);
}

static void fault_ignored(void *data)
{
	signal(SIGSEGV, SIG_IGN);
	fault_now(NULL);
}

CASE(fault_ends_whoever_does_not_handle_it)
{
	EXPECT_EQ(conf_in_child(fault_now, NULL) & 0x7f, SIGSEGV);
	EXPECT_EQ(conf_in_child(fault_blocked, NULL) & 0x7f, SIGSEGV);
	EXPECT_EQ(conf_in_child(fault_ignored, NULL) & 0x7f, SIGSEGV);
}

static void fault_without_stack(void *data)
{
	struct rlimit none = {0, 0};

	MUST(setrlimit(RLIMIT_CORE, &none));
	conf_catch(SIGSEGV, 0);
	__asm__ volatile("mov $8, %rsp\n\tpush %rax");
}

CASE(handler_without_a_stack_is_the_end)
{
	EXPECT_EQ(conf_in_child(fault_without_stack, NULL) & 0x7f, SIGSEGV);
}

CASE(alternate_stack_is_used_when_asked_for)
{
	static char room[65536];
	stack_t ss = {.ss_sp = room, .ss_size = sizeof(room)};
	volatile char *p = conf_unmapped();

	EXPECT_OK(sigaltstack(&ss, NULL));
	catch_fault(SIGSEGV, SA_ONSTACK);
	if (sigsetjmp(back, 1) == 0)
		*p = 1;
	EXPECT((char *)stack_pointer > room &&
		(char *)stack_pointer < room + sizeof(room));
	catch_fault(SIGSEGV, 0);
	if (sigsetjmp(back, 1) == 0)
		*p = 1;
	EXPECT((char *)stack_pointer < room ||
		(char *)stack_pointer > room + sizeof(room));
}

static int (*volatile deeper)(int);

static int overflow(int depth)
{
	volatile char room[4096];

	room[0] = depth;
	return deeper(depth + 1) + room[0];
}

CASE(stack_overflow_is_caught_on_the_alternate_stack)
{
	static char room[65536];
	stack_t ss = {.ss_sp = room, .ss_size = sizeof(room)};
	struct rlimit small = {1 << 20, RLIM_INFINITY};

	MUST(getrlimit(RLIMIT_STACK, &small));
	small.rlim_cur = 1 << 20;
	MUST(setrlimit(RLIMIT_STACK, &small));
	MUST(sigaltstack(&ss, NULL));
	catch_fault(SIGSEGV, SA_ONSTACK);
	deeper = overflow;
	if (sigsetjmp(back, 1) == 0)
		overflow(0);
	EXPECT_EQ(seen.si_signo, SIGSEGV);
}

static stack_t in_handler;

static void look_at_stack(int signo)
{
	sigaltstack(NULL, &in_handler);
	in_handler.ss_size = sigaltstack(&in_handler, NULL) == -1 ? errno : 0;
}

CASE(sigaltstack_tells_and_refuses)
{
	static char room[65536];
	stack_t ss = {.ss_sp = room, .ss_size = 1000};
	struct sigaction a = {
		.sa_handler = look_at_stack, .sa_flags = SA_ONSTACK};
	stack_t old;

	EXPECT_OK(sigaltstack(NULL, &old));
	EXPECT_EQ(old.ss_flags, SS_DISABLE);
	EXPECT_ERRNO(sigaltstack(&ss, NULL), ENOMEM);
	ss.ss_size = sizeof(room);
	ss.ss_flags = 77;
	EXPECT_ERRNO(sigaltstack(&ss, NULL), EINVAL);
	ss.ss_flags = 0;
	EXPECT_OK(sigaltstack(&ss, NULL));
	EXPECT_OK(sigaltstack(NULL, &old));
	EXPECT_EQ(old.ss_sp, room);
	EXPECT_EQ(old.ss_size, sizeof(room));
	EXPECT_EQ(old.ss_flags, 0);
	MUST(sigaction(SIGUSR1, &a, NULL));
	raise(SIGUSR1);
	EXPECT_EQ(in_handler.ss_flags, SS_ONSTACK);
	EXPECT_EQ(in_handler.ss_size, EPERM);
	EXPECT_ERRNO(syscall(SYS_sigaltstack, conf_unmapped(), NULL), EFAULT);
}

static stack_t while_disarmed;

static void look_disarmed(int signo)
{
	sigaltstack(NULL, &while_disarmed);
}

CASE(autodisarm_takes_the_stack_away_in_the_handler)
{
	static char room[65536];
	stack_t ss = {.ss_sp = room,
		.ss_size = sizeof(room),
		.ss_flags = (int)(1u << 31)};
	struct sigaction a = {
		.sa_handler = look_disarmed, .sa_flags = SA_ONSTACK};
	stack_t after;

	EXPECT_OK(sigaltstack(&ss, NULL));
	MUST(sigaction(SIGUSR1, &a, NULL));
	raise(SIGUSR1);
	EXPECT_EQ(while_disarmed.ss_flags, SS_DISABLE);
	EXPECT_OK(sigaltstack(NULL, &after));
	EXPECT_EQ(after.ss_sp, room);
}
