#!/bin/sh
# SPDX-License-Identifier: ISC
# The hook as a file and as a process: of which C library, hardened, small, few
# system calls; and whatever it is fed, the next program runs or the client gets
# an answer.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
tap_scratch
hook=$RBLCACHE_BUILD/rblcache
cdb=$RBLCACHE_BUILD/rblcache-cdb
cd "$scratch" || exit 1

if ldd "$hook" 2>/dev/null | grep -q '=>'; then
	skip_all "this build is not static"
fi
libc=musl
! grep -q 'glibc' "$hook" || libc=glibc
case $RBLCACHE_BUILD in
*/release)
	wanted=glibc
	[ "$(musl-gcc -dumpmachine 2>/dev/null)" != \
	    "$(${CC:-cc} -dumpmachine 2>/dev/null)" ] || wanted=musl
	is "$libc" "$wanted" "musl is what it is made of, where musl-gcc is as CC"
	;;
esac
is "$("$root/tests/hardened" "$hook" usage_read say smtp_refuse 2>&1)" "" \
    "PIE, RELRO, NX and stack protector"
strip -o stripped "$hook"
size=$(stat -c %s stripped)
most=100000
[ "$libc" = musl ] || most=1000000
ok "$libc: fewer than $most bytes, stripped ($size)" [ "$size" -lt "$most" ]

# what the linker laid out to be read-only is so while it runs
printf '203.0.113.66 deny go away\n' | "$cdb" build l.cdb - || exit 1
mkfifo client
TCPREMOTEIP=203.0.113.66 "$hook" -l l.cdb -k '' -s '' -S '' false <>client \
    >answers 2>/dev/null &
pid=$!
talks() {
	grep -qs 220 answers
}
tries=0
until talks || [ "$tries" = 600 ]; do
	sleep 0.1
	tries=$((tries + 1))
done
ok "it talks to a client" talks
is "$(readelf -lW "$hook" | perl -ne '
	BEGIN {
		open my $maps, "<", "/proc/" . shift(@ARGV) . "/maps";
		@maps = map { [/^(\w+)-(\w+) (\S+)/] } grep { m,/rblcache$, } <$maps>;
		$base = hex $maps[0][0];
	}
	if (/GNU_RELRO +\S+ +(\S+) +\S+ +\S+ +(\S+)/) {
		my $last = $base + hex($1) + hex($2) - 1;
		for (@maps) {
			print $$_[2] if hex($$_[0]) <= $last && $last < hex($$_[1]);
		}
	}' "$pid")" r--p "relocated data is read-only in the process"
kill "$pid"
wait "$pid" 2>/dev/null

# all between its own start and the next program's
if strace -o trace "$hook" -l l.cdb -k none true 2>/dev/null; then
	TCPREMOTEIP=198.51.100.7 strace -o trace "$hook" -l l.cdb -k none true \
	    2>/dev/null
	count=$(sed '1d; /^execve(/,$d' trace | grep -c '^[a-z]')
	most=22
	[ "$libc" = musl ] || most=34
	ok "$libc: at most $most system calls ($count)" [ "$count" -le "$most" ]
else
	skip "system calls" "strace does not work here"
fi

# both programs write an address alike, whatever C library each of them has; the
# C libraries differ on what no client has, in ::/32
: | "$cdb" build empty.cdb -
for ip in 192.0.2.7 ::ffff:192.0.2.7 ::FFFF:c000:0207 2001:DB8:0:0:1:0:0:1 \
    :: ::1 1:: 64:ff9b::192.0.2.33 \
    1:0:0:2:3:4:0:0 1:0:2:0:0:0:3:0 1:2:3:4:5:6:7:: ::2:3:4:5:6:7:8 \
    2001:db8::1:2:3.4.5.6 fe80::0001 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff; do
	is "$(TCPREMOTEIP=$ip "$hook" -v -l empty.cdb -k '' -s '' -S '' true \
	    2>&1 | cut -d ' ' -f 2)" \
	    "$("$cdb" query empty.cdb "$ip" | cut -f 1)" "the text of $ip"
done
for ip in 1.2.3 01.2.3.4 0x1.2.3.4 1.2.3.256 1.2.3.4. fe80::1%lo ::: 1::2::3 \
    1:2:3:4:5:6:7 1:2:3:4:5:6:7:8:9 1:2:3:4:5:6:7::8 ::1:2:3:4:5:6:7:8 \
    1:2:3:4:5:6::1.2.3.4 ::1.2.3 ::1.2.3.4.5 00000::1 ::g :1:2:3:4:5:6:7 \
    1:2:3:4:5:6:7: ' 1.2.3.4'; do
	is "$(TCPREMOTEIP=$ip "$hook" -v -l empty.cdb -k '' -s '' -S '' \
	    echo next 2>&1)" next "no address: '$ip'"
	exits "neither for rblcache-cdb" 100 . "$cdb" query empty.cdb "$ip"
done

# whatever any parser was once fed with, as its files and as its client; what
# is wrong with a file may be said
fed=0
wrong=
for file in "$root"/tests/corpus/*/*; do
	for ip in 203.0.113.9 192.0.2.1 2001:db8::9; do
		said=$(TCPREMOTEIP=$ip "$hook" -l "$file" -k "$file" -s '' \
		    -S '' -t 60 echo next <"$file" 2>err)
		status=$?
		fed=$((fed + 1))
		case $status:$said in
		0:next | 0:220*) ;;
		*) wrong="$wrong $ip:${file#"$root"/tests/corpus/}" ;;
		esac
		[ "$(wc -l <err)" -le 2 ] ||
			wrong="$wrong $ip:${file#"$root"/tests/corpus/}"
	done
	said=$(TCPREMOTEIP=203.0.113.66 "$hook" -l l.cdb -k '' -s '' -S '' \
	    false <"$file" 2>/dev/null)
	case $?:$said in
	0:220*) ;;
	*) wrong="$wrong client:${file#"$root"/tests/corpus/}" ;;
	esac
done
is "$wrong" "" "fed with the corpora it goes on or answers ($fed times)"
ok "and they are some" [ "$fed" -gt 300 ]
done_testing
