/* SPDX-License-Identifier: MIT
 *
 * holder_scripts.c - what holders may do besides giving back, and closing, as scripts.
 */
#include "script.h"

Script(convert, to_a_weaker_mode_lets_in_who_then_fits, "G3")
{
	struct line line = line_on(&fifolock_update_modes);
	int x = asks(&line, 'X');

	asks(&line, 'S');
	asks(&line, 'U');
	asks(&line, 'X');
	asks(&line, 'S');
	cr_assert_str_eq(now(&line), "X+ S. U. X. S.");
	cr_assert(converts(&line, x, 'S'));
	cr_assert_str_eq(now(&line), "S+ S+ U+ X. S.");
	line_ends(&line);
}

Script(convert, waits_before_those_who_hold_nothing, "G1 G3")
{
	struct line line = line_on(&fifolock_update_modes);
	int s = asks(&line, 'S'), u = asks(&line, 'U');

	asks(&line, 'X');
	asks(&line, 'S');
	cr_assert(converts(&line, u, 'X'));
	cr_assert_str_eq(now(&line), "S+ U>X. X. S.");
	gives_back(&line, s);
	cr_assert_str_eq(now(&line), "S- X+ X. S.");
	cr_assert(converts(&line, u, 'U'));
	cr_assert_str_eq(now(&line), "S- U+ X. S.");
	line_ends(&line);
}

Script(convert, at_once_passes_the_line, "G2")
{
	struct line line = line_on(&fifolock_update_modes);
	int u = asks(&line, 'U');

	asks(&line, 'X');
	cr_assert(converts(&line, u, 'X'));
	cr_assert_str_eq(now(&line), "X+ X.");
	line_ends(&line);
}

Script(convert, of_two_that_wait_for_each_other_the_later_is_turned_away, "G3")
{
	struct line line = line_on(&fifolock_shared_exclusive_modes);
	int one = asks(&line, 'S'), two = asks(&line, 'S');

	asks(&line, 'X');
	cr_assert(converts(&line, one, 'X'));
	cr_assert_not(converts(&line, two, 'X'));
	cr_assert_str_eq(now(&line), "S>X. S+ X.");
	gives_back(&line, two);
	cr_assert_str_eq(now(&line), "X+ S- X.");
	line_ends(&line);
}

Script(convert, that_do_not_wait_for_each_other_wait_in_their_order, "G1 G3")
{
	struct line line = line_on(&fifolock_intent_modes);
	int one = asks(&line, 's'), two = asks(&line, 's'), s = asks(&line, 'S');

	/* Each waits for S to go; then they fit beside each other. */
	cr_assert(converts(&line, one, 'x'));
	cr_assert(converts(&line, two, 'x'));
	cr_assert_str_eq(now(&line), "s>x. s>x. S+");
	gives_back(&line, s);
	cr_assert_str_eq(now(&line), "x+ x+ S-");
	line_ends(&line);
}

Script(convert, given_up_keeps_what_it_had_and_lets_in_who_waited_for_it, "G4")
{
	struct line line = line_on(&fifolock_update_modes);
	int u = asks(&line, 'U');

	asks(&line, 'S');
	cr_assert(converts(&line, u, 'X'));
	asks(&line, 'S');
	cr_assert_str_eq(now(&line), "U>X. S+ S.");
	cr_assert(keeps(&line, u));
	cr_assert_str_eq(now(&line), "U+ S+ S+");
	line_ends(&line);
}

Script(close, turns_away_who_is_in_line_and_leaves_holds_alone, "G4")
{
	struct line line = line_on(&fifolock_update_modes);
	int u = asks(&line, 'U');

	asks(&line, 'S');
	cr_assert(converts(&line, u, 'X'));
	asks(&line, 'X');
	asks(&line, 'S');
	closes(&line);
	cr_assert_str_eq(now(&line), "U+ S+ X/ S/");
	cr_assert_not(tries(&line, 'S'));
	asks(&line, 'S');
	cr_assert_str_eq(now(&line), "U+ S+ X/ S/ S/");
	reopens(&line);
	cr_assert(tries(&line, 'S'));
	cr_assert_str_eq(now(&line), "U+ S+ X/ S/ S/ S+");
	line_ends(&line);
}

Script(close, of_a_free_lock_keeps_it_so, "G4")
{
	struct line line = line_on(&fifolock_mutex_modes);

	closes(&line);
	asks(&line, 'X');
	closes(&line);
	reopens(&line);
	reopens(&line);
	asks(&line, 'X');
	cr_assert_str_eq(now(&line), "X/ X+");
	line_ends(&line);
}
