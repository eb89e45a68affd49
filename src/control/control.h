/* SPDX-License-Identifier: ISC */
/*
 * control: the unix socket at which the feed is asked and told things.
 *
 *	one line in, one line out, and the connection is closed
 *
 * Every local user may connect. Clients that are root, or have the user or the
 * group of this process, may change something; the others may only read, and
 * the answerer is told so. Nothing here waits: clients that send nothing, half
 * a line, or never read lose their connection after a while, and seats.h says
 * who loses it to a new one when there are too many.
 *
 * Times are milliseconds of a monotonic clock.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONTROL_NAME "control" /* in STATEDIR */
#define CONTROL_LINE_MAX 4096

struct control;

/*
 * Answers the len bytes of a line (no line feed; a NUL behind them), of a
 * client that may change something or only read. Returns a string to be freed,
 * without a line feed, or NULL to close the connection. The answer is held back
 * until control_release names the number in *hold, unless it is left 0.
 */
typedef char *control_answer(
    void *user, bool may_change, const char *line, size_t len, uint64_t *hold);

/*
 * Listens at path, mode 0666 from the first moment on; what is there is
 * replaced. NULL with errno. Not for a process of which another thread creates
 * files meanwhile (umask).
 */
struct control *control_open(const char *path, control_answer *answer,
    void *user) __attribute__((warn_unused_result));

/* Closes all connections and removes the socket. */
void control_close(struct control *c);

/* A descriptor that becomes readable when control_serve has something to do. */
int control_fd(const struct control *c);

/* Serves whoever can be served; to be called every second in any case. */
void control_serve(struct control *c, int64_t now_ms);

/*
 * Lets go the answers that were held for numbers up to this one; or, when what
 * they waited for has failed, another answer instead.
 */
void control_release(struct control *c, uint64_t number, const char *instead);

#endif
