/*
 * Walls: see the header for the order and for what each one is.
 *
 * Every function tells the host's answer to struct walls and goes on; which
 * lack is too much is for the launcher to say.
 */
#include "lib/lockdown.h"

#include "lib/checked.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <linux/securebits.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	const char *name;
	const char *meaning;
} wall_texts[WALL_COUNT] = {
	[WALL_USER_NS] = {"user_namespace",
		"a lost sentry holds the rights of the user who started it"},
	[WALL_PID_NS] = {"pid_namespace",
		"a lost sentry sees, and may signal, other processes of its "
		"user"},
	[WALL_MOUNT_NS] = {"mount_namespace",
		"the sentry's root cannot be emptied by pivot_root"},
	[WALL_NET_NS] = {"network_namespace",
		"only the allow-list keeps a lost sentry off the network"},
	[WALL_IPC_NS] = {"ipc_namespace",
		"only the allow-list keeps a lost sentry off System V IPC"},
	[WALL_UTS_NS] = {"uts_namespace",
		"a lost sentry could read the host's name"},
	[WALL_OTHER_UID] = {"own_host_uid",
		"guest processes run as a host uid that others have, too"},
	[WALL_EMPTY_ROOT] = {"empty_root",
		"only Landlock and the allow-list keep a lost sentry off the "
		"host's files"},
	[WALL_NO_CAPS] = {"no_capabilities",
		"a lost sentry holds capabilities"},
	[WALL_NO_NEW_PRIVS] = {"no_new_privs",
		"a lost sentry could gain rights by running a set-uid program"},
	[WALL_LANDLOCK] = {"landlock",
		"one wall less between a lost sentry and the host's files"},
	[WALL_SECCOMP] = {"seccomp", "a lost sentry can make any host call"},
};

void wall_report(struct walls *walls, enum wall wall, int error)
{
	if (error == 0)
		walls->up |= 1u << wall;
	else
		walls->up &= ~(1u << wall);
	walls->error[wall] = (int16_t)error;
}

bool wall_is_up(const struct walls *walls, enum wall wall)
{
	return walls->up & (1u << wall);
}

const char *wall_name(enum wall wall)
{
	return wall_texts[wall].name;
}

const char *wall_meaning(enum wall wall)
{
	return wall_texts[wall].meaning;
}

/*
 * The empty folder is a tmpfs of its own, mounted where nobody else sees it.
 * pivot_root(".", ".") stacks the old root on the new one; the lazy umount
 * then takes the old one away.
 */
static int pivot_to_nothing(void)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return errno;
	if (mount("none", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		    "size=4k,mode=555") < 0)
		return errno;
	if (chdir("/tmp") < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
		umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return errno;
	if (mount(NULL, "/", NULL,
		    MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
		    NULL) < 0)
		return errno;
	return 0;
}

/* An empty folder of procfs stands in where nothing can be mounted. */
static int chroot_to_nothing(void)
{
	if (chroot("/proc/self/fdinfo") < 0 || chdir("/") < 0)
		return errno;
	return 0;
}

void lockdown_empty_root(struct walls *walls)
{
	int error = EPERM;

	if (wall_is_up(walls, WALL_MOUNT_NS))
		error = pivot_to_nothing();
	if (error)
		error = chroot_to_nothing();
	wall_report(walls, WALL_EMPTY_ROOT, error);
}

void lockdown_no_caps(struct walls *walls)
{
	int error = 0;

	/* Best effort: without CAP_SETPCAP there is nothing to be bounded. */
	prctl(PR_SET_SECUREBITS, SECURE_ALL_BITS | SECURE_ALL_LOCKS, 0, 0, 0);
	capng_clear(CAPNG_SELECT_ALL);
	if (capng_apply(CAPNG_SELECT_BOUNDS) < 0)
		capng_apply(CAPNG_SELECT_AMBIENT);
	if (capng_apply(CAPNG_SELECT_CAPS) < 0)
		error = errno ? errno : EPERM;
	capng_get_caps_process();
	if (!error && capng_have_capabilities(CAPNG_SELECT_CAPS) > CAPNG_NONE)
		error = EPERM;
	wall_report(walls, WALL_NO_CAPS, error);
}

void lockdown_few_caps(struct walls *walls, const int *keep, size_t count)
{
	uint64_t kept = 0;
	int error = 0;

	capng_get_caps_process();
	for (size_t i = 0; i < count; i++) {
		if (capng_have_capability(
			    CAPNG_PERMITTED, (unsigned int)keep[i]))
			kept |= UINT64_C(1) << keep[i];
	}
	if (!kept) {
		lockdown_no_caps(walls);
		return;
	}
	prctl(PR_SET_SECUREBITS, SECURE_ALL_BITS | SECURE_ALL_LOCKS, 0, 0, 0);
	capng_clear(CAPNG_SELECT_ALL);
	if (capng_apply(CAPNG_SELECT_BOUNDS) < 0)
		capng_apply(CAPNG_SELECT_AMBIENT);
	for (unsigned int cap = 0; cap < 64; cap++) {
		if (kept >> cap & 1)
			capng_update(CAPNG_ADD,
				CAPNG_EFFECTIVE | CAPNG_PERMITTED, cap);
	}
	if (capng_apply(CAPNG_SELECT_CAPS) < 0)
		error = errno;
	wall_report(walls, WALL_NO_CAPS, error ? error : EPERM);
}

void lockdown_no_new_privs(struct walls *walls)
{
	int ret = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);

	wall_report(walls, WALL_NO_NEW_PRIVS, ret < 0 ? errno : 0);
}

/* Every right of a file that this kernel's Landlock knows: none is granted. */
static uint64_t landlock_rights(int abi)
{
	uint64_t rights = (1ull << 13) - 1;

	if (abi >= 2)
		rights |= 1ull << 13; /* REFER */
	if (abi >= 3)
		rights |= 1ull << 14; /* TRUNCATE */
	if (abi >= 5)
		rights |= 1ull << 15; /* IOCTL_DEV */
	return rights;
}

/* As in Linux 6.12; Debian 12's header ends after the first field. */
struct landlock_attr {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};

/* What may be granted on something that is no folder. */
#define FILE_RIGHTS                                                            \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |        \
		1ull << 14)

/* errno, or 0 */
static int landlock_allow(
	int ruleset, uint64_t handled, const struct lockdown_path *path)
{
	struct landlock_path_beneath_attr rule = {.parent_fd = path->host_fd};
	struct stat st;

	if (fstat(path->host_fd, &st) < 0)
		return errno;
	if (path->executable)
		rule.allowed_access = LANDLOCK_ACCESS_FS_EXECUTE |
				      LANDLOCK_ACCESS_FS_READ_FILE;
	else if (path->writable)
		rule.allowed_access = handled & ~(LANDLOCK_ACCESS_FS_EXECUTE |
							1ull << 15);
	else
		rule.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE |
				      LANDLOCK_ACCESS_FS_READ_DIR;
	if (!S_ISDIR(st.st_mode) && !path->executable)
		rule.allowed_access &= FILE_RIGHTS;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
		    &rule, 0) < 0)
		return errno;
	return 0;
}

static int landlock_enter(const struct lockdown_path *paths, size_t count)
{
	struct landlock_attr attr = {0};
	size_t size = sizeof(attr.handled_access_fs);
	long abi, fd;
	int ret = 0;

	abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
		LANDLOCK_CREATE_RULESET_VERSION);
	if (abi < 0)
		return errno;
	attr.handled_access_fs = landlock_rights((int)abi);
	if (abi >= 4) {
		attr.handled_access_net = 3; /* bind and connect of TCP */
		size = offsetof(struct landlock_attr, scoped);
	}
	if (abi >= 6) {
		attr.scoped = 3; /* abstract sockets, signals */
		size = sizeof(attr);
	}
	fd = syscall(SYS_landlock_create_ruleset, &attr, size, 0);
	if (fd < 0)
		return errno;
	for (size_t i = 0; i < count && ret == 0; i++)
		ret = landlock_allow(
			(int)fd, attr.handled_access_fs, &paths[i]);
	if (ret == 0 && syscall(SYS_landlock_restrict_self, (int)fd, 0) < 0)
		ret = errno;
	close((int)fd);
	return ret;
}

void lockdown_landlock(struct walls *walls, int exec_fd)
{
	const struct lockdown_path only = {exec_fd, .executable = true};

	wall_report(walls, WALL_LANDLOCK,
		landlock_enter(&only, exec_fd >= 0 ? 1 : 0));
}

void lockdown_landlock_paths(
	struct walls *walls, const struct lockdown_path *paths, size_t count)
{
	wall_report(walls, WALL_LANDLOCK, landlock_enter(paths, count));
}

void lockdown_not_dumpable(void)
{
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static int add_rule(scmp_filter_ctx ctx, const struct allowed_call *call)
{
	struct scmp_arg_cmp args[3];

	for (unsigned int i = 0; i < call->arg_count; i++)
		args[i] = SCMP_CMP(call->args[i].arg, SCMP_CMP_MASKED_EQ,
			call->args[i].mask, call->args[i].value);
	return seccomp_rule_add_array(
		ctx, SCMP_ACT_ALLOW, call->nr, call->arg_count, args);
}

static int seccomp_enter(const struct allowed_call *calls, size_t count)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int ret = 0;

	if (!ctx)
		return ENOMEM;
	for (size_t i = 0; i < count && ret == 0; i++)
		ret = add_rule(ctx, &calls[i]);
	if (ret == 0)
		ret = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_NNP, 0);
	if (ret == 0)
		ret = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	if (ret == 0)
		ret = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (ret == 0)
		ret = seccomp_load(ctx);
	seccomp_release(ctx);
	return -ret;
}

void lockdown_seccomp(
	struct walls *walls, const struct allowed_call *calls, size_t count)
{
	bool seen;

	walls->calls = 0;
	for (size_t i = 0; i < count; i++) {
		seen = false;
		for (size_t j = 0; j < i; j++)
			seen |= calls[j].nr == calls[i].nr;
		walls->calls += !seen;
	}
	wall_report(walls, WALL_SECCOMP, seccomp_enter(calls, count));
}

/*
 * Becomes id, alone in its group. A change of ids takes PDEATHSIG and the
 * dumpable flag away; the launcher counts on the one, and whoever reads a
 * stub's memory (process_vm_readv) on the other being as at the exec.
 */
static int take_ids(uint32_t id)
{
	if (id == (uint32_t)-1)
		return EPERM;
	/* Refused where "setgroups" is denied: there we have none but ours. */
	if (setgroups(0, NULL) < 0 && errno != EPERM)
		return errno;
	if (setresgid(id, id, id) < 0 || setresuid(id, id, id) < 0)
		return errno;
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	return 0;
}

void lockdown_enter(struct walls *walls, uint32_t host_id, int exec_fd)
{
	int error;

	if (wall_is_up(walls, WALL_USER_NS)) {
		/* The launcher has reported whose id that is outside. */
		error = take_ids(host_id);
		if (error)
			wall_report(walls, WALL_OTHER_UID, error);
		lockdown_empty_root(walls);
	} else {
		lockdown_empty_root(walls);
		wall_report(walls, WALL_OTHER_UID, take_ids(host_id));
	}
	lockdown_no_caps(walls);
	lockdown_no_new_privs(walls);
	lockdown_landlock(walls, exec_fd);
}
