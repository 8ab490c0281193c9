/* SPDX-License-Identifier: MIT
 *
 * test_callback.c - what a callback may do: all that one may do who holds, and wait;
 * and a long chain of them needs no stack.
 */
#include "jobs.h"

struct busy {
	struct job job; /* first: told() may be given it */
	struct job *next, *last;
	fifolock_t *other;
	unsigned rounds;
};

/* Holding X, with next and last in line behind. */
static void does_everything(void *ctx, int status)
{
	struct busy *busy = ctx;
	struct job more = {.keeps = true};
	fifolock_t *lock = busy->job.lock;

	fault_if(status);
	fault_if(fifolock_trylock(lock, X) != EBUSY);
	fault_if(fifolock_request_cancel(&busy->last->request));
	fault_if(fifolock_lock(busy->other, X));
	fault_if(asks(busy->last, busy->other, X) != EINPROGRESS);
	fault_if(fifolock_unlock(busy->other, X));
	fault_if(calls(busy->last) != 0); /* after this one has returned */
	fault_if(asks(&more, lock, X) != EINPROGRESS);
	fault_if(fifolock_request_cancel(&more.request));
	fault_if(fifolock_request(lock, X, 1, &busy->job.request, told, &busy->job) !=
		 EINPROGRESS);
	fault_if(fifolock_unlock(lock, X));
	fault_if(calls(busy->next) || calls(&busy->job));
	fault_if(calls(&more));
	busy->rounds++;
}

Test(callback, may_cancel_lock_unlock_and_ask_again, .description = "G1 G3 G4")
{
	fifolock_t lock = {0}, other = {0};
	struct job next, last;
	struct busy busy = {.next = &next, .last = &last, .other = &other};

	busy.job = (struct job){.lock = &lock, .mode = X, .n = 1};
	next.keeps = last.keeps = false;
	cr_assert_eq(fifolock_lock(&lock, X), 0);
	cr_assert_eq(
		fifolock_request(&lock, X, 1, &busy.job.request, does_everything, &busy),
		EINPROGRESS);
	cr_assert_eq(asks(&next, &lock, S), EINPROGRESS);
	cr_assert_eq(asks(&last, &lock, X), EINPROGRESS);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(busy.rounds, 1);
	cr_assert_eq(calls(&next), 1);
	cr_assert_eq(calls(&last), 1);
	cr_assert_eq(calls(&busy.job), 1);
	cr_assert_lt(next.place, busy.job.place);
	is_free(&lock);
	is_free(&other);
}

/* The one it lets in is called back inside its own wait for the same lock. */
static void gives_back_and_takes_again(void *ctx, int status)
{
	struct busy *busy = ctx;
	fifolock_t *lock = busy->job.lock;

	fault_if(status);
	fault_if(fifolock_unlock(lock, X));
	fault_if(calls(busy->next));
	fault_if(fifolock_lock(lock, X));
	fault_if(calls(busy->next) != 1);
	fault_if(fifolock_unlock(lock, X));
	busy->rounds++;
}

Test(callback, may_wait_for_its_own_lock_again, .description = "G1 G3")
{
	fifolock_t lock = {0};
	struct job next = {.keeps = false};
	struct busy busy = {.next = &next, .job = {.lock = &lock}};

	cr_assert_eq(fifolock_lock(&lock, X), 0);
	cr_assert_eq(fifolock_request(&lock, X, 1, &busy.job.request,
				      gives_back_and_takes_again, &busy),
		     EINPROGRESS);
	cr_assert_eq(asks(&next, &lock, X), EINPROGRESS);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(busy.rounds, 1);
	is_free(&lock);
}

/* Both are due by one unlock.  The first waits for what the second does. */
enum way { BY_LOCK, BY_TIMEDLOCK, BY_REQUEST, BY_RUN, BY_CONVERT, WAYS };

struct nest {
	fifolock_t first, second;
	fifolock_request_t waits, helps, more;
	enum way way;
	bool helped;
	unsigned waited;
};

static void no_section(void *arg)
{
	(void)arg;
}

static void helps(void *ctx, int status)
{
	struct nest *nest = ctx;

	fault_if(status);
	nest->helped = true;
	fault_if(fifolock_unlock(&nest->second, S));
	fault_if(fifolock_unlock(&nest->first, S));
}

static int waits_by(struct nest *nest)
{
	struct timespec deadline = in_an_hour();

	switch (nest->way) {
	case BY_LOCK:
		return fifolock_lock(&nest->second, X);
	case BY_TIMEDLOCK:
		return fifolock_timedlock(&nest->second, X, &deadline);
	case BY_REQUEST:
		if (fifolock_request(&nest->second, X, 1, &nest->more, NULL, NULL) !=
		    EINPROGRESS)
			return -1;
		return fifolock_request_wait(&nest->more, NULL);
	case BY_CONVERT:
		return fifolock_convert(&nest->second, S, X);
	default:
		return fifolock_run(&nest->second, X, no_section, NULL);
	}
}

static void waits_for_a_later_one(void *ctx, int status)
{
	struct nest *nest = ctx;

	fault_if(status || nest->helped);
	fault_if(waits_by(nest));
	fault_if(!nest->helped);
	nest->waited++;
	fault_if(nest->way != BY_RUN && fifolock_unlock(&nest->second, X));
	fault_if(fifolock_unlock(&nest->first, S));
}

Test(callback, that_waits_lets_those_run_that_are_due, .description = "G3")
{
	fifolock_modes_t modes = of_nobody(NULL);

	for (enum way way = BY_LOCK; way < WAYS; way++) {
		struct nest nest = {.way = way};

		nest.first.modes = nest.second.modes = &modes;
		cr_assert_eq(fifolock_lock_n(&nest.second, S, way == BY_CONVERT ? 2 : 1),
			     0);
		cr_assert_eq(fifolock_lock(&nest.first, X), 0);
		cr_assert_eq(fifolock_request(&nest.first, S, 1, &nest.waits,
					      waits_for_a_later_one, &nest),
			     EINPROGRESS);
		cr_assert_eq(
			fifolock_request(&nest.first, S, 1, &nest.helps, helps, &nest),
			EINPROGRESS);
		cr_assert_eq(fifolock_unlock(&nest.first, X), 0);
		cr_assert_eq(nest.waited, 1, "way %d", (int)way);
		is_free(&nest.first);
		is_free(&nest.second);
	}
}

/* Each waits for the next one, which is due, too: waits inside waits. */
#define DEEP 50

struct deep {
	fifolock_t first;
	struct level {
		fifolock_t lock;
		fifolock_request_t request;
		struct deep *deep;
		bool over;
	} level[DEEP + 1];
};

static void waits_for_the_next(void *ctx, int status)
{
	struct level *level = ctx, *next = level + 1;

	fault_if(status);
	if (next != &level->deep->level[DEEP]) {
		fault_if(fifolock_lock(&next->lock, X));
		fault_if(!next->over);
		fault_if(fifolock_unlock(&next->lock, X));
	}
	level->over = true;
	fault_if(fifolock_unlock(&level->lock, X));
	fault_if(fifolock_unlock(&level->deep->first, S));
}

Test(callback, that_waits_may_be_waited_for, .description = "G3")
{
	fifolock_modes_t modes = of_nobody(NULL);
	static struct deep deep;

	cr_assert_eq(fifolock_lock(&deep.first, X), 0);
	for (unsigned i = 0; i < DEEP; i++) {
		struct level *level = &deep.level[i];

		level->deep = &deep;
		level->lock.modes = &modes;
		cr_assert_eq(fifolock_lock(&level->lock, X), 0);
		cr_assert_eq(fifolock_request(&deep.first, S, 1, &level->request,
					      waits_for_the_next, level),
			     EINPROGRESS);
	}
	cr_assert_eq(fifolock_unlock(&deep.first, X), 0);
	for (unsigned i = 0; i < DEEP; i++) {
		cr_assert(deep.level[i].over);
		is_free(&deep.level[i].lock);
	}
	is_free(&deep.first);
}

/* ---- long chains ---- */

#define LINKS 100000

struct chain {
	fifolock_t lock;
	struct link *links;
	uint32_t count;
	uint64_t again; /* so many more requests are to be made */
	uint64_t called;
	uintptr_t low, high; /* of the stack, in callbacks */
};

struct link {
	fifolock_request_t request;
	struct chain *chain;
};

static void pass_on(void *ctx, int status)
{
	struct link *link = ctx;
	struct chain *chain = link->chain;
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	fault_if(status);
	fault_if(link != &chain->links[chain->called++ % chain->count]);
	chain->low = here < chain->low ? here : chain->low;
	chain->high = here > chain->high ? here : chain->high;
	if (chain->again) {
		chain->again--;
		fault_if(fifolock_request(&chain->lock, X, 1, &link->request, pass_on,
					  link) != EINPROGRESS);
	}
	fault_if(fifolock_unlock(&chain->lock, X));
}

static void *runs_the_chain(void *arg)
{
	struct chain *chain = arg;

	fault_if(fifolock_lock(&chain->lock, X));
	for (uint32_t i = 0; i < chain->count; i++) {
		chain->links[i].chain = chain;
		fault_if(fifolock_request(&chain->lock, X, 1, &chain->links[i].request,
					  pass_on, &chain->links[i]) != EINPROGRESS);
	}
	fault_if(fifolock_waiting(&chain->lock) != chain->count);
	fault_if(fifolock_unlock(&chain->lock, X));
	return NULL;
}

Test(callback, of_a_million_in_a_chain_needs_the_stack_of_one, .description = "G1 G6")
{
	struct chain chain = {.count = (uint32_t)test_scaled(LINKS), .low = UINTPTR_MAX};

	chain.again = 9 * (uint64_t)chain.count;
	chain.links = calloc(chain.count, sizeof(struct link));
	pthread_join(on_small_stack(runs_the_chain, &chain), NULL);
	cr_assert_eq(chain.called, 10 * (uint64_t)chain.count);
	cr_assert_lt(chain.high - chain.low, 4096);
	is_free(&chain.lock);
	free(chain.links);
}
