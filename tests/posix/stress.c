/* SPDX-License-Identifier: MIT
 *
 * stress.c - many threads, all ways to lock, time-outs and cancellations: does each holder
 * hold alone, and do all get on?
 */
#include "mutexes.h"
#include "rwlocks.h"

enum { THREADS = 4 };

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 12;
}

/* ---- exclusion by a mutex ---- */

struct counted {
	pthread_mutex_t mutex;
	unsigned inside, count, held;
};

/* By any of the ways; true: it is held. */
static bool gets(pthread_mutex_t *mutex, unsigned way)
{
	struct timespec soon;
	int rc;

	if (way % 8 == 0) {
		rc = pthread_mutex_trylock(mutex);
		cr_assert(rc == 0 || rc == EBUSY);
		return rc == 0;
	}
	if (way % 8 == 1) {
		soon = test_in_ns(clock_of(way / 8 % TIMED_WAYS), way / 64 % 16 * 4000);
		rc = timed_lock(mutex, way / 8 % TIMED_WAYS, &soon);
		cr_assert(rc == 0 || rc == ETIMEDOUT);
		return rc == 0;
	}
	returns(pthread_mutex_lock(mutex), 0);
	return true;
}

static int counts_up(void *arg)
{
	struct counted *counted = arg;
	unsigned seed = (unsigned)gettid(), held = 0;

	for (unsigned i = 0; i < test_scaled(20000); i++) {
		unsigned way = next_random(&seed);

		if (gets(&counted->mutex, way)) {
			returns(counted->inside++, 0);
			counted->count++;
			if (way % 256 == 3)
				sched_yield();
			counted->inside--;
			held++;
			returns(pthread_mutex_unlock(&counted->mutex), 0);
		}
		test_goes_on();
	}
	__atomic_fetch_add(&counted->held, held, __ATOMIC_RELAXED);
	return 0;
}

Test(stress, a_mutex_of_any_kind_is_held_by_one)
{
	static struct counted counted;
	struct worker worker[THREADS];

	each_mutex (kind, &counted.mutex) {
		counted.count = counted.held = 0;
		together(worker, THREADS, counts_up, &counted);
		returns(counted.count, counted.held);
		returns(pthread_mutex_trylock(&counted.mutex), 0);
		returns(pthread_mutex_unlock(&counted.mutex), 0);
	}
}

/* ---- readers and writers ---- */

struct shared {
	pthread_rwlock_t lock;
	int readers, writers;
	unsigned count, wrote;
};

static bool gets_shared(struct shared *shared, bool writes, unsigned way)
{
	struct timespec soon;
	int rc;

	if (way % 8 == 0) {
		rc = writes ? pthread_rwlock_trywrlock(&shared->lock)
			    : pthread_rwlock_tryrdlock(&shared->lock);
	} else if (way % 8 == 1) {
		struct timed_rwlock timed = {.lock = &shared->lock,
					     .way = way / 8 % TIMED_WAYS,
					     .writes = writes};

		soon = test_in_ns(clock_of(timed.way), way / 64 % 16 * 4000);
		timed.deadline = soon;
		rc = timed_rwlock(&timed);
	} else {
		rc = writes ? pthread_rwlock_wrlock(&shared->lock)
			    : pthread_rwlock_rdlock(&shared->lock);
		returns(rc, 0);
	}
	cr_assert(rc == 0 || rc == EBUSY || rc == ETIMEDOUT);
	return rc == 0;
}

static void writes_alone(struct shared *shared)
{
	returns(__atomic_fetch_add(&shared->writers, 1, __ATOMIC_SEQ_CST), 0);
	returns(__atomic_load_n(&shared->readers, __ATOMIC_SEQ_CST), 0);
	shared->count++;
	__atomic_fetch_sub(&shared->writers, 1, __ATOMIC_SEQ_CST);
}

static void reads_without_writers(struct shared *shared)
{
	__atomic_fetch_add(&shared->readers, 1, __ATOMIC_SEQ_CST);
	returns(__atomic_load_n(&shared->writers, __ATOMIC_SEQ_CST), 0);
	__atomic_fetch_sub(&shared->readers, 1, __ATOMIC_SEQ_CST);
}

static int reads_and_writes(void *arg)
{
	struct shared *shared = arg;
	unsigned seed = (unsigned)gettid(), wrote = 0;

	for (unsigned i = 0; i < test_scaled(20000); i++) {
		unsigned way = next_random(&seed);
		bool writes = way / 4096 % 4 == 0;

		test_goes_on();
		if (!gets_shared(shared, writes, way))
			continue;
		if (writes)
			writes_alone(shared);
		else
			reads_without_writers(shared);
		wrote += writes;
		returns(pthread_rwlock_unlock(&shared->lock), 0);
	}
	__atomic_fetch_add(&shared->wrote, wrote, __ATOMIC_RELAXED);
	return 0;
}

Test(stress, a_read_write_lock_of_any_kind_keeps_writers_alone)
{
	static struct shared shared;
	struct worker worker[THREADS];

	each_rwlock (kind, &shared.lock) {
		shared.count = shared.wrote = 0;
		together(worker, THREADS, reads_and_writes, &shared);
		returns(shared.count, shared.wrote);
		returns(pthread_rwlock_trywrlock(&shared.lock), 0);
		returns(pthread_rwlock_unlock(&shared.lock), 0);
	}
}

/* ---- the last holder unmaps the mutex ---- */

struct passed_on {
	pthread_mutex_t mutex;
	unsigned left;
};

static int leaves_and_unmaps(void *arg)
{
	struct passed_on *passed_on = arg;
	bool last;

	returns(pthread_mutex_lock(&passed_on->mutex), 0);
	last = --passed_on->left == 0;
	returns(pthread_mutex_unlock(&passed_on->mutex), 0);
	if (last) {
		returns(pthread_mutex_destroy(&passed_on->mutex), 0);
		returns(munmap(passed_on, 4096), 0);
	}
	return 0;
}

Test(stress, the_last_holder_destroys_and_unmaps_the_mutex)
{
	struct worker worker[3];

	for (unsigned i = 0; i < test_scaled(2000); i++) {
		struct passed_on *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		cr_assert(page != MAP_FAILED);
		init_mutex(&page->mutex, i % MUTEX_KINDS);
		page->left = 3;
		together(worker, 3, leaves_and_unmaps, page);
		test_goes_on();
	}
}

/* Readers may still be on their way out of unlock when the writer has got the lock. */
Test(stress, a_writer_destroys_and_unmaps_the_lock_that_readers_have_left)
{
	struct holder reader[2];

	for (unsigned i = 0; i < test_scaled(1000); i++) {
		pthread_rwlock_t *lock = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		cr_assert(lock != MAP_FAILED);
		make_rwlock(lock, i % RWLOCK_KINDS, 1);
		for (unsigned j = 0; j < 2; j++)
			has(&reader[j], READS, lock);
		for (unsigned j = 0; j < 2; j++)
			returns(write(reader[j].tell[1], "", 1), 1);
		returns(pthread_rwlock_wrlock(lock), 0);
		returns(pthread_rwlock_unlock(lock), 0);
		returns(pthread_rwlock_destroy(lock), 0);
		returns(munmap(lock, 4096), 0);
		for (unsigned j = 0; j < 2; j++) {
			returns(answer(&reader[j].worker), 0);
			close(reader[j].tell[0]);
			close(reader[j].tell[1]);
		}
		test_goes_on();
	}
}
