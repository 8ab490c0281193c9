/* SPDX-License-Identifier: MIT
 *
 * rows_mutexes.c - a mutex for each key in use, with a count of those that hold it or want it, in a
 * hash table under one mutex.
 */
#define _GNU_SOURCE
#include "rows.h"

#include <pthread.h>

#define LEAST_BITS 10
#define MOST_BITS  24

struct entry {
	pthread_mutex_t lock;
	struct entry *next;
	uint64_t key;
	unsigned users; /* guarded by the table's mutex, as is next */
};

struct mutexes {
	pthread_mutex_t lock;
	unsigned bits;
	struct entry *at[];
};

void *row_mutexes_create(size_t keys)
{
	unsigned bits = LEAST_BITS;
	struct mutexes *mutexes;

	while (bits < MOST_BITS && (size_t)1 << bits < keys)
		bits++;
	mutexes = must_have(calloc(1, sizeof(*mutexes) + ((size_t)1 << bits) *
								 sizeof(struct entry *)));
	mutexes->bits = bits;
	must(pthread_mutex_init(&mutexes->lock, NULL));
	return mutexes;
}

void row_mutexes_destroy(void *locks)
{
	struct mutexes *mutexes = locks;

	for (size_t i = 0; i < (size_t)1 << mutexes->bits; i++)
		must(mutexes->at[i] != NULL);
	must(pthread_mutex_destroy(&mutexes->lock));
	free(mutexes);
}

/* Where the pointer to the key's entry is, or, with NULL in it, belongs. */
static struct entry **find(struct mutexes *mutexes, uint64_t key)
{
	struct entry **link = &mutexes->at[keyed_place(key, mutexes->bits)];

	while (*link && (*link)->key != key)
		link = &(*link)->next;
	return link;
}

static struct entry *born(uint64_t key)
{
	struct entry *entry = must_have(malloc(sizeof(*entry)));

	*entry = (struct entry){.key = key};
	must(pthread_mutex_init(&entry->lock, NULL));
	return entry;
}

void row_mutexes_lock(void *locks, uint64_t key, enum mode mode, union hold *hold)
{
	struct mutexes *mutexes = locks;
	struct entry **link, *entry;

	(void)mode;
	must(pthread_mutex_lock(&mutexes->lock));
	link = find(mutexes, key);
	if (!*link)
		*link = born(key);
	entry = *link;
	entry->users++;
	must(pthread_mutex_unlock(&mutexes->lock));
	must(pthread_mutex_lock(&entry->lock));
	hold->lock = entry;
}

void row_mutexes_unlock(void *locks, union hold *hold)
{
	struct mutexes *mutexes = locks;
	struct entry *entry = hold->lock;
	bool last;

	must(pthread_mutex_unlock(&entry->lock));
	must(pthread_mutex_lock(&mutexes->lock));
	last = --entry->users == 0;
	if (last)
		*find(mutexes, entry->key) = entry->next;
	must(pthread_mutex_unlock(&mutexes->lock));
	if (!last)
		return;
	must(pthread_mutex_destroy(&entry->lock));
	free(entry);
}
