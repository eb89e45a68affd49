#!/bin/sh
# SPDX-License-Identifier: ISC
# Made-up traffic is like what is published, and what servers make of it follows
# what must hold of any; the tables and plots are made.
. "$(dirname "$0")/../tap.sh"
tap_scratch
simulate=$RBLCACHE_BUILD/tests/bench/simulate
rules=$root/hooks/log/rblsmtpd.rules

# ---- the help ----

"$simulate" -h >"$scratch/help"
letters=$(sed -n 's/.*TRAFFIC_OPTIONS "\(.*\)"$/\1/p' \
    "$root/tests/bench/traffic.h" | tr -d ':' | sed 's/./& /g')
is "$(echo "$letters" | wc -w)" 15 "the generator has 15 options"
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
		    "^  -$letter +[A-Z]+ +[0-9].*(assumed|Levine|Siebenmann|Jung|Spamhaus FAQ|of *2006)" \
		    "-$letter: the help has it, its default and its source"
		;;
	esac
done
for figure in "61.9 %" "2: 16.8" "3: 9.3" "4: 3.5" "5 to 10: 6.4" \
    "11 to 20: 1.3" "more: 0.7"; do
	like "$(cat "$scratch/help")" "$figure" "the help has $figure"
done
like "$(tr -s ' \n' ' ' <"$scratch/help")" \
    "a university's server, CBL, a week of 2006" "and where that is from"

# ---- the figures ----

# near WHAT WANTED BY: what was made, within so much
near() {
	awk -F '\t' -v what="$1" -v wanted="$2" -v by="$3" '
	$1 == what { n++; got = $3 }
	END { exit !(n == 1 && got >= wanted - by && got <= wanted + by) }' \
	    "$scratch/figures"
	tap_result $? "$1: $2, within $3" || grep "^$1" "$scratch/figures" |
		sed 's/^/# /'
}

for seed in 1 2; do
	"$simulate" -s "$seed" -d 28 -n 2500 figures >"$scratch/figures"
	# a host counts in each week in which it comes, as where they are from
	near "hosts refused 1 to 1 times in a week" 61.9 1
	near "hosts refused 2 to 2 times in a week" 16.8 3
	near "hosts refused 3 to 3 times in a week" 9.3 2
	near "hosts refused 4 to 4 times in a week" 3.5 0.5
	near "hosts refused 5 to 10 times in a week" 6.4 1
	near "hosts refused 11 to 20 times in a week" 1.3 0.2
	near "hosts refused 21 to 490 times in a week" 0.7 0.1
	near "mean of those above 10, times" 32 4
	near "median of those, times" 15 3
	near "most, times" 490 60
	near "repeats among a week's refusals" 59 3
	near "repeats among a day's refusals" 27 4
	near "connections of listed hosts" 65 1
	near "the same, of hosts never listed" 65 2
done
"$simulate" -d 28 -L 1 -n 10000 figures >"$scratch/figures"
less() { # A B NAME
	awk -v a="$1" -v b="$2" 'BEGIN { exit !(a < b) }'
	tap_result $? "$3" || echo "# $1 is not less than $2"
}
less "$(sed -n "s/^repeats among a week.*	//p" "$scratch/figures")" 53 \
    "hosts that go on for a week only repeat too little in one"
"$simulate" -d 28 -n 2500 -l 0.4 -r 0.9 figures >"$scratch/figures"
near "connections of listed hosts" 40 1
near "the same, of hosts never listed" 90 3
near "repeats among a day's connections" 65.5 7.5 # published: 58 to 73
"$simulate" -d 28 -n 2500 -l 0.9 figures >"$scratch/figures"
near "connections of listed hosts" 90 1
"$simulate" -d 28 -n 2500 -b 1 figures >"$scratch/figures"
near "repeats among a day's refusals" 55 6

small='-n 100 -d 5'
# shellcheck disable=SC2086 # words
log_of() {
	"$simulate" $small "$@" log | sha256sum
}
is "$(log_of -s 7)" "$(log_of -s 7)" "the same seed, the same traffic"
ok "another seed, other traffic" [ "$(log_of -s 7)" != "$(log_of -s 8)" ]

# ---- the servers ----

# shellcheck disable=SC2086 # words
"$simulate" -n 700 -m 0.05 -d 14 -w 7 -C "$rules" table \
    >"$scratch/table"

value() { # SERVER HOURS COLUMN [TABLE]
	awk -F '\t' -v server="$1" -v ttl=$(($2 * 3600)) -v name="$3" '
	NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
	$1 == server && $2 == ttl { print $at[name] }' \
	    "${4-$scratch/table}"
}
all=$(value "rblsmtpd alone" 0 queries)
is "$all" "$(value "rblsmtpd alone" 0 connections)" \
    "rblsmtpd alone asks about each connection"
ideal=$(value ideal 0 queries)
refusals=$(value "ideal for refusals" 0 queries)
less "$(value resolver 0 queries)" "$all" "a resolver's cache saves some"
less "$ideal" "$refusals" "to know all saves more than to know refusals"
for server in "rblsmtpd alone" ideal "ideal for refusals"; do
	is "$(value "$server" 0 good_mails_refused)" 0 \
	    "$server: no good mail is refused"
done
for server in "rblsmtpd alone" ideal "ideal for refusals"; do
	is "$(value "$server" 0 let_in_while_listed)" 0 \
	    "$server: nobody is let in who is listed"
done
before=$all
for hours in 1 4 12 24 72; do
	ours=$(value rblcache "$hours" queries)
	less "$ours" "$before" "$hours h: fewer queries than with less time"
	before=$ours
	less "$refusals" "$ours" "$hours h: no fewer than is possible"
	less "$(value "with passes" "$hours" queries)" "$ours" \
	    "$hours h: with passes fewer"
	# it asks again of one in a hundred of those that it would refuse
	recipe=$(value "recipe of 2013" "$hours" queries)
	less "$((recipe - recipe / 100))" "$ours" \
	    "$hours h: about as many as the recipe"
	less "$ours" "$((recipe + (all - recipe) / 20))" \
	    "$hours h: and not many more"
	is "$(value rblcache "$hours" let_in_while_listed)" 0 \
	    "$hours h: nobody is let in who is listed"
	less 0 "$(value "with passes" "$hours" let_in_while_listed)" \
	    "$hours h: passes let some in"
done
less 0 "$(value rblcache 24 good_mails_refused)" \
    "who left the list is refused for a while"
less "$(value rblcache 1 good_mails_refused)" \
    "$(value rblcache 24 good_mails_refused)" "less mail with less time"
less "$(($(value rblcache 24 delisted_hosts) * 9 / 10))" \
    "$(value rblcache 24 delisted_hosts_refused)" \
    "with a day hardly a server that leaves the list is spared"
less "$(value rblcache 72 good_refusals)" \
    "$(value "recipe of 2013" 72 good_refusals)" \
    "rechecks let them in sooner than the recipe does"

# shellcheck disable=SC2086 # words
"$simulate" $small -R 1 -t 86400 -w 0 -C "$rules" \
    table >"$scratch/table"
is "$(value rblcache 24 queries)" "$(value "rblsmtpd alone" 0 queries)" \
    "with -r 1 each is asked about"
is "$(value rblcache 24 good_mails_refused)" 0 "and nobody refused wrongly"

"$simulate" -n 700 -d 7 -w 2 -E 1 -t 86400 -C "$rules" table >"$scratch/table"
alone=$(value "rblsmtpd alone" 0 good_mails_refused)
ours=$(value rblcache 24 good_mails_refused)
"$simulate" -n 700 -d 7 -w 2 -t 86400 -C "$rules" table >"$scratch/without"
without=$(value rblcache 24 good_mails_refused "$scratch/without")
less 0 "$alone" "an error of the list's: rblsmtpd alone refuses good mail"
less "$ours" "$((without + 2 * alone))" \
    "rblcache remembers none of that"
less "$((3 * ours))" "$(value "recipe of 2013" 24 good_mails_refused)" \
    "the recipe does, for a day"

# ---- the recipe, worked out from the answers of rblsmtpd alone ----

# shellcheck disable=SC2086 # words
"$simulate" $small -o answers | awk -F '\t' -v ttl=86400 '
	$1 < until[$2] { next }
	{ asked++ }
	$4 == "listed" { until[$2] = $1 + ttl }
	END { print asked }' >"$scratch/asked"
# shellcheck disable=SC2086 # words
"$simulate" $small -o -w 0 -t 86400 -C "$rules" table \
    >"$scratch/table"
is "$(cat "$scratch/asked")" "$(value "recipe of 2013" 24 queries)" \
    "the recipe asks as often"

# ---- a log of the same traffic, replayed ----

traffic='-n 300 -d 6 -m 0.05 -o'
# shellcheck disable=SC2086 # words
"$simulate" $traffic log >"$scratch/log"
"$RBLCACHE_BUILD/rblcachectl" -j -l '' replay -c "$rules" "$scratch/log" |
	perl -MJSON::PP -e 'local $/; my $r = JSON::PP->new->decode(<STDIN>);
	print join("\t", $r->{connections}, $_->{ban}, @$_{qw(queries outdated
	    outdated_hosts let_in)}, $r->{refused}), "\n" for
	    sort { $a->{ban} <=> $b->{ban} or $a->{pass} <=> $b->{pass} }
	    @{$r->{trials}}' >"$scratch/replayed"
# shellcheck disable=SC2086 # words
"$simulate" $traffic -R 0 -w 0 -C "$rules" table |
	awk -F '\t' -v OFS='\t' '$1 == "rblcache" || $1 == "with passes" {
	print $3, $2, $4, $8, $10, $12, $11 }' >"$scratch/simulated"
is "$(cat "$scratch/replayed")" "$(cat "$scratch/simulated")" \
    "its numbers are those of the simulation, at each time to live"
is "$(wc -l <"$scratch/replayed")" 10 "all of them"

# ---- the tables and the plots ----

# shellcheck disable=SC2086 # words
SAVING=$scratch/saving "$root/tests/bench/saving" $small -w 1 \
    >"$scratch/out" 2>&1
is "$?" 0 "the tables are made" || sed 's/^/# /' "$scratch/out"
is "$(grep -c '^ *72 h  *[0-9]' "$scratch/out")" 4 "there are four"
for plot in queries refused; do
	like "$(head -c 200 "$scratch/saving/$plot.svg")" '<svg' \
	    "$plot.svg is one"
	is "$(head -c 4 "$scratch/saving/$plot.png" | tail -c 3)" PNG \
	    "$plot.png is one"
	# each line by its dashes, points and name, since colour tells nothing
	is "$(grep -o 'rgb([^)]*)\|#[0-9A-Fa-f]\{6\}' \
	    "$scratch/saving/$plot.svg" | tr -d 'rgb()#, ' | sort -u |
	    grep -cv '^\(.*\)\1\1$')" 0 "$plot.svg: black, white and grey"
	like "$(cat "$scratch/saving/$plot.svg")" 'recipe of 2013' \
	    "$plot.svg: the recipe has its line"
	like "$(cat "$scratch/saving/$plot.svg")" 'ideal' \
	    "$plot.svg: and the ideal"
done
like "$(cat "$scratch/saving/queries.txt")" 'R: recipe' "one as text"

# ---- what is wrong ----

exits "no command" 100 'usage: ' "$simulate"
exits "an unknown one" 100 'usage: ' "$simulate" tables
exits "a share above 1" 100 "option -l: '1.5' is out of range" \
    "$simulate" -l 1.5 log
exits "no number" 100 "option -n: 'x' is out of range" "$simulate" -n x log
exits "no rules" 100 'wanted' "$simulate" table
exits "rules that are none" 100 'nothing' \
    "$simulate" -C "$scratch/nothing" table
exits "part of a week" 100 'whole weeks' "$simulate" -d 8 figures
exits "no time to live" 100 "option -t: '0' is out of range" \
    "$simulate" -t 0 table
exits "nothing left to count" 100 'leaves nothing' "$simulate" -d 3 -w 3 \
    -C "$rules" table
done_testing
