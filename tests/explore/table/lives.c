/* SPDX-License-Identifier: MIT
 *
 * lives.c - see lives.h.
 *
 * A use is what a thread has from the return of the call that found the entry until it calls fl_put.
 */
#include "lives.h"
#include "locks.h"

#include <errno.h>
#include <string.h>

#define USES	64
#define NOBODY	EX_THREADS
#define NOTHING (-1)

static const fifolock_table_t *table;
static const struct fl_key *keys;
static unsigned key_count;

static struct use {
	unsigned thread, key;
	struct fl_entry *entry;
	bool ended;
	unsigned seen; /* how often, by a look at all */
	bool expected; /* ... that began when it was there */
} uses[USES];
static unsigned use_count;

static struct {
	bool in_call;
	unsigned alone; /* steps of the call since another thread's */
	int owes;	/* an entry that the slot's count is too high by, from now on */
	bool looks;
} calls[EX_THREADS + 1];
static unsigned last;	      /* the thread that made the last step */
static unsigned holds[26][2]; /* of each key, in each mode */

/* Far entries by number: are they in the count of their slot? */
static bool counted[FAR_MOST];

void lives_begin(const fifolock_table_t *which, const struct fl_key of[], unsigned count)
{
	table = which;
	keys = of;
	key_count = count;
	use_count = 0;
	last = NOBODY;
	memset(calls, 0, sizeof(calls));
	memset(counted, 0, sizeof(counted));
	memset(holds, 0, sizeof(holds));
	for (unsigned t = 0; t <= EX_THREADS; t++)
		calls[t].owes = NOTHING;
}

void lives_go_on(void)
{
	for (unsigned i = 0; i < far_made(); i++)
		counted[i] = true;
}

static char letter(unsigned key)
{
	return (char)('a' + key);
}

/* ---- entries as they are in memory ---- */

static struct fl_entry *entry_at(unsigned which)
{
	return which < table->slots ? &fl_home_at(table, which)->entry
				    : far_entry(which - (unsigned)table->slots);
}

static unsigned entries(void)
{
	return (unsigned)table->slots + far_made();
}

static bool is_far(const struct fl_entry *entry)
{
	return far_which((uintptr_t)entry) < far_made();
}

static const void *bytes_of(const struct fl_entry *entry)
{
	const union fl_bytes *text = fl_home_bytes((const struct fl_home *)entry);

	if (is_far(entry))
		return fl_far_bytes(entry);
	return entry->size > FL_HOME_BYTES ? text->elsewhere : text->here;
}

static bool is_of(const struct fl_entry *entry, unsigned key)
{
	const struct fl_key *of = &keys[key];

	if (entry->word != of->word || entry->is_number != !of->key.bytes)
		return false;
	return !of->key.bytes || (entry->size == of->key.n &&
				  !memcmp(bytes_of(entry), of->key.bytes, entry->size));
}

static bool is_live(const struct fl_entry *entry)
{
	return fl_what(entry->state) == FL_ENTRY_LIVE;
}

/* ---- uses ---- */

static struct use *use_of(unsigned thread, const struct fl_entry *entry)
{
	for (unsigned i = use_count; i--;)
		if (!uses[i].ended && uses[i].thread == thread && uses[i].entry == entry)
			return &uses[i];
	return NULL;
}

static void same_as_others(unsigned thread, unsigned key, const struct fl_entry *entry)
{
	for (unsigned i = 0; i < use_count; i++)
		if (!uses[i].ended && uses[i].key == key && uses[i].entry != entry)
			ex_fail("threads %u and %u use two entries of key %c", thread,
				uses[i].thread, letter(key));
}

static void use(unsigned thread, unsigned key, struct fl_entry *entry)
{
	if (use_count == USES)
		ex_fail("explorer: more than %d uses", USES);
	uses[use_count++] = (struct use){.thread = thread, .key = key, .entry = entry};
}

static uint64_t users_of(const struct fl_entry *entry)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < use_count; i++)
		count += !uses[i].ended && uses[i].entry == entry;
	return count;
}

static void check_use(const struct use *one)
{
	if (!is_of(one->entry, one->key))
		ex_fail("thread %u uses an entry of key %c, which is another's now",
			one->thread, letter(one->key));
	if (!is_live(one->entry))
		ex_fail("thread %u uses an entry of key %c that is not LIVE", one->thread,
			letter(one->key));
	if ((one->entry->state & FL_USERS) / FL_USER < users_of(one->entry))
		ex_fail("the entry of key %c has more users than it knows",
			letter(one->key));
	if (is_far(one->entry) && !far_is_in(far_which((uintptr_t)one->entry)))
		ex_fail("thread %u uses a far entry of key %c that has been taken out",
			one->thread, letter(one->key));
}

/* ---- after each step ---- */

static void one_live_entry(unsigned key)
{
	unsigned live = 0;

	for (unsigned i = 0; i < entries(); i++)
		live += is_live(entry_at(i)) && is_of(entry_at(i), key);
	if (live > 1)
		ex_fail("key %c has %u entries that are LIVE", letter(key), live);
}

/* Far entries that can be found are in the count: otherwise they are not looked for. */
static void far_are_counted(void)
{
	for (unsigned i = 0; i < far_made(); i++) {
		if (far_is_in(i) && !counted[i] &&
		    fl_what(far_entry(i)->state) != FL_ENTRY_DEAD)
			ex_fail("a far entry is in the table and not in its slot's "
				"count");
		if (far_is_gone(i) && is_live(far_entry(i)))
			ex_fail("a far entry that is LIVE has been taken out");
	}
}

static void far_one_more(unsigned thread)
{
	int which = far_which_made_by(thread);

	if (which < 0 || counted[which] || far_is_gone((unsigned)which))
		ex_fail("thread %u counts a far entry that it has not made", thread);
	counted[which] = true;
	if (far_entry((unsigned)which)->state != (FL_ENTRY_TENTATIVE | FL_USER))
		ex_fail("a far entry is counted late");
}

/* What the thread has made DEAD, or what has not come into the table. */
static void far_one_less(unsigned thread)
{
	int which = calls[thread].owes;

	if (which == NOTHING) {
		which = far_which_made_by(thread);
		if (which >= 0 &&
		    (far_is_in((unsigned)which) || !far_is_gone((unsigned)which)))
			which = NOTHING;
	}
	if (which == NOTHING || !counted[which])
		ex_fail("thread %u counts a far entry less that is none of its", thread);
	counted[which] = false;
	calls[thread].owes = NOTHING;
}

static void count_far(const struct ex_event *event)
{
	uint64_t change = (event->after & FL_FAR_COUNT) - (event->before & FL_FAR_COUNT);

	if (change == FL_FAR_ONE)
		far_one_more(event->thread);
	else if (change == 0 - FL_FAR_ONE)
		far_one_less(event->thread);
	else if (change)
		ex_fail("thread %u changes the far count by more than one",
			event->thread);
}

static void far_changes(const struct ex_event *event, unsigned which)
{
	uint64_t what = fl_what(event->after);

	if (what == fl_what(event->before))
		return;
	if (fl_what(event->before) == FL_ENTRY_DEAD)
		ex_fail("thread %u lets a DEAD entry live", event->thread);
	if (what != FL_ENTRY_DEAD)
		return;
	if (calls[event->thread].owes != NOTHING)
		ex_fail("thread %u has not told the slot of a DEAD entry", event->thread);
	calls[event->thread].owes = (int)which;
}

static void note(const struct ex_event *event)
{
	for (unsigned i = 0; i < table->slots; i++)
		if (event->op.at == (uintptr_t)&fl_home_at(table, i)->entry.state)
			count_far(event);
	for (unsigned i = 0; i < far_made(); i++)
		if (event->op.at == (uintptr_t)&far_entry(i)->state)
			far_changes(event, i);
}

/* The call ends if no other does anything. */
static void progress(unsigned thread)
{
	calls[thread].alone = thread == last ? calls[thread].alone + 1 : 1;
	last = thread;
	if (calls[thread].in_call && calls[thread].alone > locks_steps())
		ex_fail("thread %u has taken %u steps alone, and its call has not ended",
			thread, locks_steps());
}

void watch_step(const struct ex_event *event)
{
	memory_quietly(true);
	if (event->wrote)
		note(event);
	progress(event->thread);
	for (unsigned i = 0; i < use_count; i++)
		if (!uses[i].ended)
			check_use(&uses[i]);
	for (unsigned k = 0; k < key_count; k++)
		one_live_entry(k);
	far_are_counted();
	memory_quietly(false);
}

/* ---- calls ---- */

static void call_begins(unsigned thread)
{
	calls[thread].in_call = true;
	calls[thread].alone = 0;
}

static void call_ends(unsigned thread)
{
	calls[thread].in_call = false;
	if (calls[thread].owes != NOTHING)
		ex_fail("thread %u has not told the slot of a DEAD entry", thread);
}

void lives_finds(unsigned thread)
{
	call_begins(thread);
}

void lives_found(unsigned thread, unsigned key, int error, struct fl_entry *entry)
{
	int expected = far_was_refused(thread) ? ENOMEM : 0;

	call_ends(thread);
	if (error != expected)
		ex_fail("thread %u gets %d for key %c, and should get %d", thread, error,
			letter(key), expected);
	if (error)
		return;
	same_as_others(thread, key, entry);
	use(thread, key, entry);
	memory_quietly(true);
	check_use(&uses[use_count - 1]);
	memory_quietly(false);
}

void lives_puts(unsigned thread, const struct fl_entry *entry)
{
	struct use *one = use_of(thread, entry);

	if (!one)
		ex_fail("explorer: thread %u puts what it has not found", thread);
	one->ended = true;
	call_begins(thread);
}

void lives_has_put(unsigned thread)
{
	call_ends(thread);
}

void lives_busy(unsigned thread)
{
	call_ends(thread);
}

/* One in mode 0, or several in mode 1. */
void lives_holds(unsigned thread, unsigned key, unsigned mode, bool hold)
{
	unsigned *in_mode = holds[key];

	in_mode[mode] += hold ? 1u : -1u;
	if (in_mode[0] && in_mode[0] + in_mode[1] > 1)
		ex_fail("thread %u holds key %c, and another does not let it", thread,
			letter(key));
}

/* ---- a look at all ---- */

void lives_each(unsigned thread)
{
	call_begins(thread);
	for (unsigned i = 0; i < use_count; i++) {
		uses[i].expected = !uses[i].ended;
		uses[i].seen = 0;
	}
}

unsigned lives_each_found(unsigned thread, struct fl_entry *entry)
{
	unsigned key = 0;

	memory_quietly(true);
	while (key < key_count && !is_of(entry, key))
		key++;
	memory_quietly(false);
	if (key == key_count || !is_live(entry))
		ex_fail("thread %u is shown an entry of no key", thread);
	same_as_others(thread, key, entry);
	for (unsigned i = 0; i < use_count; i++)
		uses[i].seen += uses[i].entry == entry && uses[i].key == key;
	use(thread, key, entry);
	return key;
}

/* Whatever was in use all the time has been seen once. */
void lives_each_ended(unsigned thread, bool all)
{
	call_ends(thread);
	for (unsigned i = 0; i < use_count; i++)
		if (uses[i].expected && !uses[i].ended &&
		    (uses[i].seen > 1 || (all && !uses[i].seen)))
			ex_fail("thread %u has seen key %c %u times", thread,
				letter(uses[i].key), uses[i].seen);
}

/* ---- the end ---- */

void lives_end(bool all_put)
{
	if (!all_put)
		return;
	for (unsigned i = 0; i < table->slots; i++)
		if (fl_what(fl_home_at(table, i)->entry.state) != FL_ENTRY_FREE ||
		    fl_home_at(table, i)->entry.state & FL_FAR_COUNT)
			ex_fail("a slot is not free at the end: state %llx",
				(unsigned long long)fl_home_at(table, i)->entry.state);
	if (!fl_far_is_empty(table->far))
		ex_fail("a key is far at the end");
	for (unsigned i = 0; i < far_made(); i++)
		if (!far_is_gone(i) || counted[i])
			ex_fail("a far entry is left at the end");
	if (far_leaks())
		ex_fail("a long key's bytes are left at the end");
}
