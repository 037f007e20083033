/*
 * The extended state of a thread.
 *
 * ptrace reads and writes it as the whole XSAVE image in standard form, a
 * signal frame holds the same image cut off behind the last feature that the
 * process may use without asking, with a description in the bytes the
 * processor leaves to software, and a second magic number behind. The client
 * sees the frame's form only.
 */
#include "platform/ptrace/ptrace.h"

#include <cpuid.h>
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "lib/checked.h"

#define XSAVE_LEAF      0xd
#define LEGACY_SIZE     512
#define HEADER_SIZE     64
#define SOFTWARE_OFF    464 /* struct _fpx_sw_bytes, in the legacy area */
#define MXCSR_OFF       24
#define MXCSR_MASK_OFF  28
#define MXCSR_MASK_OLD  0xffbfu /* of a processor that says 0 */
#define FEATURE_LEGACY  3ull    /* x87 and SSE */
#define FEATURE_PKRU    9
#define FEATURE_TILES   (1ull << 17 | 1ull << 18) /* need a permission */
#define XSTATE_SIZE_MAX 16384
#define PKRU_DEFAULT    0x55555554u /* what the host gives a new image */

/* What follows the legacy area. */
struct xstate_header {
	uint64_t features; /* in the image, not in their first state */
	uint64_t compacted;
	uint64_t reserved[6];
};
_Static_assert(sizeof(struct xstate_header) == HEADER_SIZE, "XSAVE header");

/* Of this machine; the host's answers do not change. */
static struct {
	uint64_t features; /* that a frame may hold; 0: not looked yet */
	size_t frame;      /* bytes of a frame's image without the magic */
	size_t pkru_off;
	uint32_t mxcsr_mask;
} machine;

static void look_at_machine(void)
{
	unsigned int a, b, c, d;

	machine.features = FEATURE_LEGACY;
	machine.frame = LEGACY_SIZE;
	machine.mxcsr_mask = MXCSR_MASK_OLD;
	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
		return;
	__asm__("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
	machine.features = ((uint64_t)d << 32 | a) & ~FEATURE_TILES;
	machine.frame = LEGACY_SIZE + HEADER_SIZE;
	for (unsigned int i = 2; i < 63; i++) {
		if (!(machine.features >> i & 1))
			continue;
		__cpuid_count(XSAVE_LEAF, i, a, b, c, d);
		machine.frame = MAX(machine.frame, (size_t)a + b);
		if (i == FEATURE_PKRU)
			machine.pkru_off = b;
	}
	if (machine.frame > XSTATE_SIZE_MAX - FP_XSTATE_MAGIC2_SIZE) {
		machine.features = FEATURE_LEGACY;
		machine.frame = LEGACY_SIZE + HEADER_SIZE;
	}
}

static bool has_xsave(void)
{
	if (machine.features == 0)
		look_at_machine();
	return machine.frame > LEGACY_SIZE;
}

size_t xstate_frame_size(void)
{
	return has_xsave() ? machine.frame + FP_XSTATE_MAGIC2_SIZE
			   : LEGACY_SIZE;
}

/* Says in the image what it holds, as the host does in a frame. */
static void describe(uint8_t *frame)
{
	struct _fpx_sw_bytes sw = {
		.magic1 = FP_XSTATE_MAGIC1,
		.extended_size = (uint32_t)xstate_frame_size(),
		.xstate_bv = machine.features,
		.xstate_size = (uint32_t)machine.frame,
	};
	uint32_t magic2 = FP_XSTATE_MAGIC2;

	if (!has_xsave())
		return;
	memcpy(frame + SOFTWARE_OFF, &sw, sizeof(sw));
	memcpy(frame + machine.frame, &magic2, sizeof(magic2));
}

int xstate_read(pid_t tid, uint8_t *frame)
{
	uint8_t image[XSTATE_SIZE_MAX];
	struct iovec v = {image, sizeof(image)};
	uint32_t mask;

	if (ptrace(PTRACE_GETREGSET, tid,
		    has_xsave() ? NT_X86_XSTATE : NT_PRFPREG, &v) != 0)
		return -errno;
	if (v.iov_len < (has_xsave() ? machine.frame : LEGACY_SIZE))
		return -EIO;
	memcpy(frame, image, has_xsave() ? machine.frame : LEGACY_SIZE);
	memcpy(&mask, frame + MXCSR_MASK_OFF, sizeof(mask));
	if (mask != 0)
		machine.mxcsr_mask = mask;
	describe(frame);
	return 0;
}

/* The host takes the whole image only, so what a frame lacks is added. */
int xstate_write(pid_t tid, const uint8_t *frame)
{
	uint8_t image[XSTATE_SIZE_MAX] = {0};
	struct iovec v = {image, sizeof(image)};

	if (!has_xsave()) {
		v = (struct iovec){(void *)(uintptr_t)frame, LEGACY_SIZE};
		return ptrace(PTRACE_SETREGSET, tid, NT_PRFPREG, &v) == 0
			       ? 0
			       : -errno;
	}
	/* Its size, and what the thread has beyond a frame. */
	if (ptrace(PTRACE_GETREGSET, tid, NT_X86_XSTATE, &v) != 0)
		return -errno;
	memcpy(image, frame, machine.frame);
	return ptrace(PTRACE_SETREGSET, tid, NT_X86_XSTATE, &v) == 0 ? 0
								     : -errno;
}

/* True if the frame says that it holds more than the legacy area. */
static bool is_extended(
	const struct _fpx_sw_bytes *sw, const uint8_t *from, size_t size)
{
	uint32_t magic2;

	if (!has_xsave() || sw->magic1 != FP_XSTATE_MAGIC1 ||
		sw->xstate_size < LEGACY_SIZE + HEADER_SIZE ||
		sw->xstate_size > machine.frame ||
		sw->xstate_size > sw->extended_size ||
		sw->xstate_size + FP_XSTATE_MAGIC2_SIZE > size)
		return false;
	memcpy(&magic2, from + sw->xstate_size, sizeof(magic2));
	return magic2 == FP_XSTATE_MAGIC2;
}

/* As rt_sigreturn(): features the frame does not hold get their first state. */
int xstate_accept(uint8_t *frame, const void *from, size_t size)
{
	struct xstate_header header = {.features = FEATURE_LEGACY};
	const uint64_t zero[6] = {0};
	struct _fpx_sw_bytes sw;
	size_t held = LEGACY_SIZE;
	uint32_t mxcsr;

	if (size < LEGACY_SIZE)
		return -EINVAL;
	memcpy(&sw, (const uint8_t *)from + SOFTWARE_OFF, sizeof(sw));
	memcpy(&mxcsr, (const uint8_t *)from + MXCSR_OFF, sizeof(mxcsr));
	has_xsave();
	if (mxcsr & ~machine.mxcsr_mask)
		return -EINVAL;
	if (is_extended(&sw, from, size)) {
		held = sw.xstate_size;
		memcpy(&header, (const uint8_t *)from + LEGACY_SIZE,
			sizeof(header));
		header.features &= sw.xstate_bv & machine.features;
		if (header.compacted != 0 ||
			memcmp(header.reserved, zero, sizeof(zero)) != 0)
			return -EINVAL;
	}
	memset(frame, 0, xstate_frame_size());
	memcpy(frame, from, held);
	if (has_xsave())
		memcpy(frame + LEGACY_SIZE, &header, sizeof(header));
	describe(frame);
	return 0;
}

void xstate_reset(uint8_t *frame)
{
	struct xstate_header header = {0};
	const uint16_t control = 0x37f;
	const uint32_t mxcsr = 0x1f80;
	const uint32_t pkru = PKRU_DEFAULT;

	memset(frame, 0, xstate_frame_size());
	memcpy(frame, &control, sizeof(control));
	memcpy(frame + MXCSR_OFF, &mxcsr, sizeof(mxcsr));
	if (!has_xsave())
		return;
	if (machine.pkru_off != 0) {
		header.features |= 1ull << FEATURE_PKRU;
		memcpy(frame + machine.pkru_off, &pkru, sizeof(pkru));
	}
	memcpy(frame + LEGACY_SIZE, &header, sizeof(header));
	describe(frame);
}
