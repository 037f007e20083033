/* Giving back the memory that only starting needed. */
#include "lib/trim.h"

#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * Segments that are never written hold what the file holds: dropping their
 * pages loses nothing, be it of the code that runs.
 */
static int drop_segments(struct dl_phdr_info *info, size_t size, void *arg)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	const ElfW(Phdr) * segment;
	uintptr_t start, end;

	(void)size;
	(void)arg;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		segment = &info->dlpi_phdr[i];
		if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W))
			continue;
		start = info->dlpi_addr + segment->p_vaddr;
		end = (start + segment->p_memsz) & ~(page - 1);
		start = (start + page - 1) & ~(page - 1);
		if (start < end)
			madvise((void *)start, end - start, MADV_DONTNEED);
	}
	return 1; /* Only the first: the program itself. */
}

void trim_startup(void)
{
	malloc_trim(0);
	dl_iterate_phdr(drop_segments, NULL);
}
