/* SPDX-License-Identifier: MIT
 *
 * holders.c - what only the debug build knows, where both builds are asked for it.
 */
#include "observe/debug/debug.h"
#include "observe/debug/records.h"
#include "observe/debug/report.h"

#include <errno.h>
#include <fifolock/inspect.h>
#include <time.h>

#ifdef FL_CHECKED
#define SHOWN 64

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static struct fifolock_holder holder_of(const struct fl_hold *hold, uint32_t count)
{
	uint64_t now = now_ns();

	return (struct fifolock_holder){
		.thread = (int)hold->tid,
		.mode = hold->mode,
		.n = count,
		.age_ns = now > hold->since ? now - hold->since : 0,
		.call = (const char *)(uintptr_t)hold->call,
		.at = (const void *)(uintptr_t)hold->at,
	};
}

void fl_debug_print_holders(const fifolock_t *lock, FILE *out)
{
	const struct fl_cell *cell = NULL;
	struct fl_hold hold;
	uint64_t state;

	for (unsigned n = 0; n < SHOWN && fl_debug_knows(lock); n++) {
		char buffer[700];
		struct fl_text text = {buffer, buffer + sizeof(buffer) - 1};

		cell = fl_hold_next(lock, cell, &hold, &state);
		if (!cell)
			return;
		fl_text_mode(&text, lock, hold.mode);
		*text.at = '\0';
		fprintf(out, "  thread %u holds %u %s, for %.3f s, since ", hold.tid,
			fl_cell_count(state), buffer,
			(double)holder_of(&hold, 1).age_ns / 1e9);
		text.at = buffer;
		fl_text_call(&text, (const char *)(uintptr_t)hold.call,
			     (const void *)(uintptr_t)hold.at);
		*text.at = '\0';
		fprintf(out, "%s\n", buffer);
	}
}

int fifolock_holders(const fifolock_t *lock, struct fifolock_holder holders[],
		     size_t room, size_t *count)
{
	const struct fl_cell *cell = NULL;
	struct fl_hold hold;
	uint64_t state;
	size_t n = 0;

	if (!lock || !count || (room && !holders))
		return EINVAL;
	for (; fl_debug_knows(lock) && (cell = fl_hold_next(lock, cell, &hold, &state));
	     n++)
		if (n < room)
			holders[n] = holder_of(&hold, fl_cell_count(state));
	*count = n;
	return 0;
}
#else
int fifolock_holders(const fifolock_t *lock, struct fifolock_holder holders[],
		     size_t room, size_t *count)
{
	(void)holders;
	return !lock || !count || (room && !holders) ? EINVAL : ENOTSUP;
}

int fifolock_debug_on_report(void (*call)(const struct fifolock_report *report,
					  void *ctx),
			     void *ctx)
{
	(void)call, (void)ctx;
	return ENOTSUP;
}
#endif
