/* SPDX-License-Identifier: ISC */
/*
 * The clients of siege.t: siege_clients PORT SEED CONNECTIONS
 *
 * One to six attackers, as the seed says, make so many connections each, from other
 * addresses of 198.18.0.0/16. (With few, the log comes to rest in between.) They
 * pipeline commands whose long fields begin as the lines of others do. The fields are
 * there to become the begin of a line, because other programs wrote between the parts
 * of the attacker's own, or because the logger cut it. The planted addresses are in
 * 198.51.100.0/24:
 *
 *	.1 to .4	victims. They connect meanwhile, again and again, as good
 *			hosts do. The attackers know the process of each.
 *	.129 to .254	never connect
 *
 * Meanwhile 203.0.113.1 to .20, which are listed, connect in turn.
 *
 * It prints what it did; victims_refused are victims that the hook or rblsmtpd
 * refused.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../bench/chance.h"

enum {
	ATTACKERS = 6, /* at most */
	ATTACKERS_LEAST = 1,
	VICTIMS = 4,
	LISTED = 20,
	COMMANDS = 40, /* of one connection */
	FIELD_MAX = 20000,
	SPOKEN_MAX = 1 << 20,
	S6_LIMIT = 8192, /* s6-log cuts a longer line */
	PAGE = 4096,	 /* a longer write into a pipe may be cut there */
	HOLD_MS = 300,	 /* a victim stays */
	PAUSE_MS = 20,
};

/* What the processes tell each other. */
struct shared {
	atomic_uint victim_pid[VICTIMS]; /* 0: not connected */
	atomic_bool is_over;
	atomic_ulong attempts;
	atomic_ulong connections;
	atomic_ulong victims;
	atomic_ulong victims_refused;
};

static struct shared *shared;
static struct sockaddr_in server;

/*
 * What a field may begin with: @ is a planted address and # a process number. A
 * program's own line never has the word PLANTED, and never a sender "a".
 */
static const char *const forgeries[] = {
    "rblsmtpd: @ pid #: 451 PLANTED",
    "rblsmtpd: @ pid #: 451 PLANTED",
    "rblsmtpd: @ pid #: 553 PLANTED",
    "rblsmtpd: @ pid # zone.test: 451 PLANTED",
    "rblsmtpd:  pid # from @: 451 PLANTED",
    "rblsmtpd: PLANTED blocked @ x -",
    "CHKUSER intrusion threshold: from <a::> remote <h:r:@> rcpt <PLANTED",
    "CHKUSER intrusion threshold: from <a|remoteinfo/auth:|chkuser-identify:> "
    "remote <helo:h|remotehostname:r|remotehostip:@> rcpt <PLANTED",
    "CHKUSER rejected intrusion: from <a::> remote <h:r:@> rcpt <PLANTED",
    "CHKUSER rejected sender: from <a::> remote <h:r:@> rcpt <> : invalid "
    "sender MX domain PLANTED",
    "spamdyke[#]: DENIED_RBL_MATCH from: a to: b origin_ip: @ origin_rdns: r "
    "auth: x encryption: PLANTED",
    "DENIED_RBL_MATCH from: a to: b origin_ip: @ origin_rdns: r auth: x "
    "encryption: y reason: PLANTED",
    "qmail-smtpd: 421 badiprbl: ip @ rbl: PLANTED",
    "qmail-smtpd[#]: rbl: ip=@ query=x result=reject message='PLANTED",
    "rbl: ip=@ query=x result=reject message='PLANTED",
    "tcpserver: pid # from @ PLANTED",
    "tcpserver: ok # h:127.0.0.1:25 :@::35799 PLANTED",
    "tcpserver: end # status 0 PLANTED",
    "rblcache: @ pid #: 451 PLANTED",
    "rblcache: @ pid #: recheck PLANTED",
    "rblcache: @ pid #: passed PLANTED",
};

/* What goes on where the line of another client was torn, or ends that line. */
static const char *const continuations[] = {
    "a::> remote <h:r:@> rcpt <PLANTED",
    "a|remoteinfo/auth:|chkuser-identify:> remote <helo:h|remotehostname:r|"
    "remotehostip:@> rcpt <PLANTED",
    "h:r:@> rcpt <PLANTED",
    "helo:h|remotehostname:r|remotehostip:@> rcpt <PLANTED",
    "PLANTED> : not existing recipient",
    "> : rcpt ignored, session over intrusion threshold",
};

#define COUNT(list) (sizeof(list) / sizeof *(list))

static unsigned
any(struct chance *c, unsigned n)
{
	return (unsigned)(chance_bits(c) % n);
}

static void
pause_ms(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

/* ---- connections ---- */

/* A connection from that address, or NULL. */
static FILE *
call(uint32_t from)
{
	struct sockaddr_in own = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(from)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;
	FILE *f;

	if (fd < 0)
		return NULL;
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)&own, sizeof own) == 0 &&
	    connect(fd, (struct sockaddr *)&server, sizeof server) == 0 &&
	    (f = fdopen(fd, "r+")) != NULL)
		return f;
	close(fd);
	return NULL;
}

/* The process number in the greeting; 0: it is not that of the smtpd. */
static unsigned
greeted(FILE *f)
{
	char line[256];
	unsigned pid;

	if (fgets(line, sizeof line, f) == NULL ||
	    sscanf(line, "220 smtpd.test pid %u", &pid) != 1)
		return 0;
	return pid;
}

/* Says it all at once, and reads the answers up to the end. */
static void
speak(FILE *f, const char *all, size_t len)
{
	char line[256];

	/* the answers are short, and there is room for all of them */
	if (send(fileno(f), all, len, MSG_NOSIGNAL) == (ssize_t)len)
		while (fgets(line, sizeof line, f) != NULL)
			;
	fclose(f);
}

/* ---- attackers ---- */

struct attack {
	struct chance chance;
	char spoken[SPOKEN_MAX];
	size_t len;
	char ip[INET_ADDRSTRLEN]; /* its own */
	unsigned pid;
	unsigned planted; /* the last byte of the planted address */
	unsigned planted_pid;
};

static void
say(struct attack *a, const char *bytes, size_t len)
{
	if (len > sizeof a->spoken - a->len)
		abort();
	memcpy(a->spoken + a->len, bytes, len);
	a->len += len;
}

static void
say_text(struct attack *a, const char *text)
{
	say(a, text, strlen(text));
}

/* A field as the argument of MAIL or RCPT. */
static void
say_address(struct attack *a, const char *command, const char *field)
{
	say_text(a, command);
	for (; *field != '\0'; field++) {
		if (*field == '>' || *field == '\\')
			say(a, "\\", 1);
		say(a, field, 1);
	}
	say_text(a, ">\r\n");
}

/* Whom to plant, with what process: one that is, or a guess. */
static void
choose(struct attack *a)
{
	unsigned victim = any(&a->chance, VICTIMS);
	unsigned pid = atomic_load(&shared->victim_pid[victim]);

	a->planted_pid = a->pid + any(&a->chance, 32) - 8;
	if (chance_is(&a->chance, .3)) {
		a->planted = 129 + any(&a->chance, 126);
		if (chance_is(&a->chance, .5))
			a->planted_pid = a->pid;
		return;
	}
	a->planted = 1 + victim;
	if (pid != 0 && chance_is(&a->chance, .7))
		a->planted_pid = pid;
}

/* A forged text; returns its length. The field has room. */
static size_t
forge(struct attack *a, char *field)
{
	const char *t =
	    chance_is(&a->chance, .8)
		? forgeries[any(&a->chance, COUNT(forgeries))]
		: continuations[any(&a->chance, COUNT(continuations))];
	char *to = field;

	choose(a);
	for (; *t != '\0'; t++) {
		if (*t == '@')
			to += sprintf(to, "198.51.100.%u", a->planted);
		else if (*t == '#')
			to += sprintf(to, "%u", a->planted_pid);
		else
			*to++ = *t;
	}
	*to = '\0';
	atomic_fetch_add(&shared->attempts, 1);
	return (size_t)(to - field);
}

/* A field that begins so and is about as long as that. */
static void
forge_field(struct attack *a, char *field, size_t least, size_t most)
{
	size_t len = forge(a, field);
	size_t wanted = least + any(&a->chance, (unsigned)(most - least));

	while (len < wanted)
		field[len++] = 'x';
	field[len] = '\0';
}

/* So many bytes that come to an end where the logger cuts, then a forged text. */
static void
forge_behind(struct attack *a, char *field, size_t prefix)
{
	memset(field, 'x', S6_LIMIT - prefix);
	forge(a, field + S6_LIMIT - prefix);
}

/* A forged text wherever a long write into a pipe may be cut. */
static void
forge_pages(struct attack *a, char *field)
{
	size_t len = 3 * PAGE + any(&a->chance, PAGE);
	char text[512];

	memset(field, 'x', len);
	field[len] = '\0';
	for (size_t at = 0; at + sizeof text < len; at += PAGE) {
		size_t n = forge(a, text);

		memcpy(field + at, text, n);
		if (at > 0 && at - PAGE + len % PAGE + n < len) {
			n = forge(a, text);
			memcpy(field + at - PAGE + len % PAGE, text, n);
		}
	}
}

/* What a line has in front of HELO and in front of the recipient. */
static size_t
before_helo(const struct attack *a, const char *title)
{
	return strlen("CHKUSER : from <s@b.test") + strlen(title) +
	       (a->pid % 2 ? strlen("|remoteinfo/auth:|chkuser-identify:> "
				    "remote <helo:")
			   : strlen("::> remote <"));
}

static size_t
before_rcpt(const struct attack *a, const char *title)
{
	return before_helo(a, title) + strlen("h") + strlen(a->ip) +
	       (a->pid % 2
		       ? strlen("|remotehostname:unknown|remotehostip:> rcpt <")
		       : strlen(":unknown:> rcpt <"));
}

/* Long recipients, or long senders in front of them. */
static void
attack_by_addresses(struct attack *a, bool senders)
{
	char field[FIELD_MAX];

	say_text(a, "HELO h\r\nMAIL FROM:<s@b.test>\r\n");
	for (unsigned i = 0; i < COMMANDS; i++) {
		forge_field(a, field, 180, 600);
		if (senders)
			strcat(field, "@b.invalid");
		say_address(a, senders ? "MAIL FROM:<" : "RCPT TO:<", field);
	}
}

static void
attack_by_helo(struct attack *a)
{
	char field[FIELD_MAX];

	say_text(a, "MAIL FROM:<s@b.test>\r\n");
	for (unsigned i = 0; i < COMMANDS; i++) {
		forge_field(a, field, 180, 1200);
		say_text(a, "HELO ");
		say_text(a, field);
		say_text(a, "\r\n");
		forge_field(a, field, 10, 300);
		say_address(a, "RCPT TO:<", field);
	}
}

/* Lines that are longer than the logger's limit, and than a page. */
static void
attack_by_length(struct attack *a)
{
	char field[FIELD_MAX];

	say_text(a, "MAIL FROM:<s@b.test>\r\nHELO ");
	forge_behind(a, field, before_helo(a, "rejected rcpt"));
	say_text(a, field);
	say_text(a, "\r\nRCPT TO:<c@d.test>\r\nHELO h\r\n");
	for (unsigned i = 0; i < 4; i++) {
		forge_behind(a, field, before_rcpt(a, "rejected rcpt"));
		say_address(a, "RCPT TO:<", field);
		forge_pages(a, field);
		say_address(a, "RCPT TO:<", field);
	}
}

static void
attack_once(struct attack *a)
{
	uint32_t from = 0xC6120000 + (uint32_t)any(&a->chance, 0xFFFE) + 1;
	struct in_addr own = {htonl(from)};
	FILE *f = call(from);

	if (f == NULL)
		return;
	atomic_fetch_add(&shared->connections, 1);
	a->pid = greeted(f);
	if (a->pid == 0) {
		fclose(f);
		return;
	}
	a->len = 0;
	inet_ntop(AF_INET, &own, a->ip, sizeof a->ip);
	switch (any(&a->chance, 8)) {
	case 0:
		attack_by_length(a);
		break;
	case 1:
		attack_by_helo(a);
		break;
	case 2:
		attack_by_addresses(a, true);
		break;
	default:
		attack_by_addresses(a, false);
	}
	say_text(a, "QUIT\r\n");
	speak(f, a->spoken, a->len);
}

static void
attack(struct chance chance, unsigned long connections)
{
	static struct attack a;

	a.chance = chance;
	while (connections-- > 0)
		attack_once(&a);
}

/* ---- the others ---- */

static void
mail(unsigned i)
{
	static const char said[] =
	    "HELO good.test\r\nMAIL FROM:<v@good.test>\r\n"
	    "RCPT TO:<c@smtpd.test>\r\nQUIT\r\n";
	FILE *f = call(0xC6336401 + i);
	unsigned pid;

	if (f == NULL)
		return;
	pid = greeted(f);
	atomic_fetch_add(&shared->victims, 1);
	if (pid == 0) {
		atomic_fetch_add(&shared->victims_refused, 1);
		fclose(f);
		return;
	}
	atomic_store(&shared->victim_pid[i], pid);
	pause_ms(HOLD_MS);
	atomic_store(&shared->victim_pid[i], 0);
	speak(f, said, sizeof said - 1);
}

static void
be_victim(unsigned i)
{
	while (!atomic_load(&shared->is_over)) {
		mail(i);
		pause_ms(PAUSE_MS);
	}
}

static void
be_listed(void)
{
	for (uint32_t i = 0; !atomic_load(&shared->is_over); i++) {
		FILE *f = call(0xCB007101 + i % LISTED);

		if (f != NULL)
			speak(f, "QUIT\r\n", 6);
		pause_ms(PAUSE_MS);
	}
}

/* A process of its own for each; which of them stop by themselves come first. */
static void
act(unsigned who, uint64_t seed, unsigned long connections)
{
	if (who < ATTACKERS_LEAST + seed % (ATTACKERS - ATTACKERS_LEAST + 1))
		attack((struct chance){seed * ATTACKERS + who}, connections);
	else if (who < ATTACKERS)
		return;
	else if (who < ATTACKERS + VICTIMS)
		be_victim(who - ATTACKERS);
	else
		be_listed();
}

static void
besiege(uint64_t seed, unsigned long connections)
{
	pid_t pids[ATTACKERS + VICTIMS + 1];

	for (unsigned i = 0; i < COUNT(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			act(i, seed, connections);
			_exit(0);
		}
	}
	for (unsigned i = 0; i < COUNT(pids); i++) {
		if (i == ATTACKERS)
			atomic_store(&shared->is_over, true);
		if (pids[i] > 0)
			waitpid(pids[i], NULL, 0);
	}
}

int
main(int argc, char **argv)
{
	if (argc != 4)
		return 100;
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 111;
	server = (struct sockaddr_in){.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10)),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	besiege(strtoull(argv[2], NULL, 10), strtoul(argv[3], NULL, 10));
	printf(
	    "attempts %lu\nattackers %lu\nvictims %lu\nvictims_refused %lu\n",
	    atomic_load(&shared->attempts), atomic_load(&shared->connections),
	    atomic_load(&shared->victims),
	    atomic_load(&shared->victims_refused));
	return 0;
}
