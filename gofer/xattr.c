/*
 * Extended attributes: the "user." ones, of regular files and folders. The
 * host has no call for them by folder and name before Linux 6.13, so the file
 * is opened.
 */
#include "gofer/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define PREFIX "user."

/* A request taken apart. */
struct parts {
	char name[GOFER_NAME_MAX + 1];
	char attr[XATTR_NAME_MAX + 1];
	const char *value;
};

static bool take_parts(const struct gofer_xattr *xattr, struct extra *extra,
	bool has_attr, bool has_value, struct parts *out)
{
	if (!take_target(extra, &xattr->target, true, out->name) ||
		xattr->value_size > GOFER_XATTR_MAX ||
		xattr->attr_size > XATTR_NAME_MAX ||
		!xattr->attr_size == has_attr ||
		(xattr->flags & ~(uint32_t)(XATTR_CREATE | XATTR_REPLACE)))
		return false;
	if (extra->left != xattr->attr_size +
				   (has_value ? xattr->value_size : 0) ||
		memchr(extra->bytes, '\0', xattr->attr_size))
		return false;
	memcpy(out->attr, extra->bytes, xattr->attr_size);
	out->attr[xattr->attr_size] = '\0';
	out->value = extra->bytes + xattr->attr_size;
	return true;
}

static bool is_served(const char *attr)
{
	return !strncmp(attr, PREFIX, strlen(PREFIX)) && attr[strlen(PREFIX)];
}

/* -EOPNOTSUPP for what has no attributes for users. */
static int open_file(struct gofer *gofer, const struct gofer_xattr *xattr,
	const char *name, bool change)
{
	struct place place;
	struct facts facts;
	int ret = place_open(&gofer->tree, xattr->target.node, name, &place);

	if (ret < 0)
		return ret;
	ret = place_facts(&gofer->tree, &place, &facts);
	if (!ret && (xattr->dev || xattr->ino) &&
		(facts.attr.dev != xattr->dev || facts.attr.ino != xattr->ino))
		ret = -ESTALE;
	if (!ret && change)
		ret = place_writable(&place);
	if (!ret && (facts.blank || (!S_ISREG(facts.attr.mode) &&
					    !S_ISDIR(facts.attr.mode))))
		ret = -EOPNOTSUPP;
	if (!ret)
		ret = place_verified_descriptor(
			&gofer->tree, &place, O_RDONLY, &facts);
	place_close(&gofer->tree, &place);
	return ret;
}

int op_getxattr(struct gofer *gofer, const void *request, struct extra *extra,
	struct reply *reply)
{
	const struct gofer_xattr *xattr = request;
	struct parts parts;
	ssize_t size;
	int fd;

	if (!take_parts(xattr, extra, true, false, &parts))
		return GOFER_BROKEN;
	if (!is_served(parts.attr))
		return -EOPNOTSUPP;
	fd = open_file(gofer, xattr, parts.name, false);
	if (fd < 0)
		return fd == -EOPNOTSUPP ? -ENODATA : fd;
	size = fgetxattr(
		fd, parts.attr, reply->bytes + reply->size, xattr->value_size);
	size = size < 0 ? -errno : size;
	close(fd);
	if (size < 0)
		return (int)size;
	if (size > GOFER_XATTR_MAX)
		return -E2BIG;
	reply->data.full_size = (uint32_t)size;
	if (!xattr->value_size)
		return 0;
	reply->data.size = (uint32_t)size;
	reply->size += (size_t)size;
	return 0;
}

/* Keeps the names that are served; the bytes left. */
static size_t filter_list(char *list, size_t size)
{
	size_t from = 0, to = 0, length;

	while (from < size) {
		length = strnlen(list + from, size - from);
		if (length == size - from)
			break; /* No NUL: the host does not do that. */
		length++;
		if (is_served(list + from)) {
			memmove(list + to, list + from, length);
			to += length;
		}
		from += length;
	}
	return to;
}

int op_listxattr(struct gofer *gofer, const void *request, struct extra *extra,
	struct reply *reply)
{
	const struct gofer_xattr *xattr = request;
	char *list = reply->bytes + reply->size;
	struct parts parts;
	ssize_t size;
	int fd;

	if (!take_parts(xattr, extra, false, false, &parts))
		return GOFER_BROKEN;
	fd = open_file(gofer, xattr, parts.name, false);
	if (fd == -EOPNOTSUPP)
		return 0;
	if (fd < 0)
		return fd;
	size = flistxattr(fd, list, GOFER_XATTR_MAX);
	size = size < 0 ? -errno : size;
	close(fd);
	if (size < 0)
		return (int)size;
	size = (ssize_t)filter_list(list, (size_t)size);
	reply->data.full_size = (uint32_t)size;
	if (!xattr->value_size)
		return 0;
	if ((size_t)size > xattr->value_size)
		return -ERANGE;
	reply->data.size = (uint32_t)size;
	reply->size += (size_t)size;
	return 0;
}

int op_setxattr(struct gofer *gofer, const void *request, struct extra *extra,
	struct reply *reply)
{
	const struct gofer_xattr *xattr = request;
	struct parts parts;
	int fd, ret;

	if (!take_parts(xattr, extra, true, true, &parts))
		return GOFER_BROKEN;
	if (!is_served(parts.attr))
		return -EOPNOTSUPP;
	fd = open_file(gofer, xattr, parts.name, true);
	if (fd < 0)
		return fd == -EOPNOTSUPP ? -EPERM : fd;
	ret = fsetxattr(fd, parts.attr, parts.value, xattr->value_size,
		(int)xattr->flags);
	ret = ret < 0 ? -errno : 0;
	close(fd);
	return ret;
}

int op_removexattr(struct gofer *gofer, const void *request,
	struct extra *extra, struct reply *reply)
{
	const struct gofer_xattr *xattr = request;
	struct parts parts;
	int fd, ret;

	if (!take_parts(xattr, extra, true, false, &parts))
		return GOFER_BROKEN;
	if (!is_served(parts.attr))
		return -EOPNOTSUPP;
	fd = open_file(gofer, xattr, parts.name, true);
	if (fd < 0)
		return fd == -EOPNOTSUPP ? -EPERM : fd;
	ret = fremovexattr(fd, parts.attr) < 0 ? -errno : 0;
	close(fd);
	return ret;
}
