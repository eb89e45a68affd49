# SPDX-License-Identifier: ISC
# Two plots of $TO/all.tsv, as SVG and as PNG, that can be told apart in black
# and white: each line has its own dashes and points, and its name at its end.
# The two ends of the traffic are side by side.

to = system("echo $TO")
rows(traffic, server, what) = sprintf("< awk -F '\t' '$1 == \"%s\" && ".\
    "$2 == \"%s\" && $3 > 0 && $4 == \"%s\" { print $3, $5, $6, $7 }' ".\
    "%s/all.tsv", traffic, server, what, to)
# of a server that remembers for so many hours
percent(traffic, server, hours, what) = real(system(sprintf("awk -F '\t' ".\
    "'$1 == \"%s\" && $2 == \"%s\" && $3 == %d && $4 == \"%s\" ".\
    "{ print $5 }' %s/all.tsv", traffic, server, hours, what, to)))

set encoding utf8
set border 3
set tics nomirror out
set logscale x
set xrange [0.9:900]
set xtics ("1 h" 1, "4 h" 4, "12 h" 12, "24 h" 24, "72 h" 72)
set bars 0.6
unset key

set style line 1 lc rgb "black" lw 2 dt 1 pt 7 ps 0.9
set style line 2 lc rgb "black" lw 1.5 dt (14,7) pt 6 ps 1.7
set style line 3 lc rgb "black" lw 1.5 dt 1 pt 9 ps 1.2
set style line 4 lc rgb "black" lw 2 dt (2,3)
set style line 5 lc rgb "gray40" lw 1.5 dt (10,4,2,4)
set style line 6 lc rgb "gray40" lw 1 pt 0

do for [kind in "svg png"] {
	if (kind eq "svg") {
		set terminal svg size 1240,520 font "Helvetica,14" background "white"
	} else {
		set terminal pngcairo size 1240,520 font "Helvetica,12"
	}

	set output sprintf("%s/queries.%s", to, kind)
	set multiplot layout 1,2 title "DNS queries left, in % of those of ".\
	    "rblsmtpd alone, by how long a refusal is remembered\n".\
	    "{/*0.8 means of the seeds; bars: rblcache, the least and the most}"
	set yrange [0:105]
	set ytics 20
	do for [traffic in "usual S2"] {
		set title traffic
		resolver = percent(traffic, "resolver", 0, "queries")
		shipped = percent(traffic, "shipped", 0, "queries")
		prophet = percent(traffic, "prophet", 0, "queries")
		set label 1 "a resolver's cache of 60 s" at 82, resolver + 2
		set label 2 "recipe of 2013, rblcache" \
		    at 82, percent(traffic, "rblcache", 72, "queries") - 2
		set label 3 "rblcache as shipped" at 82, shipped + 2
		set label 4 "with passes" \
		    at 82, percent(traffic, "with passes", 72, "queries") - 5
		set label 5 "prophet" at 82, prophet
		plot rows(traffic, "rblcache", "queries") \
			using 1:2:3:4 with yerrorbars ls 6, \
		    rows(traffic, "recipe of 2013", "queries") \
			with linespoints ls 2, \
		    rows(traffic, "rblcache", "queries") \
			with linespoints ls 1, \
		    rows(traffic, "with passes", "queries") \
			with linespoints ls 3, \
		    [0.9:78] resolver with lines ls 5, \
		    [0.9:78] shipped with lines ls 4, \
		    [0.9:78] prophet with lines ls 5
		unset label
	}
	unset multiplot

	set output sprintf("%s/refused.%s", to, kind)
	set multiplot layout 1,2 title "Good mails refused, in % of all good ".\
	    "mails, while no list had their host\n".\
	    "{/*0.8 means of the seeds; bars: rblcache, the least and the most}"
	set yrange [-0.2:10]
	set ytics 2
	do for [traffic in "usual S2"] {
		set title traffic
		shipped = percent(traffic, "shipped", 0, "refused")
		set label 1 "recipe of 2013" \
		    at 82, percent(traffic, "recipe of 2013", 72, "refused")
		set label 2 "rblcache" \
		    at 82, percent(traffic, "rblcache", 72, "refused") + 0.3
		set label 3 "with passes" \
		    at 82, percent(traffic, "rblcache", 72, "refused") - 0.2
		set label 4 "rblcache as shipped" at 82, shipped - 0.3
		set label 5 "prophet; rblsmtpd alone" at 82, 0
		plot rows(traffic, "rblcache", "refused") \
			using 1:2:3:4 with yerrorbars ls 6, \
		    rows(traffic, "recipe of 2013", "refused") \
			with linespoints ls 2, \
		    rows(traffic, "rblcache", "refused") \
			with linespoints ls 1, \
		    rows(traffic, "with passes", "refused") \
			with linespoints ls 3, \
		    [0.9:78] shipped with lines ls 4, \
		    [0.9:78] 0 with lines ls 5
		unset label
	}
	unset multiplot
	set output
}

# for a text
set terminal dumb size 78,24 noenhanced
set output sprintf("%s/queries.txt", to)
unset title
set xrange [0.9:1200]
set yrange [0:105]
set ytics 20
set samples 240
resolver = percent("usual", "resolver", 0, "queries")
shipped = percent("usual", "shipped", 0, "queries")
prophet = percent("usual", "prophet", 0, "queries")
set label 1 "resolver, 60 s" at 85, resolver
set label 2 "R: recipe, rblcache" \
    at 85, percent("usual", "rblcache", 72, "queries") + 3
set label 3 "rblcache as shipped" at 85, shipped
set label 4 "P: with passes" \
    at 85, percent("usual", "with passes", 72, "queries") - 5
set label 5 "prophet" at 85, prophet
plot sample [0.9:72] resolver with points pt "-", \
    [0.9:72] shipped with points pt "-", \
    [0.9:72] prophet with points pt "-", \
    rows("usual", "rblcache", "queries") with lines lt 1, \
    rows("usual", "with passes", "queries") with lines lt 1, \
    rows("usual", "rblcache", "queries") with points pt "R", \
    rows("usual", "with passes", "queries") with points pt "P"
