/* SPDX-License-Identifier: MIT
 *
 * crew.h - a crew of threads that starts together.
 */
#ifndef BENCHMARKS_CREW_H
#define BENCHMARKS_CREW_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct crew {
	void (*job)(void *argument);
	pthread_t *threads;
	unsigned started;
	pthread_mutex_t mutex; /* guards what follows */
	pthread_cond_t one_is_ready;
	pthread_cond_t all_go;
	unsigned ready;
	bool go;
};

/* Start count threads; number i waits for crew_go(), then runs job(first + i * stride).  0
 * when all of them are ready to go; or an errno, with crew->started telling how many
 * could be started.  crew_end() comes after either. */
int crew_start(struct crew *crew, unsigned count, size_t stack, void (*job)(void *),
	       void *first, size_t stride);
void crew_go(struct crew *crew);

/* Let go those that still wait to, and wait for all to end. */
void crew_end(struct crew *crew);

/* The caller stays on processor i of those that the program may use, counted around; false:
 * that is not permitted. */
bool crew_pin(unsigned i);

#endif
