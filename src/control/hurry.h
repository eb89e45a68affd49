/* SPDX-License-Identifier: ISC */
/*
 * hurry: calls that should not wait, and may have to.
 *
 * Who may connect to a unix socket may send descriptors along. The kernel gives
 * up those that nobody takes while this process reads or closes its end, and
 * the last close of a TCP socket with SO_LINGER waits until its peer has read
 * everything, which is for ever when the client is the peer. A signal ends that
 * waiting, so there is one every now and then.
 *
 * SIGALRM and the process's real timer belong to this module. For one thread.
 */
#ifndef HURRY_H
#define HURRY_H

#include <stdbool.h>

#define HURRY_MS 5

/* What waits from here on does so for HURRY_MS, or a little longer. */
void hurry_begin(void);

/* The end of that. Whether it took so long. */
bool hurry_end(void);

#endif
