/* SPDX-License-Identifier: MIT
 *
 * pass.h - hold and role go on together, from slot to slot.
 */
#ifndef FL_PASS_H
#define FL_PASS_H

#include "scan.h"

/* Give back the hold with which this thread keeps the scanner's role, by passing both on; nothing of the
 * lock is written, unless there are news to announce, and only where the heir has left no hint one look
 * is taken at its line.  False: nothing has happened, or not to the hold. */
bool fl_pass(fifolock_t *lock, unsigned mode);

/* The same, but not to the owner of a section, as the caller had better run that itself. */
bool fl_pass_to_lock(fifolock_t *lock, unsigned mode);

/* How many sections the line moves on by in one step, at the most. */
#define FL_ROW 16

/* Behind that slot, perhaps: believed when it is asked for in fl_serve_next. */
struct fl_slot *fl_serve_behind(const struct fl_slot *slot);

/* The section of row[0], directly behind the server, has been run.  row[1] and so on, so many, are perhaps
 * those behind it, one behind the other: how many are, and are to be run next.  The last of these is in
 * line still; the others are off the line.  0: there is none such, or the server does not keep the role
 * any more; it gives its hold back, and then tells. */
unsigned fl_serve_next(fifolock_t *lock, struct fl_slot *server,
		       struct fl_slot *const row[], unsigned most);

/* ... and now the last one stands behind the server, and no more the first, which may be told. */
void fl_serve_stand(struct fl_slot *server, struct fl_slot *first, struct fl_slot *last);

/* Its section has been run.  next: off the line, too, and next to be run; so it does not say any more that
 * it stands behind this one; NULL: it does not anyway.  The second by a store: see slot.h. */
void fl_serve_complete(struct fl_slot *served, struct fl_slot *next);
void fl_serve_complete_awake(struct fl_slot *served, struct fl_slot *next);

#endif
