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
lines_of_tcpserver(void **state)
{
	struct addr a = unit_addr("192.0.2.7");
	struct addr b = unit_addr("2001:db8::7");

	(void)state;
	assert_int_equal(
	    parse("tcpserver: pid 13284 from 192.0.2.7"), TCPSERVER_BEGIN);
	assert_int_equal(event.pid, 13284);
	assert_memory_equal(&event.ip, &a, sizeof a);
	assert_int_equal(
	    parse("sslserver: pid 9 from 2001:db8::7"), TCPSERVER_BEGIN);
	assert_int_equal(event.pid, 9);
	assert_memory_equal(&event.ip, &b, sizeof b);
	assert_int_equal(
	    parse("tcpserver: deny 7 mail.example:192.0.2.1:25 :192.0.2.7::3"),
	    TCPSERVER_DENY);
	assert_int_equal(event.pid, 7);
	assert_int_equal(
	    parse("tcpserver: end 13284 status 256"), TCPSERVER_END);
	assert_int_equal(event.pid, 13284);
	assert_false(event.well);
	assert_int_equal(parse("tcpserver: end 13284 status 0"), TCPSERVER_END);
	assert_true(event.well);
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
	    "tcpserver: ok 1 mail.example:192.0.2.1:25 :192.0.2.7::35799",
	};

	(void)state;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		assert_int_equal(parse(others[i]), TCPSERVER_OTHER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_of_tcpserver),
	    cmocka_unit_test(other_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
