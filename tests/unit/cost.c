/* SPDX-License-Identifier: MIT
 *
 * cost.c - what calls cost, whatever the length of the line: counted in slots looked
 * at and in questions to a rule, not in time.
 *
 * The library is compiled once more with hooks (hooks.h), and linked so that each
 * fl_slot_at is counted: a thread that goes along the line calls it for each request.
 */
#include "hooks.h"
#include "test.h"
#include "core/callbacks.h"
#include "core/lock.h"
#include "core/walk.h"

enum {
	X = FIFOLOCK_EXCLUSIVE,
	S = FIFOLOCK_SHARED,
	U = FIFOLOCK_UPDATE,
	IS = FIFOLOCK_INTENT_SHARED,
	IX = FIFOLOCK_INTENT_EXCLUSIVE,
	SPARE = 8, /* holds of IS that none converts */
	MOST = 10000,
};

_Thread_local struct hooks hooks;

static uint64_t steps;

struct fl_slot *__real_fl_slot_at(uint32_t id);
struct fl_slot *__wrap_fl_slot_at(uint32_t id);

struct fl_slot *__wrap_fl_slot_at(uint32_t id)
{
	steps++;
	return __real_fl_slot_at(id);
}

/* ---- a lock with n conversions in line, from IS to IX, kept out by one S ---- */

static fifolock_t lock;
static const fifolock_modes_t *modes;
static struct fl_slot *line[MOST + SPARE];
static unsigned in_line;

static struct fl_slot *joins_with(unsigned from, unsigned mode, unsigned how)
{
	const struct fl_want want = fl_want(&modes->rows[mode], mode, 1);
	struct fl_slot *slot = fl_slot_new();

	if (!slot)
		abort();
	slot->from = (uint8_t)from;
	fl_join(&lock, slot, &want, how);
	return slot;
}

static struct fl_slot *converts(unsigned from, unsigned to)
{
	return joins_with(from, to, FL_CONVERTS | FL_LEAVES | FL_NO_LIMIT);
}

static struct fl_slot *asks(unsigned mode)
{
	return joins_with(0, mode, FL_LEAVES);
}

static bool gives(unsigned mode)
{
	const struct fifolock_row *row = &modes->rows[mode];

	return fl_release(&lock, row->field, row->unit) == 0;
}

static bool exchanges(unsigned from, unsigned to)
{
	const struct fl_want want = fl_want(&modes->rows[to], to, 1);

	return fl_exchange(&lock, &modes->rows[from], &want) == 0;
}

static bool takes(unsigned mode, uint32_t n)
{
	const struct fl_want want = fl_want(&modes->rows[mode], mode, n);

	return fl_take(&lock, &want);
}

static void begins(const fifolock_modes_t *table, unsigned n)
{
	modes = table;
	cr_assert_eq(fifolock_init(&lock, table), 0);
	cr_assert(takes(S, 1));
	cr_assert(takes(IS, n + SPARE));
	in_line = 0;
}

static void n_convert(unsigned n)
{
	while (n--)
		line[in_line++] = converts(IS, IX);
}

static unsigned told(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < in_line; i++)
		count += fl_granted(line[i]);
	return count;
}

/* All that are in line are granted, give back, and the lock is free. */
static void ends(void)
{
	cr_assert(gives(S));
	cr_assert_eq(told(), in_line);
	for (unsigned i = 0; i < in_line; i++) {
		fl_slot_drop(line[i]);
		cr_assert(gives(IX));
	}
	while (gives(IS))
		;
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

static const unsigned sizes[] = {100, 400, 1600, MOST};
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

/* The same number of steps, whatever the number of conversions. */
static void is_flat(uint64_t (*act)(void), uint64_t most)
{
	for (unsigned i = 0; i < SIZES; i++) {
		uint64_t counted;

		begins(&fifolock_intent_modes, sizes[i]);
		n_convert(sizes[i]);
		steps = 0;
		counted = act();
		cr_assert_leq(counted, most, "%u in line: %lu steps", sizes[i],
			      (unsigned long)counted);
		ends();
	}
}

/* ---- what is flat ---- */

static uint64_t gives_spare(void)
{
	return gives(IS) ? steps : UINT64_MAX;
}

Test(steps, of_a_release_that_grants_nobody_do_not_grow_with_the_conversions_in_line,
     .description = "G6")
{
	is_flat(gives_spare, 4);
}

static uint64_t last_leaves(void)
{
	return fl_leave(&lock, line[--in_line]) ? steps : UINT64_MAX;
}

static uint64_t middle_leaves(void)
{
	unsigned who = in_line / 2;
	struct fl_slot *slot = line[who];

	line[who] = line[--in_line];
	return fl_leave(&lock, slot) ? steps : UINT64_MAX;
}

static uint64_t first_leaves(void)
{
	struct fl_slot *slot = line[0];

	line[0] = line[--in_line];
	return fl_leave(&lock, slot) ? steps : UINT64_MAX;
}

Test(steps, of_a_conversion_that_gives_up_do_not_grow, .description = "G4 G6")
{
	is_flat(first_leaves, 12);
	is_flat(middle_leaves, 12);
	is_flat(last_leaves, 12);
}

static uint64_t comes_and_goes(void)
{
	return fl_leave(&lock, asks(U)) ? steps : UINT64_MAX;
}

Test(steps, of_one_that_holds_nothing_and_comes_and_goes_behind_them_do_not_grow,
     .description = "G4 G6")
{
	is_flat(comes_and_goes, 16);
}

static uint64_t to_and_fro(void)
{
	return exchanges(IS, S) && exchanges(S, IS) ? steps : UINT64_MAX;
}

Test(steps, of_a_conversion_done_at_once_past_them_do_not_grow, .description = "G6")
{
	is_flat(to_and_fro, 8);
}

/* ---- what it costs to come ---- */

static uint64_t one_more(void)
{
	line[in_line++] = converts(IS, IX);
	return steps;
}

Test(steps, of_a_conversion_that_joins_do_not_grow, .description = "G6")
{
	is_flat(one_more, 16);
}

/* Those that come while one scans are all its to admit. */
static uint64_t many_more(void)
{
	unsigned more = in_line / 10;

	in_line -= more;
	for (unsigned i = 0; i < more; i++)
		if (!fl_leave(&lock, line[in_line + i]))
			return UINT64_MAX;
	__atomic_fetch_or(&lock.word, FL_SCANNING, __ATOMIC_SEQ_CST);
	n_convert(more);
	__atomic_fetch_and(&lock.word, ~(FL_SCANNING | FL_RESCAN), __ATOMIC_SEQ_CST);
	steps = 0;
	return gives(IS) ? steps / more : UINT64_MAX;
}

Test(steps, of_a_scan_that_finds_many_new_conversions_are_a_few_for_each,
     .description = "G6")
{
	is_flat(many_more, 16);
}

/* The one that waits for what the others' modes keep out is the last, and is looked for:
 * by one that joins behind it, and is turned away. */
static uint64_t one_too_many(void)
{
	struct fl_slot *slot = converts(IS, X), *last;
	int verdict;

	steps = 0;
	last = converts(IS, IX);
	verdict = last->verdict;
	fl_slot_free(last);
	if (verdict != EDEADLK || !fl_leave(&lock, slot))
		return UINT64_MAX;
	return steps / in_line;
}

Test(steps, of_a_conversion_that_is_turned_away_are_a_few_for_each_before_it,
     .description = "G6")
{
	is_flat(one_too_many, 2);
}

/* ---- a rule that is a function: how often it is asked ---- */

static uint64_t asked;

/* S and the others keep each other out. */
static bool rule(const uint32_t holds[], unsigned mode, void *ctx)
{
	(void)ctx;
	asked++;
	return mode == IX || mode == U ? holds[S] == 0 : true;
}

Test(steps, a_rule_is_asked_a_few_times_for_each_conversion_that_joins_and_each_release,
     .description = "G6")
{
	fifolock_modes_t ruled;

	cr_assert_eq(fifolock_modes_predicate(&ruled, 5, 2047, rule, NULL), 0);
	for (unsigned n = 100; n <= 1600; n *= 4) {
		begins(&ruled, n);
		asked = 0;
		n_convert(n);
		cr_assert_leq(asked, 2 * n, "%u: asked %lu times", n,
			      (unsigned long)asked);
		asked = 0;
		cr_assert(gives(IS));
		cr_assert_leq(asked, 2);
		ends();
	}
}

/* ---- a batch that is put back behind conversions that have just come ---- */

static struct fl_slot *batch[MOST];

/* While the batch is in hand n conversions come, and one hold is exchanged for what
 * keeps all of them out. */
static void they_come_and_one_converts(void)
{
	n_convert(sizes[SIZES - 1]);
	if (!exchanges(IX, S))
		abort();
}

Test(steps, of_putting_back_are_a_few_for_each_put_back_and_each_conversion,
     .description = "G1 G6")
{
	begins(&fifolock_intent_modes, MOST);
	cr_assert(gives(S));
	cr_assert(takes(IX, 1));
	batch[0] = asks(S);
	for (unsigned i = 1; i < MOST; i++)
		batch[i] = asks(IX);
	hooks.commit = they_come_and_one_converts;
	steps = 0;
	cr_assert(fl_leave(&lock, batch[0]));
	cr_assert_leq(steps, 16 * MOST);
	for (unsigned i = 1; i < MOST; i++)
		cr_assert_not(fl_granted(batch[i]));
	cr_assert_eq(told(), 0);
	cr_assert(gives(S));
	cr_assert_eq(told(), in_line);
	for (unsigned i = 1; i < MOST; i++)
		cr_assert(fl_granted(batch[i]));
	while (gives(IX) || gives(IS))
		;
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

/* ---- where one has not linked itself ---- */

static bool goes_on(const struct fl_slot *slot, void *ctx)
{
	(void)slot, (void)ctx;
	return true;
}

static uint64_t looks(void)
{
	struct fl_walk look = {.visit = goes_on};

	steps = 0;
	cr_assert_eq(fl_walk(&lock, &look), 0);
	return steps;
}

/* As if the second in line had lost its processor between its push and its link. */
static void is_not_linked(struct fl_slot *slot, struct fl_slot *older)
{
	slot->older |= FL_UNSURE;
	older->hint = 0;
}

Test(steps, past_one_that_has_not_linked_itself_are_taken_once, .description = "G6")
{
	enum { N = 1000 };
	uint64_t linked;

	modes = &fifolock_shared_exclusive_modes;
	cr_assert_eq(fifolock_init(&lock, modes), 0);
	cr_assert(takes(X, 1));
	for (in_line = 0; in_line < N; in_line++)
		line[in_line] = asks(X);
	linked = looks();
	is_not_linked(line[1], line[0]);
	cr_assert_geq(looks(), linked + N - 2, "found from the other end");
	cr_assert_eq(looks(), linked);
	for (unsigned i = 0; i < N; i++) {
		cr_assert(gives(X));
		cr_assert(fl_granted(line[i]));
		fl_slot_drop(line[i]);
	}
	cr_assert(gives(X));
	cr_assert_eq(fifolock_destroy(&lock), 0);
}
