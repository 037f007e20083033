#!/bin/bash
# Every C file is as clang-format 14 makes it. TAP, one test a folder.
srcdir=${srcdir:-.}
cd "$srcdir" || exit 1
folders=(include lib platform sentry gofer oci cli tests)
echo "1..${#folders[@]}"
number=0
for folder in "${folders[@]}"; do
	number=$((number + 1))
	if ! command -v clang-format-14 >/dev/null; then
		echo "ok $number - $folder/ # SKIP no clang-format-14"
		continue
	fi
	bad=$(find "$folder" -name '*.[ch]' -print0 | xargs -0 -r -n 16 -P 2 \
		clang-format-14 --dry-run 2>&1 |
		sed -n 's/^\([^:]*\):.*warning:.*/\1/p' | sort -u)
	if [ -z "$bad" ]; then
		echo "ok $number - $folder/ is formatted"
	else
		echo "not ok $number - $folder/ is formatted"
		printf '%s\n' "$bad" | sed 's/^/# clang-format-14 -i /'
	fi
done
