/* Protection keys, sealed memory, and what calls do with odd memory. */
#include "tests/conformance/harness.h"

#define PAGE ((size_t)4096)

static char *anonymous(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return MUST(p);
}

CASE(pkey_errors)
{
	EXPECT_ERRNO(pkey_alloc(1, 0), EINVAL);
	EXPECT_ERRNO(pkey_free(15), EINVAL);
	EXPECT_ERRNO(
		pkey_mprotect(anonymous(PAGE), PAGE, PROT_READ, 15), EINVAL);
	EXPECT_OK(pkey_mprotect(anonymous(PAGE), PAGE, PROT_READ, -1));
}

CASE(sealed_memory_stays)
{
	char *p = anonymous(PAGE);

	if (syscall(462, p, PAGE, 0) < 0 && errno == ENOSYS)
		SKIP("no mseal");
	EXPECT_ERRNO(munmap(p, PAGE), EPERM);
	EXPECT_ERRNO(mprotect(p, PAGE, PROT_READ), EPERM);
	EXPECT_ERRNO(mmap(p, PAGE, PROT_READ,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
		EPERM);
	EXPECT_ERRNO(syscall(462, p + 1, PAGE, 0), EINVAL);
	EXPECT_ERRNO(syscall(462, p, PAGE, 1), EINVAL);
}

CASE(remap_file_pages_changes_the_order)
{
	int fd = conf_file("f", "");
	char *p;

	MUST(pwrite(fd, "a", 1, 0));
	MUST(pwrite(fd, "b", 1, PAGE));
	MUST(ftruncate(fd, 2 * PAGE));
	p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	MUST(p);
	EXPECT_OK(remap_file_pages(p, PAGE, 0, 1, 0));
	EXPECT_EQ(p[0], 'b');
	EXPECT_ERRNO(remap_file_pages(p, PAGE, PROT_READ, 1, 0), EINVAL);
	EXPECT_ERRNO(remap_file_pages(anonymous(PAGE), PAGE, 0, 0, 0), EINVAL);
}

CASE(calls_fault_in_fresh_and_copied_pages)
{
	int fd = conf_file("f", "abc");
	char *fresh = anonymous(16 * PAGE);
	pid_t pid;

	EXPECT_EQ(pread(fd, fresh + 3 * PAGE, 3, 0), 3);
	EXPECT_MEM(fresh + 3 * PAGE, "abc", 3);
	pid = conf_fork();
	if (pid == 0) {
		EXPECT_EQ(pread(fd, fresh + 3 * PAGE, 1, 2), 1);
		EXPECT_EQ(fresh[3 * PAGE], 'c');
		_exit(0);
	}
	conf_wait(pid);
	EXPECT_EQ(fresh[3 * PAGE], 'a');
	EXPECT_EQ(write(fd, fresh + 8 * PAGE, 5), 5);
}

CASE(calls_reach_private_file_pages)
{
	int fd = conf_file("f", "abcdef");
	char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	char text[10];

	MUST(p);
	EXPECT_EQ(pread(fd, p, 3, 3), 3);
	EXPECT_MEM(p, "defdef", 6);
	conf_slurp("f", text, sizeof(text));
	EXPECT_STR(text, "abcdef");
}

CASE(calls_refuse_memory_beyond_the_end_of_the_file)
{
	int fd = conf_file("f", "abc");
	int out = conf_file("out", "");
	char *p = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);

	MUST(p);
	EXPECT_EQ(write(out, p, PAGE), PAGE);
	EXPECT_ERRNO(write(out, p + PAGE, 1), EFAULT);
	EXPECT_EQ(write(out, p + PAGE - 10, 20), 10);
}

CASE(execute_only_memory_runs)
{
	static const unsigned char code[] = {
		0xb8, 0x07, 0x00, 0x00, 0x00, 0xc3};
	char *p = anonymous(PAGE);
	int (*f)(void) = (int (*)(void))p;

	memcpy(p, code, sizeof(code));
	EXPECT_OK(mprotect(p, PAGE, PROT_EXEC));
	EXPECT_EQ(f(), 7);
}

CASE(string_that_crosses_pages_is_read)
{
	char *p = anonymous(2 * PAGE);
	struct stat st;

	strcpy(p + PAGE - 4, "/dev/null");
	EXPECT_OK(stat(p + PAGE - 4, &st));
	EXPECT_OK(mprotect(p + PAGE, PAGE, PROT_NONE));
	EXPECT_ERRNO(stat(p + PAGE - 4, &st), EFAULT);
}

CASE(one_gigabyte_of_untouched_memory_is_free)
{
	char *p = mmap(NULL, 1ul << 30, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	MUST(p);
	p[1ul << 29] = 1;
	EXPECT_EQ(p[(1ul << 30) - 1], 0);
	EXPECT_OK(munmap(p, 1ul << 30));
}
