/* SPDX-License-Identifier: MIT
 *
 * run_threads.c - sections of many threads: none is lost, and no thread serves others
 * for ever; and all ways to take a lock at once.
 */
#include "jobs.h"

/* ---- none is lost ---- */

struct works {
	fifolock_t lock;
	unsigned modes;	 /* sections take them by turns */
	unsigned beside; /* of mode 0: so many at once */
	uint64_t each;
	uint64_t sum;	 /* guarded by X, if beside is 1 */
	unsigned inside; /* atomic: in mode 0 */
	uint64_t plain;	 /* atomic: sections run */
};

struct shift {
	struct works *works;
	unsigned ran;
	unsigned mode;
};

static void adds_one(void *arg)
{
	struct shift *shift = arg;
	struct works *works = shift->works;

	shift->ran++;
	__atomic_fetch_add(&works->plain, 1, __ATOMIC_RELAXED);
	if (shift->mode != 0)
		return;
	fault_if(__atomic_add_fetch(&works->inside, 1, __ATOMIC_RELAXED) > works->beside);
	if (works->beside == 1)
		works->sum++;
	__atomic_fetch_sub(&works->inside, 1, __ATOMIC_RELAXED);
}

static void *labours(void *arg)
{
	struct works *works = arg;

	for (uint64_t i = 0; i < works->each; i++) {
		struct shift shift = {works, 0, (unsigned)(i % works->modes)};

		fault_if(fifolock_run(&works->lock, shift.mode, adds_one, &shift));
		fault_if(shift.ran != 1);
		if (i % 16)
			continue;
		fault_if(fifolock_lock(&works->lock, shift.mode));
		adds_one(&shift);
		fault_if(fifolock_unlock(&works->lock, shift.mode));
	}
	return NULL;
}

static void all_work(const fifolock_modes_t *table, unsigned modes, unsigned beside)
{
	struct works works = {.lock = FIFOLOCK_INIT(table),
			      .modes = modes,
			      .beside = beside,
			      .each = test_scaled(40000)};

	together(5, labours, &works);
	cr_assert_eq(works.plain, 5 * (works.each + (works.each + 15) / 16));
	if (modes == 1 && beside == 1)
		cr_assert_eq(works.sum, works.plain);
	ends_well(&works.lock);
}

static bool one_of_each(const uint32_t holds[], unsigned mode, void *ctx)
{
	(void)ctx;
	return holds[mode] == 0 && (mode == S ? holds[X] == 0 : holds[S] == 0);
}

Test(run, by_many_threads_loses_nothing, .description = "G2 G3")
{
	all_work(&fifolock_mutex_modes, 1, 1);
	all_work(NULL, 1, 1);
	all_work(NULL, 2, 1);
	all_work(&fifolock_intent_modes, 6, 1);
}

Test(run, by_many_threads_in_tables_of_ones_own, .description = "G2 G3")
{
	fifolock_modes_t one = semaphore(1), two = semaphore(2), either;

	all_work(&one, 1, 1);
	all_work(&two, 1, 2);
	cr_assert_eq(fifolock_modes_predicate(&either, 2, 3, one_of_each, NULL), 0);
	all_work(&either, 2, 1);
}

/* ---- how long one serves the others ---- */

#define QUEUE 400

struct server {
	pthread_t thread;
	fifolock_t *lock;
	int64_t lasts; /* its section, ns */
	unsigned number;
	unsigned place;	 /* among all */
	unsigned served; /* sections of others, in its own call */
};

static __thread struct server *serving;
static unsigned served_so_far; /* guarded */

static void is_served(void *arg)
{
	struct server *server = arg;
	struct timespec end = test_in_ns(CLOCK_MONOTONIC, server->lasts), now;

	server->place = served_so_far++;
	if (serving != server)
		serving->served++;
	do {
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec < end.tv_sec ||
		 (now.tv_sec == end.tv_sec && now.tv_nsec < end.tv_nsec));
}

static void *serves(void *arg)
{
	struct server *server = arg;

	serving = server;
	fault_if(fifolock_run(server->lock, X, is_served, server));
	return NULL;
}

/* All line up, one after the other; how many sections of others one ran, at most. */
static unsigned most_served(unsigned count, int64_t lasts)
{
	static struct server server[QUEUE];
	fifolock_t lock = {0};
	unsigned most = 0;

	served_so_far = 0;
	cr_assert_eq(fifolock_lock(&lock, X), 0);
	for (unsigned i = 0; i < count; i++) {
		server[i] = (struct server){.lock = &lock, .lasts = lasts, .number = i};
		server[i].thread = on_small_stack(serves, &server[i]);
		until_waiting(&lock, i + 1);
	}
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	for (unsigned i = 0; i < count; i++) {
		pthread_join(server[i].thread, NULL);
		most = server[i].served > most ? server[i].served : most;
		fault_if(server[i].place != i);
	}
	ends_well(&lock);
	return most;
}

Test(service, is_for_256_others_at_most, .description = "G1 G3")
{
	unsigned most = 0;

	for (unsigned i = 0; i < 5; i++) {
		unsigned served = most_served(QUEUE, 0);

		most = served > most ? served : most;
	}
	cr_assert_leq(most, 256);
	cr_assert_gt(most, 0, "no thread was spared a hand-over");
}

/* More have passed within the first of others, whatever the clock's tick. */
Test(service, ends_when_2_ms_have_passed, .description = "G3")
{
	unsigned most = most_served(8, 25000000);

	cr_assert_leq(most, 1, "%u", most);
}

struct door {
	fifolock_t lock;
	uint64_t ran; /* guarded */
	bool over;    /* atomic */
};

static void goes_in(void *arg)
{
	struct door *door = arg;

	door->ran++;
}

static void *keeps_coming(void *arg)
{
	struct door *door = arg;

	while (!is_up(&door->over))
		fault_if(fifolock_run(&door->lock, X, goes_in, door));
	return NULL;
}

Test(service, of_those_who_keep_coming_comes_to_an_end, .description = "G3")
{
	uint64_t rounds = test_scaled(3000);
	struct door door = {.over = false};
	pthread_t thread[3];

	for (unsigned i = 0; i < 3; i++)
		pthread_create(&thread[i], NULL, keeps_coming, &door);
	for (uint64_t i = 0; i < rounds; i++)
		fault_if(fifolock_run(&door.lock, X, goes_in, &door));
	raise_flag(&door.over);
	for (unsigned i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	cr_assert_geq(door.ran, rounds);
	ends_well(&door.lock);
}

/* ---- everything at once ---- */

enum { MODES = 3, GRINDERS = 6 };

struct mill {
	fifolock_t lock;
	unsigned modes;
	const char *beside[MODES]; /* what goes with what */
	uint32_t inside[MODES];	   /* atomic */
	uint64_t sum[MODES];	   /* guarded, where the mode does not go with itself */
	uint64_t taken[MODES];	   /* atomic */
	uint64_t each;
	uint64_t out;	/* atomic: that got nothing */
	uint64_t began; /* atomic: threads */
};

/* One thing to do in the mill. */
struct grain {
	struct mill *mill;
	unsigned mode;
	fifolock_request_t request;
	fifolock_section_t later;
	unsigned ground;
	bool over; /* atomic */
};

static void grinds(void *arg)
{
	struct grain *grain = arg;
	struct mill *mill = grain->mill;
	unsigned mode = grain->mode;

	__atomic_fetch_add(&mill->inside[mode], 1, __ATOMIC_SEQ_CST);
	for (unsigned m = 0; m < mill->modes; m++)
		if (mill->beside[mode][m] != '+')
			fault_if(__atomic_load_n(&mill->inside[m], __ATOMIC_SEQ_CST) >
				 (m == mode));
	if (mill->beside[mode][mode] != '+')
		mill->sum[mode]++;
	__atomic_fetch_add(&mill->taken[mode], 1, __ATOMIC_RELAXED);
	grain->ground++;
	__atomic_fetch_sub(&mill->inside[mode], 1, __ATOMIC_SEQ_CST);
}

static void is_ground(void *ctx, int status)
{
	struct grain *grain = ctx;

	fault_if(status);
	raise_flag(&grain->over);
}

static void grinds_and_unlocks(void *ctx, int status)
{
	struct grain *grain = ctx;

	grinds(grain);
	fault_if(fifolock_unlock(&grain->mill->lock, grain->mode));
	is_ground(ctx, status);
}

/* It is called back, or cancelled; as if it had been done by the caller then. */
static int comes_to_an_end(struct grain *grain, fifolock_request_t *request, int rc,
			   uint64_t *random)
{
	if (rc != EINPROGRESS)
		return rc;
	if (oracle_below(random, 3) == 0 && fifolock_request_cancel(request) == 0)
		return EBUSY;
	until_up(&grain->over);
	return -1;
}

static int by_request(struct grain *grain, uint64_t *random)
{
	fifolock_t *lock = &grain->mill->lock;
	fifolock_request_t *request = &grain->request;
	struct timespec soon = test_in_ns(CLOCK_MONOTONIC, oracle_below(random, 50000));
	int rc;

	if (oracle_below(random, 2)) {
		rc = fifolock_request(lock, grain->mode, 1, request, grinds_and_unlocks,
				      grain);
		return comes_to_an_end(grain, request, rc, random);
	}
	rc = fifolock_request(lock, grain->mode, 1, request, NULL, NULL);
	if (rc != EINPROGRESS)
		return rc;
	rc = fifolock_request_wait(request, &soon);
	if (rc != ETIMEDOUT)
		return rc;
	if (oracle_below(random, 2) && fifolock_request_cancel(request) == 0)
		return ETIMEDOUT;
	return fifolock_request_wait(request, NULL);
}

/* 0: held; -1: done by others or in a section; otherwise nothing. */
static int takes_somehow(struct grain *grain, uint64_t *random)
{
	fifolock_t *lock = &grain->mill->lock;
	struct timespec soon;
	int rc;

	switch (oracle_below(random, 8)) {
	case 0:
		return fifolock_lock(lock, grain->mode);
	case 1:
		soon = test_in_ns(CLOCK_MONOTONIC, oracle_below(random, 50000));
		return fifolock_timedlock(lock, grain->mode, &soon);
	case 2:
		return fifolock_trylock(lock, grain->mode);
	case 3:
		rc = fifolock_run_async(lock, grain->mode, &grain->later, grinds, grain,
					is_ground, grain);
		return comes_to_an_end(grain, &grain->later.request, rc ? rc : -1,
				       random);
	case 4:
	case 5:
		return by_request(grain, random);
	default:
		return fifolock_run(lock, grain->mode, grinds, grain) ? EINVAL : -1;
	}
}

static void *mills(void *arg)
{
	struct mill *mill = arg;
	uint64_t random = (uintptr_t)&random;

	__atomic_fetch_add(&mill->began, 1, __ATOMIC_RELEASE);
	until_count(&mill->began, GRINDERS);
	for (uint64_t i = 0; i < mill->each; i++) {
		struct grain grain = {.mill = mill};
		int rc;

		grain.mode = oracle_below(&random, mill->modes);
		rc = takes_somehow(&grain, &random);
		if (rc == 0) {
			grinds(&grain);
			fault_if(fifolock_unlock(&mill->lock, grain.mode));
		}
		fault_if(rc > 0 && rc != ETIMEDOUT && rc != EBUSY);
		fault_if(grain.ground != (rc > 0 ? 0 : 1));
		if (rc > 0)
			__atomic_fetch_add(&mill->out, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void mill_goes(const fifolock_modes_t *table, unsigned modes, const char *x,
		      const char *s, const char *u)
{
	struct mill mill = {.lock = FIFOLOCK_INIT(table),
			    .modes = modes,
			    .beside = {x, s, u},
			    .each = test_scaled(40000)};
	uint64_t done = 0;

	together(GRINDERS, mills, &mill);
	for (unsigned m = 0; m < modes; m++) {
		if (mill.beside[m][m] != '+')
			cr_assert_eq(mill.sum[m], mill.taken[m]);
		cr_assert_eq(fifolock_holds(&mill.lock, m), 0);
		done += mill.taken[m];
	}
	cr_assert_eq(done + mill.out, GRINDERS * mill.each);
	ends_well(&mill.lock);
}

Test(mill, of_presets_grinds_on, .description = "G2 G3 G4")
{
	mill_goes(&fifolock_mutex_modes, 1, ".", NULL, NULL);
	mill_goes(NULL, 2, "..", ".+", NULL);
	mill_goes(&fifolock_update_modes, 3, "...", ".++", ".+.");
}

Test(mill, of_a_predicate_and_a_semaphore_grinds_on, .description = "G2 G3 G4")
{
	fifolock_modes_t one = semaphore(1), three = semaphore(3), either;

	cr_assert_eq(fifolock_modes_predicate(&either, 2, 3, one_of_each, NULL), 0);
	mill_goes(&either, 2, "..", "..", NULL);
	mill_goes(&one, 1, ".", NULL, NULL);
	mill_goes(&three, 1, "+", NULL, NULL);
}
