# SPDX-License-Identifier: ISC
# For stretch: whether the real answers are those that are certain.
#
# In: "RUN TIME IP TRY ANSWER", by host and time; the runs least, usual and most
# are the simulation's, with the times that a ban and a pass take at least,
# about, and at most. Out: "WHAT NUMBER", tab-separated. What does not agree
# goes to the file wrong. quiet_listed, quiet_others, close_s, zone: see stretch.

BEGIN {
	while ((getline <zone) > 0) {
		listed[$1] = 1
		changes[$1] = changes[$1] $2 " " $3 " "
	}
}

function begin_host() {
	ip = $3
	sure = 1      # what is remembered of it is known
	ever = 1      # and always was
	last = -1e9   # when it came before
	learned = last # when something was learned of it
	mail = 0      # its mail comes again
	quiet = ip in listed ? quiet_listed : quiet_others
}

# The list changes for it at about that time.
function is_at_change(   when, n, i) {
	n = split(changes[ip], when, " ")
	for (i = 1; i <= n; i++)
		if (when[i] !~ /inf/ && time - when[i] < 1 && when[i] - time < 1)
			return 1
	return 0
}

function tell(what) {
	printf "%s\t%s\t%s\t%s\n", time, ip, try, what >wrong
}

function side(a) {
	return a ~ /^(listed|cached)$/ ? "refused" : a ~ /^(in|passed)$/ ? \
	    "let in" : a
}

# Whether a host is refused is certain even where it is not by whom: one that
# was always listed is, and one that never was is not. "": it is open.
function known_side(   when) {
	if (!(ip in listed))
		return "let in"
	split(changes[ip], when, " ")
	return when[1] == "-inf" && (when[2] == "inf" || time < when[2] - 1) ? \
	    "refused" : ""
}

function judge(real, wanted, wanted_side) {
	certain[wanted]++
	certain[wanted_side]++
	if (wanted != "open" && real != wanted)
		tell(wanted " is certain, got " real)
	else if (wanted_side != "" && side(real) != wanted_side)
		tell(wanted_side " is certain, got " real)
}

# One connection, of which answer[RUN] is known.
function take(   simulated, same, early, a, real) {
	simulated = ("least" in answer) + ("usual" in answer) + ("most" in answer)
	same = simulated == 3 && answer["least"] == answer["usual"] &&
	    answer["usual"] == answer["most"]
	a = answer["usual"]
	real = "real" in answer ? answer["real"] : "none"
	usual[a]++
	measured[real]++
	if (try > 0)
		mail = 1
	if (simulated == 0 && ever)
		tell("not simulated, but " real)
	if (simulated == 0) {
		certain["open"]++
		certain[""]++
	}
	# whether its mail comes again is not forgotten as its answers are
	if (time - last >= quiet && (!mail || ever))
		sure = 1
	if (!same || is_at_change())
		sure = 0
	ever = ever && sure
	# if it comes too early, it is treated as the one before, and what is
	# remembered begins a little later
	early = time - learned < close_s
	if (sure && !early && try > 0)
		again++
	if (simulated > 0)
		judge(real, sure && !early ? a : "open", \
		    sure ? side(a) : known_side())
	if (a == "listed" || a == "in")
		learned = time
	last = time
}

$2 != time || $3 != ip || $4 != try {
	if (ip != "")
		take()
	if ($3 != ip)
		begin_host()
	time = $2
	try = $4
	split("", answer)
}

{ answer[$1] = $5 }

function put(what, n) {
	printf "%s\t%d\n", what, n
}

END {
	take()
	n = split("listed cached passed in", names, " ")
	for (i = 1; i <= n; i++) {
		all += measured[names[i]]
		all_certain += certain[names[i]]
	}
	put("connections", all)
	put("certain", all_certain)
	put("certain again", again)
	put("open queries", certain["open"])
	put("open refused", certain[""])
	for (i = 1; i <= n; i++) {
		put(names[i], measured[names[i]])
		put("simulated " names[i], usual[names[i]])
		put("certain " names[i], certain[names[i]])
	}
	put("refused", measured["listed"] + measured["cached"])
	put("simulated refused", usual["listed"] + usual["cached"])
	put("certain refused", certain["refused"])
	put("simulated queries", usual["listed"] + usual["in"])
	put("certain queries", certain["listed"] + certain["in"])
}
