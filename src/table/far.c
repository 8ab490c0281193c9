/* SPDX-License-Identifier: MIT
 *
 * far.c - the hash table of liburcu.
 *
 * What is taken out of the hash table is freed after a grace period, by a thread of liburcu's.  If
 * that gets behind, births leave it the processor.  They do not wait for it: the caller may have
 * what a reader of the same RCU flavour waits for.
 *
 * That thread also makes the table larger and smaller.  (liburcu can do that by itself,
 * CDS_LFHT_AUTO_RESIZE.  In version 0.13 a thread that asks for it, and is preempted before it has noted that it
 * has, notes it for ever, and the table stays as it is.)  How many keys there are is estimated by those
 * whose hash begins with zeros.
 *
 * liburcu's functions and malloc may change errno.
 *
 *	row       released by         acquired by         what it carries
 *	[RESIZE]  resize              ask_for_resize      that the callback's memory is free again
 *
 *	relaxed   because
 *	[COUNT]   It says when to do something, about; what is counted goes by itself.
 */
#define RCU_BP
#define URCU_API_MAP
#include "far.h"
#include "quiet.h"
#include "core/atomic.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <urcu-bp.h>
#include <urcu/rculfhash.h>

struct fl_far_key {
	struct fl_entry entry;
	struct fl_far *far;
	struct fl_home *home;
	struct cds_lfht_node node;
	struct rcu_head head;
	uint64_t hash;
	unsigned char bytes[];
};

struct fl_far {
	struct cds_lfht *keys;
	const struct rcu_flavor_struct *flavor;
	struct rcu_head resize;
	uint32_t asked;	  /* for it; atomic */
	uint64_t buckets; /* of the table; the callback writes it; atomic */
	uint64_t sample __attribute__((aligned(64))); /* atomic */
	uint64_t dead;				      /* not freed yet; atomic */
};

#define FEWEST_BUCKETS 64
#define MOST_BUCKETS   (UINT64_C(1) << 40)
#define MOST_DEAD      32768

/* One key in so many is counted. */
#define SAMPLE_BITS 5

static void free_head(struct rcu_head *head)
{
	fl_quiet(true);
	free(head);
	fl_quiet(false);
}

/* So that liburcu makes its thread now, and not when a first key is given back.  No signal of the program's
 * is for it. */
static bool start_thread(const struct rcu_flavor_struct *flavor)
{
	struct rcu_head *head;
	sigset_t all, saved;

	fl_quiet(true);
	head = malloc(sizeof(*head));
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &saved);
	if (head)
		flavor->update_call_rcu(head, free_head);
	pthread_sigmask(SIG_SETMASK, &saved, NULL);
	fl_quiet(false);
	return head;
}

struct fl_far *fl_far_new(const struct rcu_flavor_struct *flavor)
{
	struct fl_far *far = aligned_alloc(64, sizeof(*far));

	if (!far)
		return NULL;
	*far = (struct fl_far){.flavor = flavor ? flavor : &rcu_flavor,
			       .buckets = FEWEST_BUCKETS};
	fl_hide(far, sizeof(*far));
	fl_quiet(true);
	far->keys = cds_lfht_new_flavor(FEWEST_BUCKETS, FEWEST_BUCKETS, 0, 0, far->flavor,
					NULL);
	fl_quiet(false);
	if (far->keys && start_thread(far->flavor))
		return far;
	if (far->keys)
		cds_lfht_destroy(far->keys, NULL);
	free(far);
	return NULL;
}

void fl_far_free(struct fl_far *far)
{
	int saved = errno, cancel;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	fl_quiet(true);
	far->flavor->barrier();
	cds_lfht_destroy(far->keys, NULL);
	fl_quiet(false);
	pthread_setcancelstate(cancel, NULL);
	errno = saved;
	fl_handed(far);
	free(far);
}

void fl_far_relieve(struct fl_far *far)
{
	if (fl_load_relaxed(&far->dead) > MOST_DEAD) /* [COUNT] */
		sched_yield();
}

void fl_far_enter(const struct fl_far *far)
{
	int saved = errno; /* the first time, the thread gets its record */

	far->flavor->read_lock();
	errno = saved;
}

void fl_far_leave(const struct fl_far *far)
{
	far->flavor->read_unlock();
}

static struct fl_far_key *far_key(const struct fl_entry *entry)
{
	return caa_container_of(entry, struct fl_far_key, entry);
}

static struct fl_entry *entry_of(struct cds_lfht_node *node)
{
	return node ? &caa_container_of(node, struct fl_far_key, node)->entry : NULL;
}

struct fl_home *fl_far_home(struct fl_entry *entry)
{
	return far_key(entry)->home;
}

const unsigned char *fl_far_bytes(const struct fl_entry *entry)
{
	return far_key(entry)->bytes;
}

/* A key does not change while its entry is in the table. */
static int is_key(struct cds_lfht_node *node, const void *key)
{
	return fl_key_same(fl_entry_key(entry_of(node)), *(const fifolock_key_t *)key);
}

struct fl_entry *fl_far_find(struct fl_far *far, const struct fl_key *key)
{
	struct cds_lfht_iter iter;
	struct fl_entry *entry;

	fl_quiet(true);
	cds_lfht_lookup(far->keys, key->hash, is_key, &key->key, &iter);
	entry = entry_of(cds_lfht_iter_get_node(&iter));
	fl_quiet(false);
	fl_handed(entry);
	return entry;
}

static struct fl_far_key *allocate(const fifolock_key_t *key, size_t bytes)
{
	int saved = errno;
	struct fl_far_key *made;

	fl_quiet_here(true);
	made = calloc(1, sizeof(*made) + bytes);
	if (made && bytes)
		memcpy(made->bytes, key->bytes, bytes);
	fl_quiet_here(false);
	errno = saved;
	if (made)
		fl_hide(made, sizeof(*made) + bytes);
	return made;
}

struct fl_entry *fl_far_make(struct fl_far *far, const struct fl_key *key,
			     struct fl_home *home, const fifolock_modes_t *modes,
			     uint64_t units)
{
	size_t bytes = key->key.bytes ? key->key.n : 0;
	struct fl_far_key *made = allocate(&key->key, bytes);

	if (!made)
		return NULL;
	made->entry.state = FL_ENTRY_TENTATIVE | FL_USER;
	made->entry.word = key->word;
	made->entry.size = (uint32_t)bytes;
	made->entry.is_number = !key->key.bytes;
	made->entry.is_far = true;
	fl_entry_lock_init(&made->entry, modes, units);
	made->far = far;
	made->hash = key->hash;
	made->home = home;
	return &made->entry;
}

void fl_far_discard(struct fl_entry *entry)
{
	fl_quiet_here(true);
	free(far_key(entry));
	fl_quiet_here(false);
}

/* A thread that helps may have counted an entry out before another has counted it in. */
static uint64_t keys_of(uint64_t sample)
{
	return sample < MOST_BUCKETS ? sample << SAMPLE_BITS : 0;
}

/* About one for each key, a power of two. */
static uint64_t fitting(const struct fl_far *far)
{
	uint64_t keys = keys_of(fl_load_relaxed(&far->sample)); /* [COUNT] */
	uint64_t buckets = FEWEST_BUCKETS;

	while (buckets < keys && buckets < MOST_BUCKETS)
		buckets *= 2;
	return buckets;
}

/* In liburcu's thread.  News that come while it works are for the next one. */
static void resize(struct rcu_head *head)
{
	struct fl_far *far = caa_container_of(head, struct fl_far, resize);
	uint64_t buckets;

	fl_handed(far);
	fl_quiet(true);
	buckets = fitting(far);
	fl_store_relaxed(&far->buckets, buckets); /* [COUNT] */
	cds_lfht_resize(far->keys, buckets);
	fl_quiet(false);
	fl_store_release(&far->asked, 0); /* [RESIZE] release */
	fl_handed_over(far);
}

static void ask_for_resize(struct fl_far *far)
{
	uint32_t asked = 0;

	/* [RESIZE] acquire */
	if (!fl_cas_acquire(&far->asked, &asked, 1))
		return;
	fl_handed_over(far);
	fl_quiet(true);
	far->flavor->update_call_rcu(&far->resize, resize);
	fl_quiet(false);
}

/* One more, or less. */
static void count(struct fl_far *far, uint64_t hash, uint64_t more)
{
	uint64_t buckets, keys;

	if (hash >> (64 - SAMPLE_BITS))
		return;
	/* [COUNT] */
	keys = keys_of(fl_add_relaxed(&far->sample, more) + more);
	buckets = fl_load_relaxed(&far->buckets); /* [COUNT] */
	if ((keys > 2 * buckets && buckets < MOST_BUCKETS) ||
	    (buckets > FEWEST_BUCKETS && keys < buckets / 8))
		ask_for_resize(far);
}

struct fl_entry *fl_far_add(struct fl_far *far, const struct fl_key *key,
			    struct fl_entry *entry)
{
	int saved = errno;
	struct fl_entry *now;

	fl_handed_over(entry);
	fl_quiet(true);
	now = entry_of(cds_lfht_add_unique(far->keys, key->hash, is_key, &key->key,
					   &far_key(entry)->node));
	fl_quiet(false);
	fl_handed(now);
	if (now == entry)
		count(far, key->hash, 1);
	errno = saved;
	return now;
}

static void free_later(struct rcu_head *head)
{
	struct fl_far_key *gone = caa_container_of(head, struct fl_far_key, head);
	struct fl_far *far;

	fl_quiet(true);
	far = gone->far;
	fl_lock_gone(&gone->entry.lock);
	free(gone);
	fl_quiet(false);
	fl_handed(far);
	fl_add_relaxed(&far->dead, UINT64_MAX); /* [COUNT] */
	fl_handed_over(far);
}

static void bury(struct fl_far *far, struct fl_far_key *gone)
{
	count(far, gone->hash, UINT64_MAX);
	fl_add_relaxed(&far->dead, 1); /* [COUNT] */
	far->flavor->update_call_rcu(&gone->head, free_later);
}

bool fl_far_remove(struct fl_far *far, struct fl_entry *entry)
{
	struct fl_far_key *gone = far_key(entry);
	int saved = errno;
	bool is;

	fl_handed_over(far);
	fl_quiet(true);
	is = cds_lfht_del(far->keys, &gone->node) == 0;
	if (is)
		bury(far, gone);
	fl_quiet(false);
	errno = saved;
	return is;
}

static struct fl_entry *step(struct fl_far *far, struct cds_lfht_iter *iter,
			     void (*move)(struct cds_lfht *, struct cds_lfht_iter *))
{
	struct fl_entry *entry;

	fl_quiet(true);
	move(far->keys, iter);
	entry = entry_of(cds_lfht_iter_get_node(iter));
	fl_quiet(false);
	fl_handed(entry);
	return entry;
}

static struct fl_entry *first(struct fl_far *far, struct cds_lfht_iter *iter)
{
	return step(far, iter, cds_lfht_first);
}

static struct fl_entry *next(struct fl_far *far, struct cds_lfht_iter *iter)
{
	return step(far, iter, cds_lfht_next);
}

void fl_far_each(struct fl_far *far, bool (*look)(struct fl_entry *entry, void *ctx),
		 void *ctx)
{
	struct cds_lfht_iter iter;

	for (struct fl_entry *entry = first(far, &iter); entry; entry = next(far, &iter))
		if (!look(entry, ctx))
			return;
}

bool fl_far_is_empty(struct fl_far *far)
{
	struct cds_lfht_iter iter;
	bool is;

	fl_far_enter(far);
	is = !first(far, &iter);
	fl_far_leave(far);
	return is;
}
