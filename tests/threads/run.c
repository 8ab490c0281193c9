/* SPDX-License-Identifier: MIT
 *
 * run.c - sections run in turn, in their own thread or another: once each, with
 * the lock held, and they may call the library.
 */
#include "jobs.h"

Test(run, is_once_and_now_if_the_lock_is_free, .description = "G1 G2")
{
	for (unsigned mode = X; mode <= S; mode++) {
		fifolock_t lock = {0};
		struct call call = {.lock = &lock, .mode = mode};

		errno = MARK;
		calls_run(&call);
		cr_assert_eq(errno, MARK);
		cr_assert_eq(call.rc, 0);
		cr_assert_eq(call.ran, 1);
		cr_assert(pthread_equal(call.in, pthread_self()));
		ends_well(&lock);
	}
}

Test(run, waits_its_turn_and_an_unlock_hands_over, .description = "G1 G2 G3")
{
	fifolock_t lock = {0};
	struct call call[3];

	for (uint64_t round = 0; round < test_scaled(500); round++) {
		cr_assert_eq(fifolock_lock(&lock, S), 0);
		starts(&call[0], &lock, X, NULL);
		until_waiting(&lock, 1);
		starts(&call[1], &lock, S, NULL);
		until_waiting(&lock, 2);
		starts(&call[2], &lock, X, NULL);
		until_waiting(&lock, 3);
		cr_assert_eq(fifolock_trylock(&lock, S), EBUSY);
		for (unsigned i = 0; i < 3; i++)
			cr_assert_not(is_up(&call[i].inside));
		cr_assert_eq(fifolock_unlock(&lock, S), 0);
		for (unsigned i = 0; i < 3; i++)
			returns(&call[i], 0);
	}
	ends_well(&lock);
}

Test(run, of_shared_sections_is_side_by_side, .description = "G2 G3")
{
	fifolock_t lock = {0};
	struct call call[4];
	bool gate = false;

	cr_assert_eq(fifolock_lock(&lock, X), 0);
	for (unsigned i = 0; i < 4; i++) {
		starts(&call[i], &lock, S, &gate);
		until_waiting(&lock, i + 1);
	}
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	for (unsigned i = 0; i < 4; i++)
		until_up(&call[i].inside);
	cr_assert_eq(fifolock_holds(&lock, S), 4);
	raise_flag(&gate);
	for (unsigned i = 0; i < 4; i++) {
		returns(&call[i], 0);
		cr_assert(pthread_equal(call[i].in, call[i].thread));
	}
	ends_well(&lock);
}

/* Two modes that nothing fits beside: each section finds its own held. */
Test(run, of_a_row_in_two_modes_is_each_in_its_own, .description = "G2")
{
	static const struct fifolock_mode both[] = {{.conflicts = 3}, {.conflicts = 3}};
	fifolock_modes_t modes;
	struct call call[8];
	fifolock_t lock;

	cr_assert_eq(fifolock_modes_compile(&modes, both, 2, NULL, 0), 0);
	fifolock_init(&lock, &modes);
	for (uint64_t round = 0; round < test_scaled(200); round++) {
		cr_assert_eq(fifolock_lock(&lock, 0), 0);
		for (unsigned i = 0; i < 8; i++) {
			starts(&call[i], &lock, i % 2, NULL);
			until_waiting(&lock, i + 1);
		}
		cr_assert_eq(fifolock_unlock(&lock, 0), 0);
		for (unsigned i = 0; i < 8; i++)
			returns(&call[i], 0);
	}
	ends_well(&lock);
}

/* ---- sections that call the library ---- */

struct inner {
	fifolock_t outer, inner;
	uint64_t each, guarded, both;
};

static void counts_inside(void *arg)
{
	struct inner *inner = arg;

	inner->guarded++;
}

static void runs_the_inner(void *arg)
{
	struct inner *inner = arg;

	inner->both++;
	fault_if(fifolock_run(&inner->inner, X, counts_inside, inner));
}

static void *nests(void *arg)
{
	struct inner *inner = arg;

	for (uint64_t i = 0; i < inner->each; i++) {
		fault_if(fifolock_run(&inner->outer, X, runs_the_inner, inner));
		if (i % 2)
			fault_if(fifolock_run(&inner->inner, X, counts_inside, inner));
	}
	return NULL;
}

Test(section, may_run_another_on_another_lock, .description = "G2 G3")
{
	struct inner inner = {.each = test_scaled(20000) & ~UINT64_C(1)};

	together(4, nests, &inner);
	cr_assert_eq(inner.both, 4 * inner.each);
	cr_assert_eq(inner.guarded, 6 * inner.each);
	ends_well(&inner.outer);
	ends_well(&inner.inner);
}

struct waiter {
	fifolock_t *other;
	unsigned ran;
};

static void waits_inside(void *arg)
{
	struct waiter *waiter = arg;

	fault_if(fifolock_lock(waiter->other, X));
	waiter->ran++;
	fault_if(fifolock_unlock(waiter->other, X));
}

struct runner {
	pthread_t thread;
	fifolock_t *lock;
	struct waiter waiter;
};

static void *runs_a_waiter(void *arg)
{
	struct runner *runner = arg;

	fault_if(fifolock_run(runner->lock, X, waits_inside, &runner->waiter));
	return NULL;
}

/* All sections in line wait for the other lock, one inside, one after the other. */
Test(section, may_wait_and_all_in_line_wait_with_it, .description = "G1 G3")
{
	fifolock_t lock = {0}, other = {0};
	struct runner runner[4];

	for (uint64_t round = 0; round < test_scaled(200); round++) {
		cr_assert_eq(fifolock_lock(&other, X), 0);
		for (unsigned i = 0; i < 4; i++) {
			runner[i] = (struct runner){.lock = &lock, .waiter = {&other, 0}};
			pthread_create(&runner[i].thread, NULL, runs_a_waiter,
				       &runner[i]);
			until_waiting(i ? &lock : &other, i ? i : 1);
		}
		cr_assert_eq(fifolock_holds(&lock, X), 1);
		cr_assert_eq(fifolock_waiting(&other), 1);
		cr_assert_eq(fifolock_unlock(&other, X), 0);
		for (unsigned i = 0; i < 4; i++) {
			pthread_join(runner[i].thread, NULL);
			cr_assert_eq(runner[i].waiter.ran, 1);
		}
	}
	ends_well(&lock);
	ends_well(&other);
}

/* What a section grants is called back inside its unlock, whichever thread runs the section. */
struct giver {
	pthread_t thread;
	fifolock_t *lock;
	fifolock_t other;
	fifolock_request_t request;
	unsigned called;
	const bool *gate;
	bool inside; /* atomic */
};

static void is_given(void *ctx, int status)
{
	struct giver *giver = ctx;

	fault_if(status);
	giver->called++;
	fault_if(fifolock_unlock(&giver->other, X));
}

static void gives(void *arg)
{
	struct giver *giver = arg;

	raise_flag(&giver->inside);
	until_up(giver->gate);
	fault_if(fifolock_unlock(&giver->other, X));
	fault_if(giver->called != 1);
}

static void *runs_a_giver(void *arg)
{
	struct giver *giver = arg;

	fault_if(fifolock_run(giver->lock, X, gives, giver));
	return NULL;
}

Test(section, that_unlocks_another_lock_calls_back_at_once, .description = "G3")
{
	fifolock_modes_t modes = unowned(NULL);
	fifolock_t lock = FIFOLOCK_INIT(&modes);
	struct giver giver[4];
	bool gate = false;

	for (unsigned i = 0; i < 4; i++) {
		giver[i] = (struct giver){.lock = &lock, .gate = &gate};
		giver[i].other.modes = &modes;
		cr_assert_eq(fifolock_lock(&giver[i].other, X), 0);
		cr_assert_eq(fifolock_request(&giver[i].other, X, 1, &giver[i].request,
					      is_given, &giver[i]),
			     EINPROGRESS);
		pthread_create(&giver[i].thread, NULL, runs_a_giver, &giver[i]);
		if (i == 0)
			until_up(&giver[0].inside);
		until_waiting(&lock, i);
	}
	raise_flag(&gate);
	for (unsigned i = 0; i < 4; i++) {
		pthread_join(giver[i].thread, NULL);
		cr_assert_eq(giver[i].called, 1);
		ends_well(&giver[i].other);
	}
	ends_well(&lock);
}

/* ---- misuse ---- */

static void never(void *arg)
{
	(void)arg;
	fault_if(true);
}

static void never_done(void *ctx, int status)
{
	(void)ctx, (void)status;
	fault_if(true);
}

static void *gives_back_when_awaited(void *arg)
{
	fifolock_t *lock = arg;

	until_waiting(lock, 1);
	(void)fifolock_unlock(lock, X);
	return NULL;
}

static void nothing(void *arg)
{
	(void)arg;
}

/* A thread that asks for S again and again. */
struct reader {
	fifolock_t lock;
	bool met, queued;	/* atomic */
	unsigned written, read; /* under the lock */
	unsigned found;		/* what the last section found written */
};

static void reads(void *arg)
{
	struct reader *reader = arg;

	__atomic_fetch_add(&reader->read, 1, __ATOMIC_RELAXED);
	reader->found = reader->written;
	fault_if(fifolock_holds(&reader->lock, S) == 0);
}

static void writes(void *arg)
{
	struct reader *reader = arg;

	reader->written++;
	fault_if(fifolock_holds(&reader->lock, X) != 1);
}

static void *reads_thrice(void *arg)
{
	struct reader *reader = arg;

	for (unsigned i = 0; i < 3; i++)
		fault_if(fifolock_run(&reader->lock, S, reads, reader));
	raise_flag(&reader->met);
	until_up(&reader->queued);
	for (unsigned i = 0; i < 3; i++)
		fault_if(fifolock_run(&reader->lock, S, reads, reader));
	return NULL;
}

static void *writes_once(void *arg)
{
	struct reader *reader = arg;

	fault_if(fifolock_run(&reader->lock, X, writes, reader));
	return NULL;
}

/* A thread whose section was run beside other holds expects to meet some again. */
Test(run, that_has_met_other_holds_waits_behind_those_in_line, .description = "G1 G2")
{
	struct reader reader = {.written = 0};
	pthread_t other, writer;

	cr_assert_eq(fifolock_lock(&reader.lock, S), 0);
	cr_assert_eq(pthread_create(&other, NULL, reads_thrice, &reader), 0);
	until_up(&reader.met);
	cr_assert_eq(reader.read, 3, "beside another hold");
	cr_assert_eq(pthread_create(&writer, NULL, writes_once, &reader), 0);
	until_waiting(&reader.lock, 1);
	raise_flag(&reader.queued);
	until_waiting(&reader.lock, 2);
	cr_assert_eq(reader.read, 3, "not past the one in line");
	cr_assert_eq(fifolock_unlock(&reader.lock, S), 0);
	pthread_join(other, NULL);
	pthread_join(writer, NULL);
	cr_assert_eq(reader.read, 6);
	cr_assert_eq(reader.found, 1);
	ends_well(&reader.lock);
}

/* A thread whose section has waited expects to wait again. */
Test(run, that_has_waited_keeps_to_the_limit_and_to_a_closing, .description = "G4 G7")
{
	fifolock_modes_t modes = unowned(NULL);
	fifolock_t lock = FIFOLOCK_INIT(&modes);
	fifolock_section_t later;
	pthread_t other;

	cr_assert_eq(fifolock_lock(&lock, X), 0);
	cr_assert_eq(pthread_create(&other, NULL, gives_back_when_awaited, &lock), 0);
	cr_assert_eq(fifolock_run(&lock, X, nothing, NULL), 0);
	pthread_join(other, NULL);

	cr_assert_eq(fifolock_lock(&lock, X), 0);
	cr_assert_eq(fifolock_limit_waiters(&lock, 1), 0);
	cr_assert_eq(fifolock_run_async(&lock, X, &later, never, NULL, never_done, NULL),
		     EINPROGRESS);
	cr_assert_eq(fifolock_run(&lock, X, never, NULL), EAGAIN);
	cr_assert_eq(fifolock_request_cancel(&later.request), 0);
	cr_assert_eq(fifolock_limit_waiters(&lock, 0), 0);
	fifolock_close(&lock);
	cr_assert_eq(fifolock_run(&lock, X, never, NULL), ECANCELED);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
}

Test(misuse, of_run_is_refused_and_nothing_is_run, .description = "G7")
{
	fifolock_modes_t modes = unowned(NULL);
	fifolock_t lock = FIFOLOCK_INIT(&modes), gone = {0};
	fifolock_section_t later, more;

	for (unsigned held = 0; held < 2; held++) {
		cr_assert_eq(fifolock_run(&lock, 2, never, NULL), EINVAL);
		cr_assert_eq(fifolock_run(&lock, UINT32_MAX, never, NULL), EINVAL);
		cr_assert_eq(fifolock_run_async(&lock, 2, &later, never, NULL, never_done,
						NULL),
			     EINVAL);
		if (!held)
			cr_assert_eq(fifolock_lock(&lock, X), 0);
	}
	cr_assert_eq(fifolock_destroy(&gone), 0);
	cr_assert_eq(fifolock_run(&gone, X, never, NULL), EINVAL);
	cr_assert_eq(fifolock_run_async(&gone, X, &later, never, NULL, never_done, NULL),
		     EINVAL);
	cr_assert_eq(fifolock_limit_waiters(&lock, 1), 0);
	cr_assert_eq(fifolock_run_async(&lock, X, &later, never, NULL, never_done, NULL),
		     EINPROGRESS);
	cr_assert_eq(fifolock_run(&lock, X, never, NULL), EAGAIN);
	cr_assert_eq(fifolock_run_async(&lock, S, &more, never, NULL, never_done, NULL),
		     EAGAIN);
	cr_assert_eq(fifolock_waiting(&lock), 1);
	cr_assert_eq(fifolock_request_cancel(&later.request), 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	ends_well(&lock);
}
