/* SPDX-License-Identifier: ISC */
#include "ctl/replayshow.h"

#include <inttypes.h>

#include "base/timespan.h"
#include "base/when.h"

static json_t *
report_trial(const struct replay_trial *t)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "ban",
	    (json_int_t)t->ban_s, "pass", (json_int_t)t->pass_s, "queries",
	    (json_int_t)t->queries, "outdated", (json_int_t)t->outdated,
	    "outdated_hosts", (json_int_t)t->outdated_hosts, "let_in",
	    (json_int_t)t->let_in);
}

json_t *
replayshow_report(const struct replay_counts *n)
{
	json_t *trials = json_array();

	for (size_t i = 0; i < REPLAY_TRIALS; i++)
		(void)json_array_append_new(
		    trials, report_trial(&n->trials[i]));
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
			 "s:I, s:b, s:b, s:o}",
	    "first", (json_int_t)n->first_s, "last", (json_int_t)n->last_s,
	    "lines", (json_int_t)n->lines, "connections",
	    (json_int_t)n->connections, "hosts", (json_int_t)n->hosts,
	    "refused", (json_int_t)n->refused, "cached", (json_int_t)n->cached,
	    "errors", (json_int_t)n->errors, "unclear", (json_int_t)n->unclear,
	    "local", (json_int_t)n->local, "unstamped",
	    (json_int_t)n->unstamped, "shows_tcpserver", n->shows_tcpserver,
	    "missed", n->missed, "trials", trials);
}

static double
percent(uint64_t part, uint64_t of)
{
	return 100.0 * (double)part / (double)of;
}

static void
show_trial(FILE *to, const struct replay_trial *t, uint64_t connections)
{
	char ban[TIMESPAN_SIZE];
	char pass[TIMESPAN_SIZE] = "-";

	timespan_format(t->ban_s, ban);
	if (t->pass_s != 0)
		timespan_format(t->pass_s, pass);
	fprintf(to,
	    "%-9s%-7s%9" PRIu64 "%7.1f%10" PRIu64 "%10" PRIu64 "%17" PRIu64
	    "\n",
	    ban, pass, t->queries, percent(t->queries, connections),
	    t->outdated, t->outdated_hosts, t->let_in);
}

static void
note(FILE *to, const char *what, uint64_t n, const char *meaning)
{
	if (n > 0)
		fprintf(to, "%s: %" PRIu64 "; %s.\n", what, n, meaning);
}

/* What applies. */
static void
show_notes(FILE *to, const struct replay_counts *n)
{
	fputs("\n100 % is what rblsmtpd alone asks about. A connection costs a "
	      "DNS query a list,\nup to the one that refuses it.\n",
	    to);
	if (n->last_s - n->first_s < n->trials[REPLAY_TRIALS - 1].ban_s)
		fputs("The log is short, and the cache is empty where it "
		      "begins: with a longer one more\nis saved, and more is "
		      "refused that the lists did not.\n",
		    to);
	if (n->missed)
		fputs("Files of it were deleted before they could be read.\n",
		    to);
	if (!n->shows_tcpserver)
		fputs("No line of tcpserver -v: only refusals are known, so "
		      "passes save nothing here,\nand who had left the list "
		      "does not show.\n",
		    to);
	if (n->refused == 0)
		fputs("No list refused anybody, or no rule knows the lines "
		      "that say so.\n",
		    to);
	note(to, "Refusals by a cache in use already", n->cached,
	    "they are taken for listings");
	note(to, "Error answers of a list", n->errors, "they ban nobody");
	note(to, "Trouble with the lists", n->unclear,
	    "nobody passes later for that");
	note(to, "Decided by your own rules", n->local, "they are left out");
	note(to, "Connections without a time", n->unstamped,
	    "the file's is taken, which says little");
}

void
replayshow_show(FILE *to, const struct replay_counts *n)
{
	char first[WHEN_SIZE];
	char last[WHEN_SIZE];

	fprintf(to,
	    "%s to %s\nconnections %" PRIu64 ", hosts %" PRIu64
	    ", refused by the lists %" PRIu64 " (%.1f %%)\n\n",
	    when_format(n->first_s, first), when_format(n->last_s, last),
	    n->connections, n->hosts, n->refused,
	    percent(n->refused, n->connections));
	fputs("remembered for  the lists are      refused, though     "
	      "let in, though\n"
	      "refusals passes asked about     %   the lists did not   "
	      "a list refused\n"
	      "                                     times     hosts   "
	      "         times\n",
	    to);
	for (size_t i = 0; i < REPLAY_TRIALS; i++)
		show_trial(to, &n->trials[i], n->connections);
	show_notes(to, n);
}
