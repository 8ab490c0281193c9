/* SPDX-License-Identifier: MIT
 *
 * classes.c - is the reduction right?  Two executions that differ in the order of
 * independent steps only are of one class.  A class is known by what it leaves
 * unchanged: each thread's steps, what they read and wrote, and which came before which.
 * Every execution there is, and those that the reduction leaves, must be of the same
 * classes.
 */
#include "inside.h"

#include <stdlib.h>

static uint64_t *classes;
static size_t count, room;

static uint64_t mix(uint64_t sum, uint64_t value)
{
	sum = (sum ^ value) * UINT64_C(0xff51afd7ed558ccd);
	return sum ^ sum >> 32;
}

static uint64_t number_of(const struct ex_event *event)
{
	uint64_t sum = mix(event->thread + 1, event->nth);

	sum = mix(mix(sum, event->op.at), event->op.kind);
	if (event->op.kind != EX_WAKE &&
	    event->op.kind != EX_UNPARK) /* these read nothing */
		sum = mix(mix(sum, event->before), event->after);
	for (unsigned t = 0; t < run->threads; t++)
		sum = mix(sum, event->clock[t]);
	return sum;
}

void class_note(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < depth; i++)
		sum += number_of(&events[i]);
	if (count == room) {
		room = 2 * room + 1024;
		classes = realloc(classes, room * sizeof(*classes));
		if (!classes)
			abort();
	}
	classes[count++] = sum;
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* How many there were, and a number that is the same only for the same ones. */
size_t class_count(uint64_t *which)
{
	size_t different = 0;

	qsort(classes, count, sizeof(*classes), by_number);
	*which = 0;
	for (size_t i = 0; i < count; i++)
		if (!i || classes[i] != classes[i - 1]) {
			*which = mix(*which, classes[i]);
			different++;
		}
	count = 0;
	return different;
}
