#!/bin/sh
# SPDX-License-Identifier: ISC
# Made-up traffic to the real programs: what they answer is what the modules
# that decide answer in memory, and so what is simulated with these holds.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
tap_scratch
said=$scratch/said
counts=$scratch/counts
count() { # WHAT
	awk -F '\t' -v what="$1" '$1 == what { print $3 }' "$counts"
}

TRAFFIC="-n 40 -m 0.02 -s 14" BAN=9 PASS=4 STEP=5 STRETCH_TSV=$counts \
    "$here/../bench/stretch" 20 >"$said" 2>&1
status=$?
reason=$(sed -n 's/^[^ ]*: no kernel sets: //p' "$said")
[ -z "$reason" ] || skip_all "$reason"
late=$(sed -n 's/^This machine does not carry the rate just now: \(.*\)\. .*/\1/p' \
    "$said")
if [ "$late" ]; then
	undecided "a day in 20 s" "$late"
	done_testing
	exit
fi
is "$status" 0 "each answer that is certain is the simulation's"
if [ "$status" != 0 ]; then
	sed 's/^/# /' "$said"
	done_testing
	exit
fi
for each in listed cached passed in again; do
	ok "some are certain: $each" [ "$(count "certain $each")" -gt 0 ]
done
ok "most are: $(count certain) of $(count connections)" \
    [ $((100 * $(count certain))) -gt $((55 * $(count connections))) ]
done_testing
