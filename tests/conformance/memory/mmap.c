/* mmap, munmap, mprotect, mremap and what files do under a mapping. */
#include "tests/conformance/harness.h"

#define PAGE ((size_t)4096)

static char *anonymous(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return MUST(p);
}

static void *map_file(int fd, size_t size, int prot, int flags)
{
	return mmap(NULL, size, prot, flags, fd, 0);
}

CASE(anonymous_memory_is_zero)
{
	char *p = anonymous(100 * PAGE);

	for (size_t i = 0; i < 100 * PAGE; i += PAGE)
		REQUIRE(p[i] == 0);
	p[99 * PAGE] = 1;
	EXPECT_OK(munmap(p, 100 * PAGE));
}

CASE(errors_of_arguments)
{
	int fd = conf_file("f", "abc");

	EXPECT_ERRNO(map_file(fd, 0, PROT_READ, MAP_PRIVATE), EINVAL);
	EXPECT_ERRNO(map_file(fd, PAGE, PROT_READ, 0), EINVAL);
	EXPECT_ERRNO(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 1), EINVAL);
	EXPECT_ERRNO(mmap((void *)1, PAGE, PROT_READ,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
		EINVAL);
	EXPECT_ERRNO(mmap(NULL, -PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
			     -1, 0),
		ENOMEM);
	EXPECT_ERRNO(map_file(-1, PAGE, PROT_READ, MAP_PRIVATE), EBADF);
	EXPECT_ERRNO(map_file(9999, PAGE, PROT_READ, MAP_SHARED), EBADF);
	EXPECT_ERRNO(mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE, fd,
			     INT64_MAX & ~(PAGE - 1)),
		EOVERFLOW);
}

CASE(errors_of_files)
{
	int p[2];
	int ro;
	int wo;

	close(conf_file("f", "abc"));
	MUST(pipe(p));
	ro = MUST(open("f", O_RDONLY));
	wo = MUST(open("f", O_WRONLY));
	EXPECT_ERRNO(map_file(wo, PAGE, PROT_READ, MAP_PRIVATE), EACCES);
	EXPECT_ERRNO(map_file(wo, PAGE, PROT_WRITE, MAP_SHARED), EACCES);
	EXPECT_ERRNO(
		map_file(ro, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED), EACCES);
	EXPECT_OK(map_file(ro, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE));
	EXPECT_ERRNO(map_file(p[0], PAGE, PROT_READ, MAP_PRIVATE), ENODEV);
	EXPECT_ERRNO(map_file(MUST(open(".", O_RDONLY)), PAGE, PROT_READ,
			     MAP_PRIVATE),
		ENODEV);
	EXPECT_ERRNO(
		map_file(MUST(open("f", O_PATH)), PAGE, PROT_READ, MAP_PRIVATE),
		EBADF);
}

CASE(private_mapping_shows_the_file_and_keeps_changes)
{
	char text[10];
	int fd = conf_file("f", "hello");
	char *p = MUST((char *)map_file(
		fd, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE));

	EXPECT_MEM(p, "hello\0\0", 7);
	p[0] = 'J';
	conf_slurp("f", text, sizeof(text));
	EXPECT_STR(text, "hello");
	close(fd);
	EXPECT_EQ(p[0], 'J');
}

CASE(shared_mapping_and_calls_see_each_other)
{
	char text[10];
	int fd = conf_file("f", "hello");
	char *p = MUST(
		(char *)map_file(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED));

	p[0] = 'J';
	EXPECT_EQ(pread(fd, text, 5, 0), 5);
	EXPECT_MEM(text, "Jello", 5);
	EXPECT_EQ(pwrite(fd, "C", 1, 0), 1);
	EXPECT_EQ(p[0], 'C');
	EXPECT_OK(msync(p, PAGE, MS_SYNC));
	p[100] = 'x';
	EXPECT_EQ(lseek(fd, 0, SEEK_END), 5);
}

CASE(two_processes_share_a_mapped_file)
{
	int fd = conf_file("f", "hello");
	char *p = MUST(
		(char *)map_file(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED));
	pid_t pid = conf_fork();

	if (pid == 0) {
		int other = MUST(open("f", O_RDWR));
		char *q = MUST((char *)map_file(
			other, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED));

		q[1] = 'X';
		_exit(0);
	}
	conf_wait(pid);
	EXPECT_EQ(p[1], 'X');
}

CASE(mapping_follows_growth_of_the_file)
{
	int fd = conf_file("f", "");
	char *p = MUST((char *)map_file(
		fd, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED));

	MUST(ftruncate(fd, 2 * PAGE));
	p[PAGE] = 'x';
	EXPECT_EQ(p[PAGE], 'x');
	EXPECT_EQ(p[0], 0);
}

CASE(mapping_survives_close_and_unlink)
{
	int fd = conf_file("f", "hello");
	char *p = MUST((char *)map_file(fd, PAGE, PROT_READ, MAP_SHARED));

	close(fd);
	MUST(unlink("f"));
	EXPECT_MEM(p, "hello", 5);
}

CASE(offset_maps_the_middle)
{
	int fd = conf_file("f", "");
	char *p;

	MUST(pwrite(fd, "middle", 6, 3 * PAGE));
	p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 3 * PAGE);
	MUST(p);
	EXPECT_MEM(p, "middle", 6);
}

CASE(fixed_replaces_and_noreplace_refuses)
{
	char *p = anonymous(3 * PAGE);

	p[PAGE] = 1;
	EXPECT_EQ(mmap(p + PAGE, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
		p + PAGE);
	EXPECT_EQ(p[PAGE], 0);
	EXPECT_ERRNO(mmap(p + PAGE, PAGE, PROT_READ,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
			     -1, 0),
		EEXIST);
	MUST(munmap(p + PAGE, PAGE));
	EXPECT_EQ(mmap(p + PAGE, PAGE, PROT_READ,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
			  0),
		p + PAGE);
}

CASE(hint_is_taken_if_free)
{
	char *p = anonymous(16 * PAGE);

	MUST(munmap(p, 16 * PAGE));
	EXPECT_EQ(mmap(p + 4 * PAGE, PAGE, PROT_READ,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		p + 4 * PAGE);
}

CASE(munmap_errors_and_holes)
{
	char *p = anonymous(3 * PAGE);

	EXPECT_ERRNO(munmap(p + 1, PAGE), EINVAL);
	EXPECT_ERRNO(munmap(p, 0), EINVAL);
	EXPECT_OK(munmap(p + PAGE, PAGE));
	EXPECT_OK(munmap(p, 3 * PAGE));
	EXPECT_OK(munmap(p, 3 * PAGE));
}

CASE(mprotect_errors)
{
	char *p = anonymous(2 * PAGE);

	EXPECT_ERRNO(mprotect(p + 1, PAGE, PROT_READ), EINVAL);
	EXPECT_OK(mprotect(p, 0, PROT_READ));
	EXPECT_ERRNO(mprotect(p, PAGE, 0x40), EINVAL);
	MUST(munmap(p + PAGE, PAGE));
	EXPECT_ERRNO(mprotect(p, 2 * PAGE, PROT_READ), ENOMEM);
	EXPECT_ERRNO(write(conf_file("f", ""), p, PAGE) == (ssize_t)PAGE
			     ? read(conf_file("g", "x"), p, 1)
			     : 0,
		EFAULT);
}

CASE(mprotect_cannot_go_beyond_the_files_mode)
{
	void *p;
	int fd;

	close(conf_file("f", "abc"));
	fd = MUST(open("f", O_RDONLY));
	p = MUST(map_file(fd, PAGE, PROT_READ, MAP_SHARED));
	EXPECT_ERRNO(mprotect(p, PAGE, PROT_READ | PROT_WRITE), EACCES);
	p = MUST(map_file(fd, PAGE, PROT_READ, MAP_PRIVATE));
	EXPECT_OK(mprotect(p, PAGE, PROT_READ | PROT_WRITE));
}

CASE(made_code_runs)
{
	static const unsigned char code[] = {
		0xb8, 0x2a, 0x00, 0x00, 0x00, 0xc3};
	char *p = anonymous(PAGE);
	int (*f)(void) = (int (*)(void))p;

	memcpy(p, code, sizeof(code));
	EXPECT_OK(mprotect(p, PAGE, PROT_READ | PROT_EXEC));
	EXPECT_EQ(f(), 42);
}

CASE(mremap_grows_moves_and_shrinks)
{
	char *p = anonymous(2 * PAGE);
	char *q;

	p[0] = 'a';
	p[PAGE] = 'b';
	q = mremap(p, 2 * PAGE, 100 * PAGE, MREMAP_MAYMOVE);
	MUST(q);
	EXPECT_EQ(q[0], 'a');
	EXPECT_EQ(q[PAGE], 'b');
	EXPECT_EQ(q[99 * PAGE], 0);
	EXPECT_EQ(mremap(q, 100 * PAGE, PAGE, 0), q);
	p = anonymous(PAGE);
	EXPECT_EQ(mremap(q, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p), p);
	EXPECT_EQ(p[0], 'a');
}

CASE(mremap_errors)
{
	char *p = anonymous(4 * PAGE);

	EXPECT_ERRNO(mremap(p + 1, PAGE, PAGE, 0), EINVAL);
	EXPECT_ERRNO(mremap(p, PAGE, 0, 0), EINVAL);
	EXPECT_ERRNO(mremap(p, PAGE, 2 * PAGE, 0), ENOMEM);
	EXPECT_ERRNO(mremap(p, PAGE, PAGE, MREMAP_FIXED, p), EINVAL);
	EXPECT_ERRNO(mremap(p, PAGE, PAGE, 0x100), EINVAL);
	EXPECT_ERRNO(mremap(conf_unmapped(), PAGE, 2 * PAGE, MREMAP_MAYMOVE),
		EFAULT);
}

CASE(mremap_of_a_file_mapping_shows_more_of_it)
{
	int fd = conf_file("f", "");
	char *p;

	MUST(pwrite(fd, "second", 6, PAGE));
	p = MUST((char *)map_file(fd, PAGE, PROT_READ, MAP_SHARED));
	p = MUST((char *)mremap(p, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
	EXPECT_MEM(p + PAGE, "second", 6);
}

CASE(msync_errors)
{
	char *p = anonymous(2 * PAGE);

	EXPECT_OK(msync(p, PAGE, MS_ASYNC));
	EXPECT_ERRNO(msync(p, PAGE, MS_ASYNC | MS_SYNC), EINVAL);
	EXPECT_ERRNO(msync(p, PAGE, 0x100), EINVAL);
	EXPECT_ERRNO(msync(p + 1, PAGE, MS_SYNC), EINVAL);
	MUST(munmap(p + PAGE, PAGE));
	EXPECT_ERRNO(msync(p, 2 * PAGE, MS_SYNC), ENOMEM);
}

CASE(dev_zero_maps_as_anonymous_memory)
{
	int fd = MUST(open("/dev/zero", O_RDWR));
	char *p = MUST((char *)map_file(
		fd, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE));

	EXPECT_EQ(p[5], 0);
	p[5] = 1;
	EXPECT_EQ(p[5], 1);
}

CASE(memfd_maps_and_seals_guard)
{
	int fd = MUST(memfd_create("m", MFD_ALLOW_SEALING));
	char *p;

	MUST(ftruncate(fd, PAGE));
	p = MUST(
		(char *)map_file(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED));
	EXPECT_ERRNO(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
	p[0] = 'x';
	MUST(munmap(p, PAGE));
	EXPECT_OK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	EXPECT_ERRNO(
		map_file(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED), EPERM);
	p = MUST((char *)map_file(fd, PAGE, PROT_READ, MAP_PRIVATE));
	EXPECT_EQ(p[0], 'x');
}

CASE(shared_anonymous_memory_is_inherited)
{
	int *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = conf_fork();

	if (pid == 0) {
		pid = conf_fork();
		if (pid == 0)
			p[3000] = 77;
		else
			conf_wait(pid);
		_exit(0);
	}
	conf_wait(pid);
	EXPECT_EQ(p[3000], 77);
}

CASE(address_space_limit_is_enomem)
{
	struct rlimit limit = {1ul << 30, 1ul << 30};

	MUST(setrlimit(RLIMIT_AS, &limit));
	EXPECT_ERRNO(mmap(NULL, 2ul << 30, PROT_READ,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		ENOMEM);
	EXPECT_OK(mmap(
		NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

CASE(write_into_a_mapping_of_the_same_file)
{
	int fd = conf_file("f", "abcdef");
	char *p = MUST(
		(char *)map_file(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED));

	EXPECT_EQ(pread(fd, p + 3, 3, 0), 3);
	EXPECT_MEM(p, "abcabc", 6);
	EXPECT_EQ(pwrite(fd, p + 1, 2, 0), 2);
	EXPECT_MEM(p, "bccabc", 6);
}

CASE(growsdown_and_stack_flags_are_accepted)
{
	EXPECT_OK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE |
			MAP_POPULATE,
		-1, 0));
}
