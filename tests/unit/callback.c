/* SPDX-License-Identifier: MIT
 *
 * callback.c - what a callback may do: all that a holder may do; and a long
 * chain of them needs no stack.
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
	/* Those that joined meanwhile are handed over if the clock ticks between them. */
	fifolock_request_run_due(&lock);
	fifolock_request_run_due(&other);
	cr_assert_eq(calls(&last), 1);
	cr_assert_eq(calls(&busy.job), 1);
	cr_assert_lt(next.place, busy.job.place);
	ends_well(&lock);
	ends_well(&other);
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
	ends_well(&lock);
}

/* ---- long chains ---- */

#define LINKS 100000

struct chain {
	fifolock_t lock;
	struct link *links;
	uint32_t count;
	uint64_t again;	 /* so many more requests are to be made */
	uint64_t drains; /* how often what was handed over was taken again */
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
	fault_if(chain->called < chain->count);
	while (fifolock_request_run_due(&chain->lock))
		chain->drains++;
	return NULL;
}

static void chain_runs(uint64_t again)
{
	struct chain chain = {.count = (uint32_t)test_scaled(LINKS), .low = UINTPTR_MAX};

	chain.again = again * chain.count;
	chain.links = calloc(chain.count, sizeof(struct link));
	pthread_join(on_small_stack(runs_the_chain, &chain), NULL);
	cr_assert_eq(chain.called, (again + 1) * chain.count);
	cr_assert_lt(chain.high - chain.low, 4096);
	cr_assert_eq(chain.drains > 0, again > 0);
	ends_well(&chain.lock);
	free(chain.links);
}

Test(callback, of_a_long_line_needs_the_stack_of_one_and_one_unlock,
     .description = "G1 G6")
{
	chain_runs(0);
}

/* Those that joined meanwhile are handed over, and taken again. */
Test(callback, of_a_million_in_a_chain_needs_the_stack_of_one, .description = "G1 G6")
{
	chain_runs(9);
}
