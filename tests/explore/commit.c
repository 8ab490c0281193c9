/* SPDX-License-Identifier: MIT
 *
 * commit.c - what a scan may do to the line, looked at in the step that commits it.
 *
 * Who is off the line by then (the line is the scanner's, so it can be read) has left, was
 * turned away, was granted, or is to have its section run together with the one before it;
 * and what the word has become must be what it was, less the scanner's own release,
 * with just those who were granted.
 */
#include "account.h"
#include "lock.h"

#include <errno.h>
#include <string.h>

struct commit {
	struct request *order[REQUESTS];
	unsigned count;
	uint32_t holds[FIFOLOCK_MAX_MODES];
	const struct request *kept; /* the first that stays, of those that must be passed
				       * by nobody */
	const struct request *before; /* the last section that was taken */
};

static bool still_there(const struct request *request)
{
	uint32_t id = account->lock->first;

	for (unsigned i = 0; id && i < REQUESTS; i++) {
		if (fl_slot_at(id) == request->slot)
			return true;
		id = fl_slot_at(id)->newer;
	}
	return false;
}

/* The next in line who has not left. */
static uint32_t who_stays(uint32_t id)
{
	while (id && fl_slot_at(id)->word & FL_LEFT)
		id = fl_slot_at(id)->newer;
	return id;
}

/* Who stays is in line in the order of the account. */
static void check_order(const struct commit *commit)
{
	uint32_t id = who_stays(account->lock->first);

	for (unsigned i = 0; i < commit->count; i++) {
		const struct request *request = commit->order[i];

		if (request->state == LEFT || !still_there(request))
			continue;
		if (!id || fl_slot_at(id) != request->slot)
			ex_fail("G1: thread %u is not in its place in the line",
				request->thread);
		id = who_stays(fl_slot_at(id)->newer);
	}
	if (id)
		ex_fail("somebody is in line who did not ask");
}

static bool alone(unsigned mode)
{
	uint32_t holds[FIFOLOCK_MAX_MODES] = {0};

	holds[mode] = 1;
	for (unsigned m = 0; m < account->table->modes->count; m++)
		if (account->table->allows(holds, m))
			return false;
	return true;
}

static bool turned_away(const struct request *request)
{
	return request->slot->verdict && request->slot->verdict != FL_OUT;
}

/* The next of some sections that are run under one hold. */
static bool grouped(const struct commit *commit, const struct request *request)
{
	return commit->before && request->call == WATCH_RUN &&
	       request->mode == commit->before->mode && alone(request->mode);
}

/* ---- who is turned away ---- */

/* Does it wait, or has it waited during the other's call? */
static bool waits_beside(const struct request *it, const struct request *other)
{
	if (it->from < 0)
		return false;
	if (it->state == OVER)
		return it->verdict == ETIMEDOUT && it->over_at > other->asked_at;
	return it->taken &&
	       (it->state == PUSHED || it->state == ANNOUNCED || it->state == LEFT);
}

/* It and those behind it cannot give back what this one waits for: they wait for it. */
static bool never_granted(const struct request *it, const struct request *last)
{
	uint32_t holds[FIFOLOCK_MAX_MODES] = {0};

	for (unsigned i = 0; i < account->request_count; i++) {
		const struct request *other = &account->requests[i];

		if (other == it || other == last ||
		    (waits_beside(other, last) && other->pushed_at > it->pushed_at &&
		     other->pushed_at < last->pushed_at))
			holds[other->from]++;
	}
	return !account_allows(holds, it);
}

static bool would_deadlock(const struct request *request)
{
	for (unsigned i = 0; i < account->request_count; i++) {
		const struct request *it = &account->requests[i];

		if (it->pushed_at < request->pushed_at && waits_beside(it, request) &&
		    never_granted(it, request))
			return true;
	}
	return false;
}

static void refused(struct request *request, const uint32_t holds[])
{
	request->verdict = request->slot->verdict;
	if (request->verdict == ECANCELED ? !request->closed
	    : request->verdict == EDEADLK
		    ? request->from < 0 || !would_deadlock(request)
		    : request->verdict != EPERM || request->from < 0 ||
			      holds[request->from])
		ex_fail("thread %u is turned away with %d for no reason", request->thread,
			request->verdict);
	request->state = REFUSED;
	account_out_of_line(request);
}

/* ---- who is granted ---- */

static void granted(struct commit *commit, struct request *request, unsigned scanner)
{
	bool section = request->call == WATCH_RUN && account->calls[scanner].runs &&
		       alone(request->mode);

	if (commit->kept)
		ex_fail("G1: a commit passes thread %u over", commit->kept->thread);
	if (request->turned_away && account->closed)
		ex_fail("thread %u is granted what is closed", request->thread);
	request->grouped = section && grouped(commit, request);
	if (!request->grouped) {
		if (!account_allows(commit->holds, request))
			ex_fail("G2: a commit grants thread %u what the table does not "
				"allow",
				request->thread);
		commit->holds[request->mode] += request->n;
		if (request->from >= 0)
			commit->holds[request->from]--;
	}
	commit->before = section ? request : NULL;
	request->server = section ? scanner : request->thread;
	request->state = HELD;
	account_out_of_line(request);
}

/* Who has come while the line was looked at may find that others have been taken off. */
static void stays(struct commit *commit, const struct request *request)
{
	if (!commit->kept && (request->from < 0 || request->pushed_at < account->scan_at))
		commit->kept = request;
}

static void go_through(struct commit *commit, unsigned scanner)
{
	for (unsigned i = 0; i < commit->count; i++) {
		struct request *request = commit->order[i];

		if (request->state == LEFT)
			continue;
		if (still_there(request))
			stays(commit, request);
		else if (turned_away(request))
			refused(request, commit->holds);
		else
			granted(commit, request, scanner);
	}
}

/* ---- the word ---- */

/* What those who are off the line add to it. */
static void additions(const struct commit *commit, unsigned scanner, int32_t sum[])
{
	struct commit so_far = {.before = NULL};

	for (unsigned i = 0; i < commit->count; i++) {
		const struct request *request = commit->order[i];
		bool section = request->call == WATCH_RUN && account->calls[scanner].runs;

		if (request->state == LEFT || still_there(request) ||
		    turned_away(request))
			continue;
		if (!section || !grouped(&so_far, request)) {
			sum[request->mode] += (int32_t)request->n;
			if (request->from >= 0)
				sum[request->from]--;
		}
		so_far.before = section ? request : NULL;
	}
}

static bool is_change(const int32_t change[], unsigned mode, uint32_t n)
{
	for (unsigned m = 0; m < account->table->modes->count; m++)
		if (change[m] != (m == mode ? -(int32_t)n : 0))
			return false;
	return true;
}

/* What else the word has lost is the scanner's own release. */
static void give_back(struct commit *commit, const int32_t change[], unsigned scanner)
{
	struct release *give = account->give;
	unsigned mode;

	if (is_change(change, 0, 0))
		return;
	if (give && !give->done && is_change(change, give->mode, give->n)) {
		commit->holds[give->mode] -= give->n;
		give->done = true;
	} else if (account_served(scanner, &mode) && is_change(change, mode, 1)) {
		commit->holds[mode]--;
		account_served_over(scanner);
	} else {
		ex_fail("a commit whose units are not those of who is off the line");
	}
}

static void check_head(const uint32_t holds[])
{
	struct request *order[REQUESTS];
	const struct request *head = account_order(order, true) ? order[0] : NULL;

	if (head && head->state == ANNOUNCED && account_allows(holds, head))
		ex_fail("G3: a commit leaves thread %u in line, who fits", head->thread);
}

void account_commit(const struct ex_event *event, const uint32_t old[],
		    const uint32_t new[])
{
	struct commit commit = {.kept = NULL};
	int32_t change[FIFOLOCK_MAX_MODES] = {0};

	commit.count = account_order(commit.order, true);
	memcpy(commit.holds, old, sizeof(commit.holds));
	check_order(&commit);
	additions(&commit, event->thread, change);
	for (unsigned m = 0; m < account->table->modes->count; m++)
		change[m] = (int32_t)(new[m] - old[m]) - change[m];
	give_back(&commit, change, event->thread);
	go_through(&commit, event->thread);
	check_head(new);
}
