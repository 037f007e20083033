/*
 * ELF files (elf(5)) and where their segments go.
 */
#include "sentry/loader/loader.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "lib/checked.h"
#include "sentry/base/random.h"
#include "sentry/mm/uaccess.h"

#define PAGE         4096u
#define PAGE_DOWN(x) ((x) & ~(uint64_t)(PAGE - 1))
#define PAGE_UP(x)   PAGE_DOWN((x) + PAGE - 1)
#define USER_END     0x7ffffffff000ull
#define PHNUM_MAX    128

/* Linux' ELF_ET_DYN_BASE, two thirds of the address space. */
#define PROGRAM_BASE  0x555555554000ull
#define PROGRAM_PAGES (UINT64_C(1) << 28)
/* Below the host's mmap base, where sanitizers expect libraries. */
#define INTERP_BASE  0x7e8000000000ull
#define INTERP_PAGES (UINT64_C(1) << 26)

static int check_header(const Elf64_Ehdr *header)
{
	if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
		header->e_ident[EI_CLASS] != ELFCLASS64 ||
		header->e_ident[EI_DATA] != ELFDATA2LSB ||
		header->e_machine != EM_X86_64 ||
		(header->e_type != ET_EXEC && header->e_type != ET_DYN) ||
		header->e_phentsize != sizeof(Elf64_Phdr) ||
		header->e_phnum == 0 || header->e_phnum > PHNUM_MAX ||
		header->e_phoff > INT64_MAX - PHNUM_MAX * sizeof(Elf64_Phdr))
		return -ENOEXEC;
	return 0;
}

static int add_segment(struct elf_image *image, const Elf64_Phdr *ph)
{
	struct elf_segment *segment;
	uint64_t end;

	if (ph->p_memsz == 0)
		return 0;
	if (image->segment_count == ELF_SEGMENTS_MAX ||
		ph->p_filesz > ph->p_memsz ||
		!checked_add(ph->p_vaddr, ph->p_memsz, &end) ||
		end > USER_END - PAGE || ph->p_offset > INT64_MAX - USER_END ||
		(ph->p_vaddr - ph->p_offset) % PAGE != 0)
		return -ENOEXEC;
	segment = &image->segments[image->segment_count++];
	segment->addr = ph->p_vaddr;
	segment->file_size = ph->p_filesz;
	segment->memory_size = ph->p_memsz;
	segment->off = (off_t)ph->p_offset;
	segment->prot = (ph->p_flags & PF_R ? PROT_READ : 0) |
			(ph->p_flags & PF_W ? PROT_WRITE : 0) |
			(ph->p_flags & PF_X ? PROT_EXEC : 0);
	image->low = MIN(image->low, PAGE_DOWN(ph->p_vaddr));
	image->high = MAX(image->high, PAGE_UP(end));
	return 0;
}

static int read_interp(struct elf_image *image, const Elf64_Phdr *ph)
{
	ssize_t got;

	if (image->interp)
		return 0; /* the first one counts */
	if (ph->p_filesz < 2 || ph->p_filesz > ELF_INTERP_MAX ||
		ph->p_offset > INT64_MAX)
		return -ENOEXEC;
	image->interp = malloc(ph->p_filesz);
	if (!image->interp)
		return -ENOMEM;
	got = file_read_kernel(
		image->file, image->interp, ph->p_filesz, (off_t)ph->p_offset);
	if (got < 0 || (uint64_t)got != ph->p_filesz)
		return got < 0 ? (int)got : -EIO;
	if (image->interp[ph->p_filesz - 1] != 0)
		return -ENOEXEC;
	return 0;
}

static int take_header(
	struct elf_image *image, const Elf64_Ehdr *header, const Elf64_Phdr *ph)
{
	switch (ph->p_type) {
	case PT_LOAD:
		if (header->e_phoff >= ph->p_offset &&
			header->e_phoff - ph->p_offset < ph->p_filesz)
			image->phdr = ph->p_vaddr +
				      (header->e_phoff - ph->p_offset);
		return add_segment(image, ph);
	case PT_INTERP:
		return read_interp(image, ph);
	case PT_GNU_STACK:
		image->executable_stack = ph->p_flags & PF_X;
		return 0;
	default:
		return 0;
	}
}

static int read_headers(struct elf_image *image, const Elf64_Ehdr *header)
{
	Elf64_Phdr table[PHNUM_MAX];
	size_t size = header->e_phnum * sizeof(table[0]);
	ssize_t got;
	int ret = 0;

	got = file_read_kernel(
		image->file, table, size, (off_t)header->e_phoff);
	if (got < 0 || (size_t)got != size)
		return got < 0 ? (int)got : -ENOEXEC;
	for (size_t i = 0; i < header->e_phnum && ret == 0; i++)
		ret = take_header(image, header, &table[i]);
	if (ret == 0 && image->segment_count == 0)
		ret = -ENOEXEC;
	return ret;
}

int elf_read(struct file *file, struct elf_image *image)
{
	Elf64_Ehdr header;
	ssize_t got;
	int ret;

	memset(image, 0, sizeof(*image));
	got = file_read_kernel(file, &header, sizeof(header), 0);
	if (got < 0)
		return (int)got;
	if ((size_t)got < sizeof(header) || check_header(&header) < 0)
		return -ENOEXEC;
	image->file = file_get(file);
	image->position_independent = header.e_type == ET_DYN;
	image->entry = header.e_entry;
	image->phnum = header.e_phnum;
	image->low = UINT64_MAX;
	ret = read_headers(image, &header);
	/* A fixed program that reaches into the stub's window has no place. */
	if (ret == 0 && !image->position_independent &&
		image->low < STUB_WINDOW_END)
		ret = -ENOEXEC;
	if (ret < 0)
		elf_finish(image);
	return ret;
}

void elf_finish(struct elf_image *image)
{
	if (image->file)
		file_put(image->file);
	free(image->interp);
	image->file = NULL;
	image->interp = NULL;
}

/* ---- Placing ----------------------------------------------------------- */

static uint64_t random_pages(uint64_t limit)
{
	uint64_t value = 0;

	if (host_random(&value, sizeof(value)) < 0)
		return 0; /* the fixed place: no worse than -R */
	return value % limit * PAGE;
}

void image_place(struct elf_image *image, bool is_interp, bool randomize)
{
	uaddr_t base = is_interp ? INTERP_BASE : PROGRAM_BASE;

	if (!image->position_independent) {
		image->bias = 0;
		return;
	}
	if (randomize)
		base += random_pages(is_interp ? INTERP_PAGES : PROGRAM_PAGES);
	image->bias = base - image->low;
}

static void add_map(struct host_call *call, uaddr_t addr, uint64_t size,
	int prot, int flags, int fd_index, off_t off)
{
	*call = (struct host_call){
		.nr = SYS_mmap,
		.args = {addr, size, (uint64_t)prot, (uint64_t)flags,
			fd_index < 0 ? (uint64_t)-1 : 0, (uint64_t)off},
		.fd_arg = fd_index < 0 ? -1 : 4,
		.fd_index = fd_index,
		.must_succeed = true,
	};
}

static size_t segment_calls(const struct elf_image *image,
	const struct elf_segment *segment, int fd_index, off_t host_off,
	struct host_call *calls)
{
	uaddr_t first = image->bias + segment->addr;
	uaddr_t start = PAGE_DOWN(first);
	uaddr_t file_end = PAGE_UP(first + segment->file_size);
	uaddr_t end = PAGE_UP(first + segment->memory_size);
	size_t count = 0;

	if (segment->file_size == 0)
		file_end = start;
	else
		add_map(&calls[count++], start, file_end - start, segment->prot,
			MAP_PRIVATE | MAP_FIXED, fd_index,
			host_off + segment->off -
				(off_t)(segment->addr % PAGE));
	if (end > file_end)
		add_map(&calls[count++], file_end, end - file_end,
			segment->prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
			-1, 0);
	return count;
}

int image_calls(const struct elf_image *image, int fd_index, off_t host_off,
	struct host_call *calls, size_t space)
{
	size_t count = 0;

	if (space < 1 + 2 * image->segment_count)
		return -E2BIG;
	/* All of it first: nothing else can be where a segment shall go. */
	add_map(&calls[count++], image->bias + image->low,
		image->high - image->low, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
			MAP_FIXED_NOREPLACE,
		-1, 0);
	for (size_t i = 0; i < image->segment_count; i++)
		count += segment_calls(image, &image->segments[i], fd_index,
			host_off, &calls[count]);
	return (int)count;
}

int image_clear_tails(const struct elf_image *image, struct mm *mm)
{
	for (size_t i = 0; i < image->segment_count; i++) {
		const struct elf_segment *segment = &image->segments[i];
		uaddr_t end = image->bias + segment->addr + segment->file_size;

		if (segment->memory_size == segment->file_size ||
			end % PAGE == 0 || !(segment->prot & PROT_WRITE))
			continue;
		if (zero_out(mm, end, PAGE_UP(end) - end) < 0)
			return -EFAULT;
	}
	return 0;
}
