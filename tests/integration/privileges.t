#!/bin/sh
# SPDX-License-Identifier: ISC
# The hook with its file capability, run by somebody without rights: what it
# can be made to do, and what is left of it in the program that follows.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
. "$here/../front.sh"
front_enter "$0" "$@"
[ "$FRONT_ROOT" ] || skip_all "setcap and another user want root"
front_prepare
cd "$front" || exit 1
printf '203.0.113.66 deny go away\n203.0.113.77 allow\n' >hosts
"$cdb" build "$local_cdb" hosts || exit 1
if [ "$front_ipset" ]; then
	ipset create rblcache4 hash:ip timeout 1000
	ipset add rblcache4 203.0.113.9
fi
as_user="setpriv --reuid 65534 --regid 65534 --groups 65534,4711"
try() { # OPTION...
	$as_user "$hook" -t 0 "$@"
}

# ---- what the next program is given ----

# perl, since a shell changes its own signals
cat >bin/state <<'EOT'
#!/usr/bin/perl
sub slurp { local (@ARGV, $/) = shift; return <> }
printf "umask %o, in %s, owner %d, program %s\n", umask,
    readlink '/proc/self/cwd', (stat '/proc/self')[4], "@ARGV";
print grep /^(?:Cap|NoNewPrivs|Seccomp:|Sig(?:Blk|Ign|Cgt)|ShdPnd|[UG]id|Groups|Cpus_allowed:)/,
    slurp('/proc/self/status') =~ /.+\n/g;
my @stat = split ' ', slurp('/proc/self/stat');
print "group, session, priority, nice: @stat[4, 5, 17, 18]\n";
print map slurp("/proc/self/$_"),
    qw(limits oom_score_adj coredump_filter timerslack_ns);
for (sort { $a <=> $b } map { m{(\d+)$} } glob '/proc/self/fd/*') {
	my $to = readlink "/proc/self/fd/$_";
	next if !defined $to || $to =~ m{bin/state|^/proc};
	$to =~ s/pipe:.*/pipe/;
	print "fd $_ $to\n";
}
print "$_\n" for sort grep !/^(?:RBLSMTPD|RELAYCLIENT|TCPREMOTEIP)=/,
    split /\0/, slurp('/proc/self/environ');
EOT
# starts it differently from the usual wherever a start can differ
cat >bin/odd <<'EOT'
#!/usr/bin/perl
use POSIX;
$SIG{PIPE} = shift;
$SIG{USR1} = $SIG{HUP} = 'IGNORE';
sigprocmask(SIG_BLOCK, POSIX::SigSet->new(SIGUSR2, SIGALRM, SIGTERM));
umask 027;
POSIX::nice(5);
open(my $file, '<', '/etc/passwd') or die;
POSIX::dup2(fileno $file, 5);
POSIX::dup2(1, 9);
chdir '/usr/share' or die;
%ENV = (PATH => $ENV{PATH}, A => "a\nb", EMPTY => '', LANG => 'xx_XX.UTF-8',
    map { exists $ENV{$_} ? ($_ => $ENV{$_}) : () }
    qw(TCPREMOTEIP RELAYCLIENT));
exec @ARGV or die;
EOT
chmod 755 bin/state bin/odd
odd() { # SIGPIPE USER COMMAND...
	odd_pipe=$1
	odd_user=$2
	shift 2
	# shellcheck disable=SC2086 # words
	prlimit --nofile=200 --core=0 $odd_user bin/odd "$odd_pipe" "$@" \
	    </dev/null >out 2>/dev/null
	cat out
}
compare() { # NAME SIGPIPE USER VARIABLE=VALUE
	without=$(odd "$2" "$3" "$front/bin/state" a "b c")
	with=$(odd "$2" "env $4 $3" "$hook" -e -l "$local_cdb" \
	    -k "$recent" "$front/bin/state" a "b c")
	if [ "$with" = "$without" ]; then
		tap_result 0 "$1"
	else
		tap_result 1 "$1"
		printf '%s\n' "$without" >wanted
		printf '%s\n' "$with" | diff wanted - | sed 's/^/# /'
	fi
}
for pipe in DEFAULT IGNORE; do
	compare "SIGPIPE $pipe, unknown: the next program finds all as it was" \
	    $pipe "$as_user" TCPREMOTEIP=198.51.100.7
	compare "SIGPIPE $pipe, -e: the same" \
	    $pipe "$as_user" TCPREMOTEIP=203.0.113.66
done
compare "allowed: the same" DEFAULT "$as_user" TCPREMOTEIP=203.0.113.77
compare "own client: the same" DEFAULT "$as_user" RELAYCLIENT=
compare "root, without tcpserver -u: the same" DEFAULT env \
    TCPREMOTEIP=198.51.100.7
like "$with" '^CapEff:.0*[1-9a-f]' "that is, all of root's rights"
with=$(TCPREMOTEIP=198.51.100.7 odd DEFAULT "$as_user" "$hook" \
    -l '' -k '' "$front/bin/state" a "b c")
like "$with" '^SigBlk:.*[1-9a-f]' "the test does block signals"
like "$with" '^Groups:.4711 65534' "and has groups"

# what may be inherited is not passed on either
like "$(TCPREMOTEIP=198.51.100.7 setpriv --reuid 65534 --regid 65534 \
    --clear-groups --inh-caps +net_admin --ambient-caps +net_admin \
    "$hook" -l '' -k '' grep ^Cap /proc/self/status 2>/dev/null |
	grep -v CapBnd | tr -d '0\n\t')" \
    '^CapInh:CapPrm:CapEff:CapAmb:$' \
    "capabilities that were there before are gone as well"

# qmail-queue is setuid
cp "$(command -v id)" bin/queue
chown root:root bin/queue
chmod 4755 bin/queue
is "$(TCPREMOTEIP=198.51.100.7 try -l '' -k '' "$front/bin/queue" -u \
    2>/dev/null)" 0 "a setuid program is run with its rights"

# ---- what an unprivileged caller can make of it ----

cp "$local_cdb" secret.cdb
chmod 600 secret.cdb
[ -z "$front_ipset" ] || ipset save >before
is "$(TCPREMOTEIP=203.0.113.66 try -k '' -l secret.cdb echo next 2>err)" \
    next "-l: a file of root's alone is not read"
like "$(cat err)" 'secret.cdb: Permission denied$' "-l: said"
is "$(TCPREMOTEIP=198.51.100.7 try -l '' -k secret.cdb echo next 2>err)" \
    next "-k: a file of root's alone is not read"
for file in /etc/shadow /proc/1/environ /proc/self/mem /dev/mem; do
	is "$(TCPREMOTEIP=198.51.100.7 try -l $file -k $file echo next \
	    2>err)" next "$file: passed on"
	unlike "$(grep -v -e ': set rblcache4: ' -e \
	    "^rblcache: 198.51.100.7 pid [0-9]*: $file: [A-Z][A-Za-z /-]*$" \
	    err)" . \
	    "$file: nothing of it is said"
done
mkfifo fifo
is "$(TCPREMOTEIP=198.51.100.7 timeout 5 $as_user "$hook" -l fifo \
    -k '' echo next 2>/dev/null)" next "a FIFO holds nobody up"
if [ "$front_ipset" ]; then
	for name in rblcache4 'rblcache4 203.0.113.8' -X '; flush' ../x; do
		TCPREMOTEIP=203.0.113.9 $as_user "$hook" -t 0 -s "$name" \
		    -k '' -l '' true >/dev/null 2>&1
	done
	TCPREMOTEIP='203.0.113.9,timeout 0' try true >/dev/null 2>&1
	# seconds go by in it
	is "$(ipset save | sed 's/timeout [0-9]*$//')" \
	    "$(sed 's/timeout [0-9]*$//' before)" "no set was changed"
fi

# variables that make libc load or write files
is "$(TCPREMOTEIP=203.0.113.66 $as_user env LD_PRELOAD=/none.so LD_LIBRARY_PATH="$front" \
    LD_AUDIT=/none.so LD_DEBUG=all LD_DEBUG_OUTPUT="$front/ld" \
    LD_BIND_NOW=1 LD_PROFILE=x GLIBC_TUNABLES=glibc.malloc.check=3 \
    MALLOC_TRACE="$front/mtrace" GCONV_PATH="$front" LOCPATH="$front" \
    GETCONF_DIR="$front" NLSPATH="$front/%N" TZDIR="$front" \
    "$hook" -t 0 -l "$local_cdb" -k '' false 2>err | tr -d '\r')" '553 go away' \
    "variables for libc: the same answer"
is "$(grep -v '^rblcache: ' err)" "" \
    "variables for libc: nothing is said"
is "$(echo ld.* mtrac*)" "ld.* mtrac*" "variables for libc: nothing is written"

# ---- without the three descriptors ----

for closed in '<&-' '>&-' '2>&-' '<&- >&-' '<&- >&- 2>&-'; do
	for build in "$hook" "$RBLCACHE_BUILD/rblcache"; do
		cp "$local_cdb" closed.cdb
		chmod 666 closed.cdb
		# after the redirections of this shell, so seen by none
		(
			export TCPREMOTEIP=203.0.113.66
			eval "exec \$build -t 1 -l closed.cdb -k '' \
			    false $closed"
		) </dev/null >said 2>err
		is "$?" 0 "closed $closed: it ends well"
		ok "closed $closed: what was opened instead is unharmed" \
		    cmp closed.cdb "$local_cdb"
		is "$(TCPREMOTEIP=198.51.100.7; export TCPREMOTEIP
		    (eval "exec \$build -l closed.cdb -k '' \
		    sh -c 'echo next >>passed' $closed") </dev/null \
		    >/dev/null 2>&1; cat passed; rm -f passed)" next \
		    "closed $closed: unknown is passed on"
	done
done
done_testing
