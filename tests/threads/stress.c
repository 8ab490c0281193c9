/* SPDX-License-Identifier: MIT
 *
 * stress.c - many real threads on one lock: what is held together, in what
 * order it was granted, and that none passes another.
 *
 * The tests know a mode table by its plain definition only, and keep their own
 * count of those inside.  All their counting is relaxed: what orders the sections is
 * the lock alone, so that a race detector sees whether it does.
 */
#define _GNU_SOURCE
#include "test.h"
#include <fifolock/fifolock.h>

#define MODES	    6
#define INSIDE_BITS 10 /* of each mode's count in arena->inside */
#define MANY	    64
#define PATIENCE    2000000 /* ns for a line to form, to begin with */

enum { X = FIFOLOCK_EXCLUSIVE, S = FIFOLOCK_SHARED };

/* A table by its definition: mode m is granted while fewer than limits[m][x] hold
 * x (0: no limit), and while also() agrees.  Mode 0 taken alone times shuts
 * all others out. */
struct table {
	fifolock_modes_t modes;
	unsigned count;
	uint32_t alone;
	uint32_t limits[MODES][MODES];
	bool (*also)(const uint32_t holds[], unsigned mode, void *ctx);
};

struct arena {
	fifolock_t lock;
	const struct table *table;
	uint64_t inside;  /* holds of each mode, as the holders count them */
	uint64_t data[2]; /* written under exclusion, equal */
	uint64_t operations;
};

struct worker {
	pthread_t thread;
	struct arena *arena;
	uint64_t random;
	uint64_t granted[MODES];
	uint64_t written;
	uint64_t given_up;
	const char *wrong; /* the first thing that was */
};

static uint32_t below(uint64_t *random, uint32_t n)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return (uint32_t)((*random >> 16) % n);
}

/* ---- the definition ---- */

static bool fits(const struct table *table, const uint32_t holds[], unsigned mode)
{
	for (unsigned x = 0; x < table->count; x++) {
		uint32_t limit = table->limits[mode][x];

		if (limit && holds[x] >= limit)
			return false;
	}
	return !table->also || table->also(holds, mode, NULL);
}

static bool take_one_back(const struct table *table, uint32_t holds[])
{
	for (unsigned mode = 0; mode < table->count; mode++) {
		if (holds[mode] == 0)
			continue;
		holds[mode]--;
		if (fits(table, holds, mode))
			return true;
		holds[mode]++;
	}
	return false;
}

/* Whether grants in some order lead to these holds.  More holds never allow more, so
 * it does not matter which grant is taken back first, nor which have left since. */
static bool legal(const struct table *table, uint64_t inside)
{
	uint32_t holds[MODES], left = 0;

	for (unsigned mode = 0; mode < MODES; mode++) {
		holds[mode] = inside >> (mode * INSIDE_BITS) & ((1u << INSIDE_BITS) - 1);
		left += holds[mode];
	}
	while (left && take_one_back(table, holds))
		left--;
	return left == 0;
}

/* The heaviest request of a mode, up to 3, that an empty lock grants. */
static uint32_t heaviest(const struct table *table, unsigned mode)
{
	uint32_t holds[MODES] = {0};

	while (holds[mode] < 3 && fits(table, holds, mode))
		holds[mode]++;
	return holds[mode];
}

/* ---- sections ---- */

static void wrong(struct worker *worker, const char *what)
{
	if (!worker->wrong)
		worker->wrong = what;
}

static void use_data(struct worker *worker, bool alone)
{
	struct arena *arena = worker->arena;

	if (arena->data[0] != arena->data[1])
		wrong(worker, "half-written data seen");
	if (alone) {
		arena->data[0]++;
		worker->written++;
		if (below(&worker->random, 8) == 0)
			sched_yield();
		arena->data[1]++;
	}
}

static void section(struct worker *worker, unsigned mode, uint32_t n)
{
	struct arena *arena = worker->arena;
	uint64_t units = (uint64_t)n << (mode * INSIDE_BITS), inside;

	inside = __atomic_add_fetch(&arena->inside, units, __ATOMIC_RELAXED);
	if (!legal(arena->table, inside))
		wrong(worker, "holds that do not go together");
	if (fifolock_holds(&arena->lock, mode) < n)
		wrong(worker, "fewer holds than this thread's");
	use_data(worker, mode == 0 && n == arena->table->alone);
	if (below(&worker->random, 8) == 0)
		sched_yield();
	inside = __atomic_fetch_sub(&arena->inside, units, __ATOMIC_RELAXED);
	if (!legal(arena->table, inside))
		wrong(worker, "holds that do not go together any more");
	worker->granted[mode] += n;
}

static void give_back(struct worker *worker, unsigned mode, uint32_t n)
{
	fifolock_t *lock = &worker->arena->lock;
	bool in_parts = below(&worker->random, 2);

	while (in_parts && n > 1) {
		if (fifolock_unlock(lock, mode))
			wrong(worker, "unlock");
		n--;
	}
	if (fifolock_unlock_n(lock, mode, n))
		wrong(worker, "unlock_n");
}

/* Ask in one of the ways there are; what a refusal may be goes to *refusal. */
static int ask(struct worker *worker, unsigned mode, uint32_t n, int *refusal)
{
	fifolock_t *lock = &worker->arena->lock;
	uint32_t way = below(&worker->random, 6);
	clockid_t clock = way == 1 ? CLOCK_REALTIME : CLOCK_MONOTONIC;
	struct timespec soon = test_in_ns(clock, below(&worker->random, 60000));

	*refusal = way == 0 ? EBUSY : way <= 2 ? ETIMEDOUT : 0;
	if (way == 0)
		return fifolock_trylock_n(lock, mode, n);
	if (way == 1)
		return fifolock_clocklock_n(lock, mode, n, clock, &soon);
	if (way == 2)
		return fifolock_timedlock_n(lock, mode, n, &soon);
	return n == 1 ? fifolock_lock(lock, mode) : fifolock_lock_n(lock, mode, n);
}

static void *work(void *arg)
{
	struct worker *worker = arg;
	const struct table *table = worker->arena->table;

	for (uint64_t i = 0; i < worker->arena->operations; i++) {
		unsigned mode = below(&worker->random, table->count);
		uint32_t n = 1 + below(&worker->random, heaviest(table, mode));
		int refusal, rc = ask(worker, mode, n, &refusal);

		if (rc == 0) {
			section(worker, mode, n);
			give_back(worker, mode, n);
		} else if (rc == refusal) {
			worker->given_up++;
		} else {
			wrong(worker, strerror(rc));
		}
	}
	return NULL;
}

static void comes_to_rest(fifolock_t *lock, unsigned modes)
{
	for (unsigned mode = 0; mode < modes; mode++)
		cr_assert_eq(fifolock_holds(lock, mode), 0, "mode %u", mode);
	cr_assert_eq(fifolock_waiting(lock), 0);
	cr_assert_eq(fifolock_destroy(lock), 0);
}

static void crowd(const struct table *table, unsigned threads, uint64_t operations)
{
	struct arena arena = {.table = table, .operations = operations / threads};
	struct worker workers[MANY] = {0};
	uint64_t written = 0;

	cr_assert_eq(fifolock_init(&arena.lock, &table->modes), 0);
	for (unsigned i = 0; i < threads; i++) {
		workers[i].arena = &arena;
		workers[i].random = 0x9e3779b97f4a7c15u * (i + 1 + threads);
		pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	}
	for (unsigned i = 0; i < threads; i++) {
		pthread_join(workers[i].thread, NULL);
		written += workers[i].written;
		cr_assert_null(workers[i].wrong, "%s", workers[i].wrong);
	}
	cr_assert_eq(arena.inside, 0);
	cr_assert_eq(arena.data[0], written);
	cr_assert_eq(arena.data[1], written);
	comes_to_rest(&arena.lock, table->count);
}

static void crowds(const struct table *table)
{
	static const unsigned threads[] = {2, 3, 8, 64};

	for (unsigned i = 0; i < 4; i++)
		crowd(table, threads[i], test_scaled(40000));
}

Test(stress, mutex_never_admits_two, .description = "G2")
{
	struct table table = {.modes = fifolock_mutex_modes, .count = 1, .alone = 1};

	table.limits[X][X] = 1;
	crowds(&table);
}

Test(stress, writers_are_alone_among_readers, .description = "G2")
{
	static const struct table definition = {
		.count = 2, .alone = 1, .limits = {{1, 1}, {1, 0}}};
	struct table table = definition;

	table.modes = fifolock_shared_exclusive_modes;
	crowds(&table);
}

Test(stress, semaphore_never_exceeds_its_size, .description = "G2")
{
	struct table table = {.count = 1, .alone = 3, .limits = {{3}}};

	cr_assert_eq(fifolock_modes_semaphore(&table.modes, 3), 0);
	crowds(&table);
}

Test(stress, intent_modes_meet_as_their_matrix_says, .description = "G2")
{
	static const struct table definition = {.count = 6,
						.alone = 1,
						.limits = {{1, 1, 1, 1, 1, 1},
							   {1, 0, 0, 0, 1, 1},
							   {1, 0, 1, 0, 1, 1},
							   {1, 0, 0, 0, 0, 0},
							   {1, 1, 1, 0, 0, 1},
							   {1, 1, 1, 0, 1, 1}}};
	struct table table = definition;

	table.modes = fifolock_intent_modes;
	crowds(&table);
}

/* Limits at random, one-sided ones too; mode 0 goes with none. */
static bool random_table(struct table *table, uint64_t *random)
{
	struct fifolock_mode modes[MODES] = {0};

	memset(table, 0, sizeof(*table));
	table->count = 2 + below(random, 3);
	table->alone = 1;
	for (unsigned m = 0; m < table->count; m++) {
		for (unsigned x = 0; x < table->count; x++)
			table->limits[m][x] = below(random, 2) ? 1 + below(random, 4) : 0;
		if (m == 0)
			memset(table->limits[0], 0, sizeof(table->limits[0]));
		for (unsigned x = 0; m == 0 && x < table->count; x++)
			table->limits[0][x] = 1;
		table->limits[m][0] = 1;
		if (m && table->limits[m][m] == 0)
			table->limits[m][m] = 5;
		modes[m].max = table->limits[m][m];
		modes[m].limits = table->limits[m];
	}
	return fifolock_modes_compile(&table->modes, modes, table->count, NULL, 0) == 0;
}

Test(stress, random_limits_hold, .description = "G2")
{
	static const unsigned threads[] = {2, 3, 8, 64};
	uint64_t random = 42;
	struct table table;

	for (unsigned i = 0; i < 16; i++) {
		cr_assert(random_table(&table, &random));
		crowd(&table, threads[i % 4], test_scaled(10000));
	}
}

/* Seven rooms; a hold of mode 0 takes all of them, of mode m takes m; and modes 1
 * and 2 both being there, mode 3 is not welcome: no matrix says that. */
static bool rooms_are_left(const uint32_t holds[], unsigned mode, void *ctx)
{
	uint32_t rooms = holds[0] * 7 + holds[1] + holds[2] * 2 + holds[3] * 3;
	bool crowded = (holds[1] || mode == 1) && (holds[2] || mode == 2) &&
		       (holds[3] || mode == 3);

	(void)ctx;
	return rooms + (mode ? mode : 7) <= 7 && !crowded;
}

Test(stress, predicate_holds, .description = "G2")
{
	struct table table = {.count = 4, .alone = 1, .also = rooms_are_left};

	cr_assert_eq(fifolock_modes_predicate(&table.modes, 4, 7, rooms_are_left, NULL),
		     0);
	crowds(&table);
}

/* ---- order ---- */

struct place {
	pthread_t thread;
	struct round *round;
	unsigned mode;
	bool timed;
	int rc;
	bool over; /* atomic: rc is there */
};

struct round {
	fifolock_t lock;
	struct timespec deadline;
	unsigned count;
	unsigned logged; /* atomic */
	unsigned log[MANY];
	struct place places[MANY];
};

static void *stand_in_line(void *arg)
{
	struct place *place = arg;
	struct round *round = place->round;
	unsigned at;

	if (place->timed)
		place->rc =
			fifolock_timedlock(&round->lock, place->mode, &round->deadline);
	else
		place->rc = fifolock_lock(&round->lock, place->mode);
	if (place->rc == 0) {
		at = __atomic_fetch_add(&round->logged, 1, __ATOMIC_RELAXED);
		round->log[at] = (unsigned)(place - round->places);
		if (fifolock_unlock(&round->lock, place->mode))
			place->rc = -1;
	}
	__atomic_store_n(&place->over, true, __ATOMIC_RELEASE);
	return NULL;
}

static bool before(const struct timespec *at, int64_t lead_ns)
{
	struct timespec now = test_in_ns(CLOCK_MONOTONIC, lead_ns);

	return now.tv_sec < at->tv_sec ||
	       (now.tv_sec == at->tv_sec && now.tv_nsec < at->tv_nsec);
}

/* Each asks when the one before has been seen in line.  False if a thread may have
 * given up before all were there: then nothing is known about the order. */
static bool line_up(struct round *round)
{
	bool known = true;

	for (unsigned i = 0; i < round->count; i++) {
		struct place *place = &round->places[i];

		place->round = round;
		pthread_create(&place->thread, NULL, stand_in_line, place);
		while (known && fifolock_waiting(&round->lock) <= i) {
			sched_yield();
			known = before(&round->deadline, 0);
		}
	}
	return known;
}

static void all_go(struct round *round)
{
	for (unsigned i = 0; i < round->count; i++)
		pthread_join(round->places[i].thread, NULL);
}

/* Shared requests with no exclusive one between them may swap, and no other.  A
 * request that gave up separates none. */
static void check_order(const struct round *round)
{
	unsigned group[MANY] = {0}, groups = 0, granted = 0, last = X;

	for (unsigned i = 0; i < round->count; i++) {
		const struct place *place = &round->places[i];

		cr_assert(place->rc == 0 || (place->timed && place->rc == ETIMEDOUT));
		if (place->rc)
			continue;
		granted++;
		groups += place->mode == X || last == X;
		last = place->mode;
		group[i] = groups;
	}
	cr_assert_eq(round->logged, granted);
	for (unsigned i = 1; i < granted; i++)
		cr_assert_leq(group[round->log[i - 1]], group[round->log[i]],
			      "%u before %u", round->log[i - 1], round->log[i]);
}

static void fill_round(struct round *round, unsigned count, unsigned shared_percent,
		       unsigned timed_percent, uint64_t *random)
{
	memset(round, 0, sizeof(*round));
	round->count = count;
	for (unsigned i = 0; i < count; i++) {
		round->places[i].mode = below(random, 100) < shared_percent ? S : X;
		round->places[i].timed = below(random, 100) < timed_percent;
	}
}

/* The three moments of a release: before the deadline, about then, and when all
 * the timed requests have gone. */
static void let_go(struct round *round, unsigned moment, uint64_t *random)
{
	int64_t lead = below(random, 100000);

	while (moment == 1 && before(&round->deadline, lead))
		sched_yield();
	for (unsigned i = 0; moment == 2 && i < round->count; i++) {
		struct place *place = &round->places[i];

		while (place->timed && !__atomic_load_n(&place->over, __ATOMIC_ACQUIRE))
			sched_yield();
	}
	cr_assert_eq(fifolock_unlock(&round->lock, X), 0);
}

static bool round_of(unsigned count, unsigned shared_percent, unsigned timed_percent,
		     unsigned moment, int64_t patience, uint64_t *random)
{
	static struct round round;
	bool known;

	fill_round(&round, count, shared_percent, timed_percent, random);
	cr_assert_eq(fifolock_lock(&round.lock, X), 0);
	round.deadline = test_in_ns(CLOCK_MONOTONIC, patience);
	known = line_up(&round);
	let_go(&round, moment, random);
	all_go(&round);
	if (known)
		check_order(&round);
	comes_to_rest(&round.lock, 2);
	return known;
}

static void rounds_of(unsigned count, unsigned rounds, unsigned shared, unsigned timed)
{
	uint64_t random = 7 + count;
	int64_t patience = timed ? PATIENCE : INT64_C(3600000000000);

	for (unsigned i = 0; i < rounds;) {
		if (round_of(count, shared, timed, timed ? i % 3 : 0, patience, &random))
			i++;
		else
			patience *= 2;
	}
}

Test(stress, exclusive_requests_are_granted_as_they_came, .description = "G1")
{
	rounds_of(2, (unsigned)test_scaled(400), 0, 0);
	rounds_of(8, (unsigned)test_scaled(200), 0, 0);
	rounds_of(64, (unsigned)test_scaled(20), 0, 0);
}

Test(stress, mixed_requests_are_granted_as_they_came, .description = "G1")
{
	rounds_of(3, (unsigned)test_scaled(400), 50, 0);
	rounds_of(8, (unsigned)test_scaled(200), 70, 0);
	rounds_of(64, (unsigned)test_scaled(20), 70, 0);
}

Test(stress, order_survives_those_who_give_up, .description = "G1 G4")
{
	rounds_of(3, (unsigned)test_scaled(300), 50, 50);
	rounds_of(8, (unsigned)test_scaled(200), 60, 40);
	rounds_of(32, (unsigned)test_scaled(40), 60, 40);
}

/* ---- no barging ---- */

struct siege {
	fifolock_t lock;
	bool exclusive_done; /* plain: the lock guards it */
	bool over;	     /* atomic */
	unsigned tries;	     /* atomic */
};

struct barger {
	pthread_t thread;
	struct siege *siege;
	uint32_t weight;
	uint64_t passed, odd;
};

static void *barge(void *arg)
{
	struct barger *barger = arg;
	struct siege *siege = barger->siege;

	while (!__atomic_load_n(&siege->over, __ATOMIC_RELAXED)) {
		int rc = fifolock_trylock_n(&siege->lock, S, barger->weight);

		if (__atomic_fetch_add(&siege->tries, 1, __ATOMIC_RELAXED) % 8 == 0)
			sched_yield();
		if (rc) {
			barger->odd += rc != EBUSY;
			continue;
		}
		barger->passed += !siege->exclusive_done;
		barger->odd += fifolock_unlock_n(&siege->lock, S, barger->weight) != 0;
	}
	return NULL;
}

/* NULL if all went well. */
static void *exclusive_once(void *arg)
{
	struct siege *siege = arg;

	if (fifolock_lock(&siege->lock, X))
		return siege;
	sched_yield();
	siege->exclusive_done = true;
	return fifolock_unlock(&siege->lock, X) ? siege : NULL;
}

static void until_tries(struct siege *siege, unsigned more)
{
	unsigned from = __atomic_load_n(&siege->tries, __ATOMIC_RELAXED);

	while (__atomic_load_n(&siege->tries, __ATOMIC_RELAXED) - from < more)
		sched_yield();
}

/* A shared hold, an exclusive request in line, and shared requests that would fit
 * but for it: none is let in before it is done, though they try all the while. */
static void besiege(unsigned bargers)
{
	struct siege siege = {.tries = 0};
	struct barger barger[8] = {0};
	pthread_t exclusive;
	void *failed;

	cr_assert_eq(fifolock_lock(&siege.lock, S), 0);
	pthread_create(&exclusive, NULL, exclusive_once, &siege);
	while (fifolock_waiting(&siege.lock) == 0)
		sched_yield();
	cr_assert_eq(fifolock_trylock(&siege.lock, S), EBUSY);
	for (unsigned i = 0; i < bargers; i++) {
		barger[i].siege = &siege;
		barger[i].weight = 1 + i % 2;
		pthread_create(&barger[i].thread, NULL, barge, &barger[i]);
	}
	until_tries(&siege, 100);
	cr_assert_eq(fifolock_waiting(&siege.lock), 1);
	cr_assert_eq(fifolock_holds(&siege.lock, S), 1);
	cr_assert_eq(fifolock_unlock(&siege.lock, S), 0);
	pthread_join(exclusive, &failed);
	cr_assert_null(failed);
	until_tries(&siege, 10);
	__atomic_store_n(&siege.over, true, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < bargers; i++) {
		pthread_join(barger[i].thread, NULL);
		cr_assert_eq(barger[i].passed, 0);
		cr_assert_eq(barger[i].odd, 0);
	}
	comes_to_rest(&siege.lock, 2);
}

Test(stress, trylock_passes_nobody, .description = "G1")
{
	for (uint64_t i = 0; i < test_scaled(400); i++)
		besiege(1 + (unsigned)(i % 4));
}
