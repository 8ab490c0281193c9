/* SPDX-License-Identifier: MIT
 *
 * far_inside.c - see far_inside.h.
 */
#include "far_inside.h"

#include <string.h>

struct fl_far_key {
	struct fl_entry entry;
	struct fl_home *home;
	unsigned maker;
	bool gone;
	uint32_t freed; /* for which threads */
	unsigned char bytes[KEY_BYTES];
};

struct fl_far {
	uint64_t keys; /* atomic */
};

static struct fl_far far_keys;
static struct fl_far_key made[FAR_MOST];
static unsigned made_count;
static unsigned inside[EX_THREADS + 1]; /* the last: before the threads begin */

#define BLOCKS 12
static struct {
	unsigned char bytes[KEY_BYTES];
	bool freed;
} blocks[BLOCKS];
static unsigned block_count;

static bool lacks_memory[EX_THREADS + 1], refused[EX_THREADS + 1];

static unsigned me(void)
{
	return ex_exploring() ? ex_current() : EX_THREADS;
}

void far_begin(void)
{
	far_keys.keys = 0;
	made_count = block_count = 0;
	memset(inside, 0, sizeof(inside));
	memset(lacks_memory, 0, sizeof(lacks_memory));
	memset(refused, 0, sizeof(refused));
}

struct fl_far *far_table(void)
{
	return &far_keys;
}

uintptr_t far_word(void)
{
	return (uintptr_t)&far_keys.keys;
}

unsigned far_made(void)
{
	return made_count;
}

struct fl_entry *far_entry(unsigned which)
{
	return &made[which].entry;
}

bool far_is_in(unsigned which)
{
	return far_keys.keys >> which & 1;
}

bool far_is_gone(unsigned which)
{
	return made[which].gone;
}

unsigned far_which(uintptr_t at)
{
	size_t offset = at - (uintptr_t)made;

	return offset < made_count * sizeof(made[0])
		       ? (unsigned)(offset / sizeof(made[0]))
		       : made_count;
}

/* The last. */
int far_which_made_by(unsigned thread)
{
	for (unsigned i = made_count; i--;)
		if (made[i].maker == thread)
			return (int)i;
	return -1;
}

static struct fl_far_key *far_key(const struct fl_entry *entry)
{
	return &made[far_which((uintptr_t)entry)];
}

/* ---- memory ---- */

void far_lack_memory(unsigned thread, bool lacks)
{
	lacks_memory[thread] = lacks;
	refused[thread] = false;
}

bool far_was_refused(unsigned thread)
{
	return refused[thread];
}

static bool has_memory(void)
{
	refused[me()] |= lacks_memory[me()];
	return !lacks_memory[me()];
}

bool far_leaks(void)
{
	for (unsigned i = 0; i < block_count; i++)
		if (!blocks[i].freed)
			return true;
	return false;
}

void *ex_realloc(void *memory, size_t size)
{
	if (!has_memory())
		return NULL;
	if (memory || block_count == BLOCKS || size > KEY_BYTES)
		ex_fail("explorer: too many long keys");
	blocks[block_count].freed = false;
	memory_watch(blocks[block_count].bytes, KEY_BYTES, "long key");
	return blocks[block_count++].bytes;
}

static void free_block(unsigned which)
{
	if (blocks[which].freed)
		ex_fail("thread %u frees a key's bytes a second time", me());
	memory_touch(blocks[which].bytes, KEY_BYTES, true);
	memset(blocks[which].bytes, 0xfd, KEY_BYTES);
	memory_is_free(blocks[which].bytes);
	blocks[which].freed = true;
}

void ex_free(void *memory)
{
	for (unsigned i = 0; i < block_count; i++)
		if (memory == blocks[i].bytes) {
			free_block(i);
			return;
		}
	ex_fail("thread %u frees what is nothing of malloc's", me());
}

void *ex_memcpy(void *to, const void *from, size_t size)
{
	memory_touch(from, size, false);
	memory_touch(to, size, true);
	return memcpy(to, from, size);
}

int ex_memcmp(const void *one, const void *other, size_t size)
{
	memory_touch(one, size, false);
	memory_touch(other, size, false);
	return memcmp(one, other, size);
}

/* ---- sections of readers ---- */

static void is_free_for(struct fl_far_key *key, uint32_t threads)
{
	key->freed = threads;
	memory_is_free_for(key, threads);
}

void fl_far_enter(const struct fl_far *far)
{
	(void)far;
	if (!inside[me()]++ && ex_exploring())
		memory_protect(true);
}

void fl_far_leave(const struct fl_far *far)
{
	(void)far;
	if (!inside[me()])
		ex_fail("thread %u leaves where it is not", me());
	if (--inside[me()] || !ex_exploring())
		return;
	memory_protect(false);
	for (unsigned i = 0; i < made_count; i++)
		if (made[i].gone)
			is_free_for(&made[i], made[i].freed | 1u << me());
}

static void must_be_inside(const char *what)
{
	if (!inside[me()])
		ex_fail("thread %u %s outside of a reader's section", me(), what);
}

/* ---- entries ---- */

struct fl_home *fl_far_home(struct fl_entry *entry)
{
	memory_touch(&far_key(entry)->home, sizeof(void *), false);
	return far_key(entry)->home;
}

const unsigned char *fl_far_bytes(const struct fl_entry *entry)
{
	return far_key(entry)->bytes;
}

void fl_far_relieve(struct fl_far *far)
{
	(void)far;
	if (inside[me()])
		ex_fail("thread %u may wait in a reader's section", me());
}

struct fl_entry *fl_far_make(struct fl_far *far, const struct fl_key *key,
			     struct fl_home *home, const fifolock_modes_t *modes,
			     uint64_t units)
{
	struct fl_far_key *next = &made[made_count];

	(void)far;
	if (!has_memory())
		return NULL;
	if (made_count == FAR_MOST)
		ex_fail("explorer: more than %d far entries", FAR_MOST);
	memset(next, 0, sizeof(*next));
	next->entry.state = FL_ENTRY_TENTATIVE | FL_USER;
	next->entry.word = key->word;
	next->entry.size = key->key.bytes ? (uint32_t)key->key.n : 0;
	next->entry.is_number = !key->key.bytes;
	next->entry.is_far = true;
	fl_entry_lock_init(&next->entry, modes, units);
	next->home = home;
	next->maker = me();
	memcpy(next->bytes, key->key.bytes ? key->key.bytes : "", next->entry.size);
	memory_watch(next, sizeof(*next), "far");
	made_count++;
	return &next->entry;
}

void fl_far_discard(struct fl_entry *entry)
{
	if (far_is_in(far_which((uintptr_t)entry)))
		ex_fail("thread %u frees an entry that is in the table", me());
	far_key(entry)->gone = true;
	is_free_for(far_key(entry), ~UINT32_C(0));
}

/* ---- the table ---- */

/* Its key is constant, and a thread that has found it has seen what was there before. */
static bool is_of(const struct fl_far_key *one, const struct fl_key *key)
{
	if (one->entry.word != key->word || one->entry.is_number != !key->key.bytes)
		return false;
	return one->entry.is_number ||
	       (one->entry.size == key->key.n &&
		!memcmp(one->bytes, key->key.bytes, one->entry.size));
}

static struct fl_entry *search(uint64_t keys, const struct fl_key *key)
{
	for (unsigned i = 0; i < made_count; i++)
		if (keys >> i & 1 && is_of(&made[i], key))
			return &made[i].entry;
	return NULL;
}

/* This thread may have seen one, inside, that has been taken out before it came: then that is
 * not freed before it leaves. */
static struct fl_entry *seen(struct fl_entry *entry)
{
	if (!entry || !ex_exploring())
		return entry;
	memory_found(entry);
	if (far_key(entry)->gone)
		is_free_for(far_key(entry), far_key(entry)->freed & ~(1u << me()));
	return entry;
}

struct fl_entry *fl_far_find(struct fl_far *far, const struct fl_key *key)
{
	static const struct ex_site site = {"find", "far.h", 0};

	must_be_inside("searches");
	return seen(
		search(ex_load(&far->keys, sizeof(far->keys), EX_RELAXED, &site), key));
}

struct adding {
	const struct fl_key *key;
	struct fl_entry *entry, *other;
};

static bool add(uint64_t *keys, void *ctx)
{
	struct adding *adding = ctx;

	adding->other = search(*keys, adding->key);
	*keys |= UINT64_C(1) << far_which((uintptr_t)adding->entry);
	return !adding->other;
}

struct fl_entry *fl_far_add(struct fl_far *far, const struct fl_key *key,
			    struct fl_entry *entry)
{
	static const struct ex_site site = {"add", "far.h", 0};
	struct adding adding = {key, entry, NULL};

	must_be_inside("adds");
	if (!memory_update(&far->keys, &site, add, &adding))
		return seen(adding.other);
	return entry;
}

static bool take_out(uint64_t *keys, void *ctx)
{
	uint64_t bit = UINT64_C(1) << far_which((uintptr_t)ctx);
	bool is_in = *keys & bit;

	*keys &= ~bit;
	return is_in;
}

bool fl_far_remove(struct fl_far *far, struct fl_entry *entry)
{
	static const struct ex_site site = {"remove", "far.h", 0};
	uint32_t outside = ~UINT32_C(0);

	must_be_inside("takes out");
	memory_touch(far_key(entry)->bytes, 1, false); /* the node is in the entry */
	if (!memory_update(&far->keys, &site, take_out, entry))
		return false;
	for (unsigned t = 0; t <= EX_THREADS; t++)
		if (inside[t])
			outside &= ~(1u << t);
	far_key(entry)->gone = true;
	if (!ex_exploring())
		return true;
	memory_given_up(entry);
	is_free_for(far_key(entry), outside);
	return true;
}

void fl_far_each(struct fl_far *far, bool (*look)(struct fl_entry *entry, void *ctx),
		 void *ctx)
{
	static const struct ex_site site = {"next", "far.h", 0};

	for (unsigned next = 0;; next++) {
		uint64_t keys;

		must_be_inside("walks");
		keys = ex_load(&far->keys, sizeof(far->keys), EX_RELAXED, &site);
		if (!(keys >> next))
			return;
		next += (unsigned)__builtin_ctzll(keys >> next);
		if (!look(seen(&made[next].entry), ctx))
			return;
	}
}

bool fl_far_is_empty(struct fl_far *far)
{
	return !far->keys;
}
