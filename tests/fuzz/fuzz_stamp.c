/* A stamp is within the line, leaves the message, and a line has one time. */
#include <stdlib.h>
#include <string.h>

#include "stamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int64_t t = -1;
	int64_t again = -1;
	char *exact = malloc(size + 1);
	size_t n;

	if (exact == NULL)
		return 0;
	memcpy(exact, data, size);
	n = stamp_parse(exact, size, 1795505462, &t);
	if (n > size || (n == 0) != (t == -1) || (n > 0 && t < 0))
		abort();
	/* what stands behind the stamp cannot change it */
	if (stamp_parse(exact, n, 1795505462, &again) != n || again != t)
		abort();
	free(exact);
	return 0;
}
