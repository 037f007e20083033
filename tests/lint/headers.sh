#!/bin/bash
# Every header of ours compiles alone. TAP, one test a header.
srcdir=${srcdir:-.}
builddir=$PWD
cd "$srcdir" || exit 1
# Fragments that are included several times with macros set are no headers.
mapfile -t headers < <(find include lib platform sentry gofer oci cli \
	-name '*.h' ! -path 'platform/stub/*' | sort)
echo "1..${#headers[@]}"
number=0
for header in "${headers[@]}"; do
	number=$((number + 1))
	if out=$(printf '#include "config.h"\n#include "%s"\n' "$header" |
		${CC:-gcc} -std=gnu17 -D_GNU_SOURCE -Wall -Werror -fsyntax-only \
			-I. -Iinclude -I"$builddir" -x c - 2>&1); then
		echo "ok $number - $header compiles alone"
	else
		echo "not ok $number - $header compiles alone"
		printf '%s\n' "$out" | head -4 | sed 's/^/# /'
	fi
done
