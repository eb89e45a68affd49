# SPDX-License-Identifier: ISC
# What the benches share. Ratios against real counterparts, both measured in
# the same run, in turns. Nothing here can fail for being slow: the machine
# decides, so the numbers are for reading. But each row sees to it that the
# work was done, and says "failed" when it was not.
#
#	. "$(dirname "$0")/bench.sh"	# goes on inside the namespace
#	for _ in $turns; do once theirs grep ...; once ours rblcache-feed ...; done
#	check "$(wc -l <"$out")" 160000 decisions
#	row "grep" "$(ratio theirs theirs)"; row "the feed" "$(ratio ours theirs)"

set -u
here=$(dirname "$0")
. "$here/../front.sh"
front_enter "$0" "$@"
front_rules=$(cd "$here/../../hooks/log" && pwd)
bench=$RBLCACHE_BUILD/tests/bench
front_prepare
[ "$front_ipset" ] || front_fail "no kernel sets: $front_no_ipset"
turns="1 2 3 4 5"
# Not /dev/null: GNU grep stops at the first match there.
out=$front/out

row() { # WHAT FIGURES
	printf '  %-48s %s\n' "$1" "$2"
}

check() { # GOT WANTED WHAT
	[ "$1" = "$2" ] && return
	echo "failed: $3: $1, not $2"
	exit 1
}

# once NAME COMMAND...: notes the CPU seconds it takes, children included
once() {
	name=$1
	shift
	# shellcheck disable=SC2016 # bash expands it
	OUT=$out bash -c 'TIMEFORMAT="%U %S"; time "$@" >"$OUT" 2>&1' x "$@" \
	    2>"$front/time" || check "$?" 0 "$*: $(tail -n 1 "$out")"
	awk '{ print $1 + $2 }' "$front/time" >>"$front/times.$name"
}

median() { # NAME
	sort -n "$front/times.$1" |
		awk '{ t[NR] = $1 } END { print t[int((NR + 1) / 2)] }'
}

calc() { # FORMAT AWK-EXPRESSION
	awk "BEGIN { printf \"$1\", $2 }"
}

ratio() { # NAME BASE
	a=$(median "$1")
	b=$(median "$2")
	calc "%.2f s, ratio %.2f" "$a, $a / $b"
}

members() { # SET
	ipset list -t "$1" | sed -n 's/^Number of entries: //p'
}

has_members() { # SET NUMBER
	[ "$(members "$1")" -ge "$2" ]
}
