/* Address spaces: allocation. */
#include "sentry/mm/mm.h"

#include <stdlib.h>

#include "lib/checked.h"

struct mm *mm_new(pid_t host_pid)
{
	struct mm *mm = alloc_zero(mm);

	if (!mm)
		return NULL;
	ref_init(&mm->ref);
	mm->host_pid = host_pid;
	mm->dumpable = 1;
	return mm;
}

struct mm *mm_get(struct mm *mm)
{
	ref_get(&mm->ref);
	return mm;
}

void mm_put(struct mm *mm)
{
	if (mm && ref_put(&mm->ref))
		free(mm);
}

void mm_copy_layout(struct mm *to, const struct mm *from)
{
	struct ref ref = to->ref;
	pid_t host_pid = to->host_pid;

	*to = *from;
	to->ref = ref;
	to->host_pid = host_pid;
}
