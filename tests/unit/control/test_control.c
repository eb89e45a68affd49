/* SPDX-License-Identifier: ISC */
/* control, hurry, seats, request, when, hooklog, tallies, report, troubles,
   health, show, metrics: the control. */
#include "../unit.h"

#include <errno.h>
#include <grp.h>
#include <jansson.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "base/hooklog.h"
#include "base/when.h"
#include "control/control.h"
#include "control/report.h"
#include "control/request.h"
#include "control/seats.h"
#include "ctl/health.h"
#include "ctl/metrics.h"
#include "ctl/show.h"
#include "feed/complaints.h"
#include "feed/saver.h"
#include "state/tallies.h"

#define NOON 1795521600 /* 2026-11-24 12:00:00 UTC */
#define DAY 86400
#define MUCH 1000000
#define LINGER_S 20
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

/* ---- the socket ---- */

static struct control *control;
static char directory[64];
static uint64_t hold;	/* of the answers to come */
static bool may_change; /* the one who asked last */

static char *
echo(void *user, bool may, const char *line, size_t len, uint64_t *held)
{
	(void)user;
	may_change = may;
	assert_int_equal(strlen(line), len);
	*held = hold;
	if (strcmp(line, "much") == 0) {
		char *answer = calloc(1, MUCH + 1);

		return answer == NULL ? NULL : memset(answer, 'x', MUCH);
	}
	return strdup(line);
}

static int
open_socket(void **state)
{
	char path[96];

	(void)state;
	hold = 0;
	snprintf(
	    path, sizeof path, "%s/" CONTROL_NAME, unit_directory(directory));
	control = control_open(path, echo, NULL);
	return control == NULL ? -1 : 0;
}

static int
close_socket(void **state)
{
	(void)state;
	control_close(control);
	unit_remove(directory);
	return 0;
}

static int
connected(void)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	snprintf(
	    to.sun_path, sizeof to.sun_path, "%s/" CONTROL_NAME, directory);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	return fd;
}

/* It comes at that moment and says so much. */
static int
says(int fd, const char *text, int64_t now_ms)
{
	control_serve(control, now_ms);
	assert_int_equal(
	    send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	control_serve(control, now_ms);
	return fd;
}

static int
client(const char *text, int64_t now_ms)
{
	return says(connected(), text, now_ms);
}

/* What it has heard: "" for nothing yet, "end" for the end and no word. */
static const char *
heard(int fd)
{
	static char text[64];
	ssize_t n = recv(fd, text, sizeof text - 1, 0);

	text[n < 0 ? 0 : n] = 0;
	return n == 0 ? "end" : text;
}

static void
an_answer_waits(void **state)
{
	int at_once = client("a\n", 0);
	int first;
	int second;
	int gone;

	(void)state;
	assert_string_equal(heard(at_once), "a\n");
	assert_string_equal(heard(at_once), "end");
	hold = 1;
	first = client("b\n", 0);
	hold = 2;
	second = client("c\n", 0);
	gone = client("d\n", 0);
	assert_string_equal(heard(first), "");
	control_release(control, 1, NULL);
	assert_string_equal(heard(first), "b\n");
	assert_string_equal(heard(second), "");
	/* one that goes away keeps nobody busy */
	close(gone);
	control_serve(control, 0);
	assert_int_equal(
	    poll(&(struct pollfd){control_fd(control), POLLIN, 0}, 1, 0), 0);
	control_release(control, 2, "failed");
	assert_string_equal(heard(second), "failed\n");
	close(at_once);
	close(first);
	close(second);
}

static void
nobody_stays(void **state)
{
	char long_line[CONTROL_LINE_MAX + 1];
	int silent = client("", 0);
	int half = client("{", 1000);
	int endless;
	int held;

	(void)state;
	hold = 1;
	held = client("a\n", 0);
	control_serve(control, 4999);
	assert_string_equal(heard(silent), "");
	control_serve(control, 5000);
	assert_string_equal(heard(silent), "end");
	assert_string_equal(heard(half), "");
	control_serve(control, 6000);
	assert_string_equal(heard(half), "end");
	/* a save may take its time */
	control_serve(control, 27999);
	assert_string_equal(heard(held), "");
	control_serve(control, 28000);
	assert_string_equal(heard(held), "end");
	memset(long_line, 'x', sizeof long_line - 1);
	long_line[CONTROL_LINE_MAX] = 0;
	endless = client(long_line, 30000);
	assert_string_equal(heard(endless), "end");
	close(silent);
	close(half);
	close(endless);
	close(held);
}

/* It is sent as far as the client reads. */
static void
a_long_answer(void **state)
{
	static char buf[MUCH];
	size_t len = 0;
	int fd = client("much\n", 0);
	ssize_t n;

	(void)state;
	while ((n = recv(fd, buf, sizeof buf, 0)) > 0) {
		len += (size_t)n;
		control_serve(control, 0);
	}
	assert_int_equal(n, 0);
	assert_int_equal(len, MUCH + 1);
	close(fd);
}

/* While a child has the connection, too, as one that saves has. */
static void
a_child_has_it(void **state)
{
	struct pollfd all = {control_fd(control), POLLIN, 0};
	int fd = client("", 0);
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		sleep(5); /* but not for ever, should this fail */
		_exit(0);
	}
	control_serve(control, 5000);
	assert_string_equal(heard(fd), "end");
	close(fd);
	assert_int_equal(poll(&all, 1, 0), 0);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

/* Where there is no descriptor for a new one, somebody leaves. */
static void
no_descriptor(void **state)
{
	struct rlimit before;
	struct rlimit none;
	int first = client("", 0);
	int second = connected();

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = (rlim_t)second + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	control_serve(control, 1);
	assert_string_equal(heard(first), "end");
	assert_string_equal(heard(says(second, "a\n", 1)), "a\n");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	close(first);
	close(second);
}

static void
room_for_a_new_one(void **state)
{
	int fds[70];

	(void)state;
	for (size_t i = 0; i < COUNT(fds); i++)
		fds[i] = client("", (int64_t)i);
	assert_string_equal(heard(fds[0]), "end");
	assert_string_equal(heard(fds[COUNT(fds) - 65]), "end");
	assert_string_equal(heard(fds[COUNT(fds) - 64]), "");
	assert_string_equal(heard(fds[COUNT(fds) - 1]), "");
	for (size_t i = 0; i < COUNT(fds); i++)
		close(fds[i]);
}

/* ---- who sends descriptors ---- */

static bool is_old_kernel; /* one that cannot refuse them */

/* In front of the C library's. */
int
setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	if (is_old_kernel && level == SOL_SOCKET && name == SO_PASSRIGHTS) {
		errno = ENOPROTOOPT;
		return -1;
	}
	return (int)syscall(SYS_setsockopt, fd, level, name, value, len);
}

/* Whoever closes it last waits, since its peer never reads. -1: no loopback. */
static int
slow_to_close(int *peer)
{
	const struct linger linger = {1, LINGER_S};
	static char junk[65536];
	struct sockaddr_in a = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	*peer = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(*peer, (struct sockaddr *)&a, len) != 0 ||
	    listen(*peer, 1) != 0 ||
	    getsockname(*peer, (struct sockaddr *)&a, &len) != 0 ||
	    connect(fd, (struct sockaddr *)&a, len) != 0) {
		close(fd);
		close(*peer);
		return -1;
	}
	while (send(fd, junk, sizeof junk, MSG_DONTWAIT) > 0)
		continue;
	assert_int_equal(
	    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
	return fd;
}

/* Sends a text and the descriptor with it, which is closed here; errno or 0. */
static int
send_along(int to, const char *text, int fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof fd)];
		struct cmsghdr header;
	} control_bytes = {.header = {.cmsg_level = SOL_SOCKET,
			       .cmsg_type = SCM_RIGHTS,
			       .cmsg_len = CMSG_LEN(sizeof fd)}};
	char copy[16];
	struct iovec part = {copy, strlen(text)};
	struct msghdr message = {.msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = &control_bytes,
	    .msg_controllen = sizeof control_bytes.bytes};
	int error;

	snprintf(copy, sizeof copy, "%s", text);
	memcpy(CMSG_DATA(&control_bytes.header), &fd, sizeof fd);
	error = sendmsg(to, &message, MSG_NOSIGNAL) < 0 ? errno : 0;
	if (error == 0)
		close(fd);
	return error;
}

static void
nobody_makes_it_wait(void **state)
{
	static const char *const texts[] = {
	    "a\n", "behind the line", "a\n", "half"};
	time_t since = time(NULL);
	int fds[COUNT(texts)];
	int peers[COUNT(texts)];

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		int slow = slow_to_close(&peers[i]);

		if (slow < 0)
			skip();
		hold = i == 1;
		fds[i] = i == 1 ? client("b\n", 0) : connected();
		assert_int_equal(send_along(fds[i], texts[i], slow), 0);
		if (i > 0)
			continue;
		/* the first one is never accepted */
		assert_int_equal(close_socket(NULL), 0);
		assert_int_equal(open_socket(NULL), 0);
	}
	/* one costs the others their turn, and not the log its own */
	control_serve(control, 0);
	assert_int_equal(
	    poll(&(struct pollfd){control_fd(control), POLLIN, 0}, 1, 0), 1);
	for (int i = 1; i < 6; i++)
		control_serve(control, i < 3 ? 0 : 28000);
	assert_string_equal(heard(fds[2]), "a\n");
	assert_int_equal(send(fds[1], "c", 1, MSG_NOSIGNAL), -1);
	assert_string_equal(heard(fds[3]), "end");
	assert_in_range(time(NULL) - since, 0, LINGER_S / 2);
	for (size_t i = 0; i < COUNT(texts); i++) {
		close(fds[i]);
		close(peers[i]);
	}
}

/* Where the kernel can see to it. */
static void
nobody_sends_descriptors(void **state)
{
	int fd = connected();
	int error = send_along(fd, "a\n", dup(0));

	(void)state;
	if (error == 0)
		skip();
	assert_int_equal(error, EPERM);
	assert_string_equal(heard(says(fd, "b\n", 0)), "b\n");
	close(fd);
}

static int
open_old_socket(void **state)
{
	is_old_kernel = true;
	return open_socket(state);
}

static int
close_old_socket(void **state)
{
	is_old_kernel = false;
	return close_socket(state);
}

/* ---- who has a seat ---- */

/* The next one of that user takes his seat. */
static size_t
sit(struct seat seats[SEATS_MAX], uid_t uid, bool may, int64_t until_ms)
{
	size_t i = seats_for(seats, uid, may);

	if (i < SEATS_MAX)
		seats[i] = (struct seat){true, may, uid, until_ms};
	return i;
}

static size_t
seats_of(const struct seat seats[SEATS_MAX], uid_t uid)
{
	size_t n = 0;

	for (size_t i = 0; i < SEATS_MAX; i++)
		n += seats[i].taken && seats[i].uid == uid;
	return n;
}

static void
seats_of_readers(void **state)
{
	struct seat seats[SEATS_MAX] = {0};

	(void)state;
	assert_int_equal(seats_first_to_leave(seats), SEATS_MAX);
	/* one user has a few, and each one more costs his oldest */
	for (int i = 0; i < SEATS_EACH; i++)
		assert_int_equal(sit(seats, 1, false, i), i);
	assert_int_equal(sit(seats, 1, false, 100), 0);
	assert_int_equal(sit(seats, 1, false, 101), 1);
	assert_int_equal(seats_of(seats, 1), SEATS_EACH);
	/* many users: who has most gives up one */
	for (uid_t uid = 2; seats_of(seats, uid - 1) == SEATS_EACH; uid++)
		for (int i = 0; i < SEATS_EACH; i++)
			if (uid <= SEATS_READERS / SEATS_EACH)
				(void)sit(seats, uid, false, 200 + (int)uid);
	assert_int_equal(sit(seats, 1000, false, 300), 2);
	assert_int_equal(seats_of(seats, 1), SEATS_EACH - 1);
	/* of those who have as many, the oldest */
	assert_int_equal(sit(seats, 1001, false, 300), SEATS_EACH);
	/* and the places of those who may change something stay free */
	for (uid_t uid = 2000; uid < 2200; uid++)
		(void)sit(seats, uid, false, 400);
	for (size_t i = 0; i < SEATS_MAX; i++)
		assert_int_equal(seats[i].taken, i < SEATS_READERS);
}

static void
seats_of_root(void **state)
{
	struct seat seats[SEATS_MAX] = {0};

	(void)state;
	for (int i = 0; i < SEATS_READERS; i++)
		(void)sit(seats, (uid_t)(1 + i / 4), false, i);
	for (int i = SEATS_READERS; i < SEATS_MAX; i++)
		assert_int_equal(sit(seats, 0, true, i), i);
	/* the readers leave for root, and root for nobody who only reads */
	seats[SEATS_READERS].until_ms = -1;
	assert_int_equal(seats_first_to_leave(seats), 0);
	for (int i = 0; i < SEATS_READERS; i++)
		assert_true(sit(seats, 0, true, 100 + i) < SEATS_READERS);
	assert_int_equal(seats_of(seats, 0), SEATS_MAX);
	assert_int_equal(sit(seats, 1, false, 500), SEATS_MAX);
	/* but for himself, the oldest first */
	assert_int_equal(seats_first_to_leave(seats), SEATS_READERS);
	assert_int_equal(sit(seats, 0, true, 500), SEATS_READERS);
}

/* A client of another user, who is in no group of ours. */
static int
client_of(uid_t uid, gid_t gid, gid_t group, const char *text, int64_t now_ms)
{
	gid_t own = getegid();
	int fd;

	assert_int_equal(setgroups(1, &group), 0);
	assert_int_equal(setegid(gid), 0);
	assert_int_equal(seteuid(uid), 0);
	fd = connected();
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(setegid(own), 0);
	return says(fd, text, now_ms);
}

static void
other_users(void **state)
{
	int fds[3 * SEATS_EACH];
	gid_t before[64];
	int before_n = getgroups(64, before);
	gid_t own = getegid();
	int root;
	int rude;

	(void)state;
	if (geteuid() != 0 || before_n < 0 || setgroups(0, NULL) != 0)
		skip();
	assert_int_equal(chmod(directory, 0755), 0);
	for (size_t i = 0; i < COUNT(fds); i++)
		fds[i] = client_of(3001 + (uid_t)i % 2, 3001, 3001, "", (int)i);
	for (size_t i = 0; i < COUNT(fds); i++)
		assert_string_equal(heard(fds[i]),
		    i < COUNT(fds) - 2 * SEATS_EACH ? "end" : "");
	/* who it is is seen by the kernel's word alone */
	close(client_of(3001, 3001, 3001, "a\n", 0));
	assert_false(may_change);
	close(client_of(3001, getegid(), 3001, "a\n", 0));
	assert_true(may_change);
	close(client_of(3001, 3001, 3001, "a\n", 0));
	assert_false(may_change);
	close(client_of(3001, 3001, getegid(), "a\n", 0));
	assert_true(may_change);
	close(client_of(0, 3001, 3001, "a\n", 0));
	assert_true(may_change);
	/* root is root to a feed that is not */
	root = connected();
	may_change = false;
	assert_int_equal(setegid(3002), 0);
	assert_int_equal(seteuid(3002), 0);
	close(says(root, "a\n", 5000));
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(setegid(own), 0);
	assert_true(may_change);
	/* one who never reads */
	rude = client_of(3003, 3003, 3003, "much\n", 1000);
	control_serve(control, 5999);
	assert_int_equal(recv(rude, before, 1, MSG_PEEK), 1);
	control_serve(control, 6000);
	while (recv(rude, before, sizeof before, 0) > 0)
		continue;
	assert_string_equal(heard(rude), "end");
	close(rude);
	for (size_t i = 0; i < COUNT(fds); i++)
		close(fds[i]);
	assert_int_equal(setgroups((size_t)before_n, before), 0);
}

/* Who only reads waits for what comes by itself, if that is soon. */
static void
who_may_not_hurry(void **state)
{
	struct saver s = {.started = 4, .interval_ms = 2000};

	(void)state;
	assert_int_equal(saver_soon(&s), 0);
	s.child = 1;
	assert_int_equal(saver_soon(&s), 4);
	s.dirty = true;
	assert_int_equal(saver_soon(&s), 5);
	s.interval_ms = 20000;
	assert_int_equal(saver_soon(&s), 0);
	s.interval_ms = 2000;
	s.error = ENOSPC;
	assert_int_equal(saver_soon(&s), 0);
	assert_false(s.urged);
}

/* Whatever the umask is. */
static void
for_everybody(void **state)
{
	char path[96];
	struct stat st;

	(void)state;
	snprintf(path, sizeof path, "%s/" CONTROL_NAME, directory);
	for (mode_t mask = 0; mask <= 0777; mask += 0777) {
		mode_t before = umask(mask);
		struct control *c = control_open(path, echo, NULL);

		assert_int_equal(umask(before), mask);
		assert_non_null(c);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0666);
		control_close(c);
	}
}

/* ---- what is said there ---- */

static void
requests(void **state)
{
	struct request r = {.command = REQUEST_ADD, .seconds = 60};
	struct request got;
	char error[REQUEST_ERROR_SIZE];
	char *line;

	(void)state;
	r.ip = unit_addr("2001:db8::1");
	strcpy(r.reply, "451 a \"b\"");
	line = request_format(&r);
	assert_int_equal(request_parse(&got, line, strlen(line), error), 0);
	assert_memory_equal(&r, &got, sizeof r);
	free(line);

	static const struct {
		const char *line, *error;
	} bad[] = {
	    {"", "no JSON"},
	    {"{", "no JSON"},
	    {"{\"command\": \"status\"} x", "no JSON"},
	    {"[]", "no such command"},
	    {"{}", "no such command"},
	    {"{\"command\": 1}", "no such command"},
	    {"{\"command\": \"sh\"}", "no such command"},
	    {"{\"command\": \"status\", \"ip\": \"::1\"}", "nothing else"},
	    {"{\"command\": \"del\"}", "\"ip\" is missing"},
	    {"{\"command\": \"del\", \"ip\": \"localhost\"}", "\"ip\""},
	    {"{\"command\": \"del\", \"ip\": \"192.0.2.0/24\"}", "\"ip\""},
	    {"{\"command\": \"del\", \"ip\": [1]}", "\"ip\""},
	    {"{\"command\": \"forget\", \"rule\": \"\", \"since\": 0}",
		"\"rule\""},
	    {"{\"command\": \"forget\", \"rule\": \"a\", \"since\": -1}",
		"\"since\""},
	    {"{\"command\": \"add\", \"ip\": \"::1\", \"seconds\": 60, "
	     "\"reply\": \"250 ok\"}",
		"\"reply\""},
	    {"{\"command\": \"add\", \"ip\": \"::1\", \"seconds\": 60, "
	     "\"reply\": \"451 a\\r\\n250 b\"}",
		"\"reply\""},
	    {"{\"command\": \"add\", \"ip\": \"::1\", \"seconds\": 31622401, "
	     "\"reply\": \"451 a\"}",
		"\"seconds\""},
	};

	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(request_parse(&got, bad[i].line,
				     strlen(bad[i].line), error),
		    -1);
		if (strstr(error, bad[i].error) == NULL)
			fail_msg("%s: %s", bad[i].line, error);
	}
}

static void
moments(void **state)
{
	static const struct {
		const char *text;
		int64_t is; /* -1: refused */
	} cases[] = {
	    {"11:30", NOON - 1800},
	    {"11:30:10", NOON - 1790},
	    {"12:00", NOON},
	    {"12:01", NOON + 60 - DAY}, /* yesterday's */
	    {"2026-11-24", NOON - 43200},
	    {"2026-11-24 11:30", NOON - 1800},
	    {"2026-11-24 11:30:05", NOON - 1795},
	    {"2026-11-24T11:30", NOON - 1800},
	    {"2h", NOON - 7200},
	    {"90", NOON - 90},
	    {"@1795521000", 1795521000},
	    {"", -1},
	    {"yesterday", -1},
	    {"25:00", -1},
	    {"11:30x", -1},
	    {"2026-13-01", -1},
	    {"2026-02-31", -1},
	    {"2024-02-29", 1709164800},
	    {"2026-11-24 11:30 UTC", -1},
	    {"@", -1},
	    {"@1x", -1},
	    {"@99999999999999999999", -1},
	    {"-1h", -1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t got = -1;

		if (when_parse(cases[i].text, NOON, &got) != 0)
			got = -1;
		if (got != cases[i].is)
			fail_msg("'%s': %lld", cases[i].text, (long long)got);
	}
}

static void
lines_of_the_hook(void **state)
{
	static const struct {
		const char *line;
		enum hooklog_kind kind;
	} cases[] = {
	    {"rblcache: 203.0.113.9 pid 7: 451 text (ipset, 86391s left)",
		HOOKLOG_IPSET},
	    {"rblcache: 203.0.113.9 pid 7: 451 text (ipset)", HOOKLOG_IPSET},
	    {"rblcache: 2001:db8::9 pid 7: 553 text (recent, 1s left)",
		HOOKLOG_RECENT},
	    {"rblcache: 203.0.113.9 pid 7: 553 (ipset) text (local)",
		HOOKLOG_LOCAL},
	    {"rblcache: 203.0.113.9 pid 7: would refuse: 451 text (local)",
		HOOKLOG_WOULD},
	    {"rblcache: 203.0.113.9 pid 7: would refuse: 451 t (ipset, 9s "
	     "left)",
		HOOKLOG_WOULD},
	    {"rblcache: 203.0.113.9 pid 7: allowed (local)", HOOKLOG_ALLOWED},
	    {"rblcache: 203.0.113.9 pid 7: not known", HOOKLOG_OTHER},
	    {"rblcache: 203.0.113.9 pid 7: 451 text (net)", HOOKLOG_IPSET},
	    {"rblcache: 203.0.113.9 pid 7: allowed (pass)", HOOKLOG_PASS},
	    {"rblcache: 203.0.113.9 pid 7: allowed (pass) ", HOOKLOG_ALLOWED},
	    {"rblcache: 203.0.113.9 pid 7: recheck", HOOKLOG_RECHECK},
	    {"rblcache: 203.0.113.9 pid 7: passed", HOOKLOG_PASSED},
	    {"rblcache: 203.0.113.9 pid 7: passed on", HOOKLOG_TROUBLE},
	    {"rblcache: 203.0.113.9 pid 7: set rblcache4: no right to read it "
	     "(cap_net_admin)",
		HOOKLOG_NO_RIGHT},
	    {"rblcache: 203.0.113.9 pid 7: set rblcache4: no such set",
		HOOKLOG_TROUBLE},
	    {"rblcache: 203.0.113.9 pid 7: /x/recent.cdb: it is damaged, or "
	     "no cdb of rblcache's",
		HOOKLOG_TROUBLE},
	    /* none of its lines */
	    {"", HOOKLOG_OTHER},
	    {"rblcache: ", HOOKLOG_OTHER},
	    {"rblcache: 203.0.113.9", HOOKLOG_OTHER},
	    {"rblcache: 203.0.113.9 pid : 451 text (local)", HOOKLOG_OTHER},
	    {"rblcache: mail.test pid 7: 451 text (local)", HOOKLOG_OTHER},
	    {"rblcache: 203.0.113.9 pid 7: 451 text", HOOKLOG_OTHER},
	    {"rblcache: 203.0.113.9 pid 7: 451 text (ipset, s left)",
		HOOKLOG_OTHER},
	    {"rblcache: 203.0.113.9 pid 7: 451 text (dns)", HOOKLOG_OTHER},
	    {"rblsmtpd: 203.0.113.9 pid 7: 451 text (local)", HOOKLOG_OTHER},
	    {"x rblcache: 203.0.113.9 pid 7: 451 text (local)", HOOKLOG_OTHER},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		/* without a NUL behind it */
		size_t len = strlen(cases[i].line);
		char *line = malloc(len + 1);

		memcpy(line, cases[i].line, len);
		if (hooklog_line((struct slice){line, len}).kind !=
		    cases[i].kind)
			fail_msg("'%s'", cases[i].line);
		free(line);
	}
}

static json_int_t
refused_today(const struct state *s, int64_t now)
{
	json_t *status = json_object();
	json_int_t n = -1;

	report_state(status, s, now);
	(void)json_unpack(
	    status, "{s:{s:{s:I}}}", "hook", "today", "ipset", &n);
	json_decref(status);
	return n;
}

static void
days(void **state)
{
	static struct state s;
	struct tallies *t = &s.tallies;
	const uint64_t *today = t->hook.today;
	const struct rules_rule rule = {.name = "r"};
	struct decision ban = {DECIDE_BAN, .rule = &rule, .time = NOON};
	const struct tally *bans = tallies_of(t, "r");

	(void)state;
	s.bans = bans_new(1);
	assert_non_null(s.bans);
	tallies_add_hook(t, HOOKLOG_IPSET, NOON);
	tallies_add_hook(t, HOOKLOG_IPSET, NOON + DAY / 2 - 1);
	tallies_add_hook(t, HOOKLOG_OTHER, NOON);
	assert_int_equal(today[HOOKLOG_IPSET], 2);
	tallies_add(t, &ban);
	assert_int_equal(bans->today.bans, 1);
	/* the day is over, also while nothing is logged */
	assert_int_equal(refused_today(&s, NOON + DAY / 2 - 1), 2);
	assert_int_equal(refused_today(&s, NOON + DAY / 2), 0);
	/* the next day; a line of another log is a little late */
	tallies_add_hook(t, HOOKLOG_IPSET, NOON + DAY / 2);
	tallies_add_hook(t, HOOKLOG_IPSET, NOON + DAY / 2 - 1);
	assert_int_equal(today[HOOKLOG_IPSET], 1);
	ban.time = NOON + DAY / 2 - 1;
	tallies_add(t, &ban);
	assert_int_equal(bans->today.bans, 0);
	assert_int_equal(bans->all.bans, 2);
	assert_int_equal(t->hook.all[HOOKLOG_IPSET], 4);
	assert_int_equal(t->hook.last_s[HOOKLOG_IPSET], NOON + DAY / 2);
	/* a log that is read late */
	tallies_add_hook(t, HOOKLOG_LOCAL, NOON - DAY);
	assert_int_equal(today[HOOKLOG_IPSET], 1);
	assert_int_equal(today[HOOKLOG_LOCAL], 0);
	/* the clock was days ahead */
	tallies_add_hook(t, HOOKLOG_LOCAL, NOON - 8 * DAY);
	assert_int_equal(today[HOOKLOG_LOCAL], 1);
	assert_int_equal(today[HOOKLOG_IPSET], 0);
	bans_free(s.bans);
}

/* In a zone where a day has 23 or 25 hours. */
static void
days_of_summer_time(void **state)
{
	static struct tallies t;

	(void)state;
	setenv("TZ", "Europe/Berlin", 1);
	tzset();
	tallies_turn(&t, 1774746000); /* 2026-03-29 02:00 UTC */
	assert_int_equal(t.day_to - t.day_from, 23 * 3600);
	tallies_turn(&t, 1792893600); /* 2026-10-25 */
	assert_int_equal(t.day_to - t.day_from, 25 * 3600);
	setenv("TZ", "UTC", 1);
	tzset();
}

static void
last_troubles(void **state)
{
	static struct complaints t;
	char text[16];

	(void)state;
	assert_null(complaints_nth(&t, 0));
	for (int i = 0; i < COMPLAINTS_MAX + 3; i++) {
		snprintf(text, sizeof text, "%d", i);
		complaints_note(&t, NOON + i, text);
	}
	assert_string_equal(complaints_nth(&t, 0)->text, "10");
	assert_int_equal(complaints_nth(&t, 0)->time_s, NOON + 10);
	assert_string_equal(complaints_nth(&t, COMPLAINTS_MAX - 1)->text, "3");
	assert_null(complaints_nth(&t, COMPLAINTS_MAX));
}

/* ---- health ---- */

static const char well[] =
    "{\"now\": 1795521600, \"feed\": {\"pid\": 7}, \"local_error\": null,"
    " \"logs\": [{\"path\": \"/log\", \"following\": true, \"error\": null,"
    "  \"unread_bytes\": 9, \"newest_line\": 1795521590, \"missed\": null,"
    " \"capped\": null}],"
    " \"sets\": [{\"name\": \"four\", \"entries\": 7, \"room\": 1000}],"
    " \"hook\": {\"last\": {\"ipset\": 1795521500}},"
    " \"checkpoint\": {\"path\": \"/recent\", \"error\": null}}";

static json_t *
json(const char *text)
{
	json_t *value = json_loads(text, 0, NULL);

	assert_non_null(value);
	return value;
}

/* Puts the value at the path of keys, a number being an index. */
static void
put(json_t *status, const char *path, json_t *value)
{
	char key[32];
	size_t len = strcspn(path, ".");

	snprintf(key, sizeof key, "%.*s", (int)len, path);
	if (path[len] == 0)
		assert_int_equal(json_object_set_new(status, key, value), 0);
	else if (*key >= '0' && *key <= '9')
		put(json_array_get(status, (size_t)atoi(key)), path + len + 1,
		    value);
	else
		put(json_object_get(status, key), path + len + 1, value);
}

static void
healths(void **state)
{
	const struct {
		const char *path;
		json_t *value;
		enum health health;
		const char *problem;
	} cases[] = {
	    {"now", json_integer(NOON), HEALTH_OK, NULL},
	    {"feed", json_null(), HEALTH_CRITICAL, "not running"},
	    {"logs.0.following", json_false(), HEALTH_CRITICAL, "has ended"},
	    {"logs.0.newest_line", json_integer(NOON - 61), HEALTH_WARNING,
		"61 s behind"},
	    {"logs.0.missed", json_integer(NOON - 600), HEALTH_WARNING,
		"may be missing"},
	    {"logs.0.missed", json_integer(NOON - 3601), HEALTH_OK, NULL},
	    {"logs.0.capped", json_integer(NOON - 600), HEALTH_WARNING, "-m"},
	    {"logs.0.capped", json_integer(NOON - 3601), HEALTH_OK, NULL},
	    {"logs.0.torn", json("{\"share\": 5}"), HEALTH_WARNING,
		"/log: torn lines: nobody could be banned in 5 % of"},
	    {"logs.0.torn", json("{\"share\": 4}"), HEALTH_OK, NULL},
	    {"logs.0.torn", json("{\"unshown\": true}"), HEALTH_WARNING,
		"/log: has no lines of tcpserver -v"},
	    {"sets.0.error", json_string("four: no such set"), HEALTH_WARNING,
		"set four: no such set"},
	    {"sets.0.entries", json_integer(901), HEALTH_WARNING, "full"},
	    {"hook.last.no_right", json_integer(NOON - 50), HEALTH_WARNING,
		"cap_net_admin"},
	    /* it has read them since */
	    {"hook.last.no_right", json_integer(NOON - 200), HEALTH_OK, NULL},
	    {"local_error", json_string("Invalid argument"), HEALTH_WARNING,
		"local.cdb"},
	    {"rules_warning", json_string("/a.rules:7: net: x"), HEALTH_WARNING,
		"/a.rules:7: net: x"},
	    {"checkpoint.error", json_string("No space left on device"),
		HEALTH_WARNING, "/recent: No space"},
	    {"feed_error", json_string("it hangs"), HEALTH_CRITICAL,
		"it hangs"},
	    {"logs.0.inotify_error", json_string("Too many; sysctl x"),
		HEALTH_WARNING,
		"/log is read late: inotify: Too many; sysctl x"},
	    {"reload_error",
		json("{\"text\": \"/f.conf:3: no\", \"since\": 1795521590}"),
		HEALTH_WARNING,
		"reload failed (2026-11-24 11:59:50), so the old rules and "
		"settings stay: /f.conf:3: no"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		json_t *status = json(well);
		json_t *problems = json_array();
		enum health health;
		const char *problem;

		put(status, cases[i].path, cases[i].value);
		health = health_judge(status, problems);
		problem = json_string_value(json_array_get(problems, 0));
		if (health != cases[i].health)
			fail_msg("%s: %s", cases[i].path, health_name(health));
		if ((cases[i].problem == NULL) != (problem == NULL) ||
		    (problem != NULL &&
			strstr(problem, cases[i].problem) == NULL))
			fail_msg("%s: %s", cases[i].path, problem);
		json_decref(problems);
		json_decref(status);
	}
}

/* With two values of their own; the first problem. */
static enum health
judge_two(const char *path, json_t *value, const char *path2, json_t *value2,
    char problem[64])
{
	json_t *status = json(well);
	json_t *problems = json_array();
	const char *first;
	enum health health;

	put(status, path, value);
	put(status, path2, value2);
	health = health_judge(status, problems);
	first = json_string_value(json_array_get(problems, 0));
	snprintf(problem, 64, "%s", first == NULL ? "" : first);
	json_decref(problems);
	json_decref(status);
	return health;
}

static void
healths_of_two(void **state)
{
	char problem[64];

	(void)state;
	/* the worst counts, whichever comes first */
	assert_int_equal(judge_two("feed", json_null(), "local_error",
			     json_string("Invalid argument"), problem),
	    HEALTH_CRITICAL);
	assert_int_equal(judge_two("logs.0.following", json_false(),
			     "logs.0.error", json_string("gone"), problem),
	    HEALTH_CRITICAL);
	assert_string_equal(problem, "/log is not read: gone");
	/* a quiet night */
	assert_int_equal(
	    judge_two("logs.0.newest_line", json_integer(NOON - 3600),
		"logs.0.unread_bytes", json_integer(0), problem),
	    HEALTH_OK);
	/* long ago, and no set asked since */
	assert_int_equal(
	    judge_two("hook.last.no_right", json_integer(NOON - 3601),
		"hook.last.ipset", json_integer(0), problem),
	    HEALTH_OK);
}

/* ---- metrics, show ---- */

static void
samples(void **state)
{
	json_t *status = json(well);
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	(void)state;
	put(status, "logs.0.path", json_string("/a\"b\\c\nd"));
	put(status, "sets.0.error", json_string("four: no such set"));
	put(status, "logs.0.inotify", json_false());
	put(status, "reload_error", json("{\"text\": \"x\", \"since\": 1}"));
	put(status, "bans",
	    json("{\"rules\": [{\"rule\": \"r\", \"live\": 1, "
		 "\"today\": {\"skips\": {\"cap\": 2}}, "
		 "\"all\": {\"skips\": {\"cap\": 3}}}]}"));
	metrics_write(to, status);
	assert_int_equal(fclose(to), 0);
	assert_non_null(strstr(
	    text, "\nrblcache_log_following{log=\"/a\\\"b\\\\c\\nd\"} 1\n"));
	assert_non_null(strstr(
	    text, "\nrblcache_skipped_total{rule=\"r\",why=\"cap\"} 3\n"));
	assert_non_null(
	    strstr(text, "\nrblcache_set_usable{set=\"four\"} 0\n"));
	assert_non_null(strstr(text, "\nrblcache_reload_ok 0\n"));
	assert_non_null(strstr(text, "\nrblcache_log_inotify{log="));
	assert_non_null(strstr(text, "\nrblcache_log_torn_total{log="));
	free(text);
	json_decref(status);
}

/* What it says on a day like this, and of another kind of server. */
static void
screen(void **state)
{
	static const char *const lines[] = {
	    "\nfeed    running since 2026-11-24 11:59:50, pid 7, as root\n",
	    "\nlog     /log: has ended, newest line 10s ago\n",
	    "\nsets    switched off\n",
	    "\nbans    4 hold now\n        r 4, today 1 new, counted 2, left "
	    "out: cap 3\n",
	    "\n        look-ups that failed today: 5\n",
	    "\nsaid    2026-11-24 12:00:00 a\n        2026-11-24 11:59:50 b\n",
	};
	json_t *status = json(well);
	json_t *problems = json("[\"p\", \"q\"]");
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	(void)state;
	put(status, "feed",
	    json("{\"pid\": 7, \"uid\": 0, \"since\": 1795521590}"));
	put(status, "logs.0.following", json_false());
	put(status, "sets", json("[]"));
	put(status, "bans",
	    json("{\"live\": 4, \"rules\": [{\"rule\": \"r\", \"live\": 4, "
		 "\"today\": {\"bans\": 1, \"counts\": 2, "
		 "\"skips\": {\"cap\": 3}}}]}"));
	put(status, "hook.today", json("{\"trouble\": 5}"));
	put(status, "errors",
	    json("[{\"time\": 1795521600, \"text\": \"a\"}, "
		 "{\"time\": 1795521590, \"text\": \"b\"}, "
		 "{\"time\": 1, \"text\": \"c\"}, "
		 "{\"time\": 1, \"text\": \"d\"}]"));
	show_status(to, status, HEALTH_WARNING, problems);
	assert_int_equal(fclose(to), 0);
	assert_ptr_equal(strstr(text, "WARNING: p; q\n"), text);
	for (size_t i = 0; i < COUNT(lines); i++)
		if (strstr(text, lines[i]) == NULL)
			fail_msg("%s is not in:\n%s", lines[i], text);
	assert_null(strstr(text, " d\n"));
	free(text);
	json_decref(problems);
	json_decref(status);
}

/* A log's name may be any bytes, and JSON may not. */
static void
any_name(void **state)
{
	json_t *text = report_text("/log/\xe9t\xe9");

	(void)state;
	assert_string_equal(json_string_value(text), "/log/?t?");
	json_decref(text);
}

static void
spans(void **state)
{
	char buf[WHEN_SIZE];

	(void)state;
	assert_string_equal(show_span(-5, buf), "0s");
	assert_string_equal(show_span(59, buf), "59s");
	assert_string_equal(show_span(60, buf), "1m 0s");
	assert_string_equal(show_span(86399, buf), "23h 59m");
	assert_string_equal(show_span(90000, buf), "1d 1h");
	assert_string_equal(when_format(NOON, buf), "2026-11-24 12:00:00");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		an_answer_waits, open_socket, close_socket),
	    cmocka_unit_test_setup_teardown(
		nobody_stays, open_socket, close_socket),
	    cmocka_unit_test_setup_teardown(
		a_long_answer, open_socket, close_socket),
	    cmocka_unit_test_setup_teardown(
		room_for_a_new_one, open_socket, close_socket),
	    cmocka_unit_test_setup_teardown(
		a_child_has_it, open_socket, close_socket),
	    cmocka_unit_test_setup_teardown(
		no_descriptor, open_socket, close_socket),
	    cmocka_unit_test_setup_teardown(
		nobody_makes_it_wait, open_old_socket, close_old_socket),
	    cmocka_unit_test_setup_teardown(
		nobody_sends_descriptors, open_socket, close_socket),
	    cmocka_unit_test(who_may_not_hurry),
	    cmocka_unit_test(seats_of_readers),
	    cmocka_unit_test(seats_of_root),
	    cmocka_unit_test_setup_teardown(
		other_users, open_socket, close_socket),
	    cmocka_unit_test_setup_teardown(
		for_everybody, open_socket, close_socket),
	    cmocka_unit_test(requests),
	    cmocka_unit_test(moments),
	    cmocka_unit_test(lines_of_the_hook),
	    cmocka_unit_test(days),
	    cmocka_unit_test(days_of_summer_time),
	    cmocka_unit_test(last_troubles),
	    cmocka_unit_test(healths),
	    cmocka_unit_test(healths_of_two),
	    cmocka_unit_test(samples),
	    cmocka_unit_test(screen),
	    cmocka_unit_test(any_name),
	    cmocka_unit_test(spans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
