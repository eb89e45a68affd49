# SPDX-License-Identifier: ISC
# TAP for shell tests: ok, is, like, unlike, exits, skip, undecided, done_testing;
# each test has a scratch directory in $scratch, removed at the end.
#
# With CI=true nothing may be absent, so there skip and skip_all are failures.
# With RBLCACHE_LONG set (make check-all) nothing is thinned.

tap_n=0

tap_result() { # STATUS NAME
	tap_n=$((tap_n + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tap_n - $2"
	else
		echo "not ok $tap_n - $2"
	fi
	return "$1"
}

ok() { # NAME COMMAND...
	tap_name=$1
	shift
	"$@" >/dev/null 2>&1
	tap_result $? "$tap_name" || echo "# failed: $*"
}

is() { # GOT WANTED NAME
	[ "$1" = "$2" ]
	tap_result $? "$3" || printf 'got:    %s\nwanted: %s\n' "$1" "$2" |
		sed 's/^/# /'
}

like() { # GOT PATTERN NAME
	printf '%s\n' "$1" | grep -Eq -- "$2"
	tap_result $? "$3" || printf 'got: %s\nwanted to match: %s\n' "$1" \
	    "$2" | sed 's/^/# /'
}

unlike() { # GOT PATTERN NAME
	! printf '%s\n' "$1" | grep -Eq -- "$2"
	tap_result $? "$3" || printf 'got: %s\nwanted not to match: %s\n' \
	    "$1" "$2" | sed 's/^/# /'
}

# exits NAME STATUS PATTERN COMMAND...: its exit status and what it says
exits() {
	tap_name=$1
	tap_status=$2
	tap_pattern=$3
	shift 3
	tap_said=$("$@" 2>&1 </dev/null)
	tap_got=$?
	if [ "$tap_got" = "$tap_status" ] &&
	    printf '%s\n' "$tap_said" | grep -Eq -- "$tap_pattern"; then
		tap_result 0 "$tap_name"
	else
		tap_result 1 "$tap_name"
		printf '%s\nexit %s: %s\nwanted exit %s: %s\n' "$*" \
		    "$tap_got" "$tap_said" "$tap_status" "$tap_pattern" |
			sed 's/^/# /'
	fi
}

# What this machine does not have.
skip() { # NAME REASON
	if [ "${CI-}" = true ]; then
		tap_result 1 "$1" || echo "# it is absent: $2"
		return
	fi
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1 # SKIP $2"
}

skip_all() { # REASON
	if [ "${CI-}" = true ]; then
		skip "all of it" "$1"
		done_testing
	else
		echo "1..0 # SKIP $1"
	fi
	exit 0
}

# What this machine is too slow or too fast to show just now, with the figure.
# That is no failure, in CI neither.
undecided() { # NAME WHY
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1 # SKIP undecided: $2"
}

# all_rules DIR: makes it, with every rule file that there is, in use or not
all_rules() {
	mkdir "$1"
	cp "$root"/hooks/log/*.rules "$root"/hooks/log/available/*.rules "$1"
}

done_testing() {
	echo "1..$tap_n"
}

tap_scratch() {
	scratch=$(mktemp -d) || exit 1
	chmod 755 "$scratch"
	trap 'rm -rf "$scratch"' EXIT
	trap 'exit 1' HUP INT TERM
}

: "${RBLCACHE_BUILD:=$(cd "$(dirname "$0")/../.." && pwd)/build/release}"
export RBLCACHE_BUILD
root=$(cd "$(dirname "$0")/../.." && pwd)
