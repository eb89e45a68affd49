#!/bin/sh
# SPDX-License-Identifier: ISC
# What servers make of made-up traffic follows what must hold of any; the tables
# and plots are made.
. "$(dirname "$0")/../tap.sh"
tap_scratch
simulate=$RBLCACHE_BUILD/tests/bench/simulate
rules=$root/hooks/log/rblsmtpd.rules

less() { # A B NAME
	awk -v a="$1" -v b="$2" 'BEGIN { exit !(a < b) }'
	tap_result $? "$3" || echo "# $1 is not less than $2"
}
small='-n 100 -d 5'
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
prophet=$(value prophet 0 queries)
refusals=$(value "prophet of refusals" 0 queries)
less "$(value resolver 0 queries)" "$all" "a resolver's cache saves some"
less "$prophet" "$refusals" "to know all saves more than to know refusals"
for server in "rblsmtpd alone" prophet "prophet of refusals"; do
	is "$(value "$server" 0 good_mails_refused)" 0 \
	    "$server: no good mail is refused"
done
for server in "rblsmtpd alone" prophet "prophet of refusals"; do
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

# a log does not tell who sends spam, so that comes of listed hosts only
traffic='-n 300 -d 6 -m 0.05 -u 0 -K 0 -o'
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
	print $3, $2, $4, $9, $11, $13, $12 }' >"$scratch/simulated"
is "$(cat "$scratch/replayed")" "$(cat "$scratch/simulated")" \
    "its numbers are those of the simulation, at each time to live"
is "$(wc -l <"$scratch/replayed")" 10 "all of them"

# ---- the tables and the plots ----

# shellcheck disable=SC2086 # words
SEEDS='1 2' SAVING=$scratch/saving "$root/tests/bench/saving" $small -w 1 \
    >"$scratch/out" 2>&1
is "$?" 0 "the tables are made" || sed 's/^/# /' "$scratch/out"
is "$(grep -c '^ *72 h  *[0-9]' "$scratch/out")" 3 "three of them by the time"
for policy in resolver fixed-4h fixed-24h shipped prophet; do
	is "$(grep -c "  alone .* $policy\b" "$scratch/out")" 4 \
	    "four by the kind of traffic, with $policy"
done
table=$scratch/saving/table.tsv
is "$(head -n 1 "$table" | tr '\t' ' ')" \
    "traffic policy queries_left_pct good_refused_pct late_4h_pct spam_in_pct" \
    "table.tsv: its first line"
is "$(sed 1d "$table" | cut -f 1 | uniq | wc -l)" 22 "of 22 kinds of traffic"
is "$(sed 1d "$table" | cut -f 1 | uniq | head -n 2 | tr '\n' ' ')" "usual S2 " \
    "the ends first"
is "$(sed 1d "$table" | cut -f 2 | sort | uniq -c | tr -s ' \n' ' ')" \
    " 22 alone 22 fixed-24h 22 fixed-4h 22 prophet 22 recipe 22 resolver 22 shipped " \
    "each with seven policies"
is "$(awk -F '\t' 'NF != 6 || /\t\t|\t$/' "$table")" "" "and nothing left out"
is "$(awk -F '\t' '$2 == "alone" && $3 != 100' "$table")" "" \
    "rblsmtpd alone asks about each connection"
is "$(awk -F '\t' '$2 == "prophet" && $4 + $5 + $6 > 0' "$table")" "" \
    "a prophet is never wrong"
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
	like "$(cat "$scratch/saving/$plot.svg")" 'prophet' \
	    "$plot.svg: and the prophet"
done
like "$(cat "$scratch/saving/queries.txt")" 'R: recipe' "one as text"

# ---- what is wrong ----

exits "no command" 100 'usage: ' "$simulate"
exits "an unknown one" 100 'usage: ' "$simulate" tables
exits "a share above 1" 100 "option -l: '1.5' is out of range" \
    "$simulate" -l 1.5 log
exits "no number" 100 "option -n: 'x' is out of range" "$simulate" -n x log
exits "no rules" 100 'wanted' "$simulate" table
exits "none for the policies" 100 'wanted' "$simulate" policies
exits "rules that are none" 100 'nothing' \
    "$simulate" -C "$scratch/nothing" table
exits "part of four weeks" 100 'whole four weeks' "$simulate" -d 7 figures
exits "no fit" 100 "option -f: 'S3' is out of range" "$simulate" -f S3 log
exits "no trouble" 100 "option -T: 'x' is out of range" "$simulate" -T x log
exits "settings that are none" 100 'nothing' "$simulate" -C "$rules" \
    -F "$scratch/nothing" policies
exits "no time to live" 100 "option -t: '0' is out of range" \
    "$simulate" -t 0 table
exits "nothing left to count" 100 'leaves nothing' "$simulate" -d 3 -w 3 \
    -C "$rules" table
done_testing
