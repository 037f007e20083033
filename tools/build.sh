# Sourced by tools/quickstart and tools/check: packages and the build.
# Everything they print goes to standard error or the log; nothing is asked.

say()
{
	printf '%s\n' "$*" >&2
}

die()
{
	say "$0: $*"
	exit 1
}

# The packages of tools/deps.txt, those for tests too if $1 is "tests".
packages()
{
	if [ "${1-}" = tests ]; then
		sed -e '/^#/d' -e '/^$/d' tools/deps.txt
	else
		sed -e '/^# tests$/,$d' -e '/^#/d' -e '/^$/d' tools/deps.txt
	fi
}

missing_packages()
{
	local name

	for name in $(packages "$@"); do
		dpkg-query -W -f '${db:Status-Status}\n' "$name" 2>/dev/null |
			grep -qx installed || echo "$name"
	done
}

as_root()
{
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "these Debian packages are missing, and neither root nor" \
			"sudo is there to install them: $missing"
	fi
}

install_packages()
{
	missing=$(missing_packages "$@" | tr '\n' ' ')
	[ -n "${missing% }" ] || return 0
	command -v apt-get >/dev/null ||
		die "install what these Debian packages hold: $missing"
	say "installing: $missing"
	# Lists that are there may be enough; those of a fresh system are not.
	# shellcheck disable=SC2086
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
		install --no-install-recommends $missing >>"$log" 2>&1 && return
	as_root apt-get -qq update >>"$log" 2>&1 ||
		die "apt-get update failed; see $log"
	# shellcheck disable=SC2086
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
		install --no-install-recommends $missing >>"$log" 2>&1 ||
		die "apt-get install failed; see $log"
}

# build FOLDER CONFIGURE-ARGUMENT...: everything that make all makes.
build()
{
	local folder=$1 jobs

	shift
	jobs=$(nproc 2>/dev/null || echo 2)
	if [ ! -x configure ] || [ configure.ac -nt configure ]; then
		autoreconf -fi >>"$log" 2>&1 ||
			{ tail -20 "$log" >&2; die "autoreconf failed; see $log"; }
	fi
	mkdir -p "$folder"
	if [ ! -f "$folder/Makefile" ] ||
		[ configure -nt "$folder/config.status" ]; then
		(cd "$folder" && "$here/configure" -q "$@") >>"$log" 2>&1 ||
			{ tail -20 "$log" >&2; die "configure failed; see $log"; }
	fi
	make -s -C "$folder" -j"$jobs" all >>"$log" 2>&1 ||
		{ tail -40 "$log" >&2; die "the build in $folder failed; see $log"; }
}

here=$(pwd)
mkdir -p build
log=$here/build/tools.log
: >"$log"
