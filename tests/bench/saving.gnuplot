# SPDX-License-Identifier: ISC
# Two plots of $TO/all.tsv, as SVG and as PNG, that can be told apart in black
# and white: each line has its own dashes and points, and its name at its end.

to = system("echo $TO")
rows(server, what) = sprintf("< awk -F '\t' '$1 == \"%s\" && $2 > 0 && ".\
    "$3 == \"%s\" { print $2, $4, $5, $6 }' %s/all.tsv", server, what, to)
# of a server that remembers for so many hours
percent(server, hours, what) = real(system(sprintf("awk -F '\t' ".\
    "'$1 == \"%s\" && $2 == %d && $3 == \"%s\" { print $4 }' %s/all.tsv", \
    server, hours, what, to)))

set encoding utf8
set border 3
set tics nomirror out
set logscale x
set xrange [0.9:600]
set xtics ("1 h" 1, "4 h" 4, "12 h" 12, "24 h" 24, "72 h" 72)
set xlabel "how long a refusal is remembered" offset -14
set bars 0.6
unset key

set style line 1 lc rgb "black" lw 2 dt 1 pt 7 ps 0.9
set style line 2 lc rgb "black" lw 1.5 dt (14,7) pt 6 ps 1.7
set style line 3 lc rgb "black" lw 1.5 dt 1 pt 9 ps 1.2
set style line 5 lc rgb "gray40" lw 1.5 dt (10,4,2,4)
set style line 6 lc rgb "gray40" lw 1 pt 0

do for [kind in "svg png"] {
	if (kind eq "svg") {
		set terminal svg size 860,520 font "Helvetica,14" background "white"
	} else {
		set terminal pngcairo size 860,520 font "Helvetica,12"
	}

	set output sprintf("%s/queries.%s", to, kind)
	set title "DNS queries left, in % of those of rblsmtpd alone\n".\
	    "{/*0.8 bars: rblcache, the least and the most of fifteen kinds of traffic}"
	set yrange [0:105]
	set ytics 20
	resolver = percent("resolver", 0, "queries")
	refusals = percent("ideal for refusals", 0, "queries")
	all = percent("ideal", 0, "queries")
	set label 1 "a resolver's cache of 60 s" at 82, resolver + 1
	set label 2 "recipe of 2013, rblcache" \
	    at 82, percent("rblcache", 72, "queries") + 2
	set label 3 "ideal memory of refusals" at 82, refusals + 1
	set label 4 "rblcache with passes" \
	    at 82, percent("with passes", 72, "queries") - 3
	set label 5 "ideal memory of all answers" at 82, all
	plot rows("rblcache", "queries") using 1:2:3:4 with yerrorbars ls 6, \
	    rows("recipe of 2013", "queries") with linespoints ls 2, \
	    rows("rblcache", "queries") with linespoints ls 1, \
	    rows("with passes", "queries") with linespoints ls 3, \
	    [0.9:78] resolver with lines ls 5, \
	    [0.9:78] refusals with lines ls 5, \
	    [0.9:78] all with lines ls 5
	unset label

	set output sprintf("%s/refused.%s", to, kind)
	set title "Good mails refused, in % of all good mails, while no list ".\
	    "had their host\n{/*0.8 bars: rblcache, the least and the most ".\
	    "of fifteen kinds of traffic}"
	set yrange [-0.2:13]
	set ytics 2
	set label 1 "recipe of 2013" \
	    at 82, percent("recipe of 2013", 72, "refused")
	set label 2 "rblcache" at 82, percent("rblcache", 72, "refused") + 0.3
	set label 3 "with passes" at 82, percent("rblcache", 72, "refused") - 0.2
	set label 4 "ideal; rblsmtpd alone" at 82, 0
	plot rows("rblcache", "refused") using 1:2:3:4 with yerrorbars ls 6, \
	    rows("recipe of 2013", "refused") with linespoints ls 2, \
	    rows("rblcache", "refused") with linespoints ls 1, \
	    rows("with passes", "refused") with linespoints ls 3, \
	    [0.9:78] 0 with lines ls 5
	unset label
	set output
}

# for a text
set terminal dumb size 78,24 noenhanced
set output sprintf("%s/queries.txt", to)
unset title
set xlabel "" offset 0
set xrange [0.9:1200]
set yrange [0:105]
set ytics 20
set samples 240
set label 1 "resolver, 60 s" at 85, resolver
set label 2 "R: recipe, rblcache" at 85, percent("rblcache", 72, "queries") + 3
set label 3 "ideal memory of refusals" at 85, refusals
set label 4 "P: with passes" at 85, percent("with passes", 72, "queries") - 5
set label 5 "ideal memory of all" at 85, all
plot sample [0.9:72] resolver with points pt "-", \
    [0.9:72] refusals with points pt "-", \
    [0.9:72] all with points pt "-", \
    rows("rblcache", "queries") with lines lt 1, \
    rows("with passes", "queries") with lines lt 1, \
    rows("rblcache", "queries") with points pt "R", \
    rows("with passes", "queries") with points pt "P"
