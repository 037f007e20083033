/*
 * Text for the trace: a bounded buffer, strings, numbers, names.
 */
#ifndef SENTRY_STRACE_PRINT_H
#define SENTRY_STRACE_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sentry/mm/uaccess.h"

#define STRACE_STRING_MAX 32 /* bytes of a buffer that are shown */
#define STRACE_PATH_MAX   1024
#define STRACE_ARRAY_MAX  32 /* elements of an array */

/* Bytes in storage of the caller's; what does not fit is cut, with "...". */
struct text {
	char *data;
	size_t size;
	size_t used;
	bool cut;
};

void text_init(struct text *t, char *data, size_t size);
void text_bytes(struct text *t, const char *bytes, size_t size);
void text_puts(struct text *t, const char *s);
void text_printf(struct text *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* "..." with escapes; an ellipsis behind it if more is set. */
void text_quoted(struct text *t, const char *bytes, size_t size, bool more);
/* Names of an xlat set: A|B|0x40, or 0x40 with a remark. */
void text_names(struct text *t, int set, uint64_t value);
/* NULL or 0x1234. */
void text_pointer(struct text *t, uaddr_t addr);
void text_signal(struct text *t, uint64_t signo);
void text_sigset(struct text *t, uint64_t mask);
void text_error(struct text *t, int error); /* ENOENT (No such file...) */
void text_mode(struct text *t, unsigned int mode); /* with the file type */
void text_device(struct text *t, uint64_t dev);

/* From guest memory; the address if it cannot be read. */
void text_guest_string(
	struct text *t, struct mm *mm, uaddr_t addr, size_t limit);
void text_guest_bytes(
	struct text *t, struct mm *mm, uaddr_t addr, uint64_t size);
/*
 * Copies a structure in, or prints the address and says false.
 */
bool text_guest_struct(
	struct text *t, struct mm *mm, void *dst, uaddr_t addr, size_t size);

#endif
