/* SPDX-License-Identifier: MIT
 *
 * trace.c - a step in words.
 */
#include "far_inside.h"

#include <stdio.h>
#include <string.h>

static bool is_state(const char *name)
{
	return strstr(name, ".state");
}

static void put_value(const char *name, uint64_t value, char *text, size_t size)
{
	static const char *const whats[8] = {"FREE", "FILLING", "TENTATIVE", "LIVE",
					     "DEAD"};
	int n;

	if (!is_state(name)) {
		snprintf(text, size, "%llx", (unsigned long long)value);
		return;
	}
	n = snprintf(text, size, "%s", whats[fl_what(value)]);
	if (value & FL_USERS)
		n += snprintf(text + n, size - (size_t)n, " users %llu",
			      (unsigned long long)((value & FL_USERS) / FL_USER));
	if (value & FL_FAR_COUNT)
		snprintf(text + n, size - (size_t)n, " far %llu",
			 (unsigned long long)(value / FL_FAR_ONE));
}

void memory_values(const struct ex_event *event, char *text, size_t size)
{
	char name[64], old[64], new[64];

	memory_name(event->op.at, name, sizeof(name));
	put_value(name, event->before, old, sizeof(old));
	put_value(name, event->after, new, sizeof(new));
	if (event->op.kind == EX_PAUSE)
		text[0] = '\0';
	else if (event->wrote)
		snprintf(text, size, "%s -> %s %s", old, new, event->outcome);
	else
		snprintf(text, size, "%s%s %s", old, event->stale ? " (old)" : "",
			 event->outcome);
}

static const char *in_entry(size_t offset)
{
	if (offset < sizeof(uint64_t))
		return "state";
	if (offset < offsetof(struct fl_entry, lock))
		return "word";
	return offset < offsetof(struct fl_entry, size) ? "lock" : "key";
}

void memory_name(uintptr_t at, char *text, size_t size)
{
	const char *region = memory_named(at);
	unsigned which = far_which(at);

	if (at == far_word())
		snprintf(text, size, "table");
	else if (which < far_made())
		snprintf(text, size, "far%u.%s", which,
			 in_entry(at - (uintptr_t)far_entry(which)));
	else if (region && !strcmp(region, "home"))
		snprintf(text, size, "home.%s",
			 in_entry(memory_offset(at) % sizeof(struct fl_home)));
	else
		snprintf(text, size, "%s", region ? region : at ? "other" : "");
}
