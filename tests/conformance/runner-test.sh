#!/bin/sh
# The conformance runner tells the truth: what passes natively agrees with
# itself, what a prefix breaks is told as a difference, and the exit status
# says which.
runner='./sandbox conformance'
# Programs with sanitizers in them do not pass natively: mlock() is not theirs.
grep -q -e __asan_init -e __tsan_init ./sandbox && exit 77
out=$(mktemp -d) || exit 99
trap 'rm -rf "$out"' EXIT
status=0

check()
{
	if [ "$2" != "$3" ]; then
		echo "FAIL: $1: expected $2, got $3"
		status=1
	fi
}

run()
{
	timeout 100 $runner "$@" >"$out/out" 2>"$out/err"
	echo $?
}

check "every case passes natively" 0 "$(run --native --json "$out/native")"
[ $status = 0 ] || cat "$out/out" "$out/err"
check "no case is lost" "$($runner --list | wc -l)" \
	"$(awk '$1 == "total" { print $2 }' "$out/out")"

check "a prefix that changes nothing agrees" 0 \
	"$(run --prefix env --filter pipes/ --junit "$out/junit")"
check "JUnit has every case" "$($runner --list --filter pipes/ | wc -l)" \
	"$(grep -c '<testcase ' "$out/junit")"

check "a limit is a difference" 1 \
	"$(run --prefix 'sh -c '\''ulimit -n 8; exec "$@"'\'' sh' \
		--filter pipes/pipe)"
check "and only where it matters" 1 "$(grep -c ': differ' "$out/out")"

check "a prefix that does nothing is a crash" 1 \
	"$(run --prefix true --filter pipes/fifo)"
check "of every case" "$($runner --list --filter pipes/fifo | wc -l)" \
	"$(grep -c ': crash' "$out/out")"

check "an unknown case is our trouble" 125 "$(run --filter no/such.case)"
check "an unknown option is wrong usage" 2 "$(run --no-such-option)"

differ=tests/conformance/differ
check "random sequences agree with themselves" 0 \
	"$($differ --seeds 1-5 --against env >/dev/null; echo $?)"
check "and a limit makes them differ" 1 \
	"$($differ --seeds 1-5 --against 'sh -c '\''ulimit -n 5; exec "$@"'\'' sh' \
		>"$out/differ"; echo $?)"
check "in a few steps" 1 "$(($(wc -l <"$out/differ") < 12))"
exit $status
