/* SPDX-License-Identifier: ISC */
/* settings: feed.conf, what it may say and what is said of it. */
#include "../unit.h"

#include <errno.h>

#include "feed/settings.h"

static char directory[64];
static char path[128];
static char message[SETTINGS_ERROR_SIZE];
static struct settings s;

static int
load(const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_not_equal(fputs(text, f), EOF);
	assert_int_equal(fclose(f), 0);
	message[0] = 0;
	errno = 0;
	return settings_load(path, &s, message);
}

static void
assert_defaults(void)
{
	assert_int_equal(s.pass_s, 0);
	assert_int_equal(s.doubt_s, 0);
	assert_int_equal(s.drop_after, 0);
	assert_int_equal(s.canary_s, 300);
	assert_true(s.alarm);
	assert_int_equal(s.hosts_max, 1048576);
	assert_int_equal(s.line_max, 8192);
	assert_false(s.has_resolver);
	assert_int_equal(s.n_zones, 0);
	assert_int_equal(s.secrets.n, 0);
}

static void
defaults(void **state)
{
	(void)state;
	assert_int_equal(load(""), 0);
	assert_defaults();
	assert_int_equal(load("# pass = 15m\n\n  # x\n"), 0);
	assert_defaults();
	unlink(path);
	memset(&s, 0xff, sizeof s);
	assert_int_equal(settings_load(path, &s, message), -1);
	assert_int_equal(errno, ENOENT);
	assert_non_null(strstr(message, "feed.conf: No such file"));
	assert_defaults();
	assert_int_equal(settings_load(directory, &s, message), -1);
	assert_int_not_equal(errno, ENOENT);
	assert_int_not_equal(errno, EINVAL);
}

static void
all_keys(void **state)
{
	(void)state;
	assert_int_equal(
	    load("pass = 15m\n"
		 "drop=after 20\n"
		 "zone = zen.spamhaus.org text spamhaus.org\n"
		 "zone\t=\tBL.Example_x.org.\ttext   # a; b = c \n"
		 "zone = ab3defghijklmnopqrstuvwxyz.zen.dq.spamhaus.net\n"
		 "resolver = 127.0.0.1:5353\r\n"
		 "canary = 10s\n"
		 "line-max = 4096\n"
		 "hosts-max = 8388608\n"
		 "doubt = 12h\n"
		 "alarm = no"),
	    0);
	assert_int_equal(s.pass_s, 900);
	assert_int_equal(s.pass_most_s, 900);
	assert_int_equal(s.doubt_s, 12 * 3600);
	assert_int_equal(s.drop_after, 20);
	assert_int_equal(s.n_zones, 3);
	assert_string_equal(s.zones[0].name, "zen.spamhaus.org");
	assert_string_equal(s.zones[0].text, "spamhaus.org");
	assert_string_equal(s.zones[1].name, "BL.Example_x.org");
	assert_string_equal(s.zones[1].text, "# a; b = c");
	assert_string_equal(s.zones[2].text, "");
	assert_int_equal(s.secrets.n, 1);
	assert_string_equal(s.secrets.label[0], "ab3defghijklmnopqrstuvwxyz");
	assert_true(s.has_resolver);
	assert_memory_equal(s.resolver.b, unit_addr("127.0.0.1").b, 16);
	assert_int_equal(s.resolver_port, 5353);
	assert_int_equal(s.canary_s, 10);
	assert_false(s.alarm);
	assert_int_equal(s.line_max, 4096);
	assert_int_equal(s.hosts_max, 8388608);
}

static void
resolvers(void **state)
{
	static const struct {
		const char *value;
		const char *address; /* NULL: refused */
		unsigned port;
	} cases[] = {
	    {"127.0.0.1", "127.0.0.1", 53},
	    {"192.0.2.53:1", "192.0.2.53", 1},
	    {"192.0.2.53:65535", "192.0.2.53", 65535},
	    {"::1", "::1", 53},
	    {"[::1]", "::1", 53},
	    {"[2001:db8::53]:5353", "2001:db8::53", 5353},
	    {"2001:db8::53:53", "2001:db8::53:53", 53},
	    {"[192.0.2.53]:53", "192.0.2.53", 53},
	    {"localhost", NULL, 0},
	    {"127.0.0.1:", NULL, 0},
	    {"127.0.0.1:0", NULL, 0},
	    {"127.0.0.1:65536", NULL, 0},
	    {"127.0.0.1:100000000000", NULL, 0},
	    {"127.0.0.1:53x", NULL, 0},
	    {"127.0.0.1:+53", NULL, 0},
	    {"127.0.0.1 53", NULL, 0},
	    {"127.0.0.1, 127.0.0.2", NULL, 0},
	    {"127.0.0", NULL, 0},
	    {"[::1", NULL, 0},
	    {"[]:53", NULL, 0},
	    {"[::1]53", NULL, 0},
	    {"[::1]:", NULL, 0},
	    {"::1]:53", NULL, 0},
	    {"fe80::1%eth0", NULL, 0},
	    {":53", NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[128];
		struct addr a;

		snprintf(text, sizeof text, "resolver = %s\n", cases[i].value);
		if (cases[i].address == NULL) {
			assert_int_equal(load(text), -1);
			assert_non_null(strstr(message, ":1: resolver: '"));
			assert_false(s.has_resolver);
			continue;
		}
		if (load(text) != 0)
			fail_msg("%s", message);
		a = unit_addr(cases[i].address);
		assert_true(s.has_resolver);
		assert_memory_equal(s.resolver.b, a.b, sizeof a.b);
		assert_int_equal(s.resolver_port, cases[i].port);
	}
}

static void
errors(void **state)
{
	static const struct {
		const char *text;
		const char *message; /* behind the path */
	} cases[] = {
	    {"\n# x\npass = 2d\n",
		":3: pass: '2d' is no time from 1s to 1d (a number and one of "
		"s m h d)"},
	    {"pass = 0\n", ":1: pass: '0' is no time"},
	    {"pass = 86401\n", ":1: pass: '86401' is no time"},
	    {"pass = off\n", ":1: pass: 'off' is no time"},
	    {"pass =\n", ":1: pass is empty"},
	    {"pass = 1m\npass = 1m\n", ":2: pass is given twice"},
	    {"pass = 1m to 8d\n",
		":1: pass: '1m to 8d' is no TIME and no 'TIME to TIME', the "
		"last up to 7d"},
	    {"pass = 1m to\n", ":1: pass: '1m to' is no TIME"},
	    {"pass = 1m 7d\n", ":1: pass: '1m 7d' is no TIME"},
	    {"pass = 1m to 7d to\n", ":1: pass: "},
	    {"pass = to 7d\n", ":1: pass: "},
	    {"pass = 2d to 7d\n", ":1: pass: '2d' is no time"},
	    {"pass = 00000000000000015m to 7d\n", ":1: pass: "},
	    {"pass = 2h to 1h\n",
		":1: pass: '2h to 1h' ends with the shorter time"},
	    {"doubt = 25h\n", ":1: doubt: '25h' is no time"},
	    {"canary = 25h\n", ":1: canary: '25h' is no time"},
	    {"drop = 20\n",
		":1: drop: '20' is not 'after N', N from 2 to 65535"},
	    {"drop = after 1\n", ":1: drop: 'after 1' is not"},
	    {"drop = after 65536\n", ":1: drop: "},
	    {"drop = after 99999\n", ":1: drop: "},
	    {"drop = after 100000\n", ":1: drop: "},
	    {"drop = after\n", ":1: drop: "},
	    {"drop = after20\n", ":1: drop: "},
	    {"drop = after -2\n", ":1: drop: "},
	    {"drop = after 20 times\n", ":1: drop: "},
	    {"alarm = maybe\n", ":1: alarm: 'maybe' is neither yes nor no"},
	    {"alarm = YES\n", ":1: alarm: "},
	    {"zone = org\n",
		":1: zone: this is no name of two labels or more, each of 1 to "
		"63 letters, digits, - and _"},
	    {"zone = org.\n", ":1: zone: this is no name"},
	    {"zone = .\n", ":1: zone: this is no name"},
	    {"zone = a..b\n", ":1: zone: this is no name"},
	    {"zone = .a.b\n", ":1: zone: this is no name"},
	    {"zone = a.b..\n", ":1: zone: this is no name"},
	    {"zone = a.b/c\n", ":1: zone: this is no name"},
	    {"zone = a.b:text\n", ":1: zone: this is no name"},
	    {"zone = \xc3\xa4.org\n", ":1: zone: this is no name"},
	    {"zone = "
	     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	     ".b\n",
		":1: zone: this is no name"},
	    {"zone = a.b c\n",
		":1: zone: behind the name stands something else than 'text "
		"TEXT', TEXT 1 to 63 bytes of printable ASCII"},
	    {"zone = a.b text\n", ":1: zone: behind the name"},
	    {"zone = a.b textc\n", ":1: zone: behind the name"},
	    {"zone = a.b text \xc3\xa4\n", ":1: zone: behind the name"},
	    {"zone = a.b text a\tb\n", ":1: zone: behind the name"},
	    {"zone = a.b # x\n", ":1: zone: behind the name"},
	    {"zone = a.b text "
	     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	     "\n",
		":1: zone: behind the name"},
	    {"zone = a.b\nzone = c.b\nzone = A.B. text x\n",
		":3: this zone is given twice"},
	    {"hosts-max = 0\n",
		":1: hosts-max: '0' is no number from 1 to 8388608"},
	    {"hosts-max = 8388609\n", ":1: hosts-max: '8388609'"},
	    {"hosts-max = 4294967297\n", ":1: hosts-max: '4294967297'"},
	    {"hosts-max = 1,048,576\n", ":1: hosts-max: '1,048,576'"},
	    {"line-max = 255\n",
		":1: line-max: '255' is no number from 256 to 32768"},
	    {"line-max = 32769\n", ":1: line-max: '32769'"},
	    {"line-max = 8k\n", ":1: line-max: '8k'"},
	    {"line-max = 0\n", ":1: line-max: '0'"},
	    {"colour = red\n",
		":1: 'colour': no such key; there are alarm, canary, doubt, "
		"drop, hosts-max, line-max, pass, resolver, zone"},
	    {"pas = 1m\n", ":1: 'pas': no such key; there are alarm, "},
	    {"\n\nPass = 1m\n", ":3: 'Pass': no such key"},
	    {"abcdefghi-1 = x\n", ":1: 'abcdefghi-1': no such key"},
	    {"abcdefghi-12 = x\n",
		":1: there is no such key; there are alarm, canary, doubt, "
		"drop, hosts-max, line-max, pass, resolver, zone"},
	    {"pass it = 1m\n", ":1: there is no such key"},
	    {"\x1b[2J = 1m\n", ":1: there is no such key"},
	    {"= 1m\n", ":1: there is no such key"},
	    {"pass = 1m\ncolour = red\npass = 1m\n", ":2: 'colour'"},
	    {"pass 15m\n", ":1: this is not key = value"},
	    {"# a\npass = 1m\nx\n", ":3: this is not key = value"},
	    {"[feed]\npass = 1m\n", ":2: there are no [sections] here"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(load(cases[i].text), -1);
		assert_int_equal(errno, EINVAL);
		assert_defaults();
		assert_memory_equal(message, path, strlen(path));
		if (strncmp(message + strlen(path), cases[i].message,
			strlen(cases[i].message)) != 0)
			fail_msg("'%s': %s", cases[i].text, message);
	}
}

/* Whatever line it stands in; % is the key. */
static void
errors_without_keys(void **state)
{
	static const char key[] = "ab3defghijklmnopqrstuvwxyz";
	static const char *const lines[] = {
	    "zone = %/zen.dq.spamhaus.net\n",
	    "zone = %.zen.dq.spamhaus.net: text x\n",
	    "zone = %.zen.dq.spamhaus.net txet x\n",
	    "zone = x..%.zen.dq.spamhaus.net\n",
	    "zone %.zen.dq.spamhaus.net:53\n",
	    "zone %.zen.dq.spamhaus.net\n",
	    "%.zen.dq.spamhaus.net = x\n",
	    "% = x\n",
	    "zone %:53\n",
	    "resolver = %.zen.dq.spamhaus.net\n",
	    "alarm = %.zen.dq.spamhaus.net\n",
	    "pass = %.zen.dq.spamhaus.net\n",
	    "drop = after %.zen.dq.spamhaus.net\n",
	    "zone = %.zen.dq.spamhaus.net\nzone = %.zen.dq.spamhaus.net\n",
	    "zone = %.zen.dq.spamhaus.net\nresolver = %\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		char text[256];
		size_t n = 0;

		for (const char *p = lines[i]; *p != 0; p++)
			n += (size_t)snprintf(text + n, sizeof text - n, "%.*s",
			    *p == '%' ? (int)strlen(key) : 1,
			    *p == '%' ? key : p);
		assert_int_equal(load(text), -1);
		assert_null(strstr(message, "ab3"));
	}
}

/* A name of the given length behind "zone = ". */
static int
load_name(size_t len)
{
	char text[512];
	size_t n = strlen(strcpy(text, "zone = "));

	for (size_t i = 0; i < len; i++)
		text[n++] = i % 10 == 9 && i + 1 < len ? '.' : 'x';
	strcpy(text + n, ".\n");
	return load(text);
}

static void
limits(void **state)
{
	char text[8192] = "";
	char line[64];

	(void)state;
	assert_int_equal(load_name(243), 0);
	assert_int_equal(strlen(s.zones[0].name), 243);
	assert_int_equal(load_name(244), -1);
	assert_non_null(
	    strstr(message, ":1: zone: the name is longer than 243"));
	assert_int_equal(load("zone = a.b text "
			      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			      "aaaaaaaaaaaaaaa\n"),
	    0);
	assert_int_equal(strlen(s.zones[0].text), 63);
	assert_int_equal(load("pass=1\ncanary=1\ndrop=after 2"), 0);
	assert_int_equal(load("pass=1d to\t7d\ndoubt=1d"), 0);
	assert_int_equal(s.pass_s, 86400);
	assert_int_equal(s.pass_most_s, 7 * 86400);
	assert_int_equal(load("pass=1 to 1"), 0);
	assert_int_equal(load("pass=1d\ncanary=1d\ndrop=after  65535"), 0);

	for (int i = 0; i < SETTINGS_ZONES_MAX; i++) {
		snprintf(line, sizeof line, "zone = abcdefghij%02d.a.b\n", i);
		strcat(text, line);
	}
	assert_int_equal(load(text), 0);
	assert_int_equal(s.n_zones, 16);
	assert_int_equal(s.secrets.n, 16);
	assert_int_equal(load(strcat(text, "zone = x.y\n")), -1);
	assert_non_null(strstr(message, ":17: more than 16 zones"));

	memset(text, '#', sizeof text);
	text[4094] = '\n';
	strcpy(text + 4095, "pass = 1m");
	assert_int_equal(load(text), 0);
	memmove(text + 1, text, 4095 + strlen("pass = 1m") + 1);
	assert_int_equal(load(text), -1);
	assert_non_null(strstr(message, ":1: line longer than 4094 bytes"));
}

/* What hooks/feed.conf shows can be had by taking the '#' away. */
static void
the_sample(void **state)
{
	FILE *in = fopen("hooks/feed.conf", "re");
	char line[256];
	char text[8192] = "";

	(void)state;
	assert_non_null(in);
	while (fgets(line, sizeof line, in) != NULL)
		strcat(text, line + (line[0] == '#' && line[1] != ' ' &&
					line[1] != '\n'));
	assert_int_equal(fclose(in), 0);
	if (load(text) != 0)
		fail_msg("%s", message);
	assert_true(s.pass_s != 0 && s.drop_after != 0 && s.n_zones > 1 &&
		    s.has_resolver);
	assert_int_equal(s.canary_s, 300);
	assert_true(s.alarm);
	assert_int_equal(settings_load("hooks/feed.conf", &s, message), 0);
	assert_int_equal(s.doubt_s, 12 * 3600);
	assert_int_equal(s.pass_s, 15 * 60);
	assert_int_equal(s.pass_most_s, 7 * 86400);
	s.doubt_s = s.pass_s = s.pass_most_s = 0;
	assert_defaults();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(defaults),
	    cmocka_unit_test(all_keys),
	    cmocka_unit_test(resolvers),
	    cmocka_unit_test(errors),
	    cmocka_unit_test(errors_without_keys),
	    cmocka_unit_test(limits),
	    cmocka_unit_test(the_sample),
	};
	int failed;

	unit_directory(directory);
	snprintf(path, sizeof path, "%s/feed.conf", directory);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unit_remove(directory);
	return failed;
}
