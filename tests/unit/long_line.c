/* SPDX-License-Identifier: MIT
 *
 * long_line.c - long lines and long lives: tickets that wrap, 10,000 in line, a
 * million that gave up.
 */
#include "test.h"
#include "script.h"
#include "core/lock.h"

#include <unistd.h>

#define X FIFOLOCK_EXCLUSIVE
#define S FIFOLOCK_SHARED

/* Long lines, long lives. */

Script(ticket, wraps_unnoticed, "G1")
{
	struct line line = line_on(&fifolock_shared_exclusive_modes);

	line.lock.arrivals = (uint64_t)(UINT32_MAX - 2) << 32;
	line.lock.dequeued = UINT32_MAX - 2;
	for (const char *who = "XSXSSX"; *who; who++)
		asks(&line, *who);
	cr_assert_str_eq(now(&line), "X+ S. X. S. S. X.");
	cr_assert_lt(line.lock.arrivals >> 32, 10);
	gives_up(&line, 3);
	gives_back(&line, 0);
	cr_assert_str_eq(now(&line), "X- S+ X. S! S. X.");
	gives_up(&line, 2);
	cr_assert_str_eq(now(&line), "X- S+ X! S! S+ X.");
	line_ends(&line);
}

Script(crowd, of_ten_thousand_is_served_in_order, "G1 G4")
{
	struct line line = line_on(&fifolock_mutex_modes);
	uint32_t crowd = (uint32_t)test_scaled(10000);

	for (uint32_t i = 0; i <= crowd; i++)
		asks(&line, 'X');
	cr_assert_eq(fifolock_waiting(&line.lock), crowd);
	gives_up(&line, (int)crowd / 2 + 1);
	cr_assert_eq(fifolock_waiting(&line.lock), crowd - 1);
	line_ends(&line);
}

Script(crowd, of_ten_thousand_reads_is_let_in_by_one_departure, "G3 G4")
{
	struct line line = line_on(&fifolock_shared_exclusive_modes);
	uint32_t crowd = (uint32_t)test_scaled(10000);

	asks(&line, 'S');
	asks(&line, 'X');
	for (uint32_t i = 0; i < crowd; i++)
		asks(&line, 'S');
	gives_up(&line, 1 + (int)crowd / 2);
	cr_assert_eq(fifolock_waiting(&line.lock), crowd);
	gives_up(&line, 1);
	cr_assert_eq(fifolock_waiting(&line.lock), 0);
	line_ends(&line);
}

/* Is the newest in line found from the one before it, without a walk? */
static bool newest_is_linked(const fifolock_t *lock)
{
	const struct fl_slot *newest = fl_slot_at((uint32_t)lock->arrivals);

	return newest->older == 0 || fl_slot_at(newest->older)->hint == newest->id;
}

/* A request that comes to a line links itself to its end: the release need not. */
Script(crowd, is_in_order_before_the_release_looks, "G6")
{
	struct line line = line_on(&fifolock_mutex_modes);

	for (int i = 0; i < 10; i++) {
		asks(&line, 'X');
		cr_assert(i < 1 || newest_is_linked(&line.lock));
	}
	line_ends(&line);
}

/* A storm of departures, without actors: they would be what takes memory. */

static long pages_used(void)
{
	FILE *statm = fopen("/proc/self/statm", "r");
	long size = 0, resident = 0;

	cr_assert_not_null(statm);
	cr_assert_eq(fscanf(statm, "%ld %ld", &size, &resident), 2);
	fclose(statm);
	return resident;
}

static struct fl_slot *joins(fifolock_t *lock, unsigned mode)
{
	struct fl_want want = fl_want(&fl_default_modes.rows[mode], mode, 1);
	struct fl_slot *slot = fl_slot_new();

	fl_join(lock, slot, &want, true);
	return slot;
}

static void releases(fifolock_t *lock, unsigned mode)
{
	const struct fifolock_row *row = &fl_default_modes.rows[mode];

	cr_assert_eq(fl_release(lock, row->field, row->unit), 0);
}

static void holds(fifolock_t *lock, unsigned mode)
{
	struct fl_slot *slot = joins(lock, mode);

	cr_assert(fl_granted(slot));
	fl_slot_drop(slot);
}

#define STORM  64
#define STRIDE 67 /* a prime: each once */

/* Some join, then all leave, by strides: from all over the line. */
static uint64_t storm(fifolock_t *lock, uint64_t departures)
{
	struct fl_slot *slots[STORM];
	uint64_t wrong = 0, done = 0;

	for (unsigned round = 0; done < departures; round++) {
		unsigned size = 1 + round % STORM;

		for (unsigned i = 0; i < size; i++)
			slots[i] = joins(lock, i % 3 ? X : S);
		for (unsigned i = 0; i < size; i++)
			wrong += !fl_leave(lock, slots[(round + i * STRIDE) % size]);
		done += size;
	}
	return wrong;
}

static void storm_leaves_nothing(fifolock_t *lock, uint32_t waiting)
{
	uint32_t made;
	long pages;

	cr_assert_eq(storm(lock, 10000), 0);
	cr_assert_gt(pages_used(), 0);
	made = fl_slots_made();
	pages = pages_used();
	cr_assert_eq(storm(lock, test_scaled(1000000)), 0);
	cr_assert_eq(fl_slots_made(), made);
	cr_assert_lt(pages_used() - pages, 256);
	cr_assert_eq(fifolock_waiting(lock), waiting);
}

Test(storm, of_a_million_departures_behind_a_holder_leaves_nothing, .description = "G4")
{
	fifolock_t lock = FIFOLOCK_INIT(NULL);
	uint64_t word;

	holds(&lock, X);
	word = lock.word & FL_HOLDS;
	storm_leaves_nothing(&lock, 0);
	cr_assert_eq(lock.word, word);
	releases(&lock, X);
	no_slot_is_lost();
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

Test(storm, behind_a_head_that_stays_leaves_nothing, .description = "G4")
{
	fifolock_t lock = FIFOLOCK_INIT(NULL);
	struct fl_slot *head;

	holds(&lock, X);
	head = joins(&lock, X);
	storm_leaves_nothing(&lock, 1);
	cr_assert_not(fl_granted(head));
	releases(&lock, X);
	cr_assert(fl_granted(head));
	fl_slot_free(head);
	releases(&lock, X);
	no_slot_is_lost();
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

/* Always one in line, never for long. */
Test(storm, of_heads_that_leave_while_others_come_leaves_nothing, .description = "G4")
{
	fifolock_t lock = FIFOLOCK_INIT(NULL);
	struct fl_slot *line[8];
	uint64_t wrong = 0;
	uint32_t made;

	holds(&lock, X);
	for (unsigned i = 0; i < 8; i++)
		line[i] = joins(&lock, i % 2 ? X : S);
	made = fl_slots_made();
	for (uint64_t i = 0; i < test_scaled(1000000); i++) {
		wrong += !fl_leave(&lock, line[i % 8]);
		line[i % 8] = joins(&lock, i % 3 ? X : S);
	}
	cr_assert_eq(wrong, 0);
	cr_assert_leq(fl_slots_made(), made + 1);
	cr_assert_eq(fifolock_waiting(&lock), 8);
	for (unsigned i = 0; i < 8; i++)
		cr_assert(fl_leave(&lock, line[i]));
	releases(&lock, X);
	no_slot_is_lost();
	cr_assert_eq(fifolock_destroy(&lock), 0);
}
