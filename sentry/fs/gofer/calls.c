/*
 * One function a message: the request is put together, the reply taken apart
 * and checked to its last byte.
 */
#include "sentry/fs/gofer/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/host.h"
#include "lib/checked.h"
#include "lib/log.h"

/* Sends a call whose reply has a fixed size. */
static int call_fixed(
	struct gofer_client *client, struct gofer_call *call, size_t size)
{
	int ret = gofer_call(client, call);

	if (ret < 0)
		return ret;
	if (call->reply_size != size) {
		if (call->host_fd >= 0)
			close(call->host_fd);
		return gofer_broken(client, "a reply with something behind it");
	}
	return 0;
}

/* A reply that is one file's attributes; a node only with a folder. */
static int call_attr(struct gofer_client *client, struct gofer_call *call,
	struct gofer_attr *attr, uint32_t *node)
{
	struct gofer_attr_reply *reply = (void *)client->reply;
	int ret = call_fixed(client, call, sizeof(*reply));

	if (ret < 0)
		return ret;
	if (!gofer_attr_check(&reply->attr) ||
		(reply->attr.flags & GOFER_ATTR_PARTIAL) ||
		!reply->node != !node) {
		if (call->host_fd >= 0)
			close(call->host_fd);
		return gofer_broken(client, "impossible attributes");
	}
	*attr = reply->attr;
	if (node)
		*node = reply->node;
	return 0;
}

int gofer_attach(struct gofer_client *client, uint32_t root, uint32_t *node,
	uint32_t *flags, struct gofer_attr *attr)
{
	struct gofer_call call;
	struct gofer_attach *attach = gofer_begin(
		client, &call, GOFER_ATTACH, sizeof(*attach));
	struct gofer_attach_reply *reply = (void *)client->reply;
	int ret;

	attach->root = root;
	ret = call_fixed(client, &call, sizeof(*reply));
	if (ret < 0)
		return ret;
	if (!reply->node || !gofer_attr_check(&reply->attr) ||
		(!S_ISDIR(reply->attr.mode) && !S_ISREG(reply->attr.mode)) ||
		(reply->flags & ~GOFER_ROOT_WRITABLE))
		return gofer_broken(client, "an impossible root");
	*node = reply->node;
	*flags = reply->flags;
	*attr = reply->attr;
	return 0;
}

/* ---- WALK -------------------------------------------------------------- */

static bool walk_is_sound(struct gofer_client *client,
	const struct gofer_call *call, uint32_t count)
{
	struct gofer_walk_reply *reply = (void *)client->reply;
	struct gofer_walk_entry *entries = (void *)(client->reply +
						    sizeof(*reply));
	bool dir = true;

	if (!reply->count || reply->count > count ||
		call->reply_size !=
			sizeof(*reply) + reply->count * sizeof(entries[0]))
		return false;
	for (uint32_t i = 0; i < reply->count; i++) {
		if (!dir || !gofer_attr_check(&entries[i].attr))
			return false;
		dir = S_ISDIR(entries[i].attr.mode);
		if (!entries[i].node == dir)
			return false;
	}
	/* It stopped because of an error, or of what it found, or not. */
	if (reply->stop > 0 || reply->stop < -4095)
		return false;
	if (reply->count == count)
		return reply->stop == 0;
	return dir == (reply->stop != 0);
}

int gofer_walk(struct gofer_client *client, uint32_t node, const char *names,
	size_t names_size, uint32_t count, struct gofer_walk_entry *entries,
	int *stop)
{
	struct gofer_call call;
	struct gofer_walk *walk = gofer_begin(
		client, &call, GOFER_WALK, sizeof(*walk));
	struct gofer_walk_reply *reply = (void *)client->reply;
	int ret;

	if (!count || count > GOFER_WALK_MAX || names_size > 32 * 256)
		return -EINVAL;
	walk->node = node;
	walk->count = (uint16_t)count;
	walk->names_size = (uint16_t)names_size;
	gofer_add(client, &call, names, names_size);
	ret = gofer_call(client, &call);
	if (ret < 0)
		return ret;
	if (!walk_is_sound(client, &call, count))
		return gofer_broken(client, "an impossible walk");
	memcpy(entries, client->reply + sizeof(*reply),
		reply->count * sizeof(entries[0]));
	*stop = reply->stop;
	return (int)reply->count;
}

/* ---- One file ---------------------------------------------------------- */

int gofer_stat(struct gofer_client *client, const struct gofer_where *where,
	struct gofer_attr *attr)
{
	struct gofer_call call;
	struct gofer_stat *stat = gofer_begin(
		client, &call, GOFER_STAT, sizeof(*stat));
	int ret = gofer_add_target(client, &call, &stat->target, where, false);

	return ret < 0 ? ret : call_attr(client, &call, attr, NULL);
}

/*
 * The descriptor must be of a regular file, be the file that the attributes
 * speak of, and be open for what was asked and no more.
 */
static int take_fd(struct gofer_client *client, const struct gofer_call *call,
	uint32_t flags, const struct gofer_attr *attr, int *host_fd)
{
	struct stat st;
	int have = fcntl(call->host_fd, F_GETFL);

	if (have < 0 || (have & O_PATH) ||
		(uint32_t)(have & O_ACCMODE) != flags ||
		(have & (O_APPEND | O_ASYNC | O_DIRECT)) ||
		host_fstat(call->host_fd, &st) < 0 || !S_ISREG(st.st_mode) ||
		!S_ISREG(attr->mode) || st.st_dev != attr->dev ||
		st.st_ino != attr->ino) {
		close(call->host_fd);
		return gofer_broken(client, "a descriptor of something else");
	}
	*host_fd = call->host_fd;
	return 0;
}

int gofer_open(struct gofer_client *client, const struct gofer_where *where,
	uint32_t flags, uint64_t dev, uint64_t ino, struct gofer_attr *attr,
	int *host_fd)
{
	struct gofer_call call;
	struct gofer_open *open = gofer_begin(
		client, &call, GOFER_OPEN, sizeof(*open));
	int ret = gofer_add_target(client, &call, &open->target, where, false);

	if (ret < 0)
		return ret;
	open->flags = flags;
	open->dev = dev;
	open->ino = ino;
	ret = call_attr(client, &call, attr, NULL);
	if (ret < 0)
		return ret;
	if ((dev || ino) && (attr->dev != dev || attr->ino != ino)) {
		close(call.host_fd);
		return gofer_broken(client, "another file than asked for");
	}
	return take_fd(client, &call, flags, attr, host_fd);
}

/* CREATE, MKDIR and MKNOD. */
static int send_new(struct gofer_client *client, enum gofer_type type,
	const struct gofer_where *where, const struct gofer_new *new,
	uint32_t flags, struct gofer_call *call, struct gofer_attr *attr,
	uint32_t *node)
{
	struct gofer_create *create = gofer_begin(
		client, call, type, sizeof(*create));
	int ret = gofer_add_target(client, call, &create->target, where, true);

	if (ret < 0)
		return ret;
	create->mode = new->mode;
	create->flags = flags;
	create->uid = new->uid;
	create->gid = new->gid;
	return call_attr(client, call, attr, node);
}

int gofer_create(struct gofer_client *client, const struct gofer_where *where,
	const struct gofer_new *new, uint32_t flags, struct gofer_attr *attr,
	int *host_fd)
{
	struct gofer_call call;
	int ret = send_new(
		client, GOFER_CREATE, where, new, flags, &call, attr, NULL);

	return ret < 0 ? ret : take_fd(client, &call, flags, attr, host_fd);
}

int gofer_mkdir(struct gofer_client *client, const struct gofer_where *where,
	const struct gofer_new *new, struct gofer_attr *attr, uint32_t *node)
{
	struct gofer_call call;
	int ret = send_new(
		client, GOFER_MKDIR, where, new, 0, &call, attr, node);

	if (!ret && !S_ISDIR(attr->mode))
		return gofer_broken(client, "a folder that is none");
	return ret;
}

/* What was made must be of the type that was asked for. */
static int check_type(struct gofer_client *client, int ret,
	const struct gofer_attr *attr, uint32_t type)
{
	if (!ret && (attr->mode & S_IFMT) != type)
		return gofer_broken(client, "a new file of another type");
	return ret;
}

int gofer_mknod(struct gofer_client *client, const struct gofer_where *where,
	const struct gofer_new *new, struct gofer_attr *attr)
{
	struct gofer_call call;
	int ret = send_new(
		client, GOFER_MKNOD, where, new, 0, &call, attr, NULL);

	return check_type(client, ret, attr, new->mode &S_IFMT);
}

int gofer_symlink(struct gofer_client *client, const struct gofer_where *where,
	const struct gofer_new *new, const char *text, struct gofer_attr *attr)
{
	struct gofer_call call;
	struct gofer_symlink *symlink = gofer_begin(
		client, &call, GOFER_SYMLINK, sizeof(*symlink));
	size_t size = strlen(text);
	int ret;

	if (!size)
		return -ENOENT;
	if (size > GOFER_LINK_MAX)
		return -ENAMETOOLONG;
	ret = gofer_add_target(client, &call, &symlink->target, where, true);
	if (ret < 0)
		return ret;
	symlink->uid = new->uid;
	symlink->gid = new->gid;
	symlink->link_size = (uint32_t)size;
	gofer_add(client, &call, text, size);
	ret = call_attr(client, &call, attr, NULL);
	return check_type(client, ret, attr, S_IFLNK);
}

/* ---- Names ------------------------------------------------------------- */

int gofer_link(struct gofer_client *client, const struct gofer_where *from,
	uint64_t dev, uint64_t ino, const struct gofer_where *to,
	struct gofer_attr *attr)
{
	struct gofer_call call;
	struct gofer_link *link = gofer_begin(
		client, &call, GOFER_LINK, sizeof(*link));
	int ret = gofer_add_target(client, &call, &link->from, from, true);

	if (!ret)
		ret = gofer_add_target(client, &call, &link->to, to, true);
	if (ret < 0)
		return ret;
	link->dev = dev;
	link->ino = ino;
	return call_attr(client, &call, attr, NULL);
}

int gofer_unlink(struct gofer_client *client, const struct gofer_where *where,
	uint32_t flags)
{
	struct gofer_call call;
	struct gofer_unlink *unlink = gofer_begin(
		client, &call, GOFER_UNLINK, sizeof(*unlink));
	int ret = gofer_add_target(client, &call, &unlink->target, where, true);

	if (ret < 0)
		return ret;
	unlink->flags = flags;
	return call_fixed(client, &call, sizeof(struct gofer_empty_reply));
}

int gofer_rename(struct gofer_client *client, const struct gofer_where *from,
	const struct gofer_where *to, uint32_t flags)
{
	struct gofer_call call;
	struct gofer_rename *rename = gofer_begin(
		client, &call, GOFER_RENAME, sizeof(*rename));
	int ret = gofer_add_target(client, &call, &rename->from, from, true);

	if (!ret)
		ret = gofer_add_target(client, &call, &rename->to, to, true);
	if (ret < 0)
		return ret;
	rename->flags = flags;
	return call_fixed(client, &call, sizeof(struct gofer_empty_reply));
}

/* A reply of some bytes, at most max; the bytes are behind the reply. */
static ssize_t call_data(
	struct gofer_client *client, struct gofer_call *call, size_t max)
{
	struct gofer_data_reply *reply = (void *)client->reply;
	int ret = gofer_call(client, call);

	if (ret < 0)
		return ret;
	if (reply->size > max || reply->full_size > GOFER_XATTR_MAX ||
		(max && reply->full_size != reply->size) ||
		call->reply_size != sizeof(*reply) + reply->size)
		return gofer_broken(client, "more bytes than possible");
	return (ssize_t)reply->full_size;
}

ssize_t gofer_readlink(struct gofer_client *client,
	const struct gofer_where *where, char *buf, size_t size)
{
	struct gofer_call call;
	struct gofer_readlink *readlink = gofer_begin(
		client, &call, GOFER_READLINK, sizeof(*readlink));
	const char *text = client->reply + sizeof(struct gofer_data_reply);
	ssize_t got;
	int ret;

	ret = gofer_add_target(client, &call, &readlink->target, where, true);
	if (ret < 0)
		return ret;
	got = call_data(client, &call, GOFER_LINK_MAX);
	if (got < 0)
		return got;
	if (!got || memchr(text, '\0', (size_t)got))
		return gofer_broken(client, "an impossible symlink");
	size = MIN(size, (size_t)got);
	memcpy(buf, text, size);
	return (ssize_t)size;
}

/* ---- READDIR ----------------------------------------------------------- */

/* One entry at *at, moved behind it; false: there is none. */
static bool take_entry(
	const char **at, const char *end, struct gofer_batch_entry *out)
{
	struct gofer_dirent entry;
	size_t padded;

	if ((size_t)(end - *at) < sizeof(entry))
		return false;
	memcpy(&entry, *at, sizeof(entry));
	*at += sizeof(entry);
	padded = (entry.name_size + 7u) & ~7u;
	if (entry.name_size > GOFER_NAME_MAX || padded > (size_t)(end - *at))
		return false;
	out->cookie = entry.cookie;
	out->name = *at;
	out->name_size = entry.name_size;
	out->attr = entry.attr;
	if (entry.attr.flags & GOFER_ATTR_PARTIAL)
		out->attr.blksize = 4096;
	*at += padded;
	return true;
}

static bool entry_is_sound(struct gofer_batch_entry *entry)
{
	const char *name = entry->name;
	size_t size = entry->name_size;

	if (!size || memchr(name, '/', size) || memchr(name, '\0', size) ||
		(name[0] == '.' &&
			(size == 1 || (size == 2 && name[1] == '.'))))
		return false;
	return entry->cookie <= INT64_MAX && gofer_attr_check(&entry->attr);
}

static bool batch_is_sound(
	struct gofer_client *client, const struct gofer_call *call)
{
	struct gofer_readdir_reply *reply = (void *)client->reply;
	const char *at = client->reply + sizeof(*reply);
	const char *end = client->reply + call->reply_size;
	struct gofer_batch_entry entry;

	if (!reply->node || !gofer_attr_check(&reply->attr) ||
		!S_ISDIR(reply->attr.mode) || (reply->flags & ~GOFER_DIR_END) ||
		reply->cookie > INT64_MAX)
		return false;
	for (uint32_t i = 0; i < reply->count; i++) {
		if (!take_entry(&at, end, &entry) || !entry_is_sound(&entry))
			return false;
	}
	/* Nothing and no end would be asked for again and again. */
	return at == end && (reply->count || (reply->flags & GOFER_DIR_END));
}

int gofer_readdir(struct gofer_client *client, const struct gofer_where *where,
	uint64_t cookie, struct gofer_batch *out)
{
	struct gofer_call call;
	struct gofer_readdir *readdir = gofer_begin(
		client, &call, GOFER_READDIR, sizeof(*readdir));
	struct gofer_readdir_reply *reply = (void *)client->reply;
	int ret;

	ret = gofer_add_target(client, &call, &readdir->target, where, false);
	if (ret < 0)
		return ret;
	readdir->cookie = cookie;
	readdir->max = GOFER_MESSAGE_MAX;
	ret = gofer_call(client, &call);
	if (ret < 0)
		return ret;
	if (!batch_is_sound(client, &call))
		return gofer_broken(client, "an impossible folder");
	out->node = reply->node;
	out->end = reply->flags & GOFER_DIR_END;
	out->count = reply->count;
	out->cookie = reply->cookie;
	out->attr = reply->attr;
	out->at = client->reply + sizeof(*reply);
	out->limit = client->reply + call.reply_size;
	return 0;
}

bool gofer_batch_next(struct gofer_batch *batch, struct gofer_batch_entry *out)
{
	if (!batch->count)
		return false;
	batch->count--;
	/* The whole batch was checked when it came. */
	return take_entry(&batch->at, batch->limit, out);
}

/* ---- Attributes -------------------------------------------------------- */

int gofer_setattr(struct gofer_client *client, const struct gofer_where *where,
	struct gofer_setattr *set, struct gofer_attr *attr)
{
	struct gofer_call call;
	struct gofer_setattr *request = gofer_begin(
		client, &call, GOFER_SETATTR, sizeof(*request));
	int ret;

	*request = *set;
	memset(&request->header, 0, sizeof(request->header));
	ret = gofer_add_target(client, &call, &request->target, where, false);
	if (ret < 0)
		return ret;
	request->target.pad = 0;
	return call_attr(client, &call, attr, NULL);
}

int gofer_statfs(struct gofer_client *client, uint32_t node,
	struct gofer_statfs_reply *out)
{
	struct gofer_call call;
	struct gofer_statfs *statfs = gofer_begin(
		client, &call, GOFER_STATFS, sizeof(*statfs));
	int ret;

	statfs->node = node;
	ret = call_fixed(client, &call, sizeof(*out));
	if (ret < 0)
		return ret;
	memcpy(out, client->reply, sizeof(*out));
	return 0;
}

int gofer_fsync(struct gofer_client *client, const struct gofer_where *where,
	uint32_t flags)
{
	struct gofer_call call;
	struct gofer_fsync *fsync = gofer_begin(
		client, &call, GOFER_FSYNC, sizeof(*fsync));
	int ret = gofer_add_target(client, &call, &fsync->target, where, false);

	if (ret < 0)
		return ret;
	fsync->flags = flags;
	return call_fixed(client, &call, sizeof(struct gofer_empty_reply));
}

/* ---- Extended attributes ----------------------------------------------- */

static int begin_xattr(struct gofer_client *client, struct gofer_call *call,
	enum gofer_type type, const struct gofer_where *where, const char *attr,
	size_t value_size, uint32_t flags)
{
	struct gofer_xattr *xattr = gofer_begin(
		client, call, type, sizeof(*xattr));
	size_t size = strlen(attr);
	int ret = gofer_add_target(client, call, &xattr->target, where, false);

	if (ret < 0)
		return ret;
	if (size > GOFER_NAME_MAX)
		return -ERANGE;
	xattr->attr_size = (uint32_t)size;
	xattr->value_size = (uint32_t)value_size;
	xattr->flags = flags;
	gofer_add(client, call, attr, size);
	return 0;
}

/* GETXATTR and LISTXATTR. */
static ssize_t call_value(struct gofer_client *client, struct gofer_call *call,
	void *value, size_t size)
{
	ssize_t got = call_data(client, call, size);

	if (got > 0 && size)
		memcpy(value, client->reply + sizeof(struct gofer_data_reply),
			(size_t)got);
	return got;
}

ssize_t gofer_getxattr(struct gofer_client *client,
	const struct gofer_where *where, const char *attr, void *value,
	size_t size)
{
	struct gofer_call call;
	int ret;

	if (!*attr)
		return -ERANGE;
	size = MIN(size, (size_t)GOFER_XATTR_MAX);
	ret = begin_xattr(client, &call, GOFER_GETXATTR, where, attr, size, 0);
	return ret < 0 ? ret : call_value(client, &call, value, size);
}

ssize_t gofer_listxattr(struct gofer_client *client,
	const struct gofer_where *where, char *list, size_t size)
{
	struct gofer_call call;
	ssize_t got;
	int ret;

	size = MIN(size, (size_t)GOFER_XATTR_MAX);
	ret = begin_xattr(client, &call, GOFER_LISTXATTR, where, "", size, 0);
	if (ret < 0)
		return ret;
	got = call_value(client, &call, list, size);
	if (got > 0 && size && list[got - 1])
		return gofer_broken(client, "an attribute name without end");
	return got;
}

int gofer_setxattr(struct gofer_client *client, const struct gofer_where *where,
	const char *attr, const void *value, size_t size, uint32_t flags)
{
	struct gofer_call call;
	int ret;

	if (!*attr)
		return -ERANGE;
	if (size > GOFER_XATTR_MAX)
		return -E2BIG;
	ret = begin_xattr(
		client, &call, GOFER_SETXATTR, where, attr, size, flags);
	if (ret < 0)
		return ret;
	gofer_add(client, &call, value, size);
	return call_fixed(client, &call, sizeof(struct gofer_empty_reply));
}

int gofer_removexattr(struct gofer_client *client,
	const struct gofer_where *where, const char *attr)
{
	struct gofer_call call;
	int ret;

	if (!*attr)
		return -ERANGE;
	ret = begin_xattr(client, &call, GOFER_REMOVEXATTR, where, attr, 0, 0);
	if (ret < 0)
		return ret;
	return call_fixed(client, &call, sizeof(struct gofer_empty_reply));
}
