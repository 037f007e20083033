/* Many at once on one folder, one file, one name. */
#include "tests/conformance/harness.h"

#include <dirent.h>

#define WORKERS 4

static void all_end_well(pid_t *pid)
{
	for (int i = 0; i < WORKERS; i++)
		EXPECT_EQ(conf_wait(pid[i]), EXITED(0));
}

CASE(only_one_creates_with_excl)
{
	pid_t pid[WORKERS];
	int winners = 0;

	for (int i = 0; i < WORKERS; i++) {
		pid[i] = conf_fork();
		if (pid[i] == 0)
			_exit(open("f", O_CREAT | O_EXCL | O_RDWR, 0600) >= 0);
	}
	for (int i = 0; i < WORKERS; i++)
		winners += conf_wait(pid[i]) == EXITED(1);
	EXPECT_EQ(winners, 1);
}

CASE(only_one_unlinks_each_name)
{
	pid_t pid[WORKERS];
	char name[20];
	int sum = 0;

	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		close(conf_file(name, ""));
	}
	for (int i = 0; i < WORKERS; i++) {
		pid[i] = conf_fork();
		if (pid[i] == 0) {
			int mine = 0;

			for (int k = 0; k < 50; k++) {
				snprintf(name, sizeof(name), "f%d", k);
				mine += unlink(name) == 0;
			}
			_exit(mine);
		}
	}
	for (int i = 0; i < WORKERS; i++)
		sum += WEXITSTATUS(conf_wait(pid[i]));
	EXPECT_EQ(sum, 50);
}

CASE(rename_is_never_seen_half_done)
{
	pid_t pid[WORKERS];

	close(conf_file("f", "old"));
	for (int i = 0; i < WORKERS; i++) {
		pid[i] = conf_fork();
		if (pid[i] != 0)
			continue;
		for (int k = 0; k < 50; k++) {
			char name[20];
			char text[10];

			snprintf(name, sizeof(name), "new%d", i);
			close(conf_file(name, "new"));
			MUST(rename(name, "f"));
			EXPECT_EQ(conf_slurp("f", text, sizeof(text)), 3);
		}
		_exit(0);
	}
	all_end_well(pid);
}

CASE(link_counts_add_up)
{
	pid_t pid[WORKERS];
	struct stat st;

	close(conf_file("f", ""));
	for (int i = 0; i < WORKERS; i++) {
		pid[i] = conf_fork();
		if (pid[i] != 0)
			continue;
		for (int k = 0; k < 30; k++) {
			char name[20];

			snprintf(name, sizeof(name), "l%d-%d", i, k);
			MUST(link("f", name));
			if (k % 3)
				MUST(unlink(name));
		}
		_exit(0);
	}
	all_end_well(pid);
	MUST(stat("f", &st));
	EXPECT_EQ(st.st_nlink, 1 + WORKERS * 10);
}

CASE(folder_survives_making_and_removing)
{
	pid_t pid[WORKERS];
	struct dirent *e;
	int count = 0;
	DIR *dir;

	for (int i = 0; i < WORKERS; i++) {
		pid[i] = conf_fork();
		if (pid[i] != 0)
			continue;
		for (int k = 0; k < 50; k++) {
			char name[20];

			snprintf(name, sizeof(name), "d%d", (i + k) % 3);
			if (mkdir(name, 0755) < 0)
				EXPECT_ERRNO(mkdir(".", 0755), EEXIST);
			rmdir(name);
		}
		_exit(0);
	}
	all_end_well(pid);
	for (int i = 0; i < 3; i++) {
		char name[20];

		snprintf(name, sizeof(name), "d%d", i);
		rmdir(name);
	}
	dir = opendir(".");
	REQUIRE(dir);
	while ((e = readdir(dir)) != NULL)
		count++;
	EXPECT_EQ(count, 2);
}

static void *open_and_close(void *data)
{
	for (int i = 0; i < 100; i++) {
		int fd = open("f", O_RDONLY);

		EXPECT(fd >= 0);
		EXPECT_OK(close(fd));
	}
	return NULL;
}

CASE(threads_open_and_close_in_one_table)
{
	pthread_t thread[WORKERS];
	int before;

	close(conf_file("f", ""));
	before = MUST(open("f", O_RDONLY));
	close(before);
	for (int i = 0; i < WORKERS; i++)
		REQUIRE(pthread_create(
				&thread[i], NULL, open_and_close, NULL) == 0);
	for (int i = 0; i < WORKERS; i++)
		pthread_join(thread[i], NULL);
	EXPECT_EQ(open("f", O_RDONLY), before);
}

static void *close_it(void *data)
{
	conf_sleep_ms(20);
	close(*(int *)data);
	return NULL;
}

CASE(read_that_waits_outlives_the_close_of_its_descriptor)
{
	pthread_t thread;
	int p[2];
	char c;
	pid_t pid;

	MUST(pipe(p));
	pid = conf_fork();
	if (pid == 0) {
		close(p[0]);
		conf_sleep_ms(50);
		MUST(write(p[1], "x", 1));
		_exit(0);
	}
	REQUIRE(pthread_create(&thread, NULL, close_it, &p[0]) == 0);
	EXPECT_EQ(read(p[0], &c, 1), 1);
	pthread_join(thread, NULL);
	EXPECT_ERRNO(read(p[0], &c, 1), EBADF);
	conf_wait(pid);
}
