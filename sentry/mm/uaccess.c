/*
 * Guest memory.
 *
 * process_vm_readv(2) moves whole pages until the first that cannot be
 * reached and, with one remote piece, may stop at a page boundary before it
 * or report EFAULT with nothing moved although the first bytes could be read.
 * Linux' own copy_from_user() gives exactly the bytes up to the bad page, so
 * a short transfer is finished piece by piece, a page at a time.
 */
#include "sentry/mm/uaccess.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "lib/checked.h"

#define GUEST_PAGE 4096u
#define GUEST_END  (UINT64_C(1) << 47)

typedef ssize_t (*transfer_fn)(pid_t pid, const struct iovec *local,
	unsigned long local_count, const struct iovec *remote,
	unsigned long remote_count, unsigned long flags);

/* How many of size bytes at addr lie where a guest's pointer may point. */
static size_t allowed(uaddr_t addr, size_t size)
{
	if (addr >= GUEST_END)
		return 0;
	if (size > GUEST_END - addr)
		size = GUEST_END - addr;
	if (addr >= STUB_WINDOW_END)
		return size;
	if (addr >= STUB_WINDOW_START)
		return 0;
	return MIN(size, (size_t)(STUB_WINDOW_START - addr));
}

static size_t transfer(
	struct mm *mm, transfer_fn fn, char *local, uaddr_t addr, size_t size)
{
	size_t done = 0;
	ssize_t moved;

	size = allowed(addr, size);
	if (mm->host_pid == 0)
		return 0;
	while (done < size) {
		struct iovec here = {local + done, size - done};
		struct iovec there = {
			(void *)(uintptr_t)(addr + done), size - done};

		if (done) {
			/* After a short transfer: to the end of the page. */
			size_t page = GUEST_PAGE - (addr + done) % GUEST_PAGE;

			here.iov_len = there.iov_len = MIN(size - done, page);
		}
		moved = fn(mm->host_pid, &here, 1, &there, 1, 0);
		if (moved > 0) {
			done += (size_t)moved;
			continue;
		}
		if (done || size - done <= GUEST_PAGE - addr % GUEST_PAGE)
			break;
		/* Nothing at once: perhaps the first page alone can be had. */
		there.iov_len = here.iov_len = GUEST_PAGE - addr % GUEST_PAGE;
		moved = fn(mm->host_pid, &here, 1, &there, 1, 0);
		if (moved <= 0)
			break;
		done += (size_t)moved;
	}
	return done;
}

size_t copy_in_some(struct mm *mm, void *dst, uaddr_t src, size_t size)
{
	return transfer(mm, process_vm_readv, dst, src, size);
}

size_t copy_out_some(struct mm *mm, uaddr_t dst, const void *src, size_t size)
{
	/* process_vm_writev() only reads what its local pieces point at. */
	return transfer(
		mm, process_vm_writev, (char *)(uintptr_t)src, dst, size);
}

int copy_in(struct mm *mm, void *dst, uaddr_t src, size_t size)
{
	return copy_in_some(mm, dst, src, size) == size ? 0 : -EFAULT;
}

int copy_out(struct mm *mm, uaddr_t dst, const void *src, size_t size)
{
	return copy_out_some(mm, dst, src, size) == size ? 0 : -EFAULT;
}

ssize_t copy_in_string(struct mm *mm, char *dst, uaddr_t src, size_t size)
{
	size_t have = 0;
	size_t want, got;
	char *end;

	/* Most strings are short: 256 bytes first, then a page at a time. */
	while (have < size) {
		want = GUEST_PAGE - (src + have) % GUEST_PAGE;
		if (have == 0 && want > 256)
			want = 256;
		want = MIN(want, size - have);
		got = copy_in_some(mm, dst + have, src + have, want);
		end = memchr(dst + have, 0, got);
		if (end)
			return end - dst;
		if (got < want)
			return -EFAULT;
		have += got;
	}
	return -ENAMETOOLONG;
}

int zero_out(struct mm *mm, uaddr_t dst, size_t size)
{
	static const char zeros[GUEST_PAGE];
	size_t part;

	for (; size; size -= part, dst += part) {
		part = MIN(size, sizeof(zeros));
		if (copy_out(mm, dst, zeros, part) < 0)
			return -EFAULT;
	}
	return 0;
}

/* ---- uio --------------------------------------------------------------- */

void uio_init(struct uio *uio, struct mm *mm, uaddr_t addr, size_t size)
{
	if (size > UIO_MAX_RW)
		size = UIO_MAX_RW;
	memset(uio, 0, sizeof(*uio));
	uio->mm = mm;
	uio->single.base = addr;
	uio->single.size = size;
	uio->pieces = &uio->single;
	uio->count = 1;
	uio->left = size;
}

void uio_init_kernel(struct uio *uio, void *buf, size_t size)
{
	memset(uio, 0, sizeof(*uio));
	uio->kernel = buf;
	uio->left = size;
}

int uio_init_iov(struct uio *uio, struct mm *mm, uaddr_t iov, size_t count)
{
	struct uio_piece *pieces;
	size_t total = 0;

	memset(uio, 0, sizeof(*uio));
	uio->mm = mm;
	if (count > IOV_LIMIT)
		return -EINVAL;
	if (count == 0)
		return 0;
	/* struct iovec and struct uio_piece agree: address, length. */
	pieces = alloc_array(count, sizeof(*pieces));
	if (!pieces)
		return -ENOMEM;
	if (copy_in(mm, pieces, iov, count * sizeof(*pieces)) < 0) {
		free(pieces);
		return -EFAULT;
	}
	for (size_t i = 0; i < count; i++) {
		if (pieces[i].size > SSIZE_MAX) {
			free(pieces);
			return -EINVAL;
		}
		if (pieces[i].size > UIO_MAX_RW - total)
			pieces[i].size = UIO_MAX_RW - total;
		total += pieces[i].size;
	}
	uio->owned = uio->pieces = pieces;
	uio->count = count;
	uio->left = total;
	return 0;
}

void uio_finish(struct uio *uio)
{
	free(uio->owned);
	uio->owned = NULL;
}

static void advance(struct uio *uio, size_t size)
{
	uio->left -= size;
	if (!uio->mm) {
		uio->kernel += size;
		return;
	}
	uio->off += size;
	while (uio->count && uio->off >= uio->pieces->size) {
		uio->off -= uio->pieces->size;
		uio->pieces++;
		uio->count--;
	}
}

static size_t move(struct uio *uio, transfer_fn fn, char *local, size_t size)
{
	size_t done = 0;
	size_t part, moved;

	size = MIN(size, uio->left);
	advance(uio, 0); /* past empty pieces at the front */
	while (done < size) {
		part = MIN(size - done, uio->pieces->size - uio->off);
		moved = transfer(uio->mm, fn, local + done,
			uio->pieces->base + uio->off, part);
		advance(uio, moved);
		done += moved;
		if (moved < part)
			break;
	}
	return done;
}

size_t uio_copy_out(struct uio *uio, const void *src, size_t size)
{
	if (!uio->mm) {
		size = MIN(size, uio->left);
		memcpy(uio->kernel, src, size);
		advance(uio, size);
		return size;
	}
	return move(uio, process_vm_writev, (char *)(uintptr_t)src, size);
}

size_t uio_copy_in(struct uio *uio, void *dst, size_t size)
{
	if (!uio->mm) {
		size = MIN(size, uio->left);
		memcpy(dst, uio->kernel, size);
		advance(uio, size);
		return size;
	}
	return move(uio, process_vm_readv, dst, size);
}

size_t uio_zero_out(struct uio *uio, size_t size)
{
	static const char zeros[GUEST_PAGE];
	size_t done = 0;
	size_t part, moved;

	size = MIN(size, uio->left);
	while (done < size) {
		part = MIN(size - done, sizeof(zeros));
		moved = uio_copy_out(uio, zeros, part);
		done += moved;
		if (moved < part)
			break;
	}
	return done;
}

void uio_skip(struct uio *uio, size_t size)
{
	advance(uio, MIN(size, uio->left));
}
