/* SPDX-License-Identifier: MIT
 *
 * far.c - the only file that knows liburcu.
 *
 * The table of liburcu's grows and shrinks by itself, in a thread of its own.  What is taken
 * out of it is freed after a grace period.  liburcu's functions and malloc may change errno.
 */
#define RCU_BP
#define URCU_API_MAP
#include "far.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <urcu-bp.h>
#include <urcu/rculfhash.h>

struct fl_far_key {
	struct fl_entry entry;
	struct fl_home *home;
	struct cds_lfht_node node;
	struct rcu_head head;
	unsigned char bytes[];
};

struct fl_far {
	struct cds_lfht *keys;
	const struct rcu_flavor_struct *flavor;
};

#define FEWEST_BUCKETS 64

struct fl_far *fl_far_new(const struct rcu_flavor_struct *flavor)
{
	struct fl_far *far = malloc(sizeof(*far));

	if (!far)
		return NULL;
	far->flavor = flavor ? flavor : &rcu_flavor;
	far->keys = cds_lfht_new_flavor(FEWEST_BUCKETS, FEWEST_BUCKETS, 0,
					CDS_LFHT_AUTO_RESIZE | CDS_LFHT_ACCOUNTING,
					far->flavor, NULL);
	if (far->keys)
		return far;
	free(far);
	return NULL;
}

/* What has been taken out is freed by callbacks that know nothing of the table. */
void fl_far_free(struct fl_far *far)
{
	int saved = errno, cancel;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	cds_lfht_destroy(far->keys, NULL);
	pthread_setcancelstate(cancel, NULL);
	errno = saved;
	free(far);
}

void fl_far_enter(const struct fl_far *far)
{
	far->flavor->read_lock();
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

	cds_lfht_lookup(far->keys, key->hash, is_key, &key->key, &iter);
	return entry_of(cds_lfht_iter_get_node(&iter));
}

struct fl_entry *fl_far_make(const struct fl_key *key, struct fl_home *home,
			     const fifolock_modes_t *modes, uint64_t units)
{
	size_t bytes = key->key.bytes ? key->key.n : 0;
	int saved = errno;
	struct fl_far_key *made = calloc(1, sizeof(*made) + bytes);

	errno = saved;
	if (!made)
		return NULL;
	made->entry.state = FL_ENTRY_TENTATIVE | FL_USER;
	made->entry.word = key->word;
	made->entry.size = (uint32_t)bytes;
	made->entry.is_number = !key->key.bytes;
	made->entry.is_far = true;
	fl_entry_lock_init(&made->entry, modes, units);
	made->home = home;
	if (bytes)
		memcpy(made->bytes, key->key.bytes, bytes);
	return &made->entry;
}

void fl_far_discard(struct fl_entry *entry)
{
	free(far_key(entry));
}

struct fl_entry *fl_far_add(struct fl_far *far, const struct fl_key *key,
			    struct fl_entry *entry)
{
	int saved = errno;
	struct cds_lfht_node *node = cds_lfht_add_unique(
		far->keys, key->hash, is_key, &key->key, &far_key(entry)->node);

	errno = saved;
	return entry_of(node);
}

static void free_later(struct rcu_head *head)
{
	free(caa_container_of(head, struct fl_far_key, head));
}

bool fl_far_remove(struct fl_far *far, struct fl_entry *entry)
{
	struct fl_far_key *gone = far_key(entry);
	int saved = errno;

	if (cds_lfht_del(far->keys, &gone->node) != 0)
		return false;
	far->flavor->update_call_rcu(&gone->head, free_later);
	errno = saved;
	return true;
}

void fl_far_each(struct fl_far *far, bool (*look)(struct fl_entry *entry, void *ctx),
		 void *ctx)
{
	struct cds_lfht_iter iter;

	cds_lfht_first(far->keys, &iter);
	for (struct cds_lfht_node *node; (node = cds_lfht_iter_get_node(&iter));
	     cds_lfht_next(far->keys, &iter))
		if (!look(entry_of(node), ctx))
			return;
}

bool fl_far_is_empty(struct fl_far *far)
{
	struct cds_lfht_iter iter;

	fl_far_enter(far);
	cds_lfht_first(far->keys, &iter);
	fl_far_leave(far);
	return !cds_lfht_iter_get_node(&iter);
}
