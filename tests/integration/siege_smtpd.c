/* SPDX-License-Identifier: ISC */
/*
 * A small qmail-smtpd with CHKUSER, for siege.t. It writes its log as qmail's
 * substdio does, so clients can tear lines: the buffer has 256 bytes, a field that
 * does not fit into what is left of it makes the buffer be written first, and a
 * field that is larger than the buffer is written by itself. Fields are written as
 * the client gave them.
 *
 * The greeting has the number of this process. (qmail tells it in its answer to a
 * mail.) An even number logs as CHKUSER 2.0.9, an odd one as sagredo's.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { BUFFER_SIZE = 256, ONE_WRITE = 8192, THRESHOLD = 10 };

static struct {
	char bytes[BUFFER_SIZE];
	size_t len;
} errors;

static struct {
	char *helo;
	char *sender;
	unsigned rejected; /* recipients */
	bool sagredo;
} session;

static void
write_all(const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(2, bytes, len);

		if (n <= 0)
			_exit(1);
		bytes += n;
		len -= (size_t)n;
	}
}

static void
flush(void)
{
	write_all(errors.bytes, errors.len);
	errors.len = 0;
}

static void
put(const char *field)
{
	size_t len = strlen(field);

	if (len > BUFFER_SIZE - errors.len) {
		flush();
		while (len > BUFFER_SIZE) {
			size_t n = len < ONE_WRITE ? len : ONE_WRITE;

			write_all(field, n);
			field += n;
			len -= n;
		}
	}
	memcpy(errors.bytes + errors.len, field, len);
	errors.len += len;
}

static void
chkuser(const char *title, const char *recipient, const char *description)
{
	bool s = session.sagredo;
	const char *ip = getenv("TCPREMOTEIP");

	put("CHKUSER ");
	put(title);
	put(": from <");
	put(session.sender);
	put(s ? "|remoteinfo/auth:" : ":");
	put(s ? "|chkuser-identify:" : ":");
	put(s ? "> remote <helo:" : "> remote <");
	put(session.helo);
	put(s ? "|remotehostname:" : ":");
	put("unknown");
	put(s ? "|remotehostip:" : ":");
	put(ip == NULL ? "" : ip);
	put("> rcpt <");
	put(recipient);
	put("> : ");
	put(description);
	put("\n");
	flush();
}

/* The address between < and >, in the place of arg; a backslash takes the next
   character as it is. */
static char *
address(char *arg)
{
	char *from = strchr(arg, '<');
	char *to = arg;

	for (from = from == NULL ? arg : from + 1; *from != '\0'; from++) {
		if (*from == '>')
			break;
		if (*from == '\\' && from[1] != '\0')
			from++;
		*to++ = *from;
	}
	*to = '\0';
	return arg;
}

static void
reply(const char *text)
{
	printf("%s\r\n", text);
}

static void
keep(char **kept, const char *value)
{
	free(*kept);
	*kept = strdup(value);
	if (*kept == NULL)
		_exit(1);
}

static bool
ends(const char *s, const char *end)
{
	size_t len = strlen(s);
	size_t end_len = strlen(end);

	return len >= end_len && strcmp(s + len - end_len, end) == 0;
}

static void
mail(char *arg)
{
	keep(&session.sender, address(arg));
	if (ends(session.sender, ".invalid")) {
		chkuser("rejected sender", "", "invalid sender MX domain");
		reply("550 sender");
		return;
	}
	reply("250 ok");
}

static void
rcpt(char *arg)
{
	const char *recipient = address(arg);

	if (session.rejected > THRESHOLD) {
		chkuser("rejected intrusion", recipient,
		    "rcpt ignored, session over intrusion threshold");
		reply("550 intrusion");
		return;
	}
	if (ends(recipient, "@smtpd.test")) {
		chkuser("accepted rcpt", recipient, "found existing recipient");
		reply("250 ok");
		return;
	}
	if (++session.rejected > THRESHOLD)
		chkuser("intrusion threshold", recipient,
		    "max number of allowed invalid rcpt");
	else
		chkuser("rejected rcpt", recipient, "not existing recipient");
	reply("550 recipient");
}

static void
command(char *line)
{
	char *arg = strpbrk(line, " :");

	arg = arg == NULL ? line + strlen(line) : arg + 1;
	if (strncasecmp(line, "HELO", 4) == 0) {
		keep(&session.helo, arg);
		reply("250 smtpd.test");
	} else if (strncasecmp(line, "MAIL", 4) == 0) {
		mail(arg);
	} else if (strncasecmp(line, "RCPT", 4) == 0) {
		rcpt(arg);
	} else {
		reply("250 ok");
	}
}

int
main(void)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	keep(&session.helo, "");
	keep(&session.sender, "");
	session.sagredo = getpid() % 2 != 0;
	printf("220 smtpd.test pid %ld\r\n", (long)getpid());
	fflush(stdout);
	while ((len = getline(&line, &size, stdin)) > 0) {
		line[strcspn(line, "\r\n")] = '\0';
		if (strncasecmp(line, "QUIT", 4) == 0) {
			reply("221 smtpd.test");
			break;
		}
		command(line);
		fflush(stdout);
	}
	free(line);
	free(session.helo);
	free(session.sender);
	return 0;
}
