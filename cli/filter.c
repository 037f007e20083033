/*
 * A classic BPF program walked with what is known of a call: its architecture
 * and its number. Anything else is unknown, and a jump on it goes both ways.
 * BPF only jumps forward, so that one pass from the top sees every state; a
 * state is the set of values the accumulator may have, kept as "the number",
 * "the architecture" or "unknown".
 */
#include "cli/filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdlib.h>

#define NR_OFFSET   offsetof(struct seccomp_data, nr)
#define ARCH_OFFSET offsetof(struct seccomp_data, arch)

struct value {
	bool known;
	uint32_t number;
};

static unsigned int action_bit(uint32_t action)
{
	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
		return FILTER_ALLOW;
	case SECCOMP_RET_USER_NOTIF:
		return FILTER_NOTIFY;
	case SECCOMP_RET_TRAP:
		return FILTER_TRAP;
	case SECCOMP_RET_ERRNO:
		return FILTER_ERRNO;
	case SECCOMP_RET_KILL_THREAD:
	case SECCOMP_RET_KILL_PROCESS:
		return FILTER_KILL;
	default:
		return FILTER_OTHER;
	}
}

static bool jump_holds(uint16_t code, uint32_t a, uint32_t k)
{
	switch (BPF_OP(code)) {
	case BPF_JEQ:
		return a == k;
	case BPF_JGT:
		return a > k;
	case BPF_JGE:
		return a >= k;
	case BPF_JSET:
		return a & k;
	default:
		return true;
	}
}

struct walk {
	const struct sock_filter *code;
	size_t count;
	uint32_t nr;
	unsigned int actions;
	unsigned char *seen; /* by place: 1 with an unknown value, 2 known */
};

static struct value load(const struct walk *walk, uint32_t offset)
{
	if (offset == NR_OFFSET)
		return (struct value){true, walk->nr};
	if (offset == ARCH_OFFSET)
		return (struct value){true, AUDIT_ARCH_X86_64};
	return (struct value){false, 0};
}

static void walk_from(struct walk *walk, size_t at, struct value a)
{
	while (at < walk->count) {
		const struct sock_filter *f = &walk->code[at];
		unsigned char mark = a.known ? 2 : 1;
		bool holds;

		/* A known value is the number or the architecture: once each.
		 */
		if (!a.known && (walk->seen[at] & mark))
			return;
		walk->seen[at] |= mark;
		at++;
		switch (BPF_CLASS(f->code)) {
		case BPF_LD:
			a = load(walk, f->k);
			break;
		case BPF_RET:
			walk->actions |= action_bit(f->k);
			return;
		case BPF_JMP:
			if (BPF_OP(f->code) == BPF_JA) {
				at += f->k;
				break;
			}
			if (!a.known || BPF_SRC(f->code) == BPF_X) {
				walk_from(walk, at + f->jt, a);
				at += f->jf;
				break;
			}
			holds = jump_holds(f->code, a.number, f->k);
			at += holds ? f->jt : f->jf;
			break;
		case BPF_ALU:
		case BPF_MISC:
			a.known = false;
			break;
		default:
			break;
		}
	}
}

unsigned int filter_actions(
	const struct sock_filter *code, size_t count, uint32_t nr)
{
	struct walk walk = {.code = code, .count = count, .nr = nr};

	walk.seen = calloc(count ? count : 1, 1);
	if (!walk.seen)
		return FILTER_OTHER;
	walk_from(&walk, 0, (struct value){true, 0});
	free(walk.seen);
	return walk.actions;
}
