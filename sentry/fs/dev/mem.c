/*
 * The memory devices: major 1 (null(4), full(4), random(4)).
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib/checked.h"
#include "sentry/base/random.h"
#include "sentry/fs/dev/dev.h"
#include "sentry/vfs/special.h"
#include "sentry/vfs/vfs.h"

#define RANDOM_BLOCK 4096

#define RNDGETENTCNT_   0x80045200u
#define RNDADDTOENTCNT_ 0x40045201u
#define RNDADDENTROPY_  0x40085203u
#define RNDZAPENTCNT_   0x5204u
#define RNDCLEARPOOL_   0x5206u
#define RNDRESEEDCRNG_  0x5207u

static ssize_t null_read(struct file *file, struct uio *uio, off_t *off)
{
	return 0;
}

static ssize_t sink_write(struct file *file, struct uio *uio, off_t *off)
{
	size_t size = uio->left;

	uio_skip(uio, size);
	return (ssize_t)size;
}

static ssize_t zero_read(struct file *file, struct uio *uio, off_t *off)
{
	size_t want = uio->left;
	size_t done = uio_zero_out(uio, want);

	return done || !want ? (ssize_t)done : -EFAULT;
}

static ssize_t full_write(struct file *file, struct uio *uio, off_t *off)
{
	return uio->left ? -ENOSPC : 0;
}

static ssize_t random_read(struct file *file, struct uio *uio, off_t *off)
{
	char block[RANDOM_BLOCK];
	size_t want = uio->left;
	size_t done = 0;

	while (done < want) {
		size_t part = MIN(want - done, sizeof(block));
		size_t moved;

		if (host_random(block, part) < 0)
			return done ? (ssize_t)done : -EIO;
		moved = uio_copy_out(uio, block, part);
		done += moved;
		if (moved < part)
			break;
	}
	return done || !want ? (ssize_t)done : -EFAULT;
}

static long random_ioctl(
	struct file *file, struct mm *mm, unsigned int cmd, uint64_t arg)
{
	const int32_t bits = 256; /* as Linux since 5.18: always full */

	switch (cmd) {
	case RNDGETENTCNT_:
		return put_user(mm, arg, &bits);
	case RNDADDTOENTCNT_:
	case RNDADDENTROPY_:
	case RNDZAPENTCNT_:
	case RNDCLEARPOOL_:
	case RNDRESEEDCRNG_:
		return -EPERM;
	default:
		return -ENOTTY;
	}
}

/* lseek(2) on them moves nothing and never fails (drivers/char/mem.c). */
static off_t null_seek(struct file *file, off_t off, int whence)
{
	file->pos = 0;
	return 0;
}

/* No descriptor: the caller makes an anonymous mapping of it. */
static int zero_map(struct file *file, int prot, bool shared, off_t off,
	size_t size, int *host_fd, off_t *host_off)
{
	*host_fd = -1;
	*host_off = 0;
	return 0;
}

static const struct file_ops null_fops = {
	.read = null_read,
	.write = sink_write,
	.seek = null_seek,
};

static const struct file_ops zero_fops = {
	.read = zero_read,
	.write = sink_write,
	.seek = null_seek,
	.map = zero_map,
};

static const struct file_ops full_fops = {
	.read = zero_read,
	.write = full_write,
	.seek = null_seek,
};

static const struct file_ops random_fops = {
	.read = random_read,
	.write = sink_write,
	.ioctl = random_ioctl,
	.seek = null_seek,
};

static int mem_open(struct inode *inode, struct file *file)
{
	switch (minor(inode->attr.rdev)) {
	case 3:
		file->ops = &null_fops;
		return 0;
	case 5:
		file->ops = &zero_fops;
		return 0;
	case 7:
		file->ops = &full_fops;
		return 0;
	case 8:
	case 9:
		file->ops = &random_fops;
		return 0;
	default:
		return -ENXIO;
	}
}

static struct special_type mem_devices = {
	.type = S_IFCHR,
	.major = 1,
	.minor = 0,
	.minor_count = 16,
	.open = mem_open,
};

void dev_register(void)
{
	special_register(&mem_devices);
}
