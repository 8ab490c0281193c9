/* SPDX-License-Identifier: MIT
 *
 * last_holder_frees.c - the last one that holds the lock, or uses it, frees it.
 */
#define _GNU_SOURCE
#include "jobs.h"
#include <sys/mman.h>
#include <unistd.h>

/* A lock in a page of its own, with the number of those that still are to come. */
struct page {
	fifolock_t lock;
	unsigned left; /* guarded */
	unsigned runs; /* atomic: calls of run that have not returned */
	bool on_heap;
};

static uint64_t freed; /* atomic */

static struct page *new_page(bool on_heap, unsigned left, unsigned runs)
{
	struct page *page = calloc(1, sizeof(*page));

	if (!on_heap) {
		free(page);
		page = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	}
	page->on_heap = on_heap;
	page->left = left;
	page->runs = runs;
	return page;
}

static void frees(struct page *page)
{
	__atomic_fetch_add(&freed, 1, __ATOMIC_RELAXED);
	if (page->on_heap)
		free(page);
	else
		munmap(page, (size_t)sysconf(_SC_PAGESIZE));
}

/* Threads that visit one page after the other, all at once. */
struct street {
	struct page **pages;
	uint64_t count;
	unsigned threads;
	uint64_t arrived; /* atomic */
};

/* Relaxed: it is the lock that is to order what they do.  The thread's number. */
static unsigned arrives(struct street *street, uint64_t i)
{
	uint64_t number = __atomic_fetch_add(&street->arrived, 1, __ATOMIC_RELAXED);

	while (__atomic_load_n(&street->arrived, __ATOMIC_RELAXED) <
	       street->threads * (i + 1))
		sched_yield();
	return (unsigned)(number % street->threads);
}

static void walk_down(struct street *street, void *(*walks)(void *))
{
	together(street->threads, walks, street);
	cr_assert_eq(freed, street->count);
	cr_assert_eq(faults, 0);
	free(street->pages);
}

/* ---- callbacks ---- */

struct guest {
	fifolock_request_t request;
	struct page *page;
};

static void leaves(struct page *page)
{
	bool last = --page->left == 0;

	fault_if(fifolock_unlock(&page->lock, X));
	if (last)
		frees(page);
}

/* The request's memory goes, too. */
static void visits(void *ctx, int status)
{
	struct guest *guest = ctx;
	struct page *page = guest->page;

	fault_if(status);
	memset(guest, 0xa5, sizeof(*guest));
	free(guest);
	leaves(page);
}

static void visit(struct page *page)
{
	struct guest *guest = malloc(sizeof(*guest));
	int rc;

	guest->page = page;
	rc = fifolock_request(&page->lock, X, 1, &guest->request, visits, guest);
	if (rc == 0)
		visits(guest, 0);
	fault_if(rc && rc != EINPROGRESS);
}

Test(last, holder_frees_the_lock_in_its_callback, .description = "G5")
{
	uint64_t rounds = test_scaled(1000);

	for (uint64_t i = 0; i < rounds; i++) {
		struct page *page = new_page(i % 2, 6, 0);

		cr_assert_eq(fifolock_lock(&page->lock, X), 0);
		for (unsigned j = 0; j < 5; j++)
			visit(page);
		leaves(page);
	}
	cr_assert_eq(freed, rounds);
	cr_assert_eq(faults, 0);
}

#define GUESTS 3 /* threads; each comes twice at once, and once more */

static void *travels(void *arg)
{
	struct street *street = arg;

	for (uint64_t i = 0; i < street->count; i++) {
		struct page *page = street->pages[i];

		arrives(street, i);
		visit(page);
		visit(page);
		fault_if(fifolock_lock(&page->lock, X));
		leaves(page);
	}
	return NULL;
}

/* No thread frees a lock before all requests on it have returned: each comes once more. */
Test(last, holder_of_many_threads_frees_the_lock, .description = "G5")
{
	struct street street = {.count = test_scaled(10000), .threads = GUESTS};

	street.pages = calloc(street.count, sizeof(struct page *));
	for (uint64_t i = 0; i < street.count; i++)
		street.pages[i] = new_page(i % 2, 3 * GUESTS, 0);
	walk_down(&street, travels);
}

/* ---- sections ---- */

struct stay {
	struct page *page;
	bool last;
};

static void drops(void *arg)
{
	struct stay *stay = arg;

	stay->last = --stay->page->left == 0;
}

/* The lock must stay until the others' calls of run have returned. */
static void until_returned(const struct page *page)
{
	while (__atomic_load_n(&page->runs, __ATOMIC_ACQUIRE))
		sched_yield();
}

static void stays_by_run(struct stay *stay)
{
	fault_if(fifolock_run(&stay->page->lock, X, drops, stay));
	__atomic_fetch_sub(&stay->page->runs, 1, __ATOMIC_RELEASE);
	if (stay->last)
		until_returned(stay->page);
}

static void stays_by_lock(struct stay *stay)
{
	fault_if(fifolock_lock(&stay->page->lock, X));
	drops(stay);
	if (stay->last)
		until_returned(stay->page);
	fault_if(fifolock_unlock(&stay->page->lock, X));
}

/* In two rounds of four; in the others all but two are plain lockers. */
static bool only_runs(uint64_t i)
{
	return i % 4 < 2;
}

static void *walks(void *arg)
{
	struct street *street = arg;

	for (uint64_t i = 0; i < street->count; i++) {
		struct stay stay = {.page = street->pages[i]};
		unsigned number = arrives(street, i);

		if (only_runs(i) || number < 2)
			stays_by_run(&stay);
		else
			stays_by_lock(&stay);
		if (stay.last)
			frees(stay.page);
	}
	return NULL;
}

Test(last, user_frees_the_lock_when_all_runs_have_returned, .description = "G5")
{
	for (unsigned threads = 2; threads <= 6; threads++) {
		struct street street = {.count = test_scaled(5000), .threads = threads};

		freed = 0;
		street.pages = calloc(street.count, sizeof(struct page *));
		for (uint64_t i = 0; i < street.count; i++)
			street.pages[i] =
				new_page(i % 2, threads, only_runs(i) ? threads : 2);
		walk_down(&street, walks);
	}
}
