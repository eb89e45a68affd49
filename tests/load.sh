# SPDX-License-Identifier: ISC
# Servers for tests/bench/load: the same refusals from the hook and from
# rblsmtpd. After front.sh and front_prepare:
#
#	load_hosts 2000; front_start_dnsbl
#	load_server known 2525 100 "$hook" ... rblsmtpd ... "$front/bin/smtpd"
#	"$load" -p 2000 2525 1000

load=$RBLCACHE_BUILD/tests/bench/load

# load_hosts NUMBER: the client's first hosts are listed, and were seen by the
# feed. Its other hosts are in 198.19.0.0/16. What the small smtpd says of
# those that left comes in pieces, between which others' lines would get.
load_hosts() {
	sed -i '1a exec 2>/dev/null' "$front/bin/smtpd"
	front_list 198.18.0.0/16
	awk -v n="$1" 'BEGIN {
		for (i = 0; i < n; i++) {
			ip = "198.18." int(i / 250) "." 1 + i % 250
			print "rblsmtpd: " ip " pid " i + 1 ": 451 " \
			    "Listed by TEST, see https://rbl.test/query/ip/" ip
		} }' >"$front/seen.log"
	set -- -m 0 -c "$front_rules" -d "$front/state" -l ''
	[ "$front_ipset" ] || set -- "$@" -s '' -S ''
	"$feed" -f /dev/null -1 "$@" "$front/seen.log" 2>"$front/feed.log" ||
		front_fail "the feed: $(cat "$front/feed.log")"
	chmod 755 "$front/state"
	chmod 644 "$recent"
}

load_listens() { # PORT
	grep -q "$(printf ':%04X 00000000:0000 0A' "$1")" /proc/net/tcp
}

# load_server NAME PORT MOST PROGRAM...: its log is $front/NAME.log, its pid
# $load_pid
load_server() {
	load_name=$1
	load_port=$2
	load_most=$3
	shift 3
	# shellcheck disable=SC2086 # two words or none
	tcpserver -v -R -H -l localhost -c "$load_most" $mail_user \
	    127.0.0.1 "$load_port" "$@" >>"$front/$load_name.log" 2>&1 &
	load_pid=$!
	tcpserver_pid="$load_pid ${tcpserver_pid-}"
	front_wait load_listens "$load_port" ||
		front_fail "tcpserver: $(cat "$front/$load_name.log")"
}

# load_refusals NAME: lines of its log that refuse one of the hosts as they
# should
load_refusals() {
	grep -cE "^(rblsmtpd|rblcache): (198\.18\.[0-9]+\.[0-9]+) pid [0-9]+: 451 Listed by TEST, see https://rbl\.test/query/ip/\2( \([a-z]+, [0-9]+s left\))?\$" \
	    "$front/$1.log"
}

# What of the chain runs here, wherever it was left. Those that have ended
# show as children of tcpserver alone.
load_chain() {
	find /proc -maxdepth 3 -path '/proc/[0-9]*/ns/net' -printf '%p %l\n' \
	    2>/dev/null |
		awk -v own="$(readlink /proc/self/ns/net)" '$2 == own {
		    sub(/ns\/net/, "comm", $1); print $1 }' |
		xargs cat 2>/dev/null | grep -xE 'rblcache|rblsmtpd|smtpd'
}

load_quiet() {
	! pgrep -P "$load_pid" && ! load_chain
}

load_fds() {
	find "/proc/$load_pid/fd" -mindepth 1 -printf '%f %l\n' | sort
}

# load_held ADDRESS: the program behind tcpserver that has greeted that client,
# and the descriptors that it has then: "NAME FD FD FD". What the test's own
# caller left open does not count.
load_held() {
	tcpclient -RHl0 -i "$1" 127.0.0.1 "$load_port" sh -c '
		read -r greeting <&6 || exit
		pid=$(sed -n "s/^tcpserver: pid \([0-9]*\) from $1\$/\1/p" "$2")
		read -r name <"/proc/$pid/comm"
		printf "%s" "$name"
		find "/proc/$pid/fd" -mindepth 1 -printf "%f %l\n" | sort -n |
		    grep -vxFf "$3" | while read -r fd target; do
			printf " %s" "$fd"
		done
		echo
		printf "QUIT\r\n" >&7
		cat <&6 >&2' x "$1" "$front/$load_name.log" "$front/fds.own" \
	    2>/dev/null
}

# load_soak NAME SECONDS LOAD-OPTIONS...: load's mix against the server that
# was started last. Leaves NAME.counts, what load said in NAME.errors, and in
# NAME.held what the programs have open that greet a refused host and another
# one; then whatever is left is in NAME.left: processes, and descriptors of
# tcpserver that it did not have.
load_soak() {
	load_name=$1
	load_secs=$2
	shift 2
	load_fds >"$front/fds.before"
	awk '$1 > 2' "$front/fds.before" >"$front/fds.own"
	{
		load_held 198.18.0.1
		load_held 198.19.0.1
	} >"$front/$load_name.held"
	: >"$front/$load_name.log" # none of load's
	"$load" -s "$load_secs" "$@" >"$front/$load_name.counts" \
	    2>"$front/$load_name.errors" &
	feed_pid=$! # for cleanup to stop
	wait "$feed_pid"
	load_status=$?
	feed_pid=
	{
		front_wait load_quiet || {
			pgrep -a -P "$load_pid"
			load_chain
		}
		load_fds >"$front/fds.after"
		diff "$front/fds.before" "$front/fds.after"
	} >"$front/$load_name.left"
	return "$load_status"
}

load_count() { # NAME WHAT
	sed -n "s/^$2 \([0-9]*\)\$/\1/p" "$front/$1.counts"
}

# Lines of the log that no connection of load's accounts for
load_unexpected() { # NAME
	grep -vE '^tcpserver: |^(rblsmtpd|rblcache): 198\.18\.[0-9]+\.[0-9]+ pid [0-9]+: 451 Listed by TEST' \
	    "$front/$1.log"
}

# A line for each refused host that was greeted; those that did not stay for
# it may have one.
load_logged() { # NAME
	load_lines=$(load_refusals "$1")
	load_least=$(load_count "$1" refused)
	[ "$load_lines" -ge "$load_least" ] &&
		[ "$load_lines" -le $((load_least + \
		    $(load_count "$1" "refused, gone before the greeting"))) ]
}
