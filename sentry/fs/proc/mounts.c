/* /proc/PID/mounts and mountinfo (proc(5)): the mounts below a task's root. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "sentry/fs/proc/internal.h"
#include "sentry/kernel/fsctx.h"

/* Space, tab, newline and backslash would end a field. */
static void add_escaped(struct output *out, const char *s)
{
	for (; *s; s++) {
		if (strchr(" \t\n\\#", *s))
			output_printf(out, "\\%03o", (unsigned char)*s);
		else
			output_add(out, s, 1);
	}
}

static void add_flags(struct output *out, unsigned int flags)
{
	output_printf(out, "%s%s%s%s%s", flags & MNT_READONLY ? "ro" : "rw",
		flags & MNT_NOSUID ? ",nosuid" : "",
		flags & MNT_NODEV ? ",nodev" : "",
		flags & MNT_NOEXEC ? ",noexec" : "",
		flags & MNT_NOATIME ? ",noatime" : ",relatime");
}

static void add_fs_options(struct output *out, struct fs *fs)
{
	char options[512];
	int size;

	if (!fs->ops->show_options)
		return;
	size = fs->ops->show_options(fs, options, sizeof(options));
	if (size > 0 && (size_t)size <= sizeof(options)) {
		output_printf(out, ",");
		output_add(out, options, (size_t)size);
	}
}

/* Where a mount is, seen from the task's root; NULL: not below it. */
static char *point_name(
	struct mount *mount, struct path root, char *buf, size_t size)
{
	struct path place = {mount, mount->root};
	char *name = path_name(place, root, buf, size);

	return name && name[0] == '/' ? name : NULL;
}

static void add_mount(
	struct output *out, struct mount *mount, const char *point)
{
	add_escaped(out, mount->fs->source ? mount->fs->source : "none");
	output_printf(out, " ");
	add_escaped(out, point);
	output_printf(out, " %s ", mount->fs->ops->name);
	add_flags(out, mount->flags);
	add_fs_options(out, mount->fs);
	output_printf(out, " 0 0\n");
}

static void add_mountinfo(
	struct output *out, struct mount *mount, const char *point)
{
	char buf[VFS_PATH_MAX];
	struct path root = {mount, mount->fs->root};
	struct path shown = {mount, mount->root};
	char *name = path_name(shown, root, buf, sizeof(buf));

	output_printf(out, "%d %d %u:%u ", mount->id,
		mount->parent ? mount->parent->id : mount->id,
		major(mount->fs->dev), minor(mount->fs->dev));
	add_escaped(out, name ? name : "/");
	output_printf(out, " ");
	add_escaped(out, point);
	output_printf(out, " ");
	add_flags(out, mount->flags);
	output_printf(out, " - %s ", mount->fs->ops->name);
	add_escaped(out, mount->fs->source ? mount->fs->source : "none");
	output_printf(out, " %s", mount->fs->read_only ? "ro" : "rw");
	add_fs_options(out, mount->fs);
	output_printf(out, "\n");
}

static int show_all(struct task *t, struct output *out,
	void (*add)(struct output *out, struct mount *mount, const char *point))
{
	char buf[VFS_PATH_MAX];
	struct mount *mount;

	if (!t->fs)
		return -EINVAL;
	list_for_each(mount, &t->fs->ns->mounts, sibling)
	{
		char *point = point_name(mount, t->fs->root, buf, sizeof(buf));

		if (point)
			add(out, mount, point);
	}
	return 0;
}

int proc_show_mounts(struct task *t, struct output *out)
{
	return show_all(t, out, add_mount);
}

int proc_show_mountinfo(struct task *t, struct output *out)
{
	return show_all(t, out, add_mountinfo);
}
