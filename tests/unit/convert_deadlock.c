/* SPDX-License-Identifier: MIT
 *
 * convert_deadlock.c - which conversion is turned away with EDEADLK: in random tables of
 * limits the library and a model say the same.  The model asks the one question of
 * fifolock.h, of each pair: would an earlier one not fit beside what those behind it keep?
 *
 * One thread plays all, as in script.h; what comes under a scanner is played by setting
 * SCANNING by hand, so that many come, and some have left again, before any thread looks.
 */
#include "test.h"
#include "core/lock.h"
#include "oracle.h"
#include "core/walk.h"

enum { CAST = 12, MODES = 4 };
enum state { GONE, HOLDS, WAITS, LEFT };

struct actor {
	enum state state;
	unsigned mode, to;
	struct fl_slot *slot;
};

struct game {
	fifolock_t lock;
	fifolock_modes_t modes;
	struct actor actors[CAST];
	unsigned line[2 * CAST]; /* those that wait, in the order in which they asked */
	unsigned length, judged; /* those before have been looked at */
	uint64_t word, random;
};

static unsigned below(struct game *game, unsigned n)
{
	return oracle_below(&game->random, n);
}

static struct fl_want want_of(const struct game *game, unsigned mode)
{
	return fl_want(&game->modes.rows[mode], mode, 1);
}

static uint64_t unit_of(const struct game *game, unsigned mode)
{
	return game->modes.rows[mode].unit;
}

static bool fits(const struct game *game, unsigned mode, uint64_t word)
{
	const struct fl_want want = want_of(game, mode);

	return fl_want_fits(&game->modes, &want, word);
}

/* ---- the model ---- */

static void drops(struct game *game, unsigned at)
{
	game->length--;
	game->judged -= at < game->judged;
	memmove(game->line + at, game->line + at + 1,
		(game->length - at) * sizeof(*game->line));
}

/* Would one before it wait for ever? */
static bool deadlocks(const struct game *game, unsigned at)
{
	for (unsigned i = 0; i < at; i++) {
		uint64_t kept = 0;

		for (unsigned j = i + 1; j <= at; j++)
			kept += unit_of(game, game->actors[game->line[j]].mode);
		if (!fits(game, game->actors[game->line[i]].to, kept))
			return true;
	}
	return false;
}

static void is_told(struct game *game, unsigned who, int verdict)
{
	struct actor *actor = &game->actors[who];
	uint32_t told = fl_outcome(actor->slot);

	oracle_check(told == (verdict ? FL_REFUSED : FL_GRANTED), "told %u", told);
	oracle_check(actor->slot->verdict == verdict, "%u", actor->slot->verdict);
	fl_slot_free(actor->slot);
	actor->state = HOLDS;
	if (verdict)
		return;
	game->word += unit_of(game, actor->to) - unit_of(game, actor->mode);
	actor->mode = actor->to;
}

static bool head_fits(const struct game *game)
{
	const struct actor *head = &game->actors[game->line[0]];

	return fits(game, head->to, game->word - unit_of(game, head->mode));
}

/* What a scan finds and does. */
static void scans(struct game *game)
{
	for (unsigned i = 0; i < game->length;)
		if (game->actors[game->line[i]].state == LEFT) {
			game->actors[game->line[i]].state = HOLDS;
			drops(game, i);
		} else {
			i++;
		}
	while (game->judged < game->length)
		if (deadlocks(game, game->judged)) {
			unsigned who = game->line[game->judged];

			game->judged++;
			drops(game, game->judged - 1);
			is_told(game, who, EDEADLK);
		} else {
			game->judged++;
		}
	while (game->length && head_fits(game)) {
		unsigned who = game->line[0];

		drops(game, 0);
		is_told(game, who, 0);
	}
	for (unsigned i = 0; i < game->length; i++)
		oracle_check(!fl_outcome(game->actors[game->line[i]].slot), "too early");
	oracle_check((game->lock.word & FL_HOLDS) == game->word, "other holds");
	oracle_check(fifolock_waiting(&game->lock) == game->length, "waiting");
}

/* ---- the library ---- */

static void converts(struct game *game, unsigned who)
{
	struct actor *actor = &game->actors[who];
	struct fl_want want;

	actor->to = below(game, MODES);
	want = want_of(game, actor->to);
	if (fl_exchange(&game->lock, &game->modes.rows[actor->mode], &want) == 0) {
		game->word += unit_of(game, actor->to) - unit_of(game, actor->mode);
		actor->mode = actor->to;
		return;
	}
	actor->slot = fl_slot_new();
	actor->slot->from = (uint8_t)actor->mode;
	actor->state = WAITS;
	game->line[game->length++] = who;
	fl_join(&game->lock, actor->slot, &want, FL_CONVERTS | FL_LEAVES | FL_NO_LIMIT);
}

static void acts(struct game *game)
{
	unsigned who = below(game, CAST), mode = below(game, MODES);
	struct actor *actor = &game->actors[who];
	const struct fl_want want = want_of(game, mode);
	const struct fifolock_row *row = &game->modes.rows[actor->mode];

	if (actor->state == GONE && fl_take(&game->lock, &want)) {
		game->word += want.unit;
		*actor = (struct actor){.state = HOLDS, .mode = mode};
	} else if (actor->state == WAITS && below(game, 3) == 0) {
		actor->state = LEFT;
		oracle_check(fl_leave(&game->lock, actor->slot), "told in line");
	} else if (actor->state == HOLDS && below(game, 4)) {
		converts(game, who);
	} else if (actor->state == HOLDS && below(game, 2)) {
		game->word -= row->unit;
		actor->state = GONE;
		oracle_check(!fl_release(&game->lock, row->field, row->unit), "refused");
	}
}

/* Several things happen while another thread scans, which then looks. */
static void acts_under_a_scan(struct game *game)
{
	if (!(game->lock.word & FL_QUEUED))
		return;
	game->lock.word |= FL_SCANNING;
	for (unsigned n = 1 + below(game, 6); n; n--)
		acts(game);
	game->lock.word &= ~(FL_SCANNING | FL_RESCAN);
	fl_walk(&game->lock, &(struct fl_walk){0});
}

static void begins(struct game *game, uint64_t seed)
{
	uint32_t limits[MODES][MODES];
	struct fifolock_mode modes[MODES] = {{0}};

	*game = (struct game){.random = seed};
	for (unsigned m = 0; m < MODES; m++) {
		for (unsigned x = 0; x < MODES; x++)
			limits[m][x] = below(game, 6);
		modes[m] = (struct fifolock_mode){.max = 1 + below(game, CAST),
						  .limits = limits[m]};
	}
	cr_assert_eq(fifolock_modes_compile(&game->modes, modes, MODES, NULL, 0), 0);
	cr_assert_eq(fifolock_init(&game->lock, &game->modes), 0);
}

static void ends(struct game *game)
{
	while (game->length) {
		struct actor *last = &game->actors[game->line[game->length - 1]];

		last->state = LEFT;
		oracle_check(fl_leave(&game->lock, last->slot), "told in line");
		scans(game);
	}
	for (unsigned mode = 0; mode < MODES; mode++)
		while (fifolock_unlock(&game->lock, mode) == 0)
			;
	cr_assert_eq(fifolock_destroy(&game->lock), 0);
}

Test(deadlock, of_conversions_is_seen_when_the_last_of_them_joins_as_the_model_says,
     .description = "G3")
{
	struct game game;

	for (uint64_t seed = 1; seed <= test_scaled(1500); seed++) {
		begins(&game, seed);
		for (unsigned step = 0; step < 100; step++) {
			if (below(&game, 4))
				acts(&game);
			else
				acts_under_a_scan(&game);
			scans(&game);
		}
		ends(&game);
	}
}
