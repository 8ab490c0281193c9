/* SPDX-License-Identifier: MIT
 *
 * mixed_line.c - one line for all: threads, requests and sections, against an oracle
 * and in the order in which they came.
 */
#include "jobs.h"

/* ---- one line of threads and requests, against an oracle ---- */

#define MEMBERS 10

/* What goes beside what, by mode number; size: a semaphore. */
struct table {
	const fifolock_modes_t *modes;
	unsigned count;
	const char *beside[6];
	uint32_t size;
};

struct member {
	fifolock_request_t request;
	pthread_t thread;
	fifolock_t *lock;
	unsigned mode;
	uint32_t n;
	bool is_thread;
	char state;   /* by the oracle: . in line, + held, ! left, - given back */
	bool granted; /* atomic */
	bool leave;   /* atomic: the thread is to give back */
};

struct play {
	fifolock_t lock;
	const struct table *table;
	struct member member[MEMBERS];
	unsigned count;
	uint32_t holds[6];
	uint64_t random;
};

static void member_is_granted(void *ctx, int status)
{
	struct member *member = ctx;

	fault_if(status);
	fault_if(__atomic_exchange_n(&member->granted, true, __ATOMIC_ACQ_REL));
}

static void *member_waits(void *arg)
{
	struct member *member = arg;

	fault_if(fifolock_lock_n(member->lock, member->mode, member->n));
	member_is_granted(member, 0);
	until_up(&member->leave);
	fault_if(fifolock_unlock_n(member->lock, member->mode, member->n));
	return NULL;
}

static bool fits(const struct play *play, const struct member *member)
{
	const struct table *table = play->table;

	if (table->size)
		return play->holds[0] + member->n <= table->size;
	for (unsigned m = 0; m < table->count; m++)
		if (play->holds[m] && table->beside[member->mode][m] != '+')
			return false;
	return true;
}

static void oracle_grants(struct play *play)
{
	for (unsigned i = 0; i < play->count; i++) {
		struct member *member = &play->member[i];

		if (member->state != '.')
			continue;
		if (!fits(play, member))
			return;
		member->state = '+';
		play->holds[member->mode] += member->n;
	}
}

/* The lock comes to what the oracle says, and to no more. */
static void compare(struct play *play)
{
	uint32_t waiting = 0;

	oracle_grants(play);
	for (unsigned i = 0; i < play->count; i++) {
		waiting += play->member[i].state == '.';
		if (play->member[i].state == '+')
			until_up(&play->member[i].granted);
	}
	until_waiting(&play->lock, waiting);
	for (unsigned i = 0; i < play->count; i++)
		if (play->member[i].state == '.')
			fault_if(is_up(&play->member[i].granted));
	for (unsigned m = 0; m < play->table->count; m++)
		fault_if(fifolock_holds(&play->lock, m) != play->holds[m]);
}

static void somebody_asks(struct play *play)
{
	const struct table *table = play->table;
	struct member *member = &play->member[play->count++];
	unsigned mode = oracle_below(&play->random, table->count);
	int rc;

	*member =
		(struct member){.lock = &play->lock, .mode = mode, .n = 1, .state = '.'};
	if (table->size || table->beside[mode][mode] == '+')
		member->n = 1 + oracle_below(&play->random, 3);
	member->is_thread = oracle_below(&play->random, 2);
	if (member->is_thread) {
		pthread_create(&member->thread, NULL, member_waits, member);
		return;
	}
	rc = fifolock_request(&play->lock, mode, member->n, &member->request,
			      member_is_granted, member);
	if (rc == 0)
		member_is_granted(member, 0);
	fault_if(rc && rc != EINPROGRESS);
}

static void gives_back(struct play *play, struct member *member)
{
	member->state = '-';
	play->holds[member->mode] -= member->n;
	if (member->is_thread) {
		raise_flag(&member->leave);
		pthread_join(member->thread, NULL);
	} else {
		fault_if(fifolock_unlock_n(&play->lock, member->mode, member->n));
	}
}

static void somebody_leaves(struct play *play)
{
	struct member *member;

	if (play->count == 0)
		return;
	member = &play->member[oracle_below(&play->random, play->count)];
	if (member->state == '+') {
		gives_back(play, member);
	} else if (member->state == '.' && !member->is_thread) {
		fault_if(fifolock_request_cancel(&member->request));
		member->state = '!';
	}
}

static void plays(const struct table *table, uint64_t seed)
{
	struct play play = {.lock = FIFOLOCK_INIT(table->modes), .table = table};

	play.random = seed;
	for (unsigned i = 0; i < 4 * MEMBERS; i++) {
		if (play.count < MEMBERS && oracle_below(&play.random, 2))
			somebody_asks(&play);
		else
			somebody_leaves(&play);
		compare(&play);
	}
	for (unsigned i = 0; i < play.count; i++)
		if (play.member[i].state == '+') {
			gives_back(&play, &play.member[i]);
			compare(&play);
		}
	cr_assert_eq(faults, 0, "seed %llu", (unsigned long long)seed);
	cr_assert_eq(fifolock_destroy(&play.lock), 0);
}

Test(one_line, of_readers_and_writers, .description = "G1 G2 G3 G4")
{
	fifolock_modes_t modes = unowned(NULL);
	struct table table = {&modes, 2, {"..", ".+"}, 0};

	for (uint64_t seed = 1; seed <= test_scaled(300); seed++)
		plays(&table, seed);
}

Test(one_line, of_six_modes, .description = "G1 G2 G3 G4")
{
	fifolock_modes_t modes = unowned(&fifolock_intent_modes);
	struct table table = {
		&modes,
		6,
		{"......", ".+++..", ".+.+..", ".+++++", "...++.", "...+.."},
		0};

	for (uint64_t seed = 1; seed <= test_scaled(300); seed++)
		plays(&table, seed);
}

Test(one_line, of_weights, .description = "G1 G2 G3 G4")
{
	fifolock_modes_t four = semaphore(4);
	struct table table = {&four, 1, {NULL}, 4};

	for (uint64_t seed = 1; seed <= test_scaled(300); seed++)
		plays(&table, seed);
}

/* ---- all, in order ---- */

#define ACTORS 9

enum kind { RUNS, LOCKS, IS_CALLED, IS_WAITED_FOR, RUNS_LATER, KINDS };

struct actor {
	pthread_t thread;
	fifolock_t *lock;
	enum kind kind;
	unsigned number;
	fifolock_request_t request;
	fifolock_section_t later;
	unsigned done; /* so often */
};

static unsigned history[ACTORS], recorded; /* guarded by the lock */

static void records(void *arg)
{
	struct actor *actor = arg;

	fault_if(fifolock_holds(actor->lock, X) != 1);
	if (recorded < ACTORS)
		history[recorded] = actor->number;
	recorded++;
}

static void records_and_unlocks(void *ctx, int status)
{
	struct actor *actor = ctx;

	fault_if(status);
	records(actor);
	actor->done++;
	fault_if(fifolock_unlock(actor->lock, X));
}

static void is_done(void *ctx, int status)
{
	struct actor *actor = ctx;

	fault_if(status);
	actor->done++;
}

static void *acts(void *arg)
{
	struct actor *actor = arg;
	fifolock_t *lock = actor->lock;

	if (actor->kind == RUNS) {
		fault_if(fifolock_run(lock, X, records, actor));
		actor->done++;
		return NULL;
	}
	if (actor->kind == LOCKS)
		fault_if(fifolock_lock(lock, X));
	else
		fault_if(fifolock_request_wait(&actor->request, NULL));
	records_and_unlocks(actor, 0);
	return NULL;
}

static bool has_thread(const struct actor *actor)
{
	return actor->kind != IS_CALLED && actor->kind != RUNS_LATER;
}

static void joins(struct actor *actor)
{
	fifolock_t *lock = actor->lock;
	int rc = EINPROGRESS;

	if (actor->kind == IS_CALLED)
		rc = fifolock_request(lock, X, 1, &actor->request, records_and_unlocks,
				      actor);
	else if (actor->kind == RUNS_LATER)
		rc = fifolock_run_async(lock, X, &actor->later, records, actor, is_done,
					actor);
	else if (actor->kind == IS_WAITED_FOR)
		rc = fifolock_request(lock, X, 1, &actor->request, NULL, NULL);
	fault_if(rc != EINPROGRESS);
	if (has_thread(actor))
		pthread_create(&actor->thread, NULL, acts, actor);
}

/* They line up behind a holder, or behind one whose section is being run. */
static void one_after_the_other(bool behind_a_section, uint64_t seed)
{
	fifolock_t lock = {0};
	struct actor actor[ACTORS];
	struct call first;
	bool gate = false;

	recorded = 0;
	if (behind_a_section) {
		starts(&first, &lock, X, &gate);
		until_up(&first.inside);
	} else {
		cr_assert_eq(fifolock_lock(&lock, X), 0);
	}
	for (unsigned i = 0; i < ACTORS; i++) {
		actor[i] = (struct actor){.lock = &lock, .number = i};
		actor[i].kind =
			oracle_below(&seed, 2) ? RUNS : oracle_below(&seed, KINDS);
		joins(&actor[i]);
		until_waiting(&lock, i + 1);
	}
	raise_flag(&gate);
	if (behind_a_section)
		returns(&first, 0);
	else
		cr_assert_eq(fifolock_unlock(&lock, X), 0);
	for (unsigned i = 0; i < ACTORS; i++)
		if (has_thread(&actor[i]))
			pthread_join(actor[i].thread, NULL);
	cr_assert_eq(recorded, ACTORS);
	for (unsigned i = 0; i < ACTORS; i++) {
		cr_assert_eq(history[i], i);
		cr_assert_eq(actor[i].done, 1);
	}
	ends_well(&lock);
}

Test(order, is_that_of_the_line_whoever_stands_in_it, .description = "G1")
{
	for (uint64_t seed = 1; seed <= test_scaled(400); seed++)
		one_after_the_other(seed % 2, seed);
}
