#!/bin/sh
# SPDX-License-Identifier: ISC
# The same lines lead to the same bans, whoever reads them: rblcache-feed -n, the
# feed itself, and the trial that rblcachectl replay asks.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
tap_scratch
feed=$RBLCACHE_BUILD/rblcache-feed
ctl=$RBLCACHE_BUILD/rblcachectl
trial=$RBLCACHE_BUILD/tests/integration/trial_lines
[ -x "$trial" ] || skip_all "$trial is not built"
cd "$scratch" || exit 1
started=$(date +%s)

all_rules all
# rules of which one decision depends on earlier ones
cat >some.rules <<'E2'
[counted]
match = ^CHKUSER rejected rcpt: from <[^>]*> remote <[^:]*:[^:]*:(?<ip>[^>]+)>
count = 3 in 10m
ban = 1h
again = x2 up to 1d
list = no
[again]
match = ^spamdyke\[(?<pid>\d+)\]: DENIED_RBL_MATCH from: \S+ to: \S+ origin_ip: (?<ip>\S+)
ban = 10m
again = x3 up to 1w
[rblsmtpd]
match = ^rblsmtpd: (?<ip>\S+) pid (?<pid>\d+): (?<reply>(?:451|553) .+)$
except = : \d+ Error:
ban = 1h
E2

printf 'doubt = 2h\npass = 1m to 1d\n' >feed.conf

# read_all LOG RULES [CAP]: all three read it
read_all() {
	rm -rf state
	mkdir state
	"$feed" -n -f feed.conf -l '' -c "$2" -m "${3-1000}" "$1" \
	    >dry 2>dry.err
	"$feed" -1v -f feed.conf -l '' -s '' -S '' -c "$2" -m "${3-1000}" \
	    -d state "$1" 2>feed.err
	sed -n 's/^rblcache-feed: \(\(ban\|count\|skip\|lift\)	.*\)/\1/p' \
	    feed.err >feed
	"$trial" "${3-1000}" "$2" feed.conf <"$1" >trial.times
	cut -f 2- trial.times >trial
}
alike() { # NAME LOG RULES [CAP]
	what=$1
	shift
	read_all "$@"
	ok "$what: -n and the feed ($(wc -l <feed) decisions)" cmp dry feed
	ok "$what: the trial" cmp trial feed
	# of those that were banned once and not lifted: since when, and until when;
	# where the line has a stamp, and not one of the future, for which the clock
	# counts
	cut -f 2- trial.times | grep '^\(ban\|lift\)	' | cut -f 2 | sort | uniq -u >once
	awk -F '\t' 'NR == FNR { once[$1] = 1; next }
	    $2 == "ban" && ($3 in once) && $1 + $5 > now && $1 < started {
		print $3, $1, $1 + $5, $4 }' now="$(date +%s)" started="$started" \
	    once trial.times | sort >wanted
	"$ctl" -d state -l '' -j list |
		sed -n 's/^{"ip":"\([^"]*\)".*"until":\([0-9]*\),"since":\([0-9]*\),"rule":"\([^"]*\)".*/\1 \3 \2 \4/p' |
		awk 'NR == FNR { once[$1] = 1; next }
		    $1 in once && $2 < started' once started="$started" - |
		sort >got
	is "$(comm -13 wanted got)" "" \
	    "$what: the bans' times ($(wc -l <got))"
}

make_log() { # SEED LINES: anything at all, stamped as multilog does
	perl -e '
	my ($seed, $lines) = @ARGV;
	srand $seed;
	my $t = time - 86400;
	my $pid = 100;
	my (%open, @ips);
	push @ips, join ".", 198, 18, $_, 7 for 1 .. 30;
	push @ips, "2001:db8:$_\::7" for 1 .. 5;
	push @ips, "10.0.0.1", "junk", "203.0.113.9";
	sub say_at {
		my $at = shift;
		printf "@%016x%08x %s\n", 0x4000000000000000 + $at + 10, 1,
		    shift;
	}
	for (1 .. $lines) {
		my $ip = $ips[rand @ips];
		my $what = int rand 100;
		my $at = $t += rand > 0.7 ? int rand 40 : 0;
		$at += 90000 if $what == 99 && rand > 0.5; # from the future
		$at -= int rand 20000 if $what == 98;
		my @pids = keys %open;
		my $p = @pids && rand > 0.1 ? $pids[rand @pids] : int rand 500;
		my $host = $open{$p} && rand > 0.2 ? $open{$p} : $ip;
		if ($what < 35) {
			$pid++;
			$open{$pid} = $ip;
			say_at $at, "tcpserver: pid $pid from $ip";
		} elsif ($what < 60) {
			delete $open{$p};
			say_at $at, "tcpserver: end $p status " .
			    (rand > 0.5 ? 0 : 256);
		} elsif ($what < 72) {
			say_at $at, "rblsmtpd: $host pid $p: " . (451, 553)[rand 2] .
			    " Listed by TEST " . int rand 3;
		} elsif ($what < 74) {
			say_at $at, "rblsmtpd: $host pid $p: 451 temporary RBL lookup error";
		} elsif ($what < 80) {
			my $line = "CHKUSER rejected rcpt: from <a@" .
			    "b::> remote <x:unknown:$host> rcpt <c> : no such user";
			# now and then it is torn, or cut
			$line = substr $line, 0, rand length $line
			    if rand > 0.95;
			$line .= "x" x (8192 - length $line) if rand > 0.98;
			say_at $at, $line;
		} elsif ($what < 85) {
			say_at $at, "spamdyke[$p]: DENIED_RBL_MATCH from: a to: b " .
			    "origin_ip: $host origin_rdns: x";
		} elsif ($what < 88) {
			say_at $at, "rblcache: $host pid $p: 451 Listed (ipset, 9s left)";
		} elsif ($what < 91) {
			say_at $at, "rblcache: $host pid $p: recheck";
		} elsif ($what < 94) {
			say_at $at, "rblcache: $host pid $p: passed";
		} elsif ($what < 95) {
			say_at $at, "rblcache: $host pid $p: allowed (pass)";
		} elsif ($what < 96 && rand > 0.5) {
			say_at $at, "rblcache: $host pid $p: decided by RBLSMTPD";
			say_at $at, "rblsmtpd: $host pid $p: 553 go away";
		} elsif ($what < 96) {
			print "rblsmtpd: $host pid $p: 451 without a stamp\n";
		} elsif ($what < 97) {
			say_at $at, "x" x int rand 5000;
		} else {
			say_at $at, join "", map { chr 1 + int rand 255 }
			    grep { $_ != 9 } 1 .. rand 60;
		}
	}' "$1" "$2" | tr '\13' x
}

# the example for which -n once forgot the bans that it had made: quiet minutes,
# and then one host among many
perl -e 'my $t = time - 7200;
    my $pid = 1;
    sub connection {
	    my ($ip, $refused) = @_;
	    my $stamp = sprintf "@%016x00000000", 0x4000000000000000 + $t + 10;
	    $pid++;
	    print "$stamp tcpserver: pid $pid from $ip\n";
	    print "$stamp rblsmtpd: $ip pid $pid: 451 Listed\n" if $refused;
	    print "$stamp tcpserver: end $pid status 0\n";
    }
    for my $minute (1 .. 43) {
	    my $busy = $minute > 40;
	    for my $n (1 .. ($busy ? 245 : 40)) {
		    my $again = $busy && $n % 5 == 0 && $n <= 225;
		    connection($again ? "198.18.0.9" : "198.19.$minute.$n",
			$again || !$busy && $n == 1);
	    }
	    $t += 60;
    }' >flood
alike "one host that comes again and again" flood all
is "$(cut -f 1 feed | sort | uniq -c | xargs)" "175 ban" \
    "to renew a ban is no new ban: no alarm"

for log in "$root"/tests/corpus/lines/* "$root/tests/upgrade/log" \
    "$root"/tests/corpus/follow/* "$root"/tests/corpus/replay/* \
    "$root"/tests/corpus/forged/*; do
	read_all "$log" all
	ok "corpus: ${log#"$root/tests/"}: -n and the feed" cmp dry feed
	ok "corpus: ${log#"$root/tests/"}: the trial" cmp trial feed
done
seeds="1 2 3 4 5 6"
[ -z "${RBLCACHE_LONG-}" ] || seeds=$(seq 40)
for seed in $seeds; do
	make_log "$seed" 4000 >made
	alike "made up, $seed" made some.rules
	alike "made up, $seed, at most 2 bans a minute" made some.rules 2
done
done_testing
