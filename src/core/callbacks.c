/* SPDX-License-Identifier: MIT
 *
 * callbacks.c - see callbacks.h.  All of it belongs to one thread and the handlers that
 * interrupt it.
 *
 * inbox is a stack of slots that both push on, by compare-and-swap; held is written
 * by a handler only between two instructions of the thread, and is then what it was.
 * The rest is touched by the code that has made held non-zero: a handler that finds it so
 * leaves it alone.
 *
 *	row       released by   acquired by            what it carries
 *	[OVER]    set_last      heir_of (scanner.c)    the keepers' notes before
 *
 *	relaxed   because
 *	[MINE]    One thread: program order is all there is to keep.  Atomic, because a
 *	          handler may come between.
 */
#include "callbacks.h"
#include "atomic.h"
#include "thread.h"

#include <errno.h>
#include <fifolock/request.h>
#include <stddef.h>

/* So much of a thread's stack may be taken by callbacks inside callbacks. */
#define DEEPEST (32u << 10)

FL_MY uint32_t inbox;		       /* newest first, linked by newer */
FL_MY struct fl_due due;	       /* the queue */
FL_MY struct fl_callbacks_wait *aside; /* innermost first: what waits have set aside */
FL_MY struct fl_turn *turn;	       /* of the outermost call that runs callbacks now */
FL_MY struct fl_slot *expects;	       /* its grant is not to be called back */
FL_MY unsigned held;		       /* how many have said fl_callbacks_defer */
FL_MY bool expected; /* beside another small one: the room is short (thread.h) */

fifolock_t *fl_lock_of(const struct fl_slot *slot)
{
	return ((const fifolock_request_t *)slot->ctx)->lock;
}

/* ---- the queue ---- */

static bool alike(const struct fl_slot *one, const struct fl_slot *other)
{
	return fl_lock_of(one) == fl_lock_of(other) && !one->verdict == !other->verdict;
}

static struct fl_slot *next_of(const struct fl_slot *slot)
{
	return slot->newer ? fl_slot_at(slot->newer) : NULL;
}

/* The last slot of a run.  Atomic, because the thread that joined may be about to find out that its
 * slot is not where it was pushed any more (queue.c). */
static uint32_t last_of(const struct fl_slot *run)
{
	return fl_load_relaxed(&run->older); /* [MINE] */
}

static void set_last(struct fl_slot *run, uint32_t last)
{
	/* [OVER] release */
	fl_store_release(&run->older, last);
}

/* The slots from run to last, all alike. */
static void append_run(struct fl_due *list, struct fl_slot *run, struct fl_slot *last)
{
	last->newer = 0;
	if (list->first)
		fl_slot_at(list->last)->newer = run->id;
	else
		list->first = run->id;
	list->last = last->id;
	if (list->run && alike(fl_slot_at(list->run), run)) {
		set_last(fl_slot_at(list->run), last->id);
		return;
	}
	set_last(run, last->id);
	list->run = run->id;
}

static void append(struct fl_due *list, struct fl_slot *slot)
{
	append_run(list, slot, slot);
}

/* The first run, or the one after the slot before. */
static struct fl_slot *cut_run(struct fl_due *list, struct fl_slot *before)
{
	struct fl_slot *run = fl_slot_at(before ? before->newer : list->first);
	uint32_t next = fl_slot_at(last_of(run))->newer;

	*(before ? &before->newer : &list->first) = next;
	if (!next) {
		list->last = before ? before->id : 0;
		list->run = 0; /* unknown: the next one begins a new run */
	}
	return run;
}

static void take_first(struct fl_due *list, struct fl_slot *slot)
{
	struct fl_slot *next = next_of(slot);

	if (last_of(slot) == slot->id) {
		cut_run(list, NULL);
		return;
	}
	set_last(next, last_of(slot));
	list->first = next->id;
	if (list->run == slot->id)
		list->run = next->id;
}

static void put_first(struct fl_due *list, struct fl_slot *run)
{
	struct fl_slot *last = fl_slot_at(last_of(run));

	last->newer = list->first;
	if (!list->first) {
		list->last = last->id;
		list->run = run->id;
	}
	list->first = run->id;
}

/* Those that hold the lock, to the end of the queue. */
static void pick(struct fl_due *list, const fifolock_t *lock)
{
	struct fl_slot *before = NULL;
	uint32_t id = list->first;

	while (id) {
		struct fl_slot *run = fl_slot_at(id), *last = fl_slot_at(last_of(run));

		id = last->newer;
		if (fl_lock_of(run) == lock && !run->verdict)
			append_run(&due, cut_run(list, before), last);
		else
			before = last;
	}
}

/* The later ones behind the earlier ones. */
static void join_lists(struct fl_due *earlier, const struct fl_due *later)
{
	if (!later->first)
		return;
	if (earlier->first)
		fl_slot_at(earlier->last)->newer = later->first;
	else
		earlier->first = later->first;
	earlier->last = later->last;
	earlier->run = later->run;
}

/* ---- the inbox ---- */

/* The slot may have been told, freed and taken by another thread's request since: then it
 * says that other thread's name. */
static bool is_expected(const struct fl_slot *slot)
{
	return slot == fl_load_relaxed(&expects) && /* [MINE] */
	       fl_slot_note(slot) == (uintptr_t)&expects;
}

void fl_take_due(struct fl_slot *slot)
{
	uint32_t top = fl_load_relaxed(&inbox); /* [MINE] */

	do {
		slot->newer = top;
		/* [MINE] */
	} while (!fl_cas_relaxed(&inbox, &top, slot->id));
}

void fl_call_later(struct fl_slot *slot)
{
	if (is_expected(slot))
		fl_store_relaxed(&expected, true); /* [MINE] */
	else
		fl_take_due(slot);
}

/* All that is in the inbox, oldest first. */
static uint32_t take_inbox(void)
{
	uint32_t id = fl_load_relaxed(&inbox); /* [MINE] */
	uint32_t oldest = 0;

	/* [MINE] */
	while (id && !fl_cas_relaxed(&inbox, &id, 0))
		;
	while (id) {
		struct fl_slot *slot = fl_slot_at(id);

		id = slot->newer;
		slot->newer = oldest;
		oldest = slot->id;
	}
	return oldest;
}

/* The inbox to the end of the queue. */
static void sort(void)
{
	uint32_t id = take_inbox();

	while (id) {
		struct fl_slot *slot = fl_slot_at(id);

		id = slot->newer;
		append(&due, slot);
	}
}

static bool any_due(void)
{
	return fl_load_relaxed(&inbox) || fl_load_relaxed(&due.first); /* [MINE] */
}

/* ---- running them ---- */

bool fl_callbacks_deep(void)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	return turn &&
	       (turn->base > here ? turn->base - here : here - turn->base) > DEEPEST;
}

static void set_held(unsigned n)
{
	fl_handler_fence();
	fl_store_relaxed(&held, n); /* [MINE] */
	fl_handler_fence();
}

/* Too deep: a callback that no thread can wait for waits for the stack to be free again. */
static void leave_to_others(struct fl_slot *run)
{
	if (run->verdict)
		append_run(&aside->aside, run, fl_slot_at(last_of(run)));
	else
		fl_hand_over(run, true);
}

/* Is the first run, or its rest, this thread's to call?  Refused ones are, in the end: they
 * hold nothing, so no thread comes for them, and their lock may be gone. */
static bool is_ours(struct fl_slot *run)
{
	bool deep = fl_callbacks_deep();

	if (!deep && (run->verdict || !fl_turn_is_over(turn, run)))
		return true;
	cut_run(&due, NULL);
	if (deep) {
		leave_to_others(run);
		return false;
	}
	if (fl_hand_over(run, false))
		return false;
	put_first(&due, run);
	fl_turn_renew(turn);
	return true;
}

/* With held made non-zero. */
static void run_due(void)
{
	while (any_due()) {
		struct fl_slot *slot;

		sort();
		slot = fl_slot_at(due.first);
		if (!is_ours(slot))
			continue;
		take_first(&due, slot);
		turn->called++;
		slot->call(slot->ctx);
	}
}

static void begin_turn(struct fl_turn *mine)
{
	fl_turn_begin(mine);
	/* Not where mine is: AddressSanitizer may have put that on the heap. */
	mine->base = (uintptr_t)__builtin_frame_address(0);
	turn = mine;
}

static void take_turn(void)
{
	struct fl_turn mine;
	bool outermost = !turn;
	int saved = errno;

	if (outermost)
		begin_turn(&mine);
	run_due();
	if (outermost)
		turn = NULL;
	errno = saved;
}

void fl_callbacks_run(void)
{
	while (!fl_load_relaxed(&held) && any_due()) { /* [MINE] */
		set_held(1);
		take_turn();
		set_held(0);
	}
}

void fl_callbacks_defer(void)
{
	set_held(fl_load_relaxed(&held) + 1); /* [MINE] */
}

void fl_callbacks_resume(void)
{
	set_held(fl_load_relaxed(&held) - 1); /* [MINE] */
	fl_callbacks_run();
}

unsigned fl_callbacks_deferred(void)
{
	return fl_load_relaxed(&held); /* [MINE] */
}

unsigned fl_callbacks_set_deferred(unsigned n)
{
	unsigned before = fl_callbacks_deferred();

	set_held(n);
	return before;
}

uint32_t fl_callbacks_take_over(const fifolock_t *lock)
{
	struct fl_turn mine;

	if (turn || fl_callbacks_deferred()) {
		fl_take_over(lock);
		return 0;
	}
	fl_callbacks_defer();
	begin_turn(&mine);
	set_held(0);
	fl_take_over(lock);
	fl_callbacks_run();
	turn = NULL;
	return mine.called;
}

/* ---- around a wait ---- */

/* Of all that is set aside, the outermost first, as it has been due for longer. */
static void pick_all(struct fl_callbacks_wait *wait, const fifolock_t *lock)
{
	if (wait->outer)
		pick_all(wait->outer, lock);
	pick(&wait->aside, lock);
}

static void set_aside(struct fl_callbacks_wait *wait, const fifolock_t *lock)
{
	set_held(wait->held + 1);
	sort();
	wait->aside = due;
	wait->outer = aside;
	aside = wait;
	due = (struct fl_due){0};
	pick_all(wait, lock);
}

/* Mostly nothing is due, and no wait is around this one.  What a handler makes due between two
 * instructions here it runs itself, or, while they are held back, leaves in the inbox. */
void fl_callbacks_wait_begin(struct fl_callbacks_wait *wait, const fifolock_t *lock)
{
	wait->held = fl_callbacks_deferred();
	if (fl_unlikely(any_due() || aside)) {
		set_aside(wait, lock);
	} else {
		wait->aside = (struct fl_due){0};
		wait->outer = NULL;
		aside = wait;
	}
	set_held(0);
	fl_callbacks_run();
	fl_take_over(lock);
}

static void take_back(struct fl_callbacks_wait *wait)
{
	set_held(wait->held + 1);
	sort();
	join_lists(&wait->aside, &due);
	due = wait->aside;
}

/* Where nothing is due nothing becomes due here: callbacks are not held up, so a handler runs its own. */
void fl_callbacks_wait_end(struct fl_callbacks_wait *wait)
{
	const bool some = any_due() || wait->aside.first;

	if (fl_unlikely(some))
		take_back(wait);
	aside = wait->outer;
	set_held(wait->held);
	if (fl_unlikely(some))
		fl_callbacks_run();
}

/* ---- a grant that is caught ---- */

void fl_callbacks_catch(struct fl_slot *slot)
{
	fl_slot_set_note(slot, (uintptr_t)&expects);
	fl_store_relaxed(&expected, false); /* [MINE] */
	fl_store_relaxed(&expects, slot);   /* [MINE] */
}

bool fl_callbacks_caught(void)
{
	fl_store_relaxed(&expects, (struct fl_slot *)NULL); /* [MINE] */
	fl_handler_fence();
	return fl_load_relaxed(&expected); /* [MINE] */
}
