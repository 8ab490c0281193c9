/* SPDX-License-Identifier: MIT
 *
 * target.c - the locks under torture and the memory they are in.
 *
 * Each lock lies at some offset in a page of its own, full of canaries, with a pointer to
 * its target before it, so that the library's events find the log.
 */
#define _GNU_SOURCE
#include "torture.h"
#include "core/queue.h"

#include <sys/mman.h>

#define PAGE   4096u
#define CANARY 0xa5

struct box {
	struct target *target;
	fifolock_t lock;
};

/* Not by mmap: that one fails by chance (see nomem.c). */
void *memory_get(size_t size)
{
	void *memory = NULL;

	if (size >= (1u << 20)) {
		nomem_exempt(true);
		memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		nomem_exempt(false);
		if (memory != MAP_FAILED)
			return memory;
	} else if (posix_memalign(&memory, PAGE, (size + PAGE - 1) / PAGE * PAGE) == 0) {
		memset(memory, 0, size);
		return memory;
	}
	fputs("torture: no memory\n", stderr);
	_Exit(4);
}

void memory_return(void *memory, size_t size)
{
	if (size >= (1u << 20))
		munmap(memory, size);
	else
		free(memory);
}

static struct box *box_of(const fifolock_t *lock)
{
	return (struct box *)((char *)(uintptr_t)lock - offsetof(struct box, lock));
}

bool is_target(const fifolock_t *lock)
{
	const unsigned char *at = (const unsigned char *)lock;

	for (unsigned i = 0; the_round && i < the_round->plan.targets; i++) {
		const unsigned char *page = the_round->targets[i].page;

		if (at >= page && at < page + PAGE)
			return true;
	}
	return false;
}

struct target *target_of(const fifolock_t *lock)
{
	return box_of(lock)->target;
}

/* A lock whose tickets are about to wrap: as after 2^32 waits.  Those of which an int is
 * made wrap at half of that. */
static void wrap(fifolock_t *lock, uint32_t ticket)
{
	lock->arrivals = (uint64_t)ticket << 32;
	lock->dequeued = ticket;
}

static void box_make(struct target *target, uint64_t *random)
{
	size_t slack = (PAGE - sizeof(struct box)) / 8;
	struct box *box;

	box = (struct box *)(target->page + 8 * oracle_below(random, (uint32_t)slack));
	box->target = target;
	if (target->own_table.zero_will_do && oracle_below(random, 2))
		memset(&box->lock, 0, sizeof(box->lock));
	else if (fifolock_init(&box->lock, &target->own_table.modes))
		violation("fifolock_init");
	wrap(&box->lock, target->next_ticket);
	relaxed_store(&target->lock, &box->lock);
}

void target_make(struct target *target, const struct plan *plan, unsigned index,
		 uint64_t *random)
{
	memset(target, 0, sizeof(*target));
	target->index = index;
	target->table = &target->own_table;
	if (has(plan, F_thieves))
		table_semaphore(&target->own_table, plan, 1 + oracle_below(random, 4));
	else
		table_random(&target->own_table, plan, random);
	target->stamped = has(plan, F_stamps);
	target->shadowed = has(plan, F_shadow);
	target->mortal = has(plan, F_mortal) && target->own_table.clique &&
			 oracle_below(random, 2);
	target->sign_offs = plan->seats;
	if (has(plan, F_wrap))
		target->first_ticket = (oracle_below(random, 2) ? 0u : 1u << 31) -
				       oracle_below(random, 400);
	target->next_ticket = target->first_ticket;
	target->page = memory_get(PAGE);
	memset(target->page, CANARY, PAGE);
	box_make(target, random);
}

/* No other thread may be touching the lock now; one that does is seen.  A lock that is not in
 * use need not be destroyed; but it is destroy that orders what earlier holders did before
 * this, for one that only knows from fifolock_holds that they are gone. */
void target_die(struct target *target, bool destroy)
{
	fifolock_t *lock = relaxed_load(&target->lock);

	if (destroy && fifolock_destroy(lock))
		violation("lock %u: not destroyed by its last holder", target->index);
	target->next_ticket = (uint32_t)(lock->arrivals >> 32);
	relaxed_store(&target->lock, NULL);
	memset(target->page, CANARY, PAGE);
	if (mprotect(target->page, PAGE, PROT_NONE))
		violation("mprotect: %d", errno);
	tally_add(&tally->deaths, 1);
}

static bool is_canary(const struct target *target, size_t at)
{
	const fifolock_t *lock = relaxed_load(&target->lock);
	const unsigned char *byte = target->page + at;
	const unsigned char *box = lock ? (unsigned char *)box_of(lock) : NULL;

	return (box && byte >= box && byte < box + sizeof(struct box)) || *byte == CANARY;
}

/* Nothing but the lock was written to; and nothing at all after its death. */
void target_check_page(struct target *target)
{
	if (!relaxed_load(&target->lock))
		mprotect(target->page, PAGE, PROT_READ | PROT_WRITE);
	for (size_t at = 0; at < PAGE; at++)
		if (!is_canary(target, at))
			violation("lock %u: byte %zu of its page was written to",
				  target->index, at);
}

/* Another lock in the place of one that is gone; the tickets go on, and so does the log.
 * One that was not ended lives on. */
void target_reborn(struct target *target, const struct plan *plan, uint64_t *random)
{
	if (!relaxed_load(&target->lock)) {
		target_check_page(target);
		box_make(target, random);
	}
	relaxed_store(&target->sign_offs, plan->seats);
}

void target_free(struct target *target)
{
	memory_return(target->page, PAGE);
	memory_return(target->log, target->log_room * sizeof(*target->log));
	target->page = NULL;
}
