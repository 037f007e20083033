/* Errors in words. See the header. */
#include "oci/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct error *error, const char *format, ...)
{
	va_list ap;

	error->code = 125;
	va_start(ap, format);
	vsnprintf(error->text, sizeof(error->text), format, ap);
	va_end(ap);
	return -1;
}

void text_escape(const char *text, char *out, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	size_t used = 0;

	for (; *text && used + 5 <= size; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte >= 0x20 && byte < 0x7f) {
			out[used++] = (char)byte;
			continue;
		}
		memcpy(out + used, "\\x", 2);
		out[used + 2] = digits[byte >> 4];
		out[used + 3] = digits[byte & 15];
		used += 4;
	}
	out[used] = 0;
}
