/* Scripts: "#!interpreter [one argument]" (execve(2)). */
#include "sentry/loader/loader.h"

#include <errno.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

int script_parse(const char *head, size_t size, struct script *script)
{
	char line[SCRIPT_LINE_MAX];
	const char *start, *end;
	size_t length;

	if (size < 3 || head[0] != '#' || head[1] != '!')
		return -ENOEXEC;
	if (size > sizeof(line) - 1)
		size = sizeof(line) - 1;
	memcpy(line, head, size);
	line[size] = 0;
	length = strcspn(line, "\n");
	/*
	 * Without an end of line in sight the interpreter's name may be cut:
	 * Linux refuses that, but takes a cut argument.
	 */
	if (length == SCRIPT_LINE_MAX - 1 &&
		!strpbrk(line + 2 + strspn(line + 2, " \t"), " \t"))
		return -ENOEXEC;
	line[length] = 0;
	while (length > 2 && is_blank(line[length - 1]))
		line[--length] = 0;
	start = line + 2 + strspn(line + 2, " \t");
	if (*start == 0)
		return -ENOEXEC;
	end = start + strcspn(start, " \t");
	memcpy(script->interp, start, (size_t)(end - start));
	script->interp[end - start] = 0;
	end += strspn(end, " \t");
	script->has_arg = *end != 0;
	strcpy(script->arg, end);
	return 0;
}
