/*
 * Walking names: path_resolution(7).
 *
 * A walk goes component by component. Before each the current place must be a
 * folder that may be searched. A symlink's text becomes a new level on a
 * stack; what was still to go is taken up again when its text is used up. The
 * last component of all levels is not entered but left in state->last, so that
 * open, create, unlink and rename can each do their own with it.
 */
#include "sentry/vfs/vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sentry/vfs/internal.h"

static bool is_dir(const struct dentry *d)
{
	return d->inode && S_ISDIR(d->inode->attr.mode);
}

static bool is_symlink(const struct dentry *d)
{
	return d->inode && S_ISLNK(d->inode->attr.mode);
}

static void set_path(struct walk_state *s, struct path path)
{
	struct path old = s->path;

	s->path = path_get(path);
	path_put(old);
}

/* ---- Levels ------------------------------------------------------------ */

static const char *pop_level(struct walk_state *s)
{
	s->depth--;
	free(s->text[s->depth]);
	return s->saved[s->depth];
}

static void push_level(struct walk_state *s, char *text)
{
	s->saved[s->depth] = s->rest;
	s->text[s->depth] = text;
	s->depth++;
	s->rest = text;
}

static const char *skip_slashes(const char *p)
{
	while (*p == '/')
		p++;
	return p;
}

/* Is there any component to come, on any level? */
static bool any_left(struct walk_state *s)
{
	s->rest = skip_slashes(s->rest);
	while (!*s->rest && s->depth)
		s->rest = skip_slashes(pop_level(s));
	return *s->rest;
}

static enum last_type classify(const struct name *name)
{
	if (name->text[0] != '.' || name->size > 2)
		return LAST_NORMAL;
	if (name->size == 1)
		return LAST_DOT;
	return name->text[1] == '.' ? LAST_DOTDOT : LAST_NORMAL;
}

/* Takes the next component into s->last; *final: none comes after it. */
static int take_component(struct walk_state *s, bool *final)
{
	const char *end = strchrnul(s->rest, '/');
	size_t size = (size_t)(end - s->rest);
	bool slash;

	if (size > VFS_NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(s->last_text, s->rest, size);
	s->last_text[size] = 0;
	s->last.text = s->last_text;
	s->last.size = size;
	s->last_type = classify(&s->last);

	slash = *end == '/';
	end = skip_slashes(end);
	while (!*end && s->depth) {
		end = pop_level(s);
		slash |= *end == '/';
		end = skip_slashes(end);
	}
	s->rest = end;
	*final = !*end;
	if (*final && slash)
		s->must_be_dir = true;
	return 0;
}

/* ---- Steps ------------------------------------------------------------- */

static int may_search(const struct walk_state *s)
{
	if (!is_dir(s->path.dentry))
		return -ENOTDIR;
	return inode_permission(s->path.dentry->inode, s->walk->cred, MAY_EXEC);
}

/* Where ".." leads. -EXDEV where the walk may not go. */
static int step_up(struct walk_state *s)
{
	struct mount *mount = s->path.mount;
	struct dentry *d = s->path.dentry;
	struct path up;

	for (;;) {
		if (mount == s->root.mount && d == s->root.dentry) {
			if (s->walk->resolve & RESOLVE_BENEATH)
				return -EXDEV;
			break;
		}
		if (d != mount->root || !mount->parent)
			break;
		if (s->walk->resolve & RESOLVE_NO_XDEV)
			return -EXDEV;
		d = mount->point;
		mount = mount->parent;
	}
	if (d != mount->root &&
		!(mount == s->root.mount && d == s->root.dentry))
		d = d->parent;
	up = path_mounted(path_get((struct path){mount, d}));
	set_path(s, up);
	path_put(up);
	return 0;
}

/* The cache alone must do for RESOLVE_CACHED. */
static int lookup_child(struct walk_state *s, struct dentry **out)
{
	struct dentry *d;

	if (s->walk->resolve & RESOLVE_CACHED) {
		d = dentry_cached(s->path.dentry, &s->last);
		if (!d)
			return -EAGAIN;
		dentry_put(d);
	}
	return dentry_lookup(s->path.dentry, &s->last, out);
}

int walk_last(struct walk_state *s, struct path *out)
{
	struct dentry *d;
	struct path child;
	int err;

	err = lookup_child(s, &d);
	if (err)
		return err;
	child.mount = mount_get(s->path.mount);
	child.dentry = d;
	if (d->mounted) {
		child = path_mounted(child);
		if (child.mount != s->path.mount &&
			(s->walk->resolve & RESOLVE_NO_XDEV)) {
			path_put(child);
			return -EXDEV;
		}
	}
	*out = child;
	return 0;
}

/* ---- Symlinks ---------------------------------------------------------- */

static int follow_magic(struct walk_state *s, struct inode *inode)
{
	unsigned int resolve = s->walk->resolve;
	struct path place;
	int err;

	if (resolve & RESOLVE_NO_MAGICLINKS)
		return -ELOOP;
	if (resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT))
		return -EXDEV;
	err = inode->ops->follow(inode, &place);
	if (err)
		return err;
	if ((resolve & RESOLVE_NO_XDEV) && place.mount != s->path.mount) {
		path_put(place);
		return -EXDEV;
	}
	path_put(s->path);
	s->path = place;
	return 0;
}

static int jump_to_root(struct walk_state *s)
{
	if (s->walk->resolve & RESOLVE_BENEATH)
		return -EXDEV;
	if ((s->walk->resolve & RESOLVE_NO_XDEV) &&
		s->path.mount != s->root.mount)
		return -EXDEV;
	set_path(s, s->root);
	return 0;
}

static int read_link(struct inode *inode, char **out)
{
	ssize_t size;
	char *text;

	if (!inode->ops->readlink)
		return -EINVAL;
	text = malloc(VFS_PATH_MAX);
	if (!text)
		return -ENOMEM;
	size = inode->ops->readlink(inode, text, VFS_PATH_MAX);
	if (size <= 0 || size >= VFS_PATH_MAX) {
		free(text);
		if (size < 0)
			return (int)size;
		return size ? -ENAMETOOLONG : -ENOENT;
	}
	text[size] = 0;
	*out = text;
	return 0;
}

static int follow_text(struct walk_state *s, struct inode *inode)
{
	char *text = NULL;
	int err;

	err = read_link(inode, &text);
	if (err)
		return err;
	if (text[0] == '/') {
		err = jump_to_root(s);
		if (err) {
			free(text);
			return err;
		}
	}
	push_level(s, text);
	return 0;
}

int walk_follow(struct walk_state *s, struct path link, bool *arrived)
{
	struct inode *inode = link.dentry->inode;
	int err;

	*arrived = false;
	if ((s->walk->resolve & RESOLVE_NO_SYMLINKS) ||
		s->followed >= VFS_SYMLINK_MAX) {
		err = -ELOOP;
	} else if (inode->ops->follow) {
		s->followed++;
		err = follow_magic(s, inode);
		*arrived = !err;
	} else {
		s->followed++;
		err = follow_text(s, inode);
	}
	path_put(link);
	return err;
}

/* ---- The walk ---------------------------------------------------------- */

/* Enters the component in s->last, which is not the final one. */
static int step(struct walk_state *s)
{
	struct path child;
	bool arrived;
	int err;

	if (s->last_type == LAST_DOT)
		return 0;
	if (s->last_type == LAST_DOTDOT)
		return step_up(s);
	err = walk_last(s, &child);
	if (err)
		return err;
	if (!child.dentry->inode) {
		path_put(child);
		return -ENOENT;
	}
	if (is_symlink(child.dentry))
		return walk_follow(s, child, &arrived);
	path_put(s->path);
	s->path = child;
	return 0;
}

int walk_to_last(struct walk_state *s)
{
	bool final;
	int err;

	if (!any_left(s)) {
		s->last_type = LAST_ROOT;
		s->last_text[0] = 0;
		s->last = (struct name){s->last_text, 0};
		s->must_be_dir = true;
		return 0;
	}
	for (;;) {
		err = may_search(s);
		if (err)
			return err;
		err = take_component(s, &final);
		if (err || final)
			return err;
		err = step(s);
		if (err)
			return err;
		/* There is more: it was not the final one. */
		any_left(s);
	}
}

int walk_begin(struct walk_state *s, const struct walk *walk, const char *name)
{
	bool scoped = walk->resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT);

	s->walk = walk;
	s->root = scoped ? walk->base : walk->root;
	s->depth = 0;
	s->followed = 0;
	s->must_be_dir = false;
	s->last_type = LAST_ROOT;
	s->rest = name;
	if (*name == '/') {
		s->path = path_get(s->root);
		return walk->resolve & RESOLVE_BENEATH ? -EXDEV : 0;
	}
	s->path = path_get(walk->base);
	return *name ? 0 : -ENOENT;
}

void walk_end(struct walk_state *s)
{
	while (s->depth)
		pop_level(s);
	path_put(s->path);
}

/* The place of a last component that is not a plain name. */
static int odd_last(struct walk_state *s, struct path *out)
{
	int err = 0;

	if (s->last_type == LAST_DOTDOT)
		err = step_up(s);
	if (!err)
		*out = path_get(s->path);
	return err;
}

int walk_whole(struct walk_state *s, unsigned int flags, struct path *out)
{
	struct path child;
	bool arrived;
	int err;

	for (;;) {
		err = walk_to_last(s);
		if (err)
			return err;
		if (s->last_type != LAST_NORMAL)
			return odd_last(s, out);
		err = walk_last(s, &child);
		if (err)
			return err;
		if (!is_symlink(child.dentry) ||
			!((flags & WALK_FOLLOW) || s->must_be_dir))
			break;
		err = walk_follow(s, child, &arrived);
		if (err)
			return err;
		if (arrived) {
			child = path_get(s->path);
			break;
		}
	}
	if (!child.dentry->inode)
		err = -ENOENT;
	else if ((s->must_be_dir || (flags & WALK_DIRECTORY)) &&
		 !is_dir(child.dentry))
		err = -ENOTDIR;
	if (err)
		path_put(child);
	else
		*out = child;
	return err;
}

int vfs_walk(const struct walk *walk, const char *name, unsigned int flags,
	struct path *out)
{
	struct walk_state s;
	int err;

	if (!*name && (flags & WALK_EMPTY)) {
		if ((flags & WALK_DIRECTORY) && !is_dir(walk->base.dentry))
			return -ENOTDIR;
		*out = path_get(walk->base);
		return 0;
	}
	err = walk_begin(&s, walk, name);
	if (!err)
		err = walk_whole(&s, flags, out);
	walk_end(&s);
	return err;
}
