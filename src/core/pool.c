/* SPDX-License-Identifier: MIT
 *
 * pool.c - where slots come from and go to.
 *
 * Memory comes in chunks, each twice the one before, the first one static; a
 * chunk is never moved and never given back.  Id i lives in the chunk given by
 * the highest bit of i + 63.
 *
 * Free slots are a stack of ids (Treiber, IBM RJ 5118, 1986) whose top carries a
 * tag that counts changes, so that a pop that slept over a pop and a push of the
 * same id fails.  liburcu's lock-free stack would want a mutex or a grace period
 * around each pop for that; a mutex here could be held by a thread that does not
 * exist in a forked child.  The tag has 36 bits: it would take 2^36 changes,
 * to the exact number, while one thread is between two instructions.
 *
 *	row       released by          acquired by         what it carries
 *	[CHUNK]   chunk_add            fl_slot_at          the zeroed chunk
 *	[FREE]    fl_slot_free         pop                 the last owner's writes
 *	[MADE]    make                 fl_slots_made       the chunks of the ids counted
 *	[KEY]     key_make             ask_key             which key it is
 *	[LIFE]    new_life     fl_slot_leave_news (slot.c)  that its last life is over
 *
 *	relaxed    because
 *	[GUESS]    A first look.  The compare-and-swap after it decides.
 *	[CARRIED]  The release after it carries the write; the acquire before it, the read.
 *	           What a later owner has written there instead comes with another tag.
 *	[COUNT]    A first look.  The compare-and-swap after it makes the id unique.
 *	[HINT]     Which line is fetched, nothing else.
 *	[OVER]     No thread may still be at its first wait when the library is unloaded.
 */
#define _GNU_SOURCE
#include "slot.h"
#include "atomic.h"
#include "observe/detector.h"
#include "role.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

#define CHUNK_FIRST 64u
#define CHUNKS	    22u
#define ID_BITS	    28
#define ID_MASK	    ((UINT64_C(1) << ID_BITS) - 1)

_Static_assert(sizeof(struct fl_slot) == 64, "a slot is one cache line");
_Static_assert(((uint64_t)CHUNK_FIRST << CHUNKS) - CHUNK_FIRST <= ID_MASK, "ids fit");

static struct fl_slot chunk_zero[CHUNK_FIRST] __attribute__((aligned(64)));
static struct fl_slot *chunks[CHUNKS] = {chunk_zero};
static uint64_t free_top; /* {tag, id}; any thread, by compare-and-swap */
static uint32_t made;	  /* ids 1..made exist; any thread, by compare-and-swap */

static unsigned chunk_of(uint32_t id)
{
	return 25u - (unsigned)__builtin_clz(id + CHUNK_FIRST - 1);
}

struct fl_slot *fl_slot_at(uint32_t id)
{
	unsigned k = chunk_of(id);

	/* [CHUNK] acquire */
	return fl_load_acquire(&chunks[k]) + (id + CHUNK_FIRST - 1 - (CHUNK_FIRST << k));
}

/* *, no chunk k -> chunk k.  Two threads may both map it; one keeps it. */
static bool chunk_add(unsigned k)
{
	size_t size = sizeof(struct fl_slot) * ((size_t)CHUNK_FIRST << k);
	struct fl_slot *none = NULL;
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return false;
	fl_watch_hide(memory, size);
	/* [CHUNK] release */
	if (!fl_cas_release(&chunks[k], &none, (struct fl_slot *)memory))
		munmap(memory, size);
	return true;
}

static struct fl_slot *pop(void)
{
	/* [FREE] acquire: names a slot whose birth is to be seen. */
	uint64_t top = fl_load_acquire(&free_top);
	uint64_t next;
	struct fl_slot *slot;

	do {
		if (!(top & ID_MASK))
			return NULL;
		slot = fl_slot_at((uint32_t)(top & ID_MASK));
		/* [CARRIED] */
		next = ((top & ~ID_MASK) + ID_MASK + 1) |
		       fl_load_relaxed(&slot->stack_next);
		/* [FREE] acquire, when it fails, too; no release */
	} while (!fl_cas_acq_rel(&free_top, &top, next));
	return slot;
}

static struct fl_slot *make(void)
{
	uint32_t last = fl_load_relaxed(&made); /* [COUNT] */
	struct fl_slot *slot;

	do {
		unsigned k = chunk_of(last + 1);

		if (k >= CHUNKS)
			return NULL;
		if (!fl_load_relaxed(&chunks[k]) && !chunk_add(k)) /* [GUESS] */
			return NULL;
		/* [MADE] release */
	} while (!fl_cas_release(&made, &last, last + 1));
	slot = fl_slot_at(last + 1);
	slot->id = last + 1;
	return slot;
}

/* A thread that comes late with news for its last one finds that it is over. */
static void new_life(struct fl_slot *slot)
{
	fl_slot_set_target(slot, NULL);
	/* [LIFE] release */
	fl_store_release(&slot->word, 0u);
}

struct fl_slot *fl_slot_new(void)
{
	struct fl_slot *slot = pop();

	if (!slot)
		slot = make();
	if (!slot)
		return NULL;
	new_life(slot);
	return slot;
}

void fl_slot_free(struct fl_slot *slot)
{
	uint64_t top = fl_load_relaxed(&free_top); /* [GUESS] */
	uint64_t next;

	do {
		fl_slot_set_stack_next(slot, (uint32_t)(top & ID_MASK));
		next = ((top & ~ID_MASK) + ID_MASK + 1) | slot->id;
		/* [FREE] release */
	} while (!fl_cas_release(&free_top, &top, next));
}

uint32_t fl_slots_turn_round(uint32_t id)
{
	uint32_t oldest = 0;

	while (id) {
		struct fl_slot *slot = fl_slot_at(id);
		uint32_t below = fl_load_relaxed(&slot->stack_next); /* [CARRIED] */

		fl_slot_set_stack_next(slot, oldest);
		oldest = id;
		id = below;
	}
	return oldest;
}

uint32_t fl_slots_made(void)
{
	/* [MADE] acquire */
	return fl_load_acquire(&made);
}

/* Each thread keeps one slot between its waits.  A key's destructor returns it
 * when the thread ends; in a thread that has no key or whose destructor has run
 * (another destructor may still wait on a lock) each wait has a slot of its own, as has
 * a wait inside another.
 *
 * The key is made when the library is loaded, and deleted when it is unloaded, as it may be
 * with libfifolock.a in a plug-in: threads that end later must not run what is no
 * longer there.  glibc has room in each thread for the first 32 keys, for the others
 * pthread_setspecific calls malloc, and malloc may be waiting for a lock: then there is no
 * key.  Nor may it be pthread_once, which ends the process where futex is refused. */
FL_MY enum { ASK_KEY, KEEPS, KEEPS_NONE } keeps;
/* Of role.h; beside another small one, as the room is short (thread.h). */
FL_ALL_MY enum fl_met_how fl_met_how;
static pthread_key_t key;
static uint32_t key_works; /* atomic; key is written before */

/* No thread needs it, unless the role of a lock's scanner rests there still. */
void fl_slot_drop(struct fl_slot *slot)
{
	if (!fl_role_orphan(slot))
		fl_slot_free(slot);
}

static void thread_ends(void *unused)
{
	(void)unused;
	keeps = KEEPS_NONE;
	if (fl_kept_slot)
		fl_slot_drop(fl_kept_slot);
	fl_kept_slot = NULL;
}

FL_LOADED static void key_make(void)
{
	if (pthread_key_create(&key, thread_ends) != 0)
		return;
	if (key >= KEYS_WITHOUT_MALLOC)
		pthread_key_delete(key);
	else
		fl_store_release(&key_works, 1u); /* [KEY] release */
}

/* Also when the process ends, and other threads go on. */
FL_UNLOADED static void key_unmake(void)
{
	/* [KEY] acquire */
	if (!fl_load_acquire(&key_works))
		return;
	fl_store_relaxed(&key_works, 0u); /* [OVER] */
	pthread_key_delete(key);
}

/* Before the library is loaded (in another constructor) it is not known yet. */
static void ask_key(void)
{
	/* [KEY] acquire */
	if (fl_load_acquire(&key_works))
		keeps = pthread_setspecific(key, &key) == 0 ? KEEPS : KEEPS_NONE;
}

/* The slot that the thread has kept; not if the role of a lock's scanner rests there still. */
static struct fl_slot *take_kept(void)
{
	struct fl_slot *slot = fl_kept_slot;

	fl_kept_slot = NULL;
	return slot && !fl_role_orphan(slot) ? slot : NULL;
}

struct fl_slot *fl_slot_for_wait(void)
{
	struct fl_slot *slot = take_kept();
	int saved = errno;

	if (fl_likely(slot)) {
		new_life(slot);
		return slot;
	}
	if (keeps == ASK_KEY)
		ask_key();
	slot = fl_slot_new();
	errno = saved;
	return slot;
}

/* What the release will need, while the section runs: its own line, which the giver has, and the heir's, to look
 * at (16 processors, sections of 20 and 200 ns: 6 % more operations a second). */
static void fetch_for_release(const struct fl_slot *keeper)
{
	uint32_t hint = fl_load_relaxed(&keeper->hint); /* [HINT] */

	fl_prefetch_write(keeper);
	if (hint)
		fl_fetch(fl_slot_at(hint));
}

/* The lock that the role is kept of, if it is, is found by the thread's own release. */
void fl_slot_waited(struct fl_slot *slot)
{
	uint64_t note = fl_slot_note(slot);

	if (fl_unlikely(fl_kept_slot || keeps != KEEPS)) {
		fl_slot_drop(slot);
		return;
	}
	fl_kept_slot = slot;
	fl_kept_lock = NULL;
	if ((note & FL_ROLE_MASK) == FL_KEPT && !(note & FL_NOTE_SINCE)) {
		fl_kept_lock = (const fifolock_t *)(uintptr_t)(note & ~FL_ROLE_MASK);
		fetch_for_release(slot);
	}
}

void fl_pool_hide(void)
{
	fl_watch_hide(chunk_zero, sizeof(chunk_zero));
	fl_watch_hide(chunks, sizeof(chunks));
	fl_watch_hide(&free_top, sizeof(free_top));
	fl_watch_hide(&made, sizeof(made));
	fl_watch_hide(&key, sizeof(key));
	fl_watch_hide(&key_works, sizeof(key_works));
}
