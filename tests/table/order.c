/* SPDX-License-Identifier: MIT
 *
 * order.c - a table of locks against an oracle for each key: which hold, which wait, which are called
 * back first; requests on other keys have nothing to do with it.  One thread plays all.
 */
#include "keys.h"
#include "presets.h"

#define KEYS 4
#define CAST 20

enum fate { GONE, WAITS, HOLDS };

struct actor {
	enum fate fate;
	unsigned key, mode;
	uint32_t n;
	uint64_t arrived;
	bool asked; /* by a request */
	struct asked request;
	fifolock_hold_t hold;
};

struct game {
	fifolock_table_t *table;
	fifolock_key_t keys[KEYS];
	struct rules rules;
	struct oracle oracles[KEYS];
	struct actor cast[CAST];
	bool converts; /* the rules say plainly when a conversion fits */
	uint64_t random, arrivals;
};

static uint32_t below(struct game *game, uint32_t n)
{
	return oracle_below(&game->random, n);
}

static fifolock_hold_t *hold_of(struct actor *actor)
{
	return actor->asked ? &actor->request.request.hold : &actor->hold;
}

static void begins(struct game *game, uint64_t seed)
{
	static const fifolock_key_t keys[KEYS] = {
		{NULL, 1}, {"", 0}, {"key", 3}, {NULL, UINT64_MAX}};

	game->random = seed;
	game->arrivals = 0;
	memcpy(game->keys, keys, sizeof(keys));
	memset(game->cast, 0, sizeof(game->cast));
	for (unsigned k = 0; k < KEYS; k++)
		game->oracles[k] = (struct oracle){.rules = &game->rules};
}

/* ---- steps ---- */

static bool was_granted(const struct game *game, const struct actor *actor)
{
	return !oracle_is_waiting(&game->oracles[actor->key],
				  (unsigned)(actor - game->cast));
}

static void asks(struct game *game, struct actor *actor)
{
	int rc = asks_n(&actor->request, game->table, game->keys[actor->key], actor->mode,
			actor->n);
	bool now;

	actor->asked = true;
	oracle_asks(&game->oracles[actor->key], (unsigned)(actor - game->cast),
		    actor->mode, actor->n);
	now = was_granted(game, actor);
	actor->fate = now ? HOLDS : WAITS;
	quick_check(rc == (now ? 0 : EINPROGRESS), "request: %d", rc);
}

/* By a call that does not wait: what it does not get leaves no trace. */
static void tries(struct game *game, struct actor *actor)
{
	static const struct timespec past = {0, 1};
	fifolock_key_t key = game->keys[actor->key];
	uint32_t way = below(game, 3);
	bool now = oracle_tries(&game->oracles[actor->key], actor->mode, actor->n);
	int expected = now ? 0 : way ? ETIMEDOUT : EBUSY, rc;

	actor->asked = false;
	if (way == 0)
		rc = fifolock_table_trylock_n(game->table, key, actor->mode, actor->n,
					      &actor->hold);
	else if (way == 1 || !now)
		rc = fifolock_table_timedlock_n(game->table, key, actor->mode, actor->n,
						&past, &actor->hold);
	else
		rc = fifolock_table_lock_n(game->table, key, actor->mode, actor->n,
					   &actor->hold);
	quick_check(rc == expected, "%d, not %d", rc, expected);
	actor->fate = now ? HOLDS : GONE;
}

static void comes(struct game *game, struct actor *actor)
{
	uint32_t most;

	actor->key = below(game, KEYS);
	actor->mode = below(game, game->rules.count);
	most = game->rules.capacity[actor->mode];
	actor->n = below(game, 3) ? 1 : 1 + below(game, most < 4 ? most : 4);
	actor->arrived = ++game->arrivals;
	if (below(game, 3))
		asks(game, actor);
	else
		tries(game, actor);
}

static void leaves(struct game *game, struct actor *actor)
{
	int rc = fifolock_table_request_cancel(&actor->request.request);

	quick_check(rc == 0, "cancel: %d", rc);
	oracle_gives_up(&game->oracles[actor->key], (unsigned)(actor - game->cast));
	quick_check(calls(&actor->request) == 0, "called back");
	actor->fate = GONE;
}

static void gives_back(struct game *game, struct actor *actor)
{
	gives(hold_of(actor));
	oracle_gives_back(&game->oracles[actor->key], actor->mode, actor->n);
	actor->fate = GONE;
}

/* Past the line, if it fits beside the others. */
static void converts(struct game *game, struct actor *actor)
{
	static const struct timespec past = {0, 1};
	struct oracle *oracle = &game->oracles[actor->key];
	unsigned to = below(game, game->rules.count);
	bool timed = below(game, 2), now;
	int rc = timed ? fifolock_table_timedconvert(hold_of(actor), to, &past)
		       : fifolock_table_tryconvert(hold_of(actor), to);

	oracle->holds[actor->mode]--;
	now = plain_fits(oracle->rules, oracle->holds, to, 1);
	oracle->holds[now ? to : actor->mode]++;
	quick_check(rc == (now ? 0 : timed ? ETIMEDOUT : EBUSY), "convert: %d", rc);
	if (!now)
		return;
	actor->mode = to;
	oracle_scan(oracle);
}

static void steps(struct game *game)
{
	struct actor *actor = &game->cast[below(game, CAST)];

	if (actor->fate == GONE)
		comes(game, actor);
	else if (actor->fate == WAITS && below(game, 4) == 0)
		leaves(game, actor);
	else if (actor->fate == HOLDS && game->converts && actor->n == 1 &&
		 below(game, 2))
		converts(game, actor);
	else if (actor->fate == HOLDS)
		gives_back(game, actor);
}

/* ---- comparison ---- */

/* Those of one key that have just been called back came in that order. */
static void in_order(const struct actor *one, const struct actor *other)
{
	if (one->key == other->key)
		quick_check((one->arrived < other->arrived) ==
				    (one->request.place < other->request.place),
			    "called back in another order");
}

static void compares(struct game *game)
{
	struct actor *fresh[CAST];
	unsigned count = 0, used = 0;

	for (unsigned i = 0; i < CAST; i++) {
		struct actor *actor = &game->cast[i];
		bool now = actor->fate == WAITS && was_granted(game, actor);

		if (actor->fate == WAITS)
			quick_check(granted(&actor->request) == now,
				    "actor %u: %sgranted", i, now ? "not " : "");
		if (now)
			fresh[count++] = actor;
	}
	for (unsigned i = 0; i < count; i++) {
		fresh[i]->fate = HOLDS;
		for (unsigned j = i + 1; j < count; j++)
			in_order(fresh[i], fresh[j]);
	}
	for (unsigned k = 0; k < KEYS; k++) {
		const struct oracle *oracle = &game->oracles[k];
		bool busy = oracle->waiting;

		for (unsigned m = 0; m < game->rules.count; m++)
			busy |= oracle->holds[m] > 0;
		used += busy;
	}
	quick_check(fifolock_table_keys(game->table) == used, "%zu keys, not %u",
		    fifolock_table_keys(game->table), used);
}

/* Only a function may keep a request waiting for good. */
static void ends(struct game *game)
{
	for (unsigned i = 0; i < CAST; i++) {
		if (game->cast[i].fate == HOLDS)
			gives_back(game, &game->cast[i]);
		compares(game);
	}
	for (unsigned i = 0; i < CAST; i++) {
		if (game->cast[i].fate == WAITS)
			leaves(game, &game->cast[i]);
		compares(game);
		if (game->cast[i].fate == HOLDS)
			gives_back(game, &game->cast[i]);
		compares(game);
	}
	for (unsigned i = 0; i < CAST; i++)
		if (game->cast[i].fate == HOLDS)
			gives_back(game, &game->cast[i]);
	cr_assert_eq(fifolock_table_keys(game->table), 0);
}

static void plays(struct game *game, uint64_t seed, unsigned count)
{
	begins(game, seed);
	for (unsigned step = 0; step < count; step++) {
		steps(game);
		compares(game);
	}
	ends(game);
}

/* To end a table may take a grace period. */
static void plays_once(struct game *game, const fifolock_modes_t *modes, uint64_t seed)
{
	game->table = table_of(modes);
	plays(game, seed, 1200);
	table_ends(game->table);
}

/* ---- tables of modes ---- */

static void plays_preset(const fifolock_modes_t *modes, unsigned count)
{
	static struct game game;

	game = (struct game){.converts = true};
	rules_preset(&game.rules, modes, count);
	game.table = table_of(modes);
	for (uint64_t seed = 1; seed <= test_scaled(60); seed++)
		plays(&game, seed, 200);
	table_ends(game.table);
}

Script(order, mutexes_agree_with_the_oracle, "G1 G2 G3 G4")
{
	plays_preset(&fifolock_mutex_modes, 1);
}

Script(order, readers_and_writers_agree_with_the_oracle, "G1 G2 G3 G4")
{
	plays_preset(&fifolock_shared_exclusive_modes, 2);
}

Script(order, update_modes_agree_with_the_oracle, "G1 G2 G3 G4")
{
	plays_preset(&fifolock_update_modes, 3);
}

Script(order, intent_modes_agree_with_the_oracle, "G1 G2 G3 G4")
{
	plays_preset(&fifolock_intent_modes, 6);
}

Script(order, semaphores_agree_with_the_oracle, "G1 G2 G3 G4")
{
	static struct game game;

	for (uint64_t seed = 1; seed <= test_scaled(8); seed++) {
		uint32_t size = 1 + (uint32_t)(seed % 7);
		fifolock_modes_t modes;

		cr_assert_eq(fifolock_modes_semaphore(&modes, size), 0);
		game.rules = (struct rules){.count = 1, .modes = {{.max = size}}};
		rules_capacity(&game.rules, &modes, 0);
		plays_once(&game, &modes, seed);
	}
}

Script(order, any_limits_agree_with_the_oracle, "G1 G2 G3 G4")
{
	static struct game game;

	for (uint64_t seed = 1; seed <= test_scaled(8); seed++) {
		fifolock_modes_t modes;
		uint64_t random = seed;

		rules_random(&game.rules, 1 + (unsigned)(seed % 8), 61, &random);
		rules_compile(&game.rules, &modes);
		plays_once(&game, &modes, seed);
	}
}

Script(order, any_function_agrees_with_the_oracle, "G1 G2 G3 G4")
{
	static struct game game;

	for (uint64_t seed = 1; seed <= test_scaled(8); seed++) {
		fifolock_modes_t modes;
		struct rules_dice dice;
		uint64_t random = seed;

		rules_random_predicate(&game.rules, &dice, &random);
		rules_compile(&game.rules, &modes);
		plays_once(&game, &modes, seed);
	}
}

/* ---- other keys ---- */

Script(order, a_key_is_not_held_up_by_the_line_of_another, "G1")
{
	fifolock_table_t *table = table_of(NULL);
	fifolock_hold_t holds[50];
	struct asked waits[50];

	for (unsigned k = 0; k < 50; k++) {
		holds[k] = takes(table, fifolock_key(k), X);
		queues(&waits[k], table, fifolock_key(k), X);
		cr_assert(fits(table, fifolock_key(k + 50), X));
	}
	for (unsigned k = 50; k-- > 0;) {
		gives(&holds[k]);
		for (unsigned i = 0; i < 50; i++)
			cr_assert_eq(granted(&waits[i]), i >= k);
	}
	for (unsigned k = 0; k < 50; k++)
		gives_asked(&waits[k]);
	table_ends(table);
}
