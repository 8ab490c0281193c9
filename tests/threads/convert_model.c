/* SPDX-License-Identifier: MIT
 *
 * convert_model.c - conversions at random, by requests and by threads told one by
 * one, against a model: what the header says, once more.
 */
#define _GNU_SOURCE
#include "intent_modes.h"
#include "stage.h"

#define CAST 8 /* puppets, or requests */

/* ---- the model ---- */

enum fate { GONE, WAITS, HOLDS, CONVERTING };

struct model {
	uint32_t holds[6];
	struct entry {
		unsigned who, to;
		int from;
	} line[CAST];
	unsigned waiting, converting; /* conversions stand first */
	enum fate fates[CAST];
	unsigned modes[CAST];
};

static bool model_fits(const struct model *model, int from, unsigned to)
{
	for (unsigned x = 0; x < 6; x++)
		if (against[to] >> x & 1 && model->holds[x] > ((int)x == from))
			return false;
	return true;
}

static void model_gets(struct model *model, unsigned who, int from, unsigned to)
{
	if (from >= 0)
		model->holds[from]--;
	model->holds[to]++;
	model->fates[who] = HOLDS;
	model->modes[who] = to;
}

static void model_drops(struct model *model, unsigned at)
{
	model->waiting--;
	model->converting -= at < model->converting;
	memmove(model->line + at, model->line + at + 1,
		(model->waiting - at) * sizeof(struct entry));
}

static void model_grants(struct model *model)
{
	while (model->waiting &&
	       model_fits(model, model->line[0].from, model->line[0].to)) {
		struct entry head = model->line[0];

		model_drops(model, 0);
		model_gets(model, head.who, head.from, head.to);
	}
}

static void model_asks(struct model *model, unsigned who, unsigned mode)
{
	model->line[model->waiting++] = (struct entry){who, mode, -1};
	model->fates[who] = WAITS;
	model_grants(model);
}

/* 0, EDEADLK, or EINPROGRESS. */
static int model_converts(struct model *model, unsigned who, unsigned to, bool may_wait)
{
	int from = (int)model->modes[who];

	if (model_fits(model, from, to)) {
		model_gets(model, who, from, to);
		model_grants(model);
		return 0;
	}
	for (unsigned i = 0; i < model->converting; i++)
		if (against[model->line[i].to] >> from & 1)
			return EDEADLK;
	if (!may_wait)
		return EINPROGRESS;
	memmove(model->line + model->converting + 1, model->line + model->converting,
		(model->waiting++ - model->converting) * sizeof(struct entry));
	model->line[model->converting++] = (struct entry){who, to, from};
	model->fates[who] = CONVERTING;
	return EINPROGRESS;
}

static unsigned model_place(const struct model *model, unsigned who)
{
	unsigned at = 0;

	while (at < model->waiting && model->line[at].who != who)
		at++;
	return at;
}

static void model_leaves(struct model *model, unsigned who)
{
	model_drops(model, model_place(model, who));
	model->fates[who] = GONE;
	model_grants(model);
}

static void model_gives_back(struct model *model, unsigned who)
{
	model->holds[model->modes[who]]--;
	model->fates[who] = GONE;
	model_grants(model);
}

static void model_closes(struct model *model)
{
	while (model->waiting) {
		struct entry head = model->line[0];

		model_drops(model, 0);
		model->fates[head.who] = head.from < 0 ? GONE : HOLDS;
	}
}

static void same_counts(const struct model *model, const fifolock_t *lock, uint64_t step)
{
	for (unsigned m = 0; m < 6; m++)
		quick_check(fifolock_holds(lock, m) == model->holds[m],
			    "step %llu: %u holds of %u, not %u", (unsigned long long)step,
			    fifolock_holds(lock, m), m, model->holds[m]);
	quick_check(fifolock_waiting(lock) == model->waiting,
		    "step %llu: %u in line, not %u", (unsigned long long)step,
		    fifolock_waiting(lock), model->waiting);
}

/* ---- one thread plays all, by requests: no thread waits to convert ---- */

struct game {
	fifolock_t lock;
	fifolock_request_t requests[CAST];
	struct model model;
	uint64_t random;
};

static void game_converts(struct game *game, unsigned who)
{
	static const struct timespec past = {0, 1};
	unsigned to = some_mode(&game->random), from = game->model.modes[who];
	bool timed = oracle_below(&game->random, 2);
	int expected = model_converts(&game->model, who, to, false);
	int rc = timed ? fifolock_timedconvert(&game->lock, from, to, &past)
		       : fifolock_tryconvert(&game->lock, from, to);

	if (expected)
		expected = timed ? ETIMEDOUT : EBUSY;
	quick_check(rc == expected, "%u to %u: %d, not %d", from, to, rc, expected);
}

static void game_asks(struct game *game, unsigned who)
{
	unsigned mode = some_mode(&game->random);
	int rc = requests(&game->lock, mode, 1, &game->requests[who]);

	model_asks(&game->model, who, mode);
	quick_check(rc == (game->model.fates[who] == HOLDS ? 0 : EINPROGRESS), "request");
}

static void game_step(struct game *game)
{
	unsigned who = oracle_below(&game->random, CAST);
	enum fate fate = game->model.fates[who];

	if (fate == GONE) {
		game_asks(game, who);
	} else if (fate == WAITS && oracle_below(&game->random, 4) == 0) {
		quick_check(fifolock_request_cancel(&game->requests[who]) == 0, "cancel");
		model_leaves(&game->model, who);
	} else if (fate == HOLDS && oracle_below(&game->random, 3)) {
		game_converts(game, who);
	} else if (fate == HOLDS) {
		unsigned mode = game->model.modes[who];

		quick_check(fifolock_unlock(&game->lock, mode) == 0, "unlock");
		model_gives_back(&game->model, who);
	}
}

static void game_compare(struct game *game, uint64_t step)
{
	same_counts(&game->model, &game->lock, step);
	for (unsigned who = 0; who < CAST; who++) {
		fifolock_request_t *request = &game->requests[who];
		enum fate fate = game->model.fates[who];

		if (fate == GONE)
			continue;
		quick_check(fifolock_request_poll(request) ==
				    (fate == WAITS ? EINPROGRESS : 0),
			    "poll");
		quick_check(fifolock_request_position(request) ==
				    (fate == WAITS ? model_place(&game->model, who)
						   : UINT32_MAX),
			    "position");
	}
}

Test(convert, at_once_agrees_with_the_model, .description = "G1 G2 G3 G4")
{
	fifolock_modes_t modes = unowned(&fifolock_intent_modes);
	for (uint64_t seed = 1; seed <= test_scaled(2000); seed++) {
		struct game game = {.random = seed};

		quick_check(fifolock_init(&game.lock, &modes) == 0, "init");
		for (uint64_t step = 0; step < 150; step++) {
			game_step(&game);
			game_compare(&game, step);
		}
	}
}

/* ---- real threads, told one by one: conversions wait, too ---- */

struct play {
	struct stage stage;
	struct model model;
	uint64_t random;
	int expected[CAST]; /* of the puppet's call, when it ends */
};

/* Those of which the model says so have answered; the others are in line. */
static void play_compare(struct play *play, uint64_t step)
{
	for (unsigned who = 0; who < CAST; who++) {
		struct puppet *puppet = &play->stage.cast[who];
		enum fate fate = play->model.fates[who];

		if (fate == WAITS || fate == CONVERTING)
			continue;
		quick_check(answer(&play->stage, who) == play->expected[who],
			    "step %llu: %d, not %d", (unsigned long long)step, puppet->rc,
			    play->expected[who]);
		quick_check(puppet->held == (fate == HOLDS), "held or not");
		quick_check(fate == GONE || puppet->mode == play->model.modes[who],
			    "mode");
	}
	settle(&play->stage);
	same_counts(&play->model, &play->stage.lock, step);
	for (unsigned who = 0; who < CAST; who++)
		quick_check(busy(&play->stage.cast[who]) ==
				    (play->model.fates[who] == WAITS ||
				     play->model.fates[who] == CONVERTING),
			    "step %llu: gone from the line", (unsigned long long)step);
}

static void play_converts(struct play *play, unsigned who)
{
	static const enum deed deeds[] = {CONVERTS, CONVERTS, CONVERTS, TRIES,
					  CONVERTS_UNTIL};
	enum deed deed = deeds[oracle_below(&play->random, 5)];
	unsigned to = some_mode(&play->random);
	int rc = model_converts(&play->model, who, to, deed == CONVERTS);

	if (deed == CONVERTS && rc == EINPROGRESS)
		rc = 0;
	else if (deed == CONVERTS_UNTIL && rc == EINPROGRESS)
		rc = ETIMEDOUT;
	else if (deed == TRIES && rc)
		rc = EBUSY;
	play->expected[who] = rc;
	play->stage.cast[who].to = to;
	play->stage.cast[who].deadline =
		(struct timespec){rc == EDEADLK ? INT32_MAX : 0, 1};
	tell(&play->stage, who, deed);
}

static void play_closes(struct play *play, uint64_t step)
{
	for (unsigned i = 0; i < play->model.waiting; i++)
		play->expected[play->model.line[i].who] = ECANCELED;
	model_closes(&play->model);
	quick_check(fifolock_close(&play->stage.lock) == 0, "close");
	play_compare(play, step);
	quick_check(fifolock_reopen(&play->stage.lock) == 0, "reopen");
}

static void play_step(struct play *play, uint64_t step)
{
	unsigned who = oracle_below(&play->random, CAST);
	enum fate fate = play->model.fates[who];

	if (oracle_below(&play->random, 200) == 0) {
		play_closes(play, step);
	} else if (fate == GONE) {
		play->expected[who] = 0;
		play->stage.cast[who].mode = some_mode(&play->random);
		model_asks(&play->model, who, play->stage.cast[who].mode);
		tell(&play->stage, who, ASKS);
	} else if (fate == HOLDS && oracle_below(&play->random, 3)) {
		play_converts(play, who);
	} else if (fate == HOLDS) {
		play->expected[who] = 0;
		model_gives_back(&play->model, who);
		tell(&play->stage, who, GIVES_BACK);
	}
}

Test(convert, that_waits_agrees_with_the_model, .description = "G1 G2 G3 G4")
{
	for (uint64_t seed = 1; seed <= 8; seed++) {
		static struct play play;

		memset(&play, 0, sizeof(play));
		play.random = seed;
		stage_on(&play.stage, &fifolock_intent_modes);
		while (play.stage.count < CAST)
			comes(&play.stage, X);
		for (uint64_t step = 0; step < test_scaled(3000); step++) {
			play_step(&play, step);
			play_compare(&play, step);
		}
		stage_ends(&play.stage);
	}
}
