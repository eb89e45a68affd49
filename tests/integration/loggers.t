#!/bin/sh
# SPDX-License-Identifier: ISC
# The other loggers: svlogd, s6-log, and logrotate in both of its ways, while
# lines come as fast as they are taken: each line once, and in order.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
front_prepare
cd "$front" || exit 1
rules=$root/hooks/log/rblsmtpd.rules
# every day a fifth of the lines
[ "${RBLCACHE_LONG-}" ] && k=5 || k=1

lines() { # FIRST LAST
	awk -v a="$1" -v b="$2" 'BEGIN { for (i = a; i < b; i++) printf \
		"rblsmtpd: 198.%d.%d.%d pid %d: 451 Listed by TEST, see https://rbl.test/%d\n",
		18 + int(i / 65536), i / 256 % 256, i % 256, i, i }'
}
addresses() {
	awk '{ print $2 }'
}
banned() {
	sed -n 's/.*ban	\([^	]*\)	.*/\1/p' "$@"
}
follow() { # LOG
	: >err
	"$feed" -f /dev/null -v -m 0 -c "$rules" -d state -l '' -s '' -S '' \
	    "$1" 2>>err &
	feed_pid=$!
	front_wait feed_follows
}
feed_follows() {
	readlink "/proc/$feed_pid/fd/"* | grep -q inotify
}
last_line() { # NUMBER: comes through
	front_wait grep -q "rbl.test/$1\$" err
}
end_of() {
	kill "$feed_pid"
	wait "$feed_pid"
	feed_pid=
}

# ---- loggers with a directory of files ----

try_logger() { # NAME COMMAND...: which writes to ./$NAME
	name=$1
	shift
	rm -rf state/*
	mkdir "$name"
	[ "$name" = svlogd ] && printf 's4096\nn1000\n' >svlogd/config
	lines 0 $((4000 * k)) | "$@"
	follow "$name"
	lines $((4000 * k)) $((12000 * k)) | "$@"
	ok "$name: the last line" last_line $((12000 * k - 1))
	end_of
	lines $((12000 * k)) $((14000 * k)) | "$@"
	"$feed" -f /dev/null -1 -v -m 0 -c "$rules" -d state -l '' -s '' -S '' "$name" 2>>err
	lines 0 $((14000 * k)) | addresses >expected
	banned err >got
	is "$(cmp got expected 2>&1)" "" \
	    "$name: before, while and after it followed: each line once"
	is "$(grep missing err)" "" "$name: nothing missed"
	ok "$name: it did rotate ($(find "$name" -name '@*' | wc -l) files)" \
	    test -e "$(find "$name" -name '@*' | head -n 1)"
}
try_logger svlogd svlogd -tt svlogd
try_logger s6-log s6-log t s4096 n1000 ./s6-log

# the stamps of all of them in one log
{
	lines 0 1 | s6-log T 1
	lines 1 2 | s6-log t 1
	lines 2 3 | tai64n
	lines 3 4 | sed 's/^/2026-11-24 07:31:02.123456789 /'
	lines 4 5 | sed 's/^/2026-11-24 07:31:02.123 /'
	cat svlogd/current | tail -n 1
	lines 6 7 | sed 's/^/Nov 24 07:31:02 mail qmail: 1795505462.485077 /'
	lines 7 8 | sed 's/^/2026-11-24T07:31:02.123+01:00 mail smtpd[7]: /'
	lines 8 9
} >mixed
is "$("$feed" -f /dev/null -n -m 0 -c "$rules" -l '' mixed |
	grep -c '^ban')" 9 \
    "the stamps of all loggers in one log"

# killed within a line: that is all there is of it, and no other is lost
rm -rf state/* && mkdir cut
mkfifo fifo
multilog t ./cut <fifo &
multilog_pid=$!
exec 5>fifo
{
	lines 0 10
	# longer than its buffer
	printf 'rblsmtpd: 198.18.0.10 pid 10: 451 %01500d' 0
} >&5
front_wait grep -q '198.18.0.10 pid' cut/current
follow cut
kill -9 "$multilog_pid"
wait "$multilog_pid" 2>/dev/null
multilog_pid=
exec 5>&-
lines 11 20 | multilog t ./cut
last_line 19
end_of
lines 0 20 | addresses >expected
banned err >got
is "$(cmp got expected 2>&1)" "" "multilog killed within a line"

# ---- plain files under logrotate ----

# Writes lines to ./log and begins a new one on SIGHUP, as syslogd does.
cat >writer <<'EOT'
use strict;
my $log;
sub begin { open($log, '>>', 'log') or die; }
open(my $pid, '>', 'writer.pid') or die;
print $pid $$;
close($pid);
$SIG{HUP} = \&begin;
begin();
while (<STDIN>) {
	syswrite($log, $_);
	select(undef, undef, undef, 0.001) if $. % 50 == 0;
}
EOT
try_logrotate() { # NAME KILLS DIRECTIVE...: killed at each so many rotations
	name=$1
	kills=$2
	shift 2
	rm -rf state/* log* rotate.state
	: >log
	{
		echo "\"$front/log\" {"
		printf '%s\n' "$@" 'rotate 1000' 'size 1'
		echo '}'
	} >rotate.conf
	chmod 644 rotate.conf
	lines 0 $((10000 * k)) | perl writer &
	writer=$!
	front_wait test -s writer.pid
	follow log
	n=0
	while kill -0 "$writer" 2>/dev/null; do
		logrotate -s rotate.state rotate.conf 2>>rotate.err
		n=$((n + 1))
		if [ $((n % kills)) = 0 ]; then
			kill -9 "$feed_pid"
			wait "$feed_pid" 2>/dev/null
			logrotate -s rotate.state rotate.conf 2>>rotate.err
			"$feed" -f /dev/null -v -m 0 -c "$rules" -d state \
			    -l '' -s '' -S '' \
			    log 2>>err &
			feed_pid=$!
		fi
		sleep 0.05
	done
	wait "$writer"
	# one that only the feed that runs now can have read, and the others
	# before it
	lines $((10000 * k)) $((10000 * k + 1)) >>log
	ok "$name: the last line" last_line $((10000 * k))
	end_of
	# a copy may end within a line
	for file in log*; do
		zcat -f "$file"
		echo
	done | grep 'see https://rbl.test/[0-9]' | addresses | sort >expected
	banned err | sort -u >got
	is "$(comm -13 got expected | wc -l)" 0 \
	    "$name: every line that is in a file ($(ls log* | wc -l) files)"
	is "$(sort -u expected | wc -l)" "$(wc -l <expected)" \
	    "$name: none is in two"
	is "$(grep missing err)" "" "$name: nothing missed"
	is "$("$feed" -f /dev/null -1 -v -m 0 -c "$rules" -d state -l '' -s '' \
	    -S '' log 2>&1 |
	    grep -c 'ban	')" 0 "$name: nothing is read again"
}
told="kill -HUP \$(cat '$front/writer.pid')"
try_logrotate 'logrotate, create' 5 create postrotate "$told" endscript
try_logrotate 'logrotate, copytruncate' 5 copytruncate
try_logrotate 'logrotate, compress' 1000 create compress delaycompress \
    postrotate "$told" endscript
done_testing
