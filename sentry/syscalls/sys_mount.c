/*
 * Mounting: mount(2), umount2(2), pivot_root(2); and unshare(2), whose only
 * namespace so far is that of mounts.
 *
 * Linux: every mount is private; changes of propagation are accepted and do
 * nothing. A remount changes the flags of the mount, not the options of its
 * filesystem.
 */
#include "sentry/syscalls/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sentry/kernel/fdtable.h"
#include "sentry/kernel/fsctx.h"
#include "sentry/syscalls/files.h"

#define TYPE_MAX 4096
#define DATA_MAX 4096

/* umount2(2); <sys/mount.h> does not go with <linux/mount.h>. */
#define UMOUNT_FORCE    0x1
#define UMOUNT_DETACH   0x2
#define UMOUNT_EXPIRE   0x4
#define UMOUNT_NOFOLLOW 0x8

#define MS_PROPAGATION (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)

static bool may_mount(const struct task *t)
{
	return cred_capable(t->cred, CAP_SYS_ADMIN);
}

static unsigned int mount_flags(unsigned long flags)
{
	unsigned int out = 0;

	if (flags & MS_RDONLY)
		out |= MNT_READONLY;
	if (flags & MS_NOSUID)
		out |= MNT_NOSUID;
	if (flags & MS_NODEV)
		out |= MNT_NODEV;
	if (flags & MS_NOEXEC)
		out |= MNT_NOEXEC;
	if (flags & MS_NOATIME)
		out |= MNT_NOATIME;
	return out;
}

/* ---- mount ------------------------------------------------------------- */

/* The strings of a mount call, copied in; each may be NULL. */
struct mount_args {
	char *source, *type, *data;
};

static int string_in(struct task *t, uaddr_t addr, size_t size, char **out)
{
	ssize_t n;

	if (!addr)
		return 0;
	*out = malloc(size);
	if (!*out)
		return -ENOMEM;
	n = copy_in_string(t->mm, *out, addr, size);
	return n == -ENAMETOOLONG ? -EINVAL : n < 0 ? (int)n : 0;
}

/* Options are a page of anything, ended by a NUL or by what can be read. */
static int data_in(struct task *t, uaddr_t addr, char **out)
{
	size_t n;

	if (!addr)
		return 0;
	*out = calloc(1, DATA_MAX + 1);
	if (!*out)
		return -ENOMEM;
	n = copy_in_some(t->mm, *out, addr, DATA_MAX);
	(*out)[n] = 0;
	return n ? 0 : -EFAULT;
}

static void args_free(struct mount_args *args)
{
	free(args->source);
	free(args->type);
	free(args->data);
}

static int mount_new_fs(
	const struct mount_args *args, struct path at, unsigned long flags)
{
	const struct fs_type *type;
	struct fs *fs;
	int err;

	if (!args->type)
		return -EINVAL;
	type = fs_type_find(args->type);
	if (!type)
		return -ENODEV;
	if (!type->user_mount)
		return -EPERM;
	err = type->mount(args->source, args->data, &fs);
	if (err)
		return err;
	err = mount_attach(at, fs, NULL, mount_flags(flags), NULL);
	fs_put(fs);
	return err;
}

/* MS_BIND and MS_MOVE: from a place that source names. */
static int mount_from_place(struct task *t, const struct mount_args *args,
	struct path at, unsigned long flags)
{
	struct walk walk;
	struct path from;
	int err;

	if (!args->source || !*args->source)
		return -EINVAL;
	err = walk_start(t, AT_FDCWD, args->source, &walk);
	if (err)
		return err;
	err = vfs_walk(&walk, args->source, WALK_FOLLOW, &from);
	walk_finish(&walk);
	if (err)
		return err;
	if (flags & MS_BIND)
		err = mount_bind(from, at, flags & MS_REC);
	else
		err = mount_move(from, at);
	path_put(from);
	return err;
}

/* Only one kind at a time, on the root of a mount. */
static int set_propagation(struct path at, unsigned long flags)
{
	unsigned long kind = flags & MS_PROPAGATION;

	if ((kind & (kind - 1)) ||
		(flags & ~(unsigned long)(MS_PROPAGATION | MS_REC | MS_SILENT)))
		return -EINVAL;
	return at.dentry == at.mount->root ? 0 : -EINVAL;
}

static int do_mount(struct task *t, const struct mount_args *args,
	struct path at, unsigned long flags)
{
	if (!may_mount(t))
		return -EPERM;
	if (flags & MS_REMOUNT)
		return mount_set_flags(at, mount_flags(flags));
	if (flags & MS_BIND)
		return mount_from_place(t, args, at, flags);
	if (flags & MS_PROPAGATION)
		return set_propagation(at, flags);
	if (flags & MS_MOVE)
		return mount_from_place(t, args, at, flags);
	return mount_new_fs(args, at, flags);
}

long sys_mount(struct task *t, uaddr_t source, uaddr_t target, uaddr_t type,
	unsigned long flags, uaddr_t data)
{
	struct mount_args args = {0};
	struct path at;
	int err;

	/* The magic number of old programs. */
	if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
		flags &= ~(unsigned long)MS_MGC_MSK;
	err = string_in(t, type, TYPE_MAX, &args.type);
	if (!err)
		err = string_in(t, source, VFS_PATH_MAX, &args.source);
	if (!err)
		err = data_in(t, data, &args.data);
	if (!err)
		err = named_place(t, AT_FDCWD, target, 0, 0, &at);
	if (!err) {
		err = do_mount(t, &args, at, flags);
		path_put(at);
	}
	args_free(&args);
	return err;
}

/* ---- umount ------------------------------------------------------------ */

long sys_umount2(struct task *t, uaddr_t target, int flags)
{
	const int known = UMOUNT_FORCE | UMOUNT_DETACH | UMOUNT_EXPIRE |
			  UMOUNT_NOFOLLOW;
	int at_flags = flags & UMOUNT_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0;
	struct path at;
	int err;

	if (flags & ~known)
		return -EINVAL;
	err = named_place(t, AT_FDCWD, target, at_flags, 0, &at);
	if (err)
		return err;
	if (!may_mount(t))
		err = -EPERM;
	else if (at.dentry != at.mount->root)
		err = -EINVAL;
	else if ((flags & UMOUNT_EXPIRE) &&
		 (flags & (UMOUNT_FORCE | UMOUNT_DETACH)))
		err = -EINVAL;
	else {
		/* mount_detach() counts uses: the mount alone is held. */
		dentry_put(at.dentry);
		at.dentry = NULL;
		err = mount_detach(at.mount, flags & ~UMOUNT_NOFOLLOW);
	}
	path_put(at);
	return err;
}

/* ---- pivot_root -------------------------------------------------------- */

struct pivot {
	struct path from, to;
};

static void move_task(struct task *t, const struct pivot *p)
{
	if (!t->fs)
		return;
	if (path_equal(t->fs->root, p->from))
		fsctx_set_root(t->fs, p->to);
	if (path_equal(t->fs->cwd, p->from))
		fsctx_set_cwd(t->fs, p->to);
}

static void move_group(struct thread_group *tg, void *data)
{
	struct task *t;

	list_for_each(t, &tg->threads, thread_node) move_task(t, data);
}

long sys_pivot_root(struct task *t, uaddr_t new_root, uaddr_t put_old)
{
	struct pivot p = {.from = t->fs->root};
	struct path old;
	int err;

	if (!may_mount(t))
		return -EPERM;
	err = named_place(t, AT_FDCWD, new_root, 0, WALK_DIRECTORY, &p.to);
	if (err)
		return err;
	err = named_place(t, AT_FDCWD, put_old, 0, WALK_DIRECTORY, &old);
	if (err) {
		path_put(p.to);
		return err;
	}
	path_get(p.from);
	err = mount_pivot(p.from, p.to, old);
	if (!err)
		thread_group_each(move_group, &p);
	path_put(p.from);
	path_put(p.to);
	path_put(old);
	return err;
}

/* ---- unshare ----------------------------------------------------------- */

#define UNSHARE_KNOWN                                                          \
	(CLONE_THREAD | CLONE_FS | CLONE_NEWNS | CLONE_SIGHAND | CLONE_VM |    \
		CLONE_FILES | CLONE_SYSVSEM | UNSHARE_MISSING)
#define UNSHARE_MISSING                                                        \
	(CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWUSER |          \
		CLONE_NEWPID | CLONE_NEWCGROUP | CLONE_NEWTIME)

static int unshare_check(const struct task *t, unsigned long flags)
{
	if (flags & ~(unsigned long)UNSHARE_KNOWN)
		return -EINVAL;
	/* What threads share they go on sharing. */
	if (flags & (CLONE_THREAD | CLONE_SIGHAND | CLONE_VM) &&
		t->tg->thread_count > 1)
		return -EINVAL;
	/* Linux: these namespaces are not there yet. */
	if (flags & UNSHARE_MISSING)
		return -EPERM;
	return flags & CLONE_NEWNS && !may_mount(t) ? -EPERM : 0;
}

/* What the task shall have instead; each NULL if it keeps what it has. */
static int unshare_prepare(struct task *t, unsigned long flags,
	struct fsctx **fs, struct fdtable **fds)
{
	int err = 0;

	*fs = NULL;
	*fds = NULL;
	if (flags & (CLONE_FS | CLONE_NEWNS)) {
		*fs = fsctx_copy(t->fs);
		if (!*fs)
			return -ENOMEM;
		if (flags & CLONE_NEWNS)
			err = fsctx_unshare_ns(*fs);
	}
	if (!err && (flags & CLONE_FILES)) {
		*fds = fdtable_copy(t->fds);
		if (!*fds)
			err = -ENOMEM;
	}
	if (err)
		fsctx_put(*fs);
	return err;
}

long sys_unshare(struct task *t, unsigned long flags)
{
	struct fdtable *fds;
	struct fsctx *fs;
	int err;

	err = unshare_check(t, flags);
	if (!err)
		err = unshare_prepare(t, flags, &fs, &fds);
	if (err)
		return err;
	if (fs) {
		fsctx_put(t->fs);
		t->fs = fs;
	}
	if (fds) {
		fdtable_put(t->fds);
		t->fds = fds;
	}
	return 0;
}
