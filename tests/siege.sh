# SPDX-License-Identifier: ISC
# A siege: clients that make lines of their own in the log of a real server, by
# tearing its lines. For siege.t and `make soak`, after front.sh:
#
#	front_prepare; siege_start RULES...
#	siege_round 1 20; siege_round 2 20
#	siege_list; siege_get multilog forged
#
# The same bytes go to each of $siege_loggers, and a feed follows the log of each
# one. Its state is $front/NAME, and what it says $front/NAME.err. The hook goes by
# the bans of the first one.

siege_loggers="multilog s6-log svlogd"

# A line that begins so was begun by a client, if it is as a whole one would be:
# see siege_clients.c.
siege_begun='^(rblsmtpd|rblcache|tcpserver|qmail-smtpd(\[[0-9]*\])?|spamdyke\[[0-9]*\]|rbl|DENIED_RBL_MATCH [a-z]*|CHKUSER [a-z ]*): .*PLANTED'
siege_whole='^[^C]|^CHKUSER [a-z ]*: from <a[:|>]|^CHKUSER [^<>]*<[^<>]*> remote <[^<>]*198\.51\.100\.[0-9]*> rcpt <PLANTED'

# From standard input into ./log/NAME; of that the last 160 MB stay.
siege_log() { # NAME
	mkdir -p "$front/log/$1"
	case $1 in
	multilog) exec multilog t s16777215 n10 "$front/log/$1" ;;
	s6-log) exec s6-log t s16777215 n10 "$front/log/$1" ;;
	svlogd)
		printf 's16777215\nn10\n' >"$front/log/$1/config"
		exec svlogd -tt "$front/log/$1"
		;;
	esac
}

# The lines of NAME's log between the last two marks, without stamps.
siege_lines() { # NAME
	find "$front/log/$1" -name '@*' -o -name current | sort |
		xargs cat | cut -d ' ' -f 2- |
		LC_ALL=C awk -v mark="siege: $((siege_n - 1))" \
		    'on; $0 == mark { on = 1 }'
}

siege_ends_in() { # TEXT: each log
	for siege_each in $siege_loggers; do
		tail -n 1 "$front/log/$siege_each/current" |
			grep -q " $1\$" || return 1
	done
}

# A line of our own in each log.
siege_mark() {
	siege_n=$((${siege_n--1} + 1))
	front_say "siege: $siege_n"
	front_wait siege_ends_in "siege: $siege_n" ||
		front_fail "a logger does not write"
}

siege_start_loggers() {
	mkfifo "$front/log.fifo"
	multilog_pid=
	set --
	for siege_each in $siege_loggers; do
		mkfifo "$front/$siege_each.fifo"
		siege_log "$siege_each" <"$front/$siege_each.fifo" &
		multilog_pid="$multilog_pid $!"
		set -- "$@" "$siege_each.fifo"
	done
	(cd "$front" && exec tee "$@" <>log.fifo >/dev/null) &
	multilog_pid="$! $multilog_pid"
	siege_mark
	for siege_each in $siege_loggers; do
		siege_add "$siege_each" lines 1
	done
}

siege_start_feed() { # NAME RULES OPTION...
	siege_name=$1
	siege_rules=$2
	shift 2
	mkdir "$front/$siege_name"
	# shellcheck disable=SC2086 # words
	"$feed" -v -m 0 $siege_rules -f "$front/feed.conf" \
	    -d "$front/$siege_name" -l "$local_cdb" "$@" \
	    "$front/log/$siege_name" 2>"$front/$siege_name.err" &
	feed_pid="${feed_pid-} $!"
}

# siege_start RULES...: the server, the loggers and the feeds. Nothing but the line
# itself keeps anybody from being banned: no alarm, and no bound for the bans of a
# minute.
siege_start() {
	cp "$RBLCACHE_BUILD/tests/integration/siege_smtpd" "$front/bin/smtpd"
	printf 'alarm = no\n' >"$front/feed.conf"
	siege_start_loggers
	front_list $(seq -f 203.0.113.%g 250)
	front_start_dnsbl
	recent=$front/${siege_loggers%% *}/recent.cdb
	front_behind="$hook -p"
	mkdir "$front/log/main" # which is looked for
	: >"$front/log/main/current"
	front_start_smtp
	siege_rules=$(printf -- '-c %s ' "$@")
	[ "$front_ipset" ] && set -- || set -- -s '' -S ''
	for siege_each in $siege_loggers; do
		siege_start_feed "$siege_each" "$siege_rules" "$@"
		set -- -s '' -S ''
		: >"$front/$siege_each.held"
	done
}

siege_ctl() { # NAME COMMAND...
	siege_name=$1
	shift
	"$RBLCACHE_BUILD/rblcachectl" -d "$front/$siege_name" -l '' -s '' \
	    -S '' "$@"
}

# ---- what is counted ----

# siege_add LOGGER|all WHAT NUMBER
siege_add() {
	siege_var=siege_$(echo "$1_$2" | tr ' -' __)
	eval "$siege_var=\$((\${$siege_var-0} + $3))"
}

siege_get() { # LOGGER|all WHAT
	siege_var=siege_$(echo "$1_$2" | tr ' -' __)
	eval "echo \$$siege_var"
}

# siege_bans NAME ADDRESSES: the addresses of the bans that its feed made
siege_bans() {
	sed -n "s/^[^	]*ban	\($2\)	.*/\1/p" "$front/$1.err"
}

siege_count() { # NAME: what its log got between the last two marks
	siege_lines "$1" >"$front/lines"
	siege_add "$1" lines "$(wc -l <"$front/lines")"
	siege_add "$1" forged "$(LC_ALL=C grep -E "$siege_begun" \
	    "$front/lines" | LC_ALL=C grep -cE "$siege_whole")"
}

siege_note_held() { # NAME: the planted addresses that are banned
	siege_ctl "$1" list | cut -f 1 | grep '^198\.51\.100\.' \
	    >>"$front/$1.held"
}

siege_is_read() {
	for siege_each in $siege_loggers; do
		[ "$(siege_ctl "$siege_each" -j status |
		    sed -n 's/^ *"lines": \([0-9]*\),*$/\1/p')" = \
		    "$(siege_get "$siege_each" lines)" ] || return 1
	done
}

# siege_round SEED CONNECTIONS: each attacker makes so many.
siege_round() {
	"$RBLCACHE_BUILD/tests/integration/siege_clients" 2525 "$1" "$2" \
	    >"$front/counts" || front_fail "the clients: $?"
	while read -r siege_what siege_number; do
		siege_add all "$siege_what" "$siege_number"
	done <"$front/counts"
	siege_settle
}

# Waits until all connections have ended and the feeds have read what came of them.
siege_settle() {
	front_wait siege_ends_in "tcpserver: status: 0/100" ||
		front_fail "connections do not end"
	siege_mark
	for siege_each in $siege_loggers; do
		siege_count "$siege_each"
	done
	front_wait siege_is_read || front_fail "a feed does not read its log"
	for siege_each in $siege_loggers; do
		siege_note_held "$siege_each"
	done
}

# The planted hosts that its feed has banned, but for those whose ban was taken back
# before their connection ended.
siege_planted() { # NAME
	{
		siege_bans "$1" '198\.51\.100\.[12][0-9][0-9]'
		cat "$front/$1.held"
	} | sort -u
}

# How often its feed banned a victim: for the moment until it logged "passed", or not.
siege_victims_banned() { # NAME
	siege_bans "$1" '198\.51\.100\.[0-9]' | wc -l
}

# How many connections of victims were refused, but for one for each of those moments.
siege_refused() {
	siege_more=$(($(siege_get all victims_refused) -
		$(siege_victims_banned "${siege_loggers%% *}")))
	echo "$((siege_more > 0 ? siege_more : 0))"
}

# siege_list: hosts of the list that were not there before connect, one
# after the other, until each feed has banned one of them.
siege_list() {
	siege_host=100
	front_wait siege_has_listed
}

siege_has_listed() {
	siege_host=$((siege_host + 1))
	front_connect "203.0.113.$siege_host"
	for siege_each in $siege_loggers; do
		siege_bans "$siege_each" '203\.0\.113\.[12][0-9][0-9]' |
			grep -q . || return 1
	done
}
