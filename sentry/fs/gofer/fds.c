/*
 * Donated descriptors: how many there are, and which is closed when there are
 * too many.
 *
 * Those of open files stay; the others are on one list for all gofer
 * filesystems, last used first, and go from its end. tmpfs takes up to half of
 * RLIMIT_NOFILE for its memfds; this takes at most three eighths.
 */
#include "sentry/fs/gofer/inode.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#define FDS_MIN 32

static struct list unused = LIST_INIT(unused);
static size_t fd_count;

static size_t fd_limit(void)
{
	static size_t limit;
	struct rlimit nofile;

	if (!limit) {
		if (getrlimit(RLIMIT_NOFILE, &nofile) < 0)
			nofile.rlim_cur = 1024;
		limit = (size_t)nofile.rlim_cur / 8 * 3;
		if (limit < FDS_MIN)
			limit = FDS_MIN;
	}
	return limit;
}

static void close_one(int *host_fd)
{
	if (*host_fd < 0)
		return;
	close(*host_fd);
	*host_fd = -1;
	fd_count--;
}

void gofer_fd_close(struct gofer_inode *gi)
{
	list_del(&gi->fd_lru);
	close_one(&gi->read_fd);
	close_one(&gi->write_fd);
	gi->write_only = false;
}

/* Room for one more; the file that asks is spared. */
static int make_room(struct gofer_inode *gi)
{
	struct gofer_inode *victim;

	list_del(&gi->fd_lru);
	while (fd_count >= fd_limit() && !list_empty(&unused)) {
		victim = list_last(&unused, struct gofer_inode, fd_lru);
		gofer_fd_close(victim);
	}
	return fd_count < fd_limit() ? 0 : -ENFILE;
}

static void keep(struct gofer_inode *gi)
{
	list_del(&gi->fd_lru);
	if (!gi->opens && gofer_fd_any(gi) >= 0)
		list_add(&unused, &gi->fd_lru);
}

static int ask(struct gofer_inode *gi, const struct gofer_where *where,
	uint32_t flags, struct gofer_attr *attr, int *host_fd)
{
	int ret = gofer_open(gofer_client_of(gi), where, flags, gi->dev,
		gi->ino, attr, host_fd);

	return ret == -ENOENT ? -ESTALE : ret;
}

static int fetch(struct gofer_inode *gi, uint32_t flags, int *host_fd)
{
	struct gofer_where where;
	struct gofer_attr attr;
	int ret;

	ret = make_room(gi);
	if (!ret)
		ret = gofer_inode_where(gi, &where);
	if (!ret)
		ret = ask(gi, &where, flags, &attr, host_fd);
	/* The name may be another file's by now, which is then meant. */
	if (ret == -ESTALE && !gofer_inode_refresh(gi) &&
		!gofer_inode_where(gi, &where))
		ret = ask(gi, &where, flags, &attr, host_fd);
	if (!ret) {
		fd_count++;
		gofer_inode_update(gi, &attr);
	}
	keep(gi);
	return gofer_inode_error(gi, ret);
}

int gofer_fd_read(struct gofer_inode *gi)
{
	if (gi->read_fd >= 0) {
		keep(gi);
		return 0;
	}
	return fetch(gi, O_RDONLY, &gi->read_fd);
}

int gofer_fd_write(struct gofer_inode *gi)
{
	int ret;

	if (gi->write_fd >= 0) {
		keep(gi);
		return 0;
	}
	ret = fetch(gi, O_RDWR, &gi->write_fd);
	if (ret != -EACCES)
		return ret;
	/* The host lets us write only, as the guest may want, too. */
	ret = fetch(gi, O_WRONLY, &gi->write_fd);
	gi->write_only = !ret;
	return ret;
}

void gofer_fd_adopt(struct gofer_inode *gi, int host_fd)
{
	if (gi->write_fd >= 0 || make_room(gi) < 0) {
		close(host_fd);
	} else {
		gi->write_fd = host_fd;
		fd_count++;
	}
	keep(gi);
}

void gofer_fd_pin(struct gofer_inode *gi, bool writer)
{
	gi->opens++;
	gi->writers += writer;
	list_del(&gi->fd_lru);
}

/*
 * One for writing goes at once: as long as it is open, the host refuses to
 * run the file.
 */
void gofer_fd_unpin(struct gofer_inode *gi, bool writer)
{
	gi->opens--;
	gi->writers -= writer;
	if (!gi->writers && (gi->read_fd >= 0 || !gi->opens))
		close_one(&gi->write_fd);
	keep(gi);
}

int gofer_fd_any(const struct gofer_inode *gi)
{
	return gi->read_fd >= 0 ? gi->read_fd : gi->write_fd;
}
