/* SPDX-License-Identifier: MIT
 *
 * memory.c - what a step does to memory.
 *
 * Every atomic variable keeps the history of its values in this execution, and every
 * thread a view: for each variable the oldest value that it may still see.  A release
 * puts the thread's view in the value it writes; an acquire that reads it joins that view
 * to its own; a read-modify-write reads the newest value and hands on the view found
 * there (a release sequence).  That is RC11 without the reordering of a load with a
 * later store, and with the order in which stores were executed as their order (Lahav,
 * Vafeiadis, Kang, Hur, Dreyer, "Repairing Sequential Consistency in C/C++11", PLDI 2017; views
 * after Kang, Hur, Lahav, Vafeiadis, Dreyer, "A Promising Semantics", POPL 2017).
 * With a bound of 0 on stale loads every load sees the newest value, which is
 * sequential consistency.
 */
#include "explore.h"

#include <string.h>

#define HISTORY 256

struct view {
	uint16_t oldest[EX_LOCATIONS]; /* the oldest value of each variable to be seen */
	uint16_t clock[EX_THREADS];    /* the steps of each thread that happened before */
};

struct value {
	uint64_t value;
	struct view view;
};

static struct variable {
	uintptr_t at;
	unsigned count;
	unsigned first; /* the oldest that any thread may see */
	bool written;	/* by plain writes, since the last */
	struct value values[HISTORY];
} variables[EX_LOCATIONS];
static unsigned variable_count;

static struct view views[EX_THREADS];
static struct view met[EX_THREADS];    /* what relaxed loads would have acquired */
static struct view fenced[EX_THREADS]; /* the thread's at its last full barrier */
static struct view barriers;	       /* what has been seen at any */
static unsigned thread_count, stale_left;

void memory_begin(unsigned threads)
{
	thread_count = threads;
	variable_count = 0;
	races_begin(threads);
	stale_left = ex_stale();
	memset(views, 0, sizeof(views));
	memset(met, 0, sizeof(met));
	memset(fenced, 0, sizeof(fenced));
	memset(&barriers, 0, sizeof(barriers));
	for (unsigned t = 0; t < threads; t++)
		views[t].clock[t] = 1;
}

uint64_t memory_raw(uintptr_t at, size_t size)
{
	switch (size) {
	case 4:
		return *(volatile uint32_t *)at;
	case 8:
		return *(volatile uint64_t *)at;
	default:
		ex_fail("explorer: an atomic of %zu bytes", size);
		return 0;
	}
}

static void raw_write(uintptr_t at, size_t size, uint64_t value)
{
	if (size == 4)
		*(volatile uint32_t *)at = (uint32_t)value;
	else
		*(volatile uint64_t *)at = value;
}

/* What happens after a plain write sees nothing older; nothing else comes (races.c). */
static struct variable *read_anew(struct variable *variable, size_t size)
{
	if (!variable->written)
		return variable;
	if (variable->count + 1 >= HISTORY)
		ex_fail("explorer: a variable that changes more than %d times", HISTORY);
	variable->written = false;
	variable->first = variable->count++;
	memset(&variable->values[variable->first], 0, sizeof(variable->values[0]));
	variable->values[variable->first].value = memory_raw(variable->at, size);
	return variable;
}

void memory_written(uintptr_t at, size_t size)
{
	for (unsigned i = 0; i < variable_count; i++)
		if (variables[i].at - at < size)
			variables[i].written = true;
}

static struct variable *variable_at(uintptr_t at, size_t size)
{
	struct variable *variable;

	for (unsigned i = 0; i < variable_count; i++)
		if (variables[i].at == at)
			return read_anew(&variables[i], size);
	if (variable_count == EX_LOCATIONS)
		ex_fail("explorer: too many variables");
	variable = &variables[variable_count++];
	variable->at = at;
	variable->count = 1;
	variable->first = 0;
	variable->written = false;
	memset(&variable->values[0], 0, sizeof(variable->values[0]));
	variable->values[0].value = memory_raw(at, size);
	return variable;
}

static void join_values(struct view *view, const struct view *other)
{
	for (unsigned i = 0; i < variable_count; i++)
		if (other->oldest[i] > view->oldest[i])
			view->oldest[i] = other->oldest[i];
}

static void join(struct view *view, const struct view *other)
{
	join_values(view, other);
	for (unsigned t = 0; t < thread_count; t++)
		if (other->clock[t] > view->clock[t])
			view->clock[t] = other->clock[t];
}

/* ---- the steps ---- */

/* The orders that the sources use, and the one that is taken away to see whether it is
 * needed. */
static struct memory_order orders[128];
static unsigned order_count;
static const struct memory_order *weakened;

const struct memory_order *memory_orders(unsigned *count)
{
	*count = order_count;
	return orders;
}

void memory_weaken(const struct memory_order *order)
{
	weakened = order;
}

static void note_order(const struct ex_site *site, unsigned part)
{
	for (unsigned i = 0; i < order_count; i++)
		if (orders[i].site == site && orders[i].part == part)
			return;
	if (order_count < sizeof(orders) / sizeof(orders[0]))
		orders[order_count++] = (struct memory_order){site, part};
}

static unsigned order_of(const struct ex_site *site, unsigned order)
{
	for (unsigned part = EX_ACQUIRE; part <= EX_RELEASE; part++)
		if (order & part)
			note_order(site, part);
	return weakened && weakened->site == site ? order & ~weakened->part : order;
}

void memory_step(const struct ex_op *op)
{
	unsigned me;

	ex_point(op);
	me = ex_current();
	views[me].clock[me]++;
}

/* The order that it has now. */
static unsigned step(enum ex_kind kind, const void *at, size_t size, unsigned order,
		     uint64_t expected, const struct ex_site *site)
{
	order = order_of(site, order);
	memory_step(
		&(struct ex_op){kind, (uintptr_t)at, size, order, expected, site, false});
	return order;
}

const uint16_t *memory_clock(void)
{
	return views[ex_current()].clock;
}

static struct view *mine(void)
{
	return &views[ex_current()];
}

static unsigned index_of(const struct variable *variable)
{
	return (unsigned)(variable - variables);
}

static void see(const struct variable *variable, unsigned which, unsigned order)
{
	mine()->oldest[index_of(variable)] = (uint16_t)which;
	join(order & EX_ACQUIRE ? mine() : &met[ex_current()],
	     &variable->values[which].view);
}

/* Which value a load sees: the newest, or, as a further outcome, one that is older. */
static unsigned pick(const struct variable *variable)
{
	unsigned newest = variable->count - 1;
	unsigned oldest = mine()->oldest[index_of(variable)];
	unsigned back;

	if (oldest < variable->first)
		oldest = variable->first;
	if (!stale_left || oldest == newest)
		return newest;
	back = ex_alternative(newest - oldest + 1);
	stale_left -= back != 0;
	return newest - back;
}

static void append(struct variable *variable, uint64_t value, size_t size, unsigned order,
		   const struct view *inherited)
{
	struct value *next = &variable->values[variable->count];

	if (variable->count + 1 >= HISTORY)
		ex_fail("explorer: a variable that changes more than %d times", HISTORY);
	mine()->oldest[index_of(variable)] = (uint16_t)variable->count;
	next->value = value;
	if (inherited)
		next->view = *inherited;
	else
		memset(&next->view, 0, sizeof(next->view));
	join(&next->view, order & EX_RELEASE ? mine() : &fenced[ex_current()]);
	next->view.oldest[index_of(variable)] = (uint16_t)variable->count;
	mine()->clock[ex_current()]++; /* what the thread does now is not handed on */
	variable->count++;
	raw_write(variable->at, size, value);
}

/* Chunks of slots are never added here, so where they are is a constant. */
static bool is_constant(const void *at)
{
	const char *name = pool_name(at);

	return name && !strcmp(name, "pool.chunk");
}

uint64_t ex_load(const void *at, size_t size, unsigned order, const struct ex_site *site)
{
	struct ex_event event = {.outcome = ""};
	struct variable *variable;
	unsigned which;

	if (!ex_exploring() || is_constant(at))
		return memory_raw((uintptr_t)at, size);
	if (ex_is_hint(at, site)) {
		memory_touch_atomically((uintptr_t)at, size, false);
		return memory_raw((uintptr_t)at, size);
	}
	order = step(EX_LOAD, at, size, order, 0, site);
	memory_touch_atomically((uintptr_t)at, size, false);
	variable = variable_at((uintptr_t)at, size);
	which = pick(variable);
	see(variable, which, order);
	event.before = event.after = variable->values[which].value;
	event.stale = which + 1 != variable->count;
	ex_done(&event);
	return event.before;
}

void ex_store(void *at, size_t size, uint64_t value, unsigned order,
	      const struct ex_site *site)
{
	struct ex_event event = {.outcome = "", .wrote = true, .after = value};

	if (!ex_exploring()) {
		raw_write((uintptr_t)at, size, value);
		return;
	}
	order = step(EX_STORE, at, size, order, 0, site);
	memory_touch_atomically((uintptr_t)at, size, true);
	event.before = memory_raw((uintptr_t)at, size);
	append(variable_at((uintptr_t)at, size), value, size, order, NULL);
	ex_done(&event);
}

/* What a read-modify-write makes of a value. */
struct change {
	uint64_t keep, flip, plus;
};

static uint64_t changed(uint64_t value, struct change how)
{
	return ((value & how.keep) ^ how.flip) + how.plus;
}

static uint64_t change(void *at, size_t size, struct change how, unsigned order,
		       const struct ex_site *site)
{
	struct ex_event event = {.outcome = "", .wrote = true};
	struct variable *variable;
	struct view found;

	if (!ex_exploring()) {
		event.before = memory_raw((uintptr_t)at, size);
		raw_write((uintptr_t)at, size, changed(event.before, how));
		return event.before;
	}
	order = step(EX_CHANGE, at, size, order, 0, site);
	memory_touch_atomically((uintptr_t)at, size, true);
	variable = variable_at((uintptr_t)at, size);
	event.before = memory_raw((uintptr_t)at, size);
	event.after = changed(event.before, how);
	see(variable, variable->count - 1, order);
	found = variable->values[variable->count - 1].view;
	append(variable, event.after, size, order, &found);
	ex_done(&event);
	return event.before;
}

uint64_t ex_swap(void *at, size_t size, uint64_t value, unsigned order,
		 const struct ex_site *site)
{
	return change(at, size, (struct change){0, value, 0}, order, site);
}

uint64_t ex_or(void *at, size_t size, uint64_t value, const struct ex_site *site)
{
	return change(at, size, (struct change){~value, value, 0}, EX_RELAXED, site);
}

uint64_t ex_and(void *at, size_t size, uint64_t value, const struct ex_site *site)
{
	return change(at, size, (struct change){value, 0, 0}, EX_RELAXED, site);
}

uint64_t ex_add(void *at, size_t size, uint64_t value, const struct ex_site *site)
{
	return change(at, size, (struct change){~UINT64_C(0), 0, value}, EX_RELAXED,
		      site);
}

/* One that fails is a load: it may have seen any value but the expected one. */
static unsigned pick_failure(const struct variable *variable, uint64_t expected)
{
	unsigned which = pick(variable);

	return variable->values[which].value == expected ? variable->count - 1 : which;
}

static bool cas_succeeds(struct variable *variable, const struct ex_op *op,
			 unsigned if_failed, uint64_t value, struct ex_event *event)
{
	unsigned newest = variable->count - 1;
	unsigned which = pick_failure(variable, op->expected);
	struct view found;

	event->before = variable->values[which].value;
	event->after = value;
	event->stale = which != newest;
	if (event->before != op->expected) {
		see(variable, which, if_failed);
		return false;
	}
	see(variable, newest, op->order);
	found = variable->values[newest].view;
	append(variable, value, op->size, op->order, &found);
	return true;
}

static uint64_t number_at(const void *at, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, at, size);
	return value;
}

bool ex_cas(void *at, size_t size, void *expected, uint64_t value, unsigned order,
	    const struct ex_site *site, const char *function)
{
	struct ex_op op = {EX_CAS, (uintptr_t)at, size, order, number_at(expected, size),
			   site,   false};
	const bool both = order == EX_ACQ_REL;
	struct ex_event event = {.outcome = "failed"};

	if (!ex_exploring()) {
		event.before = memory_raw(op.at, size);
		event.wrote = event.before == op.expected;
		if (event.wrote)
			raw_write(op.at, size, value);
		memcpy(expected, &event.before, size);
		return event.wrote;
	}
	op.order = step(op.kind, at, size, order, op.expected, site);
	memory_touch_atomically(op.at, size, memory_raw(op.at, size) == op.expected);
	event.wrote =
		cas_succeeds(variable_at(op.at, size), &op,
			     both ? op.order & EX_ACQUIRE : EX_RELAXED, value, &event);
	if (event.wrote)
		event.outcome = "";
	ex_done(&event);
	if (!event.wrote && ex_is_retried(function))
		ex_retry();
	if (!event.wrote)
		memcpy(expected, &event.before, size);
	return event.wrote;
}

/* ---- full barriers ---- */

/* Those of all threads are in one order, and what was seen before one is seen after a later one.
 * That alone makes nothing happen before: what was read and written around them does. */
static void full_barrier(void)
{
	join(mine(), &met[ex_current()]);
	join_values(mine(), &barriers);
	join_values(&barriers, mine());
	fenced[ex_current()] = *mine();
}

uintptr_t memory_barriers(void)
{
	return (uintptr_t)&barriers;
}

/* On the value that it sees; if it writes, on the newest one. */
static unsigned update(const struct variable *variable, struct ex_event *event,
		       bool (*next)(uint64_t *value, void *ctx), void *ctx)
{
	unsigned newest = variable->count - 1, which = pick(variable);

	event->before = event->after = variable->values[which].value;
	event->wrote = next(&event->after, ctx);
	if (event->wrote && which != newest) {
		which = newest;
		event->before = event->after = variable->values[which].value;
		event->wrote = next(&event->after, ctx);
	}
	event->stale = which != newest;
	return which;
}

static bool update_quietly(void *at, bool (*next)(uint64_t *value, void *ctx), void *ctx)
{
	uint64_t value = memory_raw((uintptr_t)at, sizeof(value));
	bool writes = next(&value, ctx);

	if (writes)
		raw_write((uintptr_t)at, sizeof(value), value);
	return writes;
}

/* With barriers before and after if it writes; otherwise it is a load. */
bool memory_update(void *at, const struct ex_site *site,
		   bool (*next)(uint64_t *value, void *ctx), void *ctx)
{
	const struct ex_op op = {EX_CHANGE, (uintptr_t)at, sizeof(uint64_t), EX_FULL, 0,
				 site,	    false};
	struct ex_event event = {.outcome = ""};
	struct variable *variable;
	struct view found;
	unsigned which;

	if (!ex_exploring())
		return update_quietly(at, next, ctx);
	memory_step(&op);
	variable = variable_at(op.at, op.size);
	which = update(variable, &event, next, ctx);
	if (event.wrote)
		full_barrier();
	see(variable, which, EX_RELAXED);
	if (event.wrote) {
		found = variable->values[which].view;
		append(variable, event.after, op.size, EX_RELAXED, &found);
		full_barrier();
	}
	ex_done(&event);
	return event.wrote;
}

void memory_free(void *at, size_t size)
{
	static const struct ex_site site = {"free", "", 0};
	struct ex_event event = {.outcome = "", .wrote = true};

	step(EX_FREE, at, size, 0, 0, &site);
	memory_touch(at, size, true);
	memset(at, 0xfd, size);
	memory_is_free(at);
	ex_done(&event);
}
