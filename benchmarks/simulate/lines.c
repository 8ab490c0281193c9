/* SPDX-License-Identifier: MIT
 *
 * lines.c - cache lines.  See machine.h.
 *
 * A line is with one processor, which may write, or any number have a copy.  It is in one place
 * at a time: one that asks for it while it is on its way gets it afterwards, in the order of
 * asking.  Copies of a line that none writes are handed out one soon after the other.
 *
 * A store does not wait for its line: it is seen when the line has come and what was stored
 * before is seen.  A read-modify-write waits for that, and for its line.
 */
#include "machine.h"
#include "sites.h"
#include "steps.h"

#include <stdlib.h>
#include <string.h>

#define LINE	 64
#define TABLE	 (1u << 16)
#define ON_WAY	 10 /* so many stores at once are waiting for their lines */
#define AT(line) ((line) & (TABLE - 1))

struct counts counts[PARTS];
static struct line table[TABLE];

static struct line *line_of(uintptr_t at)
{
	uintptr_t which = at / LINE;
	struct line *line;

	for (uintptr_t i = which * 0x9e3779b1u;; i++) {
		line = &table[AT(i)];
		if (line->at == which)
			return line;
		if (!line->at)
			break;
	}
	line->at = which;
	line->owner = -1;
	return line;
}

void lines_part(const void *at, size_t size, enum part part)
{
	uintptr_t from = (uintptr_t)at;

	for (uintptr_t end = from + size; from < end; from += LINE)
		line_of(from)->part = part;
}

static bool has_copy(const struct line *line, unsigned processor)
{
	return line->copies[processor / 64] >> processor % 64 & 1;
}

static void add_copy(struct line *line, unsigned processor)
{
	line->copies[processor / 64] |= UINT64_C(1) << processor % 64;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static bool is_owner(const struct line *line)
{
	return line->owner == (int)my_processor();
}

static bool has(const struct line *line)
{
	return is_owner(line) || has_copy(line, my_processor());
}

/* ---- a line on its way ---- */

/* The processors that have asked for a line, in that order.  Halfway to the moment when it comes, the one that
 * has it loses it, and not before what that one has written is seen. */
struct request {
	struct request *next;
	unsigned processor;
	bool whole; /* not only a copy */
	uint64_t taken, comes;
};

static struct request *unused;

static struct request *request_new(void)
{
	struct request *request = unused;

	if (!request)
		return malloc(sizeof(*request));
	unused = request->next;
	return request;
}

static struct request *ask(struct line *line, bool whole)
{
	struct request *request = request_new(), **end = &line->asked;
	uint64_t price = whole && has(line) ? prices.upgrade : prices.transfer;
	uint64_t begins = later(now() - *looks_ahead(), line->leaves);

	while (*end)
		end = &(*end)->next;
	request->next = NULL;
	request->processor = my_processor();
	request->whole = whole;
	request->comes = begins + price;
	request->taken = request->comes - prices.transfer / 2;
	line->leaves = whole || line->owner >= 0 ? request->comes : begins + prices.serve;
	*end = request;
	site_asks(line->part);
	return request;
}

static struct request *asked(const struct line *line, bool whole)
{
	struct request *request = line->asked;

	while (request &&
	       (request->processor != my_processor() || request->whole < whole))
		request = request->next;
	return request;
}

static void take(struct line *line, const struct request *request, uint64_t when)
{
	counts[line->part].transfers += line->touched;
	line->touched = true;
	if (request->whole) {
		memset(line->copies, 0, sizeof(line->copies));
		line->owner = (int)request->processor;
	} else {
		if (line->owner >= 0)
			add_copy(line, (unsigned)line->owner);
		line->owner = -1;
		add_copy(line, request->processor);
	}
	line->arrives = later(request->comes, when + prices.transfer / 2);
	if (request->whole)
		line->held = line->arrives;
}

static uint64_t taken_next(const struct line *line)
{
	return later(line->asked->taken, line->held);
}

/* What has happened to it until now. */
static void settle(struct line *line)
{
	while (line->asked && taken_next(line) <= now()) {
		struct request *request = line->asked;

		take(line, request, taken_next(line));
		line->asked = request->next;
		request->next = unused;
		unused = request;
	}
}

/* False: it was there. */
static bool fetch(struct line *line, bool whole)
{
	bool fetched = false;

	settle(line);
	while (!(whole ? is_owner(line) : has(line))) {
		if (!asked(line, whole))
			ask(line, whole);
		fetched = true;
		spend_until(taken_next(line));
		my_turn();
		settle(line);
	}
	return fetched;
}

/* ---- accesses ---- */

/* The load has done by then, which may be before the work is. */
static void go_ahead(uint64_t done)
{
	if (done < now() && *looks_ahead())
		*looks_ahead() = now() - done;
	else if (done > now())
		*looks_ahead() = 0;
	spend_until(done);
}

static void load(struct line *line)
{
	bool fetched = fetch(line, false);

	if (fetched)
		go_ahead(line->arrives);
	else if (is_owner(line))
		spend_until(line->arrives);
	path_load(line, fetched);
	counts[line->part].loads++;
	counts[line->part].waiting_loads += *waits();
}

/* Fetched for writing, if it is not on its way: when it comes. */
static uint64_t fetch_soon(struct line *line)
{
	struct request *request;

	settle(line);
	if (is_owner(line))
		return 0;
	request = asked(line, true);
	return (request ? request : ask(line, true))->comes;
}

/* The same to be read. */
static void copy_soon(struct line *line)
{
	settle(line);
	if (!has(line) && !asked(line, false))
		ask(line, false);
}

/* What is stored is there at once, so none may see the line as it was. */
static void store(struct line *line)
{
	uint64_t *done = stores_done(), comes = fetch_soon(line);

	if (comes) {
		memset(line->copies, 0, sizeof(line->copies));
		line->owner = -1;
	}
	*done = later(later(*done, now()), comes ? comes : line->arrives);
	if (!comes)
		line->held = later(line->held, *done);
	path_store(line, comes);
	if (*done > now() + ON_WAY * prices.transfer)
		spend_until(*done - ON_WAY * prices.transfer);
}

static void change(struct line *line)
{
	bool fetched = fetch(line, true);

	spend_until(line->arrives);
	spend(prices.change);
	line->held = later(line->held, now());
	path_change(line, fetched);
	counts[line->part].changes++;
}

static void touch_line(struct line *line, enum access access)
{
	uint64_t began = now();

	switch (access) {
	case LOAD:
		load(line);
		break;
	case STORE:
		store(line);
		break;
	case CHANGE:
		change(line);
		break;
	case OWN:
		fetch_soon(line);
		break;
	case FETCH:
		copy_soon(line);
		break;
	}
	site_waited(line->part, now() - began);
	steps_access(line, access, began);
	spend(prices.hit);
}

static void wait_for_turn(enum access access)
{
	if (access == CHANGE) {
		spend_until(*stores_done());
		*looks_ahead() = 0;
	}
	my_turn();
}

void touch(const void *at, size_t size, enum access access)
{
	uintptr_t from = (uintptr_t)at, last = from + size - 1;

	if (!running())
		return;
	if (is_my_own(from)) {
		spend(prices.hit);
		return;
	}
	for (uintptr_t each = from / LINE; each <= last / LINE; each++) {
		wait_for_turn(access);
		touch_line(line_of(each * LINE), access);
	}
}

void touch_early(const void *at)
{
	struct line *line = line_of((uintptr_t)at);
	bool have;

	my_turn();
	settle(line);
	have = has(line);
	*early_done() = have ? 0 : ask(line, false)->comes;
	path_load(line, !have);
}

void touch_late(void)
{
	spend_until(*early_done());
}

void work(uint64_t time)
{
	spend(time);
	*looks_ahead() = time < prices.window ? time : prices.window;
}
