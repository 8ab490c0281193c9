/* SPDX-License-Identifier: MIT
 *
 * jobs.h - for the tests of requests and sections: faults that any thread may record,
 * waiting for what is to happen, a request that remembers what it was told, and a call
 * of fifolock_run.
 */
#ifndef JOBS_H
#define JOBS_H

#include "common.h"
#include "random.h"

#define MARK 12345 /* an errno that nothing else uses */

static uint64_t faults; /* atomic: what should not be, seen by any thread */

static inline void fault_if(bool bad)
{
	if (bad)
		__atomic_fetch_add(&faults, 1, __ATOMIC_RELAXED);
}

/* ---- locks ---- */

static inline fifolock_modes_t semaphore(uint32_t size)
{
	fifolock_modes_t modes;

	cr_assert_eq(fifolock_modes_semaphore(&modes, size), 0);
	return modes;
}

static inline void ends_well(fifolock_t *lock)
{
	cr_assert_eq(faults, 0);
	is_free(lock);
}

/* ---- waiting ---- */

static inline void until_waiting(const fifolock_t *lock, uint32_t n)
{
	while (fifolock_waiting(lock) != n)
		sched_yield();
}

static inline void until_count(const uint64_t *have, uint64_t count)
{
	while (__atomic_load_n(have, __ATOMIC_ACQUIRE) < count)
		sched_yield();
}

static inline void raise_flag(bool *flag)
{
	__atomic_store_n(flag, true, __ATOMIC_RELEASE);
}

static inline bool is_up(const bool *flag)
{
	return __atomic_load_n(flag, __ATOMIC_ACQUIRE);
}

static inline void until_up(const bool *flag)
{
	while (!is_up(flag))
		sched_yield();
}

static inline void dawdle(uint64_t *random, uint32_t turns)
{
	for (volatile uint32_t i = oracle_below(random, turns); i > 0; i--)
		;
}

/* ---- threads ---- */

#define TOGETHER 8

/* So many threads do the same, and it is over. */
static inline void together(unsigned count, void *(*act)(void *), void *arg)
{
	pthread_t thread[TOGETHER];

	cr_assert_leq(count, TOGETHER);
	for (unsigned i = 0; i < count; i++)
		pthread_create(&thread[i], NULL, act, arg);
	for (unsigned i = 0; i < count; i++)
		pthread_join(thread[i], NULL);
}

/* On a stack that a callback inside a callback inside a callback would not fit on. */
static inline pthread_t on_small_stack(void *(*act)(void *), void *arg)
{
	pthread_attr_t small;
	pthread_t thread;

	pthread_attr_init(&small);
#ifndef SANITIZED
	/* Or the least that there is: arm64 wants 128 KiB. */
	if (pthread_attr_setstacksize(&small, 64 << 10))
		cr_assert_eq(pthread_attr_setstacksize(&small, 128 << 10), 0);
#endif
	cr_assert_eq(pthread_create(&thread, &small, act, arg), 0);
	pthread_attr_destroy(&small);
	return thread;
}

/* ---- a request, and what it has been told ---- */

struct job {
	fifolock_request_t request;
	fifolock_t *lock;
	unsigned mode;
	uint32_t n;
	bool keeps; /* what it was granted; otherwise the callback gives it back */
	int status;
	uint64_t place; /* among all that were called back, from 1 */
	pthread_t in;	/* the thread in which it was called back */
	unsigned calls; /* atomic; once it is 1 the job may be used again */
};

static inline unsigned calls(const struct job *job)
{
	return __atomic_load_n(&job->calls, __ATOMIC_ACQUIRE);
}

static inline void until_called(const struct job *job)
{
	while (!calls(job))
		sched_yield();
}

static inline void told(void *ctx, int status)
{
	static uint64_t places; /* atomic: callbacks so far */
	struct job *job = ctx;

	job->place = __atomic_add_fetch(&places, 1, __ATOMIC_RELAXED);
	job->status = status;
	job->in = pthread_self();
	fault_if(status && status != ECANCELED);
	if (status == 0) {
		fault_if(fifolock_holds(job->lock, job->mode) < job->n);
		fault_if(!job->keeps && fifolock_unlock_n(job->lock, job->mode, job->n));
	}
	__atomic_fetch_add(&job->calls, 1, __ATOMIC_RELEASE);
}

static inline int asks_n(struct job *job, fifolock_t *lock, unsigned mode, uint32_t n)
{
	*job = (struct job){.lock = lock, .mode = mode, .n = n, .keeps = job->keeps};
	return fifolock_request(lock, mode, n, &job->request, told, job);
}

static inline int asks(struct job *job, fifolock_t *lock, unsigned mode)
{
	return asks_n(job, lock, mode, 1);
}

/* ---- a call of fifolock_run, by a thread of its own or not ---- */

struct call {
	pthread_t thread;
	fifolock_t *lock;
	unsigned mode;
	const bool *gate; /* the section waits for it; NULL: it does not */
	unsigned ran;	  /* not atomic: seen after the call */
	bool inside;	  /* atomic */
	pthread_t in;	  /* the thread that ran it */
	int rc;
};

static inline void section(void *arg)
{
	struct call *call = arg;

	call->ran++;
	call->in = pthread_self();
	fault_if(fifolock_holds(call->lock, call->mode) < 1);
	raise_flag(&call->inside);
	if (call->gate)
		until_up(call->gate);
}

static inline void *calls_run(void *arg)
{
	struct call *call = arg;

	call->rc = fifolock_run(call->lock, call->mode, section, call);
	return NULL;
}

static inline void starts(struct call *call, fifolock_t *lock, unsigned mode,
			  const bool *gate)
{
	*call = (struct call){.lock = lock, .mode = mode, .gate = gate};
	pthread_create(&call->thread, NULL, calls_run, call);
}

static inline void returns(struct call *call, int rc)
{
	pthread_join(call->thread, NULL);
	cr_assert_eq(call->rc, rc);
	cr_assert_eq(call->ran, rc ? 0 : 1);
}

#endif
