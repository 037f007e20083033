/* A gofer started as the launcher does, on a folder made for one test. */
#ifndef TESTS_UNIT_GOFER_SUPPORT_H
#define TESTS_UNIT_GOFER_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "gofer.h"
#include "sentry/fs/gofer/client.h"

struct gofer_process {
	pid_t pid;
	int sock;
};

/* An empty folder of this test's own; its path, valid until the next call. */
const char *test_folder(void);
/* Its path again. */
const char *test_root(void);
/* Removes it with all that is in it. */
void test_folder_remove(void);
/* Its path with something behind; valid until the eighth next call. */
const char *test_path(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
void test_write(const char *path, const char *text);

/*
 * Starts the program with a config of words and values ("ro", "/x", NULL).
 * With no_openat2 the host answers ENOSYS to openat2(2).
 */
struct gofer_process gofer_start(const char *const *config, bool no_openat2);
/* The same, greeted and root 0 attached: node 1. */
struct gofer_client *gofer_start_client(
	const char *const *config, struct gofer_process *process);
/* Waits for its end, at most some seconds; the exit status, or 128 + signal. */
int gofer_wait(struct gofer_process *process);

/* The node of a path of components below node; 0 if it is no folder. */
uint32_t test_walk(struct gofer_client *client, uint32_t node, const char *path,
	struct gofer_attr *attr, int *error);

/* Open descriptors of this process. */
size_t test_fd_count(void);

#endif
