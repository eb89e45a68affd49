# SPDX-License-Identifier: ISC
# Completion of rblcachectl for bash. bash-completion loads this file from
# share/bash-completion/completions; the file also works without it.

# Prints the values of a FIELD of `list` that begin with PREFIX, at most 200.
_rblcachectl_banned() { # COMMAND STATEDIR FIELD PREFIX
	timeout 5 "$1" ${2:+-d "$2"} list 2>/dev/null |
		awk -F '\t' -v field="$3" -v prefix="$4" '
			{ sub("/.*", "", $field) }
			index($field, prefix) == 1 && $field != "-" &&
			    !seen[$field]++ {
				print $field
				if (++n == 200)
					exit
			}'
}

# Offers the words on standard input that begin with PREFIX. Readline usually
# begins a new word at a colon, as in an IPv6 address; then a word is offered
# without what stands before its last colon.
_rblcachectl_offer() { # PREFIX
	local word typed=''

	[[ $COMP_WORDBREAKS != *:* ]] || typed=${1%"${1##*:}"}
	while read -r word; do
		[[ $word != "$1"* ]] || COMPREPLY+=("${word#"$typed"}")
	done
}

_rblcachectl_files() { # -d|-f PREFIX
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen "$1" -- "$2")
}

_rblcachectl() {
	local verbs=(status list test add del flush forget metrics export
		replay help)
	local IFS=$' \t\n' line=${COMP_LINE:0:COMP_POINT}
	local words cur prev verb='' statedir='' i last

	read -ra words <<<"$line"
	[[ $line != *[[:blank:]] ]] || words+=('')
	last=$((${#words[@]} - 1))
	((last > 0)) || return
	cur=${words[last]}
	prev=${words[last - 1]}
	COMPREPLY=()
	for ((i = 1; i < last; i++)); do
		case ${words[i]} in
		-d) statedir=${words[++i]} ;;
		-[lsS]) ((++i)) ;;
		-*) ;;
		*)
			verb=${words[i]}
			break
			;;
		esac
	done
	case $verb,$prev,$cur in
	,-d,* | metrics,metrics,*) _rblcachectl_files -d "$cur" ;;
	,-l,* | replay,-c,*) _rblcachectl_files -f "$cur" ;;
	,-[sS],* | add,-t,* | replay,-p,*) ;;
	,*,-*) _rblcachectl_offer "$cur" < <(printf '%s\n' \
		-d -h -j -l -s -S -V --help --version) ;;
	,* | help,help,*)
		_rblcachectl_offer "$cur" < <(printf '%s\n' "${verbs[@]}") ;;
	test,test,* | del,del,*) _rblcachectl_offer "$cur" < <(
		_rblcachectl_banned "${words[0]}" "$statedir" 1 "$cur") ;;
	add,*,-*) _rblcachectl_offer "$cur" <<<-t ;;
	forget,forget,*) _rblcachectl_offer "$cur" < <(
		_rblcachectl_banned "${words[0]}" "$statedir" 3 "$cur") ;;
	forget,*) ((last != i + 2)) || _rblcachectl_offer "$cur" <<<since ;;
	export,export,*) _rblcachectl_offer "$cur" <<<rbldnsd ;;
	replay,*,-*) _rblcachectl_offer "$cur" < <(printf '%s\n' -c -p) ;;
	replay,*) _rblcachectl_files -f "$cur" ;;
	esac
}

complete -F _rblcachectl rblcachectl
