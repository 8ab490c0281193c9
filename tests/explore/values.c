/* SPDX-License-Identifier: MIT
 *
 * values.c - the values that a variable has had, and which of them a thread may see.
 *
 * Every atomic variable keeps the history of its values in this execution, and every
 * thread a view: for each variable the oldest value that it may still see.  A release
 * puts the thread's view in the value it writes; an acquire that reads it joins that view
 * to its own; a read-modify-write reads the newest value and hands on the view found
 * there (a release sequence).  That is RC11 without the reordering of a load with a
 * later store, and with the order in which stores were executed as their order (Lahav,
 * Vafeiadis, Kang, Hur, Dreyer, "Repairing Sequential Consistency in C/C++11", PLDI 2017; views
 * after Kang, Hur, Lahav, Vafeiadis, Dreyer, "A Promising Semantics", POPL 2017).  But a read-modify-write
 * may come before a store that it does not have to see, as if that had been on its way: it
 * is one more load of an old value.
 * With a bound of 0 on stale loads every load sees the newest value, which is
 * sequential consistency.
 */
#include "values.h"

#include <string.h>

static struct variable variables[EX_LOCATIONS];
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

void raw_write(uintptr_t at, size_t size, uint64_t value)
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

struct variable *variable_at(uintptr_t at, size_t size)
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

const uint16_t *memory_clock(void)
{
	return views[ex_current()].clock;
}

static struct view *mine(void)
{
	return &views[ex_current()];
}

void value_time_goes_on(void)
{
	mine()->clock[ex_current()]++;
}

static unsigned index_of(const struct variable *variable)
{
	return (unsigned)(variable - variables);
}

void value_see(const struct variable *variable, unsigned which, unsigned order)
{
	mine()->oldest[index_of(variable)] = (uint16_t)which;
	join(order & EX_ACQUIRE ? mine() : &met[ex_current()],
	     &variable->values[which].view);
}

/* Which value a load sees: the newest, or, as a further outcome, one that is older. */
unsigned value_pick(const struct variable *variable)
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

static void check_room(const struct variable *variable)
{
	if (variable->count + 1 >= HISTORY)
		ex_fail("explorer: a variable that changes more than %d times", HISTORY);
}

/* What the current thread writes, as the one of the values; inherited: what is handed on of the value
 * before. */
static void write(struct variable *variable, unsigned which, uint64_t value,
		  unsigned order, const struct view *inherited)
{
	struct value *next = &variable->values[which];

	mine()->oldest[index_of(variable)] = (uint16_t)which;
	next->value = value;
	next->plain = !inherited;
	if (inherited)
		next->view = *inherited;
	else
		memset(&next->view, 0, sizeof(next->view));
	join(&next->view, order & EX_RELEASE ? mine() : &fenced[ex_current()]);
	next->view.oldest[index_of(variable)] = (uint16_t)which;
	value_time_goes_on(); /* what the thread does now is not handed on */
}

void value_append(struct variable *variable, uint64_t value, size_t size, unsigned order)
{
	check_room(variable);
	write(variable, variable->count++, value, order, NULL);
	raw_write(variable->at, size, value);
}

static void shift_in(struct view *view, unsigned variable, unsigned from)
{
	if (view->oldest[variable] >= from)
		view->oldest[variable]++;
}

/* In every view. */
static void shift_all(unsigned variable, unsigned from)
{
	for (unsigned t = 0; t < thread_count; t++) {
		shift_in(&views[t], variable, from);
		shift_in(&met[t], variable, from);
		shift_in(&fenced[t], variable, from);
	}
	shift_in(&barriers, variable, from);
	for (unsigned i = 0; i < variable_count; i++)
		for (unsigned v = 0; v < variables[i].count; v++)
			shift_in(&variables[i].values[v].view, variable, from);
}

bool value_change_at(const struct variable *variable, unsigned which)
{
	return which + 1 == variable->count || variable->values[which + 1].plain;
}

void value_change(struct variable *variable, unsigned which, uint64_t value, size_t size,
		  unsigned order)
{
	struct value *values = variable->values;
	struct view found;

	check_room(variable);
	value_see(variable, which, order);
	found = values[which++].view;
	if (which == variable->count) {
		raw_write(variable->at, size, value);
	} else {
		shift_all(index_of(variable), which);
		memmove(&values[which + 1], &values[which],
			(variable->count - which) * sizeof(*values));
	}
	variable->count++;
	write(variable, which, value, order, &found);
}

/* ---- full barriers ---- */

/* Those of all threads are in one order, and what was seen before one is seen after a later one.
 * That alone makes nothing happen before: what was read and written around them does. */
void full_barrier(void)
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
