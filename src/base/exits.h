/* SPDX-License-Identifier: ISC */
/*
 * exits: the exit codes of the programs.
 */
#ifndef EXITS_H
#define EXITS_H

enum { EXIT_USAGE = 100, EXIT_SYSTEM = 111 };

/*
 * The one for an errno: 100 for what the caller named wrongly, 111 for what the
 * system refuses.
 */
int exits_code(int error);

#endif
