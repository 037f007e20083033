/*
 * sysfs: processors, the loopback interface and a few switches of the memory
 * manager. No device of the host is shown.
 */
#include "sentry/fs/sys/sys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "lib/checked.h"
#include "sentry/fs/pseudo.h"
#include "sentry/kernel/sched.h"

#define SYSFS_MAGIC 0x62656572
#define DIR(n, f)                                                              \
	{                                                                      \
		.name = n, .mode = S_IFDIR | 0755, .folder = f                 \
	}
#define FILE_(n, s)                                                            \
	{                                                                      \
		.name = n, .mode = S_IFREG | 0444, .show = s                   \
	}
#define FOLDER(name)                                                           \
	static const struct pseudo_folder name##_folder = {                    \
		.entries = name##_entries,                                     \
		.count = ARRAY_SIZE(name##_entries),                           \
	}
#define TEXT(function, text)                                                   \
	static int function(struct pseudo_inode *pi, struct output *out)       \
	{                                                                      \
		output_printf(out, "%s\n", text);                              \
		return 0;                                                      \
	}

static const struct pseudo_folder empty_folder;

/* ---- devices/system/cpu ------------------------------------------------ */

static bool has_cpu(size_t cpu)
{
	return cpu < sched_cpumask_size() * 8 &&
	       sched_host_affinity()[cpu / 64] >> (cpu % 64) & 1;
}

static int show_online(struct pseudo_inode *pi, struct output *out)
{
	output_ranges(out, sched_host_affinity(), sched_cpumask_size() * 8);
	output_printf(out, "\n");
	return 0;
}

static int show_core(struct pseudo_inode *pi, struct output *out)
{
	output_printf(out, "%lld\n", (long long)pi->key[0]);
	return 0;
}

TEXT(show_zero, "0")
TEXT(show_one, "1")
TEXT(show_nothing, "")

static const struct pseudo_entry topology_entries[] = {
	FILE_("core_id", show_core),
	FILE_("physical_package_id", show_zero),
	FILE_("core_siblings_list", show_online),
	FILE_("thread_siblings_list", show_core),
};
FOLDER(topology);

static const struct pseudo_entry one_cpu_entries[] = {
	FILE_("online", show_one),
	DIR("topology", &topology_folder),
};
FOLDER(one_cpu);

static const struct pseudo_entry one_cpu_entry = DIR(NULL, &one_cpu_folder);

static int lookup_cpu(struct pseudo_inode *dir, const char *name,
	const struct pseudo_entry **entry, int64_t key[2])
{
	unsigned int cpu;
	char rest;

	if (sscanf(name, "cpu%5u%c", &cpu, &rest) != 1 || !has_cpu(cpu))
		return -ENOENT;
	*entry = &one_cpu_entry;
	key[0] = cpu;
	return 0;
}

static bool next_cpu(struct pseudo_inode *dir, int64_t *cursor, char name[32],
	const struct pseudo_entry **entry)
{
	for (size_t i = (size_t)*cursor; i < sched_cpumask_size() * 8; i++) {
		if (!has_cpu(i))
			continue;
		snprintf(name, 32, "cpu%zu", i);
		*cursor = (int64_t)i + 1;
		*entry = &one_cpu_entry;
		return true;
	}
	return false;
}

static const struct pseudo_entry cpu_entries[] = {
	FILE_("isolated", show_nothing),
	FILE_("offline", show_nothing),
	FILE_("online", show_online),
	FILE_("possible", show_online),
	FILE_("present", show_online),
};

static const struct pseudo_folder cpu_folder = {
	.entries = cpu_entries,
	.count = ARRAY_SIZE(cpu_entries),
	.lookup = lookup_cpu,
	.next = next_cpu,
};

static const struct pseudo_entry node0_entries[] = {
	FILE_("cpulist", show_online),
};
FOLDER(node0);

static const struct pseudo_entry node_entries[] = {
	DIR("node0", &node0_folder),
	FILE_("online", show_zero),
	FILE_("possible", show_zero),
};
FOLDER(node);

static const struct pseudo_entry system_entries[] = {
	DIR("cpu", &cpu_folder),
	DIR("node", &node_folder),
};
FOLDER(system);

static const struct pseudo_entry devices_entries[] = {
	DIR("system", &system_folder),
};
FOLDER(devices);

/* ---- class/net --------------------------------------------------------- */

TEXT(show_mtu, "65536")
TEXT(show_address, "00:00:00:00:00:00")
TEXT(show_type, "772")
TEXT(show_flags, "0x9")
TEXT(show_state, "unknown")

static const struct pseudo_entry lo_entries[] = {
	FILE_("address", show_address),
	FILE_("flags", show_flags),
	FILE_("ifindex", show_one),
	FILE_("iflink", show_one),
	FILE_("mtu", show_mtu),
	FILE_("operstate", show_state),
	FILE_("type", show_type),
};
FOLDER(lo);

static const struct pseudo_entry net_entries[] = {
	DIR("lo", &lo_folder),
};
FOLDER(net);

static const struct pseudo_entry class_entries[] = {
	DIR("net", &net_folder),
};
FOLDER(class);

/* ---- kernel, fs -------------------------------------------------------- */

TEXT(show_thp, "always [madvise] never")

static const struct pseudo_entry thp_entries[] = {
	FILE_("enabled", show_thp),
};
FOLDER(thp);

static const struct pseudo_entry mm_entries[] = {
	DIR("transparent_hugepage", &thp_folder),
};
FOLDER(mm);

static const struct pseudo_entry kernel_entries[] = {
	DIR("mm", &mm_folder),
};
FOLDER(kernel);

static const struct pseudo_entry fs_entries[] = {
	DIR("cgroup", &empty_folder),
};
FOLDER(fs);

/* ---- The filesystem ---------------------------------------------------- */

static const struct pseudo_entry root_entries[] = {
	DIR("block", &empty_folder),
	DIR("bus", &empty_folder),
	DIR("class", &class_folder),
	DIR("dev", &empty_folder),
	DIR("devices", &devices_folder),
	DIR("fs", &fs_folder),
	DIR("kernel", &kernel_folder),
	DIR("module", &empty_folder),
};
FOLDER(root);

static const struct pseudo_entry root_entry = DIR("", &root_folder);

static int sysfs_statfs(struct fs *fs, struct fs_statfs *out)
{
	out->type = SYSFS_MAGIC;
	out->bsize = 4096;
	out->namelen = VFS_NAME_MAX;
	return 0;
}

static struct pseudo_fs_ops sysfs_ops = {
	.fs =
		{
			.name = "sysfs",
			.statfs = sysfs_statfs,
		},
};

static int sysfs_mount(const char *source, const char *data, struct fs **out)
{
	return pseudo_fs_new(
		&sysfs_ops, source ? source : "sysfs", &root_entry, out);
}

struct fs_type sysfs_type = {
	.name = "sysfs",
	.user_mount = true,
	.nodev = true,
	.mount = sysfs_mount,
};
