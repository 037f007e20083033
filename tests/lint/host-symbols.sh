#!/bin/bash
# What the sentry asks of its libraries: the undefined symbols of libsentry.a
# and libplatform.a, less our own, must be the checked-in list, so that a new
# host call is a line in a diff. TAP.
#
#	tests/lint/host-symbols.sh --update    writes the list anew
srcdir=${srcdir:-.}
list=$srcdir/tests/lint/host-symbols
libs=(libsentry.a platform/libplatform.a)

symbols()
{
	local defined undefined

	defined=$(nm --defined-only "${libs[@]}" lib/*.a 2>/dev/null |
		awk 'NF == 3 { print $3 }' | sort -u)
	undefined=$(nm -u "${libs[@]}" 2>/dev/null |
		awk 'NF == 2 && $1 == "U" { print $2 }' | sort -u)
	comm -13 <(printf '%s\n' "$defined") <(printf '%s\n' "$undefined") |
		sed -e 's/^__isoc99_//' -e '/^_GLOBAL_OFFSET_TABLE_$/d' |
		grep -v '^__.*_chk$' | LC_ALL=C sort -u
}

if [ "${1-}" = --update ]; then
	{
		echo "# Host symbols of the sentry; see host-symbols.sh."
		symbols
	} >"$list"
	exit
fi
echo 1..1
if nm "${libs[0]}" 2>/dev/null | grep -q __asan_; then
	echo "ok 1 - host symbols # SKIP a sanitizer brings its own"
elif out=$(diff <(grep -v '^#' "$list") <(symbols)); then
	echo "ok 1 - the sentry asks its libraries for what is listed"
else
	echo "not ok 1 - the sentry asks its libraries for what is listed"
	printf '%s\n' "$out" | sed 's/^/# /'
	echo "# A new line (>) is a new way to the host: add it on purpose, by"
	echo "# tests/lint/host-symbols.sh --update in the build folder."
fi
