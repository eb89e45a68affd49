/* SPDX-License-Identifier: ISC */
/*
 * notify: tells a supervisor that asked for it (systemd, Type=notify) how far
 * the program is.
 *
 *	notify_send("READY=1");
 *
 * The protocol is that of sd_notify(3): one datagram to the unix socket in
 * NOTIFY_SOCKET, which is a path, or behind '@' an abstract name.
 */
#ifndef NOTIFY_H
#define NOTIFY_H

/*
 * Sends a message where NOTIFY_SOCKET is set, and is silent where it is not, or
 * when nobody listens there: the program works without. May block while the
 * socket's queue is full.
 */
void notify_send(const char *message);

#endif
