/* SPDX-License-Identifier: ISC */
/* Runs a fuzz target on files: the corpora are part of the tests this way. */
#include "fuzz.h"

#include <dirent.h>

static int
is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int
main(int argc, char **argv)
{
	struct dirent **names;
	int n;

	if (argc != 2 ||
	    (n = scandir(argv[1], &names, is_visible, alphasort)) <= 0) {
		fprintf(stderr, "usage: replay CORPUS\n");
		return 100;
	}
	printf("1..%d\n", n);
	for (int i = 0; i < n; i++) {
		static uint8_t data[65536];
		char path[4096];
		uint8_t *exact;
		size_t size;
		FILE *in;

		snprintf(path, sizeof path, "%s/%s", argv[1], names[i]->d_name);
		in = fopen(path, "re");
		if (in == NULL) {
			perror(path);
			return 111;
		}
		size = fread(data, 1, sizeof data, in);
		fclose(in);
		/* of its own size, so that reading past it is found */
		exact = malloc(size == 0 ? 1 : size);
		if (exact == NULL) {
			perror("replay");
			return 111;
		}
		memcpy(exact, data, size);
		/* a violation aborts */
		(void)LLVMFuzzerTestOneInput(exact, size);
		free(exact);
		printf("ok %d - %s\n", i + 1, names[i]->d_name);
		fflush(stdout);
		free(names[i]);
	}
	free(names);
	return 0;
}
