/* getdents64: entries, types, buffers and changes while reading. */
#include "tests/conformance/harness.h"

#include <dirent.h>

struct entry {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

static long list(int fd, void *buffer, size_t size)
{
	return syscall(SYS_getdents64, fd, buffer, size);
}

/* The type of a name among the entries, or -1. */
static int type_of(const char *buffer, long size, const char *name)
{
	for (long at = 0; at < size;) {
		const struct entry *e = (const void *)(buffer + at);

		if (strcmp(e->name, name) == 0)
			return e->type;
		at += e->reclen;
	}
	return -1;
}

CASE(empty_folder_has_dot_and_dot_dot)
{
	char buffer[1024];
	long size;
	int fd;

	MUST(mkdir("d", 0755));
	fd = MUST(open("d", O_RDONLY));
	size = list(fd, buffer, sizeof(buffer));
	EXPECT_EQ(size, 48);
	EXPECT_EQ(type_of(buffer, size, "."), DT_DIR);
	EXPECT_EQ(type_of(buffer, size, ".."), DT_DIR);
	EXPECT_EQ(list(fd, buffer, sizeof(buffer)), 0);
}

CASE(types_are_told)
{
	char buffer[1024];
	long size;

	close(conf_file("f", ""));
	MUST(mkdir("d", 0755));
	MUST(symlink("f", "l"));
	MUST(mkfifo("p", 0600));
	size = MUST(list(MUST(open(".", O_RDONLY)), buffer, sizeof(buffer)));
	EXPECT_EQ(type_of(buffer, size, "f"), DT_REG);
	EXPECT_EQ(type_of(buffer, size, "d"), DT_DIR);
	EXPECT_EQ(type_of(buffer, size, "l"), DT_LNK);
	EXPECT_EQ(type_of(buffer, size, "p"), DT_FIFO);
}

CASE(inode_numbers_are_those_of_stat)
{
	char buffer[1024];
	struct stat st;
	long size;

	close(conf_file("f", ""));
	MUST(stat("f", &st));
	size = MUST(list(MUST(open(".", O_RDONLY)), buffer, sizeof(buffer)));
	for (long at = 0; at < size;) {
		struct entry *e = (void *)(buffer + at);

		if (strcmp(e->name, "f") == 0)
			EXPECT_EQ(e->ino, st.st_ino);
		at += e->reclen;
	}
}

CASE(buffer_too_small_for_one_entry_is_einval)
{
	char buffer[1024];
	int fd = MUST(open(".", O_RDONLY));

	EXPECT_ERRNO(list(fd, buffer, 10), EINVAL);
	EXPECT_ERRNO(list(fd, buffer, 0), EINVAL);
	EXPECT_EQ(list(fd, buffer, 24), 24);
}

CASE(every_entry_comes_once_with_a_small_buffer)
{
	char seen[100] = {0};
	char buffer[64];
	char name[20];
	int count = 0;
	long size;
	int fd;

	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "file%d", i);
		close(conf_file(name, ""));
	}
	fd = MUST(open(".", O_RDONLY));
	while ((size = list(fd, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < size;) {
			struct entry *e = (void *)(buffer + at);

			if (strncmp(e->name, "file", 4) == 0)
				seen[atoi(e->name + 4)]++;
			count++;
			at += e->reclen;
		}
	}
	EXPECT_EQ(size, 0);
	EXPECT_EQ(count, 102);
	for (int i = 0; i < 100; i++)
		EXPECT_EQ(seen[i], 1);
}

CASE(other_descriptors_are_enotdir_or_ebadf)
{
	char buffer[100];

	EXPECT_ERRNO(list(conf_file("f", ""), buffer, 100), ENOTDIR);
	EXPECT_ERRNO(list(-1, buffer, 100), EBADF);
	EXPECT_ERRNO(list(MUST(open(".", O_PATH)), buffer, 100), EBADF);
}

CASE(bad_buffer_is_efault)
{
	int fd = MUST(open(".", O_RDONLY));

	EXPECT_ERRNO(list(fd, conf_unmapped(), 1024), EFAULT);
	EXPECT_ERRNO(list(fd, conf_read_only(), 1024), EFAULT);
}

CASE(removed_folder_is_enoent)
{
	char buffer[1024];
	int fd;

	MUST(mkdir("d", 0755));
	fd = MUST(open("d", O_RDONLY));
	MUST(rmdir("d"));
	EXPECT_ERRNO(list(fd, buffer, sizeof(buffer)), ENOENT);
}

CASE(removing_while_reading_misses_nothing_else)
{
	struct dirent *e;
	char name[20];
	int left = 0;
	DIR *dir;

	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "file%d", i);
		close(conf_file(name, ""));
	}
	dir = opendir(".");
	REQUIRE(dir);
	while ((e = readdir(dir)) != NULL)
		if (e->d_name[0] == 'f')
			EXPECT_OK(unlink(e->d_name));
	closedir(dir);
	dir = opendir(".");
	REQUIRE(dir);
	while ((e = readdir(dir)) != NULL)
		left++;
	EXPECT_EQ(left, 2);
}

CASE(telldir_comes_back_to_the_same_entry)
{
	char name[20];
	char second[256];
	struct dirent *e;
	DIR *dir;
	long at;

	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "file%d", i);
		close(conf_file(name, ""));
	}
	dir = opendir(".");
	REQUIRE(dir);
	REQUIRE(readdir(dir));
	at = telldir(dir);
	e = readdir(dir);
	REQUIRE(e);
	strcpy(second, e->d_name);
	while (readdir(dir))
		;
	seekdir(dir, at);
	e = readdir(dir);
	REQUIRE(e);
	EXPECT_STR(e->d_name, second);
}

CASE(old_getdents_puts_the_type_last)
{
	char buffer[1024];
	long size;
	int fd;

	MUST(mkdir("d", 0755));
	fd = MUST(open("d", O_RDONLY));
	size = MUST(syscall(SYS_getdents, fd, buffer, sizeof(buffer)));
	for (long at = 0; at < size;) {
		uint16_t reclen;

		memcpy(&reclen, buffer + at + 16, sizeof(reclen));
		REQUIRE(reclen > 0);
		EXPECT_EQ(buffer[at + 18], '.');
		EXPECT_EQ(buffer[at + reclen - 1], DT_DIR);
		at += reclen;
	}
}
