/* SPDX-License-Identifier: MIT
 *
 * handmade.c - the FIFO lock that people write by hand.  The releaser hands the
 * lock over, so a waiter that wakes up already owns it.
 */
#include "handmade.h"

#include <errno.h>

struct waiter {
	struct cds_list_head link;
	pthread_cond_t turn;
	bool shared;
	bool granted;
};

int handmade_init(struct handmade *lock)
{
	CDS_INIT_LIST_HEAD(&lock->line);
	lock->shared = 0;
	lock->exclusive = false;
	return pthread_mutex_init(&lock->mutex, NULL);
}

int handmade_destroy(struct handmade *lock)
{
	if (lock->shared || lock->exclusive || !cds_list_empty(&lock->line))
		return EBUSY;
	return pthread_mutex_destroy(&lock->mutex);
}

static bool take(struct handmade *lock, bool shared)
{
	if (lock->exclusive || (!shared && lock->shared))
		return false;
	if (shared)
		lock->shared++;
	else
		lock->exclusive = true;
	return true;
}

static int wait_in_line(struct handmade *lock, bool shared)
{
	struct waiter self = {.turn = PTHREAD_COND_INITIALIZER, .shared = shared};
	int error = 0;

	cds_list_add_tail(&self.link, &lock->line);
	while (!self.granted && !error)
		error = pthread_cond_wait(&self.turn, &lock->mutex);
	return error ? error : pthread_cond_destroy(&self.turn);
}

int handmade_lock(struct handmade *lock, bool shared)
{
	int error = pthread_mutex_lock(&lock->mutex);

	if (error)
		return error;
	if (!cds_list_empty(&lock->line) || !take(lock, shared))
		error = wait_in_line(lock, shared);
	pthread_mutex_unlock(&lock->mutex);
	return error;
}

/* The signal is given under the mutex: once it is free, a waiter may wake up by
 * itself, return and take its condition variable with it. */
static void hand_over(struct handmade *lock)
{
	while (!cds_list_empty(&lock->line)) {
		struct waiter *first =
			cds_list_first_entry(&lock->line, struct waiter, link);

		if (!take(lock, first->shared))
			return;
		cds_list_del(&first->link);
		first->granted = true;
		pthread_cond_signal(&first->turn);
	}
}

int handmade_unlock(struct handmade *lock, bool shared)
{
	int error = pthread_mutex_lock(&lock->mutex);

	if (error)
		return error;
	if (shared)
		lock->shared--;
	else
		lock->exclusive = false;
	hand_over(lock);
	return pthread_mutex_unlock(&lock->mutex);
}
