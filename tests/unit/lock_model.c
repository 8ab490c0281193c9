/* SPDX-License-Identifier: MIT
 *
 * lock_model.c - long random histories, on the lock and on the oracle: after every
 * step both must be in the same state.
 *
 * A predicate runs in the middle of a scan.  There, one thread can do what other
 * threads might (users' predicates must not): join, leave, give back, before the
 * scanner commits.  So these races, too, are played step by step.
 *
 * Each history follows from one number, printed when it fails: FIFOLOCK_SEED=number
 * plays that one alone.
 */
#include "test.h"
#include "oracle.h"
#include "core/lock.h"

#define ACTORS 24
#define STEPS  400

struct actor {
	enum { GONE, BUSY, WAITS, HOLDS } state; /* BUSY: inside a call */
	bool can_leave;
	unsigned mode;
	uint32_t n;
	struct fl_slot *slot;
};

struct game {
	fifolock_t lock;
	fifolock_modes_t modes;
	struct rules rules;
	struct rules_dice dice;
	struct oracle oracle;
	struct actor actors[ACTORS];
	uint64_t seed;
	uint64_t random;
	unsigned step;
	uint32_t eager;	   /* of 16: how often requests come */
	unsigned meddling; /* so many more times in this step */
	bool meddles;
	bool light; /* every weight is 1 */
};

#define game_check(game, ok, what)                                              \
	oracle_check(ok, "%s; step %u of the history FIFOLOCK_SEED=%llu", what, \
		     (game)->step, (unsigned long long)(game)->seed)

static uint32_t below(struct game *game, uint32_t bound)
{
	return oracle_below(&game->random, bound);
}

/* After every step. */

static void compare_actor(struct game *game, unsigned who)
{
	struct actor *actor = &game->actors[who];
	bool waits = actor->state != GONE && oracle_is_waiting(&game->oracle, who);

	if (actor->state == HOLDS)
		game_check(game, !waits, "taken too soon");
	if (actor->state != WAITS)
		return;
	game_check(game, fl_granted(actor->slot) == !waits,
		   waits ? "granted too soon" : "not granted");
	if (waits)
		return;
	actor->state = HOLDS;
	fl_slot_drop(actor->slot);
	actor->slot = NULL;
}

static void compare(struct game *game)
{
	bool idle = game->oracle.waiting == 0;

	for (unsigned who = 0; who < ACTORS; who++)
		compare_actor(game, who);
	for (unsigned m = 0; m < game->rules.count; m++) {
		game_check(game, fifolock_holds(&game->lock, m) == game->oracle.holds[m],
			   "holds");
		idle &= game->oracle.holds[m] == 0;
	}
	game_check(game, fifolock_waiting(&game->lock) == game->oracle.waiting,
		   "waiting");
	game_check(game, !idle || game->lock.word == 0, "free, but the word is not");
}

/* The steps. */

static struct actor *someone(struct game *game, unsigned state)
{
	unsigned from = below(game, ACTORS);

	for (unsigned i = 0; i < ACTORS; i++)
		if (game->actors[(from + i) % ACTORS].state == state)
			return &game->actors[(from + i) % ACTORS];
	return NULL;
}

/* What the oracle calls it. */
static unsigned number(const struct game *game, const struct actor *actor)
{
	return (unsigned)(actor - game->actors);
}

static uint32_t some_weight(struct game *game, unsigned mode)
{
	uint32_t capacity = game->rules.capacity[mode];

	if (game->light || below(game, 2))
		return 1;
	return 1 + below(game, capacity < 20 ? capacity : 20);
}

/* A request that cannot leave must be sure to be granted in the end. */
static bool some_can_leave(struct game *game, uint32_t n)
{
	bool sure = !game->rules.compatible || (game->dice.yes_if_free && n == 1);

	return !sure || below(game, 4);
}

static void asks(struct game *game)
{
	struct actor *actor = someone(game, GONE);
	struct fl_want want;

	if (!actor)
		return;
	actor->mode = below(game, game->rules.count);
	actor->n = some_weight(game, actor->mode);
	actor->can_leave = some_can_leave(game, actor->n);
	oracle_asks(&game->oracle, number(game, actor), actor->mode, actor->n);
	want = fl_want(&game->modes.rows[actor->mode], actor->mode, actor->n);
	if (below(game, 2) && fl_take(&game->lock, &want)) {
		actor->state = HOLDS;
		return;
	}
	actor->state = BUSY;
	actor->slot = fl_slot_new();
	fl_join(&game->lock, actor->slot, &want, actor->can_leave);
	actor->state = WAITS;
}

static void tries(struct game *game)
{
	struct actor *actor = someone(game, GONE);
	bool got;

	if (!actor)
		return;
	actor->mode = below(game, game->rules.count);
	actor->n = some_weight(game, actor->mode);
	got = oracle_tries(&game->oracle, actor->mode, actor->n);
	game_check(game,
		   fifolock_trylock_n(&game->lock, actor->mode, actor->n) ==
			   (got ? 0 : EBUSY),
		   "trylock");
	if (got)
		actor->state = HOLDS;
}

/* Asks with a deadline that has passed: joins the line and leaves it. */
static void asks_too_late(struct game *game)
{
	static const struct timespec past = {0, 1};
	struct actor *actor = someone(game, GONE);
	bool got;

	if (!actor)
		return;
	actor->mode = below(game, game->rules.count);
	actor->n = some_weight(game, actor->mode);
	got = oracle_tries(&game->oracle, actor->mode, actor->n);
	game_check(game,
		   fifolock_timedlock_n(&game->lock, actor->mode, actor->n, &past) ==
			   (got ? 0 : ETIMEDOUT),
		   "timedlock");
	if (got)
		actor->state = HOLDS;
}

static void gives_back(struct game *game)
{
	struct actor *actor = someone(game, HOLDS);
	uint32_t n;

	if (!actor)
		return;
	n = below(game, 3) ? actor->n : 1 + below(game, actor->n);
	actor->state = BUSY;
	game_check(game, fifolock_unlock_n(&game->lock, actor->mode, n) == 0, "unlock");
	oracle_gives_back(&game->oracle, actor->mode, n);
	actor->n -= n;
	actor->state = actor->n ? HOLDS : GONE;
}

/* In the middle of a scan it may be too late, though the grant is not yet to be seen. */
static void gives_up(struct game *game)
{
	struct actor *actor = someone(game, WAITS);

	if (!actor || !actor->can_leave)
		return;
	actor->state = BUSY;
	if (!fl_leave(&game->lock, actor->slot)) {
		game_check(game, game->lock.word & FL_SCANNING, "could not leave");
		actor->state = WAITS;
		return;
	}
	oracle_gives_up(&game->oracle, number(game, actor));
	actor->state = GONE;
	actor->slot = NULL;
}

static void misuses_weight(struct game *game, unsigned mode)
{
	fifolock_t *lock = &game->lock;
	uint32_t capacity = game->rules.capacity[mode];
	uint32_t holds = game->oracle.holds[mode];
	uint32_t over = holds + 1 + below(game, 3);

	game_check(game,
		   fifolock_unlock_n(lock, mode, over) ==
			   (over > capacity ? ERANGE : EPERM),
		   "unlock of more than is held");
	game_check(game, fifolock_unlock_n(lock, mode, 0) == ERANGE, "unlock of 0");
	game_check(game, fifolock_trylock_n(lock, mode, 0) == ERANGE, "trylock of 0");
	game_check(game, fifolock_lock_n(lock, mode, 0) == ERANGE, "lock of 0");
	if (capacity == UINT32_MAX)
		return;
	over = capacity + 1 + below(game, UINT32_MAX - capacity);
	game_check(game, fifolock_trylock_n(lock, mode, over) == ERANGE,
		   "trylock of many");
	game_check(game, fifolock_lock_n(lock, mode, over) == ERANGE, "lock of many");
	game_check(game, fifolock_unlock_n(lock, mode, over) == ERANGE, "unlock of many");
}

/* Everything here is refused and changes nothing. */
static void misuses(struct game *game)
{
	static const struct timespec wrong = {0, 1000000000};
	unsigned none = game->rules.count + below(game, UINT32_MAX - game->rules.count);
	unsigned mode = below(game, game->rules.count);
	fifolock_t before = game->lock;

	misuses_weight(game, mode);
	game_check(game, fifolock_unlock(&game->lock, none) == EINVAL, "unlock no mode");
	game_check(game, fifolock_trylock(&game->lock, none) == EINVAL,
		   "trylock no mode");
	game_check(game, fifolock_lock(&game->lock, none) == EINVAL, "lock no mode");
	game_check(game, fifolock_holds(&game->lock, none) == 0, "holds of no mode");
	game_check(game, fifolock_timedlock(&game->lock, mode, &wrong) == EINVAL,
		   "deadline");
	if (game->lock.word)
		game_check(game, fifolock_destroy(&game->lock) == EBUSY, "destroy");
	game_check(game, memcmp(&before, &game->lock, sizeof(before)) == 0, "changed");
}

/* What other threads do while a scanner asks for the rule. */
static void meddle(struct game *game)
{
	uint32_t what = below(game, 8);

	game->meddling--;
	if (what == 0)
		misuses(game);
	else if (what < 3)
		asks(game);
	else if (what < 5)
		gives_back(game);
	else
		gives_up(game);
}

static bool may_meddle(struct game *game)
{
	return (game->lock.word & FL_SCANNING) && game->meddling && below(game, 3);
}

static bool throws(const uint32_t holds[], unsigned mode, void *ctx)
{
	struct game *game = ctx;

	if (may_meddle(game))
		meddle(game);
	return rules_throw(holds, mode, &game->dice);
}

/* A matrix with a window: the rows decide, and what has been collected stays
 * collected, as it does where there is no predicate. */
static bool spies(const uint32_t holds[], unsigned mode, void *ctx)
{
	struct game *game = ctx;

	(void)holds;
	(void)mode;
	if (may_meddle(game)) {
		game->modes.compatible = below(game, 2) ? spies : NULL;
		meddle(game);
	}
	return true;
}

static void step(struct game *game)
{
	uint32_t what = below(game, 32);

	if (below(game, 100) == 0)
		game->eager = 4 + below(game, 9);
	if (game->light)
		game->modes.compatible = spies;
	game->oracle.pauses = game->meddles;
	game->meddling = game->meddles ? below(game, 4) : 0;
	if (what == 0)
		misuses(game);
	else if (what < 4)
		tries(game);
	else if (what < 6)
		asks_too_late(game);
	else if (what < 10)
		gives_up(game);
	else if (below(game, 16) < game->eager)
		asks(game);
	else
		gives_back(game);
	game->meddling = 0;
	game->oracle.pauses = false;
	oracle_scan(&game->oracle);
	compare(game);
	game->step++;
}

static void play(struct game *game)
{
	fifolock_init(&game->lock, &game->modes);
	game->oracle.rules = &game->rules;
	game->eager = 8;
	while (game->step < STEPS)
		step(game);
	while (someone(game, WAITS) || someone(game, HOLDS)) {
		if (below(game, 4))
			gives_back(game);
		else
			gives_up(game);
		compare(game);
		game->step++;
	}
	game_check(game, game->lock.word == 0, "word at the end");
	game_check(game, fifolock_destroy(&game->lock) == 0, "destroy at the end");
}

/* All but the one that a thread keeps can be had again. */
static void no_slot_is_lost(void)
{
	uint32_t made = fl_slots_made();
	struct fl_slot *slots[2 * ACTORS];

	cr_assert_leq(made, 2 * ACTORS);
	for (uint32_t i = 0; i + 1 < made; i++)
		slots[i] = fl_slot_new();
	cr_assert_eq(fl_slots_made(), made, "a slot was lost");
	for (uint32_t i = 0; i + 1 < made; i++)
		fl_slot_free(slots[i]);
}

static void plays(void (*deal)(struct game *), uint64_t first, uint64_t histories)
{
	const char *replay = getenv("FIFOLOCK_SEED");
	static struct game game;

	if (replay) {
		first = strtoull(replay, NULL, 0);
		histories = 1;
	}
	for (uint64_t seed = first; seed < first + histories; seed++) {
		memset(&game, 0, sizeof(game));
		game.seed = game.random = seed;
		deal(&game);
		play(&game);
	}
	no_slot_is_lost();
}

/* The tables. */

static void deal_matrix(struct game *game)
{
	unsigned count = 1 + below(game, below(game, 4) ? 4 : FIFOLOCK_MAX_MODES);

	rules_random(&game->rules, count, FL_HOLD_BITS, &game->random);
	rules_compile(&game->rules, &game->modes);
}

/* Modes without max beside it. */
static void deal_open_matrix(struct game *game)
{
	rules_random(&game->rules, 1 + below(game, 5), 20, &game->random);
	for (unsigned m = 0; m < game->rules.count; m++)
		if (below(game, 2))
			game->rules.modes[m].max = 0;
	rules_compile(&game->rules, &game->modes);
}

static void deal_predicate(struct game *game)
{
	rules_random_predicate(&game->rules, &game->dice, &game->random);
	rules_compile(&game->rules, &game->modes);
}

static void deal_interrupted_predicate(struct game *game)
{
	deal_predicate(game);
	game->modes.compatible = throws;
	game->modes.ctx = game;
	game->meddles = true;
}

static void deal_interrupted_matrix(struct game *game)
{
	deal_matrix(game);
	game->modes.ctx = game;
	game->meddles = true;
	game->light = true;
}

Test(oracle, agrees_on_random_tables, .description = "G1 G2 G3 G4 G7")
{
	plays(deal_matrix, 1, test_scaled(10000));
}

Test(oracle, agrees_on_tables_with_modes_without_max, .description = "G1 G2 G3 G4 G7")
{
	plays(deal_open_matrix, 1000000, test_scaled(5000));
}

Test(oracle, agrees_on_random_predicates, .description = "G1 G2 G3 G4 G7")
{
	plays(deal_predicate, 2000000, test_scaled(10000));
}

Test(oracle, agrees_when_others_act_in_the_middle_of_a_scan,
     .description = "G1 G2 G3 G4 G7")
{
	plays(deal_interrupted_matrix, 4000000, test_scaled(10000));
}

Test(oracle, agrees_when_others_act_in_the_middle_of_a_scan_by_predicate,
     .description = "G1 G2 G3 G4 G7")
{
	plays(deal_interrupted_predicate, 3000000, test_scaled(10000));
}

/* A mutex whose first scan is interrupted by one more release of the same hold. */
struct twice {
	fifolock_t lock;
	fifolock_modes_t modes;
	int error;
};

static int release_one(fifolock_t *lock)
{
	const struct fifolock_row *row = &lock->modes->rows[0];

	return fl_release(lock, row->field, row->unit);
}

static bool released_twice(const uint32_t holds[], unsigned mode, void *ctx)
{
	struct twice *twice = ctx;

	if ((twice->lock.word & FL_SCANNING) && twice->error < 0)
		twice->error = release_one(&twice->lock);
	return holds[mode] == 0;
}

Test(oracle, of_two_releases_of_one_hold_one_is_refused, .description = "G7")
{
	struct twice twice = {.lock = FIFOLOCK_INIT(&twice.modes), .error = -1};
	struct fl_slot *slots[2];
	struct fl_want want;
	int error;

	cr_assert_eq(fifolock_modes_predicate(&twice.modes, 1, 4, released_twice, &twice),
		     0);
	want = fl_want(&twice.modes.rows[0], 0, 1);
	cr_assert(fl_take(&twice.lock, &want));
	for (int i = 0; i < 2; i++) {
		slots[i] = fl_slot_new();
		twice.error = 0;
		fl_join(&twice.lock, slots[i], &want, true);
	}
	twice.error = -1;
	error = release_one(&twice.lock);
	cr_assert(error == 0 || error == EPERM);
	cr_assert_eq(error + twice.error, EPERM);
	cr_assert(fl_granted(slots[0]));
	cr_assert_not(fl_granted(slots[1]));
	cr_assert_eq(release_one(&twice.lock), 0);
	cr_assert(fl_granted(slots[1]));
	cr_assert_eq(release_one(&twice.lock), 0);
	cr_assert_eq(twice.lock.word, 0);
}
