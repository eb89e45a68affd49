/*
 * The client's side of the dialogue: however the bytes are cut, the answers
 * are the same, and there is one line for each of its lines up to QUIT.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "smtp.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REPLY "451 no"

/* Plays the bytes to the dialogue; returns how much it answered. */
static size_t
play(const uint8_t *data, size_t size, char *out, size_t out_size)
{
	int in[2];
	int back[2];
	size_t len = 0;
	ssize_t n;

	if (pipe(in) != 0 || pipe(back) != 0)
		abort();
	if (write(in[1], data, size) != (ssize_t)size)
		abort();
	close(in[1]);
	smtp_refuse(in[0], back[1], REPLY, 10);
	close(in[0]);
	close(back[1]);
	while ((n = read(back[0], out + len, out_size - len)) > 0)
		len += (size_t)n;
	close(back[0]);
	return len;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char out[65536];
	size_t lines = 0;
	size_t answers = 0;
	size_t len;

	signal(SIGPIPE, SIG_IGN);
	if (size > 2000) /* the answers must fit in the pipe */
		return 0;
	len = play(data, size, out, sizeof out);
	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	for (size_t i = 0; i < len; i++) {
		if (out[i] == '\n')
			answers++;
		else if ((out[i] < 32 || out[i] > 126) && out[i] != '\r')
			abort();
	}
	if (answers < 1 || answers > lines + 1)
		abort();
	if (answers < lines + 1 &&
	    (len < 20 ||
		memcmp(out + len - 19, "221 rblcache.local\r\n" + 1, 19) != 0))
		abort();
	return 0;
}
