/*
 * The bytes of tmpfs files.
 *
 * A small file is a piece of heap that grows by powers of two. One that gets
 * larger than TMPFS_HEAP_MAX, has a hole, or is mapped, moves to a memfd of
 * its own, for good: its shared mappings are then native, and coherent with
 * read and write because they are the same pages.
 *
 * What is charged: heap in pages; of a memfd the pages that the host says are
 * there, plus all that was ever mapped, since a guest may touch those without
 * asking. Memfds are bounded by half of our RLIMIT_NOFILE; beyond, files stay
 * in heap, and one that is to be mapped takes the place of one that never was.
 */
#include "sentry/fs/tmpfs/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/host.h"
#include "lib/checked.h"
#include "lib/log.h"

#define HEAP_MIN 64u

#define DEMOTE_MAX  (1u << 20) /* larger files keep their memfd */
#define DEMOTE_SCAN 64

static size_t memfd_count;
static struct list memfds = LIST_INIT(memfds);

static char bounce[64 * 1024]; /* under the kernel lock */

static uint64_t page_up(uint64_t n)
{
	return (n + TMPFS_PAGE - 1) & ~(uint64_t)(TMPFS_PAGE - 1);
}

/* Bytes of the file that are in heap. */
static uint64_t heap_bytes(const struct tmpfs_inode *ti)
{
	return MIN((uint64_t)ti->data.heap_size, ti->inode.attr.size);
}

void tmpfs_data_init(struct tmpfs_data *data)
{
	data->host_fd = -1;
	list_init(&data->memfd_node);
}

/* ---- Charges ----------------------------------------------------------- */

static int charge_to(struct tmpfs_inode *ti, uint64_t bytes)
{
	struct tmpfs_data *d = &ti->data;
	struct tmpfs *fs = tmpfs_of(&ti->inode);

	if (bytes > d->charged) {
		if (!tmpfs_charge(fs, bytes - d->charged))
			return -ENOSPC;
	} else {
		tmpfs_uncharge(fs, d->charged - bytes);
	}
	d->charged = bytes;
	return 0;
}

/*
 * What a memfd costs now. Falls to the truth; may only rise where a guest was
 * quicker than we, which is counted even beyond the limit by not failing.
 */
static void measure(struct tmpfs_inode *ti)
{
	struct tmpfs_data *d = &ti->data;
	uint64_t bytes, size = page_up(ti->inode.attr.size);
	struct stat st;

	if (d->host_fd < 0 || host_fstat(d->host_fd, &st) < 0)
		return;
	ti->inode.attr.blocks = (uint64_t)st.st_blocks;
	if (!checked_add((uint64_t)st.st_blocks * 512, d->reserved, &bytes) ||
		bytes > size)
		bytes = size;
	/* fallocate(KEEP_SIZE) has pages behind the end. */
	if (bytes < (uint64_t)st.st_blocks * 512)
		bytes = (uint64_t)st.st_blocks * 512;
	charge_to(ti, bytes);
}

static void set_size(struct tmpfs_inode *ti, uint64_t size)
{
	ti->inode.attr.size = size;
	/* As Linux counts, not the larger piece that the heap gave. */
	if (ti->data.host_fd < 0)
		ti->inode.attr.blocks = page_up(size) / 512;
}

/* ---- Heap -------------------------------------------------------------- */

static size_t heap_step(uint64_t size)
{
	size_t step = HEAP_MIN;

	while (step < size && step < TMPFS_HEAP_MAX)
		step *= 2;
	return step < size ? (size_t)page_up(size) : step;
}

static int heap_resize(struct tmpfs_inode *ti, size_t size)
{
	struct tmpfs_data *d = &ti->data;
	uint64_t before = d->charged;
	char *heap;
	int err;

	if (size > before) {
		err = charge_to(ti, page_up(size));
		if (err)
			return err;
	}
	heap = realloc(d->heap, size);
	if (!heap) {
		charge_to(ti, before);
		return -ENOSPC;
	}
	if (size > d->heap_size)
		memset(heap + d->heap_size, 0, size - d->heap_size);
	d->heap = heap;
	d->heap_size = size;
	charge_to(ti, page_up(size));
	return 0;
}

static int heap_reach(struct tmpfs_inode *ti, uint64_t end)
{
	if (end <= ti->data.heap_size)
		return 0;
	if (end > SIZE_MAX / 4)
		return -EFBIG;
	return heap_resize(ti, heap_step(end));
}

static void heap_drop(struct tmpfs_inode *ti)
{
	free(ti->data.heap);
	ti->data.heap = NULL;
	ti->data.heap_size = 0;
}

/* ---- Memfds ------------------------------------------------------------ */

static size_t memfd_limit(void)
{
	static size_t limit;
	struct rlimit r;

	if (!limit)
		limit = getrlimit(RLIMIT_NOFILE, &r) == 0 ? r.rlim_cur / 2
							  : 256;
	return limit;
}

static int pwrite_all(int fd, const char *p, size_t size, off_t off)
{
	ssize_t n;

	while (size) {
		n = pwrite(fd, p, size, off);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 && errno != EIO ? -ENOSPC : -EIO;
		p += n;
		off += n;
		size -= (size_t)n;
	}
	return 0;
}

/* Copies the heap's bytes; *fd is the new descriptor. */
static int memfd_fill(const struct tmpfs_inode *ti, int *out)
{
	uint64_t size = ti->inode.attr.size;
	size_t valid = MIN((uint64_t)ti->data.heap_size, size);
	unsigned int flags = MFD_CLOEXEC;
	int fd, err = 0;

	if (!(ti->seals & F_SEAL_SEAL))
		flags |= MFD_ALLOW_SEALING;
	fd = memfd_create("file", flags);
	if (fd < 0) {
		log_warn("memfd_create: %s", strerror(errno));
		return errno == EMFILE || errno == ENFILE ? -ENFILE : -ENOSPC;
	}
	if (ftruncate(fd, (off_t)size) < 0)
		err = -EFBIG;
	if (!err && valid)
		err = pwrite_all(fd, ti->data.heap, valid, 0);
	if (err) {
		close(fd);
		return err;
	}
	*out = fd;
	return 0;
}

int tmpfs_data_to_memfd(struct tmpfs_inode *ti)
{
	int fd = -1, err;

	if (ti->data.host_fd >= 0)
		return 0;
	if (memfd_count >= memfd_limit())
		return -ENFILE;
	err = memfd_fill(ti, &fd);
	if (err)
		return err;
	heap_drop(ti);
	ti->data.host_fd = fd;
	memfd_count++;
	list_add_tail(&memfds, &ti->data.memfd_node);
	measure(ti);
	return 0;
}

static void memfd_close(struct tmpfs_data *d)
{
	if (d->host_fd < 0)
		return;
	close(d->host_fd);
	d->host_fd = -1;
	list_del(&d->memfd_node);
	memfd_count--;
}

/* Back to heap: nobody has a mapping of it, nor a seal on it. */
static bool demote(struct tmpfs_inode *ti)
{
	uint64_t size = ti->inode.attr.size;
	char *heap;

	if (ti->data.reserved || size > DEMOTE_MAX ||
		!(ti->seals & F_SEAL_SEAL) || ti->data.charged > page_up(size))
		return false;
	/* A hole would be charged; better a file without any. */
	if (charge_to(ti, page_up(size)) < 0)
		return false;
	heap = calloc(1, page_up(size) + 1);
	if (!heap)
		return false;
	if (pread(ti->data.host_fd, heap, size, 0) != (ssize_t)size) {
		free(heap);
		return false;
	}
	memfd_close(&ti->data);
	ti->data.heap = heap;
	ti->data.heap_size = page_up(size);
	set_size(ti, size);
	return true;
}

int tmpfs_data_to_mapped(struct tmpfs_inode *ti)
{
	struct tmpfs_inode *other;
	struct tmpfs_data *d, *tmp;
	int scan = DEMOTE_SCAN;

	if (ti->data.host_fd < 0 && memfd_count >= memfd_limit()) {
		list_for_each_safe(d, tmp, &memfds, memfd_node)
		{
			other = container_of(d, struct tmpfs_inode, data);
			if (scan-- == 0 || demote(other))
				break;
			/* Looked at last the next time. */
			list_del(&d->memfd_node);
			list_add_tail(&memfds, &d->memfd_node);
		}
	}
	return tmpfs_data_to_memfd(ti);
}

void tmpfs_data_free(struct tmpfs_inode *ti)
{
	heap_drop(ti);
	memfd_close(&ti->data);
	charge_to(ti, 0);
}

/* ---- Reading ----------------------------------------------------------- */

static ssize_t read_memfd(int fd, struct uio *uio, off_t off, size_t size)
{
	size_t done = 0, moved;
	ssize_t n;

	while (done < size) {
		n = pread(fd, bounce, MIN(size - done, sizeof(bounce)),
			off + (off_t)done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return done ? (ssize_t)done : n < 0 ? -EIO : 0;
		moved = uio_copy_out(uio, bounce, (size_t)n);
		done += moved;
		if (moved < (size_t)n)
			break;
	}
	return done ? (ssize_t)done : -EFAULT;
}

static ssize_t read_heap(
	const struct tmpfs_data *d, struct uio *uio, uint64_t off, size_t size)
{
	size_t here = 0, done = 0;

	if (off < d->heap_size) {
		here = MIN(size, (size_t)(d->heap_size - off));
		done = uio_copy_out(uio, d->heap + off, here);
	}
	if (done == here && here < size)
		done += uio_zero_out(uio, size - here);
	return done ? (ssize_t)done : -EFAULT;
}

ssize_t tmpfs_data_read(struct tmpfs_inode *ti, struct uio *uio, off_t off)
{
	uint64_t size = ti->inode.attr.size;
	size_t want = uio->left;

	if ((uint64_t)off >= size || want == 0)
		return 0;
	if (want > size - (uint64_t)off)
		want = (size_t)(size - (uint64_t)off);
	if (ti->data.host_fd >= 0)
		return read_memfd(ti->data.host_fd, uio, off, want);
	return read_heap(&ti->data, uio, (uint64_t)off, want);
}

/* ---- Writing ----------------------------------------------------------- */

/*
 * Charges what writing size bytes at off may take, and cuts size to what can
 * be had. The pages are counted as if none of them were there yet, unless all
 * are; measure() corrects that afterwards.
 */
static int charge_write(struct tmpfs_inode *ti, off_t off, size_t *size)
{
	struct tmpfs_data *d = &ti->data;
	uint64_t start = (uint64_t)off & ~(uint64_t)(TMPFS_PAGE - 1);
	uint64_t end = page_up((uint64_t)off + *size);
	uint64_t known = page_up(ti->inode.attr.size), left;

	if (end <= known && d->charged >= known)
		return 0;
	/* What is behind the end of the file is new in any case. */
	if (d->charged >= known && start < known)
		start = known;
	left = tmpfs_available(tmpfs_of(&ti->inode)) & ~(uint64_t)4095;
	if (end - start > left) {
		end = start + left;
		if (end <= (uint64_t)off)
			return -ENOSPC;
		*size = (size_t)(end - (uint64_t)off);
	}
	return charge_to(ti, d->charged + (end - start));
}

static ssize_t write_memfd(
	struct tmpfs_inode *ti, struct uio *uio, off_t off, size_t size)
{
	size_t done = 0, got;
	int err = 0;

	err = charge_write(ti, off, &size);
	while (!err && done < size) {
		got = uio_copy_in(
			uio, bounce, MIN(size - done, sizeof(bounce)));
		if (!got) {
			err = -EFAULT;
			break;
		}
		err = pwrite_all(
			ti->data.host_fd, bounce, got, off + (off_t)done);
		if (!err)
			done += got;
	}
	if ((uint64_t)off + done > ti->inode.attr.size)
		set_size(ti, (uint64_t)off + done);
	if (ti->data.charged != page_up(ti->inode.attr.size) || err)
		measure(ti);
	else
		ti->inode.attr.blocks = ti->data.charged / 512;
	return done ? (ssize_t)done : err;
}

static ssize_t write_heap(
	struct tmpfs_inode *ti, struct uio *uio, off_t off, size_t size)
{
	size_t done;
	int err;

	err = heap_reach(ti, (uint64_t)off + size);
	if (err)
		return err;
	done = uio_copy_in(uio, ti->data.heap + off, size);
	if ((uint64_t)off + done > ti->inode.attr.size)
		set_size(ti, (uint64_t)off + done);
	return done ? (ssize_t)done : -EFAULT;
}

/* Would this write make a heap file that should not be one? */
static bool outgrows_heap(
	const struct tmpfs_inode *ti, uint64_t off, uint64_t end)
{
	return end > TMPFS_HEAP_MAX || off > page_up(heap_bytes(ti));
}

ssize_t tmpfs_data_write(struct tmpfs_inode *ti, struct uio *uio, off_t off)
{
	size_t size = uio->left;
	uint64_t end;

	if (size == 0)
		return 0;
	if (off == INT64_MAX)
		return -EFBIG;
	if (size > (uint64_t)(INT64_MAX - off))
		size = (size_t)(INT64_MAX - off);
	end = (uint64_t)off + size;
	/* Without a descriptor to be had it stays in heap. */
	if (ti->data.host_fd < 0 && outgrows_heap(ti, (uint64_t)off, end))
		tmpfs_data_to_memfd(ti);
	if (ti->data.host_fd >= 0)
		return write_memfd(ti, uio, off, size);
	return write_heap(ti, uio, off, size);
}

/* ---- Size -------------------------------------------------------------- */

static int truncate_heap(struct tmpfs_inode *ti, uint64_t size)
{
	struct tmpfs_data *d = &ti->data;

	if (size == 0) {
		heap_drop(ti);
		charge_to(ti, 0);
	} else if (size < d->heap_size) {
		memset(d->heap + size, 0, d->heap_size - (size_t)size);
		if (heap_step(size) < d->heap_size)
			heap_resize(ti, heap_step(size));
	}
	set_size(ti, size);
	return 0;
}

int tmpfs_data_truncate(struct tmpfs_inode *ti, uint64_t size)
{
	uint64_t old = ti->inode.attr.size;

	if (size > INT64_MAX)
		return -EFBIG;
	if (size > old && (ti->seals & F_SEAL_GROW))
		return -EPERM;
	if (size < old && (ti->seals & F_SEAL_SHRINK))
		return -EPERM;
	if (ti->data.host_fd < 0)
		return truncate_heap(ti, size);
	/* What was mapped can be touched as soon as the file reaches it. */
	if (size > old && ti->data.reserved &&
		MIN(ti->data.reserved, page_up(size) - page_up(old)) >
			tmpfs_available(tmpfs_of(&ti->inode)))
		return -ENOSPC;
	if (ftruncate(ti->data.host_fd, (off_t)size) < 0)
		return errno == EPERM ? -EPERM : -EFBIG;
	set_size(ti, size);
	measure(ti);
	return 0;
}

/* ---- fallocate(2) ------------------------------------------------------ */

/* Zeroes within the file, without a memfd. */
static void zero_heap(struct tmpfs_data *d, uint64_t off, uint64_t end)
{
	if (end > d->heap_size)
		end = d->heap_size;
	if (off < end)
		memset(d->heap + off, 0, (size_t)(end - off));
}

static int host_fallocate(int fd, int mode, off_t off, off_t size)
{
	while (fallocate(fd, mode, off, size) < 0) {
		if (errno != EINTR)
			return errno == EPERM        ? -EPERM
			       : errno == EOPNOTSUPP ? -EOPNOTSUPP
						     : -ENOSPC;
	}
	return 0;
}

static int punch(struct tmpfs_inode *ti, off_t off, off_t size)
{
	int err;

	if (ti->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return -EPERM;
	if (ti->data.host_fd < 0 && size >= TMPFS_PAGE)
		tmpfs_data_to_memfd(ti);
	if (ti->data.host_fd < 0) {
		zero_heap(&ti->data, (uint64_t)off, (uint64_t)(off + size));
		return 0;
	}
	err = host_fallocate(ti->data.host_fd,
		FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, off, size);
	measure(ti);
	return err;
}

static int allocate(
	struct tmpfs_inode *ti, off_t off, off_t size, bool keep_size)
{
	uint64_t end = (uint64_t)off + (uint64_t)size;
	uint64_t need = page_up(end) - ((uint64_t)off & ~(uint64_t)4095);
	int err;

	if (end > ti->inode.attr.size && !keep_size &&
		(ti->seals & F_SEAL_GROW))
		return -EPERM;
	err = tmpfs_data_to_memfd(ti);
	if (err)
		return err == -ENFILE ? -ENOSPC : err;
	if (need > tmpfs_available(tmpfs_of(&ti->inode)))
		return -ENOSPC;
	err = host_fallocate(ti->data.host_fd,
		keep_size ? FALLOC_FL_KEEP_SIZE : 0, off, size);
	if (!err && !keep_size && end > ti->inode.attr.size)
		set_size(ti, end);
	measure(ti);
	return err;
}

int tmpfs_data_allocate(struct tmpfs_inode *ti, int mode, off_t off, off_t size)
{
	bool keep_size = mode & FALLOC_FL_KEEP_SIZE;
	int err;

	switch (mode & ~FALLOC_FL_KEEP_SIZE) {
	case 0:
		return allocate(ti, off, size, keep_size);
	case FALLOC_FL_PUNCH_HOLE:
		return keep_size ? punch(ti, off, size) : -EOPNOTSUPP;
	case FALLOC_FL_ZERO_RANGE:
		err = punch(ti, off, size);
		return err ? err : allocate(ti, off, size, keep_size);
	default:
		return -EOPNOTSUPP;
	}
}

/* ---- Mapping and holes ------------------------------------------------- */

int tmpfs_data_reserve(struct tmpfs_inode *ti, off_t off, size_t size)
{
	struct tmpfs_data *d = &ti->data;
	uint64_t file = page_up(ti->inode.attr.size);
	uint64_t reserved, wanted, blocks = ti->inode.attr.blocks * 512;

	if (!checked_add(d->reserved, page_up(size), &reserved))
		reserved = UINT64_MAX;
	if (!checked_add(blocks, reserved, &wanted) || wanted > file)
		wanted = file;
	if (wanted > d->charged && charge_to(ti, wanted) < 0)
		return -ENOMEM;
	d->reserved = reserved;
	return 0;
}

static off_t seek_heap(const struct tmpfs_inode *ti, off_t off, int whence)
{
	uint64_t size = ti->inode.attr.size;
	uint64_t data_end = MIN(page_up(heap_bytes(ti)), size);

	if ((uint64_t)off >= size)
		return -ENXIO;
	if (whence == SEEK_DATA)
		return (uint64_t)off < data_end ? off : -ENXIO;
	return (uint64_t)off < data_end ? (off_t)data_end : off;
}

off_t tmpfs_data_seek(struct tmpfs_inode *ti, off_t off, int whence)
{
	off_t at;

	if (off < 0)
		return -ENXIO;
	if (ti->data.host_fd < 0)
		return seek_heap(ti, off, whence);
	at = lseek(ti->data.host_fd, off, whence);
	return at < 0 ? -errno : at;
}
