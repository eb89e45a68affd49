/* SPDX-License-Identifier: ISC */
#include "base/inifile.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINE_BYTES 4096
#define NAMES_BYTES 256
#define WORD "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
#define WORD_MAX 11 /* a longer one may be a secret, see secret.c */

struct reading {
	struct inifile *f;
	FILE *file;
	inifile_key *key;
	void *user;
};

void
inifile_fail(struct inifile *f, int line, int error, const char *format, ...)
{
	va_list args;
	int n;

	if (f->error != 0)
		return;
	f->error = error;
	n = snprintf(f->message, INIFILE_ERROR_SIZE, "%s:%d: ", f->path, line);
	if (n < 0 || n >= INIFILE_ERROR_SIZE)
		return;
	va_start(args, format);
	vsnprintf(f->message + n, INIFILE_ERROR_SIZE - (size_t)n, format, args);
	va_end(args);
}

static void
fail_unknown(struct inifile *f, const struct inifile_known *keys, size_t n,
    const char *name)
{
	size_t word = strspn(name, WORD);
	char names[NAMES_BYTES] = "";
	size_t len = 0;

	for (size_t i = 0; i < n && len < sizeof names; i++)
		len += (size_t)snprintf(names + len, sizeof names - len, "%s%s",
		    i == 0 ? "" : ", ", keys[i].name);
	if (word > 0 && word <= WORD_MAX && name[word] == 0)
		inifile_fail(f, f->line, EINVAL,
		    "'%s': no such key; there are %s", name, names);
	else
		inifile_fail(f, f->line, EINVAL,
		    "there is no such key; there are %s", names);
}

void
inifile_set(struct inifile *f, const struct inifile_known *keys, size_t n,
    const char *name, const char *value, void *user)
{
	unsigned bit = 1;

	for (size_t i = 0; i < n; i++, bit <<= 1) {
		if (strcmp(keys[i].name, name) != 0)
			continue;
		if ((f->seen & bit) != 0 && !keys[i].many)
			inifile_fail(
			    f, f->line, EINVAL, "%s is given twice", name);
		else if (*value == 0)
			inifile_fail(f, f->line, EINVAL, "%s is empty", name);
		else
			keys[i].set(user, value);
		f->seen |= bit;
		return;
	}
	fail_unknown(f, keys, n, name);
}

/* fgets for inih: counts the lines. */
static char *
read_line(char *buf, int size, void *user)
{
	struct reading *r = user;
	size_t len;

	if (r->f->error != 0)
		return NULL;
	if (fgets(buf, size, r->file) == NULL) {
		if (ferror(r->file))
			inifile_fail(
			    r->f, r->f->line, errno, "%s", strerror(errno));
		return NULL;
	}
	r->f->line++;
	len = strlen(buf);
	if (len + 1 >= (size_t)size && buf[len - 1] != '\n') {
		inifile_fail(r->f, r->f->line, EINVAL,
		    "line longer than %d bytes", size - 2);
		return NULL;
	}
	return buf;
}

static int
on_key(void *user, const char *section, const char *name, const char *value)
{
	const struct reading *r = user;

	if (r->f->error == 0)
		r->key(r->user, section, name, value);
	return 1;
}

void
inifile_read(struct inifile *f, const char *what, inifile_key *key, void *user)
{
	struct reading r = {f, fopen(f->path, "re"), key, user};
	int bad_line;

	f->line = 0;
	f->seen = 0;
	if (r.file == NULL) {
		f->error = errno;
		snprintf(f->message, INIFILE_ERROR_SIZE, "%s: %s", f->path,
		    strerror(errno));
		return;
	}
	ini_allow_inline_comments = false;
	ini_allow_multiline = false;
	ini_use_stack = false;
	ini_max_line = LINE_BYTES;
	ini_initial_alloc = LINE_BYTES;
	bad_line = ini_parse_stream(read_line, &r, on_key, &r);
	if (bad_line == -2)
		inifile_fail(f, f->line, ENOMEM, "%s", strerror(ENOMEM));
	else if (bad_line > 0)
		inifile_fail(f, bad_line, EINVAL, "%s", what);
	fclose(r.file);
}
