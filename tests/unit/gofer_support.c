/* A gofer started as the launcher does, on a folder made for one test. */
#include "gofer_support.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/msg.h"

static char folder[64];

const char *test_folder(void)
{
	strcpy(folder, "/tmp/gofer-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chmod(folder, 0755), 0);
	return folder;
}

const char *test_root(void)
{
	return folder;
}

static int remove_one(
	const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

void test_folder_remove(void)
{
	if (folder[0])
		nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	folder[0] = '\0';
}

const char *test_path(const char *format, ...)
{
	static char paths[8][1024];
	static unsigned int next;
	char *path = paths[next++ % 8];
	size_t size;
	va_list ap;

	size = (size_t)snprintf(path, sizeof(paths[0]), "%s/", folder);
	va_start(ap, format);
	vsnprintf(path + size, sizeof(paths[0]) - size, format, ap);
	va_end(ap);
	return path;
}

void test_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static int make_config(const char *const *words)
{
	int fd = memfd_create("config", 0);

	ck_assert_int_ge(fd, 0);
	for (; *words; words++)
		ck_assert_int_gt(write(fd, *words, strlen(*words) + 1), 0);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static void refuse_openat2(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (!filter ||
		seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS),
			SCMP_SYS(openat2), 0) < 0 ||
		seccomp_load(filter) < 0)
		_exit(99);
	seccomp_release(filter);
}

struct gofer_process gofer_start(const char *const *config, bool no_openat2)
{
	char sock_arg[32], config_arg[32];
	char *const envp[] = {NULL};
	struct gofer_process out;
	int socks[2], fd;

	ck_assert_int_eq(msg_pair(socks), 0);
	fd = make_config(config);
	out.pid = fork();
	ck_assert_int_ge(out.pid, 0);
	if (!out.pid) {
		int sock = dup(socks[1]); /* without close-on-exec */

		snprintf(sock_arg, sizeof(sock_arg), "--socket=%d", sock);
		snprintf(config_arg, sizeof(config_arg), "--config=%d", fd);
		if (no_openat2)
			refuse_openat2();
		execle("./gofer/gofer", "gofer", sock_arg, config_arg, NULL,
			envp);
		_exit(98);
	}
	close(fd);
	close(socks[1]);
	out.sock = socks[0];
	return out;
}

struct gofer_client *gofer_start_client(
	const char *const *config, struct gofer_process *process)
{
	struct gofer_client *client;
	struct gofer_attr attr;
	uint32_t node, flags;

	*process = gofer_start(config, false);
	ck_assert_int_eq(gofer_client_create(process->sock, &client), 0);
	ck_assert_int_eq(gofer_attach(client, 0, &node, &flags, &attr), 0);
	ck_assert_uint_eq(node, 1);
	return client;
}

int gofer_wait(struct gofer_process *process)
{
	static const struct timespec pause = {.tv_nsec = 2000000};
	int status;

	for (int i = 0; i < 2000; i++) {
		if (waitpid(process->pid, &status, WNOHANG) == process->pid)
			return WIFEXITED(status) ? WEXITSTATUS(status)
						 : 128 + WTERMSIG(status);
		nanosleep(&pause, NULL);
	}
	kill(process->pid, SIGKILL);
	waitpid(process->pid, &status, 0);
	return -1;
}

uint32_t test_walk(struct gofer_client *client, uint32_t node, const char *path,
	struct gofer_attr *attr, int *error)
{
	struct gofer_walk_entry entries[GOFER_WALK_MAX];
	char names[1024];
	uint32_t count = 1;
	int found, stop;

	strcpy(names, path);
	for (char *at = names; *at; at++) {
		if (*at == '/') {
			*at = '\0';
			count++;
		}
	}
	found = gofer_walk(
		client, node, names, strlen(path) + 1, count, entries, &stop);
	*error = found < 0 ? found : stop;
	if (found <= 0)
		return 0;
	*attr = entries[found - 1].attr;
	if ((uint32_t)found < count && !*error)
		*error = -ENOTDIR;
	return entries[found - 1].node;
}

size_t test_fd_count(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t count = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}
