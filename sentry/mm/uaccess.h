/*
 * Guest memory: the only way to it.
 *
 * Reads and writes go to the guest's address space with page protection
 * respected (process_vm_readv(2) and writev). Another guest thread may change
 * the bytes at any time: copy once, check, use. Addresses inside the stub's
 * window are refused. Nothing here sleeps on a guest's account.
 */
#ifndef SENTRY_MM_UACCESS_H
#define SENTRY_MM_UACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "platform.h"
#include "sentry/mm/mm.h"

#define UIO_MAX_RW 0x7ffff000u /* MAX_RW_COUNT of Linux */
#define IOV_LIMIT  1024

/* All or -EFAULT; on failure dst (or the guest's bytes) may be part-written. */
int copy_in(struct mm *mm, void *dst, uaddr_t src, size_t size);
int copy_out(struct mm *mm, uaddr_t dst, const void *src, size_t size);
/* How many bytes went before the first one that cannot be reached. */
size_t copy_in_some(struct mm *mm, void *dst, uaddr_t src, size_t size);
size_t copy_out_some(struct mm *mm, uaddr_t dst, const void *src, size_t size);
/*
 * A string into dst of size bytes. Its length without the NUL, -EFAULT, or
 * -ENAMETOOLONG if there is no NUL within size.
 */
ssize_t copy_in_string(struct mm *mm, char *dst, uaddr_t src, size_t size);
int zero_out(struct mm *mm, uaddr_t dst, size_t size);

#define get_user(mm, ptr, addr) copy_in(mm, ptr, addr, sizeof(*(ptr)))
#define put_user(mm, addr, ptr) copy_out(mm, addr, ptr, sizeof(*(ptr)))

/*
 * Where the bytes of a read go or those of a write come from: guest memory in
 * one or more pieces, or a buffer of the sentry. A file operation never knows
 * which. Each copy advances.
 */
struct uio_piece {
	uaddr_t base;
	size_t size;
};

struct uio {
	struct mm *mm; /* borrowed for the call; NULL: kernel buffer */
	struct uio_piece *pieces;
	size_t count;
	size_t off;   /* into pieces[0] */
	size_t left;  /* bytes in all */
	char *kernel; /* with mm == NULL */
	struct uio_piece single;
	struct uio_piece *owned; /* to free, or NULL */
};

void uio_init(struct uio *uio, struct mm *mm, uaddr_t addr, size_t size);
void uio_init_kernel(struct uio *uio, void *buf, size_t size);
/*
 * From a guest's array of struct iovec. -EINVAL for more than IOV_LIMIT or a
 * negative length, -EFAULT; the sum is cut to UIO_MAX_RW as Linux does.
 */
int uio_init_iov(struct uio *uio, struct mm *mm, uaddr_t iov, size_t count);
void uio_finish(struct uio *uio);

/* Bytes moved: less than size only at a bad address or the end of the uio. */
size_t uio_copy_out(struct uio *uio, const void *src, size_t size);
size_t uio_copy_in(struct uio *uio, void *dst, size_t size);
size_t uio_zero_out(struct uio *uio, size_t size);
/* Advances without moving anything. */
void uio_skip(struct uio *uio, size_t size);

#endif
