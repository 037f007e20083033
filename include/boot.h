/*
 * What a starting sentry receives from its launcher, and what it reports.
 *
 * The sentry is started with its standard streams at 0-2 and one end of a
 * SOCK_SEQPACKET pair at BOOT_SOCKET. The messages on it:
 *
 *   CONFIG  launcher -> sentry, the first one; carries every other descriptor
 *   SIGNAL  launcher -> sentry, any time after that; and SIGSTOP alone from
 *           sentry to launcher: the program has stopped, as the shell that
 *           waits for the launcher is to see
 *   RESULT  sentry -> launcher, the last one
 *
 * The launcher is trusted by the sentry. The sentry is not trusted by the
 * launcher: it may have been taken over, so a RESULT is checked like any
 * hostile input, and nothing waits for it but the reaping of the sentry. That
 * it can have the launcher stopped is no more than a guest can ask for.
 *
 * Both ends compare build_id(): a sentry of another build is refused before
 * anything else of the message is looked at.
 */
#ifndef BOOT_H
#define BOOT_H

#include "lib/lockdown.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define BOOT_SOCKET      3
#define BOOT_CONFIG_MAX  (8u << 20) /* bytes of one CONFIG, encoded */
#define BOOT_RESULT_MAX  (128u << 10)
#define BOOT_STRINGS_MAX (512u << 10) /* argv + envp */
#define BOOT_GROUPS_MAX  65536
#define BOOT_MOUNTS_MAX  256
#define BOOT_COUNTS_MAX  2048
#define BOOT_DENIED_MAX  64
#define BOOT_PROBES_MAX  8
#define BOOT_TEXT_MAX    256  /* one word or line in a result */
#define BOOT_MESSAGE_MAX 1024 /* the message of a failure */

/* Descriptors that come with CONFIG; -1 where there is none. */
enum boot_fd {
	BOOT_FD_GOFER,  /* the gofer's socket */
	BOOT_FD_BROKER, /* the procfs broker's socket; it starts on first use */
	BOOT_FD_STUB,   /* the stub's ELF, for reading and executing */
	BOOT_FD_LOG,    /* the debug log, for appending */
	BOOT_FD_STRACE, /* where --strace goes */
	BOOT_FD_COUNT
};

enum boot_mount_kind {
	BOOT_MOUNT_GOFER,   /* a root of the gofer as it is */
	BOOT_MOUNT_OVERLAY, /* a root of the gofer below an upper layer */
	BOOT_MOUNT_TMPFS,
};

#define BOOT_UPPER_MEMORY UINT32_MAX

/*
 * One mount, in the order in which they are made; the first is for "/". The
 * sentry adds /proc, /sys and /dev itself unless a mount here names them. The
 * target is absolute, made of no "." or ".." and exists below, or is made in
 * the overlay. read_only is what the guest sees; the gofer was told separately.
 */
struct boot_mount {
	enum boot_mount_kind kind;
	char *target;
	uint32_t root;  /* GOFER, OVERLAY: the number of the gofer's root */
	uint32_t upper; /* OVERLAY: a writable root into which the upper layer
			   is copied at the end, or BOOT_UPPER_MEMORY */
	bool read_only;
	uint32_t mode; /* TMPFS: of its root folder */
};

/* flags of a configuration */
#define BOOT_STRACE (1u << 0) /* trace every call to BOOT_FD_STRACE */
#define BOOT_COUNT  (1u << 1) /* count calls and refusals for RESULT */
#define BOOT_DEBUG  (1u << 2) /* log at debug level */
#define BOOT_TTY    (1u << 3) /* one of the standard streams is a terminal */
#define BOOT_STDIN  (1u << 4) /* the stream was open when we were started; */
#define BOOT_STDOUT (1u << 5) /* where it was not, /dev/null stands at its */
#define BOOT_STDERR (1u << 6) /* number and the program must see it closed */
#define BOOT_PATH   (1u << 7) /* look argv[0] up in PATH when it has no '/' */

#define BOOT_PROBE (1u << 8) /* run nothing: report what would be there */

/* Limits that are always in force. */
struct boot_limits {
	uint32_t tasks;                    /* EAGAIN above */
	uint32_t nofile_soft, nofile_hard; /* the guest's RLIMIT_NOFILE */
	uint64_t memory_files; /* bytes of upper layer and tmpfs: ENOSPC */
};

struct boot_config {
	uint32_t flags;
	char *platform; /* "auto", "notify" or "ptrace" */
	char **argv;    /* NULL-terminated, at least one string */
	char **envp;
	char *cwd; /* absolute, in the guest's view */
	char *hostname;
	uid_t uid; /* what the guest sees; the host's is another */
	gid_t gid;
	uint32_t group_count;
	gid_t *groups;
	uint32_t umask;
	uint32_t mount_count;
	struct boot_mount *mounts;
	struct boot_limits limits;
	struct walls walls; /* what the launcher put up */
	uint32_t host_id;   /* for lockdown_enter() */
	int fds[BOOT_FD_COUNT];
};

/* A call, an errno (0: it worked) and how often that pair was answered. */
struct boot_count {
	uint16_t nr;
	uint16_t error;
	uint64_t count;
};

/* Something the guest asked for and a rule refused. */
struct boot_denied {
	char *what;
	char *rule;
	char *hint;
};

/* With BOOT_PROBE: a platform, and 0 or the errno and reason why not. */
struct boot_probe {
	char *platform;
	int error;
	char *why;
};

enum boot_outcome {
	BOOT_EXITED, /* the program ran; status is valid */
	BOOT_FAILED, /* it never ran; code and message are valid */
};

struct boot_result {
	enum boot_outcome outcome;
	int status;         /* of the first program, as from wait4() */
	int code;           /* 125 ours, 126 not executable, 127 not found */
	char *message;      /* one line without "sandbox: " */
	char *platform;     /* the one that was used */
	char *platform_why; /* why it was not the first choice, or "" */
	struct walls walls; /* the launcher's and the sentry's own */
	uint64_t cpu_us;
	uint64_t maxrss_kib;
	uint64_t changed_files; /* in the upper layer, now thrown away */
	uint32_t tasks_peak;
	uint32_t count_count;
	struct boot_count *counts;
	uint32_t denied_count;
	struct boot_denied *denied;
	uint32_t probe_count;
	struct boot_probe *probes;
};

/* Names this build of the protocol: 16 hexadecimal digits. */
const char *build_id(void);

/*
 * Sends a configuration with its descriptors, which stay the caller's.
 * May block until the sentry reads. 0 or -errno.
 */
int boot_send(int sock, const struct boot_config *config);

/*
 * Receives one; the caller owns it and its descriptors (all close-on-exec).
 * -EPROTO: not a message of ours; -ESTALE: the two are of different builds.
 */
int boot_recv(int sock, struct boot_config **out);
/* Frees it; closes the descriptors that are not -1. */
void boot_config_destroy(struct boot_config *config);

/* To the sentry: a signal for the program. 0 or -errno; never blocks. */
int boot_signal_send(int sock, int signo);
/*
 * In the sentry, when the socket is readable: the number of a signal, 0 when
 * the launcher is gone (the sandbox ends), -EAGAIN, or another -errno.
 */
int boot_signal_recv(int sock);
/*
 * In the launcher, when the socket is readable: takes a SIGSTOP from the
 * sentry if that is what comes next. False: it is something else, and stays.
 */
bool boot_stop_recv(int sock);

/* Lists longer than their limits are cut, texts too. 0 or -errno. */
int boot_result_send(int sock, const struct boot_result *result);
/*
 * In the launcher; never blocks. -EAGAIN when nothing has come, -ENODATA at
 * the end of the stream, -EPROTO for what is not a result. Texts are as the
 * sentry sent them: escape before printing.
 */
int boot_result_recv(int sock, struct boot_result **out);
void boot_result_destroy(struct boot_result *result);

#endif
