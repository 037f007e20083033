/*
 * Text for the trace: a bounded buffer, strings, numbers, names. The forms are
 * those of strace(1).
 */
#include "sentry/strace/print.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "sentry/strace/xlat.h"

#define ELLIPSIS "..."

void text_init(struct text *t, char *data, size_t size)
{
	t->data = data;
	t->size = size;
	t->used = 0;
	t->cut = false;
}

void text_bytes(struct text *t, const char *bytes, size_t size)
{
	size_t room = t->size - t->used;

	if (t->cut)
		return;
	if (size > room) {
		/* The ellipsis takes the place of the last bytes. */
		t->cut = true;
		memcpy(t->data + t->used, bytes, room);
		t->used = t->size;
		if (t->size >= strlen(ELLIPSIS))
			memcpy(t->data + t->size - strlen(ELLIPSIS), ELLIPSIS,
				strlen(ELLIPSIS));
		return;
	}
	memcpy(t->data + t->used, bytes, size);
	t->used += size;
}

void text_puts(struct text *t, const char *s)
{
	text_bytes(t, s, strlen(s));
}

void text_printf(struct text *t, const char *format, ...)
{
	char line[256];
	va_list ap;
	int size;

	va_start(ap, format);
	size = vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	if (size < 0)
		return;
	if ((size_t)size >= sizeof(line))
		size = sizeof(line) - 1;
	text_bytes(t, line, (size_t)size);
}

/* One byte; next is the one behind it, for octal that must not run on. */
static void quote_byte(struct text *t, unsigned char c, int next)
{
	static const char named[] = "\t\n\v\f\r\"\\";
	static const char letter[] = "tnvfr\"\\";
	const char *p = c != '\0' ? strchr(named, c) : NULL;

	if (p != NULL) {
		const char escape[2] = {'\\', letter[p - named]};

		text_bytes(t, escape, 2);
	} else if (c >= 0x20 && c < 0x7f) {
		text_bytes(t, (const char *)&c, 1);
	} else if (next >= '0' && next <= '7') {
		text_printf(t, "\\%03o", c);
	} else {
		text_printf(t, "\\%o", c);
	}
}

void text_quoted(struct text *t, const char *bytes, size_t size, bool more)
{
	text_puts(t, "\"");
	for (size_t i = 0; i < size; i++)
		quote_byte(t, (unsigned char)bytes[i],
			i + 1 < size ? (unsigned char)bytes[i + 1] : -1);
	text_puts(t, more ? "\"" ELLIPSIS : "\"");
}

static const char *name_of(const struct xlat *list, uint64_t value)
{
	for (; list != NULL && list->name != NULL; list++) {
		if (list->value == value)
			return list->name;
	}
	return NULL;
}

/* The flags that have a name; what is left comes back. */
static uint64_t known_flags(struct text *t, const struct xlat *list,
	uint64_t value, const char **separator)
{
	for (; list != NULL && list->name != NULL; list++) {
		if (list->value == 0 || (value & list->value) != list->value)
			continue;
		text_puts(t, *separator);
		text_puts(t, list->name);
		*separator = "|";
		value &= ~list->value;
	}
	return value;
}

void text_names(struct text *t, int set, uint64_t value)
{
	const struct xlat_set *x = xlat_find(set);
	const char *separator = "";
	uint64_t rest;

	if (x == NULL) {
		text_printf(t, "%#llx", (unsigned long long)value);
		return;
	}
	rest = value & ~x->choice_mask;
	if (x->choice_mask != 0) {
		uint64_t choice = value & x->choice_mask;
		const char *name = name_of(x->choices, choice);

		if (name != NULL) {
			text_puts(t, name);
			separator = "|";
		} else {
			rest |= choice;
		}
	} else if (value == 0) {
		const char *name = name_of(x->flags, 0);

		text_puts(t, name != NULL ? name : "0");
		return;
	}
	rest = known_flags(t, x->flags, rest, &separator);
	if (rest == 0 && *separator != '\0')
		return;
	text_printf(t, "%s%#llx", separator, (unsigned long long)rest);
	if (*separator == '\0' && x->unknown != NULL)
		text_printf(t, " /* %s */", x->unknown);
}

void text_pointer(struct text *t, uaddr_t addr)
{
	if (addr == 0)
		text_puts(t, "NULL");
	else
		text_printf(t, "%#llx", (unsigned long long)addr);
}

/* The name without SIG; real-time ones as RT_n. Empty: no such signal. */
static void signal_name(char name[16], uint64_t signo)
{
	const char *abbrev = NULL;

	name[0] = '\0';
	if (signo == SIGIO)
		abbrev = "IO"; /* the C library says POLL, strace IO */
	else if (signo > 0 && signo < 32)
		abbrev = sigabbrev_np((int)signo);
	if (abbrev != NULL)
		snprintf(name, 16, "%s", abbrev);
	else if (signo == 32)
		snprintf(name, 16, "RTMIN");
	else if (signo > 32 && signo <= 64)
		snprintf(name, 16, "RT_%d", (int)signo - 32);
}

void text_signal(struct text *t, uint64_t signo)
{
	char name[16];

	signal_name(name, signo);
	if (name[0] != '\0')
		text_printf(t, "SIG%s", name);
	else
		text_printf(t, "%d", (int)signo);
}

void text_sigset(struct text *t, uint64_t mask)
{
	const char *separator = "";
	char name[16];

	/* A set that has most signals is told by those it lacks. */
	if (__builtin_popcountll(mask) >= 42) {
		text_puts(t, "~");
		mask = ~mask;
	}
	text_puts(t, "[");
	for (unsigned int signo = 1; signo <= 64; signo++) {
		if (!(mask & (UINT64_C(1) << (signo - 1))))
			continue;
		signal_name(name, signo);
		text_printf(t, "%s%s", separator, name);
		separator = " ";
	}
	text_puts(t, "]");
}

void text_error(struct text *t, int error)
{
	const char *name = strerrorname_np(error);
	const char *words = strerrordesc_np(error);

	if (name == NULL)
		text_printf(t, "%d", error);
	else
		text_printf(t, "%s (%s)", name, words != NULL ? words : "?");
}

void text_mode(struct text *t, unsigned int mode)
{
	if (mode & S_IFMT) {
		text_names(t, XLAT_FILE_TYPE, mode & S_IFMT);
		text_puts(t, "|");
	}
	if (mode & S_ISUID)
		text_puts(t, "S_ISUID|");
	if (mode & S_ISGID)
		text_puts(t, "S_ISGID|");
	if (mode & S_ISVTX)
		text_puts(t, "S_ISVTX|");
	text_printf(t, "%#03o", mode & 0777);
}

void text_device(struct text *t, uint64_t dev)
{
	text_printf(t, "makedev(%#x, %#x)", major(dev), minor(dev));
}

void text_guest_string(
	struct text *t, struct mm *mm, uaddr_t addr, size_t limit)
{
	char bytes[STRACE_PATH_MAX + 1];
	size_t got, size;

	if (limit > STRACE_PATH_MAX)
		limit = STRACE_PATH_MAX;
	got = addr != 0 ? copy_in_some(mm, bytes, addr, limit + 1) : 0;
	size = strnlen(bytes, got);
	if (size == got && got <= limit) {
		text_pointer(t, addr);
		return;
	}
	if (size > limit)
		text_quoted(t, bytes, limit, true);
	else
		text_quoted(t, bytes, size, false);
}

void text_guest_bytes(
	struct text *t, struct mm *mm, uaddr_t addr, uint64_t size)
{
	char bytes[STRACE_STRING_MAX];
	size_t want = size < sizeof(bytes) ? size : sizeof(bytes);

	if (addr == 0 || copy_in_some(mm, bytes, addr, want) != want)
		text_pointer(t, addr);
	else
		text_quoted(t, bytes, want, size > want);
}

bool text_guest_struct(
	struct text *t, struct mm *mm, void *dst, uaddr_t addr, size_t size)
{
	if (addr != 0 && copy_in_some(mm, dst, addr, size) == size)
		return true;
	text_pointer(t, addr);
	return false;
}
