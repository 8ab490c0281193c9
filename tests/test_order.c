/* SPDX-License-Identifier: MIT
 *
 * test_order.c - who is granted when: scripts on every kind of table.
 */
#include "test.h"
#include "line.h"

#include <unistd.h>

#define X FIFOLOCK_EXCLUSIVE
#define S FIFOLOCK_SHARED

static fifolock_modes_t semaphore(uint32_t size)
{
	fifolock_modes_t modes;

	cr_assert_eq(fifolock_modes_semaphore(&modes, size), 0);
	return modes;
}

static fifolock_modes_t compiled(const struct fifolock_mode modes[], unsigned count)
{
	fifolock_modes_t out;
	char why[200] = "";

	cr_assert_eq(fifolock_modes_compile(&out, modes, count, why, sizeof(why)), 0,
		     "%s", why);
	return out;
}

/* The seed's own: a mutex. */

Script(mutex, exclusive_keeps_exclusive_waiting, "G1 G2")
{
	struct line line = line_on(&fifolock_mutex);

	asks(&line, 'X');
	asks(&line, 'X');
	cr_assert_str_eq(now(&line), "X+ X.");
	gives_back(&line, 0);
	cr_assert_str_eq(now(&line), "X- X+");
	line_ends(&line);
}

Script(mutex, one_follows_another_in_the_order_asked, "G1")
{
	struct line line = line_on(&fifolock_mutex);

	for (int i = 0; i < 4; i++)
		asks(&line, 'X');
	cr_assert_str_eq(now(&line), "X+ X. X. X.");
	gives_back(&line, 0);
	cr_assert_str_eq(now(&line), "X- X+ X. X.");
	gives_back(&line, 1);
	asks(&line, 'X');
	cr_assert_str_eq(now(&line), "X- X- X+ X. X.");
	gives_back(&line, 2);
	cr_assert_str_eq(now(&line), "X- X- X- X+ X.");
	line_ends(&line);
}

Script(mutex, giving_up_before_the_grant_lets_a_later_one_in, "G4")
{
	struct line line = line_on(&fifolock_mutex);

	asks(&line, 'X');
	asks(&line, 'X');
	asks(&line, 'X');
	gives_up(&line, 1);
	cr_assert_str_eq(now(&line), "X+ X! X.");
	gives_back(&line, 0);
	cr_assert_str_eq(now(&line), "X- X! X+");
	line_ends(&line);
}

Script(mutex, giving_up_after_the_grant_is_refused, "G4")
{
	struct line line = line_on(&fifolock_mutex);

	asks(&line, 'X');
	asks(&line, 'X');
	asks(&line, 'X');
	gives_back(&line, 0);
	cr_assert_not(gives_up(&line, 1));
	cr_assert_str_eq(now(&line), "X- X+ X.");
	gives_back(&line, 1);
	cr_assert_str_eq(now(&line), "X- X- X+");
	cr_assert_not(gives_up(&line, 2));
	line_ends(&line);
}

/* Readers and writers. */

Script(rw, write_keeps_write_waiting, "G2")
{
	struct line line = line_on(&fifolock_shared_exclusive);

	asks(&line, 'X');
	asks(&line, 'X');
	cr_assert_str_eq(now(&line), "X+ X.");
	gives_back(&line, 0);
	cr_assert_str_eq(now(&line), "X- X+");
	line_ends(&line);
}

Script(rw, write_keeps_read_waiting, "G2")
{
	struct line line = line_on(NULL);

	asks(&line, 'X');
	asks(&line, 'S');
	cr_assert_str_eq(now(&line), "X+ S.");
	gives_back(&line, 0);
	cr_assert_str_eq(now(&line), "X- S+");
	line_ends(&line);
}

Script(rw, read_goes_with_read, "G2")
{
	struct line line = line_on(NULL);

	asks(&line, 'S');
	asks(&line, 'S');
	cr_assert_str_eq(now(&line), "S+ S+");
	line_ends(&line);
}

Script(rw, read_keeps_write_waiting, "G2")
{
	struct line line = line_on(&fifolock_shared_exclusive);

	asks(&line, 'S');
	asks(&line, 'X');
	cr_assert_str_eq(now(&line), "S+ X.");
	gives_back(&line, 0);
	cr_assert_str_eq(now(&line), "S- X+");
	line_ends(&line);
}

Script(rw, reads_given_back_out_of_order_still_keep_write_waiting, "G2")
{
	struct line line = line_on(&fifolock_shared_exclusive);

	asks(&line, 'S');
	asks(&line, 'S');
	asks(&line, 'X');
	gives_back(&line, 1);
	cr_assert_str_eq(now(&line), "S+ S- X.");
	gives_back(&line, 0);
	cr_assert_str_eq(now(&line), "S- S- X+");
	line_ends(&line);
}

Script(rw, write_is_not_preferred_over_an_earlier_read, "G1")
{
	struct line line = line_on(&fifolock_shared_exclusive);

	asks(&line, 'X');
	asks(&line, 'S');
	asks(&line, 'X');
	asks(&line, 'S');
	gives_back(&line, 0);
	cr_assert_str_eq(now(&line), "X- S+ X. S.");
	gives_back(&line, 1);
	cr_assert_str_eq(now(&line), "X- S- X+ S.");
	gives_back(&line, 2);
	cr_assert_str_eq(now(&line), "X- S- X- S+");
	line_ends(&line);
}

Script(rw, read_behind_a_waiting_write_waits, "G1")
{
	struct line line = line_on(&fifolock_shared_exclusive);

	asks(&line, 'S');
	asks(&line, 'X');
	asks(&line, 'S');
	cr_assert_str_eq(now(&line), "S+ X. S.");
	gives_back(&line, 0);
	cr_assert_str_eq(now(&line), "S- X+ S.");
	gives_back(&line, 1);
	cr_assert_str_eq(now(&line), "S- X- S+");
	line_ends(&line);
}

Script(rw, consecutive_reads_are_granted_together, "G3")
{
	struct line line = line_on(&fifolock_shared_exclusive);

	for (const char *who = "XSSSXSS"; *who; who++)
		asks(&line, *who);
	cr_assert_str_eq(now(&line), "X+ S. S. S. X. S. S.");
	gives_back(&line, 0);
	cr_assert_str_eq(now(&line), "X- S+ S+ S+ X. S. S.");
	gives_back(&line, 3);
	gives_back(&line, 1);
	cr_assert_str_eq(now(&line), "X- S- S+ S- X. S. S.");
	gives_back(&line, 2);
	cr_assert_str_eq(now(&line), "X- S- S- S- X+ S. S.");
	gives_back(&line, 4);
	cr_assert_str_eq(now(&line), "X- S- S- S- X- S+ S+");
	line_ends(&line);
}

Script(rw, trylock_passes_nobody, "G1")
{
	struct line line = line_on(&fifolock_shared_exclusive);

	asks(&line, 'S');
	cr_assert(tries(&line, 'S'));
	cr_assert_not(tries(&line, 'X'));
	asks(&line, 'X');
	cr_assert_not(tries(&line, 'S'), "it would fit, but somebody is in line");
	gives_up(&line, 2);
	cr_assert(tries(&line, 'S'));
	cr_assert_str_eq(now(&line), "S+ S+ X! S+");
	line_ends(&line);
}

Script(rw, trylock_succeeds_again_when_the_line_has_emptied, "G1 G3")
{
	struct line line = line_on(&fifolock_shared_exclusive);

	asks(&line, 'X');
	asks(&line, 'S');
	gives_back(&line, 0);
	cr_assert(tries(&line, 'S'));
	gives_back(&line, 1);
	gives_back(&line, 2);
	cr_assert(tries(&line, 'X'));
	cr_assert_not(tries(&line, 'S'));
	cr_assert_str_eq(now(&line), "X- S- S- X+");
	line_ends(&line);
}

/* Giving up. */

Script(leave, head_that_gives_up_lets_the_next_in, "G4")
{
	struct line line = line_on(&fifolock_shared_exclusive);
	int w;

	asks(&line, 'S');
	w = asks(&line, 'X');
	asks(&line, 'S');
	cr_assert_str_eq(now(&line), "S+ X. S.");
	gives_up(&line, w);
	cr_assert_str_eq(now(&line), "S+ X! S+");
	line_ends(&line);
}

Script(leave, head_that_gives_up_lets_all_in_who_then_fit, "G3 G4")
{
	struct line line = line_on(&fifolock_shared_exclusive);

	for (const char *who = "SXSSXS"; *who; who++)
		asks(&line, *who);
	gives_up(&line, 1);
	cr_assert_str_eq(now(&line), "S+ X! S+ S+ X. S.");
	gives_up(&line, 4);
	cr_assert_str_eq(now(&line), "S+ X! S+ S+ X! S+");
	line_ends(&line);
}

Script(leave, from_the_middle_lets_nobody_in_but_is_not_waited_for, "G4")
{
	struct line line = line_on(&fifolock_shared_exclusive);

	for (const char *who = "SXXS"; *who; who++)
		asks(&line, *who);
	gives_up(&line, 2);
	cr_assert_str_eq(now(&line), "S+ X. X! S.");
	gives_back(&line, 0);
	cr_assert_str_eq(now(&line), "S- X+ X! S.");
	gives_back(&line, 1);
	cr_assert_str_eq(now(&line), "S- X- X! S+");
	line_ends(&line);
}

Script(leave, middle_first_and_head_then, "G4")
{
	struct line line = line_on(&fifolock_shared_exclusive);

	for (const char *who = "SXXS"; *who; who++)
		asks(&line, *who);
	gives_up(&line, 2);
	gives_up(&line, 1);
	cr_assert_str_eq(now(&line), "S+ X! X! S+");
	line_ends(&line);
}

Script(leave, last_one_leaves_and_another_comes, "G4")
{
	struct line line = line_on(&fifolock_shared_exclusive);

	for (const char *who = "XSX"; *who; who++)
		asks(&line, *who);
	gives_up(&line, 2);
	asks(&line, 'S');
	cr_assert_str_eq(now(&line), "X+ S. X! S.");
	gives_back(&line, 0);
	cr_assert_str_eq(now(&line), "X- S+ X! S+");
	line_ends(&line);
}

Script(leave, all_leave_and_the_lock_is_as_if_they_never_came, "G4")
{
	struct line line = line_on(&fifolock_shared_exclusive);

	for (const char *who = "SXSXS"; *who; who++)
		asks(&line, *who);
	for (int i = 4; i > 0; i--)
		gives_up(&line, i);
	cr_assert_str_eq(now(&line), "S+ X! S! X! S!");
	cr_assert(tries(&line, 'S'));
	line_ends(&line);
}

Script(leave, all_leave_oldest_first, "G4")
{
	struct line line = line_on(&fifolock_mutex);

	for (int i = 0; i < 5; i++)
		asks(&line, 'X');
	for (int i = 1; i < 5; i++)
		gives_up(&line, i);
	cr_assert_str_eq(now(&line), "X+ X! X! X! X!");
	gives_back(&line, 0);
	cr_assert(tries(&line, 'X'));
	line_ends(&line);
}

Script(leave, of_a_heavy_head_lets_light_ones_in_at_once, "G4")
{
	fifolock_modes_t modes = semaphore(4);
	struct line line = line_with(&modes, "P");

	asks(&line, 'P');
	asks_n(&line, 'P', 4);
	asks_n(&line, 'P', 2);
	asks(&line, 'P');
	asks(&line, 'P');
	cr_assert_str_eq(now(&line), "P+ P4. P2. P. P.");
	gives_up(&line, 1);
	cr_assert_str_eq(now(&line), "P+ P4! P2+ P+ P.");
	line_ends(&line);
}

Script(leave, gone_slots_are_used_again_while_others_still_wait, "G4")
{
	struct line line = line_on(&fifolock_shared_exclusive);
	uint32_t made;

	for (const char *who = "XXXXX"; *who; who++)
		asks(&line, *who);
	made = fl_slots_made();
	for (int i = 0; i < 100; i++) {
		gives_up(&line, 2 + i);
		asks(&line, i % 3 ? 'X' : 'S');
		cr_assert_eq(fifolock_waiting(&line.lock), 4);
	}
	cr_assert_eq(fl_slots_made(), made);
	line_ends(&line);
}

/* Semaphores and weights. */

Script(semaphore, lets_size_in_and_the_next_as_one_ends, "G2 G3")
{
	fifolock_modes_t modes = semaphore(2);
	struct line line = line_with(&modes, "P");

	asks(&line, 'P');
	asks(&line, 'P');
	asks(&line, 'P');
	cr_assert_str_eq(now(&line), "P+ P+ P.");
	gives_back(&line, 1);
	cr_assert_str_eq(now(&line), "P+ P- P+");
	gives_back(&line, 0);
	gives_back(&line, 2);
	cr_assert_str_eq(now(&line), "P- P- P-");
	line_ends(&line);
}

Script(semaphore, order_of_the_ends_does_not_change_the_order_of_grants, "G1")
{
	fifolock_modes_t modes = semaphore(3);
	struct line line = line_with(&modes, "P");

	for (int i = 0; i < 6; i++)
		asks(&line, 'P');
	cr_assert_str_eq(now(&line), "P+ P+ P+ P. P. P.");
	gives_back(&line, 2);
	cr_assert_str_eq(now(&line), "P+ P+ P- P+ P. P.");
	gives_back(&line, 3);
	cr_assert_str_eq(now(&line), "P+ P+ P- P- P+ P.");
	gives_back(&line, 0);
	cr_assert_str_eq(now(&line), "P- P+ P- P- P+ P+");
	line_ends(&line);
}

Script(weight, heavy_head_is_not_starved_by_light_ones_behind, "G1")
{
	fifolock_modes_t modes = semaphore(4);
	struct line line = line_with(&modes, "P");

	for (int i = 0; i < 3; i++)
		asks(&line, 'P');
	asks_n(&line, 'P', 4);
	asks(&line, 'P');
	cr_assert_not(tries(&line, 'P'));
	cr_assert_str_eq(now(&line), "P+ P+ P+ P4. P.");
	gives_back(&line, 1);
	gives_back(&line, 0);
	cr_assert_str_eq(now(&line), "P- P- P+ P4. P.");
	gives_back(&line, 2);
	cr_assert_str_eq(now(&line), "P- P- P- P4+ P.");
	gives_back(&line, 3);
	cr_assert_str_eq(now(&line), "P- P- P- P4- P+");
	line_ends(&line);
}

Script(weight, part_of_a_weight_given_back_lets_the_next_in, "G3")
{
	fifolock_modes_t modes = semaphore(5);
	struct line line = line_with(&modes, "P");

	asks_n(&line, 'P', 5);
	asks_n(&line, 'P', 2);
	asks(&line, 'P');
	gives_back_n(&line, 0, 1);
	cr_assert_str_eq(now(&line), "P4+ P2. P.");
	gives_back_n(&line, 0, 1);
	cr_assert_str_eq(now(&line), "P3+ P2+ P.");
	gives_back_n(&line, 0, 2);
	cr_assert_str_eq(now(&line), "P+ P2+ P+");
	line_ends(&line);
}

Script(weight, all_or_nothing, "G2")
{
	fifolock_modes_t modes = semaphore(3);
	struct line line = line_with(&modes, "P");

	asks_n(&line, 'P', 2);
	cr_assert_not(tries_n(&line, 'P', 2));
	cr_assert(tries_n(&line, 'P', 1));
	cr_assert_not(tries_n(&line, 'P', 1));
	asks_n(&line, 'P', 3);
	gives_back(&line, 0);
	cr_assert_str_eq(now(&line), "P2- P+ P3.");
	line_ends(&line);
}

Script(weight, readers_by_the_thousand_keep_one_writer_waiting, "G2")
{
	struct line line = line_on(&fifolock_shared_exclusive);
	uint32_t all = fifolock_modes_capacity(line.modes, FIFOLOCK_SHARED);

	asks_n(&line, 'S', all - 1);
	asks(&line, 'S');
	cr_assert_not(tries(&line, 'S'));
	asks(&line, 'X');
	gives_back(&line, 0);
	cr_assert_eq(line.actors[2].state, '.');
	gives_back(&line, 1);
	cr_assert_eq(line.actors[2].state, '+');
	line_ends(&line);
}

/* Other presets and other tables. */

Script(update, goes_with_reads_but_not_with_update, "G2")
{
	struct line line = line_on(&fifolock_update);

	for (const char *who = "SUSUSX"; *who; who++)
		asks(&line, *who);
	cr_assert_str_eq(now(&line), "S+ U+ S+ U. S. X.");
	gives_back(&line, 1);
	cr_assert_str_eq(now(&line), "S+ U- S+ U+ S+ X.");
	gives_back(&line, 0);
	gives_back(&line, 2);
	gives_back(&line, 4);
	cr_assert_str_eq(now(&line), "S- U- S- U+ S- X.");
	gives_back(&line, 3);
	cr_assert_str_eq(now(&line), "S- U- S- U- S- X+");
	line_ends(&line);
}

Script(intent, writers_of_parts_go_together_and_a_reader_of_all_waits, "G1 G2")
{
	struct line line = line_on(&fifolock_intent);

	for (const char *who = "xsxSsx"; *who; who++)
		asks(&line, *who);
	cr_assert_str_eq(now(&line), "x+ s+ x+ S. s. x.");
	gives_back(&line, 0);
	gives_back(&line, 2);
	cr_assert_str_eq(now(&line), "x- s+ x- S+ s+ x.");
	gives_back(&line, 3);
	cr_assert_str_eq(now(&line), "x- s+ x- S- s+ x+");
	line_ends(&line);
}

Script(intent, reader_of_all_that_writes_parts_goes_with_readers_of_parts, "G2")
{
	struct line line = line_on(&fifolock_intent);

	for (const char *who = "bsbUX"; *who; who++)
		asks(&line, *who);
	cr_assert_str_eq(now(&line), "b+ s+ b. U. X.");
	gives_up(&line, 2);
	cr_assert_str_eq(now(&line), "b+ s+ b! U. X.");
	gives_back(&line, 0);
	cr_assert_str_eq(now(&line), "b- s+ b! U+ X.");
	gives_back(&line, 3);
	gives_back(&line, 1);
	cr_assert_str_eq(now(&line), "b- s- b! U- X+");
	line_ends(&line);
}

Script(matrix, one_sided_conflict_keeps_only_its_own_mode_waiting, "G2")
{
	static const struct fifolock_mode sides[] = {{.max = 9, .conflicts = 2},
						     {.max = 9}};
	fifolock_modes_t modes = compiled(sides, 2);
	struct line line = line_with(&modes, "AB");

	for (const char *who = "ABAB"; *who; who++)
		asks(&line, *who);
	cr_assert_str_eq(now(&line), "A+ B+ A. B.");
	gives_back(&line, 1);
	cr_assert_str_eq(now(&line), "A+ B- A+ B+");
	line_ends(&line);
}

Script(matrix, limits_count_the_holds_of_others, "G2")
{
	static const uint32_t a[] = {0, 2}, b[] = {3, 0};
	static const struct fifolock_mode limited[] = {
		{.max = 9, .limits = a},
		{.max = 9, .limits = b},
	};
	fifolock_modes_t modes = compiled(limited, 2);
	struct line line = line_with(&modes, "AB");

	for (const char *who = "BAABAAB"; *who; who++)
		asks(&line, *who);
	cr_assert_str_eq(now(&line), "B+ A+ A+ B+ A. A. B.");
	gives_back(&line, 0);
	cr_assert_str_eq(now(&line), "B- A+ A+ B+ A+ A+ B.");
	gives_back(&line, 1);
	cr_assert_str_eq(now(&line), "B- A- A+ B+ A+ A+ B.");
	gives_back(&line, 4);
	cr_assert_str_eq(now(&line), "B- A- A+ B+ A- A+ B+");
	line_ends(&line);
}

Script(matrix, phases_of_sixteen_modes_follow_one_another, "G1 G3")
{
	struct fifolock_mode rooms[FIFOLOCK_MAX_MODES];
	fifolock_modes_t modes;
	struct line line;

	for (unsigned m = 0; m < FIFOLOCK_MAX_MODES; m++)
		rooms[m] = (struct fifolock_mode){.max = 2,
						  .conflicts = ~(1u << m) & 0xffff};
	modes = compiled(rooms, FIFOLOCK_MAX_MODES);
	line = line_with(&modes, "ABCDEFGHIJKLMNOP");
	for (const char *who = "PPPAABP"; *who; who++)
		asks(&line, *who);
	cr_assert_str_eq(now(&line), "P+ P+ P. A. A. B. P.");
	gives_back(&line, 0);
	cr_assert_str_eq(now(&line), "P- P+ P+ A. A. B. P.");
	gives_back(&line, 2);
	gives_back(&line, 1);
	cr_assert_str_eq(now(&line), "P- P- P- A+ A+ B. P.");
	gives_back(&line, 4);
	gives_back(&line, 3);
	cr_assert_str_eq(now(&line), "P- P- P- A- A- B+ P.");
	line_ends(&line);
}

/* Predicates. */

static bool read_write(const uint32_t holds[], unsigned mode, void *ctx)
{
	(void)ctx;
	return !holds[X] && (mode == S || !holds[S]);
}

Script(predicate, can_say_what_the_seed_said, "G1 G2 G4")
{
	fifolock_modes_t modes;
	struct line line = line_on(&modes);

	cr_assert_eq(fifolock_modes_predicate(&modes, 2, 99, read_write, NULL), 0);
	for (const char *who = "SSXSSX"; *who; who++)
		asks(&line, *who);
	cr_assert_str_eq(now(&line), "S+ S+ X. S. S. X.");
	gives_up(&line, 2);
	cr_assert_str_eq(now(&line), "S+ S+ X! S+ S+ X.");
	for (int i = 4; i >= 0; i--)
		if (i != 2)
			gives_back(&line, i);
	cr_assert_str_eq(now(&line), "S- S- X! S- S- X+");
	line_ends(&line);
}

/* A guest (1) comes only with a host (0) of its own: no limit can say that, and
 * one more hold may let somebody in. */
static bool hosted(const uint32_t holds[], unsigned mode, void *ctx)
{
	(void)ctx;
	return mode == 0 || holds[1] < holds[0];
}

Script(predicate, may_need_what_is_granted_before_it, "G3")
{
	fifolock_modes_t modes;
	struct line line = line_with(&modes, "HG");

	cr_assert_eq(fifolock_modes_predicate(&modes, 2, 3, hosted, NULL), 0);
	asks_n(&line, 'H', 3);
	for (const char *who = "HGHGGH"; *who; who++)
		asks(&line, *who);
	cr_assert_str_eq(now(&line), "H3+ H. G. H. G. G. H.");
	gives_back_n(&line, 0, 2);
	cr_assert_str_eq(now(&line), "H+ H+ G+ H+ G+ G+ H.");
	line_ends(&line);
}

Script(predicate, head_that_nobody_can_help_keeps_its_place, "G1 G4")
{
	fifolock_modes_t modes;
	struct line line = line_with(&modes, "HG");

	cr_assert_eq(fifolock_modes_predicate(&modes, 2, 3, hosted, NULL), 0);
	asks(&line, 'G');
	asks(&line, 'H');
	cr_assert_not(tries(&line, 'H'));
	cr_assert_str_eq(now(&line), "G. H.");
	gives_up(&line, 0);
	cr_assert_str_eq(now(&line), "G! H+");
	asks(&line, 'G');
	gives_back(&line, 1);
	asks(&line, 'G');
	cr_assert_str_eq(now(&line), "G! H- G+ G.");
	gives_back(&line, 2);
	cr_assert_str_eq(now(&line), "G! H- G- G.");
	line_ends(&line);
}

Script(predicate, weight_is_asked_one_by_one, "G2")
{
	fifolock_modes_t modes;
	struct line line = line_with(&modes, "HG");

	cr_assert_eq(fifolock_modes_predicate(&modes, 2, 3, hosted, NULL), 0);
	asks_n(&line, 'H', 2);
	cr_assert_not(tries_n(&line, 'G', 3));
	cr_assert(tries_n(&line, 'G', 2));
	gives_back(&line, 1);
	asks_n(&line, 'G', 3);
	cr_assert_str_eq(now(&line), "H2+ G2- G3.");
	line_ends(&line);
}

/* Long lines, long lives. */

Script(ticket, wraps_unnoticed, "G1")
{
	struct line line = line_on(&fifolock_shared_exclusive);

	line.lock.line = (uint64_t)(UINT32_MAX - 2) << 32;
	line.lock.gone = UINT32_MAX - 2;
	for (const char *who = "XSXSSX"; *who; who++)
		asks(&line, *who);
	cr_assert_str_eq(now(&line), "X+ S. X. S. S. X.");
	cr_assert_lt(line.lock.line >> 32, 10);
	gives_up(&line, 3);
	gives_back(&line, 0);
	cr_assert_str_eq(now(&line), "X- S+ X. S! S. X.");
	gives_up(&line, 2);
	cr_assert_str_eq(now(&line), "X- S+ X! S! S+ X.");
	line_ends(&line);
}

Script(crowd, of_ten_thousand_is_served_in_order, "G1 G4")
{
	struct line line = line_on(&fifolock_mutex);
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
	struct line line = line_on(&fifolock_shared_exclusive);
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

/* Whoever comes to a line links itself to its end: the release need not. */
Script(crowd, is_in_order_before_the_release_looks, "G6")
{
	struct line line = line_on(&fifolock_mutex);

	for (int i = 0; i < 10; i++) {
		asks(&line, 'X');
		cr_assert(i < 2 || (uint32_t)line.lock.line == 0);
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
	fl_slot_free(slot);
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
	word = lock.word;
	storm_leaves_nothing(&lock, 0);
	cr_assert_eq(lock.word, word);
	releases(&lock, X);
	line_has_lost_no_slot();
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
	line_has_lost_no_slot();
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

/* Always somebody in line, never for long. */
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
	line_has_lost_no_slot();
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

/* Misuse: refused, and not a bit has changed. */

static bool same_lock(const fifolock_t *lock, const fifolock_t *before)
{
	return memcmp(lock, before, sizeof(*lock)) == 0;
}

Script(misuse, destroy_is_refused_while_held_or_waited_for, "G7")
{
	struct line line = line_on(&fifolock_shared_exclusive);
	fifolock_t before;

	asks(&line, 'S');
	before = line.lock;
	cr_assert_eq(fifolock_destroy(&line.lock), EBUSY);
	cr_assert(same_lock(&line.lock, &before));
	asks(&line, 'X');
	asks(&line, 'S');
	before = line.lock;
	cr_assert_eq(fifolock_destroy(&line.lock), EBUSY);
	cr_assert(same_lock(&line.lock, &before));
	gives_back(&line, 0);
	cr_assert_str_eq(now(&line), "S- X+ S.");
	line_ends(&line);
}

Script(misuse, destroy_is_refused_while_waited_for_though_not_held, "G7")
{
	fifolock_modes_t modes;
	struct line line = line_with(&modes, "HG");
	fifolock_t before;

	cr_assert_eq(fifolock_modes_predicate(&modes, 2, 3, hosted, NULL), 0);
	asks(&line, 'G');
	before = line.lock;
	cr_assert_eq(fifolock_destroy(&line.lock), EBUSY);
	cr_assert(same_lock(&line.lock, &before));
	cr_assert_str_eq(now(&line), "G.");
	line_ends(&line);
}

static void check_refused(fifolock_t *lock, unsigned mode, uint32_t n, int error)
{
	fifolock_t before = *lock;

	errno = 77;
	cr_assert_eq(fifolock_unlock_n(lock, mode, n), error);
	cr_assert_eq(errno, 77);
	cr_assert(same_lock(lock, &before));
}

Script(misuse, release_of_a_mode_that_is_not_held_is_refused, "G7")
{
	struct line line = line_on(&fifolock_intent);

	for (unsigned m = 0; m < 6; m++)
		check_refused(&line.lock, m, 1, EPERM);
	asks(&line, 'S');
	for (unsigned m = 0; m < 6; m++)
		if (m != S)
			check_refused(&line.lock, m, 1, EPERM);
	check_refused(&line.lock, S, 2, EPERM);
	asks(&line, 'X');
	asks(&line, 'S');
	for (unsigned m = 0; m < 6; m++)
		if (m != S)
			check_refused(&line.lock, m, 1, EPERM);
	check_refused(&line.lock, S, 2, EPERM);
	cr_assert_str_eq(now(&line), "S+ X. S.");
	gives_back(&line, 0);
	cr_assert_str_eq(now(&line), "S- X+ S.");
	line_ends(&line);
}

Script(misuse, second_release_is_refused, "G7")
{
	struct line line = line_on(&fifolock_shared_exclusive);

	asks(&line, 'X');
	asks(&line, 'S');
	asks(&line, 'X');
	gives_back(&line, 0);
	check_refused(&line.lock, X, 1, EPERM);
	gives_back(&line, 1);
	check_refused(&line.lock, S, 1, EPERM);
	gives_back(&line, 2);
	check_refused(&line.lock, X, 1, EPERM);
	check_refused(&line.lock, S, 1, EPERM);
	line_ends(&line);
}

Script(misuse, unknown_modes_and_impossible_weights_are_refused, "G7")
{
	fifolock_modes_t modes = semaphore(5);
	struct line line = line_with(&modes, "P");

	asks_n(&line, 'P', 3);
	asks_n(&line, 'P', 3);
	check_refused(&line.lock, 1, 1, EINVAL);
	check_refused(&line.lock, 16, 1, EINVAL);
	check_refused(&line.lock, UINT32_MAX, 1, EINVAL);
	check_refused(&line.lock, 0, 0, ERANGE);
	check_refused(&line.lock, 0, 4, EPERM);
	check_refused(&line.lock, 0, 6, ERANGE);
	check_refused(&line.lock, 0, 8, ERANGE);
	check_refused(&line.lock, 0, UINT32_MAX, ERANGE);
	cr_assert_eq(fifolock_holds(&line.lock, 1), 0);
	cr_assert_eq(fifolock_holds(&line.lock, UINT32_MAX), 0);
	cr_assert_str_eq(now(&line), "P3+ P3.");
	line_ends(&line);
}

Test(misuse, destroyed_lock_is_refused_everything_until_initialised, .description = "G7")
{
	const struct timespec past = {0, 1};
	fifolock_t lock = FIFOLOCK_INIT(&fifolock_mutex), before;

	cr_assert_eq(fifolock_destroy(&lock), 0);
	before = lock;
	cr_assert_eq(fifolock_lock(&lock, X), EINVAL);
	cr_assert_eq(fifolock_trylock(&lock, X), EINVAL);
	cr_assert_eq(fifolock_timedlock(&lock, X, &past), EINVAL);
	cr_assert_eq(fifolock_unlock(&lock, X), EINVAL);
	cr_assert_eq(fifolock_destroy(&lock), EINVAL);
	cr_assert_eq(fifolock_holds(&lock, X), 0);
	cr_assert_eq(fifolock_waiting(&lock), 0);
	cr_assert(same_lock(&lock, &before));
	cr_assert_eq(fifolock_init(&lock, &fifolock_mutex), 0);
	cr_assert_eq(fifolock_trylock(&lock, X), 0);
}
