/*
 * Walls: what stands between a lost process of ours and the host.
 *
 * Each function puts up one wall in the calling process and records whether it
 * stands, or with which errno the host refused. A refused wall is never fatal
 * here and never silent: it is a line of `sandbox check`, of --json and of the
 * tour. The order in which a process calls them is that of this header.
 *
 * A process that reads another's memory (the sentry its stubs') must share
 * user namespace, ids and Landlock domain with it: all but the last function
 * are called before the first stub is forked.
 */
#ifndef LIB_LOCKDOWN_H
#define LIB_LOCKDOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wall {
	WALL_USER_NS,
	WALL_PID_NS,
	WALL_MOUNT_NS,
	WALL_NET_NS,
	WALL_IPC_NS,
	WALL_UTS_NS,
	WALL_OTHER_UID, /* a host uid that nobody else has */
	WALL_EMPTY_ROOT,
	WALL_NO_CAPS,
	WALL_NO_NEW_PRIVS,
	WALL_LANDLOCK,
	WALL_SECCOMP,
	WALL_COUNT
};

struct walls {
	uint32_t up;               /* bit (1 << wall) for each that stands */
	uint32_t calls;            /* host calls the seccomp list allows */
	int16_t error[WALL_COUNT]; /* errno of those that do not; 0: not tried
				    */
};

void wall_report(struct walls *walls, enum wall wall, int error);
bool wall_is_up(const struct walls *walls, enum wall wall);
const char *wall_name(enum wall wall);    /* as in JSON: "user_namespace" */
const char *wall_meaning(enum wall wall); /* what its lack costs, one line */

/*
 * The sentry's way from start to lock-down, all but the allow-list, in the
 * right order: its own ids, empty root, no capabilities, no_new_privs,
 * Landlock. host_id is what the launcher says (see boot.h): the uid and gid to
 * take, 0 in a user namespace of our own, or -1 to stay who we are.
 * Everything that needs a path has to be open by then. exec_fd is the one file
 * that stays executable (the stub's, for its children), or -1.
 */
void lockdown_enter(struct walls *walls, uint32_t host_id, int exec_fd);

/*
 * Makes the root an empty, read-only folder: by pivot_root in a mount
 * namespace of our own, else by chroot. Needs CAP_SYS_ADMIN or CAP_SYS_CHROOT
 * in our user namespace. Afterwards no path leads anywhere.
 */
void lockdown_empty_root(struct walls *walls);

/* Empties all capability sets and the bounding set, and locks the securebits.
 */
void lockdown_no_caps(struct walls *walls);

/*
 * The same, but for those of keep (CAP_ numbers) that the process holds now.
 * The wall stands only if none is left.
 */
void lockdown_few_caps(struct walls *walls, const int *keep, size_t count);

void lockdown_no_new_privs(struct walls *walls);

/* Enters a Landlock domain that allows nothing but to execute exec_fd (-1: not
 * even that). */
void lockdown_landlock(struct walls *walls, int exec_fd);

/*
 * Enters one in which what lies beneath these descriptors (O_PATH is enough)
 * may be read or, if writable, changed in any way. Never executed.
 */
struct lockdown_path {
	int host_fd;
	bool writable;
	bool executable; /* a file, and nothing else may be done to it */
};
void lockdown_landlock_paths(
	struct walls *walls, const struct lockdown_path *paths, size_t count);

/* Nobody of our uid may trace us or read our memory. Not for stubs. */
void lockdown_not_dumpable(void);

/* What one argument of an allowed call must be: (arg & mask) == value. */
struct allowed_arg {
	unsigned int arg; /* 0..5 */
	uint64_t mask;
	uint64_t value;
};

/* A call a process may make; with args, all of them must hold. A number may
 * stand several times: then one entry that holds is enough. */
struct allowed_call {
	int nr;
	unsigned int arg_count;
	struct allowed_arg args[3];
};

#define ALLOW(name)                                                            \
	{                                                                      \
		.nr = __NR_##name                                              \
	}
#define ALLOW_ARG(name, n, m, v)                                               \
	{                                                                      \
		.nr = __NR_##name, .arg_count = 1, .args = {                   \
			{.arg = n, .mask = m, .value = v}                      \
		}                                                              \
	}

/*
 * Installs the allow-list for all threads; anything else kills the process.
 * Needs no_new_privs. Counts distinct numbers into walls->calls.
 */
void lockdown_seccomp(
	struct walls *walls, const struct allowed_call *calls, size_t count);

#endif
