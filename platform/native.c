/*
 * The native table as data, and its evaluation in C. platform/bpf.c compiles
 * the same data for the kernel; a test compares the two on every call.
 */
#include "platform/native.h"

#include <asm/prctl.h>
#include <linux/futex.h>
#include <linux/mman.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "platform.h"
#include "platform/stub/stub.h"

/* Newer than the headers of the oldest distribution we build on. */
#ifndef SYS_mseal
#define SYS_mseal 462
#endif

#define BIT(n)           (1ull << (n))
#define NATIVE_MAP_FIXED (MAP_FIXED | MAP_FIXED_NOREPLACE)
/*
 * No MAP_HUGETLB (a host resource), no MAP_GROWSDOWN (grows by itself towards
 * what is below), no MAP_LOCKED (counted by the sentry).
 */
#define NATIVE_MAP_FLAGS                                                       \
	(MAP_SHARED | MAP_PRIVATE | MAP_ANONYMOUS | NATIVE_MAP_FIXED |         \
		MAP_NORESERVE | MAP_STACK | MAP_POPULATE | MAP_NONBLOCK |      \
		MAP_DENYWRITE | MAP_EXECUTABLE)
#define STUB_MAP_FLAGS                                                         \
	((NATIVE_MAP_FLAGS & ~MAP_ANONYMOUS) | MAP_SHARED_VALIDATE)
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif
#define NATIVE_ADVICE                                                          \
	(BIT(MADV_NORMAL) | BIT(MADV_RANDOM) | BIT(MADV_SEQUENTIAL) |          \
		BIT(MADV_WILLNEED) | BIT(MADV_DONTNEED) | BIT(MADV_FREE) |     \
		BIT(MADV_HUGEPAGE) | BIT(MADV_NOHUGEPAGE) |                    \
		BIT(MADV_DONTFORK) | BIT(MADV_DOFORK) | BIT(MADV_DONTDUMP) |   \
		BIT(MADV_DODUMP) | BIT(MADV_POPULATE_READ) |                   \
		BIT(MADV_POPULATE_WRITE))

#define IN32(n, ignore, set)                                                   \
	{                                                                      \
		CHECK_IN32, n, (uint32_t)(ignore), set                         \
	}
#define RANGE32(n, low, high)                                                  \
	{                                                                      \
		CHECK_RANGE32, n, low, high                                    \
	}
#define NONE(n, mask)                                                          \
	{                                                                      \
		CHECK_NONE, n, (uint64_t)(int64_t)(mask), 0                    \
	}
#define ALL(n, mask)                                                           \
	{                                                                      \
		CHECK_ALL, n, (uint64_t)(int64_t)(mask), 0                     \
	}
#define FROM(n, address)                                                       \
	{                                                                      \
		CHECK_FROM, n, address, 0                                      \
	}
#define IS(n, value)                                                           \
	{                                                                      \
		CHECK_IS, n, value, 0                                          \
	}

static const struct native_rule guest_rules[] = {
#define NATIVE(call, ...) {SYS_##call, {__VA_ARGS__}},
#include "platform/native.def"
};

static const struct native_rule stub_rules[] = {
#define STUBCALL(call, ...) {SYS_##call, {__VA_ARGS__}},
#include "platform/native.def"
};

const long native_traps[] = {
#define TRAP(call) SYS_##call,
#include "platform/native.def"
	-1,
};

const struct native_table native_guest_table = {
	guest_rules, sizeof(guest_rules) / sizeof(guest_rules[0])};
const struct native_table native_stub_table = {
	stub_rules, sizeof(stub_rules) / sizeof(stub_rules[0])};

static bool check_holds(const struct native_check *c, const uint64_t args[6])
{
	uint64_t value = args[c->arg];
	uint32_t low = (uint32_t)value;

	switch (c->op) {
	case CHECK_END:
		return true;
	case CHECK_IN32:
		low &= ~(uint32_t)c->a;
		return low < 64 && (c->b >> low & 1);
	case CHECK_RANGE32:
		return low >= c->a && low <= c->b;
	case CHECK_NONE:
		return (value & c->a) == 0;
	case CHECK_ALL:
		return (value & c->a) == c->a;
	case CHECK_FROM:
		return value >= c->a;
	case CHECK_IS:
		return value == c->a;
	}
	return false;
}

static bool rule_holds(const struct native_rule *r, const uint64_t args[6])
{
	const struct native_check *c;

	for (c = r->checks; c->op != CHECK_END; c++)
		if (!check_holds(c, args))
			return false;
	return true;
}

enum native_class native_classify(long nr, const uint64_t args[6])
{
	bool listed = false;
	size_t i;

	for (i = 0; i < native_guest_table.count; i++) {
		if (guest_rules[i].nr != nr)
			continue;
		if (rule_holds(&guest_rules[i], args))
			return NATIVE_ALLOW;
		listed = true;
	}
	if (listed)
		return NATIVE_TRAP;
	for (i = 0; native_traps[i] >= 0; i++)
		if (native_traps[i] == nr)
			return NATIVE_TRAP;
	return NATIVE_NOTIFY;
}

bool native_allowed(long nr, const uint64_t args[6])
{
	return native_classify(nr, args) == NATIVE_ALLOW;
}
