#!/bin/sh
# Random sequences of calls end the same natively and in the sandbox. The seeds
# are always the same ones; more by hand: see docs/ci.md.
seeds=1-60
tasks=1-10
[ -z "$SANDBOX_QUICK" ] || seeds=1-10
[ -z "$SANDBOX_FULL" ] || seeds=1-600 tasks=1-60
status=0
# LeakSanitizer wants ptrace(2), which a guest may not have.
export ASAN_OPTIONS=detect_leaks=0

for platform in ${SANDBOX_PLATFORMS:-notify ptrace}; do
	if ! timeout 300 tests/conformance/differ --seeds $seeds \
		--against "$PWD/sandbox run --platform=$platform --"; then
		echo "FAIL: random sequences on $platform"
		status=1
	fi
	if ! timeout 300 tests/conformance/differ --seeds $tasks \
		--steps 100 --tasks 1 \
		--against "$PWD/sandbox run --platform=$platform --"; then
		echo "FAIL: random sequences of processes on $platform"
		status=1
	fi
done
exit $status
