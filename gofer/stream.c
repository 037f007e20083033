/*
 * Folders being read.
 *
 * A stream keeps the host's position between two READDIRs of one folder, so
 * that a sentry that reads on where it stopped gets what readdir(3) promises.
 * There are few; one that was given up to another folder is opened anew and
 * positioned by the cookie, which filesystems keep valid.
 */
#include "gofer/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void stream_drop(struct stream *stream)
{
	if (!stream->node)
		return;
	close(stream->host_fd);
	stream->node = NULL;
}

static struct stream *choose(
	struct tree *tree, struct node *node, uint64_t cookie)
{
	struct stream *best = &tree->streams[0];
	struct stream *stream;

	for (size_t i = 0; i < STREAMS_MAX; i++) {
		stream = &tree->streams[i];
		if (stream->node == node && stream->cookie == cookie)
			return stream;
		if (!stream->node)
			best = stream;
		else if (best->node && stream->used < best->used)
			best = stream;
	}
	stream_drop(best);
	return best;
}

struct stream *stream_get(
	struct tree *tree, struct node *node, uint64_t cookie, int *error)
{
	struct stream *stream = choose(tree, node, cookie);
	int dirfd, fd;

	stream->used = ++tree->ticks;
	if (stream->node)
		return stream;
	dirfd = node_fd(tree, node);
	if (dirfd < 0) {
		*error = dirfd;
		return NULL;
	}
	fd = open_beneath(tree, dirfd, ".",
		O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK, 0);
	node_unpin(tree, node);
	if (fd < 0) {
		*error = fd;
		return NULL;
	}
	if (cookie && lseek(fd, (off_t)cookie, SEEK_SET) < 0) {
		*error = -errno;
		close(fd);
		return NULL;
	}
	stream->node = node;
	stream->host_fd = fd;
	stream->cookie = cookie;
	return stream;
}
