/* SPDX-License-Identifier: ISC */
/*
 * A DNS server that is MS milliseconds away.
 *
 *	late ADDRESS MS SERVER
 *
 * Hands what comes to port 53 of ADDRESS on to port 53 of SERVER, MS after it
 * came, and the answers back at once. Any number of queries wait at the same
 * time, as on a long line. Says "ready" and runs until it is killed.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define QUERIES 65536 /* one for each identifier */
#define QUERY_MAX 512

/* Sent on under its place in the table, which the answer brings back. */
struct query {
	struct sockaddr_in from;
	uint16_t id; /* the asker's, as on the wire */
	int64_t due_us;
	size_t len;
	unsigned char bytes[QUERY_MAX];
};

static struct query queries[QUERIES];
static uint16_t first, next; /* what waits */

static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static struct sockaddr_in
port_53(const char *text)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(53)};

	if (inet_pton(AF_INET, text, &a.sin_addr) != 1) {
		fprintf(stderr, "late: %s is no address\n", text);
		exit(100);
	}
	return a;
}

static void
take_query(int front, int64_t delay_us)
{
	struct query *q = &queries[next];
	socklen_t size = sizeof q->from;
	ssize_t n;

	n = recvfrom(front, q->bytes, sizeof q->bytes, MSG_DONTWAIT,
	    (struct sockaddr *)&q->from, &size);
	if (n < 12)
		return;
	q->len = (size_t)n;
	memcpy(&q->id, q->bytes, sizeof q->id);
	memcpy(q->bytes, &next, sizeof next);
	q->due_us = now_us() + delay_us;
	next++;
}

static void
take_answer(int front, int back)
{
	unsigned char bytes[QUERY_MAX];
	ssize_t n = recv(back, bytes, sizeof bytes, MSG_DONTWAIT);
	const struct query *q;
	uint16_t place;

	if (n < 12)
		return;
	memcpy(&place, bytes, sizeof place);
	q = &queries[place];
	memcpy(bytes, &q->id, sizeof q->id);
	if (sendto(front, bytes, (size_t)n, 0,
		(const struct sockaddr *)&q->from, sizeof q->from) < 0)
		perror("late: answer");
}

static void
serve(int front, int back, int64_t delay_us)
{
	struct pollfd p[] = {
	    {.fd = front, .events = POLLIN}, {.fd = back, .events = POLLIN}};

	for (;;) {
		struct timespec wait;
		int64_t left_us = 0;

		for (; first != next; first++) {
			const struct query *q = &queries[first];

			left_us = q->due_us - now_us();
			if (left_us > 0)
				break;
			if (send(back, q->bytes, q->len, 0) < 0)
				perror("late: query");
		}
		wait = (struct timespec){.tv_nsec = left_us % 1000000 * 1000,
		    .tv_sec = left_us / 1000000};
		if (ppoll(p, 2, first == next ? NULL : &wait, NULL) < 0)
			return;
		if (p[0].revents != 0)
			take_query(front, delay_us);
		if (p[1].revents != 0)
			take_answer(front, back);
	}
}

int
main(int argc, char **argv)
{
	struct sockaddr_in own;
	struct sockaddr_in server;
	int front = socket(AF_INET, SOCK_DGRAM, 0);
	int back = socket(AF_INET, SOCK_DGRAM, 0);

	if (argc != 4) {
		fputs("usage: late ADDRESS MS SERVER\n", stderr);
		return 100;
	}
	own = port_53(argv[1]);
	server = port_53(argv[3]);
	if (bind(front, (struct sockaddr *)&own, sizeof own) != 0 ||
	    connect(back, (struct sockaddr *)&server, sizeof server) != 0) {
		perror("late");
		return 111;
	}
	puts("ready");
	fflush(stdout);
	serve(front, back, atoi(argv[2]) * INT64_C(1000));
	perror("late");
	return 111;
}
