/*
 * Pipes and FIFOs.
 *
 * A pipe is a ring of bytes on an inode. Each open file is one end or both,
 * counted as reader and writer; the pipe goes with the last of them, a FIFO's
 * too: inode->object points at the pipe only while it is open somewhere.
 *
 * The ring's memory comes with the first write. A write of PIPE_BUF bytes or
 * less goes in whole or not at all, a longer one in part. In packet mode
 * (O_DIRECT) the ring is cut into segments, and a read takes one packet and
 * throws away what did not fit. Segments are kept only from the first packet
 * until the ring is empty again.
 *
 * open(2) of a FIFO waits for the other side. The file is opened at once,
 * and the system call then waits until fifo_open_waits() says no.
 */
#include "sentry/fs/anon/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "lib/checked.h"
#include "sentry/kernel/task.h"
#include "sentry/vfs/special.h"
#include "sentry/vfs/vfs.h"

#define PIPE_SIZE_SMALL      8192
#define PIPE_SIZE_PRIVILEGED (64u << 20)
#define PIPE_TOTAL_HARD      (256u << 20) /* nobody goes beyond */

#define IN_EVENTS  (EPOLLIN | EPOLLRDNORM)
#define OUT_EVENTS (EPOLLOUT | EPOLLWRNORM)

struct segment {
	uint32_t size;
	bool packet;
};

struct pipe {
	char *ring;  /* owned, size bytes; NULL before the first write */
	size_t size; /* a power of two, >= PIPE_BUF */
	size_t head; /* of the oldest byte, < size */
	size_t used;
	struct segment *segments; /* owned, size / PIPE_BUF; NULL: no packet */
	size_t segment_count;
	bool anonymous; /* of pipe(2): opened again through /proc, it never
			   waits for the other side */
	unsigned int readers;
	unsigned int writers;
	/* Opens so far; who waits for the other side watches them change. */
	unsigned int reader_opens;
	unsigned int writer_opens;
	struct waitq waitq;
};

/* file->priv: owned by the file. */
struct pipe_end {
	struct pipe *pipe;
	bool waits;                /* open(2) has to wait for the other side */
	unsigned int seen;         /* its count of opens then */
	unsigned int writers_seen; /* writer_opens then: no hang-up before */
};

static size_t total; /* bytes of all rings, whether allocated or not */

static struct pipe *pipe_of(const struct file *file)
{
	return ((const struct pipe_end *)file->priv)->pipe;
}

/* ---- The ring ---------------------------------------------------------- */

/* The piece of ring from off (counted from head) that does not wrap. */
static char *ring_piece(const struct pipe *p, size_t off, size_t *size)
{
	size_t at = (p->head + off) & (p->size - 1);

	*size = MIN(*size, p->size - at);
	return p->ring + at;
}

/* The first size bytes, which stay. */
static void ring_copy(const struct pipe *p, char *dst, size_t size)
{
	size_t part = size;
	const char *piece = ring_piece(p, 0, &part);

	memcpy(dst, piece, part);
	memcpy(dst + part, p->ring, size - part);
}

static void ring_advance(struct pipe *p, size_t size)
{
	p->used -= size;
	p->head = (p->head + size) & (p->size - 1);
	/* An empty ring starts anew: a quiet pipe touches one page. */
	if (!p->used)
		p->head = 0;
}

static size_t ring_read(struct pipe *p, struct uio *uio, size_t size)
{
	size_t done = 0, want, part, moved;
	char *piece;

	while (done < size) {
		want = part = size - done;
		piece = ring_piece(p, done, &part);
		moved = uio_copy_out(uio, piece, part);
		done += moved;
		if (moved < part || part == want)
			break;
	}
	return done;
}

/* As on Linux a page of which a part cannot be read is not written at all. */
static size_t ring_write(struct pipe *p, struct uio *uio, size_t size)
{
	size_t done = 0, want, part, moved;
	char *piece;

	while (done < size) {
		want = part = size - done;
		piece = ring_piece(p, p->used + done, &part);
		moved = uio_copy_in(uio, piece, part);
		done += moved;
		if (moved < part)
			done -= done % PIPE_BUF;
		if (moved < part || part == want)
			break;
	}
	p->used += done;
	return done;
}

/* ---- Segments ---------------------------------------------------------- */

static size_t segments_max(const struct pipe *p)
{
	return p->size / PIPE_BUF;
}

static void segments_drop(struct pipe *p)
{
	free(p->segments);
	p->segments = NULL;
	p->segment_count = 0;
}

static void segment_add(struct pipe *p, size_t size, bool packet)
{
	struct segment *last;

	if (!packet && p->segment_count) {
		last = &p->segments[p->segment_count - 1];
		if (!last->packet) {
			last->size += (uint32_t)size;
			return;
		}
	}
	p->segments[p->segment_count++] = (struct segment){
		.size = (uint32_t)size,
		.packet = packet,
	};
}

/* The first packet ever: what is in the ring becomes one segment. */
static int segments_start(struct pipe *p)
{
	if (p->segments)
		return 0;
	p->segments = alloc_array(segments_max(p), sizeof(*p->segments));
	if (!p->segments)
		return -ENOMEM;
	if (p->used)
		segment_add(p, p->used, false);
	return 0;
}

/*
 * size bytes of the front were taken: shortens the segments and, if whole is
 * set, throws away the rest of a packet.
 */
static void segments_consume(struct pipe *p, size_t size, bool whole)
{
	size_t gone = 0;
	struct segment *s = p->segments;

	while (gone < p->segment_count && size >= s[gone].size)
		size -= s[gone++].size;
	if (gone < p->segment_count && size) {
		s[gone].size -= (uint32_t)size;
		if (whole && s[gone].packet)
			ring_advance(p, s[gone++].size);
	}
	p->segment_count -= gone;
	memmove(s, s + gone, p->segment_count * sizeof(*s));
	if (!p->segment_count)
		segments_drop(p);
}

static bool is_full(const struct pipe *p)
{
	if (p->segments && p->segment_count == segments_max(p))
		return true;
	return p->size - p->used < PIPE_BUF;
}

/* ---- Operations -------------------------------------------------------- */

static void take(struct pipe *p, size_t size, bool whole)
{
	ring_advance(p, size);
	if (p->segments)
		segments_consume(p, size, whole);
	waitq_wake(&p->waitq, OUT_EVENTS);
}

/* How much one read may take: to the end of the packet, or of the stream. */
static size_t readable_size(const struct pipe *p)
{
	return p->segments ? p->segments[0].size : p->used;
}

static ssize_t pipe_read(struct file *file, struct uio *uio, off_t *off)
{
	struct pipe *p = pipe_of(file);
	size_t size, done = 0;
	bool packet;

	if (!uio->left)
		return 0;
	if (!p->used)
		return p->writers ? -EAGAIN : 0;
	do {
		packet = p->segments && p->segments[0].packet;
		size = MIN(uio->left, readable_size(p));
		/* A stream read goes on, but not into a packet. */
		if (packet && done)
			break;
		size = ring_read(p, uio, size);
		if (!size)
			return done ? (ssize_t)done : -EFAULT;
		done += size;
		take(p, size, true);
	} while (!packet && p->used && uio->left);
	return (ssize_t)done;
}

static int ring_alloc(struct pipe *p)
{
	if (!p->ring)
		p->ring = malloc(p->size);
	return p->ring ? 0 : -ENOMEM;
}

static ssize_t write_packets(struct pipe *p, struct uio *uio)
{
	size_t size, done = 0;

	if (segments_start(p) < 0)
		return -ENOMEM;
	while (uio->left && !is_full(p)) {
		size = ring_write(p, uio, MIN(uio->left, (size_t)PIPE_BUF));
		if (!size)
			return done ? (ssize_t)done : -EFAULT;
		segment_add(p, size, true);
		done += size;
	}
	if (!p->segment_count)
		segments_drop(p);
	return done ? (ssize_t)done : -EAGAIN;
}

static ssize_t write_bytes(struct pipe *p, struct uio *uio)
{
	size_t room = p->size - p->used;
	size_t size;

	if (!room || (uio->left <= PIPE_BUF && room < uio->left))
		return -EAGAIN;
	if (p->segments && is_full(p) &&
		p->segments[p->segment_count - 1].packet)
		return -EAGAIN;
	size = ring_write(p, uio, MIN(uio->left, room));
	if (!size)
		return -EFAULT;
	if (p->segments)
		segment_add(p, size, false);
	return (ssize_t)size;
}

static ssize_t pipe_write(struct file *file, struct uio *uio, off_t *off)
{
	struct pipe *p = pipe_of(file);
	ssize_t ret;

	if (!uio->left)
		return 0;
	if (!p->readers)
		return -EPIPE;
	if (ring_alloc(p) < 0)
		return -ENOMEM;
	if (file->flags & O_DIRECT)
		ret = write_packets(p, uio);
	else
		ret = write_bytes(p, uio);
	if (ret > 0)
		waitq_wake(&p->waitq, IN_EVENTS);
	return ret;
}

static uint32_t pipe_poll(struct file *file)
{
	const struct pipe_end *end = file->priv;
	const struct pipe *p = end->pipe;
	uint32_t events = 0;

	if (file_readable(file)) {
		if (p->used)
			events |= IN_EVENTS;
		if (!p->writers && end->writers_seen != p->writer_opens)
			events |= EPOLLHUP;
	}
	if (file_writable(file)) {
		if (!is_full(p))
			events |= OUT_EVENTS;
		if (!p->readers)
			events |= EPOLLERR;
	}
	return events;
}

static struct waitq *pipe_waitq(struct file *file)
{
	return &pipe_of(file)->waitq;
}

static long pipe_ioctl(
	struct file *file, struct mm *mm, unsigned int cmd, uint64_t arg)
{
	int used = (int)pipe_of(file)->used;

	if (cmd != FIONREAD)
		return -ENOTTY;
	return put_user(mm, arg, &used);
}

static void pipe_free(struct pipe *p)
{
	total -= p->size;
	waitq_finish(&p->waitq);
	segments_drop(p);
	free(p->ring);
	free(p);
}

static void pipe_release(struct file *file)
{
	struct pipe_end *end = file->priv;
	struct pipe *p = end->pipe;

	if (file_readable(file))
		p->readers--;
	if (file_writable(file))
		p->writers--;
	free(end);
	if (!p->readers && !p->writers) {
		file->inode->object = NULL;
		pipe_free(p);
		return;
	}
	waitq_wake(&p->waitq, IN_EVENTS | OUT_EVENTS | EPOLLHUP | EPOLLERR);
}

static const struct file_ops pipe_ops = {
	.read = pipe_read,
	.write = pipe_write,
	.poll = pipe_poll,
	.waitq = pipe_waitq,
	.ioctl = pipe_ioctl,
	.release = pipe_release,
	.no_seek = true,
};

/* ---- Opening ----------------------------------------------------------- */

static struct pipe *pipe_new(void)
{
	struct pipe *p = alloc_zero(p);

	if (!p)
		return NULL;
	p->size = total + PIPE_SIZE_DEFAULT > PIPE_TOTAL_SOFT
			  ? PIPE_SIZE_SMALL
			  : PIPE_SIZE_DEFAULT;
	total += p->size;
	waitq_init(&p->waitq);
	return p;
}

/* Counts a file in. flags: O_RDONLY, O_WRONLY or O_RDWR. */
static struct pipe_end *end_new(struct pipe *p, unsigned int flags)
{
	struct pipe_end *end = alloc_zero(end);

	if (!end)
		return NULL;
	end->pipe = p;
	if ((flags & O_ACCMODE) != O_WRONLY) {
		p->readers++;
		p->reader_opens++;
	}
	if ((flags & O_ACCMODE) != O_RDONLY) {
		p->writers++;
		p->writer_opens++;
	}
	return end;
}

/* One end of a new pipe. Takes over no reference. */
static int end_open(struct pipe *p, struct inode *inode, unsigned int flags,
	struct file **out)
{
	struct pipe_end *end = end_new(p, flags);
	char name[40];
	int ret;

	if (!end)
		return -ENOMEM;
	snprintf(name, sizeof(name), "pipe:[%llu]",
		(unsigned long long)inode->attr.ino);
	ret = file_new_anonymous(name, inode, &pipe_ops, flags, end, out);
	if (ret < 0) {
		if ((flags & O_ACCMODE) == O_WRONLY)
			p->writers--;
		else
			p->readers--;
		free(end);
	}
	return ret;
}

int pipe_open(unsigned int flags, struct file *ends[2])
{
	struct inode *inode = inode_new_anonymous(S_IFIFO | 0600);
	struct pipe *p = pipe_new();
	struct file *files[2];
	int ret = -ENOMEM;

	if (!inode || !p)
		goto fail;
	p->anonymous = true;
	if (current) {
		inode->attr.uid = current->cred->fsuid;
		inode->attr.gid = current->cred->fsgid;
	}
	inode->object = p;
	ret = end_open(p, inode, O_RDONLY | flags, &files[0]);
	if (ret < 0)
		goto fail;
	ret = end_open(p, inode, O_WRONLY | flags, &files[1]);
	if (ret < 0) {
		/* The last file frees the pipe. */
		p = NULL;
		file_put(files[0]);
		goto fail;
	}
	inode_put(inode);
	ends[0] = files[0];
	ends[1] = files[1];
	return 0;

fail:
	if (inode) {
		inode->object = NULL;
		inode_put(inode);
	}
	if (p)
		pipe_free(p);
	return ret;
}

/* Also what opening /proc/self/fd/N of a pipe comes to. */
static int fifo_open(struct inode *inode, struct file *file)
{
	unsigned int mode = file->flags & O_ACCMODE;
	struct pipe *p = inode->object;
	bool fresh = !p;
	struct pipe_end *end;

	if (mode == O_WRONLY && (file->flags & O_NONBLOCK) &&
		(!p || (!p->readers && !p->anonymous)))
		return -ENXIO;
	if (fresh)
		p = pipe_new();
	if (!p)
		return -ENOMEM;
	end = end_new(p, mode);
	if (!end) {
		if (fresh)
			pipe_free(p);
		return -ENOMEM;
	}
	if (p->anonymous) {
		end->writers_seen = p->writer_opens - 1; /* may hang up */
	} else if (mode == O_RDONLY && !p->writers) {
		end->writers_seen = p->writer_opens;
		end->seen = p->writer_opens;
		end->waits = !(file->flags & O_NONBLOCK);
	} else if (mode == O_WRONLY && !p->readers) {
		end->seen = p->reader_opens;
		end->waits = true;
	}
	inode->object = p;
	file->ops = &pipe_ops;
	file->priv = end;
	waitq_wake(&p->waitq, 0);
	return 0;
}

bool fifo_open_waits(struct file *file, struct waitq **q)
{
	struct pipe_end *end;
	struct pipe *p;

	if (!file_is_pipe(file))
		return false;
	end = file->priv;
	p = end->pipe;
	if (end->waits && end->seen != (file_readable(file) ? p->writer_opens
							    : p->reader_opens))
		end->waits = false;
	*q = &p->waitq;
	return end->waits;
}

void pipe_register(void)
{
	static struct special_type fifo = {.type = S_IFIFO, .open = fifo_open};

	special_register(&fifo);
}

bool file_is_pipe(const struct file *file)
{
	return file->ops == &pipe_ops;
}

/* ---- Size and splicing ------------------------------------------------- */

long pipe_size_get(const struct file *file)
{
	return (long)pipe_of(file)->size;
}

/* Moves the bytes into a ring of another size, which holds them. */
static int ring_resize(struct pipe *p, size_t size)
{
	struct segment *segments;
	char *ring = NULL;

	if (p->segments) {
		segments = reallocarray(
			p->segments, size / PIPE_BUF, sizeof(*segments));
		if (!segments)
			return -ENOMEM;
		p->segments = segments;
	}
	if (p->ring) {
		ring = malloc(size);
		if (!ring)
			return -ENOMEM;
		ring_copy(p, ring, p->used);
		free(p->ring);
	}
	total = total - p->size + size;
	p->ring = ring;
	p->head = 0;
	p->size = size;
	return 0;
}

long pipe_size_set(struct file *file, size_t size, bool privileged)
{
	struct pipe *p = pipe_of(file);
	size_t rounded = PIPE_BUF;
	int ret;

	if (size > (size_t)INT_MAX + 1)
		return -EINVAL;
	while (rounded < size)
		rounded *= 2;
	if (rounded > p->size && !privileged &&
		(rounded > PIPE_SIZE_LIMIT ||
			total - p->size + rounded > PIPE_TOTAL_SOFT))
		return -EPERM;
	if (rounded > PIPE_SIZE_PRIVILEGED ||
		(rounded > p->size &&
			total - p->size + rounded > PIPE_TOTAL_HARD))
		return -ENOMEM;
	if (rounded < p->used || p->segment_count > rounded / PIPE_BUF)
		return -EBUSY;
	ret = ring_resize(p, rounded);
	if (ret < 0)
		return ret;
	waitq_wake(&p->waitq, OUT_EVENTS);
	return (long)p->size;
}

ssize_t pipe_peek(struct file *in, void *buf, size_t size)
{
	struct pipe *p = pipe_of(in);

	if (!p->used)
		return p->writers ? -EAGAIN : 0;
	size = MIN(size, readable_size(p));
	ring_copy(p, buf, size);
	return (ssize_t)size;
}

void pipe_consume(struct file *in, size_t size)
{
	take(pipe_of(in), size, false);
}

ssize_t pipe_room(struct file *out)
{
	const struct pipe *p = pipe_of(out);

	if (!p->readers)
		return -EPIPE;
	return is_full(p) ? 0 : (ssize_t)(p->size - p->used);
}
