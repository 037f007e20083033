#!/bin/bash
# Bad input: one clear line, the right exit status, nothing left running and
# nothing left on disk.
. "$(dirname "$0")/lib.sh"
cd "$scratch" || exit 1

before=$(ls -A /tmp | grep -vc '^sandbox-test')
plan $((16 + 14 * ${#platforms[@]}))

run
refused "no program" 125 'missing'
run --bogus -- true
refused "an unknown flag" 125 '"--bogus"'
run --user
refused "a flag without its value" 125 '"--user"'
run --user root -- true
refused "a user that is no number" 125 '"root"'
run --timeout soon -- true
refused "a timeout that is no number" 125 '"soon"'
run --env A -- true
refused "a variable without value" 125 '"A"'
run --platform kvm -- true
refused "an unknown platform" 125 '"kvm"'
run --hostname '' -- true
refused "an empty host name" 125 'hostname'
run --rootfs /etc/passwd -- true
refused "a rootfs that is a file" 125 '/etc/passwd: not a folder'
run --rootfs /nowhere -- true
refused "a rootfs that is not there" 125 '/nowhere: No such file'
run --ro /nowhere -- true
refused "a bind of something missing" 125 '/nowhere: No such file'
run --rw /dev/null -- true
refused "a bind of a device" 125 '/dev/null: not a folder or regular file'
run --tmpfs relative -- true
refused "a place that is not absolute" 125 'absolute'
run --debug-log /nowhere/log -- true
refused "a log that cannot be written" 125 '/nowhere/log: No such file'
run --strace=/nowhere/trace -- true
refused "a trace that cannot be written" 125 '/nowhere/trace: No such file'
run --help
has "--help tells the exit statuses" "$out" 'Exit status:'

printf '\177ELF\2\1\1' >truncated
head -c 4096 /bin/true >cut
printf '#!%s/loop\n' "$scratch" >loop
printf 'no magic at all\n' >text
printf '#!/nowhere/interpreter\n' >script
# A program of another machine (EM_AARCH64 is 183).
head -c 64 /bin/true >foreign
printf '\267\0' | dd of=foreign bs=1 seek=18 conv=notrunc 2>/dev/null
cp /bin/true refused
chmod 755 truncated cut loop text script foreign
chmod 644 refused

for platform in "${platforms[@]}"; do
	on()
	{
		run --platform "$platform" "$@"
	}
	on -- /nowhere/program
	refused "$platform: a missing program" 127 'not found'
	on -- no-such-program-in-path
	refused "$platform: a program that is not in PATH" 127 'not found'
	on -- "$scratch"
	refused "$platform: a folder" 126 ''
	on -- ./refused
	refused "$platform: a file that is not executable" 126 ''
	on -- ./truncated
	refused "$platform: seven bytes of an ELF" 126 ''
	on -- ./cut
	is "$platform: an ELF without its end never works" \
		"$([ "$status" -gt 125 ] && echo refused)" refused
	on -- ./foreign
	refused "$platform: an ELF of another machine" 126 ''
	on -- ./loop
	refused "$platform: a script that is its own interpreter" 126 ''
	on -- ./text
	refused "$platform: a text without #!" 126 ''
	on -- ./script
	refused "$platform: a script with a missing interpreter" 127 ''
	on -- printf '%s' $'\377\376x'
	is "$platform: an argument that is not UTF-8 arrives as it is" \
		"$(od -An -tx1 "$scratch/out" | tr -d ' \n')" fffe78
	# 2 MB of environment: 20 variables of 100 kB.
	out=$(for i in $(seq 20); do
		export "BIG$i=$(head -c 100000 /dev/zero | tr '\0' x)"
	done
	ulimit -s 65536
	timeout -s KILL $limit "$sandbox" run --platform "$platform" -- \
		sh -c 'echo ${#BIG1} ${#BIG20}' 2>&1 </dev/null)
	is "$platform: an environment of 2 MB arrives" "$out" "100000 100000"
	timeout -s KILL $limit "$sandbox" run --platform "$platform" -- \
		sh -c 'test ! -e /proc/self/fd/0' <&- >"$scratch/out" 2>&1
	is "$platform: a closed standard input is closed inside" \
		"$? $(cat "$scratch/out")" "0 "
	timeout -s KILL $limit "$sandbox" run --platform "$platform" -- \
		sh -c 'exit 9' <&- >&- 2>&-
	is "$platform: all three closed" $? 9
done
after=$(ls -A /tmp | grep -vc '^sandbox-test')
[ "$after" -le "$before" ] || echo "# /tmp had $before entries, now $after"
