/* SPDX-License-Identifier: ISC */
/* The dialogue: the same answers however the client's bytes are cut. */
#include "../unit.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "hook/smtp.h"

#define GREETING "220 rblcache.local\r\n"
#define ACCEPT "250 rblcache.local\r\n"
#define BYE "221 rblcache.local\r\n"
#define REFUSE "451 go away\r\n"

/*
 * Plays the script to a dialogue in another process, in pieces of that size,
 * and returns all that it answered; its time is in *seconds.
 */
static const char *
play(const char *script, size_t len, size_t piece, unsigned timeout_s,
    bool hang_up, double *seconds)
{
	static char out[65536];
	struct timespec start;
	struct timespec end;
	size_t got = 0;
	int pair[2];
	int status;
	ssize_t n;
	pid_t pid;

	clock_gettime(CLOCK_MONOTONIC, &start);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		signal(SIGPIPE, SIG_IGN);
		smtp_refuse(pair[1], pair[1], "451 go away", timeout_s);
		_exit(0);
	}
	close(pair[1]);
	for (size_t at = 0; at < len; at += piece)
		if (send(pair[0], script + at,
			len - at < piece ? len - at : piece, MSG_NOSIGNAL) < 0)
			break;
	if (hang_up)
		shutdown(pair[0], SHUT_WR);
	while ((n = recv(pair[0], out + got, sizeof out - 1 - got, 0)) > 0)
		got += (size_t)n;
	out[got] = 0;
	close(pair[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	clock_gettime(CLOCK_MONOTONIC, &end);
	*seconds = (double)(end.tv_sec - start.tv_sec) +
		   (double)(end.tv_nsec - start.tv_nsec) / 1e9;
	return out;
}

static void
transcripts(void **state)
{
	static const struct {
		const char *script;
		size_t len;
		const char *want;
	} cases[] = {
#define CASE(script, want) {script, sizeof script - 1, GREETING want}
	    CASE("", ""),
	    CASE("QUIT\r\n", BYE),
	    CASE("quit\n", BYE),
	    CASE("QuIt now\r\n", BYE),
	    CASE("QUIT", ""),
	    CASE("HELO\r\nEHLO x\r\nMAIL FROM:<>\r\nRSET\r\nNOOP\r\nQUIT\r\n",
		ACCEPT ACCEPT ACCEPT ACCEPT ACCEPT BYE),
	    CASE("hElO x\nRCPT TO:<x>\nDATA\nVRFY\nx\n",
		ACCEPT REFUSE REFUSE REFUSE REFUSE),
	    CASE("\r\n\n \n", REFUSE REFUSE REFUSE),
	    CASE("QUITS\r\nQUI\r\n QUIT\r\nQUIT\t\r\nQU\rIT\r\nQUIT\r\r\n",
		REFUSE REFUSE REFUSE REFUSE REFUSE REFUSE),
	    CASE("QUIT\0\r\nNOOP\0 \r\nNOOP \0\r\n", REFUSE REFUSE ACCEPT),
	    CASE("NOOP\r\nQUIT\r\nNOOP\r\n", ACCEPT BYE),
	    CASE("\xff\xfe\r\nNOOP \xff\r\n", REFUSE ACCEPT),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (size_t piece = 1; piece < 5; piece++) {
			double s;

			assert_string_equal(play(cases[i].script, cases[i].len,
						piece, 10, true, &s),
			    cases[i].want);
		}
}

static void
long_lines(void **state)
{
	static char script[40000];
	double s;

	(void)state;
	memset(script, 'A', sizeof script);
	memcpy(script, "NOOP ", 5);
	memcpy(script + sizeof script - 8, "\r\nQUIT\r\n", 8);
	assert_string_equal(play(script, sizeof script, 5000, 10, true, &s),
	    GREETING ACCEPT BYE);
	memset(script, 'A', 10);
	assert_string_equal(play(script, sizeof script, 5000, 10, true, &s),
	    GREETING REFUSE BYE);
}

static void
no_time(void **state)
{
	double s;

	(void)state;
	assert_string_equal(play("", 0, 1, 0, false, &s), REFUSE);
	assert_true(s < 0.9);
}

static void
a_silent_client(void **state)
{
	double s;

	(void)state;
	assert_string_equal(
	    play("NOOP\r\n", 6, 1, 1, false, &s), GREETING ACCEPT);
	assert_true(s > 0.9 && s < 2.0);
}

/* It sends and sends, and never reads an answer. */
static void
a_client_that_never_reads(void **state)
{
	static char script[4096];
	int pair[2];
	int status;
	time_t start = time(NULL);
	pid_t pid;

	(void)state;
	for (size_t i = 0; i < sizeof script; i += 2)
		memcpy(script + i, "x\n", 2);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		signal(SIGPIPE, SIG_IGN);
		smtp_refuse(pair[1], pair[1], "451 go away", 1);
		_exit(0);
	}
	close(pair[1]);
	while (send(pair[0], script, sizeof script, MSG_NOSIGNAL) > 0)
		continue;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_true(time(NULL) - start <= 3);
	close(pair[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(transcripts),
	    cmocka_unit_test(long_lines),
	    cmocka_unit_test(no_time),
	    cmocka_unit_test(a_silent_client),
	    cmocka_unit_test(a_client_that_never_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
