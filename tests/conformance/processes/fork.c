/* fork, vfork, clone: what is copied, what is shared, what is new. */
#include "tests/conformance/harness.h"

CASE(child_has_a_pid_of_its_own_and_a_parent)
{
	pid_t parent = getpid();
	pid_t pid = conf_fork();

	if (pid == 0) {
		EXPECT_EQ(getppid(), parent);
		EXPECT(getpid() != parent);
		EXPECT_EQ(getpid(), gettid());
		_exit(5);
	}
	EXPECT(pid > 0 && pid != parent);
	EXPECT_EQ(conf_wait(pid), EXITED(5));
}

CASE(private_memory_is_copied_and_shared_is_shared)
{
	int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int *private = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	*shared = *private = 1;
	pid = conf_fork();
	if (pid == 0) {
		*shared = *private = 2;
		_exit(0);
	}
	conf_wait(pid);
	EXPECT_EQ(*shared, 2);
	EXPECT_EQ(*private, 1);
}

CASE(vfork_shares_memory_and_holds_the_parent)
{
	static volatile int value;
	pid_t pid = vfork();

	if (pid == 0) {
		value = 42;
		_exit(3);
	}
	EXPECT(pid > 0);
	EXPECT_EQ(value, 42);
	EXPECT_EQ(conf_wait(pid), EXITED(3));
}

CASE(vfork_child_has_descriptors_of_its_own)
{
	int fd = MUST(open("/dev/null", O_RDONLY));
	pid_t pid = vfork();

	if (pid == 0) {
		close(fd);
		_exit(0);
	}
	conf_wait(pid);
	EXPECT_OK(fcntl(fd, F_GETFD));
}

CASE(orphan_goes_to_a_subreaper_or_init)
{
	int p[2];
	pid_t orphan_parent = -1;
	pid_t pid;

	MUST(pipe(p));
	pid = conf_fork();
	if (pid == 0) {
		pid_t middle = getpid();

		if (conf_fork() == 0) {
			WAIT_UNTIL(getppid() != middle);
			orphan_parent = getppid();
			MUST(write(p[1], &orphan_parent, sizeof(pid_t)));
			_exit(0);
		}
		_exit(0);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
	EXPECT_EQ(read(p[0], &orphan_parent, sizeof(pid_t)), sizeof(pid_t));
	EXPECT(orphan_parent > 0 && orphan_parent != pid);
}

static int clone_flags(unsigned long flags)
{
	return syscall(SYS_clone, flags, NULL, NULL, NULL, 0);
}

CASE(clone_refuses_combinations)
{
	EXPECT_ERRNO(clone_flags(CLONE_THREAD | SIGCHLD), EINVAL);
	EXPECT_ERRNO(clone_flags(CLONE_SIGHAND | SIGCHLD), EINVAL);
	EXPECT_ERRNO(clone_flags(CLONE_THREAD | CLONE_SIGHAND), EINVAL);
	EXPECT_ERRNO(clone_flags(CLONE_FS | CLONE_NEWNS | SIGCHLD), EINVAL);
	EXPECT_ERRNO(clone_flags(CLONE_PIDFD | CLONE_DETACHED), EINVAL);
}

CASE(clone_with_files_shares_the_table)
{
	int fd = MUST(open("/dev/null", O_RDONLY));
	pid_t pid = MUST(clone_flags(CLONE_FILES | SIGCHLD));

	if (pid == 0) {
		close(fd);
		_exit(0);
	}
	conf_wait(pid);
	EXPECT_ERRNO(fcntl(fd, F_GETFD), EBADF);
}

CASE(clone_with_fs_shares_cwd_and_umask)
{
	pid_t pid;

	MUST(mkdir("d", 0755));
	close(conf_file("d/here", ""));
	umask(022);
	pid = MUST(clone_flags(CLONE_FS | SIGCHLD));
	if (pid == 0) {
		umask(077);
		_exit(chdir("d") != 0);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
	EXPECT_OK(access("here", F_OK));
	EXPECT_EQ(umask(0), 077);
}

CASE(clone_parent_makes_a_sibling)
{
	pid_t me = getpid();
	pid_t pid = conf_fork();

	if (pid == 0) {
		pid_t sibling = MUST(clone_flags(CLONE_PARENT | SIGCHLD));

		if (sibling == 0)
			_exit(getppid() == me ? 21 : 22);
		EXPECT_ERRNO(waitpid(sibling, NULL, 0), ECHILD);
		_exit(20);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(20));
	EXPECT_EQ(conf_wait(-1), EXITED(21));
}

CASE(clone_writes_the_tid_where_asked)
{
	pid_t parent_tid = 0;
	pid_t *child_tid = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = MUST(syscall(SYS_clone,
		CLONE_PARENT_SETTID | CLONE_CHILD_SETTID |
			CLONE_CHILD_CLEARTID | SIGCHLD,
		NULL, &parent_tid, child_tid, 0));

	if (pid == 0) {
		EXPECT_EQ(*child_tid, gettid());
		_exit(0);
	}
	EXPECT_EQ(parent_tid, pid);
	conf_wait(pid);
	EXPECT_EQ(*child_tid == pid || *child_tid == 0, 1);
}

CASE(child_without_exit_signal_needs_wclone)
{
	pid_t pid = MUST(clone_flags(0));
	int status;

	if (pid == 0)
		_exit(4);
	EXPECT_ERRNO(waitpid(pid, &status, 0), ECHILD);
	EXPECT_EQ(waitpid(pid, &status, __WCLONE), pid);
	EXPECT_EQ(status, EXITED(4));
}

CASE(exit_signal_can_be_another)
{
	pid_t pid;

	conf_catch(SIGUSR1, 0);
	pid = MUST(clone_flags(SIGUSR1));
	if (pid == 0)
		_exit(0);
	WAIT_UNTIL(conf_caught == 1);
	EXPECT_EQ(waitpid(pid, NULL, __WALL), pid);
}

struct clone3_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack,
		stack_size, tls, set_tid, set_tid_size, cgroup;
};

CASE(clone3_forks_and_gives_a_pidfd)
{
	int pidfd = -1;
	struct clone3_args a = {.flags = CLONE_PIDFD,
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = SIGCHLD};
	struct pollfd f;
	siginfo_t info = {0};
	pid_t pid = MUST(syscall(SYS_clone3, &a, sizeof(a)));

	if (pid == 0)
		_exit(6);
	EXPECT(pidfd >= 0);
	EXPECT_EQ(fcntl(pidfd, F_GETFD), FD_CLOEXEC);
	f = (struct pollfd){pidfd, POLLIN, 0};
	EXPECT_EQ(poll(&f, 1, 3000), 1);
	EXPECT_OK(waitid(P_PIDFD, pidfd, &info, WEXITED));
	EXPECT_EQ(info.si_pid, pid);
	EXPECT_EQ(info.si_status, 6);
}

CASE(clone3_errors)
{
	struct clone3_args a = {.exit_signal = SIGCHLD};

	EXPECT_ERRNO(syscall(SYS_clone3, &a, 10), EINVAL);
	EXPECT_ERRNO(syscall(SYS_clone3, &a, 5000), E2BIG);
	EXPECT_ERRNO(syscall(SYS_clone3, conf_unmapped(), sizeof(a)), EFAULT);
	a.exit_signal = 100;
	EXPECT_ERRNO(syscall(SYS_clone3, &a, sizeof(a)), EINVAL);
	a.exit_signal = SIGCHLD;
	a.stack = 0x1000;
	EXPECT_ERRNO(syscall(SYS_clone3, &a, sizeof(a)), EINVAL);
	a.stack = 0;
	a.flags = 1ull << 60;
	EXPECT_ERRNO(syscall(SYS_clone3, &a, sizeof(a)), EINVAL);
}

CASE(hundred_children_are_all_collected)
{
	int sum = 0;

	for (int i = 0; i < 100; i++)
		if (conf_fork() == 0)
			_exit(i);
	for (int i = 0; i < 100; i++) {
		int status;

		EXPECT(waitpid(-1, &status, 0) > 0);
		sum += WEXITSTATUS(status);
	}
	EXPECT_EQ(sum, 4950);
	EXPECT_ERRNO(waitpid(-1, NULL, 0), ECHILD);
}

static void *do_nothing(void *data)
{
	return data;
}

CASE(only_the_forking_thread_goes_on_in_the_child)
{
	pthread_t thread;
	pid_t pid;

	REQUIRE(pthread_create(&thread, NULL, do_nothing, NULL) == 0);
	pid = conf_fork();
	if (pid == 0)
		_exit(getpid() == gettid() ? 0 : 1);
	EXPECT_EQ(conf_wait(pid), EXITED(0));
	pthread_join(thread, NULL);
}
