/*
 * Programs: what is in an ELF file, what a script's first line says, and the
 * host calls that put an image into a fresh address space.
 *
 * Nothing here is specific to a task. Every number of the file was chosen by
 * the guest.
 */
#ifndef SENTRY_LOADER_LOADER_H
#define SENTRY_LOADER_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform.h"
#include "sentry/mm/mm.h"
#include "sentry/vfs/vfs.h"

#define ELF_SEGMENTS_MAX 12
#define ELF_INTERP_MAX   4096
#define SCRIPT_LINE_MAX  256 /* BINPRM_BUF_SIZE */

struct elf_segment {
	uaddr_t addr; /* p_vaddr */
	uint64_t file_size, memory_size;
	off_t off;
	int prot;
};

struct elf_image {
	struct file *file; /* counted */
	bool position_independent;
	bool executable_stack;
	uaddr_t entry; /* before the bias */
	uaddr_t phdr;  /* of the program headers, before the bias */
	uint16_t phnum;
	uaddr_t low, high; /* page-aligned ends of all segments */
	struct elf_segment segments[ELF_SEGMENTS_MAX];
	size_t segment_count;
	char *interp; /* owned; NULL: static */
	uaddr_t bias; /* chosen by image_place() */
};

/*
 * Reads the headers. -ENOEXEC if it is not an x86-64 program that could run,
 * -EIO if the file cannot be read. Takes a reference to file.
 */
int elf_read(struct file *file, struct elf_image *image);
void elf_finish(struct elf_image *image);

struct script {
	char interp[SCRIPT_LINE_MAX];
	char arg[SCRIPT_LINE_MAX];
	bool has_arg;
};

/* head: the first bytes of the file. -ENOEXEC: not a script, or no name. */
int script_parse(const char *head, size_t size, struct script *script);

/* Where the image shall be; randomize false: the fixed place. */
void image_place(struct elf_image *image, bool is_interp, bool randomize);
/*
 * The host calls that map it; fd_index names the lent descriptor, host_off is
 * where the file begins in it. How many calls, at most space; -E2BIG.
 */
int image_calls(const struct elf_image *image, int fd_index, off_t host_off,
	struct host_call *calls, size_t space);
/* After the calls: zeroes what is behind the file's bytes in the last page. */
int image_clear_tails(const struct elf_image *image, struct mm *mm);

/* The entries of the auxiliary vector that the sentry decides. */
struct stack_identity {
	const char *execfn;
	uint64_t uid, euid, gid, egid, secure;
};

/*
 * Patches what the host built at start: the auxiliary vector describes the
 * guest's program, and AT_EXECFN is put on the stack, which moves the vectors
 * down. Fills mm's layout; *sp is where the program starts. -EFAULT for a
 * stack that cannot be (a hostile stub).
 */
int stack_patch(struct mm *mm, const struct start *start,
	const struct elf_image *program, const struct elf_image *interp,
	const struct stack_identity *identity, uaddr_t *sp);

#endif
