/* sigaction: flags, what is kept and what is refused. */
#include "tests/conformance/harness.h"

#include <ucontext.h>

static volatile siginfo_t seen;
static volatile sig_atomic_t depth;
static volatile sig_atomic_t deepest;
static volatile int masked;

static void take_info(int signo, siginfo_t *info, void *context)
{
	conf_caught++;
	memcpy((void *)&seen, info, sizeof(seen));
}

static void catch_info(int signo, int flags)
{
	struct sigaction a = {
		.sa_sigaction = take_info, .sa_flags = flags | SA_SIGINFO};

	MUST(sigaction(signo, &a, NULL));
}

CASE(old_action_is_told)
{
	struct sigaction a = {.sa_handler = SIG_IGN, .sa_flags = SA_RESTART};
	struct sigaction old;

	sigaddset(&a.sa_mask, SIGUSR2);
	EXPECT_OK(sigaction(SIGUSR1, &a, NULL));
	EXPECT_OK(sigaction(SIGUSR1, NULL, &old));
	EXPECT_EQ(old.sa_handler, SIG_IGN);
	EXPECT_EQ(old.sa_flags & SA_RESTART, SA_RESTART);
	EXPECT_EQ(sigismember(&old.sa_mask, SIGUSR2), 1);
	EXPECT_EQ(sigismember(&old.sa_mask, SIGUSR1), 0);
}

CASE(kill_and_stop_cannot_be_caught)
{
	struct sigaction a = {.sa_handler = SIG_IGN};
	struct sigaction old;

	EXPECT_ERRNO(sigaction(SIGKILL, &a, NULL), EINVAL);
	EXPECT_ERRNO(sigaction(SIGSTOP, &a, NULL), EINVAL);
	EXPECT_OK(sigaction(SIGKILL, NULL, &old));
	EXPECT_ERRNO(sigaction(0, &a, NULL), EINVAL);
	EXPECT_ERRNO(sigaction(65, &a, NULL), EINVAL);
	EXPECT_ERRNO(syscall(SYS_rt_sigaction, SIGUSR1, &a, NULL, 7), EINVAL);
}

CASE(bad_pointers_are_efault)
{
	EXPECT_ERRNO(
		syscall(SYS_rt_sigaction, SIGUSR1, conf_unmapped(), NULL, 8),
		EFAULT);
	EXPECT_ERRNO(
		syscall(SYS_rt_sigaction, SIGUSR1, NULL, conf_unmapped(), 8),
		EFAULT);
}

CASE(info_of_kill_names_the_sender)
{
	catch_info(SIGUSR1, 0);
	EXPECT_OK(kill(getpid(), SIGUSR1));
	EXPECT_EQ(conf_caught, 1);
	EXPECT_EQ(seen.si_signo, SIGUSR1);
	EXPECT_EQ(seen.si_code, SI_USER);
	EXPECT_EQ(seen.si_pid, getpid());
	EXPECT_EQ(seen.si_uid, getuid());
}

CASE(info_of_tgkill_is_tkill)
{
	catch_info(SIGUSR1, 0);
	EXPECT_OK(raise(SIGUSR1));
	EXPECT_EQ(seen.si_code, SI_TKILL);
	EXPECT_EQ(seen.si_pid, getpid());
}

CASE(info_of_sigqueue_carries_the_value)
{
	union sigval v = {.sival_int = 4711};

	catch_info(SIGRTMIN, 0);
	EXPECT_OK(sigqueue(getpid(), SIGRTMIN, v));
	EXPECT_EQ(seen.si_code, SI_QUEUE);
	EXPECT_EQ(seen.si_value.sival_int, 4711);
}

static void dive(int signo)
{
	static int raised;

	if (++depth > deepest)
		deepest = depth;
	if (raised++ < 3)
		raise(signo);
	depth--;
}

CASE(signal_is_blocked_in_its_handler_unless_nodefer)
{
	struct sigaction a = {.sa_handler = dive};

	MUST(sigaction(SIGUSR1, &a, NULL));
	raise(SIGUSR1);
	EXPECT_EQ(deepest, 1);
}

static void dive_deeper(int signo)
{
	if (++depth > deepest)
		deepest = depth;
	if (depth < 3)
		raise(signo);
	depth--;
}

CASE(nodefer_nests)
{
	struct sigaction a = {
		.sa_handler = dive_deeper, .sa_flags = SA_NODEFER};

	MUST(sigaction(SIGUSR1, &a, NULL));
	raise(SIGUSR1);
	EXPECT_EQ(deepest, 3);
}

static void look_at_mask(int signo)
{
	sigset_t set;

	sigprocmask(SIG_BLOCK, NULL, &set);
	masked = sigismember(&set, SIGUSR1) | sigismember(&set, SIGUSR2) << 1 |
		 sigismember(&set, SIGHUP) << 2;
}

CASE(mask_of_the_action_holds_in_the_handler_only)
{
	struct sigaction a = {.sa_handler = look_at_mask};
	sigset_t set;

	sigaddset(&a.sa_mask, SIGUSR2);
	MUST(sigaction(SIGUSR1, &a, NULL));
	raise(SIGUSR1);
	EXPECT_EQ(masked, 3);
	MUST(sigprocmask(SIG_BLOCK, NULL, &set));
	EXPECT_EQ(sigisemptyset(&set), 1);
}

CASE(resethand_is_for_once)
{
	struct sigaction old;

	conf_catch(SIGUSR1, SA_RESETHAND);
	raise(SIGUSR1);
	EXPECT_EQ(conf_caught, 1);
	MUST(sigaction(SIGUSR1, NULL, &old));
	EXPECT_EQ(old.sa_handler, SIG_DFL);
}

CASE(ignored_signals_leave_nothing_pending)
{
	sigset_t set;

	signal(SIGUSR1, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL));
	MUST(kill(getpid(), SIGUSR1));
	MUST(sigpending(&set));
	RECORD("pending", sigismember(&set, SIGUSR1));
	signal(SIGUSR1, SIG_DFL);
	signal(SIGUSR1, SIG_IGN);
	MUST(sigpending(&set));
	EXPECT_EQ(sigismember(&set, SIGUSR1), 0);
}

static void change_registers(int signo, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	uc->uc_mcontext.gregs[REG_RBX] = 0x1234;
	sigaddset(&uc->uc_sigmask, SIGUSR2);
}

CASE(handler_may_change_registers_and_mask)
{
	struct sigaction a = {
		.sa_sigaction = change_registers, .sa_flags = SA_SIGINFO};
	sigset_t set;
	long rbx = 0;

	MUST(sigaction(SIGUSR1, &a, NULL));
	__asm__ volatile("xor %%ebx, %%ebx\n\t"
			 "mov %1, %%eax\n\t"
			 "syscall\n\t"
			 "mov %%rbx, %0"
			 : "=r"(rbx)
			 : "i"(SYS_tgkill), "D"((long)getpid()),
			 "S"((long)gettid()), "d"((long)SIGUSR1)
			 : "rax", "rbx", "rcx", "r11", "memory");
	EXPECT_EQ(rbx, 0x1234);
	MUST(sigprocmask(SIG_BLOCK, NULL, &set));
	EXPECT_EQ(sigismember(&set, SIGUSR2), 1);
}

CASE(vector_registers_survive_a_handler)
{
	double before[2] = {1.5, -2.25};
	double after[2] = {0};

	conf_catch(SIGUSR1, 0);
	__asm__ volatile("movupd %3, %%xmm7\n\t"
			 "mov %1, %%eax\n\t"
			 "syscall\n\t"
			 "movupd %%xmm7, %0"
			 : "=m"(after)
			 : "i"(SYS_tgkill), "D"((long)getpid()), "m"(before),
			 "S"((long)gettid()), "d"((long)SIGUSR1)
			 : "rax", "rcx", "r11", "xmm7", "memory");
	EXPECT_EQ(conf_caught, 1);
	EXPECT_MEM(after, before, sizeof(before));
}

CASE(all_registers_but_three_survive_a_call)
{
	long rdi = 0;
	long r8 = 0;
	long r10 = 0;

	__asm__ volatile("mov $11, %%rdi\n\tmov $22, %%r8\n\tmov $33, %%r10\n\t"
			 "mov %3, %%eax\n\tsyscall\n\t"
			 "mov %%rdi, %0\n\tmov %%r8, %1\n\tmov %%r10, %2"
			 : "=m"(rdi), "=m"(r8), "=m"(r10)
			 : "i"(SYS_getppid)
			 : "rax", "rcx", "r11", "rdi", "r8", "r10");
	EXPECT_EQ(rdi, 11);
	EXPECT_EQ(r8, 22);
	EXPECT_EQ(r10, 33);
}
