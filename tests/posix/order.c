/* SPDX-License-Identifier: MIT
 *
 * order.c - the thread that asks first gets first.  POSIX leaves that open, and glibc does otherwise, so
 * these look at the order only where the library is preloaded; and in any case at whether all get.
 */
#include "mutexes.h"
#include "rwlocks.h"

enum { MANY = 12 };

struct place {
	int (*lock)(struct place *);
	void *on;
	unsigned *next, place;
};

/* Locks, notes its place, unlocks. */
static int takes_place(void *arg)
{
	struct place *place = arg;
	int rc = place->lock(place);

	if (rc)
		return rc;
	place->place = __atomic_fetch_add(place->next, 1, __ATOMIC_SEQ_CST);
	return 0;
}

static void in_order(const struct place *places)
{
	for (unsigned i = 0; strict() && i < MANY; i++)
		returns(places[i].place, i);
}

/* ---- a mutex ---- */

static int unlocks_in_place(struct place *place, int rc)
{
	if (rc == 0) {
		place->place = (*place->next)++;
		rc = pthread_mutex_unlock(place->on);
	}
	return rc;
}

static int locks_plainly(void *arg)
{
	struct place *place = arg;

	return unlocks_in_place(place, pthread_mutex_lock(place->on));
}

static int locks_timed(void *arg)
{
	struct timespec deadline = test_in_ns(CLOCK_REALTIME, FOR_LONG);
	struct place *place = arg;

	return unlocks_in_place(place, pthread_mutex_timedlock(place->on, &deadline));
}

static int locks_clocked(void *arg)
{
	struct timespec deadline = test_in_ns(CLOCK_MONOTONIC, FOR_LONG);
	struct place *place = arg;

	return unlocks_in_place(
		place, pthread_mutex_clocklock(place->on, CLOCK_MONOTONIC, &deadline));
}

/* All wait for the mutex, which this thread has; then it unlocks. */
static void line_up_and_unlock(struct worker worker[], struct place places[],
			       pthread_mutex_t *mutex, unsigned *next)
{
	int (*const calls[])(void *) = {locks_plainly, locks_timed, locks_clocked};

	*next = 0;
	returns(pthread_mutex_lock(mutex), 0);
	for (unsigned i = 0; i < MANY; i++) {
		places[i] = (struct place){.on = mutex, .next = next};
		queues(&worker[i], calls[i % 3], &places[i]);
	}
	returns(pthread_mutex_unlock(mutex), 0);
}

Test(order, a_mutex_is_given_in_the_order_asked)
{
	struct place places[MANY];
	struct worker worker[MANY];
	pthread_mutex_t mutex;
	unsigned next;

	each_mutex (kind, &mutex) {
		line_up_and_unlock(worker, places, &mutex, &next);
		all_answer(worker, MANY);
		returns(next, MANY);
		in_order(places);
	}
}

Test(order, the_former_holder_does_not_pass_those_who_wait)
{
	struct place places[MANY];
	struct worker worker[MANY];
	pthread_mutex_t mutex;
	unsigned next;

	each_mutex (kind, &mutex) {
		line_up_and_unlock(worker, places, &mutex, &next);
		returns(pthread_mutex_lock(&mutex), 0);
		cr_assert(!strict() || next == MANY);
		returns(pthread_mutex_unlock(&mutex), 0);
		all_answer(worker, MANY);
	}
}

Test(order, trylock_passes_nobody)
{
	struct worker worker[MANY];
	struct place places[MANY];
	pthread_mutex_t mutex;
	unsigned next;
	int rc;

	each_mutex (kind, &mutex) {
		line_up_and_unlock(worker, places, &mutex, &next);
		while ((rc = pthread_mutex_trylock(&mutex)) == EBUSY)
			sched_yield();
		returns(rc, 0);
		cr_assert(!strict() || next == MANY);
		returns(pthread_mutex_unlock(&mutex), 0);
		all_answer(worker, MANY);
		in_order(places);
	}
}

/* ---- a read-write lock ---- */

/* R W R R W W R W ...: a group of readers comes in together, in the place of its first. */
static const char asked[] = "RWRRWWRWRRRW";

static int locks_as_asked(struct place *place)
{
	return asked[place->place] == 'R' ? pthread_rwlock_rdlock(place->on)
					  : pthread_rwlock_wrlock(place->on);
}

static int takes_place_and_unlocks(void *arg)
{
	struct place *place = arg;
	int rc = takes_place(arg);

	return rc ? rc : pthread_rwlock_unlock(place->on);
}

/* Which writers came in before a reader or a writer, and which after it, is decided by the line. */
static void groups_in_order(const struct place *places)
{
	for (unsigned i = 0; strict() && i < MANY; i++)
		for (unsigned j = 0; j < i; j++)
			if (asked[i] == 'W' || asked[j] == 'W')
				cr_assert(places[j].place < places[i].place, "%u and %u",
					  j, i);
}

Test(order, a_read_write_lock_is_given_in_the_order_asked)
{
	struct worker worker[MANY];
	struct place places[MANY];
	pthread_rwlock_t lock;
	unsigned next;

	each_rwlock (kind, &lock) {
		next = 0;
		returns(pthread_rwlock_wrlock(&lock), 0);
		for (unsigned i = 0; i < MANY; i++) {
			places[i] = (struct place){.lock = locks_as_asked,
						   .on = &lock,
						   .next = &next,
						   .place = i};
			queues(&worker[i], takes_place_and_unlocks, &places[i]);
		}
		returns(pthread_rwlock_unlock(&lock), 0);
		all_answer(worker, MANY);
		returns(next, MANY);
		groups_in_order(places);
	}
}

/* A stream of readers, one of which always reads, does not keep a writer out. */
Test(order, readers_that_come_later_wait_behind_a_writer)
{
	struct worker late[3], writer;
	struct holder reader;
	pthread_rwlock_t lock;

	each_rwlock (kind, &lock) {
		if (!strict())
			continue;
		has(&reader, READS, &lock);
		queues(&writer, write_visit, &lock);
		for (unsigned i = 0; i < 3; i++)
			queues(&late[i], read_visit, &lock);
		returns(elsewhere(try_read_visit, &lock), EBUSY);
		returns(gives_back(&reader), 0);
		returns(answer(&writer), 0);
		all_answer(late, 3);
	}
}

/* ---- a semaphore ---- */

static int waits_for_sem(struct place *place)
{
	return sem_wait(place->on) ? errno : 0;
}

static int waits_for_sem_until(struct place *place)
{
	struct timespec deadline = test_in_ns(CLOCK_REALTIME, FOR_LONG);

	return sem_timedwait(place->on, &deadline) ? errno : 0;
}

Test(order, posts_go_to_those_who_wait_in_the_order_asked)
{
	struct worker worker[MANY];
	struct place places[MANY];
	unsigned next = 0;
	sem_t sem;

	returns(sem_init(&sem, 0, 0), 0);
	for (unsigned i = 0; i < MANY; i++) {
		places[i] = (struct place){.lock = i % 2 ? waits_for_sem
							 : waits_for_sem_until,
					   .on = &sem,
					   .next = &next};
		queues(&worker[i], takes_place, &places[i]);
	}
	for (unsigned i = 0; i < MANY; i++) {
		returns(sem_post(&sem), 0);
		if (strict()) {
			/* It is given already: no other takes it before the one it is for. */
			fails(sem_trywait(&sem), EAGAIN);
			returns(answer(&worker[i]), 0);
		}
	}
	for (unsigned i = 0; i < MANY && !strict(); i++)
		returns(answer(&worker[i]), 0);
	in_order(places);
}
