/* SPDX-License-Identifier: MIT
 *
 * pass.h - hold and role go on together, from slot to slot.
 */
#ifndef FL_PASS_H
#define FL_PASS_H

#include "scan.h"

/* Give back the hold with which this thread keeps the scanner's role, by passing both on
 * without a touch of the lock.  False: nothing has happened, or not to the hold. */
bool fl_pass(fifolock_t *lock, unsigned mode);

/* What is needed of a slot while its section runs, before its line is asked for to be written; and
 * the line of the one behind it is fetched. */
void fl_serve_ahead(struct fl_service *on, const struct fl_slot *slot);

/* The section of served, directly behind the server, has been run: the one behind it, which is
 * the next to be run and has been made so, while served is off the line and only to be told.
 * NULL: there is none such, or the server does not keep the role any more; it gives its hold
 * back, and then tells. */
struct fl_slot *fl_serve_next(fifolock_t *lock, struct fl_service *on,
			      struct fl_slot *served);

/* Its section has been run.  The second by a store: see slot.h. */
void fl_serve_complete(struct fl_slot *served);
void fl_serve_complete_awake(struct fl_slot *served);

#endif
