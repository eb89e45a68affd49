/* SPDX-License-Identifier: ISC */
/*
 * figures: what traffic.h makes, in the terms of the figures that it is made
 * from.
 */
#ifndef FIGURES_H
#define FIGURES_H

#include <stdio.h>

#include "traffic.h"

/*
 * Writes a line each, "WHAT<TAB>PUBLISHED<TAB>GENERATED", all numbers in
 * percent but for those that say what they are; "-" where nothing is published.
 * Weeks are those of a calendar, as published, and days too; whole four weeks are
 * wanted. 0, or -1 with errno.
 */
int figures_write(FILE *to, const struct traffic_params *p)
    __attribute__((warn_unused_result));

#endif
