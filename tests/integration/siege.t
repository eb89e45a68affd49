#!/bin/sh
# SPDX-License-Identifier: ISC
# Clients that tear the lines of a log, and so make lines of their own: nobody is
# banned by one. tests/siege.sh says how; `make soak` does the same for minutes.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
. "$here/../siege.sh"
front_enter "$0" "$@"
front_prepare
siege_start "$root/hooks/log" "$root/hooks/log/available"

enough() { # have the clients begun lines in each log?
	for name in $siege_loggers; do
		[ "$(siege_get "$name" forged)" -ge 300 ] || return 1
	done
}
round=0
while [ "$round" -lt 20 ] && { [ "$round" -lt 6 ] || ! enough; }; do
	round=$((round + 1))
	siege_round "$round" 10
done
ok "hosts of the list are banned, once it is over" siege_list

what="$(siege_get all attempts) attempts, lines begun by clients:"
for name in $siege_loggers; do
	what="$what $name $(siege_get "$name" forged)"
done
if enough; then
	ok "$what" true
else
	undecided "$what" "this machine tears too few lines"
fi
for name in $siege_loggers; do
	is "$(siege_planted "$name")" "" "$name: no planted host is banned"
	echo "# bans of victims for a moment: $(siege_victims_banned "$name");" \
	    "bans of hosts of the list meanwhile:" \
	    "$(siege_bans "$name" '203\.0\.113\.[0-9][0-9]*' | wc -l)"
done
is "$(siege_refused)" 0 \
    "of $(siege_get all victims) connections of victims none is refused"
done_testing
