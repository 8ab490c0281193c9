/* SPDX-License-Identifier: MIT
 *
 * handmade.h - the FIFO shared/exclusive lock that people write by hand: a mutex
 * around a list of waiters, each with a condition variable of its own.
 */
#ifndef BENCHMARKS_HANDMADE_H
#define BENCHMARKS_HANDMADE_H

#include <pthread.h>
#include <stdbool.h>
#include <urcu/list.h>

struct handmade {
	pthread_mutex_t mutex; /* guards what follows */
	struct cds_list_head line;
	unsigned shared; /* holders */
	bool exclusive;
};

int handmade_init(struct handmade *lock);
int handmade_destroy(struct handmade *lock);
int handmade_lock(struct handmade *lock, bool shared);
int handmade_unlock(struct handmade *lock, bool shared);

#endif
