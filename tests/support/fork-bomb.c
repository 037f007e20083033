/*
 * Forks until it is refused, says how often that worked and why it ended, and
 * takes all children away again.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST 20000 /* a host without our limit is not to suffer */

int main(void)
{
	static pid_t children[MOST];
	int forked = 0, reaped = 0;
	pid_t pid = 0;

	while (forked < MOST && (pid = fork()) >= 0) {
		while (pid == 0)
			pause();
		children[forked++] = pid;
	}
	printf("forked %d %s\n", forked,
		pid < 0 ? strerrorname_np(errno) : "without end");
	fflush(stdout);
	for (int i = 0; i < forked; i++)
		kill(children[i], SIGKILL);
	while (wait(NULL) > 0)
		reaped++;
	printf("reaped %d\n", reaped);
	return 0;
}
