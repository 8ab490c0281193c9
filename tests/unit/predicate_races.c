/* SPDX-License-Identifier: MIT
 *
 * predicate_races.c - what others do between two steps of one operation.
 *
 * A predicate is called in the middle of a scan and in the middle of an arrival's
 * announcement.  So one thread can play an interleaving of several to the
 * letter: the predicate plays the others.  Each test here is one that was found
 * by reading or exploring and that random threads hardly ever meet.
 */
#include "test.h"
#include "core/lock.h"

enum { X = FIFOLOCK_EXCLUSIVE, S = FIFOLOCK_SHARED, U = FIFOLOCK_UPDATE };

static fifolock_modes_t modes;
static fifolock_t lock;
static void (*meanwhile)(void); /* to be done once, at the next question */

static void others_act(void)
{
	void (*act)(void) = meanwhile;

	meanwhile = NULL;
	if (act)
		act();
}

static struct fl_want want(unsigned mode, uint32_t n)
{
	return fl_want(&modes.rows[mode], mode, n);
}

static struct fl_slot *joins(unsigned mode, bool can_leave)
{
	struct fl_slot *slot = fl_slot_new();
	struct fl_want one = want(mode, 1);

	fl_join(&lock, slot, &one, can_leave);
	return slot;
}

static void takes(unsigned mode, uint32_t n)
{
	struct fl_want some = want(mode, n);

	cr_assert(fl_take(&lock, &some));
}

static int gives(unsigned mode, uint32_t n)
{
	return fl_release(&lock, modes.rows[mode].field, modes.rows[mode].unit * n);
}

/* ---- a refused release must not have made room for any other ---- */

/* For a table of limits: it asks nothing, and after its turn it is a mere table. */
static bool a_table_of_limits(const uint32_t holds[], unsigned mode, void *ctx)
{
	(void)holds, (void)mode, (void)ctx;
	modes.compatible = NULL;
	others_act();
	return true;
}

static void one_shared_is_given_back_by_mistake(void)
{
	cr_assert_eq(gives(S, 1), 0);
}

Test(between, a_refused_release_lets_nobody_in, .description = "G2 G7")
{
	struct fl_slot *writer;

	modes = fifolock_shared_exclusive_modes;
	fifolock_init(&lock, &modes);
	takes(S, 5);
	writer = joins(X, false);
	meanwhile = one_shared_is_given_back_by_mistake;
	modes.compatible = a_table_of_limits;
	cr_assert_eq(gives(S, 5), EPERM);
	cr_assert_null(meanwhile);
	cr_assert_not(fl_granted(writer));
	cr_assert_eq(fifolock_holds(&lock, S), 4u);
	cr_assert_eq(fifolock_holds(&lock, X), 0u);
	cr_assert_eq(fifolock_waiting(&lock), 1u);
	cr_assert_eq(gives(S, 4), 0);
	cr_assert(fl_granted(writer));
	cr_assert_eq(gives(X, 1), 0);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

/* ---- an arrival that is granted before it has announced itself ---- */

/* The rules of fifolock_update_modes. */
static bool update_rules(const uint32_t holds[], unsigned mode, void *ctx)
{
	bool fits = !holds[X] && (mode == S || !holds[U]) && (mode != X || !holds[S]);

	(void)ctx;
	others_act();
	return fits;
}

static void use_update_rules(void)
{
	cr_assert_eq(fifolock_modes_predicate(&modes, 3, 100, update_rules, NULL), 0);
	fifolock_init(&lock, &modes);
}

static struct fl_slot *other;

static void a_reader_joins_and_the_writer_leaves(void)
{
	other = joins(S, false);
	cr_assert_eq(gives(X, 1), 0);
}

Test(between, an_arrival_granted_unannounced_closes_no_door,
     .description = "trylock never fails without cause")
{
	struct fl_slot *slot;

	use_update_rules();
	takes(X, 1);
	meanwhile = a_reader_joins_and_the_writer_leaves;
	slot = joins(U, false);
	cr_assert_null(meanwhile);
	cr_assert(fl_granted(slot) && fl_granted(other));
	cr_assert_eq(fifolock_waiting(&lock), 0u);
	cr_assert_eq(fifolock_trylock(&lock, S), 0);
	cr_assert_eq(gives(S, 2), 0);
	cr_assert_eq(gives(U, 1), 0);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}
