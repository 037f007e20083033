/*
 * Roots and nodes.
 *
 * Nodes stand in a table by number and in a hash by (parent, name). The cache
 * of descriptors is a list of the nodes that have one, last used first; the
 * roots' are outside of it and stay open.
 */
#include "gofer/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gofer/hide.h"
#include "lib/checked.h"
#include "lib/hash.h"

bool name_is_valid(const char *name, size_t size)
{
	if (size < 1 || size > GOFER_NAME_MAX)
		return false;
	if (name[0] == '.' && (size == 1 || (size == 2 && name[1] == '.')))
		return false;
	return !memchr(name, '/', size) && !memchr(name, '\0', size);
}

/* ---- The table --------------------------------------------------------- */

static struct list *bucket(struct tree *tree, const struct node *parent,
	const char *name, size_t size)
{
	uint32_t hash = hash_bytes(name, size, parent->number);

	return &tree->buckets[hash % NODE_BUCKETS];
}

static struct node *find_child(
	struct tree *tree, const struct node *parent, const char *name)
{
	size_t size = strlen(name);
	struct list *head = bucket(tree, parent, name, size);
	struct node *node;

	list_for_each(node, head, hash_node)
	{
		if (node->parent == parent && node->name_size == size &&
			!memcmp(node->name, name, size))
			return node;
	}
	return NULL;
}

static int grow_table(struct tree *tree)
{
	size_t slots = tree->node_slots ? tree->node_slots * 2 : 256;
	struct node **nodes;
	uint32_t *free_slots;

	if (tree->node_slots >= GOFER_NODES_MAX)
		return -ENFILE;
	nodes = reallocarray(tree->nodes, slots, sizeof(*nodes));
	if (!nodes)
		return -ENFILE;
	tree->nodes = nodes;
	free_slots = reallocarray(tree->free_slots, slots, sizeof(*free_slots));
	if (!free_slots)
		return -ENFILE;
	tree->free_slots = free_slots;
	/* The lowest number is taken first. */
	for (size_t i = slots; i-- > tree->node_slots;) {
		tree->nodes[i] = NULL;
		tree->free_slots[tree->free_count++] = (uint32_t)i;
	}
	tree->node_slots = slots;
	return 0;
}

static int new_node(struct tree *tree, struct node **out)
{
	struct node *node;
	uint32_t slot;
	int ret;

	if (!tree->free_count) {
		ret = grow_table(tree);
		if (ret < 0)
			return ret;
	}
	node = alloc_zero(node);
	if (!node)
		return -ENFILE;
	slot = tree->free_slots[--tree->free_count];
	tree->nodes[slot] = node;
	tree->node_count++;
	node->number = slot + 1;
	node->host_fd = -1;
	list_init(&node->hash_node);
	list_init(&node->lru);
	*out = node;
	return 0;
}

struct node *tree_node(const struct tree *tree, uint32_t number)
{
	if (number < 1 || number > tree->node_slots)
		return NULL;
	return tree->nodes[number - 1];
}

static bool is_root(const struct tree *tree, const struct node *node)
{
	return tree->roots[node->root].node == node;
}

static void close_node(struct tree *tree, struct node *node)
{
	if (node->host_fd < 0)
		return;
	close(node->host_fd);
	node->host_fd = -1;
	list_del(&node->lru);
	tree->open_count--;
}

static void free_node(struct tree *tree, struct node *node)
{
	size_t i;

	for (i = 0; i < STREAMS_MAX; i++) {
		if (tree->streams[i].node == node)
			stream_drop(&tree->streams[i]);
	}
	close_node(tree, node);
	list_del(&node->hash_node);
	tree->nodes[node->number - 1] = NULL;
	tree->free_slots[tree->free_count++] = node->number - 1;
	tree->node_count--;
	free(node->name);
	free(node);
}

/* Frees the node if nobody needs it, and then perhaps its ancestors. */
static void release(struct tree *tree, struct node *node)
{
	struct node *parent;

	while (node && !node->counts && !node->children && !node->pins &&
		!is_root(tree, node)) {
		parent = node->parent;
		free_node(tree, node);
		if (parent)
			parent->children--;
		node = parent;
	}
}

static void detach(struct tree *tree, struct node *node)
{
	struct node *parent = node->parent;

	list_del(&node->hash_node);
	node->detached = true;
	node->parent = NULL;
	release(tree, node);
	if (parent) {
		parent->children--;
		release(tree, parent);
	}
}

/* ---- Roots ------------------------------------------------------------- */

static int open_file_root(struct root *root, char *path)
{
	char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	root->name = strdup(basename(copy));
	strcpy(copy, path);
	root->host_fd = open(dirname(copy), O_PATH | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	if (root->host_fd < 0)
		return -errno;
	return root->name ? 0 : -ENOMEM;
}

static int open_root(struct root *root, const char *given)
{
	char *path = realpath(given, NULL);
	struct stat st;
	int ret = 0;

	if (!path)
		return -errno;
	root->host_fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (root->host_fd < 0 || fstat(root->host_fd, &st) < 0) {
		ret = -errno;
	} else if (S_ISREG(st.st_mode)) {
		close(root->host_fd);
		ret = open_file_root(root, path);
	} else if (!S_ISDIR(st.st_mode)) {
		ret = -ENOTDIR;
	}
	root->path = path;
	return ret;
}

static void close_root(struct root *root)
{
	if (root->host_fd >= 0)
		close(root->host_fd);
	free(root->name);
	free(root->path);
	hide_destroy(root->hide);
	memset(root, 0, sizeof(*root));
}

int tree_add_root(struct tree *tree, const char *path, bool writable)
{
	struct root *root = &tree->roots[tree->root_count];
	int ret;

	if (tree->root_count == GOFER_ROOTS_MAX)
		return -E2BIG;
	root->host_fd = -1;
	root->writable = writable;
	ret = open_root(root, path);
	if (ret < 0) {
		close_root(root);
		return ret;
	}
	tree->root_count++;
	return 0;
}

/* The thing itself is hidden, too, by whatever name it is reached. */
static int hide_file(
	struct tree *tree, const struct root *root, const char *path)
{
	struct stat st;

	if (fstatat(root->host_fd, path, &st, 0) < 0)
		return 0;
	if (tree->hidden_count == GOFER_HIDDEN_MAX)
		return -E2BIG;
	tree->hidden[tree->hidden_count++] = (struct file_id){
		st.st_dev, st.st_ino};
	return 0;
}

int tree_hide(struct tree *tree, const char *path)
{
	struct root *root;
	int ret;

	if (!tree->root_count)
		return -EINVAL;
	root = &tree->roots[tree->root_count - 1];
	path += strspn(path, "/");
	if (root->name || tree->hide_names++ == GOFER_HIDDEN_MAX)
		return root->name ? -ENOTDIR : -E2BIG;
	ret = hide_add(&root->hide, path);
	return ret < 0 ? ret : hide_file(tree, root, path);
}

static int new_root_node(struct tree *tree, uint32_t number)
{
	struct root *root = &tree->roots[number];
	struct node *node;
	struct stat st;
	int ret;

	if (fstatat(root->host_fd, root->name ? root->name : "", &st,
		    AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
		return -errno;
	if (root->name && !S_ISREG(st.st_mode))
		return -ESTALE;
	ret = new_node(tree, &node);
	if (ret < 0)
		return ret;
	node->root = number;
	node->dev = st.st_dev;
	node->ino = st.st_ino;
	node->hide = root->hide;
	/* A file counts as part of its folder's filesystem. */
	node->blank = filesystem_is_refused(tree, root->host_fd, st.st_dev);
	root->node = node;
	return 0;
}

int tree_attach(struct tree *tree, uint32_t number, struct node **out,
	struct facts *facts)
{
	struct root *root;
	struct place place;
	int ret;

	if (number >= tree->root_count)
		return -ENOENT;
	root = &tree->roots[number];
	if (!root->node) {
		ret = new_root_node(tree, number);
		if (ret < 0)
			return ret;
	}
	ret = place_open(tree, root->node->number, "", &place);
	if (ret < 0)
		return ret;
	ret = place_facts(tree, &place, facts);
	place_close(tree, &place);
	if (ret < 0)
		return ret;
	root->node->counts++;
	*out = root->node;
	return 0;
}

/* ---- Nodes ------------------------------------------------------------- */

int tree_child(struct tree *tree, struct node *parent, const char *name,
	const struct facts *facts, struct node **out)
{
	struct node *node = find_child(tree, parent, name);
	int ret;

	if (node && (node->dev != facts->attr.dev ||
			    node->ino != facts->attr.ino)) {
		/* Somebody outside has put another folder there. */
		parent->pins++;
		detach(tree, node);
		parent->pins--;
		node = NULL;
	}
	if (node) {
		node->counts++;
		*out = node;
		return 0;
	}
	ret = new_node(tree, &node);
	if (ret < 0)
		return ret;
	node->name = strdup(name);
	if (!node->name) {
		free_node(tree, node);
		return -ENFILE;
	}
	node->name_size = strlen(name);
	node->root = parent->root;
	node->dev = facts->attr.dev;
	node->ino = facts->attr.ino;
	node->blank = facts->blank;
	node->hide = hide_find(parent->hide, name);
	node->parent = parent;
	parent->children++;
	list_add(bucket(tree, parent, name, node->name_size), &node->hash_node);
	node->counts = 1;
	*out = node;
	return 0;
}

bool tree_clunk(struct tree *tree, uint32_t number, uint32_t count)
{
	struct node *node = tree_node(tree, number);

	if (!node || !count || node->counts < count)
		return false;
	node->counts -= count;
	release(tree, node);
	return true;
}

void tree_detach_child(struct tree *tree, struct node *dir, const char *name)
{
	struct node *node = find_child(tree, dir, name);

	if (node)
		detach(tree, node);
}

/* Would node become its own ancestor? Only if the host moved things, too. */
static bool is_above(const struct node *node, const struct node *below)
{
	for (; below; below = below->parent) {
		if (below == node)
			return true;
	}
	return false;
}

static void move_node(struct tree *tree, struct node *node, struct node *to,
	const char *to_name)
{
	struct node *old = node->parent;
	char *name = strdup(to_name);

	if (!name || is_above(node, to)) {
		free(name);
		detach(tree, node);
		return;
	}
	list_del(&node->hash_node);
	free(node->name);
	node->name = name;
	node->name_size = strlen(name);
	node->hide = hide_find(to->hide, name);
	node->parent = to;
	to->children++;
	list_add(bucket(tree, to, name, node->name_size), &node->hash_node);
	if (old) {
		old->children--;
		release(tree, old);
	}
}

void tree_move_child(struct tree *tree, struct node *dir, const char *name,
	struct node *to, const char *to_name)
{
	struct node *node = find_child(tree, dir, name);
	struct node *gone = find_child(tree, to, to_name);

	if (gone && gone != node)
		detach(tree, gone);
	if (node)
		move_node(tree, node, to, to_name);
}

void tree_swap_children(struct tree *tree, struct node *dir, const char *name,
	struct node *to, const char *to_name)
{
	struct node *one = find_child(tree, dir, name);
	struct node *two = find_child(tree, to, to_name);

	if (one == two)
		return;
	if (one)
		move_node(tree, one, to, to_name);
	if (two)
		move_node(tree, two, dir, name);
}

/* ---- Descriptors ------------------------------------------------------- */

/* Closes what was used longest ago until the cache fits again. */
static void trim(struct tree *tree)
{
	struct list *entry = tree->open.prev;
	struct node *node;

	while (tree->open_count > tree->open_max && entry != &tree->open) {
		node = list_entry(entry, struct node, lru);
		entry = entry->prev;
		if (!node->pins)
			close_node(tree, node);
	}
}

static int reopen(struct tree *tree, int dirfd, struct node *node)
{
	struct stat st;
	int fd = open_beneath(tree, dirfd, node->name,
		O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);

	if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP)
		return -ESTALE;
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0 || st.st_dev != node->dev ||
		st.st_ino != node->ino) {
		close(fd);
		return -ESTALE;
	}
	node->host_fd = fd;
	list_add(&tree->open, &node->lru);
	tree->open_count++;
	node->pins++;
	trim(tree);
	node->pins--;
	return 0;
}

static int cached_fd(const struct tree *tree, const struct node *node)
{
	return is_root(tree, node) ? tree->roots[node->root].host_fd
				   : node->host_fd;
}

int node_fd(struct tree *tree, struct node *node)
{
	struct node *at = node;
	int ret;

	while (cached_fd(tree, at) < 0) {
		if (at->detached || at->blank)
			return -ESTALE;
		at->parent->down = at;
		at = at->parent;
	}
	while (at != node) {
		ret = reopen(tree, cached_fd(tree, at), at->down);
		if (ret < 0)
			return ret;
		at = at->down;
	}
	if (node->host_fd >= 0) {
		list_del(&node->lru);
		list_add(&tree->open, &node->lru);
	}
	node->pins++;
	return cached_fd(tree, node);
}

void node_unpin(struct tree *tree, struct node *node)
{
	node->pins--;
	release(tree, node);
}

void tree_finish(struct tree *tree)
{
	size_t i;

	for (i = 0; i < STREAMS_MAX; i++)
		stream_drop(&tree->streams[i]);
	for (i = 0; i < tree->node_slots; i++) {
		if (tree->nodes[i])
			free_node(tree, tree->nodes[i]);
	}
	for (i = 0; i < tree->root_count; i++)
		close_root(&tree->roots[i]);
	free(tree->nodes);
	free(tree->free_slots);
}
