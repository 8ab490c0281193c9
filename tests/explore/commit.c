/* SPDX-License-Identifier: MIT
 *
 * commit.c - what a scan may do to the line, looked at in the step that commits it.
 *
 * A request that is off the line by then (the line is the scanner's, so it can be read) has left, was
 * turned away, was granted, or is to have its section run together with the one before it;
 * and what the word has become must be what it was, less the scanner's own release,
 * with just those that were granted.
 */
#include "account.h"
#include "core/lock.h"

#include <errno.h>
#include <string.h>

struct commit {
	struct request *order[REQUESTS];
	unsigned count;
	uint32_t holds[FIFOLOCK_MAX_MODES];
	const struct request *kept; /* the first that stays, of those that must be passed
				       * by no thread */
	unsigned grants;
};

/* Those in line, by what the lock and the slots say: conversions, and the chain, oldest first. */
static struct {
	const struct fl_slot *ahead[REQUESTS], *chain[REQUESTS];
	unsigned ahead_count, chain_count;
	uint32_t front;		      /* where the chain is said to begin */
	const struct fl_slot *keeper; /* holds already, or serves */
	const struct request *served; /* stands behind it; NULL: it does not serve */
} line;

static void find_ahead(void)
{
	line.front = account->lock->head;
	line.ahead_count = 0;
	while (line.front && fl_slot_at(line.front)->how & FL_CONVERTS) {
		if (line.ahead_count == REQUESTS)
			ex_fail("the list of conversions goes round in a circle");
		line.ahead[line.ahead_count++] = fl_slot_at(line.front);
		line.front = fl_slot_at(line.front)->newer;
	}
}

static void find_chain(void)
{
	uint32_t id = (uint32_t)account->lock->arrivals;

	line.chain_count = 0;
	for (; id; id = fl_slot_at(id)->older & ~FL_UNSURE) {
		if (line.chain_count == REQUESTS)
			ex_fail("the line goes round in a circle");
		line.chain[line.chain_count++] = fl_slot_at(id);
	}
	for (unsigned i = 0; i < line.chain_count / 2; i++) {
		const struct fl_slot **other = &line.chain[line.chain_count - 1 - i];
		const struct fl_slot *slot = line.chain[i];

		line.chain[i] = *other;
		*other = slot;
	}
}

static bool among(const struct fl_slot *const slots[], unsigned count,
		  const struct fl_slot *slot)
{
	for (unsigned i = 0; i < count; i++)
		if (slots[i] == slot)
			return true;
	return false;
}

static bool still_there(const struct request *request)
{
	if (request->from >= 0)
		return among(line.ahead, line.ahead_count, request->slot);
	return request->slot != line.keeper && request != line.served &&
	       among(line.chain, line.chain_count, request->slot);
}

static bool in_line(const struct request *request)
{
	return request->state == PUSHED || request->state == ANNOUNCED || request->left;
}

/* The request that a server serves; NULL: it is none. */
struct request *account_served_now(const struct fl_slot *server)
{
	struct request *request;

	if (!server->newer || !keeps_speaks(server))
		return NULL;
	request = account_of_slot(fl_slot_at(server->newer));
	if (!request || request->call != WATCH_RUN)
		ex_fail("the role is kept for a section that is none");
	return request;
}

/* Each of them asked, one after the other. */
static void check_part(const struct fl_slot *const slots[], unsigned count)
{
	unsigned before = 0;

	for (unsigned i = 0; i < count; i++) {
		const struct request *request = account_of_slot(slots[i]);

		if (line.served && slots[i] == line.keeper)
			continue;
		if (!request || (!in_line(request) && slots[i] != line.keeper &&
				 request != line.served))
			ex_fail("a thread is in line that did not ask");
		if (request->pushed_at < before)
			ex_fail("G1: thread %u is not in its place in the line",
				request->thread);
		before = request->pushed_at;
	}
}

/* One that was pushed onto an empty line, and has not announced it, is perhaps not found yet. */
static void check_front(void)
{
	if (line.front ? !line.chain_count || fl_slot_at(line.front) != line.chain[0]
		       : line.chain_count && account_of_slot(line.chain[0])->known)
		ex_fail("G1: the line is said to begin with another than it does");
}

/* Those before the last of a row are in between until that is said to stand behind the server. */
static void skip_who_is_served(void)
{
	unsigned last = 1, server;

	while (last < line.chain_count && line.chain[last] != line.served->slot)
		last++;
	if (last == line.chain_count)
		return;
	for (unsigned i = 1; i < last; i++) {
		const struct request *request = account_of_slot(line.chain[i]);

		if (!request || request->state != HELD || request->told ||
		    !keeps_serves(line.keeper, &server) || request->server != server)
			ex_fail("somebody is before who is served");
	}
	line.chain_count -= last - 1;
	memmove(&line.chain[1], &line.chain[last],
		(line.chain_count - 1) * sizeof(line.chain[0]));
}

/* keeper: the first of the chain, which holds already; or NULL: a note says which. */
void account_check_chain(const struct fl_slot *keeper)
{
	find_ahead();
	find_chain();
	line.keeper = keeper;
	if (line.chain_count && !keeper && fl_word_kept(account->lock->word))
		line.keeper = line.chain[0];
	if (line.keeper && (!line.chain_count || line.chain[0] != line.keeper ||
			    !keeps_speaks(line.keeper)))
		ex_fail("the keeper of the role is not the first in line");
	line.served = line.keeper ? account_served_now(line.keeper) : NULL;
	if (line.served)
		skip_who_is_served();
	if (line.served && (line.chain_count < 2 || line.chain[1] != line.served->slot))
		ex_fail("the one served is not the first in line behind the server");
	if (!line.keeper && fl_word_kept(account->lock->word))
		ex_fail("the keeper of the role is not in line");
	check_part(line.chain, line.chain_count);
}

/* Those that stay are in line in the order of the account. */
static void check_order(const struct fl_slot *keeper)
{
	account_check_chain(keeper);
	check_part(line.ahead, line.ahead_count);
	if (!line.keeper)
		check_front();
}

bool account_alone(unsigned mode)
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

/* ---- those turned away ---- */

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

/* ---- those granted ---- */

static void granted(struct commit *commit, struct request *request, unsigned scanner)
{
	if (commit->kept)
		ex_fail("G1: a commit passes thread %u over", commit->kept->thread);
	if (request->turned_away && account->closed)
		ex_fail("thread %u is granted what is closed", request->thread);
	if (!account_allows(commit->holds, request))
		ex_fail("G2: a commit grants thread %u what the table does not allow",
			request->thread);
	commit->holds[request->mode] += request->n;
	if (request->from >= 0)
		commit->holds[request->from]--;
	commit->grants++;
	request->server = request == line.served ? scanner : request->thread;
	request->state = HELD;
	account_out_of_line(request);
}

/* A conversion: had it come when the scan began?  With old values the scan need not know of one that has
 * not announced itself. */
static bool had_come(const struct request *request)
{
	if (ex_stale())
		return request->state == ANNOUNCED &&
		       request->announced_at < account->scan_at;
	return request->pushed_at < account->scan_at;
}

/* One that has come while the line was looked at may find that others have been taken off. */
static void stays(struct commit *commit, const struct request *request)
{
	if (!commit->kept && (request->from < 0 || had_come(request)))
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

/* What those that are off the line add to it. */
static void additions(const struct commit *commit, int32_t sum[])
{
	for (unsigned i = 0; i < commit->count; i++) {
		const struct request *request = commit->order[i];

		if (request->state == LEFT || still_there(request) ||
		    turned_away(request))
			continue;
		sum[request->mode] += (int32_t)request->n;
		if (request->from >= 0)
			sum[request->from]--;
	}
}

static bool is_change(const int32_t change[], unsigned mode, uint32_t n)
{
	for (unsigned m = 0; m < account->table->modes->count; m++)
		if (change[m] != (m == mode ? -(int32_t)n : 0))
			return false;
	return true;
}

/* Is it the scanner's own conversion, at once and with the role that it has taken for that? */
static bool is_exchange(const int32_t change[], const struct request *request)
{
	if (!request || request->state != ASKED || request->from < 0)
		return false;
	for (unsigned m = 0; m < account->table->modes->count; m++)
		if (change[m] != (m == request->mode) - ((int)m == request->from))
			return false;
	return true;
}

static void exchange(struct commit *commit, struct request *request, unsigned scanner)
{
	if (!account_allows(commit->holds, request))
		ex_fail("G2: thread %u converts to what the table does not allow",
			scanner);
	commit->holds[request->from]--;
	commit->holds[request->mode]++;
	request->state = HELD;
	request->server = scanner;
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
	} else if (is_exchange(change, account->calls[scanner].request)) {
		exchange(commit, account->calls[scanner].request, scanner);
	} else {
		ex_fail("a commit whose units are not those of the requests off the "
			"line");
	}
}

static void check_head(const uint32_t holds[])
{
	struct request *order[REQUESTS];
	const struct request *head = account_order(order, true) ? order[0] : NULL;

	if (head && head->state == ANNOUNCED && account_allows(holds, head))
		ex_fail("G3: a commit leaves thread %u in line, which fits",
			head->thread);
}

/* The one that it grants keeps the role: found by the note that the scanner has written. */
static const struct fl_slot *keeper_of(const struct ex_event *event)
{
	const struct fl_slot *slot = account->passes[event->thread].slot;

	if (!fl_word_kept(event->after))
		return NULL;
	if (!slot || account->passes[event->thread].moved)
		ex_fail("a commit leaves a role with none");
	account->servers[event->thread] = NULL;
	return slot;
}

static void check_server(const struct commit *commit, unsigned scanner)
{
	if (commit->grants != 1 || line.served->state != HELD || line.served->n != 1 ||
	    !account->calls[scanner].runs)
		ex_fail("the role is kept for another section than is granted");
	account->servers[scanner] = line.keeper;
	account->served[scanner] = account_of_slot(line.served->slot);
	account->served[scanner]->known = true;
}

static void check_keeper(const struct commit *commit)
{
	struct request *request = account_of_slot(line.keeper);
	const bool plain = request->call == WATCH_WAIT || request->call == WATCH_TIMED ||
			   request->call == WATCH_BUMP || request->call == WATCH_COND ||
			   request->call == WATCH_RUN;

	if (commit->grants != 1 || request->state != HELD)
		ex_fail("the role is kept by another than is granted");
	if (!plain || request->from >= 0 || request->n != 1 || request->signalled)
		ex_fail("thread %u keeps the role, and does not plainly wait",
			request->thread);
	request->known = true;
}

void account_commit(const struct ex_event *event, const uint32_t old[],
		    const uint32_t new[])
{
	struct commit commit = {.kept = NULL};
	int32_t change[FIFOLOCK_MAX_MODES] = {0};

	commit.count = account_order(commit.order, true);
	memcpy(commit.holds, old, sizeof(commit.holds));
	check_order(keeper_of(event));
	additions(&commit, change);
	for (unsigned m = 0; m < account->table->modes->count; m++)
		change[m] = (int32_t)(new[m] - old[m]) - change[m];
	give_back(&commit, change, event->thread);
	go_through(&commit, event->thread);
	check_head(new);
	if (line.served)
		check_server(&commit, event->thread);
	else if (line.keeper)
		check_keeper(&commit);
}
