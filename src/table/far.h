/* SPDX-License-Identifier: MIT
 *
 * far.h - keys whose home slot is another key's: a hash table of liburcu's.
 *
 * Between fl_far_enter and fl_far_leave no entry that is found goes away.  They may be nested, and
 * nothing may wait in between.
 */
#ifndef FL_FAR_H
#define FL_FAR_H

#include "entry.h"

struct fl_far;	   /* all of a table's */
struct fl_far_key; /* one of them */

struct fl_far *fl_far_new(const struct rcu_flavor_struct *flavor); /* NULL: no memory */
void fl_far_free(struct fl_far *far);				   /* must be empty */

void fl_far_enter(const struct fl_far *far);
void fl_far_leave(const struct fl_far *far);

/* Inside: NULL: it is not there. */
struct fl_entry *fl_far_find(struct fl_far *far, const struct fl_key *key);

/* Outside.  If very many are still to be freed, lets the thread that does it go first. */
void fl_far_relieve(struct fl_far *far);

/* Makes one, TENTATIVE, with one user; NULL: no memory.  Not in the table. */
struct fl_entry *fl_far_make(struct fl_far *far, const struct fl_key *key,
			     struct fl_home *home, const fifolock_modes_t *modes,
			     uint64_t units);
void fl_far_discard(struct fl_entry *entry); /* one that has never been in it */

/* Inside.  The one that is in the table now: this one, or another of the same key. */
struct fl_entry *fl_far_add(struct fl_far *far, const struct fl_key *key,
			    struct fl_entry *entry);

/* Inside.  Takes a DEAD one out, if it is still in, and frees it later.  True: this call has taken
 * it out. */
bool fl_far_remove(struct fl_far *far, struct fl_entry *entry);

/* The slot that was another key's when it was made. */
struct fl_home *fl_far_home(struct fl_entry *entry);

/* Inside: each that is in the table, until look says false. */
void fl_far_each(struct fl_far *far, bool (*look)(struct fl_entry *entry, void *ctx),
		 void *ctx);
bool fl_far_is_empty(struct fl_far *far);

/* The bytes of a far key. */
const unsigned char *fl_far_bytes(const struct fl_entry *entry);

#endif
