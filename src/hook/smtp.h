/* SPDX-License-Identifier: ISC */
/*
 * smtp: the dialogue with a client that is refused.
 *
 * It is rblsmtpd's (ucspi-tcp 0.88, rblsmtpd.c and commands.c), with another
 * name in the greeting: 220; HELO, EHLO, MAIL, RSET and NOOP get 250; QUIT
 * gets 221 and ends it; everything else gets the reply. Commands end with LF
 * or CR LF, are compared without regard to case, and end at the first blank.
 */
#ifndef SMTP_H
#define SMTP_H

/*
 * Talks with the client that reads from out and writes to in until it quits,
 * disconnects, or timeout_s seconds are over, however slow it reads or writes.
 * With timeout_s 0 the reply is sent and nothing read. reply is one line
 * without CR LF (reply.h). SIGPIPE must be ignored. Errors on either
 * descriptor end the dialogue: there is nobody left to tell.
 */
void smtp_refuse(int in, int out, const char *reply, unsigned timeout_s);

#endif
