/* Messages that change nothing on the host. */
#include "gofer/serve.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "gofer/hide.h"

int op_hello(struct gofer *gofer, const void *request, struct extra *extra,
	struct reply *reply)
{
	const struct gofer_hello *hello = request;

	if (hello->magic != GOFER_MAGIC || hello->version != GOFER_VERSION ||
		gofer->state != GOFER_NEW)
		return GOFER_BROKEN;
	gofer->state = GOFER_GREETED;
	reply->hello.magic = GOFER_MAGIC;
	reply->hello.version = GOFER_VERSION;
	reply->hello.roots = (uint32_t)gofer->tree.root_count;
	reply->hello.walls = gofer->walls;
	return 0;
}

int op_attach(struct gofer *gofer, const void *request, struct extra *extra,
	struct reply *reply)
{
	const struct gofer_attach *attach = request;
	struct facts facts;
	struct node *node;
	int ret;

	ret = tree_attach(&gofer->tree, attach->root, &node, &facts);
	if (ret < 0)
		return ret;
	gofer->state = GOFER_ATTACHED;
	reply->attach.node = node->number;
	if (gofer->tree.roots[attach->root].writable)
		reply->attach.flags = GOFER_ROOT_WRITABLE;
	reply->attach.attr = facts.attr;
	return 0;
}

/* ---- WALK -------------------------------------------------------------- */

/* Splits the names, each with its NUL. False: broken. */
static bool take_walk(struct extra *extra, uint16_t count, uint16_t size,
	const char *names[static GOFER_WALK_MAX])
{
	const char *end;

	if (!count || count > GOFER_WALK_MAX || size != extra->left)
		return false;
	for (uint16_t i = 0; i < count; i++) {
		end = memchr(extra->bytes, '\0', extra->left);
		if (!end || !name_is_valid(
				    extra->bytes, (size_t)(end - extra->bytes)))
			return false;
		names[i] = extra->bytes;
		extra->left -= (size_t)(end - extra->bytes) + 1;
		extra->bytes = end + 1;
	}
	return extra->left == 0;
}

/* One name: its attributes, and its node if it is a folder. */
static int walk_one(struct tree *tree, uint32_t number, const char *name,
	struct gofer_walk_entry *out)
{
	struct place place;
	struct facts facts;
	struct node *node;
	int ret;

	ret = place_open(tree, number, name, &place);
	if (ret < 0)
		return ret;
	ret = place_facts(tree, &place, &facts);
	if (ret < 0)
		goto out;
	memset(out, 0, sizeof(*out));
	if (S_ISDIR(facts.attr.mode)) {
		ret = tree_child(tree, place.node, name, &facts, &node);
		if (ret < 0)
			goto out;
		out->node = node->number;
	}
	out->attr = facts.attr;
out:
	place_close(tree, &place);
	return ret;
}

int op_walk(struct gofer *gofer, const void *request, struct extra *extra,
	struct reply *reply)
{
	const struct gofer_walk *walk = request;
	const char *names[GOFER_WALK_MAX];
	struct gofer_walk_entry *entries = (void *)(reply->bytes +
						    sizeof(reply->walk));
	uint32_t node = walk->node;
	uint32_t done = 0;
	int ret = 0;

	if (!take_walk(extra, walk->count, walk->names_size, names))
		return GOFER_BROKEN;
	while (done < walk->count) {
		ret = walk_one(&gofer->tree, node, names[done], &entries[done]);
		if (ret < 0)
			break;
		node = entries[done++].node;
		if (!node)
			break;
	}
	if (!done)
		return ret;
	reply->walk.count = done;
	reply->walk.stop = ret;
	reply->size += done * sizeof(entries[0]);
	return 0;
}

/* ---- One file ---------------------------------------------------------- */

int op_stat(struct gofer *gofer, const void *request, struct extra *extra,
	struct reply *reply)
{
	const struct gofer_stat *stat = request;
	char name[GOFER_NAME_MAX + 1];
	struct place place;
	struct facts facts;
	int ret;

	if (!take_target(extra, &stat->target, true, name) || extra->left)
		return GOFER_BROKEN;
	ret = place_open(&gofer->tree, stat->target.node, name, &place);
	if (ret < 0)
		return ret;
	ret = place_facts(&gofer->tree, &place, &facts);
	place_close(&gofer->tree, &place);
	if (!ret)
		reply->attr.attr = facts.attr;
	return ret;
}

/*
 * The type is looked at before anything is opened: opening a device acts on
 * it. The descriptor is then compared with what was seen.
 */
static int open_regular(struct tree *tree, struct place *place,
	const struct gofer_open *open, struct reply *reply)
{
	struct facts facts;
	int ret;

	ret = place_facts(tree, place, &facts);
	if (ret < 0)
		return ret;
	if ((open->dev || open->ino) &&
		(facts.attr.dev != open->dev || facts.attr.ino != open->ino))
		return -ESTALE;
	if (S_ISDIR(facts.attr.mode))
		return -EISDIR;
	if (S_ISLNK(facts.attr.mode))
		return -ELOOP;
	if (!S_ISREG(facts.attr.mode))
		return -ENXIO;
	if (open->flags != O_RDONLY) {
		ret = place_writable(place);
		if (ret < 0)
			return ret;
	}
	ret = place_verified_descriptor(tree, place, (int)open->flags, &facts);
	if (ret < 0)
		return ret;
	reply->host_fd = ret;
	reply->attr.attr = facts.attr;
	return 0;
}

int op_open(struct gofer *gofer, const void *request, struct extra *extra,
	struct reply *reply)
{
	const struct gofer_open *open = request;
	char name[GOFER_NAME_MAX + 1];
	struct place place;
	int ret;

	if (!take_target(extra, &open->target, true, name) || extra->left)
		return GOFER_BROKEN;
	if (open->flags != O_RDONLY && open->flags != O_WRONLY &&
		open->flags != O_RDWR)
		return GOFER_BROKEN;
	ret = place_open(&gofer->tree, open->target.node, name, &place);
	if (ret < 0)
		return ret;
	ret = open_regular(&gofer->tree, &place, open, reply);
	place_close(&gofer->tree, &place);
	return ret;
}

int op_readlink(struct gofer *gofer, const void *request, struct extra *extra,
	struct reply *reply)
{
	const struct gofer_readlink *readlink = request;
	char *out = reply->bytes + sizeof(reply->data);
	char name[GOFER_NAME_MAX + 1];
	struct place place;
	struct facts facts;
	ssize_t size = 0;
	int ret;

	if (!take_target(extra, &readlink->target, false, name) || extra->left)
		return GOFER_BROKEN;
	ret = place_open(&gofer->tree, readlink->target.node, name, &place);
	if (ret < 0)
		return ret;
	ret = place_facts(&gofer->tree, &place, &facts);
	if (!ret && !S_ISLNK(facts.attr.mode))
		ret = -EINVAL;
	if (!ret) {
		size = readlinkat(place.dirfd, name, out, GOFER_LINK_MAX + 1);
		if (size <= 0)
			ret = size < 0 ? -errno : -ENOENT;
		else if (size > GOFER_LINK_MAX)
			ret = -ENAMETOOLONG;
	}
	place_close(&gofer->tree, &place);
	if (ret < 0)
		return ret;
	reply->data.size = (uint32_t)size;
	reply->data.full_size = (uint32_t)size;
	reply->size += (size_t)size;
	return 0;
}

int op_fsync(struct gofer *gofer, const void *request, struct extra *extra,
	struct reply *reply)
{
	const struct gofer_fsync *sync = request;
	char name[GOFER_NAME_MAX + 1];
	struct place place;
	struct facts facts;
	int fd = -1;
	int ret;

	if (!take_target(extra, &sync->target, true, name) || extra->left ||
		sync->flags > GOFER_FSYNC_DATA)
		return GOFER_BROKEN;
	ret = place_open(&gofer->tree, sync->target.node, name, &place);
	if (ret < 0)
		return ret;
	ret = place_facts(&gofer->tree, &place, &facts);
	if (!ret)
		ret = place_writable(&place);
	if (!ret && !S_ISREG(facts.attr.mode) && !S_ISDIR(facts.attr.mode))
		ret = -EINVAL;
	if (!ret) {
		fd = place_verified_descriptor(
			&gofer->tree, &place, O_RDONLY, &facts);
		ret = fd < 0 ? fd : 0;
	}
	place_close(&gofer->tree, &place);
	if (ret < 0)
		return ret;
	if (sync->flags == GOFER_FSYNC_FILESYSTEM)
		ret = syncfs(fd);
	else if (sync->flags == GOFER_FSYNC_DATA)
		ret = fdatasync(fd);
	else
		ret = fsync(fd);
	ret = ret < 0 ? -errno : 0;
	close(fd);
	return ret;
}

int op_statfs(struct gofer *gofer, const void *request, struct extra *extra,
	struct reply *reply)
{
	const struct gofer_statfs *statfs = request;
	struct gofer_statfs_reply *out = &reply->statfs;
	struct place place;
	struct statfs fs;
	int ret;

	if (extra->left)
		return GOFER_BROKEN;
	ret = place_open(&gofer->tree, statfs->node, "", &place);
	if (ret < 0)
		return ret;
	memset(&fs, 0, sizeof(fs));
	if (place.dirfd >= 0 && fstatfs(place.dirfd, &fs) < 0)
		ret = -errno;
	place_close(&gofer->tree, &place);
	if (ret < 0)
		return ret;
	out->type = (uint64_t)fs.f_type;
	out->bsize = (uint64_t)fs.f_bsize;
	out->frsize = (uint64_t)fs.f_frsize;
	out->blocks = fs.f_blocks;
	out->bfree = fs.f_bfree;
	out->bavail = fs.f_bavail;
	out->files = fs.f_files;
	out->ffree = fs.f_ffree;
	out->namelen = (uint64_t)fs.f_namelen;
	out->flags = (uint64_t)fs.f_flags;
	return 0;
}

int op_clunk(struct gofer *gofer, const void *request, struct extra *extra,
	struct reply *reply)
{
	const struct gofer_clunk *clunk = request;
	struct gofer_clunk_entry entry;

	if (!clunk->count || clunk->count > GOFER_CLUNK_MAX ||
		extra->left != clunk->count * sizeof(entry))
		return GOFER_BROKEN;
	for (uint32_t i = 0; i < clunk->count; i++) {
		memcpy(&entry, extra->bytes + i * sizeof(entry), sizeof(entry));
		if (!tree_clunk(&gofer->tree, entry.node, entry.count))
			return GOFER_BROKEN;
	}
	return 0;
}

/* ---- READDIR ----------------------------------------------------------- */

struct host_dirent {
	uint64_t ino;
	int64_t off;
	unsigned short size;
	unsigned char type;
	char name[];
};

/*
 * The least a host entry takes and the most one of ours does: what is asked
 * of the host at once always fits into what is left of the reply.
 */
#define HOST_ENTRY_MAX 280
#define HOST_BUFFER    8192
#define GROWTH         7 /* (144 + 8) bytes for at least 24 */

static int entry_facts(struct tree *tree, struct node *dir, const char *name,
	struct gofer_attr *out)
{
	struct place place;
	struct facts facts;
	int ret = place_open(tree, dir->number, name, &place);

	if (ret < 0)
		return ret;
	ret = place_facts(tree, &place, &facts);
	place_close(tree, &place);
	if (!ret)
		*out = facts.attr;
	return ret;
}

/* A folder that may be listed but not searched: names and types are all. */
static void partial_facts(
	const struct host_dirent *from, struct gofer_attr *out)
{
	out->ino = from->ino;
	out->mode = DTTOIF(from->type);
	if (from->type == DT_UNKNOWN)
		out->mode = S_IFREG;
	out->flags = GOFER_ATTR_PARTIAL;
}

/* Adds what getdents64(2) gave. What is gone or hidden has no line. */
static void add_entries(struct tree *tree, struct node *dir, const char *host,
	size_t host_size, struct reply *reply)
{
	const struct host_dirent *from;
	struct gofer_dirent entry;
	size_t off, padded;
	int ret;

	for (off = 0; off < host_size; off += from->size) {
		from = (const void *)(host + off);
		memset(&entry, 0, sizeof(entry));
		entry.cookie = (uint64_t)from->off;
		entry.name_size = (uint16_t)strlen(from->name);
		if (!name_is_valid(from->name, entry.name_size))
			continue; /* "." and ".." */
		ret = entry_facts(tree, dir, from->name, &entry.attr);
		if (ret == -EACCES)
			partial_facts(from, &entry.attr);
		else if (ret < 0)
			continue;
		padded = (entry.name_size + 7u) & ~7u;
		memcpy(reply->bytes + reply->size, &entry, sizeof(entry));
		reply->size += sizeof(entry);
		memset(reply->bytes + reply->size, 0, padded);
		memcpy(reply->bytes + reply->size, from->name, entry.name_size);
		reply->size += padded;
		reply->readdir.count++;
	}
}

static int read_entries(struct tree *tree, struct node *dir, uint64_t cookie,
	size_t max, struct reply *reply)
{
	_Alignas(8) char host[HOST_BUFFER];
	const struct host_dirent *last;
	struct stream *stream;
	size_t room, off;
	ssize_t got;
	int error;

	stream = stream_get(tree, dir, cookie, &error);
	if (!stream)
		return error;
	while ((room = (max - reply->size) / GROWTH) >= HOST_ENTRY_MAX) {
		got = syscall(SYS_getdents64, stream->host_fd, host,
			room < sizeof(host) ? room : sizeof(host));
		if (got < 0) {
			error = -errno;
			stream_drop(stream);
			return reply->readdir.count ? 0 : error;
		}
		if (got == 0) {
			reply->readdir.flags |= GOFER_DIR_END;
			stream_drop(stream);
			return 0;
		}
		add_entries(tree, dir, host, (size_t)got, reply);
		for (off = 0; off < (size_t)got; off += last->size)
			last = (const void *)(host + off);
		stream->cookie = (uint64_t)last->off;
		reply->readdir.cookie = stream->cookie;
	}
	return 0;
}

/* The folder's node, with one more count, and its attributes. */
static int readdir_node(struct tree *tree, uint32_t number, const char *name,
	struct node **out, struct facts *facts)
{
	struct place place;
	int ret = place_open(tree, number, name, &place);

	if (ret < 0)
		return ret;
	ret = place_facts(tree, &place, facts);
	if (!ret && !S_ISDIR(facts->attr.mode))
		ret = -ENOTDIR;
	if (!ret && *name) {
		ret = tree_child(tree, place.node, name, facts, out);
	} else if (!ret) {
		*out = place.node;
		(*out)->counts++;
	}
	place_close(tree, &place);
	return ret;
}

int op_readdir(struct gofer *gofer, const void *request, struct extra *extra,
	struct reply *reply)
{
	const struct gofer_readdir *readdir = request;
	char name[GOFER_NAME_MAX + 1];
	struct facts facts;
	struct node *node;
	int ret;

	if (!take_target(extra, &readdir->target, true, name) || extra->left ||
		readdir->max < 4096 || readdir->max > GOFER_MESSAGE_MAX)
		return GOFER_BROKEN;
	ret = readdir_node(
		&gofer->tree, readdir->target.node, name, &node, &facts);
	if (ret < 0)
		return ret;
	if (facts.blank)
		reply->readdir.flags |= GOFER_DIR_END;
	else
		ret = read_entries(&gofer->tree, node, readdir->cookie,
			readdir->max, reply);
	if (ret < 0) {
		tree_clunk(&gofer->tree, node->number, 1);
		return ret;
	}
	reply->readdir.node = node->number;
	reply->readdir.attr = facts.attr;
	return 0;
}
