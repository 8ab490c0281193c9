/* SPDX-License-Identifier: MIT
 *
 * stress_signals.c - threads that lock, wait and unlock while signals hit them at every moment: no
 * call fails for that, nothing is lost.
 */
#include "conds.h"
#include "rwlocks.h"

enum { THREADS = 3 };

static unsigned handled;

static void counts(int signal)
{
	(void)signal;
	__atomic_fetch_add(&handled, 1, __ATOMIC_SEQ_CST);
}

static bool all_have_returned(struct worker *worker)
{
	bool all = true;

	for (unsigned i = 0; i < THREADS; i++)
		all = all && has_returned(&worker[i]);
	return all;
}

/* One signal after the other, as soon as the last one has been handled. */
static void under_fire(int (*call)(void *), void *on)
{
	struct sigaction action = {.sa_handler = counts};
	struct worker worker[THREADS];

	returns(sigaction(SIGUSR1, &action, NULL), 0);
	for (unsigned i = 0; i < THREADS; i++)
		begins(&worker[i], call, on);
	for (unsigned i = 0; !all_have_returned(worker); i++) {
		unsigned before = __atomic_load_n(&handled, __ATOMIC_SEQ_CST);
		struct worker *one = &worker[i % THREADS];

		if (has_returned(one))
			continue;
		returns(pthread_kill(one->thread, SIGUSR1), 0);
		while (!has_returned(one) &&
		       __atomic_load_n(&handled, __ATOMIC_SEQ_CST) == before)
			sched_yield();
	}
	all_answer(worker, THREADS);
}

struct guarded {
	pthread_mutex_t mutex;
	pthread_rwlock_t rwlock;
	pthread_cond_t cond;
	unsigned inside, count, turn, ids;
};

static int locks_mutex(void *arg)
{
	struct guarded *guarded = arg;

	for (unsigned i = 0; i < test_scaled(5000); i++) {
		struct timespec deadline = test_in_ns(CLOCK_REALTIME, FOR_LONG);

		returns(i % 2 ? pthread_mutex_lock(&guarded->mutex)
			      : pthread_mutex_timedlock(&guarded->mutex, &deadline),
			0);
		returns(guarded->inside++, 0);
		guarded->count++;
		guarded->inside--;
		returns(pthread_mutex_unlock(&guarded->mutex), 0);
		test_goes_on();
	}
	return 0;
}

Test(stress_signals, mutexes)
{
	struct guarded guarded = {.inside = 0};

	each_mutex (kind, &guarded.mutex) {
		guarded.count = 0;
		under_fire(locks_mutex, &guarded);
		returns(guarded.count, THREADS * (long)test_scaled(5000));
	}
}

static int locks_rwlock(void *arg)
{
	struct guarded *guarded = arg;

	for (unsigned i = 0; i < test_scaled(5000); i++) {
		if (i % 4) {
			returns(pthread_rwlock_rdlock(&guarded->rwlock), 0);
			returns(guarded->inside, 0);
		} else {
			returns(pthread_rwlock_wrlock(&guarded->rwlock), 0);
			returns(guarded->inside++, 0);
			guarded->count++;
			guarded->inside--;
		}
		returns(pthread_rwlock_unlock(&guarded->rwlock), 0);
		test_goes_on();
	}
	return 0;
}

Test(stress_signals, read_write_locks)
{
	struct guarded guarded = {.inside = 0};

	each_rwlock (kind, &guarded.rwlock) {
		guarded.count = 0;
		under_fire(locks_rwlock, &guarded);
		returns(guarded.count, THREADS * (long)((test_scaled(5000) + 3) / 4));
	}
}

static int takes_turns(void *arg)
{
	struct guarded *guarded = arg;
	unsigned me = __atomic_fetch_add(&guarded->ids, 1, __ATOMIC_SEQ_CST);

	for (unsigned i = 0; i < test_scaled(1000); i++) {
		struct timespec deadline = test_in_ns(CLOCK_REALTIME, FOR_LONG);

		returns(pthread_mutex_lock(&guarded->mutex), 0);
		while (guarded->turn % THREADS != me)
			returns(i % 2 ? pthread_cond_wait(&guarded->cond, &guarded->mutex)
				      : pthread_cond_timedwait(&guarded->cond,
							       &guarded->mutex,
							       &deadline),
				0);
		guarded->turn++;
		returns(pthread_cond_broadcast(&guarded->cond), 0);
		returns(pthread_mutex_unlock(&guarded->mutex), 0);
		test_goes_on();
	}
	return 0;
}

Test(stress_signals, conditions)
{
	struct guarded guarded = {.cond = PTHREAD_COND_INITIALIZER};

	each_mutex (kind, &guarded.mutex) {
		guarded.turn = guarded.ids = 0;
		under_fire(takes_turns, &guarded);
		returns(guarded.turn, THREADS * (long)test_scaled(1000));
	}
}
