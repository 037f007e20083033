/* brk, madvise, mincore, mlock, process_vm_readv, membarrier. */
#include "tests/conformance/harness.h"

#include <linux/membarrier.h>
#include <sys/prctl.h>

#define PAGE ((size_t)4096)

static char *anonymous(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return MUST(p);
}

CASE(brk_moves_and_tells)
{
	char *old = (char *)syscall(SYS_brk, 0);

	EXPECT_EQ(syscall(SYS_brk, old + 100), old + 100);
	EXPECT_EQ(syscall(SYS_brk, old + 10 * PAGE), old + 10 * PAGE);
	old[5 * PAGE] = 1;
	EXPECT_EQ(syscall(SYS_brk, old), old);
	EXPECT_EQ(syscall(SYS_brk, 1), old);
	EXPECT_EQ(syscall(SYS_brk, old + (1ul << 46)), old);
}

CASE(brk_memory_is_zero_again)
{
	char *old = (char *)syscall(SYS_brk, 0);
	char *page = (char *)(((uintptr_t)old + PAGE - 1) & ~(PAGE - 1));

	EXPECT_EQ(syscall(SYS_brk, page + PAGE), page + PAGE);
	page[0] = 1;
	EXPECT_EQ(syscall(SYS_brk, old), old);
	EXPECT_EQ(syscall(SYS_brk, page + PAGE), page + PAGE);
	EXPECT_EQ(page[0], 0);
}

CASE(dontneed_makes_zeros_or_the_file_again)
{
	int fd = conf_file("f", "file");
	char *p = anonymous(PAGE);
	char *q = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	p[0] = 1;
	EXPECT_OK(madvise(p, PAGE, MADV_DONTNEED));
	EXPECT_EQ(p[0], 0);
	q[0] = 'X';
	EXPECT_OK(madvise(q, PAGE, MADV_DONTNEED));
	EXPECT_EQ(q[0], 'f');
}

CASE(madvise_errors)
{
	char *p = anonymous(2 * PAGE);

	EXPECT_ERRNO(madvise(p + 1, PAGE, MADV_NORMAL), EINVAL);
	EXPECT_ERRNO(madvise(p, PAGE, 9999), EINVAL);
	EXPECT_OK(madvise(p, 0, MADV_NORMAL));
	MUST(munmap(p + PAGE, PAGE));
	EXPECT_ERRNO(madvise(p, 2 * PAGE, MADV_DONTNEED), ENOMEM);
}

CASE(dontfork_is_not_there_in_the_child)
{
	char *p = anonymous(PAGE);
	pid_t pid;

	EXPECT_OK(madvise(p, PAGE, MADV_DONTFORK));
	pid = conf_fork();
	if (pid == 0) {
		EXPECT_ERRNO(write(conf_file("f", ""), p, 1), EFAULT);
		_exit(0);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
}

CASE(wipeonfork_is_zero_in_the_child)
{
	char *p = anonymous(PAGE);
	pid_t pid;

	p[0] = 1;
	EXPECT_OK(madvise(p, PAGE, MADV_WIPEONFORK));
	pid = conf_fork();
	if (pid == 0)
		_exit(p[0]);
	EXPECT_EQ(conf_wait(pid), EXITED(0));
	EXPECT_EQ(p[0], 1);
}

CASE(mincore_tells_touched_pages)
{
	unsigned char vec[3];
	char *p = anonymous(3 * PAGE);

	p[PAGE] = 1;
	EXPECT_OK(mincore(p, 3 * PAGE, vec));
	EXPECT_EQ(vec[0] & 1, 0);
	EXPECT_EQ(vec[1] & 1, 1);
	EXPECT_ERRNO(mincore(p + 1, PAGE, vec), EINVAL);
	EXPECT_ERRNO(mincore(p, PAGE, conf_unmapped()), EFAULT);
	MUST(munmap(p, PAGE));
	EXPECT_ERRNO(mincore(p, PAGE, vec), ENOMEM);
}

CASE(mlock_and_munlock)
{
	char *p = anonymous(4 * PAGE);

	EXPECT_OK(mlock(p, 2 * PAGE));
	EXPECT_OK(munlock(p, 2 * PAGE));
	EXPECT_OK(mlock2(p, PAGE, MLOCK_ONFAULT));
	EXPECT_ERRNO(mlock2(p, PAGE, 2), EINVAL);
	EXPECT_ERRNO(mlock(conf_unmapped(), PAGE), ENOMEM);
	EXPECT_ERRNO(mlockall(0), EINVAL);
	EXPECT_OK(munlockall());
}

CASE_USER(locked_memory_is_limited)
{
	struct rlimit limit = {PAGE, PAGE};
	char *p = anonymous(4 * PAGE);

	MUST(setrlimit(RLIMIT_MEMLOCK, &limit));
	EXPECT_ERRNO(mlock(p, 4 * PAGE), ENOMEM);
	EXPECT_OK(mlock(p, PAGE));
	limit.rlim_cur = limit.rlim_max = 0;
	MUST(setrlimit(RLIMIT_MEMLOCK, &limit));
	EXPECT_ERRNO(mlock(p, PAGE), EPERM);
}

CASE(process_vm_reads_and_writes_a_child)
{
	volatile char *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	static char value[8] = "parent";
	struct iovec local = {value, 8};
	struct iovec remote = {value, 8};
	pid_t pid = conf_fork();

	if (pid == 0) {
		memcpy(value, "child!!", 8);
		shared[0] = 1;
		while (shared[0] != 2)
			sched_yield();
		_exit(value[0]);
	}
	WAIT_UNTIL(shared[0] == 1);
	EXPECT_EQ(process_vm_readv(pid, &local, 1, &remote, 1, 0), 8);
	EXPECT_STR(value, "child!!");
	value[0] = 7;
	EXPECT_EQ(process_vm_writev(pid, &local, 1, &remote, 1, 0), 8);
	shared[0] = 2;
	EXPECT_EQ(conf_wait(pid), EXITED(7));
}

CASE(process_vm_errors)
{
	char text[8];
	struct iovec local = {text, 8};
	struct iovec remote = {conf_unmapped(), 8};

	EXPECT_ERRNO(
		process_vm_readv(0x7ffffff0, &local, 1, &local, 1, 0), ESRCH);
	EXPECT_ERRNO(
		process_vm_readv(getpid(), &local, 1, &local, 1, 1), EINVAL);
	EXPECT_ERRNO(
		process_vm_readv(getpid(), &local, 1, &remote, 1, 0), EFAULT);
	EXPECT_EQ(process_vm_readv(getpid(), &local, 1, NULL, 0, 0), 0);
}

CASE(membarrier_asks_and_registers)
{
	long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);

	EXPECT(commands > 0);
	EXPECT_ERRNO(syscall(SYS_membarrier, 1 << 30, 0, 0), EINVAL);
	EXPECT_ERRNO(
		syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0),
		EPERM);
	EXPECT_OK(syscall(SYS_membarrier,
		MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0));
	EXPECT_OK(syscall(
		SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
}
