# Sourced by the tests in shell: TAP, a scratch folder, and a sandbox to run.
#
#	plan N                       first
#	is NAME GOT WANT             a case
#	has NAME TEXT PATTERN        a case: an extended regular expression
#	run ARGUMENT...              sandbox run; $status, $out, $err
#	gone NAME                    a case: no process of ours is left
#
# Everything started here is ended here: each run has a time limit.

build=${SANDBOX_BUILD:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../../build" && pwd)}
sandbox=${sandbox:-$build/sandbox}
read -r -a platforms <<<"${SANDBOX_PLATFORMS:-notify ptrace}"
limit=${limit:-20}
tap_number=0
scratch=$(mktemp -d "${TMPDIR:-/tmp}/sandbox-test.XXXXXX")
chmod 755 "$scratch"
trap 'rm -rf "$scratch"' EXIT

plan()
{
	echo "1..$1"
}

skip_all()
{
	echo "1..0 # SKIP $*"
	exit 0
}

pass()
{
	tap_number=$((tap_number + 1))
	echo "ok $tap_number - $1"
}

skip()
{
	tap_number=$((tap_number + 1))
	echo "ok $tap_number - $1 # SKIP $2"
}

fail()
{
	tap_number=$((tap_number + 1))
	echo "not ok $tap_number - $1"
	shift
	printf '%s\n' "$@" | head -c 2000 | sed 's/^/# /'
}

is()
{
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1" "got:    $2" "wanted: $3" "stderr: ${err-}"
	fi
}

has()
{
	if grep -qE -e "$3" <<<"$2"; then
		pass "$1"
	else
		fail "$1" "got:    $2" "no match for: $3"
	fi
}

# A build with sanitizers: they want /proc, and memory of their own.
sanitized()
{
	grep -q __asan_init "$build/sandbox" || grep -q __tsan_init "$build/sandbox"
}

# One line on standard error that begins with our name, and a status.
refused()
{
	local name=$1 want=$2 pattern=$3 lines

	lines=$(grep -c . <<<"$err")
	if [ "$status" = "$want" ] && [ "$lines" = 1 ] &&
		grep -qE -e "^sandbox: .*$pattern" <<<"$err"; then
		pass "$name"
	else
		fail "$name" "status $status, wanted $want" "stderr: $err"
	fi
}

run()
{
	# SIGTERM would go to the program: only SIGKILL ends a test for sure.
	timeout -s KILL "$limit" "$sandbox" run "$@" \
		>"$scratch/out" 2>"$scratch/err" </dev/null
	status=$?
	out=$(tr -d '\0' <"$scratch/out")
	err=$(cat "$scratch/err")
}

# Waits until CONDITION... holds, at most some seconds.
await()
{
	local tries

	for tries in $(seq 200); do
		"$@" && return 0
		sleep 0.02
	done
	return 1
}

# The living (not zombie) processes below PID, all generations.
tree()
{
	local child

	for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do
		echo "$child"
		tree "$child"
	done
}

# all_gone PID...: none of these runs any more.
all_gone()
{
	local pid state

	for pid in "$@"; do
		state=$(sed -n 's/^State:\t\(.\).*/\1/p' \
			/proc/"$pid"/status 2>/dev/null)
		[ -z "$state" ] || [ "$state" = Z ] || return 1
	done
	return 0
}

# child_of PID: $child is its first child.
child_of()
{
	child=$(pgrep -P "$1" | head -1)
	[ -n "$child" ]
}
