/* SPDX-License-Identifier: ISC */
/*
 * recall: the state that the feed starts with: nothing, or what an earlier one
 * has left in recent.cdb or, when that is damaged, in the one before it.
 *
 * Each returns 0, or -1 with errno after saying what is wrong.
 */
#ifndef RECALL_H
#define RECALL_H

struct feed;

/* Empty tables for the zones of the settings and the logs of the options. */
int recall_nothing(struct feed *f) __attribute__((warn_unused_result));

/* Fills them from where the saver writes. */
int recall_checkpoint(struct feed *f) __attribute__((warn_unused_result));

#endif
