#!/bin/sh
# SPDX-License-Identifier: ISC
# rblcache-cdb: sources, errors that name the place, replacement.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
tap_scratch
cdb=$RBLCACHE_BUILD/rblcache-cdb
CDB=$cdb
export CDB
cd "$scratch" || exit 1

cat >own <<'E2'
# own rules
192.0.2.0/24	deny	go away	# a comment
192.0.2.7	allow
192.0.2.128/25	defer	450 slow down
2001:db8::/32	deny
2001:db8:1::/48	allow	friends
198.51.100.1	deny	see https://example.org/#why
E2
mkdir lists
printf '; Spamhaus DROP List\n1.10.16.0/20 ; SBL256894\n' >lists/drop.txt
printf '%s\n' '{"cidr":"1.19.0.0/16","sblid":"SBL434604","rir":"apnic"}' \
    '{"cidr":"2001:db8:9::/48","sblid":"SBL1","rir":"ripencc"}' \
    '{"type":"metadata","timestamp":1700000000,"size":1}' >lists/drop.json
printf '203.0.113.5\n203.0.113.6 # seen today\r\n192.0.2.7\n' >lists/bare
ok "build" "$cdb" build l.cdb own lists/drop.txt lists/drop.json lists/bare

query() {
	"$cdb" query l.cdb "$@"
}
T=$(printf '\t')
is "$(query 192.0.2.1)" "192.0.2.1${T}deny${T}192.0.2.0/24${T}go away" "a prefix"
is "$(query 192.0.2.7)" "192.0.2.7${T}allow${T}192.0.2.7${T}" \
    "the longest prefix; the earlier source"
is "$(query ::ffff:192.0.2.200)" \
    "192.0.2.200${T}defer${T}192.0.2.128/25${T}450 slow down" "mapped IPv4"
is "$(query 2001:db8:1::5)" "2001:db8:1::5${T}allow${T}2001:db8:1::/48${T}" IPv6
is "$(query 2001:db8:2::5)" \
    "2001:db8:2::5${T}deny${T}2001:db8::/32${T}listed in own" "no text: the list's name"
is "$(query 198.51.100.1)" \
    "198.51.100.1${T}deny${T}198.51.100.1${T}see https://example.org/#why" \
    "a # inside a text"
is "$(query 1.10.17.1)" \
    "1.10.17.1${T}deny${T}1.10.16.0/20${T}listed in drop.txt (SBL256894)" "DROP, text"
is "$(query 1.19.200.1)" \
    "1.19.200.1${T}deny${T}1.19.0.0/16${T}listed in drop.json (SBL434604)" "DROP, JSON"
is "$(query 203.0.113.6)" \
    "203.0.113.6${T}deny${T}203.0.113.6${T}listed in bare" "a bare list, CR LF, comment"
is "$(query 8.8.8.8)" "8.8.8.8${T}none${T}-${T}" "none"
"$cdb" dump l.cdb | sort >dump1
"$cdb" dump l.cdb | "$cdb" build again.cdb -
"$cdb" dump again.cdb | sort >dump2
ok "a dump builds the same again" cmp dump1 dump2
is "$(wc -l <dump1 | tr -d ' ')" 11 "and has every rule once"

# bad input names the place and changes nothing
cp l.cdb keep
bad() { # LINE PATTERN
	printf '# first\n%s\n' "$1" >bad
	exits "bad: $1" 100 "^rblcache-cdb: bad:2: $2" "$cdb" build l.cdb own bad
}
bad 'mail.example.com deny' "'mail.example.com': no IP address"
bad '192.0.2.1.5 deny' 'no IP address|.*no IP address'
bad '192.0.2.1/33 deny' '.*longer than 32'
bad '192.0.2.1/x deny' '.*no number'
bad '192.0.2.1/24 deny' '.*is it 192.0.2.0/24\?'
bad '2001:db8::/129' '.*longer than 128'
bad '192.0.2.1 reject' "'reject': neither allow, deny nor defer"
bad '192.0.2.1 deny 451 later' '.*deny wants a code from 500'
bad '192.0.2.1 defer 553 no' '.*defer wants a code from 400'
bad "192.0.2.1 deny $(printf '%0201d' 0)" '.*longer than 200 bytes'
bad '192.0.2.1 deny grüße' '.*not printable ASCII'
bad '{"cidr":' 'no JSON object'
bad '{"net":"1.2.3.0/24"}' '.*no "cidr"'
printf '192.0.2.1 deny\n192.0.2.1 allow\n' >bad
exits "contradiction" 100 "^rblcache-cdb: bad:2: '192.0.2.1' has another action" \
    "$cdb" build l.cdb bad
exits "no such source" 100 '^rblcache-cdb: none: No such file' "$cdb" build l.cdb none
exits "no such directory" 100 '^rblcache-cdb: no/l.cdb: No such file' "$cdb" build no/l.cdb own
exits "query: no address" 100 "'junk' is no IP address" "$cdb" query l.cdb junk
exits "query: no file" 100 'none: No such file' "$cdb" query none 192.0.2.1
printf junk >junk
exits "query: no cdb" 100 "junk: it is damaged, or no cdb of rblcache's" "$cdb" query junk 192.0.2.1
exits "dump: no cdb" 100 "junk: it is damaged, or no cdb of rblcache's" "$cdb" dump junk
ok "the old file is untouched" cmp l.cdb keep
is "$(ls ./*.new 2>/dev/null)" "" "nothing is left beside it"

# two at once: the file is whole, and it is that of the one who read last
awk 'BEGIN { for (i = 0; i < 3000; i++)
    printf "10.%d.%d.0/24 deny\n", i / 256, i % 256 }' >many
# in memory, if it may be: a disk takes its time for each
twice=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d)
trap 'rm -rf "$scratch" "$twice"' EXIT
rounds=0
whole=0
while [ $rounds -lt 100 ]; do
	rounds=$((rounds + 1))
	"$cdb" build "$twice/l.cdb" many own &
	"$cdb" build "$twice/l.cdb" own &
	"$cdb" build "$twice/l.cdb" many lists/bare
	wait
	! "$cdb" dump "$twice/l.cdb" >/dev/null 2>&1 || whole=$((whole + 1))
done
is "$whole of $rounds" "100 of 100" "three that build at once make a whole file"
is "$(ls "$twice")" l.cdb "and leave nothing"
mkfifo slow
"$cdb" build turns.cdb slow &
exec 3>slow # it has begun to read
printf '192.0.2.1 deny old\n' >&3
"$cdb" build turns.cdb own 3>&- &
later=$!
sleep 0.3
ok "one that comes later waits" [ ! -e turns.cdb ]
exec 3>&-
wait $later
is "$("$cdb" query turns.cdb 192.0.2.1 | cut -f 4)" "go away" \
    "and so the newest sources are in the file"

# what is left of one that was killed, or put there by somebody
"$cdb" build left.cdb slow &
exec 3>slow
kill -9 $!
wait
exec 3>&-
ok "killed: something is left" [ -e left.cdb.new ]
ok "it is in nobody's way" "$cdb" build left.cdb own
rm slow
echo precious >precious
for kind in "ln -s" ln "cp" mkfifo; do
	rm -f left.cdb.new
	case $kind in
	mkfifo) mkfifo left.cdb.new ;;
	*) $kind "$scratch/precious" left.cdb.new ;;
	esac
	ok "in its place, by $kind: it builds" timeout 20 "$cdb" build left.cdb own
	is "$(cat precious) $(ls left*)" "precious left.cdb" "$kind: and touches no other file"
done
mkdir left.cdb.new
exits "a directory in its place" 100 'left.cdb: Is a directory' "$cdb" build left.cdb own

# OUT is no file: it stays what it is
mkfifo out
ln -s l.cdb link
mkdir dir
set -- out link dir
if mknod device c 1 7 2>/dev/null; then
	set -- "$@" device
fi
for out; do
	kind=$(stat -c %F "$out")
	exits "OUT is a $kind" 100 "^rblcache-cdb: $out: it is no regular file\$" \
	    "$cdb" build "$out" own
	is "$(stat -c %F "$out")" "$kind" "and stays a $kind"
done
exits "query: a fifo" 100 "out: it is damaged, or no cdb" \
    timeout 20 "$cdb" query out 192.0.2.1
exits "dump: a fifo" 100 "out: it is damaged, or no cdb" timeout 20 "$cdb" dump out

# each byte counts: a dump shows that the file is whole
"$cdb" build small.cdb - <<'E2'
203.0.113.0/24 deny go away
203.0.113.7 allow
E2
is "$(perl -e '
	open F, "<", "small.cdb";
	$whole = join "", <F>;
	for (0 .. length($whole) - 1) {
		next if $_ < 2048 && $_ % 37; # the tables of tables
		my $damaged = $whole;
		substr($damaged, $_, 1) ^= "\1";
		open F, ">", "damaged.cdb";
		print F $damaged;
		close F;
		$found++ if system "$ENV{CDB} dump damaged.cdb >/dev/null 2>&1";
		$all++;
	}
	print $all - $found' | sed "s,^,missed: ,")" "missed: 0" "any byte that is another one"

# a full disk
if [ "$(id -u)" = 0 ] && unshare -m sh -c \
    "mount -t tmpfs -o size=64k none '$scratch/lists'" 2>/dev/null; then
	cat >full.sh <<'E2'
mount -t tmpfs -o size=128k none lists || exit 1
"$1" build lists/l.cdb own || exit 1
cp lists/l.cdb keep2
awk 'BEGIN { for (i = 0; i < 20000; i++) printf "10.%d.%d.1\n", i / 256, i % 256 }' |
	"$1" build lists/l.cdb -
echo "exit $?"
cmp lists/l.cdb keep2 && ls lists
E2
	is "$(unshare -m sh full.sh "$cdb" 2>&1)" \
	    "rblcache-cdb: lists/l.cdb: No space left on device
exit 111
l.cdb" "a full disk: said, the old file stays, nothing left over"
else
	skip "a full disk" "mounting a tmpfs wants root"
fi

# the configuration directory
mkdir conf conf/lists
cp own conf/hosts
cp "$root/cdb/Makefile" conf/
export RBLCACHE_CDB="$cdb"
ok "make in the configuration directory" make -C conf
is "$("$cdb" query conf/local.cdb 203.0.113.5 | cut -f2)" none "no list yet"
cp lists/bare conf/lists/
ok "make after a list came" make -C conf
is "$("$cdb" query conf/local.cdb 203.0.113.5 | cut -f2)" deny "the list counts"
like "$(make -C conf)" 'up to date|Nothing to be done' "nothing to do"
is "$(stat -c '%a %h' conf/local.cdb)" "644 1" "everybody may read it"
for damage in 'truncate -s 100' 'truncate -s 0' 'cp junk' 'sed -i s/deny/dens/' \
    'sed -i s/go.away/go_away/'; do
	case $damage in
	cp*) cp junk conf/local.cdb ;;
	*) $damage conf/local.cdb ;;
	esac
	ok "make after damage by $damage" make -C conf
	is "$("$cdb" query conf/local.cdb 203.0.113.5 192.0.2.1 | cut -f 2,4)" \
	    "deny${T}listed in bare
deny${T}go away" "it is whole again"
done
cp conf/local.cdb keep
echo junk >>conf/hosts
exits "make with a bad line" 2 'hosts:8: ' make -C conf
ok "the old local.cdb stays" cmp conf/local.cdb keep
done_testing
