#!/bin/sh
# SPDX-License-Identifier: ISC
# What stands in the place of recent.cdb, lock and control and is none of the
# feed's: a pipe, a device, a link, or what somebody else made. It is refused, and
# nothing waits for it.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
front_prepare
cp "$RBLCACHE_BUILD/rblcachectl" "$front/bin"
mkdir "$front/work"
cd "$front/work" || exit 1
printf 'rblsmtpd: 203.0.113.%s pid 7: 451 Listed by TEST\n' 1 2 >log
user=4711
group=4712

ctl() {
	timeout 20 "$front/bin/rblcachectl" -d state -l '' -s '' -S '' "$@"
}
read_log() {
	timeout 20 "$feed" -1p -f /dev/null -m 0 -c "$root/hooks/log" -d state \
	    -l '' -s '' -S '' log
}
ask_hook() {
	TCPREMOTEIP=203.0.113.1 timeout 20 "$hook" -v -l '' \
	    -k state/recent.cdb -s '' -S '' echo next
}
fresh() { # MODE [OWNER]: a state directory
	[ ! -d state ] || rm -r state
	mkdir state
	chmod "$1" state
	[ ! "${2-}" ] || chown "$2" state
}
listen() { # DIRECTORY PERL [COMMAND...]: does that with the client $c; runs perl
	rm -f "$1/control"
	dir=$1
	code=$2
	shift 2
	[ $# -gt 0 ] || set -- env
	"$@" perl -MIO::Socket::UNIX -e '
		my $l = IO::Socket::UNIX->new(Local => "$ARGV[0]/control",
		    Listen => 5) or die $!;
		chmod 0666, "$ARGV[0]/control";
		$SIG{PIPE} = "IGNORE";
		while (my $c = $l->accept) { <$c>; eval $ARGV[1]; die $@ if $@ }
	' "$dir" "$code" &
	listener=$!
	front_wait test -S "$dir/control"
}
hang_up() {
	kill "$listener"
	wait "$listener" 2>/dev/null
}

# ---- recent.cdb is no file ----

make_strange() { # KIND PATH
	case $1 in
	fifo) mkfifo "$2" ;;
	device) mknod "$2" c 1 5 2>/dev/null && head -c 1 "$2" >/dev/null ;;
	directory) mkdir "$2" ;;
	link) ln -s ../pipe "$2" ;;
	esac
}
mkfifo pipe
for kind in fifo device link; do
	fresh 755
	if ! make_strange $kind state/recent.cdb; then
		echo "# no $kind here"
		continue
	fi
	exits "$kind: status" 2 'not running; state/recent.cdb: it is damaged' \
	    ctl status
	exits "$kind: list" 111 'state/recent.cdb: it is damaged' ctl list
	exits "$kind: export" 111 'state/recent.cdb: it is damaged' \
	    ctl export rbldnsd
	exits "$kind: test" 0 'state/recent.cdb: it is damaged' ctl test 203.0.113.1
	exits "$kind: the hook" 0 'state/recent.cdb: it is damaged' ask_hook
	exits "$kind: the feed" 0 \
	    'state/recent.cdb is damaged; starting from state/recent.cdb.old' \
	    read_log
	is "$(stat -c %F state/recent.cdb), $(ctl list | cut -f 1 | tr '\n' ' ')" \
	    "regular file, 203.0.113.1 203.0.113.2 " "$kind: it made its own"
done
for kind in fifo device link; do
	fresh 755
	make_strange $kind state/recent.cdb.old || continue
	exits "recent.cdb.old, $kind: the feed" 0 'recent.cdb.old is damaged' \
	    read_log
done
fresh 755
mkfifo state/lock
exits "lock, fifo: the feed" 111 'state/lock: No such device or address' read_log

# ---- or that of somebody else ----

if [ "$FRONT_ROOT" ]; then
	fresh 2777 0:$group
	read_log 2>/dev/null
	chown $user:$group state/recent.cdb
	exits "another user's: status" 2 \
	    "state/recent.cdb: it is somebody else's" ctl status
	exits "another user's: list" 111 "it is somebody else's" ctl list
	rm -f state/recent.cdb.old
	exits "another user's: the feed" 0 \
	    "state/recent.cdb is somebody else's; starting from" read_log
	is "$(stat -c %u state/recent.cdb), $(ctl list | wc -l)" "0, 2" \
	    "another user's: it made its own, by the log"
	# whose it may be
	for ours in 755:$user:0 2775:0:$group 777:0:0; do
		fresh "${ours%%:*}" "${ours#*:}"
		chown 0:0 state
		read_log 2>/dev/null
		chown "${ours#*:}" state
		chmod "${ours%%:*}" state
		chown $user:$group state/recent.cdb state/lock
		exits "in a directory of $ours: is ours" 0 \
		    '^203.0.113.1 is refused' ctl test 203.0.113.1
		exits "in a directory of $ours: to be listed" 0 '203.0.113.2' ctl list
	done
else
	skip "another user's files" "to make them wants root"
fi

# ---- control ----

for kind in fifo device link directory; do
	fresh 755
	make_strange $kind state/control || continue
	exits "control, $kind: status" 2 \
	    '^CRITICAL: state/control: Socket operation on non-socket' ctl status
	exits "control, $kind: del" 111 'state/control: Socket operation' \
	    ctl del 203.0.113.1
done
fresh 755
mkfifo state/control
"$feed" -f /dev/null -m 0 -c "$root/hooks/log" -d state -l '' -s '' -S '' log \
    2>/dev/null &
feed_pid=$!
answers() {
	ctl status >status
	[ $? -le 1 ]
}
ok "control, fifo: the feed makes its socket" front_wait answers
kill "$feed_pid"
wait "$feed_pid"
feed_pid=

fresh 755
mkdir real
listen real 'print $c "{}\n"'
ln -s ../real/control state/control
exits "control, a link to a socket" 2 'Socket operation on non-socket' ctl status
hang_up
if [ "$FRONT_ROOT" ]; then
	fresh 1777
	chmod 755 .
	listen state 'print $c qq({"lifted":"all","was_banned":true}\n)' \
	    setpriv --reuid $user --regid $group --clear-groups
	exits "control of another user: status" 2 \
	    "^CRITICAL: state/control: pid $listener listens there, which is somebody else's" \
	    ctl status
	exits "control of another user: del" 100 "somebody else's" \
	    ctl del 203.0.113.1
	hang_up
else
	skip "control of another user" "to become him wants root"
fi

# ---- what it says ----

fresh 755
listen state 'print $c qq({"error":"a\\u001b]0;title\\u0007b\\u009bc\\u007f\\nd",) .
    qq("exit":7}\n)'
exits "control bytes: del" 7 'rblcachectl: a\?]0;title\?b\?\?c\?\?d$' \
    ctl del 203.0.113.1
hang_up
listen state 'print $c qq({"feed_error":"x\\u001b[2J",) .
    qq("logs":[{"path":"l\\u001b[1m"}],"bans":{"rules":[{"rule":"r\\u0008"}]}}\n)'
is "$(ctl status | tr -d '\n' | LC_ALL=C tr -cd '\001-\037\177')" "" \
    "control bytes: status"
like "$(ctl status)" 'CRITICAL: x\?\[2J; l\?\[1m is not read' "what is left of them"
is "$(ctl metrics | tr -d '\n' | LC_ALL=C tr -cd '\001-\037\177')" "" \
    "control bytes: metrics"
hang_up
listen state 'print $c "{\"error\":\"" . "x" x 1e6; print $c "x" x 65536 while
    print $c "x" x 65536'
exits "an answer without an end: status" 2 \
    '^CRITICAL: state/control: Message too long' ctl status
hang_up
done_testing
