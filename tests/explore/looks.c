/* SPDX-License-Identifier: MIT
 *
 * looks.c - what a look at a lock says was so at some moment of the call.
 *
 * While a thread looks, every state that the lock goes through is written down: its holds, which
 * requests are in line for certain, and which may be said to be, or not: one that has pushed itself and not
 * yet announced it, or has left and not yet returned.  The answer must fit one of them.
 */
#include "account.h"

#include <errno.h>
#include <string.h>

#define MOMENTS 256

static struct moment {
	uint32_t holds[FIFOLOCK_MAX_MODES];
	uint64_t certain, possible; /* bits: requests by number */
	bool closed, ruled, scanned;
} moments[MOMENTS];
static unsigned moment_count;

_Static_assert(REQUESTS <= 64, "a bit for each request");

static void look(struct moment *now)
{
	memset(now, 0, sizeof(*now));
	account_decode(account->lock->word, now->holds);
	now->closed = account->closed;
	now->ruled = account->ruling;
	now->scanned = keeps_busy();
	for (unsigned i = 0; i < account->line_count; i++) {
		unsigned which = account->line[i];

		now->possible |= UINT64_C(1) << which;
		if (account->requests[which].state == ANNOUNCED)
			now->certain |= UINT64_C(1) << which;
	}
}

void looks_note(void)
{
	struct moment *next = &moments[moment_count];

	if (!account->looked_at)
		return;
	look(next);
	if (moment_count && !memcmp(next, next - 1, sizeof(*next)))
		return;
	if (++moment_count == MOMENTS)
		ex_fail("explorer: too many moments");
}

void looks_begin(void)
{
	moment_count = 0;
	looks_note();
}

/* Old values are of moments before the call, too. */
void watch_looks_closely(void)
{
	struct caller *me = account_mine();

	memory_quietly(true);
	looks_note();
	memory_quietly(false);
	me->looks_from = ex_stale() ? 0 : moment_count - 1;
}

/* ---- does a moment fit? ---- */

static bool goes_before(const struct request *one, const struct request *other)
{
	bool ahead = one->from >= 0, other_ahead = other->from >= 0;

	return ahead == other_ahead ? one->pushed_at < other->pushed_at : ahead;
}

/* Those that may be in line, in its order. */
static unsigned in_order(const struct moment *moment, struct request *order[])
{
	unsigned count = 0, at;

	for (unsigned i = 0; i < account->request_count; i++) {
		struct request *request = &account->requests[i];

		if (!(moment->possible >> i & 1))
			continue;
		for (at = count++; at && goes_before(request, order[at - 1]); at--)
			order[at] = order[at - 1];
		order[at] = request;
	}
	return count;
}

static bool is_certain(const struct moment *moment, const struct request *request)
{
	return moment->certain >> (request - account->requests) & 1;
}

static bool may_leave(const struct request *request)
{
	return request->call == WATCH_TIMED || request->calls ||
	       request->call == WATCH_REQUEST;
}

static bool is_entry(const struct fifolock_in_line *entry, const struct request *request)
{
	return entry->ticket == request->ticket && entry->mode == request->mode &&
	       entry->n == request->n && entry->from == request->from &&
	       entry->may_leave == may_leave(request);
}

/* An arrival behind others writes to the line only: an older value of that has none of those that came
 * last. */
static bool is_overlooked(const struct request *request)
{
	return ex_stale() && request->from < 0;
}

/* Those that are certain are there, others may be, in the order of the line. */
static bool line_fits(const struct moment *moment,
		      const struct fifolock_snapshot *snapshot,
		      const struct fifolock_in_line line[])
{
	struct request *order[REQUESTS];
	unsigned count = in_order(moment, order), at = 0;
	bool ended = false; /* those behind are overlooked, too */

	for (unsigned i = 0; i < count; i++) {
		bool shown = at < snapshot->waiting && is_entry(&line[at], order[i]);
		bool missed = !shown && is_certain(moment, order[i]);

		if ((shown && ended) || (missed && !is_overlooked(order[i])))
			return false;
		at += shown;
		ended = ended || missed;
	}
	return at == snapshot->waiting &&
	       (!at || snapshot->oldest_ticket == line[0].ticket);
}

/* While a lock is being closed, old values of one variable may be seen with new ones of
 * another that no thread that knows of the other has written. */
static bool closed_fits(const struct moment *moment, bool closed)
{
	return closed == moment->closed || (ex_stale() && moment->ruled);
}

static bool snapshot_fits(const struct moment *moment,
			  const struct fifolock_snapshot *snapshot,
			  const struct fifolock_in_line line[])
{
	for (unsigned m = 0; m < snapshot->modes; m++)
		if (snapshot->holds[m] != moment->holds[m])
			return false;
	return closed_fits(moment, snapshot->closed) && line_fits(moment, snapshot, line);
}

/* Is this one kept out by the holds of mode, all others taken away, its own given? */
static bool kept_out(const struct moment *moment, unsigned mode,
		     const struct request *request)
{
	uint32_t holds[FIFOLOCK_MAX_MODES] = {0};

	holds[mode] = moment->holds[mode];
	if (request->from == (int)mode)
		holds[mode]--;
	for (uint32_t i = 0; i < request->n; i++, holds[request->mode]++)
		if (!account->table->allows(holds, request->mode))
			return true;
	return false;
}

static bool contended_fits(const struct moment *moment, unsigned mode, bool contended)
{
	for (unsigned i = 0; i < account->request_count; i++) {
		const struct request *request = &account->requests[i];
		uint64_t who = contended ? moment->possible : moment->certain;

		if (moment->holds[mode] && who >> i & 1 &&
		    kept_out(moment, mode, request))
			return contended;
	}
	return !contended;
}

static bool position_fits(const struct moment *moment, const struct request *request,
			  uint32_t position)
{
	struct request *order[REQUESTS];
	unsigned count = in_order(moment, order), fewest = 0, most = 0;

	if (position == UINT32_MAX)
		return !is_certain(moment, request);
	for (unsigned i = 0; i < count; i++) {
		if (order[i] == request)
			return position >= fewest && position <= most;
		fewest += is_certain(moment, order[i]);
		most++;
	}
	return false;
}

/* ---- answers ---- */

void watch_snapshot(int error, const struct fifolock_snapshot *snapshot,
		    const struct fifolock_in_line line[], size_t room)
{
	unsigned from = account_mine()->looks_from;
	bool right = false;

	if (!error && snapshot->waiting > room)
		ex_fail("%u are said to be in line", snapshot->waiting);
	for (unsigned i = from; i < moment_count && !right; i++)
		right = error ? moment_count > from + 1 || moments[i].scanned
			      : snapshot_fits(&moments[i], snapshot, line);
	if (!right || (error && error != EAGAIN))
		ex_fail("a snapshot by thread %u, answered %d, is of no moment",
			ex_current(), error);
}

void watch_contended(unsigned mode, bool contended)
{
	unsigned from = account_mine()->looks_from;
	bool right = false;

	for (unsigned i = from; i < moment_count && !right; i++)
		right = contended_fits(&moments[i], mode, contended);
	if (!right)
		ex_fail("thread %u is told that the lock is %scontended", ex_current(),
			contended ? "" : "not ");
}

void watch_position(unsigned which, uint32_t position)
{
	unsigned from = account_mine()->looks_from;
	bool right = false;

	for (unsigned i = from; i < moment_count && !right; i++)
		right = position_fits(&moments[i], &account->requests[which], position);
	if (!right)
		ex_fail("the request of thread %u is said to be at %u", ex_current(),
			position);
}
