/* SPDX-License-Identifier: ISC */
/*
 * closer: closes files without waiting for it.
 *
 * The last close of a file that was deleted frees its blocks, and that can wait
 * for the disk as long as others keep it busy (0.7 s were seen on ext4, with a
 * logger that syncs each file). A reader that stood still so long would find
 * the next files deleted too.
 */
#ifndef CLOSER_H
#define CLOSER_H

/*
 * Closes the descriptor now or a little later, in a thread that the first call
 * starts; it blocks the signals that the caller blocks. Whoever forks in
 * between passes a copy of it on, as with any other.
 */
void closer_close(int fd);

#endif
