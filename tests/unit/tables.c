/* SPDX-License-Identifier: MIT
 *
 * tables.c - which are granted when: scripts on semaphores, weights, intention
 * modes, tables of one's own, predicates.
 */
#include "test.h"
#include "script.h"

#define X FIFOLOCK_EXCLUSIVE
#define S FIFOLOCK_SHARED

static fifolock_modes_t compiled(const struct fifolock_mode modes[], unsigned count)
{
	fifolock_modes_t out;
	char why[200] = "";

	cr_assert_eq(fifolock_modes_compile(&out, modes, count, why, sizeof(why)), 0,
		     "%s", why);
	return out;
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
	struct line line = line_on(&fifolock_shared_exclusive_modes);
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
	struct line line = line_on(&fifolock_update_modes);

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
	struct line line = line_on(&fifolock_intent_modes);

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
	struct line line = line_on(&fifolock_intent_modes);

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
 * one more hold may let one in. */
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
