/* SPDX-License-Identifier: MIT
 *
 * callback_waits.c - callbacks that wait: which others run meanwhile, and on how much
 * stack.
 */
#include "jobs.h"
#include <fifolock/cond.h>

/* ---- callbacks that wait ---- */

/* All are due by one unlock, or by what the first one does: a wait for a lock lets those run
 * that hold it. */
enum way {
	BY_LOCK,
	BY_TIMEDLOCK,
	BY_REQUEST,
	BY_RUN,
	BY_CONVERT,
	BY_BUMP,
	BY_COND,
	WAYS
};

struct nest {
	fifolock_t lock, other;
	fifolock_cond_t cond;
	fifolock_request_t waits, beside, behind, another, more;
	enum way way;
	bool helped, signalled, apart;
	unsigned waited;
};

static void no_section(void *arg)
{
	(void)arg;
}

static int asks_and_waits(fifolock_t *lock, unsigned mode, fifolock_request_t *request)
{
	int rc = fifolock_request(lock, mode, 1, request, NULL, NULL);

	return rc == EINPROGRESS ? fifolock_request_wait(request, NULL) : rc;
}

/* From SHARED to EXCLUSIVE, or another turn in SHARED. */
static unsigned waits_by(struct nest *nest)
{
	struct timespec deadline = in_an_hour();
	fifolock_t *lock = &nest->lock;

	if (nest->way < BY_CONVERT)
		fault_if(fifolock_unlock(lock, S));
	switch (nest->way) {
	case BY_LOCK:
		fault_if(fifolock_lock(lock, X));
		return X;
	case BY_TIMEDLOCK:
		fault_if(fifolock_timedlock(lock, X, &deadline));
		return X;
	case BY_REQUEST:
		fault_if(asks_and_waits(lock, X, &nest->more));
		return X;
	case BY_RUN:
		fault_if(fifolock_run(lock, X, no_section, NULL));
		fault_if(fifolock_lock(lock, X));
		return X;
	case BY_CONVERT:
		fault_if(fifolock_convert(lock, S, X));
		return X;
	case BY_BUMP:
		fault_if(fifolock_bump(lock, S));
		return S;
	default:
		fault_if(fifolock_cond_wait(&nest->cond, lock, S));
		return S;
	}
}

static void waits_for_its_lock(void *ctx, int status)
{
	struct nest *nest = ctx;
	unsigned mode;

	fault_if(status || nest->helped || nest->apart);
	mode = waits_by(nest);
	fault_if(!nest->helped);
	fault_if(nest->apart);
	fault_if((nest->way == BY_BUMP || nest->way == BY_COND) && !nest->signalled);
	nest->waited++;
	fault_if(fifolock_unlock(&nest->lock, mode));
}

static void helps(void *ctx, int status)
{
	struct nest *nest = ctx;

	fault_if(status);
	nest->helped = true;
	fault_if(fifolock_unlock(&nest->lock, S));
}

static void signals(void *ctx, int status)
{
	struct nest *nest = ctx;

	fault_if(status);
	nest->signalled = true;
	fault_if(fifolock_cond_signal(&nest->cond));
	fault_if(fifolock_unlock(&nest->lock, X));
}

/* Of another lock: it has to wait until the others have returned. */
static void is_apart(void *ctx, int status)
{
	struct nest *nest = ctx;

	fault_if(status || nest->waited != 1);
	nest->apart = true;
	fault_if(fifolock_unlock(&nest->other, X));
}

static void lets_go_of_the_other(void *ctx, int status)
{
	struct nest *nest = ctx;

	fault_if(status);
	fault_if(fifolock_unlock(&nest->other, X));
	waits_for_its_lock(ctx, status);
}

Test(callback, that_waits_lets_those_run_that_hold_what_it_waits_for,
     .description = "G1 G3")
{
	fifolock_modes_t modes = unowned(NULL);

	for (enum way way = BY_LOCK; way < WAYS; way++) {
		struct nest nest = {.way = way};

		nest.lock.modes = nest.other.modes = &modes;
		cr_assert_eq(fifolock_lock(&nest.other, X), 0);
		cr_assert_eq(fifolock_lock(&nest.lock, X), 0);
		cr_assert_eq(fifolock_request(&nest.lock, S, 1, &nest.waits,
					      lets_go_of_the_other, &nest),
			     EINPROGRESS);
		cr_assert_eq(
			fifolock_request(&nest.lock, S, 1, &nest.beside, helps, &nest),
			EINPROGRESS);
		cr_assert_eq(
			fifolock_request(&nest.lock, X, 1, &nest.behind, signals, &nest),
			EINPROGRESS);
		cr_assert_eq(fifolock_request(&nest.other, X, 1, &nest.another, is_apart,
					      &nest),
			     EINPROGRESS);
		cr_assert_eq(fifolock_unlock(&nest.lock, X), 0);
		cr_assert_eq(nest.waited, 1, "way %d", (int)way);
		cr_assert(nest.signalled && nest.apart);
		ends_well(&nest.lock);
		ends_well(&nest.other);
	}
}

/* The third has what the second waits for, in the wait of the first for what the second has; when the second begins to
 * wait nothing is due but what the first has set aside. */
struct rope {
	fifolock_t gate, near, far;
	fifolock_request_t first, second, third;
	unsigned called;
};

static void gives_both_and_waits_for_the_near(void *ctx, int status)
{
	struct rope *rope = ctx;

	fault_if(status || rope->called++ != 0);
	fault_if(fifolock_unlock(&rope->near, X));
	fault_if(fifolock_unlock(&rope->far, X));
	fault_if(fifolock_lock(&rope->near, X));
	fault_if(rope->called != 3);
	fault_if(fifolock_unlock(&rope->near, X));
	fault_if(fifolock_unlock(&rope->gate, X));
}

static void waits_for_the_far_and_gives_both(void *ctx, int status)
{
	struct rope *rope = ctx;

	fault_if(status || rope->called++ != 1);
	fault_if(fifolock_lock(&rope->far, X));
	fault_if(rope->called != 3);
	fault_if(fifolock_unlock(&rope->far, X));
	fault_if(fifolock_unlock(&rope->near, X));
}

static void gives_the_far(void *ctx, int status)
{
	struct rope *rope = ctx;

	fault_if(status || rope->called++ != 2);
	fault_if(fifolock_unlock(&rope->far, X));
}

static void asks_for(fifolock_t *lock, fifolock_request_t *request,
		     void (*done)(void *ctx, int status), struct rope *rope)
{
	cr_assert_eq(fifolock_lock(lock, X), 0);
	cr_assert_eq(fifolock_request(lock, X, 1, request, done, rope), EINPROGRESS);
}

Test(callback, that_waits_lets_those_run_that_a_wait_around_it_has_set_aside,
     .description = "G3")
{
	fifolock_modes_t modes = unowned(NULL);
	struct rope rope = {0};

	rope.gate.modes = rope.near.modes = rope.far.modes = &modes;
	asks_for(&rope.gate, &rope.first, gives_both_and_waits_for_the_near, &rope);
	asks_for(&rope.near, &rope.second, waits_for_the_far_and_gives_both, &rope);
	asks_for(&rope.far, &rope.third, gives_the_far, &rope);
	cr_assert_eq(fifolock_unlock(&rope.gate, X), 0);
	cr_assert_eq(rope.called, 3u);
	ends_well(&rope.gate);
	ends_well(&rope.near);
	ends_well(&rope.far);
}

/* Two that take the same locks in the same order. Inside the other's wait the second one
 * would wait for what the first one has. */
struct pair {
	fifolock_t first, one, two;
	fifolock_request_t request[2];
	bool ready; /* atomic */
	unsigned ran;
};

static void takes_one_and_two(void *ctx, int status)
{
	struct pair *pair = ctx;

	fault_if(status);
	fault_if(fifolock_lock(&pair->one, X));
	fault_if(fifolock_lock(&pair->two, X));
	fault_if(fifolock_unlock(&pair->two, X));
	fault_if(fifolock_unlock(&pair->one, X));
	pair->ran++;
	fault_if(fifolock_unlock(&pair->first, S));
}

static void *holds_two(void *arg)
{
	struct pair *pair = arg;

	fault_if(fifolock_lock(&pair->two, X));
	raise_flag(&pair->ready);
	until_waiting(&pair->two, 1);
	fault_if(fifolock_unlock(&pair->two, X));
	return NULL;
}

Test(callback, that_waits_is_not_waited_for_by_one_inside_it, .description = "G3")
{
	static struct pair pair;
	pthread_t thread;

	cr_assert_eq(fifolock_lock(&pair.first, X), 0);
	for (unsigned i = 0; i < 2; i++)
		cr_assert_eq(fifolock_request(&pair.first, S, 1, &pair.request[i],
					      takes_one_and_two, &pair),
			     EINPROGRESS);
	pthread_create(&thread, NULL, holds_two, &pair);
	until_up(&pair.ready);
	cr_assert_eq(fifolock_unlock(&pair.first, X), 0);
	pthread_join(thread, NULL);
	cr_assert_eq(pair.ran, 2);
	ends_well(&pair.first);
	ends_well(&pair.one);
	ends_well(&pair.two);
}

/* The same as a chain: what the first one lets in waits until it has returned. */
static void gives_first_back(void *ctx, int status)
{
	struct pair *pair = ctx;

	fault_if(fifolock_lock(&pair->one, X));
	fault_if(fifolock_unlock(&pair->first, X));
	fault_if(status || fifolock_lock(&pair->two, X));
	fault_if(fifolock_unlock(&pair->two, X));
	fault_if(fifolock_unlock(&pair->one, X));
	pair->ran++;
}

Test(callback, that_waits_is_not_waited_for_by_one_that_it_has_let_in,
     .description = "G3")
{
	static struct pair pair;
	pthread_t thread;

	cr_assert_eq(fifolock_lock(&pair.first, X), 0);
	for (unsigned i = 0; i < 2; i++)
		cr_assert_eq(fifolock_request(&pair.first, X, 1, &pair.request[i],
					      gives_first_back, &pair),
			     EINPROGRESS);
	pthread_create(&thread, NULL, holds_two, &pair);
	until_up(&pair.ready);
	cr_assert_eq(fifolock_unlock(&pair.first, X), 0);
	pthread_join(thread, NULL);
	cr_assert_eq(pair.ran, 2);
	ends_well(&pair.first);
	ends_well(&pair.one);
	ends_well(&pair.two);
}

/* ---- so many that wait, on a small stack ---- */

#define BUSY 3000

struct busy_lock {
	fifolock_t lock;
	fifolock_request_t request, more;
	struct crowd *crowd;
};

struct crowd {
	fifolock_t first;
	fifolock_modes_t modes;
	bool chain, ready;
	uint32_t ran;
	struct busy_lock busy[BUSY];
};

static void takes_a_busy_lock(void *ctx, int status)
{
	struct busy_lock *busy = ctx;
	struct crowd *crowd = busy->crowd;
	struct timespec deadline = in_an_hour();
	int rc;

	fault_if(status || busy != &crowd->busy[crowd->ran++]);
	if (crowd->chain)
		fault_if(fifolock_unlock(&crowd->first, X));
	switch (crowd->ran % 4) {
	case 0:
		rc = fifolock_lock(&busy->lock, X);
		break;
	case 1:
		rc = fifolock_timedlock(&busy->lock, X, &deadline);
		break;
	case 2:
		rc = asks_and_waits(&busy->lock, X, &busy->more);
		break;
	default:
		rc = fifolock_run(&busy->lock, X, no_section, NULL);
		fault_if(rc || fifolock_lock(&busy->lock, X));
	}
	fault_if(rc || fifolock_unlock(&busy->lock, X));
	if (!crowd->chain)
		fault_if(fifolock_unlock(&crowd->first, S));
}

static void *lets_them_in(void *arg)
{
	struct crowd *crowd = arg;

	for (unsigned i = 0; i < BUSY; i++)
		fault_if(fifolock_lock(&crowd->busy[i].lock, X));
	raise_flag(&crowd->ready);
	for (unsigned i = 0; i < BUSY; i++) {
		until_waiting(&crowd->busy[i].lock, 1);
		fault_if(fifolock_unlock(&crowd->busy[i].lock, X));
	}
	return NULL;
}

static void *unlocks_first(void *crowd)
{
	fault_if(fifolock_unlock(&((struct crowd *)crowd)->first, X));
	return NULL;
}

static void crowd_waits(bool chain)
{
	struct crowd *crowd = calloc(1, sizeof(*crowd));
	pthread_t thread;

	crowd->modes = unowned(NULL);
	crowd->first.modes = &crowd->modes;
	crowd->chain = chain;
	cr_assert_eq(fifolock_lock(&crowd->first, X), 0);
	for (unsigned i = 0; i < BUSY; i++) {
		crowd->busy[i].crowd = crowd;
		cr_assert_eq(fifolock_request(&crowd->first, chain ? X : S, 1,
					      &crowd->busy[i].request, takes_a_busy_lock,
					      &crowd->busy[i]),
			     EINPROGRESS);
	}
	pthread_create(&thread, NULL, lets_them_in, crowd);
	until_up(&crowd->ready);
	pthread_join(on_small_stack(unlocks_first, crowd), NULL);
	pthread_join(thread, NULL);
	cr_assert_eq(crowd->ran, BUSY);
	ends_well(&crowd->first);
	free(crowd);
}

Test(callback, after_callback_may_wait_on_a_small_stack, .description = "G1 G6")
{
	crowd_waits(false);
	crowd_waits(true);
}

/* Each wants its own lock again behind all of them: that many stay unfinished, and the
 * stack has no room for them. Others have it. */
#define AGAIN 1000

struct again {
	fifolock_t lock;
	fifolock_modes_t modes;
	fifolock_request_t request[AGAIN];
	pthread_t thread; /* the one with the small stack */
	bool ready;
	unsigned there, elsewhere, inside;
};

static void wants_it_again(void *ctx, int status)
{
	struct again *again = ctx;

	fault_if(status || fifolock_unlock(&again->lock, X));
	if (!pthread_equal(pthread_self(), again->thread)) {
		again->elsewhere++;
		return;
	}
	again->inside++;
	fault_if(fifolock_lock(&again->lock, X));
	again->there++;
	fault_if(fifolock_unlock(&again->lock, X));
}

static void *unlocks_again(void *arg)
{
	struct again *again = arg;

	again->thread = pthread_self();
	fault_if(fifolock_unlock(&again->lock, X));
	raise_flag(&again->ready);
	return NULL;
}

Test(callback, that_would_nest_too_deep_is_left_to_who_comes_next, .description = "G1")
{
	static struct again again;
	pthread_t thread;
	uint32_t ran = 0;

	again.modes = unowned(NULL);
	again.lock.modes = &again.modes;
	cr_assert_eq(fifolock_lock(&again.lock, X), 0);
	for (unsigned i = 0; i < AGAIN; i++)
		cr_assert_eq(fifolock_request(&again.lock, X, 1, &again.request[i],
					      wants_it_again, &again),
			     EINPROGRESS);
	thread = on_small_stack(unlocks_again, &again);
	/* It waits in line behind the rest, whose first one has its turn; and again, if its stack
	 * is too deep once more when it goes on. */
	while (!__atomic_load_n(&again.ready, __ATOMIC_ACQUIRE)) {
		ran += fifolock_request_run_due(&again.lock);
		sched_yield();
	}
	cr_assert_gt(ran, 0u);
	pthread_join(thread, NULL);
	cr_assert_eq(again.there + again.elsewhere, AGAIN);
	cr_assert_eq(again.there, again.inside);
	cr_assert_gt(again.there, 8);
	cr_assert_gt(again.elsewhere, AGAIN / 2);
	ends_well(&again.lock);
}
