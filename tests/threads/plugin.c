/* SPDX-License-Identifier: MIT
 *
 * plugin.c - the library opened at run time, as the release and the debug build of
 * libfifolock.a inside a plug-in: opening, calls that may not allocate, closing.
 *
 * Nothing of the library is linked with this program.  What it uses comes from PLUGIN or
 * DEBUG_PLUGIN; static_tls*.so are libraries that take of the room for thread-local variables
 * which the library needs, too.
 */
#define _GNU_SOURCE
#include "test.h"
#include <dlfcn.h>
#include <fifolock/cond.h>
#include <fifolock/request.h>
#include <limits.h>

enum { X = FIFOLOCK_EXCLUSIVE, S = FIFOLOCK_SHARED, U = FIFOLOCK_UPDATE };

#define MS 1000000

/* ---- malloc, counted ---- */

static _Thread_local unsigned allocations __attribute__((tls_model("initial-exec")));

#ifndef SANITIZED
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t align, size_t size);

void *malloc(size_t size)
{
	allocations++;
	return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	allocations++;
	return __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
	allocations++;
	return __libc_realloc(old, size);
}

void *aligned_alloc(size_t align, size_t size)
{
	allocations++;
	return __libc_memalign(align, size);
}
#endif

/* ---- the plug-in ---- */

struct face {
	void *handle;
	fifolock_modes_t table; /* update, no owner asked for */
	__typeof__(&fifolock_lock) lock, unlock;
	__typeof__(&fifolock_clocklock) clocklock;
	__typeof__(&fifolock_convert) convert;
	__typeof__(&fifolock_bump) bump;
	__typeof__(&fifolock_close) close;
	__typeof__(&fifolock_waiting) waiting;
	__typeof__(&fifolock_run) run;
	__typeof__(&fifolock_request) request;
	__typeof__(&fifolock_cond_wait) cond_wait;
	__typeof__(&fifolock_cond_signal) cond_signal;
	__typeof__(&fifolock_modes_owner_checked) modes_owner_checked;
};

static void *must_find(const struct face *face, const char *name)
{
	void *at = dlsym(face->handle, name);

	if (!at) {
		fprintf(stderr, "%s\n", dlerror());
		abort();
	}
	return at;
}

static bool opens(struct face *face, const char *path)
{
	face->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!face->handle) {
		fprintf(stderr, "%s\n", dlerror());
		return false;
	}
	face->table = *(const fifolock_modes_t *)must_find(face, "fifolock_update_modes");
#define FIND(call) \
	(face->call = (__typeof__(face->call))must_find(face, "fifolock_" #call))
	FIND(lock), FIND(unlock), FIND(clocklock), FIND(convert), FIND(bump);
	FIND(close), FIND(waiting), FIND(run), FIND(request);
	FIND(cond_wait), FIND(cond_signal), FIND(modes_owner_checked);
	face->modes_owner_checked(&face->table, false);
	return true;
}

/* ---- a thread and what it is to do first of all ---- */

struct thread {
	struct face face;
	fifolock_t *lock;
	fifolock_cond_t cond;
	fifolock_request_t request;
	int (*does)(struct thread *me);
	pthread_t id;
	unsigned allocations;
	unsigned granted; /* atomic */
	unsigned done;	  /* atomic */
	unsigned may_end; /* atomic */
	int rc;
};

static void until(const unsigned *at)
{
	while (!__atomic_load_n(at, __ATOMIC_ACQUIRE))
		sched_yield();
}

static void set(unsigned *at)
{
	__atomic_store_n(at, 1, __ATOMIC_RELEASE);
}

static void *thread_runs(void *arg)
{
	struct thread *me = arg;

	allocations = 0;
	me->rc = me->does(me);
	me->allocations = allocations;
	set(&me->done);
	until(&me->may_end);
	return NULL;
}

static void thread_starts(struct thread *thread, int (*does)(struct thread *me))
{
	thread->does = does;
	pthread_create(&thread->id, NULL, thread_runs, thread);
}

static void until_in_line(struct thread *thread, uint32_t n)
{
	while (thread->face.waiting(thread->lock) < n)
		sched_yield();
}

static void thread_ends(struct thread *thread)
{
	set(&thread->may_end);
	pthread_join(thread->id, NULL);
}

/* ---- what one does: each is its thread's first call ---- */

static int locks(struct thread *me)
{
	int rc = me->face.lock(me->lock, X);

	return rc ? rc : me->face.unlock(me->lock, X);
}

static int locks_until(struct thread *me)
{
	struct timespec soon = test_in_ns(CLOCK_REALTIME, MS / 2);

	return me->face.clocklock(me->lock, X, CLOCK_REALTIME, &soon) != ETIMEDOUT;
}

static void nothing(void *arg)
{
	set(arg);
}

static int runs(struct thread *me)
{
	return me->face.run(me->lock, X, nothing, &me->granted);
}

static void is_granted(void *ctx, int status)
{
	struct thread *me = ctx;

	me->rc = status;
	set(&me->granted);
}

static int asks(struct thread *me)
{
	return me->face.request(me->lock, X, 1, &me->request, is_granted, me) !=
	       EINPROGRESS;
}

static int lets_in(struct thread *me)
{
	return me->face.unlock(me->lock, X);
}

static int shares_and_converts(struct thread *me)
{
	int rc = me->face.lock(me->lock, U);

	if (!rc)
		rc = me->face.convert(me->lock, U, X);
	return rc ? rc : me->face.unlock(me->lock, X);
}

static int waits_for_signal(struct thread *me)
{
	int rc = me->face.lock(me->lock, X);

	if (!rc)
		rc = me->face.cond_wait(&me->cond, me->lock, X);
	return rc ? rc : me->face.unlock(me->lock, X);
}

static int signals(struct thread *me)
{
	int rc = me->face.lock(me->lock, X);

	if (!rc)
		rc = me->face.cond_signal(&me->cond);
	return rc ? rc : me->face.unlock(me->lock, X);
}

static int bumps(struct thread *me)
{
	return me->face.bump(me->lock, S);
}

static int closes(struct thread *me)
{
	return me->face.close(me->lock);
}

/* ---- no call allocates ---- */

/* While the lock is held in mode, the thread waits; then it is let in. */
static void waits_and_is_let_in(struct face *face, int (*does)(struct thread *me),
				unsigned mode)
{
	fifolock_t lock = FIFOLOCK_INIT(&face->table);
	struct thread thread = {.face = *face, .lock = &lock};

	cr_assert_eq(face->lock(&lock, mode), 0);
	thread_starts(&thread, does);
	until_in_line(&thread, 1);
	cr_assert_eq(face->unlock(&lock, mode), 0);
	until(&thread.done);
	thread_ends(&thread);
	cr_assert_eq(thread.rc, 0);
	cr_assert_eq(thread.allocations, 0);
}

/* The thread does not wait, whatever is in line. */
static void acts(struct face *face, fifolock_t *lock, int (*does)(struct thread *me),
		 fifolock_cond_t *cond)
{
	struct thread thread = {.face = *face, .lock = lock};

	if (cond)
		thread.cond = *cond;
	thread_starts(&thread, does);
	until(&thread.done);
	thread_ends(&thread);
	if (cond)
		*cond = thread.cond;
	cr_assert_eq(thread.rc, 0);
	cr_assert_eq(thread.allocations, 0);
}

static void times_out(struct face *face)
{
	fifolock_t lock = {0};

	cr_assert_eq(face->lock(&lock, X), 0);
	acts(face, &lock, locks_until, NULL);
	cr_assert_eq(face->unlock(&lock, X), 0);
}

/* A request with a callback, and the release that makes it due: each by a new thread. */
static void asks_and_is_called(struct face *face)
{
	fifolock_t lock = FIFOLOCK_INIT(&face->table);
	struct thread asker = {.face = *face, .lock = &lock};

	cr_assert_eq(face->lock(&lock, X), 0);
	thread_starts(&asker, asks);
	until(&asker.done);
	acts(face, &lock, lets_in, NULL);
	cr_assert(__atomic_load_n(&asker.granted, __ATOMIC_ACQUIRE));
	thread_ends(&asker);
	cr_assert_eq(asker.allocations, 0);
	cr_assert_eq(asker.rc, 0);
}

static void waits_and_is_signalled(struct face *face)
{
	fifolock_t lock = {0};
	struct thread waiter = {.face = *face, .lock = &lock};
	unsigned listed = 0;

	thread_starts(&waiter, waits_for_signal);
	while (!listed) {
		cr_assert_eq(face->lock(&lock, X), 0);
		listed = waiter.cond.last != NULL;
		cr_assert_eq(face->unlock(&lock, X), 0);
	}
	acts(face, &lock, signals, &waiter.cond);
	until(&waiter.done);
	thread_ends(&waiter);
	cr_assert_eq(waiter.rc, 0);
	cr_assert_eq(waiter.allocations, 0);
}

static void is_closed(struct face *face)
{
	fifolock_t lock = {0};
	struct thread thread = {.face = *face, .lock = &lock};

	cr_assert_eq(face->lock(&lock, X), 0);
	thread_starts(&thread, locks);
	until_in_line(&thread, 1);
	acts(face, &lock, closes, NULL);
	until(&thread.done);
	thread_ends(&thread);
	cr_assert_eq(thread.rc, ECANCELED);
	cr_assert_eq(thread.allocations, 0);
}

static int shares_then_bumps(struct thread *me)
{
	int rc = me->face.lock(me->lock, S);

	set(&me->granted);
	until_in_line(me, 1);
	if (!rc)
		rc = bumps(me);
	return rc ? rc : me->face.unlock(me->lock, S);
}

static void bumps_for_another(struct face *face)
{
	fifolock_t lock = {0};
	struct thread one = {.face = *face, .lock = &lock};
	struct thread other = {.face = *face, .lock = &lock};

	thread_starts(&one, shares_then_bumps);
	until(&one.granted);
	thread_starts(&other, locks);
	until(&one.done);
	until(&other.done);
	thread_ends(&one);
	thread_ends(&other);
	cr_assert_eq(one.rc | other.rc, 0);
	cr_assert_eq(one.allocations + other.allocations, 0);
}

static void nothing_allocates(const char *path, unsigned keys)
{
	struct face face;
	pthread_key_t key;

#ifdef SANITIZED
	printf("left out: a sanitizer allocates where it likes\n");
	return;
#endif
	for (unsigned i = 0; i < keys; i++)
		cr_assert_eq(pthread_key_create(&key, NULL), 0);
	cr_assert(opens(&face, path));
	waits_and_is_let_in(&face, locks, X);
	waits_and_is_let_in(&face, locks, S);
	waits_and_is_let_in(&face, runs, X);
	waits_and_is_let_in(&face, shares_and_converts, S);
	times_out(&face);
	asks_and_is_called(&face);
	waits_and_is_signalled(&face);
	is_closed(&face);
	bumps_for_another(&face);
}

Test(malloc, is_called_by_no_call_that_takes_or_gives, .description = "G6")
{
	nothing_allocates(PLUGIN, 0);
}

Test(malloc, is_called_by_none_when_there_are_40_keys, .description = "G6")
{
	nothing_allocates(PLUGIN, 40);
}

Test(malloc, is_called_by_none_of_the_debug_build, .description = "G6")
{
	nothing_allocates(DEBUG_PLUGIN, 0);
}

Test(malloc, is_called_by_none_of_the_debug_build_when_there_are_40_keys,
     .description = "G6")
{
	nothing_allocates(DEBUG_PLUGIN, 40);
}

Test(malloc, is_called_by_none_when_there_are_no_keys_left, .description = "G6")
{
	nothing_allocates(PLUGIN, PTHREAD_KEYS_MAX - 8);
}

/* ---- closing ---- */

/* A thread that has waited in the plug-in, and ends after it is gone. */
static void outlived_by_a_thread(const char *path)
{
	struct thread thread = {.may_end = 0};
	fifolock_t lock = {0};

	thread.lock = &lock;
	cr_assert(opens(&thread.face, path));
	cr_assert_eq(thread.face.lock(&lock, X), 0);
	thread_starts(&thread, locks);
	until_in_line(&thread, 1);
	cr_assert_eq(thread.face.unlock(&lock, X), 0);
	until(&thread.done);
	cr_assert_eq(thread.rc, 0);
	cr_assert_eq(dlclose(thread.face.handle), 0);
	cr_assert_null(dlopen(path, RTLD_NOW | RTLD_NOLOAD), "it is still there");
	thread_ends(&thread);
}

Test(plugin, may_be_closed_before_its_threads_end, .description = "G5")
{
	outlived_by_a_thread(PLUGIN);
}

Test(plugin, of_the_debug_build_may_be_closed_before_its_threads_end, .description = "G5")
{
	outlived_by_a_thread(DEBUG_PLUGIN);
}

Test(plugin, may_be_closed_in_a_child_and_then_a_thread_ends, .description = "G5")
{
	int status = 0;
	pid_t child;
	struct face face;

	cr_assert(opens(&face, PLUGIN));
	child = fork();
	if (child == 0) {
		dlclose(face.handle);
		outlived_by_a_thread(PLUGIN);
		_exit(0);
	}
	waitpid(child, &status, 0);
	cr_assert_eq(status, 0);
	cr_assert_eq(dlclose(face.handle), 0);
}

static bool waits_once(const struct face *face)
{
	struct timespec soon = test_in_ns(CLOCK_MONOTONIC, MS / 20);
	fifolock_t lock = FIFOLOCK_INIT(&face->table);

	return face->lock(&lock, S) == 0 &&
	       face->clocklock(&lock, X, CLOCK_MONOTONIC, &soon) == ETIMEDOUT &&
	       face->unlock(&lock, S) == 0;
}

/* The thread goes on, and each time it is as if it had never been there. */
static void opened_and_closed(const char *path, unsigned keys)
{
	pthread_key_t first, last;

	for (unsigned i = 0; i <= keys; i++)
		cr_assert_eq(pthread_key_create(&first, NULL), 0);
	cr_assert_eq(pthread_key_delete(first), 0);
	for (unsigned i = 0; i < 1100; i++) {
		struct face face;

		if (i % 100 == 0)
			test_goes_on();
		cr_assert(opens(&face, path));
		cr_assert(waits_once(&face));
		cr_assert_eq(dlclose(face.handle), 0);
	}
	cr_assert_eq(pthread_key_create(&last, NULL), 0);
	cr_assert_eq(last, first, "keys are left behind");
}

Test(plugin, may_be_opened_and_closed_1100_times, .description = "G4")
{
	opened_and_closed(PLUGIN, 0);
	opened_and_closed(PLUGIN, 40);
}

Test(plugin, of_the_debug_build_may_be_opened_and_closed_1100_times, .description = "G4")
{
	opened_and_closed(DEBUG_PLUGIN, 0);
	opened_and_closed(DEBUG_PLUGIN, 40);
}

static void *goes_on(void *arg)
{
	struct thread *me = arg;

	for (;;) {
		waits_once(&me->face);
		locks(me);
		set(&me->granted);
	}
	return NULL;
}

/* exit, with threads that do not care. */
Test(plugin, goes_on_working_while_the_process_ends, .description = "G5")
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		static fifolock_t lock;
		static struct thread threads[3];

		for (unsigned i = 0; i < 3; i++) {
			threads[i].lock = &lock;
			if (!opens(&threads[i].face, PLUGIN))
				_exit(1);
			pthread_create(&threads[i].id, NULL, goes_on, &threads[i]);
			until(&threads[i].granted);
		}
		exit(0);
	}
	waitpid(child, &status, 0);
	cr_assert_eq(status, 0);
}

/* ---- opening ---- */

/* 1280 bytes are gone: of 1664 that glibc keeps for all that come like this. */
static void *opens_beside_others(void *arg)
{
	static const char *const others[] = {STATIC_TLS_1, STATIC_TLS_2};
	struct face face;

	for (unsigned i = 0; i < 2; i++)
		if (!dlopen(others[i], RTLD_NOW))
			return arg;
	for (unsigned i = 0; i < 50; i++)
		if (!opens(&face, arg) || !waits_once(&face) || dlclose(face.handle))
			return arg;
	return NULL;
}

static void opened_by_a_thread(const char *path)
{
	pthread_t thread;
	void *failed;

	pthread_create(&thread, NULL, opens_beside_others, (void *)(uintptr_t)path);
	pthread_join(thread, &failed);
	cr_assert_null(failed);
}

Test(plugin, opens_where_little_static_room_is_left, .description = "G6")
{
	opened_by_a_thread(PLUGIN);
}

Test(plugin, of_the_debug_build_opens_where_little_static_room_is_left,
     .description = "G6")
{
	opened_by_a_thread(DEBUG_PLUGIN);
}

Test(plugin, as_shared_library_opens_where_little_static_room_is_left,
     .description = "G6")
{
	opened_by_a_thread(SHARED_LIBRARY);
}
