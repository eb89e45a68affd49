/* SPDX-License-Identifier: ISC */
#include "log/spare.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "log/decide.h"

#define FILES_MAX 32 /* more are not looked at */

struct spare_file {
	struct rules *rules;
	char *advice;
};

struct spare {
	struct spare_file files[FILES_MAX];
	size_t n;
};

static bool
has_namesake(const char *dir, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return lstat(path, &st) == 0;
}

static void
add(struct spare *spare, const char *dir, const char *name)
{
	struct spare_file *file = &spare->files[spare->n];
	char error[RULES_ERROR_SIZE];
	char path[PATH_MAX];
	const char *const paths[] = {path};

	if (spare->n == FILES_MAX || has_namesake(dir, name))
		return;
	snprintf(path, sizeof path, "%s/" SPARE_FOLDER "/%s", dir, name);
	file->rules = rules_load(paths, 1, error);
	if (file->rules == NULL)
		return;
	if (asprintf(&file->advice,
		"%s would match lines of this log; link it: "
		"ln -s " SPARE_FOLDER "/%s %s/",
		name, name, dir) < 0) {
		rules_free(file->rules);
		return;
	}
	spare->n++;
}

static void
add_directory(struct spare *spare, const char *dir)
{
	struct dirent **names;
	char folder[PATH_MAX];
	int n;

	snprintf(folder, sizeof folder, "%s/" SPARE_FOLDER, dir);
	n = scandir(folder, &names, rules_is_file, alphasort);
	if (n < 0)
		return;
	for (int i = 0; i < n; i++) {
		add(spare, dir, names[i]->d_name);
		free(names[i]);
	}
	free(names);
}

struct spare *
spare_load(const char *const *paths, size_t n)
{
	struct spare *spare = calloc(1, sizeof *spare);

	if (spare == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++)
		add_directory(spare, paths[i]);
	if (spare->n > 0)
		return spare;
	free(spare);
	return NULL;
}

void
spare_free(struct spare *spare)
{
	if (spare == NULL)
		return;
	for (size_t i = 0; i < spare->n; i++) {
		rules_free(spare->files[i].rules);
		free(spare->files[i].advice);
	}
	free(spare);
}

const char *
spare_look(struct spare *spare, const struct message *line)
{
	struct rules_match match;
	struct decision d;

	for (size_t i = 0; spare != NULL && i < spare->n; i++)
		if (decide_read(&d, spare->files[i].rules, line, &match) ==
		    RULES_BAN)
			return spare->files[i].advice;
	return NULL;
}
