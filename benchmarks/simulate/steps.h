/* SPDX-License-Identifier: MIT
 *
 * steps.h - what each thread does, access by access, from the end of one section on.
 */
#ifndef SIM_STEPS_H
#define SIM_STEPS_H

#include "machine.h"

void steps_from(uint64_t operation); /* the first of those that are noted */
void steps_section(const char *what, uint64_t operation);
void steps_access(const struct line *line, enum access access, uint64_t began);
void steps_call(const void *function);
void steps_print(void); /* to stderr, by addr2line */

#endif
