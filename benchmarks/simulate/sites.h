/* SPDX-License-Identifier: MIT
 *
 * sites.h - where in the sources lines are asked for.
 */
#ifndef SIM_SITES_H
#define SIM_SITES_H

#include "machine.h"

void site_is(const void *at); /* what comes next */
const void *site_now(void);
void site_asks(enum part part);
void site_waited(enum part part, uint64_t time);
const char *part_name(enum part part);
void site_print(const void *at);     /* function, file:line */
void sites_print(double operations); /* to stderr, by addr2line */

#endif
