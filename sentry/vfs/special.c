/*
 * The registry of openers for FIFOs and devices. A handful of entries, found
 * by walking the list.
 */
#include "sentry/vfs/special.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "sentry/vfs/vfs.h"

static const struct special_type *types;

void special_register(struct special_type *type)
{
	type->next = types;
	types = type;
}

static bool matches(const struct special_type *type, const struct attr *attr)
{
	if (type->type != (attr->mode & S_IFMT))
		return false;
	if (type->type == S_IFIFO)
		return true;
	return major(attr->rdev) == type->major &&
	       minor(attr->rdev) >= type->minor &&
	       minor(attr->rdev) - type->minor < type->minor_count;
}

int special_open(struct inode *inode, struct file *file)
{
	const struct special_type *type;

	for (type = types; type; type = type->next) {
		if (matches(type, &inode->attr))
			return type->open(inode, file);
	}
	return -ENXIO;
}
