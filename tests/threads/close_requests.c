/* SPDX-License-Identifier: MIT
 *
 * close_requests.c - closing turns requests and sections away, each once, and they
 * are not run.
 */
#include "jobs.h"

Test(close, turns_each_request_away_once, .description = "G4")
{
	struct job job[6] = {{.keeps = false}}, late = {.keeps = true};
	fifolock_t lock = {0};

	cr_assert_eq(fifolock_lock(&lock, X), 0);
	for (unsigned i = 0; i < 6; i++)
		cr_assert_eq(asks(&job[i], &lock, i % 2 ? X : S), EINPROGRESS);
	cr_assert_eq(fifolock_request_cancel(&job[3].request), 0);
	cr_assert_eq(fifolock_close(&lock), 0);
	cr_assert_eq(asks(&late, &lock, X), ECANCELED);
	for (unsigned i = 0; i < 6; i++) {
		cr_assert_eq(calls(&job[i]), i == 3 ? 0 : 1);
		cr_assert_eq(job[i].status, i == 3 ? 0 : ECANCELED);
		cr_assert_eq(fifolock_request_poll(&job[i].request), ECANCELED);
	}
	cr_assert_eq(fifolock_holds(&lock, X), 1);
	cr_assert_eq(fifolock_holds(&lock, S), 0);
	cr_assert_eq(fifolock_waiting(&lock), 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(asks(&late, &lock, X), ECANCELED);
	cr_assert_eq(fifolock_reopen(&lock), 0);
	cr_assert_eq(asks(&late, &lock, X), 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(calls(&late), 0);
	ends_well(&lock);
}

static void closes(void *ctx, int status)
{
	struct job *job = ctx;

	fault_if(status);
	fault_if(fifolock_close(job->lock));
	told(ctx, status);
}

Test(close, may_be_done_in_a_callback, .description = "G4")
{
	fifolock_t lock = {0};
	struct job job = {.lock = &lock, .n = 1}, behind[2] = {{.keeps = false}};

	cr_assert_eq(fifolock_lock(&lock, X), 0);
	cr_assert_eq(fifolock_request(&lock, X, 1, &job.request, closes, &job),
		     EINPROGRESS);
	for (unsigned i = 0; i < 2; i++)
		cr_assert_eq(asks(&behind[i], &lock, X), EINPROGRESS);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	for (unsigned i = 0; i < 2; i++) {
		cr_assert_eq(calls(&behind[i]), 1);
		cr_assert_eq(behind[i].status, ECANCELED);
		cr_assert_gt(behind[i].place, job.place);
	}
	ends_well(&lock);
}

Test(close, turns_sections_away_and_they_are_not_run, .description = "G4")
{
	fifolock_t lock = {0};
	struct call call[4], late = {.lock = &lock};
	bool gate = false;

	for (unsigned behind_a_section = 0; behind_a_section < 2; behind_a_section++) {
		gate = !behind_a_section;
		starts(&call[0], &lock, X, &gate);
		if (!behind_a_section) {
			returns(&call[0], 0);
			cr_assert_eq(fifolock_lock(&lock, X), 0);
		}
		until_up(&call[0].inside);
		for (unsigned i = 1; i < 4; i++) {
			starts(&call[i], &lock, i == 2 ? S : X, NULL);
			until_waiting(&lock, i);
		}
		cr_assert_eq(fifolock_close(&lock), 0);
		calls_run(&late);
		cr_assert_eq(late.rc, ECANCELED);
		for (unsigned i = 1; i < 4; i++)
			returns(&call[i], ECANCELED);
		raise_flag(&gate);
		if (behind_a_section)
			returns(&call[0], 0);
		else
			cr_assert_eq(fifolock_unlock(&lock, X), 0);
		cr_assert_eq(late.ran, 0);
		cr_assert_eq(fifolock_reopen(&lock), 0);
	}
	calls_run(&late);
	cr_assert_eq(late.ran, 1);
	ends_well(&lock);
}

/* ---- closing and reopening, while others come and go ---- */

#define KNOCKERS 3

struct door {
	fifolock_t lock;
	uint64_t each;
	uint64_t ran;		  /* sections; guarded */
	uint64_t in, turned_away; /* atomic: how many were let in, or were not */
	uint64_t left;		  /* atomic: threads that are done */
};

/* Each thread goes on until some have been let in and some turned away. */
static bool has_seen_it_all(const struct door *door)
{
	return __atomic_load_n(&door->in, __ATOMIC_RELAXED) &&
	       __atomic_load_n(&door->turned_away, __ATOMIC_RELAXED);
}

static void is_told(struct door *door, int rc)
{
	fault_if(rc && rc != ECANCELED);
	__atomic_fetch_add(rc ? &door->turned_away : &door->in, 1, __ATOMIC_RELAXED);
}

static bool all_left(const struct door *door)
{
	return __atomic_load_n(&door->left, __ATOMIC_ACQUIRE) == KNOCKERS;
}

/* Or there is none left. */
static void until_one_more(const struct door *door, const uint64_t *count)
{
	uint64_t before = __atomic_load_n(count, __ATOMIC_RELAXED);

	while (__atomic_load_n(count, __ATOMIC_RELAXED) == before && !all_left(door))
		sched_yield();
}

static void swings(struct door *door, void *(*knocks)(void *))
{
	pthread_t thread[KNOCKERS];

	for (unsigned i = 0; i < KNOCKERS; i++)
		pthread_create(&thread[i], NULL, knocks, door);
	while (!all_left(door)) {
		fault_if(fifolock_close(&door->lock));
		until_one_more(door, &door->turned_away);
		fault_if(fifolock_reopen(&door->lock));
		until_one_more(door, &door->in);
	}
	for (unsigned i = 0; i < KNOCKERS; i++)
		pthread_join(thread[i], NULL);
	cr_assert_geq(door->in + door->turned_away, KNOCKERS * door->each);
	ends_well(&door->lock);
}

static void *makes_requests(void *arg)
{
	struct door *door = arg;
	struct job job = {.keeps = false};

	for (uint64_t i = 0; i < door->each || !has_seen_it_all(door); i++) {
		int rc = asks(&job, &door->lock, i % 3 ? X : S);

		if (rc == EINPROGRESS) {
			until_called(&job);
			rc = job.status;
		} else if (rc == 0) {
			sched_yield();
			fault_if(fifolock_unlock(&door->lock, job.mode));
		}
		fault_if(calls(&job) > 1);
		is_told(door, rc);
	}
	__atomic_fetch_add(&door->left, 1, __ATOMIC_RELEASE);
	return NULL;
}

Test(close, races_with_grants_and_each_is_told_once, .description = "G3 G4")
{
	struct door door = {.each = test_scaled(30000)};

	swings(&door, makes_requests);
}

static void goes_in(void *arg)
{
	struct door *door = arg;

	door->ran++;
}

static void *runs(void *arg)
{
	struct door *door = arg;

	for (uint64_t i = 0; i < door->each || !has_seen_it_all(door); i++)
		is_told(door, fifolock_run(&door->lock, X, goes_in, door));
	__atomic_fetch_add(&door->left, 1, __ATOMIC_RELEASE);
	return NULL;
}

Test(close, races_with_sections_and_0_means_that_it_ran, .description = "G3 G4")
{
	struct door door = {.each = test_scaled(40000)};

	swings(&door, runs);
	cr_assert_eq(door.ran, door.in);
}
