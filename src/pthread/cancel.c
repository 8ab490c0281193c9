/* SPDX-License-Identifier: MIT
 *
 * cancel.c - pthread_cancel ends waits of the face.
 *
 * The C library cancels a thread that sleeps in one of its own functions by a signal; it does not
 * know that a thread sleeps here.  So pthread_cancel is the face's: first the C library's, which
 * notes that the thread is to be cancelled; then the wait is ended, if there is one, and the
 * thread finds the note by pthread_testcancel, when it has left the line, or the condition, and has
 * its mutex again.
 *
 * A thread that waits says so in a record: a slot of the pool, which stays memory when the thread
 * is gone; and there in weight, as others may write to the word of any slot.  Either pthread_cancel
 * finds the record, or the thread finds the note:
 *
 *	the thread	WAITS in the record; is it to be cancelled?  (begin)
 *	pthread_cancel	it is to be cancelled; WAITS in a record of that thread?
 *
 * both with a full fence between.  A record that is found for a thread that has ended, or whose
 * handle is another's by now, ends a wait without a reason: then the wait begins anew.
 *
 *	relaxed   because
 *	[FENCED]  See above.
 *	[OWNER]   Its thread's own handle, written once.
 */
#include "face.h"

#define WAITS (UINT32_C(1) << 29)

FL_MY struct fl_slot *record;
static pthread_key_t key;
static bool has_key;

static void free_record(struct fl_slot *of)
{
	fl_store_relaxed(&of->note, 0); /* [OWNER] */
	fl_slot_free(of);
}

static void thread_ends(void *unused)
{
	(void)unused;
	if (record)
		free_record(record);
	record = NULL;
}

FL_LOADED static void key_make(void)
{
	if (pthread_key_create(&key, thread_ends) != 0)
		return;
	has_key = key < KEYS_WITHOUT_MALLOC;
	if (!has_key)
		pthread_key_delete(key);
}

/* As a note, which is none of a lock's or a condition's: no address is as high. */
static uint64_t handle_of(pthread_t thread)
{
	return (uint64_t)thread << 3;
}

static struct fl_slot *new_record(void)
{
	int saved = errno;
	struct fl_slot *made = fl_slot_new();

	errno = saved;
	if (!made)
		return NULL;
	fl_store_relaxed(&made->weight, 0u);			  /* [FENCED] */
	fl_store_relaxed(&made->note, handle_of(pthread_self())); /* [OWNER] */
	return made;
}

/* One that is kept for the thread's next wait, if a destructor can free it.  NULL: no memory; then the
 * thread cannot be cancelled. */
static struct fl_slot *my_record(void)
{
	if (fl_likely(record))
		return record;
	if (has_key && pthread_setspecific(key, &key) == 0)
		return record = new_record();
	return new_record();
}

struct fl_slot *fl_cancellable_mine(void)
{
	return record;
}

/* To be found from now on; and is it to be cancelled? */
static void look_out(struct fl_cancellable *wait, struct fl_slot *mine)
{
	wait->record = mine;
	wait->ended = &mine->weight;
	fl_store_relaxed(&mine->weight, WAITS); /* [FENCED] */
	fl_fence_full();
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	pthread_testcancel();
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
}

/* A handler that interrupts the wait may come to a cancellation point itself: the thread must not end
 * there, as its request would stay in line. */
void fl_cancellable_begin(struct fl_cancellable *wait, bool is_point)
{
	struct fl_slot *mine = NULL;

	pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &wait->type);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &wait->state);
	wait->ended = NULL;
	if ((is_point || wait->type == PTHREAD_CANCEL_ASYNCHRONOUS) &&
	    wait->state == PTHREAD_CANCEL_ENABLE)
		mine = my_record();
	if (mine)
		look_out(wait, mine);
}

uint32_t fl_cancellable_end(struct fl_cancellable *wait)
{
	uint32_t word;

	if (!wait->ended)
		return 0;
	word = fl_and_relaxed(wait->ended, 0); /* [FENCED] */
	if (wait->record != record)
		free_record(wait->record);
	return word & FL_ENDED;
}

void fl_cancellable_after(const struct fl_cancellable *wait)
{
	if (wait->state != PTHREAD_CANCEL_DISABLE)
		pthread_setcancelstate(wait->state, NULL);
	if (wait->type != PTHREAD_CANCEL_DEFERRED)
		pthread_setcanceltype(wait->type, NULL);
}

/* WAITS, slot -> |ENDED */
static void end_wait(struct fl_slot *of)
{
	uint32_t word = fl_load_relaxed(&of->weight); /* [FENCED] */

	do {
		if (!(word & WAITS))
			return;
		/* [FENCED] */
	} while (!fl_cas_relaxed(&of->weight, &word, word | FL_ENDED_BY_OTHER));
	if (word & FL_ENDED_SLOT)
		fl_slot_rouse(fl_slot_at(word & FL_ENDED_SLOT));
}

FL_FACE int pthread_cancel(pthread_t thread)
{
	const uint64_t handle = handle_of(thread);
	int error = fl_libc()->cancel(thread);
	uint32_t made;

	if (error)
		return error;
	fl_fence_full();
	made = fl_slots_made();
	for (uint32_t id = 1; id <= made; id++)
		if (fl_load_relaxed(&fl_slot_at(id)->note) == handle) /* [OWNER] */
			end_wait(fl_slot_at(id));
	return 0;
}
