/* SPDX-License-Identifier: MIT
 *
 * trace.c - a step in words.
 */
#include "watch.h"
#include "core/role.h"
#include "core/word.h"

#include <stdio.h>
#include <string.h>

static size_t put_word(const struct watch_table *table, uint64_t word, char *text,
		       size_t size)
{
	int n = snprintf(text, size, "%s%s%s", word & FL_QUEUED ? "Q" : "-",
			 word & FL_SCANNING ? "S" : "-", word & FL_RESCAN ? "R" : "-");

	for (unsigned m = 0; m < table->modes->count; m++) {
		uint32_t holds = fl_word_holds(table->modes, m, word);

		if (holds)
			n += snprintf(text + n, size - (size_t)n, " %c%u",
				      table->letters[m], holds);
	}
	return (size_t)n;
}

/* Of which lock's scanner a slot has the role. */
static bool put_note(uint64_t value, char *text, size_t size)
{
	static const char *const roles[] = {"kept",  "passing",	    "recalled",
					    "taken", "kept orphan", "taken orphan"};
	static const char *const locks[] = {"lock", "second", "guard"};
	size_t offset;

	for (unsigned i = 0; i <= WATCH_GUARD; i++)
		if ((value & FL_ROLE_MASK) >= FL_KEPT &&
		    watch_is_lock(i, value & ~FL_ROLE_MASK, &offset) && !offset) {
			snprintf(text, size, "%s %s", locks[i],
				 roles[(value & FL_ROLE_MASK) - FL_KEPT]);
			return true;
		}
	return false;
}

static void put_value(uintptr_t at, uint64_t value, char *text, size_t size)
{
	char name[64];

	memory_name(at, name, sizeof(name));
	if (watch_is_word(at))
		put_word(watched_table(at), value, text, size);
	else if (strstr(name, ".line"))
		snprintf(text, size, "ticket %u newest %u", (uint32_t)(value >> 32),
			 (uint32_t)value);
	else if (!strstr(name, ".note") || !put_note(value, text, size))
		snprintf(text, size, "%llx", (unsigned long long)value);
}

void memory_values(const struct ex_event *event, char *text, size_t size)
{
	char old[64], new[64];

	put_value(event->op.at, event->before, old, sizeof(old));
	put_value(event->op.at, event->after, new, sizeof(new));
	if (event->op.kind == EX_PAUSE || event->op.kind == EX_FREE)
		text[0] = '\0';
	else if (event->wrote)
		snprintf(text, size, "%s -> %s %s", old, new, event->outcome);
	else
		snprintf(text, size, "%s%s %s", old, event->stale ? " (old)" : "",
			 event->outcome);
}

void memory_name(uintptr_t at, char *text, size_t size)
{
	static const char *const in_slot[] = {
		"word", "id",	 "older", "hint", "newer", "below", "ticket", "weight",
		"how",	"since", "call",  "call", "ctx",   "ctx",   "note",   "note"};
	static const char *const in_lock[] = {
		"word",	    "word", "arrivals", "arrivals", "control",
		"departed", "head", "dequeued", "modes",    "modes"};
	static const char *const locks[] = {"lock", "second", "guard"};
	size_t bytes, offset;
	uintptr_t slots = (uintptr_t)pool_memory(&bytes);

	for (unsigned i = 0; i <= WATCH_GUARD; i++)
		if (watch_is_lock(i, at, &offset)) {
			snprintf(text, size, "%s.%s", locks[i], in_lock[offset / 4]);
			return;
		}
	if (at - slots < bytes)
		snprintf(text, size, "slot%zu.%s", (at - slots) / 64 + 1,
			 in_slot[(at - slots) % 64 / 4]);
	else if (memory_named(at))
		snprintf(text, size, "%s", memory_named(at));
	else if (pool_name((const void *)at))
		snprintf(text, size, "%s", pool_name((const void *)at));
	else
		snprintf(text, size, "%s", at ? "other" : "");
}
