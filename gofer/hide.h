/*
 * Hidden names: a tree of path components below a root.
 *
 * A leaf is hidden with all below it. An inner component is shown, but holds
 * something hidden somewhere below.
 */
#ifndef GOFER_HIDE_H
#define GOFER_HIDE_H

#include <stdbool.h>

struct hide;

/* Adds path ("a/b/c") to *top, made on first use. 0 or -errno. */
int hide_add(struct hide **top, const char *path);
/* What is known of name below hide (which may be NULL); NULL: nothing. */
const struct hide *hide_find(const struct hide *hide, const char *name);
/* Is this one itself hidden? */
bool hide_is_leaf(const struct hide *hide);
void hide_destroy(struct hide *top);

#endif
