/* SPDX-License-Identifier: MIT
 *
 * order.c - which are granted when, and which those that give up let in: scripts on
 * mutexes and readers and writers.
 */
#include "test.h"
#include "script.h"

/* The seed's own: a mutex. */

Script(mutex, exclusive_keeps_exclusive_waiting, "G1 G2")
{
	struct line line = line_on(&fifolock_mutex_modes);

	asks(&line, 'X');
	asks(&line, 'X');
	cr_assert_str_eq(now(&line), "X+ X.");
	gives_back(&line, 0);
	cr_assert_str_eq(now(&line), "X- X+");
	line_ends(&line);
}

Script(mutex, one_follows_another_in_the_order_asked, "G1")
{
	struct line line = line_on(&fifolock_mutex_modes);

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
	struct line line = line_on(&fifolock_mutex_modes);

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
	struct line line = line_on(&fifolock_mutex_modes);

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
	struct line line = line_on(&fifolock_shared_exclusive_modes);

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
	struct line line = line_on(&fifolock_shared_exclusive_modes);

	asks(&line, 'S');
	asks(&line, 'X');
	cr_assert_str_eq(now(&line), "S+ X.");
	gives_back(&line, 0);
	cr_assert_str_eq(now(&line), "S- X+");
	line_ends(&line);
}

Script(rw, reads_given_back_out_of_order_still_keep_write_waiting, "G2")
{
	struct line line = line_on(&fifolock_shared_exclusive_modes);

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
	struct line line = line_on(&fifolock_shared_exclusive_modes);

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
	struct line line = line_on(&fifolock_shared_exclusive_modes);

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
	struct line line = line_on(&fifolock_shared_exclusive_modes);

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
	struct line line = line_on(&fifolock_shared_exclusive_modes);

	asks(&line, 'S');
	cr_assert(tries(&line, 'S'));
	cr_assert_not(tries(&line, 'X'));
	asks(&line, 'X');
	cr_assert_not(tries(&line, 'S'), "it would fit, but another is in line");
	gives_up(&line, 2);
	cr_assert(tries(&line, 'S'));
	cr_assert_str_eq(now(&line), "S+ S+ X! S+");
	line_ends(&line);
}

Script(rw, trylock_succeeds_again_when_the_line_has_emptied, "G1 G3")
{
	struct line line = line_on(&fifolock_shared_exclusive_modes);

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
	struct line line = line_on(&fifolock_shared_exclusive_modes);
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
	struct line line = line_on(&fifolock_shared_exclusive_modes);

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
	struct line line = line_on(&fifolock_shared_exclusive_modes);

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
	struct line line = line_on(&fifolock_shared_exclusive_modes);

	for (const char *who = "SXXS"; *who; who++)
		asks(&line, *who);
	gives_up(&line, 2);
	gives_up(&line, 1);
	cr_assert_str_eq(now(&line), "S+ X! X! S+");
	line_ends(&line);
}

Script(leave, last_one_leaves_and_another_comes, "G4")
{
	struct line line = line_on(&fifolock_shared_exclusive_modes);

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
	struct line line = line_on(&fifolock_shared_exclusive_modes);

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
	struct line line = line_on(&fifolock_mutex_modes);

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
	struct line line = line_on(&fifolock_shared_exclusive_modes);
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
