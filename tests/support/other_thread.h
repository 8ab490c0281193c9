/* SPDX-License-Identifier: MIT
 *
 * other_thread.h - what another thread does meanwhile, for tests with hooks (hooks.h).
 */
#ifndef OTHER_THREAD_H
#define OTHER_THREAD_H

#include "test.h"

#include <pthread.h>

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
