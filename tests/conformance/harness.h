/*
 * The harness of the conformance programs.
 *
 * A program is one family (files, pipes, ...); each of its source files is a
 * suite about one call or idea; a suite has many cases. A case is a sentence
 * that is true on Linux:
 *
 *	CASE(read_of_a_directory_is_eisdir)
 *	{
 *		int fd = MUST(open(".", O_RDONLY));
 *
 *		EXPECT_ERRNO(read(fd, buf, 1), EISDIR);
 *	}
 *
 * Each case runs in a forked child of its own, in an empty folder of its own,
 * in a process group of its own, with a time limit. What it has to say goes to
 * memory shared with the parent, so that reporting makes no system call and
 * works after every descriptor is closed, in a signal handler, in a thread and
 * in any child. Expectations go on after a failure; MUST, REQUIRE and SKIP end
 * the process that meets them.
 *
 * The harness itself needs fork, wait4, kill, alarm, mkdir, chdir, write and a
 * shared anonymous mapping, and no more, so that it works in a kernel that is
 * not finished. It has nothing to do with whoever runs it: see runner.
 */
#ifndef CONFORMANCE_HARNESS_H
#define CONFORMANCE_HARNESS_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum conf_flag {
	CONF_ROOT = 1,  /* needs uid 0 and its capabilities; else skipped */
	CONF_USER = 2,  /* runs as CONF_UID without capabilities when root */
	CONF_GIVEN = 4, /* finds the folder "given", made before the run */
};

#define CONF_UID   65534 /* who CASE_USER runs as when started by root */
#define CONF_LIMIT 5     /* seconds for a case */

struct conf_case {
	const char *file; /* __FILE__ of the suite */
	const char *name;
	int line;
	unsigned int flags;
	int limit; /* seconds */
	void (*run)(void);
};

#define CASE_WITH(id, flag, seconds)                                           \
	static void case_##id(void);                                           \
	static const struct conf_case info_##id = {                            \
		__FILE__, #id, __LINE__, (flag), (seconds), case_##id};        \
	static const struct conf_case *entry_##id                              \
		__attribute__((section("conf_cases"), used)) = &info_##id;     \
	static void case_##id(void)

#define CASE(id)      CASE_WITH(id, 0, CONF_LIMIT)
#define CASE_ROOT(id) CASE_WITH(id, CONF_ROOT, CONF_LIMIT)
#define CASE_USER(id) CASE_WITH(id, CONF_USER, CONF_LIMIT)
/* Needs to have been root, to act as CONF_UID on what belongs to root. */
#define CASE_DROPPED(id) CASE_WITH(id, CONF_ROOT | CONF_USER, CONF_LIMIT)
/*
 * About files that were there before: in a sandbox they are the host's, while
 * what a case makes itself is the sandbox's own. The folder "given" has
 *
 *	file	"content\n", 0640, of 2001	big	100,000 bytes: i % 251
 *	exec	a script, exit 7, 0755		empty	nothing
 *	hard1, hard2	one file: "hard\n"	link	-> file
 *	dangling	-> nowhere		pipe	a FIFO
 *	dir/	a, b: "a\n", "b\n"; sub/deep: "deep\n"; void/
 */
#define CASE_GIVEN(id)         CASE_WITH(id, CONF_GIVEN, CONF_LIMIT)
#define CASE_SLOW(id, seconds) CASE_WITH(id, 0, seconds)

/* got and want are integers or pointers; a got of -1 is shown with errno. */
#define EXPECT_EQ(got, want)                                                   \
	conf_eq(__FILE__, __LINE__, #got, (errno = 0, (long long)(got)),       \
		(long long)(want))
/* The call fails with -1 and this errno. */
#define EXPECT_ERRNO(call, want)                                               \
	conf_errno(__FILE__, __LINE__, #call, (errno = 0, (long long)(call)),  \
		(want))
/* The call gives anything but -1. */
#define EXPECT_OK(call)                                                        \
	conf_ok(__FILE__, __LINE__, #call, (errno = 0, (long long)(call)))
#define EXPECT(cond)          conf_true(__FILE__, __LINE__, #cond, (cond))
#define EXPECT_STR(got, want) conf_str(__FILE__, __LINE__, #got, (got), (want))
#define EXPECT_MEM(got, want, size)                                            \
	conf_mem(__FILE__, __LINE__, #got, (got), (want), (size))
/* low <= got <= high */
#define EXPECT_RANGE(got, low, high)                                           \
	conf_range(__FILE__, __LINE__, #got, (errno = 0, (long long)(got)),    \
		(long long)(low), (long long)(high))

/* The call's value; if that is -1 the process says so and ends. */
#define MUST(call)                                                             \
	((__typeof__(call))conf_must(                                          \
		__FILE__, __LINE__, #call, (errno = 0, (long long)(call))))
#define REQUIRE(cond)                                                          \
	do {                                                                   \
		if (!conf_true(__FILE__, __LINE__, #cond, (cond)))             \
			conf_stop();                                           \
	} while (0)

/*
 * What cannot be tested here is skipped. A native skip sets the case aside; a
 * skip only under the sandbox is a difference.
 */
#define SKIP(reason) conf_skip(reason)

/*
 * A value that must be the same natively and under the sandbox although the
 * case does not know it. Never record what differs from run to run.
 */
#define RECORD(key, value) conf_record(key, (long long)(value))

/* Tries for three seconds; false if it never came true. */
#define WAIT_UNTIL(cond)                                                       \
	({                                                                     \
		int conf_left_ = 3000;                                         \
		while (!(cond) && conf_left_-- > 0)                            \
			conf_sleep_ms(1);                                      \
		conf_true(__FILE__, __LINE__, #cond " (in time)",              \
			conf_left_ > 0 || (cond));                             \
	})

#define EXITED(status) ((status) << 8)
#define KILLED(signo)  (signo)

/* Functions behind the macros; each returns whether the expectation held. */
bool conf_eq(const char *file, int line, const char *what, long long got,
	long long want);
bool conf_errno(
	const char *file, int line, const char *what, long long got, int want);
bool conf_ok(const char *file, int line, const char *what, long long got);
bool conf_true(const char *file, int line, const char *what, bool held);
bool conf_str(const char *file, int line, const char *what, const char *got,
	const char *want);
bool conf_mem(const char *file, int line, const char *what, const void *got,
	const void *want, size_t size);
bool conf_range(const char *file, int line, const char *what, long long got,
	long long low, long long high);
long long conf_must(
	const char *file, int line, const char *what, long long got);
void conf_skip(const char *reason) __attribute__((noreturn));
void conf_stop(void) __attribute__((noreturn));
void conf_record(const char *key, long long value);
void conf_record_text(const char *key, const char *text);
void conf_fail(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Memory for pointers that are wrong. conf_guarded(size) is writable, zeroed,
 * and its end is the end of a page that PROT_NONE follows.
 */
void *conf_guarded(size_t size);
void *conf_read_only(void); /* one zeroed page that cannot be written */
void *conf_no_access(void); /* one page of PROT_NONE */
void *conf_unmapped(void);  /* an address where nothing is mapped */
#define CONF_KERNEL ((void *)0xffff888000000000ul) /* not user memory */

/*
 * A new file with this text, open for reading and writing at offset 0; ends
 * the case if it cannot.
 */
int conf_file(const char *path, const char *text);
/* The file's text, cut to size - 1 bytes, NUL at the end; its length or -1. */
ssize_t conf_slurp(const char *path, char *text, size_t size);

/* fork() that must work; the child ends with _exit(). */
pid_t conf_fork(void);
/* Waits for this child: its status as wait4() tells it. */
int conf_wait(pid_t pid);
/* conf_fork(), the function in the child, conf_wait(). */
int conf_in_child(void (*function)(void *), void *data);

/*
 * A child that sends signo to the caller every 20 ms until conf_poke_stop():
 * for calls that a signal breaks off, whenever they have come to wait.
 */
pid_t conf_poke_start(int signo);
void conf_poke_stop(pid_t poker);
/* Installs a handler that counts into conf_caught; flags as in sigaction. */
void conf_catch(int signo, int flags);
extern volatile sig_atomic_t conf_caught;

long long conf_now_ms(void); /* CLOCK_MONOTONIC */
void conf_sleep_ms(int ms);

#endif
