/* SPDX-License-Identifier: MIT
 *
 * request.c - places in line without a thread: which are called back and when,
 * polling, waiting, being called from an event loop, misuse.
 */
#define _GNU_SOURCE
#include "jobs.h"
#include "core/queue.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* ---- granted now, granted later ---- */

Test(request, that_is_held_at_once_is_not_called_back, .description = "G1")
{
	struct job job = {.keeps = true}, other = {.keeps = true};
	fifolock_t lock = {0};

	cr_assert_eq(asks(&job, &lock, S), 0);
	cr_assert_eq(asks_n(&other, &lock, S, 3), 0);
	cr_assert_eq(fifolock_holds(&lock, S), 4);
	cr_assert_eq(fifolock_request_poll(&job.request), 0);
	cr_assert_eq(fifolock_request_cancel(&other.request), EALREADY);
	cr_assert_eq(fifolock_request_position(&job.request), UINT32_MAX);
	cr_assert_eq(fifolock_unlock_n(&lock, S, 4), 0);
	cr_assert_eq(calls(&job) + calls(&other), 0);
	ends_well(&lock);
}

Test(request, in_line_is_called_back_once_when_it_holds, .description = "G1 G3")
{
	struct job job = {.keeps = true};
	fifolock_t lock = {0};

	errno = MARK;
	cr_assert_eq(fifolock_lock(&lock, X), 0);
	cr_assert_eq(asks(&job, &lock, X), EINPROGRESS);
	cr_assert_eq(fifolock_waiting(&lock), 1);
	cr_assert_eq(fifolock_request_poll(&job.request), EINPROGRESS);
	cr_assert_eq(calls(&job), 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(calls(&job), 1, "unlock returns after the callback");
	cr_assert_eq(job.status, 0);
	cr_assert(pthread_equal(job.in, pthread_self()));
	cr_assert_eq(fifolock_holds(&lock, X), 1);
	cr_assert_eq(fifolock_trylock(&lock, S), EBUSY);
	cr_assert_eq(fifolock_request_poll(&job.request), 0);
	cr_assert_eq(fifolock_request_cancel(&job.request), EALREADY);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(calls(&job), 1);
	cr_assert_eq(errno, MARK);
	ends_well(&lock);
}

/* None passes it, and it passes none. */
Test(request, behind_another_waits_though_it_would_fit, .description = "G1")
{
	struct job writer = {.keeps = true}, reader = {.keeps = true};
	fifolock_t lock = {0};

	cr_assert_eq(fifolock_lock(&lock, S), 0);
	cr_assert_eq(asks(&writer, &lock, X), EINPROGRESS);
	cr_assert_eq(asks(&reader, &lock, S), EINPROGRESS);
	cr_assert_eq(fifolock_trylock(&lock, S), EBUSY);
	cr_assert_eq(fifolock_unlock(&lock, S), 0);
	cr_assert_eq(calls(&writer), 1);
	cr_assert_eq(calls(&reader), 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(calls(&reader), 1);
	cr_assert_eq(fifolock_unlock(&lock, S), 0);
	ends_well(&lock);
}

Test(request, heavy_is_not_passed_by_light_ones, .description = "G1 G2")
{
	fifolock_modes_t four = semaphore(4);
	fifolock_t lock = FIFOLOCK_INIT(&four);
	struct job job[3] = {{.keeps = true}, {.keeps = true}, {.keeps = true}};

	cr_assert_eq(fifolock_lock_n(&lock, 0, 2), 0);
	cr_assert_eq(asks_n(&job[0], &lock, 0, 4), EINPROGRESS);
	cr_assert_eq(asks_n(&job[1], &lock, 0, 1), EINPROGRESS);
	cr_assert_eq(asks_n(&job[2], &lock, 0, 3), EINPROGRESS);
	cr_assert_eq(fifolock_unlock(&lock, 0), 0);
	cr_assert_eq(calls(&job[0]) + calls(&job[1]) + calls(&job[2]), 0);
	cr_assert_eq(fifolock_unlock(&lock, 0), 0);
	cr_assert_eq(calls(&job[0]), 1);
	cr_assert_eq(fifolock_unlock_n(&lock, 0, 4), 0);
	cr_assert_eq(job[1].place, 2);
	cr_assert_eq(job[2].place, 3);
	cr_assert_eq(fifolock_holds(&lock, 0), 4);
	cr_assert_eq(fifolock_unlock_n(&lock, 0, 4), 0);
	ends_well(&lock);
}

/* ---- without a callback ---- */

Test(poll, says_how_it_is, .description = "G3 G4")
{
	fifolock_request_t first, second, third;
	fifolock_t lock = {0};

	cr_assert_eq(fifolock_lock(&lock, X), 0);
	cr_assert_eq(fifolock_request(&lock, X, 1, &first, NULL, NULL), EINPROGRESS);
	cr_assert_eq(fifolock_request(&lock, S, 2, &second, NULL, NULL), EINPROGRESS);
	cr_assert_eq(fifolock_request(&lock, X, 1, &third, NULL, NULL), EINPROGRESS);
	cr_assert_eq(fifolock_request_poll(&first), EINPROGRESS);
	cr_assert_eq(fifolock_request_cancel(&first), 0);
	cr_assert_eq(fifolock_request_poll(&first), ECANCELED);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(fifolock_request_poll(&second), 0);
	cr_assert_eq(fifolock_request_cancel(&second), EALREADY);
	cr_assert_eq(fifolock_request_wait(&second, NULL), 0);
	cr_assert_eq(fifolock_request_poll(&third), EINPROGRESS);
	cr_assert_eq(fifolock_close(&lock), 0);
	cr_assert_eq(fifolock_request_poll(&third), ECANCELED);
	cr_assert_eq(fifolock_request_cancel(&third), EALREADY);
	cr_assert_eq(fifolock_request_wait(&third, NULL), ECANCELED);
	cr_assert_eq(fifolock_unlock_n(&lock, S, 2), 0);
	ends_well(&lock);
}

Test(wait, that_times_out_keeps_its_place, .description = "G1 G4")
{
	struct timespec past = {.tv_sec = 1}, soon, bad = {.tv_nsec = -1}, late;
	struct job behind = {.keeps = true};
	fifolock_request_t request;
	fifolock_t lock = {0};

	errno = MARK;
	cr_assert_eq(fifolock_lock(&lock, X), 0);
	cr_assert_eq(fifolock_request(&lock, X, 1, &request, NULL, NULL), EINPROGRESS);
	cr_assert_eq(asks(&behind, &lock, X), EINPROGRESS);
	for (unsigned i = 0; i < 20; i++) {
		soon = test_in_ns(CLOCK_MONOTONIC, 200000);
		cr_assert_eq(fifolock_request_wait(&request, &soon), ETIMEDOUT);
		late = test_in_ns(CLOCK_MONOTONIC, 0);
		cr_assert(late.tv_sec > soon.tv_sec ||
			  (late.tv_sec == soon.tv_sec && late.tv_nsec >= soon.tv_nsec));
		cr_assert_eq(fifolock_request_wait(&request, &past), ETIMEDOUT);
		cr_assert_eq(fifolock_waiting(&lock), 2);
		cr_assert_eq(fifolock_request_position(&request), 0);
	}
	cr_assert_eq(fifolock_request_wait(&request, &bad), EINVAL);
	cr_assert_eq(fifolock_request_wait(&behind.request, &past), EINVAL);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(fifolock_request_wait(&request, &past), 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(calls(&behind), 1);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(errno, MARK);
	ends_well(&lock);
}

Test(wait, that_timed_out_may_be_cancelled, .description = "G4")
{
	struct timespec past = {.tv_sec = 1};
	fifolock_request_t request;
	fifolock_t lock = {0};

	cr_assert_eq(fifolock_lock(&lock, X), 0);
	cr_assert_eq(fifolock_request(&lock, S, 1, &request, NULL, NULL), EINPROGRESS);
	cr_assert_eq(fifolock_request_wait(&request, &past), ETIMEDOUT);
	cr_assert_eq(fifolock_request_cancel(&request), 0);
	cr_assert_eq(fifolock_waiting(&lock), 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	ends_well(&lock);
}

/* Asked by one thread, waited for by another. */
struct waiting {
	fifolock_request_t request;
	const struct timespec *deadline;
	int rc;
};

static void *waits(void *arg)
{
	struct waiting *waiting = arg;

	waiting->rc = fifolock_request_wait(&waiting->request, waiting->deadline);
	return NULL;
}

static int ends_by(int (*end)(fifolock_t *lock), fifolock_t *lock, bool timed)
{
	struct timespec deadline = in_an_hour();
	struct waiting waiting = {.deadline = timed ? &deadline : NULL};
	pthread_t thread;

	cr_assert_eq(fifolock_request(lock, X, 1, &waiting.request, NULL, NULL),
		     EINPROGRESS);
	pthread_create(&thread, NULL, waits, &waiting);
	for (unsigned i = 0; i < 100; i++)
		sched_yield();
	cr_assert_eq(end(lock), 0);
	pthread_join(thread, NULL);
	return waiting.rc;
}

static int unlocks(fifolock_t *lock)
{
	return fifolock_unlock(lock, X);
}

Test(wait, by_another_thread_ends_with_the_grant_or_the_close, .description = "G3")
{
	fifolock_modes_t modes = unowned(NULL);
	fifolock_t lock = FIFOLOCK_INIT(&modes);

	for (uint64_t i = 0; i < test_scaled(1000); i++) {
		cr_assert_eq(fifolock_lock(&lock, X), 0);
		cr_assert_eq(ends_by(unlocks, &lock, i % 2), 0);
		cr_assert_eq(ends_by(fifolock_close, &lock, i % 2), ECANCELED);
		cr_assert_eq(fifolock_holds(&lock, X), 1);
		cr_assert_eq(fifolock_reopen(&lock), 0);
		cr_assert_eq(fifolock_unlock(&lock, X), 0);
	}
	ends_well(&lock);
}

/* Threads that ask, wait with short deadlines, cancel or go on, and plain lockers. */
struct team {
	fifolock_t lock;
	uint64_t each;
	uint64_t guarded, inside; /* by the lock */
	uint64_t held;		  /* atomic */
};

static int waits_at_last(fifolock_request_t *request, uint64_t *random)
{
	for (;;) {
		struct timespec soon =
			test_in_ns(CLOCK_MONOTONIC, oracle_below(random, 50000));
		int rc = fifolock_request_wait(request, &soon);

		if (rc != ETIMEDOUT)
			return rc;
		if (oracle_below(random, 3) == 0 && !fifolock_request_cancel(request))
			return ETIMEDOUT;
	}
}

static void *teams_up(void *arg)
{
	struct team *team = arg;
	uint64_t random =
		__atomic_fetch_add(&team->held, 0, __ATOMIC_RELAXED) + team->each;
	fifolock_request_t request;

	for (uint64_t i = 0; i < team->each; i++) {
		int rc = EINPROGRESS;

		if (i % 4 == 0)
			rc = fifolock_lock(&team->lock, X);
		else
			rc = fifolock_request(&team->lock, X, 1, &request, NULL, NULL);
		if (rc == EINPROGRESS)
			rc = i % 2 ? fifolock_request_wait(&request, NULL)
				   : waits_at_last(&request, &random);
		fault_if(rc && rc != ETIMEDOUT);
		if (rc)
			continue;
		fault_if(team->inside++);
		team->guarded++;
		__atomic_fetch_add(&team->held, 1, __ATOMIC_RELAXED);
		if (i % 8 == 0)
			sched_yield();
		team->inside--;
		fault_if(fifolock_unlock(&team->lock, X));
	}
	return NULL;
}

Test(wait, of_a_team_loses_no_wake_up, .description = "G2 G3 G4")
{
	struct team team = {.each = test_scaled(30000)};

	together(4, teams_up, &team);
	cr_assert_eq(team.guarded, team.held);
	ends_well(&team.lock);
}

/* ---- position, eventfd, misuse ---- */

static void *locks_once(void *lock)
{
	fault_if(fifolock_lock(lock, X) || fifolock_unlock(lock, X));
	return NULL;
}

Test(position, counts_those_before_it, .description = "G1")
{
	struct job job[3] = {{.keeps = true}};
	fifolock_t lock = {0};
	pthread_t thread;

	cr_assert_eq(fifolock_lock(&lock, X), 0);
	cr_assert_eq(asks(&job[0], &lock, X), EINPROGRESS);
	pthread_create(&thread, NULL, locks_once, &lock);
	until_waiting(&lock, 2);
	cr_assert_eq(asks(&job[1], &lock, X), EINPROGRESS);
	cr_assert_eq(asks(&job[2], &lock, X), EINPROGRESS);
	cr_assert_eq(fifolock_request_position(&job[0].request), 0);
	cr_assert_eq(fifolock_request_position(&job[1].request), 2);
	cr_assert_eq(fifolock_request_position(&job[2].request), 3);
	cr_assert_eq(fifolock_request_cancel(&job[1].request), 0);
	cr_assert_eq(fifolock_request_position(&job[1].request), UINT32_MAX);
	cr_assert_eq(fifolock_request_position(&job[2].request), 2);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(fifolock_request_position(&job[0].request), UINT32_MAX);
	cr_assert_eq(fifolock_request_position(&job[2].request), 1);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	pthread_join(thread, NULL);
	until_called(&job[2]);
	ends_well(&lock);
}

static void *unlocks_x(void *lock)
{
	fault_if(fifolock_unlock(lock, X));
	return NULL;
}

struct eye {
	fifolock_t lock;
	fifolock_request_t request;
	int fd;
};

static void opens(struct eye *eye, int poller)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = eye};

	eye->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	cr_assert_geq(eye->fd, 0);
	cr_assert_eq(epoll_ctl(poller, EPOLL_CTL_ADD, eye->fd, &event), 0);
	cr_assert_eq(fifolock_lock(&eye->lock, X), 0);
	cr_assert_eq(fifolock_request(&eye->lock, X, 1, &eye->request,
				      fifolock_done_eventfd, (void *)(intptr_t)eye->fd),
		     EINPROGRESS);
}

/* The next event is this one's; what poll says then. */
static int sees(int poller, struct eye *eye)
{
	struct epoll_event event = {.events = 0};
	uint64_t count = 0;

	cr_assert_eq(epoll_wait(poller, &event, 1, -1), 1);
	cr_assert_eq(event.data.ptr, (void *)eye);
	cr_assert_eq(read(eye->fd, &count, sizeof(count)), (ssize_t)sizeof(count));
	cr_assert_eq(count, 1);
	cr_assert_eq(epoll_wait(poller, &event, 1, 0), 0);
	return fifolock_request_poll(&eye->request);
}

Test(eventfd, is_what_an_event_loop_waits_for, .description = "G3")
{
	int poller = epoll_create1(EPOLL_CLOEXEC);
	fifolock_modes_t modes = unowned(NULL);
	struct eye eye[2];
	pthread_t thread;

	memset(eye, 0, sizeof(eye));
	eye[0].lock.modes = eye[1].lock.modes = &modes;
	for (unsigned round = 0; round < 200; round++) {
		opens(&eye[0], poller);
		opens(&eye[1], poller);
		pthread_create(&thread, NULL, unlocks_x, &eye[round % 2].lock);
		cr_assert_eq(sees(poller, &eye[round % 2]), 0);
		cr_assert_eq(fifolock_holds(&eye[round % 2].lock, X), 1);
		pthread_join(thread, NULL);
		cr_assert_eq(fifolock_close(&eye[1 - round % 2].lock), 0);
		cr_assert_eq(sees(poller, &eye[1 - round % 2]), ECANCELED);
		for (unsigned i = 0; i < 2; i++) {
			cr_assert_eq(fifolock_unlock(&eye[i].lock, X), 0);
			cr_assert_eq(fifolock_reopen(&eye[i].lock), 0);
			close(eye[i].fd);
		}
	}
	ends_well(&eye[0].lock);
	ends_well(&eye[1].lock);
	close(poller);
}

static void refuses(fifolock_t *lock)
{
	struct job job = {.keeps = false};

	cr_assert_eq(fifolock_request(lock, X, 1, NULL, told, &job), EINVAL);
	cr_assert_eq(asks(&job, lock, 2), EINVAL);
	cr_assert_eq(asks(&job, lock, UINT32_MAX), EINVAL);
	cr_assert_eq(asks_n(&job, lock, X, 0), ERANGE);
	cr_assert_eq(asks_n(&job, lock, X, 2), ERANGE);
	cr_assert_eq(calls(&job), 0);
}

Test(misuse, of_requests_is_refused_and_nothing_has_changed, .description = "G7")
{
	struct job job = {.keeps = true}, more = {.keeps = true};
	fifolock_t lock = {0}, gone = {0};

	refuses(&lock);
	cr_assert_eq(fifolock_destroy(&gone), 0);
	cr_assert_eq(asks(&job, &gone, X), EINVAL);
	cr_assert_eq(fifolock_lock(&lock, X), 0);
	refuses(&lock);
	cr_assert_eq(fifolock_waiting(&lock), 0);
	cr_assert_eq(fifolock_limit_waiters(&lock, 1), 0);
	cr_assert_eq(asks(&job, &lock, X), EINPROGRESS);
	cr_assert_eq(asks(&more, &lock, X), EAGAIN);
	cr_assert_eq(fifolock_destroy(&lock), EBUSY);
	cr_assert_eq(fifolock_waiting(&lock), 1);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	cr_assert_eq(calls(&job), 1);
	cr_assert_eq(calls(&more), 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	ends_well(&lock);
}

/* ---- the slot ---- */

/* Told, and found so by a poll, perhaps after a cancel in vain. */
static void ends(fifolock_t *lock, bool cancels)
{
	fifolock_request_t request;

	cr_assert_eq(fifolock_lock(lock, X), 0);
	cr_assert_eq(fifolock_request(lock, X, 1, &request, NULL, NULL), EINPROGRESS);
	cr_assert_eq(fifolock_unlock(lock, X), 0);
	if (cancels)
		cr_assert_eq(fifolock_request_cancel(&request), EALREADY);
	cr_assert_eq(fifolock_request_poll(&request), 0);
	cr_assert_eq(fifolock_request_poll(&request), 0);
	cr_assert_eq(fifolock_unlock(lock, X), 0);
}

/* The line is full. */
static void is_in_vain(fifolock_t *lock)
{
	fifolock_request_t first, request;

	cr_assert_eq(fifolock_lock(lock, X), 0);
	cr_assert_eq(fifolock_limit_waiters(lock, 1), 0);
	cr_assert_eq(fifolock_request(lock, X, 1, &first, NULL, NULL), EINPROGRESS);
	cr_assert_eq(fifolock_request(lock, X, 1, &request, NULL, NULL), EAGAIN);
	cr_assert_eq(fifolock_request_poll(&request), EINVAL);
	cr_assert_eq(fifolock_request_wait(&request, NULL), EINVAL);
	cr_assert_eq(fifolock_request_cancel(&request), EALREADY);
	cr_assert_eq(fifolock_request_position(&request), UINT32_MAX);
	cr_assert_eq(fifolock_request_cancel(&first), 0);
	cr_assert_eq(fifolock_limit_waiters(lock, 0), 0);
	cr_assert_eq(fifolock_unlock(lock, X), 0);
}

Test(request, that_has_ended_gives_its_slot_back, .description = "G4")
{
	fifolock_t lock = {0};
	uint32_t made;

	ends(&lock, false);
	is_in_vain(&lock);
	made = fl_slots_made();
	for (unsigned i = 0; i < 200; i++) {
		ends(&lock, i % 2);
		is_in_vain(&lock);
	}
	cr_assert_eq(fl_slots_made(), made);
	ends_well(&lock);
}
