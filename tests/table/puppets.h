/* SPDX-License-Identifier: MIT
 *
 * puppets.h - threads that lock keys one by one, each as told, and the deadlocks that are found
 * among them.
 *
 *	stage_opens(&stage, NULL, NULL);
 *	takes_key(&stage, A, 1, X);
 *	takes_key(&stage, B, 2, X);
 *	waits_for(&stage, A, 2, X);
 *	waits_for(&stage, B, 1, X);
 *	cr_assert_str_eq(looks(&stage, false), "A X2+ B X1+");
 *
 * They are told by one thread, which after every step waits until all of them have answered or
 * stand in line.  A deadlock is written as its waits, beginning with the first letter: A wants X of
 * key 2, and the next one holds it (+) or stands before it in line (.).  A conversion is S>X.
 */
#ifndef PUPPETS_H
#define PUPPETS_H

#include "keys.h"
#include "follower.h"
#include <sys/syscall.h>
#include <unistd.h>

#define PUPPETS	     8
#define PUPPETS_KEYS 10 /* 1 to 9; odd ones are integers */

enum { A, B, C, D, E, F, G, H };

enum deed { BEGINS, TAKES, TAKES_UNTIL, GIVES, CONVERTS, TAKES_SET, RUNS };

struct puppet {
	struct follower thread;
	int id; /* gettid() */
	fifolock_table_t *table;
	enum deed deed;
	unsigned key, mode;
	uint64_t owner;
	struct timespec deadline;
	fifolock_hold_t holds[PUPPETS_KEYS];
	struct fifolock_item items[2];
	unsigned ran;
	int rc;
};

struct stage {
	fifolock_table_t *table;
	struct fifolock_table_options options;
	struct puppet cast[PUPPETS];
	unsigned reports, refused; /* atomic: found by waiting requests */
	char text[256];
	int youngest; /* of the last deadlock that was looked for: a puppet */
};

static inline fifolock_key_t puppet_key(unsigned k)
{
	static const char *const names[] = {"zero", "one", "two",   "three", "four",
					    "five", "six", "seven", "eight", "nine"};

	return k % 2 ? fifolock_key(k) : fifolock_key_text(names[k]);
}

/* ---- what a puppet does ---- */

static inline void puppet_runs(void *arg)
{
	++*(unsigned *)arg;
}

static inline struct fifolock_item puppet_item(const struct puppet *puppet, unsigned k)
{
	return (struct fifolock_item){.key = puppet_key(k), .mode = puppet->mode};
}

/* The key, and the one after it. */
static inline int puppet_takes_set(struct puppet *puppet)
{
	puppet->items[0] = puppet_item(puppet, puppet->key);
	puppet->items[1] = puppet_item(puppet, puppet->key + 1);
	return fifolock_table_lock_all(puppet->table, puppet->items, 2, NULL);
}

static inline int puppet_does(struct puppet *puppet)
{
	fifolock_hold_t *hold = &puppet->holds[puppet->key];
	fifolock_key_t key = puppet_key(puppet->key);

	fifolock_table_owner(puppet->owner);
	switch (puppet->deed) {
	case TAKES:
		return fifolock_table_lock(puppet->table, key, puppet->mode, hold);
	case TAKES_UNTIL:
		return fifolock_table_timedlock(puppet->table, key, puppet->mode,
						&puppet->deadline, hold);
	case CONVERTS:
		return fifolock_table_convert(hold, puppet->mode);
	case TAKES_SET:
		return puppet_takes_set(puppet);
	case RUNS:
		return fifolock_table_run(puppet->table, key, puppet->mode, puppet_runs,
					  &puppet->ran);
	default:
		return fifolock_table_unlock(hold);
	}
}

static inline void puppet_acts(void *arg)
{
	struct puppet *puppet = arg;

	if (puppet->deed == BEGINS)
		puppet->id = (int)syscall(SYS_gettid);
	else
		puppet->rc = puppet_does(puppet);
}

static inline bool busy(const struct stage *stage, unsigned who)
{
	return follower_is_busy(&stage->cast[who].thread);
}

/* ---- the stage ---- */

static inline bool puppets_count(const struct fifolock_key_state *state, void *ctx)
{
	*(uint32_t *)ctx += state->lock.waiting;
	return true;
}

/* A wait is known to a search a moment after it is in line, until a moment after it is not. */
static inline uint32_t puppets_known(const struct stage *stage)
{
	char *text = printed(stage->table, FIFOLOCK_TEXT);
	uint32_t count = 0;

	for (const char *at = text; (at = strstr(at, " waits for ")); at++)
		count++;
	free(text);
	return count;
}

/* Those in line are busy, and none becomes busy by itself: so when there are as many of either,
 * counted in this order, they are the same. */
static inline bool settled(const struct stage *stage)
{
	uint32_t count = 0, waiting = 0;

	for (unsigned i = 0; i < PUPPETS; i++)
		count += busy(stage, i);
	quick_check(fifolock_table_each(stage->table, puppets_count, &waiting) == 0,
		    "each");
	return waiting == count && puppets_known(stage) == count;
}

static inline void settle(const struct stage *stage)
{
	while (!settled(stage))
		sched_yield();
}

static inline void stage_on_deadlock(const struct fifolock_deadlock *deadlock, void *ctx)
{
	struct stage *stage = ctx;

	__atomic_fetch_add(&stage->refused, deadlock->refused, __ATOMIC_RELAXED);
	__atomic_fetch_add(&stage->reports, 1, __ATOMIC_RELEASE);
}

/* options NULL: no request looks by itself, at least not for an hour. */
static inline void stage_opens(struct stage *stage, const fifolock_modes_t *modes,
			       const struct fifolock_table_options *options)
{
	struct fifolock_table_options all = keys_kind;

	memset(stage, 0, sizeof(*stage));
	if (!all.records)
		all.deadlock_after_ns = HOUR;
	if (options) {
		all.deadlock_after_ns = options->deadlock_after_ns;
		all.deadlock_refuse = options->deadlock_refuse;
	}
	all.on_deadlock = stage_on_deadlock;
	all.ctx = stage;
	cr_assert_eq(fifolock_table_create(&stage->table, modes, &all), 0);
	for (unsigned i = 0; i < PUPPETS; i++) {
		struct puppet *puppet = &stage->cast[i];

		puppet->table = stage->table;
		follower_starts(&puppet->thread, puppet_acts, puppet);
		follower_acts(&puppet->thread);
		follower_done(&puppet->thread);
	}
}

static inline void stage_closes(struct stage *stage)
{
	for (unsigned i = 0; i < PUPPETS; i++) {
		cr_assert_not(busy(stage, i), "%c still waits", 'A' + i);
		follower_ends(&stage->cast[i].thread);
	}
	table_ends(stage->table);
}

/* ---- what they are told ---- */

static inline void tell(struct stage *stage, unsigned who, enum deed deed, unsigned k,
			unsigned mode)
{
	struct puppet *puppet = &stage->cast[who];

	quick_check(!busy(stage, who), "%c is still busy", 'A' + who);
	puppet->deed = deed;
	puppet->key = k;
	puppet->mode = mode;
	puppet->rc = -1;
	follower_acts(&puppet->thread);
}

static inline int answer(struct stage *stage, unsigned who)
{
	follower_done(&stage->cast[who].thread);
	return stage->cast[who].rc;
}

/* What can be done at once. */
static inline void does(struct stage *stage, unsigned who, enum deed deed, unsigned k,
			unsigned mode)
{
	int rc;

	tell(stage, who, deed, k, mode);
	rc = answer(stage, who);
	settle(stage);
	quick_check(rc == 0, "%s: %c: %d", keys_kind.name, 'A' + who, rc);
}

static inline void takes_key(struct stage *stage, unsigned who, unsigned k, unsigned mode)
{
	does(stage, who, TAKES, k, mode);
}

static inline void gives_key(struct stage *stage, unsigned who, unsigned k)
{
	does(stage, who, GIVES, k, 0);
}

/* What makes it stand in line. */
static inline void queues_to(struct stage *stage, unsigned who, enum deed deed,
			     unsigned k, unsigned mode)
{
	tell(stage, who, deed, k, mode);
	settle(stage);
	quick_check(busy(stage, who), "%s: %c does not wait: %d", keys_kind.name,
		    'A' + who, stage->cast[who].rc);
}

static inline void waits_for(struct stage *stage, unsigned who, unsigned k, unsigned mode)
{
	queues_to(stage, who, TAKES, k, mode);
}

/* Two of which the second has yet to ask, for 1: A has 1 and waits for 2, which B has. */
static inline void half_crosses(struct stage *stage)
{
	takes_key(stage, A, 1, X);
	takes_key(stage, B, 2, X);
	waits_for(stage, A, 2, X);
}

/* It has what it has waited for, and gives the key back. */
static inline void goes_on(struct stage *stage, unsigned who, unsigned k)
{
	int rc = answer(stage, who);

	cr_assert_eq(rc, 0, "%s: %c: %d", keys_kind.name, 'A' + who, rc);
	gives_key(stage, who, k);
}

/* ---- what is found ---- */

static inline int puppet_of(const struct stage *stage,
			    const struct fifolock_deadlock_wait *wait)
{
	for (int i = 0; i < PUPPETS; i++)
		if (stage->cast[i].id == wait->thread &&
		    stage->cast[i].owner == wait->owner)
			return i;
	return -1;
}

static inline unsigned puppet_key_of(fifolock_key_t key)
{
	unsigned k = 0;

	for (unsigned i = 0; i < PUPPETS_KEYS; i++) {
		fifolock_key_t other = puppet_key(i);

		if (!other.bytes == !key.bytes && other.n == key.n &&
		    (!key.bytes || memcmp(other.bytes, key.bytes, key.n) == 0))
			k = i;
	}
	return k;
}

static inline size_t stage_first(const struct stage *stage,
				 const struct fifolock_deadlock *deadlock)
{
	size_t first = 0;

	for (size_t i = 0; i < deadlock->count; i++)
		if (puppet_of(stage, &deadlock->waits[i]) <
		    puppet_of(stage, &deadlock->waits[first]))
			first = i;
	return first;
}

/* Several deadlocks are written with " | " between them. */
static inline void stage_describes(const struct fifolock_deadlock *deadlock, void *ctx)
{
	static const char letters[] = "XSUsxb";
	struct stage *stage = ctx;
	size_t first = stage_first(stage, deadlock), at = strlen(stage->text);
	const char *between = at ? " | " : "";

	for (size_t i = 0; i < deadlock->count; i++, between = " ") {
		const struct fifolock_deadlock_wait *wait =
			&deadlock->waits[(first + i) % deadlock->count];
		char from[3] = "";

		if (wait->from >= 0)
			snprintf(from, sizeof(from), "%c>", letters[wait->from % 6]);
		at += (size_t)snprintf(stage->text + at, sizeof(stage->text) - at,
				       "%s%c %s%c%u%c", between,
				       'A' + puppet_of(stage, wait), from,
				       letters[wait->mode % 6], puppet_key_of(wait->key),
				       wait->next_holds ? '+' : '.');
	}
	stage->youngest = deadlock->youngest < deadlock->count
				  ? puppet_of(stage, &deadlock->waits[deadlock->youngest])
				  : -1;
}

/* All that are found now; "": none. */
static inline const char *looks(struct stage *stage, bool refuse)
{
	int rc;

	stage->text[0] = '\0';
	stage->youngest = -1;
	rc = fifolock_table_deadlocks(stage->table, stage_describes, stage, refuse);
	quick_check(rc == (stage->text[0] ? EDEADLK : 0), "%s: %d for \"%s\"",
		    keys_kind.name, rc, stage->text);
	return stage->text;
}

/* It is refused, the others go on waiting, and there is no deadlock any more. */
static inline void refuses(struct stage *stage, unsigned youngest)
{
	int rc;

	looks(stage, true);
	cr_assert_eq(stage->youngest, (int)youngest);
	rc = answer(stage, youngest);
	cr_assert_eq(rc, EDEADLK, "%s: %c: %d", keys_kind.name, 'A' + youngest, rc);
	settle(stage);
	cr_assert_str_eq(looks(stage, true), "");
}

#endif
