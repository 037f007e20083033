/*
 * open(2): from a name to an open file.
 */
#include "sentry/vfs/vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "sentry/vfs/inotify.h"
#include "sentry/vfs/internal.h"
#include "sentry/vfs/special.h"

/* Flags that matter only while opening. */
#define TRANSIENT_FLAGS                                                        \
	(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC |                   \
		(O_TMPFILE & ~O_DIRECTORY))
#define TMPFILE_FLAG (O_TMPFILE & ~O_DIRECTORY)

/* Of a file that is only a place: nothing can be done to it. */
static const struct file_ops path_file_ops = {.no_seek = false};

/* ---- Opening a place --------------------------------------------------- */

static unsigned int wanted_access(int flags)
{
	static const unsigned int by_mode[] = {MAY_READ, MAY_WRITE,
		MAY_READ | MAY_WRITE, MAY_READ | MAY_WRITE};
	unsigned int want = by_mode[flags & O_ACCMODE];

	return flags & O_TRUNC ? want | MAY_WRITE : want;
}

static bool is_stored(mode_t mode)
{
	return S_ISREG(mode) || S_ISDIR(mode);
}

/* What the type of file forbids, then the permission bits. */
static int may_open(struct path path, int flags, const struct cred *cred)
{
	struct inode *inode = path.dentry->inode;
	mode_t mode = inode->attr.mode;
	unsigned int want = wanted_access(flags);
	int err;

	if (S_ISLNK(mode))
		return -ELOOP;
	if (S_ISDIR(mode) && (want & MAY_WRITE))
		return -EISDIR;
	if ((S_ISCHR(mode) || S_ISBLK(mode)) && (path.mount->flags & MNT_NODEV))
		return -EACCES;
	if (!cred)
		return 0;
	err = inode_permission(inode, cred, want);
	if (err)
		return err;
	if ((flags & O_NOATIME) && !inode_owner_or_capable(inode, cred))
		return -EPERM;
	return 0;
}

static int open_inode(struct inode *inode, struct file *file)
{
	mode_t mode = inode->attr.mode;

	if (inode->ops->open)
		return inode->ops->open(inode, file);
	if (is_stored(mode) || (inode->fops && !S_ISFIFO(mode)))
		return 0;
	return special_open(inode, file);
}

/* Writers of files that are run are refused; others are counted. */
static int count_writer(struct file *file)
{
	struct inode *inode = file->inode;
	unsigned int want = wanted_access((int)file->flags);

	if (!(want & MAY_WRITE) || !S_ISREG(inode->attr.mode))
		return 0;
	if (inode->write_count < 0)
		return -ETXTBSY;
	inode->write_count++;
	if (file->path.mount)
		file->path.mount->writers++;
	file->counted_writer = true;
	return 0;
}

static int truncate_opened(struct file *file)
{
	struct attr attr = {.size = 0};

	if (!(file->flags & O_TRUNC) || !S_ISREG(file->inode->attr.mode))
		return 0;
	return vfs_setattr(file->path, NULL, &attr, ATTR_SIZE);
}

static int open_path_only(struct path path, int flags, struct file **out)
{
	flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW;
	return file_new(path, (unsigned int)flags, &path_file_ops, out);
}

/* Everything after permission: path exists. */
static int open_allowed(
	struct path path, int flags, const struct cred *cred, struct file **out)
{
	struct inode *inode = path.dentry->inode;
	struct file *file;
	int err = 0;

	if ((wanted_access(flags) & MAY_WRITE) && is_stored(inode->attr.mode))
		err = mount_want_write(path.mount);
	if (!err)
		err = file_new(path, (unsigned int)flags, inode->fops, &file);
	if (err)
		return err;
	/* A cred is counted however it was handed on. */
	file->cred = cred ? cred_get((struct cred *)(uintptr_t)cred) : NULL;
	err = count_writer(file);
	if (!err)
		err = open_inode(inode, file);
	if (err || !file->ops) {
		file->ops = NULL; /* was never open: no events */
		file_put(file);
		return err ? err : -ENXIO;
	}
	err = truncate_opened(file);
	if (err) {
		file_put(file);
		return err;
	}
	file->flags &= ~(unsigned int)TRANSIENT_FLAGS;
	if (inotify_active())
		inotify_file(file, IN_OPEN);
	*out = file;
	return 0;
}

int file_open(
	struct path path, int flags, const struct cred *cred, struct file **out)
{
	int err;

	if ((flags & O_DIRECTORY) && !S_ISDIR(path.dentry->inode->attr.mode))
		return -ENOTDIR;
	if (flags & O_PATH)
		return open_path_only(path, flags, out);
	err = may_open(path, flags, cred);
	return err ? err : open_allowed(path, flags, cred, out);
}

int file_open_inode(struct inode *inode, int flags, struct file **out)
{
	struct path path = {NULL, NULL};
	int err;

	path.dentry = dentry_new_anonymous("", inode_get(inode));
	if (!path.dentry)
		return -ENOMEM;
	err = open_allowed(path, flags, NULL, out);
	dentry_put(path.dentry);
	return err;
}

/* ---- Opening a name ---------------------------------------------------- */

static int open_existing(struct walk_state *s, int flags, struct file **out)
{
	unsigned int walk_flags = 0;
	struct path path;
	int err;

	if (!(flags & O_NOFOLLOW))
		walk_flags |= WALK_FOLLOW;
	if (flags & O_DIRECTORY)
		walk_flags |= WALK_DIRECTORY;
	err = walk_whole(s, walk_flags, &path);
	if (err)
		return err;
	err = file_open(path, flags, s->walk->cred, out);
	path_put(path);
	return err;
}

static int create_and_open(struct walk_state *s, struct path path, int flags,
	mode_t mode, struct file **out)
{
	const struct cred *cred = s->walk->cred;
	struct inode *dir = s->path.dentry->inode;
	struct new_inode spec = {.mode = S_IFREG | (mode & 07777)};
	struct inode *inode;
	int err;

	err = mount_want_write(s->path.mount);
	if (!err)
		err = may_create(s->path.dentry, cred);
	if (!err && !dir->ops->create)
		err = -EACCES;
	if (err)
		return err;
	new_inode_prepare(&spec, dir, cred);
	err = dir->ops->create(dir, &s->last, &spec, &inode);
	if (err)
		return err;
	dentry_instantiate(path.dentry, inode);
	if (inotify_active())
		inotify_name(dir, s->last_text, inode, IN_CREATE, 0);
	return open_allowed(path, flags & ~O_TRUNC, cred, out);
}

/* What O_CREAT does with a last component that is no plain name. */
static int odd_create(const struct walk_state *s, int flags)
{
	if (s->last_type != LAST_NORMAL && (flags & O_EXCL))
		return -EEXIST;
	return -EISDIR;
}

static int open_found(
	struct walk_state *s, struct path path, int flags, struct file **out)
{
	if (flags & O_EXCL)
		return -EEXIST;
	if (S_ISDIR(path.dentry->inode->attr.mode))
		return -EISDIR;
	return file_open(path, flags, s->walk->cred, out);
}

static int open_or_create(
	struct walk_state *s, int flags, mode_t mode, struct file **out)
{
	struct path path;
	bool arrived = false;
	int err;

	for (;;) {
		err = walk_to_last(s);
		if (err)
			return err;
		if (s->last_type != LAST_NORMAL || s->must_be_dir)
			return odd_create(s, flags);
		err = walk_last(s, &path);
		if (err)
			return err;
		if (!path.dentry->inode ||
			!S_ISLNK(path.dentry->inode->attr.mode) ||
			(flags & (O_EXCL | O_NOFOLLOW)))
			break;
		err = walk_follow(s, path, &arrived);
		if (err)
			return err;
		if (arrived) {
			path = path_get(s->path);
			break;
		}
	}
	if (path.dentry->inode)
		err = open_found(s, path, flags, out);
	else
		err = create_and_open(s, path, flags, mode, out);
	path_put(path);
	return err;
}

static int open_nameless(
	struct walk_state *s, int flags, mode_t mode, struct file **out)
{
	const struct cred *cred = s->walk->cred;
	struct new_inode spec = {.mode = S_IFREG | (mode & 07777)};
	struct inode *dir, *inode;
	struct path place, path;
	int err;

	err = walk_whole(s, WALK_FOLLOW | WALK_DIRECTORY, &place);
	if (err)
		return err;
	dir = place.dentry->inode;
	err = mount_want_write(place.mount);
	if (!err)
		err = may_create(place.dentry, cred);
	if (!err && !dir->ops->tmpfile)
		err = -EOPNOTSUPP;
	if (!err) {
		new_inode_prepare(&spec, dir, cred);
		err = dir->ops->tmpfile(dir, &spec, &inode);
	}
	if (!err) {
		inode->linkable = !(flags & O_EXCL);
		path.mount = place.mount;
		path.dentry = dentry_new_nameless(place.dentry, inode);
		if (!path.dentry) {
			err = -ENOMEM;
		} else {
			err = open_allowed(path, flags & ~O_TRUNC, cred, out);
			dentry_put(path.dentry);
		}
	}
	path_put(place);
	return err;
}

/* Combinations that open(2) refuses whatever the name. */
static int check_flags(int flags)
{
	if (flags & O_PATH)
		return 0;
	if (flags & TMPFILE_FLAG) {
		if (!(flags & O_DIRECTORY) || (flags & O_CREAT))
			return -EINVAL;
		return (flags & O_ACCMODE) == O_RDONLY ? -EINVAL : 0;
	}
	return (flags & O_CREAT) && (flags & O_DIRECTORY) ? -EINVAL : 0;
}

static int open_once(const struct walk *walk, const char *name, int flags,
	mode_t mode, struct file **out)
{
	struct walk_state s;
	int err;

	err = walk_begin(&s, walk, name);
	if (err)
		;
	else if (flags & O_PATH)
		err = open_existing(&s, flags, out);
	else if (flags & TMPFILE_FLAG)
		err = open_nameless(&s, flags, mode, out);
	else if (flags & O_CREAT)
		err = open_or_create(&s, flags, mode, out);
	else
		err = open_existing(&s, flags, out);
	walk_end(&s);
	return err;
}

int vfs_open(const struct walk *walk, const char *name, int flags, mode_t mode,
	struct file **out)
{
	int err = check_flags(flags);

	if (!err)
		err = open_once(walk, name, flags, mode, out);
	/* Somebody outside has put another file there: look again, once. */
	if (err == -ESTALE)
		err = open_once(walk, name, flags, mode, out);
	return err;
}
