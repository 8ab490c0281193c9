/* SPDX-License-Identifier: MIT
 *
 * request.c - asking by a request: with a callback, or by waiting and polling; whose time is
 * over is cancelled.
 */
#include "torture.h"

#include <fifolock/request.h>
#include <sched.h>

#define PENDING UINT32_MAX

/* On the asking thread's stack, which whoever calls back may touch until it has told. */
struct asked {
	fifolock_request_t request;
	uint32_t told; /* a status, once */
};

static void tell(void *ctx, int status)
{
	struct asked *asked = ctx;

	if (__atomic_exchange_n(&asked->told, (uint32_t)status, __ATOMIC_RELEASE) !=
	    PENDING)
		violation("a request was called back twice");
}

static uint32_t told(const struct asked *asked)
{
	return __atomic_load_n(&asked->told, __ATOMIC_ACQUIRE);
}

static bool over(const struct timespec *deadline)
{
	struct timespec now;

	if (!deadline)
		return false;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec != deadline->tv_sec ? now.tv_sec > deadline->tv_sec
					      : now.tv_nsec >= deadline->tv_nsec;
}

/* Left, or too late for that: then it is told very soon. */
static int give_up_calling(struct asked *asked)
{
	int error = fifolock_request_cancel(&asked->request);

	if (error == 0) {
		if (told(asked) != PENDING)
			violation("cancelled and called back");
		return ETIMEDOUT;
	}
	while (told(asked) == PENDING)
		sched_yield();
	return (int)told(asked);
}

static int by_callback(fifolock_t *lock, unsigned mode, uint32_t weight,
		       const struct timespec *deadline)
{
	struct asked asked = {.told = PENDING};
	int error = fifolock_request(lock, mode, weight, &asked.request, tell, &asked);

	if (error != EINPROGRESS)
		return error;
	while (told(&asked) == PENDING) {
		if (over(deadline))
			return give_up_calling(&asked);
		sched_yield();
	}
	return (int)told(&asked);
}

static int by_waiting(fifolock_t *lock, unsigned mode, uint32_t weight,
		      const struct timespec *deadline)
{
	fifolock_request_t request;
	int error = fifolock_request(lock, mode, weight, &request, NULL, NULL);

	if (error != EINPROGRESS)
		return error;
	error = fifolock_request_wait(&request, deadline);
	if (error != ETIMEDOUT)
		return error;
	if (fifolock_request_cancel(&request) == 0)
		return ETIMEDOUT;
	error = fifolock_request_poll(&request);
	return error == EINPROGRESS ? EALREADY : error;
}

int request_ask(struct actor *actor, fifolock_t *lock, unsigned mode, uint32_t weight,
		const struct timespec *deadline)
{
	return oracle_below(&actor->random, 2) ? by_callback(lock, mode, weight, deadline)
					       : by_waiting(lock, mode, weight, deadline);
}
