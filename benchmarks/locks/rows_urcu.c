/* SPDX-License-Identifier: MIT
 *
 * rows_urcu.c - the read side of liburcu: what readers cost that wait for no thread.
 *
 * Readers are not kept out while a writer is at it, so what they read must be of a
 * kind that bears it.  Writers take turns by a mutex.  A writer then owes the wait
 * for all readers that may still look at what it has replaced; it pays in unlock,
 * after the mutex, so that writers can share one wait.
 */
#define _LGPL_SOURCE /* readers compiled in, as where speed is what counts */
#include <urcu/urcu-memb.h>

#include "rows.h"

#include <pthread.h>

SIZE(urcu, pthread_mutex_t)

void row_urcu_init(void *lock)
{
	must(pthread_mutex_init(lock, NULL));
}

void row_urcu_lock(void *lock, enum mode mode)
{
	if (mode == SHARED)
		urcu_memb_read_lock();
	else
		must(pthread_mutex_lock(lock));
}

void row_urcu_unlock(void *lock, enum mode mode)
{
	if (mode == SHARED) {
		urcu_memb_read_unlock();
		return;
	}
	must(pthread_mutex_unlock(lock));
	urcu_memb_synchronize_rcu();
}

void row_urcu_destroy(void *lock)
{
	must(pthread_mutex_destroy(lock));
}

PAIRS(urcu)

void row_urcu_begin(void)
{
	urcu_memb_register_thread();
}

void row_urcu_end(void)
{
	urcu_memb_unregister_thread();
}
