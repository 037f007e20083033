#!/bin/bash
# Exit statuses, signals and standard streams of real programs, and that a
# killed process of ours takes everything with it.
. "$(dirname "$0")/lib.sh"
cd "$scratch" || exit 1

users=(root)
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null &&
	setpriv --reuid 65534 --regid 65534 --clear-groups \
		test -x "$build/sandbox" 2>/dev/null; then
	users+=(nobody)
fi
# Where every new namespace is refused: the first wall alone.
[ -x "$build/tests/support/no-userns" ] && users+=(bare)
plan $((${#platforms[@]} * (19 + 10 * ${#users[@]})))

as()
{
	local user=$1

	shift
	if [ "$user" = nobody ]; then
		exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
	elif [ "$user" = bare ]; then
		exec "$build/tests/support/no-userns" "$@"
	else
		exec "$@"
	fi
}

for platform in "${platforms[@]}"; do
	on()
	{
		run --platform "$platform" "$@"
	}
	for code in 0 1 42 255; do
		on -- sh -c "exit $code"
		is "$platform: exit $code" "$status" $code
	done
	for signal in KILL TERM SEGV ABRT; do
		on -- sh -c "kill -$signal \$\$"
		is "$platform: SIG$signal" "$status" $((128 + $(kill -l $signal)))
	done
	out=$(echo through | timeout -s KILL $limit "$sandbox" run \
		--platform "$platform" -- cat)
	is "$platform: a pipe in and a pipe out" "$out" through
	echo "in a file" >file
	timeout -s KILL $limit "$sandbox" run --platform "$platform" -- \
		sh -c 'cat; echo error >&2' <file >copy 2>errors
	is "$platform: a file in, files out" "$(cat copy errors)" \
		"$(printf 'in a file\nerror')"
	on -- sh -c 'echo inside >new; cat new'
	is "$platform: a write is seen inside" "$out" inside
	is "$platform: and not outside" "$([ -e new ] && echo leaked)" ""
	on --rw "$scratch" -- sh -c 'echo out >"'"$scratch"'/out-there"'
	is "$platform: --rw writes to the host" "$(cat out-there)" out
	rm -f out-there
	on --ro "$scratch":/mnt -- sh -c 'cat /mnt/file; : >/mnt/file'
	has "$platform: --ro shows a folder elsewhere" "$out" '^in a file'
	has "$platform: and refuses to write to it" "$err" 'Read-only'
	on --tmpfs /mnt -- sh -c 'echo x >/mnt/a; ls /mnt'
	is "$platform: --tmpfs is empty and writable" "$out" a
	on --hide /etc/passwd -- cat /etc/passwd
	has "$platform: --hide hides" "$err" 'No such file'
	on --user 1234:5 -- sh -c 'id -u; id -g'
	is "$platform: --user" "$out" "$(printf '1234\n5')"
	on --timeout 0.3 -- sleep 100
	is "$platform: --timeout" "$status" 124

	for user in "${users[@]}"; do
		start()
		{
			rm -f "$scratch/ready"
			as $user timeout -s KILL $limit "$sandbox" run --platform "$platform" -- \
				sh -c 'trap "exit 33" TERM
				sleep 100 & sleep 100 & echo ready
				wait; exit 34' \
				>"$scratch/ready" 2>"$scratch/err" </dev/null &
			job=$!
			await child_of $job
			launcher=$child
			await grep -q ready "$scratch/ready"
			mapfile -t all < <(tree $launcher)
		}
		start
		is "$user, $platform: the processes are there" \
			"$([ ${#all[@]} -ge 5 ] && echo yes)" yes
		kill -TERM $launcher
		wait $job
		is "$user, $platform: SIGTERM reaches the program" $? 33
		await all_gone "${all[@]}"
		is "$user, $platform: nothing is left" $? 0

		start
		kill -KILL $launcher
		wait $job 2>/dev/null
		await all_gone "${all[@]}"
		is "$user, $platform: SIGKILL of the launcher ends all" $? 0

		for name in sentry gofer; do
			start
			kill -KILL "$(pgrep -P $launcher -f "^$name" | head -1)"
			wait $job
			is "$user, $platform: SIGKILL of the $name is 125" \
				$? 125
			await all_gone "${all[@]}"
			is "$user, $platform: and ends all" $? 0
		done

		start
		stub=$(pgrep -P "$(pgrep -P $launcher -f ^sentry)" | head -1)
		kill -KILL "$stub"
		wait $job
		is "$user, $platform: SIGKILL of the first stub is 137" $? 137
		await all_gone "${all[@]}"
		is "$user, $platform: and ends all" $? 0
	done
done
