#!/bin/sh
# SPDX-License-Identifier: ISC
# The command lines of the four programs: -h and -V, what is said of a wrong
# one, and that -h, the pages and the shell's completion agree.
set -u
here=$(dirname "$0")
. "$here/../tap.sh"
tap_scratch
cd "$root" || exit 1
version=$(sed -n '1s/.*(\(.*\)).*/\1/p' debian/changelog)
programs="rblcache rblcache-feed rblcachectl rblcache-cdb"

# ---- -h and -V ----

for program in $programs; do
	run=$RBLCACHE_BUILD/$program
	is "$("$run" -V 2>&1)" "$program $version" "$program -V"
	is "$("$run" --version 2>&1)" "$program $version" "$program --version"
	"$run" -h >"$scratch/h" 2>"$scratch/err"
	is "$?" 0 "$program -h"
	like "$(head -n 1 "$scratch/h")" "^usage: $program " "on standard output"
	is "$(cat "$scratch/err")" "" "and nothing else"
	is "$("$run" --help 2>&1)" "$(cat "$scratch/h")" "$program --help"
	is "$(awk 'length > 80' "$scratch/h")" "" "it fits on a screen"
	if [ -c /dev/full ]; then
		for option in -h -V; do
			exits "$program $option that cannot be written" 111 '' \
			    sh -c '"$@" >/dev/full' - "$run" $option
		done
	fi
done
cat >"$scratch/prog" <<'E2'
#!/bin/sh
echo "prog $*"
E2
chmod 755 "$scratch/prog"
for option in --help --version -h -V -x; do
	is "$("$RBLCACHE_BUILD/rblcache" "$scratch/prog" $option x)" \
	    "prog $option x" "rblcache prog $option: that is prog's"
	is "$("$RBLCACHE_BUILD/rblcache" -n -- "$scratch/prog" $option)" \
	    "prog $option" "behind an option of the hook too"
done
for command in $("$RBLCACHE_BUILD/rblcachectl" -h |
    sed -n 's/^  \([a-z][a-z]*\) .*/\1/p'); do
	commands="${commands-}$command "
	exits "rblcachectl help $command" 0 \
	    "^usage: rblcachectl \[options\] $command" \
	    "$RBLCACHE_BUILD/rblcachectl" help "$command"
	is "$("$RBLCACHE_BUILD/rblcachectl" "$command" -h)" \
	    "$("$RBLCACHE_BUILD/rblcachectl" help "$command")" \
	    "rblcachectl $command -h"
done
is "$commands" "status list test add del flush forget metrics export replay \
help " "all commands"
is "$("$RBLCACHE_BUILD/rblcachectl" help)" \
    "$("$RBLCACHE_BUILD/rblcachectl" -h)" "rblcachectl help"
like "$("$RBLCACHE_BUILD/rblcachectl" help add)" '^  -t TIME ' \
    "with the command's options"

# ---- a wrong command line ----

# wrong PROGRAM WHAT [WORD...]: it says WHAT and where to look, and no more
wrong() {
	wrong_program=$1
	wrong_what=$2
	shift 2
	wrong_said=$("$RBLCACHE_BUILD/$wrong_program" "$@" 2>"$scratch/err" \
	    </dev/null)
	is "$? $wrong_said $(cat "$scratch/err")" \
	    "100  $wrong_program: $wrong_what; see $wrong_program -h" \
	    "$wrong_program $*"
}
for program in $programs; do
	wrong $program "unknown option -x" -x true
	wrong $program "unknown option --colour" --colour true
done
for program in rblcache-feed rblcachectl rblcache-cdb; do
	wrong $program "--help=x: this takes no argument" --help=x
done
long=$(printf '%0600d' 0)
is "$("$RBLCACHE_BUILD/rblcachectl" "$long" 2>&1 | wc -lc | tr -s ' ')" \
    "$(printf '%s\n' "rblcachectl: '$(printf %0510d 0); see rblcachectl -h" |
	wc -lc | tr -s ' ')" "a very long word"

wrong rblcache "no program to run"
wrong rblcache "unknown option -x" -nx true
wrong rblcache "unknown option --" -n-
wrong rblcache "-t wants an argument" -t
for n in abc '' -1 1x 86401 99999999999999999999; do
	wrong rblcache "-t wants a number from 0 to 86400, not '$n'" -t "$n" true
done
for n in abc '' 0 -1 1x 1000000001 99999999999999999999; do
	wrong rblcache "-r wants a number from 1 to 1000000000, not '$n'" \
	    -r "$n" true
done
for with in -e -n '-r 5'; do
	# shellcheck disable=SC2086 # two words
	wrong rblcache "-p refuses nobody, so -e, -n and -r do not go with it" \
	    -p $with true
done
for set in 'a b' -x 0123456789012345678901234567890123 'x;y'; do
	wrong rblcache "-s wants the name of a set, not '$set'" -s "$set" true
done

wrong rblcache-feed "no log to read"
wrong rblcache-feed "no log to read" -n
wrong rblcache-feed "-c wants an argument" -c
wrong rblcache-feed "unknown option -x" log -x
for n in abc '' -1 1x 4294967296 99999999999999999999; do
	wrong rblcache-feed "-m wants a number from 0 to 4294967295, not '$n'" \
	    -m "$n" log
done
wrong rblcache-feed "-S wants the name of a set, not 'a b'" -S 'a b' log
wrong rblcache-feed \
    "-s and -S name the same set, and a set holds either IPv4 or IPv6" \
    -s x -S x log
rules=
for _ in $(seq 65); do
	rules="$rules -c x"
done
# shellcheck disable=SC2086 # many words
wrong rblcache-feed "-c is given more than 64 times" $rules log
# shellcheck disable=SC2046 # many words
wrong rblcache-feed "more than 32 logs" $(seq 33)

wrong rblcachectl "a command is missing"
wrong rblcachectl "a command is missing" -j
wrong rblcachectl "'stat' is no command" stat
wrong rblcachectl "'stat' is no command" help stat
wrong rblcachectl "-d wants an argument" -d
wrong rblcachectl "-s wants the name of a set, not 'bad/name'" -s bad/name status
for command in status list flush; do
	wrong rblcachectl "$command takes no arguments" $command x
done
for command in status list test del flush forget metrics export replay add \
    help; do
	wrong rblcachectl "$command: -j goes in front of the command" \
	    $command -j
	wrong rblcachectl "$command: -d goes in front of the command" \
	    $command -d x
	wrong rblcachectl "$command: unknown option -x" $command -x
	wrong rblcachectl "$command: unknown option --colour" $command --colour
done
for command in status list test del flush forget metrics export replay; do
	wrong rblcachectl "$command: unknown option -t" $command -t 3d
done
wrong rblcachectl "test: unknown option -t" test 203.0.113.9 -t 3d
wrong rblcachectl "add: unknown option -p" add 203.0.113.9 -p 3d
wrong rblcachectl "test wants IP" test
wrong rblcachectl "test wants IP" test 203.0.113.9 x
wrong rblcachectl "'localhost' is no IP address" test localhost
wrong rblcachectl "'203.0.113.0/24' is no IP address" test 203.0.113.0/24
wrong rblcachectl "del wants IP" del
wrong rblcachectl "'x' is no IP address" del x
wrong rblcachectl "add wants IP [-t TIME] [TEXT]" add
wrong rblcachectl "add wants an IP" add -t 3d
wrong rblcachectl "'x' is no IP address" add x
wrong rblcachectl "add: -t wants an argument" add 203.0.113.9 -t
wrong rblcachectl "add: '1d' is a time, not a text for the client: -t 1d" \
    add 203.0.113.9 1d
wrong rblcachectl "add: -t wants an argument" add -t
for time in 367d 0 x ''; do
	wrong rblcachectl \
	    "add: -t wants a time such as 2h or 3d, up to 366d, not '$time'" \
	    add 203.0.113.9 -t "$time"
done
wrong rblcachectl "forget wants RULE [since TIME]" forget
wrong rblcachectl "forget: '' is no name of a rule" forget ''
wrong rblcachectl "forget wants RULE [since TIME]" forget rblsmtpd x
wrong rblcachectl "forget wants RULE [since TIME]" forget rblsmtpd since
wrong rblcachectl "forget: 'soon' is no time such as 14:00, 2h or \
2026-11-25 14:00" forget rblsmtpd since soon
wrong rblcachectl "metrics wants [DIR]" metrics x y
wrong rblcachectl "export wants rbldnsd" export
wrong rblcachectl "export: 'bind' is no format; there is rbldnsd" export bind
wrong rblcachectl "replay wants [-c RULES] ... [-p TIME] LOG|-" replay
wrong rblcachectl "replay wants one log" replay -p 15m
wrong rblcachectl "replay wants one log" replay log log
wrong rblcachectl "replay: -p wants an argument" replay -p
for time in 0 x 15q 367d ''; do
	wrong rblcachectl \
	    "replay: -p wants a time such as 15m, not '$time'" \
	    replay -p "$time" log
done
wrong rblcachectl "help wants [COMMAND]" help add del

wrong rblcache-cdb "a command is missing: build, query or dump"
wrong rblcache-cdb "'make' is none of build, query and dump" make x
wrong rblcache-cdb "build wants OUT.cdb SOURCE ..." build
wrong rblcache-cdb "build wants OUT.cdb SOURCE ..." build x
wrong rblcache-cdb "query wants CDB IP ..." query
wrong rblcache-cdb "query wants CDB IP ..." query x
wrong rblcache-cdb "dump wants one CDB" dump
wrong rblcache-cdb "dump wants one CDB" dump x y
wrong rblcache-cdb "unknown option -x" query -x l.cdb 203.0.113.9

# ---- names that are not right ----

# what was named wrongly is 100, whichever program it is
name=$scratch/$(printf '%0300d' 0)
cd "$scratch" || exit 1
: >plain
for command in "rblcachectl -d $name list" "rblcachectl -d $name del 192.0.2.1" \
    "rblcachectl metrics $name" "rblcache-feed -n -f /dev/null -c $name plain" \
    "rblcache-cdb build $name plain" "rblcache-cdb build cdb $name" \
    "rblcache-cdb query $name 192.0.2.1" "rblcache-cdb dump $name"; do
	# shellcheck disable=SC2086 # words
	exits "too long: ${command%%"$name"*}" 100 'File name too long' \
	    "$RBLCACHE_BUILD"/$command
done
exits "a directory is no cdb" 100 'Is a directory' \
    "$RBLCACHE_BUILD/rblcache-cdb" query . 192.0.2.1
exits "nor to be dumped" 100 '^rblcache-cdb: \.: ' \
    "$RBLCACHE_BUILD/rblcache-cdb" dump .
exits "nor a feed.conf" 100 'Is a directory' \
    "$RBLCACHE_BUILD/rblcache-feed" -n -f . plain
exits "a file is no STATEDIR" 100 'Not a directory' \
    "$RBLCACHE_BUILD/rblcachectl" -d plain del 192.0.2.1
cd "$root" || exit 1

# ---- -h and the pages ----

# The options of -h, and those that have an item in a page: "c rules", "h", ...
help_options() { # PROGRAM
	"$RBLCACHE_BUILD/$1" -h | awk '/^  -/ {
		arg = substr($0, 5, 13)
		sub(/^, --.*/, "", arg)
		gsub(/ /, "", arg)
		print substr($0, 4, 1), tolower(arg)
	}' | sort
}
page_options() { # PAGE
	grep '^\.It ' "$1" |
		grep -oE 'Fl [A-Za-z0-9]( Ar [A-Za-z0-9.]+)?( |$)' |
		awk '{ print $2, $4 }' | sort
}
synopsis() { # PAGE: the letters there
	sed -n '/^.Sh SYNOPSIS/,/^.Sh DESC/p' "$1" |
		sed -n 's/^\(\.Op \)\{0,1\}\.\{0,1\}Fl \([A-Za-z0-9]*\).*/\2/p' |
		grep -o . | sort -u | tr -d '\n'
}
for program in $programs; do
	page=$(echo */"$program.8")
	is "$(page_options "$page")" "$(help_options "$program")" \
	    "$program -h and its page have the same options"
	is "$(synopsis "$page")" "$(help_options "$program" | cut -c 1 |
		grep -v '[hV]' | tr -d '\n')" "so has its synopsis"
done
for word in $commands; do
	like "$(cat src/rblcachectl.8)" "^.It Cm $word( |\$)" \
	    "rblcachectl -h has $word, its page too"
done
is "$(sed -n 's/^.It Cm \([a-z]*\).*/\1/p' src/rblcachectl.8 | sort)" \
    "$(printf '%s\n' $commands | sort)" "and the other way round"
is "$(sed -n 's/^.It Cm \([a-z]*\)$/\1/p' cdb/rblcache-cdb.8)" \
    "$("$RBLCACHE_BUILD/rblcache-cdb" -h | sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p')" \
    "rblcache-cdb -h and its page have the same verbs"

# ---- completion ----

# an rblcachectl with something to list, and a directory to choose files from
mkdir "$scratch/logs" "$scratch/logs/dir"
cat >"$scratch/rblcachectl" <<'E2'
#!/bin/sh
case "$*" in
list) d=7 ;;
"-d other list") d=8 ;;
*) exit 1 ;;
esac
printf '%s\t2026-11-26 03:11:14\t%s\t451 x\n' 203.0.113.$d rblsmtpd \
    203.0.113.99 spamdyke 203.0.113.100 - 198.51.100.0/24 rblsmtpd \
    2001:db8:1:2::/64 'chkuser-$(touch ran)'
E2
chmod 755 "$scratch/rblcachectl"
: >"$scratch/logs/a file"
completion=$PWD/src/rblcachectl.bash
# offered WORD... : what bash offers for the last of them, quoted where it must be
offered() {
	(cd "$scratch/logs" && bash -c '. "$1"
		shift
		COMP_LINE="$*" COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		COMP_POINT=${#COMP_LINE}
		COMP_WORDBREAKS=$'"' \\t\\n\\\"\\'><=;|&(:'"'
		_rblcachectl "$1" "${!#}" "${@: -2:1}"
		printf "%q " "${COMPREPLY[@]}"' - "$completion" \
	    "$scratch/rblcachectl" "$@" 2>&1)
}
is "$(offered '')" "$(echo "$commands" | tr -s ' ')" "bash: the commands"
is "$(offered f)" "flush forget " "by what they begin with"
is "$(offered x)" "'' " "no such command: nothing"
is "$(offered -j '')" "$(offered '')" "behind an option"
is "$(offered -s st '')" "$(offered '')" "behind one with an argument"
is "$(offered -s st)" "'' " "which is none of ours"
is "$(offered -)" "-d -h -j -l -s -S -V --help --version " "the options"
is "$(offered - | tr ' ' '\n' | sed -n 's/^-\(.\)$/\1/p' | sort)" \
    "$("$RBLCACHE_BUILD/rblcachectl" -h | sed '1,/^Options before/d' |
	sed -n 's/^  -\(.\).*/\1/p' | sort)" "which are those of -h"
is "$(offered -d '')" "dir " "-d: directories"
is "$(offered -l '')" "a\\ file dir " "-l: files"
is "$(offered help t)" "test " "help: the commands"
all="203.0.113.7 203.0.113.99 203.0.113.100 198.51.100.0 2001:db8:1:2:: "
for verb in test del; do
	is "$(offered $verb '')" "$all" "$verb: who is banned"
	is "$(offered $verb 203.0.113.9)" "203.0.113.99 " "$verb: one of them"
	is "$(offered -d other $verb 203.0.113.8)" "203.0.113.8 " \
	    "$verb: of that feed"
	is "$(offered $verb 2001:db8:1)" "1:2:: " \
	    "$verb: IPv6, where a colon begins a word"
	is "$(offered $verb 203.0.113.99 '')" "'' " "$verb: nothing behind it"
done
is "$(offered forget '')" \
    "rblsmtpd spamdyke chkuser-\\\$\\(touch\\ ran\\) " "forget: the rules"
is "$(ls "$scratch/logs")" "a file
dir" "what a list says is not run"
is "$(offered forget rblsmtpd '')" "since " "forget: since"
is "$(offered forget rblsmtpd since '')" "'' " "and a time"
is "$(offered add -)" "-t " "add: its option"
is "$(offered add 203.0.113.9 -t '')" "'' " "which wants a time"
is "$(offered export '')" "rbldnsd " "export"
is "$(offered metrics '')" "dir " "metrics: directories"
is "$(offered replay -)" "-c -p " "replay: its options"
is "$(offered replay -c '')" "a\\ file dir " "replay: rules"
is "$(offered replay -c x '')" "a\\ file dir " "replay: a log"
is "$(offered status '')$(offered list '')$(offered flush '')" "'' '' '' " \
    "status, list, flush: nothing"
done_testing
