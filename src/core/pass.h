/* SPDX-License-Identifier: MIT
 *
 * pass.h - hold and role go on together, from slot to slot.
 */
#ifndef FL_PASS_H
#define FL_PASS_H

#include "slot.h"

/* Give back the hold with which this thread keeps the scanner's role, by passing both on
 * without a touch of the lock.  False: nothing has happened, or not to the hold. */
bool fl_pass(fifolock_t *lock, unsigned mode);

/* The section of served, directly behind the server, has been run: the one behind it, which is
 * the next to be run and has been made so, while served is off the line and only to be told.
 * NULL: there is none such, or the server does not keep the role any more; it gives its hold
 * back, and then tells. */
struct fl_slot *fl_serve_next(fifolock_t *lock, struct fl_slot *server,
			      struct fl_slot *served);

/* The slot behind it is fetched while its section runs. */
void fl_serve_ahead(const struct fl_slot *served);

#endif
