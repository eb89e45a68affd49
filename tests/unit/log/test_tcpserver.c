/* SPDX-License-Identifier: ISC */
/* tcpserver: which lines say something of a connection, and what. */
#include "../unit.h"

#include "log/tcpserver.h"

static struct tcpserver_event event;

static enum tcpserver_answer
parse(const char *text)
{
	event = (struct tcpserver_event){0};
	return tcpserver_parse(slice_of(text), &event);
}

static void
is_begin(const char *text, uint64_t pid, const char *ip)
{
	struct addr a = unit_addr(ip);

	if (parse(text) != TCPSERVER_BEGIN)
		fail_msg("%s", text);
	assert_int_equal(event.pid, pid);
	assert_memory_equal(&event.ip, &a, sizeof a);
}

static void
is_end(const char *text, uint64_t pid, bool well)
{
	if (parse(text) != TCPSERVER_END)
		fail_msg("%s", text);
	assert_int_equal(event.pid, pid);
	assert_int_equal(event.well, well);
}

static void
is_answer(const char *text, enum tcpserver_answer answer, const char *ip,
    uint16_t port)
{
	struct addr a = unit_addr(ip);

	if (parse(text) != answer)
		fail_msg("%s", text);
	assert_int_equal(event.pid, 7);
	assert_memory_equal(&event.ip, &a, sizeof a);
	assert_int_equal(event.port, port);
}

static void
lines_of_tcpserver(void **state)
{
	static const char *const names[] = {
	    "tcpserver", "sslserver", "sslhandle"};
	char text[128];

	(void)state;
	is_begin("tcpserver: pid 13284 from 192.0.2.7", 13284, "192.0.2.7");
	is_begin("tcpserver: pid 9 from 2001:db8::7", 9, "2001:db8::7");
	is_begin("tcpserver: pid 9 from ::ffff:192.0.2.7", 9, "192.0.2.7");
	is_end("tcpserver: end 13284 status 256", 13284, false);
	is_end("tcpserver: end 13284 status 0", 13284, true);
	is_end("tcpserver: end 13284 status 9", 13284, false);
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(
		    text, sizeof text, "%s: pid 9 from 192.0.2.7", names[i]);
		is_begin(text, 9, "192.0.2.7");
		snprintf(text, sizeof text, "%s: end 9 status 0", names[i]);
		is_end(text, 9, true);
		snprintf(text, sizeof text,
		    "%s: ok 7 mail.example:192.0.2.1:587 :192.0.2.7::3",
		    names[i]);
		is_answer(text, TCPSERVER_OK, "192.0.2.7", 587);
	}
}

/* With and without names, and with the longest that there can be. */
static void
both_ends(void **state)
{
	(void)state;
	is_answer("tcpserver: deny 7 mail.example:192.0.2.1:25 :192.0.2.7::3",
	    TCPSERVER_DENY, "192.0.2.7", 25);
	is_answer("tcpserver: ok 7 my?host??x:192.0.2.1:25 "
		  "c.example:192.0.2.7:joe:36841",
	    TCPSERVER_OK, "192.0.2.7", 25);
	is_answer("tcpserver: ok 7 :::1:465 :2001:db8::7::65535", TCPSERVER_OK,
	    "2001:db8::7", 465);
	is_answer("tcpserver: ok 7 l:::1:465 r:2001:db8::7:joe:1", TCPSERVER_OK,
	    "2001:db8::7", 465);
	/* a ':' in a name leads to no other address than one to be compared */
	assert_int_equal(
	    parse("tcpserver: ok 7 l:192.0.2.1:25 x:192.0.2.9:192.0.2.7::3"),
	    TCPSERVER_OTHER);
}

/* As written by the programs. */
static void
lines_of_others(void **state)
{
	(void)state;
	is_begin("tcpsvd: info: pid 16945 from 127.0.0.1", 16945, "127.0.0.1");
	is_end("tcpsvd: info: end 16945 exit 0", 16945, false);
	is_end("tcpsvd: info: end 16945 exit 100", 16945, false);
	is_answer("tcpsvd: info: deny 7 localhost:127.0.0.1 ::192.0.2.7:43767",
	    TCPSERVER_DENY, "192.0.2.7", 0);
	is_answer("tcpsvd: info: deny 7 localhost:127.0.0.1 "
		  ":c.example:192.0.2.7:43767 inst/192.0.2.7",
	    TCPSERVER_DENY, "192.0.2.7", 0);
	is_answer("tcpsvd: info: deny 7 localhost:127.0.0.1 ::192.0.2.7:43767 ",
	    TCPSERVER_DENY, "192.0.2.7", 0);
	is_begin("s6-tcpserverd: info: accept 203.0.113.78_34237 pid 25595 "
		 "count 1/40",
	    25595, "203.0.113.78");
	is_begin("s6-tcpserverd: info: accept 2001:db8::7_34237 pid 25595 "
		 "count 1/40",
	    25595, "2001:db8::7");
	is_end("s6-tcpserverd: info: end pid 25595 exitcode 0 count 0/40",
	    25595, false);
	is_end("s6-tcpserverd: info: end pid 25595 signal 9 count 0/40", 25595,
	    false);
}

static void
other_lines(void **state)
{
	static const char *const others[] = {
	    "",
	    "tcpserver: ",
	    "tcpserver: status: 1/40",
	    "tcpserver: pid  from 192.0.2.7",
	    "tcpserver: pid 1 from ",
	    "tcpserver: pid 1 from 192.0.2.7 ",
	    "tcpserver: pid 1 from mail.example",
	    "tcpserver: pid -1 from 192.0.2.7",
	    "tcpserver: pid 0 from 192.0.2.7",
	    "tcpserver: deny 0 localhost:127.0.0.1:25 :192.0.2.7::35799",
	    "tcpserver: end 0 status 0",
	    "tcpserver: pid 1x from 192.0.2.7",
	    "tcpserver: pid 1234567890123456789 from 192.0.2.7",
	    " tcpserver: pid 1 from 192.0.2.7",
	    "xtcpserver: pid 1 from 192.0.2.7",
	    "tcpserver: end 1",
	    "tcpserver: end 1 status",
	    "tcpserver: end 1 status ",
	    "tcpserver: end 1 status 00",
	    "tcpserver: end 1 status -1",
	    "tcpserver: end 1 status 0 junk",
	    "tcpserver: end 1 status 0 ",
	    "tcpserver: end 1 status 0x",
	    "tcpserver: deny 1 ",
	    "tcpserver: deny 1 junk",
	    "tcpserver: deny 1 a:192.0.2.1:25 :192.0.2.7::3 junk",
	    "tcpserver: deny 1 a:192.0.2.1:25 :192.0.2.7::3 ",
	    "tcpserver: deny 1 a:192.0.2.1:25 :192.0.2.7::",
	    "tcpserver: deny 1 a:192.0.2.1:25",
	    "tcpserver: ok 1 a:192.0.2.1:25 ",
	    "tcpserver: ok 1 a:192.0.2.1:25  :192.0.2.7::3",
	    "tcpserver: ok 1 a:192.0.2.1:0 :192.0.2.7::3",
	    "tcpserver: ok 1 a:192.0.2.1:65536 :192.0.2.7::3",
	    "tcpserver: ok 1 a:192.0.2.1: :192.0.2.7::3",
	    "tcpserver: ok 1 a:25 :192.0.2.7::3",
	    "tcpserver: ok 1 25 :192.0.2.7::3",
	    "tcpserver: ok 1 a:b:25 :192.0.2.7::3",
	    "tcpserver: ok 1 a:192.0.2.1:25 192.0.2.7",
	    "tcpserver: ok 1 a:192.0.2.1:25 :c.example::3",
	    "tcpserver: ok 1 a:192.0.2.1:25 :192.0.2.7:3",
	    "tcpserver: accept 192.0.2.7_1 pid 1 count 1/40",
	    "tcpsvd: pid 1 from 192.0.2.7",
	    "tcpsvd: info: pid 1 from 192.0.2.7 ",
	    "tcpsvd: info: end 1 exit 0 junk",
	    "tcpsvd: info: end 1 status 0",
	    "tcpsvd: info: start 1 localhost:127.0.0.1 ::192.0.2.7:43767",
	    "tcpsvd: info: deny 1 localhost:127.0.0.1 ::192.0.2.7:4 a junk",
	    "tcpsvd: info: status 1/30",
	    "s6-tcpserverd: info: accept 192.0.2.7_1 pid 1 count 1/40 ",
	    "s6-tcpserverd: info: accept 192.0.2.7:1 pid 1 count 1/40",
	    "s6-tcpserverd: info: accept 192.0.2.7_ pid 1 count 1/40",
	    "s6-tcpserverd: info: accept 192.0.2.7_1 pid 1 count 1",
	    "s6-tcpserverd: info: reject 192.0.2.7_1 count 1/40",
	    "s6-tcpserverd: info: end pid 1 exitcode 0",
	    "s6-tcpserverd: info: end pid 1 exitcode 0 count 0/40 junk",
	    "s6-tcpserverd: info: end pid 1 signal  count 0/40",
	    "s6-tcpserverd: info: pid 1 from 192.0.2.7",
	    "sslhandle: info: pid 1 from 192.0.2.7",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++)
		if (parse(others[i]) != TCPSERVER_OTHER)
			fail_msg("%s", others[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_of_tcpserver),
	    cmocka_unit_test(both_ends),
	    cmocka_unit_test(lines_of_others),
	    cmocka_unit_test(other_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
