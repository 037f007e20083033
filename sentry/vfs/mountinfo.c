/*
 * What is mounted, as text: /proc/PID/mounts, mountinfo and mountstats
 * (proc(5)).
 */
#include "sentry/vfs/vfs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "sentry/vfs/internal.h"

/* Blanks and what else would end a field are written in octal. */
static void put_field(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (strchr(" \t\n\\#", *text))
			fprintf(out, "\\%03o", (unsigned char)*text);
		else
			putc(*text, out);
	}
}

static void put_mount_options(FILE *out, const struct mount *m)
{
	fputs(mount_want_write(m) ? "ro" : "rw", out);
	if (m->flags & MNT_NOSUID)
		fputs(",nosuid", out);
	if (m->flags & MNT_NODEV)
		fputs(",nodev", out);
	if (m->flags & MNT_NOEXEC)
		fputs(",noexec", out);
	fputs(m->flags & MNT_NOATIME ? ",noatime" : ",relatime", out);
}

static void put_fs_options(FILE *out, struct fs *fs)
{
	char options[512] = "";

	if (fs->ops->show_options &&
		fs->ops->show_options(fs, options, sizeof(options)) == 0)
		fputs(options, out);
}

/* The folder of the fs that is the mount's root. */
static void put_root(FILE *out, const struct mount *m)
{
	struct path root = {NULL, m->fs->root ? m->fs->root : m->root};
	struct path at = {NULL, m->root};
	char buf[VFS_PATH_MAX], *name;

	if (at.dentry == root.dentry) {
		putc('/', out);
		return;
	}
	name = path_name(at, root, buf, sizeof(buf));
	put_field(out, name ? name : "/");
}

static void put_mountinfo(FILE *out, const struct mount *m, const char *point)
{
	fprintf(out, "%d %d %u:%u ", m->id, m->parent ? m->parent->id : m->id,
		major(m->fs->dev), minor(m->fs->dev));
	put_root(out, m);
	putc(' ', out);
	put_field(out, point);
	putc(' ', out);
	put_mount_options(out, m);
	fprintf(out, " - %s ", m->fs->ops->name);
	put_field(out, m->fs->source ? m->fs->source : "none");
	fputs(m->fs->read_only ? " ro" : " rw", out);
	put_fs_options(out, m->fs);
	putc('\n', out);
}

static void put_mounts(FILE *out, const struct mount *m, const char *point)
{
	put_field(out, m->fs->source ? m->fs->source : "none");
	putc(' ', out);
	put_field(out, point);
	fprintf(out, " %s ", m->fs->ops->name);
	put_mount_options(out, m);
	put_fs_options(out, m->fs);
	fputs(" 0 0\n", out);
}

static void put_mountstats(FILE *out, const struct mount *m, const char *point)
{
	fputs("device ", out);
	put_field(out, m->fs->source ? m->fs->source : "none");
	fputs(" mounted on ", out);
	put_field(out, point);
	fprintf(out, " with fstype %s\n", m->fs->ops->name);
}

static void put_line(FILE *out, const struct mount *m, struct path root,
	enum mount_table kind)
{
	struct path at = {(struct mount *)(uintptr_t)m, m->root};
	char buf[VFS_PATH_MAX], *point;

	point = path_name(at, root, buf, sizeof(buf));
	/* Not below this process's root: not its business. */
	if (!point || point[0] != '/')
		return;
	switch (kind) {
	case TABLE_MOUNTINFO:
		put_mountinfo(out, m, point);
		break;
	case TABLE_MOUNTSTATS:
		put_mountstats(out, m, point);
		break;
	default:
		put_mounts(out, m, point);
		break;
	}
}

ssize_t mount_table_text(struct mount_ns *ns, struct path root,
	enum mount_table kind, char **out)
{
	const struct mount *m;
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	bool failed;

	if (!f)
		return -ENOMEM;
	list_for_each(m, &ns->mounts, sibling) put_line(f, m, root, kind);
	failed = ferror(f);
	if (fclose(f) != 0 || failed) {
		free(text);
		return -ENOMEM;
	}
	*out = text;
	return (ssize_t)size;
}
