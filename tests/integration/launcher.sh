#!/bin/bash
# The launcher alone, with a fake sentry that does what it is told: results,
# signals, timeouts, lost and hostile sentries, and that nothing is left.
. "$(dirname "$0")/lib.sh"

# The launcher takes the programs that are beside it.
cp "$build/sandbox" "$build/procbroker" "$build/stub" "$scratch/"
cp "$build/gofer/gofer" "$scratch/gofer"
cp "$build/tests/support/fake-sentry" "$scratch/sentry"
sandbox=$scratch/sandbox
limit=10
cd /

plan 27

run -- exit:3
is "the exit status is the program's" "$status" 3
run -- exit:255
is "all eight bits of it" "$status" 255
run -- signal:15
is "a signal becomes 128+n" "$status" 143
run -- missing
is "not found is 127" "$status" 127
is "what the sentry says is escaped" "$err" \
	'sandbox: cannot find "missing"\x1b[31m in PATH'
run -- die
refused "a sentry that dies is 125" 125 'sentry .* killed by signal 4'
run -- junk
refused "a sentry that talks nonsense is 125" 125 'not a result'
run --timeout 0.2 -- deaf
is "a deaf sentry is no match for --timeout" "$status" 124
run --timeout 0.2 -- wait
is "--timeout begins with SIGTERM, and is 124 all the same" "$status" 124
run --env A=1 --clear-env --cwd /tmp --hostname h --user 5:6 --tmpfs /x \
	--ro /etc:/y -- config a 'b c' ''
is "status of a run that prints what it was told" "$status" 0
has "ids of --user" "$out" 'cwd /tmp hostname h uid 5 gid 6$'
is "only the variables of --env" "$(grep ^env <<<"$out")" "env A=1"
is "arguments as they are" "$(grep ^argv <<<"$out" | tr '\n' ';')" \
	"argv config;argv a;argv b c;argv ;"
is "mounts in order" "$(grep ^mount <<<"$out" | tr '\n' ';')" \
	"mount 1 / root 0 upper 4294967295;mount 2 /x root 0 upper 4294967295;mount 0 /y root 1 upper 4294967295 ro;"
is "the sentry holds its socket and what came over it" \
	"$(grep -c '^fd' <<<"$out")" 4
exec 9</etc/passwd
run -- config
is "no other descriptor is inherited" "$(grep -c '^fd' <<<"$out")" 4
exec 9<&-

# in_background ARGUMENT...: $launcher, and below it what it started.
in_background()
{
	# A shell's background job ignores SIGINT: not what is tested here.
	timeout -s KILL $limit env --default-signal "$sandbox" run "$@" \
		>"$scratch/out" 2>"$scratch/err" </dev/null &
	job=$!
	await child_of $job || echo "# no launcher"
	launcher=$child
	sleep 0.2
}

for signal in INT TERM HUP USR1; do
	in_background -- wait
	kill -s $signal $launcher
	wait $job
	is "SIG$signal reaches the sentry" $? "$(kill -l $signal)"
done

in_background -- orphans
await grep -q ready "$scratch/out"
# shellcheck disable=SC2046
set -- $(tree $launcher)
kill -KILL $launcher
wait $job 2>/dev/null
await all_gone "$@" && pass "SIGKILL of the launcher leaves nothing" ||
	fail "SIGKILL of the launcher leaves nothing" "left of: $*"

for name in sentry gofer; do
	in_background -- orphans
	await grep -q ready "$scratch/out"
	# shellcheck disable=SC2046
	set -- $(tree $launcher)
	victim=$(pgrep -P $launcher -f "^$name" | head -1)
	kill -KILL "$victim"
	wait $job
	is "SIGKILL of the $name is 125" $? 125
	await all_gone "$@" && pass "SIGKILL of the $name leaves nothing" ||
		fail "SIGKILL of the $name leaves nothing" "left of: $*"
done

timeout -s KILL 10 "$build/tests/support/no-userns" "$sandbox" run -- walls \
	>"$scratch/out" 2>"$scratch/err" </dev/null
is "it starts where every namespace is refused" $? 0
has "and says so" "$(cat "$scratch/out")" \
	'^user_namespace Operation not permitted'
