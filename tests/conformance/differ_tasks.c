/*
 * Random sequences on processes: forks, exits, groups, sessions, signals,
 * stops and waits.
 *
 * Actors are processes that do what they are told through a pipe and answer
 * through another; actor 0 is the program itself. Everything is one call at a
 * time, and after each signal the actor that got it is waited for until it
 * answers, has stopped or is dead, so that the order of things is the same
 * everywhere. Process numbers are printed as actors.
 */
#include "tests/conformance/differ.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ACTORS 7

enum command {
	NOTHING,
	FORK,
	EXIT,
	GETPPID,
	GETPGID,
	GETSID,
	SETPGID,
	SETSID,
	KILL,
	KILL_GROUP,
	BLOCK,
	UNBLOCK,
	PENDING,
	HANDLE,
	IGNORE,
	DEFAULT,
	CAUGHT,
	WAIT,
	SUBREAPER,
	COMMANDS,
};

static const char *const command_names[] = {"nothing", "fork", "exit",
	"getppid", "getpgid", "getsid", "setpgid", "setsid", "kill",
	"kill group", "block", "unblock", "pending", "handle", "ignore",
	"default", "caught", "wait", "subreaper"};

struct order {
	int command, a, b, c;
};

struct answer {
	long result;
	int err;
	int more;
};

/* Seen by all: which process plays which actor; 0 before and after. */
struct stage {
	pid_t pid[ACTORS];
	bool gone[ACTORS]; /* its number may be another's by now */
};

static struct stage *stage;
static int orders[ACTORS][2];
static int answers[ACTORS][2];
static volatile sig_atomic_t caught[65];

static const int signals[] = {
	SIGUSR1, SIGUSR2, SIGTERM, SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGKILL};

static void on_signal(int signo)
{
	caught[signo]++;
}

static int actor_of(pid_t pid)
{
	for (int i = 0; i < ACTORS; i++)
		if (stage->pid[i] == pid && pid > 0)
			return i;
	return -9;
}

static void set_handler(int signo, void (*handler)(int))
{
	struct sigaction action = {
		.sa_handler = handler, .sa_flags = SA_RESTART};

	sigaction(signo, &action, NULL);
}

static void play(int me) __attribute__((noreturn));

static long start_actor(int index)
{
	sigset_t all;
	sigset_t mask;
	pid_t pid;

	if (stage->pid[index])
		return -2;
	/* No signal before it has begun to count its own. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &mask);
	pid = fork();
	if (pid == 0) {
		stage->pid[index] = getpid();
		memset((void *)caught, 0, sizeof(caught));
		sigprocmask(SIG_SETMASK, &mask, NULL);
		play(index);
	}
	sigprocmask(SIG_SETMASK, &mask, NULL);
	if (pid > 0)
		stage->pid[index] = pid;
	return pid < 0 ? -1 : index;
}

static long change_mask(int how, int signo)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signo);
	return sigprocmask(how, &set, NULL);
}

static long pending(void)
{
	sigset_t set;
	long bits = 0;

	sigpending(&set);
	for (int i = 1; i < 32; i++)
		bits |= (long)sigismember(&set, i) << i;
	return bits;
}

static long wait_for(const struct order *o, int *status)
{
	pid_t which = o->a < 0 ? o->a : stage->pid[o->a];
	pid_t pid;

	if (o->a == -2)
		which = o->b < ACTORS && stage->pid[o->b] ? -stage->pid[o->b]
							  : 0;
	if (o->a >= 0 && !which)
		return -2;
	*status = 0;
	pid = waitpid(which, status, WNOHANG | o->c);
	if (pid > 0 && (WIFEXITED(*status) || WIFSIGNALED(*status))) {
		int index = actor_of(pid);

		if (index >= 0)
			stage->gone[index] = true;
		return index;
	}
	return pid > 0 ? actor_of(pid) : pid;
}

/* A group or session by the actor that leads it. */
static long leader(pid_t id)
{
	return id < 0 ? -1 : actor_of(id);
}

static long obey(const struct order *o, int *more)
{
	pid_t pid = o->a >= 0 && o->a < ACTORS ? stage->pid[o->a] : 0;
	pid_t other = o->b >= 0 && o->b < ACTORS ? stage->pid[o->b] : 0;

	switch (o->command) {
	case FORK:
		return start_actor(o->a);
	case EXIT:
		_exit(o->b);
	case GETPPID:
		return actor_of(getppid());
	case GETPGID:
		return pid ? leader(getpgid(pid)) : -2;
	case GETSID:
		return pid ? leader(getsid(pid)) : -2;
	case SETPGID:
		return pid ? setpgid(pid, other) : -2;
	case SETSID:
		return leader(setsid());
	case KILL:
		return pid ? kill(pid, o->b) : -2;
	case KILL_GROUP:
		return pid ? kill(-pid, o->b) : -2;
	case BLOCK:
		return change_mask(SIG_BLOCK, o->b);
	case UNBLOCK:
		return change_mask(SIG_UNBLOCK, o->b);
	case PENDING:
		return pending();
	case HANDLE:
		set_handler(o->b, on_signal);
		return 0;
	case IGNORE:
		set_handler(o->b, SIG_IGN);
		return 0;
	case DEFAULT:
		set_handler(o->b, SIG_DFL);
		return 0;
	case CAUGHT:
		return caught[SIGUSR1] + 100 * caught[SIGUSR2] +
		       10000 * caught[SIGTERM] + 1000000l * caught[SIGCONT];
	case WAIT:
		return wait_for(o, more);
	case SUBREAPER:
		return prctl(PR_SET_CHILD_SUBREAPER, o->b & 1);
	default:
		return 0;
	}
}

static struct answer obeyed(const struct order *o)
{
	struct answer a = {0};

	errno = 0;
	a.result = obey(o, &a.more);
	a.err = a.result == -1 ? errno : 0;
	return a;
}

static void play(int me)
{
	struct order o;

	while (read(orders[me][0], &o, sizeof(o)) == sizeof(o)) {
		struct answer a = obeyed(&o);

		if (write(answers[me][1], &a, sizeof(a)) != sizeof(a))
			break;
	}
	_exit(99);
}

/* ---- the director ----------------------------------------------------- */

/* 'Z' or nothing left: dead; 'T': stopped; else alive. */
static char state_of(pid_t pid)
{
	char text[300] = "";
	char path[40];
	char *at;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 'Z';
	if (read(fd, text, sizeof(text) - 1) <= 0)
		text[0] = '\0';
	close(fd);
	at = strrchr(text, ')');
	return at ? at[2] : 'Z';
}

static bool can_act(int index)
{
	return stage->pid[index] && !stage->gone[index] &&
	       !strchr("ZXT", state_of(stage->pid[index]));
}

/* Waits for an answer as long as one can come. */
static bool answered(int index, struct answer *a)
{
	struct pollfd p = {answers[index][0], POLLIN, 0};

	for (int i = 0; i < 600; i++) {
		if (poll(&p, 1, 5) == 1)
			return read(p.fd, a, sizeof(*a)) == sizeof(*a);
		if (stage->gone[index] ||
			strchr("ZXT", state_of(stage->pid[index])))
			return poll(&p, 1, 0) == 1 &&
			       read(p.fd, a, sizeof(*a)) == sizeof(*a);
	}
	return false;
}

static bool tell(int index, const struct order *o, struct answer *a)
{
	if (index == 0) {
		*a = obeyed(o);
		return true;
	}
	if (!can_act(index))
		return false;
	if (write(orders[index][1], o, sizeof(*o)) != sizeof(*o))
		return false;
	return answered(index, a);
}

/*
 * Until every actor has taken its signals: it answers, or it cannot. A stopped
 * one keeps the question; its answer is thrown away when it goes on.
 */
static void settle(void)
{
	static bool asked[ACTORS];
	struct order nothing = {.command = NOTHING};
	struct answer a;

	for (int round = 0; round < 2; round++) {
		for (int i = 1; i < ACTORS; i++) {
			if (!stage->pid[i] || stage->gone[i])
				continue;
			if (!asked[i] && write(orders[i][1], &nothing,
						 sizeof(nothing)) < 0)
				continue;
			asked[i] = !answered(i, &a);
		}
	}
}

static struct order choose(int *who)
{
	struct order o = {.command = (int)differ_chance(COMMANDS)};

	*who = (int)differ_chance(4) ? (int)differ_chance(ACTORS) : 0;
	o.a = (int)differ_chance(ACTORS);
	o.b = signals[differ_chance(8)];
	if (differ_chance(2))
		o.command = differ_chance(2) ? FORK : WAIT;
	if (o.command == SETPGID)
		o.b = (int)differ_chance(ACTORS);
	if (o.command == EXIT)
		o.b = (int)differ_chance(200);
	if (o.command == WAIT) {
		o.b = o.a;
		if (differ_chance(2))
			o.a = -1 - (int)differ_chance(2);
		o.c = (differ_chance(2) ? WUNTRACED : 0) |
		      (differ_chance(2) ? WCONTINUED : 0);
	}
	/* Actor 0 must go on: nothing may stop or end it. */
	if (*who == 0 && (o.command == EXIT || o.command == DEFAULT ||
				 o.command == SETSID))
		o.command = PENDING;
	if (o.command == KILL && o.a == 0)
		o.b = SIGUSR1;
	if (o.command == KILL_GROUP && o.b != SIGCONT)
		o.b = SIGUSR2;
	return o;
}

void tasks_step(int step)
{
	struct answer a = {0};
	int who;
	struct order o = choose(&who);
	bool acted = tell(who, &o, &a);

	settle();
	if (!acted) {
		printf("%4d %d: %s %d %d %d: cannot\n", step, who,
			command_names[o.command], o.a, o.b, o.c);
		return;
	}
	printf("%4d %d: %s %d %d %d = %ld%s%s, %#x\n", step, who,
		command_names[o.command], o.a, o.b, o.c, a.result,
		a.err ? " " : "", a.err ? strerrorname_np(a.err) : "", a.more);
}

void tasks_start(void)
{
	struct order grandchild = {.command = FORK, .a = 2};
	struct answer a;

	stage = mmap(NULL, sizeof(*stage), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (stage == MAP_FAILED)
		exit(3);
	for (int i = 0; i < ACTORS; i++)
		if (pipe2(orders[i], O_CLOEXEC) < 0 ||
			pipe2(answers[i], O_CLOEXEC) < 0)
			exit(3);
	/* A session of our own, and nothing that ends or stops us. */
	setsid();
	stage->pid[0] = getpid();
	for (int i = 0; i < 5; i++)
		set_handler(signals[i], on_signal);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	start_actor(1);
	tell(1, &grandchild, &a);
	start_actor(3);
}

void tasks_finish(void)
{
	/* What ends now may orphan our group. */
	signal(SIGHUP, SIG_IGN);
	for (int i = 1; i < ACTORS; i++)
		if (stage->pid[i] && !stage->gone[i])
			kill(stage->pid[i], SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
}
