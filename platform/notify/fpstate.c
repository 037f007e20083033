/*
 * The extended state of a STOPPED thread: the XSAVE image that the host put
 * above the signal frame on the stub's stack, and will load from there.
 */
#include "platform/notify/internal.h"

#include <cpuid.h>
#include <errno.h>
#include <string.h>

#define LEGACY_SIZE    512
#define HEADER_OFF     512 /* xstate_bv, xcomp_bv, reserved up to 576 */
#define HEADER_END     576
#define MXCSR_OFF      24
#define MXCSR_MASK_OFF 28
#define SW_OFF         464 /* struct fpx_sw_bytes */
#define MAGIC1         0x46505853u
#define MAGIC2         0x46505845u
#define MAGIC2_SIZE    4
#define MXCSR_DEFAULT  0x1f80u
#define FCW_DEFAULT    0x37fu

/* struct _fpx_sw_bytes of the host */
struct sw_bytes {
	uint32_t magic1;
	uint32_t extended_size; /* with magic2 */
	uint64_t xfeatures;
	uint32_t xstate_size;
	uint32_t padding[7];
};

static uint64_t host_features; /* XCR0, or what FXSAVE has */
static uint32_t host_mxcsr_mask;

void fpstate_init(void)
{
	unsigned char image[LEGACY_SIZE] __attribute__((aligned(16))) = {0};
	unsigned int a = 0, b = 0, c = 0, d = 0;

	__asm__ volatile("fxsave64 %0" : "=m"(image));
	memcpy(&host_mxcsr_mask, image + MXCSR_MASK_OFF, 4);
	if (host_mxcsr_mask == 0)
		host_mxcsr_mask = 0xffbf;
	host_features = 3;
	if (__get_cpuid(1, &a, &b, &c, &d) && (c & bit_OSXSAVE)) {
		__asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
		host_features = (uint64_t)d << 32 | a;
	}
}

/* What there is for the image in the area; 0 if it can have none. */
static size_t image_room(const struct notify_thread *t)
{
	uaddr_t at = t->saved.fpstate;
	uaddr_t end = t->area + STUB_AREA_SIZE;

	if (t->state != STOPPED || t->frame == 0 || at % 64 != 0 ||
		at < t->frame || at > end - LEGACY_SIZE)
		return 0;
	return (size_t)(end - at);
}

/* The length that an image states; 0 if it cannot be. */
static size_t image_length(const struct sw_bytes *sw, size_t room)
{
	if (sw->magic1 != MAGIC1)
		return LEGACY_SIZE;
	if (sw->extended_size < HEADER_END + MAGIC2_SIZE ||
		sw->extended_size > room)
		return 0;
	return sw->extended_size;
}

/* Images are nearly always as long as the last one: one read will do. */
ssize_t notify_thread_fpstate_get(struct thread *thread, void *buf, size_t size)
{
	struct notify_thread *t = to_thread(thread);
	size_t room = image_room(t);
	size_t guess = t->n->image_guess;
	struct sw_bytes sw;
	size_t length;

	if (room == 0)
		return -ESRCH;
	if (guess < LEGACY_SIZE || guess > room || guess > size)
		guess = LEGACY_SIZE;
	if (guess > size)
		return -ENOBUFS;
	if (!remote_read(t, t->saved.fpstate, buf, guess))
		return -EFAULT;
	memcpy(&sw, (char *)buf + SW_OFF, sizeof(sw));
	length = image_length(&sw, room);
	if (length == 0)
		return -ESRCH;
	if (length > size)
		return -ENOBUFS;
	t->n->image_guess = length;
	if (length > guess && !remote_read(t, t->saved.fpstate + guess,
				      (char *)buf + guess, length - guess))
		return -EFAULT;
	return (ssize_t)length;
}

/* Would the processor take it? room is what there is for it. */
static bool image_valid(
	const unsigned char *image, size_t size, size_t room, uint64_t features)
{
	static const unsigned char zeros[HEADER_END - HEADER_OFF - 8];
	struct sw_bytes sw;
	uint32_t mxcsr, magic2;
	uint64_t xstate_bv;

	if (size < LEGACY_SIZE || size > room)
		return false;
	memcpy(&mxcsr, image + MXCSR_OFF, sizeof(mxcsr));
	if (mxcsr & ~host_mxcsr_mask)
		return false;
	memcpy(&sw, image + SW_OFF, sizeof(sw));
	if (sw.magic1 != MAGIC1)
		return size == LEGACY_SIZE;
	if (size < HEADER_END + MAGIC2_SIZE || sw.extended_size != size ||
		sw.xstate_size > size - MAGIC2_SIZE ||
		sw.xstate_size < HEADER_END)
		return false;
	memcpy(&magic2, image + sw.xstate_size, sizeof(magic2));
	memcpy(&xstate_bv, image + HEADER_OFF, sizeof(xstate_bv));
	return magic2 == MAGIC2 && (sw.xfeatures & ~features) == 0 &&
	       (xstate_bv & ~sw.xfeatures) == 0 &&
	       memcmp(image + HEADER_OFF + 8, zeros, sizeof(zeros)) == 0;
}

/*
 * No component is marked as in use: the host loads their first state. The
 * software bytes between the two parts stay.
 */
static int image_reset(struct notify_thread *t, size_t room)
{
	unsigned char head[HEADER_END] = {0};
	const uint32_t mxcsr = MXCSR_DEFAULT;
	const uint16_t fcw = FCW_DEFAULT;
	uaddr_t at = t->saved.fpstate;
	size_t header = room >= HEADER_END ? HEADER_END - HEADER_OFF : 0;

	memcpy(head, &fcw, sizeof(fcw));
	memcpy(head + MXCSR_OFF, &mxcsr, sizeof(mxcsr));
	memcpy(head + MXCSR_MASK_OFF, &host_mxcsr_mask, 4);
	if (!remote_write2(t, at, head, SW_OFF, at + HEADER_OFF,
		    head + HEADER_OFF, header))
		return -EFAULT;
	return 0;
}

int notify_thread_fpstate_put(
	struct thread *thread, const void *buf, size_t size)
{
	struct notify_thread *t = to_thread(thread);
	size_t room = image_room(t);

	if (room == 0)
		return -ESRCH;
	if (size == 0)
		return image_reset(t, room);
	if (!image_valid(buf, size, room, host_features))
		return -EINVAL;
	if (!remote_write(t, t->saved.fpstate, buf, size))
		return -EFAULT;
	return 0;
}
