/* Trying every platform in turn. See the header. */
#include "sentry/probe.h"

#include "lib/checked.h"
#include "platform.h"

void probe_platforms(struct boot_result *result)
{
	static const struct platform_ops *const all[] = {
		&notify_platform,
		&ptrace_platform,
	};
	static struct boot_probe probes[ARRAY_SIZE(all)];
	static char why[ARRAY_SIZE(all)][BOOT_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		probes[i].platform = (char *)all[i]->name;
		probes[i].error = -all[i]->probe(why[i], sizeof(why[i]));
		probes[i].why = why[i];
	}
	result->probes = probes;
	result->probe_count = ARRAY_SIZE(all);
}
