/* execve, execveat: what passes, what is refused, what a program finds. */
#include "tests/conformance/harness.h"

#include <elf.h>
#include <sys/auxv.h>
#include <sys/prctl.h>

static char *const no_words[] = {NULL};

static void make(const char *path, const char *text, mode_t mode)
{
	close(conf_file(path, text));
	MUST(chmod(path, mode));
}

/* Status of /bin/sh running this. */
static int shell(const char *script)
{
	pid_t pid = conf_fork();

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", script, NULL);
		_exit(126);
	}
	return conf_wait(pid);
}

CASE(status_comes_back)
{
	EXPECT_EQ(shell("exit 42"), EXITED(42));
	EXPECT_EQ(shell("kill -TERM $$"), KILLED(SIGTERM));
}

CASE(errors)
{
	make("plain", "text", 0644);
	make("empty", "", 0755);
	make("garbage", "\x01\x02\x03 no program", 0755);
	MUST(mkdir("d", 0755));
	EXPECT_ERRNO(execve("missing", no_words, no_words), ENOENT);
	EXPECT_ERRNO(execve("", no_words, no_words), ENOENT);
	EXPECT_ERRNO(execve("plain", no_words, no_words), EACCES);
	EXPECT_ERRNO(execve("plain/x", no_words, no_words), ENOTDIR);
	EXPECT_ERRNO(execve("d", no_words, no_words), EACCES);
	EXPECT_ERRNO(execve("empty", no_words, no_words), ENOEXEC);
	EXPECT_ERRNO(execve("garbage", no_words, no_words), ENOEXEC);
	EXPECT_ERRNO(execve("/dev/null", no_words, no_words), EACCES);
}

CASE(bad_pointers)
{
	char *bad[2] = {conf_unmapped(), NULL};

	EXPECT_ERRNO(execve(conf_unmapped(), no_words, no_words), EFAULT);
	EXPECT_ERRNO(execve("/bin/true", conf_unmapped(), no_words), EFAULT);
	EXPECT_ERRNO(execve("/bin/true", bad, no_words), EFAULT);
	EXPECT_ERRNO(execve("/bin/true", no_words, bad), EFAULT);
}

static int mapping_count(void)
{
	FILE *file = fopen("/proc/self/maps", "r");
	int count = 0;
	int c;

	while (file && (c = fgetc(file)) != EOF)
		count += c == '\n';
	if (file)
		fclose(file);
	return count;
}

/* A word of more than MAX_ARG_STRLEN: E2BIG when all else is done. */
CASE(a_script_that_cannot_be_run_leaves_no_mapping)
{
	static char word[200000];
	char *argv[] = {"s", word, NULL};
	int before;

	make("s", "#!/bin/sh -e\ntrue\n", 0755);
	memset(word, 'x', sizeof(word) - 1);
	mapping_count(); /* the first one makes a buffer */
	before = mapping_count();
	for (int i = 0; i < 10; i++)
		EXPECT_ERRNO(execve("s", argv, no_words), E2BIG);
	EXPECT_EQ(mapping_count(), before);
}

CASE(truncated_programs_are_refused)
{
	Elf64_Ehdr h = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64,
				ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phoff = sizeof(h),
		.e_phnum = 3};
	int fd = MUST(open("elf", O_RDWR | O_CREAT, 0755));

	MUST(write(fd, &h, sizeof(h)));
	close(fd);
	EXPECT_ERRNO(execve("elf", no_words, no_words), ENOEXEC);
	fd = MUST(open("elf", O_RDWR));
	h.e_machine = EM_AARCH64;
	MUST(write(fd, &h, sizeof(h)));
	close(fd);
	EXPECT_ERRNO(execve("elf", no_words, no_words), ENOEXEC);
}

CASE(file_open_for_writing_is_etxtbsy)
{
	int fd;

	make("s", "#!/bin/sh\nexit 0\n", 0755);
	fd = MUST(open("s", O_WRONLY));
	EXPECT_ERRNO(execve("s", no_words, no_words), ETXTBSY);
	close(fd);
}

CASE(running_program_cannot_be_opened_for_writing)
{
	pid_t pid;
	int p[2];
	char c;

	EXPECT_EQ(shell("cp /bin/sleep ./copy"), EXITED(0));
	MUST(pipe2(p, O_CLOEXEC));
	pid = conf_fork();
	if (pid == 0) {
		execl("./copy", "copy", "10", NULL);
		_exit(1);
	}
	close(p[1]);
	EXPECT_EQ(read(p[0], &c, 1), 0);
	EXPECT_ERRNO(open("copy", O_WRONLY), ETXTBSY);
	EXPECT_OK(open("copy", O_RDONLY));
	kill(pid, SIGKILL);
	conf_wait(pid);
}

CASE(script_gets_one_argument_and_its_path)
{
	char text[200];

	make("s", "#!/bin/sh -e\necho \"$0 $1 $2\" >out\n", 0755);
	EXPECT_EQ(shell("./s a b"), EXITED(0));
	conf_slurp("out", text, sizeof(text));
	EXPECT_STR(text, "./s a b\n");
}

CASE(script_argument_is_not_split)
{
	char text[200];

	make("print", "#!/bin/sh\necho \"$1\" >out\n", 0755);
	make("s", "#! ./print  a b  \n", 0755);
	EXPECT_EQ(shell("./s"), EXITED(0));
	conf_slurp("out", text, sizeof(text));
	EXPECT_STR(text, "a b\n");
}

CASE(script_errors)
{
	make("s", "#!/no/such/interpreter\n", 0755);
	EXPECT_ERRNO(execve("s", no_words, no_words), ENOENT);
	make("n", "#!\n", 0755);
	EXPECT_ERRNO(execve("n", no_words, no_words), ENOEXEC);
	make("d", "#!/tmp\n", 0755);
	EXPECT_ERRNO(execve("d", no_words, no_words), EACCES);
	make("self", "#!./self\n", 0755);
	EXPECT_ERRNO(execve("self", no_words, no_words), ELOOP);
}

CASE(scripts_nest_four_deep)
{
	char name[10];
	char text[40];

	make("s0", "#!/bin/sh\nexit 7\n", 0755);
	for (int i = 1; i < 6; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		snprintf(text, sizeof(text), "#!./s%d\n", i - 1);
		make(name, text, 0755);
	}
	EXPECT_EQ(shell("./s4"), EXITED(7));
	EXPECT_ERRNO(execve("s5", no_words, no_words), ELOOP);
}

CASE(too_many_words_are_e2big)
{
	char *big = malloc(200000);
	char *words[3] = {big, NULL, NULL};

	memset(big, 'x', 200000);
	big[131072] = '\0';
	EXPECT_ERRNO(execve("/bin/true", words, no_words), E2BIG);
	EXPECT_ERRNO(execve("/bin/true", no_words, words), E2BIG);
	big[131071] = '\0';
	pid_t pid = conf_fork();
	if (pid == 0) {
		execve("/bin/true", words, no_words);
		_exit(1);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
}

CASE(large_environment_passes)
{
	char *word = malloc(100001);
	char *env[11] = {0};
	char *words[] = {"sh", "-c", "exit ${#A}0", NULL};
	pid_t pid;

	memset(word, 'x', 100000);
	memcpy(word, "A=", 2);
	word[100000] = '\0';
	for (int i = 0; i < 10; i++)
		env[i] = i ? word : "A=abc";
	for (int i = 1; i < 10; i++) {
		env[i] = strdup(word);
		env[i][0] = 'A' + i;
	}
	pid = conf_fork();
	if (pid == 0) {
		execve("/bin/sh", words, env);
		_exit(1);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(30));
}

CASE(cloexec_descriptors_are_closed_and_others_are_not)
{
	int a = MUST(open("/dev/null", O_RDONLY | O_CLOEXEC));
	int b = MUST(open("/dev/null", O_RDONLY));
	char script[200];

	snprintf(script, sizeof(script),
		"[ ! -e /proc/self/fd/%d ] && [ -e /proc/self/fd/%d ]", a, b);
	EXPECT_EQ(shell(script), EXITED(0));
}

CASE(handlers_are_reset_and_ignored_stay_ignored)
{
	signal(SIGUSR1, SIG_IGN);
	conf_catch(SIGUSR2, 0);
	EXPECT_EQ(shell("kill -USR1 $$; exit 5"), EXITED(5));
	EXPECT_EQ(shell("kill -USR2 $$; exit 5"), KILLED(SIGUSR2));
}

CASE(mask_and_pending_signals_survive)
{
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	pid = conf_fork();
	if (pid == 0) {
		MUST(sigprocmask(SIG_BLOCK, &set, NULL));
		execl("/bin/sh", "sh", "-c", "kill -TERM $$; exit 6", NULL);
		_exit(1);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(6));
}

CASE(pid_cwd_and_umask_survive)
{
	char text[100];
	char want[100];
	pid_t pid = conf_fork();

	if (pid == 0) {
		umask(027);
		execl("/bin/sh", "sh", "-c", "echo $$ $(umask) > out", NULL);
		_exit(1);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
	snprintf(want, sizeof(want), "%d 0027\n", pid);
	conf_slurp("out", text, sizeof(text));
	EXPECT_STR(text, want);
}

CASE(execveat_runs_a_descriptor)
{
	int fd = MUST(open("/bin/sh", O_RDONLY | O_CLOEXEC));
	char *words[] = {"sh", "-c", "exit 9", NULL};
	pid_t pid = conf_fork();

	if (pid == 0) {
		syscall(SYS_execveat, fd, "", words, no_words, AT_EMPTY_PATH);
		_exit(1);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(9));
}

CASE(execveat_errors)
{
	int fd = MUST(open("/bin", O_RDONLY));

	MUST(symlink("/bin/true", "l"));
	EXPECT_ERRNO(
		syscall(SYS_execveat, fd, "missing", no_words, no_words, 0),
		ENOENT);
	EXPECT_ERRNO(
		syscall(SYS_execveat, fd, "", no_words, no_words, 0), ENOENT);
	EXPECT_ERRNO(syscall(SYS_execveat, fd, "true", no_words, no_words, 1),
		EINVAL);
	EXPECT_ERRNO(syscall(SYS_execveat, -1, "true", no_words, no_words, 0),
		EBADF);
	EXPECT_ERRNO(syscall(SYS_execveat, AT_FDCWD, "l", no_words, no_words,
			     AT_SYMLINK_NOFOLLOW),
		ELOOP);
}

CASE(memfd_can_be_run)
{
	char *words[] = {"sh", "-c", "exit 11", NULL};
	char block[65536];
	int out = MUST(memfd_create("program", MFD_CLOEXEC));
	int in = MUST(open("/bin/sh", O_RDONLY));
	ssize_t n;
	pid_t pid;

	while ((n = read(in, block, sizeof(block))) > 0)
		MUST(write(out, block, n));
	pid = conf_fork();
	if (pid == 0) {
		syscall(SYS_execveat, out, "", words, no_words, AT_EMPTY_PATH);
		_exit(1);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(11));
}

CASE(auxiliary_vector_tells_the_truth)
{
	EXPECT_EQ(getauxval(AT_PAGESZ), 4096);
	EXPECT_EQ(getauxval(AT_UID), getuid());
	EXPECT_EQ(getauxval(AT_EUID), geteuid());
	EXPECT_EQ(getauxval(AT_GID), getgid());
	EXPECT_EQ(getauxval(AT_SECURE), 0);
	EXPECT_EQ(getauxval(AT_CLKTCK), 100);
	EXPECT_EQ(getauxval(AT_PHENT), sizeof(Elf64_Phdr));
	EXPECT(getauxval(AT_PHNUM) > 3);
	EXPECT(getauxval(AT_RANDOM) != 0);
	EXPECT(getauxval(AT_BASE) != 0);
	EXPECT(getauxval(AT_SYSINFO_EHDR) != 0);
	EXPECT_STR((char *)getauxval(AT_PLATFORM), "x86_64");
	RECORD("hwcap", getauxval(AT_HWCAP));
	RECORD("hwcap2", getauxval(AT_HWCAP2));
	RECORD("minsigstksz", getauxval(AT_MINSIGSTKSZ));
}

CASE(process_name_is_the_base_name)
{
	char text[100];

	EXPECT_EQ(shell("cp /bin/cat ./a-name-that-is-long && "
			"./a-name-that-is-long /proc/self/comm >out"),
		EXITED(0));
	conf_slurp("out", text, sizeof(text));
	EXPECT_STR(text, "a-name-that-is-\n");
}

CASE(empty_argv_becomes_one_empty_word)
{
	char text[100];
	pid_t pid;

	make("s", "#!/bin/sh\ntr '\\0' '|' </proc/$$/cmdline >out\n", 0755);
	pid = conf_fork();
	if (pid == 0) {
		execve("s", no_words, (char *[]){"PATH=/bin:/usr/bin", NULL});
		_exit(1);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
	conf_slurp("out", text, sizeof(text));
	EXPECT_STR(text, "/bin/sh|s|");
}

CASE(pipeline_works)
{
	char text[100];

	EXPECT_EQ(shell("seq 1 1000 | grep 7 | wc -l | tr -d ' ' >out"),
		EXITED(0));
	conf_slurp("out", text, sizeof(text));
	EXPECT_STR(text, "271\n");
}

CASE(vfork_and_exec)
{
	static char *const words[] = {"sh", "-c", "exit 12", NULL};
	pid_t pid = vfork();

	if (pid == 0) {
		execve("/bin/sh", words, words + 3);
		_exit(1);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(12));
}

CASE(vfork_and_failing_exec)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execve("/no/such/file", no_words, no_words);
		_exit(errno == ENOENT ? 0 : 1);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
}
