/*
 * Compiles native.def into classic BPF.
 *
 * The program decides first what the number alone decides (the kernel caches
 * these), then splits by where the call was made: at one of the stub's five
 * instructions, or in guest code. Each call has one block, which starts with
 * the number in the accumulator and never falls out of its end, so that no
 * jump is longer than a block.
 *
 * Jumps inside a rule go to "the next alternative", whose place is not known
 * yet: they are collected in a struct fixups and filled in when it is.
 */
#include "platform/bpf.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/syscall.h>

#include "platform/native.h"
#include "platform/stub/stub.h"

#define OFF_NR        offsetof(struct seccomp_data, nr)
#define OFF_ARCH      offsetof(struct seccomp_data, arch)
#define OFF_IP        offsetof(struct seccomp_data, instruction_pointer)
#define OFF_LOW(arg)  (offsetof(struct seccomp_data, args) + 8 * (size_t)(arg))
#define OFF_HIGH(arg) (OFF_LOW(arg) + 4)
#define X32_BIT       0x40000000u

#define RET_ENOSYS (SECCOMP_RET_ERRNO | ENOSYS)

#define FIXUPS_MAX 64

/* Jumps taken when a check fails, all to one place still to come. */
struct fixups {
	struct {
		unsigned short at;
		bool on_true;
	} jump[FIXUPS_MAX];
	size_t count;
};

static unsigned short emit(struct filter *f, struct sock_filter insn)
{
	if (f->count >= FILTER_MAX) {
		f->overflow = true;
		return 0;
	}
	f->code[f->count] = insn;
	return f->count++;
}

static void load(struct filter *f, size_t off)
{
	emit(f, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, off));
}

static void ret(struct filter *f, uint32_t action)
{
	emit(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* Compares; goes to the fixups' place when the result is fail_if. */
static void check(struct filter *f, struct fixups *fail, unsigned short op,
	uint32_t k, bool fail_if)
{
	unsigned short at = emit(
		f, (struct sock_filter)BPF_JUMP(BPF_JMP | op | BPF_K, k, 0, 0));

	if (fail->count >= FIXUPS_MAX) {
		f->overflow = true;
		return;
	}
	fail->jump[fail->count].at = at;
	fail->jump[fail->count].on_true = fail_if;
	fail->count++;
}

/* The place is here. */
static void land(struct filter *f, struct fixups *fixups)
{
	size_t i;

	for (i = 0; i < fixups->count; i++) {
		unsigned short at = fixups->jump[i].at;
		unsigned int distance = f->count - at - 1u;

		if (distance > 255)
			f->overflow = true;
		else if (fixups->jump[i].on_true)
			f->code[at].jt = (unsigned char)distance;
		else
			f->code[at].jf = (unsigned char)distance;
	}
	fixups->count = 0;
}

/* args[arg] >= low bound, 64 bits. */
static void emit_from(
	struct filter *f, struct fixups *fail, const struct native_check *c)
{
	uint32_t high = (uint32_t)(c->a >> 32);
	struct fixups done = {.count = 0};

	load(f, OFF_HIGH(c->arg));
	check(f, &done, BPF_JGT, high, true);
	if (high != 0)
		check(f, fail, BPF_JGE, high, false);
	load(f, OFF_LOW(c->arg));
	check(f, fail, BPF_JGE, (uint32_t)c->a, false);
	land(f, &done);
}

/* (args[arg] & ~ignore) is in the set: the sets are small. */
static void emit_in(
	struct filter *f, struct fixups *fail, const struct native_check *c)
{
	struct fixups done = {.count = 0};
	unsigned int i;

	load(f, OFF_LOW(c->arg));
	emit(f, (struct sock_filter)BPF_STMT(
			BPF_ALU | BPF_AND | BPF_K, ~(uint32_t)c->a));
	for (i = 0; i < 64; i++)
		if (c->b >> i & 1)
			check(f, &done, BPF_JEQ, i, true);
	emit(f, (struct sock_filter)BPF_STMT(BPF_LD | BPF_IMM, 0));
	check(f, fail, BPF_JEQ, 0, true);
	land(f, &done);
}

static void emit_check(
	struct filter *f, struct fixups *fail, const struct native_check *c)
{
	switch (c->op) {
	case CHECK_END:
		return;
	case CHECK_IN32:
		emit_in(f, fail, c);
		return;
	case CHECK_RANGE32:
		load(f, OFF_LOW(c->arg));
		check(f, fail, BPF_JGE, (uint32_t)c->a, false);
		check(f, fail, BPF_JGT, (uint32_t)c->b, true);
		return;
	case CHECK_NONE:
		load(f, OFF_LOW(c->arg));
		check(f, fail, BPF_JSET, (uint32_t)c->a, true);
		load(f, OFF_HIGH(c->arg));
		check(f, fail, BPF_JSET, (uint32_t)(c->a >> 32), true);
		return;
	case CHECK_ALL:
		load(f, OFF_LOW(c->arg));
		emit(f, (struct sock_filter)BPF_STMT(
				BPF_ALU | BPF_AND | BPF_K, (uint32_t)c->a));
		check(f, fail, BPF_JEQ, (uint32_t)c->a, false);
		return;
	case CHECK_FROM:
		emit_from(f, fail, c);
		return;
	case CHECK_IS:
		load(f, OFF_LOW(c->arg));
		check(f, fail, BPF_JEQ, (uint32_t)c->a, false);
		load(f, OFF_HIGH(c->arg));
		check(f, fail, BPF_JEQ, (uint32_t)(c->a >> 32), false);
		return;
	}
}

/* Goes on behind the fixups' place unless the accumulator is nr. */
static void unless_number(struct filter *f, struct fixups *other, long nr)
{
	check(f, other, BPF_JEQ, (uint32_t)nr, false);
}

/*
 * One block for each call of a table: yes if a rule holds, else no. A call of
 * no table leaves with the number still in the accumulator.
 */
static void emit_table(struct filter *f, const struct native_table *table,
	uint32_t yes, uint32_t no)
{
	size_t i = 0;

	while (i < table->count) {
		long nr = table->rules[i].nr;
		struct fixups other = {.count = 0};
		bool always = false;

		unless_number(f, &other, nr);
		for (; i < table->count && table->rules[i].nr == nr; i++) {
			const struct native_check *c = table->rules[i].checks;
			struct fixups fail = {.count = 0};

			always |= c->op == CHECK_END;
			for (; c->op != CHECK_END; c++)
				emit_check(f, &fail, c);
			ret(f, yes);
			land(f, &fail);
		}
		if (!always)
			ret(f, no);
		land(f, &other);
	}
}

/* ALLOW by number alone: before anything else is loaded. */
static void emit_unconditional(struct filter *f)
{
	size_t i;

	for (i = 0; i < native_guest_table.count; i++) {
		const struct native_rule *r = &native_guest_table.rules[i];
		struct fixups other = {.count = 0};

		if (r->checks[0].op != CHECK_END)
			continue;
		unless_number(f, &other, r->nr);
		ret(f, SECCOMP_RET_ALLOW);
		land(f, &other);
	}
}

/* Jumps far: returns what far_land() needs. */
static unsigned short far_jump(struct filter *f)
{
	return emit(f, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
}

static void far_land(struct filter *f, unsigned short at)
{
	f->code[at].k = f->count - at - 1u;
}

/* At ip nothing but this call, which is notified. */
static void emit_one_call(struct filter *f, uint32_t ip, long nr)
{
	struct fixups elsewhere = {.count = 0}, wrong = {.count = 0};

	check(f, &elsewhere, BPF_JEQ, ip, false);
	load(f, OFF_NR);
	unless_number(f, &wrong, nr);
	ret(f, SECCOMP_RET_USER_NOTIF);
	land(f, &wrong);
	ret(f, SECCOMP_RET_KILL_PROCESS);
	land(f, &elsewhere);
}

/* Calls at the stub's five instructions; the accumulator holds the low ip. */
static void emit_stub(struct filter *f)
{
	struct fixups known = {.count = 0};

	emit_one_call(f, STUB_IP_REPORT, STUB_REPORT_NR);
	emit_one_call(f, STUB_IP_CLONE, SYS_clone);
	emit_one_call(f, STUB_IP_EXEC, SYS_execveat);
	check(f, &known, BPF_JEQ, STUB_IP_CALL, true);
	check(f, &known, BPF_JEQ, STUB_IP_CHILD, true);
	ret(f, SECCOMP_RET_KILL_PROCESS);
	land(f, &known);
	load(f, OFF_NR);
	emit_table(f, &native_stub_table, SECCOMP_RET_ALLOW,
		SECCOMP_RET_USER_NOTIF);
	/* The rest needs an open grant, which the platform looks up. */
	ret(f, SECCOMP_RET_USER_NOTIF);
}

static void emit_guest(struct filter *f, bool trace_all, uint64_t boot_secret)
{
	const struct native_check secret = {CHECK_IS, 5, boot_secret, 0};
	struct fixups other = {.count = 0}, fail = {.count = 0};
	size_t i;

	load(f, OFF_NR);
	unless_number(f, &other, SYS_execveat);
	emit_check(f, &fail, &secret);
	ret(f, SECCOMP_RET_USER_NOTIF);
	land(f, &fail);
	ret(f, SECCOMP_RET_TRAP);
	land(f, &other);

	emit_table(f, &native_guest_table,
		trace_all ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ALLOW,
		SECCOMP_RET_TRAP);
	for (i = 0; native_traps[i] >= 0; i++) {
		unless_number(f, &other, native_traps[i]);
		ret(f, SECCOMP_RET_TRAP);
		land(f, &other);
	}
	ret(f, SECCOMP_RET_USER_NOTIF);
}

/* Other architectures get ENOSYS; leaves the number in the accumulator. */
static void emit_abi(struct filter *f)
{
	struct fixups bad = {.count = 0}, native = {.count = 0};

	memset(f, 0, sizeof(*f));
	load(f, OFF_ARCH);
	check(f, &native, BPF_JEQ, AUDIT_ARCH_X86_64, true);
	ret(f, RET_ENOSYS);
	land(f, &native);
	load(f, OFF_NR);
	check(f, &bad, BPF_JGE, X32_BIT, false);
	ret(f, RET_ENOSYS);
	land(f, &bad);
}

int filter_compile(struct filter *f, bool trace_all, uint64_t boot_secret)
{
	struct fixups guest = {.count = 0};
	unsigned short to_stub;

	emit_abi(f);
	if (!trace_all)
		emit_unconditional(f);

	load(f, OFF_IP + 4);
	check(f, &guest, BPF_JEQ, 0, false);
	load(f, OFF_IP);
	check(f, &guest, BPF_JGE, STUB_GATE, false);
	check(f, &guest, BPF_JGE, STUB_AREAS_START, true);
	to_stub = far_jump(f);
	land(f, &guest);
	emit_guest(f, trace_all, boot_secret);
	far_land(f, to_stub);
	emit_stub(f);
	return f->overflow ? -ENOSPC : 0;
}

int filter_compile_traced(struct filter *f, bool trace_all)
{
	emit_abi(f);
	if (!trace_all) {
		emit_unconditional(f);
		emit_table(f, &native_guest_table, SECCOMP_RET_ALLOW,
			SECCOMP_RET_TRACE);
	}
	ret(f, SECCOMP_RET_TRACE);
	return f->overflow ? -ENOSPC : 0;
}
