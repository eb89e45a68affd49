#include "savings.h"

#include <inttypes.h>

#include "timespan.h"
#include "when.h"

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
savings_report(const struct replay_counts *n)
{
	json_t *trials = json_array();

	for (size_t i = 0; i < REPLAY_TRIALS; i++)
		(void)json_array_append_new(
		    trials, report_trial(&n->trials[i]));
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
			 "s:I, s:b, s:o}",
	    "first", (json_int_t)n->first_s, "last", (json_int_t)n->last_s,
	    "lines", (json_int_t)n->lines, "connections",
	    (json_int_t)n->connections, "hosts", (json_int_t)n->hosts,
	    "refused", (json_int_t)n->refused, "cached", (json_int_t)n->cached,
	    "errors", (json_int_t)n->errors, "unclear", (json_int_t)n->unclear,
	    "local", (json_int_t)n->local, "unstamped",
	    (json_int_t)n->unstamped, "shows_tcpserver", n->shows_tcpserver,
	    "trials", trials);
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
	    "%-10s%-8s%10" PRIu64 "%8.1f%11" PRIu64 "%10" PRIu64 "%18" PRIu64
	    "\n",
	    ban, pass, t->queries, percent(t->queries, connections),
	    t->outdated, t->outdated_hosts, t->let_in);
}

static void
note(FILE *to, uint64_t n, const char *text)
{
	if (n > 0)
		fprintf(to, "%" PRIu64 " %s\n", n, text);
}

/* What applies. */
static void
show_notes(FILE *to, const struct replay_counts *n)
{
	fputs("\n100 % is what rblsmtpd alone asks: once for each connection "
	      "and list.\n",
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
	note(to, n->cached,
	    "refusals are of a cache that is in use already; they are taken "
	    "for listings.");
	note(to, n->errors,
	    "connections got an error answer of a list, which bans nobody.");
	note(to, n->unclear,
	    "connections had trouble with the lists; such a host is not let "
	    "pass later.");
	note(to, n->local,
	    "connections are left out: your own rules decided, not the lists.");
	note(to, n->unstamped,
	    "connections have no time in the log; that of the file is taken, "
	    "which says\nlittle.");
}

void
savings_show(FILE *to, const struct replay_counts *n)
{
	char first[WHEN_SIZE];
	char last[WHEN_SIZE];

	fprintf(to,
	    "%s to %s\n%" PRIu64 " connections of %" PRIu64
	    " hosts; lists refused %" PRIu64 " (%.1f %%)\n\n",
	    when_format(n->first_s, first), when_format(n->last_s, last),
	    n->connections, n->hosts, n->refused,
	    percent(n->refused, n->connections));
	fputs("remembered for     DNS queries left     refused, though     "
	      "let in, though\n"
	      "refusals  passes    number       %     the lists did not     "
	      "a list refused\n"
	      "                                      times     hosts         "
	      "    times\n",
	    to);
	for (size_t i = 0; i < REPLAY_TRIALS; i++)
		show_trial(to, &n->trials[i], n->connections);
	show_notes(to, n);
}
