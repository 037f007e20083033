/* open, openat, creat: flags, errors, and which descriptor comes back. */
#include "tests/conformance/harness.h"

CASE(lowest_free_descriptor_is_taken)
{
	int a = MUST(open("/dev/null", O_RDONLY));
	int b = MUST(open("/dev/null", O_RDONLY));

	EXPECT_EQ(b, a + 1);
	MUST(close(a));
	EXPECT_EQ(open("/dev/null", O_RDONLY), a);
}

CASE(missing_file_is_enoent)
{
	EXPECT_ERRNO(open("missing", O_RDONLY), ENOENT);
	EXPECT_ERRNO(open("missing/file", O_RDONLY | O_CREAT, 0600), ENOENT);
	EXPECT_ERRNO(open("", O_RDONLY), ENOENT);
	EXPECT_ERRNO(open("", O_RDONLY | O_CREAT, 0600), ENOENT);
}

CASE(creat_makes_an_empty_file_with_the_mode_less_umask)
{
	struct stat st;
	int fd;

	umask(027);
	fd = MUST(open("f", O_WRONLY | O_CREAT, 0666));
	MUST(fstat(fd, &st));
	EXPECT_EQ(st.st_mode, S_IFREG | 0640);
	EXPECT_EQ(st.st_size, 0);
	EXPECT_EQ(st.st_nlink, 1);
	EXPECT_EQ(st.st_uid, geteuid());
}

CASE(mode_of_a_new_file_does_not_bind_its_first_descriptor)
{
	int fd = MUST(open("f", O_RDWR | O_CREAT, 0));
	char c;

	EXPECT_EQ(write(fd, "x", 1), 1);
	EXPECT_EQ(pread(fd, &c, 1, 0), 1);
}

CASE(o_excl_refuses_what_exists)
{
	close(conf_file("f", ""));
	MUST(symlink("nowhere", "dangling"));
	MUST(mkdir("d", 0755));
	EXPECT_ERRNO(open("f", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
	EXPECT_ERRNO(open("dangling", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
	EXPECT_ERRNO(open("d", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
	EXPECT_ERRNO(access("nowhere", F_OK), ENOENT);
}

CASE(o_creat_follows_a_dangling_symlink)
{
	MUST(symlink("target", "link"));
	EXPECT_OK(open("link", O_WRONLY | O_CREAT, 0600));
	EXPECT_OK(access("target", F_OK));
}

CASE(o_trunc_empties_and_needs_no_write_access_mode)
{
	struct stat st;

	close(conf_file("f", "text"));
	EXPECT_OK(open("f", O_RDONLY | O_TRUNC));
	MUST(stat("f", &st));
	EXPECT_EQ(st.st_size, 0);
}

CASE(directory_opens_only_for_reading)
{
	MUST(mkdir("d", 0755));
	EXPECT_OK(open("d", O_RDONLY));
	EXPECT_ERRNO(open("d", O_WRONLY), EISDIR);
	EXPECT_ERRNO(open("d", O_RDWR), EISDIR);
	EXPECT_ERRNO(open("d", O_RDONLY | O_TRUNC), EISDIR);
	EXPECT_ERRNO(open("d", O_RDONLY | O_CREAT, 0600), EISDIR);
	EXPECT_ERRNO(open("new/", O_RDWR | O_CREAT, 0600), EISDIR);
}

CASE(o_directory_refuses_everything_else)
{
	close(conf_file("f", ""));
	EXPECT_OK(open(".", O_RDONLY | O_DIRECTORY));
	EXPECT_ERRNO(open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
	EXPECT_ERRNO(open("/dev/null", O_RDONLY | O_DIRECTORY), ENOTDIR);
}

CASE(o_creat_with_o_directory_is_einval)
{
	EXPECT_ERRNO(open("x", O_RDWR | O_CREAT | O_DIRECTORY, 0600), EINVAL);
	EXPECT_ERRNO(access("x", F_OK), ENOENT);
}

CASE(file_as_a_folder_is_enotdir)
{
	close(conf_file("f", ""));
	EXPECT_ERRNO(open("f/x", O_RDONLY), ENOTDIR);
	EXPECT_ERRNO(open("f/", O_RDONLY), ENOTDIR);
	EXPECT_ERRNO(open("f/.", O_RDONLY), ENOTDIR);
	EXPECT_ERRNO(open("f/..", O_RDONLY), ENOTDIR);
}

CASE(o_nofollow_minds_only_the_last_part)
{
	MUST(mkdir("d", 0755));
	close(conf_file("d/f", ""));
	MUST(symlink("d", "l"));
	MUST(symlink("d/f", "lf"));
	EXPECT_OK(open("l/f", O_RDONLY | O_NOFOLLOW));
	EXPECT_ERRNO(open("lf", O_RDONLY | O_NOFOLLOW), ELOOP);
	EXPECT_ERRNO(open("l", O_RDONLY | O_NOFOLLOW | O_DIRECTORY), ENOTDIR);
	EXPECT_OK(open("l/", O_RDONLY | O_NOFOLLOW));
}

CASE(symlink_loop_is_eloop)
{
	MUST(symlink("b", "a"));
	MUST(symlink("a", "b"));
	MUST(symlink("self/x", "self"));
	EXPECT_ERRNO(open("a", O_RDONLY), ELOOP);
	EXPECT_ERRNO(open("self", O_RDONLY), ELOOP);
	EXPECT_ERRNO(open("a", O_RDWR | O_CREAT, 0600), ELOOP);
}

CASE(forty_symlinks_are_followed_and_no_more)
{
	char from[20];
	char to[20];

	close(conf_file("l0", ""));
	for (int i = 1; i <= 41; i++) {
		snprintf(from, sizeof(from), "l%d", i);
		snprintf(to, sizeof(to), "l%d", i - 1);
		MUST(symlink(to, from));
	}
	EXPECT_OK(open("l40", O_RDONLY));
	EXPECT_ERRNO(open("l41", O_RDONLY), ELOOP);
}

CASE(long_names_are_enametoolong)
{
	char name[300];
	char *path = malloc(5000);

	memset(name, 'n', sizeof(name));
	name[255] = '\0';
	EXPECT_OK(open(name, O_RDWR | O_CREAT, 0600));
	memset(name, 'n', sizeof(name));
	name[256] = '\0';
	EXPECT_ERRNO(open(name, O_RDWR | O_CREAT, 0600), ENAMETOOLONG);
	for (int i = 0; i < 4098; i += 2)
		memcpy(path + i, "./", 2);
	path[4095] = '\0';
	EXPECT_OK(open(path, O_RDONLY));
	memcpy(path + 4094, "./", 3);
	EXPECT_ERRNO(open(path, O_RDONLY), ENAMETOOLONG);
}

CASE(bad_path_pointers_are_efault)
{
	char *end = conf_guarded(4);

	EXPECT_ERRNO(open(conf_unmapped(), O_RDONLY), EFAULT);
	EXPECT_ERRNO(open(conf_no_access(), O_RDONLY), EFAULT);
	EXPECT_ERRNO(open(CONF_KERNEL, O_RDONLY), EFAULT);
	EXPECT_ERRNO(open(NULL, O_RDONLY), EFAULT);
	memcpy(end, "////", 4);
	EXPECT_ERRNO(open(end, O_RDONLY), EFAULT);
	memcpy(end, "///", 4);
	EXPECT_OK(open(end, O_RDONLY));
}

CASE(access_mode_binds_reads_and_writes)
{
	char c = 'x';
	int fd;

	close(conf_file("f", "abc"));
	fd = MUST(open("f", O_RDONLY));
	EXPECT_ERRNO(write(fd, &c, 1), EBADF);
	fd = MUST(open("f", O_WRONLY));
	EXPECT_ERRNO(read(fd, &c, 1), EBADF);
}

CASE(access_mode_three_opens_but_neither_reads_nor_writes)
{
	char c = 'x';
	int fd;

	close(conf_file("f", "abc"));
	fd = MUST(open("f", O_ACCMODE));
	EXPECT_ERRNO(read(fd, &c, 1), EBADF);
	EXPECT_ERRNO(write(fd, &c, 1), EBADF);
	EXPECT_EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_ACCMODE);
}

CASE(unknown_flags_of_open_are_ignored)
{
	int fd;

	close(conf_file("f", ""));
	fd = syscall(SYS_open, "f", 0x40000000 | O_RDONLY);
	EXPECT(fd >= 0);
	EXPECT_EQ(fcntl(fd, F_GETFL) & 0x40000000, 0);
}

CASE(getfl_tells_the_status_flags_and_not_the_creation_flags)
{
	int fd = MUST(open("f",
		O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_NONBLOCK | O_CLOEXEC |
			O_TRUNC,
		0600));
	int flags = fcntl(fd, F_GETFL);

	EXPECT_EQ(flags & ~O_LARGEFILE & ~0100000,
		O_RDWR | O_APPEND | O_NONBLOCK);
	EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

CASE(o_append_writes_at_the_end_wherever_the_offset_is)
{
	char text[20];
	int fd;

	close(conf_file("f", "abc"));
	fd = MUST(open("f", O_RDWR | O_APPEND));
	MUST(lseek(fd, 0, SEEK_SET));
	EXPECT_EQ(write(fd, "d", 1), 1);
	EXPECT_EQ(lseek(fd, 0, SEEK_CUR), 4);
	EXPECT_EQ(pwrite(fd, "e", 1, 0), 1);
	conf_slurp("f", text, sizeof(text));
	EXPECT_STR(text, "abcde");
}

CASE(creat_opens_for_writing_only)
{
	char c;
	int fd;

	close(conf_file("f", "abc"));
	fd = MUST(creat("f", 0600));
	EXPECT_ERRNO(read(fd, &c, 1), EBADF);
	EXPECT_EQ(lseek(fd, 0, SEEK_END), 0);
}

CASE(openat_starts_at_the_folder)
{
	int dir;

	MUST(mkdir("d", 0755));
	close(conf_file("d/f", ""));
	dir = MUST(open("d", O_RDONLY));
	EXPECT_OK(openat(dir, "f", O_RDONLY));
	EXPECT_OK(openat(dir, "../d/f", O_RDONLY));
	EXPECT_OK(openat(-1, "/dev/null", O_RDONLY));
	EXPECT_OK(openat(AT_FDCWD, "d/f", O_RDONLY));
	EXPECT_ERRNO(openat(dir, "", O_RDONLY), ENOENT);
}

CASE(openat_with_a_wrong_folder_descriptor)
{
	int fd = conf_file("f", "");

	EXPECT_ERRNO(openat(-1, "f", O_RDONLY), EBADF);
	EXPECT_ERRNO(openat(9999, "f", O_RDONLY), EBADF);
	EXPECT_ERRNO(openat(fd, "f", O_RDONLY), ENOTDIR);
}

CASE(descriptor_limit_is_emfile)
{
	struct rlimit limit = {20, 20};
	int last = -1;
	int fd;

	MUST(setrlimit(RLIMIT_NOFILE, &limit));
	while ((fd = open("/dev/null", O_RDONLY)) >= 0)
		last = fd;
	EXPECT_EQ(last, 19);
	EXPECT_ERRNO(open("/dev/null", O_RDONLY), EMFILE);
	EXPECT_ERRNO(open("new", O_RDWR | O_CREAT, 0600), EMFILE);
	EXPECT_ERRNO(access("new", F_OK), ENOENT);
}

CASE(unlinked_file_lives_while_it_is_open)
{
	struct stat st;
	char text[4];
	int fd = conf_file("f", "abc");

	MUST(unlink("f"));
	MUST(fstat(fd, &st));
	EXPECT_EQ(st.st_nlink, 0);
	EXPECT_EQ(read(fd, text, 3), 3);
	EXPECT_EQ(pwrite(fd, "xyz", 3, 3), 3);
	EXPECT_ERRNO(open("f", O_RDONLY), ENOENT);
}

CASE(two_opens_have_two_offsets)
{
	char c;
	int a = conf_file("f", "abc");
	int b = MUST(open("f", O_RDONLY));

	EXPECT_EQ(read(a, &c, 1), 1);
	EXPECT_EQ(read(b, &c, 1), 1);
	EXPECT_EQ(c, 'a');
}

CASE_USER(permission_bits_are_checked_once_at_open)
{
	char c;
	int fd;

	close(conf_file("f", "abc"));
	fd = MUST(open("f", O_RDONLY));
	MUST(chmod("f", 0));
	EXPECT_ERRNO(open("f", O_RDONLY), EACCES);
	EXPECT_ERRNO(open("f", O_WRONLY), EACCES);
	EXPECT_EQ(read(fd, &c, 1), 1);
	MUST(chmod("f", 0400));
	EXPECT_OK(open("f", O_RDONLY));
	EXPECT_ERRNO(open("f", O_RDWR), EACCES);
	EXPECT_ERRNO(open("f", O_RDONLY | O_TRUNC), EACCES);
}

CASE_USER(folder_without_search_permission_is_eacces)
{
	MUST(mkdir("d", 0755));
	close(conf_file("d/f", ""));
	MUST(chmod("d", 0600));
	EXPECT_ERRNO(open("d/f", O_RDONLY), EACCES);
	EXPECT_ERRNO(open("d/missing", O_RDONLY), EACCES);
	EXPECT_OK(open("d", O_RDONLY));
	MUST(chmod("d", 0100));
	EXPECT_OK(open("d/f", O_RDONLY));
	EXPECT_ERRNO(open("d", O_RDONLY), EACCES);
	MUST(chmod("d", 0755));
}

CASE_USER(creating_needs_write_permission_on_the_folder)
{
	MUST(mkdir("d", 0555));
	EXPECT_ERRNO(open("d/new", O_RDWR | O_CREAT, 0600), EACCES);
	EXPECT_ERRNO(open("d/new", O_RDONLY), ENOENT);
}

CASE_ROOT(root_opens_what_nobody_may)
{
	close(conf_file("f", ""));
	MUST(chmod("f", 0));
	EXPECT_OK(open("f", O_RDWR));
}
