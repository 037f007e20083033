/* Process groups and sessions. */
#include "tests/conformance/harness.h"

static pid_t child_waits(void)
{
	pid_t pid = conf_fork();

	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	conf_wait(pid);
}

CASE(child_starts_in_the_parents_group_and_session)
{
	pid_t pid = child_waits();

	EXPECT_EQ(getpgid(pid), getpgrp());
	EXPECT_EQ(getsid(pid), getsid(0));
	EXPECT_EQ(getpgid(0), getpid());
	end(pid);
}

CASE(setpgid_moves_children_before_exec)
{
	pid_t a = child_waits();
	pid_t b = child_waits();

	EXPECT_OK(setpgid(a, 0));
	EXPECT_EQ(getpgid(a), a);
	EXPECT_OK(setpgid(b, a));
	EXPECT_EQ(getpgid(b), a);
	EXPECT_OK(setpgid(b, getpid()));
	EXPECT_EQ(getpgid(b), getpid());
	end(a);
	end(b);
}

CASE(setpgid_errors)
{
	pid_t pid = child_waits();

	EXPECT_ERRNO(setpgid(pid, -1), EINVAL);
	EXPECT_ERRNO(setpgid(pid, 0x7ffffff0), EPERM);
	EXPECT_ERRNO(setpgid(0x7ffffff0, 0), ESRCH);
	EXPECT_ERRNO(setpgid(getppid(), 0), ESRCH);
	EXPECT_ERRNO(getpgid(0x7ffffff0), ESRCH);
	EXPECT_ERRNO(getpgid(-1), ESRCH);
	EXPECT_ERRNO(getsid(-1), ESRCH);
	end(pid);
}

CASE(setsid_makes_a_leader_of_three)
{
	pid_t pid = conf_fork();

	if (pid == 0) {
		EXPECT_EQ(setsid(), getpid());
		EXPECT_EQ(getpgrp(), getpid());
		EXPECT_EQ(getsid(0), getpid());
		EXPECT_ERRNO(setsid(), EPERM);
		EXPECT_ERRNO(setpgid(0, 0), EPERM);
		_exit(0);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
}

CASE(group_leader_cannot_setsid)
{
	EXPECT_ERRNO(setsid(), EPERM);
}

CASE(setpgid_across_sessions_is_eperm)
{
	int p[2];
	char c;
	pid_t pid;

	MUST(pipe(p));
	pid = conf_fork();
	if (pid == 0) {
		setsid();
		write(p[1], "x", 1);
		pause();
	}
	MUST(read(p[0], &c, 1));
	EXPECT_ERRNO(setpgid(pid, 0), EPERM);
	EXPECT_ERRNO(setpgid(pid, getpid()), EPERM);
	end(pid);
}

CASE(setpgid_after_exec_is_eacces)
{
	int p[2];
	char c;
	pid_t pid;

	MUST(pipe2(p, O_CLOEXEC));
	pid = conf_fork();
	if (pid == 0) {
		execl("/bin/sleep", "sleep", "10", NULL);
		_exit(1);
	}
	close(p[1]);
	EXPECT_EQ(read(p[0], &c, 1), 0);
	EXPECT_ERRNO(setpgid(pid, 0), EACCES);
	end(pid);
}

static volatile sig_atomic_t hup;
static volatile sig_atomic_t cont;

static void note(int signo)
{
	if (signo == SIGHUP)
		hup++;
	else
		cont++;
}

/* In a session of its own, whose leader lives on but is nobody's parent. */
static void orphan_a_stopped_group(void *data)
{
	int out = *(int *)data;
	char text[2] = "";
	pid_t pid;

	MUST(setsid());
	pid = conf_fork();
	if (pid == 0) {
		pid_t stopped = conf_fork();

		if (stopped == 0) {
			signal(SIGHUP, note);
			signal(SIGCONT, note);
			setpgid(0, 0);
			raise(SIGSTOP);
			WAIT_UNTIL(hup && cont);
			text[0] = '0' + hup;
			text[1] = '0' + cont;
			write(out, text, 2);
			_exit(0);
		}
		MUST(waitpid(stopped, NULL, WUNTRACED));
		_exit(0);
	}
	EXPECT_EQ(conf_wait(pid), EXITED(0));
}

CASE(orphaned_stopped_group_gets_hup_and_cont)
{
	int p[2];
	char text[2] = "";

	MUST(pipe(p));
	EXPECT_EQ(conf_in_child(orphan_a_stopped_group, &p[1]), EXITED(0));
	close(p[1]);
	EXPECT_EQ(read(p[0], text, 2), 2);
	EXPECT_MEM(text, "11", 2);
}
