/* SPDX-License-Identifier: MIT
 *
 * find.c - one entry for each key in use, at most one at a time that is LIVE.
 *
 * A key has one home slot, told by its hash.  The first key that comes to a free slot uses it; keys
 * that find it used by another one are far.  So for one key there are two places, and two threads
 * could make it an entry in each.  Each makes its own known first, TENTATIVE, and looks at the
 * other place then, so one of them at least sees the other's:
 *
 *	home	the slot -> TENTATIVE; is the key far?
 *		no: -> LIVE.  TENTATIVE: that one is DEAD.  LIVE: that is the one, and the slot DEAD.
 *	far	the slot's far count + 1; in the table, TENTATIVE; is the slot the key's?
 *		no: -> LIVE.  yes: DEAD, and begin anew.
 *
 * What an entry becomes is decided by one compare-and-swap on its state, which any thread may do that
 * has looked at the other place after the entry was to be seen there.  So no thread waits for
 * another.  To look at the slot is a read-modify-write of its state, as is making it TENTATIVE: one
 * of the two comes first, and the other thread sees what was done before it.
 *
 * As long as a slot's far count is 0 nothing has to be looked for, and it becomes LIVE at
 * once: a far entry that is on its way will find it there.
 *
 * A slot's key changes only while it is FILLING, which it becomes when it has no user.  So a thread
 * reads the slot's word, becomes a user of the slot, and looks at the key again: if it is another one by now, it
 * has been a user of it for a moment, and no harm is done.
 *
 *	row       released by                   acquired by               what it carries
 *	[KEY]     publish                       visit_home, is_home,      the key, a new lock
 *	                                        fl_entry_use (entry.c)
 *	[GONE]    fl_put_home (put.c) and       claim, publish,           what the users of the key's
 *	          others there                  fl_find_any               last entry did
 *	[WORD]    fl_home_fill (entry.c),       seems_same                if it is another key's: what the
 *	          fl_find_first (first.h)                                 users of the last key did
 *	[TWO]     look_and_be_seen              publish, fl_entry_use     a far entry, in the table
 *	                                        (entry.c)
 *	[FAR]     settle (entry.c)              use_far, use_and_look     what it has become
 *
 *	relaxed   because
 *	[COUNT]   The count is in the slot's state, and is read with it.
 *	[GUESS]   The compare-and-swap behind it decides.
 */
#include "find.h"
#include "quiet.h"
#include "core/atomic.h"

#include <errno.h>

/* Besides 0, FL_TAKEN and an error: the key is not there; something has changed meanwhile. */
enum { NOT_THERE = -2, CHANGED = -3 };

struct search {
	fifolock_table_t *table;
	const struct fl_key *key;
	uint64_t units;
	struct fl_home *home;
	struct fl_entry **out;
};

static bool same(const struct search *search, const struct fl_entry *entry)
{
	bool is;

	fl_quiet_here(true);
	is = fl_key_same(fl_entry_key(entry), search->key->key);
	fl_quiet_here(false);
	return is;
}

/* It looks as if this state were the key's; only a user knows. */
static bool seems_same(const struct search *search, uint64_t state)
{
	/* [WORD] acquire */
	uint64_t word = fl_load_acquire(&search->home->entry.word);

	return fl_state_is_key(state) && word == search->key->word;
}

static int found(const struct search *search, struct fl_entry *entry)
{
	*search->out = entry;
	return 0;
}

/* ---- is it there? ---- */

/* A read-modify-write that changes nothing: either it comes before the one by which a thread becomes a user
 * of the slot, and that thread sees all that this one has done; or the other way round. */
static uint64_t look_and_be_seen(uint64_t *state)
{
	uint64_t seen = fl_load_relaxed(state); /* [GUESS] */

	/* [TWO] release, [KEY] acquire */
	while (!fl_cas_acq_rel(state, &seen, seen))
		;
	return seen;
}

/* For a thread that has made a far entry known. */
static bool is_home(const struct search *search)
{
	struct fl_entry *entry = &search->home->entry;
	uint64_t state = look_and_be_seen(&entry->state);
	bool is;

	while (seems_same(search, state))
		if ((state & FL_USERS) == FL_USERS) {
			return true;
		} else if (fl_entry_use(entry, &state)) {
			is = same(search, entry);
			fl_put_home(search->home);
			return is;
		}
	return false;
}

/* Inside.  Of a far entry that has been found: 0, EAGAIN, CHANGED; TENTATIVE ones become LIVE or DEAD. */
static int use_far(const struct search *search, struct fl_entry *entry, uint64_t better)
{
	uint64_t state = fl_load_acquire(&entry->state); /* [FAR] acquire */
	bool mine = false;

	if (fl_what(state) == FL_ENTRY_TENTATIVE)
		mine = fl_entry_settle(entry, better, &state);
	if (fl_what(state) == FL_ENTRY_DEAD) {
		fl_bury(search->table, entry, mine);
		return CHANGED;
	}
	while (fl_what(state) == FL_ENTRY_LIVE)
		if ((state & FL_USERS) == FL_USERS)
			return EAGAIN;
		else if (fl_entry_use(entry, &state))
			return found(search, entry);
	return CHANGED;
}

/* The same, by a thread that has no entry of the key at home. */
static int meet_far(const struct search *search, struct fl_entry *entry)
{
	/* [FAR] acquire */
	bool open = fl_what(fl_load_acquire(&entry->state)) == FL_ENTRY_TENTATIVE;

	return open && is_home(search) ? CHANGED : use_far(search, entry, FL_ENTRY_LIVE);
}

static int visit_far(const struct search *search)
{
	struct fl_far *far = search->table->far;
	struct fl_entry *entry;
	int result;

	fl_far_enter(far);
	entry = fl_far_find(far, search->key);
	result = entry ? meet_far(search, entry) : NOT_THERE;
	fl_far_leave(far);
	return result;
}

/* The key is far, or not to be had: the slot is not its. */
static int give_up(const struct search *search, int result)
{
	uint64_t state;

	fl_entry_settle(&search->home->entry, FL_ENTRY_DEAD, &state);
	fl_put_home(search->home);
	return result;
}

/* The caller is a user of the slot, which has become TENTATIVE for this key.  mine: what is found if it is
 * the one. */
static int settle_home(const struct search *search, int mine)
{
	struct fl_far *far = search->table->far;
	struct fl_entry *entry;
	uint64_t state;
	int result = CHANGED;

	fl_far_enter(far);
	while (result == CHANGED && (entry = fl_far_find(far, search->key)))
		result = use_far(search, entry, FL_ENTRY_DEAD);
	fl_far_leave(far);
	if (result != CHANGED)
		return give_up(search, result);
	fl_entry_settle(&search->home->entry, FL_ENTRY_LIVE, &state);
	if (fl_what(state) != FL_ENTRY_LIVE)
		return give_up(search, CHANGED);
	found(search, &search->home->entry);
	return mine;
}

static int visit_home(const struct search *search, uint64_t *state)
{
	struct fl_entry *entry = &search->home->entry;

	*state = fl_load_acquire(&entry->state); /* [KEY] acquire */
	while (seems_same(search, *state)) {
		if ((*state & FL_USERS) == FL_USERS)
			return EAGAIN;
		if (!fl_entry_use(entry, state))
			continue;
		if (fl_unlikely(!same(search, entry))) {
			fl_put_home(search->home);
			return NOT_THERE;
		}
		return fl_likely(fl_what(*state) == FL_ENTRY_LIVE)
			       ? found(search, entry)
			       : settle_home(search, 0);
	}
	return NOT_THERE;
}

/* ---- births ---- */

/* FILLING -> LIVE or TENTATIVE, with one user.  The far count may change meanwhile. */
static uint64_t publish(struct fl_home *home)
{
	uint64_t seen = FL_ENTRY_FILLING, next; /* mostly */

	do
		next = fl_with(seen,
			       seen & FL_FAR_COUNT ? FL_ENTRY_TENTATIVE : FL_ENTRY_LIVE) +
		       FL_USER;
	/* [KEY] release, [GONE] [TWO] acquire */
	while (!fl_cas_acq_rel(&home->entry.state, &seen, next));
	return next;
}

static int publish_and_settle(const struct search *search)
{
	struct fl_entry *entry = &search->home->entry;
	uint64_t state = publish(search->home);

	if (fl_unlikely(fl_what(state) != FL_ENTRY_LIVE))
		return settle_home(search, FL_TAKEN);
	found(search, entry);
	return FL_TAKEN;
}

static int born_home(const struct search *search, uint64_t state)
{
	struct fl_home *home = search->home;

	/* [GONE] acquire: claim.  It may have been READY. */
	if (!fl_cas_acquire(&home->entry.state, &state,
			    (state & FL_FAR_COUNT) | FL_ENTRY_FILLING))
		return CHANGED;
	if (fl_likely(!fl_home_fill(home, search->key, search->table->modes,
				    search->units)))
		return publish_and_settle(search);
	fl_home_unclaim(home);
	return ENOMEM;
}

/* Inside. */
static int settle_far(const struct search *search, struct fl_entry *entry)
{
	uint64_t better = is_home(search) ? FL_ENTRY_DEAD : FL_ENTRY_LIVE;
	uint64_t state;
	bool mine = fl_entry_settle(entry, better, &state);

	if (fl_what(state) == FL_ENTRY_LIVE) {
		found(search, entry);
		return FL_TAKEN;
	}
	fl_bury(search->table, entry, mine);
	return CHANGED;
}

/* Inside.  Of another one that has the key; or DEAD, and to be taken out first. */
static int add_far(const struct search *search, struct fl_entry *entry)
{
	struct fl_entry *other = fl_far_add(search->table->far, search->key, entry);

	if (other == entry)
		return settle_far(search, entry);
	fl_far_discard(entry);
	fl_add_relaxed(&search->home->entry.state, 0 - FL_FAR_ONE); /* [COUNT] */
	return meet_far(search, other);
}

static int born_far(const struct search *search)
{
	struct fl_far *far = search->table->far;
	struct fl_entry *entry;
	int result;

	fl_far_relieve(far);
	entry = fl_far_make(far, search->key, search->home, search->table->modes,
			    search->units);
	if (!entry)
		return ENOMEM;
	fl_add_relaxed(&search->home->entry.state, FL_FAR_ONE); /* [COUNT] */
	fl_far_enter(far);
	result = add_far(search, entry);
	fl_far_leave(far);
	return result;
}

static int find_once(const struct search *search)
{
	uint64_t state;
	int result = visit_home(search, &state);

	if (result == NOT_THERE && state & FL_FAR_COUNT)
		result = visit_far(search);
	if (result != NOT_THERE)
		return result;
	if (fl_what(state) == FL_ENTRY_FREE)
		return born_home(search, state);
	return (state & FL_FAR_COUNT) == FL_FAR_COUNT ? ENOMEM : born_far(search);
}

int fl_find(fifolock_table_t *table, const struct fl_key *key, uint64_t units,
	    struct fl_entry **entry)
{
	struct fl_home *home = fl_home_of(table, key->hash);
	struct search search = {table, key, units, home, entry};
	int result;

	do
		result = find_once(&search);
	while (fl_unlikely(result < FL_TAKEN));
	return result;
}

/* ---- all of them ---- */

struct each {
	bool (*look)(struct fl_entry *entry, void *ctx);
	void *ctx;
	bool ended;
};

static bool use_and_look(struct fl_entry *entry, void *ctx)
{
	struct each *each = ctx;
	/* [FAR] [KEY] acquire */
	uint64_t state = fl_load_acquire(&entry->state);

	while (fl_what(state) == FL_ENTRY_LIVE && (state & FL_USERS) != FL_USERS)
		if (fl_entry_use(entry, &state)) {
			each->ended = !each->look(entry, each->ctx);
			break;
		}
	return !each->ended;
}

void fl_find_each(fifolock_table_t *table,
		  bool (*look)(struct fl_entry *entry, void *ctx), void *ctx)
{
	struct each each = {look, ctx, false};

	for (uint64_t i = 0; i < table->slots && !each.ended; i++)
		use_and_look(&fl_home_at(table, i)->entry, &each);
	if (each.ended)
		return;
	fl_far_enter(table->far);
	fl_far_each(table->far, use_and_look, &each);
	fl_far_leave(table->far);
}

static bool is_in_use(uint64_t state)
{
	return fl_what(state) != FL_ENTRY_FREE || state & FL_FAR_COUNT;
}

bool fl_find_any(fifolock_table_t *table)
{
	for (uint64_t i = 0; i < table->slots; i++)
		/* [GONE] acquire */
		if (is_in_use(fl_load_acquire(&fl_home_at(table, i)->entry.state)))
			return true;
	return !fl_far_is_empty(table->far);
}
