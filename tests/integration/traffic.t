#!/bin/sh
# SPDX-License-Identifier: ISC
# The traffic that is made up to compare servers is like what is published: both
# fits, each figure that one of them is to meet.
. "$(dirname "$0")/../tap.sh"
tap_scratch
simulate=$RBLCACHE_BUILD/tests/bench/simulate
rules=$root/hooks/log/rblsmtpd.rules

# ---- the help ----

"$simulate" -h >"$scratch/help"
letters=$(sed -n 's/.*TRAFFIC_OPTIONS "\(.*\)"$/\1/p' \
    "$root/tests/bench/traffic.h" | tr -d ':' | sed 's/./& /g')
is "$(echo "$letters" | wc -w)" 23 "the generator has 23 options"
for letter in $letters; do
	# what it says of it, up to the next one
	sed -n "/^  -$letter /,/^  -[^$letter]\|^[^ ]/p" "$scratch/help" |
		sed '1n; /^  -\|^[^ ]/d' >"$scratch/of"
	case $letter in
	s | d | x | q) # what is no figure of the world
		like "$(cat "$scratch/of")" "^  -$letter +[A-Z]+ +[0-9]" \
		    "-$letter: the help has it, and its default"
		;;
	*)
		like "$(tr '\n' ' ' <"$scratch/of")" \
		    "^  -$letter +[A-Z]+ +([0-9]|usual|error).*(assumed|Levine|the blog|Jung|Spamhaus FAQ|West|Pagani)" \
		    "-$letter: the help has it, its default and its source"
		;;
	esac
done
for figure in "61.9 %" "2: 16.8" "3: 9.3" "4: 3.5" "5 to 10: 6.4" \
    "11 to 20: 1.3" "more: 0.7" "1: 56 %" "2: 18" "3: 8.3" "4: 4.7" \
    "5 to 10: 9.3" "more: 4.2"; do
	like "$(tr -s ' \n' ' ' <"$scratch/help")" "$figure" \
	    "the help has $figure"
done

# ---- the figures ----

# within WHAT LEAST MOST: what was made
within() {
	awk -F '\t' -v what="$1" -v least="$2" -v most="$3" '
	$1 == what { n++; got = $3 }
	END { exit !(n == 1 && got >= least && got <= most) }' \
	    "$scratch/figures"
	tap_result $? "$fit $seed: $1: $2 to $3" ||
		grep -F "$1	" "$scratch/figures" | sed 's/^/# /'
}

# figures [OPTION...]; one host counts in each week in which it comes, as where
# they are from
figures() {
	"$simulate" -f "$fit" -s "$seed" -d 28 "$@" figures \
	    >"$scratch/figures"
}

fit=usual
for seed in 1 2; do
	figures -n 2500
	within "hosts refused 1 to 1 times in a week" 60.9 62.9
	within "hosts refused 2 to 2 times in a week" 14 20
	within "hosts refused 3 to 3 times in a week" 7 11
	within "hosts refused 4 to 4 times in a week" 3 4.2
	within "hosts refused 5 to 10 times in a week" 5.4 7.4
	within "hosts refused 11 to 20 times in a week" 1.1 1.5
	within "hosts refused 21 to 490 times in a week" 0.6 0.9
	within "repeats among a week's refusals" 56 62
	within "mean of those above 10, times" 28 36
	within "median of those, times" 12 18
	within "repeats among a day's refusals" 27 40
done

fit=S2
for seed in 1 2; do
	figures -d 56
	within "hosts refused 1 to 1 times in four weeks" 56 63
	within "hosts refused 2 to 2 times in four weeks" 15.5 18
	within "hosts refused 3 to 3 times in four weeks" 6.5 8.3
	within "hosts refused 4 to 4 times in four weeks" 3.5 4.7
	within "hosts refused 5 to 10 times in four weeks" 7 9.3
	within "hosts refused more often in four weeks" 3.2 4.2
	within "repeats among a day's refusals" 27 40
done

# what both are to meet
seed=1
for fit in usual S2; do
	figures -d 56
	within "connections of listed hosts" 64 66
	within "the same, of hosts never listed" 78 82
	within "the same, of hosts never listed, in a week" 93 96
	within "connections a day, number" 17000 21000
	within "listed hosts that leave within 30 days" 12 14
	within "hosts that come back, of those that leave" 43 47
	within "servers that sent mail before" 45 55
done

fit=usual
figures -n 2500 -l 0.4 -r 0.9
within "connections of listed hosts" 38 42
within "repeats among a day's connections" 59 75
figures -n 2500 -l 0.9 -m 0.002
within "connections of listed hosts" 87 92
figures -n 2500 -b 1
within "repeats among a day's refusals" 49 61
figures -L 1 -n 10000 -m 0.003
within "repeats among a week's refusals" 30 53 # too few

# ---- the same for the same seed, faster too ----

small='-n 100 -d 5'
# shellcheck disable=SC2086 # words
log_of() {
	"$simulate" $small "$@" log | sha256sum
}
is "$(log_of -s 7)" "$(log_of -s 7)" "the same seed, the same traffic"
ok "another seed, other traffic" [ "$(log_of -s 7)" != "$(log_of -s 8)" ]

# rows that hang on no second: a pool and its tries, hammering hosts, and the
# resolver's minute with them
rows() { # HOURS OPTION...
	hours=$1
	shift
	# shellcheck disable=SC2086 # words
	"$simulate" $small -w 2 -P 0.5 -m 0.05 -H 0.01 -C "$rules" "$@" table |
		awk -F '\t' -v OFS='\t' -v hours="$hours" '
		$1 !~ /rblcache|passes|shipped/ { $2 /= hours; print }'
}
is "$(rows 86400 -t 86400 -x 1)" "$(rows 8640 -t 8640 -x 10)" \
    "ten times as fast, all of its times are a tenth"
done_testing
