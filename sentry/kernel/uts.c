/* The names of the machine. */
#include "sentry/kernel/uts.h"

#include <string.h>

struct uts uts = {
	.nodename = "sandbox",
	.domainname = "(none)",
};

static void set(char name[UTS_NAME_MAX + 1], const char *bytes, size_t size)
{
	if (size > UTS_NAME_MAX)
		size = UTS_NAME_MAX;
	memset(name, 0, UTS_NAME_MAX + 1);
	memcpy(name, bytes, size);
}

void uts_set_nodename(const char *name, size_t size)
{
	set(uts.nodename, name, size);
}

void uts_set_domainname(const char *name, size_t size)
{
	set(uts.domainname, name, size);
}
