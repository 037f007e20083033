/*
 * The guest of the platform tests: freestanding, one function for each test,
 * chosen by argv[1]. It ends with exit_group(0), or with the line number of
 * what was not true.
 */
#include "tests/unit/platform_guest.h"

#include <asm/prctl.h>
#include <asm/unistd.h>
#include <errno.h>
#include <linux/futex.h>
#include <linux/mman.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/stub/stub.h"

#define PAGE        4096ul
#define THREAD_SIZE 0x4000ul

#define CHECK(value)                                                           \
	do {                                                                   \
		if (!(value))                                                  \
			fail(__LINE__);                                        \
	} while (0)

void guest_main(const uint64_t *sp);

static inline long call6(
	long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile(
		"syscall"
		: "=a"(ret)
		: "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
		: "rcx", "r11", "memory");
	return ret;
}

#define CALL_N(_0, _1, _2, _3, _4, _5, _6, n, ...) n
#define call(...)                                  CALL_N(__VA_ARGS__, c6, c5, c4, c3, c2, c1, c0, )(__VA_ARGS__)
#define L(x)                                       ((long)(x))
#define c0(n)                                      call6(n, 0, 0, 0, 0, 0, 0)
#define c1(n, a)                                   call6(n, L(a), 0, 0, 0, 0, 0)
#define c2(n, a, b)                                call6(n, L(a), L(b), 0, 0, 0, 0)
#define c3(n, a, b, c)                             call6(n, L(a), L(b), L(c), 0, 0, 0)
#define c4(n, a, b, c, d)                          call6(n, L(a), L(b), L(c), L(d), 0, 0)
#define c5(n, a, b, c, d, e)                       call6(n, L(a), L(b), L(c), L(d), L(e), 0)
#define c6(n, a, b, c, d, e, f)                    call6(n, L(a), L(b), L(c), L(d), L(e), L(f))

static _Noreturn void quit(int status)
{
	for (;;)
		call(__NR_exit_group, status);
}

static _Noreturn void fail(int line)
{
	quit(line);
}

__asm__(".globl _start\n_start:\n"
	"	mov %rsp, %rdi\n"
	"	and $-16, %rsp\n"
	"	call guest_main\n"
	"	hlt\n");

static int same(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b)
		a++, b++;
	return *a == *b;
}

static void test_calls(void)
{
	int i;

	CHECK(call(CALL_SUM, 1, 2, 3, 4, 5, 6) == 21);
	CHECK(call(__NR_getppid) == 4242);
	for (i = 0; i < 100; i++)
		CHECK(call(CALL_SUM, i, -1L) == i - 1);
}

/* Native calls change this address space without a word to the sentry. */
static void test_native(void)
{
	volatile char *p;
	long brk;

	p = (volatile char *)call(__NR_mmap, 0, 4 * PAGE,
		PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK((unsigned long)p < -4095ul);
	p[0] = 1;
	CHECK(call(__NR_mprotect, p, PAGE, PROT_READ) == 0);
	CHECK(call(__NR_madvise, p + PAGE, PAGE, MADV_DONTNEED) == 0);
	CHECK(call(__NR_mremap, p, 4 * PAGE, PAGE, 0) == (long)p);
	CHECK(call(__NR_munmap, p, PAGE) == 0);
	brk = call(__NR_brk, 0);
	CHECK(call(__NR_brk, brk + 3 * PAGE) == (long)(brk + 3 * PAGE));
	CHECK(call(__NR_sched_yield) == 0);
	CHECK(call(CALL_SEEN, __NR_mmap) == 0);
	CHECK(call(CALL_SEEN, __NR_brk) == 0);
	CHECK(call(CALL_SEEN, __NR_mprotect) == 0);
	/* The window is out of reach: these come to the sentry. */
	CHECK(call(__NR_munmap, STUB_TEXT_START, PAGE) == -ENOSYS);
	CHECK(call(__NR_mprotect, 0x70000, PAGE, 7) == -ENOSYS);
	CHECK(call(__NR_mremap, p, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		      STUB_TEXT_START) == -ENOSYS);
	CHECK(call(__NR_madvise, 0x60000, PAGE, MADV_DONTNEED) == -ENOSYS);
	CHECK(call(CALL_SEEN, __NR_munmap) == 1);
}

/* Every register but rcx and r11 survives a call, however it arrives. */
static long registers(long nr)
{
	long bad;

	__asm__ volatile("mov $0x11, %%rbx\n"
			 "mov $0x22, %%r12\n"
			 "mov $0x33, %%r13\n"
			 "mov $0x44, %%r14\n"
			 "mov $0x55, %%r15\n"
			 "mov $0x66, %%edi\n"
			 "mov $0x77, %%esi\n"
			 "mov $0x88, %%edx\n"
			 "mov $0x99, %%r8d\n"
			 "mov $0xaa, %%r9d\n"
			 "mov $0xbb, %%r10d\n"
			 "syscall\n"
			 "xor $0x11, %%rbx\n"
			 "xor $0x22, %%r12\n"
			 "xor $0x33, %%r13\n"
			 "xor $0x44, %%r14\n"
			 "xor $0x55, %%r15\n"
			 "xor $0x66, %%rdi\n"
			 "xor $0x77, %%rsi\n"
			 "xor $0x88, %%rdx\n"
			 "xor $0x99, %%r8\n"
			 "xor $0xaa, %%r9\n"
			 "xor $0xbb, %%r10\n"
			 "or %%r12, %%rbx\n"
			 "or %%r13, %%rbx\n"
			 "or %%r14, %%rbx\n"
			 "or %%r15, %%rbx\n"
			 "or %%rdi, %%rbx\n"
			 "or %%rsi, %%rbx\n"
			 "or %%rdx, %%rbx\n"
			 "or %%r8, %%rbx\n"
			 "or %%r9, %%rbx\n"
			 "or %%r10, %%rbx\n"
			 "mov %%rbx, %0\n"
			 : "=r"(bad), "+a"(nr)
			 :
			 : "rbx", "r12", "r13", "r14", "r15", "rdi", "rsi",
			 "rdx", "r8", "r9", "r10", "rcx", "r11", "memory");
	return bad;
}

static void test_registers(void)
{
	CHECK(registers(CALL_SUM) == 0);
	CHECK(registers(__NR_kill) == 0);
}

static volatile uint32_t word;
static volatile uint32_t count;

/* Clones with a stack of its own; the child runs fn and exits. */
static long spawn(unsigned long flags, void (*fn)(void), int slot)
{
	uint64_t top = GUEST_STACKS + THREAD_SIZE * (slot + 1ul);
	uint64_t *stack;
	register long r10 __asm__("r10") = (long)&word;
	register long r8 __asm__("r8") = 0;
	long ret;

	__asm__("" : "+r"(top)); /* no array, for all the compiler knows */
	stack = (uint64_t *)top;
	stack[-1] = 0;
	stack[-2] = (uint64_t)fn;
	stack -= 2;
	__asm__ volatile("syscall\n"
			 "test %%rax, %%rax\n"
			 "jnz 1f\n"
			 "pop %%rax\n"
			 "call *%%rax\n"
			 "mov $60, %%eax\n"
			 "xor %%edi, %%edi\n"
			 "syscall\n"
			 "hlt\n"
			 "1:\n"
			 : "=a"(ret)
			 : "a"(__NR_clone), "D"(flags), "S"(stack), "d"(0),
			 "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return ret;
}

#define THREAD_FLAGS                                                           \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |    \
		CLONE_SYSVSEM)

static void no_body(void)
{
}

static void thread_body(void)
{
	CHECK(call(CALL_SUM, 20, 22) == 42);
	__atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST);
}

static void test_threads(void)
{
	int i;

	for (i = 0; i < 8; i++) {
		word = 1;
		CHECK(spawn(THREAD_FLAGS | CLONE_CHILD_CLEARTID, thread_body,
			      i % 4) > 0);
		while (word != 0)
			call(__NR_futex, &word, FUTEX_WAIT, 1, 0, 0, 0);
	}
	CHECK(count == 8);
}

static void wait_body(void)
{
	while (word == 0)
		call(__NR_futex, &word, FUTEX_WAIT, 0, 0, 0, 0);
	__atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST);
}

/* More threads at once than the window has areas. */
static void test_many_threads(void)
{
	int i;

	for (i = 0; i < 62; i++)
		CHECK(spawn(THREAD_FLAGS, wait_body, i) > 0);
	word = 1;
	call(__NR_futex, &word, FUTEX_WAKE, 100, 0, 0, 0);
	while (count != 62)
		call(__NR_sched_yield);
}

static void fork_body(void)
{
	count = 7;
	CHECK(call(CALL_SUM, 1, 1) == 2);
	call(CALL_STORE, 0, count);
	quit(0);
}

/* A forked child writes to a copy, a vfork child to the same memory. */
static void test_fork(void)
{
	CHECK(spawn(SIGCHLD, fork_body, 0) > 0);
	while (call(CALL_SEEN, CALL_STORE) < 1)
		call(__NR_sched_yield);
	CHECK(count == 0);
	CHECK(call(__NR_clone, SIGCHLD, 0, 0, 0, 0) >= 0);
}

static void test_vfork(void)
{
	CHECK(spawn(CLONE_VM | CLONE_VFORK | SIGCHLD, fork_body, 0) > 0);
	while (call(CALL_SEEN, CALL_STORE) < 1)
		call(__NR_sched_yield);
	CHECK(count == 7);
}

static void test_exec(void)
{
	const char *argv[] = {"guest", "after_exec", NULL};
	const char *envp[] = {"A=b", NULL};

	CHECK(call(__NR_execve, "", 1, envp) == -EFAULT);
	CHECK(call(CALL_SUM, 1, 2) == 3);
	call(__NR_execve, "", argv, envp);
	fail(__LINE__);
}

static void thread_exec(void)
{
	test_exec();
}

/* The other threads vanish; the one that called goes on as the leader. */
static void test_exec_thread(void)
{
	CHECK(spawn(THREAD_FLAGS, wait_body, 0) > 0);
	CHECK(spawn(THREAD_FLAGS, thread_exec, 1) > 0);
	for (;;)
		call(__NR_futex, &word, FUTEX_WAIT, 0, 0, 0, 0);
}

/* After an interrupt of code that runs: the sentry sets %rax. */
static long spin(void)
{
	long value = 0;

	__asm__ volatile("1: test %%rax, %%rax\n"
			 "jz 1b\n"
			 : "+a"(value));
	return value;
}

static void test_interrupt(void)
{
	uint64_t pair[2] = {0x123456789abcdefull, 0xfedcba987654321ull};
	uint64_t after[2];

	call(CALL_INTERRUPT, 20);
	__asm__ volatile("movups %0, %%xmm7" : : "m"(pair));
	CHECK(spin() == INTERRUPT_MARK);
	__asm__ volatile("movups %%xmm7, %0" : "=m"(after));
	CHECK(after[0] == pair[0] && after[1] == pair[1]);
	CHECK(call(CALL_PARK, 20) == -EINTR);
	CHECK(call(CALL_SUM, 2, 3) == 5);
}

/* A native futex wait is broken off, and goes on when resumed. */
static void test_futex(void)
{
	struct {
		long s, ns;
	} timeout = {0, 100000000};
	uint32_t zero = 0;

	call(CALL_INTERRUPT, 30);
	CHECK(call(__NR_futex, &zero, FUTEX_WAIT, 0, &timeout, 0, 0) ==
		-ETIMEDOUT);
	call(CALL_INTERRUPT, 30);
	CHECK(call(__NR_futex, &zero, FUTEX_WAIT, 1, 0, 0, 0) == -EAGAIN);
	CHECK(spin() == INTERRUPT_MARK);
}

static volatile int faults;

/* Entered with the fault's signal in %rdi, its address in %rsi. */
static void on_fault(long signo, uint64_t addr)
{
	static void (*volatile next)(void);

	(void)next;
	faults++;
	if (faults == 1)
		CHECK(signo == SIGSEGV && addr == 0x123000);
	else if (faults == 2)
		CHECK(signo == SIGILL);
	else if (faults == 3)
		CHECK(signo == SIGFPE);
	else if (faults == 4)
		CHECK(signo == SIGTRAP);
	if (faults == 1)
		__asm__ volatile("ud2");
	if (faults == 2)
		__asm__ volatile("xor %%edx, %%edx; mov $1, %%eax\n"
				 "xor %%ecx, %%ecx; div %%ecx"
				 :
				 :
				 : "rax", "rdx", "rcx");
	if (faults == 3)
		__asm__ volatile("int3");
	quit(faults == 4 ? 0 : 250);
}

static void test_faults(void)
{
	call(CALL_HANDLER, on_fault);
	*(volatile int *)0x123000 = 1;
}

static void test_fpstate(void)
{
	uint64_t pair[2] = {1, 2}, after[2];

	__asm__ volatile("movups %0, %%xmm3" : : "m"(pair));
	CHECK(call(__NR_kill, 0, 0) == -ENOSYS);
	__asm__ volatile("movups %%xmm3, %0" : "=m"(after));
	CHECK(after[0] == 1 && after[1] == 2);
	call(CALL_ROUND_FP);
	__asm__ volatile("movups %%xmm3, %0" : "=m"(after));
	CHECK(after[0] == 1 && after[1] == 2);
	call(CALL_RESET_FP);
	__asm__ volatile("movups %%xmm3, %0" : "=m"(after));
	CHECK(after[0] == 0 && after[1] == 0);
}

static void test_map_file(void)
{
	static const char text[] = "lent";
	volatile char *p = (volatile char *)0x30000000;
	int i;

	CHECK(call(CALL_MAP_FILE, p, text) == 0);
	for (i = 0; i < 4; i++)
		CHECK(p[i] == text[i]);
}

/*
 * Every number there is, with arguments that would hurt, as far as they come
 * back. uretprobe and uprobe (335, 336) pass every seccomp filter by the
 * kernel's own rule, and end in SIGILL.
 */
static void test_every_call(void)
{
	long nr;

	for (nr = 0; nr < EVERY_CALL_END; nr++) {
		if (nr == __NR_exit || nr == __NR_exit_group ||
			nr == __NR_clone || nr == __NR_execve || nr == 335 ||
			nr == 336)
			continue;
		call(nr, HURT_0, HURT_1, HURT_2, HURT_3, HURT_4, HURT_5);
	}
}

/* Writes into every area while the main thread has the stub work. */
static void scribble_body(void)
{
	volatile uint64_t *p;
	uint64_t value = 0x61012;
	int i;

	for (i = 0; i < 2000; i++) {
		for (p = (volatile uint64_t *)STUB_AREAS_START;
			p < (volatile uint64_t *)(STUB_AREAS_START + 0x300);
			p++)
			*p = value;
		for (p = (volatile uint64_t *)(STUB_AREAS_START + 0xe000);
			p < (volatile uint64_t *)(STUB_AREAS_START + 0x10000);
			p++)
			*p = value;
		value += 0x10;
	}
}

static void hostile_race(void)
{
	static const char *argv[] = {"guest", "after_exec", NULL};
	int i;

	CHECK(spawn(THREAD_FLAGS, scribble_body, 0) > 0);
	for (i = 0; i < 200; i++) {
		spawn(SIGCHLD, fork_body, 1);
		call(CALL_MAP_FILE, 0x30000000, argv[0]);
		call(__NR_execve, "", 1, argv);
		spawn(THREAD_FLAGS, thread_body, 2 + i % 8);
	}
	call(__NR_execve, "", argv, argv + 2);
}

/* Waits for good, in a call that the sentry holds. */
static void test_park(void)
{
	call(CALL_PARK, 400);
}

/* A thread that ends while others go on; its area serves the next. */
static void test_thread_exits(void)
{
	int i;

	for (i = 0; i < 300; i++) {
		word = 1;
		CHECK(spawn(THREAD_FLAGS | CLONE_CHILD_CLEARTID, thread_body,
			      0) > 0);
		while (word != 0)
			call(__NR_futex, &word, FUTEX_WAIT, 1, 0, 0, 0);
	}
	CHECK(count == 300);
}

/* The leader goes first: the process ends with the last thread. */
static void late_body(void)
{
	int i;

	for (i = 0; i < 50; i++)
		CHECK(call(CALL_SUM, i) == i);
	quit(0);
}

static void test_leader_exits(void)
{
	CHECK(spawn(THREAD_FLAGS, late_body, 0) > 0);
	call(__NR_exit, 3);
}

static void park_body(void)
{
	call(CALL_PARK, 200);
}

/* Either there is room for all of them, or the one too many is refused. */
static void test_fork_limit(void)
{
	long ret = 1;
	int n;

	for (n = 0; n < 60 && ret > 0; n++)
		ret = spawn(SIGCHLD, park_body, 0);
	CHECK(ret > 0 || ret == -EAGAIN);
	CHECK(n > 5);
	if (ret < 0)
		n--;
	call(CALL_STORE, 3, n);
	while (n-- > 0)
		call(CALL_WAIT);
	CHECK(spawn(SIGCHLD, no_body, 0) > 0);
	call(CALL_WAIT);
}

/* The memory of a vfork child that executes is left as it is. */
static void exec_body(void)
{
	static const char *argv[] = {"guest", "stored", NULL};

	word = 5;
	call(__NR_execve, "", argv, argv + 2);
	fail(__LINE__);
}

static void test_vfork_exec(void)
{
	int i;

	for (i = 0; i < 20; i++) {
		word = 0;
		CHECK(spawn(CLONE_VM | CLONE_VFORK | SIGCHLD, exec_body, 0) >
			0);
		while (call(CALL_SEEN, CALL_STORE) <= i)
			call(__NR_sched_yield);
		CHECK(word == 5);
	}
}

/* A little of everything, for as long as it lasts. */
static void busy_body(void)
{
	static const char *const argv[] = {"guest", "after_exec", NULL};
	static uint32_t ids;
	uint32_t id = __atomic_add_fetch(&ids, 1, __ATOMIC_SEQ_CST);
	int i;

	for (i = 0; i < 1000; i++) {
		uint64_t at = 0x30000000 + id * PAGE;

		spawn(SIGCHLD, no_body, (int)id * 3);
		call(CALL_MAP_FILE, at, argv[0]);
		spawn(THREAD_FLAGS, no_body, (int)id * 3 + 1);
		call(__NR_execve, "", 1, argv);
		call(__NR_kill, 0, 0);
	}
}

static void start_busy(void)
{
	int i;

	for (i = 0; i < 4; i++)
		spawn(THREAD_FLAGS, busy_body, i);
}

static void test_busy(void)
{
	start_busy();
	busy_body();
}

/* Executes while other threads are in the middle of everything. */
static void test_exec_busy(void)
{
	static const char *const argv[] = {"guest", "after_exec", NULL};
	long i;

	start_busy();
	for (i = 0; i < 300; i++)
		call(CALL_SUM, i);
	call(__NR_execve, "", argv, argv + 2);
	fail(__LINE__);
}

static void test_stored(void)
{
	call(CALL_STORE, 0, 0);
}

/* A stopped thread leaves through the stub. */
static void test_exit_stopped(void)
{
	CHECK(spawn(THREAD_FLAGS, wait_body, 0) > 0);
	call(CALL_EXIT_OTHER);
	CHECK(call(CALL_SUM, 1) == 1);
	CHECK(spawn(THREAD_FLAGS, thread_body, 1) > 0);
	while (count != 1)
		call(__NR_sched_yield);
}

static void test_spin(void)
{
	spin();
}

static void test_other_abi(void)
{
	long ret;

	__asm__ volatile("int $0x80" : "=a"(ret) : "a"(20) : "memory");
	CHECK(ret == -ENOSYS);
	CHECK(call(0x40000000 + 39) == -ENOSYS);
}

/* How long a call, a trap, a thread, a process and a program take. */
static void bench(int n, void (*fn)(void))
{
	int i;

	call(CALL_STORE, 1, n);
	for (i = 0; i < n; i++)
		fn();
	call(CALL_STORE, 2, n);
}

static void once_call(void)
{
	call(__NR_getppid);
}

static void once_trap(void)
{
	call(__NR_kill, 0, 0);
}

static void once_thread(void)
{
	word = 1;
	CHECK(spawn(THREAD_FLAGS | CLONE_CHILD_CLEARTID, no_body, 0) > 0);
	while (word != 0)
		call(__NR_futex, &word, FUTEX_WAIT, 1, 0, 0, 0);
}

static void once_fork(void)
{
	CHECK(spawn(SIGCHLD, no_body, 0) > 0);
	call(CALL_WAIT);
}

static void once_exec(void)
{
	CHECK(spawn(CLONE_VM | CLONE_VFORK | SIGCHLD, exec_body, 0) > 0);
	call(CALL_WAIT);
}

static void bench_call(void)
{
	bench(100000, once_call);
}

static void bench_trap(void)
{
	bench(20000, once_trap);
}

static void bench_thread(void)
{
	bench(3000, once_thread);
}

static void bench_fork(void)
{
	bench(1000, once_fork);
}

static void bench_exec(void)
{
	bench(500, once_exec);
}

/* From here on: guests that mean harm. */

static void hostile_report(void)
{
	__asm__ volatile("jmp *%0"
			 :
			 : "r"(STUB_IP_REPORT - 2L), "a"(STUB_REPORT_NR),
			 "D"(STUB_CHILD), "S"(0x70000));
}

static void hostile_started(void)
{
	__asm__ volatile("jmp *%0"
			 :
			 : "r"(STUB_IP_REPORT - 2L), "a"(STUB_REPORT_NR),
			 "D"(STUB_STARTED), "S"(0x70000));
}

static void hostile_clone(void)
{
	__asm__ volatile(
		"jmp *%0"
		:
		: "r"(STUB_IP_CLONE - 2L), "a"(__NR_clone), "D"(17), "S"(0));
}

static void hostile_exec(void)
{
	__asm__ volatile("jmp *%0"
			 :
			 : "r"(STUB_IP_EXEC - 2L), "a"(__NR_execveat),
			 "D"(STUB_FD_FIRST), "S"(STUB_EMPTY_PATH), "d"(0));
}

/* Asks the stub to call for us. */
static long stub_says(long nr, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long ret;

	__asm__ volatile("call *%[at]"
			 : "=a"(ret)
			 : [at] "r"(STUB_IP_CALL - 2L), "a"(nr), "D"(a), "S"(b),
			 "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return ret;
}

static void hostile_call(void)
{
	stub_says(__NR_getppid, 0, 0, 0, 0);
}

/* The stub's text cannot be changed even through the stub. */
static void hostile_text(void)
{
	stub_says(__NR_mprotect, STUB_TEXT_START, PAGE, 7, 0);
}

static void hostile_unmap(void)
{
	stub_says(__NR_munmap, STUB_AREAS_START, STUB_AREA_SIZE, 0, 0);
	call(__NR_kill, 0, 0);
	fail(__LINE__);
}

/* Blocks the kick: an interrupt is not answered, and that is not forgiven. */
static void hostile_mask(void)
{
	static const uint64_t all = ~0ull;

	CHECK(stub_says(__NR_rt_sigprocmask, SIG_SETMASK, L(&all), 0, 8) == 0);
	call(CALL_INTERRUPT, 1);
	spin();
}

static void hostile_scribble(void)
{
	volatile char *p = (volatile char *)STUB_AREAS_START;
	unsigned long i;

	for (i = 0; i < STUB_AREA_SIZE; i++)
		p[i] = (char)0xa5;
	call(__NR_kill, 0, 0);
	call(CALL_SUM, 1);
	quit(0);
}

/* Jumps to every byte of the stub's text, one process for each. */
static void jump_body(void)
{
	__asm__ volatile("jmp *%0" : : "r"((long)word));
}

static void hostile_jumps(void)
{
	uint32_t at;

	for (at = STUB_GATE; at < STUB_GATE + 0x580; at++) {
		word = at;
		CHECK(spawn(SIGCHLD, jump_body, 0) > 0);
	}
}

static uint64_t seed;

static uint64_t random64(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* A number that might mean something at one of the gates. */
static long random_argument(void)
{
	static const long known[] = {0, 1, 2, 3, 4, 5, 6, 9, 10, 11, 13, 14, 15,
		23, 25, 31, 56, 57, 60, 61, 157, 231, 322, STUB_REPORT_NR,
		STUB_EMPTY_PATH, STUB_AREAS_START, STUB_AREAS_START + 0xf000,
		STUB_AREAS_START + 0x10000, 0x1000, SIGCHLD, THREAD_FLAGS, -1,
		0x10000000, CLONE_PARENT | SIGCHLD, CLONE_VM | CLONE_PARENT};

	if (random64() % 8 == 0)
		return L(random64());
	return known[random64() % (sizeof(known) / sizeof(known[0]))];
}

/* Calls at the gates with registers by chance, until that ends it. */
static void fuzz_body(void)
{
	static const long gates[] = {STUB_IP_CALL - 2, STUB_IP_REPORT - 2,
		STUB_IP_CLONE - 2, STUB_IP_CHILD - 2, STUB_IP_EXEC - 2};
	int i;

	seed = word * 0x9e3779b97f4a7c15ull + 1;
	for (i = 0; i < 20; i++) {
		register long r10 __asm__("r10") = random_argument();
		register long r8 __asm__("r8") = random_argument();
		register long nr __asm__("rax") = random_argument();
		long a = random_argument(), b = random_argument();
		long c = random_argument();
		long gate = gates[random64() % 5];

		if (random64() % 4 == 0)
			gate = STUB_IP_REPORT - 2, nr = STUB_REPORT_NR;
		if (random64() % 4 == 0)
			gate = STUB_IP_CALL - 2;
		__asm__ volatile("call *%[at]"
				 : "+a"(nr), "+D"(a), "+S"(b), "+d"(c)
				 : [at] "r"(gate), "r"(r10), "r"(r8)
				 : "rcx", "r11", "memory");
		call(__NR_kill, 0, 0);
	}
}

static void hostile_fuzz(void)
{
	int i;

	for (i = 0; i < 600; i++) {
		word = (uint32_t)i;
		CHECK(spawn(i % 8 == 7 ? CLONE_VM | CLONE_VFORK : SIGCHLD,
			      fuzz_body, 0) > 0);
		call(CALL_WAIT);
	}
}

static void test_after_exec(void)
{
}

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{"calls", test_calls},
	{"native", test_native},
	{"registers", test_registers},
	{"threads", test_threads},
	{"many_threads", test_many_threads},
	{"fork", test_fork},
	{"vfork", test_vfork},
	{"exec", test_exec},
	{"exec_thread", test_exec_thread},
	{"after_exec", test_after_exec},
	{"interrupt", test_interrupt},
	{"futex", test_futex},
	{"faults", test_faults},
	{"fpstate", test_fpstate},
	{"map_file", test_map_file},
	{"every_call", test_every_call},
	{"park", test_park},
	{"thread_exits", test_thread_exits},
	{"leader_exits", test_leader_exits},
	{"vfork_exec", test_vfork_exec},
	{"stored", test_stored},
	{"fork_limit", test_fork_limit},
	{"busy", test_busy},
	{"exec_busy", test_exec_busy},
	{"exit_stopped", test_exit_stopped},
	{"hostile_race", hostile_race},
	{"spin", test_spin},
	{"bench_call", bench_call},
	{"bench_trap", bench_trap},
	{"bench_thread", bench_thread},
	{"bench_fork", bench_fork},
	{"bench_exec", bench_exec},
	{"other_abi", test_other_abi},
	{"hostile_report", hostile_report},
	{"hostile_started", hostile_started},
	{"hostile_clone", hostile_clone},
	{"hostile_exec", hostile_exec},
	{"hostile_call", hostile_call},
	{"hostile_text", hostile_text},
	{"hostile_unmap", hostile_unmap},
	{"hostile_mask", hostile_mask},
	{"hostile_scribble", hostile_scribble},
	{"hostile_jumps", hostile_jumps},
	{"hostile_fuzz", hostile_fuzz},
};

void guest_main(const uint64_t *sp)
{
	const char *const *argv = (const char *const *)(sp + 1);
	size_t i;

	if (sp[0] < 2)
		fail(251);
	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		if (!same(argv[1], tests[i].name))
			continue;
		tests[i].run();
		quit(0);
	}
	fail(252);
}
