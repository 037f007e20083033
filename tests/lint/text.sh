#!/bin/bash
# Small rules of the house that grep can see. TAP.
srcdir=${srcdir:-.}
cd "$srcdir" || exit 1
echo 1..3
# none NUMBER NAME PATTERN [GREP-ARGUMENT...]: no line matches.
none()
{
	local number=$1 name=$2 pattern=$3 out

	shift 3
	out=$(grep -rnE "$pattern" "$@" | head -10)
	if [ -z "$out" ]; then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		printf '%s\n' "$out" | sed 's/^/# /'
	fi
}
none 1 "no typedef of a struct" '^typedef struct' --include='*.[ch]' \
	include lib platform sentry gofer oci cli
none 2 "no string function without a bound" \
	'\b(strcat|sprintf|vsprintf|gets|alloca)\(' --include='*.[ch]' \
	include lib platform sentry gofer oci cli
none 3 "no integer of the guest becomes a pointer outside of mm/uaccess.c" \
	'\((void|char|const void|const char) \*\)\(?uintptr_t\)?[a-z]*u?addr' \
	--include='*.c' --exclude=uaccess.c sentry
