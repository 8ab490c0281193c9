/* SPDX-License-Identifier: MIT
 *
 * watch.c - after each step, is the lock what the headers promise?
 *
 * A second account of the lock, of requests and holds, follows the steps that decide:
 *
 *	line	a push gives a request its place
 *	word	takes at once, announcements, releases, commits
 *	slot	leaves, is told
 *
 * G1, G2	A commit grants from the oldest on, each of whom the plain rule allows; nobody
 *		takes at once while an announced request is in line.
 * G3		A commit leaves no head that fits; and when all sleep, none does, no scan is
 *		half done, and nobody who was granted sleeps.
 * G4		Nobody who has left is granted, nor told; a call returns what happened.
 * G5		Nothing touches the memory of a freed lock (memory.c).
 * and		SCANNING only with QUEUED, RESCAN only with SCANNING, guard bits 0; at the end
 *		all is zero and every slot is free.
 *
 * All of it is a function of the order of dependent steps, as the reduction in schedule.c
 * requires.
 */
#include "watch.h"
#include "queue.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define REQUESTS 64
#define NESTED	 2 /* a handler's release inside a thread's */
#define NOBODY	 EX_THREADS

enum state { ASKED, PUSHED, ANNOUNCED, LEFT, HELD, OVER };

static struct request {
	unsigned thread;
	unsigned mode;
	uint32_t n;
	enum watch_call call;
	enum state state;
	const struct fl_slot *slot; /* NULL: not in line */
	uint32_t ticket;
	bool taken; /* by a scanner, off the door */
	bool told;
	bool cause; /* of an EBUSY: seen while it asked */
} requests[REQUESTS];
static unsigned request_count;

static unsigned line[REQUESTS]; /* in the order of the pushes */
static unsigned line_count;

struct release {
	unsigned mode;
	uint32_t n;
	bool done;
};

static struct {
	struct request *request; /* in progress */
	struct release releases[NESTED];
	unsigned nested;
	bool looks;
	uint32_t seen;	       /* the first ticket that it has not seen */
	uint32_t fewest, most; /* in line while it looked */
} calls[EX_THREADS];

static struct {
	unsigned thread;
	struct release *give;
} scanner;

static fifolock_t *lock;
static const struct watch_table *table;
static bool freed;

void watch_begin(fifolock_t *which, const struct watch_table *rules)
{
	lock = which;
	table = rules;
	freed = false;
	request_count = line_count = 0;
	memset(calls, 0, sizeof(calls));
	scanner.thread = NOBODY;
}

static void decode(uint64_t word, uint32_t holds[])
{
	for (unsigned m = 0; m < table->modes->count; m++)
		holds[m] = fl_word_holds(table->modes, m, word);
}

static bool allows(const uint32_t holds[], const struct request *request)
{
	uint32_t then[FIFOLOCK_MAX_MODES];

	memcpy(then, holds, sizeof(then));
	for (uint32_t i = 0; i < request->n; i++, then[request->mode]++)
		if (!table->allows(then, request->mode))
			return false;
	return true;
}

static void line_remove(const struct request *request)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < line_count; i++)
		if (&requests[line[i]] != request)
			line[kept++] = line[i];
	line_count = kept;
}

/* ---- the door ---- */

static void watch_line(const struct ex_event *event)
{
	struct request *request = calls[event->thread].request;
	uint32_t newest = (uint32_t)event->after;

	if (!newest) {
		if (scanner.thread != event->thread)
			ex_fail("arrivals are taken by who is not the scanner");
		for (unsigned i = 0; i < line_count; i++)
			requests[line[i]].taken = true;
		return;
	}
	if (!request || request->state != ASKED)
		ex_fail("a push by who does not ask");
	request->state = PUSHED;
	request->slot = fl_slot_at(newest);
	for (unsigned i = 0; i < request_count; i++) /* who left it to the scanner */
		if (&requests[i] != request && requests[i].slot == request->slot)
			requests[i].slot = NULL;
	request->ticket = (uint32_t)(event->before >> 32);
	if ((uint32_t)(event->after >> 32) != request->ticket + 1)
		ex_fail("the ticket is not the next");
	line[line_count++] = (unsigned)(request - requests);
}

/* ---- the word ---- */

static void check_word(uint64_t word)
{
	uint64_t known = FL_QUEUED | FL_SCANNING | FL_RESCAN;

	if (word & FL_SCANNING && !(word & FL_QUEUED))
		ex_fail("SCANNING without QUEUED");
	if (word & FL_RESCAN && !(word & FL_SCANNING))
		ex_fail("RESCAN without SCANNING");
	for (unsigned m = 0; m < table->modes->count; m++)
		known |= table->modes->rows[m].field;
	if (word & ~known)
		ex_fail("a guard bit, or one of no mode, is set in the word");
}

/* The arrival counts from here on: nobody may pass it. */
static void announced(struct request *request)
{
	if (request && request->state == PUSHED)
		request->state = ANNOUNCED;
}

static void took_at_once(const struct ex_event *event, const uint32_t old[],
			 const uint32_t new[])
{
	struct request *request = calls[event->thread].request;

	if (!request || request->state != ASKED ||
	    new[request->mode] != old[request->mode] + request->n)
		ex_fail("units that nobody asked for");
	if (event->before & FL_QUEUED)
		ex_fail("G1: taken at once although QUEUED is set");
	for (unsigned i = 0; i < line_count; i++)
		if (requests[line[i]].state == ANNOUNCED)
			ex_fail("G1: thread %u takes at once, passing thread %u",
				event->thread, requests[line[i]].thread);
	if (!allows(old, request))
		ex_fail("G2: thread %u takes what the table does not allow",
			event->thread);
	request->state = HELD;
}

static void given(const struct ex_event *event, const uint32_t old[],
		  const uint32_t new[])
{
	unsigned nested = calls[event->thread].nested;
	struct release *release = &calls[event->thread].releases[nested ? nested - 1 : 0];

	if (!nested || release->done ||
	    old[release->mode] != new[release->mode] + release->n)
		ex_fail("units given back that nobody gave back");
	release->done = true;
}

static void changed(const struct ex_event *event, const uint32_t old[],
		    const uint32_t new[])
{
	unsigned more = 0, less = 0;

	for (unsigned m = 0; m < table->modes->count; m++) {
		more += new[m] > old[m];
		less += new[m] < old[m];
	}
	if (more + less > 1)
		ex_fail("two modes' holds change in one step that is no commit");
	if (more)
		took_at_once(event, old, new);
	if (less)
		given(event, old, new);
}

static void scan_begins(const struct ex_event *event)
{
	unsigned nested = calls[event->thread].nested;

	if (scanner.thread != NOBODY)
		ex_fail("two scanners");
	scanner.thread = event->thread;
	scanner.give = nested ? &calls[event->thread].releases[nested - 1] : NULL;
}

/* From the oldest on; who has left is passed over. */
static void commit_grants(uint32_t holds[], const uint32_t new[])
{
	unsigned at = 0;

	while (at < line_count &&
	       memcmp(holds, new, table->modes->count * sizeof(holds[0])) != 0) {
		struct request *request = &requests[line[at]];

		if (request->state == LEFT) {
			at++;
			continue;
		}
		if (!allows(holds, request))
			ex_fail("G2: a commit grants thread %u what the table does not "
				"allow",
				request->thread);
		holds[request->mode] += request->n;
		if (holds[request->mode] > new[request->mode])
			ex_fail("G1: a commit passes thread %u over", request->thread);
		request->state = HELD;
		line_remove(request);
	}
	if (memcmp(holds, new, table->modes->count * sizeof(holds[0])) != 0)
		ex_fail("a commit adds units that nobody waits for");
}

static void check_head(const uint32_t holds[])
{
	const struct request *head = line_count ? &requests[line[0]] : NULL;

	if (head && head->state == ANNOUNCED && head->taken && allows(holds, head))
		ex_fail("G3: a commit leaves thread %u in line, who fits", head->thread);
}

static void commits(const struct ex_event *event, uint32_t old[], const uint32_t new[])
{
	struct release *give = scanner.give;

	if (scanner.thread != event->thread)
		ex_fail("a commit by who is not the scanner");
	if (event->before & FL_RESCAN)
		ex_fail("a commit although the line has changed");
	scanner.thread = NOBODY;
	if (give && !give->done && old[give->mode] >= give->n) {
		old[give->mode] -= give->n;
		give->done = true;
	}
	commit_grants(old, new);
	for (unsigned i = 0; i < line_count; i++) {
		struct request *request = &requests[line[i]];

		if (request->taken && event->after & FL_QUEUED)
			announced(request);
		if (request->state == ANNOUNCED && !(event->after & FL_QUEUED))
			ex_fail("QUEUED is cleared while thread %u is in line",
				request->thread);
	}
	check_head(new);
}

static void watch_word(const struct ex_event *event)
{
	uint32_t old[FIFOLOCK_MAX_MODES], new[FIFOLOCK_MAX_MODES];
	unsigned me = event->thread;

	decode(event->before, old);
	decode(event->after, new);
	check_word(event->after);
	if (event->before & FL_SCANNING && !(event->after & FL_SCANNING)) {
		commits(event, old, new);
		return;
	}
	changed(event, old, new);
	if (event->after & FL_SCANNING && !(event->before & FL_SCANNING))
		scan_begins(event);
	if (event->after & FL_QUEUED)
		announced(calls[me].request);
	for (unsigned i = 0; calls[me].looks && i < line_count; i++)
		if ((int32_t)(requests[line[i]].ticket - calls[me].seen) < 0)
			announced(&requests[line[i]]);
}

/* ---- slots ---- */

static void watch_slot(const struct ex_event *event, struct request *request)
{
	uint32_t set = (uint32_t)(event->after & ~event->before);

	if (set & FL_LEFT) {
		if (request->state != PUSHED && request->state != ANNOUNCED)
			ex_fail("G4: thread %u leaves what it has been granted",
				request->thread);
		request->state = LEFT;
	}
	if (set & FL_GRANTED) {
		if (request->state != HELD || request->told)
			ex_fail("thread %u is told of a hold that is not in the word",
				request->thread);
		request->told = true;
	}
}

static struct request *request_of(uintptr_t at)
{
	for (unsigned t = 0; t < EX_THREADS; t++)
		if (calls[t].request && calls[t].request->slot &&
		    (uintptr_t)&calls[t].request->slot->word == at)
			return calls[t].request;
	return NULL;
}

/* Whoever only tries may be refused for what is true at any moment of its call: somebody
 * is in line, or the line is being tidied up, or it does not fit. */
static void note_causes(void)
{
	uint32_t holds[FIFOLOCK_MAX_MODES];

	decode(lock->word, holds);
	for (unsigned t = 0; t < EX_THREADS; t++) {
		struct request *request = calls[t].request;

		if (request && request->call == WATCH_TRY &&
		    (line_count || scanner.thread != NOBODY || !allows(holds, request)))
			request->cause = true;
	}
}

/* Tickets given less requests gone. */
static void note_length(void)
{
	uint32_t length = (uint32_t)(lock->line >> 32) - lock->gone;

	for (unsigned t = 0; t < EX_THREADS; t++) {
		if (length < calls[t].fewest)
			calls[t].fewest = length;
		if (length > calls[t].most)
			calls[t].most = length;
	}
}

void watch_step(const struct ex_event *event)
{
	struct request *request;

	memory_quietly(true);
	if (event->op.kind == EX_LOAD && event->op.at == (uintptr_t)&lock->line)
		calls[event->thread].seen = (uint32_t)(event->before >> 32);
	if (event->wrote && event->op.kind != EX_FREE) {
		if (event->op.at == (uintptr_t)&lock->word)
			watch_word(event);
		else if (event->op.at == (uintptr_t)&lock->line)
			watch_line(event);
		else if ((request = request_of(event->op.at)))
			watch_slot(event, request);
		if (!freed) {
			note_causes();
			note_length();
		}
	}
	memory_quietly(false);
}

void watch_rest(void)
{
	uint32_t holds[FIFOLOCK_MAX_MODES];

	if (freed)
		return;
	decode(lock->word, holds);
	if (lock->word & (FL_SCANNING | FL_RESCAN))
		ex_fail("all sleep, and a scan is not finished");
	for (unsigned t = 0; t < EX_THREADS; t++)
		if (calls[t].request && calls[t].request->state == HELD)
			ex_fail("thread %u has been granted, and sleeps", t);
	if (line_count && allows(holds, &requests[line[0]]))
		ex_fail("G3: all sleep, and thread %u, the head of the line, fits",
			requests[line[0]].thread);
}

/* ---- calls ---- */

void watch_asks(enum watch_call call, unsigned mode, uint32_t n)
{
	unsigned me = ex_current();

	if (request_count == REQUESTS)
		ex_fail("explorer: too many requests");
	calls[me].request = &requests[request_count++];
	*calls[me].request = (struct request){
		.thread = me, .mode = mode, .n = n, .call = call, .state = ASKED};
	if (!freed)
		note_causes();
}

static bool answer_is_right(const struct request *request, int error,
			    bool may_lack_memory)
{
	switch (error) {
	case 0:
		return request->state == HELD && (!request->slot || request->told);
	case ETIMEDOUT:
		return request->call == WATCH_TIMED && request->state == LEFT;
	case EBUSY:
		return request->call == WATCH_TRY && request->state == ASKED &&
		       (request->cause || ex_stale());
	case ENOMEM:
		return may_lack_memory && request->state == ASKED;
	default:
		return false;
	}
}

void watch_answer(int error, bool may_lack_memory)
{
	unsigned me = ex_current();
	struct request *request = calls[me].request;

	if (!answer_is_right(request, error, may_lack_memory))
		ex_fail("thread %u is answered %d, which is not what happened (state %d)",
			me, error, (int)request->state);
	line_remove(request);
	request->state = OVER;
	calls[me].request = NULL;
}

void watch_gives(unsigned mode, uint32_t n)
{
	unsigned me = ex_current();

	calls[me].releases[calls[me].nested++] = (struct release){mode, n, false};
}

void watch_gave(int error, bool may_be_refused)
{
	unsigned me = ex_current();
	const struct release *release = &calls[me].releases[--calls[me].nested];

	if (error == 0 ? !release->done : release->done || !may_be_refused)
		ex_fail("thread %u: a release is answered %d", me, error);
}

void watch_looks(void)
{
	unsigned me = ex_current();

	calls[me].looks = true;
	calls[me].fewest = UINT32_MAX;
	calls[me].most = 0;
	note_length();
}

/* Whoever was seen in line is not passed: watch_word has taken them as announced.  Here:
 * there were so many at some moment, or nobody whom anybody could know of. */
void watch_saw(uint32_t waiting)
{
	unsigned me = ex_current();

	calls[me].looks = false;
	if (waiting > EX_THREADS ||
	    (!ex_stale() && waiting &&
	     (waiting < calls[me].fewest || waiting > calls[me].most)))
		ex_fail("%u are said to be in line, where there were %u to %u", waiting,
			calls[me].fewest, calls[me].most);
}

void watch_freed(void)
{
	freed = true;
}

void watch_end(bool idle)
{
	if (freed || !idle)
		return;
	if (lock->word || lock->first || lock->left || (uint32_t)lock->line)
		ex_fail("at the end the lock is not free: word %llx first %u left %u "
			"line "
			"%llx",
			(unsigned long long)lock->word, lock->first, lock->left,
			(unsigned long long)lock->line);
	if ((uint32_t)(lock->line >> 32) != lock->gone)
		ex_fail("at the end the line counts %u",
			(uint32_t)(lock->line >> 32) - lock->gone);
	if (!pool_complete())
		ex_fail("at the end a slot is lost");
}

const fifolock_t *watched_lock(void)
{
	return lock;
}

const struct watch_table *watched_table(void)
{
	return table;
}
