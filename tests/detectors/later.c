/* SPDX-License-Identifier: MIT
 *
 * later.c - requests, sections, conditions: what one thread begins and another ends.
 */
#include "common.h"
#include <poll.h>
#include <sys/eventfd.h>

static fifolock_t lock;

/* ---- callbacks ---- */

struct job {
	fifolock_request_t request;
	long in, out; /* plain: before asking, by the callback */
	_Atomic bool done;
};

static void job_runs(struct job *job)
{
	data[0] += job->in;
	job->out = data[0];
	fifolock_unlock(&lock, X);
	job->done = true;
}

static void job_granted(void *ctx, int status)
{
	must(status == 0);
	job_runs(ctx);
}

static void callback_body(long me)
{
	for (int i = 0; i < TURNS; i++) {
		struct job *job = calloc(1, sizeof(*job));
		int error;

		job->in = me;
		error = fifolock_request(&lock, X, 1, &job->request, job_granted, job);
		must(error == 0 || error == EINPROGRESS);
		if (error == 0)
			job_runs(job);
		while (!job->done)
			sched_yield();
		must(job->out >= job->in);
		free(job);
	}
}

static void callback(void)
{
	fifolock_init(&lock, NULL);
	crowd(callback_body);
}

/* ---- waited for, polled, cancelled ---- */

static void finishes(void)
{
	data[0]++;
	fifolock_unlock(&lock, X);
}

static void ends(fifolock_request_t *request, int how)
{
	struct timespec never = in_ms(0);
	int error;

	if (how == 0) {
		must(fifolock_request_wait(request, NULL) == 0);
	} else if (how == 1) {
		while ((error = fifolock_request_poll(request)) == EINPROGRESS)
			sched_yield();
		must(error == 0);
	} else if (fifolock_request_wait(request, &never) == ETIMEDOUT) {
		if (fifolock_request_cancel(request) == 0)
			return;
		must(fifolock_request_wait(request, NULL) == 0);
	}
	finishes();
}

static void request_body(long me)
{
	for (int i = 0; i < TURNS; i++) {
		fifolock_request_t request;
		int error = fifolock_request(&lock, X, 1, &request, NULL, NULL);

		must(error == 0 || error == EINPROGRESS);
		if (error == 0)
			finishes();
		else
			ends(&request, (int)(i + me) % 3);
	}
}

static void request(void)
{
	fifolock_init(&lock, NULL);
	crowd(request_body);
}

/* ---- eventfd ---- */

static void eventfd_body(long me)
{
	int fd = eventfd(0, EFD_NONBLOCK);
	struct pollfd ready = {.fd = fd, .events = POLLIN};

	(void)me;
	for (int i = 0; i < TURNS; i++) {
		fifolock_request_t request;
		uint64_t n;
		int error = fifolock_request(&lock, X, 1, &request, fifolock_done_eventfd,
					     (void *)(intptr_t)fd);

		must(error == 0 || error == EINPROGRESS);
		if (error) {
			must(poll(&ready, 1, -1) == 1);
			must(read(fd, &n, sizeof(n)) == sizeof(n));
			must(fifolock_request_poll(&request) == 0);
		}
		finishes();
	}
	close(fd);
}

static void by_eventfd(void)
{
	fifolock_modes_t modes = fifolock_shared_exclusive_modes;

	fifolock_modes_owner_checked(&modes, false);
	fifolock_init(&lock, &modes);
	crowd(eventfd_body);
}

/* ---- sections ---- */

struct section {
	long in, out;
};

static void section(void *arg)
{
	struct section *section = arg;

	data[0] += section->in;
	section->out = data[0];
}

static void run_alone_body(long me)
{
	for (int i = 0; i < 5 * TURNS; i++) {
		struct section mine = {.in = me};

		if (i % 7 == 0) {
			must(fifolock_lock(&lock, X) == 0);
			section(&mine);
			fifolock_unlock(&lock, X);
		} else {
			must(fifolock_run(&lock, X, section, &mine) == 0);
		}
		must(mine.out >= mine.in);
	}
}

static void run(void)
{
	fifolock_init(&lock, NULL);
	crowd(run_alone_body);
}

struct later {
	fifolock_section_t later;
	struct section section;
	_Atomic bool done;
};

static void later_done(void *ctx, int status)
{
	struct later *later = ctx;

	must(status == 0);
	later->section.in = later->section.out;
	later->done = true;
}

static void async_body(long me)
{
	for (int i = 0; i < TURNS; i++) {
		struct later *later = calloc(1, sizeof(*later));
		int error;

		later->section.in = me;
		error = fifolock_run_async(&lock, X, &later->later, section,
					   &later->section, later_done, later);
		must(error == 0 || error == EINPROGRESS);
		while (error && !later->done)
			sched_yield();
		must(later->section.out >= me);
		free(later);
	}
}

static void async(void)
{
	fifolock_init(&lock, NULL);
	crowd(async_body);
}

/* ---- conditions ---- */

static fifolock_cond_t filled, emptied;
static long queue[4], first, last, got;

static void put(long value)
{
	must(fifolock_lock(&lock, X) == 0);
	while (last - first == 4)
		must(fifolock_cond_wait(&emptied, &lock, X) == 0);
	queue[last++ % 4] = value;
	fifolock_unlock(&lock, X);
	fifolock_cond_signal(&filled);
}

static void get(void)
{
	must(fifolock_lock(&lock, X) == 0);
	while (last == first) {
		struct timespec at = in_ms(got % 2 ? 1 : 1000);
		int error = fifolock_cond_timedwait(&filled, &lock, X, &at);

		must(error == 0 || error == ETIMEDOUT);
	}
	got += queue[first++ % 4];
	fifolock_cond_broadcast(&emptied);
	fifolock_unlock(&lock, X);
}

static void condition_body(long me)
{
	for (int i = 0; i < 2 * TURNS; i++)
		if (me == 0)
			get();
		else if (i % 2)
			put(me);
}

static void condition(void)
{
	fifolock_init(&lock, NULL);
	crowd(condition_body);
	must(got == TURNS + 2 * TURNS);
}

/* ---- a semaphore that one thread takes and another gives back ---- */

static fifolock_t slots_free, slots_full;

static void semaphore_body(long me)
{
	for (int i = 0; i < 2 * TURNS; i++)
		if (me == 0) {
			must(fifolock_lock(&slots_full, 0) == 0);
			must(data[i % 4] == i);
			fifolock_unlock(&slots_free, 0);
		} else if (me == 1) {
			must(fifolock_lock(&slots_free, 0) == 0);
			data[i % 4] = i;
			fifolock_unlock(&slots_full, 0);
		}
}

static void semaphore(void)
{
	fifolock_modes_t four;

	must(fifolock_modes_semaphore(&four, 4) == 0);
	fifolock_init(&slots_free, &four);
	fifolock_init(&slots_full, &four);
	must(fifolock_lock_n(&slots_full, 0, 4) == 0);
	crowd(semaphore_body);
}

const struct program later_programs[] = {
	{"callback", callback, false},	 {"request", request, false},
	{"eventfd", by_eventfd, false},	 {"run", run, false},
	{"async", async, false},	 {"condition", condition, false},
	{"semaphore", semaphore, false}, {NULL, NULL, false},
};
