/* SPDX-License-Identifier: MIT
 *
 * follower.h - a thread that does one thing after the other, each when it is told to.
 */
#ifndef FOLLOWER_H
#define FOLLOWER_H

#include "common.h"
#include <semaphore.h>

struct follower {
	pthread_t thread;
	sem_t told;
	void (*act)(void *ctx);
	void *ctx;
	bool busy; /* atomic: told, and not done; a thread that is posted without it ends */
};

static inline bool follower_is_busy(const struct follower *follower)
{
	return __atomic_load_n(&follower->busy, __ATOMIC_ACQUIRE);
}

static inline void *follows(void *arg)
{
	struct follower *follower = arg;

	for (;;) {
		while (sem_wait(&follower->told))
			;
		if (!follower_is_busy(follower))
			return NULL;
		follower->act(follower->ctx);
		__atomic_store_n(&follower->busy, false, __ATOMIC_RELEASE);
	}
}

/* What it is to do stands in ctx; the caller changes that only while it is not busy. */
static inline void follower_starts(struct follower *follower, void (*act)(void *ctx),
				   void *ctx)
{
	follower->act = act;
	follower->ctx = ctx;
	sem_init(&follower->told, 0, 0);
	pthread_create(&follower->thread, NULL, follows, follower);
}

static inline void follower_acts(struct follower *follower)
{
	__atomic_store_n(&follower->busy, true, __ATOMIC_RELAXED);
	sem_post(&follower->told);
}

static inline void follower_done(const struct follower *follower)
{
	while (follower_is_busy(follower))
		sched_yield();
}

/* When it has done what it was told. */
static inline void follower_ends(struct follower *follower)
{
	sem_post(&follower->told);
	pthread_join(follower->thread, NULL);
	sem_destroy(&follower->told);
}

#endif
