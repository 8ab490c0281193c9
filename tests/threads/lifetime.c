/* SPDX-License-Identifier: MIT
 *
 * lifetime.c - how long things live, on real threads: locks that are unmapped
 * by their last holder, threads that come and go, forks, and what a wait allocates.
 */
#define _GNU_SOURCE
#include "test.h"
#include <fifolock/fifolock.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "core/queue.h"

#define MOST 8 /* threads on one lock */

enum { X = FIFOLOCK_EXCLUSIVE, S = FIFOLOCK_SHARED };

static void until_waiting(const fifolock_t *lock, uint32_t n)
{
	while (fifolock_waiting(lock) != n)
		sched_yield();
}

/* Take one hold and give it back; a fault if that did not work. */
static void *pass_once(void *lock)
{
	if (fifolock_lock(lock, X))
		return lock;
	return fifolock_unlock(lock, X) ? lock : NULL;
}

static void passed(pthread_t thread)
{
	void *fault = NULL;

	pthread_join(thread, &fault);
	cr_assert_null(fault);
}

/* ---- locks unmapped by their last holder ---- */

/* A lock in a page of its own, with what it protects. */
struct page {
	fifolock_t lock;
	unsigned left; /* how many still are to hold it; guarded, or atomic under S */
};

struct parade {
	struct page **pages; /* one after the other */
	uint64_t count;
	unsigned threads;
	uint64_t arrived; /* atomic */
	bool destroys;	  /* the last one calls destroy, too */
	bool on_heap;	  /* freed, not unmapped: race detectors look at that */
	const fifolock_modes_t *modes;
};

struct marcher {
	pthread_t thread;
	struct parade *parade;
	uint64_t faults;
};

static void unmap(struct marcher *marcher, struct page *page)
{
	if (marcher->parade->destroys && fifolock_destroy(&page->lock))
		marcher->faults++;
	if (marcher->parade->on_heap)
		free(page);
	else
		munmap(page, (size_t)sysconf(_SC_PAGESIZE));
}

/* All meet here before each lock, so that they really meet on it. */
static void arrive(struct parade *parade, uint64_t at)
{
	__atomic_fetch_add(&parade->arrived, 1, __ATOMIC_RELAXED);
	while (__atomic_load_n(&parade->arrived, __ATOMIC_RELAXED) <
	       (at + 1) * parade->threads)
		sched_yield();
}

static void *march_exclusive(void *arg)
{
	struct marcher *marcher = arg;
	struct parade *parade = marcher->parade;
	bool last;

	for (uint64_t i = 0; i < parade->count; i++) {
		struct page *page = parade->pages[i];

		arrive(parade, i);
		marcher->faults += fifolock_lock(&page->lock, X) != 0;
		last = --page->left == 0;
		if (i % 2)
			sched_yield();
		marcher->faults += fifolock_unlock(&page->lock, X) != 0;
		if (last)
			unmap(marcher, page);
	}
	return NULL;
}

/* Readers all come and go; the last to come waits for the others to be gone. */
static void *march_shared(void *arg)
{
	struct marcher *marcher = arg;
	struct parade *parade = marcher->parade;
	bool last;

	for (uint64_t i = 0; i < parade->count; i++) {
		struct page *page = parade->pages[i];

		arrive(parade, i);
		marcher->faults += fifolock_lock(&page->lock, S) != 0;
		last = __atomic_sub_fetch(&page->left, 1, __ATOMIC_ACQ_REL) == 0;
		if (i % 2)
			sched_yield();
		marcher->faults += fifolock_unlock(&page->lock, S) != 0;
		if (!last)
			continue;
		marcher->faults += fifolock_lock(&page->lock, X) != 0;
		marcher->faults += fifolock_unlock(&page->lock, X) != 0;
		unmap(marcher, page);
	}
	return NULL;
}

/* Some give up a few times before they get in. */
static int lock_impatiently(fifolock_t *lock)
{
	int rc = ETIMEDOUT;

	for (int64_t patience = 1000; rc == ETIMEDOUT; patience *= 2) {
		struct timespec soon = test_in_ns(CLOCK_MONOTONIC, patience);

		rc = fifolock_timedlock(lock, X, &soon);
	}
	return rc;
}

static void *march_impatiently(void *arg)
{
	struct marcher *marcher = arg;
	struct parade *parade = marcher->parade;
	bool last;

	for (uint64_t i = 0; i < parade->count; i++) {
		struct page *page = parade->pages[i];

		arrive(parade, i);
		marcher->faults += lock_impatiently(&page->lock) != 0;
		last = --page->left == 0;
		if (i % 2)
			sched_yield();
		marcher->faults += fifolock_unlock(&page->lock, X) != 0;
		if (last)
			unmap(marcher, page);
	}
	return NULL;
}

static struct page *new_page(const struct parade *parade)
{
	struct page *page;

	if (parade->on_heap)
		page = malloc(sizeof(*page));
	else
		page = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cr_assert_not_null(page);
	cr_assert_neq((void *)page, MAP_FAILED);
	page->left = parade->threads;
	cr_assert_eq(fifolock_init(&page->lock, parade->modes), 0);
	return page;
}

static void run_parade(struct parade *parade, void *(*march)(void *))
{
	struct marcher marchers[MOST] = {0};

	parade->pages = calloc(parade->count, sizeof(struct page *));
	for (uint64_t i = 0; i < parade->count; i++)
		parade->pages[i] = new_page(parade);
	for (unsigned i = 0; i < parade->threads; i++) {
		marchers[i].parade = parade;
		pthread_create(&marchers[i].thread, NULL, march, &marchers[i]);
	}
	for (unsigned i = 0; i < parade->threads; i++) {
		pthread_join(marchers[i].thread, NULL);
		cr_assert_eq(marchers[i].faults, 0);
	}
	free(parade->pages);
}

static void parade(void *(*march)(void *), unsigned threads, uint64_t count,
		   const fifolock_modes_t *modes)
{
	struct parade parade = {.count = count,
				.threads = threads,
				.destroys = threads % 2,
				.modes = modes};

	run_parade(&parade, march);
}

static void parade_on_heap(void *(*march)(void *), unsigned threads, uint64_t count)
{
	struct parade parade = {
		.count = count, .threads = threads, .on_heap = true, .modes = NULL};

	run_parade(&parade, march);
}

Test(lifetime, the_last_exclusive_holder_unmaps_the_lock, .description = "G5")
{
	for (unsigned threads = 2; threads <= MOST; threads++)
		parade(march_exclusive, threads, test_scaled(5000),
		       &fifolock_mutex_modes);
}

Test(lifetime, the_last_of_many_readers_unmaps_the_lock, .description = "G5")
{
	for (unsigned threads = 2; threads <= MOST; threads++)
		parade(march_shared, threads, test_scaled(4000), NULL);
}

Test(lifetime, those_who_gave_up_before_do_not_touch_it_either, .description = "G4 G5")
{
	for (unsigned threads = 2; threads <= MOST; threads++)
		parade(march_impatiently, threads, test_scaled(2000),
		       &fifolock_mutex_modes);
}

Test(lifetime, the_last_holder_frees_the_lock, .description = "G5")
{
	parade_on_heap(march_exclusive, 2, test_scaled(5000));
	parade_on_heap(march_exclusive, 3, test_scaled(5000));
	parade_on_heap(march_shared, 3, test_scaled(5000));
	parade_on_heap(march_impatiently, 4, test_scaled(3000));
}

static bool one_at_a_time(const uint32_t holds[], unsigned mode, void *ctx)
{
	(void)ctx;
	return holds[mode] == 0;
}

Test(lifetime, the_same_holds_for_a_predicate_table, .description = "G5")
{
	fifolock_modes_t modes;

	cr_assert_eq(fifolock_modes_predicate(&modes, 1, 3, one_at_a_time, NULL), 0);
	parade(march_exclusive, 3, test_scaled(4000), &modes);
	parade(march_impatiently, 5, test_scaled(3000), &modes);
}

/* ---- where a lock may live ---- */

static fifolock_t static_lock = FIFOLOCK_INIT(&fifolock_update_modes);
static fifolock_t zero_lock;

/* Held, waited for, handed over, free again. */
static void works(fifolock_t *lock)
{
	pthread_t waiter;

	cr_assert_eq(fifolock_lock(lock, S), 0);
	pthread_create(&waiter, NULL, pass_once, lock);
	until_waiting(lock, 1);
	cr_assert_eq(fifolock_trylock(lock, S), EBUSY);
	cr_assert_eq(fifolock_unlock(lock, S), 0);
	passed(waiter);
	cr_assert_eq(fifolock_holds(lock, X), 0);
}

Test(lifetime, a_lock_is_small_and_may_be_all_zero_bytes, .description = "G6")
{
	fifolock_t lock;

	cr_assert_leq(sizeof(fifolock_t), 40);
	memset(&lock, 0, sizeof(lock));
	works(&lock);
	works(&zero_lock);
	cr_assert_eq(fifolock_trylock(&zero_lock, FIFOLOCK_UPDATE), EINVAL);
	cr_assert_eq(fifolock_destroy(&lock), 0);
}

Test(lifetime, a_static_lock_has_the_table_it_names, .description = "initialisers")
{
	works(&static_lock);
	cr_assert_eq(fifolock_trylock(&static_lock, FIFOLOCK_UPDATE), 0);
	cr_assert_eq(fifolock_trylock(&static_lock, FIFOLOCK_UPDATE), EBUSY);
	cr_assert_eq(fifolock_unlock(&static_lock, FIFOLOCK_UPDATE), 0);
	cr_assert_eq(fifolock_init(&static_lock, NULL), 0);
	works(&static_lock);
	cr_assert_eq(fifolock_trylock(&static_lock, FIFOLOCK_UPDATE), EINVAL);
}

Test(lifetime, a_lock_may_live_in_shared_memory_of_one_process,
     .description = "shared memory")
{
	fifolock_t *lock = mmap(NULL, sizeof(*lock), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	cr_assert_neq((void *)lock, MAP_FAILED);
	works(lock);
	cr_assert_eq(fifolock_destroy(lock), 0);
	cr_assert_eq(fifolock_init(lock, &fifolock_intent_modes), 0);
	works(lock);
	munmap(lock, sizeof(*lock));
}

/* ---- threads that come and go ---- */

static void generation(fifolock_t *lock, unsigned threads)
{
	pthread_t thread[128];

	cr_assert_eq(fifolock_lock(lock, X), 0);
	for (unsigned i = 0; i < threads; i++)
		pthread_create(&thread[i], NULL, pass_once, lock);
	until_waiting(lock, threads);
	cr_assert_eq(fifolock_unlock(lock, X), 0);
	for (unsigned i = 0; i < threads; i++)
		passed(thread[i]);
}

static void *give_up_and_exit(void *lock)
{
	struct timespec soon = test_in_ns(CLOCK_MONOTONIC, 1000);

	return fifolock_timedlock(lock, X, &soon) == ETIMEDOUT ? NULL : lock;
}

static void generation_that_gives_up(fifolock_t *lock, unsigned threads)
{
	pthread_t thread[128];

	cr_assert_eq(fifolock_lock(lock, X), 0);
	for (unsigned i = 0; i < threads; i++)
		pthread_create(&thread[i], NULL, give_up_and_exit, lock);
	for (unsigned i = 0; i < threads; i++)
		passed(thread[i]);
	cr_assert_eq(fifolock_waiting(lock), 0);
	cr_assert_eq(fifolock_unlock(lock, X), 0);
}

Test(lifetime, slots_are_as_many_as_ever_waited_at_once, .description = "G4")
{
	fifolock_t lock = {0};
	uint32_t slots;

	for (uint64_t i = 0; i < 20; i++)
		generation(&lock, 4);
	slots = fl_slots_made();
	for (uint64_t i = 0; i < test_scaled(1000); i++)
		generation(&lock, 4);
	for (uint64_t i = 0; i < test_scaled(500); i++)
		generation_that_gives_up(&lock, 4);
	cr_assert_leq(fl_slots_made(), slots < 64 ? 64 : slots);
	generation(&lock, 100);
	slots = fl_slots_made();
	cr_assert_geq(slots, 100);
	for (uint64_t i = 0; i < test_scaled(20); i++)
		generation(&lock, 100);
	cr_assert_eq(fl_slots_made(), slots);
}

/* A thread's last waits may come from the destructor of one of its keys, before the
 * library's own thread exit or after it. */
struct leaver {
	pthread_key_t key;
	fifolock_t body, destructor;
	unsigned again; /* how often the destructor is to run once more */
	bool fault;
};

static void wait_late(void *value)
{
	struct leaver *leaver = value;

	leaver->fault |= pass_once(&leaver->destructor) != NULL;
	if (leaver->again) {
		leaver->again--;
		pthread_setspecific(leaver->key, leaver);
	}
}

static void *exit_with_a_key(void *arg)
{
	struct leaver *leaver = arg;

	pthread_setspecific(leaver->key, leaver);
	return pass_once(&leaver->body);
}

static void exit_late(struct leaver *leaver, unsigned again)
{
	pthread_t thread;

	leaver->again = again;
	cr_assert_eq(fifolock_lock(&leaver->body, X), 0);
	cr_assert_eq(fifolock_lock(&leaver->destructor, X), 0);
	pthread_create(&thread, NULL, exit_with_a_key, leaver);
	until_waiting(&leaver->body, 1);
	cr_assert_eq(fifolock_unlock(&leaver->body, X), 0);
	until_waiting(&leaver->destructor, 1);
	cr_assert_eq(fifolock_unlock(&leaver->destructor, X), 0);
	passed(thread);
	cr_assert_not(leaver->fault);
	cr_assert_eq(fifolock_holds(&leaver->destructor, X), 0);
}

static void many_exit_late(struct leaver *leaver)
{
	uint32_t slots;

	for (unsigned i = 0; i < 10; i++)
		exit_late(leaver, i % 2);
	slots = fl_slots_made();
	for (uint64_t i = 0; i < test_scaled(1000); i++)
		exit_late(leaver, i % 2);
	cr_assert_leq(fl_slots_made(), slots < 64 ? 64 : slots);
}

Test(lifetime, a_destructor_of_an_older_key_may_wait, .description = "G4")
{
	struct leaver leaver = {.fault = false};

	cr_assert_eq(pthread_key_create(&leaver.key, wait_late), 0);
	many_exit_late(&leaver);
}

Test(lifetime, a_destructor_of_a_younger_key_may_wait, .description = "G4")
{
	struct leaver leaver = {.fault = false};
	fifolock_t lock = {0};

	generation(&lock, 1);
	cr_assert_eq(pthread_key_create(&leaver.key, wait_late), 0);
	many_exit_late(&leaver);
}

/* ---- fork ---- */

struct company {
	fifolock_t lock;
	pthread_t thread[3];
	bool over; /* atomic */
	bool fault;
};

static void *churn(void *arg)
{
	struct company *company = arg;
	bool fault = false;

	while (!__atomic_load_n(&company->over, __ATOMIC_RELAXED)) {
		struct timespec soon = test_in_ns(CLOCK_MONOTONIC, 20000);
		int rc = fifolock_timedlock(&company->lock, X, &soon);

		if (rc == 0)
			sched_yield();
		fault |= rc && rc != ETIMEDOUT;
		fault |= rc == 0 && fifolock_unlock(&company->lock, X);
	}
	return fault ? company : NULL;
}

static void *wait_for_the_unit(void *lock)
{
	return fifolock_lock(lock, 0) || fifolock_unlock(lock, 0) ? lock : NULL;
}

/* In the child: another thread waits, and is granted.  (ThreadSanitizer lets the child
 * of a process with threads start none.) */
static bool hands_over(fifolock_t *lock)
{
	void *fault = NULL;
#ifndef SANITIZED
	pthread_t thread;

	pthread_create(&thread, NULL, wait_for_the_unit, lock);
	until_waiting(lock, 1);
	if (fifolock_unlock(lock, 0) || pthread_join(thread, &fault))
		return false;
#else
	if (fifolock_unlock(lock, 0))
		return false;
#endif
	return !fault && fifolock_lock(lock, 0) == 0;
}

/* The child: give back, take again, wait with a deadline, hand over. */
static int child_uses(fifolock_t *lock)
{
	struct timespec soon = test_in_ns(CLOCK_MONOTONIC, 1000000);

	if (fifolock_unlock(lock, 0) || fifolock_unlock(lock, 0) != EPERM)
		return 1;
	if (fifolock_lock(lock, 0) || fifolock_trylock(lock, 0) != EBUSY)
		return 2;
	if (fifolock_timedlock(lock, 0, &soon) != ETIMEDOUT || fifolock_waiting(lock))
		return 3;
	if (!hands_over(lock))
		return 4;
	return fifolock_unlock(lock, 0) || fifolock_destroy(lock) ? 5 : 0;
}

/* Fork while the one unit is held by the caller; what became of the child. */
static int fork_holding(fifolock_t *lock)
{
	int status = -1;
	pid_t child;

	cr_assert_eq(fifolock_lock(lock, 0), 0);
	child = fork();
	if (child == 0)
		_exit(child_uses(lock));
	cr_assert_gt(child, 0);
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(fifolock_holds(lock, 0), 1);
	cr_assert_eq(fifolock_unlock(lock, 0), 0);
	return status;
}

static void forks(fifolock_t *lock, uint64_t times)
{
	pthread_t waiter;

	for (uint64_t i = 0; i < times; i++) {
		int status = fork_holding(lock);

		cr_assert_eq(status, 0, "status %#x", (unsigned)status);
		cr_assert_eq(fifolock_lock(lock, 0), 0);
		pthread_create(&waiter, NULL, wait_for_the_unit, lock);
		until_waiting(lock, 1);
		cr_assert_eq(fifolock_unlock(lock, 0), 0);
		passed(waiter);
	}
}

/* A table of one's own: holds of a semaphore belong to no thread, so that the debug build,
 * too, lets the holder wait. */
Test(lifetime, a_child_goes_on_with_the_locks_of_the_forking_thread,
     .description = "fork")
{
	fifolock_modes_t one;
	fifolock_t lock;

	cr_assert_eq(fifolock_modes_semaphore(&one, 1), 0);
	cr_assert_eq(fifolock_init(&lock, &one), 0);
	forks(&lock, test_scaled(100));
}

Test(lifetime, a_fork_amid_waits_on_other_locks_harms_neither_side, .description = "fork")
{
	struct company company = {.over = false};
	fifolock_modes_t one;
	fifolock_t lock;

	cr_assert_eq(fifolock_modes_semaphore(&one, 1), 0);
	cr_assert_eq(fifolock_init(&lock, &one), 0);
	for (unsigned i = 0; i < 3; i++)
		pthread_create(&company.thread[i], NULL, churn, &company);
	forks(&lock, test_scaled(300));
	__atomic_store_n(&company.over, true, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < 3; i++)
		passed(company.thread[i]);
	cr_assert_eq(fifolock_destroy(&company.lock), 0);
}

/* ---- what a wait allocates ---- */

#ifndef SANITIZED
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static __thread volatile bool watched; /* count the allocations of this thread */
static unsigned allocations;	       /* atomic */

static void count_one(void)
{
	if (watched)
		__atomic_fetch_add(&allocations, 1, __ATOMIC_RELAXED);
}

void *malloc(size_t size)
{
	count_one();
	return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	count_one();
	return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	count_one();
	return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	count_one();
	return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
	count_one();
	*out = __libc_memalign(alignment, size);
	return *out ? 0 : ENOMEM;
}

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
	count_one();
	return (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
}

struct frugal {
	fifolock_t lock;
	uint64_t rounds;
	uint64_t held, timed_out; /* atomic: the round in which that has happened */
	uint64_t faults;
};

/* Wait once; then time out, wait and be granted without one allocation. */
static void *wait_frugally(void *arg)
{
	struct frugal *frugal = arg;

	for (uint64_t i = 1; i <= frugal->rounds; i++) {
		struct timespec soon;

		while (__atomic_load_n(&frugal->held, __ATOMIC_ACQUIRE) < i)
			sched_yield();
		soon = test_in_ns(CLOCK_MONOTONIC, (int64_t)(i % 2) * 3000);
		if (i > 1 && fifolock_timedlock(&frugal->lock, X, &soon) != ETIMEDOUT)
			frugal->faults++;
		__atomic_store_n(&frugal->timed_out, i, __ATOMIC_RELEASE);
		frugal->faults += fifolock_lock(&frugal->lock, X) != 0;
		frugal->faults += fifolock_unlock(&frugal->lock, X) != 0;
		watched = true;
	}
	watched = false;
	return NULL;
}

static void hold_for_a_round(struct frugal *frugal, uint64_t round)
{
	cr_assert_eq(fifolock_lock(&frugal->lock, X), 0);
	__atomic_store_n(&frugal->held, round, __ATOMIC_RELEASE);
	while (__atomic_load_n(&frugal->timed_out, __ATOMIC_ACQUIRE) < round)
		sched_yield();
	until_waiting(&frugal->lock, 1);
	cr_assert_eq(fifolock_unlock(&frugal->lock, X), 0);
}

Test(lifetime, only_a_threads_first_wait_may_allocate, .description = "G6")
{
	struct frugal frugal = {.rounds = test_scaled(3000)};
	pthread_t waiter;

	watched = true;
	free(*(void *volatile *)&(void *){malloc(1)});
	watched = false;
	cr_assert_eq(allocations, 1);
	pthread_create(&waiter, NULL, wait_frugally, &frugal);
	for (uint64_t i = 1; i <= frugal.rounds; i++)
		hold_for_a_round(&frugal, i);
	passed(waiter);
	cr_assert_eq(frugal.faults, 0);
	cr_assert_eq(allocations, 1);
}

Test(lifetime, what_does_not_wait_never_allocates, .description = "G6")
{
	struct timespec past = {.tv_sec = 1};
	fifolock_t lock = {0};
	int faults = 0;

	watched = true;
	for (unsigned i = 0; i < 1000; i++) {
		faults += fifolock_lock(&lock, S) != 0;
		faults += fifolock_trylock(&lock, S) != 0;
		faults += fifolock_timedlock(&lock, S, &past) != 0;
		faults += fifolock_unlock_n(&lock, S, 2) != 0;
		faults += fifolock_trylock(&lock, X) != EBUSY;
		faults += fifolock_unlock(&lock, S) != 0;
	}
	faults += fifolock_destroy(&lock) != 0;
	watched = false;
	cr_assert_eq(faults, 0);
	cr_assert_eq(allocations, 0);
	cr_assert_eq(fl_slots_made(), 0);
}
#endif
