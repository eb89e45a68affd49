# Servers for tests/bench/load: the same refusals from the hook and from
# rblsmtpd. After front.sh and front_prepare:
#
#	load_hosts 2000; front_start_dnsbl
#	load_server known 2525 100 "$hook" ... rblsmtpd ... "$front/bin/smtpd"
#	"$load" -p 2000 2525 1000

load=$RBLCACHE_BUILD/tests/bench/load

# load_hosts NUMBER: the client's first hosts are listed, and were seen by the
# feed. Its other hosts are in 198.19.0.0/16.
load_hosts() {
	front_list 198.18.0.0/16
	awk -v n="$1" 'BEGIN {
		for (i = 0; i < n; i++) {
			ip = "198.18." int(i / 250) "." 1 + i % 250
			print "rblsmtpd: " ip " pid " i + 1 ": 451 " \
			    "Listed by TEST, see https://rbl.test/query/ip/" ip
		} }' >"$front/seen.log"
	set -- -m 0 -c "$front_rules" -d "$front/state" -l ''
	[ "$front_ipset" ] || set -- "$@" -s '' -S ''
	"$feed" -1 "$@" "$front/seen.log" 2>"$front/feed.log" ||
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
	front_wait 5 load_listens "$load_port" ||
		front_fail "tcpserver: $(cat "$front/$load_name.log")"
}

# load_refusals NAME: lines of its log that refuse one of the hosts as they
# should
load_refusals() {
	grep -cE "^(rblsmtpd|rblcache): (198\.18\.[0-9]+\.[0-9]+) pid [0-9]+: 451 Listed by TEST, see https://rbl\.test/query/ip/\2( \([a-z]+, [0-9]+s left\))?\$" \
	    "$front/$1.log"
}
