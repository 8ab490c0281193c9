/* SPDX-License-Identifier: MIT
 *
 * put.c - users of entries go, the last one ends it.
 *
 *	row       released by             acquired by                   what it carries
 *	[GONE]    fl_put_home, put_far,   publish (find.c), put_far,    what the users of the key's
 *	          fl_bury, fl_home_unclaim,    fl_put_home                   last entry did
 *	          fl_put_taken
 *
 *	relaxed   because
 *	[GUESS]   The compare-and-swap behind it decides.
 *	[MINE]    What it says of the caller's hold the caller has written, or has seen.
 */
#include "put.h"
#include "core/atomic.h"

/* A far entry is DEAD: take it out.  one: this thread has made it so.  The slot is told before, also by a
 * thread that only helps: a thread that does not find it any more sees what its users did. */
void fl_bury(fifolock_table_t *table, struct fl_entry *entry, bool one)
{
	uint64_t *state = &fl_far_home(entry)->entry.state;
	uint64_t seen = fl_load_relaxed(state); /* [GUESS] */

	/* [GONE] release */
	while (!fl_cas_release(state, &seen, one ? seen - FL_FAR_ONE : seen))
		;
	fl_far_remove(table->far, entry);
}

static void put_far(fifolock_table_t *table, struct fl_entry *entry)
{
	uint64_t seen = fl_load_relaxed(&entry->state); /* [GUESS] */
	uint64_t next;

	fl_far_enter(table->far);
	do {
		next = seen - FL_USER;
		if (!(next & FL_USERS))
			next = FL_ENTRY_DEAD;
		/* [GONE] release, [GONE] acquire */
	} while (!fl_cas_acq_rel(&entry->state, &seen, next));
	if (next == FL_ENTRY_DEAD)
		fl_bury(table, entry, true);
	fl_far_leave(table->far);
}

/* FILLING -> FREE */
void fl_home_unclaim(struct fl_home *home)
{
	uint64_t seen = fl_load_relaxed(&home->entry.state); /* [GUESS] */

	/* [GONE] release */
	while (!fl_cas_release(&home->entry.state, &seen, fl_with(seen, FL_ENTRY_FREE)))
		;
}

void fl_put_home(struct fl_home *home)
{
	uint64_t seen = FL_ENTRY_LIVE | FL_USER; /* mostly */
	bool has_more = home->entry.size > FL_HOME_BYTES;
	uint64_t next;

	do {
		next = seen - FL_USER;
		if (!(next & FL_USERS))
			next = fl_with(next, has_more ? FL_ENTRY_FILLING : FL_ENTRY_FREE);
		/* [GONE] release, [GONE] acquire */
	} while (!fl_cas_acq_rel(&home->entry.state, &seen, next));
	if (fl_what(next) == FL_ENTRY_FILLING) {
		fl_home_empty(home);
		fl_home_unclaim(home);
	}
}

bool fl_use_again(struct fl_entry *entry)
{
	uint64_t seen = fl_load_relaxed(&entry->state); /* [GUESS] */

	while ((seen & FL_USERS) != FL_USERS)
		if (fl_entry_use(entry, &seen))
			return true;
	return false;
}

bool fl_is_used(const struct fl_entry *entry)
{
	uint64_t state = fl_load_relaxed(&entry->state); /* [MINE] */

	return fl_what(state) == FL_ENTRY_LIVE && state & FL_USERS;
}

void fl_put(fifolock_table_t *table, struct fl_entry *entry)
{
	if (entry->is_far)
		put_far(table, entry);
	else
		fl_put_home((struct fl_home *)entry);
}

/* The units are a hold that keeps no role: no flag is set.  From then on nobody but another user changes the
 * word, and each user that comes waits in line, or has gone, when there is one user again. */
bool fl_put_taken(struct fl_entry *entry, uint64_t units)
{
	uint64_t seen = FL_ENTRY_LIVE | FL_USER; /* mostly */

	if (entry->is_far || entry->size > FL_HOME_BYTES ||
	    fl_load_relaxed(&entry->lock.word) != units) /* [MINE] */
		return false;
	/* [GONE] release */
	while (!fl_cas_release(&entry->state, &seen, seen & FL_FAR_COUNT))
		if ((seen & ~FL_FAR_COUNT) != (FL_ENTRY_LIVE | FL_USER))
			return false;
	return true;
}
