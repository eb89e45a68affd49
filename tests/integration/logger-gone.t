#!/bin/sh
# SPDX-License-Identifier: ISC
# The hook before a logger that is gone, full or at its limit: the next program
# runs all the same, with its signals as the hook had them.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
tap_scratch
hook=$RBLCACHE_BUILD/rblcache
cd "$scratch" || exit 1
TCPREMOTEIP=192.0.2.1
export TCPREMOTEIP

# a ban, for the recheck
printf 'rblsmtpd: %s pid 7: 451 Listed by TEST\n' $TCPREMOTEIP >log
mkdir state
"$RBLCACHE_BUILD/rblcache-feed" -1p -f /dev/null -c "$root/hooks/log" -d state \
    -l '' -s '' -S '' log 2>said || cat said

# launch LOGGER SIGNALS PROG...: what stderr is, and how SIGPIPE and SIGXFSZ are
cat >launch <<'E2'
use POSIX;
my ($logger, $signals, @prog) = @ARGV;
$^F = 20; # the reader stays open
my $both = POSIX::SigSet->new(SIGPIPE, SIGXFSZ);
if ($logger eq "closed") {
	POSIX::close(2);
} elsif ($logger eq "limited") {
	open my $file, ">>", "limited" or die;
	dup2(fileno $file, 2) or die;
} else {
	pipe my $reader, my $writer or die;
	if ($logger eq "gone") {
		close $reader;
	} else { # full
		fcntl $writer, F_SETFL, O_NONBLOCK or die;
		while (syswrite $writer, "x" x 4096) {}
		fcntl $writer, F_SETFL, 0 or die;
	}
	dup2(fileno $writer, 2) or die;
}
$SIG{PIPE} = $SIG{XFSZ} = "IGNORE" if $signals =~ /ignored/;
sigprocmask SIG_BLOCK, $both or die if $signals =~ /blocked/;
exec @prog;
E2
# only of files: what is read here comes through a pipe
launch() {
	(ulimit -f 0; perl launch "$@")
}
signals='grep ^Sig...: /proc/self/status'
said() { # WHAT: the hook says it in front of the next program
	case $1 in
	"-v") set -- -v -k '' -s '' -S '' ;;
	"-p") set -- -p ;;
	"no set") set -- -k '' -s no-such-set -S '' ;;
	"recheck") set -- -r 1 -k state/recent.cdb -s '' -S '' ;;
	esac
	# shellcheck disable=SC2086 # words
	launch "$logger" "$have" "$hook" -l '' "$@" $signals
}

like "$("$hook" -l '' -k state/recent.cdb -r 1 -s '' -S '' true 2>&1)" ': recheck$' \
    "there is a ban to be rechecked"
for what in -v -p "no set" recheck; do
	for logger in gone closed limited; do
		for have in default ignored blocked "ignored and blocked"; do
			# shellcheck disable=SC2086
			is "$(said "$what")" "$(launch gone "$have" $signals)" \
			    "$what, logger $logger, signals $have"
		done
	done
done
have=default
logger=full
# shellcheck disable=SC2086
is "$(said -p)" "$(launch gone $have $signals)" "-p, the logger hangs"

# who is refused hears so
refuse() { # LOGGER
	printf 'QUIT\r\n' | launch "$1" default "$hook" -l '' \
	    -k state/recent.cdb -s '' -S '' false | tr -d '\r'
}
for logger in gone closed limited; do
	is "$(refuse $logger)" "220 rblcache.local
221 rblcache.local" "a refusal, logger $logger"
done
done_testing
