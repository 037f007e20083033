/*
 * Messages that change the host's files. Each is refused outside of a writable
 * root and on hidden names before anything is done.
 */
#include "gofer/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452 /* Linux 6.6 */
#endif

#define PERMISSIONS 07777u

/*
 * A set-user-ID file that belongs to root outlives the sandbox, for every user
 * of the host to run: not without the launcher's word.
 */
static int check_mode(
	const struct gofer *gofer, const struct place *place, uint32_t mode)
{
	uint32_t dangerous = S_ISDIR(mode) ? 0 : S_ISUID | S_ISGID;

	if (gofer->tree.uid == 0 && !place->root->suid && (mode & dangerous))
		return -EPERM;
	return 0;
}

/* chmod(2) by an O_PATH descriptor. dirfd and name serve older hosts. */
static int change_mode(struct tree *tree, const struct place *place,
	const struct facts *facts, int fd, uint32_t mode)
{
	int ret, file;

	if (!syscall(SYS_fchmodat2, fd, "", mode, AT_EMPTY_PATH))
		return 0;
	if (errno != ENOSYS && errno != EPERM && errno != EINVAL)
		return -errno;
	if (!S_ISREG(facts->attr.mode) && !S_ISDIR(facts->attr.mode))
		return -EOPNOTSUPP;
	file = place_verified_descriptor(tree, place, O_RDONLY, facts);
	if (file < 0)
		return file;
	ret = fchmod(file, mode) < 0 ? -errno : 0;
	close(file);
	return ret;
}

/*
 * Gives what was just made its owner and the bits of its mode that the host
 * left out. Where we may not, the host's choice stays. Something else that
 * was put there meanwhile is left alone: what we made is ours and has one
 * name.
 */
static int settle(struct gofer *gofer, struct place *place, uint32_t uid,
	uint32_t gid, uint32_t mode, struct facts *facts)
{
	struct tree *tree = &gofer->tree;
	int fd, ret;

	ret = place_facts(tree, place, facts);
	if (ret < 0)
		return ret;
	if ((facts->attr.uid == uid && facts->attr.gid == gid &&
		    !(mode & 07000 & ~facts->attr.mode)) ||
		facts->attr.uid != tree->uid ||
		(facts->attr.mode & S_IFMT) != (mode & S_IFMT) ||
		(!S_ISDIR(mode) && facts->attr.nlink != 1))
		return 0;
	fd = place_verified_descriptor(tree, place, O_PATH, facts);
	if (fd < 0)
		return fd;
	ret = fchownat(fd, "", uid, gid, AT_EMPTY_PATH);
	if (!S_ISLNK(mode) && (mode & 07000))
		ret = change_mode(tree, place, facts, fd, mode & PERMISSIONS);
	close(fd);
	return place_facts(tree, place, facts);
}

/* The part that all that make something have in common. */
static int open_for_making(struct gofer *gofer, uint32_t node, const char *name,
	uint32_t mode, struct place *place)
{
	int ret = place_open(&gofer->tree, node, name, place);

	if (ret < 0)
		return ret;
	ret = place_writable(place);
	if (!ret)
		ret = check_mode(gofer, place, mode);
	if (ret < 0)
		place_close(&gofer->tree, place);
	return ret;
}

/* The new file is ours alone until it has a descriptor: no race here. */
static int create_file(struct gofer *gofer, struct place *place,
	const struct gofer_create *create, struct reply *reply)
{
	struct statx stx;
	int fd, ret;

	fd = place_descriptor(&gofer->tree, place,
		(int)create->flags | O_CREAT | O_EXCL, create->mode);
	if (fd < 0)
		return fd;
	ret = fchown(fd, create->uid, create->gid);
	if (create->mode & 07000)
		ret = fchmod(fd, create->mode);
	ret = statx(
		fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &stx);
	if (ret < 0) {
		ret = -errno;
		close(fd);
		return ret;
	}
	attr_from_statx(&stx, &reply->attr.attr);
	reply->host_fd = fd;
	return 0;
}

int op_create(struct gofer *gofer, const void *request, struct extra *extra,
	struct reply *reply)
{
	const struct gofer_create *create = request;
	char name[GOFER_NAME_MAX + 1];
	struct place place;
	int ret;

	if (!take_target(extra, &create->target, false, name) || extra->left ||
		(create->mode & ~PERMISSIONS) ||
		(create->flags != O_RDONLY && create->flags != O_WRONLY &&
			create->flags != O_RDWR))
		return GOFER_BROKEN;
	ret = open_for_making(gofer, create->target.node, name,
		create->mode | S_IFREG, &place);
	if (ret < 0)
		return ret;
	ret = create_file(gofer, &place, create, reply);
	place_close(&gofer->tree, &place);
	return ret;
}

int op_mkdir(struct gofer *gofer, const void *request, struct extra *extra,
	struct reply *reply)
{
	const struct gofer_create *create = request;
	char name[GOFER_NAME_MAX + 1];
	struct place place;
	struct facts facts;
	struct node *node;
	int ret;

	if (!take_target(extra, &create->target, false, name) || extra->left ||
		(create->mode & ~PERMISSIONS) || create->flags)
		return GOFER_BROKEN;
	ret = open_for_making(gofer, create->target.node, name,
		create->mode | S_IFDIR, &place);
	if (ret < 0)
		return ret;
	ret = mkdirat(place.dirfd, name, create->mode) < 0 ? -errno : 0;
	if (!ret)
		ret = settle(gofer, &place, create->uid, create->gid,
			create->mode | S_IFDIR, &facts);
	if (!ret && !S_ISDIR(facts.attr.mode))
		ret = -ESTALE;
	if (!ret)
		ret = tree_child(&gofer->tree, place.node, name, &facts, &node);
	place_close(&gofer->tree, &place);
	if (ret < 0)
		return ret;
	reply->attr.node = node->number;
	reply->attr.attr = facts.attr;
	return 0;
}

int op_mknod(struct gofer *gofer, const void *request, struct extra *extra,
	struct reply *reply)
{
	const struct gofer_create *create = request;
	char name[GOFER_NAME_MAX + 1];
	struct place place;
	struct facts facts;
	int ret;

	if (!take_target(extra, &create->target, false, name) || extra->left ||
		(create->mode & ~(PERMISSIONS | S_IFMT)) || create->flags)
		return GOFER_BROKEN;
	if (!S_ISFIFO(create->mode) && !S_ISSOCK(create->mode))
		return -EPERM;
	ret = open_for_making(
		gofer, create->target.node, name, create->mode, &place);
	if (ret < 0)
		return ret;
	ret = mknodat(place.dirfd, name, create->mode, 0) < 0 ? -errno : 0;
	if (!ret)
		ret = settle(gofer, &place, create->uid, create->gid,
			create->mode, &facts);
	place_close(&gofer->tree, &place);
	if (!ret)
		reply->attr.attr = facts.attr;
	return ret;
}

int op_symlink(struct gofer *gofer, const void *request, struct extra *extra,
	struct reply *reply)
{
	const struct gofer_symlink *symlink = request;
	char name[GOFER_NAME_MAX + 1];
	char text[GOFER_LINK_MAX + 1];
	struct place place;
	struct facts facts;
	int ret;

	if (!take_target(extra, &symlink->target, false, name) ||
		extra->left != symlink->link_size || !extra->left ||
		extra->left > GOFER_LINK_MAX ||
		memchr(extra->bytes, '\0', extra->left))
		return GOFER_BROKEN;
	memcpy(text, extra->bytes, extra->left);
	text[extra->left] = '\0';
	ret = open_for_making(
		gofer, symlink->target.node, name, S_IFLNK | 0777, &place);
	if (ret < 0)
		return ret;
	ret = symlinkat(text, place.dirfd, name) < 0 ? -errno : 0;
	if (!ret)
		ret = settle(gofer, &place, symlink->uid, symlink->gid,
			S_IFLNK | 0777, &facts);
	place_close(&gofer->tree, &place);
	if (!ret)
		reply->attr.attr = facts.attr;
	return ret;
}

/* ---- Names ------------------------------------------------------------- */

static int link_places(struct tree *tree, const struct gofer_link *link,
	struct place *from, struct place *to, struct facts *facts)
{
	int ret = place_writable(from);

	if (!ret)
		ret = place_writable(to);
	if (!ret)
		ret = place_facts(tree, from, facts);
	if (ret < 0)
		return ret;
	if (facts->attr.dev != link->dev || facts->attr.ino != link->ino)
		return -ESTALE;
	if (S_ISDIR(facts->attr.mode))
		return -EPERM;
	if (linkat(from->dirfd, from->name, to->dirfd, to->name, 0) < 0)
		return -errno;
	ret = place_facts(tree, to, facts);
	if (!ret && (facts->attr.dev != link->dev ||
			    facts->attr.ino != link->ino)) {
		/* Exchanged between look and link: take it back. */
		unlinkat(to->dirfd, to->name, 0);
		return -ESTALE;
	}
	return ret;
}

/* Both ends of a LINK or RENAME; both are closed on failure. */
static int open_both(struct tree *tree, uint32_t from_node, const char *from,
	uint32_t to_node, const char *to, struct place places[2])
{
	int ret = place_open(tree, from_node, from, &places[0]);

	if (ret < 0)
		return ret;
	ret = place_open(tree, to_node, to, &places[1]);
	if (ret < 0)
		place_close(tree, &places[0]);
	return ret;
}

static void close_both(struct tree *tree, struct place places[2])
{
	place_close(tree, &places[1]);
	place_close(tree, &places[0]);
}

int op_link(struct gofer *gofer, const void *request, struct extra *extra,
	struct reply *reply)
{
	const struct gofer_link *link = request;
	char from[GOFER_NAME_MAX + 1];
	char to[GOFER_NAME_MAX + 1];
	struct place places[2];
	struct facts facts;
	int ret;

	if (!take_target(extra, &link->from, false, from) ||
		!take_target(extra, &link->to, false, to) || extra->left)
		return GOFER_BROKEN;
	ret = open_both(
		&gofer->tree, link->from.node, from, link->to.node, to, places);
	if (ret < 0)
		return ret;
	ret = link_places(&gofer->tree, link, &places[0], &places[1], &facts);
	close_both(&gofer->tree, places);
	if (!ret)
		reply->attr.attr = facts.attr;
	return ret;
}

int op_unlink(struct gofer *gofer, const void *request, struct extra *extra,
	struct reply *reply)
{
	const struct gofer_unlink *unlink = request;
	char name[GOFER_NAME_MAX + 1];
	struct place place;
	struct facts facts;
	int ret;

	if (!take_target(extra, &unlink->target, false, name) || extra->left ||
		(unlink->flags & ~(uint32_t)AT_REMOVEDIR))
		return GOFER_BROKEN;
	ret = place_open(&gofer->tree, unlink->target.node, name, &place);
	if (ret < 0)
		return ret;
	ret = place_facts(&gofer->tree, &place, &facts);
	if (!ret)
		ret = place_writable(&place);
	if (!ret && facts.blank)
		ret = -EBUSY;
	if (!ret && unlinkat(place.dirfd, name, (int)unlink->flags) < 0)
		ret = -errno;
	if (!ret)
		tree_detach_child(&gofer->tree, place.node, name);
	place_close(&gofer->tree, &place);
	return ret;
}

static int check_rename(struct tree *tree, struct place *from, struct place *to)
{
	struct facts facts;
	int ret = place_facts(tree, from, &facts);

	if (!ret)
		ret = place_writable(from);
	if (ret < 0)
		return ret;
	if (facts.blank || place_holds_hidden(from))
		return -EBUSY;
	ret = place_writable(to);
	if (ret < 0)
		return ret;
	ret = place_facts(tree, to, &facts);
	if (facts.hidden)
		return -EACCES;
	if (place_holds_hidden(to) || (!ret && facts.blank))
		return -EBUSY;
	return ret == -ENOENT ? 0 : ret;
}

int op_rename(struct gofer *gofer, const void *request, struct extra *extra,
	struct reply *reply)
{
	const struct gofer_rename *rename = request;
	char from[GOFER_NAME_MAX + 1];
	char to[GOFER_NAME_MAX + 1];
	struct place places[2];
	int ret;

	if (!take_target(extra, &rename->from, false, from) ||
		!take_target(extra, &rename->to, false, to) || extra->left ||
		(rename->flags && rename->flags != RENAME_NOREPLACE &&
			rename->flags != RENAME_EXCHANGE))
		return GOFER_BROKEN;
	ret = open_both(&gofer->tree, rename->from.node, from, rename->to.node,
		to, places);
	if (ret < 0)
		return ret;
	ret = check_rename(&gofer->tree, &places[0], &places[1]);
	if (!ret && renameat2(places[0].dirfd, from, places[1].dirfd, to,
			    rename->flags) < 0)
		ret = -errno;
	if (!ret && rename->flags == RENAME_EXCHANGE)
		tree_swap_children(
			&gofer->tree, places[0].node, from, places[1].node, to);
	else if (!ret)
		tree_move_child(
			&gofer->tree, places[0].node, from, places[1].node, to);
	close_both(&gofer->tree, places);
	return ret;
}

/* ---- SETATTR ----------------------------------------------------------- */

static int change_size(struct tree *tree, const struct place *place,
	const struct facts *facts, uint64_t size)
{
	int fd, ret;

	if (S_ISDIR(facts->attr.mode))
		return -EISDIR;
	if (!S_ISREG(facts->attr.mode))
		return -EINVAL;
	fd = place_verified_descriptor(tree, place, O_WRONLY, facts);
	if (fd < 0)
		return fd;
	ret = ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

static int change_owner(int fd, const struct gofer_setattr *set)
{
	uid_t uid = set->valid & GOFER_SET_UID ? set->uid : (uid_t)-1;
	gid_t gid = set->valid & GOFER_SET_GID ? set->gid : (gid_t)-1;

	return fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

static struct timespec new_time(const struct gofer_setattr *set,
	const struct gofer_time *time, uint32_t given, uint32_t now)
{
	if (set->valid & now)
		return (struct timespec){.tv_nsec = UTIME_NOW};
	if (set->valid & given)
		return (struct timespec){time->sec, time->nsec};
	return (struct timespec){.tv_nsec = UTIME_OMIT};
}

static int change_times(int fd, const struct gofer_setattr *set)
{
	struct timespec times[2] = {
		new_time(
			set, &set->atime, GOFER_SET_ATIME, GOFER_SET_ATIME_NOW),
		new_time(
			set, &set->mtime, GOFER_SET_MTIME, GOFER_SET_MTIME_NOW),
	};

	return utimensat(fd, "", times, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

#define SET_OWNER (GOFER_SET_UID | GOFER_SET_GID)
#define SET_TIMES                                                              \
	(GOFER_SET_ATIME | GOFER_SET_MTIME | GOFER_SET_ATIME_NOW |             \
		GOFER_SET_MTIME_NOW)

/* The owner first: chown(2) takes set-ID bits away. */
static int change_attr(struct tree *tree, struct place *place,
	const struct gofer_setattr *set, const struct facts *facts)
{
	int fd, ret = 0;

	if (set->valid & GOFER_SET_SIZE)
		ret = change_size(tree, place, facts, set->size);
	if (ret < 0 || !(set->valid & ~(uint32_t)GOFER_SET_SIZE))
		return ret;
	fd = place_verified_descriptor(tree, place, O_PATH, facts);
	if (fd < 0)
		return fd;
	if (set->valid & SET_OWNER)
		ret = change_owner(fd, set);
	if (!ret && (set->valid & GOFER_SET_MODE))
		ret = change_mode(tree, place, facts, fd, set->mode);
	if (!ret && (set->valid & SET_TIMES))
		ret = change_times(fd, set);
	close(fd);
	return ret;
}

static int setattr(struct gofer *gofer, const struct gofer_setattr *set,
	struct place *place, struct facts *facts)
{
	int ret = place_facts(&gofer->tree, place, facts);

	if (ret < 0)
		return ret;
	if (facts->attr.dev != set->dev || facts->attr.ino != set->ino)
		return -ESTALE;
	ret = place_writable(place);
	if (!ret && facts->blank)
		ret = -EPERM;
	if (!ret && (set->valid & GOFER_SET_MODE))
		ret = check_mode(
			gofer, place, set->mode | (facts->attr.mode & S_IFMT));
	if (!ret)
		ret = change_attr(&gofer->tree, place, set, facts);
	if (!ret)
		ret = place_facts(&gofer->tree, place, facts);
	return ret;
}

int op_setattr(struct gofer *gofer, const void *request, struct extra *extra,
	struct reply *reply)
{
	const struct gofer_setattr *set = request;
	char name[GOFER_NAME_MAX + 1];
	struct place place;
	struct facts facts;
	int ret;

	if (!take_target(extra, &set->target, true, name) || extra->left ||
		(set->valid & ~(uint32_t)GOFER_SET_ALL) ||
		(set->mode & ~PERMISSIONS) || set->size > INT64_MAX ||
		set->atime.nsec >= 1000000000 || set->mtime.nsec >= 1000000000)
		return GOFER_BROKEN;
	ret = place_open(&gofer->tree, set->target.node, name, &place);
	if (ret < 0)
		return ret;
	ret = setattr(gofer, set, &place, &facts);
	place_close(&gofer->tree, &place);
	if (!ret)
		reply->attr.attr = facts.attr;
	return ret;
}
