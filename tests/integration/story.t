#!/bin/sh
# SPDX-License-Identifier: ISC
# A host's story, with the rules and settings that are shipped: refused, silent for
# a week, back twice, asked about, clean, sending mail for a month, listed again.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
tap_scratch
feed=$RBLCACHE_BUILD/rblcache-feed
rules=$root/hooks/log/rblsmtpd.rules
conf=$root/hooks/feed.conf
ban=$(sed -n 's/^ban *= *\([0-9]*\)d$/\1/p' "$rules")
long=$((ban * 86400))
host=203.0.113.9
day=86400
hour=3600
t0=1785000000
cd "$scratch" || exit 1

at() { # SECONDS TEXT: a line of multilog's; TAI is 10 s ahead at its start
	printf '@40000000%08x00000000 %s\n' $((t0 + $1 + 10)) "$2"
}
pid=100
visit() { # SECONDS IP TEXT: @ in it is the program's word for the connection
	pid=$((pid + 1))
	at "$1" "tcpserver: pid $pid from $2"
	at "$1" "$(echo "$3" | sed "s/@/$2 pid $pid/")"
	at "$1" "tcpserver: end $pid status 0"
}
listed="rblsmtpd: @: 451 Listed, see http://list.test/?ip=$host"
cached="rblcache: @: 451 Listed (ipset, 9s left)"

{
	visit 0 192.0.2.9 'rblcache: @: 451 no (local)'
	visit 60 $host "$listed"
	# a bot would come like that
	visit $((7 * day)) $host "$cached"
	# a mail server comes again soon
	visit $((7 * day + 2 * hour)) $host "$cached"
	visit $((7 * day + 3 * hour)) $host "$listed"
	visit $((7 * day + 5 * hour)) $host "$cached"
	visit $((7 * day + 7 * hour)) $host "$cached"
} >first.log
{
	visit $((7 * day + 8 * hour)) $host 'rblcache: @: passed'
	for i in $(seq 8 38); do
		visit $((i * day)) $host 'rblcache: @: passed'
		visit $((i * day + hour)) $host 'rblcache: @: allowed (pass)'
	done
	visit $((39 * day)) $host "$listed"
	visit $((39 * day + 2 * hour)) $host "$listed"
} >second.log
cat first.log second.log >whole.log

told() { # what was decided, without the replies
	sed -n 's/^\(rblcache-feed: \)\{0,1\}\(\(ban\|lift\|skip\)	.*\)/\2/p' "$1" |
		cut -f 1-4 | tr '\t' ' '
}
story="ban $host rblsmtpd $long
lift $host rblsmtpd doubt
ban $host rblsmtpd $long
lift $host rblsmtpd doubt
ban $host rblsmtpd 3600
ban $host rblsmtpd $long"
read_log() { # OPTION... : by the rules and settings that are shipped
	"$feed" -f "$conf" -l '' -s '' -S '' -c "$rules" "$@"
}
ok "the rule's time is more than a day" test "$long" -gt $day
read_log -n whole.log >dry 2>/dev/null
is "$(told dry)" "$story" "-n tells the story"

# the feed reads the first half, and is another process for the second
mkdir state
cp first.log log
read_log -1v -d state log 2>said
read_log -1v -d state log 2>again
is "$(told again)" "" "read again: nothing is decided twice"
cat second.log >>log
read_log -1v -d state log 2>>said
is "$(told said)" "$story" "so does the feed, with its state in between"

# without the settings there is no doubt, and a day is the most
printf '# none\n' >none.conf
conf=none.conf
read_log -n whole.log >dry 2>/dev/null
is "$(told dry)" "ban $host rblsmtpd 86400
ban $host rblsmtpd 86400
ban $host rblsmtpd 86400
ban $host rblsmtpd 86400" "without doubt: a day each time"
# nor in a log that does not show what the hook does
conf=$root/hooks/feed.conf
grep -v 'rblcache: ' whole.log >unseen.log
read_log -n unseen.log >dry 2>/dev/null
is "$(told dry)" "ban $host rblsmtpd 86400
ban $host rblsmtpd 86400
ban $host rblsmtpd 86400
ban $host rblsmtpd 86400" "without the hook's lines: a day each time"
done_testing
