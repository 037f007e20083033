/*
 * What went wrong, in words for the one who started us, and the exit status
 * that goes with it. Written where it happened; wrapped on the way up.
 */
#ifndef OCI_ERROR_H
#define OCI_ERROR_H

#include <stddef.h>

struct error {
	int code; /* exit status: 125 ours, 126 not executable, 127 not found */
	char text[1024]; /* one line: what, which object, why, what to do */
};

/* Sets a 125. Always returns -1, so that it can be returned at once. */
int error_set(struct error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Copies text with everything that is not a printable character of a
 * terminal as \xNN, cut to size bytes with the final NUL.
 */
void text_escape(const char *text, char *out, size_t size);

#endif
