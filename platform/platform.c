/* Chooses a platform by name, or the first that can run here. */
#include "platform.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/checked.h"

/* In the order of preference. */
static const struct platform_ops *const platforms[] = {
	&notify_platform,
	&ptrace_platform,
};

const struct platform_ops *platform_find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(platforms); i++)
		if (strcmp(platforms[i]->name, name) == 0)
			return platforms[i];
	return NULL;
}

/* Appends "NAME: reason" to why, after what earlier platforms said. */
static void add_reason(
	char *why, size_t why_size, const char *name, const char *reason)
{
	size_t used = strlen(why);

	if (used < why_size)
		snprintf(why + used, why_size - used, "%s%s: %s",
			used > 0 ? "; " : "", name, reason);
}

int platform_choose(const char *name, const struct platform_ops **out,
	char *why, size_t why_size)
{
	const struct platform_ops *only = NULL;
	char reason[160];
	int first_error = 0;
	int ret;
	size_t i;

	if (why_size > 0)
		why[0] = '\0';
	if (name != NULL && strcmp(name, "auto") != 0) {
		only = platform_find(name);
		if (only == NULL) {
			add_reason(why, why_size, name, "no such platform");
			return -EINVAL;
		}
	}
	for (i = 0; i < ARRAY_SIZE(platforms); i++) {
		if (only != NULL && platforms[i] != only)
			continue;
		reason[0] = '\0';
		ret = platforms[i]->probe(reason, sizeof(reason));
		if (ret == 0) {
			*out = platforms[i];
			return 0;
		}
		add_reason(why, why_size, platforms[i]->name, reason);
		if (first_error == 0)
			first_error = ret;
	}
	return first_error;
}
