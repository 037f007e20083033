/*
 * /proc/sys: what programs ask of sysctls (Documentation/admin-guide/sysctl).
 * Numbers are what the sandbox enforces or what Linux has by default; the few
 * that can be written are those whose change means something here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/checked.h"
#include "sentry/base/random.h"
#include "sentry/fs/proc/internal.h"
#include "sentry/kernel/fdtable.h"
#include "sentry/kernel/uts.h"

#define CONSTANT(n, v)                                                         \
	{                                                                      \
		.name = n, .mode = S_IFREG | 0644, .show = show_value,         \
		.value = v                                                     \
	}

static int show_value(struct pseudo_inode *pi, struct output *out)
{
	output_printf(out, "%lld\n", (long long)pi->entry->value);
	return 0;
}

/* ---- kernel ------------------------------------------------------------ */

static int show_hostname(struct pseudo_inode *pi, struct output *out)
{
	output_printf(out, "%s\n", uts.nodename);
	return 0;
}

static int show_domainname(struct pseudo_inode *pi, struct output *out)
{
	output_printf(out, "%s\n", uts.domainname);
	return 0;
}

static ssize_t store_name(const char *buf, size_t size,
	void (*set)(const char *name, size_t size))
{
	if (!current || !cred_capable(current->cred, 21 /* CAP_SYS_ADMIN */))
		return -EPERM;
	set(buf, MIN(strcspn(buf, "\n"), size));
	return (ssize_t)size;
}

static ssize_t store_hostname(
	struct pseudo_inode *pi, const char *buf, size_t size)
{
	return store_name(buf, size, uts_set_nodename);
}

static ssize_t store_domainname(
	struct pseudo_inode *pi, const char *buf, size_t size)
{
	return store_name(buf, size, uts_set_domainname);
}

static int show_osrelease(struct pseudo_inode *pi, struct output *out)
{
	output_printf(out, "%s\n", UTS_RELEASE);
	return 0;
}

static int show_ostype(struct pseudo_inode *pi, struct output *out)
{
	output_printf(out, "%s\n", UTS_SYSNAME);
	return 0;
}

static int show_osversion(struct pseudo_inode *pi, struct output *out)
{
	output_printf(out, "%s\n", UTS_VERSION);
	return 0;
}

static int show_core_pattern(struct pseudo_inode *pi, struct output *out)
{
	output_printf(out, "core\n");
	return 0;
}

static int show_sem(struct pseudo_inode *pi, struct output *out)
{
	output_printf(out, "32000\t1024000000\t500\t32000\n");
	return 0;
}

static int show_printk(struct pseudo_inode *pi, struct output *out)
{
	output_printf(out, "4\t4\t1\t7\n");
	return 0;
}

static void add_uuid(struct output *out, const unsigned char bytes[16])
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			output_add(out, "-", 1);
		output_add(out, &digits[bytes[i] >> 4], 1);
		output_add(out, &digits[bytes[i] & 15], 1);
	}
	output_add(out, "\n", 1);
}

static int random_uuid(unsigned char bytes[16])
{
	if (host_random(bytes, 16) < 0)
		return -EIO;
	bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
	bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
	return 0;
}

static int show_uuid(struct pseudo_inode *pi, struct output *out)
{
	unsigned char bytes[16];

	if (random_uuid(bytes) < 0)
		return -EIO;
	add_uuid(out, bytes);
	return 0;
}

static int show_boot_id(struct pseudo_inode *pi, struct output *out)
{
	static unsigned char bytes[16];
	static bool made;

	if (!made && random_uuid(bytes) < 0)
		return -EIO;
	made = true;
	add_uuid(out, bytes);
	return 0;
}

static const struct pseudo_entry random_entries[] = {
	PROC_FILE("boot_id", 0444, show_boot_id),
	CONSTANT("entropy_avail", 256),
	CONSTANT("poolsize", 256),
	PROC_FILE("uuid", 0444, show_uuid),
};

static const struct pseudo_folder random_folder = {
	.entries = random_entries,
	.count = ARRAY_SIZE(random_entries),
};

static int show_threads_max(struct pseudo_inode *pi, struct output *out)
{
	output_printf(out, "%zu\n", sandbox_limits.tasks);
	return 0;
}

static const struct pseudo_entry kernel_entries[] = {
	CONSTANT("cap_last_cap", 40),
	PROC_FILE("core_pattern", 0644, show_core_pattern),
	PROC_TEXT("domainname", 0644, show_domainname, store_domainname),
	PROC_TEXT("hostname", 0644, show_hostname, store_hostname),
	CONSTANT("kptr_restrict", 1),
	CONSTANT("msgmax", 8192),
	CONSTANT("msgmnb", 16384),
	CONSTANT("msgmni", 32000),
	CONSTANT("ngroups_max", 65536),
	PROC_FILE("osrelease", 0444, show_osrelease),
	PROC_FILE("ostype", 0444, show_ostype),
	CONSTANT("overflowgid", 65534),
	CONSTANT("overflowuid", 65534),
	CONSTANT("perf_event_paranoid", 4),
	CONSTANT("pid_max", 4194304),
	PROC_FILE("printk", 0644, show_printk),
	PROC_DIR("random", 0555, &random_folder),
	CONSTANT("randomize_va_space", 2),
	CONSTANT("sched_child_runs_first", 0),
	PROC_FILE("sem", 0644, show_sem),
	CONSTANT("shmall", INT64_C(18446744073692774)),
	CONSTANT("shmmax", INT64_C(9223372036854771712)),
	CONSTANT("shmmni", 4096),
	CONSTANT("tainted", 0),
	PROC_FILE("threads-max", 0644, show_threads_max),
	CONSTANT("unprivileged_bpf_disabled", 2),
	PROC_FILE("version", 0444, show_osversion),
};

/* ---- fs, vm ------------------------------------------------------------ */

static int show_file_nr(struct pseudo_inode *pi, struct output *out)
{
	output_printf(out, "%d\t0\t%zu\n", 0, sandbox_limits.files);
	return 0;
}

static int show_file_max(struct pseudo_inode *pi, struct output *out)
{
	output_printf(out, "%zu\n", sandbox_limits.files);
	return 0;
}

static const struct pseudo_entry inotify_entries[] = {
	CONSTANT("max_queued_events", 16384),
	CONSTANT("max_user_instances", 128),
	CONSTANT("max_user_watches", 65536),
};

static const struct pseudo_folder inotify_folder = {
	.entries = inotify_entries,
	.count = ARRAY_SIZE(inotify_entries),
};

static const struct pseudo_entry fs_entries[] = {
	PROC_FILE("file-max", 0644, show_file_max),
	PROC_FILE("file-nr", 0444, show_file_nr),
	PROC_DIR("inotify", 0555, &inotify_folder),
	CONSTANT("lease-break-time", 45),
	CONSTANT("mount-max", MOUNTS_LIMIT),
	CONSTANT("nr_open", FD_LIMIT),
	CONSTANT("overflowgid", 65534),
	CONSTANT("overflowuid", 65534),
	CONSTANT("pipe-max-size", 1048576),
	CONSTANT("protected_hardlinks", 1),
	CONSTANT("protected_symlinks", 1),
	CONSTANT("suid_dumpable", 0),
};

static const struct pseudo_entry vm_entries[] = {
	CONSTANT("drop_caches", 0),
	CONSTANT("max_map_count", 65530),
	CONSTANT("mmap_min_addr", 65536),
	CONSTANT("nr_hugepages", 0),
	CONSTANT("overcommit_memory", 0),
	CONSTANT("overcommit_ratio", 50),
	CONSTANT("swappiness", 60),
};

static const struct pseudo_folder kernel_folder = {
	.entries = kernel_entries,
	.count = ARRAY_SIZE(kernel_entries),
};

static const struct pseudo_folder fs_folder = {
	.entries = fs_entries,
	.count = ARRAY_SIZE(fs_entries),
};

static const struct pseudo_folder vm_folder = {
	.entries = vm_entries,
	.count = ARRAY_SIZE(vm_entries),
};

static const struct pseudo_entry sys_entries[] = {
	PROC_DIR("fs", 0555, &fs_folder),
	PROC_DIR("kernel", 0555, &kernel_folder),
	PROC_DIR("vm", 0555, &vm_folder),
};

const struct pseudo_folder proc_sys_folder = {
	.entries = sys_entries,
	.count = ARRAY_SIZE(sys_entries),
};
