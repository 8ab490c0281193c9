/* SPDX-License-Identifier: MIT
 *
 * lead.c - how each execution of a program begins, where the program says that: first one thread goes
 * so far, then another one, and so on.  What comes after that is explored, and only that.  So a line
 * can be there at once, or threads stand where it matters, and few steps remain.
 *
 * A word for each, the thread and how far it goes:
 *
 *	0s	until it sleeps
 *	0e	until it ends
 *	0:note	until its next step, not the one that is next now, has that in what a trace says of it:
 *		operation, place and source, with _ in place of spaces
 */
#include "inside.h"

#include <stdio.h>
#include <string.h>

static const char *word; /* NULL: the beginning is over */
static unsigned begun;	 /* the thread's steps, when its word began */

static bool matches(const struct ex_op *op, const char *text)
{
	char name[64], step[256], what[64];

	snprintf(what, sizeof(what), "%.*s", (int)strcspn(text, " "), text);
	memory_name(op->at, name, sizeof(name));
	snprintf(step, sizeof(step), "%s_%s_%s", op->site->what, name, op->site->file);
	for (char *at = step; (at = strchr(at, ' '));)
		*at = '_';
	return strstr(step, what);
}

static bool has_come(const struct thread *thread)
{
	switch (word[1]) {
	case 's':
		return thread->op.kind == EX_WAKE && !thread->woken;
	case 'e':
		return thread->ended;
	default:
		return thread->events > begun && matches(&thread->op, word + 2);
	}
}

static unsigned led(void)
{
	unsigned thread = (unsigned)(*word - '0');

	if (thread >= run->threads)
		ex_fail("explorer: no thread for \"%s\"", word);
	return thread;
}

static void next_word(void)
{
	word = strchr(word, ' ');
	if (word)
		begun = threads[(unsigned)(*++word - '0') % EX_THREADS].events;
}

void lead_begin(void)
{
	word = run->first;
	begun = 0;
}

bool lead_is_on(void)
{
	return word;
}

set lead(set enabled)
{
	while (word && has_come(&threads[led()]))
		next_word();
	if (!word)
		return enabled;
	if (!(enabled >> led() & 1))
		ex_fail("explorer: the program does not begin like that: \"%s\"", word);
	return 1u << led();
}
