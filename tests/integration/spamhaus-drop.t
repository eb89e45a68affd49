#!/bin/sh
# SPDX-License-Identifier: ISC
# update-drop: what it fetches, and what makes it keep the list from before. The
# server is tcpserver, on loopback.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
tap_scratch
cd "$scratch" || exit 1
unset MAKEFLAGS MAKELEVEL
ip link set lo up
PATH=$RBLCACHE_BUILD:$PATH
export PATH

mkdir conf conf/lists served
cp "$root/cdb/Makefile" "$root/cdb/hosts" conf
cp "$root/cdb/lists/README" conf/lists
v4=conf/lists/drop_v4.json
v6=conf/lists/drop_v6.json

list4() { # NETWORKS: a list as Spamhaus has it
	i=0
	while [ $i -lt "$1" ]; do
		echo "{\"cidr\":\"198.18.$i.0/24\",\"sblid\":\"SBL$i\",\"rir\":\"arin\"}"
		i=$((i + 1))
	done
	echo '{"type":"metadata","timestamp":1790000000,"size":1,"records":'"$1"'}'
}
list6() {
	echo '{"cidr":"2001:db8:9::/48","sblid":"SBL6","rir":"ripencc"}'
	echo '{"type":"metadata","timestamp":1790000000,"size":1,"records":1}'
}
yesterday() { # the lists become a day older
	touch -d yesterday "$v4" "$v6"
}
update() {
	DROP_URL=file://$scratch/served "$root/cdb/update-drop" conf
}
query() {
	rblcache-cdb query conf/local.cdb "$1" | cut -f 2,4
}

# ---- a good list ----

list4 40 >served/drop_v4.json
list6 >served/drop_v6.json
exits "good lists" 0 '^$' eval '(umask 077; update)'
is "$(query 198.18.39.1)" "deny	listed in drop_v4.json (SBL39)" "are in local.cdb"
is "$(query 2001:db8:9::1)" "deny	listed in drop_v6.json (SBL6)" "and the IPv6 one"
is "$(stat -c %a $v4 conf/local.cdb | tr '\n' ' ')" "644 644 " \
    "everybody may read them"
list4 41 >served/drop_v4.json
exits "again the same day" 0 '^$' update
is "$(query 198.18.40.1)" "none	" "nothing is fetched"
yesterday
exits "the next day" 0 '^$' update
is "$(query 198.18.40.1)" "deny	listed in drop_v4.json (SBL40)" "it is"
is "$(ls -A conf conf/lists | tr '\n' ' ')" \
    "conf: Makefile hosts lists local.cdb  conf/lists: README drop_v4.json drop_v6.json " \
    "nothing else is left there"

# ---- whatever is wrong, the old one stays ----

kept() { # NAME PATTERN: with what is served now
	yesterday
	cp -p conf/local.cdb $v4 .
	exits "$1" 1 "$2" update
	ok "$1: the list stays" cmp drop_v4.json $v4
	ok "$1: and local.cdb" cmp local.cdb conf/local.cdb
	is "$(ls -A conf | tr '\n' ' ')" "Makefile hosts lists local.cdb " \
	    "$1: and nothing else"
}
list4 40 | head -c 900 >served/drop_v4.json
kept "cut" '^update-drop: drop_v4.json is not DROP, or its end is missing; the old one stays$'
list4 41 | head -n 41 >served/drop_v4.json
kept "cut between lines" 'its end is missing'
echo '<html><body>Too many requests</body></html>' >served/drop_v4.json
kept "a web page" 'is not DROP'
: >served/drop_v4.json
kept "empty" 'is not DROP'
list4 0 >served/drop_v4.json
kept "no network" 'drop_v4.json lists nothing'
list4 20 >served/drop_v4.json
kept "half as long" 'has only 20 networks, less than half as many as before'
{ echo '{"cidr":"198.18.0.1/15","sblid":"SBL1"}'; list4 41; } >served/drop_v4.json
kept "a bad network" 'drop_v4.json:1: .*'
for large in '"cidr":"0.0.0.0/0"' '"cidr":"2.0.0.0/7"' '"cidr":"0.0.0.0/00"' \
    '"cidr": "0.0.0.0/0"' '"cidr" :"0.0.0.0/1"' '"cidr":"::ffff:0:0/96"' \
    '"cidr":"::ffff:2.0.0.0/103"' '"cidr":"::/0"' '"cidr":"2000::/3"' \
    '"cidr":"2a00::/12"' '"cidr":"2A00::/019"'; do
	{ echo "{$large,\"sblid\":\"SBL1\"}"; list4 41; } \
	    >served/drop_v4.json
	kept "$large" 'drop_v4.json (lists a large part of the internet|has an error)'
done
rm served/drop_v4.json
kept "gone" 'drop_v4.json cannot be fetched'

{ echo '{"cidr":"2.0.0.0/8","sblid":"SBL1"}'; list4 30; } >served/drop_v4.json
rm served/drop_v6.json
yesterday
exits "one of two fails" 1 'drop_v6.json cannot be fetched' update
is "$(query 198.18.40.1) $(query 198.18.29.1)" \
    "none	 deny	listed in drop_v4.json (SBL29)" "the other is taken"
is "$(query 2001:db8:9::1)" "deny	listed in drop_v6.json (SBL6)" \
    "and the old one stays"
list6 >served/drop_v6.json

cp conf/local.cdb .
echo 'no rule' >>conf/hosts
exits "the admin's own mistake" 1 'hosts:[0-9]+: ' update
ok "local.cdb stays" cmp local.cdb conf/local.cdb
cp "$root/cdb/hosts" conf
exits "repaired" 0 '^$' update
is "$("$root/cdb/update-drop" "$scratch/none" 2>&1 | wc -l)" 1 \
    "no such directory: nothing is tried elsewhere"

# ---- over HTTP, with curl and with wget ----

cat >httpd <<'E2'
#!/bin/sh
read -r method path version || exit 0
echo "$path" >>asked
while read -r line && [ "$line" != "$(printf '\r')" ]; do :; done
file=served/${path##*/}
if [ -e moved ] && [ "${path#/drop}" != "$path" ]; then
	printf 'HTTP/1.0 302 Found\r\nConnection: close\r\nContent-Length: 0\r\nLocation: /new/%s\r\n\r\n' \
	    "${path##*/}"
elif [ -e busy ]; then
	printf 'HTTP/1.0 429 Too Many Requests\r\n\r\n<html>'
elif [ -e cut ]; then
	printf 'HTTP/1.0 200 OK\r\nContent-Length: 99999\r\n\r\n'
	cat "$file"
else
	printf 'HTTP/1.0 200 OK\r\nLast-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\n'
	cat "$file"
fi
E2
chmod +x httpd
tcpserver -RHl0 127.0.0.1 8080 ./httpd &
server=$!
trap 'kill $server; rm -rf "$scratch"' EXIT
front_wait tcpclient -RHl0 127.0.0.1 8080 true

# all that update-drop needs, and one of the two, or none
for tool in curl wget none; do
	mkdir "with-$tool"
	for p in $tool sh date mktemp rm mv chmod touch tail grep make rblcache-cdb; do
		! command -v $p >/dev/null ||
			ln -s "$(command -v $p)" "with-$tool/$p"
	done
done
for tool in curl wget; do
	over_http() {
		PATH=$scratch/with-$tool DROP_URL=http://127.0.0.1:8080/drop \
		    "$root/cdb/update-drop" conf
	}
	yesterday
	list4 30 >served/drop_v4.json
	: >asked
	exits "$tool: good lists" 0 '^$' over_http
	exits "$tool: again the same day" 0 '^$' over_http
	is "$(cat asked)" "/drop/drop_v4.json
/drop/drop_v6.json" "$tool: each was asked for once"
	yesterday
	: >moved
	exits "$tool: the lists have moved" 0 '^$' over_http
	rm moved
	cp conf/local.cdb .
	yesterday
	: >busy
	exits "$tool: too many requests" 1 'drop_v4.json cannot be fetched' over_http
	rm busy
	: >"cut"
	exits "$tool: the connection breaks" 1 'drop_v4.json cannot be fetched' \
	    over_http
	rm cut
	ok "$tool: local.cdb stays" cmp local.cdb conf/local.cdb
done
without() { # DIRECTORY
	PATH=$scratch/with-none "$root/cdb/update-drop" "$1"
}
echo 'no rule' >>conf/hosts
exits "neither curl nor wget" 1 '^update-drop: install curl or wget' without conf
is "$tap_said" "$(without none 2>&1)" "that is said before anything else"
is "$(without conf 2>&1 | wc -l)" 1 "and nothing else is tried"
done_testing
