/* SPDX-License-Identifier: MIT
 *
 * memory.c - what a step does to memory: the operations of seam.h.
 */
#include "values.h"

#include <string.h>

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
	ex_point(op);
	value_time_goes_on();
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
	which = value_pick(variable);
	value_see(variable, which, order);
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
	value_append(variable_at((uintptr_t)at, size), value, size, order);
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

/* The newest, or one that the others have not seen changed: see values.c. */
static unsigned pick_to_change(const struct variable *variable)
{
	unsigned which = value_pick(variable);

	return value_change_at(variable, which) ? which : variable->count - 1;
}

static uint64_t change(void *at, size_t size, struct change how, unsigned order,
		       const struct ex_site *site)
{
	struct ex_event event = {.outcome = "", .wrote = true};
	struct variable *variable;
	unsigned which;

	if (!ex_exploring()) {
		event.before = memory_raw((uintptr_t)at, size);
		raw_write((uintptr_t)at, size, changed(event.before, how));
		return event.before;
	}
	order = step(EX_CHANGE, at, size, order, 0, site);
	memory_touch_atomically((uintptr_t)at, size, true);
	variable = variable_at((uintptr_t)at, size);
	which = pick_to_change(variable);
	event.before = variable->values[which].value;
	event.after = changed(event.before, how);
	event.stale = which + 1 != variable->count;
	value_change(variable, which, event.after, size, order);
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
static unsigned pick_to_compare(const struct variable *variable, uint64_t expected)
{
	unsigned which = value_pick(variable);

	if (variable->values[which].value != expected || value_change_at(variable, which))
		return which;
	return variable->count - 1;
}

static bool cas_succeeds(struct variable *variable, const struct ex_op *op,
			 unsigned if_failed, uint64_t value, struct ex_event *event)
{
	unsigned which = pick_to_compare(variable, op->expected);

	event->before = variable->values[which].value;
	event->after = value;
	event->stale = which + 1 != variable->count;
	if (event->before != op->expected) {
		value_see(variable, which, if_failed);
		return false;
	}
	value_change(variable, which, value, op->size, op->order);
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

/* The newest value becomes this one, as by a read-modify-write. */
static void write_newest(uint64_t *at, uint64_t value, unsigned order)
{
	struct variable *variable = variable_at((uintptr_t)at, sizeof(*at));

	value_change(variable, variable->count - 1, value, sizeof(*at), order);
}

/* The second is written before the first: a thread that sees the first, sees both.  As one step it is seen
 * by fewer: that only makes what is explored more than what a machine does. */
bool ex_cas_pair(uint64_t at[2], const uint64_t expected[2], const uint64_t next[2],
		 unsigned order, const struct ex_site *site)
{
	size_t size = sizeof(*at) * 2;
	struct ex_event event = {
		.before = expected[0], .after = next[0], .outcome = "failed"};

	if (ex_exploring())
		order = step(EX_PAIR, at, size, order, expected[0], site);
	event.wrote = !memcmp(at, expected, size);
	if (!ex_exploring()) {
		if (event.wrote)
			memcpy(at, next, size);
		return event.wrote;
	}
	memory_touch_atomically((uintptr_t)at, size, event.wrote);
	if (event.wrote) {
		write_newest(&at[1], next[1], order);
		write_newest(&at[0], next[0], order);
		event.outcome = "";
	}
	ex_done(&event);
	return event.wrote;
}

/* ---- as liburcu ---- */

/* On the value that it sees; if it writes, on the newest one. */
static unsigned update(const struct variable *variable, struct ex_event *event,
		       bool (*next)(uint64_t *value, void *ctx), void *ctx)
{
	unsigned newest = variable->count - 1, which = value_pick(variable);

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
	unsigned which;

	if (!ex_exploring())
		return update_quietly(at, next, ctx);
	memory_step(&op);
	variable = variable_at(op.at, op.size);
	which = update(variable, &event, next, ctx);
	if (event.wrote)
		full_barrier();
	if (event.wrote) {
		value_change(variable, which, event.after, op.size, EX_RELAXED);
		full_barrier();
	} else {
		value_see(variable, which, EX_RELAXED);
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
