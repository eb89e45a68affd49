#!/bin/sh
# SPDX-License-Identifier: ISC
# A feed that cannot have inotify says so once, reads nevertheless, and has it
# again when it can be had. The limits are those of a user namespace of its own.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
front_prepare
mkdir "$front/work"
cd "$front/work" || exit 1
rules=$root/hooks/log/rblsmtpd.rules
limits=/proc/sys/user
unshare -Ur sh -c "echo 0 >$limits/max_inotify_instances" 2>/dev/null ||
	skip_all "no user namespaces, or no limits in them, here"

ctl() {
	"$RBLCACHE_BUILD/rblcachectl" -d state -s '' -S '' "$@"
}
answers() {
	ctl status >status
	[ $? -le 1 ]
}
# follow LIMIT NUMBER LOG: with so many of that, in a user namespace of its own
follow() {
	mkdir -p state
	unshare -Ur sh -c 'echo "$1" >"$2"; shift 2; exec "$@"' sh "$2" \
	    "$limits/$1" "$feed" -f /dev/null -c "$rules" -d state -l '' \
	    -s '' -S '' "$3" 2>err &
	feed_pid=$!
	front_wait answers
}
allow() { # LIMIT
	nsenter -U --preserve-credentials -t "$feed_pid" \
	    sh -c "echo 128 >$limits/$1"
}
stop() {
	kill "$feed_pid"
	wait "$feed_pid" 2>/dev/null
	rm -rf state
}
line() { # ADDRESS LOG
	printf '@40000000%08x00000000 rblsmtpd: %s pid 7: 451 Listed\n' \
	    $(($(date +%s) + 10)) "$1" >>"$2"
}
has() { # ADDRESS
	ctl list | grep -q "^$1	"
}
said() { # PATTERN: how often
	grep -c -e "$1" err
}

for limit in max_inotify_instances max_inotify_watches; do
	case $limit in
	max_inotify_instances)
		why='Too many open files'
		remedy='sysctl fs.inotify.max_user_instances=1024' ;;
	*)
		why='No space left on device'
		remedy='sysctl fs.inotify.max_user_watches=524288' ;;
	esac
	for log in file dir/; do
		rm -rf file dir
		mkdir dir
		: >file
		: >dir/current
		to=$log
		[ "$log" = file ] || to=dir/current
		follow "$limit" 0 "$log"
		is "$(said "$log: inotify: $why; .*: $remedy\$")" 1 \
		    "$limit, $log: it says so, with what to do"
		exits "$limit, $log: a warning" 1 \
		    "^WARNING: $log is read late: inotify: $why; $remedy\$" \
		    ctl status
		like "$(ctl status)" "^log +$log: read to its end, without inotify" \
		    "$limit, $log: status"
		like "$(ctl metrics)" \
		    "^rblcache_log_inotify\\{log=\"$log\"\\} 0\$" \
		    "$limit, $log: metrics"
		line 203.0.113.1 "$to"
		ok "$limit, $log: it reads" front_wait has 203.0.113.1
		kill -HUP "$feed_pid"
		front_wait grep -q 'loaded again' err
		is "$(said inotify)" 1 "$limit, $log: said once"
		allow "$limit"
		kill -HUP "$feed_pid"
		ok "$limit, $log: it works again after SIGHUP" \
		    front_wait grep -q "$log: inotify works now\$" err
		exits "$limit, $log: all is well" 0 '^OK$' ctl status
		line 203.0.113.2 "$to"
		ok "$limit, $log: it reads on" front_wait has 203.0.113.2
		stop
	done
done

# One instance alone: a directory has two, the second for the thread that opens
# its files.
mkdir one
: >one/current
follow max_inotify_instances 1 one
exits "one inotify of two: a warning" 1 'one is read late: inotify: Too many' \
    ctl status
stop

# How often it looks: while lines come, and when none does.
: >often
follow max_inotify_instances 0 often
cat >often.pl <<'EOT'
# How often the feed waits, a second: before, while and after lines come.
use Time::HiRes "time", "sleep";
sub waits { # how often it waited until now: voluntary switches
	open my $f, '<', "/proc/$ARGV[0]/status" or die;
	my ($n) = join('', <$f>) =~ /^voluntary_ctxt_switches:\s+(\d+)/m;
	return $n;
}
sub rate {
	my $before = waits();
	my $from = time;
	sleep 2;
	return (waits() - $before) / (time - $from);
}
sub line {
	open my $f, '>>', 'often';
	printf $f "\@40000000%08x00000000 x\n", time + 10;
}
my $quiet = rate();
my $pid = fork;
if (!$pid) {
	alarm 60; # if nobody is left to stop it
	while (1) { line(); sleep .1 }
}
sleep 1.5; # up to a second until the first is seen
my $busy = rate();
kill 'TERM', $pid;
waitpid $pid, 0;
sleep 5;
printf "%.1f %.1f %.1f\n", $quiet, $busy, rate();
EOT
out=$(perl often.pl "$feed_pid")
echo "# looks in a second, quiet, busy, quiet: $out"
ok "it looks often while lines come" \
    perl -e '($q, $b) = split " ", shift; exit !($b > 3 * $q)' "$out"
ok "and seldom when none does" \
    perl -e '(undef, $b, $q) = split " ", shift; exit !($b > 3 * $q)' "$out"
stop
done_testing
