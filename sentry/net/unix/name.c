/*
 * The names of Unix sockets: places in the file tree, and abstract ones.
 *
 * A socket that is bound to a place holds it, so that its inode stays in
 * memory and can be looked for among those of the bound sockets. When the
 * socket's file goes the inode stays behind with nothing to connect to.
 */
#include "sentry/net/unix/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sentry/kernel/fsctx.h"
#include "sentry/kernel/task.h"

#define NAME_START offsetof(struct sockaddr_un, sun_path)

/* Of ->name_node. */
static struct list abstract_names = LIST_INIT(abstract_names);
static struct list bound_places = LIST_INIT(bound_places);

int unix_check_name(const struct socket_address *name)
{
	if (name->size <= NAME_START || name->size > sizeof(name->un) ||
		name->un.sun_family != AF_UNIX)
		return -EINVAL;
	return 0;
}

static bool is_abstract(const struct socket_address *name)
{
	return name->un.sun_path[0] == '\0';
}

/* The path of a name, which need not end with a NUL. */
static void path_text(const struct socket_address *name,
	char text[sizeof(struct sockaddr_un)])
{
	size_t size = name->size - NAME_START;

	memcpy(text, name->un.sun_path, size);
	text[size] = '\0';
}

static struct unix_socket *find_abstract(const struct socket_address *name)
{
	struct unix_socket *u;

	list_for_each(u, &abstract_names, name_node)
	{
		if (u->name.size == name->size &&
			memcmp(u->name.bytes, name->bytes, name->size) == 0)
			return u;
	}
	return NULL;
}

static struct unix_socket *find_bound(const struct inode *inode)
{
	struct unix_socket *u;

	list_for_each(u, &bound_places, name_node)
	{
		if (u->path.dentry->inode == inode)
			return u;
	}
	return NULL;
}

static int bind_abstract(
	struct unix_socket *u, const struct socket_address *name)
{
	if (find_abstract(name))
		return -EADDRINUSE;
	u->name = *name;
	list_add_tail(&abstract_names, &u->name_node);
	return 0;
}

/* bind(2) of no name at all: five hexadecimal digits. */
static int bind_any(struct unix_socket *u)
{
	static unsigned int last;
	struct socket_address name = {0};
	char digits[8];

	name.un.sun_family = AF_UNIX;
	name.size = NAME_START + 6;
	for (unsigned int tries = 0; tries < 0x100000; tries++) {
		last = (last + 1) & 0xfffff;
		snprintf(digits, sizeof(digits), "%05x", last);
		memcpy(name.un.sun_path + 1, digits, 5);
		if (!find_abstract(&name))
			return bind_abstract(u, &name);
	}
	return -ENOSPC;
}

/* Paths start where the task is. */
static struct walk task_walk(struct task *t)
{
	return (struct walk){
		.root = t->fs->root,
		.base = t->fs->cwd,
		.cred = t->cred,
	};
}

static int bind_path(struct unix_socket *u, struct task *t,
	const struct socket_address *name)
{
	struct new_inode spec = {.mode = S_IFSOCK | (0777 & ~t->fs->umask)};
	struct walk walk = task_walk(t);
	char text[sizeof(struct sockaddr_un)];
	struct path path;
	int ret;

	path_text(name, text);
	ret = vfs_create(&walk, text, &spec);
	if (ret < 0)
		return ret == -EEXIST ? -EADDRINUSE : ret;
	ret = vfs_walk(&walk, text, 0, &path);
	if (ret < 0)
		return ret;
	u->path = path;
	list_add_tail(&bound_places, &u->name_node);
	u->name = *name;
	/* As Linux tells it: with one NUL behind the text. */
	u->name.size = NAME_START + strlen(text) + 1;
	u->name.bytes[u->name.size - 1] = '\0';
	return 0;
}

int unix_bind(
	struct socket *s, struct task *t, const struct socket_address *name)
{
	struct unix_socket *u = unix_of(s);
	int ret;

	if (name->size == NAME_START && name->un.sun_family == AF_UNIX)
		return u->name.size ? -EINVAL : bind_any(u);
	ret = unix_check_name(name);
	if (ret < 0)
		return ret;
	if (u->name.size)
		return -EINVAL;
	return is_abstract(name) ? bind_abstract(u, name)
				 : bind_path(u, t, name);
}

void unix_unbind(struct unix_socket *u)
{
	list_del(&u->name_node);
	path_put(u->path);
	u->path = (struct path){NULL, NULL};
}

int unix_find(struct task *t, const struct socket_address *name,
	struct unix_socket **out)
{
	struct walk walk = task_walk(t);
	char text[sizeof(struct sockaddr_un)];
	struct unix_socket *u;
	struct inode *inode;
	struct path path;
	int ret;

	if (is_abstract(name)) {
		u = find_abstract(name);
		*out = u ? unix_get(u) : NULL;
		return u ? 0 : -ECONNREFUSED;
	}
	path_text(name, text);
	ret = vfs_walk(&walk, text, WALK_FOLLOW, &path);
	if (ret < 0)
		return ret;
	inode = path.dentry->inode;
	ret = inode_permission(inode, t->cred, MAY_WRITE);
	u = ret == 0 ? find_bound(inode) : NULL;
	if (ret == 0 && !u)
		ret = -ECONNREFUSED;
	if (u)
		*out = unix_get(u);
	path_put(path);
	return ret;
}
