/*
 * The stack of a new program.
 *
 * The host built it for the stub: strings, argc, argv, envp and an auxiliary
 * vector that describes the stub. The strings stay where they are. The block
 * from argc to the end of the vector is read, its entries are corrected, and
 * it is written back a little lower, so that AT_EXECFN's string fits behind
 * it.
 *
 *	high	strings of the host	     strings of the host
 *		auxv, envp, argv, argc	->   our file name
 *	low				     auxv, envp, argv, argc
 */
#include "sentry/loader/loader.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/checked.h"
#include "sentry/mm/uaccess.h"

#define VECTORS_MAX (16u << 20) /* argv and envp pointers, in bytes */
#define AUXV_MAX    (sizeof(((struct mm *)0)->auxv) / 16)

struct vectors {
	uint64_t *words; /* owned: from argc to the end of auxv */
	size_t count;
	size_t auxv; /* index of the first entry */
};

static int read_vectors(
	struct mm *mm, const struct start *start, struct vectors *v)
{
	size_t head = start->auxv - start->sp;
	size_t got, i;

	if (start->auxv < start->sp || head > VECTORS_MAX || head % 8 ||
		head < 24)
		return -EFAULT;
	v->words = calloc(1, head + AUXV_MAX * 16);
	if (!v->words)
		return -ENOMEM;
	got = copy_in_some(mm, v->words, start->sp, head + AUXV_MAX * 16);
	v->auxv = head / 8;
	for (i = v->auxv; i + 1 < got / 8; i += 2)
		if (v->words[i] == AT_NULL)
			break;
	if (i + 1 >= got / 8)
		return -EFAULT;
	v->count = i + 2;
	return 0;
}

/* Changes an entry that the host gave; others do not exist. */
static void set_entry(struct vectors *v, uint64_t type, uint64_t value)
{
	for (size_t i = v->auxv; i + 1 < v->count; i += 2)
		if (v->words[i] == type)
			v->words[i + 1] = value;
}

static uint64_t get_entry(const struct vectors *v, uint64_t type)
{
	for (size_t i = v->auxv; i + 1 < v->count; i += 2)
		if (v->words[i] == type)
			return v->words[i + 1];
	return 0;
}

/* argv[0], envp[0] and the file name mark where the host put the strings. */
static int note_strings(struct mm *mm, const struct vectors *v)
{
	uint64_t argc = v->words[0];
	uint64_t end = get_entry(v, AT_EXECFN);

	if (argc > v->auxv || argc + 3 > v->auxv)
		return -EFAULT;
	mm->arg_start = argc ? v->words[1] : end;
	mm->env_start = v->words[argc + 2] ? v->words[argc + 2] : end;
	mm->arg_end = mm->env_start;
	mm->env_end = end;
	return 0;
}

static void describe_program(struct vectors *v, const struct elf_image *program,
	const struct elf_image *interp, const struct stack_identity *identity)
{
	set_entry(
		v, AT_PHDR, program->phdr ? program->bias + program->phdr : 0);
	set_entry(v, AT_PHNUM, program->phnum);
	set_entry(v, AT_ENTRY, program->bias + program->entry);
	set_entry(v, AT_BASE, interp ? interp->bias + interp->low : 0);
	set_entry(v, AT_UID, identity->uid);
	set_entry(v, AT_EUID, identity->euid);
	set_entry(v, AT_GID, identity->gid);
	set_entry(v, AT_EGID, identity->egid);
	set_entry(v, AT_SECURE, identity->secure);
}

static void note_auxv(struct mm *mm, const struct vectors *v)
{
	mm->auxv_size = (v->count - v->auxv) * 8;
	memcpy(mm->auxv, &v->words[v->auxv], mm->auxv_size);
}

int stack_patch(struct mm *mm, const struct start *start,
	const struct elf_image *program, const struct elf_image *interp,
	const struct stack_identity *identity, uaddr_t *sp)
{
	size_t name_size = strlen(identity->execfn) + 1;
	size_t down = (name_size + 15) & ~(size_t)15;
	struct vectors v = {0};
	uaddr_t name;
	int ret;

	ret = read_vectors(mm, start, &v);
	if (ret == 0)
		ret = note_strings(mm, &v);
	if (ret < 0)
		goto out;
	describe_program(&v, program, interp, identity);
	name = start->sp - down + v.count * 8;
	set_entry(&v, AT_EXECFN, name);
	note_auxv(mm, &v);
	mm->start_stack = start->sp - down;
	ret = copy_out(mm, start->sp - down, v.words, v.count * 8);
	if (ret == 0)
		ret = copy_out(mm, name, identity->execfn, name_size);
	*sp = start->sp - down;
out:
	free(v.words);
	return ret;
}
