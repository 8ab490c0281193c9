/* SPDX-License-Identifier: MIT
 *
 * length.c - how many are in line: tickets drawn less requests taken off.
 *
 *	row       released by                        acquired by     what it carries
 *	[JOIN]    fl_line_join (queue.c)             length_settled, that there is a request
 *	                                             fl_line_length
 *	[GONE]    fl_line_count_dequeued (queue.c)   length_settled, the tickets that it counts
 *	                                             is_kept, gone_by_now
 *
 *	relaxed    because
 *	[GUESS]    A first look.  The exact way is asked after it.
 */
#include "chain.h"
#include "atomic.h"
#include "role.h"

/* How many have gone: not fewer than when this is called, as the last word is read by
 * read-modify-writes, which see the newest value there is. */
static uint32_t gone_by_now(fifolock_t *lock)
{
	uint64_t word = fl_load_relaxed(&lock->word); /* [GUESS] */
	uint32_t gone;

	for (;;) {
		/* [GONE] acquire, no release */
		if (!fl_cas_acq_rel(&lock->word, &word, word))
			continue;
		if (!fl_word_kept(word))
			return fl_load_acquire(&lock->dequeued); /* [GONE] acquire */
		if (fl_role_dequeued_now(lock, &gone))
			return gone;
	}
}

/* The exact way is only asked to refuse. */
bool fl_line_is_full(fifolock_t *lock, uint32_t ticket, uint32_t limit)
{
	return ticket - fl_load_relaxed(&lock->dequeued) >= limit && /* [GUESS] */
	       fl_line_length(lock) >= limit && ticket - gone_by_now(lock) >= limit;
}

/* Tickets given less requests gone.  The count may move while it is read; it is taken
 * anew until it stood still.  Neither may be read before the other: an older line
 * would count too few, an older gone too many. */
static uint32_t length_settled(const fifolock_t *lock)
{
	/* [GONE] acquire */
	uint32_t gone = fl_load_acquire(&lock->dequeued);
	uint32_t before, length;

	do {
		before = gone;
		/* [JOIN] acquire */
		length = FL_TICKET(fl_load_acquire(&lock->arrivals)) - gone;
		/* [GONE] acquire */
		gone = fl_load_acquire(&lock->dequeued);
	} while (gone != before);
	return length;
}

static bool is_kept(const fifolock_t *lock)
{
	/* [GONE] acquire: of the word, which is written after dequeued */
	return fl_word_kept(fl_load_acquire(&lock->word));
}

/* While the role is kept, what the keeper says counts. */
uint32_t fl_line_length(const fifolock_t *lock)
{
	for (;;) {
		uint32_t length, gone, again;

		if (!is_kept(lock)) {
			length = length_settled(lock);
			if (!is_kept(lock))
				return length;
		} else if (fl_role_dequeued(lock, &gone)) {
			/* [JOIN] acquire */
			length = FL_TICKET(fl_load_acquire(&lock->arrivals)) - gone;
			if (fl_role_dequeued(lock, &again) && again == gone)
				return length;
		}
	}
}
