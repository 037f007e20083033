/* /proc/PID/mounts and mountinfo (proc(5)): the mounts below a task's root. */
#include <errno.h>
#include <stdlib.h>

#include "sentry/fs/proc/internal.h"
#include "sentry/kernel/fsctx.h"

static int show_table(struct task *t, struct output *out, enum mount_table kind)
{
	char *text;
	ssize_t size;

	if (!t->fs)
		return -EINVAL;
	size = mount_table_text(t->fs->ns, t->fs->root, kind, &text);
	if (size < 0)
		return (int)size;
	output_add(out, text, (size_t)size);
	free(text);
	return 0;
}

int proc_show_mounts(struct task *t, struct output *out)
{
	return show_table(t, out, TABLE_MOUNTS);
}

int proc_show_mountinfo(struct task *t, struct output *out)
{
	return show_table(t, out, TABLE_MOUNTINFO);
}
