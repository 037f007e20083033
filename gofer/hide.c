/* Hidden names: a tree of path components below a root. */
#include "gofer/hide.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/list.h"

struct hide {
	struct list sibling;
	struct list children; /* empty: hidden */
	bool leaf;
	char name[];
};

static struct hide *hide_new(const char *name, size_t size)
{
	struct hide *hide = malloc(sizeof(*hide) + size + 1);

	if (!hide)
		return NULL;
	list_init(&hide->sibling);
	list_init(&hide->children);
	hide->leaf = false;
	memcpy(hide->name, name, size);
	hide->name[size] = '\0';
	return hide;
}

static struct hide *find(const struct hide *hide, const char *name, size_t size)
{
	struct hide *child;

	list_for_each(child, &hide->children, sibling)
	{
		if (strlen(child->name) == size &&
			!memcmp(child->name, name, size))
			return child;
	}
	return NULL;
}

static struct hide *find_or_add(
	struct hide *hide, const char *name, size_t size)
{
	struct hide *child = find(hide, name, size);

	if (child)
		return child;
	child = hide_new(name, size);
	if (child)
		list_add_tail(&hide->children, &child->sibling);
	return child;
}

int hide_add(struct hide **top, const char *path)
{
	struct hide *hide;
	size_t size;

	if (!*top)
		*top = hide_new("", 0);
	hide = *top;
	while (hide && *path) {
		size = strcspn(path, "/");
		if ((size == 1 && path[0] == '.') ||
			(size == 2 && !memcmp(path, "..", 2)))
			return -EINVAL;
		if (size)
			hide = find_or_add(hide, path, size);
		path += size;
		path += *path == '/';
	}
	if (!hide)
		return -ENOMEM;
	if (hide == *top)
		return -EINVAL; /* That would be the root. */
	hide->leaf = true;
	return 0;
}

const struct hide *hide_find(const struct hide *hide, const char *name)
{
	return hide ? find(hide, name, strlen(name)) : NULL;
}

bool hide_is_leaf(const struct hide *hide)
{
	return hide && hide->leaf;
}

void hide_destroy(struct hide *top)
{
	struct hide *child, *next;

	if (!top)
		return;
	/* As deep as a path of the launcher has components. */
	list_for_each_safe(child, next, &top->children, sibling)
		hide_destroy(child);
	free(top);
}
