/*
 * From a place back to its name.
 */
#include "sentry/vfs/vfs.h"

#include <string.h>

#include "sentry/vfs/internal.h"

/* Text is put together from its end. */
struct backwards {
	char *buf;
	char *start;
};

static bool prepend(struct backwards *text, const char *s, size_t size)
{
	if ((size_t)(text->start - text->buf) < size)
		return false;
	text->start -= size;
	memcpy(text->start, s, size);
	return true;
}

/* A dentry that has no folder: its own name is all there is. */
static bool is_anonymous(struct path path)
{
	return path.dentry->parent == path.dentry &&
	       (!path.mount || path.dentry != path.mount->root);
}

/* One step towards the root; false at the top. */
static bool climb(struct path *at)
{
	while (at->mount && at->dentry == at->mount->root) {
		if (!at->mount->parent)
			return false;
		at->dentry = at->mount->point;
		at->mount = at->mount->parent;
	}
	return at->dentry->parent != at->dentry;
}

char *path_name(struct path path, struct path root, char *buf, size_t size)
{
	struct backwards text = {buf, buf + size};
	struct path at = path;
	bool ok = prepend(&text, "", 1);
	const char *end;

	if (path.dentry->unlinked)
		ok = ok && prepend(&text, " (deleted)", 10);
	if (is_anonymous(path)) {
		ok = ok &&
		     prepend(&text, path.dentry->name, path.dentry->name_size);
		return ok ? text.start : NULL;
	}
	end = text.start;
	while (ok && !path_equal(at, root)) {
		if (!climb(&at)) {
			if (text.start == end)
				ok = ok && prepend(&text, "/", 1);
			ok = ok && prepend(&text, "(unreachable)", 13);
			return ok ? text.start : NULL;
		}
		/* A root inside another mount's point was passed. */
		if (path_equal(at, root))
			break;
		ok = prepend(&text, at.dentry->name, at.dentry->name_size) &&
		     prepend(&text, "/", 1);
		at.dentry = at.dentry->parent;
	}
	if (ok && text.start == end)
		ok = prepend(&text, "/", 1);
	return ok ? text.start : NULL;
}
