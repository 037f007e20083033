/* Names and attributes of files that were there before the sandbox. */
#include "tests/conformance/harness.h"

#include <dirent.h>
#include <sys/inotify.h>
#include <sys/xattr.h>

/* The names in a folder, sorted, with spaces between. */
static const char *names(const char *path)
{
	static char text[1024];
	struct dirent **list;
	int count = scandir(path, &list, NULL, alphasort);

	text[0] = '\0';
	for (int i = 0; i < count; i++) {
		if (list[i]->d_name[0] != '.') {
			strcat(text, list[i]->d_name);
			strcat(text, " ");
		}
		free(list[i]);
	}
	return count < 0 ? "no folder" : text;
}

CASE_GIVEN(are_listed)
{
	EXPECT_STR(names("given"),
		"big dangling dir empty exec file hard1 hard2 link pipe ");
	EXPECT_STR(names("given/dir"), "a b sub void ");
}

CASE_GIVEN(attributes_are_told)
{
	char target[10];
	struct stat st;

	MUST(stat("given/file", &st));
	EXPECT_EQ(st.st_mode, S_IFREG | 0640);
	EXPECT_EQ(st.st_size, 8);
	EXPECT_EQ(st.st_mtim.tv_sec, 1000000000);
	EXPECT_EQ(st.st_mtim.tv_nsec, 2);
	EXPECT_EQ(st.st_uid, geteuid());
	MUST(lstat("given/link", &st));
	EXPECT_EQ(st.st_mode, S_IFLNK | 0777);
	EXPECT_EQ(readlink("given/link", target, sizeof(target)), 4);
	MUST(stat("given/pipe", &st));
	EXPECT_EQ(st.st_mode, S_IFIFO | 0644);
	MUST(stat("given/dir", &st));
	EXPECT_EQ(st.st_nlink, 4);
}

CASE_GIVEN(removed_names_are_gone)
{
	EXPECT_OK(unlink("given/file"));
	EXPECT_ERRNO(open("given/file", O_RDONLY), ENOENT);
	EXPECT_ERRNO(unlink("given/file"), ENOENT);
	EXPECT_OK(unlink("given/dangling"));
	EXPECT_OK(unlink("given/dir/a"));
	EXPECT_STR(names("given"), "big dir empty exec hard1 hard2 link pipe ");
	EXPECT_STR(names("given/dir"), "b sub void ");
	EXPECT_ERRNO(open("given/link", O_RDONLY), ENOENT);
}

CASE_GIVEN(removed_name_can_be_made_again)
{
	char text[10];

	MUST(unlink("given/file"));
	EXPECT_OK(mkdir("given/file", 0700));
	EXPECT_STR(names("given/file"), "");
	EXPECT_OK(rmdir("given/file"));
	close(MUST(open("given/file", O_CREAT | O_EXCL | O_WRONLY, 0600)));
	conf_slurp("given/file", text, sizeof(text));
	EXPECT_STR(text, "");
	EXPECT_STR(names("given"),
		"big dangling dir empty exec file hard1 hard2 link pipe ");
}

CASE_GIVEN(folder_goes_only_when_empty)
{
	EXPECT_ERRNO(rmdir("given/dir"), ENOTEMPTY);
	EXPECT_OK(rmdir("given/dir/void"));
	EXPECT_OK(unlink("given/dir/a"));
	EXPECT_OK(unlink("given/dir/b"));
	EXPECT_OK(unlink("given/dir/sub/deep"));
	EXPECT_ERRNO(rmdir("given/dir"), ENOTEMPTY);
	EXPECT_OK(rmdir("given/dir/sub"));
	EXPECT_OK(rmdir("given/dir"));
	EXPECT_ERRNO(open("given/dir", O_RDONLY), ENOENT);
}

CASE_GIVEN(folder_made_again_is_empty)
{
	MUST(unlink("given/dir/sub/deep"));
	MUST(rmdir("given/dir/sub"));
	EXPECT_OK(mkdir("given/dir/sub", 0755));
	EXPECT_STR(names("given/dir/sub"), "");
	EXPECT_ERRNO(open("given/dir/sub/deep", O_RDONLY), ENOENT);
}

CASE_GIVEN(new_names_join_the_old)
{
	close(conf_file("given/dir/c", ""));
	MUST(mkdir("given/dir/d", 0755));
	MUST(symlink("x", "given/dir/e"));
	EXPECT_STR(names("given/dir"), "a b c d e sub void ");
}

CASE_GIVEN(files_are_renamed)
{
	char text[20];

	EXPECT_OK(rename("given/file", "given/renamed"));
	EXPECT_ERRNO(open("given/file", O_RDONLY), ENOENT);
	conf_slurp("given/renamed", text, sizeof(text));
	EXPECT_STR(text, "content\n");
	EXPECT_OK(rename("given/dir/a", "given/dir/b"));
	conf_slurp("given/dir/b", text, sizeof(text));
	EXPECT_STR(text, "a\n");
	EXPECT_STR(names("given/dir"), "b sub void ");
}

CASE_GIVEN(folders_are_renamed_with_what_is_in_them)
{
	char text[20];

	EXPECT_OK(rename("given/dir", "moved"));
	EXPECT_STR(names("moved"), "a b sub void ");
	conf_slurp("moved/sub/deep", text, sizeof(text));
	EXPECT_STR(text, "deep\n");
	EXPECT_ERRNO(open("given/dir/a", O_RDONLY), ENOENT);
	EXPECT_OK(mkdir("given/dir", 0755));
	EXPECT_STR(names("given/dir"), "");
	EXPECT_OK(unlink("moved/sub/deep"));
	EXPECT_OK(rmdir("moved/sub"));
	EXPECT_STR(names("moved"), "a b void ");
}

CASE_GIVEN(folder_replaces_an_emptied_one)
{
	MUST(unlink("given/dir/sub/deep"));
	EXPECT_ERRNO(rename("given/dir/sub", "given/dir"), ENOTEMPTY);
	EXPECT_OK(rename("given/dir/void", "given/dir/sub"));
	EXPECT_STR(names("given/dir/sub"), "");
	EXPECT_ERRNO(rename("given/file", "given/dir"), EISDIR);
	EXPECT_ERRNO(rename("given/dir", "given/file"), ENOTDIR);
}

CASE_GIVEN(exchange_of_old_and_new)
{
	char text[20];

	close(conf_file("new", "new\n"));
	EXPECT_OK(renameat2(
		AT_FDCWD, "new", AT_FDCWD, "given/file", RENAME_EXCHANGE));
	conf_slurp("given/file", text, sizeof(text));
	EXPECT_STR(text, "new\n");
	conf_slurp("new", text, sizeof(text));
	EXPECT_STR(text, "content\n");
}

CASE_GIVEN(mode_and_times_change_and_content_stays)
{
	struct timespec t[2] = {{5, 0}, {6, 0}};
	char text[20];
	struct stat st;

	EXPECT_OK(chmod("given/file", 0600));
	MUST(stat("given/file", &st));
	EXPECT_EQ(st.st_mode, S_IFREG | 0600);
	EXPECT_EQ(st.st_mtime, 1000000000);
	EXPECT_OK(utimensat(AT_FDCWD, "given/file", t, 0));
	MUST(stat("given/file", &st));
	EXPECT_EQ(st.st_mtime, 6);
	conf_slurp("given/file", text, sizeof(text));
	EXPECT_STR(text, "content\n");
}

CASE_GIVEN(folder_mode_changes)
{
	struct stat st;

	EXPECT_OK(chmod("given/dir", 0700));
	MUST(stat("given/dir", &st));
	EXPECT_EQ(st.st_mode, S_IFDIR | 0700);
	EXPECT_STR(names("given/dir"), "a b sub void ");
}

CASE_GIVEN(links_to_old_files_count)
{
	struct stat a;
	struct stat b;

	EXPECT_OK(link("given/file", "second"));
	MUST(stat("given/file", &a));
	MUST(stat("second", &b));
	EXPECT_EQ(a.st_nlink, 2);
	EXPECT_EQ(a.st_ino, b.st_ino);
}

CASE_GIVEN(inode_numbers_stay)
{
	struct stat before;
	struct stat after;

	MUST(stat("given/dir", &before));
	close(conf_file("given/dir/new", ""));
	MUST(stat("given/dir", &after));
	EXPECT_EQ(before.st_ino, after.st_ino);
	MUST(rename("given/dir", "given/other"));
	MUST(stat("given/other", &after));
	EXPECT_EQ(before.st_ino, after.st_ino);
	MUST(stat("given/file", &before));
	MUST(chmod("given/file", 0600));
	MUST(rename("given/file", "given/else"));
	MUST(stat("given/else", &after));
	EXPECT_EQ(before.st_ino, after.st_ino);
}

CASE_GIVEN(open_folder_lists_changes)
{
	struct dirent *e;
	int count = 0;
	DIR *dir = opendir("given/dir");

	REQUIRE(dir);
	MUST(unlink("given/dir/a"));
	close(conf_file("given/dir/c", ""));
	close(conf_file("given/dir/d", ""));
	while ((e = readdir(dir)) != NULL)
		count++;
	EXPECT_EQ(count, 7);
	rewinddir(dir);
	count = 0;
	while ((e = readdir(dir)) != NULL)
		count++;
	EXPECT_EQ(count, 7);
}

CASE_GIVEN(cwd_in_an_old_folder_survives_its_rename)
{
	char path[4096];

	MUST(chdir("given/dir/sub"));
	MUST(rename("../../dir", "../../moved"));
	REQUIRE(getcwd(path, sizeof(path)));
	EXPECT_STR(path + strlen(path) - 10, "/moved/sub");
	EXPECT_OK(open("deep", O_RDONLY));
	EXPECT_OK(open("new", O_WRONLY | O_CREAT, 0600));
	EXPECT_OK(access("../sub/new", F_OK));
}

CASE_GIVEN(changes_are_watched)
{
	char buffer[1024];
	int fd = MUST(inotify_init1(IN_NONBLOCK));

	MUST(inotify_add_watch(fd, "given/dir", IN_CREATE | IN_DELETE));
	MUST(unlink("given/dir/a"));
	EXPECT_EQ(read(fd, buffer, sizeof(buffer)), 32);
	MUST(inotify_add_watch(fd, "given/file", IN_MODIFY | IN_ATTRIB));
	MUST(chmod("given/file", 0600));
	EXPECT_EQ(read(fd, buffer, sizeof(buffer)), 16);
}

CASE_GIVEN(old_fifo_connects_processes)
{
	pid_t pid = conf_fork();
	char c = 0;
	int fd;

	if (pid == 0) {
		fd = MUST(open("given/pipe", O_WRONLY));
		MUST(write(fd, "x", 1));
		_exit(0);
	}
	fd = MUST(open("given/pipe", O_RDONLY));
	EXPECT_EQ(read(fd, &c, 1), 1);
	EXPECT_EQ(c, 'x');
	EXPECT_EQ(conf_wait(pid), EXITED(0));
}

CASE_GIVEN(attributes_can_be_added)
{
	char text[20];

	if (setxattr("given/file", "user.a", "v", 1, 0) < 0 &&
		errno == EOPNOTSUPP)
		SKIP("no user attributes here");
	EXPECT_EQ(getxattr("given/file", "user.a", text, 20), 1);
	conf_slurp("given/file", text, sizeof(text));
	EXPECT_STR(text, "content\n");
	EXPECT_OK(removexattr("given/file", "user.a"));
	EXPECT_ERRNO(getxattr("given/file", "user.a", text, 20), ENODATA);
}

CASE_GIVEN(permissions_of_old_files_bind)
{
	pid_t pid;

	if (geteuid() != 0)
		SKIP("needs root");
	pid = conf_fork();
	if (pid == 0) {
		MUST(setresgid(CONF_UID, CONF_UID, CONF_UID));
		MUST(setresuid(CONF_UID, CONF_UID, CONF_UID));
		EXPECT_ERRNO(open("given/file", O_RDONLY), EACCES);
		EXPECT_OK(open("given/hard1", O_RDONLY));
		EXPECT_ERRNO(open("given/hard1", O_WRONLY), EACCES);
		EXPECT_ERRNO(unlink("given/file"), EACCES);
		EXPECT_ERRNO(chmod("given/file", 0666), EPERM);
		_exit(0);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
}
