/* SPDX-License-Identifier: MIT
 *
 * stage.h - puppets on one lock, told one after the other what to do.
 *
 *	struct stage stage;
 *
 *	stage_on(&stage, &fifolock_update_modes);
 *	ask_all(&stage, "SUX");
 *	cr_assert(waits(&stage, 1, 'X'));
 *	cr_assert_str_eq(now(&stage), "S+ U>X. X.");
 *	stage_ends(&stage);
 *
 * They are told by one thread, which after every step waits until all of them have
 * answered or stand in line.  A puppet is its mode and what has become of it:
 *
 *	S. in line	S+ held		S- not held	S! gave up
 *	S>X. in line for a conversion	S~. in line for a bump
 */
#ifndef STAGE_H
#define STAGE_H

#include "puppet.h"
#include "core/word.h"

#define STAGE_ROOM 12 /* puppets */

struct stage {
	fifolock_t lock;
	const char *letters; /* each mode's */
	struct puppet cast[STAGE_ROOM];
	unsigned count;
	char text[256];
};

static inline void acts(void *arg)
{
	struct puppet *puppet = arg;

	puppet->rc = does(puppet);
	if (puppet->rc == 0 && puppet->deed >= CONVERTS && puppet->deed <= CONVERTS_UNTIL)
		__atomic_store_n(&puppet->mode, puppet->to, __ATOMIC_RELAXED);
	if (puppet->rc == 0)
		puppet->held = puppet->deed != GIVES_BACK;
	if (puppet->deed == BUMPS && puppet->rc == ECANCELED)
		puppet->held = false;
}

static inline bool busy(const struct puppet *puppet)
{
	return follower_is_busy(&puppet->thread);
}

/* The holds that the lock counts are those of the puppets; by chance, as long as one of
 * them is about to change its mode. */
static inline bool accounts(const struct stage *stage)
{
	uint32_t holds[FIFOLOCK_MAX_MODES] = {0};
	bool same = true;

	for (unsigned i = 0; i < stage->count; i++) {
		const struct puppet *puppet = &stage->cast[i];
		bool holds_now = busy(puppet) ? puppet->deed == CONVERTS ||
							puppet->deed == CONVERTS_UNTIL
					      : puppet->held;

		holds[__atomic_load_n(&puppet->mode, __ATOMIC_RELAXED)] += holds_now;
	}
	for (unsigned m = 0; m < FIFOLOCK_MAX_MODES; m++)
		same = same && fifolock_holds(&stage->lock, m) == holds[m];
	return same;
}

/* A puppet is in line and no thread scans: the next that gives back does.  (A release
 * beside a scanner leaves the grants to it, and its thread may be off its processor.) */
static inline bool is_quiet(uint64_t word)
{
	return (word & (FL_QUEUED | FL_SCANNING)) == FL_QUEUED;
}

/* All have answered or are in line, and what can be granted is.  Those that are in
 * line are busy, and none becomes busy by itself: so when there are as many of
 * either, counted in this order, they are the same. */
static inline bool settled(const struct stage *stage)
{
	uint64_t word = __atomic_load_n(&stage->lock.word, __ATOMIC_ACQUIRE);
	bool bumps = false;
	uint32_t count = 0;

	for (unsigned i = 0; i < stage->count; i++) {
		count += busy(&stage->cast[i]);
		bumps = bumps || stage->cast[i].deed == BUMPS;
	}
	if (bumps && !accounts(stage))
		return false; /* in line already, about to give back what it holds */
	return fifolock_waiting(&stage->lock) == count && (!count || is_quiet(word)) &&
	       __atomic_load_n(&stage->lock.word, __ATOMIC_ACQUIRE) == word;
}

static inline void settle(const struct stage *stage)
{
	while (!settled(stage))
		sched_yield();
}

static inline void tell(struct stage *stage, unsigned who, enum deed deed)
{
	struct puppet *puppet = &stage->cast[who];

	quick_check(!busy(puppet), "still busy");
	puppet->deed = deed;
	puppet->rc = -1;
	follower_acts(&puppet->thread);
}

static inline int answer(const struct stage *stage, unsigned who)
{
	follower_done(&stage->cast[who].thread);
	return stage->cast[who].rc;
}

static inline void stage_on(struct stage *stage, const fifolock_modes_t *modes)
{
	memset(stage, 0, sizeof(*stage));
	stage->letters = "XSUsxb";
	cr_assert_eq(fifolock_init(&stage->lock, modes), 0);
}

static inline unsigned mode_of(const struct stage *stage, char letter)
{
	return (unsigned)(strchr(stage->letters, letter) - stage->letters);
}

static inline unsigned comes(struct stage *stage, unsigned mode)
{
	struct puppet *puppet = &stage->cast[stage->count];

	cr_assert_lt(stage->count, STAGE_ROOM);
	puppet->lock = &stage->lock;
	puppet->mode = mode;
	puppet->n = 1;
	follower_starts(&puppet->thread, acts, puppet);
	return stage->count++;
}

/* The number of the one that asked: in line or held when this returns. */
static inline unsigned asks(struct stage *stage, char letter)
{
	unsigned who = comes(stage, mode_of(stage, letter));

	tell(stage, who, ASKS);
	settle(stage);
	return who;
}

/* And gives up unless granted within that time: in line, held or gone when this returns. */
static inline unsigned asks_for_ms(struct stage *stage, char letter, int64_t ms)
{
	unsigned who = comes(stage, mode_of(stage, letter));

	stage->cast[who].deadline = test_in_ns(CLOCK_MONOTONIC, ms * 1000000);
	tell(stage, who, ASKS_UNTIL);
	settle(stage);
	return who;
}

static inline void ask_all(struct stage *stage, const char *letters)
{
	for (; *letters; letters++)
		asks(stage, *letters);
}

/* What it is told. */
static inline int told(struct stage *stage, unsigned who, enum deed deed, char letter)
{
	int rc;

	stage->cast[who].to = mode_of(stage, letter);
	tell(stage, who, deed);
	rc = answer(stage, who);
	settle(stage);
	return rc;
}

static inline int converts(struct stage *stage, unsigned who, char letter)
{
	return told(stage, who, CONVERTS, letter);
}

static inline int tries(struct stage *stage, unsigned who, char letter)
{
	return told(stage, who, TRIES, letter);
}

/* A conversion that gets in line.  (One that would wait for ever may stand there for a
 * moment, too, until it is told.) */
static inline bool waits(struct stage *stage, unsigned who, char letter)
{
	stage->cast[who].to = mode_of(stage, letter);
	tell(stage, who, CONVERTS);
	settle(stage);
	return busy(&stage->cast[who]);
}

static inline void gives_back(struct stage *stage, unsigned who)
{
	tell(stage, who, GIVES_BACK);
	settle(stage);
	quick_check(answer(stage, who) == 0, "unlock");
}

static inline int describe(const struct stage *stage, const struct puppet *puppet,
			   char *at, size_t room)
{
	char mode = stage->letters[puppet->mode];

	if (busy(puppet) && puppet->deed == BUMPS)
		return snprintf(at, room, "%c~. ", mode);
	if (busy(puppet) && puppet->deed > ASKS_UNTIL)
		return snprintf(at, room, "%c>%c. ", mode, stage->letters[puppet->to]);
	return snprintf(at, room, "%c%c ", mode,
			busy(puppet)		     ? '.'
			: puppet->held		     ? '+'
			: puppet->deed == ASKS_UNTIL ? '!'
						     : '-');
}

static inline const char *now(struct stage *stage)
{
	size_t at = 0;

	settle(stage);
	quick_check(accounts(stage), "holds");
	for (unsigned i = 0; i < stage->count; i++)
		at += (size_t)describe(stage, &stage->cast[i], stage->text + at,
				       sizeof(stage->text) - at);
	stage->text[at ? at - 1 : 0] = '\0';
	return stage->text;
}

static inline bool give_back_all(struct stage *stage)
{
	bool any = false;

	for (unsigned i = 0; i < stage->count; i++) {
		if (busy(&stage->cast[i]) || !stage->cast[i].held)
			continue;
		gives_back(stage, i);
		any = true;
	}
	return any;
}

/* All give back until none holds or waits. */
static inline void stage_ends(struct stage *stage)
{
	while (give_back_all(stage))
		;
	for (unsigned i = 0; i < stage->count; i++) {
		cr_assert_not(busy(&stage->cast[i]), "free, but not granted");
		follower_ends(&stage->cast[i].thread);
	}
	cr_assert_eq(fifolock_waiting(&stage->lock), 0);
	cr_assert_eq(fifolock_destroy(&stage->lock), 0);
}

#endif
