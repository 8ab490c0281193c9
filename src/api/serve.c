/* SPDX-License-Identifier: MIT
 *
 * serve.c - see serve.h.
 *
 * A scan by a thread that is in fifolock_run itself takes, where the section of another is next,
 * the hold for it, and keeps the scanner's role with that hold (role.h), in a slot of its own.
 * The thread runs the section, and then those behind it, a row at a time, as long as the line has
 * sections: the line moves on by a whole row in one step (fl_serve_next), and the sections of a
 * row are run without a read-modify-write, and without waiting for any line that others look at: an
 * owner is told by a store, which is on its way while the next section runs.  An owner is told when the
 * section behind its own is about to be run; the last one after the hold has been given back: the
 * owner that is told may be the last to use the lock, and free it (G5), but not while another waits
 * for its section.  Any other scan grants the head to its owner, which wakes up and runs its own
 * section.  So unlock stays short, and safe in signal handlers.
 *
 *	relaxed   because
 *	[GUESS]   A first look at whether any owner sleeps.  Where it must be certain,
 *		  fl_role_sleepers is asked.
 */
#include "serve.h"
#include "observe/account.h"
#include "core/atomic.h"
#include "core/callbacks.h"
#include "core/lock.h"
#include "core/park.h"
#include "core/pass.h"
#include "core/role.h"
#include "core/awake.h"

#include <errno.h>
#include <stddef.h>

/* How many sections of others one call runs, and for how long by the coarse clock. */
#define SERVES_MOST 256
#define SERVES_NS   2000000

/* Of all that one call comes to, in the order of the line, those that matter now. */
struct row {
	struct fl_slot *
		*slots; /* [0] has been run before, NULL: none; then these are next ... */
	unsigned count;
	unsigned
		found; /* ... and so many were seen behind them, whose lines have been fetched */
};

struct fl_serving fl_serving_on(fifolock_t *lock, bool booked)
{
	return (struct fl_serving){.lock = lock,
				   .sleepers = fl_role_dormitory(lock),
				   .left = fl_sections_pay(lock, NULL) ? SERVES_MOST : 0,
				   .booked = booked,
				   .held = fl_callbacks_deferred()};
}

void fl_serving_joined(struct fl_serving *serving, const struct fl_slot *slot)
{
	if (!fl_sections_pay(serving->lock, NULL) && fl_sections_pay(serving->lock, slot))
		serving->left = SERVES_MOST;
}

static void run_booked(const struct fl_serving *serving, const struct fl_slot *slot)
{
	const void *site = FL_SITE_CALLBACK("a section of fifolock_run", slot->call);
	uint64_t gave;

	fl_account_receives(slot);
	fl_account_served(serving->lock, slot, site);
	slot->call(slot->ctx);
	(void)fl_account_gives(serving->lock, slot->mode, 1, &gave, site);
	fl_account_sends(slot);
}

/* The owner waits to be told: nothing of the slot changes meanwhile.  Where no listener is to hear of
 * it, nothing of the lock is looked at. */
static void run_section(const struct fl_serving *serving, const struct fl_slot *slot,
			void (*section)(void *arg), void *arg)
{
	if (fl_unlikely(serving->booked))
		run_booked(serving, slot);
	else
		section(arg);
}

/* By now what was told by stores is seen by a thread that looks before falling asleep.  There are
 * some that have not looked, or have looked before: perhaps one of these was told. */
static void wake(struct fl_slot *const slots[], unsigned from, unsigned to)
{
	for (; from < to; from++)
		fl_unpark(&slots[from]->word);
}

/* The section behind it is next, if that is not the last of the row: NULL.  As mostly no owner sleeps,
 * and another one's end is soon enough to look again, its line is not waited for. */
static bool tell(const struct fl_serving *serving, struct fl_slot *slot,
		 struct fl_slot *next)
{
	if (fl_unlikely(fl_load_relaxed(serving->sleepers))) { /* [GUESS] */
		fl_serve_complete(slot, next);
		return false;
	}
	fl_serve_complete_awake(slot, next);
	return true;
}

/* One step towards the newest in line, when a section has been run: the line of the slot behind is
 * fetched while the next one runs, and then it says which slot is behind that.  Where there is none
 * yet, others have still to write there: looking at once again would be waiting for them. */
#define REST 2
static struct fl_slot *look_ahead(struct fl_slot *slot, unsigned *rest)
{
	struct fl_slot *behind;

	if (*rest) {
		--*rest;
		return NULL;
	}
	behind = fl_serve_behind(slot);
	if (behind)
		fl_fetch(behind);
	else
		*rest = REST;
	return behind;
}

/* One after the other, each when the one before it has been told; the last one is not told yet.  What
 * is to be known of a slot is read before anything is written there, as then its line has to come
 * back. */
static void run_row(const struct fl_serving *serving, struct row *row)
{
	struct fl_slot **slots = row->slots, *before = slots[0];
	struct fl_slot *ahead = slots[row->count], *behind;
	const unsigned count = row->count;
	unsigned sure = before ? 0 : 1, found = 0, rest = 0;

	behind = look_ahead(ahead, &rest);
	for (unsigned i = 1; i <= count; i++) {
		struct fl_slot *slot = slots[i];
		void (*section)(void *arg) = slot->call;
		void *arg = slot->ctx;

		if (i == 1 && before)
			fl_serve_stand(serving->on.server, before, slots[count]);
		if (before && !tell(serving, before, i < count ? slot : NULL)) {
			wake(slots, sure, i - 1);
			sure = i;
		}
		if (behind && found < FL_ROW)
			slots[count + ++found] = ahead = behind;
		fl_fetch(ahead);
		run_section(serving, slot, section, arg);
		behind = look_ahead(ahead, &rest);
		before = slot;
	}
	if (behind && found < FL_ROW)
		slots[count + ++found] = behind;
	row->found = found;
	if (sure < count && fl_role_sleepers(serving->lock))
		wake(slots, sure, count);
}

/* As others want it: errno as it was, callbacks as the caller found them. */
static void run_as_caller(const struct fl_serving *serving, struct row *row)
{
	unsigned held = fl_callbacks_set_deferred(serving->held);
	int saved = errno;

	run_row(serving, row);
	errno = saved;
	fl_callbacks_set_deferred(held);
}

/* Enough for one call? */
static bool is_over(struct fl_serving *serving)
{
	uint64_t now = fl_now_coarse();

	serving->ticked = now != serving->seen;
	serving->seen = now;
	return serving->left == 0 || now - serving->began >= SERVES_NS;
}

/* How many sections the next step takes: those whose lines have been fetched, so that the thread does
 * not wait for lines that others have.  One, where they take long: then those behind it can be turned
 * away meanwhile, and it is soon looked whether it is enough for one call. */
static unsigned most(const struct fl_serving *serving, struct row *row)
{
	struct fl_slot **slots = row->slots;
	unsigned most = serving->ticked && row->found ? 1 : row->found;

	if (!most && (slots[1] = fl_serve_behind(slots[0])))
		most = 1;
	return most < serving->left ? most : serving->left;
}

static bool next_row(struct fl_serving *serving, struct row *row)
{
	struct fl_slot *server = serving->on.server;

	row->slots += row->count;
	row->count = is_over(serving) ? 0
				      : fl_serve_next(serving->lock, server, row->slots,
						      most(serving, row));
	if (!row->count)
		return false;
	serving->left -= row->count;
	fl_role_publish(serving->lock, row->slots[row->count]->ticket, server->id);
	return true;
}

/* Run the section of the first, and what comes behind it: the last, which is not told. */
static struct fl_slot *serve_rows(struct fl_serving *serving)
{
	struct fl_slot *slots[1 + SERVES_MOST + FL_ROW];
	struct row row = {.slots = slots, .count = 1};

	slots[0] = NULL;
	slots[1] = serving->on.first;
	serving->left--;
	do
		run_as_caller(serving, &row);
	while (next_row(serving, &row));
	return row.slots[0];
}

/* The hold has been given back.  A thread that takes the role at this moment may not have taken
 * it off the line yet: then that tells it. */
static void tell_last(struct fl_service *on, struct fl_slot *last)
{
	if (!on->first && fl_role_orphan(on->server))
		on->server = NULL;
	else
		fl_serve_complete(last, NULL);
}

void fl_serve(struct fl_serving *serving)
{
	struct fl_service *on = &serving->on;

	if (on->first)
		serving->began = serving->seen = fl_now_coarse();
	while (on->first) {
		struct fl_slot *last = serve_rows(serving);
		uint64_t field = on->field, unit = on->unit;

		on->first = NULL;
		fl_release_to(serving->lock, field, unit, is_over(serving) ? NULL : on);
		tell_last(on, last);
	}
	if (on->server)
		fl_slot_waited(on->server);
	on->server = NULL;
}

void fl_release_and_serve(struct fl_serving *serving, const struct fifolock_row *row)
{
	fl_callbacks_defer();
	fl_release_to(serving->lock, row->field, row->unit, fl_service_of(serving));
	fl_serve(serving);
	fl_callbacks_resume();
}
