/* SPDX-License-Identifier: MIT
 *
 * other_thread.h - what another thread does meanwhile, for tests with hooks (hooks.h).
 */
#ifndef OTHER_THREAD_H
#define OTHER_THREAD_H

#include "test.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>

/* What one thread has done, and another waits for. */
static inline void set(bool *flag)
{
	__atomic_store_n(flag, true, __ATOMIC_RELEASE);
}

static inline void until(const bool *flag)
{
	while (!__atomic_load_n(flag, __ATOMIC_ACQUIRE))
		sched_yield();
}

static inline void *acts(void *act)
{
	((void (*)(void))(uintptr_t)act)();
	return NULL;
}

/* Called in hooks, too, where an assertion would leave the library by a jump. */
static inline pthread_t begins(void (*act)(void))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, acts, (void *)(uintptr_t)act))
		abort();
	return thread;
}

/* In another thread, from beginning to end. */
static inline void elsewhere(void (*act)(void))
{
	pthread_join(begins(act), NULL);
}

#endif
