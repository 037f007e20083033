/* /proc of the whole, /dev, and files every program counts on. */
#include "tests/conformance/harness.h"

#include <dirent.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

static char text[65536];

static long long value_of(const char *path, const char *name)
{
	char *at;

	if (conf_slurp(path, text, sizeof(text)) < 0)
		return -1;
	at = strstr(text, name);
	return at ? atoll(at + strlen(name)) : -2;
}

CASE(meminfo_has_the_usual_lines)
{
	long long total = value_of("/proc/meminfo", "MemTotal:");

	EXPECT(total > 0);
	EXPECT_RANGE(value_of("/proc/meminfo", "MemFree:"), 0, total);
	EXPECT_RANGE(value_of("/proc/meminfo", "MemAvailable:"), 0, total);
	EXPECT(value_of("/proc/meminfo", "SwapTotal:") >= 0);
	EXPECT(value_of("/proc/meminfo", "Cached:") >= 0);
}

CASE(cpuinfo_counts_the_cpus)
{
	int count = 0;

	EXPECT(conf_slurp("/proc/cpuinfo", text, sizeof(text)) > 0);
	for (char *p = text; (p = strstr(p, "processor\t:")) != NULL; p++)
		count++;
	EXPECT_EQ(count, sysconf(_SC_NPROCESSORS_ONLN));
	EXPECT(strstr(text, "flags\t") != NULL);
	EXPECT(strstr(text, "model name\t") != NULL);
}

CASE(stat_has_a_line_for_each_cpu)
{
	EXPECT(conf_slurp("/proc/stat", text, sizeof(text)) > 0);
	EXPECT_MEM(text, "cpu  ", 5);
	EXPECT(strstr(text, "\ncpu0 ") != NULL);
	EXPECT(strstr(text, "\nbtime ") != NULL);
	EXPECT(strstr(text, "\nprocesses ") != NULL);
	EXPECT(strstr(text, "\nctxt ") != NULL);
}

CASE(uptime_and_loadavg_are_numbers)
{
	double a = -1;
	double b = -1;

	conf_slurp("/proc/uptime", text, sizeof(text));
	EXPECT_EQ(sscanf(text, "%lf %lf", &a, &b), 2);
	EXPECT(a >= 0 && b >= 0);
	conf_slurp("/proc/loadavg", text, sizeof(text));
	EXPECT_EQ(sscanf(text, "%lf %lf", &a, &b), 2);
}

CASE(version_agrees_with_uname)
{
	struct utsname u;

	MUST(uname(&u));
	EXPECT(conf_slurp("/proc/version", text, sizeof(text)) > 0);
	EXPECT_MEM(text, "Linux version ", 14);
	EXPECT(strstr(text, u.release) != NULL);
	conf_slurp("/proc/sys/kernel/osrelease", text, sizeof(text));
	text[strcspn(text, "\n")] = '\0';
	EXPECT_STR(text, u.release);
	conf_slurp("/proc/sys/kernel/hostname", text, sizeof(text));
	text[strcspn(text, "\n")] = '\0';
	EXPECT_STR(text, u.nodename);
	conf_slurp("/proc/sys/kernel/ostype", text, sizeof(text));
	EXPECT_STR(text, "Linux\n");
}

CASE(sysctl_files_hold_numbers)
{
	EXPECT(value_of("/proc/sys/kernel/pid_max", "") > 300);
	EXPECT(value_of("/proc/sys/fs/file-max", "") > 0);
	EXPECT(value_of("/proc/sys/kernel/ngroups_max", "") == 65536);
	EXPECT(value_of("/proc/sys/kernel/cap_last_cap", "") >= 37);
	EXPECT(value_of("/proc/sys/fs/pipe-max-size", "") >= 4096);
	EXPECT(value_of("/proc/sys/vm/overcommit_memory", "") >= 0);
}

CASE(boot_id_stays_and_uuid_changes)
{
	char first[64];

	EXPECT_EQ(conf_slurp(
			  "/proc/sys/kernel/random/uuid", first, sizeof(first)),
		37);
	EXPECT_EQ(conf_slurp("/proc/sys/kernel/random/uuid", text, 64), 37);
	EXPECT(strcmp(first, text) != 0);
	conf_slurp("/proc/sys/kernel/random/boot_id", first, sizeof(first));
	conf_slurp("/proc/sys/kernel/random/boot_id", text, 64);
	EXPECT_STR(text, first);
}

CASE(filesystems_name_proc_and_tmpfs)
{
	EXPECT(conf_slurp("/proc/filesystems", text, sizeof(text)) > 0);
	EXPECT(strstr(text, "nodev\tproc\n") != NULL);
	EXPECT(strstr(text, "nodev\ttmpfs\n") != NULL);
}

CASE(proc_cannot_be_changed)
{
	EXPECT_ERRNO(open("/proc/new", O_RDWR | O_CREAT, 0600), ENOENT);
	EXPECT_ERRNO(mkdir("/proc/new", 0700), ENOENT);
	EXPECT_ERRNO(open("/proc/999999999", O_RDONLY), ENOENT);
}

CASE(proc_files_seek_and_say_size_zero)
{
	struct stat st;
	char a[20];
	char b[20];
	int fd = MUST(open("/proc/version", O_RDONLY));

	MUST(fstat(fd, &st));
	EXPECT_EQ(st.st_size, 0);
	EXPECT_EQ(st.st_mode, S_IFREG | 0444);
	EXPECT_EQ(read(fd, a, 10), 10);
	EXPECT_EQ(read(fd, a + 10, 10), 10);
	EXPECT_EQ(pread(fd, b, 20, 0), 20);
	EXPECT_MEM(a, b, 20);
}

CASE(proc_lists_processes_by_number)
{
	struct dirent *e;
	bool me = false;
	DIR *dir = opendir("/proc");

	REQUIRE(dir);
	while ((e = readdir(dir)) != NULL)
		me |= atoi(e->d_name) == getpid();
	EXPECT(me);
}

CASE(dev_has_the_usual_nodes)
{
	static const char *const nodes[] = {
		"null", "zero", "full", "random", "urandom", "tty", "ptmx"};
	char path[40];
	struct stat st;

	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		snprintf(path, sizeof(path), "/dev/%s", nodes[i]);
		EXPECT_OK(stat(path, &st));
		EXPECT(S_ISCHR(st.st_mode));
	}
	EXPECT_OK(stat("/dev/pts", &st));
	EXPECT(S_ISDIR(st.st_mode));
	EXPECT_OK(stat("/dev/shm", &st));
	EXPECT_EQ(st.st_mode & 07777, 01777);
	EXPECT_OK(stat("/dev/fd/0", &st));
	EXPECT_OK(stat("/dev/stdin", &st));
}

CASE(urandom_is_random)
{
	char a[32];
	char b[32];
	int fd = MUST(open("/dev/urandom", O_RDONLY));

	EXPECT_EQ(read(fd, a, 32), 32);
	EXPECT_EQ(read(fd, b, 32), 32);
	EXPECT(memcmp(a, b, 32) != 0);
	EXPECT_ERRNO(read(fd, conf_unmapped(), 1), EFAULT);
}

CASE(tty_without_a_terminal_is_enxio)
{
	pid_t pid = conf_fork();

	if (pid == 0) {
		setsid();
		EXPECT_ERRNO(open("/dev/tty", O_RDWR), ENXIO);
		_exit(0);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
}

CASE(sysinfo_is_plausible)
{
	struct sysinfo s;

	EXPECT_OK(sysinfo(&s));
	EXPECT(s.totalram > 0);
	EXPECT(s.freeram <= s.totalram);
	EXPECT(s.uptime >= 0);
	EXPECT(s.procs > 0);
	EXPECT_EQ(s.mem_unit, 1);
	EXPECT_ERRNO(syscall(SYS_sysinfo, conf_unmapped()), EFAULT);
}
