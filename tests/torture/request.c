/* SPDX-License-Identifier: MIT
 *
 * request.c - asking by a request: with a callback, or by waiting and polling; whose time is
 * over is cancelled.
 */
#include "torture.h"

#include "core/park.h"

#include <fifolock/request.h>

#define PENDING UINT32_MAX

/* On the asking thread's stack, which the thread that calls back may touch until it has told;
 * then it uses no more than the address.  The one that asked sleeps: with a real-time
 * priority it would, polling, keep from a processor the thread that is to call back. */
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
	fl_unpark(&asked->told);
}

static uint32_t told(const struct asked *asked)
{
	return __atomic_load_n(&asked->told, __ATOMIC_ACQUIRE);
}

/* Until it is told, or the deadline has passed: false. */
static bool await(const struct asked *asked, const struct timespec *deadline)
{
	const struct fl_deadline until = {.at = deadline, .clock = CLOCK_MONOTONIC};

	while (told(asked) == PENDING) {
		if (deadline && fl_deadline_passed(&until))
			return false;
		fl_park(&asked->told, PENDING, deadline ? &until : NULL);
	}
	return true;
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
	await(asked, NULL);
	return (int)told(asked);
}

/* It is in line, or was a moment ago. */
static void look_for_it(struct actor *actor, fifolock_request_t *request)
{
	struct entry *entry = my_call;
	struct target *target = &the_round->targets[entry->target];
	uint64_t begun;

	if (!has(&the_round->plan, F_watchers) || oracle_below(&actor->random, 4))
		return;
	begun = now_ns();
	entry->asked = stamp(target, 1);
	entry->position = fifolock_request_position(request);
	entry->answered = stamp(target, 1);
	entry->unsure = now_ns() - begun > LOOK_NS;
}

static int by_callback(struct actor *actor, fifolock_t *lock, unsigned mode,
		       uint32_t weight, const struct timespec *deadline)
{
	struct asked asked = {.told = PENDING};
	int error = fifolock_request(lock, mode, weight, &asked.request, tell, &asked);

	if (error != EINPROGRESS)
		return error;
	look_for_it(actor, &asked.request);
	return await(&asked, deadline) ? (int)told(&asked) : give_up_calling(&asked);
}

static int by_waiting(struct actor *actor, fifolock_t *lock, unsigned mode,
		      uint32_t weight, const struct timespec *deadline)
{
	fifolock_request_t request;
	int error = fifolock_request(lock, mode, weight, &request, NULL, NULL);

	if (error != EINPROGRESS)
		return error;
	look_for_it(actor, &request);
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
	return oracle_below(&actor->random, 2)
		       ? by_callback(actor, lock, mode, weight, deadline)
		       : by_waiting(actor, lock, mode, weight, deadline);
}
