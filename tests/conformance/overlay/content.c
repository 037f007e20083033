/* Contents of files that were there before the sandbox. */
#include "tests/conformance/harness.h"

#include <sys/file.h>

static char text[256];

static const char *content(const char *path)
{
	if (conf_slurp(path, text, sizeof(text)) < 0)
		snprintf(text, sizeof(text), "errno %d", errno);
	return text;
}

CASE_GIVEN(is_read)
{
	EXPECT_STR(content("given/file"), "content\n");
	EXPECT_STR(content("given/link"), "content\n");
	EXPECT_STR(content("given/empty"), "");
	EXPECT_STR(content("given/dir/sub/deep"), "deep\n");
}

CASE_GIVEN(big_file_is_whole)
{
	static char big[100001];
	int fd = MUST(open("given/big", O_RDONLY));

	EXPECT_EQ(read(fd, big, sizeof(big)), 100000);
	for (int i = 0; i < 100000; i++)
		REQUIRE((unsigned char)big[i] == i % 251);
	EXPECT_EQ(pread(fd, big, 10, 99995), 5);
}

CASE_GIVEN(can_be_overwritten_in_part)
{
	struct stat st;
	int fd = MUST(open("given/big", O_RDWR));

	EXPECT_EQ(pwrite(fd, "XY", 2, 50000), 2);
	MUST(fstat(fd, &st));
	EXPECT_EQ(st.st_size, 100000);
	EXPECT_EQ(pread(fd, text, 4, 49999), 4);
	EXPECT_EQ((unsigned char)text[0], 49999 % 251);
	EXPECT_MEM(text + 1, "XY", 2);
	EXPECT_EQ((unsigned char)text[3], 50002 % 251);
}

CASE_GIVEN(earlier_reader_sees_later_writes)
{
	int reader = MUST(open("given/file", O_RDONLY));
	int writer;

	EXPECT_EQ(read(reader, text, 3), 3);
	writer = MUST(open("given/file", O_WRONLY));
	EXPECT_EQ(write(writer, "CONTENT!", 8), 8);
	EXPECT_EQ(read(reader, text, 10), 5);
	EXPECT_MEM(text, "TENT!", 5);
}

CASE_GIVEN(stays_the_same_file_when_written)
{
	struct stat before;
	struct stat after;
	int fd = MUST(open("given/file", O_RDWR));

	MUST(fstat(fd, &before));
	EXPECT_EQ(write(fd, "x", 1), 1);
	MUST(fstat(fd, &after));
	EXPECT_EQ(before.st_ino, after.st_ino);
	EXPECT_EQ(before.st_dev, after.st_dev);
	MUST(stat("given/file", &after));
	EXPECT_EQ(before.st_ino, after.st_ino);
	EXPECT_EQ(after.st_mode, S_IFREG | 0640);
	EXPECT_EQ(after.st_nlink, 1);
}

CASE_GIVEN(append_truncate_and_grow)
{
	int fd = MUST(open("given/file", O_WRONLY | O_APPEND));

	EXPECT_EQ(write(fd, "more\n", 5), 5);
	EXPECT_STR(content("given/file"), "content\nmore\n");
	EXPECT_OK(truncate("given/file", 4));
	EXPECT_STR(content("given/file"), "cont");
	EXPECT_OK(ftruncate(fd, 6));
	EXPECT_EQ(conf_slurp("given/file", text, sizeof(text)), 6);
	EXPECT_MEM(text, "cont\0\0", 6);
	close(MUST(open("given/file", O_WRONLY | O_TRUNC)));
	EXPECT_STR(content("given/file"), "");
}

CASE_GIVEN(hard_links_stay_one_file)
{
	struct stat a;
	struct stat b;
	int fd = MUST(open("given/hard1", O_WRONLY));

	EXPECT_EQ(write(fd, "HARD", 4), 4);
	EXPECT_STR(content("given/hard2"), "HARD\n");
	MUST(stat("given/hard1", &a));
	MUST(stat("given/hard2", &b));
	EXPECT_EQ(a.st_ino, b.st_ino);
	EXPECT_EQ(a.st_nlink, 2);
	EXPECT_OK(unlink("given/hard1"));
	MUST(stat("given/hard2", &b));
	EXPECT_EQ(b.st_nlink, 1);
}

CASE_GIVEN(private_mapping_shows_it)
{
	int fd = MUST(open("given/file", O_RDONLY));
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	MUST(p);
	EXPECT_MEM(p, "content\n\0", 9);
	p[0] = 'X';
	EXPECT_STR(content("given/file"), "content\n");
}

CASE_GIVEN(shared_mapping_changes_it)
{
	int fd = MUST(open("given/file", O_RDWR));
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	MUST(p);
	p[0] = 'X';
	EXPECT_STR(content("given/file"), "Xontent\n");
	EXPECT_EQ(pwrite(fd, "Y", 1, 1), 1);
	EXPECT_EQ(p[1], 'Y');
}

CASE_GIVEN(readers_mapping_sees_later_writes)
{
	int fd = MUST(open("given/file", O_RDONLY));
	volatile char *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	int writer;

	MUST(p);
	EXPECT_EQ(p[0], 'c');
	writer = MUST(open("given/file", O_WRONLY));
	EXPECT_EQ(write(writer, "X", 1), 1);
	EXPECT_EQ(p[0], 'X');
}

CASE_GIVEN(locks_of_readers_and_writers_meet)
{
	int reader = MUST(open("given/file", O_RDONLY));
	int writer;

	EXPECT_OK(flock(reader, LOCK_EX));
	writer = MUST(open("given/file", O_RDWR));
	EXPECT_EQ(write(writer, "x", 1), 1);
	EXPECT_ERRNO(flock(writer, LOCK_EX | LOCK_NB), EAGAIN);
}

CASE_GIVEN(program_can_be_run_and_changed)
{
	pid_t pid = conf_fork();
	int fd;

	if (pid == 0) {
		execl("given/exec", "exec", NULL);
		_exit(1);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(7));
	fd = MUST(open("given/exec", O_WRONLY));
	EXPECT_EQ(pwrite(fd, "8", 1, 15), 1);
	EXPECT_ERRNO(execl("given/exec", "exec", NULL), ETXTBSY);
	close(fd);
	pid = conf_fork();
	if (pid == 0) {
		execl("given/exec", "exec", NULL);
		_exit(1);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(8));
}

CASE_GIVEN(unlinked_file_lives_while_it_is_open)
{
	int fd = MUST(open("given/file", O_RDWR));
	struct stat st;

	EXPECT_OK(unlink("given/file"));
	EXPECT_EQ(read(fd, text, 8), 8);
	EXPECT_MEM(text, "content\n", 8);
	EXPECT_EQ(pwrite(fd, "X", 1, 0), 1);
	EXPECT_EQ(pread(fd, text, 1, 0), 1);
	EXPECT_EQ(text[0], 'X');
	MUST(fstat(fd, &st));
	EXPECT_EQ(st.st_nlink, 0);
}

CASE_GIVEN(holes_are_punched_and_space_reserved)
{
	int fd = MUST(open("given/file", O_RDWR));

	EXPECT_OK(fallocate(
		fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 1, 2));
	EXPECT_EQ(read(fd, text, 8), 8);
	EXPECT_MEM(text, "c\0\0tent\n", 8);
	EXPECT_EQ(posix_fallocate(fd, 0, 100), 0);
	EXPECT_EQ(lseek(fd, 0, SEEK_END), 100);
}

CASE_GIVEN(copies_between_old_and_new_files)
{
	int in = MUST(open("given/big", O_RDONLY));
	int out = MUST(open("new", O_RDWR | O_CREAT, 0600));

	EXPECT_EQ(copy_file_range(in, NULL, out, NULL, 100000, 0), 100000);
	EXPECT_EQ(pread(out, text, 1, 70000), 1);
	EXPECT_EQ((unsigned char)text[0], 70000 % 251);
}

CASE_GIVEN(two_processes_write_it)
{
	pid_t pid = conf_fork();
	int fd;

	if (pid == 0) {
		fd = MUST(open("given/file", O_WRONLY | O_APPEND));
		EXPECT_EQ(write(fd, "child\n", 6), 6);
		_exit(0);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
	fd = MUST(open("given/file", O_WRONLY | O_APPEND));
	EXPECT_EQ(write(fd, "parent\n", 7), 7);
	EXPECT_STR(content("given/file"), "content\nchild\nparent\n");
}
