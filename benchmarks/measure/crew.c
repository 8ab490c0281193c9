/* SPDX-License-Identifier: MIT
 *
 * crew.c - a crew of threads that starts together.
 */
#define _GNU_SOURCE
#include "crew.h"

#include <err.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

struct berth {
	struct crew *crew;
	void *argument;
};

static void *serve(void *memory)
{
	struct berth berth = *(struct berth *)memory;
	struct crew *crew = berth.crew;

	free(memory);
	pthread_mutex_lock(&crew->mutex);
	crew->ready++;
	pthread_cond_signal(&crew->one_is_ready);
	while (!crew->go)
		pthread_cond_wait(&crew->all_go, &crew->mutex);
	pthread_mutex_unlock(&crew->mutex);
	crew->job(berth.argument);
	return NULL;
}

static int start_one(struct crew *crew, const pthread_attr_t *attributes, void *argument)
{
	struct berth *berth = malloc(sizeof(*berth));
	int error;

	if (!berth)
		err(1, "a thread");
	*berth = (struct berth){crew, argument};
	error = pthread_create(&crew->threads[crew->started], attributes, serve, berth);
	if (error)
		free(berth);
	else
		crew->started++;
	return error;
}

static void wait_until_ready(struct crew *crew)
{
	pthread_mutex_lock(&crew->mutex);
	while (crew->ready < crew->started)
		pthread_cond_wait(&crew->one_is_ready, &crew->mutex);
	pthread_mutex_unlock(&crew->mutex);
}

static size_t at_least_the_minimum(size_t stack)
{
	long minimum = sysconf(_SC_THREAD_STACK_MIN);

	return minimum > 0 && (size_t)minimum > stack ? (size_t)minimum : stack;
}

int crew_start(struct crew *crew, unsigned count, size_t stack, void (*job)(void *),
	       void *first, size_t stride)
{
	pthread_attr_t attributes;
	int error = 0;

	*crew = (struct crew){
		.job = job,
		.threads = calloc(count, sizeof(pthread_t)),
		.mutex = PTHREAD_MUTEX_INITIALIZER,
		.one_is_ready = PTHREAD_COND_INITIALIZER,
		.all_go = PTHREAD_COND_INITIALIZER,
	};
	if (!crew->threads)
		err(1, "%u threads", count);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, at_least_the_minimum(stack));
	for (unsigned i = 0; i < count && !error; i++)
		error = start_one(crew, &attributes, (char *)first + i * stride);
	pthread_attr_destroy(&attributes);
	wait_until_ready(crew);
	return error;
}

void crew_go(struct crew *crew)
{
	pthread_mutex_lock(&crew->mutex);
	crew->go = true;
	pthread_cond_broadcast(&crew->all_go);
	pthread_mutex_unlock(&crew->mutex);
}

void crew_end(struct crew *crew)
{
	crew_go(crew);
	for (unsigned i = 0; i < crew->started; i++)
		pthread_join(crew->threads[i], NULL);
	pthread_cond_destroy(&crew->all_go);
	pthread_cond_destroy(&crew->one_is_ready);
	pthread_mutex_destroy(&crew->mutex);
	free(crew->threads);
}

/* The process's mask, as the first caller found it: pinning changes the caller's own. */
static cpu_set_t usable;
static pthread_once_t asked = PTHREAD_ONCE_INIT;

static void ask_for_mask(void)
{
	if (sched_getaffinity(getpid(), sizeof(usable), &usable) != 0)
		CPU_ZERO(&usable);
}

bool crew_pin(unsigned i)
{
	cpu_set_t only;
	unsigned cpu = 0;

	pthread_once(&asked, ask_for_mask);
	if (CPU_COUNT(&usable) == 0)
		return false;
	for (i %= (unsigned)CPU_COUNT(&usable); i || !CPU_ISSET(cpu, &usable); cpu++)
		i -= CPU_ISSET(cpu, &usable) ? 1 : 0;
	CPU_ZERO(&only);
	CPU_SET(cpu, &only);
	return sched_setaffinity(0, sizeof(only), &only) == 0;
}
