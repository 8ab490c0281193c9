/* SPDX-License-Identifier: MIT
 *
 * kv_store.c - numbers by key, a lock for each key, transactions of several keys.
 *
 * A line is a command.  The answer is a line, too: OK and a number, DEADLOCK, or ERROR and why.
 *
 *	GET key, PUT key number, ADD key number
 *	TRANSFER from to number	   between two keys
 *	SUM key ...		   all as of one moment
 *	BEGIN, then GET, PUT and ADD, then COMMIT or ROLLBACK
 *
 * TRANSFER and SUM know their keys beforehand and lock them as a set.  After BEGIN the client decides
 * as it goes: a key is locked when the client names it, and held until the transaction ends.
 * So transactions can wait for each other in a circle.  The table finds that, prints it on stderr,
 * by the numbers of the transactions, and refuses the request that was made last.  Its
 * transaction is rolled back; the client is told DEADLOCK and may begin anew.
 */
#define _GNU_SOURCE
#include "kv_store.h"
#include <errno.h>
#include <search.h>
#include <stdatomic.h>
#include <stdlib.h>

#define WORDS (KV_KEYS + 1)
#define MOST  1000000000 /* in one command, so that no sum of them is too large */

/* The value belongs to the threads that hold the key: all may read it, one that holds it alone may
 * write it. */
struct kv_entry {
	char key[KV_KEY];
	long long value;
};

static fifolock_table_t *table;
static fifolock_t
	index_lock; /* for the tree that entries are found in, not for their values */
static void *entries;
static atomic_ulong transactions;

/* ---- entries: one for each key that was ever named; its value is 0 at first ---- */

static int by_key(const void *one, const void *other)
{
	return strcmp(((const struct kv_entry *)one)->key,
		      ((const struct kv_entry *)other)->key);
}

static struct kv_entry *insert(const struct kv_entry *wanted)
{
	struct kv_entry *entry = malloc(sizeof(*entry)), **node;

	if (!entry)
		return NULL;
	*entry = *wanted;
	fifolock_lock(&index_lock, FIFOLOCK_EXCLUSIVE);
	node = tsearch(entry, &entries, by_key);
	if (!node || *node != entry) {
		free(entry); /* no memory; or another thread was first */
		entry = node ? *node : NULL;
	}
	fifolock_unlock(&index_lock, FIFOLOCK_EXCLUSIVE);
	return entry;
}

static int find(const char *key, struct kv_entry **entry)
{
	struct kv_entry wanted = {.value = 0}, **node;

	if (strlen(key) >= KV_KEY)
		return ENAMETOOLONG;
	strcpy(wanted.key, key);
	fifolock_lock(&index_lock, FIFOLOCK_SHARED);
	node = tfind(&wanted, &entries, by_key);
	*entry = node ? *node : NULL;
	fifolock_unlock(&index_lock, FIFOLOCK_SHARED);
	if (!*entry)
		*entry = insert(&wanted);
	return *entry ? 0 : ENOMEM;
}

/* ---- transactions: key by key, in the client's order ---- */

/* Hold the key until the transaction ends, in this mode or a stronger one.  EDEADLK: the transaction
 * must give back what it holds. */
static int hold(struct kv_transaction *t, const char *key, unsigned mode,
		struct kv_held **held)
{
	struct kv_held *h = t->held, *end = t->held + t->n;
	struct kv_entry *entry;
	int error = find(key, &entry);

	if (error)
		return error;
	while (h < end && h->entry != entry)
		h++;
	*held = h;
	if (h < end)
		return fifolock_table_strengthen(&h->hold, mode);
	if (t->n == KV_KEYS)
		return E2BIG;
	error = fifolock_table_lock(table, fifolock_key_text(key), mode, &h->hold);
	if (error)
		return error;
	h->entry = entry;
	h->written = false;
	t->n++;
	return 0;
}

void kv_end(struct kv_transaction *t, bool commit)
{
	for (struct kv_held *h = t->held; h < t->held + t->n; h++) {
		if (h->written && !commit)
			h->entry->value = h->before;
		fifolock_table_unlock(&h->hold);
	}
	t->n = 0;
	t->begun = false;
}

static int get(struct kv_transaction *t, char *word[], size_t n, long long *number)
{
	struct kv_held *held;
	int error = hold(t, word[1], FIFOLOCK_SHARED, &held);

	(void)n;
	if (!error)
		*number = held->entry->value;
	return error;
}

static int read_number(const char *word, long long *number)
{
	char *rest;

	*number = strtoll(word, &rest, 10);
	if (*rest || rest == word)
		return EINVAL;
	return *number < -MOST || *number > MOST ? ERANGE : 0;
}

/* PUT, ADD */
static int put(struct kv_transaction *t, char *word[], size_t n, long long *number)
{
	struct kv_held *held;
	int error = read_number(word[2], number);

	(void)n;
	if (!error)
		error = hold(t, word[1], FIFOLOCK_EXCLUSIVE, &held);
	if (error)
		return error;
	if (!held->written)
		held->before = held->entry->value;
	held->written = true;
	if (*word[0] == 'A')
		*number += held->entry->value;
	held->entry->value = *number;
	return 0;
}

static int begin(struct kv_transaction *t, char *word[], size_t n, long long *number)
{
	(void)word, (void)n, (void)number;
	if (t->begun)
		return EINVAL;
	t->begun = true;
	return 0;
}

/* COMMIT, ROLLBACK */
static int finish(struct kv_transaction *t, char *word[], size_t n, long long *number)
{
	(void)n, (void)number;
	if (!t->begun)
		return EINVAL;
	kv_end(t, *word[0] == 'C');
	return 0;
}

/* ---- sets: all keys at once ---- */

/* A set waits in no circle with other sets, but it may with transactions.  If it is refused it holds
 * nothing and has done nothing yet: it asks again. */
static int lock_set(char *key[], size_t n, unsigned mode, struct kv_entry *entry[],
		    struct fifolock_item item[])
{
	int error = 0;

	for (size_t i = 0; i < n && !error; i++) {
		item[i] = (struct fifolock_item){.key = fifolock_key_text(key[i]),
						 .mode = mode};
		error = find(key[i], &entry[i]);
	}
	if (error)
		return error;
	do
		error = fifolock_table_lock_all(table, item, n, NULL);
	while (error == EDEADLK);
	return error;
}

static int transfer(struct kv_transaction *t, char *word[], size_t n, long long *number)
{
	struct fifolock_item item[2];
	struct kv_entry *entry[2];
	int error = t->begun ? EINVAL : read_number(word[3], number);

	(void)n;
	if (!error)
		error = lock_set(word + 1, 2, FIFOLOCK_EXCLUSIVE, entry, item);
	if (error)
		return error;
	entry[0]->value -= *number;
	entry[1]->value += *number;
	return fifolock_table_unlock_all(item, 2);
}

static int sum(struct kv_transaction *t, char *word[], size_t n, long long *number)
{
	struct fifolock_item item[KV_KEYS];
	struct kv_entry *entry[KV_KEYS];
	int error = t->begun ? EINVAL
			     : lock_set(word + 1, n - 1, FIFOLOCK_SHARED, entry, item);

	if (error)
		return error;
	for (size_t i = 0; i < n - 1; i++)
		*number += entry[i]->value;
	return fifolock_table_unlock_all(item, n - 1);
}

/* ---- lines ---- */

static const struct command {
	const char *name;
	size_t least, most; /* words */
	int (*run)(struct kv_transaction *t, char *word[], size_t n, long long *number);
} commands[] = {
	{"GET", 2, 2, get},	      {"PUT", 3, 3, put},	  {"ADD", 3, 3, put},
	{"TRANSFER", 4, 4, transfer}, {"SUM", 2, WORDS, sum},	  {"BEGIN", 1, 1, begin},
	{"COMMIT", 1, 1, finish},     {"ROLLBACK", 1, 1, finish},
};

static int run(struct kv_transaction *t, char *word[], size_t n, long long *number)
{
	const struct command *end = commands + sizeof(commands) / sizeof(*commands);

	for (const struct command *c = commands; n && c < end; c++)
		if (!strcmp(word[0], c->name))
			return n < c->least || n > c->most ? EINVAL
							   : c->run(t, word, n, number);
	return ENOSYS;
}

static size_t split(char *line, char *word[])
{
	size_t n = 0;
	char *rest;

	for (char *w = strtok_r(line, " \r", &rest); w;
	     w = strtok_r(NULL, " \r", &rest)) {
		if (n == WORDS)
			return 0;
		word[n++] = w;
	}
	return n;
}

void kv_execute(struct kv_transaction *t, char *line, char answer[KV_ANSWER])
{
	char *word[WORDS];
	const size_t n = split(line, word);
	long long number = 0;
	int error;

	/* Which transaction this thread works for from here on: reports of deadlocks say so. */
	if (!t->begun)
		fifolock_table_owner(++transactions);
	error = run(t, word, n, &number);
	if (error == EDEADLK || !t->begun)
		kv_end(t, !error);
	if (error == EDEADLK)
		strcpy(answer, "DEADLOCK\n");
	else if (error)
		snprintf(answer, KV_ANSWER, "ERROR %s\n", strerror(error));
	else
		snprintf(answer, KV_ANSWER, "OK %lld\n", number);
}

/* ---- the table ---- */

static void print(const struct fifolock_deadlock *deadlock, void *out)
{
	fifolock_deadlock_print(deadlock, out);
}

int kv_open(void)
{
	const struct fifolock_table_options options = {
		.name = "kv",
		.deadlock_after_ns = 5000000, /* a request that waits longer looks why */
		.deadlock_refuse = true,
		.on_deadlock = print,
		.ctx = stderr,
	};

	return fifolock_table_create(&table, NULL, &options);
}

int kv_close(void)
{
	tdestroy(entries, free);
	return fifolock_table_destroy(table);
}
