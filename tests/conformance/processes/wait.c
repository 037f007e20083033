/* wait4 and waitid. */
#include "tests/conformance/harness.h"

#include <sys/prctl.h>

static pid_t child_exits(int status)
{
	pid_t pid = conf_fork();

	if (pid == 0)
		_exit(status);
	return pid;
}

static pid_t child_waits(void)
{
	pid_t pid = conf_fork();

	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

CASE(status_is_eight_bits)
{
	EXPECT_EQ(conf_wait(child_exits(0x1ff)), EXITED(0xff));
	EXPECT_EQ(conf_wait(child_exits(-1)), EXITED(255));
	EXPECT_EQ(conf_wait(child_exits(256)), EXITED(0));
}

CASE(no_children_is_echild)
{
	EXPECT_ERRNO(waitpid(-1, NULL, 0), ECHILD);
	EXPECT_ERRNO(waitpid(-1, NULL, WNOHANG), ECHILD);
	EXPECT_ERRNO(waitpid(getppid(), NULL, 0), ECHILD);
	EXPECT_ERRNO(waitpid(0x7ffffff0, NULL, 0), ECHILD);
}

CASE(nohang_gives_zero_while_the_child_lives)
{
	pid_t pid = child_waits();

	EXPECT_EQ(waitpid(pid, NULL, WNOHANG), 0);
	EXPECT_EQ(waitpid(-1, NULL, WNOHANG), 0);
	kill(pid, SIGKILL);
	EXPECT_EQ(conf_wait(pid), KILLED(SIGKILL));
}

CASE(errors)
{
	siginfo_t info;
	pid_t pid = child_waits();

	EXPECT_ERRNO(waitpid(-1, NULL, 0x1000), EINVAL);
	EXPECT_ERRNO(waitid(99, 0, &info, WEXITED), EINVAL);
	EXPECT_ERRNO(waitid(P_ALL, 0, &info, 0), EINVAL);
	EXPECT_ERRNO(waitid(P_PID, -1, &info, WEXITED), EINVAL);
	EXPECT_ERRNO(waitid(P_PIDFD, 9999, &info, WEXITED), EBADF);
	EXPECT_ERRNO(waitpid(INT32_MIN, NULL, 0), ESRCH);
	kill(pid, SIGKILL);
	EXPECT_ERRNO(wait4(pid, conf_unmapped(), 0, NULL), EFAULT);
}

CASE(waitid_tells_how)
{
	siginfo_t info = {0};
	pid_t pid = child_exits(7);

	EXPECT_EQ(waitid(P_PID, pid, &info, WEXITED), 0);
	EXPECT_EQ(info.si_signo, SIGCHLD);
	EXPECT_EQ(info.si_code, CLD_EXITED);
	EXPECT_EQ(info.si_status, 7);
	EXPECT_EQ(info.si_pid, pid);
	EXPECT_EQ(info.si_uid, getuid());
	pid = child_waits();
	kill(pid, SIGTERM);
	EXPECT_EQ(waitid(P_ALL, 0, &info, WEXITED), 0);
	EXPECT_EQ(info.si_code, CLD_KILLED);
	EXPECT_EQ(info.si_status, SIGTERM);
}

CASE(waitid_nohang_leaves_zeros)
{
	siginfo_t info;
	pid_t pid = child_waits();

	memset(&info, 0xff, sizeof(info));
	EXPECT_EQ(waitid(P_PID, pid, &info, WEXITED | WNOHANG), 0);
	EXPECT_EQ(info.si_signo, 0);
	EXPECT_EQ(info.si_pid, 0);
	kill(pid, SIGKILL);
	conf_wait(pid);
}

CASE(nowait_leaves_the_zombie)
{
	siginfo_t info = {0};
	pid_t pid = child_exits(1);

	EXPECT_EQ(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
	EXPECT_EQ(info.si_status, 1);
	EXPECT_EQ(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
	EXPECT_EQ(conf_wait(pid), EXITED(1));
	EXPECT_ERRNO(waitpid(pid, NULL, 0), ECHILD);
}

CASE(stops_are_told_once)
{
	siginfo_t info = {0};
	pid_t pid = child_waits();

	kill(pid, SIGSTOP);
	EXPECT_EQ(waitid(P_PID, pid, &info, WSTOPPED), 0);
	EXPECT_EQ(info.si_code, CLD_STOPPED);
	EXPECT_EQ(info.si_status, SIGSTOP);
	EXPECT_EQ(waitid(P_PID, pid, &info, WSTOPPED | WNOHANG), 0);
	EXPECT_EQ(info.si_pid, 0);
	kill(pid, SIGCONT);
	EXPECT_EQ(waitid(P_PID, pid, &info, WCONTINUED), 0);
	EXPECT_EQ(info.si_code, CLD_CONTINUED);
	EXPECT_EQ(info.si_status, SIGCONT);
	kill(pid, SIGKILL);
	conf_wait(pid);
}

CASE(groups_choose_children)
{
	pid_t a = child_waits();
	pid_t b;

	MUST(setpgid(a, a));
	b = child_waits();
	kill(a, SIGKILL);
	kill(b, SIGKILL);
	EXPECT_EQ(waitpid(-a, NULL, 0), a);
	EXPECT_ERRNO(waitpid(-a, NULL, 0), ECHILD);
	EXPECT_EQ(waitpid(0, NULL, 0), b);
}

CASE(sigchld_comes_with_the_facts)
{
	siginfo_t info;
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL));
	pid = child_exits(9);
	EXPECT_EQ(sigwaitinfo(&set, &info), SIGCHLD);
	EXPECT_EQ(info.si_code, CLD_EXITED);
	EXPECT_EQ(info.si_pid, pid);
	EXPECT_EQ(info.si_status, 9);
	EXPECT_EQ(conf_wait(pid), EXITED(9));
}

CASE(ignored_sigchld_leaves_no_zombies)
{
	pid_t pid;

	signal(SIGCHLD, SIG_IGN);
	pid = child_exits(0);
	EXPECT_ERRNO(waitpid(pid, NULL, 0), ECHILD);
}

CASE(nocldwait_leaves_no_zombies_but_signals)
{
	pid_t pid;

	conf_catch(SIGCHLD, SA_NOCLDWAIT | SA_RESTART);
	pid = child_exits(0);
	EXPECT_ERRNO(waitpid(pid, NULL, 0), ECHILD);
	EXPECT_EQ(conf_caught, 1);
}

CASE(nocldstop_is_quiet_about_stops)
{
	pid_t pid;

	conf_catch(SIGCHLD, SA_NOCLDSTOP | SA_RESTART);
	pid = child_waits();
	kill(pid, SIGSTOP);
	EXPECT_EQ(waitpid(pid, NULL, WUNTRACED), pid);
	EXPECT_EQ(conf_caught, 0);
	kill(pid, SIGKILL);
	conf_wait(pid);
	EXPECT_EQ(conf_caught, 1);
}

CASE(usage_of_the_child_is_told)
{
	struct rusage usage = {0};
	struct rusage all = {0};
	pid_t pid = conf_fork();

	if (pid == 0) {
		struct timespec t;

		do
			clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
		while (t.tv_sec == 0 && t.tv_nsec < 30000000);
		_exit(0);
	}
	EXPECT_EQ(wait4(pid, NULL, 0, &usage), pid);
	EXPECT_RANGE(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec +
			     1000000 * (usage.ru_utime.tv_sec +
					       usage.ru_stime.tv_sec),
		20000, 2000000);
	EXPECT_OK(getrusage(RUSAGE_CHILDREN, &all));
	EXPECT(all.ru_utime.tv_usec + all.ru_stime.tv_usec +
			all.ru_utime.tv_sec * 1000000 >=
		20000);
}

CASE(subreaper_inherits_orphans)
{
	pid_t pid;
	int status;

	MUST(prctl(PR_SET_CHILD_SUBREAPER, 1));
	pid = conf_fork();
	if (pid == 0) {
		if (conf_fork() == 0) {
			conf_sleep_ms(30);
			_exit(33);
		}
		_exit(0);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
	EXPECT(waitpid(-1, &status, 0) > 0);
	EXPECT_EQ(status, EXITED(33));
}

static void *wait_in_thread(void *data)
{
	int status = 0;

	waitpid(*(pid_t *)data, &status, 0);
	return (void *)(intptr_t)status;
}

CASE(any_thread_may_wait_for_any_child)
{
	pthread_t thread;
	void *status;
	pid_t pid = child_exits(8);

	REQUIRE(pthread_create(&thread, NULL, wait_in_thread, &pid) == 0);
	pthread_join(thread, &status);
	EXPECT_EQ(status, EXITED(8));
}

CASE(wnothread_sees_only_own_children)
{
	pid_t pid = child_exits(8);

	EXPECT_EQ(waitpid(pid, NULL, __WNOTHREAD), pid);
}

CASE(ignored_sigchld_is_not_even_pending)
{
	sigset_t set;
	pid_t pid;

	signal(SIGCHLD, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL));
	pid = child_exits(0);
	EXPECT_ERRNO(waitpid(pid, NULL, 0), ECHILD);
	MUST(sigpending(&set));
	EXPECT_EQ(sigismember(&set, SIGCHLD), 0);
	pid = child_waits();
	MUST(kill(pid, SIGSTOP));
	EXPECT_EQ(waitpid(pid, NULL, WUNTRACED), pid);
	MUST(sigpending(&set));
	EXPECT_EQ(sigismember(&set, SIGCHLD), 0);
	kill(pid, SIGKILL);
}

CASE(zombie_given_to_who_ignores_children_goes)
{
	siginfo_t info;
	pid_t grandchild = 0;
	int p[2];
	pid_t pid;

	MUST(pipe(p));
	MUST(prctl(PR_SET_CHILD_SUBREAPER, 1));
	signal(SIGCHLD, SIG_IGN);
	pid = conf_fork();
	if (pid == 0) {
		signal(SIGCHLD, SIG_DFL);
		grandchild = child_exits(3);
		MUST(waitid(P_PID, grandchild, &info, WEXITED | WNOWAIT));
		MUST(write(p[1], &grandchild, sizeof(grandchild)));
		_exit(0);
	}
	EXPECT_EQ(read(p[0], &grandchild, sizeof(pid_t)), sizeof(pid_t));
	EXPECT_ERRNO(waitpid(-1, NULL, 0), ECHILD);
	EXPECT_ERRNO(kill(grandchild, 0), ESRCH);
}
