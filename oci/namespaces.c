/*
 * Namespaces: a second wall, used where it exists.
 *
 * The old clone() is used, not clone3(): seccomp profiles of containers can
 * look into its flags and often know nothing else.
 */
#include "oci/namespaces.h"

#include "lib/checked.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* No system hands out ids up here (systemd keeps free 0x70000000 and up). */
#define HOST_ID_FIRST 0x70000000u

static const struct {
	enum wall wall;
	unsigned long flag;
} kinds[] = {
	{WALL_USER_NS, CLONE_NEWUSER},
	{WALL_PID_NS, CLONE_NEWPID},
	{WALL_MOUNT_NS, CLONE_NEWNS},
	{WALL_NET_NS, CLONE_NEWNET},
	{WALL_IPC_NS, CLONE_NEWIPC},
	{WALL_UTS_NS, CLONE_NEWUTS},
};

#define ALL_FLAGS                                                              \
	(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET |           \
		CLONE_NEWIPC | CLONE_NEWUTS)

static pid_t fork_into(unsigned long flags, int *pidfd)
{
	long pid = syscall(
		SYS_clone, flags | CLONE_PIDFD | SIGCHLD, NULL, pidfd, NULL, 0);

	return pid < 0 ? -errno : (pid_t)pid;
}

/*
 * Each kind that is refused is left out of the next try. A kind is found by
 * trying the rest without it; what the kernel says names no kind.
 */
static const unsigned long tries[] = {
	ALL_FLAGS,
	ALL_FLAGS & ~(unsigned long)CLONE_NEWNET,
	ALL_FLAGS & ~(unsigned long)(CLONE_NEWNET | CLONE_NEWIPC),
	ALL_FLAGS & ~(unsigned long)CLONE_NEWPID,
	CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS,
	CLONE_NEWUSER,
	ALL_FLAGS & ~(unsigned long)CLONE_NEWUSER,
	ALL_FLAGS & ~(unsigned long)(CLONE_NEWUSER | CLONE_NEWNET),
	CLONE_NEWPID | CLONE_NEWNS,
	0,
};

pid_t namespaces_fork(struct walls *walls, int *pidfd)
{
	unsigned long flags = 0;
	pid_t pid = -EPERM;
	int refused = 0;

	for (size_t i = 0; i < ARRAY_SIZE(tries) && pid < 0; i++) {
		flags = tries[i];
		pid = fork_into(flags, pidfd);
		if (pid < 0 && !refused)
			refused = -pid;
	}
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		wall_report(walls, kinds[i].wall,
			flags & kinds[i].flag ? 0 : refused);
	return pid;
}

uid_t namespaces_host_id(pid_t child)
{
	return HOST_ID_FIRST + (uid_t)child;
}

static int write_file(pid_t pid, const char *file, const char *text)
{
	char path[64];
	int fd, error = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (write(fd, text, strlen(text)) < 0)
		error = errno;
	close(fd);
	return error;
}

static int map_one(pid_t pid, const char *file, unsigned int host)
{
	char text[48];

	snprintf(text, sizeof(text), "0 %u 1", host);
	return write_file(pid, file, text);
}

void namespaces_map(struct walls *walls, pid_t child)
{
	unsigned int host = namespaces_host_id(child);
	int error = geteuid() == 0 ? map_one(child, "uid_map", host) : EPERM;

	if (error == 0)
		error = map_one(child, "gid_map", host);
	wall_report(walls, WALL_OTHER_UID, error);
	if (error == 0)
		return;
	/* What is not mapped now stays so: the sentry runs with less. */
	if (map_one(child, "uid_map", geteuid()) == 0 &&
		write_file(child, "setgroups", "deny") == 0)
		map_one(child, "gid_map", getegid());
}
