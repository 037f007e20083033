/* /proc/self and /proc/PID: what a process reads about itself. */
#include "tests/conformance/harness.h"

#include <dirent.h>
#include <limits.h>
#include <sys/prctl.h>

static char text[65536];

static bool has(const char *path, const char *want)
{
	return conf_slurp(path, text, sizeof(text)) >= 0 && strstr(text, want);
}

/* The number behind a name in /proc/self/status. */
static long long field(const char *name)
{
	char *at;

	if (conf_slurp("/proc/self/status", text, sizeof(text)) < 0)
		return -1;
	at = strstr(text, name);
	return at ? atoll(at + strlen(name)) : -2;
}

CASE(self_is_the_pid)
{
	char link[20] = "";
	char want[20];

	EXPECT(readlink("/proc/self", link, sizeof(link) - 1) > 0);
	snprintf(want, sizeof(want), "%d", getpid());
	EXPECT_STR(link, want);
	memset(link, 0, sizeof(link));
	EXPECT(readlink("/proc/thread-self", link, sizeof(link) - 1) > 0);
	EXPECT(strstr(link, "/task/") != NULL);
}

CASE(status_tells_ids_and_masks)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL));
	EXPECT_EQ(field("\nPid:\t"), getpid());
	EXPECT_EQ(field("\nTgid:\t"), getpid());
	EXPECT_EQ(field("\nPPid:\t"), getppid());
	EXPECT_EQ(field("\nUid:\t"), getuid());
	EXPECT_EQ(field("\nThreads:\t"), 1);
	EXPECT(has("/proc/self/status", "\nSigBlk:\t0000000000000200\n"));
	EXPECT(has("/proc/self/status", "\nState:\tR (running)\n"));
	EXPECT(field("\nVmRSS:\t") > 0);
	EXPECT(field("\nCapEff:\t") >= 0);
	EXPECT_EQ(field("\nNoNewPrivs:\t"), 0);
}

CASE(stat_line_has_fifty_two_fields)
{
	char state;
	int pid;
	int ppid;
	int spaces = 0;
	char *at;

	MUST(prctl(PR_SET_NAME, "a) b (c"));
	EXPECT(conf_slurp("/proc/self/stat", text, sizeof(text)) > 0);
	at = strrchr(text, ')');
	REQUIRE(at);
	EXPECT_EQ(sscanf(text, "%d", &pid), 1);
	EXPECT_EQ(pid, getpid());
	EXPECT_EQ(sscanf(at + 2, "%c %d", &state, &ppid), 2);
	EXPECT_EQ(state, 'R');
	EXPECT_EQ(ppid, getppid());
	for (char *p = at; *p; p++)
		spaces += *p == ' ';
	EXPECT_EQ(spaces, 50);
	EXPECT(strstr(text, "(a) b (c)") != NULL);
}

CASE(comm_can_be_read_and_written)
{
	int fd = MUST(open("/proc/self/comm", O_RDWR));
	char name[16] = "";

	EXPECT_EQ(write(fd, "newname", 7), 7);
	MUST(prctl(PR_GET_NAME, name));
	EXPECT_STR(name, "newname");
	conf_slurp("/proc/self/comm", text, sizeof(text));
	EXPECT_STR(text, "newname\n");
}

CASE(cmdline_and_environ_are_those_of_exec)
{
	char *words[] = {"sh", "-c",
		"cat /proc/$$/cmdline >a; cat /proc/$$/environ >b; :", NULL};
	char *env[] = {"A=1", "PATH=/usr/bin:/bin", NULL};
	pid_t pid = conf_fork();

	if (pid == 0) {
		execve("/bin/sh", words, env);
		_exit(1);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
	EXPECT(conf_slurp("a", text, sizeof(text)) > 6);
	EXPECT_MEM(text, "sh\0-c\0cat", 9);
	EXPECT_EQ(conf_slurp("b", text, sizeof(text)), 23);
	EXPECT_MEM(text, "A=1\0PATH=/usr/bin:/bin", 23);
}

CASE(exe_cwd_and_root_are_links)
{
	char path[PATH_MAX] = "";
	char cwd[PATH_MAX];
	struct stat a;
	struct stat b;

	EXPECT(readlink("/proc/self/exe", path, sizeof(path)) > 0);
	EXPECT_EQ(path[0], '/');
	EXPECT_OK(stat("/proc/self/exe", &a));
	EXPECT(S_ISREG(a.st_mode));
	memset(path, 0, sizeof(path));
	EXPECT(readlink("/proc/self/cwd", path, sizeof(path) - 1) > 0);
	REQUIRE(getcwd(cwd, sizeof(cwd)));
	EXPECT_STR(path, cwd);
	memset(path, 0, sizeof(path));
	EXPECT_EQ(readlink("/proc/self/root", path, sizeof(path)), 1);
	EXPECT_STR(path, "/");
	MUST(stat("/proc/self/cwd/.", &a));
	MUST(stat(".", &b));
	EXPECT_EQ(a.st_ino, b.st_ino);
}

CASE(fd_folder_lists_open_descriptors)
{
	char path[PATH_MAX] = "";
	char name[40];
	struct dirent *e;
	int fd = conf_file("f", "");
	bool found = false;
	DIR *dir = opendir("/proc/self/fd");

	REQUIRE(dir);
	while ((e = readdir(dir)) != NULL)
		found |= atoi(e->d_name) == fd && e->d_name[0] != '.';
	EXPECT(found);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	EXPECT(readlink(name, path, sizeof(path) - 1) > 0);
	EXPECT_STR(path + strlen(path) - 2, "/f");
	MUST(unlink("f"));
	memset(path, 0, sizeof(path));
	EXPECT(readlink(name, path, sizeof(path) - 1) > 0);
	EXPECT_STR(path + strlen(path) - 12, "/f (deleted)");
}

CASE(fd_links_name_what_has_no_path)
{
	char path[PATH_MAX] = "";
	char name[40];
	char want[60];
	struct stat st;
	int p[2];

	MUST(pipe(p));
	MUST(fstat(p[0], &st));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", p[0]);
	EXPECT(readlink(name, path, sizeof(path) - 1) > 0);
	snprintf(want, sizeof(want), "pipe:[%lu]", st.st_ino);
	EXPECT_STR(path, want);
	EXPECT_OK(stat(name, &st));
	EXPECT(S_ISFIFO(st.st_mode));
	MUST(lstat(name, &st));
	EXPECT_EQ(st.st_mode & 0777, 0500);
	EXPECT_ERRNO(open("/proc/self/fd/9999", O_RDONLY), ENOENT);
}

CASE(fdinfo_tells_position_and_flags)
{
	char name[40];
	int fd = conf_file("f", "abcdef");

	MUST(lseek(fd, 4, SEEK_SET));
	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", fd);
	EXPECT(has(name, "pos:\t4\n"));
	EXPECT(has(name, "flags:\t0100002\n"));
}

CASE(maps_show_what_is_mapped)
{
	char want[80];
	int fd = conf_file("mapped-file", "x");
	char *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	char *q = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MUST(p);
	MUST(q);
	snprintf(want, sizeof(want), "%lx-%lx r--s ", (unsigned long)p,
		(unsigned long)p + 4096);
	EXPECT(has("/proc/self/maps", want));
	EXPECT(strstr(text, "/mapped-file\n") != NULL);
	EXPECT(strstr(text, "[stack]\n") != NULL);
	EXPECT(strstr(text, "[vdso]\n") != NULL);
	EXPECT(strstr(text, "[heap]\n") != NULL || sbrk(0) != NULL);
	EXPECT(strstr(text, "stub") == NULL);
}

CASE(other_processes_are_there_and_go)
{
	char path[60];
	struct stat st;
	pid_t pid = conf_fork();

	if (pid == 0)
		for (;;)
			pause();
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	WAIT_UNTIL(has(path, ") S "));
	kill(pid, SIGKILL);
	WAIT_UNTIL(has(path, ") Z "));
	conf_wait(pid);
	EXPECT_ERRNO(stat(path, &st), ENOENT);
}

CASE(open_file_of_a_gone_process_is_esrch)
{
	char path[60];
	char c;
	int fd;
	pid_t pid = conf_fork();

	if (pid == 0)
		for (;;)
			pause();
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = MUST(open(path, O_RDONLY));
	kill(pid, SIGKILL);
	conf_wait(pid);
	EXPECT_ERRNO(read(fd, &c, 1), ESRCH);
}

static void *sleep_a_bit(void *data)
{
	conf_sleep_ms(100);
	return NULL;
}

CASE(task_folder_lists_threads)
{
	struct dirent *e;
	pthread_t thread;
	int count = 0;
	DIR *dir;

	REQUIRE(pthread_create(&thread, NULL, sleep_a_bit, NULL) == 0);
	dir = opendir("/proc/self/task");
	REQUIRE(dir);
	while ((e = readdir(dir)) != NULL)
		count += e->d_name[0] != '.';
	EXPECT_EQ(count, 2);
	EXPECT_EQ(field("\nThreads:\t"), 2);
	pthread_join(thread, NULL);
}

CASE(limits_file_tells_rlimits)
{
	struct rlimit limit = {123, 456};

	MUST(setrlimit(RLIMIT_NOFILE, &limit));
	EXPECT(has("/proc/self/limits", "Max open files"));
	EXPECT(strstr(text, "123                  456 ") != NULL);
}

CASE(mounts_have_a_root)
{
	EXPECT(has("/proc/self/mounts", " / "));
	EXPECT(has("/proc/mounts", " /proc proc "));
	EXPECT(has("/proc/self/mountinfo", " / / "));
}

CASE(memory_counts_pages)
{
	long size = 0;
	long resident = 0;

	conf_slurp("/proc/self/statm", text, sizeof(text));
	EXPECT_EQ(sscanf(text, "%ld %ld", &size, &resident), 2);
	EXPECT(size > resident);
	EXPECT(resident > 0);
}

CASE(mem_file_reads_and_writes_memory)
{
	static char value[] = "memory";
	char got[7] = "";
	int fd = MUST(open("/proc/self/mem", O_RDWR));

	EXPECT_EQ(pread(fd, got, 6, (off_t)(uintptr_t)value), 6);
	EXPECT_STR(got, "memory");
	EXPECT_EQ(pwrite(fd, "M", 1, (off_t)(uintptr_t)value), 1);
	EXPECT_EQ(value[0], 'M');
	EXPECT_ERRNO(pread(fd, got, 1, (off_t)(uintptr_t)conf_unmapped()), EIO);
}

CASE(oom_score_adjustment_is_kept)
{
	int fd = MUST(open("/proc/self/oom_score_adj", O_RDWR));

	EXPECT_EQ(write(fd, "500", 3), 3);
	conf_slurp("/proc/self/oom_score_adj", text, sizeof(text));
	EXPECT_STR(text, "500\n");
	EXPECT_ERRNO(write(fd, "2000", 4), EINVAL);
}
