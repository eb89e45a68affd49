#!/bin/sh
# SPDX-License-Identifier: ISC
# The canary asks a real rbldnsd: zones that are well, and each way of being
# wrong or silent.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
front_prepare
probe=$RBLCACHE_BUILD/tests/integration/canary_probe
cd "$front" || exit 1

zone() { # NAME TTL LINE...: a zone file
	zone_name=$1
	zone_ttl=$2
	shift 2
	{
		echo '$SOA 3600 ns.test. hostmaster.test. 1 600 300 86400 300'
		echo "\$TTL $zone_ttl"
		printf '%s\n' "$@"
	} >"bl/$zone_name"
}
list=':127.0.0.2:Listed by TEST'
zone first 60 "$list" 127.0.0.1 127.0.0.2
zone wild 60 "$list" 0.0.0.0/0
zone none 60 "$list" 203.0.113.9
zone code 60 ':127.255.255.254:Error: open resolver' 0.0.0.0/0
zone odd 60 ':203.0.113.80:parked' 0.0.0.0/0
zone one 60 "$list" 127.0.0.2
zone other 60 ':127.255.255.252:Error: typing error' 127.0.0.2
zone text 60 '2.0.0.127 A 127.0.0.2' '1.0.0.127 TXT "gone"'
zone mend 1 "$list" 0.0.0.0/0
rbldnsd_zones="-b ::1/5353 -b 127.0.0.1/5353
	first.test:ip4set:first wild.test:ip4trie:wild none.test:ip4set:none
	code.test:ip4trie:code odd.test:ip4trie:odd two.test:ip4set:one
	two.test:ip4set:other text.test:generic:text mend.test:ip4trie:mend"
front_list 203.0.113.9
front_start_dnsbl
dnsbl=127.0.0.53

asked() { # NAME WANTED ZONE...: what one round finds
	asked_name=$1
	asked_wanted=$2
	shift 2
	is "$("$probe" "$dnsbl" 60 1 "$@" 2>&1)" "$asked_wanted" "$asked_name"
}

# ---- well, wrong ----

before=$(front_queries)
asked "a zone that is well" "rbl.test same well" rbl.test
is $(($(front_queries) - before)) 3 "costs three queries"
asked "127.0.0.1 is listed" "first.test distrusted wrong lists 127.0.0.1" \
    first.test
asked "everybody is" "wild.test distrusted wrong lists 127.0.0.1" wild.test
asked "127.0.0.2 is not" \
    "none.test distrusted wrong does not list 127.0.0.2" none.test
asked "an error code for everybody" \
    "code.test distrusted wrong answers with the error code 127.255.255.254" \
    code.test
asked "for 127.0.0.2, among others" \
    "two.test distrusted wrong answers with the error code 127.255.255.252" \
    two.test
asked "a parked domain" \
    "odd.test distrusted wrong answers with 203.0.113.80, which is not in 127/8" \
    odd.test
asked "a text, and nothing else, for 127.0.0.1" \
    "text.test distrusted wrong has a text for 127.0.0.1" text.test

all="rbl.test first.test wild.test none.test code.test two.test odd.test
	text.test mend.test"
before=$(front_queries)
# shellcheck disable=SC2086 # words
is "$("$probe" $dnsbl 60 1 $all | cut -d ' ' -f 1,3 | sort)" \
    "$(for z in $all; do
	[ "$z" = rbl.test ] && echo "$z well" || echo "$z wrong"
    done | sort)" "all zones together"
is $(($(front_queries) - before)) 27 "three queries each"

# ---- resolvers ----

for dnsbl in 127.0.0.53:53 127.0.0.1:5353 '[::1]:5353'; do
	asked "resolver $dnsbl" "rbl.test same well" rbl.test
done
dnsbl=127.0.0.53
exits "a resolver that is none" 100 "^canary_probe: 'ns.test' is no resolver" \
    "$probe" ns.test 60 1 rbl.test
echo "nameserver 127.0.0.53
search rbl.test
options ndots:9" >resolv.conf
if unshare -m mount --bind resolv.conf /etc/resolv.conf 2>/dev/null; then
	before=$(front_queries)
	is "$(unshare -m sh -c 'mount --bind resolv.conf /etc/resolv.conf &&
	    "$@"' sh "$probe" '' 60 1 rbl.test)" "rbl.test same well" \
	    "the system's resolver"
	is $(($(front_queries) - before)) 3 "no other domain is searched"
else
	skip "the system's resolver" "/etc/resolv.conf cannot be replaced here"
fi

# ---- silent ----

asked "a zone that the server does not have" \
    "unknown.test no-answer silent" unknown.test
seconds() { # COMMAND...: how long it takes
	seconds_from=$(date +%s)
	"$@" >said
	seconds_status=$?
	echo $(($(date +%s) - seconds_from))
	return $seconds_status
}
took=$(seconds "$probe" 127.0.0.54 60 1 rbl.test)
is "$(cat said)" "rbl.test no-answer silent" "no server"
ok "is seen at once: $took s" test "$took" -lt 5 # as long as silence takes
kill -STOP "$rbldnsd_pid"
took=$(seconds "$probe" $dnsbl 60 1 rbl.test wild.test)
probe_status=$?
kill -CONT "$rbldnsd_pid"
is "$(sort said)" "rbl.test no-answer silent
wild.test no-answer silent" "a server that says nothing"
is "$probe_status" 0 "keeps nobody waiting"
ok "for long: $took s" test "$took" -ge 5 -a "$took" -lt 30

# ---- well again ----

lines() { # PATTERN: how many
	grep -c "$1" mended
}
says() { # PATTERN: once, in the end
	front_wait grep -q "$1" mended
}
"$probe" $dnsbl 1 30 mend.test rbl.test >mended &
probe_pid=$!
ok "wrong" says '^mend.test distrusted wrong lists 127.0.0.1$'
# all are asked again, the well one too
ok "and still" says '^mend.test same wrong lists 127.0.0.1$'
zone mend 1 "$list" 127.0.0.2
front_list 203.0.113.9
ok "mended: trusted again" says '^mend.test trusted well$'
is "$(lines '^mend.test distrusted') $(lines '^mend.test trusted')" "1 1" "once"
ok "and stays so" says '^mend.test same well$'
kill -STOP "$rbldnsd_pid"
ok "silence" says '^mend.test no-answer silent$'
kill -CONT "$rbldnsd_pid"
ok "the end of it" says '^mend.test answers well$'
unlike "$(cat mended)" '^rbl.test .*(wrong|trusted)' "the other is not suspected"
kill "$probe_pid"
done_testing
