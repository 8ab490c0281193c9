/* SPDX-License-Identifier: MIT
 *
 * request_convert.c - conversions as requests; waits that another thread ends.
 */
#define _GNU_SOURCE
#include "jobs.h"

static const struct timespec past = {0, 1};

/* ---- conversions ---- */

Test(request_convert, that_fits_is_done_at_once, .description = "G1 G2")
{
	fifolock_request_t request;
	fifolock_modes_t modes = unowned(NULL); /* one thread plays several */
	fifolock_t lock = FIFOLOCK_INIT(&modes);

	cr_assert_eq(fifolock_lock(&lock, S), 0);
	errno = MARK;
	cr_assert_eq(fifolock_request_convert(&lock, S, X, &request), 0);
	cr_assert_eq(fifolock_holds(&lock, X), 1);
	cr_assert_eq(fifolock_holds(&lock, S), 0);
	cr_assert_eq(fifolock_request_poll(&request), 0);
	cr_assert_eq(fifolock_request_wait(&request, NULL), 0);
	cr_assert_eq(fifolock_request_cancel(&request), EALREADY);
	cr_assert_eq(errno, MARK);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	ends_well(&lock);
}

/* Before a request that came earlier, and no younger one passes it. */
Test(request_convert, in_line_stands_before_requests_without_a_hold,
     .description = "G1 G3")
{
	struct job writer = {.keeps = true}, reader = {.keeps = true};
	fifolock_request_t request;
	fifolock_modes_t modes = unowned(NULL);
	fifolock_t lock = FIFOLOCK_INIT(&modes);

	cr_assert_eq(fifolock_lock_n(&lock, S, 2), 0);
	cr_assert_eq(asks(&writer, &lock, X), EINPROGRESS);
	cr_assert_eq(asks(&reader, &lock, S), EINPROGRESS);
	cr_assert_eq(fifolock_request_convert(&lock, S, X, &request), EINPROGRESS);
	cr_assert_eq(fifolock_request_poll(&request), EINPROGRESS);
	cr_assert_eq(fifolock_request_position(&request), 0);
	cr_assert_eq(fifolock_request_wait(&request, &past), ETIMEDOUT);
	cr_assert_eq(fifolock_waiting(&lock), 3, "it is still in line");
	cr_assert_eq(fifolock_holds(&lock, S), 2, "its hold is there");
	cr_assert_eq(fifolock_unlock(&lock, S), 0);
	cr_assert_eq(fifolock_request_wait(&request, NULL), 0);
	cr_assert_eq(fifolock_holds(&lock, X), 1);
	cr_assert_eq(fifolock_holds(&lock, S), 0);
	cr_assert_eq(calls(&writer) + calls(&reader), 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(calls(&writer), 1);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(calls(&reader), 1);
	cr_assert_eq(fifolock_unlock(&lock, S), 0);
	ends_well(&lock);
}

Test(request_convert, that_is_cancelled_lets_in_what_it_kept_out_and_keeps_its_hold,
     .description = "G4")
{
	struct job reader = {.keeps = true};
	fifolock_request_t request;
	fifolock_modes_t modes = unowned(NULL);
	fifolock_t lock = FIFOLOCK_INIT(&modes);

	cr_assert_eq(fifolock_lock_n(&lock, S, 2), 0);
	cr_assert_eq(fifolock_request_convert(&lock, S, X, &request), EINPROGRESS);
	cr_assert_eq(asks(&reader, &lock, S), EINPROGRESS);
	cr_assert_eq(fifolock_request_cancel(&request), 0);
	cr_assert_eq(calls(&reader), 1);
	cr_assert_eq(fifolock_request_poll(&request), ECANCELED);
	cr_assert_eq(fifolock_holds(&lock, S), 3);
	cr_assert_eq(fifolock_unlock_n(&lock, S, 3), 0);
	ends_well(&lock);
}

/* Nothing is left behind, however many come and go. */
Test(request_convert, can_come_and_go_a_hundred_thousand_times, .description = "G4")
{
	fifolock_request_t request;
	fifolock_modes_t modes = unowned(NULL);
	fifolock_t lock = FIFOLOCK_INIT(&modes);

	cr_assert_eq(fifolock_lock_n(&lock, S, 2), 0);
	for (unsigned i = 0; i < 100000; i++) {
		cr_assert_eq(fifolock_request_convert(&lock, S, X, &request),
			     EINPROGRESS);
		cr_assert_eq(fifolock_request_cancel(&request), 0);
	}
	cr_assert_eq(fifolock_waiting(&lock), 0);
	cr_assert_eq(fifolock_unlock_n(&lock, S, 2), 0);
	ends_well(&lock);
}

Test(request_convert, of_two_that_wait_for_each_other_the_later_is_refused,
     .description = "G3")
{
	fifolock_request_t first, second;
	fifolock_modes_t modes = unowned(NULL);
	fifolock_t lock = FIFOLOCK_INIT(&modes);

	cr_assert_eq(fifolock_lock_n(&lock, S, 2), 0);
	cr_assert_eq(fifolock_request_convert(&lock, S, X, &first), EINPROGRESS);
	cr_assert_eq(fifolock_request_convert(&lock, S, X, &second), EDEADLK);
	cr_assert_eq(fifolock_request_poll(&second), EDEADLK);
	cr_assert_eq(fifolock_holds(&lock, S), 2);
	cr_assert_eq(fifolock_unlock(&lock, S), 0);
	cr_assert_eq(fifolock_request_poll(&first), 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	ends_well(&lock);
}

Test(request_convert, ends_when_the_lock_is_closed_and_keeps_its_hold,
     .description = "G4")
{
	fifolock_request_t request;
	fifolock_modes_t modes = unowned(NULL);
	fifolock_t lock = FIFOLOCK_INIT(&modes);

	cr_assert_eq(fifolock_lock_n(&lock, S, 2), 0);
	cr_assert_eq(fifolock_request_convert(&lock, S, X, &request), EINPROGRESS);
	cr_assert_eq(fifolock_close(&lock), 0);
	cr_assert_eq(fifolock_request_poll(&request), ECANCELED);
	cr_assert_eq(fifolock_request_convert(&lock, S, X, &request), ECANCELED);
	cr_assert_eq(fifolock_holds(&lock, S), 2);
	cr_assert_eq(fifolock_unlock_n(&lock, S, 2), 0);
	ends_well(&lock);
}

Test(request_convert, whose_hold_another_thread_gives_back_is_refused,
     .description = "G7")
{
	fifolock_request_t request;
	fifolock_modes_t modes = unowned(NULL);
	fifolock_t lock = FIFOLOCK_INIT(&modes);

	cr_assert_eq(fifolock_lock_n(&lock, S, 2), 0);
	cr_assert_eq(fifolock_request_convert(&lock, S, X, &request), EINPROGRESS);
	cr_assert_eq(fifolock_unlock_n(&lock, S, 2), 0);
	cr_assert_eq(fifolock_request_poll(&request), EPERM);
	cr_assert_eq(fifolock_request_convert(&lock, S, X, &request), EPERM);
	cr_assert_eq(fifolock_request_convert(&lock, S, 7, &request), EINVAL);
	cr_assert_eq(fifolock_request_convert(&lock, 7, S, &request), EINVAL);
	cr_assert_eq(fifolock_request_convert(&lock, S, X, NULL), EINVAL);
	ends_well(&lock);
}

/* ---- roused ---- */

static struct {
	fifolock_t lock;
	fifolock_request_t request;
	int result;
	bool back;
} roused;

static void *waits(void *unused)
{
	roused.result = fifolock_request_wait(&roused.request, NULL);
	__atomic_store_n(&roused.back, true, __ATOMIC_RELEASE);
	return unused;
}

Test(request_convert, that_is_roused_is_still_in_line, .description = "G3")
{
	fifolock_modes_t modes = unowned(NULL);
	pthread_t thread;

	cr_assert_eq(fifolock_init(&roused.lock, &modes), 0);
	cr_assert_eq(fifolock_lock(&roused.lock, X), 0);
	cr_assert_eq(fifolock_request(&roused.lock, X, 1, &roused.request, NULL, NULL),
		     EINPROGRESS);
	cr_assert_eq(pthread_create(&thread, NULL, waits, NULL), 0);
	fifolock_request_rouse(&roused.request);
	pthread_join(thread, NULL);
	cr_assert_eq(roused.result, ETIMEDOUT);
	cr_assert_eq(fifolock_waiting(&roused.lock), 1);
	/* Once, and not again. */
	cr_assert_eq(pthread_create(&thread, NULL, waits, NULL), 0);
	cr_assert_eq(fifolock_unlock(&roused.lock, X), 0);
	pthread_join(thread, NULL);
	cr_assert_eq(roused.result, 0);
	cr_assert_eq(fifolock_unlock(&roused.lock, X), 0);
	ends_well(&roused.lock);
}

/* With no more than one of the two the thread comes back. */
Test(request_convert, is_granted_or_roused_and_neither_is_lost, .description = "G3")
{
	fifolock_modes_t modes = unowned(NULL);
	unsigned granted = 0;

	cr_assert_eq(fifolock_init(&roused.lock, &modes), 0);
	for (unsigned i = 0; i < 3000; i++) {
		pthread_t thread;

		roused.back = false;
		cr_assert_eq(fifolock_lock_n(&roused.lock, S, 2), 0);
		cr_assert_eq(
			fifolock_request_convert(&roused.lock, S, X, &roused.request),
			EINPROGRESS);
		cr_assert_eq(pthread_create(&thread, NULL, waits, NULL), 0);
		for (volatile unsigned turns = i % 100 * 20; turns; turns--)
			;
		if (i % 3)
			fifolock_request_rouse(&roused.request);
		if (i % 3 != 1)
			cr_assert_eq(fifolock_unlock(&roused.lock, S), 0);
		pthread_join(thread, NULL);
		cr_assert(roused.result == 0 || roused.result == ETIMEDOUT);
		granted += roused.result == 0;
		if (i % 3 == 1) {
			cr_assert_eq(roused.result, ETIMEDOUT);
			cr_assert_eq(fifolock_unlock(&roused.lock, S), 0);
		}
		cr_assert_eq(fifolock_request_wait(&roused.request, NULL), 0);
		cr_assert_eq(fifolock_unlock(&roused.lock, X), 0);
	}
	cr_assert_geq(granted, 1000);
	ends_well(&roused.lock);
}

/* ---- a rule that allows beside more what it refuses beside fewer ---- */

enum { FIRST, HELPS, LAST, WANTED, HINDERS };

static bool with_help(const uint32_t holds[], unsigned mode, void *unused)
{
	bool free = holds[FIRST] + holds[LAST] + holds[WANTED] == 0;

	(void)unused;
	return mode != WANTED || (!holds[HINDERS] && (holds[HELPS] || free));
}

/* When the third comes, the first fits beside what the others keep; then the second gives up, and
 * gives back. */
Test(request_convert, that_fits_beside_more_but_not_beside_fewer_does_not_wait_for_ever,
     .description = "G3")
{
	fifolock_request_t first, second, third;
	fifolock_modes_t modes;
	fifolock_t lock;

	cr_assert_eq(fifolock_modes_predicate(&modes, 5, 3, with_help, NULL), 0);
	fifolock_init(&lock, &modes);
	for (unsigned m = 0; m < 5; m++)
		if (m != WANTED)
			cr_assert_eq(fifolock_trylock(&lock, m), 0);
	cr_assert_eq(fifolock_request_convert(&lock, FIRST, WANTED, &first), EINPROGRESS);
	cr_assert_eq(fifolock_request_convert(&lock, HELPS, WANTED, &second),
		     EINPROGRESS);
	cr_assert_eq(fifolock_request_convert(&lock, LAST, WANTED, &third), EINPROGRESS);
	cr_assert_eq(fifolock_request_cancel(&second), 0);
	cr_assert_eq(fifolock_unlock(&lock, HELPS), 0);
	cr_assert_eq(fifolock_request_poll(&third), EINPROGRESS, "a hold may yet go");
	cr_assert_eq(fifolock_unlock(&lock, HINDERS), 0);
	cr_assert_eq(fifolock_request_poll(&third), EDEADLK);
	cr_assert_eq(fifolock_request_poll(&first), EINPROGRESS);
	cr_assert_eq(fifolock_unlock(&lock, LAST), 0);
	cr_assert_eq(fifolock_request_poll(&first), 0);
	cr_assert_eq(fifolock_unlock(&lock, WANTED), 0);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}
